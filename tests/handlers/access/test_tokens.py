"""Tokens: what is good, what is not, and what is known of keys that an issuer publishes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from handlers.access import jwks, tokens
from handlers.access.tokens import Claims, TokenRules, Tokens, looks_like_jwt, rules
from handlers.access.verifying import UnusableKey, of_jwk, of_pem, of_secret
from handlers.errors import Unauthorized, Unavailable
from handlers.settings import Settings, SettingsError
from handlers.upstream import Upstream
from tests.handlers.wire import CUT, Received, Steps, origin, reply

from .forging import ATTACKS, AUDIENCE, ISSUER, KIND_OF, Issuer, assembled, ec_key, jwk, pem, rsa_key


@contextmanager
def trusted(kind: str) -> Iterator[tuple[Issuer, TokenRules]]:
    """An issuer of a kind, and the rules of a gateway that trusts it."""
    issuer = Issuer(kind)
    if kind == "published":
        with origin(lambda _: [reply(200, json.dumps(issuer.key_set).encode())]) as there:
            yield issuer, TokenRules(ISSUER, AUDIENCE, there.url)
    else:
        key = of_secret(issuer.secret) if kind == "secret" else of_pem(issuer.public)
        yield issuer, TokenRules(ISSUER, AUDIENCE, key)


@asynccontextmanager
async def judge(rules: TokenRules, **clocks: Callable[[], float]) -> AsyncIterator[Tokens]:
    async with Upstream() as http:
        yield Tokens(rules, http, **clocks)


async def refused(judging: Tokens, token: str) -> Unauthorized:
    with pytest.raises(Unauthorized) as raised:
        await judging.claims(token)
    return raised.value


# ---- good tokens, and all others ------------------------------------------------------------------------------------


GOOD: dict[str, Callable[[Issuer], str]] = {
    "as it should be": lambda it: it.token(),
    "among other audiences": lambda it: it.token(aud=["elsewhere", AUDIENCE]),
    "without what may be missing": lambda it: it.token(iat=..., sub=...),
    "with what is not looked at": lambda it: it.token(scope="x", role="user", nested={"exp": "x"}),
    "expired within the leeway": lambda it: it.token(exp=int(time.time()) - 15),
    "not valid yet within the leeway": lambda it: it.token(nbf=int(time.time()) + 15, iat=int(time.time()) + 15),
    "of no type": lambda it: it.headed(typ=...),
    "of the type of access tokens": lambda it: it.headed(typ="at+JWT"),
    "with addresses that are not looked at": lambda it: it.headed(jku="http://127.0.0.1:1/", x5u="http://127.0.0.1:1/"),
}


@pytest.mark.parametrize("kind", KIND_OF)
@pytest.mark.parametrize("make", GOOD.values(), ids=GOOD)
async def test_a_good_token_is_what_it_says(kind: str, make: Callable[[Issuer], str]) -> None:
    with trusted(kind) as (issuer, good):
        async with judge(good) as judging:
            token = make(issuer)
            assert looks_like_jwt(token)
            claims = await judging.claims(token)
    assert (claims.admin, claims.virtual_key) == (False, "studio")


@pytest.mark.parametrize("kind", KIND_OF)
async def test_an_admin_has_no_virtual_key(kind: str) -> None:
    with trusted(kind) as (issuer, good):
        async with judge(good) as judging:
            claims = await judging.claims(issuer.token(role="admin", virtual_key=..., jti="7"))
    assert claims == Claims(admin=True, subject="ada", id="7")


def test_there_are_many_attacks() -> None:
    assert len(ATTACKS) >= 60


@pytest.mark.parametrize("kind", KIND_OF)
@pytest.mark.parametrize("make", ATTACKS.values(), ids=ATTACKS)
async def test_an_attack_is_refused(kind: str, make: Callable[[Issuer], str]) -> None:
    with trusted(kind) as (issuer, good):
        async with judge(good) as judging:
            token = make(issuer)
            first, again = await refused(judging, token), await refused(judging, token)
            await judging.claims(issuer.token())
    for error in (first, again):
        assert (error.status, error.code) == (401, "invalid_token")
        assert error.headers == {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        assert error.message.startswith("The token is not valid here: ")
        assert not token or token not in error.message


@pytest.mark.parametrize("kind", KIND_OF)
async def test_attacks_reach_nobody_but_the_issuer(kind: str) -> None:
    issuer = Issuer(kind)
    with (
        origin(lambda _: [reply(200, json.dumps(issuer.key_set).encode())]) as there,
        origin(lambda _: [reply(200, json.dumps({"keys": [jwk(rsa_key("stranger"), "x")]}).encode())]) as elsewhere,
    ):
        key = (
            there.url
            if kind == "published"
            else of_pem(issuer.public)
            if kind != "secret"
            else of_secret(issuer.secret)
        )
        async with judge(TokenRules(ISSUER, AUDIENCE, key)) as judging:
            for name in ("jku", "x5u", "kid"):
                await refused(judging, issuer.by(rsa_key("stranger"), "RS256", **{name: elsewhere.url}))
    assert elsewhere.received == []
    assert all(request.target == "/" for request in there.received)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": 1}, tokens.EXPIRED),
        ({"nbf": int(time.time()) + 3600}, tokens.TOO_EARLY),
        ({"aud": "elsewhere"}, tokens.NOT_FOR_US),
        ({"iss": "elsewhere"}, tokens.NOT_FOR_US),
        ({"iss": "elsewhere", "exp": 1}, tokens.NOT_FOR_US),
        ({"role": "admin"}, tokens.NOBODY),
        ({"exp": "soon"}, tokens.NOT_VERIFIED),
    ],
)
async def test_the_reason_is_told_of_a_token_whose_signature_is_good_only(changes: dict[str, Any], reason: str) -> None:
    with trusted("p256") as (issuer, good):
        async with judge(good) as judging:
            told = await refused(judging, issuer.token(**changes))
            header, payload, _ = issuer.token(**changes).split(".")
            other = await refused(judging, f"{header}.{payload}.{'A' * 86}")
    assert told.message == f"The token is not valid here: {reason}."
    assert other.message == f"The token is not valid here: {tokens.NOT_VERIFIED}."


ISSUERS = {kind: Issuer(kind) for kind in ("secret", "rsa", "p256")}
TOKENS = {kind: issuer.token() for kind, issuer in ISSUERS.items()}


@pytest.mark.parametrize("kind", ISSUERS)
@hypothesis_settings(max_examples=200, deadline=None)
@given(place=st.integers(0, 10_000), mask=st.integers(1, 255))
async def test_a_good_token_with_any_other_byte_is_refused(kind: str, place: int, mask: int) -> None:
    issuer, changed = ISSUERS[kind], bytearray(TOKENS[kind].encode())
    changed[place % len(changed)] ^= mask
    key = of_secret(issuer.secret) if kind == "secret" else of_pem(issuer.public)
    async with judge(TokenRules(ISSUER, AUDIENCE, key)) as judging:
        await judging.claims(TOKENS[kind])
        await refused(judging, changed.decode("latin-1"))


@given(st.text(max_size=200) | st.from_regex(tokens.SHAPE, fullmatch=True))
async def test_any_text_is_refused(text: str) -> None:
    async with judge(TokenRules(ISSUER, AUDIENCE, of_secret(ISSUERS["secret"].secret))) as judging:
        await refused(judging, text)


@pytest.mark.parametrize(
    "text", ["", "sk-bf-abc", "a.b.c", "eyJhbGciOiJub25lIn0", "eyJh.b", "eyJh.b.c.d", "eyJh.b.c\n"]
)
def test_a_key_does_not_look_like_a_token(text: str) -> None:
    assert not looks_like_jwt(text)


# ---- what is remembered ---------------------------------------------------------------------------------------------


@dataclass
class Clock:
    """A clock that is set by hand, in seconds."""

    at: float = field(default_factory=time.time)

    def __call__(self) -> float:
        return self.at


async def test_a_token_that_is_remembered_expires_all_the_same() -> None:
    clock = Clock()
    with trusted("secret") as (issuer, good):
        async with judge(good, now=clock) as judging:
            token = issuer.token(exp=int(clock.at) + 100)
            assert await judging.claims(token) == await judging.claims(token)
            clock.at += 100 + good.leeway + 1
            assert tokens.EXPIRED in (await refused(judging, token)).message


async def test_a_token_that_is_remembered_is_not_verified_again() -> None:
    with trusted("secret") as (issuer, good):
        async with judge(good) as judging:
            token = issuer.token()
            assert await judging.claims(token) is await judging.claims(token)
            assert await judging.claims(issuer.token(jti="other")) is not await judging.claims(token)


async def test_only_so_many_tokens_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MAX_REMEMBERED", 3)
    with trusted("secret") as (issuer, good):
        async with judge(good) as judging:
            many = [issuer.token(jti=str(number)) for number in range(4)]
            first, second, third = [await judging.claims(token) for token in many[:3]]
            assert await judging.claims(many[0]) is first  # used last
            await judging.claims(many[3])
            assert await judging.claims(many[0]) is first
            assert await judging.claims(many[2]) is third
            assert await judging.claims(many[1]) is not second


# ---- keys that an issuer publishes ----------------------------------------------------------------------------------


@dataclass
class Publisher:
    """An issuer's server: it answers with `answer`, or with the set of `keys`."""

    keys: list[Any] = field(default_factory=list)
    answer: Callable[[Received], Steps] | None = None

    def __call__(self, request: Received) -> Steps:
        if self.answer is not None:
            return self.answer(request)
        return [reply(200, json.dumps({"keys": self.keys}).encode(), content_type="application/json")]


