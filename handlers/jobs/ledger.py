"""The ledger: every job, from before it is dispatched until long after it ended.

Reads by id are answered from memory while the process listens for changes (see `changes.py`); everything else is one short
transaction. Every update names the states it may change, so that a terminal state is written once, whoever writes it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Literal

import structlog
from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.dml import ReturningUpdate
from ulid import ULID

from generated.models import VideoStatus

from ..providers.pricing import CAREFUL
from . import holds, settling, states
from .files import give_up
from .holds import Standing
from .job_cache import JobCache, Load
from .settling import Account, BillsOf, CameTo, amounts, texts
from .tables import BYTEWISE, WOKEN, jobs, plans, tags

log = structlog.get_logger()

InTransaction = Callable[[AsyncConnection], Awaitable[None]]
Rehold = Callable[[AsyncConnection, "Job"], Awaitable[Mapping[str, Decimal]]]
"""Changes what a job holds, and says what that is then."""
OnEnd = Callable[[AsyncConnection, "Job"], Awaitable[None]]
"""Is told of a job that has ended or was deleted, in the transaction that makes it so."""

NEVER_SAID = {
    "code": "submission_unknown",
    "message": "The provider never said whether it took the job. It was not sent again.",
}


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
    estimate_usd: Decimal | None = None
    cost_usd: Decimal | None = None
    tokens: Mapping[str, int] | None = None
    price: Mapping[str, Any] | None = None
    holds: Mapping[str, str] | None = None
    settled_at: datetime | None = None
    completed_at: datetime | None = None
    expires_at: datetime | None = None
    deleted_at: datetime | None = None
    idempotency_key: str | None = None
    fingerprint: str | None = None
    answer: Mapping[str, Any] | None = None
    reconcile_at: datetime | None = None

    @property
    def status(self) -> VideoStatus:
        """What callers see."""
        if self.state == states.UNKNOWN and self.reconcile_at is not None:
            return VideoStatus.queued
        return states.WIRE[self.state]

    @property
    def ended(self) -> bool:
        """As far as callers are concerned, nothing more will happen to it."""
        return self.status in (VideoStatus.completed, VideoStatus.failed)

    @property
    def reason(self) -> Mapping[str, str] | None:
        """Why it ended without a video, as callers see it: {code, message}."""
        return NEVER_SAID if self.state == states.UNKNOWN and self.ended else self.error

    @property
    def metadata(self) -> Mapping[str, str]:
        """The caller's own words about it."""
        return self.request.get("metadata") or {}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs a list shows: those that fit everything that is given."""

    provider: str | None = None
    model: str | None = None
    status: str | None = None
    created_after: int | None = None  # Unix seconds, that second included
    created_before: int | None = None  # Unix seconds, that second excluded
    metadata: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is needed to place a job again: the whole request, and how it wants to be served. Both as JSON holds them."""

    request: Mapping[str, Any]
    wishes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Once:
    """A create that its caller wants made once: the caller's key for it, and a digest of what is asked for."""

    key: str
    fingerprint: str


class Adopted(Exception):
    """The provider's job belongs to another job of ours already."""


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
# By the index of the owner's jobs, in which nobody else's are found: they cost no more than what does not exist.
ONE_OF = select(*COLUMNS).where(
    jobs.c.owner == bindparam("owner"), jobs.c.id.collate(BYTEWISE) == bindparam("job_id"), LIVE
)
CHANGE = update(jobs).where(jobs.c.id == bindparam("job_id")).returning(*COLUMNS)
MOVE = {state: CHANGE.where(jobs.c.state.in_(before)) for state, before in states.BEFORE.items()}
OPEN = and_(
    jobs.c.holds.is_not(None),
    jobs.c.settled_at.is_(None),
    jobs.c.state.in_(states.TERMINAL),
    jobs.c.reconcile_at.is_(None),
)
"""A job that is over, and whose account is not closed."""
UNSETTLED = CHANGE.where(OPEN)
HOLD = CHANGE.where(jobs.c.settled_at.is_(None))
SETTLED = CHANGE.values(cost_usd=bindparam("usd"), settled_at=func.now())
DELETE_UNENDED = CHANGE.where(LIVE, jobs.c.state.not_in(states.TERMINAL))
DELETE = CHANGE.where(LIVE)
FINISH_LATE = CHANGE.where(LIVE, jobs.c.state == states.FAILED, jobs.c.error["code"].as_string() == states.TIMED_OUT)
ASKED_ABOUT = CHANGE.where(jobs.c.reconcile_at.is_not(None))
GIVE_UP = ASKED_ABOUT.where(LIVE, jobs.c.state == states.UNKNOWN)

