"""Replicate through the whole gateway, over HTTP, against its emulator; every exchange is judged by the documents."""

from __future__ import annotations

import base64
import io
import random
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import av
import pytest
from PIL import Image
from pydantic import SecretStr

from handlers.providers.adapter import Account
from handlers.providers.emulation import emulation
from handlers.providers.replicate import Replicate
from handlers.upstream import Upstream
from sandbox.replicate_models import MODELS
from tests.gateway import Gateway
from tests.handlers.providers.live import QUICK, content, ended

SEEDANCE = "replicate/bytedance/seedance-2.0"
ALEPH = "replicate/runwayml/gen4-aleph"
VACE = "prunaai/vace-14b"
VIDEO = "https://example.invalid/boat.mp4"

made = partial(ended, SEEDANCE)


def tried(gateway: Gateway) -> list[int]:
    """How many creates the provider has seen."""
    counts = gateway.stats()["replicate"]
    return [counts["creates_accepted"], counts["creates_refused"]]


def photograph() -> bytes:
    """A picture that does not compress: red above, noise below, more than 256 KiB."""
    image = Image.new("RGB", (1280, 720), (200, 30, 30))
    noise = random.Random(7).randbytes(1280 * 360 * 3)
    image.paste(Image.frombytes("RGB", (1280, 360), noise), (0, 360))
    image.save(buffer := io.BytesIO(), "PNG")
    return buffer.getvalue()


def test_a_video_is_made_from_text(gateway: Gateway) -> None:
    done = made(gateway, "a paper boat", seconds="2", size="1280x720", audio=False, seed=7)
    assert (done["status"], done["progress"], done["seconds"], done["size"]) == ("completed", 100, "2", "1280x720")
    assert done["expires_at"] == pytest.approx(done["completed_at"] + 3600, abs=30)
    assert "usage" not in done  # the provider does not tell the cost
    with av.open(io.BytesIO(content(gateway, done).content), "r") as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 1280, 720)
        assert film.duration == pytest.approx(2_000_000, abs=100_000)


@pytest.mark.parametrize("large", [True, False])
def test_a_video_is_made_from_an_image(gateway: Gateway, png: bytes, large: bool) -> None:
    image = photograph() if large else png
    before = sum(exchange.url.endswith("/v1/files") for exchange in gateway.exchanges)
    done = made(
        gateway,
        f"it sails {large}",
        input_reference=f"data:image/png;base64,{base64.b64encode(image).decode()}",
        seconds=2,
        size="1280x720",
    )
    assert done["status"] == "completed"
    assert sum(exchange.url.endswith("/v1/files") for exchange in gateway.exchanges) - before == large
    with av.open(io.BytesIO(content(gateway, done).content), "r") as film:
        first = next(film.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    assert first.getpixel((640, 200)) == pytest.approx((200, 30, 30), abs=12)


def test_a_video_is_made_from_a_video_and_a_finished_one_is_remixed(gateway: Gateway) -> None:
    source = made(gateway, model=ALEPH, video_uri=VIDEO)
    assert source["status"] == "completed"
    remix = gateway.ask("POST", f"/v1/videos/{source['id']}/remix", json={"prompt": f"in the snow {QUICK}"}).json()
    assert (remix["model"], remix["remixed_from_video_id"]) == (ALEPH, source["id"])
    assert gateway.finished(remix["id"])["status"] == "completed"


def test_a_model_that_takes_no_video_cannot_remix(gateway: Gateway) -> None:
    source = made(gateway)
    refused = gateway.ask("POST", f"/v1/videos/{source['id']}/remix", json={"prompt": "in the snow"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "unsupported_operation")


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (VACE, {"size": "832x480"}),
        (f"{VACE}:{MODELS[VACE].version}", {"size": "720x1280"}),
        (MODELS[VACE].version, {"seed": 7}),
        ("deployments/reelgate/clips", {"seed": 7}),
        ("kwaivgi/kling-v2.5-turbo-pro", {"seconds": 10, "negative_prompt": "rain", "aspect_ratio": "1:1"}),
        ("google/veo-3.1-fast", {"seconds": "4", "size": "1080x1920", "audio": True}),
    ],
)
def test_each_form_of_a_models_name_and_each_models_inputs_work(
    gateway: Gateway, model: str, fields: dict[str, Any]
) -> None:
    model = model.replace("reelgate", emulation(gateway.settings).account)  # whose the deployment is
    done = made(gateway, model=f"replicate/{model}", **fields)
    assert (done["status"], done["model"]) == ("completed", f"replicate/{model}")
    assert content(gateway, done).content[4:8] == b"ftyp"


@pytest.mark.parametrize(
    ("model", "fields", "param"),
    [
        (SEEDANCE, {"negative_prompt": "rain"}, "negative_prompt"),
        (SEEDANCE, {"video_uri": VIDEO}, "video_uri"),
        (SEEDANCE, {"size": "1000x1000"}, "size"),
        (SEEDANCE, {"cfg_scale": 0.5}, "cfg_scale"),
        (f"replicate/{VACE}", {"seconds": 5}, "seconds"),
        ("replicate/kwaivgi/kling-v2.5-turbo-pro", {"seconds": 7}, "seconds"),
        ("replicate/kwaivgi/kling-v2.5-turbo-pro", {"size": "1280x720"}, "size"),
    ],
)
def test_what_the_model_has_no_input_for_is_refused_before_anything_is_made(
    gateway: Gateway, model: str, fields: dict[str, Any], param: str
) -> None:
    before = tried(gateway)
    refused = gateway.ask("POST", "/v1/videos", json={"model": model, "prompt": "x", **fields})
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["param"]) == (400, "unsupported_parameter", param)
    assert tried(gateway) == before


