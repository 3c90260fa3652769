"""The archive: what it has is what was kept, for as long as it is to be, and can be read without the gateway."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import psycopg
import pytest
import requests
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from handlers.jobs import outputs
from tests.gateway import BOB, Gateway
from tests.handlers.buckets import bucket, client
from tests.handlers.studio import Studio, content, kept, made, studio_of, until
from tests.handlers.wire import ROOT, clip, dsn, serving

# ---- checksums -----------------------------------------------------------------------------------------------------


class Damaging:
    """What stands before an S3 and, while it is `on`, changes one byte of what is uploaded."""

    def __init__(self, there: str) -> None:
        self.there = there
        self.on = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = bytearray(await request.body())
        if request.method == "PUT" and self.on:
            body[len(body) // 2] ^= 1
        headers = {k: v for k, v in request.headers.items() if k not in ("host", "content-length")}
        url = f"{self.there}{scope['path']}?{scope['query_string'].decode()}"
        send_on = partial(requests.request, request.method, url, headers=headers, data=bytes(body), timeout=10)
        answer = await asyncio.to_thread(send_on)
        passed_on = {k: v for k, v in answer.headers.items() if k.lower() not in ("connection", "date", "server")}
        await Response(answer.content, answer.status_code, passed_on)(scope, receive, send)


def test_a_file_that_the_archive_has_changed_does_not_count_as_kept(tmp_path: Path) -> None:
    with bucket() as storage:
        damaging = Damaging(os.environ["AWS_ENDPOINT_URL"])
        app: ASGIApp = damaging
        with serving(app) as between:
            os.environ["AWS_ENDPOINT_URL"] = between
            studio = Studio(clip())
            with studio_of(tmp_path, studio, storage=storage) as gateway:
                job = gateway.create("a film", model="openai/x")["id"]
                until(lambda: len(studio.asked) >= 3)
                assert gateway.ask("GET", f"/v1/videos/{job}").json()["status"] == "in_progress"
                damaging.on = False
                assert gateway.finished(job)["status"] == "completed"
                assert content(gateway, job).content == clip()


def verify(directory: Path, gateway: Gateway, storage: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "DATABASE_URL": dsn(gateway),
        "REELGATE_DATA_DIR": str(directory),
        "REELGATE_STORAGE": storage,
        "REELGATE_SANDBOX": "true",
    }
    command = [sys.executable, "-c", "from reelgate.cli import app; app(['verify'])"]
    return subprocess.run(
        command, env=dict(os.environ) | environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_an_operator_finds_what_was_changed_or_lost_in_the_archive(tmp_path: Path) -> None:
    storage = f"file:{tmp_path}/archive"
    with studio_of(tmp_path / "data", Studio(clip()), storage=storage) as gateway:
        jobs = [made(gateway)["id"] for _ in range(3)]
        good = verify(tmp_path / "data", gateway, storage)
        assert (good.returncode, good.stdout) == (0, "3 files, 0 of them damaged\n"), good.stderr
        (tmp_path / "archive" / jobs[1] / "video.mp4").write_bytes(clip()[:-1] + b"!")
        (tmp_path / "archive" / jobs[2] / "video.mp4").unlink()
        bad = verify(tmp_path / "data", gateway, storage)
        assert bad.returncode == 1
        assert f"{jobs[1]}/video.mp4: " in bad.stdout and "another checksum" in bad.stdout
        assert f"{jobs[2]}/video.mp4: The file is not there." in bad.stdout
        assert bad.stdout.endswith("3 files, 2 of them damaged\n")
        # What is damaged is not worked with, and what is lost is fetched from the provider as long as that has it.
        assert content(gateway, jobs[1], variant="spritesheet").status_code == 503
        assert content(gateway, jobs[2]).content == clip()


def test_what_was_never_kept_is_not_missed(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(b"in the way")
    storage = f"file:{tmp_path}/archive"
    with studio_of(tmp_path / "data", Studio(clip()), storage=storage) as gateway:
        gateway.create("a film", model="openai/x")
        with psycopg.connect(dsn(gateway), autocommit=True) as connection:
            until(lambda: connection.execute("SELECT count(*) FROM files").fetchone() == (1,))
        told = verify(tmp_path / "data", gateway, storage)
        assert (told.returncode, told.stdout) == (0, "0 files, 0 of them damaged\n")


def test_there_is_nothing_to_verify_without_an_archive(tmp_path: Path) -> None:
    with studio_of(tmp_path, Studio(clip())) as gateway:
        told = verify(tmp_path, gateway, "")
        assert told.returncode == 2 and "REELGATE_STORAGE is not set" in told.stderr


# ---- what is to go -------------------------------------------------------------------------------------------------


SECOND = 1 / 86_400  # days


@pytest.mark.parametrize("storage", ["folder", "bucket", "cache"])
def test_retention_deletes_what_it_should_and_nothing_else(
    tmp_path: Path, storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "SWEEP", 0.2)
    keep = {"alice": 6 * SECOND}
    with bucket() as s3:
        place = {"folder": f"file:{tmp_path}/archive", "bucket": s3, "cache": None}[storage]

        def there() -> set[str]:
            if storage == "bucket":
                found = client().list_objects_v2(Bucket=s3.split("/")[2]).get("Contents", [])
                return {each["Key"].removeprefix("kept/") for each in found}
            return kept(tmp_path / ("archive" if storage == "folder" else "data/cache/files"))

        studio = Studio(clip())
        with studio_of(tmp_path / "data", studio, storage=place, retention_days=keep) as gateway:
            bobs = gateway.ask("POST", "/v1/videos", BOB, json={"model": "openai/x", "prompt": "x"}).json()["id"]
            assert "expires_at" not in gateway.finished(bobs, key=BOB)
            first = made(gateway)
            assert 5 <= first["expires_at"] - first["completed_at"] <= 7
            assert content(gateway, first["id"], variant="thumbnail").status_code == 200
            assert {f"{bobs}/video.mp4", f"{first['id']}/video.mp4", f"{first['id']}/thumbnail.webp"} == there()
            until(lambda: content(gateway, first["id"]).status_code == 404)
            assert content(gateway, first["id"]).json()["error"]["code"] == "content_expired"
            assert content(gateway, first["id"], variant="thumbnail").status_code == 404
            assert content(gateway, first["id"], variant="spritesheet").status_code == 404
            until(lambda: there() == {f"{bobs}/video.mp4"})
            assert content(gateway, bobs, BOB).content == clip()
            later = made(gateway)
            assert content(gateway, later["id"]).content == clip()
            assert gateway.ask("GET", f"/v1/videos/{first['id']}").json()["status"] == "completed"


def test_what_cannot_be_deleted_keeps_nothing_else_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "SWEEP", 0.2)
    monkeypatch.setattr(outputs, "SWEPT_AT_ONCE", 2)
    with studio_of(tmp_path / "data", Studio(clip()), storage=f"file:{tmp_path}/archive") as gateway:
        stuck = [made(gateway)["id"] for _ in range(4)]
        last = made(gateway)["id"]
        for video_id in stuck:
            file = tmp_path / "archive" / video_id / "video.mp4"
            file.unlink()
            (file / "a folder in its place").mkdir(parents=True)
        for video_id in [*stuck, last]:
            assert gateway.ask("DELETE", f"/v1/videos/{video_id}").status_code == 200
        until(lambda: not (tmp_path / "archive" / last / "video.mp4").exists())


def test_a_virtual_key_says_for_how_long_the_files_of_its_jobs_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "SWEEP", 0.2)
    settings = {"storage": f"file:{tmp_path}/archive", "retention_days": {"": 100 * SECOND}, "api_keys": {}}
    with studio_of(tmp_path / "data", Studio(clip()), **settings) as gateway:
        body = {"name": "brief", "allow_all_providers": True, "retention_days": 5 * SECOND}
        key = gateway.ask("POST", "/api/governance/virtual-keys", json=body).json()["virtual_key"]["value"]
        brief, usual = made(gateway, key=key), made(gateway)
        assert 4 <= brief["expires_at"] - brief["completed_at"] <= 6
        assert 90 <= usual["expires_at"] - usual["completed_at"] <= 110
        until(lambda: kept(tmp_path / "archive") == {f"{usual['id']}/video.mp4"})


class Slow(Damaging):
    """What stands before an S3 and lets an upload wait."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.on = False
        if scope["method"] == "PUT":
            await asyncio.sleep(2)
        await super().__call__(scope, receive, send)


