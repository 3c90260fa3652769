"""What a provider has made is fetched, examined and kept before the job is completed; and stays for as long as it is to."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import signal
import sqlite3
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from handlers.errors import ProviderFailed
from handlers.jobs import outputs, reconciling, tracking
from handlers.providers.registry import PROVIDERS
from tests.gateway import new_database, running
from tests.handlers.studio import QUICK, Studio, content, kept, made, studio_of, until
from tests.handlers.wire import SERVE, clip, configured, process, serving

MODELS = {
    "openai": "sora-2",
    "azure": "sora-2",
    "runway": "gen4.5",
    "xai": "grok-imagine-video",
    "replicate": "google/veo-3.1-fast",
    "openrouter": "google/veo-3.1",
    "gemini": "gemini-omni-1.1-flash",
    "vertex": "veo-3.1-generate-001",
    "vllm": "Wan-AI/Wan2.2-TI2V-5B-Diffusers",
    "sgl": "Wan-AI/Wan2.2-TI2V-5B-Diffusers",
}
# ---- kept -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("storage", [True, False], ids=["archive", "cache"])
def test_what_every_provider_has_made_outlives_the_provider(tmp_path: Path, storage: bool) -> None:
    """The emulators forget every job and lose every file, as providers do after hours or days."""
    archive = f"file:{tmp_path}/archive" if storage else None
    assert MODELS.keys() == PROVIDERS.keys()
    with running(tmp_path / "data", storage=archive, **QUICK) as gateway:
        jobs = {
            name: gateway.create("kept [sandbox:no-render]", model=f"{name}/{model}")["id"]
            for name, model in MODELS.items()
        }
        for name, job in jobs.items():
            done = gateway.finished(job)
            assert done["status"] == "completed", (name, done)
            assert done["videos"][0]["content_type"] == "video/mp4"
            assert done["videos"][0]["url"] == f"{gateway.url}/v1/videos/{job}/content"
            assert ("expires_at" in done) <= (not storage), "what is in the archive does not expire"
        tasks = tmp_path / "data" / "sandbox" / "sandbox.sqlite3"
        with contextlib.closing(sqlite3.connect(tasks)) as connection:
            connection.execute("DELETE FROM tasks")
            connection.commit()
        for film in (tmp_path / "data" / "sandbox" / "films").iterdir():
            film.unlink()
        for name, job in jobs.items():
            film = content(gateway, job)
            assert (film.status_code, film.content[4:8]) == (200, b"ftyp"), name
            assert film.headers["ETag"] == f'"{hashlib.sha256(film.content).hexdigest()}"'
            for variant, kind in (("thumbnail", "WEBP"), ("spritesheet", "JPEG")):
                picture = content(gateway, job, variant=variant)
                assert picture.status_code == 200, (name, variant, picture.text)
                with Image.open(io.BytesIO(picture.content)) as shown:
                    assert shown.format == kind, (name, variant)
        if storage:
            names = {"video.mp4", "thumbnail.webp", "spritesheet.jpg"}
            assert kept(tmp_path / "archive") == {f"{job}/{name}" for job in jobs.values() for name in names}


def test_a_job_is_not_completed_before_its_file_is_here(tmp_path: Path) -> None:
    held = Studio(clip(), lambda it, request, n: Response(status_code=503) if n < 3 else it.whole(request))
    with studio_of(tmp_path, held) as gateway:
        job = gateway.create("a film", model="openai/x")["id"]
        seen = until(lambda: held.asked and gateway.ask("GET", f"/v1/videos/{job}").json())
        assert (seen["status"], seen["progress"], "videos" in seen, "completed_at" in seen) == (
            "in_progress",
            100,
            False,
            False,
        )
        early = content(gateway, job)
        assert (early.status_code, early.json()["error"]["code"]) == (404, "video_not_completed")
        assert "in_progress" in early.json()["error"]["message"]
        assert gateway.finished(job)["status"] == "completed"
        assert content(gateway, job).content == clip()


def test_length_and_size_are_those_of_the_file_where_nobody_has_said_them(tmp_path: Path) -> None:
    with studio_of(tmp_path, Studio(clip())) as gateway:
        done = made(gateway)
        assert (done["seconds"], done["size"]) == ("1", "64x36")
        asked_for = made(gateway, seconds="4", size="1280x720")
        assert (asked_for["seconds"], asked_for["size"]) == ("4", "1280x720")


def test_a_file_is_fetched_once(tmp_path: Path) -> None:
    studio = Studio(clip())
    with studio_of(tmp_path, studio) as gateway:
        job = made(gateway)["id"]
        for _ in range(3):
            assert content(gateway, job).content == clip()
        first, second = (content(gateway, job, variant="thumbnail") for _ in range(2))
        assert first.content == second.content and first.headers["ETag"] == second.headers["ETag"]
        videos = [each for each in studio.asked if each.query_params.get("variant", "video") == "video"]
        assert len(videos) == 1


def test_a_picture_of_the_provider_s_is_its_own(tmp_path: Path) -> None:
    own = io.BytesIO()
    Image.effect_noise((400, 300), 80).convert("RGB").save(own, "JPEG", quality=95, icc_profile=bytes(5000))

    def answer(it: Studio, request: Request, _: int) -> Response:
        variant = request.query_params.get("variant", "video")
        return it.whole(request) if variant == "video" else Response(own.getvalue(), media_type="image/jpeg")

    with studio_of(tmp_path, Studio(clip(), answer)) as gateway:
        job = made(gateway)["id"]
        sheet = content(gateway, job, variant="spritesheet")
        assert (sheet.headers["Content-Type"], sheet.content) == ("image/jpeg", own.getvalue())


def test_a_picture_that_the_archive_has_lost_is_made_again(tmp_path: Path) -> None:
    """Most providers have the video only, and would give that for a picture."""
    with running(tmp_path / "data", storage=f"file:{tmp_path}/archive", **QUICK) as gateway:
        job = gateway.create("lost [sandbox:no-render]", model="vertex/veo-3.1-generate-001")["id"]
        gateway.finished(job)
        before = content(gateway, job, variant="thumbnail")
        (tmp_path / "archive" / job / "thumbnail.webp").unlink()
        again = content(gateway, job, variant="thumbnail")
        assert (again.status_code, again.content) == (200, before.content)
        assert (tmp_path / "archive" / job / "thumbnail.webp").exists()


def test_what_the_cache_has_let_go_of_comes_from_the_provider(tmp_path: Path) -> None:
    studio = Studio(clip())
    with studio_of(tmp_path, studio) as gateway:
        job = made(gateway)["id"]
        before = content(gateway, job)
        for path in (tmp_path / "cache" / "files").rglob("*.mp4"):
            path.unlink()
        again = content(gateway, job)
        assert (again.content, again.headers["ETag"]) == (before.content, before.headers["ETag"])
        assert content(gateway, job, variant="spritesheet").status_code == 200
        studio.answer = lambda *_: Response(status_code=404)
        gone = content(gateway, job)
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "content_expired")


def test_the_provider_s_own_url_is_shown_only_where_that_is_configured(tmp_path: Path) -> None:
    with serving(Studio(clip()).app) as url:
        shown = configured(openai=url)
        shown["providers"]["openai"]["send_back_provider_url"] = True  # type: ignore[index]
        for configuration, expected in ((configured(openai=url), None), (shown, f"{url}/videos/v")):
            with running(tmp_path / str(expected is None), configuration=configuration, **QUICK) as gateway:
                (video,) = made(gateway)["videos"]
                assert str(video.get("provider_url", "")).startswith(expected or "")
                assert ("provider_url" in video) is (expected is not None)


# ---- what is no video ----------------------------------------------------------------------------------------------


HTML = "<!DOCTYPE html><html><body>Please log in</body></html>"
BAD: dict[str, Callable[[Studio, Request, int], Response]] = {
    "empty": lambda *_: Response(b"", media_type="video/mp4"),
    "HTML": lambda *_: HTMLResponse(HTML),
    "HTML that says it is a video": lambda *_: Response(HTML, media_type="video/mp4"),
    "JSON": lambda *_: Response(b'{"error": "not yet"}', media_type="video/mp4"),
    "half of it": lambda it, *_: Response(it.film[: len(it.film) // 2], media_type="video/mp4"),
    "all but the end": lambda it, *_: Response(it.film[:-200], media_type="video/mp4"),
    "without its beginning": lambda it, *_: Response(it.film[100:], media_type="video/mp4"),
    "zeros": lambda it, *_: Response(bytes(len(it.film)), media_type="video/mp4"),
    "nothing there": lambda *_: Response(status_code=404),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_video_is_tried_again_and_then_fails_the_job(tmp_path: Path, what: str) -> None:
    studio = Studio(clip(), BAD[what])
    with studio_of(tmp_path, studio) as gateway:
        failed = made(gateway)
        assert (failed["status"], failed["error"]["code"]) == ("failed", "invalid_output")
        assert len(studio.asked) == 3
        assert "videos" not in failed and content(gateway, failed["id"]).status_code == 404
        assert kept(tmp_path / "cache") == set()


def test_what_is_a_video_after_all_completes_the_job(tmp_path: Path) -> None:
    with studio_of(
        tmp_path, Studio(clip(), lambda it, request, n: BAD["empty"](it, request, n) if n < 2 else it.whole(request))
    ) as gateway:
        assert made(gateway)["status"] == "completed"


def test_only_files_that_are_none_count_as_such(tmp_path: Path) -> None:
    """Two failures that pass, a file that is not there, and then it is."""
    answers = {0: 503, 1: 503, 2: 404, 3: 503, 4: 404}

    def answer(it: Studio, request: Request, n: int) -> Response:
        return Response(status_code=answers[n]) if n in answers else it.whole(request)

    with studio_of(tmp_path, Studio(clip(), answer)) as gateway:
        assert made(gateway)["status"] == "completed"


def test_a_job_that_may_fail_over_does_so_when_what_was_made_is_no_video(tmp_path: Path) -> None:
    bad, good = Studio(clip(), BAD["HTML"]), Studio(clip())
    with serving(bad.app) as one, serving(good.app) as other:
        configuration = configured(openai=one)
        spare = configured(openai=other)["providers"]["openai"] | {
            "custom_provider_config": {"base_provider_type": "openai"}
        }  # type: ignore[index,operator]
        configuration["providers"]["spare"] = spare  # type: ignore[index]
        with running(tmp_path, configuration=configuration, **QUICK) as gateway:
            done = made(gateway, fallbacks=["spare/x"], failover="job")
            assert (done["status"], done["model"]) == ("completed", "spare/x")
            trail = [(each["provider"], each["outcome"]) for each in done["extra_fields"]["attempts"]]
            assert trail == [("openai", "accepted"), ("openai", "job_failed"), ("spare", "accepted")]


# ---- a connection that breaks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_ranges", [True, False], ids=["with ranges", "without"])
def test_a_file_whose_connection_breaks_is_taken_up_where_it_broke(tmp_path: Path, has_ranges: bool) -> None:
    studio = Studio(
        clip(), lambda it, request, n: it.whole(request, cut=1000 * (n + 1) if n < 3 else None), has_ranges=has_ranges
    )
    with studio_of(tmp_path, studio) as gateway:
        job = made(gateway)["id"]
        assert content(gateway, job).content == clip()
        began = [each.headers.get("range", "bytes=0-") for each in studio.asked]
        assert len(began) == 4 and began[0] == "bytes=0-"
        assert all(each != "bytes=0-" for each in began[1:])


def test_a_download_whose_connection_to_the_provider_breaks_reaches_its_end(tmp_path: Path) -> None:
    studio = Studio(clip())
    with studio_of(tmp_path, studio) as gateway:
        job = made(gateway)["id"]
        for path in (tmp_path / "cache" / "files").rglob("*.mp4"):
            path.unlink()
        studio.asked.clear()
        studio.answer = lambda it, request, n: it.whole(request, cut=1500 if n < 2 else None)
        assert content(gateway, job).content == clip()
        assert len(studio.asked) == 3


def test_another_file_than_the_one_that_was_kept_is_not_served(tmp_path: Path) -> None:
    studio = Studio(clip())
    with studio_of(tmp_path, studio) as gateway:
        job = made(gateway)["id"]
        for path in (tmp_path / "cache" / "files").rglob("*.mp4"):
            path.unlink()
        studio.film = clip() + b"more"
        other = content(gateway, job)
        assert (other.status_code, other.json()["error"]["code"]) == (502, "provider_error")


# ---- slow -----------------------------------------------------------------------------------------------------------


def test_a_file_that_does_not_come_to_its_end_ends_with_its_job_and_keeps_no_other_provider_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "AT_ONCE", 1)
    monkeypatch.setattr(tracking, "TIME_TO_STORE", timedelta(seconds=4))
    monkeypatch.setattr(tracking, "LAST_TRY", 1.0)
    slow, good = Studio(clip(), lambda it, request, _: it.trickle(request)), Studio(clip())
    with serving(slow.app) as one, serving(good.app) as other:
        configuration = configured(openai=one)
        own = {"custom_provider_config": {"base_provider_type": "openai"}}
        configuration["providers"]["spare"] = configured(openai=other)["providers"]["openai"] | own  # type: ignore[index,operator]
        with running(tmp_path, configuration=configuration, job_deadline_minutes=4 / 60, **QUICK) as gateway:
            dripping = [gateway.create("a film", model="openai/x")["id"] for _ in range(2)]
            until(lambda: slow.asked)
            assert gateway.finished(gateway.create("a film", model="spare/x")["id"])["status"] == "completed"
            for job in dripping:
                failed = gateway.finished(job)
                assert (failed["status"], failed["error"]["code"]) == ("failed", "timeout")
            until(lambda: kept(tmp_path / "cache" / "under-way") == set())


def test_a_job_that_is_finished_late_keeps_no_other_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("FIRST", 0.2), ("SWEEP", 0.1), ("SLOWEST", 0.5)):
        monkeypatch.setattr(reconciling, name, seconds)
    monkeypatch.setattr(tracking, "LATE", 0.5)
    studio = Studio(clip(), lambda it, request, n: it.trickle(request) if n == 0 else it.whole(request), done=False)
    with studio_of(tmp_path, studio, job_deadline_minutes=0.5 / 60) as gateway:
        jobs = [made(gateway) for _ in range(2)]
        assert {job["error"]["code"] for job in jobs} == {"timeout"}
        studio.done = True
        paths = [f"/v1/videos/{job['id']}" for job in jobs]
        until(lambda: "completed" in {gateway.ask("GET", path).json()["status"] for path in paths})
        assert len(studio.asked) == 2


# ---- killed --------------------------------------------------------------------------------------------------------


def test_a_server_that_is_killed_while_it_fetches_a_file_has_it_fetched_again(tmp_path: Path) -> None:
    slow = Studio(clip(), lambda it, request, n: Response(status_code=503) if n < 2 else it.whole(request))
    database = new_database()
    with serving(slow.app) as url:
        environment = {
            "PORT": "0",
            "DATABASE_URL": database,
            "REELGATE_DATA_DIR": str(tmp_path / "data"),
            "REELGATE_STORAGE": f"file:{tmp_path}/archive",
            "OPENAI_API_KEY": "sk-of-the-test",
            "OPENAI_BASE_URL": url,
            "REELGATE_POLL_SECONDS": "0.2",
        }
        with process(SERVE, "is ready on", tmp_path / "one.log", **environment) as (first, line):
            base = line.split()[-1]
            job = requests.post(f"{base}/v1/videos", json={"model": "openai/x", "prompt": "x"}, timeout=10).json()["id"]
            until(lambda: slow.asked)
            first.send_signal(signal.SIGKILL)
            first.wait(10)
        with psycopg.connect(database) as connection:
            (state,) = connection.execute("SELECT state FROM jobs WHERE id = %s", [job]).fetchone() or ("",)
            assert state == "storing"
        slow.answer = lambda it, request, _: it.whole(request)
        with process(SERVE, "is ready on", tmp_path / "two.log", **environment) as (_, line):
            base = line.split()[-1]
            until(lambda: requests.get(f"{base}/v1/videos/{job}", timeout=10).json()["status"] == "completed", 40)
            assert requests.get(f"{base}/v1/videos/{job}/content", timeout=10).content == clip()
    assert kept(tmp_path / "archive") == {f"{job}/video.mp4"}


# ---- inline --------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=40), st.integers(0, 45), st.integers(0, 45))
async def test_any_part_of_base64_is_what_it_is_of_the_bytes(content: bytes, first: int, end: int) -> None:
    encoded = b64encode(content).decode()
    assert b"".join([piece async for piece in outputs._decoded(encoded)]) == content
    first, end = min(first, end, len(content)), min(end, len(content))
    assert b"".join([piece async for piece in outputs._decoded(encoded, first, end)]) == content[first:end]


async def test_a_long_video_in_base64_is_decoded_a_piece_at_a_time() -> None:
    content = os.urandom(5 * outputs.PIECE + 1)
    pieces = [piece async for piece in outputs._decoded(b64encode(content).decode())]
    assert (b"".join(pieces), len(pieces)) == (content, 2)
    with pytest.raises(ProviderFailed):
        [piece async for piece in outputs._decoded("not base64!!")]
