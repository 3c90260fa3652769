"""Servers for tests: an upstream that misbehaves as told, any ASGI application, and the gateway as processes of their own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import requests
import uvicorn
from starlette.types import ASGIApp

from handlers.providers.registry import PROVIDERS
from handlers.server import listen
from sandbox.film import shoot
from sandbox.scene import Scene
from tests.gateway import Gateway

ROOT = Path(__file__).parents[2]

CUT: Final = object()
"""A step of an answer: the connection is reset."""


@dataclass(frozen=True)
class Received:
    """A request as an upstream got it. Names of headers are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Steps = Iterable[bytes | float | object]
"""An answer: bytes to send, seconds to wait, or CUT. After the last the connection is closed."""


def reply(status: int, body: bytes = b"", **headers: str) -> bytes:
    """A whole HTTP/1.1 answer. `content_type="text/plain"` becomes `content-type`."""
    fields = {"content-length": str(len(body)), "connection": "close"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} x\r\n{lines}\r\n".encode("latin-1") + body


@cache
def clip() -> bytes:
    """A video of a second, small and playable."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "clip.mp4")
        shoot(Scene("a clip", 64, 36, 1, audio=False), None, target)
        return target.read_bytes()


@dataclass
class Origin:
    """An upstream that listens."""

    url: str
    received: list[Received] = field(default_factory=list)


@contextlib.contextmanager
def origin(answer: Callable[[Received], Steps]) -> Iterator[Origin]:
    """An upstream on a free port of this machine, in a thread, that answers each request as the function says.

    Whoever asks it for the content of a video gets a clip, so that the function can do without.
    """
    listening = listen("127.0.0.1", 0)
    serving = Origin(f"http://127.0.0.1:{listening.getsockname()[1]}")

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            request = await _request(reader)
            serving.received.append(request)
            wants_content = request.method == "GET" and urlsplit(request.target).path.endswith("/content")
            for step in [reply(200, clip(), content_type="video/mp4")] if wants_content else answer(request):
                if step is CUT:
                    writer.transport.abort()
                elif isinstance(step, bytes):
                    writer.write(step)
                    await writer.drain()
                elif isinstance(step, float):
                    await asyncio.sleep(step)
        writer.close()

    with _in_thread(handle, listening):
        yield serving


@contextlib.contextmanager
def _in_thread(
    handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object], listening: socket.socket
) -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    starting = asyncio.start_server(handle, sock=listening)  # type: ignore[arg-type]
    server = asyncio.run_coroutine_threadsafe(starting, loop).result(5)

    async def stop() -> None:
        server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    try:
        yield loop
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)


async def _request(reader: asyncio.StreamReader) -> Received:
    first = await reader.readexactly(1)
    if not first.isalpha():
        raise ConnectionError("somebody speaks TLS to a server that does not")
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    if headers.get("transfer-encoding") == "chunked":
        body = b"".join([chunk async for chunk in _chunks(reader)])
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, target, headers, body)


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int(await reader.readline(), 16):
        yield await reader.readexactly(size)
        await reader.readline()
    await reader.readline()


# ---- PostgreSQL behind a cable that can be held ---------------------------------------------------------------------


class Cable:
    """What runs between a client and PostgreSQL. `hold` keeps back what the server says, `pull` cuts everybody off."""

    def __init__(self, database: str) -> None:
        parts = urlsplit(database)
        self._socket = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
        self._listening = listen("127.0.0.1", 0)
        self.url = f"postgresql://postgres@127.0.0.1:{self._listening.getsockname()[1]}{parts.path}"
        self._open = threading.Event()
        self._open.set()
        self.deafen: Callable[[bytes], bool] | None = None
        """Is told what a client says; true: the server hears it, and the client never hears an answer."""
        self._pulled = False
        self._carried: set[asyncio.StreamWriter] = set()

    @contextlib.contextmanager
    def plugged_in(self) -> Iterator[Cable]:
        with _in_thread(self._carry, self._listening) as self._loop:
            yield self

    def pull(self) -> None:
        self._pulled = True
        for writer in list(self._carried):
            self._loop.call_soon_threadsafe(writer.transport.abort)

    def plug(self) -> None:
        self._pulled = False

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._pulled:
            writer.transport.abort()
            return
        self._carried.add(writer)
        there_reader, there_writer = await asyncio.open_unix_connection(self._socket)
        deaf = False

        async def up() -> None:
            nonlocal deaf
            while data := await reader.read(65536):
                deaf = deaf or (self.deafen is not None and self.deafen(data))
                there_writer.write(data)

        async def down() -> None:
            while data := await there_reader.read(65536):
                await asyncio.to_thread(self._open.wait)
                if deaf:
                    writer.transport.abort()
                    return
                writer.write(data)

        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await asyncio.wait(
                [asyncio.ensure_future(up()), asyncio.ensure_future(down())], return_when=asyncio.FIRST_COMPLETED
            )
        self._carried.discard(writer)
        there_writer.close()
        writer.close()


def dsn(gateway: Gateway) -> str:
    """The database of a gateway, for a look into it."""
    assert gateway.settings.database_url is not None
    return gateway.settings.database_url.get_secret_value()


def configured(*, network: Mapping[str, float] | None = None, **base_urls: str) -> dict[str, object]:
    """A configuration with these providers at these addresses, each with one key that the emulators take."""
    keys = {
        "openai": "sk-sandbox-own-secret",
        "runway": "key_sandbox_own-secret",
        "replicate": "r8_sandbox_own-secret",
    }
    return {
        "providers": {
            name: {
                "keys": [{"name": "default", "value": keys[name]}],
                "network_config": dict(network or {}) | {"base_url": base_url},
            }
            for name, base_url in base_urls.items()
        }
    }


def emulated(url: str, providers: Iterable[str], network: Mapping[str, object]) -> dict[str, object]:
    """A configuration with these providers at their emulators below `url`, each with the key that the emulator takes."""
    return {
        "providers": {
            name: {
                "keys": [{"name": "default", "value": PROVIDERS[name].sandbox_secret}],
                "network_config": dict(network) | {"base_url": url + PROVIDERS[name].sandbox_path},
            }
            for name in providers
        }
    }


# ---- applications and processes -------------------------------------------------------------------------------------


@contextlib.contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """An ASGI application on a free port, in a thread; its URL."""
    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])), daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


@contextlib.contextmanager
def process(code: str, ready: str, log: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A Python of its own that runs `code`, once it has printed a line that holds `ready`; that line. Killed at the end."""
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    with log.open("w") as errors:
        running = subprocess.Popen(
            [sys.executable, "-c", code],
            env=clean | environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            assert running.stdout is not None
            for line in running.stdout:
                if ready in line:
                    yield running, line
                    return
            raise AssertionError(f"it ended with {running.wait()}: {log.read_text()[-2000:]}")
        finally:
            with contextlib.suppress(ProcessLookupError):
                running.send_signal(signal.SIGKILL)
            running.wait(10)
            assert running.stdout is not None
            running.stdout.close()


SERVE = "from reelgate.cli import app; app(['serve'])"


@contextlib.contextmanager
def standalone_sandbox(directory: Path, job_seconds: float = 0.3) -> Iterator[str]:
    """The sandbox as a process; its URL."""
    with contextlib.closing(listen("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    code = (
        "import sys; sys.argv = ['sandbox', '--port', sys.argv[1], '--data', sys.argv[2], '--job-seconds', sys.argv[3]]"
    )
    arguments = f"import sys; sys.argv[1:] = [{str(port)!r}, {str(directory)!r}, {str(job_seconds)!r}]; {code}"
    with process(
        f"{arguments}; print('begins', flush=True); from sandbox.__main__ import main; main()",
        "begins",
        directory.with_suffix(".log"),
    ):
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + 15
        while time.monotonic() < until:
            with contextlib.suppress(requests.ConnectionError):
                requests.get(f"{url}/stats", timeout=2)
                break
            time.sleep(0.05)
        yield url
