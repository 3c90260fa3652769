"""What can go wrong while a command runs -> one message and the exit code.

| code | meaning |
|---|---|
| 1 | refused, failed, or out of reach |
| 2 | wrong use, or settings that cannot be used |
| 130 | interrupted |
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from pydantic import MISSING

from generated.client import ApiError, ClientError, ConnectionFailed, VideoFailed, VideoTimeout
from generated.models import BifrostError, BifrostErrorExtraFields, VideoError

from .output import Output

FAILED = 1
MISUSED = 2
INTERRUPTED = 130

PERHAPS = "What was asked may have been done all the same: see `reelgate list`."


@contextmanager
def told(output: Output) -> Iterator[None]:
    """Tell what the client raises, and end the command."""
    try:
        yield
    except ClientError as error:
        tell(error, output)
        raise typer.Exit(FAILED) from None
    except ValueError as error:  # the client's word for what cannot be sent
        output.failure(f"{error}.", code="wrong_use")
        raise typer.Exit(MISUSED) from None
    except KeyboardInterrupt:
        output.failure("Interrupted.", code="interrupted", about=PERHAPS)
        raise typer.Exit(INTERRUPTED) from None


def tell(error: ClientError, output: Output) -> None:
    match error:
        case ApiError(error=None):
            output.failure(f"{output.url} answered {error}, not as a gateway does.", code="not_a_gateway")
        case ApiError(error=answer) if answer is not None:
            output.refusal(answer, _about(answer))
        case VideoFailed(job=job) if output.as_json:
            output.job(job)
        case VideoFailed(job=job):
            failure = job.error if job.error is not MISSING else VideoError(code="failed", message="No reason given.")
            output.failure(failure.message, code=failure.code, about=f"code {failure.code}, job {job.id}")
        case VideoTimeout(job=job):
            message = f"The job is still {job.status}; it goes on."
            output.failure(message, code="timeout", about=resume(job.id), video_id=job.id)
        case ConnectionFailed(unsent=True):
            output.failure(f"There is no gateway at {output.url}. Start one with `make run`.", code="no_gateway")
        case _:
            output.failure(f"The answer of {output.url} was lost: {error}", code="answer_lost", about=PERHAPS)


def resume(video_id: str) -> str:
    return f"`reelgate get {video_id}` tells how far it is, `reelgate download {video_id}` fetches it."


def _about(answer: BifrostError) -> str:
    """What a person needs to look further, or to ask for help."""
    about = [f"code {answer.error.code}", f"event {answer.event_id}"]
    facts = answer.extra_fields if answer.extra_fields is not MISSING else BifrostErrorExtraFields()
    if facts.video_id is not MISSING:
        about.append(f"job {facts.video_id}")
    if facts.attempts is not MISSING and len(facts.attempts) > 1:
        tried = (f"{attempt.provider}/{attempt.model} ({attempt.outcome})" for attempt in facts.attempts)
        about.append(f"tried {', '.join(tried)}")
    return ", ".join(about)
