"""A virtual key with a budget and limits of seconds and of jobs at once, and what they show; the books of a whole database."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

import psycopg
import requests

from tests.gateway import Gateway
from tests.handlers.governance.admin import Admin, unique
from tests.handlers.test_tracking import until
from tests.handlers.wire import dsn

PLENTY = 1000
SORA, PRO, GEN = "openai/sora-2", "openai/sora-2-pro", "runway/gen4.5"
FOUR_SECONDS = {"seconds": "4", "size": "1280x720"}
"""Of sora-2: USD 0.40."""


@dataclass(frozen=True)
class Spent:
    """What a meter shows."""

    used: Decimal
    held: Decimal


def spent(used: str, held: str = "0") -> Spent:
    return Spent(Decimal(used), Decimal(held))


def shown(gateway: Gateway, meter_id: str) -> Spent:
    with psycopg.connect(dsn(gateway)) as connection:
        row = connection.execute("SELECT used, held FROM meters WHERE id = %s", [meter_id]).fetchone()
    assert row is not None, meter_id
    return Spent(*row)


def settled(gateway: Gateway, video_id: str, patience: float = 60) -> Decimal | None:
    """What the job came to, once that is settled."""

    def closed() -> list[Decimal | None]:
        with psycopg.connect(dsn(gateway)) as connection:
            query = "SELECT cost_usd FROM jobs WHERE id = %s AND settled_at IS NOT NULL"
            return [cost for (cost,) in connection.execute(query, [video_id])]

    found: list[Decimal | None] = until(closed, patience)
    return found[0]


@dataclass(frozen=True)
class Purse:
    """A virtual key that may use everything, and spend `limit` dollars."""

    gateway: Gateway
    key: dict[str, Any]

    @classmethod
    def of(cls, gateway: Gateway, limit: float = PLENTY, **asked: Any) -> Self:
        limits = {"concurrent_max_limit": PLENTY, "seconds_max_limit": PLENTY, "seconds_reset_duration": "1Y"}
        full = {"allow_all_providers": True, "budgets": [{"max_limit": limit}], "rate_limit": limits, **asked}
        return cls(gateway, Admin(gateway).key(**full))

    @property
    def value(self) -> str:
        return str(self.key["value"])

    @property
    def budget(self) -> str:
        return str(self.key["budgets"][0]["id"])

    @property
    def usd(self) -> Spent:
        return shown(self.gateway, self.budget)

    def meter(self, metric: str) -> Spent:
        with psycopg.connect(dsn(self.gateway)) as connection:
            query = "SELECT used, held FROM meters WHERE scope_id = %s AND metric = %s AND kind = 'rate_limit'"
            row = connection.execute(query, [self.key["id"], metric]).fetchone()
        assert row is not None, metric
        return Spent(*row)

    def send(self, prompt: str, model: str = SORA, *, query: str = "", **body: Any) -> requests.Response:
        full = {"model": model, "prompt": prompt, **FOUR_SECONDS, **body}
        return self.gateway.ask("POST", f"/v1/videos{query}", self.value, json=full)

    def create(self, prompt: str, model: str = SORA, **body: Any) -> dict[str, Any]:
        answer = self.send(prompt, model, **body)
        assert answer.status_code == 200, answer.text
        created: dict[str, Any] = answer.json()
        return created

    def refused(self, prompt: str, model: str = SORA, **body: Any) -> tuple[int, str]:
        answer = self.send(prompt, model, **body)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["error"]["code"]

    def finished(self, video_id: str) -> dict[str, Any]:
        return self.gateway.finished(video_id, patience=60, key=self.value)

    def delete(self, video_id: str) -> str:
        """What became of it at the provider."""
        answer = self.gateway.ask("DELETE", f"/v1/videos/{video_id}", self.value)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["extra_fields"]["provider_outcome"])

    @property
    def jobs(self) -> list[str]:
        """The ids of its jobs, deleted ones too."""
        with psycopg.connect(dsn(self.gateway)) as connection:
            found = connection.execute("SELECT id FROM jobs WHERE owner = %s ORDER BY id", [self.key["id"]])
            return [job_id for (job_id,) in found]


def price(gateway: Gateway, provider: str, model: str = "*", **patch: Any) -> None:
    """Set a price for a provider's models."""
    override = {"name": unique("price"), "scope_kind": "provider", "provider": provider, "patch": patch}
    how = {"match_type": "wildcard" if model.endswith("*") else "exact", "pattern": model}
    Admin(gateway).does("POST", "/pricing-overrides", {**override, **how})
