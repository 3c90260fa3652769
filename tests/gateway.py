"""The whole gateway on a real server, with a real PostgreSQL and the sandbox, every exchange on record."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import requests
import yaml
from sqlalchemy import make_url
from ulid import ULID

from handlers.app import build
from handlers.configuration import validated
from handlers.jobs.database import start_embedded
from handlers.providers.emulation import emulation
from handlers.providers.registry import PROVIDERS
from handlers.server import Server, http, listen
from handlers.settings import Settings, SettingsError, load
from handlers.worker import Worker
from sandbox.wire import Exposed
from tests.judge import Exchange, Judge, Recorder

ROOT = Path(__file__).parents[1]
ALICE, BOB = "alice-secret-1", "bob-secret-22"
KEYS = f"alice:{ALICE},bob:{BOB}"
EMULATED = {name: adapter.sandbox_path for name, adapter in PROVIDERS.items()}
"""Provider -> the path of its emulator, in the sandbox."""


@dataclass
class Gateway:
    """A gateway that listens."""

    url: str
    settings: Settings
    exchanges: list[Exchange] = field(default_factory=list)
    broken_on_purpose: set[str] = field(default_factory=set)  # prompts whose upstream answers break the contract

    def ask(self, method: str, path: str, key: str | None = ALICE, **kwargs: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        headers |= kwargs.pop("headers", {})
        return requests.request(method, self.url + path, headers=headers, timeout=30, **kwargs)

    def create(
        self, prompt: str = "a paper boat [sandbox:no-render]", *, key: str | None = ALICE, **body: Any
    ) -> dict[str, Any]:
        answer = self.ask("POST", "/v1/videos", key, json={"model": "runway/gen4.5", "prompt": prompt, **body})
        assert answer.status_code == 200, answer.text
        created: dict[str, Any] = answer.json()
        return created

    def finished(self, video_id: str, *, patience: float = 20, key: str | None = ALICE) -> dict[str, Any]:
        """The job once it has ended."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            video: dict[str, Any] = self.ask("GET", f"/v1/videos/{video_id}", key).json()
            if video["status"] in ("completed", "failed"):
                return video
            time.sleep(0.1)
        raise AssertionError(f"{video_id} has not ended after {patience} s: {video}")

    def stats(self) -> dict[str, Any]:
        counts: dict[str, Any] = requests.get(f"{self.sandbox}/stats", timeout=5).json()
        return counts

    @property
    def sandbox(self) -> str:
        """The URL of its sandbox."""
        return self.url + emulation(self.settings).prefix

    def emulated_key(self, provider: str) -> str:
        """The key of its account with an emulator."""
        return emulation(self.settings).secret(PROVIDERS[provider].sandbox_secret)


@cache
def postgres() -> str:
    """An embedded PostgreSQL for this run of the tests; it is gone with the process."""
    folder = Path(tempfile.mkdtemp(prefix="reelgate-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # before it starts, so that it has stopped by then
    url = start_embedded(folder / "postgres")
    with psycopg.connect(url, autocommit=True) as connection:  # tests kill processes, not the machine
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    return url


def new_database() -> str:
    """The URL of an empty database of its own."""
    name = f"t{ULID()}".lower()
    with psycopg.connect(postgres(), autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
    return make_url(postgres()).set(database=name).render_as_string(hide_password=False)


def drop_database(url: str) -> None:
    with psycopg.connect(postgres(), autocommit=True) as connection:
        name = psycopg.sql.Identifier(make_url(url).database or "")
        connection.execute(psycopg.sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@contextlib.contextmanager
def running(
    directory: Path, database: str | None = None, configuration: Mapping[str, Any] | None = None, **settings: Any
) -> Iterator[Gateway]:
    """A gateway in a thread of this process, on a free port. `settings` are fields of `Settings`.

    Without a `database` it has one of its own, which ends with it.
    `configuration` is what a configuration file would hold; without one, the sandbox serves every provider.
    """
    url_of_database = database or new_database()
    chosen = load(
        **{
            "data_dir": directory,
            "database_url": url_of_database,
            "api_keys": KEYS,
            "sandbox": configuration is None,
            "sandbox_job_seconds": 0.3,
            **settings,
        }
    )
    listening = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    gateway = Gateway(url, chosen)
    configured = validated(configuration or {}, os.environ, "The configuration of a test")
    worker = Worker(chosen, configured, make_url(url_of_database).set(drivername="postgresql+psycopg"), url)
    served = Exposed(Recorder(build(chosen, worker), gateway.exchanges))
    server = Server(http(served, drain=2), "", worker)

    def serve() -> None:
        with contextlib.suppress(SettingsError):  # which is raised below
            asyncio.run(server.serve(sockets=[listening]))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started and thread.is_alive() and time.monotonic() < until:
        time.sleep(0.01)
    if worker.refused is not None:
        raise worker.refused
    assert server.started, "the gateway did not start"
    try:
        yield gateway
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        if database is None:
            drop_database(url_of_database)


def judge(gateway: Gateway, exchanges: list[Exchange]) -> None:
    """Every exchange obeys its document: ours, or the provider's. AssertionError with the violations."""
    for exchange in exchanges:
        path = urlsplit(exchange.url).path
        if (
            exchange.url == f"{gateway.sandbox}/stats"
            or "/cdn/" in path
            or b"[sandbox:garbage]" in exchange.request_body
        ):
            continue
        _judge_for(gateway, path).examine(exchange)


def judge_webhook(headers: Mapping[str, str], body: bytes) -> None:
    """What a receiver got obeys our document. AssertionError with the violations."""
    _judge("openapi.yaml", "http://127.0.0.1").examine_webhook(dict(headers), body)


def _judge_for(gateway: Gateway, path: str) -> Judge:
    sandbox = emulation(gateway.settings).prefix
    for provider, below in EMULATED.items():
        if path.startswith(sandbox + below):
            return _judge(f"upstreams/{provider}.yaml", gateway.sandbox + below)
    return _judge("openapi.yaml", gateway.url)


@cache
def _judge(document: str, base_url: str) -> Judge:
    return Judge(yaml.safe_load((ROOT / document).read_text()), base_url)


def lines(text: str) -> list[dict[str, Any]]:
    """JSON lines -> their objects."""
    return [json.loads(line) for line in text.splitlines() if line]
