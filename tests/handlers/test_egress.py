"""The way out to URLs that callers name: what is refused, over real sockets, and that nothing on this machine is touched."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from handlers import egress
from handlers.egress import Egress, checked, may_be_called
from handlers.errors import InvalidRequest, NotSent, ProviderError, ProviderFailed, ProviderTimeout, UnsafeUrl
from tests.handlers.wire import CUT, Origin, Received, Steps, origin, reply

PUBLIC = "3000::1"  # global unicast that nobody has been given: nothing answers there
NOWHERE = "public internet"  # what is said of every host that is not on it

# ---- URLs whose text says enough ------------------------------------------------------------------------------------

NOT_PUBLIC = [
    # loopback and unspecified
    "https://127.0.0.1/",
    "https://127.0.0.1:8443/hook",
    "https://127.255.255.254/",
    "https://0.0.0.0/",
    "https://0.1.2.3/",
    "HTTPS://127.0.0.1/",
    "https://127.0.0.1?x",
    "https://127.0.0.1#x",
    "https://127.0.0.1",
    # private, link-local, carriers' NAT, metadata
    "https://10.0.0.1/",
    "https://10.255.255.255/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://169.254.170.2/v2/credentials",
    "https://169.254.0.23/",
    "https://100.64.0.1/",
    "https://100.100.100.200/latest/meta-data/",
    "https://100.127.255.255/",
    "https://168.63.129.16/",
    "https://192.0.0.192/opc/v1/",
    # documentation, benchmarks, relays, multicast, reserved, broadcast
    "https://192.0.2.1/",
    "https://198.51.100.7/",
    "https://203.0.113.9/",
    "https://198.18.0.1/",
    "https://198.19.255.255/",
    "https://192.88.99.1/",
    "https://224.0.0.1/",
    "https://239.255.255.250/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    # IPv6
    "https://[::1]/",
    "https://[::1]:8443/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[0000:0000:0000:0000:0000:0000:0000:0001]/",
    "https://[::]/",
    "https://[::0001]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/latest/meta-data/",
    "https://[fd12:3456:789a::1]/",
    "https://[fe80::1]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://[FF05::2]/",
    "https://[100::1]/",
    "https://[2001:db8::1]/",
    "https://[3fff::1]/",
    "https://[2001:2::1]/",
    "https://[2001:10::1]/",
    "https://[4000::1]/",
    "https://[64:ff9b:1::7f00:1]/",
    # IPv4 inside IPv6: mapped, compatible, NAT64, 6to4, Teredo, translated
    "https://[::ffff:127.0.0.1]/",
    "https://[::FFFF:7F00:1]/",
    "https://[::ffff:7f00:0001]/",
    "https://[0:0:0:0:0:ffff:10.0.0.1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[::ffff:100.64.0.1]/",
    "https://[::ffff:0.0.0.0]/",
    "https://[::127.0.0.1]/",
    "https://[::7f00:1]/",
    "https://[::8.8.8.8]/",
    "https://[64:ff9b::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[64:ff9b::10.0.0.1]/",
    "https://[2002:7f00:1::]/",
    "https://[2002:a9fe:a9fe::1]/",
    "https://[2002:a00:1::]/",
    "https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/",
    "https://[2001::1]/",
    "https://[::ffff:0:127.0.0.1]/",
    # names that are never public
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost:8443/",
    "https://a.localhost/",
    "https://localhost.localdomain/",
    "https://printer.local/",
    "https://metadata.google.internal/computeMetadata/v1/",
    "https://METADATA.Google.Internal/",
    "https://instance-data.ec2.internal/",
    "https://nas.home.arpa/",
    "https://wiki.corp/",
    "https://router.lan/",
    "https://fritz.home/",
    "https://metadata.tencentyun.com/latest/",
    "https://x.metadata.packet.net/",
    "https://metadata/",
    "https://instance-data/",
    "https://kubernetes/",
    "https://postgres:5432/",
    "https://x/",
]

ODD_SPELLING = [
    "https://2130706433/",
    "https://017700000001/",
    "https://0x7f000001/",
    "https://0X7F000001/",
    "https://0x7f.0x0.0x0.0x1/",
    "https://0x7f.1/",
    "https://127.0.0.0x1/",
    "https://0177.0.0.1/",
    "https://0177.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://127.000.000.001/",
    "https://127.0.0.01/",
    "https://1.0.0.127.1/",
    "https://127.0.0.256/",
    "https://127.0.0.4294967297/",
    "https://18446744071562067969/",
    "https://0/",
    "https://0x/",
    "https://10.1/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://0251.0376.0251.0376/",
    "https://169.254.43518/",
    "https://example.com.1/",
    "https://example.0x7f/",
    "https://..1/",
    "https://[:]/",
    "https://[1]/",
    "https://[::1::]/",
    "https://[127.0.0.1]/",
    "https://[::ffff:127.1]/",
    "https://[::ffff:0177.0.0.1]/",
    "https://[:::1]/",
    "https://[00000::1]/",
    "https://[0:0:0:0:0:0:0:0:1]/",
]

MALFORMED = [
    "https://127.0.0.1./",
    "https://localhost./",
    "https://localhost../",
    "https://example.com./",
    "https://.localhost/",
    "https://example..com/",
    "https://127%2e0%2e0%2e1/",
    "https://%31%32%37.0.0.1/",
    "https://%6c%6f%63%61%6c%68%6f%73%74/",
    "https://%5B::1%5D/",
    "https://localhost%00.example.com/",
    "https://127.0.0.1%23.example.com/",
    "https://[fe80::1%eth0]/",
    "https://[fe80::1%25eth0]/",
    "https://[::1%251]/",
    "https://[2606:4700::1%1]/",
    "https://[]/",
    "https://[[::1]]/",
    "https://[::1/",
    "https://::1]/",
    "https://::1/",
    "https://2606:4700::1/",
    "https://[::1]example.com/",
    "https://[::1].example.com/",
    "https://example.com[::1]/",
    "https://[v1.fe80]/",
    "https:///127.0.0.1/",
    "https:////127.0.0.1/",
    "https:///",
    "https://",
    "https://?127.0.0.1",
    "https://#127.0.0.1",
    "https://:443/",
    "https://example.com:/",
    "https://example.com:443:80/",
    "https://example.com:x/",
    "https://example.com:+443/",
    "https://example.com:-1/",
    "https://example.com;127.0.0.1/",
    "https://example.com,127.0.0.1/",
    "https://exa$mple.com/",
    f"https://{'a' * 64}.com/",
    f"https://{'a.' * 127}com/",
]

WRONG_PORT = [
    "https://example.com:0/",
    "https://example.com:65536/",
    "https://example.com:99999/",
    "https://example.com:000443/",
    f"https://example.com:{'9' * 500}/",
]

AT_SIGN = [
    "https://good@127.0.0.1/",
    "https://good:secret@127.0.0.1/",
    "https://user@example.com/",
    "https://:@example.com/",
    "https://@example.com/",
    "https://example.com@127.0.0.1/",
    "https://example.com:443@127.0.0.1/",
    "https://127.0.0.1@example.com/",
    "https://example.com#@127.0.0.1/",
    "https://example.com?@127.0.0.1/",
    "https://a@b@127.0.0.1/",
    "https://example.com%2f@127.0.0.1/",
]

BACKSLASH = [
    "https:\\\\127.0.0.1\\",
    "https://example.com\\@127.0.0.1/",
    "https://127.0.0.1\\@example.com/",
    "https://127.0.0.1\\.example.com/",
    "https:/\\127.0.0.1/",
    "https://example.com/\\x",
]

NOT_ASCII = [
    "https://127。0。0。1/",
    "https://127．0．0．1/",
    "https://127｡0｡0｡1/",
    "https://１２７.0.0.1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://𝟏𝟐𝟕.0.0.1/",
    "https://١٢٧.0.0.1/",
    "https://ⓛocalhost/",
    "https://ｌｏｃａｌｈｏｓｔ/",
    "https://lo\u00adcalhost/",
    "https://loc\u200balhost/",
    "https://localho\u017ft/",
    "https://\u212aubernetes.internal/",
    "https://münchen.example/",
    "https://example.com\uff0f@127.0.0.1/",
    "https://example.com／.local/",
    "https://127.0.0.1\t/",
    "https://127.0.\t0.1/",
    "https://127.0.0.1\n/",
    "https://127.0.0.1/\n",
    "https://127.0.0.1\r\nHost: x/",
    "https://example.com/\r\nX-Evil: 1",
    " https://127.0.0.1/",
    "https://127.0.0.1 /",
    "https://127.0.0.1 example.com/",
    "https:// 127.0.0.1/",
    "\x00https://127.0.0.1/",
    "https://127.0.0.1\x00.example.com/",
    "https://example.com/\x7f",
    "ht\ntps://127.0.0.1/",
]

WRONG_SCHEME = [
    "",
    "127.0.0.1",
    "//127.0.0.1/",
    "/etc/passwd",
    "https:127.0.0.1",
    "https:/127.0.0.1/",
    "file:///etc/passwd",
    "ftp://127.0.0.1/",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "dict://127.0.0.1:11211/stat",
    "ldap://127.0.0.1/",
    "ws://127.0.0.1/",
    "wss://example.com/",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
    "data:text/plain,x",
    "javascript:alert(1)",
    "jar:https://127.0.0.1!/",
    "url:https://127.0.0.1/",
    "httpss://127.0.0.1/",
    "://127.0.0.1/",
]

TOO_LONG = [f"https://example.com/{'a' * 2029}", f"https://{'a' * 100_000}"]

ALWAYS = {  # what is said -> URLs of which it is said, in a private network too
    "usual spelling": ODD_SPELLING,
    "malformed": MALFORMED,
    "a port that is not": WRONG_PORT,
    "an @ before its path": AT_SIGN,
    "a backslash": BACKSLASH,
    "printable ASCII": NOT_ASCII,
    "begin with https://": WRONG_SCHEME,
    "longer than 2048": TOO_LONG,
}
CLEAR_TEXT = ["http://example.com/", "HTTP://8.8.8.8/", "http://127.0.0.1/", "http://[::1]/", "http://localhost/"]

HOSTILE = [
    (url, what)
    for what, urls in {**ALWAYS, NOWHERE: NOT_PUBLIC}.items()
    for url in (*urls, *(CLEAR_TEXT if urls is WRONG_SCHEME else ()))
]

LEGITIMATE = [
    "https://example.com",
    "https://example.com/",
    "HTTPS://Hooks.Example.COM/x",
    "https://example.com:8443/hook?job=1&sig=a%2Fb+c/=~",
    "https://example.com:1/",
    "https://example.com:65535/",
    "https://example.com/a@b:c/d",
    "https://example.com/?mail=a@b.example",
    "https://example.com/#part",
    "https://example.com?x=1",
    "https://example.com//a/../b;c=1",
    "https://example.com/{job}|x",
    "https://a_b.example.com/",
    "https://xn--mnchen-3ya.example/",
    "https://localhost.example.com/",
    "https://mylocal.example.com/.local",
    "https://internal.example.com/",
    "https://notlocal.nonlocal.com/",
    "https://1password.com/",
    "https://127.0.0.1.example.com/",
    "https://8.8.8.8/",
    "https://8.8.8.8:8443/",
    "https://172.15.255.255/",
    "https://172.32.0.1/",
    "https://100.63.255.255/",
    "https://100.128.0.1/",
    "https://198.17.255.255/",
    "https://[2606:4700:4700::1111]/",
    "https://[2606:4700:4700:0:0:0:0:1111]:8443/x",
    "https://[2001:4860:4860::8888]/",
    "https://[::ffff:8.8.8.8]/",
    "https://[64:ff9b::8.8.8.8]/",
    f"https://example.com/{'a' * 2028}",
]


def name(url: str) -> str:
    """What a URL is called among the tests."""
    return ascii(url)[1:-1][:60]


def test_the_table_of_hostile_urls_is_as_large_as_we_say() -> None:
    urls = [url for url, _ in HOSTILE]
    assert len(urls) == len(set(urls)) >= 250


@pytest.mark.parametrize(("url", "what"), HOSTILE, ids=name)
async def test_a_hostile_url_is_refused_and_nothing_is_sent(canary: Canary, url: str, what: str) -> None:
    here = url.replace("8443", str(canary.port))
    for refused in {url, here}:
        with pytest.raises(UnsafeUrl, match=what) as raised:
            checked(refused)
        assert (raised.value.status, raised.value.code) == (400, "unsafe_url")
        assert isinstance(raised.value, InvalidRequest)
    names = Names(["127.0.0.1"])
    async with Egress(resolver=names) as way:
        with pytest.raises(UnsafeUrl, match=what):
            await way.send("POST", here, headers={}, body=b"x", timeout=1)
    assert (names.asked, canary.hits) == ([], 0)


@pytest.mark.parametrize(("url", "what"), [(url, what) for what, urls in ALWAYS.items() for url in urls], ids=name)
async def test_within_a_private_network_the_text_is_judged_as_strictly(url: str, what: str) -> None:
    with pytest.raises(UnsafeUrl, match=what):
        checked(url, private=True)


OWN = [
    url for url in NOT_PUBLIC if not re.search(r"169\.254|168\.63|100\.100\.100|192\.0\.0\.192|a9fe|fd00:ec2|fe80", url)
]
"""Without those that lead to a cloud's credentials, or to the same link."""


