"""What is found in a file, and stills from it. The process around it is tested in test_film.py."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image, ImageChops, ImageStat

from handlers.media import confined, projector
from handlers.media.projector import answer
from tests.handlers.wire import Received, Steps, origin, reply

from .footage import number, numbers, repeat, shoot, turned
from .test_containers import REELS, TYPES


def examined(path: Path) -> dict[str, Any]:
    """What a Film is made of. AssertionError when it cannot be played."""
    found = answer("examine", str(path))
    assert "unplayable" not in found, found
    return found


def refused(path: Path) -> str:
    """Why it cannot be played."""
    found = answer("examine", str(path))
    assert list(found) == ["unplayable"], found
    why: str = found["unplayable"]
    return why


def patched(source: Path, target: Path, at: int, content: bytes) -> Path:
    """A copy of a file with other bytes at one place."""
    whole = bytearray(source.read_bytes())
    whole[at : at + len(content)] = content
    target.write_bytes(whole)
    return target


def box(path: Path, name: bytes) -> int:
    """Where the content of the first box of a name begins."""
    return path.read_bytes().index(name) + 4


# ---- what is accepted -------------------------------------------------------------------------------------------------


@REELS
def test_films_are_what_they_are(reels: dict[str, Path], name: str) -> None:
    film = examined(reels[name])
    width, height = (64, 36) if name == "gif" else (320, 180)
    assert film == {"media_type": TYPES[name], "seconds": pytest.approx(2, abs=0.05), "width": width, "height": height}


@pytest.mark.parametrize(
    ("file", "codec", "pixels"),
    [
        ("h265.mp4", "libx265", "yuv420p"),
        ("h265-10bit.mp4", "libx265", "yuv420p10le"),
        ("h265.mkv", "libx265", "yuv420p"),
        ("av1.mp4", "libsvtav1", "yuv420p"),
        ("av1.webm", "libsvtav1", "yuv420p"),
        ("vp9.mp4", "libvpx-vp9", "yuv420p"),
        ("vp8.webm", "libvpx", "yuv420p"),
        ("mpeg4.mp4", "mpeg4", "yuv420p"),
        ("prores.mov", "prores_ks", "yuv422p10le"),
        ("444.mp4", "libx264", "yuv444p"),
    ],
)
def test_codecs_that_models_answer_with_are_read(tmp_path: Path, file: str, codec: str, pixels: str) -> None:
    clip = shoot(tmp_path / file, codec, pixels=pixels, frames=24)
    film = examined(clip)
    assert (film["seconds"], film["width"], film["height"]) == (pytest.approx(1, abs=0.05), 320, 180)
    assert answer("spritesheet", str(clip), str(tmp_path / "sheet.jpg")) == {}
    assert numbers(tmp_path / "sheet.jpg") == [place * 24 // 20 for place in range(20)]


def test_one_frame_is_a_film_but_not_where_it_is_a_gif(tmp_path: Path) -> None:
    assert examined(shoot(tmp_path / "one.mp4", frames=1))["seconds"] == pytest.approx(1 / 24)
    Image.new("RGB", (64, 36)).save(tmp_path / "one.gif")
    assert refused(tmp_path / "one.gif") == "it is not a video: it is a GIF image that stands still"


@pytest.mark.parametrize("name", [name for name in TYPES if name != "streamed webm"])
def test_bytes_behind_a_film_change_nothing(reels: dict[str, Path], name: str, tmp_path: Path) -> None:
    for more in (b"\0\0\0\x10free12345678", b"\0" * 50, b"Have a nice day!\n" * 5):
        (longer := tmp_path / "longer").write_bytes(reels[name].read_bytes() + more)
        assert examined(longer) == examined(reels[name])


def test_frames_at_uneven_distances(tmp_path: Path) -> None:
    times = [0, 40, 80, 600, 640, 1500, 1510, 1520, 1980]
    clip = shoot(tmp_path / "uneven.mp4", times=times)
    seconds = examined(clip)["seconds"]
    assert 1.98 < seconds < 3  # an MP4 says how long a frame lasts in the order in which frames are decoded
    assert answer("spritesheet", str(clip), str(tmp_path / "sheet.jpg")) == {}
    shown = [max(place for place, time in enumerate(times) if time <= n * seconds * 50) for n in range(20)]
    assert numbers(tmp_path / "sheet.jpg") == shown


def test_only_what_an_edit_list_shows_counts(tmp_path: Path) -> None:
    clip = shoot(tmp_path / "whole.mp4")
    edits = box(clip, b"elst") + 8  # version, flags and count come before
    shorter = patched(clip, tmp_path / "shorter.mp4", edits, struct.pack(">I", 500))  # of the 2,000 ms that it lasts
    assert examined(shorter)["seconds"] == pytest.approx(0.5, abs=0.05)


def test_text_that_is_not_utf8_harms_nobody(tmp_path: Path) -> None:
    clip = shoot(tmp_path / "clip.mp4")
    examined(patched(clip, tmp_path / "named.mp4", box(clip, b"\xa9too") + 16 + 8, b"\xff\xfe\xfd"))


# ---- what is not ------------------------------------------------------------------------------------------------------


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    with av.open(tmp_path / "sound.mp4", "w") as film:
        voice = film.add_stream("aac", rate=48000, layout="mono")
        for sample in range(0, 48000, 1024):
            silence = av.AudioFrame(format="s16", layout="mono", samples=1024)
            silence.planes[0].update(bytes(2048))
            silence.sample_rate, silence.pts = 48000, sample
            film.mux(voice.encode(silence))
        film.mux(voice.encode(None))
    assert refused(tmp_path / "sound.mp4") == "it has sound but no video"


@pytest.mark.parametrize("name", [name for name in TYPES if name not in ("fragments", "streamed webm")])
def test_no_cut_is_missed(reels: dict[str, Path], name: str, tmp_path: Path) -> None:
    content, cut = reels[name].read_bytes(), tmp_path / "cut"
    step = max(1, len(content) // 500)
    for length in {
        *range(0, len(content), step),
        *range(len(content) - 50, len(content)),
        *beside(content, b"mdat", b"moov"),
    }:
        cut.write_bytes(content[:length])
        assert refused(cut), length


@pytest.mark.parametrize("name", ["fragments", "streamed webm"])
def test_what_comes_in_parts_is_cut_unnoticed_only_between_two(
    reels: dict[str, Path], name: str, tmp_path: Path
) -> None:
    """And is a shorter film then."""
    content, cut = reels[name].read_bytes(), tmp_path / "cut"
    between = beside(content, b"moof", b"mfra") if name == "fragments" else beside(content, b"\x1fC\xb6u")
    for length in range(0, len(content), 3):
        cut.write_bytes(content[:length])
        found = answer("examine", str(cut))
        assert "unplayable" in found or (length in between and found["seconds"] < 2.1), length


def beside(content: bytes, *parts: bytes) -> set[int]:
    """The places around where parts with these names begin."""
    found = {match.start() for part in parts for match in re.finditer(re.escape(part), content)}
    return {place + distance for place in found for distance in range(-4, 5) if place + distance < len(content)}


def test_an_index_that_promises_more_than_there_is(reels: dict[str, Path], tmp_path: Path) -> None:
    """The boxes are all whole: somebody wrote a film down without half of its samples."""
    content = reels["index in front"].read_bytes()
    at = content.index(b"mdat") - 4
    half = (len(content) - at) // 2
    (tmp_path / "half.mp4").write_bytes(content[:at] + struct.pack(">I4s", half, b"mdat") + content[at + 8 : at + half])
    assert re.match(r"it is cut off: [\d,]+ of at least [\d,]+ bytes are there$", refused(tmp_path / "half.mp4"))


def test_a_film_that_promises_to_last_longer(reels: dict[str, Path], tmp_path: Path) -> None:
    """48 frames that are said to be 4,800, in a table that has places for 48."""
    clip = shoot(tmp_path / "clip.mp4")
    longer = patched(clip, tmp_path / "longer.mp4", box(clip, b"stts") + 8, struct.pack(">I", 4800))
    longer = patched(longer, longer, box(clip, b"mdhd") + 16, struct.pack(">I", 200 * 12288))
    longer = patched(longer, longer, box(clip, b"elst") + 8, struct.pack(">I", 200_000))
    assert refused(longer) == "it is cut off after 2.0 of 200.0 seconds"


@pytest.mark.parametrize(
    ("file", "codec"),
    [("h264.mp4", "libx264"), ("h265.mp4", "libx265"), ("av1.mp4", "libsvtav1"), ("mpeg4.mp4", "mpeg4")],
)
def test_a_first_frame_that_cannot_be_decoded(tmp_path: Path, file: str, codec: str) -> None:
    clip = shoot(tmp_path / file, codec)
    with av.open(clip) as film:
        first = next(film.demux(video=0))
        assert first.pos is not None
        at, size = first.pos, first.size
    broken = patched(clip, tmp_path / f"broken-{file}", at, bytes(size))
    assert refused(broken) == "its first frame cannot be decoded"


def test_a_later_frame_that_cannot_be_decoded_is_left_out_of_stills(tmp_path: Path) -> None:
    clip = shoot(tmp_path / "clip.mp4", bf="0", g="12")
    with av.open(clip) as film:
        packet = [packet for packet in film.demux(video=0) if packet.size][24]
        assert packet.pos is not None and packet.is_keyframe
        broken = patched(clip, tmp_path / "broken.mp4", packet.pos, bytes(packet.size))
    assert examined(broken) == examined(clip)
    assert answer("thumbnail", str(broken), str(tmp_path / "thumbnail.webp")) == {}


def test_a_codec_that_is_not_known_here(tmp_path: Path) -> None:
    clip = shoot(tmp_path / "jpegs.mov", "mjpeg", pixels="yuvj420p")
    assert refused(clip) == "its video is in a format that is not read here"


def test_dimensions_are_bounded_before_anything_is_decoded(tmp_path: Path) -> None:
    flat = Image.new("RGB", (8704, 4400))
    clip = shoot(tmp_path / "large.mp4", frames=1, size=flat.size, draw=lambda *_: flat, preset="ultrafast")
    assert refused(clip) == "its frames are of 8704 x 4400 pixels"
    gif = shoot(tmp_path / "small.gif", "gif", pixels="rgb8", size=(64, 36), frames=4)
    assert refused(patched(gif, gif, 6, b"\xff\xff\xff\xff")).startswith("its frames are of ")


def test_a_film_that_grows_while_it_plays_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the container says is small enough, and so are the first frames; others are beyond what is decoded."""
    monkeypatch.setattr(projector, "LARGEST", 320 * 180)
    small = shoot(tmp_path / "small.webm", "libvpx-vp9", frames=2)
    large = shoot(tmp_path / "large.webm", "libvpx-vp9", frames=4, size=(640, 360))
    clip = tmp_path / "grows.webm"
    with av.open(small) as first, av.open(large) as then, av.open(clip, "w") as film:
        stream = film.add_stream_from_template(first.streams.video[0])
        packets = [packet for reel in (first, then) for packet in reel.demux(video=0) if packet.size]
        for place, packet in enumerate(packets):
            packet.pts = packet.dts = place * 42
            packet.stream = stream
            film.mux(packet)
    assert examined(clip)["width"] == 320
    assert answer("spritesheet", str(clip), str(tmp_path / "sheet")) == {}
    assert max(numbers(tmp_path / "sheet")) == 1  # of four that there are


