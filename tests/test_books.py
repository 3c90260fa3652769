"""The accounts of `make faults` and `make chaos` find what is wrong: checks that cannot fail would be none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.books import Books, Made, Row
from tests.chaos.upstream import NOTES, contested

ADOPTED = [{"outcome": "unknown"}, {"outcome": "adopted"}]


def row(number: int, **values: Any) -> Row:
    return Row(
        **{
            "id": f"video_{number}",
            "state": "completed",
            "status": "completed",
            "provider": "openai",
            "native_id": f"v{number}",
            "prompt": f"p{number}",
            "attempts": [],
            "error": None,
            **values,
        }
    )


def unknown(number: int, provider: str) -> Row:
    return row(number, state="unknown", status="failed", provider=provider, native_id=None)


LOST = row(4, state="failed", status="failed", native_id=None, error="submission_lost")
LEDGER = [row(1), row(2, attempts=ADOPTED), unknown(3, "runway"), LOST]
UPSTREAM = [Made("openai", "v1", "p1"), Made("openai", "v2", "p2"), Made("runway", "v3", "p3")]
DROPPED = ["video_2", "video_3", "video_4"]


def test_what_agrees_is_right() -> None:
    books = Books(LEDGER, UPSTREAM, DROPPED)
    assert books.wrong == []
    assert (len(books.adopted), len(books.closed), len(books.unknown), books.explained) == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("ledger", "upstream", "says"),
    [
        pytest.param([], [Made("azure", "v9", "p1")], "made 2 times: p1", id="made by two providers"),
        pytest.param([row(5, native_id="v1")], [], "2 rows own", id="owned twice"),
        pytest.param([row(5, native_id="v1", prompt="p5")], [], "owns the job of another", id="adopted by another"),
        pytest.param([], [Made("openai", "v9", "p9")], "nobody owns", id="orphan"),
        pytest.param([unknown(9, "openai")], [Made("openai", "v9", "p9")], "has a list", id="unknown with a list"),
        pytest.param([row(9)], [], "was never made", id="owns nothing"),
        pytest.param([row(9, state="queued", status="queued")], [Made("openai", "v9", "p9")], "not ended", id="open"),
        pytest.param([unknown(9, "runway")], [], "nobody had said", id="unknown, and never told"),
    ],
)
def test_what_does_not_agree_is_found(ledger: list[Row], upstream: list[Made], says: str) -> None:
    wrong = Books([*LEDGER, *ledger], [*UPSTREAM, *upstream], DROPPED).wrong
    assert any(says in what for what in wrong), wrong


def test_two_who_ask_about_one_job_at_once_are_found(tmp_path: Path) -> None:
    polls = [(1, "a", "x"), (2, "b", "x"), (3, "a", "x"), (4, "a", "y"), (5, "b", "y"), (9, "a", "y")]
    (tmp_path / NOTES).write_text("".join(json.dumps(poll) + "\n" for poll in polls))
    assert contested(tmp_path, [(0, 9)]) == (6, ["x was asked about by a, b, a"])
    assert contested(tmp_path, [(0, 2), (3, 9)]) == (6, [])
