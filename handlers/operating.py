"""What an operator does beside the server: look at creates whose outcome is not known and resolve them, verify the archive.

It works on the ledger itself, on a machine that has the configuration of the gateway, whether the gateway runs or not.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from .jobs import states
from .jobs.database import database_url, reach
from .jobs.files import File
from .jobs.ledger import Adopted, Job
from .jobs.reconciling import LOST
from .media.storage import StorageError
from .providers import registry
from .server import reachable
from .settings import Settings, SettingsError
from .worker import Worker, in_sandbox


class CannotResolve(Exception):
    """The job cannot be resolved like that; the message says why."""


async def unknown(settings: Settings) -> list[Job]:
    """Every create whose outcome is not known, oldest first, also those whose provider is still being asked."""
    async with _worker(settings) as worker:
        return await worker.ledger.unfinished(states.UNKNOWN, idle_since=datetime.now(UTC))


async def adopt(settings: Settings, job_id: str, native_id: str) -> Job:
    """Make the provider's job the outcome of the create. Raises CannotResolve, and what asking the provider raises."""
    async with _worker(settings) as worker:
        job = await _found(worker, job_id)
        try:
            adopted = await worker.reconciling.adopt(job, native_id)
        except Adopted:
            raise CannotResolve(f"{native_id} belongs to another job already.") from None
        return adopted or await _found(worker, job_id)


async def close(settings: Settings, job_id: str) -> Job:
    """End the create as one of which nothing was made. Raises CannotResolve."""
    async with _worker(settings) as worker:
        job = await _found(worker, job_id)
        return await worker.reconciling.close(job, LOST) or await _found(worker, job_id)


async def verified(settings: Settings) -> AsyncIterator[tuple[File, str | None]]:
    """Every file that the archive should have, and what is wrong with it, or None. Raises SettingsError if there is none."""
    if settings.storage is None:
        raise SettingsError("There is no archive to verify: REELGATE_STORAGE is not set.")
    async with _worker(settings) as worker:
        async for file in worker.outputs.archived():
            try:
                await worker.outputs.verify(file)
                yield file, None
            except StorageError as error:
                yield file, str(error)


@asynccontextmanager
async def _worker(settings: Settings) -> AsyncIterator[Worker]:
    """Raises SettingsError where there is no gateway's database: an empty one would be asked, and have nothing to say."""
    if settings.database_url is None and not (settings.data_dir / "postgres").exists():
        raise SettingsError(
            f"There is no gateway's database in {settings.data_dir}. Set REELGATE_DATA_DIR or DATABASE_URL as the gateway "
            "has them."
        )
    database = database_url(settings.database_url, settings.data_dir)
    await reach(database)
    own_url = f"http://{reachable(settings.host)}:{settings.port}"
    configuration = registry.configured(settings, os.environ)
    sandbox = await in_sandbox(settings, configuration, database)
    worker = Worker(settings, configuration, database, own_url, sandbox=sandbox)
    async with worker.running(works=False):
        yield worker


async def _found(worker: Worker, job_id: str) -> Job:
    job = await worker.ledger.get(job_id)
    if job is None or job.deleted_at is not None:
        raise CannotResolve(f"There is no job {job_id}.")
    if job.state != states.UNKNOWN:
        raise CannotResolve(f"The outcome of {job_id} is known: it is {job.state}.")
    return job
