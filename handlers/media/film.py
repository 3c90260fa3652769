"""What a video file is, and stills from it. Files are read by projector.py, in a process of its own for each (apart.py)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import apart
from .containers import Unplayable

__all__ = ["Film", "Unplayable", "examine", "spritesheet", "thumbnail"]

PATIENCE = 120.0  # seconds for one file: a gigabyte from a slow disk, or a minute of 4K on a slow processor


@dataclass(frozen=True, slots=True)
class Film:
    """What a video file is."""

    media_type: str  # video/mp4, video/quicktime, video/webm, video/matroska or image/gif, by its bytes
    seconds: float  # of the video, whatever its sound
    width: int  # pixels, as shown: a film may have been recorded on its side
    height: int


async def examine(path: Path) -> Film:
    """Reads the file once, from its first to its last byte. Raises Unplayable."""
    return Film(**await _project("examine", path))


async def thumbnail(path: Path, target: Path) -> None:
    """The middle frame as WebP, its longer side of 1920 pixels at most. Raises Unplayable, or OSError for `target`."""
    await _project("thumbnail", path, target)


async def spritesheet(path: Path, target: Path) -> None:
    """Twenty frames at even distances as JPEG: four rows of five, the longer side of each of 256 pixels.

    The n-th (from 0) is what is shown after n/20 of the time. Raises Unplayable, or OSError for `target`.
    """
    await _project("spritesheet", path, target)


async def _project(task: str, *files: Path) -> dict[str, Any]:
    try:
        answer = await apart.answer("handlers.media.projector", task, *map(str, files), patience=PATIENCE)
    except apart.Broken as error:
        raise Unplayable(str(error)) from None
    if "unplayable" in answer:
        raise Unplayable(answer["unplayable"])
    if "error" in answer:
        raise OSError(*answer["error"])
    return answer
