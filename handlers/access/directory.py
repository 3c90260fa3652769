"""Who is known: the virtual keys with everything that applies to them, and the meters of providers.

What was looked up is remembered, also that there is no such key, until any of it changes (access_tables.TOLD): changes of other
processes are heard, and while they would go unheard nothing is remembered.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from ..jobs.access_tables import meters, pricing_overrides, sessions, teams, virtual_keys
from ..providers.pricing import Override, PriceBook, price_book
from .grants import Grant, Meter, ProviderConfig

Found = TypeVar("Found")

VIRTUAL_KEY_ID = "vk_"
"""How the ids of virtual keys begin, which own the jobs that are made with them."""

METER = [meters.c[name] for name in Meter.__slots__]
KEY = [virtual_keys.c[name] for name in ("id", "name", "is_active", "expires_at", "team_id", "allow_all_providers")]


def digest(secret: str) -> bytes:
    """What is kept of a secret that only has to be recognised."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


class Directory:
    def __init__(self, engine: AsyncEngine, *, size: int = 20_000) -> None:
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._size = size
        self._known: OrderedDict[tuple[str, object], object] = OrderedDict()
        self._version = 0
        self.trusted = False

    def forget(self, table: str = "") -> None:
        """Something has changed: nothing that was read before is right any more, nor what is being read."""
        self._version += 1
        self._known.clear()

    def trust(self, trusted: bool) -> None:
        """Begin or stop to hear changes."""
        self.trusted = trusted
        self.forget()

    async def by_value(self, value: str) -> Grant | None:
        """The virtual key with this value."""
        wanted = digest(value)
        return await self._remembered(("value", wanted), lambda: self._grant(virtual_keys.c.digest == wanted))

    async def by_reference(self, reference: str) -> Grant | None:
        """The virtual key with this id, or else this name."""
        if "\0" in reference:
            return None

        async def look() -> Grant | None:
            by_id = await self._grant(virtual_keys.c.id == reference)
            return by_id or await self._grant(virtual_keys.c.name == reference)

        return await self._remembered(("reference", reference), look)

    async def session(self, session: bytes) -> Any:
        """When the session with this digest ends; None if there is none."""

        async def look() -> Any:
            query = select(sessions.c.expires_at).where(sessions.c.digest == session)
            async with self._single.connect() as connection:
                return (await connection.execute(query)).scalar_one_or_none()

        return await self._remembered(("session", session), look)

    async def of_providers(self) -> Mapping[tuple[str, str], Sequence[Meter]]:
        """The meters of providers and their keys: (scope, scope_id) -> meters."""

        async def look() -> Mapping[tuple[str, str], Sequence[Meter]]:
            found: dict[tuple[str, str], list[Meter]] = {}
            for meter in await self._meters(meters.c.scope.in_(["provider", "provider_key"])):
                found.setdefault((meter.scope, meter.scope_id), []).append(meter)
            return found

        return await self._remembered(("providers", None), look)

    async def prices(self) -> PriceBook:
        """All prices, with those that the operator has set."""
        wanted = [pricing_overrides.c[name] for name in Override.model_fields]

        async def look() -> PriceBook:
            async with self._single.connect() as connection:
                rows = (await connection.execute(select(*wanted).order_by(pricing_overrides.c.id))).mappings().all()
            return price_book().with_overrides([Override.model_validate(dict(row)) for row in rows])

        return await self._remembered(("prices", None), look)

    async def _grant(self, condition: ColumnElement[bool]) -> Grant | None:
        query = (
            select(
                *KEY,
                virtual_keys.c.provider_configs,
                virtual_keys.c.disable_content_logging,
                virtual_keys.c.retention_days,
                virtual_keys.c.customer_id,
                teams.c.customer_id.label("teams_customer_id"),
            )
            .select_from(virtual_keys.outerjoin(teams, teams.c.id == virtual_keys.c.team_id))
            .where(condition)
        )
        async with self._single.connect() as connection:
            row = (await connection.execute(query)).mappings().first()
        if row is None:
            return None
        configs = [
            ProviderConfig(**{name: each[name] for name in ProviderConfig.__slots__ if name in each})
            for each in row["provider_configs"]
        ]
        customer_id = row["customer_id"] or row["teams_customer_id"]
        over = {"virtual_key": row["id"], "team": row["team_id"], "customer": customer_id}
        theirs = [and_(meters.c.scope == scope, meters.c.scope_id == owner) for scope, owner in over.items() if owner]
        of_configs = [f"{row['id']}/{config.provider}" for config in configs]
        theirs.append(and_(meters.c.scope == "provider_config", meters.c.scope_id.in_(of_configs)))
        return Grant(
            **{column.name: row[column.name] for column in KEY},
            customer_id=customer_id,
            providers={config.provider: config for config in configs},
            disable_content_logging=row["disable_content_logging"],
            retention_days=row["retention_days"],
            meters=await self._meters(or_(*theirs)),
        )

    async def _meters(self, condition: ColumnElement[bool]) -> Sequence[Meter]:
        async with self._single.connect() as connection:
            return [Meter(*row) for row in await connection.execute(select(*METER).where(condition))]

    async def _remembered(self, what: tuple[str, object], look: Callable[[], Awaitable[Found]]) -> Found:
        if what in self._known:
            self._known.move_to_end(what)
            return self._known[what]  # type: ignore[return-value]
        version, trusted = self._version, self.trusted
        found = await look()
        if trusted and version == self._version:
            self._known[what] = found
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        return found
