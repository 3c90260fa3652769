"""The operations of the tag Limits, in the document's order; and how budgets and limits are shown, wherever they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from generated import models
from generated.routes import Answer

from ..access.callers import Caller
from ..access.limits import Limits as Stored
from ..access.meters import BUDGET, LIMIT, LIMITS, Owner, Reading
from ..errors import NotFound
from ..providers.registry import Registry


class Limits:
    def __init__(self, limits: Stored, providers: Registry) -> None:
        self._limits = limits
        self._providers = providers

    async def budget_list(self, caller: Caller, limit: int = 100, offset: int = 0) -> Answer[models.BudgetListResponse]:
        found, total = await self._limits.budgets(limit=limit, offset=offset)
        listed = [budget(each) for each in found]
        return Answer(models.BudgetListResponse(budgets=listed, count=len(listed), total_count=total))

    async def rate_limit_list(
        self, caller: Caller, limit: int = 100, offset: int = 0
    ) -> Answer[models.RateLimitListResponse]:
        found, total = await self._limits.rate_limits(limit=limit, offset=offset)
        listed = rate_limits(each for theirs in found for each in theirs)
        return Answer(models.RateLimitListResponse(rate_limits=listed, count=len(listed), total_count=total))

    async def provider_limits_list(self, caller: Caller) -> Answer[models.ProviderLimitsListResponse]:
        readings = await self._limits.of_providers()
        listed = [self._of(name, readings) for name in self._providers.providers]
        return Answer(models.ProviderLimitsListResponse(providers=listed, count=len(listed)))

    async def provider_limits_update(
        self, caller: Caller, provider: str, body: models.ProviderLimitsUpdateRequest
    ) -> Answer[models.ProviderLimitsResponse]:
        asked = body.model_dump()
        keys = asked.pop("keys", {})
        known = self._keys(provider)
        for name in keys:
            if name not in known:
                raise NotFound(
                    f"The provider {provider} has no key {name!r}. Its keys: {', '.join(known) or 'none'}.",
                    code="key_not_found",
                    param="keys",
                )
        of_keys = [(("provider_key", f"{provider}/{name}"), theirs) for name, theirs in keys.items()]
        await self._limits.put([(("provider", provider), asked), *of_keys])
        shown = self._of(provider, await self._limits.of_providers())
        return Answer(models.ProviderLimitsResponse(message="The limits were updated.", provider=shown))

    def _keys(self, provider: str) -> list[str]:
        """The names of its keys. Raises NotFound."""
        if provider not in self._providers.providers:
            names = ", ".join(self._providers.providers) or "none"
            raise NotFound(
                f"There is no provider {provider!r}. Configured: {names}.", code="provider_not_found", param="provider"
            )
        return [key.settings.name for key in self._providers.providers[provider].keys]

    def _of(self, provider: str, readings: Mapping[Owner, Sequence[Reading]]) -> models.ProviderLimits:
        shown = {
            name: models.Limits(**limits(readings.get(("provider_key", f"{provider}/{name}"), ())))
            for name in self._keys(provider)
        }
        return models.ProviderLimits(provider=provider, **limits(readings.get(("provider", provider), ())), keys=shown)


def limits(readings: Sequence[Reading]) -> dict[str, Any]:
    """The meters of one owner -> `budgets` and, where there is any, `rate_limit`."""
    limited = rate_limits(readings)
    return {"budgets": budgets(readings)} | ({"rate_limit": limited[0]} if limited else {})


def budgets(readings: Iterable[Reading]) -> list[models.Budget]:
    return [budget(each) for each in readings if each.kind == BUDGET]


def all_aligned(readings: Iterable[Reading]) -> bool:
    """Whether there are budgets, and all of them follow the calendar."""
    aligned = [each.calendar_aligned for each in readings if each.kind == BUDGET]
    return bool(aligned) and all(aligned)


def budget(reading: Reading) -> models.Budget:
    known: dict[str, Any] = {"reset_duration": reading.reset_duration, "resets_at": reading.ends}
    if reading.override is not None:
        until = {"until": reading.override_until} if reading.override_until is not None else {}
        known["override"] = models.BudgetOverride(amount=float(reading.override), **until)
    scope, scope_id = reading.owner
    return models.Budget(
        id=reading.id,
        scope=models.MeterScope(scope),
        scope_id=scope_id,
        max_limit=float(reading.maximum),
        calendar_aligned=reading.calendar_aligned,
        current_usage=float(reading.used),
        reserved=float(reading.held),
        remaining=float(reading.remaining),
        last_reset=reading.began,
        **present(known),
    )


def rate_limits(readings: Iterable[Reading]) -> list[models.RateLimit]:
    """The limits of each owner, as one object."""
    names = {metric: name for name, metric in LIMITS.items()}
    by_owner: dict[Owner, dict[str, Any]] = {}
    for each in readings:
        if each.kind == LIMIT:
            shown = by_owner.setdefault(each.owner, {})
            name = names[each.metric]
            shown |= {f"{name}_max_limit": float(each.maximum), f"{name}_current_usage": float(each.used + each.held)}
            if each.ends is not None:
                shown |= {
                    f"{name}_reset_duration": each.reset_duration,
                    f"{name}_last_reset": each.began,
                    f"{name}_resets_at": each.ends,
                }
    return [
        models.RateLimit(scope=models.MeterScope(scope), scope_id=scope_id, **shown)
        for (scope, scope_id), shown in by_owner.items()
    ]


def present(values: Mapping[str, Any]) -> dict[str, Any]:
    """What there is: what is None is absent from answers."""
    return {name: value for name, value in values.items() if value is not None}
