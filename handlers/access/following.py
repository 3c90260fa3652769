"""What is kept in memory whole, and loaded again whenever a table that it comes from has changed.

While changes are not heard it is loaded every other second instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ..configuration import ConfigurationError

log = structlog.get_logger()

LOOK: Final = 2.0  # seconds between two looks while changes are not heard, or could not be loaded


class Followed(Protocol):
    @property
    def tables(self) -> frozenset[str]: ...
    async def load(self) -> None: ...


class Following:
    """A memory of `Changes`."""

    def __init__(self, *followed: Followed) -> None:
        self._followed: Sequence[Followed] = followed
        self._stale: list[Followed] = []
        self._heard = asyncio.Event()
        self._trusted = False

    def trust(self, trusted: bool) -> None:
        """Begin or stop to hear changes."""
        self._trusted = trusted
        self._stale = [*self._followed]
        self._heard.set()

    def forget(self, table: str) -> None:
        """A table has changed."""
        self._stale += [each for each in self._followed if table in each.tables and each not in self._stale]
        if self._stale:
            self._heard.set()

    async def begin(self) -> None:
        """Load everything for the first time. Raises ConfigurationError."""
        for each in self._followed:
            await each.load()

    async def work(self) -> None:
        """Load what has changed until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(None if self._trusted and not self._stale else LOOK):
                    await self._heard.wait()
            self._heard.clear()
            stale, self._stale = self._stale if self._trusted else [*self._followed], []
            for each in stale:
                await self._load(each)

    async def _load(self, each: Followed) -> None:
        try:
            await each.load()
        except ConfigurationError as error:
            log.error("what has changed cannot be loaded; what was there stays", error=str(error))
        except (SQLAlchemyError, OSError) as error:
            log.warning("what has changed cannot be loaded just now", error=str(error))
            self._stale.append(each)
