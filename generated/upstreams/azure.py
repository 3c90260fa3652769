# Generated from upstreams/azure.yaml by `make generate`. Do not edit.

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
    StrictStr,
)


class VideoSeconds(StrEnum):
    field_4 = '4'
    field_8 = '8'
    field_12 = '12'


class VideoSize(StrEnum):
    field_720x1280 = '720x1280'
    field_1280x720 = '1280x720'


class ImageReference(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    image_url: Annotated[
        StrictStr | MISSING, Field(description='A URL or a `data:` URL.')
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
        Field(description='1 to 32 000 characters.', max_length=32000, min_length=1),
    ]
    model: Annotated[
        StrictStr,
        Field(
            description='The name of the **deployment**, not of the model [DOC].',
            examples=['sora-2', 'my-sora'],
        ),
    ]
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
        Field(description='1 to 32 000 characters.', max_length=32000, min_length=1),
    ]
    model: Annotated[
        StrictStr,
        Field(
            description='The name of the **deployment**, not of the model [DOC].',
            examples=['sora-2', 'my-sora'],
        ),
    ]
    seconds: VideoSeconds | MISSING = MISSING
    size: VideoSize | MISSING = MISSING
    input_reference: Annotated[
        StrictBytes | MISSING,
        Field(
            description='image/jpeg, image/png or image/webp, whose pixels must equal `size` [DOC].'
        ),
    ] = MISSING


class RemixVideo(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    prompt: Annotated[
        StrictStr,
        Field(description='1 to 32 000 characters.', max_length=32000, min_length=1),
    ]


class VideoError(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    code: Annotated[
        StrictStr | None | MISSING,
        Field(
            examples=['moderation_blocked', 'content_filter', 'video_generation_failed', 'internal_server_error']
        ),
    ] = MISSING
    message: StrictStr | None | MISSING = MISSING


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


class InnerError(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    code: Annotated[
        StrictStr | None | MISSING,
        Field(
            description='`ResponsibleAIPolicyViolation` when the content filter refused the prompt [AOAI].',
            examples=['ResponsibleAIPolicyViolation'],
        ),
    ] = MISSING


class Video(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[
        StrictStr, Field(description='`video_` and hexadecimal digits.', min_length=1)
    ]
    object: Annotated[
        StrictStr | MISSING, Field(description='Always `video`.', examples=['video'])
    ] = MISSING
    model: Annotated[
        StrictStr | MISSING,
        Field(
            description='The model, or the deployment that renders it (UNCONFIRMED which).'
        ),
    ] = MISSING
    status: Annotated[
        StrictStr,
        Field(
            description='`queued`, `in_progress`, `completed` or `failed` [REST]. An open set here on purpose.',
            examples=['queued', 'in_progress', 'completed', 'failed'],
        ),
    ]
    progress: Annotated[
        int | None | MISSING, Field(description='Percent done, 0 to 100.')
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
            description='Unix seconds after which the files are gone, about 24 hours after the creation [DOC].'
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
    first_id: StrictStr | None | MISSING = MISSING
    last_id: StrictStr | None | MISSING = MISSING
    has_more: StrictBool | MISSING = MISSING


class ApiError(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    code: Annotated[
        StrictStr | None | MISSING,
        Field(
            description='A word, or the HTTP status as text.',
            examples=['401', 'DeploymentNotFound', 'content_filter', 'moderation_blocked'],
        ),
    ] = MISSING
    message: Annotated[StrictStr, Field(description='For people.')]
    param: Annotated[
        StrictStr | None | MISSING, Field(description='The field at fault, if one is.')
    ] = MISSING
    innererror: Annotated[
        InnerError | None | MISSING,
        Field(description='More about a refusal by the content filter [AOAI].'),
    ] = MISSING


class ErrorResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    error: ApiError
