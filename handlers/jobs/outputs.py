"""The files of finished jobs: fetched from the provider, examined, kept, and read again.

A job is completed only when its file is here: in the archive if there is one, else in the cache of this machine. What the
cache has let go of is read at the provider again, for as long as that has it. Pictures of a video are made when they are first
asked for.
"""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64decode
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ..egress import public
from ..errors import NotFound, ProviderFailed, ProviderTimeout, ReelgateError, Unavailable
from ..media import film, images, streaming
from ..media.cache import Cache
from ..media.film import Film, Unplayable
from ..media.storage import PIECE, Missing, StorageError, Store
from ..providers.adapter import Inline, Source
from ..providers.registry import Registry
from ..upstream import Download, Upstream
from .files import File, Files, Variant
from .ledger import Job

log = structlog.get_logger()


LARGEST: Final = 16 * 1024**3  # bytes of a file; more is no video, but a provider that does not come to an end
LARGEST_PICTURE: Final = 64 * 1024**2
AT_ONCE: Final = 8  # files that are fetched at the same time from a provider
PATIENCE: Final = 300.0  # seconds for a picture to be made or fetched, and all that it needs
SWEEP: Final = 30.0  # seconds between two looks for what is to be deleted
SWEPT_AT_ONCE: Final = 100  # files
REMEMBERED: Final = 1000  # files that need not be examined again
EXTENSIONS: Final = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/matroska": "mkv",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/jpeg": "jpg",
    "image/png": "png",
}
STILLS: Final[Mapping[str, tuple[str, Callable[[Path, Path], Awaitable[None]]]]] = {
    "thumbnail": ("image/webp", film.thumbnail),
    "spritesheet": ("image/jpeg", film.spritesheet),
}

examined: Final[dict[str, Film]] = {}
"""SHA-256 -> what was found: the same bytes need not be looked at twice, as when a file could not be kept at first."""

Retention = Callable[[str], Awaitable[timedelta | None]]
"""For how long the files of an owner are kept; None: for ever."""


class InvalidOutput(Exception):
    """What the provider gave as the video is none; the message says what is wrong with it."""