# ---- what names other files -------------------------------------------------------------------------------------------

NAMING = {
    "playlist.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{other}\n#EXT-X-ENDLIST\n",
    "list.ffconcat": "ffconcat version 1.0\nfile '{other}'\n",
    "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nt=0 0\nm=video 9 RTP/AVP 96\na=control:{other}\n",
    "picture.svg": "<svg xmlns='http://www.w3.org/2000/svg'><image href='{other}'/></svg>",
    "manifest.mpd": "<MPD><Period><AdaptationSet><BaseURL>{other}</BaseURL></AdaptationSet></Period></MPD>",
    "movie.mp4": "#EXTM3U\n#EXTINF:9,\n{other}\n",
}


@pytest.mark.parametrize("name", NAMING)
def test_what_names_other_files_opens_none(tmp_path: Path, reels: dict[str, Path], name: str) -> None:
    content = reels["index in front"].read_bytes()

    def film(request: Received) -> Steps:
        yield reply(200, content, content_type="video/mp4")

    with origin(film) as elsewhere:
        for other in (f"{elsewhere.url}/film.mp4", f"file:{reels['index in front']}", "front.mp4"):
            (tmp_path / name).write_text(NAMING[name].format(other=other))
            assert refused(tmp_path / name).startswith("it is not a video that can be played: it begins like ")
            with pytest.raises(av.FFmpegError):  # nor would FFmpeg have, were it asked
                av.open(str(tmp_path / name), options=projector.OPTIONS)
        with pytest.raises(av.FFmpegError):
            av.open(f"{elsewhere.url}/film.mp4", options=projector.OPTIONS)
        assert elsewhere.received == []


