"""Secrets in rows: encrypted where there is a key for that, and as they are where there was none when they were written."""

from __future__ import annotations

from typing import Final, Protocol

SEALED: Final = "enc:"
"""How every text begins that a vault has sealed."""


class Vault(Protocol):
    """What seals and opens; see access/vault.py. A text opens in the context, the id of its row, in which it was sealed."""

    @property
    def sealed(self) -> bool: ...
    def seal(self, text: str, context: str) -> str: ...
    def open(self, sealed: str, context: str) -> str: ...


def kept(vault: Vault, secret: str, context: str) -> str:
    """What is written of a secret."""
    return vault.seal(secret, context) if vault.sealed else secret


def opened(vault: Vault, found: str, context: str) -> str:
    """What was written of a secret -> the secret."""
    return vault.open(found, context) if found.startswith(SEALED) else found
