"""xAI's video API (Grok Imagine), below `/xai/v1`, and the host that serves its outputs, below `/xai/cdn`.

Source: upstreams/xai.yaml. Keys are `xai-sandbox-{account}`. Operations: generations, edits, retrieve. Progress is in percent,
costs are in ticks of 10^-10 US dollars. Output URLs need no key and are good for a day.

Where the sources are silent, the emulator decides: an unknown field is refused with 400; a source that is none of its own
outputs lasts 5 s at 848x480; a failed job costs nothing, one that moderation stopped costs all.
"""

import asyncio
import re
import uuid
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import ranges, wire
from sandbox.previews import VARIANTS
from sandbox.scene import Scene
from sandbox.store import Task
from sandbox.studio import Studio
from sandbox.timeline import Phase, Standing
from sandbox.trouble import Plan, UnknownDirective
from sandbox.xai_request import Order, check_edit, check_generation, refusal

KEY = re.compile(r"Bearer xai-sandbox-([a-z0-9-]+)")
OUTPUT_SECONDS = 24 * 3600  # that an output can be downloaded

STATUS = {
    Phase.QUEUED: "pending",
    Phase.THROTTLED: "pending",
    Phase.WEIRD: "dreaming",  # no document lists it
    Phase.RUNNING: "pending",
    Phase.SUCCEEDED: "done",
    Phase.FAILED: "failed",
}
MODERATED = "Generated video rejected by content moderation."
WRONG_KEY = partial(
    refusal,
    400,
    "Incorrect API key provided: xa***yz. You can obtain an API key from https://console.x.ai.",
    "Client specified an invalid argument",
)
REFUSALS = {  # by directive: a create that is not accepted
    "401": WRONG_KEY,
    "429": partial(refusal, 429, "Too many requests.", "Some resource has been exhausted"),
    "quota": partial(
        refusal,
        429,
        "Your team has either used all available credits or reached its monthly spending limit.",
        "Some resource has been exhausted",
    ),
    "500": partial(refusal, 500, "Internal error.", "internal"),
    "503": partial(refusal, 503, "The service is currently unavailable.", "unavailable"),
}


class Requests:
    """The operations, for one studio."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def application(self) -> Starlette:
        """The API and the host of outputs as an ASGI application."""
        routes = [
            Route("/v1/videos/generations", self.generate, methods=["POST"]),
            Route("/v1/videos/edits", self.edit, methods=["POST"]),
            Route("/v1/videos/{request_id}", self.retrieve, methods=["GET"]),
            Route("/cdn/{request_id}.mp4", self.output, methods=["GET"]),
        ]
        return wire.provider(routes, refusal, self.studio.note_refusal)

    async def generate(self, request: Request) -> Response:
        account = self._account(request)
        body = await _object(request)
        plan = self._plan(account, body)
        # Decoding an image takes milliseconds; the rest of the checks is not worth the way to a thread.
        order = await asyncio.to_thread(check_generation, body) if "image" in body else check_generation(body)
        return await self._accept(account, order, plan)

    async def edit(self, request: Request) -> Response:
        account = self._account(request)
        body = await _object(request)
        plan = self._plan(account, body)
        return await self._accept(account, check_edit(body, self._scene_at), plan)

    async def retrieve(self, request: Request) -> Response:
        account, task_id = self._account(request), request.path_params["request_id"]
        task = self.studio.find(account, task_id)
        if task is None:
            raise refusal(404, f"The requested resource was not found: {task_id}", "not-found")
        self.studio.count(account, "polls")
        standing = self.studio.standing(task)
        if standing.phase is Phase.FAILED and "refuse" in task.plan:
            error = refusal(400, MODERATED, "Client specified an invalid argument").body
            return JSONResponse(error | {"usage": {"cost_in_usd_ticks": task.request["ticks"]}}, 400)
        body = status_body(task, standing, f"{_base(request)}/cdn/{task.id}.mp4")
        return JSONResponse(body, 202 if standing.ended_at is None else 200)

    async def output(self, request: Request) -> Response:
        """A finished clip, for whoever knows its URL."""
        task = self.studio.store.find(self.studio.provider, request.path_params["request_id"])
        completed_at = self.studio.standing(task).completed_at if task else None
        if task is None or completed_at is None or self.studio.clock() >= completed_at + OUTPUT_SECONDS:
            raise refusal(404, "There is no such object.", "not-found")
        file = await self.studio.renderer.file(task.scene)
        response = ranges.serve(request, file, VARIANTS["video"].media_type)
        self.studio.count(task.account, "downloads")
        return response

    async def _accept(self, account: str, order: Order, plan: Plan) -> Response:
        job = {"model": order.model, "seconds": order.scene.seconds, "ticks": order.ticks}
        task = await self.studio.accept(str(uuid.uuid4()), account, job, plan, order.scene, order.image)
        return await wire.answer(plan, {"request_id": task.id})

    def _scene_at(self, url: str) -> Scene | None:
        """What is to be seen at a URL, if it is one of the outputs here."""
        task_id = urlsplit(url).path.rpartition("/")[2].removesuffix(".mp4")
        task = self.studio.store.find(self.studio.provider, task_id)
        return task.scene if task else None

    def _account(self, request: Request) -> str:
        """Whose key this is. Raises Refusal."""
        header = request.headers.get("authorization", "")
        if not header:
            raise refusal(401, "No credentials provided", "unauthenticated:no-credentials")
        match = KEY.fullmatch(header)
        if match is None:
            raise WRONG_KEY()
        request.state.account = match[1]
        return match[1]

    def _plan(self, account: str, body: dict[str, Any]) -> Plan:
        """The trouble for an accepted create. Raises Refusal or Dropped for one that is not accepted."""
        prompt = body.get("prompt")
        try:
            plan = self.studio.plan(account, prompt if isinstance(prompt, str) else "")
        except UnknownDirective as error:
            raise refusal(400, str(error)) from error
        for directive in plan.keys() & REFUSALS.keys():
            raise REFUSALS[directive]()
        return plan


def status_body(task: Task, standing: Standing, output_url: str) -> dict[str, Any]:
    """The answer to a poll; which keys it has depends on the status."""
    body = {"status": STATUS[standing.phase], "model": task.request["model"]}
    if standing.phase is Phase.SUCCEEDED:
        video = {"url": output_url, "duration": task.request["seconds"], "respect_moderation": True}
        return body | {"progress": 100, "video": video, "usage": {"cost_in_usd_ticks": task.request["ticks"]}}
    if standing.phase is Phase.FAILED and "filtered" in task.plan:
        video = {"url": "", "duration": task.request["seconds"], "respect_moderation": False}
        usage = {"cost_in_usd_ticks": task.request["ticks"]}
        return body | {"status": "done", "progress": 100, "video": video, "usage": usage}
    if standing.phase is Phase.FAILED:
        return body | {"error": {"code": "internal_error", "message": "The video could not be generated."}}
    return body | {"progress": int(100 * standing.progress)}


async def _object(request: Request) -> dict[str, Any]:
    try:
        return wire.read_object(await request.body())
    except wire.NotJSON as error:
        raise refusal(400, f"Failed to parse the request body as JSON: {error}") from error


def _base(request: Request) -> str:
    """Where this application is mounted, as the client sees it."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}"
