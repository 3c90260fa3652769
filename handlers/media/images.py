"""Images that come with a request: decoded once, and named by what their bytes are, not by what was said of them."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field

from ..errors import InvalidRequest

SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"WEBP", 8, "image/webp"),  # after "RIFF" and a length
)
"""Leading bytes, where they stand, and what they mean. https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern"""


@dataclass(frozen=True, slots=True)
class Image:
    content: bytes = field(repr=False)
    media_type: str

    @property
    def extension(self) -> str:
        return self.media_type.removeprefix("image/")

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def data_url(self) -> str:
        return f"data:{self.media_type};base64,{base64.b64encode(self.content).decode()}"


def sniff(content: bytes) -> Image:
    """Bytes -> an image. Raises InvalidRequest when they are none that providers take."""
    for signature, offset, media_type in SIGNATURES:
        if content.startswith(signature, offset) and (offset == 0 or content.startswith(b"RIFF")):
            return Image(content, media_type)
    raise InvalidRequest(
        "input_reference is not an image: its bytes are neither PNG, JPEG nor WebP.",
        code="invalid_image",
        param="input_reference",
    )


def from_data_url(url: str) -> Image:
    """`data:image/png;base64,…` -> an image."""
    _, _, encoded = url.partition(",")
    try:
        return sniff(base64.b64decode(encoded, validate=True))
    except ValueError:
        raise InvalidRequest(
            "input_reference is not valid base64.", code="invalid_image", param="input_reference"
        ) from None
