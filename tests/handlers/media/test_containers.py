"""A file is what its bytes say, and all of it has to be there."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from handlers.media.containers import HEAD, Unplayable, check_whole, media_type

TYPES = {
    "index behind": "video/mp4",
    "index in front": "video/mp4",
    "fragments": "video/mp4",
    "quicktime": "video/quicktime",
    "matroska": "video/matroska",
    "webm": "video/webm",
    "streamed webm": "video/webm",
    "gif": "image/gif",
}
REELS = pytest.mark.parametrize("name", TYPES)


def judge(content: bytes) -> None:
    check_whole(io.BytesIO(content), len(content), media_type(content[:HEAD]))


def picture(kind: str) -> bytes:
    Image.new("RGB", (8, 8), (1, 2, 3)).save(buffer := io.BytesIO(), kind)
    return buffer.getvalue()


@REELS
def test_a_video_is_known_by_its_bytes(reels: dict[str, Path], name: str) -> None:
    assert media_type(reels[name].read_bytes()[:HEAD]) == TYPES[name]


def test_a_quicktime_film_of_old_has_no_type_in_front() -> None:
    assert media_type(b"\0\0\0\x08wide\0\0\x10\0mdat") == "video/quicktime"


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (picture("PNG"), "a PNG image"),
        (picture("JPEG"), "a JPEG image"),
        (picture("WEBP"), "a WebP image"),
        (picture("AVIF"), "an AVIF or HEIF image"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "an AVIF or HEIF image"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "WAV sound"),
        (b"ID3\x04\0\0\0\0\0\0", "MP3 sound"),
        (b"RIFF\x24\0\0\0AVI LIST", "an AVI file"),
        (b"%PDF-1.7", "a PDF"),
        (b"\n <!DOCTYPE html><title>502 Bad Gateway</title>", "HTML"),
        (b"<HTML><body>", "HTML"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "XML"),
        (b'\xef\xbb\xbf{"error": "expired"}', "JSON"),
        (b"[]", "JSON"),
        (b"#EXTM3U\nother.ts", "an HLS playlist"),
        (b"ffconcat version 1.0\nfile /etc/passwd", "text"),
        (b"v=0\no=- 0 0 IN IP4 127.0.0.1", "text"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        ("Zu spät".encode(), "text"),
        (b"\0" * 64, "nothing that is known here"),
        (b"\x80\x01\x02", "nothing that is known here"),
    ],
)
def test_what_is_no_video_is_named(head: bytes, what: str) -> None:
    with pytest.raises(Unplayable, match=f"^it is not a video that can be played: it begins like {what}$"):
        media_type(head)


def test_an_empty_file_is_empty() -> None:
    with pytest.raises(Unplayable, match=r"^it is empty$"):
        media_type(b"")


@REELS
def test_whole_files_are_whole(reels: dict[str, Path], name: str) -> None:
    judge(reels[name].read_bytes())


@REELS
@pytest.mark.parametrize("missing", [1, 100, 1000])
def test_what_ends_behind_the_file_is_missed(reels: dict[str, Path], name: str, missing: int) -> None:
    """test_projector.py cuts at every place, with what FFmpeg finds as well."""
    with pytest.raises(Unplayable, match=r"^it is cut off: "):
        judge(reels[name].read_bytes()[:-missing])


@pytest.mark.parametrize("header", [b"\0\0\0\x01mdat" + (5000).to_bytes(8), b"\0\0\x13\x88mdat"])
def test_sizes_may_be_large(header: bytes) -> None:
    beginning = b"\0\0\0\x10ftypmp42\0\0\0\0" + header
    judge(beginning.ljust(16 + 5000))
    with pytest.raises(Unplayable, match=r"^it is cut off: 5,015 of at least 5,016 bytes are there$"):
        judge(beginning.ljust(16 + 4999))


def test_colours_are_not_taken_for_the_end_of_a_gif() -> None:
    """The byte that ends a file is the semicolon, which is as good a shade of grey as any."""
    frames = [Image.new("P", (8, 8), shade) for shade in range(2)]
    for frame in frames:
        frame.putpalette(b";" * 768)
    frames[0].save(buffer := io.BytesIO(), "GIF", save_all=True, append_images=frames[1:], optimize=False)
    content = buffer.getvalue()
    assert content.count(b";") > 700
    assert [length for length in range(14, len(content)) if whole(content[:length])] == []
    assert whole(content)


def whole(content: bytes) -> bool:
    try:
        judge(content)
    except Unplayable:
        return False
    return True


def test_a_cut_says_how_much_is_there(reels: dict[str, Path]) -> None:
    content = reels["index in front"].read_bytes()
    with pytest.raises(Unplayable, match=f"^it is cut off: 5,000 of at least {len(content):,} bytes are there$"):
        judge(content[:5000])


@pytest.mark.parametrize("name", [name for name in TYPES if name != "streamed webm"])
@pytest.mark.parametrize(
    "more", [b"\0", b"\0" * 64, b"\r\n", b"and then some text that nobody asked for", b"\xff" * 40, b"\xa3" * 40]
)
def test_what_follows_a_film_does_not_matter(reels: dict[str, Path], name: str, more: bytes) -> None:
    judge(reels[name].read_bytes() + more)


@pytest.mark.parametrize(
    "box", [b"\0\0\0\x10free12345678", b"\0\0\0\x01free\0\0\0\0\0\0\0\x1812345678", b"\0\0\0\0free1234"]
)
def test_boxes_may_follow_an_mp4(reels: dict[str, Path], box: bytes) -> None:
    judge(reels["index in front"].read_bytes() + box)


def test_a_box_that_is_known_is_not_taken_for_bytes_that_follow(reels: dict[str, Path]) -> None:
    """`uuid` holds where a film comes from (C2PA)."""
    with pytest.raises(Unplayable, match="cut off"):
        judge(reels["index in front"].read_bytes() + b"\0\0\x10\0uuid" + bytes(100))