CLAIMED = timedelta(seconds=120)  # to a process that reconciles a job, before another may
EARLIER = timedelta(days=1)  # by which a job that is still being placed may have been made before
UNHEARD = 1.0  # seconds between two looks at a job that is waited for while its changes go unheard


class Ledger:
    def __init__(
        self,
        engine: AsyncEngine,
        *,
        cache_size: int = 10_000,
        on_end: OnEnd | None = None,
        on_settled: OnEnd | None = None,
        bills_of: BillsOf = lambda provider: CAREFUL,
    ) -> None:
        self.engine = engine
        self._on_end = on_end
        self._on_settled = on_settled  # is told of a job that had ended before it was settled
        self._bills_of = bills_of
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")  # for what is one statement
        self.cache = JobCache(cache_size)
        self._reading: dict[tuple[str | None, str], tuple[Load, asyncio.Task[Job | None]]] = {}

    # ---- reading ----------------------------------------------------------------------------------------------

    async def get(self, job_id: str) -> Job | None:
        """The job with this id, deleted ones included."""
        return self.cache.get(job_id) or await self._read(None, job_id)

    async def _read(self, owner: str | None, job_id: str) -> Job | None:
        """The row; with an owner only if it is theirs, and not deleted. A thousand who ask at once are one read."""
        reading = self._reading.get((owner, job_id))
        if reading is None or not reading[0].valid:
            load = self.cache.loading(job_id)
            reading = self._reading[owner, job_id] = load, asyncio.create_task(self._fetch(owner, job_id, load))
        return await asyncio.shield(reading[1])

    async def _fetch(self, owner: str | None, job_id: str, load: Load) -> Job | None:
        try:
            with load:
                async with self._single.connect() as connection:
                    found = (
                        await connection.execute(ONE, {"job_id": job_id})
                        if owner is None
                        else (await connection.execute(ONE_OF, {"job_id": job_id, "owner": owner}))
                    )
                    row = found.first()
                job = Job(*row) if row is not None else None
                if job is not None:
                    load.store(job)
            return job
        finally:
            if self._reading.get((owner, job_id), (None,))[0] is load:
                del self._reading[owner, job_id]

    async def watch(self, job: Job, silence: float) -> AsyncIterator[Job | None]:
        """The job as it is, then as it is after every change, last when it has ended; None after `silence` seconds without one.

        It ends early when the server stops.
        """
        with self.cache.awaited(job.id) as changed:
            while True:
                changed.clear()
                job = await self.get(job.id) or job
                yield job
                quiet_until = time.monotonic() + silence
                while not changed.is_set():
                    if job.ended or job.deleted_at is not None or self.cache.closed:
                        return
                    # While nothing is heard of other processes, the row is looked at again now and then.
                    patience = quiet_until - time.monotonic()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(patience if self.cache.trusted else min(patience, UNHEARD)):
                            await changed.wait()
                    if not self.cache.trusted:
                        break
                    if not changed.is_set() and time.monotonic() >= quiet_until:
                        yield None
                        quiet_until = time.monotonic() + silence

    async def ended(self, job: Job, patience: float) -> Job:
        """The job once it has ended, or as it is after `patience` seconds, or when the server stops."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                async for seen in self.watch(job, patience):
                    job = seen or job
        return job

    async def find(self, owner: str | None, reference: str) -> Job | None:
        """The owner's job that a path names: `{id}`, `{id}:{provider}` or `{native_id}:{provider}`; None if there is none.

        Without an owner it is anybody's. What is another's costs the same steps as what does not exist: the time that the
        answer takes tells nothing.
        """
        if "\0" in reference:  # PostgreSQL cannot hold it, so no id has it
            return None
        name, separator, provider = reference.rpartition(":")
        job = self.cache.get(name if separator else reference)
        if job is not None and owner in (None, job.owner) and (not separator or job.provider == provider):
            return job if job.deleted_at is None else None
        if not separator:
            job = await self._read(owner, reference)
            return job if job is not None and job.deleted_at is None else None
        named = and_(or_(jobs.c.id == name, jobs.c.native_id == name), jobs.c.provider == provider, LIVE)
        return await self._one(named if owner is None else and_(named, jobs.c.owner == owner))

    async def place(self, owner: str | None, job_id: str) -> str | None:
        """The id, if it is of a job of the owner's, or without an owner of anybody's, also one that is deleted."""
        if "\0" in job_id:
            return None
        theirs = jobs.c.id == job_id if owner is None else and_(jobs.c.id == job_id, jobs.c.owner == owner)
        job = await self._one(theirs)
        return job.id if job is not None else None

    async def page(
        self, owner: str | None, wanted: Filter, *, after: str | None, limit: int, order: Literal["asc", "desc"]
    ) -> tuple[list[Job], bool]:
        """Up to `limit` of the owner's jobs behind the job `after`, and whether there are more. Without an owner: of all."""
        query = listing(owner, wanted, after=after, limit=limit + 1, order=order)
        async with self._single.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [Job(*row) for row in rows[:limit]], len(rows) > limit

    async def made_with(self, owner: str, idempotency_key: str) -> Job | None:
        """The job that the owner made with this idempotency key, deleted ones included."""
        return await self._one(and_(jobs.c.owner == owner, jobs.c.idempotency_key == idempotency_key))

    async def unfinished(self, state: str, *, idle_since: datetime) -> list[Job]:
        """The jobs in `state` that nobody has touched since then, oldest first, without those that are deleted."""
        query = (
            select(*COLUMNS)
            .where(jobs.c.state == state, jobs.c.updated_at < idle_since, LIVE)
            .order_by(jobs.c.updated_at)
        )
        async with self.engine.connect() as connection:
            return [Job(*row) for row in await connection.execute(query)]

    async def plan(self, job_id: str) -> Plan | None:
        """How to place the job again should it fail; None if it is not to be."""
        query = select(plans.c.request, plans.c.wishes).where(plans.c.job_id == job_id)
        async with self._single.connect() as connection:
            row = (await connection.execute(query)).first()
        return Plan(*row) if row is not None else None

    async def _one(self, condition: ColumnElement[bool]) -> Job | None:
        async with self.engine.connect() as connection:
            row = (await connection.execute(select(*COLUMNS).where(condition).limit(1))).first()
        return Job(*row) if row is not None else None

    # ---- writing ----------------------------------------------------------------------------------------------

    async def record(self, job: Job, plan: Plan | None = None) -> list[Standing]:
        """Commit a new job, and with it what it holds. Nothing may be sent to a provider before this returns.

        Returns the meters that it holds something of. Raises KeyTaken; Exhausted, with nothing recorded.
        """
        row = {column.name: getattr(job, column.name) for column in COLUMNS}
        pairs = [
            {"owner": job.owner, "name": name, "value": value, "job_id": job.id} for name, value in job.metadata.items()
        ]
        engine = self.engine if pairs or plan is not None or job.holds else self._single
        try:
            async with engine.begin() as connection:
                await connection.execute(RECORD, row)
                if pairs:
                    await connection.execute(insert(tags), pairs)
                if plan is not None:
                    kept = {"job_id": job.id, "request": plan.request, "wishes": plan.wishes}
                    await connection.execute(insert(plans), kept)
                return await holds.reserve(connection, amounts(job.holds))  # last: others wait for these rows
        except IntegrityError:
            first = await self.made_with(job.owner, job.idempotency_key) if job.idempotency_key is not None else None
            if first is None:
                raise
            raise KeyTaken(first) from None

    async def hold(self, job_id: str, wanted: Mapping[str, str], **values: Any) -> tuple[Job | None, list[Standing]]:
        """Have a job that is being placed hold what is wanted instead of what it did; with values for other columns.

        Returns it, and the meters; None if it is settled, because it was deleted. Raises Exhausted, with nothing changed.
        """
        taken: list[Standing] = []

        async def take(connection: AsyncConnection, job: Job) -> Mapping[str, Decimal]:
            has = amounts(job.holds)
            standing = await holds.reserve(connection, amounts(wanted), has)
            taken.extend(meter for meter in standing if meter.id in wanted)
            return holds.then(standing, amounts(wanted), has)

        return await self._change(HOLD, job_id, values, reholds=take), taken

    async def move_on(
        self, job_id: str, stay: Account, wanted: Mapping[str, str], **values: Any
    ) -> tuple[Job | None, list[Standing]]:
        """Take a job that has failed back to `submitting`, to be placed with the next target.

        What it came to where it failed (`stay`) is counted there, and what is wanted is held instead of the rest: all in one
        transaction, so that a crash neither loses nor doubles it. Otherwise as `hold`; None if it has ended meanwhile.
        """
        taken: list[Standing] = []

        async def count(connection: AsyncConnection, job: Job) -> Mapping[str, Decimal]:
            has = amounts(job.holds)
            standing = await holds.move_on(connection, has, stay.used, amounts(wanted))
            taken.extend(meter for meter in standing if meter.id in wanted)
            return holds.then(standing, amounts(wanted), has)

        back = {"state": states.SUBMITTING, "reconcile_at": None, **values}
        return await self._change(MOVE[states.SUBMITTING], job_id, back, reholds=count), taken

    async def settle(self, job_id: str, came_to: CameTo | None = None) -> Job | None:
        """Settle a job that is over and has not been settled: to what `came_to` says, or else as far as is known.

        It is for whoever knows that nobody places the job any more. Returns None if there is nothing to settle.
        """
        return await self._change(UNSETTLED, job_id, {}, settles=came_to or self._account)

    async def unsettled(self, since: datetime) -> list[str]:
        """Jobs that were over then and have not been settled."""
        query = select(jobs.c.id).where(OPEN, jobs.c.updated_at < since)
        async with self._single.connect() as connection:
            return list((await connection.execute(query)).scalars())

    async def standing(self, held: Mapping[str, Decimal]) -> list[Standing]:
        """The meters as they would stand if a job held this, which it does not. Raises Exhausted."""
        async with self._single.connect() as connection:
            return await holds.rehearse(connection, held)

    async def move(self, job_id: str, state: str, *, also: InTransaction | None = None, **values: Any) -> Job | None:
        """Take a job to `state`, with `values` for its other columns and `also` in the same transaction.

        Returns the job as it is then, or None if the job's state does not allow it (it has ended meanwhile).
        """
        ends = state in states.TERMINAL or (state == states.UNKNOWN and values.get("reconcile_at") is None)
        change = self._end if ends else self._change
        follows = values if state in states.UNFINISHED else {"worker": None, **values}
        return await change(MOVE[state], job_id, {"state": state, "reconcile_at": None, **follows}, also)

    async def claim(self, worker: str, most: int) -> list[Job]:
        """Up to `most` jobs that run and that nobody follows: from now on the worker does."""
        free = select(jobs.c.id).where(jobs.c.worker.is_(None), LIVE, jobs.c.state.in_(states.TRACKED))
        mine = free.order_by(jobs.c.id).limit(most).with_for_update(skip_locked=True)
        claim = update(jobs).where(jobs.c.id.in_(mine)).values(worker=worker).returning(*COLUMNS)
        async with self._single.connect() as connection:
            return [Job(*row) for row in await connection.execute(claim)]

    async def claimed(self, worker: str) -> set[str]:
        """The jobs that run and that the worker has claimed."""
        theirs = select(jobs.c.id).where(jobs.c.worker == worker, LIVE, jobs.c.state.in_(states.TRACKED))
        async with self._single.connect() as connection:
            return set((await connection.execute(theirs)).scalars())

    async def finish_late(self, job_id: str, **values: Any) -> Job | None:
        """Complete a job that was given up at its deadline. Returns it, or None if it is deleted, or ended otherwise."""
        late = {"state": states.COMPLETED, "error": None, "reconcile_at": None, **values}
        return await self._end(FINISH_LATE, job_id, late)

    async def due_for_reconciling(self, most: int) -> list[Job]:
        """Up to `most` jobs whose provider is to be asked now what became of them; no other process gets them as well.

        Each is put off by a while, so that it comes up again if this process dies before it has asked.
        """
        now = datetime.now(UTC)
        due = (
            select(jobs.c.id)
            .where(jobs.c.reconcile_at <= now, LIVE)
            .order_by(jobs.c.reconcile_at)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        claim = update(jobs).where(jobs.c.id.in_(due)).values(reconcile_at=now + CLAIMED).returning(*COLUMNS)
        async with self._single.connect() as connection:
            return [Job(*row) for row in await connection.execute(claim)]

    async def wake(self, job_id: str) -> None:
        """Have the process that follows the job ask about it at once."""
        async with self._single.connect() as connection:
            await connection.execute(select(func.pg_notify(WOKEN, job_id)))

    async def put_off(self, job_id: str, until: datetime | None, came_to: CameTo | None = None) -> None:
        """Ask about the job again then, or never. It counts as no change of the job, unless that ends it for its caller.

        If never, it is settled if it has ended: to what `came_to` says, or else as far as is known.
        """
        if until is None:
            values = {"reconcile_at": None}
            if await self._end(GIVE_UP, job_id, values) is None:
                await self._change(ASKED_ABOUT, job_id, values, settles=self._if_due(came_to))
            return
        async with self._single.connect() as connection:
            unsettled = and_(jobs.c.id == job_id, jobs.c.reconcile_at.is_not(None))
            await connection.execute(update(jobs).where(unsettled).values(reconcile_at=until))

    async def drop_plans(self) -> None:
        """Forget how to place jobs that have ended."""
        over = select(jobs.c.id).where(jobs.c.id == plans.c.job_id, jobs.c.state.in_(states.TERMINAL)).exists()
        async with self._single.connect() as connection:
            await connection.execute(delete(plans).where(over))

    async def adopted(self, provider: str, native_ids: Sequence[str]) -> set[str]:
        """Those of a provider's ids that belong to a job of ours."""
        query = select(jobs.c.native_id).where(jobs.c.native_id.in_(native_ids), jobs.c.provider == provider)
        async with self._single.connect() as connection:
            return set((await connection.execute(query)).scalars())

    async def left_behind(self, provider: str, native_ids: Sequence[str], since: datetime) -> set[str]:
        """Those of a provider's ids that belonged to a job of ours, until it failed there and was placed again."""
        query = select(jobs.c.attempts).where(
            jobs.c.id >= first_id(int((since - EARLIER).timestamp())),
            cast(jobs.c.attempts, Text).contains("job_failed"),
        )
        async with self._single.connect() as connection:
            trails = (await connection.execute(query)).scalars().all()
        failed = {each.get("provider_job_id") for trail in trails for each in trail if each["provider"] == provider}
        return failed & set(native_ids)

    async def alike(self, job: Job, since: datetime) -> list[Job]:
        """Other jobs that may have been made at the same provider since then, with the same prompt.

        They are on their way to it, lost on it, or were deleted before it was known what became of them.
        """
        unclear = and_(LIVE, jobs.c.state.in_([states.SUBMITTING, states.UNKNOWN]))
        deleted = and_(~LIVE, jobs.c.native_id.is_(None), jobs.c.error["code"].as_string() == states.CANCELLED)
        query = select(*COLUMNS).where(
            jobs.c.id >= first_id(int((since - EARLIER).timestamp())),
            jobs.c.id != job.id,
            jobs.c.provider == job.provider,
            or_(unclear, deleted),
        )
        async with self._single.connect() as connection:
            found = [Job(*row) for row in await connection.execute(query)]
        return [each for each in found if each.request.get("prompt") == job.request.get("prompt")]

    def only_one(self, provider: str, native_id: str) -> InTransaction:
        """Has the transaction fail, with Adopted, if the provider's job would belong to a second job of ours."""

        async def check(connection: AsyncConnection) -> None:
            await connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"{provider}:{native_id}"))))
            same = select(func.count()).where(jobs.c.native_id == native_id, jobs.c.provider == provider)
            if (await connection.execute(same)).scalar_one() > 1:
                raise Adopted

        return check

    async def note(self, job_id: str, **values: Any) -> Job | None:
        """Change columns of a job without changing its state, for example its attempts."""
        return await self._change(CHANGE, job_id, values)

    async def delete(self, job_id: str, came_to: CameTo | None = None) -> bool:
        """Mark a job deleted, and its files for deletion; False if it was already. One that has not ended is closed as failed.

        `came_to` says what one comes to that is not settled, where its row does not.
        """
        now = datetime.now(UTC)
        cancelled = {"code": states.CANCELLED, "message": "The job was deleted before it finished."}
        gone = {"deleted_at": now, "reconcile_at": None, "worker": None}
        closed: dict[str, Any] = {**gone, "state": states.FAILED, "completed_at": now, "error": cancelled}
        also = partial(give_up, job_id=job_id)
        if await self._end(DELETE_UNENDED, job_id, closed, also, came_to) is not None:
            return True
        return await self._end(DELETE, job_id, gone, also, came_to) is not None

    async def _end(
        self,
        statement: ReturningUpdate[Any],
        job_id: str,
        values: Mapping[str, Any],
        also: InTransaction | None = None,
        came_to: CameTo | None = None,
    ) -> Job | None:
        """A change after which callers see the job ended or gone. Every such change goes through here, and is told of."""
        settles = self._if_due(came_to)
        return await self._change(statement, job_id, values, also, self._on_end, settles=settles, reholds=_no_slot)

    async def _change(
        self,
        statement: ReturningUpdate[Any],
        job_id: str,
        values: Mapping[str, Any],
        also: InTransaction | None = None,
        on_end: OnEnd | None = None,
        *,
        settles: Callable[[Job], Account | None] | None = None,
        reholds: Rehold | None = None,
    ) -> Job | None:
        parameters = {"job_id": job_id, "updated_at": datetime.now(UTC), **values}
        engine = self.engine if also or on_end or settles or reholds else self._single
        # What was written may be changed again before we hear that it was committed, so it is kept like a read.
        with self.cache.loading(job_id) as load:
            async with engine.begin() as connection:
                row = (await connection.execute(statement, parameters)).first()
                job = Job(*row) if row is not None else None
                if job is not None and also is not None:
                    await also(connection)
                account = settles(job) if job is not None and settles is not None else None
                if job is not None and account is not None:
                    settled = {"job_id": job.id, "usd": account.usd}
                    job = Job(*(await connection.execute(SETTLED, settled)).one())
                    if on_end is None and self._on_settled is not None:
                        await self._on_settled(connection, job)
                if job is not None and on_end is not None:
                    await on_end(connection, job)
                if job is not None and account is not None:
                    await _count(connection, job, account)  # last: others wait for these rows
                elif job is not None and reholds is not None:
                    held = texts(await reholds(connection, job))
                    if held != (job.holds or {}):
                        job = Job(*(await connection.execute(CHANGE, {"job_id": job.id, "holds": held})).one())
            if job is not None:
                for owner in (None, job.owner):
                    self._reading.pop((owner, job_id), None)  # a read under way may be of the old row
                load.store(job)
        return job

    def _account(self, job: Job) -> Account:
        return settling.account(job, self._bills_of(job.provider))

    def _if_due(self, came_to: CameTo | None) -> Callable[[Job], Account | None]:
        """What a job came to, as soon as that can be said."""
        return lambda job: (came_to or self._account)(job) if settling.due(job) else None


