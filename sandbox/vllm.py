"""vLLM-Omni's Videos API, below `/vllm/v1`.

Source: upstreams/vllm.yaml. Keys are `vllm-sandbox-{account}`; without any key a caller is the account `nobody`, as with a
server that was started without `--api-key`. Operations: create (a form only), retrieve, list, delete, download. Progress jumps
from 0 to 100, and a failed job is answered with the status of its error, but not in a list.

A job that is stuck cannot be cancelled: its delete is 409, as when the engine does not let go of a job.
"""

import json
import re
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox import own_server
from sandbox.openai import LONGEST_PAGE
from sandbox.openai_request import Create, refusal
from sandbox.own_server import MODEL, SECONDS, checked_seconds, checked_size, linked, uploaded
from sandbox.store import Task
from sandbox.timeline import Phase, Standing
from sandbox.wire import Refusal

KEY = re.compile(r"Bearer vllm-sandbox-([a-z0-9-]+)")
BOOLEANS = {"true": True, "false": False}
FAILURE = {"code": 500, "message": "The engine failed to generate the video."}


class Videos(own_server.Videos):
    failures: ClassVar[Mapping[str, Mapping[str, Any]]] = {"filtered": FAILURE, "fail": FAILURE}

    async def create(self, request: Request) -> Response:
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            self._account(request)
            raise refusal(400, "[{'type': 'missing', 'loc': ('body', 'prompt'), 'msg': 'Field required'}]")
        return await super().create(request)

    async def retrieve(self, request: Request) -> Response:
        job = self.video(*self._poll(request))
        return JSONResponse(job, job["error"]["code"] if job["error"] else 200)

    async def delete(self, request: Request) -> Response:
        if "stuck" in self._find(request).plan:
            raise refusal(409, "Cancellation in progress. Please try again later.")
        return await super().delete(request)

    def paging(self, query: QueryParams) -> tuple[int | None, bool]:
        limit, order = query.get("limit"), query.get("order", "desc")
        if limit is not None and (not re.fullmatch("[0-9]{1,3}", limit) or int(limit) > LONGEST_PAGE):
            raise refusal(400, f"Input should be a valid integer, 0 to {LONGEST_PAGE}, in limit.", param="limit")
        if order not in ("asc", "desc"):
            raise refusal(400, "Input should be 'asc' or 'desc' in order.", param="order")
        return None if limit is None else int(limit), order == "desc"

    def account(self, request: Request) -> str | None:
        key = request.headers.get("authorization")
        if key is None:
            return "nobody"
        match = KEY.fullmatch(key)
        return match and match[1]

    def new_id(self) -> str:
        return f"video_gen_{uuid.uuid4().hex}"

    def check(self, fields: Mapping[str, Any]) -> Create:
        model = fields.get("model", MODEL)
        if model != MODEL:
            words = f"Model mismatch: request specifies '{model}' but server is running '{MODEL}'."
            raise refusal(400, words)
        pictures, videos = _reference(fields, "image"), _reference(fields, "video")
        image = uploaded(fields, "input_reference")
        if image is not None and (pictures or videos):
            raise refusal(400, "Provide only one of input_reference, image_reference, or video_reference.")
        if pictures:
            image = linked(pictures, "image_reference.image_url")
        sound, seed = str(fields.get("generate_sound", "false")), str(fields.get("seed", "0"))
        if sound not in BOOLEANS or not re.fullmatch("-?[0-9]{1,19}", seed):
            raise refusal(400, "Input should be a valid boolean in generate_sound, and a valid integer in seed.")
        return Create(
            prompt=fields["prompt"],
            model=model,
            seconds=checked_seconds(str(fields.get("seconds", SECONDS))),
            size=checked_size(str(fields["size"])) if "size" in fields else None,
            image=image,
            audio=BOOLEANS[sound],
            seed=int(seed),
        )

    def expires_at(self, task: Task, completed_at: float) -> float | None:
        return None

    def variant(self, named: str | None, task: Task, standing: Standing) -> str:
        if standing.phase is Phase.FAILED:
            raise refusal(422, "Video generation failed. Check job status for error details.")
        if standing.completed_at is None:
            raise refusal(404, "Generation is still in-progress")
        return "video"

    def video(self, task: Task, standing: Standing) -> dict[str, Any]:
        ended = None if standing.ended_at is None else int(standing.ended_at)
        return super().video(task, standing) | {
            "progress": 100 if standing.phase is Phase.SUCCEEDED else 0,
            "completed_at": ended,
            "quality": "default",
            "media_type": "video/mp4",
        }

    def rephrase(self, refused: Refusal) -> Refusal:
        """The code is the HTTP status, the type its words; a wrong key is answered with text only."""
        if refused.status == 401:
            return Refusal(401, {"error": "Unauthorized"})
        error, phrase = refused.body["error"], HTTPStatus(refused.status).phrase
        said = {"message": error["message"], "type": phrase, "param": error["param"], "code": refused.status}
        return Refusal(refused.status, {"error": said})


def _reference(fields: Mapping[str, Any], kind: str) -> str | None:
    """The URL in `image_reference` or `video_reference`, which is JSON text. Raises Refusal."""
    if f"{kind}_reference" not in fields:
        return None
    try:
        reference = json.loads(str(fields[f"{kind}_reference"]))
    except ValueError as error:
        raise refusal(400, "Invalid JSON in form field.") from error
    if not isinstance(reference, dict) or not isinstance(url := reference.get(f"{kind}_url"), str):
        raise refusal(400, f"Invalid {kind}_reference: only {kind}_url is supported.")
    return str(url)
