# Generated from upstreams/openrouter.yaml by `make generate`. Do not edit.

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    MISSING,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictStr,
)


class Link(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    url: Annotated[
        StrictStr, Field(description='http(s), or a `data:` URL.', min_length=1)
    ]


class FrameType(StrEnum):
    first_frame = 'first_frame'
    last_frame = 'last_frame'


class FrameImage(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    type: Literal['image_url']
    image_url: Link
    frame_type: FrameType


class Type(StrEnum):
    image_url = 'image_url'
    audio_url = 'audio_url'
    video_url = 'video_url'


class InputReference(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    type: Type
    image_url: Link | MISSING = MISSING
    audio_url: Link | MISSING = MISSING
    video_url: Link | MISSING = MISSING


class CreateVideo(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    model: Annotated[
        StrictStr,
        Field(description='With its slash.', examples=['google/veo-3.1'], min_length=1),
    ]
    prompt: Annotated[
        StrictStr | MISSING, Field(description='Required by most models.')
    ] = MISSING
    duration: Annotated[int | MISSING, Field(description='Whole seconds.')] = MISSING
    size: Annotated[
        StrictStr | MISSING,
        Field(
            description='Pixels, in place of `resolution` and `aspect_ratio`.',
            examples=['1280x720'],
        ),
    ] = MISSING
    resolution: Annotated[
        StrictStr | MISSING,
        Field(description='360p, 480p, 720p, 768p, 1080p, 1K, 2K or 4K; an open set.'),
    ] = MISSING
    aspect_ratio: Annotated[
        StrictStr | MISSING,
        Field(
            description='16:9, 9:16, 1:1, 4:3, 3:4, 3:2, 2:3, 21:9 or 9:21; an open set.'
        ),
    ] = MISSING
    seed: int | MISSING = MISSING
    generate_audio: Annotated[
        StrictBool | MISSING,
        Field(description='What absence means depends on the model.'),
    ] = MISSING
    frame_images: Annotated[
        list[FrameImage] | MISSING,
        Field(description='These win over `input_references`.'),
    ] = MISSING
    input_references: list[InputReference] | MISSING = MISSING
    previous_job_id: Annotated[
        StrictStr | MISSING,
        Field(
            description='A completed job to edit or extend, on the same model; only some models can. Others refuse it (UNCONFIRMED how).\n'
        ),
    ] = MISSING
    provider: Annotated[
        dict[str, Any] | MISSING,
        Field(
            description='`options.{slug}.{field}` goes to the vendor of that slug; `negative_prompt` for example [SDK].'
        ),
    ] = MISSING
    callback_url: Annotated[
        StrictStr | MISSING, Field(description='https, called at the end.')
    ] = MISSING
    session_id: StrictStr | MISSING = MISSING
    user: StrictStr | MISSING = MISSING
    trace: dict[str, Any] | MISSING = MISSING


class Usage(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    cost: Annotated[StrictFloat | None | MISSING, Field(description='US dollars.')] = (
        MISSING
    )
    is_byok: Annotated[
        StrictBool | MISSING,
        Field(description="Whether the vendor was paid with a key of one's own."),
    ] = MISSING


class GenerationData(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: StrictStr | MISSING = MISSING
    api_type: Annotated[StrictStr | None | MISSING, Field(examples=['video'])] = MISSING
    model: Annotated[
        StrictStr,
        Field(
            description='The model that was used. Whether it is spelt as it was asked for is UNCONFIRMED.',
            min_length=1,
        ),
    ]


class Model(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: StrictStr
    canonical_slug: StrictStr | MISSING = MISSING
    name: StrictStr | MISSING = MISSING
    created: int | MISSING = MISSING
    supported_durations: list[int] | None | MISSING = MISSING
    supported_sizes: list[StrictStr] | None | MISSING = MISSING
    supported_resolutions: list[StrictStr] | None | MISSING = MISSING
    supported_aspect_ratios: list[StrictStr] | None | MISSING = MISSING
    supported_frame_images: list[StrictStr] | None | MISSING = MISSING
    generate_audio: StrictBool | None | MISSING = MISSING
    seed: StrictBool | None | MISSING = MISSING
    allowed_passthrough_parameters: list[StrictStr] | MISSING = MISSING
    pricing_skus: Annotated[
        dict[str, StrictStr] | None | MISSING,
        Field(
            description="Name of a charge -> US dollars as text; the names are the vendors' (UNCONFIRMED which)."
        ),
    ] = MISSING


class ErrorMetadata(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    error_type: Annotated[
        StrictStr | None | MISSING,
        Field(
            description='`content_policy_violation` and `refusal` for content; `permission_denied`, `payment_required`,\n`rate_limit_exceeded` and more [SDK lists them; that this API sends them is UNCONFIRMED].\n'
        ),
    ] = MISSING
    reasons: Annotated[
        list[StrictStr] | None | MISSING,
        Field(description='Why moderation flagged the input.'),
    ] = MISSING
    flagged_input: Annotated[
        StrictStr | None | MISSING, Field(description='The part that was flagged.')
    ] = MISSING


class Job(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[
        StrictStr,
        Field(
            description='`gen-vid-{Unix seconds}-{20 letters and digits}` [SDK].',
            examples=['gen-vid-1763600000-AbCdEfGhIjKlMnOpQrSt'],
            min_length=1,
        ),
    ]
    polling_url: Annotated[
        StrictStr | MISSING,
        Field(description='Where to ask again; absolute, or relative to the host.'),
    ] = MISSING
    status: Annotated[
        StrictStr,
        Field(
            description='`pending`, `in_progress`, `completed`, `failed`, `cancelled` or `expired` [SDK]. An open set here on purpose.\n',
            examples=['pending', 'in_progress', 'completed', 'failed', 'cancelled', 'expired'],
        ),
    ]
    error: Annotated[
        StrictStr | None | MISSING,
        Field(
            description='Why it failed, for people. How a refusal by moderation is worded is UNCONFIRMED.'
        ),
    ] = MISSING
    expires_at: Annotated[
        int | None | MISSING,
        Field(
            description="Unix seconds after which OpenRouter's copy of the outputs is gone; only if there is a copy."
        ),
    ] = MISSING
    generation_id: Annotated[
        StrictStr | None | MISSING,
        Field(description='The generation behind the job, once it has been processed.'),
    ] = MISSING
    unsigned_urls: Annotated[
        list[StrictStr] | None | MISSING,
        Field(
            description='Addresses of the content operation, one for each output. They need the key.'
        ),
    ] = MISSING
    urls: Annotated[
        list[StrictStr] | None | MISSING,
        Field(
            description="Signed addresses of OpenRouter's copy, to be kept secret. They need no key, until `expires_at`."
        ),
    ] = MISSING
    usage: Annotated[
        Usage | None | MISSING, Field(description='Once the job has completed.')
    ] = MISSING


class Generation(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    data: GenerationData


class ModelList(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    data: list[Model]


class ApiError(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    code: Annotated[
        int | StrictStr | MISSING, Field(description='The HTTP status once more.')
    ] = MISSING
    message: Annotated[StrictStr, Field(description='For people.')]
    metadata: ErrorMetadata | None | MISSING = MISSING


class ErrorResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    error: ApiError
    user_id: StrictStr | None | MISSING = MISSING
