"""What every process of the gateway stands on, serving requests or not: the ledger, the providers, and the work on jobs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import URL

from .configuration import Configuration
from .dispatch.dispatcher import Dispatcher
from .jobs.changes import Changes
from .jobs.database import engine_for, migrate
from .jobs.ledger import Ledger
from .jobs.reconciling import Reconciling
from .jobs.tasks import Tasks
from .jobs.tracking import Tracking
from .providers import registry
from .settings import Settings
from .upstream import Upstream


class Worker:
    """Nothing is opened before it runs. `own_url` is where the server of this machine is reached, with its sandbox."""

    def __init__(self, settings: Settings, configuration: Configuration, database: URL, own_url: str) -> None:
        self.http = Upstream()
        self.engine = engine_for(database)
        self.ledger = Ledger(self.engine)
        self.providers = registry.for_server(settings, configuration, own_url, self.http)
        self.tasks = Tasks(database)
        self.tracking = Tracking(
            self.tasks,
            self.ledger,
            self.providers,
            concurrency=settings.tracking_concurrency,
            pace=settings.poll_seconds,
        )
        self.changes = Changes(database, self.ledger.cache, self.tracking.wake)
        self.reconciling = Reconciling(self.ledger, self.providers, self.tracking)
        deadline = timedelta(minutes=settings.job_deadline_minutes)
        self.dispatcher = Dispatcher(
            self.ledger, self.providers, self.tracking, deadline=deadline, public_url=settings.public_url
        )
        self.tracking.again = self.dispatcher.again

    @asynccontextmanager
    async def running(self, *, works: bool) -> AsyncIterator[None]:
        """Open everything, and close it in the end. Jobs are worked on here if it `works`."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.http)
            stack.push_async_callback(self.engine.dispose)
            await migrate(self.engine)
            await self.tasks.open()
            stack.push_async_callback(self.tasks.close)
            for run in [self.changes.run, *([self.tracking.work, self.reconciling.work] if works else [])]:
                stack.push_async_callback(cancelled, asyncio.create_task(run()))
            stack.push_async_callback(self.dispatcher.close)
            yield


async def cancelled(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it has cleaned up."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
