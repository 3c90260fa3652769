"""Images are what their bytes are."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Picture

from handlers.errors import InvalidRequest
from handlers.media.images import PIECE, Image, decoded, from_data_url, sniff


def picture(kind: str) -> bytes:
    Picture.new("RGB", (8, 8), (1, 2, 3)).save(buffer := io.BytesIO(), kind)
    return buffer.getvalue()


KINDS = [("PNG", "image/png", "png"), ("JPEG", "image/jpeg", "jpeg"), ("WEBP", "image/webp", "webp")]


@pytest.mark.parametrize(("kind", "media_type", "extension"), KINDS)
def test_an_image_is_known_by_its_bytes(kind: str, media_type: str, extension: str) -> None:
    image = sniff(picture(kind))
    assert (image.media_type, image.extension, image.content) == (media_type, extension, picture(kind))
    assert image.sha256 == hashlib.sha256(picture(kind)).hexdigest()


@pytest.mark.parametrize("kind", [kind for kind, _, _ in KINDS])
def test_a_data_url_goes_there_and_back(kind: str) -> None:
    image = sniff(picture(kind))
    assert from_data_url(image.data_url) == image


def test_what_is_said_of_the_bytes_does_not_count() -> None:
    encoded = base64.b64encode(picture("JPEG")).decode()
    assert from_data_url(f"data:image/png;base64,{encoded}").media_type == "image/jpeg"


@pytest.mark.parametrize(
    "content", [b"", b"\x89PNG", b"GIF89a\x00\x00\x00\x00\x00\x00", b"<svg/>", b"%PDF-1.7", b"RIFF\x00\x00\x00\x00WAVE"]
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidRequest) as raised:
        sniff(content)
    assert (raised.value.code, raised.value.param) == ("invalid_image", "input_reference")


def says(kind: str, width: int, height: int) -> bytes:
    """A small file whose header says that the picture is as large as this."""
    match kind:
        case "PNG":
            return picture(kind)[:16] + struct.pack(">II", width, height) + picture(kind)[24:]
        case "JPEG":
            content = picture(kind)
            at = content.index(b"\xff\xc0") + 5
            return content[:at] + struct.pack(">HH", height, width) + content[at + 4 :]
        case "VP8X":
            sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
            return b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + sides
        case "VP8L":
            return (
                b"RIFF\x16\0\0\0WEBPVP8L\x0a\0\0\0\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + bytes(8)
            )
    return b"RIFF\x16\0\0\0WEBPVP8 \x0a\0\0\0" + b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height)


HEADERS = ["PNG", "JPEG", "VP8X", "VP8L", "VP8 "]


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exact": True}], ids=str)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (8, 8), (640, 359), (3, 2000)])
def test_the_size_is_what_a_decoder_finds(options: dict[str, bool], mode: str, size: tuple[int, int]) -> None:
    for kind in ("PNG", "JPEG", "WEBP"):
        colour = Picture.new(mode, size, (1, 2, 3)).convert("RGB" if kind == "JPEG" else mode)
        colour.save(buffer := io.BytesIO(), kind, **options, exif=b"Exif\0\0" + bytes(30_000), progressive=True)
        assert sniff(buffer.getvalue()).size == size


@pytest.mark.parametrize("kind", HEADERS)
@pytest.mark.parametrize("size", [(16383, 3000), (1, 16383), (7071, 7071)])
def test_a_large_image_is_taken(kind: str, size: tuple[int, int]) -> None:
    assert sniff(says(kind, *size)).size == size


TOO_LARGE = [
    ("PNG", 30000, 30000),
    ("PNG", 2**31 - 1, 1),
    ("JPEG", 65535, 65535),
    ("JPEG", 16385, 1),
    ("VP8X", 2**24, 2),
]


@pytest.mark.parametrize(("kind", "width", "height"), [*TOO_LARGE, *((kind, 7072, 7071) for kind in HEADERS)])
def test_a_picture_that_would_be_too_large_is_refused_by_its_header(kind: str, width: int, height: int) -> None:
    with pytest.raises(InvalidRequest) as raised:
        sniff(says(kind, width, height))
    assert (raised.value.code, raised.value.param) == ("image_too_large", "input_reference")
    assert f"{width}x{height}" in raised.value.message


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_file_that_ends_in_its_header_is_refused_and_breaks_nothing(kind: str) -> None:
    whole = picture(kind)
    for length in range(12, 20):
        with pytest.raises(InvalidRequest) as raised:
            sniff(whole[:length])
        assert raised.value.code == "invalid_image"


@pytest.mark.parametrize("width, height", [(0, 1), (1, 0)])
def test_a_picture_without_pixels_is_none(width: int, height: int) -> None:
    with pytest.raises(InvalidRequest, match="damaged"):
        sniff(says("PNG", width, height))


@given(
    st.binary(max_size=200),
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF1234WEBP", b"RIFF1234WEBPVP8X"]),
)
def test_any_bytes_are_an_image_or_refused(rest: bytes, head: bytes) -> None:
    with contextlib.suppress(InvalidRequest):
        assert sniff(head + rest).content == head + rest


@given(st.binary(max_size=100))
def test_base64_is_decoded_as_the_standard_library_does(content: bytes) -> None:
    assert decoded(base64.b64encode(content)) == content


@pytest.mark.parametrize("size", [PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 2])
def test_what_is_decoded_in_pieces_is_whole(size: int) -> None:
    content = os.urandom(size)
    assert decoded(base64.b64encode(content)) == content
    with pytest.raises(ValueError):
        decoded(base64.b64encode(content[: PIECE - 1]) + base64.b64encode(content))


def test_webp_needs_its_container() -> None:
    with pytest.raises(InvalidRequest):
        sniff(b"12345678WEBPVP8 ")


@pytest.mark.parametrize("encoded", ["A", "AAA", "AA=A", "====", "AA AA", "ÄÄÄÄ", "A" * 5])
def test_what_is_not_base64_is_refused(encoded: str) -> None:
    with pytest.raises((InvalidRequest, ValueError)) as raised:
        from_data_url(f"data:image/png;base64,{encoded}")
    if encoded.isascii():  # the contract lets nothing else through
        assert isinstance(raised.value, InvalidRequest)


def test_the_bytes_are_not_in_a_repr() -> None:
    assert "xyzzy" not in repr(Image(b"xyzzy", "image/png"))
