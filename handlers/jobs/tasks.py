"""Durable tasks, on Procrastinate: what a transaction begins is done by some process, whichever of them dies.

A task is inserted in the transaction that makes it necessary, so neither exists without the other. When its process stops or
dies, the task goes back to its queue and another process (or the next start) takes over.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

import procrastinate
import psycopg
import structlog
from procrastinate import exceptions as procrastinate_errors
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncConnection

from .database import IDLE

log = structlog.get_logger()

HEARTBEAT: Final = 2.0  # seconds between two signs of life of a worker
DEAD_AFTER: Final = 10.0  # seconds without one after which its tasks are taken over
FETCH: Final = 0.25  # seconds between two looks at a queue

Task = procrastinate.tasks.Task[Any, Any, Any]


class AlreadyBegun(Exception):
    """There is such a task: whoever thought that its transaction had failed was wrong."""


class Tasks:
    """The tasks of this process. Every kind has a queue of its own, so that a full one keeps no other waiting."""

    def __init__(self, url: URL) -> None:
        self._conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._app = procrastinate.App(connector=procrastinate.PsycopgConnector())

    def add(
        self, queue: str, function: Callable[[str], Awaitable[None]], retry: procrastinate.BaseRetryStrategy
    ) -> Task:
        """Have `function` called with the subject of every task in `queue`."""
        return self._app.task(name=queue, queue=queue, retry=retry)(function)

    async def open(self) -> None:
        # Each call of Procrastinate is one statement: a transaction around it would be two more for nothing.
        self._pool = AsyncConnectionPool(
            self._conninfo, min_size=1, max_size=8, open=False, check=_alive, configure=_autocommit
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
                log.warning("a worker stopped and starts again", queue=queue, error=str(error))
            await asyncio.sleep(1)

    async def take_over(self, queue: str) -> None:
        """Put the tasks of dead workers back into the queue."""
        for stalled in await self._app.job_manager.get_stalled_jobs(queue=queue, seconds_since_heartbeat=DEAD_AFTER):
            log.info("taking over from a dead worker", queue=queue, subject=stalled.lock)
            try:
                await self._put_back(stalled)
            except procrastinate_errors.ConnectorException:
                log.debug("another process took over first", queue=queue, subject=stalled.lock)

    async def _put_back(self, stalled: procrastinate.jobs.Job) -> None:
        tasks = self._app.job_manager
        try:
            await tasks.retry_job(stalled, retry_at=datetime.now(UTC))
        except procrastinate_errors.UniqueViolation:
            # Another task of the subject waits already, and would wait for the end of the dead one for ever.
            await tasks.finish_job(stalled, procrastinate.jobs.Status.ABORTED, delete_job=True)


_asked: weakref.WeakKeyDictionary[psycopg.AsyncConnection[Any], float] = weakref.WeakKeyDictionary()


async def _alive(connection: psycopg.AsyncConnection[Any]) -> None:
    """Ask a pooled connection whether it lives, unless it was asked just now."""
    if time.monotonic() - _asked.get(connection, 0.0) > IDLE:
        await AsyncConnectionPool.check_connection(connection)
        _asked[connection] = time.monotonic()


async def _autocommit(connection: psycopg.AsyncConnection[Any]) -> None:
    # Not as an argument of the pool: Procrastinate opens its listening connection with those, and sets it there itself.
    await connection.set_autocommit(True)
