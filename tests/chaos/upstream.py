"""The sandbox as a process that notes who asked about which job, and when: one line of JSON each.

    python -m tests.chaos.upstream PORT FOLDER JOB_SECONDS

Every process of the gateway sends its name along, in the header NAME.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from handlers.jobs.claims import BEAT
from sandbox.app import build
from sandbox.wire import Exposed

NAME = "x-chaos-process"
NOTES = "polls.jsonl"
SILENCE = BEAT  # seconds: so long before a process counts as dead it asks nothing any more; see Claims.hold
NOT_A_JOB = frozenset({"models", "videos", "predictions", "stats", "content"})  # what a path may end with besides


class Noting:
    """ASGI wrapper: writes down every GET of one job."""

    def __init__(self, app: ASGIApp, file: Path) -> None:
        self._app = app
        self._notes = file.open("a", buffering=1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET":
            last = scope["path"].rpartition("/")[2]
            name = dict(scope["headers"]).get(NAME.encode())
            if name is not None and last not in NOT_A_JOB and "/models/" not in scope["path"]:
                self._notes.write(json.dumps([time.time(), name.decode(), last]) + "\n")
        await self._app(scope, receive, send)


def contested(folder: Path, calm: Iterable[tuple[float, float]]) -> tuple[int, list[str]]:
    """How often jobs were asked about, and the jobs about which two processes asked at once while all was calm.

    A process that comes back to a job has claimed it anew, for which the one in between has to count as dead: that cannot
    be sooner than SILENCE seconds after it asked. `calm` are spans in Unix seconds.
    """
    polls = [json.loads(line) for line in (folder / NOTES).read_text().splitlines()]
    found = []
    for began, ended in calm:
        by_job: dict[str, list[tuple[float, str]]] = defaultdict(list)
        for at, process, job in polls:
            if began <= at <= ended:
                by_job[job].append((at, process))
        for job, asked in by_job.items():
            before: set[str] = set()
            for (earlier, one), (later, other) in pairwise(asked):
                if other != one and other in before and later - earlier < SILENCE:
                    found.append(f"{job} was asked about by {', '.join(process for _, process in asked)}")
                    break
                before.add(one)
    return len(polls), found


def main(port: int, folder: Path, job_seconds: float) -> None:
    app = Exposed(Noting(build(folder, job_seconds=job_seconds), folder / NOTES))
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_level="warning", timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
