"""The image of a request, as each target wants it: by its URL or as bytes, of a type and size that the model takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import MISSING

from generated.models import InputFit, VideoGenerationRequest

from ..errors import InvalidRequest
from ..media.fetching import Fetching
from ..media.fitting import Fit, fitted
from ..media.images import FIELD, MOST_PIXELS, MOST_SIDE, Image
from ..media.uploads import more
from .capabilities import check_image, with_defaults
from .targets import Target

FITS: Mapping[InputFit, Fit] = {InputFit.crop: "crop", InputFit.pad: "pad"}


@dataclass(frozen=True, slots=True)
class Form:
    """What an image is made into."""

    media_type: str
    size: tuple[int, int] | None
    fit: Fit | None


class Picture:
    """The image of one request. It is fetched once, by the first target that needs its bytes."""

    def __init__(self, request: VideoGenerationRequest, image: Image | None, fetching: Fetching) -> None:
        """`image` is what `request.input_reference` stands for, unless that is a URL."""
        self._request = request
        self._image = image
        self._fetching = fetching
        self._refusal: InvalidRequest | None = None
        self._made: tuple[Form, Image] | None = None

    async def for_target(self, target: Target) -> Image | None:
        """The image to hand to the target; None if there is none, or the target fetches it itself.

        Raises InvalidRequest if it cannot be had, or if the model does not take it; TooManyUploads.
        """
        url = self._request.input_reference
        if url is MISSING:
            return None
        if self._image is None:
            fetches = target.provider.adapter.fetches(target.keys[0].account, url)
            if fetches and self._request.input_fit is MISSING:
                return None
            self._image = await self._fetched(url)
        image = await self._fitted(self._image, target)
        check_image(image, with_defaults(self._request, target.can), target.id, target.can)
        return image

    async def _fetched(self, url: str) -> Image:
        if self._refusal is not None:
            raise self._refusal
        try:
            return await self._fetching.image(url)
        except InvalidRequest as refusal:
            self._refusal = refusal
            raise

    async def _fitted(self, image: Image, target: Target) -> Image:
        form = self._form(image, target)
        if form is None:
            return image
        if self._made is None or self._made[0] != form:
            self._made = None
            self._made = form, await fitted(image, form.media_type, form.size, form.fit)
            more()(len(self._made[1].content))
        return self._made[1]

    def _form(self, image: Image, target: Target) -> Form | None:
        """What the image has to be made into for the target, if anything."""
        types = target.can.image.types
        asked = with_defaults(self._request, target.can).size
        fit: Fit | None = None
        size = None
        if self._request.input_fit is not MISSING and asked is not MISSING:
            fit, size = FITS[self._request.input_fit], _drawable(asked)
        fits = size is None or image.size == size
        if fits and (types is None or image.media_type in types):
            return None
        drawable = [each for each in ("image/png", "image/jpeg") if types is None or each in types]
        if not drawable:
            raise InvalidRequest(
                f"{target.id} takes {', '.join(types or ())}, not {image.media_type}.",
                code="unsupported_parameter",
                param=FIELD,
            )
        return Form(image.media_type if image.media_type in drawable else drawable[0], size, fit)


def _drawable(size: str) -> tuple[int, int]:
    """Width and height of "1280x720". Raises InvalidRequest for more than an image may have."""
    width, height = map(int, size.split("x"))
    if max(width, height) > MOST_SIDE or width * height > MOST_PIXELS:
        raise InvalidRequest(
            f"No image can be fitted to {size}: it may have {MOST_PIXELS:,} pixels, and {MOST_SIDE} on a side.",
            code="unsupported_parameter",
            param="size",
        )
    return width, height
