"""Bad input: each is refused with the right status, code and parameter, and nothing is written down or sent on."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
import requests

from generated.models import Problem
from handlers import logs
from handlers.edge import bodies
from handlers.errors import InvalidRequest
from tests.gateway import ALICE, BOB, Gateway, judge, new_database, running
from tests.handlers.wire import SERVE, configured, dsn, process

JSON = "application/json"
LEAST: dict[str, Any] = {"model": "runway/gen4.5", "prompt": "x [sandbox:no-render]"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway whose bodies may be 1 MiB."""
    logs.configure("info", "json")
    with running(tmp_path_factory.mktemp("small"), max_body_mb=1) as gateway:
        yield gateway


@dataclass(frozen=True)
class Apart:
    """A gateway in a process of its own, so that its memory and its log can be looked at."""

    url: str
    process: psutil.Process
    log: Path


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    directory = tmp_path_factory.mktemp("apart")
    settings = {
        "PORT": "0",
        "DATABASE_URL": new_database(),
        "REELGATE_DATA_DIR": str(directory),
        "REELGATE_API_KEYS": f"alice:{ALICE}",
        "REELGATE_LOG_FORMAT": "json",
    }
    with process(SERVE, "is ready on", directory / "log", **settings) as (server, line):
        yield Apart(line.split()[-1], psutil.Process(server.pid), directory / "log")


@pytest.fixture
def gateway(small: Gateway) -> Iterator[Gateway]:
    before, state = len(small.exchanges), footprint(small)
    yield small
    judge(small, small.exchanges[before:])
    assert footprint(small) == state, "something was written down or sent on"


def footprint(gateway: Gateway) -> tuple[int, int]:
    """The jobs in the ledger, and the creates that the emulators have heard of."""
    with psycopg.connect(dsn(gateway)) as connection:
        found = connection.execute("SELECT count(*) FROM jobs").fetchone()
    assert found is not None
    heard = sum(counts[name] for counts in gateway.stats().values() for name in ("creates_accepted", "creates_refused"))
    return found[0], heard


def refused(answer: Any, status: int, code: str, param: str | None) -> None:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert (body["status_code"], body["is_bifrost_error"]) == (status, False)
    assert (body["error"]["code"], body["error"].get("param")) == (code, param), body
    assert body["event_id"] == body["error"]["event_id"] == answer.headers["x-request-id"]
    assert body["error"]["message"].strip() and body["type"] == body["error"]["type"]


def nested(depth: int) -> bytes:
    return json.dumps(LEAST)[:-1].encode() + b',"x":' + b"[" * depth + b"]" * depth + b"}"


def literal(field: str) -> bytes:
    return json.dumps(LEAST)[:-1].encode() + b"," + field.encode() + b"}"


INVALID, DATA = "invalid_request", "data:image/png;base64,"
BODIES: dict[str, tuple[bytes, str | None, int, str, str | None]] = {
    "no body": (b"", JSON, 400, "missing_body", None),
    "no body and no type": (b"", None, 400, "missing_body", None),
    "blanks": (b" \r\n", JSON, 400, "missing_body", None),
    "not JSON": (b"{nope", JSON, 400, "invalid_json", None),
    "cut off": (b'{"model": "a/b"', JSON, 400, "invalid_json", None),
    "two values": (b"{} {}", JSON, 400, "invalid_json", None),
    "a byte order mark": (b"\xef\xbb\xbf{}", JSON, 400, "invalid_json", None),
    "Latin-1": (b'{"prompt": "\xe9"}', JSON, 400, "invalid_encoding", None),
    "UTF-16": (json.dumps(LEAST).encode("utf-16"), JSON, 400, "invalid_encoding", None),
    "a lone surrogate": (json.dumps({"prompt": "\ud800"}).encode(), JSON, 400, "invalid_json", None),
    "NaN": (literal('"x": NaN'), JSON, 400, "invalid_json", None),
    "infinity": (literal('"x": 1e999'), JSON, 400, "invalid_json", None),
    "nested beyond the parser": (nested(5000), JSON, 400, "invalid_json", None),
    "a list": (b"[]", JSON, 400, INVALID, None),
    "null": (b"null", JSON, 400, INVALID, None),
    "a string": (b'"x"', JSON, 400, INVALID, None),
    "an empty object": (b"{}", JSON, 400, INVALID, "model"),
    "text": (b"x", "text/plain", 415, "unsupported_media_type", None),
    "a web form": (b"model=a", "application/x-www-form-urlencoded", 415, "unsupported_media_type", None),
    "another JSON": (b"{}", "application/vnd.x+json", 415, "unsupported_media_type", None),
    "a broken type": (b"{}", ";;;", 415, "unsupported_media_type", None),
    "another charset": (b"{}", "application/json;charset=latin-1", 415, "unsupported_media_type", None),
    "an unheard-of charset": (b"{}", "application/json;charset=x-nope", 415, "unsupported_media_type", None),
    "a huge integer": (literal('"seed": 1' + "0" * 400), JSON, 400, "invalid_json", None),
    "a seed beyond 2^53": (literal('"seed": 9007199254740992'), JSON, 400, INVALID, "seed"),
    "a seed beyond 2^64": (literal('"seed": 18446744073709551616'), JSON, 400, INVALID, "seed"),
    "a negative seed": (literal('"seed": -1'), JSON, 400, INVALID, "seed"),
}


