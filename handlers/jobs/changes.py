"""LISTEN: hears which jobs changed, here or elsewhere, and drops them from the ledger's cache; and which to ask about at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import psycopg
import structlog
from sqlalchemy import URL

from .ledger import JobCache
from .tables import CHANGED, WOKEN

log = structlog.get_logger()

RECONNECT = 1.0  # seconds between two tries to listen again
ANSWER = 5.0  # seconds for the connection to show that it lives
SILENCE = 15.0  # seconds without a word after which the connection is asked whether it lives


class Changes:
    """One connection that listens for as long as `run` runs. While it does not, the cache is not trusted."""

    def __init__(self, url: URL, cache: JobCache, wake: Callable[[str], None]) -> None:
        self._conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._cache = cache
        self._wake = wake
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
                self._cache.trust(False)
            await asyncio.sleep(RECONNECT)

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            self._conninfo, autocommit=True, connect_timeout=5
        ) as connection:
            for channel in (CHANGED, WOKEN):
                await connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
            self._cache.trust(True)
            self.listening = True
            while True:
                async for change in connection.notifies(timeout=SILENCE):
                    tell = self._wake if change.channel == WOKEN else self._cache.forget
                    tell(change.payload)
                probe = asyncio.ensure_future(connection.execute("SELECT 1"))
                answered, _ = await asyncio.wait({probe}, timeout=ANSWER)
                if not answered:
                    self._cache.trust(False)  # at once: psycopg takes its time to give a dead connection up
                    probe.cancel()
                    raise TimeoutError(f"the database has not answered for {ANSWER:g} s")
                await probe
