# Generated from openapi.yaml by `make generate`. Do not edit.

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    MISSING,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    StrictBool,
    StrictBytes,
    StrictFloat,
    StrictStr,
    StringConstraints,
)
from typing_extensions import TypeAliasType


class ModelId(RootModel[StrictStr]):
    root: Annotated[
        StrictStr,
        Field(
            description="A model as `provider/model`, for example `runway/gen4.5`. Everything after the first slash is the provider's own\nname of the model and may contain slashes.\n",
            max_length=256,
            min_length=3,
            pattern='^[a-z0-9][a-z0-9_-]{0,63}/[!-~]+$',
        ),
    ]


class InputFit(StrEnum):
    crop = 'crop'
    pad = 'pad'


class SecondsText(RootModel[StrictStr]):
    root: Annotated[
        StrictStr,
        Field(description='Whole seconds as text.', pattern='^[1-9][0-9]{0,2}$'),
    ]


class SecondsInteger(RootModel[int]):
    root: Annotated[int, Field(description='Whole seconds as a number.', ge=1, le=999)]


MetadataAdditionalProperty = TypeAliasType(
    "MetadataAdditionalProperty",
    Annotated[StrictStr, Field(pattern='^[^\\x00-\\x1F\\x7F]{0,512}$')],
)


class Metadata(
    RootModel[dict[Annotated[str, StringConstraints(pattern=r'^[A-Za-z0-9_.-]{1,64}$', strict=True)], MetadataAdditionalProperty]]
):
    root: Annotated[
        dict[Annotated[str, StringConstraints(pattern=r'^[A-Za-z0-9_.-]{1,64}$', strict=True)], MetadataAdditionalProperty],
        Field(
            description="Words of the caller's own about the job: up to 16 names with a text each. They are shown with the job, the list can be\nfiltered by them, and no provider sees them.\n",
            examples=[{'campaign': 'spring'}],
            max_length=16,
        ),
    ]


class Failover(StrEnum):
    create = 'create'
    job = 'job'


class WebhookRotateSecretRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    grace_seconds: Annotated[
        int,
        Field(
            description='How long the old secret signs too, in seconds; a week at most.',
            ge=0,
            le=604800,
        ),
    ] = 86400


class SecretText(RootModel[StrictStr]):
    root: Annotated[
        StrictStr,
        Field(
            description='A secret: `env.NAME` for what that environment variable of the gateway holds, or the secret itself, which is then kept\nencrypted. It is told as `env.NAME`, or as `****` and its last four characters.\n',
            examples=['env.RUNWAY_KEY'],
            max_length=8192,
            min_length=1,
            pattern='^[ -~]+$',
        ),
    ]


class ModelName(RootModel[StrictStr]):
    root: Annotated[StrictStr, Field(max_length=1024, pattern='^[^\\x00-\\x1f\\x7f]+$')]


DeploymentsAdditionalProperty = TypeAliasType(
    "DeploymentsAdditionalProperty",
    Annotated[StrictStr, Field(max_length=1024, pattern='^[^\\x00-\\x1f\\x7f]+$')],
)


