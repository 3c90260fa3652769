"""Budgets and rate limits: what is wanted of them, what is kept, and how much of each is used.

A budget, and each limit of a `rate_limit`, is a row of `meters`. What is wanted is compared with what is there: a meter whose
maximum or duration changes stays the same, with its id and what it has counted; one that is not wanted any more is deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, and_, delete, false, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ..errors import InvalidRequest, NotFound
from ..jobs import windows
from ..jobs.access_tables import meters
from .books import new_id

BUDGET, LIMIT = "budget", "rate_limit"
KINDS = (BUDGET, LIMIT)

LIMITS = {"request": "requests", "concurrent": "concurrent", "seconds": "seconds", "cost": "usd", "poll": "polls"}
"""What a limit is called in `rate_limit` -> its metric."""

MILLIONTH = Decimal("0.000001")

Owner: TypeAlias = tuple[str, str]
"""Scope and scope_id of meters."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A budget or a limit as somebody wants it to be."""

    metric: str
    maximum: Decimal
    reset_duration: str | None = None
    calendar_aligned: bool | None = None  # None: as its owner says, or else as it was
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A meter, and what it shows now: in the window that is current, whatever stands in its row."""

    id: str
    kind: str
    metric: str
    owner: Owner
    maximum: Decimal
    reset_duration: str | None
    calendar_aligned: bool
    used: Decimal
    held: Decimal
    began: datetime
    ends: datetime | None
    override: Decimal | None  # that counts now
    override_until: datetime | None

    @property
    def remaining(self) -> Decimal:
        return self.maximum + (self.override or Decimal()) - self.used - self.held


def wanted_budgets(asked: Iterable[Mapping[str, Any]]) -> list[Wanted]:
    """`budgets` of the contract."""
    return [
        Wanted(
            "usd",
            exact(each["max_limit"]),
            each.get("reset_duration"),
            each.get("calendar_aligned"),
            each.get("id"),
        )
        for each in asked
    ]


def wanted_limits(asked: Mapping[str, Any] | None) -> list[Wanted]:
    """`rate_limit` of the contract."""
    return [
        Wanted(metric, exact(asked[f"{name}_max_limit"]), asked.get(f"{name}_reset_duration"))
        for name, metric in LIMITS.items()
        if asked is not None and f"{name}_max_limit" in asked
    ]


def exact(amount: float | Decimal) -> Decimal:
    """As it is kept: to a millionth."""
    return Decimal(str(amount)).quantize(MILLIONTH)


async def put(
    connection: AsyncConnection, owner: Owner, asked: Mapping[str, Any], *, aligned: bool | None, source: str
) -> None:
    """Have the owner's meters be as `budgets` and `rate_limit` of `asked` say, those of the two that it has.

    `aligned`, if not None, is for all budgets that do not say it themselves. Whoever calls has locked the owner.
    """
    if "budgets" in asked:
        await _put(connection, owner, BUDGET, wanted_budgets(asked["budgets"]), aligned, source)
    elif aligned is not None:
        for row in (await _locked(connection, owner, BUDGET)).values():
            values = {"calendar_aligned": aligned, **_window(row, row.reset_duration, aligned)}
            change = update(meters).where(meters.c.id == row.id)
            await connection.execute(change.values(**values, updated_at=func.now()))
    if "rate_limit" in asked:
        await _put(connection, owner, LIMIT, wanted_limits(asked["rate_limit"]), None, source)


async def _put(
    connection: AsyncConnection, owner: Owner, kind: str, wanted: Sequence[Wanted], aligned: bool | None, source: str
) -> None:
    there = await _locked(connection, owner, kind)
    pairs = _paired(wanted, there, kind)
    gone = there.keys() - {meter_id for meter_id, _ in pairs}
    if gone:
        await connection.execute(delete(meters).where(meters.c.id.in_(gone)))
    for meter_id, each in pairs:
        default = there[meter_id].calendar_aligned if meter_id is not None and aligned is None else bool(aligned)
        by_calendar = default if each.calendar_aligned is None else each.calendar_aligned
        values = {
            "maximum": each.maximum,
            "reset_duration": each.reset_duration,
            "calendar_aligned": by_calendar,
            "source": source,
        }
        if meter_id is None:
            scope, scope_id = owner
            made = new_id("budget" if kind == BUDGET else "limit")
            known = {"id": made, "kind": kind, "metric": each.metric, "scope": scope, "scope_id": scope_id}
            await connection.execute(insert(meters).values(**known, **values))
        else:
            window = _window(there[meter_id], each.reset_duration, by_calendar)
            change = update(meters).where(meters.c.id == meter_id)
            await connection.execute(change.values(**values, **window, updated_at=func.now()))


async def _locked(connection: AsyncConnection, owner: Owner, kind: str) -> dict[str, Any]:
    """The owner's meters by their id, locked in the order in which jobs lock them."""
    query = select(meters, func.clock_timestamp().label("now")).where(of([owner]), meters.c.kind == kind)
    return {row.id: row for row in await connection.execute(query.order_by(meters.c.id).with_for_update())}


