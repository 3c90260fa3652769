"""`make contract`: the running server against its document, all checks on, with several seeds. Prints the counts.

python -m tests.contract [SEED ...]
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from handlers import logs
from tests.gateway import ALICE, ROOT, running

SEEDS = ("1", "2", "3")
EXAMPLES = "20"  # of each operation and phase; with three seeds, well over 2,000 cases


def run(url: str, seed: str, examples: str) -> tuple[int, str]:
    """schemathesis over HTTP with one seed -> (exit code, what it printed)."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", "tests/contract/schemathesis.toml"),
        *("run", "openapi.yaml", "--url", url, "--checks", "all", "--seed", seed, "--max-examples", examples),
        "--no-color",
    ]
    environment = {**os.environ, "REELGATE_API_KEY": ALICE}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    return done.returncode, done.stdout + done.stderr


def cases(printed: str) -> int:
    """How many cases a run generated, from its summary."""
    found = re.search(r"([\d,]+) generated", printed)
    return int(found.group(1).replace(",", "")) if found else 0


def main(seeds: tuple[str, ...]) -> int:
    logs.configure("error", "text")
    total, failed = 0, 0
    settings = {"sandbox_job_seconds": 0.2, "webhook_private": True}
    with tempfile.TemporaryDirectory() as directory, running(Path(directory), **settings) as gateway:
        for seed in seeds:
            code, printed = run(gateway.url, seed, EXAMPLES)
            total += cases(printed)
            failed += code != 0
            print(f"seed {seed}: {cases(printed)} cases, {'no failure' if code == 0 else 'FAILED'}", flush=True)
            if code != 0:
                print(printed)
    print(f"{total} cases over {len(seeds)} seeds, {failed} runs failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:]) or SEEDS))
