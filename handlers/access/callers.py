"""Who is calling: a credential in any of the contract's forms -> the caller it belongs to.

A credential is a gateway key (REELGATE_API_KEYS), a virtual key, a token (JWT) that speaks for one or for an admin, the admin's
password, or a session that was begun with it. All are looked up by digest or checked in constant time; one that is not known is
refused, and so are two that belong to different callers.

With nothing configured the gateway is open, but only to this machine (settings.py refuses to listen elsewhere) and not to web
pages that are open in a browser on it. Who calls then is an admin, unless they show a virtual key, a token or a session.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from pydantic import SecretStr
from starlette.datastructures import Headers

from ..errors import Forbidden, Unauthorized
from .directory import Directory, digest
from .grants import Grant
from .passwords import Admin
from .tokens import Tokens, looks_like_jwt

LOCAL = "local"
"""The owner of everything on a gateway without keys."""

ADMIN = "admin"
"""The owner of what admins make."""

VIRTUAL_KEY = "sk-bf-"
"""How the value of a virtual key begins, as in Bifrost."""

SESSION = "rgs_"
"""How the token of a session begins."""

COOKIE = "reelgate_session"

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

SAFE = frozenset({"GET", "HEAD"})

KEY_HEADERS = ("x-api-key", "x-bf-vk", "x-goog-api-key", "api-key")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who made a request. `name` is the owner of the jobs it makes."""

    name: str
    admin: bool = False
    grant: Grant | None = None  # of a virtual key
    session: bytes | None = None  # digest of the token of the session in which the request is made

    @property
    def sees(self) -> str | None:
        """Whose jobs the caller is shown: its own, or, as an admin, everybody's (None)."""
        return None if self.admin else self.name


@dataclass(frozen=True, slots=True)
class Presented:
    """A credential as it came."""

    secret: str
    by_cookie: bool = False
    user: str | None = None  # of Basic


class Callers:
    """`open`: whether nothing is configured by which anybody could be told apart."""

    def __init__(
        self,
        keys: Mapping[str, SecretStr],
        directory: Directory,
        *,
        tokens: Tokens | None = None,
        admin: Admin | None = None,
        open: bool,
    ) -> None:
        self._by_digest = {digest(secret.get_secret_value()): Caller(name) for name, secret in keys.items()}
        self._directory = directory
        self._tokens = tokens
        self._admin = admin
        self.open = open

    async def authenticate(self, headers: Headers, method: str = "GET") -> Caller:
        """The caller of a request. Raises Unauthorized; Forbidden for a key that is disabled or expired, and for a web page
        of another site that changes something with a session's cookie or with Basic, or on a gateway that is open.
        """
        presented = _presented(headers)
        if method not in SAFE and any(each.by_cookie for each in presented):
            _refuse_other_sites(headers)
        elif method not in SAFE and any(each.user is not None for each in presented) and _from_a_page(headers):
            _refuse_other_sites(headers)  # browsers send what they were told once by themselves, as they do cookies
        if self.open:
            presented = [each for each in presented if _ours(each)]  # SDKs cannot do without a key, whatever it is
            if not presented:
                _refuse_web_pages(headers)
                return Caller(LOCAL, admin=True)
        if not presented:
            raise unauthorized(
                "virtual key is required. Provide a virtual key via the x-bf-vk header, or any key as "
                "`Authorization: Bearer …` or `x-api-key`.",
                code="virtual_key_required",
            )
        callers = [await self._caller(each) for each in dict.fromkeys(presented)]
        if len({caller.name for caller in callers}) > 1:
            raise unauthorized("The request carries credentials of different callers. Send one.")
        caller = next((each for each in callers if each.session is not None), callers[0])
        if caller.grant is not None:
            caller.grant.demand_valid()
        return caller

    async def _caller(self, shown: Presented) -> Caller:
        if shown.user is not None and self._admin is not None and _same(shown.user, self._admin.username):
            if await self._admin.admits(shown.user, shown.secret):
                return Caller(ADMIN, admin=True)
            raise _unknown()
        caller = self._by_digest.get(digest(shown.secret)) or await self._stored(shown)
        if caller is None:
            raise _unknown()
        name = caller.grant.name if caller.grant is not None else caller.name
        if shown.user is not None and not _same(shown.user, name):
            raise _unknown()
        return caller

    async def _stored(self, shown: Presented) -> Caller | None:
        """Whom a credential belongs to that is not in the settings."""
        if shown.secret.startswith(VIRTUAL_KEY):
            grant = await self._directory.by_value(shown.secret)
            return Caller(grant.id, grant=grant) if grant is not None else None
        if shown.secret.startswith(SESSION):
            if self._admin is None:
                return None
            session = digest_of_session(shown.secret, self._admin)
            ends = await self._directory.session(session)
            live = ends is not None and ends > datetime.now(UTC)
            return Caller(ADMIN, admin=True, session=session) if live else None
        if self._tokens is not None and looks_like_jwt(shown.secret):
            claims = await self._tokens.claims(shown.secret)
            if claims.admin:
                return Caller(ADMIN, admin=True)
            grant = await self._directory.by_reference(claims.virtual_key or "")
            return Caller(grant.id, grant=grant) if grant is not None else None
        return None


