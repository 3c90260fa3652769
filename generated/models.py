# Generated from openapi.yaml by `make generate`. Do not edit.

from __future__ import annotations

from datetime import date
from enum import Enum, StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    MISSING,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    SecretStr,
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
            description='Whether who has a budget may use a model without a price, `admit`, or not, `refuse`.'
        ),
    ] = MISSING


class ResourceDescription(RootModel[StrictStr]):
    root: Annotated[
        StrictStr,
        Field(
            description='A note for people, one line.',
            max_length=500,
            pattern='^[^\\x00-\\x1f\\x7f]*$',
        ),
    ]


class VirtualKeyId(RootModel[StrictStr]):
    root: Annotated[
        StrictStr,
        Field(
            description='The id of a virtual key.',
            pattern='^vk_[0-9a-hjkmnp-tv-z]{26}$',
        ),
    ]


class TeamId(RootModel[StrictStr]):
    root: Annotated[
        StrictStr,
        Field(description='The id of a team.', pattern='^team_[0-9a-hjkmnp-tv-z]{26}$'),
    ]


class CustomerId(RootModel[StrictStr]):
    root: Annotated[
        StrictStr,
        Field(
            description='The id of a customer.',
            pattern='^customer_[0-9a-hjkmnp-tv-z]{26}$',
        ),
    ]


class PricingOverrideId(RootModel[StrictStr]):
    root: Annotated[
        StrictStr,
        Field(
            description='The id of a pricing override.',
            pattern='^price_[0-9a-hjkmnp-tv-z]{26}$',
        ),
    ]


class ModelPattern(RootModel[StrictStr]):
    root: Annotated[
        StrictStr,
        Field(
            description='The name of a model, as `gen4.5` and not as `runway/gen4.5`; `*` for all; or `regex:` and a regular expression, in the syntax\nof RE2, that the whole name fits, in either case: `regex:gen4.*`.\n',
            max_length=256,
            min_length=1,
            pattern='^(\\*|regex:[!-~]+|[!-)+-~]+)$',
        ),
    ]


class KeyReference(RootModel[StrictStr]):
    root: Annotated[
        StrictStr,
        Field(
            description="The name or the id of a provider's key; `*` for all.",
            max_length=64,
            min_length=1,
            pattern='^[^\\x00-\\x1f\\x7f]+$',
        ),
    ]


class BudgetRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    id: Annotated[
        StrictStr | MISSING,
        Field(
            description='The id of a budget.', pattern='^budget_[0-9a-hjkmnp-tv-z]{26}$'
        ),
    ] = MISSING
    max_limit: Annotated[
        StrictFloat,
        Field(
            description='An amount in US dollars, a hundredth of a cent at least; it is rounded to a millionth.',
            ge=0.0001,
            le=1000000000.0,
        ),
    ]
    reset_duration: Annotated[
        StrictStr | MISSING,
        Field(
            description='After which time it begins anew: a number and `m`, `h`, `d`, `w`, `M`, `Q` or `Y`, for minutes to years, for example `1M`.\n',
            pattern='^[1-9][0-9]{0,3}[mhdwMQY]$',
        ),
    ] = MISSING
    calendar_aligned: Annotated[
        StrictBool | MISSING,
        Field(
            description='Whether it begins anew with the day, week (Monday), month, quarter or year of UTC; minutes and hours never do. What\nis used stays used when this changes. If left out, as `calendar_aligned` of its owner says.\n'
        ),
    ] = MISSING


class RateLimitRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    request_max_limit: Annotated[
        int | MISSING,
        Field(
            description='The most creates in `request_reset_duration`.',
            ge=1,
            le=1000000000,
        ),
    ] = MISSING
    request_reset_duration: Annotated[
        StrictStr | MISSING,
        Field(
            description='After which time it begins anew: a number and `m`, `h`, `d`, `w`, `M`, `Q` or `Y`, for minutes to years, for example `1M`.\n',
            pattern='^[1-9][0-9]{0,3}[mhdwMQY]$',
        ),
    ] = MISSING
    concurrent_max_limit: Annotated[
        int | MISSING,
        Field(
            description='The most jobs that have not ended at a time.', ge=1, le=1000000
        ),
    ] = MISSING
    seconds_max_limit: Annotated[
        StrictFloat | MISSING,
        Field(
            description='The most seconds of video in `seconds_reset_duration`.',
            ge=0.0001,
            le=1000000000.0,
        ),
    ] = MISSING
    seconds_reset_duration: Annotated[
        StrictStr | MISSING,
        Field(
            description='After which time it begins anew: a number and `m`, `h`, `d`, `w`, `M`, `Q` or `Y`, for minutes to years, for example `1M`.\n',
            pattern='^[1-9][0-9]{0,3}[mhdwMQY]$',
        ),
    ] = MISSING
    cost_max_limit: Annotated[
        StrictFloat | MISSING,
        Field(
            description='An amount in US dollars, a hundredth of a cent at least; it is rounded to a millionth.',
            ge=0.0001,
            le=1000000000.0,
        ),
    ] = MISSING
    cost_reset_duration: Annotated[
        StrictStr | MISSING,
        Field(
            description='After which time it begins anew: a number and `m`, `h`, `d`, `w`, `M`, `Q` or `Y`, for minutes to years, for example `1M`.\n',
            pattern='^[1-9][0-9]{0,3}[mhdwMQY]$',
        ),
    ] = MISSING
    poll_max_limit: Annotated[
        int | MISSING,
        Field(
            description='The most polls of jobs in `poll_reset_duration`.',
            ge=1,
            le=1000000000,
        ),
    ] = MISSING
    poll_reset_duration: Annotated[
        StrictStr | MISSING,
        Field(
            description='After which time it begins anew: a number and `m`, `h`, `d`, `w`, `M`, `Q` or `Y`, for minutes to years, for example `1M`.\n',
            pattern='^[1-9][0-9]{0,3}[mhdwMQY]$',
        ),
    ] = MISSING


class VirtualKeyRotateRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    keep_usage: Annotated[
        StrictBool,
        Field(
            description='Whether what is used of its budgets and limits, and of those of its providers, stays used. What is reserved stays\nreserved.\n'
        ),
    ] = True


class VirtualKeyRotateManyRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    ids: Annotated[
        list[VirtualKeyId],
        Field(description='The ids of the keys.', max_length=100, min_length=1),
    ]
    keep_usage: Annotated[
        StrictBool,
        Field(
            description='Whether what is used of its budgets and limits, and of those of its providers, stays used. What is reserved stays\nreserved.\n'
        ),
    ] = True


