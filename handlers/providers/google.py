"""What Google's two video APIs have in common: how they measure pictures, how they refuse, and the shape of Veo.

Source: upstreams/gemini.yaml and upstreams/vertex.yaml; google/rpc/{code,error_details}.proto.
Errors: `{"error": {code, message, status, details}}`, in a list where Google's front end answers itself. Withheld content has
many spellings: a 400 or a failed operation whose text says so, a count beside what is left of the videos, or no video at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from pydantic import MISSING, BaseModel, ValidationError

from generated.models import VideoGenerationRequest
from generated.upstreams.gemini import ApiError, ErrorResponse

from ..errors import InvalidRequest, ProviderError
from ..media.images import Image
from ..upstream import Reply
from .adapter import Filtered, Snapshot, extras
from .refusals import refusal

Item = TypeVar("Item")

SIZES = {
    "640x360": ("16:9", "360p"),
    "360x640": ("9:16", "360p"),
    "1280x720": ("16:9", "720p"),
    "720x1280": ("9:16", "720p"),
    "1920x1080": ("16:9", "1080p"),
    "1080x1920": ("9:16", "1080p"),
    "3840x2160": ("16:9", "4k"),
    "2160x3840": ("9:16", "4k"),
}
"""Ours -> their aspect and resolution."""

CODES = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"),
    *("PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"),
    *("INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"),
)
"""google.rpc.Code: number -> name."""

CONTENT = re.compile(
    r"support codes?:|responsible ai|could(?: not|n't) be submitted|violates? our polic|\bblocked\b[^.]*\b(?:safety|polic)",
    re.IGNORECASE,
)
"""What the text of an error says when the content is at fault. Google's code for it is that of any wrong argument."""

BAD_KEYS = frozenset({"API_KEY_INVALID", "API_KEY_EXPIRED"})
"""Reasons of a 400 that is about the key."""

GONE = "Invalid interaction name"
"""In the text of a 400: there is no such interaction."""

PARAM = {
    "prompt": "prompt",
    "input": "prompt",
    "image": "input_reference",
    "video": "video_uri",
    "durationSeconds": "seconds",
    "duration": "seconds",
    "aspectRatio": "size",
    "aspect_ratio": "size",
    "resolution": "size",
    "negativePrompt": "negative_prompt",
    "seed": "seed",
    "generateAudio": "audio",
}
"""The last step of a field's path -> our parameter."""

RENAMED = {"storageURI": "storageUri", "numberOfVideos": "sampleCount", "reference_images": "referenceImages"}
"""Extra fields as clients of Bifrost spell them -> Veo's name."""

OF_THE_INSTANCE = frozenset({"lastFrame", "referenceImages", "mask"})
OF_THE_REQUEST = frozenset({"labels"})
"""Where Veo has a field that is not among its parameters."""


def measured(request: VideoGenerationRequest) -> tuple[Any, Any]:
    """Their aspect and resolution. Raises InvalidRequest for a size that cannot be said so."""
    if request.size is MISSING:
        return MISSING, MISSING
    if request.size not in SIZES:
        raise InvalidRequest(
            f"Google does not make {request.size}; it makes {', '.join(SIZES)}.",
            code="unsupported_parameter",
            param="size",
        )
    return SIZES[request.size]


def veo_instance(request: VideoGenerationRequest, image: Image | None) -> dict[str, Any]:
    """Prompt and first frame. Raises InvalidRequest for an image by address: Veo fetches none."""
    if image is not None:
        return {"prompt": request.prompt, "image": {"bytesBase64Encoded": image.encoded, "mimeType": image.media_type}}
    if request.input_reference is not MISSING:
        raise unreadable("input_reference", "a base64 data URL (e.g. data:image/png;base64,...)")
    return {"prompt": request.prompt}


def unreadable(param: str, instead: str) -> InvalidRequest:
    return InvalidRequest(f"Veo fetches nothing: {param} must be {instead}.", code="unsupported_parameter", param=param)


def veo_parameters(request: VideoGenerationRequest) -> dict[str, Any]:
    """The parameters that Veo has wherever it is served."""
    aspect, resolution = measured(request)
    return {
        "durationSeconds": MISSING if request.seconds is MISSING else int(request.seconds.root),
        "aspectRatio": aspect,
        "resolution": resolution,
        "negativePrompt": request.negative_prompt,
    }


