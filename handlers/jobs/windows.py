"""The windows of budgets and rate limits: when the current one began, and when it ends.

A duration is a number and a unit, `1m` to `9999Y`: minutes, hours, days, weeks, Months, Quarters, Years. Windows tile the time
line, all in UTC, each with its beginning and without its end.

- Rolling: the next begins where the last ends, in whole steps from where the first began. A month later is the same day of the
  next month, or its last day where there is no such day (31 January, 28 February, 28 March).
- Calendar-aligned: days, weeks, months, quarters and years begin with the calendar's, weeks on Monday. Several of them count from
  where the calendar begins: 0001-01-01, a Monday. Minutes and hours roll all the same.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

SPANS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
MONTHS = {"M": 1, "Q": 3, "Y": 12}
ALIGNED = frozenset("dwMQY")

FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
"""Where windows end that would end after the year 9999."""


@dataclass(frozen=True, slots=True)
class Duration:
    count: int
    unit: str

    @property
    def span(self) -> timedelta:
        """Of minutes, hours, days and weeks, which are always as long."""
        return self.count * SPANS[self.unit]

    @property
    def months(self) -> int:
        """Of months, quarters and years."""
        return self.count * MONTHS[self.unit]


@lru_cache(maxsize=1024)
def parse(duration: str) -> Duration:
    """`3M` -> three months. Raises ValueError."""
    found = re.fullmatch("([1-9][0-9]{0,3})([mhdwMQY])", duration)
    if found is None:
        raise ValueError(f"{duration!r} is not a duration such as 30m, 1d, 1M or 1Y")
    return Duration(int(found[1]), found[2])


def began(began_before: datetime, duration: str | None, aligned: bool, now: datetime) -> datetime:
    """When the window began in which `now` lies, if an earlier one, or the same, began at `began_before`.

    Without a duration there is one window only. What was counted is to be forgotten where the result is later than
    `began_before`: it is earlier in the first window of what is aligned.
    """
    if duration is None:
        return began_before
    length = parse(duration)
    if aligned and length.unit in ALIGNED:
        return _aligned(length, now.astimezone(UTC))
    return _rolled(length, began_before.astimezone(UTC), now)


def ends(began: datetime, duration: str | None, aligned: bool) -> datetime | None:
    """When the window ends that began then, and the next begins; None if never."""
    if duration is None:
        return None
    length = parse(duration)
    start = began.astimezone(UTC)
    return _after(length, _aligned(length, start) if aligned and length.unit in ALIGNED else start)


def _aligned(length: Duration, now: datetime) -> datetime:
    if length.unit in SPANS:
        return FIRST + (now - FIRST) // length.span * length.span
    months = (now.year - 1) * 12 + now.month - 1
    years, month = divmod(months - months % length.months, 12)
    return datetime(years + 1, month + 1, 1, tzinfo=UTC)


def _rolled(length: Duration, start: datetime, now: datetime) -> datetime:
    if now < start:
        return start
    if length.unit in SPANS:
        return start + (now - start) // length.span * length.span
    while (following := _after(length, start)) <= now:
        start = following
    return start


def _after(length: Duration, start: datetime) -> datetime:
    """One window later."""
    try:
        if length.unit in SPANS:
            return start + length.span
        years, month = divmod(start.month - 1 + length.months, 12)
        year = start.year + years
        return start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))
    except (OverflowError, ValueError):
        return LAST
