"""connexion's security layer, answered by the keyring.

connexion asks once per scheme of the contract. The keyring looks at all forms of credential at once, so whichever scheme is
asked first finds the caller, and contradicting credentials cannot slip past each other.
"""

from __future__ import annotations

from typing import Any

from connexion.lifecycle import ConnexionRequest
from connexion.security import AbstractSecurityHandler

from ..access.callers import Keyring


def security_map(keyring: Keyring) -> dict[str, type[AbstractSecurityHandler]]:
    """connexion's `security_map`: one handler for every kind of scheme that openapi.yaml has."""

    class Handler(AbstractSecurityHandler):  # type: ignore[misc]
        def get_fn(self, security_scheme: dict[str, Any], required_scopes: list[str]) -> Any:
            def verify(request: ConnexionRequest) -> dict[str, Any]:
                return {"sub": keyring.authenticate(request.headers)}

            return verify

    return {"bearer": Handler, "basic": Handler, "apiKey": Handler}
