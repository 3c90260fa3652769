"""Frames and a tone -> an MP4 file that browsers play: H.264 in yuv420p, AAC stereo, index in front.

One encoding thread and no wall-clock metadata: the same scene gives the same bytes.
"""

import array
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

from sandbox.picture import frames
from sandbox.scene import FRAMES_PER_SECOND, Scene

SAMPLES_PER_SECOND = 48_000
BLOCK = 1_024  # samples in a frame of AAC
CHORDS = (
    (220, 330),
    (196, 294),
    (262, 392),
    (175, 262),
)  # left and right in whole Hz, so that a second repeats
LOUDNESS = 0.12  # of full scale
FADE = SAMPLES_PER_SECOND // 10  # samples at either end over which the tone grows or dies, so that it does not click


def shoot(scene: Scene, opening: Image.Image | None, target: Path) -> None:
    """Render a scene into `target`. `opening` is the image that the clip opens with."""
    # The index can be moved to the front only in a file that can be read back, hence a path and no buffer.
    with av.open(target, "w", format="mp4", options={"movflags": "faststart"}) as film:
        video = film.add_stream("libx264", rate=FRAMES_PER_SECOND, options={"preset": "ultrafast", "crf": "20"})
        video.width, video.height, video.pix_fmt = scene.width, scene.height, "yuv420p"
        codec = video.codec_context
        codec.colorspace = codec.color_primaries = codec.color_trc = Colorspace.ITU709  # players guess otherwise
        codec.color_range = ColorRange.MPEG
        codec.thread_count = 1  # more threads would be faster but not deterministic
        codec.gop_size = 2 * FRAMES_PER_SECOND  # a place to jump to every two seconds
        sound = film.add_stream("aac", rate=SAMPLES_PER_SECOND, layout="stereo") if scene.audio else None
        for number, picture in enumerate(frames(scene, opening)):
            rgb: av.VideoFrame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]
            frame = rgb.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, threads=1)
            frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_SECOND)
            film.mux(video.encode(frame))
        film.mux(video.encode())
        if sound:
            for block in tone(scene):
                film.mux(sound.encode(block))
            film.mux(sound.encode())


def tone(scene: Scene) -> Iterator[av.AudioFrame]:
    """A soft chord as long as the scene, in blocks of floating point stereo samples."""
    total = scene.seconds * SAMPLES_PER_SECOND
    channels = [_sine(hertz) * scene.seconds for hertz in CHORDS[len(scene.prompt) % len(CHORDS)]]
    for channel in channels:
        for n in range(FADE):
            channel[n] *= n / FADE
            channel[-1 - n] *= n / FADE
    for start in range(0, total, BLOCK):
        count = min(BLOCK, total - start)
        block = av.AudioFrame(format="fltp", layout="stereo", samples=count)
        block.sample_rate, block.pts, block.time_base = (
            SAMPLES_PER_SECOND,
            start,
            Fraction(1, SAMPLES_PER_SECOND),
        )
        for plane, channel in zip(block.planes, channels, strict=True):
            plane.update(channel[start : start + count].tobytes().ljust(plane.buffer_size, b"\0"))
        yield block


def _sine(hertz: int) -> "array.array[float]":
    """One second of a sine wave."""
    step = math.tau * hertz / SAMPLES_PER_SECOND
    return array.array("f", (LOUDNESS * math.sin(step * n) for n in range(SAMPLES_PER_SECOND)))
