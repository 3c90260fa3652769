"""Teams and customers: those on whose account virtual keys are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ..errors import Conflict, ReelgateError
from ..jobs.access_tables import customers, teams, virtual_keys
from . import meters
from .books import FILE, Books, changeable, customer_unknown, new_id, team_unknown
from .meters import BUDGET, Owner, Reading


@dataclass(frozen=True, slots=True)
class Group:
    """A row of `teams` or `customers`, and its meters."""

    id: str
    name: str
    customer_id: str | None  # of a team
    source: str
    created_at: datetime
    updated_at: datetime
    readings: Sequence[Reading] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Kind:
    """What teams and customers differ in."""

    noun: str
    table: Table
    members: Mapping[str, Column[Any]]  # what they are called -> the column in which they name the group

    def owner(self, group_id: str) -> Owner:
        return self.noun, group_id

    def unknown(self) -> ReelgateError:
        return team_unknown() if self is TEAM else customer_unknown()


TEAM = Kind("team", teams, {"virtual key": virtual_keys.c.team_id})
CUSTOMER = Kind("customer", customers, {"team": teams.c.customer_id, "virtual key": virtual_keys.c.customer_id})


class Groups:
    """All teams, or all customers."""

    def __init__(self, books: Books, kind: Kind) -> None:
        self._books = books
        self._kind = kind

    async def page(
        self, *, limit: int, offset: int, search: str | None = None, customer_id: str | None = None
    ) -> tuple[list[Group], int]:
        """Those whose name has `search` in it, oldest first; and how many there are."""
        table = self._kind.table
        condition = [table.c.name.icontains(search, autoescape=True)] if search is not None else []
        if customer_id is not None:
            condition.append(table.c.customer_id == customer_id)
        query = select(table).where(*condition).order_by(table.c.id).limit(limit).offset(offset)
        async with self._books.reading() as connection:
            total = (await connection.execute(select(func.count()).select_from(table).where(*condition))).scalar_one()
            rows = (await connection.execute(query)).all()
            return await _with_readings(connection, self._kind, rows), total

    async def get(self, group_id: str) -> Group:
        """Raises NotFound."""
        async with self._books.reading() as connection:
            return await _read(connection, self._kind, group_id)

    async def create(self, asked: Mapping[str, Any]) -> Group:
        """Raises Conflict for its name, NotFound for its customer, InvalidRequest."""
        async with self._books.writing() as connection:
            group_id = await insert_group(connection, self._kind, asked, source="api")
            return await _read(connection, self._kind, group_id)

    async def change(self, group_id: str, asked: Mapping[str, Any]) -> Group:
        """Raises NotFound; Conflict for what the file declares, and for its name; InvalidRequest."""
        async with self._books.writing() as connection:
            await _locked(connection, self._kind, group_id)
            await change_group(connection, self._kind, group_id, asked, source="api")
            return await _read(connection, self._kind, group_id)

    async def delete(self, group_id: str) -> None:
        """Raises NotFound; Conflict for what the file declares, and while anything refers to it."""
        async with self._books.writing() as connection:
            await _locked(connection, self._kind, group_id)
            await delete_group(connection, self._kind, group_id)


async def insert_group(connection: AsyncConnection, kind: Kind, asked: Mapping[str, Any], *, source: str) -> str:
    """A new one -> its id."""
    group_id = new_id(kind.noun)
    await connection.execute(insert(kind.table).values(id=group_id, **_row(kind, asked), source=source))
    await meters.put(connection, kind.owner(group_id), asked, aligned=asked.get("calendar_aligned"), source=source)
    return group_id


async def change_group(
    connection: AsyncConnection, kind: Kind, group_id: str, asked: Mapping[str, Any], *, source: str
) -> None:
    """Change one that is locked. What `asked` does not have stays as it is."""
    before, row = await _read(connection, kind, group_id), _row(kind, asked)
    if source != FILE or any(getattr(before, name) != value for name, value in row.items()):
        change = update(kind.table).where(kind.table.c.id == group_id)
        await connection.execute(change.values(**row, updated_at=func.now()))
    owner = kind.owner(group_id)
    await meters.lock(connection, [owner])
    await meters.put(connection, owner, asked, aligned=asked.get("calendar_aligned"), source=source)
    if asked.get("reset_budget_usage"):
        await meters.forget_usage(connection, [owner], [BUDGET])


async def delete_group(connection: AsyncConnection, kind: Kind, group_id: str) -> None:
    """Raises Conflict while anything refers to it; whatever would, later, waits for the lock and then does not find it."""
    for noun, column in kind.members.items():
        names = select(column.table.c.name).where(column == group_id).order_by(column.table.c.name)
        found = (await connection.execute(names.limit(4))).scalars().all()
        if found:
            named = ", ".join(repr(name) for name in found[:3]) + (" and others" if len(found) > 3 else "")
            raise Conflict(
                f"The {kind.noun} is that of the {noun}{'s' if len(found) > 1 else ''} {named}. Move or delete them first.",
                code="team_in_use" if kind is TEAM else "customer_in_use",
            )
    await connection.execute(delete(kind.table).where(kind.table.c.id == group_id))
    await meters.lock(connection, [kind.owner(group_id)])
    await meters.remove(connection, [kind.owner(group_id)])


def _row(kind: Kind, asked: Mapping[str, Any]) -> dict[str, Any]:
    return {name: asked[name] for name in ("name", "customer_id") if name in asked and name in kind.table.c}


async def _locked(connection: AsyncConnection, kind: Kind, group_id: str) -> None:
    """Nobody else changes it until the transaction ends. Raises NotFound; Conflict for what the file declares."""
    query = select(kind.table.c.source).where(kind.table.c.id == group_id).with_for_update()
    source = (await connection.execute(query)).scalar_one_or_none()
    if source is None:
        raise kind.unknown()
    changeable(kind.noun, source)


async def _read(connection: AsyncConnection, kind: Kind, group_id: str) -> Group:
    row = (await connection.execute(select(kind.table).where(kind.table.c.id == group_id))).first()
    if row is None:
        raise kind.unknown()
    (group,) = await _with_readings(connection, kind, [row])
    return group


async def _with_readings(connection: AsyncConnection, kind: Kind, rows: Sequence[Any]) -> list[Group]:
    found = await meters.by_owner(connection, [kind.owner(row.id) for row in rows])
    return [
        Group(
            row.id,
            row.name,
            getattr(row, "customer_id", None),
            row.source,
            row.created_at,
            row.updated_at,
            found.get(kind.owner(row.id), ()),
        )
        for row in rows
    ]
