"""An issuer of tokens, and everything that people have tried to pass off as one of its tokens.

`ATTACKS` is a name -> what makes the token from an issuer of any kind: with a secret, an RSA key, a key on P-256, or with a
published set, which also has the keys of `Issuer.unfit`. Each must be refused by a gateway that trusts this issuer, as a 401.
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

ISSUER = "https://login.studio.example"
AUDIENCE = "reelgate"
KIND_OF = {"secret": "HS256", "rsa": "RS256", "p256": "ES256", "published": "RS256"}
"""Where an issuer's key comes from -> what it signs with."""

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The key of a name, the same in a whole run."""
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pem(key: Private) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def jwk(key: Private, name: str | None, **more: Any) -> dict[str, Any]:
    """The public half, as a member of a JWK set."""
    if isinstance(key, rsa.RSAPrivateKey):
        found = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        found = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return found | ({} if name is None else {"kid": name}) | more


def base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def compact(value: object) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()


def signature(algorithm: str, key: Any, message: str) -> bytes:
    if algorithm.startswith("HS"):  # with any key: PyJWT would rightly refuse to use some
        return hmac.digest(key.encode() if isinstance(key, str) else key, message.encode(), f"sha{algorithm[2:]}")
    signing = jwt.get_algorithm_by_name(algorithm)
    return signing.sign(message.encode(), signing.prepare_key(key))


def assembled(header: object, payload: object, algorithm: str, key: Any) -> str:
    """A token of these parts, objects or the bytes of their JSON, signed with this key."""
    message = f"{base64url(compact(header))}.{base64url(compact(payload))}"
    return f"{message}.{base64url(signature(algorithm, key, message))}"


@dataclass
class Issuer:
    """Whoever signs tokens that are good at a gateway. `kind` is one of KIND_OF."""

    kind: str
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def algorithm(self) -> str:
        return KIND_OF[self.kind]

    @property
    def key(self) -> Any:
        if self.kind == "secret":
            return self.secret
        return ec_key("issuer") if self.kind == "p256" else rsa_key("issuer")

    @property
    def public(self) -> str:
        """What everybody knows of the issuer, as PEM."""
        return pem(rsa_key("issuer") if self.kind == "secret" else self.key)

    @property
    def unfit(self) -> dict[str, Private]:
        """Keys that the set of a publishing issuer has as well, and that verify no token, by their names."""
        return {
            "encrypting": rsa_key("encrypting"),
            "other-algorithm": rsa_key("other-algorithm"),
            "wrapping": rsa_key("wrapping"),
            "short": rsa_key("short", 1024),
            "exposed": ec_key("exposed"),
        }

    @property
    def key_set(self) -> dict[str, Any]:
        """The JWK set of a publishing issuer: two good keys among others that must not be used."""
        unfit = self.unfit
        return {
            "keys": [
                {"kty": "oct", "kid": "shared", "k": base64url(b"known to everybody" * 2), "alg": "HS256"},
                jwk(unfit["encrypting"], "encrypting", use="enc"),
                jwk(unfit["other-algorithm"], "other-algorithm", alg="PS256"),
                jwk(unfit["wrapping"], "wrapping", key_ops=["wrapKey"]),
                jwk(unfit["short"], "short"),
                jwt.algorithms.ECAlgorithm.to_jwk(unfit["exposed"], as_dict=True) | {"kid": "exposed"},
                jwk(rsa_key("issuer"), "first", use="sig", alg="RS256"),
                jwk(ec_key("published"), "second"),
                "not even a key",
            ]
        }

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Good claims, changed; a change to `...` leaves the claim out."""
        now = int(time.time())
        good = {"iss": ISSUER, "aud": AUDIENCE, "exp": now + 600, "iat": now, "sub": "ada", "virtual_key": "studio"}
        return {name: value for name, value in (good | changes).items() if value is not ...}

    def header(self, **changes: Any) -> dict[str, Any]:
        good = {"alg": self.algorithm, "typ": "JWT"} | ({"kid": "first"} if self.kind == "published" else {})
        return {name: value for name, value in (good | changes).items() if value is not ...}

    def token(self, **changes: Any) -> str:
        """A good token, its claims changed, signed as it should be."""
        return assembled(self.header(), self.claims(**changes), self.algorithm, self.key)

    def headed(self, **changes: Any) -> str:
        """A good token, its header changed, signed as it should be."""
        return assembled(self.header(**changes), self.claims(), self.algorithm, self.key)

    def saying(self, payload: bytes) -> str:
        """A token of these bytes, signed as it should be."""
        return assembled(self.header(), payload, self.algorithm, self.key)

    def unsigned(self, ending: str = "", **changes: Any) -> str:
        """A token with a signature that is given, or none."""
        return f"{base64url(compact(self.header(**changes)))}.{base64url(compact(self.claims()))}.{ending}"

    def by(self, key: Any, algorithm: str, **changes: Any) -> str:
        """A token that somebody else has signed."""
        return assembled(self.header(alg=algorithm, **changes), self.claims(), algorithm, key)

    def parts(self) -> list[str]:
        return self.token().split(".")


