"""The admin's password: Argon2id, slow on purpose, which is why it is looked at seldom.

Three rules. A pair that was right is remembered, by a keyed digest, so that Basic on every request costs nothing. A
wrong one costs the same whether the name or the password is wrong. After ten wrong ones in a minute, from wherever they came,
no new pair is looked at; those under way count as if they were wrong, so guesses that are sent at once gain nothing, and never
more than two are computed at the same time.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import Callable
from math import ceil
from time import monotonic

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from pydantic import SecretStr

from ..errors import TooManyAttempts
from ..settings import Settings, SettingsError

LENGTH = 12  # characters that a password must have
MINUTE = 60.0  # seconds that a wrong pair counts
WRONG = 10  # pairs in a minute after which no more are looked at
AT_ONCE = 2  # pairs that are computed at the same time: each takes 64 MiB and about 0.1 s

HASHER = PasswordHasher()
"""Argon2id with the second recommended parameters of RFC 9106 §4: 64 MiB, 3 passes, 4 lanes."""


def hashed(password: str) -> str:
    """A password -> `$argon2id$…`. Raises SettingsError for one that is too short."""
    if len(password) < LENGTH:
        raise SettingsError(f"The password must have {LENGTH} characters or more.")
    return HASHER.hash(password)


def _usable(encoded: str) -> str:
    """A hash that somebody has made elsewhere, as it is."""
    try:
        HASHER.verify(encoded, "")
    except VerifyMismatchError:  # as it should be: it can be read, and is not that of nothing
        if encoded.startswith("$argon2id$"):
            return encoded
    except (VerificationError, InvalidHashError):
        pass
    raise SettingsError(
        "The hash cannot be used: make one with `reelgate hash-password`, and see that it is set whole."
    )


class Password:
    """A password that can be compared with, and not read."""

    def __init__(self, secret: SecretStr) -> None:
        """`secret` is the password or its hash. Raises SettingsError for what is neither."""
        text = secret.get_secret_value()
        self.mark = hashlib.sha256(text.encode()).hexdigest()
        self._hash = _usable(text) if text.startswith("$argon2") else hashed(text)

    async def matches(self, attempt: str) -> bool:
        """Computed in a thread."""
        return await asyncio.to_thread(self._compared, attempt)

    def _compared(self, attempt: str) -> bool:
        try:
            return HASHER.verify(self._hash, attempt.encode())
        except (VerificationError, InvalidHashError):
            return False


class Admin:
    """Who has the admin's name and password. It belongs to one event loop."""

    def __init__(self, username: str, password: Password, elapsed: Callable[[], float] = monotonic) -> None:
        """`elapsed` is a clock that only goes forward, in seconds."""
        self.username = username
        self.mark = password.mark
        """What tells this password from another, for what was begun with it; nobody can get it back from that."""
        self._username = username.encode()
        self._password = password
        self._elapsed = elapsed
        self._key = secrets.token_bytes(32)
        self._right: bytes | None = None
        """The digest of the right pair, once it was shown: whoever guesses meanwhile does not keep out who knows it."""
        self._wrong: deque[float] = deque(maxlen=WRONG)
        """When there were wrong pairs, the earliest first."""
        self._computing: dict[bytes, asyncio.Task[bool]] = {}
        self._places = asyncio.Semaphore(AT_ONCE)

    async def admits(self, username: str, password: str) -> bool:
        """Whether the pair is right. Raises TooManyAttempts if it is not looked at."""
        digest = self._digest(username) + self._digest(password)
        if self._right is not None and hmac.compare_digest(self._right, digest):
            return True
        computing = self._computing.get(digest)
        if computing is None:
            self._refuse_guessing()
            computing = self._computing[digest] = asyncio.create_task(self._compute(digest, username, password))
        return await asyncio.shield(computing)  # whoever goes away leaves the answer to the others

    async def _compute(self, digest: bytes, username: str, password: str) -> bool:
        right = False
        try:
            async with self._places:
                matches = await self._password.matches(password)
            right = hmac.compare_digest(self._username, username.encode()) and matches
            return right
        finally:
            del self._computing[digest]
            if right:
                self._right = digest
            else:
                self._wrong.append(self._elapsed())

    def _refuse_guessing(self) -> None:
        now = self._elapsed()
        while self._wrong and self._wrong[0] <= now - MINUTE:
            self._wrong.popleft()
        if len(self._wrong) + len(self._computing) >= WRONG:
            wait = ceil(self._wrong[0] + MINUTE - now) if self._wrong else 1
            raise TooManyAttempts("There were too many wrong passwords. Try again later.", retry_after=max(1, wait))

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode(), "sha256")


def admin(settings: Settings) -> Admin | None:
    """The admin that is set, or None. Raises SettingsError for a password that cannot be used."""
    if settings.admin_password is None:
        return None
    try:
        return Admin(settings.admin_username, Password(settings.admin_password))
    except SettingsError as error:
        raise SettingsError(f"REELGATE_ADMIN_PASSWORD cannot be used. {error}") from None