async def _no_slot(connection: AsyncConnection, job: Job) -> Mapping[str, Decimal]:
    """Whoever has seen a job end may make the next, though it is not settled; not while its provider may finish it late."""
    held = amounts(job.holds)
    if job.settled_at is not None or job.reconcile_at is not None:
        return held
    return await holds.release(connection, held, "concurrent")


async def _count(connection: AsyncConnection, job: Job, account: Account) -> None:
    """Count what a job came to where it held something."""
    if account.usd is None:
        log.warning("what a job came to is not known", job=job.id, provider=job.provider, model=job.model)
    await holds.settle(connection, amounts(job.holds), account.used)


def listing(
    owner: str | None, wanted: Filter, *, after: str | None, limit: int, order: Literal["asc", "desc"]
) -> Select[Any]:
    """The query for a page. Every filter has an index that is read from the cursor on, so that all pages cost the same."""
    query = select(*COLUMNS).where(LIVE)
    place: ColumnElement[str] = jobs.c.id.collate(BYTEWISE)
    cut = 0  # what all ids begin with, where the list of everybody's jobs is read
    if owner is not None:
        query = query.where(jobs.c.owner == owner)
    elif not wanted.metadata:
        place, cut = literal_column("substr(jobs.id, 7)", Text).collate(BYTEWISE), len("video_")
    for name in ("provider", "model", "status"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(jobs.c[name] == value)
    for number, (name, value) in enumerate(wanted.metadata):
        tag = tags.alias(f"tag{number}")
        query = query.join(tag, tag.c.job_id == jobs.c.id).where(
            tag.c.owner == jobs.c.owner if owner is None else tag.c.owner == owner,
            tag.c.name == name,
            tag.c.value == value,
        )
        place = tag.c.job_id.collate(BYTEWISE) if number == 0 else place
    if wanted.created_after is not None:
        query = query.where(place >= first_id(wanted.created_after)[cut:])
    if wanted.created_before is not None:
        query = query.where(place < first_id(wanted.created_before)[cut:])
    if after is not None:
        query = query.where(place > after[cut:] if order == "asc" else place < after[cut:])
    return query.order_by(place.asc() if order == "asc" else place.desc()).limit(limit)


def first_id(moment: int) -> str:
    """The lowest id of a job that is created at `moment`, in Unix seconds, or later."""
    return f"video_{ULID((moment * 1000).to_bytes(6) + bytes(10))}".lower()
