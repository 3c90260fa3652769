"""Images are what their bytes are."""

from __future__ import annotations

import base64
import hashlib
import io

import pytest
from PIL import Image as Picture

from handlers.errors import InvalidRequest
from handlers.media.images import Image, from_data_url, sniff


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