def test_a_film_whose_samples_are_in_another_file_has_none(tmp_path: Path, reels: dict[str, Path]) -> None:
    """A reference movie of QuickTime's; FFmpeg follows it only when told to, which shows that this one works."""
    other = shoot(tmp_path / "other.mov")
    movie = referring(other, tmp_path / "reference.mov")
    with av.open(str(movie), options={"enable_drefs": "1", "use_absolute_path": "1"}) as film:
        assert len([packet for packet in film.demux(video=0) if packet.size]) == 48
    assert refused(movie)


def referring(other: Path, target: Path) -> Path:
    """The index of a film without its samples, with an alias to the file that has them."""
    index = other.read_bytes()
    index = index[index.index(b"moov") - 4 :]
    name = str(other).encode()
    alias = bytes(10) + bytes(28) + bytes(12) + bytes(64) + bytes(16) + struct.pack(">hh", 0, 0) + bytes(16)
    alias += struct.pack(">hh", 2, len(name)) + name + b"\0" * (len(name) % 2) + struct.pack(">hh", -1, 0)
    entry = struct.pack(">I4sI", 12 + len(alias), b"alis", 0) + alias
    old = index.index(b"url \0\0\0\x01") - 4
    index = index[:old] + entry + index[old + 12 :]
    for parent in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        at = index.rindex(parent, 0, old) - 4
        size = int.from_bytes(index[at : at + 4]) + len(entry) - 12
        index = index[:at] + size.to_bytes(4) + index[at + 4 :]
    target.write_bytes(struct.pack(">I4s4sI", 16, b"ftyp", b"qt  ", 0) + index)
    return target


