"""Tokens: JWTs (RFC 7519) that somebody else signs, and what they say about their bearer.

PyJWT proves the signature. What surrounds it is judged here, more strictly than there and before anything is believed: the
token's shape, its header, of which only the name of the key is used, and then its claims, each of one type. A token says who
it is for with `role: admin` or with `virtual_key`, and never with both.

Whatever is wrong with a token is one error with a short reason, and never shows the token. A token that was found good is
remembered by its SHA-256 until it expires, or the keys change, so that a poll costs no signature.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import urlsafe_b64decode
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, time
from typing import Annotated, Any, NoReturn, Protocol
from urllib.parse import urlsplit

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import Unauthorized
from ..settings import Settings, SettingsError
from ..upstream import LOOPBACK, Upstream
from .jwks import KeySet
from .verifying import UnusableKey, VerifyingKey, of_pem, of_secret

MAX_TOKEN = 8192  # characters
MAX_REMEMBERED = 10_000  # tokens
LAST_SECOND = 253_402_300_799  # of the year 9999, as Unix time

SHAPE = re.compile(r"eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*")
"""JWS compact serialization, RFC 7515 §7.1, whose header begins with `{"` and a letter."""

TYPES = frozenset({"jwt", "application/jwt", "at+jwt", "application/at+jwt"})
"""`typ` of what may be used to call an API (RFC 7519 §5.1, RFC 9068 §2.1), in lower case; others are something else, signed."""

UNWANTED = frozenset({"crit", "b64", "cty", "enc", "zip"})
"""Parts of a header that change what the token means: none of them is understood here, so no token that has one is."""

WWW_AUTHENTICATE = 'Bearer error="invalid_token"'

EXPIRED = "it has expired"
TOO_EARLY = "it is not valid yet"
NOT_FOR_US = "it is not for this gateway"
NOBODY = "it must name either a virtual key or the role admin"
NOT_VERIFIED = "it cannot be verified"


# ---- what is configured ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TokenRules:
    """Which tokens are good here. `source` is the key that verifies them, or the URL of the issuer's JWK set."""

    issuer: str
    audience: str
    source: VerifyingKey | str
    leeway: int = 30  # seconds by which clocks may differ


def rules(settings: Settings) -> TokenRules | None:
    """The rules that are set, or None where no tokens are taken. Raises SettingsError for rules that cannot be used."""
    sources: dict[str, Any] = {
        "REELGATE_JWT_SECRET": settings.jwt_secret,
        "REELGATE_JWT_PUBLIC_KEY": settings.jwt_public_key,
        "REELGATE_JWT_JWKS_URL": settings.jwt_jwks_url,
    }
    chosen = [variable for variable, value in sources.items() if value is not None]
    if not chosen:
        if settings.jwt_issuer is not None or settings.jwt_audience is not None:
            raise SettingsError(f"Tokens have an issuer or an audience, but no key: set one of {', '.join(sources)}.")
        return None
    if len(chosen) > 1:
        raise SettingsError(f"{' and '.join(chosen)} are set. Tokens have one source of keys: leave one of them.")
    if settings.jwt_issuer is None or settings.jwt_audience is None:
        raise SettingsError(f"{chosen[0]} is set, so set REELGATE_JWT_ISSUER and REELGATE_JWT_AUDIENCE too.")
    try:
        source = _source(settings)
    except (UnusableKey, ValueError, OSError) as error:
        why = f"the file cannot be read: {error.strerror}" if isinstance(error, OSError) else error
        raise SettingsError(f"{chosen[0]} cannot be used: {why}.") from None
    return TokenRules(settings.jwt_issuer, settings.jwt_audience, source, settings.jwt_leeway_seconds)


def _source(settings: Settings) -> VerifyingKey | str:
    if settings.jwt_secret is not None:
        return of_secret(settings.jwt_secret.get_secret_value())
    if settings.jwt_public_key is not None:
        key = settings.jwt_public_key.replace("\\n", "\n")  # as files of environment variables have line ends
        return of_pem(key if "-----BEGIN" in key else Path(key).read_text(encoding="utf-8", errors="replace"))
    assert settings.jwt_jwks_url is not None
    parts = urlsplit(settings.jwt_jwks_url)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)):
        raise ValueError("it must begin with https://, or lead to this machine")
    return settings.jwt_jwks_url


# ---- what a token says ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says: its bearer is an admin, or has a virtual key, named by its id or its name."""

    admin: bool
    virtual_key: str | None = None
    subject: str | None = None
    id: str | None = None
    """`jti`, what the issuer calls this token."""


Moment = Annotated[int, Field(ge=0, le=LAST_SECOND)]
Name = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$")]


