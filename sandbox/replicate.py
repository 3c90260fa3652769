"""Replicate's HTTP API, below `/replicate/v1`, and the host that serves its outputs, below `/replicate/cdn`.

Source: upstreams/replicate.yaml. Keys are `r8_sandbox_{account}`; every account has one deployment, `{account}/clips`.
Operations: reading models, versions and deployments; creating predictions in three ways; retrieve, list, cancel; uploading files.
Times are ISO 8601 with milliseconds. Inputs and outputs are gone an hour after the end.

Where the sources are silent, the emulator decides: to cancel what has ended changes nothing; an input that the model does not
have is ignored; an upload has to be an image, and its id holds who may use it until when; a cursor that was not given out is not
found.
"""

import asyncio
import base64
import re
import secrets
import string
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import images, ranges, tokens, wire
from sandbox.previews import VARIANTS
from sandbox.replicate_models import DEPLOYED, MODELS, OPENING, Model, model_body, release_body, version_body
from sandbox.store import Task
from sandbox.studio import Studio
from sandbox.timeline import Phase, Standing
from sandbox.trouble import Plan, UnknownDirective
from sandbox.wire import Refusal

KEY = re.compile(r"Bearer r8_sandbox_([a-z0-9-]+)")
KEPT_SECONDS = 3600  # that inputs and outputs stay
UPLOAD_SECONDS = 24 * 3600  # that an upload can be used
PAGE = 100  # predictions
CURSOR = re.compile(r"(r=1&)?p=([a-z0-9]{26})")  # r=1: the page before that prediction, not the one after it
ALPHABET = string.ascii_lowercase + string.digits
MODEL = "/v1/models/{owner}/{name}"
DEPLOYMENT = "/v1/deployments/{owner}/{name}"

STATUS = {
    Phase.QUEUED: "starting",
    Phase.THROTTLED: "starting",
    Phase.WEIRD: "hibernating",  # no document lists it
    Phase.RUNNING: "processing",
    Phase.SUCCEEDED: "succeeded",
    Phase.FAILED: "failed",
}
SENSITIVE = "The input or output was flagged as sensitive. Please try again with different inputs. (E005)"
FAILURES = {  # by directive; the first that is in force
    "refuse": SENSITIVE,
    "filtered": SENSITIVE,
    "fail": "Prediction interrupted; please retry (code: PA)",
}


def refusal(status: int, detail: str, title: str | None = None, **more: Any) -> Refusal:
    """A refusal as RFC 7807 has it."""
    return Refusal(status, ({"title": title} if title else {}) | {"detail": detail, "status": status} | more)


REFUSALS = {  # by directive: a create that is not accepted
    "401": partial(refusal, 401, "You did not pass a valid authentication token", "Unauthenticated"),
    "429": partial(refusal, 429, "Request was throttled. Your rate limit resets in ~1s.", retry_after=1),
    "quota": partial(refusal, 402, "You have insufficient credit to run this model.", "Insufficient credit"),
    "500": partial(refusal, 500, "An internal error occurred.", "Internal server error"),
    "503": partial(refusal, 503, "The service is unavailable.", "Service unavailable"),
}


