"""The secrets among the settings of a provider or a key: which they are, how they are written down, and how they are told.

asked for      written down       told
env.NAME       env.NAME           env.NAME
sk-…9f3c       enc:v1:…           ****9f3c
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from pydantic import SecretStr

from ..configuration import ENVIRONMENT
from ..errors import Conflict, InvalidRequest
from ..jobs.sealing import Vault
from .vault import VaultError

Place: TypeAlias = tuple[str, ...]

SECRETS: Final = (("value",), ("vertex_key_config", "auth_credentials"), ("proxy_config", "password"))
HEADERS: Final = ("network_config", "extra_headers")
"""Everything below is a secret."""

HIDDEN: Final = "****"
TOLD: Final = 4  # characters at the end, of secrets that have enough of them
ENOUGH: Final = 12  # characters

OURS: Final = ("REELGATE_", "DATABASE_URL", "PG")
"""How the names of variables begin that are the gateway's own secrets, and for nobody else."""


def told(secret: str) -> str:
    """A secret -> what is shown of it."""
    return HIDDEN + (secret[-TOLD:] if len(secret) >= ENOUGH and secret[-TOLD:].isalnum() else "")


def opened(settings: Mapping[str, Any], vault: Vault, context: str) -> dict[str, Any]:
    """What was written down -> the same in the words of the configuration file."""
    return _changed(settings, lambda place, text: text if _names(text) else vault.open(text, context))


def shown(settings: Mapping[str, Any], vault: Vault, context: str) -> dict[str, Any]:
    """What was written down -> what is told of it."""

    def tell(place: Place, text: str) -> str:
        if _names(text):
            return text
        try:
            return told(vault.open(text, context))
        except VaultError:
            return HIDDEN

    return _changed(settings, tell)


def written(
    asked: Mapping[str, Any], vault: Vault, context: str, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What is asked for -> what to write down. A secret that is sent as it is told stays as it is written in `before`.

    Raises InvalidRequest for one that only looks as if it were told, and for variables of the gateway's own, wherever they are
    named; Conflict for a secret where none can be encrypted.
    """
    _refuse_our_variables(asked)
    there = shown(before, vault, context) if before is not None else {}

    def change(place: Place, text: str) -> str:
        if text.startswith(HIDDEN):
            if _at(there, place) != text:
                raise InvalidRequest(
                    "This is how another secret is shown, not a secret. Leave it out, or send the secret itself.",
                    param=".".join(place),
                )
            return str(_at(before, place))
        if _names(text):
            return text
        if not vault.sealed:
            raise Conflict(
                "There is nothing to encrypt the secret with. Set REELGATE_ENCRYPTION_KEY and start again, or name the "
                "environment variable that holds it, as env.NAME.",
                code="encryption_key_missing",
                param=".".join(place),
            )
        return vault.seal(text, context)

    return _changed(asked, change)


def _changed(settings: Mapping[str, Any], change: Callable[[Place, str], str], place: Place = ()) -> dict[str, Any]:
    return {name: _change(value, change, (*place, name)) for name, value in settings.items()}


def _change(value: Any, change: Callable[[Place, str], str], place: Place) -> Any:
    if isinstance(value, Mapping):
        return _changed(value, change, place)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return change(place, value) if place in SECRETS or place[:-1] == HEADERS else value


def _at(settings: Any, place: Place) -> Any:
    for name in place:
        settings = settings.get(name) if isinstance(settings, Mapping) else None
    return settings


def _names(text: str) -> bool:
    """Whether it is the name of a variable."""
    return text.startswith(ENVIRONMENT)


def _refuse_our_variables(settings: Mapping[str, Any], place: Place = ()) -> None:
    for name, value in settings.items():
        here = (*place, name)
        if isinstance(value, Mapping):
            _refuse_our_variables(value, here)
        elif isinstance(value, str) and value.startswith(tuple(f"{ENVIRONMENT}{ours}" for ours in OURS)):
            raise InvalidRequest(
                f"{value} is a setting of the gateway's own and is sent to nobody.", param=".".join(here)
            )


def shown_of_file(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the file, whose secrets are in clear -> what is told of them."""
    return _changed(settings, lambda place, secret: told(secret))
