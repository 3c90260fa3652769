"""The Azure adapter: where it differs from OpenAI's."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from multidict import CIMultiDict
from pydantic import SecretStr

from generated.models import VideoGenerationRequest, VideoRemixRequest
from handlers.configuration import validated
from handlers.errors import (
    ContentRefused,
    KeyRefused,
    OutcomeUnknown,
    Overloaded,
    ProviderError,
    ProviderFailed,
    RateLimited,
    Refused,
)
from handlers.providers.adapter import Account, Listed
from handlers.providers.azure import Azure
from handlers.providers.registry import build
from handlers.upstream import Reply, Upstream
from tests.handlers.wire import Received, Steps, origin, reply

VIOLATION = {"innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {}}}


@pytest.mark.parametrize(
    ("status", "error", "kind", "code"),
    [
        (
            401,
            {"code": "401", "message": "Access denied due to invalid subscription key"},
            KeyRefused,
            "upstream_credentials_exhausted",
        ),
        (404, {"code": "DeploymentNotFound", "message": "No such deployment."}, Refused, "DeploymentNotFound"),
        (400, {"code": "invalid_value", "message": "No.", "param": "size"}, Refused, "invalid_value"),
        (400, {"code": "content_filter", "message": "No.", **VIOLATION}, ContentRefused, "content_filtered"),
        (400, {"code": "content_filter", "message": "No."}, ContentRefused, "content_filtered"),
        (400, {"code": "moderation_blocked", "message": "No."}, ContentRefused, "content_filtered"),
        (400, {"code": "400", "message": "No.", **VIOLATION}, ContentRefused, "content_filtered"),
        (400, {"code": "400", "message": "No.", "innererror": {"code": "Other"}}, Refused, "400"),
        (400, {"code": None, "message": "No.", "innererror": None}, Refused, "provider_refused"),
        (429, {"code": "429", "message": "Slow."}, RateLimited, "provider_rate_limited"),
        (429, {"code": "insufficient_quota", "message": "Broke."}, KeyRefused, "upstream_credentials_exhausted"),
        (500, {"code": "500", "message": "Oops."}, ProviderFailed, "provider_error"),
        (503, {"code": "503", "message": "Busy."}, Overloaded, "provider_overloaded"),
        (502, None, OutcomeUnknown, "submission_unknown"),
    ],
)
def test_each_refusal_of_a_create_means_what_its_fixture_says(
    status: int, error: dict[str, Any] | None, kind: type[ProviderError], code: str
) -> None:
    # Source of the bodies: upstreams/azure.yaml.
    body = b"<html>" if error is None else json.dumps({"error": error}).encode()
    refused = Azure().refused(Reply(status, CIMultiDict(), body), creates=True)
    assert (type(refused), refused.code, refused.upstream_status) == (kind, code, status)
    assert error is None or error["message"] in refused.message


def provider(received: Received) -> Steps:
    if received.target.endswith("/refused"):
        return [reply(400, json.dumps({"error": {"message": "No.", **VIOLATION}}).encode())]
    return [reply(200, b'{"id": "video_9", "status": "queued", "object": "video"}')]


async def test_each_operation_calls_its_path_with_the_key_and_the_deployment() -> None:
    azure = Azure()
    with origin(provider) as there:
        async with Upstream() as http:
            account = Account(
                "azure", "k", SecretStr("az-1"), f"{there.url}/openai/v1", http, deployments={"sora-2": "films"}
            )
            request = VideoGenerationRequest.model_validate({"model": "azure/sora-2", "prompt": "a boat"})
            await azure.generate(account, "sora-2", request, None)
            await azure.remix(account, "video_9", VideoRemixRequest.model_validate({"prompt": "snow", "style": "noir"}))
            source = await azure.source(account, "video_9", "thumbnail")
            with pytest.raises(ContentRefused):
                await azure.retrieve(account, "refused")
    create, remix, _ = there.received
    assert (create.target, remix.target) == ("/openai/v1/videos", "/openai/v1/videos/video_9/remix")
    for got in there.received:
        assert got.headers["api-key"] == "az-1" and "authorization" not in got.headers
    assert b'name="model"\r\n\r\nfilms\r\n' in create.body
    assert remix.headers["content-type"].startswith("multipart/form-data")
    assert b'name="prompt"\r\n\r\nsnow\r\n' in remix.body and b'name="style"\r\n\r\nnoir\r\n' in remix.body
    assert source.url == f"{there.url}/openai/v1/videos/video_9/content?variant=thumbnail"
    assert source.headers == {"api-key": "az-1"}


async def test_the_list_is_asked_for_with_the_key() -> None:
    made = datetime(2026, 11, 20, 12, tzinfo=UTC)
    told = {
        "id": "video_9",
        "status": "failed",
        "created_at": int(made.timestamp()),
        "model": "films",
        "prompt": "a boat",
    }
    bodies = [
        reply(200, json.dumps({"data": [told], "has_more": False}).encode()),
        reply(401, b'{"error": {"code": "401", "message": "Access denied"}}'),
    ]
    with origin(lambda _: [bodies.pop(0)]) as there:
        async with Upstream() as http:
            account = Account("azure", "k", SecretStr("az-1"), f"{there.url}/openai/v1", http)
            assert await Azure().listed(account, made) == [Listed("video_9", made, "a boat", "films")]
            with pytest.raises(KeyRefused):
                await Azure().listed(account, made)
    assert {got.target for got in there.received} == {"/openai/v1/videos?limit=100&order=desc"}
    assert {got.headers["api-key"] for got in there.received} == {"az-1"}


@pytest.mark.parametrize(
    "endpoint", ["https://x.test", "https://x.test/", "https://x.test/openai/v1", "https://x.test/openai/v1/"]
)
@pytest.mark.parametrize("where", ["azure_key_config", "network_config"])
def test_the_address_is_completed(endpoint: str, where: str) -> None:
    key: dict[str, Any] = {"name": "k", "value": "az-1"}
    provider: dict[str, Any] = {"keys": [key]}
    if where == "azure_key_config":
        key[where] = {"endpoint": endpoint}
    else:
        provider[where] = {"base_url": endpoint}
    built = build(validated({"providers": {"azure": provider}}, {}, "a test"), Upstream())
    (found,) = built.provider("azure").keys
    assert found.account.base_url == "https://x.test/openai/v1"


@pytest.mark.parametrize(
    ("environment", "there"),
    [
        ({"AZURE_OPENAI_API_KEY": "az-1"}, False),  # a key without a resource may be for other things than videos
        ({"AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com"}, False),
        ({"AZURE_OPENAI_API_KEY": "az-1", "AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com"}, True),
        ({"AZURE_API_KEY": "az-1", "AZURE_API_BASE": "https://x.openai.azure.com"}, True),
    ],
)
def test_it_takes_a_key_and_an_address_to_be_configured(environment: dict[str, str], there: bool) -> None:
    assert (Azure.in_environment(environment) is not None) == there
