"""One job on its way to a provider: offered with one key after another, and the trail that it leaves in the ledger."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ..context import seen
from ..errors import (
    CallerError,
    Conflict,
    ContentRefused,
    OutcomeUnknown,
    PaymentRequired,
    ProviderError,
    ReelgateError,
    TooManyRequests,
)
from ..jobs import settling, states
from ..jobs.holds import Exhausted
from ..jobs.ledger import Job, Ledger
from ..jobs.reconciling import asked_from
from ..jobs.tracking import charged, state_of, values_of
from ..providers.adapter import Account, Adapter, Snapshot
from ..providers.registry import Provider, Registry
from .policy import may_fall_back, may_use_next_key, wait_before_retry
from .targets import pin_of
from .terms import Terms

log = structlog.get_logger()

Create = Callable[[Account], Awaitable[Snapshot]]

SOON = 5.0  # seconds after which it may be tried again where nobody knows when there is room
WRITE_PAUSE = 8.0  # seconds: the most between two of them; they go on until the server stops
WRITE_TRIES = 7  # of the one write that must not be lost, that a provider has taken a job, before its caller is told
SIGN_OF_LIFE = 10.0  # seconds between two marks on the job that is being placed; see reconciling.PRESUMED_DEAD
STOPPED = "The gateway stopped before the provider answered, so the job may exist there. Do not send the request again."


@dataclass(frozen=True, slots=True)
class Bid:
    """A key with which a job may be placed, and on which terms."""

    account: Account
    terms: Terms


class Placing:
    """One job on its way to a provider, and the trail it leaves."""

    def __init__(
        self,
        ledger: Ledger,
        registry: Registry,
        job: Job,
        first_error: ReelgateError | None = None,
    ) -> None:
        self._ledger = ledger
        self._registry = registry
        self._job = job  # as it came
        self._pinned = job  # as it was last written down with whom it is placed
        self._attempts: list[dict[str, Any]] = [dict(attempt) for attempt in job.attempts]
        self._noted = len(self._attempts)  # of them are in the ledger
        self._first_error = first_error
        self.unwritten: asyncio.Future[Job | None] = asyncio.get_running_loop().create_future()
        """Raises what the caller is told when a provider has taken the job and the database has been away for long."""

    @property
    def job_id(self) -> str:
        return self._job.id

    def skip(self, provider: str, model: str, error: ReelgateError) -> None:
        """Note a target that is not asked, because it cannot serve the request."""
        self._first_error = self._first_error or error
        self._attempts.append({"provider": provider, "model": model, "outcome": "refused", "error": error.message})

    async def offer(
        self,
        provider: Provider,
        bids: Sequence[Bid],
        model: str,
        details: Mapping[str, Any],
        create: Create,
    ) -> Job | None:
        """Try one target with its keys, more than once where that is safe.

        Returns the job once it is placed or refused for its content; None when the next target may be asked. Raises
        OutcomeUnknown.
        """
        waiting, tries = deque(bids), 0
        told: dict[str, ProviderError] = {}  # by key
        while True:
            account = waiting[0].account
            shut = await self._pin(waiting[0], model)
            if shut is not None:
                self.skip(account.provider, model, shut)
                waiting.popleft()
                if not waiting:
                    return None
                continue
            outcome = await self._try(account, model, create)
            if isinstance(outcome, Snapshot):
                pin = pin_of(account, outcome.model or model)
                given = {name: value for name, value in details.items() if value is not None}
                values = {**pin, **given, **values_of(outcome), "attempts": self._attempts}
                return await self._accept(provider.adapter, account, outcome, values)
            if isinstance(outcome, CallerError):
                return None
            if isinstance(outcome, ContentRefused):
                return await self._close_as_filtered(pin_of(account, model), outcome)
            if isinstance(outcome, OutcomeUnknown):
                await self._write_unknown(pin_of(account, model))
                raise self._told(outcome)
            told[account.key] = outcome
            if may_use_next_key(outcome) and len(waiting) > 1:
                waiting.popleft()
                if waiting[0].account.key not in told:
                    continue
                outcome = told[waiting[0].account.key]
            else:
                waiting.rotate(-1)
            tries += 1
            wait = wait_before_retry(outcome, tries, provider.network, fresh_key=waiting[0].account.key not in told)
            if wait is None:  # what the last key met is why the target failed: others may have been dead before it
                self._first_error = self._first_error or outcome
                return None if may_fall_back(outcome) else await self.give_up()
            try:
                await asyncio.sleep(wait)
            except asyncio.CancelledError:  # the server stops, and nothing has been made so far
                self._first_error = self._first_error or outcome
                return await self.give_up()

    async def _pin(self, bid: Bid, model: str) -> CallerError | None:
        """Write down with whom the job is about to be placed and what it holds for that, and what came before.

        Returns why it may not be placed there, if what it would hold is not left. Raises Conflict if it was deleted.
        """
        pin = pin_of(bid.account, model)
        terms = bid.terms.columns
        if terms["holds"] == self._pinned.holds:  # which it is where neither depends on the provider
            terms = {name: value for name, value in terms.items() if value != getattr(self._pinned, name)}
        changes = {name: value for name, value in {**pin, **terms}.items() if value != getattr(self._pinned, name)}
        if not self._attempts[self._noted :] and not changes:
            return None  # as it was recorded
        try:
            if "holds" in changes:
                wanted = terms.pop("holds")
                noted, taken = await self._ledger.hold(self._job.id, wanted, attempts=self._attempts, **pin, **terms)
                seen(taken)
            else:
                noted = await self._ledger.note(self._job.id, attempts=self._attempts, **pin, **terms)
        except Exhausted as exhausted:
            return refusal(exhausted)
        if noted is None or noted.deleted_at is not None:
            await self._ledger.settle(self._job.id, settling.nothing_more)
            raise _deleted()
        self._pinned = noted
        self._noted = len(self._attempts)
        return None

    async def _try(self, account: Account, model: str, create: Create) -> Snapshot | ProviderError | CallerError:
        """One try with one key: the job at the provider, or what came instead. It is written on the trail either way."""
        began = time.monotonic()
        alive = asyncio.create_task(self._stay_alive())
        try:
            snapshot = await create(account)
        except CallerError as refusal:  # what the create needs is not there, so nothing was sent
            self.skip(account.provider, model, refusal)
            return refusal
        except asyncio.CancelledError:  # the server stops, and what was sent cannot be called back
            stopped = OutcomeUnknown(STOPPED)
            self._note(account, model, stopped.outcome, began, stopped)
            return stopped
        except Exception as raised:
            error = _as_provider_error(raised)
            self._note(account, model, error.outcome, began, error)
            return error
        finally:
            alive.cancel()
        self._note(account, model, "accepted", began, None)
        return snapshot

    async def _stay_alive(self) -> None:
        """Touch the row while a provider takes its time, so that the sweep does not take this process for dead."""
        while True:
            await asyncio.sleep(SIGN_OF_LIFE)
            with suppress(SQLAlchemyError, OSError):
                await self._ledger.note(self._job.id)

    async def give_up(self) -> Job:
        """Close the job as failed and raise the first target's error."""
        error = self._first_error
        assert error is not None, "a job is given up only after something failed"
        failed = {"code": error.code, "message": error.message}
        ended = await self._ledger.move(
            self._job.id, states.FAILED, attempts=self._attempts, error=failed, completed_at=datetime.now(UTC)
        )
        if ended is None:  # it was deleted meanwhile, and nothing was made of it
            await self._ledger.settle(self._job.id, settling.nothing_more)
        raise self._told(error)

    async def _accept(self, adapter: Adapter, account: Account, snapshot: Snapshot, values: dict[str, Any]) -> Job:
        """Write down that a provider has taken the job: the one write that must not be lost, so it is tried until it is done.

        It is cancelled twice when the server stops (Dispatcher.close). The first time it goes on.
        """
        tried, stopping = 0, False
        while True:
            tried += 1
            try:
                job = await self._ledger.move(self._job.id, state_of(snapshot), **values)
                return job if job is not None else await self._withdraw(adapter, account, snapshot, values)
            except asyncio.CancelledError:
                if stopping:
                    raise
                stopping = True
            except (SQLAlchemyError, OSError) as error:
                log.error(
                    "a provider has taken a job that cannot be written down",
                    job=self._job.id,
                    provider=values["provider"],
                    native_id=snapshot.native_id,
                    tried=tried,
                    error=str(error),
                )
                if tried == WRITE_TRIES:
                    lost = OutcomeUnknown("The job was placed but cannot be written down yet. Do not send it again.")
                    self.unwritten.set_exception(self._told(lost))
                    values = {**values, "answer": None}  # what is told here is not what became of it
                try:
                    await asyncio.sleep(min(2 ** (tried - 1) / 4, WRITE_PAUSE))
                except asyncio.CancelledError:
                    if stopping:
                        raise
                    stopping = True

    async def _withdraw(self, adapter: Adapter, account: Account, snapshot: Snapshot, values: Mapping[str, Any]) -> Job:
        """The job was deleted while it was being placed: have the provider forget it too."""
        written = await self._ledger.get(self._job.id)
        if written is not None and written.deleted_at is None:
            return written  # it was not: an earlier try to write it down had succeeded, and the job has ended since
        await self._ledger.note(self._job.id, **values)
        stopped = adapter.cancels
        try:
            await adapter.delete(account, snapshot.native_id)
        except ReelgateError as error:
            stopped = False
            log.warning("a deleted job runs on at the provider", job=self._job.id, error=error.message)
        await self._ledger.settle(self._job.id, None if stopped else settling.finished)
        raise _deleted()

    async def _write_unknown(self, pin: Mapping[str, Any]) -> None:
        """Write down that the outcome is not known. If even that fails the sweep will, and the caller is told all the same."""
        try:
            due = asked_from(self._registry, pin["provider"], pin["key"])
            await self._ledger.move(self._job.id, states.UNKNOWN, attempts=self._attempts, reconcile_at=due, **pin)
        except (SQLAlchemyError, OSError) as error:
            log.error("an unknown outcome cannot be written down", job=self._job.id, error=str(error))

    async def _close_as_filtered(self, pin: Mapping[str, Any], error: ContentRefused) -> Job:
        said: dict[str, Any] = {
            "content_filter": {"filtered_count": 1, "reasons": [error.message]},
            "cost_usd": charged(error.cost_usd),
        }
        job = await self._ledger.move(
            self._job.id,
            states.FAILED,
            attempts=self._attempts,
            error={"code": error.code, "message": error.message},
            completed_at=datetime.now(UTC),
            **said,
            **pin,
        )
        if job is None:  # it was deleted meanwhile
            bills = self._registry.bills(pin["provider"])
            await self._ledger.settle(self._job.id, lambda job: settling.account(replace(job, **said), bills))
            raise _deleted()
        return job

    def _note(self, account: Account, model: str, outcome: str, began: float, error: ProviderError | None) -> None:
        attempt: dict[str, Any] = {
            "provider": account.provider,
            "model": model,
            "key": account.key,
            "outcome": outcome,
            "latency": round((time.monotonic() - began) * 1000),
        }
        if error is not None:
            attempt["error"] = error.message
            if error.upstream_status is not None:
                attempt["status_code"] = error.upstream_status
        self._attempts.append(attempt)
        log.info("attempt", job=self._job.id, **attempt)

    def _told(self, error: ReelgateError) -> ReelgateError:
        return error.about(
            provider=self._job.provider,
            model_requested=self._job.model,
            request_type=f"video_{self._job.kind}",
            video_id=self._job.id,
            attempts=self._attempts,
        )


def refusal(exhausted: Exhausted) -> PaymentRequired | TooManyRequests:
    seen([exhausted.standing])
    if exhausted.standing.kind == "budget":
        return PaymentRequired(exhausted.message)
    wait = exhausted.standing.resets_in
    return TooManyRequests(exhausted.message, retry_after=SOON if wait is None else wait)


def _deleted() -> Conflict:
    return Conflict("The job was deleted while it was being placed.", code="video_deleted")


def _as_provider_error(raised: Exception) -> ProviderError:
    """An adapter that breaks may break after the provider has taken the job, so the outcome is not known."""
    if isinstance(raised, ProviderError):
        return raised
    log.exception("an adapter broke")
    return OutcomeUnknown(
        "The provider's answer could not be understood, so the job may exist there. "
        "Do not send the request again: it could be paid twice."
    )
