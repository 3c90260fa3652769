"""Reading a finished file at its provider: never more of it in memory than the pieces under way, taken up where it broke."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

import structlog
from werkzeug.http import parse_content_range_header

from ..errors import NotFound, ProviderError, ProviderFailed
from ..upstream import Download

log = structlog.get_logger()

TRIES: Final = 5  # in a row without a byte, after which a file is given up
PAUSE: Final = 0.5  # seconds before the second of them; each further one waits twice as long

Open = Callable[[dict[str, str]], AbstractAsyncContextManager[Download]]
"""Opens the file, with these headers besides its own, where it is at that moment: signed URLs are made anew each time."""


async def read(
    open_file: Open, first: int = 0, end: int | None = None, size: int | None = None
) -> AsyncGenerator[bytes]:
    """The bytes from `first` up to, but not including, `end`, or to where the file ends. `size` is that of the whole, if known.

    When the connection breaks it goes on from there: by a range, or by reading what it has again where there are none. Raises
    NotFound when the provider no longer has the file, or a ProviderError.
    """
    position, failures, etag = first, 0, None
    while end is None or position < end:
        try:
            async with open_file(_headers(position, end, etag)) as download:
                _refuse_failures(download)
                begins, whole = _placed(download)
                size, etag = _same(size, whole), etag or _strong(download.headers.get("ETag"))
                if begins > position:
                    raise ProviderFailed("The provider sent another part of the file than was asked for.")
                skipped = position - begins
                async for piece in download.chunks:
                    fresh = piece[skipped:] if skipped else piece
                    skipped = max(0, skipped - len(piece))
                    if end is not None:
                        fresh = fresh[: end - position]
                    if fresh:
                        position, failures = position + len(fresh), 0
                        yield fresh
                    if position == end:
                        return
                if end is None and size in (None, position):
                    return
                raise ProviderFailed("The provider sent less of the file than it has.")
        except (ProviderError, NotFound) as error:
            failures += 1
            if position == first or failures == TRIES:
                raise
            log.warning("a download broke and is taken up again", at=position, error=error.message)
            await asyncio.sleep(PAUSE * 2 ** (failures - 1))


def _headers(position: int, end: int | None, etag: str | None) -> dict[str, str]:
    if position == 0 and end is None:
        return {}
    wanted = {"Range": f"bytes={position}-{'' if end is None else end - 1}"}
    return wanted | ({"If-Range": etag} if etag is not None else {})


def _placed(download: Download) -> tuple[int, int | None]:
    """Where in the file the answer begins, and how large the file is, if that is said."""
    if download.status == 206:
        told = parse_content_range_header(download.headers.get("Content-Range"))
        if told is None or told.start is None:
            raise ProviderFailed("The provider does not say which part of the file it sends.")
        return told.start, told.length
    length = download.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


def _same(size: int | None, told: int | None) -> int | None:
    if size is not None and told is not None and size != told:
        raise ProviderFailed(f"The provider's file has {told} bytes now; it had {size}.")
    return told if size is None else size


def _strong(etag: str | None) -> str | None:
    return etag if etag is not None and etag.startswith('"') else None


def _refuse_failures(download: Download) -> None:
    if download.headers.get("Content-Encoding", "identity") != "identity":
        raise ProviderFailed("The provider sent the file compressed, which was not asked for.")
    if download.status in (200, 206):
        return
    if download.status in (403, 404, 410):
        raise NotFound("The provider no longer has the file.", code="content_expired")
    raise ProviderFailed(f"The provider answered {download.status} for the file.", upstream_status=download.status)
