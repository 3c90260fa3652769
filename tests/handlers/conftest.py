"""One gateway for the whole folder; whatever a test exchanges with it, and it with the providers, obeys the documents."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from PIL import Image

from handlers.providers.registry import PROVIDERS
from tests.gateway import ALICE, BOB, Gateway, judge, running
from tests.handlers.wire import dsn
from tests.secrets_scan import Secrets, dump


@pytest.fixture(scope="session")
def session_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway
        _kept_its_secrets(gateway)


def _kept_its_secrets(gateway: Gateway) -> None:
    """After all tests: no answer of the gateway, and nothing in its database, shows a credential of a caller or a provider."""
    secrets = Secrets()
    for name, secret in {
        "alice": ALICE,
        "bob": BOB,
        **{each: gateway.emulated_key(each) for each in PROVIDERS},
    }.items():
        secrets.add(name, secret)
    for exchange in gateway.exchanges:
        kind = exchange.response_headers.get("content-type", "")
        if "/sandbox/" not in exchange.url and not kind.startswith(("video/", "image/")):
            shown = secrets.found(exchange.response_body) | secrets.found(json.dumps(exchange.response_headers))
            assert not shown, f"{exchange} shows {shown}: {exchange.response_body[:1000]!r}"
    held = dump(dsn(gateway))
    assert not secrets.found(held), [line[:1000] for line in held.splitlines() if secrets.found(line)]


@pytest.fixture
def gateway(session_gateway: Gateway) -> Iterator[Gateway]:
    before = len(session_gateway.exchanges)
    yield session_gateway
    judge(session_gateway, session_gateway.exchanges[before:])


@pytest.fixture(scope="session")
def png() -> bytes:
    """A picture of 1280x720 pixels."""
    Image.new("RGB", (1280, 720), (200, 30, 30)).save(buffer := io.BytesIO(), "PNG")
    return buffer.getvalue()
