"""The journal: writes the rows of the logs, without anybody who waits for it.

What a request was is put into memory, and written with others a moment later; while the database is away it waits there, up to a
bound, beyond which entries are dropped and counted. What a job became is written in the transaction that ends the job.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import orjson
import structlog
from sqlalchemy import and_, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DataError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from ulid import ULID

from . import days, states
from .ledger import Job
from .log_tables import logs

log = structlog.get_logger()

ROOM: Final = 10_000  # entries that wait to be written
AT_ONCE: Final = 500  # entries in one statement
PAUSE: Final = 0.5  # seconds between two statements while there are few
AWAY: Final = 1.0  # seconds between two tries while the database is away
FAREWELL: Final = 5.0  # seconds to write what is left when the process stops
TIDY: Final = 3600.0  # seconds between two looks at the partitions
SOON: Final = 10.0  # seconds after which it is looked again when that failed
STRANGERS: Final = 10  # entries a second of requests whose caller is not known: anybody can send those
LONGEST_ERROR: Final = 1000  # characters
VIRTUAL_KEY: Final = "vk_"

SECRET = re.compile(r"\b(sk-bf-|rgs_|eyJ)[\w.-]{6,}")
"""Credentials of ours, which careless callers put where they do not belong."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of `logs`; the meaning of each field stands in log_tables.py."""

    id: str
    at: datetime
    kind: str
    status: str
    latency_ms: float
    object: str | None = None
    status_code: int | None = None
    error_code: str | None = None
    error: str | None = None
    owner: str | None = None
    virtual_key_name: str | None = None
    team_id: str | None = None
    customer_id: str | None = None
    provider: str | None = None
    model: str | None = None
    key: str | None = None
    video_id: str | None = None
    request_id: str | None = None
    upstream_latency_ms: float | None = None
    attempts: Sequence[Mapping[str, Any]] | None = None
    cost_usd: Decimal | None = None
    seconds: float | None = None
    content: str | None = None
    dims: Mapping[str, str] | None = None

    @property
    def virtual_key_id(self) -> str | None:
        return self.owner if self.owner is not None and self.owner.startswith(VIRTUAL_KEY) else None


NAMES = [field.name for field in fields(Entry)]
COLUMNS = [logs.c[name] for name in NAMES]


def _insert(*, of_jobs: bool) -> str:
    """The statement that writes rows, which it gets as one JSON array: an array costs less than a thousand parameters.

    What is known of the caller of a job is added to the row of it.
    """
    known = {
        "virtual_key_name": "virtual_keys.name",
        "team_id": "virtual_keys.team_id",
        "customer_id": "coalesce(virtual_keys.customer_id, teams.customer_id)",
    }
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    types = ", ".join(f'"{column.name}" {column.type.compile(dialect)}' for column in COLUMNS)
    values = ", ".join(known[name] if of_jobs and name in known else f'entry."{name}"' for name in NAMES)
    joined = (
        "LEFT JOIN virtual_keys ON virtual_keys.id = entry.owner LEFT JOIN teams ON teams.id = virtual_keys.team_id"
    )
    columns = ", ".join(f'"{name}"' for name in NAMES)
    return (
        f"INSERT INTO logs ({columns}) SELECT {values} FROM json_to_recordset(CAST(:rows AS json)) AS entry({types}) "  # noqa: S608
        f"{joined if of_jobs else ''} ON CONFLICT DO NOTHING"
    )


WRITE = text(_insert(of_jobs=False))
WRITE_JOB = text(_insert(of_jobs=True))