@pytest.mark.parametrize("url", [*OWN, *CLEAR_TEXT], ids=name)
def test_within_a_private_network_hosts_and_clear_text_pass(url: str) -> None:
    assert checked(url, private=True) == url


@pytest.mark.parametrize("url", LEGITIMATE, ids=name)
def test_a_legitimate_url_passes_as_it_is(url: str) -> None:
    assert checked(url) == url


@pytest.mark.parametrize(
    "what", ["", "127.0.0.1", "127.1", "localhost", "::1%1", "::1%eth0", "2606:4700::1%1", "[::1]"]
)
def test_what_is_no_plain_address_is_not_public(what: str) -> None:
    assert not may_be_called(what, private=False)


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "100.100.100.200", "fd00:ec2::254", "fe80::1"],
)
def test_credentials_of_machines_are_out_of_reach_in_a_private_network_too(address: str) -> None:
    assert not may_be_called(address, private=True)
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(UnsafeUrl):
        checked(f"http://{host}/latest/meta-data", private=True)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "192.168.1.4", "::1", "fd12::7", "8.8.8.8"])
def test_a_private_network_is_within_reach_when_it_is_wanted(address: str) -> None:
    assert may_be_called(address, private=True)


# ---- names ----------------------------------------------------------------------------------------------------------


