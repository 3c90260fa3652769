"""Endpoints: who is told when a job of a caller's has ended, and with which secret that is signed."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from ulid import ULID

from generated.models import WebhookEventType

from ..egress import checked
from ..errors import Conflict, NotFound, UnsafeUrl
from .sealing import Vault, kept, opened
from .tables import deliveries, webhooks

MOST: Final = 50  # endpoints with a URL that one caller may have


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A row of `webhooks` without its secrets; the meaning of each field stands in tables.py."""

    id: str
    owner: str
    url: str | None
    events: list[str]
    description: str | None
    enabled: bool
    disabled_reason: str | None
    created_at: datetime
    updated_at: datetime


COLUMNS = [webhooks.c[field.name] for field in fields(Endpoint)]


class Endpoints:
    """`private`: whether they may lie in a private network, and be called over http."""

    def __init__(self, engine: AsyncEngine, vault: Vault, *, private: bool) -> None:
        self._engine = engine
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")  # for what is one statement
        self._vault = vault
        self._private = private

    async def all(self, owner: str) -> list[Endpoint]:
        """The owner's endpoints, oldest first."""
        query = select(*COLUMNS).where(webhooks.c.owner == owner).order_by(webhooks.c.id)
        async with self._single.connect() as connection:
            return [Endpoint(*row) for row in await connection.execute(query)]

    async def get(self, owner: str, webhook_id: str) -> Endpoint:
        """Raises NotFound."""
        query = select(*COLUMNS).where(webhooks.c.id == webhook_id, webhooks.c.owner == owner)
        async with self._single.connect() as connection:
            return _found((await connection.execute(query)).first(), webhook_id)

    async def create(self, owner: str, base_url: str, asked: Mapping[str, Any]) -> tuple[Endpoint, str]:
        """A new endpoint of which `asked` may give url, events, description and enabled; with its secret.

        Raises UnsafeUrl; Conflict if the owner has enough, or has the one without a URL.
        """
        secret = _secret()
        row = self._row(owner, base_url, secret) | dict(asked)
        if row["url"] is not None:
            self.check(row["url"], "url")
        async with self._engine.begin() as connection:
            await _one_at_a_time(connection, owner)
            if row["url"] is not None:
                await _refuse_too_many(connection, owner)
            try:
                made = (await connection.execute(insert(webhooks).returning(*COLUMNS), row)).one()
            except IntegrityError:
                raise Conflict(
                    "There is an endpoint without a url already; rotate its secret if you do not know it.",
                    code="webhook_exists",
                ) from None
        return Endpoint(*made), secret

    async def change(self, owner: str, webhook_id: str, changes: Mapping[str, Any]) -> Endpoint:
        """Change url, events, description or enabled. Raises NotFound, UnsafeUrl; Conflict for a URL where there is none."""
        if "url" in changes:
            self.check(changes["url"], "url")
            if (await self.get(owner, webhook_id)).url is None:
                raise without_url("It cannot be given one; create another endpoint.")
        values = dict(changes) | ({"disabled_reason": None} if "enabled" in changes else {})
        async with self._engine.begin() as connection:
            return await _change(connection, owner, webhook_id, values)

    async def rotate(self, owner: str, webhook_id: str, grace: timedelta) -> tuple[Endpoint, str]:
        """A new secret; for `grace` the old one signs too. Raises NotFound."""
        secret = _secret()
        before = select(webhooks.c.secret).where(webhooks.c.id == webhook_id, webhooks.c.owner == owner)
        async with self._engine.begin() as connection:
            old = (await connection.execute(before.with_for_update())).scalar_one_or_none()
            if old is None:
                raise unknown(webhook_id)
            values = {
                "old_secret": kept(self._vault, opened(self._vault, old, webhook_id), webhook_id),
                "old_secret_until": datetime.now(UTC) + grace,
                "secret": kept(self._vault, secret, webhook_id),
            }
            return await _change(connection, owner, webhook_id, values), secret

    async def delete(self, owner: str, webhook_id: str) -> None:
        """Forget the endpoint, with everything that was sent to it or waits for it. Raises NotFound."""
        statement = delete(webhooks).where(webhooks.c.id == webhook_id, webhooks.c.owner == owner)
        async with self._single.connect() as connection:
            if not (await connection.execute(statement)).rowcount:
                raise unknown(webhook_id)

    async def disable(self, owner: str, webhook_id: str, reason: str) -> None:
        """Send nothing more to an endpoint, whose receiver has asked for that. Raises NotFound."""
        async with self._engine.begin() as connection:
            await _change(connection, owner, webhook_id, {"enabled": False, "disabled_reason": reason})

    async def expect(self, owner: str, base_url: str, url: str) -> None:
        """See to it that a job's own `webhook_url` can be told of its end. Raises UnsafeUrl."""
        self.check(url, "webhook_url")
        statement = postgresql.insert(webhooks).values(self._row(owner, base_url, _secret())).on_conflict_do_nothing()
        async with self._single.connect() as connection:
            await connection.execute(statement)

    def check(self, url: str, param: str) -> None:
        """Raises UnsafeUrl for a URL at which nobody may be told."""
        try:
            checked(url, private=self._private)
        except UnsafeUrl as error:
            error.param = param
            raise

    def _row(self, owner: str, base_url: str, secret: str) -> dict[str, Any]:
        """A new endpoint without a URL, which is told of everything."""
        now, webhook_id = datetime.now(UTC), f"webhook_{str(ULID()).lower()}"
        return {
            "id": webhook_id,
            "owner": owner,
            "url": None,
            "events": [event.value for event in WebhookEventType],
            "enabled": True,
            "secret": kept(self._vault, secret, webhook_id),
            "base_url": base_url,
            "created_at": now,
            "updated_at": now,
        }


async def _change(connection: AsyncConnection, owner: str, webhook_id: str, values: Mapping[str, Any]) -> Endpoint:
    """Raises NotFound. What waits for an endpoint that is disabled is cancelled."""
    change = update(webhooks).where(webhooks.c.id == webhook_id, webhooks.c.owner == owner)
    change = change.values(**values, updated_at=datetime.now(UTC))
    cancel = update(deliveries).where(deliveries.c.webhook_id == webhook_id, deliveries.c.next_at.is_not(None))
    endpoint = _found((await connection.execute(change.returning(*COLUMNS))).first(), webhook_id)
    if not endpoint.enabled:
        await connection.execute(cancel.values(status="cancelled", next_at=None))
    return endpoint


def without_url(what_then: str) -> Conflict:
    """The refusal of what only an endpoint with a URL of its own can do."""
    return Conflict(f"This endpoint has no url: each job names its own. {what_then}", code="webhook_without_url")


def _secret() -> str:
    """https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme"""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


async def _one_at_a_time(connection: AsyncConnection, owner: str) -> None:
    """Until the transaction ends nobody else adds an endpoint of this owner's, so that they can be counted."""
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"webhooks of {owner}", 0))))


async def _refuse_too_many(connection: AsyncConnection, owner: str) -> None:
    there = select(func.count()).where(webhooks.c.owner == owner, webhooks.c.url.is_not(None))
    if (await connection.execute(there)).scalar_one() >= MOST:
        raise Conflict(f"There are {MOST} endpoints, the most a caller can have. Delete one.", code="webhook_limit")


def _found(row: Any, webhook_id: str) -> Endpoint:
    if row is None:
        raise unknown(webhook_id)
    return Endpoint(*row)


def unknown(webhook_id: str) -> NotFound:
    return NotFound(f"There is no webhook {webhook_id!r}.", code="webhook_not_found", param="webhook_id")
