"""What every process of the gateway stands on, serving requests or not: the ledger, the providers, and the work on jobs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncConnection

from .access.books import Books
from .access.declarations import declarations, merged
from .access.declared import declare
from .access.directory import VIRTUAL_KEY_ID, Directory
from .access.following import Following
from .access.options import Options
from .access.polls import Polls
from .access.roster import Roster
from .access.vault import vault as vault_with
from .configuration import Client, Configuration
from .dispatch.dispatcher import Dispatcher
from .dispatch.terms import Pricing
from .egress import Egress, guarded
from .jobs.changes import Changes
from .jobs.claims import Claims
from .jobs.database import engine_for, migrate
from .jobs.deliveries import Deliveries
from .jobs.files import Files
from .jobs.journal import Journal
from .jobs.ledger import Job, Ledger
from .jobs.outputs import Outputs
from .jobs.reconciling import Reconciling
from .jobs.sending import Sending
from .jobs.tracking import Tracking
from .jobs.webhooks import Endpoints
from .media.cache import Cache
from .media.fetching import Fetching
from .media.storage import Store, store_at
from .providers import registry
from .settings import Settings, SettingsError
from .upstream import Upstream

log = structlog.get_logger()

FAREWELL: Final = 15.0  # seconds to clean up in: a statement that is cancelled can take ten to end


class Worker:
    """Nothing is opened before it runs. `own_url` is where the server of this machine is reached, with its sandbox, which is on
    if `sandbox` says so, or by the configuration.

    Raises SettingsError for a storage or an encryption key that cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        configuration: Configuration,
        database: URL,
        own_url: str,
        *,
        sandbox: bool | None = None,
    ) -> None:
        self._settings = settings
        self.http = Upstream(guarded)
        self.receivers = Egress(private=settings.webhook_private)
        self.images = Egress(private=settings.fetch_private)
        self.engine = engine_for(database)
        self.claims = Claims(self.engine)
        vault = vault_with(settings)
        self.directory = Directory(self.engine)
        self.books = Books(self.engine, self.directory)
        self.polls = Polls(self.engine)
        self.endpoints = Endpoints(self.engine, vault, private=settings.webhook_private)
        self.deliveries = Deliveries(self.engine, vault)
        self.sending = Sending(
            self.claims,
            self.endpoints,
            self.deliveries,
            self.receivers,
            public_url=settings.public_url,
            retries=settings.webhook_retries,
            kept=timedelta(days=settings.webhook_log_days),
        )
        self.journal = Journal(self.engine, kept=settings.log_days, content=True)
        # Those that are followed here, and as many that are asked for.
        remembered = 2 * settings.tracking_concurrency
        self.providers = registry.for_server(settings, configuration, own_url, self.http, sandbox=sandbox)
        self.ledger = Ledger(
            self.engine,
            cache_size=remembered,
            on_end=self._ended,
            on_settled=self.journal.job_settled,
            bills_of=self.providers.bills,
        )
        self.roster = Roster(self.engine, vault, configuration, os.environ, self.providers, self.http)
        self.pricing = Pricing(self.directory)
        self.options = Options(self.engine, configuration.client, self._heed)
        self.following = Following(self.roster, self.options)
        self.outputs = Outputs(
            Files(self.engine),
            self.providers,
            self.http,
            Cache(settings.data_dir / "cache", settings.cache_bytes),
            _archive(settings.storage),
            self._retention,
        )
        self.tracking = Tracking(
            self.claims,
            self.ledger,
            self.providers,
            self.outputs,
            concurrency=settings.tracking_concurrency,
            pace=settings.poll_seconds,
        )
        self.governance = configuration.governance
        self.refused: SettingsError | None = None  # why it could not begin to run
        self.changes = Changes(database, self.ledger.cache, self.tracking.wake, [self.directory, self.following])
        self.reconciling = Reconciling(self.ledger, self.providers, self.outputs)
        deadline = timedelta(minutes=settings.job_deadline_minutes)
        fetching = Fetching(self.images, settings.max_body_bytes)
        self.dispatcher = Dispatcher(
            self.ledger,
            self.providers,
            fetching,
            deadline=deadline,
            directory=self.directory,
            pricing=self.pricing,
            public_url=settings.public_url,
        )
        self.tracking.again = self.dispatcher.again

    def _heed(self, client: Client) -> None:
        """Take over options that have changed."""
        self.providers.heed(client)
        self.journal.content = not client.disable_content_logging
        self.pricing.refuses_unpriced = client.unpriced_models == "refuse"

    async def _retention(self, owner: str) -> timedelta | None:
        """For how long the files of an owner are kept: as its virtual key says, or else the settings."""
        grant = await self.directory.by_reference(owner) if owner.startswith(VIRTUAL_KEY_ID) else None
        if grant is not None and grant.retention_days is not None:
            return timedelta(days=grant.retention_days)
        return self._settings.retention(owner)

    @asynccontextmanager
    async def running(self, *, works: bool, serves: bool = False) -> AsyncIterator[None]:
        """Open everything, and close it in the end. Jobs are worked on here if it `works`.

        What the configuration file declares is brought in by what `serves` only: others may not have the file.
        """
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.http)
            await stack.enter_async_context(self.receivers)
            await stack.enter_async_context(self.images)
            stack.push_async_callback(self.engine.dispose)
            await migrate(self.engine)
            if serves:
                await declare(self.books, self.governance)
            await self.following.begin()
            await self.journal.tidy()
            work = [self.tracking.work, self.reconciling.work, self.sending.work] if works else []
            always = [self.journal.stay_tidy, self.changes.run, self.following.work, self.outputs.work, self.polls.work]
            # What is begun first ends last: the log, which all write, then the claims under which the work is done.
            for together in [[self.journal.run], [self.claims.run] if works else [], [*always, *work]]:
                stack.push_async_callback(
                    ended, [asyncio.create_task(run(), name=run.__qualname__) for run in together]
                )
            stack.push_async_callback(self.dispatcher.close)
            yield

    async def _ended(self, connection: AsyncConnection, job: Job) -> None:
        """What happens in the transaction that ends a job."""
        await self.sending.announce(connection, job)
        await self.journal.job_ended(connection, job)


async def in_sandbox(settings: Settings, configuration: Configuration, database: URL) -> bool:
    """Whether emulators serve every provider, going by the configuration and by what was added by the API.

    Raises ConfigurationError for what was added and cannot be used, as it would be raised when the worker runs.
    """
    return registry.in_sandbox(settings, await with_declared(settings, configuration, database, os.environ))


async def with_declared(
    settings: Settings, file: Configuration, database: URL, environment: Mapping[str, str]
) -> Configuration:
    """The configuration together with what was added by the API. Raises ConfigurationError."""
    engine = engine_for(database)
    try:
        async with engine.connect() as connection:
            declared = await declarations(connection)
    finally:
        await engine.dispose()
    return merged(file, declared, vault_with(settings), environment)


def _archive(url: str | None) -> Store | None:
    try:
        return store_at(url) if url is not None else None
    except ValueError as error:
        raise SettingsError(f"REELGATE_STORAGE {error}") from None


async def ended(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have cleaned up, but no longer than that can take while the database hangs."""
    for task in tasks:
        task.cancel()
    if tasks:
        _, going_on = await asyncio.wait(tasks, timeout=FAREWELL)
        for task in going_on:
            log.warning("what was to stop does not", what=task.get_name())
