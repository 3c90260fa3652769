"""The xAI video API (Grok Imagine).

Source: upstreams/xai.yaml, as of 2026-11-20.
Operations: generate (videos/generations, or videos/edits of `video_uri`), retrieve, source (video), remix (videos/edits of the
finished video, by grok-imagine-video). There is no list, no delete and no cancel.
Units: progress in percent, `duration` in whole seconds, `aspect_ratio` "16:9" with `resolution` "720p" (the short edge), cost in
ticks of 10^-10 US dollars. No times are told; files are good for about a day.
Errors: `{"code", "error": text}`, or OpenAI's envelope. A wrong key is a 400 and spent credit a 429, both told by their text
only. A content refusal is a finished video with `respect_moderation: false` (or with neither that nor a URL), a 400 in place of a
status, or a 400 or 403 to the create.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import MISSING, BaseModel, ValidationError

from generated.models import VideoGenerationRequest, VideoRemixRequest
from generated.upstreams.xai import (
    EditVideo,
    ErrorDetail,
    ErrorResponse,
    GeneratedVideo,
    GenerateVideo,
    Started,
    Usage,
    VideoStatus,
)

from ..errors import ContentRefused, InvalidRequest, NotFound, ProviderError, Refused
from ..media.images import Image
from ..upstream import Reply
from .adapter import Account, Adapter, Filtered, Snapshot, Source, expressed, extras, read
from .refusals import refusal

T = TypeVar("T")

EDITOR = "grok-imagine-video"  # the one model that changes a video
TICK = 10  # a tick is 10^-10 US dollars
STATUS = {
    "pending": "queued",  # in progress as soon as there is some
    "done": "completed",
    "failed": "failed",
    "expired": "failed",
}
SIZES = {
    "480x480": ("1:1", "480p"),
    "640x480": ("4:3", "480p"),
    "480x640": ("3:4", "480p"),
    "720x480": ("3:2", "480p"),
    "480x720": ("2:3", "480p"),
    "848x480": ("16:9", "480p"),
    "480x848": ("9:16", "480p"),
    "720x720": ("1:1", "720p"),
    "960x720": ("4:3", "720p"),
    "720x960": ("3:4", "720p"),
    "1080x720": ("3:2", "720p"),
    "720x1080": ("2:3", "720p"),
    "1280x720": ("16:9", "720p"),
    "720x1280": ("9:16", "720p"),
    "1080x1080": ("1:1", "1080p"),
    "1440x1080": ("4:3", "1080p"),
    "1080x1440": ("3:4", "1080p"),
    "1620x1080": ("3:2", "1080p"),
    "1080x1620": ("2:3", "1080p"),
    "1920x1080": ("16:9", "1080p"),
    "1080x1920": ("9:16", "1080p"),
}
"""size -> aspect_ratio and resolution, which is the short edge. 848, not 853: the vendor's own `size` was 848x480."""
PARAM = {
    "duration": "seconds",
    "aspect_ratio": "size",
    "resolution": "size",
    "image": "input_reference",
    "video": "video_uri",
    "generate_audio": "audio",
}
"""Their field -> ours, for errors."""
KEY_AT_FAULT = ("Incorrect API key", "used all available credits", "monthly spending limit")
MODERATED = ("content moderation", "Content violates usage guidelines")


class XAI(Adapter):
    name = "xai"
    base_url = "https://api.x.ai/v1"
    key_variables = ("XAI_API_KEY",)
    editor = EDITOR
    sandbox_path = "/xai/v1"
    sandbox_secret = "xai-sandbox-reelgate"  # noqa: S105  opens nothing but an emulator

    async def generate(
        self, account: Account, model: str, request: VideoGenerationRequest, image: Image | None
    ) -> Snapshot:
        endpoint, body = encode(model, request, image)
        return await create(account, endpoint, body, extras(request), image=image)

    async def retrieve(self, account: Account, native_id: str) -> Snapshot:
        reply = await account.call("GET", path(native_id), headers=headers(account))
        if reply.status == 400:
            return failed(native_id, reply)
        return decode(native_id, read_status(reply))

    async def source(self, account: Account, native_id: str, variant: str) -> Source:
        return Source(await output_url(account, native_id))

    async def remix(self, account: Account, native_id: str, request: VideoRemixRequest) -> Snapshot:
        source = await output_url(account, native_id)
        body = EditVideo.model_validate({"model": EDITOR, "prompt": request.prompt, "video": {"url": source}})
        return await create(account, "edits", body, extras(request), model=EDITOR)


async def create(
    account: Account,
    endpoint: str,
    body: BaseModel,
    extra: Mapping[str, Any],
    *,
    model: str | None = None,
    image: Image | None = None,
) -> Snapshot:
    fields = dict(extra) | body.model_dump(mode="json")
    sent = headers(account)
    reply = await account.call("POST", f"/videos/{endpoint}", headers=sent, json=fields, image=image, creates=True)
    if not reply.ok:
        raise refused(reply, creates=True)
    return Snapshot(native_id=read(Started, reply, creates=True).request_id, status="queued", model=model)


