"""Ten thousand jobs in flight on one server: what following them costs, and how soon they are followed again after `kill -9`."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import requests

from . import load
from .processes import Failed, cpu_seconds, resident_bytes
from .report import percentile
from .rounds import LONG
from .sections import Section, Tell, table
from .systems import System, ending_postgres, reelgate_server, running_upstream

JOBS = 10_000
PACE = 10  # seconds between two questions about one job
WINDOW = 3 * PACE  # seconds that are measured
PROMISED = 30.0  # seconds after the start until each job has been asked about again
PATIENCE = 90.0  # seconds


@dataclass(frozen=True)
class Result:
    jobs: int
    seconds: float
    cpu: Mapping[str, float]
    """Cores, of each part, while nothing happens but that the jobs are followed."""
    cpu_idle: Mapping[str, float]
    """The same before there were jobs."""
    resident: Mapping[str, tuple[int, int]]
    """Bytes of each part, before the first job and with all of them."""
    polls: int
    """Of the upstream, in the window."""
    asked: int
    """Jobs that the upstream was asked about in the window."""
    gaps: tuple[float, float, float]
    """Seconds between two questions about one job: the least, the median, the most."""
    latency: tuple[float, float]
    """Seconds that a client's poll takes meanwhile: p50, p99."""
    ready: float
    """Seconds from the start after `kill -9` until the server answers, …"""
    first: float
    """… until the first job is asked about, …"""
    half: float
    last: float
    """… and the last."""


def run(tell: Tell, *, quick: bool) -> Section:
    """Raises Failed."""
    result = measure(tell, jobs=300 if quick else JOBS)
    return Section(f"{result.jobs:,} jobs in flight", words(result), asdict(result), doubts(result))


def doubts(result: Result) -> list[str]:
    found = []
    if result.asked != result.jobs:
        found.append(f"Only {result.asked} of {result.jobs} jobs were asked about in {result.seconds:.0f} s.")
    if result.cpu["server"] > 1:
        found.append(f"The server took {result.cpu['server']:.2f} cores.")
    if result.last > PROMISED:
        found.append(f"After kill -9 the last job was asked about after {result.last:.1f} s.")
    return found


def words(result: Result) -> str:
    """The section of the result."""
    grown = {part: after - before for part, (before, after) in result.resident.items()}
    rows = [
        ["CPU of the server", f"{result.cpu['server']:.2f} cores", "under 1"],
        ["CPU of PostgreSQL", f"{result.cpu['postgres']:.2f} cores", ""],
        ["CPU of both without jobs", f"{sum(result.cpu_idle.values()):.2f} cores", ""],
        ["memory of the server, per job", f"{grown['server'] / result.jobs / 1024:.1f} KiB", ""],
        ["memory of PostgreSQL, per job", f"{grown['postgres'] / result.jobs / 1024:.1f} KiB", ""],
        ["questions to the upstream", f"{result.polls / result.seconds:.0f} a second", f"{result.jobs / PACE:.0f}"],
        [
            "between two about one job: least, median, most",
            ", ".join(f"{gap:.1f}" for gap in result.gaps) + " s",
            f"{PACE} s",
        ],
        ["a client's poll meanwhile: p50, p99", ", ".join(f"{1e3 * each:.1f}" for each in result.latency) + " ms", ""],
        ["after `kill -9` and a start: the server answers", f"{result.ready:.1f} s", ""],
        ["… the first job is asked about again", f"{result.first:.1f} s", ""],
        ["… half of them are", f"{result.half:.1f} s", ""],
        ["… all of them are", f"{result.last:.1f} s", f"under {PROMISED:.0f} s"],
    ]
    return TEXT.format(
        jobs=f"{result.jobs:,}", pace=PACE, seconds=result.seconds, table=table(("what", "measured", "promised"), rows)
    )


TEXT = """One reelgate process, which serves and works, with its embedded PostgreSQL. {jobs} jobs run at the upstream, which is
asked about each every {pace} s (`REELGATE_POLL_SECONDS={pace}`); {seconds:.0f} s were measured.

{table}

- The jobs were created over HTTP, one by one. The upstream notes when it is asked about which.
- While it was measured no job moved on at the upstream, so nothing had to be written. An answer that brings news is an update
  of the ledger besides, and a commit. PostgreSQL makes commits that notify one after another, so how many there can be in a
  second depends on how fast the disk is.
- What a killed process worked on is free for others ten seconds after its last sign of life.
"""


