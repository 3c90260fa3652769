"""Where finished files are kept: a folder of this machine, or a bucket of S3, Google Cloud Storage or Azure.

A file is named by a key such as `video_01…/video.mp4`. It appears whole or not at all, and is never changed, only replaced by the
same bytes. Buckets take their credentials from the environment variables of their vendors' own tools (`AWS_ACCESS_KEY_ID`,
`GOOGLE_APPLICATION_CREDENTIALS`, `AZURE_STORAGE_ACCOUNT_KEY` and so on: https://developmentseed.org/obstore).
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import shutil
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import AzureStore, GCSStore, S3Store

if TYPE_CHECKING:
    from obstore import GetResult

PIECE: Final = 1024 * 1024  # bytes that are read at a time
UPLOADED_AT_ONCE: Final = 2  # parts of one file, of 5 MiB each
SIGNED_FOR: Final = timedelta(minutes=15)
CLIENT: Final[Any] = {
    "connect_timeout": timedelta(seconds=10),
    "read_timeout": timedelta(seconds=60),  # without a byte
    "timeout": timedelta(days=1),  # for all of it, where obstore's own 30 seconds would cut a long video off
    "allow_http": True,  # where the operator's own endpoint is such a one; those of the vendors are not
}
RETRIES: Final[Any] = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
KINDS: Final = ("file", "s3", "gs", "az")
GONE: Final = (FileNotFoundError, NotFoundError)  # obstore raises the one or the other, by the storage

Bucketed = S3Store | GCSStore | AzureStore


class StorageError(Exception):
    """The storage did not do what it was asked. The message names no secret and no signed URL."""


class Missing(StorageError):
    """There is no such file."""


class Store(Protocol):
    """A place for files. Everything raises StorageError."""

    name: str
    """What a file's row says of where it is: the URL that was configured, in one spelling."""

    async def put(self, key: str, path: Path, media_type: str) -> None:
        """Keep a file, which may be moved away from `path` for that."""
        ...

    async def read(self, key: str, first: int, end: int) -> AsyncGenerator[bytes]:
        """The bytes from `first` up to, but not including, `end`. Raises Missing at once, not while it is read."""
        ...

    async def delete(self, key: str) -> None:
        """Delete a file. One that is gone already is no error."""
        ...

    async def link(self, key: str, method: str) -> str | None:
        """A URL that needs no credential for SIGNED_FOR; None where there are none."""
        ...


