"""Every process is killed while jobs run, the database included; started again, the gateway finishes them all."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from tests.gateway import ALICE, KEYS, ROOT, Gateway, load

JOBS = 10
READY = "reelgate is ready on "
PATIENCE = 60.0  # seconds: the dead worker's jobs are taken over after ten


def start(directory: Path) -> tuple[subprocess.Popen[str], str]:
    """`reelgate serve` in a process of its own, once it is ready -> the process and its URL."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("REELGATE_", "DATABASE_"))},
        "PORT": "0",
        "REELGATE_DATA_DIR": str(directory),
        "REELGATE_API_KEYS": KEYS,
        "REELGATE_SANDBOX_JOB_SECONDS": "4",
        "REELGATE_LOG_LEVEL": "warning",
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "reelgate", "serve"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    for line in server.stdout:
        if line.startswith(READY):
            return server, line.removeprefix(READY).strip()
    raise AssertionError("the server did not start")


def kill_everything(server: subprocess.Popen[str], directory: Path) -> None:
    """kill -9, the server first, then every process of its database."""
    server.kill()
    server.wait()
    postmaster = int((directory / "postgres" / "postmaster.pid").read_text().split()[0])
    for process in [psutil.Process(postmaster), *psutil.Process(postmaster).children(recursive=True)]:
        kill_if_alive(process.pid)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    pid_file = tmp_path / "postgres" / "postmaster.pid"
    if pid_file.exists():
        kill_if_alive(int(pid_file.read_text().split()[0]))


def kill_if_alive(pid: int) -> None:
    try:
        psutil.Process(pid).kill()
    except psutil.NoSuchProcess:
        return


def test_jobs_survive_the_death_of_every_process(directory: Path) -> None:
    server, url = start(directory)
    gateway = Gateway(url, load(api_keys=KEYS, data_dir=directory))
    created = [gateway.create(f"boat {number} [sandbox:no-render]")["id"] for number in range(JOBS)]
    time.sleep(1)
    assert {gateway.ask("GET", f"/v1/videos/{job}").json()["status"] for job in created} <= {"queued", "in_progress"}

    kill_everything(server, directory)
    with pytest.raises(requests.ConnectionError):
        gateway.ask("GET", "/health")

    server, url = start(directory)
    try:
        gateway = Gateway(url, load(api_keys=KEYS, data_dir=directory))
        finished = [gateway.finished(job, patience=PATIENCE) for job in created]
        assert {video["status"] for video in finished} == {"completed"}
        assert gateway.stats()["runway"]["creates_accepted"] == JOBS, "none was created twice at the provider"
        content = gateway.ask("GET", f"/v1/videos/{created[0]}/content", ALICE)
        assert content.content[4:8] == b"ftyp"
    finally:
        server.terminate()
        server.wait(timeout=30)
