"""Vertex AI through the whole gateway, over HTTP, against its emulator; every exchange is judged by the documents.

The key is a service account's, made here: what it signs is read by the emulator, as Google would read it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import av
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from handlers.providers.vertex import Vertex
from tests.gateway import Gateway, running
from tests.handlers.providers.live import QUICK, content, data_url, ended

VEO = "vertex/veo-3.1-generate-001"
LITE = "vertex/veo-3.1-lite-generate-001"

made = partial(ended, VEO)


def service_account() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return json.dumps(
        {
            "type": "service_account",
            "client_email": "films@sandbox.iam.gserviceaccount.com",
            "private_key": key.private_bytes(*pem).decode(),
            "token_uri": "token",
        }
    )


@pytest.fixture(scope="module")
def module_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Vertex, "sandbox_secret", service_account())
        with running(tmp_path_factory.mktemp("vertex"), sandbox_job_seconds=0.2) as gateway:
            yield gateway


def test_a_video_is_made_from_text(gateway: Gateway) -> None:
    done = made(gateway, "a paper boat", seconds="4", size="720x1280", audio=False, seed=7, negative_prompt="rain")
    assert (done["status"], done["progress"], done["seconds"], done["size"]) == ("completed", 100, "4", "720x1280")
    assert "expires_at" not in done
    with av.open(io.BytesIO(content(gateway, done).content), "r") as film:
        (stream,) = film.streams.video
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 720, 1280)
        assert film.duration == pytest.approx(4_000_000, abs=100_000) and not film.streams.audio


def test_a_video_is_made_from_an_image(gateway: Gateway, png: bytes) -> None:
    image = data_url(png)
    done = made(gateway, "it sails", input_reference=image, seconds=4, audio=False)
    with av.open(io.BytesIO(content(gateway, done).content), "r") as film:
        first = next(film.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    assert first.getpixel((640, 200)) == pytest.approx((200, 30, 30), abs=12)


@pytest.mark.parametrize("more", [{}, {"storageUri": "gs://films/boats/"}])
def test_a_video_is_continued_from_the_answer_or_from_a_bucket(gateway: Gateway, more: dict[str, Any]) -> None:
    source = made(gateway, **more)
    assert content(gateway, source).content[4:8] == b"ftyp"
    part = content(gateway, source, Range="bytes=4-7")
    assert (part.status_code, part.content) == (206, b"ftyp")
    remix = gateway.ask("POST", f"/v1/videos/{source['id']}/remix", json={"prompt": f"on it goes {QUICK}"}).json()
    assert (remix["model"], remix["remixed_from_video_id"]) == (VEO, source["id"])
    assert gateway.finished(remix["id"])["status"] == "completed"


def test_a_video_is_made_from_a_video_in_a_bucket(gateway: Gateway) -> None:
    assert made(gateway, video_uri="gs://films/one.mp4")["status"] == "completed"


def test_one_token_does_for_all_of_it(gateway: Gateway) -> None:
    made(gateway)
    assert sum(exchange.url.endswith("/vertex/token") for exchange in gateway.exchanges) == 1


def test_there_is_no_delete_and_the_video_is_forgotten_here(gateway: Gateway) -> None:
    done = made(gateway)
    assert gateway.ask("DELETE", f"/v1/videos/{done['id']}").status_code == 200
    assert gateway.ask("GET", f"/v1/videos/{done['id']}").status_code == 404
    assert gateway.stats()["vertex"]["deletes"] == 0


def test_a_still_is_made_from_the_video(gateway: Gateway) -> None:
    still = gateway.ask("GET", f"/v1/videos/{made(gateway)['id']}/content?variant=thumbnail")
    assert (still.status_code, still.headers["content-type"]) == (200, "image/webp")


def test_a_failure_carries_the_providers_own_words(gateway: Gateway) -> None:
    failed = made(gateway, "broken [sandbox:fail]")
    assert (failed["status"], failed["error"]["code"]) == ("failed", "INTERNAL")
    assert "internal error" in failed["error"]["message"]


@pytest.mark.parametrize("directive", ["filtered", "refuse"])
def test_withheld_content_is_a_failed_job_with_the_reason(gateway: Gateway, directive: str) -> None:
    failed = made(gateway, f"nasty [sandbox:{directive}]")
    assert (failed["status"], failed["error"]["code"]) == ("failed", "content_filtered")
    assert failed["content_filter"]["filtered_count"] == 1
    assert "Support codes" in failed["content_filter"]["reasons"][0]


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [
        (VEO, "seconds", 5),
        (VEO, "size", "640x360"),
        (VEO, "seed", 4_294_967_296),
        (LITE, "size", "3840x2160"),
        (VEO, "video_uri", "https://example.invalid/v.mp4"),
    ],
)
def test_what_the_model_does_not_take_is_refused_before_anything_is_made(
    gateway: Gateway, model: str, field: str, value: Any
) -> None:
    before = gateway.stats()["vertex"]
    refused = gateway.ask("POST", "/v1/videos", json={"model": model, "prompt": "x", field: value})
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["param"]) == (400, "unsupported_parameter", field)
    assert gateway.stats()["vertex"] == before


def test_what_the_provider_refuses_is_told_by_our_name(gateway: Gateway) -> None:
    body = {"model": VEO, "prompt": "x", "seconds": 4, "size": "1920x1080"}
    refused = gateway.ask("POST", "/v1/videos", json=body)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "seconds")


def test_a_refused_token_is_replaced_and_the_create_sent_again(gateway: Gateway) -> None:
    created = gateway.create(f"{QUICK} [sandbox:401 times=1]", model=VEO)
    assert [attempt["outcome"] for attempt in created["extra_fields"]["attempts"]] == ["accepted"]


def test_a_rate_limited_provider_is_asked_again_and_then_the_next_target(gateway: Gateway) -> None:
    created = gateway.create(f"{QUICK} [sandbox:429 times=3]", model=VEO, fallbacks=[LITE])
    assert created["model"] == LITE
    outcomes = [attempt["outcome"] for attempt in created["extra_fields"]["attempts"]]
    assert outcomes == ["rate_limited", "rate_limited", "rate_limited", "accepted"]


@pytest.mark.parametrize("directive", ["401", "quota"])
def test_a_key_that_is_refused_is_not_tried_again(gateway: Gateway, directive: str) -> None:
    refused = gateway.ask("POST", "/v1/videos", json={"model": VEO, "prompt": f"x [sandbox:{directive}]"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (502, "upstream_credentials_exhausted")
    assert [attempt["outcome"] for attempt in refused.json()["extra_fields"]["attempts"]] == ["unauthorized"]


@pytest.mark.parametrize("directive", ["502", "drop-after", "garbage"])
def test_a_lost_answer_to_a_create_is_unknown_and_not_repeated(gateway: Gateway, directive: str) -> None:
    before = gateway.stats()["vertex"]["creates_accepted"]
    body = {"model": VEO, "prompt": f"{QUICK} [sandbox:{directive}]", "fallbacks": ["runway/gen4.5"]}
    lost = gateway.ask("POST", "/v1/videos", json=body)
    assert (lost.status_code, lost.json()["error"]["code"]) == (504, "submission_unknown")
    assert gateway.stats()["vertex"]["creates_accepted"] == before + 1
