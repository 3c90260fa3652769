"""The Gemini API through the whole gateway, over HTTP, against its emulator; every exchange is judged by the documents."""

from __future__ import annotations

import io
from functools import partial
from typing import Any

import av
import pytest

from tests.gateway import Gateway
from tests.handlers.providers.live import QUICK, content, data_url, ended

OMNI = "gemini/gemini-omni-1.1-flash"
VEO = "gemini/veo-3.1-fast-generate-preview"
FILE = "https://example.invalid/v1beta/files/abc"

made = partial(ended, OMNI)


def test_a_video_is_made_from_text(gateway: Gateway) -> None:
    done = made(gateway, "a paper boat", seconds="3", size="640x360")
    assert (done["status"], done["progress"], done["seconds"], done["size"]) == ("completed", 100, "3", "640x360")
    assert done["usage"]["cost"] == 0.304085  # 17376 tokens of video, 3 of prompt
    assert done["expires_at"] == pytest.approx(done["completed_at"] + 48 * 3600, abs=30)
    with av.open(io.BytesIO(content(gateway, done).content), "r") as film:
        (stream,) = film.streams.video
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 640, 360)
        assert film.duration == pytest.approx(3_000_000, abs=100_000)


def test_a_video_is_made_from_an_image(gateway: Gateway, png: bytes) -> None:
    image = data_url(png)
    done = made(gateway, "it sails", input_reference=image, seconds=3, size="640x360")
    with av.open(io.BytesIO(content(gateway, done).content), "r") as film:
        first = next(film.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    assert first.getpixel((320, 100)) == pytest.approx((200, 30, 30), abs=12)
    assert made(gateway, model=VEO, input_reference=image)["status"] == "completed"


@pytest.mark.parametrize("model", [OMNI, VEO])
def test_a_video_is_made_from_a_video_and_a_finished_one_is_remixed(gateway: Gateway, model: str) -> None:
    source = made(gateway, model=model, video_uri=FILE)
    assert source["status"] == "completed"
    remix = gateway.ask("POST", f"/v1/videos/{source['id']}/remix", json={"prompt": f"in the snow {QUICK}"}).json()
    assert (remix["model"], remix["remixed_from_video_id"]) == (model, source["id"])
    assert gateway.finished(remix["id"])["status"] == "completed"
    assert content(gateway, remix).content[4:8] == b"ftyp"


@pytest.mark.parametrize("more", [{"background": False}, {"response_format": {"delivery": "inline"}}])
def test_extra_fields_decide_how_the_video_comes(gateway: Gateway, more: dict[str, Any]) -> None:
    created = gateway.create(model=OMNI, **more)
    assert created["status"] == "in_progress"  # also when it is done at once: its file is yet to be fetched
    assert created.get("progress") == (100 if "background" in more else None)
    done = gateway.finished(created["id"])
    assert content(gateway, done).content[4:8] == b"ftyp"
    part = content(gateway, done, Range="bytes=4-7")
    assert (part.status_code, part.content) == (206, b"ftyp")


def test_a_still_is_made_from_the_video(gateway: Gateway) -> None:
    still = gateway.ask("GET", f"/v1/videos/{made(gateway)['id']}/content?variant=thumbnail")
    assert (still.status_code, still.headers["content-type"]) == (200, "image/webp")


@pytest.mark.parametrize("prompt", ["never ends [sandbox:stuck]", QUICK])
def test_a_running_video_is_cancelled_and_a_finished_one_deleted(gateway: Gateway, prompt: str) -> None:
    created = gateway.create(prompt, model=OMNI)
    if prompt == QUICK:
        gateway.finished(created["id"])
    before = gateway.stats()["gemini"]["deletes"]
    assert gateway.ask("DELETE", f"/v1/videos/{created['id']}").status_code == 200
    assert gateway.stats()["gemini"]["deletes"] == before + 1
    assert gateway.ask("GET", f"/v1/videos/{created['id']}").status_code == 404


def test_veo_has_no_delete_and_is_forgotten_here(gateway: Gateway) -> None:
    done = made(gateway, model=VEO)
    before = gateway.stats()["gemini"]["deletes"]
    assert gateway.ask("DELETE", f"/v1/videos/{done['id']}").status_code == 200
    assert gateway.stats()["gemini"]["deletes"] == before


@pytest.mark.parametrize(("model", "code"), [(OMNI, "https://ai.google.dev/errors/internal"), (VEO, "INTERNAL")])
def test_a_failure_carries_the_providers_own_words(gateway: Gateway, model: str, code: str) -> None:
    failed = made(gateway, "broken [sandbox:fail]", model=model)
    assert (failed["status"], failed["error"]["code"]) == ("failed", code)
    assert failed["error"]["message"]


@pytest.mark.parametrize("directive", ["filtered", "refuse"])
@pytest.mark.parametrize("model", [OMNI, VEO])
def test_withheld_content_is_a_failed_job_with_the_reason(gateway: Gateway, model: str, directive: str) -> None:
    failed = made(gateway, f"nasty [sandbox:{directive}]", model=model)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "content_filtered")
    assert failed["content_filter"]["filtered_count"] == 1
    assert failed["content_filter"]["reasons"] == [failed["error"]["message"]]


