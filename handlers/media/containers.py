"""What the bytes of a file say it is, and whether all of it is there. Only the structure is read; nothing is decoded.

A file that a download left unfinished looks whole to a player that only reads its beginning. Each of these formats says how long
its parts are, so a part that begins in the file and ends behind it gives the cut away. A cut exactly between two parts shows
later, where one of them is missed (an MP4 without its index), or not at all: two fragments of three are a shorter film.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

HEAD = 4096  # bytes that suffice to say what a file is


class Unplayable(Exception):
    """The file is no video that can be played; the text says why, in words for a caller."""


# ---- what it is -------------------------------------------------------------------------------------------------------

ISO_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp", b"moof", b"sidx"}
"""What a file of the ISO family begins with (after a length); QuickTime's older ones have no `ftyp`."""

STILL_BRANDS = {b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
"""Brands of pictures in the same container. https://mp4ra.org/registered-types/brands"""

OTHERS = (
    (b"\x89PNG\r\n\x1a\n", 0, "a PNG image"),
    (b"\xff\xd8\xff", 0, "a JPEG image"),
    (b"WEBP", 8, "a WebP image"),
    (b"BM", 0, "a BMP image"),
    (b"II*\0", 0, "a TIFF image"),
    (b"MM\0*", 0, "a TIFF image"),
    (b"WAVE", 8, "WAV sound"),
    (b"ID3", 0, "MP3 sound"),
    (b"\xff\xfb", 0, "MP3 sound"),
    (b"fLaC", 0, "FLAC sound"),
    (b"AVI ", 8, "an AVI file"),
    (b"OggS", 0, "an Ogg file"),
    (b"FLV\x01", 0, "an FLV file"),
    (b"\x30\x26\xb2\x75", 0, "an ASF file"),
    (b"\x00\x00\x01\xba", 0, "an MPEG file"),
    (b"\x47\x40", 0, "an MPEG transport stream"),
    (b"%PDF-", 0, "a PDF"),
    (b"PK\x03\x04", 0, "a ZIP archive"),
    (b"\x1f\x8b", 0, "a gzip archive"),
)
"""Bytes, where they stand, and what has them there. https://mimesniff.spec.whatwg.org"""

TEXTS = (
    (b"#extm3u", "an HLS playlist"),
    (b"<!doctype html", "HTML"),
    (b"<html", "HTML"),
    (b"<svg", "SVG"),
    (b"<", "XML"),
    (b"{", "JSON"),
    (b"[", "JSON"),
    (b"", "text"),
)
"""How a text begins, in lower case and after white space, and what it is then."""

BINARY = bytes({*range(0x20)} - {*b"\t\n\f\r\x1b"})
"""Bytes that no text has. https://mimesniff.spec.whatwg.org/#binary-data-byte"""


def media_type(head: bytes) -> str:
    """The first HEAD bytes of a file -> `video/mp4`, `video/quicktime`, `video/webm`, `video/matroska` or `image/gif`.

    Raises Unplayable for everything else.
    """
    if not head:
        raise Unplayable("it is empty")
    if head[4:8] in ISO_BOXES:
        return _iso_type(head)
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"webm" in head[:64] else "video/matroska"  # the DocType, RFC 8794 §11.2.4
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    raise Unplayable(f"it is not a video that can be played: it begins like {_seems(head)}")


def _iso_type(head: bytes) -> str:
    if head[4:8] != b"ftyp":
        return "video/quicktime" if head[4:8] not in (b"styp", b"moof", b"sidx") else "video/mp4"
    if head[8:12] in STILL_BRANDS:
        raise Unplayable("it is not a video that can be played: it begins like an AVIF or HEIF image")
    return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"


def _seems(head: bytes) -> str:
    for signature, offset, what in OTHERS:
        if head.startswith(signature, offset):
            return what
    if head.translate(None, BINARY) != head:
        return "nothing that is known here"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return next(what for beginning, what in TEXTS if text.startswith(beginning))


# ---- whether it is all there ------------------------------------------------------------------------------------------


def check_whole(file: BinaryIO, size: int, media_type: str) -> None:
    """Raises Unplayable when a part of a file of `size` bytes ends behind it."""
    find_end = {"video/webm": _matroska_end, "video/matroska": _matroska_end, "image/gif": _gif_end}
    check_reach(find_end.get(media_type, _iso_end)(file, size), size)


def check_reach(end: int, size: int) -> None:
    """Raises Unplayable when what ends at `end` lies behind the end of a file of `size` bytes."""
    if end > size:
        raise Unplayable(f"it is cut off: {size:,} of at least {end:,} bytes are there")


PARTS = ISO_BOXES | {b"uuid", b"meta", b"mfra", b"udta", b"prft", b"emsg", b"ssix", b"pdin"}
"""Boxes of the outermost level. ISO/IEC 14496-12 §6.2.3"""


def _iso_end(file: BinaryIO, size: int) -> int:
    """Where the last box of the outermost level ends. What follows the last box does not count, if it is no box."""
    at = 0
    while size - at >= 8:
        file.seek(at)
        header = file.read(16).ljust(16, b"\0")
        length, name, large = struct.unpack(">I4sQ", header)
        if length < 2:
            length = large if length == 1 else size - at  # 0: to the end of the file
        if length < 8 or (name not in PARTS and at + length > size):
            break
        at += length
    return at


EBML, SEGMENT, CLUSTER, SIMPLE_BLOCK, BLOCK_GROUP, CUES = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0xA3, 0xA0, 0x1C53BB6B
INFO, TRACKS, TAGS = 0x1549A966, 0x1654AE6B, 0x1254C367
ELEMENTS = {EBML, SEGMENT, CLUSTER, SIMPLE_BLOCK, BLOCK_GROUP, CUES, INFO, TRACKS, TAGS}
"""Elements with something in them. RFC 9559 §5"""


def _matroska_end(file: BinaryIO, size: int) -> int:
    """Where the segment ends; if it does not say (it was streamed), where the last of the elements in it does."""
    at = 0
    while at < size:
        file.seek(at)
        element = _element(file.read(12))
        if element is None:
            break
        name, begin, length = element
        if length is None:
            at += begin  # its length is not known: what is in it comes next
            continue
        if name not in ELEMENTS and at + begin + length > size:
            break
        at += begin + length
        if name == SEGMENT:
            break
    return at


def _element(header: bytes) -> tuple[int, int, int | None] | None:
    """The bytes at an element -> its ID, the length of its header, and that of its content if known. RFC 8794 §4, §5, §6"""
    width = _width(header, 0)
    if width > 4 or width + _width(header, width) > len(header):
        return None
    begin = width + _width(header, width)
    content = int.from_bytes(header[width:begin]) & ((1 << 7 * (begin - width)) - 1)
    known = content != (1 << 7 * (begin - width)) - 1
    return int.from_bytes(header[:width]), begin, content if known else None


def _width(header: bytes, at: int) -> int:
    """How many bytes a variable-size integer takes: one more than its first byte has leading zeros."""
    return 9 - header[at].bit_length() if at < len(header) else 9


def _gif_end(file: BinaryIO, size: int) -> int:
    """Where the trailer ends; behind the file if there is none. https://www.w3.org/Graphics/GIF/spec-gif89a.txt"""
    file.seek(10)
    at = 13 + _palette(file)
    while at < size:
        file.seek(at)
        match file.read(1):
            case b";":
                return at + 1
            case b",":  # an image: where it lies, its colours, then its data
                file.seek(at + 9)
                at = _behind_blocks(file, at + 11 + _palette(file))
            case b"!":  # an extension
                at = _behind_blocks(file, at + 2)
            case _:  # padding, which some encoders leave
                at += 1
    return size + 1


def _palette(file: BinaryIO) -> int:
    """The bytes of the colour table that the flags at the file's position announce."""
    flags = file.read(1) or b"\0"
    return 3 << (flags[0] & 7) + 1 if flags[0] & 0x80 else 0


def _behind_blocks(file: BinaryIO, at: int) -> int:
    """Where a chain of blocks ends: each begins with its length, the last has none."""
    file.seek(at)
    while length := file.read(1):
        at += 1 + length[0]
        if length == b"\0":
            break
        file.seek(at)
    return at
