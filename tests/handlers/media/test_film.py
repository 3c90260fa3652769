"""Files are read by processes of their own, which nothing that is in a file takes further than that."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psutil
import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from handlers.media import confined, film
from handlers.media.film import Film, Unplayable, examine, spritesheet, thumbnail
from tests.handlers.wire import process

from .footage import number, numbers, repeat
from .test_containers import REELS, TYPES

T = TypeVar("T")


def reading(parent: int | None = None) -> list[psutil.Process]:
    """The processes that read a file just now, of this process or another."""
    found = []
    for child in psutil.Process(parent).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if "handlers.media.projector" in child.cmdline():
                found.append(child)
    return found


async def eventually(look: Callable[[], T]) -> T:
    """What is seen once it is true. AssertionError after 20 s."""
    async with asyncio.timeout(20):
        while not (seen := look()):  # noqa: ASYNC110  another process does not set our events
            await asyncio.sleep(0.01)
    return seen


def gone(pid: int) -> bool:
    """Whether a process has ended, waited for or not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A file that is never read to its end: nobody writes into this pipe."""
    os.mkfifo(tmp_path / "endless.mp4")
    return tmp_path / "endless.mp4"


@pytest.fixture(autouse=True)
def none_is_left() -> Iterator[None]:
    yield
    assert reading() == []


# ---- what it is for ---------------------------------------------------------------------------------------------------


@REELS
async def test_films_are_examined(reels: dict[str, Path], name: str) -> None:
    width, height = (64, 36) if name == "gif" else (320, 180)
    assert await examine(reels[name]) == Film(TYPES[name], pytest.approx(2, abs=0.05), width, height)


async def test_stills_are_made(reels: dict[str, Path], tmp_path: Path) -> None:
    await thumbnail(reels["webm"], tmp_path / "thumbnail.webp")
    with Image.open(tmp_path / "thumbnail.webp") as image:
        assert (image.format, number(image)) == ("WEBP", 24)
    await spritesheet(reels["webm"], tmp_path / "sheet.jpg")
    assert numbers(tmp_path / "sheet.jpg") == [place * 48 // 20 for place in range(20)]


@pytest.mark.parametrize("name", ["a clip.mp4", "-clip.mp4", "data:clip.mp4", "%d.mp4", "ünï.mp4", "clip\n.mp4"])
async def test_any_name_is_a_name(reels: dict[str, Path], tmp_path: Path, name: str) -> None:
    (clip := tmp_path / name).write_bytes(reels["index in front"].read_bytes())
    assert (await examine(clip)).width == 320
    with contextlib.chdir(tmp_path):
        assert (await examine(Path(name))).width == 320


async def test_what_is_no_video_is_said(tmp_path: Path) -> None:
    (page := tmp_path / "video.mp4").write_text("<!DOCTYPE html><title>Sign in</title>")
    for look in (examine(page), thumbnail(page, tmp_path / "still"), spritesheet(page, tmp_path / "still")):
        with pytest.raises(Unplayable, match=r"^it is not a video that can be played: it begins like HTML$"):
            await look
    assert not (tmp_path / "still").exists()


async def test_the_disks_fault_is_not_the_films(reels: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing/still\.webp"):
        await thumbnail(reels["webm"], tmp_path / "missing" / "still.webp")
    with pytest.raises(FileNotFoundError, match=r"missing\.mp4"):
        await examine(tmp_path / "missing.mp4")


# ---- what it withstands -----------------------------------------------------------------------------------------------


async def test_a_process_that_dies_makes_a_film_unplayable(endless: Path, tmp_path: Path) -> None:
    for look in (examine(endless), thumbnail(endless, tmp_path / "still"), spritesheet(endless, tmp_path / "still")):
        looking = asyncio.ensure_future(look)
        (reader,) = await eventually(reading)
        reader.kill()
        with pytest.raises(Unplayable, match=r"^reading it fails$"):
            await looking


async def test_a_process_that_dies_at_work_makes_a_film_unplayable(tmp_path: Path) -> None:
    clip = repeat(tmp_path / "clip.mp4", 300, (1920, 1080), "31", keys=False)
    looking = asyncio.ensure_future(spritesheet(clip, tmp_path / "sheet.jpg"))
    (reader,) = await eventually(reading)
    await eventually(lambda: reader.cpu_times().user > 0.3)  # of about 3 s
    reader.kill()
    with pytest.raises(Unplayable, match=r"^reading it fails$"):
        await looking


async def test_patience_ends(endless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film, "PATIENCE", 0.2)
    with pytest.raises(Unplayable, match=r"^it takes too long to read$"):
        await examine(endless)
    assert reading() == []


async def test_cancelled_it_ends_the_process(endless: Path) -> None:
    looking = asyncio.ensure_future(examine(endless))
    (reader,) = await eventually(reading)
    reader.suspend()  # not even one that does not react at all
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert gone(reader.pid)


@pytest.mark.filterwarnings("error")
async def test_cancelled_at_any_moment_it_leaves_nothing(endless: Path) -> None:
    for steps in range(10):
        looking = asyncio.ensure_future(examine(endless))
        for _ in range(steps):
            await asyncio.sleep(0)
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
        assert reading() == []


async def test_there_are_two_at_most(reels: dict[str, Path]) -> None:
    looks = [asyncio.ensure_future(examine(reels["webm"])) for _ in range(8)]
    most = 0
    while not all(look.done() for look in looks):
        most = max(most, len(reading()))
        await asyncio.sleep(0.002)
    assert most == 2


async def test_those_that_were_cancelled_make_room(endless: Path, reels: dict[str, Path]) -> None:
    looks = [asyncio.ensure_future(examine(endless)) for _ in range(4)]
    await eventually(lambda: len(reading()) == 2)
    for look in looks:
        look.cancel()
    await asyncio.gather(*looks, return_exceptions=True)
    assert (await examine(reels["webm"])).width == 320


async def test_a_process_knows_nothing_and_may_little(endless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-xyzzy")
    looking = asyncio.ensure_future(examine(endless))
    (reader,) = await eventually(reading)
    await eventually(lambda: reader.num_threads() == 2)  # the last thing before it begins
    assert "xyzzy" not in str(reader.environ())
    assert os.getsid(reader.pid) == reader.pid  # so that Ctrl-C does not reach it
    assert reader.nice() == os.getpriority(os.PRIO_PROCESS, 0) + 10
    if sys.platform == "linux":
        assert reader.rlimit(resource.RLIMIT_AS) == (confined.MEMORY, confined.MEMORY)
        assert await asyncio.to_thread(Path(f"/proc/{reader.pid}/oom_score_adj").read_text) == "1000\n"
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_the_bytes_are_it_is_a_film_or_unplayable(
    reels: dict[str, Path], tmp_path: Path, data: st.DataObject
) -> None:
    content = bytearray(reels[data.draw(st.sampled_from(sorted(TYPES)))].read_bytes()[:8000])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        match data.draw(st.sampled_from(["flip", "cut", "insert", "repeat"])):
            case "flip":
                content[at : at + 1] = data.draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del content[at : at + data.draw(st.integers(1, 400))]
            case "insert":
                content[at:at] = data.draw(st.binary(max_size=20))
            case "repeat":
                content[at:at] = content[at : at + data.draw(st.integers(1, 400))]
    (clip := tmp_path / "clip").write_bytes(content)

    async def look() -> None:
        with contextlib.suppress(Unplayable):
            assert isinstance(await examine(clip), Film)

    asyncio.run(look())


# ---- the loop, and its end --------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def ticking(gaps: list[float]) -> AsyncIterator[None]:
    """Writes down how long each pause of 5 ms was in truth, seconds."""

    async def tick() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            gaps.append(time.perf_counter() - before)

    ticks = asyncio.ensure_future(tick())
    yield
    ticks.cancel()


async def test_the_loop_goes_on_while_stills_are_made(tmp_path: Path) -> None:
    clip = repeat(tmp_path / "clip.mp4", 300, (1920, 1080), "31", keys=False)
    gaps: list[float] = []
    begun = time.perf_counter()
    async with ticking(gaps):
        await spritesheet(clip, tmp_path / "sheet.jpg")
    taken = time.perf_counter() - begun
    print(f"a sheet took {taken:.3f} s, the longest of {len(gaps)} pauses of 0.005 s took {max(gaps):.3f} s")
    assert len(gaps) > 50
    assert max(gaps) < taken / 4


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_it_works_on_the_loop_of_any_thread(reels: dict[str, Path], run: Callable[..., Film]) -> None:
    found = []

    def look() -> None:
        found.extend(run(examine(reels[name])).media_type for name in ("webm", "gif"))  # one loop after the other

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    look()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["image/gif"] * 4 + ["video/webm"] * 4


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_with_the_loop_its_processes_end(endless: Path, run: Callable[..., int]) -> None:
    async def leave() -> int:
        leave.looking = asyncio.ensure_future(examine(endless))  # type: ignore[attr-defined]
        (reader,) = await eventually(reading)
        return reader.pid

    assert gone(run(leave()))


LOOK = """
import asyncio, os, sys
from pathlib import Path
from typing import TypeVar
import psutil
from handlers.media.film import examine, spritesheet

