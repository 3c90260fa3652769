"""Images on their way through a gateway: their bytes exist once, and together they take no more memory than was set."""

from __future__ import annotations

import base64
import contextlib
import http.client
import io
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from PIL import Image

from tests.gateway import ALICE, new_database
from tests.handlers.wire import SERVE, Origin, Received, Steps, origin, process, reply

MIB = 1024 * 1024
SLACK_EACH = MIB // 2  # what else a request takes, its connection and what the system has read ahead for it
BOUND = 128  # MiB
KEY = {"Authorization": f"Bearer {ALICE}"}


def noise(size: int) -> bytes:
    """A PNG of about so many bytes."""
    side = int((size / 3) ** 0.5)
    picture = Image.frombytes("RGB", (side, side), os.urandom(side * side * 3))
    picture.save(file := io.BytesIO(), "PNG", compress_level=0)
    return file.getvalue()


@pytest.fixture(scope="module")
def large() -> bytes:
    return noise(20_000_000)


@dataclass
class Upstream:
    """What the providers got: the length of each create, and whether the image was whole. They answer when they may."""

    origin: Origin
    may_answer: threading.Event
    lengths: list[int]
    whole: list[bool]


@pytest.fixture(scope="module")
def upstream(large: bytes) -> Iterator[Upstream]:
    may_answer, lengths, whole = threading.Event(), [], []
    encoded = base64.b64encode(large)

    def answer(request: Received) -> Steps:
        if request.method == "POST":
            lengths.append(len(request.body))
            whole.append(large in request.body or encoded in request.body)
            there.received.clear()  # this process need not keep them
            while not may_answer.is_set():
                yield 0.05
        body = {"id": "video_1", "object": "video", "status": "queued", "request_id": "r1"}
        yield reply(200, json.dumps(body).encode(), content_type="application/json")

    with origin(answer) as there:
        may_answer.set()
        yield Upstream(there, may_answer, lengths, whole)


@dataclass
class Server:
    """A gateway in a process of its own."""

    url: str
    process: psutil.Process
    idle: int = 0  # bytes of memory when it has nothing to do

    def post(self, **request: Any) -> requests.Response:
        headers = {**KEY, **request.pop("headers", {})}
        return requests.post(f"{self.url}/v1/videos", headers=headers, timeout=120, **request)

    def peak(self, work: Callable[[], None]) -> int:
        """By how much the memory grows above that of an idle server while something is done, at most."""
        here = Path(f"/proc/{self.process.pid}")
        here.joinpath("clear_refs").write_text("5")
        work()
        (line,) = [each for each in here.joinpath("status").read_text().splitlines() if each.startswith("VmHWM")]
        return int(line.split()[1]) * 1024 - self.idle


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, upstream: Upstream) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("uploads")
    url = upstream.origin.url
    keys = [{"name": "default", "value": "a-secret-for-tests"}]
    network = {"base_url": url, "max_retries": 0}
    config = {"providers": {name: {"keys": keys, "network_config": network} for name in ("openai", "xai")}}
    (directory / "config.json").write_text(json.dumps(config))
    settings = {
        "PORT": "0",
        "DATABASE_URL": new_database(),
        "REELGATE_DATA_DIR": str(directory),
        "REELGATE_API_KEYS": f"alice:{ALICE}",
        "REELGATE_WORKER": "false",
        "REELGATE_UPLOADS_MB": str(BOUND),
    }
    with process(SERVE, "is ready on", directory / "log", **settings) as (running, line):
        there = Server(line.split()[-1], psutil.Process(running.pid))
        for model in MODELS:
            for body in (as_json(model, noise(100_000)), as_form(model, noise(2_000_000))):
                assert there.post(**body).status_code == 200  # what is loaded at the first time is loaded now
        there.idle = there.process.memory_info().rss
        yield there


MODELS = ["openai/any-model", "xai/grok-imagine-video"]


def as_json(model: str, image: bytes, media_type: str = "image/png") -> dict[str, Any]:
    fields = {"model": model, "prompt": "x", "input_reference": f"data:{media_type};base64,"}
    text = json.dumps(fields).encode()
    body = text.replace(b"base64,", b"base64," + base64.b64encode(image))
    return {"data": body, "headers": {"Content-Type": "application/json"}}


