"""The official Google SDK and plain HTTP against the emulator of Veo on Vertex AI, with tokens and Cloud Storage."""

import io
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import av
import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google import genai
from google.auth import exceptions
from google.auth.transport.requests import Request
from google.genai import errors, types
from google.oauth2 import credentials, service_account

from tests.sandbox.conftest import JOB_SECONDS, Running

VEO = "veo-3.1-generate-001"
QUICK = "a kite [sandbox:no-render]"
MODEL = f"projects/p/locations/us-central1/publishers/google/models/{VEO}"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
AUDIENCE = "https://oauth2.googleapis.com/token"
Skip = Callable[[float], None]


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*pem).decode()


def robot(running: Running, private_key: str, account: str = "alice") -> Any:
    """A service account's credentials, as Google's library has them."""
    info = {
        "client_email": f"{account}@p.iam.gserviceaccount.com",
        "private_key": private_key,
        "token_uri": f"{running.url}/vertex/token",
    }
    return service_account.Credentials.from_service_account_info(info, scopes=[SCOPE])  # type: ignore[no-untyped-call]


def client(running: Running, who: Any) -> Any:
    """The SDK, without its types, in which all may be None."""
    once = types.HttpRetryOptions(attempts=1)
    options = types.HttpOptions(base_url=f"{running.url}/vertex", retry_options=once)
    return genai.Client(vertexai=True, project="p", location="us-central1", credentials=who, http_options=options)


@pytest.fixture
def veo(running: Running, private_key: str) -> Iterator[Any]:
    yield client(running, robot(running, private_key))


def user_token(running: Running, account: str = "alice") -> dict[str, str]:
    """The header of a user's token."""
    grant = {"grant_type": "refresh_token", "refresh_token": f"1//sandbox-{account}"}
    answer = requests.post(f"{running.url}/vertex/token", data=grant, timeout=5)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def call(running: Running, method: str, body: Any, model: str = MODEL, **headers: str) -> requests.Response:
    url = f"{running.url}/vertex/v1/{model}:{method}"
    return requests.post(url, json=body, headers=user_token(running) | headers, timeout=10)


def predict(running: Running, instance: Any = None, **parameters: Any) -> requests.Response:
    return call(running, "predictLongRunning", {"instances": [instance or {"prompt": QUICK}], "parameters": parameters})


def fetch(running: Running, name: str) -> dict[str, Any]:
    found: dict[str, Any] = call(running, "fetchPredictOperation", {"operationName": name}).json()
    return found


def finished(google: Any, operation: Any) -> Any:
    end = time.monotonic() + 10
    while not operation.done and time.monotonic() < end:
        time.sleep(0.05)
        operation = google.operations.get(operation)
    assert operation.done
    return operation


def test_text_becomes_a_video_in_the_answer(veo: Any) -> None:
    made = veo.models.generate_videos(
        model=VEO,
        source=types.GenerateVideosSource(prompt="A kite above the dunes"),
        config=types.GenerateVideosConfig(duration_seconds=4, aspect_ratio="9:16", seed=7, generate_audio=False),
    )
    assert made.name.startswith(f"{MODEL}/operations/") and not made.done
    content = finished(veo, made).response.generated_videos[0].video.video_bytes
    with av.open(io.BytesIO(content), "r") as film:
        (stream,) = film.streams.video
        assert (stream.width, stream.height, len(film.streams.audio)) == (720, 1280, 0)
        assert film.duration == pytest.approx(4_000_000, abs=100_000)


