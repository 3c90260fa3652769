"""Sessions: begun with the admin's password, shown as a cookie or as any other credential, ended by logging out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie

import psycopg
import pytest
from sqlalchemy import make_url
from starlette.datastructures import Headers

from generated.models import SessionLoginRequest
from handlers.access.books import Books
from handlers.access.callers import ADMIN, Callers
from handlers.access.directory import Directory, digest
from handlers.access.sessions import Sessions
from handlers.api.session import Session
from handlers.context import base_url
from handlers.errors import Unauthorized
from handlers.jobs.database import engine_for
from tests.gateway import ALICE, Gateway
from tests.handlers.governance.admin import Admin
from tests.handlers.wire import dsn


class OneAdmin:
    """What checks the password, with one that is known."""

    async def admits(self, username: str, password: str) -> bool:
        return (username, password) == ("admin", "correct horse")


class Room:
    """The operations and the callers of one process."""

    def __init__(self, books: Books, directory: Directory) -> None:
        self.operations = Session(Sessions(books), OneAdmin())
        self.callers = Callers({}, directory, open=False)

    async def log_in(self, password: str = "correct horse") -> tuple[str, str]:
        """The token and the cookie."""
        asked = SessionLoginRequest.model_validate({"username": "admin", "password": password})
        answer = await self.operations.session_login(asked)
        return answer.body.token, answer.headers["Set-Cookie"]


@pytest.fixture
async def room(gateway: Gateway) -> AsyncIterator[Room]:
    engine = engine_for(make_url(dsn(gateway)).set(drivername="postgresql+psycopg"))
    directory = Directory(engine)
    directory.trust(True)
    base_url.set("https://gateway.example")
    yield Room(Books(engine, directory), directory)
    await engine.dispose()


async def test_a_session_is_a_cookie_and_a_credential_until_it_is_ended(room: Room) -> None:
    token, cookie = await room.log_in()
    morsel = SimpleCookie(cookie)["reelgate_session"]
    assert (morsel.value, morsel["httponly"], morsel["samesite"], morsel["path"]) == (token, True, "Strict", "/")
    assert (morsel["secure"], morsel["max-age"]) == (True, str(12 * 3600))
    for headers in (
        {"cookie": f"reelgate_session={token}"},
        {"authorization": f"Bearer {token}"},
        {"x-api-key": token},
    ):
        caller = await room.callers.authenticate(Headers(headers))
        assert (caller.name, caller.admin, caller.session) == (ADMIN, True, digest(token))
    answer = await room.operations.session_logout(caller)
    assert SimpleCookie(answer.headers["Set-Cookie"])["reelgate_session"]["max-age"] == "0"
    with pytest.raises(Unauthorized):
        await room.callers.authenticate(Headers({"authorization": f"Bearer {token}"}))


async def test_logging_out_ends_one_session_only(room: Room) -> None:
    first, second = (await room.log_in())[0], (await room.log_in())[0]
    await room.operations.session_logout(await room.callers.authenticate(Headers({"x-api-key": first})))
    assert (await room.callers.authenticate(Headers({"x-api-key": second}))).admin


async def test_a_wrong_password_begins_nothing(room: Room) -> None:
    with pytest.raises(Unauthorized) as refused:
        await room.log_in("wrong")
    assert refused.value.code == "wrong_password"


async def test_a_session_that_is_over_is_not_known_and_is_forgotten(room: Room, gateway: Gateway) -> None:
    token, _ = await room.log_in()

    def expire() -> None:
        with psycopg.connect(dsn(gateway)) as connection:
            connection.execute("UPDATE sessions SET expires_at = now() WHERE digest = %s", (digest(token),))

    await asyncio.to_thread(expire)
    with pytest.raises(Unauthorized):
        await room.callers.authenticate(Headers({"x-api-key": token}))
    await room.log_in()
    with psycopg.connect(dsn(gateway)) as connection:
        assert connection.execute("SELECT count(*) FROM sessions WHERE expires_at <= now()").fetchone() == (0,)


async def test_a_session_opens_governance_over_http_and_logging_out_closes_it(room: Room, gateway: Gateway) -> None:
    token, _ = await room.log_in()
    cookie = {"Cookie": f"reelgate_session={token}"}
    assert gateway.ask("GET", "/api/governance/teams", None, headers=cookie).status_code == 200
    answer = gateway.ask("POST", "/api/session/logout", None, headers=cookie)
    assert answer.status_code == 200 and answer.headers["Set-Cookie"].startswith("reelgate_session=;")
    assert gateway.ask("GET", "/api/governance/teams", None, headers=cookie).status_code == 401


def test_without_a_password_nobody_can_log_in(admin: Admin, gateway: Gateway) -> None:
    asked = {"username": "admin", "password": "x"}
    answer = gateway.ask("POST", "/api/session/login", None, json=asked)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "auth_not_enabled")
    assert gateway.ask("GET", "/api/session/is-auth-enabled", None).json() == {"is_auth_enabled": False}
    assert gateway.ask("POST", "/api/session/logout", ALICE).status_code == 403
