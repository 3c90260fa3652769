"""The systems under test, and how each is started and stopped. All listen on loopback only.

    client ──> reelgate ──> upstream        one server process, and its embedded PostgreSQL
    client ──> LiteLLM  ──> upstream        one server process, no database
    client ───────────────> upstream        the floor

The upstream is the sandbox's OpenAI emulator, one separate process that all three share.
"""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from .processes import STOP, Failed, environment, server, wait_until_ready

ROOT = Path(__file__).resolve().parent.parent

JOB_SECONDS = 4  # that a job takes upstream
UPSTREAM_KEY = "sk-sandbox-{account}"  # of the emulator; it counts by account
REELGATE_KEY = "a-secret-of-the-benchmark"
LITELLM_KEY = "sk-a-secret-of-the-benchmark"

LITELLM_DIRECTORY = ROOT / ".venv-litellm"
LITELLM_REQUIREMENTS = Path(__file__).with_name("litellm-requirements.txt")

LITELLM_ENVIRONMENT = {
    # docs.litellm.ai/docs/proxy/prod: no info logs, no .env files, and one uvicorn worker (see the command).
    "LITELLM_LOG": "ERROR",
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # the price list in the package instead of one from the network
}


@dataclass(frozen=True)
class System:
    """Something that speaks the Videos API, ready to be asked."""

    name: str
    base_url: str
    key: str
    model: str
    account: str
    """Whose requests the upstream counts as coming from here."""
    parts: Mapping[str, int]
    """What its cost is made of: name -> pid of the root of a process tree."""
    follows: bool = False
    """Whether it goes on working for a job after it has answered the create."""


@contextmanager
def all_systems(directory: Path) -> Iterator[tuple[System, list[System]]]:
    """Start everything; gives the upstream and all systems under test, the upstream among them. Stops it in the end."""
    litellm = install_litellm()
    with ExitStack() as stack:
        upstream = stack.enter_context(running_upstream(directory))
        starting = [
            stack.enter_context(running_reelgate(directory, upstream.base_url)),
            stack.enter_context(running_litellm(directory, litellm, upstream.base_url)),
        ]
        yield upstream, [start() for start in starting] + [upstream]


@contextmanager
def running_upstream(directory: Path, module: str = "sandbox", *, job_seconds: float = JOB_SECONDS) -> Iterator[System]:
    """The emulator; `bench.upstream` is the module of one that takes notes, `bench.films` of one with large files."""
    port = free_port()
    command = [sys.executable, "-m", module, "--port", str(port), "--data", str(directory / "sandbox")]
    log = directory / "upstream.log"
    with server([*command, "--job-seconds", str(job_seconds)], cwd=ROOT, env=environment(), log=log) as pid:
        wait_until_ready(f"http://127.0.0.1:{port}/stats", pid, log)
        key = UPSTREAM_KEY.format(account="direct")
        yield System("upstream", f"http://127.0.0.1:{port}/openai/v1", key, "sora-2", "direct", {"server": pid})


@contextmanager
def running_reelgate(directory: Path, upstream: str, **settings: str) -> Iterator[Callable[[], System]]:
    """Starts reelgate; gives a function that waits until it is ready and returns the system."""
    with ending_postgres(directory), reelgate_server(directory, upstream, **settings) as ready:
        yield ready


@contextmanager
def reelgate_server(directory: Path, upstream: str, **settings: str) -> Iterator[Callable[[], System]]:
    """The same, without an end of its PostgreSQL should the server be killed."""
    port, data, log = free_port(), directory / "reelgate", directory / "reelgate.log"
    url = f"http://127.0.0.1:{port}/v1"
    variables = {
        "PORT": str(port),
        "REELGATE_DATA_DIR": str(data),
        "REELGATE_API_KEYS": f"bench:{REELGATE_KEY}",
        "OPENAI_API_KEY": UPSTREAM_KEY.format(account="reelgate"),
        "OPENAI_BASE_URL": upstream,
        **settings,
    }
    command = [sys.executable, "-c", "from handlers import server, settings; server.serve(settings.load())"]

    def ready() -> System:
        wait_until_ready(f"http://127.0.0.1:{port}/health", pid, log)
        parts = {"server": pid, "postgres": postmaster(data / "postgres")}
        return System("reelgate", url, REELGATE_KEY, "openai/sora-2", "reelgate", parts, follows=True)

    with server(command, cwd=ROOT, env=environment(**variables), log=log) as pid:
        yield ready


