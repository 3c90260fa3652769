"""The outermost layer: gives every request its id, its line and entry in the logs, the address it came to and its part of the
room for uploads.
"""

from __future__ import annotations

import asyncio
import re
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from ulid import ULID

from ..context import Trace, base_url, forwarded_headers, request_id, trace
from ..errors import OutcomeUnknown
from ..jobs.journal import Journal
from ..media.uploads import Uploads
from . import entries
from .envelope import envelope
from .proxies import Networks, reached_at
from .ratelimits import told

log = structlog.get_logger()

FORWARDED = "x-bf-eh-"
NOT_FORWARDED = frozenset(
    {
        *("authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-goog-api-key", "x-bf-vk"),
        *("host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "te"),
        *("keep-alive", "upgrade", "trailer", "expect", "range", "accept-encoding"),
    }
)
"""Headers that say who we are or how the message is framed: a caller has no say in them."""

PLAIN = frozenset({b"application/json"})

ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def _plain(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """A header with the media type as connexion looks it up: `Application/JSON; charset=x` -> `application/json;charset=x`."""
    if name != b"content-type" or value in PLAIN:
        return name, value
    media_type, separator, parameters = value.partition(b";")
    return name, media_type.strip().lower() + separator + parameters.strip()


def _cut_short(event: str) -> Response:
    lost = OutcomeUnknown("The gateway stopped before this was done. Do not send it again: it may have been done.")
    return Response(envelope(lost, event), lost.status, headers=lost.headers, media_type="application/json")


class Requests:
    """ASGI middleware. A caller's own `x-request-id` is kept if it is one; otherwise the request gets a ULID.

    `trusted` are the proxies that are believed where the caller reaches the gateway, unless `public_url` says it. What a request
    holds of the room for `uploads` is given back when it is over, however it ends. The `journal` is told of it, if there is one.
    """

    def __init__(
        self, app: ASGIApp, public_url: str | None, trusted: Networks, uploads: Uploads, journal: Journal | None
    ) -> None:
        self._app = app
        self._journal = journal
        self._trusted = trusted
        self._uploads = uploads
        self._public_url = public_url.rstrip("/") if public_url is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        # What connexion finds out is in `extensions`, which its layers share.
        plain = [_plain(*header) for header in scope["headers"]]
        scope = {**scope, "headers": plain, "extensions": dict(scope.get("extensions", {}))}
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        identity = given if ACCEPTABLE_ID.fullmatch(given) else str(ULID()).lower()
        request_id.set(identity)
        seen = Trace()
        trace.set(seen)
        base_url.set(self._public_url or reached_at(scope, headers, self._trusted))
        forwarded_headers.set(
            {
                name.removeprefix(FORWARDED): value
                for name, value in headers.items()
                if name.startswith(FORWARDED) and name.removeprefix(FORWARDED) not in {"", *NOT_FORWARDED}
            }
        )
        structlog.contextvars.bind_contextvars(request_id=identity)
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = identity
                for name, value in told(seen.touched).items() if seen.touched else ():
                    headers.append(name, value)
            await send(message)

        try:
            with self._uploads.request():
                await self._app(scope, receive, send_with_id)
        except asyncio.CancelledError:  # the server stops; without an answer an SDK would send a create again
            if status or scope["method"] != "POST":
                raise
            await _cut_short(identity)(scope, receive, send_with_id)
        finally:
            # A successful read changes nothing and there are thousands of them: they are for debugging only.
            tell = log.debug if scope["method"] == "GET" and 200 <= status < 400 else log.info
            milliseconds = round((time.perf_counter() - began) * 1000, 1)
            tell("request", method=scope["method"], path=scope["path"], status=status, milliseconds=milliseconds)
            if self._journal is not None and entries.wanted(scope, status):
                self._journal.note(entries.entry(scope, headers, seen, status, milliseconds, self._journal.content))
            structlog.contextvars.clear_contextvars()
