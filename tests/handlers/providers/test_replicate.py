"""The Replicate adapter: how it runs a model, what it sends and how it reads what comes back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from multidict import CIMultiDict
from pydantic import SecretStr

from generated.models import VideoGenerationRequest, VideoRemixRequest
from generated.upstreams.replicate import Prediction
from handlers.errors import (
    ContentRefused,
    InvalidRequest,
    KeyRefused,
    NotFound,
    OutcomeUnknown,
    Overloaded,
    ProviderError,
    ProviderFailed,
    RateLimited,
    Refused,
    UnsupportedOperation,
)
from handlers.media.images import Image
from handlers.providers import replicate
from handlers.providers.adapter import Account, Filtered, Listed, Snapshot
from handlers.upstream import Reply, Upstream
from tests.handlers.wire import Origin, Received, Steps, origin, reply

DOCUMENT = Path(__file__).parents[3] / "upstreams/replicate.yaml"
LEAST = {"model": "replicate/acme/boats", "prompt": "a boat"}
PNG = Image(b"\x89PNG\r\n\x1a\nxx", "image/png")
VERSION, OTHER = "a" * 64, "b" * 64
URL = "https://replicate.test/v.mp4"


def request(**fields: Any) -> VideoGenerationRequest:
    return VideoGenerationRequest.model_validate({**LEAST, **fields})


def test_every_status_word_of_the_document_is_known() -> None:
    schemas = yaml.safe_load(DOCUMENT.read_text())["components"]["schemas"]
    status = schemas["Prediction"]["properties"]["status"]
    words = re.findall(r"(\w+)(?:, | or | \()", status["description"].partition("[DOC]")[0])
    assert {*status["examples"]} == replicate.STATUS.keys() <= {*words}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": "starting"}, {"status": "queued"}),
        ({"status": "starting", "output": None, "error": None, "metrics": None}, {"status": "queued"}),
        ({"status": "processing", "output": []}, {"status": "in_progress"}),
        ({"status": "hibernating"}, {"status": "in_progress", "provider_status": "hibernating"}),
        (
            {
                "status": "succeeded",
                "output": URL,
                "completed_at": "2026-11-20T10:00:00.500Z",
                "metrics": {"predict_time": 61.2, "video_output_duration_seconds": 5.0},
            },
            {
                "status": "completed",
                "completed_at": datetime(2026, 11, 20, 10, 0, 0, 500_000, tzinfo=UTC),
                "expires_at": datetime(2026, 11, 20, 11, 0, 0, 500_000, tzinfo=UTC),
                "seconds": "5",
            },
        ),
        ({"status": "succeeded", "output": [URL, URL]}, {"status": "completed"}),
        ({"status": "succeeded", "output": None, "data_removed": True}, {"status": "completed"}),
        (
            {"status": "failed", "error": "Prediction interrupted; please retry (code: PA)"},
            {
                "status": "failed",
                "error_code": "PA",
                "error_message": "Prediction interrupted; please retry (code: PA)",
            },
        ),
        (
            {"status": "failed", "error": "CUDA out of memory"},
            {"status": "failed", "error_message": "CUDA out of memory"},
        ),
        ({"status": "failed", "error": None}, {"status": "failed"}),
        (
            {"status": "failed", "error": "The input or output was flagged as sensitive. (E005)"},
            {"status": "failed", "filtered": "The input or output was flagged as sensitive. (E005)"},
        ),
        (
            {"status": "failed", "error": "The input or output was flagged as sensitive."},
            {"status": "failed", "filtered": "The input or output was flagged as sensitive."},
        ),
        (
            {"status": "canceled", "completed_at": "2026-11-20T10:00:00Z"},
            {
                "status": "failed",
                "error_code": "cancelled",
                "error_message": "The prediction was cancelled at the provider, or ran into its deadline.",
                "completed_at": datetime(2026, 11, 20, 10, tzinfo=UTC),
            },
        ),
        (
            {"status": "aborted"},
            {
                "status": "failed",
                "error_code": "deadline_exceeded",
                "error_message": "The prediction did not start before its deadline.",
            },
        ),
    ],
)
def test_each_field_of_their_prediction_is_read(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    if "filtered" in expected:
        text = expected["filtered"]
        expected |= {"error_code": "content_filtered", "error_message": text, "filtered": Filtered(1, (text,))}
    prediction = Prediction.model_validate({"id": "p1", "created_at": "2026-11-20T09:59:00.123456Z", **fields})
    assert replicate.decode(prediction) == Snapshot(**{"native_id": "p1", **expected})


@pytest.mark.parametrize(
    ("output", "url"),
    [
        (URL, URL),
        ([URL, "https://x.test/2.mp4"], URL),
        ({"thumbnail": "https://x.test/t.png", "video": URL}, URL),
        ({"files": [{"mp4": URL}]}, URL),
        ([None, "no url", URL], URL),
        ("no url", None),
        ([], None),
        ({}, None),
        (None, None),
        (7, None),
    ],
)
def test_the_file_is_found_in_an_output_of_any_shape(output: object, url: str | None) -> None:
    assert replicate.file_url(output) == url


SENSITIVE = "The input or output was flagged as sensitive. (E005)"
REFUSED = [
    (
        422,
        {"title": "Input validation failed", "detail": "- input.duration: must be <= 15\n", "status": 422},
        Refused,
        "must be <= 15",
        "seconds",
    ),
    (422, {"detail": "- input.aspect_ratio: must be one of 16:9"}, Refused, "16:9", "size"),
    (422, {"detail": "- input.start_image: no image"}, Refused, "no image", "input_reference"),
    (422, {"detail": "- input.cfg_scale: too large"}, Refused, "too large", "cfg_scale"),
    (422, {"detail": "- input: prompt is required\n"}, Refused, "prompt is required", None),
    (422, {"title": "Invalid version"}, Refused, "Invalid version", None),
    (400, {"detail": SENSITIVE}, ContentRefused, "sensitive", None),
    (401, {"title": "Unauthenticated", "detail": "No token", "status": 401}, KeyRefused, "No token", None),
    (402, {"title": "Insufficient credit", "detail": "Pay.", "status": 402}, KeyRefused, "Pay.", None),
    (404, {"detail": "The requested resource could not be found."}, Refused, "could not be found", None),
    (429, {"detail": "Request was throttled. Your rate limit resets in ~30s."}, RateLimited, "throttled", None),
    (500, {"title": "Internal server error"}, ProviderFailed, "Internal server error", None),
    (503, {"title": "Busy"}, Overloaded, "Busy", None),
    (502, None, OutcomeUnknown, "502", None),
    (504, None, OutcomeUnknown, "504", None),
    (400, None, Refused, "400", None),
    (400, {"detail": [{"loc": ["body"]}]}, Refused, "400", None),
]


@pytest.mark.parametrize(("status", "body", "kind", "text", "param"), REFUSED)
def test_each_refusal_of_a_create_means_what_its_fixture_says(
    status: int, body: dict[str, Any] | None, kind: type[ProviderError], text: str, param: str | None
) -> None:
    # Source of the bodies: upstreams/replicate.yaml.
    content = b"<html>" if body is None else json.dumps(body).encode()
    refused = replicate.refused(Reply(status, CIMultiDict(), content), creates=True)
    assert type(refused) is kind
    assert text in refused.message
    assert (refused.param, refused.upstream_status) == (param, status)


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [({}, {"retry_after": 10}, 10), ({"Retry-After": "7"}, {}, 7), ({"Retry-After": "7"}, {"retry_after": 9.6}, 10)],
)
def test_the_wait_is_read_from_the_body_too(headers: dict[str, str], body: dict[str, Any], seconds: float) -> None:
    content = json.dumps({"detail": "Slow."} | body).encode()
    assert replicate.refused(Reply(429, CIMultiDict(headers), content)).retry_after == seconds


def schema(**inputs: dict[str, Any]) -> dict[str, Any]:
    return {"components": {"schemas": {"Input": {"properties": {"prompt": {"type": "string"}, **inputs}}}}}


def version(number: str, **inputs: dict[str, Any]) -> dict[str, Any]:
    return {"id": number, "openapi_schema": schema(**inputs)}


STRING, WHOLE = {"type": "string"}, {"type": "integer"}
MODELS: dict[str, Any] = {
    "/models/acme/boats": {
        "owner": "acme",
        "name": "boats",
        "is_official": True,
        "latest_version": version(VERSION, start_image=STRING, duration=WHOLE, video=STRING),
    },
    "/models/folk/boats": {
        "owner": "folk",
        "name": "boats",
        "is_official": False,
        "latest_version": version(OTHER, image=STRING),
    },
    "/models/new/boats": {"owner": "new", "name": "boats", "latest_version": None},
    f"/models/acme/boats/versions/{VERSION}": version(VERSION, seed=WHOLE),
    "/deployments/acme/prod": {"current_release": {"model": "acme/boats", "version": VERSION}},
    "/deployments/acme/idle": {"current_release": None},
}
PREDICTION = {"id": "p9", "status": "starting", "model": "acme/boats", "version": "hidden"}
DONE = {"status": "succeeded", "output": URL}
PREDICTIONS: dict[str, Any] = {
    "p9": PREDICTION | DONE,
    "versioned": PREDICTION | DONE | {"version": VERSION},
    "deployed": PREDICTION | DONE | {"deployment": "acme/prod"},
    "emptied": PREDICTION | {"status": "succeeded", "output": None},
}


def provider(received: Received) -> Steps:
    path = received.target.removeprefix("/v1")
    if received.method == "POST" and path == "/files":
        return [reply(201, b'{"id": "f1", "urls": {"get": "https://api.test/v1/files/f1"}}')]
    if received.method == "POST" and path == "/predictions/gone/cancel":
        return [reply(404, b'{"detail": "not found"}')]
    if received.method == "POST" and path == "/predictions/ended/cancel":
        return [reply(409, b'{"detail": "It has ended."}')]
    if received.method == "POST" and path == "/predictions/stubborn/cancel":
        return [reply(500, b'{"detail": "no"}')]
    if received.method == "POST" and b"refused" in received.body:
        return [reply(422, b'{"detail": "- input.prompt: refused"}')]
    if received.method == "POST":
        return [reply(201, json.dumps(PREDICTION).encode())]
    if path == "/models/busy/boats":
        return [reply(429, b'{"detail": "Slow.", "retry_after": 4}')]
    found = MODELS.get(path) or PREDICTIONS.get(path.removeprefix("/predictions/"))
    return [reply(200, json.dumps(found).encode()) if found else reply(404, b'{"detail": "not found"}')]


def posted(there: Origin) -> list[tuple[str, Any]]:
    return [
        (got.target.removeprefix("/v1"), json.loads(got.body) if got.body.startswith(b"{") else None)
        for got in there.received
        if got.method == "POST"
    ]


def account(there: Origin, http: Upstream, **more: Any) -> Account:
    return Account("replicate", "default", SecretStr("r8_1"), f"{there.url}/v1", http, **more)


@pytest.mark.parametrize(
    ("model", "asked", "path", "body"),
    [
        ("acme/boats", {"seconds": 5}, "/models/acme/boats/predictions", {"input": {"duration": 5}}),
        ("folk/boats", {}, "/predictions", {"version": OTHER, "input": {}}),
        ("new/boats", {"seed": 7}, "/models/new/boats/predictions", {"input": {"seed": 7}}),
        (f"acme/boats:{VERSION}", {"seed": 7}, "/predictions", {"version": VERSION, "input": {"seed": 7}}),
        (VERSION, {"seconds": 5}, "/predictions", {"version": VERSION, "input": {"duration": 5}}),
        ("deployments/acme/prod", {"seed": 7}, "/deployments/acme/prod/predictions", {"input": {"seed": 7}}),
        ("boats", {"seed": 7}, "/deployments/acme/prod/predictions", {"input": {"seed": 7}}),
    ],
)
async def test_a_model_is_run_by_the_form_of_its_name(
    model: str, asked: dict[str, Any], path: str, body: dict[str, Any]
) -> None:
    with origin(provider) as there:
        async with Upstream() as http:
            who = account(there, http, deployments={"boats": "acme/prod"})
            created = await replicate.Replicate().generate(who, model, request(**asked), None)
    assert created == Snapshot("p9", "queued")
    body["input"]["prompt"] = "a boat"
    assert posted(there) == [(path, body)]
    assert {got.headers["authorization"] for got in there.received} == {"Bearer r8_1"}


@pytest.mark.parametrize(
    "model",
    [
        *("nobody/boats", f"acme/boats:{OTHER}", "deployments/acme/none", "deployments/acme/idle"),
        *("boats", "a/b/c", "../acme/boats", "acme/boats?x=1", "acme/..", f"acme/boats:{'a' * 63}", "a" * 63),
    ],
)
async def test_a_name_that_leads_nowhere_is_said_to(model: str) -> None:
    with origin(provider) as there:
        async with Upstream() as http:
            with pytest.raises(NotFound) as raised:
                await replicate.Replicate().generate(account(there, http), model, request(), None)
    assert (raised.value.code, raised.value.param) == ("model_not_found", "model")
    assert posted(there) == []


async def test_a_question_before_the_create_fails_as_itself() -> None:
    with origin(provider) as there:
        async with Upstream() as http:
            with pytest.raises(RateLimited) as raised:
                await replicate.Replicate().generate(account(there, http), "busy/boats", request(), None)
    assert raised.value.retry_after == 4
    assert posted(there) == []


async def test_what_a_model_takes_is_asked_once_and_again_after_a_refusal() -> None:
    adapter = replicate.Replicate()

    def asked() -> int:
        return sum(got.method == "GET" for got in there.received)

    with origin(provider) as there:
        async with Upstream() as http:
            who = account(there, http)
            for _ in range(3):
                await adapter.generate(who, "acme/boats", request(), None)
            assert asked() == 1
            with pytest.raises(InvalidRequest):  # refused here
                await adapter.generate(who, "acme/boats", request(seed=7), None)
            await adapter.generate(who, "acme/boats", request(), None)
            assert asked() == 2
            with pytest.raises(Refused):  # refused there
                await adapter.generate(who, "acme/boats", request(prompt="refused"), None)
            await adapter.generate(who, "acme/boats", request(), None)
            assert asked() == 3


async def test_only_the_models_met_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicate, "REMEMBERED", 2)
    adapter = replicate.Replicate()
    with origin(provider) as there:
        async with Upstream() as http:
            for model in ("acme/boats", "folk/boats", "new/boats", "folk/boats", "new/boats", "acme/boats"):
                await adapter.generate(account(there, http), model, request(), None)
    assert [got.target for got in there.received if got.method == "GET"] == [
        *("/v1/models/acme/boats", "/v1/models/folk/boats", "/v1/models/new/boats", "/v1/models/acme/boats")
    ]


@pytest.mark.parametrize(
    ("size", "model", "sent"),
    [
        (100, "acme/boats", "inline"),
        (replicate.INLINE, "acme/boats", "inline"),
        (replicate.INLINE + 1, "acme/boats", "uploaded"),
        (replicate.INLINE + 1, f"acme/boats:{VERSION}", "refused"),
    ],
)
async def test_a_large_image_is_uploaded_where_the_model_takes_one(size: int, model: str, sent: str) -> None:
    image = Image(PNG.content.ljust(size, b"x"), "image/png")
    asked = request(input_reference="data:image/png;base64,AAAA")
    with origin(provider) as there:
        async with Upstream() as http:
            generating = replicate.Replicate().generate(account(there, http), model, asked, image)
            if sent == "refused":
                with pytest.raises(InvalidRequest):
                    await generating
            else:
                await generating
    paths = [path for path, _ in posted(there)]
    create = "/models/acme/boats/predictions"
    assert paths == {"inline": [create], "uploaded": ["/files", create], "refused": []}[sent]
    if sent != "refused":
        given = posted(there)[-1][1]["input"]["start_image"]
        assert given == (image.data_url if sent == "inline" else "https://api.test/v1/files/f1")


async def test_webhooks_stand_beside_the_input() -> None:
    with origin(provider) as there:
        async with Upstream() as http:
            who = account(there, http)
            asked = request(webhook="https://x.test/hook", webhook_events_filter=["completed"])
            await replicate.Replicate().generate(who, "acme/boats", asked, None)
            with pytest.raises(InvalidRequest) as raised:
                await replicate.Replicate().generate(who, "acme/boats", request(webhook=7), None)
    ((_, body),) = posted(there)
    assert body == {
        "input": {"prompt": "a boat"},
        "webhook": "https://x.test/hook",
        "webhook_events_filter": ["completed"],
    }
    assert raised.value.param == "webhook"


@pytest.mark.parametrize(
    ("native_id", "path"),
    [
        ("p9", "/models/acme/boats/predictions"),
        ("versioned", UnsupportedOperation),
        ("deployed", UnsupportedOperation),
        ("emptied", NotFound),
    ],
)
async def test_a_remix_runs_the_same_model_on_the_finished_video(native_id: str, path: Any) -> None:
    change = VideoRemixRequest.model_validate({"prompt": "in the snow"})
    with origin(provider) as there:
        async with Upstream() as http:
            remixing = replicate.Replicate().remix(account(there, http), native_id, change)
            if isinstance(path, str):
                assert await remixing == Snapshot("p9", "queued")
                assert posted(there) == [(path, {"input": {"prompt": "in the snow", "video": URL}})]
            else:
                with pytest.raises(path):
                    await remixing
                assert posted(there) == []


async def test_the_other_operations_call_their_paths() -> None:
    adapter = replicate.Replicate()
    with origin(provider) as there:
        async with Upstream() as http:
            who = account(there, http)
            assert (await adapter.retrieve(who, "p9")).status == "completed"
            await adapter.delete(who, "p9")
            for native_id in ("gone", "ended"):
                await adapter.delete(who, native_id)
            with pytest.raises(ProviderFailed):
                await adapter.delete(who, "stubborn")
            source = await adapter.source(who, "p9", "video")
            with pytest.raises(NotFound):
                await adapter.source(who, "emptied", "video")
    assert [(got.method, got.target) for got in there.received][:3] == [
        ("GET", "/v1/predictions/p9"),
        ("POST", "/v1/predictions/p9/cancel"),
        ("POST", "/v1/predictions/gone/cancel"),
    ]
    assert (source.url, source.headers) == (URL, {})  # another host: no key goes along


NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def told(number: float, **fields: Any) -> dict[str, Any]:
    """A prediction that was made so many seconds before noon."""
    created_at = (NOON - timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
    made = {"created_at": created_at, "input": {"prompt": f"boat {number}"}}
    return PREDICTION | {"id": f"p{number}"} | made | fields


def paging(count: int, base: str) -> Callable[[Received], Steps]:
    """A provider with so many predictions, whose pages lead to a base URL of its choice by a cursor that needs quoting."""

    def answer(received: Received) -> Steps:
        start = int(received.target.partition("?cursor=n%2B")[2] or 0)
        end = start + 100
        following = f"{base}/predictions?cursor=n%2B{end}&created_after=x#top" if end < count else None
        results = [told(number) for number in range(start, min(end, count))]
        return [reply(200, json.dumps({"next": following, "previous": None, "results": results}).encode())]

    return answer


async def listed(answer: Callable[[Received], Steps], since: datetime) -> tuple[list[Listed], list[Received]]:
    """What the adapter finds in a list, and what it asked for that."""
    with origin(answer) as there:
        async with Upstream() as http:
            return await replicate.Replicate().listed(account(there, http), since), there.received


@pytest.mark.parametrize("base", ["https://api.replicate.com/v1", "https://thief.test", "", "http://["])
async def test_a_list_is_read_until_a_prediction_that_is_older_and_never_at_another_address(base: str) -> None:
    found, received = await listed(paging(250, base), NOON - timedelta(seconds=149))
    assert [each.native_id for each in found] == [f"p{number}" for number in range(150)]
    assert found[7] == Listed("p7", NOON - timedelta(seconds=7), "boat 7", "acme/boats")
    assert [got.target for got in received] == ["/v1/predictions", "/v1/predictions?cursor=n%2B100"]
    assert {(got.method, got.headers["authorization"]) for got in received} == {("GET", "Bearer r8_1")}


@pytest.mark.parametrize(("count", "asked"), [(0, 1), (1, 1), (100, 1), (201, 3)])
async def test_a_list_is_read_to_its_end(count: int, asked: int) -> None:
    found, received = await listed(paging(count, "https://x.test"), NOON - timedelta(days=1))
    assert (len(found), len(received)) == (count, asked)


async def test_a_list_without_end_is_given_up() -> None:
    received: list[Received] = []

    def answer(got: Received) -> Steps:
        received.append(got)
        return [reply(200, json.dumps({"next": "https://x.test/?cursor=c", "results": [told(0)]}).encode())]

    with pytest.raises(ProviderFailed, match="20 pages"):
        await listed(answer, NOON - timedelta(days=1))
    assert len(received) == replicate.PAGES


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"input": {}, "data_removed": True, "status": "succeeded"}, Listed("p0", NOON, None, "acme/boats")),
        ({"input": None}, Listed("p0", NOON, None, "acme/boats")),
        ({"input": {"prompt": ["a", "b"]}}, Listed("p0", NOON, None, "acme/boats")),
        ({"status": "canceled", "version": VERSION}, Listed("p0", NOON, "boat 0", "acme/boats")),
        (
            {"created_at": "2026-11-20T12:00:00.123456Z"},
            Listed("p0", NOON.replace(microsecond=123456), "boat 0", "acme/boats"),
        ),
    ],
)
def test_a_prediction_in_a_list_is_read(fields: dict[str, Any], expected: Listed) -> None:
    assert replicate.entry(Prediction.model_validate(told(0, **fields))) == expected


def test_a_prediction_that_names_no_model_is_of_none() -> None:
    bare = Prediction.model_validate({"id": "p1", "status": "starting", "created_at": "2026-11-20T12:00:00Z"})
    assert replicate.entry(bare) == Listed("p1", NOON)


async def test_a_prediction_of_the_millisecond_in_which_to_begin_is_listed() -> None:
    body = {"next": None, "results": [told(0, id="in"), told(0.001, id="out")]}
    found, _ = await listed(lambda _: [reply(200, json.dumps(body).encode())], NOON + timedelta(microseconds=900))
    assert [each.native_id for each in found] == ["in"]


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"[]",
            b"{}",
            b"<html>",
            b'{"results": []}',
            b'{"next": null}',
            b'{"next": null, "results": [{"id": "p"}]}',
        ),
        b'{"next": null, "results": [{"id": "p", "status": "starting"}]}',
        b'{"next": "", "results": []}',
        b'{"next": "https://x.test/predictions?page=2", "results": []}',
    ],
)
async def test_a_list_that_cannot_be_read_is_no_list(body: bytes) -> None:
    with pytest.raises(ProviderFailed):
        await listed(lambda _: [reply(200, body)], NOON)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, KeyRefused), (404, Refused), (429, RateLimited), (500, ProviderFailed), (502, ProviderFailed)],
)
@pytest.mark.parametrize("at", ["predictions", "cursor"])
async def test_a_refusal_of_any_page_refuses_the_list(at: str, status: int, kind: type[ProviderError]) -> None:
    whole = paging(150, "https://x.test")
    with pytest.raises(kind):
        await listed(
            lambda got: [reply(status, b'{"detail": "no"}')] if at in got.target else whole(got),
            NOON - timedelta(days=1),
        )