def _window(row: Any, duration: str | None, aligned: bool) -> dict[str, Any]:
    """What changes with a meter's window: what is used of the old one is used of the new one."""
    if (duration, aligned) == (row.reset_duration, row.calendar_aligned):
        return {}
    reading = _reading(row)
    return {"used": reading.used, "window_began": windows.began(reading.began, duration, aligned, row.now)}


def _paired(wanted: Sequence[Wanted], there: Mapping[str, Any], kind: str) -> list[tuple[str | None, Wanted]]:
    """What is wanted, each with the meter that it is already: by its id, or else its duration; limits by their metric."""
    durations = [each.reset_duration for each in wanted]
    if kind == BUDGET and len(set(durations)) < len(durations):
        raise InvalidRequest(
            "Two budgets have the same reset_duration. Leave out the larger one.", code="budget_twice", param="budgets"
        )
    named = [each.id for each in wanted if each.id is not None]
    for name in named:
        if name not in there or named.count(name) > 1:
            raise NotFound(
                f"There is no budget {name!r} here, or it is named twice.", code="budget_not_found", param="budgets"
            )
    free = {
        row.reset_duration if kind == BUDGET else row.metric: meter_id
        for meter_id, row in there.items()
        if meter_id not in named
    }
    return [(each.id or free.get(each.reset_duration if kind == BUDGET else each.metric), each) for each in wanted]


async def lock(connection: AsyncConnection, owners: Iterable[Owner]) -> None:
    """Lock the meters of whoever has several changed, in the order in which jobs lock them; see jobs/holds.py.

    Otherwise a job and a change could each wait for what the other has.
    """
    await connection.execute(select(meters.c.id).where(of(owners)).order_by(meters.c.id).with_for_update())


async def lock_all(connection: AsyncConnection, scopes: Iterable[str]) -> None:
    """The same for whoever may change those of everybody in these scopes."""
    theirs = meters.c.scope.in_([*scopes])
    await connection.execute(select(meters.c.id).where(theirs).order_by(meters.c.id).with_for_update())


async def remove(connection: AsyncConnection, owners: Iterable[Owner]) -> None:
    await connection.execute(delete(meters).where(of(owners)))


async def forget_usage(connection: AsyncConnection, owners: Iterable[Owner], kinds: Sequence[str] = KINDS) -> None:
    """Nothing is used of them in this window. What is held stays held."""
    theirs = and_(of(owners), meters.c.kind.in_(kinds))
    await connection.execute(update(meters).where(theirs).values(used=0))


async def override(
    connection: AsyncConnection, reading: Reading, amount: Decimal | None, cycles: int | None = None
) -> None:
    """Allow so much more than the maximum, for so many windows, this one included, or for ever; or no more than it."""
    until = reading.ends if cycles is not None else None
    for _ in range((cycles or 1) - 1):
        until = windows.ends(until, reading.reset_duration, reading.calendar_aligned) if until is not None else None
    change = update(meters).where(meters.c.id == reading.id)
    await connection.execute(change.values(override_amount=amount, override_until=until, updated_at=func.now()))


async def read(connection: AsyncConnection, condition: ColumnElement[bool]) -> list[Reading]:
    """What the meters show for which this holds, oldest first."""
    found = await connection.execute(select(meters, func.now().label("now")).where(condition).order_by(meters.c.id))
    return [_reading(row) for row in found]


async def by_owner(connection: AsyncConnection, owners: Iterable[Owner]) -> dict[Owner, list[Reading]]:
    return grouped(await read(connection, of(owners)))


def grouped(readings: Iterable[Reading]) -> dict[Owner, list[Reading]]:
    found: dict[Owner, list[Reading]] = {}
    for reading in readings:
        found.setdefault(reading.owner, []).append(reading)
    return found


def of(owners: Iterable[Owner]) -> ColumnElement[bool]:
    """Whether a meter is of one of these owners."""
    by_scope: dict[str, list[str]] = {}
    for scope, scope_id in owners:
        by_scope.setdefault(scope, []).append(scope_id)
    each = [and_(meters.c.scope == scope, meters.c.scope_id.in_(ids)) for scope, ids in by_scope.items()]
    return or_(*each) if each else false()


def _reading(row: Any) -> Reading:
    began = windows.began(row.window_began, row.reset_duration, row.calendar_aligned, row.now)
    overridden = row.override_amount is not None and (row.override_until is None or row.now < row.override_until)
    return Reading(
        id=row.id,
        kind=row.kind,
        metric=row.metric,
        owner=(row.scope, row.scope_id),
        maximum=row.maximum,
        reset_duration=row.reset_duration,
        calendar_aligned=row.calendar_aligned,
        used=Decimal() if began > row.window_began else row.used,
        held=row.held,
        began=began,
        ends=windows.ends(began, row.reset_duration, row.calendar_aligned),
        override=row.override_amount if overridden else None,
        override_until=row.override_until if overridden else None,
    )
