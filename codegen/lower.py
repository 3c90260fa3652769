"""OpenAPI 3.1 -> 3.0.3, for connexion, which reads nothing newer.

`GRAMMAR` says which keys an object may have and what stands below them; a key that is not there stops the
generator, so nothing is lost in silence. Lost on purpose, because 3.0 has no place for them and no one
validates by them: `info.summary`, `webhooks`, `jsonSchemaDialect` of the base dialect, texts beside a `$ref`.
"""

from collections.abc import Callable
from typing import Any

from codegen.document import Document, DocumentError, Node
from codegen.lower_schema import lower_schema

# kind of object -> key -> kind of what stands there: "" is copied, "[x]" a list of x, "{x}" a map to x.
GRAMMAR: dict[str, dict[str, str]] = {
    "document": {
        **dict.fromkeys(("servers", "security", "tags", "externalDocs"), ""),
        "info": "info",
        "paths": "{path}",
        "components": "components",
    },
    "info": {
        **dict.fromkeys(("title", "description", "termsOfService", "contact", "version"), ""),
        "license": "license",
    },
    "license": {"name": "", "url": ""},
    "path": {
        **dict.fromkeys(("summary", "description", "servers"), ""),
        **dict.fromkeys(("get", "put", "post", "delete", "options", "head", "patch", "trace"), "operation"),
        "parameters": "[parameter]",
    },
    "operation": {
        **dict.fromkeys(("tags", "summary", "description", "externalDocs", "operationId"), ""),
        **dict.fromkeys(("deprecated", "security", "servers"), ""),
        "parameters": "[parameter]",
        "requestBody": "body",
        "responses": "{response}",
        "callbacks": "{{path}}",
    },
    "parameter": {
        **dict.fromkeys(("name", "in", "description", "required", "deprecated", "allowEmptyValue"), ""),
        **dict.fromkeys(("style", "explode", "allowReserved", "example", "examples"), ""),
        "schema": "schema",
        "content": "{media}",
    },
    "body": {"description": "", "required": "", "content": "{media}"},
    "media": {"example": "", "examples": "", "schema": "schema", "encoding": "{encoding}"},
    "encoding": {
        **dict.fromkeys(("contentType", "style", "explode", "allowReserved"), ""),
        "headers": "{parameter}",
    },
    "response": {"description": "", "links": "", "headers": "{parameter}", "content": "{media}"},
    "components": {
        **dict.fromkeys(("examples", "securitySchemes", "links"), ""),
        "schemas": "{schema}",
        "responses": "{response}",
        "parameters": "{parameter}",
        "requestBodies": "{body}",
        "headers": "{parameter}",
        "callbacks": "{{path}}",
    },
    "schema": {
        **dict.fromkeys(("title", "description", "default", "example", "externalDocs", "xml"), ""),
        **dict.fromkeys(("type", "nullable", "format", "enum", "required", "discriminator"), ""),
        **dict.fromkeys(("deprecated", "readOnly", "writeOnly"), ""),
        **dict.fromkeys(("multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"), ""),
        **dict.fromkeys(("maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems"), ""),
        **dict.fromkeys(("maxProperties", "minProperties"), ""),
        "properties": "{schema}",
        **dict.fromkeys(("items", "not"), "schema"),
        "additionalProperties": "schema or boolean",
        **dict.fromkeys(("allOf", "anyOf", "oneOf"), "[schema]"),
    },
}
BASE_DIALECT = "https://spec.openapis.org/oas/3.1/dialect/base"


def lower(document: Document) -> Document:
    """An OpenAPI 3.1 document -> the same API as a new OpenAPI 3.0.3 document.

    Errors: `DocumentError` for what cannot be said in 3.0.
    """
    rest = {key: value for key, value in document.items() if key not in ("openapi", "webhooks")}
    if rest.pop("jsonSchemaDialect", BASE_DIALECT) != BASE_DIALECT:
        raise DocumentError("jsonSchemaDialect", "cannot be lowered to OpenAPI 3.0")
    return {"openapi": "3.0.3", "paths": {}, **_lower("document", rest, "")}


def _lower(kind: str, node: Any, place: str) -> Any:
    if not kind:
        return node
    if kind[0] == "[":
        return [_lower(kind[1:-1], item, f"{place}[{index}]") for index, item in enumerate(node)]
    if kind[0] == "{":
        return {key: _lower(kind[1:-1], item, _join(place, key)) for key, item in node.items()}
    if kind == "schema or boolean":
        return node if isinstance(node, bool) else _lower("schema", node, place)
    if kind != "schema" and "$ref" in node:
        return {"$ref": node["$ref"]}  # 3.0 ignores what stands beside it, and 3.1 allows only texts there
    rewritten = REWRITES.get(kind, _unchanged)(node, place)
    return {key: _lower(_kind_below(kind, key, place), item, _join(place, key)) for key, item in rewritten.items()}


def _kind_below(kind: str, key: str, place: str) -> str:
    if key.startswith("x-") or key == "$ref":
        return ""
    if key not in GRAMMAR[kind]:
        raise DocumentError(_join(place, key), "cannot be lowered to OpenAPI 3.0")
    return GRAMMAR[kind][key]


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _unchanged(node: Node, place: str) -> Node:
    return node


def _info(node: Node, place: str) -> Node:
    return {key: value for key, value in node.items() if key != "summary"}


def _license(node: Node, place: str) -> Node:
    """`identifier: Apache-2.0` -> `url: https://spdx.org/licenses/Apache-2.0.html`."""
    rest = dict(node)
    if identifier := rest.pop("identifier", None):
        rest["url"] = f"https://spdx.org/licenses/{identifier}.html"
    return rest


REWRITES: dict[str, Callable[[Any, str], Node]] = {"info": _info, "license": _license, "schema": lower_schema}
