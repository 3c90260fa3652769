"""Durable tasks, on Procrastinate: what a transaction begins is done by some process, whichever of them dies.

A task is inserted in the transaction that makes it necessary, so neither exists without the other. When its process stops or
dies, the task goes back to its queue and another process (or the next start) takes over.

A task counts how often it was put back. Task and count together are a turn: a process that was wrongly taken for dead still has
the turn before, with which it changes nothing any more, and which it gives up when it looks at the table next.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import procrastinate
import psycopg
import structlog
from procrastinate import exceptions as procrastinate_errors
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncConnection

from .database import IDLE

log = structlog.get_logger()

HEARTBEAT: Final = 2.0  # seconds between two signs of life of a worker
DEAD_AFTER: Final = 10.0  # seconds without one after which its tasks are taken over
FETCH: Final = 0.25  # seconds between two looks at a queue

RECONNECT: Final = (
    2.0  # seconds: the pool waits twice as long after every try to connect, and begins anew after that long
)

Task = procrastinate.tasks.Task[Any, Any, Any]

Turn = tuple[int, int]
"""The id of a task, and how often it had been put back when it was given to a process."""

FINISH = "DELETE FROM procrastinate_jobs WHERE id = %(id)s AND attempts = %(attempts)s AND status = 'doing'"
DOING = """
    SELECT id, attempts FROM procrastinate_jobs
    WHERE status = 'doing' AND queue_name = %(queue)s AND worker_id = ANY(%(workers)s)
"""
PUT_BACK = """
    WITH given AS (
        SELECT id, queueing_lock, EXISTS (
            SELECT FROM procrastinate_jobs other WHERE other.status = 'todo' AND other.queueing_lock = task.queueing_lock
        ) AS waits_already
        FROM procrastinate_jobs task WHERE status = 'doing' AND ({}) FOR UPDATE SKIP LOCKED
    ), needless AS (
        DELETE FROM procrastinate_jobs task USING given WHERE task.id = given.id AND waits_already
    )
    UPDATE procrastinate_jobs task SET status = 'todo', attempts = attempts + 1, scheduled_at = %(due)s
    FROM given WHERE task.id = given.id AND NOT waits_already RETURNING task.lock
"""
"""Tasks under way -> the queue. Where another of the same subject waits already, that one is enough."""
PUT_BACK_ONE = PUT_BACK.format("id = %(id)s AND attempts = %(attempts)s")
PUT_BACK_ASTRAY = PUT_BACK.format("(id, attempts) IN (SELECT * FROM unnest(%(ids)s::bigint[], %(attempts)s::int[]))")
PUT_BACK_STALLED = PUT_BACK.format("""
    queue_name = %(queue)s AND (worker_id IS NULL OR worker_id <> ALL(%(workers)s) AND NOT EXISTS (
        SELECT FROM procrastinate_workers worker
        WHERE worker.id = worker_id AND last_heartbeat >= now() - make_interval(secs => %(dead_after)s)
    ))
