"""The command as a process of its own: serving, following, terminals, signals, and how fast it starts."""

from __future__ import annotations

import os
import pty
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import environment, gateway_on, started

REELGATE = (sys.executable, "-m", "reelgate")


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [*REELGATE, *arguments]
    return subprocess.run(command, env=environment(**settings), capture_output=True, text=True, check=False, timeout=60)


def test_a_gateway_that_is_stopped_stops_its_database(tmp_path: Path) -> None:
    with gateway_on(tmp_path):
        assert (tmp_path / "postgres" / "postmaster.pid").exists()
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()


def test_worker_follows_jobs_until_it_is_stopped(url: str, data: Path) -> None:
    with started(["worker"], data, "reelgate worker is (ready)", REELGATE_DATA_DIR=str(data)) as (state,):
        assert state == "ready"


@pytest.mark.parametrize(
    ("command", "setting", "said"),
    [
        ("serve", {"HOST": "0.0.0.0"}, "Set REELGATE_ADMIN_PASSWORD"),
        ("worker", {"DATABASE_URL": "mysql://127.0.0.1/x"}, "DATABASE_URL names mysql"),
    ],
)
def test_settings_that_cannot_be_used_are_told_without_a_traceback(
    command: str, setting: dict[str, str], said: str
) -> None:
    refused = run(command, **setting)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("reelgate: ")
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_serve_says_that_its_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run("serve", "--port", str(port), PORT="1")
    assert refused.returncode == 2
    assert f"Cannot listen on 127.0.0.1:{port}" in refused.stderr


@pytest.fixture
def interruptible() -> Iterator[None]:
    """In the background of a shell SIGINT is ignored, and what we start would inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_wait_names_the_job_and_how_to_resume(url: str) -> None:
    command = [*REELGATE, "--url", url, "generate", "A boat [sandbox:stuck]", "-m", "runway/gen4.5"]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        accepted = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=20)
    video_id = accepted.split()[-1]
    assert process.returncode == 130, accepted + rest
    assert f"`reelgate get {video_id}` tells how far it is" in rest


def test_a_terminal_gets_colours_and_bars(url: str, finished: str, tmp_path: Path) -> None:
    terminal, end = pty.openpty()
    command = [*REELGATE, "--url", url, "download", finished]
    with subprocess.Popen(command, env=environment(TERM="xterm"), cwd=tmp_path, stdout=end, stderr=end) as process:
        os.close(end)
        seen = _read(terminal)
    assert process.returncode == 0, seen
    assert "\x1b[" in seen
    assert "━" in seen
    assert f"{finished}.mp4" in seen


def test_a_pipe_gets_neither_colours_nor_bars(url: str, finished: str, tmp_path: Path) -> None:
    command = [*REELGATE, "--url", url, "download", finished]
    saved = subprocess.run(
        command, env=environment(), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30
    )
    assert saved.returncode == 0, saved.stderr
    assert (saved.stdout, saved.stderr) == (f"{finished}.mp4\n", "")


def test_the_client_commands_load_nothing_of_the_server() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, reelgate.cli; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    slow = {"aiohttp", "connexion", "handlers.app", "pydantic_settings", "sqlalchemy", "uvicorn"}
    assert not slow & set(loaded.stdout.split())


def test_hash_password_asks_a_terminal_twice_and_does_not_show_it() -> None:
    ours, theirs = os.openpty()
    command = [*REELGATE, "hash-password"]
    with subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, start_new_session=True
    ) as asked:
        os.close(theirs)
        shown = b""
        for prompt in (b"Password: ", b"Repeat for confirmation: "):
            while not shown.endswith(prompt):
                shown += os.read(ours, 1024)
            os.write(ours, b"correct horse battery\n")
        assert asked.stdout is not None
        made = asked.stdout.read()
    os.close(ours)
    assert (asked.returncode, made.startswith(b"$argon2id$")) == (0, True)
    assert b"horse" not in shown


def test_version_is_the_packages() -> None:
    assert re.fullmatch(r"reelgate \d+\.\d+\.\d+\n", run("--version").stdout)


def _read(terminal: int) -> str:
    """Everything that is written to a terminal, until nobody holds its other end."""
    seen = bytearray()
    while True:
        try:
            seen += os.read(terminal, 4096)
        except OSError:  # how Linux says that the other end is closed
            os.close(terminal)
            return seen.decode(errors="replace")
