"""Scenes become files: the same, whole, and once."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import pytest
from PIL import Image, ImageChops, ImageFont, ImageStat

from sandbox import render
from sandbox.film import shoot
from sandbox.picture import frames, printable, waves, wrap
from sandbox.render import Renderer
from sandbox.scene import Scene, dimensions

SMALL = Scene("A lighthouse in the fog", 320, 180, 1, audio=True)


def test_the_same_scene_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for target in (one, two):
        shoot(SMALL, None, target)
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("change", [{"prompt": "A lighthouse in the sun"}, {"seed": 1}])
def test_another_prompt_or_seed_looks_different(change: dict[str, object]) -> None:
    other = replace(SMALL, **change)  # type: ignore[arg-type]
    assert ImageChops.difference(waves(SMALL, 0), waves(other, 0)).getbbox() is not None
    assert other.key != SMALL.key


@pytest.mark.parametrize("size", ["320x180", "180:320", "272:272"])
@pytest.mark.parametrize("audio", [True, False])
def test_a_clip_has_the_size_length_and_tracks_that_were_asked_for(tmp_path: Path, size: str, audio: bool) -> None:
    width, height = dimensions(size)
    shoot(Scene("x", width, height, 2, audio), None, tmp_path / "clip")
    with av.open(tmp_path / "clip") as film:
        (video,) = film.streams.video
        assert (video.width, video.height, video.frames) == (width, height, 48)
        assert film.duration == pytest.approx(2_000_000, abs=50_000)
        assert len(film.streams.audio) == audio


def test_the_picture_moves() -> None:
    first, later = (frame for n, frame in enumerate(frames(SMALL, None)) if n in (0, 20))
    assert sum(ImageStat.Stat(ImageChops.difference(first, later)).mean) > 3


@pytest.mark.parametrize(
    "prompt", ["", " ", "夜の東京 🎹", "naïve\n\tfaçade\x00", "word " * 900, "x" * 900, "\u202e\ufeff"]
)
def test_any_prompt_can_be_drawn(prompt: str) -> None:
    assert next(frames(replace(SMALL, prompt=prompt), None)).size == (320, 180)


def test_text_is_wrapped_to_its_room_and_cut() -> None:
    font = ImageFont.load_default(20)
    lines = wrap("the quick brown fox " * 20, font, 200, most=3)
    assert len(lines) == 3
    assert lines[-1].endswith("...")
    assert all(font.getlength(line) <= 200 for line in lines)
    assert wrap("", font, 200, 3) == [""]


def test_accents_and_typographic_marks_are_put_in_ascii() -> None:
    assert printable("naïve — “façade”…\n") == 'naive - "facade"... '


async def test_concurrent_requests_render_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shot = []

    def counted(scene: Scene, opening: Image.Image | None, target: Path) -> None:
        shot.append(scene)
        shoot(scene, opening, target)

    monkeypatch.setattr(render, "shoot", counted)
    renderer = Renderer(tmp_path)
    renderer.start(SMALL)
    files = await asyncio.gather(*(renderer.file(SMALL, variant) for variant in ["video", "thumbnail"] * 4))
    assert shot == [SMALL]
    assert {file.suffix for file in files} == {".mp4", ".webp"}
    renderer.close()


def test_no_part_of_a_file_is_left_behind(tmp_path: Path) -> None:
    asyncio.run(Renderer(tmp_path).file(SMALL, "spritesheet"))
    assert {file.suffix for file in (tmp_path / "films").iterdir()} == {".mp4", ".jpg"}


async def test_what_was_rendered_before_a_restart_is_found(tmp_path: Path) -> None:
    before = await Renderer(tmp_path).file(SMALL)
    written = before.stat().st_mtime_ns
    after = await Renderer(tmp_path).file(SMALL)
    assert (after, after.stat().st_mtime_ns) == (before, written)


async def test_not_everything_is_rendered_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "AHEAD", 2)
    renderer = Renderer(tmp_path)
    for seed in range(5):
        renderer.start(replace(SMALL, seed=seed))
    assert len(renderer._running) <= 2
    assert (await renderer.file(replace(SMALL, seed=4))).exists()
    renderer.close()


async def test_the_same_image_may_come_twice_at_once(tmp_path: Path, picture: Callable[[int, int], bytes]) -> None:
    renderer, image = Renderer(tmp_path), picture(640, 640)
    names = await asyncio.gather(*(renderer.keep_input(image) for _ in range(8)))
    assert len(set(names)) == 1
    assert (tmp_path / "inputs" / names[0]).read_bytes() == image


async def test_an_image_opens_the_clip_and_dissolves(tmp_path: Path, picture: Callable[[int, int], bytes]) -> None:
    renderer = Renderer(tmp_path)
    scene = replace(SMALL, seconds=2, image=await renderer.keep_input(picture(100, 300)))
    with av.open(await renderer.file(scene)) as film:
        shown = itertools.islice(film.decode(video=0), 30)
        stills = [frame.to_image() for frame in shown]  # type: ignore[no-untyped-call]
    assert stills[0].getpixel((160, 30)) == pytest.approx((200, 30, 30), abs=14)
    change = [sum(ImageStat.Stat(ImageChops.difference(stills[0], still)).mean) for still in stills]
    assert change[0] == 0 < change[8] < change[16] < change[24]
