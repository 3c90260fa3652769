"""Reads an OpenAPI document as plain data, strictly.

YAML is read by the rules of JSON: the only booleans are `true` and `false`, a date is a string, every key is
a string and stands once. Merge keys (`<<`) and anchors work. What is not so raises a `DocumentError`.
"""

import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from yaml.constructor import ConstructorError

Node: TypeAlias = Mapping[str, Any]
Document: TypeAlias = dict[str, Any]


class DocumentError(Exception):
    """The document says what the generator cannot carry into code. The message begins with the place."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")


def read(path: Path) -> Document:
    """A YAML file -> its content. Errors: `DocumentError` for what is not YAML, or not as the module says."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506, a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DocumentError(f"line {line}", str(error.problem)) from error
    if not isinstance(content, dict):
        raise DocumentError("line 1", "an OpenAPI document is a mapping")
    return content


def resolve(document: Node, node: Node, place: str) -> Node:
    """A node -> the node its `$ref` leads to, or itself. Only references inside the document are followed."""
    seen: set[str] = set()
    while "$ref" in node:
        reference = node["$ref"]
        if reference in seen or not reference.startswith("#/"):
            raise DocumentError(place, f"cannot follow the reference {reference!r}")
        seen.add(reference)
        node = document
        for key in reference.removeprefix("#/").split("/"):
            try:
                node = node[key.replace("~1", "/").replace("~0", "~")]
            except (KeyError, TypeError):
                raise DocumentError(place, f"{reference!r} does not exist") from None
    return node


def schema_name(schema: Node, place: str) -> str:
    """`{$ref: '#/components/schemas/Video'}` -> `Video`, the name of its generated model."""
    prefix = "#/components/schemas/"
    if set(schema) != {"$ref"} or not schema["$ref"].startswith(prefix):
        raise DocumentError(place, f"must be a reference to {prefix}…, so that its model has a name")
    return str(schema["$ref"].removeprefix(prefix))


class _Loader(yaml.SafeLoader):
    """PyYAML reads YAML 1.1; this is the part of it that YAML 1.2, JSON and OpenAPI agree on."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012, as in PyYAML

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag not in ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"):
                raise ConstructorError(None, None, f"the key {key.value!r} is not a string", key.start_mark)
            if key.value in seen:
                raise ConstructorError(None, None, f"the key {key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"-?(0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", list("-0123456789")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)
