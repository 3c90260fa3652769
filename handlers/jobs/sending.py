"""Sending webhooks: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

When a job ends, what is to be told of it is written down in the same transaction. A process claims the endpoints for which
something is due (claims.py) and serves each with an asyncio task of its own: that sends what is due, several messages at a time,
and ends when nothing is. So a receiver that is slow or dead keeps no other waiting, however much there is for it. What a process
leaves behind that dies is claimed by others.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import standardwebhooks
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from ..egress import Egress
from ..errors import NotFound, ReelgateError
from ..upstream import Reply
from .claims import Claims
from .deliveries import DELIVERED, FAILED, PENDING, Deliveries, Delivery, Due, post
from .ledger import Job
from .webhooks import Endpoint, Endpoints, without_url

log = structlog.get_logger()

CONCURRENCY: Final = 1000  # endpoints that one process serves at the same time
IN_FLIGHT: Final = 10  # messages to one endpoint at the same time
TIMEOUT: Final = 20.0  # seconds for a receiver to answer
COMPARE: Final = 5.0  # seconds between two looks for endpoints that this process has claimed and does not serve
LOOK: Final = 0.5  # seconds between two looks for endpoints that nobody serves, and for what is due while one is served
PURGE: Final = 3600.0  # seconds between two times that the log is shortened
GONE: Final = 410
SLOW_DOWN: Final = frozenset({429, 502, 503, 504})  # statuses whose Retry-After is heeded
LONGEST: Final = 86_400.0  # seconds: the most it is heeded
JITTER: Final = 0.2  # of a pause, so that what failed together is not tried again together


def follows(reply: Reply | None, tries: int, retries: Sequence[float]) -> tuple[str, float | None]:
    """What follows from the attempt number `tries`: the status, and the seconds until the next attempt if it is pending.

    `reply` is None if there was none. `retries` are the pauses in seconds before each further attempt.
    """
    if reply is not None and reply.ok:
        return DELIVERED, None
    if tries > len(retries) or (reply is not None and reply.status == GONE):
        return FAILED, None
    asked = reply.retry_after if reply is not None and reply.status in SLOW_DOWN else None
    return PENDING, max(retries[tries - 1], min(asked or 0.0, LONGEST)) * random.uniform(1, 1 + JITTER)  # noqa: S311


def headers(due: Due, now: datetime) -> dict[str, str]:
    """What the receiver verifies the message by: one signature for each secret."""
    signatures = [standardwebhooks.Webhook(secret).sign(due.id, now, due.payload) for secret in due.secrets(now)]
    return {
        "content-type": "application/json",
        "webhook-id": due.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


class Sending:
    """`retries`: see `follows`. `public_url`: see `post`. `kept`: how long the log is."""

    def __init__(
        self,
        claims: Claims,
        endpoints: Endpoints,
        deliveries: Deliveries,
        egress: Egress,
        *,
        public_url: str | None,
        retries: Sequence[float],
        kept: timedelta,
    ) -> None:
        self._claims = claims
        self._endpoints = endpoints
        self._deliveries = deliveries
        self._egress = egress
        self._public_url = public_url.rstrip("/") if public_url is not None else None
        self._retries = retries
        self._kept = kept
        self._serving: dict[str, asyncio.Task[None]] = {}
        claims.on_loss(self._stop)

    async def announce(self, connection: AsyncConnection, job: Job) -> None:
        """Have it told that a job has ended, or was deleted, once the connection's transaction is committed."""
        await post(connection, job, self._public_url)

    async def test(self, endpoint: Endpoint) -> Delivery:
        """Send a test to an endpoint, once and now. Raises NotFound, and Conflict if it has no URL."""
        if endpoint.url is None:
            raise without_url("There is nowhere to send a test to.")
        due = await self._deliveries.test(endpoint)
        attempt, reply = await self._attempt(due)
        status, _ = follows(reply, 1, ())
        await self._deliveries.record(due, attempt, status, None)
        return await self._deliveries.get(due.id)

    # ---- serving one endpoint ---------------------------------------------------------------------------------

    async def _serve(self, worker: str, webhook_id: str) -> None:
        """Send an endpoint what is due until nothing is, then leave it. What could not be done is due again."""
        try:
            await self._send_due(webhook_id)
            await self._deliveries.release(worker, webhook_id)
        except (SQLAlchemyError, OSError) as error:
            log.warning("an endpoint cannot be served just now", webhook=webhook_id, error=str(error))
            await self._leave(worker, webhook_id)
        except Exception:  # whatever it is, it must not stay claimed
            log.exception("an endpoint cannot be served", webhook=webhook_id)
            await self._leave(worker, webhook_id)
        finally:
            if self._serving.get(webhook_id) is asyncio.current_task():
                del self._serving[webhook_id]

    async def _leave(self, worker: str, webhook_id: str) -> None:
        """Leave an endpoint, as soon as the database is there again."""
        while self._claims.worker == worker:
            await asyncio.sleep(LOOK)
            with suppress(SQLAlchemyError, OSError):
                await self._deliveries.release(worker, webhook_id)
                return

    async def _send_due(self, webhook_id: str) -> None:
        under_way: dict[str, asyncio.Task[None]] = {}
        try:
            while self._claims.hold:
                if len(under_way) < IN_FLIGHT:
                    most = IN_FLIGHT - len(under_way)
                    for due in await self._deliveries.due(webhook_id, besides=under_way, most=most):
                        under_way[due.id] = asyncio.create_task(self._deliver(due))
                if not under_way:
                    return
                ended, _ = await asyncio.wait(under_way.values(), timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
                under_way = {name: task for name, task in under_way.items() if task not in ended}
                for task in ended:
                    task.result()
        finally:
            for task in under_way.values():
                task.cancel()
            await asyncio.gather(*under_way.values(), return_exceptions=True)

    async def _deliver(self, due: Due) -> None:
        attempt, reply = await self._attempt(due)
        status, pause = follows(reply, due.tries + 1, self._retries)
        next_at = datetime.now(UTC) + timedelta(seconds=pause) if pause is not None else None
        await self._deliveries.record(due, attempt, status, next_at)
        if reply is not None and reply.status == GONE and not due.named:
            log.warning("an endpoint wants no more webhooks and is disabled", webhook=due.webhook_id)
            with suppress(NotFound):
                await self._endpoints.disable(due.owner, due.webhook_id, "Its receiver answered 410 (Gone).")

    async def _attempt(self, due: Due) -> tuple[dict[str, Any], Reply | None]:
        """Send a message once. Returns what the log keeps of it, and the answer if there was one."""
        now, began = datetime.now(UTC), time.monotonic()
        reply, outcome = None, dict[str, Any]()
        try:
            reply = await self._egress.send(
                "POST", due.url, headers=headers(due, now), body=due.payload.encode(), timeout=TIMEOUT, most=0
            )
            outcome["status_code"] = reply.status
        except ReelgateError as error:
            outcome["error"] = error.message
        attempt = {
            "at": int(now.timestamp()),
            **outcome,
            "milliseconds": round((time.monotonic() - began) * 1000),
        }
        log.info(
            "webhook",
            webhook=due.webhook_id,
            delivery=due.id,
            about=due.event,
            host=urlsplit(due.url).hostname,
            **attempt,
        )
        return attempt, reply

    # ---- the worker -------------------------------------------------------------------------------------------

    async def work(self) -> None:
        """Send webhooks until cancelled."""
        purged, compared = -PURGE, time.monotonic()
        try:
            while True:
                try:
                    await self._claim()
                    if time.monotonic() - compared > COMPARE:
                        await self._compare()
                        compared = time.monotonic()
                    if time.monotonic() - purged > PURGE:
                        await self._deliveries.purge(self._kept)
                        purged = time.monotonic()
                except (SQLAlchemyError, OSError) as error:
                    log.warning("cannot look for webhooks to send", error=str(error))
                await asyncio.sleep(LOOK)
        finally:
            serving = [*self._serving.values()]
            self._stop()
            await asyncio.gather(*serving, return_exceptions=True)

    async def _claim(self) -> None:
        """Begin to serve endpoints that nobody serves."""
        worker, room = self._claims.worker, CONCURRENCY - len(self._serving)
        if worker is not None and room > 0:
            for webhook_id in await self._deliveries.claim(worker, room):
                if webhook_id not in self._serving and worker == self._claims.worker:  # which may be lost meanwhile
                    self._serving[webhook_id] = asyncio.create_task(self._serve(worker, webhook_id))

    async def _compare(self) -> None:
        """Leave what is claimed and not served: the answer to the claim was lost."""
        worker = self._claims.worker
        if worker is not None:
            for webhook_id in await self._deliveries.claimed(worker) - self._serving.keys():
                log.warning("an endpoint was claimed and not served", webhook=webhook_id)
                await self._deliveries.release(worker, webhook_id)

    def _stop(self) -> None:
        """Let go of every endpoint: the claims are lost, or about to be given back."""
        for serving in self._serving.values():
            serving.cancel()
        self._serving.clear()
