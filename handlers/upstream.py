"""The one way out: every request to a provider goes through here. Only this module and egress.py know aiohttp.

Three rules. A request that may create something is sent on a fresh connection and never repeated here, so that a lost answer is
an `OutcomeUnknown` and not a guess. Credentials go to the origin they are for, and to no other: API calls follow no redirect,
and a download drops every header of ours when it is redirected to another origin. What is not at the provider's own origin is
at an address that somebody else may have chosen, so sockets for it are made by a guard (egress.py).
"""

from __future__ import annotations

import asyncio
import binascii
import email.utils
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol
from urllib.request import getproxies, proxy_bypass

import aiohttp
import orjson
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from .configuration import Proxy
from .errors import NotSent, OutcomeUnknown, ProviderError, ProviderFailed, ProviderTimeout

CONNECT = 10.0  # seconds for name resolution, connecting and TLS together
ANSWER = 60.0  # seconds for headers and body of an API call, unless told otherwise
STALLED = 60.0  # seconds without a byte after which a download is given up
MAX_ANSWER = 16 * 1024 * 1024  # bytes of an API answer
MAX_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PIECE = 48 * 1024  # bytes that are encoded at a time, 64 KiB of base64

NEVER_LEFT = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientSSLError,
    aiohttp.ClientProxyConnectionError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
    aiohttp.ServerFingerprintMismatch,
)
"""aiohttp's words for: the request was not sent. Everything else it raises came after sending, or may have."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""This machine, where the sandbox is: no proxy leads there."""

DIRECTED = Proxy()
"""The proxy that the environment names, if it names one."""

TOO_LATE = (aiohttp.ServerTimeoutError, asyncio.TimeoutError)


@dataclass(frozen=True, slots=True)
class File:
    """A file part of a form."""

    name: str
    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Embedded:
    """Bytes that stand in a JSON body in base64: `mark` stands there until they are encoded, while they are sent."""

    mark: str
    content: bytes = field(repr=False)

    @property
    def length(self) -> int:
        """Characters of base64."""
        return (len(self.content) + 2) // 3 * 4


@dataclass(frozen=True, slots=True)
class Reply:
    """What a provider answered, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as JSON, or None when it is something else."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, from Retry-After as seconds or as a date (RFC 9110 §10.2.3)."""
        value = self.headers.get("Retry-After", "").strip()
        if value.isdigit():
            return float(value)
        moment = email.utils.parsedate_tz(value) if value else None
        return max(0.0, email.utils.mktime_tz(moment) - time.time()) if moment else None


@dataclass(slots=True)
class Download:
    """A body that is being streamed."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes] = field(repr=False)


class Guard(Protocol):
    """Makes a socket for an address, or raises OSError if that may not be called."""

    def __call__(self, info: aiohttp.AddrInfoType, *, private: bool) -> socket.socket: ...


class Upstream:
    """A pool of connections to providers. Use it as an async context manager."""

    def __init__(self, guard: Guard | None = None) -> None:
        """`guard` makes the sockets for files that are elsewhere than at their provider's own address."""
        self._guard = guard
        self._abroad: dict[bool, aiohttp.ClientSession] = {}
        self._pooled: aiohttp.ClientSession | None = None
        self._downloads: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Upstream:
        # No cookies: what one account was given must not be sent for another.
        common: dict[str, Any] = {
            "headers": {"User-Agent": "reelgate"},
            "cookie_jar": aiohttp.DummyCookieJar(),
        }
        self._pooled = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), **common)
        # Downloads have connections of their own: a hundred slow ones must not keep a job from being asked about.
        self._downloads = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), **common)
        self._fresh = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True), **common)
        for private in (False, True):
            sockets = partial(self._guard, private=private) if self._guard is not None else None
            connector = aiohttp.TCPConnector(limit=0, socket_factory=sockets)
            self._abroad[private] = aiohttp.ClientSession(connector=connector, **common)
        return self

    async def __aexit__(self, *_: object) -> None:
        for session in (self._pooled, self._downloads, self._fresh, *self._abroad.values()):
            if session is not None:
                await session.close()

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        json: object = None,
        embedded: Embedded | None = None,
        form: Mapping[str, str | File] | None = None,
        urlencoded: Mapping[str, str] | None = None,
        creates: bool = False,
        most: int | None = None,
        timeout: float = ANSWER,
        proxy: Proxy = DIRECTED,
    ) -> Reply:
        """Send one request and read its whole answer, whatever its status. `timeout` is in seconds, for all of it.

        `embedded` may stand in `json`, once. `form` goes as multipart/form-data. `most` is how many bytes the answer may
        have, MAX_ANSWER unless told otherwise. `creates` says that the provider may make something for it. Raises NotSent if
        it never left; otherwise, when no whole answer came, OutcomeUnknown if it creates, else ProviderTimeout or
        ProviderFailed.
        """
        session = self._fresh if creates else self._pooled
        assert session is not None, "Upstream is used outside of its context"
        limits = aiohttp.ClientTimeout(total=timeout, sock_connect=CONNECT, connect=CONNECT)
        try:
            target = URL(url)
        except ValueError:
            raise NotSent("The provider's address is not a URL; check its base_url.") from None
        try:
            async with session.request(
                method,
                target,
                headers=headers,
                data=aiohttp.FormData(urlencoded) if urlencoded is not None else _data(json, embedded, form),
                timeout=limits,
                allow_redirects=False,
                **_through(proxy, url),
            ) as response:
                body = await _read(response, most or MAX_ANSWER)
                return Reply(response.status, response.headers, body)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _ours(error, creates=creates) from error

    @asynccontextmanager
    async def download(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        proxy: Proxy = DIRECTED,
        home: str | None = None,
        private: bool = False,
    ) -> AsyncIterator[Download]:
        """Stream a body, whatever its status. Raises NotSent, ProviderTimeout or ProviderFailed, also between chunks.

        `home` is the provider's own address. A file that is elsewhere is fetched from the public internet only, unless it may
        be in a `private` network. Where a proxy leads there, that is for the proxy to decide.
        """
        away = False
        assert self._downloads is not None, "Upstream is used outside of its context"
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, connect=CONNECT, sock_read=STALLED)
        try:
            for _ in range(MAX_REDIRECTS + 1):
                through = _through(proxy, url)
                away = home is not None and URL(url).origin() != URL(home).origin()
                session = self._abroad[private] if away and through.get("proxy") is None else self._downloads
                async with session.get(
                    url,
                    headers={"Accept-Encoding": "identity", **headers},
                    timeout=timeout,
                    allow_redirects=False,
                    auto_decompress=False,
                    **through,
                ) as response:
                    location = response.headers.get("Location")
                    if response.status not in REDIRECTS or location is None:
                        yield Download(response.status, response.headers, response.content.iter_any())
                        return
                    target = response.url.join(URL(location, encoded=True))
                    if response.url.scheme == "https" and target.scheme != "https":
                        raise ProviderFailed("The file was redirected from https: to another scheme.")
                    if target.origin() != response.url.origin():
                        headers = {name: value for name, value in headers.items() if name.lower() == "range"}
                    url = str(target)
            raise ProviderFailed(f"The file was redirected more than {MAX_REDIRECTS} times")
        except (
            aiohttp.ClientError,
            TimeoutError,
            OSError,
            ValueError,
        ) as error:  # ValueError: of a Location that is none
            if away:  # where it led is nobody's business
                raise _ours(error, creates=False, what=type(error).__name__) from error
            raise _ours(error, creates=False) from error


