"""The operations of the tag Providers, in the document's order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from generated import models
from generated.routes import Answer

from ..access.callers import Caller
from ..access.roster import KeyEntry, ProviderEntry, Roster
from ..providers.registry import ProviderKey, Registry

SANDBOXED = "The sandbox serves every request until the gateway is started again; then it can be used."


class Providers:
    def __init__(self, roster: Roster, registry: Registry) -> None:
        self._roster = roster
        self._registry = registry

    async def provider_list(self, caller: Caller) -> Answer[models.ProviderListResponse]:
        listed = [provider_of(entry) for entry in await self._roster.all()]
        return Answer(models.ProviderListResponse(providers=listed, total=len(listed)))

    async def provider_create(
        self, caller: Caller, body: models.ProviderCreateRequest
    ) -> Answer[models.ProviderResponse]:
        asked = body.model_dump(mode="json")
        entry = await self._roster.add(asked.pop("name"), asked, asked.pop("keys", []))
        usable = "It can be used." if entry.keys else "It can be used as soon as it has a key."
        return Answer(
            models.ProviderResponse(
                message=self._message("The provider was added.", usable), provider=provider_of(entry)
            )
        )

    async def provider_retrieve(self, caller: Caller, provider: str) -> Answer[models.Provider]:
        return Answer(provider_of(await self._roster.get(provider)))

    async def provider_update(
        self, caller: Caller, provider: str, body: models.ProviderUpdateRequest
    ) -> Answer[models.ProviderResponse]:
        entry = await self._roster.change(provider, body.model_dump(mode="json"))
        message = self._message("The provider was changed.", "")
        return Answer(models.ProviderResponse(message=message, provider=provider_of(entry)))

    async def provider_delete(
        self, caller: Caller, provider: str, force: bool = False
    ) -> Answer[models.ProviderDeleteResponse]:
        await self._roster.delete(provider, force=force)
        return Answer(models.ProviderDeleteResponse(message="The provider was deleted."))

    async def provider_key_list(self, caller: Caller, provider: str) -> Answer[models.ProviderKeyListResponse]:
        listed = [key_of(entry) for entry in (await self._roster.get(provider)).keys]
        return Answer(models.ProviderKeyListResponse(keys=listed, total=len(listed)))

    async def provider_key_create(
        self, caller: Caller, provider: str, body: models.ProviderKeyCreateRequest
    ) -> Answer[models.ProviderKeyResponse]:
        entry = await self._roster.add_key(provider, body.model_dump(mode="json"))
        message = self._message("The key was added.", "It can be used.")
        return Answer(models.ProviderKeyResponse(message=message, key=key_of(entry)))

    async def provider_key_retrieve(self, caller: Caller, provider: str, key_id: str) -> Answer[models.ProviderKey]:
        return Answer(key_of(await self._roster.key(provider, key_id)))

    async def provider_key_update(
        self, caller: Caller, provider: str, key_id: str, body: models.ProviderKeyUpdateRequest
    ) -> Answer[models.ProviderKeyResponse]:
        entry = await self._roster.change_key(provider, key_id, body.model_dump(mode="json"))
        message = self._message("The key was changed.", "")
        return Answer(models.ProviderKeyResponse(message=message, key=key_of(entry)))

    async def provider_key_delete(
        self, caller: Caller, provider: str, key_id: str, force: bool = False
    ) -> Answer[models.ProviderDeleteResponse]:
        await self._roster.delete_key(provider, key_id, force=force)
        return Answer(models.ProviderDeleteResponse(message="The key was deleted."))

    async def key_list(self, caller: Caller) -> Answer[models.KeyListResponse]:
        listed = [
            models.Key(
                provider=each.name, id=entry.id, name=entry.name, source=models.DeclaredBy(entry.source), **_use(entry)
            )
            for each in await self._roster.all()
            for entry in each.keys
        ]
        return Answer(models.KeyListResponse(keys=listed, total=len(listed)))

    async def served_model_list(
        self, caller: Caller, provider: str | None = None, keys: list[str] | None = None
    ) -> Answer[models.ServedModelListResponse]:
        listed = []
        for there in sorted(self._registry, key=lambda each: each.name):
            wanted = [each for each in there.keys if each.settings.enabled and _is_asked_for(each, keys)]
            for name in sorted(there.usable_models()) if provider in (None, there.name) else ():
                naming = there.adapter.names
                able = [each.settings.id or each.settings.name for each in wanted if each.settings.allows(name, naming)]
                if able:
                    listed.append(models.ServedModel(name=name, provider=there.name, keys=able))
        return Answer(models.ServedModelListResponse(models=listed, total=len(listed)))

    def _message(self, done: str, usable: str) -> str:
        return " ".join(filter(None, [done, SANDBOXED if self._registry.sandbox else usable]))


def provider_of(entry: ProviderEntry) -> models.Provider:
    """An entry of the roster -> the contract's provider."""
    return models.Provider.model_validate(
        {
            **entry.settings,
            "name": entry.name,
            "source": entry.source,
            "keys": [key_of(each) for each in entry.keys],
            **_times(entry.created_at, entry.updated_at),
        }
    )


def key_of(entry: KeyEntry) -> models.ProviderKey:
    """An entry of the roster -> the contract's key."""
    return models.ProviderKey.model_validate(
        {
            **entry.settings,
            **_use(entry),
            "id": entry.id,
            "name": entry.name,
            "source": entry.source,
            **_times(entry.created_at, entry.updated_at),
        }
    )


def _use(entry: KeyEntry) -> dict[str, Any]:
    """What a key may be used for."""
    return {
        "models": list(entry.settings["models"]),
        "blacklisted_models": list(entry.settings["blacklisted_models"]),
        "weight": entry.settings["weight"],
        "enabled": entry.settings["enabled"],
    }


def _times(created_at: datetime | None, updated_at: datetime | None) -> dict[str, int]:
    times = {"created_at": created_at, "updated_at": updated_at}
    return {name: int(at.timestamp()) for name, at in times.items() if at is not None}


def _is_asked_for(key: ProviderKey, wanted: list[str] | None) -> bool:
    return wanted is None or key.settings.name in wanted or key.settings.id in wanted
