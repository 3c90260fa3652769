"""The limit on polls: counted in memory, so that a poll asks nobody, and shared between processes every second.

What other processes have counted is known a second late, so a limit may be exceeded by what they answer in that second. A poll
takes nothing of the limits on creates.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

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

SHARE: Final = 1.0  # seconds between two times that what was counted here is added to what all have counted
FORGOTTEN: Final = 600.0  # seconds without a poll after which a count is dropped

ONE = Decimal(1)


@dataclass(slots=True)
class Count:
    """What is known of one meter."""

    shared: Standing  # as it stood when it was last read
    read_at: float  # time.monotonic
    here: int = 0  # polls that were answered here since then
    asked_at: float = field(default_factory=time.monotonic)

    @property
    def standing(self) -> Standing:
        """As it stands now, as far as is known here."""
        return self.shared.later(time.monotonic() - self.read_at, ONE * self.here)


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
        counts = [self._counts.get(meter.id) or await self._first(meter) for meter in meters]
        standings = [count.standing for count in counts if count is not None]
        seen(standings)
        for standing in standings:
            if standing.left < 1:
                raise TooManyRequests(Exhausted(standing, ONE).message, retry_after=standing.resets_in or SHARE)
        for count in counts:
            if count is not None:
                count.here += 1
                count.asked_at = time.monotonic()

    async def _first(self, meter: Meter) -> Count | None:
        """Begin to count; None if the meter is gone by now."""
        async with self._engine.connect() as connection:
            found = await holds.standing(connection, [meter.id])
        if not found:
            return None
        return self._counts.setdefault(meter.id, Count(found[0], time.monotonic()))

    async def work(self) -> None:
        """Share what is counted until cancelled, and once more then."""
        try:
            while True:
                await asyncio.sleep(SHARE)
                await self._share()
        finally:
            await asyncio.shield(self._share())

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
                count.shared, count.read_at = found[meter_id], time.monotonic()
            else:
                del self._counts[meter_id]

    def _idle(self) -> Iterable[str]:
        before = time.monotonic() - FORGOTTEN
        return [meter_id for meter_id, count in self._counts.items() if count.asked_at < before and not count.here]
