"""Keys that verify tokens. Each has one algorithm, which follows from what the key is and never from what a token says.

A shared secret verifies HS256 (RFC 7518 §3.2), an RSA key RS256 (§3.3), a key on P-256 ES256 (§3.4). Whatever else there is, or
is too weak, becomes no key: `UnusableKey` says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

SECRET_BYTES = 32  # the least for HS256, RFC 7518 §3.2
RSA_BITS = 2048  # the least for RS256, RFC 7518 §3.3

KINDS = {"RSA": "RS256", "EC": "ES256"}
"""`kty` of a JWK -> what it verifies. A shared secret (`oct`) has no place among keys that everybody can read."""

SIGNATURES = jwt.PyJWS(algorithms=["HS256", "RS256", "ES256"])


class UnusableKey(Exception):
    """This cannot verify tokens. The message says why and never shows the key."""


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A key, what it verifies, and the name (`kid`) that its issuer gave it."""

    algorithm: str
    material: bytes | RSAPublicKey | EllipticCurvePublicKey = field(repr=False)
    name: str | None = None

    def payload(self, token: str) -> bytes:
        """What a token says, if it was signed with this. Raises jwt.PyJWTError, or ValueError, if it was not."""
        signed: bytes = SIGNATURES.decode_complete(token, self.material, [self.algorithm])["payload"]
        return signed


def of_secret(secret: str) -> VerifyingKey:
    if len(secret.encode()) < SECRET_BYTES:
        raise UnusableKey(f"the secret must have {SECRET_BYTES} bytes or more")
    try:
        material = jwt.get_algorithm_by_name("HS256").prepare_key(secret)
    except jwt.InvalidKeyError:
        raise UnusableKey("it is a key that others may know, and not a secret") from None
    return VerifyingKey("HS256", material)


def of_pem(text: str) -> VerifyingKey:
    if "PRIVATE KEY" in text:
        raise UnusableKey("it is a private key; give the gateway the public one only")
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise UnusableKey("it is not a public key as PEM") from None
    return _of_public(key)


def of_jwk(jwk: Mapping[str, Any]) -> VerifyingKey:
    """A key of a JWK set (RFC 7517 §4) that is there to verify signatures."""
    algorithm = KINDS.get(str(jwk.get("kty")))
    if algorithm is None or jwk.get("alg", algorithm) != algorithm:
        raise UnusableKey("it is for another algorithm than RS256 and ES256")
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        raise UnusableKey("it is not for signatures")
    if "d" in jwk:
        raise UnusableKey("its private half is published")
    try:
        key = jwt.PyJWK(dict(jwk), algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError):
        raise UnusableKey("it cannot be read") from None
    name = jwk.get("kid")
    return _of_public(key, name if isinstance(name, str) else None)


def _of_public(key: object, name: str | None = None) -> VerifyingKey:
    if isinstance(key, RSAPublicKey) and key.key_size >= RSA_BITS:
        return VerifyingKey("RS256", key, name)
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return VerifyingKey("ES256", key, name)
    raise UnusableKey(f"it is neither an RSA key of {RSA_BITS} bits or more nor one on the curve P-256")
