# Generated from upstreams/vertex.yaml by `make generate`. Do not edit.

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import MISSING, BaseModel, ConfigDict, Field, StrictBool, StrictStr


class VeoMedia(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    gcs_uri: Annotated[StrictStr | MISSING, Field(alias='gcsUri', pattern='^gs://')] = (
        MISSING
    )
    bytes_base64_encoded: Annotated[
        StrictStr | MISSING, Field(alias='bytesBase64Encoded')
    ] = MISSING
    mime_type: Annotated[
        StrictStr,
        Field(alias='mimeType', examples=['image/png', 'image/jpeg', 'video/mp4']),
    ]


class VeoMask(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    gcs_uri: Annotated[StrictStr | MISSING, Field(alias='gcsUri', pattern='^gs://')] = (
        MISSING
    )
    bytes_base64_encoded: Annotated[
        StrictStr | MISSING, Field(alias='bytesBase64Encoded')
    ] = MISSING
    mime_type: Annotated[StrictStr, Field(alias='mimeType', examples=['image/png'])]
    mask_mode: Annotated[StrictStr | MISSING, Field(alias='maskMode')] = MISSING


class ReferenceType(StrEnum):
    asset = 'asset'
    style = 'style'


class VeoReferenceImage(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    image: VeoMedia
    reference_type: Annotated[ReferenceType, Field(alias='referenceType')]


class AspectRatio(StrEnum):
    field_16_9 = '16:9'
    field_9_16 = '9:16'


class CompressionQuality(StrEnum):
    optimized = 'optimized'
    lossless = 'lossless'


class ResizeMode(StrEnum):
    pad = 'pad'
    crop = 'crop'


class VeoParameters(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    sample_count: Annotated[int | MISSING, Field(alias='sampleCount', ge=1, le=4)] = (
        MISSING
    )
    storage_uri: Annotated[
        StrictStr | MISSING,
        Field(
            alias='storageUri',
            description='Where to put the videos. Without it they come in the answer.',
            examples=['gs://bucket/prefix/'],
            pattern='^gs://',
        ),
    ] = MISSING
    duration_seconds: Annotated[
        int | MISSING,
        Field(
            alias='durationSeconds',
            description='4, 6 or 8; 8 for 1080p, 4k, reference images and with a source video.',
            ge=1,
        ),
    ] = MISSING
    aspect_ratio: Annotated[AspectRatio | MISSING, Field(alias='aspectRatio')] = MISSING
    resolution: Annotated[
        StrictStr | MISSING, Field(description='720p, 1080p or 4k.', examples=['720p'])
    ] = MISSING
    seed: Annotated[int | MISSING, Field(description='Of 32 bits.', ge=0)] = MISSING
    generate_audio: Annotated[
        StrictBool | MISSING,
        Field(
            alias='generateAudio',
            description='What is made if it is absent is UNCONFIRMED.',
        ),
    ] = MISSING
    negative_prompt: Annotated[StrictStr | MISSING, Field(alias='negativePrompt')] = (
        MISSING
    )
    enhance_prompt: Annotated[StrictBool | MISSING, Field(alias='enhancePrompt')] = (
        MISSING
    )
    person_generation: Annotated[
        StrictStr | MISSING,
        Field(
            alias='personGeneration',
            examples=['dont_allow', 'allow_adult', 'allow_all'],
        ),
    ] = MISSING
    fps: int | MISSING = MISSING
    pubsub_topic: Annotated[StrictStr | MISSING, Field(alias='pubsubTopic')] = MISSING
    compression_quality: Annotated[
        CompressionQuality | MISSING, Field(alias='compressionQuality')
    ] = MISSING
    resize_mode: Annotated[ResizeMode | MISSING, Field(alias='resizeMode')] = MISSING


class FetchPredictOperation(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    operation_name: Annotated[StrictStr, Field(alias='operationName', min_length=1)]


class VeoVideo(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    gcs_uri: Annotated[
        StrictStr | MISSING,
        Field(alias='gcsUri', examples=['gs://bucket/prefix/1763000000/sample_0.mp4']),
    ] = MISSING
    bytes_base64_encoded: Annotated[
        StrictStr | MISSING, Field(alias='bytesBase64Encoded')
    ] = MISSING
    mime_type: Annotated[
        StrictStr | MISSING, Field(alias='mimeType', examples=['video/mp4'])
    ] = MISSING


class Status(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    code: Annotated[int | MISSING, Field(description='A google.rpc.Code, 0 to 16.')] = (
        MISSING
    )
    message: StrictStr | MISSING = MISSING


class TokenRequest(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    grant_type: Annotated[
        StrictStr,
        Field(
            examples=['urn:ietf:params:oauth:grant-type:jwt-bearer', 'refresh_token']
        ),
    ]
    assertion: Annotated[
        StrictStr | MISSING,
        Field(
            description='A JSON Web Token signed with RS256: `iss` the account, `aud` https://oauth2.googleapis.com/token, `scope`,\n`iat`, and `exp` an hour later at most.\n'
        ),
    ] = MISSING
    client_id: StrictStr | MISSING = MISSING
    client_secret: StrictStr | MISSING = MISSING
    refresh_token: StrictStr | MISSING = MISSING
    scope: Annotated[
        StrictStr | MISSING,
        Field(description='With a refresh token, fewer scopes than were granted.'),
    ] = MISSING


class Token(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    access_token: Annotated[StrictStr, Field(min_length=1)]
    expires_in: Annotated[int, Field(description='Seconds.', examples=[3599])]
    token_type: Annotated[StrictStr | MISSING, Field(examples=['Bearer'])] = MISSING


class TokenRefused(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    error: Annotated[
        StrictStr, Field(examples=['invalid_grant', 'invalid_client', 'invalid_scope'])
    ]
    error_description: StrictStr | MISSING = MISSING


class ApiError(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    code: Annotated[int | MISSING, Field(description='The HTTP status.')] = MISSING
    message: StrictStr
    status: Annotated[
        StrictStr | MISSING,
        Field(
            description='The name of a google.rpc.Code.',
            examples=['INVALID_ARGUMENT', 'UNAUTHENTICATED', 'PERMISSION_DENIED', 'NOT_FOUND', 'RESOURCE_EXHAUSTED'],
        ),
    ] = MISSING
    details: list[dict[str, Any]] | MISSING = MISSING


class VeoInstance(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    prompt: StrictStr | MISSING = MISSING
    image: Annotated[
        VeoMedia | MISSING,
        Field(description='The first frame, image/jpeg or image/png.'),
    ] = MISSING
    last_frame: Annotated[VeoMedia | MISSING, Field(alias='lastFrame')] = MISSING
    reference_images: Annotated[
        list[VeoReferenceImage] | MISSING,
        Field(alias='referenceImages', description='Not for the lite model [DOC].'),
    ] = MISSING
    video: Annotated[
        VeoMedia | MISSING, Field(description='The video to go on from.')
    ] = MISSING
    mask: Annotated[
        VeoMask | MISSING,
        Field(description='Which part of the video or image is to be changed.'),
    ] = MISSING


class GenerateVideoResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    videos: list[VeoVideo] | MISSING = MISSING
    rai_media_filtered_count: Annotated[
        int | MISSING,
        Field(
            alias='raiMediaFilteredCount',
            description='How many videos were withheld for their content; there may be others all the same.',
        ),
    ] = MISSING
    rai_media_filtered_reasons: Annotated[
        list[StrictStr] | MISSING, Field(alias='raiMediaFilteredReasons')
    ] = MISSING


class ErrorResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    error: ApiError


class PredictLongRunning(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    instances: Annotated[list[VeoInstance], Field(max_length=1, min_length=1)]
    parameters: VeoParameters | MISSING = MISSING
    labels: Annotated[
        dict[str, StrictStr] | MISSING, Field(description='For the bill.')
    ] = MISSING


class Operation(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    name: Annotated[
        StrictStr,
        Field(
            description='`projects/{project}/locations/{location}/publishers/google/models/{model}/operations/{id}`: all that it\ntakes to ask about it.\n',
            min_length=1,
        ),
    ]
    done: Annotated[
        StrictBool | MISSING, Field(description='Absent until it is true.')
    ] = MISSING
    response: GenerateVideoResponse | MISSING = MISSING
    error: Status | MISSING = MISSING
