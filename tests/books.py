"""The accounts at the end of a run: what the ledger holds and what was made upstream, held against each other."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

LISTS = frozenset({"openai", "azure", "vllm", "replicate"})
"""Providers whose lists tell prompts, so that they decide what became of a create."""

LOST = "submission_lost"


@dataclass(frozen=True)
class Made:
    """A job upstream."""

    provider: str
    native_id: str
    prompt: str


@dataclass(frozen=True)
class Row:
    """A job of the ledger."""

    id: str
    state: str
    status: str
    provider: str
    native_id: str | None
    prompt: str
    attempts: Sequence[dict[str, Any]]
    error: str | None

    @property
    def adopted(self) -> bool:
        return any(attempt["outcome"] == "adopted" for attempt in self.attempts)

    @property
    def lost(self) -> bool:
        return self.error == LOST

    @property
    def decided(self) -> bool:
        """Whether it has ended, or waits for an operator."""
        return self.status in ("completed", "failed") or (self.state == "unknown" and self.provider not in LISTS)


def made(folder: Path) -> list[Made]:
    """Everything that the emulators below the folder have accepted."""
    with sqlite3.connect(folder / "sandbox.sqlite3") as connection:
        rows = connection.execute("SELECT provider, id, request FROM tasks ORDER BY number").fetchall()
    return [Made(provider, native_id, prompt_of(json.loads(request))) for provider, native_id, request in rows]


def prompt_of(request: dict[str, Any]) -> str:
    """The prompt, wherever a provider has it."""
    found = request.get("prompt") or request.get("promptText") or request.get("input", {}).get("prompt")
    assert isinstance(found, str), f"no prompt is kept: {request}"
    return found


def rows(database: str) -> list[Row]:
    with psycopg.connect(database, autocommit=True) as connection:
        found = connection.execute(
            """SELECT id, state, status, provider, native_id, request ->> 'prompt', attempts, error ->> 'code'
            FROM jobs ORDER BY id"""
        ).fetchall()
    return [Row(*row) for row in found]


class Books:
    """`wrong` says what does not agree. Every prompt is to be of one create only."""

    def __init__(self, ledger: Sequence[Row], upstream: Sequence[Made], ever_unknown: Iterable[str]) -> None:
        self.ledger, self.upstream = ledger, upstream
        self.adopted = {row.id for row in ledger if row.adopted}
        self.closed = {row.id for row in ledger if row.lost}
        self.unknown = {row.id for row in ledger if row.state == "unknown"}
        self.ever_unknown = set(ever_unknown)
        self.resolved = self.ever_unknown - self.adopted - self.closed - self.unknown
        """Those whose own process wrote down after all what became of them."""
        self.explained = 0  # jobs upstream that nobody owns, of a create that stays unknown
        self.wrong: list[str] = []
        self._made_once()
        self._owned()
        self._decided()

    def _made_once(self) -> None:
        """No create was made twice, neither by one provider nor by two."""
        for prompt, count in Counter(each.prompt for each in self.upstream).items():
            if count > 1:
                self.wrong.append(f"made {count} times: {prompt}")
        for owned, count in Counter((row.provider, row.native_id) for row in self.ledger if row.native_id).items():
            if count > 1:
                self.wrong.append(f"{count} rows own {owned}")

    def _owned(self) -> None:
        """Every job upstream belongs to a row, or to one that is unknown because no list decides."""
        owners = {(row.provider, row.native_id): row for row in self.ledger if row.native_id}
        unknown = {(row.provider, row.prompt) for row in self.ledger if row.id in self.unknown}
        for each in self.upstream:
            row = owners.pop((each.provider, each.native_id), None)
            if row is not None and row.prompt != each.prompt:
                self.wrong.append(f"{row.id} owns the job of another: {each}")
            elif row is None and each.provider not in LISTS and (each.provider, each.prompt) in unknown:
                self.explained += 1
            elif row is None:
                self.wrong.append(f"nobody owns {each}")
        self.wrong += [f"{row.id} owns what was never made" for row in owners.values()]

    def _decided(self) -> None:
        """What was unknown is adopted or closed where a list decides, and everything has ended."""
        for row in self.ledger:
            if not row.decided:
                self.wrong.append(f"{row.id} of {row.provider} has not ended: {row.state}")
            elif row.state == "unknown" and row.provider in LISTS:
                self.wrong.append(f"{row.id} is unknown, though {row.provider} has a list")
        for never in (self.adopted | self.closed | self.unknown) - self.ever_unknown:
            self.wrong.append(f"{never} was settled or is unknown, but nobody had said that it was")


# ---- money ----------------------------------------------------------------------------------------------------------

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Meter:
    """A budget or a limit whose window has not been over since the first job."""

    id: str
    metric: str
    used: Decimal
    held: Decimal
    scope: str = "virtual_key"
    scope_id: str = ""


@dataclass(frozen=True)
class Stay:
    """Where a job has failed before it was placed again, and what that cost."""

    provider: str
    key: str
    cost: Decimal


@dataclass(frozen=True)
class Bill:
    """A job, and what it holds or has cost."""

    id: str
    owner: str
    over: bool  # it has ended, and nothing more is found out about it
    settled: bool
    estimate: Decimal | None
    cost: Decimal | None
    holds: dict[str, Decimal]
    failed: Sequence[Stay] = ()

    def came_to(self, meter: Meter) -> Decimal:
        """What the meter has to have counted of it, in US dollars: each stay where it was, the last one where it holds."""
        failed = sum((stay.cost for stay in self.failed if self._was_counted(stay, meter)), NOTHING)
        if not self.settled or self.cost is None or meter.id not in self.holds:
            return failed
        return failed + self.cost - sum((stay.cost for stay in self.failed), NOTHING)

    def _was_counted(self, stay: Stay, meter: Meter) -> bool:
        where = {
            "provider": stay.provider,
            "provider_key": f"{stay.provider}/{stay.key}",
            "provider_config": f"{self.owner}/{stay.provider}",
        }
        return where[meter.scope] == meter.scope_id if meter.scope in where else meter.id in self.holds


class Money:
    """`wrong` says where meters and jobs do not agree."""

    def __init__(self, meters: Sequence[Meter], bills: Sequence[Bill], keys: Iterable[str] = ()) -> None:
        """`keys` are virtual keys that have a budget which is to have counted all of their jobs."""
        self.meters, self.bills = meters, bills
        self.wrong: list[str] = []
        for meter in meters:
            self._agrees(meter)
        for bill in bills:
            self._is_settled(bill)
        self._holds_something({*keys})

    def _agrees(self, meter: Meter) -> None:
        """What is held is what jobs hold that are not settled; what is used is what they came to where it is."""
        touching = [bill for bill in self.bills if meter.id in bill.holds]
        held = sum((bill.holds[meter.id] for bill in touching if not bill.settled), NOTHING)
        if meter.metric != "requests" and held != meter.held:
            self.wrong.append(f"{meter.id} holds {meter.held} {meter.metric}, and its jobs {held}")
        came_to = sum((bill.came_to(meter) for bill in self.bills), NOTHING)
        if meter.metric == "usd" and meter.used != came_to:
            self.wrong.append(f"{meter.id} has used {meter.used}, and its jobs {came_to}")
        if meter.metric == "concurrent" and meter.used:
            self.wrong.append(f"{meter.id} has used {meter.used} of what is only held")
        if meter.metric == "requests" and (meter.held or meter.used < len(touching)):
            self.wrong.append(f"{meter.id} has counted {meter.used} requests of {len(touching)} jobs")

    def _is_settled(self, bill: Bill) -> None:
        if bill.over != bill.settled:
            self.wrong.append(f"{bill.id} {'has ended and is not settled' if bill.over else 'is settled too early'}")
        if bill.settled and bill.estimate is not None and bill.cost is None:
            self.wrong.append(f"{bill.id} was estimated and has no cost")

    def _holds_something(self, keys: set[str]) -> None:
        budgets = {meter.id for meter in self.meters if meter.metric == "usd"}
        self.wrong += [
            f"{bill.id} is in no budget"
            for bill in self.bills
            if bill.owner in keys and not budgets & bill.holds.keys()
        ]

    @property
    def total(self) -> Decimal:
        """What all jobs came to."""
        return sum((bill.cost or NOTHING for bill in self.bills if bill.settled), NOTHING)


def accounts(database: str, keys: Iterable[str] = ()) -> Money:
    """The money of a database, as of one moment."""
    with psycopg.connect(database) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        meters = connection.execute("SELECT id, metric, used, held, scope, scope_id FROM meters ORDER BY id").fetchall()
        bills = connection.execute(
            """SELECT id, owner, state IN ('completed', 'failed') AND reconcile_at IS NULL, settled_at IS NOT NULL,
            estimate_usd, cost_usd, holds, attempts FROM jobs WHERE holds IS NOT NULL ORDER BY id"""
        ).fetchall()
    found = [
        Bill(*row, {meter: Decimal(amount) for meter, amount in held.items()}, stays(attempts))  # type: ignore[call-arg]
        for *row, held, attempts in bills
    ]
    return Money([Meter(*row) for row in meters], found, keys)


def stays(attempts: Iterable[dict[str, Any]]) -> list[Stay]:
    """Of those that cost something."""
    return [
        Stay(attempt["provider"], attempt["key"], Decimal(str(attempt["cost_usd"])))
        for attempt in attempts
        if attempt["outcome"] == "job_failed" and attempt.get("cost_usd") is not None
    ]


def money(database: str) -> list[str]:
    """Where meters and jobs do not agree."""
    return accounts(database).wrong
