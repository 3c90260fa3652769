"""`python -m handlers.media.projector examine|thumbnail|spritesheet FILE [TARGET]`: one file, in a process of its own.

What FFmpeg is given comes from strangers, so nobody else imports it; film.py starts this. The last line printed is a JSON
object: the answer, or `{"unplayable": why}`, or `{"error": [number, text, file]}` when the disk is at fault. Any other end is
a crash.

- The format is chosen by the leading bytes and forced; playlists, and whatever else could name other files, are never opened.
- The codecs are listed here; the dimensions are bounded before anything is decoded.
- Packets are read in one pass, one at a time, so memory does not grow with the file.
"""

from __future__ import annotations

import io
import os
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from math import ceil
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from .confined import run
from .containers import HEAD, Unplayable, check_reach, check_whole, media_type

LARGEST = 8192 * 4352  # pixels: the largest picture of level 6.2 of H.264 and H.265, and 6.3 of AV1
SLACK = 1.0  # seconds that a file's stated length may be off

DEMUXERS = {
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/webm": "matroska",
    "video/matroska": "matroska",
    "image/gif": "gif",
}
CODECS = {"h264", "hevc", "av1", "vp8", "vp9", "mpeg4", "prores", "gif"}
OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": ",".join(sorted(set(DEMUXERS.values()))),
    "codec_whitelist": ",".join([*sorted(CODECS), "libdav1d"]),
    "max_pixels": str(LARGEST),
}

TILES_ACROSS, TILES_DOWN = 5, 4
TILE = 256  # pixels along the longer side
THUMBNAIL = 1920  # pixels that the longer side has at most

TURNS = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}
"""Quarter turns counterclockwise -> what turns a picture so far."""


# ---- what is asked ----------------------------------------------------------------------------------------------------


def examine(path: str) -> dict[str, Any]:
    """The fields of a Film."""
    with opened(path) as reel:
        picture = next(reel.pictures([reel.start]))
        if picture.is_corrupt or _when(picture) > max(reel.start, reel.keys[0]):
            raise Unplayable("its first frame cannot be decoded")
        width, height = picture.width, picture.height
        if _quarters(picture) in (1, 3):
            width, height = height, width
        return {"media_type": reel.media_type, "seconds": reel.seconds, "width": width, "height": height}


def thumbnail(path: str, target: str) -> dict[str, Any]:
    """The middle frame, as WebP."""
    with opened(path) as reel:
        picture = next(reel.pictures([reel.time(Fraction(1, 2))]))
        _save(_image(picture, min(THUMBNAIL, max(picture.width, picture.height))), target, "WEBP", quality=80)
    return {}


def spritesheet(path: str, target: str) -> dict[str, Any]:
    """Evenly spaced frames in rows of small tiles, as JPEG. The first gives the tiles their shape."""
    tiles = TILES_ACROSS * TILES_DOWN
    with opened(path) as reel:
        images = (
            _image(picture, TILE) for picture in reel.pictures([reel.time(Fraction(n, tiles)) for n in range(tiles)])
        )
        first = next(images)
        width, height = first.size
        sheet = Image.new("RGB", (TILES_ACROSS * width, TILES_DOWN * height))
        for place, image in enumerate(chain([first], images)):
            row, column = divmod(place, TILES_ACROSS)
            sheet.paste(image.resize(first.size), (column * width, row * height))
    _save(sheet, target, "JPEG", quality=85)
    return {}


def _image(picture: VideoFrame, longest: int) -> Image.Image:
    """A frame as it is shown, its longer side of `longest` pixels. Scaled first: a frame may be larger than memory likes."""
    scale = longest / max(picture.width, picture.height)
    width, height = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    image: Image.Image = picture.to_image(width=width, height=height, interpolation="BICUBIC", threads=1)  # type: ignore[no-untyped-call]
    turn = TURNS.get(_quarters(picture))
    return image if turn is None else image.transpose(turn)


def _quarters(picture: VideoFrame) -> int:
    """How far a frame is to be turned before it is shown: quarters, counterclockwise. Mirroring is not looked at."""
    turned = picture.rotation  # degrees; far outside of a circle where the matrix is empty
    return round(turned / 90) % 4 if -180 <= turned <= 180 else 0


def _save(image: Image.Image, target: str, kind: str, quality: int) -> None:
    """Encoded first and written in one go, so that little time is left in which half of it could be there."""
    image.save(buffer := io.BytesIO(), kind, quality=quality)
    Path(target).write_bytes(buffer.getbuffer())


