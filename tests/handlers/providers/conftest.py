"""A gateway for each file, with its emulators' counts at zero and jobs that take no time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gateway import Gateway, judge, running


@pytest.fixture(scope="module")
def module_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("provider"), sandbox_job_seconds=0.2) as gateway:
        yield gateway


@pytest.fixture
def gateway(module_gateway: Gateway) -> Iterator[Gateway]:
    before = len(module_gateway.exchanges)
    yield module_gateway
    judge(module_gateway, module_gateway.exchanges[before:])