""")


class AlreadyBegun(Exception):
    """There is such a task: whoever thought that its transaction had failed was wrong."""


class Turns(JobManager):
    """What this process does, and what the table says about it. Only a turn that is still ours is written about."""

    def __init__(self, connector: procrastinate.connector.BaseConnector) -> None:
        super().__init__(connector)
        self._workers: set[int] = set()
        self._given: dict[Turn, str] = {}  # to their queues, until what became of it is written down, or cannot be
        self._running: dict[Turn, asyncio.Task[Any]] = {}
        self._astray: dict[str, set[Turn]] = {}
        self._looked: dict[str, float] = {}

    @contextmanager
    def running(self, job: Job) -> Iterator[None]:
        """The current asyncio task does it."""
        task = asyncio.current_task()
        assert task is not None, "it is called by one"
        self._given[_turn(job)], self._running[_turn(job)] = job.queue, task
        try:
            yield
        finally:
            del self._running[_turn(job)]

    async def register_worker(self) -> int:
        worker = await super().register_worker()
        self._workers.add(worker)
        return worker

    async def unregister_worker(self, worker_id: int) -> None:
        await super().unregister_worker(worker_id)
        self._workers.discard(worker_id)

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        await self._end(job, FINISH)

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        await self._end(job, PUT_BACK_ONE, due=retry_at)

    async def _end(self, job: Job, statement: str, **values: Any) -> None:
        turn = _turn(job)
        try:
            await self.connector.execute_query_async(statement, id=turn[0], attempts=turn[1], **values)
        except procrastinate_errors.ConnectorException as error:  # `compare` will find it
            log.warning("the end of a task cannot be written down", task=turn[0], error=str(error.__cause__ or error))
        finally:
            self._given.pop(turn, None)

    async def compare(self, queue: str) -> None:
        """Set right what this process and the table disagree about, as they may after the database was away."""
        here = {turn for turn, its_queue in self._given.items() if its_queue == queue}
        rows = await self.connector.execute_query_all_async(DOING, queue=queue, workers=[*self._workers])
        there = {(row["id"], row["attempts"]) for row in rows}
        for turn in (here - there) & self._running.keys():
            log.warning("another process has taken over a task", queue=queue, task=turn[0])
            self._running[turn].cancel()
        # What was given just now may not have got here yet, so a turn is astray only when it is for the second time.
        astray = there - self._given.keys()
        lost = sorted(astray & self._astray.get(queue, set()))
        self._astray[queue] = astray
        if lost:
            ids, attempts = (list(part) for part in zip(*lost, strict=True))
            log.warning("tasks that nobody does any more go back to their queue", queue=queue, count=len(lost))
            await self.connector.execute_query_async(PUT_BACK_ASTRAY, ids=ids, attempts=attempts, due=datetime.now(UTC))

    async def take_over(self, queue: str) -> list[str]:
        """Put the tasks of dead workers back into their queue; their subjects."""
        looked, self._looked[queue] = self._looked.get(queue), time.monotonic()
        if looked is not None and time.monotonic() - looked > DEAD_AFTER - HEARTBEAT:
            return []  # the database was away, and whoever lives is given the time to say so
        rows = await self.connector.execute_query_all_async(
            PUT_BACK_STALLED, queue=queue, workers=[*self._workers], dead_after=DEAD_AFTER, due=datetime.now(UTC)
        )
        return [row["lock"] for row in rows]


def _turn(job: Job) -> Turn:
    assert job.id is not None, "it comes from the table"
    return job.id, job.attempts


class Tasks:
    """The tasks of this process. Every kind has a queue of its own, so that a full one keeps no other waiting."""

    def __init__(self, url: URL) -> None:
        self._conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._app = procrastinate.App(connector=procrastinate.PsycopgConnector())
        self._app.job_manager = self._turns = Turns(self._app.connector)

    def add(
        self, queue: str, function: Callable[[str], Awaitable[None]], retry: procrastinate.BaseRetryStrategy
    ) -> Task:
        """Have `function` called with the subject of every task in `queue`."""

        async def do(context: procrastinate.JobContext, subject: str) -> None:
            with self._turns.running(context.job):
                await function(subject)

        return self._app.task(name=queue, queue=queue, retry=retry, pass_context=True)(do)

    async def open(self) -> None:
        # Each call of Procrastinate is one statement: a transaction around it would be two more for nothing.
        self._pool = AsyncConnectionPool(
            self._conninfo,
            min_size=1,
            max_size=8,
            open=False,
            check=_alive,
            configure=_autocommit,
            reconnect_timeout=RECONNECT,
            reconnect_failed=AsyncConnectionPool.check,
        )
        await self._pool.open(wait=True)
        await self._app.open_async(self._pool)

    async def close(self) -> None:
        await self._app.close_async()
        await self._pool.close()

    async def begin(self, task: Task, subject: str, connection: AsyncConnection | None = None) -> None:
        """Have a task done for the subject, once the connection's transaction is committed. Raises AlreadyBegun.

        At most one task of a subject waits, and at most one is under way.
        """
        raw = (await connection.get_raw_connection()).driver_connection if connection is not None else None
        own = {"connection": raw} if raw is not None else {}
        try:
            await task.configure(lock=subject, queueing_lock=subject, **own).defer_async(subject=subject)
        except procrastinate_errors.AlreadyEnqueued:
            raise AlreadyBegun from None

    async def work(self, queue: str, concurrency: int) -> None:
        """Do the tasks of a queue until the database is lost or it is cancelled."""
        await self._app.run_worker_async(
            queues=[queue],
            listen_notify=False,  # a look at the queue for each insert costs more than one now and then
            fetch_job_polling_interval=FETCH,
            concurrency=concurrency,
            install_signal_handlers=False,
            shutdown_graceful_timeout=0,  # tasks go back to the queue at once; none has to finish first
            delete_jobs="successful",
            update_heartbeat_interval=HEARTBEAT,
            stalled_worker_timeout=DEAD_AFTER,
        )

    async def work_for_ever(self, queue: str, concurrency: int) -> None:
        """Do the tasks of a queue until cancelled, coming back after every loss of the database."""
        while True:
            try:
                await self.work(queue, concurrency)
            except (procrastinate_errors.ProcrastinateException, OSError) as error:
                log.warning("a worker stopped and starts again", queue=queue, error=str(error.__cause__ or error))
            await asyncio.sleep(1)

    async def take_over(self, queue: str) -> None:
        """Put back into the queue what nobody does any more: the tasks of dead workers, and those that went astray here."""
        await self._turns.compare(queue)
        for subject in await self._turns.take_over(queue):
            log.info("taking over from a dead worker", queue=queue, subject=subject)


_asked: weakref.WeakKeyDictionary[psycopg.AsyncConnection[Any], float] = weakref.WeakKeyDictionary()


async def _alive(connection: psycopg.AsyncConnection[Any]) -> None:
    """Ask a pooled connection whether it lives, unless it was asked just now."""
    if time.monotonic() - _asked.get(connection, 0.0) > IDLE:
        await AsyncConnectionPool.check_connection(connection)
        _asked[connection] = time.monotonic()


async def _autocommit(connection: psycopg.AsyncConnection[Any]) -> None:
    # Not as an argument of the pool: Procrastinate opens its listening connection with those, and sets it there itself.
    await connection.set_autocommit(True)
