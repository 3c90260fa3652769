"""What the configuration file declares of governance -> the tables, when the gateway starts.

The file owns what it declares, and the API what it has made: what the file has no longer is deleted, and what has the name of
something of the API's is an error. Usage, ids and values stay from start to start; things are known by their name, keys also by
their value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Table, delete, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ..configuration import ConfigurationError, Declared, Governance, Limited, Owned, unusable
from ..errors import CallerError
from ..jobs.access_tables import pricing_overrides, virtual_keys
from . import groups, meters
from . import pricing_overrides as prices
from . import virtual_keys as keys
from .books import FILE, Books
from .directory import digest
from .groups import CUSTOMER, TEAM, Kind

WHERE = "The configuration's governance"

References = Mapping[str, str]
"""What something of the file is called, by id or name -> its id in the tables."""


async def declare(books: Books, governance: Governance) -> None:
    """Bring the tables to what the file says. Processes that start together do so one after another.

    Raises ConfigurationError, and changes nothing then.
    """
    try:
        async with books.writing() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('what the file declares'))"))
            await _Declaring(connection, governance).all()
    except CallerError as error:  # what two transactions contradict each other in
        raise unusable(WHERE, [error.message]) from None


class _Declaring:
    def __init__(self, connection: AsyncConnection, governance: Governance) -> None:
        self._connection = connection
        self._governance = governance

    async def all(self) -> None:
        said = self._governance
        await meters.lock_all(self._connection, ("virtual_key", "provider_config", "team", "customer"))
        await self._delete_prices([each.name for each in said.pricing_overrides])
        await self._delete_keys()
        customers = await self._groups(CUSTOMER, "customers", said.customers, {})
        teams = await self._groups(TEAM, "teams", said.teams, customers)
        named = await self._keys(teams, customers)
        await self._prices(named)
        for kind, there in ((TEAM, said.teams), (CUSTOMER, said.customers)):
            await self._delete_groups(kind, [each.name for each in there])

    async def _groups(self, kind: Kind, where: str, said: Sequence[Declared], customers: References) -> dict[str, str]:
        found: dict[str, str] = {}
        for index, each in enumerate(said):
            with _blaming(f"{where}[{index}]"):
                asked = {"name": each.name, **self._limits(kind.noun, each)}
                if kind is TEAM:
                    asked["customer_id"] = _referred(getattr(each, "customer_id", None), customers, "customer")
                group_id = await self._there(kind.table, kind.noun, each.name)
                if group_id is None:
                    group_id = await groups.insert_group(self._connection, kind, asked, source=FILE)
                else:
                    await groups.change_group(self._connection, kind, group_id, asked, source=FILE)
            found |= dict.fromkeys(_names(each), group_id)
        self._demand_owners(kind.noun, found)
        return found

    async def _keys(self, teams: References, customers: References) -> dict[str, str]:
        found: dict[str, str] = {}
        for index, each in enumerate(self._governance.virtual_keys):
            with _blaming(f"virtual_keys[{index}]"):
                value = each.value.get_secret_value()
                asked = each.model_dump(exclude={"id", "value", "provider_configs"}) | {
                    "team_id": _referred(each.team_id, teams, "team"),
                    "customer_id": _referred(each.customer_id, customers, "customer"),
                    "provider_configs": [
                        config.model_dump(mode="json", exclude={"budgets", "rate_limit"}) | _limits(config)
                        for config in each.provider_configs
                    ],
                    **self._limits("virtual_key", each),
                }
                row = await self._key(each.name, value)
                if row is None:
                    vk_id, _ = await keys.insert_key(self._connection, asked | {"value": value}, source=FILE)
                else:
                    vk_id, new = row.id, {"value": value} if row.digest != digest(value) else {}
                    await keys.change_key(self._connection, vk_id, asked | new, source=FILE)
            found |= dict.fromkeys(_names(each), vk_id)
        self._demand_owners("virtual_key", found)
        return found

    async def _key(self, name: str, value: str) -> Any:
        """The row of a key that is declared: the one with its value, or else with its name."""
        either = or_(virtual_keys.c.name == name, virtual_keys.c.digest == digest(value))
        columns = (virtual_keys.c.id, virtual_keys.c.name, virtual_keys.c.digest, virtual_keys.c.source)
        rows = (await self._connection.execute(select(*columns).where(either).with_for_update())).all()
        for row in rows:
            if row.source != FILE:
                raise _made_by_the_api("virtual key", row.name)
        return next((row for row in rows if row.digest == digest(value)), rows[0] if rows else None)

    async def _prices(self, named: References) -> None:
        for index, each in enumerate(self._governance.pricing_overrides):
            with _blaming(f"pricing_overrides[{index}]"):
                asked = each.model_dump(mode="json") | {
                    "virtual_key_id": _referred(each.virtual_key_id, named, "virtual key")
                }
                override_id = await self._there(pricing_overrides, "pricing override", each.name)
                if override_id is None:
                    await prices.insert_override(self._connection, asked, source=FILE)
                else:
                    await prices.change_override(self._connection, override_id, asked)

    async def _there(self, table: Table, noun: str, name: str) -> str | None:
        """The id of what has this name. Raises ConfigurationError if the API has made it."""
        query = select(table.c.id, table.c.source).where(table.c.name == name).with_for_update()
        row = (await self._connection.execute(query)).first()
        if row is not None and row.source != FILE:
            raise _made_by_the_api(noun, name)
        return row.id if row is not None else None

    async def _delete_prices(self, names: Sequence[str]) -> None:
        gone = pricing_overrides.c.name.not_in(names)
        await self._connection.execute(delete(pricing_overrides).where(pricing_overrides.c.source == FILE, gone))

    async def _delete_keys(self) -> None:
        said = self._governance.virtual_keys
        digests = [digest(each.value.get_secret_value()) for each in said]
        gone = (
            virtual_keys.c.source == FILE,
            virtual_keys.c.name.not_in([each.name for each in said]),
            virtual_keys.c.digest.not_in(digests),
        )
        for vk_id in (await self._connection.execute(select(virtual_keys.c.id).where(*gone))).scalars().all():
            await keys.delete_key(self._connection, vk_id)

    async def _delete_groups(self, kind: Kind, names: Sequence[str]) -> None:
        table = kind.table
        query = select(table.c.id, table.c.name).where(table.c.source == FILE, table.c.name.not_in(names))
        for row in (await self._connection.execute(query.with_for_update())).all():
            with _blaming(f"{table.name} no longer has {row.name!r}"):
                await groups.delete_group(self._connection, kind, row.id)

    def _limits(self, noun: str, each: Declared) -> dict[str, Any]:
        """Its budgets and limits: those that stand in it, and those that name it."""
        budgets = [*each.budgets, *(one for one in self._governance.budgets if _owner(one, noun) in _names(each))]
        nested = [each.rate_limit] if each.rate_limit is not None else []
        limits = [*nested, *(one for one in self._governance.rate_limits if _owner(one, noun) in _names(each))]
        if len(limits) > 1:
            raise ConfigurationError("it has two rate limits; make them one")
        return {
            "budgets": [_plain(budget) for budget in budgets],
            "rate_limit": _plain(limits[0]) if limits else None,
            "calendar_aligned": each.calendar_aligned,
        }

    def _demand_owners(self, noun: str, found: References) -> None:
        """Raises ConfigurationError for budgets and limits of something that is not in the file."""
        for where, several in (("budgets", self._governance.budgets), ("rate_limits", self._governance.rate_limits)):
            for index, each in enumerate(several):
                with _blaming(f"{where}[{index}].{noun}_id"):
                    _referred(_owner(each, noun), found, noun.replace("_", " "))


@contextmanager
def _blaming(place: str) -> Iterator[None]:
    """Puts the place in the file before what is wrong there."""
    try:
        yield
    except CallerError as error:
        raise unusable(WHERE, [f"{place}: {error.message}"]) from None
    except ConfigurationError as error:
        raise unusable(WHERE, [f"{place}: {error}"]) from None


def _made_by_the_api(noun: str, name: str) -> ConfigurationError:
    return ConfigurationError(
        f"there is a {noun} {name!r} already that was made with the API. Delete that one, or take this one out of the file"
    )


def _referred(reference: str | None, found: References, noun: str) -> str | None:
    if reference is None:
        return None
    if reference not in found:
        raise ConfigurationError(f"the file declares no {noun} {reference!r}")
    return found[reference]


def _names(each: Declared) -> list[str]:
    return [each.name, *([each.id] if each.id is not None else [])]


def _owner(each: Owned, noun: str) -> str | None:
    owner: str | None = getattr(each, f"{noun}_id")
    return owner


def _limits(each: Limited) -> dict[str, Any]:
    return {
        "budgets": [_plain(budget) for budget in each.budgets],
        "rate_limit": _plain(each.rate_limit) if each.rate_limit is not None else None,
    }


def _plain(part: Any) -> dict[str, Any]:
    """A budget or a limit as the API would have it."""
    asked: dict[str, Any] = part.model_dump(exclude_none=True, exclude={"id", *Owned.model_fields})
    return asked