class Outputs:
    def __init__(
        self,
        files: Files,
        registry: Registry,
        http: Upstream,
        cache: Cache,
        archive: Store | None,
        retention: Retention,
    ) -> None:
        self._files = files
        self._registry = registry
        self._http = http
        self._cache = cache
        self._archive = archive
        self._retention = retention
        self._fetches: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE))
        self._making: dict[tuple[str, str], asyncio.Task[File]] = {}

    # ---- keeping ----------------------------------------------------------------------------------------------

    async def capture(self, job: Job) -> dict[str, Any]:
        """Fetch the video of a job, examine and keep it. Returns what the ledger is to say of the completed job.

        Raises InvalidOutput, NotFound or ProviderError for what is the provider's fault, StorageError for what is ours.
        """
        provider = self._registry.maker(job.provider)
        if not provider.supports("source"):  # it may not be asked for files
            return {"completed_at": datetime.now(UTC)}
        async with self._cache.scratch() as path:
            async with self._fetches[job.provider]:
                source = await self._source(job, "video")
                size, sha256 = await self._fetch(job, "video", source, path, LARGEST)
            try:
                found = examined.get(sha256) or await film.examine(path)
            except Unplayable as error:
                raise InvalidOutput(f"What the provider gave as the video cannot be played: {error}.") from error
            _remember(sha256, found)
            now, kept = datetime.now(UTC), await self._retention(job.owner)
            delete_at = now + kept if kept is not None else None
            file = self._file(job.id, "video", size, sha256, found.media_type, delete_at)
            await self._keep(file, path)
        output = {"content_type": found.media_type}
        if provider.shows_provider_url and isinstance(source, Source):
            output["provider_url"] = source.url
        return {
            "completed_at": now,
            "outputs": [output],
            "expires_at": _until(job, file),
            **_seen(job, found),
        }

    def _file(
        self, job_id: str, variant: Variant, size: int, sha256: str, media_type: str, delete_at: datetime | None
    ) -> File:
        key = f"{job_id}/{variant}.{EXTENSIONS[media_type]}"
        store = self._archive.name if self._archive is not None else None
        return File(job_id, variant, key, size, sha256, media_type, store, delete_at)

    async def _keep(self, file: File, path: Path) -> None:
        """Put a file where it belongs. It is written down before, so that whatever lies anywhere is known of."""
        await self._files.record(file)
        if self._archive is None:
            await self._cache.put(file.key, path, file.media_type)
        else:
            try:
                await self._archive.put(file.key, path, file.media_type)
            finally:  # again: a job may have been deleted meanwhile, and its file looked for before it was there
                await asyncio.shield(self._files.record(file))
            await self.verify(file)

    async def archived(self) -> AsyncIterator[File]:
        """Every file that the archive should have."""
        assert self._archive is not None, "only an archive is verified"
        last = ("", "")
        while found := await self._files.kept_in(self._archive.name, last, SWEPT_AT_ONCE):
            for file in found:
                yield file
            last = (found[-1].job_id, found[-1].variant)

    async def verify(self, file: File) -> None:
        """Compare what the archive has with what it was given. Raises StorageError."""
        assert self._archive is not None, "only an archive is verified"
        digest, size = hashlib.sha256(), 0
        async for piece in await self._archive.read(file.key, 0, file.size):
            size += len(piece)
            await asyncio.to_thread(digest.update, piece)
        if (size, digest.hexdigest()) != (file.size, file.sha256):
            raise StorageError("The file in the archive is not the one that was kept: its bytes have another checksum.")

    # ---- reading ----------------------------------------------------------------------------------------------

    async def file(self, job: Job, variant: Variant) -> File:
        """What is known of a file of a completed job; it is made if need be. Raises NotFound, ProviderError or StorageError."""
        found = await self._files.find(job.id, variant)
        if found is not None and found.gone:
            raise NotFound(
                "The file was deleted when it had been kept for as long as it was to be.", code="content_expired"
            )
        if found is not None and (variant == "video" or found.store is not None or await self._cache.has(found.key)):
            return found
        return await self._made(job, variant)

    async def _made(self, job: Job, variant: Variant) -> File:
        """A file that is made now, once for all who ask for it meanwhile."""
        making = self._making.get((job.id, variant))
        if making is None:
            make = _in_time(self._first_capture(job) if variant == "video" else self._picture(job, variant))
            making = self._making[job.id, variant] = asyncio.create_task(make)
            making.add_done_callback(lambda _: self._making.pop((job.id, variant)))
        return await asyncio.shield(making)

    async def read(self, job: Job, file: File, first: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `first` up to `end`; the first of them have arrived by then. Raises as `file` does."""
        try:
            return await self._kept(job, file, first, end)
        except Missing:  # a picture that was lost
            again = await self._made(job, file.variant)
            if again.sha256 != file.sha256:
                raise Unavailable("The picture has been made anew. Ask for it again.", retry_after=1) from None
            return await self._kept(job, again, first, end)

    async def _kept(self, job: Job, file: File, first: int, end: int) -> AsyncIterator[bytes]:
        """The same, from where it is kept or, if it is a video, from the provider. Raises Missing for a picture."""
        trouble: StorageError | None = None
        for store in self._places(file):
            try:
                return await _begun(await store.read(file.key, first, end))
            except Missing:
                if store is self._archive:
                    log.error("a file is not in the archive", job=file.job_id, key=file.key)
            except StorageError as error:
                trouble = error
                log.error("a file cannot be read", job=file.job_id, key=file.key, error=str(error))
        if file.variant != "video":
            raise trouble or Missing("The picture is not where it was kept.")
        try:
            return await self._from_provider(job, file, first, end)
        except NotFound as error:
            if trouble is not None:
                raise Unavailable("The storage of the gateway cannot be read just now.") from error
            raise

    async def link(self, file: File, method: str) -> str | None:
        """A URL of the archive that needs no credential for some minutes; None where there is none."""
        archive = self._archive_of(file)
        return await archive.link(file.key, method) if archive is not None else None

    def _archive_of(self, file: File) -> Store | None:
        """The archive, if it has the file."""
        return self._archive if self._archive is not None and file.store == self._archive.name else None

    def _places(self, file: File) -> list[Store]:
        archive = self._archive_of(file)
        return [archive, self._cache] if archive is not None else [self._cache]

    async def _first_capture(self, job: Job) -> File:
        """The file of a job that was completed before files were kept."""
        try:
            await self.capture(job)
        except InvalidOutput as error:
            raise ProviderFailed(str(error)) from error
        found = await self._files.find(job.id, "video")
        if found is None:
            raise NotFound("The provider may not be asked for the file.", code="content_expired")
        return found

    # ---- pictures ---------------------------------------------------------------------------------------------

    async def _picture(self, job: Job, variant: Variant) -> File:
        """The provider's own picture where it has one, else one that is made from the video."""
        video = await self.file(job, "video")
        async with self._cache.scratch() as path:
            media_type = await self._provider_picture(job, variant, path)
            if media_type is None:
                media_type, make = STILLS[variant]
                async with self._at_hand(job, video) as whole:
                    try:
                        await make(whole, path)
                    except OSError as error:
                        raise StorageError(f"A picture cannot be made: {error.strerror}.") from error
                    except Unplayable as error:
                        raise NotFound(
                            f"No {variant} can be made of this video: {error}.",
                            code="variant_not_available",
                            param="variant",
                        ) from error
            size, sha256 = await asyncio.to_thread(_digest, path)
            file = self._file(job.id, variant, size, sha256, media_type, video.delete_at)
            await self._keep(file, path)
        return file

    async def _provider_picture(self, job: Job, variant: Variant, path: Path) -> str | None:
        """Fetch the provider's own picture; its media type, or None if there is none to be had."""
        provider = self._registry.providers.get(job.provider)
        if provider is None or variant not in provider.adapter.variants or not provider.supports("source"):
            return None
        try:
            async with self._fetches[job.provider]:
                await self._fetch(job, variant, await self._source(job, variant), path, LARGEST_PICTURE)
            return images.sniff(await asyncio.to_thread(_beginning, path)).media_type
        except (ReelgateError, InvalidOutput) as error:
            log.info("the provider has no such picture", job=job.id, variant=variant, error=str(error))
            return None

    @asynccontextmanager
    async def _at_hand(self, job: Job, file: File) -> AsyncIterator[Path]:
        """The file as a file of this machine. Raises StorageError if its bytes are not those that were kept."""
        async with self._cache.scratch() as path:
            if await self._cache.lend(file.key, path):
                yield path
                return
            pieces = await self.read(job, file, 0, file.size)
            if (file.size, file.sha256) != await _written(pieces, path, LARGEST):
                raise StorageError("The file is not the one that was kept: its bytes have another checksum.")
            yield path

    # ---- the provider -----------------------------------------------------------------------------------------

    async def _source(self, job: Job, variant: Variant) -> Source | Inline:
        assert job.native_id is not None, "a job that its provider has finished has a native id"
        account = self._registry.account(job.provider, job.key, job.base_url)
        return await self._registry.maker(job.provider).adapter.source(account, job.native_id, variant)

    async def _fetch(
        self, job: Job, variant: Variant, source: Source | Inline, path: Path, most: int
    ) -> tuple[int, str]:
        """Write a file of the provider's to a path, `most` bytes of it. Returns its length in bytes and its SHA-256."""
        if isinstance(source, Inline):
            return await _written(_decoded(source.encoded), path, most)
        return await _written(streaming.read(self._opener(job, variant, source)), path, most)

    async def _from_provider(self, job: Job, file: File, first: int, end: int) -> AsyncIterator[bytes]:
        if not self._registry.maker(job.provider).supports("source"):
            raise NotFound("The provider may not be asked for the file.", code="content_expired")
        source = await self._source(job, "video")
        if isinstance(source, Inline):
            length = len(source.encoded) // 4 * 3 - source.encoded[-2:].count("=")
            if length != file.size:
                raise ProviderFailed(f"The provider's file has {length} bytes now; it had {file.size}.")
            return await _begun(_decoded(source.encoded, first, end))
        return await _begun(streaming.read(self._opener(job, "video", source), first, end, file.size))

    def _opener(self, job: Job, variant: Variant, source: Source) -> streaming.Open:
        """Opens the file where it is: at `source` first, and where the provider says later on."""
        account = self._registry.account(job.provider, job.key, job.base_url)
        known: list[Source | Inline] = [source]

        @asynccontextmanager
        async def open_file(headers: dict[str, str]) -> AsyncIterator[Download]:
            where = known.pop() if known else await self._source(job, variant)
            if isinstance(where, Inline):
                raise ProviderFailed("The provider has the file in another place now.")
            sent = {**account.sent_along(where.url, where.headers), **headers}
            home, private = account.base_url, not public(account.base_url)
            async with self._http.download(
                where.url, headers=sent, proxy=account.proxy, home=home, private=private
            ) as download:
                yield download

        return open_file

    # ---- what is to go ----------------------------------------------------------------------------------------

    async def work(self) -> None:
        """Delete what is to be deleted until cancelled."""
        while True:
            try:
                await self.sweep()
            except (SQLAlchemyError, OSError, StorageError) as error:
                log.warning("cannot look for files to delete", error=str(error))
            except Exception:  # whatever it is, the next sweep must come
                log.exception("deleting files failed")
            await asyncio.sleep(SWEEP)

    async def sweep(self) -> None:
        """Delete what has been kept for long enough, in the archive and in the cache of this machine."""
        await self._cache.shrink()
        keys = await self._cache.keys()
        for begin in range(0, len(keys), SWEPT_AT_ONCE):
            for key in await self._files.over(keys[begin : begin + SWEPT_AT_ONCE]):
                try:
                    await self._cache.delete(key)
                except StorageError as error:
                    log.error("a file cannot be deleted from the cache", key=key, error=str(error))
        async for file in self._due(None):
            await self._files.deleted(file)
        if self._archive is None:
            return
        async for file in self._due(self._archive.name):
            try:
                await self._archive.delete(file.key)
            except StorageError as error:
                log.error("a file cannot be deleted", job=file.job_id, key=file.key, error=str(error))
                continue
            await self._files.deleted(file)
            log.info("a file was deleted", job=file.job_id, key=file.key)

    async def _due(self, store: str | None) -> AsyncIterator[File]:
        """What is to be deleted now; what cannot be is passed, and keeps nothing else from it."""
        last: File | None = None
        while found := await self._files.due(store, last, SWEPT_AT_ONCE):
            for file in found:
                yield file
            last = found[-1]


def _remember(sha256: str, found: Film) -> None:
    examined[sha256] = found
    if len(examined) > REMEMBERED:
        del examined[next(iter(examined))]


def _until(job: Job, file: File) -> datetime | None:
    """Until when the file can be had: for as long as it is kept; where nothing keeps it, as long as the provider has it."""
    ends = [file.delete_at, job.expires_at if file.store is None else None]
    return min((end for end in ends if end is not None), default=None)


def _seen(job: Job, found: Film) -> dict[str, str]:
    """Length and size as the file has them, where nobody has said them."""
    seen: dict[str, str] = {}
    if job.seconds is None:
        seen["seconds"] = f"{round(found.seconds, 2):g}"
    if job.size is None:
        seen["size"] = f"{found.width}x{found.height}"
    return seen


async def _begun(pieces: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    """The same pieces, the first of which is there: what can go wrong before it has gone wrong."""
    first = await anext(pieces, b"")

    async def all_of_them() -> AsyncIterator[bytes]:
        async with aclosing(pieces):
            yield first
            async for piece in pieces:
                yield piece

    return all_of_them()


async def _decoded(encoded: str, first: int = 0, end: int | None = None) -> AsyncGenerator[bytes]:
    """Base64 -> the bytes from `first` up to `end`, a piece at a time. Raises ProviderFailed for what is none."""
    position = first - first % 3  # four characters are three bytes
    while end is None or position < end:
        begin = position // 3 * 4
        try:
            piece = await asyncio.to_thread(b64decode, encoded[begin : begin + 4 * PIECE], validate=True)
        except ValueError:
            raise ProviderFailed("The provider's answer holds a video that is not valid base64.") from None
        if not piece:
            return
        yield piece[max(0, first - position) : None if end is None else end - position]
        position += 3 * PIECE


async def _in_time(making: Coroutine[Any, Any, File]) -> File:
    try:
        async with asyncio.timeout(PATIENCE):
            return await making
    except TimeoutError:
        raise ProviderTimeout("The file could not be had in time.") from None


async def _written(pieces: AsyncIterator[bytes], path: Path, most: int) -> tuple[int, str]:
    """Write pieces to a file. Returns their length in bytes and their SHA-256. Raises InvalidOutput and StorageError."""
    digest, size, waiting = hashlib.sha256(), 0, bytearray()

    def write(piece: bytes) -> None:
        digest.update(piece)
        file.write(piece)

    try:
        with await asyncio.to_thread(path.open, "wb", 0) as file:
            async for piece in pieces:
                size += len(piece)
                if size > most:
                    raise InvalidOutput(f"The provider's file is larger than {most} bytes.")
                waiting += piece
                if len(waiting) >= PIECE:
                    full, waiting = bytes(waiting), bytearray()
                    await asyncio.to_thread(write, full)
            await asyncio.to_thread(write, bytes(waiting))
    except OSError as error:
        raise StorageError(f"The file cannot be written: {error.strerror}.") from error
    return size, digest.hexdigest()


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(256 * 1024)  # a JPEG may say late how large it is


def _digest(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return file.tell(), digest.hexdigest()
