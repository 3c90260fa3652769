"""docs/configuration.md explains every key of the file once, and its example is a file that can be used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import orjson
import pytest
import yaml
from pydantic import BaseModel, BeforeValidator, SecretStr
from pydantic.fields import FieldInfo

from handlers import configuration
from handlers.configuration import Configuration, ConfigurationError, Key, Part, Provider, validated
from handlers.edge.bodies import document
from handlers.providers import registry
from handlers.providers.adapter import LONG
from handlers.settings import load
from handlers.upstream import Upstream

TEXT = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
EXAMPLE = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[0]
SECTIONS: dict[str, type[Part]] = {"The file": Configuration, "A provider": Provider, "A key": Key}


def rows(section: str) -> list[list[str]]:
    """The cells of the first table of a section, without its head."""
    table = re.search(r"(?:^\|.*\n)+", TEXT.partition(f" {section}\n")[2], re.MULTILINE)
    assert table is not None, section
    return [[cell.strip() for cell in row.strip("|").split(" |")] for row in table.group().splitlines()[2:]]


def keys(part: type[Part], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Every key of a part: its path, its default and whether it takes `env.NAME`. Lists of parts have tables of their own."""
    for name, field in part.model_fields.items():
        inner = _part(field)
        if inner is not None:
            yield from keys(inner, f"{prefix}{name}.")
        else:
            yield f"`{prefix}{field.alias or name}`", _default(field), "✓" if _from_environment(field) else ""


def _part(field: FieldInfo) -> type[Part] | None:
    if get_origin(field.annotation) in (dict, tuple):
        return None
    choices = [field.annotation, *get_args(field.annotation)]
    return next((each for each in choices if isinstance(each, type) and issubclass(each, Part)), None)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    if value is None or value in ("", (), {}):
        return ""
    return f"`{value if isinstance(value, str) else orjson.dumps(value).decode()}`"


def _from_environment(field: FieldInfo) -> bool:
    return any(marked is configuration._from_environment for marked in _validators(field.metadata, field.annotation))


def _validators(metadata: Any, annotation: Any) -> Iterator[object]:
    for each in (*metadata, *getattr(annotation, "__metadata__", ())):
        if isinstance(each, BeforeValidator):
            yield each.func
    for inner in get_args(annotation):
        yield from _validators((), inner)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_explained_once(section: str) -> None:
    assert [tuple(row[:3]) for row in rows(section)] == list(keys(SECTIONS[section]))
    assert all(row[3].endswith(".") for row in rows(section))


def environment() -> dict[str, str]:
    names = re.findall(r"env\.([A-Z_]+)", EXAMPLE)
    values = {"CREDENTIALS": "{}", "VIRTUAL_KEY": "sk-bf-a-value-of-its-own-for-each"}
    return {
        name: next((value for word, value in values.items() if word in name), "a-value-of-its-own") for name in names
    }


def test_the_example_can_be_used(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(EXAMPLE)
    providers = registry.build(registry.configured(load(config=file), environment()), Upstream())
    assert set(providers.providers) == set(yaml.safe_load(EXAMPLE)["providers"])
    backlot = providers.provider("backlot")
    assert backlot.supports("generate") and not backlot.supports("remix") and not backlot.at_vendor
    assert providers.raw_on_request


def test_the_example_names_its_variables_when_they_are_not_set() -> None:
    with pytest.raises(ConfigurationError) as refused:
        validated(yaml.safe_load(EXAMPLE), {}, "the example")
    assert all(name in str(refused.value) for name in environment())


def test_the_example_has_every_key() -> None:
    found = validated(yaml.safe_load(EXAMPLE), environment(), "the example")
    assert sorted(_unset([found])) == []


def _unset(parts: list[BaseModel]) -> Iterator[str]:
    """The fields that none of these parts, all of one type, has set; and the same of what they hold."""
    for name, field in type(parts[0]).model_fields.items():
        values = [getattr(part, name) for part in parts if name in part.model_fields_set]
        inner = [part for value in values for part in _held(value)]
        if not values:
            yield f"{type(parts[0]).__name__}.{name}"
        elif inner:
            yield from _unset(inner)
        else:
            assert _part(field) is None, name


def _held(value: object) -> list[BaseModel]:
    if isinstance(value, BaseModel):
        return [value]
    several = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else ()
    return [each for each in several if isinstance(each, BaseModel)]


def test_the_places_where_the_file_is_looked_for_are_named_in_order() -> None:
    assert ", ".join(f"`{name}`" for name in configuration.FILE_NAMES[:-1]) in TEXT
    assert f"and `{configuration.FILE_NAMES[-1]}` in the data directory" in TEXT


def test_every_header_of_a_request_is_explained() -> None:
    parameters = document()["components"]["parameters"].values()
    headers = {each["name"] for each in parameters if each["name"].startswith("x-bf-")}
    assert {row[0].strip("`") for row in rows("Several keys")} == headers | {"x-bf-eh-NAME"}


def test_the_request_types_of_a_custom_provider_are_named() -> None:
    section = TEXT.partition("## Custom providers\n")[2]
    assert set(re.findall(r"`(video_\w+)`", section)) == set(get_args(configuration.RequestType))


def test_how_long_a_shown_text_may_be() -> None:
    assert f"texts of more than {LONG} characters" in TEXT
