"""What videos cost: the prices of pricing.yaml, what an operator sets instead of them, and how a price becomes an amount.

Amounts are US dollars as `Decimal`, exact until they are rounded to 6 places, halves up, at the very end. A resolution is the
short edge of the picture: 1920x1080 and 1080x1920 are both "1080p".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ..configuration import Naming, as_written, own_name

PLACE = Decimal("0.000001")  # US dollars: what amounts are rounded to
DIGITS = 60  # of a sum before it is rounded; no price, length or count comes near
PLACES = 10  # of a price
NIL = Decimal(0)
MILLION = 1_000_000
SIZE = re.compile("[0-9]{1,5}x[0-9]{1,5}")
LONGEST = 86_400  # seconds: no video is longer


def _exact(value: object) -> object:
    """0.1 -> the decimal "0.1", and not the binary number nearest to it; a third of a cent to as many places as are kept."""
    if isinstance(value, bool):
        raise ValueError("must be a number")
    if not isinstance(value, float):
        return value
    return round(Decimal(str(value)), PLACES) if abs(value) <= MILLION else Decimal(str(value))


Amount = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(ge=0, le=1_000_000, max_digits=17, decimal_places=PLACES, allow_inf_nan=False),
]
Resolution = Annotated[str, Field(pattern="^([1-9][0-9]{1,4}p|4k)$")]
Confidence = Literal["confirmed", "unconfirmed"]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TokenPrices(Part):
    """US dollars per million tokens, by what they are of. `input` is everything that is read."""

    input: Amount = NIL
    text: Amount = NIL
    video: Amount = NIL


class Charges(Part):
    """What is charged for a job: the sum of what is there, but at least the minimum."""

    usd_per_second: Amount | None = None  # of each clip
    usd_per_video: Amount | None = None  # for each clip, however long
    usd_per_job: Amount | None = None
    usd_per_million_tokens: TokenPrices | None = None
    tokens_per_second: Amount | None = None  # of video, to estimate them
    usd_per_input_image: Amount | None = None
    minimum_usd: Amount | None = None  # per job

    @property
    def charges(self) -> bool:
        """Whether a video has a price by this; images and a minimum alone are none."""
        each = (self.usd_per_second, self.usd_per_video, self.usd_per_job, self.usd_per_million_tokens)
        return any(amount is not None for amount in each)


class Price(Charges):
    """What a job costs at one resolution, with or without sound; None: at any, with and without."""

    resolution: Resolution | None = None
    audio: bool | None = None
    source: str | None = None
    confirmed: date | None = None
    confidence: Confidence = "confirmed"

    @model_validator(mode="after")
    def _has_charges(self) -> Self:
        if not self.charges:
            raise ValueError("names nothing that is charged")
        return self

    def as_json(self) -> dict[str, Any]:
        """For keeping; amounts are text."""
        return self.model_dump(mode="json", exclude_none=True)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        return cls.model_validate(kept)


def band(size: str) -> str:
    """size "1920x1080" -> "1080p", "2160x3840" -> "4k" """
    edge = min(map(int, size.split("x")))
    return "4k" if edge == 2160 else f"{edge}p"


def sized(words: str | None) -> str | None:
    """What a provider says of a size, if it is one: "1280x720"; None for anything else, such as "auto"."""
    return words if words is not None and SIZE.fullmatch(words) else None


def lasting(words: str | None) -> Decimal | None:
    """What a provider says of a length, if it is one: "8" -> 8 seconds; None for anything else, such as "auto" or "nan"."""
    try:
        seconds = Decimal(words) if words is not None else None
    except InvalidOperation:
        return None
    return seconds if seconds is not None and seconds.is_finite() and 0 < seconds <= LONGEST else None


def price_for(prices: Iterable[Price], resolution: str | None, audio: bool | None) -> Price | None:
    """The first price that fits. None in a request is: not known, which only a price for all of them fits."""
    for price in prices:
        if price.resolution in (None, resolution) and price.audio in (None, audio):
            return price
    return None


def cost(
    price: Price,
    *,
    seconds: Decimal | int | None = None,
    clips: int = 1,
    images: int = 0,
    tokens: Mapping[str, int | Decimal] | None = None,
) -> Decimal:
    """US dollars for one job. `seconds` is the length of a clip, `images` how many the job is made from.

    `tokens`, by what they are of, count in place of seconds where tokens are charged; those of a kind that has no price are free.
    Raises ValueError if the price needs a length, or tokens, and there is none.
    """
    with localcontext(prec=DIGITS):
        made = max(1, clips)
        sum_ = (
            (price.usd_per_video or NIL) * made
            + (price.usd_per_job or NIL)
            + (price.usd_per_input_image or NIL) * images
        )
        if price.usd_per_second is not None:
            sum_ += price.usd_per_second * _known(seconds) * made
        if price.usd_per_million_tokens is not None:
            rates = price.usd_per_million_tokens.model_dump()
            counted = tokens or {"video": _known(price.tokens_per_second) * _known(seconds) * made}
            sum_ += sum((rates.get(kind, NIL) * count for kind, count in counted.items()), NIL) / MILLION
        return max(sum_, price.minimum_usd or NIL).quantize(PLACE, ROUND_HALF_UP)


def _known(value: Decimal | int | None) -> Decimal:
    if value is None:
        raise ValueError("the price needs a length, and tokens per second if it is by tokens")
    return Decimal(value)


class Bill(Part):
    """What becomes of the charge for a job that made no video. `reported`: what the provider says of it, else the price."""

    charge: Literal["nothing", "price", "reported"]
    source: str | None = None
    confidence: Confidence = "confirmed"


class Bills(Part):
    failed: Bill
    cancelled: Bill
    filtered: Bill


CAREFUL = Bills(failed=Bill(charge="price"), cancelled=Bill(charge="price"), filtered=Bill(charge="price"))
"""How a provider bills of which nothing is known."""

Outcome = Literal["completed", "failed", "cancelled", "filtered"]


def charged(outcome: Outcome, bills: Bills, price: Decimal, reported: Decimal | None) -> Decimal:
    """What a job has cost that ended so. `price` is what a completed one costs, `reported` the provider's own figure."""
    if reported is not None:
        return reported
    if outcome != "completed" and getattr(bills, outcome).charge == "nothing":
        return NIL
    return price


