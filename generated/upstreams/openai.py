# Generated from upstreams/openai.yaml by `make generate`. Do not edit.

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import (
    MISSING,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictBytes,
    StrictFloat,
    StrictStr,
)


class VideoSeconds(StrEnum):
    field_4 = '4'
    field_8 = '8'
    field_12 = '12'
    field_16 = '16'
    field_20 = '20'


class VideoSize(StrEnum):
    field_720x1280 = '720x1280'
    field_1280x720 = '1280x720'
    field_1024x1792 = '1024x1792'
    field_1792x1024 = '1792x1024'
    field_1080x1920 = '1080x1920'
    field_1920x1080 = '1920x1080'


class ImageReference(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    image_url: Annotated[
        StrictStr | MISSING,
        Field(
            description='A URL or a `data:` URL, at most 20 971 520 characters.',
            max_length=20971520,
        ),
    ] = MISSING
    file_id: Annotated[
        StrictStr | MISSING, Field(description='Id of an uploaded file.')
    ] = MISSING


class CreateVideo(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    prompt: Annotated[
        StrictStr,
        Field(
            description='1 to 32 000 characters [SPEC].', max_length=32000, min_length=1
        ),
    ]
    model: Annotated[
        StrictStr | MISSING,
        Field(
            description='`sora-2` if absent. An open set: OpenAI adds dated snapshots [SDK].',
            examples=['sora-2', 'sora-2-pro', 'sora-2-2025-10-06', 'sora-2-2025-12-08', 'sora-2-pro-2025-10-06'],
        ),
    ] = MISSING
    seconds: VideoSeconds | MISSING = MISSING
    size: VideoSize | MISSING = MISSING
    input_reference: ImageReference | MISSING = MISSING


class CreateVideoForm(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    prompt: Annotated[
        StrictStr,
        Field(
            description='1 to 32 000 characters [SPEC].', max_length=32000, min_length=1
        ),
    ]
    model: Annotated[StrictStr | MISSING, Field(description='`sora-2` if absent.')] = (
        MISSING
    )
    seconds: VideoSeconds | MISSING = MISSING
    size: VideoSize | MISSING = MISSING
    input_reference: Annotated[
        StrictBytes | MISSING,
        Field(
            description='image/jpeg, image/png or image/webp, whose pixels must equal `size`, with no human face [GUIDE].\n'
        ),
    ] = MISSING


class RemixVideo(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    prompt: Annotated[
        StrictStr,
        Field(
            description='The new prompt, 1 to 32 000 characters.',
            max_length=32000,
            min_length=1,
        ),
    ]


class VideoError(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    code: Annotated[
        StrictStr | int | None | MISSING,
        Field(
            examples=['moderation_blocked', 'video_generation_failed', 'internal_server_error']
        ),
    ] = MISSING
    message: StrictStr | None | MISSING = MISSING
    type: StrictStr | None | MISSING = MISSING
    param: StrictStr | None | MISSING = MISSING


class VideoDeleted(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: StrictStr
    object: Annotated[
        StrictStr | MISSING,
        Field(description='Always `video.deleted`.', examples=['video.deleted']),
    ] = MISSING
    deleted: StrictBool | MISSING = MISSING


class ApiError(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[StrictStr, Field(description='For people.')]
    type: Annotated[
        StrictStr | None | MISSING,
        Field(
            examples=['invalid_request_error', 'authentication_error', 'rate_limit_error', 'insufficient_quota', 'server_error']
        ),
    ] = MISSING
    param: Annotated[
        StrictStr | None | MISSING, Field(description='The field at fault, if one is.')
    ] = MISSING
    code: Annotated[
        StrictStr | int | None | MISSING,
        Field(
            description='For programs; null on some refusals, such as an image of the wrong size. Servers of the dialect (vLLM-Omni)\nput the HTTP status here, as a number.\n',
            examples=['invalid_value', 'unknown_parameter', 'invalid_api_key', 'rate_limit_exceeded', 'insufficient_quota'],
        ),
    ] = MISSING


class Video(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[
        StrictStr,
        Field(
            description='`video_` and hexadecimal digits.',
            examples=['video_68d7512d07848190b3e45da0ecbebcde004da08e1e0678d5'],
            min_length=1,
        ),
    ]
    object: Annotated[
        StrictStr | MISSING, Field(description='Always `video`.', examples=['video'])
    ] = MISSING
    model: Annotated[
        StrictStr | MISSING, Field(description='The model that renders it.')
    ] = MISSING
    status: Annotated[
        StrictStr,
        Field(
            description='`queued`, `in_progress`, `completed` or `failed` [SDK]; a batch may say `expired` [GUIDE]. An open set\nhere on purpose.\n',
            examples=['queued', 'in_progress', 'completed', 'failed'],
        ),
    ]
    progress: Annotated[
        StrictFloat | None | MISSING,
        Field(
            description='Percent done, 0 to 100. Whole at OpenAI; servers of the dialect may say fractions.'
        ),
    ] = MISSING
    created_at: Annotated[int | None | MISSING, Field(description='Unix seconds.')] = (
        MISSING
    )
    completed_at: Annotated[
        int | None | MISSING,
        Field(description='Unix seconds; null until the job has completed.'),
    ] = MISSING
    expires_at: Annotated[
        int | None | MISSING,
        Field(
            description='Unix seconds after which the assets are gone; null until the job has completed.'
        ),
    ] = MISSING
    seconds: Annotated[
        StrictStr | None | MISSING,
        Field(description='Length of the clip in whole seconds, as a string.'),
    ] = MISSING
    size: Annotated[
        StrictStr | None | MISSING, Field(description='Width x height in pixels.')
    ] = MISSING
    prompt: Annotated[
        StrictStr | None | MISSING, Field(description='The prompt of the job.')
    ] = MISSING
    remixed_from_video_id: Annotated[
        StrictStr | None | MISSING, Field(description='The source, if this is a remix.')
    ] = MISSING
    error: Annotated[
        VideoError | None | MISSING,
        Field(description='Why the job failed; null otherwise.'),
    ] = MISSING


class VideoList(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    object: Annotated[
        StrictStr | MISSING, Field(description='Always `list`.', examples=['list'])
    ] = MISSING
    data: list[Video]
    first_id: Annotated[
        StrictStr | None | MISSING,
        Field(description='Id of the first video of this page; null on an empty page.'),
    ] = MISSING
    last_id: Annotated[
        StrictStr | None | MISSING,
        Field(description='Id of the last video of this page; null on an empty page.'),
    ] = MISSING
    has_more: Annotated[
        StrictBool | MISSING, Field(description='Whether another page follows.')
    ] = MISSING


class ErrorResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    error: ApiError
