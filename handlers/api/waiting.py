"""Answers that take their time: `Prefer: wait=N` holds one until the job has ended (RFC 7240)."""

from __future__ import annotations

import re

from ..context import Trace
from ..errors import ReelgateError

LONGEST = 300  # seconds: what stands between here and the caller drops a request that is silent for longer

WAIT = re.compile(r'\s*wait\s*=\s*"?(\d{1,9})"?\s*', re.IGNORECASE)


def seconds(prefer: str | None) -> int | None:
    """`respond-async, wait=10` -> 10, at most LONGEST; None where there is no such preference."""
    for preference in (prefer or "").split(","):
        found = WAIT.fullmatch(preference.partition(";")[0])
        if found is not None:
            return min(int(found[1]), LONGEST)
    return None


async def still_let_in(about: Trace) -> bool:
    """Whether who made a request would be let in now: keys are revoked and expire while an answer waits."""
    try:
        if about.again is not None:
            await about.again()
    except ReelgateError:
        return False
    return True
