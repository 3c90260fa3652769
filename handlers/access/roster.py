"""The providers and keys that there are, those of the configuration file and those that were added by the API; and the registry,
which follows them.

Who changes anything holds a lock of the database until that is committed, so that what is judged is what will be there.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import structlog
from pydantic import SecretStr
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from ulid import ULID

from ..configuration import Configuration, ConfigurationError, Key
from ..configuration import Provider as Configured
from ..errors import Conflict, InvalidRequest, NotFound
from ..jobs import states
from ..jobs.access_tables import provider_keys, providers
from ..jobs.sealing import Vault
from ..jobs.tables import jobs
from ..providers.registry import Registry
from ..upstream import Upstream
from .declarations import Declarations, DeclaredKey, DeclaredProvider, declarations, loadable, merged
from .secret_parts import shown, shown_of_file, written

log = structlog.get_logger()

FILE: Final = "file"
API: Final = "api"

OF_KEYS: Final = re.compile(r"keys\[\d+\]\.?")


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A key as it is told: its settings in the words of the file, secrets hidden."""

    id: str
    name: str
    source: str
    settings: Mapping[str, Any]
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProviderEntry:
    """A provider as it is told: its settings in the words of the file, secrets hidden; its keys, those of the file first."""

    name: str
    source: str
    keys: list[KeyEntry]
    settings: Mapping[str, Any]
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Roster:
    """`environment` is where `env.NAME` is looked up."""

    tables = frozenset({"providers", "provider_keys"})

    def __init__(
        self,
        engine: AsyncEngine,
        vault: Vault,
        file: Configuration,
        environment: Mapping[str, str],
        registry: Registry,
        http: Upstream,
    ) -> None:
        self._engine = engine
        self._vault = vault
        self._file = file
        self._environment = environment
        self._registry = registry
        self._http = http
        self._loading = asyncio.Lock()  # what was read last is what holds
        self._begun = False
        self.left_out: Mapping[str, str] = {}
        """What was added and cannot be used here: path of an entry -> what is wrong. For admins."""

    async def load(self) -> None:
        """Have the registry follow what is declared now. Raises ConfigurationError if it cannot, the first time.

        Later, what cannot be used is left out: it must not keep what is deleted or disabled in use.
        """
        async with self._loading:
            declared = await self._declared()
            if self._begun:
                declared = self._usable(declared)
            self._registry.follow(merged(self._file, declared, self._vault, self._environment), self._http)
            self._begun = True

    def _usable(self, declared: Declarations) -> Declarations:
        usable, left_out = loadable(self._file, declared, self._vault, self._environment)
        for path, wrong in left_out.items():
            if self.left_out.get(path) != wrong:
                log.error("what was added cannot be loaded and is not used", entry=path, error=wrong)
        self.left_out = left_out
        return usable

    # ---- looking ----------------------------------------------------------------------------------------------

    async def all(self) -> list[ProviderEntry]:
        """Every provider, by name."""
        declared = await self._declared()
        names = {*self._file.providers, *declared.providers}
        return [self._entry(name, declared) for name in sorted(names)]

    async def get(self, name: str) -> ProviderEntry:
        """Raises NotFound."""
        return self._entry(name, (await self._declared()).only(name))

    async def key(self, provider: str, key_id: str) -> KeyEntry:
        """The key of this id, or else this name. Raises NotFound."""
        return _named((await self.get(provider)).keys, key_id)

    # ---- providers --------------------------------------------------------------------------------------------

    async def add(self, name: str, asked: Mapping[str, Any], keys: list[Mapping[str, Any]]) -> ProviderEntry:
        """A new provider with these keys. Raises InvalidRequest, Conflict."""
        async with self._changing() as (connection, declared):
            if name in self._file.providers or name in declared.providers:
                raise Conflict(f"There is a provider {name} already.", code="provider_exists", param="name")
            row = DeclaredProvider(name, written(asked, self._vault, name))
            added = [self._new_key(name, key) for key in keys]
            for key in added:
                declared = declared.with_key(key)
            self._judge(declared.with_provider(row), name)
            await connection.execute(insert(providers).values(name=name, settings=row.settings))
            for key in added:
                await _insert(connection, key)
        return await self.get(name)

    async def change(self, name: str, asked: Mapping[str, Any]) -> ProviderEntry:
        """Replace the settings that are given. Raises NotFound, InvalidRequest, Conflict."""
        async with self._changing() as (connection, declared):
            row = self._ours(name, declared)
            settings = {**row.settings, **written(asked, self._vault, name, row.settings)}
            if _base(settings) != _base(row.settings):
                raise Conflict(
                    "Whose API a provider speaks cannot be changed: jobs were made with it. Add a provider of another name.",
                    code="provider_type_fixed",
                    param="custom_provider_config.base_provider_type",
                )
            self._judge(declared.with_provider(replace(row, settings=settings)), name)
            this = update(providers).where(providers.c.name == name)
            await connection.execute(this.values(settings=settings, updated_at=func.now()))
        return await self.get(name)

    async def delete(self, name: str, *, force: bool) -> None:
        """With its keys. Raises NotFound, Conflict; also when unfinished jobs need it, unless by `force`."""
        async with self._changing() as (connection, declared):
            self._ours(name, declared)
            if not force:
                await _refuse_if_needed(connection, name)
            await connection.execute(delete(provider_keys).where(provider_keys.c.provider == name))
            await connection.execute(delete(providers).where(providers.c.name == name))

    # ---- keys -------------------------------------------------------------------------------------------------

    async def add_key(self, provider: str, asked: Mapping[str, Any]) -> KeyEntry:
        """A new key. Raises NotFound, InvalidRequest, Conflict."""
        async with self._changing() as (connection, declared):
            there = self._entry(provider, declared)
            key = self._new_key(provider, asked)
            if any(key.name in (each.name, each.id) for each in there.keys):
                raise Conflict(f"{provider} has a key {key.name!r} already.", code="provider_key_exists", param="name")
            self._judge(declared.with_key(key), provider, of_key=True)
            await _insert(connection, key)
        return await self.key(provider, key.id)

    async def change_key(self, provider: str, key_id: str, asked: Mapping[str, Any]) -> KeyEntry:
        """Replace the settings that are given; a secret that is left out stays. Raises NotFound, InvalidRequest, Conflict."""
        async with self._changing() as (connection, declared):
            row = self._our_key(provider, key_id, declared)
            settings = {**row.settings, **written(asked, self._vault, row.id, row.settings)}
            _keep_credentials(settings, row.settings)
            self._judge(declared.with_key(replace(row, settings=settings)), provider, of_key=True)
            this = update(provider_keys).where(provider_keys.c.id == row.id)
            await connection.execute(this.values(settings=settings, updated_at=func.now()))
        return await self.key(provider, row.id)

    async def delete_key(self, provider: str, key_id: str, *, force: bool) -> None:
        """Raises NotFound, Conflict; also when unfinished jobs need it, unless by `force`."""
        async with self._changing() as (connection, declared):
            row = self._our_key(provider, key_id, declared)
            if not force:
                await _refuse_if_needed(connection, provider, row.name)
            await connection.execute(delete(provider_keys).where(provider_keys.c.id == row.id))

    # ---- how --------------------------------------------------------------------------------------------------

    async def _declared(self) -> Declarations:
        async with self._engine.connect() as connection:
            return await declarations(connection)

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[tuple[AsyncConnection, Declarations]]:
        """What is declared, which nobody else changes meanwhile; and afterwards the registry follows."""
        async with self._engine.begin() as connection:
            await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("providers", 0))))
            yield connection, await declarations(connection)
        try:
            await self.load()
        except ConfigurationError as error:
            log.error("the providers cannot be loaded again; what was there stays", error=str(error))

    def _judge(self, candidate: Declarations, name: str, *, of_key: bool = False) -> None:
        """Raises InvalidRequest for what the file could not say either. `of_key`: a key is what changes."""
        try:
            merged(self._file, candidate.only(name), self._vault, self._environment)
        except ConfigurationError as error:
            found = [mistake.removeprefix(f"providers.{name}").lstrip(".") for mistake in error.mistakes]
            if of_key:
                found = [OF_KEYS.sub("", mistake) for mistake in found]
            said = "; ".join(f"{name}{each}" if each.startswith(":") else each for each in found) or str(error)
            param = found[0].partition(":")[0] if found else ""
            raise InvalidRequest(said, param=param or None) from None

    def _entry(self, name: str, declared: Declarations) -> ProviderEntry:
        """Raises NotFound."""
        row, file = declared.providers.get(name), self._file.providers.get(name)
        if row is None and file is None:
            raise NotFound(f"There is no provider {name!r}.", code="provider_not_found", param="provider")
        keys = [_key_of_file(key) for key in file.keys] if file is not None else []
        keys += [self._key_entry(key) for key in declared.keys_of(name)]
        if row is None:
            assert file is not None
            return ProviderEntry(name, FILE, keys, shown_of_file(_settings(file)))
        told = _over(_settings(Configured()), shown(row.settings, self._vault, name))
        return ProviderEntry(name, API, keys, told, row.created_at, row.updated_at)

    def _key_entry(self, key: DeclaredKey) -> KeyEntry:
        told = _over(_settings(Key(name=key.name)), shown(key.settings, self._vault, key.id))
        return KeyEntry(key.id, key.name, API, told, key.created_at, key.updated_at)

    def _ours(self, name: str, declared: Declarations) -> DeclaredProvider:
        """Raises NotFound; Conflict for a provider of the file."""
        if name in declared.providers:
            return declared.providers[name]
        self._entry(name, declared)
        raise _the_files(f"The provider {name}")

    def _our_key(self, provider: str, key_id: str, declared: Declarations) -> DeclaredKey:
        """Raises NotFound; Conflict for a key of the file."""
        there = self._entry(provider, declared).keys
        found = _named(there, key_id)
        if found.source == FILE:
            raise _the_files(f"The key {found.name!r}")
        return next(key for key in declared.keys_of(provider) if key.id == found.id)

    def _new_key(self, provider: str, asked: Mapping[str, Any]) -> DeclaredKey:
        key_id = f"key_{str(ULID()).lower()}"
        settings = {name: value for name, value in asked.items() if name != "name"}
        return DeclaredKey(key_id, provider, asked["name"], written(settings, self._vault, key_id))


