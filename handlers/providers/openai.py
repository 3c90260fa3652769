"""The OpenAI Videos API, and everything that speaks its dialect under another base URL.

azure, vllm and sgl are kin: servers of the dialect that differ in known ways, and override the methods where they do.

Source: upstreams/openai.yaml. OpenAI itself switched the API off on 2026-09-24; the dialect lives on.
Operations: generate, retrieve, source (video, thumbnail, spritesheet), delete, remix, listed (with prompt and model).
Units: progress in percent, times in Unix seconds, `seconds` as a string, `size` as "1280x720".
Errors: `{"error": {message, type, param, code}}`; a spent quota is a 429 with code `insufficient_quota`; moderation is a 400
with code `moderation_blocked`, or a failed job with that code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, ClassVar
from urllib.parse import quote

import orjson
from pydantic import MISSING, BaseModel, ValidationError

from generated.models import VideoGenerationRequest, VideoRemixRequest
from generated.upstreams.openai import ErrorResponse, RemixVideo, Video, VideoList

from ..errors import InvalidRequest, ProviderError, ProviderFailed
from ..media.images import Image
from ..upstream import File, Reply
from .adapter import Account, Adapter, Filtered, Listed, Snapshot, Source, extras, moment, read
from .refusals import refusal

STATUS = {
    "queued": "queued",
    "in_progress": "in_progress",
    "completed": "completed",
    "failed": "failed",
    "expired": "failed",  # batch jobs only
}
MODERATION = frozenset({"moderation_blocked", "content_filter", "content_policy_violation"})
SPENT = frozenset({"insufficient_quota", "billing_hard_limit_reached"})

PAGE = 100  # jobs; what a server of the dialect gives at most
PAGES = 20  # after which a list is given up
MOST = 64 * 1024 * 1024  # bytes of a page, whose every job may tell a prompt of 32 000 characters
PRECISION = timedelta(seconds=1)  # of their times, which are cut off: 12:00:00.9 is told as 12:00:00


class OpenAI(Adapter):
    name = "openai"
    base_url = "https://api.openai.com/v1"
    key_variables: ClassVar[tuple[str, ...]] = ("OPENAI_API_KEY",)
    url_variables: ClassVar[tuple[str, ...]] = ("OPENAI_BASE_URL", "OPENAI_API_BASE")
    variants = frozenset({"video", "thumbnail", "spritesheet"})
    image_urls = False
    sandbox_path = "/openai/v1"
    sandbox_secret = "sk-sandbox-reelgate"  # noqa: S105  opens nothing but an emulator

    @classmethod
    def in_environment(cls, environment: Mapping[str, str]) -> dict[str, Any] | None:
        """Only with a base URL: many have the key set for other uses, and the vendor's own video API is gone."""
        if not any(environment.get(name) for name in cls.url_variables):
            return None
        return super().in_environment(environment)

    def auth(self, account: Account) -> dict[str, str]:
        secret = account.secret.get_secret_value()
        return {"Authorization": f"Bearer {secret}"} if secret else {}  # a server of one's own may ask for no key

    def encode(self, model: str, request: VideoGenerationRequest, image: Image | None) -> dict[str, str | File]:
        return encode(model, request, image)

    def answer(self, reply: Reply, *, creates: bool = False) -> Video:
        """Their answer as a job. Raises ProviderError for a refusal."""
        if not reply.ok:
            raise self.refused(reply, creates=creates)
        return read(Video, reply, creates=creates)

    def refused(self, reply: Reply, *, creates: bool = False) -> ProviderError:
        return refused(reply, creates=creates)

    async def generate(
        self, account: Account, model: str, request: VideoGenerationRequest, image: Image | None
    ) -> Snapshot:
        # Multipart always: the official client sends nothing else, and some servers of the dialect read nothing else.
        form = self.encode(account.deployment(model), request, image)
        reply = await account.call("POST", "/videos", headers=self.auth(account), form=form, creates=True)
        return decode(self.answer(reply, creates=True), reply)

    async def retrieve(self, account: Account, native_id: str) -> Snapshot:
        reply = await account.call("GET", path(native_id), headers=self.auth(account))
        return decode(self.answer(reply), reply)

    async def source(self, account: Account, native_id: str, variant: str) -> Source:
        return Source(f"{content_url(account, native_id)}?variant={variant}", self.auth(account))

    async def delete(self, account: Account, native_id: str) -> None:
        reply = await account.call("DELETE", path(native_id), headers=self.auth(account))
        if not reply.ok and reply.status != 404:
            raise self.refused(reply)

    async def remix(self, account: Account, native_id: str, request: VideoRemixRequest) -> Snapshot:
        body = extras(request) | RemixVideo(prompt=request.prompt).model_dump()
        reply = await account.call(
            "POST", f"{path(native_id)}/remix", headers=self.auth(account), json=body, creates=True
        )
        return decode(self.answer(reply, creates=True), reply)

    async def listed(self, account: Account, since: datetime) -> list[Listed]:
        earliest = since - PRECISION
        found: list[Listed] = []
        for _ in range(PAGES):
            page = await self._page(account, found[-1].native_id if found else None)
            found += map(entry, page.data)
            more = bool(page.data) if page.has_more is MISSING else page.has_more
            if not more or (newest_first(found) and found[-1].created_at <= earliest):
                return [job for job in found if job.created_at > earliest]
        raise ProviderFailed(f"The provider's list has more than {PAGES} pages since {since:%Y-%m-%d %H:%M:%S}.")

    async def _page(self, account: Account, after: str | None) -> VideoList:
        """Up to PAGE jobs, newest first; those that come `after` a job, if given."""
        beyond = "" if after is None else f"&after={quote(after, safe='')}"
        where = f"/videos?limit={PAGE}&order=desc{beyond}"
        reply = await account.call("GET", where, headers=self.auth(account), most=MOST)
        if not reply.ok:
            raise self.refused(reply)
        page = read(VideoList, reply)
        if after is not None and not page.data:  # vLLM-Omni and SGLang have nothing after a job that is gone meanwhile
            await self.retrieve(account, after)  # raises then: this is not the end of the list
        return page