class BudgetOverrideForCycles(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    amount: Annotated[
        StrictFloat,
        Field(
            description='An amount in US dollars, a hundredth of a cent at least; it is rounded to a millionth.',
            ge=0.0001,
            le=1000000000.0,
        ),
    ]
    mode: Annotated[Literal['cycles'], Field(description='Always `cycles`.')]
    cycles: Annotated[
        int,
        Field(description='For how many windows, this one included.', ge=1, le=1000),
    ]


class BudgetOverrideForever(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    amount: Annotated[
        StrictFloat,
        Field(
            description='An amount in US dollars, a hundredth of a cent at least; it is rounded to a millionth.',
            ge=0.0001,
            le=1000000000.0,
        ),
    ]
    mode: Annotated[Literal['forever'], Field(description='Always `forever`.')]


class TeamCreateRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    name: Annotated[
        StrictStr,
        Field(
            description='A name, one line, which no other of its kind has.',
            max_length=100,
            min_length=1,
            pattern='^[^\\x00-\\x1f\\x7f]+$',
        ),
    ]
    customer_id: Annotated[
        CustomerId | None | MISSING,
        Field(description='The customer it is of, or `null`.'),
    ] = MISSING
    budgets: Annotated[
        list[BudgetRequest] | MISSING,
        Field(
            description='How much may be spent: several budgets with a `reset_duration` each, one of them without one, which is never reset.\n',
            max_length=20,
        ),
    ] = MISSING
    calendar_aligned: Annotated[
        StrictBool | MISSING,
        Field(
            description='What `calendar_aligned` is for all budgets that do not say it themselves.'
        ),
    ] = MISSING
    rate_limit: Annotated[
        RateLimitRequest | None | MISSING,
        Field(description='How much may be done; `null` for no limit.'),
    ] = MISSING


class TeamUpdateRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    name: Annotated[
        StrictStr | MISSING,
        Field(
            description='A name, one line, which no other of its kind has.',
            max_length=100,
            min_length=1,
            pattern='^[^\\x00-\\x1f\\x7f]+$',
        ),
    ] = MISSING
    customer_id: Annotated[
        CustomerId | None | MISSING,
        Field(description='The customer it is of, or `null`.'),
    ] = MISSING
    budgets: Annotated[
        list[BudgetRequest] | MISSING,
        Field(
            description='How much may be spent: several budgets with a `reset_duration` each, one of them without one, which is never reset.\n',
            max_length=20,
        ),
    ] = MISSING
    calendar_aligned: Annotated[
        StrictBool | MISSING,
        Field(
            description='What `calendar_aligned` is for all budgets that do not say it themselves.'
        ),
    ] = MISSING
    rate_limit: Annotated[
        RateLimitRequest | None | MISSING,
        Field(description='How much may be done; `null` for no limit.'),
    ] = MISSING
    reset_budget_usage: Annotated[
        StrictBool,
        Field(
            description='Whether to forget what is used of its budgets in this window. What is reserved stays reserved.'
        ),
    ] = False


class CustomerCreateRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    name: Annotated[
        StrictStr,
        Field(
            description='A name, one line, which no other of its kind has.',
            max_length=100,
            min_length=1,
            pattern='^[^\\x00-\\x1f\\x7f]+$',
        ),
    ]
    budgets: Annotated[
        list[BudgetRequest] | MISSING,
        Field(
            description='How much may be spent: several budgets with a `reset_duration` each, one of them without one, which is never reset.\n',
            max_length=20,
        ),
    ] = MISSING
    calendar_aligned: Annotated[
        StrictBool | MISSING,
        Field(
            description='What `calendar_aligned` is for all budgets that do not say it themselves.'
        ),
    ] = MISSING
    rate_limit: Annotated[
        RateLimitRequest | None | MISSING,
        Field(description='How much may be done; `null` for no limit.'),
    ] = MISSING


class CustomerUpdateRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    name: Annotated[
        StrictStr | MISSING,
        Field(
            description='A name, one line, which no other of its kind has.',
            max_length=100,
            min_length=1,
            pattern='^[^\\x00-\\x1f\\x7f]+$',
        ),
    ] = MISSING
    budgets: Annotated[
        list[BudgetRequest] | MISSING,
        Field(
            description='How much may be spent: several budgets with a `reset_duration` each, one of them without one, which is never reset.\n',
            max_length=20,
        ),
    ] = MISSING
    calendar_aligned: Annotated[
        StrictBool | MISSING,
        Field(
            description='What `calendar_aligned` is for all budgets that do not say it themselves.'
        ),
    ] = MISSING
    rate_limit: Annotated[
        RateLimitRequest | None | MISSING,
        Field(description='How much may be done; `null` for no limit.'),
    ] = MISSING
    reset_budget_usage: Annotated[
        StrictBool,
        Field(
            description='Whether to forget what is used of its budgets in this window. What is reserved stays reserved.'
        ),
    ] = False


class LimitsRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    budgets: Annotated[
        list[BudgetRequest] | MISSING,
        Field(
            description='How much may be spent: several budgets with a `reset_duration` each, one of them without one, which is never reset.\n',
            max_length=20,
        ),
    ] = MISSING
    rate_limit: Annotated[
        RateLimitRequest | None | MISSING,
        Field(description='How much may be done; `null` for no limit.'),
    ] = MISSING


class ProviderLimitsUpdateRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    budgets: Annotated[
        list[BudgetRequest] | MISSING,
        Field(
            description='How much may be spent: several budgets with a `reset_duration` each, one of them without one, which is never reset.\n',
            max_length=20,
        ),
    ] = MISSING
    rate_limit: Annotated[
        RateLimitRequest | None | MISSING,
        Field(description='How much may be done; `null` for no limit.'),
    ] = MISSING
    keys: Annotated[
        dict[Annotated[str, StringConstraints(pattern=r'^[^\x00-\x1f\x7f]{1,64}$', strict=True)], LimitsRequest] | MISSING,
        Field(description="The limits of its keys, by the key's name.", max_length=100),
    ] = MISSING


class PricingScope(StrEnum):
    global_ = 'global'
    provider = 'provider'
    provider_key = 'provider_key'
    virtual_key = 'virtual_key'
    virtual_key_provider = 'virtual_key_provider'


class PricingMatch(StrEnum):
    exact = 'exact'
    wildcard = 'wildcard'


class PricingRequestType(StrEnum):
    video_generation = 'video_generation'
    video_remix = 'video_remix'


class PricingPatch(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    usd_per_second: Annotated[
        StrictFloat | MISSING,
        Field(description='A price in US dollars.', ge=0.0, le=1000000.0),
    ] = MISSING
    usd_per_video: Annotated[
        StrictFloat | MISSING,
        Field(description='A price in US dollars.', ge=0.0, le=1000000.0),
    ] = MISSING
    cost_per_request: Annotated[
        StrictFloat | MISSING,
        Field(description='A price in US dollars.', ge=0.0, le=1000000.0),
    ] = MISSING
    output_cost_per_video_per_second: Annotated[
        StrictFloat | MISSING,
        Field(description='A price in US dollars.', ge=0.0, le=1000000.0),
    ] = MISSING
    output_cost_per_video_per_second_480p: Annotated[
        StrictFloat | MISSING,
        Field(description='A price in US dollars.', ge=0.0, le=1000000.0),
    ] = MISSING
    output_cost_per_video_per_second_720p: Annotated[
        StrictFloat | MISSING,
        Field(description='A price in US dollars.', ge=0.0, le=1000000.0),
    ] = MISSING
    output_cost_per_video_per_second_1024p: Annotated[
        StrictFloat | MISSING,
        Field(description='A price in US dollars.', ge=0.0, le=1000000.0),
    ] = MISSING
    output_cost_per_video_per_second_1080p: Annotated[
        StrictFloat | MISSING,
        Field(description='A price in US dollars.', ge=0.0, le=1000000.0),
    ] = MISSING
    output_cost_per_video_per_second_4k: Annotated[
        StrictFloat | MISSING,
        Field(description='A price in US dollars.', ge=0.0, le=1000000.0),
    ] = MISSING
    resolution: Annotated[
        StrictStr | MISSING,
        Field(
            description='Which resolution `usd_per_second` and `usd_per_video` are for. If left out, all.',
            pattern='^([1-9][0-9]{2,3}p|4k)$',
        ),
    ] = MISSING
    audio: Annotated[
        StrictBool | MISSING,
        Field(
            description='Whether `usd_per_second` and `usd_per_video` are for videos with sound, or without. If left out, for both.'
        ),
    ] = MISSING


class SessionLoginRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    username: Annotated[
        StrictStr, Field(description='The name of the admin.', max_length=256)
    ]
    password: Annotated[
        SecretStr, Field(description='The password of the admin.', max_length=1024)
    ]


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
        StrictFloat | MISSING,
        Field(
            description="What the job has cost, with all targets that it was placed with: the provider's own figure, or else its price. Absent\nwhile the job is not over, and where neither is known.\n"
        ),
    ] = MISSING
    estimated_cost: Annotated[
        StrictFloat | MISSING,
        Field(
            description='The most that the job was expected to cost when it was placed, which is held in every budget that it touches until\nthe job is over. Absent where no price is known.\n'
        ),
    ] = MISSING
    currency: Annotated[
        Literal['USD'] | MISSING, Field(description='The currency of both.')
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


class PriceConfidence(StrEnum):
    confirmed = 'confirmed'
    unconfirmed = 'unconfirmed'


class TokenPrices(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    input: Annotated[StrictFloat, Field(description='What is read.', ge=0.0)]
    text: Annotated[StrictFloat, Field(description='Text that is written.', ge=0.0)]
    video: Annotated[StrictFloat, Field(description='Video that is made.', ge=0.0)]


class HealthStatus(StrEnum):
    ok = 'ok'
    degraded = 'degraded'
    unavailable = 'unavailable'


class Dependency(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    name: Annotated[
        StrictStr,
        Field(description='`database`, `notifications`, `providers` or `worker`.'),
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


class MeterScope(StrEnum):
    virtual_key = 'virtual_key'
    provider_config = 'provider_config'
    team = 'team'
    customer = 'customer'
    provider = 'provider'
    provider_key = 'provider_key'


class Source(StrEnum):
    api = 'api'
    file = 'file'


class BudgetOverride(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    amount: Annotated[StrictFloat, Field(description='How much more, in US dollars.')]
    until: Annotated[
        AwareDatetime | MISSING,
        Field(description='Until when (RFC 3339). Absent when for ever.'),
    ] = MISSING


class RateLimit(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    scope: MeterScope
    scope_id: Annotated[StrictStr, Field(description='Which one of these.')]
    request_max_limit: Annotated[
        StrictFloat | MISSING, Field(description='The most creates.')
    ] = MISSING
    request_current_usage: Annotated[
        StrictFloat | MISSING, Field(description='How much of it is used.')
    ] = MISSING
    request_reset_duration: Annotated[
        StrictStr | MISSING, Field(description='How long a window is.')
    ] = MISSING
    request_last_reset: Annotated[
        AwareDatetime | MISSING, Field(description='When this window began (RFC 3339).')
    ] = MISSING
    request_resets_at: Annotated[
        AwareDatetime | MISSING, Field(description='When the next one begins.')
    ] = MISSING
    concurrent_max_limit: Annotated[
        StrictFloat | MISSING,
        Field(description='The most jobs that have not ended, at a time.'),
    ] = MISSING
    concurrent_current_usage: Annotated[
        StrictFloat | MISSING, Field(description='How much of it is used.')
    ] = MISSING
    seconds_max_limit: Annotated[
        StrictFloat | MISSING, Field(description='The most seconds of video.')
    ] = MISSING
    seconds_current_usage: Annotated[
        StrictFloat | MISSING, Field(description='How much of it is used.')
    ] = MISSING
    seconds_reset_duration: Annotated[
        StrictStr | MISSING, Field(description='How long a window is.')
    ] = MISSING
    seconds_last_reset: Annotated[
        AwareDatetime | MISSING, Field(description='When this window began (RFC 3339).')
    ] = MISSING
    seconds_resets_at: Annotated[
        AwareDatetime | MISSING, Field(description='When the next one begins.')
    ] = MISSING
    cost_max_limit: Annotated[
        StrictFloat | MISSING, Field(description='The most US dollars.')
    ] = MISSING
    cost_current_usage: Annotated[
        StrictFloat | MISSING, Field(description='How much of it is used.')
    ] = MISSING
    cost_reset_duration: Annotated[
        StrictStr | MISSING, Field(description='How long a window is.')
    ] = MISSING
    cost_last_reset: Annotated[
        AwareDatetime | MISSING, Field(description='When this window began (RFC 3339).')
    ] = MISSING
    cost_resets_at: Annotated[
        AwareDatetime | MISSING, Field(description='When the next one begins.')
    ] = MISSING
    poll_max_limit: Annotated[
        StrictFloat | MISSING, Field(description='The most polls of jobs.')
    ] = MISSING
    poll_current_usage: Annotated[
        StrictFloat | MISSING, Field(description='How much of it is used.')
    ] = MISSING
    poll_reset_duration: Annotated[
        StrictStr | MISSING, Field(description='How long a window is.')
    ] = MISSING
    poll_last_reset: Annotated[
        AwareDatetime | MISSING, Field(description='When this window began (RFC 3339).')
    ] = MISSING
    poll_resets_at: Annotated[
        AwareDatetime | MISSING, Field(description='When the next one begins.')
    ] = MISSING


class VirtualKeyDeleteResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[StrictStr, Field(description='What was done, for people.')]


class TeamDeleteResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[StrictStr, Field(description='What was done, for people.')]


class CustomerDeleteResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[StrictStr, Field(description='What was done, for people.')]


class RateLimitListResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    rate_limits: Annotated[
        list[RateLimit], Field(description='In the order in which they were made.')
    ]
    count: Annotated[int, Field(description='How many are in this answer.')]
    total_count: Annotated[int, Field(description='How many there are.')]


class PricingOverrideDeleteResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[StrictStr, Field(description='What was done, for people.')]


class SessionLoginResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[StrictStr, Field(description='What was done, for people.')]
    token: Annotated[
        StrictStr,
        Field(
            description='What the cookie holds, `rgs_…`. It can be sent as any other credential.'
        ),
    ]
    expires_at: Annotated[
        AwareDatetime, Field(description='When the session ends (RFC 3339).')
    ]


class SessionLogoutResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[StrictStr, Field(description='What was done, for people.')]


class SessionIsAuthEnabledResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    is_auth_enabled: Annotated[
        StrictBool, Field(description="Whether an admin's password is configured.")
    ]


class LogId(RootModel[StrictStr]):
    root: Annotated[
        StrictStr,
        Field(
            description='The id of an entry.', pattern='^log_[0-9a-hjkmnp-tv-z]{26}$'
        ),
    ]


class LogKind(StrEnum):
    request = 'request'
    job = 'job'


class LogStatus(StrEnum):
    success = 'success'
    error = 'error'
    processing = 'processing'


class LogPagination(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    limit: Annotated[
        int, Field(description='The most items that were asked for.', ge=0)
    ]
    offset: Annotated[int, Field(description='How many were left out.', ge=0)]
    sort_by: Annotated[StrictStr, Field(description='What it is sorted by.')]
    order: Annotated[StrictStr, Field(description='In which order.')]
    has_more: Annotated[
        StrictBool, Field(description='Whether there are entries after this page.')
    ]
    first_id: Annotated[
        StrictStr | MISSING,
        Field(
            description='The id of the first entry of the page. Absent when the page is empty.'
        ),
    ] = MISSING
    last_id: Annotated[
        StrictStr | MISSING,
        Field(
            description='The id of the last entry of the page, to be sent as `after`. Absent when the page is empty.'
        ),
    ] = MISSING


class LogDeleteRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    ids: Annotated[
        list[LogId], Field(description='Their ids.', max_length=1000, min_length=1)
    ]


class LogDeleteResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[StrictStr, Field(description='What happened.')]
    deleted: Annotated[int, Field(description='How many entries there were.', ge=0)]


class LogJobStats(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    completed: Annotated[int, Field(description='Jobs with a video.', ge=0)]
    failed: Annotated[int, Field(description='Jobs without one.', ge=0)]
    cancelled: Annotated[
        int, Field(description='Jobs that were deleted before they ended.', ge=0)
    ]
    without_cost: Annotated[
        int, Field(description='Jobs of these whose cost is not known.', ge=0)
    ]
    average_latency: Annotated[
        StrictFloat | MISSING,
        Field(description='Milliseconds from their creation to their end.'),
    ] = MISSING


class LogVirtualKey(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[StrictStr, Field(description='Its id.')]
    name: Annotated[
        StrictStr | MISSING, Field(description='Its name. Absent if it is deleted.')
    ] = MISSING


class LogFilterdataResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    providers: Annotated[list[StrictStr], Field(description='The providers.')]
    models: Annotated[
        list[StrictStr], Field(description="The models, by the provider's own names.")
    ]
    selected_keys: Annotated[
        list[StrictStr], Field(description='The names of provider keys.')
    ]
    virtual_keys: Annotated[list[LogVirtualKey], Field(description='The virtual keys.')]
    objects: Annotated[list[StrictStr], Field(description='The operations.')]
    error_codes: Annotated[list[StrictStr], Field(description='The codes of errors.')]


class LogBucket(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    timestamp: Annotated[AwareDatetime, Field(description='When it begins.')]
    count: Annotated[int, Field(description='Entries.', ge=0)]
    success: Annotated[int, Field(description='Of them, those that succeeded.', ge=0)]
    error: Annotated[int, Field(description='Those that were refused or failed.', ge=0)]
    processing: Annotated[int, Field(description='Those that made a job.', ge=0)]
    by: Annotated[
        dict[str, int] | MISSING,
        Field(
            description='The entries by what `group_by` says; those without it are not there.'
        ),
    ] = MISSING


class LogHistogramResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    bucket_seconds: Annotated[int, Field(description='How long each stretch is.', ge=0)]
    buckets: Annotated[
        list[LogBucket], Field(description='The stretches, the earliest first.')
    ]


class LogCostBucket(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    timestamp: Annotated[AwareDatetime, Field(description='When it begins.')]
    total_cost: Annotated[StrictFloat, Field(description='US dollars.')]
    by: Annotated[
        dict[str, StrictFloat] | MISSING,
        Field(
            description='The cost by what `group_by` says; what has none is not there.'
        ),
    ] = MISSING


class LogCostHistogramResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    bucket_seconds: Annotated[int, Field(description='How long each stretch is.', ge=0)]
    buckets: Annotated[
        list[LogCostBucket], Field(description='The stretches, the earliest first.')
    ]


class LogDroppedResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    dropped: Annotated[int, Field(description='Entries that were left out.', ge=0)]
    waiting: Annotated[int, Field(description='Entries that wait to be written.', ge=0)]


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
            description='Whether who has a budget may use a model without a price, `admit`, or not, `refuse`.'
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
    max_cost: Annotated[
        StrictFloat | MISSING,
        Field(
            description='The most that the job may cost, in US dollars. A target that may cost more is not asked; if all may, the answer is 402\nand nothing is sent. With `failover: job` it is what all targets together may cost.\n',
            examples=[1.5],
            gt=0.0,
            le=1000000.0,
        ),
    ] = MISSING
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


class ProviderConfigRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
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
    allowed_models: Annotated[
        list[ModelPattern] | MISSING,
        Field(
            description='The models that may be used; none if empty, all if left out.',
            max_length=200,
        ),
    ] = MISSING
    blacklisted_models: Annotated[
        list[ModelPattern] | MISSING,
        Field(
            description='Models that may not be used, although `allowed_models` has them.',
            max_length=200,
        ),
    ] = MISSING
    key_ids: Annotated[
        list[KeyReference] | MISSING,
        Field(
            description="The provider's keys that may be used; none if empty, all if left out.",
            max_length=200,
        ),
    ] = MISSING
    budgets: Annotated[
        list[BudgetRequest] | MISSING,
        Field(
            description='How much may be spent: several budgets with a `reset_duration` each, one of them without one, which is never reset.\n',
            max_length=20,
        ),
    ] = MISSING
    rate_limit: Annotated[
        RateLimitRequest | None | MISSING,
        Field(description='How much may be done; `null` for no limit.'),
    ] = MISSING


class VirtualKeyCreateRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    name: Annotated[
        StrictStr,
        Field(
            description='A name, one line, which no other of its kind has.',
            max_length=100,
            min_length=1,
            pattern='^[^\\x00-\\x1f\\x7f]+$',
        ),
    ]
    value: Annotated[
        StrictStr | MISSING,
        Field(
            description='Its value, for a key that is known elsewhere, in Bifrost say: `sk-bf-` and at least 24 characters. If left out, one is\nmade up.\n',
            pattern='^sk-bf-[A-Za-z0-9_-]{24,200}$',
        ),
    ] = MISSING
    description: Annotated[
        ResourceDescription | None | MISSING,
        Field(description='A note for people; `null` for none.'),
    ] = MISSING
    is_active: Annotated[StrictBool, Field(description='Whether it may be used.')] = (
        True
    )
    expires_at: Annotated[
        AwareDatetime | None | MISSING,
        Field(description='From when on it is refused (RFC 3339); `null` for never.'),
    ] = MISSING
    team_id: Annotated[
        TeamId | None | MISSING,
        Field(
            description='The team it is of, or `null`. A key is of a team or of a customer, not of both.'
        ),
    ] = MISSING
    customer_id: Annotated[
        CustomerId | None | MISSING,
        Field(description='The customer it is of, or `null`.'),
    ] = MISSING
    allow_all_providers: Annotated[
        StrictBool,
        Field(
            description='Whether providers that `provider_configs` does not name may be used as well, with all their models.'
        ),
    ] = False
    provider_configs: Annotated[
        list[ProviderConfigRequest] | MISSING,
        Field(
            description='The providers that may be used, each once, and what of them.',
            max_length=100,
        ),
    ] = MISSING
    budgets: Annotated[
        list[BudgetRequest] | MISSING,
        Field(
            description='How much may be spent: several budgets with a `reset_duration` each, one of them without one, which is never reset.\n',
            max_length=20,
        ),
    ] = MISSING
    calendar_aligned: Annotated[
        StrictBool | MISSING,
        Field(
            description='What `calendar_aligned` is for all budgets of the key and of its providers that do not say it themselves.'
        ),
    ] = MISSING
    rate_limit: Annotated[
        RateLimitRequest | None | MISSING,
        Field(description='How much may be done; `null` for no limit.'),
    ] = MISSING
    disable_content_logging: Annotated[
        StrictBool | None | MISSING,
        Field(
            description='Whether prompts are kept out of the log; `null` for as with everybody.'
        ),
    ] = MISSING
    retention_days: Annotated[
        StrictFloat | None | MISSING,
        Field(
            description='For how many days the files of its jobs are kept; `null` for as with everybody.',
            ge=0.0,
            le=36500.0,
        ),
    ] = MISSING


class VirtualKeyUpdateRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    name: Annotated[
        StrictStr | MISSING,
        Field(
            description='A name, one line, which no other of its kind has.',
            max_length=100,
            min_length=1,
            pattern='^[^\\x00-\\x1f\\x7f]+$',
        ),
    ] = MISSING
    reset_budget_usage: Annotated[
        StrictBool,
        Field(
            description='Whether to forget what is used of its budgets in this window. What is reserved stays reserved.'
        ),
    ] = False
    description: Annotated[
        ResourceDescription | None | MISSING,
        Field(description='A note for people; `null` for none.'),
    ] = MISSING
    is_active: Annotated[
        StrictBool | MISSING, Field(description='Whether it may be used.')
    ] = MISSING
    expires_at: Annotated[
        AwareDatetime | None | MISSING,
        Field(description='From when on it is refused (RFC 3339); `null` for never.'),
    ] = MISSING
    team_id: Annotated[
        TeamId | None | MISSING,
        Field(
            description='The team it is of, or `null`. A key is of a team or of a customer, not of both.'
        ),
    ] = MISSING
    customer_id: Annotated[
        CustomerId | None | MISSING,
        Field(description='The customer it is of, or `null`.'),
    ] = MISSING
    allow_all_providers: Annotated[
        StrictBool | MISSING,
        Field(
            description='Whether providers that `provider_configs` does not name may be used as well, with all their models.'
        ),
    ] = MISSING
    provider_configs: Annotated[
        list[ProviderConfigRequest] | MISSING,
        Field(
            description='The providers that may be used, each once, and what of them.',
            max_length=100,
        ),
    ] = MISSING
    budgets: Annotated[
        list[BudgetRequest] | MISSING,
        Field(
            description='How much may be spent: several budgets with a `reset_duration` each, one of them without one, which is never reset.\n',
            max_length=20,
        ),
    ] = MISSING
    calendar_aligned: Annotated[
        StrictBool | MISSING,
        Field(
            description='What `calendar_aligned` is for all budgets of the key and of its providers that do not say it themselves.'
        ),
    ] = MISSING
    rate_limit: Annotated[
        RateLimitRequest | None | MISSING,
        Field(description='How much may be done; `null` for no limit.'),
    ] = MISSING
    disable_content_logging: Annotated[
        StrictBool | None | MISSING,
        Field(
            description='Whether prompts are kept out of the log; `null` for as with everybody.'
        ),
    ] = MISSING
    retention_days: Annotated[
        StrictFloat | None | MISSING,
        Field(
            description='For how many days the files of its jobs are kept; `null` for as with everybody.',
            ge=0.0,
            le=36500.0,
        ),
    ] = MISSING


class BudgetOverrideRequest(RootModel[BudgetOverrideForCycles | BudgetOverrideForever]):
    root: Annotated[
        BudgetOverrideForCycles | BudgetOverrideForever,
        Field(description='How much more may be spent, and for how long.'),
    ]


class PricingOverrideCreateRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    name: Annotated[
        StrictStr,
        Field(
            description='A name, one line, which no other of its kind has.',
            max_length=100,
            min_length=1,
            pattern='^[^\\x00-\\x1f\\x7f]+$',
        ),
    ]
    scope_kind: PricingScope
    provider: Annotated[
        StrictStr | MISSING,
        Field(
            description='A provider of `ModelProvider`, or the name of a custom provider.',
            examples=['runway', 'openai'],
            pattern='^[a-z0-9][a-z0-9_-]{0,63}$',
        ),
    ] = MISSING
    provider_key: Annotated[
        StrictStr | MISSING,
        Field(
            description='A name, one line, which no other of its kind has.',
            max_length=100,
            min_length=1,
            pattern='^[^\\x00-\\x1f\\x7f]+$',
        ),
    ] = MISSING
    virtual_key_id: Annotated[
        StrictStr | MISSING,
        Field(
            description='The id of a virtual key.',
            pattern='^vk_[0-9a-hjkmnp-tv-z]{26}$',
        ),
    ] = MISSING
    match_type: PricingMatch
    pattern: Annotated[
        StrictStr,
        Field(
            description='The name of a model without its provider, or the beginning of one and `*`.',
            max_length=256,
            min_length=1,
            pattern='^[!-~]+$',
        ),
    ]
    request_types: Annotated[
        list[PricingRequestType] | MISSING,
        Field(description='For which kinds of request; for all if empty.'),
    ] = MISSING
    patch: PricingPatch


class PricingOverrideUpdateRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    name: Annotated[
        StrictStr | MISSING,
        Field(
            description='A name, one line, which no other of its kind has.',
            max_length=100,
            min_length=1,
            pattern='^[^\\x00-\\x1f\\x7f]+$',
        ),
    ] = MISSING
    scope_kind: PricingScope | MISSING = MISSING
    provider: Annotated[
        StrictStr | MISSING,
        Field(
            description='A provider of `ModelProvider`, or the name of a custom provider.',
            examples=['runway', 'openai'],
            pattern='^[a-z0-9][a-z0-9_-]{0,63}$',
        ),
    ] = MISSING
    provider_key: Annotated[
        StrictStr | MISSING,
        Field(
            description='A name, one line, which no other of its kind has.',
            max_length=100,
            min_length=1,
            pattern='^[^\\x00-\\x1f\\x7f]+$',
        ),
    ] = MISSING
    virtual_key_id: Annotated[
        StrictStr | MISSING,
        Field(
            description='The id of a virtual key.',
            pattern='^vk_[0-9a-hjkmnp-tv-z]{26}$',
        ),
    ] = MISSING
    match_type: PricingMatch | MISSING = MISSING
    pattern: Annotated[
        StrictStr | MISSING,
        Field(
            description='The name of a model without its provider, or the beginning of one and `*`.',
            max_length=256,
            min_length=1,
            pattern='^[!-~]+$',
        ),
    ] = MISSING
    request_types: Annotated[
        list[PricingRequestType] | MISSING,
        Field(description='For which kinds of request; for all if empty.'),
    ] = MISSING
    patch: PricingPatch | MISSING = MISSING


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
    cost_usd: Annotated[
        StrictFloat | None | MISSING,
        Field(
            description='What a job that failed after it was accepted has cost all the same, in US dollars; null if nobody knows.'
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


class ModelPrice(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    resolution: Annotated[
        StrictStr | MISSING,
        Field(
            description='The short edge this price is for, for example `720p`; `4k` is 2160 pixels. Absent for all.'
        ),
    ] = MISSING
    audio: Annotated[
        StrictBool | MISSING,
        Field(description='Whether this price is with sound. Absent for both.'),
    ] = MISSING
    usd_per_second: Annotated[
        StrictFloat | MISSING,
        Field(description='US dollars for each second of each video.', ge=0.0),
    ] = MISSING
    usd_per_video: Annotated[
        StrictFloat | MISSING,
        Field(description='US dollars for each video, however long.', ge=0.0),
    ] = MISSING
    usd_per_job: Annotated[
        StrictFloat | MISSING,
        Field(
            description='US dollars for the job, however many videos it makes.', ge=0.0
        ),
    ] = MISSING
    usd_per_million_tokens: TokenPrices | MISSING = MISSING
    tokens_per_second: Annotated[
        StrictFloat | MISSING,
        Field(
            description='How many tokens a second of video has. Absent when it is not known; then there is no estimate.',
            ge=0.0,
        ),
    ] = MISSING
    usd_per_input_image: Annotated[
        StrictFloat | MISSING,
        Field(
            description='US dollars for each image that the video is made from.', ge=0.0
        ),
    ] = MISSING
    minimum_usd: Annotated[
        StrictFloat | MISSING,
        Field(description='The least that a job costs, in US dollars.', ge=0.0),
    ] = MISSING
    source: Annotated[
        StrictStr | MISSING,
        Field(
            description='Where the price was read. Absent when the operator has set it.'
        ),
    ] = MISSING
    confirmed: Annotated[
        date | MISSING, Field(description='The day on which it was read there.')
    ] = MISSING
    confidence: PriceConfidence | MISSING = MISSING


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


class Budget(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[StrictStr, Field(description='The id of the budget.')]
    scope: MeterScope
    scope_id: Annotated[StrictStr, Field(description='Which one of these.')]
    max_limit: Annotated[
        StrictFloat, Field(description='How much may be spent in a window.')
    ]
    reset_duration: Annotated[
        StrictStr | MISSING,
        Field(
            description='How long a window is. Absent when there is one only, which does not end.'
        ),
    ] = MISSING
    calendar_aligned: Annotated[
        StrictBool,
        Field(
            description='Whether windows begin with the day, week, month, quarter or year of UTC.'
        ),
    ]
    current_usage: Annotated[
        StrictFloat, Field(description='What jobs that have ended in this window cost.')
    ]
    reserved: Annotated[
        StrictFloat, Field(description='What jobs that have not ended may cost.')
    ]
    remaining: Annotated[
        StrictFloat,
        Field(
            description='What is left. Less than nothing where the maximum was lowered below what is used.'
        ),
    ]
    last_reset: Annotated[
        AwareDatetime, Field(description='When this window began (RFC 3339).')
    ]
    resets_at: Annotated[
        AwareDatetime | MISSING,
        Field(description='When the next one begins. Absent when none does.'),
    ] = MISSING
    override: BudgetOverride | MISSING = MISSING


class ProviderConfig(BaseModel):
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
    allowed_models: Annotated[
        list[ModelPattern],
        Field(description='The models that may be used; none if empty.'),
    ]
    blacklisted_models: Annotated[
        list[ModelPattern],
        Field(
            description='Models that may not be used, although `allowed_models` has them.'
        ),
    ]
    key_ids: Annotated[
        list[KeyReference],
        Field(description="The provider's keys that may be used; none if empty."),
    ]
    budgets: Annotated[
        list[Budget],
        Field(description='How much may be spent. All of them must have enough left.'),
    ]
    rate_limit: RateLimit | MISSING = MISSING


class VirtualKey(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[
        StrictStr,
        Field(
            description='The id of the key, which owns the jobs that are made with it.'
        ),
    ]
    name: Annotated[StrictStr, Field(description='What it is called.')]
    description: Annotated[
        StrictStr | MISSING, Field(description='A note for people.')
    ] = MISSING
    value: Annotated[
        StrictStr | MISSING,
        Field(
            description='What it is shown with, `sk-bf-…`. Present only when it is new; it is never shown again.'
        ),
    ] = MISSING
    hint: Annotated[
        StrictStr,
        Field(
            description='The last four characters of its value, to be recognised by.'
        ),
    ]
    is_active: Annotated[StrictBool, Field(description='Whether it may be used.')]
    expires_at: Annotated[
        AwareDatetime | MISSING,
        Field(description='From when on it is refused (RFC 3339). Absent when never.'),
    ] = MISSING
    team_id: Annotated[StrictStr | MISSING, Field(description='The team it is of.')] = (
        MISSING
    )
    customer_id: Annotated[
        StrictStr | MISSING,
        Field(
            description='The customer it is of. Absent where it is of a team, which may be of a customer.'
        ),
    ] = MISSING
    allow_all_providers: Annotated[
        StrictBool,
        Field(
            description='Whether providers that `provider_configs` does not name may be used as well, with all their models.'
        ),
    ]
    provider_configs: Annotated[
        list[ProviderConfig],
        Field(description='The providers that may be used, and what of them.'),
    ]
    budgets: Annotated[
        list[Budget],
        Field(description='How much may be spent. All of them must have enough left.'),
    ]
    calendar_aligned: Annotated[
        StrictBool,
        Field(
            description='Whether it has budgets, and all of them are aligned with the calendar.'
        ),
    ]
    rate_limit: RateLimit | MISSING = MISSING
    disable_content_logging: Annotated[
        StrictBool | MISSING,
        Field(
            description='Whether prompts are kept out of the log. Absent for as with everybody.'
        ),
    ] = MISSING
    retention_days: Annotated[
        StrictFloat | MISSING,
        Field(
            description='For how many days the files of its jobs are kept. Absent for as with everybody.'
        ),
    ] = MISSING
    source: Source
    created_at: Annotated[
        AwareDatetime, Field(description='When it was made (RFC 3339).')
    ]
    updated_at: Annotated[
        AwareDatetime, Field(description='When it was changed last (RFC 3339).')
    ]


class VirtualKeyResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[
        StrictStr | MISSING,
        Field(description='What was done, for people. Absent where nothing was.'),
    ] = MISSING
    virtual_key: VirtualKey


class VirtualKeyValueResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[
        StrictStr | MISSING,
        Field(description='What was done, for people. Absent where nothing was.'),
    ] = MISSING
    virtual_key: VirtualKey


class VirtualKeyListResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    virtual_keys: Annotated[
        list[VirtualKey], Field(description='In the order in which they were made.')
    ]
    count: Annotated[int, Field(description='How many are in this answer.')]
    total_count: Annotated[int, Field(description='How many there are.')]


class VirtualKeyRotateManyResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[StrictStr, Field(description='What was done, for people.')]
    virtual_keys: Annotated[
        list[VirtualKey],
        Field(description='In the order in which they were asked for.'),
    ]
    count: Annotated[int, Field(description='How many are in this answer.')]


class VirtualKeyQuotaResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    virtual_key_name: Annotated[StrictStr, Field(description='What the key is called.')]
    is_active: Annotated[StrictBool, Field(description='Whether it may be used.')]
    expires_at: Annotated[
        AwareDatetime | MISSING,
        Field(description='From when on it is refused (RFC 3339). Absent when never.'),
    ] = MISSING
    budgets: Annotated[
        list[Budget],
        Field(description='How much may be spent. All of them must have enough left.'),
    ]
    rate_limits: Annotated[
        list[RateLimit], Field(description='How much may be done. All of them apply.')
    ]


class Team(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[StrictStr, Field(description='The id of the team.')]
    name: Annotated[StrictStr, Field(description='What it is called.')]
    customer_id: Annotated[
        StrictStr | MISSING, Field(description='The customer it is of.')
    ] = MISSING
    budgets: Annotated[
        list[Budget],
        Field(description='How much may be spent. All of them must have enough left.'),
    ]
    calendar_aligned: Annotated[
        StrictBool,
        Field(
            description='Whether it has budgets, and all of them are aligned with the calendar.'
        ),
    ]
    rate_limit: RateLimit | MISSING = MISSING
    source: Source
    created_at: Annotated[
        AwareDatetime, Field(description='When it was made (RFC 3339).')
    ]
    updated_at: Annotated[
        AwareDatetime, Field(description='When it was changed last (RFC 3339).')
    ]


class TeamResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[
        StrictStr | MISSING,
        Field(description='What was done, for people. Absent where nothing was.'),
    ] = MISSING
    team: Team


class TeamListResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    teams: Annotated[
        list[Team], Field(description='In the order in which they were made.')
    ]
    count: Annotated[int, Field(description='How many are in this answer.')]
    total_count: Annotated[int, Field(description='How many there are.')]


class Customer(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[StrictStr, Field(description='The id of the customer.')]
    name: Annotated[StrictStr, Field(description='What it is called.')]
    budgets: Annotated[
        list[Budget],
        Field(description='How much may be spent. All of them must have enough left.'),
    ]
    calendar_aligned: Annotated[
        StrictBool,
        Field(
            description='Whether it has budgets, and all of them are aligned with the calendar.'
        ),
    ]
    rate_limit: RateLimit | MISSING = MISSING
    source: Source
    created_at: Annotated[
        AwareDatetime, Field(description='When it was made (RFC 3339).')
    ]
    updated_at: Annotated[
        AwareDatetime, Field(description='When it was changed last (RFC 3339).')
    ]


class CustomerResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[
        StrictStr | MISSING,
        Field(description='What was done, for people. Absent where nothing was.'),
    ] = MISSING
    customer: Customer


class CustomerListResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    customers: Annotated[
        list[Customer], Field(description='In the order in which they were made.')
    ]
    count: Annotated[int, Field(description='How many are in this answer.')]
    total_count: Annotated[int, Field(description='How many there are.')]


class BudgetListResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    budgets: Annotated[
        list[Budget], Field(description='In the order in which they were made.')
    ]
    count: Annotated[int, Field(description='How many are in this answer.')]
    total_count: Annotated[int, Field(description='How many there are.')]


class Limits(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    budgets: Annotated[
        list[Budget],
        Field(description='How much may be spent. All of them must have enough left.'),
    ]
    rate_limit: RateLimit | MISSING = MISSING


class ProviderLimits(BaseModel):
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
    budgets: Annotated[
        list[Budget],
        Field(description='How much may be spent. All of them must have enough left.'),
    ]
    rate_limit: RateLimit | MISSING = MISSING
    keys: Annotated[
        dict[str, Limits],
        Field(description="The limits of its keys, by the key's name."),
    ]


class ProviderLimitsListResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    providers: Annotated[
        list[ProviderLimits], Field(description='In the order in which they were made.')
    ]
    count: Annotated[int, Field(description='How many are in this answer.')]


class ProviderLimitsResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[
        StrictStr | MISSING,
        Field(description='What was done, for people. Absent where nothing was.'),
    ] = MISSING
    provider: ProviderLimits


class PricingOverride(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[StrictStr, Field(description='The id of the override.')]
    name: Annotated[StrictStr, Field(description='What it is called.')]
    scope_kind: PricingScope
    provider: Annotated[
        StrictStr | MISSING,
        Field(
            description='A provider of `ModelProvider`, or the name of a custom provider.',
            examples=['runway', 'openai'],
            pattern='^[a-z0-9][a-z0-9_-]{0,63}$',
        ),
    ] = MISSING
    provider_key: Annotated[
        StrictStr | MISSING, Field(description='The name of a key of the provider.')
    ] = MISSING
    virtual_key_id: Annotated[
        StrictStr | MISSING, Field(description='The virtual key.')
    ] = MISSING
    match_type: PricingMatch
    pattern: Annotated[
        StrictStr,
        Field(
            description='The name of a model without its provider, or the beginning of one and `*`.',
            max_length=256,
            min_length=1,
            pattern='^[!-~]+$',
        ),
    ]
    request_types: Annotated[
        list[PricingRequestType],
        Field(description='For which kinds of request; for all if empty.'),
    ]
    patch: PricingPatch
    source: Source
    created_at: Annotated[
        AwareDatetime, Field(description='When it was made (RFC 3339).')
    ]
    updated_at: Annotated[
        AwareDatetime, Field(description='When it was changed last (RFC 3339).')
    ]


class PricingOverrideResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[
        StrictStr | MISSING,
        Field(description='What was done, for people. Absent where nothing was.'),
    ] = MISSING
    pricing_override: PricingOverride


class PricingOverrideListResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    pricing_overrides: Annotated[
        list[PricingOverride],
        Field(description='In the order in which they were made.'),
    ]
    count: Annotated[int, Field(description='How many are in this answer.')]
    total_count: Annotated[int, Field(description='How many there are.')]


class Log(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[StrictStr, Field(description='The id of the entry.')]
    timestamp: Annotated[
        AwareDatetime,
        Field(description='When the request came, or when the job ended (RFC 3339).'),
    ]
    kind: LogKind
    object: Annotated[
        StrictStr | MISSING,
        Field(
            description='The operation, as `video_generation`. Absent where there is none like it.'
        ),
    ] = MISSING
    status: LogStatus
    status_code: Annotated[
        int | MISSING,
        Field(
            description='The HTTP status of the answer. Absent if there was none, and for jobs.'
        ),
    ] = MISSING
    error_code: Annotated[
        StrictStr | MISSING,
        Field(description='Why it was refused or failed, for programs.'),
    ] = MISSING
    error: Annotated[StrictStr | MISSING, Field(description='The same for people.')] = (
        MISSING
    )
    owner: Annotated[
        StrictStr | MISSING,
        Field(
            description='Who asked, as the id of a virtual key, the name of a gateway key, `admin` or `local`. Absent if that is not known.'
        ),
    ] = MISSING
    virtual_key_id: Annotated[
        StrictStr | MISSING, Field(description='The virtual key it was asked with.')
    ] = MISSING
    virtual_key_name: Annotated[
        StrictStr | MISSING, Field(description='Its name then.')
    ] = MISSING
    team_id: Annotated[
        StrictStr | MISSING, Field(description='The team of that key then.')
    ] = MISSING
    customer_id: Annotated[
        StrictStr | MISSING, Field(description='The customer of that key or team then.')
    ] = MISSING
    provider: Annotated[
        StrictStr | MISSING,
        Field(description='The provider that served it, or was to.'),
    ] = MISSING
    model: Annotated[
        StrictStr | MISSING, Field(description="The model, by the provider's own name.")
    ] = MISSING
    selected_key: Annotated[
        StrictStr | MISSING,
        Field(description='The name (never the value) of the provider key.'),
    ] = MISSING
    video_id: Annotated[
        StrictStr | MISSING, Field(description='The job it was about, or that it made.')
    ] = MISSING
    request_id: Annotated[
        StrictStr | MISSING,
        Field(description='The id of the request (`x-request-id`).'),
    ] = MISSING
    latency: Annotated[
        StrictFloat,
        Field(
            description='Milliseconds from the request to the last byte of its answer; of a job, from its creation to its end.'
        ),
    ]
    upstream_latency: Annotated[
        StrictFloat | MISSING,
        Field(
            description='Milliseconds of it in which providers were asked to take the job.'
        ),
    ] = MISSING
    attempts: Annotated[
        list[Attempt] | MISSING,
        Field(description='Every try to place the job with a target.'),
    ] = MISSING
    cost: Annotated[
        StrictFloat | MISSING,
        Field(
            description='What the job cost, in US dollars. Absent if that is not known, which is not zero.'
        ),
    ] = MISSING
    seconds: Annotated[
        StrictFloat | MISSING, Field(description='How long the video is.')
    ] = MISSING
    content: Annotated[
        StrictStr | MISSING,
        Field(
            description='The prompt, with the request, unless it is to be kept out of the logs.'
        ),
    ] = MISSING
    dimensions: Annotated[
        dict[str, StrictStr] | MISSING,
        Field(description="The caller's `x-bf-dim-NAME` headers, as NAME; at most 16."),
    ] = MISSING


class LogListResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    logs: Annotated[list[Log], Field(description='The entries of this page.')]
    pagination: LogPagination


class LogStats(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    total_requests: Annotated[
        int, Field(description='Requests that are in the logs.', ge=0)
    ]
    success_rate: Annotated[
        StrictFloat | MISSING,
        Field(
            description='The part of them, 0 to 1, that was not refused and did not fail.'
        ),
    ] = MISSING
    average_latency: Annotated[
        StrictFloat | MISSING, Field(description='Milliseconds that they took.')
    ] = MISSING
    latency_p50: Annotated[
        StrictFloat | MISSING,
        Field(description='Milliseconds that half of them took at most.'),
    ] = MISSING
    latency_p95: Annotated[
        StrictFloat | MISSING,
        Field(description='Milliseconds that 95 of 100 took at most.'),
    ] = MISSING
    total_cost: Annotated[
        StrictFloat,
        Field(
            description='What the jobs cost that ended in this time, in US dollars, where that is known.'
        ),
    ]
    jobs: LogJobStats


class LogStatsResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    start_time: Annotated[AwareDatetime, Field(description='Since when.')]
    end_time: Annotated[AwareDatetime, Field(description='Until when.')]
    current: LogStats
    previous: LogStats | MISSING = MISSING


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
    max_cost: Annotated[
        StrictFloat | MISSING,
        Field(
            description='The most that the job may cost, in US dollars. A target that may cost more is not asked; if all may, the answer is 402\nand nothing is sent. With `failover: job` it is what all targets together may cost.\n',
            examples=[1.5],
            gt=0.0,
            le=1000000.0,
        ),
    ] = MISSING
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
    max_cost: Annotated[
        StrictFloat | MISSING,
        Field(
            description='The most that the job may cost, in US dollars. A target that may cost more is not asked; if all may, the answer is 402\nand nothing is sent. With `failover: job` it is what all targets together may cost.\n',
            examples=[1.5],
            gt=0.0,
            le=1000000.0,
        ),
    ] = MISSING
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
    dry_run: Annotated[
        StrictBool | MISSING,
        Field(
            description='Whether the job was only looked at, and not made. Absent where it was made.'
        ),
    ] = MISSING
    estimate: Annotated[
        StrictStr | MISSING,
        Field(
            description='How the estimated cost comes about. In the answer to a dry run only.',
            examples=['4 s at USD 0.12'],
        ),
    ] = MISSING
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
            description="What a video costs, where that is known: the provider's list prices, or those that the operator has set. The first entry\nthat fits the request applies; a resolution that none fits has no price.\n"
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
