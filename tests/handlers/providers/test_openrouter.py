"""The OpenRouter adapter: what it sends and how it reads what comes back."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from multidict import CIMultiDict
from pydantic import SecretStr

from generated.models import VideoGenerationRequest, VideoRemixRequest
from generated.upstreams.openrouter import Job
from handlers.errors import (
    ContentRefused,
    InvalidRequest,
    KeyRefused,
    OutcomeUnknown,
    Overloaded,
    ProviderError,
    ProviderFailed,
    RateLimited,
    Refused,
)
from handlers.media.images import Image
from handlers.providers import openrouter
from handlers.providers.adapter import Account, Filtered, Snapshot
from handlers.upstream import Reply, Upstream
from tests.handlers.wire import Received, Steps, origin, reply

DOCUMENT = Path(__file__).parents[3] / "upstreams/openrouter.yaml"
MODEL = "google/veo-3.1"
PNG = Image(b"\x89PNG\r\n\x1a\nxx", "image/png")
SPENT = "upstream_credentials_exhausted"


def request(**fields: Any) -> VideoGenerationRequest:
    return VideoGenerationRequest.model_validate({"model": f"openrouter/{MODEL}", "prompt": "a boat", **fields})


def first_frame(url: str) -> dict[str, Any]:
    return {"frame_images": [{"type": "image_url", "image_url": {"url": url}, "frame_type": "first_frame"}]}


@pytest.mark.parametrize(
    ("fields", "image", "sent"),
    [
        ({}, None, {}),
        ({"seconds": "8"}, None, {"duration": 8}),
        ({"seconds": 5}, None, {"duration": 5}),
        ({"size": "1280x720"}, None, {"size": "1280x720"}),
        ({"seed": 7}, None, {"seed": 7}),
        ({"audio": False}, None, {"generate_audio": False}),
        ({"input_reference": "https://x.test/i.png"}, None, first_frame("https://x.test/i.png")),
        ({"input_reference": "data:image/png;base64,AAAA"}, PNG, first_frame(PNG.encoded_url)),
        (
            {"video_uri": "https://x.test/v.mp4"},
            None,
            {"input_references": [{"type": "video_url", "video_url": {"url": "https://x.test/v.mp4"}}]},
        ),
        ({"fallbacks": ["runway/gen4.5"]}, None, {}),
    ],
)
def test_each_field_goes_under_their_name(fields: dict[str, Any], image: Image | None, sent: dict[str, Any]) -> None:
    body = openrouter.encode(MODEL, request(**fields), image).model_dump(mode="json")
    assert body == {"model": MODEL, "prompt": "a boat", **sent}


def test_a_negative_prompt_is_refused_with_the_way_to_send_one() -> None:
    with pytest.raises(InvalidRequest, match="provider") as raised:
        openrouter.encode(MODEL, request(negative_prompt="rain"), None)
    assert (raised.value.code, raised.value.param) == ("unsupported_parameter", "negative_prompt")


def test_every_status_word_of_the_document_is_known() -> None:
    status = yaml.safe_load(DOCUMENT.read_text())["components"]["schemas"]["Job"]["properties"]["status"]
    words = {*status["examples"], *re.findall(r"`(\w+)`", status["description"])}
    assert words == openrouter.STATUS.keys()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": "pending"}, {"status": "queued"}),
        ({"status": "in_progress", "error": None, "usage": None, "urls": None}, {"status": "in_progress"}),
        ({"status": "warming_up"}, {"status": "in_progress", "provider_status": "warming_up"}),
        (
            {"status": "completed", "usage": {"cost": 0.5, "is_byok": False}, "expires_at": 1795132800},
            {
                "status": "completed",
                "cost_usd": Decimal("0.5"),
                "expires_at": datetime(2026, 11, 20, 0, 0, tzinfo=UTC),
            },
        ),
        ({"status": "completed", "usage": {"cost": None}}, {"status": "completed"}),
        ({"status": "completed", "expires_at": 10**15}, {"status": "completed"}),
        ({"status": "failed", "error": "Broken."}, {"status": "failed", "error_message": "Broken."}),
        ({"status": "failed"}, {"status": "failed"}),
        ({"status": "cancelled"}, {"status": "failed", "error_code": "cancelled"}),
        ({"status": "expired"}, {"status": "failed", "error_code": "expired"}),
        (
            {"status": "failed", "error": "The output was flagged by moderation.", "usage": {"cost": 0.5}},
            {
                "status": "failed",
                "error_code": "content_filtered",
                "error_message": "The output was flagged by moderation.",
                "filtered": Filtered(1, ("The output was flagged by moderation.",)),
                "cost_usd": Decimal("0.5"),
            },
        ),
    ],
)
def test_each_field_of_their_job_is_read(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    job = Job.model_validate({"id": "gen-vid-1", "polling_url": "/api/v1/videos/gen-vid-1", **fields})
    assert openrouter.decode(job) == Snapshot(**{"native_id": "gen-vid-1", **expected})


@pytest.mark.parametrize(
    "why", ["Content policy violation", "Blocked by content filter", "SAFETY", "Sensitive content", "Moderation failed"]
)
def test_moderation_is_read_off_the_words(why: str) -> None:
    assert openrouter.decode(Job(id="j", status="failed", error=why)).error_code == "content_filtered"
    assert openrouter.decode(Job(id="j", status="in_progress", error=why)).filtered is None


@pytest.mark.parametrize(
    ("status", "error", "kind", "text", "code"),
    [
        (400, {"code": 400, "message": "duration: 7 is not supported"}, Refused, "duration", "provider_refused"),
        (401, {"code": 401, "message": "User not found."}, KeyRefused, "User not found.", SPENT),
        (402, {"code": 402, "message": "Insufficient credits"}, KeyRefused, "Insufficient credits", SPENT),
        (403, {"code": 403, "message": "Blocked by a guardrail.", "metadata": None}, KeyRefused, "guardrail", SPENT),
        (
            403,
            {"code": 403, "message": "No.", "metadata": {"error_type": "permission_denied"}},
            KeyRefused,
            "No.",
            SPENT,
        ),
        (
            403,
            {"code": 403, "message": "Flagged", "metadata": {"reasons": ["violence"], "flagged_input": "a…"}},
            ContentRefused,
            "Flagged: violence",
            "content_filtered",
        ),
        (
            403,
            {"code": 403, "message": "No.", "metadata": {"error_type": "content_policy_violation", "reasons": None}},
            ContentRefused,
            "No.",
            "content_filtered",
        ),
        (404, {"code": 404, "message": "Model not found"}, Refused, "Model not found", "provider_refused"),
        (413, {"code": 413, "message": "Too large"}, Refused, "Too large", "provider_refused"),
        (429, {"code": 429, "message": "Slow."}, RateLimited, "Slow.", "provider_rate_limited"),
        (500, {"code": 500, "message": "Oops."}, ProviderFailed, "Oops.", "provider_error"),
        (503, {"code": 503, "message": "No provider."}, Overloaded, "No provider.", "provider_overloaded"),
        (502, None, OutcomeUnknown, "502", "submission_unknown"),
        (524, None, OutcomeUnknown, "524", "submission_unknown"),
        (400, None, Refused, "400", "provider_refused"),
    ],
)
def test_each_refusal_of_a_create_means_what_its_fixture_says(
    status: int, error: dict[str, Any] | None, kind: type[ProviderError], text: str, code: str
) -> None:
    # Source of the bodies: upstreams/openrouter.yaml.
    body = b"<html>" if error is None else json.dumps({"error": error, "user_id": "user_1"}).encode()
    refused = openrouter.refused(Reply(status, CIMultiDict(), body), creates=True)
    assert type(refused) is kind and text in refused.message
    assert (refused.code, refused.upstream_status) == (code, status)


def provider(received: Received) -> Steps:
    match received.method, received.target:
        case "POST", _:
            return [reply(202, b'{"id": "gen-vid-9", "polling_url": "/api/v1/videos/gen-vid-9", "status": "pending"}')]
        case _, "/api/v1/generation?id=gen-1":
            return [reply(200, b'{"data": {"model": "google/veo-3.1"}}')]
        case _, "/api/v1/videos/nameless":
            return [reply(200, b'{"id": "nameless", "status": "completed"}')]
        case _, "/api/v1/videos/gone":
            return [reply(404, b'{"error": {"code": 404, "message": "Video job not found."}}')]
    body = {"id": "gen-vid-9", "status": "completed", "generation_id": "gen-1", "urls": ["https://cdn.test/v?s=1"]}
    return [reply(200, json.dumps(body).encode())]


async def test_each_operation_calls_its_path_with_the_key() -> None:
    adapter = openrouter.OpenRouter()
    with origin(provider) as there:
        async with Upstream() as http:
            account = Account("openrouter", "k", SecretStr("sk-or-1"), f"{there.url}/api/v1", http)
            extra = {"resolution": "720p", "duration": 99, "model_variant": "x"}
            created = await adapter.generate(account, MODEL, request(seconds=4, **extra), None)
            assert (created.native_id, created.status) == ("gen-vid-9", "queued")
            assert (await adapter.retrieve(account, "gen-vid-9")).status == "completed"
            snow = VideoRemixRequest.model_validate({"prompt": "snow", "duration": 8})
            await adapter.remix(account, "gen-vid-9", snow)
            with pytest.raises(ProviderFailed):
                await adapter.remix(account, "nameless", snow)
            with pytest.raises(Refused):
                await adapter.retrieve(account, "gone")
            source = await adapter.source(account, "gen-vid-9", "video")
    create, _, job, generation, remix = there.received[:5]
    assert (create.target, job.target) == ("/api/v1/videos", "/api/v1/videos/gen-vid-9")
    assert generation.target == "/api/v1/generation?id=gen-1"
    assert json.loads(create.body) == {
        "model": MODEL,
        "prompt": "a boat",
        "duration": 4,
        "resolution": "720p",
        "model_variant": "x",
    }
    assert json.loads(remix.body) == {
        "model": MODEL,
        "prompt": "snow",
        "previous_job_id": "gen-vid-9",
        "duration": 8,
    }
    assert {got.headers["authorization"] for got in there.received} == {"Bearer sk-or-1"}
    assert source.url == f"{there.url}/api/v1/videos/gen-vid-9/content?index=0"
    assert source.headers == {"Authorization": "Bearer sk-or-1"} and "sk-or-1" not in repr(source)


def test_it_cannot_delete() -> None:
    assert not openrouter.OpenRouter.supports("delete") and openrouter.OpenRouter.supports("remix")
