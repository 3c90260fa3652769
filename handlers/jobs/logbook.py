"""The logbook: reads the rows of the logs.

Whoever reads is `sees`: the owner whose rows they may see, or None for those of everybody.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Float, Select, cast, delete, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import TSVECTOR, aggregate_order_by
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..errors import InvalidRequest, NotFound
from .access_tables import virtual_keys
from .days import first_id
from .journal import COLUMNS, VIRTUAL_KEY, Entry
from .log_tables import logs
from .states import CANCELLED
from .turns import Turns

PATIENCE: Final = "20s"  # for one query
TIMED_OUT: Final = "57014"  # SQLSTATE query_canceled
PERIODS: Final[Mapping[str, timedelta]] = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
STEPS: Final = (
    60,
    300,
    900,
    3600,
    10_800,
    21_600,
    86_400,
    604_800,
)  # seconds: how long a stretch of a histogram may be
EPOCH: Final = text("TIMESTAMPTZ '1970-01-01 00:00:00Z'")
STRETCHES: Final = 120  # the most of them, but where even the longest are more
COMMON: Final = 20_000  # rows that have the words of a search: from here on it is quicker to look at the last ones
MOST_VALUES: Final = 1000  # of one column, to filter by

Group = Literal["provider", "model"]
Sort = Literal["timestamp", "latency", "cost"]
SORTS: Final[Mapping[Sort, ColumnElement[Any] | None]] = {
    "timestamp": None,
    "latency": logs.c.latency_ms,
    "cost": logs.c.cost_usd,
}


@dataclass(frozen=True, slots=True)
class Window:
    """A time: from `since` on, before `until`."""

    since: datetime
    until: datetime

    @property
    def before(self) -> Window:
        """The time before, which is as long."""
        return Window(self.since - (self.until - self.since), self.since)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows are wanted: those that fit everything that is given. The names are those of the contract."""

    kind: str | None = None
    objects: Sequence[str] | None = None
    status: Sequence[str] | None = None
    error_codes: Sequence[str] | None = None
    providers: Sequence[str] | None = None
    models: Sequence[str] | None = None
    selected_key_ids: Sequence[str] | None = None
    virtual_key_ids: Sequence[str] | None = None
    video_id: str | None = None
    request_id: str | None = None
    content_search: str | None = None
    min_latency: float | None = None
    max_latency: float | None = None
    min_cost: float | None = None
    max_cost: float | None = None
    missing_cost_only: bool = False
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Stats:
    """Sums over a time. Averages are in milliseconds, and None where there is nothing they could be of."""

    requests: int
    refused: int
    average_ms: float | None
    percentiles_ms: Sequence[float] | None  # the median, and what 95 of 100 took at most
    cost_usd: float
    completed: int
    failed: int
    cancelled: int
    without_cost: int
    job_ms: float | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a histogram says of a stretch of time."""

    begins: datetime
    status: Mapping[str, int]
    count_by: Mapping[str, int]
    cost_usd: float
    cost_by: Mapping[str, float]


class Logbook:
    """`kept`: for how many days rows are; nothing is looked for before."""

    def __init__(self, engine: AsyncEngine, *, kept: int) -> None:
        self._engine = engine
        self._kept = timedelta(days=kept + 1)
        self._turns = Turns()

    def window(
        self, period: str | None, start: str | None, end: str | None, default: str | None = None
    ) -> Window | None:
        """The time that parameters name, in RFC 3339; `default` is the period if they name none. Raises InvalidRequest."""
        if period is not None and (start is not None or end is not None):
            raise InvalidRequest("Give either `period`, or `start_time` and `end_time`.", param="period")
        if start is None and end is None and (period := period or default) is None:
            return None
        now = datetime.now(UTC)
        until = min(_moment(end, "end_time"), now) if end is not None else now
        since = _moment(start, "start_time") if start is not None else until - PERIODS[period or "24h"]
        return Window(min(max(since, now - self._kept), until), until)

    async def page(
        self,
        sees: str | None,
        wanted: Filter,
        *,
        sort_by: Sort,
        order: Literal["asc", "desc"],
        after: str | None,
        offset: int,
        limit: int,
    ) -> tuple[list[Entry], bool]:
        """Up to `limit` rows behind the row `after`, and whether there are more. Raises NotFound for a cursor that is gone.

        An exact request id beats the time.
        """
        if wanted.request_id is not None:
            wanted = replace(wanted, window=None)
        async with self._reading(sees) as connection:
            place = None
            if after is not None:
                place = await self._place(connection, sees, after, sort_by)
            if wanted.content_search is not None:
                await _look_words_up_if_rare(connection, sees, wanted)
            query = listing(sees, wanted, sort_by, order, place).offset(offset).limit(limit + 1)
            rows = (await connection.execute(query)).all()
        return [Entry(*row) for row in rows[:limit]], len(rows) > limit

    async def get(self, sees: str | None, log_id: str) -> Entry:
        """Raises NotFound."""
        async with self._reading(sees) as connection:
            row = (await connection.execute(select(*COLUMNS).where(logs.c.id == log_id, *_seen(sees)))).first()
        if row is None:
            raise _unknown(log_id, "log_id")
        return Entry(*row)

    async def delete(self, ids: Sequence[str]) -> int:
        """Delete rows, whoever's they are; how many there were."""
        async with self._engine.begin() as connection:
            return (await connection.execute(delete(logs).where(logs.c.id.in_(ids)))).rowcount

    async def stats(self, sees: str | None, wanted: Filter) -> Stats:
        request, job = logs.c.kind == "request", logs.c.kind == "job"
        ended_well, cancelled = logs.c.status == "success", logs.c.error_code == CANCELLED
        ranks = func.percentile_cont([0.5, 0.95]).within_group(logs.c.latency_ms)
        query = select(
            func.count().filter(request),
            func.count().filter(request, logs.c.status == "error"),
            func.avg(logs.c.latency_ms).filter(request),
            ranks.filter(request),
            func.coalesce(cast(func.sum(logs.c.cost_usd), Float), 0.0),
            func.count().filter(job, ended_well),
            func.count().filter(job, ~ended_well, cancelled.is_not(True)),
            func.count().filter(job, ~ended_well, cancelled),
            func.count().filter(job, logs.c.cost_usd.is_(None)),
            func.avg(logs.c.latency_ms).filter(job),
        ).where(*fitting(sees, wanted))
        async with self._reading(sees) as connection:
            return Stats(*(await connection.execute(query)).one())

    async def histogram(self, sees: str | None, wanted: Filter, group_by: Group | None) -> tuple[int, list[Stretch]]:
        """How long each stretch of the filter's window is, in seconds, and what is in them."""
        assert wanted.window is not None
        step = _step(wanted.window)
        begins = func.date_bin(text(f"interval '{step} seconds'"), logs.c.at, EPOCH)
        group = logs.c[group_by] if group_by is not None else text("NULL")
        query = (
            select(begins, logs.c.status, group, func.count(), cast(func.sum(logs.c.cost_usd), Float))
            .where(*fitting(sees, wanted))
            .group_by(text("1"), text("2"), text("3"))
        )
        places = range(
            *(math.floor(moment.timestamp() / step) for moment in (wanted.window.since, wanted.window.until))
        )
        stretches = {datetime.fromtimestamp(place * step, UTC): _Stretch() for place in [*places, places.stop]}
        async with self._reading(sees) as connection:
            for begin, status, name, count, cost in await connection.execute(query):
                stretches[begin].add(status, name, count, cost)
        return step, [stretch.at(begin) for begin, stretch in stretches.items()]

    async def values(self, sees: str | None, window: Window) -> dict[str, list[str]]:
        """The different values of the columns by which rows are found, of rows in the window, up to MOST_VALUES each."""
        names = ("provider", "model", "key", "owner", "object", "error_code")
        async with self._reading(sees) as connection:
            if sees is None:
                return {name: await _jumped(connection, name, window) for name in names}
            distinct = [
                func.array_agg(aggregate_order_by(logs.c[name].distinct(), logs.c[name])).filter(
                    logs.c[name].is_not(None)
                )
                for name in names
            ]
            row = (await connection.execute(select(*distinct).where(*fitting(sees, Filter(window=window))))).one()
        return {name: (found or [])[:MOST_VALUES] for name, found in zip(names, row, strict=True)}

    async def virtual_keys(self, sees: str | None, owners: Sequence[str]) -> list[tuple[str, str | None]]:
        """Those of the owners that are virtual keys: (id, name); a key that is deleted has no name."""
        ids = [owner for owner in owners if owner.startswith(VIRTUAL_KEY)]
        query = select(virtual_keys.c.id, virtual_keys.c.name).where(virtual_keys.c.id.in_(ids))
        async with self._reading(sees) as connection:
            names = {row.id: row.name for row in await connection.execute(query)}
        return [(key, names.get(key)) for key in ids]

    async def _place(self, connection: AsyncConnection, sees: str | None, after: str, sort_by: Sort) -> _Place:
        """Where a page begins. A row that is deleted meanwhile still marks its place in time."""
        column = SORTS[sort_by]
        if column is None:
            return (after,)
        row = (await connection.execute(select(column).where(logs.c.id == after, *_seen(sees)))).first()
        if row is None:
            raise _unknown(after, "after")
        return (row[0], after)

    @asynccontextmanager
    async def _reading(self, sees: str | None) -> AsyncIterator[AsyncConnection]:
        """A connection on which no query takes long, when it is one's turn.

        Raises InvalidRequest if a query would; TooManyRequests, Unavailable.
        """
        try:
            async with self._turns.taken(sees), self._engine.connect() as connection:
                await connection.execute(text(f"SET LOCAL statement_timeout TO '{PATIENCE}'"))
                yield connection
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != TIMED_OUT:
                raise
            message = f"This is too much to be looked through in {PATIENCE}. Ask for a shorter time."
            raise InvalidRequest(message, code="window_too_large", param="period") from None


