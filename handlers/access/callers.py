"""Who is calling: a credential in any of the contract's four forms -> the caller it belongs to.

Keys come from REELGATE_API_KEYS and are held as SHA-256 digests, which also makes every comparison one of equal length. With
no key configured the gateway is open, but only to this machine (settings.py refuses to listen elsewhere) and not to web pages
that are open in a browser on it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr
from starlette.datastructures import Headers

from ..errors import Forbidden, Unauthorized

LOCAL = "local"
"""The owner of everything on a gateway without keys."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who made a request. `name` is the owner of the jobs it makes."""

    name: str


class Keyring:
    """The keys of the gateway."""

    def __init__(self, keys: Mapping[str, SecretStr]) -> None:
        self._by_digest = {_digest(secret.get_secret_value()): Caller(name) for name, secret in keys.items()}

    @property
    def open(self) -> bool:
        return not self._by_digest

    def authenticate(self, headers: Headers) -> Caller:
        """The caller of a request. Raises Unauthorized, or Forbidden for a web page on a gateway without keys."""
        if self.open:
            _refuse_web_pages(headers)
            return Caller(LOCAL)
        presented = _presented(headers)
        if not presented:
            raise _unauthorized("This needs a key. Send it as `Authorization: Bearer …`, `x-api-key` or `x-bf-vk`.")
        callers = [self._caller(user, secret) for user, secret in presented]
        if len(set(callers)) > 1:
            raise _unauthorized("The request carries credentials of different callers. Send one.")
        return callers[0]

    def _caller(self, user: str | None, secret: str) -> Caller:
        caller = self._by_digest.get(_digest(secret))
        if caller is None or (user is not None and not hmac.compare_digest(user.encode(), caller.name.encode())):
            raise _unauthorized("The key is not known here.")
        return caller


def _presented(headers: Headers) -> list[tuple[str | None, str]]:
    """Every credential of a request, as (user or None, secret)."""
    found: list[tuple[str | None, str]] = []
    for authorization in headers.getlist("authorization"):
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "bearer":
            found.append((None, value.strip()))
        elif scheme.lower() == "basic":
            found.append(_basic(value.strip()))
        else:
            raise _unauthorized("Authorization must be Bearer or Basic.")
    found += [(None, value) for name in ("x-api-key", "x-bf-vk") for value in headers.getlist(name)]
    return found


def _basic(value: str) -> tuple[str, str]:
    try:
        user, separator, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:  # not base64, or not UTF-8
        separator = ""
    if not separator:
        raise _unauthorized("The Basic credentials cannot be read: they must be base64 of `name:key`.")
    return user, password


def _refuse_web_pages(headers: Headers) -> None:
    """A page anywhere can make the browser post to this machine; what gives it away is where it says it comes from."""
    origin = headers.get("origin")
    asked = _host(f"//{headers.get('host', '')}")
    if asked not in LOOPBACK or (origin is not None and _host(origin) not in LOOPBACK):
        raise Forbidden(
            "A gateway without keys serves this machine only, not web pages of other hosts. Set REELGATE_API_KEYS to open it.",
            code="local_only",
        )


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _unauthorized(message: str) -> Unauthorized:
    error = Unauthorized(message)
    error.headers["WWW-Authenticate"] = 'Bearer realm="reelgate", Basic realm="reelgate"'
    return error
