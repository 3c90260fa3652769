from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.jobs.windows import FIRST, LAST, Duration, began, ends, parse


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


ROLLING = [
    # duration, began before, now, began, ends
    ("1m", "2026-11-20T10:00:30", "2026-11-20T10:05:29", "2026-11-20T10:04:30", "2026-11-20T10:05:30"),
    ("5m", "2026-11-20T10:00:30", "2026-11-20T10:05:30", "2026-11-20T10:05:30", "2026-11-20T10:10:30"),
    ("1h", "2026-11-20T10:30:00", "2026-11-20T10:30:00", "2026-11-20T10:30:00", "2026-11-20T11:30:00"),
    ("1d", "2026-11-18T10:30:00", "2026-11-20T10:29:59", "2026-11-19T10:30:00", "2026-11-20T10:30:00"),
    ("2w", "2026-10-01T00:00:00", "2026-11-20T00:00:00", "2026-11-12T00:00:00", "2026-11-26T00:00:00"),
    ("1M", "2026-01-20T12:00:00", "2026-11-20T12:00:00", "2026-11-20T12:00:00", "2026-12-20T12:00:00"),
    ("1M", "2026-01-31T12:00:00", "2026-02-28T11:59:59", "2026-01-31T12:00:00", "2026-02-28T12:00:00"),
    ("1M", "2026-01-31T12:00:00", "2026-03-28T12:00:00", "2026-03-28T12:00:00", "2026-04-28T12:00:00"),
    ("1M", "2028-01-31T12:00:00", "2028-03-01T00:00:00", "2028-02-29T12:00:00", "2028-03-29T12:00:00"),
    ("1Q", "2026-11-30T00:00:00", "2027-03-01T00:00:00", "2027-02-28T00:00:00", "2027-05-28T00:00:00"),
    ("1Y", "2024-02-29T00:00:00", "2026-11-20T00:00:00", "2026-02-28T00:00:00", "2027-02-28T00:00:00"),
    ("1d", "2026-11-20T10:30:00", "2026-11-19T00:00:00", "2026-11-20T10:30:00", "2026-11-21T10:30:00"),
]

ALIGNED = [
    ("1d", "2026-11-20T10:30:00", "2026-11-20T00:00:00", "2026-11-21T00:00:00"),
    ("1w", "2026-11-20T10:30:00", "2026-11-16T00:00:00", "2026-11-23T00:00:00"),
    ("1w", "2026-11-22T23:59:59", "2026-11-16T00:00:00", "2026-11-23T00:00:00"),
    ("1w", "2026-11-23T00:00:00", "2026-11-23T00:00:00", "2026-11-30T00:00:00"),
    ("1M", "2026-11-30T23:59:59", "2026-11-01T00:00:00", "2026-12-01T00:00:00"),
    ("1M", "2026-12-31T23:59:59", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
    ("1M", "2028-02-29T00:00:00", "2028-02-01T00:00:00", "2028-03-01T00:00:00"),
    ("3M", "2026-11-20T00:00:00", "2026-10-01T00:00:00", "2027-01-01T00:00:00"),
    ("1Q", "2026-11-20T00:00:00", "2026-10-01T00:00:00", "2027-01-01T00:00:00"),
    ("6M", "2026-11-20T00:00:00", "2026-07-01T00:00:00", "2027-01-01T00:00:00"),
    ("1Y", "2026-11-20T00:00:00", "2026-01-01T00:00:00", "2027-01-01T00:00:00"),
    ("9999Y", "2026-11-20T00:00:00", "0001-01-01T00:00:00", None),
]


@pytest.mark.parametrize(("duration", "before", "now", "start", "end"), ROLLING)
def test_rolling_windows(duration: str, before: str, now: str, start: str, end: str) -> None:
    assert began(at(before), duration, False, at(now)) == at(start)
    assert ends(at(start), duration, False) == at(end)


@pytest.mark.parametrize(("duration", "now", "start", "end"), ALIGNED)
def test_windows_of_the_calendar(duration: str, now: str, start: str, end: str | None) -> None:
    assert began(at("2020-05-17T17:17:17"), duration, True, at(now)) == at(start)
    assert ends(at(start), duration, True) == (LAST if end is None else at(end))


@pytest.mark.parametrize("duration", ["1m", "90m", "5h", "24h"])
def test_minutes_and_hours_roll_even_when_they_are_aligned(duration: str) -> None:
    before, now = at("2026-11-19T10:17:30"), at("2026-11-20T23:11:00")
    assert began(before, duration, True, now) == began(before, duration, False, now)
    assert ends(before, duration, True) == ends(before, duration, False)


def test_without_a_duration_there_is_one_window_for_ever() -> None:
    assert began(at("2020-01-01"), None, True, at("2026-11-20")) == at("2020-01-01")
    assert ends(at("2020-01-01"), None, True) is None


def test_what_becomes_aligned_is_in_a_window_that_began_no_later() -> None:
    before = at("2026-11-20T10:00:00")
    assert began(before, "1M", True, at("2026-11-21")) < before
    assert began(before, "1M", True, at("2026-12-01")) > before


def test_the_window_that_began_before_it_was_aligned_ends_with_the_calendar() -> None:
    assert ends(at("2026-11-20T10:00:00"), "1M", True) == at("2026-12-01")


@pytest.mark.parametrize("wrong", ["", "0d", "1", "d", "1D", "01d", "10000d", "1d ", "-1d", "1.5h", "1d\n", "١d"])
def test_what_is_no_duration(wrong: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse(wrong)


def test_a_duration_is_a_number_and_a_unit() -> None:
    assert parse("9999Q") == Duration(9999, "Q")


durations = st.builds("{}{}".format, st.integers(1, 9999), st.sampled_from("mhdwMQY"))
times = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))


@given(durations, st.booleans(), times, times)
def test_windows_tile_the_time_line(duration: str, aligned: bool, one: datetime, other: datetime) -> None:
    before, now = sorted((one, other))
    start = began(before, duration, aligned, now)
    end = ends(start, duration, aligned)
    assert end is not None
    assert start <= now < end
    assert began(before, duration, aligned, end - timedelta(microseconds=1)) == start  # it is the same to its end
    if end < LAST:
        assert began(start, duration, aligned, end) == end  # and there the next begins


@given(durations, st.booleans(), times, times, times)
def test_it_does_not_matter_when_it_was_looked_at(
    duration: str, aligned: bool, one: datetime, other: datetime, last: datetime
) -> None:
    before, between, now = sorted((one, other, last))
    seen = began(before, duration, aligned, between)
    assert began(seen, duration, aligned, now) == began(before, duration, aligned, now)


@given(durations, st.booleans(), times, times, st.integers(-14, 14))
def test_the_zone_in_which_a_time_is_said_does_not_matter(
    duration: str, aligned: bool, one: datetime, other: datetime, hours: int
) -> None:
    zone = timezone(timedelta(hours=hours))
    start = began(one.astimezone(zone), duration, aligned, other.astimezone(zone))
    assert start == began(one, duration, aligned, other)
    assert start >= FIRST
    if start - FIRST > timedelta(days=1):  # what is earlier cannot be said in all zones
        assert ends(start.astimezone(zone), duration, aligned) == ends(start, duration, aligned)
