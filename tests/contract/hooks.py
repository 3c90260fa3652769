"""Test data for schemathesis: what the document cannot know.

Whether a request is well formed stands in openapi.yaml; which models exist, and what each of them can do, is configuration. So
a well-formed create whose model exists is made one that this model can honour, and half of those whose model does not exist
get one that does, so that there are videos to poll, download, remix and delete. Ill-formed requests are left as they are, and
every check runs on everything.
"""

from __future__ import annotations

import os
import time
import uuid
from typing import Any

import requests
import schemathesis

from handlers.providers.registry import PROVIDERS as VENDORS

MODELS = {
    "openai/sora-2": {"prompt", "seconds", "size"},
    "runway/gen4.5": {"prompt", "seconds", "size", "seed"},
    "runway/veo3.1": {"prompt", "seconds", "size", "seed", "audio", "negative_prompt"},
}
"""Model -> the fields it takes beside `model`."""

PROVIDERS = {f"{model.partition('/')[0]}/" for model in MODELS}

KEY = "sandbox"  # the name of the one provider key there is

MADE_BY = {"videoGeneration", "videoRemix"}
FITTING = {"seconds": "4", "size": "1280x720", "seed": 7}
PATIENCE = 3.0  # seconds for one video in eight to be finished, so that there are files to download
FAST = " [sandbox:no-render]"

RECEIVER = "http://127.0.0.1:9/"  # where nobody listens
OTHER_CALLERS = {
    "virtualKeyQuota": os.environ.get("REELGATE_VIRTUAL_KEY"),  # an admin has no quota
}
"""Operation -> the credential with which an admin calls it."""

CONDITIONS = {"If-Match": "*", "If-Unmodified-Since": "Fri, 31 Dec 9999 23:59:59 GMT"}
TIMES = {"start_time", "end_time"}
"""Parameters beside which a period would be a second time."""

EVERYWHERE = {"webhook_url"}  # fields that every model takes


def provider(body: dict[str, Any]) -> dict[str, Any]:
    """A provider that can be called: at an address that is one, with keys that have values and names of their own."""
    fitting = {name: value for name, value in body.items() if name not in ("proxy_config", "custom_provider_config")}
    network = {"base_url": RECEIVER, "default_request_timeout_in_seconds": 1}
    fitting["network_config"] = network | {"extra_headers": dict.fromkeys(_headers(body), "a value")}
    if "keys" in body:
        fitting["keys"] = list({each["name"]: provider_key(each) for each in body["keys"]}.values())
    if "name" in body and body["name"] not in VENDORS:
        fitting["custom_provider_config"] = {"base_provider_type": "openai"}
    return fitting


def _headers(body: dict[str, Any]) -> list[str]:
    return list(body.get("network_config", {}).get("extra_headers", {}))


def provider_key(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if not name.endswith("_key_config")} | {"value": "a secret"}


PROVIDER_BODIES = {
    "providerCreate": provider,
    "providerUpdate": provider,
    "providerKeyCreate": provider_key,
    "providerKeyUpdate": provider_key,
}
"""Operation -> what makes a well-formed body one that this gateway can honour."""


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    credential = OTHER_CALLERS.get(case.operation.definition.raw.get("operationId"))
    if credential and str((case.headers or {}).get("Authorization", "")).endswith(os.environ["REELGATE_API_KEY"]):
        case.headers["Authorization"] = f"Bearer {credential}"
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    fulfillable(case)
    if not isinstance(case.body, dict):
        return
    if "Idempotency-Key" in (case.headers or {}):
        case.headers["Idempotency-Key"] = uuid.uuid4().hex  # of another request it would rightly be refused
    for header in ("x-bf-api-key", "x-bf-api-key-id"):
        if header in (case.headers or {}):
            case.headers[header] = KEY
    possible(case.body)
    if case.operation.path.startswith("/api/governance/pricing-overrides"):
        priced(case.body)
    elif case.operation.path == "/api/governance/virtual-keys/{vk_id}" and owners(case.body):
        case.body |= {"team_id": None, "customer_id": None} | dict(owners(case.body)[:1])  # it may have the other
    for name in {"url", "webhook_url"} & case.body.keys():  # which hosts are safe is not for the document to say
        case.body[name] = RECEIVER
    operation = case.operation.definition.raw.get("operationId")
    if operation in PROVIDER_BODIES:
        case.body = PROVIDER_BODIES[operation](case.body)
    elif operation == "videoRemix":
        heard = {name: case.body[name] for name in EVERYWHERE if name in case.body}
        case.body = {**heard, "prompt": plain(case.body["prompt"])}
    elif operation == "videoGeneration":
        model = case.body["model"]
        if model not in MODELS:
            if not model.startswith(tuple(PROVIDERS)) and len(case.body["prompt"]) % 2:
                case.body.pop("input_reference", None)  # it is looked at first, and is seldom a picture
                return
            model = list(MODELS)[len(str(case.body)) % len(MODELS)]
        kept = {
            name: FITTING.get(name, value) for name, value in case.body.items() if name in MODELS[model] | EVERYWHERE
        }
        case.body = {**kept, "model": model, "prompt": plain(kept["prompt"])}


