"""OpenAI's Videos API (Sora 2), below `/openai/v1`.

Source: upstreams/openai.yaml. Keys are `sk-sandbox-{account}`. Operations: create, retrieve, list, delete,
download, remix. Times are Unix seconds, progress is a whole percentage, `seconds` is a string.

Where the sources are silent, the emulator decides: a job may be deleted while it runs; a remix of a job that
has not completed is refused with 400.

Azure, vLLM-Omni and SGLang speak this dialect with differences; their emulators override the methods that differ.
"""

import asyncio
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import ranges, wire
from sandbox.openai_request import Create, Upload, check_create, check_prompt, check_remix, refusal
from sandbox.previews import VARIANTS
from sandbox.scene import Scene, dimensions
from sandbox.store import Task
from sandbox.studio import Studio
from sandbox.timeline import Phase, Standing
from sandbox.trouble import Plan, UnknownDirective
from sandbox.wire import Refusal

KEY = re.compile(r"Bearer sk-sandbox-([a-z0-9-]+)")
ASSET_SECONDS = 3600  # that a finished video can be downloaded [guide: one hour]
PAGE, LONGEST_PAGE = 20, 100  # videos
POLLS_PER_JOB = 8  # that the poll hint aims at
SHORTEST_WAIT, LONGEST_WAIT = 20, 5_000  # milliseconds between polls

STATUS = {
    Phase.QUEUED: "queued",
    Phase.THROTTLED: "queued",
    Phase.WEIRD: "preparing",  # no document lists it
    Phase.RUNNING: "in_progress",
    Phase.SUCCEEDED: "completed",
    Phase.FAILED: "failed",
}
FAILURES = {  # by directive; the first that is in force
    "filtered": {"code": "moderation_blocked", "message": "The output was blocked by the moderation system."},
    "fail": {"code": "video_generation_failed", "message": "The video could not be generated."},
}
REFUSALS = {  # by directive: a create that is not accepted
    "401": partial(refusal, 401, "Incorrect API key provided.", "invalid_api_key"),
    "429": partial(refusal, 429, "Rate limit reached for requests.", "rate_limit_exceeded", None, "requests"),
    "quota": partial(
        refusal, 429, "You exceeded your current quota.", "insufficient_quota", None, "insufficient_quota"
    ),
    "500": partial(refusal, 500, "The server had an error while processing your request.", None, None, "server_error"),
    "503": partial(refusal, 503, "The server is overloaded.", None, None, "service_unavailable_error"),
    "refuse": partial(
        refusal, 400, "Your request was blocked by our moderation system.", "moderation_blocked", "prompt"
    ),
}


