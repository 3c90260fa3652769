"""The whole wiring, on one screen. `build` makes the ASGI application; nothing is read or started before it runs.

A request passes: the sandbox if it is under /sandbox, else Requests (id, log line) -> connexion (routing, credentials,
parameters) -> edge/bodies (reading, validation) -> generated/routes (typed arguments) -> api/* -> the layers below.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from importlib.resources import files
from typing import Any

import orjson
import structlog
from connexion import AsyncApp
from connexion.exceptions import ProblemException
from connexion.options import SwaggerUIOptions
from connexion.resolver import Resolver
from sqlalchemy import URL
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from generated.routes import bind

from . import sandbox_mount
from .access.callers import Keyring
from .api.health import Health
from .api.models import Models
from .api.videos import Videos
from .configuration import Configuration
from .dispatch.dispatcher import Dispatcher
from .edge import bodies, credentials, envelope
from .edge.requests import Requests
from .errors import ReelgateError
from .jobs.changes import Changes
from .jobs.database import engine_for, migrate
from .jobs.ledger import Ledger
from .jobs.tracking import Tracking
from .providers import registry
from .settings import Settings
from .upstream import Upstream

log = structlog.get_logger()


def build(settings: Settings, configuration: Configuration, database: URL, own_url: str) -> ASGIApp:
    """The gateway as an ASGI application. `own_url` is where this very server is reached from this machine."""
    http = Upstream()
    engine = engine_for(database)
    ledger = Ledger(engine)
    providers = registry.for_server(settings, configuration, own_url, http)
    changes = Changes(database, ledger.cache)
    tracking = Tracking(database, ledger, providers, concurrency=settings.tracking_concurrency)
    dispatcher = Dispatcher(ledger, providers, tracking, deadline=timedelta(minutes=settings.job_deadline_minutes))
    operations = bind(
        videos=Videos(ledger, dispatcher, providers, http),
        models=Models(providers),
        health=Health(engine, changes, tracking, works=settings.worker, sandbox=providers.sandbox),
    )

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(http)
            stack.push_async_callback(engine.dispose)
            await migrate(engine)
            await tracking.open()
            stack.push_async_callback(tracking.close)
            for run in [changes.run, *([tracking.work] if settings.worker else [])]:
                stack.push_async_callback(cancelled, asyncio.create_task(run()))
            stack.push_async_callback(dispatcher.close)
            yield

    app = AsyncApp(
        "reelgate",
        lifespan=lifespan,
        resolver=Resolver(operations.__getitem__),
        security_map=credentials.security_map(Keyring(settings.api_keys)),
        validator_map=bodies.validators(settings.max_body_bytes),
        swagger_ui_options=SwaggerUIOptions(swagger_ui=False, serve_spec=False),
    )
    app.add_api(orjson.loads(files("generated").joinpath("openapi30.json").read_bytes()))
    for kind in (ReelgateError, ProblemException, HTTPException, Exception):
        app.add_error_handler(kind, envelope.respond)
    served: ASGIApp = Requests(app, settings.public_url)
    if providers.sandbox:
        served = sandbox_mount.beside(served, settings.data_dir / "sandbox", settings.sandbox_job_seconds)
    return served


async def cancelled(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it has cleaned up."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
