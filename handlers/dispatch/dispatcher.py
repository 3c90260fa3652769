"""Placing a job: recorded first, then offered to one target after another until one takes it.

What may follow a failed try stands in policy.py. Whatever happens, the ledger ends up knowing: the job is accepted, failed,
or unknown, with every attempt written down.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal

import structlog
from pydantic import MISSING
from sqlalchemy.exc import SQLAlchemyError
from ulid import ULID

from generated.models import Failover, VideoGenerationRequest, VideoRemixRequest

from ..errors import (
    CallerError,
    Conflict,
    ContentRefused,
    GatewayError,
    InvalidRequest,
    OutcomeUnknown,
    ProviderError,
    ProviderFailed,
    ReelgateError,
)
from ..jobs import states
from ..jobs.ledger import Job, Ledger, Once, Plan
from ..jobs.reconciling import asked_from
from ..jobs.tracking import state_of, values_of
from ..media.fetching import Fetching
from ..media.images import Image, from_data_url
from ..media.uploads import more
from ..providers.adapter import Account, Adapter, Snapshot, extras, legible
from ..providers.registry import Provider, Registry
from .capabilities import with_defaults
from .keys import Wishes
from .pictures import Picture
from .policy import may_fall_back, may_use_next_key, wait_before_retry
from .targets import Target, Unfit, resolve

log = structlog.get_logger()

Create = Callable[[Account], Awaitable[Snapshot]]

NO_HEADERS: Mapping[str, str] = {}

PLACED_AGAIN = 8  # jobs at a time, each of which may have a large image
SIGN_OF_LIFE = 10.0  # seconds between two marks on the job that is being placed; see reconciling.PRESUMED_DEAD
SETTLING = 1.0  # seconds that a provider still gets to answer when the server stops
PLANNED = 6  # times its length: the memory that an image takes while it is written down with a request
WRITING = 10.0  # seconds to write down what is known by then
WRITE_TRIES = 7  # of the one write that must not be lost, that a provider has taken a job, before its caller is told
WRITE_PAUSE = 8.0  # seconds: the most between two of them; they go on until the server stops


class Dispatcher:
    def __init__(
        self,
        ledger: Ledger,
        registry: Registry,
        fetching: Fetching,
        *,
        deadline: timedelta,
        public_url: str | None = None,
    ) -> None:
        """`public_url` is where providers reach the gateway; without it they are not told to call when a job is done."""
        self._ledger = ledger
        self._registry = registry
        self._fetching = fetching
        self._deadline = deadline
        self._public_url = public_url
        self._placing_again = asyncio.Semaphore(PLACED_AGAIN)
        self._offers: set[asyncio.Task[Job | None]] = set()

    async def generate(
        self,
        owner: str,
        request: VideoGenerationRequest,
        image: Image | None,
        wishes: Wishes,
        once: Once | None = None,
    ) -> Job:
        """Place a new job. Returns it as accepted, or as failed by a content filter; raises what else became of it.

        `image` is what `request.input_reference` stands for, unless that is a URL. Raises KeyTaken, with nothing sent, when
        the owner has asked for it `once` already.
        """
        picture = Picture(request, image, self._fetching)
        targets = await _begun(resolve(request, self._registry, owner, wishes), picture)
        first = next(target for target in targets if isinstance(target, Target))
        plan = None
        if request.failover == Failover.job and len(targets) > 1:
            hold = more()
            hold(PLANNED * (len(image.content) if image is not None else 0))
            plan = Plan(await asyncio.to_thread(_whole, request, image), asdict(replace(wishes, headers={})))
        pin = _pin(first.keys[0].account, first.model)
        job = self._new(owner, "generation", pin, _recordable(request, image), once)
        await self._ledger.record(job, plan)
        if plan is not None:
            del plan
            hold(0)
        return await self._place(Placing(self._ledger, self._registry, job), targets, request, picture, wishes)

    async def again(self, job: Job, failed: Snapshot) -> bool:
        """Place a job that has failed after it was accepted with the next of its targets, if its request says so.

        False: it is not to be placed again. Never after a refusal of the content or a cancellation. The headers that the
        caller had sent along (`x-bf-eh-`) are not kept, so they are not sent again.
        """
        if (
            job.request.get("failover") != Failover.job
            or failed.filtered is not None
            or failed.error_code == "cancelled"
        ):
            return False
        async with self._placing_again:
            return await self._place_again(job, failed)

    async def _place_again(self, job: Job, failed: Snapshot) -> bool:
        plan = await self._ledger.plan(job.id)
        if plan is None:
            return False
        request, image = await asyncio.to_thread(_with_image, plan.request)
        wishes = Wishes(**plan.wishes)
        del plan
        asked = {(attempt["provider"], attempt["model"]) for attempt in job.attempts}
        try:
            targets = resolve(request, self._registry, job.owner, wishes)
        except CallerError:  # what could serve it is not configured any more
            return False
        left = [target for target in targets if isinstance(target, Target) and target.names not in asked]
        if not left:
            return False
        reason = values_of(failed)["error"]
        failure = {
            "provider": job.provider,
            "model": job.model,
            "key": job.key,
            "outcome": "job_failed",
            "error": reason["message"],
            "provider_job_id": job.native_id,
        }
        pin = {
            **_pin(left[0].keys[0].account, left[0].model),
            "native_id": None,
            "progress": None,
            "provider_status": None,
            "expires_at": None,
        }
        moved = await self._ledger.move(job.id, states.SUBMITTING, attempts=[*job.attempts, failure], **pin)
        if moved is None:  # it was deleted meanwhile
            return True
        log.info("a job failed and is placed again", job=job.id, provider=job.provider, next=left[0].id)
        error = ProviderFailed(reason["message"], code=reason["code"])
        placing = Placing(self._ledger, self._registry, moved, first_error=error)
        with suppress(ReelgateError):  # what became of it is written down
            picture = Picture(request, image, self._fetching)
            await self._place(placing, left, request, picture, wishes)
        return True

    async def _place(
        self,
        placing: Placing,
        targets: Sequence[Target | Unfit],
        request: VideoGenerationRequest,
        picture: Picture,
        wishes: Wishes,
    ) -> Job:
        """Offer the job to one target after another."""
        for target in targets:
            if isinstance(target, Unfit):
                placing.skip(target.provider, target.model, target.error)
                continue
            try:
                image = await picture.for_target(target)
            except (CallerError, GatewayError) as error:
                placing.skip(target.provider.name, target.model, error)
                continue
            full = with_defaults(request, target.can)
            details = {
                "seconds": None if full.seconds is MISSING else str(full.seconds.root),
                "size": None if full.size is MISSING else full.size,
            }
            create = partial(target.provider.adapter.generate, model=target.model, request=full, image=image)
            accounts = [self._as_maker(key.account, placing.job_id, wishes.headers) for key in target.keys]
            placed = await self._through(
                placing, placing.offer(target.provider, accounts, target.model, details, create)
            )
            if placed is not None:
                return placed
        return await placing.give_up()

    async def remix(self, owner: str, source: Job, request: VideoRemixRequest, once: Once | None = None) -> Job:
        """Place a job that changes a finished one, with the key that made that one. Raises as `generate` does.

        It is for the caller to see that the source is completed and its provider can remix.
        """
        provider = self._registry.maker(source.provider)
        account = self._registry.account(source.provider, source.key, source.base_url)
        assert source.native_id is not None, "a completed job has a native id"
        body: dict[str, Any] = request.model_dump(mode="json")
        job = self._new(owner, "remix", _pin(account, source.model), body, once, source_id=source.id)
        await self._ledger.record(job)
        account = self._as_maker(account, job.id)
        placing = Placing(self._ledger, self._registry, job)
        details = {"seconds": source.seconds, "size": source.size}
        create = partial(provider.adapter.remix, native_id=source.native_id, request=request)
        placed = await self._through(placing, placing.offer(provider, [account], source.model, details, create))
        return placed if placed is not None else await placing.give_up()

    async def close(self) -> None:
        """End what is still being placed when the server stops, so that the ledger knows what is known of it."""
        for patience in (SETTLING, WRITING):
            if self._offers:
                await asyncio.wait(self._offers, timeout=patience)
            for offer in self._offers:
                offer.cancel()

    async def _through(self, placing: Placing, offer: Coroutine[Any, Any, Job | None]) -> Job | None:
        """See an offer through, even if its request is cancelled or answered: what was sent must be written down."""
        task = asyncio.create_task(offer)
        self._offers.add(task)
        task.add_done_callback(self._offers.discard)
        await asyncio.wait({task, placing.unwritten}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else placing.unwritten.result()

    def _as_maker(self, account: Account, job_id: str, headers: Mapping[str, str] = NO_HEADERS) -> Account:
        """The account as it makes a job: with the caller's headers, and with what the provider may call when it is done."""
        wake_url = f"{self._public_url.rstrip('/')}/api/wake/{job_id}" if self._public_url is not None else None
        return replace(account, headers={**account.headers, **headers}, wake_url=wake_url)

    def _new(
        self,
        owner: str,
        kind: Literal["generation", "remix"],
        pin: Mapping[str, Any],
        request: Mapping[str, Any],
        once: Once | None,
        source_id: str | None = None,
    ) -> Job:
        now = datetime.now(UTC)
        return Job(
            id=f"video_{ULID.from_datetime(now)}".lower(),
            owner=owner,
            kind=kind,
            state=states.SUBMITTING,
            **pin,
            request=request,
            source_id=source_id,
            idempotency_key=once.key if once is not None else None,
            fingerprint=once.fingerprint if once is not None else None,
            created_at=now,
            updated_at=now,
            deadline_at=now + self._deadline,
        )


