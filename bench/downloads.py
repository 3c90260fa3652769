"""A large video, downloaded through reelgate in both its ways, through the LiteLLM proxy, and from the upstream itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from .report import Figure
from .sections import Section, Tell, table
from .systems import litellm_version
from .transfers import (
    DIRECT,
    KEPT,
    LITELLM,
    LONG,
    PASSED_ON,
    TIMES,
    Copy,
    Result,
    Sample,
    first_byte,
    mb,
    measure,
    throughput,
)

OURS = (KEPT, PASSED_ON)
SMALL, LARGE = 30_000_000, 300_000_000  # bytes of the videos, or a little more
AT_ONCE = (1, 4, 16)  # downloads

SLOWER = 50.0  # ms until the first byte, more than direct, that are promised at most
FASTER = 0.5  # of the direct throughput, promised at least
GROWTH = 20.0  # MB of memory per transfer, promised at most


@dataclass(frozen=True)
class Row:
    """What is reported of a film, a number of downloads at once and a system."""

    film: int
    at_once: int
    system: str
    first: Figure
    """ms until the first byte: the median download of a round."""
    slowest: float
    """ms until the first byte came to everybody, in the worst round."""
    rate: Figure
    """MB/s, of all downloads together."""
    cpu: float
    """Seconds per GB."""
    grown: float
    """MB, in the first round, in which each measurement is a larger one than all before."""
    more: float
    """ms until the first byte, more than direct, within a round."""
    share: float
    """Of the direct throughput, within a round."""


def run(tell: Tell, *, quick: bool) -> Section:
    """Raises Failed."""
    if quick:
        result = measure(tell, sizes=(SMALL // 10, LARGE // 10), numbers=AT_ONCE[:2], rounds=1)
    else:
        result = measure(tell, sizes=(SMALL, LARGE), numbers=AT_ONCE, rounds=3)
    found = rows(result.samples)
    facts = {**asdict(result), "rows": [asdict(row) for row in found], "litellm": litellm_version()}
    return Section(f"Downloads of a video of {mb(found[-1].film)} MB", words(result), facts, doubts(result))


def doubts(result: Result) -> list[str]:
    """Whether every byte that was asked for came, and what is promised was kept."""
    errors = [error for sample in result.samples for error in sample.errors]
    found = [f"{len(errors)} downloads failed: {errors[0]}"] if errors else []
    found += [f"{system}: the film came with another hash." for system in result.spoilt]
    for row in rows(result.samples):
        case = f"{row.system}, {row.at_once} × {mb(row.film)} MB"
        if row.film < LARGE or row.system not in OURS:  # smaller ones are over too soon to tell
            continue
        if row.system == KEPT:  # passed on, the upstream serves them on the same cores
            if row.more > SLOWER:
                found.append(f"{case}: the first byte came {row.more:.0f} ms later than directly.")
            if row.share < FASTER:
                found.append(f"{case}: {row.share:.2f} of the direct throughput.")
        if row.grown / row.at_once > GROWTH:
            found.append(f"{case}: memory grew by {row.grown / row.at_once:.0f} MB per transfer.")
    return found


def rows(samples: Sequence[Sample]) -> list[Row]:
    """One row per film, downloads at once and system, in this order; the systems in theirs of the first round."""
    cases = sorted(dict.fromkeys((sample.film, sample.at_once) for sample in samples))
    systems = dict.fromkeys(sample.system for sample in samples)
    found = []
    for film, at_once in cases:
        case = [sample for sample in samples if (sample.film, sample.at_once) == (film, at_once)]
        direct = {sample.round: sample for sample in case if sample.system == DIRECT}
        each = ([sample for sample in case if sample.system == system] for system in systems)
        found += [_row(own, direct) for own in each if own]
    return found


def _row(own: Sequence[Sample], direct: Mapping[int, Sample]) -> Row:
    first = own[0]
    return Row(
        film=first.film,
        at_once=first.at_once,
        system=first.system,
        first=Figure.of(map(first_byte, own)),
        slowest=1e3 * max((each for sample in own for each in sample.firsts), default=0.0),
        rate=Figure.of(map(throughput, own)),
        cpu=median(1e9 * sample.cpu / max(1, sample.bytes) for sample in own),
        grown=first.grown / 1e6,
        more=median(first_byte(sample) - first_byte(direct[sample.round]) for sample in own),
        share=median(throughput(sample) / throughput(direct[sample.round]) for sample in own),
    )


def words(result: Result) -> str:
    """The section of the result."""
    found = rows(result.samples)
    return TEXT.format(
        large=mb(found[-1].film),
        promises=table(("what", *OURS, LITELLM, "promised"), _promises(found, result.copies)),
        table=table(HEADINGS, [_cells(row) for row in found], left=3),
        skipped="".join(f"- {said}\n" for said in result.skipped),
        times=TIMES,
        rounds=1 + max(sample.round for sample in result.samples),
        long=LONG,
        litellm=litellm_version(),
    )


HEADINGS = (
    *("film, MB", "at once", "system", "first byte, ms", "of the slowest", "MB/s", "of direct", "CPU s/GB"),
    "memory, MB more",
)


def _cells(row: Row) -> list[str]:
    first, rate = (f"{figure.median:.0f} ({figure.least:.0f}–{figure.most:.0f})" for figure in (row.first, row.rate))
    grown = "" if row.system == DIRECT else f"{row.grown:.0f}"
    return [
        *(mb(row.film), str(row.at_once), row.system, first, f"{row.slowest:.0f}", rate, f"{row.share:.2f}"),
        *(f"{row.cpu:.2f}", grown),
    ]


def _promises(found: Sequence[Row], copies: Sequence[Copy]) -> list[list[str]]:
    """What was promised, beside what each system does."""
    small, large, most = found[0].film, found[-1].film, found[-1].at_once

    def line(what: str, film: int, at_once: int, of: Callable[[Row], str], promised: str) -> list[str]:
        cells = {row.system: of(row) for row in found if (row.film, row.at_once) == (film, at_once)}
        return [what, *(cells.get(system, "") for system in (*OURS, LITELLM)), promised]

    def copied(what: str, film: int, of: Callable[[Copy], str], promised: str = "") -> list[str]:
        cells = {copy.system: of(copy) for copy in copies if copy.film == film}
        return [what, *(cells.get(system, "") for system in (*OURS, LITELLM)), promised]

    later, share, growth = f"under {SLOWER:.0f}", f"at least {FASTER}", f"under {GROWTH:.0f}"
    return [
        line("first byte, ms more than direct", large, 1, lambda row: f"{row.more:.1f}", later),
        line(f"… {most} at once, the median", large, most, lambda row: f"{row.more:.1f}", later),
        line("throughput, of direct", large, 1, lambda row: f"{row.share:.2f}", share),
        line(f"… {most} at once", large, most, lambda row: f"{row.share:.2f}", share),
        *(
            line(f"memory for one of {mb(film)} MB, MB", film, 1, lambda row: f"{row.grown:.1f}", growth)
            for film in (small, large)
        ),
        line(f"… for each of {most} at once", large, most, lambda row: f"{row.grown / most:.1f}", growth),
        *(
            copied(f"copied, {mb(film)} MB: completed, s after the upstream", film, lambda copy: f"{copy.seconds:.2f}")
            for film in (small, large)
        ),
        copied("… memory meanwhile, MB", large, lambda copy: f"{copy.grown / 1e6:.1f}"),
    ]


TEXT = """`GET /v1/videos/{{id}}/content` of a video of {large} MB: from reelgate's cache, as is its default; passed on from the
provider while it comes, as when the cache has let go of it; through the LiteLLM proxy; and from the upstream itself. MB are
10⁶ bytes.

