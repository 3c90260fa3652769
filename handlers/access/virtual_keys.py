"""Virtual keys: the credentials that the gateway gives out, what may be done with them, and what has been."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ..errors import Conflict, InvalidRequest, NotFound
from ..jobs.access_tables import meters as meter_table
from ..jobs.access_tables import virtual_keys
from . import meters
from .books import FILE, Books, changeable, new_id, virtual_key_unknown
from .callers import VIRTUAL_KEY
from .directory import digest
from .grants import Grant, demand_pattern
from .meters import BUDGET, Owner, Reading

SCALARS = (
    *("name", "description", "is_active", "expires_at", "team_id", "customer_id", "allow_all_providers"),
    *("disable_content_logging", "retention_days"),
)
"""What of a request stands in columns of the same name."""

MODELS = ("allowed_models", "blacklisted_models")
EVERYTHING = {"allowed_models": ["*"], "blacklisted_models": [], "key_ids": ["*"]}
"""What a provider config says where it says nothing."""


@dataclass(frozen=True, slots=True)
class VirtualKey:
    """A row of `virtual_keys` without its digest, and the meters of the key and of its provider configs."""

    id: str
    name: str
    description: str | None
    hint: str
    is_active: bool
    expires_at: datetime | None
    team_id: str | None
    customer_id: str | None
    allow_all_providers: bool
    provider_configs: list[dict[str, Any]]
    disable_content_logging: bool | None
    retention_days: float | None
    source: str
    created_at: datetime
    updated_at: datetime
    readings: Mapping[Owner, Sequence[Reading]] = field(default_factory=dict, compare=False)

    @property
    def own(self) -> Sequence[Reading]:
        return self.readings.get(("virtual_key", self.id), ())

    def at(self, provider: str) -> Sequence[Reading]:
        """The meters of its provider config."""
        return self.readings.get(_owner_at(self.id, provider), ())

    @property
    def owners(self) -> list[Owner]:
        return _owners(self.id, self.provider_configs)


COLUMNS = [virtual_keys.c[each.name] for each in fields(VirtualKey) if each.name != "readings"]


class VirtualKeys:
    def __init__(self, books: Books) -> None:
        self._books = books

    async def page(
        self, *, limit: int, offset: int, search: str | None = None, **only: Any
    ) -> tuple[list[VirtualKey], int]:
        """Those whose name has `search` in it and whose columns are as `only` says, oldest first; and how many there are."""
        condition = [virtual_keys.c[name] == value for name, value in only.items() if value is not None]
        if search is not None:
            condition.append(virtual_keys.c.name.icontains(search, autoescape=True))
        query = select(*COLUMNS).where(*condition).order_by(virtual_keys.c.id).limit(limit).offset(offset)
        async with self._books.reading() as connection:
            total = (
                await connection.execute(select(func.count()).select_from(virtual_keys).where(*condition))
            ).scalar_one()
            return await _with_readings(connection, (await connection.execute(query)).all()), total

    async def get(self, vk_id: str) -> VirtualKey:
        """Raises NotFound."""
        async with self._books.reading() as connection:
            return await _read(connection, vk_id)

    async def quota(self, grant: Grant) -> list[Reading]:
        """What the meters show that jobs of a key touch."""
        async with self._books.reading() as connection:
            return await meters.read(connection, meter_table.c.id.in_([meter.id for meter in grant.meters]))

    async def create(self, asked: Mapping[str, Any]) -> tuple[VirtualKey, str]:
        """A new key, and its value. Raises InvalidRequest; NotFound for its team; Conflict for its name."""
        async with self._books.writing() as connection:
            vk_id, value = await insert_key(connection, asked, source="api")
            return await _read(connection, vk_id), value

    async def change(self, vk_id: str, asked: Mapping[str, Any]) -> VirtualKey:
        """Raises NotFound; Conflict for what the file declares, and for its name; InvalidRequest."""
        async with self._books.writing() as connection:
            await _locked(connection, [vk_id])
            await change_key(connection, vk_id, asked, source="api")
            return await _read(connection, vk_id)

    async def rotate(self, ids: Sequence[str], *, keep_usage: bool) -> list[tuple[VirtualKey, str]]:
        """New values. Raises NotFound or Conflict if that is not possible for one of them."""
        values = {vk_id: VIRTUAL_KEY + secrets.token_urlsafe(32) for vk_id in ids}
        async with self._books.writing() as connection:
            await _locked(connection, ids)
            for vk_id, value in values.items():
                change = update(virtual_keys).where(virtual_keys.c.id == vk_id)
                await connection.execute(change.values(**_secret(value), updated_at=func.now()))
            keys = [await _read(connection, vk_id) for vk_id in ids]
            if not keep_usage:
                owners = [owner for key in keys for owner in key.owners]
                await meters.lock(connection, owners)
                await meters.forget_usage(connection, owners)
                keys = [await _read(connection, vk_id) for vk_id in ids]
            return [(key, values[key.id]) for key in keys]

    async def delete(self, vk_id: str) -> None:
        """Raises NotFound, Conflict."""
        async with self._books.writing() as connection:
            await _locked(connection, [vk_id])
            await delete_key(connection, vk_id)

    async def override(
        self, vk_id: str, budget_id: str, amount: Decimal | None, cycles: int | None = None
    ) -> VirtualKey:
        """Allow more than a budget's maximum, for so many windows or for ever; None: no more. Raises NotFound, Conflict."""
        async with self._books.writing() as connection:
            await _locked(connection, [vk_id])
            key = await _read(connection, vk_id)
            budgets = [each for theirs in key.readings.values() for each in theirs if each.kind == BUDGET]
            budget = next((each for each in budgets if each.id == budget_id), None)
            if budget is None:
                raise NotFound("The virtual key has no such budget.", code="budget_not_found", param="budget_id")
            if cycles is not None and budget.reset_duration is None:
                raise Conflict(
                    "The budget is never reset, so it has no windows that could be counted. Use the mode forever.",
                    code="budget_never_reset",
                    param="cycles",
                )
            await meters.override(connection, budget, amount, cycles)
            return await _read(connection, vk_id)


