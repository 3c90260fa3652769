"""Who asks, and with what: the credentials of every kind in every state, and the forms in which they are sent.

A gateway with two tenants who have a gateway key (alice, bob), one who has a virtual key (studio), and an admin.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import argon2
import psycopg
import requests
from pydantic import SecretStr

from handlers.access import passwords
from handlers.access.callers import digest_of_session
from tests.gateway import ALICE, Gateway
from tests.handlers.access.forging import AUDIENCE, ISSUER, Issuer
from tests.handlers.wire import dsn

ADMIN: Final = "the admin's own name"
PASSWORD: Final = "correct-horse-battery"
SECRET: Final = "the secret of those who sign tokens, long enough"

SETTINGS: dict[str, Any] = {
    "admin_username": ADMIN,
    "admin_password": SecretStr(
        argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    ),  # quick
    "jwt_secret": SECRET,
    "jwt_issuer": ISSUER,
    "jwt_audience": AUDIENCE,
    "encryption_key": "what secrets are sealed with",
    "webhook_private": True,
}

# ---- the dimensions of the matrix -----------------------------------------------------------------------------------

GATEWAY_KEY, VIRTUAL_KEY, KEY_TOKEN = "gateway key", "virtual key", "token of a virtual key"
ADMIN_TOKEN, SESSION, BASIC = "token of an admin", "session", "name and password of the admin"
TOKENS = frozenset({KEY_TOKEN, ADMIN_TOKEN})
ADMINS = frozenset({ADMIN_TOKEN, SESSION, BASIC})
OF_A_KEY = frozenset({VIRTUAL_KEY, KEY_TOKEN})

VALID, UNKNOWN, EXPIRED, DISABLED = "valid", "unknown", "expired", "disabled"
SCOPE, AUDIENCES, OTHERS = "wrong scope", "for another audience", "other tenant's"
STATES = (VALID, UNKNOWN, EXPIRED, DISABLED, SCOPE, AUDIENCES, OTHERS)


@dataclass(frozen=True)
class Form:
    """A way to send a credential of a kind. `carried`: (user, secret) -> headers."""

    name: str
    kind: str
    carried: Callable[[str, str], dict[str, str]]

    def __str__(self) -> str:
        return f"{self.kind} as {self.name}"


def bearer(_: str, secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def basic(user: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()}


def header(name: str) -> Callable[[str, str], dict[str, str]]:
    return lambda _, secret: {name: secret}


def cookie(_: str, secret: str) -> dict[str, str]:
    """As a page of the gateway's own sends it; what pages of others may is in tests/handlers/governance/test_sessions.py."""
    return {"Cookie": f"theme=dark; reelgate_session={secret}", "Sec-Fetch-Site": "same-origin"}


CARRIERS: dict[str, Callable[[str, str], dict[str, str]]] = {
    "Bearer": bearer,
    "Basic": basic,
    "cookie": cookie,
    **{name: header(name) for name in ("x-api-key", "x-bf-vk", "x-goog-api-key", "api-key")},
}

FORMS = tuple(
    Form(name, kind, CARRIERS[name])
    for name, kind in (
        *(("Bearer", kind) for kind in (GATEWAY_KEY, VIRTUAL_KEY, KEY_TOKEN, ADMIN_TOKEN, SESSION)),
        *(("Basic", kind) for kind in (BASIC, GATEWAY_KEY, VIRTUAL_KEY)),
        *(("x-api-key", GATEWAY_KEY), ("x-bf-vk", VIRTUAL_KEY), ("x-goog-api-key", VIRTUAL_KEY)),
        *(("api-key", KEY_TOKEN), ("cookie", SESSION)),
    )
)


# ---- who there is ---------------------------------------------------------------------------------------------------


