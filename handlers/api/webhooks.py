"""The operations of the tag Webhooks, in the document's order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from generated import models
from generated.routes import Answer

from ..access.callers import Caller
from ..context import base_url
from ..jobs.deliveries import DELIVERED, Deliveries, Delivery
from ..jobs.sending import Sending
from ..jobs.webhooks import Endpoint, Endpoints


class Webhooks:
    def __init__(self, endpoints: Endpoints, deliveries: Deliveries, sending: Sending) -> None:
        self._endpoints = endpoints
        self._deliveries = deliveries
        self._sending = sending

    async def webhook_list(self, caller: Caller) -> Answer[models.WebhookListResponse]:
        listed = [webhook(endpoint) for endpoint in await self._endpoints.all(caller.name)]
        return Answer(models.WebhookListResponse(webhooks=listed, count=len(listed)))

    async def webhook_create(
        self, caller: Caller, body: models.WebhookCreateRequest
    ) -> Answer[models.WebhookSecretResponse]:
        endpoint, secret = await self._endpoints.create(caller.name, base_url.get(), body.model_dump(mode="json"))
        message = "The webhook was created. Keep its secret; it is not shown again."
        return Answer(models.WebhookSecretResponse(message=message, webhook=webhook(endpoint), secret=secret))

    async def webhook_retrieve(self, caller: Caller, webhook_id: str) -> Answer[models.Webhook]:
        return Answer(webhook(await self._endpoints.get(caller.name, webhook_id)))

    async def webhook_update(
        self, caller: Caller, webhook_id: str, body: models.WebhookUpdateRequest
    ) -> Answer[models.WebhookResponse]:
        endpoint = await self._endpoints.change(caller.name, webhook_id, body.model_dump(mode="json"))
        return Answer(models.WebhookResponse(message="The webhook was updated.", webhook=webhook(endpoint)))

    async def webhook_delete(self, caller: Caller, webhook_id: str) -> Answer[models.WebhookDeleteResponse]:
        await self._endpoints.delete(caller.name, webhook_id)
        return Answer(models.WebhookDeleteResponse(message="The webhook was deleted."))

    async def webhook_rotate_secret(
        self, caller: Caller, webhook_id: str, body: models.WebhookRotateSecretRequest | None = None
    ) -> Answer[models.WebhookSecretResponse]:
        asked = body or models.WebhookRotateSecretRequest()
        grace = timedelta(seconds=asked.grace_seconds)
        endpoint, secret = await self._endpoints.rotate(caller.name, webhook_id, grace)
        message = "The webhook has a new secret. Keep it; it is not shown again."
        return Answer(models.WebhookSecretResponse(message=message, webhook=webhook(endpoint), secret=secret))

    async def webhook_test(self, caller: Caller, webhook_id: str) -> Answer[models.WebhookDeliveryResponse]:
        tested = await self._sending.test(await self._endpoints.get(caller.name, webhook_id))
        message = f"The test event was {'delivered' if tested.status == DELIVERED else 'not delivered'}."
        return Answer(models.WebhookDeliveryResponse(message=message, delivery=delivery(tested)))

    async def webhook_delivery_list(
        self,
        caller: Caller,
        webhook_id: str,
        status: Literal["pending", "delivered", "failed", "cancelled"] | None = None,
        after: str | None = None,
        limit: int = 20,
    ) -> Answer[models.WebhookDeliveryListResponse]:
        endpoint = await self._endpoints.get(caller.name, webhook_id)
        page, has_more = await self._deliveries.page(endpoint, status=status, after=after, limit=limit)
        ends: dict[str, Any] = {"first_id": page[0].id, "last_id": page[-1].id} if page else {}
        listed = [delivery(each) for each in page]
        return Answer(models.WebhookDeliveryListResponse(deliveries=listed, has_more=has_more, **ends))

    async def webhook_redeliver(self, caller: Caller, delivery_id: str) -> Answer[models.WebhookDeliveryResponse]:
        begun = await self._deliveries.again(caller.name, delivery_id)
        message = "The event is being delivered again."
        return Answer(models.WebhookDeliveryResponse(message=message, delivery=delivery(begun)))


def webhook(endpoint: Endpoint) -> models.Webhook:
    """A row of `webhooks` -> the contract's endpoint."""
    known = {
        "url": endpoint.url,
        "description": endpoint.description,
        "disabled_reason": endpoint.disabled_reason,
    }
    return models.Webhook(
        id=endpoint.id,
        events=[models.WebhookEventType(event) for event in endpoint.events],
        enabled=endpoint.enabled,
        created_at=int(endpoint.created_at.timestamp()),
        updated_at=int(endpoint.updated_at.timestamp()),
        **{name: value for name, value in known.items() if value is not None},
    )


def delivery(row: Delivery) -> models.WebhookDelivery:
    """A row of `webhook_deliveries` -> the contract's delivery."""
    known: dict[str, Any] = {
        "video_id": row.video_id,
        "next_attempt_at": int(row.next_at.timestamp()) if row.next_at is not None else None,
    }
    return models.WebhookDelivery(
        id=row.id,
        webhook_id=row.webhook_id,
        event=row.event,
        url=row.url,
        status=models.WebhookDeliveryStatus(row.status),
        attempts=[models.WebhookAttempt(**attempt) for attempt in row.attempts],
        created_at=int(row.created_at.timestamp()),
        **{name: value for name, value in known.items() if value is not None},
    )
