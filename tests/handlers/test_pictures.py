"""The image of a body is taken out of it, and everything else stays as it was."""

from __future__ import annotations

import base64
import io
import json
import os
from typing import Any

import pytest
from PIL import Image as Picture

from handlers.edge import pictures
from handlers.errors import InvalidRequest, TooManyUploads
from handlers.media.uploads import FREE, Upload, Uploads, current, more

HEAD = "data:image/png;base64,"


def png() -> bytes:
    Picture.new("RGB", (8, 8)).save(buffer := io.BytesIO(), "PNG")
    return buffer.getvalue()


def url(content: bytes, head: str = HEAD) -> str:
    return head + base64.b64encode(content).decode()


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (",\n", "\t:\r\n ")])
@pytest.mark.parametrize("head", [HEAD, HEAD.replace("png", "jpeg"), HEAD.replace("png", "webp")])
@pytest.mark.parametrize("content", [b"", b"x", b"xy", b"xyz", os.urandom(300_001)], ids=len)
async def test_an_image_is_cut_out_of_json(separators: tuple[str, str], head: str, content: bytes) -> None:
    fields = {"model": "a/b", "input_reference": url(content, head), "prompt": "x"}
    text = bytearray(json.dumps(fields, separators=separators).encode())
    before = bytes(text)
    cut = await pictures.cut(text)
    assert cut is not None and cut.content == content
    payload = json.loads(text)
    assert cut.fits(payload) and len(text) < 300
    assert {**payload, "input_reference": ""} == {**fields, "input_reference": ""}
    assert cut.put_back(text) == before


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b'{"input_reference": "https://x.test/a.png"}',
        b'{"input_reference": "data:image/gif;base64,AAAA"}',
        b'{"input_reference": "data:image/png;base64,AAAA',
        b'{"input_reference": "data:image/png;base64,AAA"}',
        b'{"input_reference": "data:image/png;base64,AA-_"}',
        b'{"input_reference": "data:image/png;base64,AAAA\\n"}',
        b'{"input_reference": "data:image/png;base64,A\\/AA"}',
        b'{"input_reference": "data:image\\/png;base64,AAAA"}',
        b'{"input_reference": "data:image/png;base64,AB=="}',
        b'{"input\\u005freference": "data:image/png;base64,AAAA"}',
    ],
)
async def test_what_is_not_there_as_usual_is_left_where_it_is(text: bytes) -> None:
    changed = bytearray(text)
    assert await pictures.cut(changed) is None
    assert changed == text


@pytest.mark.parametrize(
    "text",
    [
        b'{"extra": {"input_reference": "data:image/png;base64,AAAA"}, "prompt": "x"}',
        b'{"x\\"input_reference": "data:image/png;base64,AAAA"}',
        b'[{"input_reference": "data:image/png;base64,AAAA"}]',
        b'{"extra": {"input_reference": "data:image/png;base64,AAAA"}, "input_reference": "https://x.test/a.png"}',
    ],
)
async def test_the_image_of_another_field_is_put_back(text: bytes) -> None:
    changed = bytearray(text)
    cut = await pictures.cut(changed)
    assert cut is not None and not cut.fits(json.loads(changed))
    assert cut.put_back(changed) == text


@pytest.mark.parametrize(
    "payload", [None, [], "x", {}, {"input_reference": 7}, {"input_reference": "https://x.test/a"}]
)
async def test_a_body_without_an_image_has_none(payload: Any) -> None:
    before = json.dumps(payload)
    assert await pictures.taken(payload) is None
    assert json.dumps(payload) == before


async def test_an_image_is_handed_on_beside_its_stand_in() -> None:
    payload: dict[str, Any] = {"input_reference": url(png(), HEAD.replace("png", "jpeg"))}
    upload = Upload(Uploads(1))
    await pictures.put(await pictures.taken(payload), payload, upload)
    image = upload.take()
    assert image is not None and image.content == png()
    assert payload["input_reference"] == f"{HEAD}{image.sha256}"
    assert upload.take() is None


@pytest.mark.parametrize("encoded", ["AAAAA", "A", "AA=A", "===="])
async def test_base64_that_is_none_is_said_so(encoded: str) -> None:
    payload = {"input_reference": HEAD + encoded}
    with pytest.raises(InvalidRequest) as raised:
        await pictures.put(await pictures.taken(payload), payload, Upload(Uploads(1)))
    assert raised.value.code == "invalid_image"


# ---- the room -------------------------------------------------------------------------------------------------------

LARGE = 10 * FREE


def test_who_finds_no_room_is_refused_and_room_is_given_back() -> None:
    uploads = Uploads(3 * LARGE)
    with uploads.request() as first, uploads.request() as second:
        first.hold(2 * LARGE)
        second.hold(LARGE)
        for size in (LARGE + 1, 2 * LARGE):
            with pytest.raises(TooManyUploads) as raised:
                second.hold(size)
        assert (raised.value.status, raised.value.headers["Retry-After"]) == (503, "1")
        assert uploads.held == 3 * LARGE
        first.hold(LARGE)
        second.hold(2 * LARGE)
        second.release()
        assert uploads.held == LARGE
    assert uploads.held == 0


def test_room_is_given_back_when_a_request_breaks() -> None:
    uploads = Uploads(LARGE)
    with pytest.raises(KeyError), uploads.request() as upload:
        upload.hold(LARGE)
        raise KeyError
    assert uploads.held == 0


def test_one_that_is_alone_is_never_refused() -> None:
    uploads = Uploads(LARGE)
    with uploads.request() as alone:
        alone.hold(5 * LARGE)
        with uploads.request() as other, pytest.raises(TooManyUploads):
            other.hold(LARGE)


def test_small_ones_are_not_counted() -> None:
    uploads = Uploads(LARGE)
    with uploads.request() as large, uploads.request() as small:
        large.hold(LARGE)
        small.hold(FREE)
        assert uploads.held == LARGE


def test_more_is_held_beside_what_is_held() -> None:
    uploads = Uploads(10 * LARGE)
    with uploads.request() as upload:
        upload.hold(LARGE)
        hold = more()
        hold(2 * LARGE)
        assert upload.held == 3 * LARGE
        hold(0)
        assert upload.held == LARGE
    assert current.get(None) is None
    more()(LARGE)
