"""Sessions: admins who have logged in with the password, from a web page, say."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert

from ..jobs.access_tables import sessions
from .books import Books
from .callers import SESSION, digest_of_session
from .passwords import Admin

LASTS = timedelta(hours=12)


class Sessions:
    def __init__(self, books: Books) -> None:
        self._books = books

    async def begin(self, admin: Admin) -> tuple[str, datetime]:
        """A new session -> its token, which is kept nowhere, and when it ends. Those that have ended are forgotten."""
        token = SESSION + secrets.token_urlsafe(32)
        made = insert(sessions).values(digest=digest_of_session(token, admin), expires_at=func.now() + LASTS)
        async with self._books.writing() as connection:
            await connection.execute(delete(sessions).where(sessions.c.expires_at <= func.now()))
            return token, (await connection.execute(made.returning(sessions.c.expires_at))).scalar_one()

    async def end(self, session: bytes) -> None:
        """By the digest of its token."""
        async with self._books.writing() as connection:
            await connection.execute(delete(sessions).where(sessions.c.digest == session))
