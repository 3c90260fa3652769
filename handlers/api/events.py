"""Server-sent events: a job as it is, and then as it is after every change (WHATWG HTML, "Server-sent events").

What is told is always the present, so nothing has to be kept for those who come back: the id of an event is a digest of what
it tells, and whoever brings it is told what differs from that, if anything does.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response, StreamingResponse

from generated.models import VideoDeleteResponse, VideoGenerationResponse

from ..context import Trace, trace
from ..jobs.ledger import Job, Ledger
from . import waiting

log = structlog.get_logger()

SILENCE = 15.0  # seconds after which a comment keeps the connection open
COMEBACK = 2000  # milliseconds that an EventSource waits before it takes a broken stream up again

Describe = Callable[[Job], VideoGenerationResponse]


def respond(ledger: Ledger, job: Job, describe: Describe, last_seen: str | None) -> Response:
    """The stream of a job's events, for a client that has seen the event `last_seen`."""
    if job.ended and event(job, describe)[0] == last_seen:
        return Response(status_code=204)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}  # the latter for nginx, which would hold it back
    stream = _stream(ledger, job, describe, last_seen, trace.get())
    return StreamingResponse(stream, headers=headers, media_type="text/event-stream")


def event(job: Job, describe: Describe) -> tuple[str, str, str]:
    """What there is to tell of a job now: id, name, data."""
    if job.deleted_at is not None:
        name = "video.deleted"
        data = VideoDeleteResponse(id=job.id, object="video.deleted", deleted=True).model_dump_json()
    else:
        name = f"video.{job.status}"
        data = describe(job).model_dump_json()
    return hashlib.sha256(data.encode()).hexdigest()[:16], name, data


async def _stream(ledger: Ledger, job: Job, describe: Describe, told: str | None, about: Trace) -> AsyncIterator[str]:
    yield f"retry: {COMEBACK}\n\n"
    try:
        async for seen in ledger.watch(job, SILENCE):
            if not await waiting.still_let_in(about):
                return  # and whoever comes back is told why
            identity, name, data = event(seen or job, describe)
            if seen is None or identity == told:  # what changes without being told is silence as well
                yield ": still there\n\n"
            else:
                told = identity
                yield f"id: {identity}\nevent: {name}\ndata: {data}\n\n"
    except (SQLAlchemyError, OSError) as error:  # the client comes back, with the last id
        log.warning("a stream of events ends early", job=job.id, error=str(error))