STOPPED = "The gateway stopped before the provider answered, so the job may exist there. Do not send the request again."


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
        self._job = job
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
        accounts: Sequence[Account],
        model: str,
        details: Mapping[str, Any],
        create: Create,
    ) -> Job | None:
        """Try one target with its keys, more than once where that is safe.

        Returns the job once it is placed or refused for its content; None when the next target may be asked. Raises
        OutcomeUnknown.
        """
        waiting, tries = deque(accounts), 0
        told: dict[str, ProviderError] = {}  # by key
        while True:
            account = waiting[0]
            await self._pin(account, model)
            outcome = await self._try(account, model, create)
            if isinstance(outcome, Snapshot):
                pin = _pin(account, outcome.model or model)
                given = {name: value for name, value in details.items() if value is not None}
                values = {**pin, **given, **values_of(outcome), "attempts": self._attempts}
                return await self._accept(provider.adapter, account, outcome, values)
            if isinstance(outcome, CallerError):
                return None
            if isinstance(outcome, ContentRefused):
                return await self._close_as_filtered(_pin(account, model), outcome)
            if isinstance(outcome, OutcomeUnknown):
                await self._write_unknown(_pin(account, model))
                raise self._told(outcome)
            told[account.key] = outcome
            if may_use_next_key(outcome) and len(waiting) > 1:
                waiting.popleft()
                if waiting[0].key not in told:
                    continue
                outcome = told[waiting[0].key]
            else:
                waiting.rotate(-1)
            tries += 1
            wait = wait_before_retry(outcome, tries, provider.network, fresh_key=waiting[0].key not in told)
            if wait is None:  # what the last key met is why the target failed: others may have been dead before it
                self._first_error = self._first_error or outcome
                return None if may_fall_back(outcome) else await self.give_up()
            try:
                await asyncio.sleep(wait)
            except asyncio.CancelledError:  # the server stops, and nothing has been made so far
                self._first_error = self._first_error or outcome
                return await self.give_up()

    async def _pin(self, account: Account, model: str) -> None:
        """Write down with whom the job is about to be placed, and what came before. Raises Conflict if it was deleted."""
        pin = _pin(account, model)
        if not self._attempts[self._noted :] and all(getattr(self._job, name) == value for name, value in pin.items()):
            return  # as it was recorded
        noted = await self._ledger.note(self._job.id, attempts=self._attempts, **pin)
        if noted is not None and noted.deleted_at is not None:
            raise _deleted()
        self._noted = len(self._attempts)

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
        await self._ledger.move(
            self._job.id, states.FAILED, attempts=self._attempts, error=failed, completed_at=datetime.now(UTC)
        )
        raise self._told(error)

    async def _accept(self, adapter: Adapter, account: Account, snapshot: Snapshot, values: dict[str, Any]) -> Job:
        """Write down that a provider has taken the job: the one write that must not be lost, so it is tried until it is done."""
        tried = 0
        while True:
            tried += 1
            try:
                job = await self._ledger.move(self._job.id, state_of(snapshot), **values)
                return job if job is not None else await self._withdraw(adapter, account, snapshot, values)
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
                await asyncio.sleep(min(2 ** (tried - 1) / 4, WRITE_PAUSE))

    async def _withdraw(self, adapter: Adapter, account: Account, snapshot: Snapshot, values: Mapping[str, Any]) -> Job:
        """The job was deleted while it was being placed: have the provider forget it too."""
        written = await self._ledger.get(self._job.id)
        if written is not None and written.deleted_at is None:
            return written  # it was not: an earlier try to write it down had succeeded, and the job has ended since
        await self._ledger.note(self._job.id, **values)
        try:
            await adapter.delete(account, snapshot.native_id)
        except ReelgateError as error:
            log.warning("a deleted job runs on at the provider", job=self._job.id, error=error.message)
        raise _deleted()

    async def _write_unknown(self, pin: Mapping[str, Any]) -> None:
        """Write down that the outcome is not known. If even that fails the sweep will, and the caller is told all the same."""
        try:
            due = asked_from(self._registry, pin["provider"], pin["key"])
            await self._ledger.move(self._job.id, states.UNKNOWN, attempts=self._attempts, reconcile_at=due, **pin)
        except (SQLAlchemyError, OSError) as error:
            log.error("an unknown outcome cannot be written down", job=self._job.id, error=str(error))

    async def _close_as_filtered(self, pin: Mapping[str, Any], error: ContentRefused) -> Job:
        job = await self._ledger.move(
            self._job.id,
            states.FAILED,
            attempts=self._attempts,
            error={"code": error.code, "message": error.message},
            content_filter={"filtered_count": 1, "reasons": [error.message]},
            completed_at=datetime.now(UTC),
            **pin,
        )
        if job is None:
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


