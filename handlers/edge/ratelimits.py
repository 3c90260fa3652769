"""The limits that a request touched, as headers: draft-ietf-httpapi-ratelimit-headers-10.

`RateLimit-Policy: "virtual_key-requests";q=100;w=3600` says how much there is in how many seconds, and `RateLimit:
"virtual_key-requests";r=42;t=1200` how much of it is left and when there is more. Quantities are whole numbers: requests, jobs at
once (`concurrent-requests`), seconds of video and US cents.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from ..context import Quota

UNITS = {"concurrent": "concurrent-requests", "seconds": "video-seconds", "usd": "usd-cents"}
"""Metric -> its quota unit; the others are the draft's default, `requests`."""


def told(touched: Sequence[Quota]) -> dict[str, str]:
    """The headers; none for budgets, which are no rate limits. A limit that was touched twice is told as it was last."""
    limits = {(each.scope, each.metric): each for each in touched if each.kind == "rate_limit"}
    if not limits:
        return {}
    return {
        "RateLimit-Policy": ", ".join([_policy(*name, each.limit, each.window) for name, each in limits.items()]),
        "RateLimit": ", ".join([_standing(*name, each.left, each.resets_in) for name, each in limits.items()]),
    }


@lru_cache(maxsize=10_000)
def _policy(scope: str, metric: str, limit: Decimal, seconds: float | None) -> str:
    unit = f';qu="{UNITS[metric]}"' if metric in UNITS else ""
    window = f";w={math.ceil(seconds)}" if seconds is not None else ""
    return f'"{scope}-{metric}";q={_whole(metric, limit)}{unit}{window}'


def _standing(scope: str, metric: str, left: Decimal, seconds: float | None) -> str:
    resets = f";t={math.ceil(seconds)}" if seconds is not None else ""
    return f'"{scope}-{metric}";r={_whole(metric, left)}{resets}'


def _whole(metric: str, amount: Decimal) -> int:
    return int(amount * 100 if metric == "usd" else amount)
