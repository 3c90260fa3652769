"""The operations of the tag Videos, in the document's order."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import structlog
from pydantic import MISSING
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from generated import models
from generated.routes import Answer

from ..access.callers import Caller
from ..access.polls import Polls
from ..configuration import RequestType
from ..context import Exchange, base_url, exchanges, forwarded_headers, trace
from ..dispatch.dispatcher import Dispatcher
from ..dispatch.keys import Wishes
from ..errors import Conflict, NotFound, ProviderError, ReelgateError, UnsupportedOperation
from ..jobs import settling, states
from ..jobs.files import Variant
from ..jobs.ledger import Filter, Job, KeyTaken, Ledger, Once
from ..jobs.outputs import Outputs
from ..jobs.webhooks import Endpoints
from ..media.images import Image
from ..media.ranges import Conditions
from ..media.uploads import current
from ..providers.adapter import REQUEST_TYPES
from ..providers.registry import Registry
from . import content, events, waiting
from .idempotency import REPLAYED, after, once, remembered, repeated

log = structlog.get_logger()

NOTHING: Mapping[str, Any] = {}


class Videos:
    def __init__(
        self,
        ledger: Ledger,
        dispatcher: Dispatcher,
        registry: Registry,
        outputs: Outputs,
        endpoints: Endpoints,
        polls: Polls,
    ) -> None:
        self._ledger = ledger
        self._dispatcher = dispatcher
        self._registry = registry
        self._outputs = outputs
        self._endpoints = endpoints
        self._polls = polls

    async def video_generation(
        self,
        caller: Caller,
        body: models.VideoGenerationRequest,
        dry_run: bool = False,
        x_bf_api_key: str | None = None,
        x_bf_api_key_id: str | None = None,
        x_bf_session_id: str | None = None,
        x_bf_send_back_raw_request: str | None = None,
        x_bf_send_back_raw_response: str | None = None,
        idempotency_key: str | None = None,
        prefer: str | None = None,
    ) -> Answer[models.VideoGenerationResponse]:
        wishes = Wishes(
            key_name=x_bf_api_key,
            key_id=x_bf_api_key_id,
            session_id=x_bf_session_id,
            headers=forwarded_headers.get(),
            raw_request=x_bf_send_back_raw_request == "true",
            raw_response=x_bf_send_back_raw_response == "true",
        )
        trace.get().model, trace.get().prompt = body.model, body.prompt
        upload = current.get()
        seen: list[Exchange] = []
        exchanges.set(seen)
        if dry_run:
            return await self._rehearsed(caller, body, upload.take(), wishes)
        asked = once(idempotency_key, body, "generation")

        async def place() -> Job:
            await self._expect(caller, body)
            return await self._dispatcher.generate(caller, body, upload.take(), wishes, asked)

        created = self._created(caller.name, place, asked, "video_generation", lambda job: self._raw(job, wishes, seen))
        answer = await created
        upload.release()  # whoever waits for the job needs no room for its image
        return await self._waited(answer, prefer)

    async def _rehearsed(
        self, caller: Caller, body: models.VideoGenerationRequest, image: Image | None, wishes: Wishes
    ) -> Answer[models.VideoGenerationResponse]:
        """The answer to a create that is not to be made."""
        if body.webhook_url is not MISSING:
            self._endpoints.check(body.webhook_url, "webhook_url")
        job, terms = await self._dispatcher.rehearse(caller, body, image, wishes)
        how = {"estimate": terms.quote.how} if terms.quote is not None else {}
        sandbox = {"sandbox": True} if self._registry.sandbox else {}
        return Answer(video(job, "video_generation", {"dry_run": True, **how, **sandbox}))

    async def video_list(
        self,
        caller: Caller,
        provider: str | None = None,
        model: str | None = None,
        status: Literal["queued", "in_progress", "completed", "failed"] | None = None,
        created_after: int | None = None,
        created_before: int | None = None,
        metadata: list[str] | None = None,
        owner: str | None = None,
        after: str | None = None,
        limit: int = 20,
        order: Literal["asc", "desc"] = "desc",
    ) -> Answer[models.VideoListResponse]:
        await self._polls.count(caller)
        if provider in self._registry.providers:
            self._registry.provider(provider).allow("video_list")
        wanted = chosen(provider, model, status, created_after, created_before, metadata)
        last = await self._cursor(caller, after) if after is not None else None
        jobs: list[Job] = []
        has_more = False
        if wanted is not None and (caller.admin or owner in (None, caller.name)):
            jobs, has_more = await self._ledger.page(owner or caller.sees, wanted, after=last, limit=limit, order=order)
        ends: dict[str, Any] = {"first_id": jobs[0].id, "last_id": jobs[-1].id} if jobs else {}
        listed = [models.VideoObject(**_common(job)) for job in jobs]
        return Answer(models.VideoListResponse(object="list", data=listed, has_more=has_more, **ends))

    async def video_retrieve(
        self, caller: Caller, video_id: str, prefer: str | None = None
    ) -> Answer[models.VideoGenerationResponse]:
        job = await self._polled(caller, video_id)
        return await self._waited(self._answer(job, "video_retrieve"), prefer)

    async def video_delete(self, caller: Caller, video_id: str) -> Answer[models.VideoDeleteResponse]:
        job = await self._job(caller, video_id)
        outcome = await self._forgotten(job)
        made = outcome == models.ProviderOutcome.runs_on or job.state == states.STORING  # and will be paid
        if not await self._ledger.delete(job.id, settling.finished if made else None):
            raise _not_found(video_id)
        facts = _facts(job, "video_delete", {"provider_outcome": outcome})
        return Answer(models.VideoDeleteResponse(id=job.id, object="video.deleted", deleted=True, extra_fields=facts))

    async def video_events(self, caller: Caller, video_id: str, last_event_id: str | None = None) -> Response:
        job = await self._polled(caller, video_id)
        return events.respond(self._ledger, job, lambda seen: self._answer(seen, "video_retrieve").body, last_event_id)

    async def video_download(
        self,
        caller: Caller,
        video_id: str,
        variant: Variant = "video",
        redirect: bool = False,
        range_: str | None = None,
        if_range: str | None = None,
        if_none_match: str | None = None,
        if_modified_since: str | None = None,
        if_match: str | None = None,
        if_unmodified_since: str | None = None,
    ) -> Response:
        job = await self._allowed(caller, video_id, "video_download")
        asked = Conditions(range_, if_range, if_none_match, if_modified_since, if_match, if_unmodified_since)
        return await content.respond(self._outputs, job, variant, asked, redirect=redirect)

    async def video_content_head(
        self,
        caller: Caller,
        video_id: str,
        variant: Variant = "video",
        redirect: bool = False,
        if_none_match: str | None = None,
        if_modified_since: str | None = None,
        if_match: str | None = None,
        if_unmodified_since: str | None = None,
    ) -> Response:
        job = await self._allowed(caller, video_id, "video_download")
        asked = Conditions(None, None, if_none_match, if_modified_since, if_match, if_unmodified_since)
        return await content.respond(self._outputs, job, variant, asked, redirect=redirect, head=True)

    async def video_remix(
        self,
        caller: Caller,
        video_id: str,
        body: models.VideoRemixRequest,
        idempotency_key: str | None = None,
        prefer: str | None = None,
    ) -> Answer[models.VideoGenerationResponse]:
        trace.get().prompt = body.prompt
        asked = once(idempotency_key, body, f"remix of {video_id}")

        async def place() -> Job:
            source = await self._job(caller, video_id)
            self._registry.maker(source.provider).demand("remix")
            if source.state != states.COMPLETED:
                raise Conflict(
                    f"Only a completed video can be remixed; the status of this one is {_status(source)}.",
                    code="video_not_completed",
                )
            await self._expect(caller, body)
            return await self._dispatcher.remix(caller, source, body, asked)

        return await self._waited(await self._created(caller.name, place, asked, "video_remix"), prefer)

    async def _created(
        self,
        owner: str,
        place: Callable[[], Awaitable[Job]],
        asked: Once | None,
        request_type: str,
        raw: Callable[[Job], Mapping[str, Any]] = lambda job: NOTHING,
    ) -> Answer[models.VideoGenerationResponse]:
        """Place a job and remember the answer, or give the answer that is remembered."""
        if asked is None:
            job = await place()
            return self._answer(job, request_type, raw(job))
        try:
            # First of all, because what the first request needed may be gone by now.
            first = await self._ledger.made_with(owner, asked.key)
            if first is not None:
                raise KeyTaken(first)
            job = await place()
        except KeyTaken as taken:
            return repeated(taken.job, asked) or self._answer(taken.job, request_type)
        except ReelgateError as error:
            if "video_id" in error.facts:
                await self._remember(error.facts["video_id"], after(error))
            raise
        answer = self._answer(job, request_type, raw(job))
        await self._remember(job.id, {"answer": remembered(answer)})
        return answer

    async def _remember(self, job_id: str, changes: Mapping[str, Any]) -> None:
        """Change the row of a create. If that fails the answer is given all the same: it is true, and another would not be."""
        try:
            await self._ledger.note(job_id, **changes)
        except (SQLAlchemyError, OSError) as error:
            log.error("the answer to a create cannot be remembered", job=job_id, error=str(error))

    async def _waited(
        self, answer: Answer[models.VideoGenerationResponse], prefer: str | None
    ) -> Answer[models.VideoGenerationResponse]:
        """The answer, or the one of the moment when the job has ended, for callers who prefer to wait."""
        patience = waiting.seconds(prefer)
        if patience is None:
            return answer
        try:
            job = await self._ledger.get(answer.body.id)
            assert job is not None, "its answer has been given"
            job = await self._ledger.ended(job, patience)
            if not await waiting.still_let_in(trace.get()):
                return answer  # what came later is not for those whose key was taken from them meanwhile
        except (SQLAlchemyError, OSError):
            return answer  # it stands, and a 503 would have the caller send an accepted create again
        facts = answer.body.extra_fields.model_dump()
        raw: dict[str, Any] = {name: facts[name] for name in ("raw_request", "raw_response") if name in facts}
        ended = self._answer(job, facts["request_type"], raw)
        kept = {name: value for name, value in answer.headers.items() if name in REPLAYED}
        return Answer(ended.body, headers={**ended.headers, **kept, "Preference-Applied": f"wait={patience}"})

    async def _forgotten(self, job: Job) -> models.ProviderOutcome:
        """Have the provider stop or erase a job. Says what it did; raises what kept it from doing so."""
        outcome = models.ProviderOutcome
        provider = self._registry.maker(job.provider)
        provider.allow("video_delete")
        if job.native_id is None:
            return outcome.nothing
        # What was given up (`reconcile_at`) may end yet; what is being fetched has ended.
        runs = job.state in states.TRACKED - {states.STORING} or job.reconcile_at is not None
        account = self._registry.account(job.provider, job.key, job.base_url)
        try:
            await provider.adapter.delete(account, job.native_id)
        except UnsupportedOperation:
            return outcome.runs_on if runs else outcome.kept
        except ProviderError as error:
            raise error.about(provider=job.provider, request_type=REQUEST_TYPES["delete"], video_id=job.id) from error
        if runs:
            return outcome.cancelled if provider.adapter.cancels else outcome.runs_on
        return outcome.erased if provider.adapter.erases else outcome.kept

    async def _expect(self, caller: Caller, body: models.VideoGenerationRequest | models.VideoRemixRequest) -> None:
        """See to it that the job's own `webhook_url` can be told of its end. Raises UnsafeUrl."""
        if body.webhook_url is not MISSING:
            await self._endpoints.expect(caller.name, base_url.get(), body.webhook_url)

    async def _job(self, caller: Caller, video_id: str) -> Job:
        job = await self._ledger.find(caller.sees, video_id)
        if job is None:
            raise _not_found(video_id)
        trace.get().job = job
        return job

    async def _polled(self, caller: Caller, video_id: str) -> Job:
        await self._polls.count(caller)
        return await self._allowed(caller, video_id, "video_retrieve")

    async def _allowed(self, caller: Caller, video_id: str, request_type: RequestType) -> Job:
        """The job, if such requests are allowed of its provider. What is known of it is told also when that is gone."""
        job = await self._job(caller, video_id)
        if job.provider in self._registry.providers:
            self._registry.provider(job.provider).allow(request_type)
        return job

    async def _cursor(self, caller: Caller, after: str) -> str:
        """The id behind which a page begins. A job that was deleted meanwhile still marks its place."""
        place = await self._ledger.place(caller.sees, after)
        if place is not None:
            return place
        raise NotFound(f"There is no video {after!r} to continue after.", code="video_not_found", param="after")

    def _raw(self, job: Job, wishes: Wishes, seen: list[Exchange]) -> dict[str, Any]:
        """What was last said to and by the provider, where the configuration shows it or lets the caller ask for it."""
        provider, on_request = self._registry.providers.get(job.provider), self._registry.raw_on_request
        if not seen or provider is None:
            return {}
        shown = {
            "raw_request": (provider.shows_raw_request or (on_request and wishes.raw_request), seen[-1].request),
            "raw_response": (provider.shows_raw_response or (on_request and wishes.raw_response), seen[-1].response),
        }
        return {name: body for name, (wanted, body) in shown.items() if wanted}

    def _answer(
        self, job: Job, request_type: str, raw: Mapping[str, Any] = NOTHING
    ) -> Answer[models.VideoGenerationResponse]:
        trace.get().job = job
        headers: dict[str, str] = {}
        if not job.ended:
            provider = self._registry.providers.get(job.provider)
            pace = provider.poll_seconds if provider is not None else 5.0
            headers = {"Retry-After": str(math.ceil(pace)), "openai-poll-after-ms": str(round(pace * 1000))}
        body = video(job, request_type, {**raw, **({"sandbox": True} if self._registry.sandbox else {})})
        return Answer(body, headers=headers)


