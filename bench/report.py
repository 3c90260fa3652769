"""The arithmetic and the words of the result: samples of several rounds -> medians, spreads and ratios."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from rich.table import Table

Memory = Mapping[str, Mapping[str, tuple[int, int]]]
"""Resident bytes: system -> part -> at rest, after the run."""

OURS, THEIRS = "reelgate", "LiteLLM"
POLL, CREATE = "poll", "create"


@dataclass(frozen=True)
class Sample:
    """One load on one system in one round. Times are in seconds."""

    round: int
    operation: str
    system: str
    requests: int
    errors: int
    first_error: str
    seconds: float
    cpu: Mapping[str, float]
    """Of each part of the system, while the load lasted."""
    cpu_after: Mapping[str, float]
    """Of each part, from then until the jobs that the load made had ended; empty if nothing follows them."""
    p50: float
    p99: float
    upstream_polls: int
    """Status polls that reached the upstream from this system while the load lasted."""


@dataclass(frozen=True)
class Figure:
    """A quantity over all rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Figure:
        seen = list(values)
        return cls(median(seen), min(seen), max(seen))


@dataclass(frozen=True)
class Row:
    """What is reported of one operation on one system. CPU is in µs per request, latency in ms."""

    operation: str
    system: str
    cpu: Figure
    parts: Mapping[str, float]
    followed: Figure | None
    """CPU of a create and everything after it until its job has ended, for a system that follows jobs."""
    ratio: Figure | None
    """This system's CPU over reelgate's, round by round."""
    p50: Figure
    p99: Figure
    rate: Figure
    requests: int
    errors: int
    upstream_polls: float
    """Per request."""


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: the smallest value that `share` of all values do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)] if values else math.nan


def micros(sample: Sample, *, followed: bool = False) -> float:
    """CPU µs per request of all parts together."""
    seconds = sum(sample.cpu.values()) + (sum(sample.cpu_after.values()) if followed else 0.0)
    return 1e6 * seconds / max(1, sample.requests)


def rows(samples: Sequence[Sample]) -> list[Row]:
    """One row per operation and system, in the order of the samples."""
    return [
        _row([sample for sample in samples if (sample.operation, sample.system) == pair], samples)
        for pair in dict.fromkeys((sample.operation, sample.system) for sample in samples)
    ]


def _row(own: Sequence[Sample], samples: Sequence[Sample]) -> Row:
    first = own[0]

    def figure(of: Callable[[Sample], float]) -> Figure:
        return Figure.of(of(sample) for sample in own)

    ours = {s.round: micros(s) for s in samples if (s.operation, s.system) == (first.operation, OURS)}
    requests = sum(sample.requests for sample in own)
    return Row(
        operation=first.operation,
        system=first.system,
        cpu=figure(micros),
        parts={part: median(1e6 * sample.cpu[part] / max(1, sample.requests) for sample in own) for part in first.cpu},
        followed=figure(lambda sample: micros(sample, followed=True)) if first.cpu_after else None,
        ratio=figure(lambda sample: micros(sample) / ours[sample.round]) if first.system == THEIRS else None,
        p50=figure(lambda sample: 1e3 * sample.p50),
        p99=figure(lambda sample: 1e3 * sample.p99),
        rate=figure(lambda sample: sample.requests / sample.seconds),
        requests=requests,
        errors=sum(sample.errors for sample in own),
        upstream_polls=sum(sample.upstream_polls for sample in own) / max(1, requests),
    )


# ---- words -----------------------------------------------------------------------------------------------------------

HEADINGS = (
    "operation",
    "system",
    "CPU µs",
    "of it PostgreSQL",
    "LiteLLM / reelgate",
    "p50 ms",
    "p99 ms",
    "requests/s",
    "errors",
    "upstream polls",
)


