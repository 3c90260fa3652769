"""The line to one provider: how much it is asked at once, and whether it is asked at all while it is down.

So a provider that hangs holds up nobody but its own jobs, and one that is down is left alone for a while: creates go to the next
fallback at once, and the jobs that run there are asked about again when it answers.
"""

from __future__ import annotations

import time
from asyncio import Semaphore
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from ..errors import CircuitOpen, NotSent, OutcomeUnknown, ProviderFailed, ProviderTimeout
from ..upstream import Reply

log = structlog.get_logger()

AT_ONCE: Final = 100  # questions, unless configured otherwise; creates are not counted
FAILURES: Final = 10  # in a row, after which the provider counts as down
FIRST_PAUSE: Final = 2.0  # seconds that it is left alone, and twice as long each time it still is down
LONGEST_PAUSE: Final = 60.0  # seconds
TRIAL: Final = 30.0  # seconds for the one call that tries whether it is up again, before there is another

NO_ANSWER = (NotSent, OutcomeUnknown, ProviderTimeout, ProviderFailed)
DOWN = frozenset({502, 503, 504})


class Line:
    """A circuit breaker and a limit. One for each address of a provider."""

    def __init__(self, provider: str = "the provider", at_once: int = AT_ONCE) -> None:
        self._provider = provider
        self._slots = Semaphore(at_once)
        self._failures = 0  # in a row
        self._pauses = 0  # in a row
        self._left_alone_until = 0.0  # by time.monotonic

    async def call(self, send: Callable[[], Awaitable[Reply]], *, creates: bool) -> Reply:
        """What `send` answers. Raises CircuitOpen while the provider is down, and what `send` raises."""
        if creates:
            return await self._watched(send)
        async with self._slots:
            return await self._watched(send)

    async def _watched(self, send: Callable[[], Awaitable[Reply]]) -> Reply:
        trial = self._may_be_asked()
        try:
            reply = await send()
        except NO_ANSWER:
            self._failed(trial)
            raise
        if reply.status in DOWN:
            self._failed(trial)
        else:
            self._failures = self._pauses = 0
        return reply

    def _may_be_asked(self) -> bool:
        """Whether this call is the one that tries if the provider is up again. Raises CircuitOpen if it may not be made."""
        if self._failures < FAILURES:
            return False
        left = self._left_alone_until - time.monotonic()
        if left > 0:
            raise CircuitOpen(
                f"{self._provider} has failed {self._failures} times in a row. It is asked again in {left:.0f} s.",
                retry_after=left,
            )
        self._left_alone_until = time.monotonic() + TRIAL
        return True

    def _failed(self, trial: bool) -> None:
        self._failures += 1
        if self._failures == FAILURES or trial:  # and not for those that were under way before
            pause = min(FIRST_PAUSE * 2**self._pauses, LONGEST_PAUSE)
            self._pauses += 1
            self._left_alone_until = time.monotonic() + pause
            log.warning("a provider is down and left alone", provider=self._provider, seconds=pause)
