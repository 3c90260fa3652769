"""The jobs read last, in memory, and who waits for one of them to change."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .ledger import Job


class JobCache:
    """The jobs read last, kept true by `forget` on every change that any process makes.

    It holds nothing while `trusted` is False, that is, while changes of other processes would go unheard.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._loads: dict[str, list[Load]] = {}
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self.trusted = False
        self.closed = False

    def get(self, job_id: str) -> Job | None:
        job = self._jobs.get(job_id)
        if job is not None:
            self._jobs.move_to_end(job_id)
        return job

    def put(self, job: Job) -> None:
        """Keep a job that this process has just written; a later `updated_at` is never overwritten by an earlier one."""
        held = self._jobs.get(job.id)
        if self.trusted and (held is None or held.updated_at <= job.updated_at):
            self._jobs[job.id] = job
            self._jobs.move_to_end(job.id)
            if len(self._jobs) > self._size:
                self._jobs.popitem(last=False)

    def forget(self, job_id: str) -> None:
        """The job has changed. A read under way may be of the old row, so it is not kept either."""
        self._jobs.pop(job_id, None)
        for waiting in self._waiting.get(job_id, ()):
            waiting.set()
        for load in self._loads.get(job_id, ()):
            load.valid = False

    def trust(self, trusted: bool) -> None:
        """Begin or stop to hear changes. What was read before is dropped either way."""
        self.trusted = trusted
        self._jobs.clear()
        for loads in self._loads.values():
            for load in loads:
                load.valid = False
        for waiting in self._waiting.values():
            for event in waiting:
                event.set()

    def close(self) -> None:
        """The server stops: nobody is to wait any longer."""
        self.closed = True
        for waiting in self._waiting.values():
            for event in waiting:
                event.set()

    @contextmanager
    def awaited(self, job_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when the job changes."""
        event = asyncio.Event()
        self._waiting.setdefault(job_id, set()).add(event)
        try:
            yield event
        finally:
            self._waiting[job_id].discard(event)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    def loading(self, job_id: str) -> Load:
        return Load(self, job_id)


class Load:
    """A read of one row that is under way."""

    def __init__(self, cache: JobCache, job_id: str) -> None:
        self._cache, self._job_id = cache, job_id
        self.valid = True

    def __enter__(self) -> Load:
        # Not before: another that ends until then would take the list away, and changes would go past this one.
        self._cache._loads.setdefault(self._job_id, []).append(self)
        return self

    def __exit__(self, *_: object) -> None:
        loads = self._cache._loads[self._job_id]
        loads.remove(self)
        if not loads:
            del self._cache._loads[self._job_id]

    def store(self, job: Job) -> None:
        if self.valid:
            self._cache.put(job)
