"""The official Runway SDK and plain HTTP against the Runway emulator."""

import base64
import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import av
import pytest
import requests
import runwayml
from runwayml.lib import polling

from tests.sandbox.conftest import PREFIX, Running

QUICK = "a kite [sandbox:no-render]"
TEXT: dict[str, Any] = {"model": "gen4.5", "promptText": QUICK, "ratio": "1280:720", "duration": 2}
IMAGE_URL = "https://example.invalid/cat.png"
Skip = Callable[[float], None]


def post(running: Running, operation: str, body: Any, headers: dict[str, str] | None = None) -> requests.Response:
    named = {"Authorization": "Bearer key_sandbox_alice", "X-Runway-Version": "2024-11-06"} | (headers or {})
    return requests.post(f"{running.url}/runway/v1/{operation}", json=body, headers=named, timeout=10)


def data_uri(image: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(image).decode()}"


def output_url(task: dict[str, Any]) -> str:
    (url,) = task["output"]
    return str(url)


def output(task: dict[str, Any]) -> bytes:
    answer = requests.get(output_url(task), timeout=10)
    answer.raise_for_status()
    return answer.content


@pytest.fixture
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "POLL_TIME", 0.2)
    monkeypatch.setattr(polling, "POLL_JITTER", 0.0)


@pytest.mark.usefixtures("quick_polls")
def test_text_becomes_a_silent_video(running: Running) -> None:
    client = running.runway()
    created = client.text_to_video.create(
        model="gen4.5", prompt_text="A kite above the dunes", ratio="1280:720", duration=2, seed=7
    )
    assert created.to_dict()["estimatedCost"] == {"credits": 24}
    task = created.wait_for_task_output().to_dict()
    assert (task["status"], task["cost"]) == ("SUCCEEDED", {"credits": 24})
    with av.open(io.BytesIO(output(task)), "r") as film:
        (stream,) = film.streams.video
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 1280, 720)
        assert film.duration == pytest.approx(2_000_000, abs=50_000)
        assert not film.streams.audio


