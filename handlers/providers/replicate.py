"""Replicate, where every model has inputs of its own.

Source: upstreams/replicate.yaml, version 1.0.0-a1.
Models: `owner/name`, `owner/name:version`, the 64 hexadecimal digits of a version, `deployments/owner/name`, or a name that the
key's `deployments` give to a deployment. What a model takes is read from its own document (replicate_inputs.py), except for a
bare version, which cannot be asked for it.
Operations: generate, retrieve, source (video), delete (which cancels; there is no erasing), remix where the model takes a video,
listed (with the model as owner/name, and the prompt until an hour after the end).
Units: times in ISO 8601; files are kept for an hour after the end. Neither cost nor progress is told.
Errors: RFC 7807, `{"title", "detail", "status"}`; 402 is a spent credit. A content refusal is a failed prediction whose `error`
holds the code E005 or its words.
The base URL ends in /v1, as REPLICATE_BASE_URL does for the vendor's SDK from version 2 on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote

from pydantic import MISSING, ValidationError

from generated.models import VideoGenerationRequest, VideoRemixRequest
from generated.upstreams.replicate import (
    CreatePrediction,
    Deployment,
    Model,
    Prediction,
    PredictionList,
    Problem,
    StoredFile,
    Version,
)

from ..errors import InvalidRequest, NotFound, ProviderError, ProviderFailed, Refused, UnsupportedOperation
from ..media.images import Image
from ..upstream import File, Reply
from .adapter import (
    REQUEST_TYPES,
    Account,
    Adapter,
    Filtered,
    Listed,
    Snapshot,
    Source,
    Theirs,
    expressed,
    extras,
    read,
)
from .refusals import refusal
from .replicate_inputs import OURS, UNSEEN, Inputs, fill, inputs_of, place

STATUS = {
    "starting": "queued",
    "processing": "in_progress",
    "succeeded": "completed",
    "failed": "failed",
    "canceled": "failed",
    "aborted": "failed",
}
ENDED_BY = {
    "canceled": ("cancelled", "The prediction was cancelled at the provider, or ran into its deadline."),
    "aborted": ("deadline_exceeded", "The prediction did not start before its deadline."),
}
"""Status words that are failures without an `error` -> code and message."""
FLAGGED = re.compile(r"\(E005\)|flagged as sensitive")  # the words occur without the code too
CODE = re.compile(r"\((?:code: )?([A-Z]+[0-9]*)\)\s*$")  # "… (E005)", "… (code: PA)"
FINDING = re.compile(r"^- input\.(\w+)", re.MULTILINE)  # "- input.duration: Must be less than or equal to 15"
FILES_KEPT = timedelta(hours=1)
INLINE = 256 * 1024  # bytes of an image that are sent inside the request; the vendor's advice for data URLs
REMEMBERED = 256  # models
PAGES = 20  # of 100 predictions, after which a list is given up
MOST = 256 * 1024 * 1024  # bytes of a page, whose every prediction tells its input: images as data URLs, too
PRECISION = timedelta(milliseconds=1)  # of their times, if they are cut off

NAME = r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*"
VERSION = "[0-9a-f]{64}"
REFERENCE = re.compile(rf"(deployments/)?{NAME}|({NAME}:)?{VERSION}", re.ASCII)
LIFTED = ("webhook", "webhook_events_filter")  # extra fields that stand beside the input


@dataclass(frozen=True, slots=True)
class Runnable:
    """How a model is run: where, as which version if the body names one, and with what."""

    path: str
    version: str | None
    inputs: Inputs


class Replicate(Adapter):
    name = "replicate"
    base_url = "https://api.replicate.com/v1"
    key_variables = ("REPLICATE_API_TOKEN",)
    url_variables = ("REPLICATE_BASE_URL",)
    open_models = True
    sandbox_path = "/replicate/v1"
    erases = False
    sandbox_secret = "r8_sandbox_reelgate"  # noqa: S105  opens nothing but an emulator

    def __init__(self) -> None:
        # The one thing an adapter remembers: (base URL, reference) -> how that model is run, for the models met last. An
        # entry goes when a request made from it is refused, here or there, so a model that takes something else now is read
        # anew. Until then a community model keeps the version that was its newest.
        self._runnables: dict[tuple[str, str], Runnable] = {}

    def names(self, model: str) -> Sequence[str]:
        """`Owner/Name:5f2c…` -> `owner/name` and `owner/name:5f2c…`.

        Letters may be of either case there. A bare version may be of any model. A deployment goes by its own name.
        """
        written = model.lower()
        name, _, version = written.partition(":")
        if re.fullmatch(VERSION, written):
            return ()
        return (name, written) if version else (written,)

    async def generate(
        self, account: Account, model: str, request: VideoGenerationRequest, image: Image | None
    ) -> Snapshot:
        reference = f"deployments/{account.deployments[model]}" if model in account.deployments else model
        runnable = await self._runnable(account, reference)
        picture = None
        if image is not None:
            upload_it = len(image.content) > INLINE and place("input_reference", runnable.inputs) is not None
            picture = await upload(account, image) if upload_it else image.encoded_url
        return await self._create(account, reference, runnable, wanted(request, picture), extras(request), image)

    async def retrieve(self, account: Account, native_id: str) -> Snapshot:
        return decode(await fetch(Prediction, account, path(native_id)))

    async def source(self, account: Account, native_id: str, variant: str) -> Source:
        return Source(output_url(await fetch(Prediction, account, path(native_id))))

    async def delete(self, account: Account, native_id: str) -> None:
        reply = await account.call("POST", f"{path(native_id)}/cancel", headers=headers(account))
        error = None if reply.ok else refused(reply)
        if error is not None and not isinstance(error, Refused):  # what is gone or has ended needs no cancelling
            raise error

    async def remix(self, account: Account, native_id: str, request: VideoRemixRequest) -> Snapshot:
        source = await fetch(Prediction, account, path(native_id))
        asked = {"prompt": request.prompt, "video_uri": output_url(source)}
        reference = reference_of(source)
        runnable = await self._runnable(account, reference)
        if place("video_uri", runnable.inputs) is None:
            raise UnsupportedOperation(REQUEST_TYPES["remix"], self.name)
        return await self._create(account, reference, runnable, asked, extras(request))

    async def listed(self, account: Account, since: datetime) -> list[Listed]:
        earliest = since - PRECISION
        found: list[Listed] = []
        cursor = ""
        for _ in range(PAGES):
            page = await fetch(PredictionList, account, f"/predictions{cursor}", most=MOST)
            found += map(entry, page.results)
            if page.next is None or (found and found[-1].created_at <= earliest):
                return [job for job in found if job.created_at > earliest]
            cursor = f"?cursor={quote(cursor_of(page.next), safe='')}"
        raise ProviderFailed(f"The provider's list has more than {PAGES} pages since {since:%Y-%m-%d %H:%M:%S}.")

    async def _create(
        self,
        account: Account,
        reference: str,
        runnable: Runnable,
        asked: Mapping[str, Any],
        extra: Mapping[str, Any],
        image: Image | None = None,
    ) -> Snapshot:
        try:
            wake = {"webhook": account.wake_url, "webhook_events_filter": ["completed"]} if account.wake_url else {}
            body = encode(reference, runnable, asked, {**wake, **extra} if "webhook" not in extra else extra)
            fields = body.model_dump(mode="json")
            reply = await account.call(
                "POST", runnable.path, headers=headers(account), json=fields, image=image, creates=True
            )
            if not reply.ok:
                raise refused(reply, creates=True)
        except (InvalidRequest, Refused):
            self._runnables.pop((account.base_url, reference), None)
            raise
        return decode(read(Prediction, reply, creates=True))

    async def _runnable(self, account: Account, reference: str) -> Runnable:
        known = self._runnables.get((account.base_url, reference))
        if known is None:
            known = await discover(account, reference)
            if len(self._runnables) >= REMEMBERED:
                del self._runnables[next(iter(self._runnables))]
            self._runnables[account.base_url, reference] = known
        return known


async def discover(account: Account, reference: str) -> Runnable:
    """How a model is run. Raises NotFound if there is no such model."""
    if not REFERENCE.fullmatch(reference):
        raise _no_model(f"{reference!r} names no model; write owner/name, owner/name:version or a version's 64 digits.")
    if "/" not in reference:
        return Runnable("/predictions", reference, UNSEEN)
    name, _, version = reference.partition(":")
    try:
        if name.startswith("deployments/"):
            release = (await fetch(Deployment, account, f"/{name}")).current_release
            if release is MISSING or release is None:
                raise _no_model(f"{name} has no release.")
            released = await fetch(Version, account, f"/models/{release.model}/versions/{release.version}")
            return Runnable(f"/{name}/predictions", None, inputs_of(released.openapi_schema))
        if version:
            found = await fetch(Version, account, f"/models/{name}/versions/{version}")
            return Runnable("/predictions", version, inputs_of(found.openapi_schema))
        model = await fetch(Model, account, f"/models/{name}")
    except Refused as error:
        if error.status == 404:
            raise _no_model(f"Replicate has no {reference}.") from error
        raise
    latest = model.latest_version
    if latest is MISSING or latest is None:
        return Runnable(f"/models/{name}/predictions", None, UNSEEN)
    if model.is_official is False:  # only official models run by their name
        return Runnable("/predictions", latest.id, inputs_of(latest.openapi_schema))
    return Runnable(f"/models/{name}/predictions", None, inputs_of(latest.openapi_schema))


async def upload(account: Account, image: Image) -> str:
    """Store an image there; returns its URL, which the provider alone can read."""
    form = {"content": File(f"input.{image.extension}", image.content, image.media_type)}
    reply = await account.call("POST", "/files", headers=headers(account), form=form)
    if not reply.ok:
        raise refused(reply)
    return read(StoredFile, reply).urls.get


async def fetch(kind: type[Theirs], account: Account, where: str, *, most: int | None = None) -> Theirs:
    reply = await account.call("GET", where, headers=headers(account), most=most)
    if not reply.ok:
        raise refused(reply)
    return read(kind, reply)


def headers(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.secret.get_secret_value()}"}


def path(native_id: str) -> str:
    return f"/predictions/{quote(native_id, safe='')}"


def wanted(request: VideoGenerationRequest, picture: str | None) -> dict[str, Any]:
    """What a request asks for, by our names. `picture` is the URL under which the image's bytes are sent."""
    asked = {
        "prompt": request.prompt,
        "input_reference": request.input_reference if picture is None else picture,
        "video_uri": request.video_uri,
        "seconds": MISSING if request.seconds is MISSING else int(request.seconds.root),
        "size": request.size,
        "negative_prompt": request.negative_prompt,
        "seed": request.seed,
        "audio": request.audio,
    }
    return {name: value for name, value in asked.items() if value is not MISSING}