def fulfillable(case: Any) -> None:
    """Conditions that hold, and one time instead of two: what parameters mean together is not for their schemas to say."""
    for header, always in CONDITIONS.items():
        if header in (case.headers or {}):
            case.headers[header] = always
    if case.query and TIMES & case.query.keys():
        case.query.pop("period", None)


def possible(body: dict[str, Any]) -> None:
    """A body of governance -> one that contradicts itself in nothing, which takes more than a schema to say."""
    if body.get("team_id") and body.get("customer_id"):
        body["customer_id"] = None
    if "provider_configs" in body:
        body["provider_configs"] = once(body["provider_configs"], "provider")
    for config in body.get("provider_configs", []):
        for name in ("allowed_models", "blacklisted_models"):
            if name in config:
                config[name] = [model.replace("regex:", "") or "*" for model in config[name]]
    for owner in (body, *body.get("provider_configs", []), *keyed(body)):
        if "budgets" in owner:
            owner["budgets"] = once(owner["budgets"], "reset_duration")
        if owner.get("rate_limit"):
            owner["rate_limit"] = paired(owner["rate_limit"])


def owners(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, body[name]) for name in ("team_id", "customer_id") if body.get(name)]


def priced(body: dict[str, Any]) -> None:
    """A pricing override for everybody that says one price."""
    for name in ("provider", "provider_key", "virtual_key_id"):
        body.pop(name, None)
    body |= {"scope_kind": "global", "match_type": "exact"}
    if "patch" in body:
        said = [name for name in body["patch"] if name not in ("resolution", "audio")]
        besides = {name: value for name, value in body["patch"].items() if name not in said}
        body["patch"] = besides | ({said[0]: body["patch"][said[0]]} if said else {"usd_per_second": 0.1})


def paired(limits: dict[str, Any]) -> dict[str, Any]:
    """Limits, each with its duration: schemathesis does not heed `dependentRequired`."""
    for name in ("request", "seconds", "cost", "poll"):
        both = {f"{name}_max_limit", f"{name}_reset_duration"}
        if not both <= limits.keys():
            limits = {each: value for each, value in limits.items() if each not in both}
    return limits or {"concurrent_max_limit": 1000}


def keyed(body: dict[str, Any]) -> list[dict[str, Any]]:
    """What a provider's keys have of their own."""
    keys = body.get("keys")
    return list(keys.values()) if isinstance(keys, dict) else []


def once(items: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Of the items that say the same there, the last."""
    return list({item.get(name): item for item in items}.values())


@schemathesis.check
def for_admins_only(context: Any, response: Any, case: Any) -> None:
    """What the document keeps for admins is done for nobody else."""
    security = case.operation.definition.raw.get("security") or []
    kept = any("admin" in roles for scheme in security for roles in scheme.values())
    if kept and os.environ["REELGATE_ROLE"] == "tenant":
        assert response.status_code >= 400, f"a tenant is answered {response.status_code}"


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Wait for some of the videos that were made to be finished; make room when there are too many endpoints."""
    operation = case.operation.definition.raw.get("operationId")
    base, credential = case.operation.base_url, {"Authorization": response.request.headers.get("Authorization", "")}
    if operation == "webhookCreate" and response.status_code == 409:
        for webhook in requests.get(f"{base}/api/webhooks", headers=credential, timeout=5).json()["webhooks"]:
            requests.delete(f"{base}/api/webhooks/{webhook['id']}", headers=credential, timeout=5)
    if operation not in MADE_BY or response.status_code != 200 or hash(response.content) % 8:
        return
    url = f"{base}/v1/videos/{response.json()['id']}"
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        polled = requests.get(url, headers=credential, timeout=5)
        if polled.status_code != 200 or polled.json()["status"] in ("completed", "failed"):
            return
        time.sleep(0.05)


def plain(prompt: Any) -> str:
    """A prompt that every model takes, and that asks the sandbox for no trouble."""
    return str(prompt).replace("[sandbox:", "(")[:200] + FAST