@pytest.mark.usefixtures("quick_polls")
def test_an_image_becomes_a_video_with_sound(running: Running, picture: Callable[[int, int], bytes]) -> None:
    created = running.runway().image_to_video.create(
        model="veo3.1_fast",
        prompt_image=[{"uri": data_uri(picture(640, 640)), "position": "first"}],
        ratio="1280:720",
        duration=4,
        audio=True,
    )
    assert created.to_dict()["estimatedCost"] == {"credits": 60}
    task = created.wait_for_task_output().to_dict()
    with av.open(io.BytesIO(output(task)), "r") as film:
        assert len(film.streams.audio) == 1
        first = next(film.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    assert first.getpixel((640, 100)) == pytest.approx((200, 30, 30), abs=12)
    assert first.getpixel((640, 620)) == pytest.approx((30, 30, 200), abs=12)


def test_a_video_becomes_another(running: Running) -> None:
    created = running.runway().video_to_video.create(
        model="aleph2", video_uri="http://127.0.0.1:9/source.mp4", prompt_text=QUICK
    )
    assert created.to_dict()["estimatedCost"] == {"credits": 140}


def test_the_fields_of_a_task_depend_on_its_status(running: Running, skip: Skip) -> None:
    task_id = post(running, "text_to_video", TEXT | {"promptText": f"{QUICK} [sandbox:slow=100]"}).json()["id"]
    client = running.runway()
    pending = client.tasks.retrieve(task_id)
    assert pending.status == "PENDING"
    assert pending.created_at.tzinfo is not None
    skip(42)
    running_task = client.tasks.retrieve(task_id).to_dict()
    assert running_task["status"] == "RUNNING"
    assert running_task["progress"] == pytest.approx(0.42, abs=0.01)
    assert running_task["estimatedCost"] == {"credits": 24}
    assert "cost" not in running_task
    skip(60)
    done = client.tasks.retrieve(task_id).to_dict()
    assert done.keys() == {"id", "status", "createdAt", "output", "cost"}


def test_an_output_url_is_new_with_each_retrieve_and_expires(running: Running, skip: Skip) -> None:
    task_id = post(running, "text_to_video", TEXT).json()["id"]
    skip(1)
    client = running.runway()
    first, second = (output_url(client.tasks.retrieve(task_id).to_dict()) for _ in range(2))
    assert first != second
    assert urlsplit(first).path == f"{PREFIX}/runway/cdn/{task_id}.mp4"
    assert requests.get(first, timeout=5).status_code == 200
    part = requests.get(first, headers={"Range": "bytes=-4"}, timeout=5)
    assert (part.status_code, len(part.content)) == (206, 4)
    assert requests.get(first, headers={"Range": "bytes=99999999-"}, timeout=5).status_code == 416
    assert requests.get(first[:-3], timeout=5).status_code == 403
    assert requests.get(first.partition("?")[0], timeout=5).status_code == 403
    skip(24 * 3600)
    assert requests.get(first, timeout=5).status_code == 403
    assert output(client.tasks.retrieve(task_id).to_dict())


def test_a_token_opens_one_output_only(running: Running, skip: Skip) -> None:
    one, other = (post(running, "text_to_video", TEXT).json()["id"] for _ in range(2))
    skip(1)
    url = output_url(running.runway().tasks.retrieve(one).to_dict())
    assert requests.get(url.replace(one, other), timeout=5).status_code == 403


@pytest.mark.parametrize("state", ["PENDING", "SUCCEEDED"])
def test_a_deleted_task_is_gone(running: Running, skip: Skip, state: str) -> None:
    client = running.runway()
    task_id = post(running, "text_to_video", TEXT | {"promptText": f"{QUICK} [sandbox:slow=60]"}).json()["id"]
    if state == "SUCCEEDED":
        skip(60)
    assert client.tasks.retrieve(task_id).status == state
    client.tasks.delete(task_id)
    with pytest.raises(runwayml.NotFoundError, match="Could not find Task"):
        client.tasks.retrieve(task_id)


def test_another_accounts_task_is_not_found_and_that_is_counted(running: Running) -> None:
    task_id = post(running, "text_to_video", TEXT).json()["id"]
    with pytest.raises(runwayml.NotFoundError):
        running.runway("stranger").tasks.delete(task_id)
    assert running.stats()["runway"]["accounts"]["stranger"]["foreign_access"] == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer key_live"}, 401),
        ({"Authorization": ""}, 401),
        ({"X-Runway-Version": "2023-01-01"}, 400),
    ],
)
def test_a_wrong_key_or_version_is_refused(running: Running, headers: dict[str, str], status: int) -> None:
    answer = post(running, "text_to_video", TEXT, headers)
    assert answer.status_code == status
    assert isinstance(answer.json()["error"], str)


@pytest.mark.parametrize(
    ("operation", "change", "code", "path"),
    [
        ("text_to_video", {"model": "gen4_turbo"}, "invalid_union", ["model"]),
        ("text_to_video", {"ratio": "16:9"}, "invalid_value", ["ratio"]),
        ("text_to_video", {"ratio": "1584:672"}, "invalid_value", ["ratio"]),
        ("text_to_video", {"duration": 11}, "too_big", ["duration"]),
        ("text_to_video", {"duration": 1}, "too_small", ["duration"]),
        ("text_to_video", {"duration": "4"}, "invalid_type", ["duration"]),
        ("text_to_video", {"duration": True}, "invalid_type", ["duration"]),
        ("text_to_video", {"duration": 2.5}, "invalid_type", ["duration"]),
        ("text_to_video", {"duration": None}, "invalid_type", ["duration"]),
        ("text_to_video", {"seed": -1}, "too_small", ["seed"]),
        ("text_to_video", {"audio": True}, "unrecognized_keys", []),
        ("text_to_video", {"model": "veo3.1", "duration": 5}, "invalid_value", ["duration"]),
        ("text_to_video", {"model": "veo3.1", "audio": 1, "duration": 4}, "invalid_type", ["audio"]),
        ("text_to_video", {"promptText": "🎹" * 501}, "too_big", ["promptText"]),
        ("text_to_video", {"promptText": ""}, "too_small", ["promptText"]),
        ("text_to_video", {"promptText": "[sandbox:nonsense]"}, "custom", ["promptText"]),
        (
            "text_to_video",
            {"contentModeration": {"publicFigureThreshold": "high"}},
            "invalid_value",
            ["contentModeration", "publicFigureThreshold"],
        ),
        ("image_to_video", {}, "invalid_type", ["promptImage"]),
        ("image_to_video", {"promptImage": "http://example.invalid/a.png"}, "custom", ["promptImage"]),
        ("image_to_video", {"promptImage": "https://192.0.2.1/a.png"}, "custom", ["promptImage"]),
        ("image_to_video", {"promptImage": "data:text/plain;base64,aGk="}, "custom", ["promptImage"]),
        ("image_to_video", {"promptImage": "data:image/png;base64,aGk="}, "custom", ["promptImage"]),
        ("image_to_video", {"promptImage": "https://[broken"}, "custom", ["promptImage"]),
        ("image_to_video", {"promptImage": "data:image/png;base64," + "A" * 5_300_000}, "custom", ["promptImage"]),
        ("image_to_video", {"promptImage": []}, "custom", ["promptImage"]),
        (
            "image_to_video",
            {"promptImage": [{"uri": IMAGE_URL, "position": "last"}]},
            "invalid_value",
            ["promptImage", 0, "position"],
        ),
        ("video_to_video", {}, "invalid_union", ["model"]),
    ],
)
def test_a_wrong_field_is_an_issue(
    running: Running, operation: str, change: dict[str, Any], code: str, path: list[Any]
) -> None:
    answer = post(running, operation, TEXT | change)
    assert answer.status_code == 400
    assert [(issue["code"], issue["path"]) for issue in answer.json()["issues"]] == [(code, path)]
    assert answer.json()["docUrl"].startswith("https://docs.dev.runwayml.com")


