"""`make contract`: the running server against its document, all checks on, with several seeds, as tenant and as admin.

Prints the counts.

python -m tests.contract [SEED ...]
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import psycopg

from handlers import logs
from handlers.access.directory import digest
from tests.gateway import ALICE, ROOT, Gateway, running
from tests.handlers.wire import dsn

SEEDS = ("1", "2", "3")
EXAMPLES = "20"  # of each operation and phase; with three seeds, well over 2,000 cases


def run(url: str, seed: str, examples: str, credentials: Mapping[str, str]) -> tuple[int, str]:
    """schemathesis over HTTP with one seed, as one caller -> (exit code, what it printed)."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", "tests/contract/schemathesis.toml"),
        *("run", "openapi.yaml", "--url", url, "--checks", "all", "--seed", seed, "--max-examples", examples),
        "--no-color",
    ]
    environment = {**os.environ, **credentials}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    return done.returncode, done.stdout + done.stderr


def as_admin(gateway: Gateway) -> dict[str, str]:
    """The session of an admin; and a virtual key, for what only those can do."""
    token = "rgs_of-the-contract"
    with psycopg.connect(dsn(gateway)) as connection:
        connection.execute(
            "INSERT INTO sessions (digest, expires_at) VALUES (%s, now() + interval '1 day')", (digest(token),)
        )
    made = gateway.ask("POST", "/api/governance/virtual-keys", token, json={"name": "of the contract"}).json()
    return {"REELGATE_API_KEY": token, "REELGATE_VIRTUAL_KEY": made["virtual_key"]["value"]}


def cases(printed: str) -> int:
    """How many cases a run generated, from its summary."""
    found = re.search(r"([\d,]+) generated", printed)
    return int(found.group(1).replace(",", "")) if found else 0


def main(seeds: tuple[str, ...]) -> int:
    logs.configure("error", "text")
    total, failed = 0, 0
    settings = {"sandbox_job_seconds": 0.2, "webhook_private": True}
    with tempfile.TemporaryDirectory() as directory, running(Path(directory), **settings) as gateway:
        callers = {"tenant": {"REELGATE_API_KEY": ALICE}, "admin": as_admin(gateway)}
        for seed, (caller, credentials) in product(seeds, callers.items()):
            code, printed = run(gateway.url, seed, EXAMPLES, credentials)
            total += cases(printed)
            failed += code != 0
            verdict = "no failure" if code == 0 else "FAILED"
            print(f"seed {seed}, {caller}: {cases(printed)} cases, {verdict}", flush=True)
            if code != 0:
                print(printed)
    print(f"{total} cases over {len(seeds)} seeds, as tenant and as admin; {failed} runs failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:]) or SEEDS))
