"""Images that come with a request, to open a clip with."""

import base64
import io

from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP")  # what either provider takes


class Unreadable(ValueError):
    """Not a base64 data URL, or not an image in one of the formats."""


def from_data_url(url: str) -> tuple[str, bytes]:
    """'data:image/png;base64,iVBO...' -> ('image/png', its bytes). Raises Unreadable."""
    head, comma, data = url.removeprefix("data:").partition(",")
    media_type, base64_, rest = head.partition(";base64")
    if not url.startswith("data:") or not comma or not base64_ or rest:
        raise Unreadable("not a base64 data URL")
    try:
        return media_type, base64.b64decode(data, validate=True)
    except ValueError as error:
        raise Unreadable("the base64 is broken") from error


def pixels(content: bytes) -> tuple[int, int]:
    """Width and height of an image that can be decoded to its end. Raises Unreadable."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            picture.load()
            return picture.size
    except Exception as error:  # Pillow's decoders raise whatever comes to them: OSError, SyntaxError, struct.error
        raise Unreadable("the image cannot be read") from error
