# Generated from upstreams/sgl.yaml by `make generate`. Do not edit.

from __future__ import annotations

from typing import Annotated

from pydantic import (
    MISSING,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    StrictBool,
    StrictBytes,
    StrictFloat,
    StrictStr,
)


class CreateVideoForm(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    prompt: Annotated[StrictStr, Field(min_length=1)]
    model: Annotated[
        StrictStr | MISSING,
        Field(description='Not compared with the one that is served.'),
    ] = MISSING
    input_reference: Annotated[
        StrictBytes | MISSING,
        Field(description='An image, or a video for models that take one.'),
    ] = MISSING
    reference_url: Annotated[
        StrictStr | MISSING,
        Field(
            description='An image by http(s), which the **server** fetches from inside its own network, or by `data:image/…`.\n'
        ),
    ] = MISSING
    video_url: Annotated[
        StrictStr | MISSING, Field(description='A video by http(s), as above.')
    ] = MISSING
    seconds: Annotated[
        int | MISSING, Field(description='Whole seconds; 4 if absent.')
    ] = MISSING
    size: StrictStr | MISSING = MISSING
    seed: int | MISSING = MISSING
    negative_prompt: StrictStr | MISSING = MISSING
    n: int | MISSING = MISSING
    num_outputs_per_prompt: Annotated[int | MISSING, Field(description='1 to 10.')] = (
        MISSING
    )
    task_type: StrictStr | MISSING = MISSING
    fps: int | MISSING = MISSING
    num_frames: int | MISSING = MISSING
    width: int | MISSING = MISSING
    height: int | MISSING = MISSING
    num_inference_steps: int | MISSING = MISSING
    guidance_scale: StrictFloat | MISSING = MISSING
    guidance_scale_2: StrictFloat | MISSING = MISSING
    true_cfg_scale: StrictFloat | MISSING = MISSING
    flow_shift: StrictFloat | MISSING = MISSING
    enable_teacache: StrictBool | MISSING = MISSING
    enhance_prompt: StrictBool | MISSING = MISSING
    enable_frame_interpolation: StrictBool | MISSING = MISSING
    frame_interpolation_exp: int | MISSING = MISSING
    frame_interpolation_scale: StrictFloat | MISSING = MISSING
    enable_upscaling: StrictBool | MISSING = MISSING
    upscaling_scale: int | MISSING = MISSING
    output_quality: StrictStr | MISSING = MISSING
    output_compression: int | MISSING = MISSING


class CreateVideo(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    prompt: Annotated[StrictStr, Field(min_length=1)]
    model: StrictStr | MISSING = MISSING
    reference_url: StrictStr | MISSING = MISSING
    video_url: StrictStr | MISSING = MISSING
    seconds: int | StrictStr | MISSING = MISSING
    size: StrictStr | MISSING = MISSING
    seed: int | MISSING = MISSING
    negative_prompt: StrictStr | MISSING = MISSING


class VideoError(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: StrictStr | None | MISSING = MISSING


class Finding(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    loc: Annotated[
        list[StrictStr | int],
        Field(description='Where, from the outside in; the first is `body`.'),
    ]
    msg: StrictStr
    type: StrictStr | MISSING = MISSING


class Video(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[StrictStr, Field(description='A UUID.', min_length=1)]
    object: Annotated[
        StrictStr | MISSING, Field(description='Always `video`.', examples=['video'])
    ] = MISSING
    model: Annotated[
        StrictStr | MISSING,
        Field(
            description='As requested, or the one that is served; `sora-2` in older versions when none was requested [GIT].'
        ),
    ] = MISSING
    status: Annotated[
        StrictStr,
        Field(
            description='`queued`, `in_progress`, `completed` or `failed`; after a delete `deleted`, which no retrieve says [SRC]. An\nopen set here on purpose.\n',
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
        Field(description='Unix seconds; null unless the job has completed.'),
    ] = MISSING
    expires_at: Annotated[int | None | MISSING, Field(description='Always null.')] = (
        MISSING
    )
    seconds: Annotated[
        StrictStr | None | MISSING,
        Field(description='Length of the clip in whole seconds, rounded.'),
    ] = MISSING
    size: Annotated[
        StrictStr | None | MISSING, Field(description='Width x height in pixels.')
    ] = MISSING
    url: Annotated[
        StrictStr | None | MISSING,
        Field(
            description='Where the file is, if the server stores its files in a cloud.'
        ),
    ] = MISSING
    file_path: Annotated[
        StrictStr | None | MISSING,
        Field(description='A path of the server; not for callers.'),
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


class Detail(RootModel[list[Finding]]):
    root: Annotated[list[Finding], Field(min_length=1)]


class ErrorResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    detail: StrictStr | Detail
