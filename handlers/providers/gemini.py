"""The Gemini API: Omni over interactions, and the Veo shape, which Google has switched off here.

Source: upstreams/gemini.yaml, version v1beta, revision 2026-05-20.
Operations: generate (from text, an image or a video), retrieve, source (video), delete (a running interaction is cancelled
first; Veo has no such call and is left alone), remix (an interaction that goes on from the finished one; Veo continues it).
Extra fields go to interactions as they are, objects merged with ours: `background: false`, say, or `generation_config`. For
Veo they are its parameters.
Units: "8s" for Omni, whole seconds for Veo; a size is an aspect and a resolution; times in RFC 3339; cost in tokens. Nothing
reports progress.
Errors: see google.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import quote

from pydantic import MISSING, BaseModel

from generated.models import VideoGenerationRequest, VideoRemixRequest
from generated.upstreams.gemini import (
    Content,
    CreateInteraction,
    File,
    GenerateVideoResponse,
    Interaction,
    Operation,
    PredictLongRunning,
)

from ..errors import NotFound, Refused, UnsupportedOperation
from ..media.images import Image
from ..upstream import Reply
from .adapter import REQUEST_TYPES, Account, Adapter, Inline, Snapshot, Source, extras, read
from .google import (
    complaint,
    failed,
    given,
    known,
    measured,
    refused,
    veo_body,
    veo_decode,
    veo_instance,
    veo_parameters,
    withheld,
)
from .pricing import cost, price_book, price_for

REVISION = "2026-05-20"
INTERACTIONS = "/v1beta/interactions"
EDITOR = "gemini-omni-1.1-flash"  # goes on from an interaction that does not name its model
STATUS = {
    "queued": "queued",
    "in_progress": "in_progress",
    "requires_action": "in_progress",  # this and the next are for agents; a video that says so runs into its deadline
    "requires_continuation": "in_progress",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "failed",
    "incomplete": "failed",
    "budget_exceeded": "failed",
}
MOST = 256 * 1024 * 1024  # bytes of an answer, which may carry a video


class Gemini(Adapter):
    name = "gemini"
    base_url = "https://generativelanguage.googleapis.com"
    key_variables = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
    url_variables = ("GOOGLE_GEMINI_BASE_URL", "GEMINI_API_BASE")
    sandbox_path = "/gemini"
    sandbox_secret = "AIza-sandbox-reelgate"  # noqa: S105  opens nothing but an emulator

    def fetches(self, account: Account, url: str) -> bool:
        """Only files of the API itself are certain to be read."""
        return at_home(account, url)

    async def generate(
        self, account: Account, model: str, request: VideoGenerationRequest, image: Image | None
    ) -> Snapshot:
        if model.startswith("veo"):
            return await create_veo(account, model, request, encode_veo(request, image), image)
        return await create(account, request, encode(model, request, image), task(request), image)

    async def retrieve(self, account: Account, native_id: str) -> Snapshot:
        job = await ask(account, native_id)
        snapshot, video = decode(job, listed=at_list_prices(account)), output(job)
        if snapshot.status != "completed" or video is None or video.uri is None:
            return snapshot
        return with_file(snapshot, await file_of(account, video.uri))

    async def source(self, account: Account, native_id: str, variant: str) -> Source | Inline:
        video = output(await ask(account, native_id))
        if video is None:
            raise NotFound("The provider no longer has the file.", code="content_expired")
        if video.uri is not None:
            return Source(video.uri, headers(account) if at_home(account, video.uri) else {})
        return Inline(video.data or "")

    async def delete(self, account: Account, native_id: str) -> None:
        if is_veo(native_id):  # the legacy shape has no call for it
            raise UnsupportedOperation(REQUEST_TYPES["delete"], self.name)
        reply = await call(account, "POST", f"{path(native_id)}/cancel")
        if not reply.ok:
            error = refused(reply)
            if not isinstance(error, Refused):  # what has ended cannot be cancelled, only deleted
                raise error
        reply = await call(account, "DELETE", path(native_id))
        if not reply.ok:
            error = refused(reply)
            if error.upstream_status != 404:
                raise error

    async def remix(self, account: Account, native_id: str, request: VideoRemixRequest) -> Snapshot:
        source = await ask(account, native_id)
        if isinstance(source, Interaction):
            model = known(source.model) or EDITOR
            ours = CreateInteraction(model=model, input=request.prompt, previous_interaction_id=native_id)
            return await create(account, request, ours, "edit")
        video = output(source)
        if video is None or video.uri is None:
            raise NotFound("The provider no longer has the file.", code="content_expired")
        instance = {"prompt": request.prompt, "video": {"uri": video.uri}}
        body = PredictLongRunning.model_validate({"instances": [instance]})
        return await create_veo(account, native_id.split("/")[1], request, body)


async def create(
    account: Account, request: BaseModel, ours: CreateInteraction, task: str, image: Image | None = None
) -> Snapshot:
    """Start an interaction. What goes without saying gives way to the extra fields, and those to what we say."""
    usual = {
        "background": True,
        "store": True,
        "response_format": {"type": "video", "delivery": "uri"},
        "generation_config": {"video_config": {"task": task}},
    }
    body = over(over(usual, extras(request)), ours.model_dump(mode="json"))
    reply = await call(account, "POST", INTERACTIONS, body, image, creates=True)
    if not reply.ok:
        raise refused(reply, creates=True)
    return decode(read(Interaction, reply, creates=True), listed=at_list_prices(account))


async def create_veo(
    account: Account, model: str, request: BaseModel, ours: PredictLongRunning, image: Image | None = None
) -> Snapshot:
    url = f"/v1beta/models/{quote(model, safe='')}:predictLongRunning"
    reply = await call(account, "POST", url, veo_body(request, ours), image, creates=True)
    if not reply.ok:
        raise refused(reply, creates=True)
    return decode(read(Operation, reply, creates=True))


async def ask(account: Account, native_id: str) -> Interaction | Operation:
    reply = await call(account, "GET", path(native_id))
    if not reply.ok:
        raise refused(reply)
    return read(Operation, reply) if is_veo(native_id) else read(Interaction, reply)


async def file_of(account: Account, uri: str) -> File | None:
    """The description of a video's file. None: it cannot be had, which is no reason to call the video unfinished."""
    if not at_home(account, uri):
        return None
    place = uri.removeprefix(account.base_url).partition("?")[0].removesuffix(":download")
    reply = await call(account, "GET", place)
    return read(File, reply) if reply.ok else None


