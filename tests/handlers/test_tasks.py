"""Tasks that outlive their processes, and processes that lose their database."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import psycopg
import pytest
from procrastinate import RetryStrategy
from sqlalchemy import make_url

from handlers.jobs import tasks
from handlers.jobs.database import engine_for, migrate
from handlers.jobs.tasks import Tasks
from tests.gateway import new_database
from tests.handlers.wire import Cable

QUEUE = "tests"
INSERT = """
    INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args, status)
    SELECT 'tests', 'tests', subject, subject, jsonb_build_object('subject', subject), %s::procrastinate_job_status
    FROM unnest(%s::text[]) subject
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "HEARTBEAT", 0.2)
    monkeypatch.setattr(tasks, "DEAD_AFTER", 1.0)
    monkeypatch.setattr(tasks, "FETCH", 0.05)


@pytest.fixture
async def database() -> str:
    url = new_database()
    engine = engine_for(make_url(url).set(drivername="postgresql+psycopg"))
    await migrate(engine)
    await engine.dispose()
    return url


@contextlib.asynccontextmanager
async def process(database: str, function: Callable[[str], Awaitable[None]]) -> AsyncIterator[Tasks]:
    """What a worker does about its tasks."""
    mine = Tasks(make_url(database))
    mine.begun = mine.add(QUEUE, function, RetryStrategy(wait=0))  # type: ignore[attr-defined]
    await mine.open()

    async def look() -> None:
        while True:
            with contextlib.suppress(tasks.procrastinate_errors.ProcrastinateException):
                await mine.take_over(QUEUE)
            await asyncio.sleep(0.3)

    async with asyncio.TaskGroup() as group:
        running = [group.create_task(each) for each in (mine.work_for_ever(QUEUE, 10_000), look())]
        yield mine
        for each in running:
            each.cancel()
    await mine.close()


async def until(happened: Callable[[], object], patience: float = 10) -> None:
    end = time.monotonic() + patience
    while not happened():
        assert time.monotonic() < end, f"it has not happened after {patience} s"
        await asyncio.sleep(0.02)


def ask(database: str, query: str, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(database, autocommit=True) as connection:
        cursor = connection.execute(query.encode(), values)
        return cursor.fetchall() if cursor.description else []


async def never_ends(subject: str) -> None:
    await asyncio.sleep(3600)


FAILS_ONCE = """
    CREATE SEQUENCE tries;
    CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF nextval('tries') = 1 THEN RAISE 'the connection is lost'; END IF; RETURN NEW; END $$;
    CREATE TRIGGER fail_once BEFORE UPDATE ON procrastinate_jobs
        FOR EACH ROW WHEN (OLD.status = 'doing') EXECUTE FUNCTION fail_once();
"""
"""The first time that a task under way is to be put back, it is not."""


async def test_a_task_whose_failure_cannot_be_written_down_is_done_again(database: str) -> None:
    done: list[str] = []

    async def fails_once(subject: str) -> None:
        done.append(subject)
        if len(done) == 1:
            raise ConnectionError("the database is gone")

    ask(database, FAILS_ONCE)
    async with process(database, fails_once) as worker:
        await worker.begin(worker.begun, "again")  # type: ignore[attr-defined]
        await until(lambda: done == ["again", "again"])
        await until(lambda: ask(database, "SELECT count(*) FROM procrastinate_jobs") == [(0,)])


async def test_a_process_that_was_taken_for_dead_gives_up_what_another_does_now(database: str) -> None:
    under_way = {"first": 0, "second": 0}

    def counting(name: str) -> Callable[[str], Awaitable[None]]:
        async def do(subject: str) -> None:
            under_way[name] += 1
            try:
                await asyncio.sleep(3600)
            finally:
                under_way[name] -= 1

        return do

    async with process(database, counting("first")) as first:
        await first.begin(first.begun, "contested")  # type: ignore[attr-defined]
        await until(lambda: under_way["first"])
        async with process(database, counting("second")):
            ask(database, "UPDATE procrastinate_jobs SET worker_id = NULL")
            await until(
                lambda: ask(database, "SELECT status::text, attempts FROM procrastinate_jobs") == [("doing", 1)]
            )
            await asyncio.sleep(1)
            assert sum(under_way.values()) == 1
            assert ask(database, "SELECT status::text, attempts FROM procrastinate_jobs") == [("doing", 1)]


async def test_a_task_that_waits_already_is_not_put_back_beside_itself(database: str) -> None:
    done: list[str] = []

    async def note(subject: str) -> None:
        done.append(subject)

    ask(database, INSERT, "doing", ["twice"])
    ask(database, INSERT, "todo", ["twice"])
    async with process(database, note):
        await until(lambda: done == ["twice"])
        await until(lambda: ask(database, "SELECT count(*) FROM procrastinate_jobs") == [(0,)])


async def test_thousands_of_tasks_of_a_dead_worker_are_taken_over_at_once(database: str) -> None:
    mine = Tasks(make_url(database))
    await mine.open()
    try:
        ask(database, INSERT, "doing", [f"task {number}" for number in range(5000)])
        began = time.monotonic()
        await asyncio.gather(mine.take_over(QUEUE), mine.take_over(QUEUE))
        assert time.monotonic() - began < 2
        assert ask(database, "SELECT status::text, attempts, count(*) FROM procrastinate_jobs GROUP BY 1, 2") == [
            ("todo", 1, 5000)
        ]
    finally:
        await mine.close()


async def test_after_the_database_was_away_everybody_gets_a_moment_to_say_that_he_lives(database: str) -> None:
    mine = Tasks(make_url(database))
    await mine.open()
    try:
        await mine.take_over(QUEUE)
        ask(database, INSERT, "doing", ["alive"])
        await asyncio.sleep(tasks.DEAD_AFTER)
        await mine.take_over(QUEUE)
        assert ask(database, "SELECT status::text FROM procrastinate_jobs") == [("doing",)]
        await mine.take_over(QUEUE)
        assert ask(database, "SELECT status::text FROM procrastinate_jobs") == [("todo",)]
    finally:
        await mine.close()


async def test_tasks_go_on_soon_after_a_long_absence_of_the_database(database: str) -> None:
    done: list[str] = []

    async def note(subject: str) -> None:
        done.append(subject)

    with Cable(database).plugged_in() as cable:
        async with process(cable.url, note):
            cable.pull()
            await asyncio.sleep(9)
            ask(database, INSERT, "todo", ["late"])
            cable.plug()
            await until(lambda: done == ["late"], patience=3.5)
