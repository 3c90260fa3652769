"""What the tests have in common that take a provider through the whole gateway, over HTTP, against its emulator."""

from __future__ import annotations

import base64
from typing import Any

import requests

from tests.gateway import Gateway

QUICK = "a paper boat [sandbox:no-render]"


def ended(model: str, gateway: Gateway, prompt: str = QUICK, /, **body: Any) -> dict[str, Any]:
    """A job of the model, unless the body names another, once it has ended."""
    return gateway.finished(gateway.create(prompt, **{"model": model, **body})["id"])


def content(gateway: Gateway, job: dict[str, Any], query: str = "", **headers: str) -> requests.Response:
    return gateway.ask("GET", f"/v1/videos/{job['id']}/content{query}", headers=headers)


def data_url(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
