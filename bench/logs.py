"""Logs of three million rows over thirty days: what a page costs for every filter and order, and what the sums cost."""

from __future__ import annotations

import hashlib
import random
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
import requests
from ulid import ULID

from .processes import Failed
from .sections import Section, Tell, table
from .systems import database, ending_postgres, reelgate_server

ROWS, DAYS = 3_000_000, 30
LIMIT = 50
TIMES = 7  # that each page is read, or one that begins elsewhere
SLOW = 0.25  # seconds: no page may take longer, even on a machine that is busy
TENANT, SECRET = "vk_01kafw2k8c6p1r7t4w9y2a5d8g", "sk-bf-of-the-benchmark"

# How many rows of a hundred have which property.
KINDS = {"request": 70, "job": 30}
OWNERS = {TENANT: 5, "vk_01kafw2k8c6p1r7t4w9y2a5d8h": 45, "alice": 30, "bob": 20}
MODELS = {
    ("openai", "sora-2"): 50,
    ("runway", "gen4.5"): 30,
    ("replicate", "minimax/hailuo-2.3"): 19,
    ("xai", "grok-imagine-video"): 1,
}
CODES = {None: 92, "video_not_found": 5, "provider_error": 2.99, "budget_exceeded": 0.01}
OBJECTS = {"video_generation": 60, "video_download": 30, "video_delete": 9, "webhook_create": 1}
LEFT = ("vertex", "veo-3.1", 20)  # a provider that nobody has asked for so many days, but was busy before
WORDS = ("paper", "boat", "gutter", "dusk", "lantern", "harbour", "fox", "glacier", "violin", "tram")
RARE = "ocelot"  # in one prompt of 10,000

COLUMNS = (
    *("id", "at", "kind", "object", "status", "status_code", "error_code", "owner", "provider", "model", "key"),
    *("video_id", "request_id", "latency_ms", "cost_usd", "seconds", "content"),
)


@dataclass(frozen=True)
class Measured:
    """What was asked for, as query parameters, and how long it took, in seconds."""

    name: str
    first: float
    later: float | None = None
    """The page that follows."""


@dataclass(frozen=True)
class Result:
    rows: int
    bytes: int
    """Of the database."""
    pages: list[Measured]
    sums: list[Measured]


def run(tell: Tell, *, quick: bool) -> Section:
    """Raises Failed."""
    result = measure(tell, rows=30_000) if quick else measure(tell)
    return Section("The logs", words(result), asdict(result), doubts(result))


def doubts(result: Result) -> list[str]:
    slow = [page for page in result.pages if max(page.first, page.later or 0.0) > SLOW]
    return [f"A page of {page.name} took more than {SLOW:g} s." for page in slow]


def words(result: Result) -> str:
    pages = [
        [page.name, f"{1e3 * page.first:.1f}", "" if page.later is None else f"{1e3 * page.later:.1f}"]
        for page in result.pages
    ]
    sums = [[each.name, f"{1e3 * each.first:.0f}"] for each in result.sums]
    return TEXT.format(
        rows=f"{result.rows:,}",
        days=DAYS,
        gigabytes=result.bytes / 1e9,
        limit=LIMIT,
        times=TIMES,
        pages=table(("page", "first, ms", "next, ms"), pages),
        sums=table(("sums", "ms"), sums),
    )


TEXT = """{rows} rows over {days} days ({gigabytes:.1f} GB with indexes). `GET /api/logs?limit={limit}` over HTTP, as an admin
unless it says otherwise; the next page by `after`.

{pages}

{sums}

- Medians of {times}, after one that does not count.
"""


