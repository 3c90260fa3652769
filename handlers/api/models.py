"""The operation of the tag Models."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from generated import models
from generated.routes import Answer

from ..access.callers import Caller
from ..access.directory import Directory
from ..providers.catalog import Capabilities
from ..providers.pricing import Order, Price, PriceBook
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
    def __init__(self, registry: Registry, directory: Directory) -> None:
        self._registry = registry
        self._directory = directory

    async def model_list(self, caller: Caller) -> Answer[models.ModelListResponse]:
        book, grant = await self._directory.prices(), caller.grant
        listed = [
            model(provider, name, can, book, grant.id if grant is not None else None)
            for provider in self._registry
            for name, can in sorted(provider.usable_models().items())
            if grant is None or grant.allows(provider.name, name, provider.adapter.names)
        ]
        return Answer(models.ModelListResponse(object="list", data=listed))


def model(
    provider: Provider, name: str, can: Capabilities, book: PriceBook, virtual_key_id: str | None = None
) -> models.Model:
    """An entry of the catalogue -> the contract's model, with the prices that hold for this virtual key."""
    limits: dict[str, Any] = {
        "seconds": can.seconds,
        "sizes": sorted({*can.sizes, *(can.image_sizes or ())}) if can.sizes is not None else None,
        "default_seconds": can.default_seconds,
        "default_size": can.default_size,
    }
    order = Order(provider.name, name, virtual_key_id=virtual_key_id, naming=provider.adapter.names)
    prices = [_price(price) for price in book.prices(provider.priced_as, order)]
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


def _price(price: Price) -> models.ModelPrice:
    return models.ModelPrice.model_validate(_with_numbers(price.model_dump(exclude_none=True)))


def _with_numbers(said: Mapping[str, Any]) -> dict[str, Any]:
    """Decimals become what JSON calls a number, also in objects within."""
    numbers = {name: float(value) for name, value in said.items() if isinstance(value, Decimal)}
    objects = {name: _with_numbers(value) for name, value in said.items() if isinstance(value, dict)}
    return {**said, **numbers, **objects}
