"""The arithmetic of the benchmark. No figure here was measured."""

import pytest

from bench.report import Figure, Row, Sample, cells, markdown, percentile, rows


def sample(
    system: str, *, round: int = 0, cpu: dict[str, float], after: dict[str, float] | None = None, errors: int = 0
) -> Sample:
    return Sample(
        round=round,
        operation="create",
        system=system,
        requests=1000,
        errors=errors,
        first_error="",
        seconds=2.0,
        cpu=cpu,
        cpu_after=after or {},
        p50=0.010,
        p99=0.020,
        upstream_polls=250,
    )


def row_of(system: str, *samples: Sample) -> Row:
    return next(row for row in rows(samples) if row.system == system)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.5, 50), (0.99, 99), (1.0, 100)])
def test_percentiles_are_values_that_were_seen(share: float, expected: int) -> None:
    assert percentile([*range(100, 0, -1)], share) == expected


def test_the_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7.0], 0.99) == 7.0


def test_cpu_is_summed_over_the_parts_and_divided_by_the_requests() -> None:
    row = row_of("reelgate", sample("reelgate", cpu={"server": 0.8, "postgres": 0.2}, after={"server": 1.0}))
    assert row.cpu.median == pytest.approx(1000)
    assert row.parts == pytest.approx({"server": 800, "postgres": 200})
    assert row.followed is not None and row.followed.median == pytest.approx(2000)
    assert (row.p50.median, row.p99.median, row.rate.median) == pytest.approx((10, 20, 500))
    assert row.upstream_polls == 0.25


def test_ratios_are_taken_within_a_round_and_not_between_medians() -> None:
    samples = [
        *(sample("reelgate", round=n, cpu={"server": s}) for n, s in enumerate((1.0, 2.0, 4.0))),
        *(sample("LiteLLM", round=n, cpu={"server": s}) for n, s in enumerate((8.0, 6.0, 4.0))),
    ]
    assert row_of("LiteLLM", *samples).ratio == Figure(3.0, 1.0, 8.0)
    assert row_of("reelgate", *samples).ratio is None


def test_errors_of_all_rounds_are_told() -> None:
    row = row_of("upstream", *(sample("upstream", round=n, cpu={"server": 1.0}, errors=1) for n in range(3)))
    assert row.errors == 3
    assert "3 of 3000" in cells(row)[0]


def test_the_committed_result_has_every_row() -> None:
    found = rows(
        [
            sample("reelgate", cpu={"server": 0.5, "postgres": 0.5}, after={"server": 1.0, "postgres": 0.0}),
            sample("LiteLLM", cpu={"server": 4.0}),
        ]
    )
    facts = {
        "date": "2026-01-01",
        "machine": "2 cores",
        "python": "3.11",
        "litellm": "1.0",
        "rounds": 1,
        "seconds": 3.0,
    }
    counts = {"concurrency": 8, "creates_sent": 10, "creates_seen": 10}
    written = markdown(found, {"reelgate": {"server": (2**20, 3 * 2**20)}}, facts | counts)
    assert "| create | reelgate | 1000 (1000–1000) | 500 |" in written
    assert "| … and followed | reelgate | 2000 (2000–2000) |" in written
    assert "| create | LiteLLM | 4000 (4000–4000) |  | 4.0 (4.0–4.0) |" in written
    assert "| reelgate, server | 1 | 3 |" in written
