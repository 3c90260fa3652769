"""The errors, and the answers that callers get for them."""

from __future__ import annotations

import inspect
import json
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

import orjson
import pytest
import requests
from connexion import AsyncApp
from connexion.exceptions import ProblemException
from connexion.options import SwaggerUIOptions
from connexion.resolver import Resolver
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.exceptions import HTTPException

from generated.routes import bind
from handlers import errors, logs
from handlers.access.callers import Callers
from handlers.access.directory import Directory
from handlers.dispatch.policy import RULES
from handlers.edge import bodies, credentials, envelope
from handlers.edge.requests import Requests
from handlers.media.uploads import Uploads
from tests.gateway import new_database
from tests.handlers.wire import process, serving

SECRET = "postgresql://reelgate:hunter2@10.0.0.9/jobs?sig=signed"

LINE = re.compile(r"^(?P<before>[│├└─ ]*)(?P<name>\w+)(?: +(?P<status>\d.*))?$")


def drawn() -> dict[str, tuple[str | None, str | None]]:
    """Name -> (the name it hangs from, the status beside it), read off the docstring."""
    tree: dict[str, tuple[str | None, str | None]] = {}
    above: list[str] = []
    assert errors.__doc__ is not None
    drawing = errors.__doc__[errors.__doc__.index("ReelgateError") :].partition("\n\n")[0]
    for line in drawing.splitlines():
        match = LINE.match(line.removeprefix("    "))
        assert match is not None, line
        depth = len(match["before"]) // 4
        tree[match["name"]] = (above[depth - 1] if depth else None, match["status"])
        above[depth:] = [match["name"]]
    return tree


def classes(parent: type[errors.ReelgateError] = errors.ReelgateError) -> Iterator[type[errors.ReelgateError]]:
    yield parent
    for child in parent.__subclasses__():
        yield from classes(child)


def test_the_drawing_of_the_tree_is_the_tree() -> None:
    bases = {kind.__name__: kind.__bases__[0].__name__ for kind in classes()}
    drawing = drawn()
    assert drawing.keys() == bases.keys()
    for name, (parent, status) in drawing.items():
        assert parent in (None, bases[name]), name
        leaf = getattr(errors, name)
        if status is not None:
            assert str(leaf.status) in status, name
        else:
            assert leaf.__subclasses__(), f"{name} has no status beside it"


def test_what_a_provider_may_refuse_with_is_drawn() -> None:
    written = drawn()["Refused"][1]
    assert written is not None
    assert {int(number) for number in re.findall(r"\d+", written)} == errors.Refused.STATUSES


def test_every_class_of_providers_errors_has_a_rule() -> None:
    kinds = {kind for kind in classes(errors.ProviderError) if kind is not errors.ProviderError}
    assert kinds == RULES.keys()


def test_facts_that_are_there_already_are_left_alone() -> None:
    error = errors.NotFound("x").about(provider="runway", video_id=None).about(provider="openai", video_id="v")
    assert error.facts == {"provider": "runway", "video_id": "v"}


@pytest.mark.parametrize(("seconds", "header"), [(0.2, "1"), (1.0, "1"), (7.6, "8")])
def test_the_wait_a_provider_asks_for_is_passed_on_in_whole_seconds(seconds: float, header: str) -> None:
    assert errors.RateLimited("x", retry_after=seconds).headers == {"Retry-After": header}


@pytest.mark.parametrize(("given", "status"), [(404, 404), (422, 422), (418, 400), (451, 400)])
def test_a_refusal_keeps_the_providers_status_where_the_contract_has_it(given: int, status: int) -> None:
    error = errors.Refused("x", upstream_status=given)
    assert (error.status, error.upstream_status) == (status, given)


def test_the_envelope_holds_every_fact() -> None:
    error = errors.InvalidRequest("Say it.", code="odd", param="prompt").about(provider="runway")
    assert json.loads(envelope.envelope(error, "e1")) == {
        "event_id": "e1",
        "type": "invalid_request_error",
        "is_bifrost_error": False,
        "status_code": 400,
        "error": {
            "type": "invalid_request_error",
            "code": "odd",
            "message": "Say it.",
            "param": "prompt",
            "event_id": "e1",
        },
        "extra_fields": {"provider": "runway"},
    }
    assert json.loads(envelope.problem(error, "e1")) == {
        "type": "urn:reelgate:error:odd",
        "title": "odd",
        "status": 400,
        "detail": "Say it.",
        "instance": "urn:reelgate:event:e1",
        "code": "odd",
        "param": "prompt",
    }