def signed(name: str | None, key: Any = None, algorithm: str = "RS256") -> str:
    """A token that the key of this name signed, or another key under its name."""
    issuer = Issuer("published")
    header = issuer.header(kid=... if name is None else name, alg=algorithm)
    return assembled(header, issuer.claims(), algorithm, key or rsa_key(name or "first"))


@asynccontextmanager
async def published(publisher: Publisher, clock: Clock) -> AsyncIterator[tuple[Tokens, list[Received]]]:
    with origin(publisher) as there:
        async with judge(TokenRules(ISSUER, AUDIENCE, there.url), elapsed=clock) as judging:
            yield judging, there.received


def some(*names: str) -> list[dict[str, Any]]:
    return [jwk(rsa_key(name), name) for name in names]


async def test_the_set_is_fetched_once_in_ten_minutes() -> None:
    clock = Clock()
    async with published(Publisher(some("first")), clock) as (judging, received):
        for _ in range(3):
            await judging.claims(signed("first"))
            clock.at += 190
        assert len(received) == 1
        clock.at += 40
        await judging.claims(signed("first"))
        assert len(received) == 2


async def test_what_is_remembered_outlasts_a_set_that_is_fetched_again_unchanged() -> None:
    clock = Clock()
    async with published(Publisher(some("first")), clock) as (judging, received):
        token = signed("first")
        claims = await judging.claims(token)
        clock.at += jwks.FRESH
        assert await judging.claims(token) is claims
        assert len(received) == 2