def test_all_findings_come_at_once(running: Running) -> None:
    answer = post(running, "text_to_video", {"model": "gen4.5", "seed": "x", "colour": 1, "shape": 2}).json()
    found = [(issue["code"], *issue["path"]) for issue in answer["issues"]]
    assert found == [
        ("invalid_type", "promptText"),
        ("invalid_type", "duration"),
        ("invalid_type", "seed"),
        ("invalid_value", "ratio"),
        ("unrecognized_keys",),
    ]
    assert "received undefined" in answer["issues"][0]["message"]
    assert post(running, "text_to_video", {}).json()["issues"][0]["path"] == ["model"]


@pytest.mark.parametrize(
    "image",
    [
        IMAGE_URL,
        "runway://upload",
        [{"uri": IMAGE_URL, "position": "first"}],
    ],
)
def test_an_image_may_be_remote_uploaded_or_listed(running: Running, image: Any) -> None:
    body = TEXT | {"promptImage": image, "ratio": "1584:672"}
    assert post(running, "image_to_video", body).json()["estimatedCost"] == {"credits": 24}


@pytest.mark.parametrize(
    ("model", "more", "credits"),
    [
        ("gen4.5", {"duration": 10}, 120),
        ("veo3.1", {}, 160),
        ("veo3.1", {"audio": True, "duration": 4}, 160),
        ("veo3.1_fast", {"duration": 6}, 60),
        ("veo3.1_fast", {"audio": True, "duration": 6}, 90),
    ],
)
def test_a_price_is_per_second_and_sound_is_extra(
    running: Running, model: str, more: dict[str, Any], credits: int
) -> None:
    body = {"model": model, "promptText": QUICK, "ratio": "720:1280"} | more
    assert post(running, "text_to_video", body).json()["estimatedCost"] == {"credits": credits}


def test_gen4_turbo_makes_ten_seconds_by_default(running: Running) -> None:
    body = {"model": "gen4_turbo", "promptText": QUICK, "promptImage": IMAGE_URL, "ratio": "960:960"}
    assert post(running, "image_to_video", body).json()["estimatedCost"] == {"credits": 50}


def test_unknown_paths_and_methods_are_refused_in_runways_words(running: Running) -> None:
    for method, status in (("GET", 404), ("PUT", 404)):
        answer = requests.request(method, f"{running.url}/runway/v1/generate", timeout=5)
        assert (answer.status_code, list(answer.json())) == (status, ["error"])
    answer = requests.put(f"{running.url}/runway/v1/text_to_video", timeout=5)
    assert (answer.status_code, list(answer.json())) == (405, ["error"])


@pytest.mark.parametrize(
    "body", ["{", '{"model": "gen4.5", "duration": Infinity}', '{"model": "gen4.5", "seed": 1e999}']
)
def test_a_body_that_is_no_json_or_has_no_finite_numbers_is_refused(running: Running, body: str) -> None:
    headers = {"Authorization": "Bearer key_sandbox_alice", "X-Runway-Version": "2024-11-06"}
    url = f"{running.url}/runway/v1/text_to_video"
    assert requests.post(url, data=body, headers=headers, timeout=5).status_code == 400
