"""Access tokens: fetched once for all who want one, kept, replaced in time and when they are refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from handlers.errors import KeyRefused, NotSent, ProviderError, ProviderFailed
from handlers.providers import google_tokens
from handlers.providers.adapter import Account
from handlers.providers.google_tokens import access_token
from handlers.upstream import Upstream
from tests.handlers.wire import Origin, Received, Steps, origin, reply

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
ROBOT = {
    "type": "service_account",
    "client_email": "films@p.iam.gserviceaccount.com",
    "private_key": PEM,
    "private_key_id": "key-7",
    "token_uri": "token",
}
USER = {
    "type": "authorized_user",
    "client_id": "id",
    "client_secret": "secret",
    "refresh_token": "1//abc",
    "token_uri": "token",
}


def counting(life: int = 3599) -> Any:
    """An answer with another token each time, good for so many seconds."""
    count = 0

    def answer(_: Received) -> Steps:
        nonlocal count
        count += 1
        return [0.05, reply(200, json.dumps({"access_token": f"ya29.{count}", "expires_in": life}).encode())]

    return answer


@asynccontextmanager
async def account(there: Origin, credentials: dict[str, Any] | str = "") -> AsyncIterator[Account]:
    text = credentials if isinstance(credentials, str) and credentials else json.dumps(credentials or USER)
    async with Upstream() as http:
        yield Account("vertex", "default", SecretStr(text), there.url, http)


def grant(received: Received) -> dict[str, str]:
    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    return {name: value for name, (value,) in parse_qs(received.body.decode(), strict_parsing=True).items()}


async def test_a_service_account_signs_what_it_is_for() -> None:
    with origin(counting()) as there:
        async with account(there, ROBOT) as who:
            assert await access_token(who) == "ya29.1"
    (received,) = there.received
    assert (received.method, received.target) == ("POST", "/token")
    sent = grant(received)
    assert sent["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert jwt.get_unverified_header(sent["assertion"]) == {"alg": "RS256", "typ": "JWT", "kid": "key-7"}
    claims = jwt.decode(sent["assertion"], KEY.public_key(), ["RS256"], audience="https://oauth2.googleapis.com/token")
    assert claims["exp"] - claims["iat"] == 3600
    assert (claims["iss"], claims["scope"]) == (
        "films@p.iam.gserviceaccount.com",
        "https://www.googleapis.com/auth/cloud-platform",
    )


async def test_a_key_without_an_id_signs_too() -> None:
    nameless = {name: value for name, value in ROBOT.items() if name != "private_key_id"}
    with origin(counting()) as there:
        async with account(there, nameless) as who:
            await access_token(who)
    assert "kid" not in jwt.get_unverified_header(grant(there.received[0])["assertion"])


async def test_a_user_sends_a_refresh_token() -> None:
    with origin(counting()) as there:
        async with account(there, USER) as who:
            await access_token(who)
    assert grant(there.received[0]) == {
        "grant_type": "refresh_token",
        "client_id": "id",
        "client_secret": "secret",
        "refresh_token": "1//abc",
    }


async def test_many_who_want_a_token_at_once_share_one() -> None:
    with origin(counting()) as there:
        async with account(there) as who:
            assert set(await asyncio.gather(*(access_token(who) for _ in range(20)))) == {"ya29.1"}
            assert await access_token(who) == "ya29.1"
    assert len(there.received) == 1


async def test_a_token_is_replaced_shortly_before_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(google_tokens, "monotonic", lambda: now)
    with origin(counting(life=600)) as there:
        async with account(there) as who:
            assert await access_token(who) == "ya29.1"
            now += 600 - google_tokens.EARLY - 1
            assert await access_token(who) == "ya29.1"
            now += 1
            assert await access_token(who) == "ya29.2"


async def test_a_refused_token_is_replaced_once_by_whoever_finds_out_first() -> None:
    with origin(counting()) as there:
        async with account(there) as who:
            first = await access_token(who)
            again = await asyncio.gather(*(access_token(who, refused=first) for _ in range(10)))
            assert set(again) == {"ya29.2"}


async def test_keys_do_not_share_tokens_and_neither_do_servers() -> None:
    with origin(counting()) as there:
        async with account(there, USER) as one, account(there, ROBOT) as other:
            assert await access_token(one) != await access_token(other)
        async with account(there, USER) as elsewhere:
            assert await access_token(elsewhere) == "ya29.3"


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, KeyRefused, "Invalid JWT Sig"),
        (401, {"error": "invalid_client"}, KeyRefused, "invalid_client"),
        (400, None, KeyRefused, "400"),
        (500, {"error": "internal_failure"}, ProviderFailed, "internal_failure"),
        (200, None, ProviderFailed, "cannot be read"),
    ],
)
async def test_each_refusal_of_the_credentials_means_the_key(
    status: int, body: Any, kind: type[ProviderError], words: str
) -> None:
    content = b"<html>" if body is None else json.dumps(body).encode()
    with origin(lambda _: [reply(status, content)]) as there:
        async with account(there) as who:
            with pytest.raises(ProviderError, match=words) as refused:
                await access_token(who)
    assert type(refused.value) is kind


@pytest.mark.parametrize(
    ("credentials", "words"),
    [
        ("not json", "Invalid JSON"),
        ({"type": "external_account"}, "external_account"),
        ({"type": "service_account", "client_email": "a@b"}, "private_key"),
        (ROBOT | {"private_key": "-----BEGIN"}, "private key"),
    ],
)
async def test_credentials_that_cannot_be_used_are_refused_without_showing_them(
    credentials: dict[str, Any] | str, words: str
) -> None:
    with origin(counting()) as there:
        async with account(there, credentials) as who:
            with pytest.raises(KeyRefused, match=words) as refused:
                await access_token(who)
    assert "BEGIN" not in refused.value.message and not there.received


async def test_a_token_uri_of_its_own_is_called_there() -> None:
    async with Upstream() as http:
        text = json.dumps(USER | {"token_uri": "http://127.0.0.1:1/elsewhere"})
        with pytest.raises(NotSent):
            await access_token(Account("vertex", "default", SecretStr(text), "http://vendor.test", http))
