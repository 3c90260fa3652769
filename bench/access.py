"""What a credential costs: the same status poll with a gateway key, with a virtual key that has limits, and as an admin."""

from __future__ import annotations

import base64
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import jwt
import requests

from . import load
from .processes import Failed, cpu_seconds
from .report import Figure, percentile
from .sections import Section, Tell, table
from .systems import System, running_reelgate, running_upstream

CONCURRENCY = 8  # requests under way
RUNNING = 64  # jobs of each owner that are polled
LONG = "A paper boat drifts down a gutter at dusk [sandbox:no-render] [sandbox:slow=3600]"  # longer than the benchmark
PROMISED = 1.2  # times the poll with a gateway key: what one with a virtual key may cost

PASSWORD = "a password of the benchmark"
SECRET = "a secret of the benchmark that signs tokens"
ISSUER, AUDIENCE = "https://bench.example", "reelgate"
SETTINGS = {
    "REELGATE_ADMIN_PASSWORD": PASSWORD,
    "REELGATE_JWT_SECRET": SECRET,
    "REELGATE_JWT_ISSUER": ISSUER,
    "REELGATE_JWT_AUDIENCE": AUDIENCE,
}

BUDGETS = [{"max_limit": 1_000_000, "reset_duration": duration} for duration in ("1d", "1M")]
LIMITS = {
    **{"poll_max_limit": 1_000_000_000, "poll_reset_duration": "1h"},
    **{"request_max_limit": 1_000_000, "request_reset_duration": "1h", "concurrent_max_limit": 1_000_000},
}

GATEWAY_KEY, VIRTUAL_KEY = "a gateway key", "a virtual key"
TOKEN, ADMIN = "a token for that key (JWT)", "the admin's password (Basic)"


@dataclass(frozen=True)
class Credential:
    """What is sent, and whose jobs are polled with it."""

    scheme: str
    secret: str
    jobs: Sequence[str]


@dataclass(frozen=True)
class Sample:
    """One load with one credential. CPU in µs a poll, of server and PostgreSQL; times in seconds."""

    round: int
    credential: str
    requests: int
    errors: int
    first_error: str
    cpu: float
    p50: float


def run(tell: Tell, *, quick: bool) -> Section:
    """Raises Failed."""
    rounds, seconds = (1, 1.0) if quick else (25, 1.0)
    samples = measure(tell, rounds=rounds, seconds=seconds)
    return Section("What a credential costs", words(samples), [asdict(sample) for sample in samples], doubts(samples))


def measure(tell: Tell, *, rounds: int, seconds: float) -> list[Sample]:
    """Every credential in every round, each round beginning with another."""
    samples = []
    with (
        tempfile.TemporaryDirectory(prefix="reelgate-bench-") as directory,
        running_upstream(Path(directory)) as upstream,
        running_reelgate(Path(directory), upstream.base_url, **SETTINGS) as ready,
    ):
        system = ready()
        credentials = prepared(system)
        for number in range(-1, rounds):  # the first warms up
            names = list(credentials)
            first = number % len(names)
            for name in [*names[first:], *names[:first]]:
                sample = poll(system, number, name, credentials[name], seconds)
                tell(f"round {number + 1}  {name:30} {sample.cpu:6.0f} CPU µs a poll  {sample.first_error}")
                samples += [sample] if number >= 0 else []
    return samples


def prepared(system: System) -> dict[str, Credential]:
    """The credentials, with jobs that run."""
    key = virtual_key(system)
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 86_400, "virtual_key": key["id"]}
    token = jwt.encode(claims, SECRET, "HS256")
    theirs, mine = started(system), started(replace(system, key=key["value"]))
    basic = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    return {
        GATEWAY_KEY: Credential("Bearer", system.key, theirs),
        VIRTUAL_KEY: Credential("Bearer", key["value"], mine),
        TOKEN: Credential("Bearer", token, mine),
        ADMIN: Credential("Basic", basic, mine),
    }


def virtual_key(system: System) -> dict[str, str]:
    """A virtual key with budgets and limits, of a team with budgets and limits, of a customer with budgets and limits."""

    def made(kind: str, **asked: Any) -> dict[str, Any]:
        return posted(system, f"{kind}s", name=f"a {kind}", budgets=BUDGETS, rate_limit=LIMITS, **asked)[
            kind.replace("-", "_")
        ]

    price = {"match_type": "exact", "pattern": system.model.partition("/")[2], "patch": {"usd_per_second": 0.1}}
    posted(system, "pricing-overrides", name="a price", scope_kind="global", **price)
    team = made("team", customer_id=made("customer")["id"])
    return made("virtual-key", team_id=team["id"], allow_all_providers=True)


