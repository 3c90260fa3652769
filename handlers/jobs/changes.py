"""LISTEN: hears which jobs changed, here or elsewhere, and drops them from the ledger's cache; and which to ask about at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import psycopg
import structlog
from sqlalchemy import URL

from .access_tables import CHANGED_ACCESS
from .job_cache import JobCache
from .tables import CHANGED, WOKEN

log = structlog.get_logger()

RECONNECT = 1.0  # seconds between two tries to listen again
ANSWER = 5.0  # seconds for the connection to show that it lives
SILENCE = 15.0  # seconds without a word after which the connection is asked whether it lives


class Memory(Protocol):
    """What is remembered of the database for as long as its changes are heard."""

    def trust(self, trusted: bool) -> None: ...
    def forget(self, what: str) -> None: ...


class Changes:
    """One connection that listens for as long as `run` runs. While it does not, no memory is trusted."""

    def __init__(self, url: URL, cache: JobCache, wake: Callable[[str], None], access: Sequence[Memory] = ()) -> None:
        self._conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._memories: Sequence[Memory] = (cache, *access)
        self._tell: Mapping[str, Sequence[Callable[[str], None]]] = {
            CHANGED: [cache.forget],
            WOKEN: [wake],
            CHANGED_ACCESS: [memory.forget for memory in access],
        }
        self.listening = False

    async def run(self) -> None:
        """Listen until cancelled, coming back after every loss of the database."""
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError, TimeoutError) as error:
                log.warning("not hearing changes, asking the database instead", error=str(error))
            finally:
                self.listening = False
                self._trust(False)
            await asyncio.sleep(RECONNECT)

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            self._conninfo, autocommit=True, connect_timeout=5
        ) as connection:
            for channel in self._tell:
                await connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
            self._trust(True)
            self.listening = True
            while True:
                async for change in connection.notifies(timeout=SILENCE):
                    for tell in self._tell[change.channel]:
                        tell(change.payload)
                probe = asyncio.ensure_future(connection.execute("SELECT 1"))
                answered, _ = await asyncio.wait({probe}, timeout=ANSWER)
                if not answered:
                    self._trust(False)  # at once: psycopg takes its time to give a dead connection up
                    probe.cancel()
                    raise TimeoutError(f"the database has not answered for {ANSWER:g} s")
                await probe

    def _trust(self, trusted: bool) -> None:
        for memory in self._memories:
            memory.trust(trusted)