class Videos:
    """The operations, for one studio."""

    prefix: ClassVar[str] = "/v1"
    default_size: ClassVar[str] = "720x1280"  # where a request may go without
    failures: ClassVar[Mapping[str, Mapping[str, Any]]] = FAILURES

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def application(self) -> Starlette:
        """The API as an ASGI application."""
        return wire.provider(self.routes(), refusal, self.studio.note_refusal, self.rephrase)

    def routes(self) -> list[Route]:
        videos = f"{self.prefix}/videos"
        video = f"{videos}/{{video_id}}"
        return [
            Route(videos, self.create, methods=["POST"]),
            Route(videos, self.list_page, methods=["GET"]),
            Route(video, self.retrieve, methods=["GET"]),
            Route(video, self.delete, methods=["DELETE"]),
            Route(f"{video}/content", self.content, methods=["GET"]),
            Route(f"{video}/remix", self.remix, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        account = self._account(request)
        fields = await _fields(request)
        plan = self._plan(account, check_prompt(fields))
        # Decoding an image takes milliseconds; the rest of the checks is not worth the way to a thread.
        if any("reference" in name for name in fields):
            asked = await asyncio.to_thread(self.check, fields)
        else:
            asked = self.check(fields)
        job = {name: value for name, value in asdict(asked).items() if name != "image"}
        return await self._accept(account, job, plan, asked.image)

    async def remix(self, request: Request) -> Response:
        source = self._find(request)
        prompt = check_remix(await _fields(request))
        plan = self._plan(source.account, prompt)
        if self.studio.standing(source).completed_at is None:
            raise refusal(400, f"Video {source.id} has not completed.", param="video_id")
        job = source.request | {"prompt": prompt, "remixed_from_video_id": source.id}
        return await self._accept(source.account, job, plan)

    async def retrieve(self, request: Request) -> Response:
        task, standing = self._poll(request)
        return JSONResponse(self.video(task, standing), headers=poll_hint(task) if standing.ended_at is None else None)

    async def list_page(self, request: Request) -> Response:
        account = self._account(request)
        query = request.query_params
        limit, order, after = query.get("limit", str(PAGE)), query.get("order", "desc"), query.get("after")
        if not re.fullmatch("[0-9]{1,3}", limit) or int(limit) > LONGEST_PAGE:
            raise refusal(400, f"Invalid 'limit': expected 0 to {LONGEST_PAGE}.", "invalid_value", "limit")
        if order not in ("asc", "desc"):
            raise refusal(400, "Invalid 'order': expected 'asc' or 'desc'.", "invalid_value", "order")
        if after and self.studio.find(account, after) is None:
            raise refusal(404, f"Video with id '{after}' not found.", param="after")
        tasks = self.studio.page(account, int(limit) + 1, after, order == "desc")
        return JSONResponse(self.page(tasks, int(limit)))

    async def delete(self, request: Request) -> Response:
        task = self._find(request)
        self.studio.delete(task)
        return JSONResponse({"id": task.id, "object": "video.deleted", "deleted": True})

    async def content(self, request: Request) -> Response:
        task = self._find(request)
        variant = self.variant(request.query_params.get("variant"), task, self.studio.standing(task))
        file = await self.studio.renderer.file(task.scene, variant)
        response = ranges.serve(request, file, VARIANTS[variant].media_type)
        self.studio.count(task.account, "downloads")
        return response

    def page(self, tasks: list[Task], limit: int | None) -> dict[str, Any]:
        """The list object: these tasks up to the limit."""
        page = [self.video(task, self.studio.standing(task)) for task in tasks[:limit]]
        ends = (page[0]["id"], page[-1]["id"]) if page else (None, None)
        more = len(tasks) > len(page)
        return {"object": "list", "data": page, "first_id": ends[0], "last_id": ends[1], "has_more": more}

    def rephrase(self, refused: Refusal) -> Refusal:
        """A refusal in OpenAI's envelope -> the same in the provider's own."""
        return refused

    def account(self, request: Request) -> str | None:
        """Whose key came with a request; None if none of ours did."""
        match = KEY.fullmatch(request.headers.get("authorization", ""))
        return match and match[1]

    def new_id(self) -> str:
        """'video_' and 48 hexadecimal digits, the first eight of which are the time, as in ids that were seen."""
        return f"video_{int(self.studio.clock()):08x}{secrets.token_hex(20)}"

    def check(self, fields: Mapping[str, Any]) -> Create:
        """Fields of a body -> what is to be made. Raises Refusal."""
        return check_create(fields)

    def expires_at(self, task: Task, completed_at: float) -> float | None:
        """When the files are gone, in Unix seconds."""
        return completed_at + ASSET_SECONDS

    def variant(self, named: str | None, task: Task, standing: Standing) -> str:
        """The value of `variant` -> which file to serve, a key of VARIANTS. Raises Refusal if there is none."""
        variant = named or "video"
        if variant not in VARIANTS:
            words = f"Invalid value: '{variant}'. Supported values are: {', '.join(VARIANTS)}."
            raise refusal(400, words, "invalid_value", "variant")
        if standing.completed_at is None:
            raise refusal(404, "Video is not ready yet, use GET /v1/videos/{video_id} to check status.")
        expires_at = self.expires_at(task, standing.completed_at)
        if expires_at is not None and self.studio.clock() >= expires_at:
            raise refusal(404, "The assets of this video have expired.")
        return variant

    def video(self, task: Task, standing: Standing) -> dict[str, Any]:
        """The video object."""
        completed_at = standing.completed_at
        expires_at = None if completed_at is None else self.expires_at(task, completed_at)
        failure = next((failure for name, failure in self.failures.items() if name in task.plan), None)
        return {
            "id": task.id,
            "object": "video",
            "model": task.request["model"],
            "status": STATUS[standing.phase],
            "progress": int(100 * standing.progress),
            "created_at": int(task.created_at),
            "completed_at": None if completed_at is None else int(completed_at),
            "expires_at": None if expires_at is None else int(expires_at),
            "prompt": task.request["prompt"],
            "seconds": task.request["seconds"],
            "size": task.request["size"],
            "remixed_from_video_id": task.request.get("remixed_from_video_id"),
            "error": failure if standing.phase is Phase.FAILED else None,
        }

    async def _accept(self, account: str, job: dict[str, Any], plan: Plan, image: bytes | None = None) -> Response:
        width, height = dimensions(job["size"] or self.default_size)
        scene = Scene(job["prompt"], width, height, int(job["seconds"]), job["audio"], job["seed"])
        task = await self.studio.accept(self.new_id(), account, job, plan, scene, image)
        return await wire.answer(plan, self.video(task, self.studio.standing(task)))

    def _account(self, request: Request) -> str:
        """Whose key this is. Raises Refusal."""
        account = self.account(request)
        if account is None:
            raise refusal(401, "Incorrect API key provided.", "invalid_api_key")
        request.state.account = account
        return account

    def _find(self, request: Request) -> Task:
        """The task in the path. Raises Refusal."""
        video_id = request.path_params["video_id"]
        task = self.studio.find(self._account(request), video_id)
        if task is None:
            raise refusal(404, f"Video with id '{video_id}' not found.", param="video_id")
        return task

    def _poll(self, request: Request) -> tuple[Task, Standing]:
        """The task in the path, and how it stands now. Raises Refusal."""
        task = self._find(request)
        self.studio.count(task.account, "polls")
        return task, self.studio.standing(task)

    def _plan(self, account: str, prompt: str) -> Plan:
        """The trouble for an accepted create. Raises Refusal or Dropped for one that is not accepted."""
        try:
            plan = self.studio.plan(account, prompt)
        except UnknownDirective as error:
            raise refusal(400, str(error), "invalid_value", "prompt") from error
        for directive in plan.keys() & REFUSALS.keys():
            raise REFUSALS[directive]()
        return plan


def poll_hint(task: Task) -> dict[str, str]:
    """The header that tells clients, in milliseconds, when to ask again."""
    wait = int(1000 * task.plan.get("slow", task.duration) / POLLS_PER_JOB)
    return {"openai-poll-after-ms": str(max(SHORTEST_WAIT, min(LONGEST_WAIT, wait)))}


async def _fields(request: Request) -> dict[str, Any]:
    """The fields of a JSON or multipart body, files as Upload. Raises Refusal."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/json":
        try:
            return wire.read_object(await request.body())
        except wire.NotJSON as error:
            raise refusal(400, f"We could not parse the JSON body of your request: {error}.") from error
    if media_type != "multipart/form-data":
        words = f"Unsupported content type: '{media_type}'. Use 'multipart/form-data' or 'application/json'."
        raise refusal(415, words, "unsupported_content_type")
    try:
        async with request.form() as form:
            return {
                name: Upload(await value.read(), value.content_type) if isinstance(value, UploadFile) else value
                for name, value in form.multi_items()
            }
    except HTTPException as error:
        raise refusal(400, f"We could not parse the form in your request: {error.detail}") from error
