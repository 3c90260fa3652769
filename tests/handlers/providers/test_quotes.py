"""What a request may cost at most, and what the job has cost in the end."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import MISSING

from generated.models import VideoGenerationRequest, VideoRemixRequest
from handlers.api.models import model as listed_model
from handlers.configuration import Configuration
from handlers.providers.catalog import ANYTHING, Capabilities, catalog
from handlers.providers.pricing import Override, PriceBook, price_book
from handlers.providers.quotes import Made, Quote, Unpriced, clips_of, estimate, images_of, length, settle
from handlers.providers.registry import PROVIDERS, Registry, build, build_sandbox
from handlers.upstream import Upstream

D = Decimal
IMAGE = "https://example.invalid/boat.png"
VIDEO = "https://example.invalid/boat.mp4"


def quoted(
    model: str, /, *, source: Made | None = None, book: PriceBook | None = None, **fields: Any
) -> Quote | Unpriced:
    """The estimate for a create of `provider/model`, or for a remix where there is a source."""
    provider, _, name = model.partition("/")
    request: VideoGenerationRequest | VideoRemixRequest
    if source is None:
        request = VideoGenerationRequest.model_validate({"model": model, "prompt": "x", **fields})
    else:
        request = VideoRemixRequest.model_validate({"prompt": "x", **fields})
    can = catalog()[provider].get(name, ANYTHING)
    return estimate(provider, provider, name, request, can, book or price_book(), images_of(request), source=source)


def usd(quote: Quote | Unpriced) -> Decimal:
    assert isinstance(quote, Quote), quote
    return quote.usd


TABLE: list[tuple[str, dict[str, Any], str]] = [
    # what is asked for, as it is
    ("runway/gen4.5", {"seconds": "8", "size": "1280x720"}, "0.96"),
    ("runway/veo3.1", {"seconds": 4, "size": "1920x1080", "audio": False}, "0.80"),
    ("runway/veo3.1", {"seconds": 4, "size": "1920x1080", "audio": True}, "1.60"),
    ("xai/grok-imagine-video-1.5", {"seconds": 5, "size": "1080x1920"}, "1.25"),
    ("xai/grok-imagine-video", {"seconds": 1, "size": "1280x720", "input_reference": IMAGE}, "0.072"),
    ("vertex/veo-3.1-fast-generate-001", {"seconds": 8, "size": "3840x2160"}, "2.40"),
    ("azure/sora-2-pro", {"seconds": 8, "size": "1024x1792"}, "4.00"),
    ("openai/sora-2-pro", {"seconds": "8", "size": "1080x1920"}, "5.60"),
    ("gemini/gemini-omni-1.1-flash", {"seconds": 3, "size": "720x1280"}, "0.304082"),  # and a byte of prompt
    # what the gateway sends of itself where the request is silent
    ("runway/gen4.5", {}, "0.60"),
    ("runway/gen4.5", {"input_reference": IMAGE}, "0.60"),
    ("vertex/veo-3.1-lite-generate-001", {"size": "1280x720"}, "0.40"),
    # what the provider documents that it makes then
    ("openai/sora-2-pro", {}, "1.20"),
    ("azure/sora-2", {"size": "1280x720"}, "0.40"),
    ("xai/grok-imagine-video", {}, "0.40"),
    ("xai/grok-imagine-video", {"seconds": 3}, "0.15"),
    ("gemini/gemini-omni-1.1-flash", {}, "1.013602"),
    # nothing is documented: the dearest that the model makes
    ("vertex/veo-3.1-generate-001", {}, "4.80"),
    ("vertex/veo-3.1-lite-generate-001", {"seconds": 4}, "0.32"),
    ("runway/veo3.1", {"seconds": 4}, "1.60"),
    ("runway/veo3.1_fast", {}, "1.20"),
    # an extra field may decide: the dearest and the longest
    ("xai/grok-imagine-video-1.5", {"seconds": 1, "resolution": "1080p"}, "0.25"),
    ("xai/grok-imagine-video-1.5", {"size": "848x480", "duration": 9}, "1.20"),
    ("xai/grok-imagine-video-1.5", {"size": "848x480", "seconds": 2, "resolution": "1080p", "duration": 9}, "0.16"),
    ("azure/sora-2", {"duration": 12}, "1.20"),
    ("xai/grok-imagine-video", {"user": "u"}, "0.40"),  # this one cannot
    # several videos, several images
    ("vertex/veo-3.1-generate-001", {"seconds": 4, "size": "1280x720", "sampleCount": 4}, "6.40"),
    ("vertex/veo-3.1-generate-001", {"seconds": 4, "size": "1280x720", "numberOfVideos": "2"}, "3.20"),
    ("vertex/veo-3.1-generate-001", {"seconds": 4, "size": "1280x720", "numberOfVideos": 3, "sampleCount": 1}, "4.80"),
    ("vertex/veo-3.1-generate-001", {"seconds": 4, "size": "1280x720", "sampleCount": 0}, "1.60"),
    ("xai/grok-imagine-video", {"seconds": 1, "size": "1280x720", "reference_images": [{}, {}]}, "0.074"),
    # from a video
    ("xai/grok-imagine-video", {"video_uri": VIDEO}, "1.05"),
    ("vertex/veo-3.1-generate-001", {"video_uri": "gs://b/v.mp4"}, "3.20"),
    ("runway/aleph2", {"video_uri": VIDEO, "seconds": 1}, "0.56"),
    ("runway/aleph2", {"video_uri": VIDEO, "seconds": 5}, "1.40"),
]


@pytest.mark.parametrize(("model", "fields", "amount"), TABLE)
def test_what_a_create_may_cost(model: str, fields: dict[str, Any], amount: str) -> None:
    assert usd(quoted(model, **fields)) == D(amount)


@pytest.mark.parametrize(
    ("model", "source", "fields", "amount"),
    [
        ("runway/aleph2", Made(D(5), "1280x720"), {}, "1.40"),
        ("runway/aleph2", Made(D(1)), {}, "0.56"),
        ("xai/grok-imagine-video", Made(D(3), "848x480"), {}, "0.15"),
        ("xai/grok-imagine-video", Made(D(3), "1920x1080"), {}, "0.21"),  # made smaller: the dearest of the model
        ("xai/grok-imagine-video", Made(), {}, "1.05"),
        ("xai/grok-imagine-video", Made(D(3), "848x480"), {"size": "1280x720"}, "0.21"),  # an extra field of a remix
        ("vertex/veo-3.1-generate-001", Made(D(4), "1920x1080"), {}, "2.80"),  # goes on for 7 s, in 720p
        ("azure/sora-2", Made(D(12), "1280x720"), {}, "1.20"),
        ("azure/sora-2", Made(D(4), "1280x720"), {"seconds": "12"}, "1.20"),
        ("gemini/gemini-omni-1.1-flash", Made(D(3), "1280x720"), {}, "1.013602"),
    ],
)
def test_what_a_remix_may_cost(model: str, source: Made, fields: dict[str, Any], amount: str) -> None:
    assert usd(quoted(model, source=source, **fields)) == D(amount)


@pytest.mark.parametrize(
    ("model", "fields", "says"),
    [
        ("vllm/wan-2.2", {"seconds": 4, "size": "1280x720"}, "No price is known for vllm/wan-2.2"),
        ("azure/my-deployment", {"seconds": 4, "size": "1280x720"}, "No price is known"),
        ("azure/sora-2", {"seconds": 4, "size": "1920x1080"}, "no price for every resolution"),
        ("runway/aleph2", {"video_uri": VIDEO}, "How long"),
        ("gemini/gemini-omni-1.1-flash", {"seconds": 3, "size": "1920x1080"}, "How many tokens"),
        ("gemini/gemini-omni-1.1-flash", {"response_format": {"resolution": "4k"}}, "How many tokens"),
        ("vertex/veo-3.1-generate-001", {"sampleCount": "many"}, "How many videos"),
        ("vertex/veo-3.1-generate-001", {"sampleCount": [1]}, "How many videos"),
        ("vertex/veo-3.1-generate-001", {"sampleCount": True}, "How many videos"),
        ("vertex/veo-3.1-generate-001", {"sampleCount": 10**5000}, "How many videos"),
        ("vertex/veo-3.1-generate-001", {"sampleCount": 1.5}, "How many videos"),
    ],
)
def test_what_is_not_known_has_no_price_and_says_why(model: str, fields: dict[str, Any], says: str) -> None:
    found = quoted(model, **fields)
    assert isinstance(found, Unpriced)
    assert says in found.reason


def test_a_remix_that_names_a_model_of_its_own_has_no_price() -> None:
    assert isinstance(quoted("azure/sora-2", source=Made(D(4), "1280x720"), model="sora-2-pro"), Unpriced)


@pytest.mark.parametrize(
    ("model", "fields", "how"),
    [
        ("runway/gen4.5", {}, "5 s at USD 0.12"),
        ("runway/veo3.1", {"audio": True, "seconds": 8}, "8 s at USD 0.40 (with sound)"),
        (
            "vertex/veo-3.1-generate-001",
            {"seconds": 8, "size": "1280x720", "sampleCount": 2},
            "2 times 8 s at USD 0.40 (720p)",
        ),
        (
            "xai/grok-imagine-video",
            {"seconds": 8, "size": "1280x720", "input_reference": IMAGE},
            "8 s at USD 0.07, 1 image at USD 0.002 (720p)",
        ),
        ("runway/aleph2", {"video_uri": VIDEO, "seconds": 1}, "1 s at USD 0.28, at least USD 0.56"),
        ("gemini/gemini-omni-1.1-flash", {"seconds": 3}, "3 s of 5792 tokens at USD 17.50 a million (720p)"),
    ],
)
def test_an_estimate_says_how_it_comes_about(model: str, fields: dict[str, Any], how: str) -> None:
    found = quoted(model, **fields)
    assert isinstance(found, Quote)
    assert found.how == how


OPEN = [
    (name, model, can)
    for name, models in catalog().items()
    for model, can in models.items()
    if can.sizes and can.default_seconds is None and name != "gemini"  # which has no price for what is left open
]


@given(st.sampled_from(OPEN), st.data())
def test_a_request_that_says_more_never_costs_more(chosen: tuple[str, str, Capabilities], data: st.DataObject) -> None:
    provider, model, can = chosen
    said: dict[str, Any] = {"size": data.draw(st.sampled_from(can.sizes or ()))}
    if can.seconds is not None:
        said["seconds"] = data.draw(st.sampled_from(can.seconds))
    if can.audio:
        said["audio"] = data.draw(st.booleans())
    open_ = {"resolution": "as I like", "duration": "as I like"}  # extra fields that may decide on anything
    assert usd(quoted(f"{provider}/{model}", **said)) <= usd(quoted(f"{provider}/{model}", **open_))


FOR_VLLM = {
    "id": "p",
    "name": "p",
    "scope_kind": "provider",
    "provider": "vllm",
    "match_type": "wildcard",
    "pattern": "*",
}
A_SECOND = Override.model_validate(FOR_VLLM | {"patch": {"usd_per_second": 0.1}})
NO_NUMBERS = (0, -24, "many", "nan", "inf", True, None, [24], 10**5000)


@pytest.mark.parametrize(
    ("fields", "amount"),
    [
        ({"seconds": 1, "num_frames": 24_000, "fps": 24}, "100"),
        ({"seconds": 1, "num_frames": "24000", "fps": "24.0"}, "100"),
        ({"num_frames": 100, "fps": 24}, "0.416667"),
        ({"seconds": 8, "num_frames": 24, "fps": 24}, "0.8"),  # of a server that does not know frames
        *(({"seconds": 1, "num_frames": each, "fps": 24}, None) for each in (*NO_NUMBERS, 1e300)),
        *(({"seconds": 1, "num_frames": 24, "fps": each}, None) for each in (*NO_NUMBERS, "1e-999999")),
        ({"seconds": 1, "num_frames": 24_000}, None),
        ({"seconds": 1, "fps": 24}, "0.1"),
    ],
)
def test_frames_overrule_the_seconds(fields: dict[str, Any], amount: str | None) -> None:
    book = price_book().with_overrides([A_SECOND])
    found = quoted("vllm/x", book=book, **fields)
    request = VideoGenerationRequest.model_validate({"model": "vllm/x", "prompt": "x", **fields})
    longest = length("vllm", "x", request, ANYTHING, book)
    if amount is None:
        assert isinstance(found, Unpriced) and "How long" in found.reason and longest is None
    else:
        assert isinstance(found, Quote) and (found.usd, found.seconds) == (D(amount), longest)


# ---- whose prices hold ------------------------------------------------------------------------------------------------


def registry(**providers: Any) -> Registry:
    return build(Configuration.model_validate({"providers": providers}), Upstream())


KEY = {"name": "k", "value": "secret-secret"}


@pytest.mark.parametrize(
    ("name", "configured", "vendor"),
    [
        ("runway", {"keys": [KEY]}, "runway"),
        ("runway", {"keys": [KEY], "network_config": {"base_url": "https://proxy.example"}}, None),
        ("openai", {"keys": [KEY], "network_config": {"base_url": "http://studio:8000/v1"}}, None),
        (
            "studio",
            {
                "keys": [KEY],
                "network_config": {"base_url": "http://studio:8000/v1"},
                "custom_provider_config": {"base_provider_type": "openai"},
            },
            None,
        ),
        ("runway-two", {"keys": [KEY], "custom_provider_config": {"base_provider_type": "runway"}}, "runway"),
        ("azure", {"keys": [KEY | {"azure_key_config": {"endpoint": "https://a.openai.azure.com"}}]}, "azure"),
        (
            "azure-eu",
            {
                "keys": [KEY | {"azure_key_config": {"endpoint": "https://eu.openai.azure.com"}}],
                "custom_provider_config": {"base_provider_type": "azure"},
            },
            "azure",
        ),
        ("vllm", {"keys": [KEY | {"vllm_key_config": {"url": "http://gpu:8000"}}]}, "vllm"),
    ],
)
def test_list_prices_hold_where_the_vendor_sends_the_bill(
    name: str, configured: dict[str, Any], vendor: str | None
) -> None:
    assert registry(**{name: configured}).provider(name).priced_as == vendor


def test_a_server_of_ones_own_does_not_show_the_vendors_prices() -> None:
    at_home = {"keys": [KEY], "network_config": {"base_url": "http://studio:8000/v1"}}
    provider = registry(openai=at_home).provider("openai")
    assert listed_model(provider, "sora-2", catalog()["openai"]["sora-2"], price_book()).pricing is MISSING


def test_the_sandbox_bills_like_the_vendors() -> None:
    emulated = build_sandbox("http://127.0.0.1:1", 1, Upstream())
    assert [emulated.provider(name).priced_as for name in PROVIDERS] == list(PROVIDERS)


def test_a_server_of_ones_own_has_a_price_once_one_is_set() -> None:
    request = VideoGenerationRequest(model="studio/sora-2", prompt="x")
    can = catalog()["openai"]["sora-2"]
    assert isinstance(estimate("studio", None, "sora-2", request, can, price_book(), 0), Unpriced)
    override = Override.model_validate(
        {
            "id": "p",
            "name": "ours",
            "scope_kind": "provider",
            "provider": "studio",
            "pattern": "sora-2",
            "patch": {"usd_per_second": 0.01},
        }
    )
    book = price_book().with_overrides([override])
    found = estimate("studio", None, "sora-2", request, can, book, 0)
    assert usd(found) == D("0.20")  # what it makes of its own accord is not known: the longest
    assert isinstance(estimate("studio", None, "other", request, ANYTHING, book, 0), Unpriced)
    flat = override.model_copy(
        update={"patch": override.patch.model_copy(update={"usd_per_second": None, "usd_per_job": D(3)})}
    )
    assert usd(estimate("studio", None, "sora-2", request, ANYTHING, book.with_overrides([flat]), 0)) == 3


def test_an_override_may_be_for_one_key_or_for_remixes_only() -> None:
    said = {"id": "p", "name": "p", "pattern": "gen4.5", "patch": {"usd_per_second": 1}}
    for_key = Override.model_validate(said | {"scope_kind": "virtual_key", "virtual_key_id": "vk_1"})
    request = VideoGenerationRequest(model="runway/gen4.5", prompt="x")
    can, book = catalog()["runway"]["gen4.5"], price_book().with_overrides([for_key])
    assert usd(estimate("runway", "runway", "gen4.5", request, can, book, 0)) == D("0.60")
    assert usd(estimate("runway", "runway", "gen4.5", request, can, book, 0, virtual_key_id="vk_1")) == 5
    remixes = price_book().with_overrides([Override.model_validate(said | {"request_types": ["video_remix"]})])
    assert usd(quoted("runway/gen4.5", book=remixes)) == D("0.60")
    assert usd(quoted("runway/gen4.5", book=remixes, source=Made(D(3), "1280x720"))) == 3


# ---- at the end -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "fields", "made", "amount"),
    [
        ("vertex/veo-3.1-generate-001", {}, {}, "4.80"),
        ("vertex/veo-3.1-generate-001", {}, {"size": "1280x720"}, "3.20"),
        ("vertex/veo-3.1-generate-001", {}, {"size": "1280x720", "seconds": D(4)}, "1.60"),
        ("vertex/veo-3.1-generate-001", {}, {"size": "320x180"}, "4.80"),  # a size of no price: as it was estimated
        ("vertex/veo-3.1-generate-001", {"sampleCount": 4, "size": "1280x720"}, {"clips": 3}, "9.60"),
        ("runway/veo3.1", {"seconds": 4}, {"size": "1280x720"}, "1.60"),
        ("runway/veo3.1", {"seconds": 4}, {"size": "1280x720", "audio": False}, "0.80"),
        ("xai/grok-imagine-video", {"input_reference": IMAGE, "seconds": 2}, {}, "0.102"),
        ("gemini/gemini-omni-1.1-flash", {"seconds": 3}, {"size": "1920x1080"}, "0.304080"),
        ("gemini/gemini-omni-1.1-flash", {}, {"size": "1920x1080", "tokens": {"video": 10**6}}, "17.50"),
    ],
)
def test_a_job_is_settled_for_what_was_made(
    model: str, fields: dict[str, Any], made: dict[str, Any], amount: str
) -> None:
    quote = quoted(model, **fields)
    assert isinstance(quote, Quote)
    kept = Quote.from_json(json.loads(json.dumps(quote.as_json())))
    assert kept == quote
    assert settle(kept, **made) == D(amount)


def test_a_size_that_is_priced_by_the_second_is_settled_as_estimated_where_no_length_is_known() -> None:
    parts = [{"resolution": "720p", "usd_per_video": 0.5}, {"resolution": "1080p", "usd_per_second": 0.1}]
    own = Override.model_validate(FOR_VLLM | {"patch": {"prices": parts}})
    quote = quoted("vllm/x", book=price_book().with_overrides([own]), size="1280x720")
    assert isinstance(quote, Quote) and quote.seconds is None
    assert settle(quote, size="1920x1080") == D("0.5")
    assert settle(quote, size="1920x1080", seconds=D(3)) == D("0.3")


@pytest.mark.parametrize(
    ("fields", "clips", "images"),
    [
        ({}, 1, 0),
        ({"sampleCount": 2, "input_reference": IMAGE, "lastFrame": {}, "referenceImages": [{}]}, 2, 3),
        ({"num_outputs": 3, "keyframes": [{}, {}]}, 3, 2),
        ({"reference_images": "none"}, 1, 0),
    ],
)
def test_videos_and_images_are_counted(fields: dict[str, Any], clips: int, images: int) -> None:
    request = VideoGenerationRequest.model_validate({"model": "p/m", "prompt": "x", **fields})
    assert (clips_of(request), images_of(request)) == (clips, images)
