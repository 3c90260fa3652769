"""The limits that a request touched, as headers: draft-ietf-httpapi-ratelimit-headers-10.

`RateLimit-Policy: "virtual_key-requests";q=100;w=3600` says how much there is in how many seconds, and `RateLimit:
"virtual_key-requests";r=42;t=1200` how much of it is left and when there is more. Quantities are whole numbers: requests, jobs at
once (`concurrent-requests`), seconds of video and US cents.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from ..context import Quota

UNITS = {"concurrent": "concurrent-requests", "seconds": "video-seconds", "usd": "usd-cents"}
"""Metric -> its quota unit; the others are the draft's default, `requests`."""


def told(touched: Sequence[Quota]) -> dict[str, str]:
    """The headers; none for budgets, which are no rate limits. A limit that was touched twice is told as it was last."""
    limits = {f"{each.scope}-{each.metric}": each for each in touched if each.kind == "rate_limit"}
    if not limits:
        return {}
    return {
        "RateLimit-Policy": ", ".join(_policy(name, limit) for name, limit in limits.items()),
        "RateLimit": ", ".join(_standing(name, limit) for name, limit in limits.items()),
    }


def _policy(name: str, limit: Quota) -> str:
    unit = f';qu="{UNITS[limit.metric]}"' if limit.metric in UNITS else ""
    length = limit.window
    window = f";w={math.ceil(length)}" if length is not None else ""
    return f'"{name}";q={_whole(limit, limit.limit)}{unit}{window}'


def _standing(name: str, limit: Quota) -> str:
    seconds = limit.resets_in
    resets = f";t={math.ceil(seconds)}" if seconds is not None else ""
    return f'"{name}";r={_whole(limit, limit.left)}{resets}'


def _whole(limit: Quota, amount: Decimal) -> int:
    return int(amount * 100 if limit.metric == "usd" else amount)
