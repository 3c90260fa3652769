"""The operations of the tag Pricing, in the document's order."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

from generated import models
from generated.routes import Answer

from ..access.callers import Caller
from ..access.pricing_overrides import PricingOverride, PricingOverrides
from .limits import present


class Pricing:
    def __init__(self, overrides: PricingOverrides) -> None:
        self._overrides = overrides

    async def pricing_override_list(
        self,
        caller: Caller,
        search: str | None = None,
        scope_kind: Literal["global", "provider", "provider_key", "virtual_key", "virtual_key_provider"] | None = None,
        provider: str | None = None,
        virtual_key_id: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Answer[models.PricingOverrideListResponse]:
        only = {"scope_kind": scope_kind, "provider": provider, "virtual_key_id": virtual_key_id}
        found, total = await self._overrides.page(limit=limit, offset=offset, search=search, **only)
        listed = [pricing_override(each) for each in found]
        return Answer(
            models.PricingOverrideListResponse(pricing_overrides=listed, count=len(listed), total_count=total)
        )

    async def pricing_override_create(
        self, caller: Caller, body: models.PricingOverrideCreateRequest
    ) -> Answer[models.PricingOverrideResponse]:
        return _answer(await self._overrides.create(body.model_dump(mode="json")), "created")

    async def pricing_override_retrieve(
        self, caller: Caller, pricing_override_id: str
    ) -> Answer[models.PricingOverrideResponse]:
        found = await self._overrides.get(pricing_override_id)
        return Answer(models.PricingOverrideResponse(pricing_override=pricing_override(found)))

    async def pricing_override_update(
        self, caller: Caller, pricing_override_id: str, body: models.PricingOverrideUpdateRequest
    ) -> Answer[models.PricingOverrideResponse]:
        changed = await self._overrides.change(pricing_override_id, body.model_dump(mode="json"))
        return _answer(changed, "updated")

    async def pricing_override_delete(
        self, caller: Caller, pricing_override_id: str
    ) -> Answer[models.PricingOverrideDeleteResponse]:
        await self._overrides.delete(pricing_override_id)
        return Answer(models.PricingOverrideDeleteResponse(message="The pricing override was deleted."))


def _answer(override: PricingOverride, done: str) -> Answer[models.PricingOverrideResponse]:
    message = f"The pricing override was {done}."
    return Answer(models.PricingOverrideResponse(message=message, pricing_override=pricing_override(override)))


def pricing_override(override: PricingOverride) -> models.PricingOverride:
    return models.PricingOverride.model_validate(present(asdict(override)))