@pytest.mark.parametrize(("body", "media_type", "status", "code", "param"), BODIES.values(), ids=BODIES)
def test_a_body_that_cannot_be_read_is_refused(
    gateway: Gateway, body: bytes, media_type: str | None, status: int, code: str, param: str | None
) -> None:
    headers = {"Content-Type": media_type} if media_type is not None else {}
    refused(gateway.ask("POST", "/v1/videos", data=body, headers=headers), status, code, param)


FIELDS: dict[str, tuple[dict[str, Any], str | None]] = {
    "no prompt": ({"prompt": ...}, "prompt"),
    "no model": ({"model": ...}, "model"),
    "a prompt that is a number": ({"prompt": 7}, "prompt"),
    "an empty prompt": ({"prompt": ""}, "prompt"),
    "a prompt that is too long": ({"prompt": "x" * 32001}, "prompt"),
    "a prompt that is null": ({"prompt": None}, "prompt"),
    "a model without a provider": ({"model": "gen4.5"}, "model"),
    "a model without a name": ({"model": "runway/"}, "model"),
    "a provider without a name": ({"model": "/gen4.5"}, "model"),
    "a model with a blank": ({"model": "runway/gen 4.5"}, "model"),
    "a model with a NUL": ({"model": "runway/gen\x004.5"}, "model"),
    "a model that is a list": ({"model": ["runway/gen4.5"]}, "model"),
    "seconds that are zero": ({"seconds": 0}, "seconds"),
    "seconds with a fraction": ({"seconds": 4.5}, "seconds"),
    "seconds that are words": ({"seconds": "four"}, "seconds"),
    "seconds with a sign": ({"seconds": "+4"}, "seconds"),
    "seconds with a newline": ({"seconds": "4\n"}, "seconds"),
    "seconds beyond bounds": ({"seconds": 1000}, "seconds"),
    "a size that is none": ({"size": "big"}, "size"),
    "a size with a newline": ({"size": "1280x720\n"}, "size"),
    "a seed that is text": ({"seed": "7"}, "seed"),
    "a seed that is true": ({"seed": True}, "seed"),
    "audio that is text": ({"audio": "true"}, "audio"),
    "an empty negative prompt": ({"negative_prompt": ""}, "negative_prompt"),
    "a reference that is no URL": ({"input_reference": "boat.png"}, "input_reference"),
    "a reference to a file": ({"input_reference": "file:///etc/passwd"}, "input_reference"),
    "a reference of another type": ({"input_reference": "data:image/gif;base64,AAAA"}, "input_reference"),
    "a reference that is an object": ({"input_reference": {"image_url": "https://x.test"}}, "input_reference"),
    "a video that is no URI": ({"video_uri": "boat"}, "video_uri"),
    "fallbacks that are text": ({"fallbacks": "runway/gen4.5"}, "fallbacks"),
    "too many fallbacks": ({"fallbacks": ["runway/gen4.5"] * 11}, "fallbacks"),
    "a fallback without provider": ({"fallbacks": ["gen4.5"]}, "fallbacks.0"),
    "a fallback without model": ({"fallbacks": ["runway/gen4.5", {"provider": "runway"}]}, "fallbacks.1.model"),
}


def body_of(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**LEAST, **fields}.items() if value is not ...}


@pytest.mark.parametrize(("fields", "param"), FIELDS.values(), ids=FIELDS)
def test_a_field_that_is_not_as_the_document_says_is_named(
    gateway: Gateway, fields: dict[str, Any], param: str
) -> None:
    refused(gateway.ask("POST", "/v1/videos", json=body_of(fields)), 400, INVALID, param)


