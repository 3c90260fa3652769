"""A ledger of a million jobs, written straight into the database."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from ulid import ULID

OWNER = "bench"
OTHERS = ("alice", "bob", "carol")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
APART = timedelta(seconds=20)  # between two jobs

# How many jobs of a hundred have which property.
DELETED = 5
MODELS = {
    ("openai", "sora-2"): 50,
    ("runway", "gen4.5"): 30,
    ("replicate", "minimax/hailuo-2.3"): 19,
    ("xai", "grok-imagine-video"): 1,
}
STATES = {"completed": 85, "failed": 10, "in_progress": 3, "queued": 2}
PROJECTS = {"alpha": 10, "beta": 10, None: 80}

COLUMNS = (
    *(
        "id",
        "owner",
        "kind",
        "state",
        "provider",
        "model",
        "key",
        "native_id",
        "request",
        "progress",
        "seconds",
        "size",
    ),
    *("created_at", "updated_at", "deadline_at", "completed_at", "deleted_at"),
)


def fill(connection: psycopg.Connection[Any], owned: int, foreign: int) -> None:
    """Write so many jobs of OWNER and, among them, of others. They are the same every time."""
    chance = random.Random(7)
    owners = [OWNER] * owned + [OTHERS[number % len(OTHERS)] for number in range(foreign)]
    chance.shuffle(owners)
    tags: list[tuple[str, ...]] = []
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY jobs ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for row in _jobs(owners, chance, tags):
                copy.write_row(row)
        with cursor.copy("COPY job_tags (owner, name, value, job_id) FROM STDIN") as copy:
            for tag in tags:
                copy.write_row(tag)
    connection.execute("VACUUM ANALYZE jobs, job_tags")


def _jobs(owners: list[str], chance: random.Random, tags: list[tuple[str, ...]]) -> Iterator[tuple[object, ...]]:
    models, states, projects = (_dealt(shares, len(owners), chance) for shares in (MODELS, STATES, PROJECTS))
    for number, owner in enumerate(owners):
        created = BEGAN + number * APART
        job = f"video_{ULID(int(created.timestamp() * 1000).to_bytes(6) + chance.randbytes(10))}".lower()
        (provider, model), state, project = models[number], states[number], projects[number]
        if project is not None:
            tags.append((owner, "project", project, job))
        ended = created + timedelta(seconds=90) if state in ("completed", "failed") else None
        yield (
            *(job, owner, "generation", state, provider, model, "default", f"native-{number}"),
            *('{"prompt": "A paper boat drifts down a gutter at dusk"}', 100.0 if ended else 10.0, "4", "1280x720"),
            *(created, ended or created, created + timedelta(hours=1), ended),
            created + timedelta(days=1) if 100 * chance.random() < DELETED else None,
        )


def _dealt(shares: Mapping[Any, int], total: int, chance: random.Random) -> list[Any]:
    return chance.choices(list(shares), weights=list(shares.values()), k=total)
