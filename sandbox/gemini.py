"""The Gemini API, below `/gemini/v1beta` and `/gemini/v1`: Omni over interactions, files, and Veo as it was here.

Source: upstreams/gemini.yaml. Keys are `AIza-sandbox-{account}`. Operations: create, read, cancel and delete an interaction;
predictLongRunning and its operations; describe and download a file. Times are RFC 3339 in UTC. A file is ready a moment after
its video and is kept for 48 hours.

Where the sources are silent, the emulator decides: see gemini_request.py and veo.py; an interaction that was cancelled cannot be
read again, and what has ended cannot be cancelled; deleting an interaction deletes its file. Who asks for an interaction that is
not there, or another's, gets a 400, as was seen.
"""

import asyncio
import base64
import re
import secrets
import string
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import google, ranges, veo, wire
from sandbox.gemini_request import Shape, check, prompt_of, wrong
from sandbox.google import TYPE, refusal
from sandbox.previews import VARIANTS
from sandbox.store import Task
from sandbox.studio import Studio
from sandbox.timeline import Phase, Standing
from sandbox.trouble import Plan, UnknownDirective

VERSIONS = ("v1beta", "v1")
VEO_MODELS = ("veo-3.1-generate-preview", "veo-3.1-fast-generate-preview", "veo-3.1-lite-generate-preview")
DIALECT = veo.Dialect(
    parameters=veo.PARAMETERS,
    instance=veo.INSTANCE,
    beside=frozenset(),
    sources={"bytesBase64Encoded": veo.text()},
    video_sources={"uri": veo.text(r"https?://.+")},
    types_videos=False,
)
KEY = re.compile(r"AIza-sandbox-([a-z0-9-]+)")
ALPHABET = string.ascii_lowercase + string.digits
FILE_SECONDS = 48 * 3600  # that a file is kept
FILE_SHARE = 0.1  # of a job's duration, for which a file is not ready yet
VIDEO_TOKENS = 5792  # per second of video at 720p; the emulator counts the same at any resolution
PAUSE = 0.01  # seconds after its file is ready that a job is answered to a caller who waits for it

STATUS = {
    Phase.QUEUED: "in_progress",
    Phase.THROTTLED: "queued",
    Phase.WEIRD: "dreaming",  # no document lists it
    Phase.RUNNING: "in_progress",
    Phase.SUCCEEDED: "completed",
    Phase.FAILED: "failed",
}
REFUSED_TEXT = "I can't make this video, because it might violate our policies."  # in place of a withheld video
FAILURE = {"code": "https://ai.google.dev/errors/internal", "message": "The video could not be generated."}
WRONG_KEY = partial(
    refusal,
    400,
    "API key not valid. Please pass a valid API key.",
    {"@type": f"{TYPE}ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"},
)
REFUSALS = google.REFUSALS | {"401": WRONG_KEY}


