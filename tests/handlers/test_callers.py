"""Who is calling: every form of credential, and a gateway without keys."""

from __future__ import annotations

import asyncio
import base64
import http.client
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import requests
from pydantic import SecretStr
from sqlalchemy import URL, make_url
from starlette.datastructures import Headers

from handlers.access.callers import Caller, Callers
from handlers.access.directory import Directory
from handlers.errors import Forbidden, Unauthorized
from handlers.jobs.database import engine_for, migrate
from tests.gateway import ALICE, BOB, Gateway, judge, new_database, running


@pytest.fixture(scope="module")
def database() -> URL:
    """Migrated, and empty."""
    url = make_url(new_database()).set(drivername="postgresql+psycopg")

    async def fill() -> None:
        engine = engine_for(url)
        await migrate(engine)
        await engine.dispose()

    thread = threading.Thread(target=lambda: asyncio.run(fill()))
    thread.start()
    thread.join()
    return url


@pytest.fixture
async def directory(database: URL) -> AsyncIterator[Directory]:
    engine = engine_for(database)
    yield Directory(engine)
    await engine.dispose()


@pytest.fixture
def keys(directory: Directory) -> Callers:
    return Callers({"alice": SecretStr(ALICE), "bob": SecretStr(BOB)}, directory, open=False)


@pytest.fixture
def without_keys(directory: Directory) -> Callers:
    return Callers({}, directory, open=True)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


VALID = {
    "bearer": {"authorization": f"Bearer {ALICE}"},
    "bearer in any case": {"authorization": f"bEARER {ALICE}"},
    "basic": {"authorization": basic("alice", ALICE)},
    "x-api-key": {"x-api-key": ALICE},
    "x-bf-vk": {"x-bf-vk": ALICE},
    "the same key three times": {"authorization": f"Bearer {ALICE}", "x-api-key": ALICE, "x-bf-vk": ALICE},
    "the same caller in two forms": {"authorization": basic("alice", ALICE), "x-bf-vk": ALICE},
}
UNKNOWN = "The key is not known here: it does not exist, or has been revoked."
CODES = {UNKNOWN: "virtual_key_not_found", "virtual key is required.": "virtual_key_required"}
CONTRADICT = "credentials of different callers"
REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "nothing": ({}, "virtual key is required."),
    "an empty header": ({"authorization": ""}, "must be Bearer or Basic"),
    "another scheme": ({"authorization": f"Digest {ALICE}"}, "must be Bearer or Basic"),
    "a bare key": ({"authorization": ALICE}, "must be Bearer or Basic"),
    "an unknown bearer": ({"authorization": "Bearer nobody-knows"}, UNKNOWN),
    "an empty bearer": ({"authorization": "Bearer "}, UNKNOWN),
    "a bearer with more": ({"authorization": f"Bearer {ALICE} x"}, UNKNOWN),
    "a bearer beyond ASCII": ({"authorization": "Bearer é"}, UNKNOWN),
    "an unknown password": ({"authorization": basic("alice", "nobody-knows")}, UNKNOWN),
    "the key of another": ({"authorization": basic("alice", BOB)}, UNKNOWN),
    "an unknown user": ({"authorization": basic("carol", ALICE)}, UNKNOWN),
    "no user": ({"authorization": basic("", ALICE)}, UNKNOWN),
    "basic without a colon": ({"authorization": "Basic " + base64.b64encode(b"alice").decode()}, "base64 of"),
    "basic that is not base64": ({"authorization": "Basic ***"}, "base64 of"),
    "basic that is not UTF-8": ({"authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()}, "base64 of"),
    "basic that is empty": ({"authorization": "Basic "}, "base64 of"),
    "an unknown x-api-key": ({"x-api-key": "nobody-knows"}, UNKNOWN),
    "an empty x-api-key": ({"x-api-key": ""}, UNKNOWN),
    "an unknown x-bf-vk": ({"x-bf-vk": "sk-bf-nobody"}, UNKNOWN),
    "two callers": ({"authorization": f"Bearer {ALICE}", "x-api-key": BOB}, CONTRADICT),
    "two callers by header": ({"x-bf-vk": ALICE, "x-api-key": BOB}, CONTRADICT),
    "a known and an unknown": ({"authorization": f"Bearer {ALICE}", "x-bf-vk": "nobody-knows"}, UNKNOWN),
    "an unknown and a known": ({"authorization": "Bearer nobody-knows", "x-bf-vk": ALICE}, UNKNOWN),
    "a malformed and a known": ({"authorization": "Basic ***", "x-bf-vk": ALICE}, "base64 of"),
}


@pytest.mark.parametrize("headers", VALID.values(), ids=VALID)
async def test_every_form_of_a_known_credential_is_its_caller(keys: Callers, headers: dict[str, str]) -> None:
    assert await keys.authenticate(Headers(headers)) == Caller("alice")


@pytest.mark.parametrize(("headers", "words"), REFUSED.values(), ids=REFUSED)
async def test_everything_else_is_refused_with_the_reason_and_without_the_key(
    keys: Callers, headers: dict[str, str], words: str
) -> None:
    with pytest.raises(Unauthorized) as raised:
        await keys.authenticate(Headers(headers))
    error = raised.value
    assert words in error.message
    assert "Bearer" in error.headers["WWW-Authenticate"] and "Basic" in error.headers["WWW-Authenticate"]
    assert ALICE not in error.message and BOB not in error.message and "nobody-knows" not in error.message


@pytest.mark.parametrize("headers", VALID.values(), ids=VALID)
def test_every_form_opens_the_gateway(gateway: Gateway, headers: dict[str, str]) -> None:
    assert gateway.ask("GET", "/v1/models", None, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("headers", "words"), [each for each in REFUSED.values() if all(v.isascii() for v in each[0].values())]
)
def test_everything_else_is_a_401(gateway: Gateway, headers: dict[str, str], words: str) -> None:
    answer = gateway.ask("GET", "/v1/videos", None, headers=headers)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (401, CODES.get(words, "unauthorized")), error
    assert answer.json()["error"]["type"] == "authentication_error"
    assert answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/videos"),
        ("GET", "/v1/videos"),
        ("GET", "/v1/videos/x"),
        ("DELETE", "/v1/videos/x"),
        ("GET", "/v1/videos/x/content"),
        ("POST", "/v1/videos/x/remix"),
        ("GET", "/v1/models"),
    ],
)
def test_every_operation_but_health_needs_a_key(gateway: Gateway, method: str, path: str) -> None:
    before = creates(gateway)
    assert gateway.ask(method, path, None, json={"model": "runway/gen4.5", "prompt": "x"}).status_code == 401
    assert creates(gateway) == before