TARGETS: dict[str, tuple[dict[str, Any], int, str, str | None]] = {
    "an unknown provider": ({"model": "nobody/x"}, 404, "provider_not_found", "model"),
    "a provider in capitals": ({"model": "RUNWAY/gen4.5"}, 400, "invalid_request", "model"),
    "a provider of the contract without an adapter": ({"model": "cohere/x"}, 400, "unsupported_operation", None),
    "an unknown model": ({"model": "runway/gen9"}, 404, "model_not_found", "model"),
    "what the model cannot do": ({"seconds": "11"}, 400, "unsupported_parameter", "seconds"),
    "an image that is none": ({"input_reference": DATA + "AAAA"}, 400, "invalid_image", "input_reference"),
    "an image without bytes": ({"input_reference": DATA}, 400, "invalid_image", "input_reference"),
    "an image with broken base64": ({"input_reference": DATA + "AAAAA"}, 400, "invalid_image", "input_reference"),
}


@pytest.mark.parametrize(("fields", "status", "code", "param"), TARGETS.values(), ids=TARGETS)
def test_a_target_that_cannot_serve_the_request_is_refused(
    gateway: Gateway, fields: dict[str, Any], status: int, code: str, param: str | None
) -> None:
    refused(gateway.ask("POST", "/v1/videos", json=body_of(fields)), status, code, param)


def test_a_provider_without_a_key_says_which_ones_have_one(tmp_path: Path) -> None:
    with running(tmp_path, configuration=configured(runway="http://127.0.0.1:1"), worker=False) as gateway:
        answer = gateway.ask("POST", "/v1/videos", json={"model": "openai/sora-2", "prompt": "x"})
        refused(answer, 400, "provider_not_configured", "model")
        assert "runway" in answer.json()["error"]["message"]
        judge(gateway, gateway.exchanges)


@pytest.mark.parametrize("remix", [b"", b"[]", b'{"prompt": ""}', b'{"prompt": 7}', b"{}"])
def test_a_remix_needs_a_prompt(gateway: Gateway, remix: bytes) -> None:
    answer = gateway.ask("POST", "/v1/videos/x/remix", data=remix, headers={"Content-Type": JSON})
    assert answer.status_code == 400


def test_a_remix_is_no_form(gateway: Gateway) -> None:
    answer = gateway.ask("POST", "/v1/videos/x/remix", files={"prompt": (None, "x")})
    refused(answer, 415, "unsupported_media_type", None)


# ---- paths, methods, parameters --------------------------------------------------------------------------------------

QUERIES: dict[str, tuple[int, str, str]] = {
    **dict.fromkeys(
        ("limit=0", "limit=101", "limit=-1", "limit=abc", "limit=", "limit=1e2", "limit=5.0", "limit=1" + "0" * 40),
        (400, INVALID, "limit"),
    ),
    **dict.fromkeys(("order=", "order=up", "order=ASC"), (400, INVALID, "order")),
    **dict.fromkeys(("provider=", "provider=Runway", "provider=a%20b"), (400, INVALID, "provider")),
    **dict.fromkeys(("after=", "after=" + "a" * 513), (400, INVALID, "after")),
    **dict.fromkeys(("after=video_x", "after=%00", "after=%ff", "after=x:runway"), (404, "video_not_found", "after")),
}


@pytest.mark.parametrize(("query", "expected"), QUERIES.items(), ids=[each[:20] for each in QUERIES])
def test_a_parameter_out_of_bounds_is_named(gateway: Gateway, query: str, expected: tuple[int, str, str]) -> None:
    refused(gateway.ask("GET", f"/v1/videos?{query}"), *expected)


def test_a_probe_that_is_none_is_named(gateway: Gateway) -> None:
    refused(gateway.ask("GET", "/health?probe=deep", None), 400, INVALID, "probe")


@pytest.mark.parametrize(
    "video_id", ["x", "%00", "a%00b:runway", ":", "::", "x:runway", "%20", "%ff", "%F0%9F%98%80", "a" * 512, "'--"]
)
@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("GET", "/content"), ("POST", "/remix")])
def test_an_id_that_is_not_there_is_not_there(gateway: Gateway, video_id: str, method: str, path: str) -> None:
    body: dict[str, Any] = {"json": {"prompt": "x"}} if method == "POST" else {}
    refused(gateway.ask(method, f"/v1/videos/{video_id}{path}", **body), 404, "video_not_found", "video_id")


