"""Azure OpenAI's Videos API (Sora 2), below `/azure/openai/v1`.

Source: upstreams/azure.yaml. Keys are `azure-sandbox-{account}`, in `api-key` or as a bearer. Operations, units and words are
those of the OpenAI emulator; the address, the key, the deployments, the limits and the envelope of refusals are Azure's.

The emulated resource has the deployments sora-2 and sora-2-pro, which both make the two 720p sizes.
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.requests import Request

from sandbox import openai
from sandbox.openai_request import SIZES_720P, Create, check_create, refusal
from sandbox.store import Task
from sandbox.wire import Refusal

KEY = re.compile(r"(?:Bearer )?azure-sandbox-([a-z0-9-]+)")
FILE_SECONDS = 24 * 3600  # from the creation of a job to the end of its files
DEPLOYMENTS = {"sora-2": SIZES_720P, "sora-2-pro": SIZES_720P}
SECONDS = ("4", "8", "12")  # strings; the first is the default

CODES = {"invalid_api_key": "401", "rate_limit_exceeded": "429", "moderation_blocked": "content_filter"}
"""OpenAI's code of a refusal -> Azure's, where it differs."""


class Videos(openai.Videos):
    prefix: ClassVar[str] = "/openai/v1"

    def account(self, request: Request) -> str | None:
        key = request.headers.get("api-key") or request.headers.get("authorization", "")
        match = KEY.fullmatch(key)
        return match and match[1]

    def check(self, fields: Mapping[str, Any]) -> Create:
        if fields.get("model") not in DEPLOYMENTS:
            raise refusal(404, "The API deployment for this resource does not exist.", "DeploymentNotFound")
        return check_create(fields, DEPLOYMENTS, SECONDS)

    def expires_at(self, task: Task, completed_at: float) -> float | None:
        return task.created_at + FILE_SECONDS

    def rephrase(self, refused: Refusal) -> Refusal:
        """Without a `type`; what has no code has the HTTP status, and the content filter tells of its policy."""
        error = refused.body["error"]
        code = CODES.get(error["code"], error["code"]) or str(refused.status)
        said = {"code": code, "message": error["message"], "param": error["param"]}
        if code == "content_filter":
            said["innererror"] = {"code": "ResponsibleAIPolicyViolation"}
        return Refusal(refused.status, {"error": said})
