"""Finished files on the disk of this machine, up to a size: those that were used last.

Every machine has its own. What has gone from it is fetched anew, as long as it is to be had. What was used in the last minute
stays, whatever the size: somebody is about to read it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from .storage import Folder, StorageError, remove

IN_USE: Final = 60.0  # seconds after its last use for which a file is never let go of
ABANDONED: Final = 3600.0  # seconds without a byte after which a file that was being written belongs to nobody


class Cache(Folder):
    """`limit` is in bytes. Files are named by their keys, and what is under way lies beside them."""

    durable = False

    def __init__(self, root: Path, limit: int) -> None:
        super().__init__(root / "files", "")
        self._limit = limit
        self._added = 0  # bytes, since it was last looked how much there is
        self._under_way = root / "under-way"

    async def put(self, key: str, path: Path, media_type: str) -> None:
        await super().put(key, path, media_type)
        with suppress(OSError):
            self._added += (await asyncio.to_thread((self.root / key).stat)).st_size
        if self._added > self._limit // 20:
            await self.shrink()

    async def has(self, key: str) -> bool:
        """Whether the file is here; if so it counts as used."""
        try:
            await asyncio.to_thread(os.utime, self.root / key)
        except OSError:
            return False
        return True

    async def read(self, key: str, first: int, end: int) -> AsyncGenerator[bytes]:
        pieces = await super().read(key, first, end)
        await self.has(key)  # so that it counts as used
        return pieces

    async def lend(self, key: str, path: Path) -> bool:
        """Have a file stand at another path too, whatever becomes of it here. False: it is not here."""
        try:
            await asyncio.to_thread(os.link, self.root / key, path)
        except OSError:
            return False
        return True

    @asynccontextmanager
    async def scratch(self) -> AsyncIterator[Path]:
        """A path for a file that is being made. It is gone in the end, unless it was put somewhere. Raises StorageError."""
        path = self._under_way / uuid4().hex
        try:
            await asyncio.to_thread(self._under_way.mkdir, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"There is no room to work in: {error.strerror}.") from error
        try:
            yield path
        finally:
            await asyncio.shield(asyncio.to_thread(path.unlink, missing_ok=True))

    async def keys(self) -> list[str]:
        """Everything that is here, the oldest first."""
        return [key for key, _, _ in await asyncio.to_thread(self._listed)]

    async def shrink(self) -> None:
        """Delete what was not used for longest until all is within the limit, and what was never finished."""
        self._added = 0
        await asyncio.to_thread(self._shrink)

    def _shrink(self) -> None:
        files = self._listed()
        too_much = sum(size for _, size, _ in files) - self._limit
        for key, size, used in files:
            if too_much <= 0 or used > time.time() - IN_USE:
                break
            with suppress(OSError):
                remove(self.root / key)
                too_much -= size
        with suppress(OSError):
            for entry in os.scandir(self._under_way):
                with suppress(OSError):
                    if entry.stat().st_mtime < time.time() - ABANDONED:
                        Path(entry.path).unlink()

    def _listed(self) -> list[tuple[str, int, float]]:
        """(key, bytes, when it was used last)"""
        found = []
        for folder, _, names in os.walk(self.root):
            for name in names:
                path = Path(folder) / name
                with suppress(OSError):
                    about = path.stat()
                    found.append((str(path.relative_to(self.root)), about.st_size, about.st_mtime))
        return sorted(found, key=lambda each: each[2])
