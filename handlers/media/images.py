"""Images that come with a request: decoded once, and named by what their bytes are, not by what was said of them."""

from __future__ import annotations

import asyncio
import binascii
import hashlib
import io
import secrets
from collections.abc import Callable, Sized
from dataclasses import dataclass, field
from typing import TypeVar

from ..errors import InvalidRequest
from .headers import pixels

Given = TypeVar("Given", bound=Sized)
Result = TypeVar("Result")

SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"WEBP", 8, "image/webp"),  # after "RIFF" and a length
)
"""Leading bytes, where they stand, and what they mean. https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern"""

FIELD = "input_reference"

# What a decoder would have to allocate is known from a few bytes, so that a small file cannot ask for a large picture.
MOST_PIXELS = 50_000_000
MOST_SIDE = 16_384  # pixels

PIECE = 192 * 1024  # bytes that are encoded at a time, 256 KiB of base64; nobody else can run meanwhile
SMALL = 64 * 1024  # bytes: what is done with more is done in a thread


@dataclass(frozen=True, slots=True)
class Image:
    """`encoded` stands for the bytes in base64 wherever JSON has them, until they are sent: see `upstream.Embedded`."""

    content: bytes = field(repr=False)
    media_type: str
    size: tuple[int, int] | None = None  # width and height in pixels, as they are stored
    sha256: str = ""  # in hexadecimal
    encoded: str = field(default_factory=secrets.token_urlsafe, compare=False, repr=False)

    @property
    def extension(self) -> str:
        return self.media_type.removeprefix("image/")

    @property
    def encoded_url(self) -> str:
        """The data URL, in the same way."""
        return f"data:{self.media_type};base64,{self.encoded}"

    @property
    def described(self) -> str:
        return f"{self.media_type}, {len(self.content)} bytes, sha256 {self.sha256}"

    @property
    def stand_in(self) -> str:
        """A data URL in form only: what a request has in place of the image, and is another for another image."""
        return f"data:{self.media_type};base64,{self.sha256}"

    @property
    def data_url(self) -> str:
        return f"data:{self.media_type};base64,{binascii.b2a_base64(self.content, newline=False).decode()}"


def sniff(content: bytes) -> Image:
    """Bytes -> an image. Raises InvalidRequest when they are none that providers take, or one that is too large to decode."""
    for signature, offset, media_type in SIGNATURES:
        if content.startswith(signature, offset) and (offset == 0 or content.startswith(b"RIFF")):
            size = pixels(content, media_type)
            if size is None or 0 in size:
                raise _invalid("is damaged: its header does not tell its width and height")
            if max(size) > MOST_SIDE or size[0] * size[1] > MOST_PIXELS:
                raise too_large(
                    f"has {size[0]}x{size[1]} pixels; at most {MOST_PIXELS:,} are taken, and {MOST_SIDE} on a side"
                )
            return Image(content, media_type, size, hashlib.sha256(content).hexdigest())
    raise _invalid("is not an image: its bytes are neither PNG, JPEG nor WebP")


def _invalid(what: str) -> InvalidRequest:
    return InvalidRequest(f"{FIELD} {what}.", code="invalid_image", param=FIELD)


def too_large(what: str) -> InvalidRequest:
    return InvalidRequest(f"{FIELD} {what}. Send a smaller image.", code="image_too_large", param=FIELD)


def from_data_url(url: str) -> Image:
    """`data:image/png;base64,…` -> an image."""
    _, _, encoded = url.partition(",")
    try:
        return sniff(decoded(encoded.encode()))
    except ValueError:
        raise not_base64() from None


def not_base64() -> InvalidRequest:
    return _invalid("is not valid base64")


def decoded(encoded: bytes | bytearray | memoryview) -> bytes:
    """Base64 (RFC 4648 §4) -> bytes. Raises ValueError. Done piece by piece, so that in a thread it lets others run."""
    content = io.BytesIO()  # hands its bytes over without a copy
    size = PIECE // 3 * 4
    with memoryview(encoded) as text:
        content.seek(len(text) // 4 * 3)
        content.write(b"\0")  # all of it is allocated at once: what grows is moved, or left behind when it is freed
        content.seek(0)
        for start in range(0, len(text), size):
            piece = binascii.a2b_base64(text[start : start + size], strict_mode=True)
            if len(piece) < PIECE and start + size < len(text):
                raise ValueError("there is padding before the end")
            content.write(piece)
    content.truncate()
    return content.getvalue()


async def aside(work: Callable[[Given], Result], given: Given) -> Result:
    """Work on bytes, in a thread if they are many."""
    return work(given) if len(given) <= SMALL else await asyncio.to_thread(work, given)
