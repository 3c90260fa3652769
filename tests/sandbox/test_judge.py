"""The judge condemns what violates a document and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.judge import Exchange, Judge

DOCUMENT = yaml.safe_load((Path(__file__).parents[2] / "upstreams" / "openai.yaml").read_text())
BASE = "http://127.0.0.1:1/prefix/v1"
VIDEO = {"id": "video_1", "object": "video", "status": "queued"}
KEY = {"authorization": "Bearer sk"}


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(DOCUMENT, BASE)


def exchange(
    method: str, path: str, status: int, answer: Any, body: Any = None, request_type: str = "application/json"
) -> Exchange:
    sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    got = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    kind = {"content-type": "video/mp4" if isinstance(answer, bytes) else "application/json"}
    return Exchange(method, BASE + path, KEY | {"content-type": request_type}, sent, status, kind, got)


def form(*parts: str) -> bytes:
    lines = [f"--b\r\nContent-Disposition: form-data; {part}\r\n" for part in parts]
    return ("".join(lines) + "--b--\r\n").encode()


FORM = "multipart/form-data; boundary=b"
PROMPT = 'name="prompt"\r\n\r\na cat'
FILE = 'name="input_reference"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\x00\x01'


@pytest.mark.parametrize(
    "case",
    [
        exchange("POST", "/videos", 200, VIDEO, {"prompt": "x", "seconds": "8"}),
        exchange("POST", "/videos", 200, VIDEO, form(PROMPT, 'name="seconds"\r\n\r\n8', FILE), FORM),
        exchange("POST", "/videos", 400, {"error": {"message": "no"}}, {"seed": 1}),
        exchange("GET", "/videos?limit=3&order=asc", 200, {"data": [VIDEO]}),
        exchange("GET", "/videos/video_1", 200, VIDEO | {"quality": "standard", "status": "pondering"}),
        exchange("GET", "/videos/video_1/content?variant=video", 200, b"\x00\xff"),
        exchange("GET", "/elsewhere", 404, {"anything": 1}),
        exchange("PATCH", "/videos", 405, {"anything": 1}),
    ],
    ids=str,
)
def test_what_obeys_the_document_passes(judge: Judge, case: Exchange) -> None:
    judge.examine(case)


@pytest.mark.parametrize(
    ("case", "complaint"),
    [
        (exchange("POST", "/videos", 200, VIDEO, {"prompt": "x", "seconds": 8}), "8 is not"),
        (exchange("POST", "/videos", 200, VIDEO, {"prompt": "x", "seed": 8}), "seed"),
        (exchange("POST", "/videos", 200, VIDEO, form('name="seconds"\r\n\r\n8'), FORM), "prompt"),
        (exchange("POST", "/videos", 200, VIDEO, form(PROMPT, 'name="seed"\r\n\r\n8'), FORM), "seed"),
        (exchange("POST", "/videos", 200, VIDEO, b"x", "text/plain"), "text/plain"),
        (exchange("POST", "/videos", 200, {"id": 7}, {"prompt": "x"}), "status"),
        (exchange("GET", "/videos", 429, {"error": "slow down"}), "slow down"),
        (exchange("GET", "/videos?limit=1000", 200, {"data": []}), "1000"),
        (exchange("GET", "/videos/video_1", 200, b"not json"), "video/mp4"),
        (exchange("GET", "/elsewhere", 200, {}), "elsewhere"),
        (exchange("PATCH", "/videos", 200, {}), "patch"),
    ],
    ids=str,
)
def test_what_violates_the_document_is_named(judge: Judge, case: Exchange, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        judge.examine(case)


def test_a_call_without_its_key_is_a_violation(judge: Judge) -> None:
    case = exchange("GET", "/videos", 200, {"data": []})
    del case.request_headers["authorization"]
    with pytest.raises(AssertionError, match="Security"):
        judge.examine(case)


def test_text_fields_of_a_form_are_read_as_their_type() -> None:
    fields = {"n": {"$ref": "#/components/schemas/N"}, "loud": {"type": "boolean"}, "name": {"type": "string"}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/things/{id}": {
                "post": {
                    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                    "requestBody": {
                        "content": {"multipart/form-data": {"schema": {"type": "object", "properties": fields}}}
                    },
                    "responses": {"204": {"description": "done"}},
                }
            }
        },
        "components": {"schemas": {"N": {"type": "integer"}}},
    }
    judge = Judge(document, BASE)
    body = form('name="n"\r\n\r\n7', 'name="loud"\r\n\r\ntrue', 'name="name"\r\n\r\n7')
    judge.examine(Exchange("POST", f"{BASE}/things/1", {"content-type": FORM}, body, 204))
    wrong = form('name="n"\r\n\r\nseven')
    with pytest.raises(AssertionError, match="seven"):
        judge.examine(Exchange("POST", f"{BASE}/things/1", {"content-type": FORM}, wrong, 204))