def creates(gateway: Gateway) -> int:
    return sum(int(counts["creates_accepted"]) for counts in gateway.stats().values())


def raw(url: str, headers: list[tuple[str, bytes]], method: str = "GET", path: str = "/v1/videos") -> tuple[int, bytes]:
    """A request with exactly these headers."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def test_basic_credentials_beyond_ascii_are_a_401(session_gateway: Gateway) -> None:
    assert raw(session_gateway.url, [("Host", b"x"), ("Authorization", b"Basic \xe9\xe9")])[0] == 401


@pytest.mark.parametrize("name", ["Authorization", "x-api-key"])
def test_the_same_header_twice_with_different_callers_is_a_401(session_gateway: Gateway, name: str) -> None:
    prefix = b"Bearer " if name == "Authorization" else b""
    headers = [("Host", b"x"), (name, prefix + ALICE.encode()), (name, prefix + BOB.encode())]
    assert raw(session_gateway.url, headers)[0] == 401


# ---- without keys ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "127.0.0.1:8080"},
        {"host": "localhost"},
        {"host": "[::1]:8080"},
        {"host": "LOCALHOST:1"},
        {"host": "localhost", "origin": "http://localhost:3000"},
        {"host": "127.0.0.1", "origin": "http://[::1]:3000"},
        {"host": "localhost", "authorization": "Bearer anything"},
    ],
)
async def test_without_keys_this_machine_needs_none(without_keys: Callers, headers: dict[str, str]) -> None:
    assert await without_keys.authenticate(Headers(headers)) == Caller("local", admin=True)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": ""},
        {"host": "evil.test"},
        {"host": "localhost.evil.test"},
        {"host": "127.0.0.1.evil.test"},
        {"host": "localhost@evil.test"},
        {"host": "localhost", "origin": "https://evil.test"},
        {"host": "localhost", "origin": "null"},
        {"host": "localhost", "origin": ""},
        {"host": "localhost", "origin": "http://localhost.evil.test"},
        {"host": "localhost", "origin": "http://evil.test/localhost"},
    ],
)
async def test_without_keys_a_web_page_is_refused(without_keys: Callers, headers: dict[str, str]) -> None:
    with pytest.raises(Forbidden) as raised:
        await without_keys.authenticate(Headers(headers))
    assert raised.value.code == "local_only"


@pytest.mark.parametrize("headers", [{"host": "[bad"}, {"host": "localhost", "origin": "http://[bad"}])
async def test_a_host_that_is_none_is_refused_too(without_keys: Callers, headers: dict[str, str]) -> None:
    with pytest.raises(Forbidden):
        await without_keys.authenticate(Headers(headers))


@pytest.fixture(scope="module")
def open_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("open"), api_keys="") as gateway:
        yield gateway
        refused = [each for each in gateway.exchanges if each.status >= 400]  # the document demands keys of the rest
        judge(gateway, [each for each in refused if "evil" not in each.url])


def test_an_open_gateway_serves_this_machine(open_gateway: Gateway) -> None:
    created: dict[str, Any] = requests.post(
        f"{open_gateway.url}/v1/videos", json={"model": "runway/gen4.5", "prompt": "x [sandbox:no-render]"}, timeout=10
    ).json()
    assert open_gateway.ask("GET", f"/v1/videos/{created['id']}", None).json()["id"] == created["id"]


@pytest.mark.parametrize("headers", [{"Host": "evil.test"}, {"Origin": "https://evil.test"}])
@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/videos"), ("GET", "/v1/videos"), ("GET", "/v1/models")])
def test_an_open_gateway_refuses_web_pages(
    open_gateway: Gateway, headers: dict[str, str], method: str, path: str
) -> None:
    before = creates(open_gateway)
    answer = open_gateway.ask(method, path, None, headers=headers, json={"model": "runway/gen4.5", "prompt": "x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "local_only")
    assert creates(open_gateway) == before
