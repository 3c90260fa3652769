"""`make contract`: the running server against its document, all checks on, with several seeds, as a tenant and as an admin.

An admin has a token. A tenant has a virtual key, whose limits are generous, and is refused what is for admins. Each has a gateway
of its own and a process of its own. What does not depend on the seed, examples and the coverage of schemas, is done with the
first one only. Prints the counts.

python -m tests.contract [SEED ...]
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

from handlers import logs
from tests.gateway import ROOT, Gateway, new_database, running
from tests.handlers.access.forging import AUDIENCE, ISSUER, Issuer

SEEDS = ("1", "2", "3")
EXAMPLES = "20"  # of each operation and phase; with all seeds and both roles, well over 20,000 cases
ROLES = ("admin", "tenant")
RANDOM = "fuzzing,stateful"  # the phases that a seed changes

GENEROUS = {
    "allow_all_providers": True,
    "budgets": [{"max_limit": 1_000_000, "reset_duration": "1M", "calendar_aligned": True}],
    "rate_limit": {
        **{"request_max_limit": 1_000_000, "request_reset_duration": "1h", "concurrent_max_limit": 100_000},
        **{"poll_max_limit": 1_000_000, "poll_reset_duration": "1h"},
    },
}


def run(url: str, seed: str, examples: str, credentials: dict[str, str], *options: str) -> tuple[int, str]:
    """schemathesis over HTTP with one seed, as one caller -> (exit code, what it printed)."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", "tests/contract/schemathesis.toml"),
        *("run", "openapi.yaml", "--url", url, "--checks", "all", "--seed", seed, "--max-examples", examples),
        *("--no-color", *options),
    ]
    environment = {**os.environ, **credentials}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    return done.returncode, done.stdout + done.stderr


def cases(printed: str) -> int:
    """How many cases a run generated, from its summary."""
    found = re.search(r"([\d,]+) generated", printed)
    return int(found.group(1).replace(",", "")) if found else 0


def credentials(gateway: Gateway, issuer: Issuer, role: str) -> dict[str, str]:
    """What the calls of a role are made with. The virtual key has a team and a customer."""
    admin = issuer.token(role="admin", virtual_key=..., exp=int(time.time()) + 86_400)

    def made(kind: str, **asked: object) -> dict[str, str]:
        answer = gateway.ask("POST", f"/api/governance/{kind}s", admin, json={"name": "of the contract", **asked})
        assert answer.status_code == 200, answer.text
        found: dict[str, str] = answer.json()[kind.replace("-", "_")]
        return found

    team = made("team", customer_id=made("customer")["id"])
    key = made("virtual-key", team_id=team["id"], **GENEROUS)["value"]
    caller = admin if role == "admin" else key
    return {"REELGATE_ROLE": role, "REELGATE_API_KEY": caller, "REELGATE_VIRTUAL_KEY": key}


def runs(role: str, seeds: tuple[str, ...], database: str) -> tuple[int, int]:
    """All runs as one caller, on a database of its own -> (how many cases there were, how many runs failed)."""
    logs.configure("error", "text")
    issuer = Issuer("secret")
    settings = {
        **{"sandbox_job_seconds": 0.2, "webhook_private": True, "admin_password": "a password of the contract"},
        **{"jwt_secret": issuer.secret, "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE},
    }
    total, failed = 0, 0
    with tempfile.TemporaryDirectory() as directory, running(Path(directory), database, **settings) as gateway:
        caller = credentials(gateway, issuer, role)
        for seed in seeds:
            began = time.monotonic()
            code, printed = run(gateway.url, seed, EXAMPLES, caller, *(("--phases", RANDOM) if total else ()))
            total += cases(printed)
            failed += code != 0
            verdict = "no failure" if code == 0 else "FAILED"
            seconds = time.monotonic() - began
            print(f"seed {seed}, {role}: {cases(printed)} cases, {verdict}, {seconds:.0f} s", flush=True)
            if code != 0:
                print(printed, flush=True)
    return total, failed


def main(seeds: tuple[str, ...]) -> int:
    databases = [new_database() for _ in ROLES]  # here, where PostgreSQL ends with the process
    with ProcessPoolExecutor(len(ROLES)) as pool:
        found = list(pool.map(runs, ROLES, repeat(seeds), databases))
    total, failed = (sum(counts) for counts in zip(*found, strict=True))
    print(f"{total} cases over {len(seeds)} seeds, as tenant and as admin; {failed} runs failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:]) or SEEDS))