class Names(AbstractResolver):
    """A resolver with answers of its own: the first question gets the first, the last one stays."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in answer
        ]

    async def close(self) -> None:
        raise AssertionError("whoever made the resolver closes it")


@dataclass
class Canary:
    """A server on loopback that counts connections. Nothing but `private` may reach it."""

    port: int
    hits: int = 0


@pytest.fixture
async def canary() -> AsyncIterator[Canary]:
    async def sing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bird.hits += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply(200, b"tweet"))
        writer.close()

    with socket.socket(socket.AF_INET6) as both, socket.create_server(("127.0.0.1", 0)) as listening:
        bird = Canary(listening.getsockname()[1])
        both.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        ears = [listening]
        with contextlib.suppress(OSError):  # not every machine has IPv6
            both.bind(("::1", bird.port))
            ears.append(both)
        servers = [await asyncio.start_server(sing, sock=ear) for ear in ears]
        yield bird
        for server in servers:
            server.close()


NOT_PUBLIC_ADDRESSES = [
    *sorted({host for url in NOT_PUBLIC if (host := urlsplit(url).hostname) and (":" in host or host[-1].isdigit())}),
    *("fe80::1%1", "2606:4700::1%lo", "not-an-address", "127.1", "2130706433"),
]


@pytest.mark.parametrize("address", NOT_PUBLIC_ADDRESSES)
@pytest.mark.parametrize("among", [[], [PUBLIC, "8.8.8.8"]], ids=["alone", "mixed"])
async def test_a_name_with_any_address_that_is_not_public_is_refused(
    canary: Canary, among: list[str], address: str
) -> None:
    for answer in ([*among, address], [address, *among]):
        async with Egress(resolver=Names(answer)) as way:
            with pytest.raises(UnsafeUrl, match=NOWHERE) as raised:
                await way.send("POST", f"https://hooks.example.com:{canary.port}/", headers={}, timeout=1)
        assert address not in raised.value.message
    assert canary.hits == 0


async def test_a_name_that_turns_to_loopback_is_refused_then_and_is_asked_for_once_per_request(canary: Canary) -> None:
    names = Names([PUBLIC], ["127.0.0.1"])
    async with Egress(resolver=names) as way:
        url = f"https://rebinding.example.com:{canary.port}/"
        with pytest.raises(ProviderError):  # nothing answers at PUBLIC; what matters is that nobody asks again
            await way.send("POST", url, headers={}, timeout=0.3)
        assert names.asked == ["rebinding.example.com"]
        for _ in range(2):
            with pytest.raises(UnsafeUrl, match=NOWHERE):
                await way.send("POST", url, headers={}, timeout=1)
    assert (len(names.asked), canary.hits) == (3, 0)


async def test_the_connection_goes_to_the_first_answer_and_not_to_a_later_one(canary: Canary) -> None:
    with socket.create_server(("127.0.0.2", canary.port)) as other:
        other.setblocking(False)
        names = Names(["127.0.0.1"], ["127.0.0.2"])
        async with Egress(private=True, resolver=names) as way:
            url = f"http://rebinding.example.com:{canary.port}/"
            assert (await way.send("GET", url, headers={}, timeout=1)).body == b"tweet"
        with pytest.raises(BlockingIOError):
            other.accept()
    assert (names.asked, canary.hits) == (["rebinding.example.com"], 1)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_the_systems_own_resolver_is_judged_too(canary: Canary, host: str) -> None:
    """Past `checked`, which would refuse these by their text."""
    asked = egress._Threads()
    judged = egress._Judged(asked, private=False)
    with pytest.raises(UnsafeUrl, match=NOWHERE):
        await judged.resolve(host, canary.port, socket.AF_UNSPEC)
    await asked.close()
    async with Egress(private=True) as way:
        assert (await way.send("GET", f"http://{host}:{canary.port}/", headers={}, timeout=2)).ok
    assert canary.hits == 1


async def test_a_name_that_nobody_answers_for_keeps_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answered, plain = list[str](), threading.Event(), socket.getaddrinfo

    def slow(host: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(host)
        if host == "slow.example.com":
            answered.wait(30)
            raise OSError("no answer")
        return plain(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    names = egress._Threads()
    waiting = [asyncio.create_task(names.resolve("slow.example.com", 443)) for _ in range(200)]
    await asyncio.sleep(0.1)
    waiting[0].cancel()
    (found, *_) = await names.resolve("127.0.0.1", 443)
    assert (found["host"], found["port"]) == ("127.0.0.1", 443)
    answered.set()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(ended[0], asyncio.CancelledError) and all(isinstance(each, OSError) for each in ended[1:])
    assert asked == ["slow.example.com", "127.0.0.1"]
    await names.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[0:0::1]"])
async def test_a_literal_that_nobody_judged_stops_at_the_socket(canary: Canary, host: str) -> None:
    """aiohttp resolves no literal, so the resolver never sees one."""
    async with Egress() as way:
        assert way._session is not None
        with pytest.raises(aiohttp.ClientConnectorError, match="not an address that may be called"):
            await way._session.get(f"http://{host}:{canary.port}/")
    assert canary.hits == 0


@pytest.mark.parametrize("private", [True, False])
async def test_a_name_without_an_address_was_not_sent(private: bool) -> None:
    async with Egress(private=private, resolver=Names([])) as way:
        with pytest.raises(NotSent):
            await way.send("GET", "https://nobody.example.com/", headers={}, timeout=1)
    async with Egress(private=private) as way:
        with pytest.raises(NotSent):
            await way.send("GET", "https://nowhere.invalid/", headers={}, timeout=5)


# ---- answers --------------------------------------------------------------------------------------------------------


def answer(request: Received) -> Steps:
    """A receiver that does what the path says."""
    if request.target.startswith("/to/"):
        return [reply(int(request.target[4:7]), location=request.target[8:])]
    match request.target.split("?")[0].split("/")[1:]:
        case ["large"]:
            return [reply(200, b"x" * 1_000_000)]
        case ["endless"]:
            return [b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 65536] * 10_000]
        case ["packed"]:
            return [reply(200, gzip.compress(b"x" * 1_000_000), content_encoding="gzip")]
        case ["drips"]:
            return [b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", *[b"x", 0.05] * 100]
        case ["drips-headers"]:
            return [b"HTTP/1.1 200 OK\r\n", *[b"x: y\r\n", 0.05] * 100]
        case ["interim"]:
            return [b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.05] * 100
        case ["silent"]:
            return [5.0]
        case ["cut"]:
            return [CUT]
        case ["cut-body"]:
            return [b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n", b"x" * 10, 0.05]
        case ["nonsense"]:
            return [b"\x16\x03\x01 this is not HTTP\r\n\r\n"]
        case ["cookie"]:
            return [reply(200, set_cookie="session=of-alice; Path=/")]
    return [reply(200, b"there")]


@pytest.fixture(scope="module")
def there() -> Iterator[Origin]:
    with origin(answer) as serving:
        yield serving


@pytest.fixture
async def way() -> AsyncIterator[Egress]:
    async with Egress(private=True) as opened:
        yield opened


def asked(serving: Origin, target: str) -> list[Received]:
    return [request for request in serving.received if request.target == target]


async def test_a_request_arrives_as_it_was_meant(way: Egress, there: Origin) -> None:
    target = "/a/../%7e%2F{x}?sig=a+b%2B%3d&q=a@b"
    sent = await way.send("POST", there.url + target + "#part", headers={"X-Sig": "1"}, body=b'{"a": 1}', timeout=2)
    assert (sent.status, sent.body) == (200, b"there")
    (got,) = asked(there, target)
    assert (got.method, got.body, got.headers["x-sig"]) == ("POST", b'{"a": 1}', "1")
    assert got.headers["user-agent"] == "reelgate"
    assert got.headers["accept-encoding"] == "identity"
    assert f"http://{got.headers['host']}" == there.url


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(way: Egress, there: Origin, canary: Canary, status: int) -> None:
    location = f"http://127.0.0.1:{canary.port}/"
    answered = await way.send("POST", f"{there.url}/to/{status}/{location}", headers={}, body=b"x", timeout=2)
    assert (answered.status, answered.headers["Location"]) == (status, location)
    assert canary.hits == 0


@pytest.mark.parametrize("path", ["large", "endless"])
@pytest.mark.parametrize("most", [0, 1, 4096, 200_000])
async def test_an_answer_is_cut_and_that_is_no_error(way: Egress, there: Origin, path: str, most: int) -> None:
    assert (await way.send("GET", f"{there.url}/{path}", headers={}, timeout=5, most=most)).body == b"x" * most


async def test_nothing_is_unpacked(way: Egress, there: Origin) -> None:
    answered = await way.send("GET", f"{there.url}/packed", headers={"Accept-Encoding": "gzip"}, timeout=2)
    assert gzip.decompress(answered.body) == b"x" * 1_000_000


@pytest.mark.parametrize("path", ["drips", "drips-headers", "interim", "silent"])
async def test_the_time_is_for_all_of_it(way: Egress, there: Origin, path: str) -> None:
    began = time.monotonic()
    with pytest.raises(ProviderTimeout):
        await way.send("GET", f"{there.url}/{path}", headers={}, timeout=0.3)
    assert time.monotonic() - began < 2


async def test_a_name_that_takes_its_time_is_given_up() -> None:
    class Slow(Names):
        async def resolve(self, *_: Any, **__: Any) -> list[ResolveResult]:
            await asyncio.sleep(5)
            return []

    async with Egress(resolver=Slow([])) as slow:
        with pytest.raises(ProviderTimeout):
            await slow.send("GET", "https://slow.example.com/", headers={}, timeout=0.1)


async def test_no_time_left_is_too_late_and_not_forever(way: Egress, there: Origin) -> None:
    with pytest.raises(ProviderTimeout):
        await way.send("GET", f"{there.url}/silent", headers={}, timeout=0)


@pytest.mark.parametrize("path", ["cut", "cut-body", "nonsense"])
async def test_an_answer_that_is_lost_is_a_failure(way: Egress, there: Origin, path: str) -> None:
    with pytest.raises(ProviderFailed) as raised:
        await way.send("POST", f"{there.url}/{path}?once-{path}", headers={}, body=b"x", timeout=2)
    assert "127.0.0.1" not in raised.value.message
    assert len(asked(there, f"/{path}?once-{path}")) == 1


async def test_what_cannot_be_reached_was_not_sent_and_no_address_is_told(way: Egress, there: Origin) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        closed = f"http://localhost:{bound.getsockname()[1]}/"
    for url in (closed, there.url.replace("http:", "https:")):
        with pytest.raises(NotSent) as raised:
            await way.send("GET", url, headers={}, timeout=2)
        assert "127.0.0.1" not in raised.value.message


async def test_a_proxy_of_the_environment_is_not_asked(
    way: Egress, there: Origin, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, f"http://127.0.0.1:{canary.port}")
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    assert (await way.send("GET", there.url.replace("127.0.0.1", "localhost"), headers={}, timeout=2)).ok
    assert canary.hits == 0


async def test_what_one_caller_is_given_as_a_cookie_is_not_sent_for_another(way: Egress, there: Origin) -> None:
    url = there.url.replace("127.0.0.1", "localhost") + "/cookie"  # a jar takes no cookie from an address
    for _ in range(2):
        await way.send("GET", url, headers={}, timeout=2)
    assert ["cookie" in request.headers for request in asked(there, "/cookie")] == [False, False]


async def test_every_request_has_a_connection_of_its_own(way: Egress) -> None:
    with origin(lambda request: [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", 0.3]) as keeping:
        for _ in range(2):
            assert (await way.send("POST", keeping.url, headers={}, timeout=2)).ok
    assert [request.headers["connection"] for request in keeping.received] == ["close", "close"]
