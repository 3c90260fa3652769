"""What links in an answer begin with, behind a reverse proxy and without one."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest
from starlette.datastructures import Headers

from handlers.edge.proxies import reached_at
from tests.gateway import running

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("::1/128")]


def reached(client: str | None, *headers: tuple[str, str]) -> str:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in (("host", "gate:8080"), *headers)]
    scope = {"type": "http", "scheme": "http", "client": (client, 1) if client is not None else None, "headers": raw}
    return reached_at(scope, Headers(scope=scope), TRUSTED)


PROTO, HOST, PREFIX = "x-forwarded-proto", "x-forwarded-host", "x-forwarded-prefix"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], "http://gate:8080"),
        ([(PROTO, "https")], "https://gate:8080"),
        ([(PROTO, "HTTPS"), (HOST, "videos.example")], "https://videos.example"),
        ([(HOST, "videos.example:8443")], "http://videos.example:8443"),
        ([(HOST, "[2001:db8::1]:443")], "http://[2001:db8::1]:443"),
        ([(PREFIX, "/api/v2/")], "http://gate:8080/api/v2"),
        # what a client has sent stands before what the proxy adds
        ([(PROTO, "https, http"), (HOST, "evil.example, videos.example")], "http://videos.example"),
        ([(HOST, "evil.example"), (HOST, "videos.example")], "http://videos.example"),
        # what cannot be a part of a URL is no reason to make a wrong one
        ([(PROTO, "javascript"), (HOST, "a b"), (PREFIX, "no-slash")], "http://gate:8080"),
        ([(HOST, "videos.example/path"), (PREFIX, "/a?b")], "http://gate:8080"),
        ([(HOST, "user@videos.example"), (PREFIX, "//evil.example")], "http://gate:8080"),
        ([(HOST, ""), (PROTO, ""), (PREFIX, "/")], "http://gate:8080"),
    ],
)
def test_a_trusted_proxy_is_believed(headers: list[tuple[str, str]], expected: str) -> None:
    assert reached("10.1.2.3", *headers) == expected


@pytest.mark.parametrize("client", ["192.0.2.1", "127.0.0.1", "::2", "testclient", "", None])
def test_nobody_else_is(client: str | None) -> None:
    headers = [(PROTO, "https"), (HOST, "evil.example"), (PREFIX, "/x")]
    assert reached(client, *headers) == "http://gate:8080"


@pytest.mark.parametrize("client", ["::1", "::ffff:10.0.0.1"])
def test_it_may_come_by_ipv6(client: str) -> None:
    assert reached(client, (HOST, "videos.example")) == "http://videos.example"


def test_the_links_of_an_answer_lead_where_the_caller_came_from(tmp_path: Path) -> None:
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "videos.example", "X-Forwarded-For": "198.51.100.7"}
    for number, (trusted, expected) in enumerate((("127.0.0.0/8", "https://videos.example"), ("", None))):
        with running(tmp_path / str(number), trusted_proxies=trusted or ()) as gateway:
            job = gateway.create()["id"]
            gateway.finished(job)
            (video,) = gateway.ask("GET", f"/v1/videos/{job}", headers=told).json()["videos"]
            assert video["url"] == f"{expected or gateway.url}/v1/videos/{job}/content"