async def call(
    account: Account, method: str, path: str, body: object = None, image: Image | None = None, *, creates: bool = False
) -> Reply:
    return await account.call(
        method, path, headers=headers(account), json=body, image=image, creates=creates, most=MOST
    )


def headers(account: Account) -> dict[str, str]:
    return {"x-goog-api-key": account.secret.get_secret_value(), "Api-Revision": REVISION}


def path(native_id: str) -> str:
    return f"/v1beta/{quote(native_id)}" if is_veo(native_id) else f"{INTERACTIONS}/{quote(native_id, safe='')}"


def is_veo(native_id: str) -> bool:
    """Whether an id is the name of an operation, and not that of an interaction."""
    return native_id.startswith("models/")


def at_home(account: Account, uri: str) -> bool:
    """Whether the API itself is at a URI, so that the key may go along."""
    return uri.startswith(f"{account.base_url}/")


def at_list_prices(account: Account) -> bool:
    """Whether what the vendor publishes is what is paid there."""
    return account.sandbox or account.base_url == Gemini.base_url


def encode(model: str, request: VideoGenerationRequest, image: Image | None) -> CreateInteraction:
    """Our request -> their body. A remote image or video is named by its URI, which is to be one of their Files API."""
    parts = []
    if request.video_uri is not MISSING:
        parts.append({"type": "video", "uri": request.video_uri})
    if image is not None:
        parts.append({"type": "image", "data": image.encoded, "mime_type": image.media_type})
    elif request.input_reference is not MISSING:
        parts.append({"type": "image", "uri": request.input_reference})
    parts.append({"type": "text", "text": request.prompt})
    aspect, resolution = measured(request)
    wanted = {
        "type": "video",
        "aspect_ratio": aspect,
        "resolution": resolution,
        "duration": MISSING if request.seconds is MISSING else f"{request.seconds.root}s",
    }
    return CreateInteraction.model_validate({"model": model, "input": parts, "response_format": wanted})


def task(request: VideoGenerationRequest) -> str:
    """What the material is there for."""
    if request.video_uri is not MISSING:
        return "edit"
    return "text_to_video" if request.input_reference is MISSING else "image_to_video"


