"""Settings, from the environment. Every field stands in docs/settings.md; a test compares the two.

Nothing is read at import: `Settings()` reads, once, in `app.build` or the command line.
"""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MEBIBYTE = 1024 * 1024
LONGEST_PAUSE = 604_800  # seconds: a week
LONGEST_KEPT = 36_500  # days: a century


RESERVED = frozenset({"admin", "local"})
"""Owners of jobs that no gateway key may be called."""


class SettingsError(Exception):
    """The settings cannot be used; the message names each variable and what to do."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(extra="ignore", frozen=True, populate_by_name=True, env_ignore_empty=True)

    host: str = Field("127.0.0.1", validation_alias="HOST", description="Address to listen on.")
    port: int = Field(
        8080, ge=0, le=65535, validation_alias="PORT", description="Port to listen on; 0 takes a free one."
    )
    data_dir: Path = Field(
        Path("data"),
        validation_alias="REELGATE_DATA_DIR",
        description="Where the embedded database, the cache and the sandbox keep their files.",
    )
    database_url: SecretStr | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="A PostgreSQL of your own (`postgresql://…`). Without it one is started under the data directory.",
    )
    api_keys: Annotated[dict[str, SecretStr], NoDecode] = Field(
        default_factory=dict,
        validation_alias="REELGATE_API_KEYS",
        description="Keys of the gateway as `name:secret`, comma separated, each secret of 8 characters or more. "
        "A job belongs to the key that made it.",
    )
    jwt_secret: SecretStr | None = Field(
        None,
        validation_alias="REELGATE_JWT_SECRET",
        description="The secret, of 32 bytes or more, with which tokens (JWT) are signed as HS256.",
    )
    jwt_public_key: str | None = Field(
        None,
        validation_alias="REELGATE_JWT_PUBLIC_KEY",
        description="The public key, as PEM or the path of it, of those who sign tokens: RSA for RS256, P-256 for ES256.",
    )
    jwt_jwks_url: str | None = Field(
        None,
        validation_alias="REELGATE_JWT_JWKS_URL",
        description="Where those who sign tokens publish their keys (a JWK set): `https:`, or `http:` on this machine.",
    )
    jwt_issuer: str | None = Field(
        None,
        validation_alias="REELGATE_JWT_ISSUER",
        description="Who signs the tokens: what their `iss` must be. Needed for tokens.",
    )
    jwt_audience: str | None = Field(
        None,
        validation_alias="REELGATE_JWT_AUDIENCE",
        description="Whom the tokens are for: what their `aud` must be or contain. Needed for tokens.",
    )
    jwt_leeway_seconds: int = Field(
        30,
        ge=0,
        le=300,
        validation_alias="REELGATE_JWT_LEEWAY_SECONDS",
        description="By how much the clocks of those who sign tokens may differ from ours.",
    )
    admin_username: str = Field(
        "admin",
        min_length=1,
        pattern="^[^:]+$",  # in Basic the name ends at the first colon, RFC 7617 §2
        validation_alias="REELGATE_ADMIN_USERNAME",
        description="The name of the admin, without a colon.",
    )
    admin_password: SecretStr | None = Field(
        None,
        validation_alias="REELGATE_ADMIN_PASSWORD",
        description="The admin's password, of 12 characters or more, or the hash of it that `reelgate hash-password` prints. "
        "Without it there is no admin.",
    )
    encryption_key: SecretStr | None = Field(
        None,
        validation_alias="REELGATE_ENCRYPTION_KEY",
        description="Any text of 16 characters or more, with which secrets in the database are encrypted.",
    )
    encryption_key_previous: SecretStr | None = Field(
        None,
        validation_alias="REELGATE_ENCRYPTION_KEY_PREVIOUS",
        description="The key before that, while something may still be encrypted with it.",
    )
    public_url: str | None = Field(
        None,
        validation_alias="REELGATE_PUBLIC_URL",
        description="The address under which clients and providers reach the gateway. Default, for links in answers: as asked.",
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default_factory=tuple,
        validation_alias="REELGATE_TRUSTED_PROXIES",
        description="Reverse proxies (addresses or networks, comma separated) whose `X-Forwarded-Proto`, `-Host` and `-Prefix` "
        "are believed, for links in answers.",
    )
    max_body_mb: int = Field(
        32,
        ge=1,
        validation_alias="REELGATE_MAX_BODY_MB",
        description="The largest request body, and the largest image that is fetched, in MiB. "
        "32 are enough for an image of 20 MB as base64.",
    )
    uploads_mb: int = Field(
        256,
        ge=1,
        validation_alias="REELGATE_UPLOADS_MB",
        description="The most memory for bodies and images that are received or sent on at once, in MiB, in each process; "
        "what would exceed it is refused, unless it is the only one.",
    )
    worker: bool = Field(
        True,
        validation_alias="REELGATE_WORKER",
        description="Whether the server also tracks jobs and sends webhooks. "
        "Set it to `false` when `reelgate worker` processes do.",
    )
    tracking_concurrency: int = Field(
        10_000,
        ge=1,
        validation_alias="REELGATE_TRACKING_CONCURRENCY",
        description="The most jobs one process tracks at once.",
    )
    poll_seconds: float | None = Field(
        None,
        gt=0,
        le=3600,
        validation_alias="REELGATE_POLL_SECONDS",
        description="How often a running job is asked about, unless its provider wants to be asked less often. "
        "Default: what suits the provider, and how long its models take.",
    )
    job_deadline_minutes: float = Field(
        60.0,
        gt=0,
        le=525_600,
        validation_alias="REELGATE_JOB_DEADLINE_MINUTES",
        description="When a job that does not end is given up.",
    )
    webhook_private: bool = Field(
        False,
        validation_alias="REELGATE_WEBHOOK_PRIVATE",
        description="Whether webhooks may go to private addresses and over plain `http:`.",
    )
    fetch_private: bool = Field(
        False,
        validation_alias="REELGATE_FETCH_PRIVATE",
        description="Whether images that callers name by URL may be fetched from private addresses and over plain `http:`.",
    )
    webhook_retries: Annotated[tuple[float, ...], NoDecode] = Field(
        "5,300,1800,7200,18000,36000,50400,72000,86400",
        validate_default=True,
        validation_alias="REELGATE_WEBHOOK_RETRIES",
        description="The pauses in seconds before each further attempt to deliver a webhook, comma separated.",
    )
    webhook_log_days: int = Field(
        30,
        ge=1,
        le=3650,
        validation_alias="REELGATE_WEBHOOK_LOG_DAYS",
        description="How long it can be looked up what was sent to webhooks.",
    )
    log_days: int = Field(
        30,
        ge=1,
        le=3650,
        validation_alias="REELGATE_LOG_DAYS",
        description="How long it can be looked up, by `/api/logs`, what was asked for and what came of it.",
    )
    storage: str | None = Field(
        None,
        validation_alias="REELGATE_STORAGE",
        description="Where finished files are kept for good: `file:/folder`, `s3://bucket/prefix`, `gs://bucket/prefix` or "
        "`az://account/container/prefix`. Without it they are cached for a while.",
    )
    cache_mb: int = Field(
        10_240,
        ge=0,
        validation_alias="REELGATE_CACHE_MB",
        description="How much of the data directory cached files may take, in MiB.",
    )
    retention_days: Annotated[dict[str, float], NoDecode] = Field(
        default_factory=dict,
        validation_alias="REELGATE_RETENTION_DAYS",
        description="After how many days files are deleted: a number for everybody, `name:days` for single keys, comma "
        "separated (`30,alice:7`). Default: never.",
    )
    config: Path | None = Field(
        None,
        validation_alias="REELGATE_CONFIG",
        description="The configuration file. Default: `config.yaml`, `config.yml` or `config.json` in the data directory.",
    )
    sandbox: bool | None = Field(
        None,
        validation_alias="REELGATE_SANDBOX",
        description="Whether emulators serve every provider. Default: only when no provider is configured.",
    )
    sandbox_job_seconds: float = Field(
        4.0,
        gt=0,
        validation_alias="REELGATE_SANDBOX_JOB_SECONDS",
        description="How long a job takes in the sandbox.",
    )
    log_level: str = Field(
        "info",
        pattern="^(debug|info|warning|error)$",
        validation_alias="REELGATE_LOG_LEVEL",
        description="`debug`, `info`, `warning` or `error`.",
    )
    log_format: str = Field(
        "auto",
        pattern="^(auto|json|text)$",
        validation_alias="REELGATE_LOG_FORMAT",
        description="`json`, `text`, or `auto`: text on a terminal, else JSON.",
    )

    @field_validator("api_keys", mode="before")
    @classmethod
    def _named_keys(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        keys: dict[str, str] = {}
        for entry in filter(None, (part.strip() for part in value.split(","))):
            name, separator, secret = entry.partition(":")
            if not (separator and name and len(secret) >= 8):
                raise ValueError("each key must be name:secret, the secret at least 8 characters long")
            if not (secret.isascii() and secret.isprintable()):
                raise ValueError(
                    f"the secret of {name!r} has characters that no header can be trusted with: use ASCII only"
                )
            if name in keys:
                raise ValueError(f"the name {name!r} stands there twice")
            if name in RESERVED or name.startswith("vk_"):
                raise ValueError(f"the name {name!r} is of somebody else: of admins, or of virtual keys")
            if secret in keys.values():
                raise ValueError(f"{name!r} has the secret of another key; a secret says who is calling")
            keys[name] = secret
        return keys

    @field_validator("webhook_retries", "trusted_proxies", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @field_validator("webhook_retries")
    @classmethod
    def _bearable(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 <= pause <= LONGEST_PAUSE for pause in value):
            raise ValueError(f"each pause must be 0 to {LONGEST_PAUSE} seconds")
        return value

    @field_validator("retention_days", mode="before")
    @classmethod
    def _by_name(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        kept: dict[str, float] = {}
        for entry in filter(None, (part.strip() for part in value.split(","))):
            name, _, days = entry.rpartition(":")
            if name in kept:
                raise ValueError(f"it says twice what is for {name or 'everybody'}")
            try:
                kept[name] = float(days)
            except ValueError:
                raise ValueError(f"{entry!r} is neither a number of days nor name:days") from None
            if not 0 < kept[name] <= LONGEST_KEPT:
                raise ValueError(f"days must be more than 0 and at most {LONGEST_KEPT}")
        return kept

    def retention(self, owner: str) -> timedelta | None:
        """For how long the files of an owner are kept; None: for ever."""
        days = self.retention_days.get(owner, self.retention_days.get(""))
        return timedelta(days=days) if days is not None else None

    @property
    def cache_bytes(self) -> int:
        return self.cache_mb * MEBIBYTE

    @property
    def uploads_bytes(self) -> int:
        return self.uploads_mb * MEBIBYTE

    @property
    def max_body_bytes(self) -> int:
        return self.max_body_mb * MEBIBYTE

    @property
    def open(self) -> bool:
        """Whether nothing is set by which anybody could be told apart."""
        tokens = (self.jwt_secret, self.jwt_public_key, self.jwt_jwks_url)
        return not self.api_keys and all(each is None for each in (self.admin_password, *tokens))

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def load(**overrides: object) -> Settings:
    """Settings from the environment, `overrides` first.

    Raises SettingsError, naming every variable at fault, also when others could reach a gateway without keys.
    """
    try:
        settings = Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        lines = (f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False))
        raise SettingsError("These settings cannot be used:\n  " + "\n  ".join(lines)) from None
    if settings.admin_username in settings.api_keys:
        raise SettingsError(
            f"REELGATE_API_KEYS has a key named {settings.admin_username!r}, which is the name of the admin. Name it otherwise."
        )
    if not settings.loopback and settings.open:
        raise SettingsError(
            f"HOST={settings.host} lets others reach the gateway, and no key is set. Set REELGATE_ADMIN_PASSWORD, and make "
            "virtual keys with it, or REELGATE_API_KEYS=name:secret (comma separated for more), or HOST=127.0.0.1."
        )
    return settings
