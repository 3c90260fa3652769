"""A gateway whose admin's password somebody guesses, on every operation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.gateway import Gateway, judge, running
from tests.handlers.access.asking import OPERATIONS, Ask, Operation
from tests.handlers.access.cast import ADMIN, AS_ADMIN, PASSWORD, SECRET, SETTINGS, basic
from tests.handlers.access.forging import Issuer
from tests.handlers.access.test_matrix import Asking, refusal, wrong


@pytest.fixture(scope="module")
def guessed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway whose admin's password somebody has been guessing."""
    with running(tmp_path_factory.mktemp("guessed"), **SETTINGS) as gateway:
        statuses = [
            gateway.ask("GET", "/v1/videos", None, headers=basic(ADMIN, f"guess {number}")).status_code
            for number in range(11)
        ]
        assert statuses == [401] * 10 + [429]
        yield gateway
        judge(gateway, gateway.exchanges)


@pytest.mark.parametrize(
    "operation",
    [each for each in OPERATIONS.values() if each.roles is not None or each.id == "sessionLogin"],
    ids=lambda operation: operation.id,
)
def test_passwords_are_looked_at_no_more_when_too_many_were_wrong(guessed: Gateway, operation: Operation) -> None:
    login = {"username": ADMIN, "password": PASSWORD} if operation.id == "sessionLogin" else None
    with requests.Session() as session:
        answer = Asking(guessed, session)(operation, Ask(body=login), {} if login else basic(ADMIN, PASSWORD))
    assert not wrong(operation, answer, refusal(429, "too_many_attempts", "authentication_error"))
    assert int(answer.headers["Retry-After"]) <= 60


def test_other_credentials_are_looked_at_all_the_same(guessed: Gateway) -> None:
    assert guessed.ask("GET", "/v1/videos").status_code == 200
    assert guessed.ask("GET", "/v1/videos", Issuer("secret", SECRET).token(**AS_ADMIN)).status_code == 200
