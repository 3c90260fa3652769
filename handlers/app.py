"""The whole wiring, on one screen. `build` makes the ASGI application; nothing is read or started before it runs.

A request passes: the sandbox if it is under /sandbox, else Requests (id, log line) -> connexion (routing, credentials,
parameters) -> edge/bodies (reading, validation) -> generated/routes (typed arguments) -> api/* -> the layers below.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files

import orjson
import structlog
from connexion import AsyncApp
from connexion.exceptions import ProblemException
from connexion.options import SwaggerUIOptions
from connexion.resolver import Resolver
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from generated.routes import bind

from . import sandbox_mount
from .access.callers import Callers
from .api.config import Config
from .api.health import Health
from .api.models import Models
from .api.providers import Providers
from .api.videos import Videos
from .api.wakes import Wakes
from .api.webhooks import Webhooks
from .edge import bodies, credentials, envelope
from .edge.parameters import Repeated
from .edge.requests import Requests
from .errors import ReelgateError
from .media.uploads import Uploads
from .settings import Settings
from .worker import Worker

log = structlog.get_logger()


def build(settings: Settings, worker: Worker) -> ASGIApp:
    """The gateway as an ASGI application, around a worker that nothing else runs."""
    ledger, providers = worker.ledger, worker.providers
    contract = orjson.loads(files("generated").joinpath("openapi30.json").read_bytes())
    operations = bind(
        videos=Videos(ledger, worker.dispatcher, providers, worker.outputs, worker.endpoints),
        models=Models(providers),
        webhooks=Webhooks(worker.endpoints, worker.deliveries, worker.sending),
        providers=Providers(worker.roster, providers),
        config=Config(worker.options, contract["info"]["version"]),
        wakes=Wakes(ledger),
        health=Health(worker.engine, worker.changes, worker.tracking, works=settings.worker, sandbox=providers.sandbox),
    )

    callers = Callers(settings.api_keys, worker.directory, open=not settings.api_keys)

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        async with worker.running(works=settings.worker):
            yield

    app = AsyncApp(
        "reelgate",
        lifespan=lifespan,
        resolver=Resolver(operations.__getitem__),
        security_map=credentials.security_map(callers),
        validator_map=bodies.validators(settings.max_body_bytes),
        uri_parser_class=Repeated,
        swagger_ui_options=SwaggerUIOptions(swagger_ui=False, serve_spec=False),
    )
    app.add_api(contract)
    for kind in (ReelgateError, ProblemException, HTTPException, Exception):
        app.add_error_handler(kind, envelope.respond)
    served: ASGIApp = Requests(app, settings.public_url, settings.trusted_proxies, Uploads(settings.uploads_bytes))
    if providers.sandbox:
        served = sandbox_mount.beside(served, settings.data_dir / "sandbox", settings.sandbox_job_seconds)
    return served
