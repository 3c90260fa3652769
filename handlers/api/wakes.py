"""The operation of the tag Wakes."""

from __future__ import annotations

from starlette.responses import Response

from ..jobs import states
from ..jobs.ledger import Ledger


class Wakes:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def provider_wake(self, video_id: str) -> Response:
        job = await self._ledger.get(video_id)
        if job is not None and job.state in states.TRACKED:
            await self._ledger.wake(job.id)
        return Response(status_code=204)
