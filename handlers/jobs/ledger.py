"""The ledger: every job, from before it is dispatched until long after it ended.

Reads by id are answered from memory while the process listens for changes (see `changes.py`); everything else is one short
transaction. Every update names the states it may change, so that a terminal state is written once, whoever writes it.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.dml import ReturningUpdate

from . import states
from .tables import jobs

InTransaction = Callable[[AsyncConnection], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Job:
    """A row of the ledger; the meaning of each field stands in tables.py."""

    id: str
    owner: str
    kind: Literal["generation", "remix"]
    state: str
    provider: str
    model: str
    request: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    deadline_at: datetime
    deployment: str | None = None
    key: str | None = None
    base_url: str | None = None
    native_id: str | None = None
    source_id: str | None = None
    attempts: Sequence[Mapping[str, Any]] = ()
    progress: float | None = None
    provider_status: str | None = None
    seconds: str | None = None
    size: str | None = None
    outputs: Sequence[Mapping[str, Any]] = ()
    error: Mapping[str, str] | None = None
    content_filter: Mapping[str, Any] | None = None
    cost_usd: float | None = None
    completed_at: datetime | None = None
    expires_at: datetime | None = None
    deleted_at: datetime | None = None
    idempotency_key: str | None = None
    fingerprint: str | None = None
    answer: Mapping[str, Any] | None = None

    @property
    def ended(self) -> bool:
        """Nothing more will happen to it: it is terminal, or its outcome will not be learned."""
        return self.state in states.TERMINAL or self.state == states.UNKNOWN


@dataclass(frozen=True, slots=True)
class Once:
    """A create that its caller wants made once: the caller's key for it, and a digest of what is asked for."""

    key: str
    fingerprint: str


class KeyTaken(Exception):
    """The owner has used this idempotency key before, for `job`."""

    def __init__(self, job: Job) -> None:
        super().__init__(job.id)
        self.job = job


COLUMNS = [jobs.c[field.name] for field in fields(Job)]
LIVE = jobs.c.deleted_at.is_(None)

# Statements that are built once, because building one costs more than running it.
RECORD = insert(jobs)
ONE = select(*COLUMNS).where(jobs.c.id == bindparam("job_id"))
CHANGE = update(jobs).where(jobs.c.id == bindparam("job_id")).returning(*COLUMNS)
MOVE = {state: CHANGE.where(jobs.c.state.in_(before)) for state, before in states.BEFORE.items()}
DELETE_UNENDED = CHANGE.where(LIVE, jobs.c.state.not_in(states.TERMINAL))
DELETE = CHANGE.where(LIVE)


UNHEARD = 1.0  # seconds between two looks at a job that is waited for while its changes go unheard


