"""Ends what a run has started, and removes its folder, as soon as the run is gone: it was told everything over its stdin.

    python -m tests.chaos.guard FOLDER < one process id per line, and KEEP if the folder is to stay

A process counts as the run's only if it was started before its line was read, so a number that was given out anew is safe.
"""

from __future__ import annotations

import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

KEEP = "keep"


def main(folder: Path) -> None:
    started: list[psutil.Process] = []
    keep = False
    for line in map(str.strip, sys.stdin):
        keep = keep or line == KEEP
        with suppress(psutil.NoSuchProcess, ValueError):
            started.append(psutil.Process(int(line)))
    for process in started:
        end(process)
    for database in (process for process in psutil.process_iter(["cmdline"]) if is_database(process, folder)):
        end(database)
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)


def is_database(process: psutil.Process, folder: Path) -> bool:
    """Whether it is a PostgreSQL on the folder's data, which only a shutdown by its own tool reports to us."""
    return str(folder / "postgres") in (process.info["cmdline"] or [])


def end(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):  # psutil compares the time of its start before it signals
        children = process.children(recursive=True)
        process.kill()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
    time.sleep(0.05)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
