"""The upstream of the measurements of scale: the sandbox, and a notebook of when it was asked about which job.

`GET /asked?since=T` tells how many jobs were asked about since that moment, in Unix seconds, and how often in all; with
`&times=1` also when each of them was. `GET /leap?seconds=S` sets its clock ahead, so that jobs that would run on have ended.
"""

from __future__ import annotations

import argparse
import time
from bisect import bisect_left
from collections import defaultdict
from pathlib import Path
from urllib.parse import parse_qs

import uvicorn
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.app import build

JOB = "/openai/v1/videos/"


class Clock:
    """Unix seconds, ahead of the true ones by `ahead`."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


class Notebook:
    """An ASGI application around the sandbox."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._clock = clock
        self._asked: defaultdict[str, list[float]] = defaultdict(list)  # native id -> Unix seconds, ascending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path, own = scope["path"], {"/asked": self._tell, "/leap": self._leap}
            if path in own:
                wanted = parse_qs(scope["query_string"].decode())
                await own[path]({name: float(values[0]) for name, values in wanted.items()})(scope, receive, send)
                return
            if path.startswith(JOB) and scope["method"] == "GET":
                self._asked[path[len(JOB) :]].append(time.time())
        await self._app(scope, receive, send)

    def _tell(self, wanted: dict[str, float]) -> JSONResponse:
        since = wanted["since"]
        times = {job: seen[bisect_left(seen, since) :] for job, seen in self._asked.items() if seen[-1] >= since}
        told = {"jobs": len(times), "polls": sum(map(len, times.values()))}
        return JSONResponse(told | {"times": times} if "times" in wanted else told)

    def _leap(self, wanted: dict[str, float]) -> JSONResponse:
        self._clock.ahead += wanted["seconds"]
        return JSONResponse({"ahead": self._clock.ahead})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.upstream", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--job-seconds", type=float, required=True)
    options = parser.parse_args()
    clock = Clock()
    app = Notebook(build(options.data, job_seconds=options.job_seconds, clock=clock), clock)
    uvicorn.run(app, host="127.0.0.1", port=options.port, access_log=False, timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main()
