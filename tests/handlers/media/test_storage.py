"""Folders, buckets and the cache of a machine."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from handlers.media.cache import IN_USE, Cache
from handlers.media.storage import PIECE, Missing, StorageError, Store, store_at
from tests.handlers.buckets import bucket

BYTES = os.urandom(3 * PIECE + 17)


@pytest.fixture(params=["folder", "bucket", "cache"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    with ExitStack() as stack:
        match request.param:
            case "folder":
                yield store_at(f"file:{tmp_path}/kept")
            case "bucket":
                yield store_at(stack.enter_context(bucket()))
            case _:
                yield Cache(tmp_path / "cache", 10 * len(BYTES))


async def put(store: Store, key: str, content: bytes, directory: Path) -> None:
    path = directory / "to-keep"
    path.write_bytes(content)
    await store.put(key, path, "video/mp4")


async def read(store: Store, key: str, first: int, end: int) -> bytes:
    return b"".join([piece async for piece in await store.read(key, first, end)])


async def test_what_is_kept_is_read_again_in_any_part(store: Store, tmp_path: Path) -> None:
    await put(store, "job/video.mp4", BYTES, tmp_path)
    size = len(BYTES)
    for first, end in ((0, size), (0, 1), (size - 1, size), (5, 5), (0, 0), (PIECE - 1, 2 * PIECE + 1), (17, size)):
        assert await read(store, "job/video.mp4", first, end) == BYTES[first:end]


async def test_what_is_kept_twice_is_what_came_last(store: Store, tmp_path: Path) -> None:
    for content in (b"one", b"another"):
        await put(store, "job/video.mp4", content, tmp_path)
    assert await read(store, "job/video.mp4", 0, 7) == b"another"


async def test_what_is_not_there_is_said_so_before_it_is_read(store: Store, tmp_path: Path) -> None:
    await put(store, "job/video.mp4", b"x", tmp_path)
    for key in ("job/other.mp4", "nobody/video.mp4"):
        with pytest.raises(Missing):
            await store.read(key, 0, 1)


async def test_what_is_deleted_is_gone_and_may_be_deleted_again(store: Store, tmp_path: Path) -> None:
    for key in ("job/video.mp4", "job/thumbnail.webp", "other/video.mp4"):
        await put(store, key, b"x", tmp_path)
    for _ in range(2):
        await store.delete("job/video.mp4")
    with pytest.raises(Missing):
        await store.read("job/video.mp4", 0, 1)
    assert await read(store, "job/thumbnail.webp", 0, 1) == await read(store, "other/video.mp4", 0, 1) == b"x"


async def test_a_bucket_signs_urls_and_others_do_not(store: Store, tmp_path: Path) -> None:
    await put(store, "job/video.mp4", b"film", tmp_path)
    url = await store.link("job/video.mp4", "GET")
    assert (url is not None) is (store.name.startswith("s3:"))
    if url is not None:
        assert (await asyncio.to_thread(requests.get, url, timeout=5)).content == b"film"


@pytest.mark.parametrize(
    "url",
    [
        *("", "videos", "/var/videos", "file:", "file:///", "file://host/videos", "s3:", "s3://", "s3:///prefix"),
        *("ftp://host/x", "http://bucket/x", "s3://key:secret@bucket/x", "s3://bucket/x?region=eu", "gs://bucket#x"),
    ],
)
def test_a_url_that_is_no_storage_is_refused_in_words(url: str) -> None:
    with pytest.raises(ValueError, match=r"must be|takes no|cannot be used") as refused:
        store_at(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["file:/var/videos", "file:///var/videos", "file://localhost/var/videos/", "file:/var//videos"]
)
def test_one_place_has_one_name(url: str) -> None:
    assert store_at(url).name == "file:/var/videos"


async def test_a_bucket_that_cannot_be_reached_is_said_so_without_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bucket() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        gone = store_at(url)
        with pytest.raises(StorageError) as failed:
            await put(gone, "job/video.mp4", b"x", tmp_path)
    assert "127.0.0.1" not in str(failed.value) and "secret" not in str(failed.value)


async def test_a_folder_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        await put(store_at(f"file:{tmp_path}/file/below"), "job/video.mp4", b"x", tmp_path)


# ---- the cache ------------------------------------------------------------------------------------------------------


def age(cache: Cache, key: str, seconds: float) -> None:
    """Have a file look as if it had been used that long ago."""
    moment = time.time() - seconds
    os.utime(cache.root / key, (moment, moment))


async def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    large = Cache(tmp_path, 1000)
    for number in range(4):
        await put(large, f"{number}/video.mp4", bytes(100), tmp_path)
        age(large, f"{number}/video.mp4", 1000 - number)
    cache = Cache(tmp_path, 250)
    assert await read(cache, "0/video.mp4", 0, 1) == b"\0"  # which makes it the one that was used last
    await cache.shrink()
    assert await cache.keys() == ["3/video.mp4", "0/video.mp4"]
    assert not (cache.root / "1").exists()


async def test_what_is_in_use_stays_whatever_the_size(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 0)
    await put(cache, "a/video.mp4", bytes(100), tmp_path)
    assert await cache.has("a/video.mp4")
    await cache.shrink()
    assert await cache.keys() == ["a/video.mp4"]
    age(cache, "a/video.mp4", IN_USE + 1)
    await cache.shrink()
    assert await cache.keys() == []
    assert not await cache.has("a/video.mp4")


async def test_what_is_being_read_is_read_to_its_end(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 0)
    await put(cache, "a/video.mp4", BYTES, tmp_path)
    pieces = await cache.read("a/video.mp4", 0, len(BYTES))
    found = await anext(pieces)
    await cache.delete("a/video.mp4")
    assert found + b"".join([piece async for piece in pieces]) == BYTES


async def test_a_file_that_is_being_made_is_gone_unless_it_is_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 1000)
    async with cache.scratch() as path:
        path.write_bytes(b"half")
    async with cache.scratch() as path:
        path.write_bytes(b"whole")
        await cache.put("a/video.mp4", path, "video/mp4")
    assert await cache.keys() == ["a/video.mp4"] and not path.exists()


async def test_what_a_killed_process_was_making_is_swept_away(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 1000)
    async with cache.scratch() as path:
        left, fresh = path.with_name("left"), path.with_name("fresh")
        for each in (left, fresh):
            each.write_bytes(b"half")
        os.utime(left, (0, 0))
        await cache.shrink()
        assert (left.exists(), fresh.exists()) == (False, True)