def asked() -> dict[str, dict[str, Any]]:
    """The pages that are read: their name -> the parameters."""
    now = datetime.now(UTC)
    since, until = (now - timedelta(days=days) for days in (12, 10))
    filters: dict[str, dict[str, Any]] = {
        "all": {},
        "`kind=job`": {"kind": "job"},
        "`objects` (1 %)": {"objects": "webhook_create"},
        "`objects`, two (10 %)": {"objects": ["webhook_create", "video_delete"]},
        "`status=error` (8 %)": {"status": "error"},
        "`error_codes` (0.01 %)": {"error_codes": "budget_exceeded"},
        "`error_codes`, two (3 %)": {"error_codes": ["budget_exceeded", "provider_error"]},
        "`providers` (50 %)": {"providers": "openai"},
        "`providers` (none for 20 days)": {"providers": LEFT[0]},
        "`providers`, two (one of them for 20 days)": {"providers": [LEFT[0], "xai"]},
        "`models` (1 %)": {"models": "grok-imagine-video"},
        "`selected_key_ids`": {"selected_key_ids": "default"},
        "`virtual_key_ids` (5 %)": {"virtual_key_ids": TENANT},
        "`period=1h`": {"period": "1h"},
        "`start_time`, `end_time`": {"start_time": since.isoformat(), "end_time": until.isoformat()},
        "`min_latency` (0.1 %)": {"min_latency": 25_000},
        "`max_latency` (50 %)": {"max_latency": 400},
        "`min_cost` (15 %)": {"min_cost": 0.5},
        "`missing_cost_only`": {"missing_cost_only": "true"},
        "`content_search`, a common word": {"content_search": "paper"},
        "`content_search`, a rare word": {"content_search": RARE},
        "`content_search`, no such word": {"content_search": "xylograph"},
        "`status=error` and `providers` (1 %)": {"status": "error", "providers": "xai"},
    }
    sorts = {
        "sorted by latency": {"sort_by": "latency"},
        "sorted by cost": {"sort_by": "cost"},
        "sorted by latency, `period=24h`": {"sort_by": "latency", "period": "24h"},
        "sorted by latency, `providers` (1 %)": {"sort_by": "latency", "providers": "xai"},
        "sorted by cost, lowest first": {"sort_by": "cost", "order": "asc"},
        "oldest first": {"order": "asc"},
        "`offset=10000`": {"offset": 10_000},
    }
    tenant = {f"a tenant: {name}": wanted for name, wanted in (filters | sorts).items() if "virtual_key" not in name}
    return {**filters, **sorts, **tenant}


def measure(tell: Tell, *, rows: int = ROWS) -> Result:
    """Start a server on an empty database, fill it, measure, stop everything. Raises Failed."""
    with tempfile.TemporaryDirectory(prefix="reelgate-bench-") as name, ending_postgres(Path(name)):
        settings = {"REELGATE_API_KEYS": "", "REELGATE_WORKER": "false", "REELGATE_LOG_DAYS": str(DAYS)}
        with reelgate_server(Path(name), "http://127.0.0.1:9/openai/v1", **settings) as start:
            system = start()
            began = time.monotonic()
            with psycopg.connect(database(system), autocommit=True) as connection:
                fill(connection, rows)
                tell(f"{rows} rows written in {time.monotonic() - began:.0f} s")
                found = connection.execute("SELECT pg_database_size(current_database())").fetchone()
            assert found is not None
            base = system.base_url.removesuffix("/v1")
            pages = [page(base, name, wanted) for name, wanted in asked().items()]
            sums = [
                Measured(f"{who}`{path}?period={period}`", timed(f"{base}/api/logs/{path}", {"period": period}, key))
                for who, key in (("", None), ("a tenant: ", SECRET))
                for path in ("stats", "histogram", "histogram/cost", "filterdata")
                for period in ("24h", "7d", "30d")
            ]
            return Result(rows, int(found[0]), pages, sums)


def page(base: str, name: str, wanted: Mapping[str, Any]) -> Measured:
    key = SECRET if name.startswith("a tenant") else None
    url, asked = f"{base}/api/logs", {"limit": LIMIT, **wanted}
    first = timed(url, asked, key)
    last = get(url, asked, key)["pagination"].get("last_id")
    if last is None or "offset" in wanted:
        return Measured(name, first)
    return Measured(name, first, timed(url, {**asked, "after": last}, key))