async def insert_key(connection: AsyncConnection, asked: Mapping[str, Any], *, source: str) -> tuple[str, str]:
    """A new key -> its id and its value."""
    vk_id, value = new_id("vk"), asked.get("value") or VIRTUAL_KEY + secrets.token_urlsafe(32)
    _check(asked.get("team_id"), asked.get("customer_id"))
    row = {name: asked[name] for name in SCALARS if name in asked}
    configs = _configs(asked.get("provider_configs", []))
    made = insert(virtual_keys).values(id=vk_id, **_secret(value), **row, provider_configs=configs, source=source)
    await connection.execute(made)
    await _put_meters(connection, vk_id, asked, configs, source)
    return vk_id, value


async def change_key(connection: AsyncConnection, vk_id: str, asked: Mapping[str, Any], *, source: str) -> None:
    """Change a key that is locked. What `asked` does not have stays as it is."""
    before = await _read(connection, vk_id)
    row = {name: asked[name] for name in SCALARS if name in asked}
    _check(row.get("team_id", before.team_id), row.get("customer_id", before.customer_id))
    if "value" in asked:
        row |= _secret(asked["value"])
    if "provider_configs" in asked:
        row["provider_configs"] = _configs(asked["provider_configs"])
    differs = any(not hasattr(before, name) or getattr(before, name) != value for name, value in row.items())
    if differs or source != FILE:
        change = update(virtual_keys).where(virtual_keys.c.id == vk_id)
        await connection.execute(change.values(**row, updated_at=func.now()))
    configs = row.get("provider_configs", before.provider_configs)
    await meters.lock(connection, before.owners)
    await meters.remove(connection, set(before.owners) - set(_owners(vk_id, configs)))
    await _put_meters(connection, vk_id, asked, configs, source)
    if asked.get("reset_budget_usage"):
        await meters.forget_usage(connection, _owners(vk_id, configs), [BUDGET])


async def delete_key(connection: AsyncConnection, vk_id: str) -> None:
    key = await _read(connection, vk_id)
    await connection.execute(delete(virtual_keys).where(virtual_keys.c.id == vk_id))
    await meters.lock(connection, key.owners)
    await meters.remove(connection, key.owners)


async def _put_meters(
    connection: AsyncConnection, vk_id: str, asked: Mapping[str, Any], configs: Sequence[Mapping[str, Any]], source: str
) -> None:
    aligned = asked.get("calendar_aligned")
    await meters.put(connection, ("virtual_key", vk_id), asked, aligned=aligned, source=source)
    said = {config["provider"]: config for config in asked.get("provider_configs", [])}
    for config in configs:
        owner = _owner_at(vk_id, config["provider"])
        await meters.put(connection, owner, said.get(config["provider"], {}), aligned=aligned, source=source)


def _configs(asked: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`provider_configs` of a request -> as they are kept. Raises InvalidRequest."""
    configs = [
        {"provider": each["provider"]} | {name: each.get(name, all_) for name, all_ in EVERYTHING.items()}
        for each in asked
    ]
    providers = [config["provider"] for config in configs]
    twice = next((provider for provider in providers if providers.count(provider) > 1), None)
    if twice is not None:
        raise InvalidRequest(
            f"There are two provider_configs for {twice}. Make them one.",
            code="provider_twice",
            param="provider_configs",
        )
    for config in configs:
        for name in (name for which in MODELS for name in config[which]):
            demand_pattern(name, config["provider"])
    return configs


def _check(team_id: str | None, customer_id: str | None) -> None:
    if team_id is not None and customer_id is not None:
        raise InvalidRequest(
            "A virtual key is of a team or of a customer, not of both: the team says which customer it is of. Set one of "
            "them to null.",
            code="team_and_customer",
            param="team_id",
        )


def _secret(value: str) -> dict[str, Any]:
    return {"digest": digest(value), "hint": value[-4:]}


def _owner_at(vk_id: str, provider: str) -> Owner:
    return "provider_config", f"{vk_id}/{provider}"


def _owners(vk_id: str, configs: Iterable[Mapping[str, Any]]) -> list[Owner]:
    return [("virtual_key", vk_id), *(_owner_at(vk_id, config["provider"]) for config in configs)]


async def _locked(connection: AsyncConnection, ids: Sequence[str]) -> None:
    """Nobody else changes these keys until the transaction ends. Raises NotFound; Conflict for what the file declares."""
    query = select(virtual_keys.c.id, virtual_keys.c.source).where(virtual_keys.c.id.in_(ids))
    found = (await connection.execute(query.order_by(virtual_keys.c.id).with_for_update())).all()
    if len(found) < len(ids):
        raise virtual_key_unknown()
    for row in found:
        changeable("virtual key", row.source)


async def _read(connection: AsyncConnection, vk_id: str) -> VirtualKey:
    row = (await connection.execute(select(*COLUMNS).where(virtual_keys.c.id == vk_id))).first()
    if row is None:
        raise virtual_key_unknown()
    (key,) = await _with_readings(connection, [row])
    return key


async def _with_readings(connection: AsyncConnection, rows: Sequence[Any]) -> list[VirtualKey]:
    keys = [VirtualKey(*row) for row in rows]
    found = await meters.by_owner(connection, [owner for key in keys for owner in key.owners])
    return [replace(key, readings={owner: found[owner] for owner in key.owners if owner in found}) for key in keys]