{promises}

{table}

- **first byte**: from the request, on an open connection, until the first byte of the file; the median download of a round.
  In brackets the rounds with the least and the most. **of the slowest**: until everybody had it, in the worst round.
- **MB/s**: of all downloads together. **of direct**, like what is said of it above, is taken within a round.
- **CPU**: of all processes of the system, PostgreSQL included. For direct it is the emulator's own, which is in nobody
  else's.
- **memory**: the peak of the server's resident memory over what it was at rest, before it had any of these videos; in the
  first round, in which sizes and numbers grow. A process that is new counts whole.
- **copied**: from the upstream's first answer that the job is completed until reelgate says so: it fetches the file, examines
  it, in a process of its own whose memory is in there, and keeps it.
- {rounds} rounds, in which the systems take turns at being the first; medians over them. Within a round a measurement is
  repeated up to {times} times until it has lasted half a second; one that took more than {long:.0f} s is not repeated at all.
- The upstream serves files with Starlette's `FileResponse` in pieces of 1 MiB. Everything shares the machine's cores, and at
  these speeds competes for them: passed on, the client, reelgate and the upstream do; directly, only two of them.
- LiteLLM {litellm} reads the whole file before it sends its first byte.
- Each download brought as many bytes as the file has, and from each system one was compared by its SHA-256.
{skipped}"""