# ---- reading ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reel:
    """An open video of which every packet was read. Times are in the stream's `time_base`."""

    container: InputContainer
    stream: VideoStream
    media_type: str
    start: int
    end: int
    keys: list[int]  # when each frame is shown from which decoding can begin, ascending

    @property
    def seconds(self) -> float:
        return float((self.end - self.start) * (self.stream.time_base or 0))

    def time(self, part: Fraction) -> int:
        """When a part (0 to 1) of the video has been shown."""
        return self.start + ceil((self.end - self.start) * part)  # times in milliseconds may be short of a frame by one

    def pictures(self, times: list[int]) -> Iterator[VideoFrame]:
        """The frame that is shown at each of the times, which ascend. Raises Unplayable when none can be decoded.

        What lies between two times is decoded only where no key frame allows to skip it.
        """
        shown: VideoFrame | None = None
        upcoming: VideoFrame | None = None
        frames: Iterator[VideoFrame] = iter(())
        for time in times:
            key = self.keys[max(0, bisect_right(self.keys, time) - 1)]
            if shown is None or (upcoming is not None and _when(upcoming) < key):
                frames = self._frames(key)
                upcoming = next(frames, None)
            while upcoming is not None and (shown is None or _when(upcoming) <= time):
                shown, upcoming = upcoming, next(frames, None)
            if shown is None:
                raise Unplayable("its first frame cannot be decoded")
            yield shown

    def _frames(self, key: int) -> Iterator[VideoFrame]:
        """The frames from a key frame on. Those that are damaged are left out."""
        for packet in self._packets(key):
            with suppress(av.FFmpegError):
                yield from (frame for frame in packet.decode() if frame.pts is not None)

    def _packets(self, key: int) -> Iterator[Packet[VideoStream]]:
        """The packets from a key frame on, or from an earlier one.

        Some formats seek by when a frame is decoded, and one that is decoded early enough may be shown too late.
        """
        ask = key
        while True:
            self.container.seek(ask, stream=self.stream)
            packets = self.container.demux(self.stream)
            first = next(packets)
            if first.pts is None or first.pts <= key or ask < self.start:
                return chain([first], packets)
            ask -= first.pts - key


def _when(picture: VideoFrame) -> int:
    return picture.pts or 0


@contextmanager
def opened(path: str) -> Iterator[Reel]:
    """Raises Unplayable for whatever is not, from its first to its last byte, a video."""
    with Path(path).open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        kind = media_type(file.read(HEAD))
        check_whole(file, size, kind)
    with av.open(f"file:{path}", format=DEMUXERS[kind], options=OPTIONS, metadata_errors="replace") as container:
        if DEMUXERS[kind] == "mov":
            for stream in container.streams:
                check_reach(max((entry.pos + entry.size for entry in stream.index_entries), default=0), size)
        yield _measured(container, _video(container), kind)


def _video(container: InputContainer) -> VideoStream:
    """The video, ready to be decoded. A picture that goes with sound (a cover) is none."""
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not streams:
        raise Unplayable("it has sound but no video" if container.streams.audio else "it has no video")
    stream, context = streams[0], streams[0].codec_context
    if context is None or context.codec.canonical_name not in CODECS:
        raise Unplayable("its video is in a format that is not read here")
    if not 0 < context.width * context.height <= LARGEST:
        raise Unplayable(f"its frames are of {context.width} x {context.height} pixels")
    context.thread_count = 1
    context.options = {"max_pixels": str(LARGEST)}
    return stream


def _measured(container: InputContainer, stream: VideoStream, kind: str) -> Reel:
    """Reads every packet of the video, which is to say the file."""
    promised, count, start, end, keys = stream.duration, 0, sys.maxsize, -sys.maxsize, []
    for packet in container.demux(stream):
        if packet.is_corrupt:
            raise Unplayable("it is cut off, or damaged")
        if packet.pts is None:  # the last one, which is empty
            continue
        if packet.is_keyframe:
            keys.append(packet.pts)
        if not packet.is_discard:
            count += 1
            start, end = min(start, packet.pts), max(end, packet.pts + (packet.duration or 0))
    if not count:
        raise Unplayable("it has no frames")
    if count == 1 and kind == "image/gif":
        raise Unplayable("it is not a video: it is a GIF image that stands still")
    reel = Reel(container, stream, kind, start, end, sorted(keys) or [start])
    lasts = float((promised or 0) * (stream.time_base or 0))
    if reel.seconds < lasts - SLACK:
        raise Unplayable(f"it is cut off after {reel.seconds:.1f} of {lasts:.1f} seconds")
    return reel


# ---- the process ------------------------------------------------------------------------------------------------------

TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "examine": examine,
    "thumbnail": thumbnail,
    "spritesheet": spritesheet,
}


def answer(task: str, *files: str) -> dict[str, Any]:
    """What is printed for a task."""
    try:
        return TASKS[task](*files)
    except Unplayable as why:
        return {"unplayable": str(why)}
    except MemoryError:
        return {"unplayable": "it takes too much memory to read"}
    except av.FFmpegError as error:
        return {"unplayable": f"it is damaged or cut off ({error.strerror})"}
    except OSError as error:
        return {"error": [error.errno, error.strerror, error.filename]}


if __name__ == "__main__":
    run(answer)
