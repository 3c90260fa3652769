"""OpenRouter: many vendors' models behind one API.

Source: upstreams/openrouter.yaml.
Operations: generate (text, image as the first frame, video as a reference), retrieve, source (video), remix (a new job with
`previous_job_id`, for the models that can continue one). There is no delete, no cancel and no list.
Units: `duration` in whole seconds, times in Unix seconds, cost in US dollars. No progress is reported.
Errors: `{"error": {code, message, metadata}}` with the HTTP status as the code. Used-up credits are a 402. A 403 is moderation
when its metadata says so, and otherwise a refusal of our key. The error of a failed job is text; that moderation failed it can
only be read off the words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import MISSING, BaseModel, ValidationError

from generated.models import VideoGenerationRequest, VideoRemixRequest
from generated.upstreams.openrouter import CreateVideo, ErrorMetadata, ErrorResponse, Generation, Job

from ..errors import InvalidRequest, ProviderError, ProviderFailed
from ..media.images import Image
from ..upstream import Reply
from .adapter import Account, Adapter, Filtered, Snapshot, Source, extras, moment, read
from .refusals import refusal

Theirs = TypeVar("Theirs", bound=BaseModel)

STATUS = {
    "pending": "queued",
    "in_progress": "in_progress",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "failed",
    "expired": "failed",
}
CONTENT = frozenset({"content_policy_violation", "refusal"})  # values of an error's `metadata.error_type`
MODERATED = re.compile(r"moderat|content.(policy|filter)|safety|flagged|sensitive (content|information)", re.IGNORECASE)
"""Words of a failed job's error that speak of moderation. OpenRouter documents none (UNCONFIRMED)."""


class OpenRouter(Adapter):
    name = "openrouter"
    base_url = "https://openrouter.ai/api/v1"
    key_variables = ("OPENROUTER_API_KEY",)
    url_variables = ("OPENROUTER_BASE_URL",)  # ours
    open_models = True
    sandbox_path = "/openrouter/api/v1"
    sandbox_secret = "sk-or-sandbox-reelgate"  # noqa: S105  opens nothing but an emulator
    poll_seconds = 10.0  # the least that is recommended

    async def generate(
        self, account: Account, model: str, request: VideoGenerationRequest, image: Image | None
    ) -> Snapshot:
        return await create(account, encode(account.deployment(model), request, image), extras(request), image)

    async def retrieve(self, account: Account, native_id: str) -> Snapshot:
        return decode(await fetch(Job, account, path(native_id)))

    async def source(self, account: Account, native_id: str, variant: str) -> Source:
        return Source(f"{account.base_url}{path(native_id)}/content?index=0", headers(account))

    async def remix(self, account: Account, native_id: str, request: VideoRemixRequest) -> Snapshot:
        body = CreateVideo(model=await model_of(account, native_id), prompt=request.prompt, previous_job_id=native_id)
        return await create(account, body, extras(request))


async def create(account: Account, body: CreateVideo, extra: Mapping[str, Any], image: Image | None = None) -> Snapshot:
    fields = dict(extra) | body.model_dump(mode="json")
    reply = await account.call("POST", "/videos", headers=headers(account), json=fields, image=image, creates=True)
    if not reply.ok:
        raise refused(reply, creates=True)
    return decode(read(Job, reply, creates=True))


async def fetch(model: type[Theirs], account: Account, where: str) -> Theirs:
    reply = await account.call("GET", where, headers=headers(account))
    if not reply.ok:
        raise refused(reply)
    return read(model, reply)


async def model_of(account: Account, native_id: str) -> str:
    """The model that made a video: a create has to name it, and only the generation behind the job tells it."""
    generation = (await fetch(Job, account, path(native_id))).generation_id
    if generation is MISSING or generation is None:
        raise ProviderFailed("OpenRouter does not say which model made the video, so it cannot be continued.")
    return (await fetch(Generation, account, f"/generation?id={quote(generation, safe='')}")).data.model


def headers(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.secret.get_secret_value()}"}


def path(native_id: str) -> str:
    return f"/videos/{quote(native_id, safe='')}"


def encode(model: str, request: VideoGenerationRequest, image: Image | None) -> CreateVideo:
    """Our request -> the body of a create. Raises InvalidRequest for what OpenRouter has no field for."""
    if request.negative_prompt is not MISSING:
        raise InvalidRequest(
            "OpenRouter has no negative prompt of its own; leave it out, or send the extra field "
            '`provider` as {"options": {"<vendor>": {"negative_prompt": "…"}}} where the model takes that.',
            code="unsupported_parameter",
            param="negative_prompt",
        )
    body: dict[str, Any] = {
        "model": model,
        "prompt": request.prompt,
        "size": request.size,
        "duration": MISSING if request.seconds is MISSING else int(request.seconds.root),
        "seed": request.seed,
        "generate_audio": request.audio,
    }
    picture = image.encoded_url if image is not None else request.input_reference
    if picture is not MISSING:
        body["frame_images"] = [{"type": "image_url", "image_url": {"url": picture}, "frame_type": "first_frame"}]
    if request.video_uri is not MISSING:
        body["input_references"] = [{"type": "video_url", "video_url": {"url": request.video_uri}}]
    return CreateVideo.model_validate(body)


def decode(job: Job) -> Snapshot:
    """Their job -> ours."""
    status = STATUS.get(job.status)
    why = None if job.error is MISSING else job.error
    moderated = status == "failed" and why is not None and MODERATED.search(why) is not None
    ended_by = job.status if job.status in ("cancelled", "expired") else None
    cost = None if job.usage is MISSING or job.usage is None else job.usage.cost
    return Snapshot(
        native_id=job.id,
        status=status or "in_progress",
        provider_status=None if status else job.status,
        expires_at=None if job.expires_at is MISSING else moment(job.expires_at),
        error_code="content_filtered" if moderated else ended_by,
        error_message=why,
        filtered=Filtered(1, (str(why),)) if moderated else None,
        cost_usd=None if cost is MISSING or cost is None else Decimal(str(cost)),
    )


def refused(reply: Reply, *, creates: bool = False) -> ProviderError:
    try:
        error = ErrorResponse.model_validate_json(reply.body).error
    except ValidationError:
        return refusal(reply, None, creates=creates)
    flagged = None if error.metadata is MISSING or error.metadata is None else flags(error.metadata)
    if flagged is None:
        return refusal(reply, error.message, creates=creates)
    return refusal(reply, ": ".join([error.message, *flagged]), creates=creates, content=True)


def flags(metadata: ErrorMetadata) -> list[str] | None:
    """Why moderation refused the content, if that is what happened."""
    reasons = None if metadata.reasons is MISSING else metadata.reasons
    if reasons is None and metadata.error_type not in CONTENT:
        return None
    return reasons or []
