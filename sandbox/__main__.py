"""`python -m sandbox --port 8090 --data ./sandbox-data`: the sandbox on its own, on this machine only."""

import argparse
from pathlib import Path

import uvicorn

from sandbox.app import build


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--data", type=Path, default=Path("sandbox-data"), help="where tasks and clips go")
    parser.add_argument("--job-seconds", type=float, default=4.0, help="how long a job takes")
    options = parser.parse_args()
    app = build(options.data, job_seconds=options.job_seconds)
    uvicorn.run(app, host="127.0.0.1", port=options.port, access_log=False, timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main()
