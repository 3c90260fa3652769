"""The official Google SDK and plain HTTP against the emulator of the Gemini API."""

import base64
import io
import time
from collections.abc import Callable
from typing import Any

import av
import pytest
import requests
from google import genai
from google.genai import errors, types
from google.genai._gaos.lib import compat_errors

from tests.sandbox.conftest import JOB_SECONDS, Running

OMNI = "gemini-omni-1.1-flash"
VEO = "veo-3.1-generate-preview"
QUICK = "a kite [sandbox:no-render]"
KEY = {"x-goog-api-key": "AIza-sandbox-alice"}
Skip = Callable[[float], None]


def client(running: Running, account: str = "alice") -> Any:
    """The SDK, without its types, which are unions of all that interactions can be. To be kept: without it, it closes."""
    once = types.HttpRetryOptions(attempts=1)
    options = types.HttpOptions(base_url=f"{running.url}/gemini", retry_options=once)
    return genai.Client(api_key=f"AIza-sandbox-{account}", http_options=options)


def call(running: Running, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
    url = f"{running.url}/gemini/v1beta/{path}"
    return requests.request(method, url, json=body, headers=KEY | headers, timeout=10)


def interact(running: Running, **more: Any) -> requests.Response:
    return call(running, "POST", "interactions", {"model": OMNI, "input": QUICK, "background": True} | more)


def predict(running: Running, instance: Any = None, **parameters: Any) -> requests.Response:
    body = {"instances": [instance or {"prompt": QUICK}], "parameters": parameters}
    return call(running, "POST", f"models/{VEO}:predictLongRunning", body)


def until_done(ask: Callable[[], Any], is_done: Callable[[Any], bool]) -> Any:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if is_done(answer := ask()):
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not done: {answer}")


def probe(content: bytes) -> tuple[Any, ...]:
    """Width and height in pixels, seconds, and how many sounds there are."""
    with av.open(io.BytesIO(content), "r") as film:
        (stream,) = film.streams.video
        assert film.duration is not None
        return stream.width, stream.height, film.duration / av.time_base, len(film.streams.audio)


def test_text_becomes_a_video_in_a_file(running: Running) -> None:
    google = client(running)
    made = google.interactions.create(
        model=OMNI,
        input="A kite above the dunes",
        background=True,
        response_format={"type": "video", "delivery": "uri", "duration": "3s", "resolution": "360p"},
    )
    assert (made.status, made.steps) == ("in_progress", [])
    done = until_done(lambda: google.interactions.get(made.id), lambda it: it.status == "completed")
    assert done.usage.output_tokens_by_modality[0].tokens == 3 * 5792
    name = f"files/{done.output_video.uri.rpartition('/')[2].removesuffix(':download?alt=media')}"
    file = until_done(lambda: google.files.get(name=name), lambda it: it.state is types.FileState.ACTIVE)
    assert (file.expiration_time - file.create_time).total_seconds() == 48 * 3600
    assert probe(google.files.download(file=name)) == (640, 360, pytest.approx(3, abs=0.1), 1)


def test_an_image_becomes_a_video_in_the_answer(running: Running, picture: Callable[[int, int], bytes]) -> None:
    image = base64.b64encode(picture(640, 360)).decode()
    google = client(running)
    made = google.interactions.create(
        model=OMNI,
        input=[{"type": "image", "data": image, "mime_type": "image/png"}, {"type": "text", "text": "it flies"}],
        response_format={"type": "video", "duration": "3s", "resolution": "360p", "aspect_ratio": "9:16"},
        generation_config={"video_config": {"task": "image_to_video"}},
    )
    assert made.status == "completed"  # who does not ask for the background waits
    content = base64.b64decode(made.output_video.data)
    assert probe(content)[:2] == (360, 640)
    with av.open(io.BytesIO(content), "r") as film:
        first = next(film.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    assert first.getpixel((180, 100)) == pytest.approx((200, 30, 30), abs=12)


def test_a_finished_interaction_is_gone_on_from(running: Running, skip: Skip) -> None:
    google = client(running)
    first = interact(running, response_format={"type": "video", "duration": "4s"}).json()["id"]
    with pytest.raises(compat_errors.BadRequestError, match="completed interaction"):
        google.interactions.create(model=OMNI, input=QUICK, previous_interaction_id="v1_nothing")
    skip(JOB_SECONDS)
    second = google.interactions.create(model=OMNI, input=QUICK, previous_interaction_id=first, background=True)
    assert second.previous_interaction_id == first
    skip(JOB_SECONDS)
    assert google.interactions.get(second.id).usage.total_output_tokens == 4 * 5792


def test_a_running_interaction_is_cancelled_and_a_finished_one_deleted(running: Running, skip: Skip) -> None:
    google = client(running)
    running_id, done_id = (interact(running).json()["id"] for _ in range(2))
    assert google.interactions.cancel(running_id).status == "cancelled"
    skip(JOB_SECONDS)
    with pytest.raises(compat_errors.BadRequestError, match="not running"):
        google.interactions.cancel(done_id)
    google.interactions.delete(done_id)
    for gone in (running_id, done_id):
        with pytest.raises(compat_errors.BadRequestError, match="Invalid interaction name"):
            google.interactions.get(gone)


def test_withheld_content_is_completed_with_words_in_place_of_a_video(running: Running, skip: Skip) -> None:
    made = interact(running, input=f"{QUICK} [sandbox:filtered]").json()
    skip(JOB_SECONDS)
    google = client(running)
    done = google.interactions.get(made["id"])
    assert (done.status, done.output_video) == ("completed", None)
    assert "policies" in done.steps[-1].content[0].text


def test_a_failure_has_errors(running: Running, skip: Skip) -> None:
    made = interact(running, input=f"{QUICK} [sandbox:fail]").json()
    skip(JOB_SECONDS)
    google = client(running)
    failed = google.interactions.get(made["id"])
    assert (failed.status, failed.errors[0].message) == ("failed", "The video could not be generated.")


def test_a_file_is_ready_a_moment_later_and_gone_after_two_days(running: Running, skip: Skip) -> None:
    made = interact(running, input=f"{QUICK} [sandbox:slow=100]", response_format={"type": "video", "delivery": "uri"})
    skip(101)
    content = call(running, "GET", f"interactions/{made.json()['id']}").json()["steps"][-1]["content"]
    uri = content[0]["uri"]
    name = uri.rpartition("/")[2].partition(":")[0]
    assert call(running, "GET", f"files/{name}").json()["state"] == "PROCESSING"
    assert requests.get(uri, headers=KEY, timeout=5).status_code == 400
    skip(10)
    assert call(running, "GET", f"files/{name}").json()["state"] == "ACTIVE"
    part = requests.get(uri, headers=KEY | {"Range": "bytes=4-7"}, timeout=5)
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert requests.get(uri, timeout=5).status_code == 403
    skip(48 * 3600)
    assert requests.get(uri, headers=KEY, timeout=5).status_code == 403


def test_the_sdk_reads_veo_as_it_was_here(running: Running) -> None:
    google = client(running)
    name = predict(running, durationSeconds=4, aspectRatio="9:16").json()["name"]
    operation = types.GenerateVideosOperation.model_validate({"name": name})
    done = until_done(lambda: google.operations.get(operation), lambda it: bool(it.done))
    uri = done.response.generated_videos[0].video.uri
    file = f"files/{uri.rpartition('/')[2].partition(':')[0]}"
    until_done(lambda: google.files.get(name=file), lambda it: it.state is types.FileState.ACTIVE)
    assert google.files.download(file=file)[4:8] == b"ftyp"


@pytest.mark.parametrize(
    ("directive", "key", "value"),
    [
        ("filtered", "response", {"raiMediaFilteredCount": 1}),
        ("refuse", "error", {"code": 3}),
        ("fail", "error", {"code": 13}),
    ],
)
def test_veo_ends_without_a_video_in_three_ways(
    running: Running, skip: Skip, directive: str, key: str, value: dict[str, int]
) -> None:
    name = predict(running, {"prompt": f"{QUICK} [sandbox:{directive}]"}).json()["name"]
    assert call(running, "GET", name).json() == {"name": name}
    skip(JOB_SECONDS)
    done = call(running, "GET", name).json()
    found = done[key].get("generateVideoResponse", done[key])
    assert done["done"] is True and value.items() <= found.items()


def test_anothers_interaction_is_not_there_and_that_is_counted(running: Running) -> None:
    made = interact(running).json()["id"]
    stranger = client(running, "google-stranger")
    with pytest.raises(compat_errors.BadRequestError, match="Invalid interaction name"):
        stranger.interactions.get(made)
    assert running.stats()["gemini"]["accounts"]["google-stranger"]["foreign_access"] == 1


def test_a_wrong_key_is_a_bad_request_and_none_at_all_is_forbidden(running: Running) -> None:
    wrong = client(running, "WRONG")
    with pytest.raises(errors.ClientError) as refused:
        wrong.files.get(name="files/abc")
    assert refused.value.code == 400 and refused.value.details["error"]["details"][0]["reason"] == "API_KEY_INVALID"
    assert requests.get(f"{running.url}/gemini/v1beta/files/abc", timeout=5).status_code == 403


IMAGE = {"type": "image", "data": "aGk=", "mime_type": "image/png"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "gemini-9"}, "is not found"),
        ({"input": []}, "input"),
        ({"input": [{"type": "smell"}]}, "unknown type"),
        ({"input": [{"type": "text", "text": 7}]}, "are text"),
        ({"input": [{"type": "image", "mime_type": "image/png"}]}, "either"),
        ({"input": [IMAGE, {"type": "text", "text": "x"}]}, "Unable to process input image"),
        ({"input": [{"type": "image", "uri": "https://example.invalid/files/a"}]}, "no text"),
        ({"response_format": {"type": "image"}}, "type"),
        ({"response_format": {"type": "video", "duration": 8}}, "duration"),
        ({"response_format": {"type": "video", "duration": "11s"}}, "between 3 and 10"),
        ({"response_format": {"type": "video", "resolution": "8k"}}, "resolution"),
        ({"response_format": {"type": "video", "seed": 7}}, "seed"),
        ({"response_format": []}, "object"),
        ({"generation_config": {"video_config": {"task": "edit"}}}, "does not fit"),
        ({"generation_config": {"video_config": {"task": "sing"}}}, "task"),
        ({"generation_config": 7}, "generation_config"),
        ({"store": False}, "stored"),
        ({"background": "yes"}, "boolean"),
        ({"safety_settings": []}, "safety_settings"),
        ({"input": "[sandbox:nonsense]"}, "not a directive"),
    ],
)
def test_a_wrong_interaction_is_refused(running: Running, change: dict[str, Any], words: str) -> None:
    refused = interact(running, **change)
    assert refused.status_code in (400, 404)
    assert words in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("instance", "parameters", "field"),
    [
        (None, {"seed": 1}, "parameters"),
        (None, {"durationSeconds": 5}, "parameters.durationSeconds"),
        (None, {"durationSeconds": 4, "resolution": "1080p"}, "parameters.durationSeconds"),
        (None, {"aspectRatio": "1:1"}, "parameters.aspectRatio"),
        (None, {"sampleCount": 5}, "parameters.sampleCount"),
        ({"prompt": QUICK, "image": {"gcsUri": "gs://b/i.png", "mimeType": "image/png"}}, {}, "instances.image"),
        (
            {"prompt": QUICK, "image": {"bytesBase64Encoded": "aGk=", "mimeType": "image/png"}},
            {},
            "instances.image.bytesBase64Encoded",
        ),
        ({"prompt": QUICK, "video": {"gcsUri": "gs://b/v.mp4"}}, {}, "instances.video"),
        ({"prompt": ""}, {}, "instances.prompt"),
    ],
)
def test_a_wrong_field_of_veos_is_named(
    running: Running, instance: Any, parameters: dict[str, Any], field: str
) -> None:
    error = predict(running, instance, **parameters).json()["error"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert error["details"][0]["fieldViolations"][0]["field"] == field


@pytest.mark.parametrize(
    ("directive", "status", "name"),
    [
        ("401", 400, "INVALID_ARGUMENT"),
        ("429", 429, "RESOURCE_EXHAUSTED"),
        ("quota", 429, "RESOURCE_EXHAUSTED"),
        ("500", 500, "INTERNAL"),
        ("503", 503, "UNAVAILABLE"),
    ],
)
def test_trouble_is_googles(running: Running, directive: str, status: int, name: str) -> None:
    before = running.stats()["gemini"]["creates_refused"]
    for refused in (
        interact(running, input=f"x [sandbox:{directive}]"),
        predict(running, {"prompt": f"x [sandbox:{directive}]"}),
    ):
        assert (refused.status_code, refused.json()["error"]["status"]) == (status, name)
    assert running.stats()["gemini"]["creates_refused"] == before + 2


def test_paths_that_are_not_there_are_refused_in_googles_words(running: Running) -> None:
    assert call(running, "GET", "agents").json()["error"]["status"] == "NOT_FOUND"
    assert call(running, "PUT", "interactions").status_code == 405
    broken = requests.post(f"{running.url}/gemini/v1/interactions", data="{", headers=KEY, timeout=5)
    assert broken.status_code == 400
