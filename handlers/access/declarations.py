"""What was declared by the API of providers and their keys: rows of `providers` and `provider_keys`, and what they come to
together with the configuration file.

The file owns what it declares. The API adds providers of other names, and keys of other names to any provider; both are judged
as the file is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ..configuration import Configuration, ConfigurationError, Key, Provider, unusable, validated
from ..jobs.access_tables import provider_keys, providers
from ..jobs.sealing import Vault
from ..providers.registry import mistakes
from .secret_parts import opened
from .vault import VaultError

log = structlog.get_logger()

WHERE: Final = "What was added by the API"


@dataclass(frozen=True, slots=True)
class DeclaredProvider:
    """A row of `providers`; its secrets are written as secret_parts.py says."""

    name: str
    settings: Mapping[str, Any]
    created_at: datetime | None = None  # None: not yet
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeclaredKey:
    """A row of `provider_keys`; its secrets are written as secret_parts.py says."""

    id: str
    provider: str
    name: str
    settings: Mapping[str, Any]
    created_at: datetime | None = None
    updated_at: datetime | None = None


PROVIDER_COLUMNS = [providers.c[each.name] for each in fields(DeclaredProvider)]
KEY_COLUMNS = [provider_keys.c[each.name] for each in fields(DeclaredKey)]


@dataclass(frozen=True, slots=True)
class Declarations:
    """Providers by name; keys in the order in which they were added."""

    providers: Mapping[str, DeclaredProvider] = field(default_factory=dict)
    keys: Sequence[DeclaredKey] = ()

    def keys_of(self, provider: str) -> list[DeclaredKey]:
        return [key for key in self.keys if key.provider == provider]

    def only(self, provider: str) -> Declarations:
        """What there is of one provider."""
        found = {name: each for name, each in self.providers.items() if name == provider}
        return Declarations(found, self.keys_of(provider))

    def with_provider(self, provider: DeclaredProvider) -> Declarations:
        return replace(self, providers={**self.providers, provider.name: provider})

    def with_key(self, key: DeclaredKey) -> Declarations:
        there = [key if each.id == key.id else each for each in self.keys]
        return replace(self, keys=there if key in there else [*there, key])


async def declarations(connection: AsyncConnection) -> Declarations:
    """Everything that was declared; nothing in a database that has not been set up yet."""
    if (await connection.execute(select(func.to_regclass("provider_keys")))).scalar() is None:
        return Declarations()
    found = await connection.execute(select(*PROVIDER_COLUMNS).order_by(providers.c.name))
    by_name = {row.name: DeclaredProvider(*row) for row in found}
    keys = await connection.execute(select(*KEY_COLUMNS).order_by(provider_keys.c.id))
    return Declarations(by_name, [DeclaredKey(*row) for row in keys])


def merged(file: Configuration, declared: Declarations, vault: Vault, environment: Mapping[str, str]) -> Configuration:
    """The file and what was declared, as one. Raises ConfigurationError."""
    try:
        content = _as_in_a_file(declared, vault)
    except VaultError as error:
        raise ConfigurationError(f"{WHERE} cannot be read: {error}") from None
    ours = validated(content, environment, WHERE).providers
    together, wrong = dict(file.providers), list[str]()
    for name, found in ours.items():
        there = file.providers.get(name)
        if name not in declared.providers and there is None:
            log.warning("keys of a provider that is not configured any more are not used", provider=name)
            continue
        if there is None:
            together[name] = found
        elif name in declared.providers:
            wrong.append(f"providers.{name}: {TWICE}")
        else:
            wrong += [f"providers.{name}.keys: the key {each!r} {TWICE}" for each in _twice(there, found)]
            together[name] = there.model_copy(update={"keys": (*there.keys, *found.keys)})
        wrong += mistakes(name, together[name], keyless=True)
    if wrong:
        raise unusable(WHERE, wrong)
    return file.model_copy(update={"providers": together})


def loadable(
    file: Configuration, declared: Declarations, vault: Vault, environment: Mapping[str, str]
) -> tuple[Declarations, dict[str, str]]:
    """What can be used of what was declared, and why the rest cannot: path of an entry -> what is wrong.

    Without its provider no key can be used, nor one that is called as one before it.
    """
    usable, left_out = Declarations(), dict[str, str]()

    def take(more: Declarations, name: str, path: str) -> None:
        nonlocal usable
        try:
            merged(file, more.only(name), vault, environment)
        except ConfigurationError as error:
            left_out[path] = "; ".join(error.mistakes) or str(error)
        else:
            usable = more

    for name, provider in declared.providers.items():
        take(usable.with_provider(provider), name, f"providers.{name}")
    for key in declared.keys:
        path = f"providers.{key.provider}.keys.{key.name}"
        if f"providers.{key.provider}" in left_out:
            left_out[path] = "its provider cannot be used"
        else:
            take(usable.with_key(key), key.provider, path)
    return usable, left_out


TWICE: Final = (
    "is declared by the configuration file as well. Give it another name in the file; or take it out there, delete here what was "
    "added by the API, and put it back"
)


def _as_in_a_file(declared: Declarations, vault: Vault) -> dict[str, Any]:
    content: dict[str, dict[str, Any]] = {
        name: {**opened(each.settings, vault, name), "keys": []} for name, each in declared.providers.items()
    }
    for key in declared.keys:
        described = {**opened(key.settings, vault, key.id), "name": key.name, "id": key.id}
        content.setdefault(key.provider, {"keys": []})["keys"].append(described)
    return {"providers": content}


def _twice(file: Provider, ours: Provider) -> Iterator[str]:
    """The names of keys of which both have one."""
    names = {name for key in file.keys for name in names_of(key)}
    return (key.name for key in ours.keys if names.intersection(names_of(key)))


def names_of(key: Key) -> set[str]:
    """What a key can be called by."""
    return {name for name in (key.name, key.id) if name is not None}
