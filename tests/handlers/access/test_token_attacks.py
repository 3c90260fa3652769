"""Everything that people have tried to pass off as a token, sent to gateways that serve: as processes, through their own sockets.

Whatever a gateway trusts, a secret, a public key or a published set, each attack is a 401, and nothing of it is told or logged.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from handlers.settings import Settings, load
from tests.gateway import Gateway, judge, new_database
from tests.handlers.access.forging import ATTACKS, AUDIENCE, ISSUER, KIND_OF, Issuer
from tests.handlers.wire import SERVE, origin, process, reply
from tests.judge import Exchange

TRIMMED = frozenset({"a space before", "a space after"})
"""What HTTP takes off before anybody reads it (RFC 9110 §5.5, §11.4): these are good tokens."""

NO_HEADER = {"a zero": 400, "a line end": 400, "a megabyte": 431}
"""What no header can hold (RFC 9110 §5.5), or ours may not (edge/heads.py): it is refused with this before there is a request."""

READY = re.compile(r"http://\S+")
TOLD = 16  # characters: a shorter part of a token gives nothing away, and may be elsewhere by chance


@dataclass
class Target:
    """A gateway as a process, which trusts an issuer, and what was sent to it."""

    url: str
    issuer: Issuer
    log: Path
    settings: Settings
    sent: list[str] = field(default_factory=list)

    def ask(self, *headers: tuple[str, str], path: str = "/v1/videos") -> Exchange:
        """A GET with exactly these headers, byte for byte."""
        parts = urlsplit(self.url)
        lines = [f"GET {path} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers]
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20) as connection:
            with contextlib.suppress(ConnectionError):  # it may have said no before it has heard everything
                connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            answer = HTTPResponse(connection, method="GET")
            answer.begin()
            body = answer.read()
        return Exchange(
            "GET",
            self.url + path,
            {name.lower(): value for name, value in headers},
            status=answer.status,
            response_headers={name.lower(): value for name, value in answer.getheaders()},
            response_body=body,
        )


@pytest.fixture(scope="module", params=KIND_OF)
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    issuer, folder = Issuer(request.param), tmp_path_factory.mktemp(request.param)
    with contextlib.ExitStack() as stack:
        if issuer.kind == "published":
            there = stack.enter_context(origin(lambda _: [reply(200, json.dumps(issuer.key_set).encode())]))
            trusted = {"REELGATE_JWT_JWKS_URL": there.url}
        elif issuer.kind == "secret":
            trusted = {"REELGATE_JWT_SECRET": issuer.secret}
        else:
            trusted = {"REELGATE_JWT_PUBLIC_KEY": issuer.public}
        log = folder / "gateway.log"
        settings = {
            "DATABASE_URL": new_database(),
            "PORT": "0",
            "REELGATE_DATA_DIR": str(folder),
            "REELGATE_LOG_LEVEL": "debug",
            "REELGATE_JWT_ISSUER": ISSUER,
            "REELGATE_JWT_AUDIENCE": AUDIENCE,
            **trusted,
        }
        _, ready = stack.enter_context(process(SERVE, "ready on", log, **settings))
        found = READY.search(ready)
        assert found is not None
        target = Target(found[0].rstrip("/"), issuer, log, load(data_dir=folder))
        for name in ("studio", "other"):  # whom the tokens speak for
            made = as_admin(target, "POST", "/api/governance/virtual-keys", {"name": name, "allow_all_providers": True})
            assert made.status_code == 200, made.text
        yield target
    _nothing_is_told(target)


def as_admin(target: Target, method: str, path: str, body: Any = None) -> requests.Response:
    token = target.issuer.token(role="admin", virtual_key=...)
    return requests.request(
        method, target.url + path, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30
    )


def _nothing_is_told(target: Target) -> None:
    """Of no token that was sent is anything in the log."""
    log = target.log.read_text()
    assert log.count('"status":401') >= len(target.sent)
    told = {part for token in target.sent for part in parts(token) if part in log}
    assert not told


def parts(token: str) -> list[str]:
    """What is not to be seen of a token: its claims and its signature."""
    return [part for part in re.split(r"[.\s\0]+", token)[1:] if len(part) >= TOLD]


HEADERS = {"Authorization": "Bearer ", "x-api-key": "", "x-bf-vk": "", "x-goog-api-key": "", "api-key": ""}


def test_what_the_attacks_are_made_from_is_let_in(target: Target) -> None:
    for name, prefix in HEADERS.items():
        assert target.ask((name, prefix + target.issuer.token())).status == 200
        admin = target.issuer.token(role="admin", virtual_key=...)
        assert target.ask((name, prefix + admin), path="/api/governance/teams").status == 200


@pytest.mark.parametrize("name", sorted(ATTACKS.keys() - TRIMMED - NO_HEADER.keys()))
def test_an_attack_is_a_401_and_told_nowhere(target: Target, name: str) -> None:
    token = ATTACKS[name](target.issuer)
    target.sent.append(token)
    for header in ("Authorization", "x-api-key"):
        refused(target, target.ask((header, HEADERS[header] + token)), token)


@pytest.mark.parametrize("name", sorted(NO_HEADER))
def test_what_no_header_can_hold_is_refused_before_it_is_read(target: Target, name: str) -> None:
    token = ATTACKS[name](target.issuer)
    answer = target.ask(("Authorization", f"Bearer {token}"))
    assert (answer.status, [part for part in parts(token) if part in answer.response_body.decode()]) == (
        NO_HEADER[name],
        [],
    )


@pytest.mark.parametrize("name", sorted(TRIMMED))
def test_what_http_takes_off_changes_nothing(target: Target, name: str) -> None:
    assert target.ask(("Authorization", f"Bearer {ATTACKS[name](target.issuer)}")).status == 200


def refused(target: Target, answer: Exchange, token: str) -> None:
    """A 401 as the document has it, with a challenge and nothing of the token."""
    assert answer.status == 401, answer
    challenge = answer.response_headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    error = json.loads(answer.response_body)["error"]
    assert (error["code"], error["type"]) in {
        ("invalid_token", "authentication_error"),
        ("virtual_key_not_found", "authentication_error"),  # it does not look like a token at all
    }
    shown = answer.response_body.decode() + repr(answer.response_headers)
    assert not [part for part in parts(token) if part in shown]
    judge(Gateway(target.url, target.settings), [answer])
