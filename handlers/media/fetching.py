"""Fetching the image that a caller names by URL, for providers that fetch none."""

from __future__ import annotations

from ..egress import Egress
from ..errors import ContentTooLarge, InvalidRequest, ProviderError, UnsafeUrl
from .images import FIELD, Image, aside, sniff, too_large
from .uploads import more

SECONDS = 30.0  # for all of it, with its redirects
ACCEPT = {"Accept": "image/png, image/jpeg, image/webp"}


class Fetching:
    """`most` is the largest image, in bytes."""

    def __init__(self, way: Egress, most: int) -> None:
        self._way = way
        self._most = most

    async def image(self, url: str) -> Image:
        """The image at a URL. Raises InvalidRequest when there is none that can be had, TooManyUploads."""
        try:
            found = await self._way.fetch(url, headers=ACCEPT, timeout=SECONDS, most=self._most, arriving=more())
        except UnsafeUrl as error:
            raise UnsafeUrl(error.message, param=FIELD) from None
        except ContentTooLarge:
            raise too_large(f"is larger than {self._most} bytes") from None
        except ProviderError as error:
            raise _missing(error.message) from None
        if found.status != 200:
            raise _missing(f"It was answered with {found.status}.")
        if found.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            raise _missing("It was answered in an encoding that nobody asked for.")
        return await aside(sniff, found.body)


def _missing(why: str) -> InvalidRequest:
    return InvalidRequest(
        f"input_reference could not be fetched, and the provider does not fetch it itself. {why.rstrip('.')}. "
        "Send the image as a data URL or as a file, or a URL that can be reached from outside.",
        code="image_not_fetched",
        param=FIELD,
    )
