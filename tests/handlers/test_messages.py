"""What is told of a job: which event, and a message that obeys the contract and stays small."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from generated.models import VideoEvent, WebhookEventType, WebhookTestEvent
from handlers.jobs import states
from handlers.jobs.messages import event_of, message, message_of_test
from tests.handlers.test_ledger import job

BASE = "https://video.example"
NOW = datetime(2026, 11, 20, 8, 1, 1, 204000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "deleted", "event"),
    [
        (states.COMPLETED, False, "video.completed"),
        (states.FAILED, False, "video.failed"),
        (states.UNKNOWN, False, "video.failed"),
        (states.COMPLETED, True, "video.deleted"),
        (states.FAILED, True, "video.deleted"),
    ],
)
def test_the_event_is_what_callers_see_of_the_job(state: str, deleted: bool, event: str) -> None:
    assert event_of(job(state=state, deleted_at=NOW if deleted else None)).value == event


def test_a_finished_video_is_told_with_links_and_without_media() -> None:
    done = job(
        id="video_1", state=states.COMPLETED, created_at=NOW - timedelta(minutes=1), completed_at=NOW, updated_at=NOW
    )
    assert json.loads(message(done, WebhookEventType.video_completed, BASE)) == {
        "type": "video.completed",
        "timestamp": "2026-11-20T08:01:01.204000Z",
        "data": {
            "id": "video_1",
            "object": "video",
            "model": "runway/gen4.5",
            "status": "completed",
            "created_at": 1795161601,
            "completed_at": 1795161661,
            "url": f"{BASE}/v1/videos/video_1",
            "content_url": f"{BASE}/v1/videos/video_1/content",
        },
    }


def test_a_failure_says_why_and_has_no_file() -> None:
    failed = job(state=states.FAILED, error={"code": "content_filtered", "message": "No."}, completed_at=NOW)
    event = VideoEvent.model_validate_json(message(failed, WebhookEventType.video_failed, BASE))
    assert event.data.error.code == "content_filtered"
    assert "content_url" not in event.data.model_dump()


def test_a_create_whose_outcome_was_never_learned_says_so() -> None:
    event = VideoEvent.model_validate_json(message(job(state=states.UNKNOWN), WebhookEventType.video_failed, BASE))
    assert (event.data.status, event.data.error.code) == ("failed", "submission_unknown")


@pytest.mark.parametrize("text", ["x" * 1_000_000, "\0" * 1_000_000, "😀" * 1_000_000, '"' * 1_000_000])
def test_a_message_stays_below_20_kb_whatever_the_provider_says(text: str) -> None:
    told = message(job(state=states.FAILED, error={"code": "c", "message": text}), WebhookEventType.video_failed, BASE)
    assert len(told.encode()) < 20_000
    assert VideoEvent.model_validate_json(told).data.error.message in text


def test_a_test_names_its_endpoint() -> None:
    event = WebhookTestEvent.model_validate_json(message_of_test("webhook_1", NOW))
    assert (event.type, event.timestamp, event.data.webhook_id) == ("webhook.test", NOW, "webhook_1")
