"""How often a running job is asked about."""

from __future__ import annotations

import pytest

from handlers.jobs.cadence import ENOUGH, LONGEST, SEEN, Cadence

PACE = 2.0


def learned(*seconds: float) -> Cadence:
    cadence = Cadence()
    for each in seconds:
        cadence.learn("runway", "gen4.5", each)
    return cadence


def pause(cadence: Cadence, age: float, pace: float = PACE, model: str = "gen4.5", provider: str = "runway") -> float:
    return cadence.pause(provider, model, age, pace)


def test_until_enough_is_known_the_pace_is_the_providers() -> None:
    for known in range(ENOUGH):
        cadence = learned(*[100.0] * known)
        assert [pause(cadence, age) for age in (0, 50, 1000)] == [PACE] * 3
    assert pause(learned(*[100.0] * ENOUGH), 0) > PACE


def test_a_model_is_no_other_and_a_provider_neither() -> None:
    cadence = learned(*[100.0] * ENOUGH)
    assert pause(cadence, 0, model="veo3.1") == pause(cadence, 0, provider="openai") == PACE


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0, 25.0),
        (20, 20.0),
        (60, 10.0),
        (92, PACE),
        (100, PACE),
        (110, PACE),
        (140, 4.0),
        (200, 10.0),
        (10_000, LONGEST),
    ],
)
def test_the_nearer_the_end_the_sooner_and_the_later_after_it_the_more_seldom(age: float, expected: float) -> None:
    assert pause(learned(100.0, 100.0, 100.0), age) == pytest.approx(expected)


def test_no_pause_is_shorter_than_the_providers_pace_or_longer_than_the_longest() -> None:
    for took in (0.0, 1.0, 100.0, 10_000.0):
        cadence = learned(*[took] * ENOUGH)
        for age in (0.0, 0.5, 99.0, 101.0, 1e6):
            assert PACE <= pause(cadence, age) <= LONGEST
            assert pause(cadence, age, pace=60.0) == 60.0, "a pace above the longest pause is kept to"


def test_a_clock_that_was_set_back_asks_no_more_often() -> None:
    assert PACE <= pause(learned(*[100.0] * ENOUGH), age=-50.0) <= LONGEST


def test_one_odd_job_changes_little() -> None:
    assert pause(learned(100.0, 100.0, 100.0, 9_000.0), 60) == pause(learned(100.0, 100.0, 100.0), 60)


def test_what_was_long_ago_is_forgotten() -> None:
    cadence = learned(*[1000.0] * SEEN, *[100.0] * SEEN)
    assert pause(cadence, 20) == pause(learned(*[100.0] * ENOUGH), 20)


def test_a_job_is_asked_about_few_times_and_soon_after_its_end() -> None:
    """What it is for: a job of a hundred seconds at a pace of two."""
    cadence, age, asked = learned(*[100.0] * ENOUGH), 0.0, 0
    while age < 100:
        age += pause(cadence, age)
        asked += 1
    assert asked < 100 / PACE / 2
    assert age - 100 <= PACE