_Place = tuple[Any, ...]
"""The sort column, if it is not the id, and the id."""


class _Stretch:
    """A stretch while it is counted."""

    def __init__(self) -> None:
        self._status = dict.fromkeys(("success", "error", "processing"), 0)
        self._count_by: dict[str, int] = {}
        self._cost = 0.0
        self._cost_by: dict[str, float] = {}

    def add(self, status: str, name: str | None, count: int, cost: float | None) -> None:
        self._status[status] += count
        self._cost += cost or 0.0
        if name is not None:
            self._count_by[name] = self._count_by.get(name, 0) + count
        if name is not None and cost is not None:
            self._cost_by[name] = self._cost_by.get(name, 0.0) + cost

    def at(self, begins: datetime) -> Stretch:
        return Stretch(begins, self._status, self._count_by, self._cost, self._cost_by)


def listing(
    sees: str | None, wanted: Filter, sort_by: Sort, order: Literal["asc", "desc"], place: _Place | None = None
) -> Select[Any]:
    """The query for the rows behind a place."""
    column = SORTS[sort_by]
    by = [logs.c.id] if column is None else [column, logs.c.id]
    query = select(*COLUMNS).where(*fitting(sees, wanted))
    if sort_by == "cost":
        query = query.where(logs.c.cost_usd.is_not(None))
    if place is not None:
        query = query.where(tuple_(*by) > place if order == "asc" else tuple_(*by) < place)
    return query.order_by(*(each.asc() if order == "asc" else each.desc() for each in by))


