"""One run: the systems are started, loaded in turn for several rounds, and stopped."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from . import load
from .processes import Failed, cpu_seconds, resident_bytes
from .report import CREATE, POLL, Memory, Sample, percentile
from .systems import System, all_systems

PROMPT = "A paper boat drifts down a gutter at dusk [sandbox:no-render]"
LONG = f"{PROMPT} [sandbox:slow=3600]"  # for a job that runs for as long as the benchmark does
RUNNING = 64  # jobs that are polled
MOST_CREATES = 2000  # in one load
ENDED = 60.0  # seconds the jobs of one load get to end
WARM_UP = 1.0  # seconds at most for each load of the round that does not count


@dataclass(frozen=True)
class Result:
    samples: list[Sample]
    memory: Memory
    creates_sent: int
    creates_seen: int
    """By the upstream."""


def measure(*, rounds: int, seconds: float, concurrency: int, tell: Callable[[str, Sample], None]) -> Result:
    """Start everything, measure, stop everything. Raises Failed."""
    with (
        tempfile.TemporaryDirectory(prefix="reelgate-bench-") as directory,
        all_systems(Path(directory)) as (upstream, systems),
    ):
        at_rest = _resident(systems)
        run = Run(upstream, systems, concurrency)
        for sample in run.round(0, min(seconds, WARM_UP) / 2):
            tell("warm-up", sample)
        samples = []
        for number in range(rounds):
            for sample in run.round(number, seconds):
                tell(f"round {number + 1}", sample)
                samples.append(sample)
        after = _resident(systems)
        memory = {
            system: {part: (resident, after[system][part]) for part, resident in parts.items()}
            for system, parts in at_rest.items()
        }
        return Result(samples, memory, run.creates_sent, run.creates_seen())


class Run:
    """The loads, on systems that have been started."""

    def __init__(self, upstream: System, systems: Sequence[System], concurrency: int) -> None:
        self._systems = systems
        self._concurrency = concurrency
        self._stats = upstream.base_url.replace("/openai/v1", "/stats")
        self._http = requests.Session()
        self._http.trust_env = False  # loopback, whatever proxy is set
        self.creates_sent = 0
        self._running = {system.name: self._start_jobs(system) for system in systems}

    def round(self, number: int, seconds: float) -> Iterator[Sample]:
        """Both operations on every system; each round begins with another system."""
        first = number % len(self._systems)
        for system in [*self._systems[first:], *self._systems[:first]]:
            yield self._poll(number, system, seconds)
            yield self._create(number, system, seconds)

    def creates_seen(self) -> int:
        """By the upstream, of all systems together."""
        return int(self._upstream_counts()["creates_accepted"])

    def _polls_seen(self, system: System) -> int:
        """By the upstream, of this system."""
        return int(self._upstream_counts()["accounts"][system.account]["polls"])

    def _upstream_counts(self) -> Any:
        return self._http.get(self._stats, timeout=10).json()["openai"]

    def _start_jobs(self, system: System) -> list[str]:
        plan = load.creates(system, LONG, concurrency=self._concurrency, seconds=30, most=RUNNING, warm_up=0)
        with load.prepared(plan) as ready:
            seen = ready.go()
        if len(seen.ids) != RUNNING:
            raise Failed(f"{system.name} does not create videos: {seen.first_error}")
        self.creates_sent += RUNNING
        return seen.ids

    def _poll(self, number: int, system: System, seconds: float) -> Sample:
        ids = self._running[system.name]
        plan = load.polls(system, ids, concurrency=self._concurrency, seconds=seconds)
        return self._apply(number, POLL, system, plan)

    def _create(self, number: int, system: System, seconds: float) -> Sample:
        plan = load.creates(system, PROMPT, concurrency=self._concurrency, seconds=seconds, most=MOST_CREATES)
        sample = self._apply(number, CREATE, system, plan)
        self.creates_sent += plan.warm_up + sample.requests + sample.errors
        return sample

    def _apply(self, number: int, operation: str, system: System, plan: load.Plan) -> Sample:
        with load.prepared(plan) as ready:
            polls_before, before = self._polls_seen(system), _cpu(system)
            seen = ready.go()
            after, polls_after = _cpu(system), self._polls_seen(system)
        cpu_after: dict[str, float] = {}
        if system.follows and seen.ids:
            self._wait_until_ended(system, seen.ids)
            cpu_after = _between(after, _cpu(system))
        return Sample(
            round=number,
            operation=operation,
            system=system.name,
            requests=len(seen.latencies),
            errors=seen.errors,
            first_error=seen.first_error,
            seconds=seen.seconds,
            cpu=_between(before, after),
            cpu_after=cpu_after,
            p50=percentile(seen.latencies, 0.50),
            p99=percentile(seen.latencies, 0.99),
            upstream_polls=polls_after - polls_before,
        )

    def _wait_until_ended(self, system: System, ids: Sequence[str]) -> None:
        """Wait for the jobs of a load. They end about in the order they were made: a few of them and the last will do."""
        deadline = time.monotonic() + ENDED
        for job_id in [*ids[:: len(ids) // 16 + 1], *ids[-8:]]:
            while (status := self._status(system, job_id)) != "completed":
                if time.monotonic() > deadline:
                    raise Failed(f"{system.name} did not complete {job_id} in time: it is {status}.")
                time.sleep(0.25)

    def _status(self, system: System, job_id: str) -> str:
        headers = {"Authorization": f"Bearer {system.key}"}
        answer = self._http.get(f"{system.base_url}/videos/{job_id}", headers=headers, timeout=10)
        return str(answer.json()["status"])


def _cpu(system: System) -> dict[str, float]:
    return {part: cpu_seconds(pid) for part, pid in system.parts.items()}


def _between(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {part: after[part] - before[part] for part in before}


def _resident(systems: Sequence[System]) -> dict[str, dict[str, int]]:
    return {system.name: {part: resident_bytes(pid) for part, pid in system.parts.items()} for system in systems}
