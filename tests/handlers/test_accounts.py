"""What jobs come to, by what their providers say and by the price: pure, or on a real ledger."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from ulid import ULID

from handlers.jobs import settling, states
from handlers.jobs.access_tables import meters
from handlers.jobs.holds import Exhausted
from handlers.jobs.journal import Journal
from handlers.jobs.ledger import Job, Ledger
from handlers.jobs.outputs import Outputs
from handlers.jobs.reconciling import Reconciling
from handlers.jobs.tracking import values_of
from handlers.providers.adapter import Filtered, Snapshot
from handlers.providers.pricing import CAREFUL, Bill, Bills, Price, price_book
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


def test_frames_are_settled_for_the_length_that_they_were_held_for() -> None:
    asked = {"model": "vllm/x", "prompt": "x", "seconds": "1", "num_frames": 192, "fps": 24}
    for said in ("1", None):  # the server repeats what was asked
        came_to = settling.account(made(request=asked, seconds=said), CAREFUL)
        assert (came_to.usd, came_to.seconds) == (D("0.8"), 8)
    assert settling.account(made(request=asked, seconds="1", price=None), CAREFUL).seconds is None  # as was held


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


TOKENS = Price.model_validate({"usd_per_million_tokens": {"input": 1, "video": 10}, "tokens_per_second": 1000})
COUNTED = {"input": 1000, "video": 50_000}


def test_tokens_that_were_counted_cost_what_they_did_when_the_job_was_made() -> None:
    by_tokens = replace(QUOTE, price=TOKENS, prices=(TOKENS,)).as_json()
    said = values_of(Snapshot("n", "completed", cost_usd=D(9), tokens=COUNTED))
    assert settling.account(made(**said, price=by_tokens), CAREFUL).usd == D("0.501")
    assert settling.account(made(**said), CAREFUL).usd == D("0.8")  # a price by the second, which an operator has set
    assert settling.finished(made(**said)).usd == D("0.8")
    assert settling.account(made(**said, price=None), CAREFUL).usd == 9  # by the list, which is all there is
    withheld = {"state": states.FAILED, "content_filter": {"filtered_count": 1, "reasons": []}}
    assert settling.account(made(**said, **withheld, price=by_tokens), CAREFUL).usd == D("0.501")


def test_what_one_target_cost_is_counted_though_nobody_knows_what_another_did() -> None:
    failed = {"provider": "azure", "model": "x", "outcome": "job_failed"}
    known, unknown = {**failed, "cost_usd": 0.4}, {**failed, "cost_usd": None}
    first = settling.account(made(price=None, attempts=[known]), CAREFUL)
    assert (first.usd, first.known, first.last) == (None, D("0.4"), 0)
    last = settling.account(made(attempts=[unknown, known]), CAREFUL)
    assert (last.usd, last.known, last.last) == (None, D("1.2"), D("0.8"))
    nothing = settling.nothing_more(made(attempts=[known]))
    assert (nothing.usd, nothing.known, nothing.last) == (D("0.4"), D("0.4"), 0)


@pytest.mark.parametrize("code", [states.INVALID_OUTPUT, states.TIMED_OUT])
def test_a_target_that_has_not_taken_the_job_is_not_paid_for_how_it_failed_before(code: str) -> None:
    given_up = made(state=states.FAILED, native_id=None, error={"code": code, "message": ""})
    assert settling.account(given_up, CAREFUL).usd == 0


@pytest.mark.parametrize(
    ("code", "kept", "usd"),
    [
        ("timeout", "provider_timeout", 0),
        ("invalid_output", "provider_invalid_output", 0),
        ("cancelled", "cancelled", D("0.8")),
        ("boom", "boom", 0),
    ],
)
def test_a_code_of_a_providers_is_not_taken_for_one_of_ours(code: str, kept: str, usd: Decimal) -> None:
    said = values_of(Snapshot("n", "failed", error_code=code))
    assert said["error"]["code"] == kept
    bills = price_book().bills("openai")  # what has failed is free there, and what is cancelled is not
    assert settling.account(made(**said, state=states.FAILED), bills).usd == usd
    ours = values_of(Snapshot("n", "failed", error_code="invalid_output", error_is_ours=True))
    assert settling.account(made(**ours, state=states.FAILED), bills).usd == D("0.8")


def test_what_was_withheld_late_is_billed_as_withheld() -> None:
    late = made(state=states.FAILED, error={"code": "timeout", "message": ""})
    said = values_of(Snapshot("n", "failed", error_code="content_filtered", filtered=Filtered(1, ("no",))))
    bills = Bills(failed=Bill(charge="price"), cancelled=Bill(charge="price"), filtered=Bill(charge="nothing"))
    assert settling.failed_late(late, bills, said).usd == 0
    assert settling.failed_late(late, bills, {}).usd == D("0.8")


def test_content_that_is_refused_at_the_create_costs_what_the_provider_says_of_it_or_nothing() -> None:
    refused = {"state": states.FAILED, "native_id": None, "content_filter": {"filtered_count": 1, "reasons": []}}
    assert settling.account(made(**refused), CAREFUL).usd == 0
    assert settling.account(made(**refused, cost_usd=D("0.05")), CAREFUL).usd == D("0.05")


# ---- the log --------------------------------------------------------------------------------------------------------


def logged(ledger: Ledger) -> Ledger:
    """The ledger, with a log of its jobs."""
    journal = Journal(ledger.engine, kept=1, content=False)
    return Ledger(ledger.engine, on_end=journal.job_ended, on_settled=journal.job_settled)


async def costs(ledger: Ledger, job_id: str) -> list[Decimal | None]:
    """What the rows of a job's ends say that it cost, oldest first."""
    async with ledger.engine.connect() as connection:
        query = text("SELECT cost_usd FROM logs WHERE video_id = :id AND kind = 'job' ORDER BY id")
        return list((await connection.execute(query, {"id": job_id})).scalars())


