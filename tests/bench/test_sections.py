"""What the parts of the benchmark say of their figures. None of these was measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench import comparison, pages, scale, waiting
from bench.clients import STREAM, WAIT
from bench.rounds import Result
from bench.sections import Section, document, table

SCALE = scale.Result(
    jobs=10_000,
    seconds=30.0,
    cpu={"server": 0.25, "postgres": 0.02},
    cpu_idle={"server": 0.01, "postgres": 0.0},
    resident={"server": (100 * 2**20, 200 * 2**20), "postgres": (2**20, 2**20)},
    polls=30_000,
    asked=10_000,
    gaps=(9.9, 10.0, 10.4),
    latency=(0.002, 0.02),
    ready=1.0,
    first=10.0,
    half=12.0,
    last=16.0,
)
CASE = waiting.Case(
    jobs=10,
    clients=4,
    memory={STREAM: 40_960.0, WAIT: 20_480.0},
    cpu_alone=0.01,
    cpu=0.02,
    polls=1.0,
    delays={STREAM: [0.01, 0.3], WAIT: [0.02, 0.4]},
)
PAGES = pages.Result(
    jobs=1_160_000,
    seconds=30.0,
    bytes=1_100_000_000,
    walks=[pages.Walk("none", "desc", 1_000_000, {1: 0.004, 10: 0.005, 10_000: 0.006})],
)


def test_the_sections_stand_below_one_another_under_their_titles() -> None:
    written = document([Section("A", "a\n", {}), Section("B", "b", {})], date="2026-01-01", machine="m", python="3.11")
    assert written.endswith("\n\n## A\n\na\n\n## B\n\nb\n")
    assert "2026-01-01, m, Python 3.11." in written


def test_a_table_is_as_markdown_has_it() -> None:
    assert table(("a", "b"), [["x", "1"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |"


def test_jobs_in_flight_are_told_by_the_job_and_by_the_second() -> None:
    told = scale.words(SCALE)
    assert "| CPU of the server | 0.25 cores | under 1 |" in told
    assert "| memory of the server, per job | 10.2 KiB |  |" in told
    assert "| questions to the upstream | 1000 a second | 1000 |" in told
    assert "| … all of them are | 16.0 s | under 30 s |" in told


def test_waiting_clients_are_told_by_their_kind() -> None:
    told = waiting.words([CASE])
    assert f"| 10, 1 each | 2 × {STREAM} | 40.0 | 10 | 300 | 300 |" in told
    assert f"| 10, 1 each | 2 × {WAIT} | 20.0 | 20 | 400 | 400 |" in told


def test_pages_are_told_as_multiples_of_the_first_and_those_that_do_not_exist_not_at_all() -> None:
    assert "| none | desc | 1,000,000 | 4.0 | 1.25 |  |  | 1.50 |" in pages.words(PAGES)


def test_what_was_promised_and_not_kept_is_a_doubt() -> None:
    assert not [*scale.doubts(SCALE), *waiting.doubts([CASE]), *pages.doubts(PAGES)]
    assert len(scale.doubts(replace(SCALE, asked=9_999, last=31.0, cpu={"server": 1.1, "postgres": 0.0}))) == 3
    assert len(waiting.doubts([replace(CASE, polls=1.5, delays={STREAM: [0.1], WAIT: [1.1]})])) == 2
    slow = replace(PAGES.walks[0], latency={1: 0.004, 10: 0.04})
    assert len(pages.doubts(replace(PAGES, walks=[slow]))) == 1
    assert comparison.doubts(Result([], {}, creates_sent=2, creates_seen=3))


def test_a_filter_of_every_kind_that_the_list_has_is_measured() -> None:
    document = (Path(__file__).parents[2] / "openapi.yaml").read_text()
    asked = {name for wanted, _ in pages.filters(1000).values() for name in wanted}
    assert asked == {"provider", "model", "status", "created_after", "created_before", "metadata"}
    assert all(f"- name: {name}\n" in document for name in asked)
