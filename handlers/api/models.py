"""The operation of the tag Models."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from generated import models
from generated.routes import Answer

from ..access.callers import Caller
from ..providers.catalog import Capabilities
from ..providers.registry import Provider, Registry

OPERATIONS = {
    models.ModelOperation.generate: "generate",
    models.ModelOperation.retrieve: "retrieve",
    models.ModelOperation.download: "source",
    models.ModelOperation.delete: "delete",
    models.ModelOperation.remix: "remix",
}
"""The contract's word -> the adapter's."""


class Models:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def model_list(self, caller: Caller) -> Answer[models.ModelListResponse]:
        listed = [
            model(provider, name, can)
            for provider in self._registry
            for name, can in sorted(provider.usable_models().items())
        ]
        return Answer(models.ModelListResponse(object="list", data=listed))


def model(provider: Provider, name: str, can: Capabilities) -> models.Model:
    """An entry of the catalogue -> the contract's model."""
    limits: dict[str, Any] = {
        "seconds": can.seconds,
        "sizes": sorted({*can.sizes, *(can.image_sizes or ())}) if can.sizes is not None else None,
        "default_seconds": can.default_seconds,
        "default_size": can.default_size,
    }
    prices = [models.ModelPrice(**price.model_dump(exclude_none=True)) for price in can.prices]
    return models.Model(
        id=f"{provider.name}/{name}",
        object="model",
        created=int(datetime.combine(can.confirmed, time(), UTC).timestamp()) if can.confirmed is not None else 0,
        owned_by=provider.name,
        capabilities=models.ModelCapabilities(
            operations=[word for word, method in OPERATIONS.items() if provider.supports(method)],
            inputs=[word for word in models.ModelInput if word.value in can.inputs],
            audio=can.audio,
            seed=can.seed,
            negative_prompt=can.negative_prompt,
            **{name: value for name, value in limits.items() if value is not None},
        ),
        **({"pricing": prices} if prices else {}),
    )