@contextmanager
def ending_postgres(directory: Path) -> Iterator[None]:
    """Stops the embedded PostgreSQL of a gateway in the end, should the gateway have gone without doing so."""
    place = directory / "reelgate" / "postgres"
    try:
        yield
    finally:
        try:
            process = psutil.Process(postmaster(place))
            if str(place.resolve()) in process.cmdline():
                process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown: it does not wait for its clients
                process.wait(STOP)
        except (FileNotFoundError, psutil.NoSuchProcess):
            pass


def database(system: System) -> str:
    """The URL of a running gateway's embedded PostgreSQL."""
    directory = psutil.Process(system.parts["postgres"]).cwd()
    socket_directory = (Path(directory) / "postmaster.pid").read_text().splitlines()[4]
    return f"postgresql://postgres@/postgres?host={socket_directory}"


def postmaster(directory: Path) -> int:
    """The pid of the PostgreSQL that runs on a directory."""
    return int((directory / "postmaster.pid").read_text().splitlines()[0])


@contextmanager
def running_litellm(directory: Path, python: Path, upstream: str) -> Iterator[Callable[[], System]]:
    """Starts the LiteLLM proxy; gives a function that waits until it is ready and returns the system."""
    port, log, config = free_port(), directory / "litellm.log", directory / "litellm.yaml"
    url = f"http://127.0.0.1:{port}/v1"
    target = {"model": "openai/sora-2", "api_base": upstream, "api_key": UPSTREAM_KEY.format(account="litellm")}
    settings = {  # JSON is YAML
        "model_list": [{"model_name": "openai/sora-2", "litellm_params": target}],
        "general_settings": {"master_key": LITELLM_KEY},
        "litellm_settings": {"set_verbose": False, "request_timeout": 600},
    }
    config.write_text(json.dumps(settings))
    command = [str(python.with_name("litellm")), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    options = ["--num_workers", "1", "--telemetry", "False"]

    def ready() -> System:
        wait_until_ready(f"http://127.0.0.1:{port}/health/liveliness", pid, log)
        return System("LiteLLM", url, LITELLM_KEY, "openai/sora-2", "litellm", {"server": pid})

    with server([*command, *options], cwd=directory, env=environment(**LITELLM_ENVIRONMENT), log=log) as pid:
        yield ready


def install_litellm() -> Path:
    """The interpreter of a virtual environment with the pinned LiteLLM proxy, which is made if it is missing."""
    wanted, done = LITELLM_REQUIREMENTS.read_text(), LITELLM_DIRECTORY / "installed.txt"
    python = LITELLM_DIRECTORY / "bin" / "python"
    if done.exists() and done.read_text() == wanted:
        return python
    print(f"Installing the LiteLLM proxy into {LITELLM_DIRECTORY.name}/ (once, some minutes)…", flush=True)
    venv.create(LITELLM_DIRECTORY, clear=True, symlinks=True, with_pip=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--requirement", str(LITELLM_REQUIREMENTS)]
    if subprocess.run(install, check=False).returncode != 0:
        raise Failed("The LiteLLM proxy could not be installed; what pip said stands above.")
    done.write_text(wanted)
    return python


def litellm_version() -> str:
    found = re.search(r"^litellm\[proxy\]==(\S+)", LITELLM_REQUIREMENTS.read_text(), re.MULTILINE)
    assert found is not None, "the requirements pin the proxy"
    return found[1]


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