def test_what_the_provider_refuses_is_told_by_our_name(gateway: Gateway) -> None:
    refused = gateway.ask("POST", "/v1/videos", json={"model": SEEDANCE, "prompt": "x", "seconds": 16})
    assert (refused.status_code, refused.json()["error"]["param"]) == (422, "seconds")


def test_a_model_that_is_not_there_is_not_found_and_the_next_target_is_asked(gateway: Gateway) -> None:
    body = {"model": "replicate/nobody/nothing", "prompt": QUICK}
    missing = gateway.ask("POST", "/v1/videos", json=body)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "model_not_found")
    assert gateway.create(**body, fallbacks=[SEEDANCE])["model"] == SEEDANCE


def test_a_part_of_the_content_can_be_had(gateway: Gateway) -> None:
    job = made(gateway)
    part = content(gateway, job, range="bytes=4-7")
    assert (part.status_code, part.content) == (206, b"ftyp")
    still = gateway.ask("GET", f"/v1/videos/{job['id']}/content?variant=thumbnail")
    assert (still.status_code, still.headers["content-type"]) == (200, "image/webp")


def test_deleting_a_running_job_cancels_it(gateway: Gateway) -> None:
    created = gateway.create("never ends [sandbox:stuck]", model=SEEDANCE)
    before = gateway.stats()["replicate"]["deletes"]
    assert gateway.ask("DELETE", f"/v1/videos/{created['id']}").status_code == 200
    assert gateway.stats()["replicate"]["deletes"] == before + 1
    assert gateway.ask("GET", f"/v1/videos/{created['id']}").status_code == 404


def test_a_failure_carries_the_providers_own_words(gateway: Gateway) -> None:
    failed = made(gateway, "broken [sandbox:fail]")
    assert (failed["status"], failed["error"]["code"]) == ("failed", "PA")
    assert failed["error"]["message"] == "Prediction interrupted; please retry (code: PA)"


@pytest.mark.parametrize("directive", ["filtered", "refuse"])
def test_withheld_content_is_a_failed_job_with_the_reason(gateway: Gateway, directive: str) -> None:
    failed = made(gateway, f"nasty [sandbox:{directive}]")
    assert (failed["status"], failed["error"]["code"]) == ("failed", "content_filtered")
    assert failed["content_filter"]["filtered_count"] == 1


def test_a_rate_limited_provider_is_asked_again_and_then_the_next_target(gateway: Gateway) -> None:
    veo = "replicate/google/veo-3.1-fast"
    created = gateway.create(f"{QUICK} [sandbox:429 times=3]", model=SEEDANCE, fallbacks=[veo])
    assert created["model"] == veo
    outcomes = [attempt["outcome"] for attempt in created["extra_fields"]["attempts"]]
    assert outcomes == ["rate_limited", "rate_limited", "rate_limited", "accepted"]


@pytest.mark.parametrize("directive", ["401", "quota"])
def test_a_key_that_is_refused_is_not_tried_again(gateway: Gateway, directive: str) -> None:
    refused = gateway.ask("POST", "/v1/videos", json={"model": SEEDANCE, "prompt": f"x [sandbox:{directive}]"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (502, "upstream_credentials_exhausted")
    assert [attempt["outcome"] for attempt in refused.json()["extra_fields"]["attempts"]] == ["unauthorized"]


async def test_the_list_has_a_job_whose_answer_was_lost(gateway: Gateway) -> None:
    begun, prompt = datetime.now(UTC), f"{QUICK} lost at sea [sandbox:drop-after]"
    lost = gateway.ask("POST", "/v1/videos", json={"model": SEEDANCE, "prompt": prompt})
    assert lost.status_code == 504
    url = f"{gateway.sandbox}{Replicate.sandbox_path}"
    async with Upstream() as http:
        found = await Replicate().listed(
            Account("replicate", "k", SecretStr(gateway.emulated_key("replicate")), url, http), begun
        )
    assert (prompt, SEEDANCE.partition("/")[2]) in [(job.prompt, job.model) for job in found]
    assert all(begun - timedelta(seconds=1) <= job.created_at <= datetime.now(UTC) for job in found)


@pytest.mark.parametrize("directive", ["502", "drop-after", "garbage"])
def test_a_lost_answer_to_a_create_is_unknown_and_not_repeated(gateway: Gateway, directive: str) -> None:
    before = gateway.stats()["replicate"]["creates_accepted"]
    body = {"model": SEEDANCE, "prompt": f"{QUICK} [sandbox:{directive}]", "fallbacks": ["runway/gen4.5"]}
    lost = gateway.ask("POST", "/v1/videos", json=body)
    assert (lost.status_code, lost.json()["error"]["code"]) == (504, "submission_unknown")
    assert gateway.stats()["replicate"]["creates_accepted"] == before + 1
