"""What processes cost, and how they are started and stopped."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import requests

READY = 90.0  # seconds a server gets until it answers
STOP = 25.0  # seconds a server gets to end by itself
LOOK = 0.25  # seconds between two looks at processes that may come and go


class Failed(Exception):
    """The run cannot go on; the message says why."""


def tree(root: int) -> list[psutil.Process]:
    """A process and all its living descendants."""
    process = psutil.Process(root)
    return [process, *process.children(recursive=True)]


def cpu_seconds(root: int) -> float:
    """User and system time so far of a process and all its descendants, those included that have ended.

    A descendant that ended counts in its parent's `children_*` as soon as the parent has waited for it.
    """
    total = 0.0
    for process in tree(root):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:  # ended since it was listed; its time is with its parent now, or at the next look
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def resident_bytes(root: int) -> int:
    """Resident memory of a process tree. Pages that its processes share count once (PSS), not once for each."""
    processes = tree(root)
    if len(processes) == 1:
        return int(processes[0].memory_info().rss)
    total = 0
    for process in processes:
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total


@contextmanager
def peaks(root: int) -> Iterator[dict[int, int]]:
    """Fills in, while it lasts, by pid, the most bytes that each process of a tree held, those included that have ended.

    The kernel keeps the peak of each (`VmHWM`, which a 5 to `clear_refs` sets back, see proc_pid_status(5)), so only what
    came and went between two looks is missed.
    """
    seen: dict[int, int] = {}
    over = threading.Event()

    def look() -> None:
        for process in tree(root):
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
                seen[process.pid] = peak_bytes(process.pid)

    def look_on() -> None:
        while not over.wait(LOOK):
            look()

    for process in tree(root):
        Path(f"/proc/{process.pid}/clear_refs").write_text("5")
    watching = threading.Thread(target=look_on)
    watching.start()
    try:
        yield seen
    finally:
        over.set()
        watching.join()
        look()


def peak_bytes(pid: int) -> int:
    """The most resident memory that one process has held. Raises FileNotFoundError or ProcessLookupError if it has ended."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    raise ProcessLookupError(pid)  # a zombie has no memory


def environment(**variables: str) -> dict[str, str]:
    """A small, known environment for a server: no proxies, keys or settings of whoever runs the benchmark."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return kept | variables


@contextmanager
def server(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> Iterator[int]:
    """Start a server, give its pid, and stop it in the end whatever happens."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the benchmark, which then stops its servers itself
        )
    try:
        yield process.pid
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process that we started, gently first."""
    process.terminate()
    try:
        process.wait(STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until_ready(url: str, pid: int, log: Path) -> None:
    """Return once `url` answers 200. Raises Failed, with the end of the log, if the server ends or takes too long."""
    deadline = time.monotonic() + READY
    with requests.Session() as session:
        session.trust_env = False  # loopback, whatever proxy is set
        while time.monotonic() < deadline and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            try:
                if session.get(url, timeout=2).status_code == 200:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.1)
    raise Failed(f"{url} does not answer. The end of its log:\n{log.read_text(errors='replace')[-3000:]}")
