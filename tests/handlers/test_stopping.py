"""What is to end ends: waits with their patience, and a process that is stopped, whatever hangs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import insert, make_url, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from handlers import worker
from handlers.access import polls
from handlers.access.polls import Count, Polls
from handlers.dispatch.dispatcher import Dispatcher
from handlers.dispatch.placing import Placing
from handlers.jobs import holds
from handlers.jobs.access_tables import meters
from handlers.jobs.database import engine_for, migrate
from handlers.jobs.journal import Journal
from handlers.jobs.ledger import Job, Ledger
from handlers.providers.adapter import Snapshot
from handlers.worker import ended
from tests.gateway import drop_database, new_database, running
from tests.handlers.wire import dsn

NOW = datetime.now(UTC)
JOB = Job(
    id="video_1",
    owner="alice",
    kind="generation",
    state="queued",
    provider="runway",
    model="gen4.5",
    request={},
    created_at=NOW,
    updated_at=NOW,
    deadline_at=NOW,
)


@pytest.fixture
async def engine() -> AsyncIterator[AsyncEngine]:
    url = new_database()
    engine = engine_for(make_url(url).set(drivername="postgresql+psycopg"))
    await migrate(engine)
    yield engine
    await engine.dispose()
    drop_database(url)


async def test_patience_ends_also_when_a_change_is_heard_at_that_moment() -> None:
    class Still(Ledger):
        async def get(self, job_id: str) -> Job | None:
            return replace(JOB, id=job_id)

    ledger = Still(engine_for(make_url("postgresql+psycopg://nowhere")))
    ledger.cache.trusted = True

    def hear() -> None:
        ledger.cache.forget(JOB.id)
        time.sleep(0.1)  # until then the loop is busy, so what comes next is the patience's end and the change at once

    asyncio.get_running_loop().call_later(0.45, hear)
    async with asyncio.timeout(5):
        assert (await ledger.ended(JOB, 0.5)).state == "queued"


@pytest.mark.parametrize("passes", range(5))
async def test_a_log_that_is_full_as_it_is_to_end_ends(engine: AsyncEngine, passes: int) -> None:
    journal = Journal(engine, kept=30, content=True)
    writing = asyncio.create_task(journal.run())
    await asyncio.sleep(0.1)
    journal._full.set()
    for _ in range(passes):
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await ended([writing])
    assert writing.done()


async def test_what_a_provider_has_taken_is_written_down_while_the_server_stops() -> None:
    class Away:
        """A ledger whose database is away for a while."""

        written: dict[str, Any] | None = None
        back = time.monotonic() + 2.5

        async def move(self, job_id: str, state: str, **values: Any) -> Job:
            if time.monotonic() < self.back:
                raise OperationalError("away", None, Exception("away"))
            self.written = values
            return JOB

    ledger: Any = Away()
    dispatcher = Dispatcher.__new__(Dispatcher)
    dispatcher._offers = set()
    placing = Placing(ledger, None, JOB)  # type: ignore[arg-type]
    taken: Any = placing._accept(None, None, Snapshot("native", "queued"), {"provider": "runway"})  # type: ignore[arg-type]
    request = asyncio.create_task(dispatcher._through(placing, taken))
    await asyncio.sleep(0.1)
    await dispatcher.close()
    assert ledger.written == {"provider": "runway"}
    await asyncio.gather(request, return_exceptions=True)


@pytest.mark.parametrize(("locked", "used"), [(True, 0), (False, 3)])
async def test_polls_are_shared_in_the_end_but_not_waited_for(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, locked: bool, used: int
) -> None:
    monkeypatch.setattr(polls, "FAREWELL", 0.2 if locked else 5)
    counted = {"id": "m1", "kind": "rate_limit", "metric": "polls", "scope": "virtual_key", "scope_id": "vk_1"}
    limit = {"reset_duration": "1h", "maximum": 1000, "window_began": NOW}
    async with engine.begin() as connection:
        await connection.execute(insert(meters).values(**counted, **limit))
        (standing,) = await holds.standing(connection, ["m1"])
    counting = Polls(engine)
    counting._counts["m1"] = Count(standing)
    counting._counts["m1"].here = 3
    async with engine.connect() as other:
        if locked:
            await other.execute(select(meters).with_for_update())
        task = asyncio.create_task(counting.work())
        await asyncio.sleep(0.05)
        async with asyncio.timeout(10):
            await ended([task])
        assert (await other.execute(select(meters.c.used))).scalar_one() == used


async def test_what_does_not_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "FAREWELL", 0.1)
    hangs = asyncio.Event()

    async def stubborn() -> None:
        while not hangs.is_set():
            try:
                await hangs.wait()
            except asyncio.CancelledError:
                continue

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await ended([task])
    assert not task.done()
    hangs.set()
    await task


def test_a_gateway_stops_while_somebody_has_the_rows_of_its_workers(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        gateway.create("[sandbox:stuck]")
        blocker = psycopg.connect(dsn(gateway))
        blocker.execute("SELECT * FROM workers FOR UPDATE")
        began = time.monotonic()
    assert time.monotonic() - began < 19  # after 20 s it would be given up, without a word
    blocker.close()
