"""What is told of a job: a small message in the form of Standard Webhooks, which links to the job and holds no media.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#payload-structure
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from generated import models
from generated.models import WebhookEventType

from .ledger import Job

MOST_TEXT = 2000  # characters of a provider's error that are told; a message stays below 20 kB


def event_of(job: Job) -> WebhookEventType:
    """What has just become of a job that has ended or was deleted."""
    if job.deleted_at is not None:
        return WebhookEventType.video_deleted
    done = job.status is models.VideoStatus.completed
    return WebhookEventType.video_completed if done else WebhookEventType.video_failed


def message(job: Job, event: WebhookEventType, base_url: str) -> str:
    """The event as JSON. Its links begin with `base_url`, which ends without a slash."""
    url = f"{base_url}/v1/videos/{job.id}"
    known: dict[str, Any] = {
        "completed_at": int(job.completed_at.timestamp()) if job.completed_at is not None else None,
        "error": _error(job),
        "content_url": f"{url}/content" if event is WebhookEventType.video_completed else None,
    }
    data = models.VideoEventData(
        id=job.id,
        object="video",
        model=f"{job.provider}/{job.model}",
        status=job.status,
        created_at=int(job.created_at.timestamp()),
        url=url,
        **{name: value for name, value in known.items() if value is not None},
    )
    return models.VideoEvent(type=event, timestamp=job.updated_at, data=data).model_dump_json()


def message_of_test(webhook_id: str, at: datetime) -> str:
    """A `webhook.test` event as JSON."""
    data = models.WebhookTestData(webhook_id=webhook_id)
    return models.WebhookTestEvent(type="webhook.test", timestamp=at, data=data).model_dump_json()


def _error(job: Job) -> models.VideoError | None:
    if job.reason is None:
        return None
    return models.VideoError(code=job.reason["code"][:MOST_TEXT], message=job.reason["message"][:MOST_TEXT])