def fitting(sees: str | None, wanted: Filter) -> list[ColumnElement[bool]]:
    """A filter in SQL."""
    lists = {
        "object": wanted.objects,
        "status": wanted.status,
        "error_code": wanted.error_codes,
        "provider": wanted.providers,
        "model": wanted.models,
        "key": wanted.selected_key_ids,
        "owner": wanted.virtual_key_ids,
    }
    exact = {"kind": wanted.kind, "video_id": wanted.video_id, "request_id": wanted.request_id}
    found = _seen(sees)
    found += [logs.c[name] == value for name, value in exact.items() if value is not None]
    found += [_one_of(name, values) for name, values in lists.items() if values]
    bounds = (
        (logs.c.latency_ms, wanted.min_latency, wanted.max_latency),
        (logs.c.cost_usd, wanted.min_cost, wanted.max_cost),
    )
    for column, least, most in bounds:
        found += [column >= least] if least is not None else []
        found += [column <= most] if most is not None else []
    if wanted.missing_cost_only:
        found += [text("kind = 'job'"), logs.c.cost_usd.is_(None)]  # type: ignore[list-item]
    if wanted.content_search is not None:
        words = func.to_tsvector(text("'simple'"), logs.c.content, type_=TSVECTOR)
        found += [words.op("@@")(func.to_tsquery(text("'simple'"), _words(wanted.content_search)))]
        found += [logs.c.content.is_not(None)]
    if wanted.window is not None:
        found += [logs.c.id >= first_id(wanted.window.since), logs.c.id < first_id(wanted.window.until)]
    return found