def test_a_file_that_is_being_uploaded_while_its_job_is_deleted_goes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "SWEEP", 0.2)
    with bucket() as storage:
        bare, name = os.environ["AWS_ENDPOINT_URL"], storage.split("/")[2]
        with serving(Slow(bare)) as between:
            os.environ["AWS_ENDPOINT_URL"] = between
            with studio_of(tmp_path, Studio(clip()), storage=storage) as gateway:
                job = gateway.create("a film", model="openai/x")["id"]
                with psycopg.connect(dsn(gateway), autocommit=True) as connection:
                    query = "SELECT deleted_at IS NOT NULL FROM files WHERE job_id = %s"
                    until(lambda: connection.execute(query, [job]).fetchone() == (False,))
                    assert gateway.ask("DELETE", f"/v1/videos/{job}").status_code == 200
                    until(lambda: connection.execute(query, [job]).fetchone() == (True,))
                    time.sleep(4)  # until the upload is over
                    until(lambda: connection.execute(query, [job]).fetchone() == (True,))
                assert "Contents" not in client(bare).list_objects_v2(Bucket=name)


@pytest.mark.parametrize("storage", [True, False], ids=["archive", "cache"])
def test_who_deletes_a_video_deletes_its_files_and_no_others(
    tmp_path: Path, storage: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "SWEEP", 0.2)
    place = f"file:{tmp_path}/archive" if storage else None
    where = tmp_path / ("archive" if storage else "data/cache/files")
    studio = Studio(clip())
    with studio_of(tmp_path / "data", studio, storage=place) as gateway:
        one, other = made(gateway)["id"], made(gateway)["id"]
        for variant in ("thumbnail", "spritesheet"):
            assert content(gateway, one, variant=variant).status_code == 200
        files = {f"{one}/{name}" for name in ("video.mp4", "thumbnail.webp", "spritesheet.jpg")}
        assert kept(where) == files | {f"{other}/video.mp4"}
        assert gateway.ask("DELETE", f"/v1/videos/{one}").status_code == 200
        assert content(gateway, one).status_code == 404
        until(lambda: kept(where) == {f"{other}/video.mp4"})
        assert content(gateway, other).content == clip()


