"""Forms: read as the JSON that they stand for, and refused like it."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from starlette.datastructures import FormData

from handlers import logs
from handlers.edge.bodies import payload_of
from handlers.errors import InvalidRequest
from tests.gateway import Gateway, judge, running

BOUNDARY = "b0undary"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
LEAST = [("model", "runway/gen4.5"), ("prompt", "x [sandbox:no-render]")]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    logs.configure("info", "json")
    with running(tmp_path_factory.mktemp("forms"), max_body_mb=1) as gateway:
        yield gateway


@pytest.fixture
def gateway(shared: Gateway) -> Iterator[Gateway]:
    before = len(shared.exchanges)
    yield shared
    judge(shared, shared.exchanges[before:])


def listed(gateway: Gateway) -> int:
    return len(gateway.ask("GET", "/v1/videos?limit=100").json()["data"])


def part(name: str, value: bytes | str, filename: str | None = None, media_type: str | None = None) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    file = f'; filename="{filename}"' if filename is not None else ""
    kind = f"\r\ncontent-type: {media_type}" if media_type is not None else ""
    head = f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="{name}"{file}{kind}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


WHOLE = form(*(part(*each) for each in LEAST))


# ---- what a form stands for -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "payload"),
    [
        ([], {}),
        ([("prompt", "x"), ("style", "noir")], {"prompt": "x", "style": "noir"}),
        ([("seconds", "4")], {"seconds": "4"}),
        ([("seed", "7")], {"seed": 7}),
        ([("seed", "-7")], {"seed": -7}),
        ([("seed", "seven")], {"seed": "seven"}),
        ([("seed", "7.0")], {"seed": "7.0"}),
        ([("seed", "9" * 18)], {"seed": int("9" * 18)}),
        ([("seed", "9" * 5000)], {"seed": "9" * 5000}),
        ([("max_cost", "1.5")], {"max_cost": 1.5}),
        ([("max_cost", "NaN")], {"max_cost": "NaN"}),
        ([("audio", "true")], {"audio": True}),
        ([("audio", "False")], {"audio": False}),
        ([("audio", "yes")], {"audio": "yes"}),
        ([("fallbacks", "a/b"), ("fallbacks", "c/d")], {"fallbacks": ["a/b", "c/d"]}),
        ([("prompt", "a"), ("prompt", "b"), ("prompt", "c")], {"prompt": ["a", "b", "c"]}),
        ([("fallbacks", "a/b")], {"fallbacks": ["a/b"]}),
        ([("fallbacks[]", "a/b"), ("fallbacks[]", "c/d")], {"fallbacks": ["a/b", "c/d"]}),
        ([("metadata[a]", "1"), ("metadata[b][c]", "2")], {"metadata": {"a": "1", "b": {"c": "2"}}}),
        ([("tags[x][]", "1"), ("tags[x][]", "2")], {"tags": {"x": ["1", "2"]}}),
        ([("", "x")], {"": "x"}),
        ([("][", "x")], {"][": "x"}),
    ],
)
def test_a_form_becomes_the_json_it_stands_for(items: list[tuple[str, str]], payload: dict[str, Any]) -> None:
    assert payload_of(FormData([*items])) == payload


@pytest.mark.parametrize(
    ("items", "param"),
    [
        ([("a", "1"), ("a[b]", "2")], "a"),
        ([("a[]", "1"), ("a[b]", "2")], "a"),
        ([("a[b]", "1"), ("a[]", "2")], "a"),
        ([("a[b]", "1"), ("a[b][c]", "2")], "a"),
    ],
)
def test_a_field_in_two_shapes_is_refused(items: list[tuple[str, str]], param: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        payload_of(FormData([*items]))
    assert (raised.value.code, raised.value.param) == ("invalid_form", param)


@pytest.mark.parametrize("items", [[("a[b]", "1"), ("a[b]", "2")], [("a[b][c]", "1"), ("a[b]", "2")]])
def test_a_field_inside_another_is_refused_twice_as_well(items: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidRequest):
        payload_of(FormData([*items]))


# ---- over HTTP ------------------------------------------------------------------------------------------------------


def send(gateway: Gateway, body: bytes, media_type: str = FORM) -> Any:
    return gateway.ask("POST", "/v1/videos", data=body, headers={"Content-Type": media_type})


def test_a_form_makes_a_video(gateway: Gateway) -> None:
    answer = send(gateway, WHOLE)
    assert (answer.status_code, answer.json()["prompt"]) == (200, "x [sandbox:no-render]")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_arrives_whatever_it_is_called(gateway: Gateway, kind: str) -> None:
    Image.new("RGB", (1280, 720), (9, 9, 9)).save(buffer := io.BytesIO(), kind)
    file = part("input_reference", buffer.getvalue(), "whatever.exe", "application/x-nonsense")
    answer = send(gateway, form(*(part(*each) for each in LEAST), file))
    assert answer.status_code == 200, answer.text


def test_a_reference_may_be_text_in_a_form(gateway: Gateway, png: bytes) -> None:
    url = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    assert send(gateway, form(*(part(*each) for each in LEAST), part("input_reference", url))).status_code == 200


BROKEN: dict[str, tuple[bytes, str]] = {
    "without a boundary": (WHOLE, "multipart/form-data"),
    "with an empty boundary": (WHOLE, "multipart/form-data; boundary="),
    "with another boundary": (WHOLE, "multipart/form-data; boundary=other"),
    "that is JSON": (b'{"model": "runway/gen4.5", "prompt": "x"}', FORM),
    "without its head": (b"x" * 100, FORM),
    "with a part without a name": (
        form(*(part(*each) for each in LEAST), f"--{BOUNDARY}\r\ncontent-disposition: form-data\r\n\r\nx\r\n".encode()),
        FORM,
    ),
    "with a part without a disposition": (form(f"--{BOUNDARY}\r\nx-y: z\r\n\r\nx\r\n".encode()), FORM),
    "with too many fields": (form(*(part(f"f{n}", "x") for n in range(101))), FORM),
    "with too many files": (form(*(part("input_reference", "x", "f.png") for _ in range(11))), FORM),
}


@pytest.mark.parametrize(("body", "media_type"), BROKEN.values(), ids=BROKEN)
def test_a_form_that_cannot_be_read_is_refused(shared: Gateway, body: bytes, media_type: str) -> None:
    before = listed(shared)
    answer = send(shared, body, media_type)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_form"), answer.text
    assert listed(shared) == before


WRONG: dict[str, tuple[list[bytes], str, str | None]] = {
    "nothing in it": ([], "invalid_request", "model"),
    "a field twice": ([part("prompt", "again")], "invalid_request", "prompt"),
    "a file in the wrong field": ([part("prompt", "x", "x.png")], "invalid_form", "prompt"),
    "a file in an extra field": ([part("mask", b"\x89PNG\r\n\x1a\n", "x.png", "image/png")], "invalid_form", "mask"),
    "a file that is no image": (
        [part("input_reference", b"%PDF", "x.png", "image/png")],
        "invalid_image",
        "input_reference",
    ),
    "an empty file": ([part("input_reference", b"", "x.png", "image/png")], "invalid_image", "input_reference"),
    "two files": (
        [part("input_reference", b"\x89PNG\r\n\x1a\n", "x.png")] * 2,
        "invalid_request",
        "input_reference",
    ),
    "a seed that is none": ([part("seed", "seven")], "invalid_request", "seed"),
    "audio that is none": ([part("audio", "yes")], "invalid_request", "audio"),
    "fallbacks that are no models": ([part("fallbacks", '{"a": 1}')], "invalid_request", "fallbacks.0"),
    "fallbacks that are a number": ([part("fallbacks", "7")], "invalid_request", "fallbacks.0"),
    "seconds that are none": ([part("seconds", "4.5")], "invalid_request", "seconds"),
    "a size that is none": ([part("size", "big")], "invalid_request", "size"),
}


@pytest.mark.parametrize(("parts", "code", "param"), WRONG.values(), ids=WRONG)
def test_a_form_with_a_wrong_field_is_refused(
    shared: Gateway, parts: list[bytes], code: str, param: str | None
) -> None:
    before = listed(shared)
    least = [part(*each) for each in LEAST] if parts else []
    answer = send(shared, form(*least, *parts))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error.get("param")) == (400, code, param), answer.text
    assert listed(shared) == before


def test_extra_fields_reach_the_provider_as_text(shared: Gateway) -> None:
    answer = send(shared, form(*(part(*each) for each in LEAST), part("unheardOf", "7")))
    assert answer.status_code == 400  # Runway refuses what it does not know, and says what it was
    assert "unheardOf" in answer.json()["error"]["message"]
    (sent,) = [each for each in shared.exchanges if b'"unheardOf"' in each.request_body and "/sandbox/" in each.url]
    assert json.loads(sent.request_body)["unheardOf"] == "7"


# ---- real bugs, until they are fixed --------------------------------------------------------------------------------


def test_text_that_is_not_utf_8_is_refused(shared: Gateway) -> None:
    answer = send(shared, form(part("model", "runway/gen4.5"), part("prompt", b"caf\xe9 [sandbox:no-render]")))
    assert answer.status_code == 400


def test_a_form_that_breaks_off_is_refused(shared: Gateway) -> None:
    whole = form(*(part(*each) for each in LEAST), part("seconds", "10"))
    assert send(shared, whole[: whole.index(b"seconds") - 60]).status_code == 400


def test_a_name_that_is_nested_too_deep_is_refused(shared: Gateway) -> None:
    deep = part("a" + "[b]" * 300, "x")
    assert send(shared, form(*(part(*each) for each in LEAST), deep)).status_code == 400


@pytest.mark.parametrize(
    "parts",
    [
        [("metadata", '{"campaign": "spring"}')],
        [("metadata[campaign]", "spring")],
        [("metadata", "{}"), ("metadata[campaign]", "spring")],
    ],
)
def test_metadata_is_one_field_or_many(parts: list[tuple[str, str]]) -> None:
    assert payload_of(FormData(parts)) == {"metadata": {"campaign": "spring"}}


def test_metadata_that_is_no_json_stays_as_it_is() -> None:
    assert payload_of(FormData([("metadata", "spring")])) == {"metadata": "spring"}


@pytest.mark.parametrize("name", ["a]b", "a[b", "[a]", "a[b]c", "a[[b]]", "]", "[]"])
def test_brackets_that_are_no_path_are_part_of_the_name(name: str) -> None:
    assert payload_of(FormData([(name, "1"), (name, "2")])) == {name: ["1", "2"]}
