"""Access tokens for Google Cloud, fetched with a key's credentials and kept until shortly before they expire.

Source: upstreams/vertex.yaml, `/token` (RFC 7523 §2.1, RFC 6749 §6), and google-auth 2.62.2 for what an assertion holds.
The credentials are the JSON that Google hands out: of a service account, which signs an assertion, or of a user (as
`gcloud auth application-default login` writes it), who has a refresh token.
Errors: KeyRefused for credentials that cannot be read or are refused; else whatever the way there ends in. None of them is
about a create, which is sent only once there is a token.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from time import monotonic, time
from typing import Annotated, Literal
from urllib.parse import urljoin
from weakref import WeakKeyDictionary

import jwt
from pydantic import MISSING, BaseModel, Field, SecretStr, TypeAdapter, ValidationError

from generated.upstreams.vertex import Token, TokenRefused, TokenRequest

from ..errors import KeyRefused, ProviderError
from ..upstream import Reply, Upstream
from .adapter import Account, read
from .refusals import refusal

GOOGLE = "https://oauth2.googleapis.com/token"
"""Where tokens are fetched unless the credentials say otherwise, and whom every assertion is for, wherever it is sent."""

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
LIFE = 3600  # seconds that an assertion is good for, the most that is allowed
EARLY = 120.0  # seconds before its end from which a token is not given out any more


class ServiceAccount(BaseModel):
    """A program's credentials. `token_uri` may be relative to the key's base URL, as the sandbox has it."""

    type: Literal["service_account"]
    client_email: str
    private_key: SecretStr  # PEM
    private_key_id: str | None = None
    token_uri: str = GOOGLE

    def grant(self) -> TokenRequest:
        now = int(time())
        claims = {"iss": self.client_email, "aud": GOOGLE, "scope": SCOPE, "iat": now, "exp": now + LIFE}
        headers = {"kid": self.private_key_id} if self.private_key_id is not None else None
        try:
            assertion = jwt.encode(claims, self.private_key.get_secret_value(), "RS256", headers=headers)
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise KeyRefused(f"The private key of the credentials cannot be used: {error}") from None
        return TokenRequest(grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer", assertion=assertion)


class User(BaseModel):
    """A person's credentials. `token_uri` as for a service account."""

    type: Literal["authorized_user"]
    client_id: str
    client_secret: SecretStr
    refresh_token: SecretStr
    token_uri: str = GOOGLE

    def grant(self) -> TokenRequest:
        return TokenRequest(
            grant_type="refresh_token",
            client_id=self.client_id,
            client_secret=self.client_secret.get_secret_value(),
            refresh_token=self.refresh_token.get_secret_value(),
        )


CREDENTIALS = TypeAdapter[ServiceAccount | User](Annotated[ServiceAccount | User, Field(discriminator="type")])


@dataclass(slots=True)
class Kept:
    """The token of one key."""

    token: str = ""
    until: float = 0.0  # on the monotonic clock, in seconds
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)  # many jobs may want a new one at once; one fetches it


KEPT: WeakKeyDictionary[Upstream, dict[tuple[str, str], Kept]] = WeakKeyDictionary()
"""Tokens live as long as the connections that they were fetched through, so no two event loops share any."""


async def access_token(account: Account, *, refused: str | None = None) -> str:
    """The token to call with. `refused` is one that was answered with 401: another is fetched in its place."""
    whose = (account.secret.get_secret_value(), account.base_url)
    kept = KEPT.setdefault(account.http, {}).setdefault(whose, Kept())
    async with kept.lock:
        if kept.token == refused or monotonic() >= kept.until:
            token = await _fetch(account)
            kept.token = token.access_token
            kept.until = monotonic() + token.expires_in - EARLY
        return kept.token


async def _fetch(account: Account) -> Token:
    credentials = _credentials(account.secret)
    reply = await account.http.send(
        "POST",
        urljoin(f"{account.base_url}/", credentials.token_uri),
        headers={},
        urlencoded=credentials.grant().model_dump(mode="json"),
        timeout=account.timeout / 2,
        proxy=account.proxy,
    )
    if not reply.ok:
        raise _refused(reply)
    return read(Token, reply)


def _credentials(secret: SecretStr) -> ServiceAccount | User:
    try:
        return CREDENTIALS.validate_json(secret.get_secret_value())
    except ValidationError as error:
        what = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, what["loc"])) or "the text"
        raise KeyRefused(
            f"The credentials are not the JSON of a service account or an authorized user: {place}: {what['msg']}"
        ) from None


def _refused(reply: Reply) -> ProviderError:
    """400 with `invalid_grant` and the like means the credentials; it says nothing of the caller's request."""
    try:
        body = TokenRefused.model_validate_json(reply.body)
    except ValidationError:
        return refusal(reply, None, creates=False, quota_spent=reply.status == 400)
    description = "" if body.error_description is MISSING else f": {body.error_description}"
    return refusal(reply, f"{body.error}{description}", creates=False, quota_spent=reply.status == 400)
