"""`make faults`: creates with trouble injected. None may be paid twice, and of each lost one it is found out what became of it.

    python -m tests.faults [CREATES] [SEED]

Every kind of trouble meets every provider in turn. The emulators remember what they accept. A create may be accepted at most
once by each of its targets; with a fallback, the second target may only be asked when it is certain that the first made nothing,
so that both together may accept one. Where the answer was lost, the provider's list decides: the job is adopted, or closed when
there is none. Without a list, or with one that tells no prompts, the create stays unknown, for an operator.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from handlers import logs
from tests.books import Books, made, rows
from tests.gateway import Gateway, new_database, running
from tests.handlers.wire import emulated, standalone_sandbox

MODELS = {
    "openai": "sora-2",
    "azure": "sora-2",
    "vllm": "Wan-AI/Wan2.2-TI2V-5B-Diffusers",
    "replicate": "google/veo-3.1-fast",
    "sgl": "Wan-AI/Wan2.2-TI2V-5B-Diffusers",  # its list tells no prompts
    "runway": "gen4.5",  # this has no list, nor has the next
    "openrouter": "google/veo-3.1",
}
"""Provider -> a model of its."""

DROPPED = "submission_unknown"
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
TARGETS = tuple(f"{provider}/{model}" for provider, model in MODELS.items())
NETWORK = {"default_request_timeout_in_seconds": 2, "retry_backoff_initial": 50, "retry_backoff_max": 200}
PATIENCE = (
    180.0  # seconds for every job to end, and for every list to decide, which it does two minutes after the create
)


def create(gateway: Gateway, number: int, chance: random.Random) -> tuple[str, str | None]:
    """One create with a fault of its own -> how it was answered, and its id if its outcome was lost."""
    kind, place = number % len(FAULTS), number // len(FAULTS) % len(TARGETS)
    body: dict[str, Any] = {
        "model": TARGETS[place],
        "prompt": f"create {number} {FAULTS[kind]} [sandbox:no-render]",
    }
    if chance.random() < 0.5:
        body["fallbacks"] = [chance.choice([target for target in TARGETS if target != TARGETS[place]])]
    answer = gateway.ask("POST", "/v1/videos", json=body)
    if answer.status_code == 200:
        return "200" if "error" not in answer.json() else f"200 {answer.json()['error']['code']}", None
    error = answer.json()
    code = error["error"]["code"]
    return f"{answer.status_code} {code}", error["extra_fields"]["video_id"] if code == DROPPED else None


def settle(database: str) -> None:
    """Wait until everything has ended that can."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and not all(row.decided for row in rows(database)):
        time.sleep(0.5)


def main(creates: int = CREATES, seed: int = 1) -> int:
    logs.configure("error", "text")
    database, chance = new_database(), random.Random(seed)
    own = [random.Random(chance.random()) for _ in range(creates)]
    with tempfile.TemporaryDirectory() as folder, standalone_sandbox(Path(folder) / "upstream") as url:
        configuration = emulated(url, MODELS, NETWORK)
        with running(Path(folder), database, configuration) as gateway, ThreadPoolExecutor(AT_ONCE) as callers:
            answered = list(callers.map(lambda number: create(gateway, number, own[number]), range(creates)))
            settle(database)
        dropped = [lost for _, lost in answered if lost is not None]
        books = Books(rows(database), made(Path(folder) / "upstream"), dropped)
    wrong = list(books.wrong)
    if len(books.ledger) != creates:
        wrong.append(f"{len(books.ledger)} jobs in the ledger for {creates} creates")
    if len(set(dropped)) != len(books.adopted) + len(books.closed) + len(books.unknown) + len(books.resolved):
        wrong.append("what was dropped is not the sum of what became of it")
    wrong += [f"the outcome of {job} was lost, and now it is not" for job in books.resolved]

    for answer, count in sorted(Counter(answer for answer, _ in answered).items()):
        print(f"{count:6} answered {answer}")
    for state, count in sorted(Counter(row.state for row in books.ledger).items()):
        print(f"{count:6} ended as {state}")
    print(f"{len(dropped)} creates whose answer was lost, by provider:")
    for provider in MODELS:
        theirs = {row.id for row in books.ledger if row.provider == provider}
        print(
            f"{len(theirs.intersection(dropped)):6} {provider}: {len(theirs & books.adopted)} adopted, "
            f"{len(theirs & books.closed)} closed, {len(theirs & books.unknown)} unknown"
        )
    print(
        f"{len(books.upstream)} jobs accepted upstream for {creates} creates; {books.explained} are of an unknown one"
    )
    print(f"{len(wrong)} things are wrong")
    for what in wrong[:40]:
        print(f"  {what}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
