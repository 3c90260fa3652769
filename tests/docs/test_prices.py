"""docs/pricing.md says what pricing.yaml says."""

from __future__ import annotations

import json
import re

import pytest

from docs.prices import BEGIN, END, PAGE, amounts, written
from generated.models import PricingOverrideCreateRequest
from handlers.providers.pricing import BANDS, NAMED, Charges, Override, Price

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_tables_are_what_the_prices_say() -> None:
    assert TEXT.count(BEGIN) == TEXT.count(END) == 1
    assert written(TEXT) == TEXT, "run `make docs`"


@pytest.mark.parametrize("name", [*Charges.model_fields, *sorted(Override.model_fields.keys() - {"provider"})])
def test_everything_that_can_be_set_is_described(name: str) -> None:
    assert re.search(rf"`{name}`", TEXT)


def test_every_scope_and_resolution_of_an_override_is_described() -> None:
    section = TEXT.partition("\n## Setting prices\n")[2]
    assert [name for name in NAMED if f"`{name}`" not in section] == []
    assert [name for name in BANDS if f"_{name}`" not in section] == []


def test_the_example_of_an_override_is_one() -> None:
    (example,) = re.findall(r"pricing-overrides -d '(.*?)'\n```", TEXT, re.DOTALL)
    PricingOverrideCreateRequest.model_validate_json(example)
    assert Override.model_validate({"id": "price_1", **json.loads(example)}).patch.as_prices()


def test_an_amount_is_told_with_everything_that_is_charged() -> None:
    price = Price.model_validate({name: 1 for name in Charges.model_fields if name != "usd_per_million_tokens"})
    assert amounts(price) == "1 a second, 1 a video, 1 a job, 1 tokens a second, 1 an input image, at least 1"
