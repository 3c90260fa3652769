"""The xAI adapter: what it sends and how it reads what comes back."""

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

from generated.models import VideoGenerationRequest, VideoRemixRequest
from generated.upstreams.xai import EditVideo, GenerateVideo, VideoStatus
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
)
from handlers.media.images import Image
from handlers.providers import xai
from handlers.providers.adapter import Account, Filtered, Snapshot
from handlers.upstream import Reply, Upstream
from tests.handlers.wire import Received, Steps, origin, reply

DOCUMENT = yaml.safe_load((Path(__file__).parents[3] / "upstreams/xai.yaml").read_text())
LEAST = {"model": "xai/grok-imagine-video", "prompt": "a boat"}
PNG = Image(b"\x89PNG\r\n\x1a\nxx", "image/png")
VIDEO = "https://x.test/v.mp4"


def request(**fields: Any) -> VideoGenerationRequest:
    return VideoGenerationRequest.model_validate({**LEAST, **fields})


@pytest.mark.parametrize(
    ("fields", "image", "endpoint", "sent"),
    [
        ({}, None, "generations", {}),
        ({"seconds": "4"}, None, "generations", {"duration": 4}),
        ({"seconds": 15}, None, "generations", {"duration": 15}),
        ({"size": "1280x720"}, None, "generations", {"aspect_ratio": "16:9", "resolution": "720p"}),
        ({"size": "480x848"}, None, "generations", {"aspect_ratio": "9:16", "resolution": "480p"}),
        ({"size": "1080x1620"}, None, "generations", {"aspect_ratio": "2:3", "resolution": "1080p"}),
        ({"audio": False}, None, "generations", {"generate_audio": False}),
        (
            {"input_reference": "https://x.test/i.png"},
            None,
            "generations",
            {"image": {"url": "https://x.test/i.png"}},
        ),
        (
            {"input_reference": "data:image/png;base64,AAAA"},
            PNG,
            "generations",
            {"image": {"url": PNG.encoded_url}},
        ),
        ({"video_uri": VIDEO}, None, "edits", {"video": {"url": VIDEO}}),
    ],
)
def test_each_field_is_sent_as_the_provider_calls_it(
    fields: dict[str, Any], image: Image | None, endpoint: str, sent: dict[str, Any]
) -> None:
    called, body = xai.encode("grok-imagine-video", request(**fields), image)
    assert called == endpoint
    assert body.model_dump(mode="json") == {"model": "grok-imagine-video", "prompt": "a boat", **sent}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"seed": 7}, "seed"),
        ({"negative_prompt": "rain"}, "negative_prompt"),
        ({"size": "1000x1000"}, "size"),
        ({"seconds": 16}, "seconds"),
        ({"video_uri": VIDEO, "seconds": 4}, "seconds"),
        ({"video_uri": VIDEO, "size": "1280x720"}, "size"),
        ({"video_uri": VIDEO, "audio": True}, "audio"),
        ({"video_uri": VIDEO, "input_reference": "https://x.test/i.png"}, "input_reference"),
        ({"video_uri": VIDEO, "seed": 7}, "seed"),
    ],
)
def test_what_the_provider_has_no_field_for_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        xai.encode("grok-imagine-video", request(**fields), None)
    assert (raised.value.code, raised.value.param) == ("unsupported_parameter", param)


def test_a_size_is_its_aspect_ratio_and_its_short_edge() -> None:
    fields = DOCUMENT["components"]["schemas"]["GenerateVideo"]["properties"]
    assert len(xai.SIZES) == len(fields["aspect_ratio"]["enum"]) * len(fields["resolution"]["enum"])
    for size, (aspect_ratio, resolution) in xai.SIZES.items():
        width, height = map(int, size.split("x"))
        across, down = map(int, aspect_ratio.split(":"))
        assert width / height == pytest.approx(across / down, rel=0.01)
        assert f"{min(width, height)}p" == resolution


