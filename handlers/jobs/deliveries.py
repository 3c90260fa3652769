"""The log of deliveries: each message to each endpoint, from the transaction that makes it until long after it ended.

A pending message is due at `next_at`. Only those of enabled endpoints are pending: whoever makes one so holds the endpoint's
row (FOR SHARE), and whoever disables an endpoint cancels what is pending in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import DateTime, Text, bindparam, case, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from ulid import ULID

from ..errors import Conflict, NotFound
from .ledger import Job
from .messages import event_of, message, message_of_test
from .sealing import Vault, opened
from .tables import deliveries, webhooks
from .webhooks import Endpoint, unknown

PENDING: Final = "pending"
DELIVERED: Final = "delivered"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"

TEST: Final = "webhook.test"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A row of `webhook_deliveries`; the meaning of each field stands in tables.py. `url` is where it is sent."""

    id: str
    webhook_id: str
    event: str
    video_id: str | None
    url: str
    status: str
    attempts: Sequence[Mapping[str, Any]]
    next_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """A message to be sent now, with what it is signed with. `named`: the job named the URL, not its endpoint."""

    id: str
    webhook_id: str
    owner: str
    event: str
    url: str = field(repr=False)
    named: bool
    payload: str = field(repr=False)
    tries: int
    secret: str = field(repr=False)
    old_secret: str | None = field(repr=False)
    old_secret_until: datetime | None

    def secrets(self, now: datetime) -> list[str]:
        """The newest first."""
        graceful = self.old_secret_until is not None and self.old_secret_until > now
        return [self.secret, *([self.old_secret] if graceful and self.old_secret is not None else [])]


BOTH = deliveries.join(webhooks)
URL = func.coalesce(deliveries.c.url, webhooks.c.url)
ONE = select(*(URL if each.name == "url" else deliveries.c[each.name] for each in fields(Delivery))).select_from(BOTH)
SENDABLE = select(
    deliveries.c.id,
    deliveries.c.webhook_id,
    webhooks.c.owner,
    deliveries.c.event,
    URL,
    webhooks.c.url.is_(None),
    deliveries.c.payload,
    deliveries.c.tries,
    webhooks.c.secret,
    webhooks.c.old_secret,
    webhooks.c.old_secret_until,
).select_from(BOTH)

IS_PENDING = deliveries.c.status == PENDING
OUTCOME = bindparam("outcome", type_=Text)
RECORD = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery_id"))
    .values(
        attempts=deliveries.c.attempts.op("||")(bindparam("attempt", type_=JSONB)),
        tries=deliveries.c.tries + 1,
        # What was cancelled meanwhile, and a test, is changed by its arrival only.
        status=case((IS_PENDING | (OUTCOME == DELIVERED), OUTCOME), else_=deliveries.c.status),
        next_at=case((IS_PENDING, bindparam("due", type_=DateTime(timezone=True)))),
    )
)

LISTENERS = text("""
    SELECT id, url, base_url FROM webhooks
    WHERE owner = :owner AND enabled AND :event = ANY (events) AND (url IS NOT NULL OR :named)
    ORDER BY id FOR SHARE OF webhooks
""")
CLAIM = text("""
    UPDATE webhooks SET worker = :worker WHERE id IN (
        SELECT id FROM webhooks WHERE worker IS NULL
        AND id IN (SELECT webhook_id FROM webhook_deliveries WHERE next_at <= :now)
        LIMIT :most FOR UPDATE SKIP LOCKED
    ) RETURNING id
""")
CLAIMED = text("SELECT id FROM webhooks WHERE worker = :worker")
RELEASE = text("UPDATE webhooks SET worker = NULL WHERE id = :webhook_id AND worker = :worker")


async def post(connection: AsyncConnection, job: Job, public_url: str | None) -> None:
    """Write down what is to be told of a job, in the transaction that ends it.

    `public_url` is what links begin with, unless each endpoint shall have the address where its owner reached the gateway.
    """
    event, url = event_of(job), job.request.get("webhook_url")
    wanted = {"owner": job.owner, "event": event.value, "named": url is not None}
    listeners = (await connection.execute(LISTENERS, wanted)).all()
    if not listeners:
        return
    now = datetime.now(UTC)
    rows = [
        {
            "id": _new_id(),
            "webhook_id": webhook_id,
            "event": event.value,
            "video_id": job.id,
            "url": url if own_url is None else None,
            "payload": message(job, event, public_url or base_url),
            "status": PENDING,
            "tries": 0,
            "next_at": now,
            "created_at": now,
        }
        for webhook_id, own_url, base_url in listeners
    ]
    await connection.execute(insert(deliveries), rows)


