"""Two hundred creates at once, at two servers, against what is enough for ten: ten are sent, never is more taken than that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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


WATCH = """
CREATE TABLE taken (meter text, amount numeric, maximum numeric);
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO taken VALUES (NEW.id, NEW.used + NEW.held, NEW.maximum); RETURN NEW; END $$;
CREATE TRIGGER watching AFTER UPDATE OF used, held ON meters FOR EACH ROW EXECUTE FUNCTION watch();
"""
"""What PostgreSQL itself notes of each meter at every change: no moment is left out, as it would be by looking now and then."""


def watch(gateway: Gateway) -> None:
    with psycopg.connect(dsn(gateway)) as connection:
        connection.execute(WATCH)


def most(gateway: Gateway) -> tuple[int, Decimal]:
    """How often a meter changed, and the largest part of its maximum that was ever taken."""
    with psycopg.connect(dsn(gateway)) as connection:
        row = connection.execute("SELECT count(*), max(amount / maximum) FROM taken").fetchone()
    assert row is not None
    return row


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
            for _ in range(20):
                answer = requests.post(f"{gateway.url}/v1/videos", json=BODY, headers=bearer(key), timeout=200)
                if (
                    answer.status_code != 503
                ):  # nothing was done: on a slow machine not all come to a connection in time
                    break
            return answer

        watch(gateways[0])
        with ThreadPoolExecutor(CREATES) as pool:
            answers = list(pool.map(create, range(CREATES)))
        assert Counter(answer.status_code for answer in answers) == {200: ENOUGH_FOR, status: CREATES - ENOUGH_FOR}
        assert len(provider.jobs) == ENOUGH_FOR
        changes, part = most(gateways[0])
        assert changes >= ENOUGH_FOR and Decimal("0.9") < part <= 1
        assert money(dsn(gateways[0])) == []

        for number, job in enumerate(provider.jobs.values()):
            job["status"] = "failed" if number % 2 else "completed"
        until(lambda: unsettled(gateways[0]) == 0, 60)
        assert most(gateways[0])[1] <= 1
        assert money(dsn(gateways[0])) == []
        with psycopg.connect(dsn(gateways[0])) as connection:
            held, spent = connection.execute(
                "SELECT sum(held), sum(used) FILTER (WHERE metric = 'usd' AND scope = 'virtual_key') FROM meters"
            ).fetchone() or (None, None)
        assert (held, spent) == (0, Decimal("2.0"))  # five were made
        for gateway in gateways:
            judge(gateway, gateway.exchanges)


@pytest.mark.parametrize("change", ["change", "reset", "rotate", "delete"])
def test_who_changes_limits_waits_for_jobs_and_holds_up_none_meanwhile(tmp_path: Path, change: str) -> None:
    """Meters are locked in one order by everybody, budgets before limits: otherwise each could wait for what the other has."""
    with running(tmp_path, api_keys="") as gateway, ThreadPoolExecutor(1) as pool:
        admin = Admin(gateway)
        budgets = [{"max_limit": 9, "reset_duration": each} for each in ("1h", "1d")]
        asked = {
            "provider_configs": [{"provider": "vllm", "budgets": budgets}],
            "rate_limit": {"concurrent_max_limit": 9},
        }
        key = admin.key(**asked)
        path = f"/virtual-keys/{key['id']}"
        requests_of = {
            "change": ("PUT", path, asked),
            "reset": ("PUT", path, {"reset_budget_usage": True}),
            "rotate": ("POST", f"{path}/rotate", {"keep_usage": False}),
            "delete": ("DELETE", path, None),
        }
        with psycopg.connect(dsn(gateway)) as job, psycopg.connect(dsn(gateway), autocommit=True) as other:
            ids = [each for (each,) in job.execute("SELECT id FROM meters ORDER BY id")]
            lock = "SELECT id FROM meters WHERE id = %s FOR UPDATE NOWAIT"
            job.execute(lock, [ids[0]])
            changed = pool.submit(admin.does, *requests_of[change])
            waits = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            until(lambda: other.execute(waits).fetchone() != (0,))
            for each in ids[1:]:
                job.execute(lock, [each])  # raises LockNotAvailable
        assert changed.result()


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
