from pathlib import Path

import pytest

from codegen.document import Document, DocumentError, read, resolve, schema_name


@pytest.fixture
def parse(tmp_path: Path):
    def parse(text: str) -> Document:
        path = tmp_path / "document.yaml"
        path.write_text(text, encoding="utf-8")
        return read(path)

    return parse


def test_yaml_is_read_by_the_rules_of_json(parse):
    text = "{a: yes, b: on, c: 2026-11-20, d: 012, e: 1.5, f: true, g: ~, h: 1_000, i: '1', j: 0x10, k: 1e3}"
    assert parse(text) == {
        **{"a": "yes", "b": "on", "c": "2026-11-20", "d": "012", "e": 1.5, "f": True, "g": None},
        **{"h": "1_000", "i": "1", "j": "0x10", "k": 1000.0},
    }


def test_merge_keys_and_anchors_are_followed(parse):
    assert parse("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: *a")["b"] == {"x": 1, "y": 3}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", r"line 3: the key 'a' stands twice"),
        ("a: {200: x}", r"line 1: the key '200' is not a string"),
        ("a: [", r"line 1: "),
        ("- a", r"line 1: an OpenAPI document is a mapping"),
    ],
)
def test_what_is_not_plain_is_refused_with_its_place(parse, text, message):
    with pytest.raises(DocumentError, match=message):
        parse(text)


def test_references_are_followed_to_their_end():
    document = {"a": {"x/y": {"$ref": "#/b"}}, "b": {"type": "string"}}
    assert resolve(document, {"$ref": "#/a/x~1y"}, "here") == {"type": "string"}


@pytest.mark.parametrize("reference", ["#/nowhere", "other.yaml#/a", "#/circle"])
def test_a_reference_to_nowhere_is_refused(reference):
    with pytest.raises(DocumentError, match="here: "):
        resolve({"circle": {"$ref": "#/circle"}}, {"$ref": reference}, "here")


def test_an_anonymous_schema_has_no_model():
    assert schema_name({"$ref": "#/components/schemas/Video"}, "here") == "Video"
    with pytest.raises(DocumentError, match="here: must be a reference"):
        schema_name({"type": "object"}, "here")