def cells(row: Row) -> list[list[str]]:
    """The lines of the table for a row: one, and one more for a create that was followed to its end."""
    line = [
        row.operation,
        row.system,
        _spread(row.cpu, ".0f"),
        f"{row.parts['postgres']:.0f}" if "postgres" in row.parts else "",
        _spread(row.ratio, ".1f") if row.ratio else "",
        f"{row.p50.median:.1f}",
        f"{row.p99.median:.1f}",
        f"{row.rate.median:.0f}",
        f"{row.errors} of {row.requests}",
        f"{row.upstream_polls:.2f}",
    ]
    if row.followed is None:
        return [line]
    followed = ["… and followed", row.system, _spread(row.followed, ".0f")]
    return [line, followed + [""] * (len(HEADINGS) - len(followed))]


def table(found: Sequence[Row]) -> Table:
    shown = Table(title="Medians over the rounds (least to most)")
    for number, heading in enumerate(HEADINGS):
        shown.add_column(heading, justify="left" if number < 2 else "right")
    for row in found:
        for line in cells(row):
            shown.add_row(*line, style="bold" if row.system == OURS else None)
    return shown


def memory_table(memory: Memory) -> Table:
    shown = Table("resident memory, MiB", "at rest", "after the run")
    for line in memory_lines(memory):
        shown.add_row(*line)
    return shown


def memory_lines(memory: Memory) -> list[list[str]]:
    return [
        [f"{system}, {part}", *(f"{resident / 2**20:.0f}" for resident in both)]
        for system, parts in memory.items()
        for part, both in parts.items()
    ]


def markdown(found: Sequence[Row], memory: Memory, facts: Mapping[str, Any]) -> str:
    """The committed result."""
    lines = [HEADINGS, ["---"] * 2 + ["---:"] * (len(HEADINGS) - 2), *(line for row in found for line in cells(row))]
    numbers = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    resident = "\n".join(f"| {' | '.join(line)} |" for line in memory_lines(memory))
    return TEXT.format(numbers=numbers, resident=resident, **facts)


def document(samples: Sequence[Sample], memory: Memory, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The result for programs."""
    return {
        **facts,
        "rows": [asdict(row) for row in rows(samples)],
        "resident_bytes": memory,
        "samples": [asdict(sample) for sample in samples],
    }


def _spread(figure: Figure, form: str) -> str:
    return f"{figure.median:{form}} ({figure.least:{form}}–{figure.most:{form}})"


TEXT = """{rounds} rounds. In each, every system gets {seconds:g} s of each operation at concurrency {concurrency} over kept
connections, one system after the other, each round in another order. Figures are medians over the rounds; in brackets
the least and the most.

{numbers}

| resident memory, MiB | at rest | after the run |
| --- | ---: | ---: |
{resident}

How to read it:

- **CPU µs**: user and system time per request of all processes of the system, children included. For reelgate that is
  its server and its embedded PostgreSQL together. For the upstream it is the emulator's own, which is in nobody else's.
- **LiteLLM / reelgate**: CPU per request of one over the other, round by round. Above 1 reelgate is the cheaper one.
- **poll**: `GET /v1/videos/{{id}}`, with a key, of 64 jobs that run. The two do different work for it, which is the
  point: reelgate answers from its ledger and follows the jobs by itself; LiteLLM asks the upstream each time. **upstream
  polls** says how many polls reached the upstream per request. What following the 64 jobs costs is in reelgate's figure.
- **create**: `POST /v1/videos`, answered once the upstream has taken the job. Here, too, the work differs: reelgate
  commits the job before it calls the upstream, and afterwards the acceptance, from which on some process follows the job;
  LiteLLM keeps nothing. **… and followed** adds all that reelgate spends until these jobs have ended: waiting, a poll of
  the upstream for each, writing down the result.
- **upstream**: the same requests straight to the emulator, the floor for latency.
- The load is closed-loop, so latency is mostly waiting for a busy process. Servers, database, upstream and load share
  the machine's cores.
- LiteLLM {litellm} runs as its production page advises for one process, in its cheapest setting: one uvicorn worker,
  no debug or info logs, no `.env`, no telemetry, no callbacks, no database (so no virtual keys and no spend logs), its
  own uvloop, and httptools, which it does not bring. Its optional Rust core does not serve videos. reelgate runs with
  its defaults.
- Every answer was checked to be a 200 with a living job. The upstream counted {creates_seen} creates of {creates_sent}
  sent.
"""