def test_an_id_that_is_too_long_is_refused(gateway: Gateway) -> None:
    refused(gateway.ask("GET", "/v1/videos/" + "a" * 513), 400, INVALID, "video_id")


@pytest.mark.parametrize("path", ["/", "/nope", "/v1", "/v1/video", "/sandbox", "/openapi.json", "/v1/videos/a%2Fb"])
def test_a_path_that_is_not_there_is_said_so(gateway: Gateway, path: str) -> None:
    refused(gateway.ask("GET", path), 404, "path_not_found", None)


METHODS = {
    "/v1/videos": "GET, POST",
    "/v1/videos/x": "DELETE, GET",
    "/v1/videos/x/content": "GET, HEAD",
    "/v1/videos/x/remix": "POST",
    "/v1/models": "GET",
    "/health": "GET",
}


@pytest.mark.parametrize(("path", "allow"), METHODS.items())
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_a_method_that_a_path_does_not_have_is_answered_with_those_it_has(
    gateway: Gateway, path: str, allow: str, method: str
) -> None:
    if method not in allow.split(", "):
        answer = gateway.ask(method, path)
        refused(answer, 405, "method_not_allowed", None)
        assert answer.headers["allow"] == allow


@pytest.mark.parametrize("path", ["/v1/models", "/health"])
def test_head_is_get_without_the_body(small: Gateway, path: str) -> None:
    answer = small.ask("HEAD", path)
    assert (answer.status_code, answer.content) == (200, b"")


# ---- the same as RFC 9457, and the event ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "extra", "status", "code", "param"),
    [
        ("POST", "/v1/videos", {"data": b"{", "headers": {"Content-Type": JSON}}, 400, "invalid_json", None),
        ("POST", "/v1/videos", {"json": {"model": "runway/gen4.5"}}, 400, INVALID, "prompt"),
        ("POST", "/v1/videos", {"json": LEAST | {"model": "x/y"}}, 404, "provider_not_found", "model"),
        ("POST", "/v1/videos", {"data": b"x", "headers": {"Content-Type": "a/b"}}, 415, "unsupported_media_type", None),
        ("GET", "/v1/videos/x", {}, 404, "video_not_found", "video_id"),
        ("GET", "/nope", {}, 404, "path_not_found", None),
        ("PUT", "/v1/models", {}, 405, "method_not_allowed", None),
        ("GET", "/v1/videos?limit=0", {}, 400, INVALID, "limit"),
        ("GET", "/v1/videos", {"key": "nobody-knows"}, 401, "virtual_key_not_found", None),
    ],
)
def test_who_asks_for_problem_details_gets_the_same_facts(
    small: Gateway, method: str, path: str, extra: dict[str, Any], status: int, code: str, param: str | None
) -> None:
    before = footprint(small)
    headers = extra.get("headers", {}) | {"Accept": "application/problem+json"}
    answer = small.ask(method, path, **{**extra, "headers": headers})
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    Problem.model_validate(problem)
    assert footprint(small) == before
    assert (answer.status_code, problem["status"], problem["code"], problem.get("param")) == (
        status,
        status,
        code,
        param,
    )
    assert problem["instance"] == f"urn:reelgate:event:{answer.headers['x-request-id']}"
    assert problem["type"] == f"urn:reelgate:error:{code}" and problem["detail"]


@pytest.mark.parametrize("given", ["abc", "A-b_c.d:1", "x" * 128])
def test_a_sane_request_id_is_kept(gateway: Gateway, given: str) -> None:
    answer = gateway.ask("GET", "/nope", headers={"x-request-id": given})
    assert (answer.headers["x-request-id"], answer.json()["event_id"]) == (given, given)


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "a/b", '"quoted"', "<script>", "a;b"])
def test_any_other_request_id_is_replaced(gateway: Gateway, given: str) -> None:
    answer = gateway.ask("GET", "/nope", headers={"x-request-id": given})
    assert answer.headers["x-request-id"] not in (given, "")
    assert answer.json()["event_id"] == answer.headers["x-request-id"]