async def output_url(account: Account, native_id: str) -> str:
    """Where the finished video is: a URL that needs no key. Raises NotFound."""
    video = said(read_status(await account.call("GET", path(native_id), headers=headers(account))).video)
    url = None if video is None else said(video.url)
    if not url:
        raise NotFound("The provider no longer has the file.", code="content_expired")
    return url


def headers(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.secret.get_secret_value()}"}


def path(native_id: str) -> str:
    return f"/videos/{quote(native_id, safe='')}"


def encode(model: str, request: VideoGenerationRequest, image: Image | None) -> tuple[str, BaseModel]:
    """Our request -> their endpoint and its body. Raises InvalidRequest for what the endpoint has no field for."""
    if request.size is not MISSING and request.size not in SIZES:
        raise InvalidRequest(
            f"xAI does not make {request.size}; it makes {', '.join(SIZES)}.",
            code="unsupported_parameter",
            param="size",
        )
    aspect_ratio, resolution = (MISSING, MISSING) if request.size is MISSING else SIZES[request.size]
    fields = {
        "model": model,
        "prompt": request.prompt,
        "image": asset(image.encoded_url if image is not None else request.input_reference),
        "video": asset(request.video_uri),
        "duration": MISSING if request.seconds is MISSING else int(request.seconds.root),
        "aspect_ratio": aspect_ratio,
        "resolution": resolution,
        "generate_audio": request.audio,
        "seed": request.seed,  # neither endpoint takes these two
        "negative_prompt": request.negative_prompt,
    }
    asked = {name: value for name, value in fields.items() if value is not MISSING}
    if request.video_uri is not MISSING:
        return "edits", expressed(EditVideo, asked, PARAM)
    return "generations", expressed(GenerateVideo, asked, PARAM)


def asset(url: str | MISSING) -> dict[str, str] | MISSING:
    return MISSING if url is MISSING else {"url": url}


def read_status(reply: Reply) -> VideoStatus:
    """The status in an answer. A 202 may have no body: it is pending."""
    if not reply.ok:
        raise refused(reply)
    return VideoStatus(status="pending") if reply.status == 202 and not reply.body.strip() else read(VideoStatus, reply)


def decode(native_id: str, found: VideoStatus) -> Snapshot:
    """Their status -> our job."""
    video = said(found.video) or GeneratedVideo()
    url, progress = said(video.url), said(found.progress)
    word = said(found.status) or ("done" if url else "pending")
    now = "in_progress" if word == "pending" and progress else STATUS.get(word)
    code, message = complaint(found.error)
    passed = said(video.respect_moderation)
    withheld = now == "completed" and not (url if passed is None else passed)
    filtered = withheld or (now == "failed" and says(message, MODERATED))
    if withheld:
        now, message = "failed", message or "The video was withheld by content moderation."
    if word == "expired":
        code, message = code or "expired", message or "The request expired at the provider."
    length = said(video.duration)
    return Snapshot(
        native_id=native_id,
        status=now or "in_progress",
        provider_status=None if now else word,
        progress=progress,
        seconds=None if length is None else f"{length:g}",
        error_code="content_filtered" if filtered else code,
        error_message=message,
        filtered=Filtered(1, (str(message),)) if filtered else None,
        cost_usd=cost(said(found.usage)),
    )


def failed(native_id: str, reply: Reply) -> Snapshot:
    """A 400 in place of a status: the job has failed for good, unless it is our key that is refused."""
    error = refused(reply)
    if not isinstance(error, Refused | ContentRefused):
        raise error
    envelope = envelope_of(reply)
    return Snapshot(
        native_id=native_id,
        status="failed",
        error_code=error.code,
        error_message=error.message,
        filtered=Filtered(1, (error.message,)) if isinstance(error, ContentRefused) else None,
        cost_usd=None if envelope is None else cost(said(envelope.usage)),
    )


def refused(reply: Reply, *, creates: bool = False) -> ProviderError:
    envelope = envelope_of(reply)
    if envelope is None:
        return refusal(reply, None, creates=creates)
    code, message = complaint(envelope.error)
    error = refusal(
        reply,
        message,
        creates=creates,
        code=code or said(envelope.code),
        quota_spent=says(message, KEY_AT_FAULT),
        content=says(message, MODERATED),
    )
    if isinstance(error, ContentRefused):
        error.cost_usd = cost(said(envelope.usage))
    return error


def envelope_of(reply: Reply) -> ErrorResponse | None:
    try:
        return ErrorResponse.model_validate_json(reply.body)
    except ValidationError:
        return None


def complaint(error: str | ErrorDetail | MISSING | None) -> tuple[str | None, str | None]:
    """An error, text or an object -> its code and its message."""
    return (said(error.code), said(error.message)) if isinstance(error, ErrorDetail) else (None, said(error))


def says(message: str | None, words: tuple[str, ...]) -> bool:
    return message is not None and any(each in message for each in words)


def cost(usage: Usage | None) -> Decimal | None:
    """What was charged, in US dollars; None if it is not said."""
    ticks = None if usage is None else said(usage.cost_in_usd_ticks)
    return None if ticks is None else Decimal(ticks).scaleb(-TICK)


def said(value: T | MISSING | None) -> T | None:
    """A field of an answer; absent and null mean the same here."""
    return None if value is MISSING else value