# ---- stills -----------------------------------------------------------------------------------------------------------


@REELS
def test_stills_show_the_frames_of_their_times(reels: dict[str, Path], name: str, tmp_path: Path) -> None:
    assert answer("thumbnail", str(reels[name]), str(tmp_path / "thumbnail")) == {}
    with Image.open(tmp_path / "thumbnail") as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("WEBP", (64, 36) if name == "gif" else (320, 180))
        assert number(thumbnail) == 24
    assert answer("spritesheet", str(reels[name]), str(tmp_path / "sheet")) == {}
    with Image.open(tmp_path / "sheet") as sheet:
        assert (sheet.format, sheet.size) == ("JPEG", (1280, 576))
    assert numbers(tmp_path / "sheet") == [place * 48 // 20 for place in range(20)]


X265 = "log-level=none:open-gop={open}:keyint={keyint}:min-keyint=1:bframes={bframes}"

LONG = {  # file -> encoder, its options, and how many frames may be decoded for a thumbnail and for a sheet
    "long.mp4": ("libx264", {"g": "24"}, 26, 240),
    "often.mp4": ("libx264", {"g": "3"}, 5, 80),
    "seldom.mp4": ("libx264", {"g": "500"}, 122, 240),
    "open.mp4": ("libx264", {"x264-params": "open-gop=1:keyint=24:bframes=3"}, 50, 300),
    "open-h265.mp4": ("libx265", {"x265-params": X265.format(open=1, keyint=24, bframes=3)}, 50, 300),
    "fragments.mp4": ("libx264", {"g": "24"}, 26, 240),
    "fragments-h265.mp4": ("libx265", {"x265-params": X265.format(open=0, keyint=2, bframes=1)}, 10, 160),
    "long.mkv": ("libx264", {"g": "24"}, 26, 240),
    "long.webm": ("libvpx-vp9", {"g": "24"}, 26, 240),
}


@pytest.mark.parametrize("file", LONG)
def test_a_long_film_is_not_decoded_whole(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codec, options, for_a_thumbnail, for_a_sheet = LONG[file]
    fragments = {"movflags": "frag_keyframe+empty_moov"} if file.startswith("fragments") else {}
    clip = shoot(tmp_path / file, codec, frames=240, container=fragments, **options)
    decoded, frames = 0, projector.Reel._frames

    def counted(reel: projector.Reel, key: int) -> Iterator[VideoFrame]:
        nonlocal decoded
        for frame in frames(reel, key):
            decoded += 1
            yield frame

    monkeypatch.setattr(projector.Reel, "_frames", counted)
    examined(clip)
    assert decoded <= 2
    decoded = 0
    assert answer("thumbnail", str(clip), str(tmp_path / "thumbnail")) == {}
    with Image.open(tmp_path / "thumbnail") as thumbnail:
        assert number(thumbnail) == 120
    assert decoded <= for_a_thumbnail
    decoded = 0
    assert answer("spritesheet", str(clip), str(tmp_path / "sheet")) == {}
    assert numbers(tmp_path / "sheet") == [place * 12 for place in range(20)]
    assert decoded <= for_a_sheet


def test_films_with_fewer_frames_than_tiles_repeat_them(tmp_path: Path) -> None:
    clip = shoot(tmp_path / "three.mp4", frames=3)
    assert answer("spritesheet", str(clip), str(tmp_path / "sheet")) == {}
    assert numbers(tmp_path / "sheet") == [place * 3 // 20 for place in range(20)]


@pytest.mark.parametrize(
    ("size", "shown"), [((3840, 2160), (1920, 1080)), ((1080, 2336), (888, 1920)), ((1920, 8), (1920, 8))]
)
def test_a_thumbnail_is_not_larger_than_a_screen(tmp_path: Path, size: tuple[int, int], shown: tuple[int, int]) -> None:
    clip = shoot(tmp_path / "large.mp4", frames=2, size=size, preset="ultrafast")
    assert answer("thumbnail", str(clip), str(tmp_path / "thumbnail")) == {}
    with Image.open(tmp_path / "thumbnail") as thumbnail:
        assert thumbnail.size == shown


COLOURS = [(200, 30, 60), (20, 180, 90), (30, 60, 220), (240, 240, 240), (12, 12, 12)]
SPACES = [(Colorspace.ITU709, 1), (Colorspace.SMPTE170M, 6), (Colorspace.BT2020, 9)]
"""swscale's number of a matrix, and that of ITU-T H.273 §8.3."""


@pytest.mark.parametrize("span", [ColorRange.MPEG, ColorRange.JPEG])
@pytest.mark.parametrize(("space", "matrix"), SPACES)
def test_colours_are_those_that_were_filmed(tmp_path: Path, space: Colorspace, matrix: int, span: ColorRange) -> None:
    clip = tmp_path / "colours.mp4"
    with av.open(clip, "w") as film:
        stream = film.add_stream("libx264", rate=24, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.colorspace, stream.codec_context.color_range = matrix, span
        for place in range(20):
            picture = av.VideoFrame.from_image(Image.new("RGB", (320, 180), COLOURS[place % 5]))
            frame = picture.reformat(format="yuv420p", dst_colorspace=space, dst_color_range=span)
            frame.pts, frame.time_base = place, Fraction(1, 24)
            frame.colorspace, frame.color_range = matrix, span
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    assert answer("spritesheet", str(clip), str(tmp_path / "sheet")) == {}
    with Image.open(tmp_path / "sheet") as sheet:
        for place in range(20):
            seen = sheet.getpixel((place % 5 * 256 + 128, place // 5 * 144 + 72))
            assert seen == pytest.approx(COLOURS[place % 5], abs=6)


def test_stills_are_those_of_another_decoder_run(tmp_path: Path, reels: dict[str, Path]) -> None:
    """Every frame decoded in turn and converted whole, then scaled by Pillow."""

    def painted(place: int, size: tuple[int, int]) -> Image.Image:
        ramp = Image.linear_gradient("L").resize(size)
        return Image.merge("RGB", (ramp, ramp.rotate(180), ImageChops.offset(ramp, 7 * place)))

    clip = shoot(tmp_path / "painted.mp4", draw=painted, size=(640, 360), crf="12")
    with av.open(clip) as film:
        reference = [frame.to_image() for frame in film.decode(video=0)]  # type: ignore[no-untyped-call]
    assert answer("spritesheet", str(clip), str(tmp_path / "sheet")) == {}
    with Image.open(tmp_path / "sheet") as sheet:
        for place in range(20):
            left, top = place % 5 * 256, place // 5 * 144
            tile = sheet.crop((left, top, left + 256, top + 144))
            wanted = reference[place * 48 // 20].resize((256, 144))
            assert max(ImageStat.Stat(ImageChops.difference(tile, wanted)).mean) < 3


MATRICES = {  # a, b, c, d -> where the lowest bit is seen then
    "upright": ((1, 0, 0, 1), "left"),
    "a quarter clockwise": ((0, 1, -1, 0), "top"),
    "upside down": ((-1, 0, 0, -1), "right"),
    "a quarter counterclockwise": ((0, -1, 1, 0), "bottom"),
    "no matrix": ((0, 0, 0, 0), "left"),
}


@pytest.mark.parametrize("name", MATRICES)
def test_films_are_turned_as_they_are_shown(tmp_path: Path, name: str) -> None:
    matrix, side = MATRICES[name]
    upright = shoot(tmp_path / "upright.mp4", draw=lambda _, size: left_is_bright(size), frames=20)
    clip = turned(upright, matrix, tmp_path / "turned.mp4")
    width, height = (180, 320) if side in ("top", "bottom") else (320, 180)
    film = examined(clip)
    assert (film["width"], film["height"]) == (width, height)
    assert answer("thumbnail", str(clip), str(tmp_path / "thumbnail")) == {}
    with Image.open(tmp_path / "thumbnail") as thumbnail:
        assert thumbnail.size == (width, height)
        assert brightest(thumbnail) == side
    assert answer("spritesheet", str(clip), str(tmp_path / "sheet")) == {}
    with Image.open(tmp_path / "sheet") as sheet:
        tile = (144, 256) if side in ("top", "bottom") else (256, 144)
        assert sheet.size == (5 * tile[0], 4 * tile[1])
        assert {brightest(sheet.crop((x, 0, x + tile[0], tile[1]))) for x in range(0, sheet.width, tile[0])} == {side}


def left_is_bright(size: tuple[int, int]) -> Image.Image:
    image = Image.new("RGB", size, (20, 20, 20))
    image.paste((230, 230, 230), (0, 0, size[0] // 8, size[1]))
    return image


def brightest(image: Image.Image) -> str:
    """The side of an image that is brightest in its middle."""
    width, height = image.size
    places = {
        "left": (5, height // 2),
        "right": (width - 6, height // 2),
        "top": (width // 2, 5),
        "bottom": (width // 2, height - 6),
    }
    grey = image.convert("L")
    return max(places, key=lambda side: grey.getpixel(places[side]))  # type: ignore[arg-type, return-value]


def test_a_target_that_cannot_be_written_is_not_the_films_fault(reels: dict[str, Path], tmp_path: Path) -> None:
    nowhere, no_clip = str(tmp_path / "missing" / "thumbnail.webp"), str(tmp_path / "missing.mp4")
    assert answer("thumbnail", str(reels["webm"]), nowhere) == {"error": [2, "No such file or directory", nowhere]}
    assert answer("thumbnail", no_clip, nowhere) == {"error": [2, "No such file or directory", no_clip]}


# ---- the process ------------------------------------------------------------------------------------------------------


MEASURED = """
import os, subprocess, sys
command = [sys.executable, "-m", "handlers.media.projector", *sys.argv[1:]]
running = subprocess.Popen(command, stdin=subprocess.PIPE)
_, status, usage = os.wait4(running.pid, 0)
running.returncode = os.waitstatus_to_exitcode(status)
print(running.returncode, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""
"""A small process between: a new one counts the memory of the one that started it, at that time, as its own."""


def run(task: str, *files: Path) -> tuple[str, int]:
    """What a process prints on a task, and the resident bytes that it takes at most."""
    said = subprocess.run(
        [sys.executable, "-c", MEASURED, task, *map(str, files)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
        check=True,
    ).stdout
    *answered, measured = said.splitlines()
    ended, memory = measured.split()
    assert ended == "0", said
    return "\n".join(answered), int(memory)


def test_the_answer_is_all_that_is_printed(tmp_path: Path) -> None:
    clip = shoot(tmp_path / "clip.mp4", bf="0")
    content = bytearray(clip.read_bytes())
    content[content.index(b"mdat") + 2000 : content.index(b"moov") - 100] = bytes(
        content.index(b"moov") - 100 - content.index(b"mdat") - 2000
    )  # FFmpeg would have much to say about this
    clip.write_bytes(content)
    assert json.loads(run("examine", clip)[0]) == examined(clip)
    assert run("spritesheet", clip, tmp_path / "sheet.jpg")[0] == "\n{}"


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    small, large = (repeat(tmp_path / f"{frames}.mp4", frames, (1280, 720), "1", keys=True) for frames in (1, 80))
    with large.open("ab") as end:
        end.write(struct.pack(">I4sQ", 1, b"free", 1 << 30))  # a gigabyte with nothing in it
        end.truncate(end.tell() - 16 + (1 << 30))
    assert large.stat().st_size > (1 << 30) + 100_000_000
    (_, little), (said, much) = run("examine", small), run("examine", large)
    assert "video/mp4" in said
    assert much - little < 20_000_000


def test_an_index_that_would_fill_the_memory(reels: dict[str, Path], tmp_path: Path) -> None:
    """80 million samples in a table of a few bytes: 5 GB, were they let."""
    clip = shoot(tmp_path / "clip.mp4")
    many = struct.pack(">I", 80_000_000)
    bomb = patched(clip, tmp_path / "bomb.mp4", box(clip, b"stsz") + 4, struct.pack(">I", 1) + many)
    bomb = patched(bomb, bomb, box(clip, b"stsc") + 12, many)
    bomb = patched(bomb, bomb, box(clip, b"stts") + 8, many)
    said, memory = run("examine", bomb)
    assert "unplayable" in said
    assert memory < confined.MEMORY
