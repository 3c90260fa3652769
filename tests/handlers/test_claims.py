"""Claims last as long as their process: with a real PostgreSQL, and processes that die, hang and come back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine
from ulid import ULID

from handlers.jobs import claims, states
from handlers.jobs.claims import Claims
from handlers.jobs.database import engine_for
from handlers.jobs.ledger import Ledger
from tests.handlers.test_ledger import database, job, psycopg_url

__all__ = ["database"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("BEAT", 0.1), ("PATIENCE", 0.4), ("DEAD_AFTER", 1.0)):
        monkeypatch.setattr(claims, name, seconds)


class Process:
    """What a process that works has: a ledger, and claims that it keeps as long as it lives."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.ledger = Ledger(engine)
        self.claims = Claims(engine)
        self.losses = 0
        self.claims.on_loss(self._lost)
        self._life = asyncio.create_task(self.claims.run())

    def _lost(self) -> None:
        self.losses += 1

    async def claim(self, most: int = 100) -> set[str]:
        await until(lambda: self.claims.hold)
        assert self.claims.worker is not None
        return {each.id for each in await self.ledger.claim(self.claims.worker, most)}

    async def die(self) -> None:
        """As by kill -9: nothing is given back."""
        self.claims.worker = None
        await self.stop()

    async def stop(self) -> None:
        self._life.cancel()
        await asyncio.gather(self._life, return_exceptions=True)


@contextlib.asynccontextmanager
async def alive(url: str) -> AsyncIterator[Process]:
    engine = engine_for(psycopg_url(url))
    process = Process(engine)
    try:
        yield process
    finally:
        await process.stop()
        await engine.dispose()


async def until(happened: Callable[[], Any], patience: float = 10) -> None:
    async with asyncio.timeout(patience):
        while not happened():  # noqa: ASYNC110  nothing tells
            await asyncio.sleep(0.02)


async def running(process: Process, count: int = 3, **values: Any) -> set[str]:
    """Jobs that run and that nobody follows."""
    owner = str(ULID())
    made = [job(owner=owner, **{"state": states.QUEUED, "native_id": "n", **values}) for _ in range(count)]
    for each in made:
        await process.ledger.record(each)
    return {each.id for each in made}


async def worker_of(process: Process, job_id: str) -> str | None:
    async with process.engine.connect() as connection:
        found = await connection.execute(text("SELECT worker FROM jobs WHERE id = :id"), {"id": job_id})
        worker: str | None = found.scalar_one()
        return worker


async def test_a_job_is_claimed_by_one(database: str) -> None:
    async with alive(database) as one, alive(database) as other:
        made = await running(one, 40)
        first, second = await asyncio.gather(one.claim(30), other.claim(30))
        assert not first & second
        assert made <= first | second | await one.claim() | await other.claim()


async def test_only_what_runs_is_claimed(database: str) -> None:
    async with alive(database) as one:
        await one.claim(1000)
        for state in set(states.NEXT) - states.TRACKED:
            await running(one, 1, state=state)
        (deleted,) = await running(one, 1)
        assert await one.ledger.delete(deleted)
        assert await one.claim() == set()


async def test_what_a_process_stops_with_is_free_at_once(database: str) -> None:
    async with alive(database) as other:
        async with alive(database) as one:
            made = await running(one)
            assert made <= await one.claim()
            assert not made & await other.claim()
        assert made <= await other.claim()


async def test_what_a_process_dies_with_is_free_after_a_while(database: str) -> None:
    async with alive(database) as one, alive(database) as other:
        made = await running(one)
        assert made <= await one.claim()
        await one.die()
        assert not made & await other.claim(), "it may yet be alive"
        taken: set[str] = set()
        async with asyncio.timeout(10):
            while not made <= taken:
                taken |= await other.claim()
                await asyncio.sleep(0.05)
        assert other.losses == 0


async def test_who_was_taken_for_dead_learns_it_and_gets_nothing_under_its_old_name(database: str) -> None:
    async with alive(database) as one:
        made = await running(one)
        assert made <= await one.claim()
        old = one.claims.worker
        assert old is not None
        async with one.engine.begin() as connection:
            await connection.execute(text("DELETE FROM workers WHERE id = :id"), {"id": old})
        assert await worker_of(one, next(iter(made))) is None
        with pytest.raises(IntegrityError):
            await one.ledger.claim(old, 10)
        await until(lambda: one.losses == 1)
        await until(lambda: one.claims.hold)
        assert one.claims.worker != old
        assert made <= await one.claim()


async def test_who_cannot_give_a_sign_of_life_stops_before_others_take_over(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with alive(database) as one, alive(database) as other:
        made = await running(one)
        assert made <= await one.claim()

        async def hangs() -> None:
            await asyncio.sleep(3600)

        monkeypatch.setattr(one.claims, "_beat", hangs)  # as when its connection to the database is dead
        await until(lambda: not one.claims.hold)
        assert not made & await other.claim(), "it stops earlier than it is taken for dead"
        await until(lambda: one.losses == 1)
        taken: set[str] = set()
        async with asyncio.timeout(10):
            while not made <= taken:
                taken |= await other.claim()
                await asyncio.sleep(0.05)


async def test_a_job_that_has_ended_is_nobodys(database: str) -> None:
    async with alive(database) as one:
        for end in (
            lambda job_id: one.ledger.move(job_id, states.COMPLETED),
            lambda job_id: one.ledger.move(job_id, states.FAILED),
            lambda job_id: one.ledger.delete(job_id),
        ):
            (made,) = await running(one, 1)
            await one.claim()
            assert await worker_of(one, made) == one.claims.worker
            for state in (states.IN_PROGRESS, states.STORING):
                await one.ledger.move(made, state)
                assert await worker_of(one, made) == one.claims.worker
            await end(made)
            assert await worker_of(one, made) is None
