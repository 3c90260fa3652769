"""The client against a real HTTP server whose answers each test writes down beforehand."""

import json
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote_plus

import pytest
import requests

from generated import client as module
from generated import models
from generated.client import Client

REQUEST = models.VideoGenerationRequest(model="a/b", prompt="boat", style="noir")
FILM = bytes(range(256)) * 400


def job(status="queued", **more):
    return {
        **{"id": "video_1", "object": "video", "model": "a/b", "status": status, "created_at": 1},
        **{"extra_fields": {}, **more},
    }


def fault(status, code="some_code", **more):
    error = {"type": "t", "code": code, "message": "Do better.", **more}
    return {"event_id": "e1", "is_bifrost_error": False, "status_code": status, "error": error}


class Script:
    """What the server answers, in order, and what it was asked."""

    def __init__(self):
        self.answers = deque()
        self.requests = []

    def add(self, body, status=200, cut=0, **headers):
        """One answer; `cut` bytes are missing at its end though `Content-Length` promises them."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = {"Content-Length": str(len(content)), **{k.replace("_", "-"): v for k, v in headers.items()}}
        self.answers.append((status, fields, content[: len(content) - cut]))
        return self

    def stream(self, *pieces, breaks=False):
        """An answer of events in these pieces; without its end if it `breaks`."""
        chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces]
        fields = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}
        self.answers.append((200, fields, b"".join(chunks) + (b"" if breaks else b"0\r\n\r\n")))
        return self

    @property
    def seen(self):
        return [(request.command, request.path) for request in self.requests]


@pytest.fixture
def script():
    return Script()


@pytest.fixture
def server(script):
    class Handler(BaseHTTPRequestHandler):
        def serve(self):
            self.content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            script.requests.append(self)
            status, headers, content = script.answers.popleft()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = serve

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def client(server):
    with Client(server, bearer="k") as client:
        yield client


class Clock:
    """The client's time: pauses take none, and are written down."""

    def __init__(self):
        self.pauses = []

    def monotonic(self):
        return float(sum(self.pauses))

    def sleep(self, seconds):
        self.pauses.append(seconds)


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """The pauses that were made, in seconds."""
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock.pauses


@pytest.mark.parametrize(
    ("credential", "header", "value"),
    [
        ({"bearer": "k"}, "Authorization", "Bearer k"),
        ({"basic": ("Zoë", "k")}, "Authorization", "Basic Wm/Dqzpr"),
        ({"api_key": "k"}, "x-api-key", "k"),
        ({"virtual_key": "sk-bf-k"}, "x-bf-vk", "sk-bf-k"),
        ({}, "Authorization", None),
    ],
)
def test_each_credential_goes_where_the_document_says(server, script, credential, header, value):
    script.add({"object": "list", "data": []})
    Client(server, **credential).model_list()
    assert script.requests[0].headers.get(header) == value


def test_two_credentials_are_a_mistake():
    with pytest.raises(ValueError, match="one credential"):
        Client(bearer="k", api_key="k")


def test_only_what_is_set_is_sent(client, script):
    script.add(job()).add({"object": "list", "data": [], "has_more": False})
    made = client.video_generation(REQUEST)
    client.video_list(limit=5)
    assert (made.id, made.status) == ("video_1", models.VideoStatus.queued)
    assert json.loads(script.requests[0].content) == {"model": "a/b", "prompt": "boat", "style": "noir"}
    assert script.requests[0].headers["Content-Type"] == "application/json"
    assert script.requests[1].path == "/v1/videos?limit=5"


def test_path_parameters_are_encoded_and_stay_one_segment(client, script):
    script.add({"id": "x", "object": "video.deleted", "deleted": True})
    client.video_delete("a/ü?:runway")
    assert script.seen == [("DELETE", "/v1/videos/a%2F%C3%BC%3F:runway")]
    for wrong in ("", ".", ".."):
        with pytest.raises(ValueError, match="part of a path"):
            client.video_delete(wrong)


def test_a_documented_refusal_is_its_own_error(client, script):
    script.add(fault(404, "video_not_found", param="video_id"), 404)
    with pytest.raises(module.NotFound) as caught:
        client.video_retrieve("x")
    error = caught.value
    assert (error.status, error.code, error.param, error.event_id) == (404, "video_not_found", "video_id", "e1")
    assert str(error) == "404 Do better."
    assert not error.may_pass


