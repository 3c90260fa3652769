"""Which process works on what: claims that last as long as their process lives.

A process that works has a row in `workers`, which it touches every BEAT seconds, and what it works on (a running job, an endpoint
with something to send) refers to that row. Whoever finds a row untouched for DEAD_AFTER seconds deletes it, by which everything
that referred to it is free to be claimed anew. A process that cannot touch its row stops before others may think it dead. If it
is late nevertheless, its row is gone: it finds that out, lets go of everything, and begins again under a new id. So nothing is
worked on by two at once, and nothing stays with the dead.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from ulid import ULID

from .tables import workers

log = structlog.get_logger()

BEAT: Final = 2.0  # seconds between two signs of life
PATIENCE: Final = 5.0  # seconds without one after which a process stops by itself
DEAD_AFTER: Final = 10.0  # seconds without one after which others take over

TROUBLE = (SQLAlchemyError, OSError, TimeoutError)


class Claims:
    """The right of this process to work."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._touched = 0.0  # by time.monotonic
        self._on_loss: list[Callable[[], None]] = []
        self.worker: str | None = None
        """Under which id to claim; None: not now."""

    @property
    def hold(self) -> bool:
        """Whether what was claimed is certainly still ours."""
        return self.worker is not None and time.monotonic() - self._touched < DEAD_AFTER - BEAT

    def on_loss(self, stop: Callable[[], None]) -> None:
        """Have `stop` called when everything that was claimed has to be let go of."""
        self._on_loss.append(stop)

    async def run(self) -> None:
        """Stay alive and bury the dead until cancelled; then free everything."""
        try:
            while True:
                try:
                    async with asyncio.timeout(PATIENCE):
                        await self._beat()
                        await self._bury()
                except TROUBLE as error:
                    log.warning("cannot give a sign of life", error=str(error) or type(error).__name__)
                if self.worker is not None and time.monotonic() - self._touched > PATIENCE:
                    self._lose("it could not give a sign of life")
                await asyncio.sleep(BEAT)
        finally:
            await asyncio.wait({asyncio.create_task(self._leave())}, timeout=2 * BEAT)  # a statement ends as it likes

    async def _beat(self) -> None:
        began = time.monotonic()  # not when the answer has come, which may take its time
        async with self._single.connect() as connection:
            if self.worker is None:
                worker = str(ULID()).lower()
                await connection.execute(insert(workers).values(id=worker, seen_at=func.now()))
                self._touched, self.worker = began, worker
                return
            touch = update(workers).where(workers.c.id == self.worker).values(seen_at=func.now())
            if (await connection.execute(touch)).rowcount:
                self._touched = began
            else:
                self._lose("it was taken for dead")

    async def _bury(self) -> None:
        dead = workers.c.seen_at < func.now() - text(f"interval '{DEAD_AFTER} seconds'")
        theirs = select(workers.c.id).where(dead).with_for_update(skip_locked=True)
        async with self._single.connect() as connection:
            buried = await connection.execute(delete(workers).where(workers.c.id.in_(theirs)).returning(workers.c.id))
            for (worker,) in buried:
                log.warning("what a dead worker was at is free", worker=worker)

    def _lose(self, why: str) -> None:
        log.warning("this process lets go of everything it works on", why=why, worker=self.worker)
        self.worker = None
        for stop in self._on_loss:
            stop()

    async def _leave(self) -> None:
        """Free everything at once, so that others need not wait until this process counts as dead."""
        worker, self.worker = self.worker, None
        try:
            async with asyncio.timeout(BEAT), self._single.connect() as connection:
                await connection.execute(delete(workers).where(workers.c.id == worker))
        except TROUBLE as error:
            log.warning("what this process worked on is free only later", error=str(error) or type(error).__name__)
