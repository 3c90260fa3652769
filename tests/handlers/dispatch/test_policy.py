"""What may follow a failed try, row by row."""

from __future__ import annotations

import pytest

from handlers.configuration import Network
from handlers.dispatch import policy
from handlers.dispatch.policy import PATIENCE, RULES, may_fall_back, may_use_next_key, wait_before_retry
from handlers.errors import (
    ContentRefused,
    KeyRefused,
    NotSent,
    OutcomeUnknown,
    Overloaded,
    ProviderError,
    ProviderFailed,
    ProviderTimeout,
    RateLimited,
    Refused,
)

NETWORK = Network()
TRIES = NETWORK.max_retries + 1  # of one target, the first included

TABLE = [
    (NotSent("x"), True, True),
    (RateLimited("x"), True, True),
    (Overloaded("x"), True, True),
    (KeyRefused("x"), False, True),
    (Refused("x", upstream_status=400), False, True),
    (ContentRefused("x"), False, False),
    (ProviderFailed("x"), False, True),
    (ProviderTimeout("x"), False, True),
    (OutcomeUnknown("x"), False, False),
]


@pytest.mark.parametrize(("error", "again", "elsewhere"), TABLE, ids=lambda each: type(each).__name__)
def test_each_row_of_the_table_is_the_rule(error: ProviderError, again: bool, elsewhere: bool) -> None:
    assert (wait_before_retry(error, 1, NETWORK) is not None) is again
    assert may_fall_back(error) is elsewhere


def test_the_table_in_the_docstring_has_as_many_rows_as_there_are_rules() -> None:
    assert policy.__doc__ is not None
    rows = [line for line in policy.__doc__.splitlines() if line.startswith("| ")][1:]
    alike = len({NotSent, RateLimited, Overloaded})  # two of these share a row
    assert len(rows) >= len(RULES) - alike


def test_what_may_have_made_a_job_is_never_repeated_anywhere() -> None:
    for tries in range(1, TRIES + 1):
        assert wait_before_retry(OutcomeUnknown("x", retry_after=1), tries, NETWORK) is None
    assert not RULES[OutcomeUnknown].fall_back


def test_a_target_is_tried_so_often_and_no_more() -> None:
    waits = [wait_before_retry(RateLimited("x"), tries, NETWORK) for tries in range(1, TRIES + 2)]
    assert [wait is not None for wait in waits] == [True] * (TRIES - 1) + [False, False]


def test_the_pause_doubles_up_to_its_bound() -> None:
    pauses = [wait_before_retry(NotSent("x"), tries, Network(max_retries=10)) for tries in range(1, 9)]
    for pause, middle in zip(pauses, (0.5, 1, 2, 4, 5, 5, 5, 5), strict=True):
        assert pause is not None and 0.8 * middle <= pause <= 1.2 * middle


@pytest.mark.parametrize(
    ("asked", "wait"), [(0.0, 0.0), (1.0, 1.0), (PATIENCE, PATIENCE), (PATIENCE + 0.1, None), (86400.0, None)]
)
def test_the_providers_own_wait_is_kept_unless_it_is_too_long(asked: float, wait: float | None) -> None:
    assert wait_before_retry(RateLimited("x", retry_after=asked), 1, NETWORK) == wait


def test_what_one_key_was_told_to_wait_does_not_bind_the_next() -> None:
    for asked in (5.0, PATIENCE + 1):
        wait = wait_before_retry(RateLimited("x", retry_after=asked), 1, NETWORK, fresh_key=True)
        assert wait is not None and wait < 1


def test_only_a_key_that_is_refused_makes_room_for_the_next_at_once() -> None:
    assert [may_use_next_key(error) for error, _, _ in TABLE] == [
        isinstance(error, KeyRefused) for error, _, _ in TABLE
    ]


def test_no_retries_are_no_retries() -> None:
    assert wait_before_retry(NotSent("x"), 1, Network(max_retries=0)) is None