class Assumed(Part):
    """What a provider makes where a request does not say. None: it is not known."""

    seconds: Amount | None = None
    resolution: Resolution | None = None


class Listed(Part):
    """A model in pricing.yaml."""

    source: str | None = None
    confirmed: date | None = None
    confidence: Confidence = "confirmed"
    absent: Assumed = Assumed()
    continues: Assumed = Assumed()  # where a request goes on from a video
    prices: tuple[Price, ...]


class Vendor(Part):
    """A provider in pricing.yaml."""

    source: str
    confirmed: date
    bills: Bills
    models: dict[str, Listed]


class Patch(Charges):
    """The prices that an override sets. Bifrost's names are taken beside ours.

    Charges in the patch itself are for every resolution that no other entry of it names.
    """

    prices: tuple[Price, ...] = ()
    resolution: Resolution | None = None  # for which the charges in the patch itself are
    audio: bool | None = None
    output_cost_per_video_per_second: Amount | None = None
    output_cost_per_video_per_second_480p: Amount | None = None
    output_cost_per_video_per_second_720p: Amount | None = None
    output_cost_per_video_per_second_1024p: Amount | None = None
    output_cost_per_video_per_second_1080p: Amount | None = None
    output_cost_per_video_per_second_4k: Amount | None = None
    output_cost_per_second: Amount | None = None
    cost_per_request: Amount | None = None

    @model_validator(mode="after")
    def _says_prices_once(self) -> Self:
        for ours, theirs in SAME.items():
            said = [name for name in (ours, *theirs) if getattr(self, name) is not None]
            if len(said) > 1:
                raise ValueError(f"{' and '.join(said)} are the same")
        if not self.as_prices():
            raise ValueError("sets no price")
        return self

    def as_prices(self) -> tuple[Price, ...]:
        """All prices of a model that the patch applies to."""
        general: dict[str, Any] = {name: getattr(self, name) for name in Charges.model_fields}
        for ours, theirs in SAME.items():
            general[ours] = next((v for name in (ours, *theirs) if (v := getattr(self, name)) is not None), None)
        banded = [
            Price(**general | {"resolution": resolution, "usd_per_second": amount})
            for resolution in BANDS
            if (amount := getattr(self, f"output_cost_per_video_per_second_{resolution}")) is not None
        ]
        rate = any(general[name] is not None for name in RATES)
        only = {"resolution": self.resolution, "audio": self.audio}
        rest = [Price(**general | only)] if rate or (Charges(**general).charges and not banded) else []
        return (*self.prices, *banded, *rest)


BANDS = ("480p", "720p", "1024p", "1080p", "4k")
"""The resolutions that have a name in Bifrost's patches."""
RATES = ("usd_per_second", "usd_per_video", "usd_per_million_tokens")
"""What prices a resolution for which a patch has no entry. A charge per job beside such entries comes on top of them."""
SAME = {
    "usd_per_second": ("output_cost_per_video_per_second", "output_cost_per_second"),
    "usd_per_job": ("cost_per_request",),
}
"""Our name -> Bifrost's."""

