"""The way out, over real sockets: what every trouble of the transport means for a job."""

from __future__ import annotations

import inspect
import socket
import time
from collections.abc import AsyncIterator, Iterator
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import client_exceptions
from multidict import CIMultiDict

from handlers import upstream
from handlers.egress import guarded
from handlers.errors import NotSent, OutcomeUnknown, ProviderError, ProviderFailed, ProviderTimeout
from handlers.upstream import File, Reply, Upstream
from tests.handlers.wire import CUT, Origin, Received, Steps, origin, reply

SECRET = {"Authorization": "Bearer sk-secret", "X-Runway-Version": "1"}


@pytest.fixture
async def http() -> AsyncIterator[Upstream]:
    async with Upstream() as opened:
        yield opened


def answer(request: Received) -> Steps:
    """An upstream that does what the path says."""
    if request.target.startswith("/to/"):
        return [reply(302, location=request.target.removeprefix("/to/"))]
    match request.target.split("?")[0].split("/")[1:]:
        case ["cut"]:
            return [CUT]
        case ["cut-headers"]:
            return [b"HTTP/1.1 200 OK\r\ncontent-le", CUT]
        case ["cut-body"]:
            return [b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n", b"x" * 10, 0.05]
        case ["cut-chunked"]:
            return [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nxxxxx\r\n", 0.05, CUT]
        case ["silent"]:
            return [2.0]
        case ["stalls"]:
            return [b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nxxx", 2.0]
        case ["nonsense"]:
            return [b"\x16\x03\x01 this is not HTTP\r\n\r\n"]
        case ["huge"]:
            return [reply(200, b"x" * 3000)]
        case ["gzip"]:
            return [reply(200, b"this is not gzip", content_encoding="gzip")]
        case ["status", code]:
            return [reply(int(code), b"" if code == "204" else b'{"ok": true}')]
        case ["loop"]:
            return [reply(302, location="/loop")]
        case ["hop", left]:
            return [reply(302, location=f"/hop/{int(left) - 1}") if int(left) else reply(200, b"there")]
        case ["file"]:
            return [reply(206 if "range" in request.headers else 200, b"bytes", content_range="bytes 0-4/5")]
    return [reply(404)]


@pytest.fixture(scope="module")
def there() -> Iterator[Origin]:
    with origin(answer) as serving:
        yield serving


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Origin]:
    with origin(answer) as serving:
        yield serving


def asked(serving: Origin, target: str) -> list[Received]:
    return [request for request in serving.received if request.target == target]


# ---- aiohttp's own words --------------------------------------------------------------------------------------------

LEFT_OR_MAY_HAVE = {
    "ClientError",
    "ClientConnectionError",
    "ClientConnectionResetError",
    "ClientOSError",
    "SocketTimeoutError",
    "ServerConnectionError",
    "ServerTimeoutError",
    "ServerDisconnectedError",
    "ClientResponseError",
    "WSServerHandshakeError",
    "ContentTypeError",
    "ClientPayloadError",
    "UploadAbortedError",
    "RedirectClientError",
    "TooManyRedirects",
}
DID_NOT_LEAVE = {
    "ClientConnectorError",
    "ClientProxyConnectionError",
    "ClientSSLError",
    "ClientConnectorDNSError",
    "ClientConnectorSSLError",
    "ClientConnectorCertificateError",
    "ConnectionTimeoutError",
    "ServerFingerprintMismatch",
    "ClientHttpProxyError",
    "InvalidURL",
    "InvalidUrlClientError",
    "NonHttpUrlClientError",
    "InvalidUrlRedirectClientError",
    "NonHttpUrlRedirectClientError",
}
OF_WEBSOCKETS = {"WSMessageTypeError"}  # not a ClientError; nothing here speaks WebSocket


def foreign() -> dict[str, type[Exception]]:
    return {
        name: kind
        for name, kind in inspect.getmembers(client_exceptions, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ == client_exceptions.__name__
    }


def bare(kind: type[Exception]) -> Exception:
    """An exception of this class with hardly anything in it, which is enough to tell its class by."""

    class Bare(kind):  # type: ignore[misc, valid-type]
        host, port, os_error = "provider.test", 443, OSError(111, "refused")

        def __init__(self) -> None:
            Exception.__init__(self)

        def __str__(self) -> str:
            return ""

    return Bare()


def test_every_exception_of_aiohttp_is_classified_as_before_or_after_sending() -> None:
    known = LEFT_OR_MAY_HAVE | DID_NOT_LEAVE | OF_WEBSOCKETS
    missing = {name for name, kind in foreign().items() if issubclass(kind, Exception)} - known
    assert missing <= {"UnixClientConnectorError", "WSMessageTypeError"}, "aiohttp has new words"
    assert known <= foreign().keys() | OF_WEBSOCKETS


@pytest.mark.parametrize("name", sorted(DID_NOT_LEAVE))
def test_what_did_not_leave_may_be_sent_again(name: str) -> None:
    for creates in (True, False):
        assert type(upstream._ours(bare(foreign()[name]), creates=creates)) is NotSent


@pytest.mark.parametrize("name", sorted(LEFT_OR_MAY_HAVE))
def test_what_may_have_left_is_unknown_if_it_creates(name: str) -> None:
    assert type(upstream._ours(bare(foreign()[name]), creates=True)) is OutcomeUnknown
    otherwise = ProviderTimeout if "Timeout" in name else ProviderFailed
    assert type(upstream._ours(bare(foreign()[name]), creates=False)) is otherwise


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionResetError("reset"), OSError(5, "odd")])
def test_errors_of_python_itself_count_as_sent(error: Exception) -> None:
    assert type(upstream._ours(error, creates=True)) is OutcomeUnknown


# ---- calls ----------------------------------------------------------------------------------------------------------


def closed_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@pytest.mark.parametrize("creates", [True, False])
async def test_a_refused_connection_was_not_sent(http: Upstream, creates: bool) -> None:
    with pytest.raises(NotSent):
        await http.send("POST", f"http://127.0.0.1:{closed_port()}/x", headers={}, creates=creates)


@pytest.mark.parametrize("creates", [True, False])
async def test_a_name_that_does_not_resolve_was_not_sent(http: Upstream, creates: bool) -> None:
    with pytest.raises(NotSent):
        await http.send("POST", "http://nowhere.invalid/x", headers={}, creates=creates)


@pytest.mark.parametrize("creates", [True, False])
async def test_a_failed_tls_handshake_was_not_sent(http: Upstream, there: Origin, creates: bool) -> None:
    with pytest.raises(NotSent):
        await http.send("POST", there.url.replace("http:", "https:") + "/x", headers={}, creates=creates)


async def test_a_connection_that_is_not_made_in_time_was_not_sent(
    http: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "CONNECT", 0.2)
    # A backlog that is full: the kernel answers no further SYN.
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        began = time.monotonic()
        with pytest.raises(NotSent):
            await http.send("POST", f"http://127.0.0.1:{full.getsockname()[1]}/x", headers={}, creates=True)
        assert time.monotonic() - began < 2
        for each in waiting:
            each.close()


@pytest.mark.parametrize(
    ("path", "otherwise"),
    [
        ("cut", ProviderFailed),
        ("cut-headers", ProviderFailed),
        ("cut-body", ProviderFailed),
        ("cut-chunked", ProviderFailed),
        ("nonsense", ProviderFailed),
        ("gzip", ProviderFailed),
        ("huge", ProviderFailed),
        ("silent", ProviderTimeout),
        ("stalls", ProviderTimeout),
    ],
)
@pytest.mark.parametrize("creates", [True, False])
async def test_an_answer_that_is_lost_is_unknown_if_it_creates_and_is_never_repeated(
    http: Upstream,
    there: Origin,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    otherwise: type[ProviderError],
    creates: bool,
) -> None:
    monkeypatch.setattr(upstream, "MAX_ANSWER", 2000)
    before = len(asked(there, f"/{path}"))
    with pytest.raises(ProviderError) as raised:
        await http.send("POST", f"{there.url}/{path}", headers={}, json={}, creates=creates, timeout=0.3)
    assert type(raised.value) is (OutcomeUnknown if creates else otherwise)
    assert len(asked(there, f"/{path}")) == before + 1


@pytest.mark.parametrize("status", [200, 204, 301, 302, 307, 308, 400, 429, 500, 503])
async def test_any_status_is_an_answer_and_no_call_follows_a_redirect(
    http: Upstream, there: Origin, elsewhere: Origin, status: int
) -> None:
    path = f"/to/{elsewhere.url}/file" if 300 <= status < 400 else f"/status/{status}"
    before = len(elsewhere.received)
    answered = await http.send("POST", there.url + path, headers=SECRET, json={}, creates=True)
    assert answered.status == (302 if 300 <= status < 400 else status)
    assert answered.ok is (status < 300)
    assert len(elsewhere.received) == before


async def test_what_creates_gets_a_connection_of_its_own(http: Upstream) -> None:
    """An idle connection may be closed by the other side at the very moment of sending."""
    with origin(lambda request: [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", 0.3]) as keeping:
        for creates in (False, True):
            assert (await http.send("POST", keeping.url, headers={}, json={}, creates=creates)).ok
    assert [request.headers.get("connection") for request in keeping.received] == [None, "close"]


async def test_json_and_forms_arrive_as_they_are_meant(http: Upstream, there: Origin) -> None:
    await http.send("POST", f"{there.url}/status/200?json", headers=SECRET, json={"a": "ä"})
    (sent,) = asked(there, "/status/200?json")
    assert (sent.headers["content-type"], sent.body) == ("application/json", '{"a":"ä"}'.encode())
    assert sent.headers["authorization"] == "Bearer sk-secret"
    await http.send(
        "POST", f"{there.url}/status/200?form", headers={}, form={"a": "ä", "f": File("x.png", b"\x89PNG", "image/png")}
    )
    (sent,) = asked(there, "/status/200?form")
    assert sent.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert "ä".encode() in sent.body and b'filename="x.png"' in sent.body and b"image/png\r\n" in sent.body


@pytest.mark.parametrize(
    "target",
    [
        "no-scheme?sig=SIGNED",
        "ftp://x/y?sig=SIGNED",
        "http://[bad",
    ],
)
async def test_a_url_that_cannot_be_called_was_not_sent(http: Upstream, target: str) -> None:
    with pytest.raises(NotSent):
        await http.send("POST", target, headers={}, creates=True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        (" 3 ", 3.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("Fri, 20 Nov 2020 00:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_read_as_seconds_and_as_a_date(header: str, seconds: Any) -> None:
    assert Reply(429, CIMultiDict({"retry-after": header}), b"").retry_after == seconds
    assert Reply(429, CIMultiDict(), b"").retry_after is None


def test_a_date_in_retry_after_is_counted_from_now() -> None:
    header = formatdate(time.time() + 30, usegmt=True)
    assert Reply(429, CIMultiDict({"retry-after": header}), b"").retry_after == pytest.approx(30, abs=2)


def test_a_body_that_is_not_json_reads_as_nothing() -> None:
    assert Reply(200, {}, b"<html>").json() is None
    assert Reply(200, {}, b'{"a": 1}').json() == {"a": 1}


# ---- downloads ------------------------------------------------------------------------------------------------------


async def fetch(http: Upstream, url: str, headers: dict[str, str]) -> tuple[int, bytes]:
    async with http.download(url, headers=headers) as download:
        return download.status, b"".join([piece async for piece in download.chunks])


async def test_a_redirect_to_another_origin_keeps_the_range_and_nothing_else(
    http: Upstream, there: Origin, elsewhere: Origin
) -> None:
    given = {**SECRET, "X-Api-Key": "k", "Range": "bytes=0-4"}
    assert await fetch(http, f"{there.url}/to/{elsewhere.url}/file?1", given) == (206, b"bytes")
    (sent,) = asked(elsewhere, "/file?1")
    assert sent.headers["range"] == "bytes=0-4"
    assert sent.headers["accept-encoding"] == "identity"
    assert sent.headers.keys() <= {"host", "range", "accept", "accept-encoding", "user-agent"}


PUBLIC = "https://api.provider.example/v1"


async def test_what_is_not_at_the_provider_s_own_address_is_fetched_from_the_public_internet_only(
    there: Origin, elsewhere: Origin
) -> None:
    async with Upstream(guarded) as http:

        async def get(url: str, **where: Any) -> int:
            async with http.download(url, headers={}, **where) as download:
                return download.status

        assert await get(f"{there.url}/file?own", home=f"{there.url}/v1") == 200  # the provider's own
        assert await get(f"{elsewhere.url}/file?lan", home=f"{there.url}/v1", private=True) == 200
        for url, home in (
            (f"{elsewhere.url}/file?direct", PUBLIC),
            (f"{elsewhere.url.replace('127.0.0.1', 'localhost')}/file?named", PUBLIC),
            (f"{there.url}/to/{elsewhere.url}/file?redirected", there.url),
        ):
            with pytest.raises(NotSent) as refused:
                await get(url, home=home)
            assert str(urlsplit(elsewhere.url).port) not in refused.value.message, "it tells nothing of what is there"
        with pytest.raises(NotSent):  # not even where private addresses may be called
            await get("http://169.254.169.254/latest/meta-data", home=there.url, private=True)
    assert not [each for each in elsewhere.received if each.target.endswith(("?direct", "?named", "?redirected"))]


async def test_credentials_stay_dropped_when_a_redirect_leads_back(
    http: Upstream, there: Origin, elsewhere: Origin
) -> None:
    await fetch(http, f"{there.url}/to/{elsewhere.url}/to/{there.url}/file?back", SECRET)
    (sent,) = asked(there, "/file?back")
    assert "authorization" not in sent.headers


async def test_a_redirect_within_the_origin_keeps_every_header(http: Upstream, there: Origin) -> None:
    assert await fetch(http, f"{there.url}/to//file?2", {**SECRET, "Range": "bytes=0-4"}) == (206, b"bytes")
    (sent,) = asked(there, "/file?2")
    assert (sent.headers["authorization"], sent.headers["range"]) == ("Bearer sk-secret", "bytes=0-4")


async def test_a_redirect_to_another_port_or_scheme_is_another_origin(
    http: Upstream, there: Origin, elsewhere: Origin
) -> None:
    port = elsewhere.url.rpartition(":")[2]
    await fetch(http, f"{there.url}/to/http://127.0.0.1:{port}/file?3", SECRET)
    (sent,) = asked(elsewhere, "/file?3")
    assert "authorization" not in sent.headers


async def test_redirects_in_a_circle_are_given_up(http: Upstream, there: Origin) -> None:
    before = len(asked(there, "/loop"))
    with pytest.raises(ProviderFailed, match="redirected"):
        await fetch(http, f"{there.url}/loop", {})
    assert len(asked(there, "/loop")) - before <= upstream.MAX_REDIRECTS + 1


async def test_as_many_redirects_are_followed_as_the_message_says(http: Upstream, there: Origin) -> None:
    assert await fetch(http, f"{there.url}/hop/{upstream.MAX_REDIRECTS}", {}) == (200, b"there")


@pytest.mark.parametrize("path", ["cut-body", "cut-chunked", "stalls"])
async def test_a_download_that_breaks_off_is_an_error_and_not_an_end(
    http: Upstream, there: Origin, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(upstream, "STALLED", 0.3)
    with pytest.raises((ProviderFailed, ProviderTimeout)):
        await fetch(http, f"{there.url}/{path}", {})


@pytest.mark.parametrize("location", ["http://[bad", "mailto:somebody"])
async def test_a_redirect_to_nowhere_is_the_providers_failure(http: Upstream, location: str) -> None:
    with origin(lambda request: [reply(302, location=location)]) as lost, pytest.raises(ProviderError):
        await fetch(http, lost.url, {})


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("/relative?sig=SIGNED", id="no host"),
        pytest.param("nonsense?sig=SIGNED", id="bad HTTP"),
    ],
)
async def test_no_error_shows_a_signed_url(http: Upstream, there: Origin, url: str) -> None:
    target = url if url.startswith("/") else f"{there.url}/{url}"
    with pytest.raises(ProviderError) as raised:
        await fetch(http, target, {})
    assert "SIGNED" not in raised.value.message


# ---- the environment ------------------------------------------------------------------------------------------------


async def test_a_netrc_does_not_disturb(
    http: Upstream, there: Origin, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert (await http.send("GET", f"{there.url}/status/200", headers=SECRET)).ok


async def test_this_machine_is_never_asked_through_a_proxy(
    http: Upstream, there: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert (await http.send("GET", f"{there.url}/status/200", headers=SECRET)).ok


async def test_a_proxy_of_the_environment_is_used(http: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    with origin(lambda request: [reply(200, b"{}")]) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert (await http.send("GET", "http://provider.invalid/x", headers={})).ok
    assert [request.target for request in proxy.received] == ["http://provider.invalid/x"]


async def test_what_one_account_is_given_as_a_cookie_is_not_sent_for_another(http: Upstream) -> None:
    with origin(lambda request: [reply(200, b"{}", set_cookie="session=of-alice; Path=/")]) as provider:
        named = provider.url.replace("127.0.0.1", "localhost")  # a jar takes no cookie from an address
        await http.send("GET", named, headers={"Authorization": "Bearer alice"})
        await http.send("GET", named, headers={"Authorization": "Bearer bob"})
    assert ["cookie" in request.headers for request in provider.received] == [False, False]
