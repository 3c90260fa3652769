"""The sandbox as a process: restarts, its own command, the world around it."""

import ast
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Literal

import pytest
import requests

import sandbox
from sandbox.app import EMULATORS, REPORTED, build
from sandbox.wire import TRANSPORT, Drop, Exposed, transport_of
from tests.sandbox.conftest import serve

ROOT = Path(__file__).parents[2]
KEY = {"Authorization": "Bearer sk-sandbox-alice"}
RUNWAY_KEY = {"Authorization": "Bearer key_sandbox_alice", "X-Runway-Version": "2024-11-06"}


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    order = {"model": "gen4.5", "promptText": "[sandbox:no-render]", "ratio": "1280:720", "duration": 2}
    with serve(build(tmp_path, job_seconds=0.2)) as url:
        task = requests.post(f"{url}/runway/v1/text_to_video", json=order, headers=RUNWAY_KEY, timeout=5).json()["id"]
        video = requests.post(
            f"{url}/openai/v1/videos", json={"prompt": "[sandbox:no-render]"}, headers=KEY, timeout=5
        ).json()
        time.sleep(0.25)
        done = requests.get(f"{url}/runway/v1/tasks/{task}", headers=RUNWAY_KEY, timeout=5).json()
        stats = requests.get(f"{url}/stats", timeout=5).json()
    with serve(build(tmp_path, job_seconds=99.0)) as url:
        assert requests.get(f"{url}/stats", timeout=5).json() == stats
        again = requests.get(f"{url}/openai/v1/videos/{video['id']}", headers=KEY, timeout=5).json()
        assert (again["status"], again["created_at"]) == ("completed", video["created_at"])
        signed = done["output"][0].partition("/runway/")[2]
        assert requests.get(f"{url}/runway/{signed}", timeout=5).status_code == 200


def test_it_survives_being_killed_with_a_job_under_way(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}/openai/v1/videos"
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--data", str(tmp_path), "--job-seconds", "1"]

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        while True:
            try:
                requests.get(f"http://127.0.0.1:{port}/stats", timeout=1)
            except requests.ConnectionError:
                time.sleep(0.05)
            else:
                return process

    process = start()
    video = requests.post(base, json={"prompt": "unfinished"}, headers=KEY, timeout=5).json()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process = start()
    try:
        time.sleep(max(0.0, video["created_at"] + 2.1 - time.time()))
        assert requests.get(f"{base}/{video['id']}", headers=KEY, timeout=5).json()["status"] == "completed"
        content = requests.get(f"{base}/{video['id']}/content", headers=KEY, timeout=10).content
        assert content[4:8] == b"ftyp"
    finally:
        process.terminate()
        assert process.wait(timeout=10) in (0, -signal.SIGTERM)


def test_stats_begin_at_zero_and_add_up_over_accounts(tmp_path: Path) -> None:
    with serve(build(tmp_path, job_seconds=0.1)) as url:
        empty = requests.get(f"{url}/stats", timeout=5).json()
        nothing: dict[str, Any] = dict.fromkeys(REPORTED, 0) | {"accounts": {}}
        assert empty == dict.fromkeys(EMULATORS, nothing)
        for account, times in (("a", 2), ("b", 1)):
            for _ in range(times):
                headers = {"Authorization": f"Bearer sk-sandbox-{account}"}
                body = {"prompt": "[sandbox:no-render]"}
                requests.post(f"{url}/openai/v1/videos", json=body, headers=headers, timeout=5)
        requests.post(f"{url}/openai/v1/videos", json={}, timeout=5)
        report = requests.get(f"{url}/stats", timeout=5).json()["openai"]
    assert (report["creates_accepted"], report["creates_refused"]) == (3, 1)
    assert {name: each["creates_accepted"] for name, each in report["accounts"].items()} == {"a": 2, "b": 1}


@pytest.mark.parametrize("http", ["h11", "httptools"])
def test_either_http_parser_of_uvicorn_lets_connections_be_dropped(
    tmp_path: Path, http: Literal["h11", "httptools"]
) -> None:
    with serve(build(tmp_path), http=http) as url, pytest.raises(requests.ConnectionError):
        body = {"prompt": "[sandbox:drop-after]"}
        requests.post(f"{url}/openai/v1/videos", json=body, headers=KEY, timeout=5)


async def test_a_transport_that_the_server_passes_is_left_alone() -> None:
    passed = object()
    scope = {"type": "http", "extensions": {TRANSPORT: passed}}

    async def app(*_: object) -> None: ...

    class Cycle:
        transport = object()

        async def send(self, message: object) -> None: ...

    await Exposed(app)(scope, None, Cycle().send)  # type: ignore[arg-type]
    assert transport_of(scope) is passed


async def test_a_drop_without_a_transport_says_what_to_do() -> None:
    with pytest.raises(RuntimeError, match=r"sandbox\.wire\.Exposed"):
        await Drop()({"type": "http"}, None, None)  # type: ignore[arg-type]


def test_the_sandbox_imports_nothing_of_the_gateway() -> None:
    for file in Path(sandbox.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in names} & {"handlers", "codegen", "generated", "reelgate"}


def test_importing_the_sandbox_touches_no_disk(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", "import sandbox.app"], cwd=tmp_path, env=environment, check=True)
    assert not list(tmp_path.iterdir())
