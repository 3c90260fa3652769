"""Azure OpenAI through the whole gateway, over HTTP, against its emulator; every exchange is judged by the documents."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from functools import partial

import av
import pytest
from pydantic import SecretStr

from handlers.providers.adapter import Account
from handlers.providers.azure import Azure
from handlers.upstream import Upstream
from tests.gateway import Gateway
from tests.handlers.providers.live import QUICK, content, data_url, ended

MODEL = "azure/sora-2"

made = partial(ended, MODEL)


def test_a_video_is_made_from_text(gateway: Gateway) -> None:
    done = made(gateway, "a paper boat", seconds="4", size="1280x720")
    assert (done["status"], done["progress"], done["seconds"], done["size"]) == ("completed", 100, "4", "1280x720")
    assert done["expires_at"] == pytest.approx(done["created_at"] + 86_400, abs=2)
    with av.open(io.BytesIO(content(gateway, done).content)) as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 1280, 720)
    assert content(gateway, done, "?variant=thumbnail").content[8:12] == b"WEBP"
    part = content(gateway, done, range="bytes=4-7")
    assert (part.status_code, part.content) == (206, b"ftyp")


def test_a_video_is_made_from_an_image(gateway: Gateway, png: bytes) -> None:
    done = made(gateway, "it sails", input_reference=data_url(png), size="1280x720")
    with av.open(io.BytesIO(content(gateway, done).content), "r") as film:
        first = next(film.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    assert first.getpixel((640, 200)) == pytest.approx((200, 30, 30), abs=12)


def test_a_finished_video_is_remixed_and_deleted(gateway: Gateway) -> None:
    source = made(gateway)
    path = f"/v1/videos/{source['id']}"
    remix = gateway.ask("POST", f"{path}/remix", json={"prompt": f"in the snow {QUICK}"}).json()
    assert remix["remixed_from_video_id"] == source["id"]
    assert gateway.finished(remix["id"])["status"] == "completed"
    assert gateway.ask("DELETE", path).json()["deleted"] is True
    assert gateway.stats()["azure"]["deletes"] == 1


def test_a_deployment_that_is_not_there_is_refused_and_the_next_target_asked(gateway: Gateway) -> None:
    created = gateway.create(model="azure/my-sora", fallbacks=[MODEL])
    assert created["model"] == MODEL
    refused, _ = created["extra_fields"]["attempts"]
    assert (refused["outcome"], refused["status_code"]) == ("refused", 404)


def test_a_failure_carries_the_providers_own_words(gateway: Gateway) -> None:
    failed = made(gateway, "broken [sandbox:fail]")
    assert (failed["status"], failed["error"]["code"]) == ("failed", "video_generation_failed")


@pytest.mark.parametrize("directive", ["filtered", "refuse"])  # a failed job; a 400 in place of one
def test_withheld_content_is_a_failed_job(gateway: Gateway, directive: str) -> None:
    failed = made(gateway, f"nasty [sandbox:{directive}]")
    assert (failed["status"], failed["error"]["code"]) == ("failed", "content_filtered")
    assert failed["content_filter"]["filtered_count"] == 1


def test_a_key_that_is_refused_is_not_tried_again(gateway: Gateway) -> None:
    refused = gateway.ask("POST", "/v1/videos", json={"model": MODEL, "prompt": "x [sandbox:401]"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (502, "upstream_credentials_exhausted")
    assert [attempt["outcome"] for attempt in refused.json()["extra_fields"]["attempts"]] == ["unauthorized"]


def test_a_rate_limited_provider_is_asked_again_and_then_the_next_target(gateway: Gateway) -> None:
    created = gateway.create(f"{QUICK} [sandbox:429 times=3]", model=MODEL, fallbacks=["azure/sora-2-pro"])
    outcomes = [attempt["outcome"] for attempt in created["extra_fields"]["attempts"]]
    assert outcomes == ["rate_limited", "rate_limited", "rate_limited", "accepted"]


async def test_the_list_has_a_job_whose_answer_was_lost(gateway: Gateway) -> None:
    begun, prompt = datetime.now(UTC), f"{QUICK} lost at sea [sandbox:drop-after]"
    lost = gateway.ask("POST", "/v1/videos", json={"model": MODEL, "prompt": prompt})
    assert lost.status_code == 504
    url = f"{gateway.sandbox}{Azure.sandbox_path}"
    async with Upstream() as http:
        found = await Azure().listed(Account("azure", "k", SecretStr(gateway.emulated_key("azure")), url, http), begun)
    assert (prompt, MODEL.partition("/")[2]) in [(job.prompt, job.model) for job in found]
    assert all(begun - timedelta(seconds=1) <= job.created_at <= datetime.now(UTC) for job in found)


@pytest.mark.parametrize("directive", ["502", "drop-after", "garbage"])
def test_a_lost_answer_to_a_create_is_unknown_and_not_repeated(gateway: Gateway, directive: str) -> None:
    before = gateway.stats()["azure"]["creates_accepted"]
    body = {"model": MODEL, "prompt": f"{QUICK} [sandbox:{directive}]", "fallbacks": ["runway/gen4.5"]}
    lost = gateway.ask("POST", "/v1/videos", json=body)
    assert (lost.status_code, lost.json()["error"]["code"]) == (504, "submission_unknown")
    assert gateway.stats()["azure"]["creates_accepted"] == before + 1


def test_an_unknown_status_word_is_kept_and_the_job_goes_on(gateway: Gateway) -> None:
    created = gateway.create(f"{QUICK} [sandbox:weird] [sandbox:slow=1]", model=MODEL)
    seen = set[str]()
    while (job := gateway.ask("GET", f"/v1/videos/{created['id']}").json())["status"] != "completed":
        seen.add(job["extra_fields"].get("provider_status", ""))
    assert seen == {"", "preparing"}
