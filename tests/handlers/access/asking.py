"""For every operation of the document a request that is as it should be, on objects that are there to be thrown away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote

import psycopg
import requests
import yaml
from ulid import ULID

from tests.gateway import ROOT, Gateway
from tests.handlers.access.cast import ADMIN, PASSWORD, SCOPE, Cast, basic, bearer
from tests.handlers.test_tracking import until
from tests.handlers.wire import dsn
from tests.judge import METHODS

QUICK = "a paper boat [sandbox:no-render]"
NO_ONE = "0" * 26
"""The ULID of nothing."""


@dataclass(frozen=True)
class Operation:
    """An operation as the document has it. `roles`: who may; None if everybody may, known or not."""

    id: str
    method: str
    template: str
    roles: frozenset[str] | None
    statuses: frozenset[str]
    takes_body: bool

    @property
    def for_admins(self) -> bool:
        return self.roles is not None and "admin" in self.roles

    def path(self, values: Mapping[str, str]) -> str:
        """The path with these parameters, which are encoded."""
        path = self.template
        for name, value in values.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        return path


def _operations() -> dict[str, Operation]:
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text())
    found = (
        Operation(
            operation["operationId"],
            method.upper(),
            template,
            _roles(operation.get("security", document["security"])),
            frozenset(operation["responses"]),
            "requestBody" in operation,
        )
        for template, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    )
    return {operation.id: operation for operation in found}


def _roles(security: list[dict[str, list[str]]]) -> frozenset[str] | None:
    """The roles are the same with every scheme, as test_credentials_are_the_same_everywhere says."""
    return frozenset(role for scheme in security for roles in scheme.values() for role in roles) if security else None


OPERATIONS = _operations()


@dataclass
class Ask:
    """What an operation is asked: path parameters, query and JSON."""

    values: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass
class Owner:
    """A caller who has one of each: a video, a webhook with a delivery, entries in the logs. `headers` are its credential."""

    gateway: Gateway
    headers: Mapping[str, str]
    receiver: str

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """An answer with 200."""
        answer = requests.request(method, self.gateway.url + path, json=body, headers=self.headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def new_video(self, model: str = "runway/gen4.5") -> dict[str, Any]:
        made: dict[str, Any] = self.ask("POST", "/v1/videos", {"model": model, "prompt": QUICK})
        return made

    @cached_property
    def video(self) -> dict[str, Any]:
        """Completed, at a provider that can remix."""
        made = self.new_video("openai/sora-2")
        until(lambda: self.ask("GET", f"/v1/videos/{made['id']}")["status"] == "completed", 30)
        return made

    @cached_property
    def native_id(self) -> str:
        """What the provider calls the video."""
        with psycopg.connect(dsn(self.gateway)) as connection:
            row = connection.execute("SELECT native_id FROM jobs WHERE id = %s", (self.video["id"],)).fetchone()
        assert row is not None
        return str(row[0])

    def new_webhook(self) -> str:
        asked = {"url": self.receiver, "events": ["video.failed"]}
        made: str = self.ask("POST", "/api/webhooks", asked)["webhook"]["id"]
        return made

    @cached_property
    def webhook(self) -> str:
        return self.new_webhook()

    @cached_property
    def delivery(self) -> str:
        return self.new_delivery()

    def new_delivery(self) -> str:
        """A message that has been delivered."""
        made: str = self.ask("POST", f"/api/webhooks/{self.webhook}/test")["delivery"]["id"]
        return made

    @cached_property
    def log(self) -> str:
        """An entry about a request of its own."""
        assert self.video
        entries = until(lambda: self.ask("GET", f"/api/logs?video_id={self.video['id']}")["logs"], 20)
        found: str = entries[0]["id"]
        return found


class Stage:
    """What there is to ask for: owners with their objects, and what only admins handle, new for each request."""

    def __init__(self, gateway: Gateway, cast: Cast, receiver: str, keys: Mapping[str, str]) -> None:
        """`keys`: the name of an owner -> the credential to make its objects with."""
        self.cast = cast
        self.owners = {name: Owner(gateway, bearer("", key), receiver) for name, key in keys.items()}
        self.owners[ADMIN] = Owner(gateway, basic(ADMIN, PASSWORD), receiver)
        narrow = cast.keys[SCOPE]
        self.narrowed = Owner(gateway, bearer("", narrow["value"]), receiver)
        assert self.narrowed.video  # which it may not make any more
        cast.admin("PUT", f"/api/governance/virtual-keys/{narrow['id']}", {"allow_all_providers": False})

    def new(self, what: str, path: str, **asked: Any) -> dict[str, Any]:
        """A new object of the governance."""
        body = {"name": unique(what.replace("_", "-")), **asked}
        made: dict[str, Any] = self.cast.admin("POST", f"/api/governance/{path}", body)[what]
        return made

    def key(self, **asked: Any) -> dict[str, Any]:
        return self.new("virtual_key", "virtual-keys", **asked)

    def budget(self, *, raised: bool = False) -> dict[str, str]:
        """The parameters of a budget, with an override if it is `raised`."""
        made = self.key(budgets=[{"max_limit": 5, "reset_duration": "1d"}])
        names = {"vk_id": made["id"], "budget_id": made["budgets"][0]["id"]}
        if raised:
            path = f"/api/governance/virtual-keys/{names['vk_id']}/budgets/{names['budget_id']}/override"
            self.cast.admin("PUT", path, MORE)
        return names

    def override(self) -> dict[str, str]:
        made = self.new("pricing_override", "pricing-overrides", **_override())
        return {"pricing_override_id": made["id"]}

    def provider(self) -> dict[str, Any]:
        made: dict[str, Any] = self.cast.admin("POST", "/api/providers", _provider())["provider"]
        return made

    def provider_key(self) -> dict[str, str]:
        made = self.provider()
        return {"provider": made["name"], "key_id": made["keys"][0]["id"]}


def unique(name: str) -> str:
    return f"{name}-{ULID()}".lower()


MORE = {"amount": 1, "mode": "forever"}


def _provider() -> dict[str, Any]:
    return {
        "name": unique("studio"),
        "custom_provider_config": {"base_provider_type": "openai"},
        "network_config": {"base_url": "http://127.0.0.1:1"},
        "keys": [{"name": "main", "value": unique("sk")}],
    }


def _override() -> dict[str, Any]:
    return {
        "scope_kind": "provider",
        "provider": unique("studio"),
        "match_type": "exact",
        "pattern": "gen4.5",
        "patch": {"usd_per_second": 0.1},
    }


def _video(owner: Owner) -> dict[str, str]:
    return {"video_id": owner.video["id"]}


def _webhook(owner: Owner) -> dict[str, str]:
    return {"webhook_id": owner.webhook}


def _group(stage: Stage, what: str) -> dict[str, str]:
    return {f"{what}_id": stage.new(what, f"{what}s")["id"]}


def _provider_name(stage: Stage) -> dict[str, str]:
    return {"provider": stage.provider()["name"]}


Asking = Callable[[Stage, Owner], Ask]


def plain(_: Stage, __: Owner) -> Ask:
    return Ask()


ASKING: dict[str, Asking] = {
    "videoGeneration": lambda _, __: Ask(body={"model": "runway/gen4.5", "prompt": QUICK}),
    "videoList": lambda _, owner: Ask(query={"after": owner.video["id"]}),
    "videoRetrieve": lambda _, owner: Ask(_video(owner)),
    "videoDelete": lambda _, owner: Ask({"video_id": owner.new_video()["id"]}),
    "videoEvents": lambda _, owner: Ask(_video(owner)),
    "videoDownload": lambda _, owner: Ask(_video(owner)),
    "videoContentHead": lambda _, owner: Ask(_video(owner)),
    "videoRemix": lambda _, owner: Ask(_video(owner), body={"prompt": QUICK}),
    "modelList": plain,
    "webhookList": plain,
    "webhookCreate": lambda _, owner: Ask(body={"url": owner.receiver, "events": ["video.failed"]}),
    "webhookRetrieve": lambda _, owner: Ask(_webhook(owner)),
    "webhookUpdate": lambda _, owner: Ask(_webhook(owner), body={"description": "a note"}),
    "webhookDelete": lambda _, owner: Ask({"webhook_id": owner.new_webhook()}),
    "webhookRotateSecret": lambda _, owner: Ask(_webhook(owner), body={}),
    "webhookTest": lambda _, owner: Ask(_webhook(owner)),
    "webhookDeliveryList": lambda _, owner: Ask(_webhook(owner)),
    "webhookRedeliver": lambda _, owner: Ask({"delivery_id": owner.new_delivery()}),
    "virtualKeyList": plain,
    "virtualKeyCreate": lambda _, __: Ask(body={"name": unique("key")}),
    "virtualKeyQuota": plain,
    "virtualKeyRotateMany": lambda stage, _: Ask(body={"ids": [stage.key()["id"]]}),
    "virtualKeyRetrieve": lambda stage, _: Ask({"vk_id": stage.key()["id"]}),
    "virtualKeyUpdate": lambda stage, _: Ask({"vk_id": stage.key()["id"]}, body={"is_active": False}),
    "virtualKeyDelete": lambda stage, _: Ask({"vk_id": stage.key()["id"]}),
    "virtualKeyRotate": lambda stage, _: Ask({"vk_id": stage.key()["id"]}, body={}),
    "budgetOverrideSet": lambda stage, _: Ask(stage.budget(), body=MORE),
    "budgetOverrideDelete": lambda stage, _: Ask(stage.budget(raised=True)),
    "teamList": plain,
    "teamCreate": lambda _, __: Ask(body={"name": unique("team")}),
    "teamRetrieve": lambda stage, _: Ask(_group(stage, "team")),
    "teamUpdate": lambda stage, _: Ask(_group(stage, "team"), body={"name": unique("team")}),
    "teamDelete": lambda stage, _: Ask(_group(stage, "team")),
    "customerList": plain,
    "customerCreate": lambda _, __: Ask(body={"name": unique("customer")}),
    "customerRetrieve": lambda stage, _: Ask(_group(stage, "customer")),
    "customerUpdate": lambda stage, _: Ask(_group(stage, "customer"), body={"name": unique("customer")}),
    "customerDelete": lambda stage, _: Ask(_group(stage, "customer")),
    "budgetList": plain,
    "rateLimitList": plain,
    "providerLimitsList": plain,
    "providerLimitsUpdate": lambda _, __: Ask({"provider": "runway"}, body={"budgets": []}),
    "pricingOverrideList": plain,
    "pricingOverrideCreate": lambda _, __: Ask(body={"name": unique("price"), **_override()}),
    "pricingOverrideRetrieve": lambda stage, _: Ask(stage.override()),
    "pricingOverrideUpdate": lambda stage, _: Ask(stage.override(), body={"name": unique("price"), **_override()}),
    "pricingOverrideDelete": lambda stage, _: Ask(stage.override()),
    "sessionLogin": lambda _, __: Ask(body={"username": ADMIN, "password": PASSWORD}),
    "sessionLogout": plain,
    "sessionIsAuthEnabled": plain,
    "logList": plain,
    "logDelete": lambda _, __: Ask(body={"ids": [f"log_{NO_ONE}"]}),
    "logStats": plain,
    "logFilterdata": plain,
    "logHistogram": plain,
    "logCostHistogram": plain,
    "logDropped": plain,
    "logRetrieve": lambda _, owner: Ask({"log_id": owner.log}),
    "providerList": plain,
    "providerCreate": lambda _, __: Ask(body=_provider()),
    "providerRetrieve": lambda stage, _: Ask(_provider_name(stage)),
    "providerUpdate": lambda stage, _: Ask(_provider_name(stage), body={"send_back_raw_request": True}),
    "providerDelete": lambda stage, _: Ask(_provider_name(stage)),
    "providerKeyList": lambda stage, _: Ask(_provider_name(stage)),
    "providerKeyCreate": lambda stage, _: Ask(_provider_name(stage), body={"name": "more", "value": unique("sk")}),
    "providerKeyRetrieve": lambda stage, _: Ask(stage.provider_key()),
    "providerKeyUpdate": lambda stage, _: Ask(stage.provider_key(), body={"weight": 2}),
    "providerKeyDelete": lambda stage, _: Ask(stage.provider_key(), {"force": "true"}),
    "keyList": plain,
    "servedModelList": plain,
    "configRetrieve": plain,
    "configUpdate": lambda _, __: Ask(body={"client": {}}),
    "versionRetrieve": plain,
    "providerWake": lambda _, owner: Ask(_video(owner)),
    "health": plain,
}
"""Operation -> a request that its owner may make, and that changes nothing for anybody else."""

IDS: dict[str, Callable[[Owner], list[str]]] = {
    "video_id": lambda owner: spelled(owner.video["id"], owner.native_id),
    "after": lambda owner: [owner.video["id"]],
    "webhook_id": lambda owner: [owner.webhook],
    "delivery_id": lambda owner: [owner.delivery],
    "log_id": lambda owner: [owner.log],
}
"""Parameter that names something of a tenant's -> what it is called, in every spelling."""


def spelled(name: str, native: str) -> list[str]:
    """The spellings of the id of a video of OpenAI's, those first that are its own."""
    return [
        *(name, f"{name}:openai", f"{native}:openai"),
        *(name.upper(), f" {name}", f"{name} ", f"{name}:", f"{name}:runway", native, name.removeprefix("video_")),
    ]
