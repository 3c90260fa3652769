"""Two hundred creates at once, at two servers, against what is enough for ten: ten are sent, never is more taken than that."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from tests.books import money
from tests.gateway import Gateway, judge, new_database, running
from tests.handlers.governance.admin import Admin
from tests.handlers.money import FOUR_SECONDS, price
from tests.handlers.test_reconciling import Provider, said
from tests.handlers.test_tracking import until
from tests.handlers.wire import dsn, emulated, origin

CREATES, ENOUGH_FOR = 200, 10
KEYS = 20  # of the team
MODEL = "vllm/x"


@dataclass
class Sampler:
    """Looks at every meter as often as it can."""

    database: str
    most: dict[str, Decimal] = field(default_factory=dict)
    """Meter -> the most that was used and held of it at a time."""
    beyond: list[tuple[Any, ...]] = field(default_factory=list)
    looks: int = 0

    @contextmanager
    def looking(self) -> Iterator[None]:
        over = threading.Event()
        thread = threading.Thread(target=self._look_until, args=[over])
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _look_until(self, over: threading.Event) -> None:
        with psycopg.connect(self.database, autocommit=True) as connection:
            while not over.is_set():
                for meter, taken, maximum in connection.execute("SELECT id, used + held, maximum FROM meters"):
                    self.most[meter] = max(taken, self.most.get(meter, Decimal(0)))
                    if taken > maximum:
                        self.beyond.append((meter, taken, maximum))
                self.looks += 1


@contextmanager
def two_servers(directory: Path) -> Iterator[tuple[Provider, tuple[Gateway, Gateway]]]:
    """On one database, with a provider whose jobs end when a test says so. A job is forty cents; one that fails is nothing."""
    provider, numbers = Provider(), count(1)

    def create() -> list[bytes]:
        number = f"v{next(numbers)}"
        provider.has("x", number, "in_progress")
        return said(200, provider.jobs[number])

    provider.creates = create
    database = new_database()
    with origin(provider) as there:
        settings: dict[str, Any] = {"configuration": emulated(there.url, ["vllm"], {"max_retries": 0}), "api_keys": ""}
        with (
            running(directory / "a", database, **settings) as one,
            running(directory / "b", database, **settings) as two,
        ):
            price(one, "vllm", usd_per_second=0.1)
            yield provider, (one, two)


@pytest.mark.parametrize(
    ("limit", "of_team", "status"),
    [
        pytest.param({"budgets": [{"max_limit": 4.3}]}, False, 402, id="a budget"),
        pytest.param({"budgets": [{"max_limit": 4.3, "reset_duration": "1Y"}]}, True, 402, id="the budget of a team"),
        pytest.param({"rate_limit": {"concurrent_max_limit": 10}}, False, 429, id="jobs at once"),
        pytest.param(
            {"rate_limit": {"request_max_limit": 10, "request_reset_duration": "1Y"}}, True, 429, id="requests"
        ),
        pytest.param(
            {"rate_limit": {"seconds_max_limit": 43, "seconds_reset_duration": "1Y"}}, False, 429, id="seconds"
        ),
    ],
)
def test_no_more_is_taken_than_there_is(tmp_path: Path, limit: dict[str, Any], of_team: bool, status: int) -> None:
    with two_servers(tmp_path) as (provider, gateways):
        admin = Admin(gateways[0])
        above = {"team_id": admin.team(**limit)["id"]} if of_team else {}
        each = {} if of_team else limit
        # Each key has a budget of its own as well: meters that are shared, and meters that are not.
        own = {"budgets": [{"max_limit": 100}], **each}
        keys = [admin.key(allow_all_providers=True, **above, **own)["value"] for _ in range(KEYS if of_team else 1)]
        for gateway in gateways:  # both have heard of the keys and the price
            until(lambda gateway=gateway: rehearse(gateway, keys[-1]) == 200, 30)

        def create(number: int) -> requests.Response:
            gateway, key = gateways[number % 2], keys[number // 2 % len(keys)]
            return requests.post(f"{gateway.url}/v1/videos", json=BODY, headers=bearer(key), timeout=200)

        sampler = Sampler(dsn(gateways[0]))
        with sampler.looking(), ThreadPoolExecutor(CREATES) as pool:
            answers = list(pool.map(create, range(CREATES)))
        assert Counter(answer.status_code for answer in answers) == {200: ENOUGH_FOR, status: CREATES - ENOUGH_FOR}
        assert len(provider.jobs) == ENOUGH_FOR
        assert sampler.beyond == [] and sampler.looks > 20
        assert money(dsn(gateways[0])) == []

        for number, job in enumerate(provider.jobs.values()):
            job["status"] = "failed" if number % 2 else "completed"
        with sampler.looking():
            until(lambda: unsettled(gateways[0]) == 0, 60)
        assert sampler.beyond == []
        assert money(dsn(gateways[0])) == []
        with psycopg.connect(dsn(gateways[0])) as connection:
            held, spent = connection.execute(
                "SELECT sum(held), sum(used) FILTER (WHERE metric = 'usd' AND scope = 'virtual_key') FROM meters"
            ).fetchone() or (None, None)
        assert (held, spent) == (0, Decimal("2.0"))  # five were made
        for gateway in gateways:
            judge(gateway, gateway.exchanges)


BODY = {"model": MODEL, "prompt": "x", **FOUR_SECONDS}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def rehearse(gateway: Gateway, key: str) -> int:
    answer = requests.post(f"{gateway.url}/v1/videos?dry_run=true", json=BODY, headers=bearer(key), timeout=30)
    return answer.status_code if "usage" in answer.json() else 0


def unsettled(gateway: Gateway) -> int:
    with psycopg.connect(dsn(gateway)) as connection:
        row = connection.execute("SELECT count(*) FROM jobs WHERE settled_at IS NULL").fetchone()
    return int(row[0]) if row is not None else 0
