"""Test data for schemathesis: what the document cannot know.

Whether a request is well formed stands in openapi.yaml; which models exist, and what each of them can do, is configuration. So
a well-formed create whose model exists is made one that this model can honour, and half of those whose model does not exist
get one that does, so that there are videos to poll, download, remix and delete. Ill-formed requests are left as they are, and
every check runs on everything.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

import requests
import schemathesis

MODELS = {
    "openai/sora-2": {"prompt", "seconds", "size"},
    "runway/gen4.5": {"prompt", "seconds", "size", "seed"},
    "runway/veo3.1": {"prompt", "seconds", "size", "seed", "audio", "negative_prompt"},
}
"""Model -> the fields it takes beside `model`."""

PROVIDERS = {f"{model.partition('/')[0]}/" for model in MODELS}

KEY = "sandbox"  # the name of the one provider key there is

FITTING = {"seconds": "4", "size": "1280x720", "seed": 7}
PATIENCE = 3.0  # seconds for one video in eight to be finished, so that there are files to download
FAST = " [sandbox:no-render]"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    if case.meta is None or not case.meta.generation.mode.is_positive or not isinstance(case.body, dict):
        return
    if "Idempotency-Key" in (case.headers or {}):
        case.headers["Idempotency-Key"] = uuid.uuid4().hex  # of another request it would rightly be refused
    for header in ("x-bf-api-key", "x-bf-api-key-id"):
        if header in (case.headers or {}):
            case.headers[header] = KEY
    if case.operation.definition.raw.get("operationId") == "videoRemix":
        case.body = {"prompt": plain(case.body["prompt"])}
    elif case.operation.definition.raw.get("operationId") == "videoGeneration":
        model = case.body["model"]
        if model not in MODELS:
            if not model.startswith(tuple(PROVIDERS)) and len(case.body["prompt"]) % 2:
                return
            model = list(MODELS)[len(str(case.body)) % len(MODELS)]
        kept = {name: FITTING.get(name, value) for name, value in case.body.items() if name in MODELS[model]}
        case.body = {**kept, "model": model, "prompt": plain(kept["prompt"])}


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Wait for some of the videos that were made to be finished."""
    if response.status_code != 200 or case.method != "POST" or hash(response.content) % 8:
        return
    url, headers = f"{case.operation.base_url}/v1/videos/{response.json()['id']}", response.request.headers
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        polled = requests.get(url, headers={"Authorization": headers.get("Authorization", "")}, timeout=5)
        if polled.status_code != 200 or polled.json()["status"] in ("completed", "failed"):
            return
        time.sleep(0.05)


def plain(prompt: Any) -> str:
    """A prompt that every model takes, and that asks the sandbox for no trouble."""
    return str(prompt).replace("[sandbox:", "(")[:200] + FAST
