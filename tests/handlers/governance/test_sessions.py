"""Sessions: begun with the admin's password, shown as a cookie or as any other credential, ended by logging out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from starlette.datastructures import Headers

from generated.models import SessionLoginRequest
from handlers.access.books import Books
from handlers.access.callers import ADMIN, Callers, digest_of_session
from handlers.access.directory import Directory
from handlers.access.sessions import Sessions
from handlers.api.session import Session
from handlers.context import base_url
from handlers.errors import Unauthorized
from handlers.jobs.database import engine_for
from tests.gateway import ALICE, Gateway, judge, new_database, running
from tests.handlers.governance.admin import Admin, unique
from tests.handlers.wire import dsn


class OneAdmin:
    """What checks the password, with one that is known."""

    username = "admin"
    mark = "of this password"

    async def admits(self, username: str, password: str) -> bool:
        return (username, password) == ("admin", "correct horse")


class Room:
    """The operations and the callers of one process."""

    def __init__(self, books: Books, directory: Directory) -> None:
        self.admin = OneAdmin()
        self.operations = Session(Sessions(books), self.admin)
        self.callers = Callers({}, directory, admin=self.admin, open=False)

    def digest(self, token: str) -> bytes:
        return digest_of_session(token, self.admin)

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
        assert (caller.name, caller.admin, caller.session) == (ADMIN, True, room.digest(token))
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
            connection.execute("UPDATE sessions SET expires_at = now() WHERE digest = %s", (room.digest(token),))

    await asyncio.to_thread(expire)
    with pytest.raises(Unauthorized):
        await room.callers.authenticate(Headers({"x-api-key": token}))
    await room.log_in()
    with psycopg.connect(dsn(gateway)) as connection:
        assert connection.execute("SELECT count(*) FROM sessions WHERE expires_at <= now()").fetchone() == (0,)


PASSWORD, ANOTHER = "correct horse battery", "another good password"
AS_ADMIN = ("admin", PASSWORD)
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("guarded"), admin_password=PASSWORD) as gateway:
        yield gateway
        judge(gateway, gateway.exchanges)


def logged_in(gateway: Gateway) -> str:
    """The token of a new session."""
    answer = gateway.ask("POST", "/api/session/login", None, json={"username": "admin", "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


def cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"reelgate_session={token}"}


def test_a_session_opens_governance_over_http_and_logging_out_closes_it(guarded: Gateway) -> None:
    shown = cookie(logged_in(guarded))
    assert guarded.ask("GET", "/api/governance/teams", None, headers=shown).status_code == 200
    answer = guarded.ask("POST", "/api/session/logout", None, headers=shown | OWN_PAGE)
    assert answer.status_code == 200 and answer.headers["Set-Cookie"].startswith("reelgate_session=;")
    assert guarded.ask("GET", "/api/governance/teams", None, headers=shown).status_code == 401


def test_logging_out_with_the_password_beside_the_cookie_ends_the_session(guarded: Gateway) -> None:
    token = logged_in(guarded)
    answer = guarded.ask("POST", "/api/session/logout", None, headers=cookie(token) | OWN_PAGE, auth=AS_ADMIN)
    assert answer.status_code == 200
    assert guarded.ask("GET", "/api/governance/teams", token).status_code == 401
    assert guarded.ask("GET", "/api/governance/teams", None, auth=AS_ADMIN).status_code == 200


@pytest.mark.parametrize(
    ("headers", "lets"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "OWN"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Origin": "OWN"}, True),
        ({"Sec-Fetch-Site": "same-site", "Origin": "OWN"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "https://elsewhere.test"}, False),
        ({"Origin": "http://127.0.0.1:1"}, False),
        ({"Origin": "null"}, False),
        ({}, False),
    ],
)
def test_a_cookie_changes_things_for_the_gateways_own_pages_only(
    guarded: Gateway, headers: dict[str, str], lets: bool
) -> None:
    token = logged_in(guarded)
    sent = {name: guarded.url if value == "OWN" else value for name, value in headers.items()}
    for path, body in (("/api/governance/teams", {"name": unique("team")}), ("/api/session/logout", None)):
        answer = guarded.ask("POST", path, None, headers=cookie(token) | sent, json=body)
        if lets:
            assert answer.status_code == 200, answer.text
        else:
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "other_site")
    assert guarded.ask("GET", "/api/governance/teams", token).status_code == (401 if lets else 200)


@pytest.mark.parametrize(
    ("headers", "lets"),
    [
        ({}, True),  # no browser
        ({"Sec-Fetch-Site": "same-origin", "Origin": "OWN"}, True),
        ({"Origin": "OWN"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.test"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "https://elsewhere.test"}, False),
    ],
)
def test_basic_changes_nothing_for_pages_of_other_sites(guarded: Gateway, headers: dict[str, str], lets: bool) -> None:
    sent = {name: guarded.url if value == "OWN" else value for name, value in headers.items()}
    asked = {"auth": AS_ADMIN, "headers": sent}
    answer = guarded.ask("POST", "/api/governance/teams", None, json={"name": unique("team")}, **asked)
    assert (answer.status_code, answer.json().get("error", {}).get("code")) == (
        (200, None) if lets else (403, "other_site")
    )
    assert guarded.ask("GET", "/api/governance/teams", None, **asked).status_code == 200


def test_elsewhere_a_cookie_can_read_and_a_token_can_change(guarded: Gateway) -> None:
    token, elsewhere = logged_in(guarded), {"Sec-Fetch-Site": "same-site", "Origin": "https://elsewhere.test"}
    assert guarded.ask("GET", "/api/governance/teams", None, headers=cookie(token) | elsewhere).status_code == 200
    made = guarded.ask("POST", "/api/governance/teams", token, headers=elsewhere, json={"name": unique("team")})
    assert made.status_code == 200, made.text


def test_a_session_ends_with_the_password(tmp_path: Path) -> None:
    database = new_database()
    with running(tmp_path, database, admin_password=PASSWORD) as gateway:
        token = logged_in(gateway)
        assert gateway.ask("GET", "/api/governance/teams", token).status_code == 200
    for after in ({"admin_password": ANOTHER}, {}, {"admin_password": PASSWORD, "admin_username": "ada"}):
        with running(tmp_path, database, **after) as gateway:
            assert gateway.ask("GET", "/api/governance/teams", token).status_code == 401
    with running(tmp_path, database, admin_password=PASSWORD) as gateway:
        assert gateway.ask("GET", "/api/governance/teams", token).status_code == 200


def test_without_a_password_nobody_can_log_in(admin: Admin, gateway: Gateway) -> None:
    asked = {"username": "admin", "password": "x"}
    answer = gateway.ask("POST", "/api/session/login", None, json=asked)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "auth_not_enabled")
    assert gateway.ask("GET", "/api/session/is-auth-enabled", None).json() == {"is_auth_enabled": False}
    assert gateway.ask("POST", "/api/session/logout", ALICE).status_code == 403