async def test_a_new_key_is_taken_with_the_first_request_that_needs_it() -> None:
    clock, publisher = Clock(), Publisher(some("first"))
    async with published(publisher, clock) as (judging, received):
        await judging.claims(signed("first"))
        publisher.keys = some("first", "second")
        clock.at += jwks.PAUSE
        await judging.claims(signed("second"))
        assert len(received) == 2


async def test_a_key_that_was_taken_out_is_refused_and_so_is_what_is_remembered() -> None:
    clock, publisher = Clock(), Publisher(some("first", "second"))
    async with published(publisher, clock) as (judging, received):
        old, new = signed("first"), signed("second")
        await judging.claims(old)
        await judging.claims(new)
        publisher.keys = some("second")
        clock.at += jwks.FRESH - 1
        await judging.claims(old)
        assert len(received) == 1
        clock.at += 1
        await refused(judging, old)
        await judging.claims(new)
        assert len(received) == 2


async def test_a_key_that_was_replaced_under_its_name_is_refused() -> None:
    clock, publisher = Clock(), Publisher(some("first"))
    async with published(publisher, clock) as (judging, _):
        old = signed("first")
        await judging.claims(old)
        publisher.keys = [jwk(rsa_key("second"), "first")]
        clock.at += jwks.FRESH
        await refused(judging, old)
        await judging.claims(signed("first", rsa_key("second")))


async def test_a_set_that_was_emptied_lets_nobody_in() -> None:
    clock, publisher = Clock(), Publisher(some("first"))
    async with published(publisher, clock) as (judging, _):
        await judging.claims(signed("first"))
        publisher.keys = []
        clock.at += jwks.FRESH
        await refused(judging, signed("first"))


async def test_names_of_keys_that_are_made_up_have_the_set_fetched_seldom() -> None:
    clock = Clock()
    async with published(Publisher(some("first")), clock) as (judging, received):
        for round_ in range(3):
            for number in range(20):
                await refused(judging, signed(f"made-up-{round_}-{number}", rsa_key("stranger")))
            await judging.claims(signed("first"))
            assert len(received) == round_ + 1
            clock.at += jwks.PAUSE


async def test_all_who_wait_share_one_fetch() -> None:
    async with published(Publisher(some("first")), Clock()) as (judging, received):
        await asyncio.gather(*(judging.claims(signed("first")) for _ in range(20)))
        assert len(received) == 1


