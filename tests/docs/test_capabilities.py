"""docs/providers.md says what the adapters and the catalogue say."""

from __future__ import annotations

import inspect
import re
import sys

import pytest

from docs.capabilities import BEGIN, END, NO, PAGE, cost, inputs, retired, sound, table, written
from handlers.providers.adapter import Adapter
from handlers.providers.catalog import catalog
from handlers.providers.registry import PROVIDERS
from handlers.providers.runway import Runway

TEXT = PAGE.read_text(encoding="utf-8")


def section(name: str) -> str:
    return TEXT.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def test_the_table_is_what_the_code_says() -> None:
    assert TEXT.count(BEGIN) == TEXT.count(END) == 1
    assert written(TEXT) == TEXT, "run `make docs`"


def test_an_operation_that_an_adapter_loses_leaves_the_table() -> None:
    class Keeper(Runway):
        delete = Adapter.delete

    (row,) = table({"runway": Keeper()}, catalog()).splitlines()[2:]
    (usual,) = table({"runway": Runway()}, catalog()).splitlines()[2:]
    assert row.count(NO) == usual.count(NO) + 1


def test_where_no_models_are_listed_the_adapter_is_asked() -> None:
    assert inputs(PROVIDERS["vllm"], {}) == inputs(PROVIDERS["sgl"], {}) == "text, image, video"
    assert (sound(PROVIDERS["vllm"], {}), sound(PROVIDERS["sgl"], {})) == ("✓", "–")
    assert inputs(PROVIDERS["replicate"], {}) == sound(PROVIDERS["replicate"], {}) == "by model"


def test_where_the_cost_stands_is_read_off_the_code() -> None:
    assert cost(PROVIDERS["runway"]) == ["job", "list"]
    assert cost(PROVIDERS["vertex"]) == ["list"]
    assert cost(PROVIDERS["openrouter"]) == ["job"]
    assert cost(PROVIDERS["vllm"]) == []


def test_what_is_switched_off_is_counted() -> None:
    assert retired(catalog()["openai"]) == f"{len(catalog()['openai'])} on 2026-09-24"
    assert retired(catalog()["runway"]) == NO


def test_every_provider_has_a_section_in_the_order_of_the_table() -> None:
    assert re.findall(r"^## (\S+)$", TEXT, re.MULTILINE) == list(PROVIDERS)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_section_names_the_variables_of_its_provider(name: str) -> None:
    adapter = PROVIDERS[name]
    named = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", section(name)))
    assert named >= {*adapter.key_variables, *adapter.url_variables}
    source = inspect.getsource(sys.modules[type(adapter).__module__])
    assert [variable for variable in sorted(named) if f'"{variable}"' not in source] == []


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_section_names_its_part_of_the_configuration(name: str) -> None:
    parts = set(re.findall(r"`(\w+_key_config)`", section(name)))
    assert parts <= {f"{name}_key_config"}


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_section_names_every_day_on_which_something_was_switched_off(name: str) -> None:
    days = {str(can.retired.since) for can in catalog().get(name, {}).values() if can.retired is not None}
    assert days <= set(re.findall(r"\d{4}-\d{2}-\d{2}", section(name)))
