"""connexion, the lowered document and `bind` together: what reaches a handler, and what comes back."""

import inspect
import json
from pathlib import Path

import pytest
from connexion import AsyncApp
from connexion.exceptions import BadRequestProblem
from connexion.resolver import Resolver
from connexion.security import NO_VALUE
from connexion.validators import AbstractRequestBodyValidator
from starlette.responses import Response
from starlette.testclient import TestClient

from generated import models
from generated.routes import ALLOW, OPERATIONS, Answer, bind

LOWERED = Path(__file__).parents[2] / "generated" / "openapi30.json"
JOB = models.VideoGenerationResponse(
    id="video_1", object="video", model="a/b", status="queued", created_at=1, extra_fields={}
)


class BodyValidator(AbstractRequestBodyValidator):
    """Puts the parsed body where bound functions look for it."""

    async def _parse(self, stream, scope):
        body = json.loads(b"".join([chunk async for chunk in stream]))
        if "prompt" not in body:
            raise BadRequestProblem("prompt is missing")
        scope["extensions"]["connexion_context"]["payload"] = body


class Key:
    """Any bearer is a caller of that name."""

    def get_fn(self, security_scheme, required_scopes):
        def verify(request):
            scheme, _, name = request.headers.get("authorization", "").partition(" ")
            return {"sub": name} if scheme == "Bearer" else NO_VALUE

        return verify


class Recorder:
    """Handlers of every tag: each call is kept as (name, arguments)."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        async def handler(*arguments):
            self.calls.append((name, arguments))
            return self.answers[name]

        return handler

    answers = {  # noqa: RUF012
        "video_generation": Answer(JOB, headers={"Retry-After": "5"}),
        "video_remix": Answer(JOB, 200),
        "video_list": Answer(models.VideoListResponse(object="list", data=[], has_more=False)),
        "video_download": Response(b"film", 206, media_type="video/mp4"),
        "health": Answer(models.Health(status="unavailable", version="1", sandbox=False, dependencies=[]), status=503),
    }


@pytest.fixture
def handlers():
    return Recorder()


@pytest.fixture
def http(handlers):
    functions = bind(**dict.fromkeys(inspect.signature(bind).parameters, handlers))
    app = AsyncApp(
        "test",
        security_map=dict.fromkeys(("bearer", "basic", "apiKey"), Key),
        validator_map={"body": {"application/json": BodyValidator}},
    )
    app.add_api(LOWERED, resolver=Resolver(functions.__getitem__))
    return TestClient(app, headers={"Authorization": "Bearer ann"})


def test_a_body_arrives_as_its_model_and_the_answer_leaves_as_json(http, handlers):
    response = http.post("/v1/videos", json={"model": "a/b", "prompt": "boat", "style": "noir"})
    ((name, (caller, body, *_)),) = handlers.calls
    assert (name, caller) == ("video_generation", "ann")
    assert isinstance(body, models.VideoGenerationRequest)
    assert (body.model, body.prompt, body.model_extra) == ("a/b", "boat", {"style": "noir"})
    assert (response.status_code, response.headers["retry-after"]) == (200, "5")
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        **{"id": "video_1", "object": "video", "model": "a/b", "status": "queued", "created_at": 1},
        "extra_fields": {},
    }


def test_path_parameter_and_body_arrive_together(http, handlers):
    http.post("/v1/videos/video_1:runway/remix", json={"prompt": "snow"})
    ((name, arguments),) = handlers.calls
    assert (name, arguments[:3]) == ("video_remix", ("ann", "video_1:runway", models.VideoRemixRequest(prompt="snow")))


def test_query_parameters_arrive_cast_and_with_their_defaults(http, handlers):
    http.get(
        "/v1/videos", params={"limit": "7", "provider": "runway", "metadata": ["a:1", "b:2"], "created_after": "9"}
    )
    arguments = ("ann", "runway", None, None, 9, None, ["a:1", "b:2"], None, None, 7, "desc")
    assert handlers.calls == [("video_list", arguments)]


def test_headers_arrive_and_bytes_pass_untouched(http, handlers):
    response = http.get("/v1/videos/video_1/content", headers={"Range": "bytes=0-3"})
    assert handlers.calls == [
        ("video_download", ("ann", "video_1", "video", False, "bytes=0-3", None, None, None, None, None))
    ]
    assert (response.status_code, response.content, response.headers["content-type"]) == (206, b"film", "video/mp4")


def test_an_operation_without_security_has_no_caller_and_may_answer_503(http, handlers):
    response = http.get("/health", headers={"Authorization": ""})
    assert handlers.calls == [("health", ("ready",))]
    assert (response.status_code, response.json()["status"]) == (503, "unavailable")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/videos?limit=0", 400),
        ("GET", "/v1/videos?order=up", 400),
        ("POST", "/v1/videos", 400),
        ("GET", "/v1/nothing", 404),
        ("PUT", "/v1/videos", 405),
    ],
)
def test_what_the_document_forbids_reaches_no_handler(http, handlers, method, path, status):
    assert http.request(method, path, json={"model": "a/b"}).status_code == status
    assert handlers.calls == []


def test_without_a_credential_no_handler_is_reached(http, handlers):
    assert http.get("/v1/videos", headers={"Authorization": ""}).status_code == 401
    assert handlers.calls == []


def test_the_tables_say_what_the_document_says():
    created = OPERATIONS["videoGeneration"]
    assert (created.method, created.path, created.tag, created.secured) == ("POST", "/v1/videos", "Videos", True)
    assert created.bodies == {
        "application/json": "VideoGenerationRequest",
        "multipart/form-data": "VideoGenerationForm",
    }
    assert ALLOW["/v1/videos/{video_id}"] == "DELETE, GET"
    assert {route.path for route in OPERATIONS.values()} == set(ALLOW)
