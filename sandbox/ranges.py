"""Files over HTTP with `Range: bytes=` (RFC 9110, section 14)."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

CHUNK = 256 * 1024  # bytes read at a time
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class Unsatisfiable(ValueError):
    """No byte of the file lies in the range; the answer is 416 with this `content_range`."""

    def __init__(self, size: int) -> None:
        super().__init__(f"The range lies outside of the {size} bytes of the file.")
        self.content_range = f"bytes */{size}"


def span(header: str | None, size: int) -> tuple[int, int] | None:
    """'bytes=0-99' of 1000 bytes -> (0, 100), first byte and one past the last; None for the whole.

    What is not one well-formed range of bytes is ignored, as section 14.2 allows. Raises Unsatisfiable.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        first, end = max(0, size - int(match[2])), size
    else:
        first, end = int(match[1]), min(size, int(match[2]) + 1) if match[2] else size
        if match[2] and int(match[2]) < first:
            return None
    if first >= end:
        raise Unsatisfiable(size)
    return first, end


def serve(request: Request, path: Path, media_type: str) -> Response:
    """The file or the range of it that was asked for. Raises Unsatisfiable."""
    size = path.stat().st_size
    asked = span(request.headers.get("range"), size)
    first, end = asked or (0, size)
    headers = {"accept-ranges": "bytes", "content-length": str(end - first)}
    if asked:
        headers["content-range"] = f"bytes {first}-{end - 1}/{size}"
    status = 206 if asked else 200
    if request.method == "HEAD":
        return Response(status_code=status, media_type=media_type, headers=headers)
    return StreamingResponse(_chunks(path, first, end), status, headers, media_type)


async def _chunks(path: Path, first: int, end: int) -> AsyncIterator[bytes]:
    while first < end:
        # One way to a thread per chunk; to keep the file open would cost three more.
        chunk = await asyncio.to_thread(_read, path, first, min(CHUNK, end - first))
        first += len(chunk)
        yield chunk


def _read(path: Path, first: int, count: int) -> bytes:
    with path.open("rb") as file:
        file.seek(first)
        return file.read(count)
