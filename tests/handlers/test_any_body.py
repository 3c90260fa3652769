"""Whatever stands in a body, there is an answer, and it is never that the gateway failed."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.gateway import Gateway, judge, running

EXAMPLES = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
BOUNDARY = "b0undary"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("any-body"), max_body_mb=1) as gateway:
        yield gateway
        judge(gateway, gateway.exchanges)


def picture(kind: str) -> bytes:
    Image.new("RGB", (16, 9), (9, 9, 9)).save(buffer := io.BytesIO(), kind)
    return buffer.getvalue()


PICTURES = [picture(kind) for kind in ("PNG", "JPEG", "WEBP")]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A picture with some bytes changed, cut off or put in."""
    content = bytearray(draw(st.sampled_from(PICTURES)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(content)))
        content[at : at + draw(st.integers(0, 8))] = draw(st.binary(max_size=8))
    return bytes(content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content)


contents = st.one_of(damaged(), st.binary(max_size=300), st.sampled_from(PICTURES))
schemes = st.sampled_from(["data:", "DATA:", "data://", "", "http:", "https://", "file:"])
kinds = st.sampled_from(["image/png", "image/jpeg", "image/webp", "image/gif", "text/html", "", "image/png;charset=x"])
codings = st.sampled_from([";base64,", ",", ";base64", ";BASE64,", ";base64;base64,", ";base64,,"])


@st.composite
def encodings(draw: st.DrawFn) -> str:
    text = base64.b64encode(draw(contents)).decode()
    at = draw(st.integers(0, len(text)))
    return draw(
        st.sampled_from(
            [
                text,
                text.rstrip("="),
                text + "=",
                text[:at],
                text[:at] + "=" + text[at:],
                text[:at] + " " + text[at:],
                "=",
            ]
        )
    ) + draw(st.sampled_from(["", "", "", "\n", "%", "é", "#x"]))


data_urls = st.builds("".join, st.tuples(schemes, kinds, codings, encodings()))
references = st.one_of(
    data_urls, data_urls, st.text(max_size=40), st.none(), st.integers(), st.lists(data_urls, max_size=2)
)
fields = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["runway/gen4.5", "vertex/veo-3.1-generate-001", "vllm/a", "x/y"]),
        "prompt": st.just("x"),
    },
    optional={
        "input_reference": references,
        "input_fit": st.sampled_from(["crop", "pad", "stretch"]),
        "size": st.sampled_from(["1280x720", "720x1280", "9x9", "99999x99999"]),
        "fallbacks": st.just(["gemini/gemini-omni-1.1-flash"]),
        "failover": st.just("job"),
        "extra": st.fixed_dictionaries({"input_reference": references}),
    },
)


def answered(gateway: Gateway, body: bytes, media_type: str) -> None:
    answer = gateway.ask("POST", "/v1/videos", data=body, headers={"Content-Type": media_type})
    assert answer.status_code in (200, 400, 404, 413, 415, 422), answer.text
    if answer.status_code != 200:
        assert answer.json()["error"]["message"]


@EXAMPLES
@given(fields, st.booleans(), st.sampled_from([None, (",", ":")]))
def test_any_data_url_is_answered(gateway: Gateway, body: dict[str, Any], php: bool, separators: Any) -> None:
    body["prompt"] = "x [sandbox:no-render]"
    text = json.dumps(body, separators=separators)
    answered(gateway, (text.replace("/", "\\/") if php else text).encode(), "application/json")


names = st.one_of(
    st.sampled_from(
        ["input_reference", "input_reference", "model", "prompt", "input_reference[]", "seed", "fallbacks[a]"]
    ),
    st.text(max_size=5),
)
heads = st.sampled_from(
    [
        'content-disposition: form-data; name="{name}"; filename="a.png"\r\ncontent-type: image/png',
        'content-disposition: form-data; name="{name}"; filename=""',
        'content-disposition: form-data; name="{name}"',
        "content-disposition: form-data; name*=utf-8''{name}; filename*=utf-8''%00",
        "content-disposition: attachment",
        'content-disposition: form-data; name="{name}"\r\ncontent-transfer-encoding: base64',
        "x: y",
        "",
    ]
)
parts = st.tuples(heads, names, st.one_of(contents, data_urls.map(str.encode)))
ends = st.sampled_from(
    [f"--{BOUNDARY}--\r\n", f"--{BOUNDARY}--", f"--{BOUNDARY}\r\n", "", f"\r\n--{BOUNDARY}--\r\n--x"]
)


@EXAMPLES
@given(st.lists(parts, max_size=5), ends, st.sampled_from([b"\r\n", b"\n", b""]), st.booleans())
def test_any_form_is_answered(
    gateway: Gateway, given: list[tuple[str, str, bytes]], end: str, line: bytes, complete: bool
) -> None:
    least = [("model", b"vllm/a"), ("prompt", b"x [sandbox:no-render]")] if complete else []
    usual = 'content-disposition: form-data; name="{name}"'
    all_parts = [*((usual, name, value) for name, value in least), *given]
    body = b"".join(
        f"--{BOUNDARY}\r\n{head.replace('{name}', name)}\r\n\r\n".encode() + value + (line if given else b"\r\n")
        for head, name, value in all_parts
    )
    answered(gateway, body + end.encode(), f"multipart/form-data; boundary={BOUNDARY}")
