"""Placing a job: recorded first, then offered to one target after another until one takes it.

What may follow a failed try stands in policy.py. Whatever happens, the ledger ends up knowing: the job is accepted, failed,
or unknown, with every attempt written down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Literal

import structlog
from pydantic import MISSING
from ulid import ULID

from generated.models import Failover, VideoGenerationRequest, VideoRemixRequest

from ..access.callers import Caller
from ..access.directory import VIRTUAL_KEY_ID, Directory
from ..context import seen
from ..errors import (
    CallerError,
    Forbidden,
    GatewayError,
    InvalidRequest,
    PaymentRequired,
    ProviderFailed,
    ReelgateError,
)
from ..jobs import settling, states
from ..jobs.holds import Exhausted, Standing
from ..jobs.ledger import Job, Ledger, Once, Plan
from ..jobs.settling import amounts
from ..jobs.tracking import values_of
from ..media.fetching import Fetching
from ..media.images import Image, from_data_url
from ..media.uploads import more
from ..providers.adapter import Account, Snapshot, extras, legible
from ..providers.catalog import ANYTHING
from ..providers.pricing import Bills, lasting, sized
from ..providers.quotes import Made
from ..providers.registry import Registry
from .capabilities import with_defaults
from .keys import Wishes
from .pictures import Picture
from .placing import Bid, Placing, refusal
from .targets import Target, Unfit, pin_of, resolve, usable
from .terms import NOTHING, Pricing, Terms

log = structlog.get_logger()

NARROW = frozenset({"provider_config", "provider_key", "provider"})
"""Scopes of meters that others of a request's targets or keys need not touch."""

ALIKE = frozenset({"requests", "concurrent"})
"""Metrics of which every target takes as much."""

NOWHERE: Mapping[str, Any] = dict.fromkeys(
    ("native_id", "progress", "provider_status", "expires_at", "cost_usd", "tokens", "seconds", "size")
)
"""What is known of a job only where it is, as it is known of one that is nowhere."""

PLACED = (*NOWHERE, "provider", "model", "key", "base_url", "deployment", "estimate_usd", "price")
"""What changes of a job that is placed again."""

REHEARSED = "dry_run"
"""The id of a job that is not made."""

NO_HEADERS: Mapping[str, str] = {}

PLACED_AGAIN = 8  # jobs at a time, each of which may have a large image
SETTLING = 1.0  # seconds that a provider still gets to answer when the server stops
PLANNED = 6  # times its length: the memory that an image takes while it is written down with a request
WRITING = 10.0  # seconds to write down what is known by then


