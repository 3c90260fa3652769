"""The image of a body, taken out of it before anything else is done with the body.

Its bytes exist once: what is parsed, judged, compared and written down in their place is short.
"""

from __future__ import annotations

import binascii
import re
import secrets
from typing import Any

from ..media.images import FIELD, aside, decoded, not_base64, sniff
from ..media.uploads import Upload

ABSENT = "data:image/png;base64,"
"""Stands for an image that was taken out, while the rest is judged."""

HEAD = re.compile(r"data:image/(?:png|jpeg|webp);base64,")
IN_JSON = re.compile(rb'"input_reference"[ \t\r\n]*:[ \t\r\n]*"' + HEAD.pattern.encode())
"""The field up to its base64. In valid JSON, the last quote of this begins a string: none can end before a `d`."""


class Cut:
    """An image that was cut out of JSON, and the word that stands there now."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.mark = secrets.token_hex()

    def fits(self, payload: Any) -> bool:
        """Whether it was the image of the body, and not of something inside it that has a field of the same name."""
        return isinstance(payload, dict) and str(payload.get(FIELD)).endswith(self.mark)

    def put_back(self, text: bytearray) -> bytearray:
        return text.replace(self.mark.encode(), binascii.b2a_base64(self.content, newline=False))


async def cut(text: bytearray) -> Cut | None:
    """Cut the image out of JSON where it stands as most clients write it. What cannot be decoded is left where it is."""
    head = IN_JSON.search(text)
    end = text.find(b'"', head.end()) if head is not None else -1
    if head is None or end < 0:
        return None
    with memoryview(text) as whole, whole[head.end() : end] as encoded:
        try:
            content = await aside(decoded, encoded)
        except ValueError:
            return None
        if encoded[-4:] != binascii.b2a_base64(content[-(len(content) % 3 or 3) :], newline=False):
            return None  # other base64 of the same bytes: it could not be put back as it was
    found = Cut(content)
    text[head.end() : end] = found.mark.encode()
    return found


async def taken(payload: Any) -> bytes | None:
    """The image of a parsed body, with ABSENT left in its place; None if it has none that could be decoded."""
    url = payload.get(FIELD) if isinstance(payload, dict) else None
    if not isinstance(url, str) or (head := HEAD.match(url)) is None:
        return None
    with memoryview(url.encode()) as text, text[head.end() :] as encoded:
        try:
            content = await aside(decoded, encoded)
        except ValueError:
            return None  # it is for the document to say what is wrong, if it is wrong by the document
    payload[FIELD] = ABSENT
    return content


async def put(content: bytes | None, payload: Any, upload: Upload) -> None:
    """Hand the image of a body that was judged to its `upload`, with its stand-in in the body.

    Raises InvalidRequest for what is no image.
    """
    if content is not None:
        image = await aside(sniff, content)
        upload.put(image)
        payload[FIELD] = image.stand_in
    elif isinstance(payload, dict) and str(payload.get(FIELD)).startswith("data:"):
        raise not_base64()