def test_an_image_becomes_a_video_in_a_bucket(running: Running, veo: Any, picture: Callable[[int, int], bytes]) -> None:
    made = veo.models.generate_videos(
        model=VEO,
        source=types.GenerateVideosSource(
            prompt="it flies", image=types.Image(image_bytes=picture(640, 360), mime_type="image/png")
        ),
        config=types.GenerateVideosConfig(duration_seconds=4, output_gcs_uri="gs://films/kites", number_of_videos=2),
    )
    videos = finished(veo, made).response.generated_videos
    uris = [video.video.uri for video in videos]
    task_id = made.name.rpartition("/")[2]
    assert uris == [f"gs://films/kites/{task_id}/sample_{number}.mp4" for number in (0, 1)]
    name = quote(uris[0].removeprefix("gs://films/"), safe="")
    url = f"{running.url}/vertex/storage/v1/b/films/o/{name}"
    content = requests.get(f"{url}?alt=media", headers=user_token(running), timeout=20).content
    with av.open(io.BytesIO(content), "r") as film:
        first = next(film.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    assert first.getpixel((640, 100)) == pytest.approx((200, 30, 30), abs=12)
    part = requests.get(f"{url}?alt=media", headers=user_token(running) | {"Range": "bytes=4-7"}, timeout=5)
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert requests.get(f"{url}?alt=media", timeout=5).status_code == 401
    assert requests.get(url, headers=user_token(running), timeout=5).status_code == 400
    for wrong in (url.replace("/films/", "/other/"), url.replace(task_id, "nothing")):
        assert requests.get(f"{wrong}?alt=media", headers=user_token(running), timeout=5).status_code == 404


def test_a_video_is_continued(running: Running, veo: Any) -> None:
    source = types.GenerateVideosSource(
        prompt=QUICK, video=types.Video(uri="gs://films/kites/one.mp4", mime_type="video/mp4")
    )
    made = veo.models.generate_videos(model=VEO, source=source)
    assert finished(veo, made).response.generated_videos[0].video.video_bytes[4:8] == b"ftyp"


@pytest.mark.parametrize(
    ("directive", "expected"),
    [
        ("filtered", {"response": {"raiMediaFilteredCount": 1}}),
        ("refuse", {"error": {"code": 3}}),
        ("fail", {"error": {"code": 13}}),
    ],
)
def test_an_operation_ends_without_a_video_in_three_ways(
    running: Running, skip: Skip, directive: str, expected: dict[str, dict[str, int]]
) -> None:
    name = predict(running, {"prompt": f"{QUICK} [sandbox:{directive}]"}).json()["name"]
    assert fetch(running, name) == {"name": name}
    skip(JOB_SECONDS)
    done = fetch(running, name)
    ((key, value),) = expected.items()
    assert done["done"] is True and value.items() <= done[key].items()


def test_the_sdk_says_why_a_video_was_withheld(running: Running, veo: Any) -> None:
    source = types.GenerateVideosSource(prompt=f"{QUICK} [sandbox:filtered]")
    done = finished(veo, veo.models.generate_videos(model=VEO, source=source))
    assert done.response.rai_media_filtered_count == 1
    assert "Support codes" in done.response.rai_media_filtered_reasons[0]


def test_anothers_operation_is_not_there_and_that_is_counted(running: Running, private_key: str) -> None:
    name = predict(running).json()["name"]
    stranger = client(running, robot(running, private_key, "vertex-stranger"))
    with pytest.raises(errors.ClientError, match="was not found"):
        stranger.operations.get(types.GenerateVideosOperation.model_validate({"name": name}))
    assert running.stats()["vertex"]["accounts"]["vertex-stranger"]["foreign_access"] == 1


def test_an_operation_is_asked_about_at_its_model(running: Running) -> None:
    name = predict(running).json()["name"]
    elsewhere = MODEL.replace(VEO, "veo-3.1-fast-generate-001")
    body = {"operationName": name}
    assert call(running, "fetchPredictOperation", body, elsewhere).status_code == 400


def test_a_user_gets_a_token_too_and_it_expires(running: Running, skip: Skip) -> None:
    token_uri = f"{running.url}/vertex/token"
    who = credentials.Credentials(  # type: ignore[no-untyped-call]
        None, refresh_token="1//sandbox-alice", token_uri=token_uri, client_id="c", client_secret="s"
    )
    who.refresh(Request())  # type: ignore[no-untyped-call]
    headers = {"Authorization": f"Bearer {who.token}"}
    url = f"{running.url}/vertex/v1/{MODEL}:predictLongRunning"
    body = {"instances": [{"prompt": QUICK}]}
    assert requests.post(url, json=body, headers=headers, timeout=5).status_code == 200
    skip(3600)
    expired = requests.post(url, json=body, headers=headers, timeout=5)
    assert (expired.status_code, expired.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer ya29.forged", "Basic abc"])
def test_who_has_no_token_is_not_let_in(running: Running, token: str) -> None:
    assert call(running, "predictLongRunning", {}, Authorization=token).status_code == 401


def test_the_sdk_is_told_that_a_grant_is_invalid(running: Running, private_key: str) -> None:
    who = robot(running, private_key, "Not_a_name")
    with pytest.raises(exceptions.RefreshError, match="invalid_grant"):
        who.refresh(Request())


def grant(running: Running, assertion: str, kind: str = "urn:ietf:params:oauth:grant-type:jwt-bearer") -> Any:
    body = {"grant_type": kind, "assertion": assertion}
    refused = requests.post(f"{running.url}/vertex/token", data=body, timeout=5)
    return refused.status_code, refused.json().get("error")


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "https://example.invalid"},
        {"scope": "https://www.googleapis.com/auth/drive"},
        {"exp": 0},
        {"exp": 1_000_000_000_000},
        {"iss": "alice@example.invalid"},
    ],
)
def test_an_assertion_has_to_be_right(running: Running, private_key: str, change: dict[str, Any]) -> None:
    now = int(time.time())
    claims = {"iss": "a@p.iam.gserviceaccount.com", "aud": AUDIENCE, "scope": SCOPE, "iat": now, "exp": now + 3600}
    assert grant(running, jwt.encode(claims, private_key, "RS256")) == (200, None)
    assert grant(running, jwt.encode(claims | change, private_key, "RS256")) == (400, "invalid_grant")
    assert grant(running, jwt.encode(claims, "a secret that both sides know, and is long", "HS256")) == (
        400,
        "invalid_grant",
    )