class Cast:
    """Everybody who calls one gateway, made through its API."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.issuer = Issuer("secret", SECRET)
        self.keys = {name: self._key(name) for name in ("studio", EXPIRED, DISABLED, SCOPE)}
        self.admin("PUT", f"/api/governance/virtual-keys/{self.keys[DISABLED]['id']}", {"is_active": False})
        with psycopg.connect(dsn(gateway)) as connection:  # nobody can make a key that has expired
            connection.execute("UPDATE virtual_keys SET expires_at = now() WHERE id = %s", (self.keys[EXPIRED]["id"],))

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """What an admin is answered, with 200."""
        answer = requests.request(
            method, self.gateway.url + path, json=body, headers=basic(ADMIN, PASSWORD), timeout=30
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _key(self, name: str) -> dict[str, Any]:
        asked = {"name": name, "allow_all_providers": True}
        made: dict[str, Any] = self.admin("POST", "/api/governance/virtual-keys", asked)["virtual_key"]
        return made

    def session(self) -> str:
        token: str = self.admin("POST", "/api/session/login", {"username": ADMIN, "password": PASSWORD})["token"]
        return token

    def credential(self, kind: str, state: str) -> tuple[str, str]:
        """(user, secret) of a kind in a state. KeyError for what does not exist."""
        return CREDENTIALS[kind][state](self)

    def headers(self, form: Form, state: str) -> dict[str, str]:
        return form.carried(*self.credential(form.kind, state))

    def key(self, name: str) -> tuple[str, str]:
        return name, self.keys[name]["value"]

    def token(self, **changes: Any) -> tuple[str, str]:
        return "", self.issuer.token(**changes)

    def expired_session(self) -> tuple[str, str]:
        token = self.session()
        own = digest_of_session(token, passwords.Admin(ADMIN, passwords.Password(SETTINGS["admin_password"])))
        with psycopg.connect(dsn(self.gateway)) as connection:
            ended = connection.execute("UPDATE sessions SET expires_at = now() WHERE digest = %s", (own,))
            assert ended.rowcount == 1
        return "", token

    def ended_session(self) -> tuple[str, str]:
        token = self.session()
        ended = requests.post(f"{self.gateway.url}/api/session/logout", headers=bearer("", token), timeout=30)
        assert ended.status_code == 200, ended.text
        return "", token


def _made_up(beginning: str) -> str:
    return beginning + secrets.token_urlsafe(32)


FORMER: Final = int(time.time()) - 3600
AS_ADMIN: dict[str, Any] = {"role": "admin", "virtual_key": ...}

Given = Callable[[Cast], tuple[str, str]]
CREDENTIALS: dict[str, dict[str, Given]] = {
    GATEWAY_KEY: {
        VALID: lambda _: ("alice", ALICE),
        UNKNOWN: lambda _: ("alice", _made_up("alice-")),
        SCOPE: lambda _: ("alice", ALICE),
    },
    VIRTUAL_KEY: {
        VALID: lambda cast: cast.key("studio"),
        UNKNOWN: lambda _: ("studio", _made_up("sk-bf-")),
        EXPIRED: lambda cast: cast.key(EXPIRED),
        DISABLED: lambda cast: cast.key(DISABLED),
        SCOPE: lambda cast: cast.key(SCOPE),
    },
    KEY_TOKEN: {
        VALID: lambda cast: cast.token(virtual_key="studio"),
        UNKNOWN: lambda cast: cast.token(virtual_key="nobody"),
        EXPIRED: lambda cast: cast.token(exp=FORMER),
        DISABLED: lambda cast: cast.token(virtual_key=DISABLED),
        SCOPE: lambda cast: cast.token(virtual_key=SCOPE),
        AUDIENCES: lambda cast: cast.token(aud="elsewhere"),
    },
    ADMIN_TOKEN: {
        VALID: lambda cast: cast.token(**AS_ADMIN),
        UNKNOWN: lambda _: ("", Issuer("secret").token(**AS_ADMIN)),
        EXPIRED: lambda cast: cast.token(exp=FORMER, **AS_ADMIN),
        AUDIENCES: lambda cast: cast.token(aud="elsewhere", **AS_ADMIN),
        SCOPE: lambda cast: cast.token(**AS_ADMIN),
    },
    SESSION: {
        VALID: lambda cast: ("", cast.session()),
        UNKNOWN: lambda _: ("", _made_up("rgs_")),
        EXPIRED: Cast.expired_session,
        DISABLED: Cast.ended_session,
        SCOPE: lambda cast: ("", cast.session()),
    },
    BASIC: {
        VALID: lambda _: (ADMIN, PASSWORD),
        UNKNOWN: lambda _: (ADMIN, _made_up("wrong-")),
        SCOPE: lambda _: (ADMIN, PASSWORD),
    },
}
"""Kind -> state -> (user, secret). A state that is missing does not exist; `OTHERS` is asked with what is valid."""

OWNERS = {GATEWAY_KEY: ALICE, VIRTUAL_KEY: "studio", KEY_TOKEN: "studio", **dict.fromkeys(ADMINS, ADMIN)}
"""Kind -> whose objects it may use."""