def as_form(model: str, image: bytes) -> dict[str, Any]:
    form = requests.Request(
        "POST", "http://x/", data={"model": model, "prompt": "x"}, files={"input_reference": ("a.png", image)}
    ).prepare()
    return {"data": form.body, "headers": {"Content-Type": form.headers["Content-Type"]}}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("kind", "times"), [(as_json, 3), (as_form, 1.5)])
def test_an_image_of_twenty_megabytes_is_in_memory_once(
    server: Server,
    upstream: Upstream,
    large: bytes,
    model: str,
    kind: Callable[[str, bytes], dict[str, Any]],
    times: float,
) -> None:
    request = kind(model, large)
    upstream.whole.clear()
    answers = []
    grown = server.peak(lambda: answers.append(server.post(**request)))
    assert answers[0].status_code == 200, answers[0].text
    assert upstream.whole == [True]
    assert grown <= times * len(request["data"])


@pytest.mark.parametrize("kind", [as_json, as_form])
def test_of_sixty_four_at_once_those_for_which_there_is_no_room_are_refused(
    server: Server, upstream: Upstream, large: bytes, kind: Callable[[str, bytes], dict[str, Any]]
) -> None:
    bodies = [kind(model, large) for model in MODELS]
    upstream.may_answer.clear()
    upstream.lengths.clear()
    upstream.whole.clear()
    answers: list[requests.Response] = []

    def all_at_once() -> None:
        with ThreadPoolExecutor(64) as clients:
            asked = [clients.submit(server.post, **bodies[number % 2]) for number in range(64)]
            while sum(each.done() for each in asked) + len(upstream.lengths) < 64:
                time.sleep(0.05)
            upstream.may_answer.set()
            answers.extend(each.result() for each in asked)

    grown = server.peak(all_at_once)
    accepted = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert len(accepted) >= BOUND * MIB // (2 * len(bodies[0]["data"]))
    assert refused and {(answer.status_code, answer.json()["error"]["code"]) for answer in refused} == {
        (503, "too_many_uploads")
    }
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    assert upstream.whole == [True] * len(accepted)
    assert grown <= BOUND * MIB + 64 * SLACK_EACH
    assert server.post(**bodies[0]).status_code == 200  # the room was given back


def test_room_is_given_back_when_clients_hang_up(server: Server, large: bytes) -> None:
    body = as_json(MODELS[0], large)
    for _ in range(10):
        with contextlib.closing(http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=20)) as client:
            client.putrequest("POST", "/v1/videos")
            for name, value in {**KEY, **body["headers"], "Content-Length": str(len(body["data"]))}.items():
                client.putheader(name, value)
            client.endheaders(body["data"][:1_000_000])
    until = time.monotonic() + 20
    while (answer := server.post(**body)).status_code == 503 and time.monotonic() < until:
        time.sleep(0.1)  # the server has not noticed all of them yet
    assert answer.status_code == 200, answer.text


def test_who_waits_for_a_job_holds_no_room_for_its_image(server: Server, upstream: Upstream, large: bytes) -> None:
    body = as_form(MODELS[0], large)
    body["headers"] |= {"Prefer": "wait=10"}
    assert 10 * len(large) > BOUND * MIB
    upstream.lengths.clear()

    def patient() -> requests.Response:
        while (answer := server.post(**body)).status_code == 503:
            time.sleep(0.05)  # one that was sent a moment ago has still to be answered
        return answer

    with ThreadPoolExecutor(10) as clients:
        waiting = [clients.submit(patient) for _ in range(10)]
        while len(upstream.lengths) < 10:
            assert not any(each.done() for each in waiting)  # there is room for all of them while none has ended
            time.sleep(0.05)
        assert {each.result().status_code for each in waiting} == {200}
    assert server.process.memory_info().rss - server.idle < 2 * len(large)


def test_an_image_is_the_same_to_an_idempotency_key_however_it_comes(server: Server, upstream: Upstream) -> None:
    image, other = noise(200_000), noise(200_000)
    key = {"Idempotency-Key": "of-an-image"}
    bodies = [as_json(MODELS[0], image), as_form(MODELS[0], image), as_json(MODELS[0], image, "image/jpeg")]
    answers = [server.post(**body | {"headers": body["headers"] | key}) for body in bodies]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.json()["id"] for answer in answers}) == 1
    for body in (as_json(MODELS[0], other), as_form(MODELS[0], other)):
        assert server.post(**body | {"headers": body["headers"] | key}).status_code == 422
