"""Plain HTTP against the xAI emulator: the vendor's SDK speaks gRPC, its REST API has no client of its own."""

import base64
import io
from collections.abc import Callable
from typing import Any

import av
import pytest
import requests

from tests.sandbox.conftest import Running

QUICK = "a kite [sandbox:no-render]"
LEAST: dict[str, Any] = {"model": "grok-imagine-video", "prompt": QUICK}
Skip = Callable[[float], None]


def ask(running: Running, method: str, path: str, account: str = "alice", **kwargs: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer xai-sandbox-{account}"}
    return requests.request(method, f"{running.url}/xai/v1{path}", headers=headers, timeout=10, **kwargs)


def create(running: Running, endpoint: str = "generations", **fields: Any) -> str:
    answer = ask(running, "POST", f"/videos/{endpoint}", json=LEAST | fields)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["request_id"])


def done(running: Running, skip: Skip, request_id: str, seconds: float = 1) -> dict[str, Any]:
    skip(seconds)
    answer = ask(running, "GET", f"/videos/{request_id}")
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def test_text_becomes_a_video_with_sound(running: Running, skip: Skip) -> None:
    request_id = create(running, prompt="A kite above the dunes", duration=2, aspect_ratio="3:4", resolution="720p")
    body = done(running, skip, request_id)
    assert body | {"video": None} == {
        "status": "done",
        "model": "grok-imagine-video",
        "progress": 100,
        "video": None,
        "usage": {"cost_in_usd_ticks": 1_400_000_000},
    }
    assert (body["video"]["duration"], body["video"]["respect_moderation"]) == (2, True)
    content = requests.get(body["video"]["url"], timeout=10).content
    with av.open(io.BytesIO(content), "r") as film:
        (stream,) = film.streams.video
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 720, 960)
        assert film.duration == pytest.approx(2_000_000, abs=50_000)
        assert len(film.streams.audio) == 1


