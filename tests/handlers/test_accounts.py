"""What jobs come to, by what their providers say and by the price: pure, or on a real ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from handlers.jobs import settling, states
from handlers.jobs.ledger import Job, Ledger
from handlers.jobs.outputs import Outputs
from handlers.jobs.reconciling import Reconciling
from handlers.jobs.tracking import values_of
from handlers.providers.adapter import Snapshot
from handlers.providers.pricing import CAREFUL, Price
from handlers.providers.quotes import Quote
from handlers.providers.registry import Registry
from tests.handlers.test_ledger import database, job, opened

__all__ = ["database"]

D = Decimal
RATE = Price(usd_per_second=D("0.1"))
QUOTE = Quote(D("0.8"), D(8), RATE, "8 s at USD 0.1", prices=(RATE,))


def made(**fields: Any) -> Job:
    """A completed job of 8 seconds, at ten cents a second."""
    whole = {"state": states.COMPLETED, "native_id": "n", "price": QUOTE.as_json(), "holds": {}, **fields}
    return job(**whole)


@pytest.mark.parametrize("size", ["auto", "", "1280*720", "720p", "1280x", "1x2x3", "999999x1"])
@pytest.mark.parametrize("seconds", ["8.0s", "auto", "nan", "inf", "-8", "0", "1e99", ""])
def test_words_that_are_no_size_and_no_length_are_dropped_and_settled_as_estimated(size: str, seconds: str) -> None:
    said = values_of(Snapshot("n", "completed", size=size, seconds=seconds, cost_usd=D("nan")))
    assert said.keys().isdisjoint({"size", "seconds", "cost_usd"})
    assert settling.account(made(size=size, seconds=seconds), CAREFUL).usd == D("0.8")
    assert settling.account(made(size=size, seconds=seconds), CAREFUL).seconds == 8


def test_a_size_and_a_length_are_kept_as_they_are_said() -> None:
    said = values_of(Snapshot("n", "completed", size="1280x720", seconds="7.5"))
    assert (said["size"], said["seconds"]) == ("1280x720", "7.5")


class Poisoned(Ledger):
    """A ledger in which one job cannot be settled."""

    poison = ""

    async def settle(self, job_id: str, came_to: settling.CameTo | None = None) -> Job | None:
        if job_id == self.poison:
            raise ValueError(job_id)
        return await super().settle(job_id, came_to)


async def test_a_job_that_cannot_be_settled_keeps_no_other_from_it(database: str) -> None:
    async with opened(database, listening=False) as plain:
        ledger = Poisoned(plain.engine)
        long_ago = datetime.now(UTC) - 2 * settling.PLACED_BY_THEN
        bad, good = (made(updated_at=long_ago - timedelta(seconds=n)) for n in (2, 1))
        for each in (bad, good):
            await ledger.record(each)
        ledger.poison = bad.id
        await reconciling(ledger).sweep()
        after = await ledger.get(good.id)
        assert after is not None and after.settled_at is not None
        ledger.poison = ""
        await reconciling(ledger).sweep()


def reconciling(ledger: Ledger, registry: Registry | None = None, outputs: Outputs | None = None) -> Reconciling:
    return Reconciling(ledger, registry, outputs)  # type: ignore[arg-type]  # which nothing asks that has ended