def veo_body(request: BaseModel, theirs: BaseModel) -> dict[str, Any]:
    """A create with the fields that our contract does not name, each put where Veo has it. One video unless they say more."""
    body = theirs.model_dump(mode="json", by_alias=True)
    instance: dict[str, Any] = {}
    parameters: dict[str, Any] = {"sampleCount": 1}
    beside: dict[str, Any] = {}
    for name, value in extras(request).items():
        field = RENAMED.get(name, name)
        part = instance if field in OF_THE_INSTANCE else beside if field in OF_THE_REQUEST else parameters
        part[field] = value
    return {
        **beside,
        "instances": [{**instance, **body["instances"][0]}],
        "parameters": {**parameters, **body.get("parameters", {})},
    }


class VeoOperation(Protocol):
    """What an operation says wherever Veo is served."""

    @property
    def name(self) -> str: ...
    @property
    def done(self) -> bool | MISSING: ...
    @property
    def error(self) -> Status | MISSING: ...


class Status(Protocol):
    @property
    def code(self) -> int | MISSING: ...
    @property
    def message(self) -> str | MISSING: ...


class VeoResult(Protocol):
    @property
    def rai_media_filtered_count(self) -> int | MISSING: ...
    @property
    def rai_media_filtered_reasons(self) -> list[str] | MISSING: ...


def veo_decode(operation: VeoOperation, result: VeoResult | MISSING, videos: int) -> Snapshot:
    """Their operation -> our job. `videos` is how many the result holds, which differs from server to server."""
    if operation.done is not True:
        return Snapshot(operation.name, "in_progress")
    if operation.error is not MISSING:
        return failed(operation.name, *complaint(operation.error))
    count = (known(result.rai_media_filtered_count) or 0) if result is not MISSING else 0
    reasons = given(result.rai_media_filtered_reasons) if result is not MISSING else []
    if not videos:
        return withheld(operation.name, max(1, count), reasons)
    filtered = Filtered(count, tuple(reasons)) if count else None
    return Snapshot(operation.name, "completed", filtered=filtered)


def complaint(status: Status) -> tuple[str | None, str | None]:
    """Code and text: 13 -> "INTERNAL"."""
    number = status.code
    name = None if number is MISSING else CODES[number] if 0 <= number < len(CODES) else str(number)
    return name, known(status.message)


def failed(native_id: str, code: str | None, message: str | None) -> Snapshot:
    if message is not None and CONTENT.search(message):
        return withheld(native_id, 1, (message,))
    return Snapshot(native_id, "failed", error_code=code, error_message=message)


def withheld(native_id: str, count: int, reasons: Sequence[str]) -> Snapshot:
    said = tuple(reasons) or ("The provider made no video and gave no reason.",)
    return Snapshot(
        native_id,
        "failed",
        error_code="content_filtered",
        error_message=said[0],
        filtered=Filtered(count, said),
    )


def refused(reply: Reply, *, creates: bool = False) -> ProviderError:
    """The error for an answer that is not 2xx."""
    error = _error(reply)
    if error is None:
        return refusal(reply, None, creates=creates)
    details = given(error.details)
    delay = next((detail.retry_delay for detail in details if detail.retry_delay is not MISSING), None)
    if delay is not None and reply.retry_after is None:  # Google says it in the body
        reply = replace(reply, headers={**reply.headers, "Retry-After": delay.removesuffix("s").partition(".")[0]})
    if reply.status == 400 and GONE in error.message:
        reply = replace(reply, status=404)
    quotas = [str(violation.quota_id) for detail in details for violation in given(detail.violations)]
    fields = [str(violation.field) for detail in details for violation in given(detail.field_violations)]
    field = fields[0].rpartition(".")[2] if fields else None
    return refusal(
        reply,
        error.message,
        creates=creates,
        param=PARAM.get(field, field) if field else None,
        quota_spent=any("PerDay" in quota for quota in quotas) or any(detail.reason in BAD_KEYS for detail in details),
        content=reply.status == 400 and CONTENT.search(error.message) is not None,
    )


def known(value: Item | MISSING) -> Item | None:
    """What may not be there, as our own code says it."""
    return None if value is MISSING else value


def given(items: list[Item] | MISSING) -> list[Item]:
    """What is there of an optional list."""
    return [] if items is MISSING else items


def _error(reply: Reply) -> ApiError | None:
    body = reply.json()
    try:
        return ErrorResponse.model_validate(body[0] if isinstance(body, list) and body else body).error
    except ValidationError:
        return None
