"""The way out to URLs that a caller names: receivers of webhooks, images to fetch. None leads into our own network.

Three gates stand in a row. `checked` judges the text: few spellings pass it, so that no two readers of a URL can disagree about
its host. The resolver judges every address of a name: one that is not public refuses them all. The socket judges its address
once more before it connects. A name is asked for once per request and the connection goes to what was judged, so it does not
help to change the answer in between (DNS rebinding). No redirect is followed but by `fetch`, which takes each through all three
gates. No proxy is asked, no cookie kept, nothing unpacked.
"""

from __future__ import annotations

import asyncio
import errno
import io
import re
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from .errors import ContentTooLarge, NotSent, ProviderError, ProviderFailed, ProviderTimeout, UnsafeUrl
from .upstream import CONNECT, MAX_REDIRECTS, NEVER_LEFT, REDIRECTS, TOO_LATE, Reply

MAX_URL = 2048  # characters
MAX_ANSWER = 4096  # bytes of an answer that are kept, unless told otherwise
RESOLVING = 64  # names that are resolved at the same time; one for which nobody answers keeps its thread for long

# ---- addresses ------------------------------------------------------------------------------------------------------

GLOBAL_UNICAST = ip_network("2000::/3")
"""Where public IPv6 addresses are. Outside: ::1, ::a.b.c.d, fc00::/7, fe80::/10, ff00::/8, 64:ff9b:1::/48 and what is unused."""

SPECIAL = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # carriers' NAT; Alibaba's metadata
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # Azure's own: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
            "169.254.0.0/16",  # link-local; metadata of most clouds
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # IETF protocols; Oracle's metadata
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved; broadcast
            "2001::/23",  # IETF protocols, Teredo among them
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which has an IPv4 address inside
            "3fff::/20",  # documentation
        ),
    )
)
"""Not the public internet: https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry.

Written out because `is_global` differs between releases of Python: https://github.com/python/cpython/issues/113171
"""

WITH_IPV4_INSIDE = (ip_network("::ffff:0:0/96"), ip_network("64:ff9b::/96"))
"""IPv4-mapped and NAT64 (RFC 6052), where an IPv6-only network has the whole IPv4 internet: the last 32 bits decide."""


METADATA = tuple(
    map(
        ip_network,
        (
            "100.100.100.200/32",  # Alibaba
            "168.63.129.16/32",  # Azure
            "169.254.0.0/16",  # link-local: most clouds
            "192.0.0.192/32",  # Oracle
            "fd00:ec2::/32",  # AWS
            "fe80::/10",  # link-local
        ),
    )
)
"""Where machines ask their cloud for credentials. Nothing that a caller names leads there, not even in a private network."""


def may_be_called(address: str, *, private: bool) -> bool:
    """Whether this is an address on the public internet or, if `private`, any but those of METADATA.

    What is no address, or has a zone, is none of these.
    """
    try:
        judged = ip_address(address)
    except ValueError:
        return False
    if isinstance(judged, IPv6Address):
        if judged.scope_id is not None:
            return False
        if any(judged in network for network in WITH_IPV4_INSIDE):
            judged = IPv4Address(int(judged) & 0xFFFFFFFF)
    if private:
        return not any(judged in network for network in METADATA)
    if isinstance(judged, IPv6Address) and judged not in GLOBAL_UNICAST:
        return False
    return not any(judged in network for network in SPECIAL)


# ---- the text of a URL ----------------------------------------------------------------------------------------------

FAULTS = (
    (re.compile(rf"(?s).{{{MAX_URL + 1}}}"), f"is longer than {MAX_URL} characters"),
    (
        re.compile(r"[^!-~]"),
        "may have printable ASCII only: percent-encode its path and write its host in the xn-- form",
    ),
    (re.compile(r"\\"), "has a backslash: write / or %5C"),
    (re.compile(r"(?i)^(?!https?://)"), "does not begin with https://"),
    (
        re.compile(r"^[^/]*//[^/]*@"),
        "has an @ before its path: leave out user name and password, and write %40 in a query",
    ),
)
"""Pattern -> what is wrong with a URL in which it is found."""

SHAPE = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]+))?"
    r"(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?:#.*)?",
    re.IGNORECASE | re.ASCII,
)
NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
NUMBER_LAST = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
"""A host that some reader takes for an IPv4 address: 2130706433, 127.1, 0x7f.0.0.1 (https://url.spec.whatwg.org/#ends-in-a-number-checker)."""

ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
"""How a URL begins that is not relative to another. What has no host behind it is then refused, and not taken for a path."""

