"""Secrets at rest: AES-256-GCM with a key that only the settings have.

    enc:v1:<base64url of nonce (12 bytes), ciphertext, tag (16 bytes)>

The AES key is derived from REELGATE_ENCRYPTION_KEY with Argon2id (RFC 9106: 64 MiB, 3 passes, 4 lanes), salted with a constant,
so that every process of a gateway derives the same. Each text is bound to its context, the id of the row that it is in, say:
moved elsewhere it cannot be opened. `v1` stands for all of this; another way of sealing gets another number.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from pydantic import SecretStr

from ..settings import Settings, SettingsError

PREFIX = "enc:v1:"
SALT = b"reelgate vault v1"
NONCE = 12  # bytes, NIST SP 800-38D §8.2
LENGTH = 16  # characters that an encryption key must have


class VaultError(Exception):
    """A secret cannot be sealed or opened; the message names the variable to look at and never shows the secret."""


class Vault:
    """Seals texts and opens them. Without a key it does neither."""

    def __init__(self, key: SecretStr | None, previous: SecretStr | None = None) -> None:
        """`previous` opens what was sealed before the key was changed. Deriving takes about 0.1 s for each.

        Raises SettingsError for keys that cannot be used.
        """
        if key is None and previous is not None:
            raise SettingsError("REELGATE_ENCRYPTION_KEY_PREVIOUS is set, so set REELGATE_ENCRYPTION_KEY too.")
        named = {"REELGATE_ENCRYPTION_KEY": key, "REELGATE_ENCRYPTION_KEY_PREVIOUS": previous}
        self._ciphers = [
            _derived(name, secret.get_secret_value()) for name, secret in named.items() if secret is not None
        ]

    @property
    def sealed(self) -> bool:
        """Whether there is a key, so that secrets are kept sealed."""
        return bool(self._ciphers)

    def seal(self, text: str, context: str) -> str:
        """A text -> `enc:v1:…`, which opens in this context only. Raises VaultError without a key."""
        if not self._ciphers:
            raise VaultError("There is no key to encrypt with: set REELGATE_ENCRYPTION_KEY.")
        nonce = secrets.token_bytes(NONCE)
        return (
            PREFIX + urlsafe_b64encode(nonce + self._ciphers[0].encrypt(nonce, text.encode(), _bound(context))).decode()
        )

    def open(self, sealed: str, context: str) -> str:
        """What was sealed in this context. Raises VaultError if it was not, with these keys or at all."""
        if not is_sealed(sealed):
            raise VaultError("This secret is not encrypted, or in a way that this version does not know.")
        if not self._ciphers:
            raise VaultError("This secret is encrypted: set REELGATE_ENCRYPTION_KEY to the key that was used.")
        content = _decoded(sealed.removeprefix(PREFIX))
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(content[:NONCE], content[NONCE:], _bound(context)).decode()
            except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce
                continue
        raise VaultError(
            "This secret cannot be decrypted: either it was changed, or it was encrypted with another key. Check "
            "REELGATE_ENCRYPTION_KEY, and set REELGATE_ENCRYPTION_KEY_PREVIOUS to the key before if it was changed."
        )


def is_sealed(text: str) -> bool:
    return text.startswith(PREFIX)


def vault(settings: Settings) -> Vault:
    """The vault with the keys that are set. Raises SettingsError for keys that cannot be used."""
    return Vault(settings.encryption_key, settings.encryption_key_previous)


def _derived(name: str, secret: str) -> AESGCM:
    if len(secret) < LENGTH:
        raise SettingsError(f"{name} must have {LENGTH} characters or more.")
    derivation = Argon2id(salt=SALT, length=32, iterations=3, lanes=4, memory_cost=64 * 1024)
    return AESGCM(derivation.derive(secret.encode()))


def _decoded(text: str) -> bytes:
    """base64url in the one spelling that we write; anything else is nothing."""
    try:
        content = urlsafe_b64decode(text.encode())
    except ValueError:
        return b""
    return content if urlsafe_b64encode(content).decode() == text else b""


def _bound(context: str) -> bytes:
    return f"{PREFIX}{context}".encode()
