"""Stills from a finished clip: the thumbnail and the spritesheet that OpenAI offers beside the video."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import av
from PIL import Image

from sandbox.scene import Scene

TILES_ACROSS, TILES_DOWN = 5, 4
TILE = 256  # pixels along the longer side


def thumbnail(scene: Scene, clip: Path, target: Path) -> None:
    """The middle frame, in full size, as WebP."""
    (picture,) = _stills(clip, [scene.frames // 2])
    picture.save(target, "WEBP", quality=80)


def spritesheet(scene: Scene, clip: Path, target: Path) -> None:
    """Evenly spaced frames in rows of small tiles, as JPEG."""
    tiles = TILES_ACROSS * TILES_DOWN
    scale = TILE / max(scene.width, scene.height)
    width, height = round(scene.width * scale), round(scene.height * scale)
    sheet = Image.new("RGB", (TILES_ACROSS * width, TILES_DOWN * height))
    for place, picture in enumerate(_stills(clip, [tile * scene.frames // tiles for tile in range(tiles)])):
        row, column = divmod(place, TILES_ACROSS)
        sheet.paste(picture.resize((width, height)), (column * width, row * height))
    sheet.save(target, "JPEG", quality=85)


class Variant(NamedTuple):
    """A kind of file that a clip is offered as."""

    extension: str
    media_type: str
    make: Callable[[Scene, Path, Path], None] | None  # writes it from the clip; None for the clip itself


VARIANTS = {
    "video": Variant("mp4", "video/mp4", None),
    "thumbnail": Variant("webp", "image/webp", thumbnail),
    "spritesheet": Variant("jpg", "image/jpeg", spritesheet),
}


def _stills(clip: Path, numbers: list[int]) -> list[Image.Image]:
    """The frames with the given numbers, in ascending order."""
    wanted = set(numbers)
    with av.open(clip) as film:
        film.streams.video[0].codec_context.thread_count = 1
        decoded = enumerate(film.decode(video=0))
        return [frame.to_image() for n, frame in decoded if n in wanted]  # type: ignore[no-untyped-call]