class Notebook:
    """What the upstream has noted; see upstream.py."""

    def __init__(self, upstream: System) -> None:
        self._url = upstream.base_url.replace("/openai/v1", "/asked")

    def counts(self, since: float) -> tuple[int, int]:
        """How many jobs were asked about, and how often in all."""
        told = self._get(since=since)
        return told["jobs"], told["polls"]

    def times(self, since: float) -> dict[str, list[float]]:
        """When each job was asked about."""
        times: dict[str, list[float]] = self._get(since=since, times=1)["times"]
        return times

    def wait(self, jobs: int, *, since: float) -> None:
        """Return once so many jobs have been asked about. Raises Failed."""
        deadline = time.monotonic() + PATIENCE
        while (asked := self.counts(since)[0]) < jobs:
            if time.monotonic() > deadline:
                raise Failed(f"Only {asked} of {jobs} jobs were asked about in {PATIENCE:g} s.")
            time.sleep(0.25)

    def leap(self, seconds: float) -> None:
        """Set the upstream's clock ahead."""
        self._ask(self._url.replace("/asked", "/leap"), seconds=seconds)

    def _get(self, **wanted: float) -> Any:
        return self._ask(self._url, **wanted)

    def _ask(self, url: str, **wanted: float) -> Any:
        with (
            requests.Session() as session
        ):  # each time anew: the upstream drops connections that are not used for a while
            session.trust_env = False  # loopback, whatever proxy is set
            return session.get(url, params=wanted, timeout=60).json()


def measure(tell: Tell, *, jobs: int = JOBS) -> Result:
    """Start everything, measure, stop everything. Raises Failed."""
    with tempfile.TemporaryDirectory(prefix="reelgate-bench-") as name, ending_postgres(Path(name)):
        directory = Path(name)
        with running_upstream(directory, "bench.upstream") as upstream:
            notebook = Notebook(upstream)
            with reelgate_server(directory, upstream.base_url, REELGATE_POLL_SECONDS=str(PACE)) as start:
                system = start()
                (idle, _), resident = window(system, 3), _resident(system)
                created = create(system, jobs, tell)
                notebook.wait(jobs, since=0)
                time.sleep(PACE)
                begun = time.time()
                cpu, seconds, latencies = _followed(system, created)
                times = notebook.times(begun)
                full = _resident(system)
                tell(f"{sum(map(len, times.values())) / seconds:.0f} questions a second; now kill -9")
                os.kill(system.parts["server"], signal.SIGKILL)
            restarted = time.time()
            with reelgate_server(directory, upstream.base_url, REELGATE_POLL_SECONDS=str(PACE)) as start:
                start()
                ready = time.time() - restarted
                notebook.wait(jobs, since=restarted)
                again = sorted(seen[0] - restarted for seen in notebook.times(restarted).values())
        gaps = sorted(later - earlier for seen in times.values() for earlier, later in pairwise(seen))
        return Result(
            jobs=jobs,
            seconds=seconds,
            cpu=cpu,
            cpu_idle=idle,
            resident={part: (before, full[part]) for part, before in resident.items()},
            polls=sum(map(len, times.values())),
            asked=len(times),
            gaps=(gaps[0], percentile(gaps, 0.5), gaps[-1]),
            latency=(percentile(latencies, 0.5), percentile(latencies, 0.99)),
            ready=ready,
            first=again[0],
            half=again[len(again) // 2],
            last=again[-1],
        )


def create(system: System, jobs: int, tell: Tell) -> list[str]:
    plan = load.creates(system, LONG, concurrency=16, seconds=300, most=jobs, warm_up=0)
    with load.prepared(plan) as ready:
        seen = ready.go()
    if len(seen.ids) != jobs:
        raise Failed(f"{len(seen.ids)} of {jobs} jobs were created: {seen.first_error}")
    tell(f"{jobs} jobs created in {seen.seconds:.0f} s")
    return seen.ids


def _followed(system: System, jobs: list[str]) -> tuple[Mapping[str, float], float, list[float]]:
    """Leave the server alone, but for a client's poll now and then: cores, seconds, latencies."""
    latencies = []
    headers = {"Authorization": f"Bearer {system.key}"}
    before, began = _cpu(system), time.monotonic()
    with requests.Session() as client:
        client.trust_env = False
        while (passed := time.monotonic() - began) < WINDOW:
            url = f"{system.base_url}/videos/{jobs[int(passed * 1000) % len(jobs)]}"
            sent = time.monotonic()
            client.get(url, headers=headers, timeout=30).raise_for_status()
            latencies.append(time.monotonic() - sent)
            time.sleep(0.2)
    return _between(before, _cpu(system), passed), passed, latencies


def window(system: System, seconds: float) -> tuple[Mapping[str, float], float]:
    """Leave the system alone for a while: cores of each part, and how long it was."""
    before, began = _cpu(system), time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - began
    return _between(before, _cpu(system), passed), passed


def _cpu(system: System) -> dict[str, float]:
    return {part: cpu_seconds(pid) for part, pid in system.parts.items()}


def _between(before: Mapping[str, float], after: Mapping[str, float], seconds: float) -> Mapping[str, float]:
    return {part: (after[part] - before[part]) / seconds for part in before}


def _resident(system: System) -> dict[str, int]:
    return {part: resident_bytes(pid) for part, pid in system.parts.items()}
