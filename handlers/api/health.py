"""The operation of the tag Health."""

from __future__ import annotations

import asyncio
import time
from importlib.metadata import version
from typing import Literal

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from generated import models
from generated.models import Dependency, HealthStatus
from generated.routes import Answer

from ..access.roster import Roster
from ..jobs.changes import Changes
from ..jobs.tracking import Tracking

PATIENCE = 2.0  # seconds for the database to answer

WORST_FIRST = (HealthStatus.unavailable, HealthStatus.degraded, HealthStatus.ok)


class Health:
    def __init__(
        self, engine: AsyncEngine, changes: Changes, tracking: Tracking, roster: Roster, *, works: bool, sandbox: bool
    ) -> None:
        self._engine = engine
        self._changes = changes
        self._tracking = tracking
        self._roster = roster
        self._works = works  # whether this process is meant to track jobs
        self._sandbox = sandbox

    async def health(self, probe: Literal["ready", "live"] = "ready") -> Answer[models.Health]:
        dependencies = [await self._database(), self._notifications(), self._providers()]
        if self._works:
            dependencies.append(self._worker())
        status = next(status for status in WORST_FIRST if status in [each.status for each in dependencies])
        ready = status is not HealthStatus.unavailable
        body = models.Health(
            status=status, version=version("reelgate"), sandbox=self._sandbox, dependencies=dependencies
        )
        return Answer(body, status=200 if ready or probe == "live" else 503)

    async def _database(self) -> Dependency:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE), self._engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except TimeoutError:
            detail = f"no answer within {PATIENCE:g} s"
            return Dependency(name="database", status=HealthStatus.unavailable, detail=detail)
        except (SQLAlchemyError, OSError):
            return Dependency(name="database", status=HealthStatus.unavailable, detail="cannot be reached")
        return Dependency(
            name="database", status=HealthStatus.ok, latency_ms=round((time.perf_counter() - began) * 1000, 2)
        )

    def _notifications(self) -> Dependency:
        if self._changes.listening:
            return Dependency(name="notifications", status=HealthStatus.ok)
        detail = "not hearing changes of other processes; every poll asks the database"
        return Dependency(name="notifications", status=HealthStatus.degraded, detail=detail)

    def _providers(self) -> Dependency:
        left_out = len(self._roster.left_out)
        if not left_out:
            return Dependency(name="providers", status=HealthStatus.ok)
        # Everybody may ask for the health: names are for the log.
        detail = f"{left_out} of the providers and keys that were added cannot be loaded and are not used; the log names them"
        return Dependency(name="providers", status=HealthStatus.degraded, detail=detail)

    def _worker(self) -> Dependency:
        if self._tracking.working:
            return Dependency(name="worker", status=HealthStatus.ok)
        return Dependency(name="worker", status=HealthStatus.degraded, detail="starting again")
