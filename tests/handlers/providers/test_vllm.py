"""The vLLM-Omni adapter: where it differs from OpenAI's."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from multidict import CIMultiDict
from pydantic import SecretStr

from generated.models import VideoGenerationRequest
from handlers.configuration import validated
from handlers.errors import (
    InvalidRequest,
    KeyRefused,
    OutcomeUnknown,
    Overloaded,
    ProviderError,
    ProviderFailed,
    Refused,
)
from handlers.media.images import Image
from handlers.providers import openai, vllm
from handlers.providers.adapter import Account, Listed, Snapshot
from handlers.providers.registry import build
from handlers.upstream import File, Reply, Upstream
from tests.handlers.wire import Received, Steps, origin, reply

DOCUMENT = yaml.safe_load((Path(__file__).parents[3] / "upstreams/vllm.yaml").read_text())["components"]["schemas"]
PNG = Image(b"\x89PNG\r\n\x1a\nxx", "image/png")
MODEL = "Wan-AI/Wan2.2-T2V-A14B-Diffusers"
JOB = {"id": "video_gen_1", "object": "video", "status": "queued", "progress": 0}


def request(**fields: Any) -> VideoGenerationRequest:
    return VideoGenerationRequest.model_validate({"model": f"vllm/{MODEL}", "prompt": "a boat", **fields})


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({}, {}),
        ({"seconds": 5, "size": "832x480", "seed": 7}, {"seconds": "5", "size": "832x480", "seed": "7"}),
        ({"negative_prompt": "rain"}, {"negative_prompt": "rain"}),
        ({"audio": True}, {"generate_sound": "true"}),
        ({"audio": False}, {"generate_sound": "false"}),
        ({"audio": True, "generate_sound": False}, {"generate_sound": "true"}),
        ({"video_uri": "https://x.test/v.mp4"}, {"video_reference": '{"video_url":"https://x.test/v.mp4"}'}),
        ({"lora": {"name": "x"}, "fps": 16}, {"lora": '{"name":"x"}', "fps": "16"}),
    ],
)
def test_each_field_goes_under_their_name(fields: dict[str, Any], sent: dict[str, str]) -> None:
    form = vllm.encode(MODEL, request(**fields), None)
    assert form == {"model": MODEL, "prompt": "a boat", **sent}
    assert form.keys() <= DOCUMENT["CreateVideoForm"]["properties"].keys()


def test_an_image_is_sent_as_a_file() -> None:
    form = vllm.encode(MODEL, request(input_reference="data:image/png;base64,AAAA"), PNG)
    assert form["input_reference"] == File("input_reference.png", PNG.content, "image/png")
    assert "image_reference" not in form


def test_a_path_of_the_server_is_not_the_callers_to_name() -> None:
    with pytest.raises(InvalidRequest) as raised:
        vllm.encode(MODEL, request(frame_interpolation_model_path="/models/x"), None)
    assert raised.value.param == "frame_interpolation_model_path"


def test_every_status_word_of_the_document_is_known() -> None:
    status = DOCUMENT["Video"]["properties"]["status"]
    assert {*status["examples"], *re.findall(r"`(\w+)`", status["description"])} <= openai.STATUS.keys()


def read(status: int, body: dict[str, Any], *, creates: bool = False) -> Snapshot:
    answered = Reply(status, CIMultiDict(), json.dumps(body).encode())
    return openai.decode(vllm.VLLM().answer(answered, creates=creates), answered)


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_a_failed_job_is_read_whatever_the_status_of_the_answer(status: int) -> None:
    error = {"code": status, "message": "Out of memory."}
    snapshot = read(status, JOB | {"status": "failed", "error": error})
    assert (snapshot.status, snapshot.error_code, snapshot.error_message) == ("failed", str(status), "Out of memory.")
    assert snapshot.filtered is None


@pytest.mark.parametrize(
    ("status", "body", "kind", "text", "param"),
    [
        (
            400,
            {"error": {"message": "Model mismatch: …", "type": "Bad Request", "param": None, "code": 400}},
            Refused,
            "Model mismatch",
            None,
        ),
        (400, {"error": {"message": "No.", "param": "size", "code": 400}}, Refused, "No.", "size"),
        (401, {"error": "Unauthorized"}, KeyRefused, "Unauthorized", None),
        (404, {"error": {"message": "Video not found", "code": 404}}, Refused, "not found", None),
        (409, {"error": {"message": "Cancellation in progress.", "code": 409}}, Refused, "Cancellation", None),
        (500, {"error": {"message": "Broken.", "code": 500}}, ProviderFailed, "Broken.", None),
        (503, {"error": {"message": "Not initialized.", "code": 503}}, Overloaded, "Not initialized.", None),
        (502, {"detail": "no"}, OutcomeUnknown, "502", None),
        (400, [], Refused, "400", None),
    ],
)
def test_each_refusal_of_a_create_means_what_its_fixture_says(
    status: int, body: Any, kind: type[ProviderError], text: str, param: str | None
) -> None:
    # Source of the bodies: upstreams/vllm.yaml.
    with pytest.raises(kind) as raised:
        read(status, body, creates=True)
    assert type(raised.value) is kind and text in raised.value.message
    assert (raised.value.param, raised.value.upstream_status) == (param, status)


def provider(received: Received) -> Steps:
    if received.method == "DELETE" and received.target.endswith("/running"):
        return [reply(409, b'{"error": {"message": "Cancellation in progress.", "code": 409}}')]
    if received.target.endswith("/failed"):
        return [reply(500, json.dumps(JOB | {"status": "failed", "error": {"code": 500, "message": "m"}}).encode())]
    return [reply(200, json.dumps(JOB).encode())]


@pytest.mark.parametrize(("secret", "sent"), [("", None), ("k-1", "Bearer k-1")])
async def test_each_operation_calls_its_path_and_an_empty_key_is_not_sent(secret: str, sent: str | None) -> None:
    adapter = vllm.VLLM()
    with origin(provider) as there:
        async with Upstream() as http:
            account = Account("vllm", "k", SecretStr(secret), f"{there.url}/v1", http)
            created = await adapter.generate(account, MODEL, request(), None)
            assert (await adapter.retrieve(account, "failed")).status == "failed"
            source = await adapter.source(account, created.native_id, "video")
            await adapter.delete(account, created.native_id)
            with pytest.raises(Refused):
                await adapter.delete(account, "running")
    assert there.received[0].headers["content-type"].startswith("multipart/form-data")
    assert {got.headers.get("authorization") for got in there.received} == {sent}
    assert source.url == f"{there.url}/v1/videos/video_gen_1/content"
    assert source.headers == ({} if sent is None else {"Authorization": sent})


MADE = datetime(2026, 11, 20, 12, tzinfo=UTC)
TOLD = JOB | {"created_at": int(MADE.timestamp()), "prompt": "a boat", "model": MODEL}


async def test_a_list_has_failed_jobs_too() -> None:
    failed = TOLD | {"status": "failed", "error": {"code": 500, "message": "m"}}
    body = json.dumps({"data": [failed], "has_more": False, "first_id": "x", "last_id": "x"}).encode()
    with origin(lambda _: [reply(200, body)]) as there:
        async with Upstream() as http:
            account = Account("vllm", "k", SecretStr(""), f"{there.url}/v1", http)
            assert await vllm.VLLM().listed(account, MADE) == [Listed("video_gen_1", MADE, "a boat", MODEL)]
    assert not any("authorization" in got.headers for got in there.received)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b'{"error": "Unauthorized"}', KeyRefused),
        (503, b'{"error": {"message": "Not ready.", "code": 503}}', Overloaded),
        (409, b'{"error": {"message": "api-server-count is above 1", "code": 409}}', Refused),
        (200, json.dumps(TOLD).encode(), ProviderFailed),
    ],
)
async def test_a_list_that_is_refused_or_is_none_raises(status: int, body: bytes, kind: type[ProviderError]) -> None:
    with origin(lambda _: [reply(status, body)]) as there:
        async with Upstream() as http:
            with pytest.raises(kind):
                await vllm.VLLM().listed(Account("vllm", "k", SecretStr(""), f"{there.url}/v1", http), MADE)


@pytest.mark.parametrize("there_still", [True, False])
async def test_the_end_of_a_list_counts_if_the_job_before_it_is_still_there(there_still: bool) -> None:
    failed = json.dumps(TOLD | {"status": "failed", "error": {"code": 500, "message": "m"}}).encode()

    def answer(received: Received) -> Steps:
        if "?" not in received.target:  # a failed job is answered with the status of its error
            return [reply(500, failed) if there_still else reply(404, b'{"error": {"message": "Video not found"}}')]
        more = "after" not in received.target
        return [reply(200, json.dumps({"data": [TOLD] if more else [], "has_more": more}).encode())]

    with origin(answer) as there:
        async with Upstream() as http:
            listing = vllm.VLLM().listed(Account("vllm", "k", SecretStr(""), f"{there.url}/v1", http), MADE)
            if there_still:
                assert len(await listing) == 1
            else:
                with pytest.raises(Refused):
                    await listing


@pytest.mark.parametrize("name", ["vllm", "sgl"])
@pytest.mark.parametrize("url", ["http://gpu:8000", "http://gpu:8000/", "http://gpu:8000/v1"])
def test_the_address_is_completed_and_needs_no_key(name: str, url: str) -> None:
    provider = {"keys": [{"name": "k", f"{name}_key_config": {"url": url}}]}
    built = build(validated({"providers": {name: provider}}, {}, "a test"), Upstream())
    (found,) = built.provider(name).keys
    assert found.account.base_url == "http://gpu:8000/v1"
    assert not built.provider(name).closed


def test_it_has_no_remix() -> None:
    assert not vllm.VLLM.supports("remix") and vllm.VLLM.supports("delete")


@pytest.mark.parametrize(
    ("environment", "there"),
    [
        ({"VLLM_API_KEY": "k"}, False),
        ({"HOSTED_VLLM_API_BASE": "http://x"}, True),
        ({"VLLM_API_BASE": "http://x"}, True),
    ],
)
def test_an_address_is_enough_to_be_configured(environment: dict[str, str], there: bool) -> None:
    assert (vllm.VLLM.in_environment(environment) is not None) == there
