"""What is known of a limit on polls between two readings of it."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from handlers.access.polls import Count
from handlers.jobs.holds import Standing

BEGAN = datetime(2026, 11, 20, 12, tzinfo=UTC)
READ = Standing(
    id="limit_1",
    kind="rate_limit",
    metric="polls",
    scope="team",
    scope_id="team_1",
    limit=Decimal(10),
    reset_duration="1m",
    calendar_aligned=False,
    window_began=BEGAN,
    used=Decimal(4),
    held=Decimal(0),
    now=BEGAN + timedelta(seconds=15),
)


def test_what_was_counted_here_is_taken_from_what_is_left() -> None:
    count, now = Count(READ), time.monotonic()
    assert (count.left(now).left, count.left(now).window) == (6, 60)
    count.here += 2
    assert (count.left(now).left, count.standing(now).left) == (4, 4)
    assert 44 < (count.left(now).resets_in or 0) <= 45


def test_a_window_that_ends_leaves_everything_but_what_is_counted_here() -> None:
    count = Count(READ)
    count.here = 3
    later = count.left(time.monotonic() + 50)
    assert (later.left, later.scope, later.limit) == (7, "team", 10)


def test_more_than_all_is_nothing_left() -> None:
    count = Count(replace(READ, used=Decimal(12)))
    assert count.left(time.monotonic()).left == 0


def test_a_limit_for_good_has_no_window() -> None:
    left = Count(replace(READ, reset_duration=None)).left(time.monotonic())
    assert (left.window, left.resets_in, left.left) == (None, None, 6)
