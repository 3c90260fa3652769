"""The accounts at the end of a run: what the ledger holds and what was made upstream, held against each other."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
