# Generated from openapi.yaml by `make generate`. Do not edit.
"""Where connexion meets the handlers of Things.

One `Protocol` per tag says what the handlers offer; a module with these functions fits as well as an object. `bind` turns
handlers into what connexion calls. Handlers get the caller, path parameters, the body as its model, then query and header
parameters; a name that would hide a keyword or builtin of Python ends in `_`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeAlias, TypeVar

from connexion.context import request
from pydantic import BaseModel
from starlette.responses import Response

from . import models as schemas

Caller = TypeVar("Caller", contravariant=True)
Body = TypeVar("Body", bound=BaseModel, covariant=True)
Payload: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Answer(Generic[Body]):
    """What a handler answers: a body, and the status and headers where they are not the usual ones."""

    body: Body
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """What the document says of one operation."""

    method: str
    path: str
    tag: str
    bodies: Mapping[str, str]  # media type -> name of the schema in `components.schemas`
    secured: bool  # whether there is a caller
    roles: tuple[str, ...]  # that the caller must have


class Things(Protocol[Caller]):
    """All the things"""

    async def thing_list(
        self, caller: Caller, owner: str, order: Literal["asc", "desc"] = "asc", limit: int | None = None
    ) -> Answer[schemas.Thing]:
        """List things"""
        ...

    async def thing_make(self, caller: Caller, body: schemas.Thing) -> Answer[schemas.Thing]:
        """Make a "thing"

        From a form or from JSON.
        Say \\\"\"\"so\\\"\"\".
        """
        ...

    async def thing_file(self, caller: Caller, thing_id: str, range_: str | None = None) -> Response:
        """The bytes of a thing"""
        ...

    async def thing_look(self, caller: Caller, thing_id: str) -> Response:
        """The headers of the bytes"""
        ...

    async def thing_drop(self, caller: Caller, thing_id: str, body: schemas.Thing | None = None) -> Response:
        """Drop a thing"""
        ...

    async def thing_events(
        self, caller: Caller, thing_id: str, kind: list[str] | None = None, last_event_id: str | None = None
    ) -> Response:
        """What happens to a thing"""
        ...


class Ping(Protocol):
    """Ping"""

    async def ping(self) -> Answer[schemas.Thing]:
        """Is it there"""
        ...


OPERATIONS: Mapping[str, Route] = {
    "thingList": Route("GET", "/things", "Things", {}, True, ()),
    "thingMake": Route(
        "POST",
        "/things",
        "Things",
        {"application/json": "Thing", "multipart/form-data": "ThingForm"},
        True,
        (),
    ),
    "thingFile": Route("GET", "/things/{thing_id}", "Things", {}, True, ()),
    "thingLook": Route("HEAD", "/things/{thing_id}", "Things", {}, True, ()),
    "thingDrop": Route("DELETE", "/things/{thing_id}", "Things", {"application/json": "Thing"}, True, ()),
    "thingEvents": Route("GET", "/things/{thing_id}/events", "Things", {}, True, ()),
    "ping": Route("GET", "/ping", "Ping", {}, False, ()),
}

ALLOW: Mapping[str, str] = {
    "/things": "GET, POST",
    "/things/{thing_id}": "DELETE, GET, HEAD",
    "/things/{thing_id}/events": "GET",
    "/ping": "GET",
}


def bind(
    *,
    things: Things[Caller],
    ping: Ping,
) -> dict[str, Callable[..., Awaitable[Response]]]:
    """Handlers -> operationId -> the function connexion calls for it.

    connexion passes parameters by the document's names, and from its context `user` (the caller that the security
    layer found) and `payload` (the JSON form of the body that the body validator accepted).
    """

    async def serve_thing_list(
        user: Caller, owner: str, order: Literal["asc", "desc"] = "asc", limit: int | None = None
    ) -> Response:
        return _respond(await things.thing_list(user, owner, order, limit))

    async def serve_thing_make(user: Caller, payload: Payload) -> Response:
        return _respond(await things.thing_make(user, schemas.Thing.model_validate(payload)))

    async def serve_thing_file(user: Caller, thing_id: str) -> Response:
        return await things.thing_file(user, thing_id, request.headers.get("range"))

    async def serve_thing_look(user: Caller, thing_id: str) -> Response:
        return await things.thing_look(user, thing_id)

    async def serve_thing_drop(user: Caller, thing_id: str, payload: Payload | None = None) -> Response:
        return await things.thing_drop(
            user, thing_id, None if payload is None else schemas.Thing.model_validate(payload)
        )

    async def serve_thing_events(user: Caller, thing_id: str, kind: list[str] | None = None) -> Response:
        return await things.thing_events(user, thing_id, kind, request.headers.get("last-event-id"))

    async def serve_ping() -> Response:
        return _respond(await ping.ping())

    return {
        "thingList": serve_thing_list,
        "thingMake": serve_thing_make,
        "thingFile": serve_thing_file,
        "thingLook": serve_thing_look,
        "thingDrop": serve_thing_drop,
        "thingEvents": serve_thing_events,
        "ping": serve_ping,
    }


def _respond(answer: Answer[BaseModel]) -> Response:
    return Response(
        answer.body.model_dump_json(by_alias=True),
        answer.status,
        answer.headers,
        media_type="application/json",
    )
