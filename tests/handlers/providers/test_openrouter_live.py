"""OpenRouter through the whole gateway, over HTTP, against its emulator; every exchange is judged by the documents."""

from __future__ import annotations

import io
from functools import partial

import av
import pytest

from tests.gateway import Gateway
from tests.handlers.providers.live import QUICK, content, data_url, ended

MODEL, SEEDANCE = "openrouter/google/veo-3.1", "openrouter/bytedance/seedance-2.0"

made = partial(ended, MODEL)


def test_a_video_is_made_from_text(gateway: Gateway) -> None:
    done = made(gateway, "a paper boat", seconds="4", size="1280x720", audio=True, seed=7)
    assert (done["status"], done["progress"], done["seconds"], done["size"]) == ("completed", 100, "4", "1280x720")
    assert done["usage"] == {"cost": 1.6, "currency": "USD"}
    assert done["expires_at"] == pytest.approx(done["completed_at"] + 86_400, abs=30)
    with av.open(io.BytesIO(content(gateway, done).content)) as film:
        stream = film.streams.video[0]
        assert (stream.width, stream.height, len(film.streams.audio)) == (1280, 720, 1)
    part = content(gateway, done, range="bytes=4-7")
    assert (part.status_code, part.content) == (206, b"ftyp")
    still = content(gateway, done, "?variant=thumbnail")
    assert (still.status_code, still.headers["content-type"]) == (200, "image/webp")


def test_a_video_is_made_from_an_image(gateway: Gateway, png: bytes) -> None:
    done = made(gateway, "it sails", input_reference=data_url(png), seconds=4, size="1280x720")
    with av.open(io.BytesIO(content(gateway, done).content), "r") as film:
        first = next(film.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    assert first.getpixel((640, 200)) == pytest.approx((200, 30, 30), abs=12)


def test_a_video_is_made_from_a_video_and_continued(gateway: Gateway) -> None:
    source = made(gateway, model=SEEDANCE, video_uri="https://example.invalid/boat.mp4", resolution="720p")
    path = f"/v1/videos/{source['id']}/remix"
    remix = gateway.ask("POST", path, json={"prompt": f"in the snow {QUICK}"}).json()
    assert (remix["model"], remix["remixed_from_video_id"]) == (SEEDANCE, source["id"])
    assert gateway.finished(remix["id"])["usage"]["cost"] == pytest.approx(0.7)


def test_a_model_that_cannot_continue_says_so(gateway: Gateway) -> None:
    source = made(gateway)
    refused = gateway.ask("POST", f"/v1/videos/{source['id']}/remix", json={"prompt": "in the snow"})
    assert (refused.status_code, "previous_job_id" in refused.json()["error"]["message"]) == (400, True)


def test_a_deleted_video_is_gone_here_though_the_provider_cannot_delete(gateway: Gateway) -> None:
    job = made(gateway)
    assert gateway.ask("DELETE", f"/v1/videos/{job['id']}").json()["deleted"] is True
    assert gateway.ask("GET", f"/v1/videos/{job['id']}").status_code == 404


def test_a_failure_carries_the_providers_own_words(gateway: Gateway) -> None:
    failed = made(gateway, "broken [sandbox:fail]")
    assert (failed["status"], failed["error"]["code"]) == ("failed", "provider_failed")
    assert failed["error"]["message"] == "The provider failed to generate the video."


@pytest.mark.parametrize("directive", ["filtered", "refuse"])  # a failed job; a 403 in place of one
def test_withheld_content_is_a_failed_job(gateway: Gateway, directive: str) -> None:
    failed = made(gateway, f"nasty [sandbox:{directive}]")
    assert (failed["status"], failed["error"]["code"]) == ("failed", "content_filtered")
    assert failed["content_filter"]["filtered_count"] == 1


def test_spent_credits_lead_to_the_next_target(gateway: Gateway) -> None:
    created = gateway.create(f"{QUICK} [sandbox:quota times=1]", model=MODEL, fallbacks=[SEEDANCE])
    outcomes = [(attempt["model"], attempt["outcome"]) for attempt in created["extra_fields"]["attempts"]]
    assert outcomes == [("google/veo-3.1", "unauthorized"), ("bytedance/seedance-2.0", "accepted")]


def test_a_negative_prompt_is_refused_and_nothing_made(gateway: Gateway) -> None:
    before = gateway.stats()["openrouter"]["creates_accepted"]
    body = {"model": MODEL, "prompt": "x", "negative_prompt": "rain"}
    error = gateway.ask("POST", "/v1/videos", json=body).json()["error"]
    assert (error["code"], error["param"]) == ("unsupported_parameter", "negative_prompt")
    assert gateway.stats()["openrouter"]["creates_accepted"] == before


def test_a_key_that_is_refused_is_not_tried_again(gateway: Gateway) -> None:
    refused = gateway.ask("POST", "/v1/videos", json={"model": MODEL, "prompt": "x [sandbox:401]"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (502, "upstream_credentials_exhausted")
    assert [attempt["outcome"] for attempt in refused.json()["extra_fields"]["attempts"]] == ["unauthorized"]


def test_a_rate_limited_provider_is_asked_again_and_then_the_next_target(gateway: Gateway) -> None:
    created = gateway.create(f"{QUICK} [sandbox:429 times=3]", model=MODEL, fallbacks=[SEEDANCE])
    outcomes = [attempt["outcome"] for attempt in created["extra_fields"]["attempts"]]
    assert outcomes == ["rate_limited", "rate_limited", "rate_limited", "accepted"]


@pytest.mark.parametrize("directive", ["502", "drop-after", "garbage"])
def test_a_lost_answer_to_a_create_is_unknown_and_not_repeated(gateway: Gateway, directive: str) -> None:
    before = gateway.stats()["openrouter"]["creates_accepted"]
    body = {"model": MODEL, "prompt": f"{QUICK} [sandbox:{directive}]", "fallbacks": ["runway/gen4.5"]}
    lost = gateway.ask("POST", "/v1/videos", json=body)
    assert (lost.status_code, lost.json()["error"]["code"]) == (504, "submission_unknown")
    assert gateway.stats()["openrouter"]["creates_accepted"] == before + 1


def test_an_unknown_status_word_is_kept_and_the_job_goes_on(gateway: Gateway) -> None:
    created = gateway.create(f"{QUICK} [sandbox:weird] [sandbox:slow=1]", model=MODEL)
    seen = set[str]()
    while (job := gateway.ask("GET", f"/v1/videos/{created['id']}").json())["status"] != "completed":
        seen.add(job["extra_fields"].get("provider_status", ""))
    assert seen == {"", "warming_up"}
