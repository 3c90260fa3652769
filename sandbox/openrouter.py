"""OpenRouter's video API, below `/openrouter/api/v1`, and the storage behind its signed URLs, below `/openrouter/cdn`.

Source: upstreams/openrouter.yaml. Keys are `sk-or-sandbox-{account}`. Operations: create, continue, retrieve, download,
the list of models, the generation behind a job. Times are Unix seconds, costs US dollars. No progress is told.

Where the sources are silent, the emulator decides: which models there are, what they can do and cost; fields it does not know
are ignored; links are taken and not read; outputs last for a day; the job that is continued has to be a completed one of the
same model, which has to be one that can continue.
"""

import asyncio
import re
import secrets
import string
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import ranges, tokens, wire
from sandbox.openrouter_request import MODELS, Order, check, continued, listing, refusal
from sandbox.previews import VARIANTS
from sandbox.scene import Scene, dimensions
from sandbox.store import Task
from sandbox.studio import Studio
from sandbox.timeline import Phase, Standing
from sandbox.trouble import Plan, UnknownDirective

KEY = re.compile(r"Bearer sk-or-sandbox-([a-z0-9-]+)")
OUTPUT_SECONDS = 24 * 3600  # that an output is kept; the live service does not say
ALPHANUMERIC = string.ascii_letters + string.digits

STATUS = {
    Phase.QUEUED: "pending",
    Phase.THROTTLED: "pending",
    Phase.WEIRD: "warming_up",  # no document lists it
    Phase.RUNNING: "in_progress",
    Phase.SUCCEEDED: "completed",
    Phase.FAILED: "failed",
}
FAILURES = {  # by directive; the first that is in force
    "filtered": "The output was flagged by the provider's content moderation.",
    "fail": "The provider failed to generate the video.",
}
FLAGGED = {"error_type": "content_policy_violation", "reasons": ["violence"], "flagged_input": "a test"}
REFUSALS = {  # by directive: a create that is not accepted
    "401": partial(refusal, 401, "User not found."),
    "429": partial(refusal, 429, "Rate limit exceeded."),
    "quota": partial(refusal, 402, "Insufficient credits. Add more using https://openrouter.ai/credits"),
    "500": partial(refusal, 500, "Internal Server Error"),
    "503": partial(refusal, 503, "There is no available model provider that meets your routing requirements."),
    "refuse": partial(refusal, 403, "Your input was flagged by moderation.", FLAGGED),
}


