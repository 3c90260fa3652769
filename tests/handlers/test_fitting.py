"""Pictures are drawn anew in processes of their own: upright, of a size and type, or refused."""

from __future__ import annotations

import io
from typing import Literal

import pytest
from PIL import Image as Picture

from handlers.errors import InvalidRequest
from handlers.media.fitting import fitted
from handlers.media.images import Image, sniff

RED, BLUE = (250, 10, 10), (10, 10, 250)
TURNED = 6  # orientation of EXIF: what is stored is to be turned by 90 degrees clockwise


def halves(kind: str, width: int = 200, height: int = 100, orientation: int = 1, mode: str = "RGB") -> Image:
    """Red on the left and blue on the right, as it is stored."""
    picture = Picture.new("RGB", (width, height), RED)
    picture.paste(BLUE, (width // 2, 0, width, height))
    exif = Picture.Exif()
    exif[0x0112] = orientation
    picture.convert(mode).save(buffer := io.BytesIO(), kind, exif=exif.tobytes())
    return sniff(buffer.getvalue())


def opened(image: Image) -> Picture.Image:
    return Picture.open(io.BytesIO(image.content)).convert("RGB")


def near(found: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(found, tuple)
    return all(abs(one - other) < 30 for one, other in zip(found, colour, strict=True))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("wanted", ["image/png", "image/jpeg"])
async def test_an_image_is_made_into_another_type(kind: str, wanted: str) -> None:
    made = await fitted(halves(kind), wanted, None, None)
    assert (made.media_type, made.size) == (wanted, (200, 100))
    assert near(opened(made).getpixel((10, 50)), RED) and near(opened(made).getpixel((190, 50)), BLUE)


async def test_sixteen_bits_of_grey_become_eight() -> None:
    Picture.new("I;16", (64, 64), 20_000).save(buffer := io.BytesIO(), "PNG")
    made = await fitted(sniff(buffer.getvalue()), "image/jpeg", None, None)
    assert near(opened(made).getpixel((32, 32)), (78, 78, 78))


@pytest.mark.parametrize(("mode", "kept"), [("RGB", True), ("CMYK", False), ("L", False)])
async def test_a_profile_of_colours_stays_where_it_still_fits(mode: str, kept: bool) -> None:
    Picture.new(mode, (64, 64)).save(buffer := io.BytesIO(), "JPEG", icc_profile=b"of these colours")
    made = await fitted(sniff(buffer.getvalue()), "image/jpeg", (32, 32), "crop")
    assert ("icc_profile" in Picture.open(io.BytesIO(made.content)).info) is kept


@pytest.mark.parametrize(
    ("fit", "corner", "middle"), [("crop", RED, (200, 360)), ("pad", (0, 0, 0), (200, 360))], ids=["crop", "pad"]
)
async def test_an_image_is_cropped_or_padded(
    fit: Literal["crop", "pad"], corner: tuple[int, int, int], middle: tuple[int, int]
) -> None:
    made = await fitted(halves("PNG"), "image/png", (1280, 720), fit)  # 2:1 into 16:9
    assert made.size == (1280, 720)
    assert near(opened(made).getpixel((5, 5)), corner)
    assert near(opened(made).getpixel(middle), RED)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_an_image_is_turned_as_its_camera_was_held(kind: str) -> None:
    made = await fitted(halves(kind, orientation=TURNED), "image/png", None, None)
    assert made.size == (100, 200)
    assert near(opened(made).getpixel((50, 10)), RED) and near(opened(made).getpixel((50, 190)), BLUE)
    assert Picture.open(io.BytesIO(made.content)).getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize("mode", ["L", "CMYK"])
async def test_other_colours_become_usual_ones(mode: str) -> None:
    made = await fitted(halves("JPEG", mode=mode), "image/jpeg", (64, 64), "pad")
    assert Picture.open(io.BytesIO(made.content)).mode == "RGB"


async def test_what_is_clear_stays_clear_in_a_png() -> None:
    Picture.new("RGBA", (8, 8), (1, 2, 3, 0)).save(buffer := io.BytesIO(), "WEBP", lossless=True)
    made = await fitted(sniff(buffer.getvalue()), "image/png", None, None)
    assert Picture.open(io.BytesIO(made.content)).getchannel("A").getextrema() == (0, 0)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_what_is_damaged_is_refused(kind: str) -> None:
    whole = halves(kind)
    broken = Image(whole.content[: len(whole.content) // 2], whole.media_type)
    with pytest.raises(InvalidRequest) as raised:
        await fitted(broken, "image/png", (64, 64), "crop")
    assert (raised.value.code, raised.value.param) == ("invalid_image", "input_reference")


async def test_a_picture_of_another_format_is_not_decoded() -> None:
    Picture.new("RGB", (8, 8)).save(buffer := io.BytesIO(), "GIF")
    with pytest.raises(InvalidRequest):
        await fitted(Image(buffer.getvalue(), "image/gif"), "image/png", None, None)
