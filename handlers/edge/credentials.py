"""connexion's security layer, answered by the callers' room.

connexion asks once per scheme of the contract. All forms of credential are looked at at once, so whichever scheme is asked first
finds the caller, contradicting credentials cannot slip past each other, and what is looked up is looked up once a request. The
roles that the contract lists with an operation's security are demanded here.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from connexion.lifecycle import ConnexionRequest
from connexion.security import AbstractSecurityHandler

from ..access.callers import Caller, Callers
from ..context import trace
from ..errors import Forbidden, ReelgateError

CALLER = "reelgate.caller"  # where a request's ASGI scope says who made it, or why that cannot be said


def security_map(callers: Callers) -> dict[str, type[AbstractSecurityHandler]]:
    """connexion's `security_map`: one handler for every kind of scheme that openapi.yaml has."""

    async def caller_of(request: ConnexionRequest) -> Caller:
        found = request.scope.get(CALLER)
        if found is None:
            try:
                found = await callers.authenticate(request.headers, request.method)
            except ReelgateError as refusal:
                found = refusal
            request.scope[CALLER] = found
        if isinstance(found, ReelgateError):
            raise found
        assert isinstance(found, Caller)
        about = trace.get()
        about.caller, about.again = found, partial(callers.authenticate, request.headers, request.method)
        return found

    class Handler(AbstractSecurityHandler):  # type: ignore[misc]
        def get_fn(self, security_scheme: dict[str, Any], required_scopes: list[str]) -> Any:
            async def verify(request: ConnexionRequest) -> dict[str, Any]:
                caller = await caller_of(request)
                if "admin" in required_scopes and not caller.admin:
                    raise Forbidden("This is for admins only.", code="admin_required")
                return {"sub": caller}

            return verify

    return {"bearer": Handler, "basic": Handler, "apiKey": Handler}
