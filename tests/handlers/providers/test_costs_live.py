"""What each provider's emulator charges for a job is what its price says, and what the gateway tells, over HTTP."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from handlers.providers.adapter import Adapter
from handlers.providers.pricing import Order, Price, band, cost, price_book, price_for
from handlers.providers.registry import PROVIDERS
from sandbox.openrouter_request import MODELS as OPENROUTER
from tests.gateway import Gateway
from tests.handlers.providers.live import QUICK, data_url, ended

VIDEO = "https://example.invalid/boat.mp4"


def price(model: str, size: str, audio: bool | None = None) -> Price:
    vendor, _, name = model.partition("/")
    found = price_for(price_book().prices(vendor, Order(vendor, name)), band(size), audio)
    assert found is not None
    return found


def charged(job: dict[str, Any]) -> Decimal:
    assert job["usage"]["currency"] == "USD"
    return Decimal(str(job["usage"]["cost"]))


@pytest.mark.parametrize(
    ("model", "seconds", "size", "audio"),
    [
        ("runway/gen4.5", 5, "1280x720", None),
        ("runway/veo3.1", 4, "1280x720", True),
        ("runway/veo3.1", 4, "1920x1080", False),
        ("runway/veo3.1_fast", 8, "720x1280", True),
        ("xai/grok-imagine-video", 3, "848x480", False),
        ("xai/grok-imagine-video", 3, "720x1280", True),
        ("xai/grok-imagine-video-1.5", 2, "1920x1080", None),
        ("xai/grok-imagine-video-1.5-lite", 15, "1080x1080", None),
    ],
)
def test_a_job_costs_what_its_price_says(
    gateway: Gateway, model: str, seconds: int, size: str, audio: bool | None
) -> None:
    said = {} if audio is None else {"audio": audio}
    job = ended(model, gateway, seconds=seconds, size=size, **said)
    assert charged(job) == cost(price(model, size, audio), seconds=seconds)


@pytest.mark.parametrize("size", ["1280x720", "640x360"])
def test_omni_costs_the_tokens_that_were_counted(gateway: Gateway, size: str) -> None:
    model, seconds = "gemini/gemini-omni-1.1-flash", 4
    job = ended(model, gateway, seconds=seconds, size=size)
    counted = {"input": len(QUICK) // 4, "video": 5792 * seconds}
    assert charged(job) == cost(price(model, size), tokens=counted)


@pytest.mark.parametrize(("model", "seconds"), [("google/veo-3.1", 4), ("bytedance/seedance-2.0", 7)])
def test_openrouter_tells_what_a_job_cost(gateway: Gateway, model: str, seconds: int) -> None:
    job = ended(f"openrouter/{model}", gateway, seconds=seconds)
    assert charged(job) == Decimal(str(OPENROUTER[model].usd_per_second)) * seconds


def test_an_input_image_costs_too(gateway: Gateway, png: bytes) -> None:
    model, size = "xai/grok-imagine-video", "848x480"
    job = ended(model, gateway, seconds=2, size=size, input_reference=data_url(png), reference_images=[{"url": VIDEO}])
    assert charged(job) == cost(price(model, size), seconds=2, images=2) == Decimal("0.104")


def test_a_short_video_costs_the_minimum(gateway: Gateway) -> None:
    job = ended("runway/aleph2", gateway, video_uri=VIDEO)  # 5 s, says the emulator
    assert charged(job) == cost(price("runway/aleph2", "1280x720"), seconds=5)


@pytest.mark.parametrize(
    ("model", "directive", "usd"),
    [
        ("runway/gen4.5", "fail", "0"),
        ("runway/gen4.5", "filtered", "0"),
        ("xai/grok-imagine-video", "filtered", "0.40"),
        ("xai/grok-imagine-video", "refuse", "0.40"),
    ],
)
def test_a_job_that_makes_no_video_costs_what_the_provider_says(
    gateway: Gateway, model: str, directive: str, usd: str
) -> None:
    failed = ended(model, gateway, f"nasty [sandbox:{directive}]")
    assert (failed["status"], charged(failed)) == ("failed", Decimal(usd))


@pytest.mark.parametrize(
    ("model", "usd"),
    [("vertex/veo-3.1-fast-generate-001", "0.80"), ("azure/sora-2", "0.40"), ("openai/sora-2", "0.40")],
)
def test_a_job_whose_provider_tells_no_cost_comes_to_its_price(gateway: Gateway, model: str, usd: str) -> None:
    assert charged(ended(model, gateway, size="1280x720")) == Decimal(usd)


@pytest.mark.parametrize("name", [name for name, each in PROVIDERS.items() if each.editor is not None])
def test_the_model_that_makes_every_remix_is_the_one_that_is_named(gateway: Gateway, name: str) -> None:
    adapter: Adapter = PROVIDERS[name]
    source = ended({"runway": "runway/gen4.5", "xai": "xai/grok-imagine-video-1.5"}[name], gateway)
    remix = gateway.ask("POST", f"/v1/videos/{source['id']}/remix", json={"prompt": QUICK}).json()
    assert remix["model"] == f"{name}/{adapter.editor}"
    assert charged(gateway.finished(remix["id"])) > 0


def test_the_models_are_listed_with_their_prices(gateway: Gateway) -> None:
    listed = {each["id"]: each.get("pricing") for each in gateway.ask("GET", "/v1/models").json()["data"]}
    assert [entry for entry in listed if not listed[entry]] == []
    silent, sounding = listed["runway/veo3.1"]
    assert (silent["usd_per_second"], silent["audio"], sounding["audio"]) == (0.2, False, True)
    assert (silent["confirmed"], silent["confidence"]) == ("2026-11-20", "confirmed")
    assert "runway" in silent["source"]
    assert listed["runway/aleph2"][0]["minimum_usd"] == 0.56
    omni = listed["gemini/gemini-omni-1.1-flash"][0]
    assert omni["usd_per_million_tokens"] == {"input": 1.5, "text": 9.0, "video": 17.5}
    assert (omni["tokens_per_second"], omni["resolution"]) == (5792, "720p")
