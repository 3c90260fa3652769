"""SGLang Diffusion: a server of one's own that speaks OpenAI's dialect, with one model behind it.

Source: upstreams/sgl.yaml, version 0.5.23.
Operations: generate (text, image, video), retrieve, source (video), delete (which forgets a job but does not stop it), listed
(with the model as requested, without prompts).
Base URL: the server's address, with `/v1` or without. The server asks for no key; one that is set is for a proxy in front of it.
Units: as OpenAI's.
Errors: FastAPI's `{"detail": text}` or `{"detail": [{loc, msg, type}]}`. The error of a failed job has no code. There is no
moderation.

A list holds what this server process remembers, whoever made it: nothing from before its start.
URLs of videos are fetched by the server, from inside its own network. Those of images would be, too: it gets the bytes instead.
"""

from __future__ import annotations

import re

from pydantic import MISSING, ValidationError

from generated.models import VideoGenerationRequest
from generated.upstreams.sgl import ErrorResponse, Video

from ..errors import InvalidRequest, ProviderError
from ..media.images import Image
from ..upstream import File, Reply
from . import openai
from .adapter import Account, Adapter, Source, read
from .refusals import refusal

FILES_OF_THE_SERVER = re.compile(r"\w+_path|extra_(args|body|json|params)")
"""Extra fields that name files of the server, or hold others that may."""

PARAM = {"reference_url": "input_reference", "video_url": "video_uri"}
"""Their field -> ours, for errors."""


class SGLang(openai.OpenAI):
    name = "sgl"
    cancels = False  # the job is forgotten, and the work on it goes on
    base_url = ""
    base_path = "/v1"
    key_variables = ("SGLANG_API_KEY",)  # ours, like the next: SGLang's tools have none
    url_variables = ("SGLANG_API_BASE",)
    needs_key = False
    open_models = True
    variants = frozenset({"video"})
    sandbox_path = "/sgl/v1"
    sandbox_secret = "sgl-sandbox-reelgate"  # noqa: S105  opens nothing but an emulator
    remix = Adapter.remix  # there is none

    def encode(self, model: str, request: VideoGenerationRequest, image: Image | None) -> dict[str, str | File]:
        return encode(model, request, image)

    def refused(self, reply: Reply, *, creates: bool = False) -> ProviderError:
        try:
            detail = ErrorResponse.model_validate_json(reply.body).detail
        except ValidationError:
            return refusal(reply, None, creates=creates)
        if isinstance(detail, str):
            return refusal(reply, detail, creates=creates)
        finding = detail.root[0]
        field = str(finding.loc[-1]) if finding.loc else None
        return refusal(reply, finding.msg, creates=creates, param=PARAM.get(field, field) if field else None)

    async def source(self, account: Account, native_id: str, variant: str) -> Source:
        """Where the file is; the job has to be asked, because a server with a cloud storage refuses to serve it itself."""
        reply = await account.call("GET", openai.path(native_id), headers=self.auth(account))
        if not reply.ok:
            raise self.refused(reply)
        url = read(Video, reply).url
        if url is not MISSING and url is not None:
            return Source(url)
        # Without a variant: theirs is the index of an output.
        return Source(openai.content_url(account, native_id), self.auth(account))


def encode(model: str, request: VideoGenerationRequest, image: Image | None) -> dict[str, str | File]:
    """Our request -> the fields of their form: OpenAI's, and other names for what OpenAI has none for."""
    openai.refuse_extras(request, FILES_OF_THE_SERVER)
    if request.audio is not MISSING:
        raise InvalidRequest(
            "SGLang has no field for sound; leave audio out, or send what your model takes as an extra field.",
            code="unsupported_parameter",
            param="audio",
        )
    form = openai.encode(model, request, image)
    if "video_uri" in form:
        form["video_url"] = form.pop("video_uri")
    return form
