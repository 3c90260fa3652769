"""What a video file is, and stills from it. Files are read by projector.py, in a process of its own for each.

They come from providers, and decoders have bugs: a file that crashes one, hangs it or fills its memory takes that process
down and nothing else. The process has none of our secrets in its environment and ends when we do, however we do.

It costs 0.1 s to start, each time. `anyio.to_process` keeps some, but runs our main module again in them (which
`python -m reelgate` does not survive), hands them our environment and unpickles what they send. A thread waits for the
process, and not the event loop: uvloop refuses to start one while another loop does.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import structlog
from anyio.lowlevel import RunVar

from .containers import Unplayable

__all__ = ["Film", "Unplayable", "examine", "spritesheet", "thumbnail"]

log = structlog.get_logger()

AT_ONCE = 2  # processes
PATIENCE = 120.0  # seconds for one file: a gigabyte from a slow disk, or a minute of 4K on a slow processor
LONGEST = 65_536  # bytes that a process may say

_places: RunVar[anyio.CapacityLimiter] = RunVar("places")  # one for each event loop, which is what it is bound to


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
    """The answer of a process of its own, which is killed when it takes too long, or when nobody waits any longer."""
    async with _limiter():
        process = _start(task, *files)
        ended = asyncio.get_running_loop().run_in_executor(None, _said, process)
        try:
            async with asyncio.timeout(PATIENCE):
                said = await asyncio.shield(ended)
        except TimeoutError:
            raise Unplayable("it takes too long to read") from None
        finally:
            process.kill()
            await asyncio.wait([ended])
    if process.returncode != 0:
        log.error("reading a video crashed", task=task, ended=process.returncode, said=said.decode(errors="replace"))
        raise Unplayable("reading it fails")
    answer: dict[str, Any] = json.loads(said.splitlines()[-1])
    if "unplayable" in answer:
        raise Unplayable(answer["unplayable"])
    if "error" in answer:
        raise OSError(*answer["error"])
    return answer


def _start(task: str, *files: Path) -> subprocess.Popen[bytes]:
    """Takes less than a millisecond, however much memory is ours: none of it is copied (vfork)."""
    return subprocess.Popen(  # noqa: S603  our own module, and no shell
        [sys.executable, "-P", "-m", "handlers.media.projector", task, *map(os.fspath, files)],
        stdin=subprocess.PIPE,  # stays open for as long as we are there
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_environment(),
        start_new_session=True,  # Ctrl-C is for us
    )


def _said(process: subprocess.Popen[bytes]) -> bytes:
    """What a process has printed, once it has ended."""
    with process:
        assert process.stdout is not None
        return process.stdout.read(LONGEST)


def _limiter() -> anyio.CapacityLimiter:
    try:
        return _places.get()
    except LookupError:
        _places.set(limiter := anyio.CapacityLimiter(AT_ONCE))
        return limiter


def _environment() -> dict[str, str]:
    """What a process needs to find our modules, and nothing that it might give away."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(sys.path)}
