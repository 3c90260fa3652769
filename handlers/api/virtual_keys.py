"""The operations of the tag VirtualKeys, in the document's order."""

from __future__ import annotations

from typing import Any

from generated import models
from generated.routes import Answer

from ..access.callers import Caller
from ..access.meters import exact
from ..access.virtual_keys import VirtualKey
from ..access.virtual_keys import VirtualKeys as Stored
from ..errors import Forbidden, InvalidRequest
from .limits import all_aligned, budgets, limits, present, rate_limits


class VirtualKeys:
    def __init__(self, keys: Stored) -> None:
        self._keys = keys

    async def virtual_key_list(
        self,
        caller: Caller,
        search: str | None = None,
        team_id: str | None = None,
        customer_id: str | None = None,
        is_active: bool | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Answer[models.VirtualKeyListResponse]:
        only = {"team_id": team_id, "customer_id": customer_id, "is_active": is_active}
        found, total = await self._keys.page(limit=limit, offset=offset, search=search, **only)
        listed = [virtual_key(each) for each in found]
        return Answer(models.VirtualKeyListResponse(virtual_keys=listed, count=len(listed), total_count=total))

    async def virtual_key_create(
        self, caller: Caller, body: models.VirtualKeyCreateRequest
    ) -> Answer[models.VirtualKeyValueResponse]:
        key, value = await self._keys.create(body.model_dump())
        message = "The virtual key was created. Keep its value; it is not shown again."
        return Answer(models.VirtualKeyValueResponse(message=message, virtual_key=virtual_key(key, value)))

    async def virtual_key_quota(self, caller: Caller) -> Answer[models.VirtualKeyQuotaResponse]:
        grant = caller.grant
        if grant is None and caller.admin:
            raise InvalidRequest(
                "This shows the quota of the virtual key that the request carries, and an admin is none. Ask for "
                "/api/governance/virtual-keys/{vk_id}.",
                code="virtual_key_only",
            )
        if grant is None:
            raise Forbidden("Only virtual keys have a quota.", code="virtual_key_only")
        readings = await self._keys.quota(grant)
        return Answer(
            models.VirtualKeyQuotaResponse(
                virtual_key_name=grant.name,
                is_active=grant.is_active,
                budgets=budgets(readings),
                rate_limits=rate_limits(readings),
                **present({"expires_at": grant.expires_at}),
            )
        )

    async def virtual_key_rotate_many(
        self, caller: Caller, body: models.VirtualKeyRotateManyRequest
    ) -> Answer[models.VirtualKeyRotateManyResponse]:
        rotated = await self._keys.rotate([each.root for each in body.ids], keep_usage=body.keep_usage)
        listed = [virtual_key(key, value) for key, value in rotated]
        have = "virtual key has a new value" if len(listed) == 1 else "virtual keys have new values"
        message = f"{len(listed)} {have}. Keep what is shown; it is not shown again."
        return Answer(models.VirtualKeyRotateManyResponse(message=message, virtual_keys=listed, count=len(listed)))

    async def virtual_key_retrieve(self, caller: Caller, vk_id: str) -> Answer[models.VirtualKeyResponse]:
        return Answer(models.VirtualKeyResponse(virtual_key=virtual_key(await self._keys.get(vk_id))))

    async def virtual_key_update(
        self, caller: Caller, vk_id: str, body: models.VirtualKeyUpdateRequest
    ) -> Answer[models.VirtualKeyResponse]:
        key = await self._keys.change(vk_id, body.model_dump())
        return Answer(models.VirtualKeyResponse(message="The virtual key was updated.", virtual_key=virtual_key(key)))

    async def virtual_key_delete(self, caller: Caller, vk_id: str) -> Answer[models.VirtualKeyDeleteResponse]:
        await self._keys.delete(vk_id)
        return Answer(models.VirtualKeyDeleteResponse(message="The virtual key was deleted."))

    async def virtual_key_rotate(
        self, caller: Caller, vk_id: str, body: models.VirtualKeyRotateRequest | None = None
    ) -> Answer[models.VirtualKeyValueResponse]:
        asked = body or models.VirtualKeyRotateRequest()
        ((key, value),) = await self._keys.rotate([vk_id], keep_usage=asked.keep_usage)
        message = "The virtual key has a new value. Keep it; it is not shown again."
        return Answer(models.VirtualKeyValueResponse(message=message, virtual_key=virtual_key(key, value)))

    async def budget_override_set(
        self, caller: Caller, vk_id: str, budget_id: str, body: models.BudgetOverrideRequest
    ) -> Answer[models.VirtualKeyResponse]:
        asked = body.root
        cycles = asked.cycles if isinstance(asked, models.BudgetOverrideForCycles) else None
        key = await self._keys.override(vk_id, budget_id, exact(asked.amount), cycles)
        return Answer(models.VirtualKeyResponse(message="The budget was overridden.", virtual_key=virtual_key(key)))

    async def budget_override_delete(
        self, caller: Caller, vk_id: str, budget_id: str
    ) -> Answer[models.VirtualKeyResponse]:
        key = await self._keys.override(vk_id, budget_id, None)
        return Answer(models.VirtualKeyResponse(message="The override was ended.", virtual_key=virtual_key(key)))


def virtual_key(key: VirtualKey, value: str | None = None) -> models.VirtualKey:
    """A row of `virtual_keys` -> the contract's; with its value when that is new."""
    configs = [models.ProviderConfig(**config, **limits(key.at(config["provider"]))) for config in key.provider_configs]
    known: dict[str, Any] = {
        "value": value,
        "description": key.description,
        "expires_at": key.expires_at,
        "team_id": key.team_id,
        "customer_id": key.customer_id,
        "disable_content_logging": key.disable_content_logging,
        "retention_days": key.retention_days,
    }
    return models.VirtualKey(
        id=key.id,
        name=key.name,
        hint=key.hint,
        is_active=key.is_active,
        allow_all_providers=key.allow_all_providers,
        provider_configs=configs,
        calendar_aligned=all_aligned(each for theirs in key.readings.values() for each in theirs),
        source=models.Source(key.source),
        created_at=key.created_at,
        updated_at=key.updated_at,
        **limits(key.own),
        **present(known),
    )