async def test_who_goes_away_leaves_the_fetch_to_the_others() -> None:
    def slowly(_: Received) -> Steps:
        return [0.2, reply(200, json.dumps({"keys": some("first")}).encode())]

    async with published(Publisher(answer=slowly), Clock()) as (judging, received):
        leaving = asyncio.create_task(judging.claims(signed("first")))
        staying = asyncio.create_task(judging.claims(signed("first")))
        await arrived(received, 1)
        leaving.cancel()
        assert (await staying).virtual_key == "studio"
        assert len(received) == 1


async def arrived(received: list[Received], count: int) -> None:
    async with asyncio.timeout(10):
        while len(received) < count:  # noqa: ASYNC110  the server is in another thread
            await asyncio.sleep(0.01)


FAILED: dict[str, Steps] = {
    "an error": [reply(500)],
    "not there": [reply(404, b'{"keys": []}')],
    "a redirect": [reply(302, location="/elsewhere")],
    "an answer that breaks off": [reply(200, b"{" * 99)[:-9], CUT],
    "no JSON": [reply(200, b"<html>")],
    "a list": [reply(200, b"[]")],
    "no keys": [reply(200, b'{"error": "x"}')],
    "keys that are none": [reply(200, b'{"keys": {}}')],
    "too large": [reply(200, b'{"keys": [], "x": "' + b"x" * jwks.MAX_SET + b'"}')],
}


@pytest.mark.parametrize("answer", FAILED.values(), ids=FAILED)
async def test_without_keys_nobody_can_be_judged(answer: Steps) -> None:
    clock, publisher = Clock(), Publisher(some("first"), lambda _: answer)
    async with published(publisher, clock) as (judging, received):
        for _ in range(3):
            with pytest.raises(Unavailable) as raised:
                await judging.claims(signed("first"))
            assert raised.value.headers == {"Retry-After": "30"}
        await refused(judging, "not even a token")
        assert len(received) == 1
        publisher.answer = None
        clock.at += jwks.PAUSE
        await judging.claims(signed("first"))


@pytest.mark.parametrize("answer", FAILED.values(), ids=FAILED)
async def test_a_fetch_that_fails_leaves_the_keys_of_before_for_a_day(answer: Steps) -> None:
    clock, publisher = Clock(), Publisher(some("first"))
    async with published(publisher, clock) as (judging, received):
        token = signed("first")
        await judging.claims(token)
        publisher.answer = lambda _: answer
        clock.at += jwks.LONGEST - 1
        await judging.claims(token)
        await judging.claims(signed("first"))
        assert len(received) == 2
        clock.at += 1
        with pytest.raises(Unavailable):
            await judging.claims(token)


async def test_while_one_fetches_anew_the_others_have_the_keys_of_before() -> None:
    clock, publisher = Clock(), Publisher(some("first"))
    async with published(publisher, clock) as (judging, received):
        token = signed("first")
        await judging.claims(token)
        publisher.answer = lambda _: [30.0]
        clock.at += jwks.FRESH
        waiting = asyncio.create_task(judging.claims(token))
        await arrived(received, 2)
        await judging.claims(token)
        assert not waiting.done()
        waiting.cancel()


async def test_a_token_that_names_no_key_is_verified_by_the_only_one_of_its_kind() -> None:
    only = [*some("first"), jwk(ec_key("second"), "second")]
    async with published(Publisher(only), Clock()) as (judging, _):
        await judging.claims(signed(None))
        await judging.claims(signed(None, ec_key("second"), "ES256"))
        await judging.claims(signed("second", ec_key("second"), "ES256"))
        await refused(judging, signed("second", rsa_key("first")))
    async with published(Publisher(some("first", "second")), Clock()) as (judging, _):
        await refused(judging, signed(None))


@pytest.mark.parametrize(
    "odd",
    [
        {"kty": "RSA", "kid": "odd", "n": 1, "e": "AQAB"},
        {"kty": "RSA", "kid": "odd", "n": "AQAB"},
        {"kty": "RSA", "kid": "odd", "n": "", "e": ""},
        jwk(rsa_key("first"), "odd", e="AQ"),  # one: its signatures are the messages
        {"kty": "EC", "kid": "odd", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "kid": "odd", "crv": "P-256", "x": "A" * 43, "y": "A" * 43},
        {"kty": "EC", "kid": "odd", "crv": ["P-256"], "x": None, "y": {}},
        {"kty": "OKP", "kid": "odd", "crv": "Ed25519", "x": "A" * 43},
        {"kty": ["RSA"], "kid": "odd"},
        {"kid": "odd"},
        jwk(rsa_key("first"), "odd", key_ops=1),
        jwk(rsa_key("first"), "odd", key_ops=None),
        jwk(rsa_key("first"), "odd", use=["sig"]),
        jwk(rsa_key("first"), "odd", alg=None),
        "odd",
        None,
        [],
    ],
)
async def test_a_key_that_cannot_be_used_is_left_out_and_the_others_are_not(odd: Any) -> None:
    async with published(Publisher([odd, *some("first")]), Clock()) as (judging, _):
        await judging.claims(signed("first"))
        await refused(judging, signed("odd", rsa_key("first")))