STRANGER = "a secret that the gateway has never seen"


def _repeated(issuer: Issuer, name: str, value: object) -> bytes:
    """Good claims with one more of a name that is there already."""
    return compact(issuer.claims())[:-1] + f',"{name}":{json.dumps(value)}}}'.encode()


def _der(issuer: Issuer) -> str:
    """ES256 with the signature as DER, as it is outside of JOSE."""
    message = issuer.unsigned(alg="ES256").rpartition(".")[0]
    raw = signature("ES256", ec_key("issuer"), message)
    return f"{message}.{base64url(encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:])))}"


def _nested(issuer: Issuer) -> str:
    return assembled(issuer.header(cty="JWT"), issuer.token().encode(), issuer.algorithm, issuer.key)


def _flipped(issuer: Issuer) -> str:
    header, payload, ending = issuer.parts()
    return f"{header}.{payload}.{'B' if ending[0] == 'A' else 'A'}{ending[1:]}"


def _promoted(issuer: Issuer) -> str:
    """The signature of a token for a virtual key below the claims of an admin."""
    header, _, ending = issuer.parts()
    return f"{header}.{base64url(compact(issuer.claims(role='admin', virtual_key=...)))}.{ending}"


def _loose_end(issuer: Issuer) -> str:
    """The last character changed in bits that base64 does not use: the same bytes, written otherwise."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = issuer.token()
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


NOW = time.time

UNSIGNED: dict[str, Callable[[Issuer], str]] = {
    "none": lambda it: it.unsigned(alg="none"),
    "None": lambda it: it.unsigned(alg="None"),
    "NONE": lambda it: it.unsigned(alg="NONE"),
    "nOnE": lambda it: it.unsigned(alg="nOnE"),
    "none with a signature": lambda it: it.unsigned(it.parts()[2], alg="none"),
    "none with a space": lambda it: it.unsigned(alg="none "),
    "an empty algorithm": lambda it: it.unsigned(alg=""),
    "no algorithm": lambda it: it.headed(alg=...),
    "the algorithm null": lambda it: it.headed(alg=None),
    "the algorithm a list": lambda it: it.headed(alg=[it.algorithm]),
    "the algorithm in lower case": lambda it: it.headed(alg=it.algorithm.lower()),
    "no signature": lambda it: it.unsigned(),
    "a signature cut off": lambda it: it.token()[:-8],
    "another signature": _flipped,
    "the signature of another token": _promoted,
    "a signature of zeros": lambda it: it.unsigned(base64url(bytes(256))),
}

CONFUSED: dict[str, Callable[[Issuer], str]] = {
    "HS256 with the public key": lambda it: assembled(it.header(alg="HS256"), it.claims(), "HS256", it.public.encode()),
    "HS256 with the public key without its last line end": lambda it: assembled(
        it.header(alg="HS256"), it.claims(), "HS256", it.public.strip().encode()
    ),
    "HS256 with the public key as JWK": lambda it: it.by(compact(jwk(rsa_key("issuer"), "first")), "HS256"),
    "HS256 with an empty key": lambda it: it.by(b"", "HS256"),
    "HS256 with a zero byte": lambda it: it.by(b"\0", "HS256", kid="/dev/null"),
    "HS256 with another secret": lambda it: it.by(STRANGER, "HS256"),
    "HS384": lambda it: it.by(it.secret.encode(), "HS384"),
    "HS512": lambda it: it.by(it.secret.encode(), "HS512"),
    "RS512 with the right key": lambda it: it.by(rsa_key("issuer"), "RS512"),
    "PS256 with the right key": lambda it: it.by(rsa_key("issuer"), "PS256"),
    "RS256 with another key": lambda it: it.by(rsa_key("stranger"), "RS256"),
    "ES256 with another key": lambda it: it.by(ec_key("stranger"), "ES256"),
    "an algorithm that nobody has": lambda it: it.headed(alg="XS256"),
    "ES256 with r and s zero": lambda it: it.unsigned(base64url(bytes(64)), alg="ES256"),
    "ES256 with r and s one": lambda it: it.unsigned(base64url((b"\0" * 31 + b"\1") * 2), alg="ES256"),
    "ES256 with r and s of the curve's order": lambda it: it.unsigned(
        base64url(bytes.fromhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551") * 2), alg="ES256"
    ),
    "ES256 with a signature as DER": _der,
}

KEYS: dict[str, Callable[[Issuer], str]] = {
    "an embedded key": lambda it: it.by(rsa_key("stranger"), "RS256", jwk=jwk(rsa_key("stranger"), "x")),
    "an embedded secret": lambda it: it.by(STRANGER, "HS256", jwk={"kty": "oct", "k": base64url(STRANGER.encode())}),
    "an embedded certificate": lambda it: it.by(rsa_key("stranger"), "RS256", x5c=["TUlJQg=="]),
    "a key set elsewhere": lambda it: it.by(rsa_key("stranger"), "RS256", jku="http://127.0.0.1:1/jwks.json"),
    "a certificate elsewhere": lambda it: it.by(rsa_key("stranger"), "RS256", x5u="http://127.0.0.1:1/x.pem"),
    "a key's name that is a path": lambda it: it.by(b"\n", "HS256", kid="../../../../../../proc/sys/vm/swappiness"),
    "a key's name that is SQL": lambda it: it.by(STRANGER, "HS256", kid=f"x' UNION SELECT '{STRANGER}' -- "),
    "a key's name that is a command": lambda it: it.by(STRANGER, "HS256", kid="key|whoami"),
    "a key's name that is a URL": lambda it: it.by(rsa_key("stranger"), "RS256", kid="http://127.0.0.1:1/key"),
    "a key's name that is not known": lambda it: it.by(rsa_key("stranger"), "RS256", kid=secrets.token_hex(8)),
    "a key's name that is a number": lambda it: it.headed(kid=1),
    "a key's name that is an object": lambda it: it.headed(kid={"kid": "first"}),
    "a key's name that is null": lambda it: it.headed(kid=None),
    "a key's name that is empty": lambda it: it.headed(kid=""),
    "a key's name with a zero": lambda it: it.headed(kid="first\0"),
    "a shared secret of the key set": lambda it: it.by(b"known to everybody" * 2, "HS256", kid="shared"),
    "a key of the set that encrypts": lambda it: it.by(it.unfit["encrypting"], "RS256", kid="encrypting"),
    "a key of the set for another algorithm": lambda it: it.by(
        it.unfit["other-algorithm"], "RS256", kid="other-algorithm"
    ),
    "… and with that algorithm": lambda it: it.by(it.unfit["other-algorithm"], "PS256", kid="other-algorithm"),
    "a key of the set that wraps keys": lambda it: it.by(it.unfit["wrapping"], "RS256", kid="wrapping"),
    "a key of the set that is too short": lambda it: it.by(it.unfit["short"], "RS256", kid="short"),
    "a key of the set that everybody can sign with": lambda it: it.by(it.unfit["exposed"], "ES256", kid="exposed"),
    "a stranger under the name of a key": lambda it: it.by(rsa_key("stranger"), "RS256", kid="first"),
}

HEADERS: dict[str, Callable[[Issuer], str]] = {
    "crit that nobody knows": lambda it: it.headed(crit=["x"], x=1),
    "crit that is empty": lambda it: it.headed(crit=[]),
    "crit of exp": lambda it: it.headed(crit=["exp"], exp=1),
    "b64 false": lambda it: it.headed(b64=False, crit=["b64"]),
    "b64 false without crit": lambda it: it.headed(b64=False),
    "b64 true": lambda it: it.headed(b64=True),
    "a nested token": _nested,
    "a claim to be nested": lambda it: it.headed(cty="JWT"),
    "compressed": lambda it: it.headed(zip="DEF"),
    "encrypted by its header": lambda it: it.headed(enc="A256GCM"),
    "a logout token": lambda it: it.headed(typ="logout+jwt"),
    "a type that is a number": lambda it: it.headed(typ=1),
    "a header with a name twice": lambda it: assembled(
        compact(it.header())[:-1] + b',"alg":"none"}', it.claims(), it.algorithm, it.key
    ),
    "a header that is a list": lambda it: assembled([it.header()], it.claims(), it.algorithm, it.key),
    "a header that is cut off": lambda it: assembled(compact(it.header())[:-1], it.claims(), it.algorithm, it.key),
    "a header in UTF-16": lambda it: assembled(
        compact(it.header()).decode().encode("utf-16"), it.claims(), it.algorithm, it.key
    ),
    "a header that is nested too deep": lambda it: assembled(
        b'{"alg":"' + it.algorithm.encode() + b'","x":' + b"[" * 2500 + b"]" * 2500 + b"}", b"{}", it.algorithm, it.key
    ),
}

TIMES: dict[str, Callable[[Issuer], str]] = {
    "expired": lambda it: it.token(exp=int(NOW()) - 31),
    "expired long ago": lambda it: it.token(exp=1),
    "no end": lambda it: it.token(exp=...),
    "an end that is null": lambda it: it.token(exp=None),
    "an end that is text": lambda it: it.token(exp=str(int(NOW()) + 600)),
    "an end with a fraction": lambda it: it.token(exp=NOW() + 600.5),
    "an end as a float": lambda it: it.token(exp=float(int(NOW()) + 600)),
    "an end that is no number": lambda it: it.token(exp=float("nan")),
    "an end that never comes": lambda it: it.token(exp=float("inf")),
    "an end beyond every number": lambda it: it.saying(compact(it.claims(exp=7777)).replace(b"7777", b"1e999")),
    "an end before time": lambda it: it.token(exp=-1),
    "an end at zero": lambda it: it.token(exp=0),
    "an end beyond every year": lambda it: it.token(exp=10**20),
    "an end of 5000 digits": lambda it: it.saying(compact(it.claims(exp=7777)).replace(b"7777", b"9" * 5000)),
    "an end that is true": lambda it: it.token(exp=True),
    "an end that is a list": lambda it: it.token(exp=[int(NOW()) + 600]),
    "not valid yet": lambda it: it.token(nbf=int(NOW()) + 120),
    "a beginning that is text": lambda it: it.token(nbf="0"),
    "a beginning that is null": lambda it: it.token(nbf=None),
    "issued in the future": lambda it: it.token(iat=int(NOW()) + 120),
    "issued at a time that is text": lambda it: it.token(iat="yesterday"),
    "issued before time": lambda it: it.token(iat=-1),
}

PARTIES: dict[str, Callable[[Issuer], str]] = {
    "another issuer": lambda it: it.token(iss="https://login.evil.test"),
    "an issuer that begins the same": lambda it: it.token(iss=ISSUER + ".evil.test"),
    "an issuer with a slash": lambda it: it.token(iss=ISSUER + "/"),
    "an issuer in capitals": lambda it: it.token(iss=ISSUER.upper()),
    "an issuer that is a list": lambda it: it.token(iss=[ISSUER]),
    "no issuer": lambda it: it.token(iss=...),
    "another audience": lambda it: it.token(aud="somewhere-else"),
    "an audience that begins the same": lambda it: it.token(aud=AUDIENCE + "-staging"),
    "an audience within another": lambda it: it.token(aud=f"not {AUDIENCE} at all"),
    "other audiences": lambda it: it.token(aud=["one", "two"]),
    "an empty list of audiences": lambda it: it.token(aud=[]),
    "audiences of other types": lambda it: it.token(aud=[AUDIENCE, 1]),
    "an audience that is an object": lambda it: it.token(aud={AUDIENCE: True}),
    "an audience that is null": lambda it: it.token(aud=None),
    "no audience": lambda it: it.token(aud=...),
    "a subject that is a number": lambda it: it.token(sub=1),
    "a subject that is null": lambda it: it.token(sub=None),
    "a subject with a zero": lambda it: it.token(sub="ada\0root"),
    "a subject with a line end": lambda it: it.token(sub="ada\nadmin"),
    "a subject that is half a character": lambda it: it.token(sub="\ud800"),
    "an id that is a list": lambda it: it.token(jti=["x"]),
    "nobody": lambda it: it.token(virtual_key=...),
    "an empty virtual key": lambda it: it.token(virtual_key=""),
    "a virtual key that is null": lambda it: it.token(virtual_key=None),
    "virtual keys": lambda it: it.token(virtual_key=["studio", "other"]),
    "a virtual key that is too long": lambda it: it.token(virtual_key="x" * 257),
    "a virtual key and an admin": lambda it: it.token(role="admin"),
    "an admin in capitals": lambda it: it.token(role="ADMIN", virtual_key=...),
    "an admin among roles": lambda it: it.token(role=["admin"], virtual_key=...),
    "an admin that is true": lambda it: it.token(role=True, virtual_key=...),
    "another role": lambda it: it.token(role="user", virtual_key=...),
    "an admin by another claim": lambda it: it.token(admin=True, virtual_key=...),
    "a second end": lambda it: it.saying(_repeated(it, "exp", int(NOW()) + 600)),
    "a second virtual key": lambda it: it.saying(_repeated(it, "virtual_key", "other")),
    "another claim that is no number": lambda it: it.token(quota=float("nan")),
    "claims that are a list": lambda it: it.saying(compact([it.claims()])),
    "claims that are text": lambda it: it.saying(b'"admin"'),
    "claims that are no JSON": lambda it: it.saying(b"role=admin"),
    "claims that are empty": lambda it: it.saying(b""),
    "claims in UTF-16": lambda it: it.saying(compact(it.claims()).decode().encode("utf-16")),
    "claims in bytes that are no text": lambda it: it.saying(b'{"sub":"\xff"}'),
    "claims that are nested too deep": lambda it: it.saying(b"[" * 5000),
}

SHAPES: dict[str, Callable[[Issuer], str]] = {
    "nothing": lambda _: "",
    "dots": lambda _: "..",
    "one part": lambda it: it.parts()[0],
    "two parts": lambda it: ".".join(it.parts()[:2]),
    "four parts": lambda it: it.token() + ".AAAA",
    "an encrypted token": lambda it: it.unsigned("AAAA.AAAA.AAAA", alg="dir", enc="A256GCM"),
    "a part too many at the front": lambda it: "eyJhIjoxfQ." + it.token(),
    "a dot too many": lambda it: it.token() + ".",
    "padding": lambda it: it.token() + "=",
    "padding of every part": lambda it: ".".join(part + "=" * (-len(part) % 4 or 4) for part in it.parts()),
    "plain base64": lambda it: it.parts()[0] + "." + it.parts()[1] + "." + "+/" * 43,
    "a space before": lambda it: " " + it.token(),
    "a space after": lambda it: it.token() + " ",
    "a space within": lambda it: it.token().replace(".", ". ", 1),
    "a tab within": lambda it: it.token().replace(".", "\t.", 1),
    "a line end": lambda it: it.token() + "\n",
    "a zero": lambda it: it.token() + "\0",
    "a character beyond ASCII": lambda it: it.token() + "é",
    "a full-width dot": lambda it: it.token().replace(".", "．"),
    "a letter that looks the same": lambda it: "е" + it.token()[1:],
    "the same bytes, written otherwise": _loose_end,
    "too long": lambda it: it.token(padding="x" * 8192),
    "as long as a head may just be": lambda it: it.token() + "A" * 60_000,
    "a megabyte": lambda it: it.token() + "A" * 1_048_576,
    "JSON serialization": lambda it: json.dumps(
        dict(zip(("protected", "payload", "signature"), it.parts(), strict=True))
    ),
    "twice": lambda it: it.token() + it.token(),
    "with its scheme": lambda it: "Bearer " + it.token(),
}

ATTACKS: dict[str, Callable[[Issuer], str]] = UNSIGNED | CONFUSED | KEYS | HEADERS | TIMES | PARTIES | SHAPES
"""A name -> an issuer -> a token that is not good."""
