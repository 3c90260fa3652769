"""OpenRouter's own SDK and plain HTTP against the OpenRouter emulator."""

import base64
import io
import time
from collections.abc import Callable
from typing import Any

import av
import pytest
import requests
from openrouter import OpenRouter, components, errors

from tests.sandbox.conftest import Running

QUICK = "a paper boat [sandbox:no-render]"
VEO, SEEDANCE = "google/veo-3.1", "bytedance/seedance-2.0"
Draw = Callable[[int, int], bytes]
Skip = Callable[[float], None]


def sdk(running: Running, account: str = "alice") -> OpenRouter:
    return OpenRouter(
        api_key=f"sk-or-sandbox-{account}", server_url=f"{running.url}/openrouter/api/v1", retry_config=None
    )


def call(running: Running, method: str, path: str, account: str = "alice", **more: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer sk-or-sandbox-{account}"} | more.pop("headers", {})
    return requests.request(method, f"{running.url}/openrouter/api/v1{path}", headers=headers, timeout=10, **more)


def create(running: Running, account: str = "alice", **body: Any) -> requests.Response:
    return call(running, "POST", "/videos", account, json={"model": VEO, "prompt": QUICK, **body})


def finished(running: Running, client: OpenRouter, job_id: str) -> components.VideoGenerationResponse:
    for _ in range(100):
        job = client.video_generation.get_generation(job_id=job_id)
        if job.status not in ("pending", "in_progress"):
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def test_the_official_sdk_makes_reads_downloads_and_continues(running: Running, picture: Draw) -> None:
    client = sdk(running)
    url = f"data:image/png;base64,{base64.b64encode(picture(1280, 720)).decode()}"
    asked = client.video_generation.generate(
        model=SEEDANCE,
        prompt="A paper boat",
        duration=4,
        size="1280x720",
        generate_audio=True,
        seed=7,
        frame_images=[
            components.FrameImage(
                type="image_url", frame_type="first_frame", image_url=components.FrameImageImageURL(url=url)
            )
        ],
    )
    assert (asked.status, asked.id[:8], len(asked.id)) == ("pending", "gen-vid-", 8 + 10 + 1 + 20)
    job = finished(running, client, asked.id)
    assert job.usage is not None and job.unsigned_urls is not None and job.urls is not None
    assert (job.status, job.usage.cost, job.usage.is_byok) == ("completed", 0.56, False)
    content = client.video_generation.get_video_content(job_id=asked.id).read()
    with av.open(io.BytesIO(content), "r") as film:
        (stream,) = film.streams.video
        assert (stream.width, stream.height, len(film.streams.audio)) == (1280, 720, 1)
        first = next(film.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    assert first.getpixel((640, 100)) == pytest.approx((200, 30, 30), abs=12)
    assert requests.get(job.unsigned_urls[0], timeout=5).status_code == 401
    assert requests.get(job.urls[0], timeout=5).content == content
    assert job.generation_id is not None
    generation = call(running, "GET", f"/generation?id={job.generation_id}").json()["data"]
    assert generation["model"] == SEEDANCE
    more = client.video_generation.generate(model=SEEDANCE, prompt=QUICK, previous_job_id=asked.id)
    assert finished(running, client, more.id).status == "completed"


def test_the_official_sdk_reads_the_catalogue(running: Running) -> None:
    models = {model.id: model for model in sdk(running).video_generation.list_videos_models().data}
    assert models[VEO].supported_durations == [8, 6, 4]
    assert requests.get(f"{running.url}/openrouter/api/v1/videos/models", timeout=5).status_code == 200


@pytest.mark.parametrize(
    ("directive", "kind"),
    [
        ("401", errors.UnauthorizedResponseError),
        ("quota", errors.PaymentRequiredResponseError),
        ("refuse", errors.ForbiddenResponseError),
        ("429", errors.TooManyRequestsResponseError),
        ("500", errors.InternalServerResponseError),
        ("503", errors.ServiceUnavailableResponseError),
    ],
)
def test_the_official_sdk_understands_each_refusal(running: Running, directive: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        sdk(running).video_generation.generate(model=VEO, prompt=f"[sandbox:{directive}]")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"model": 7}, 400, "model"),
        ({"model": "nobody/nothing"}, 404, "nobody/nothing"),
        ({"prompt": None}, 400, "prompt"),
        ({"prompt": "[sandbox:nonsense]"}, 400, "nonsense"),
        ({"duration": "8"}, 400, "duration"),
        ({"duration": 7}, 400, "8, 6, 4"),
        ({"size": "1x1"}, 400, "1280x720"),
        ({"seed": True}, 400, "seed"),
        ({"frame_images": [{}]}, 400, "frame_images"),
        (
            {"frame_images": [{"type": "image_url", "image_url": {"url": "data:"}, "frame_type": "first_frame"}]},
            400,
            "frame_images",
        ),
        ({"input_references": [{"type": "video_url"}]}, 400, "input_references"),
        ({"previous_job_id": "gen-vid-1-x"}, 404, "previous job"),
    ],
)
def test_a_wrong_field_is_named(running: Running, body: dict[str, Any], status: int, words: str) -> None:
    answer = create(running, **body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, status)
    assert words in error["message"]