def _pin(account: Account, model: str) -> dict[str, Any]:
    """What every later call about the job will use."""
    deployment = account.deployment(model)
    return {
        "provider": account.provider,
        "model": model,
        "deployment": deployment if deployment != model else None,
        "key": account.key,
        "base_url": account.base_url,
    }


async def _begun(targets: Sequence[Target | Unfit], picture: Picture) -> list[Target | Unfit]:
    """The targets, of which the first that can serve the request has its image. Raises the first one's error if none can."""
    begun: list[Target | Unfit] = []
    for place, target in enumerate(targets):
        if isinstance(target, Unfit):
            begun.append(target)
            continue
        try:
            await picture.for_target(target)
        except InvalidRequest as error:
            begun.append(Unfit(target.provider.name, target.model, error))
        else:
            return [*begun, *targets[place:]]
    raise next(target.error for target in begun if isinstance(target, Unfit))


def _recordable(request: VideoGenerationRequest, image: Image | None) -> dict[str, Any]:
    """The request for the ledger: what the image was, instead of its bytes; and extra fields without their bulk."""
    described = {} if image is None else {"input_reference": image.described}
    return request.model_dump(mode="json", exclude=set(extras(request))) | legible(extras(request)) | described


def _whole(request: VideoGenerationRequest, image: Image | None) -> dict[str, Any]:
    """The request as JSON, with its image."""
    return request.model_dump(mode="json") | ({} if image is None else {"input_reference": image.data_url})


def _with_image(whole: Mapping[str, Any]) -> tuple[VideoGenerationRequest, Image | None]:
    """The request and the image that `_whole` put together."""
    reference = whole.get("input_reference", "")
    if not reference.startswith("data:"):
        return VideoGenerationRequest.model_validate(whole), None
    image = from_data_url(reference)
    return VideoGenerationRequest.model_validate({**whole, "input_reference": image.stand_in}), image
