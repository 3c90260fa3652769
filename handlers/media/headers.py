"""Width and height of an image, from its header alone: nothing is decoded, whatever the header says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from struct import error, unpack_from

Size = tuple[int, int]


def pixels(content: bytes, media_type: str) -> Size | None:
    """Width and height; None if the header does not tell them."""
    try:
        return READERS[media_type](content)
    except (error, IndexError):  # it ends too early
        return None


def _png(content: bytes) -> Size | None:
    """https://www.w3.org/TR/png-3/#11IHDR: the first chunk, behind the signature and its own length and name."""
    width, height = unpack_from(">II", content, 16)
    return (width, height) if content[12:16] == b"IHDR" else None


def _jpeg(content: bytes) -> Size | None:
    """ITU-T T.81, B.1.1: segments one after another, until the one that begins the frame (B.2.2)."""
    at = 2
    while content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # may be there any number of times
            at += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:  # have no length
            at += 2
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = unpack_from(">HH", content, at + 5)
            return width, height
        elif marker in (0xD9, 0xDA):  # the end, or the picture itself
            return None
        else:
            (length,) = unpack_from(">H", content, at + 2)
            at += 2 + max(length, 2)
    return None


def _webp(content: bytes) -> Size | None:
    """https://www.rfc-editor.org/rfc/rfc9649: the first chunk is of one of three kinds."""
    kind = content[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(content[24:27], "little"), 1 + int.from_bytes(content[27:30], "little")
    if kind == b"VP8L" and content[20] == 0x2F:
        (bits,) = unpack_from("<I", content, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        width, height = unpack_from("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


READERS: Mapping[str, Callable[[bytes], Size | None]] = {"image/png": _png, "image/jpeg": _jpeg, "image/webp": _webp}
