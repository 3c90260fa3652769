# Generated from upstreams/gemini.yaml by `make generate`. Do not edit.

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import (
    MISSING,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
)


class Type(StrEnum):
    text = 'text'
    image = 'image'
    video = 'video'
    user_input = 'user_input'


class Part(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    type: Type
    text: StrictStr | MISSING = MISSING
    data: Annotated[StrictStr | MISSING, Field(description='Base64.')] = MISSING
    mime_type: Annotated[
        StrictStr | MISSING, Field(examples=['image/png', 'video/mp4'])
    ] = MISSING
    uri: Annotated[StrictStr | MISSING, Field(min_length=1)] = MISSING
    content: list[Part] | MISSING = MISSING


class AspectRatio(StrEnum):
    field_16_9 = '16:9'
    field_9_16 = '9:16'


class Resolution(StrEnum):
    field_360p = '360p'
    field_720p = '720p'
    field_1080p = '1080p'
    field_4k = '4k'


class Delivery(StrEnum):
    inline = 'inline'
    uri = 'uri'


class VideoFormat(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    type: Literal['video']
    aspect_ratio: AspectRatio | MISSING = MISSING
    resolution: Annotated[
        Resolution | MISSING,
        Field(description='720p if absent. 1080p and 4k are upscaled [DOC].'),
    ] = MISSING
    duration: Annotated[
        StrictStr | MISSING,
        Field(
            description='Seconds, with an `s`; a bare number is refused [SEEN]. 3 to 10, 10 if absent, fractions allowed [SEEN];\n3 to 15 for 1.2 (UNCONFIRMED).\n',
            examples=['8s'],
            pattern='^[0-9]+(\\.[0-9]+)?s$',
        ),
    ] = MISSING
    delivery: Annotated[
        Delivery | MISSING,
        Field(
            description='`inline` is base64 in the answer, said to be for 4 MB at most; `uri` is a file [DOC].'
        ),
    ] = MISSING
    gcs_uri: Annotated[StrictStr | MISSING, Field(description='Vertex AI only.')] = (
        MISSING
    )


class Task(StrEnum):
    text_to_video = 'text_to_video'
    image_to_video = 'image_to_video'
    reference_to_video = 'reference_to_video'
    edit = 'edit'
    extend = 'extend'
    upscale = 'upscale'


class VideoConfig(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    task: Annotated[
        Task | MISSING,
        Field(
            description='What is to be done; the model finds out by itself if it is absent [SDK].'
        ),
    ] = MISSING


class Content(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    type: Annotated[StrictStr, Field(examples=['text', 'video'])]
    text: StrictStr | MISSING = MISSING
    mime_type: Annotated[StrictStr | MISSING, Field(examples=['video/mp4'])] = MISSING
    data: Annotated[
        StrictStr | MISSING,
        Field(
            description='Base64 of the whole video. Where a `uri` was asked for, a retrieve may answer with `data` all the same\n[DOC]; it was seen to answer with the `uri` [SEEN].\n'
        ),
    ] = MISSING
    uri: Annotated[
        StrictStr | MISSING,
        Field(
            description='Where to download it with the key, for 48 hours.',
            examples=['https://generativelanguage.googleapis.com/v1beta/files/abc-123:download?alt=media'],
        ),
    ] = MISSING


class InteractionError(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    code: Annotated[
        StrictStr | MISSING,
        Field(description='A URI that names the kind of error [SDK].'),
    ] = MISSING
    message: StrictStr | MISSING = MISSING


class ModalityTokens(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    modality: Annotated[StrictStr | MISSING, Field(examples=['text', 'video'])] = (
        MISSING
    )
    tokens: int | MISSING = MISSING


class VeoImage(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    bytes_base64_encoded: Annotated[StrictStr, Field(alias='bytesBase64Encoded')]
    mime_type: Annotated[
        StrictStr, Field(alias='mimeType', examples=['image/png', 'image/jpeg'])
    ]


class ReferenceType(StrEnum):
    asset = 'asset'
    style = 'style'


class VeoReferenceImage(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    image: VeoImage
    reference_type: Annotated[ReferenceType, Field(alias='referenceType')]


class VeoSource(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    uri: Annotated[StrictStr, Field(min_length=1)]


class VeoParameters(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    sample_count: Annotated[int | MISSING, Field(alias='sampleCount', ge=1, le=4)] = (
        MISSING
    )
    aspect_ratio: Annotated[AspectRatio | MISSING, Field(alias='aspectRatio')] = MISSING
    duration_seconds: Annotated[
        int | MISSING,
        Field(
            alias='durationSeconds',
            description='4, 6 or 8; 8 for 1080p, 4k, reference images and with a source video.',
            ge=1,
        ),
    ] = MISSING
    resolution: Annotated[
        StrictStr | MISSING, Field(description='720p, 1080p or 4k.', examples=['720p'])
    ] = MISSING
    person_generation: Annotated[
        StrictStr | MISSING,
        Field(
            alias='personGeneration',
            examples=['dont_allow', 'allow_adult', 'allow_all'],
        ),
    ] = MISSING
    negative_prompt: Annotated[StrictStr | MISSING, Field(alias='negativePrompt')] = (
        MISSING
    )
    enhance_prompt: Annotated[StrictBool | MISSING, Field(alias='enhancePrompt')] = (
        MISSING
    )


class VeoVideo(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    uri: StrictStr | MISSING = MISSING
    encoded_video: Annotated[
        StrictStr | MISSING,
        Field(
            alias='encodedVideo', description='Base64, where there is no `uri` [SDK].'
        ),
    ] = MISSING
    encoding: Annotated[
        StrictStr | MISSING, Field(description='The media type of `encodedVideo`.')
    ] = MISSING


class Status(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    code: Annotated[int | MISSING, Field(description='A google.rpc.Code, 0 to 16.')] = (
        MISSING
    )
    message: StrictStr | MISSING = MISSING


class QuotaViolation(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    quota_id: Annotated[
        StrictStr | MISSING,
        Field(alias='quotaId', examples=['GenerateRequestsPerDayPerProjectPerModel']),
    ] = MISSING


class FieldViolation(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    field: Annotated[
        StrictStr | MISSING,
        Field(
            description='The path of the field, with dots.',
            examples=['parameters.durationSeconds'],
        ),
    ] = MISSING
    description: StrictStr | MISSING = MISSING


class GenerationConfig(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    video_config: VideoConfig | MISSING = MISSING


class Step(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    type: Annotated[
        StrictStr,
        Field(
            description='What the model made is in those of type `model_output`.',
            examples=['user_input', 'thought', 'model_output'],
        ),
    ]
    content: list[Content] | MISSING = MISSING
    error: Status | MISSING = MISSING


class Usage(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    total_input_tokens: int | MISSING = MISSING
    total_output_tokens: int | MISSING = MISSING
    output_tokens_by_modality: Annotated[
        list[ModalityTokens] | MISSING,
        Field(
            description='5 792 tokens for each second of video at 720p [SEEN]; at other resolutions UNCONFIRMED.'
        ),
    ] = MISSING


class VeoInstance(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    prompt: StrictStr | MISSING = MISSING
    image: VeoImage | MISSING = MISSING
    last_frame: Annotated[VeoImage | MISSING, Field(alias='lastFrame')] = MISSING
    reference_images: Annotated[
        list[VeoReferenceImage] | MISSING, Field(alias='referenceImages')
    ] = MISSING
    video: VeoSource | MISSING = MISSING


class GeneratedSample(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    video: VeoVideo | MISSING = MISSING


class File(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    name: Annotated[StrictStr | MISSING, Field(examples=['files/abc-123'])] = MISSING
    mime_type: Annotated[StrictStr | MISSING, Field(alias='mimeType')] = MISSING
    state: Annotated[
        StrictStr | MISSING,
        Field(
            description='Only an ACTIVE file can be downloaded.',
            examples=['PROCESSING', 'ACTIVE', 'FAILED'],
        ),
    ] = MISSING
    expiration_time: Annotated[
        AwareDatetime | MISSING,
        Field(
            alias='expirationTime',
            description='When it will be deleted, 48 hours after it was made.',
        ),
    ] = MISSING
    error: Status | MISSING = MISSING


class ErrorDetail(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    field_type: Annotated[
        StrictStr | MISSING,
        Field(alias='@type', examples=['type.googleapis.com/google.rpc.ErrorInfo']),
    ] = MISSING
    reason: Annotated[
        StrictStr | MISSING,
        Field(description='Of an ErrorInfo.', examples=['API_KEY_INVALID']),
    ] = MISSING
    retry_delay: Annotated[
        StrictStr | MISSING,
        Field(
            alias='retryDelay',
            description='Of a RetryInfo. Seconds, with an `s`.',
            examples=['37s', '0.5s'],
        ),
    ] = MISSING
    violations: Annotated[
        list[QuotaViolation] | MISSING, Field(description='Of a QuotaFailure.')
    ] = MISSING
    field_violations: Annotated[
        list[FieldViolation] | MISSING,
        Field(alias='fieldViolations', description='Of a BadRequest.'),
    ] = MISSING


class CreateInteraction(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    model: Annotated[
        StrictStr,
        Field(
            description='An open set.',
            examples=['gemini-omni-1.1-flash', 'gemini-omni-1.2-flash'],
        ),
    ]
    input: Annotated[
        StrictStr | list[Part],
        Field(
            description='A prompt alone, or parts of one turn; also wrapped in a `user_input` step [SDK].'
        ),
    ]
    response_format: VideoFormat | MISSING = MISSING
    generation_config: GenerationConfig | MISSING = MISSING
    previous_interaction_id: Annotated[
        StrictStr | MISSING,
        Field(
            description='The interaction that this one goes on from; it must have been stored.'
        ),
    ] = MISSING
    background: Annotated[
        StrictBool | MISSING,
        Field(description='Answer at once and go on working. Needs `store`.'),
    ] = MISSING
    store: Annotated[
        StrictBool | MISSING,
        Field(
            description='Keep the interaction, so that it can be read and gone on from; true if absent.'
        ),
    ] = MISSING


class Interaction(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[StrictStr, Field(min_length=1)]
    object: Annotated[StrictStr | MISSING, Field(examples=['interaction'])] = MISSING
    status: Annotated[
        StrictStr,
        Field(
            description='queued, in_progress, requires_action, requires_continuation, completed, failed, cancelled, incomplete or\nbudget_exceeded [SDK]. Content that was withheld is `completed` without a video, with or without words in\nits place [SEEN].\n',
            examples=['queued', 'in_progress', 'requires_action', 'requires_continuation', 'completed', 'failed', 'cancelled', 'incomplete', 'budget_exceeded'],
        ),
    ]
    model: StrictStr | MISSING = MISSING
    created: AwareDatetime | MISSING = MISSING
    updated: AwareDatetime | MISSING = MISSING
    previous_interaction_id: StrictStr | MISSING = MISSING
    steps: list[Step] | MISSING = MISSING
    errors: list[InteractionError] | MISSING = MISSING
    usage: Usage | MISSING = MISSING


class PredictLongRunning(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    instances: Annotated[list[VeoInstance], Field(max_length=1, min_length=1)]
    parameters: VeoParameters | MISSING = MISSING


class GenerateVideoResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    generated_samples: Annotated[
        list[GeneratedSample] | MISSING, Field(alias='generatedSamples')
    ] = MISSING
    rai_media_filtered_count: Annotated[
        int | MISSING,
        Field(
            alias='raiMediaFilteredCount',
            description='How many videos were withheld for their content.',
        ),
    ] = MISSING
    rai_media_filtered_reasons: Annotated[
        list[StrictStr] | MISSING, Field(alias='raiMediaFilteredReasons')
    ] = MISSING


class ApiError(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    code: Annotated[
        int | StrictStr | MISSING,
        Field(
            description='The HTTP status; from the Interactions API itself a word, such as `invalid_request` [SEEN].'
        ),
    ] = MISSING
    message: StrictStr
    status: Annotated[
        StrictStr | MISSING,
        Field(
            description='The name of a google.rpc.Code.',
            examples=['INVALID_ARGUMENT', 'UNAUTHENTICATED', 'PERMISSION_DENIED', 'NOT_FOUND', 'RESOURCE_EXHAUSTED'],
        ),
    ] = MISSING
    details: list[ErrorDetail] | MISSING = MISSING


class OperationResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    generate_video_response: Annotated[
        GenerateVideoResponse | MISSING, Field(alias='generateVideoResponse')
    ] = MISSING


class ErrorResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    error: ApiError


class Operation(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    name: Annotated[
        StrictStr, Field(description='`models/{model}/operations/{id}`', min_length=1)
    ]
    done: Annotated[
        StrictBool | MISSING, Field(description='Absent until it is true.')
    ] = MISSING
    response: OperationResponse | MISSING = MISSING
    error: Status | MISSING = MISSING


Part.model_rebuild()