def chosen(
    provider: str | None,
    model: str | None,
    status: str | None,
    created_after: int | None,
    created_before: int | None,
    metadata: list[str] | None,
) -> Filter | None:
    """The parameters of a list -> the jobs it shows; None when there can be none, as for a model of another provider."""
    maker, _, name = model.partition("/") if model is not None else (provider, "", None)
    if provider not in (None, maker):
        return None
    pairs = [(word, value) for word, _, value in (pair.partition(":") for pair in metadata or ())]
    if len(dict(pairs)) < len(set(pairs)):  # one name with two values
        return None
    return Filter(maker, name, status, created_after, created_before, tuple(dict(pairs).items()))


def video(job: Job, request_type: str, also: Mapping[str, Any] = NOTHING) -> models.VideoGenerationResponse:
    """A row of the ledger -> the contract's job. `also` goes into `extra_fields`."""
    fields = _common(job)
    if job.state == states.COMPLETED:
        url = f"{base_url.get()}/v1/videos/{job.id}/content"
        fields["videos"] = [
            models.VideoOutput(type=models.VideoOutputType.url, url=url, **output) for output in job.outputs
        ]
    if job.content_filter is not None:
        fields["content_filter"] = models.ContentFilter(**job.content_filter)
    usage = {
        name: float(amount)
        for name, amount in (("cost", job.cost_usd if job.ended else None), ("estimated_cost", job.estimate_usd))
        if amount is not None
    }
    if usage:
        fields["usage"] = models.VideoUsage(**usage, currency="USD")
    return models.VideoGenerationResponse(extra_fields=_facts(job, request_type, also), **fields)


