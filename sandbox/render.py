"""Scenes -> files on disk, each rendered once, by a few threads beside the event loop.

A file is written under a temporary name and renamed when it is whole, so whatever has a final name can be
served, also after `kill -9`; what is missing is rendered when it is asked for. Files are shared by all tasks
with the same scene.
"""

import asyncio
import hashlib
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from sandbox.film import shoot
from sandbox.previews import VARIANTS
from sandbox.scene import Scene

WORKERS = 2
AHEAD = 8  # renders that may wait before anyone has asked; they would delay the end of the process


class Renderer:
    """The files of scenes below one directory. Its methods belong on the event loop's thread."""

    def __init__(self, directory: Path) -> None:
        self._films, self._inputs = directory / "films", directory / "inputs"
        for folder in (self._films, self._inputs):
            folder.mkdir(parents=True, exist_ok=True)
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="sandbox-render")
        self._running: dict[Path, Future[Path]] = {}

    async def keep_input(self, image: bytes) -> str:
        """Store the image that a clip is to open with; returns the name for `Scene.image`."""
        name = hashlib.sha256(image).hexdigest()
        await asyncio.to_thread(_write, self._inputs / name, image)
        return name

    def start(self, scene: Scene) -> None:
        """Begin to render ahead of the first download, unless too much is waiting already."""
        if len(self._running) < AHEAD:
            self._submit(scene, "video")

    async def file(self, scene: Scene, variant: str = "video") -> Path:
        """The file of a variant, rendered now if need be. `variant` is a key of VARIANTS."""
        # Shielded: others may wait for the same render when this request's client goes away.
        return await asyncio.shield(asyncio.wrap_future(self._submit(scene, variant)))

    def close(self) -> None:
        """Forget what has not been begun."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, scene: Scene, variant: str) -> Future[Path]:
        target = self._path(scene, variant)
        if (running := self._running.get(target)) is not None:
            return running
        if target.exists():
            done: Future[Path] = Future()
            done.set_result(target)
            return done
        clip = self._submit(scene, "video") if variant != "video" else None
        future = self._running[target] = self._pool.submit(self._render, scene, variant, clip)
        future.add_done_callback(lambda _: self._running.pop(target, None))
        return future

    def _render(self, scene: Scene, variant: str, clip: "Future[Path] | None") -> Path:
        """Runs in a thread. The clip was submitted earlier, so it runs or has run: no deadlock."""
        target = self._path(scene, variant)
        part = _part(target)
        make = VARIANTS[variant].make
        if make and clip:
            make(scene, clip.result(), part)
        else:
            shoot(scene, Image.open(self._inputs / scene.image) if scene.image else None, part)
        part.replace(target)
        return target

    def _path(self, scene: Scene, variant: str) -> Path:
        return self._films / f"{scene.key}.{VARIANTS[variant].extension}"


def _write(target: Path, data: bytes) -> None:
    if not target.exists():
        part = _part(target)
        part.write_bytes(data)
        part.replace(target)


def _part(target: Path) -> Path:
    """The name of a file while it is being written; no other process or thread uses it."""
    return target.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
