"""The table of docs/providers.md: what each provider can do, asked of the adapters, the catalogue and the prices.

    python -m docs.capabilities     (or `make docs`)

Nothing is stated here. Operations are the methods an adapter has. Inputs and sound stand in the catalogue; where it lists no
models, the adapter is handed a request, offline, and what it refuses it cannot do. Files are asked for in the same way.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import sys
from collections.abc import Awaitable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from generated.models import VideoGenerationRequest
from handlers.api.models import OPERATIONS
from handlers.errors import InvalidRequest, NotSent
from handlers.media.images import Image
from handlers.providers.adapter import Account, Adapter
from handlers.providers.catalog import Capabilities, Input, catalog
from handlers.providers.pricing import price_book
from handlers.providers.registry import PROVIDERS
from handlers.upstream import Reply, Upstream

PAGE = Path(__file__).with_name("providers.md")
BEGIN, END = "<!-- The table is written by `make docs`. -->", "<!-- Up to here. -->"

YES, NO, BY_MODEL = "✓", "–", "by model"
ANY_MODEL = "owner/name"
ANY_JOB = "projects/p/locations/l/publishers/google/models/m/operations/o"  # vertex reads the place off the name
PICTURE = Image(b"\x89PNG\r\n\x1a\n", "image/png")
MATERIAL: Mapping[Input, dict[str, Any]] = {
    "text": {},
    "image": {"input_reference": PICTURE.data_url},
    "video": {"video_uri": "https://example.org/boat.mp4"},
}
PICTURES = ("thumbnail", "spritesheet")


class Offline(Upstream):
    """Notes what would be sent, and sends nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.creates: list[bool] = []  # for each request, whether it would create something

    async def send(self, method: str, url: str, *, creates: bool = False, **_: Any) -> Reply:
        self.creates.append(creates)
        raise NotSent(f"{method} {url} is not sent")


def table(providers: Mapping[str, Adapter], models: Mapping[str, Mapping[str, Capabilities]]) -> str:
    """The table in Markdown. `models` is the catalogue."""
    words = [operation.value for operation in OPERATIONS]
    head = ["provider", *words, "inputs", "audio", "pictures", "cost", "models", "switched off"]
    rows = [_row(name, adapter, models.get(name, {})) for name, adapter in providers.items()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def _row(name: str, adapter: Adapter, models: Mapping[str, Capabilities]) -> list[str]:
    return [
        f"[{name}](#{name})",
        *(YES if adapter.supports(method) else NO for method in OPERATIONS.values()),
        inputs(adapter, models),
        sound(adapter, models),
        ", ".join(picture for picture in PICTURES if picture in adapter.variants) or NO,
        ", ".join(cost(adapter)) or NO,
        "any" if adapter.open_models else str(len(models)),
        retired(models),
    ]


def inputs(adapter: Adapter, models: Mapping[str, Capabilities]) -> str:
    """What at least one of its models makes a video from."""
    if models:
        taken = {each for can in models.values() for each in can.inputs}
        return ", ".join(each for each in MATERIAL if each in taken)
    answers = {each: _tried(adapter, fields) for each, fields in MATERIAL.items()}
    if BY_MODEL in answers.values():
        return BY_MODEL
    return ", ".join(each for each, answer in answers.items() if answer == YES)


def sound(adapter: Adapter, models: Mapping[str, Capabilities]) -> str:
    """Whether `audio` is taken by at least one of its models."""
    if models:
        return YES if any(can.audio for can in models.values()) else NO
    return _tried(adapter, {"audio": True})


def cost(adapter: Adapter) -> list[str]:
    """Where the cost of a job stands: in the job, if code of the adapter fills `cost_usd`; as list prices in pricing.yaml."""
    own = {kind.__module__ for kind in type(adapter).__mro__ if issubclass(kind, Adapter)}
    used = {str(getattr(value, "__module__", "")) for module in own for value in vars(sys.modules[module]).values()}
    ours = {module for module in own | used if module.startswith("handlers.providers.")}
    told = any(_fills(module, "cost_usd") for module in ours)
    listed = bool(price_book().vendors[adapter.name].models)
    return [word for word, holds in (("job", told), ("list", listed)) if holds]


def retired(models: Mapping[str, Capabilities]) -> str:
    """How many models the vendor has switched off, and when."""
    days: dict[date, int] = {}
    for can in models.values():
        if can.retired is not None:
            days[can.retired.since] = days.get(can.retired.since, 0) + 1
    return ", ".join(f"{count} on {day}" for day, count in sorted(days.items())) or NO


def _fills(module: str, field: str) -> bool:
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return any(isinstance(node, ast.keyword) and node.arg == field for node in ast.walk(tree))


def _tried(adapter: Adapter, fields: Mapping[str, Any]) -> str:
    """Whether the adapter takes a request with these fields. BY_MODEL: it would ask the provider about the model first."""
    http = Offline()
    request = VideoGenerationRequest(model=f"{adapter.name}/{ANY_MODEL}", prompt="A paper boat", **fields)
    image = PICTURE if "input_reference" in fields else None
    refused = _refused(adapter.generate(_account(adapter, http), ANY_MODEL, request, image), InvalidRequest)
    if refused:
        return NO
    return YES if http.creates[0] else BY_MODEL


def _refused(asked: Awaitable[object], refusal: type[Exception]) -> bool:
    """Whether the adapter refuses of its own accord, without having asked the provider."""

    async def ask() -> bool:
        try:
            await asked
        except refusal:
            return True
        except NotSent:
            return False
        return False

    return asyncio.run(ask())


def _account(adapter: Adapter, http: Upstream) -> Account:
    secret, options = SecretStr(adapter.sandbox_secret), adapter.sandbox_options
    return Account(adapter.name, "docs", secret, "http://provider.invalid", http, options=options)


def written(page: str) -> str:
    """The page with the table as it should be."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table(PROVIDERS, catalog())}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
