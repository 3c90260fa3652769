"""The accounts of `make faults` and `make chaos` find what is wrong: checks that cannot fail would be none."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.books import Bill, Books, Made, Meter, Money, Row, Stay
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


# ---- money ----------------------------------------------------------------------------------------------------------


def bill(number: int, **values: Any) -> Bill:
    full = {"owner": "vk_a", "over": True, "settled": True, "estimate": Decimal("0.4"), "cost": Decimal("0.3")}
    return Bill(**{"id": f"video_{number}", **full, "holds": HOLDS, **values})


HOLDS = {"budget_1": Decimal("0.4"), "limit_1": Decimal(1), "limit_2": Decimal(1)}
BILLS = [bill(1), bill(2, cost=Decimal(0)), bill(3, over=False, settled=False, cost=None)]
METERS = [
    Meter("budget_1", "usd", Decimal("0.3"), Decimal("0.4")),
    Meter("limit_1", "concurrent", Decimal(0), Decimal(1)),
    Meter("limit_2", "requests", Decimal(3), Decimal(0)),
]


def test_money_that_agrees_is_right() -> None:
    found = Money(METERS, BILLS, ["vk_a"])
    assert (found.wrong, found.total) == ([], Decimal("0.3"))


OF_OPENAI = {"budget_1": Decimal("0.4"), "budget_openai": Decimal("0.4")}
PLACED_AGAIN = bill(1, cost=Decimal("0.8"), holds=OF_OPENAI, failed=[Stay("azure", "k", Decimal("0.4"))])
AT_PROVIDERS = [
    Meter("budget_1", "usd", Decimal("0.8"), Decimal(0), "virtual_key", "vk_a"),
    Meter("budget_azure", "usd", Decimal("0.4"), Decimal(0), "provider", "azure"),
    Meter("budget_azure_key", "usd", Decimal("0.4"), Decimal(0), "provider_key", "azure/k"),
    Meter("budget_azure_config", "usd", Decimal("0.4"), Decimal(0), "provider_config", "vk_a/azure"),
    Meter("budget_openai", "usd", Decimal("0.4"), Decimal(0), "provider", "openai"),
]


def test_what_a_job_cost_where_it_failed_is_to_be_counted_there() -> None:
    assert Money(AT_PROVIDERS, [PLACED_AGAIN]).wrong == []
    under_way = replace(PLACED_AGAIN, over=False, settled=False, cost=None, holds={})
    assert Money(AT_PROVIDERS[1:4], [under_way]).wrong == []


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("used", ["0", "1.2"])
def test_what_a_job_cost_elsewhere_is_found(number: int, used: str) -> None:
    meter = replace(AT_PROVIDERS[number], used=Decimal(used))
    assert [wrong.split()[0] for wrong in Money([meter], [PLACED_AGAIN]).wrong] == [meter.id]


@pytest.mark.parametrize(
    ("changed", "bills", "says"),
    [
        pytest.param({0: {"held": Decimal("0.5")}}, [], "budget_1 holds 0.5 usd, and its jobs 0.4", id="held too much"),
        pytest.param({0: {"used": Decimal("0.29")}}, [], "budget_1 has used 0.29, and its jobs 0.3", id="a cent"),
        pytest.param({1: {"held": Decimal(0)}}, [], "limit_1 holds 0 concurrent, and its jobs 1", id="not held"),
        pytest.param({1: {"used": Decimal(1)}}, [], "of what is only held", id="used up"),
        pytest.param({2: {"used": Decimal(2)}}, [], "counted 2 requests of 3 jobs", id="not counted"),
        pytest.param({}, [bill(4, settled=False, holds={})], "not settled", id="never settled"),
        pytest.param({}, [bill(4, over=False, holds={})], "settled too early", id="settled too early"),
        pytest.param({}, [bill(4, cost=None, holds={})], "has no cost", id="for nothing"),
        pytest.param({}, [bill(4, holds={})], "in no budget", id="in no budget"),
    ],
)
def test_money_that_does_not_agree_is_found(changed: dict[int, dict[str, Any]], bills: list[Bill], says: str) -> None:
    meters = [replace(meter, **changed.get(number, {})) for number, meter in enumerate(METERS)]
    assert any(says in wrong for wrong in Money(meters, [*BILLS, *bills], ["vk_a"]).wrong)
