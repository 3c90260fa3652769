from copy import deepcopy
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from codegen.document import DocumentError, read
from codegen.lower import lower

OURS = Path(__file__).parents[2] / "openapi.yaml"


def document(**parts):
    return {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, **parts}


def lower_schema(schema):
    lowered = lower(document(components={"schemas": {"S": schema}}))
    return lowered["components"]["schemas"]["S"]


def test_version_and_info_are_of_openapi_3_0():
    info = {"title": "T", "version": "1", "summary": "S", "license": {"name": "A", "identifier": "MIT"}}
    assert lower({"openapi": "3.1.0", "info": info, "webhooks": {"x": {}}}) == {
        "openapi": "3.0.3",
        "paths": {},
        "info": {
            "title": "T",
            "version": "1",
            "license": {"name": "A", "url": "https://spdx.org/licenses/MIT.html"},
        },
    }


@pytest.mark.parametrize(
    ("schema", "lowered"),
    [
        ({"type": ["string", "null"], "minLength": 1}, {"type": "string", "nullable": True, "minLength": 1}),
        ({"type": ["string"]}, {"type": "string"}),
        ({"type": "null"}, {"nullable": True, "enum": [None]}),
        (
            {"type": ["string", "integer"], "title": "T"},
            {"anyOf": [{"type": "string"}, {"type": "integer"}], "title": "T"},
        ),
        (
            {"type": ["array", "integer", "null"], "items": {"const": 1}},
            {
                "anyOf": [
                    {"type": "array", "nullable": True, "items": {"enum": [1]}},
                    {"type": "integer", "nullable": True},
                ]
            },
        ),
        (
            {"type": ["string", "integer"], "anyOf": [{"const": 1}]},
            {"anyOf": [{"enum": [1]}], "allOf": [{"anyOf": [{"type": "string"}, {"type": "integer"}]}]},
        ),
        ({"type": "array"}, {"type": "array", "items": {}}),
        ({"const": "x"}, {"enum": ["x"]}),
        ({"exclusiveMinimum": 0}, {"minimum": 0, "exclusiveMinimum": True}),
        ({"exclusiveMinimum": 0, "minimum": 1}, {"minimum": 1}),
        ({"exclusiveMinimum": 1, "minimum": 0}, {"minimum": 1, "exclusiveMinimum": True}),
        ({"exclusiveMinimum": 1, "minimum": 1}, {"minimum": 1, "exclusiveMinimum": True}),
        ({"exclusiveMaximum": 9, "maximum": 8}, {"maximum": 8}),
        ({"exclusiveMaximum": 9}, {"maximum": 9, "exclusiveMaximum": True}),
        ({"examples": ["a", "b"]}, {"example": "a"}),
        ({"examples": ["a"], "example": "c"}, {"example": "c"}),
        ({"type": "string", "contentEncoding": "base64"}, {"type": "string", "format": "byte"}),
        ({"contentMediaType": "application/octet-stream"}, {"format": "binary"}),
        ({"contentMediaType": "application/json"}, {}),
        ({"$ref": "#/a"}, {"$ref": "#/a"}),
        ({"$ref": "#/a", "title": "T"}, {"title": "T", "allOf": [{"$ref": "#/a"}]}),
        ({"$ref": "#/a", "allOf": [{}]}, {"allOf": [{"$ref": "#/a"}, {}]}),
        ({"$comment": "c", "x-mine": {"const": 1}}, {"x-mine": {"const": 1}}),
        ({"additionalProperties": True}, {"additionalProperties": True}),
        ({"additionalProperties": {"const": 1}}, {"additionalProperties": {"enum": [1]}}),
        ({"properties": {"const": {"const": 1}, "any": True}}, {"properties": {"const": {"enum": [1]}, "any": {}}}),
        ({"items": False, "type": "array"}, {"items": {"not": {}}, "type": "array"}),
        ({"default": {"const": 1}}, {"default": {"const": 1}}),
    ],
)
def test_a_schema_is_rewritten_by_rule(schema, lowered):
    assert lower_schema(schema) == lowered


@pytest.mark.parametrize(
    "key", ["patternProperties", "prefixItems", "if", "$defs", "unevaluatedProperties", "nullable", "whatever"]
)
def test_a_keyword_that_cannot_be_lowered_is_named_with_its_path(key):
    with pytest.raises(DocumentError, match=rf"^components\.schemas\.S\.anyOf\[1\]\.{key.replace('$', '[$]')}: "):
        lower_schema({"anyOf": [{}, {key: {}}]})


def test_const_beside_enum_is_refused():
    with pytest.raises(DocumentError, match=r"components\.schemas\.S: "):
        lower_schema({"const": 1, "enum": [1, 2]})


@pytest.mark.parametrize("parts", [{"jsonSchemaDialect": "urn:other"}, {"components": {"pathItems": {}}}])
def test_parts_that_3_0_does_not_have_are_refused(parts):
    with pytest.raises(DocumentError, match="cannot be lowered"):
        lower(document(**parts))


def test_schemas_are_found_wherever_they_stand():
    parameter = {"name": "p", "in": "query", "schema": {"const": 1}}
    media = {"a/b": {"schema": {"const": 1}, "example": {"const": 1}}}
    response = {"description": "", "headers": {"h": {"schema": {"const": 1}}}, "content": media}
    operation = {
        "parameters": [parameter, {"$ref": "#/x", "description": "dropped"}],
        "requestBody": {"content": media},
        "responses": {"200": response},
        "callbacks": {"c": {"{$url}": {"get": {"responses": {"200": response}}}}},
    }
    lowered = lower(document(paths={"/p": {"parameters": [parameter], "get": operation}}))["paths"]["/p"]
    one = {"enum": [1]}
    assert lowered["parameters"][0]["schema"] == one
    assert lowered["get"]["parameters"] == [{"name": "p", "in": "query", "schema": one}, {"$ref": "#/x"}]
    assert lowered["get"]["requestBody"]["content"]["a/b"] == {"schema": one, "example": {"const": 1}}
    answered = lowered["get"]["responses"]["200"]
    assert (answered["headers"]["h"]["schema"], answered["content"]["a/b"]["schema"]) == (one, one)
    assert lowered["get"]["callbacks"]["c"]["{$url}"]["get"]["responses"]["200"] == answered


def test_our_document_is_valid_when_lowered_and_is_left_as_it_was():
    original = read(OURS)
    before = deepcopy(original)
    OpenAPIV30SpecValidator(lower(original)).validate()
    assert original == before