def store_at(url: str) -> Store:
    """`file:/var/videos`, `s3://bucket/prefix`, `gs://bucket/prefix` or `az://account/container/prefix`. Raises ValueError."""
    url = url.rstrip("/")  # a file's row says where it is, and one place is to have one name
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path:
        root = Path(unquote(parts.path))
        return Folder(root, f"file:{root}")
    if parts.scheme not in KINDS[1:] or not parts.netloc:
        raise ValueError(
            "must be file:/folder, s3://bucket/prefix, gs://bucket/prefix or az://account/container/prefix"
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(
            "takes no credentials and no options: they come from the environment variables of the cloud's own tools"
        )
    return Bucket(url)


class Folder:
    """A folder of this machine."""

    durable = True  # whether what is kept outlives a loss of power

    def __init__(self, root: Path, name: str) -> None:
        self.name = name
        self.root = root

    async def put(self, key: str, path: Path, media_type: str) -> None:
        try:
            await asyncio.to_thread(_move, path, self.root / key, self.durable)
        except OSError as error:
            raise StorageError(f"The file cannot be kept: {error.strerror}.") from error

    async def read(self, key: str, first: int, end: int) -> AsyncGenerator[bytes]:
        try:
            file = await asyncio.to_thread(os.open, self.root / key, os.O_RDONLY)
        except OSError as error:
            raise _unreadable(error) from error
        return _from_disk(file, first, end)

    async def delete(self, key: str) -> None:
        try:
            await asyncio.to_thread(remove, self.root / key)
        except OSError as error:
            raise StorageError(f"The file cannot be deleted: {error.strerror}.") from error

    async def link(self, key: str, method: str) -> str | None:
        return None


class Bucket:
    """A bucket of a cloud, or of a server that speaks as one."""

    def __init__(self, url: str) -> None:
        self.name = url
        self._store: Bucketed = _opened(url)

    async def put(self, key: str, path: Path, media_type: str) -> None:
        try:
            await obstore.put_async(
                self._store,
                key,
                path,
                attributes={"Content-Type": media_type, "Content-Disposition": "inline"},
                max_concurrency=UPLOADED_AT_ONCE,
            )
        except (BaseError, OSError) as error:
            raise _failed("keep", error) from error

    async def read(self, key: str, first: int, end: int) -> AsyncGenerator[bytes]:
        if first >= end:
            return _nothing()
        try:
            found = await obstore.get_async(self._store, key, options={"range": (first, end)})
        except (BaseError, OSError) as error:
            raise _failed("read", error) from error
        return _from_bucket(found)

    async def delete(self, key: str) -> None:
        try:
            await obstore.delete_async(self._store, key)
        except (BaseError, OSError) as error:
            if not isinstance(error, GONE):
                raise _failed("delete", error) from error

    async def link(self, key: str, method: str) -> str | None:
        try:
            return await obstore.sign_async(self._store, "HEAD" if method == "HEAD" else "GET", key, SIGNED_FOR)
        except (BaseError, OSError, ValueError):  # credentials that cannot sign, such as those of an anonymous reader
            return None


def _opened(url: str) -> Bucketed:
    kind: Mapping[str, Any] = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}
    try:
        store: Bucketed = kind[urlsplit(url).scheme].from_url(url, client_options=CLIENT, retry_config=RETRIES)
    except (BaseError, ValueError) as error:
        raise ValueError(f"cannot be used: {_words(error)}") from None
    return store


def _move(source: Path, target: Path, durable: bool) -> None:
    """A file appears in one go under its new name, also when it comes from another disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if durable:
            _settled(source)
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        part = target.with_name(f"{target.name}.{uuid4().hex}.part")
        try:
            shutil.copyfile(source, part)
            if durable:
                _settled(part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    if durable:
        _settled(target.parent)
        _settled(target.parent.parent)


def _settled(path: Path) -> None:
    """Written to the disk: a job is told to be completed on the strength of it."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def remove(path: Path) -> None:
    """Delete a file, if it is there, and its folder, if that is empty then."""
    path.unlink(missing_ok=True)
    with suppress(OSError):  # others are in it
        path.parent.rmdir()


async def _from_disk(file: int, first: int, end: int) -> AsyncGenerator[bytes]:
    try:
        while first < end:
            piece = await asyncio.to_thread(os.pread, file, min(PIECE, end - first), first)
            if not piece:
                raise StorageError("The file is shorter than it was.")
            first += len(piece)
            yield piece
    finally:
        os.close(file)


async def _from_bucket(found: GetResult) -> AsyncGenerator[bytes]:
    try:
        async for piece in found.stream(min_chunk_size=PIECE // 4):
            yield bytes(piece)
    except (BaseError, OSError) as error:
        raise _failed("read", error) from error


async def _nothing() -> AsyncGenerator[bytes]:
    return
    yield b""


def _unreadable(error: OSError) -> StorageError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return Missing("The file is not there.")
    return StorageError(f"The file cannot be read: {error.strerror}.")


def _failed(what: str, error: Exception) -> StorageError:
    if isinstance(error, GONE):
        return Missing("The file is not there.")
    return StorageError(f"The storage cannot {what} the file: {_words(error)}")


def _words(error: Exception) -> str:
    """What obstore says, without URLs, which may be signed, and without its debugging notes."""
    return re.sub(r"https?://\S+", "…", str(error).partition("\n")[0])[:300] or type(error).__name__
