"""Signed, expiring permissions in a URL, as Runway's CDN has them in `?_jwt=`.

JSON Web Tokens with HMAC-SHA256 (RFC 7519, RFC 7515): enough of them for tokens that nobody but us reads.
"""

import base64
import hashlib
import hmac
import json
from typing import Any

_HEADER = {"alg": "HS256", "typ": "JWT"}


class BadToken(ValueError):
    """Not a token, not ours, or expired."""


def sign(claims: dict[str, Any], secret: bytes) -> str:
    """Claims, of which `exp` is in Unix seconds -> token."""
    signed = f"{_encode(_HEADER)}.{_encode(claims)}"
    return f"{signed}.{_seal(signed, secret)}"


def verify(token: str, secret: bytes, now: float) -> dict[str, Any]:
    """Token -> its claims. Raises BadToken."""
    signed, _, seal = token.rpartition(".")
    if not hmac.compare_digest(seal.encode(), _seal(signed, secret).encode()):
        raise BadToken("the signature is not ours")
    body = signed.partition(".")[2]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    if claims["exp"] <= now:
        raise BadToken("the token has expired")
    return claims


def _encode(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _seal(signed: str, secret: bytes) -> str:
    return _base64(hmac.digest(secret, signed.encode(), hashlib.sha256))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
