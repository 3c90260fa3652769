"""Clients that wait: one process with a connection for each. `python -m bench.clients`, run by `Crowd`.

It does as little as can be: what is measured is when the first byte of the news arrives, and this process shares the cores
with the server that tells it. It reads a plan as one line of JSON, connects and asks, says when everybody waits, and writes
what became of them as one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from .processes import Failed, environment
from .systems import ROOT, System

STREAM, WAIT = "event stream", "Prefer: wait"
PATIENCE = 300  # seconds: what a client that prefers to wait asks for, and how long any of them is waited for
ABREAST = 32  # who connect at the same time


@dataclass(frozen=True)
class Plan:
    base_url: str
    key: str
    kind: str
    ids: Sequence[str]
    """The job of each client."""


@dataclass(frozen=True)
class Told:
    """What became of the clients, in the order of the plan."""

    at: Sequence[float]
    """When each was told that its job is completed, in Unix seconds."""
    errors: Sequence[str]


class Crowd:
    """Clients that wait."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def told(self) -> Told:
        """Once all of them have been told."""
        assert self._process.stdout is not None
        return Told(**json.loads(self._process.stdout.readline()))


@contextmanager
def waiting(system: System, kind: str, ids: Sequence[str]) -> Iterator[Crowd]:
    """One client for each of the ids, from the moment when all of them wait. Raises Failed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.clients"],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(asdict(Plan(system.base_url, system.key, kind, ids))) + "\n")
        process.stdin.flush()
        if (said := process.stdout.readline()) != "waiting\n":
            raise Failed(f"The clients could not connect: {said}")
        yield Crowd(process)
    finally:
        process.kill()
        process.communicate()


# ---- in the process of the clients -----------------------------------------------------------------------------------


class Client(asyncio.Protocol):
    """One client. `asked` is done when it waits, `told` when it has been told that its job is completed, and when."""

    def __init__(self, plan: Plan, job: str) -> None:
        path, more = (f"{job}/events", "") if plan.kind == STREAM else (job, f"Prefer: wait={PATIENCE}\r\n")
        at = urlsplit(f"{plan.base_url}/videos/{path}")
        self._request = f"GET {at.path} HTTP/1.1\r\nHost: {at.netloc}\r\nAuthorization: Bearer {plan.key}\r\n{more}\r\n"
        self._streams = plan.kind == STREAM
        self._seen = b""
        self.asked = asyncio.get_running_loop().create_future()
        self.told: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request.encode())
        if not self._streams:
            self.asked.set_result(None)

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self._seen += data
        if self._streams and not self.asked.done() and b"\ndata: " in self._seen:
            self.asked.set_result(None)
        if not self.told.done() and b'"status":"completed"' in self._seen:
            self.told.set_result(now)
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        error = ConnectionError(f"{exc or 'closed'}: {self._seen[-300:]!r}")
        for waiting in (self.asked, self.told):
            if not waiting.done():
                waiting.set_exception(error)


async def main() -> None:
    plan = Plan(**json.loads(sys.stdin.readline()))
    at = urlsplit(plan.base_url)
    loop, door, clients = asyncio.get_running_loop(), asyncio.Semaphore(ABREAST), []

    async def connect(job: str) -> Client:
        async with door:
            _, client = await loop.create_connection(lambda: Client(plan, job), at.hostname, at.port)
            async with asyncio.timeout(60):
                await client.asked
        return client

    try:
        clients = await asyncio.gather(*(connect(job) for job in plan.ids))
    except (OSError, TimeoutError) as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        return
    print("waiting", flush=True)
    found = await asyncio.gather(
        *(asyncio.wait_for(client.told, PATIENCE) for client in clients), return_exceptions=True
    )
    errors = [f"{type(each).__name__}: {each}" for each in found if isinstance(each, BaseException)]
    print(json.dumps({"at": [each for each in found if isinstance(each, float)], "errors": errors}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
