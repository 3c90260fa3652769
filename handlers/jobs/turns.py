"""Whose turn it is to read the logs: only some at once, so that nobody who reads takes the database away from the others."""

from __future__ import annotations

import asyncio
from asyncio import Semaphore
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

from ..errors import TooManyRequests, Unavailable

ALL: Final = 4  # at once in this process
OWN: Final = 1  # of those, by one owner
ADMINS: Final = 3  # and by all admins
PATIENCE: Final = 2.0  # seconds until it has to be one's turn


class Turns:
    """Who reads is an owner, or None for an admin."""

    def __init__(self) -> None:
        self._all = Semaphore(ALL)
        self._own = WeakValueDictionary[str | None, Semaphore]()  # of those who read or wait

    @asynccontextmanager
    async def taken(self, owner: str | None) -> AsyncIterator[None]:
        """One's turn. Raises TooManyRequests while the owner's other reads last, Unavailable while those of others do."""
        own = self._own.setdefault(owner, Semaphore(OWN if owner is not None else ADMINS))
        until = asyncio.get_running_loop().time() + PATIENCE
        if not await _acquired(own, until):
            raise TooManyRequests(
                "You are reading the logs already: wait for those answers, or ask for less.", retry_after=PATIENCE
            )
        try:
            if not await _acquired(self._all, until):
                raise Unavailable("Too many others are reading the logs just now.")
            try:
                yield
            finally:
                self._all.release()
        finally:
            own.release()


async def _acquired(places: Semaphore, until: float) -> bool:
    """Whether there was a place before that time of the event loop's clock."""
    try:
        async with asyncio.timeout_at(until):
            return await places.acquire()
    except TimeoutError:
        return False