def test_only_a_completed_job_of_the_same_model_is_continued(running: Running, skip: Skip) -> None:
    veo = create(running).json()["id"]
    slow = create(running, model=SEEDANCE, prompt=f"{QUICK} [sandbox:slow=60]").json()["id"]
    skip(1)
    for model, job in ((VEO, veo), (SEEDANCE, veo), (SEEDANCE, slow)):
        assert create(running, model=model, previous_job_id=job).status_code == 400


def test_a_job_tells_its_status_and_nothing_of_its_progress(running: Running, skip: Skip) -> None:
    asked = create(running, prompt=f"{QUICK} [sandbox:slow=100]")
    assert asked.status_code == 202
    job_id = asked.json()["id"]
    assert requests.compat.urljoin(asked.url, asked.json()["polling_url"]).endswith(f"/api/v1/videos/{job_id}")
    skip(50)
    assert set(call(running, "GET", f"/videos/{job_id}").json()) == {"id", "polling_url", "status"}
    assert call(running, "GET", f"/videos/{job_id}/content").status_code == 409


@pytest.mark.parametrize("directive", ["fail", "filtered"])
def test_a_failed_job_says_why_in_words(running: Running, skip: Skip, directive: str) -> None:
    job_id = create(running, prompt=f"[sandbox:{directive}]").json()["id"]
    skip(10)
    job = call(running, "GET", f"/videos/{job_id}").json()
    assert (job["status"], "moderation" in job["error"]) == ("failed", directive == "filtered")


def test_outputs_come_in_ranges_and_are_gone_after_a_day(running: Running, skip: Skip) -> None:
    job_id = create(running).json()["id"]
    skip(1)
    signed = call(running, "GET", f"/videos/{job_id}").json()["urls"][0]
    part = call(running, "GET", f"/videos/{job_id}/content?index=0", headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert call(running, "GET", f"/videos/{job_id}/content?index=1").status_code == 404
    assert requests.get(signed.replace("signature=", "signature=x"), timeout=5).status_code == 403
    skip(86_400)
    assert call(running, "GET", f"/videos/{job_id}/content").status_code == 410
    assert requests.get(signed, timeout=5).status_code == 403


def test_another_accounts_job_is_not_found_and_that_is_counted(running: Running) -> None:
    job_id = create(running, "owner").json()["id"]
    assert call(running, "GET", f"/videos/{job_id}", "stranger").status_code == 404
    assert call(running, "GET", f"/generation?id=gen-of-{job_id}", "stranger").status_code == 404
    assert running.stats()["openrouter"]["accounts"]["stranger"]["foreign_access"] == 2


@pytest.mark.parametrize("key", ["Bearer sk-or-v1-123", "", "Bearer sk-or-sandbox-Alice"])
def test_a_wrong_key_is_refused(running: Running, key: str) -> None:
    assert call(running, "GET", "/videos/x", headers={"Authorization": key}).status_code == 401
