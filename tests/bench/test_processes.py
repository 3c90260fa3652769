"""The accounting of CPU time and memory over process trees, and the stopping of servers."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from bench.processes import Failed, cpu_seconds, environment, peaks, resident_bytes, server, tree, wait_until_ready

BURN = "import time\nwhile time.process_time() < {seconds}: pass\n"
PARENT = """
import subprocess, sys
burn = {burn!r}
subprocess.run([sys.executable, "-c", burn])                 # ends, and is waited for
child = subprocess.Popen([sys.executable, "-c", burn + "print('burnt', flush=True)\\nimport time\\ntime.sleep(60)"])
child.wait()
"""
SWELL = """
print(flush=True)
for mebibytes in (200, 20):
    input()
    bytearray(mebibytes * 2**20)
    print(flush=True)
input()
"""
BEAR = """
import subprocess, sys
print(flush=True)
input()
subprocess.run([sys.executable, "-c", "import time; held = bytearray(100 * 2**20); time.sleep(1)"])
print(flush=True)
input()
"""


@contextmanager
def family(seconds: float) -> Iterator[int]:
    """A parent with one child that has burnt this much CPU time and ended, and one that has burnt it and lives."""
    parent = PARENT.format(burn=BURN.format(seconds=seconds))
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "burnt\n"
        yield process.pid
    finally:
        for member in reversed(tree(process.pid)):
            member.kill()
        process.wait()


def test_children_that_live_and_that_have_ended_both_count() -> None:
    with family(seconds=0.3) as pid:
        own = psutil.Process(pid).cpu_times()
        assert cpu_seconds(pid) >= 0.55, "0.3 s each, less the clock's ticks"
        assert own.user + own.system < 0.3, "and it was not the parent that burnt them"


def test_memory_of_a_tree_counts_every_process() -> None:
    with family(seconds=0.01) as pid:
        assert len(tree(pid)) == 2
        assert resident_bytes(pid) > psutil.Process(pid).memory_full_info().uss


@contextmanager
def obeying(program: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has begun to run a program, which does something for each line that it gets and then says so."""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


def order(process: subprocess.Popen[str]) -> None:
    """Let it do the next thing."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("\n")
    process.stdout.readline()


def test_a_peak_is_seen_though_it_was_over_soon_and_one_of_before_is_not() -> None:
    with obeying(SWELL) as process:
        rest, grown = psutil.Process(process.pid).memory_info().rss, []
        for _ in range(2):
            with peaks(process.pid) as seen:
                order(process)
            assert [*seen] == [process.pid]
            grown.append((seen[process.pid] - rest) / 2**20)
    assert 195 < grown[0] < 215
    assert 15 < grown[1] < 35


def test_the_peak_of_a_child_that_has_ended_counts() -> None:
    with obeying(BEAR) as process:
        with peaks(process.pid) as seen:
            order(process)
        assert len(seen) == 2
        assert sum(seen.values()) > 100 * 2**20 > seen[process.pid]


def test_a_server_is_stopped_when_the_benchmark_fails(tmp_path: Path) -> None:
    seen: list[int] = []

    def run() -> None:
        with server(
            [sys.executable, "-c", "import time; time.sleep(60)"], cwd=tmp_path, env=environment(), log=tmp_path / "log"
        ) as pid:
            seen.append(pid)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert not psutil.pid_exists(seen[0])


def test_a_server_that_ends_at_once_is_reported_with_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", "raise SystemExit('no such setting')"]
    with (
        pytest.raises(Failed, match="no such setting"),
        server(command, cwd=tmp_path, env=environment(), log=log) as pid,
    ):
        wait_until_ready("http://127.0.0.1:9/", pid, log)


def test_a_server_gets_no_settings_of_whoever_runs_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-real")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    assert environment(PORT="1").keys() <= {"PATH", "HOME", "LANG", "TMPDIR", "PORT"}
