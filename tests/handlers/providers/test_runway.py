"""The Runway adapter: what it sends and how it reads what comes back."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from multidict import CIMultiDict
from pydantic import SecretStr

from generated.models import VideoGenerationRequest
from generated.upstreams.runway import ImageToVideo, Task, TextToVideo, VideoToVideo
from handlers.errors import (
    KeyRefused,
    NotFound,
    OutcomeUnknown,
    Overloaded,
    ProviderError,
    ProviderFailed,
    RateLimited,
    Refused,
)
from handlers.media.images import Image
from handlers.providers import runway
from handlers.providers.adapter import Account, Filtered, Snapshot
from handlers.upstream import Reply, Upstream
from tests.handlers.wire import Received, Steps, origin, reply

DOCUMENT = Path(__file__).parents[3] / "upstreams/runway.yaml"
LEAST = {"model": "runway/gen4.5", "prompt": "a boat"}
PNG = Image(b"\x89PNG\r\n\x1a\nxx", "image/png")


def request(**fields: Any) -> VideoGenerationRequest:
    return VideoGenerationRequest.model_validate({**LEAST, **fields})


@pytest.mark.parametrize(
    ("model", "fields", "image", "endpoint", "sent"),
    [
        ("gen4.5", {}, None, "text_to_video", {}),
        ("gen4.5", {"seconds": "4"}, None, "text_to_video", {"duration": 4}),
        ("gen4.5", {"seconds": 10}, None, "text_to_video", {"duration": 10}),
        ("gen4.5", {"size": "1280x720"}, None, "text_to_video", {"ratio": "1280:720"}),
        ("gen4.5", {"seed": 7}, None, "text_to_video", {"seed": 7}),
        ("gen4.5", {"seed": 4294967295}, None, "text_to_video", {"seed": 4294967295}),
        ("veo3.1", {"audio": False}, None, "text_to_video", {"audio": False}),
        ("veo3.1", {"negative_prompt": "rain"}, None, "text_to_video", {"negativePrompt": "rain"}),
        (
            "gen4.5",
            {"input_reference": "https://x.test/i.png"},
            None,
            "image_to_video",
            {"promptImage": "https://x.test/i.png"},
        ),
        (
            "gen4.5",
            {"input_reference": "data:image/jpeg;base64,AAAA"},
            PNG,
            "image_to_video",
            {"promptImage": PNG.encoded_url},
        ),
        (
            "aleph2",
            {"video_uri": "https://x.test/v.mp4"},
            None,
            "video_to_video",
            {"videoUri": "https://x.test/v.mp4"},
        ),
        (
            "seedance2_pro",
            {"video_uri": "runway://abc"},
            None,
            "video_to_video",
            {"promptVideo": "runway://abc"},
        ),
        ("klingO3", {"video_uri": "runway://abc"}, None, "video_to_video", {"promptVideo": "runway://abc"}),
    ],
)
def test_each_field_is_sent_as_the_provider_calls_it(
    model: str, fields: dict[str, Any], image: Image | None, endpoint: str, sent: dict[str, Any]
) -> None:
    called, body = runway.encode(model, request(**fields), image)
    assert called == endpoint
    assert body.model_dump(mode="json", by_alias=True) == {"model": model, "promptText": "a boat", **sent}


def status_of_the_document() -> dict[str, Any]:
    schemas = yaml.safe_load(DOCUMENT.read_text())["components"]["schemas"]
    found: dict[str, Any] = schemas["Task"]["properties"]["status"]
    return found


def test_every_status_word_of_the_document_is_known() -> None:
    status = status_of_the_document()
    words = {*status["examples"], *re.findall(r"\b([A-Z]{5,})\b", status["description"])}
    assert words == runway.STATUS.keys()


@pytest.mark.parametrize(("word", "status"), sorted(runway.STATUS.items()))
def test_a_known_status_word_is_translated(word: str, status: str) -> None:
    snapshot = runway.decode(Task(id="t", status=word))
    assert (snapshot.status, snapshot.provider_status) == (status, None)


def test_an_unknown_status_word_is_kept() -> None:
    snapshot = runway.decode(Task(id="t", status="HIBERNATING"))
    assert (snapshot.status, snapshot.provider_status) == ("in_progress", "HIBERNATING")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": "PENDING"}, {"status": "queued"}),
        ({"status": "RUNNING", "progress": 0.25}, {"status": "in_progress", "progress": 25.0}),
        ({"status": "RUNNING", "progress": None}, {"status": "in_progress"}),
        ({"status": "RUNNING", "estimatedCost": {"credits": 50.5}}, {"status": "in_progress"}),
        (
            {"status": "SUCCEEDED", "output": ["https://x.test/v.mp4"], "cost": {"credits": 48}},
            {"status": "completed", "cost_usd": Decimal("0.48")},
        ),
        (
            {
                "status": "FAILED",
                "failure": "Bad.",
                "failureCode": "INTERNAL.BAD_OUTPUT.CODE01",
                "cost": {"credits": 0},
            },
            {
                "status": "failed",
                "error_code": "INTERNAL.BAD_OUTPUT.CODE01",
                "error_message": "Bad.",
                "cost_usd": Decimal(0),
            },
        ),
        (
            {"status": "FAILED", "failure": "No.", "failureCode": "SAFETY.INPUT.TEXT"},
            {
                "status": "failed",
                "error_code": "content_filtered",
                "error_message": "No.",
                "filtered": Filtered(1, ("SAFETY.INPUT.TEXT",)),
            },
        ),
        ({"status": "FAILED", "failure": None, "failureCode": None}, {"status": "failed"}),
        (
            {"status": "CANCELLED"},
            {
                "status": "failed",
                "error_code": "cancelled",
                "error_message": "The task was cancelled at the provider.",
            },
        ),
    ],
)
def test_each_field_of_their_task_is_read(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    task = Task.model_validate({"id": "t1", "createdAt": "2026-11-20T10:00:00.000Z", **fields})
    assert runway.decode(task) == Snapshot(**{"native_id": "t1", **expected})


REFUSED = [
    (
        400,
        {
            "error": "Validation of body failed",
            "issues": [{"code": "invalid_enum_value", "path": ["ratio"], "message": "Invalid ratio"}],
            "docUrl": "https://docs.dev.runwayml.com/",
        },
        Refused,
        "Validation of body failed: Invalid ratio",
        "size",
    ),
    (400, {"error": "No.", "issues": [{"path": ["promptText"]}]}, Refused, "No.", "prompt"),
    (400, {"error": "No.", "issues": [{"path": ["promptImage", 0, "uri"]}]}, Refused, "No.", "input_reference"),
    (400, {"error": "No.", "issues": [{"path": ["unheardOf"]}]}, Refused, "No.", "unheardOf"),
    (400, {"error": "No.", "issues": []}, Refused, "No.", None),
    (401, {"error": "The API key was not valid."}, KeyRefused, "The API key was not valid.", None),
    (404, {"error": "Could not find Task"}, Refused, "Could not find Task", None),
    (429, {"error": "You have reached your daily task limit."}, RateLimited, "daily task limit", None),
    (500, {"error": "An internal error occurred."}, ProviderFailed, "An internal error", None),
    (503, {"error": "Shedding load."}, Overloaded, "Shedding load", None),
    (502, None, OutcomeUnknown, "502", None),
    (504, None, OutcomeUnknown, "504", None),
    (400, None, Refused, "400", None),
]


@pytest.mark.parametrize(("status", "body", "kind", "text", "param"), REFUSED)
def test_each_refusal_of_a_create_means_what_its_fixture_says(
    status: int, body: dict[str, Any] | None, kind: type[ProviderError], text: str, param: str | None
) -> None:
    # Source of the bodies: upstreams/runway.yaml.
    content = b"<html>" if body is None else json.dumps(body).encode()
    refused = runway.refused(Reply(status, CIMultiDict(), content), creates=True)
    assert type(refused) is kind
    assert text in refused.message
    assert (refused.param, refused.upstream_status) == (param, status)


def test_every_field_that_an_error_may_name_is_one_the_adapter_sends() -> None:
    sent = {
        field.alias or name
        for model in (TextToVideo, ImageToVideo, VideoToVideo)
        for name, field in model.model_fields.items()
    }
    assert runway.PARAM.keys() <= sent
    assert set(runway.PARAM.values()) <= VideoGenerationRequest.model_fields.keys()


def provider(received: Received) -> Steps:
    match received.method, received.target:
        case "POST", _:
            return [reply(200, b'{"id": "t9"}')]
        case "DELETE", "/v1/tasks/gone":
            return [reply(404, b'{"error": "Could not find Task"}')]
        case "DELETE", _:
            return [reply(204)]
        case _, "/v1/tasks/empty":
            return [reply(200, b'{"id": "t", "status": "SUCCEEDED", "output": []}')]
    return [reply(200, b'{"id": "t9", "status": "SUCCEEDED", "output": ["https://cdn.test/v.mp4?_jwt=s"]}')]


async def test_each_operation_calls_its_path_with_the_key_and_the_version() -> None:
    adapter = runway.Runway()
    with origin(provider) as there:
        async with Upstream() as http:
            account = Account("runway", "default", SecretStr("key-1"), there.url, http)
            created = await adapter.generate(account, "gen4.5", request(resolution="768p", seconds=4), None)
            assert (created.native_id, created.status) == ("t9", "queued")
            assert (await adapter.retrieve(account, "t9")).status == "completed"
            await adapter.delete(account, "t9")
            await adapter.delete(account, "gone")
            source = await adapter.source(account, "t9", "video")
            with pytest.raises(NotFound):
                await adapter.source(account, "empty", "video")
    assert [(got.method, got.target) for got in there.received][:4] == [
        ("POST", "/v1/text_to_video"),
        ("GET", "/v1/tasks/t9"),
        ("DELETE", "/v1/tasks/t9"),
        ("DELETE", "/v1/tasks/gone"),
    ]
    assert {got.headers["authorization"] for got in there.received} == {"Bearer key-1"}
    assert {got.headers["x-runway-version"] for got in there.received} == {"2024-11-06"}
    body = json.loads(there.received[0].body)
    assert body == {"model": "gen4.5", "promptText": "a boat", "duration": 4, "resolution": "768p"}
    assert (source.url, source.headers) == ("https://cdn.test/v.mp4?_jwt=s", {})  # signed: no key goes along
    assert "_jwt" not in repr(source)


async def test_an_extra_field_cannot_replace_one_of_ours() -> None:
    with origin(provider) as there:
        async with Upstream() as http:
            account = Account("runway", "default", SecretStr("key-1"), there.url, http)
            asked = request(seconds=4, duration=10, promptText="something else")
            await runway.Runway().generate(account, "gen4.5", asked, None)
    body = json.loads(there.received[0].body)
    assert (body["duration"], body["promptText"]) == (4, "a boat")