def test_a_refusal_that_is_not_ours_is_told_without_an_explanation(client, script):
    script.add(b"<h1>Teapot</h1>", 418, x_request_id="r1")
    with pytest.raises(module.ApiError) as caught:
        client.model_list()
    error = caught.value
    assert type(error) is module.ApiError
    assert (error.status, error.error, error.code, error.param, error.event_id) == (418, None, None, None, "r1")


def test_a_redirect_is_not_followed_with_the_key(client, script):
    script.add(b"", 302, Location="http://127.0.0.1:1/")
    with pytest.raises(module.ApiError, match="302"):
        client.model_list()


def test_every_documented_error_has_a_class():
    assert {status: kind.__name__ for status, kind in module.ERRORS.items()}[503] == "ServiceUnavailable"
    for kind in [*module.ERRORS.values(), module.ConnectionFailed, module.VideoFailed, module.VideoTimeout]:
        assert issubclass(kind, module.ClientError)
        assert f"── {kind.__name__} " in module.__doc__


def test_a_get_is_repeated_as_the_server_advises(client, script, pauses):
    script.add(fault(503), 503, Retry_After="7").add(fault(429), 429, Retry_After="999")
    script.add({"object": "list", "data": []})
    assert client.model_list().data == []
    assert pauses == [7, module.LONGEST_PAUSE]


def test_a_get_gives_up_after_its_retries(client, script, pauses):
    for _ in range(3):
        script.add(fault(502), 502)
    with pytest.raises(module.BadGateway) as caught:
        client.model_list()
    assert caught.value.may_pass
    assert pauses == [0.5, 1.0]


def test_a_refusal_that_will_not_pass_is_not_repeated(client, script):
    script.add(fault(403), 403)
    with pytest.raises(module.Forbidden):
        client.model_list()


@pytest.mark.parametrize("call", [lambda c: c.video_generation(REQUEST), lambda c: c.video_delete("x")])
def test_a_post_and_a_delete_are_never_repeated(client, script, call):
    script.add(fault(503), 503, Retry_After="1")
    with pytest.raises(module.ServiceUnavailable) as caught:
        call(client)
    assert caught.value.retry_after == 1
    assert len(script.requests) == 1


def test_a_503_that_carries_the_answer_is_an_answer(client, script):
    script.add({"status": "unavailable", "version": "1", "sandbox": False, "dependencies": []}, 503)
    assert client.health().status == models.HealthStatus.unavailable


def test_a_server_that_is_not_there_has_not_seen_the_request():
    with pytest.raises(module.ConnectionFailed) as caught:
        Client("http://127.0.0.1:1").video_generation(REQUEST)
    assert caught.value.unsent


def test_a_lost_answer_leaves_the_outcome_open(client, script):
    script.add(job(), cut=10)
    with pytest.raises(module.ConnectionFailed) as caught:
        client.video_generation(REQUEST)
    assert not caught.value.unsent


def test_a_wrong_base_url_is_the_callers_mistake():
    with pytest.raises(ValueError, match="scheme"):
        Client("127.0.0.1").model_list()


def test_an_answer_of_another_shape_is_unreadable(client, script):
    script.add({"id": 1})
    with pytest.raises(module.UnreadableAnswer):
        client.video_generation(REQUEST)


def test_a_newer_server_is_understood(client, script):
    newer = job("paused", novelty=1, videos=[{"type": "stream"}], usage={"cost": 1, "currency": "EUR"})
    script.add({"object": "list", "data": [job("dreaming")], "has_more": False}).add(newer)
    assert client.video_list().data[0].status == "dreaming"
    read = client.video_retrieve("video_1")
    assert (read.status, read.videos[0].type, read.usage.currency) == ("paused", "stream", "EUR")


def test_headers_can_be_seen(server, script):
    seen = []
    script.add({"object": "list", "data": []}, x_request_id="r1")
    Client(server, on_response=lambda response: seen.append(response.headers["x-request-id"])).model_list()
    assert seen == ["r1"]


def test_a_session_of_ones_own_is_used(server, script):
    session = requests.Session()
    session.headers["x-team"] = "films"
    script.add({"object": "list", "data": []})
    Client(server, session=session).model_list()
    assert script.requests[0].headers["x-team"] == "films"


def test_a_download_is_read_in_chunks(client, script):
    script.add(FILM, Content_Type="video/mp4", Accept_Ranges="bytes")
    with client.video_download("video_1", variant="video") as download:
        assert (download.content_type, download.length, download.offset) == ("video/mp4", len(FILM), 0)
        chunks = list(download)
    assert b"".join(chunks) == FILM
    assert max(map(len, chunks)) <= module.CHUNK
    assert script.seen == [("GET", "/v1/videos/video_1/content?variant=video")]
    assert script.requests[0].headers["Accept-Encoding"] == "identity"