class Jobs:
    """The operations, for one studio."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def application(self) -> Starlette:
        """The API and the storage as an ASGI application."""
        routes = [
            Route("/api/v1/videos", self.create, methods=["POST"]),
            Route("/api/v1/videos/models", self.models, methods=["GET"]),
            Route("/api/v1/videos/{id}", self.retrieve, methods=["GET"]),
            Route("/api/v1/videos/{id}/content", self.content, methods=["GET"]),
            Route("/api/v1/generation", self.generation, methods=["GET"]),
            Route("/cdn/{id}.mp4", self.stored, methods=["GET"]),
        ]
        return wire.provider(routes, refusal, self.studio.note_refusal)

    async def create(self, request: Request) -> Response:
        account = self._account(request)
        try:
            body = wire.read_object(await request.body())
        except wire.NotJSON as error:
            raise refusal(400, f"Invalid JSON: {error}") from error
        prompt = body.get("prompt")
        plan = self._plan(account, prompt if isinstance(prompt, str) else "")
        # Decoding an image takes milliseconds; the rest of the checks is not worth the way to a thread.
        if "frame_images" in body:
            order = await asyncio.to_thread(check, body)
        else:
            order = check(body)
        if order.previous_job_id is not None:
            order = self._continue(account, order, order.previous_job_id)
        width, height = dimensions(order.size)
        scene = Scene(order.prompt, width, height, order.seconds, order.audio, order.seed)
        job = {"model": order.model, "prompt": order.prompt, "seconds": order.seconds, "size": order.size}
        job["cost"] = round(order.seconds * MODELS[order.model].usd_per_second, 4)
        task = await self.studio.accept(self._new_id(), account, job, plan, scene, order.image)
        path = f"{request.scope['root_path']}/api/v1/videos/{task.id}"
        return await wire.answer(plan, {"id": task.id, "polling_url": path, "status": "pending"}, 202)

    async def models(self, request: Request) -> Response:
        return JSONResponse({"data": listing()})

    async def retrieve(self, request: Request) -> Response:
        task = self._find(request)
        self.studio.count(task.account, "polls")
        return JSONResponse(self._job(task, self.studio.standing(task), _base(request)))

    async def content(self, request: Request) -> Response:
        task = self._find(request)
        standing = self.studio.standing(task)
        if standing.completed_at is None:
            raise refusal(409, f"The video is not ready: its status is {STATUS[standing.phase]}.")
        if request.query_params.get("index", "0") != "0":
            raise refusal(404, "There is no such output.")
        if self.studio.clock() >= standing.completed_at + OUTPUT_SECONDS:
            raise refusal(410, "The output is no longer available.")
        return await self._serve(request, task)

    async def generation(self, request: Request) -> Response:
        account = self._account(request)
        job_id = request.query_params.get("id", "").removeprefix("gen-of-")
        task = self.studio.find(account, job_id)
        if task is None:
            raise refusal(404, "Generation not found.")
        data = {"id": f"gen-of-{task.id}", "api_type": "video", "model": task.request["model"]}
        return JSONResponse({"data": data})

    async def stored(self, request: Request) -> Response:
        """An output, for whoever holds a signature for it."""
        try:
            claims = tokens.verify(
                request.query_params.get("signature", ""), self.studio.store.secret, self.studio.clock()
            )
        except tokens.BadToken as error:
            raise refusal(403, f"Access denied: {error}.") from error
        task = self.studio.find(claims["account"], request.path_params["id"])
        if task is None or claims["id"] != task.id:
            raise refusal(403, "Access denied: the signature is for another object.")
        return await self._serve(request, task)

    async def _serve(self, request: Request, task: Task) -> Response:
        file = await self.studio.renderer.file(task.scene)
        response = ranges.serve(request, file, VARIANTS["video"].media_type)
        self.studio.count(task.account, "downloads")
        return response

    def _job(self, task: Task, standing: Standing, base: str) -> dict[str, Any]:
        """The job object; which keys it has depends on its status."""
        here = f"{base}/api/v1/videos/{task.id}"
        job: dict[str, Any] = {"id": task.id, "polling_url": here, "status": STATUS[standing.phase]}
        if standing.phase is Phase.FAILED:
            return job | {"error": next(FAILURES[name] for name in FAILURES if name in task.plan)}
        if standing.completed_at is None:
            return job
        expires_at = int(standing.completed_at) + OUTPUT_SECONDS
        claims = {"id": task.id, "account": task.account, "exp": expires_at}
        signed = f"{base}/cdn/{task.id}.mp4?signature={tokens.sign(claims, self.studio.store.secret)}"
        return job | {
            "generation_id": f"gen-of-{task.id}",
            "unsigned_urls": [f"{here}/content?index=0"],
            "urls": [signed],
            "expires_at": expires_at,
            "usage": {"cost": task.request["cost"], "is_byok": False},
        }

    def _continue(self, account: str, order: Order, job_id: str) -> Order:
        """The order with the size and length of the job that it continues. Raises Refusal."""
        source = self.studio.find(account, job_id)
        if source is None:
            raise refusal(404, "The previous job was not found.")
        if self.studio.standing(source).completed_at is None:
            raise refusal(400, "The previous job has not completed.")
        return continued(order, source.request)

    def _account(self, request: Request) -> str:
        """Whose key this is. Raises Refusal."""
        match = KEY.fullmatch(request.headers.get("authorization", ""))
        if match is None:
            raise refusal(401, "User not found.")
        request.state.account = match[1]
        return match[1]

    def _find(self, request: Request) -> Task:
        """The job in the path. Raises Refusal."""
        task = self.studio.find(self._account(request), request.path_params["id"])
        if task is None:
            raise refusal(404, "Video job not found.")
        return task

    def _plan(self, account: str, prompt: str) -> Plan:
        """The trouble for an accepted create. Raises Refusal or Dropped for one that is not accepted."""
        try:
            plan = self.studio.plan(account, prompt)
        except UnknownDirective as error:
            raise refusal(400, str(error)) from error
        for directive in plan.keys() & REFUSALS.keys():
            raise REFUSALS[directive]()
        return plan

    def _new_id(self) -> str:
        letters = "".join(secrets.choice(ALPHANUMERIC) for _ in range(20))
        return f"gen-vid-{int(self.studio.clock())}-{letters}"


def _base(request: Request) -> str:
    """Where this application is mounted, as its caller sees it."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}"