def encode(model: str, runnable: Runnable, asked: Mapping[str, Any], extra: Mapping[str, Any]) -> CreatePrediction:
    """What is asked for, in the model's words. Raises InvalidRequest for what the model has no input for."""
    beside = {name: extra[name] for name in LIFTED if name in extra}
    within = {name: value for name, value in extra.items() if name not in beside}
    fields = {"version": runnable.version or MISSING, "input": fill(model, runnable.inputs, asked, within)}
    return expressed(CreatePrediction, fields | beside, {})


def decode(prediction: Prediction) -> Snapshot:
    """Their prediction -> our job."""
    status = STATUS.get(prediction.status)
    code, message = ENDED_BY.get(prediction.status, (None, None))
    if prediction.error is not MISSING and prediction.error:
        message = prediction.error
        said = CODE.search(message)
        code = code or (said[1] if said else None)
    filtered = status == "failed" and message is not None and FLAGGED.search(message) is not None
    ended = None if prediction.completed_at is MISSING else prediction.completed_at
    metrics = prediction.metrics
    length = MISSING if metrics is MISSING or metrics is None else metrics.video_output_duration_seconds
    done = status == "completed"
    return Snapshot(
        native_id=prediction.id,
        status=status or "in_progress",
        provider_status=None if status else prediction.status,
        seconds=None if length is MISSING else f"{length:g}",
        completed_at=ended,
        expires_at=ended + FILES_KEPT if done and ended is not None else None,
        error_code="content_filtered" if filtered else code,
        error_message=message,
        filtered=Filtered(1, (str(message),)) if filtered else None,
    )