async def main():
    clip = Path(os.environ["CLIP"])
    looking = asyncio.ensure_future(spritesheet(clip, clip.with_suffix(".jpg")) if "SHEET" in os.environ else examine(clip))
    while not (children := psutil.Process().children()):
        await asyncio.sleep(0.01)
    print("child", children[0].pid, flush=True)
    print("film", await looking, flush=True)
"""


async def test_killed_the_gateway_leaves_none_behind(endless: Path, tmp_path: Path) -> None:
    with process(f"{LOOK}\nasyncio.run(main())", "child", tmp_path / "log", CLIP=str(endless)) as (gateway, line):
        reader = int(line.split()[1])
        assert not gone(reader)
        gateway.kill()
        await eventually(lambda: gone(reader))


async def test_killed_the_gateway_stops_what_is_decoded(tmp_path: Path) -> None:
    clip = repeat(tmp_path / "clip.mp4", 2000, (1920, 1080), "31", keys=False)
    environment = {"CLIP": str(clip), "SHEET": "yes"}
    with process(f"{LOOK}\nasyncio.run(main())", "child", tmp_path / "log", **environment) as (gateway, line):
        reader = psutil.Process(int(line.split()[1]))
        await eventually(lambda: reader.cpu_times().user > 0.3)  # of about 20 s
        gateway.kill()
        await eventually(lambda: gone(reader.pid))
    assert not (tmp_path / "clip.jpg").exists()


@pytest.mark.parametrize("relative", [True, False])
def test_it_does_not_matter_how_the_gateway_was_started(reels: dict[str, Path], tmp_path: Path, relative: bool) -> None:
    """As `python -m reelgate`, whose module has no guard and says `from .cli`, or as a script."""
    package = tmp_path / "started"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "look.py").write_text(LOOK)
    (package / "__main__.py").write_text(
        f"import asyncio\nfrom {'.' if relative else ''}look import main\nasyncio.run(main())"
    )
    how = (
        "run_module('started', run_name='__main__')" if relative else f"run_path({str(package)!r}, run_name='__main__')"
    )
    code = f"import runpy, sys; sys.path.insert(0, {str(tmp_path)!r}); runpy.{how}"
    with process(code, "film", tmp_path / "log", CLIP=str(reels["webm"])) as (_, line):
        assert "video/webm" in line
    assert (tmp_path / "log").read_text() == ""
