"""The parameters of an operation, and their names in Python."""

import builtins
import keyword
import re
from dataclasses import dataclass

from codegen.document import Document, DocumentError, Node, resolve

LOCATIONS = ("path", "query", "header")
KEYS = {"name", "in", "description", "required", "schema", "example", "examples"}
TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: `wire` is its name in HTTP, `name` the one in Python, `type` the annotation."""

    wire: str
    name: str
    location: str  # one of LOCATIONS
    type: str
    required: bool
    default: str | int | float | bool | None
    description: str


def snake(name: str) -> str:
    """A name of the document -> a name of Python: `videoList` -> `video_list`, `x-bf-vk` -> `x_bf_vk`.

    A keyword or builtin gets a trailing underscore, as in PEP 8: `Range` -> `range_`.
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^0-9A-Za-z]+", "_", name).lower()
    return f"{words}_" if keyword.iskeyword(words) or hasattr(builtins, words) else words


def parameters(document: Document, item: Node, node: Node, place: str) -> tuple[Parameter, ...]:
    """A path item and its operation -> their parameters, in the order of LOCATIONS. Errors: `DocumentError`.

    A parameter of the operation replaces its namesake of the path.
    """
    merged: dict[tuple[str, str], Parameter] = {}
    for index, reference in enumerate([*item.get("parameters", []), *node.get("parameters", [])]):
        at = f"{place}.parameters[{index}]"
        parameter = _parameter(document, resolve(document, reference, at), at)
        merged[parameter.location, parameter.wire] = parameter
    ordered = sorted(merged.values(), key=lambda each: LOCATIONS.index(each.location))
    if len({parameter.name for parameter in ordered}) < len(ordered):
        raise DocumentError(place, "two parameters have the same name in Python")
    return tuple(ordered)


def _parameter(document: Document, node: Node, place: str) -> Parameter:
    wire = node["name"]
    if node["in"] not in LOCATIONS or "schema" not in node or set(node) - KEYS:
        raise DocumentError(place, f"{wire}: must be a plain path, query or header parameter with a schema")
    schema = resolve(document, node["schema"], place)
    several = schema.get("type") == "array" and node["in"] == "query"  # sent as a parameter that is repeated
    item = resolve(document, schema.get("items", {}), place) if several else schema
    if item.get("type") not in TYPES or "const" in item or (several and "default" in schema):
        raise DocumentError(place, f"{wire}: must be of a scalar type, or in the query a list of one, without `const`")
    words = ", ".join(map(repr, item.get("enum", ())))
    annotation = f"Literal[{words}]" if words else TYPES[item["type"]]
    return Parameter(
        wire=wire,
        name=snake(wire),
        location=node["in"],
        type=f"list[{annotation}]" if several else annotation,
        required=node.get("required", False),
        default=schema.get("default"),
        description=node.get("description", "").strip(),
    )