def _through(proxy: Proxy, url: str) -> dict[str, Any]:
    """aiohttp's arguments for the proxy that leads to a URL."""
    if proxy.type == "http":
        given = proxy.username is not None
        password = proxy.password.get_secret_value() if proxy.password is not None else ""
        return {"proxy": proxy.url, "proxy_auth": aiohttp.BasicAuth(proxy.username or "", password) if given else None}
    host = URL(url).host or ""
    if proxy.type == "none" or host in LOOPBACK or proxy_bypass(host):
        return {}
    return {"proxy": getproxies().get(URL(url).scheme)}


def _data(
    json: object, embedded: Embedded | None, form: Mapping[str, str | File] | None
) -> aiohttp.FormData | aiohttp.Payload | None:
    if json is not None:
        text = orjson.dumps(json)
        if embedded is None or embedded.mark.encode() not in text:
            return aiohttp.BytesPayload(text, content_type="application/json")
        before, _, after = text.partition(embedded.mark.encode())
        return _Pieces("application/json", before, embedded, after)
    if form is None:
        return None
    data = aiohttp.FormData(default_to_multipart=True)
    for name, value in form.items():
        if isinstance(value, File):
            data.add_field(name, _Pieces(value.content_type, value.content), filename=value.name)
        else:
            data.add_field(name, value)
    return data


class _Pieces(aiohttp.Payload):
    """Bytes, and such as are to be base64, that are sent piece by piece: as a whole they are nowhere a second time."""

    def __init__(self, content_type: str, *parts: bytes | Embedded) -> None:
        super().__init__(parts, content_type=content_type)
        self._size = sum(part.length if isinstance(part, Embedded) else len(part) for part in parts)

    async def write(self, writer: AbstractStreamWriter) -> None:
        for part in self._value:
            with memoryview(part.content if isinstance(part, Embedded) else part) as content:
                for start in range(0, len(content), PIECE):
                    piece = content[start : start + PIECE]
                    encoded = isinstance(part, Embedded)
                    await writer.write(binascii.b2a_base64(piece, newline=False) if encoded else bytes(piece))

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        raise NotImplementedError("it is sent, and not looked at")


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > most:
            raise aiohttp.ClientPayloadError(f"the answer is larger than {most} bytes")
    return bytes(body)


def _described(error: Exception) -> str:
    """What happened, without the URL, which may be signed."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"{error.host}:{error.port}: {error.os_error.strerror or type(error.os_error).__name__}"
    return type(error).__name__


def _ours(error: Exception, *, creates: bool, what: str | None = None) -> ProviderError:
    """An exception of the transport -> the error that says what it means for the job."""
    what = what or _described(error)
    if isinstance(error, NEVER_LEFT):
        return NotSent(f"The provider could not be reached: {what}")
    if creates:
        return OutcomeUnknown(
            f"The provider's answer was lost ({what}), so the job may exist there. "
            "Do not send the request again: it could be paid twice."
        )
    if isinstance(error, TOO_LATE):
        return ProviderTimeout("The provider did not answer in time.")
    return ProviderFailed(f"The connection to the provider was lost: {what}")
