"""SGLang Diffusion's Videos API, below `/sgl/v1`.

Source: upstreams/sgl.yaml. The server looks at no key; here `sgl-sandbox-{account}` names an account, and whoever brings
nothing of the kind is `nobody`. Operations: create (form or JSON), retrieve, list, delete, download. `variant` is the index of
an output, and there is one output. No answer tells a prompt, and a list does not say whether there is more.
"""

import re
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox import own_server
from sandbox.openai import LONGEST_PAGE
from sandbox.openai_request import Create, refusal
from sandbox.own_server import MODEL, SECONDS, checked_seconds, checked_size, linked, uploaded
from sandbox.store import Task
from sandbox.timeline import Standing
from sandbox.wire import Refusal

KEY = re.compile(r"Bearer sgl-sandbox-([a-z0-9-]+)")
FAILURE = {"message": "The scheduler failed to generate the video."}


class Videos(own_server.Videos):
    failures: ClassVar[Mapping[str, Mapping[str, Any]]] = {"filtered": FAILURE, "fail": FAILURE}

    async def delete(self, request: Request) -> Response:
        task = self._find(request)
        job = self.video(task, self.studio.standing(task)) | {"status": "deleted"}
        self.studio.delete(task)
        return JSONResponse(job)

    def paging(self, query: QueryParams) -> tuple[int | None, bool]:
        newest_first = query.get("order", "desc").lower() != "asc"
        if "limit" not in query:
            return None, newest_first
        limit = _whole(query, "limit", 0, "query")
        if not 1 <= limit <= LONGEST_PAGE:
            raise _finding("query", "limit", "less_than_equal", f"Input should be 1 to {LONGEST_PAGE}")
        return limit, newest_first

    def page(self, tasks: list[Task], limit: int | None) -> dict[str, Any]:
        whole = super().page(tasks, limit)
        return {"object": whole["object"], "data": whole["data"]}

    def account(self, request: Request) -> str | None:
        match = KEY.fullmatch(request.headers.get("authorization", ""))
        return match[1] if match else "nobody"

    def new_id(self) -> str:
        return str(uuid.uuid4())

    def check(self, fields: Mapping[str, Any]) -> Create:
        if isinstance(path := fields.get("input_reference"), str):
            raise refusal(400, f"Failed to process image source: no such file: {path}")
        image = uploaded(fields, "input_reference")
        if image is None and "reference_url" in fields:
            image = linked(str(fields["reference_url"]), "reference_url")
        return Create(
            prompt=fields["prompt"],
            model=fields.get("model", MODEL),
            seconds=checked_seconds(str(_whole(fields, "seconds", int(SECONDS)))),
            size=checked_size(str(fields.get("size", self.default_size))),
            image=image,
            audio=False,
            seed=_whole(fields, "seed", 0),
        )

    def expires_at(self, task: Task, completed_at: float) -> float | None:
        return None

    def variant(self, named: str | None, task: Task, standing: Standing) -> str:
        if standing.ended_at is None:
            raise refusal(404, "Generation is still in-progress")
        if standing.completed_at is None or named not in (None, "0"):
            raise refusal(404, f"Video variant {named} not found")
        return "video"

    def video(self, task: Task, standing: Standing) -> dict[str, Any]:
        done = standing.completed_at is not None
        job = super().video(task, standing) | {
            "quality": "standard",
            "url": None,
            "file_path": f"/sgl/outputs/{task.id}.mp4",
            "num_outputs": 1 if done else None,
        }
        del job["prompt"]
        return job

    def rephrase(self, refused: Refusal) -> Refusal:
        """FastAPI's: nothing but the detail."""
        if "detail" in refused.body:
            return refused
        return Refusal(refused.status, {"detail": refused.body["error"]["message"]})


def _whole(fields: Mapping[str, Any], name: str, absent: int, where: str = "body") -> int:
    """A whole number, as such or as text. Raises Refusal in the words of FastAPI."""
    value = fields.get(name, absent)
    if isinstance(value, bool) or not re.fullmatch("-?[0-9]{1,19}", str(value)):
        words = "Input should be a valid integer, unable to parse string as an integer"
        raise _finding(where, name, "int_parsing", words)
    return int(value)


def _finding(where: str, name: str, kind: str, words: str) -> Refusal:
    return Refusal(422, {"detail": [{"type": kind, "loc": [where, name], "msg": words}]})
