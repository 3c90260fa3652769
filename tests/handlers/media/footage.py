"""Clips for tests, whose frames carry their numbers."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image, ImageDraw

BITS = 8
QUIET = {  # and quick
    "libx265": {"x265-params": "log-level=none"},
    "libsvtav1": {"preset": "8", "crf": "10"},
    "libvpx-vp9": {"deadline": "realtime"},
}


def numbered(number: int, size: tuple[int, int]) -> Image.Image:
    """A picture with bars, bright for each bit that is set: the lowest on the left."""
    image = Image.new("RGB", size, (20, 20, 20))
    width = size[0] / BITS
    for bit in range(BITS):
        if number >> bit & 1:
            ImageDraw.Draw(image).rectangle((bit * width, 0, (bit + 1) * width - 1, size[1]), (230, 230, 230))
    return image


def number(image: Image.Image) -> int:
    """The number on a picture, whatever its size."""
    grey = image.convert("L")
    width = grey.width / BITS
    return sum(
        (grey.getpixel((int((bit + 0.5) * width), grey.height // 2)) > 128) << bit  # type: ignore[operator]
        for bit in range(BITS)
    )


def numbers(sheet: Path, tile: tuple[int, int] = (256, 144)) -> list[int]:
    """The numbers on a spritesheet of five columns and four rows, row by row."""
    with Image.open(sheet) as image:
        assert image.size == (5 * tile[0], 4 * tile[1])
        corners = [(column * tile[0], row * tile[1]) for row in range(4) for column in range(5)]
        return [number(image.crop((x, y, x + tile[0], y + tile[1]))) for x, y in corners]


def shoot(
    path: Path,
    codec: str = "libx264",
    *,
    frames: int = 48,
    times: Sequence[int] | None = None,
    size: tuple[int, int] = (320, 180),
    draw: Callable[[int, tuple[int, int]], Image.Image] = numbered,
    sound: str | None = None,
    container: dict[str, str] | None = None,
    pixels: str = "yuv420p",
    **options: str,
) -> Path:
    """A clip of 24 frames per second, or with a frame at each of `times` (ms). `options` are those of the encoder."""
    base = Fraction(1, 24) if times is None else Fraction(1, 1000)
    with av.open(path, "w", options=container or {}) as film:
        stream = film.add_stream(codec, rate=24, options=QUIET.get(codec, {}) | options)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        stream.codec_context.time_base = base
        voice = film.add_stream(sound, rate=48000, layout="mono") if sound else None
        for place, time in enumerate(range(frames) if times is None else times):
            frame = av.VideoFrame.from_image(draw(place, size))
            frame.pts, frame.time_base = time, base
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
        if voice is not None:
            for sample in range(0, 48000 * frames // 24, 1024):
                silence = av.AudioFrame(format="s16", layout="mono", samples=1024)
                silence.planes[0].update(bytes(2048))
                silence.sample_rate, silence.pts = 48000, sample
                film.mux(voice.encode(silence))  # type: ignore[attr-defined]
            film.mux(voice.encode(None))  # type: ignore[attr-defined]
    return path


def repeat(path: Path, frames: int, size: tuple[int, int], quality: str, *, keys: bool) -> Path:
    """A clip of noise, the same in each frame: large files, or much to decode, at little cost. `quality` is 1 to 31.

    With `keys`, each frame is said to be one from which decoding can begin; else only the first.
    """
    still = path.with_suffix(".still.mp4")
    noise = Image.frombytes("RGB", size, os.urandom(size[0] * size[1] * 3))
    shoot(still, "mpeg4", frames=1, size=size, draw=lambda *_: noise, qmin=quality, qmax=quality)
    with av.open(still) as source, av.open(path, "w") as film:
        (packet,) = [packet for packet in source.demux(video=0) if packet.size]
        packet.stream = film.add_stream_from_template(source.streams.video[0])
        for place in range(frames):
            packet.pts = packet.dts = place * (packet.duration or 0)
            packet.is_keyframe = keys or place == 0
            film.mux(packet)
    return path


def turned(clip: Path, matrix: tuple[int, int, int, int], target: Path) -> Path:
    """An MP4 that is shown turned: `a, b, c, d` of the matrix of its track (ISO/IEC 14496-12 §8.3.2)."""
    a, b, c, d = (value << 16 for value in matrix)
    content = bytearray(clip.read_bytes())
    at = content.index(b"tkhd") + 44
    for place, value in {0: a, 4: b, 12: c, 16: d}.items():
        content[at + place : at + place + 4] = value.to_bytes(4, signed=True)
    target.write_bytes(content)
    return target
