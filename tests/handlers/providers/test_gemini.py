"""The Gemini adapter: what it sends and how it reads what comes back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from generated.models import VideoGenerationRequest, VideoRemixRequest
from generated.upstreams.gemini import File, Interaction, Operation
from handlers.errors import InvalidRequest, KeyRefused, NotFound, ProviderFailed, RateLimited, UnsupportedOperation
from handlers.media.images import Image
from handlers.providers import gemini
from handlers.providers.adapter import Account, Filtered, Inline, Snapshot, Source
from handlers.upstream import Upstream
from tests.handlers.wire import Origin, Received, Steps, origin, reply

DOCUMENT = Path(__file__).parents[3] / "upstreams/gemini.yaml"
OMNI = "gemini-omni-1.1-flash"
VEO = "veo-3.1-generate-preview"
PNG = Image(b"\x89PNG\r\n\x1a\nxx", "image/png")
DATA_URL = {"input_reference": "data:image/png;base64,AAAA"}
FILE = "https://generativelanguage.googleapis.com/v1beta/files/abc-123"
NAME = f"models/{VEO}/operations/op1"
NOW = datetime(2026, 11, 20, 10, 0, 30, tzinfo=UTC)
TEXT = {"type": "text", "text": "a boat"}


def request(**fields: Any) -> VideoGenerationRequest:
    return VideoGenerationRequest.model_validate({"model": f"gemini/{OMNI}", "prompt": "a boat", **fields})


@pytest.mark.parametrize(
    ("fields", "image", "task", "sent"),
    [
        ({}, None, "text_to_video", {"input": [TEXT]}),
        ({"seconds": "4"}, None, "text_to_video", {"response_format": {"type": "video", "duration": "4s"}}),
        ({"seconds": 10}, None, "text_to_video", {"response_format": {"type": "video", "duration": "10s"}}),
        (
            {"size": "720x1280"},
            None,
            "text_to_video",
            {"response_format": {"type": "video", "aspect_ratio": "9:16", "resolution": "720p"}},
        ),
        (
            {"size": "3840x2160"},
            None,
            "text_to_video",
            {"response_format": {"type": "video", "aspect_ratio": "16:9", "resolution": "4k"}},
        ),
        (
            DATA_URL,
            PNG,
            "image_to_video",
            {"input": [{"type": "image", "data": PNG.encoded, "mime_type": "image/png"}, TEXT]},
        ),
        ({"input_reference": FILE}, None, "image_to_video", {"input": [{"type": "image", "uri": FILE}, TEXT]}),
        ({"video_uri": FILE}, None, "edit", {"input": [{"type": "video", "uri": FILE}, TEXT]}),
    ],
)
def test_each_field_is_sent_as_the_provider_calls_it(
    fields: dict[str, Any], image: Image | None, task: str, sent: dict[str, Any]
) -> None:
    body = gemini.encode(OMNI, request(**fields), image).model_dump(mode="json")
    assert body == {"model": OMNI, "input": [TEXT], "response_format": {"type": "video"}, **sent}
    assert gemini.task(request(**fields)) == task


@pytest.mark.parametrize(
    ("fields", "image", "instance", "parameters"),
    [
        ({}, None, {}, {}),
        (
            {"seconds": 8, "size": "1920x1080", "negative_prompt": "rain"},
            None,
            {},
            {"durationSeconds": 8, "aspectRatio": "16:9", "resolution": "1080p", "negativePrompt": "rain"},
        ),
        (DATA_URL, PNG, {"image": {"bytesBase64Encoded": PNG.encoded, "mimeType": "image/png"}}, {}),
        ({"video_uri": FILE}, None, {"video": {"uri": FILE}}, {}),
    ],
)
def test_each_field_is_sent_as_veo_calls_it(
    fields: dict[str, Any], image: Image | None, instance: dict[str, Any], parameters: dict[str, Any]
) -> None:
    body = gemini.encode_veo(request(**fields), image).model_dump(mode="json", by_alias=True)
    assert body == {"instances": [{"prompt": "a boat", **instance}], "parameters": parameters}


def test_veo_takes_no_image_by_address() -> None:
    with pytest.raises(InvalidRequest) as refused:
        gemini.encode_veo(request(input_reference="https://x.test/i.png"), None)
    assert refused.value.param == "input_reference"


def test_two_objects_become_one_and_the_upper_one_stands() -> None:
    below = {"a": {"x": 1, "y": {"z": 1}}, "b": 1, "c": [1]}
    above = {"a": {"y": {"w": 2}}, "b": {"n": 2}, "c": [2]}
    assert gemini.over(below, above) == {"a": {"x": 1, "y": {"z": 1, "w": 2}}, "b": {"n": 2}, "c": [2]}


def status_words() -> set[str]:
    schemas = yaml.safe_load(DOCUMENT.read_text())["components"]["schemas"]
    return set(schemas["Interaction"]["properties"]["status"]["examples"])


def test_every_status_word_of_the_document_is_known() -> None:
    assert status_words() == gemini.STATUS.keys()


@pytest.mark.parametrize(("word", "status"), sorted(gemini.STATUS.items()))
def test_a_known_status_word_is_translated(word: str, status: str) -> None:
    output = [{"type": "model_output", "content": [{"type": "video", "uri": FILE}]}]
    snapshot = gemini.decode(Interaction.model_validate({"id": "v1_x", "status": word, "steps": output}))
    assert (snapshot.status, snapshot.provider_status) == (status, None)


def test_an_unknown_status_word_is_kept() -> None:
    snapshot = gemini.decode(Interaction(id="v1_x", status="dreaming"))
    assert (snapshot.status, snapshot.provider_status) == ("in_progress", "dreaming")


def output(*content: dict[str, Any]) -> dict[str, Any]:
    return {"steps": [{"type": "user_input", "content": [TEXT]}, {"type": "model_output", "content": list(content)}]}


USAGE = {
    "total_input_tokens": 1000,
    "output_tokens_by_modality": [{"modality": "video", "tokens": 46336}, {"modality": "text", "tokens": 100}, {}],
}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": "queued"}, {"status": "queued"}),
        ({"status": "in_progress", "steps": [], "updated": "2026-11-20T10:00:00Z"}, {"status": "in_progress"}),
        (
            {"status": "completed", **output({"type": "video", "uri": FILE}), "usage": USAGE, "model": OMNI},
            {
                "status": "completed",
                "cost_usd": Decimal("0.81328"),
                "tokens": {"input": 1000, "video": 46336, "text": 100},
            },
        ),
        (
            {"status": "completed", **output({"type": "video", "data": "AAAA"}), "usage": USAGE, "model": "new"},
            {"status": "completed", "tokens": {"input": 1000, "video": 46336, "text": 100}},
        ),
        (
            {"status": "completed", **output({"type": "text", "text": "I can't."})},
            {
                "status": "failed",
                "error_code": "content_filtered",
                "error_message": "I can't.",
                "filtered": Filtered(1, ("I can't.",)),
            },
        ),
        (
            {"status": "completed", "steps": []},
            {
                "status": "failed",
                "error_code": "content_filtered",
                "error_message": "The provider made no video and gave no reason.",
                "filtered": Filtered(1, ("The provider made no video and gave no reason.",)),
            },
        ),
        (
            {"status": "failed", "errors": [{"code": "https://x.test/errors/internal", "message": "Broken."}]},
            {"status": "failed", "error_code": "https://x.test/errors/internal", "error_message": "Broken."},
        ),
        (
            {"status": "failed", "steps": [{"type": "model_output", "error": {"code": 8, "message": "Full."}}]},
            {"status": "failed", "error_code": "RESOURCE_EXHAUSTED", "error_message": "Full."},
        ),
        (
            {"status": "failed", "errors": [{"message": "It was blocked for safety reasons"}]},
            {
                "status": "failed",
                "error_code": "content_filtered",
                "error_message": "It was blocked for safety reasons",
                "filtered": Filtered(1, ("It was blocked for safety reasons",)),
            },
        ),
        ({"status": "cancelled"}, {"status": "failed", "error_code": "cancelled"}),
        ({"status": "budget_exceeded", "errors": []}, {"status": "failed", "error_code": "budget_exceeded"}),
    ],
)
def test_each_field_of_their_interaction_is_read(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    theirs = Interaction.model_validate({"id": "v1_x", "updated": "2026-11-20T10:00:30Z", **fields})
    ended = {"completed_at": NOW} if expected["status"] in ("completed", "failed") else {}
    assert gemini.decode(theirs, listed=True) == Snapshot(**{"native_id": "v1_x", **ended, **expected})
    assert gemini.decode(theirs).cost_usd is None, "what is paid elsewhere is not known"


def test_of_several_videos_the_last_one_counts() -> None:
    steps = output({"type": "video", "uri": "https://x.test/1"}, {"type": "video", "uri": "https://x.test/2"})
    found = gemini.output(Interaction.model_validate({"id": "v1_x", "status": "completed", **steps}))
    assert found == gemini.Video("https://x.test/2", None)


DONE = Snapshot("v1_x", "completed")


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (None, DONE),
        ({"state": "ACTIVE", "expirationTime": "2026-11-20T10:00:30Z"}, Snapshot("v1_x", "completed", expires_at=NOW)),
        ({"state": "ACTIVE"}, DONE),
        ({"state": "PROCESSING"}, Snapshot("v1_x", "in_progress")),
        (
            {"state": "FAILED", "error": {"code": 13, "message": "Lost."}},
            Snapshot("v1_x", "failed", error_code="INTERNAL", error_message="Lost."),
        ),
        (
            {"state": "FAILED"},
            Snapshot("v1_x", "failed", error_code="FAILED", error_message="The file could not be made."),
        ),
    ],
)
def test_a_video_is_finished_when_its_file_is(file: dict[str, Any] | None, expected: Snapshot) -> None:
    snapshot = gemini.with_file(DONE, None if file is None else File.model_validate(file))
    assert (snapshot.status, snapshot.expires_at) == (expected.status, expected.expires_at)
    assert (snapshot.error_code, snapshot.error_message) == (expected.error_code, expected.error_message)


RAI = "Blocked. Support codes: 42237218"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"status": "in_progress"}),
        ({"done": False}, {"status": "in_progress"}),
        (
            {"response": {"generateVideoResponse": {"generatedSamples": [{"video": {"uri": FILE}}]}}, "done": True},
            {"status": "completed"},
        ),
        (
            {"response": {"generateVideoResponse": {"generatedSamples": [{"video": {"encodedVideo": "AA=="}}]}}}
            | {"done": True},
            {"status": "completed"},
        ),
        (
            {"response": {"generateVideoResponse": {"raiMediaFilteredCount": 2, "raiMediaFilteredReasons": [RAI, "b"]}}}
            | {"done": True},
            {
                "status": "failed",
                "error_code": "content_filtered",
                "error_message": RAI,
                "filtered": Filtered(2, (RAI, "b")),
            },
        ),
        (
            {"done": True, "error": {"code": 13, "message": "Video generation failed…"}},
            {"status": "failed", "error_code": "INTERNAL", "error_message": "Video generation failed…"},
        ),
        (
            {"done": True, "error": {"code": 3, "message": RAI}},
            {
                "status": "failed",
                "error_code": "content_filtered",
                "error_message": RAI,
                "filtered": Filtered(1, (RAI,)),
            },
        ),
    ],
)
def test_each_field_of_their_operation_is_read(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    assert gemini.decode(Operation.model_validate({"name": NAME, **fields})) == Snapshot(native_id=NAME, **expected)


def provider(received: Received) -> Steps:
    base = f"http://{received.headers['host']}/v1beta"
    file = {"uri": f"{base}/files/f1:download?alt=media"}
    veo = {"name": NAME, "done": True, "response": {"generateVideoResponse": {"generatedSamples": [{"video": file}]}}}
    done = {"id": "v1_a", "status": "completed", "model": OMNI, **output({"type": "video", **file})}
    answers: dict[tuple[str, str], Any] = {
        ("POST", "/v1beta/interactions"): {"id": "v1_a", "status": "in_progress"},
        ("GET", "/v1beta/interactions/v1_a"): done,
        ("GET", "/v1beta/interactions/v1_b"): {**done, **output({"type": "video", "data": "bXA0"})},
        ("GET", "/v1beta/interactions/v1_c"): {**done, **output({"type": "video", "uri": "https://x.test/v.mp4"})},
        ("GET", "/v1beta/interactions/v1_d"): {**done, "steps": []},
        ("GET", "/v1beta/files/f1"): {"name": "files/f1", "state": "ACTIVE", "expirationTime": "2026-11-20T10:00:30Z"},
        ("POST", "/v1beta/interactions/v1_a/cancel"): done,
        ("DELETE", "/v1beta/interactions/v1_a"): {},
        ("POST", f"/v1beta/models/{VEO}:predictLongRunning"): {"name": NAME},
        ("GET", f"/v1beta/{NAME}"): veo,
        ("GET", f"/v1beta/{NAME}2"): {"name": f"{NAME}2", "done": True},
    }
    found = answers.get((received.method, received.target))
    if found is None:
        gone = b'{"error": {"message": "Invalid interaction name: interactions/x", "code": "invalid_request"}}'
        return [reply(400, gone)]
    return [reply(200, json.dumps(found).encode())]


def account(there: Origin, http: Upstream) -> Account:
    return Account("gemini", "default", SecretStr("key-1"), there.url, http)


async def test_each_operation_calls_its_path_with_the_key_and_the_revision() -> None:
    adapter = gemini.Gemini()
    with origin(provider) as there:
        async with Upstream() as http:
            who = account(there, http)
            assert (await adapter.generate(who, OMNI, request(), None)).status == "in_progress"
            retrieved = await adapter.retrieve(who, "v1_a")
            assert (retrieved.status, retrieved.expires_at) == ("completed", NOW)
            await adapter.delete(who, "v1_a")
            await adapter.remix(who, "v1_a", VideoRemixRequest(prompt="in the snow"))
            assert (await adapter.generate(who, VEO, request(), None)).native_id == NAME
            assert (await adapter.retrieve(who, NAME)).expires_at == NOW
            await adapter.remix(who, NAME, VideoRemixRequest(prompt="and on it goes"))
            with pytest.raises(UnsupportedOperation):
                await adapter.delete(who, NAME)
    called = [(got.method, got.target.removeprefix("/v1beta/")) for got in there.received]
    assert called == [
        ("POST", "interactions"),
        ("GET", "interactions/v1_a"),
        ("GET", "files/f1"),
        ("POST", "interactions/v1_a/cancel"),
        ("DELETE", "interactions/v1_a"),
        ("GET", "interactions/v1_a"),
        ("POST", "interactions"),
        ("POST", f"models/{VEO}:predictLongRunning"),
        ("GET", NAME),
        ("GET", "files/f1"),
        ("GET", NAME),
        ("POST", f"models/{VEO}:predictLongRunning"),
    ]
    assert {got.headers["x-goog-api-key"] for got in there.received} == {"key-1"}
    assert {got.headers["api-revision"] for got in there.received} == {gemini.REVISION}
    created, remixed, _, continued = (json.loads(got.body) for got in there.received if got.body)
    assert created == {
        "background": True,
        "store": True,
        "response_format": {"type": "video", "delivery": "uri"},
        "generation_config": {"video_config": {"task": "text_to_video"}},
        "model": OMNI,
        "input": [TEXT],
    }
    assert remixed == {
        **created,
        "generation_config": {"video_config": {"task": "edit"}},
        "input": "in the snow",
        "previous_interaction_id": "v1_a",
    }
    assert continued == {
        "instances": [
            {"prompt": "and on it goes", "video": {"uri": f"{there.url}/v1beta/files/f1:download?alt=media"}}
        ],
        "parameters": {"sampleCount": 1},
    }


async def test_extra_fields_stand_over_what_goes_without_saying_and_under_what_we_say() -> None:
    more = {
        "background": False,
        "model": f"gemini/{OMNI}",
        "response_format": {"delivery": "inline", "duration": "3s"},
        "generation_config": {"video_config": {"task": "reference_to_video"}, "temperature": 1},
    }
    with origin(provider) as there:
        async with Upstream() as http:
            await gemini.Gemini().generate(account(there, http), OMNI, request(seconds=8, **more), None)
    body = json.loads(there.received[0].body)
    assert (body["background"], body["store"], body["model"]) == (False, True, OMNI)
    assert body["response_format"] == {"type": "video", "delivery": "inline", "duration": "8s"}
    assert body["generation_config"] == {"video_config": {"task": "reference_to_video"}, "temperature": 1}


async def test_the_file_is_named_or_handed_over_and_the_key_stays_at_home() -> None:
    adapter = gemini.Gemini()
    with origin(provider) as there:
        async with Upstream() as http:
            who = account(there, http)
            for native_id in ("v1_a", NAME):
                source = await adapter.source(who, native_id, "video")
                assert isinstance(source, Source)
                assert source.url == f"{there.url}/v1beta/files/f1:download?alt=media"
                assert source.headers["x-goog-api-key"] == "key-1"
            assert await adapter.source(who, "v1_b", "video") == Inline("bXA0")
            assert await adapter.source(who, "v1_c", "video") == Source("https://x.test/v.mp4")
            assert (await adapter.retrieve(who, "v1_c")).expires_at is None
            for native_id in ("v1_d", f"{NAME}2"):
                with pytest.raises(NotFound):
                    await adapter.source(who, native_id, "video")
            with pytest.raises(NotFound):
                await adapter.remix(who, f"{NAME}2", VideoRemixRequest(prompt="x"))


@pytest.mark.parametrize("status", [400, 404, 409])
async def test_what_has_ended_or_is_gone_can_be_deleted(status: int) -> None:
    def ended(received: Received) -> Steps:
        return [reply(status if "cancel" in received.target else 404, b'{"error": {"message": "no"}}')]

    for answer in (ended, provider):
        with origin(answer) as there:
            async with Upstream() as http:
                await gemini.Gemini().delete(account(there, http), "v1_gone")
        assert [got.method for got in there.received] == ["POST", "DELETE"]


@pytest.mark.parametrize(
    ("cancel", "delete", "kind"), [(401, 200, KeyRefused), (429, 200, RateLimited), (400, 500, ProviderFailed)]
)
async def test_a_delete_that_fails_says_so(cancel: int, delete: int, kind: type[Exception]) -> None:
    def failing(received: Received) -> Steps:
        return [reply(cancel if "cancel" in received.target else delete, b'{"error": {"message": "no"}}')]

    with origin(failing) as there:
        async with Upstream() as http:
            with pytest.raises(kind):
                await gemini.Gemini().delete(account(there, http), "v1_a")
