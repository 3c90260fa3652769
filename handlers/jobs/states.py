"""A job's life, as tables.

    submitting -> queued -> in_progress -> storing -> completed | failed
         └-----> unknown -> queued | in_progress | storing | failed

`submitting` is committed before the provider is called. `unknown` is a create whose outcome was not learned, or not yet. In
`storing` the provider is done, and its file is fetched, examined and kept; a file that is no video fails the job.
`completed` and `failed` are written once, with one exception: a job that was given up at its deadline is completed when the
provider finishes it after all. A job with `failover: job` goes back to `submitting` when it fails. On the wire only the four
words of the contract appear.
"""

from __future__ import annotations

from typing import Final

from generated.models import VideoStatus

SUBMITTING: Final = "submitting"
QUEUED: Final = "queued"
IN_PROGRESS: Final = "in_progress"
STORING: Final = "storing"
COMPLETED: Final = "completed"
FAILED: Final = "failed"
UNKNOWN: Final = "unknown"

TERMINAL: Final = frozenset({COMPLETED, FAILED})
TRACKED: Final = frozenset({QUEUED, IN_PROGRESS, STORING})
"""The provider has the job, and it is not over, or its file has yet to be fetched."""

UNFINISHED: Final = TRACKED | {SUBMITTING}
"""Somebody works on it: it is being placed, or followed."""

NEXT: Final = {
    SUBMITTING: frozenset({QUEUED, IN_PROGRESS, STORING, FAILED, UNKNOWN}),
    QUEUED: frozenset({QUEUED, IN_PROGRESS, STORING, FAILED, SUBMITTING}),
    IN_PROGRESS: frozenset({QUEUED, IN_PROGRESS, STORING, FAILED, SUBMITTING}),
    STORING: frozenset({STORING, COMPLETED, FAILED, SUBMITTING}),
    UNKNOWN: frozenset({QUEUED, IN_PROGRESS, STORING, FAILED}),
    COMPLETED: frozenset[str](),
    FAILED: frozenset[str](),
}
"""Which states may follow which. A provider may take a running job back into its queue."""

TIMED_OUT: Final = "timeout"
"""The code of the error with which a job is given up at its deadline."""

CANCELLED: Final = "cancelled"
"""The code of the error of a job that was deleted before it ended, or cancelled at its provider."""

INVALID_OUTPUT: Final = "invalid_output"
"""The code of the error of a job whose provider gave something that is no video."""

OURS: Final = frozenset({TIMED_OUT, INVALID_OUTPUT})
"""Codes of errors that only we give."""

BEFORE: Final = {after: frozenset(b for b, nexts in NEXT.items() if after in nexts) for after in NEXT}
"""The states from which a state can be reached: what an update demands of the row it changes."""

WIRE: Final = {
    SUBMITTING: VideoStatus.queued,
    QUEUED: VideoStatus.queued,
    IN_PROGRESS: VideoStatus.in_progress,
    STORING: VideoStatus.in_progress,
    COMPLETED: VideoStatus.completed,
    FAILED: VideoStatus.failed,
    UNKNOWN: VideoStatus.failed,
}
"""Our word -> the contract's, but for an unknown job whose provider is still being asked: that one is queued to callers."""