class Journal:
    """`kept`: for how many days rows are. `content`: whether prompts are among them, unless their caller says otherwise."""

    def __init__(self, engine: AsyncEngine, *, kept: int, content: bool) -> None:
        self._engine = engine
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._kept = kept
        self._waiting: deque[Entry] = deque()
        self._full = asyncio.Event()
        self._strangers = 0
        self._second = 0
        self.content = content
        self.dropped = 0
        """Entries that this process did not write, because there was no room for them or they could not be."""

    @property
    def waiting(self) -> int:
        """Entries that are in memory only."""
        return len(self._waiting)

    def note(self, entry: Entry) -> None:
        """Have a row written, later."""
        if len(self._waiting) >= ROOM or (entry.owner is None and self._too_many_strangers()):
            self.dropped += 1
            return
        self._waiting.append(entry)
        if len(self._waiting) >= AT_ONCE:
            self._full.set()

    async def job_ended(self, connection: AsyncConnection, job: Job) -> None:
        """Write down what became of a job, in the transaction that ends it. One that is deleted after its end has its row."""
        if job.deleted_at is None or job.deleted_at == job.completed_at:
            await connection.execute(WRITE_JOB, {"rows": _rows([of_job(job)])})
        elif job.settled_at is not None:  # by its deletion, perhaps
            await self.job_settled(connection, job)

    async def job_settled(self, connection: AsyncConnection, job: Job) -> None:
        """Write down what a job came to that has its row already, in the transaction that settles it.

        Of the rows of a job that has ended more than once, the newest has it, so that sums have it once.
        """
        theirs = and_(logs.c.video_id == job.id, logs.c.kind == "job")
        newest = select(logs.c.id).where(theirs).order_by(logs.c.id.desc()).limit(1).scalar_subquery()
        await connection.execute(update(logs).where(theirs, logs.c.id == newest).values(cost_usd=job.cost_usd))

    async def run(self) -> None:
        """Write what is noted until cancelled, then what is left."""
        try:
            while True:
                self._full.clear()
                try:
                    await self._flush()
                except (SQLAlchemyError, OSError) as error:
                    log.warning("the log cannot be written just now", waiting=self.waiting, error=str(error))
                    await asyncio.sleep(AWAY)
                else:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(PAUSE):
                            await self._full.wait()
        finally:
            await asyncio.shield(self._leave())

    async def tidy(self) -> float:
        """See to the partitions (days.py); seconds until it is to be done again.

        Where it cannot be done rows go to the default partition, so nobody has to wait until it can.
        """
        try:
            await days.keep(self._engine, self._kept)
        except (SQLAlchemyError, OSError) as error:
            log.warning("the days of the log cannot be kept just now", error=str(error))
            return SOON
        return TIDY

    async def stay_tidy(self) -> None:
        """See to the partitions until cancelled."""
        pause = TIDY
        while True:
            await asyncio.sleep(pause)
            pause = await self.tidy()

    async def _flush(self) -> None:
        """Write the entries that wait. Those that are there afterwards have come meanwhile."""
        for _ in range(-(-self.waiting // AT_ONCE)):
            some = [self._waiting[place] for place in range(min(AT_ONCE, self.waiting))]
            try:
                await self._write(some)
            except (DataError, TypeError):  # one of them cannot be written; it is not to keep the others
                await self._one_by_one(some)
            for _ in some:
                self._waiting.popleft()

    async def _write(self, entries: Sequence[Entry]) -> None:
        async with self._single.connect() as connection:
            await connection.execute(WRITE, {"rows": _rows(entries)})

    async def _one_by_one(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            try:
                await self._write([entry])
            except (DataError, TypeError) as error:
                self.dropped += 1
                log.error("an entry of the log cannot be written", entry=entry.id, error=str(error))

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(FAREWELL):
                await self._flush()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.error("the end of the log is lost", entries=self.waiting, error=str(error) or type(error).__name__)

    def _too_many_strangers(self) -> bool:
        second = int(time.monotonic())
        self._strangers = self._strangers + 1 if second == self._second else 1
        self._second = second
        return self._strangers > STRANGERS


def new_id(at: datetime) -> str:
    return f"log_{ULID.from_datetime(at)}".lower()


def of_job(job: Job) -> Entry:
    """What became of a job. The prompt stands with the request that made it, if its caller lets it."""
    reason = job.reason or {}
    code = reason.get("code")
    return Entry(
        id=new_id(job.updated_at),
        at=job.updated_at,
        kind="job",
        object=f"video_{job.kind}",
        status="success" if job.state == states.COMPLETED else "error",
        error_code=code,
        error=told(reason.get("message")),
        owner=job.owner,
        latency_ms=(job.updated_at - job.created_at) / timedelta(milliseconds=1),
        cost_usd=job.cost_usd if job.settled_at is not None or job.holds is None else None,
        **facts(job),
    )


def facts(job: Job) -> dict[str, Any]:
    """What the rows of a job and of the requests about it have in common."""
    return {
        "provider": job.provider,
        "model": job.model,
        "key": job.key,
        "video_id": job.id,
        "attempts": job.attempts or None,
        "upstream_latency_ms": asked_for(job.attempts),
        "seconds": seconds(job.seconds),
    }


def asked_for(attempts: Sequence[Mapping[str, Any]]) -> float | None:
    """Milliseconds for which providers were asked to take a job; None if none was."""
    latencies = [attempt["latency"] for attempt in attempts if "latency" in attempt]
    return sum(latencies) if latencies else None


def seconds(words: str | None) -> float | None:
    """`"8"` -> 8.0; None for what is no number."""
    try:
        return float(words) if words is not None else None
    except ValueError:
        return None


def told(message: str | None) -> str | None:
    """A message as it is written down: without credentials of ours, and not too long."""
    return SECRET.sub(r"\1…", message[: 2 * LONGEST_ERROR])[:LONGEST_ERROR] if message is not None else None


def _rows(entries: Sequence[Entry]) -> str:
    """Entries -> the JSON array that the statements take. Raises TypeError for what JSON cannot hold."""
    return orjson.dumps([_row(entry) for entry in entries], default=str).decode()


def _row(entry: Entry) -> dict[str, Any]:
    return {name: _clean(getattr(entry, name)) for name in NAMES}


def _clean(value: Any) -> Any:
    """Text of PostgreSQL holds no U+0000."""
    match value:
        case str():
            return value.replace("\0", "�") if "\0" in value else value
        case Mapping():
            return {_clean(name): _clean(each) for name, each in value.items()}
        case list() | tuple():
            return [_clean(each) for each in value]
    return value