def _the_files(what: str) -> Conflict:
    return Conflict(
        f"{what} is declared by the configuration file (or the environment) and can be changed there only.",
        code="declared_in_file",
    )


async def _insert(connection: AsyncConnection, key: DeclaredKey) -> None:
    row = {"id": key.id, "provider": key.provider, "name": key.name, "settings": key.settings}
    await connection.execute(insert(provider_keys).values(**row))


async def _refuse_if_needed(connection: AsyncConnection, provider: str, key: str | None = None) -> None:
    """Raises Conflict while jobs are not finished that only this can follow, or look for."""
    going_on = or_(jobs.c.state.in_(states.UNFINISHED), jobs.c.reconcile_at.is_not(None))
    query = select(func.count()).where(jobs.c.provider == provider, going_on)
    if key is not None:
        query = query.where(jobs.c.key == key)
    needed = (await connection.execute(query)).scalar_one()
    if needed:
        raise Conflict(
            f"{needed} unfinished {'job needs' if needed == 1 else 'jobs need'} it. Wait for them, or set force=true; then they "
            "end with their deadline, whatever becomes of them.",
            code="in_use",
        )


def _named(keys: list[KeyEntry], key_id: str) -> KeyEntry:
    for found in (each for what in ("id", "name") for each in keys if getattr(each, what) == key_id):
        return found
    raise NotFound(f"There is no key {key_id!r}.", code="provider_key_not_found", param="key_id")


def _key_of_file(key: Key) -> KeyEntry:
    return KeyEntry(key.id or key.name, key.name, FILE, shown_of_file(_settings(key)))


def _settings(part: Configured | Key) -> dict[str, Any]:
    """All settings of a provider without its keys, or of a key without its names, also those that have their default."""
    settings = part.model_dump(exclude={"keys", "name", "id"}, exclude_none=True)
    if settings.get("value") == SecretStr(""):
        del settings["value"]
    return settings


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """The settings above, and those below that are not there."""
    both = {
        name: _over(below[name], value)
        if isinstance(value, Mapping) and isinstance(below.get(name), Mapping)
        else value
        for name, value in above.items()
    }
    return {**below, **both}


def _base(settings: Mapping[str, Any]) -> Any:
    return (settings.get("custom_provider_config") or {}).get("base_provider_type")


def _keep_credentials(settings: dict[str, Any], before: Mapping[str, Any]) -> None:
    """Google's credentials stay where they are left out."""
    now, then = settings.get("vertex_key_config"), before.get("vertex_key_config")
    if now is not None and then is not None and "auth_credentials" not in now:
        settings["vertex_key_config"] = {**now, "auth_credentials": then["auth_credentials"]}
