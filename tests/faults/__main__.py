"""`make faults`: creates with trouble injected at random. None may be paid twice, and each must end in a known outcome.

    python -m tests.faults [CREATES] [SEED]

The emulators count what they accept. A create may be accepted at most once by each of its targets; with a fallback, the second
target may only be asked when it is certain that the first made nothing, so that both together may accept one.
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import requests

from handlers import logs
from tests.gateway import Gateway, new_database, running
from tests.handlers.wire import configured, standalone_sandbox

CREATES = 1000
AT_ONCE = 16
FAULTS = (
    "",
    "[sandbox:drop-before times=1]",
    "[sandbox:drop-before]",
    "[sandbox:drop-after]",
    "[sandbox:drop-after times=1]",
    "[sandbox:500 times=1]",
    "[sandbox:500]",
    "[sandbox:502]",
    "[sandbox:504 times=1]",
    "[sandbox:503 times=1]",
    "[sandbox:429 times=1]",
    "[sandbox:429]",
    "[sandbox:401]",
    "[sandbox:quota times=1]",
    "[sandbox:garbage]",
    "[sandbox:hang=3]",
    "[sandbox:refuse]",
    "[sandbox:fail]",
    "[sandbox:filtered]",
)
TARGETS = ("openai/sora-2", "runway/gen4.5")
NETWORK = {"default_request_timeout_in_seconds": 2, "retry_backoff_initial": 50, "retry_backoff_max": 200}
PATIENCE = 60.0  # seconds for the jobs that were accepted to end


def create(gateway: Gateway, number: int, chance: random.Random) -> str:
    """One create with a fault of its own -> how it was answered."""
    first, second = chance.sample(TARGETS, 2)
    body: dict[str, Any] = {"model": first, "prompt": f"create {number} {chance.choice(FAULTS)} [sandbox:no-render]"}
    if chance.random() < 0.5:
        body["fallbacks"] = [second]
    answer = gateway.ask("POST", "/v1/videos", json=body)
    if answer.status_code == 200:
        return "accepted" if "error" not in answer.json() else f"200 {answer.json()['error']['code']}"
    return f"{answer.status_code} {answer.json()['error']['code']}"


def accepted_upstream(memory: Path) -> Counter[tuple[str, str]]:
    """(prompt, provider) -> how many jobs the emulators have accepted."""
    with sqlite3.connect(memory) as connection:
        rows = connection.execute("SELECT provider, request FROM tasks").fetchall()
    found: Counter[tuple[str, str]] = Counter()
    for provider, request in rows:
        body = json.loads(request)
        found[body.get("prompt") or body.get("promptText"), provider] += 1
    return found


def states(database: str) -> Counter[str]:
    with psycopg.connect(database) as connection:
        return Counter(state for (state,) in connection.execute("SELECT state FROM jobs"))


def main(creates: int = CREATES, seed: int = 1) -> int:
    logs.configure("error", "text")
    database, chance, guard = new_database(), random.Random(seed), threading.Lock()

    def one(number: int) -> str:
        with guard:
            own = random.Random(chance.random())
        return create(gateway, number, own)

    with tempfile.TemporaryDirectory() as folder, standalone_sandbox(Path(folder) / "upstream") as url:
        providers = configured(network=NETWORK, openai=f"{url}/openai/v1", runway=f"{url}/runway")
        with running(Path(folder), database, providers) as gateway, ThreadPoolExecutor(AT_ONCE) as callers:
            answers = Counter(callers.map(one, range(creates)))
            until = time.monotonic() + PATIENCE
            while time.monotonic() < until and states(database).keys() & {"submitting", "queued", "in_progress"}:
                time.sleep(0.2)
        by_target = accepted_upstream(Path(folder) / "upstream" / "sandbox.sqlite3")
        requests.get(f"{url}/stats", timeout=5).raise_for_status()
    by_create: Counter[str] = Counter()
    for (prompt, _), accepted in by_target.items():
        by_create[prompt] += accepted
    ended = states(database)

    for answer, count in sorted(answers.items()):
        print(f"{count:6} answered {answer}")
    for state, count in sorted(ended.items()):
        print(f"{count:6} ended as {state}")
    twice = sum(count > 1 for count in by_target.values())
    paid_twice = sum(count > 1 for count in by_create.values())
    open_ended = sum(count for state, count in ended.items() if state not in ("completed", "failed", "unknown"))
    print(f"{sum(by_target.values())} jobs accepted upstream for {creates} creates")
    print(
        f"{twice} targets accepted a create twice, {paid_twice} creates were paid twice, {open_ended} have no outcome"
    )
    return 1 if twice or paid_twice or open_ended or sum(ended.values()) != creates else 0


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
