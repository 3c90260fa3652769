"""What a video costs: the prices of pricing.yaml, operators' overrides, and how a price becomes an amount."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from handlers.providers.catalog import catalog
from handlers.providers.pricing import (
    CAREFUL,
    SCOPES,
    Bills,
    Order,
    Outcome,
    Override,
    Patch,
    Price,
    band,
    charged,
    cost,
    price_book,
    price_for,
)
from handlers.providers.registry import PROVIDERS
from sandbox import runway_request, xai_request
from sandbox.gemini import VIDEO_TOKENS
from sandbox.wire import Refusal

D = Decimal
BOOK = price_book()
LISTED = [
    pytest.param(vendor, model, id=f"{vendor}/{model}")
    for vendor, entry in BOOK.vendors.items()
    for model in entry.models
]

# ---- the data ---------------------------------------------------------------------------------------------------------


def test_every_provider_has_its_place_and_no_other() -> None:
    assert list(BOOK.vendors) == list(PROVIDERS)


def test_every_model_of_the_catalogue_has_a_price_and_the_other_way_round() -> None:
    assert {name: set(models) for name, models in catalog().items()} == {
        name: set(vendor.models) for name, vendor in BOOK.vendors.items()
    }


@pytest.mark.parametrize(("vendor", "model"), LISTED)
def test_every_price_says_where_it_was_read_and_when(vendor: str, model: str) -> None:
    for price in BOOK.vendors[vendor].models[model].prices:
        assert price.source and price.confirmed is not None


@pytest.mark.parametrize(("vendor", "model"), LISTED)
def test_every_size_that_a_model_makes_has_a_price(vendor: str, model: str) -> None:
    can = catalog()[vendor][model]
    bands = {band(size) for size in (*(can.sizes or ()), *(can.image_sizes or ()))}
    prices = BOOK.vendors[vendor].models[model].prices
    for audio in (True, False):
        assert [each for each in bands or {None} if price_for(prices, each, audio) is None] == []


@pytest.mark.parametrize(("vendor", "model"), LISTED)
def test_no_price_stands_behind_one_that_hides_it(vendor: str, model: str) -> None:
    prices = BOOK.vendors[vendor].models[model].prices
    for index, price in enumerate(prices):
        assert price_for(prices, price.resolution, price.audio) is prices[index]


@pytest.mark.parametrize(
    ("size", "resolution"),
    [
        ("848x480", "480p"),
        ("480x480", "480p"),
        ("1280x720", "720p"),
        ("720x1280", "720p"),
        ("1366x768", "768p"),
        ("1024x1792", "1024p"),
        ("1920x1080", "1080p"),
        ("1080x1920", "1080p"),
        ("1080x1080", "1080p"),
        ("3840x2160", "4k"),
        ("2160x3840", "4k"),
    ],
)
def test_a_resolution_is_the_short_edge(size: str, resolution: str) -> None:
    assert band(size) == resolution


def test_a_resolution_without_a_price_is_not_billed_at_that_of_another() -> None:
    sora = BOOK.prices("azure", Order("azure", "sora-2-pro"))
    assert price_for(sora, "1024p", None) is not None
    assert price_for(sora, "1080p", None) is None
    assert price_for(sora, None, None) is None  # not known


# ---- a table of amounts -----------------------------------------------------------------------------------------------

TABLE: list[tuple[str, str, bool | None, dict[str, Any], str]] = [
    # model, resolution, sound, what was made -> US dollars
    ("openai/sora-2", "720p", None, {"seconds": 4}, "0.40"),
    ("openai/sora-2-pro", "720p", None, {"seconds": 8}, "2.40"),
    ("openai/sora-2-pro", "1024p", None, {"seconds": 8}, "4.00"),
    ("openai/sora-2-pro", "1080p", None, {"seconds": 8}, "5.60"),
    ("azure/sora-2", "720p", None, {"seconds": 12}, "1.20"),
    ("vertex/veo-3.1-generate-001", "1080p", True, {"seconds": 8}, "3.20"),
    ("vertex/veo-3.1-generate-001", "4k", False, {"seconds": 8, "clips": 4}, "19.20"),
    ("vertex/veo-3.1-fast-generate-001", "720p", None, {"seconds": 4}, "0.40"),
    ("vertex/veo-3.1-fast-generate-001", "1080p", None, {"seconds": 8, "clips": 2}, "1.92"),
    ("vertex/veo-3.1-fast-generate-001", "4k", None, {"seconds": 8}, "2.40"),
    ("vertex/veo-3.1-lite-generate-001", "720p", None, {"seconds": 6}, "0.30"),
    ("vertex/veo-3.1-lite-generate-001", "1080p", None, {"seconds": 8, "clips": 0}, "0.64"),
    ("gemini/veo-3.1-generate-preview", "720p", None, {"seconds": 7}, "2.80"),
    ("gemini/gemini-omni-1.1-flash", "720p", None, {"seconds": 8}, "0.810880"),
    (
        "gemini/gemini-omni-1.1-flash",
        "720p",
        None,
        {"tokens": {"video": 46336, "input": 1000, "text": 100}},
        "0.813280",
    ),
    ("gemini/gemini-omni-1.1-flash", "4k", None, {"tokens": {"video": 100, "audio": 7}}, "0.001750"),
    ("runway/gen4.5", "720p", None, {"seconds": 5}, "0.60"),
    ("runway/gen4_turbo", "832p", None, {"seconds": 10}, "0.50"),
    ("runway/veo3.1", "1080p", False, {"seconds": 8}, "1.60"),
    ("runway/veo3.1", "1080p", True, {"seconds": 8}, "3.20"),
    ("runway/veo3.1_fast", "720p", False, {"seconds": 4}, "0.40"),
    ("runway/veo3.1_fast", "720p", True, {"seconds": 4}, "0.60"),
    ("runway/aleph2", None, None, {"seconds": 1}, "0.56"),  # the minimum
    ("runway/aleph2", None, None, {"seconds": 2}, "0.56"),
    ("runway/aleph2", None, None, {"seconds": D("2.5")}, "0.70"),
    ("xai/grok-imagine-video", "480p", None, {"seconds": 8}, "0.40"),
    ("xai/grok-imagine-video", "720p", None, {"seconds": 1, "images": 1}, "0.072"),
    ("xai/grok-imagine-video-1.5", "480p", None, {"seconds": 2, "images": 1}, "0.17"),
    ("xai/grok-imagine-video-1.5", "720p", None, {"seconds": 2, "images": 3}, "0.31"),
    ("xai/grok-imagine-video-1.5-preview", "1080p", None, {"seconds": 15}, "3.75"),
    ("xai/grok-imagine-video-1.5-lite", "480p", None, {"seconds": 5}, "0.10"),
    ("xai/grok-imagine-video-1.5-lite", "720p", None, {"seconds": 5}, "0.15"),
    ("xai/grok-imagine-video-1.5-lite", "1080p", None, {"seconds": 5}, "0.70"),
]


@pytest.mark.parametrize(("model", "resolution", "audio", "made", "usd"), TABLE)
def test_what_a_job_costs(
    model: str, resolution: str | None, audio: bool | None, made: dict[str, Any], usd: str
) -> None:
    vendor, _, name = model.partition("/")
    price = price_for(BOOK.prices(vendor, Order(vendor, name)), resolution, audio)
    assert price is not None
    assert cost(price, **made) == D(usd)


def test_charges_of_every_kind_add_up() -> None:
    price = Price(
        usd_per_second=D("0.1"), usd_per_video=D(1), usd_per_job=D(10), usd_per_input_image=D("0.01"), minimum_usd=D(5)
    )
    assert cost(price, seconds=2, clips=3, images=4) == D("13.64")


def test_halves_are_rounded_up_at_the_sixth_place_and_only_at_the_end() -> None:
    assert cost(Price(usd_per_second=D("0.0000005")), seconds=1) == D("0.000001")
    assert cost(Price(usd_per_second=D("0.0000004")), seconds=1) == D("0.000000")
    assert cost(Price(usd_per_second=D("0.0000004")), seconds=10) == D("0.000004")


def test_without_a_length_there_is_no_amount() -> None:
    with pytest.raises(ValueError):
        cost(Price(usd_per_second=D(1)))
    with pytest.raises(ValueError):
        cost(BOOK.prices("gemini", Order("gemini", "gemini-omni-1.1-flash"))[1], seconds=8)  # nor tokens per second
    assert cost(Price(usd_per_job=D(1))) == 1


amounts = st.decimals(0, 1000, places=6)
prices = st.builds(
    Price,
    usd_per_second=amounts,
    usd_per_video=st.none() | amounts,
    usd_per_job=st.none() | amounts,
    usd_per_input_image=st.none() | amounts,
    minimum_usd=st.none() | amounts,
    usd_per_million_tokens=st.none() | st.builds(dict, video=amounts),
    tokens_per_second=amounts,
)


@given(prices, st.integers(0, 3600), st.integers(0, 3600), st.integers(0, 20), st.integers(0, 20))
def test_a_longer_video_never_costs_less(price: Price, seconds: int, more: int, clips: int, images: int) -> None:
    less = cost(price, seconds=seconds, clips=clips, images=images)
    assert (
        0 <= (price.minimum_usd or 0) <= less <= cost(price, seconds=seconds + more, clips=clips + 1, images=images + 1)
    )


@given(amounts, st.integers(0, 10**6), st.integers(1, 100))
def test_amounts_are_exact(rate: Decimal, seconds: int, clips: int) -> None:
    assert cost(Price(usd_per_second=rate), seconds=seconds, clips=clips) * 10**6 == int(rate * 10**6) * seconds * clips


@given(prices)
def test_a_price_is_kept_as_json(price: Price) -> None:
    assert Price.from_json(json.loads(json.dumps(price.as_json()))) == price


@given(st.integers(0, 10**9))
def test_a_number_of_json_becomes_the_decimal_that_was_written(millionths: int) -> None:
    written = D(millionths) / 10**6
    price = Price.model_validate({"usd_per_second": json.loads(str(float(written)))})
    assert price.usd_per_second == written


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"minimum_usd": 1},
        {"usd_per_input_image": 1},
        {"usd_per_second": -1},
        {"usd_per_second": "NaN"},
        {"usd_per_second": float("inf")},
        {"usd_per_second": True},
        {"usd_per_second": 10**9},
        {"usd_per_second": 1, "resolution": "large"},
        {"usd_per_second": 1, "surprise": 1},
    ],
)
def test_what_is_no_price_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Price.model_validate(wrong)


# ---- jobs that make no video ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vendor", "outcome", "usd"),
    [
        ("openai", "completed", 1),
        ("openai", "failed", 0),
        ("openai", "filtered", 0),
        ("openai", "cancelled", 1),
        ("vertex", "filtered", 0),
        ("vertex", "failed", 1),
        ("replicate", "cancelled", 1),
        ("runway", "failed", 1),  # where it says nothing
        ("vllm", "cancelled", 0),
        (None, "failed", 1),
    ],
)
def test_what_a_job_costs_that_ended_so(vendor: str | None, outcome: Outcome, usd: int) -> None:
    assert charged(outcome, BOOK.bills(vendor), D(1), None) == usd


@pytest.mark.parametrize("outcome", ["completed", "failed", "cancelled", "filtered"])
@pytest.mark.parametrize("bills", [vendor.bills for vendor in BOOK.vendors.values()] + [CAREFUL])
def test_what_the_provider_reports_counts_however_a_job_ended(bills: Bills, outcome: Outcome) -> None:
    assert charged(outcome, bills, D(5), D("0.25")) == D("0.25")
    assert charged(outcome, bills, D(5), D(0)) == 0


# ---- overrides --------------------------------------------------------------------------------------------------------

IDS: Mapping[str, dict[str, str]] = {
    "virtual_key_provider": {"virtual_key_id": "vk_1", "provider": "studio"},
    "virtual_key": {"virtual_key_id": "vk_1"},
    "provider_key": {"provider": "studio", "provider_key": "main"},
    "provider": {"provider": "studio"},
    "global": {},
}
ORDER = Order("studio", "wan-2.2", "video_generation", "main", "vk_1")


def override(name: str, **fields: Any) -> Override:
    said = {"scope_kind": "global", "pattern": "wan-2.2", "patch": {"usd_per_second": 1}, **fields}
    return Override.model_validate({"id": name, "name": name, **said})


def scoped(scope: str, **fields: Any) -> Override:
    return override(scope, scope_kind=scope, **IDS[scope], **fields)


def chosen(*overrides: Override, order: Order = ORDER) -> str | None:
    """Which of them decides, in whatever order they stand there."""
    there = BOOK.with_overrides(overrides).override(order)
    return there.id if there is not None else None


def test_the_narrowest_scope_wins() -> None:
    for narrow, wide in pairwise(SCOPES):
        assert chosen(scoped(narrow), scoped(wide)) == chosen(scoped(wide), scoped(narrow)) == narrow


def test_a_narrow_wildcard_wins_over_a_wide_exact_match() -> None:
    assert chosen(scoped("provider", match_type="wildcard", pattern="*"), scoped("global")) == "provider"


def test_then_exact_before_wildcard_then_the_longer_pattern_then_the_newest() -> None:
    exact = override("exact")
    longer = override("longer", match_type="wildcard", pattern="wan-2.2*")
    shorter = override("shorter", match_type="wildcard", pattern="wan*")
    assert chosen(exact, longer) == chosen(longer, exact) == "exact"
    assert chosen(longer, shorter) == chosen(shorter, longer) == "longer"
    assert chosen(override("older"), override("newer")) == "newer"


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("different", [{"provider": "other"}, {"provider_key": "spare"}, {"virtual_key_id": "vk_2"}])
def test_an_override_is_for_whom_it_names(scope: str, different: dict[str, str]) -> None:
    order = Order(
        **({"provider": "studio", "model": "wan-2.2", "provider_key": "main", "virtual_key_id": "vk_1"} | different)
    )
    assert chosen(scoped(scope), order=order) == (None if IDS[scope].keys() & different.keys() else scope)


@pytest.mark.parametrize(
    ("fields", "model", "applies"),
    [
        ({"pattern": "wan"}, "wan", True),
        ({"pattern": "wan"}, "wan-2", False),
        ({"match_type": "wildcard", "pattern": "wan*"}, "wan", True),
        ({"match_type": "wildcard", "pattern": "wan*"}, "wan-2", True),
        ({"match_type": "wildcard", "pattern": "wan*"}, "my-wan", False),
        ({"match_type": "wildcard", "pattern": "*"}, "owner/name", True),
        ({"pattern": "wan", "request_types": ["video_generation"]}, "wan", True),
        ({"pattern": "wan", "request_types": ["video_remix"]}, "wan", False),
    ],
)
def test_an_override_is_for_the_models_and_requests_that_it_matches(
    fields: dict[str, Any], model: str, applies: bool
) -> None:
    assert override("o", **fields).applies(Order("studio", model)) is applies


def test_a_patch_replaces_all_prices_of_the_model() -> None:
    book = BOOK.with_overrides(
        [override("mine", pattern="veo3.1", patch={"prices": [{"resolution": "720p", "usd_per_second": 1}]})]
    )
    order = Order("runway", "veo3.1")
    assert [price.usd_per_second for price in book.prices("runway", order)] == [1]
    assert price_for(book.prices("runway", order), "1080p", True) is None
    assert book.prices(None, Order("elsewhere", "veo3.1")) == book.prices("runway", order)


BANDED = {"output_cost_per_video_per_second_480p": 0.1, "output_cost_per_video_per_second_4k": 0.9}


@pytest.mark.parametrize(
    ("patch", "amounts"),
    [
        ({"usd_per_second": 0.3}, {"480p": "0.3", "4k": "0.3", None: "0.3"}),
        ({"output_cost_per_video_per_second": 0.3}, {"480p": "0.3", None: "0.3"}),
        ({"output_cost_per_second": 0.3}, {"480p": "0.3", None: "0.3"}),
        ({"cost_per_request": 2}, {"480p": "2", None: "2"}),
        (BANDED, {"480p": "0.1", "4k": "0.9", "720p": None, None: None}),
        (BANDED | {"cost_per_request": 2}, {"480p": "2.1", "4k": "2.9", "720p": None}),
        (BANDED | {"usd_per_second": 0.5}, {"480p": "0.1", "4k": "0.9", "720p": "0.5", None: "0.5"}),
        (BANDED | {"minimum_usd": 0.2}, {"480p": "0.2", "4k": "0.9"}),
        ({"prices": [{"audio": True, "usd_per_second": 7}], "usd_per_second": 1}, {"480p": "1"}),
        ({"usd_per_second": 0}, {None: "0"}),
    ],
)
def test_a_patch_in_our_words_and_in_bifrosts(patch: dict[str, Any], amounts: Mapping[str | None, str | None]) -> None:
    made = Patch.model_validate(patch).as_prices()
    found = {resolution: price_for(made, resolution, None) for resolution in amounts}
    for resolution, amount in amounts.items():
        price = found[resolution]
        assert (None if price is None else cost(price, seconds=1)) == (None if amount is None else D(amount))


@pytest.mark.parametrize(
    "wrong",
    [
        {"patch": {}},
        {"patch": {"minimum_usd": 1}},
        {"patch": {"usd_per_second": 1, "output_cost_per_second": 1}},
        {"patch": {"cost_per_request": 1, "usd_per_job": 1}},
        {"match_type": "wildcard", "pattern": "wan"},
        {"match_type": "wildcard", "pattern": "w*n*"},
        {"scope_kind": "provider"},
        {"provider": "studio"},
        {"scope_kind": "provider", "provider": "studio", "virtual_key_id": "vk_1"},
        {"request_types": ["video_list"]},
        {"pattern": ""},
    ],
)
def test_what_is_no_override_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        override("wrong", **wrong)


# ---- the emulators bill like the vendors -----------------------------------------------------------------------------


def runway_orders() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for operation, models in runway_request.MODELS.items():
        material: dict[str, Any] = {
            "image_to_video": {"promptImage": "https://example.invalid/i.png"},
            "video_to_video": {"videoUri": "https://example.invalid/v.mp4"},
        }.get(operation, {})
        for name, model in models.items():
            for ratio in ("1280:720", "720:1280", "1920:1080"):
                for audio in ({"audio": True}, {"audio": False}) if "audio" in model.fields else ({},):
                    for duration in range(1, 16) if "duration" in model.fields else (None,):
                        said = {"duration": duration} if duration is not None else {}
                        yield operation, name, {"promptText": "x", "ratio": ratio, **material, **audio, **said}


def test_runways_emulator_bills_what_the_price_says() -> None:
    compared = set()
    for operation, name, body in runway_orders():
        try:
            order = runway_request.check(operation, {"model": name, **body})
        except Refusal:
            continue  # a length or shape that the model does not make
        width, height = order.ratio.split(":")
        listed = BOOK.prices("runway", Order("runway", name))
        price = price_for(listed, band(f"{width}x{height}"), order.audio)
        assert price is not None
        assert cost(price, seconds=order.seconds) == D(order.credits) / 100
        compared.add((name, order.ratio, order.audio, order.seconds))
    assert {name for name, *_ in compared} == BOOK.vendors["runway"].models.keys()
    assert len(compared) > 50


@pytest.mark.parametrize("images", [0, 1, 3])
@pytest.mark.parametrize(("model", "resolution"), [(m, r) for m, each in xai_request.TICKS.items() for r in each])
def test_xais_emulator_bills_what_the_price_says(model: str, resolution: str, images: int) -> None:
    image = {"url": "https://example.invalid/i.png"}
    material = {"image": image, "reference_images": [image] * (images - 1)} if images else {}
    for seconds in range(1, 16):
        for audio in (True, False):
            said = {"resolution": resolution, "duration": seconds, "generate_audio": audio}
            order = xai_request.check_generation({"model": model, "prompt": "x", **said, **material})
            price = price_for(BOOK.prices("xai", Order("xai", model)), resolution, audio)
            assert price is not None
            assert cost(price, seconds=seconds, images=images) == D(order.ticks).scaleb(-10)


def test_xais_emulator_has_every_resolution_that_has_a_price() -> None:
    for model, ticks in xai_request.TICKS.items():
        assert {price.resolution for price in BOOK.prices("xai", Order("xai", model))} == ticks.keys()


def test_geminis_emulator_counts_the_tokens_that_the_price_supposes() -> None:
    assert BOOK.prices("gemini", Order("gemini", "gemini-omni-1.1-flash"))[0].tokens_per_second == VIDEO_TOKENS
