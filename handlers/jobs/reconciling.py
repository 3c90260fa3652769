"""What became of it after all: creates whose outcome is not known, and jobs that were given up at their deadline.

A create is `unknown` when its answer was lost, or when the process that placed it died. Where the provider lists its jobs, the
list is asked for one with our prompt that belongs to no other job of ours: the job adopts it, and is followed like any other.
When the list has been without one for long enough, nothing was made and the job is closed. Where there is no list, or it does
not decide, the job waits for an operator (`reelgate unknown`). Nothing is ever sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ..errors import NotFound, ProviderError, ReelgateError
from ..media.storage import StorageError
from ..providers.adapter import Account, Listed
from ..providers.registry import Registry
from . import settling, states
from .ledger import Adopted, Job, Ledger
from .outputs import InvalidOutput, Outputs
from .settling import CameTo
from .tracking import state_of, values_of

log = structlog.get_logger()

SWEEP: Final = 2.0  # seconds between two looks for jobs that are due
AT_ONCE: Final = 50  # jobs
PRESUMED_DEAD: Final = 60.0  # seconds without a mark of its dispatcher (dispatcher.SIGN_OF_LIFE) on a job being placed
FIRST: Final = 5.0  # seconds until the first question about an unknown create
CERTAIN: Final = 120.0  # seconds after which a job that a list does not have was never made
SLOWEST: Final = 3600.0  # seconds between two questions
TIME_TO_FINISH: Final = timedelta(minutes=10)  # for the file of a job that is completed late to be fetched
GIVEN_UP: Final = 24 * 3600.0  # seconds after which nobody asks any more
NO_LIST: Final = frozenset({404, 405, 501})
SKEW: Final = timedelta(seconds=60)  # by which a provider's clock may be behind ours

LOST = {
    "code": "submission_lost",
    "message": "The provider never got the request: its list of jobs does not have it. Nothing was made; send it again.",
}


def asked_from(registry: Registry, provider: str, key: str | None) -> datetime | None:
    """When to ask first about an unknown create; None where the provider has no list to ask, or the key is gone."""
    known = registry.providers.get(provider)
    keys = () if known is None or not known.adapter.supports("listed") else known.keys
    if key not in [each.settings.name for each in keys]:
        return None
    return datetime.now(UTC) + timedelta(seconds=FIRST)


class Reconciling:
    def __init__(self, ledger: Ledger, registry: Registry, outputs: Outputs) -> None:
        self._ledger = ledger
        self._outputs = outputs
        self._finishing: set[asyncio.Task[None]] = set()
        self._registry = registry

    async def work(self) -> None:
        """Reconcile until cancelled."""
        try:
            while True:
                try:
                    await self.sweep()
                except Exception:  # whatever it is, the next sweep must come
                    log.exception("reconciling failed")
                await asyncio.sleep(SWEEP)
        finally:
            finishing = [*self._finishing]
            for task in finishing:
                task.cancel()
            await asyncio.gather(*finishing, return_exceptions=True)

    async def sweep(self) -> None:
        """Notice the creates that died with their process, and ask about everything that is due."""
        dead_since = datetime.now(UTC) - timedelta(seconds=PRESUMED_DEAD)
        for job in await self._ledger.unfinished(states.SUBMITTING, idle_since=dead_since):
            log.error("the outcome of a submission is not known", job=job.id, provider=job.provider)
            due = asked_from(self._registry, job.provider, job.key)
            await self._ledger.move(job.id, states.UNKNOWN, reconcile_at=due)
        for job_id in await self._ledger.unsettled(datetime.now(UTC) - settling.PLACED_BY_THEN):
            try:
                await self._ledger.settle(job_id)
            except Exception:  # whatever it is, the others are not to wait for it
                log.exception("a job cannot be settled", job=job_id)
        await self._ledger.drop_plans()
        due_now = await self._ledger.due_for_reconciling(AT_ONCE)
        outcomes = await asyncio.gather(*(self._reconcile(job) for job in due_now), return_exceptions=True)
        for job, outcome in zip(due_now, outcomes, strict=True):
            if isinstance(outcome, Exception):
                log.error("a job cannot be reconciled", job=job.id, exc_info=outcome)

    async def _reconcile(self, job: Job) -> None:
        waited = _seconds_since(job.updated_at)
        settled = False
        try:
            settled = await (self._find(job, waited) if job.state == states.UNKNOWN else self._ask_again(job))
        except ReelgateError as error:
            log.warning("cannot ask what became of a job", job=job.id, error=error.message)
            if isinstance(error, ProviderError) and error.upstream_status in NO_LIST and waited > CERTAIN:
                await self._ledger.put_off(job.id, None)  # a server of the dialect that has no list, as it turns out
                settled = True
        except Exception:  # whatever it is, the job must not be asked about for ever
            log.exception("cannot ask what became of a job", job=job.id)
        if not settled:
            pause = min(max(waited, FIRST), SLOWEST)
            if waited < CERTAIN:  # then the list decides, and the caller should not have to wait for longer
                pause = min(pause, CERTAIN - waited)
            next_time = datetime.now(UTC) + timedelta(seconds=pause)
            await self._ledger.put_off(job.id, next_time if waited < GIVEN_UP else None)

    # ---- unknown creates --------------------------------------------------------------------------------------

    async def _find(self, job: Job, waited: float) -> bool:
        """Adopt the provider's job, or close ours if there is none. False: not decided yet."""
        account, since = self._account(job), job.created_at - SKEW
        listed = await self._registry.maker(job.provider).adapter.listed(account, since)
        taken = await self._ledger.adopted(job.provider, [each.native_id for each in listed])
        free = sorted((each for each in listed if each.native_id not in taken), key=lambda each: each.created_at)
        alike = await self._ledger.alike(job, since)
        if any(other.state == states.SUBMITTING for other in alike):
            return False  # what is listed may be that one's, whose answer is still on its way
        ours = candidates(job, free, alike)
        if ours:  # this looks at many rows, and hardly any list has a job that could be ours
            taken = await self._ledger.left_behind(job.provider, [each.native_id for each in ours], since)
            ours = [each for each in ours if each.native_id not in taken]
        if ours:
            if any(other.owner != job.owner or other.deleted_at is not None for other in alike):
                return False  # whose it is cannot be told
            return await self._adopt_listed(job, ours)
        if waited < CERTAIN or any(each.prompt is None for each in free):
            return False
        log.info("an unknown submission was never made", job=job.id, provider=job.provider)
        await self.close(job, LOST)
        return True

    async def _adopt_listed(self, job: Job, candidates: list[Listed]) -> bool:
        for candidate in candidates:
            try:
                return await self.adopt(job, candidate.native_id) is not None
            except Adopted:
                continue
        return False

    async def adopt(self, job: Job, native_id: str) -> Job | None:
        """Make a provider's job the one of an unknown create; None if that has been resolved meanwhile.

        Raises Adopted if it belongs to another job, ProviderError if the provider cannot be asked about it.
        """
        account = self._account(job)
        snapshot = await self._registry.maker(job.provider).adapter.retrieve(account, native_id)
        attempt = {"provider": job.provider, "model": job.model, "key": account.key, "outcome": "adopted"}
        only_one = self._ledger.only_one(job.provider, native_id)
        values = {**values_of(snapshot), "native_id": native_id, "attempts": [*job.attempts, attempt], "answer": None}
        if snapshot.model is not None:
            values["model"] = snapshot.model
        log.info("an unknown submission was found", job=job.id, provider=job.provider, native_id=native_id)
        return await self._ledger.move(job.id, state_of(snapshot), also=only_one, **values)

    async def close(self, job: Job, error: Mapping[str, str]) -> Job | None:
        """End an unknown create without a video, so that its caller can send it again, with the same idempotency key too."""
        freed: dict[str, Any] = {"idempotency_key": None, "fingerprint": None, "answer": None}
        return await self._ledger.move(job.id, states.FAILED, error=error, completed_at=datetime.now(UTC), **freed)

    # ---- jobs that were given up at their deadline ------------------------------------------------------------

    async def _ask_again(self, job: Job) -> bool:
        """Complete the job if its provider has. False: the provider is still at it."""
        assert job.native_id is not None, "it was followed until its deadline"
        try:
            snapshot = await self._registry.maker(job.provider).adapter.retrieve(self._account(job), job.native_id)
        except ProviderError as error:
            if error.upstream_status == 404:
                await self._ledger.put_off(job.id, None, self._failed({}))
                return True
            raise
        if snapshot.status == states.COMPLETED:
            # Nobody else is to begin meanwhile, and nobody here is to wait for it.
            await self._ledger.put_off(job.id, datetime.now(UTC) + 2 * TIME_TO_FINISH)
            finishing = asyncio.create_task(self._finish(replace(job, **values_of(snapshot)), values_of(snapshot)))
            self._finishing.add(finishing)
            finishing.add_done_callback(self._finishing.discard)
        elif snapshot.status == states.FAILED:
            await self._ledger.put_off(job.id, None, self._failed(values_of(snapshot)))
        return snapshot.status in states.TERMINAL

    def _failed(self, said: Mapping[str, Any]) -> CameTo:
        """What a job comes to that its provider failed after it had been given up here."""
        return lambda job: settling.failed_late(job, self._registry.bills(job.provider), said)

    async def _finish(self, job: Job, said: Mapping[str, Any]) -> None:
        """Have the file of a job kept that was finished late, and complete the job; if that fails, it is asked about again."""
        until = datetime.now(UTC) + TIME_TO_FINISH if _seconds_since(job.updated_at) < GIVEN_UP else None
        try:
            async with asyncio.timeout(TIME_TO_FINISH.total_seconds()):
                stored = await self._outputs.capture(job)
            log.info("a job was completed after its deadline", job=job.id)
            if await self._ledger.finish_late(job.id, **{**said, **stored}) is not None:
                return
        except InvalidOutput as error:
            log.warning("what a job was finished with is no video", job=job.id, error=str(error))
            until = None
        except NotFound as error:
            log.warning("what a job was finished with is gone", job=job.id, error=str(error))
            until = None
        except (ReelgateError, StorageError, SQLAlchemyError, OSError) as error:  # TimeoutError is an OSError
            log.warning("a job that was finished late cannot be completed yet", job=job.id, error=str(error))
        with suppress(SQLAlchemyError, OSError):
            await self._ledger.put_off(job.id, until, lambda row: settling.finished(replace(row, **said)))

    def _account(self, job: Job) -> Account:
        return self._registry.account(job.provider, job.key, job.base_url)


def candidates(job: Job, free: Sequence[Listed], alike: Sequence[Job]) -> list[Listed]:
    """Those of a list that may be the job: they have its prompt, and its model if there is such a one.

    A provider may call the model something else, but what has the model of another job that is looked for is that one's.
    """
    same = [each for each in free if each.prompt == job.request.get("prompt")]
    exact = [each for each in same if each.model in (None, job.model, job.deployment)]
    wanted = {name for other in alike for name in (other.model, other.deployment)}
    return exact or [each for each in same if each.model not in wanted]


def _seconds_since(moment: datetime) -> float:
    return (datetime.now(UTC) - moment).total_seconds()
