"""The operation of the tag Wakes."""

from __future__ import annotations

from starlette.responses import Response

from ..jobs.ledger import Ledger


class Wakes:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def provider_wake(self, video_id: str) -> Response:
        # Whether there is such a job is for whoever follows it to know: looked up here, its time would tell strangers.
        await self._ledger.wake(video_id)
        return Response(status_code=204)
