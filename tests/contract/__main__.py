"""`make contract`: the running server against its document, as an admin and as a tenant, all checks on, with several seeds.

An admin has a token; a tenant has a virtual key, whose limits are generous, and is refused what is for admins. Each has a gateway
of its own. Prints the counts.

python -m tests.contract [SEED ...]
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

from handlers import logs
from tests.gateway import ROOT, running
from tests.handlers.access.forging import AUDIENCE, ISSUER, Issuer

SEEDS = ("1", "2", "3")
EXAMPLES = "20"  # of each operation and phase; with three seeds and two roles, well over 20,000 cases

GENEROUS = {
    "name": "the tenant of the contract",
    "allow_all_providers": True,
    "budgets": [{"max_limit": 1_000_000, "reset_duration": "1M", "calendar_aligned": True}],
    "rate_limit": {
        **{"request_max_limit": 1_000_000, "request_reset_duration": "1h", "concurrent_max_limit": 100_000},
        **{"poll_max_limit": 1_000_000, "poll_reset_duration": "1h"},
    },
}


def run(url: str, role: str, credential: str, seed: str, examples: str) -> tuple[int, str]:
    """schemathesis over HTTP with one seed -> (exit code, what it printed)."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", "tests/contract/schemathesis.toml"),
        *("run", "openapi.yaml", "--url", url, "--checks", "all", "--seed", seed, "--max-examples", examples),
        "--no-color",
    ]
    environment = {**os.environ, "REELGATE_CREDENTIAL": credential, "REELGATE_ROLE": role}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    return done.returncode, done.stdout + done.stderr


def cases(printed: str) -> int:
    """How many cases a run generated, from its summary."""
    found = re.search(r"([\d,]+) generated", printed)
    return int(found.group(1).replace(",", "")) if found else 0


def virtual_key(url: str, admin: str) -> str:
    """The value of a new virtual key, with a team and a customer."""

    def made(kind: str, body: dict[str, object]) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {admin}"}
        answer = requests.post(f"{url}/api/governance/{kind}s", json=body, headers=headers, timeout=10)
        assert answer.status_code == 200, answer.text
        found: dict[str, str] = answer.json()[kind.replace("-", "_")]
        return found

    customer = made("customer", {"name": "The contract"})
    team = made("team", {"name": "The contract", "customer_id": customer["id"]})
    return made("virtual-key", {**GENEROUS, "team_id": team["id"]})["value"]


def main(seeds: tuple[str, ...]) -> int:
    logs.configure("error", "text")
    issuer = Issuer("secret")
    settings = {
        **{"sandbox_job_seconds": 0.2, "webhook_private": True},
        **{"admin_password": "a password of the contract", "jwt_secret": issuer.secret},
        **{"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE},
    }
    total, failed, runs = 0, 0, 0
    for role in ("admin", "tenant"):
        with tempfile.TemporaryDirectory() as directory, running(Path(directory), **settings) as gateway:
            admin = issuer.token(role="admin", virtual_key=..., exp=int(time.time()) + 86_400)
            credential = admin if role == "admin" else virtual_key(gateway.url, admin)
            for seed in seeds:
                began = time.monotonic()
                code, printed = run(gateway.url, role, credential, seed, EXAMPLES)
                total, failed, runs = total + cases(printed), failed + (code != 0), runs + 1
                outcome = "no failure" if code == 0 else "FAILED"
                print(
                    f"{role}, seed {seed}: {cases(printed)} cases, {outcome}, {time.monotonic() - began:.0f} s",
                    flush=True,
                )
                if code != 0:
                    print(printed)
    print(f"{total} cases in {runs} runs, {failed} of which failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:]) or SEEDS))
