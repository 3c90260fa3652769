# Generated from upstreams/vllm.yaml by `make generate`. Do not edit.

from __future__ import annotations

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


class CreateVideoForm(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    prompt: Annotated[StrictStr, Field(min_length=1)]
    model: Annotated[
        StrictStr | MISSING,
        Field(
            description='If given it must be the one that is served, or the answer is 400 "Model mismatch…".'
        ),
    ] = MISSING
    seconds: Annotated[
        StrictStr | MISSING,
        Field(
            description='Frames are seconds x fps, unless `num_frames` is given.',
            pattern='^[1-9]\\d*$',
        ),
    ] = MISSING
    size: Annotated[StrictStr | MISSING, Field(pattern='^\\d+x\\d+$')] = MISSING
    input_reference: Annotated[
        StrictBytes | MISSING,
        Field(
            description='An image, or a video for models that take one. Not together with the references by URL.'
        ),
    ] = MISSING
    image_reference: Annotated[
        StrictStr | MISSING,
        Field(
            description='JSON text, `{"image_url": …}` or a list of these: http(s), which the **server** fetches from inside its own\nnetwork, or a `data:` URL. `file_id` is refused.\n'
        ),
    ] = MISSING
    video_reference: Annotated[
        StrictStr | MISSING,
        Field(description='JSON text, `{"video_url":…}` or a list of these, as above.'),
    ] = MISSING
    audio_reference: Annotated[
        StrictStr | MISSING,
        Field(description='JSON text, `{"audio_url":…}` or a list of these, as above.'),
    ] = MISSING
    user: StrictStr | MISSING = MISSING
    negative_prompt: StrictStr | MISSING = MISSING
    seed: int | MISSING = MISSING
    generate_sound: Annotated[
        StrictBool | MISSING,
        Field(description='Whether to make sound too, for models that can.'),
    ] = MISSING
    sound_duration: Annotated[StrictFloat | MISSING, Field(description='Seconds.')] = (
        MISSING
    )
    width: int | MISSING = MISSING
    height: int | MISSING = MISSING
    num_frames: int | MISSING = MISSING
    fps: Annotated[
        StrictFloat | MISSING, Field(description='At least 1; 24 if absent.')
    ] = MISSING
    aspect_ratio: StrictStr | MISSING = MISSING
    short_edge: Annotated[int | MISSING, Field(description='Pixels.')] = MISSING
    num_outputs_per_prompt: Annotated[int | MISSING, Field(description='1 to 10.')] = (
        MISSING
    )
    start_time_seconds: StrictFloat | MISSING = MISSING
    quality: Annotated[
        StrictStr | MISSING, Field(description='`lossless` or `high`.')
    ] = MISSING
    num_inference_steps: Annotated[int | MISSING, Field(description='1 to 200.')] = (
        MISSING
    )
    guidance_scale: StrictFloat | MISSING = MISSING
    guidance_scale_2: StrictFloat | MISSING = MISSING
    boundary_ratio: StrictFloat | MISSING = MISSING
    flow_shift: StrictFloat | MISSING = MISSING
    true_cfg_scale: StrictFloat | MISSING = MISSING
    enable_frame_interpolation: StrictBool | MISSING = MISSING
    frame_interpolation_exp: int | MISSING = MISSING
    frame_interpolation_scale: StrictFloat | MISSING = MISSING
    frame_interpolation_model_path: Annotated[
        StrictStr | MISSING,
        Field(
            description='A folder **of the server**, or a repository of Hugging Face whose weights it loads.'
        ),
    ] = MISSING
    lora: Annotated[StrictStr | MISSING, Field(description='JSON text.')] = MISSING
    extra_params: Annotated[
        StrictStr | MISSING, Field(description='JSON text, handed to the model.')
    ] = MISSING
    return_stage_metrics: StrictBool | MISSING = MISSING


class VideoError(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    code: Annotated[
        int | StrictStr | None | MISSING,
        Field(
            description='The HTTP status that fits the failure [SRC]; a word in other versions.',
            examples=[500, 400],
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


class ApiError(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    message: Annotated[StrictStr, Field(description='For people.')]
    type: Annotated[
        StrictStr | None | MISSING,
        Field(
            description='The words of the HTTP status.',
            examples=['Bad Request', 'Not Found'],
        ),
    ] = MISSING
    param: Annotated[
        StrictStr | None | MISSING, Field(description='The field at fault, if one is.')
    ] = MISSING
    code: Annotated[
        int | StrictStr | None | MISSING,
        Field(description='The HTTP status once more.', examples=[400, 404]),
    ] = MISSING


class Video(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[
        StrictStr,
        Field(description='`video_gen_` and 32 hexadecimal digits.', min_length=1),
    ]
    object: Annotated[
        StrictStr | MISSING, Field(description='Always `video`.', examples=['video'])
    ] = MISSING
    model: Annotated[
        StrictStr | MISSING, Field(description='The model that is served.')
    ] = MISSING
    status: Annotated[
        StrictStr,
        Field(
            description='`queued`, `in_progress`, `completed` or `failed` [SRC]. An open set here on purpose.',
            examples=['queued', 'in_progress', 'completed', 'failed'],
        ),
    ]
    progress: Annotated[
        int | None | MISSING, Field(description='0, and 100 once completed.')
    ] = MISSING
    created_at: Annotated[int | None | MISSING, Field(description='Unix seconds.')] = (
        MISSING
    )
    completed_at: Annotated[
        int | None | MISSING,
        Field(description='Unix seconds; set when the job has failed, too.'),
    ] = MISSING
    expires_at: Annotated[
        int | None | MISSING,
        Field(
            description='Unix seconds; null unless the storage of the server has a time to live.'
        ),
    ] = MISSING
    seconds: Annotated[
        StrictStr | None | MISSING,
        Field(
            description='As requested; "4" if nothing was, whatever the clip\'s length.'
        ),
    ] = MISSING
    size: Annotated[
        StrictStr | None | MISSING,
        Field(description='As requested; null if nothing was.'),
    ] = MISSING
    prompt: Annotated[
        StrictStr | None | MISSING, Field(description='As requested.')
    ] = MISSING
    remixed_from_video_id: Annotated[
        StrictStr | None | MISSING, Field(description='Always null.')
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
    has_more: Annotated[
        StrictBool | MISSING, Field(description='Whether another page follows.')
    ] = MISSING


class ErrorResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    error: Annotated[
        StrictStr | ApiError,
        Field(
            description='Text for a wrong key, `{"error": "Unauthorized"}`; an object otherwise.'
        ),
    ]
