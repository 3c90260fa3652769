from copy import deepcopy
from pathlib import Path

import pytest

from codegen import client, routes
from codegen.document import DocumentError, read
from codegen.operations import operations
from codegen.parameters import snake

SMALL = read(Path(__file__).parent / "small" / "openapi.yaml")
LIST = "paths /things get"


@pytest.mark.parametrize(
    ("name", "python"),
    [
        ("videoList", "video_list"),
        ("x-bf-vk", "x_bf_vk"),
        ("ApiKey", "api_key"),
        ("Range", "range_"),
        ("id", "id_"),
        ("class", "class_"),
    ],
)
def test_names_become_names_of_python(name, python):
    assert snake(name) == python


def test_operations_keep_the_order_of_the_document():
    names = [operation.name for operation in operations(SMALL)]
    assert names == ["thing_list", "thing_make", "thing_file", "thing_look", "thing_drop", "thing_events", "ping"]


def test_operations_know_their_answers_and_refusals():
    by_name = {operation.name: operation for operation in operations(SMALL)}
    assert (by_name["ping"].answer, by_name["ping"].unusual_answers) == ("Thing", (503,))
    assert (by_name["thing_file"].answer, by_name["thing_file"].binary) == (None, True)
    assert [(each.status, each.name) for each in by_name["thing_make"].refusals] == [(409, "Conflict")]
    assert not by_name["ping"].secured
    assert (by_name["thing_events"].answer, by_name["thing_events"].events) == (None, True)
    assert not by_name["thing_events"].binary and not by_name["thing_file"].events


def test_operations_know_which_roles_a_caller_needs():
    roles = [{"BearerAuth": ["admin"]}, {"KeyAuth": ["admin"]}]
    read = {operation.name: operation.roles for operation in operations(changed(f"{LIST} security", roles))}
    assert (read["thing_list"], read["thing_make"], read["ping"]) == (("admin",), (), ())


def test_a_list_in_the_query_is_a_parameter_that_is_repeated():
    (kind,) = [each for each in by_id("thing_events").parameters if each.name == "kind"]
    assert (kind.type, kind.default) == ("list[str]", None)


EVENTS = "paths /things/{thing_id}/events get"


def test_a_list_may_be_of_words_or_numbers():
    for items, annotation in (
        ({"type": "integer"}, "list[int]"),
        ({"type": "boolean"}, "list[bool]"),
        ({"type": "string", "enum": ["a", "b"]}, "list[Literal['a', 'b']]"),
        ({"$ref": "#/components/schemas/Name"}, "list[str]"),
    ):
        read = operations(changed(f"{EVENTS} parameters 0 schema items", items))
        (kind,) = [each for one in read for each in one.parameters if each.name == "kind"]
        assert kind.type == annotation


def by_id(name):
    return next(operation for operation in operations(SMALL) if operation.name == name)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (f"{LIST} tags", [], "paths./things.get: needs an operationId and exactly one tag"),
        (f"{LIST} servers", [], "paths./things.get.servers: is not supported"),
        (f"{LIST} operationId", "thing-make", "two operations are called thing_make"),
        ("paths /things query", {}, "paths./things.query: is not supported"),
        (f"{LIST} security", [{"KeyAuth": []}, {}], "paths./things.get.security: optional or combined"),
        (f"{LIST} security", [{"KeyAuth": []}, {"BearerAuth": ["admin"]}], "paths./things.get.security: roles that"),
        (f"{LIST} parameters 0 in", "cookie", r"parameters\[0\]: order: must be a plain"),
        (f"{LIST} parameters 0 style", "form", r"parameters\[0\]: order: must be a plain"),
        (f"{LIST} parameters 0 schema type", "array", r"parameters\[0\]: order: must be of a scalar type"),
        (f"{LIST} parameters 1 name", "Order", "two parameters have the same name in Python"),
        (f"{EVENTS} parameters 0 schema items", {"type": "object"}, "kind: must be of a scalar type, or in the query"),
        (f"{EVENTS} parameters 0 schema items", {}, "kind: must be of a scalar type, or in the query a list"),
        (f"{EVENTS} parameters 0 schema default", ["a"], "kind: must be of a scalar type, or in the query a list"),
        (f"{EVENTS} parameters 0 in", "header", "kind: must be of a scalar type, or in the query a list of one"),
        (f"{EVENTS} responses 200 content", {"text/event-stream": {}, "text/csv": {}}, "must be application/json"),
        (f"{LIST} responses default", {"description": ""}, "responses.default: only single statuses"),
        (f"{LIST} responses 202", {"description": ""}, "get.responses: all 2xx but 204 must have one schema"),
        (f"{LIST} responses 404", {"description": ""}, "responses.404: an error must be a response component"),
        (f"{LIST} responses 200 content", {"text/csv": {}}, "responses.200.content: must be application/json"),
        ("paths /things post requestBody content", {"text/csv": {}}, "content.text/csv.schema: must be a reference"),
    ],
)
def test_what_cannot_be_expressed_is_refused_with_its_place(place, value, message):
    with pytest.raises(DocumentError, match=message):
        operations(changed(place, value))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (f"{LIST} parameters 0 name", "user", "thingList.user: is a name that the generated code needs itself"),
        (f"{LIST} parameters 0 name", "a-b", "thingList.a-b: is not a name in Python"),
        (f"{LIST} tags", ["Two words"], "the tag 'Two words' is not a name"),
        ("paths /things/{thing_id} get parameters 0 required", True, "thingFile.Range: a header must be an optional"),
        (f"{LIST} responses", {"201": SMALL["paths"]["/things"]["get"]["responses"]["200"]}, "thingList: needs a 200"),
    ],
)
def test_what_connexion_cannot_pass_is_refused(place, value, message):
    with pytest.raises(DocumentError, match=message):
        routes.render(changed(place, value), "# header")


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("components securitySchemes KeyAuth in", "query", "securitySchemes.KeyAuth: is not supported"),
        (f"{LIST} responses 409", {"$ref": "#/components/responses/NotFound"}, "409: is Conflict here and NotFound"),
    ],
)
def test_what_a_client_cannot_do_is_refused(place, value, message):
    with pytest.raises(DocumentError, match=message):
        client.render(changed(place, value), "# header")


def changed(place, value):
    """The small document with another value at a place, its keys separated by spaces."""
    document = deepcopy(SMALL)
    *path, last = [int(key) if key in ("0", "1") else key for key in place.split(" ")]
    node = document
    for key in path:
        node = node[key]
    node[last] = value
    return document
