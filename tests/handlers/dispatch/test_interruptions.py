"""A create that something comes in between: the server stops, the job is deleted, an answer is lost. Nothing is paid twice."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from handlers.dispatch import placing
from tests.gateway import Gateway, new_database, running
from tests.handlers.wire import Cable, Origin, Received, Steps, configured, origin, reply

JOB = {"object": "video", "model": "m", "status": "queued", "progress": 0, "created_at": 1, "size": "1280x720"}
QUICK = {"retry_backoff_initial": 1, "retry_backoff_max": 2}


def provider(request: Received) -> Steps:
    """What it answers stands in the prompt."""

    def answer(status: int, body: dict[str, Any]) -> bytes:
        return reply(status, json.dumps(body).encode(), content_type="application/json")

    def error(code: str | None) -> dict[str, Any]:
        return {"error": {"message": "no", "type": "x", "param": None, "code": code}}

    if request.method == "DELETE":
        return [answer(200, {"id": "v", "object": "video.deleted", "deleted": True})]
    if b"finished" in request.body:
        return [answer(200, {**JOB, "id": "v", "seconds": "4", "status": "completed", "progress": 100})]
    if b"moderated" in request.body:
        return [1.0, answer(400, error("moderation_blocked"))]
    if b"breaks" in request.body and b"first" in request.body:
        return [1.0, answer(500, error(None))]
    if b"dawdles" in request.body:
        return [2.4, answer(200, {**JOB, "id": "v", "seconds": "4"})]
    if b"hangs" in request.body:
        return [6.0, answer(200, {**JOB, "id": "v", "seconds": "4"})]
    return [answer(200, {**JOB, "id": "v", "seconds": "4"})]


@pytest.fixture(scope="module")
def upstream() -> Iterator[Origin]:
    with origin(provider) as listening:
        yield listening


@pytest.fixture(scope="module")
def gateway(upstream: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    directory, settings = tmp_path_factory.mktemp("interrupted"), configured(openai=upstream.url, network=QUICK)
    with running(directory, configuration=settings, worker=False) as it:
        yield it


def create(gateway: Gateway, prompt: str, headers: dict[str, str] | None = None, **body: Any) -> requests.Response:
    return gateway.ask(
        "POST", "/v1/videos", json={"model": "openai/first", "prompt": prompt, **body}, headers=headers or {}
    )


def newest(gateway: Gateway) -> dict[str, Any]:
    job: dict[str, Any] = gateway.ask("GET", "/v1/videos?limit=1").json()["data"][0]
    return job


@pytest.mark.parametrize("prompt", ["moderated", "breaks"])
def test_a_job_deleted_while_it_is_refused_goes_no_further(gateway: Gateway, upstream: Origin, prompt: str) -> None:
    before = len(upstream.received)
    with ThreadPoolExecutor() as pool:
        creating = pool.submit(create, gateway, prompt, fallbacks=["openai/second"])
        until = time.monotonic() + 10
        while len(upstream.received) == before and time.monotonic() < until:
            time.sleep(0.02)
        assert gateway.ask("DELETE", f"/v1/videos/{newest(gateway)['id']}").status_code == 200
        refused = creating.result()
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "video_deleted")
    assert [request.method for request in upstream.received[before:]] == ["POST"]


def test_a_finished_job_is_not_taken_for_deleted_when_only_the_word_of_the_database_is_lost(
    upstream: Origin, tmp_path: Path
) -> None:
    cable, cut = Cable(new_database()), list[bytes]()

    def once(data: bytes) -> bool:
        if b"UPDATE jobs" in data and b"storing" in data and not cut:
            cut.append(data)
            return True
        return False

    before = len(upstream.received)
    settings = configured(openai=upstream.url, network=QUICK)
    with cable.plugged_in(), running(tmp_path, cable.url, configuration=settings, worker=False) as gateway:
        cable.deafen = once
        made = create(gateway, "finished")
    assert (made.status_code, made.json()["status"], made.json()["progress"], len(cut)) == (200, "in_progress", 100, 1)
    assert [request.method for request in upstream.received[before:]] == ["POST"]


def test_a_job_that_is_taken_while_the_database_is_away_is_written_down_when_it_is_back(
    upstream: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "WRITE_TRIES", 2)
    cable, once = Cable(new_database()), {"Idempotency-Key": "away"}
    before = len(upstream.received)
    settings = configured(openai=upstream.url, network=QUICK)
    with (
        ThreadPoolExecutor() as pool,
        cable.plugged_in(),
        running(tmp_path, cable.url, configuration=settings, worker=False) as gateway,
    ):
        creating = pool.submit(create, gateway, "dawdles", once)
        until(lambda: len(upstream.received) > before)
        cable.pull()
        told = creating.result()
        assert (told.status_code, told.json()["error"]["code"]) == (504, "submission_unknown")
        time.sleep(1)
        cable.plug()
        path = f"/v1/videos/{told.json()['extra_fields']['video_id']}"
        until(lambda: "provider_job_id" in gateway.ask("GET", path).text)
        again = create(gateway, "dawdles", once)
        assert (again.status_code, again.json()["extra_fields"]["provider_job_id"]) == (200, "v")
    assert [request.method for request in upstream.received[before:]] == ["POST"]


def until(happened: Callable[[], object], patience: float = 10) -> None:
    end = time.monotonic() + patience
    while not happened():
        assert time.monotonic() < end, f"it has not happened after {patience} s"
        time.sleep(0.02)


def test_a_server_that_stops_in_the_middle_of_a_create_says_that_its_outcome_is_unknown(
    upstream: Origin, tmp_path: Path
) -> None:
    database, settings = new_database(), configured(openai=upstream.url, network=QUICK)
    once = {"Idempotency-Key": "once"}
    before = len(upstream.received)
    with ThreadPoolExecutor() as pool:
        with running(tmp_path, database, configuration=settings, worker=False) as gateway:
            creating = pool.submit(create, gateway, "hangs", once)
            until = time.monotonic() + 10
            while len(upstream.received) == before and time.monotonic() < until:
                time.sleep(0.02)
        lost = creating.result()
    assert (lost.status_code, lost.json()["error"]["code"]) == (504, "submission_unknown")
    assert lost.headers["x-should-retry"] == "false"
    with running(tmp_path, database, configuration=settings, worker=False) as gateway:
        again = create(gateway, "hangs", once)
        assert (again.status_code, again.json()["error"]["code"]) == (504, "submission_unknown")
        known = gateway.ask("GET", f"/v1/videos/{newest(gateway)['id']}").json()
    assert known["status"] == "queued", "its provider has a list, and is going to be asked"
    assert len(upstream.received) == before + 1


def test_a_create_that_is_answered_while_the_server_stops_is_kept(upstream: Origin, tmp_path: Path) -> None:
    database, settings = new_database(), configured(openai=upstream.url, network=QUICK)
    before = len(upstream.received)
    with ThreadPoolExecutor() as pool, running(tmp_path, database, configuration=settings, worker=False) as gateway:
        creating = pool.submit(create, gateway, "dawdles")
        until = time.monotonic() + 10
        while len(upstream.received) == before and time.monotonic() < until:
            time.sleep(0.02)
    assert creating.result().status_code == 504  # the request was cut short, the job was not
    with running(tmp_path, database, configuration=settings, worker=False) as gateway:
        assert newest(gateway)["status"] == "queued"


def test_a_repeated_remix_is_answered_though_its_source_is_gone(upstream: Origin, tmp_path: Path) -> None:
    once = {"Idempotency-Key": "remix"}
    with running(tmp_path, configuration=configured(openai=upstream.url, network=QUICK)) as gateway:
        source = create(gateway, "finished").json()["id"]
        gateway.finished(source)
        first = gateway.ask("POST", f"/v1/videos/{source}/remix", json={"prompt": "finished"}, headers=once)
        assert gateway.ask("DELETE", f"/v1/videos/{source}").status_code == 200
        again = gateway.ask("POST", f"/v1/videos/{source}/remix", json={"prompt": "finished"}, headers=once)
    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())


def test_a_replay_that_is_waited_for_says_that_it_is_one(gateway: Gateway) -> None:
    once = {"Idempotency-Key": "waited"}
    create(gateway, "finished", once)
    again = create(gateway, "finished", {**once, "Prefer": "wait=1"})
    assert (again.headers["idempotency-replayed"], again.headers["preference-applied"]) == ("true", "wait=1")