def test_every_status_word_of_the_document_is_known() -> None:
    status = DOCUMENT["components"]["schemas"]["VideoStatus"]["properties"]["status"]
    words = set(re.findall(r"\w+", status["description"].partition("[DOC]")[0])) - {"or"}
    assert words == {*status["examples"]} == xai.STATUS.keys()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": "pending"}, {"status": "queued"}),
        ({"status": "pending", "progress": 0}, {"status": "queued", "progress": 0.0}),
        ({"status": "pending", "progress": 40}, {"status": "in_progress", "progress": 40.0}),
        ({}, {"status": "queued"}),
        ({"status": None, "video": None, "usage": None, "error": None, "progress": None}, {"status": "queued"}),
        (
            {
                "status": "done",
                "progress": 100,
                "video": {"url": VIDEO, "duration": 5, "respect_moderation": True},
                "usage": {"cost_in_usd_ticks": 2_500_000_000},
            },
            {
                "status": "completed",
                "progress": 100.0,
                "seconds": "5",
                "cost_usd": Decimal("0.25"),
            },
        ),
        ({"video": {"url": VIDEO}}, {"status": "completed"}),
        ({"status": "done", "video": {"respect_moderation": True}}, {"status": "completed"}),  # stored elsewhere
        (
            {"status": "done", "video": {"url": VIDEO, "respect_moderation": False}, "usage": {"cost_in_usd_ticks": 0}},
            {
                "status": "failed",
                "filtered": True,
                "error_message": "withheld by content moderation",
                "cost_usd": Decimal(0),
            },
        ),
        (
            {"status": "done", "video": {"url": None, "duration": None, "respect_moderation": None}},
            {"status": "failed", "filtered": True, "error_message": "withheld by content moderation"},
        ),
        ({"status": "done"}, {"status": "failed", "filtered": True, "error_message": "withheld by content moderation"}),
        ({"status": "failed"}, {"status": "failed"}),
        ({"status": "failed", "error": "Broken."}, {"status": "failed", "error_message": "Broken."}),
        (
            {"status": "failed", "error": {"code": "internal_error", "message": "Broken."}},
            {"status": "failed", "error_code": "internal_error", "error_message": "Broken."},
        ),
        (
            {"status": "failed", "error": "Generated video rejected by content moderation."},
            {"status": "failed", "filtered": True, "error_message": "rejected by content moderation"},
        ),
        (
            {"status": "expired"},
            {"status": "failed", "error_code": "expired", "error_message": "The request expired at the provider."},
        ),
        ({"status": "dreaming"}, {"status": "in_progress", "provider_status": "dreaming"}),
    ],
)
def test_each_field_of_their_status_is_read(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    read = xai.decode("r1", VideoStatus.model_validate(fields))
    if expected.pop("filtered", False):
        text = expected.pop("error_message")
        assert read.error_message is not None and text in read.error_message
        expected |= {
            "error_code": "content_filtered",
            "error_message": read.error_message,
            "filtered": Filtered(1, (read.error_message,)),
        }
    assert read == Snapshot(**{"native_id": "r1", **expected})


WRONG_KEY = "Incorrect API key provided: xa***yz. You can obtain an API key from https://console.x.ai."
BROKE = "Your team abc has either used all available credits or reached its monthly spending limit."
GUIDELINES = "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"
INVALID = "Client specified an invalid argument"
EXHAUSTED = "Some resource has been exhausted"
REFUSED = [
    (400, {"code": "invalid-argument", "error": "duration is too long"}, Refused, "too long", "invalid-argument"),
    (400, {"error": {"message": "No.", "code": "bad", "type": "x", "param": None}}, Refused, "No.", "bad"),
    (400, {"code": INVALID, "error": WRONG_KEY}, KeyRefused, "Incorrect API key", "upstream_credentials_exhausted"),
    (401, {"code": "unauthenticated:no-credentials", "error": "No credentials"}, KeyRefused, "No credentials", None),
    (403, {"code": "permission-denied", "error": "No access."}, KeyRefused, "No access.", None),
    (403, {"code": "permission-denied", "error": GUIDELINES}, ContentRefused, "guidelines", "content_filtered"),
    (400, {"code": INVALID, "error": "Rejected by content moderation."}, ContentRefused, "moderation", None),
    (404, {"code": "not-found", "error": "The model does not exist"}, Refused, "does not exist", "not-found"),
    (422, {"code": INVALID, "error": "missing field `model`"}, Refused, "missing field", INVALID),
    (429, {"code": EXHAUSTED, "error": "Too many requests"}, RateLimited, "Too many requests", None),
    (429, {"code": EXHAUSTED, "error": BROKE}, KeyRefused, "spending limit", None),
    (500, {"code": "internal", "error": "Oops."}, ProviderFailed, "Oops.", None),
    (503, {"code": "unavailable", "error": "Busy."}, Overloaded, "Busy.", None),
    (502, None, OutcomeUnknown, "502", None),
    (400, None, Refused, "400", "provider_refused"),
]


@pytest.mark.parametrize(("status", "body", "kind", "text", "code"), REFUSED)
def test_each_refusal_of_a_create_means_what_its_fixture_says(
    status: int, body: dict[str, Any] | None, kind: type[ProviderError], text: str, code: str | None
) -> None:
    # Source of the bodies: upstreams/xai.yaml.
    content = b"<html>" if body is None else json.dumps(body).encode()
    refused = xai.refused(Reply(status, CIMultiDict(), content), creates=True)
    assert type(refused) is kind
    assert text in refused.message
    assert refused.upstream_status == status
    assert code is None or refused.code == code


def test_every_field_that_an_error_may_name_is_one_of_theirs_and_ours() -> None:
    sent = {name for model in (GenerateVideo, EditVideo) for name in model.model_fields}
    assert xai.PARAM.keys() <= sent
    assert set(xai.PARAM.values()) <= VideoGenerationRequest.model_fields.keys()


MODERATED = {
    "code": INVALID,
    "error": "Generated video rejected by content moderation.",
    "usage": {"cost_in_usd_ticks": 2_500_000_000},
}


def provider(received: Received) -> Steps:
    match received.method, received.target:
        case "POST", _:
            return [reply(200, b'{"request_id": "r9"}')]
        case _, "/v1/videos/waiting":
            return [reply(202)]
        case _, "/v1/videos/moderated":
            return [reply(400, json.dumps(MODERATED).encode())]
        case _, "/v1/videos/wrong":
            return [reply(400, b'{"code": "invalid-argument", "error": "Bad input."}')]
        case _, "/v1/videos/html":
            return [reply(400, b"<html>")]
        case _, "/v1/videos/key":
            return [reply(400, json.dumps({"error": WRONG_KEY}).encode())]
        case _, "/v1/videos/gone":
            return [reply(404, b'{"code": "not-found", "error": "no such request"}')]
        case _, "/v1/videos/empty":
            return [reply(200, b'{"status": "done", "video": {"respect_moderation": false}}')]
    return [reply(200, json.dumps({"status": "done", "video": {"url": "https://vidgen.test/v.mp4?s"}}).encode())]


async def test_each_operation_calls_its_path_with_the_key() -> None:
    adapter = xai.XAI()
    with origin(provider) as there:
        async with Upstream() as http:
            account = Account("xai", "default", SecretStr("xai-1"), f"{there.url}/v1", http)
            asked = request(seconds=4, user="u7", duration=9, prompt="a boat")
            created = await adapter.generate(account, "grok-imagine-video-1.5", asked, None)
            assert created == Snapshot("r9", "queued")
            assert (await adapter.retrieve(account, "r9")).status == "completed"
            remixed = await adapter.remix(account, "r9", VideoRemixRequest.model_validate({"prompt": "snow"}))
            assert remixed == Snapshot("r9", "queued", model="grok-imagine-video")
            source = await adapter.source(account, "r9", "video")
            with pytest.raises(NotFound):
                await adapter.source(account, "empty", "video")
            assert (await adapter.retrieve(account, "waiting")).status == "queued"
            with pytest.raises(KeyRefused):
                await adapter.retrieve(account, "key")
            with pytest.raises(Refused):
                await adapter.retrieve(account, "gone")
            moderated = await adapter.retrieve(account, "moderated")
            wrong = await adapter.retrieve(account, "wrong")
            unreadable = await adapter.retrieve(account, "html")
    bodies = [json.loads(got.body) for got in there.received if got.method == "POST"]
    assert [got.target for got in there.received if got.method == "POST"] == [
        "/v1/videos/generations",
        "/v1/videos/edits",
    ]
    assert bodies[0] == {"model": "grok-imagine-video-1.5", "prompt": "a boat", "duration": 4, "user": "u7"}
    assert bodies[1] == {
        "model": "grok-imagine-video",
        "prompt": "snow",
        "video": {"url": "https://vidgen.test/v.mp4?s"},
    }
    assert {got.headers["authorization"] for got in there.received} == {"Bearer xai-1"}
    assert (source.url, source.headers) == ("https://vidgen.test/v.mp4?s", {})  # another host: no key goes along
    words = "Generated video rejected by content moderation."
    assert moderated == Snapshot(
        "moderated",
        "failed",
        error_code="content_filtered",
        error_message=words,
        filtered=Filtered(1, (words,)),
        cost_usd=Decimal("0.25"),
    )
    assert wrong == Snapshot("wrong", "failed", error_code="invalid-argument", error_message="Bad input.")
    assert (unreadable.status, unreadable.error_code) == ("failed", "provider_refused")
    assert not adapter.supports("delete")
