"""One run of downloads: films are made, the systems are started, each downloads them in turn for several rounds."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import requests

from . import films
from .fetching import Fetched, digest, fetch
from .processes import Failed, cpu_seconds, peaks
from .report import percentile
from .sections import Tell
from .systems import UPSTREAM_KEY, System, install_litellm, running_litellm, running_reelgate, running_upstream

KEPT, PASSED_ON, LITELLM, DIRECT = "reelgate, from its cache", "reelgate, passed on", "LiteLLM", "direct"
SETTINGS = {KEPT: {}, PASSED_ON: {"REELGATE_CACHE_MB": "0"}}
POLL = {"REELGATE_POLL_SECONDS": "0.2"}  # so that the benchmark need not wait

WARM_UP = 5_000_000  # bytes of a film whose download does not count
JOB_SECONDS = 0.5  # that a job takes at the upstream
PATIENCE = 120.0  # seconds for a job to be completed

TIMES, ENOUGH = 5, 0.5  # a measurement is repeated so often at most, until so many seconds have passed
LONG = 10.0  # seconds; what took longer is measured in one round only
SHARE = 0.5  # of the free memory: what would probably take more is not run


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
    """Bytes by which the server's memory was larger at its peak than at rest, before it had any of the films."""
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


def mb(count: float) -> str:
    """Bytes -> '304', in MB."""
    return f"{count / 1e6:.0f}"


def first_byte(sample: Sample) -> float:
    """ms until the first byte of the median download."""
    return 1e3 * percentile(sample.firsts, 0.5)


def throughput(sample: Sample) -> float:
    """MB/s of all downloads together."""
    return sample.bytes / sample.seconds / 1e6


def measure(tell: Tell, *, sizes: Sequence[int], numbers: Sequence[int], rounds: int) -> Result:
    """Start everything, measure, stop everything. Sizes of films and numbers of downloads at once grow. Raises Failed."""
    with tempfile.TemporaryDirectory(prefix="reelgate-bench-") as name, ExitStack() as stack:
        directory = Path(name)
        (directory / "sandbox").mkdir()
        made = [_film(directory / "sandbox", size) for size in (WARM_UP, *sizes)]
        tell(f"films of {', '.join(mb(path.stat().st_size) for path in made)} MB made")
        upstream = stack.enter_context(running_upstream(directory, "bench.films", job_seconds=JOB_SECONDS))
        systems = stack.enter_context(_all(directory, upstream))
        run = Run(upstream, systems, made, tell)
        for number in range(rounds):
            run.round(number, numbers)
        return run.result()


def _film(directory: Path, size: int) -> Path:
    path = directory / f"{size}.mp4"
    films.make(path, size)
    return path


@contextmanager
def _all(directory: Path, upstream: System) -> Iterator[list[System]]:
    """All systems, each with a directory and an account at the upstream of its own."""
    with ExitStack() as stack:
        starting: dict[str, Callable[[], System]] = {}
        for name, settings in SETTINGS.items():
            place = _place(directory, name)
            place.mkdir()
            key = {"OPENAI_API_KEY": UPSTREAM_KEY.format(account=place.name)}
            starting[name] = stack.enter_context(running_reelgate(place, upstream.base_url, **key, **POLL, **settings))
        starting[LITELLM] = stack.enter_context(running_litellm(directory, install_litellm(), upstream.base_url))
        starting[DIRECT] = lambda: upstream
        yield [replace(start(), name=name) for name, start in starting.items()]


def _place(directory: Path, name: str) -> Path:
    """The directory of one of ours."""
    return directory / f"reelgate-{[*SETTINGS].index(name)}"


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
        self._skipped: dict[tuple[str, Path, int], str] = {}
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

    def round(self, number: int, numbers: Sequence[int]) -> None:
        """Each film so many times at once from each system, which take turns at being the first."""
        first = number % len(self._systems)
        for path, at_once in ((path, at_once) for path in self._films for at_once in numbers):
            for system in [*self._systems[first:], *self._systems[:first]]:
                if self._wanted(system, path, at_once):
                    self.samples.append(self._sample(number, system, path, at_once))

    def result(self) -> Result:
        """What was measured; and one more download from each system, for its hash."""
        return Result(self.samples, self.copies, [*self._skipped.values()], self._spoilt())

    def _spoilt(self) -> list[str]:
        """The systems of which the largest film comes with another hash than it has."""
        path = [*self._films][-1]
        with path.open("rb") as file:
            right = hashlib.file_digest(file, "sha256").hexdigest()
        return [system.name for system in self._systems if digest(system, self._jobs[system.name, path]) != right]

    def _wanted(self, system: System, path: Path, at_once: int) -> bool:
        """Whether to make a measurement. Notes down if it cannot be made."""
        size, case = self._films[path], (system.name, path, at_once)
        earlier = {s.at_once: s for s in self.samples if (s.system, s.film) == (system.name, size)}
        if at_once in earlier:
            return earlier[at_once].seconds < LONG
        if case not in self._skipped and not bearable(earlier, at_once, psutil.virtual_memory().available):
            need = f"it would need about {at_once * earlier[1].grown / 1e9:.0f} GB of memory"
            self._skipped[case] = f"{system.name}, {at_once} × {mb(size)} MB: not run, {need}."
        return case not in self._skipped

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
            grown=max(0, sum(seen.values()) - self._rest[system.name]),
            errors=[each.error or f"{each.bytes} of {size} bytes" for each in fetched if each.bytes != size],
        )
        self._tell(
            f"round {number + 1}  {at_once:2} × {mb(size)} MB  {system.name:24}  {first_byte(sample):7.1f} ms  "
            f"{throughput(sample):5.0f} MB/s  {1e9 * cpu / max(1, sample.bytes):5.2f} CPU s/GB  "
            f"{mb(sample.grown)} MB more memory  {'; '.join(sample.errors[:1])}"
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
            grown = max(0, sum(seen.values()) - self._rest[system.name])
            copy = Copy(system.name, self._films[path], now - since, grown)
            self.copies.append(copy)
            self._tell(
                f"{system.name}: {mb(copy.film)} MB completed {copy.seconds:.2f} s after the upstream said so, "
                f"with {mb(copy.grown)} MB more memory"
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


def bearable(earlier: Mapping[int, Sample], at_once: int, free: int) -> bool:
    """Whether there is the memory for so many downloads at once, judged by the measurement of one of them.

    `earlier` are the measurements of the same film and system, by how many there were at once; `free` is in bytes.
    """
    return 1 not in earlier or at_once * earlier[1].grown < SHARE * free


def _cpu(system: System) -> float:
    return sum(map(cpu_seconds, system.parts.values()))