def _seen(sees: str | None) -> list[ColumnElement[bool]]:
    return [logs.c.owner == sees] if sees is not None else []


def _one_of(name: str, values: Sequence[str]) -> ColumnElement[bool]:
    """One value is a place in the index of the column, where rows are in order; several are not."""
    return logs.c[name] == values[0] if len(values) == 1 else logs.c[name].in_(values)


def _words(search: str) -> str:
    """`paper bo` -> `'paper':* & 'bo':*`, for to_tsquery: each word, or what begins like it."""
    quoted = (word.replace("\\", "\\\\").replace("'", "''") for word in search.split())
    return " & ".join(f"'{word}':*" for word in quoted)


def _step(window: Window) -> int:
    length = (window.until - window.since).total_seconds()
    return next((step for step in STEPS if length / step <= STRETCHES), STEPS[-1])


def _moment(words: str, param: str) -> datetime:
    """RFC 3339 -> a moment. Raises InvalidRequest."""
    try:
        return datetime.fromisoformat(words.upper()).astimezone(UTC)
    except OverflowError:  # in the year 1 or 9999, elsewhere on Earth
        return datetime.fromisoformat(words.upper()).replace(tzinfo=UTC)
    except ValueError:
        raise InvalidRequest(
            f"{param} is not a time as RFC 3339 writes it: 2026-11-20T12:00:00Z.", param=param
        ) from None


async def _look_words_up_if_rare(connection: AsyncConnection, sees: str | None, wanted: Filter) -> None:
    """Have PostgreSQL begin with the index of words, for this transaction, where few rows have them.

    It cannot know: it takes all beginnings of words for equally common. Rows that have common words are found among the last
    ones, and to look all of them up would take long; for those that have rare words it is the other way round.
    """
    await _only_lookups(connection, only=True)
    some = select(logs.c.id).where(*fitting(sees, wanted)).limit(COMMON).subquery()
    if await connection.scalar(select(func.count()).select_from(some)) == COMMON:
        await _only_lookups(connection, only=False)


async def _only_lookups(connection: AsyncConnection, *, only: bool) -> None:
    for other in ("enable_indexscan", "enable_seqscan"):  # which leaves bitmaps, all that such an index can do
        await connection.execute(text(f"SET LOCAL {other} TO {'off' if only else 'on'}"))


async def _jumped(connection: AsyncConnection, name: str, window: Window) -> list[str]:
    """The different values of a column, by jumping from one to the next in its index; then those that are in the window."""
    jump = text(f"""
        WITH RECURSIVE jumped AS (
            (SELECT {name} AS value FROM logs WHERE {name} IS NOT NULL ORDER BY {name}, id LIMIT 1)
            UNION ALL
            SELECT (SELECT {name} FROM logs WHERE {name} > value ORDER BY {name}, id LIMIT 1)
            FROM jumped WHERE value IS NOT NULL
        )
        SELECT value FROM jumped,
            LATERAL (SELECT 1 FROM logs WHERE {name} = value AND id >= :since AND id < :until LIMIT 1) AS there
        WHERE value IS NOT NULL
        LIMIT {MOST_VALUES}
    """)  # noqa: S608  the names are ours
    within = {"since": first_id(window.since), "until": first_id(window.until)}
    return list((await connection.execute(jump, within)).scalars())


def _unknown(log_id: str, param: str) -> NotFound:
    return NotFound(f"There is no entry {log_id!r}.", code="log_not_found", param=param)
