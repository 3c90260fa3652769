"""The keys that an issuer publishes at a URL: a JWK set (RFC 7517 §5), kept and fetched again.

Three rules. Whatever is asked, the set is fetched at most once in `PAUSE`, and once for all who wait for it. What could not be
fetched leaves the keys of before as they are, until they are `LONGEST` old. Without any set nobody can be judged, so nobody is
refused as a stranger: it is `Unavailable`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import ceil, inf
from time import monotonic

import structlog

from ..errors import ProviderError, Unavailable
from ..upstream import Reply, Upstream
from .verifying import UnusableKey, VerifyingKey, of_jwk

FRESH = 600.0  # seconds for which a set is not fetched again, unless a key is missed
PAUSE = 30.0  # seconds between two fetches, at least
LONGEST = 86_400.0  # seconds for which keys are trusted while no newer ones can be had
TIMEOUT = 5.0  # seconds for a fetch
MAX_SET = 256 * 1024  # bytes of a set

log = structlog.get_logger()


class KeySet:
    """The published keys. It belongs to one event loop."""

    def __init__(self, url: str, http: Upstream, elapsed: Callable[[], float] = monotonic) -> None:
        """`elapsed` is a clock that only goes forward, in seconds."""
        self._url = url
        self._http = http
        self._elapsed = elapsed
        self._keys: tuple[VerifyingKey, ...] = ()
        self._fetched = -inf
        self._asked = -inf
        self._fetching: asyncio.Task[None] | None = None

    async def current(self) -> tuple[VerifyingKey, ...]:
        """The keys as they are now: the same tuple as before unless they have changed. Raises Unavailable."""
        usable = self._age < LONGEST
        if self._age >= FRESH and not (usable and self._fetching):  # one waits; the others have the keys of before
            await self._fetch()
        if self._age >= LONGEST:
            wait = ceil(max(1.0, self._asked + PAUSE - self._elapsed()))
            raise Unavailable("The keys that verify tokens could not be fetched, so no token can be.", retry_after=wait)
        return self._keys

    async def find(self, algorithm: str, name: str | None) -> VerifyingKey | None:
        """The key of this name, or the only one if a token names none. One that is missed may be new."""
        found = _found(await self.current(), algorithm, name)
        if found is None:
            await self._fetch()
            found = _found(await self.current(), algorithm, name)
        return found

    @property
    def _age(self) -> float:
        """Seconds since the set was fetched."""
        return self._elapsed() - self._fetched

    async def _fetch(self) -> None:
        if self._fetching is None:
            if self._elapsed() - self._asked < PAUSE:
                return
            self._asked = self._elapsed()
            self._fetching = asyncio.create_task(self._fetch_once())
        await asyncio.shield(self._fetching)  # whoever goes away leaves the fetch to the others

    async def _fetch_once(self) -> None:
        try:
            reply = await self._http.send(
                "GET", self._url, headers={"Accept": "application/json"}, most=MAX_SET, timeout=TIMEOUT
            )
            keys = _read(reply)
        except (ProviderError, ValueError) as error:
            log.warning("keys of tokens not fetched", why=str(error))
            return
        finally:
            self._fetching = None
        self._fetched = self._elapsed()
        if keys != self._keys:
            self._keys = keys
            log.info("keys of tokens fetched", keys=len(keys))


def _found(keys: tuple[VerifyingKey, ...], algorithm: str, name: str | None) -> VerifyingKey | None:
    fitting = [key for key in keys if key.algorithm == algorithm and name in (key.name, None)]
    return fitting[0] if len(fitting) == 1 or (fitting and name is not None) else None


def _read(reply: Reply) -> tuple[VerifyingKey, ...]:
    """The keys of a set that can be used; what cannot is left out (RFC 7517 §5). Raises ValueError for what is no set."""
    if reply.status != 200:
        raise ValueError(f"the answer is {reply.status}")
    document = reply.json()
    members = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(members, list):
        raise ValueError("the answer is not a JWK set")
    keys = []
    for member in members:
        jwk = member if isinstance(member, dict) else {}
        try:
            keys.append(of_jwk(jwk))
        except UnusableKey as error:
            log.info("key of tokens left out", kid=jwk.get("kid"), why=str(error))
    return tuple(keys)
