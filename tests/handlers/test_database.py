"""The PostgreSQL of the gateway: embedded or your own, after any kind of end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import requests
from alembic import command
from pydantic import SecretStr
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from handlers.jobs import claims
from handlers.jobs.database import DatabaseError, alembic_config, clear_after_kill, database_url, engine_for, migrate
from handlers.jobs.tables import metadata
from tests.gateway import ALICE, new_database, running
from tests.handlers.wire import configured, process, standalone_sandbox

START = """
import sys
from pathlib import Path
from handlers.jobs.database import start_embedded
print("url", start_embedded(Path({directory!r})), flush=True)
sys.stdin.readline()
import time; time.sleep(600)
"""


def off_the_loop(work: object) -> None:
    """Run a coroutine where no loop runs."""
    thread = threading.Thread(target=lambda: asyncio.run(work))  # type: ignore[arg-type]
    thread.start()
    thread.join()


@contextlib.contextmanager
def embedded(directory: Path) -> Iterator[str]:
    """The embedded PostgreSQL, started by a process that is killed at the end; its URL. It goes on running."""
    with process(START.format(directory=str(directory)), "url ", directory.with_suffix(".out")) as (_, line):
        yield line.split()[1]


def postmaster(directory: Path) -> psutil.Process:
    return psutil.Process(int((directory / "postmaster.pid").read_text().splitlines()[0]))


def kill(directory: Path, how: signal.Signals) -> None:
    """End the postmaster, and for SIGKILL everything below it, and wait until they are gone."""
    chief = postmaster(directory)
    everyone = [chief, *(chief.children(recursive=True) if how is signal.SIGKILL else [])]
    for each in everyone:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.send_signal(how)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        alive = [each for each in everyone if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
        if not alive:
            return
        time.sleep(0.05)
    raise AssertionError("PostgreSQL did not end")


def one(url: str, statement: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement.encode()).fetchone()
    return row[0] if row else None


@pytest.fixture
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A place for an embedded PostgreSQL, which is stopped at the end whatever has become of it."""
    place = tmp_path_factory.mktemp("pg") / "postgres"
    yield place
    with contextlib.suppress(FileNotFoundError, psutil.NoSuchProcess):
        kill(place, signal.SIGKILL)


def test_it_comes_back_after_everything_was_killed(directory: Path) -> None:
    with embedded(directory) as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        kill(directory, signal.SIGKILL)
    assert (directory / "postmaster.pid").exists()
    with embedded(directory) as url:
        assert one(url, "SELECT n FROM kept") == 7


def test_a_second_process_joins_the_one_that_runs(directory: Path) -> None:
    with embedded(directory) as first:
        before = postmaster(directory).pid
        with embedded(directory) as second:
            assert (second, postmaster(directory).pid) == (first, before)
        assert one(first, "SELECT 1") == 1  # one of its users was killed, and it runs on


def test_a_pid_file_that_names_an_unrelated_process_does_not_stop_it(directory: Path) -> None:
    with embedded(directory):
        kill(directory, signal.SIGKILL)
    file = directory / "postmaster.pid"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    lock = Path(lines[4]) / f".s.PGSQL.{lines[3]}.lock"
    lock.write_text(f"{os.getpid()}\n")
    with embedded(directory) as url:
        assert one(url, "SELECT 1") == 1
        assert postmaster(directory).pid != os.getpid()