class Ledger:
    def __init__(self, engine: AsyncEngine, *, cache_size: int = 10_000) -> None:
        self.engine = engine
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")  # for what is one statement
        self.cache = JobCache(cache_size)

    # ---- reading ----------------------------------------------------------------------------------------------

    async def get(self, job_id: str) -> Job | None:
        """The job with this id, deleted ones included."""
        cached = self.cache.get(job_id)
        if cached is not None:
            return cached
        with self.cache.loading(job_id) as load:
            async with self._single.connect() as connection:
                row = (await connection.execute(ONE, {"job_id": job_id})).first()
            job = Job(*row) if row is not None else None
            if job is not None:
                load.store(job)
        return job

    async def ended(self, job: Job, patience: float) -> Job:
        """The job once it has ended, or as it is after `patience` seconds."""
        until = time.monotonic() + patience
        with self.cache.awaited(job.id) as changed:
            job = await self.get(job.id) or job  # it may have changed before anybody listened
            while not job.ended and (left := until - time.monotonic()) > 0:
                with suppress(TimeoutError):
                    # While nothing is heard of other processes, the row is looked at again now and then.
                    await asyncio.wait_for(changed.wait(), left if self.cache.trusted else min(left, UNHEARD))
                changed.clear()
                job = await self.get(job.id) or job
        return job

    async def find(self, owner: str, reference: str) -> Job | None:
        """The owner's job that a path names: `{id}`, `{id}:{provider}` or `{native_id}:{provider}`; None if there is none."""
        if "\0" in reference:  # PostgreSQL cannot hold it, so no id has it
            return None
        name, separator, provider = reference.rpartition(":")
        if not separator:
            job = await self.get(reference)
        else:
            job = await self.get(name)
            if job is None:
                job = await self._one(
                    and_(jobs.c.native_id == name, jobs.c.provider == provider, jobs.c.owner == owner, LIVE)
                )
            elif job.provider != provider:
                return None
        if job is None or job.owner != owner or job.deleted_at is not None:
            return None
        return job

    async def page(
        self,
        owner: str,
        *,
        provider: str | None,
        after: str | None,
        limit: int,
        order: Literal["asc", "desc"],
    ) -> tuple[list[Job], bool]:
        """Up to `limit` of the owner's jobs behind the job `after`, and whether there are more."""
        wanted: list[ColumnElement[bool]] = [jobs.c.owner == owner, LIVE]
        if provider is not None:
            wanted.append(jobs.c.provider == provider)
        if after is not None:
            wanted.append(jobs.c.id > after if order == "asc" else jobs.c.id < after)
        by_age = jobs.c.id.asc() if order == "asc" else jobs.c.id.desc()
        query = select(*COLUMNS).where(*wanted).order_by(by_age).limit(limit + 1)
        async with self.engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [Job(*row) for row in rows[:limit]], len(rows) > limit

    async def made_with(self, owner: str, idempotency_key: str) -> Job | None:
        """The job that the owner made with this idempotency key, deleted ones included."""
        return await self._one(and_(jobs.c.owner == owner, jobs.c.idempotency_key == idempotency_key))

    async def unfinished(self, state: str, *, idle_since: datetime) -> list[Job]:
        """The jobs in `state` that nobody has touched since then, oldest first."""
        query = (
            select(*COLUMNS).where(jobs.c.state == state, jobs.c.updated_at < idle_since).order_by(jobs.c.updated_at)
        )
        async with self.engine.connect() as connection:
            return [Job(*row) for row in await connection.execute(query)]

    async def _one(self, condition: ColumnElement[bool]) -> Job | None:
        async with self.engine.connect() as connection:
            row = (await connection.execute(select(*COLUMNS).where(condition).limit(1))).first()
        return Job(*row) if row is not None else None

    # ---- writing ----------------------------------------------------------------------------------------------

    async def record(self, job: Job) -> None:
        """Commit a new job. Nothing may be sent to a provider before this returns. Raises KeyTaken."""
        try:
            async with self._single.connect() as connection:
                await connection.execute(RECORD, {column.name: getattr(job, column.name) for column in COLUMNS})
        except IntegrityError:
            first = await self.made_with(job.owner, job.idempotency_key) if job.idempotency_key is not None else None
            if first is None:
                raise
            raise KeyTaken(first) from None

    async def move(self, job_id: str, state: str, *, also: InTransaction | None = None, **values: Any) -> Job | None:
        """Take a job to `state`, with `values` for its other columns and `also` in the same transaction.

        Returns the job as it is then, or None if the job's state does not allow it (it has ended meanwhile).
        """
        return await self._change(MOVE[state], job_id, {"state": state, **values}, also)

    async def note(self, job_id: str, **values: Any) -> Job | None:
        """Change columns of a job without changing its state, for example its attempts."""
        return await self._change(CHANGE, job_id, values)

    async def delete(self, job_id: str) -> bool:
        """Mark a job deleted; False if it was already. A job that has not ended is closed as failed."""
        now = datetime.now(UTC)
        cancelled = {"code": "cancelled", "message": "The job was deleted before it finished."}
        closed = {"deleted_at": now, "state": states.FAILED, "completed_at": now, "error": cancelled}
        if await self._change(DELETE_UNENDED, job_id, closed) is not None:
            return True
        return await self._change(DELETE, job_id, {"deleted_at": now}) is not None

    async def _change(
        self,
        statement: ReturningUpdate[Any],
        job_id: str,
        values: Mapping[str, Any],
        also: InTransaction | None = None,
    ) -> Job | None:
        parameters = {"job_id": job_id, "updated_at": datetime.now(UTC), **values}
        engine = self._single if also is None else self.engine
        # What was written may be changed again before we hear that it was committed, so it is kept like a read.
        with self.cache.loading(job_id) as load:
            async with engine.begin() as connection:
                row = (await connection.execute(statement, parameters)).first()
                if row is not None and also is not None:
                    await also(connection)
            if row is None:
                return None
            job = Job(*row)
            load.store(job)
        return job


class JobCache:
    """The jobs read last, kept true by `forget` on every change that any process makes.

    It holds nothing while `trusted` is False, that is, while changes of other processes would go unheard.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._loads: dict[str, list[Load]] = {}
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self.trusted = False

    def get(self, job_id: str) -> Job | None:
        job = self._jobs.get(job_id)
        if job is not None:
            self._jobs.move_to_end(job_id)
        return job

    def put(self, job: Job) -> None:
        """Keep a job that this process has just written; a later `updated_at` is never overwritten by an earlier one."""
        held = self._jobs.get(job.id)
        if self.trusted and (held is None or held.updated_at <= job.updated_at):
            self._jobs[job.id] = job
            self._jobs.move_to_end(job.id)
            if len(self._jobs) > self._size:
                self._jobs.popitem(last=False)

    def forget(self, job_id: str) -> None:
        """The job has changed. A read under way may be of the old row, so it is not kept either."""
        self._jobs.pop(job_id, None)
        for waiting in self._waiting.get(job_id, ()):
            waiting.set()
        for load in self._loads.get(job_id, ()):
            load.valid = False

    def trust(self, trusted: bool) -> None:
        """Begin or stop to hear changes. What was read before is dropped either way."""
        self.trusted = trusted
        self._jobs.clear()
        for loads in self._loads.values():
            for load in loads:
                load.valid = False
        for waiting in self._waiting.values():
            for event in waiting:
                event.set()

    @contextmanager
    def awaited(self, job_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when the job changes."""
        event = asyncio.Event()
        self._waiting.setdefault(job_id, set()).add(event)
        try:
            yield event
        finally:
            self._waiting[job_id].discard(event)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    def loading(self, job_id: str) -> Load:
        return Load(self, job_id, self._loads.setdefault(job_id, []))


class Load:
    """A read of one row that is under way."""

    def __init__(self, cache: JobCache, job_id: str, loads: list[Load]) -> None:
        self._cache, self._job_id, self._loads = cache, job_id, loads
        self.valid = True

    def __enter__(self) -> Load:
        self._loads.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._loads.remove(self)
        if not self._loads:
            self._cache._loads.pop(self._job_id, None)

    def store(self, job: Job) -> None:
        if self.valid:
            self._cache.put(job)
