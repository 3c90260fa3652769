"""Honest clients, many at once: each create has an Idempotency-Key and is sent again when, and only when, that is right."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.chaos.house import MODELS, Process
from tests.chaos.money import Purses
from tests.gateway import ALICE

AT_ONCE = 100  # callers; one whose server was killed may wait a minute until somebody knows what became of its create
PATIENCE = 45.0  # seconds for one answer
STAMINA = 240.0  # seconds for which a create is sent again
HEADERS = {"Authorization": f"Bearer {ALICE}"}


@dataclass
class Create:
    """What a caller wants made once, and what it was told."""

    number: int
    body: dict[str, Any]
    key: str
    purse: str
    """The virtual key that pays."""
    sent: int = 0
    answers: list[str] = field(default_factory=list)
    video_id: str | None = None
    refused: bool = False  # for want of money

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.purse}"}

    @property
    def prompt(self) -> str:
        return str(self.body["prompt"])


@dataclass(frozen=True)
class Answer:
    """One answer, or a lost connection. Times are Unix seconds."""

    began: float
    ended: float
    server: str
    what: str
    as_documented: bool


class Callers:
    """Threads that create whenever `wanted` says so."""

    def __init__(self, servers: Sequence[Process], purses: Purses, seed: float, wanted: Callable[[], bool]) -> None:
        self._servers, self._purses, self._wanted = servers, purses, wanted
        self._chance = random.Random(seed)
        self._guard = threading.Lock()
        self._stopping = threading.Event()
        self._more = 0
        self.creates: list[Create] = []
        self.answers: list[Answer] = []
        self._threads = [threading.Thread(target=self._create_for_ever, daemon=True) for _ in range(AT_ONCE)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin nothing new; wait until everything that was begun is answered."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(STAMINA + PATIENCE)

    def more(self, creates: int) -> None:
        """Begin so many at once, wanted or not."""
        with self._guard:
            self._more += creates

    def _one_more(self) -> bool:
        with self._guard:
            wanted = self._more > 0
            self._more -= wanted
            return wanted

    def _create_for_ever(self) -> None:
        while not self._stopping.is_set():
            if not self._wanted() and not self._one_more():
                time.sleep(0.05)
                continue
            with self._guard:
                number, chance = len(self.creates), random.Random(self._chance.random())
                create = Create(number, body(number, chance), f"create-{number}", self._purses.one(chance))
                self.creates.append(create)
            self.see_through(create, chance)

    def see_through(self, create: Create, chance: random.Random) -> None:
        """Send a create until it is answered for good. A lost outcome is an answer: it is never sent again."""
        until = time.monotonic() + STAMINA
        while time.monotonic() < until:
            server = chance.choice(self._servers)
            create.sent += 1
            answer, wait = self._send(create, server)
            create.answers.append(answer)
            if wait is None:
                return
            time.sleep(wait * chance.uniform(1.0, 1.3))

    def _send(self, create: Create, server: Process) -> tuple[str, float | None]:
        """One request -> how it was answered, and the seconds until it may be sent again; None if it must not be."""
        began = time.time()
        try:
            answer = requests.post(
                f"{server.url}/v1/videos",
                json=create.body,
                headers={**create.headers, "Idempotency-Key": create.key},
                timeout=PATIENCE,
            )
        except requests.RequestException as failure:
            what = "no answer" if isinstance(failure, requests.ReadTimeout) else "connection lost"
            self.answers.append(Answer(began, time.time(), server.name, what, what == "connection lost"))
            return what, 0.3
        what, wait, documented = str(answer.status_code), None, answer.status_code == 200
        if answer.status_code == 200:
            create.video_id = answer.json()["id"]
        else:
            error = answer.json()
            what += f" {error['error']['code']}"
            if what == "504 submission_unknown":
                create.video_id = error["extra_fields"]["video_id"]
                documented = True
            elif what == "402 budget_exceeded":
                create.refused = documented = create.purse == self._purses.poor
            elif what in ("503 unavailable", "409 idempotency_in_progress"):
                documented = "Retry-After" in answer.headers
                wait = float(answer.headers.get("Retry-After", "1"))
        self.answers.append(Answer(began, time.time(), server.name, what, documented))
        return what, wait

    def told(self) -> Counter[str]:
        return Counter(answer.what for answer in self.answers)


def body(number: int, chance: random.Random) -> dict[str, Any]:
    """A create whose job takes 30 to 90 s; of some the answer is dropped, or the request."""
    first, second = chance.sample(list(MODELS), 2)
    trouble = chance.choices(("", " [sandbox:drop-after]", " [sandbox:drop-before times=1]"), (94, 3, 3))[0]
    asked: dict[str, Any] = {
        "model": f"{first}/{MODELS[first]}",
        "prompt": f"create {number} [sandbox:slow={chance.uniform(30, 90):.1f}] [sandbox:no-render]{trouble}",
    }
    if chance.random() < 0.25:
        asked["fallbacks"] = [f"{second}/{MODELS[second]}"]
    return asked