async def test_the_log_has_what_a_job_cost_that_is_deleted_while_it_is_still_asked_about(database: str) -> None:
    async with opened(database, listening=False) as plain:
        ledger, running = logged(plain), made(state=states.QUEUED)
        await ledger.record(running)
        late = {"code": "timeout", "message": ""}
        now = datetime.now(UTC)
        await ledger.move(running.id, states.FAILED, error=late, completed_at=now, reconcile_at=now, cost_usd=D("0.3"))
        assert await costs(ledger, running.id) == [None], "it is not settled"
        await ledger.delete(running.id, settling.finished)
        assert await costs(ledger, running.id) == [D("0.3")]


async def test_the_log_has_what_a_job_cost_once(database: str) -> None:
    async with opened(database, listening=False) as plain:
        ledger, lost = logged(plain), made(state=states.SUBMITTING, native_id=None)
        await ledger.record(lost)
        await ledger.move(lost.id, states.UNKNOWN)  # an end, for its caller
        await ledger.delete(lost.id)  # another
        await ledger.settle(lost.id)
        assert await costs(ledger, lost.id) == [None, D("0.8")]


async def test_a_provider_that_cancels_a_job_has_one_row_in_the_log_though_it_is_deleted(database: str) -> None:
    async with opened(database, listening=False) as plain:
        ledger, running = logged(plain), made(state=states.QUEUED)
        await ledger.record(running)
        await ledger.move(running.id, states.FAILED, **values_of(Snapshot("n", "failed", error_code="cancelled")))
        await ledger.delete(running.id)
        assert await costs(ledger, running.id) == [D("0.8")]


# ---- who waits for whom ---------------------------------------------------------------------------------------------


async def metered(ledger: Ledger) -> str:
    """A budget of ten dollars."""
    budget = f"budget_{ULID()}".lower()
    async with ledger.engine.begin() as connection:
        known = {"id": budget, "kind": "budget", "metric": "usd", "scope": "team", "scope_id": budget}
        await connection.execute(insert(meters).values(**known, maximum=10, source="api"))
    return budget


