"""The Vertex AI adapter: what it sends and how it reads what comes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from generated.models import VideoGenerationRequest, VideoRemixRequest
from generated.upstreams.vertex import Operation
from handlers.configuration import ConfigurationError
from handlers.errors import InvalidRequest, KeyRefused, NotFound, OutcomeUnknown
from handlers.media.images import Image
from handlers.providers import vertex
from handlers.providers.adapter import Account, Filtered, Inline, Snapshot, Source
from handlers.upstream import Upstream
from tests.handlers.wire import CUT, Origin, Received, Steps, origin, reply

VEO = "veo-3.1-generate-001"
MODEL = f"projects/p/locations/europe-west4/publishers/google/models/{VEO}"
NAME = f"{MODEL}/operations/6f0e"
PNG = Image(b"\x89PNG\r\n\x1a\nxx", "image/png")
DATA_URL = {"input_reference": "data:image/png;base64,AAAA"}
RAI = "Veo could not generate 1 videos. Support codes: 42237218"


def request(**fields: Any) -> VideoGenerationRequest:
    return VideoGenerationRequest.model_validate({"model": f"vertex/{VEO}", "prompt": "a boat", **fields})


@pytest.mark.parametrize(
    ("fields", "image", "instance", "parameters"),
    [
        ({}, None, {}, {}),
        ({"seconds": "6"}, None, {}, {"durationSeconds": 6}),
        ({"size": "1080x1920"}, None, {}, {"aspectRatio": "9:16", "resolution": "1080p"}),
        ({"size": "3840x2160"}, None, {}, {"aspectRatio": "16:9", "resolution": "4k"}),
        ({"negative_prompt": "rain"}, None, {}, {"negativePrompt": "rain"}),
        ({"seed": 4294967295}, None, {}, {"seed": 4294967295}),
        ({"audio": False}, None, {}, {"generateAudio": False}),
        (DATA_URL, PNG, {"image": {"bytesBase64Encoded": PNG.encoded, "mimeType": "image/png"}}, {}),
        ({"video_uri": "gs://b/v.mp4"}, None, {"video": {"gcsUri": "gs://b/v.mp4", "mimeType": "video/mp4"}}, {}),
    ],
)
def test_each_field_is_sent_as_the_provider_calls_it(
    fields: dict[str, Any], image: Image | None, instance: dict[str, Any], parameters: dict[str, Any]
) -> None:
    body = vertex.encode(request(**fields), image).model_dump(mode="json", by_alias=True)
    assert body == {"instances": [{"prompt": "a boat", **instance}], "parameters": parameters}


@pytest.mark.parametrize(
    ("field", "value"), [("input_reference", "https://x.test/i.png"), ("video_uri", "https://x.test/v.mp4")]
)
def test_material_that_it_cannot_fetch_is_refused_before_anything_is_sent(field: str, value: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        vertex.encode(request(**{field: value}), None)
    assert (refused.value.param, refused.value.code) == (field, "unsupported_parameter")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"status": "in_progress"}),
        ({"done": False}, {"status": "in_progress"}),
        (
            {"done": True, "response": {"videos": [{"gcsUri": "gs://b/1/sample_0.mp4", "mimeType": "video/mp4"}]}},
            {"status": "completed"},
        ),
        (
            {"done": True, "response": {"raiMediaFilteredCount": 0, "videos": [{"bytesBase64Encoded": "AAAA"}]}},
            {"status": "completed"},
        ),
        (
            {
                "done": True,
                "response": {
                    "videos": [{"gcsUri": "gs://b/1"}],
                    "raiMediaFilteredCount": 1,
                    "raiMediaFilteredReasons": [RAI],
                },
            },
            {"status": "completed", "filtered": Filtered(1, (RAI,))},
        ),
        (
            {"done": True, "response": {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": [RAI]}},
            {
                "status": "failed",
                "error_code": "content_filtered",
                "error_message": RAI,
                "filtered": Filtered(1, (RAI,)),
            },
        ),
        (
            {"done": True, "response": {"videos": [{"mimeType": "video/mp4"}]}},
            {
                "status": "failed",
                "error_code": "content_filtered",
                "error_message": "The provider made no video and gave no reason.",
                "filtered": Filtered(1, ("The provider made no video and gave no reason.",)),
            },
        ),
        (
            {"done": True, "error": {"code": 3, "message": "Your use case could not be processed", "details": []}},
            {
                "status": "failed",
                "error_code": "INVALID_ARGUMENT",
                "error_message": "Your use case could not be processed",
            },
        ),
        ({"done": True, "error": {"code": 99}}, {"status": "failed", "error_code": "99"}),
        ({"done": True, "error": {}}, {"status": "failed"}),
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
    assert vertex.decode(Operation.model_validate({"name": NAME, **fields})) == Snapshot(native_id=NAME, **expected)


@pytest.mark.parametrize(
    ("base_url", "location", "host"),
    [
        ("https://aiplatform.googleapis.com", "us-central1", "https://us-central1-aiplatform.googleapis.com"),
        ("https://aiplatform.googleapis.com", "global", "https://aiplatform.googleapis.com"),
        ("https://aiplatform.googleapis.com", "eu", "https://aiplatform.eu.rep.googleapis.com"),
        ("https://proxy.test/vertex", "us-central1", "https://proxy.test/vertex"),
    ],
)
def test_each_location_has_its_host(base_url: str, location: str, host: str) -> None:
    assert vertex.host(base_url, location) == host


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "https://storage.googleapis.com/storage/v1/b/films/o/a%2Fb%20c.mp4?alt=media"),
        ({"storage_url": "https://s.test/"}, "https://s.test/storage/v1/b/films/o/a%2Fb%20c.mp4?alt=media"),
        ({"storage_url": "."}, "http://vendor.test/vertex/storage/v1/b/films/o/a%2Fb%20c.mp4?alt=media"),
    ],
)
def test_an_object_has_an_address_in_the_json_api(options: dict[str, str], url: str) -> None:
    who = Account("vertex", "k", SecretStr(""), "http://vendor.test/vertex", Upstream(), options=options)
    assert vertex.object_url(who, "gs://films/a/b c.mp4") == url


class Google:
    """An upstream that hands out tokens and takes those that it has not taken back."""

    def __init__(self, operation: dict[str, Any], refuses: int = 0) -> None:
        self.operation, self.refuses, self.issued = operation, refuses, 0

    def __call__(self, received: Received) -> Steps:
        if received.target == "/token":
            self.issued += 1
            return [reply(200, json.dumps({"access_token": f"t{self.issued}", "expires_in": 3599}).encode())]
        if received.headers["authorization"] in [f"Bearer t{number + 1}" for number in range(self.refuses)]:
            return [reply(401, b'{"error": {"code": 401, "message": "no", "status": "UNAUTHENTICATED"}}')]
        return [reply(200, json.dumps({"name": NAME} | self.operation).encode())]


def account(there: Origin, http: Upstream) -> Account:
    options = {"project": "p", "region": "europe-west4", "storage_url": "."}
    return Account("vertex", "default", SecretStr(vertex.USER_OF_THE_SANDBOX), there.url, http, options=options)


FINISHED = {"done": True, "response": {"videos": [{"gcsUri": "gs://films/1/sample_0.mp4"}]}}
INLINE = {"done": True, "response": {"videos": [{"bytesBase64Encoded": "bXA0", "mimeType": "video/mp4"}]}}


async def test_each_operation_calls_its_method_with_a_token() -> None:
    adapter = vertex.Vertex()
    with origin(Google(FINISHED)) as there:
        async with Upstream() as http:
            who = account(there, http)
            await adapter.generate(who, VEO, request(seconds=8, storageUri="gs://films/"), None)
            assert (await adapter.retrieve(who, NAME)).status == "completed"
            source = await adapter.source(who, NAME, "video")
            await adapter.remix(who, NAME, VideoRemixRequest(prompt="and on it goes"))
    assert [(got.method, got.target) for got in there.received] == [
        ("POST", "/token"),
        ("POST", f"/v1/{MODEL}:predictLongRunning"),
        ("POST", f"/v1/{MODEL}:fetchPredictOperation"),
        ("POST", f"/v1/{MODEL}:fetchPredictOperation"),
        ("POST", f"/v1/{MODEL}:fetchPredictOperation"),
        ("POST", f"/v1/{MODEL}:predictLongRunning"),
    ]
    assert {got.headers["authorization"] for got in there.received[1:]} == {"Bearer t1"}
    assert source == Source(
        f"{there.url}/storage/v1/b/films/o/1%2Fsample_0.mp4?alt=media", {"Authorization": "Bearer t1"}
    )
    created, asked, *_, remixed = (json.loads(got.body) for got in there.received[1:])
    assert created == {
        "instances": [{"prompt": "a boat"}],
        "parameters": {"sampleCount": 1, "storageUri": "gs://films/", "durationSeconds": 8},
    }
    assert asked == {"operationName": NAME}
    video = {"gcsUri": "gs://films/1/sample_0.mp4", "mimeType": "video/mp4"}
    assert remixed == {
        "instances": [{"prompt": "and on it goes", "video": video}],
        "parameters": {"sampleCount": 1},
    }


async def test_an_id_alone_is_asked_about_in_the_keys_own_project() -> None:
    with origin(Google({})) as there:
        async with Upstream() as http:
            await vertex.Vertex().retrieve(account(there, http), "nothing")
    assert json.loads(there.received[1].body) == {"operationName": f"{MODEL}/operations/nothing"}


async def test_a_video_in_the_answer_is_handed_over_and_sent_back_to_be_continued() -> None:
    adapter = vertex.Vertex()
    with origin(Google(INLINE)) as there:
        async with Upstream() as http:
            who = account(there, http)
            assert await adapter.source(who, NAME, "video") == Inline("bXA0")
            await adapter.remix(who, NAME, VideoRemixRequest(prompt="and on it goes"))
    (instance,) = json.loads(there.received[-1].body)["instances"]
    assert instance["video"] == {"bytesBase64Encoded": "bXA0", "mimeType": "video/mp4"}


async def test_without_a_video_there_is_nothing_to_download_or_continue() -> None:
    adapter = vertex.Vertex()
    with origin(Google({"done": True, "response": {}})) as there:
        async with Upstream() as http:
            who = account(there, http)
            with pytest.raises(NotFound):
                await adapter.source(who, NAME, "video")
            with pytest.raises(NotFound):
                await adapter.remix(who, NAME, VideoRemixRequest(prompt="x"))


@pytest.mark.parametrize(("refuses", "calls"), [(1, 2), (9, 2)])
async def test_a_refused_token_is_replaced_once(refuses: int, calls: int) -> None:
    google = Google({}, refuses)
    with origin(google) as there:
        async with Upstream() as http:
            who = account(there, http)
            if refuses == 1:
                assert (await vertex.Vertex().generate(who, VEO, request(), None)).native_id == NAME
            else:
                with pytest.raises(KeyRefused):
                    await vertex.Vertex().generate(who, VEO, request(), None)
    targets = [got.target for got in there.received]
    assert (targets.count("/token"), targets.count(f"/v1/{MODEL}:predictLongRunning")) == (2, calls)


@pytest.mark.parametrize("steps", [[CUT], [reply(200, b"{}")], [reply(502, b"<html>")]])
async def test_a_create_without_a_readable_answer_is_unknown(steps: list[Any]) -> None:
    google = Google({})

    def answer(received: Received) -> Steps:
        return google(received) if received.target == "/token" else steps

    with origin(answer) as there:
        async with Upstream() as http:
            with pytest.raises(OutcomeUnknown):
                await vertex.Vertex().generate(account(there, http), VEO, request(), None)
    assert len(there.received) == 2


def test_the_environment_describes_it_only_with_a_project(tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    file.write_text('{"type": "service_account"}')
    variables = {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}
    assert vertex.Vertex.in_environment(variables) is None
    variables["GOOGLE_CLOUD_PROJECT"] = "p"
    key = {"project_id": "p", "region": "us-central1", "auth_credentials": '{"type": "service_account"}'}
    found = vertex.Vertex.in_environment(variables)
    assert found is not None and found["keys"] == [{"name": "default", "vertex_key_config": key}]
    variables["GOOGLE_CLOUD_LOCATION"] = "global"
    found = vertex.Vertex.in_environment(variables)
    assert found is not None and found["keys"][0]["vertex_key_config"]["region"] == "global"
    with pytest.raises(ConfigurationError, match="GOOGLE_APPLICATION_CREDENTIALS"):
        vertex.Vertex.in_environment(variables | {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "nothing")})
