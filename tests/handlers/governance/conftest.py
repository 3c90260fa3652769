"""An open gateway, whose caller is an admin; whatever a test exchanges with it obeys the document."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gateway import Gateway, judge, running
from tests.handlers.governance.admin import Admin


@pytest.fixture(scope="session")
def open_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("governance"), api_keys="") as gateway:
        yield gateway


@pytest.fixture
def admin(open_gateway: Gateway) -> Iterator[Admin]:
    before = len(open_gateway.exchanges)
    yield Admin(open_gateway)
    judge(open_gateway, open_gateway.exchanges[before:])
