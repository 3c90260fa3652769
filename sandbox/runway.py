"""Runway's developer API, below `/runway/v1`, and the CDN that serves its outputs, below `/runway/cdn`.

Source: upstreams/runway.yaml. Keys are `key_sandbox_{account}`, and every call names the version of the API.
Operations: text_to_video, image_to_video, video_to_video, retrieve, delete. Times are ISO 8601 with
milliseconds, progress is a fraction and only there while a task runs, costs are in credits. Output URLs carry
an expiring token in place of a key and are new with every retrieve.
"""

import asyncio
import hashlib
import re
import uuid
from datetime import UTC, datetime
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import ranges, tokens, wire
from sandbox.previews import VARIANTS
from sandbox.runway_checks import opening_image
from sandbox.runway_request import MODELS, check, refusal
from sandbox.scene import Scene, dimensions
from sandbox.store import Task
from sandbox.studio import Studio
from sandbox.timeline import Phase, Standing
from sandbox.trouble import Plan, UnknownDirective

KEY = re.compile(r"Bearer key_sandbox_([a-z0-9-]+)")
VERSION = "2024-11-06"
OUTPUT_SECONDS = 24 * 3600  # that an output URL is good for; 24 to 48 hours in the documentation

STATUS = {
    Phase.QUEUED: "PENDING",
    Phase.THROTTLED: "THROTTLED",
    Phase.WEIRD: "HIBERNATING",  # no document lists it
    Phase.RUNNING: "RUNNING",
    Phase.SUCCEEDED: "SUCCEEDED",
    Phase.FAILED: "FAILED",
}
FAILURES = {  # by directive: failureCode and failure; the first that is in force
    "refuse": ("SAFETY.INPUT.TEXT", "The prompt was rejected by content moderation."),
    "filtered": ("SAFETY.OUTPUT.VIDEO", "The output was rejected by content moderation."),
    "fail": ("INTERNAL.BAD_OUTPUT.CODE01", "The output was rejected for its quality."),
}
REFUSALS = {  # by directive: a create that is not accepted
    "401": partial(refusal, 401, "The API key was not valid."),
    "429": partial(refusal, 429, "Too many requests."),
    "quota": partial(refusal, 429, "You have reached your daily task limit."),
    "500": partial(refusal, 500, "An internal error occurred."),
    "503": partial(refusal, 503, "The service is shedding load."),
}


class Tasks:
    """The operations, for one studio."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def application(self) -> Starlette:
        """The API and the CDN as an ASGI application."""
        routes = [
            *(Route(f"/v1/{name}", partial(self.create, name), methods=["POST"]) for name in MODELS),
            Route("/v1/tasks/{id}", self.retrieve, methods=["GET"]),
            Route("/v1/tasks/{id}", self.delete, methods=["DELETE"]),
            Route("/cdn/{id}.mp4", self.output, methods=["GET"]),
        ]
        return wire.provider(routes, refusal, self.studio.note_refusal)

    async def create(self, operation: str, request: Request) -> Response:
        account = self._account(request)
        try:
            body = wire.read_object(await request.body())
        except wire.NotJSON as error:
            raise refusal(400, f"The body is not valid JSON: {error}") from error
        prompt = body.get("promptText")
        plan = self._plan(account, prompt if isinstance(prompt, str) else "")
        # Decoding an image takes milliseconds; the rest of the checks is not worth the way to a thread.
        if "promptImage" in body:
            order = await asyncio.to_thread(check, operation, body)
        else:
            order = check(operation, body)
        width, height = dimensions(order.ratio)
        scene = Scene(order.prompt, width, height, order.seconds, order.audio, order.seed)
        job = {"model": order.model, "prompt": order.prompt, "credits": order.credits}
        image = opening_image(body.get("promptImage"))
        task = await self.studio.accept(str(uuid.uuid4()), account, job, plan, scene, image)
        return await wire.answer(plan, {"id": task.id, "estimatedCost": {"credits": order.credits}})

    async def retrieve(self, request: Request) -> Response:
        task = self._find(request)
        self.studio.count(task.account, "polls")
        return JSONResponse(task_body(task, self.studio.standing(task), self._output_url(request, task)))

    async def delete(self, request: Request) -> Response:
        self.studio.delete(self._find(request))
        return Response(status_code=204)

    async def output(self, request: Request) -> Response:
        """A finished clip, for whoever holds a token for it."""
        token = request.query_params.get("_jwt", "")
        try:
            claims = tokens.verify(token, self.studio.store.secret, self.studio.clock())
        except tokens.BadToken as error:
            raise refusal(403, f"Access denied: {error}.") from error
        task_id = request.path_params["id"]
        task = self.studio.find(claims["account"], task_id)
        if claims["keyHash"] != _key_hash(task_id) or task is None:
            raise refusal(403, "Access denied: there is no such object, or the token is for another.")
        file = await self.studio.renderer.file(task.scene)
        response = ranges.serve(request, file, VARIANTS["video"].media_type)
        self.studio.count(task.account, "downloads")
        return response

    def _output_url(self, request: Request, task: Task) -> str:
        """Absolute, under the prefix that this application is mounted at."""
        now = self.studio.clock()
        claims = {
            "keyHash": _key_hash(task.id),
            "bucket": "runway-task-artifacts",
            "account": task.account,
            "jti": uuid.uuid4().hex,
            "exp": int(now) + OUTPUT_SECONDS,
        }
        base = f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}"
        return f"{base}/cdn/{task.id}.mp4?_jwt={tokens.sign(claims, self.studio.store.secret)}"

    def _account(self, request: Request) -> str:
        """Whose key this is. Raises Refusal, also for a wrong version."""
        match = KEY.fullmatch(request.headers.get("authorization", ""))
        if match is None:
            raise refusal(401, "The API key was not valid.")
        request.state.account = match[1]
        if request.headers.get("x-runway-version") != VERSION:
            raise refusal(400, f"The X-Runway-Version header must be {VERSION}.")
        return match[1]

    def _find(self, request: Request) -> Task:
        """The task in the path. Raises Refusal."""
        task = self.studio.find(self._account(request), request.path_params["id"])
        if task is None:
            raise refusal(404, "Could not find Task")
        return task

    def _plan(self, account: str, prompt: str) -> Plan:
        """The trouble for an accepted create. Raises Refusal or Dropped for one that is not accepted."""
        try:
            plan = self.studio.plan(account, prompt)
        except UnknownDirective as error:
            issue = {"code": "custom", "path": ["promptText"], "message": str(error)}
            raise refusal(400, "Validation of body failed", [issue]) from error
        for directive in plan.keys() & REFUSALS.keys():
            raise REFUSALS[directive]()
        return plan


def task_body(task: Task, standing: Standing, output_url: str) -> dict[str, Any]:
    """The task object; which keys it has depends on its status."""
    created = datetime.fromtimestamp(task.created_at, UTC).isoformat(timespec="milliseconds")
    body = {"id": task.id, "status": STATUS[standing.phase], "createdAt": created.replace("+00:00", "Z")}
    cost = {"credits": task.request["credits"]}
    if standing.phase is Phase.FAILED:
        code, words = next(FAILURES[name] for name in FAILURES if name in task.plan)
        return body | {"failure": words, "failureCode": code, "cost": {"credits": 0}}
    if standing.phase is Phase.SUCCEEDED:
        return body | {"output": [output_url], "cost": cost}
    running = {"progress": round(standing.progress, 2)} if standing.phase is Phase.RUNNING else {}
    return body | running | {"estimatedCost": cost}


def _key_hash(task_id: str) -> str:
    return hashlib.sha256(task_id.encode()).hexdigest()[:16]