def test_a_private_key_that_is_published_is_called_so() -> None:
    private = jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key("first"), as_dict=True) | {"key_ops": ["verify"]}
    with pytest.raises(UnusableKey, match="its private half is published"):
        of_jwk(private)


# ---- settings -------------------------------------------------------------------------------------------------------


SECRET = "a secret of the studio, long enough for HS256"
NAMED = {"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}


def set_to(**given: Any) -> Settings:
    return Settings(**given)


@pytest.mark.parametrize("key", [rsa_key("issuer"), ec_key("issuer")], ids=["RS256", "ES256"])
@pytest.mark.parametrize("form", ["text", "one line", "file"])
def test_a_public_key_is_text_or_a_file(key: Any, form: str, tmp_path: Path) -> None:
    text = pem(key)
    if form == "file":
        (tmp_path / "key.pem").write_text(text)
    given = {"text": text, "one line": text.replace("\n", "\\n"), "file": str(tmp_path / "key.pem")}[form]
    assert rules(set_to(jwt_public_key=given, **NAMED)) == TokenRules(ISSUER, AUDIENCE, of_pem(text))


def test_no_secret_is_in_the_repr_of_rules() -> None:
    secret = rules(set_to(jwt_secret=SECRET, **NAMED))
    assert isinstance(secret, TokenRules) and SECRET not in repr(secret)


def test_nothing_set_takes_no_tokens() -> None:
    assert rules(set_to()) is None


@pytest.mark.parametrize(
    "url", ["https://login.test/jwks", "http://localhost:9/jwks", "http://127.0.0.1:9/", "http://[::1]/"]
)
def test_a_key_set_is_at_a_safe_address(url: str) -> None:
    assert rules(set_to(jwt_jwks_url=url, jwt_leeway_seconds=0, **NAMED)) == TokenRules(ISSUER, AUDIENCE, url, 0)


UNUSABLE: dict[str, tuple[dict[str, Any], str]] = {
    "two keys": (
        {"jwt_secret": SECRET, "jwt_jwks_url": "https://x.test", **NAMED},
        "JWT_SECRET and REELGATE_JWT_JWKS_URL",
    ),
    "no issuer": ({"jwt_secret": SECRET, "jwt_audience": AUDIENCE}, "REELGATE_JWT_ISSUER"),
    "no audience": ({"jwt_secret": SECRET, "jwt_issuer": ISSUER}, "REELGATE_JWT_AUDIENCE"),
    "no key": (NAMED, "REELGATE_JWT_SECRET"),
    "a short secret": ({"jwt_secret": SECRET[:31], **NAMED}, "32 bytes"),
    "a secret that is public": ({"jwt_secret": pem(rsa_key("issuer")), **NAMED}, "not a secret"),
    "a short RSA key": ({"jwt_public_key": pem(rsa_key("short", 1024)), **NAMED}, "2048 bits"),
    "no PEM": ({"jwt_public_key": "-----BEGIN PUBLIC KEY-----", **NAMED}, "not a public key as PEM"),
    "a private key": ({"jwt_public_key": "-----BEGIN PRIVATE KEY-----", **NAMED}, "private key"),
    "no file": ({"jwt_public_key": "/nowhere/key.pem", **NAMED}, "No such file"),
    "no file name": ({"jwt_public_key": "a\0b", **NAMED}, "REELGATE_JWT_PUBLIC_KEY cannot be used"),
    "a set over http": ({"jwt_jwks_url": "http://login.test/jwks", **NAMED}, "https://"),
    "a set in a file": ({"jwt_jwks_url": "file:///jwks.json", **NAMED}, "https://"),
    "a set at no address": ({"jwt_jwks_url": "https://", **NAMED}, "https://"),
    "a set at half an address": ({"jwt_jwks_url": "https://[x", **NAMED}, "REELGATE_JWT_JWKS_URL cannot be used"),
}


@pytest.mark.parametrize(("chosen", "words"), UNUSABLE.values(), ids=UNUSABLE)
def test_settings_that_cannot_be_used_are_told_by_their_variable(chosen: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError) as raised:
        rules(set_to(**chosen))
    assert words in str(raised.value)
    assert SECRET[:31] not in str(raised.value)
