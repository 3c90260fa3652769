"""What a budget costs a create: with a virtual key whose jobs hold something of four meters, beside a key without any."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

import requests

from . import load
from .processes import Failed, cpu_seconds
from .report import percentile
from .rounds import PROMPT
from .sections import Section, Tell, table
from .systems import System, running_reelgate, running_upstream

ADMIN = ("admin", "admin-of-the-benchmark")
CONCURRENCY = 8  # requests under way
MOST = 500  # creates in one load
PLENTY = 1_000_000
WITHOUT, WITH = "gateway key", "virtual key, four meters"


@dataclass(frozen=True)
class Cost:
    """Of one create, in one load."""

    cpu: Mapping[str, float]
    """Seconds, by part of the system."""
    p50: float
    p99: float
    per_second: float


def run(tell: Tell, *, quick: bool) -> Section:
    """Raises Failed."""
    found = measure(tell, rounds=1 if quick else 5, seconds=1.0 if quick else 4.0)
    return Section(
        "What a budget costs a create", words(found), {name: list(map(asdict, each)) for name, each in found.items()}
    )


def measure(tell: Tell, *, rounds: int, seconds: float) -> dict[str, list[Cost]]:
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
                cost = creates(systems[name], seconds if number else seconds / 2)
                tell(f"{name:24}  {sum(cost.cpu.values()) * 1e6:6.0f} CPU µs a create")
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


def creates(system: System, seconds: float) -> Cost:
    plan = load.creates(system, PROMPT, concurrency=CONCURRENCY, seconds=seconds, most=MOST)
    with load.prepared(plan) as ready:
        before = {part: cpu_seconds(pid) for part, pid in system.parts.items()}
        seen = ready.go()
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


def ratio(found: Mapping[str, Sequence[Cost]]) -> float:
    """How much more CPU time a create takes with meters: the median over rounds, server and PostgreSQL together."""
    pairs = zip(found[WITH], found[WITHOUT], strict=True)
    return median(sum(with_.cpu.values()) / sum(without.cpu.values()) for with_, without in pairs)


def words(found: Mapping[str, Sequence[Cost]]) -> str:
    def row(name: str, costs: Sequence[Cost]) -> list[str]:
        parts = [median(cost.cpu[part] for cost in costs) * 1e6 for part in ("server", "postgres")]
        times = [median(cost.p50 for cost in costs) * 1e3, median(cost.p99 for cost in costs) * 1e3]
        rate = median(cost.per_second for cost in costs)
        return [name, *(f"{part:,.0f}" for part in parts), *(f"{time:.1f}" for time in times), f"{rate:,.0f}"]

    headings = ["creates with a", "server, CPU µs", "PostgreSQL, CPU µs", "p50 ms", "p99 ms", "a second"]
    return f"""{table(headings, [row(name, costs) for name, costs in found.items()])}

A create that holds something of two budgets and two limits takes {ratio(found):.2f} times the CPU time of one that holds
nothing. All creates of the virtual key lock the same four rows, one after another; {CONCURRENCY} are under way at a time.
"""
