"""What is wrong with a value, by its JSON Schema, in words that say where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

ALTERNATIVES = (ValidationErrorKind.AnyOf, ValidationErrorKind.OneOfNotValid)
OTHER_KIND = (ValidationErrorKind.Type, ValidationErrorKind.Constant, ValidationErrorKind.Enum)
"""What shows that another alternative was meant."""


@dataclass(frozen=True, slots=True)
class Mistake:
    path: Sequence[str | int]  # of the field at fault
    message: str


def first(errors: Iterable[ValidationError]) -> Mistake | None:
    """The first mistake; of several alternatives the one in that which was meant."""
    error = next(iter(errors), None)
    if error is None:
        return None
    while isinstance(error.kind, ALTERNATIVES):
        meant = [
            branch for branch in error.kind.context if not any(isinstance(each.kind, OTHER_KIND) for each in branch)
        ]
        if len(meant) != 1:
            break
        error = meant[0][0]
    path, kind = list(error.instance_path), error.kind
    if isinstance(kind, ValidationErrorKind.Enum):
        return Mistake(path, f"it must be one of {', '.join(str(option) for option in kind.options)}")
    if isinstance(kind, ValidationErrorKind.AdditionalProperties):
        return Mistake([*path, kind.unexpected[0]], "there is no such field")
    if isinstance(kind, ValidationErrorKind.Required):
        return Mistake([*path, kind.property], "it is missing")
    return Mistake(path, error.message)


def description(schema: Mapping[str, Any], schemas: Mapping[str, Any], path: Sequence[str | int]) -> str:
    """What the document says of the field at a path, or of the nearest above it, so that an error says what would be right.

    Of a field that there is not, it is which there are.
    """
    found = ""
    for step in path:
        inside = _alternatives(schema, schemas)
        known = {name: each for part in inside for name, each in part.get("properties", {}).items()}
        others = [part.get("items" if isinstance(step, int) else "additionalProperties") for part in inside]
        below = known.get(step) or next((each for each in others if isinstance(each, Mapping)), None)
        if below is None:
            return f"There are {', '.join(known)}." if known else found
        schema, found = below, _said(below, schemas) or found
    return found


def _alternatives(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "$ref" in schema:
        return _alternatives(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    below = [*schema.get("anyOf", []), *schema.get("oneOf", []), *schema.get("allOf", [])]
    return [schema, *(found for each in below for found in _alternatives(each, schemas))]


def _said(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    said = (each["description"] for each in [schema, *_alternatives(schema, schemas)] if "description" in each)
    return " ".join(next(said, "").split())