class Interactions:
    """The operations, for one studio."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def application(self) -> Starlette:
        """The API as an ASGI application."""
        operations = {
            "/interactions": ("POST", self.create),
            "/interactions/{id}": ("GET", self.retrieve),
            "/interactions/{id}/cancel": ("POST", self.cancel),
            "/models/{model}:predictLongRunning": ("POST", self.create_veo),
            "/models/{model}/operations/{id}": ("GET", self.retrieve_veo),
            "/files/{id}:download": ("GET", self.download),
            "/files/{id}": ("GET", self.file),
        }
        routes = [
            Route(f"/{version}{path}", endpoint, methods=[method])
            for version in VERSIONS
            for path, (method, endpoint) in operations.items()
        ]
        routes += [Route(f"/{version}/interactions/{{id}}", self.delete, methods=["DELETE"]) for version in VERSIONS]
        return wire.provider(routes, refusal, self._note_refusal)

    async def create(self, request: Request) -> Response:
        account = self._account(request)
        body = await _object(request)
        plan = self._plan(account, prompt_of(body))
        if "refuse" in plan:
            raise wrong("The prompt was blocked for safety reasons.")
        source = body.get("previous_interaction_id")
        previous = self._previous(account, source) if source is not None else None
        # Decoding an image takes milliseconds.
        order = await asyncio.to_thread(check, body, previous)
        job = {
            "model": order.model,
            "prompt": order.prompt,
            "delivery": order.delivery,
            "previous": source,
            "shape": (order.scene.width, order.scene.height, order.scene.seconds),
        }
        task = await self.studio.accept(_new_id(), account, job, plan, order.scene, order.image)
        if not order.background:
            await asyncio.sleep((1 + FILE_SHARE) * plan.get("slow", task.duration) + PAUSE)
        return await wire.answer(plan, await self._interaction(request, task))

    async def retrieve(self, request: Request) -> Response:
        task = self._find(request)
        self.studio.count(task.account, "polls")
        return JSONResponse(await self._interaction(request, task))

    async def cancel(self, request: Request) -> Response:
        task = self._find(request)
        if self.studio.standing(task).ended_at is not None:
            raise wrong("The interaction is not running.")
        self.studio.delete(task)
        return JSONResponse(await self._interaction(request, task) | {"status": "cancelled", "steps": []})

    async def delete(self, request: Request) -> Response:
        self.studio.delete(self._find(request))
        return JSONResponse({})

    async def create_veo(self, request: Request) -> Response:
        account = self._account(request)
        body = await _object(request)
        plan = self._plan(account, veo.prompt_of(body))
        model = request.path_params["model"]
        if model not in VEO_MODELS:
            raise refusal(404, f"models/{model} is not found, or is not supported for predictLongRunning.")
        order = await asyncio.to_thread(veo.check, body, DIALECT, references="lite" not in model)
        job = {"model": model, "samples": order.samples}
        task = await self.studio.accept(_new_id(), account, job, plan, order.scene, order.image)
        return await wire.answer(plan, {"name": _name(task)})

    async def retrieve_veo(self, request: Request) -> Response:
        account, task_id = self._account(request), request.path_params["id"]
        task = self.studio.find(account, task_id)
        if task is None or task.request["model"] != request.path_params["model"]:
            raise refusal(404, f"Operation {task_id} was not found.")
        self.studio.count(account, "polls")
        standing = self.studio.standing(task)
        samples = [{"video": {"uri": _download_url(request, task)}}] * task.request["samples"]
        has_videos = standing.phase is Phase.SUCCEEDED
        result = {"generatedSamples": samples} if has_videos else veo.WITHHELD
        return JSONResponse(veo.operation(_name(task), task, standing, {"generateVideoResponse": result}))

    async def file(self, request: Request) -> Response:
        task, made_at = self._file(request)
        ready = self._is_ready(task, made_at)
        uri = f"{_base(request)}/files/{task.id}"
        body = {
            "name": f"files/{task.id}",
            "mimeType": "video/mp4",
            "createTime": _iso(made_at),
            "updateTime": _iso(made_at),
            "expirationTime": _iso(made_at + FILE_SECONDS),
            "uri": uri,
            "downloadUri": f"{uri}:download?alt=media",
            "state": "ACTIVE" if ready else "PROCESSING",
            "source": "GENERATED",
        }
        return JSONResponse(body)

    async def download(self, request: Request) -> Response:
        task, made_at = self._file(request)
        if not self._is_ready(task, made_at):
            raise refusal(400, f"File {task.id} is not in an ACTIVE state.")
        response = ranges.serve(request, await self.studio.renderer.file(task.scene), VARIANTS["video"].media_type)
        self.studio.count(task.account, "downloads")
        return response

    async def _interaction(self, request: Request, task: Task) -> dict[str, Any]:
        standing = self.studio.standing(task)
        content = await self._output(request, task, standing)
        return interaction_body(task, standing, content)

    async def _output(self, request: Request, task: Task, standing: Standing) -> dict[str, Any] | None:
        """What the model has made, if the job has ended."""
        if standing.phase is Phase.FAILED and "filtered" in task.plan:
            return {"type": "text", "text": REFUSED_TEXT}
        if standing.phase is not Phase.SUCCEEDED:
            return None
        video = {"type": "video", "mime_type": "video/mp4"}
        if task.request["delivery"] == "uri":
            return video | {"uri": _download_url(request, task)}
        return video | {"data": await asyncio.to_thread(_base64, await self.studio.renderer.file(task.scene))}

    def _is_ready(self, task: Task, made_at: float) -> bool:
        return self.studio.clock() >= made_at + FILE_SHARE * task.plan.get("slow", task.duration)

    def _account(self, request: Request) -> str:
        """Whose key this is. Raises Refusal."""
        key = request.headers.get("x-goog-api-key") or request.query_params.get("key")
        if key is None:
            raise refusal(403, "Method doesn't allow unregistered callers (callers without established identity).")
        match = KEY.fullmatch(key)
        if match is None:
            raise WRONG_KEY()
        request.state.account = match[1]
        return match[1]

    def _find(self, request: Request) -> Task:
        """The interaction in the path. Raises Refusal."""
        account, name = self._account(request), request.path_params["id"]
        task = self._named(account, name)
        if task is None:
            raise wrong(f"Invalid interaction name: interactions/{name}")
        return task

    def _named(self, account: str, name: object) -> Task | None:
        """An interaction of this account."""
        if not isinstance(name, str) or not name.startswith("v1_"):
            return None
        task = self.studio.find(account, name.removeprefix("v1_"))
        return task if task is not None and "delivery" in task.request else None

    def _previous(self, account: str, name: object) -> Shape:
        """The shape of the video to go on from. Raises Refusal."""
        task = self._named(account, name)
        if task is None or self.studio.standing(task).completed_at is None:
            raise wrong("previous_interaction_id must name a completed interaction.")
        width, height, seconds = task.request["shape"]
        return width, height, seconds

    def _file(self, request: Request) -> tuple[Task, float]:
        """The task whose file is in the path, and when it was made. Raises Refusal."""
        account, file_id = self._account(request), request.path_params["id"]
        task = self.studio.find(account, file_id)
        made_at = self.studio.standing(task).completed_at if task else None
        if task is None or made_at is None or self.studio.clock() >= made_at + FILE_SECONDS:
            raise refusal(403, f"You do not have permission to access the File {file_id} or it may not exist.")
        return task, made_at

    def _plan(self, account: str, prompt: str) -> Plan:
        """The trouble for an accepted create. Raises Refusal or Dropped for one that is not accepted."""
        try:
            plan = self.studio.plan(account, prompt)
        except UnknownDirective as error:
            raise refusal(400, str(error)) from error
        for directive in plan.keys() & REFUSALS.keys():
            raise REFUSALS[directive]()
        return plan

    def _note_refusal(self, request: Request) -> None:
        """Count a create that was not accepted; to cancel is a POST too."""
        if not request.url.path.endswith("/cancel"):
            self.studio.note_refusal(request)


def interaction_body(task: Task, standing: Standing, content: dict[str, Any] | None) -> dict[str, Any]:
    """The interaction; `content` is what the model has made."""
    body: dict[str, Any] = {
        "id": f"v1_{task.id}",
        "object": "interaction",
        "status": STATUS[standing.phase] if content is None else "completed",
        "model": task.request["model"],
        "created": _iso(task.created_at),
        "updated": _iso(standing.ended_at or task.created_at),
        "steps": [],
    }
    if task.request["previous"] is not None:
        body["previous_interaction_id"] = task.request["previous"]
    if content is None:
        return body | ({"errors": [FAILURE]} if standing.phase is Phase.FAILED else {})
    body["steps"] = [
        {"type": "user_input", "content": [{"type": "text", "text": task.request["prompt"]}]},
        {"type": "thought", "signature": base64.b64encode(task.id.encode()).decode()},
        {"type": "model_output", "content": [content]},
    ]
    written = VIDEO_TOKENS * task.request["shape"][2] if content["type"] == "video" else len(REFUSED_TEXT) // 4
    read = len(task.request["prompt"]) // 4
    body["usage"] = {
        "total_input_tokens": read,
        "total_output_tokens": written,
        "total_tokens": read + written,
        "output_tokens_by_modality": [{"modality": content["type"], "tokens": written}],
    }
    return body


def _name(task: Task) -> str:
    return f"models/{task.request['model']}/operations/{task.id}"


def _base(request: Request) -> str:
    """Absolute, under the prefix that this application is mounted at."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}/{VERSIONS[0]}"


def _download_url(request: Request, task: Task) -> str:
    return f"{_base(request)}/files/{task.id}:download?alt=media"


def _base64(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _new_id() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(24))


async def _object(request: Request) -> dict[str, Any]:
    try:
        return wire.read_object(await request.body())
    except wire.NotJSON as error:
        raise refusal(400, f"Invalid JSON payload received. {error}") from error
