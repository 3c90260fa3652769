"""SGLang through the whole gateway, over HTTP, against its emulator; every exchange is judged by the documents."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from functools import partial

import av
import pytest
from pydantic import SecretStr

from handlers.providers.adapter import Account
from handlers.providers.sgl import SGLang
from handlers.upstream import Upstream
from sandbox import own_server
from tests.gateway import Gateway
from tests.handlers.providers.live import QUICK, content, data_url, ended

MODEL = f"sgl/{own_server.MODEL}"

made = partial(ended, MODEL)


def test_a_video_is_made_from_text(gateway: Gateway) -> None:
    done = made(gateway, "a paper boat", seconds="2", seed=7, num_inference_steps=30)
    assert (done["status"], done["progress"], done["seconds"], done["size"]) == ("completed", 100, "2", "832x480")
    with av.open(io.BytesIO(content(gateway, done).content)) as film:
        stream = film.streams.video[0]
        assert (stream.width, stream.height) == (832, 480)
    part = content(gateway, done, range="bytes=4-7")
    assert (part.status_code, part.content) == (206, b"ftyp")
    still = content(gateway, done, "?variant=spritesheet")
    assert (still.status_code, still.headers["content-type"]) == (200, "image/jpeg")


def test_a_video_is_made_from_an_image(gateway: Gateway, png: bytes) -> None:
    done = made(gateway, "it sails", input_reference=data_url(png), seconds=1, size="1280x720")
    with av.open(io.BytesIO(content(gateway, done).content), "r") as film:
        first = next(film.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    assert first.getpixel((640, 200)) == pytest.approx((200, 30, 30), abs=12)


def test_a_video_is_made_from_a_link(gateway: Gateway) -> None:
    assert made(gateway, video_uri="https://example.invalid/boat")["status"] == "completed"


def test_a_video_is_deleted_and_there_is_no_remix(gateway: Gateway) -> None:
    done = made(gateway)
    remix = gateway.ask("POST", f"/v1/videos/{done['id']}/remix", json={"prompt": "in the snow"})
    assert (remix.status_code, remix.json()["error"]["code"]) == (400, "unsupported_operation")
    assert gateway.ask("DELETE", f"/v1/videos/{done['id']}").json()["deleted"] is True
    assert gateway.stats()["sgl"]["deletes"] == 1


@pytest.mark.parametrize("directive", ["fail", "filtered"])  # there is no moderation that could filter
def test_a_failure_carries_the_providers_own_words(gateway: Gateway, directive: str) -> None:
    failed = made(gateway, f"broken [sandbox:{directive}]")
    assert (failed["status"], failed["error"]["code"]) == ("failed", "provider_failed")
    assert failed["error"]["message"] == "The scheduler failed to generate the video."


@pytest.mark.parametrize(("field", "value"), [("audio", True), ("output_path", "/etc")])
def test_what_cannot_be_honoured_is_refused_and_nothing_made(gateway: Gateway, field: str, value: object) -> None:
    before = gateway.stats()["sgl"]["creates_accepted"]
    refused = gateway.ask("POST", "/v1/videos", json={"model": MODEL, "prompt": "x", field: value})
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["param"]) == (400, "unsupported_parameter", field)
    assert gateway.stats()["sgl"]["creates_accepted"] == before


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
    url = f"{gateway.sandbox}{SGLang.sandbox_path}"
    async with Upstream() as http:
        found = await SGLang().listed(Account("sgl", "k", SecretStr(gateway.emulated_key("sgl")), url, http), begun)
    assert (None, MODEL.partition("/")[2]) in [(job.prompt, job.model) for job in found]
    assert all(begun - timedelta(seconds=1) <= job.created_at <= datetime.now(UTC) for job in found)


@pytest.mark.parametrize("directive", ["502", "drop-after", "garbage"])
def test_a_lost_answer_to_a_create_is_unknown_and_not_repeated(gateway: Gateway, directive: str) -> None:
    before = gateway.stats()["sgl"]["creates_accepted"]
    body = {"model": MODEL, "prompt": f"{QUICK} [sandbox:{directive}]", "fallbacks": ["runway/gen4.5"]}
    lost = gateway.ask("POST", "/v1/videos", json=body)
    assert (lost.status_code, lost.json()["error"]["code"]) == (504, "submission_unknown")
    assert gateway.stats()["sgl"]["creates_accepted"] == before + 1


def test_an_unknown_status_word_is_kept_and_the_job_goes_on(gateway: Gateway) -> None:
    created = gateway.create(f"{QUICK} [sandbox:weird] [sandbox:slow=1]", model=MODEL)
    seen = set[str]()
    while (job := gateway.ask("GET", f"/v1/videos/{created['id']}").json())["status"] != "completed":
        seen.add(job["extra_fields"].get("provider_status", ""))
    assert seen == {"", "preparing"}
