# Generated from upstreams/xai.yaml by `make generate`. Do not edit.

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import (
    MISSING,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictStr,
)


class Asset(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    url: Annotated[
        StrictStr | MISSING,
        Field(description='An https URL; for an image a data URL too.', min_length=1),
    ] = MISSING
    file_id: Annotated[StrictStr | MISSING, Field(min_length=1)] = MISSING


class Voice(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    voice_id: Annotated[StrictStr, Field(min_length=1)]


class StorageOptions(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    filename: StrictStr | MISSING = MISSING
    expires_after: Annotated[
        int | MISSING, Field(description='Seconds (UNCONFIRMED).')
    ] = MISSING
    public_url: StrictBool | MISSING = MISSING


class UploadOutput(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    upload_url: Annotated[
        StrictStr,
        Field(
            description='Where to put the video; teams with zero data retention must name one [SEEN].'
        ),
    ]


class AspectRatio(StrEnum):
    field_1_1 = '1:1'
    field_16_9 = '16:9'
    field_9_16 = '9:16'
    field_4_3 = '4:3'
    field_3_4 = '3:4'
    field_3_2 = '3:2'
    field_2_3 = '2:3'


class Resolution(StrEnum):
    field_480p = '480p'
    field_720p = '720p'
    field_1080p = '1080p'


class GenerateVideo(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    model: Annotated[
        StrictStr,
        Field(
            description='An open set.',
            examples=['grok-imagine-video', 'grok-imagine-video-1.5'],
        ),
    ]
    prompt: Annotated[
        StrictStr,
        Field(
            description='At most 4096 bytes by one source (UNCONFIRMED).', min_length=1
        ),
    ]
    duration: Annotated[
        int | MISSING, Field(description='Whole seconds, 8 if absent.', ge=1, le=15)
    ] = MISSING
    aspect_ratio: Annotated[
        AspectRatio | MISSING,
        Field(
            description='16:9 if absent, and that of the image if there is one (UNCONFIRMED for the image).'
        ),
    ] = MISSING
    resolution: Annotated[
        Resolution | MISSING,
        Field(
            description='The short edge, 480p if absent. 1080p from grok-imagine-video-1.5 on; 720p at most with reference images.\n'
        ),
    ] = MISSING
    image: Annotated[Asset | MISSING, Field(description='The first frame.')] = MISSING
    reference_images: Annotated[
        list[Asset] | MISSING,
        Field(
            description='What should appear in the video; at most 7, or 14 (UNCONFIRMED).'
        ),
    ] = MISSING
    reference_audios: Annotated[
        list[Voice] | MISSING,
        Field(description='From grok-imagine-video-1.5 on.', max_length=3),
    ] = MISSING
    generate_audio: Annotated[
        StrictBool | MISSING,
        Field(
            description='The name in the gRPC API [SDK]; that REST calls it so is UNCONFIRMED. true if absent.'
        ),
    ] = MISSING
    storage_options: StorageOptions | MISSING = MISSING
    output: UploadOutput | MISSING = MISSING
    user: Annotated[
        StrictStr | MISSING, Field(description="Who asks, in the caller's own terms.")
    ] = MISSING


class EditVideo(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    model: Annotated[
        StrictStr,
        Field(
            description='Only grok-imagine-video edits [DOC].',
            examples=['grok-imagine-video'],
        ),
    ]
    prompt: Annotated[
        StrictStr,
        Field(
            description='At most 4096 bytes by one source (UNCONFIRMED).', min_length=1
        ),
    ]
    video: Annotated[Asset, Field(description='The source, of at most 8.7 s [DOC].')]
    storage_options: StorageOptions | MISSING = MISSING
    output: UploadOutput | MISSING = MISSING
    user: Annotated[
        StrictStr | MISSING, Field(description="Who asks, in the caller's own terms.")
    ] = MISSING


class Started(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    request_id: Annotated[StrictStr, Field(description='A UUID.', min_length=1)]


class GeneratedVideo(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    url: Annotated[
        StrictStr | None | MISSING,
        Field(description='Needs no key; good for 24 hours [SDK].'),
    ] = MISSING
    duration: Annotated[StrictFloat | None | MISSING, Field(description='Seconds.')] = (
        MISSING
    )
    respect_moderation: Annotated[
        StrictBool | None | MISSING,
        Field(
            description='false when the video was withheld by content moderation; there is no URL then [SDK].'
        ),
    ] = MISSING


class Usage(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    cost_in_usd_ticks: Annotated[
        int | None | MISSING,
        Field(description='The charge; 10 000 000 000 ticks are one US dollar [SDK].'),
    ] = MISSING


class ErrorDetail(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: StrictStr | None | MISSING = MISSING
    code: StrictStr | None | MISSING = MISSING


class VideoStatus(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    status: Annotated[
        StrictStr | None | MISSING,
        Field(
            description='pending, done, failed or expired [DOC]. May be absent once `video.url` is there [SEEN]. An open set here on\npurpose.\n',
            examples=['pending', 'done', 'failed', 'expired'],
        ),
    ] = MISSING
    progress: Annotated[StrictFloat | None | MISSING, Field(description='Percent.')] = (
        MISSING
    )
    model: StrictStr | None | MISSING = MISSING
    video: GeneratedVideo | None | MISSING = MISSING
    usage: Usage | None | MISSING = MISSING
    error: Annotated[
        StrictStr | ErrorDetail | None | MISSING,
        Field(description='Text, or an object.'),
    ] = MISSING


class ErrorResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    code: Annotated[
        StrictStr | None | MISSING,
        Field(
            examples=['invalid-argument', 'not-found', 'Client specified an invalid argument', 'Some resource has been exhausted']
        ),
    ] = MISSING
    error: StrictStr | ErrorDetail
    usage: Usage | None | MISSING = MISSING
