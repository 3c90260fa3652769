"""Two thousand clients that wait on one server, for few jobs and for one each: what they cost, and how soon they are told."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from . import clients
from .clients import STREAM, WAIT
from .processes import Failed, resident_bytes
from .report import percentile
from .scale import Notebook, create, window
from .sections import Section, Tell, table
from .systems import System, database, ending_postgres, reelgate_server, running_upstream

CLIENTS = 1000  # of each kind
FEW = 10  # jobs
PACE = 10  # seconds between two questions about one job
WINDOW = 2 * PACE  # seconds that are measured; longer than an event stream is silent
PROMISED = 1.0  # seconds until each client is told
LEAP = 5400.0  # seconds: every job has ended then, and no file has expired
KINDS = (STREAM, WAIT)


@dataclass(frozen=True)
class Case:
    """So many clients on so many jobs."""

    jobs: int
    clients: int
    memory: Mapping[str, float]
    """Bytes of the server per client that waits, by kind."""
    cpu_alone: float
    """Cores of the server while the jobs are followed and nobody waits, …"""
    cpu: float
    """… and while everybody waits."""
    polls: float
    """Of the upstream, per job and interval, while everybody waits."""
    delays: Mapping[str, Sequence[float]]
    """Seconds from the question that the upstream answered with "completed" until a client was told, by kind."""


def run(tell: Tell, *, quick: bool) -> Section:
    """Raises Failed."""
    cases = measure(tell, each=50 if quick else CLIENTS)
    return Section(
        f"{cases[0].clients:,} clients waiting", words(cases), [asdict(case) for case in cases], doubts(cases)
    )


def doubts(cases: Sequence[Case]) -> list[str]:
    latest = max(delays[-1] for case in cases for delays in case.delays.values())
    asked = max(case.polls for case in cases)
    return [
        *([f"A client was told after {latest:.1f} s."] if latest > PROMISED else []),
        *([f"The upstream was asked {asked:.2f} times per job and interval."] if asked > 1.1 else []),
    ]


def words(cases: Sequence[Case]) -> str:
    """The section of the result."""
    rows = []
    for case in cases:
        for kind in KINDS:
            delays = case.delays[kind]
            told = [f"{1e3 * percentile(delays, share):.0f}" for share in (0.5, 0.99, 1)]
            clients_of_job = f"{case.jobs:,}, {max(1, case.clients // case.jobs):,} each"
            rows.append([clients_of_job, f"{len(delays):,} × {kind}", f"{case.memory[kind] / 1024:.1f}", *told])
    cpu = "; ".join(
        f"{case.cpu:.2f} cores while all wait for {case.jobs:,} jobs, {case.cpu_alone:.2f} when nobody does"
        for case in cases
    )
    polls = ", ".join(f"{case.polls:.2f}" for case in cases)
    headings = ("jobs, clients", "clients", "memory per client, KiB", "told after, ms: p50", "p99", "max")
    return TEXT.format(pace=PACE, table=table(headings, rows, left=2), cpu=cpu, polls=polls)


TEXT = """One reelgate process. Half of the clients follow a job's event stream, half hold a `GET` with `Prefer: wait=300`; first
all of them wait for a few jobs, then each for one of its own. The upstream is asked about each job every {pace} s.

{table}

- **told after**: from the question that the upstream answers with `completed` until the first byte of the news arrives at a
  client, with the ledger's commit in between. Promised is less than a second. All jobs end at once at the upstream; the
  gateway learns of it over one interval of {pace} s.
- **CPU** of the server: {cpu}.
- **Questions to the upstream**, per job and interval, while all wait: {polls}.
- **memory**: the growth of the server's resident memory while they connect. What a first crowd left free the next one uses,
  so the second case grows by less.
- The clients are processes of their own on the same cores, and so is the upstream.
"""


def measure(tell: Tell, *, each: int = CLIENTS, few: int = FEW) -> list[Case]:
    """Start everything, measure, stop everything. Raises Failed."""
    with tempfile.TemporaryDirectory(prefix="reelgate-bench-") as name, ending_postgres(Path(name)):
        directory = Path(name)
        with (
            running_upstream(directory, "bench.upstream") as upstream,
            reelgate_server(directory, upstream.base_url, REELGATE_POLL_SECONDS=str(PACE)) as start,
        ):
            system = start()
            notebook = Notebook(upstream)
            warm_up(system, notebook, tell)
            return [case(system, notebook, jobs, each, tell) for jobs in (few, 2 * each)]


def warm_up(system: System, notebook: Notebook, tell: Tell) -> None:
    """What a server allocates for its first clients, whoever they are, is not theirs."""
    jobs = create(system, 100, tell)
    with ExitStack() as crowds:
        for kind in KINDS:
            crowds.enter_context(clients.waiting(system, kind, jobs))


def case(system: System, notebook: Notebook, jobs: int, each: int, tell: Tell) -> Case:
    begun = time.time()
    created = create(system, jobs, tell)
    notebook.wait(jobs, since=begun)
    alone, _ = window(system, PACE)
    # Each client has a job of its own, or they share them.
    ids = {kind: [created[(2 * n + number) % jobs] for n in range(each)] for number, kind in enumerate(KINDS)}
    memory: dict[str, float] = {}
    with ExitStack() as stack:
        crowds = {}
        for kind in KINDS:
            before = resident_bytes(system.parts["server"])
            crowds[kind] = stack.enter_context(clients.waiting(system, kind, ids[kind]))
            time.sleep(1)
            memory[kind] = (resident_bytes(system.parts["server"]) - before) / each
        quiet = time.time()
        cpu, seconds = window(system, WINDOW)
        native = _native_ids(system, created)
        asked = notebook.times(quiet)
        polls = sum(len(asked.get(job, ())) for job in native.values())
        tell(f"{2 * each} clients wait for {jobs} jobs; now these are completed")
        notebook.leap(LEAP)
        told = {kind: crowd.told() for kind, crowd in crowds.items()}
    learned = {job: times[-1] for job, times in notebook.times(quiet).items()}
    errors = [error for each_told in told.values() for error in each_told.errors]
    if errors:
        raise Failed(f"{len(errors)} clients were not told: {errors[0]}")
    return Case(
        jobs=jobs,
        clients=2 * each,
        memory=memory,
        cpu_alone=alone["server"],
        cpu=cpu["server"],
        polls=polls / jobs / (seconds / PACE),
        delays={
            kind: sorted(at - learned[native[job]] for at, job in zip(told[kind].at, ids[kind], strict=True))
            for kind in KINDS
        },
    )


def _native_ids(system: System, jobs: Sequence[str]) -> dict[str, str]:
    """The upstream's id of each job."""
    with psycopg.connect(database(system)) as connection:
        found = connection.execute("SELECT id, native_id FROM jobs WHERE id = ANY(%s)", [list(jobs)])
        return dict(found.fetchall())