def encode_veo(request: VideoGenerationRequest, image: Image | None) -> PredictLongRunning:
    instance = veo_instance(request, image)
    if request.video_uri is not MISSING:
        instance["video"] = {"uri": request.video_uri}
    return PredictLongRunning.model_validate({"instances": [instance], "parameters": veo_parameters(request)})


def over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Two JSON objects as one. Where both say something, `above` stands."""
    merged = {**below, **above}
    for name in below.keys() & above.keys():
        if isinstance(below[name], dict) and isinstance(above[name], dict):
            merged[name] = over(below[name], above[name])
    return merged


def decode(job: Interaction | Operation, *, listed: bool = False) -> Snapshot:
    """Their job -> ours. `listed`: the list prices hold there, so that what the tokens cost is known."""
    if isinstance(job, Operation):
        return veo_decode(job, veo_result(job), 0 if output(job) is None else 1)
    status = STATUS.get(job.status)
    if status in ("queued", "in_progress", None):
        return Snapshot(job.id, status or "in_progress", provider_status=None if status else job.status)
    code, message = said(job)
    if status == "failed":
        snapshot = failed(job.id, code or job.status, message)
    elif output(job) is None:
        snapshot = withheld(job.id, 1, (message,) if message else ())
    else:
        snapshot = Snapshot(job.id, "completed")
    tokens = counted(job)
    usd = charge(job, tokens) if listed and tokens is not None else None
    return replace(snapshot, completed_at=known(job.updated), cost_usd=usd, tokens=tokens)


def said(interaction: Interaction) -> tuple[str | None, str | None]:
    """Code and text of what went wrong. The text may be what the model wrote in place of a video."""
    for error in given(interaction.errors):
        return known(error.code), known(error.message)
    for step in given(interaction.steps):
        if step.error is not MISSING:
            return complaint(step.error)
    return None, " ".join(content.text for content in made(interaction) if content.text is not MISSING) or None


def made(interaction: Interaction) -> list[Content]:
    """What the model made, of whatever kind."""
    steps = given(interaction.steps)
    return [content for step in steps if step.type == "model_output" for content in given(step.content)]


class Video(NamedTuple):
    """A finished video: where it is, or all of it in base64."""

    uri: str | None
    data: str | None


def output(job: Interaction | Operation) -> Video | None:
    """The finished video. Of several it is the last of an interaction, as in Google's client, and the first of Veo's."""
    if isinstance(job, Interaction):
        contents = [content for content in reversed(made(job)) if content.type == "video"]
        videos = [Video(known(content.uri), known(content.data)) for content in contents]
    else:
        result = veo_result(job)
        samples = [] if result is MISSING else given(result.generated_samples)
        theirs = [sample.video for sample in samples if sample.video is not MISSING]
        videos = [Video(known(video.uri), known(video.encoded_video)) for video in theirs]
    return next((video for video in videos if video.uri or video.data), None)


def veo_result(operation: Operation) -> GenerateVideoResponse | MISSING:
    return MISSING if operation.response is MISSING else operation.response.generate_video_response


def charge(interaction: Interaction, tokens: Mapping[str, int]) -> Decimal | None:
    """US dollars for the tokens by list price; None: the model has none."""
    listed = price_book().listed("gemini", str(interaction.model))
    price = price_for(listed.prices, None, None) if listed is not None else None
    return None if price is None else cost(price, tokens=tokens)


def counted(interaction: Interaction) -> dict[str, int] | None:
    """The tokens that are charged; None while they are not all counted. UNCONFIRMED whether thoughts are among the text."""
    usage = interaction.usage
    if usage is MISSING:
        return None
    written = given(usage.output_tokens_by_modality)
    if not written and (known(usage.total_output_tokens) or 0) > 0:
        return None  # what was written is not told
    tokens = {"input": known(usage.total_input_tokens) or 0}
    for count in written:
        kind = known(count.modality)
        if kind is not None:
            tokens[kind] = tokens.get(kind, 0) + (known(count.tokens) or 0)
    return tokens


def with_file(snapshot: Snapshot, file: File | None) -> Snapshot:
    """A completed job with what the description of its file adds: whether it is ready, and until when it is there."""
    if file is None:
        return snapshot
    if file.state == "PROCESSING":
        return Snapshot(snapshot.native_id, "in_progress")
    if file.state == "FAILED":
        code, message = (None, None) if file.error is MISSING else complaint(file.error)
        return failed(snapshot.native_id, code or "FAILED", message or "The file could not be made.")
    return replace(snapshot, expires_at=known(file.expiration_time))
