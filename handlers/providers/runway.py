"""The Runway API.

Source: upstreams/runway.yaml, version 2024-11-06.
Operations: generate (text_to_video, image_to_video or video_to_video, by what the request holds), retrieve, source (video),
delete (which cancels a running task), remix (video_to_video of the finished video, by aleph2). There is no list.
Units: progress as a fraction, times in ISO 8601, `duration` in whole seconds, `ratio` as "1280:720", cost in credits.
Errors: `{"error": text, "issues": [...]}`. A content refusal is a failed task whose `failureCode` begins with SAFETY. The
daily limit is a 429 too, told apart by its text only, so it counts as rate limiting.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from pydantic import MISSING, BaseModel, ValidationError

from generated.models import VideoGenerationRequest, VideoRemixRequest
from generated.upstreams.runway import (
    ErrorResponse,
    ImageToVideo,
    Task,
    TaskCreated,
    TextToVideo,
    VideoToVideo,
)

from ..errors import InvalidRequest, NotFound, ProviderError
from ..media.images import Image
from ..upstream import Reply
from .adapter import Account, Adapter, Filtered, Snapshot, Source, expressed, extras, read
from .refusals import refusal

EDITOR = "aleph2"  # Runway's model that changes a video as a prompt says
VERSION = "2024-11-06"
USD_PER_CREDIT = Decimal("0.01")
STATUS = {
    "PENDING": "queued",
    "THROTTLED": "queued",  # held back by the account's concurrency
    "RUNNING": "in_progress",
    "SUCCEEDED": "completed",
    "FAILED": "failed",
    "CANCELLED": "failed",
}
PARAM = {
    "promptText": "prompt",
    "promptImage": "input_reference",
    "promptVideo": "video_uri",
    "videoUri": "video_uri",
    "ratio": "size",
    "duration": "seconds",
    "negativePrompt": "negative_prompt",
}
"""Their field -> ours, for errors."""
CALLED_PROMPT_VIDEO = ("seedance2", "hailuo3", "klingO3")
"""Models, by the beginning of their name, that call the source of video-to-video `promptVideo` instead of `videoUri`."""


class Runway(Adapter):
    name = "runway"
    base_url = "https://api.dev.runwayml.com"
    key_variables = ("RUNWAYML_API_SECRET",)
    url_variables = ("RUNWAYML_BASE_URL",)
    sandbox_path = "/runway"
    sandbox_secret = "key_sandbox_reelgate"  # noqa: S105  opens nothing but an emulator
    editor = EDITOR
    poll_seconds = 5.0  # the least the vendor's SDK allows

    async def generate(
        self, account: Account, model: str, request: VideoGenerationRequest, image: Image | None
    ) -> Snapshot:
        endpoint, body = encode(model, request, image)
        return await create(account, endpoint, body, extras(request), image=image)

    async def retrieve(self, account: Account, native_id: str) -> Snapshot:
        return decode(await task(account, native_id))

    async def source(self, account: Account, native_id: str, variant: str) -> Source:
        return Source(await output_url(account, native_id))

    async def delete(self, account: Account, native_id: str) -> None:
        reply = await account.call("DELETE", path(native_id), headers=headers(account))
        if not reply.ok and reply.status != 404:
            raise refused(reply)

    async def remix(self, account: Account, native_id: str, request: VideoRemixRequest) -> Snapshot:
        source = await output_url(account, native_id)
        body = VideoToVideo.model_validate({"model": EDITOR, "promptText": request.prompt, "videoUri": source})
        return await create(account, "video_to_video", body, extras(request), model=EDITOR)


async def create(
    account: Account,
    endpoint: str,
    body: BaseModel,
    extra: Mapping[str, Any],
    *,
    model: str | None = None,
    image: Image | None = None,
) -> Snapshot:
    fields = {**extra, **body.model_dump(mode="json", by_alias=True)}
    sent = headers(account)
    reply = await account.call("POST", f"/v1/{endpoint}", headers=sent, json=fields, image=image, creates=True)
    if not reply.ok:
        raise refused(reply, creates=True)
    return Snapshot(native_id=read(TaskCreated, reply, creates=True).id, status="queued", model=model)


async def output_url(account: Account, native_id: str) -> str:
    """Where the finished video is. The URLs are signed and short-lived; each read of the task gives fresh ones."""
    output = (await task(account, native_id)).output
    if output is MISSING or not output:
        raise NotFound("The provider no longer has the file.", code="content_expired")
    return output[0]


async def task(account: Account, native_id: str) -> Task:
    reply = await account.call("GET", path(native_id), headers=headers(account))
    if not reply.ok:
        raise refused(reply)
    return read(Task, reply)


def headers(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.secret.get_secret_value()}", "X-Runway-Version": VERSION}


def path(native_id: str) -> str:
    return f"/v1/tasks/{quote(native_id, safe='')}"


def encode(model: str, request: VideoGenerationRequest, image: Image | None) -> tuple[str, BaseModel]:
    """Our request -> their endpoint and its body. The material decides the endpoint, the model the names of fields."""
    common = {
        "model": model,
        "promptText": request.prompt,
        "ratio": MISSING if request.size is MISSING else request.size.replace("x", ":"),
        "duration": MISSING if request.seconds is MISSING else int(request.seconds.root),
        "seed": request.seed,
        "audio": request.audio,
    }
    if request.video_uri is not MISSING:
        field = "promptVideo" if model.startswith(CALLED_PROMPT_VIDEO) else "videoUri"
        if request.input_reference is not MISSING:
            raise InvalidRequest(
                "Runway takes an image or a video, not both.", code="unsupported_parameter", param="input_reference"
            )
        return "video_to_video", expressed(VideoToVideo, common | {field: request.video_uri}, PARAM)
    common["negativePrompt"] = request.negative_prompt
    if image is not None or request.input_reference is not MISSING:
        uri = image.encoded_url if image is not None else request.input_reference
        return "image_to_video", expressed(ImageToVideo, common | {"promptImage": uri}, PARAM)
    return "text_to_video", expressed(TextToVideo, common, PARAM)


def decode(task: Task) -> Snapshot:
    """Their task -> our job."""
    status = STATUS.get(task.status)
    failure = None if task.failure is MISSING else task.failure
    code = None if task.failure_code is MISSING else task.failure_code
    filtered = code is not None and code.startswith("SAFETY")
    if task.status == "CANCELLED":
        code, failure = "cancelled", "The task was cancelled at the provider."
    return Snapshot(
        native_id=task.id,
        status=status or "in_progress",
        provider_status=None if status else task.status,
        progress=None if task.progress is MISSING or task.progress is None else task.progress * 100,
        error_code="content_filtered" if filtered else code,
        error_message=failure,
        filtered=Filtered(1, (str(code),)) if filtered else None,
        cost_usd=None if task.cost is MISSING else Decimal(str(task.cost.credits)) * USD_PER_CREDIT,
    )


def refused(reply: Reply, *, creates: bool = False) -> ProviderError:
    try:
        body = ErrorResponse.model_validate_json(reply.body)
    except ValidationError:
        return refusal(reply, None, creates=creates)
    issue = body.issues[0] if body.issues is not MISSING and body.issues else None
    field = str(issue.path[0]) if issue and issue.path is not MISSING and issue.path else None
    why = f"{body.error}: {issue.message}" if issue and issue.message is not MISSING else body.error
    return refusal(reply, why, creates=creates, param=PARAM.get(field, field) if field else None)