class Deliveries:
    def __init__(self, engine: AsyncEngine, vault: Vault) -> None:
        self._engine = engine
        self._vault = vault
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")  # for what is one statement

    # ---- for callers ------------------------------------------------------------------------------------------

    async def page(
        self, endpoint: Endpoint, *, status: str | None, after: str | None, limit: int
    ) -> tuple[list[Delivery], bool]:
        """Up to `limit` messages to an endpoint behind the one called `after`, newest first, and whether there are more."""
        query = ONE.where(deliveries.c.webhook_id == endpoint.id)
        if status is not None:
            query = query.where(deliveries.c.status == status)
        if after is not None:
            query = query.where(deliveries.c.id < after)
        async with self._single.connect() as connection:
            rows = (await connection.execute(query.order_by(deliveries.c.id.desc()).limit(limit + 1))).all()
        return [Delivery(*row) for row in rows[:limit]], len(rows) > limit

    async def again(self, owner: str, delivery_id: str) -> Delivery:
        """Have a message that has ended sent once more, as if it were new. Raises NotFound, Conflict."""
        this = deliveries.c.id == delivery_id
        find = select(webhooks.c.enabled).select_from(BOTH).where(this, webhooks.c.owner == owner)
        begin = update(deliveries).where(this, deliveries.c.next_at.is_(None))
        async with self._engine.begin() as connection:
            enabled = (await connection.execute(find.with_for_update(read=True, of=webhooks))).scalar()
            if enabled is None:
                raise NotFound(f"There is no delivery {delivery_id!r}.", code="delivery_not_found", param="delivery_id")
            if not enabled:
                raise Conflict("The endpoint is disabled. Enable it first.", code="webhook_disabled")
            begun = await connection.execute(begin.values(status=PENDING, tries=0, next_at=datetime.now(UTC)))
            if not begun.rowcount:
                raise Conflict("The message is being delivered. Wait until that has ended.", code="delivery_pending")
            return Delivery(*(await connection.execute(ONE.where(this))).one())

    # ---- for those who send -----------------------------------------------------------------------------------

    async def due(self, webhook_id: str, *, besides: Collection[str], most: int) -> list[Due]:
        """What is to be sent to an endpoint now, the longest overdue first."""
        query = SENDABLE.where(
            deliveries.c.webhook_id == webhook_id,
            deliveries.c.next_at <= datetime.now(UTC),
            deliveries.c.id.not_in(besides),
        )
        async with self._single.connect() as connection:
            rows = await connection.execute(query.order_by(deliveries.c.next_at).limit(most))
            return [self._opened(Due(*row)) for row in rows]

    async def record(self, due: Due, attempt: Mapping[str, Any], status: str, next_at: datetime | None) -> None:
        """Write an attempt down, and what follows from it."""
        values = {"delivery_id": due.id, "attempt": [attempt], "outcome": status, "due": next_at}
        async with self._single.connect() as connection:
            await connection.execute(RECORD, values)

    async def test(self, endpoint: Endpoint) -> Due:
        """A message to try an endpoint with. It is sent once, so it is never pending. Raises NotFound."""
        now = datetime.now(UTC)
        row = {
            "id": _new_id(),
            "webhook_id": endpoint.id,
            "event": TEST,
            "payload": message_of_test(endpoint.id, now),
            "status": FAILED,
            "tries": 0,
            "created_at": now,
        }
        async with self._engine.begin() as connection:
            try:
                await connection.execute(insert(deliveries), row)
            except IntegrityError:  # it was deleted just now
                raise unknown(endpoint.id) from None
            due = (await connection.execute(SENDABLE.where(deliveries.c.id == row["id"]))).one()
            return self._opened(Due(*due))

    async def get(self, delivery_id: str) -> Delivery:
        async with self._single.connect() as connection:
            return Delivery(*(await connection.execute(ONE.where(deliveries.c.id == delivery_id))).one())

    async def claim(self, worker: str, most: int) -> list[str]:
        """Up to `most` endpoints for which something is due and which nobody serves: from now on the worker does."""
        wanted = {"worker": worker, "now": datetime.now(UTC), "most": most}
        async with self._single.connect() as connection:
            return list((await connection.execute(CLAIM, wanted)).scalars())

    async def claimed(self, worker: str) -> set[str]:
        """The endpoints that the worker has claimed."""
        async with self._single.connect() as connection:
            return set((await connection.execute(CLAIMED, {"worker": worker})).scalars())

    async def release(self, worker: str, webhook_id: str) -> None:
        """Leave the endpoint to any worker that claims it, if it is still this one's."""
        async with self._single.connect() as connection:
            await connection.execute(RELEASE, {"worker": worker, "webhook_id": webhook_id})

    async def purge(self, age: timedelta) -> None:
        """Forget what ended and is older."""
        oldest = f"msg_{str(ULID.from_datetime(datetime.now(UTC) - age)).lower()}"
        async with self._single.connect() as connection:
            await connection.execute(delete(deliveries).where(deliveries.c.id < oldest, deliveries.c.next_at.is_(None)))

    def _opened(self, due: Due) -> Due:
        """With its secrets as they are. Raises what the vault raises for one that it cannot open."""
        old = opened(self._vault, due.old_secret, due.webhook_id) if due.old_secret is not None else None
        return replace(due, secret=opened(self._vault, due.secret, due.webhook_id), old_secret=old)


def _new_id() -> str:
    return f"msg_{str(ULID()).lower()}"