def test_every_refusal_can_be_found_in_the_log_by_its_event(apart: Apart) -> None:
    key = {"Authorization": f"Bearer {ALICE}"}
    answers = [
        requests.get(f"{apart.url}/nope", timeout=5),
        requests.get(f"{apart.url}/v1/videos", headers={"x-api-key": "nobody-knows"}, timeout=5),
        requests.post(f"{apart.url}/v1/videos", data=b"{", headers=key | {"Content-Type": JSON}, timeout=5),
        requests.put(f"{apart.url}/v1/models", timeout=5),
    ]
    until = time.monotonic() + 5
    logged: dict[str, int] = {}
    while len(logged) < len(answers) and time.monotonic() < until:
        lines = [json.loads(line) for line in apart.log.read_text().splitlines() if line.endswith("}")]
        logged = {line["request_id"]: line["status"] for line in lines if line["event"] == "request"}
    for answer in answers:
        assert answer.status_code >= 400
        assert logged[answer.json()["event_id"]] == answer.status_code
    assert ALICE not in apart.log.read_text() and "nobody-knows" not in apart.log.read_text()


# ---- what is too large ----------------------------------------------------------------------------------------------


def chunks(count: int, piece: bytes = b"x" * 65536) -> Iterator[bytes]:
    yield b'{"model": "runway/gen4.5", "prompt": "'
    for _ in range(count):
        yield piece
    yield b'"}'


def form(count: int) -> Iterator[bytes]:
    yield b'--b\r\ncontent-disposition: form-data; name="input_reference"; filename="x.png"\r\n\r\n'
    for _ in range(count):
        yield b"x" * 65536
    yield b"\r\n--b--\r\n"


FORM = "multipart/form-data; boundary=b"


@pytest.mark.parametrize("mebibytes", [1.2, 3])
@pytest.mark.parametrize(("media_type", "pieces"), [(JSON, chunks), (FORM, form)])
@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_refused_whether_its_length_is_declared_or_not(
    gateway: Gateway, mebibytes: float, media_type: str, pieces: Any, declared: bool
) -> None:
    parts = pieces(int(mebibytes * 16))
    answer = gateway.ask(
        "POST", "/v1/videos", data=b"".join(parts) if declared else parts, headers={"Content-Type": media_type}
    )
    refused(answer, 413, "request_too_large", None)


@pytest.mark.parametrize(
    ("path", "key", "most"),
    [("/api/session/login", None, 16 * 1024), ("/api/webhooks", ALICE, 1024 * 1024)],
    ids=["of a stranger", "without an image"],
)
@pytest.mark.parametrize("declared", [True, False])
def test_a_body_to_which_no_image_belongs_may_be_small_only(
    tmp_path: Path, path: str, key: str | None, most: int, declared: bool
) -> None:
    with running(tmp_path) as gateway:
        for length, refusal in ((most - 100, "invalid_request"), (most + 1, "request_too_large")):
            text = b'{"username": "' + b"x" * (length - 16) + b'"}'
            body = text if declared else iter([text[:1000], text[1000:]])
            answer = gateway.ask("POST", path, key, data=body, headers={"Content-Type": "application/json"})
            assert answer.json()["error"]["type"] == "invalid_request_error"
            assert (answer.json()["error"]["code"] == "request_too_large") == (refusal == "request_too_large"), (
                answer.text
            )


def test_a_text_field_of_a_form_may_not_be_too_large_either(gateway: Gateway) -> None:
    answer = gateway.ask(
        "POST", "/v1/videos", files={"model": (None, "runway/gen4.5"), "prompt": (None, "x" * 1200000)}
    )
    refused(answer, 413, "request_too_large", None)


@pytest.mark.parametrize(("media_type", "pieces"), [(JSON, chunks), (FORM, form)])
@pytest.mark.parametrize("declared", [True, False])
def test_forty_megabytes_are_refused_and_not_kept_in_memory(
    apart: Apart, media_type: str, pieces: Any, declared: bool
) -> None:
    server, url = apart.process, apart.url
    count, before = 640, server.memory_info().rss
    length = sum(len(piece) for piece in pieces(count))
    host = url.removeprefix("http://")
    for _ in range(3):
        connection = http.client.HTTPConnection(host, timeout=20)
        headers = {"Content-Type": media_type, "Authorization": f"Bearer {ALICE}"}
        if declared:
            headers["Content-Length"] = str(length)
        connection.request("POST", "/v1/videos", pieces(count), headers, encode_chunked=not declared)
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["error"]["code"]) == (413, "request_too_large")
        connection.close()
    assert server.memory_info().rss - before < 30 * 1024 * 1024


# ---- real bugs, until they are fixed --------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [300, 900])
def test_a_body_that_is_nested_too_deep_is_refused(small: Gateway, depth: int) -> None:
    answer = small.ask("POST", "/v1/videos", data=nested(depth), headers={"Content-Type": JSON})
    assert answer.status_code == 400


