"""What jobs hold of budgets and limits: taken in the transaction that records a job, given back in the one that settles it.

    reserve   held += what the job may take; refused where used + held would exceed the maximum
    settle    held -= what was taken; used += what it came to
    move on   both: where a job has failed, and where it is placed again

The meters that a job touches are locked one after another in the order of their ids, so that any number of processes can do this
at once: what is left is never taken twice, and nobody waits for one who waits for them. A window that is over is begun anew by
whoever comes first; what is held lies in no window, and is used in the one in which it is settled. The clock is PostgreSQL's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog
from sqlalchemy import ARRAY, DateTime, Numeric, Select, Text, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from . import windows
from .access_tables import meters

log = structlog.get_logger()

NOTHING = Decimal(0)

COUNTED = frozenset({"requests", "polls"})
"""The metrics of which nothing is held: it is used at once, and for good."""

BILLED = frozenset({"usd", "seconds"})
"""The metrics of which a job uses what it comes to."""

WORDS = {
    "virtual_key": "the virtual key",
    "provider_config": "the virtual key at this provider",
    "team": "the team",
    "customer": "the customer",
    "provider_key": "the provider key",
    "provider": "the provider",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """A meter, as it stands."""

    id: str
    kind: str
    metric: str
    scope: str
    scope_id: str
    limit: Decimal  # with what an override adds now
    reset_duration: str | None
    calendar_aligned: bool
    window_began: datetime
    used: Decimal
    held: Decimal
    now: datetime

    @property
    def left(self) -> Decimal:
        return max(NOTHING, self.limit - self.used - self.held)

    def later(self, seconds: float, used: Decimal) -> Standing:
        """The meter after a while in which so much was used, as far as nothing else happens."""
        now = self.now + timedelta(seconds=seconds)
        began = windows.began(self.window_began, self.reset_duration, self.calendar_aligned, now)
        before = self.used if began <= self.window_began else NOTHING
        return replace(self, window_began=began, used=before + used, now=now)

    @property
    def window_ends(self) -> datetime | None:
        return windows.ends(self.window_began, self.reset_duration, self.calendar_aligned)

    @property
    def window(self) -> float | None:
        """Its length in seconds; None: it has no end."""
        ends = self.window_ends
        return None if ends is None else (ends - self.window_began).total_seconds()

    @property
    def resets_in(self) -> float | None:
        """Seconds until the next window begins; None: never."""
        ends = self.window_ends
        return None if ends is None else max(0.0, (ends - self.now).total_seconds())


class Exhausted(Exception):
    """A meter has too little left. Nothing was taken of any."""

    def __init__(self, standing: Standing, wanted: Decimal) -> None:
        super().__init__(standing.id)
        self.standing = standing
        self.wanted = wanted

    @property
    def message(self) -> str:
        """For the caller: which meter, what is left, when there is more."""
        at, whose = self.standing, WORDS[self.standing.scope]
        ends = at.window_ends
        anew = f" It begins anew at {ends:%Y-%m-%dT%H:%M:%SZ}." if ends is not None else ""
        match at.metric:
            case "usd":
                kind = "budget" if at.kind == "budget" else "limit of spending"
                left = f"${_plain(at.left)} left of ${_plain(at.limit)}"
                return f"The {kind} of {whose} has {left}; this may cost ${_plain(self.wanted)}.{anew}"
            case "seconds":
                left = f"{_plain(at.left)} of {_plain(at.limit)} seconds of video left"
                return f"{whose.capitalize()} has {left}; this may take {_plain(self.wanted)}.{anew}"
            case "concurrent":
                return f"{whose.capitalize()} may have {_plain(at.limit)} jobs at once, and has them. Wait until one has ended."
            case _:
                return f"{whose.capitalize()} may make {_plain(at.limit)} such requests in {at.reset_duration}, and has.{anew}"


def _plain(amount: Decimal) -> str:
    """1.080000 -> 1.08"""
    return f"{amount.normalize():f}"


LOOK = (
    select(
        *(meters.c[name] for name in ("id", "kind", "metric", "scope", "scope_id", "maximum", "reset_duration")),
        *(meters.c[name] for name in ("calendar_aligned", "window_began", "used", "held")),
        *(meters.c[name] for name in ("override_amount", "override_until")),
        func.clock_timestamp().label("now"),
    )
    .where(meters.c.id == func.any(bindparam("ids", type_=ARRAY(Text))))
    .order_by(meters.c.id)
)
LOCK = LOOK.with_for_update()
WRITE = text(
    "UPDATE meters SET used = new.used, held = new.held, window_began = new.window_began "
    "FROM unnest(:ids, :used, :held, :began) AS new(id, used, held, window_began) WHERE meters.id = new.id"
).bindparams(
    bindparam("ids", type_=ARRAY(Text)),
    bindparam("used", type_=ARRAY(Numeric)),
    bindparam("held", type_=ARRAY(Numeric)),
    bindparam("began", type_=ARRAY(DateTime(timezone=True))),
)


async def reserve(
    connection: AsyncConnection, wanted: Mapping[str, Decimal], instead_of: Mapping[str, Decimal] | None = None
) -> list[Standing]:
    """Take what a job wants of each meter, by its id, and give back what it has of each so far (`instead_of`).

    Returns the meters as they stand then, of both. Raises Exhausted, upon which the transaction is not to be committed. A meter
    that has been deleted is no limit any more.
    """
    has = instead_of or {}
    standing = _reserved(await _locked(connection, {*wanted, *has}), wanted, has)
    await _write(connection, standing)
    return standing


def then(standing: Sequence[Standing], wanted: Mapping[str, Decimal], has: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """What a job holds once it has what it wanted: that, and a note of where it was counted before, so that it is once only."""
    counted = {meter.id: has[meter.id] for meter in standing if meter.metric in COUNTED and meter.id in has}
    return {**counted, **wanted}


async def move_on(
    connection: AsyncConnection,
    has: Mapping[str, Decimal],
    came_to: Mapping[str, Decimal | None],
    wanted: Mapping[str, Decimal],
) -> list[Standing]:
    """Count what a job came to where it has failed, and take what it wants where it is placed again.

    `came_to` is as for `settle`; what is not billed is held on. Otherwise as `reserve`.
    """
    locked = await _locked(connection, {*has, *wanted})
    over = [_settled(at, has[at.id], came_to) if at.id in has and at.metric in BILLED else at for at in locked]
    left = {at.id: NOTHING if at.metric in BILLED else has[at.id] for at in locked if at.id in has}
    standing = _reserved(over, wanted, left)
    await _write(connection, standing)
    return standing


async def rehearse(connection: AsyncConnection, wanted: Mapping[str, Decimal]) -> list[Standing]:
    """The meters as they would stand if a job took what it wants. Nothing is locked or written. Raises Exhausted."""
    return _reserved(await standing(connection, [*wanted]), wanted, {})


def _reserved(meters: Sequence[Standing], wanted: Mapping[str, Decimal], has: Mapping[str, Decimal]) -> list[Standing]:
    """The meters with what is wanted taken of them. Raises Exhausted."""
    standing = []
    for meter in meters:
        more = wanted.get(meter.id, NOTHING) - has.get(meter.id, NOTHING)
        full = meter.used + meter.held >= meter.limit
        if meter.id in wanted and (
            meter.used + meter.held + more > meter.limit if more > 0 else full and meter.id not in has
        ):
            raise Exhausted(meter, wanted[meter.id])
        if meter.metric in COUNTED:  # what was counted stays counted, also when another target is asked
            standing.append(_changed(meter, used=max(more, NOTHING)))
        else:
            standing.append(_changed(meter, held=more))
    return standing


async def settle(
    connection: AsyncConnection, holds: Mapping[str, Decimal], came_to: Mapping[str, Decimal | None]
) -> None:
    """Give back what a job holds, and count what it came to, by metric (`usd`, `seconds`). None: as much as it held."""
    locked = await _locked(connection, holds)
    await _write(connection, [_settled(at, holds[at.id], came_to) for at in locked if at.metric not in COUNTED])


def _settled(meter: Standing, held: Decimal, came_to: Mapping[str, Decimal | None]) -> Standing:
    used = came_to.get(meter.metric, NOTHING)
    return _changed(meter, used=held if used is None else used, held=-held)


async def release(connection: AsyncConnection, holds: Mapping[str, Decimal], metric: str) -> dict[str, Decimal]:
    """Give back what a job holds of this metric, and return what it holds then."""
    theirs = [meter for meter in await _locked(connection, holds) if meter.metric == metric]
    await _write(connection, [_changed(meter, held=-holds[meter.id]) for meter in theirs])
    given_back = {meter.id for meter in theirs}
    return {meter: amount for meter, amount in holds.items() if meter not in given_back}


async def count(connection: AsyncConnection, counted: Mapping[str, Decimal]) -> None:
    """Add to what is used of meters, whatever their maximum is."""
    await _write(connection, [_changed(meter, used=counted[meter.id]) for meter in await _locked(connection, counted)])


async def standing(connection: AsyncConnection, ids: Collection[str]) -> list[Standing]:
    """The meters as they stand, without touching them."""
    return await _read(connection, LOOK, ids)


async def _locked(connection: AsyncConnection, ids: Collection[str]) -> list[Standing]:
    """The same, which nobody else touches until the transaction ends."""
    return await _read(connection, LOCK, ids)


async def _read(connection: AsyncConnection, statement: Select[Any], ids: Collection[str]) -> list[Standing]:
    rows = (await connection.execute(statement, {"ids": sorted(ids)})).mappings().all() if ids else []
    return [_standing(row) for row in rows]


def _standing(row: Mapping[Any, Any]) -> Standing:
    """A row of `meters`, in the window of now."""
    values = dict(row)
    amount, until, now = values.pop("override_amount"), values.pop("override_until"), values["now"]
    limit = values.pop("maximum")
    if amount is not None and (until is None or until > now):
        limit += amount
    began = windows.began(values["window_began"], values["reset_duration"], values["calendar_aligned"], now)
    if began > values["window_began"]:
        values |= {"window_began": began, "used": NOTHING}
    return Standing(limit=limit, **values)


def _changed(meter: Standing, *, used: Decimal = NOTHING, held: Decimal = NOTHING) -> Standing:
    if meter.held + held < 0:
        log.error("a meter holds less than is given back to it", meter=meter.id, held=str(meter.held), back=str(-held))
    return replace(meter, used=meter.used + used, held=max(NOTHING, meter.held + held))


async def _write(connection: AsyncConnection, changed: Sequence[Standing]) -> None:
    if changed:
        await connection.execute(
            WRITE,
            {
                "ids": [meter.id for meter in changed],
                "used": [meter.used for meter in changed],
                "held": [meter.held for meter in changed],
                "began": [meter.window_began for meter in changed],
            },
        )
