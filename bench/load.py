"""The load: one process of its own that keeps a number of requests under way. `python -m bench.load`, run by `Load`.

It reads a plan as one line of JSON, connects and warms up, says that it is ready, waits for the word to go, and writes
what it saw as one line of JSON. So the servers' CPU time can be read right before and right after what is measured.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import aiohttp

from .processes import environment
from .systems import ROOT, System

ALIVE = frozenset({"queued", "in_progress", "completed"})


@dataclass(frozen=True)
class Plan:
    """What to ask, and how long. With `ids` it is status polls of these jobs in turn, else creates of `body`."""

    base_url: str
    key: str
    body: dict[str, Any] | None
    ids: Sequence[str]
    concurrency: int
    seconds: float
    most: int  # requests
    warm_up: int  # requests before it counts
    scheme: str = "Bearer"  # of the key


@dataclass
class Seen:
    """What came of it. `latencies` are in seconds, of the requests that succeeded."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    errors: int = 0
    first_error: str = ""


class Load:
    """A load that is ready to go."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def go(self) -> Seen:
        """Apply the load and return what it saw."""
        return Seen(**json.loads(self._exchange("go\n")))

    def _exchange(self, line: str) -> str:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(line)
        self._process.stdin.flush()
        return self._process.stdout.readline()


@contextmanager
def prepared(plan: Plan) -> Iterator[Load]:
    """A load that is connected and has warmed up."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.load"],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        load = Load(process)
        load._exchange(json.dumps(asdict(plan)) + "\n")
        yield load
    finally:
        process.kill()
        process.communicate()


def polls(system: System, ids: Sequence[str], *, concurrency: int, seconds: float, warm_up: int = 64) -> Plan:
    return Plan(system.base_url, system.key, None, ids, concurrency, seconds, 100_000, warm_up)


def creates(system: System, prompt: str, *, concurrency: int, seconds: float, most: int, warm_up: int = 16) -> Plan:
    body = {"model": system.model, "prompt": prompt, "seconds": "4", "size": "1280x720"}
    return Plan(system.base_url, system.key, body, (), concurrency, seconds, most, warm_up)


# ---- in the process of the load --------------------------------------------------------------------------------------


async def apply(session: aiohttp.ClientSession, plan: Plan, *, seconds: float, most: int) -> Seen:
    """Keep `concurrency` requests under way until the time is over or enough were sent."""
    seen = Seen()
    numbers = iter(range(most))
    ids = itertools.cycle(plan.ids)
    began = time.perf_counter()

    async def one_after_another() -> None:
        while time.perf_counter() - began < seconds and next(numbers, None) is not None:
            sent = time.perf_counter()
            try:
                job = await ask(session, plan, next(ids, ""))
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                seen.errors += 1
                seen.first_error = seen.first_error or f"{type(error).__name__}: {error}"
                continue
            seen.latencies.append(time.perf_counter() - sent)
            if plan.body is not None:
                seen.ids.append(job)

    await asyncio.gather(*(one_after_another() for _ in range(plan.concurrency)))
    seen.seconds = time.perf_counter() - began
    return seen


async def ask(session: aiohttp.ClientSession, plan: Plan, job_id: str) -> str:
    """One poll or create; returns the job's id. Raises ValueError for anything but a 200 with a job that is well."""
    url = f"{plan.base_url}/videos/{job_id}" if plan.body is None else f"{plan.base_url}/videos"
    async with session.request("GET" if plan.body is None else "POST", url, json=plan.body) as response:
        body = await response.read()
    if response.status != 200:
        raise ValueError(f"{response.status} {body[:300]!r}")
    job = json.loads(body)
    if job["status"] not in ALIVE or not job["id"]:
        raise ValueError(f"not a job that is well: {body[:300]!r}")
    return str(job["id"])


async def main() -> None:
    plan = Plan(**json.loads(sys.stdin.readline()))
    connector = aiohttp.TCPConnector(limit=plan.concurrency, keepalive_timeout=60)
    headers = {"Authorization": f"{plan.scheme} {plan.key}"}
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout) as session:
        await apply(session, plan, seconds=30, most=plan.warm_up)
        print("ready", flush=True)
        sys.stdin.readline()
        seen = await apply(session, plan, seconds=plan.seconds, most=plan.most)
        print(json.dumps(asdict(seen)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