def test_an_image_opens_the_video(running: Running, skip: Skip, picture: Callable[[int, int], bytes]) -> None:
    url = f"data:image/png;base64,{base64.b64encode(picture(848, 480)).decode()}"
    request_id = create(running, prompt="it moves", image={"url": url}, duration=1, generate_audio=False)
    body = done(running, skip, request_id)
    assert body["usage"]["cost_in_usd_ticks"] == 520_000_000
    with av.open(io.BytesIO(requests.get(body["video"]["url"], timeout=10).content), "r") as film:
        assert not film.streams.audio
        first = next(film.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    assert first.size == (848, 480)
    assert first.getpixel((424, 60)) == pytest.approx((200, 30, 30), abs=12)


def test_an_edit_is_as_its_source_is(running: Running, skip: Skip) -> None:
    source = done(running, skip, create(running, duration=3))["video"]["url"]
    request_id = create(running, "edits", prompt="in the snow [sandbox:no-render]", video={"url": source})
    assert done(running, skip, request_id)["status"] == "done"
    elsewhere = create(running, "edits", video={"url": "https://example.invalid/v.mp4"})
    assert done(running, skip, elsewhere)["usage"] == {"cost_in_usd_ticks": 2_500_000_000}


def test_a_request_is_pending_with_202_and_then_has_progress(running: Running, skip: Skip) -> None:
    request_id = create(running, prompt=f"{QUICK} [sandbox:slow=100]")
    queued = ask(running, "GET", f"/videos/{request_id}")
    assert (queued.status_code, queued.json()["status"], queued.json()["progress"]) == (202, "pending", 0)
    skip(42)
    rendering = ask(running, "GET", f"/videos/{request_id}")
    assert (rendering.status_code, rendering.json()["progress"]) == (202, 42)


def test_an_output_is_good_for_a_day(running: Running, skip: Skip) -> None:
    request_id = create(running)
    url = done(running, skip, request_id)["video"]["url"]
    part = requests.get(url, headers={"Range": "bytes=-4"}, timeout=5)
    assert (part.status_code, len(part.content)) == (206, 4)
    assert requests.get(url.replace(request_id, "other"), timeout=5).status_code == 404
    skip(24 * 3600)
    assert requests.get(url, timeout=5).status_code == 404


@pytest.mark.parametrize(
    ("directive", "status", "expected"),
    [
        ("fail", 200, {"status": "failed", "error": {"code": "internal_error"}}),
        ("filtered", 200, {"status": "done", "video": {"respect_moderation": False}}),
        ("refuse", 400, {"error": "Generated video rejected by content moderation."}),
        ("weird", 202, {"status": "dreaming"}),
        ("throttled", 202, {"status": "pending"}),
        ("stuck", 202, {"status": "pending"}),
    ],
)
def test_trouble_with_a_request_that_was_taken(
    running: Running, skip: Skip, directive: str, status: int, expected: dict[str, Any]
) -> None:
    request_id = create(running, prompt=f"{QUICK} [sandbox:{directive}] [sandbox:slow=100]")
    skip(45 if status == 202 else 60)
    answer = ask(running, "GET", f"/videos/{request_id}")
    assert answer.status_code == status
    for name, value in expected.items():
        found = answer.json()[name]
        assert found == value if isinstance(value, str) else found.items() >= value.items()
    assert "usage" in answer.json() or directive not in ("filtered", "refuse")


@pytest.mark.parametrize(
    ("directive", "status"), [("401", 400), ("429", 429), ("quota", 429), ("500", 500), ("503", 503)]
)
def test_trouble_with_a_request_that_is_not_taken(running: Running, directive: str, status: int) -> None:
    before = running.stats()["xai"]
    answer = ask(running, "POST", "/videos/generations", json=LEAST | {"prompt": f"[sandbox:{directive}]"})
    assert answer.status_code == status
    assert answer.json().keys() == {"code", "error"}
    assert ("retry-after" in answer.headers) == (status == 429)
    after = running.stats()["xai"]
    assert after["creates_refused"] == before["creates_refused"] + 1
    assert after["creates_accepted"] == before["creates_accepted"]


@pytest.mark.parametrize(("key", "status"), [("", 401), ("Bearer xai-live", 400), ("xai-sandbox-alice", 400)])
def test_a_wrong_key_is_refused(running: Running, key: str, status: int) -> None:
    url = f"{running.url}/xai/v1/videos/generations"
    assert requests.post(url, json=LEAST, headers={"Authorization": key}, timeout=5).status_code == status


def test_another_accounts_request_is_not_found_and_that_is_counted(running: Running) -> None:
    request_id = create(running)
    assert ask(running, "GET", f"/videos/{request_id}", "stranger").status_code == 404
    assert running.stats()["xai"]["accounts"]["stranger"]["foreign_access"] == 1


@pytest.mark.parametrize(
    ("endpoint", "fields", "status"),
    [
        ("generations", {"duration": 16}, 400),
        ("generations", {"duration": "8"}, 400),
        ("generations", {"aspect_ratio": "21:9"}, 400),
        ("generations", {"resolution": "1080p"}, 400),
        ("generations", {"model": "grok-9"}, 404),
        ("generations", {"seed": 7}, 400),
        ("generations", {"image": {"url": "a", "file_id": "b"}}, 400),
        ("generations", {"image": {"url": "data:image/png;base64,AAAA"}}, 400),
        ("generations", {"prompt": "[sandbox:nonsense]"}, 400),
        ("edits", {}, 422),
        ("edits", {"video": {"url": "ftp://x/v.mp4"}}, 400),
        ("edits", {"video": {"url": "https://x/v.mp4"}, "duration": 4}, 400),
        ("edits", {"video": {"url": "https://x/v.mp4"}, "model": "grok-imagine-video-1.5"}, 400),
    ],
)
def test_a_wrong_field_is_refused(running: Running, endpoint: str, fields: dict[str, Any], status: int) -> None:
    answer = ask(running, "POST", f"/videos/{endpoint}", json=LEAST | fields)
    assert answer.status_code == status, answer.text
    assert isinstance(answer.json()["error"], str)


def test_a_source_may_not_be_long(running: Running, skip: Skip) -> None:
    url = done(running, skip, create(running, prompt="[sandbox:no-render]", duration=9))["video"]["url"]
    assert create(running, "edits", video={"url": url})  # the placeholder lasts a second
    long = create(running, prompt="long [sandbox:slow=1]", duration=9)
    body = ask(
        running, "POST", "/videos/edits", json=LEAST | {"video": {"url": url.rpartition("/")[0] + f"/{long}.mp4"}}
    )
    assert (body.status_code, "longer than" in body.text) == (400, True)


def test_unknown_paths_methods_and_bodies_are_refused_in_xais_words(running: Running) -> None:
    assert ask(running, "GET", "/videos").json().keys() == {"code", "error"}
    assert ask(running, "DELETE", "/videos/x").status_code == 405
    assert ask(running, "POST", "/videos/generations", data="{").status_code == 400
