"""The limit on polls: counted in memory, so that a poll asks nobody, and shared between processes every second.

What other processes have counted is known a second late, so a limit may be exceeded by what they answer in that second. A poll
takes nothing of the limits on creates.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from ..context import seen
from ..errors import TooManyRequests
from ..jobs import holds
from ..jobs.holds import Exhausted, Standing
from .callers import Caller
from .grants import Meter

log = structlog.get_logger()

FAREWELL: Final = 2.0  # seconds to share what was counted last when the process stops
SHARE: Final = 1.0  # seconds between two times that what was counted here is added to what all have counted
FORGOTTEN: Final = 600.0  # seconds without a poll after which a count is dropped

NOTHING, ONE = Decimal(0), Decimal(1)


class Left(NamedTuple):
    """A limit as its headers tell it: a context.Quota."""

    kind: str
    metric: str
    scope: str
    limit: Decimal
    left: Decimal
    resets_in: float | None
    window: float | None


class Count:
    """What is known of one meter. What a poll asks of it is worked out when the meter is read, or its window ends."""

    def __init__(self, shared: Standing) -> None:
        self.here = 0  # polls that were answered here since it was read
        self.asked_at = time.monotonic()
        self.read(shared)

    def read(self, shared: Standing) -> None:
        """It stands so now."""
        resets_in = shared.resets_in
        self._shared, self._read_at = shared, time.monotonic()
        self._free, self._window = shared.limit - shared.used - shared.held, shared.window
        self._ends = self._read_at + resets_in if resets_in is not None else math.inf

    def left(self, now: float) -> Left:
        """As it stands at this time.monotonic, as far as is known here."""
        if now >= self._ends:
            self.read(self._shared.later(now - self._read_at, NOTHING))
        shared, resets_in = self._shared, self._ends - now if self._ends < math.inf else None
        left = max(NOTHING, self._free - self.here)
        return Left(shared.kind, shared.metric, shared.scope, shared.limit, left, resets_in, self._window)

    def standing(self, now: float) -> Standing:
        """The same, whole."""
        return self._shared.later(now - self._read_at, ONE * self.here)


class Polls:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._counts: dict[str, Count] = {}

    async def count(self, caller: Caller) -> None:
        """Count a poll. Raises TooManyRequests if the caller has none left."""
        if caller.grant is None:
            return
        meters = [meter for meter in caller.grant.meters if meter.metric == "polls"]
        if not meters:
            return
        found = [self._counts.get(meter.id) or await self._first(meter) for meter in meters]
        counts, now = [count for count in found if count is not None], time.monotonic()
        limits = [count.left(now) for count in counts]
        seen(limits)
        for count, limit in zip(counts, limits, strict=True):
            if limit.left < 1:
                message = Exhausted(count.standing(now), ONE).message
                raise TooManyRequests(message, retry_after=limit.resets_in or SHARE)
        for count in counts:
            count.here += 1
            count.asked_at = now

    async def _first(self, meter: Meter) -> Count | None:
        """Begin to count; None if the meter is gone by now."""
        async with self._engine.connect() as connection:
            found = await holds.standing(connection, [meter.id])
        if not found:
            return None
        return self._counts.setdefault(meter.id, Count(found[0]))

    async def work(self) -> None:
        """Share what is counted until cancelled, and once more then."""
        try:
            while True:
                await asyncio.sleep(SHARE)
                await self._share()
        finally:
            await asyncio.wait({asyncio.create_task(self._share())}, timeout=FAREWELL)

    async def _share(self) -> None:
        for meter_id in self._idle():
            del self._counts[meter_id]
        if not self._counts:
            return
        counted = {meter_id: count.here for meter_id, count in self._counts.items()}
        try:
            async with self._engine.begin() as connection:
                await holds.count(connection, {meter_id: ONE * polls for meter_id, polls in counted.items() if polls})
                found = {standing.id: standing for standing in await holds.standing(connection, [*counted])}
        except (SQLAlchemyError, OSError) as error:  # what is counted here stays, and is shared later
            log.warning("polls cannot be counted together with other processes", error=str(error))
            return
        for meter_id, polls in counted.items():
            count = self._counts[meter_id]
            count.here -= polls
            if meter_id in found:
                count.read(found[meter_id])
            else:
                del self._counts[meter_id]

    def _idle(self) -> Iterable[str]:
        before = time.monotonic() - FORGOTTEN
        return [meter_id for meter_id, count in self._counts.items() if count.asked_at < before and not count.here]