def test_a_file_that_is_kept_while_its_job_is_deleted_goes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "SWEEP", 0.2)

    async def trickle() -> AsyncIterator[bytes]:
        yield clip()[:100]
        await asyncio.sleep(2)
        yield clip()[100:]

    studio = Studio(clip(), lambda *_: StreamingResponse(trickle(), headers={"content-length": str(len(clip()))}))
    with studio_of(tmp_path / "data", studio, storage=f"file:{tmp_path}/archive") as gateway:
        job = gateway.create("a film", model="openai/x")["id"]
        until(lambda: studio.asked)
        assert gateway.ask("DELETE", f"/v1/videos/{job}").json()["extra_fields"]["provider_outcome"] == "erased"
        with psycopg.connect(dsn(gateway), autocommit=True) as connection:
            query = "SELECT deleted_at IS NOT NULL FROM files WHERE job_id = %s"
            until(lambda: connection.execute(query, [job]).fetchone() == (True,))
        assert kept(tmp_path / "archive") == set()


# ---- redirects -----------------------------------------------------------------------------------------------------


def test_a_bucket_can_be_read_without_the_gateway_for_a_while(tmp_path: Path) -> None:
    with bucket() as storage, studio_of(tmp_path, Studio(clip()), storage=storage) as gateway:
        job = made(gateway)["id"]
        for method in ("GET", "HEAD"):
            answer = gateway.ask(
                method, f"/v1/videos/{job}/content", params={"redirect": "true"}, allow_redirects=False
            )
            assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "no-store")
            there = requests.request(method, answer.headers["Location"], timeout=10)
            assert (there.status_code, there.content) == (200, clip() if method == "GET" else b"")
            assert there.headers["Content-Type"] == "video/mp4"
        for text in (gateway.settings.model_dump_json(), *(each.url for each in gateway.exchanges)):
            assert "secret-of-the-test" not in text


@pytest.mark.parametrize("storage", [True, False])
def test_what_cannot_be_signed_is_streamed(tmp_path: Path, storage: bool) -> None:
    place = f"file:{tmp_path}/archive" if storage else None
    with studio_of(tmp_path / "data", Studio(clip()), storage=place) as gateway:
        job = made(gateway)["id"]
        assert content(gateway, job, redirect="true").content == clip()
