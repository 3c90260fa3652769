"""xAI through the whole gateway, over HTTP, against its emulator; every exchange is judged by the documents."""

from __future__ import annotations

import io
import time
from functools import partial
from typing import Any

import av
import pytest

from tests.gateway import Gateway
from tests.handlers.providers.live import QUICK, content, data_url, ended

MODEL = "xai/grok-imagine-video"

made = partial(ended, MODEL)


def tried(gateway: Gateway) -> list[int]:
    """How many creates the provider has seen."""
    counts = gateway.stats()["xai"]
    return [counts["creates_accepted"], counts["creates_refused"]]


def test_a_video_is_made_from_text(gateway: Gateway) -> None:
    done = made(gateway, "a paper boat", seconds="2", size="848x480")
    assert (done["status"], done["progress"], done["seconds"], done["size"]) == ("completed", 100, "2", "848x480")
    assert done["usage"] == {"cost": 0.1, "estimated_cost": 0.1, "currency": "USD"}
    with av.open(io.BytesIO(content(gateway, done).content), "r") as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 848, 480)
        assert len(film.streams.audio) == 1


def test_a_video_is_made_from_an_image(gateway: Gateway, png: bytes) -> None:
    reference = data_url(png)
    done = made(gateway, "it sails", input_reference=reference, seconds=1, size="1280x720", audio=False)
    assert (done["status"], done["usage"]["cost"]) == ("completed", pytest.approx(0.072))
    with av.open(io.BytesIO(content(gateway, done).content), "r") as film:
        assert not film.streams.audio
        first = next(film.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    assert first.getpixel((640, 200)) == pytest.approx((200, 30, 30), abs=12)


def test_a_video_is_made_from_a_video_and_a_finished_one_is_remixed(gateway: Gateway) -> None:
    edited = made(gateway, video_uri="https://example.invalid/boat.mp4")
    assert (edited["status"], edited["seconds"]) == ("completed", "5")
    source = made(gateway, model="xai/grok-imagine-video-1.5", seconds=3)
    path = f"/v1/videos/{source['id']}/remix"
    remix = gateway.ask("POST", path, json={"prompt": f"in the snow {QUICK}"}).json()
    assert (remix["model"], remix["remixed_from_video_id"]) == (MODEL, source["id"])
    assert gateway.finished(remix["id"])["status"] == "completed"


def test_a_part_of_the_content_can_be_had(gateway: Gateway) -> None:
    job = made(gateway)
    part = content(gateway, job, range="bytes=4-7")
    assert (part.status_code, part.content) == (206, b"ftyp")
    still = gateway.ask("GET", f"/v1/videos/{job['id']}/content?variant=thumbnail")
    assert (still.status_code, still.headers["content-type"]) == (200, "image/webp")


def test_a_deleted_video_is_gone_here_though_the_provider_cannot_delete(gateway: Gateway) -> None:
    job = made(gateway)
    assert gateway.ask("DELETE", f"/v1/videos/{job['id']}").json()["deleted"] is True
    assert gateway.ask("GET", f"/v1/videos/{job['id']}").status_code == 404


def test_a_failure_carries_the_providers_own_words(gateway: Gateway) -> None:
    failed = made(gateway, "broken [sandbox:fail]")
    assert (failed["status"], failed["error"]["code"]) == ("failed", "internal_error")
    assert failed["error"]["message"] == "The video could not be generated."


@pytest.mark.parametrize("directive", ["filtered", "refuse"])  # a flag on a finished video; a 400 in place of a status
def test_withheld_content_is_a_failed_job_that_costs(gateway: Gateway, directive: str) -> None:
    failed = made(gateway, f"nasty [sandbox:{directive}]", seconds=5)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "content_filtered")
    assert failed["content_filter"]["filtered_count"] == 1
    assert failed["usage"]["cost"] == 0.25
    assert content(gateway, failed).status_code == 404


def test_an_unknown_status_word_is_kept_and_the_job_goes_on(gateway: Gateway) -> None:
    created = gateway.create(f"{QUICK} [sandbox:weird] [sandbox:slow=1]", model=MODEL)
    seen = set[str]()
    while (job := gateway.ask("GET", f"/v1/videos/{created['id']}").json())["status"] != "completed":
        seen.add(job["extra_fields"].get("provider_status", ""))
        time.sleep(0.05)
    assert seen == {"", "dreaming"}


def test_a_rate_limited_provider_is_asked_again_and_then_the_next_target(gateway: Gateway) -> None:
    created = gateway.create(
        f"{QUICK} [sandbox:429 times=3]", model=MODEL, fallbacks=["xai/grok-imagine-video-1.5"], seconds=1
    )
    assert created["model"] == "xai/grok-imagine-video-1.5"
    outcomes = [attempt["outcome"] for attempt in created["extra_fields"]["attempts"]]
    assert outcomes == ["rate_limited", "rate_limited", "rate_limited", "accepted"]


@pytest.mark.parametrize("directive", ["401", "quota"])  # a 400 and a 429, told apart by their text
def test_a_key_that_is_refused_is_not_tried_again(gateway: Gateway, directive: str) -> None:
    refused = gateway.ask("POST", "/v1/videos", json={"model": MODEL, "prompt": f"x [sandbox:{directive}]"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (502, "upstream_credentials_exhausted")
    assert [attempt["outcome"] for attempt in refused.json()["extra_fields"]["attempts"]] == ["unauthorized"]


@pytest.mark.parametrize("directive", ["502", "drop-after", "garbage"])
def test_a_lost_answer_to_a_create_is_unknown_and_not_repeated(gateway: Gateway, directive: str) -> None:
    before = gateway.stats()["xai"]["creates_accepted"]
    body = {"model": MODEL, "prompt": f"{QUICK} [sandbox:{directive}]", "fallbacks": ["runway/gen4.5"]}
    lost = gateway.ask("POST", "/v1/videos", json=body)
    assert (lost.status_code, lost.json()["error"]["code"]) == (504, "submission_unknown")
    assert gateway.stats()["xai"]["creates_accepted"] == before + 1


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"seed": 7}, "seed"),
        ({"size": "1920x1080"}, "size"),
        ({"seconds": 16}, "seconds"),
        ({"video_uri": "https://example.invalid/boat.mp4", "seconds": 4}, "seconds"),
    ],
)
def test_what_cannot_be_honoured_is_refused_before_anything_is_made(
    gateway: Gateway, fields: dict[str, Any], param: str
) -> None:
    before = tried(gateway)
    refused = gateway.ask("POST", "/v1/videos", json={"model": MODEL, "prompt": "x", **fields})
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["param"]) == (400, "unsupported_parameter", param)
    assert tried(gateway) == before
