"""The catalogue of models holds together with itself and with the adapters."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from handlers.providers.catalog import ANYTHING, Capabilities, catalog
from handlers.providers.registry import PROVIDERS

ROOT = Path(__file__).parents[3]
MODELS = [
    pytest.param(model, id=f"{provider}/{name}")
    for provider, models in catalog().items()
    for name, model in models.items()
]


def test_every_provider_of_the_catalogue_has_an_adapter_and_the_other_way_round() -> None:
    assert catalog().keys() <= PROVIDERS.keys()
    assert all(each.open_models for name, each in PROVIDERS.items() if name not in catalog())


@pytest.mark.parametrize("model", MODELS)
def test_what_is_said_of_a_model_agrees_with_itself(model: Capabilities) -> None:
    assert model.inputs and model.confirmed is not None
    if model.default_seconds is not None:
        assert model.seconds is not None and model.default_seconds in model.seconds
    if model.default_size is not None:
        assert model.sizes is not None
        for material in sorted(model.inputs):
            allowed = model.sizes_for(material)
            assert allowed is not None and model.default_size in allowed
    for seconds in model.seconds or ():
        assert re.fullmatch(r"[1-9]\d{0,2}", seconds)
    for size in (*(model.sizes or ()), *(model.image_sizes or ())):
        assert re.fullmatch(r"[1-9]\d{1,4}x[1-9]\d{1,4}", size)


def test_an_image_may_have_sizes_of_its_own() -> None:
    can = Capabilities(sizes=("1x1",), image_sizes=("2x2",))
    assert (can.sizes_for("text"), can.sizes_for("image"), can.sizes_for("video")) == (("1x1",), ("2x2",), ("1x1",))
    assert Capabilities(sizes=("1x1",)).sizes_for("image") == ("1x1",)


def test_of_an_unknown_model_nothing_is_refused() -> None:
    assert ANYTHING.audio and ANYTHING.seed and ANYTHING.negative_prompt
    assert (ANYTHING.seconds, ANYTHING.sizes, ANYTHING.prompt_characters) == (None, None, None)


@pytest.mark.parametrize("provider", sorted(catalog()))
def test_the_source_of_the_facts_is_a_document_here(provider: str) -> None:
    assert (ROOT / "upstreams" / f"{provider}.yaml").exists()
