"""Following a job from the provider's yes to its end.

A process claims the jobs that nobody follows (claims.py). For each there is one asyncio task for as long as the job runs: it asks
the provider at a pace that fits it, writes down what changed, has the finished file kept (outputs.py), and ends in a terminal
state. When the process stops or dies, the jobs are claimed by others.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ..errors import NotFound, ProviderError, ProviderTimeout, ReelgateError
from ..media.storage import StorageError
from ..providers.adapter import Snapshot
from ..providers.pricing import MILLION, PLACE, lasting, sized
from ..providers.registry import Registry
from . import states
from .cadence import Cadence
from .claims import Claims
from .ledger import Job, Ledger
from .outputs import InvalidOutput, Outputs

log = structlog.get_logger()

LOOK: Final = 0.25  # seconds between two looks for jobs that nobody follows
AT_ONCE: Final = 500  # jobs that are claimed in one go
COMPARE: Final = 5.0  # seconds between two looks for jobs that this process has claimed and does not follow
AGAIN: Final = 1.0  # seconds until a job is seen to again after what could not be done for the database
PENS: Final = 8  # answers that are written down side by side; more would leave no connection to those who wait for them
LEAST: Final = 0.5  # seconds between two questions about a job, whoever wakes it
SLOWEST: Final = 60.0  # seconds: the longest pause between two questions, however often they fail
GONE_AFTER: Final = 3  # failures in a row, the last a 404, before we believe that the provider has lost the job
UNPLAYABLE_AFTER: Final = (
    3  # tries to get a video, after which a file that is none, or not there, counts as what was made
)
TIME_TO_STORE: Final = timedelta(hours=1)  # that is left at least for a finished file to be fetched
LAST_TRY: Final = 30.0  # seconds that a finished file may take to be fetched, however near the deadline is
MOST_TOKENS: Final = 10**9  # of a job; what says more is a mistake
LATE: Final = 60.0  # seconds after its deadline until a job that was given up is asked about again

Again = Callable[[Job, Snapshot], Awaitable[bool]]
"""Places a job anew that has failed at its provider, if it is to be; says whether it has seen to the job."""


class Tracking:
    def __init__(
        self,
        claims: Claims,
        ledger: Ledger,
        registry: Registry,
        outputs: Outputs,
        *,
        concurrency: int,
        pace: float | None = None,
    ) -> None:
        """`pace` is how many seconds lie between two questions about one job, where that is not found out from job to job."""
        self._claims = claims
        self._ledger = ledger
        self._registry = registry
        self._outputs = outputs
        self._concurrency = concurrency
        self._own_pace = pace
        self._pens = asyncio.Semaphore(PENS)
        self._cadence = Cadence()
        self.again: Again = _never
        self._resting: dict[str, asyncio.Event] = {}
        self._following: dict[str, asyncio.Task[None]] = {}
        claims.on_loss(self._stop)

    # ---- following one job ------------------------------------------------------------------------------------

    async def _follow(self, claimed: Job) -> None:
        """Ask the provider about a job until it has ended, whatever happens meanwhile, or the claims are lost."""
        job: Job | None = claimed
        try:
            while True:
                try:
                    if await self._track(job or await self._ledger.get(claimed.id) or claimed):
                        return
                except (SQLAlchemyError, OSError) as error:
                    log.warning("a job cannot be followed just now", job=claimed.id, error=str(error))
                except Exception:  # whatever it is, the job needs somebody to end it
                    log.exception("a job cannot be followed", job=claimed.id)
                job = None
                await asyncio.sleep(AGAIN)
        finally:
            if self._following.get(claimed.id) is asyncio.current_task():
                del self._following[claimed.id]

    async def _track(self, job: Job) -> bool:
        """Whether nobody has to follow the job any more. False: it is not certain that it is still ours to follow."""
        failures = bad = 0
        pause: float | None = None
        while job.state in states.TRACKED:
            state, pace = job.state, self._pace(job)
            if pause is None:  # whoever followed the job before may have asked just now
                pause = max(0.0, pace - (datetime.now(UTC) - job.updated_at).total_seconds())
            if state == states.STORING and failures == 0:
                pause = 0.0
            left = (job.deadline_at - datetime.now(UTC)).total_seconds()
            await self._rest(job.id, max(0.0, min(pause, max(SLOWEST, pace), left + 0.1)))
            if not self._claims.hold:
                return False
            try:
                if state == states.STORING:
                    await self._store(job)
                else:
                    snapshot = await self._ask(job)
            except Exception as error:  # whatever it is, the job must come to its end, at the latest by its deadline
                failures += 1
                bad += isinstance(error, InvalidOutput | NotFound)
                pause = _patience(error, pace, failures)
                broke = None if isinstance(error, ReelgateError | InvalidOutput | StorageError) else error
                what = "cannot keep what was made" if state == states.STORING else "cannot ask about a job"
                log.warning(what, job=job.id, error=str(error), failures=failures, exc_info=broke)
                await self._judge(job, error, failures, bad)
            else:
                failures = 0
                if state != states.STORING:
                    pause = self._pause(job, snapshot, pace)
                    await self._write(job, snapshot)
            job = await self._ledger.get(job.id) or job
            if job.state != state:
                failures = bad = 0
        return True

    async def _judge(self, job: Job, error: Exception, failures: int, bad: int) -> None:
        """End a job that has failed often enough, or for long enough. `bad` of the failures were files that are no video."""
        lost = isinstance(error, ProviderError) and error.upstream_status == 404
        if job.state == states.STORING:
            if bad >= UNPLAYABLE_AFTER and isinstance(error, InvalidOutput | NotFound):
                await self._refuse(job, str(error))
                return
        elif failures >= GONE_AFTER and lost:
            await self._fail(job, "provider_lost_job", "The provider does not know the job any more.")
            return
        if datetime.now(UTC) > job.deadline_at:
            await self._give_up(job)

    async def _store(self, job: Job) -> None:
        """Have the file of a finished job kept, and complete the job."""
        left = (job.deadline_at - datetime.now(UTC)).total_seconds()
        try:
            async with asyncio.timeout(max(LAST_TRY, left)):
                values = await self._outputs.capture(job)
        except TimeoutError:
            raise ProviderTimeout("The provider's file did not come to its end in time.") from None
        async with self._pens:
            await self._ledger.move(job.id, states.COMPLETED, **values)

    async def _refuse(self, job: Job, message: str) -> None:
        """End a job whose provider says that it is done, and has no video to show for it."""
        assert job.native_id is not None, "a tracked job has a native id"
        failed = Snapshot(
            job.native_id,
            states.FAILED,
            error_code=states.INVALID_OUTPUT,
            error_message=message,
            error_is_ours=True,
        )
        if not await self.again(job, failed):
            await self._fail(job, states.INVALID_OUTPUT, message)

    def wake(self, job_id: str) -> None:
        """Ask about the job at once, if it is followed here."""
        if job_id in self._resting:
            self._resting[job_id].set()

    async def _rest(self, job_id: str, seconds: float) -> None:
        """Wait before the next question, or until woken, which whoever calls too often cannot make less than a moment."""
        woken = self._resting[job_id] = asyncio.Event()
        began = time.monotonic()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await woken.wait()
                    await asyncio.sleep(began + LEAST - time.monotonic())
        finally:
            if self._resting.get(job_id) is woken:  # not, where the job was taken over from us and by us
                del self._resting[job_id]

    def _pace(self, job: Job) -> float:
        provider = self._registry.providers.get(job.provider)
        if provider is None:
            return SLOWEST
        return self._own_pace if self._own_pace is not None else provider.poll_seconds

    def _pause(self, job: Job, snapshot: Snapshot, pace: float) -> float:
        """Seconds until a job is asked about again. A pace that was set yields only to a provider that wants more."""
        if self._own_pace is not None:
            return max(self._own_pace, snapshot.poll_after or 0.0)
        age = (datetime.now(UTC) - job.created_at).total_seconds()
        return snapshot.poll_after or self._cadence.pause(job.provider, job.model, age, pace)

    async def _ask(self, job: Job) -> Snapshot:
        assert job.native_id is not None, "a tracked job has a native id"
        account = self._registry.account(job.provider, job.key, job.base_url)
        return await self._registry.provider(job.provider).adapter.retrieve(account, job.native_id)

    async def _write(self, job: Job, snapshot: Snapshot) -> None:
        """Write down what changed; a job that is still not over at its deadline is ended here."""
        if snapshot.provider_status is not None and snapshot.provider_status != job.provider_status:
            log.warning("a status word that is not known", job=job.id, word=snapshot.provider_status)
        changed = {name: value for name, value in values_of(snapshot).items() if value != getattr(job, name)}
        if snapshot.status == states.FAILED and await self.again(job, snapshot):
            return
        state = state_of(snapshot)
        if changed or state != job.state:
            if state == states.STORING:
                changed["deadline_at"] = max(job.deadline_at, datetime.now(UTC) + TIME_TO_STORE)
            async with self._pens:
                await self._ledger.move(job.id, state, **changed)
        if state == states.STORING:
            age = (datetime.now(UTC) - job.created_at).total_seconds()
            self._cadence.learn(job.provider, job.model, age)
        elif state != states.FAILED and datetime.now(UTC) > job.deadline_at:
            await self._give_up(job)

    async def _give_up(self, job: Job) -> None:
        """End a job at its deadline. Its provider may finish it all the same: reconciling asks for a while yet."""
        later = datetime.now(UTC) + timedelta(seconds=LATE)
        await self._fail(job, states.TIMED_OUT, "The job did not end in time.", reconcile_at=later)

    async def _fail(self, job: Job, code: str, message: str, **also: Any) -> None:
        error = {"code": code, "message": message}
        await self._ledger.move(job.id, states.FAILED, error=error, completed_at=datetime.now(UTC), **also)

    # ---- the worker -------------------------------------------------------------------------------------------

    @property
    def working(self) -> bool:
        """Whether this process can follow jobs now."""
        return self._claims.hold

    async def work(self) -> None:
        """Follow jobs until cancelled."""
        compared = time.monotonic()
        try:
            while True:
                try:
                    while await self._claim():
                        pass
                    if time.monotonic() - compared > COMPARE:
                        await self._compare()
                        compared = time.monotonic()
                except (SQLAlchemyError, OSError) as error:
                    log.warning("cannot look for jobs to follow", error=str(error))
                await asyncio.sleep(LOOK)
        finally:
            following = [*self._following.values()]
            self._stop()
            await asyncio.gather(*following, return_exceptions=True)

    async def _claim(self) -> bool:
        """Begin to follow jobs that nobody follows. Says whether there may be more."""
        worker, room = self._claims.worker, min(AT_ONCE, self._concurrency - len(self._following))
        if worker is None or room <= 0:
            return False
        claimed = await self._ledger.claim(worker, room)
        if worker != self._claims.worker:
            return False  # it was lost meanwhile, and what was claimed under it is going to be free
        for job in claimed:
            self._begin(job)
        return len(claimed) == room

    async def _compare(self) -> None:
        """Follow what is claimed and not followed: the answer to the claim was lost, or this process hung for a while."""
        worker = self._claims.worker
        if worker is None:
            return
        for job_id in await self._ledger.claimed(worker) - self._following.keys():
            job = await self._ledger.get(job_id)
            if job is not None and worker == self._claims.worker:
                log.warning("a job was claimed and not followed", job=job_id)
                self._begin(job)

    def _begin(self, job: Job) -> None:
        if job.id not in self._following:
            self._following[job.id] = asyncio.create_task(self._follow(job))

    def _stop(self) -> None:
        """Let go of every job: the claims are lost, or about to be given back."""
        for following in self._following.values():
            following.cancel()
        self._following.clear()


async def _never(_: Job, __: Snapshot) -> bool:
    return False


def _patience(error: Exception, pace: float, failures: int) -> float:
    """Seconds to wait after the provider could not be asked."""
    asked_to_wait = error.retry_after if isinstance(error, ProviderError) else None
    return asked_to_wait or min(pace * 2**failures, SLOWEST) * random.uniform(0.8, 1.2)  # noqa: S311


def _percent(progress: float | None) -> float | None:
    return None if progress is None else min(max(progress, 0.0), 100.0)


def _code(snapshot: Snapshot) -> str:
    """The code of a failed job's error. A provider's own that means something else here is told apart from ours."""
    code = snapshot.error_code or "provider_failed"
    return f"provider_{code}" if code in states.OURS and not snapshot.error_is_ours else code


def charged(usd: Decimal | None) -> Decimal | None:
    """What a provider says that it charges, if it is an amount: to as many places as are kept."""
    return usd.quantize(PLACE) if usd is not None and usd.is_finite() and 0 <= usd <= MILLION else None


def _counted(tokens: Mapping[str, int] | None) -> Mapping[str, int] | None:
    """What a provider says that it has counted, if that can be."""
    return tokens if tokens is not None and all(0 <= count <= MOST_TOKENS for count in tokens.values()) else None


def state_of(snapshot: Snapshot) -> str:
    """The state of a job of which a provider says this. What the provider has completed is yet to be fetched."""
    return states.STORING if snapshot.status == states.COMPLETED else snapshot.status


def values_of(snapshot: Snapshot) -> dict[str, Any]:
    """What a snapshot says, as columns of the ledger. What the provider does not say is left out, so it changes nothing."""
    failed = snapshot.status == states.FAILED
    said: dict[str, Any] = {
        "native_id": snapshot.native_id,
        "progress": 100.0 if snapshot.status == states.COMPLETED else _percent(snapshot.progress),
        "seconds": snapshot.seconds if lasting(snapshot.seconds) is not None else None,
        "size": sized(snapshot.size),
        "completed_at": (snapshot.completed_at or datetime.now(UTC)) if failed else None,
        "expires_at": snapshot.expires_at,
        "cost_usd": charged(snapshot.cost_usd),
        "tokens": _counted(snapshot.tokens),
    }
    for name in ("seconds", "size", "cost_usd", "tokens"):
        if said[name] is None and getattr(snapshot, name) is not None:
            log.warning(
                "a provider says what is none", job=snapshot.native_id, what=name, said=str(getattr(snapshot, name))
            )
    values = {name: value for name, value in said.items() if value is not None}
    values["provider_status"] = snapshot.provider_status  # None again once the provider says a word we know
    if failed:
        values["error"] = {
            "code": _code(snapshot),
            "message": snapshot.error_message or "The provider failed the job without saying why.",
        }
    if snapshot.filtered is not None:
        values["content_filter"] = {
            "filtered_count": snapshot.filtered.count,
            "reasons": list(snapshot.filtered.reasons),
        }
    return values
