"""What may be done after a try to create a job failed: the one table that decides it.

| what happened | again, same target | next target |
|---|---|---|
| not sent | yes | yes |
| rate limited, overloaded | yes, after Retry-After | yes |
| our key refused, quota spent | no | yes |
| request refused | no | yes |
| content refused | no | no |
| failed (500), or no answer to a question asked before the create | no | yes |
| outcome unknown | never | never |
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from ..errors import (
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

TRIES = 3  # of one target, the first included
BACKOFF = 0.5  # seconds before the second try; doubled for each further one
BACKOFF_MOST = 5.0  # seconds
PATIENCE = 10.0  # seconds: a Retry-After beyond this is the caller's to wait, not ours


@dataclass(frozen=True, slots=True)
class Rule:
    retry: bool
    fall_back: bool


RULES: dict[type[ProviderError], Rule] = {
    NotSent: Rule(retry=True, fall_back=True),
    RateLimited: Rule(retry=True, fall_back=True),
    Overloaded: Rule(retry=True, fall_back=True),
    KeyRefused: Rule(retry=False, fall_back=True),
    Refused: Rule(retry=False, fall_back=True),
    ContentRefused: Rule(retry=False, fall_back=False),
    ProviderFailed: Rule(retry=False, fall_back=True),
    ProviderTimeout: Rule(retry=False, fall_back=True),
    OutcomeUnknown: Rule(retry=False, fall_back=False),
}


def wait_before_retry(error: ProviderError, tries: int) -> float | None:
    """Seconds to wait before the next try of the same target, or None when there may be none. `tries` were made."""
    if not RULES[type(error)].retry or tries >= TRIES:
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= PATIENCE else None
    backoff: float = min(BACKOFF * 2 ** (tries - 1), BACKOFF_MOST)
    return backoff * random.uniform(0.8, 1.2)  # noqa: S311


def may_fall_back(error: ProviderError) -> bool:
    return RULES[type(error)].fall_back
