"""A ledger of a million jobs: what a page of the list costs, wherever it lies, for each filter and in both orders."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
import requests

from . import rows
from .processes import Failed
from .sections import Section, Tell, table
from .systems import System, database, ending_postgres, reelgate_server

OWNED, FOREIGN = 1_060_000, 100_000  # of the former a million can be listed, and the rest was deleted
LIMIT = 100
DEPTHS = (1, 10, 100, 1_000, 10_000)  # pages
TIMES = 9  # that each page is read, or one that begins a job later
ORDERS = ("desc", "asc")
FLAT = 3.0  # times what the first page takes: no page may be worse, even on a machine that is busy


@dataclass(frozen=True)
class Walk:
    """A filter, read in an order."""

    name: str
    order: str
    fits: int
    """Jobs that it shows in all."""
    latency: Mapping[int, float]
    """Page -> seconds, where there is such a page."""


@dataclass(frozen=True)
class Result:
    jobs: int
    seconds: float
    """To write them."""
    bytes: int
    """Of the database."""
    walks: list[Walk]


def run(tell: Tell, *, quick: bool) -> Section:
    """Raises Failed."""
    result = measure(tell, owned=20_000, foreign=2_000) if quick else measure(tell)
    return Section("A million jobs in the list", words(result), asdict(result), doubts(result))


def doubts(result: Result) -> list[str]:
    ratios = (seconds / walk.latency[1] for walk in result.walks for seconds in walk.latency.values())
    worst = max(ratios)
    return [f"A page took {worst:.1f} times as long as the first."] if worst > FLAT else []


def words(result: Result) -> str:
    """The section of the result."""
    rows = []
    for walk in result.walks:
        ratios = (f"{walk.latency[page] / walk.latency[1]:.2f}" if page in walk.latency else "" for page in DEPTHS[1:])
        rows.append([walk.name, walk.order, f"{walk.fits:,}", f"{1e3 * walk.latency[1]:.1f}", *ratios])
    headings = ("filter", "order", "jobs that fit", "page 1, ms", *(f"page {page:,}" for page in DEPTHS[1:]))
    return TEXT.format(
        jobs=f"{result.jobs:,}",
        owned=f"{max(walk.fits for walk in result.walks):,}",
        gigabytes=result.bytes / 1e9,
        limit=LIMIT,
        times=TIMES,
        table=table(headings, rows, left=2),
    )


TEXT = """A ledger of {jobs} jobs ({gigabytes:.1f} GB). One caller can list {owned} of them; 5 % of its jobs are deleted, others'
jobs lie between. `GET /v1/videos?limit={limit}` over HTTP, walked by `after`; what later pages take is told as a multiple of
page 1.

{table}

- Medians of {times}. A page that follows a cursor reads the row of the cursor first, which the first page does not.
- The jobs were copied into the database; no page was read before but one of each, which does not count.
"""


def filters(owned: int) -> dict[str, tuple[dict[str, Any], str]]:
    """The parameters of the list, and the same as SQL."""
    since, until = (int((rows.BEGAN + owned * share * rows.APART).timestamp()) for share in (0.25, 0.75))
    return {
        "none": ({}, "true"),
        "`provider` (50 %)": ({"provider": "openai"}, "provider = 'openai'"),
        "`model` (1 %)": ({"model": "xai/grok-imagine-video"}, "model = 'grok-imagine-video'"),
        "`status` (85 %)": ({"status": "completed"}, "state = 'completed'"),
        "`status` (2 %)": ({"status": "queued"}, "state = 'queued'"),
        "`created_after` and `_before` (half)": (
            {"created_after": since, "created_before": until},
            f"created_at >= to_timestamp({since}) AND created_at < to_timestamp({until})",
        ),
        "`metadata` (10 %)": (
            {"metadata": "project:alpha"},
            "id IN (SELECT job_id FROM job_tags WHERE owner = jobs.owner AND name = 'project' AND value = 'alpha')",
        ),
    }


def measure(tell: Tell, *, owned: int = OWNED, foreign: int = FOREIGN) -> Result:
    """Start a server on an empty database, fill it, measure, stop everything. Raises Failed."""
    with tempfile.TemporaryDirectory(prefix="reelgate-bench-") as name, ending_postgres(Path(name)):
        # Nobody works: most of these jobs are at no provider.
        settings = {"REELGATE_API_KEYS": f"{rows.OWNER}:a-secret-of-the-benchmark", "REELGATE_WORKER": "false"}
        with reelgate_server(Path(name), "http://127.0.0.1:9/openai/v1", **settings) as start:
            system = start()
            began = time.monotonic()
            with psycopg.connect(database(system), autocommit=True) as connection:
                rows.fill(connection, owned, foreign)
                seconds = time.monotonic() - began
                tell(f"{owned + foreign} jobs written in {seconds:.0f} s")
                found = connection.execute("SELECT pg_database_size(current_database())").fetchone()
                assert found is not None
                walks = [
                    walk(system, connection, name, order, *wanted)
                    for name, wanted in filters(owned + foreign).items()
                    for order in ORDERS
                ]
            return Result(owned + foreign, seconds, int(found[0]), walks)


def walk(
    system: System, connection: psycopg.Connection[Any], name: str, order: str, wanted: Mapping[str, Any], sql: str
) -> Walk:
    places = {page: (page - 1) * LIMIT for page in DEPTHS}
    fits, cursors = _cursors(connection, sql, order, [place for place in places.values() if place])
    latencies: dict[int, list[float]] = {page: [] for page in DEPTHS if places[page] + LIMIT + TIMES <= fits}
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {system.key}"
        for number in range(-1, TIMES):  # the first time does not count
            for page in latencies:
                # Each time another cursor, as for whoever walks: one that was used before would be in memory.
                after = {"after": cursors[places[page] + max(0, number)]} if page > 1 else {}
                asked = {**wanted, **after, "order": order, "limit": LIMIT}
                sent = time.perf_counter()
                answer = session.get(f"{system.base_url}/videos", params=asked, timeout=60)
                passed = time.perf_counter() - sent
                if answer.status_code != 200 or len(answer.json()["data"]) != LIMIT:
                    raise Failed(f"Page {page} of {name}: {answer.status_code} {answer.text[:300]}")
                if number >= 0:
                    latencies[page].append(passed)
    return Walk(name, order, fits, {page: median(seen) for page, seen in latencies.items()})


def _cursors(
    connection: psycopg.Connection[Any], sql: str, order: str, places: list[int]
) -> tuple[int, dict[int, str]]:
    """How many jobs fit; and the ids behind which pages begin, from each of these places on, by how many come before."""
    numbered = f"""
        SELECT id, row_number() OVER (ORDER BY id {order}) AS place, count(*) OVER () AS fits
        FROM jobs WHERE owner = '{rows.OWNER}' AND deleted_at IS NULL AND {sql}
    """
    ranges = " OR ".join(f"place BETWEEN {place} AND {place + TIMES}" for place in [1, *places])
    found = connection.execute(f"SELECT id, place, fits FROM ({numbered}) n WHERE {ranges}".encode()).fetchall()
    return found[0][2], {place: job for job, place, _ in found}