def _facts(job: Job, request_type: str, also: Mapping[str, Any]) -> models.BifrostResponseExtraFields:
    """Where and how a job was served."""
    asked_now = "retrieve" not in request_type
    facts: dict[str, Any] = {
        "request_type": request_type,
        "provider": job.provider,
        "model_requested": job.model,
        "latency": sum(attempt.get("latency", 0) for attempt in job.attempts) if asked_now else 0,
    }
    if job.native_id is not None:
        facts["provider_job_id"] = job.native_id
    if job.provider_status is not None:
        facts["provider_status"] = job.provider_status
    if asked_now or len(job.attempts) > 1:
        facts["attempts"] = [models.Attempt(**attempt) for attempt in job.attempts]
    if job.deployment is not None:
        facts["model_deployment"] = job.deployment
    return models.BifrostResponseExtraFields(**facts, **also)


def _common(job: Job) -> dict[str, Any]:
    """What a job shows alone and in a list. What is not known is left out."""
    known: dict[str, Any] = {
        "progress": job.progress,
        "prompt": job.request.get("prompt"),
        "remixed_from_video_id": job.source_id,
        "seconds": job.seconds,
        "size": job.size,
        "completed_at": int(job.completed_at.timestamp()) if job.completed_at is not None else None,
        "expires_at": int(job.expires_at.timestamp()) if job.expires_at is not None else None,
        "error": models.VideoError(**job.reason) if job.reason is not None else None,
    }
    if job.metadata:
        known["metadata"] = dict(job.metadata)
    return {
        "id": job.id,
        "object": "video",
        "model": f"{job.provider}/{job.model}",
        "status": job.status,
        "created_at": int(job.created_at.timestamp()),
        **{name: value for name, value in known.items() if value is not None},
    }


def _status(job: Job) -> str:
    return job.status.value


def _not_found(video_id: str) -> NotFound:
    return NotFound(f"There is no video {video_id!r}.", code="video_not_found", param="video_id")
