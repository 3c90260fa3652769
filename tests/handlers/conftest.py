"""One gateway for the whole folder; whatever a test exchanges with it, and it with the providers, obeys the documents."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from PIL import Image

from tests.gateway import Gateway, judge, running


@pytest.fixture(scope="session")
def session_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


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