def timed(url: str, wanted: Mapping[str, Any], key: str | None) -> float:
    """The median of the seconds that an answer takes."""
    seen = []
    for _ in range(TIMES + 1):
        sent = time.perf_counter()
        get(url, wanted, key)
        seen.append(time.perf_counter() - sent)
    return median(seen[1:])


def get(url: str, wanted: Mapping[str, Any], key: str | None) -> dict[str, Any]:
    headers = {"x-bf-vk": key} if key is not None else {}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(url, params=wanted, headers=headers, timeout=60)
    if answer.status_code != 200:
        raise Failed(f"{answer.url}: {answer.status_code} {answer.text[:300]}")
    found: dict[str, Any] = answer.json()
    return found


def fill(connection: psycopg.Connection[Any], rows: int) -> None:
    """Write so many rows, spread evenly over the last DAYS days. They are the same every time, but for the days."""
    chance = random.Random(7)
    connection.execute(
        "INSERT INTO virtual_keys (id, name, digest, hint) VALUES (%s, 'the render farm', %s, 'mark')",
        (TENANT, hashlib.sha256(SECRET.encode()).digest()),
    )
    now = datetime.now(UTC)
    for days in range(DAYS - 1, -1, -1):
        began = (now - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)
        name, today = f"logs_{began:%Y%m%d}", days == 0
        if not today:  # filled before it has indexes, which are built faster than kept up
            connection.execute(f"CREATE TABLE {name} (LIKE logs INCLUDING DEFAULTS INCLUDING CONSTRAINTS)".encode())
        length = (now - began) if today else timedelta(days=1)
        with connection.cursor() as cursor, cursor.copy(f"COPY {name} ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for row in day(began, length, rows // DAYS, days, chance):
                copy.write_row(row)
        if not today:
            until = began + timedelta(days=1)
            bounds = f"FROM ('{first(began)}') TO ('{first(until)}')"
            connection.execute(f"ALTER TABLE logs ATTACH PARTITION {name} FOR VALUES {bounds}".encode())
    connection.execute("VACUUM ANALYZE logs")


def first(moment: datetime) -> str:
    return f"log_{ULID(int(moment.timestamp() * 1000).to_bytes(6) + bytes(10))}".lower()


def day(began: datetime, length: timedelta, rows: int, days: int, chance: random.Random) -> Iterator[tuple[Any, ...]]:
    kinds, owners, models, codes, objects = (
        dealt(shares, rows, chance) for shares in (KINDS, OWNERS, MODELS, CODES, OBJECTS)
    )
    for number in range(rows):
        at = began + length * (number / rows)
        identity = f"{ULID(int(at.timestamp() * 1000).to_bytes(6) + chance.randbytes(10))}".lower()
        kind, code, (provider, model) = kinds[number], codes[number], models[number]
        if days >= LEFT[2] and number % 3 == 0:
            provider, model = LEFT[:2]
        job = kind == "job"
        makes = objects[number] == "video_generation" and not job
        prompt = " ".join(chance.choices(WORDS, k=8)) + (f" {RARE}" if chance.random() < 1e-4 else "")
        latency = chance.lognormvariate(6, 1.3)
        yield (
            *(f"log_{identity}", at, kind, "video_generation" if job else objects[number]),
            *("error" if code else "processing" if makes else "success", None if job else 404 if code else 200, code),
            *(owners[number], provider, model, "default" if number % 2 else "spare", f"video_{identity}"),
            *(None if job else identity, 100 * latency if job else latency),
            *(round(chance.random(), 2) if job and number % 20 else None, 4.0, prompt if makes else None),
        )


def dealt(shares: Mapping[Any, float], total: int, chance: random.Random) -> list[Any]:
    return chance.choices(list(shares), weights=list(shares.values()), k=total)
