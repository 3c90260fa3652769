"""Who pays in a run: virtual keys of two teams of one customer, one of which is soon out of money."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import requests

ADMIN = ("admin", "admin-of-the-chaos")
PRICE = 0.25  # US dollars for a video, whoever makes it
PLENTY = 100_000
LITTLE = 5  # US dollars
POOR = 0.05  # of the creates are made with the key that has little
KEYS = 8  # with plenty


@dataclass(frozen=True)
class Purses:
    rich: Sequence[str]
    poor: str
    ids: Sequence[str]

    def one(self, chance: random.Random) -> str:
        """The virtual key of a create."""
        return self.poor if chance.random() < POOR else chance.choice(self.rich)


def purses(url: str) -> Purses:
    """At a server that is ready."""

    def make(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = requests.post(f"{url}/api/governance{path}", json=body, auth=ADMIN, timeout=30)
        assert answer.status_code == 200, answer.text
        return {name: made for name, made in answer.json().items() if isinstance(made, dict)}

    everywhere = {"scope_kind": "global", "match_type": "wildcard", "pattern": "*"}
    make("/pricing-overrides", {"name": "a video", **everywhere, "patch": {"usd_per_video": PRICE}})
    plenty = {"budgets": [{"max_limit": PLENTY}]}
    customer = make("/customers", {"name": "customer", **plenty})["customer"]["id"]
    limits = {
        "rate_limit": {"concurrent_max_limit": PLENTY, "request_max_limit": PLENTY, "request_reset_duration": "1Y"}
    }
    teams = [
        make("/teams", {"name": f"team {number}", "customer_id": customer, **plenty, **limits})["team"]["id"]
        for number in range(2)
    ]
    keys = []
    for number in range(KEYS + 1):
        budgets = [{"max_limit": PLENTY if number < KEYS else LITTLE}]
        asked = {"name": f"key {number}", "team_id": teams[number % 2], "allow_all_providers": True, "budgets": budgets}
        keys.append(make("/virtual-keys", asked)["virtual_key"])
    values = [key["value"] for key in keys]
    return Purses(values[:KEYS], values[KEYS], [key["id"] for key in keys])