async def test_a_dry_run_waits_for_nobody_and_judges_as_a_create_does(database: str) -> None:
    async with opened(database, listening=False) as ledger:
        budget = await metered(ledger)
        async with ledger.engine.begin() as busy, asyncio.timeout(10):
            await busy.execute(select(meters.c.id).where(meters.c.id == budget).with_for_update())
            (standing,) = await ledger.standing({budget: D(4)})
            assert (standing.held, standing.left) == (4, 6)
            with pytest.raises(Exhausted):
                await ledger.standing({budget: D(11)})


async def test_meters_are_not_locked_while_others_are_told_of_an_end(database: str) -> None:
    async with opened(database, listening=False) as plain:
        budget, told = await metered(plain), []

        async def on_end(_: AsyncConnection, job: Job) -> None:
            async with plain.engine.begin() as other:
                free = select(meters.c.id).where(meters.c.id == budget).with_for_update(nowait=True)
                told.append((job.settled_at is not None, (await other.execute(free)).scalar_one()))

        ledger = Ledger(plain.engine, on_end=on_end)
        running = made(state=states.STORING, holds={budget: "0.8"})
        await ledger.record(running)
        await ledger.move(running.id, states.COMPLETED)
        assert told == [(True, budget)]
        (standing,) = await ledger.standing({budget: D(0)})
        assert (standing.used, standing.held) == (D("0.8"), 0)


async def test_a_stay_is_counted_once_and_only_if_there_is_room_for_what_follows(database: str) -> None:
    async with opened(database, listening=False) as ledger:
        first, second = await metered(ledger), await metered(ledger)
        running = made(state=states.QUEUED, holds={first: "0.8"})
        await ledger.record(running)
        stay = settling.account(replace(running, state=states.FAILED), CAREFUL)

        async def shown() -> list[tuple[Decimal, Decimal]]:
            found = {each.id: (each.used, each.held) for each in await ledger.standing({first: D(0), second: D(0)})}
            return [found[first], found[second]]

        with pytest.raises(Exhausted):
            await ledger.move_on(running.id, stay, {second: "11"}, provider="azure")
        assert await shown() == [(0, D("0.8")), (0, 0)] and (await ledger.get(running.id) or running).state == "queued"
        moved, taken = await ledger.move_on(running.id, stay, {second: "2"}, provider="azure", native_id=None)
        assert moved is not None and (moved.state, moved.provider, moved.holds) == (
            "submitting",
            "azure",
            {second: "2"},
        )
        assert [each.id for each in taken] == [second]
        assert await ledger.move_on(running.id, stay, {second: "2"}) == (None, [])  # who did not hear of it tries again
        assert await shown() == [(D("0.8"), 0), (0, 2)]
        await ledger.move(running.id, states.FAILED, error={"code": "x", "message": ""})  # of which nothing was made
        assert await shown() == [(D("0.8"), 0), (0, 0)]


@pytest.mark.parametrize("holds", [None, {}, {"limit_gone": "1"}])
async def test_what_holds_no_place_gives_none_back(database: str, holds: dict[str, str] | None) -> None:
    async with opened(database, listening=False) as ledger:
        lost = made(state=states.SUBMITTING, native_id=None, holds=holds)
        await ledger.record(lost)
        unknown = await ledger.move(lost.id, states.UNKNOWN)
        assert unknown is not None and unknown.holds == holds and unknown.ended


async def test_seconds_that_nobody_knows_count_as_what_was_held(database: str) -> None:
    async with opened(database, listening=False) as ledger:
        budget = await metered(ledger)
        async with ledger.engine.begin() as connection:
            await connection.execute(update(meters).where(meters.c.id == budget).values(metric="seconds"))
        running = made(state=states.STORING, price=None, seconds=None, holds={budget: "8"})
        await ledger.record(running)
        await ledger.move(running.id, states.COMPLETED)
        (standing,) = await ledger.standing({budget: D(0)})
        assert (standing.used, standing.held) == (8, 0)
