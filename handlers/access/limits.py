"""Budgets and limits as such: all of them, and those of providers and their keys, which nobody else has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, text

from ..jobs.access_tables import meters as table
from . import meters
from .books import Books
from .meters import BUDGET, LIMIT, Owner, Reading


class Limits:
    def __init__(self, books: Books) -> None:
        self._books = books

    async def budgets(self, *, limit: int, offset: int) -> tuple[list[Reading], int]:
        """Oldest first; and how many there are."""
        condition = table.c.kind == BUDGET
        page = select(table.c.id).where(condition).order_by(table.c.id).limit(limit).offset(offset)
        async with self._books.reading() as connection:
            total = (await connection.execute(select(func.count()).select_from(table).where(condition))).scalar_one()
            return await meters.read(connection, table.c.id.in_(page)), total

    async def rate_limits(self, *, limit: int, offset: int) -> tuple[list[list[Reading]], int]:
        """The limits of each owner; and how many owners there are that have any."""
        owners = (
            select(table.c.scope, table.c.scope_id)
            .where(table.c.kind == LIMIT)
            .group_by(table.c.scope, table.c.scope_id)
        )
        page = owners.order_by(func.min(table.c.id)).limit(limit).offset(offset)
        async with self._books.reading() as connection:
            total = (await connection.execute(select(func.count()).select_from(owners.subquery()))).scalar_one()
            asked = [(row.scope, row.scope_id) for row in await connection.execute(page)]
            found = await meters.read(connection, meters.of(asked) & (table.c.kind == LIMIT))
        theirs = meters.grouped(found)
        return [theirs[owner] for owner in asked], total

    async def of_providers(self) -> dict[Owner, list[Reading]]:
        """Those of providers and of their keys."""
        async with self._books.reading() as connection:
            return meters.grouped(await meters.read(connection, table.c.scope.in_(["provider", "provider_key"])))

    async def put(self, changes: Sequence[tuple[Owner, Mapping[str, Any]]]) -> None:
        """Have the limits of each owner be as is said. Raises InvalidRequest, NotFound."""
        async with self._books.writing() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('limits of providers'))"))
            await meters.lock(connection, [owner for owner, _ in changes])
            for owner, asked in changes:
                await meters.put(connection, owner, asked, aligned=None, source="api")
