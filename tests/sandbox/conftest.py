"""The sandbox on a real server, mounted below a prefix as in the gateway, every exchange judged by its document."""

import contextlib
import io
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
import requests
import runwayml
import uvicorn
import yaml
from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from sandbox.app import build
from sandbox.wire import Exposed
from tests.judge import Exchange, Judge, Recorder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import openai

JOB_SECONDS = 0.3
PREFIX = "/sandbox"
UPSTREAMS = Path(__file__).parents[2] / "upstreams"
OFF_CONTRACT = b"[sandbox:garbage]"  # in the body of a request whose answer breaks the contract on purpose


class Clock:
    """The time of day, plus what a test has skipped."""

    skipped = 0.0

    def __call__(self) -> float:
        return time.time() + self.skipped


@dataclass
class Running:
    """A sandbox that listens."""

    url: str
    clock: Clock
    exchanges: list[Exchange]

    def openai(self, account: str = "alice") -> "openai.OpenAI":
        return openai.OpenAI(base_url=f"{self.url}/openai/v1", api_key=f"sk-sandbox-{account}", max_retries=0)

    def runway(self, account: str = "alice") -> runwayml.RunwayML:
        return runwayml.RunwayML(base_url=f"{self.url}/runway", api_key=f"key_sandbox_{account}", max_retries=0)

    def stats(self) -> dict[str, Any]:
        report: dict[str, Any] = requests.get(f"{self.url}/stats", timeout=5).json()
        return report


@contextlib.contextmanager
def serve(app: ASGIApp, http: Literal["auto", "h11", "httptools"] = "auto") -> Iterator[str]:
    """Serve an application on a free port of this machine; gives its URL."""
    config = uvicorn.Config(app, port=0, http=http, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    clock, exchanges = Clock(), list[Exchange]()
    sandbox = build(tmp_path_factory.mktemp("sandbox"), job_seconds=JOB_SECONDS, clock=clock)
    outer = Exposed(Recorder(Starlette(routes=[Mount(PREFIX, sandbox)]), exchanges))
    with serve(outer) as url:
        yield Running(url + PREFIX, clock, exchanges)


@pytest.fixture(scope="session")
def judges(running: Running) -> dict[str, Judge]:
    """Path prefix -> judge of what lies below it."""
    bases = {
        "openai": "/openai/v1",
        "azure": "/azure/openai/v1",
        "vllm": "/vllm/v1",
        "sgl": "/sgl/v1",
        "openrouter": "/openrouter/api/v1",
        "runway": "/runway",
        "replicate": "/replicate/v1",
        "xai": "/xai/v1",
        "gemini": "/gemini",
        "vertex": "/vertex",
    }
    return {
        urlsplit(running.url + base).path: Judge(
            yaml.safe_load((UPSTREAMS / f"{name}.yaml").read_text()), running.url + base
        )
        for name, base in bases.items()
    }


@pytest.fixture(autouse=True)
def judged(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test exchanges with the sandbox obeys the provider's document."""
    if "running" not in request.fixturenames:
        yield
        return
    running: Running = request.getfixturevalue("running")
    judges: dict[str, Judge] = request.getfixturevalue("judges")
    before = len(running.exchanges)
    yield
    for exchange in running.exchanges[before:]:
        path = urlsplit(exchange.url).path
        if OFF_CONTRACT in exchange.request_body or path == f"{PREFIX}/stats" or "/cdn/" in path:
            continue
        (judge,) = (judge for prefix, judge in judges.items() if path.startswith(prefix))
        judge.examine(exchange)


@pytest.fixture
def skip(running: Running) -> Iterator[Callable[[float], None]]:
    """Let seconds pass for the sandbox, until the test ends."""

    def pass_seconds(seconds: float) -> None:
        running.clock.skipped += seconds

    yield pass_seconds
    running.clock.skipped = 0.0


@pytest.fixture(scope="session")
def picture() -> Callable[[int, int], bytes]:
    """A PNG of that many pixels, red above and blue below."""

    def draw(width: int, height: int) -> bytes:
        image = Image.new("RGB", (width, height), (200, 30, 30))
        image.paste((30, 30, 200), (0, height // 2, width, height))
        image.save(buffer := io.BytesIO(), "PNG")
        return buffer.getvalue()

    return draw