def test_a_media_type_may_be_written_in_capitals(small: Gateway) -> None:
    answer = small.ask("POST", "/v1/videos", data=json.dumps(LEAST), headers={"Content-Type": "Application/JSON"})
    assert answer.status_code == 200


def test_a_charset_behind_a_blank_is_seen(small: Gateway) -> None:
    headers = {"Content-Type": "application/json; charset=latin-1"}
    assert small.ask("POST", "/v1/videos", data=json.dumps(LEAST), headers=headers).status_code == 415


def test_a_field_that_stands_there_twice_is_refused(small: Gateway) -> None:
    twice = b'{"model": "openai/sora-2", "model": "runway/gen4.5", "prompt": "x [sandbox:no-render]"}'
    assert small.ask("POST", "/v1/videos", data=twice, headers={"Content-Type": JSON}).status_code == 400


def test_a_client_that_hangs_up_in_the_middle_leaves_nothing(gateway: Gateway) -> None:
    connection = http.client.HTTPConnection(gateway.url.removeprefix("http://"), timeout=5)
    with contextlib.closing(connection):
        connection.putrequest("POST", "/v1/videos")
        for name, value in {"Authorization": f"Bearer {ALICE}", "Content-Type": JSON, "Content-Length": "1000"}.items():
            connection.putheader(name, value)
        connection.endheaders(b'{"model": "runway/gen4.5", ')
    assert gateway.ask("GET", "/health", None).status_code == 200


def test_a_body_that_does_not_arrive_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds room that others need: a length that is declared is believed before anything has come."""
    with running(tmp_path, uploads_mb=8) as gateway:
        host, port = urlsplit(gateway.url).hostname, urlsplit(gateway.url).port
        head = f"POST /v1/videos HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ALICE}\r\nContent-Type: application/json\r\n"
        with socket.create_connection((host, port), timeout=10) as slow:
            slow.sendall(f"{head}Content-Length: 4000000\r\nExpect: 100-continue\r\n\r\n".encode())
            assert slow.recv(65536).startswith(b"HTTP/1.1 100 ")  # which is said when it is waited for
            large = {
                "model": "runway/gen4.5",
                "prompt": "x" * 30_000,
                "input_reference": "data:image/png;base64," + "A" * 4_000_000,
            }
            assert gateway.ask("POST", "/v1/videos", BOB, json=large).status_code == 503
            monkeypatch.setattr(bodies, "IDLE", 0.1)
            slow.sendall(b"{")
            answer = b""
            while b"event_id" not in answer and (more := slow.recv(65536)):
                answer += more
        assert b" 400 " in answer.splitlines()[0] and b"body_too_slow" in answer
        # There is room for it now, and it is no image.
        assert gateway.ask("POST", "/v1/videos", BOB, json=large).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/v1/videos?dryrun=true", "dryrun"),
        ("GET", "/v1/videos?campaign=spring", "campaign"),
        ("GET", "/v1/videos?provider=runway&Provider=xai", "Provider"),
    ],
)
def test_a_query_parameter_that_there_is_not_is_refused(gateway: Gateway, method: str, path: str, name: str) -> None:
    before = gateway.stats()["runway"]["creates_accepted"]
    body = {"json": {"model": "runway/gen4.5", "prompt": "x"}} if method == "POST" else {}
    answer = gateway.ask(method, path, **body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "invalid_request", name)
    assert gateway.stats()["runway"]["creates_accepted"] == before


@pytest.mark.parametrize(
    ("operation", "body", "param", "said"),
    [
        ("videoGeneration", {"metadata": {"take": 1}}, "metadata.take", "Words of the caller's own about the job"),
        ("videoGeneration", {"fallbacks": [{"provider": "runway"}]}, "fallbacks.0.model", "own name of the model."),
        ("budgetOverrideSet", {"amount": 25, "mode": "cycles"}, "cycles", "For how many windows"),
        ("virtualKeyCreate", {"name": "x", "budget": 1}, "budget", "There are name, value, "),
        ("providerCreate", {"name": "x", "keys": [{"nom": "a"}]}, "keys.0.nom", "There are "),
    ],
)
def test_a_refusal_says_what_the_document_says_of_the_place(
    operation: str, body: dict[str, Any], param: str, said: str
) -> None:
    plain = {"model": "runway/gen4.5", "prompt": "x"} if operation == "videoGeneration" else {}
    with pytest.raises(InvalidRequest) as refusal:
        bodies.judge(plain | body, operation)
    assert refusal.value.param == param and said in refusal.value.message and "There are ." not in refusal.value.message
