"""What happens to an answer on its way: request ids, refusals, delays, lost connections."""

import asyncio
import json
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.ranges import Unsatisfiable
from sandbox.trouble import Plan

TRANSPORT = "reelgate.transport"  # key in scope["extensions"]: an object with .abort()
RETRY_AFTER = "1"  # seconds, on every 429


class Refusal(Exception):
    """An answer other than the one hoped for, in the words of the provider."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status, body)
        self.status, self.body = status, body
        self.headers = {"retry-after": RETRY_AFTER} if status == 429 else {}


class Dropped(Exception):
    """Raised instead of answering: the connection is to be cut, and nothing was accepted."""


class NotJSON(ValueError):
    """A request body that is not one JSON object in UTF-8."""


class Abortable(Protocol):
    def abort(self) -> None: ...


def provider(
    routes: Sequence[BaseRoute],
    envelope: Callable[[int, str], Refusal],
    refused: Callable[[Request], None],
    rephrase: Callable[[Refusal], Refusal] = lambda refusal: refusal,
) -> Starlette:
    """A provider's application: its routes, every error in its own `envelope`, a request id on every answer.

    `refused` is told of each request that was not accepted. `rephrase` puts every refusal into other words, for a provider
    whose dialect is another's but for the envelope.
    """

    def on_drop(request: Request, error: Exception) -> Response:
        refused(request)
        return Drop()

    def on_refusal(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        refused(request)
        return JSONResponse(rephrase(error).body, error.status, error.headers)

    def on_routing_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        words = f"{error.detail}: {request.method} {request.url.path}"
        return JSONResponse(rephrase(envelope(error.status_code, words)).body, error.status_code, error.headers)

    def on_unsatisfiable(request: Request, error: Exception) -> Response:
        assert isinstance(error, Unsatisfiable)
        return JSONResponse(rephrase(envelope(416, str(error))).body, 416, {"content-range": error.content_range})

    return Starlette(
        routes=routes,
        middleware=[Middleware(RequestId)],
        exception_handlers={
            Dropped: on_drop,
            Refusal: on_refusal,
            HTTPException: on_routing_error,
            Unsatisfiable: on_unsatisfiable,
        },
    )


def read_object(body: bytes) -> dict[str, Any]:
    """Request body -> JSON object. Raises NotJSON."""
    try:
        value = json.loads(body.decode())
        if b"\\u" in body:
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise NotJSON(str(error)) from error
    if not isinstance(value, dict):
        raise NotJSON("not an object")
    return value


async def answer(plan: Plan, body: dict[str, Any], status: int = 200) -> Response:
    """The answer to an accepted create: `body`, unless the plan has trouble for it on its way."""
    await asyncio.sleep(plan.get("hang", 0.0))
    if "drop-after" in plan:
        return Drop()
    if "garbage" in plan:
        return Response('{"id": "', media_type="application/json")  # cut off in the middle
    for bad in (502, 504):
        if str(bad) in plan:
            return HTMLResponse(f"<html><title>{bad}</title><body>error of the upstream server</body></html>", bad)
    return JSONResponse(body, status)


class Drop(Response):
    """No answer at all: the TCP connection is cut."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport_of(scope).abort()
        # A server that has not noticed yet would send a 500 for the missing answer.
        while (await receive())["type"] != "http.disconnect":
            pass


def transport_of(scope: Scope) -> Abortable:
    """The connection of a request. Raises RuntimeError where nobody has exposed it."""
    transport = scope.get("extensions", {}).get(TRANSPORT)
    if transport is None:
        raise RuntimeError("to drop connections, put sandbox.wire.Exposed around the outermost ASGI application")
    found: Abortable = transport
    return found


class Exposed:
    """ASGI wrapper, to be the outermost, that leaves the connection where `transport_of` finds it.

    ASGI has no way to cut a connection. uvicorn's `send` is a method of its request cycle, which knows the
    transport; any middleware in between would hide it. An extension that a server has put there itself is
    left alone.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        expose(scope, send)
        await self.app(scope, receive, send)


def expose(scope: Scope, send: Send) -> None:
    """Put the transport behind `send`, if it has one, into the scope's extensions."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        scope.setdefault("extensions", {}).setdefault(TRANSPORT, transport)


class RequestId:
    """ASGI middleware: `x-request-id` on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = f"req_{secrets.token_hex(16)}"
            await send(message)

        await self.app(scope, receive, send_named)