def _presented(headers: Headers) -> list[Presented]:
    """Every credential of a request."""
    found: list[Presented] = []
    for authorization in headers.getlist("authorization"):
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "bearer":
            found.append(Presented(value.strip()))
        elif scheme.lower() == "basic":
            found.append(_basic(value.strip()))
        else:
            raise unauthorized("Authorization must be Bearer or Basic.")
    for name in KEY_HEADERS:
        found += [Presented(value) for value in headers.getlist(name)]
    for cookies in headers.getlist("cookie"):
        found += _session(cookies)
    return found


def _session(cookies: str) -> list[Presented]:
    try:
        morsel = SimpleCookie(cookies).get(COOKIE)
    except CookieError:  # somebody else's
        return []
    if morsel is None:
        return []
    if not morsel.value.startswith(SESSION):
        raise _unknown()  # browsers send cookies unasked, so this is no place for keys
    return [Presented(morsel.value, by_cookie=True)]


def digest_of_session(token: str, admin: Admin) -> bytes:
    """By what a session is known: with another password it is not."""
    return digest(f"{token}.{admin.username}.{admin.mark}")


def _ours(shown: Presented) -> bool:
    """Whether a credential claims to be one that the gateway has given out, also when it is open."""
    return shown.secret.startswith((VIRTUAL_KEY, SESSION)) or looks_like_jwt(shown.secret)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _basic(value: str) -> Presented:
    try:
        user, separator, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:  # not base64, or not UTF-8
        separator = ""
    if not separator:
        raise unauthorized("The Basic credentials cannot be read: they must be base64 of `name:key`.")
    return Presented(password, user=user)


def _refuse_web_pages(headers: Headers) -> None:
    """A page anywhere can make the browser post to this machine; what gives it away is where it says it comes from."""
    origin = headers.get("origin")
    asked = _host(f"//{headers.get('host', '')}")
    if asked not in LOOPBACK or (origin is not None and _host(origin) not in LOOPBACK):
        raise Forbidden(
            "A gateway without keys serves this machine only, not web pages of other hosts. Set REELGATE_API_KEYS to open it.",
            code="local_only",
        )


def _from_a_page(headers: Headers) -> bool:
    """Whether a browser says where a request comes from; other clients do not."""
    return "sec-fetch-site" in headers or "origin" in headers


def _refuse_other_sites(headers: Headers) -> None:
    """A browser sends the cookie for pages of a sibling site or another port too; it says so, or where they come from."""
    site = headers.get("sec-fetch-site")
    origin = headers.get("origin")
    own = (
        site in ("same-origin", "none")
        if site is not None
        else origin is not None and _place(origin) == _place(f"//{headers.get('host', '')}")
    )
    if not own:
        raise Forbidden(
            "What a browser sends by itself, a session's cookie or Basic, changes things for the gateway's own pages only. "
            "Send a token or key as `Authorization: Bearer …`.",
            code="other_site",
        )


def _place(url: str) -> str:
    """Host and port, as they stand there: behind a proxy the scheme may be another."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return url


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _unknown() -> Unauthorized:
    return unauthorized(
        "The key is not known here: it does not exist, or has been revoked.", code="virtual_key_not_found"
    )


def unauthorized(message: str, code: str | None = None) -> Unauthorized:
    error = Unauthorized(message, code=code)
    error.headers["WWW-Authenticate"] = 'Bearer realm="reelgate", Basic realm="reelgate"'
    return error
