"""What the emulated servers of one's own have in common: vLLM-Omni and SGLang, which both speak OpenAI's dialect.

One model behind each, any size and length, sound and seed on request, no remix, no previews, no moderation; in a list nothing
comes after a job that is gone. So that a clip can be rendered here, width and height are multiples of 8 and a clip lasts a minute
at most; images by http(s) and videos are taken and not read.
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import images, openai
from sandbox.openai_request import Upload, refusal
from sandbox.scene import dimensions

MODEL = "Wan-AI/Wan2.2-TI2V-5B-Diffusers"
SIZE = re.compile(r"[1-9][0-9]*x[1-9][0-9]*")
LARGEST = 4096 * 2304  # pixels
LONGEST = 60  # seconds
SECONDS = "4"  # where a request names none


class Videos(openai.Videos):
    default_size: ClassVar[str] = "832x480"

    def routes(self) -> list[Route]:
        video = "/v1/videos/{video_id}"
        return [
            Route("/v1/videos", self.create, methods=["POST"]),
            Route("/v1/videos", self.list_page, methods=["GET"]),
            Route(video, self.retrieve, methods=["GET"]),
            Route(video, self.delete, methods=["DELETE"]),
            Route(f"{video}/content", self.content, methods=["GET"]),
        ]

    async def retrieve(self, request: Request) -> Response:
        return JSONResponse(self.video(*self._poll(request)))

    async def list_page(self, request: Request) -> Response:
        account, after = self._account(request), request.query_params.get("after")
        limit, newest_first = self.paging(request.query_params)
        gone = after is not None and self.studio.find(account, after) is None
        most = -1 if limit is None else limit + 1
        tasks = [] if gone else self.studio.page(account, most, after, newest_first)
        return JSONResponse(self.page(tasks, limit))

    def paging(self, query: QueryParams) -> tuple[int | None, bool]:
        """The query of a list -> how many jobs, None for all, and whether the newest come first. Raises Refusal."""
        raise NotImplementedError


def checked_size(size: str) -> str:
    """'832x480', if a clip can have that size. Raises Refusal."""
    if SIZE.fullmatch(size) is None:
        raise refusal(400, f"Invalid size '{size}': expected WIDTHxHEIGHT.", param="size")
    width, height = dimensions(size)
    if width % 8 or height % 8 or width * height > LARGEST:
        raise refusal(400, f"Invalid size '{size}': expected multiples of 8, {LARGEST} pixels at most.", param="size")
    return size


def checked_seconds(seconds: str) -> str:
    """'8', if a clip can last that long. Raises Refusal."""
    if not re.fullmatch("[1-9][0-9]{0,3}", seconds) or int(seconds) > LONGEST:
        raise refusal(400, f"Invalid seconds '{seconds}': expected 1 to {LONGEST}.", param="seconds")
    return seconds


def uploaded(fields: Mapping[str, Any], name: str) -> bytes | None:
    """The image of a file part, if it is there. Raises Refusal."""
    part = fields.get(name)
    if part is None:
        return None
    if not isinstance(part, Upload):
        raise refusal(400, f"Expected a file in '{name}'.", param=name)
    return readable(part.content, name)


def linked(url: str, name: str) -> bytes | None:
    """The image of a data URL; None for a link, which is not fetched. Raises Refusal."""
    if url.startswith(("https://", "http://")):
        return None
    try:
        return readable(images.from_data_url(url)[1], name)
    except images.Unreadable as error:
        raise refusal(400, f"Invalid {name}: {error}.", param=name) from error


def readable(content: bytes, name: str) -> bytes:
    """The bytes, if they are an image. Raises Refusal."""
    try:
        images.pixels(content)
    except images.Unreadable as error:
        raise refusal(400, f"Invalid {name}: {error}.", param=name) from error
    return content
