"""vLLM-Omni: a server of one's own that speaks OpenAI's dialect, with one model behind it.

Source: upstreams/vllm.yaml, version 0.30.0.
Operations: generate (text, image, video), retrieve, source (video), delete (which cancels a running job), listed (with prompt and
model).
Base URL: the server's address, with `/v1` or without. Unless it runs with `--api-key` it asks for no key, and none is sent.
Units: as OpenAI's; progress jumps from 0 to 100.
Errors: `{"error": {message, type, param, code}}` with the HTTP status as the code, or `{"error": "Unauthorized"}`. A failed job
is answered with an HTTP status of failure and the job as the body, so the body is read first. There is no moderation.

A list holds what this server process remembers, whoever made it: nothing from before its start.
URLs of videos are fetched by the server, from inside its own network. Those of images would be, too: it gets the bytes instead.
"""

from __future__ import annotations

import re

from pydantic import MISSING, ValidationError

from generated.models import VideoGenerationRequest
from generated.upstreams.openai import Video
from generated.upstreams.vllm import ErrorResponse

from ..errors import ProviderError
from ..media.images import Image
from ..upstream import File, Reply
from . import openai
from .adapter import Account, Adapter, Source, read
from .refusals import refusal

FILES_OF_THE_SERVER = re.compile(r"\w+_path")
"""Extra fields that name files of the server."""


class VLLM(openai.OpenAI):
    name = "vllm"
    base_url = ""
    base_path = "/v1"
    key_variables = ("HOSTED_VLLM_API_KEY", "VLLM_API_KEY")  # LiteLLM's, and the server's own
    url_variables = ("HOSTED_VLLM_API_BASE", "VLLM_API_BASE")  # LiteLLM's, and ours
    needs_key = False
    open_models = True
    variants = frozenset({"video"})
    sandbox_path = "/vllm/v1"
    sandbox_secret = "vllm-sandbox-reelgate"  # noqa: S105  opens nothing but an emulator
    remix = Adapter.remix  # there is none

    def encode(self, model: str, request: VideoGenerationRequest, image: Image | None) -> dict[str, str | File]:
        return encode(model, request, image)

    def answer(self, reply: Reply, *, creates: bool = False) -> Video:
        if is_job(reply):
            return read(Video, reply, creates=creates)
        return super().answer(reply, creates=creates)

    def refused(self, reply: Reply, *, creates: bool = False) -> ProviderError:
        try:
            error = ErrorResponse.model_validate_json(reply.body).error
        except ValidationError:
            return refusal(reply, None, creates=creates)
        if isinstance(error, str):
            return refusal(reply, error, creates=creates)
        return refusal(reply, error.message, creates=creates, param=None if error.param is MISSING else error.param)

    async def source(self, account: Account, native_id: str, variant: str) -> Source:
        return Source(openai.content_url(account, native_id), self.auth(account))


def encode(model: str, request: VideoGenerationRequest, image: Image | None) -> dict[str, str | File]:
    """Our request -> the fields of their form: OpenAI's, and other names for what OpenAI has none for."""
    openai.refuse_extras(request, FILES_OF_THE_SERVER)
    form = openai.encode(model, request, image)
    if "audio" in form:
        form["generate_sound"] = form.pop("audio")
    if "video_uri" in form:
        form["video_reference"] = openai.text({"video_url": form.pop("video_uri")})
    return form


def is_job(reply: Reply) -> bool:
    body = reply.json()
    return isinstance(body, dict) and body.get("object") == "video"
