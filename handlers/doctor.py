"""What is configured, what can be reached, and what is wrong: everything `reelgate doctor` says. Secrets are never part of it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from uuid import uuid4

from .configuration import Configuration, file_for
from .errors import KeyRefused, NotSent, ProviderError, ReelgateError, Refused
from .jobs.database import DatabaseError, database_url, reach
from .media.storage import StorageError, store_at
from .providers import registry
from .providers.registry import Provider, ProviderKey, Registry
from .settings import Settings
from .upstream import Upstream
from .worker import with_declared

NO_SUCH_JOB = "reelgate-doctor"
"""A job that no provider has: to be asked about it costs nothing, and shows whether the key is taken."""

PROBE = b"reelgate doctor"  # what is kept for a moment, to see whether it can be

PATIENCE = 20.0  # seconds for a provider to answer


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    verdict: Literal["ok", "note", "wrong"]
    says: str


async def examine(settings: Settings, environment: Mapping[str, str]) -> list[Finding]:
    """Look at everything that a server with these settings would need. Raises ConfigurationError.

    Asks each provider, with each key, about a job that does not exist. Nothing is created.
    """
    file = registry.configured(settings, environment)
    path = file_for(settings.config, settings.data_dir)
    came_from = str(path) if path is not None else "the vendors' environment variables"
    database, configuration = await _database(settings, file, environment)
    added = len(configuration.providers) - len(file.providers)
    emulated = registry.in_sandbox(settings, configuration)
    async with Upstream() as http:
        providers = registry.build(configuration, http)
        return [
            _listening(settings),
            Finding(
                "configuration",
                "ok" if providers.providers else "note" if emulated and path is None else "wrong",
                f"{len(file.providers)} providers, from {came_from}"
                + (f", and {added} added by the API" if added else "")
                + ("" if providers.providers or path else ": set a vendor's variable, or write a configuration file"),
            ),
            *([_sandbox(settings)] if emulated else []),
            database,
            await _storage(settings),
            *_unused_keys(providers),
            *await asyncio.gather(
                *(_ask(provider, key) for provider in providers for key in provider.keys if key.settings.enabled)
            ),
        ]


def _listening(settings: Settings) -> Finding:
    where = f"{settings.host}:{settings.port}"
    if settings.open:
        return Finding(
            "callers", "note", f"{where}, open to this machine: no REELGATE_ADMIN_PASSWORD or REELGATE_API_KEYS"
        )
    known = [f"keys for {', '.join(settings.api_keys)}"] if settings.api_keys else []
    known += ["an admin"] if settings.admin_password is not None else []
    known += ["tokens"] if settings.jwt_issuer is not None else []
    return Finding("callers", "ok", f"{where}, {', '.join(known)}")


def _sandbox(settings: Settings) -> Finding:
    why = "REELGATE_SANDBOX is set" if settings.sandbox else "no provider is configured"
    return Finding("sandbox", "note", f"emulators serve every request, because {why}")


async def _database(
    settings: Settings, file: Configuration, environment: Mapping[str, str]
) -> tuple[Finding, Configuration]:
    """Can the database be reached; and the configuration, with what it holds of it. Raises ConfigurationError."""
    try:
        url = await asyncio.to_thread(database_url, settings.database_url, settings.data_dir)
        await reach(url)
    except DatabaseError as error:
        return Finding("database", "wrong", str(error)), file
    together = await with_declared(settings, file, url, environment)
    return Finding("database", "ok", "your own" if settings.database_url is not None else "embedded"), together


async def _storage(settings: Settings) -> Finding:
    """Can a file be kept, read and deleted again."""
    if settings.storage is None:
        return Finding("storage", "note", "files are cached for a while: no REELGATE_STORAGE")
    key = f"reelgate-doctor/{uuid4().hex}"
    try:
        store = store_at(settings.storage)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "probe")
            await asyncio.to_thread(path.write_bytes, PROBE)
            await store.put(key, path, "text/plain")
        found = b"".join([piece async for piece in await store.read(key, 0, len(PROBE))])
        await store.delete(key)
    except (ValueError, StorageError) as error:
        return Finding("storage", "wrong", f"{settings.storage}: {error}")
    if found != PROBE:
        return Finding("storage", "wrong", f"{settings.storage}: what is read is not what was kept")
    return Finding("storage", "ok", f"files are kept in {settings.storage}")


def _unused_keys(providers: Registry) -> list[Finding]:
    return [
        Finding(f"{provider.name}/{key.settings.name}", "note", why)
        for provider in providers
        for key in provider.keys
        for why, holds in (
            ("is not enabled", not key.settings.enabled),
            ("may be used for no model at all: `models` is empty", not key.settings.models),
            ("is only used when a request pins it: its weight is 0", key.settings.weight == 0),
        )
        if holds
    ]


async def _ask(provider: Provider, key: ProviderKey) -> Finding:
    """Does the provider answer, and does it take the key."""
    subject, where = f"{provider.name}/{key.settings.name}", key.account.base_url
    try:
        async with asyncio.timeout(PATIENCE):
            await provider.adapter.retrieve(replace(key.account, timeout=PATIENCE), NO_SUCH_JOB)
    except KeyRefused as error:
        return Finding(subject, "wrong", f"{where} does not take the key: {error.message}")
    except Refused:
        return Finding(subject, "ok", f"{where} answers and takes the key")
    except (NotSent, TimeoutError) as error:
        return Finding(subject, "wrong", f"{where} cannot be reached: {error or 'no answer in time'}")
    except ProviderError as error:
        return Finding(subject, "wrong", f"{where} answers, but: {error.message}")
    except ReelgateError as error:
        return Finding(subject, "note", f"{where} cannot be asked: {error.message}")
    return Finding(subject, "ok", f"{where} answers and takes the key")
