"""The operations of the tag Session, in the document's order."""

from __future__ import annotations

from generated import models
from generated.routes import Answer

from ..access.callers import COOKIE, Caller
from ..access.passwords import Admin
from ..access.sessions import LASTS, Sessions
from ..context import base_url
from ..errors import Forbidden, Unauthorized

CHALLENGE = 'Bearer realm="reelgate"'
"""What a 401 must have (RFC 9110 §15.5.2). Not Basic: a browser would ask for the password again in a window of its own."""


class Session:
    """`admin`: None if no admin's password is configured."""

    def __init__(self, sessions: Sessions, admin: Admin | None) -> None:
        self._sessions = sessions
        self._admin = admin

    async def session_login(self, body: models.SessionLoginRequest) -> Answer[models.SessionLoginResponse]:
        if self._admin is None:
            raise Forbidden(
                "There is no admin's password on this gateway, so nobody can log in.", code="auth_not_enabled"
            )
        if not await self._admin.admits(body.username, body.password.get_secret_value()):
            wrong = Unauthorized("The name or the password is wrong.", code="wrong_password")
            wrong.headers["WWW-Authenticate"] = CHALLENGE
            raise wrong
        token, ends = await self._sessions.begin(self._admin)
        answer = models.SessionLoginResponse(message="You are logged in.", token=token, expires_at=ends)
        return Answer(answer, headers={"Set-Cookie": _cookie(token, int(LASTS.total_seconds()))})

    async def session_logout(self, caller: Caller) -> Answer[models.SessionLogoutResponse]:
        if caller.session is not None:
            await self._sessions.end(caller.session)
        answer = models.SessionLogoutResponse(message="You are logged out.")
        return Answer(answer, headers={"Set-Cookie": _cookie("", 0)})

    async def session_is_auth_enabled(self) -> Answer[models.SessionIsAuthEnabledResponse]:
        return Answer(models.SessionIsAuthEnabledResponse(is_auth_enabled=self._admin is not None))


def _cookie(token: str, seconds: int) -> str:
    """The token where scripts cannot read it, and from where other sites cannot send it."""
    secure = "; Secure" if base_url.get().startswith("https:") else ""
    return f"{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
