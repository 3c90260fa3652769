"""What a request may cost at most, before anything is sent, and what the job has cost once it has ended. Pure.

What a request leaves open is taken for what the provider documents that it makes then; where nothing is documented, for the
dearest that the model makes. So an estimate is an upper bound, as far as the prices are right; of Gemini's tokens, those of
pictures that are read and of thoughts are not in it. Where no bound is known, there is no price.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from typing import Any, Self

from pydantic import MISSING, BaseModel

from generated.models import VideoGenerationRequest, VideoRemixRequest

from ..configuration import Naming, as_written
from .adapter import extras
from .catalog import Capabilities
from .pricing import (
    NIL,
    PLACE,
    Assumed,
    Listed,
    Order,
    Price,
    PriceBook,
    RequestType,
    band,
    cost,
    lasting,
    price_for,
    sized,
)

Request = VideoGenerationRequest | VideoRemixRequest

CLIPS = ("sampleCount", "numberOfVideos", "num_outputs", "num_outputs_per_prompt", "n")
"""Extra fields that say how many videos are made."""
MOST_CLIPS = 1000  # what asks for more is a mistake
IMAGES = ("reference_images", "referenceImages", "input_references", "keyframes")
"""Extra fields that are lists of images."""
IMAGE = ("lastFrame", "last_frame")
EITHER = frozenset(
    {
        *("response_format", "generation_config", "previous_interaction_id", "previous_job_id"),
        *("extra_body", "extra_params", "extra_args", "extra_json"),
    }
)
"""Extra fields that may decide on both of the following. (`seconds` and `size` are extra fields of a remix.)"""
FRAMES, RATE = "num_frames", "fps"
"""Extra fields of vLLM and SGLang. The first overrules `seconds`, whatever the server says of the length then."""
LENGTH = EITHER | {"seconds", "duration", "durationSeconds", FRAMES, RATE}
"""Extra fields that may decide on the length of a video."""
PICTURE = EITHER | {
    *("size", "resolution", "width", "height", "short_edge"),
    *("aspect_ratio", "aspectRatio", "ratio"),
}
"""Extra fields that may decide on its resolution."""


@dataclass(frozen=True, slots=True)
class Unpriced:
    """No price is known, and why: a sentence for whoever asked."""

    reason: str


@dataclass(frozen=True, slots=True)
class Made:
    """A finished video that is remixed. None: not known."""

    seconds: Decimal | None = None
    size: str | None = None  # "1280x720"


@dataclass(frozen=True, slots=True)
class Quote:
    """What a job may cost, and the prices by which it will be settled whatever becomes of them later."""

    usd: Decimal
    seconds: Decimal | None  # of a clip; None where the price does not ask for it
    price: Price  # by which it is estimated
    how: str  # "8 s at USD 0.40 (720p)", for people
    clips: int = 1
    images: int = 0
    prices: tuple[Price, ...] = ()  # all of the model's

    def as_json(self) -> dict[str, Any]:
        """For keeping; amounts are text."""
        return {
            "usd": str(self.usd),
            "seconds": None if self.seconds is None else str(self.seconds),
            "price": self.price.as_json(),
            "how": self.how,
            "clips": self.clips,
            "images": self.images,
            "prices": [price.as_json() for price in self.prices],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        return cls(
            usd=Decimal(kept["usd"]),
            seconds=None if kept["seconds"] is None else Decimal(kept["seconds"]),
            price=Price.from_json(kept["price"]),
            how=kept["how"],
            clips=kept["clips"],
            images=kept["images"],
            prices=tuple(map(Price.from_json, kept["prices"])),
        )


def estimate(
    provider_name: str,
    base_provider: str | None,
    model: str,
    request: Request,
    can: Capabilities,
    book: PriceBook,
    images: int,
    *,
    source: Made | None = None,
    provider_key: str | None = None,
    virtual_key_id: str | None = None,
    naming: Naming = as_written,
) -> Quote | Unpriced:
    """What a job may cost. `base_provider` is whose list prices hold there (`Provider.priced_as`), `source` what is remixed."""
    kind: RequestType = "video_remix" if isinstance(request, VideoRemixRequest) else "video_generation"
    order = Order(provider_name, model, kind, provider_key, virtual_key_id, naming)
    prices = book.prices(base_provider, order)
    name = f"{provider_name}/{model}"
    if not prices:
        return Unpriced(f"No price is known for {name}.")
    clips = clips_of(request)
    if clips is None:
        return Unpriced(f"How many videos {name} is to make cannot be read from the request.")
    listed = book.listed(base_provider, model, naming)
    if "model" in extras(request):  # of a remix, whose model is the provider's choice
        return Unpriced("The request names a model that a remix does not take.")
    seconds = _seconds(request, can, listed, source)
    candidates = _candidates(prices, request, can, listed, source)
    if candidates is None:
        return Unpriced(
            f"{name} has no price for every resolution that the request leaves open, or for the one it names."
        )
    quotes = []
    for price in candidates:
        if seconds is None and (price.usd_per_second is not None or price.usd_per_million_tokens is not None):
            return Unpriced(f"How long the video of {name} may become is not known; ask for a length.")
        if price.usd_per_million_tokens is not None and price.tokens_per_second is None:
            return Unpriced(f"How many tokens a second of {name} has at this resolution is not known.")
        quotes.append(_quote(price, request, seconds, clips, images))
    return replace(max(quotes, key=lambda quote: quote.usd), prices=prices)


def length(
    base_provider: str | None,
    model: str,
    request: Request,
    can: Capabilities,
    book: PriceBook,
    *,
    source: Made | None = None,
) -> Decimal | None:
    """Seconds of video that a job may make at most, of all its clips, whatever they cost; None: there is no bound."""
    clips, seconds = clips_of(request), _seconds(request, can, book.listed(base_provider, model), source)
    return None if clips is None or seconds is None else seconds * clips


def settle(
    quote: Quote,
    *,
    seconds: Decimal | None = None,
    size: str | None = None,
    audio: bool | None = None,
    clips: int | None = None,
    tokens: Mapping[str, int] | None = None,
) -> Decimal:
    """US dollars for what was really made, by the prices that held at the create. What is None is as it was estimated."""
    made = sized(size)
    price = None if made is None else price_for(quote.prices, band(made), quote.price.audio if audio is None else audio)
    price = price or quote.price
    length = quote.seconds if seconds is None else seconds
    by_tokens = price.usd_per_million_tokens is not None and not tokens
    by_length = price.usd_per_second is not None or by_tokens
    if (by_tokens and price.tokens_per_second is None) or (by_length and length is None):
        price = quote.price
    return cost(price, seconds=length, clips=clips or quote.clips, images=quote.images, tokens=tokens)


def clips_of(request: BaseModel) -> int | None:
    """How many videos are asked for, at least one; None if that cannot be read."""
    return clips_in(extras(request))


def clips_in(fields: Mapping[str, Any]) -> int | None:
    """The same, of a request as JSON."""
    asked = [_count(fields[name]) for name in CLIPS if name in fields]
    counts = [count for count in asked if count is not None]
    return max([1, *counts]) if len(counts) == len(asked) else None


def _count(value: object) -> int | None:
    """3, 3.0 and "3" -> 3; None for what is no number of videos."""
    if isinstance(value, str) and re.fullmatch("[0-9]{1,6}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= MOST_CLIPS and value == int(value) else None


def images_of(request: Request) -> int:
    """How many images a video is made from."""
    extra = extras(request)
    first = isinstance(request, VideoGenerationRequest) and request.input_reference is not MISSING
    lists = (extra.get(name) for name in IMAGES)
    return first + sum(len(each) for each in lists if isinstance(each, list)) + sum(name in extra for name in IMAGE)


def _seconds(request: Request, can: Capabilities, listed: Listed | None, source: Made | None) -> Decimal | None:
    """How long a clip may become. None: there is no bound."""
    extra, asked = extras(request), None
    if isinstance(request, VideoGenerationRequest):
        if request.seconds is not MISSING:
            asked = Decimal(request.seconds.root)
        elif can.default_seconds is not None:  # is sent then
            asked = Decimal(can.default_seconds)
    if FRAMES in extra:
        filmed = _filmed(extra)
        return None if filmed is None else max(filmed, asked or NIL)  # which of the two holds is the provider's choice
    if asked is not None:
        return asked
    assumed = _assumed(request, listed)
    known = None if LENGTH & extra.keys() else assumed.seconds or (source.seconds if source else None)
    if known is not None:
        return known
    return max(map(Decimal, can.seconds), default=None) if can.seconds is not None else None


def _filmed(fields: Mapping[str, Any]) -> Decimal | None:
    """How long the frames last that are asked for; None if that cannot be read."""
    try:
        frames, rate = (Decimal(str(fields[name])) for name in (FRAMES, RATE))
        filmed = (frames / rate).quantize(PLACE, ROUND_CEILING) if min(frames, rate) > 0 else NIL
    except (ArithmeticError, LookupError, ValueError):
        return None
    return lasting(str(filmed))


def _candidates(
    prices: tuple[Price, ...], request: Request, can: Capabilities, listed: Listed | None, source: Made | None
) -> list[Price] | None:
    """The prices of everything that may be made. None if any of that has no price."""
    audios = _audios(request)
    for resolutions in _resolutions(request, can, listed, source):
        found = [price_for(prices, resolution, audio) for resolution in resolutions for audio in audios]
        priced = [price for price in found if price is not None]
        if priced and len(priced) == len(found):
            return priced
    return None


def _audios(request: Request) -> tuple[bool, ...]:
    """With or without sound, as it is asked for; both where that is open."""
    if isinstance(request, VideoGenerationRequest) and request.audio is not MISSING:
        return (request.audio,)
    return (True, False)


def _resolutions(
    request: Request, can: Capabilities, listed: Listed | None, source: Made | None
) -> Iterator[Sequence[str | None]]:
    """What may be made, as far as it is known: sets of resolutions, of which the first that has prices counts."""
    if isinstance(request, VideoGenerationRequest):
        size = can.default_size if request.size is MISSING else request.size
        if size is not None:
            yield [band(size)]
            return
    if not PICTURE & extras(request).keys():
        resolution = _assumed(request, listed).resolution
        if resolution is not None:
            yield [resolution]
        elif source is not None and source.size is not None:
            yield [band(source.size)]
    sizes = {*(can.sizes or ()), *(can.image_sizes or ())}
    yield sorted({band(size) for size in sizes}) if sizes else [None]


def _assumed(request: Request, listed: Listed | None) -> Assumed:
    """What the provider makes of a request that does not say."""
    if listed is None:
        return Assumed()
    fresh = isinstance(request, VideoGenerationRequest) and request.video_uri is MISSING
    return listed.absent if fresh else listed.continues


def _quote(price: Price, request: Request, seconds: Decimal | None, clips: int, images: int) -> Quote:
    tokens = None
    if price.usd_per_million_tokens is not None:
        written = (price.tokens_per_second or NIL) * (seconds or NIL) * clips
        read = len(request.prompt.encode("utf-8", "surrogatepass"))  # a token is a byte or more
        tokens = {"input": read, "video": int(written.to_integral_value(ROUND_CEILING))}
    usd = cost(price, seconds=seconds, clips=clips, images=images, tokens=tokens)
    return Quote(usd, seconds, price, _how(price, seconds, clips, images), clips, images)


def _how(price: Price, seconds: Decimal | None, clips: int, images: int) -> str:
    """How the amount comes about, in a line."""
    parts = []
    if price.usd_per_second is not None:
        parts.append(f"{seconds} s at USD {price.usd_per_second}")
    if price.usd_per_million_tokens is not None:
        rate = price.usd_per_million_tokens.video
        parts.append(f"{seconds} s of {price.tokens_per_second} tokens at USD {rate} a million")
    if price.usd_per_video is not None:
        parts.append(f"USD {price.usd_per_video} for a video")
    if clips > 1 and parts:
        parts = [f"{clips} times {' and '.join(parts)}"]
    if price.usd_per_job is not None:
        parts.append(f"USD {price.usd_per_job} for the job")
    if price.usd_per_input_image and images:
        parts.append(f"{images} image{'s' * (images > 1)} at USD {price.usd_per_input_image}")
    if price.minimum_usd is not None:
        parts.append(f"at least USD {price.minimum_usd}")
    sound = {True: "with sound", False: "without sound", None: None}[price.audio]
    fits = ", ".join(filter(None, (price.resolution, sound)))
    return ", ".join(parts) + (f" ({fits})" if fits else "")
