"""The operation of the tag Wakes."""

from __future__ import annotations

import re
import time

from starlette.responses import Response

from ..jobs.ledger import Ledger

OURS = re.compile("video_[0-9a-hjkmnp-tv-z]{26}")
MOST = 200  # jobs that are woken within a second; others are asked about at their usual pace


class Wakes:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._second = 0.0
        self._woken: set[str] = set()

    def _is_due(self, video_id: str) -> bool:
        """Once a second for each, and for so many at all: anybody can ask, and each is told to every process."""
        now = time.monotonic()
        if now - self._second > 1:
            self._second, self._woken = now, set()
        if video_id in self._woken or len(self._woken) >= MOST:
            return False
        self._woken.add(video_id)
        return True

    async def provider_wake(self, video_id: str) -> Response:
        # Whether there is such a job is for whoever follows it to know: looked up here, its time would tell strangers.
        if OURS.fullmatch(video_id) and self._is_due(video_id):
            await self._ledger.wake(video_id)
        return Response(status_code=204)