def entry(prediction: Prediction) -> Listed:
    """A prediction of their list. Raises ProviderFailed for one that could be of any time."""
    if prediction.created_at is MISSING:
        raise ProviderFailed(f"The provider's list does not say when {prediction.id} was created.")
    prompt = prediction.input.get("prompt") if isinstance(prediction.input, dict) else None
    return Listed(
        native_id=prediction.id,
        created_at=prediction.created_at,
        prompt=prompt if isinstance(prompt, str) else None,
        model=None if prediction.model is MISSING else prediction.model,
    )


def cursor_of(url: str) -> str:
    """The cursor in the URL of a page, all that is taken from it: the key goes to no other address. Raises ProviderFailed."""
    cursors = parse_qs(url.partition("?")[2]).get("cursor")
    if not cursors:
        raise ProviderFailed("The provider's list names a next page without a cursor.")
    return cursors[0]


def reference_of(prediction: Prediction) -> str:
    """What the prediction was made with, as a reference. An official model hides its version."""
    if prediction.deployment is not MISSING and prediction.deployment and "/" in prediction.deployment:
        return f"deployments/{prediction.deployment}"
    model = "" if prediction.model is MISSING else prediction.model
    versioned = f"{model}:{prediction.version}"
    return versioned if REFERENCE.fullmatch(versioned) else model


def output_url(prediction: Prediction) -> str:
    """Where the finished video is: a URL without a key, for an hour. Raises NotFound."""
    url = file_url(prediction.output)
    if url is None:
        raise NotFound("The provider no longer has the file.", code="content_expired")
    return url


def file_url(output: object) -> str | None:
    """The first URL in an output, which is one, or a list or an object of them, by the model."""
    if isinstance(output, str):
        return output if output.startswith(("https://", "http://")) else None
    if isinstance(output, dict):
        output = [output.get("video"), *output.values()]
    found = (file_url(each) for each in output) if isinstance(output, list) else ()
    return next((url for url in found if url is not None), None)


def refused(reply: Reply, *, creates: bool = False) -> ProviderError:
    try:
        problem = Problem.model_validate_json(reply.body)
    except ValidationError:
        return refusal(reply, None, creates=creates)
    if problem.retry_after is not MISSING:  # the wait stands in the body
        reply = replace(reply, headers={"Retry-After": f"{problem.retry_after:.0f}"})
    title, detail = (None if text is MISSING else text.strip() for text in (problem.title, problem.detail))
    finding = FINDING.search(detail or "")
    return refusal(
        reply,
        detail or title,
        creates=creates,
        param=OURS.get(finding[1], finding[1]) if finding else None,
        content=FLAGGED.search(detail or "") is not None,
    )


def _no_model(message: str) -> NotFound:
    return NotFound(message, code="model_not_found", param="model")