NOT_PUBLIC_NAMES = (
    "localhost",  # RFC 6761
    "localdomain",  # what many systems call themselves
    "local",  # RFC 6762
    "internal",  # ICANN, 2024; metadata.google.internal
    "home.arpa",  # RFC 8375
    "intranet",  # RFC 6762 appendix G, with those below
    "private",
    "corp",
    "home",
    "lan",
    "metadata.tencentyun.com",
    "metadata.platformequinix.com",
    "metadata.packet.net",
)
"""Names that lead, with all names below them, into somebody's own network; as does one without a dot."""

NOT_PUBLIC = "does not lead to the public internet: give one that can be reached from outside"
"""Said of names and addresses alike, and without the address: what a name means in our network is nobody's business."""


def checked(url: str, *, private: bool = False) -> str:
    """The URL, if a request may go there as far as its text tells; no name is resolved. Raises UnsafeUrl.

    It is https without a user name, its host a name or an address in its usual spelling, its port 1 to 65535. `private` lets
    http pass too, and hosts that are not on the public internet, but never those where machines get their credentials.
    """
    _parsed(url, private=private)
    return url


def public(url: str) -> bool:
    """Whether a URL leads to the public internet, as far as its text tells."""
    try:
        checked(url)
    except UnsafeUrl:
        return False
    return True


def _parsed(url: str, *, private: bool) -> URL:
    for pattern, what in FAULTS:
        if pattern.search(url):
            raise _unsafe(what)
    parts = SHAPE.fullmatch(url)
    if parts is None:
        raise _unsafe("has a malformed host or port")
    scheme, host = parts["scheme"].lower(), parts["host"].lower()
    if scheme != "https" and not private:
        raise _unsafe("does not begin with https://")
    if parts["port"] is not None and not (len(parts["port"]) <= 5 and 1 <= int(parts["port"]) <= 65535):
        raise _unsafe("has a port that is not 1 to 65535")
    if not (_good_literal(host, private=private) if _is_literal(host) else _good_name(host, private=private)):
        raise _unsafe(NOT_PUBLIC)
    # Put together from the parts that were judged, and never read a second time.
    return URL.build(
        scheme=scheme,
        host=host,
        port=int(parts["port"]) if parts["port"] else None,
        path=parts["path"] or "/",
        query_string=parts["query"] or "",
        encoded=True,
    )


def _is_literal(host: str) -> bool:
    return host.startswith("[") or NUMBER_LAST.fullmatch(host) is not None


def _good_literal(host: str, *, private: bool) -> bool:
    try:
        address = IPv6Address(host[1:-1]) if host.startswith("[") else IPv4Address(host)
    except ValueError:
        raise _unsafe("has an address for a host that is not in its usual spelling") from None
    return may_be_called(str(address), private=private)


def _good_name(host: str, *, private: bool) -> bool:
    if len(host) > 253 or not NAME.fullmatch(host):
        raise _unsafe("has a malformed host")
    return private or ("." in host and not f".{host}".endswith(tuple(f".{name}" for name in NOT_PUBLIC_NAMES)))


def _unsafe(what: str) -> UnsafeUrl:
    return UnsafeUrl(f"The URL {what}.")


# ---- connections ----------------------------------------------------------------------------------------------------