class Predictions:
    """The operations, for one studio."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def application(self) -> Starlette:
        """The API and the host of outputs as an ASGI application."""
        prediction = "/v1/predictions/{id}"
        routes = [
            Route(MODEL, self.model, methods=["GET"]),
            Route(MODEL + "/versions/{version}", self.version, methods=["GET"]),
            Route(DEPLOYMENT, self.deployment, methods=["GET"]),
            Route("/v1/predictions", self.run_version, methods=["POST"]),
            Route("/v1/predictions", self.list_page, methods=["GET"]),
            Route(MODEL + "/predictions", self.run_model, methods=["POST"]),
            Route(DEPLOYMENT + "/predictions", self.run_deployment, methods=["POST"]),
            Route(prediction, self.retrieve, methods=["GET"]),
            Route(prediction + "/cancel", self.cancel, methods=["POST"]),
            Route("/v1/files", self.upload, methods=["POST"]),
            Route("/cdn/{id}/output.mp4", self.output, methods=["GET"]),
        ]
        return wire.provider(routes, refusal, self._note_refusal)

    async def model(self, request: Request) -> Response:
        self._account(request)
        return JSONResponse(model_body(self._model(request)))

    async def version(self, request: Request) -> Response:
        self._account(request)
        model = self._model(request)
        if request.path_params["version"] != model.version:
            raise _not_found()
        return JSONResponse(version_body(model))

    async def deployment(self, request: Request) -> Response:
        model = self._deployed(request, self._account(request))
        return JSONResponse(request.path_params | {"current_release": release_body(model)})

    async def run_version(self, request: Request) -> Response:
        account, body = self._account(request), await _object(request)
        return await self._run(request, account, body, _by_version(body.get("version")))

    async def run_model(self, request: Request) -> Response:
        account, model = self._account(request), self._model(request)
        if not model.is_official:
            raise _not_found()
        return await self._run(request, account, await _object(request), model)

    async def run_deployment(self, request: Request) -> Response:
        account = self._account(request)
        model = self._deployed(request, account)
        return await self._run(request, account, await _object(request), model, deployment=f"{account}/clips")

    async def retrieve(self, request: Request) -> Response:
        task = self._find(request)
        self.studio.count(task.account, "polls")
        return JSONResponse(self._prediction(request, task))

    async def list_page(self, request: Request) -> Response:
        account = self._account(request)
        backwards, mark = self._cursor(account, request.query_params.get("cursor"))
        tasks = self.studio.page(account, PAGE + 1, mark, not backwards, deleted=True)
        page, more = tasks[:PAGE], len(tasks) > PAGE
        if backwards:
            page.reverse()
        url = f"{_base(request)}/v1/predictions?cursor="
        newer, older = (more, True) if backwards else (mark is not None, more)
        body = {
            "next": url + _cursor(f"p={page[-1].id}") if page and older else None,
            "previous": url + _cursor(f"r=1&p={page[0].id}") if page and newer else None,
            "results": [self._prediction(request, task) for task in page],
        }
        return JSONResponse(body)

    async def cancel(self, request: Request) -> Response:
        task = self._find(request)
        if task.deleted_at is None and self.studio.standing(task).ended_at is None:
            self.studio.delete(task)
        return JSONResponse(self._prediction(request, self._find(request)))

    async def upload(self, request: Request) -> Response:
        account = self._account(request)
        try:
            async with request.form() as form:
                part = form.get("content")
                if not isinstance(part, UploadFile):
                    raise refusal(400, "content: expected a file", "Bad request")
                content = await part.read()
            name = await self._keep(content)
        except (HTTPException, images.Unreadable) as error:
            raise refusal(400, f"content: {error}", "Bad request") from error
        now = self.studio.clock()
        expires_at = int(now) + UPLOAD_SECONDS
        file_id = tokens.sign({"file": name, "account": account, "exp": expires_at}, self.studio.store.secret)
        body = {
            "id": file_id,
            "name": part.filename,
            "content_type": part.content_type,
            "size": len(content),
            "etag": name,
            "checksums": {"sha256": name},
            "metadata": {},
            "created_at": _iso(now),
            "expires_at": _iso(expires_at),
            "urls": {"get": f"{_base(request)}/v1/files/{file_id}"},
        }
        return JSONResponse(body, 201)

    async def output(self, request: Request) -> Response:
        """A finished clip, for whoever knows its URL."""
        task = self.studio.store.find(self.studio.provider, request.path_params["id"])
        completed_at = self.studio.standing(task).completed_at if task and task.deleted_at is None else None
        if task is None or completed_at is None or self._is_removed(completed_at):
            raise _not_found()
        file = await self.studio.renderer.file(task.scene)
        response = ranges.serve(request, file, VARIANTS["video"].media_type)
        self.studio.count(task.account, "downloads")
        return response

    async def _run(
        self, request: Request, account: str, body: dict[str, Any], model: Model, deployment: str | None = None
    ) -> Response:
        given = body.get("input")
        if not isinstance(given, dict):
            raise refusal(422, "- input is required\n", "Input validation failed")
        plan = self._plan(account, given.get("prompt"))
        if findings := model.findings(given):
            raise refusal(422, "".join(f"{finding}\n" for finding in findings), "Input validation failed")
        opening = next((given[name] for name in OPENING if name in given), "")
        scene = replace(model.scene(given), image=await self._stored(request, account, opening))
        by_name = model.is_official and deployment is None and "version" not in body
        job = {
            "model": model.name,
            "version": "hidden" if by_name else model.version,
            "deployment": deployment,
            "input": given,
            "seconds": scene.seconds,
            "webhook": body.get("webhook"),
        }
        task = await self.studio.accept(_new_id(), account, job, plan, scene)
        return await wire.answer(plan, self._prediction(request, task), 201)

    def _prediction(self, request: Request, task: Task) -> dict[str, Any]:
        return prediction_body(task, self.studio.standing(task), self.studio.clock(), _base(request))

    async def _stored(self, request: Request, account: str, url: str) -> str | None:
        """The name under which the renderer has an image, None for one that would have to be fetched. Raises Refusal."""
        uploads = f"{_base(request)}/v1/files/"
        try:
            if url.startswith(uploads):
                claims = tokens.verify(url.removeprefix(uploads), self.studio.store.secret, self.studio.clock())
                if claims["account"] != account:
                    self.studio.count(account, "foreign_access")
                    raise tokens.BadToken("the file is another account's")
                return str(claims["file"])
            if url.startswith("data:"):
                return await self._keep(images.from_data_url(url)[1])
        except (tokens.BadToken, images.Unreadable) as error:
            raise refusal(422, f"- input.image: {error}\n", "Input validation failed") from error
        return None

    async def _keep(self, content: bytes) -> str:
        """Store an image; returns its name. Raises images.Unreadable."""
        await asyncio.to_thread(images.pixels, content)
        return await self.studio.renderer.keep_input(content)

    def _is_removed(self, ended_at: float) -> bool:
        return self.studio.clock() >= ended_at + KEPT_SECONDS

    def _note_refusal(self, request: Request) -> None:
        """Count a create that was not accepted; to cancel and to upload are POST too."""
        if request.url.path.endswith("/predictions"):
            self.studio.note_refusal(request)

    def _account(self, request: Request) -> str:
        """Whose key this is. Raises Refusal."""
        match = KEY.fullmatch(request.headers.get("authorization", ""))
        if match is None:
            raise REFUSALS["401"]()
        request.state.account = match[1]
        return match[1]

    def _find(self, request: Request) -> Task:
        """The prediction in the path; a canceled one stays. Raises Refusal."""
        account = self._account(request)
        task = self.studio.store.find(self.studio.provider, request.path_params["id"])
        if task is not None and task.account == account:
            return task
        if task is not None:
            self.studio.count(account, "foreign_access")
        raise _not_found()

    def _cursor(self, account: str, cursor: str | None) -> tuple[bool, str | None]:
        """The parameter of a list -> whether it leads to newer predictions, and than which. Raises Refusal."""
        if cursor is None:
            return False, None
        try:
            match = CURSOR.fullmatch(base64.b64decode(cursor, validate=True).decode())
        except ValueError:
            match = None
        task = self.studio.store.find(self.studio.provider, match[2]) if match else None
        if match is None or task is None or task.account != account:
            raise refusal(404, "Invalid cursor", "Not found")
        return match[1] is not None, task.id

    def _model(self, request: Request) -> Model:
        """The model in the path. Raises Refusal."""
        model = MODELS.get("{owner}/{name}".format(**request.path_params))
        if model is None:
            raise _not_found()
        return model

    def _deployed(self, request: Request, account: str) -> Model:
        """What the deployment in the path runs. Raises Refusal."""
        owner, name = request.path_params["owner"], request.path_params["name"]
        if (owner, name) == (account, "clips"):
            return MODELS[DEPLOYED]
        if name == "clips":
            self.studio.count(account, "foreign_access")
        raise _not_found()

    def _plan(self, account: str, prompt: object) -> Plan:
        """The trouble for an accepted create. Raises Refusal or Dropped for one that is not accepted."""
        try:
            plan = self.studio.plan(account, prompt if isinstance(prompt, str) else "")
        except UnknownDirective as error:
            raise refusal(422, f"- input.prompt: {error}\n", "Input validation failed") from error
        for directive in plan.keys() & REFUSALS.keys():
            raise REFUSALS[directive]()
        return plan


def prediction_body(task: Task, standing: Standing, now: float, base: str) -> dict[str, Any]:
    """The prediction object."""
    status, ended_at = STATUS[standing.phase], standing.ended_at
    if task.deleted_at is not None:
        status, ended_at = "canceled", task.deleted_at
    removed = ended_at is not None and now >= ended_at + KEPT_SECONDS
    url = f"{base}/cdn/{task.id}/output.mp4"
    model = MODELS[task.request["model"]]
    output = ([url] if model.lists_output else url) if status == "succeeded" and not removed else None
    error = next((FAILURES[name] for name in FAILURES if name in task.plan), None) if status == "failed" else None
    took = None if ended_at is None else round(ended_at - task.created_at, 3)
    billed = {"video_output_duration_seconds": task.request["seconds"]} if status == "succeeded" else {}
    this = f"{base}/v1/predictions/{task.id}"
    return {
        "id": task.id,
        "model": task.request["model"],
        "version": task.request["version"],
        "input": {} if removed else task.request["input"],
        "logs": "",
        "output": output,
        "data_removed": removed,
        "error": error,
        "status": status,
        "created_at": _iso(task.created_at),
        "started_at": None if standing.phase is Phase.QUEUED else _iso(task.created_at),
        "completed_at": None if ended_at is None else _iso(ended_at),
        "urls": {"get": this, "cancel": f"{this}/cancel", "web": f"{base}/p/{task.id}"},
        **({} if took is None else {"metrics": {"predict_time": took, "total_time": took} | billed}),
        **({"deployment": task.request["deployment"]} if task.request["deployment"] else {}),
    }


def _by_version(reference: object) -> Model:
    """A version's id, `owner/name:id`, or the name of an official model -> the model. Raises Refusal."""
    for model in MODELS.values():
        names = {model.version, f"{model.name}:{model.version}"} | ({model.name} if model.is_official else set())
        if reference in names:
            return model
    raise refusal(422, "The specified version does not exist, or you lack permission.", "Invalid version")


async def _object(request: Request) -> dict[str, Any]:
    try:
        return wire.read_object(await request.body())
    except wire.NotJSON as error:
        raise refusal(400, f"The body is not valid JSON: {error}", "Bad request") from error


def _cursor(said: str) -> str:
    """What a cursor says -> the cursor, to be put into a URL."""
    return quote(base64.b64encode(said.encode()).decode(), safe="")


def _not_found() -> Refusal:
    return refusal(404, "The requested resource could not be found.", "Not found")


def _base(request: Request) -> str:
    """Where this application is mounted, as the client sees it."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}"


def _iso(moment: float) -> str:
    """Unix seconds -> "2026-11-20T10:00:00.123Z"."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _new_id() -> str:
    """26 lower-case letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(26))
