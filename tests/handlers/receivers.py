"""Receivers of webhooks for tests, and endpoints that lead to them: real servers, and the official verifier."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import standardwebhooks

from generated import models
from handlers.jobs import sending
from tests.gateway import ALICE, BOB, Gateway, judge, judge_webhook, running
from tests.handlers.test_tracking import until
from tests.handlers.wire import Origin, Received, Steps, origin, reply

FAST = "a paper boat [sandbox:no-render]"
OK = [reply(204)]
ANSWERS_IN = 1.0  # seconds that a receiver has, in these tests
PAUSES = (0.3, 0.4)  # seconds between attempts
PRIVATE: dict[str, Any] = {"webhook_private": True, "webhook_retries": PAUSES}


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, seconds in (("TIMEOUT", ANSWERS_IN), ("LOOK", 0.1)):
            patch.setattr(sending, name, seconds)
        yield


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("webhooks"), sandbox_job_seconds=0.2, **PRIVATE) as gateway:
        yield gateway


@pytest.fixture
def gateway(shared: Gateway) -> Iterator[Gateway]:
    before = len(shared.exchanges)
    yield shared
    forget_endpoints(shared)
    judge(shared, shared.exchanges[before:])


def forget_endpoints(gateway: Gateway) -> None:
    for key in (ALICE, BOB):
        for webhook in gateway.ask("GET", "/api/webhooks", key).json()["webhooks"]:
            assert gateway.ask("DELETE", f"/api/webhooks/{webhook['id']}", key).status_code == 200


@dataclass
class Receiver:
    """Answers as listed, the last for ever."""

    answers: list[Steps]
    under_way: int = 0
    most: int = field(default=0, init=False)

    def __call__(self, received: Received) -> Steps:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            yield from answer
        finally:
            self.under_way -= 1


@contextlib.contextmanager
def receiver(*answers: Steps) -> Iterator[Origin]:
    with origin(Receiver(list(answers or [OK]))) as there:
        yield there


@dataclass(frozen=True)
class Endpoint:
    """A registered endpoint."""

    gateway: Gateway
    id: str
    secret: str
    key: str = ALICE

    @property
    def path(self) -> str:
        return f"/api/webhooks/{self.id}"

    def ask(self, method: str, path: str = "", **body: Any) -> dict[str, Any]:
        answer = self.gateway.ask(method, self.path + path, self.key, **({"json": body} if body else {}))
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def deliveries(self, status: str | None = None) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.ask("GET", f"/deliveries?{f'status={status}' if status else ''}")[
            "deliveries"
        ]
        return listed

    def ended(self, status: str, patience: float = 10) -> dict[str, Any]:
        """Its one delivery, once it has ended so."""
        (delivery,) = until(lambda: self.deliveries(status), patience)
        return dict(delivery)


def register(gateway: Gateway, url: str | None = None, key: str = ALICE, **body: Any) -> Endpoint:
    answer = gateway.ask("POST", "/api/webhooks", key, json={**({"url": url} if url is not None else {}), **body})
    assert answer.status_code == 200, answer.text
    return Endpoint(gateway, answer.json()["webhook"]["id"], answer.json()["secret"], key)


def refusal(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def messages(there: Origin, secret: str, count: int, patience: float = 10) -> list[models.VideoEvent]:
    """The first `count` messages of a receiver, each of which the official verifier and the contract accept."""
    until(lambda: len(there.received) >= count, patience)
    return [event(received, secret) for received in there.received[:count]]


def event(received: Received, secret: str) -> models.VideoEvent:
    standardwebhooks.Webhook(secret).verify(received.body, received.headers)
    judge_webhook(received.headers, received.body)
    assert (received.method, received.headers["content-type"]) == ("POST", "application/json")
    assert received.headers["user-agent"] == "reelgate"
    return models.VideoEvent.model_validate_json(received.body)