def test_what_the_model_does_not_take_is_refused_before_anything_is_made(gateway: Gateway) -> None:
    before = gateway.stats()["gemini"]
    for model, field, value in (
        (OMNI, "seed", 1),
        (OMNI, "audio", True),
        (OMNI, "size", "1792x1024"),
        (VEO, "seed", 1),
    ):
        body = {"model": model, "prompt": "x", field: value}
        refused = gateway.ask("POST", "/v1/videos", json=body)
        error = refused.json()["error"]
        assert (refused.status_code, error["code"], error["param"]) == (400, "unsupported_parameter", field)
    body = {"model": VEO, "prompt": "x", "input_reference": "https://example.invalid/i.png"}
    refused = gateway.ask("POST", "/v1/videos", json=body)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "input_reference")
    assert gateway.stats()["gemini"] == before


def test_what_the_provider_refuses_is_told_by_our_name(gateway: Gateway) -> None:
    body = {"model": VEO, "prompt": "x", "seconds": 4, "size": "1920x1080"}
    refused = gateway.ask("POST", "/v1/videos", json=body)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "seconds")
    assert "must be 8" in refused.json()["error"]["message"]


def test_an_unknown_status_word_is_kept_until_the_job_goes_on(gateway: Gateway) -> None:
    created = gateway.create(f"{QUICK} [sandbox:weird]", model=OMNI)
    assert (created["status"], created["extra_fields"]["provider_status"]) == ("in_progress", "dreaming")
    done = gateway.finished(created["id"])
    assert done["status"] == "completed" and "provider_status" not in done["extra_fields"]


def test_a_rate_limited_provider_is_asked_again_and_then_the_next_target(gateway: Gateway) -> None:
    created = gateway.create(f"{QUICK} [sandbox:429 times=3]", model=OMNI, fallbacks=[VEO])
    assert created["model"] == VEO
    outcomes = [attempt["outcome"] for attempt in created["extra_fields"]["attempts"]]
    assert outcomes == ["rate_limited", "rate_limited", "rate_limited", "accepted"]


@pytest.mark.parametrize("directive", ["401", "quota"])
def test_a_key_that_is_refused_is_not_tried_again(gateway: Gateway, directive: str) -> None:
    refused = gateway.ask("POST", "/v1/videos", json={"model": OMNI, "prompt": f"x [sandbox:{directive}]"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (502, "upstream_credentials_exhausted")
    assert [attempt["outcome"] for attempt in refused.json()["extra_fields"]["attempts"]] == ["unauthorized"]


@pytest.mark.parametrize("directive", ["502", "drop-after", "garbage"])
def test_a_lost_answer_to_a_create_is_unknown_and_not_repeated(gateway: Gateway, directive: str) -> None:
    before = gateway.stats()["gemini"]["creates_accepted"]
    body = {"model": OMNI, "prompt": f"{QUICK} [sandbox:{directive}]", "fallbacks": ["runway/gen4.5"]}
    lost = gateway.ask("POST", "/v1/videos", json=body)
    assert (lost.status_code, lost.json()["error"]["code"]) == (504, "submission_unknown")
    assert gateway.stats()["gemini"]["creates_accepted"] == before + 1