def test_a_grant_has_to_be_one(running: Running) -> None:
    assert grant(running, "not.a.token") == (400, "invalid_grant")
    assert grant(running, "", "refresh_token") == (400, "invalid_grant")
    assert grant(running, "", "password") == (400, "unsupported_grant_type")


INLINE = {"bytesBase64Encoded": "aGk=", "mimeType": "image/png"}
STORED = {"gcsUri": "gs://b/i.png", "mimeType": "image/png"}


@pytest.mark.parametrize(
    ("instance", "parameters", "field"),
    [
        (None, {"colour": "red"}, "parameters"),
        (None, {"durationSeconds": 5}, "parameters.durationSeconds"),
        (None, {"durationSeconds": True}, "parameters.durationSeconds"),
        (None, {"durationSeconds": 4, "resolution": "4k"}, "parameters.durationSeconds"),
        (None, {"aspectRatio": "1:1"}, "parameters.aspectRatio"),
        (None, {"seed": 4_294_967_296}, "parameters.seed"),
        (None, {"generateAudio": "yes"}, "parameters.generateAudio"),
        (None, {"storageUri": "s3://bucket"}, "parameters.storageUri"),
        ({"prompt": QUICK, "image": INLINE}, {}, "instances.image.bytesBase64Encoded"),
        ({"prompt": QUICK, "image": STORED | {"mimeType": "image/webp"}}, {}, "instances.image.mimeType"),
        ({"prompt": QUICK, "image": {"gcsUri": "gs://b/i.png"}}, {}, "instances.image"),
        ({"prompt": QUICK, "image": STORED | INLINE}, {}, "instances.image"),
        ({"prompt": QUICK, "image": "i.png"}, {}, "instances.image"),
        ({"prompt": QUICK, "lastFrame": STORED}, {}, "instances.lastFrame"),
        ({"prompt": QUICK, "video": STORED}, {"resolution": "1080p"}, "parameters.resolution"),
        ({"prompt": QUICK, "sound": "loud"}, {}, "instances"),
        ({"prompt": "[sandbox:nonsense]"}, {}, "instances.prompt"),
        ({"prompt": 7}, {}, "instances.prompt"),
    ],
)
def test_a_wrong_field_is_named(running: Running, instance: Any, parameters: dict[str, Any], field: str) -> None:
    error = predict(running, instance, **parameters).json()["error"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert error["details"][0]["fieldViolations"][0]["field"] == field


@pytest.mark.parametrize(
    ("body", "field"), [({}, "instances"), ({"instances": [{}], "parameters": 7}, "parameters"), ({"x": 1}, "x")]
)
def test_a_body_without_its_parts_is_refused(running: Running, body: Any, field: str) -> None:
    error = call(running, "predictLongRunning", body).json()["error"]
    assert error["details"][0]["fieldViolations"][0]["field"] == field


def test_the_lite_model_takes_no_reference_images(running: Running) -> None:
    body = {"instances": [{"prompt": QUICK, "referenceImages": []}]}
    assert call(running, "predictLongRunning", body).status_code == 200
    assert call(running, "predictLongRunning", body, MODEL.replace("3.1", "3.1-lite")).status_code == 400
    assert call(running, "predictLongRunning", body, MODEL.replace("3.1", "9")).status_code == 404


@pytest.mark.parametrize(
    ("directive", "status", "name"),
    [
        ("401", 401, "UNAUTHENTICATED"),
        ("429", 429, "RESOURCE_EXHAUSTED"),
        ("quota", 429, "RESOURCE_EXHAUSTED"),
        ("500", 500, "INTERNAL"),
        ("503", 503, "UNAVAILABLE"),
    ],
)
def test_trouble_is_googles_and_only_creates_are_counted_as_refused(
    running: Running, directive: str, status: int, name: str
) -> None:
    before = running.stats()["vertex"]["creates_refused"]
    refused = predict(running, {"prompt": f"x [sandbox:{directive}]"})
    assert (refused.status_code, refused.json()["error"]["status"]) == (status, name)
    assert fetch(running, f"{MODEL}/operations/nothing")["error"]["code"] == 404
    assert running.stats()["vertex"]["creates_refused"] == before + 1