SCOPES = ("virtual_key_provider", "virtual_key", "provider_key", "provider", "global")
"""Narrowest first."""
NAMED = {
    "virtual_key_provider": ("virtual_key_id", "provider"),
    "virtual_key": ("virtual_key_id",),
    "provider_key": ("provider", "provider_key"),
    "provider": ("provider",),
    "global": (),
}
"""Scope -> what it has to name, and nothing else."""

RequestType = Literal["video_generation", "video_remix"]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be priced, and for whom."""

    provider: str  # the name under which it is configured
    model: str
    request_type: RequestType = "video_generation"
    provider_key: str | None = None  # the name of the key; None: not chosen yet
    virtual_key_id: str | None = None
    naming: Naming = as_written  # the provider's


class Override(Part):
    """Prices that an operator sets in place of the listed ones. The `*` at the end of a wildcard stands for any rest."""

    id: str
    name: str
    scope_kind: Literal["global", "provider", "provider_key", "virtual_key", "virtual_key_provider"] = "global"
    provider: str | None = None
    provider_key: str | None = None
    virtual_key_id: str | None = None
    match_type: Literal["exact", "wildcard"] = "exact"
    pattern: Annotated[str, Field(min_length=1, max_length=256)]  # of a model
    request_types: tuple[RequestType, ...] = ()  # all when empty
    patch: Patch

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        for name in ("provider", "provider_key", "virtual_key_id"):
            if (getattr(self, name) is not None) != (name in NAMED[self.scope_kind]):
                needed = " and ".join(NAMED[self.scope_kind]) or "neither provider nor key"
                raise ValueError(f"the scope {self.scope_kind} names {needed}")
        if self.match_type == "wildcard" and self.pattern.find("*") != len(self.pattern) - 1:
            raise ValueError("the pattern of a wildcard has one *, at its end")
        return self

    def applies(self, order: Order) -> bool:
        if self.request_types and order.request_type not in self.request_types:
            return False
        if any(getattr(self, name) != getattr(order, name) for name in NAMED[self.scope_kind]):
            return False
        names = (order.model, *order.naming(order.model))
        if self.match_type == "wildcard":
            return any(name.startswith((start := self.pattern[:-1], own_name(start, order.naming))) for name in names)
        return self.pattern in names or own_name(self.pattern, order.naming) in names

    @property
    def precedence(self) -> tuple[int, bool, int]:
        """The larger wins: the narrower scope, then exact before wildcard, then the longer pattern."""
        return -SCOPES.index(self.scope_kind), self.match_type == "exact", len(self.pattern)


@dataclass(frozen=True, slots=True)
class PriceBook:
    """All prices: the vendors' and the operator's. `overrides` stand in the order in which they were made."""

    vendors: Mapping[str, Vendor]
    overrides: tuple[Override, ...] = ()

    def with_overrides(self, overrides: Iterable[Override]) -> PriceBook:
        return replace(self, overrides=tuple(overrides))

    def override(self, order: Order) -> Override | None:
        """The one that decides; of equals the newest."""
        fitting = [override for override in reversed(self.overrides) if override.applies(order)]
        return max(fitting, key=lambda override: override.precedence, default=None)

    def listed(self, vendor: str | None, model: str, naming: Naming = as_written) -> Listed | None:
        """What the vendor publishes of a model. `vendor` is None where no vendor's prices hold."""
        known = self.vendors.get(vendor) if vendor is not None else None
        names = (model, *reversed(naming(model)))
        return next((known.models[name] for name in names if name in known.models), None) if known is not None else None

    def prices(self, vendor: str | None, order: Order) -> tuple[Price, ...]:
        """The prices that hold for an order; none where it has no price."""
        override = self.override(order)
        if override is not None:
            return override.patch.as_prices()
        listed = self.listed(vendor, order.model, order.naming)
        return listed.prices if listed is not None else ()

    def bills(self, vendor: str | None) -> Bills:
        """How jobs are billed that make no video."""
        known = self.vendors.get(vendor) if vendor is not None else None
        return known.bills if known is not None else CAREFUL


@cache
def price_book() -> PriceBook:
    """The prices of pricing.yaml, read once and checked. Each says its source and the day."""
    content = yaml.safe_load(Path(__file__).with_name("pricing.yaml").read_text(encoding="utf-8"))
    return PriceBook({name: _sourced(Vendor.model_validate(entry)) for name, entry in content.items()})


def _sourced(vendor: Vendor) -> Vendor:
    models = {}
    for name, listed in vendor.models.items():
        said = {
            "source": listed.source or vendor.source,
            "confirmed": listed.confirmed or vendor.confirmed,
            "confidence": listed.confidence,
        }
        models[name] = listed.model_copy(
            update={"prices": tuple(price.model_copy(update=said) for price in listed.prices)}
        )
    return vendor.model_copy(update={"models": models})
