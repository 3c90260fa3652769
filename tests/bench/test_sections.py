"""What the parts of the benchmark say of their figures. None of these was measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from bench import access, comparison, downloads, logs, pages, scale, waiting
from bench.clients import STREAM, WAIT
from bench.rounds import Result
from bench.sections import Section, document, table
from bench.transfers import DIRECT, KEPT, LITELLM, PASSED_ON, Copy, Sample, bearable
from bench.transfers import Result as Transfers

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
LOGS = logs.Result(
    rows=3_000_000,
    bytes=2_800_000_000,
    pages=[logs.Measured("all", 0.01, 0.02), logs.Measured("`offset=10000`", 0.03)],
    sums=[logs.Measured("`stats?period=24h`", 0.2)],
)
POLLS = [
    access.Sample(number, credential, 100, 0, "", cpu, 0.004)
    for number, credential, cpu in (
        *((0, access.GATEWAY_KEY, 400), (0, access.VIRTUAL_KEY, 480)),
        *((1, access.GATEWAY_KEY, 500), (1, access.VIRTUAL_KEY, 550)),
    )
]
SMALL, LARGE = 30_000_000, 300_000_000


def fetched(
    system: str, film: int, at_once: int, *, round: int = 0, first: float, rate: float, grown: int = 0
) -> Sample:
    """`first` is in ms, `rate` in MB/s, `grown` in MB."""
    return Sample(
        round=round,
        film=film,
        at_once=at_once,
        system=system,
        firsts=[first / 1e3] * at_once,
        bytes=film * at_once,
        seconds=film * at_once / 1e6 / rate,
        cpu=0.5 * film * at_once / 1e9,
        grown=grown * 1_000_000,
        errors=[],
    )


DOWNLOADS = Transfers(
    samples=[
        fetched(KEPT, SMALL, 1, first=4, rate=1000, grown=2),
        fetched(DIRECT, SMALL, 1, first=2, rate=2000),
        fetched(KEPT, LARGE, 1, first=5, rate=1000, grown=3),
        fetched(PASSED_ON, LARGE, 1, first=6, rate=500, grown=4),
        fetched(LITELLM, LARGE, 1, first=8000, rate=40, grown=3000),
        fetched(DIRECT, LARGE, 1, first=2, rate=2000),
        fetched(KEPT, LARGE, 4, first=30, rate=1800, grown=60),
        fetched(DIRECT, LARGE, 4, first=10, rate=2000),
    ],
    copies=[Copy(KEPT, LARGE, 0.5, 7_000_000)],
    skipped=["LiteLLM, 4 × 300 MB: not run, it would need about 12 GB of memory."],
    spoilt=[],
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


def test_a_poll_with_a_virtual_key_is_told_beside_one_with_a_gateway_key_of_the_same_round() -> None:
    told = access.words(POLLS)
    assert "| a gateway key | 450 (400–500) | 1.00 (1.00–1.00) | 4.0 | 200 |" in told
    assert "| a virtual key | 515 (480–550) | 1.15 (1.10–1.20) | 4.0 | 200 |" in told


def test_a_virtual_key_that_costs_more_than_is_promised_is_a_doubt_and_so_is_a_poll_that_failed() -> None:
    assert access.doubts(POLLS) == []
    dear = [replace(each, cpu=each.cpu * 2) if each.credential == access.VIRTUAL_KEY else each for each in POLLS]
    assert access.doubts(dear) == ["A poll with a virtual key costs 2.30 times one with a gateway key."]
    assert access.doubts([replace(POLLS[0], errors=3), *POLLS[1:]]) == ["3 polls failed."]


def test_pages_of_the_logs_are_told_with_the_page_that_follows_and_sums_without() -> None:
    told = logs.words(LOGS)
    assert "| all | 10.0 | 20.0 |" in told and "| `offset=10000` | 30.0 |  |" in told
    assert "| `stats?period=24h` | 200 |" in told and "2.8 GB" in told


def test_downloads_are_told_beside_what_is_promised_of_them() -> None:
    told = downloads.words(DOWNLOADS)
    assert "| first byte, ms more than direct | 3.0 | 4.0 | 7998.0 | under 50 |" in told
    assert "| … 4 at once, the median | 20.0 |  |  | under 50 |" in told
    assert "| throughput, of direct | 0.50 | 0.25 | 0.02 | at least 0.5 |" in told
    assert "| memory for one of 30 MB, MB | 2.0 |  |  | under 20 |" in told
    assert "| memory for one of 300 MB, MB | 3.0 | 4.0 | 3000.0 | under 20 |" in told
    assert "| … for each of 4 at once | 15.0 |  |  | under 20 |" in told
    assert "| copied, 300 MB: completed, s after the upstream | 0.50 |  |  |  |" in told
    assert "| … memory meanwhile, MB | 7.0 |  |  |  |" in told
    assert "| 300 | 1 | LiteLLM | 8000 (8000–8000) | 8000 | 40 (40–40) | 0.02 | 0.50 | 3000 |" in told
    assert "| 300 | 4 | direct | 10 (10–10) | 10 | 2000 (2000–2000) | 1.00 | 0.50 |  |" in told
    assert "\n- LiteLLM, 4 × 300 MB: not run, it would need about 12 GB of memory.\n" in told


def test_downloads_are_compared_with_direct_ones_of_the_same_round_and_memory_is_that_of_the_first() -> None:
    rounds = [
        sample
        for number, (ours, direct) in enumerate([(10, 1), (30, 2), (100, 90)])
        for sample in (
            fetched(KEPT, LARGE, 1, round=number, first=ours, rate=10 * ours, grown=number),
            fetched(DIRECT, LARGE, 1, round=number, first=direct, rate=40 * ours),
        )
    ]
    kept = downloads.rows(rounds)[0]
    assert (kept.more, kept.share, kept.grown) == pytest.approx((10, 0.25, 0))
    assert (kept.first.median, kept.first.least, kept.first.most) == pytest.approx((30, 10, 100))


def test_what_was_promised_and_not_kept_is_a_doubt() -> None:
    assert not [*scale.doubts(SCALE), *waiting.doubts([CASE]), *pages.doubts(PAGES)]
    assert len(scale.doubts(replace(SCALE, asked=9_999, last=31.0, cpu={"server": 1.1, "postgres": 0.0}))) == 3
    assert len(waiting.doubts([replace(CASE, polls=1.5, delays={STREAM: [0.1], WAIT: [1.1]})])) == 2
    slow = replace(PAGES.walks[0], latency={1: 0.004, 10: 0.04})
    assert len(pages.doubts(replace(PAGES, walks=[slow]))) == 1
    assert not logs.doubts(LOGS)
    assert len(logs.doubts(replace(LOGS, pages=[logs.Measured("all", 0.01, 0.3)]))) == 1
    assert comparison.doubts(Result([], {}, creates_sent=2, creates_seen=3))


def test_more_downloads_at_once_than_the_memory_would_bear_are_not_measured() -> None:
    alone = {1: fetched(LITELLM, LARGE, 1, first=8000, rate=40, grown=3000)}
    assert bearable({}, 1, 0), "nobody knows yet"
    assert bearable(alone, 4, 25 * 10**9)
    assert not bearable(alone, 4, 24 * 10**9)


def test_downloads_that_break_a_promise_or_their_bytes_are_doubted() -> None:
    direct = fetched(DIRECT, LARGE, 1, first=2, rate=2000)

    def of(sample: Sample) -> list[str]:
        return downloads.doubts(replace(DOWNLOADS, samples=[sample, direct]))

    assert not downloads.doubts(DOWNLOADS), "LiteLLM and a single slow hop promise nothing"
    assert of(fetched(KEPT, LARGE, 1, first=60, rate=2000)) == [
        f"{KEPT}, 1 × 300 MB: the first byte came 58 ms later than directly."
    ]
    assert of(fetched(KEPT, LARGE, 1, first=2, rate=900)) == [f"{KEPT}, 1 × 300 MB: 0.45 of the direct throughput."]
    assert of(fetched(PASSED_ON, LARGE, 1, first=2, rate=900, grown=21)) == [
        f"{PASSED_ON}, 1 × 300 MB: memory grew by 21 MB per transfer."
    ]
    assert of(replace(direct, errors=["0 of 300000000 bytes"])) == ["1 downloads failed: 0 of 300000000 bytes"]
    assert downloads.doubts(replace(DOWNLOADS, spoilt=[LITELLM])) == ["LiteLLM: the film came with another hash."]


def test_a_filter_of_every_kind_that_the_list_has_is_measured() -> None:
    document = (Path(__file__).parents[2] / "openapi.yaml").read_text()
    asked = {name for wanted, _ in pages.filters(1000).values() for name in wanted}
    assert asked == {"provider", "model", "status", "created_after", "created_before", "metadata"}
    assert all(f"- name: {name}\n" in document for name in asked)


def test_every_filter_and_order_of_the_logs_is_measured() -> None:
    listing = yaml.safe_load((Path(__file__).parents[2] / "openapi.yaml").read_text())
    names = {
        each["$ref"].rpartition("/")[2] for each in listing["paths"]["/api/logs"]["get"]["parameters"] if "$ref" in each
    }
    filters = {listing["components"]["parameters"][name]["name"] for name in names}
    asked = {name for wanted in logs.asked().values() for name in wanted}
    assert filters - asked == {"video_id", "request_id", "max_cost"}, "which find one row, or are like another"
    assert {"sort_by", "order", "offset"} <= asked