class Dispatcher:
    def __init__(
        self,
        ledger: Ledger,
        registry: Registry,
        fetching: Fetching,
        *,
        deadline: timedelta,
        directory: Directory,
        pricing: Pricing,
        public_url: str | None = None,
    ) -> None:
        """`public_url` is where providers reach the gateway; without it they are not told to call when a job is done."""
        self._ledger = ledger
        self._registry = registry
        self._fetching = fetching
        self._directory = directory
        self._pricing = pricing
        self._deadline = deadline
        self._public_url = public_url
        self._placing_again = asyncio.Semaphore(PLACED_AGAIN)
        self._offers: set[asyncio.Task[Job | None]] = set()

    async def generate(
        self,
        caller: Caller,
        request: VideoGenerationRequest,
        image: Image | None,
        wishes: Wishes,
        once: Once | None = None,
    ) -> Job:
        """Place a new job. Returns it as accepted, or as failed by a content filter; raises what else became of it.

        `image` is what `request.input_reference` stands for, unless that is a URL. Raises KeyTaken, with nothing sent, when
        the caller has asked for it `once` already; PaymentRequired or TooManyRequests, with nothing sent or recorded.
        """
        picture = Picture(request, image, self._fetching)
        targets = await _begun(await self._targets(caller, request, wishes), picture)
        plan = None
        if request.failover == Failover.job and len(targets) > 1:
            hold = more()
            hold(PLANNED * (len(image.content) if image is not None else 0))
            plan = Plan(await asyncio.to_thread(_whole, request, image), asdict(replace(wishes, headers={})))
        new = self._new(caller.name, "generation", _first(targets).pin, _recordable(request, image), once)
        job, targets = await self._with_room(new, targets, partial(self._ledger.record, plan=plan))
        if plan is not None:
            del plan
            hold(0)
        return await self._place(Placing(self._ledger, self._registry, job), targets, request, picture, wishes)

    async def rehearse(
        self, caller: Caller, request: VideoGenerationRequest, image: Image | None, wishes: Wishes
    ) -> tuple[Job, Terms]:
        """The job as `generate` would record it, and on which terms. Nothing is recorded or sent. Raises what that raises."""
        picture = Picture(request, image, self._fetching)
        targets = await _begun(await self._targets(caller, request, wishes), picture)
        new = self._new(caller.name, "generation", _first(targets).pin, _recordable(request, image), None)

        async def look(job: Job) -> list[Standing]:
            return await self._ledger.standing(amounts(job.holds))

        job, left = await self._with_room(new, targets, look)
        target = _first(left)
        details = {name: value for name, value in _details(request, target).items() if value is not None}
        return replace(job, id=REHEARSED, **details), target.terms[target.keys[0].settings.name]

    async def _targets(self, caller: Caller, request: VideoGenerationRequest, wishes: Wishes) -> list[Target | Unfit]:
        """The targets with their terms. Raises the first one's error if none may be asked."""
        resolved = resolve(request, self._registry, caller, wishes)
        return usable([await self._priced(caller, target, request) for target in resolved])

    async def _priced(
        self, caller: Caller, target: Target | Unfit, request: VideoGenerationRequest, spent: Decimal = NOTHING
    ) -> Target | Unfit:
        """The target with the terms of each key; without the keys that are too dear."""
        if isinstance(target, Unfit):
            return target
        terms: dict[str, Terms] = {}
        refusal: PaymentRequired | InvalidRequest | None = None
        for key in target.keys:
            try:
                terms[key.settings.name] = await self._pricing.terms(
                    caller, target.provider, key, target.model, target.can, request, spent=spent
                )
            except (PaymentRequired, InvalidRequest) as error:
                refusal = refusal or error
        if refusal is not None and not terms:
            return Unfit(target.provider.name, target.model, refusal)
        return replace(target, keys=[key for key in target.keys if key.settings.name in terms], terms=terms)

    async def _with_room(
        self, job: Job, targets: Sequence[Target | Unfit], take: Callable[[Job], Awaitable[list[Standing]]]
    ) -> tuple[Job, list[Target | Unfit]]:
        """The job with the first key of the first target whose limits let it be taken; with the targets that are left then.

        Raises PaymentRequired or TooManyRequests where none does, at once where no other target could.
        """
        left: list[Target | Unfit] = []
        for place, target in enumerate(targets):
            if isinstance(target, Unfit):
                left.append(target)
                continue
            shut: CallerError | None = None
            for number, key in enumerate(target.keys):
                wanted = replace(job, **pin_of(key.account, target.model), **target.terms[key.settings.name].columns)
                try:
                    seen(await take(wanted))
                except Exhausted as exhausted:
                    shut = shut or refusal(exhausted)
                    if exhausted.standing.scope not in NARROW and exhausted.standing.metric in ALIKE:
                        raise shut from None
                    continue
                return wanted, [*left, replace(target, keys=target.keys[number:]), *targets[place + 1 :]]
            assert shut is not None, "a target has a key"
            left.append(Unfit(target.provider.name, target.model, shut))
        usable(left)
        raise AssertionError("one of them had room, or all are unfit")

    async def again(self, job: Job, failed: Snapshot) -> bool:
        """Place a job that has failed after it was accepted with the next of its targets, if its request says so.

        False: it is not to be placed again. Never after a refusal of the content or a cancellation. The headers that the
        caller had sent along (`x-bf-eh-`) are not kept, so they are not sent again.
        """
        if (
            job.request.get("failover") != Failover.job
            or failed.filtered is not None
            or failed.error_code == states.CANCELLED
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
        over = replace(job, **{**values_of(failed), "state": states.FAILED})
        cost = settling.own(over, self._bills(job))
        stay = settling.account(over, self._bills(job))
        try:
            caller = await self._owner(job)
            resolved = resolve(request, self._registry, caller, wishes)
        except CallerError:  # what could serve it is not configured any more, or its owner may not do so any more
            return False
        ahead = [target for target in resolved if isinstance(target, Target) and target.names not in asked]
        priced = [await self._priced(caller, target, request, stay.known) for target in ahead]
        left = [target for target in priced if isinstance(target, Target)]
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
        if cost != NOTHING:  # also what nobody knows, so that the sum is not taken for all of it
            failure["cost_usd"] = None if cost is None else float(cost)
        moved: Job | None = None

        async def take(wanted: Job) -> list[Standing]:
            nonlocal moved
            follows = {name: getattr(wanted, name) for name in PLACED}
            trail = [*job.attempts, failure]
            moved, taken = await self._ledger.move_on(job.id, stay, wanted.holds or {}, attempts=trail, **follows)
            return taken

        try:
            _, targets = await self._with_room(replace(job, **NOWHERE), left, take)
        except CallerError:  # nothing of what could serve it has room
            return False
        if moved is None:  # it was deleted meanwhile
            return True
        log.info("a job failed and is placed again", job=job.id, provider=job.provider, next=_first(targets).id)
        error = ProviderFailed(reason["message"], code=reason["code"])
        placing = Placing(self._ledger, self._registry, moved, first_error=error)
        with suppress(ReelgateError):  # what became of it is written down
            picture = Picture(request, image, self._fetching)
            await self._place(placing, targets, request, picture, wishes)
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
            full, details = with_defaults(request, target.can), _details(request, target)
            create = partial(target.provider.adapter.generate, model=target.model, request=full, image=image)
            bids = [
                Bid(self._as_maker(key.account, placing.job_id, wishes.headers), target.terms[key.settings.name])
                for key in target.keys
            ]
            placed = await self._through(placing, placing.offer(target.provider, bids, target.model, details, create))
            if placed is not None:
                return placed
        return await placing.give_up()

    async def remix(self, caller: Caller, source: Job, request: VideoRemixRequest, once: Once | None = None) -> Job:
        """Place a job that changes a finished one, with the key that made that one. Raises as `generate` does.

        Whoever asks for it sees to it that the source is completed and its provider can remix.
        """
        provider = self._registry.maker(source.provider)
        model = provider.adapter.editor or source.model
        if caller.grant is not None:
            caller.grant.demand(source.provider, model, provider.adapter.names)
        account = self._registry.account(source.provider, source.key, source.base_url)
        key = next(key for key in provider.keys if key.settings.name == source.key)
        if caller.grant is not None:
            caller.grant.demand_key(source.provider, key.settings.id, key.settings.name)
        can = provider.models.get(model, ANYTHING)
        made = Made(lasting(source.seconds), sized(source.size))
        terms = await self._pricing.terms(caller, provider, key, model, can, request, source=made)
        assert source.native_id is not None, "a completed job has a native id"
        body: dict[str, Any] = request.model_dump(mode="json")
        job = self._new(caller.name, "remix", pin_of(account, source.model), body, once, source_id=source.id)
        job = replace(job, **terms.columns)
        try:
            seen(await self._ledger.record(job))
        except Exhausted as exhausted:
            raise refusal(exhausted) from None
        account = self._as_maker(account, job.id)
        placing = Placing(self._ledger, self._registry, job)
        details = {"seconds": source.seconds if made.seconds is not None else None, "size": made.size}
        create = partial(provider.adapter.remix, native_id=source.native_id, request=request)
        placed = await self._through(
            placing, placing.offer(provider, [Bid(account, terms)], source.model, details, create)
        )
        return placed if placed is not None else await placing.give_up()

    async def _owner(self, job: Job) -> Caller:
        """Who made the job, with the rights of now. Raises Forbidden if there are none left."""
        if not job.owner.startswith(VIRTUAL_KEY_ID):
            return Caller(job.owner)
        grant = await self._directory.by_reference(job.owner)
        if grant is None:
            raise Forbidden("The virtual key has been revoked.")
        grant.demand_valid()
        return Caller(job.owner, grant=grant)

    def _bills(self, job: Job) -> Bills:
        return self._registry.bills(job.provider)

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


def _first(targets: Sequence[Target | Unfit]) -> Target:
    return next(target for target in targets if isinstance(target, Target))


def _details(request: VideoGenerationRequest, target: Target) -> dict[str, Any]:
    """What is asked of the target, where it is asked for or stands in the catalogue."""
    full = with_defaults(request, target.can)
    return {
        "seconds": None if full.seconds is MISSING else str(full.seconds.root),
        "size": None if full.size is MISSING else full.size,
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
