"""The arithmetic and the words of the result: samples of several rounds -> medians, spreads and ratios."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from rich.table import Table

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
    """Status polls that the upstream was asked for while the load lasted."""


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
    "requests",
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
        _spread(row.p50, ".1f"),
        _spread(row.p99, ".1f"),
        _spread(row.rate, ".0f"),
        str(row.requests),
        str(row.errors),
        f"{row.upstream_polls:.2f}",
    ]
    if row.followed is None:
        return [line]
    followed = [f"{row.operation}, followed to its end", row.system, _spread(row.followed, ".0f")]
    return [line, followed + [""] * (len(HEADINGS) - len(followed))]


def table(found: Sequence[Row]) -> Table:
    shown = Table(title="Medians over the rounds (least to most)")
    for number, heading in enumerate(HEADINGS):
        shown.add_column(heading, justify="left" if number < 2 else "right")
    for row in found:
        for line in cells(row):
            shown.add_row(*line, style="bold" if row.system == OURS else None)
    return shown


def memory_table(memory: Mapping[str, Mapping[str, tuple[int, int]]]) -> Table:
    shown = Table("resident memory, MiB", "at rest", "after the run")
    for line in memory_lines(memory):
        shown.add_row(*line)
    return shown


def memory_lines(memory: Mapping[str, Mapping[str, tuple[int, int]]]) -> list[list[str]]:
    return [
        [f"{system}, {part}", *(f"{resident / 2**20:.0f}" for resident in both)]
        for system, parts in memory.items()
        for part, both in parts.items()
    ]


def markdown(
    found: Sequence[Row], memory: Mapping[str, Mapping[str, tuple[int, int]]], facts: Mapping[str, Any]
) -> str:
    """The committed result."""
    lines = [HEADINGS, ["---"] * 2 + ["---:"] * (len(HEADINGS) - 2), *(line for row in found for line in cells(row))]
    numbers = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    resident = "\n".join(f"| {' | '.join(line)} |" for line in memory_lines(memory))
    return TEXT.format(numbers=numbers, resident=resident, **facts)


def document(samples: Sequence[Sample], memory: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The result for programs."""
    return {
        **facts,
        "rows": [asdict(row) for row in rows(samples)],
        "resident_bytes": memory,
        "samples": [asdict(sample) for sample in samples],
    }


def _spread(figure: Figure, form: str) -> str:
    return f"{figure.median:{form}} ({figure.least:{form}} to {figure.most:{form}})"


TEXT = """# What the benchmark found

Written by `python -m bench --markdown bench/RESULTS.md`; `make bench` repeats it. {date}, {machine}, Python {python}.
The machine is not quiet, so trust ratios within this run, not absolutes.

{rounds} rounds; in each, every system gets {seconds:g} s of each operation at concurrency {concurrency} over kept connections, in
turn and starting with another one each round. Figures are medians over the rounds, with the least and the most.

{numbers}

| resident memory, MiB | at rest | after the run |
| --- | ---: | ---: |
{resident}

How to read it:

- **CPU µs** is user and system time per request of all processes of the system (`psutil`, children included). For reelgate it
  is the server and its embedded PostgreSQL together. For the upstream it is the emulator's own time, which is in nobody
  else's figure.
- **LiteLLM / reelgate** is the ratio of CPU per request, taken round by round.
- **poll**: `GET /v1/videos/{{id}}` of 64 running jobs, with a key. The two do different work for it, and that is the point:
  reelgate answers from its ledger and follows each job by itself, LiteLLM asks the upstream on every poll. **upstream polls**
  says how many reached the upstream per request. What reelgate spends on following the 64 jobs meanwhile is in its figure.
- **create**: `POST /v1/videos`, answered once the upstream has taken the job. reelgate commits the job before it calls the
  upstream and commits the acceptance, with a durable task that will follow it, after; LiteLLM keeps nothing. **followed to its
  end** adds what reelgate spends until all those jobs are completed: an upstream poll, the settling, and waiting.
- **upstream**: the same requests straight to the emulator, the floor for latency.
- The load is closed-loop: latency at concurrency {concurrency} is mostly queueing for one busy process. Server, database, upstream
  and load share the machine's cores.
- LiteLLM {litellm} as its production page advises for one process: one uvicorn worker, no info or debug logs, no `.env`, no
  telemetry, no callbacks; no database and so no virtual keys or spend logs, which is its cheapest setting; uvloop, and httptools,
  which it does not bring by itself. Its Rust core does not serve videos. reelgate runs with its defaults.
- Every answer was checked to be a 200 with a living job. The upstream counted {creates_seen} creates for {creates_sent} sent.
"""
