"""The whole wiring, on one screen. `build` makes the ASGI application; nothing is read or started before it runs.

A request passes: the sandbox if it is under its prefix, else Requests (id, log line) -> connexion (routing, credentials,
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
from .access.groups import CUSTOMER, TEAM, Groups
from .access.limits import Limits as StoredLimits
from .access.passwords import admin
from .access.pricing_overrides import PricingOverrides
from .access.sessions import Sessions
from .access.tokens import Tokens, rules
from .access.virtual_keys import VirtualKeys as StoredKeys
from .api.config import Config
from .api.health import Health
from .api.limits import Limits
from .api.logs import Logs
from .api.models import Models
from .api.pricing import Pricing
from .api.providers import Providers
from .api.session import Session
from .api.teams import Customers, Teams
from .api.videos import Videos
from .api.virtual_keys import VirtualKeys
from .api.wakes import Wakes
from .api.webhooks import Webhooks
from .edge import bodies, credentials, envelope
from .edge.parameters import Repeated
from .edge.requests import Requests
from .errors import ReelgateError
from .jobs.logbook import Logbook
from .media.uploads import Uploads
from .providers.emulation import emulation
from .settings import Settings, SettingsError
from .worker import Worker

log = structlog.get_logger()


def build(settings: Settings, worker: Worker) -> ASGIApp:
    """The gateway as an ASGI application, around a worker that nothing else runs."""
    ledger, providers = worker.ledger, worker.providers
    books = worker.books
    admits, taken = admin(settings), rules(settings)
    contract = orjson.loads(files("generated").joinpath("openapi30.json").read_bytes())
    operations = bind(
        videos=Videos(ledger, worker.dispatcher, providers, worker.outputs, worker.endpoints, worker.polls),
        models=Models(providers, worker.directory),
        webhooks=Webhooks(worker.endpoints, worker.deliveries, worker.sending),
        virtual_keys=VirtualKeys(StoredKeys(books)),
        teams=Teams(Groups(books, TEAM)),
        customers=Customers(Groups(books, CUSTOMER)),
        limits=Limits(StoredLimits(books), providers),
        pricing=Pricing(PricingOverrides(books)),
        session=Session(Sessions(books), admits),
        logs=Logs(Logbook(worker.engine, kept=settings.log_days), worker.journal),
        providers=Providers(worker.roster, providers),
        config=Config(worker.options, contract["info"]["version"]),
        wakes=Wakes(ledger),
        health=Health(
            *(worker.engine, worker.changes, worker.tracking, worker.roster),
            works=settings.worker,
            sandbox=providers.sandbox,
        ),
    )

    callers = Callers(
        settings.api_keys,
        worker.directory,
        tokens=Tokens(taken, worker.http) if taken is not None else None,
        admin=admits,
        open=settings.open,
    )

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        try:
            async with worker.running(works=settings.worker, serves=True):
                yield
        except SettingsError as error:
            worker.refused = error  # which the server only logs
            raise

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
    uploads = Uploads(settings.uploads_bytes)
    served: ASGIApp = Requests(app, settings.public_url, settings.trusted_proxies, uploads, worker.journal)
    if providers.sandbox:
        prefix, directory = emulation(settings).prefix, settings.data_dir / "sandbox"
        served = sandbox_mount.beside(served, prefix, directory, settings.sandbox_job_seconds)
    return served
