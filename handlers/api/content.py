"""The answer to a download: a file, or a part of it, or that it is still the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime
from typing import Final

import structlog
from starlette.responses import RedirectResponse, Response, StreamingResponse
from werkzeug.http import http_date

from ..errors import NotFound, ReelgateError, Unavailable
from ..jobs import states
from ..jobs.files import File, Variant
from ..jobs.ledger import Job
from ..jobs.outputs import Outputs
from ..media.ranges import Conditions, part
from ..media.storage import StorageError

log = structlog.get_logger()

KEPT: Final = "private, no-cache"  # by the caller, who asks each time whether it is still to be had


async def respond(
    outputs: Outputs, job: Job, variant: Variant, asked: Conditions, *, redirect: bool = False, head: bool = False
) -> Response:
    """Raises NotFound, PreconditionFailed, RangeNotSatisfiable, Unavailable or a ProviderError."""
    if job.state != states.COMPLETED:
        raise NotFound(f"The video has no content: its status is {job.status.value}.", code="video_not_completed")
    try:
        return await _respond(outputs, job, variant, asked, redirect=redirect, head=head)
    except StorageError as error:
        log.error("a file cannot be served", job=job.id, variant=variant, error=str(error))
        raise Unavailable("The storage of the gateway cannot be read just now.") from error


async def _respond(
    outputs: Outputs, job: Job, variant: Variant, asked: Conditions, *, redirect: bool, head: bool
) -> Response:
    file = await outputs.file(job, variant)
    if redirect:
        link = await outputs.link(file, "HEAD" if head else "GET")
        if link is not None:
            return RedirectResponse(link, 302, {"Cache-Control": "no-store"})
    modified = job.completed_at or job.updated_at
    answer = part(file.size, file.sha256, modified, asked)
    headers = _validators(file, modified)
    if answer.status == 304:
        return Response(status_code=304, headers=headers)
    headers |= {
        "Accept-Ranges": "bytes",
        "Content-Type": file.media_type,
        "Content-Length": str(answer.end - answer.first),
        "Content-Disposition": f'inline; filename="{_name(file)}"',
        "X-Content-Type-Options": "nosniff",
    }
    if answer.status == 206:
        headers["Content-Range"] = f"bytes {answer.first}-{answer.end - 1}/{file.size}"
    if head:
        return Response(status_code=answer.status, headers=headers)
    pieces = await outputs.read(job, file, answer.first, answer.end)
    return StreamingResponse(_told(pieces, job), answer.status, headers)


def _validators(file: File, modified: datetime) -> dict[str, str]:
    return {"ETag": f'"{file.sha256}"', "Last-Modified": http_date(modified), "Cache-Control": KEPT}


def _name(file: File) -> str:
    extension = file.key.rpartition(".")[2]
    return f"{file.job_id}.{extension}" if file.variant == "video" else f"{file.job_id}-{file.variant}.{extension}"


async def _told(pieces: AsyncIterator[bytes], job: Job) -> AsyncIterator[bytes]:
    """The pieces; that they end too early is logged here, because the answer cannot tell any more."""
    try:
        async with aclosing(pieces):  # type: ignore[type-var]
            async for piece in pieces:
                yield piece
    except (ReelgateError, StorageError) as error:
        log.error("a download was cut short", job=job.id, error=str(error))
        raise