def path(native_id: str) -> str:
    return f"/videos/{quote(native_id, safe='')}"


def content_url(account: Account, native_id: str) -> str:
    return f"{account.base_url}{path(native_id)}/content"


def encode(model: str, request: VideoGenerationRequest, image: Image | None) -> dict[str, str | File]:
    """Our request -> the fields of their form."""
    form: dict[str, str | File] = {name: text(value) for name, value in extras(request).items()}
    form |= {"model": model, "prompt": request.prompt}
    if request.seconds is not MISSING:
        form["seconds"] = str(request.seconds.root)
    if request.size is not MISSING:
        form["size"] = request.size
    for name in ("seed", "negative_prompt", "audio", "video_uri"):  # only servers of the dialect take these
        value = getattr(request, name)
        if value is not MISSING:
            form[name] = text(value)
    if image is not None:
        form["input_reference"] = File(f"input_reference.{image.extension}", image.content, image.media_type)
    return form


def refuse_extras(request: BaseModel, forbidden: re.Pattern[str]) -> None:
    """Raises InvalidRequest for an extra field whose name is forbidden, for servers whose files could be reached by one."""
    for name in extras(request):
        if forbidden.fullmatch(name):
            raise InvalidRequest(
                f"{name} is not passed on: it reaches files of the server.", code="unsupported_parameter", param=name
            )


def text(value: object) -> str:
    """A JSON value -> a form field, the way the official client writes one: 7 -> "7", True -> "true"."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def decode(video: Video, reply: Reply) -> Snapshot:
    """Their job -> ours."""
    status = STATUS.get(video.status)
    error = video.error if video.error is not MISSING else None
    code = word(error.code) if error else None
    message = error.message if error and error.message is not MISSING else None
    moderated = code in MODERATION
    poll_after = reply.headers.get("openai-poll-after-ms", "")
    return Snapshot(
        native_id=video.id,
        status=status or "in_progress",
        provider_status=None if status else video.status,
        progress=None if video.progress is MISSING or video.progress is None else float(video.progress),
        seconds=None if video.seconds is MISSING else video.seconds,
        size=None if video.size is MISSING else video.size,
        completed_at=None if video.completed_at is MISSING else moment(video.completed_at),
        expires_at=None if video.expires_at is MISSING else moment(video.expires_at),
        error_code="content_filtered" if moderated else code or ("expired" if video.status == "expired" else None),
        error_message=message,
        filtered=Filtered(1, (message or str(code),)) if moderated else None,
        poll_after=int(poll_after) / 1000 if poll_after.isdigit() else None,
    )


def entry(video: Video) -> Listed:
    """A job of their list. Raises ProviderFailed for one that could be of any time."""
    created_at = None if video.created_at is MISSING else moment(video.created_at)
    if created_at is None:
        raise ProviderFailed(f"The provider's list does not say when {video.id} was created.")
    return Listed(
        native_id=video.id,
        created_at=created_at,
        prompt=None if video.prompt is MISSING else video.prompt,
        model=None if video.model is MISSING else video.model,
    )


def newest_first(jobs: list[Listed]) -> bool:
    """Whether they are, and there is one: a server of the dialect may ignore the order that it is asked for."""
    return bool(jobs) and all(newer.created_at >= older.created_at for newer, older in pairwise(jobs))


def word(code: str | int | MISSING | None) -> str | None:
    """A code of theirs, which may be a number at servers of the dialect, as a word."""
    return None if code is MISSING or code is None else str(code)


def refused(reply: Reply, *, creates: bool = False) -> ProviderError:
    try:
        error = ErrorResponse.model_validate_json(reply.body).error
    except ValidationError:
        return refusal(reply, None, creates=creates)
    code = word(error.code)
    return refusal(
        reply,
        error.message,
        creates=creates,
        code=code,
        param=None if error.param is MISSING else error.param,
        quota_spent=code in SPENT,
        content=code in MODERATION,
    )
