"""A large film, downloaded through reelgate in both its ways, through the LiteLLM proxy, and from the upstream itself."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import requests

from . import films
from .fetching import Fetched, digest, fetch
from .processes import Failed, cpu_seconds, peaks
from .report import Figure, percentile
from .sections import Section, Tell, table
from .systems import UPSTREAM_KEY, System, install_litellm, litellm_version, running_litellm, running_reelgate
from .systems import running_upstream as upstream_of

KEPT, PASSED_ON, LITELLM, DIRECT = "reelgate, from its cache", "reelgate, passed on", "LiteLLM", "direct"
OURS = (KEPT, PASSED_ON)
SETTINGS = {KEPT: {}, PASSED_ON: {"REELGATE_CACHE_MB": "0"}}
POLL = {"REELGATE_POLL_SECONDS": "0.2"}  # so that the benchmark need not wait

SMALL, LARGE = 30_000_000, 300_000_000  # bytes of the films, or a little more
WARM_UP = 5_000_000  # bytes of a film whose download does not count
AT_ONCE = (1, 4, 16)  # downloads
JOB_SECONDS = 0.5  # that a job takes at the upstream
PATIENCE = 120.0  # seconds for a job to be completed

TIMES, ENOUGH = 5, 1.0  # a measurement is repeated so often at most, until so many seconds have passed
LONG = 10.0  # seconds; what took longer is measured in one round only
SHARE = 0.5  # of the free memory: what would probably take more is not run

SLOWER = 50.0  # ms until the first byte, more than direct, that are promised at most
FASTER = 0.5  # of the direct throughput, promised at least
GROWTH = 20.0  # MB of memory per transfer, promised at most


@dataclass(frozen=True)
class Sample:
    """One measurement: so many downloads of one film at once, some times one after another."""

    round: int
    film: int
    """Bytes."""
    at_once: int
    system: str
    firsts: Sequence[float]
    """Seconds until the first byte of each download."""
    bytes: int
    """Of all of them."""
    seconds: float
    cpu: float
    """Seconds, of all processes of the system."""
    grown: int
    """Bytes that the server's memory grew by at its peak, since it had nothing to do."""
    errors: Sequence[str]


@dataclass(frozen=True)
class Copy:
    """What happened between the moment in which the upstream said that a job is completed and that in which reelgate did."""

    system: str
    film: int
    seconds: float
    grown: int