class AzureKeyConfig(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    endpoint: Annotated[
        StrictStr,
        Field(
            description='The address of the resource.',
            examples=['https://video.backlot.example/v1'],
            max_length=2048,
            pattern='^(https?://[!-"$-.0->A-~]+(/[!-"$->@-~]*)?|env\\.[A-Za-z0-9_]+)$',
        ),
    ]
    api_version: Annotated[
        StrictStr | MISSING,
        Field(
            description='Taken, but not sent; the API has no dated versions.',
            max_length=2048,
            min_length=1,
            pattern='^[^\\x00-\\x1f\\x7f]+$',
        ),
    ] = MISSING
    deployments: Annotated[
        dict[Annotated[str, StringConstraints(pattern=r'^[^\x00-\x1f\x7f]+$', strict=True)], DeploymentsAdditionalProperty] | MISSING,
        Field(description='Model to the name of its deployment.'),
    ] = MISSING


class VertexKeyConfig(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    project_id: Annotated[
        StrictStr,
        Field(
            description='The project.',
            max_length=2048,
            min_length=1,
            pattern='^[^\\x00-\\x1f\\x7f]+$',
        ),
    ]
    region: Annotated[
        StrictStr | MISSING,
        Field(
            description='The location; `us-central1` unless it says so.',
            max_length=2048,
            min_length=1,
            pattern='^[^\\x00-\\x1f\\x7f]+$',
        ),
    ] = MISSING
    auth_credentials: Annotated[
        StrictStr | MISSING,
        Field(
            description="Google's JSON credentials, the text itself, or `env.NAME`; a secret like `value`. It has to be there when the key is\nadded, and stays when it is left out of a change.\n",
            max_length=32768,
            min_length=1,
            pattern='^[^\\x00]+$',
        ),
    ] = MISSING


class ReplicateKeyConfig(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    deployments: Annotated[
        dict[Annotated[str, StringConstraints(pattern=r'^[^\x00-\x1f\x7f]+$', strict=True)], DeploymentsAdditionalProperty] | MISSING,
        Field(description='Model to the name of its deployment.'),
    ] = MISSING


class ServerKeyConfig(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    url: Annotated[
        StrictStr,
        Field(
            description='The address of the server.',
            examples=['https://video.backlot.example/v1'],
            max_length=2048,
            pattern='^(https?://[!-"$-.0->A-~]+(/[!-"$->@-~]*)?|env\\.[A-Za-z0-9_]+)$',
        ),
    ]
    model_name: Annotated[
        StrictStr | MISSING,
        Field(
            description='The one model that it serves.',
            max_length=2048,
            min_length=1,
            pattern='^[^\\x00-\\x1f\\x7f]+$',
        ),
    ] = MISSING


class NetworkConfig(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    base_url: Annotated[
        StrictStr | MISSING,
        Field(
            description="Another address than the vendor's.",
            examples=['https://video.backlot.example/v1'],
            max_length=2048,
            pattern='^(https?://[!-"$-.0->A-~]+(/[!-"$->@-~]*)?|env\\.[A-Za-z0-9_]+)$',
        ),
    ] = MISSING
    extra_headers: Annotated[
        dict[Annotated[str, StringConstraints(pattern=r'^[!#$%&\'*+.^_`|~0-9A-Za-z-]+$', strict=True)], SecretText] | MISSING,
        Field(
            description="Headers to send along, to this provider's address and to no other. Their values are secrets.",
            max_length=50,
        ),
    ] = MISSING
    default_request_timeout_in_seconds: Annotated[
        StrictFloat | MISSING,
        Field(
            description='How long a create may take, in seconds; 120 unless it says so.',
            gt=0.0,
            le=3600.0,
        ),
    ] = MISSING
    max_retries: Annotated[
        int | MISSING,
        Field(
            description='How often a create may be tried again at the same target; 2 unless it says so.',
            ge=0,
            le=10,
        ),
    ] = MISSING
    retry_backoff_initial: Annotated[
        int | MISSING,
        Field(
            description='Milliseconds before the first of them; 500 unless it says so, and not more than `retry_backoff_max`.',
            ge=1,
            le=3600000,
        ),
    ] = MISSING
    retry_backoff_max: Annotated[
        int | MISSING,
        Field(
            description='The most milliseconds between two; 5000 unless it says so.',
            ge=1,
            le=3600000,
        ),
    ] = MISSING


class Type(StrEnum):
    none = 'none'
    http = 'http'
    environment = 'environment'


class ProxyConfig(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    type: Annotated[
        Type | MISSING,
        Field(
            description='`none`, `http` (the `url`), or `environment`, which is the default: what `HTTPS_PROXY` and the like say.'
        ),
    ] = MISSING
    url: Annotated[
        StrictStr | MISSING,
        Field(
            description='The proxy, without user name and password. It goes with `http`, and only with it.',
            examples=['https://video.backlot.example/v1'],
            max_length=2048,
            pattern='^(https?://[!-"$-.0->A-~]+(/[!-"$->@-~]*)?|env\\.[A-Za-z0-9_]+)$',
        ),
    ] = MISSING
    username: Annotated[
        StrictStr | MISSING,
        Field(
            description='Its user.',
            max_length=2048,
            min_length=1,
            pattern='^[^\\x00-\\x1f\\x7f]+$',
        ),
    ] = MISSING
    password: Annotated[
        StrictStr | MISSING,
        Field(
            description='Its password, a secret.',
            examples=['env.RUNWAY_KEY'],
            max_length=8192,
            min_length=1,
            pattern='^[ -~]+$',
        ),
    ] = MISSING


class ConcurrencyConfig(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    concurrency: Annotated[
        int | MISSING,
        Field(
            description='The most questions about jobs that one of its addresses is asked at once; 100 unless it says so.',
            ge=1,
            le=10000,
        ),
    ] = MISSING


class AllowedRequests(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    video_generation: Annotated[
        StrictBool | MISSING, Field(description='Whether it is allowed.')
    ] = MISSING
    video_retrieve: Annotated[
        StrictBool | MISSING, Field(description='Whether it is allowed.')
    ] = MISSING
    video_download: Annotated[
        StrictBool | MISSING, Field(description='Whether it is allowed.')
    ] = MISSING
    video_delete: Annotated[
        StrictBool | MISSING, Field(description='Whether it is allowed.')
    ] = MISSING
    video_list: Annotated[
        StrictBool | MISSING, Field(description='Whether it is allowed.')
    ] = MISSING
    video_remix: Annotated[
        StrictBool | MISSING, Field(description='Whether it is allowed.')
    ] = MISSING


class CustomProviderConfig(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    base_provider_type: Annotated[
        StrictStr,
        Field(
            description='Whose API it speaks.',
            max_length=64,
            min_length=1,
            pattern='^[a-z0-9_-]+$',
        ),
    ]
    allowed_requests: AllowedRequests | MISSING = MISSING


class ProviderKeyCreateRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    value: Annotated[
        StrictStr | MISSING,
        Field(
            description='The key itself, a secret; a server that asks for no key needs none.',
            examples=['env.RUNWAY_KEY'],
            max_length=8192,
            min_length=1,
            pattern='^[ -~]+$',
        ),
    ] = MISSING
    models: Annotated[
        list[ModelName] | MISSING,
        Field(
            description='The models it may be used for; `*`, which is the default, is all, an empty list none.'
        ),
    ] = MISSING
    blacklisted_models: Annotated[
        list[ModelName] | MISSING,
        Field(description='The models it may not be used for. It wins over `models`.'),
    ] = MISSING
    weight: Annotated[
        StrictFloat | MISSING,
        Field(
            description='How often it is drawn, relative to the others; 1 unless it says so.',
            ge=0.0,
            le=1000000000.0,
        ),
    ] = MISSING
    enabled: Annotated[
        StrictBool | MISSING,
        Field(
            description='Whether it makes new videos. The jobs it has made are followed and served either way.'
        ),
    ] = MISSING
    azure_key_config: AzureKeyConfig | MISSING = MISSING
    vertex_key_config: VertexKeyConfig | MISSING = MISSING
    replicate_key_config: ReplicateKeyConfig | MISSING = MISSING
    vllm_key_config: ServerKeyConfig | MISSING = MISSING
    sgl_key_config: ServerKeyConfig | MISSING = MISSING
    name: Annotated[
        StrictStr,
        Field(
            description='Its name within the provider, for good. Jobs are known by it.',
            pattern='^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$',
        ),
    ]


class ProviderKeyUpdateRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    value: Annotated[
        StrictStr | MISSING,
        Field(
            description='The key itself, a secret; a server that asks for no key needs none.',
            examples=['env.RUNWAY_KEY'],
            max_length=8192,
            min_length=1,
            pattern='^[ -~]+$',
        ),
    ] = MISSING
    models: Annotated[
        list[ModelName] | MISSING,
        Field(
            description='The models it may be used for; `*`, which is the default, is all, an empty list none.'
        ),
    ] = MISSING
    blacklisted_models: Annotated[
        list[ModelName] | MISSING,
        Field(description='The models it may not be used for. It wins over `models`.'),
    ] = MISSING
    weight: Annotated[
        StrictFloat | MISSING,
        Field(
            description='How often it is drawn, relative to the others; 1 unless it says so.',
            ge=0.0,
            le=1000000000.0,
        ),
    ] = MISSING
    enabled: Annotated[
        StrictBool | MISSING,
        Field(
            description='Whether it makes new videos. The jobs it has made are followed and served either way.'
        ),
    ] = MISSING
    azure_key_config: AzureKeyConfig | MISSING = MISSING
    vertex_key_config: VertexKeyConfig | MISSING = MISSING
    replicate_key_config: ReplicateKeyConfig | MISSING = MISSING
    vllm_key_config: ServerKeyConfig | MISSING = MISSING
    sgl_key_config: ServerKeyConfig | MISSING = MISSING


class ProviderCreateRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    network_config: NetworkConfig | MISSING = MISSING
    proxy_config: ProxyConfig | MISSING = MISSING
    concurrency_and_buffer_size: ConcurrencyConfig | MISSING = MISSING
    send_back_raw_request: Annotated[
        StrictBool | MISSING,
        Field(description='Whether every answer to a create shows what was sent.'),
    ] = MISSING
    send_back_raw_response: Annotated[
        StrictBool | MISSING, Field(description='The same for what came back.')
    ] = MISSING
    send_back_provider_url: Annotated[
        StrictBool | MISSING,
        Field(
            description='Whether a completed job shows where the provider had its file.'
        ),
    ] = MISSING
    custom_provider_config: CustomProviderConfig | MISSING = MISSING
    name: Annotated[
        StrictStr,
        Field(
            description='Its name; one that no vendor has is a custom one, and needs `custom_provider_config`.',
            pattern='^[a-z0-9][a-z0-9_-]{0,63}$',
        ),
    ]
    keys: Annotated[
        list[ProviderKeyCreateRequest] | MISSING,
        Field(description='Its keys.', max_length=100),
    ] = MISSING


class ProviderUpdateRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    network_config: NetworkConfig | MISSING = MISSING
    proxy_config: ProxyConfig | MISSING = MISSING
    concurrency_and_buffer_size: ConcurrencyConfig | MISSING = MISSING
    send_back_raw_request: Annotated[
        StrictBool | MISSING,
        Field(description='Whether every answer to a create shows what was sent.'),
    ] = MISSING
    send_back_raw_response: Annotated[
        StrictBool | MISSING, Field(description='The same for what came back.')
    ] = MISSING
    send_back_provider_url: Annotated[
        StrictBool | MISSING,
        Field(
            description='Whether a completed job shows where the provider had its file.'
        ),
    ] = MISSING
    custom_provider_config: CustomProviderConfig | MISSING = MISSING


class UnpricedModels(Enum):
    admit = 'admit'
    refuse = 'refuse'
    none_type_none = None


class ClientOptionsChange(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    allow_per_request_raw_override: Annotated[
        StrictBool | None | MISSING,
        Field(
            description='Whether a request may ask to see what was said to and by the provider.'
        ),
    ] = MISSING
    disable_content_logging: Annotated[
        StrictBool | None | MISSING,
        Field(
            description='Whether prompts and the like are kept out of the log of requests.'
        ),
    ] = MISSING
    unpriced_models: Annotated[
        UnpricedModels | None | MISSING,
        Field(
            description='Whether a model whose price is not known may be used, `admit`, or not, `refuse`.'
        ),
    ] = MISSING


class VideoStatus(StrEnum):
    queued = 'queued'
    in_progress = 'in_progress'
    completed = 'completed'
    failed = 'failed'


class VideoOutputType(StrEnum):
    url = 'url'
    base64 = 'base64'


class VideoError(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    code: Annotated[
        StrictStr,
        Field(
            description="`content_filtered`, `cancelled`, `timeout`, `expired`, `provider_lost_job`, `invalid_output`, `provider_failed`,\n`submission_unknown`, `submission_lost`; or the provider's own code; or, where no provider took the job, the code of the answer to the create.\n"
        ),
    ]
    message: Annotated[StrictStr, Field(description='The reason, for people.')]


class ContentFilter(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    filtered_count: Annotated[
        int | MISSING, Field(description='The number of videos withheld.', ge=0)
    ] = MISSING
    reasons: Annotated[
        list[StrictStr] | MISSING, Field(description="The provider's reasons.")
    ] = MISSING


class VideoUsage(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    cost: Annotated[
        StrictFloat | MISSING, Field(description='The price of the job.')
    ] = MISSING
    currency: Annotated[
        Literal['USD'] | MISSING, Field(description='The currency of `cost`.')
    ] = MISSING


class ProviderOutcome(StrEnum):
    cancelled = 'cancelled'
    runs_on = 'runs_on'
    erased = 'erased'
    kept = 'kept'
    nothing = 'nothing'


class BifrostCacheDebug(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    cache_hit: Annotated[
        StrictBool | MISSING,
        Field(description='Whether the answer came from the cache.'),
    ] = MISSING
    cache_id: Annotated[
        StrictStr | MISSING, Field(description='The id of the cache entry.')
    ] = MISSING
    hit_type: Annotated[
        StrictStr | MISSING, Field(description='How the entry was found.')
    ] = MISSING
    requested_provider: Annotated[
        StrictStr | MISSING, Field(description='The provider that was asked for.')
    ] = MISSING
    requested_model: Annotated[
        StrictStr | MISSING, Field(description='The model that was asked for.')
    ] = MISSING
    provider_used: Annotated[
        StrictStr | MISSING, Field(description='The provider of the embedding.')
    ] = MISSING
    model_used: Annotated[
        StrictStr | MISSING, Field(description='The model of the embedding.')
    ] = MISSING
    input_tokens: Annotated[
        int | MISSING, Field(description='Tokens of the embedding.')
    ] = MISSING
    threshold: Annotated[
        StrictFloat | MISSING, Field(description='The similarity that is required.')
    ] = MISSING
    similarity: Annotated[
        StrictFloat | MISSING, Field(description='The similarity that was found.')
    ] = MISSING


class VideoObject(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[StrictStr, Field(description="The gateway's id of the job.")]
    object: Annotated[Literal['video'], Field(description='Always `video`.')]
    model: Annotated[
        StrictStr,
        Field(description='The model that makes the video, as `provider/model`.'),
    ]
    status: VideoStatus
    progress: Annotated[
        StrictFloat | MISSING,
        Field(
            description='Percent done, as the provider reports it.', ge=0.0, le=100.0
        ),
    ] = MISSING
    prompt: Annotated[
        StrictStr | MISSING, Field(description='The prompt as it was sent.')
    ] = MISSING
    remixed_from_video_id: Annotated[
        StrictStr | MISSING,
        Field(description='The id of the source, when this is a remix.'),
    ] = MISSING
    seconds: Annotated[
        StrictStr | MISSING, Field(description='The length of the video in seconds.')
    ] = MISSING
    size: Annotated[
        StrictStr | MISSING, Field(description='Width x height in pixels.')
    ] = MISSING
    created_at: Annotated[
        int, Field(description='When the job was created, in Unix seconds.')
    ]
    completed_at: Annotated[
        int | MISSING, Field(description='When the job ended, in Unix seconds.')
    ] = MISSING
    expires_at: Annotated[
        int | MISSING,
        Field(
            description='When the file can no longer be downloaded, in Unix seconds.'
        ),
    ] = MISSING
    error: VideoError | MISSING = MISSING
    metadata: Metadata | MISSING = MISSING


class ModelOperation(StrEnum):
    generate = 'generate'
    retrieve = 'retrieve'
    download = 'download'
    delete = 'delete'
    remix = 'remix'


class ModelInput(StrEnum):
    text = 'text'
    image = 'image'
    video = 'video'


class ModelPrice(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    usd_per_second: Annotated[
        StrictFloat, Field(description='US dollars for each second of video.', ge=0.0)
    ]
    resolution: Annotated[
        StrictStr | MISSING,
        Field(
            description='The short edge this price is for, for example `720p`. Absent for all.'
        ),
    ] = MISSING
    audio: Annotated[
        StrictBool | MISSING,
        Field(description='Whether this price is with sound. Absent for both.'),
    ] = MISSING


class HealthStatus(StrEnum):
    ok = 'ok'
    degraded = 'degraded'
    unavailable = 'unavailable'


class Dependency(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    name: Annotated[
        StrictStr, Field(description='`database`, `notifications` or `worker`.')
    ]
    status: HealthStatus
    latency_ms: Annotated[
        StrictFloat | MISSING,
        Field(description='How long it took to answer, in milliseconds.'),
    ] = MISSING
    detail: Annotated[
        StrictStr | MISSING, Field(description='What is wrong, for people.')
    ] = MISSING


class WebhookEventType(StrEnum):
    video_completed = 'video.completed'
    video_failed = 'video.failed'
    video_deleted = 'video.deleted'


class Webhook(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[StrictStr, Field(description='The id of the endpoint.')]
    url: Annotated[
        StrictStr | MISSING,
        Field(
            description='Where its events are sent. Absent on the one for jobs that name their own `webhook_url`.'
        ),
    ] = MISSING
    events: Annotated[list[WebhookEventType], Field(description='What it is told of.')]
    description: Annotated[
        StrictStr | MISSING, Field(description='A note for people.')
    ] = MISSING
    enabled: Annotated[StrictBool, Field(description='Whether anything is sent to it.')]
    disabled_reason: Annotated[
        StrictStr | MISSING,
        Field(
            description='Why the gateway disabled it, for people. Absent where a caller did.'
        ),
    ] = MISSING
    created_at: Annotated[
        int, Field(description='When it was registered, in Unix seconds.')
    ]
    updated_at: Annotated[
        int, Field(description='When it was changed last, in Unix seconds.')
    ]


class WebhookListResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    webhooks: Annotated[
        list[Webhook], Field(description='The endpoints, oldest first.')
    ]
    count: Annotated[int, Field(description='How many there are.')]


class WebhookResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[StrictStr, Field(description='What was done, for people.')]
    webhook: Webhook


class WebhookSecretResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[StrictStr, Field(description='What was done, for people.')]
    webhook: Webhook
    secret: Annotated[
        StrictStr,
        Field(
            description='What verifies the signatures, `whsec_` and 32 bytes in base64. It is never shown again.'
        ),
    ]


class WebhookDeleteResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[StrictStr, Field(description='What was done, for people.')]


class WebhookDeliveryStatus(StrEnum):
    pending = 'pending'
    delivered = 'delivered'
    failed = 'failed'
    cancelled = 'cancelled'


class WebhookAttempt(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    at: Annotated[int, Field(description='When it began, in Unix seconds.')]
    status_code: Annotated[
        int | MISSING, Field(description='The HTTP status the receiver answered.')
    ] = MISSING
    error: Annotated[
        StrictStr | MISSING, Field(description='Why there was no answer, for people.')
    ] = MISSING
    milliseconds: Annotated[int, Field(description='How long it took.')]


class VideoEventData(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[StrictStr, Field(description="The gateway's id of the job.")]
    object: Annotated[Literal['video'], Field(description='Always `video`.')]
    model: Annotated[
        StrictStr,
        Field(description='The model that made the video, as `provider/model`.'),
    ]
    status: VideoStatus
    created_at: Annotated[
        int, Field(description='When the job was created, in Unix seconds.')
    ]
    completed_at: Annotated[
        int | MISSING, Field(description='When the job ended, in Unix seconds.')
    ] = MISSING
    error: VideoError | MISSING = MISSING
    url: Annotated[
        StrictStr,
        Field(
            description='The job. It takes a credential; after `video.deleted` it is a 404.'
        ),
    ]
    content_url: Annotated[
        StrictStr | MISSING,
        Field(
            description='Where to download the file, with a credential. Present with `video.completed`.'
        ),
    ] = MISSING


class WebhookTestData(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    webhook_id: Annotated[StrictStr, Field(description='The endpoint.')]


class DeclaredBy(StrEnum):
    file = 'file'
    api = 'api'


class ProviderKey(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    value: Annotated[
        StrictStr | MISSING,
        Field(
            description='The key itself, a secret; a server that asks for no key needs none.',
            examples=['env.RUNWAY_KEY'],
            max_length=8192,
            min_length=1,
            pattern='^[ -~]+$',
        ),
    ] = MISSING
    models: Annotated[
        list[ModelName],
        Field(
            description='The models it may be used for; `*`, which is the default, is all, an empty list none.'
        ),
    ]
    blacklisted_models: Annotated[
        list[ModelName],
        Field(description='The models it may not be used for. It wins over `models`.'),
    ]
    weight: Annotated[
        StrictFloat,
        Field(
            description='How often it is drawn, relative to the others; 1 unless it says so.',
            ge=0.0,
            le=1000000000.0,
        ),
    ]
    enabled: Annotated[
        StrictBool,
        Field(
            description='Whether it makes new videos. The jobs it has made are followed and served either way.'
        ),
    ]
    azure_key_config: AzureKeyConfig | MISSING = MISSING
    vertex_key_config: VertexKeyConfig | MISSING = MISSING
    replicate_key_config: ReplicateKeyConfig | MISSING = MISSING
    vllm_key_config: ServerKeyConfig | MISSING = MISSING
    sgl_key_config: ServerKeyConfig | MISSING = MISSING
    id: Annotated[
        StrictStr,
        Field(
            description='The id of the key; for one of the configuration file its `id` there, or else its name.'
        ),
    ]
    name: Annotated[StrictStr, Field(description='Its name within the provider.')]
    source: DeclaredBy
    created_at: Annotated[
        int | MISSING,
        Field(
            description='When it was added (Unix time). Absent for what the configuration file declares.'
        ),
    ] = MISSING
    updated_at: Annotated[
        int | MISSING, Field(description='When it was last changed (Unix time).')
    ] = MISSING


class Provider(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    network_config: NetworkConfig
    proxy_config: ProxyConfig
    concurrency_and_buffer_size: ConcurrencyConfig
    send_back_raw_request: Annotated[
        StrictBool | MISSING,
        Field(description='Whether every answer to a create shows what was sent.'),
    ] = MISSING
    send_back_raw_response: Annotated[
        StrictBool | MISSING, Field(description='The same for what came back.')
    ] = MISSING
    send_back_provider_url: Annotated[
        StrictBool | MISSING,
        Field(
            description='Whether a completed job shows where the provider had its file.'
        ),
    ] = MISSING
    custom_provider_config: CustomProviderConfig | MISSING = MISSING
    name: Annotated[StrictStr, Field(description='Its name.')]
    source: DeclaredBy
    keys: Annotated[
        list[ProviderKey],
        Field(description='Its keys, those of the configuration file first.'),
    ]
    created_at: Annotated[
        int | MISSING,
        Field(
            description='When it was added (Unix time). Absent for what the configuration file declares.'
        ),
    ] = MISSING
    updated_at: Annotated[
        int | MISSING, Field(description='When it was last changed (Unix time).')
    ] = MISSING


class ProviderListResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    providers: Annotated[list[Provider], Field(description='The providers, by name.')]
    total: Annotated[int, Field(description='How many there are.')]


class ProviderResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[StrictStr, Field(description='What was done, for people.')]
    provider: Provider


class ProviderKeyListResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    keys: Annotated[
        list[ProviderKey],
        Field(description='The keys, those of the configuration file first.'),
    ]
    total: Annotated[int, Field(description='How many there are.')]


class ProviderKeyResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[StrictStr, Field(description='What was done, for people.')]
    key: ProviderKey


class ProviderDeleteResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[StrictStr, Field(description='What was done, for people.')]


class Key(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    provider: Annotated[StrictStr, Field(description='Its provider.')]
    id: Annotated[
        StrictStr,
        Field(
            description='The id of the key; for one of the configuration file its `id` there, or else its name.'
        ),
    ]
    name: Annotated[StrictStr, Field(description='Its name within the provider.')]
    source: DeclaredBy
    models: Annotated[
        list[ModelName], Field(description='The models it may be used for.')
    ]
    blacklisted_models: Annotated[
        list[ModelName], Field(description='The models it may not be used for.')
    ]
    weight: Annotated[
        StrictFloat, Field(description='How often it is drawn, relative to the others.')
    ]
    enabled: Annotated[StrictBool, Field(description='Whether it makes new videos.')]


class KeyListResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    keys: Annotated[list[Key], Field(description='The keys, by provider.')]
    total: Annotated[int, Field(description='How many there are.')]


class ServedModel(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    name: Annotated[StrictStr, Field(description='The model, without its provider.')]
    provider: Annotated[StrictStr, Field(description='The provider.')]
    keys: Annotated[
        list[StrictStr], Field(description='The ids of the keys that can serve it.')
    ]


class ServedModelListResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    models: Annotated[
        list[ServedModel], Field(description='The models, by provider and name.')
    ]
    total: Annotated[int, Field(description='How many there are.')]


class UnpricedModels1(StrEnum):
    admit = 'admit'
    refuse = 'refuse'


class ClientOptions(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    allow_per_request_raw_override: Annotated[
        StrictBool | MISSING,
        Field(
            description='Whether a request may ask to see what was said to and by the provider.'
        ),
    ] = MISSING
    disable_content_logging: Annotated[
        StrictBool | MISSING,
        Field(
            description='Whether prompts and the like are kept out of the log of requests.'
        ),
    ] = MISSING
    unpriced_models: Annotated[
        UnpricedModels1 | MISSING,
        Field(
            description='Whether a model whose price is not known may be used, `admit`, or not, `refuse`.'
        ),
    ] = MISSING


class DeclaredOptions(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    file: Annotated[
        ClientOptions,
        Field(description='What the configuration file says, or the default.'),
    ]
    api: Annotated[
        ClientOptions, Field(description='What was set by this API, which wins.')
    ]


class Config(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    client: Annotated[ClientOptions, Field(description='What is in force.')]
    declared: DeclaredOptions


class ConfigResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[StrictStr, Field(description='What was done, for people.')]
    config: Config


class Version(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    version: Annotated[StrictStr, Field(description='The version of the gateway.')]
    document: Annotated[
        StrictStr,
        Field(
            description='The version of the document, `info.version` of openapi.yaml.'
        ),
    ]
    python: Annotated[StrictStr, Field(description='The version of Python.')]


class ErrorField(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    type: Annotated[
        StrictStr,
        Field(
            description='The class of the error, for example `invalid_request_error`.'
        ),
    ]
    code: Annotated[
        StrictStr, Field(description='What went wrong, for programs. Codes are stable.')
    ]
    message: Annotated[
        StrictStr, Field(description='What went wrong and what to do, for people.')
    ]
    param: Annotated[
        StrictStr | MISSING,
        Field(description='The parameter at fault, where there is one.'),
    ] = MISSING
    event_id: Annotated[
        StrictStr | MISSING, Field(description='The same as the outer `event_id`.')
    ] = MISSING


class Problem(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    type: Annotated[
        StrictStr,
        Field(
            description='Identifies the kind of problem; `about:blank` when the status says it all.'
        ),
    ]
    title: Annotated[StrictStr, Field(description='The kind of problem, for people.')]
    status: Annotated[int, Field(description='The HTTP status of this answer.')]
    detail: Annotated[StrictStr, Field(description='What went wrong and what to do.')]
    instance: Annotated[
        StrictStr,
        Field(description="The request's id as `urn:reelgate:event:{event_id}`."),
    ]
    code: Annotated[StrictStr, Field(description='The same as `error.code`.')]
    param: Annotated[
        StrictStr | MISSING,
        Field(description='The parameter at fault, where there is one.'),
    ] = MISSING


class ModelProvider(StrEnum):
    openai = 'openai'
    azure = 'azure'
    anthropic = 'anthropic'
    bedrock = 'bedrock'
    cohere = 'cohere'
    vertex = 'vertex'
    vllm = 'vllm'
    mistral = 'mistral'
    ollama = 'ollama'
    groq = 'groq'
    sgl = 'sgl'
    parasail = 'parasail'
    perplexity = 'perplexity'
    replicate = 'replicate'
    cerebras = 'cerebras'
    gemini = 'gemini'
    openrouter = 'openrouter'
    elevenlabs = 'elevenlabs'
    huggingface = 'huggingface'
    nebius = 'nebius'
    xai = 'xai'
    runway = 'runway'
    fireworks = 'fireworks'


class Fallback(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    provider: Annotated[
        StrictStr,
        Field(
            description='A provider of `ModelProvider`, or the name of a custom provider.',
            examples=['runway', 'openai'],
            pattern='^[a-z0-9][a-z0-9_-]{0,63}$',
        ),
    ]
    model: Annotated[
        StrictStr,
        Field(
            description="The provider's own name of the model.",
            examples=['gen4.5'],
            max_length=192,
            min_length=1,
            pattern='^[!-~]+$',
        ),
    ]


class VideoRemixRequest(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        validate_by_name=True,
    )
    prompt: Annotated[
        StrictStr,
        Field(
            description='What should be different.',
            examples=['The same scene, in falling snow'],
            max_length=32000,
            min_length=1,
        ),
    ]
    metadata: Metadata | MISSING = MISSING
    webhook_url: Annotated[
        StrictStr | MISSING,
        Field(
            description="Where to tell that this job has ended, beside the endpoints of `/api/webhooks`. It is signed with the secret of the\ncaller's endpoint that has no `url`, and never handed to the provider.\n",
            examples=['https://studio.example/hooks/reelgate'],
            max_length=2048,
            pattern='^https?://[!-~]+$',
        ),
    ] = MISSING


class WebhookCreateRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    url: Annotated[
        StrictStr | MISSING,
        Field(
            description='An `https:` URL on the public internet, without user name and password. Where `REELGATE_WEBHOOK_PRIVATE` is set it may\nbe an `http:` URL, and lead into a private network.\n',
            examples=['https://studio.example/hooks/reelgate'],
            max_length=2048,
            pattern='^https?://[!-~]+$',
        ),
    ] = MISSING
    events: Annotated[
        list[WebhookEventType] | MISSING,
        Field(
            description='What the endpoint is told of; everything unless it says so.',
            min_length=1,
        ),
    ] = MISSING
    description: Annotated[
        StrictStr | MISSING,
        Field(
            description='A note for people, one line.',
            max_length=256,
            pattern='^[^\\x00-\\x1f\\x7f]*$',
        ),
    ] = MISSING
    enabled: Annotated[
        StrictBool, Field(description='Whether anything is sent to it.')
    ] = True


class WebhookUpdateRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    url: Annotated[
        StrictStr | MISSING,
        Field(
            description='An `https:` URL on the public internet, without user name and password. Where `REELGATE_WEBHOOK_PRIVATE` is set it may\nbe an `http:` URL, and lead into a private network.\n',
            examples=['https://studio.example/hooks/reelgate'],
            max_length=2048,
            pattern='^https?://[!-~]+$',
        ),
    ] = MISSING
    events: Annotated[
        list[WebhookEventType] | MISSING,
        Field(
            description='What the endpoint is told of; everything unless it says so.',
            min_length=1,
        ),
    ] = MISSING
    description: Annotated[
        StrictStr | MISSING,
        Field(
            description='A note for people, one line.',
            max_length=256,
            pattern='^[^\\x00-\\x1f\\x7f]*$',
        ),
    ] = MISSING
    enabled: Annotated[
        StrictBool | MISSING, Field(description='Whether anything is sent to it.')
    ] = MISSING


class ConfigUpdateRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    client: ClientOptionsChange | MISSING = MISSING


class VideoOutput(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    type: VideoOutputType
    url: Annotated[
        StrictStr | MISSING,
        Field(
            description='Where to download the file. It takes the same credential as every other operation.'
        ),
    ] = MISSING
    base64: Annotated[
        StrictStr | MISSING,
        Field(
            description='The file itself, base64. reelgate always answers with a `url`.'
        ),
    ] = MISSING
    content_type: Annotated[
        StrictStr | MISSING,
        Field(
            description='The media type of the file, as its bytes have it, for example `video/mp4`.'
        ),
    ] = MISSING
    provider_url: Annotated[
        StrictStr | MISSING,
        Field(
            description="Where the provider had the file when the job was completed, if the configuration shows that\n(`send_back_provider_url`). It may need the provider's key, or expire within the hour.\n"
        ),
    ] = MISSING


class Attempt(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    provider: Annotated[
        StrictStr,
        Field(
            description='A provider of `ModelProvider`, or the name of a custom provider.',
            examples=['runway', 'openai'],
            pattern='^[a-z0-9][a-z0-9_-]{0,63}$',
        ),
    ]
    model: Annotated[
        StrictStr,
        Field(description='The model that was asked for, without its provider.'),
    ]
    key: Annotated[
        StrictStr | MISSING,
        Field(
            description='The name (never the value) of the provider key that was used.'
        ),
    ] = MISSING
    outcome: Annotated[
        StrictStr,
        Field(
            description='`accepted`, `not_sent`, `refused`, `rate_limited`, `unauthorized`, `failed` or `unknown`; `adopted`, for a job that was\nfound at the provider after its outcome had been unknown; `job_failed`, for one that the provider had accepted,\nwith `failover: job`.\n'
        ),
    ]
    status_code: Annotated[
        int | MISSING,
        Field(description='The HTTP status the provider answered, if it answered.'),
    ] = MISSING
    latency: Annotated[
        int | MISSING, Field(description='Milliseconds this try took.')
    ] = MISSING
    error: Annotated[
        StrictStr | MISSING, Field(description='What went wrong, for people.')
    ] = MISSING
    provider_job_id: Annotated[
        StrictStr | MISSING,
        Field(
            description="The provider's own id of a job that failed after it was accepted."
        ),
    ] = MISSING


class ModelCapabilities(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    operations: Annotated[
        list[ModelOperation], Field(description='What can be done with its jobs.')
    ]
    inputs: Annotated[
        list[ModelInput], Field(description='What a video can be made from.')
    ]
    seconds: Annotated[
        list[StrictStr] | MISSING,
        Field(description='The lengths that can be asked for, in seconds.'),
    ] = MISSING
    sizes: Annotated[
        list[StrictStr] | MISSING,
        Field(description='The sizes that can be asked for, as width x height.'),
    ] = MISSING
    default_seconds: Annotated[
        StrictStr | MISSING,
        Field(
            description="The length when the request names none. Absent means the provider's own default."
        ),
    ] = MISSING
    default_size: Annotated[
        StrictStr | MISSING,
        Field(
            description="The size when the request names none. Absent means the provider's own default."
        ),
    ] = MISSING
    audio: Annotated[StrictBool, Field(description='Whether `audio` can be chosen.')]
    seed: Annotated[StrictBool, Field(description='Whether `seed` is taken.')]
    negative_prompt: Annotated[
        StrictBool, Field(description='Whether `negative_prompt` is taken.')
    ]


class Health(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    status: HealthStatus
    version: Annotated[StrictStr, Field(description='The version of reelgate.')]
    sandbox: Annotated[
        StrictBool,
        Field(
            description='True when emulators serve every request: no provider is configured, or `REELGATE_SANDBOX` is set. Nothing is paid.\n'
        ),
    ]
    dependencies: Annotated[
        list[Dependency], Field(description='What the gateway needs.')
    ]


class WebhookDelivery(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[
        StrictStr,
        Field(
            description='The id of the message, which its receiver sees as `webhook-id`.'
        ),
    ]
    webhook_id: Annotated[StrictStr, Field(description='The endpoint.')]
    event: Annotated[
        StrictStr,
        Field(description='What it tells, a `WebhookEventType` or `webhook.test`.'),
    ]
    video_id: Annotated[
        StrictStr | MISSING, Field(description='The job it tells of. Absent on a test.')
    ] = MISSING
    url: Annotated[StrictStr, Field(description='Where it is sent.')]
    status: WebhookDeliveryStatus
    attempts: Annotated[
        list[WebhookAttempt], Field(description='Every attempt, in order.')
    ]
    next_attempt_at: Annotated[
        int | MISSING,
        Field(
            description='When it will be tried, in Unix seconds. Present while it is `pending`.'
        ),
    ] = MISSING
    created_at: Annotated[
        int, Field(description='When the event happened, in Unix seconds.')
    ]


class WebhookDeliveryResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[StrictStr, Field(description='What was done, for people.')]
    delivery: WebhookDelivery


class WebhookDeliveryListResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    deliveries: Annotated[
        list[WebhookDelivery], Field(description='The deliveries of this page.')
    ]
    first_id: Annotated[
        StrictStr | MISSING,
        Field(
            description='The id of the first delivery of the page. Absent when the page is empty.'
        ),
    ] = MISSING
    last_id: Annotated[
        StrictStr | MISSING,
        Field(
            description='The id of the last delivery of the page, to be sent as `after`. Absent when the page is empty.'
        ),
    ] = MISSING
    has_more: Annotated[
        StrictBool, Field(description='Whether there are deliveries after this page.')
    ]


class VideoEvent(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    type: WebhookEventType
    timestamp: Annotated[
        AwareDatetime, Field(description='When it happened (RFC 3339).')
    ]
    data: VideoEventData


class WebhookTestEvent(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    type: Annotated[
        Literal['webhook.test'], Field(description='Always `webhook.test`.')
    ]
    timestamp: Annotated[
        AwareDatetime, Field(description='When it was asked for (RFC 3339).')
    ]
    data: WebhookTestData


class BifrostErrorExtraFields(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    provider: Annotated[
        StrictStr | MISSING,
        Field(
            description='A provider of `ModelProvider`, or the name of a custom provider.',
            examples=['runway', 'openai'],
            pattern='^[a-z0-9][a-z0-9_-]{0,63}$',
        ),
    ] = MISSING
    model_requested: Annotated[
        StrictStr | MISSING, Field(description='The model that was asked for.')
    ] = MISSING
    request_type: Annotated[
        StrictStr | MISSING,
        Field(description='The kind of request, for example `video_generation`.'),
    ] = MISSING
    video_id: Annotated[
        StrictStr | MISSING,
        Field(description='The job this is about, when one was recorded.'),
    ] = MISSING
    attempts: Annotated[
        list[Attempt] | MISSING,
        Field(description='Every try to place the job, in order.'),
    ] = MISSING


class VideoGenerationRequest(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        validate_by_name=True,
    )
    model: Annotated[
        StrictStr,
        Field(
            description="A model as `provider/model`, for example `runway/gen4.5`. Everything after the first slash is the provider's own\nname of the model and may contain slashes.\n",
            max_length=256,
            min_length=3,
            pattern='^[a-z0-9][a-z0-9_-]{0,63}/[!-~]+$',
        ),
    ]
    prompt: Annotated[
        StrictStr,
        Field(
            description='What the video should show.',
            examples=['A paper boat drifts down a rain gutter at dusk'],
            max_length=32000,
            min_length=1,
        ),
    ]
    input_reference: Annotated[
        StrictStr | MISSING,
        Field(
            description="The first frame of the video, as a base64 data URL (PNG, JPEG or WebP) or as an `https:` URL. Its bytes say\nof which type it is. It has at most 50 megapixels, and 16384 pixels on a side.\n\nWhere the provider fetches URLs, the URL is passed on. Where it does not (OpenAI's dialect, Azure, vLLM, SGLang, Gemini,\nVertex AI), and wherever `input_fit` is given, the gateway fetches the image, from the public internet only, within 30\nseconds and at most as large as a request may be. Of a type that the model does not take, it becomes a JPEG or PNG.\n",
            pattern='^(data:image/(png|jpeg|webp);base64,[A-Za-z0-9+/]*={0,2}|https?://[!-~]+)$',
        ),
    ] = MISSING
    input_fit: InputFit | MISSING = MISSING
    seconds: Annotated[
        SecondsText | SecondsInteger | MISSING,
        Field(
            description='The length of the video in whole seconds, as a string (`"4"`) or an integer. Answers carry a string.',
            examples=['4'],
        ),
    ] = MISSING
    size: Annotated[
        StrictStr | MISSING,
        Field(
            description='Width x height in pixels, for example `1280x720`.',
            examples=['1280x720'],
            pattern='^[1-9][0-9]{1,4}x[1-9][0-9]{1,4}$',
        ),
    ] = MISSING
    negative_prompt: Annotated[
        StrictStr | MISSING,
        Field(
            description='What the video should not show.',
            max_length=32000,
            min_length=1,
        ),
    ] = MISSING
    seed: Annotated[
        int | MISSING,
        Field(
            description='The seed of reproducible generation. Providers take smaller ranges; `GET /v1/models` tells which models take one.',
            examples=[7],
            ge=0,
            le=9007199254740991,
        ),
    ] = MISSING
    video_uri: Annotated[
        StrictStr | MISSING,
        Field(
            description='The source of video-to-video, a URI the provider can read (`https:`, `gs:`, `runway:` and so on).',
            max_length=8192,
            min_length=3,
            pattern='^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$',
        ),
    ] = MISSING
    audio: Annotated[
        StrictBool | MISSING,
        Field(
            description='Whether to make sound too, for models where this can be chosen.'
        ),
    ] = MISSING
    fallbacks: Annotated[
        list[Fallback | ModelId] | MISSING,
        Field(
            description='Targets to try in this order when the first one cannot take the job. A job is created at one of them at most.',
            max_length=10,
        ),
    ] = MISSING
    failover: Failover | MISSING = MISSING
    metadata: Metadata | MISSING = MISSING
    webhook_url: Annotated[
        StrictStr | MISSING,
        Field(
            description="Where to tell that this job has ended, beside the endpoints of `/api/webhooks`. It is signed with the secret of the\ncaller's endpoint that has no `url`, and never handed to the provider.\n",
            examples=['https://studio.example/hooks/reelgate'],
            max_length=2048,
            pattern='^https?://[!-~]+$',
        ),
    ] = MISSING


class VideoGenerationForm(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        validate_by_name=True,
    )
    model: Annotated[
        StrictStr,
        Field(
            description="A model as `provider/model`, for example `runway/gen4.5`. Everything after the first slash is the provider's own\nname of the model and may contain slashes.\n",
            max_length=256,
            min_length=3,
            pattern='^[a-z0-9][a-z0-9_-]{0,63}/[!-~]+$',
        ),
    ]
    prompt: Annotated[
        StrictStr,
        Field(
            description='What the video should show.', max_length=32000, min_length=1
        ),
    ]
    input_reference: Annotated[
        StrictBytes | MISSING,
        Field(
            description='The first frame as a file part (PNG, JPEG or WebP), or the text forms of `ImageReference`.'
        ),
    ] = MISSING
    input_fit: InputFit | MISSING = MISSING
    seconds: Annotated[
        SecondsText | SecondsInteger | MISSING,
        Field(
            description='The length of the video in whole seconds, as a string (`"4"`) or an integer. Answers carry a string.',
            examples=['4'],
        ),
    ] = MISSING
    size: Annotated[
        StrictStr | MISSING,
        Field(
            description='Width x height in pixels, for example `1280x720`.',
            examples=['1280x720'],
            pattern='^[1-9][0-9]{1,4}x[1-9][0-9]{1,4}$',
        ),
    ] = MISSING
    negative_prompt: Annotated[
        StrictStr | MISSING,
        Field(
            description='What the video should not show.',
            max_length=32000,
            min_length=1,
        ),
    ] = MISSING
    seed: Annotated[
        int | MISSING,
        Field(
            description='The seed of reproducible generation. Providers take smaller ranges; `GET /v1/models` tells which models take one.',
            examples=[7],
            ge=0,
            le=9007199254740991,
        ),
    ] = MISSING
    video_uri: Annotated[
        StrictStr | MISSING,
        Field(
            description='The source of video-to-video, a URI the provider can read.',
            max_length=8192,
            min_length=3,
            pattern='^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$',
        ),
    ] = MISSING
    audio: Annotated[
        StrictBool | MISSING, Field(description='Whether to make sound too.')
    ] = MISSING
    fallbacks: Annotated[
        list[ModelId] | MISSING,
        Field(
            description='Targets to try in this order, each as a part of its own.',
            max_length=10,
        ),
    ] = MISSING
    failover: Failover | MISSING = MISSING
    metadata: Metadata | MISSING = MISSING
    webhook_url: Annotated[
        StrictStr | MISSING,
        Field(
            description="Where to tell that this job has ended, beside the endpoints of `/api/webhooks`. It is signed with the secret of the\ncaller's endpoint that has no `url`, and never handed to the provider.\n",
            examples=['https://studio.example/hooks/reelgate'],
            max_length=2048,
            pattern='^https?://[!-~]+$',
        ),
    ] = MISSING


class BifrostResponseExtraFields(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    request_type: Annotated[
        StrictStr | MISSING,
        Field(
            description='`video_generation`, `video_retrieve`, `video_list`, `video_delete` or `video_remix`.'
        ),
    ] = MISSING
    provider: Annotated[
        StrictStr | MISSING,
        Field(
            description='A provider of `ModelProvider`, or the name of a custom provider.',
            examples=['runway', 'openai'],
            pattern='^[a-z0-9][a-z0-9_-]{0,63}$',
        ),
    ] = MISSING
    model_requested: Annotated[
        StrictStr | MISSING,
        Field(description='The model that was asked for, without its provider.'),
    ] = MISSING
    model_deployment: Annotated[
        StrictStr | MISSING,
        Field(
            description='The name under which the provider runs it, where that differs.'
        ),
    ] = MISSING
    latency: Annotated[
        int | MISSING,
        Field(
            description='Milliseconds spent waiting for the provider in this request.'
        ),
    ] = MISSING
    chunk_index: Annotated[
        int | MISSING,
        Field(
            description='The index of a chunk of a streamed answer. Not used for videos.'
        ),
    ] = MISSING
    raw_request: Annotated[
        dict[str, Any] | MISSING,
        Field(
            description='The request as it was sent to the provider, when that was asked for and is allowed.'
        ),
    ] = MISSING
    raw_response: Annotated[
        dict[str, Any] | MISSING,
        Field(
            description="The provider's answer, when that was asked for and is allowed."
        ),
    ] = MISSING
    cache_debug: BifrostCacheDebug | MISSING = MISSING
    provider_job_id: Annotated[
        StrictStr | MISSING, Field(description="The provider's own id of the job.")
    ] = MISSING
    provider_outcome: ProviderOutcome | MISSING = MISSING
    provider_status: Annotated[
        StrictStr | MISSING,
        Field(
            description="The provider's own word for the job's status, when it is not one the gateway knows."
        ),
    ] = MISSING
    attempts: Annotated[
        list[Attempt] | MISSING,
        Field(
            description='Every try to place the job, in order. Present on create and remix, and on jobs with more than one.'
        ),
    ] = MISSING
    sandbox: Annotated[
        StrictBool | MISSING,
        Field(
            description='True when an emulator of the sandbox served this, and nothing was generated or paid at a provider.'
        ),
    ] = MISSING


class VideoListResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    object: Annotated[Literal['list'], Field(description='Always `list`.')]
    data: Annotated[list[VideoObject], Field(description='The jobs of this page.')]
    first_id: Annotated[
        StrictStr | MISSING,
        Field(
            description='The id of the first job of the page. Absent when the page is empty.'
        ),
    ] = MISSING
    last_id: Annotated[
        StrictStr | MISSING,
        Field(
            description='The id of the last job of the page, to be sent as `after`. Absent when the page is empty.'
        ),
    ] = MISSING
    has_more: Annotated[
        StrictBool, Field(description='Whether there are jobs after this page.')
    ]
    extra_fields: BifrostResponseExtraFields | MISSING = MISSING


class VideoDeleteResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[StrictStr, Field(description='The id of the deleted job.')]
    object: Annotated[
        Literal['video.deleted'], Field(description='Always `video.deleted`.')
    ]
    deleted: Annotated[StrictBool, Field(description='Always true.')]
    extra_fields: BifrostResponseExtraFields | MISSING = MISSING


class Model(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[
        StrictStr,
        Field(description='The model as `provider/model`, to be sent as `model`.'),
    ]
    object: Annotated[Literal['model'], Field(description='Always `model`.')]
    created: Annotated[
        int,
        Field(
            description='When the facts of this entry were last confirmed, in Unix seconds.'
        ),
    ]
    owned_by: Annotated[StrictStr, Field(description='The provider.')]
    capabilities: ModelCapabilities
    pricing: Annotated[
        list[ModelPrice] | MISSING,
        Field(
            description="The provider's list price, where it is known. The first entry that fits the request applies."
        ),
    ] = MISSING


class ModelListResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    object: Annotated[Literal['list'], Field(description='Always `list`.')]
    data: Annotated[list[Model], Field(description='The models, by id.')]


class BifrostError(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    event_id: Annotated[
        StrictStr,
        Field(description="The request's id, which also stands in the server's log."),
    ]
    type: Annotated[
        StrictStr | MISSING,
        Field(description='The class of the error; the same as `error.type`.'),
    ] = MISSING
    is_bifrost_error: Annotated[
        StrictBool,
        Field(
            description='True when the gateway itself failed, false when the caller or the provider is at fault.'
        ),
    ]
    status_code: Annotated[int, Field(description='The HTTP status of this answer.')]
    error: ErrorField
    extra_fields: BifrostErrorExtraFields | MISSING = MISSING


class VideoGenerationResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[
        StrictStr,
        Field(
            description="The gateway's id of the job. It stays the same whichever provider serves it."
        ),
    ]
    object: Annotated[Literal['video'], Field(description='Always `video`.')]
    model: Annotated[
        StrictStr,
        Field(description='The model that makes the video, as `provider/model`.'),
    ]
    status: VideoStatus
    progress: Annotated[
        StrictFloat | MISSING,
        Field(
            description='Percent done, as the provider reports it. Absent where the provider reports none.',
            ge=0.0,
            le=100.0,
        ),
    ] = MISSING
    prompt: Annotated[
        StrictStr | MISSING, Field(description='The prompt as it was sent.')
    ] = MISSING
    remixed_from_video_id: Annotated[
        StrictStr | MISSING,
        Field(description='The id of the source, when this is a remix.'),
    ] = MISSING
    seconds: Annotated[
        StrictStr | MISSING,
        Field(description='The length of the video in seconds, for example `"4"`.'),
    ] = MISSING
    size: Annotated[
        StrictStr | MISSING, Field(description='Width x height in pixels.')
    ] = MISSING
    created_at: Annotated[
        int, Field(description='When the job was created, in Unix seconds.')
    ]
    completed_at: Annotated[
        int | MISSING, Field(description='When the job ended, in Unix seconds.')
    ] = MISSING
    expires_at: Annotated[
        int | MISSING,
        Field(
            description='When the file can no longer be downloaded, in Unix seconds, where that is known.'
        ),
    ] = MISSING
    error: VideoError | MISSING = MISSING
    videos: Annotated[
        list[VideoOutput] | MISSING,
        Field(description='The finished files. Present when `status` is `completed`.'),
    ] = MISSING
    content_filter: ContentFilter | MISSING = MISSING
    usage: VideoUsage | MISSING = MISSING
    metadata: Metadata | MISSING = MISSING
    extra_fields: BifrostResponseExtraFields
