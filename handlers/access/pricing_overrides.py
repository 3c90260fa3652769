"""Prices that take the place of the gateway's own: kept here, applied where jobs are priced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ..errors import InvalidRequest, NotFound
from ..jobs.access_tables import pricing_overrides as table
from ..providers.pricing import Patch
from .books import FILE, Books, changeable, new_id

SCOPES: Mapping[str, tuple[str, ...]] = {
    "global": (),
    "provider": ("provider",),
    "provider_key": ("provider", "provider_key"),
    "virtual_key": ("virtual_key_id",),
    "virtual_key_provider": ("virtual_key_id", "provider"),
}
"""scope_kind -> what says which one."""

IDS = ("provider", "provider_key", "virtual_key_id")


@dataclass(frozen=True, slots=True)
class PricingOverride:
    """A row of `pricing_overrides`."""

    id: str
    name: str
    scope_kind: str
    provider: str | None
    provider_key: str | None
    virtual_key_id: str | None
    match_type: str
    pattern: str
    request_types: list[str]
    patch: dict[str, Any]
    source: str
    created_at: datetime
    updated_at: datetime


COLUMNS = [table.c[each.name] for each in fields(PricingOverride)]


class PricingOverrides:
    def __init__(self, books: Books) -> None:
        self._books = books

    async def page(
        self, *, limit: int, offset: int, search: str | None = None, **only: Any
    ) -> tuple[list[PricingOverride], int]:
        """Those whose name has `search` in it and whose columns are as `only` says, oldest first; and how many there are."""
        condition = [table.c[name] == value for name, value in only.items() if value is not None]
        if search is not None:
            condition.append(table.c.name.icontains(search, autoescape=True))
        query = select(*COLUMNS).where(*condition).order_by(table.c.id).limit(limit).offset(offset)
        async with self._books.reading() as connection:
            total = (await connection.execute(select(func.count()).select_from(table).where(*condition))).scalar_one()
            return [PricingOverride(*row) for row in await connection.execute(query)], total

    async def get(self, override_id: str) -> PricingOverride:
        """Raises NotFound."""
        async with self._books.reading() as connection:
            return await _read(connection, override_id)

    async def create(self, asked: Mapping[str, Any]) -> PricingOverride:
        """Raises InvalidRequest, Conflict for its name, NotFound for its virtual key."""
        async with self._books.writing() as connection:
            return await _read(connection, await insert_override(connection, asked, source="api"))

    async def change(self, override_id: str, asked: Mapping[str, Any]) -> PricingOverride:
        """Raises NotFound, InvalidRequest; Conflict for what the file declares, and for its name."""
        async with self._books.writing() as connection:
            changeable("pricing override", (await _read(connection, override_id, lock=True)).source)
            await change_override(connection, override_id, asked)
            return await _read(connection, override_id)

    async def delete(self, override_id: str) -> None:
        """Raises NotFound, Conflict."""
        async with self._books.writing() as connection:
            changeable("pricing override", (await _read(connection, override_id, lock=True)).source)
            await connection.execute(delete(table).where(table.c.id == override_id))


async def insert_override(connection: AsyncConnection, asked: Mapping[str, Any], *, source: str) -> str:
    """A new one -> its id."""
    _check(asked)
    override_id = new_id("price")
    await connection.execute(insert(table).values(id=override_id, **asked, source=source))
    return override_id


async def change_override(connection: AsyncConnection, override_id: str, asked: Mapping[str, Any]) -> None:
    """Change one that is locked. What `asked` does not have stays as it is; another scope has ids of its own."""
    before = await _read(connection, override_id)
    ids = {} if "scope_kind" in asked else {name: getattr(before, name) for name in IDS}
    after = (
        {"scope_kind": before.scope_kind, "match_type": before.match_type, "pattern": before.pattern}
        | ids
        | dict(asked)
    )
    _check(after)
    row = dict(asked) | {name: after.get(name) for name in IDS}
    if before.source == FILE and all(getattr(before, name) == value for name, value in row.items()):
        return
    await connection.execute(update(table).where(table.c.id == override_id).values(**row, updated_at=func.now()))


def _check(asked: Mapping[str, Any]) -> None:
    """Raises InvalidRequest if the ids are not those of the scope, a `*` would not be one, or the patch sets no price."""
    needed = SCOPES[asked["scope_kind"]]
    for name in IDS:
        if (asked.get(name) is not None) != (name in needed):
            with_ = " and ".join(needed) or "no provider, provider_key or virtual_key_id"
            raise InvalidRequest(
                f"An override with scope_kind {asked['scope_kind']} has {with_}.", code="invalid_scope", param=name
            )
    if asked["match_type"] == "wildcard" and "*" in asked["pattern"].removesuffix("*"):
        raise InvalidRequest("A wildcard has one `*`, at its end.", code="invalid_pattern", param="pattern")
    if asked.get("provider") is not None and asked["pattern"].startswith(f"{asked['provider']}/"):
        raise InvalidRequest(
            "The pattern is of the provider's own names: leave the provider out.",
            code="invalid_pattern",
            param="pattern",
        )
    if "patch" in asked:  # one that cannot be read would keep all jobs from being priced
        try:
            Patch.model_validate(asked["patch"])
        except ValidationError as error:
            reasons = "; ".join(each["msg"].removeprefix("Value error, ") for each in error.errors())
            raise InvalidRequest(f"The patch cannot be used: {reasons}.", param="patch") from None


async def _read(connection: AsyncConnection, override_id: str, *, lock: bool = False) -> PricingOverride:
    query = select(*COLUMNS).where(table.c.id == override_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).first()
    if row is None:
        raise NotFound(
            "There is no such pricing override.", code="pricing_override_not_found", param="pricing_override_id"
        )
    return PricingOverride(*row)
