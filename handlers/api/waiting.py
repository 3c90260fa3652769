"""`Prefer: wait=N`: holding an answer until the job has ended (RFC 7240)."""

from __future__ import annotations

import re

LONGEST = 300  # seconds: what stands between here and the caller drops a request that is silent for longer

WAIT = re.compile(r'\s*wait\s*=\s*"?(\d{1,9})"?\s*', re.IGNORECASE)


def seconds(prefer: str | None) -> int | None:
    """`respond-async, wait=10` -> 10, at most LONGEST; None where there is no such preference."""
    for preference in (prefer or "").split(","):
        found = WAIT.fullmatch(preference.partition(";")[0])
        if found is not None:
            return min(int(found[1]), LONGEST)
    return None
