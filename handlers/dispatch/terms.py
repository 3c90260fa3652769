"""On which terms a job is placed: what it may cost with this key of this target, and what it holds of meters until it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import MISSING

from generated.models import VideoGenerationRequest, VideoRemixRequest

from ..access.callers import Caller
from ..access.directory import Directory
from ..access.grants import Meter
from ..errors import InvalidRequest, PaymentRequired
from ..jobs.settling import texts
from ..providers.catalog import Capabilities
from ..providers.quotes import Made, Quote, Unpriced, estimate, images_of, length
from ..providers.registry import Provider, ProviderKey

Request = VideoGenerationRequest | VideoRemixRequest

ONE = Decimal(1)
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Terms:
    """`holds` is by the id of the meter."""

    quote: Quote | None = None
    holds: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, Any]:
        """As the ledger keeps them."""
        return {
            "estimate_usd": self.quote.usd if self.quote is not None else None,
            "price": self.quote.as_json() if self.quote is not None else None,
            "holds": texts(self.holds),
        }


class Pricing:
    """What decides on the terms."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self.refuses_unpriced = True
        """Whether who has a budget may not use what has no price."""

    async def terms(
        self,
        caller: Caller,
        provider: Provider,
        key: ProviderKey,
        model: str,
        can: Capabilities,
        request: Request,
        *,
        source: Made | None = None,
        spent: Decimal = NOTHING,
    ) -> Terms:
        """`source` is what a remix changes; `spent` what the job has cost already, with targets that failed, where it is counted.

        Raises PaymentRequired if both are more than the request's `max_cost`, or cannot be said where it must be;
        InvalidRequest if it cannot be said how long the video may become where a limit is on that.
        """
        name, key_name = f"{provider.name}/{model}", key.settings.name
        book = await self._directory.prices()
        found = estimate(
            provider.name,
            provider.priced_as,
            model,
            request,
            can,
            book,
            images_of(request),
            source=source,
            provider_key=key_name,
            virtual_key_id=caller.grant.id if caller.grant is not None else None,
            naming=provider.adapter.names,
        )
        touched = await self._touched(caller, provider.name, key_name)
        if isinstance(found, Unpriced):
            self._admit_unpriced(found, request, touched)
        seconds = length(provider.priced_as, model, request, can, book, source=source)
        if seconds is None and any(meter.metric == "seconds" for meter in touched):
            raise InvalidRequest(
                f"How long the video of {name} may become is not known, and there is a limit on seconds of video. "
                "Ask for a length (seconds).",
                code="length_unknown",
                param="seconds",
            )
        if isinstance(found, Unpriced):
            return Terms(None, _holds(touched, NOTHING, seconds or NOTHING))
        most = request.max_cost
        if most is not MISSING and found.usd + spent > Decimal(str(most)):
            raise PaymentRequired(
                f"{name} may cost ${found.usd + spent:f}, which is more than max_cost. {found.how}.",
                code="max_cost_exceeded",
                param="max_cost",
            )
        return Terms(found, _holds(touched, found.usd, seconds or NOTHING))

    async def _touched(self, caller: Caller, provider: str, key: str) -> list[Meter]:
        """The meters of which a job takes something that is placed there."""
        of_providers = await self._directory.of_providers()
        theirs = caller.grant.meters_for(provider) if caller.grant is not None else ()
        return [
            *(meter for meter in theirs if meter.metric != "polls"),
            *of_providers.get(("provider", provider), ()),
            *of_providers.get(("provider_key", f"{provider}/{key}"), ()),
        ]

    def _admit_unpriced(self, unpriced: Unpriced, request: Request, touched: list[Meter]) -> None:
        if request.max_cost is not MISSING:
            raise PaymentRequired(
                f"{unpriced.reason} So max_cost cannot be kept: leave it out.", code="price_unknown", param="max_cost"
            )
        if self.refuses_unpriced and any(meter.metric == "usd" for meter in touched):
            raise PaymentRequired(
                f"{unpriced.reason} So it cannot be held against a budget. "
                "An admin can set a price for it (/api/governance/pricing-overrides).",
                code="price_unknown",
                param="model",
            )


def _holds(touched: list[Meter], usd: Decimal, seconds: Decimal) -> dict[str, Decimal]:
    amounts = {"usd": usd, "seconds": seconds, "requests": ONE, "concurrent": ONE}
    return {meter.id: amounts[meter.metric] for meter in touched}
