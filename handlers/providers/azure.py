"""Azure OpenAI: OpenAI's Videos API at an address and with a key of one's own.

Source: upstreams/azure.yaml, v1. Azure retired Sora 2 in autumn 2026; what is still served is uncertain, so a request is
passed on and Azure says whether there is such a deployment.
Operations: generate, retrieve, source (video, thumbnail, spritesheet), delete, remix, listed (with the prompt, and the model or
its deployment: which of them is unconfirmed).
Base URL: the resource's endpoint, with `/openai/v1` or without. A model is the name of a deployment. The option `api_version`
is not sent: v1 has no dated versions.
Units: as OpenAI's.
Errors: `{"error": {code, message, innererror}}` without a type, where a code may be the HTTP status as text. Refused content is
a 400 with one of OpenAI's codes, or with `innererror.code` ResponsibleAIPolicyViolation (seen elsewhere in Azure OpenAI).
"""

from __future__ import annotations

from pydantic import MISSING, ValidationError

from generated.models import VideoRemixRequest
from generated.upstreams.azure import ErrorResponse

from ..errors import ProviderError
from ..upstream import Reply
from .adapter import Account, Snapshot, extras
from .openai import OpenAI, decode, path, text
from .refusals import refusal

VIOLATION = "ResponsibleAIPolicyViolation"


class Azure(OpenAI):
    name = "azure"
    base_url = ""
    base_path = "/openai/v1"
    key_variables = ("AZURE_OPENAI_API_KEY", "AZURE_API_KEY")
    url_variables = ("AZURE_OPENAI_ENDPOINT", "AZURE_API_BASE")
    open_models = True
    sandbox_path = "/azure/openai/v1"
    sandbox_secret = "azure-sandbox-reelgate"  # noqa: S105  opens nothing but an emulator

    def auth(self, account: Account) -> dict[str, str]:
        return {"api-key": account.secret.get_secret_value()}

    def refused(self, reply: Reply, *, creates: bool = False) -> ProviderError:
        violation = content_violation(reply)
        if violation is not None:
            return refusal(reply, violation, creates=creates, content=True)
        return super().refused(reply, creates=creates)

    async def remix(self, account: Account, native_id: str, request: VideoRemixRequest) -> Snapshot:
        # A form, which is all that Azure documents; OpenAI takes JSON too.
        form = {name: text(value) for name, value in extras(request).items()} | {"prompt": request.prompt}
        reply = await account.call(
            "POST", f"{path(native_id)}/remix", headers=self.auth(account), form=form, creates=True
        )
        return decode(self.answer(reply, creates=True), reply)


def content_violation(reply: Reply) -> str | None:
    """What Azure says of refused content where only the inner error tells that it is that; None for anything else."""
    try:
        error = ErrorResponse.model_validate_json(reply.body).error
    except ValidationError:
        return None
    inner = error.innererror
    return error.message if inner is not MISSING and inner is not None and inner.code == VIOLATION else None