class Egress:
    """A way out to the public internet only. Use it as an async context manager.

    `private` lifts that: addresses of one's own network may be called, by http too. A `resolver` that is given is not closed.
    """

    def __init__(self, *, private: bool = False, resolver: AbstractResolver | None = None) -> None:
        self._private = private
        self._resolver = resolver
        self._own: _Threads | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Egress:
        if self._resolver is None:
            self._resolver = self._own = _Threads()
        # Every request gets a connection of its own: it is judged each time, and none is found closed when it is used again.
        connector = aiohttp.TCPConnector(
            limit=0,
            force_close=True,
            use_dns_cache=False,
            resolver=_Judged(self._resolver, private=self._private),
            socket_factory=partial(guarded, private=self._private),
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers={"User-Agent": "reelgate", "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
        if self._own is not None:
            await self._own.close()

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout: float,
        most: int = MAX_ANSWER,
    ) -> Reply:
        """Send one request and read the first `most` bytes of its answer, whatever its status. `timeout`: seconds, for all of it.

        Raises UnsafeUrl if nothing may be sent there, NotSent if it never left; otherwise, when no answer came, ProviderTimeout
        or ProviderFailed.
        """
        assert self._session is not None, "Egress is used outside of its context"
        target = _parsed(url, private=self._private)
        limits = aiohttp.ClientTimeout(total=None, connect=CONNECT, sock_connect=CONNECT)
        try:
            async with (
                asyncio.timeout(timeout),  # exact, where aiohttp's own rounds up
                self._session.request(
                    method, target, headers=headers, data=body, timeout=limits, allow_redirects=False
                ) as response,
            ):
                return Reply(response.status, response.headers, await _beginning(response, most))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _ours(error) from error

    async def fetch(
        self, url: str, *, headers: Mapping[str, str], timeout: float, most: int, arriving: Callable[[int], None]
    ) -> Reply:
        """Get what is at a URL, and where that leads, whatever its status. `timeout`: seconds, for all of it.

        `arriving` is told how many bytes are about to be in memory, before they are. Raises UnsafeUrl also for a redirect to
        where nothing may be sent, ContentTooLarge for more than `most` bytes; otherwise as `send` does.
        """
        assert self._session is not None, "Egress is used outside of its context"
        target = _parsed(url, private=self._private)
        limits = aiohttp.ClientTimeout(total=None, connect=CONNECT, sock_connect=CONNECT)
        try:
            async with asyncio.timeout(timeout):
                for _ in range(MAX_REDIRECTS + 1):
                    async with self._session.get(
                        target, headers=headers, timeout=limits, allow_redirects=False
                    ) as response:
                        location = response.headers.get("Location")
                        if response.status not in REDIRECTS or location is None:
                            return Reply(response.status, response.headers, await _all(response, most, arriving))
                    target = _redirected(target, location, private=self._private)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _ours(error) from error
        raise ProviderFailed(f"The URL was redirected more than {MAX_REDIRECTS} times.")


class _Judged(AbstractResolver):
    """A resolver whose answers may all be called, or are refused. Raises UnsafeUrl, or OSError when there is no such name."""

    def __init__(self, asked: AbstractResolver, *, private: bool) -> None:
        self._asked = asked
        self._private = private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._asked.resolve(host, port, family)
        if not found:
            raise OSError(errno.EADDRNOTAVAIL, "the name has no address")
        if not all(may_be_called(each["host"], private=self._private) for each in found):
            raise _unsafe(NOT_PUBLIC)
        return found

    async def close(self) -> None:
        pass


class _Threads(AbstractResolver):
    """getaddrinfo(3) in threads of its own: a name that takes its time must not keep the providers' names waiting.

    It keeps its thread when nobody waits for it any more, so a name has one thread, however many ask for it.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVING, thread_name_prefix="egress")
        self._asked: dict[tuple[str, int], asyncio.Future[list[Any]]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        asked = self._asked.get((host, family)) or self._ask(host, family)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in await asyncio.shield(asked)
        ]

    def _ask(self, host: str, family: socket.AddressFamily) -> asyncio.Future[list[Any]]:
        def done(asked: asyncio.Future[list[Any]]) -> None:
            del self._asked[host, family]
            asked.cancelled() or asked.exception()  # which nobody may be there to hear

        ask = partial(socket.getaddrinfo, host, None, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        asked = self._asked[host, family] = asyncio.get_running_loop().run_in_executor(self._threads, ask)
        asked.add_done_callback(done)
        return asked

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def guarded(info: aiohttp.AddrInfoType, *, private: bool) -> socket.socket:
    """A socket for an address that aiohttp is about to connect to. Raises OSError if it may not be called."""
    family, kind, protocol, _, address = info
    if not may_be_called(str(address[0]), private=private):
        raise OSError(errno.EACCES, "not an address that may be called")
    return socket.socket(family, kind, protocol)


async def _beginning(response: aiohttp.ClientResponse, most: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) >= most:
            break
    return bytes(body[:most])


async def _all(response: aiohttp.ClientResponse, most: int, arriving: Callable[[int], None]) -> bytes:
    declared = response.content_length or 0
    body = io.BytesIO()
    if 0 < declared <= most:
        arriving(declared)
        body.seek(declared - 1)  # allocated at once
        body.write(b"\0")
        body.seek(0)
    async for chunk in response.content.iter_any():
        if declared > most or body.tell() + len(chunk) > most:
            raise ContentTooLarge(f"What is at the URL is larger than {most} bytes.")
        if body.tell() + len(chunk) > declared:
            arriving(body.tell() + len(chunk))
        body.write(chunk)
    body.truncate()
    return body.getvalue()


def _redirected(target: URL, location: str, *, private: bool) -> URL:
    """Where a redirect leads, judged as if the caller had named it."""
    if location.startswith("//"):
        location = f"{target.scheme}:{location}"
    elif not ABSOLUTE.match(location):
        location = urljoin(str(target), location)
    try:
        found = _parsed(location, private=private)
    except UnsafeUrl as error:
        raise UnsafeUrl(f"The URL redirects to another. {error.message}") from None
    if target.scheme == "https" and found.scheme != "https":
        raise _unsafe("redirects from https to http")
    return found


def _ours(error: Exception) -> ProviderError:
    """An exception of the transport -> our error. It names the kind of trouble only: aiohttp's text may have an address."""
    what = type(error).__name__
    if isinstance(error, NEVER_LEFT):
        return NotSent(f"The URL could not be reached: {what}")
    if isinstance(error, TOO_LATE):
        return ProviderTimeout("The URL did not answer in time.")
    return ProviderFailed(f"The connection was lost before the URL had answered: {what}")
