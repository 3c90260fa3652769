"""vLLM-Omni through the whole gateway, over HTTP, against its emulator; every exchange is judged by the documents."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from functools import partial

import av
import pytest
from pydantic import SecretStr

from handlers.providers.adapter import Account
from handlers.providers.vllm import VLLM
from handlers.upstream import Upstream
from sandbox import own_server
from tests.gateway import Gateway
from tests.handlers.providers.live import QUICK, content, data_url, ended

MODEL = f"vllm/{own_server.MODEL}"

made = partial(ended, MODEL)


def test_a_video_is_made_from_text(gateway: Gateway) -> None:
    done = made(gateway, "a paper boat", seconds="2", size="832x480", audio=True, seed=7, num_inference_steps=30)
    assert (done["status"], done["progress"], done["seconds"], done["size"]) == ("completed", 100, "2", "832x480")
    with av.open(io.BytesIO(content(gateway, done).content)) as film:
        stream = film.streams.video[0]
        assert (stream.width, stream.height, len(film.streams.audio)) == (832, 480, 1)
    part = content(gateway, done, range="bytes=4-7")
    assert (part.status_code, part.content) == (206, b"ftyp")
    still = content(gateway, done, "?variant=thumbnail")
    assert (still.status_code, still.headers["content-type"]) == (200, "image/webp")


def test_a_video_is_made_from_an_image(gateway: Gateway, png: bytes) -> None:
    done = made(gateway, "it sails", input_reference=data_url(png), seconds=1, size="1280x720")
    with av.open(io.BytesIO(content(gateway, done).content), "r") as film:
        assert not film.streams.audio
        first = next(film.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    assert first.getpixel((640, 200)) == pytest.approx((200, 30, 30), abs=12)


def test_a_video_is_made_from_a_link(gateway: Gateway) -> None:
    assert made(gateway, video_uri="https://example.invalid/boat")["status"] == "completed"


def test_a_running_job_is_cancelled_and_there_is_no_remix(gateway: Gateway) -> None:
    done = made(gateway)
    remix = gateway.ask("POST", f"/v1/videos/{done['id']}/remix", json={"prompt": "in the snow"})
    assert (remix.status_code, remix.json()["error"]["code"]) == (400, "unsupported_operation")
    running = gateway.create(f"{QUICK} [sandbox:slow=60]", model=MODEL)
    assert gateway.ask("DELETE", f"/v1/videos/{running['id']}").json()["deleted"] is True
    assert gateway.stats()["vllm"]["deletes"] == 1


def test_a_job_that_cannot_be_cancelled_yet_stays(gateway: Gateway) -> None:
    stuck = gateway.create("[sandbox:stuck]", model=MODEL)
    refused = gateway.ask("DELETE", f"/v1/videos/{stuck['id']}")
    assert (refused.status_code, "try again" in refused.json()["error"]["message"]) == (409, True)
    assert gateway.ask("GET", f"/v1/videos/{stuck['id']}").status_code == 200


@pytest.mark.parametrize("directive", ["fail", "filtered"])  # there is no moderation that could filter
def test_a_failed_job_is_seen_to_have_failed_though_its_answer_is_an_error(gateway: Gateway, directive: str) -> None:
    failed = made(gateway, f"broken [sandbox:{directive}]")
    assert (failed["status"], failed["error"]["code"]) == ("failed", "500")
    assert failed["error"]["message"] == "The engine failed to generate the video."


def test_another_model_than_the_one_that_is_served_is_refused(gateway: Gateway) -> None:
    refused = gateway.ask("POST", "/v1/videos", json={"model": "vllm/Wan-AI/other", "prompt": "x"})
    assert (refused.status_code, "Model mismatch" in refused.json()["error"]["message"]) == (400, True)


def test_a_key_that_is_refused_is_not_tried_again(gateway: Gateway) -> None:
    refused = gateway.ask("POST", "/v1/videos", json={"model": MODEL, "prompt": "x [sandbox:401]"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (502, "upstream_credentials_exhausted")
    assert [attempt["outcome"] for attempt in refused.json()["extra_fields"]["attempts"]] == ["unauthorized"]


def test_a_rate_limited_provider_is_asked_again_and_then_the_next_target(gateway: Gateway) -> None:
    created = gateway.create(f"{QUICK} [sandbox:429 times=3]", model=MODEL, fallbacks=[MODEL])
    outcomes = [attempt["outcome"] for attempt in created["extra_fields"]["attempts"]]
    assert outcomes == ["rate_limited", "rate_limited", "rate_limited", "accepted"]


async def test_the_list_has_a_job_whose_answer_was_lost(gateway: Gateway) -> None:
    begun, prompt = datetime.now(UTC), f"{QUICK} lost at sea [sandbox:drop-after]"
    lost = gateway.ask("POST", "/v1/videos", json={"model": MODEL, "prompt": prompt})
    assert lost.status_code == 504
    url = f"{gateway.sandbox}{VLLM.sandbox_path}"
    async with Upstream() as http:
        found = await VLLM().listed(Account("vllm", "k", SecretStr(gateway.emulated_key("vllm")), url, http), begun)
    assert (prompt, MODEL.partition("/")[2]) in [(job.prompt, job.model) for job in found]
    assert all(begun - timedelta(seconds=1) <= job.created_at <= datetime.now(UTC) for job in found)


@pytest.mark.parametrize("directive", ["502", "drop-after", "garbage"])
def test_a_lost_answer_to_a_create_is_unknown_and_not_repeated(gateway: Gateway, directive: str) -> None:
    before = gateway.stats()["vllm"]["creates_accepted"]
    body = {"model": MODEL, "prompt": f"{QUICK} [sandbox:{directive}]", "fallbacks": ["runway/gen4.5"]}
    lost = gateway.ask("POST", "/v1/videos", json=body)
    assert (lost.status_code, lost.json()["error"]["code"]) == (504, "submission_unknown")
    assert gateway.stats()["vllm"]["creates_accepted"] == before + 1


def test_an_unknown_status_word_is_kept_and_the_job_goes_on(gateway: Gateway) -> None:
    created = gateway.create(f"{QUICK} [sandbox:weird] [sandbox:slow=1]", model=MODEL)
    seen = set[str]()
    while (job := gateway.ask("GET", f"/v1/videos/{created['id']}").json())["status"] != "completed":
        seen.add(job["extra_fields"].get("provider_status", ""))
    assert seen == {"", "preparing"}
