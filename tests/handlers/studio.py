"""A server of the OpenAI dialect whose videos are done at once, and whose files come as a test says."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.ranges import span
from tests.gateway import ALICE, Gateway, judge, running
from tests.handlers.wire import configured, serving


@dataclass
class Studio:
    """`film` is what it has made; `answer` is how the n-th question for it, from 0, is answered."""

    film: bytes
    answer: Callable[[Studio, Request, int], Response] = lambda studio, request, _: studio.whole(request)
    asked: list[Request] = field(default_factory=list)
    made: int = 0
    has_ranges: bool = True
    done: bool = True  # or its jobs are in progress

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/videos", self._make, methods=["POST"]),
                Route("/videos/{id}", self._show),
                Route("/videos/{id}", self._delete, methods=["DELETE"]),
                Route("/videos/{id}/content", self._content),
            ]
        )

    async def _make(self, request: Request) -> Response:
        await request.body()
        self.made += 1
        return JSONResponse({"id": f"v{self.made}", "object": "video", "status": "queued", "progress": 0})

    async def _show(self, request: Request) -> Response:
        status = "completed" if self.done else "in_progress"
        job = {"id": request.path_params["id"], "object": "video", "status": status, "progress": 100}
        return JSONResponse(job)

    async def _delete(self, request: Request) -> Response:
        return JSONResponse({"id": request.path_params["id"], "object": "video.deleted", "deleted": True})

    async def _content(self, request: Request) -> Response:
        self.asked.append(request)
        return self.answer(self, request, len(self.asked) - 1)

    def whole(self, request: Request, *, cut: int | None = None) -> Response:
        """The film or the range of it that is asked for; the connection breaks after `cut` bytes of the answer."""
        size = len(self.film)
        asked = span(request.headers.get("range"), size) if self.has_ranges else None
        first, end = asked or (0, size)
        headers = {"content-length": str(end - first), "etag": '"of the studio"'}
        if asked:
            headers["content-range"] = f"bytes {first}-{end - 1}/{size}"
        body = self._body(self.film[first:end], cut)
        return StreamingResponse(body, 206 if asked else 200, headers, media_type="video/mp4")

    def trickle(self, request: Request) -> Response:
        """The film, a byte a second."""

        async def drops() -> AsyncIterator[bytes]:
            for begin in range(len(self.film)):
                yield self.film[begin : begin + 1]
                await asyncio.sleep(1)

        return StreamingResponse(drops(), headers={"content-length": str(len(self.film))}, media_type="video/mp4")

    async def _body(self, content: bytes, cut: int | None) -> AsyncIterator[bytes]:
        for begin in range(0, len(content), 1000):
            if cut is not None and begin >= cut:
                raise ConnectionError("cut")  # uvicorn closes the connection then
            yield content[begin : begin + 1000][: None if cut is None else cut - begin]


QUICK = {"poll_seconds": 0.1}


def content(gateway: Gateway, video_id: str, key: str = ALICE, **query: str) -> requests.Response:
    return gateway.ask("GET", f"/v1/videos/{video_id}/content", key, params=query, allow_redirects=False)


def until(happened: Callable[[], Any], patience: float = 20) -> Any:
    """What the function says once that is true."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if said := happened():
            return said
        time.sleep(0.1)
    raise AssertionError(f"it did not happen within {patience} s")


def kept(directory: Path) -> set[str]:
    """The files below a directory, by their names from there."""
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


@contextlib.contextmanager
def studio_of(directory: Path, studio: Studio, **settings: Any) -> Iterator[Gateway]:
    """A gateway whose only provider is the studio."""
    with serving(studio.app) as url, running(directory, configuration=configured(openai=url), **QUICK | settings) as it:
        yield it
        judge(it, [each for each in it.exchanges if each.url.startswith(it.url)])


def made(gateway: Gateway, key: str = ALICE, **body: Any) -> dict[str, Any]:
    return gateway.finished(gateway.create("a film", key=key, model="openai/x", **body)["id"], key=key)
