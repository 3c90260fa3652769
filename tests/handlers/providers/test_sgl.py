"""The SGLang adapter: where it differs from OpenAI's."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from multidict import CIMultiDict
from pydantic import SecretStr

from generated.models import VideoGenerationRequest
from handlers.errors import InvalidRequest, OutcomeUnknown, ProviderError, ProviderFailed, Refused
from handlers.media.images import Image
from handlers.providers import openai, sgl
from handlers.providers.adapter import Account, Listed
from handlers.upstream import File, Reply, Upstream
from tests.handlers.wire import Received, Steps, origin, reply

DOCUMENT = yaml.safe_load((Path(__file__).parents[3] / "upstreams/sgl.yaml").read_text())["components"]["schemas"]
PNG = Image(b"\x89PNG\r\n\x1a\nxx", "image/png")
MODEL = "Wan-AI/Wan2.2-T2V-A14B-Diffusers"
JOB = {"id": "0d5c", "object": "video", "status": "completed", "file_path": "/sgl/outputs/0d5c.mp4"}


def request(**fields: Any) -> VideoGenerationRequest:
    return VideoGenerationRequest.model_validate({"model": f"sgl/{MODEL}", "prompt": "a boat", **fields})


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({}, {}),
        ({"seconds": 5, "size": "832x480", "seed": 7}, {"seconds": "5", "size": "832x480", "seed": "7"}),
        ({"negative_prompt": "rain"}, {"negative_prompt": "rain"}),
        ({"video_uri": "https://x.test/v.mp4"}, {"video_url": "https://x.test/v.mp4"}),
        ({"fps": 16, "enable_teacache": True}, {"fps": "16", "enable_teacache": "true"}),
    ],
)
def test_each_field_goes_under_their_name(fields: dict[str, Any], sent: dict[str, str]) -> None:
    form = sgl.encode(MODEL, request(**fields), None)
    assert form == {"model": MODEL, "prompt": "a boat", **sent}
    assert form.keys() <= DOCUMENT["CreateVideoForm"]["properties"].keys()


def test_an_image_is_sent_as_a_file() -> None:
    form = sgl.encode(MODEL, request(input_reference="data:image/png;base64,AAAA"), PNG)
    assert form["input_reference"] == File("input_reference.png", PNG.content, "image/png")
    assert "reference_url" not in form


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("output_path", "/etc"),
        ("video_path", "/etc/passwd"),
        ("perf_dump_path", "/tmp/x"),
        ("upscaling_model_path", "x/y"),
        ("extra_body", {"output_path": "/etc"}),
        ("extra_params", {"output_path": "/etc"}),
        ("audio", True),
        ("audio", False),
    ],
)
def test_what_reaches_files_of_the_server_and_what_it_cannot_do_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(InvalidRequest) as raised:
        sgl.encode(MODEL, request(**{field: value}), None)
    assert (raised.value.code, raised.value.param) == ("unsupported_parameter", field)


def test_every_status_word_of_a_retrieve_is_known() -> None:
    status = DOCUMENT["Video"]["properties"]["status"]
    words = {*status["examples"], *re.findall(r"`(\w+)`", status["description"])} - {"deleted"}
    assert words <= openai.STATUS.keys()


def test_the_error_of_a_failed_job_has_no_code() -> None:
    body = JOB | {"status": "failed", "error": {"message": "Broken."}, "progress": 40}
    answered = Reply(200, CIMultiDict(), json.dumps(body).encode())
    snapshot = openai.decode(sgl.SGLang().answer(answered), answered)
    assert (snapshot.status, snapshot.error_code, snapshot.error_message) == ("failed", None, "Broken.")


@pytest.mark.parametrize(
    ("status", "body", "kind", "text", "param"),
    [
        (400, {"detail": "prompt is required"}, Refused, "prompt is required", None),
        (404, {"detail": "Video not found"}, Refused, "not found", None),
        (
            422,
            {"detail": [{"type": "int_parsing", "loc": ["body", "seconds"], "msg": "Input should be an integer"}]},
            Refused,
            "Input should be an integer",
            "seconds",
        ),
        (422, {"detail": [{"loc": ["body", "reference_url"], "msg": "No."}]}, Refused, "No.", "input_reference"),
        (422, {"detail": [{"loc": [], "msg": "No."}]}, Refused, "No.", None),
        (422, {"detail": []}, Refused, "422", None),
        (500, None, ProviderFailed, "500", None),
        (502, None, OutcomeUnknown, "502", None),
    ],
)
def test_each_refusal_of_a_create_means_what_its_fixture_says(
    status: int, body: Any, kind: type[ProviderError], text: str, param: str | None
) -> None:
    # Source of the bodies: upstreams/sgl.yaml.
    content = b"Internal Server Error" if body is None else json.dumps(body).encode()
    refused = sgl.SGLang().refused(Reply(status, CIMultiDict(), content), creates=True)
    assert type(refused) is kind and text in refused.message
    assert (refused.param, refused.upstream_status) == (param, status)


def provider(received: Received) -> Steps:
    name = received.target.rpartition("/")[2]
    if name == "gone":
        return [reply(404, b'{"detail": "Video not found"}')]
    url = {"url": "https://bucket.test/v.mp4?sig=s"} if name == "stored" else {"url": None}
    return [reply(200, json.dumps(JOB | url).encode())]


async def test_each_operation_calls_its_path_and_a_variant_is_never_sent() -> None:
    adapter = sgl.SGLang()
    with origin(provider) as there:
        async with Upstream() as http:
            account = Account("sgl", "k", SecretStr(""), f"{there.url}/v1", http)
            created = await adapter.generate(account, MODEL, request(), None)
            source = await adapter.source(account, created.native_id, "video")
            stored = await adapter.source(account, "stored", "video")
            with pytest.raises(Refused):
                await adapter.source(account, "gone", "video")
            await adapter.delete(account, created.native_id)
            await adapter.delete(account, "gone")
    assert there.received[0].headers["content-type"].startswith("multipart/form-data")
    assert not any("authorization" in got.headers for got in there.received)
    assert source.url == f"{there.url}/v1/videos/0d5c/content"
    assert (stored.url, stored.headers) == ("https://bucket.test/v.mp4?sig=s", {})


async def test_a_key_never_goes_to_the_servers_cloud() -> None:
    with origin(provider) as there:
        async with Upstream() as http:
            account = Account("sgl", "k", SecretStr("k-1"), f"{there.url}/v1", http)
            assert (await sgl.SGLang().source(account, "stored", "video")).headers == {}
            assert (await sgl.SGLang().source(account, "0d5c", "video")).headers == {"Authorization": "Bearer k-1"}


MADE = datetime(2026, 11, 20, 12, tzinfo=UTC)
MANY = [
    {"id": str(number), "status": "queued", "created_at": int(MADE.timestamp()) - number // 40, "model": MODEL}
    for number in range(200)
]


def listing(received: Received) -> Steps:
    """SGLang with many jobs, forty of each second."""
    where, _, query = received.target.partition("?")
    if not query:
        found = next((told for told in MANY if told["id"] == where.rpartition("/")[2]), None)
        return [reply(200, json.dumps(found).encode()) if found else reply(404, b'{"detail": "Video not found"}')]
    start = int(query.rpartition("after=")[2]) + 1 if "after=" in query else 0
    return [reply(200, json.dumps({"object": "list", "data": MANY[start : start + 100]}).encode())]


@pytest.mark.parametrize(("seconds", "found", "asked"), [(1, 80, 1), (3, 160, 2), (9, 200, 4)])
async def test_a_list_is_read_to_a_job_that_is_older_or_to_its_end_and_tells_no_prompts(
    seconds: int, found: int, asked: int
) -> None:
    with origin(listing) as there:
        async with Upstream() as http:
            account = Account("sgl", "k", SecretStr(""), f"{there.url}/v1", http)
            jobs = await sgl.SGLang().listed(account, MADE - timedelta(seconds=seconds))
    assert ([each.native_id for each in jobs], len(there.received)) == ([str(n) for n in range(found)], asked)
    assert jobs[79] == Listed("79", MADE - timedelta(seconds=1), None, MODEL)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (422, b'{"detail": [{"loc": ["query", "limit"], "msg": "Input should be 1 to 50"}]}', Refused),
        (500, b"Internal Server Error", ProviderFailed),
        (200, b'{"object": "list"}', ProviderFailed),
    ],
)
async def test_a_list_that_is_refused_or_is_none_raises(status: int, body: bytes, kind: type[ProviderError]) -> None:
    with origin(lambda _: [reply(status, body)]) as there:
        async with Upstream() as http:
            with pytest.raises(kind):
                await sgl.SGLang().listed(Account("sgl", "k", SecretStr(""), f"{there.url}/v1", http), MADE)


def test_it_has_no_remix() -> None:
    assert not sgl.SGLang.supports("remix") and sgl.SGLang.supports("delete")