async def test_a_database_that_is_not_there_is_unavailable_and_a_wrong_statement_is_our_own_fault() -> None:
    request: Any = None  # looked at for errors of routing only
    for url, statement, expected in (
        ("postgresql+psycopg://nobody@127.0.0.1:1/x", "SELECT 1", errors.Unavailable),
        (new_database(), "SELECT nonsense", errors.Internal),
        (new_database(), "SELECT pg_terminate_backend(pg_backend_pid())", errors.Unavailable),
    ):
        engine = create_async_engine(make_url(url).set(drivername="postgresql+psycopg"))
        with pytest.raises(Exception) as raised:
            async with engine.connect() as connection:
                await connection.execute(text(statement))
        assert type(envelope.translate(request, raised.value)) is expected
        await engine.dispose()


# ---- a small application whose handlers fail ------------------------------------------------------------------------


class Failing:
    """Handlers of every tag, which raise."""

    def __getattr__(self, name: str) -> Any:
        async def fail(*_: object, **__: object) -> NoReturn:
            error = RuntimeError(f"cannot reach {SECRET}")
            raise error from ValueError(SECRET)

        return fail


def serve_failing() -> None:
    """Serve the failing handlers until killed, logging as the server does."""
    logs.configure("info", "json")
    handlers: Any = Failing()
    nobody = Directory(create_async_engine("postgresql+psycopg://127.0.0.1:9/none"))  # never asked
    operations = bind(**dict.fromkeys(inspect.signature(bind).parameters, handlers))
    app = AsyncApp(
        "failing",
        resolver=Resolver(operations.__getitem__),
        security_map=credentials.security_map(Callers({}, nobody, open=True)),
        validator_map=bodies.validators(1024),
        swagger_ui_options=SwaggerUIOptions(swagger_ui=False, serve_spec=False),
    )
    app.add_api(orjson.loads(files("generated").joinpath("openapi30.json").read_bytes()))
    for kind in (errors.ReelgateError, ProblemException, HTTPException, Exception):
        app.add_error_handler(kind, envelope.respond)
    with serving(Requests(app, None, (), Uploads(1024), None)) as url:
        print("failing on", url, flush=True)
        signal.pause()


@dataclass(frozen=True)
class Failed:
    """A server whose handlers fail, and where it logs to."""

    url: str
    log: Path

    def logged(self, event: str, request_id: str) -> dict[str, Any]:
        """The line of the log about this request; the last one is written when the caller has its answer already."""
        until = time.monotonic() + 5
        while time.monotonic() < until:
            lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.endswith("}")]
            for line in lines:
                if (line.get("event"), line.get("request_id")) == (event, request_id):
                    found: dict[str, Any] = line
                    return found
            time.sleep(0.02)
        raise AssertionError(f"no {event} of {request_id} in {self.log.read_text()}")


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Failed]:
    log = tmp_path_factory.mktemp("failing") / "log"
    code = "from tests.handlers.test_errors import serve_failing; serve_failing()"
    with process(code, "failing on", log) as (_, line):
        yield Failed(line.split()[-1], log)


@pytest.mark.parametrize("accept", ["application/json", "application/problem+json"])
@pytest.mark.parametrize("path", ["/v1/videos", "/v1/videos/x", "/v1/models", "/health", "/v1/videos/x/content"])
def test_an_internal_error_tells_no_secret_and_can_be_found_in_the_log(failing: Failed, path: str, accept: str) -> None:
    answer = requests.get(failing.url + path, headers={"Accept": accept}, timeout=5)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == accept
    event = answer.headers["x-request-id"]
    body = answer.json()
    if accept == "application/json":
        assert body["is_bifrost_error"] is True
        assert (body["error"]["code"], body["event_id"], body["error"]["event_id"]) == ("internal_error", event, event)
    else:
        assert (body["code"], body["instance"]) == ("internal_error", f"urn:reelgate:event:{event}")
    for leak in ("Traceback", "RuntimeError", "hunter2", "signed", "10.0.0.9", "handlers/"):
        assert leak not in answer.text
    assert "RuntimeError" in failing.logged("failed", event)["exception"]
    asked = failing.logged("request", event)
    assert (asked["path"], asked["status"]) == (path, 500)


def test_refusals_are_logged_without_a_traceback_and_without_the_key(failing: Failed) -> None:
    answer = requests.get(f"{failing.url}/nope", headers={"Authorization": "Bearer sk-very-secret"}, timeout=5)
    assert answer.status_code == 404
    line = failing.logged("request", answer.json()["event_id"])
    assert "exception" not in line
    assert "sk-very-secret" not in failing.log.read_text()