class _Header(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    alg: str
    typ: str = "JWT"
    kid: Name = ""


class _Payload(BaseModel):
    """The claims that are looked at. One that is there has its type and is not null; one that is not there is "" or 0."""

    model_config = ConfigDict(strict=True, extra="ignore")

    iss: str
    aud: str | list[str]
    exp: Moment
    nbf: Moment = 0
    iat: Moment = 0
    sub: Name = ""
    jti: Name = ""
    role: Name = ""
    virtual_key: Name = ""


def looks_like_jwt(secret: str) -> bool:
    """Whether a secret is to be judged as a token, and not as a key."""
    return SHAPE.fullmatch(secret) is not None


class Keys(Protocol):
    """Where keys come from: an issuer's JWK set, or one key that is set."""

    async def current(self) -> tuple[VerifyingKey, ...]: ...

    async def find(self, algorithm: str, name: str | None) -> VerifyingKey | None: ...


class _OneKey:
    """A key that stays, and verifies whatever name a token gives it."""

    def __init__(self, key: VerifyingKey) -> None:
        self._keys = (key,)

    async def current(self) -> tuple[VerifyingKey, ...]:
        return self._keys

    async def find(self, algorithm: str, name: str | None) -> VerifyingKey | None:
        (key,) = self._keys
        return key if key.algorithm == algorithm else None


class Tokens:
    """Judges tokens. It belongs to one event loop."""

    def __init__(
        self,
        rules: TokenRules,
        http: Upstream,
        *,
        now: Callable[[], float] = time,
        elapsed: Callable[[], float] = monotonic,
    ) -> None:
        """`http` is the way to the issuer's JWK set. `now` is Unix time, `elapsed` a clock that only goes forward; seconds."""
        source = rules.source
        self._keys: Keys = _OneKey(source) if isinstance(source, VerifyingKey) else KeySet(source, http, elapsed)
        self._rules = rules
        self._now = now
        self._remembered: OrderedDict[bytes, tuple[Claims, float]] = OrderedDict()
        self._remembered_under: tuple[VerifyingKey, ...] = ()

    async def claims(self, token: str) -> Claims:
        """What a token says. Raises Unauthorized if it is not good here, Unavailable if that cannot be known now."""
        if len(token) > MAX_TOKEN or not looks_like_jwt(token):
            _refuse(NOT_VERIFIED)
        keys = await self._keys.current()
        if keys is not self._remembered_under:
            self._remembered.clear()
            self._remembered_under = keys
        digest = hashlib.sha256(token.encode()).digest()
        known = self._remembered.get(digest)
        if known is not None and self._now() < known[1]:
            self._remembered.move_to_end(digest)
            return known[0]
        payload = await self._verified(token)
        claims = self._judged(payload)
        if await self._keys.current() is keys:
            self._remember(digest, claims, payload.exp + self._rules.leeway)
        return claims

    async def _verified(self, token: str) -> _Payload:
        """What a token says, proved to be its issuer's words."""
        try:
            header = _Header.model_validate(_unwrapped(token.partition(".")[0]))
            key = await self._keys.find(header.alg, header.kid or None)
            if key is None or header.typ.lower() not in TYPES:
                _refuse(NOT_VERIFIED)
            return _Payload.model_validate(_object(key.payload(token)))
        except (jwt.PyJWTError, ValidationError, ValueError, RecursionError):
            _refuse(NOT_VERIFIED)

    def _judged(self, payload: _Payload) -> Claims:
        now, leeway = self._now(), self._rules.leeway
        audience = [payload.aud] if isinstance(payload.aud, str) else payload.aud
        if payload.iss != self._rules.issuer or self._rules.audience not in audience:
            _refuse(NOT_FOR_US)
        if payload.exp + leeway <= now:
            _refuse(EXPIRED)
        if max(payload.nbf, payload.iat) > now + leeway:
            _refuse(TOO_EARLY)
        admin = payload.role == "admin"
        if admin == bool(payload.virtual_key):
            _refuse(NOBODY)
        return Claims(admin, payload.virtual_key or None, payload.sub or None, payload.jti or None)

    def _remember(self, digest: bytes, claims: Claims, until: float) -> None:
        self._remembered[digest] = (claims, until)
        self._remembered.move_to_end(digest)
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)


def _refuse(reason: str) -> NoReturn:
    error = Unauthorized(f"The token is not valid here: {reason}.", code="invalid_token")
    error.headers["WWW-Authenticate"] = WWW_AUTHENTICATE
    # Not what it was raised from: that may show parts of the token.
    raise error from None


def _unwrapped(segment: str) -> dict[str, Any]:
    """The header of a token. Raises ValueError for one that is not understood."""
    header = _object(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    if UNWANTED & header.keys():
        raise ValueError("it means something else")
    return header


def _object(text: bytes) -> dict[str, Any]:
    """A JSON object as everybody reads it: in UTF-8, no name twice, no NaN. Raises ValueError or RecursionError for others."""
    found = json.loads(text.decode(), object_pairs_hook=_without_doubles, parse_constant=_no_constant)
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
