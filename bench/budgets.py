"""What budgets cost a job, from its create to its bill: of a virtual key with four meters, beside a key without any."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

import psycopg
import requests

from . import load
from .processes import Failed, cpu_seconds
from .report import percentile
from .rounds import PROMPT
from .sections import Section, Tell, table
from .systems import System, database, running_reelgate, running_upstream

ADMIN = ("admin", "admin-of-the-benchmark")
CONCURRENCY = 8  # requests under way
JOBS = 200  # in one load
PATIENCE = 60.0  # seconds for a load, and for its jobs to end
PLENTY = 1_000_000
WITHOUT, WITH = "gateway key", "virtual key, four meters"


@dataclass(frozen=True)
class Cost:
    """Of one job, in one load."""

    cpu: Mapping[str, float]
    """Seconds until it has ended and is settled, by part of the system."""
    p50: float
    p99: float
    per_second: float


def run(tell: Tell, *, quick: bool) -> Section:
    """Raises Failed."""
    found = measure(tell, rounds=1 if quick else 5, jobs=20 if quick else JOBS)
    return Section(
        "What budgets cost a job", words(found), {name: list(map(asdict, each)) for name, each in found.items()}
    )


def measure(tell: Tell, *, rounds: int, jobs: int) -> dict[str, list[Cost]]:
    """The loads take turns, so that what else the machine does falls on both. The first round does not count."""
    found: dict[str, list[Cost]] = {WITHOUT: [], WITH: []}
    admin = {"REELGATE_ADMIN_USERNAME": ADMIN[0], "REELGATE_ADMIN_PASSWORD": ADMIN[1]}
    with (
        tempfile.TemporaryDirectory(prefix="reelgate-bench-") as directory,
        running_upstream(Path(directory)) as upstream,
        running_reelgate(Path(directory), upstream.base_url, **admin) as ready,
    ):
        plain = ready()
        systems = {WITHOUT: plain, WITH: replace(plain, key=virtual_key(plain))}
        for number in range(rounds + 1):
            for name in sorted(systems, reverse=number % 2 == 1):
                cost = load_of(systems[name], jobs if number else jobs // 4)
                tell(f"{name:24}  {sum(cost.cpu.values()) * 1e6:6.0f} CPU µs a job")
                found[name] += [cost] if number else []
    return found


def virtual_key(system: System) -> str:
    """A key whose creates take something of a budget of its own, one of its team's, and two limits."""
    root = system.base_url.removesuffix("/v1")

    def make(path: str, **body: object) -> dict[str, dict[str, str]]:
        answer = requests.post(f"{root}/api/governance{path}", json=body, auth=ADMIN, timeout=30)
        if answer.status_code != 200:
            raise Failed(f"{path} was answered with {answer.text}")
        made: dict[str, dict[str, str]] = answer.json()
        return made

    everywhere = {"scope_kind": "global", "match_type": "wildcard", "pattern": "*"}
    make("/pricing-overrides", name="a video", patch={"usd_per_video": 0.25}, **everywhere)
    plenty = [{"max_limit": PLENTY, "reset_duration": "1M"}]
    team = make("/teams", name="team", budgets=plenty)["team"]["id"]
    limits = {"request_max_limit": PLENTY, "request_reset_duration": "1h", "concurrent_max_limit": PLENTY}
    key = make("/virtual-keys", name="key", team_id=team, allow_all_providers=True, budgets=plenty, rate_limit=limits)
    return key["virtual_key"]["value"]


def load_of(system: System, jobs: int) -> Cost:
    plan = load.creates(system, PROMPT, concurrency=CONCURRENCY, seconds=PATIENCE, most=jobs, warm_up=0)
    with load.prepared(plan) as ready:
        before = {part: cpu_seconds(pid) for part, pid in system.parts.items()}
        seen = ready.go()
        wait_until_settled(system)
        cpu = {part: cpu_seconds(pid) - before[part] for part, pid in system.parts.items()}
    if seen.errors:
        raise Failed(f"{seen.errors} creates failed: {seen.first_error}")
    made = len(seen.latencies)
    return Cost(
        {part: spent / made for part, spent in cpu.items()},
        percentile(seen.latencies, 0.50),
        percentile(seen.latencies, 0.99),
        made / seen.seconds,
    )


def wait_until_settled(system: System) -> None:
    until = time.monotonic() + PATIENCE
    with psycopg.connect(database(system), autocommit=True) as connection:
        while connection.execute("SELECT 1 FROM jobs WHERE settled_at IS NULL LIMIT 1").fetchone() is not None:
            if time.monotonic() > until:
                raise Failed("not every job has been settled in time")
            time.sleep(0.25)


def ratio(found: Mapping[str, Sequence[Cost]]) -> float:
    """How much more CPU time a job takes with meters: the median over rounds, server and PostgreSQL together."""
    pairs = zip(found[WITH], found[WITHOUT], strict=True)
    return median(sum(with_.cpu.values()) / sum(without.cpu.values()) for with_, without in pairs)


def words(found: Mapping[str, Sequence[Cost]]) -> str:
    def row(name: str, costs: Sequence[Cost]) -> list[str]:
        parts = [median(cost.cpu[part] for cost in costs) * 1e6 for part in ("server", "postgres")]
        times = [median(cost.p50 for cost in costs) * 1e3, median(cost.p99 for cost in costs) * 1e3]
        rate = median(cost.per_second for cost in costs)
        return [name, *(f"{part:,.0f}" for part in parts), *(f"{time:.1f}" for time in times), f"{rate:,.0f}"]

    headings = ["jobs of a", "server, CPU µs", "PostgreSQL, CPU µs", "create p50 ms", "p99 ms", "a second"]
    return f"""{table(headings, [row(name, costs) for name, costs in found.items()])}

Until it is settled, a job that holds something of two budgets and two limits takes {ratio(found):.2f} times the CPU time of one
that holds nothing. All creates of the virtual key lock the same four rows, one after another; {CONCURRENCY} are under way at a
time.
"""
