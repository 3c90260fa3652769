"""The head of a request: how long it may be, and how long it may take."""

from __future__ import annotations

import socket
from contextlib import closing
from http.client import HTTPResponse

import pytest

from handlers.edge import heads
from tests.gateway import ALICE, Gateway

START = b"GET /v1/videos?limit=1 HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer %s\r\n" % ALICE.encode()
CHUNKED = (
    b"POST /v1/videos HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"
)


def connected(gateway: Gateway) -> socket.socket:
    host, _, port = gateway.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def status(connection: socket.socket) -> int:
    answer = HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer.status


def padding(length: int) -> bytes:
    """Headers of this many bytes."""
    line = b"x-padding: %s\r\n" % (b"a" * 1000)
    whole, rest = divmod(length, len(line))
    return line * whole + b"x: %s\r\n" % (b"b" * rest)


@pytest.mark.parametrize("pieces", [1, 2, 7])
@pytest.mark.parametrize(("length", "told"), [(60_000, 200), (70_000, 431), (200_000, 431)])
def test_a_head_may_be_so_long(session_gateway: Gateway, length: int, told: int, pieces: int) -> None:
    head = START + padding(length) + b"\r\n"
    size = -(-len(head) // pieces)
    with closing(connected(session_gateway)) as connection:
        try:
            for start in range(0, len(head), size):
                connection.sendall(head[start : start + size])
            assert status(connection) == told
        except ConnectionError:  # closed while there was more to be read
            assert length == 200_000


@pytest.mark.parametrize(
    "start", [START + b"x: ", START, b"GET /", b"\r\n", CHUNKED, CHUNKED + b"1;x=", CHUNKED + b"0\r\nx: "]
)
@pytest.mark.parametrize("more", [b"a", b"a: b\r\n", b"\r\n"])
def test_a_head_without_end_is_cut_off(session_gateway: Gateway, start: bytes, more: bytes) -> None:
    with closing(connected(session_gateway)) as connection, pytest.raises(ConnectionError):
        connection.sendall(start)
        for _ in range(1000):
            connection.sendall(more * (65536 // len(more)))


def test_a_head_may_take_so_long(session_gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "PATIENCE", 0.2)
    with closing(connected(session_gateway)) as slow:
        slow.sendall(START)
        assert status(slow) == 408
        assert slow.recv(1) == b""


def test_a_body_may_take_longer_than_a_head(session_gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "PATIENCE", 0.2)
    with closing(connected(session_gateway)) as connection:
        connection.sendall(
            START.replace(b"GET", b"POST") + b"Content-Length: 2\r\nContent-Type: application/json\r\n\r\n{"
        )
        with closing(connected(session_gateway)) as slow:  # whose time is over after that of the other would be
            slow.sendall(START)
            assert status(slow) == 408
        connection.sendall(b"}")
        assert status(connection) == 400


def test_one_request_after_another_may_have_long_heads(session_gateway: Gateway) -> None:
    head = START + padding(40_000) + b"\r\n"
    with closing(connected(session_gateway)) as connection:
        for _ in range(5):
            connection.sendall(head[:30_000])
            connection.sendall(head[30_000:])
            assert status(connection) == 200