@pytest.mark.parametrize("content", ["", "\n", "nonsense\n", "-5\n", "999999999\n/x\n1\n"])
def test_a_pid_file_of_any_content_is_cleared(tmp_path: Path, content: str) -> None:
    (tmp_path / "postmaster.pid").write_text(content)
    clear_after_kill(tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()


def test_a_directory_without_a_pid_file_is_left_alone(tmp_path: Path) -> None:
    clear_after_kill(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_one_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "postgres").write_text("a file")
    with pytest.raises(DatabaseError) as raised:
        database_url(None, tmp_path)
    assert "DATABASE_URL" in str(raised.value)


@pytest.mark.parametrize(
    ("configured", "words"),
    [
        ("mysql://x/y", "mysql"),
        ("sqlite:///x", "sqlite"),
        ("http://x", "http"),
        ("postgresql://user:hunter2@host:port/x", "not a URL"),
    ],
)
def test_a_url_of_another_kind_is_refused_in_words(configured: str, words: str) -> None:
    with pytest.raises(DatabaseError) as raised:
        database_url(SecretStr(configured), Path("nowhere"))
    assert "DATABASE_URL" in str(raised.value) and words in str(raised.value)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("configured", ["", "nonsense", "://", "hunter2@host"])
def test_a_url_that_is_none_is_refused_in_words(configured: str) -> None:
    with pytest.raises(DatabaseError):
        database_url(SecretStr(configured), Path("nowhere"))


@pytest.mark.parametrize("configured", ["postgres://h/d", "postgresql://h/d", "postgresql+psycopg2://h/d"])
def test_every_spelling_of_postgresql_is_taken(configured: str) -> None:
    assert database_url(SecretStr(configured), Path("nowhere")).drivername == "postgresql+psycopg"


def test_the_migrations_make_what_the_tables_say() -> None:
    url = make_url(new_database()).set(drivername="postgresql+psycopg")

    async def upgrade() -> None:
        engine = engine_for(url)
        await asyncio.gather(migrate(engine), migrate(engine))  # those who start together wait for each other
        await migrate(engine)
        await engine.dispose()

    off_the_loop(upgrade())
    command.check(alembic_config(url))


def test_the_indexes_of_the_migrations_are_those_of_the_tables_to_the_letter() -> None:
    migrated, declared = new_database(), new_database()

    async def make() -> None:
        for place, fill in ((migrated, migrate), (declared, _declare)):
            engine = engine_for(make_url(place).set(drivername="postgresql+psycopg"))
            await fill(engine)
            await engine.dispose()

    async def _declare(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)

    off_the_loop(make())
    found = (_indexes(place, sorted(metadata.tables)) for place in (migrated, declared))
    assert next(found) == next(found)


def _indexes(url: str, tables: list[str]) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT indexdef FROM pg_indexes WHERE tablename = ANY(%s)", [tables])
        return {definition for (definition,) in rows}


@pytest.mark.parametrize("run", ["serve", "work"])
def test_a_database_that_is_not_there_is_said_so_without_a_traceback_or_the_password(tmp_path: Path, run: str) -> None:
    code = f"""
from handlers.jobs.database import DatabaseError
from handlers.server import {run}
from handlers.settings import load
try:
    {run}(load())
except DatabaseError as error:
    print("refused:", str(error).replace(chr(10), " "), flush=True)
"""
    settings = {
        "DATABASE_URL": "postgresql://reelgate:hunter2@127.0.0.1:1/x",
        "PORT": "0",
        "REELGATE_DATA_DIR": str(tmp_path),
    }
    with process(code, "refused:", tmp_path / "log", **settings) as (_, line):
        assert "DATABASE_URL" in line and "hunter2" not in line
    logged = (tmp_path / "log").read_text()
    assert "hunter2" not in logged and "Traceback" not in logged


def test_while_the_database_is_away_callers_are_told_and_afterwards_it_goes_on_by_itself(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name, seconds in ((claims, "DEAD_AFTER", 2.0), (claims, "PATIENCE", 1.0), (claims, "BEAT", 0.4)):
        monkeypatch.setattr(module, name, seconds)
    with contextlib.ExitStack() as stack:
        provider = stack.enter_context(standalone_sandbox(tmp_path / "provider", job_seconds=4))
        with embedded(directory) as url:
            gateway = stack.enter_context(
                running(
                    tmp_path,
                    url,
                    configured(openai=f"{provider}/openai/v1"),
                )
            )
            # A job that runs while the database is away, and one that has ended before.
            job = gateway.create("goes on [sandbox:no-render]", model="openai/sora-2")["id"]
            kill(directory, signal.SIGINT)  # "fast": whoever is connected is thrown out

        for method, path, body in (
            ("POST", "/v1/videos", {"model": "openai/sora-2", "prompt": "x"}),
            ("GET", "/v1/videos", None),
            ("GET", f"/v1/videos/{job}", None),
            ("DELETE", f"/v1/videos/{job}", None),
        ):
            answer = gateway.ask(method, path, json=body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable"), (method, path)
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.json()["is_bifrost_error"] is True
        health = gateway.ask("GET", "/health", None)
        assert (health.status_code, health.json()["status"]) == (503, "unavailable")
        assert gateway.ask("GET", "/health?probe=live", None).status_code == 200
        before = requests.get(f"{provider}/stats", timeout=5).json()["openai"]["creates_accepted"]
        assert before == 1

        with embedded(directory):
            until = time.monotonic() + 15
            while gateway.ask("GET", "/health", None).json()["status"] != "ok" and time.monotonic() < until:
                time.sleep(0.1)
            assert gateway.ask("GET", "/health", None).json()["status"] == "ok"
            assert gateway.ask("GET", f"/v1/videos/{job}", ALICE).status_code == 200
            assert gateway.finished(job, patience=25)["status"] == "completed"
            again = gateway.create("afterwards [sandbox:no-render]", model="openai/sora-2")["id"]
            assert gateway.ask("GET", f"/v1/videos/{again}").status_code == 200
            stack.close()
