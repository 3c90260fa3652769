"""Which of a provider's keys makes a job: those that may, in the order in which they are tried.

The order is a weighted draw. A session id makes the draw the same every time (rendezvous hashing), in every process and with
nothing to remember: when a key comes or goes, only the sessions that it wins or had move.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..access.callers import Caller
from ..errors import Forbidden, InvalidRequest
from ..providers.registry import Provider, ProviderKey


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a request says of how it wants to be served, in its `x-bf-` headers."""

    key_name: str | None = None
    key_id: str | None = None
    session_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)  # sent along to the provider
    raw_request: bool = False
    raw_response: bool = False


def in_order(provider: Provider, model: str, caller: Caller, wishes: Wishes) -> list[ProviderKey]:
    """The keys that may be used for the model, the first to be tried first.

    Raises InvalidRequest when the request pins a key that is not there, Forbidden when no key may serve the model.
    """
    keys = [key for key in provider.keys if key.settings.enabled]
    pins = (("id", wishes.key_id, "x-bf-api-key-id"), ("name", wishes.key_name, "x-bf-api-key"))
    pin = next((pin for pin in pins if pin[1] is not None), None)
    if pin is None:
        keys = [key for key in keys if key.settings.weight > 0]
    else:
        what, wanted, header = pin
        keys = [key for key in keys if getattr(key.settings, what) == wanted]
        if not keys:
            raise InvalidRequest(
                f'no key found with {what} "{wanted}" for provider: {provider.name}', code="key_not_found", param=header
            )
    naming = provider.adapter.names
    keys = [key for key in keys if key.settings.allows(model, naming) and _granted(caller, provider, key)]
    if not keys:
        raise Forbidden(f"no keys found that support model: {model}", code="no_key_for_model", param="model")
    return sorted(keys, key=lambda key: _lot(key, caller.name, wishes.session_id), reverse=True)


def _granted(caller: Caller, provider: Provider, key: ProviderKey) -> bool:
    return caller.grant is None or caller.grant.allows_key(provider.name, key.settings.id, key.settings.name)


def _lot(key: ProviderKey, owner: str, session_id: str | None) -> float:
    """A number that is the largest for each key as often as its weight says.

    ln(u) / weight with u uniform in (0, 1): Efraimidis and Spirakis, Weighted random sampling with a reservoir, 2006.
    """
    if session_id is None:
        uniform = 1.0 - random.random()  # noqa: S311  nothing to guess
    else:
        digest = hashlib.sha256(f"{owner}\0{session_id}\0{key.settings.name}".encode()).digest()
        uniform = (int.from_bytes(digest[:8], "big") + 1) / (2**64 + 1)
    return math.log(uniform) / (key.settings.weight or 1.0)