def test_a_download_that_is_cut_is_an_error(client, script):
    script.add(FILM, cut=1)
    with client.video_download("video_1") as download, pytest.raises(module.ConnectionFailed):
        list(download)


def test_a_dropped_download_is_taken_up_where_it_broke(client, script, tmp_path):
    progress = []
    content_range = f"bytes {module.CHUNK}-{len(FILM) - 1}/{len(FILM)}"
    script.add(FILM, cut=1000, Accept_Ranges="bytes")
    script.add(FILM[module.CHUNK :], 206, Content_Range=content_range)
    path = client.download_to("video_1", tmp_path / "film.mp4", on_progress=lambda *each: progress.append(each))
    assert path.read_bytes() == FILM
    assert script.requests[1].headers["Range"] == f"bytes={module.CHUNK}-"
    assert progress[-1] == (len(FILM), len(FILM))
    assert list(tmp_path.iterdir()) == [path]


def test_without_ranges_a_dropped_download_starts_again(client, script, tmp_path):
    script.add(FILM, cut=1000).add(FILM)
    assert client.download_to("video_1", tmp_path / "film.mp4").read_bytes() == FILM
    assert "Range" not in script.requests[1].headers


def test_a_failed_download_leaves_the_old_file(client, script, tmp_path):
    (tmp_path / "film.mp4").write_bytes(b"old")
    for _ in range(3):
        script.add(FILM, cut=1)
    with pytest.raises(module.ConnectionFailed):
        client.download_to("video_1", tmp_path / "film.mp4")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_bytes_from_another_place_are_not_mixed_in(client, script, tmp_path):
    script.add(FILM, cut=1000, Accept_Ranges="bytes").add(b"x", 206, Content_Range="bytes 5-5/9")
    with pytest.raises(module.ConnectionFailed, match="not from 5"):
        client.download_to("video_1", tmp_path / "film.mp4")


def test_a_list_is_sent_as_a_parameter_that_is_repeated(client, script):
    for _ in range(4):
        script.add({"object": "list", "data": [], "has_more": False})
    client.video_list(metadata=["campaign:spring, summer", "team:a&b"], limit=2)
    client.video_list(metadata=["campaign:spring"])
    client.video_list(metadata=[])
    client.video_list(metadata=None)
    assert [unquote_plus(path) for _, path in script.seen[:2]] == [
        "/v1/videos?metadata=campaign:spring, summer&metadata=team:a&b&limit=2",
        "/v1/videos?metadata=campaign:spring",
    ]
    assert "%26b" in script.seen[0][1]
    assert [path for _, path in script.seen[2:]] == ["/v1/videos"] * 2


def events(client, last_event_id=None):
    with client.video_events("video_1", last_event_id=last_event_id) as stream:
        return [(event.id, event.name, event.data) for event in stream]


def test_events_are_read_as_they_are_written(client, script):
    script.stream(b"retry: 2000\n\nid: 1\nevent: a\ndata: x\n\n", b"id: 2\nevent: b\ndata: y\n\n")
    assert events(client) == [("1", "a", "x"), ("2", "b", "y")]
    assert script.seen == [("GET", "/v1/videos/video_1/events")]
    assert "Last-Event-ID" not in script.requests[0].headers


def test_a_stream_is_taken_up_with_the_last_id(client, script):
    script.stream(b"id: 8\ndata: x\n\n")
    assert events(client, "7") == [("8", "message", "x")]
    assert script.requests[0].headers["Last-Event-ID"] == "7"


