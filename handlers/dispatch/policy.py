"""What may be done after a try to create a job failed: the one table that decides it.

| what happened | again, same target | next target |
|---|---|---|
| not sent | yes | yes |
| not sent, because the provider is down | no | yes |
| rate limited, overloaded | yes: with the next key, or after Retry-After | yes |
| our key refused, quota spent | with the next key only | yes |
| request refused | no | yes |
| content refused | no | no |
| failed (500), or no answer to a question asked before the create | no | yes |
| outcome unknown | never | never |
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from ..configuration import Network
from ..errors import (
    CircuitOpen,
    ContentRefused,
    KeyRefused,
    NotSent,
    OutcomeUnknown,
    Overloaded,
    ProviderError,
    ProviderFailed,
    ProviderTimeout,
    RateLimited,
    Refused,
)

PATIENCE = 10.0  # seconds: a Retry-After beyond this is the caller's to wait, not ours


@dataclass(frozen=True, slots=True)
class Rule:
    retry: bool
    fall_back: bool


RULES: dict[type[ProviderError], Rule] = {
    NotSent: Rule(retry=True, fall_back=True),
    CircuitOpen: Rule(retry=False, fall_back=True),
    RateLimited: Rule(retry=True, fall_back=True),
    Overloaded: Rule(retry=True, fall_back=True),
    KeyRefused: Rule(retry=False, fall_back=True),
    Refused: Rule(retry=False, fall_back=True),
    ContentRefused: Rule(retry=False, fall_back=False),
    ProviderFailed: Rule(retry=False, fall_back=True),
    ProviderTimeout: Rule(retry=False, fall_back=True),
    OutcomeUnknown: Rule(retry=False, fall_back=False),
}


def wait_before_retry(error: ProviderError, tries: int, network: Network, *, fresh_key: bool = False) -> float | None:
    """Seconds to wait before the next try of the same target, or None when there may be none. `tries` were made.

    A Retry-After is for the key that was told it, so it does not bind when the next try is with a `fresh_key`.
    """
    if not RULES[type(error)].retry or tries > network.max_retries:
        return None
    if error.retry_after is not None and not fresh_key:
        return error.retry_after if error.retry_after <= PATIENCE else None
    backoff: float = min(network.retry_backoff_initial * 2 ** (tries - 1), network.retry_backoff_max) / 1000
    return backoff * random.uniform(0.8, 1.2)  # noqa: S311


def may_use_next_key(error: ProviderError) -> bool:
    """Whether another key of the same provider may be tried at once."""
    return isinstance(error, KeyRefused)


def may_fall_back(error: ProviderError) -> bool:
    return RULES[type(error)].fall_back
