# Generated from openapi.yaml by `make generate`. Do not edit.
"""Where connexion meets the handlers of reelgate.

One `Protocol` per tag says what the handlers offer; a module with these functions fits as well as an object. `bind` turns
handlers into what connexion calls. Handlers get the caller, path parameters, the body as its model, then query and header
parameters; a name that would hide a keyword or builtin of Python ends in `_`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeAlias, TypeVar

from connexion.context import request
from pydantic import BaseModel
from starlette.responses import Response

from . import models as schemas

Caller = TypeVar("Caller", contravariant=True)
Body = TypeVar("Body", bound=BaseModel, covariant=True)
Payload: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Answer(Generic[Body]):
    """What a handler answers: a body, and the status and headers where they are not the usual ones."""

    body: Body
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """What the document says of one operation."""

    method: str
    path: str
    tag: str
    bodies: Mapping[str, str]  # media type -> name of the schema in `components.schemas`
    secured: bool  # whether there is a caller
    roles: tuple[str, ...]  # that the caller must have


class Videos(Protocol[Caller]):
    """Video generation jobs and their files"""

    async def video_generation(
        self,
        caller: Caller,
        body: schemas.VideoGenerationRequest,
        dry_run: bool = False,
        x_bf_api_key: str | None = None,
        x_bf_api_key_id: str | None = None,
        x_bf_session_id: str | None = None,
        x_bf_send_back_raw_request: str | None = None,
        x_bf_send_back_raw_response: str | None = None,
        idempotency_key: str | None = None,
        prefer: str | None = None,
    ) -> Answer[schemas.VideoGenerationResponse]:
        """Generate a video

        Starts a video generation job and answers at once. The job is recorded before the provider is called and survives
        any restart. Fields this document does not name are passed to the provider as they are.

        The body is JSON, or `multipart/form-data` as the OpenAI SDKs send it: every field as text, `input_reference` as a
        file part (or as text).

        A last frame, reference images and the like are extra fields, under the provider's own names and in the form in which
        it takes them: `frame_images` for OpenRouter, say, or `lastFrame` for Veo.

        Every header `x-bf-eh-NAME` is sent to the provider as `NAME`, except headers that carry credentials or
        frame the message (`authorization`, `cookie`, `x-api-key`, `host`, `content-type`, `range` and the like) and those that
        the provider's own protocol uses.

        `x-bf-dim-NAME` headers, 16 at most, are kept with the request in the logs; `x-bf-disable-content-logging: true` keeps
        its prompt out of them.
        """
        ...

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
    ) -> Answer[schemas.VideoListResponse]:
        """List video generation jobs

        Lists the caller's jobs over all providers, newest first unless `order` says otherwise. Read the next page with
        `after` set to the `last_id` of this one while `has_more` is true. Pages stay exact while jobs are created and deleted:
        none is shown twice, none is left out. Filters can be combined; a job must fit all of them.
        """
        ...

    async def video_retrieve(
        self, caller: Caller, video_id: str, prefer: str | None = None
    ) -> Answer[schemas.VideoGenerationResponse]:
        """Retrieve a video generation job

        The job as the gateway knows it. This never calls the provider, so poll as often as `Retry-After` allows: asking
        more often brings no newer answer. With `Prefer: wait=N` one request is enough.
        """
        ...

    async def video_delete(self, caller: Caller, video_id: str) -> Answer[schemas.VideoDeleteResponse]:
        """Delete a video generation job

        Deletes the job and its files, here and at the provider where the provider can. A job that still runs is cancelled
        where the provider can. `extra_fields.provider_outcome` says what became of it there. This cannot be undone; the id
        answers 404 from then on, also when it is deleted again. The record for the accounts stays.

        Where the provider refuses or cannot be reached, nothing is deleted here either and the request can be sent again.
        """
        ...

    async def video_events(self, caller: Caller, video_id: str, last_event_id: str | None = None) -> Response:
        """Follow a job by server-sent events

        A stream of `text/event-stream`: the job as it is, then as it is after every change, until it has ended. `event` is
        `video.queued`, `video.in_progress`, `video.completed`, `video.failed` or `video.deleted`; `data` is the job, as the
        retrieve operation answers it (a `VideoDeleteResponse` when it was deleted); `id` stands for what was told. After the
        end the stream is closed.

        A stream that broke is taken up with the last `id` in `Last-Event-ID`, as every `EventSource` does: what was told
        is not told again, and what happened meanwhile is told as the one event that it led to. When nothing is left to
        tell the answer is 204, on which an `EventSource` stops.
        """
        ...

    async def video_content_head(
        self,
        caller: Caller,
        video_id: str,
        variant: Literal["video", "thumbnail", "spritesheet"] = "video",
        redirect: bool = False,
        if_none_match: str | None = None,
        if_modified_since: str | None = None,
        if_match: str | None = None,
        if_unmodified_since: str | None = None,
    ) -> Response:
        """Look at video content

        The headers of the download without its bytes: how large the file is, its media type and its `ETag`. A `Range` is
        ignored, as RFC 9110 demands.
        """
        ...

    async def video_download(
        self,
        caller: Caller,
        video_id: str,
        variant: Literal["video", "thumbnail", "spritesheet"] = "video",
        redirect: bool = False,
        range_: str | None = None,
        if_range: str | None = None,
        if_none_match: str | None = None,
        if_modified_since: str | None = None,
        if_match: str | None = None,
        if_unmodified_since: str | None = None,
    ) -> Response:
        """Download video content

        Streams the finished video, or a still made from it. The job must be `completed`; before that, and when it failed, the
        answer is a 404 whose message names the job's status. The file of an id never changes: its `ETag` is that of its bytes.

        One range of bytes can be asked for. A `Range` header with several ranges, or one that is malformed, is answered with
        the whole file, as RFC 9110 allows. Preconditions are judged as RFC 9110 says.

        A file that was deleted, or that its provider has dropped and the gateway has not kept, is a 404 `content_expired`.
        """
        ...

    async def video_remix(
        self,
        caller: Caller,
        video_id: str,
        body: schemas.VideoRemixRequest,
        idempotency_key: str | None = None,
        prefer: str | None = None,
    ) -> Answer[schemas.VideoGenerationResponse]:
        """Remix a video

        Starts a new job that changes a finished video by a new prompt. The source must be `completed`; the new job runs at
        the provider, and with the key, that made the source.
        """
        ...


class Models(Protocol[Caller]):
    """The video models that can be used now"""

    async def model_list(self, caller: Caller) -> Answer[schemas.ModelListResponse]:
        """List the video models that can be used now

        The models that the catalogue knows of every configured provider, with what each can do. Providers that anyone can
        bring models to (vLLM, SGLang, OpenRouter, Replicate, custom ones) also take models that are not listed.
        """
        ...


class Webhooks(Protocol[Caller]):
    """Endpoints that are told when a job has ended, and what was sent to them"""

    async def webhook_list(self, caller: Caller) -> Answer[schemas.WebhookListResponse]:
        """List webhook endpoints

        The caller's endpoints, oldest first.
        """
        ...

    async def webhook_create(
        self, caller: Caller, body: schemas.WebhookCreateRequest
    ) -> Answer[schemas.WebhookSecretResponse]:
        """Register a webhook endpoint

        From then on the endpoint is told of every job of the caller's that ends. The answer holds its signing secret, which is
        shown only here and by `rotate-secret`. A caller has at most 50 endpoints with a `url`.

        An endpoint without a `url`, of which there is at most one, stands for all jobs that name their own `webhook_url`: its
        secret signs what is sent there. The first such job makes it, if nobody has.
        """
        ...

    async def webhook_retrieve(self, caller: Caller, webhook_id: str) -> Answer[schemas.Webhook]:
        """Retrieve a webhook endpoint"""
        ...

    async def webhook_update(
        self, caller: Caller, webhook_id: str, body: schemas.WebhookUpdateRequest
    ) -> Answer[schemas.WebhookResponse]:
        """Change a webhook endpoint

        What is left out stays as it is. Disabling an endpoint cancels what waits to be delivered to it; what was cancelled can
        be delivered again one by one, once it is enabled. An endpoint without a `url` cannot be given one.
        """
        ...

    async def webhook_delete(self, caller: Caller, webhook_id: str) -> Answer[schemas.WebhookDeleteResponse]:
        """Delete a webhook endpoint

        Deletes the endpoint, with what waits to be delivered to it and the log of what was.
        """
        ...

    async def webhook_rotate_secret(
        self, caller: Caller, webhook_id: str, body: schemas.WebhookRotateSecretRequest | None = None
    ) -> Answer[schemas.WebhookSecretResponse]:
        """Give a webhook endpoint a new secret

        Until the grace is over every delivery is signed with the old secret as well as with the new one, so that receivers can
        be changed in peace. Rotating again ends the grace of all secrets but the last.
        """
        ...

    async def webhook_test(self, caller: Caller, webhook_id: str) -> Answer[schemas.WebhookDeliveryResponse]:
        """Send a test event to a webhook endpoint

        Sends a `webhook.test` event, once and at once, and answers with what came of it, after 20 seconds at most. It works
        for disabled endpoints too, but not for one without a `url`.
        """
        ...

    async def webhook_delivery_list(
        self,
        caller: Caller,
        webhook_id: str,
        status: Literal["pending", "delivered", "failed", "cancelled"] | None = None,
        after: str | None = None,
        limit: int = 20,
    ) -> Answer[schemas.WebhookDeliveryListResponse]:
        """List what was sent to a webhook endpoint

        Every event for this endpoint with all its attempts, newest first; they are kept for 30 days unless the gateway is set
        up otherwise. Read the next page with `after` set to the `last_id` of this one while `has_more` is true.
        """
        ...

    async def webhook_redeliver(
        self, caller: Caller, delivery_id: str
    ) -> Answer[schemas.WebhookDeliveryResponse]:
        """Deliver an event again

        Sends the same message once more, at once and with the retries of a new one. Its `webhook-id` stays the same, so that a
        receiver who has seen it knows. The endpoint must be enabled.
        """
        ...


class VirtualKeys(Protocol[Caller]):
    """The credentials that the gateway gives out, and what may be done with each. For admins, but for `quota`"""

    async def virtual_key_list(
        self,
        caller: Caller,
        search: str | None = None,
        team_id: str | None = None,
        customer_id: str | None = None,
        is_active: bool | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Answer[schemas.VirtualKeyListResponse]:
        """List virtual keys

        Oldest first. Their values are not shown again.
        """
        ...

    async def virtual_key_create(
        self, caller: Caller, body: schemas.VirtualKeyCreateRequest
    ) -> Answer[schemas.VirtualKeyValueResponse]:
        """Make a virtual key

        The answer holds its value, which is shown only here and by `rotate`. Without `provider_configs` the key may use no
        provider, unless `allow_all_providers` is set.
        """
        ...

    async def virtual_key_quota(self, caller: Caller) -> Answer[schemas.VirtualKeyQuotaResponse]:
        """Look at one's own quota

        The virtual key that the request carries is the one that is looked at. All budgets and limits that its jobs touch are
        shown: its own, those of its providers, of its team and of its customer. For others there is `GET
        /api/governance/virtual-keys/{vk_id}`.
        """
        ...

    async def virtual_key_rotate_many(
        self, caller: Caller, body: schemas.VirtualKeyRotateManyRequest
    ) -> Answer[schemas.VirtualKeyRotateManyResponse]:
        """Give several virtual keys new values

        All of them or, where one does not exist or is declared in the configuration file, none.
        """
        ...

    async def virtual_key_retrieve(self, caller: Caller, vk_id: str) -> Answer[schemas.VirtualKeyResponse]:
        """Retrieve a virtual key"""
        ...

    async def virtual_key_update(
        self, caller: Caller, vk_id: str, body: schemas.VirtualKeyUpdateRequest
    ) -> Answer[schemas.VirtualKeyResponse]:
        """Change a virtual key

        What is left out stays as it is; `null` takes away. A list takes the place of the one that was there: a budget that is
        not in it is deleted, and one that is keeps its usage. A budget is known by its `id`, or else by its `reset_duration`; a
        limit by its name.
        """
        ...

    async def virtual_key_delete(
        self, caller: Caller, vk_id: str
    ) -> Answer[schemas.VirtualKeyDeleteResponse]:
        """Delete a virtual key

        It is refused from then on. Its jobs go on; admins still see them.
        """
        ...

    async def virtual_key_rotate(
        self, caller: Caller, vk_id: str, body: schemas.VirtualKeyRotateRequest | None = None
    ) -> Answer[schemas.VirtualKeyValueResponse]:
        """Give a virtual key a new value

        The old value is refused from then on. Everything else stays, jobs and usage too.
        """
        ...

    async def budget_override_set(
        self, caller: Caller, vk_id: str, budget_id: str, body: schemas.BudgetOverrideRequest
    ) -> Answer[schemas.VirtualKeyResponse]:
        """Allow more than a budget's maximum

        For a budget of the key itself or of one of its providers. It takes the place of an earlier override.
        """
        ...

    async def budget_override_delete(
        self, caller: Caller, vk_id: str, budget_id: str
    ) -> Answer[schemas.VirtualKeyResponse]:
        """End the override of a budget"""
        ...


class Teams(Protocol[Caller]):
    """Virtual keys that share budgets and limits. For admins"""

    async def team_list(
        self,
        caller: Caller,
        search: str | None = None,
        customer_id: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Answer[schemas.TeamListResponse]:
        """List teams

        Oldest first.
        """
        ...

    async def team_create(
        self, caller: Caller, body: schemas.TeamCreateRequest
    ) -> Answer[schemas.TeamResponse]:
        """Make a team

        Its virtual keys share its budgets and its limits.
        """
        ...

    async def team_retrieve(self, caller: Caller, team_id: str) -> Answer[schemas.TeamResponse]:
        """Retrieve a team"""
        ...

    async def team_update(
        self, caller: Caller, team_id: str, body: schemas.TeamUpdateRequest
    ) -> Answer[schemas.TeamResponse]:
        """Change a team

        What is left out stays as it is; lists as with virtual keys.
        """
        ...

    async def team_delete(self, caller: Caller, team_id: str) -> Answer[schemas.TeamDeleteResponse]:
        """Delete a team

        Refused (409) while a virtual key is of this team.
        """
        ...


class Customers(Protocol[Caller]):
    """Teams and virtual keys that share budgets and limits. For admins"""

    async def customer_list(
        self, caller: Caller, search: str | None = None, limit: int = 100, offset: int = 0
    ) -> Answer[schemas.CustomerListResponse]:
        """List customers

        Oldest first.
        """
        ...

    async def customer_create(
        self, caller: Caller, body: schemas.CustomerCreateRequest
    ) -> Answer[schemas.CustomerResponse]:
        """Make a customer

        Its teams and virtual keys share its budgets and its limits.
        """
        ...

    async def customer_retrieve(self, caller: Caller, customer_id: str) -> Answer[schemas.CustomerResponse]:
        """Retrieve a customer"""
        ...

    async def customer_update(
        self, caller: Caller, customer_id: str, body: schemas.CustomerUpdateRequest
    ) -> Answer[schemas.CustomerResponse]:
        """Change a customer

        What is left out stays as it is; lists as with virtual keys.
        """
        ...

    async def customer_delete(
        self, caller: Caller, customer_id: str
    ) -> Answer[schemas.CustomerDeleteResponse]:
        """Delete a customer

        Refused (409) while a team or a virtual key is of this customer.
        """
        ...


class Limits(Protocol[Caller]):
    """All budgets and limits, and those of providers. For admins"""

    async def budget_list(
        self, caller: Caller, limit: int = 100, offset: int = 0
    ) -> Answer[schemas.BudgetListResponse]:
        """List all budgets

        Of virtual keys, teams, customers, providers and their keys; oldest first.
        """
        ...

    async def rate_limit_list(
        self, caller: Caller, limit: int = 100, offset: int = 0
    ) -> Answer[schemas.RateLimitListResponse]:
        """List all rate limits

        Of virtual keys, teams, customers, providers and their keys.
        """
        ...

    async def provider_limits_list(self, caller: Caller) -> Answer[schemas.ProviderLimitsListResponse]:
        """List the limits of providers

        Of every provider that is configured, whoever uses it, and of each of its keys.
        """
        ...

    async def provider_limits_update(
        self, caller: Caller, provider: str, body: schemas.ProviderLimitsUpdateRequest
    ) -> Answer[schemas.ProviderLimitsResponse]:
        """Change the limits of a provider

        What is left out stays as it is, also keys that are not named; lists as with virtual keys.
        """
        ...


class Pricing(Protocol[Caller]):
    """Prices that take the place of the gateway's own. For admins"""

    async def pricing_override_list(
        self,
        caller: Caller,
        search: str | None = None,
        scope_kind: Literal["global", "provider", "provider_key", "virtual_key", "virtual_key_provider"]
        | None = None,
        provider: str | None = None,
        virtual_key_id: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Answer[schemas.PricingOverrideListResponse]:
        """List pricing overrides

        Oldest first.
        """
        ...

    async def pricing_override_create(
        self, caller: Caller, body: schemas.PricingOverrideCreateRequest
    ) -> Answer[schemas.PricingOverrideResponse]:
        """Make a pricing override

        Prices that take the place of those of the gateway's own table, for the jobs that it is for.
        """
        ...

    async def pricing_override_retrieve(
        self, caller: Caller, pricing_override_id: str
    ) -> Answer[schemas.PricingOverrideResponse]:
        """Retrieve a pricing override"""
        ...

    async def pricing_override_update(
        self, caller: Caller, pricing_override_id: str, body: schemas.PricingOverrideUpdateRequest
    ) -> Answer[schemas.PricingOverrideResponse]:
        """Change a pricing override

        What is left out stays as it is; `patch` takes the place of the one that was there.
        """
        ...

    async def pricing_override_delete(
        self, caller: Caller, pricing_override_id: str
    ) -> Answer[schemas.PricingOverrideDeleteResponse]:
        """Delete a pricing override"""
        ...


class Session(Protocol[Caller]):
    """Logging in as an admin, for web pages"""

    async def session_login(self, body: schemas.SessionLoginRequest) -> Answer[schemas.SessionLoginResponse]:
        """Log in as an admin

        Begins a session of 12 hours. Its token is set as a cookie that scripts cannot read, and can also be sent as any
        other credential.
        """
        ...

    async def session_logout(self, caller: Caller) -> Answer[schemas.SessionLogoutResponse]:
        """End the session

        Ends the session with whose token the request is made, and deletes the cookie.
        """
        ...

    async def session_is_auth_enabled(self) -> Answer[schemas.SessionIsAuthEnabledResponse]:
        """Is there an admin's password"""
        ...


class Logs(Protocol[Caller]):
    """Who asked for what, what came of it and what it cost"""

    async def log_list(
        self,
        caller: Caller,
        kind: Literal["request", "job"] | None = None,
        objects: list[str] | None = None,
        status: list[Literal["success", "error", "processing"]] | None = None,
        error_codes: list[str] | None = None,
        providers: list[str] | None = None,
        models: list[str] | None = None,
        selected_key_ids: list[str] | None = None,
        virtual_key_ids: list[str] | None = None,
        video_id: str | None = None,
        request_id: str | None = None,
        content_search: str | None = None,
        min_latency: float | None = None,
        max_latency: float | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        missing_cost_only: bool = False,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        after: str | None = None,
        offset: int = 0,
        limit: int = 50,
        sort_by: Literal["timestamp", "latency", "cost"] = "timestamp",
        order: Literal["asc", "desc"] = "desc",
    ) -> Answer[schemas.LogListResponse]:
        """List the logs

        Requests and jobs, the newest first unless `sort_by` and `order` say otherwise. An admin sees those of everybody, others
        see their own. Filters can be combined; a row must fit all of them, and where several values are given one of them.
        An entry is there about a second after its request is over.

        Read the next page with `after` set to the `last_id` of this one while `has_more` is true; `offset` is for the first
        few pages only.
        """
        ...

    async def log_delete(
        self, caller: Caller, body: schemas.LogDeleteRequest
    ) -> Answer[schemas.LogDeleteResponse]:
        """Delete entries of the logs

        For admins. Deletes the entries with these ids; what is not there is deleted already. This cannot be undone.
        """
        ...

    async def log_stats(
        self,
        caller: Caller,
        kind: Literal["request", "job"] | None = None,
        objects: list[str] | None = None,
        status: list[Literal["success", "error", "processing"]] | None = None,
        error_codes: list[str] | None = None,
        providers: list[str] | None = None,
        models: list[str] | None = None,
        selected_key_ids: list[str] | None = None,
        virtual_key_ids: list[str] | None = None,
        video_id: str | None = None,
        request_id: str | None = None,
        content_search: str | None = None,
        min_latency: float | None = None,
        max_latency: float | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        missing_cost_only: bool = False,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        compare_to_previous: bool = False,
    ) -> Answer[schemas.LogStatsResponse]:
        """Sum up the logs

        How many requests there were, how many succeeded, how long they took, how their jobs ended and what they cost, of the
        last 24 hours unless another time is asked for. The filters are those of the list.
        """
        ...

    async def log_filterdata(
        self,
        caller: Caller,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
    ) -> Answer[schemas.LogFilterdataResponse]:
        """What the logs can be filtered by

        The different providers, models, provider keys, virtual keys, operations and error codes in the logs that the caller
        sees, of the last 24 hours unless another time is asked for; at most 1,000 of each.
        """
        ...

    async def log_histogram(
        self,
        caller: Caller,
        kind: Literal["request", "job"] | None = None,
        objects: list[str] | None = None,
        status: list[Literal["success", "error", "processing"]] | None = None,
        error_codes: list[str] | None = None,
        providers: list[str] | None = None,
        models: list[str] | None = None,
        selected_key_ids: list[str] | None = None,
        virtual_key_ids: list[str] | None = None,
        video_id: str | None = None,
        request_id: str | None = None,
        content_search: str | None = None,
        min_latency: float | None = None,
        max_latency: float | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        missing_cost_only: bool = False,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        group_by: Literal["provider", "model"] | None = None,
    ) -> Answer[schemas.LogHistogramResponse]:
        """The number of entries over time

        How many entries there were in each stretch of the last 24 hours, or of another time that is asked for. The filters are
        those of the list. How long a stretch is follows from the time: there are at most 120 of them in a year.
        """
        ...

    async def log_cost_histogram(
        self,
        caller: Caller,
        kind: Literal["request", "job"] | None = None,
        objects: list[str] | None = None,
        status: list[Literal["success", "error", "processing"]] | None = None,
        error_codes: list[str] | None = None,
        providers: list[str] | None = None,
        models: list[str] | None = None,
        selected_key_ids: list[str] | None = None,
        virtual_key_ids: list[str] | None = None,
        video_id: str | None = None,
        request_id: str | None = None,
        content_search: str | None = None,
        min_latency: float | None = None,
        max_latency: float | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        missing_cost_only: bool = False,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        group_by: Literal["provider", "model"] | None = None,
    ) -> Answer[schemas.LogCostHistogramResponse]:
        """The cost over time

        What the jobs cost that ended in each stretch of the last 24 hours, or of another time that is asked for, in US dollars.
        A job whose cost is not known is not in it. Otherwise it is as the other histogram.
        """
        ...

    async def log_dropped(self, caller: Caller) -> Answer[schemas.LogDroppedResponse]:
        """Entries that are missing

        For admins. How many entries the process that answers has left out since it started, because the database was away for
        long or more came than it can write, and how many wait to be written.
        """
        ...

    async def log_retrieve(self, caller: Caller, log_id: str) -> Answer[schemas.Log]:
        """Retrieve an entry of the logs

        One entry. That of somebody else is a 404, except for admins.
        """
        ...


class Providers(Protocol[Caller]):
    """Which providers there are, and with which keys, while the gateway runs"""

    async def provider_list(self, caller: Caller) -> Answer[schemas.ProviderListResponse]:
        """List providers

        The providers that are configured, by name, each with its keys: those of the configuration file (or, without one, of
        the vendors' environment variables) and those that were added here. No secret is told: it is shown as `****` and its
        last four characters, or as the `env.NAME` that names its environment variable.
        """
        ...

    async def provider_create(
        self, caller: Caller, body: schemas.ProviderCreateRequest
    ) -> Answer[schemas.ProviderResponse]:
        """Add a provider

        It can be used at once here, and within a moment by every other process. A provider without keys can be used as soon as
        it has one. While the sandbox serves, it takes effect at the next start, and `message` says so.

        Secrets are encrypted with `REELGATE_ENCRYPTION_KEY`; without it they are refused, and `env.NAME` has to name the
        environment variable that holds them.
        """
        ...

    async def provider_retrieve(self, caller: Caller, provider: str) -> Answer[schemas.Provider]:
        """Retrieve a provider"""
        ...

    async def provider_update(
        self, caller: Caller, provider: str, body: schemas.ProviderUpdateRequest
    ) -> Answer[schemas.ProviderResponse]:
        """Change a provider

        What is left out stays as it is; what is given replaces what was there, whole. A secret that is sent as it is shown
        (`****1234`) stays as it is. A provider of the configuration file cannot be changed here, and neither can whose API a
        custom one speaks: jobs were made with it.
        """
        ...

    async def provider_delete(
        self, caller: Caller, provider: str, force: bool = False
    ) -> Answer[schemas.ProviderDeleteResponse]:
        """Delete a provider

        Deletes the provider and its keys. While jobs that it made are not finished it is refused, unless `force` is true; then
        nobody can ask about them any more, and they end with their deadline. Files of finished jobs that only the provider has
        cannot be downloaded any more either. A provider of the configuration file cannot be deleted here.
        """
        ...

    async def provider_key_list(
        self, caller: Caller, provider: str
    ) -> Answer[schemas.ProviderKeyListResponse]:
        """List the keys of a provider"""
        ...

    async def provider_key_create(
        self, caller: Caller, provider: str, body: schemas.ProviderKeyCreateRequest
    ) -> Answer[schemas.ProviderKeyResponse]:
        """Add a key to a provider

        To a provider of the configuration file as well. It is used at once here, and within a moment by every other process.
        """
        ...

    async def provider_key_retrieve(
        self, caller: Caller, provider: str, key_id: str
    ) -> Answer[schemas.ProviderKey]:
        """Retrieve a key of a provider"""
        ...

    async def provider_key_update(
        self, caller: Caller, provider: str, key_id: str, body: schemas.ProviderKeyUpdateRequest
    ) -> Answer[schemas.ProviderKeyResponse]:
        """Change a key of a provider

        What is left out stays as it is; what is given replaces what was there, whole. A secret that is left out, or sent as it
        is shown (`****1234`), stays as it is. A new `value` is used for everything from then on, the key's running jobs
        included, so a key can be rotated while it works. Its name stays: jobs are known by it.
        """
        ...

    async def provider_key_delete(
        self, caller: Caller, provider: str, key_id: str, force: bool = False
    ) -> Answer[schemas.ProviderDeleteResponse]:
        """Delete a key of a provider

        While jobs that were made with it are not finished it is refused, unless `force` is true; see the deletion of a
        provider. To retire a key in peace, change it to `enabled: false`.
        """
        ...

    async def key_list(self, caller: Caller) -> Answer[schemas.KeyListResponse]:
        """List the keys of all providers

        What each may be used for, without anything secret; for choosing the `key_ids` of a virtual key, say.
        """
        ...

    async def served_model_list(
        self, caller: Caller, provider: str | None = None, keys: list[str] | None = None
    ) -> Answer[schemas.ServedModelListResponse]:
        """List what each key can serve

        The models that the catalogue knows of the providers that can be called now (in the sandbox: of the emulators), each
        with the keys that are enabled and allowed to serve it. A model that no key can serve is not listed.
        """
        ...


class Config(Protocol[Caller]):
    """The options that can be set while the gateway runs, and what is running"""

    async def config_retrieve(self, caller: Caller) -> Answer[schemas.Config]:
        """Retrieve the options

        The options that can be set while the gateway runs: what is in force, what the configuration file says, and what was set
        here, which wins.
        """
        ...

    async def config_update(
        self, caller: Caller, body: schemas.ConfigUpdateRequest
    ) -> Answer[schemas.ConfigResponse]:
        """Change the options

        What is left out stays as it is, and `null` gives an option back to the configuration file. It holds at once here, and
        within a moment in every other process.
        """
        ...

    async def version_retrieve(self, caller: Caller) -> Answer[schemas.Version]:
        """Retrieve the version"""
        ...


class Wakes(Protocol):
    """What providers call, not clients"""

    async def provider_wake(self, video_id: str) -> Response:
        """Word of a provider that a job has changed

        Where a provider has webhooks and `REELGATE_PUBLIC_URL` is set, it is told to call this when a job is done. Whatever it
        sends is not believed and not even read: the job is asked about at once instead of at its next turn, with our
        key, as always. So nobody needs a credential, and the answer tells nothing, not even whether there is such a job.
        """
        ...


class Health(Protocol):
    """Is the gateway alive, and can it work"""

    async def health(self, probe: Literal["ready", "live"] = "ready") -> Answer[schemas.Health]:
        """Liveness and readiness

        Readiness by default: 200 when the gateway can take and finish jobs, 503 when a dependency it needs is down. With
        `probe=live` the answer is 200 as long as the process answers at all, whatever its dependencies do.
        """
        ...


OPERATIONS: Mapping[str, Route] = {
    "videoGeneration": Route(
        "POST",
        "/v1/videos",
        "Videos",
        {"application/json": "VideoGenerationRequest", "multipart/form-data": "VideoGenerationForm"},
        True,
        (),
    ),
    "videoList": Route("GET", "/v1/videos", "Videos", {}, True, ()),
    "videoRetrieve": Route("GET", "/v1/videos/{video_id}", "Videos", {}, True, ()),
    "videoDelete": Route("DELETE", "/v1/videos/{video_id}", "Videos", {}, True, ()),
    "videoEvents": Route("GET", "/v1/videos/{video_id}/events", "Videos", {}, True, ()),
    "videoContentHead": Route("HEAD", "/v1/videos/{video_id}/content", "Videos", {}, True, ()),
    "videoDownload": Route("GET", "/v1/videos/{video_id}/content", "Videos", {}, True, ()),
    "videoRemix": Route(
        "POST", "/v1/videos/{video_id}/remix", "Videos", {"application/json": "VideoRemixRequest"}, True, ()
    ),
    "modelList": Route("GET", "/v1/models", "Models", {}, True, ()),
    "webhookList": Route("GET", "/api/webhooks", "Webhooks", {}, True, ()),
    "webhookCreate": Route(
        "POST", "/api/webhooks", "Webhooks", {"application/json": "WebhookCreateRequest"}, True, ()
    ),
    "webhookRetrieve": Route("GET", "/api/webhooks/{webhook_id}", "Webhooks", {}, True, ()),
    "webhookUpdate": Route(
        "PUT",
        "/api/webhooks/{webhook_id}",
        "Webhooks",
        {"application/json": "WebhookUpdateRequest"},
        True,
        (),
    ),
    "webhookDelete": Route("DELETE", "/api/webhooks/{webhook_id}", "Webhooks", {}, True, ()),
    "webhookRotateSecret": Route(
        "POST",
        "/api/webhooks/{webhook_id}/rotate-secret",
        "Webhooks",
        {"application/json": "WebhookRotateSecretRequest"},
        True,
        (),
    ),
    "webhookTest": Route("POST", "/api/webhooks/{webhook_id}/test", "Webhooks", {}, True, ()),
    "webhookDeliveryList": Route("GET", "/api/webhooks/{webhook_id}/deliveries", "Webhooks", {}, True, ()),
    "webhookRedeliver": Route(
        "POST", "/api/webhooks/deliveries/{delivery_id}/redeliver", "Webhooks", {}, True, ()
    ),
    "virtualKeyList": Route("GET", "/api/governance/virtual-keys", "VirtualKeys", {}, True, ("admin",)),
    "virtualKeyCreate": Route(
        "POST",
        "/api/governance/virtual-keys",
        "VirtualKeys",
        {"application/json": "VirtualKeyCreateRequest"},
        True,
        ("admin",),
    ),
    "virtualKeyQuota": Route("GET", "/api/governance/virtual-keys/quota", "VirtualKeys", {}, True, ()),
    "virtualKeyRotateMany": Route(
        "POST",
        "/api/governance/virtual-keys/rotate",
        "VirtualKeys",
        {"application/json": "VirtualKeyRotateManyRequest"},
        True,
        ("admin",),
    ),
    "virtualKeyRetrieve": Route(
        "GET", "/api/governance/virtual-keys/{vk_id}", "VirtualKeys", {}, True, ("admin",)
    ),
    "virtualKeyUpdate": Route(
        "PUT",
        "/api/governance/virtual-keys/{vk_id}",
        "VirtualKeys",
        {"application/json": "VirtualKeyUpdateRequest"},
        True,
        ("admin",),
    ),
    "virtualKeyDelete": Route(
        "DELETE", "/api/governance/virtual-keys/{vk_id}", "VirtualKeys", {}, True, ("admin",)
    ),
    "virtualKeyRotate": Route(
        "POST",
        "/api/governance/virtual-keys/{vk_id}/rotate",
        "VirtualKeys",
        {"application/json": "VirtualKeyRotateRequest"},
        True,
        ("admin",),
    ),
    "budgetOverrideSet": Route(
        "PUT",
        "/api/governance/virtual-keys/{vk_id}/budgets/{budget_id}/override",
        "VirtualKeys",
        {"application/json": "BudgetOverrideRequest"},
        True,
        ("admin",),
    ),
    "budgetOverrideDelete": Route(
        "DELETE",
        "/api/governance/virtual-keys/{vk_id}/budgets/{budget_id}/override",
        "VirtualKeys",
        {},
        True,
        ("admin",),
    ),
    "teamList": Route("GET", "/api/governance/teams", "Teams", {}, True, ("admin",)),
    "teamCreate": Route(
        "POST", "/api/governance/teams", "Teams", {"application/json": "TeamCreateRequest"}, True, ("admin",)
    ),
    "teamRetrieve": Route("GET", "/api/governance/teams/{team_id}", "Teams", {}, True, ("admin",)),
    "teamUpdate": Route(
        "PUT",
        "/api/governance/teams/{team_id}",
        "Teams",
        {"application/json": "TeamUpdateRequest"},
        True,
        ("admin",),
    ),
    "teamDelete": Route("DELETE", "/api/governance/teams/{team_id}", "Teams", {}, True, ("admin",)),
    "customerList": Route("GET", "/api/governance/customers", "Customers", {}, True, ("admin",)),
    "customerCreate": Route(
        "POST",
        "/api/governance/customers",
        "Customers",
        {"application/json": "CustomerCreateRequest"},
        True,
        ("admin",),
    ),
    "customerRetrieve": Route(
        "GET", "/api/governance/customers/{customer_id}", "Customers", {}, True, ("admin",)
    ),
    "customerUpdate": Route(
        "PUT",
        "/api/governance/customers/{customer_id}",
        "Customers",
        {"application/json": "CustomerUpdateRequest"},
        True,
        ("admin",),
    ),
    "customerDelete": Route(
        "DELETE", "/api/governance/customers/{customer_id}", "Customers", {}, True, ("admin",)
    ),
    "budgetList": Route("GET", "/api/governance/budgets", "Limits", {}, True, ("admin",)),
    "rateLimitList": Route("GET", "/api/governance/rate-limits", "Limits", {}, True, ("admin",)),
    "providerLimitsList": Route("GET", "/api/governance/providers", "Limits", {}, True, ("admin",)),
    "providerLimitsUpdate": Route(
        "PUT",
        "/api/governance/providers/{provider}",
        "Limits",
        {"application/json": "ProviderLimitsUpdateRequest"},
        True,
        ("admin",),
    ),
    "pricingOverrideList": Route("GET", "/api/governance/pricing-overrides", "Pricing", {}, True, ("admin",)),
    "pricingOverrideCreate": Route(
        "POST",
        "/api/governance/pricing-overrides",
        "Pricing",
        {"application/json": "PricingOverrideCreateRequest"},
        True,
        ("admin",),
    ),
    "pricingOverrideRetrieve": Route(
        "GET", "/api/governance/pricing-overrides/{pricing_override_id}", "Pricing", {}, True, ("admin",)
    ),
    "pricingOverrideUpdate": Route(
        "PUT",
        "/api/governance/pricing-overrides/{pricing_override_id}",
        "Pricing",
        {"application/json": "PricingOverrideUpdateRequest"},
        True,
        ("admin",),
    ),
    "pricingOverrideDelete": Route(
        "DELETE", "/api/governance/pricing-overrides/{pricing_override_id}", "Pricing", {}, True, ("admin",)
    ),
    "sessionLogin": Route(
        "POST", "/api/session/login", "Session", {"application/json": "SessionLoginRequest"}, False, ()
    ),
    "sessionLogout": Route("POST", "/api/session/logout", "Session", {}, True, ("admin",)),
    "sessionIsAuthEnabled": Route("GET", "/api/session/is-auth-enabled", "Session", {}, False, ()),
    "logList": Route("GET", "/api/logs", "Logs", {}, True, ()),
    "logDelete": Route(
        "DELETE", "/api/logs", "Logs", {"application/json": "LogDeleteRequest"}, True, ("admin",)
    ),
    "logStats": Route("GET", "/api/logs/stats", "Logs", {}, True, ()),
    "logFilterdata": Route("GET", "/api/logs/filterdata", "Logs", {}, True, ()),
    "logHistogram": Route("GET", "/api/logs/histogram", "Logs", {}, True, ()),
    "logCostHistogram": Route("GET", "/api/logs/histogram/cost", "Logs", {}, True, ()),
    "logDropped": Route("GET", "/api/logs/dropped", "Logs", {}, True, ("admin",)),
    "logRetrieve": Route("GET", "/api/logs/{log_id}", "Logs", {}, True, ()),
    "providerList": Route("GET", "/api/providers", "Providers", {}, True, ("admin",)),
    "providerCreate": Route(
        "POST", "/api/providers", "Providers", {"application/json": "ProviderCreateRequest"}, True, ("admin",)
    ),
    "providerRetrieve": Route("GET", "/api/providers/{provider}", "Providers", {}, True, ("admin",)),
    "providerUpdate": Route(
        "PUT",
        "/api/providers/{provider}",
        "Providers",
        {"application/json": "ProviderUpdateRequest"},
        True,
        ("admin",),
    ),
    "providerDelete": Route("DELETE", "/api/providers/{provider}", "Providers", {}, True, ("admin",)),
    "providerKeyList": Route("GET", "/api/providers/{provider}/keys", "Providers", {}, True, ("admin",)),
    "providerKeyCreate": Route(
        "POST",
        "/api/providers/{provider}/keys",
        "Providers",
        {"application/json": "ProviderKeyCreateRequest"},
        True,
        ("admin",),
    ),
    "providerKeyRetrieve": Route(
        "GET", "/api/providers/{provider}/keys/{key_id}", "Providers", {}, True, ("admin",)
    ),
    "providerKeyUpdate": Route(
        "PUT",
        "/api/providers/{provider}/keys/{key_id}",
        "Providers",
        {"application/json": "ProviderKeyUpdateRequest"},
        True,
        ("admin",),
    ),
    "providerKeyDelete": Route(
        "DELETE", "/api/providers/{provider}/keys/{key_id}", "Providers", {}, True, ("admin",)
    ),
    "keyList": Route("GET", "/api/keys", "Providers", {}, True, ("admin",)),
    "servedModelList": Route("GET", "/api/models", "Providers", {}, True, ("admin",)),
    "configRetrieve": Route("GET", "/api/config", "Config", {}, True, ("admin",)),
    "configUpdate": Route(
        "PUT", "/api/config", "Config", {"application/json": "ConfigUpdateRequest"}, True, ("admin",)
    ),
    "versionRetrieve": Route("GET", "/api/version", "Config", {}, True, ("admin",)),
    "providerWake": Route("POST", "/api/wake/{video_id}", "Wakes", {}, False, ()),
    "health": Route("GET", "/health", "Health", {}, False, ()),
}

ALLOW: Mapping[str, str] = {
    "/v1/videos": "GET, POST",
    "/v1/videos/{video_id}": "DELETE, GET",
    "/v1/videos/{video_id}/events": "GET",
    "/v1/videos/{video_id}/content": "GET, HEAD",
    "/v1/videos/{video_id}/remix": "POST",
    "/v1/models": "GET",
    "/api/webhooks": "GET, POST",
    "/api/webhooks/{webhook_id}": "DELETE, GET, PUT",
    "/api/webhooks/{webhook_id}/rotate-secret": "POST",
    "/api/webhooks/{webhook_id}/test": "POST",
    "/api/webhooks/{webhook_id}/deliveries": "GET",
    "/api/webhooks/deliveries/{delivery_id}/redeliver": "POST",
    "/api/governance/virtual-keys": "GET, POST",
    "/api/governance/virtual-keys/quota": "GET",
    "/api/governance/virtual-keys/rotate": "POST",
    "/api/governance/virtual-keys/{vk_id}": "DELETE, GET, PUT",
    "/api/governance/virtual-keys/{vk_id}/rotate": "POST",
    "/api/governance/virtual-keys/{vk_id}/budgets/{budget_id}/override": "DELETE, PUT",
    "/api/governance/teams": "GET, POST",
    "/api/governance/teams/{team_id}": "DELETE, GET, PUT",
    "/api/governance/customers": "GET, POST",
    "/api/governance/customers/{customer_id}": "DELETE, GET, PUT",
    "/api/governance/budgets": "GET",
    "/api/governance/rate-limits": "GET",
    "/api/governance/providers": "GET",
    "/api/governance/providers/{provider}": "PUT",
    "/api/governance/pricing-overrides": "GET, POST",
    "/api/governance/pricing-overrides/{pricing_override_id}": "DELETE, GET, PUT",
    "/api/session/login": "POST",
    "/api/session/logout": "POST",
    "/api/session/is-auth-enabled": "GET",
    "/api/logs": "DELETE, GET",
    "/api/logs/stats": "GET",
    "/api/logs/filterdata": "GET",
    "/api/logs/histogram": "GET",
    "/api/logs/histogram/cost": "GET",
    "/api/logs/dropped": "GET",
    "/api/logs/{log_id}": "GET",
    "/api/providers": "GET, POST",
    "/api/providers/{provider}": "DELETE, GET, PUT",
    "/api/providers/{provider}/keys": "GET, POST",
    "/api/providers/{provider}/keys/{key_id}": "DELETE, GET, PUT",
    "/api/keys": "GET",
    "/api/models": "GET",
    "/api/config": "GET, PUT",
    "/api/version": "GET",
    "/api/wake/{video_id}": "POST",
    "/health": "GET",
}


def bind(
    *,
    videos: Videos[Caller],
    models: Models[Caller],
    webhooks: Webhooks[Caller],
    virtual_keys: VirtualKeys[Caller],
    teams: Teams[Caller],
    customers: Customers[Caller],
    limits: Limits[Caller],
    pricing: Pricing[Caller],
    session: Session[Caller],
    logs: Logs[Caller],
    providers: Providers[Caller],
    config: Config[Caller],
    wakes: Wakes,
    health: Health,
) -> dict[str, Callable[..., Awaitable[Response]]]:
    """Handlers -> operationId -> the function connexion calls for it.

    connexion passes parameters by the document's names, and from its context `user` (the caller that the security
    layer found) and `payload` (the JSON form of the body that the body validator accepted).
    """

    async def serve_video_generation(user: Caller, payload: Payload, dry_run: bool = False) -> Response:
        return _respond(
            await videos.video_generation(
                user,
                schemas.VideoGenerationRequest.model_validate(payload),
                dry_run,
                request.headers.get("x-bf-api-key"),
                request.headers.get("x-bf-api-key-id"),
                request.headers.get("x-bf-session-id"),
                request.headers.get("x-bf-send-back-raw-request"),
                request.headers.get("x-bf-send-back-raw-response"),
                request.headers.get("idempotency-key"),
                request.headers.get("prefer"),
            )
        )

    async def serve_video_list(
        user: Caller,
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
    ) -> Response:
        return _respond(
            await videos.video_list(
                user,
                provider,
                model,
                status,
                created_after,
                created_before,
                metadata,
                owner,
                after,
                limit,
                order,
            )
        )

    async def serve_video_retrieve(user: Caller, video_id: str) -> Response:
        return _respond(await videos.video_retrieve(user, video_id, request.headers.get("prefer")))

    async def serve_video_delete(user: Caller, video_id: str) -> Response:
        return _respond(await videos.video_delete(user, video_id))

    async def serve_video_events(user: Caller, video_id: str) -> Response:
        return await videos.video_events(user, video_id, request.headers.get("last-event-id"))

    async def serve_video_content_head(
        user: Caller,
        video_id: str,
        variant: Literal["video", "thumbnail", "spritesheet"] = "video",
        redirect: bool = False,
    ) -> Response:
        return await videos.video_content_head(
            user,
            video_id,
            variant,
            redirect,
            request.headers.get("if-none-match"),
            request.headers.get("if-modified-since"),
            request.headers.get("if-match"),
            request.headers.get("if-unmodified-since"),
        )

    async def serve_video_download(
        user: Caller,
        video_id: str,
        variant: Literal["video", "thumbnail", "spritesheet"] = "video",
        redirect: bool = False,
    ) -> Response:
        return await videos.video_download(
            user,
            video_id,
            variant,
            redirect,
            request.headers.get("range"),
            request.headers.get("if-range"),
            request.headers.get("if-none-match"),
            request.headers.get("if-modified-since"),
            request.headers.get("if-match"),
            request.headers.get("if-unmodified-since"),
        )

    async def serve_video_remix(user: Caller, video_id: str, payload: Payload) -> Response:
        return _respond(
            await videos.video_remix(
                user,
                video_id,
                schemas.VideoRemixRequest.model_validate(payload),
                request.headers.get("idempotency-key"),
                request.headers.get("prefer"),
            )
        )

    async def serve_model_list(user: Caller) -> Response:
        return _respond(await models.model_list(user))

    async def serve_webhook_list(user: Caller) -> Response:
        return _respond(await webhooks.webhook_list(user))

    async def serve_webhook_create(user: Caller, payload: Payload) -> Response:
        return _respond(
            await webhooks.webhook_create(user, schemas.WebhookCreateRequest.model_validate(payload))
        )

    async def serve_webhook_retrieve(user: Caller, webhook_id: str) -> Response:
        return _respond(await webhooks.webhook_retrieve(user, webhook_id))

    async def serve_webhook_update(user: Caller, webhook_id: str, payload: Payload) -> Response:
        return _respond(
            await webhooks.webhook_update(
                user, webhook_id, schemas.WebhookUpdateRequest.model_validate(payload)
            )
        )

    async def serve_webhook_delete(user: Caller, webhook_id: str) -> Response:
        return _respond(await webhooks.webhook_delete(user, webhook_id))

    async def serve_webhook_rotate_secret(
        user: Caller, webhook_id: str, payload: Payload | None = None
    ) -> Response:
        return _respond(
            await webhooks.webhook_rotate_secret(
                user,
                webhook_id,
                None if payload is None else schemas.WebhookRotateSecretRequest.model_validate(payload),
            )
        )

    async def serve_webhook_test(user: Caller, webhook_id: str) -> Response:
        return _respond(await webhooks.webhook_test(user, webhook_id))

    async def serve_webhook_delivery_list(
        user: Caller,
        webhook_id: str,
        status: Literal["pending", "delivered", "failed", "cancelled"] | None = None,
        after: str | None = None,
        limit: int = 20,
    ) -> Response:
        return _respond(await webhooks.webhook_delivery_list(user, webhook_id, status, after, limit))

    async def serve_webhook_redeliver(user: Caller, delivery_id: str) -> Response:
        return _respond(await webhooks.webhook_redeliver(user, delivery_id))

    async def serve_virtual_key_list(
        user: Caller,
        search: str | None = None,
        team_id: str | None = None,
        customer_id: str | None = None,
        is_active: bool | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Response:
        return _respond(
            await virtual_keys.virtual_key_list(user, search, team_id, customer_id, is_active, limit, offset)
        )

    async def serve_virtual_key_create(user: Caller, payload: Payload) -> Response:
        return _respond(
            await virtual_keys.virtual_key_create(
                user, schemas.VirtualKeyCreateRequest.model_validate(payload)
            )
        )

    async def serve_virtual_key_quota(user: Caller) -> Response:
        return _respond(await virtual_keys.virtual_key_quota(user))

    async def serve_virtual_key_rotate_many(user: Caller, payload: Payload) -> Response:
        return _respond(
            await virtual_keys.virtual_key_rotate_many(
                user, schemas.VirtualKeyRotateManyRequest.model_validate(payload)
            )
        )

    async def serve_virtual_key_retrieve(user: Caller, vk_id: str) -> Response:
        return _respond(await virtual_keys.virtual_key_retrieve(user, vk_id))

    async def serve_virtual_key_update(user: Caller, vk_id: str, payload: Payload) -> Response:
        return _respond(
            await virtual_keys.virtual_key_update(
                user, vk_id, schemas.VirtualKeyUpdateRequest.model_validate(payload)
            )
        )

    async def serve_virtual_key_delete(user: Caller, vk_id: str) -> Response:
        return _respond(await virtual_keys.virtual_key_delete(user, vk_id))

    async def serve_virtual_key_rotate(user: Caller, vk_id: str, payload: Payload | None = None) -> Response:
        return _respond(
            await virtual_keys.virtual_key_rotate(
                user,
                vk_id,
                None if payload is None else schemas.VirtualKeyRotateRequest.model_validate(payload),
            )
        )

    async def serve_budget_override_set(
        user: Caller, vk_id: str, budget_id: str, payload: Payload
    ) -> Response:
        return _respond(
            await virtual_keys.budget_override_set(
                user, vk_id, budget_id, schemas.BudgetOverrideRequest.model_validate(payload)
            )
        )

    async def serve_budget_override_delete(user: Caller, vk_id: str, budget_id: str) -> Response:
        return _respond(await virtual_keys.budget_override_delete(user, vk_id, budget_id))

    async def serve_team_list(
        user: Caller,
        search: str | None = None,
        customer_id: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Response:
        return _respond(await teams.team_list(user, search, customer_id, limit, offset))

    async def serve_team_create(user: Caller, payload: Payload) -> Response:
        return _respond(await teams.team_create(user, schemas.TeamCreateRequest.model_validate(payload)))

    async def serve_team_retrieve(user: Caller, team_id: str) -> Response:
        return _respond(await teams.team_retrieve(user, team_id))

    async def serve_team_update(user: Caller, team_id: str, payload: Payload) -> Response:
        return _respond(
            await teams.team_update(user, team_id, schemas.TeamUpdateRequest.model_validate(payload))
        )

    async def serve_team_delete(user: Caller, team_id: str) -> Response:
        return _respond(await teams.team_delete(user, team_id))

    async def serve_customer_list(
        user: Caller, search: str | None = None, limit: int = 100, offset: int = 0
    ) -> Response:
        return _respond(await customers.customer_list(user, search, limit, offset))

    async def serve_customer_create(user: Caller, payload: Payload) -> Response:
        return _respond(
            await customers.customer_create(user, schemas.CustomerCreateRequest.model_validate(payload))
        )

    async def serve_customer_retrieve(user: Caller, customer_id: str) -> Response:
        return _respond(await customers.customer_retrieve(user, customer_id))

    async def serve_customer_update(user: Caller, customer_id: str, payload: Payload) -> Response:
        return _respond(
            await customers.customer_update(
                user, customer_id, schemas.CustomerUpdateRequest.model_validate(payload)
            )
        )

    async def serve_customer_delete(user: Caller, customer_id: str) -> Response:
        return _respond(await customers.customer_delete(user, customer_id))

    async def serve_budget_list(user: Caller, limit: int = 100, offset: int = 0) -> Response:
        return _respond(await limits.budget_list(user, limit, offset))

    async def serve_rate_limit_list(user: Caller, limit: int = 100, offset: int = 0) -> Response:
        return _respond(await limits.rate_limit_list(user, limit, offset))

    async def serve_provider_limits_list(user: Caller) -> Response:
        return _respond(await limits.provider_limits_list(user))

    async def serve_provider_limits_update(user: Caller, provider: str, payload: Payload) -> Response:
        return _respond(
            await limits.provider_limits_update(
                user, provider, schemas.ProviderLimitsUpdateRequest.model_validate(payload)
            )
        )

    async def serve_pricing_override_list(
        user: Caller,
        search: str | None = None,
        scope_kind: Literal["global", "provider", "provider_key", "virtual_key", "virtual_key_provider"]
        | None = None,
        provider: str | None = None,
        virtual_key_id: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Response:
        return _respond(
            await pricing.pricing_override_list(
                user, search, scope_kind, provider, virtual_key_id, limit, offset
            )
        )

    async def serve_pricing_override_create(user: Caller, payload: Payload) -> Response:
        return _respond(
            await pricing.pricing_override_create(
                user, schemas.PricingOverrideCreateRequest.model_validate(payload)
            )
        )

    async def serve_pricing_override_retrieve(user: Caller, pricing_override_id: str) -> Response:
        return _respond(await pricing.pricing_override_retrieve(user, pricing_override_id))

    async def serve_pricing_override_update(
        user: Caller, pricing_override_id: str, payload: Payload
    ) -> Response:
        return _respond(
            await pricing.pricing_override_update(
                user, pricing_override_id, schemas.PricingOverrideUpdateRequest.model_validate(payload)
            )
        )

    async def serve_pricing_override_delete(user: Caller, pricing_override_id: str) -> Response:
        return _respond(await pricing.pricing_override_delete(user, pricing_override_id))

    async def serve_session_login(payload: Payload) -> Response:
        return _respond(await session.session_login(schemas.SessionLoginRequest.model_validate(payload)))

    async def serve_session_logout(user: Caller) -> Response:
        return _respond(await session.session_logout(user))

    async def serve_session_is_auth_enabled() -> Response:
        return _respond(await session.session_is_auth_enabled())

    async def serve_log_list(
        user: Caller,
        kind: Literal["request", "job"] | None = None,
        objects: list[str] | None = None,
        status: list[Literal["success", "error", "processing"]] | None = None,
        error_codes: list[str] | None = None,
        providers: list[str] | None = None,
        models: list[str] | None = None,
        selected_key_ids: list[str] | None = None,
        virtual_key_ids: list[str] | None = None,
        video_id: str | None = None,
        request_id: str | None = None,
        content_search: str | None = None,
        min_latency: float | None = None,
        max_latency: float | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        missing_cost_only: bool = False,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        after: str | None = None,
        offset: int = 0,
        limit: int = 50,
        sort_by: Literal["timestamp", "latency", "cost"] = "timestamp",
        order: Literal["asc", "desc"] = "desc",
    ) -> Response:
        return _respond(
            await logs.log_list(
                user,
                kind,
                objects,
                status,
                error_codes,
                providers,
                models,
                selected_key_ids,
                virtual_key_ids,
                video_id,
                request_id,
                content_search,
                min_latency,
                max_latency,
                min_cost,
                max_cost,
                missing_cost_only,
                period,
                start_time,
                end_time,
                after,
                offset,
                limit,
                sort_by,
                order,
            )
        )

    async def serve_log_delete(user: Caller, payload: Payload) -> Response:
        return _respond(await logs.log_delete(user, schemas.LogDeleteRequest.model_validate(payload)))

    async def serve_log_stats(
        user: Caller,
        kind: Literal["request", "job"] | None = None,
        objects: list[str] | None = None,
        status: list[Literal["success", "error", "processing"]] | None = None,
        error_codes: list[str] | None = None,
        providers: list[str] | None = None,
        models: list[str] | None = None,
        selected_key_ids: list[str] | None = None,
        virtual_key_ids: list[str] | None = None,
        video_id: str | None = None,
        request_id: str | None = None,
        content_search: str | None = None,
        min_latency: float | None = None,
        max_latency: float | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        missing_cost_only: bool = False,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        compare_to_previous: bool = False,
    ) -> Response:
        return _respond(
            await logs.log_stats(
                user,
                kind,
                objects,
                status,
                error_codes,
                providers,
                models,
                selected_key_ids,
                virtual_key_ids,
                video_id,
                request_id,
                content_search,
                min_latency,
                max_latency,
                min_cost,
                max_cost,
                missing_cost_only,
                period,
                start_time,
                end_time,
                compare_to_previous,
            )
        )

    async def serve_log_filterdata(
        user: Caller,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
    ) -> Response:
        return _respond(await logs.log_filterdata(user, period, start_time, end_time))

    async def serve_log_histogram(
        user: Caller,
        kind: Literal["request", "job"] | None = None,
        objects: list[str] | None = None,
        status: list[Literal["success", "error", "processing"]] | None = None,
        error_codes: list[str] | None = None,
        providers: list[str] | None = None,
        models: list[str] | None = None,
        selected_key_ids: list[str] | None = None,
        virtual_key_ids: list[str] | None = None,
        video_id: str | None = None,
        request_id: str | None = None,
        content_search: str | None = None,
        min_latency: float | None = None,
        max_latency: float | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        missing_cost_only: bool = False,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        group_by: Literal["provider", "model"] | None = None,
    ) -> Response:
        return _respond(
            await logs.log_histogram(
                user,
                kind,
                objects,
                status,
                error_codes,
                providers,
                models,
                selected_key_ids,
                virtual_key_ids,
                video_id,
                request_id,
                content_search,
                min_latency,
                max_latency,
                min_cost,
                max_cost,
                missing_cost_only,
                period,
                start_time,
                end_time,
                group_by,
            )
        )

    async def serve_log_cost_histogram(
        user: Caller,
        kind: Literal["request", "job"] | None = None,
        objects: list[str] | None = None,
        status: list[Literal["success", "error", "processing"]] | None = None,
        error_codes: list[str] | None = None,
        providers: list[str] | None = None,
        models: list[str] | None = None,
        selected_key_ids: list[str] | None = None,
        virtual_key_ids: list[str] | None = None,
        video_id: str | None = None,
        request_id: str | None = None,
        content_search: str | None = None,
        min_latency: float | None = None,
        max_latency: float | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        missing_cost_only: bool = False,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        group_by: Literal["provider", "model"] | None = None,
    ) -> Response:
        return _respond(
            await logs.log_cost_histogram(
                user,
                kind,
                objects,
                status,
                error_codes,
                providers,
                models,
                selected_key_ids,
                virtual_key_ids,
                video_id,
                request_id,
                content_search,
                min_latency,
                max_latency,
                min_cost,
                max_cost,
                missing_cost_only,
                period,
                start_time,
                end_time,
                group_by,
            )
        )

    async def serve_log_dropped(user: Caller) -> Response:
        return _respond(await logs.log_dropped(user))

    async def serve_log_retrieve(user: Caller, log_id: str) -> Response:
        return _respond(await logs.log_retrieve(user, log_id))

    async def serve_provider_list(user: Caller) -> Response:
        return _respond(await providers.provider_list(user))

    async def serve_provider_create(user: Caller, payload: Payload) -> Response:
        return _respond(
            await providers.provider_create(user, schemas.ProviderCreateRequest.model_validate(payload))
        )

    async def serve_provider_retrieve(user: Caller, provider: str) -> Response:
        return _respond(await providers.provider_retrieve(user, provider))

    async def serve_provider_update(user: Caller, provider: str, payload: Payload) -> Response:
        return _respond(
            await providers.provider_update(
                user, provider, schemas.ProviderUpdateRequest.model_validate(payload)
            )
        )

    async def serve_provider_delete(user: Caller, provider: str, force: bool = False) -> Response:
        return _respond(await providers.provider_delete(user, provider, force))

    async def serve_provider_key_list(user: Caller, provider: str) -> Response:
        return _respond(await providers.provider_key_list(user, provider))

    async def serve_provider_key_create(user: Caller, provider: str, payload: Payload) -> Response:
        return _respond(
            await providers.provider_key_create(
                user, provider, schemas.ProviderKeyCreateRequest.model_validate(payload)
            )
        )

    async def serve_provider_key_retrieve(user: Caller, provider: str, key_id: str) -> Response:
        return _respond(await providers.provider_key_retrieve(user, provider, key_id))

    async def serve_provider_key_update(
        user: Caller, provider: str, key_id: str, payload: Payload
    ) -> Response:
        return _respond(
            await providers.provider_key_update(
                user, provider, key_id, schemas.ProviderKeyUpdateRequest.model_validate(payload)
            )
        )

    async def serve_provider_key_delete(
        user: Caller, provider: str, key_id: str, force: bool = False
    ) -> Response:
        return _respond(await providers.provider_key_delete(user, provider, key_id, force))

    async def serve_key_list(user: Caller) -> Response:
        return _respond(await providers.key_list(user))

    async def serve_served_model_list(
        user: Caller, provider: str | None = None, keys: list[str] | None = None
    ) -> Response:
        return _respond(await providers.served_model_list(user, provider, keys))

    async def serve_config_retrieve(user: Caller) -> Response:
        return _respond(await config.config_retrieve(user))

    async def serve_config_update(user: Caller, payload: Payload) -> Response:
        return _respond(await config.config_update(user, schemas.ConfigUpdateRequest.model_validate(payload)))

    async def serve_version_retrieve(user: Caller) -> Response:
        return _respond(await config.version_retrieve(user))

    async def serve_provider_wake(video_id: str) -> Response:
        return await wakes.provider_wake(video_id)

    async def serve_health(probe: Literal["ready", "live"] = "ready") -> Response:
        return _respond(await health.health(probe))

    return {
        "videoGeneration": serve_video_generation,
        "videoList": serve_video_list,
        "videoRetrieve": serve_video_retrieve,
        "videoDelete": serve_video_delete,
        "videoEvents": serve_video_events,
        "videoContentHead": serve_video_content_head,
        "videoDownload": serve_video_download,
        "videoRemix": serve_video_remix,
        "modelList": serve_model_list,
        "webhookList": serve_webhook_list,
        "webhookCreate": serve_webhook_create,
        "webhookRetrieve": serve_webhook_retrieve,
        "webhookUpdate": serve_webhook_update,
        "webhookDelete": serve_webhook_delete,
        "webhookRotateSecret": serve_webhook_rotate_secret,
        "webhookTest": serve_webhook_test,
        "webhookDeliveryList": serve_webhook_delivery_list,
        "webhookRedeliver": serve_webhook_redeliver,
        "virtualKeyList": serve_virtual_key_list,
        "virtualKeyCreate": serve_virtual_key_create,
        "virtualKeyQuota": serve_virtual_key_quota,
        "virtualKeyRotateMany": serve_virtual_key_rotate_many,
        "virtualKeyRetrieve": serve_virtual_key_retrieve,
        "virtualKeyUpdate": serve_virtual_key_update,
        "virtualKeyDelete": serve_virtual_key_delete,
        "virtualKeyRotate": serve_virtual_key_rotate,
        "budgetOverrideSet": serve_budget_override_set,
        "budgetOverrideDelete": serve_budget_override_delete,
        "teamList": serve_team_list,
        "teamCreate": serve_team_create,
        "teamRetrieve": serve_team_retrieve,
        "teamUpdate": serve_team_update,
        "teamDelete": serve_team_delete,
        "customerList": serve_customer_list,
        "customerCreate": serve_customer_create,
        "customerRetrieve": serve_customer_retrieve,
        "customerUpdate": serve_customer_update,
        "customerDelete": serve_customer_delete,
        "budgetList": serve_budget_list,
        "rateLimitList": serve_rate_limit_list,
        "providerLimitsList": serve_provider_limits_list,
        "providerLimitsUpdate": serve_provider_limits_update,
        "pricingOverrideList": serve_pricing_override_list,
        "pricingOverrideCreate": serve_pricing_override_create,
        "pricingOverrideRetrieve": serve_pricing_override_retrieve,
        "pricingOverrideUpdate": serve_pricing_override_update,
        "pricingOverrideDelete": serve_pricing_override_delete,
        "sessionLogin": serve_session_login,
        "sessionLogout": serve_session_logout,
        "sessionIsAuthEnabled": serve_session_is_auth_enabled,
        "logList": serve_log_list,
        "logDelete": serve_log_delete,
        "logStats": serve_log_stats,
        "logFilterdata": serve_log_filterdata,
        "logHistogram": serve_log_histogram,
        "logCostHistogram": serve_log_cost_histogram,
        "logDropped": serve_log_dropped,
        "logRetrieve": serve_log_retrieve,
        "providerList": serve_provider_list,
        "providerCreate": serve_provider_create,
        "providerRetrieve": serve_provider_retrieve,
        "providerUpdate": serve_provider_update,
        "providerDelete": serve_provider_delete,
        "providerKeyList": serve_provider_key_list,
        "providerKeyCreate": serve_provider_key_create,
        "providerKeyRetrieve": serve_provider_key_retrieve,
        "providerKeyUpdate": serve_provider_key_update,
        "providerKeyDelete": serve_provider_key_delete,
        "keyList": serve_key_list,
        "servedModelList": serve_served_model_list,
        "configRetrieve": serve_config_retrieve,
        "configUpdate": serve_config_update,
        "versionRetrieve": serve_version_retrieve,
        "providerWake": serve_provider_wake,
        "health": serve_health,
    }


def _respond(answer: Answer[BaseModel]) -> Response:
    return Response(
        answer.body.model_dump_json(by_alias=True),
        answer.status,
        answer.headers,
        media_type="application/json",
    )
