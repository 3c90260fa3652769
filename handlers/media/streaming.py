"""Handing a finished file on while it arrives: never more of it in memory than the pieces under way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import structlog
from starlette.responses import Response, StreamingResponse
from werkzeug.http import parse_range_header

from ..configuration import Proxy
from ..errors import NotFound, ProviderFailed, RangeNotSatisfiable, ReelgateError
from ..upstream import DIRECTED, Download, Upstream

log = structlog.get_logger()

PASSED_ON = ("Content-Length", "Content-Encoding", "Content-Range", "Accept-Ranges", "ETag", "Last-Modified")
MEDIA_TYPES = {"video": "video/mp4", "thumbnail": "image/webp", "spritesheet": "image/jpeg"}
EXTENSIONS = {"video/mp4": "mp4", "image/webp": "webp", "image/jpeg": "jpg"}


async def stream(
    http: Upstream,
    url: str,
    headers: dict[str, str],
    *,
    variant: str,
    byte_range: str | None,
    name: str,
    proxy: Proxy = DIRECTED,
) -> Response:
    """The file at a URL of a provider, as the answer to a download. `name` is the file's name without extension.

    Raises NotFound when the provider no longer has it, RangeNotSatisfiable, or a ProviderError.
    """
    if byte_range is not None:
        headers = {**headers, "Range": byte_range}
    stack = AsyncExitStack()
    download = await stack.enter_async_context(http.download(url, headers=headers, proxy=proxy))
    try:
        _refuse_failures(download)
    except ReelgateError:
        await stack.aclose()
        raise
    media_type = download.headers.get("Content-Type", "").partition(";")[0]
    if media_type not in EXTENSIONS:
        media_type = MEDIA_TYPES[variant]
    passed_on = {header: download.headers[header] for header in PASSED_ON if header in download.headers}
    return StreamingResponse(
        _pieces(stack, download),
        status_code=download.status,
        media_type=media_type,
        headers={**passed_on, "Content-Disposition": _disposition(name, media_type)},
    )


def whole(content: bytes, media_type: str, *, byte_range: str | None, name: str) -> Response:
    """The same for a file that is already here. Several ranges at once are answered with the whole file (RFC 9110 §14.2)."""
    headers = {"Accept-Ranges": "bytes", "Content-Disposition": _disposition(name, media_type)}
    asked = parse_range_header(byte_range)
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return Response(content, media_type=media_type, headers=headers)
    span = asked.range_for_length(len(content))
    if span is None:
        refused = RangeNotSatisfiable("The range lies outside the file.", param="Range")
        refused.headers["Content-Range"] = f"bytes */{len(content)}"
        raise refused
    headers["Content-Range"] = f"bytes {span[0]}-{span[1] - 1}/{len(content)}"
    return Response(content[span[0] : span[1]], status_code=206, media_type=media_type, headers=headers)


def _disposition(name: str, media_type: str) -> str:
    return f'inline; filename="{name}.{EXTENSIONS[media_type]}"'


async def _pieces(stack: AsyncExitStack, download: Download) -> AsyncIterator[bytes]:
    async with stack:
        async for piece in download.chunks:
            yield piece


def _refuse_failures(download: Download) -> None:
    if download.status in (200, 206):
        return
    if download.status == 416:
        refused = RangeNotSatisfiable("The range lies outside the file.", param="Range")
        if "Content-Range" in download.headers:
            refused.headers["Content-Range"] = download.headers["Content-Range"]
        raise refused
    if download.status in (403, 404, 410):
        raise NotFound("The provider no longer has the file.", code="content_expired")
    raise ProviderFailed(f"The provider answered {download.status} for the file.", upstream_status=download.status)
