"""Heads of requests are bounded, in bytes and in time: they are kept in memory before it is known who is calling.

uvicorn's own protocol keeps all that comes until a head is complete. A body is no concern of this module, but for what
surrounds its pieces where it comes in chunks: extensions and trailers are heads too.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

MOST: Final = 64 * 1024  # bytes of a request line and its headers; what uvicorn allows with its other parser, h11
PATIENCE: Final = 10.0  # seconds for a head that has begun

TOO_LONG: Final = 431
TOO_SLOW: Final = 408
WORDS: Final = {
    TOO_LONG: f"The head of a request may have {MOST} bytes.",
    TOO_SLOW: f"The head of a request has to be complete within {PATIENCE:g} seconds.",
}


class BoundedHeads(HttpToolsProtocol):
    """A connection. What is done for each read is a sum; only where that leaves something incomplete is there more to it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pending = 0  # bytes since a head, a piece of a body or a message was complete
        self._in_head = True
        self._late: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        self._pending += len(data)
        super().data_received(data)
        if self._pending == 0 or self.transport.is_closing():
            return
        if self._pending > MOST:
            self._refuse(TOO_LONG)
        elif self._in_head and self._late is None:
            self._late = self.loop.call_later(PATIENCE, self._give_up)

    def on_headers_complete(self) -> None:
        if self._pending > MOST and self._length() > MOST:  # came in one piece
            raise ValueError(WORDS[TOO_LONG])  # which the parser takes for its own; see send_400_response
        self._pending, self._in_head = 0, False
        self._hurry_no_more()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._pending = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._pending, self._in_head = 0, True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        if self._pending > MOST:
            self._refuse(TOO_LONG)
        else:
            super().send_400_response(msg)

    def connection_lost(self, exc: Exception | None) -> None:
        self._hurry_no_more()
        super().connection_lost(exc)

    def _length(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + len(": \r\n") for name, value in self.headers)

    def _hurry_no_more(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._late = None
        if self._answering:  # nothing is read meanwhile
            self._late = self.loop.call_later(PATIENCE, self._give_up)
        elif not self.transport.is_closing():
            self._refuse(TOO_SLOW)

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, status: int) -> None:
        """Close the connection; with an answer, unless the request has one, or will."""
        if self._in_head and not self._answering:
            words = WORDS[status].encode()
            head = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
            self.transport.write(STATUS_LINE[status] + head % len(words) + words)
        self.transport.close()