# What WHATWG HTML says of each, section 9.2.6.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", []),
        (b": a comment\n\n:\n\n", []),
        (b": a comment\ndata: x\n: another\n\n", [("", "message", "x")]),
        (b"data: a\ndata: b\ndata\ndata:\n\n", [("", "message", "a\nb\n\n")]),
        (b"data:x\n\ndata: x\n\ndata:  x\n\n", [("", "message", "x")] * 2 + [("", "message", " x")]),
        (b"data: a: b\n\n", [("", "message", "a: b")]),
        (b"data\n\n", [("", "message", "")]),
        (b"id: 1\ndata: x\n\ndata: y\n\n", [("1", "message", "x"), ("1", "message", "y")]),
        (b"id: 1\ndata: x\n\nid\ndata: y\n\n", [("1", "message", "x"), ("", "message", "y")]),
        (b"id: 1\n\ndata: x\n\n", [("1", "message", "x")]),
        (b"id: 1\ndata: x\n\nid: 2\0\ndata: y\n\n", [("1", "message", "x"), ("1", "message", "y")]),
        (b"event: a\n\ndata: x\n\n", [("", "message", "x")]),
        (b"event: a\ndata: x\n\ndata: y\n\n", [("", "a", "x"), ("", "message", "y")]),
        (b"event: a\nevent:\ndata: x\n\n", [("", "message", "x")]),
        (b"Data: x\n data: x\nfield: x\nretry: 1\n\n", []),
        (b"data: x\n", []),
        (b"data: x\r\n\r\ndata: y\r\n\r\n", [("", "message", "x"), ("", "message", "y")]),
        (b"data: x\r\rdata: y\r\r\n", [("", "message", "x"), ("", "message", "y")]),
        (b"data: x\r\ndata: y\n\r\n", [("", "message", "x\ny")]),
        ("\ufeffdata: é 🚀\u2028\x85\x0b\n\n".encode(), [("", "message", "é 🚀\u2028\x85\x0b")]),
        (b"data: \xff\n\n", [("", "message", "\ufffd")]),
    ],
)
def test_events_are_read_alike_however_they_arrive(client, script, text, expected):
    script.stream(text) if text else script.stream()
    script.stream(*[text[at : at + 1] for at in range(len(text))])
    script.stream(*[text[at : at + 3] for at in range(0, len(text), 3)])
    script.add(text, Content_Type="text/event-stream")
    assert [events(client) for _ in range(4)] == [expected] * 4


def test_an_event_is_there_before_the_next_one(client, script):
    script.stream(b"id: 1\ndata: x\n\n", breaks=True)
    with client.video_events("video_1") as stream:
        told = iter(stream)
        assert next(told) == module.Event("1", "message", "x")
        with pytest.raises(module.ConnectionFailed, match="the stream of events broke") as broken:
            next(told)
    assert broken.value.may_pass and not broken.value.unsent


def test_half_an_event_is_none(client, script):
    script.stream(b"data: x\n\nid: 2\ndata: hal", breaks=True)
    told = []
    with client.video_events("video_1") as stream, pytest.raises(module.ConnectionFailed):
        told += stream
    assert [event.data for event in told] in ([], ["x"])


def test_what_goes_wrong_with_an_event_of_its_reader_is_the_readers(client, script):
    script.stream(b"data: x\n\n")
    with client.video_events("video_1") as stream, pytest.raises(requests.RequestException):
        for _ in stream:
            raise requests.RequestException


def test_nothing_left_to_tell_is_no_event(client, script):
    script.add(b"", 204)
    assert events(client, "7") == []


def test_events_that_are_refused_are_an_error(client, script):
    script.add(fault(404, "video_not_found"), 404)
    with pytest.raises(module.NotFound):
        client.video_events("video_1")


def test_create_and_wait_polls_as_advised_until_the_video_is_there(client, script, pauses):
    script.add(job(), Retry_After="3").add(job("in_progress", progress=50)).add(job("completed"))
    states = []
    done = client.create_and_wait(REQUEST, timeout=60, on_progress=lambda job: states.append(job.status))
    assert done.status == "completed"
    assert states == ["queued", "in_progress", "completed"]
    assert pauses == [3, module.POLL_INTERVAL]
    assert script.seen == [("POST", "/v1/videos"), *[("GET", "/v1/videos/video_1")] * 2]


def test_a_failed_job_is_an_error_with_the_reason(client, script):
    script.add(job("failed", error={"code": "content_filtered", "message": "No."}))
    with pytest.raises(module.VideoFailed, match=r"video_1: No\.") as caught:
        client.wait("video_1", timeout=60)
    assert caught.value.job.error.code == "content_filtered"


def test_a_poll_that_fails_in_passing_does_not_lose_the_job(client, script, pauses):
    script.add(job()).add(fault(503), 503, Retry_After="4").add(job(), cut=1).add(job("completed"))
    assert client.create_and_wait(REQUEST, timeout=60).status == "completed"
    assert pauses == [2, 4, 2]


def test_a_job_that_takes_too_long_is_named(client, script, pauses):
    script.add(job()).add(job()).add(job("in_progress"))
    with pytest.raises(TimeoutError, match="video_1 is still in_progress") as caught:
        client.create_and_wait(REQUEST, timeout=10, poll_interval=6)
    assert caught.value.job.id == "video_1"
    assert pauses == [6, 4]
