"""The sandbox as one ASGI application: the providers, and a window on what happened to them.

Each provider lies below its name: `/openai/v1` is OpenAI's base URL, `/runway` is Runway's. `GET /stats` tells how
often each was asked for what. Mounted inside another application it works the same; absolute URLs follow the request. To cut
connections on order it has to see the transport: wrap the outermost application in `sandbox.wire.Exposed`.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox import azure, gemini, openai, openrouter, replicate, runway, sgl, vertex, vllm, xai
from sandbox.render import Renderer
from sandbox.store import Store
from sandbox.studio import COUNTS, Studio
from sandbox.wire import expose

EMULATORS: dict[str, Callable[[Studio], ASGIApp]] = {
    "openai": lambda studio: openai.Videos(studio).application(),
    "azure": lambda studio: azure.Videos(studio).application(),
    "vllm": lambda studio: vllm.Videos(studio).application(),
    "sgl": lambda studio: sgl.Videos(studio).application(),
    "openrouter": lambda studio: openrouter.Jobs(studio).application(),
    "runway": lambda studio: runway.Tasks(studio).application(),
    "replicate": lambda studio: replicate.Predictions(studio).application(),
    "xai": lambda studio: xai.Requests(studio).application(),
    "gemini": lambda studio: gemini.Interactions(studio).application(),
    "vertex": lambda studio: vertex.Operations(studio).application(),
}
"""Provider -> its emulator, which is mounted under that name."""

REPORTED = ("creates_accepted", *COUNTS, "deletes")


class Sandbox(Starlette):
    """Notes the transport before Starlette's own middleware hides it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        expose(scope, send)
        await super().__call__(scope, receive, send)


def build(directory: Path, *, job_seconds: float = 4.0, clock: Callable[[], float] = time.time) -> Starlette:
    """The sandbox with its memory and its clips below `directory`; a job takes `job_seconds`.

    `clock` gives Unix seconds. Nothing depends on a lifespan; where there is one, its end drops waiting
    renders.
    """
    directory.mkdir(parents=True, exist_ok=True)
    store, renderer = Store(directory / "sandbox.sqlite3"), Renderer(directory)

    def studio(provider: str) -> Studio:
        return Studio(provider, store, renderer, clock, job_seconds)

    async def stats(_: Request) -> Response:
        return JSONResponse(tally(store.totals(COUNTS)))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        renderer.close()
        store.close()

    return Sandbox(
        routes=[
            *(Mount(f"/{provider}", emulator(studio(provider))) for provider, emulator in EMULATORS.items()),
            Route("/stats", stats),
        ],
        lifespan=lifespan,
    )


def tally(totals: list[tuple[str, str, str, int]]) -> dict[str, Any]:
    """Rows of (provider, account, name, n) -> per provider each count, and the same per account.

    A refused create with no valid key belongs to no account.
    """
    report: dict[str, Any] = {provider: dict.fromkeys(REPORTED, 0) | {"accounts": {}} for provider in EMULATORS}
    for provider, account, name, n in totals:
        report[provider][name] += n
        if account:
            accounts = report[provider]["accounts"]
            accounts.setdefault(account, dict.fromkeys(REPORTED, 0))[name] += n
    return report