def posted(system: System, path: str, **body: Any) -> dict[str, Any]:
    """The answer to an admin. Raises Failed."""
    url = f"{system.base_url.removesuffix('/v1')}/api/governance/{path}"
    answer = requests.post(url, json=body, auth=("admin", PASSWORD), timeout=30)
    if answer.status_code != 200:
        raise Failed(f"{path}: {answer.text}")
    made: dict[str, Any] = answer.json()
    return made


def started(system: System) -> list[str]:
    """The ids of jobs that run as long as the benchmark does."""
    plan = load.creates(system, LONG, concurrency=CONCURRENCY, seconds=60, most=RUNNING, warm_up=0)
    with load.prepared(plan) as going:
        seen = going.go()
    if len(seen.ids) != RUNNING:
        raise Failed(f"Videos cannot be created: {seen.first_error}")
    return seen.ids


def poll(system: System, number: int, name: str, credential: Credential, seconds: float) -> Sample:
    plan = load.polls(system, credential.jobs, concurrency=CONCURRENCY, seconds=seconds)
    with load.prepared(replace(plan, scheme=credential.scheme, key=credential.secret)) as going:
        before = sum(cpu_seconds(pid) for pid in system.parts.values())
        seen = going.go()
        spent = sum(cpu_seconds(pid) for pid in system.parts.values()) - before
    polls = len(seen.latencies)
    cpu = 1e6 * spent / max(1, polls)
    return Sample(number, name, polls, seen.errors, seen.first_error, cpu, percentile(seen.latencies, 0.5))


# ---- words -----------------------------------------------------------------------------------------------------------


def ratios(samples: Sequence[Sample]) -> Mapping[str, Figure]:
    """Credential -> its CPU over that of the gateway key, round by round."""
    ours = {sample.round: sample.cpu for sample in samples if sample.credential == GATEWAY_KEY}
    return {
        name: Figure.of(sample.cpu / ours[sample.round] for sample in samples if sample.credential == name)
        for name in dict.fromkeys(sample.credential for sample in samples)
    }


def doubts(samples: Sequence[Sample]) -> list[str]:
    errors, dear = sum(sample.errors for sample in samples), ratios(samples)[VIRTUAL_KEY].median
    return [
        *([f"{errors} polls failed."] if errors else []),
        *([f"A poll with a virtual key costs {dear:.2f} times one with a gateway key."] if dear > PROMISED else []),
    ]


def words(samples: Sequence[Sample]) -> str:
    """The section of the result."""
    rows = []
    for name, ratio in ratios(samples).items():
        own = [sample for sample in samples if sample.credential == name]
        cpu = Figure.of(sample.cpu for sample in own)
        p50 = Figure.of(1e3 * sample.p50 for sample in own)
        rows.append(
            [
                name,
                f"{cpu.median:,.0f} ({cpu.least:,.0f}–{cpu.most:,.0f})",
                f"{ratio.median:.2f} ({ratio.least:.2f}–{ratio.most:.2f})",
                f"{p50.median:.1f}",
                f"{sum(sample.requests for sample in own):,}",
            ]
        )
    headings = ("the poll is made with", "CPU, µs a poll", "to a gateway key's", "p50, ms", "polls")
    return TEXT.format(
        table=table(headings, rows),
        running=RUNNING,
        concurrency=CONCURRENCY,
        rounds=len({sample.round for sample in samples}),
        promised=PROMISED,
    )


TEXT = """Status polls of {running} running jobs, {concurrency} at a time, on one reelgate process with its PostgreSQL, whose CPU
time is counted together. The virtual key has two budgets and limits on polls, creates and jobs at once, and so have its team and
its customer: each of its polls counts on three limits, which its answer tells in `RateLimit`. Credentials take turns in {rounds}
rounds; medians, with the least and the most.

{table}

- **to a gateway key's**: round by round, so that a busy machine is so for both. Promised for a virtual key: at most {promised}.
- Nothing is asked of PostgreSQL for a poll: what a key may do is in memory for as long as changes are heard, polls are counted
  in memory and shared once a second.
"""
