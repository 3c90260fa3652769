"""The days of the log: a partition for each, made ahead and dropped when it is old, so that old rows go at once.

Rows of a day without a partition are in the default partition, and are moved as soon as there is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from ulid import ULID

PREFIX: Final = "logs_"
AHEAD: Final = 3  # days for which there is a partition before they begin
LOCK: Final = 0x6C6F6773  # "logs": an advisory lock, so that one process at a time changes partitions
WAIT: Final = "2s"  # for a lock; behind that on the table everybody else waits meanwhile


def first_id(moment: datetime) -> str:
    """The lowest id of a row that is made at `moment` or later; everything before 1970 is 1970."""
    milliseconds = max(0, (moment - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1))
    return f"log_{ULID(milliseconds.to_bytes(6) + bytes(10))}".lower()


async def keep(engine: AsyncEngine, days: int) -> None:
    """See to it that there is a partition for today and the days to come, and none for those more than `days` ago."""
    async with engine.begin() as connection:
        await _alone(connection)
        today = await _today(connection)
        oldest = today - timedelta(days=days)
        there = await _there(connection)
        strays = "SELECT DISTINCT (at AT TIME ZONE 'UTC')::date FROM logs_default"
        unforeseen = {day for (day,) in await connection.execute(text(strays)) if oldest <= day <= today}
        for day in sorted({*unforeseen, *_days(today, AHEAD)} - there):
            await _make(connection, day)
    for day in sorted(day for day in there if day < oldest):
        async with engine.begin() as connection:
            await _alone(connection)
            await connection.execute(text(f"DROP TABLE IF EXISTS {_name(day)}"))
    async with engine.begin() as connection:
        old = text("DELETE FROM logs_default WHERE id < :first")
        await connection.execute(old, {"first": first_id(_begin(oldest))})


async def _alone(connection: AsyncConnection) -> None:
    """Have no other process change partitions until this transaction ends."""
    await connection.execute(text(f"SET LOCAL lock_timeout TO '{WAIT}'"))
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})


async def _today(connection: AsyncConnection) -> date:
    today = await connection.scalar(text("SELECT (now() AT TIME ZONE 'UTC')::date"))
    assert isinstance(today, date)
    return today


async def _there(connection: AsyncConnection) -> set[date]:
    """The days that have a partition."""
    names = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'logs'::regclass"
    suffixes = [name.rpartition(PREFIX)[2] for (name,) in await connection.execute(text(names))]
    return {datetime.strptime(suffix, "%Y%m%d").replace(tzinfo=UTC).date() for suffix in suffixes if suffix.isdigit()}


async def _make(connection: AsyncConnection, day: date) -> None:
    """Make the partition of a day, with the rows of it that are in the default partition.

    It is attached when it is complete: to create it in place would keep everybody from the table.
    """
    name, bounds = _name(day), {"first": first_id(_begin(day)), "next": first_id(_begin(day + timedelta(days=1)))}
    await connection.execute(text(f"CREATE TABLE {name} (LIKE logs INCLUDING ALL)"))
    await connection.execute(text("LOCK TABLE logs_default IN ACCESS EXCLUSIVE MODE"))
    moved = "WITH moved AS (DELETE FROM logs_default WHERE id >= :first AND id < :next RETURNING *)"
    await connection.execute(text(f"{moved} INSERT INTO {name} SELECT * FROM moved"), bounds)  # noqa: S608
    between = f"FROM ('{bounds['first']}') TO ('{bounds['next']}')"
    await connection.execute(text(f"ALTER TABLE logs ATTACH PARTITION {name} FOR VALUES {between}"))


def _name(day: date) -> str:
    return f"{PREFIX}{day:%Y%m%d}"


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _days(first: date, further: int) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range(further + 1))