@dataclass(frozen=True)
class Result:
    samples: Sequence[Sample]
    copies: Sequence[Copy]
    skipped: Sequence[str]
    """What was not run, and why."""
    spoilt: Sequence[str]
    """The systems of which a film came with another hash."""


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
    sizes, rounds = ((SMALL // 10, LARGE // 10), 1) if quick else ((SMALL, LARGE), 3)
    result = measure(tell, sizes=sizes, rounds=rounds)
    found = rows(result.samples)
    facts = {**asdict(result), "rows": [asdict(row) for row in found], "litellm": litellm_version()}
    return Section(f"Downloads of {_mb(found[-1].film)} MB", words(result), facts, doubts(result))


def doubts(result: Result) -> list[str]:
    """Every byte that was asked for came, and what is promised was kept."""
    errors = [error for sample in result.samples for error in sample.errors]
    found = [f"{len(errors)} downloads failed: {errors[0]}"] if errors else []
    found += [f"{system}: the film came with another hash." for system in result.spoilt]
    for row in rows(result.samples):
        case = f"{row.system}, {row.at_once} × {_mb(row.film)} MB"
        if row.system in OURS and row.film == max(sample.film for sample in result.samples):
            if row.more > SLOWER:
                found.append(f"{case}: the first byte came {row.more:.0f} ms later than directly.")
            if row.share < FASTER:
                found.append(f"{case}: {row.share:.2f} of the direct throughput.")
            if row.grown / row.at_once > GROWTH:
                found.append(f"{case}: memory grew by {row.grown / row.at_once:.0f} MB per transfer.")
    return found


# ---- measuring -------------------------------------------------------------------------------------------------------


def measure(tell: Tell, *, sizes: Sequence[int], rounds: int) -> Result:
    """Start everything, measure, stop everything. The last size is the largest. Raises Failed."""
    with tempfile.TemporaryDirectory(prefix="reelgate-bench-") as name, ExitStack() as stack:
        directory = Path(name)
        (directory / "sandbox").mkdir()
        made = [_film(directory / "sandbox", size) for size in (WARM_UP, *sizes)]
        tell(f"films of {', '.join(_mb(path.stat().st_size) for path in made)} MB made")
        upstream = stack.enter_context(upstream_of(directory, "bench.films", job_seconds=JOB_SECONDS))
        systems = stack.enter_context(_all(directory, upstream))
        run = Run(upstream, systems, made, tell)
        for number in range(rounds):
            run.round(number)
        spoilt = run.spoilt()
        return Result(run.samples, run.copies, run.skipped, spoilt)


def _film(directory: Path, size: int) -> Path:
    path = directory / f"{size}.mp4"
    films.make(path, size)
    return path


@contextmanager
def _all(directory: Path, upstream: System) -> Iterator[list[System]]:
    """All systems, each with a directory and an account at the upstream of its own."""
    with ExitStack() as stack:
        starting: dict[str, Callable[[], System]] = {}
        for number, name in enumerate(OURS):
            place = directory / f"reelgate-{number}"
            place.mkdir()
            settings = {"OPENAI_API_KEY": UPSTREAM_KEY.format(account=f"reelgate-{number}"), **POLL, **SETTINGS[name]}
            starting[name] = stack.enter_context(running_reelgate(place, upstream.base_url, **settings))
        starting[LITELLM] = stack.enter_context(running_litellm(directory, install_litellm(), upstream.base_url))
        starting[DIRECT] = lambda: upstream
        yield [replace(start(), name=name) for name, start in starting.items()]


class Run:
    """The measurements, on systems that have been started."""

    def __init__(self, upstream: System, systems: Sequence[System], made: Sequence[Path], tell: Tell) -> None:
        self._told = upstream.base_url.replace("/openai/v1", "/told")
        self._systems = systems
        self._films = {path: path.stat().st_size for path in made[1:]}
        self._tell = tell
        self._http = requests.Session()
        self._http.trust_env = False  # loopback, whatever proxy is set
        self.samples: list[Sample] = []
        self.copies: list[Copy] = []
        self.skipped: list[str] = []
        self._jobs: dict[tuple[str, Path], str] = {}
        self._rest: dict[str, int] = {}
        for system in systems:
            # What a server loads for its first film, whatever its size, is not the film's.
            fetch(system, self._completed(system, made[0]), 1)
            with peaks(system.parts["server"]) as seen:
                time.sleep(1)
            self._rest[system.name] = sum(seen.values())
            for path in self._films:
                self._jobs[system.name, path] = self._copied(system, path)

    def round(self, number: int) -> None:
        """Each case with each system, which take turns at being the first."""
        first = number % len(self._systems)
        for path, at_once in ((path, at_once) for path in self._films for at_once in AT_ONCE):
            for system in [*self._systems[first:], *self._systems[:first]]:
                if self._bearable(system, path, at_once):
                    self.samples.append(self._sample(number, system, path, at_once))

    def spoilt(self) -> list[str]:
        """The systems of which the largest film comes with another hash than it has."""
        path = [*self._films][-1]
        with path.open("rb") as file:
            right = hashlib.file_digest(file, "sha256").hexdigest()
        return [system.name for system in self._systems if digest(system, self._jobs[system.name, path]) != right]

    def _bearable(self, system: System, path: Path, at_once: int) -> bool:
        """Whether there is the memory for a measurement, and the time to repeat it."""
        earlier = {s.at_once: s for s in self.samples if (s.system, s.film) == (system.name, self._films[path])}
        if at_once in earlier:
            return earlier[at_once].seconds < LONG
        alone = earlier.get(1)
        if alone is None or at_once * alone.grown < SHARE * psutil.virtual_memory().available:
            return True
        case = f"{system.name}, {at_once} × {_mb(self._films[path])} MB"
        if not any(said.startswith(case) for said in self.skipped):
            self.skipped.append(f"{case}: not run, it would need about {at_once * alone.grown / 1e9:.0f} GB of memory.")
        return False

    def _sample(self, number: int, system: System, path: Path, at_once: int) -> Sample:
        job, size = self._jobs[system.name, path], self._films[path]
        seconds: float = 0
        fetched: list[Fetched] = []
        with peaks(system.parts["server"]) as seen:
            before = _cpu(system)
            for _ in range(TIMES):
                passed, ended = fetch(system, job, at_once)
                seconds, fetched = seconds + passed, fetched + ended
                if seconds > ENOUGH:
                    break
            cpu = _cpu(system) - before
        sample = Sample(
            round=number,
            film=size,
            at_once=at_once,
            system=system.name,
            firsts=[each.first for each in fetched if each.bytes],
            bytes=sum(each.bytes for each in fetched),
            seconds=seconds,
            cpu=cpu,
            grown=sum(seen.values()) - self._rest[system.name],
            errors=[each.error or f"{each.bytes} of {size} bytes" for each in fetched if each.bytes != size],
        )
        self._tell(
            f"round {number + 1}  {at_once:2} × {_mb(size)} MB  {system.name:24}  {_first(sample):7.1f} ms  "
            f"{_rate(sample):5.0f} MB/s  {1e9 * cpu / max(1, sample.bytes):5.2f} CPU s/GB  "
            f"{_mb(sample.grown)} MB more memory  {'; '.join(sample.errors[:1])}"
        )
        return sample

    def _copied(self, system: System, path: Path) -> str:
        """The id of a new job for a film, once it is completed."""
        with peaks(system.parts["server"]) as seen:
            job = self._completed(system, path)
            now = time.time()
        if system.follows:
            headers = {"Authorization": f"Bearer {system.key}"}
            told = self._http.get(f"{system.base_url}/videos/{job}", headers=headers, timeout=10).json()
            native = told["extra_fields"]["provider_job_id"]
            since = self._http.get(self._told, params={"job": native}, timeout=10).json()["at"]
            copy = Copy(system.name, self._films[path], now - since, sum(seen.values()) - self._rest[system.name])
            self.copies.append(copy)
            self._tell(
                f"{system.name}: {_mb(copy.film)} MB completed {copy.seconds:.2f} s after the upstream said so, "
                f"with {_mb(copy.grown)} MB more memory"
            )
        return job

    def _completed(self, system: System, path: Path) -> str:
        """The id of a new job for a film, once it is completed. Raises Failed."""
        headers = {"Authorization": f"Bearer {system.key}", "Prefer": "wait=10"}
        body = {"model": system.model, "prompt": f"{path.name} [sandbox:no-render]", "seconds": "8", "size": "1280x720"}
        answer = self._http.post(f"{system.base_url}/videos", json=body, headers=headers, timeout=60)
        job = answer.json().get("id")  # LiteLLM answers to a poll with an id of its own that leads nowhere
        deadline = time.monotonic() + PATIENCE
        while answer.ok and answer.json()["status"] in ("queued", "in_progress") and time.monotonic() < deadline:
            time.sleep(0.02)
            answer = self._http.get(f"{system.base_url}/videos/{job}", headers=headers, timeout=60)
        if not answer.ok or answer.json()["status"] != "completed":
            raise Failed(f"{system.name} does not complete a video: {answer.status_code} {answer.text[:500]}")
        return str(job)


def _cpu(system: System) -> float:
    return sum(map(cpu_seconds, system.parts.values()))


# ---- arithmetic and words --------------------------------------------------------------------------------------------


def _mb(count: float) -> str:
    """Bytes -> '304', in MB."""
    return f"{count / 1e6:.0f}"


def _first(sample: Sample) -> float:
    """ms until the first byte of the median download."""
    return 1e3 * percentile(sample.firsts, 0.5)


def _rate(sample: Sample) -> float:
    """MB/s of all downloads together."""
    return sample.bytes / sample.seconds / 1e6


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
        first=Figure.of(map(_first, own)),
        slowest=1e3 * max((each for sample in own for each in sample.firsts), default=0.0),
        rate=Figure.of(map(_rate, own)),
        cpu=median(1e9 * sample.cpu / max(1, sample.bytes) for sample in own),
        grown=first.grown / 1e6,
        more=median(_first(sample) - _first(direct[sample.round]) for sample in own),
        share=median(_rate(sample) / _rate(direct[sample.round]) for sample in own),
    )


def words(result: Result) -> str:
    """The section of the result."""
    found = rows(result.samples)
    small, large = min(row.film for row in found), max(row.film for row in found)
    return TEXT.format(
        small=_mb(small),
        large=_mb(large),
        promises=table(("what", *OURS, LITELLM, "promised"), _promises(found, result.copies)),
        table=table(HEADINGS, [_cells(row) for row in found], left=3),
        skipped="".join(f"- {said}\n" for said in result.skipped),
        times=TIMES,
        rounds=1 + max(sample.round for sample in result.samples),
        long=LONG,
        slower=SLOWER,
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
        *(_mb(row.film), str(row.at_once), row.system, first, f"{row.slowest:.0f}", rate, f"{row.share:.2f}"),
        *(f"{row.cpu:.2f}", grown),
    ]


def _promises(found: Sequence[Row], copies: Sequence[Copy]) -> list[list[str]]:
    """What was promised, beside what each system does."""
    small, large = min(row.film for row in found), max(row.film for row in found)

    def line(what: str, film: int, at_once: int, of: Callable[[Row], str], promised: str) -> list[str]:
        cells = {row.system: of(row) for row in found if (row.film, row.at_once) == (film, at_once)}
        return [what, *(cells.get(system, "") for system in (*OURS, LITELLM)), promised]

    def copied(what: str, film: int, of: Callable[[Copy], str], promised: str = "") -> list[str]:
        cells = {copy.system: of(copy) for copy in copies if copy.film == film}
        return [what, *(cells.get(system, "") for system in (*OURS, LITELLM)), promised]

    most = max(row.at_once for row in found)
    later, share, growth = f"under {SLOWER:.0f}", f"at least {FASTER}", f"under {GROWTH:.0f}"
    return [
        line("first byte, ms more than direct", large, 1, lambda row: f"{row.more:.1f}", later),
        line(f"… {most} at once, the median", large, most, lambda row: f"{row.more:.1f}", later),
        line("throughput, of direct", large, 1, lambda row: f"{row.share:.2f}", share),
        line(f"… {most} at once", large, most, lambda row: f"{row.share:.2f}", share),
        *(
            line(f"memory for one of {_mb(film)} MB, MB", film, 1, lambda row: f"{row.grown:.1f}", growth)
            for film in (small, large)
        ),
        line(f"… for each of {most} at once", large, most, lambda row: f"{row.grown / most:.1f}", growth),
        *(
            copied(f"copied, {_mb(film)} MB: completed, s after the upstream", film, lambda copy: f"{copy.seconds:.2f}")
            for film in (small, large)
        ),
        copied("… memory meanwhile, MB", large, lambda copy: f"{copy.grown / 1e6:.1f}", growth),
    ]


TEXT = """`GET /v1/videos/{{id}}/content` of a film of {large} MB that can be played, one, four and sixteen at once: from reelgate's
cache, which is its default; passed on from the provider while it comes (`REELGATE_CACHE_MB=0`); through the LiteLLM proxy; and
from the upstream itself. MB are 10⁶ bytes.

{promises}

{table}

- **first byte**: from the request, on an open connection, until the first byte of the file; the median download of a round.
  In brackets the rounds with the least and the most. **of the slowest**: until everybody had it, in the worst round.
- **MB/s**: of all downloads together. **of direct**, like what is said of it above, is taken within a round.
- **CPU**: of all processes of the system, PostgreSQL included. For direct it is the emulator's own, which is in nobody
  else's.
- **memory**: the peak of the server's resident memory over that of the server at rest, in the first round, in which films
  and numbers grow. A process that is new counts whole.
- **copied**: from the upstream's first answer that the job is completed until reelgate says so. In between it fetches the
  film, looks whether it is whole and can be played, and keeps it.
- {rounds} rounds, in which the systems take turns at being the first; medians over them. Within a round a measurement is
  repeated up to {times} times until it has lasted a second, and one that took more than {long:.0f} s is not repeated at all.
- The upstream serves files with Starlette's `FileResponse` in pieces of 1 MiB. Everything runs on the same cores, so at these
  speeds all compete for them; on a network the network is slower than any of this but LiteLLM.
- LiteLLM {litellm} reads the whole film before it sends its first byte.
- Each download brought as many bytes as the film has; one of each system was compared by its SHA-256.
{skipped}"""
