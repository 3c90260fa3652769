"""What the providers remember: one SQLite file with their tasks and what was asked of them.

Write-ahead logging with `synchronous=NORMAL` survives `kill -9` of the process, which is what is played with
here; only a loss of power may cost the last moments. A statement takes tens of microseconds, less than the
way to a thread and back, so the store is used from the event loop directly.
"""

import json
import secrets
import sqlite3
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sandbox.scene import Scene
from sandbox.trouble import Plan

SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    provider   TEXT NOT NULL,
    account    TEXT NOT NULL,
    created_at REAL NOT NULL,   -- Unix seconds
    duration   REAL NOT NULL,   -- seconds that the job takes
    request    TEXT NOT NULL,   -- JSON, as validated
    scene      TEXT NOT NULL,   -- JSON: what the clip shows
    plan       TEXT NOT NULL,   -- JSON: the trouble in force
    deleted_at REAL             -- Unix seconds
);
CREATE INDEX IF NOT EXISTS tasks_of_account ON tasks (provider, account, number);
CREATE TABLE IF NOT EXISTS counts (
    provider TEXT, account TEXT, name TEXT, n INTEGER NOT NULL, PRIMARY KEY (provider, account, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS secret (value BLOB NOT NULL);
"""
COLUMNS = "id, provider, account, created_at, duration, request, scene, plan, deleted_at"


@dataclass(frozen=True)
class Task:
    """A job as its provider keeps it. Times are Unix seconds, `duration` is in seconds."""

    id: str
    provider: str
    account: str
    created_at: float
    duration: float
    request: dict[str, Any]
    scene: Scene
    plan: Plan
    deleted_at: float | None = None


class Store:
    """Tasks and counts of all providers, in one file. Not for use by two threads at once."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=5.0)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)
        self._db.execute(
            "INSERT INTO secret SELECT ? WHERE NOT EXISTS (SELECT 1 FROM secret)", (secrets.token_bytes(32),)
        )
        self.secret: bytes = self._db.execute("SELECT value FROM secret").fetchone()[0]
        """Signs what must stay valid over a restart."""

    def add(self, task: Task) -> None:
        request, scene, plan = (json.dumps(part) for part in (task.request, asdict(task.scene), task.plan))
        self._db.execute(
            f"INSERT INTO tasks ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (a constant)
            (
                *(task.id, task.provider, task.account, task.created_at, task.duration),
                *(request, scene, plan, task.deleted_at),
            ),
        )

    def find(self, provider: str, task_id: str) -> Task | None:
        """A task of any account, deleted or not."""
        rows = self._select("WHERE provider = ? AND id = ?", provider, task_id)
        return rows[0] if rows else None

    def page(
        self, provider: str, account: str, limit: int, after: str | None, newest_first: bool, deleted: bool
    ) -> list[Task]:
        """Up to `limit` tasks of an account by creation; those that come `after` a task, if given. -1 is no limit.

        Only live ones, unless `deleted` ones are asked for too.
        """
        beyond, order = ("number < mark", "DESC") if newest_first else ("number > mark", "ASC")
        where = f"""
            LEFT JOIN (SELECT number AS mark FROM tasks WHERE id = ?)
            WHERE provider = ? AND account = ? AND (deleted_at IS NULL OR ?) AND (mark IS NULL OR {beyond})
            ORDER BY number {order} LIMIT ?
        """  # noqa: S608 (constants)
        return self._select(where, after, provider, account, deleted, limit)

    def delete(self, task: Task, now: float) -> None:
        self._db.execute("UPDATE tasks SET deleted_at = ? WHERE id = ?", (now, task.id))

    def count(self, provider: str, account: str, name: str) -> int:
        """Count one more; returns how many there were before."""
        statement = "INSERT INTO counts VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n - 1"
        (before,) = self._db.execute(statement, (provider, account, name)).fetchone()
        return int(before)

    def totals(self, names: tuple[str, ...]) -> list[tuple[str, str, str, int]]:
        """(provider, account, name, n): these counts, and of the tasks `creates_accepted` and `deletes`."""
        places = ", ".join("?" * len(names))
        return self._db.execute(
            f"""
            SELECT provider, account, name, n FROM counts WHERE name IN ({places})
            UNION ALL SELECT provider, account, 'creates_accepted', count(*) FROM tasks GROUP BY 1, 2
            UNION ALL SELECT provider, account, 'deletes', count(deleted_at) FROM tasks GROUP BY 1, 2
            """,  # noqa: S608 (places are question marks)
            names,
        ).fetchall()

    def close(self) -> None:
        self._db.close()

    def _select(self, where: str, *values: object) -> list[Task]:
        rows = self._db.execute(f"SELECT {COLUMNS} FROM tasks {where}", values)  # noqa: S608 (constants)
        return [_task(*row) for row in rows]


def _task(
    task_id: str,
    provider: str,
    account: str,
    created_at: float,
    duration: float,
    request: str,
    scene: str,
    plan: str,
    deleted_at: float | None,
) -> Task:
    """A row, in the order of COLUMNS."""
    shown = Scene(**json.loads(scene))
    asked, trouble = json.loads(request), json.loads(plan)
    return Task(task_id, provider, account, created_at, duration, asked, shown, trouble, deleted_at)
