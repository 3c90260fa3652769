"""The end of a job is told in the transaction that makes it so: every end, and nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from handlers.jobs import states
from handlers.jobs.database import engine_for
from handlers.jobs.ledger import Job, Ledger
from tests.handlers.test_ledger import database, job, psycopg_url

__all__ = ["database"]

LATER = datetime.now(UTC) + timedelta(hours=1)
Change = Callable[[Ledger, str], Awaitable[object]]


class Ear:
    """Hears of ends, or fails to."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.heard: list[Job] = []
        self.deaf = deaf

    async def __call__(self, connection: AsyncConnection, ended: Job) -> None:
        if self.deaf:
            raise OSError("not now")
        self.heard.append(ended)


@contextlib.asynccontextmanager
async def ledger_with(url: str, ear: Ear) -> AsyncIterator[Ledger]:
    engine = engine_for(psycopg_url(url))
    yield Ledger(engine, on_end=ear)
    await engine.dispose()


def move(state: str, **values: object) -> Change:
    return lambda ledger, job_id: ledger.move(job_id, state, **values)


TIMED_OUT = {"code": states.TIMED_OUT, "message": "…"}
ENDS: list[tuple[str, dict[str, object], Change, str]] = [
    ("completed", {"state": states.STORING}, move(states.COMPLETED), "completed"),
    ("failed", {"state": states.QUEUED}, move(states.FAILED), "failed"),
    ("refused at once", {"state": states.SUBMITTING}, move(states.FAILED), "failed"),
    ("unknown, with nobody to ask", {"state": states.SUBMITTING}, move(states.UNKNOWN), "failed"),
    (
        "unknown for good",
        {"state": states.UNKNOWN, "reconcile_at": LATER},
        lambda ledger, it: ledger.put_off(it, None),
        "failed",
    ),
    ("an operator closes it", {"state": states.UNKNOWN}, move(states.FAILED), "failed"),
    ("late", {"state": states.FAILED, "error": TIMED_OUT}, lambda ledger, it: ledger.finish_late(it), "completed"),
    ("deleted while it runs", {"state": states.IN_PROGRESS}, lambda ledger, it: ledger.delete(it), "failed"),
    ("deleted when it is done", {"state": states.COMPLETED}, lambda ledger, it: ledger.delete(it), "completed"),
]
NO_ENDS: list[tuple[str, dict[str, object], Change]] = [
    ("accepted", {"state": states.SUBMITTING}, move(states.QUEUED)),
    ("begun", {"state": states.QUEUED}, move(states.IN_PROGRESS)),
    ("done, and yet to be fetched", {"state": states.IN_PROGRESS}, move(states.STORING)),
    ("unknown, being asked for", {"state": states.SUBMITTING}, move(states.UNKNOWN, reconcile_at=LATER)),
    ("found", {"state": states.UNKNOWN, "reconcile_at": LATER}, move(states.QUEUED)),
    ("placed again", {"state": states.IN_PROGRESS}, move(states.SUBMITTING)),
    (
        "asked for again later",
        {"state": states.UNKNOWN, "reconcile_at": LATER},
        lambda ledger, it: ledger.put_off(it, LATER),
    ),
    ("ended before", {"state": states.COMPLETED}, move(states.FAILED)),
    (
        "not asked for any more",
        {"state": states.FAILED, "reconcile_at": LATER},
        lambda ledger, it: ledger.put_off(it, None),
    ),
    ("its answer is kept", {"state": states.FAILED}, lambda ledger, it: ledger.note(it, answer={})),
]


@pytest.mark.parametrize(("fields", "change", "status"), [end[1:] for end in ENDS], ids=[end[0] for end in ENDS])
async def test_an_end_is_told_once(database: str, fields: dict[str, object], change: Change, status: str) -> None:
    ear = Ear()
    async with ledger_with(database, ear) as ledger:
        await ledger.record(running := job(**fields))
        for _ in range(2):
            await change(ledger, running.id)
        assert [(told.id, told.status.value) for told in ear.heard] == [(running.id, status)]
        written = await ledger.get(running.id)
        assert written is not None and written.status == status


@pytest.mark.parametrize(("fields", "change"), [each[1:] for each in NO_ENDS], ids=[each[0] for each in NO_ENDS])
async def test_what_is_no_end_is_not_told(database: str, fields: dict[str, object], change: Change) -> None:
    ear = Ear()
    async with ledger_with(database, ear) as ledger:
        await ledger.record(running := job(**fields))
        await change(ledger, running.id)
        assert ear.heard == []


@pytest.mark.parametrize(("fields", "change", "status"), [end[1:] for end in ENDS], ids=[end[0] for end in ENDS])
async def test_an_end_that_cannot_be_told_is_not_written(
    database: str, fields: dict[str, object], change: Change, status: str
) -> None:
    ear = Ear(deaf=True)
    async with ledger_with(database, ear) as ledger:
        await ledger.record(running := job(**fields))
        with pytest.raises(OSError, match="not now"):
            await change(ledger, running.id)
        assert await ledger.get(running.id) == running
        ear.deaf = False
        await change(ledger, running.id)
        assert [told.status.value for told in ear.heard] == [status]
