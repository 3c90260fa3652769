"""`Prefer: wait=N`: one request instead of many."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from handlers.api.waiting import LONGEST, seconds
from tests.gateway import Gateway

FAST = "waited for [sandbox:no-render]"


@pytest.mark.parametrize(
    ("prefer", "expected"),
    [
        (None, None),
        ("", None),
        ("respond-async", None),
        ("wait=10", 10),
        ("WAIT = 10", 10),
        ('wait="10"', 10),
        ("respond-async, wait=10; foo=bar", 10),
        ("wait=0", 0),
        ("wait=100000", LONGEST),
        ("wait", None),
        ("wait=soon", None),
        ("wait=-1", None),
        ("wait=1.5", None),
    ],
)
def test_the_preference_is_read_as_rfc_7240_writes_it(prefer: str | None, expected: int | None) -> None:
    assert seconds(prefer) == expected


def test_a_create_can_be_held_until_the_video_is_there(gateway: Gateway) -> None:
    body = {"model": "runway/gen4.5", "prompt": FAST}
    answer = gateway.ask("POST", "/v1/videos", json=body, headers={"Prefer": "wait=20"})
    assert (answer.status_code, answer.json()["status"]) == (200, "completed")
    assert answer.headers["preference-applied"] == "wait=20"
    assert "retry-after" not in answer.headers
    assert answer.json()["extra_fields"]["request_type"] == "video_generation"


def test_a_wait_ends_with_the_job_and_not_later(gateway: Gateway) -> None:
    video_id = gateway.create("[sandbox:slow=1] " + FAST)["id"]
    began = time.monotonic()
    answer = gateway.ask("GET", f"/v1/videos/{video_id}", headers={"Prefer": "wait=20"})
    assert answer.json()["status"] == "completed"
    assert time.monotonic() - began < 10


def test_a_wait_that_is_over_first_brings_the_job_as_it_is(gateway: Gateway) -> None:
    video_id = gateway.create("[sandbox:stuck] " + FAST)["id"]
    answer = gateway.ask("GET", f"/v1/videos/{video_id}", headers={"Prefer": "wait=1"})
    assert answer.json()["status"] in ("queued", "in_progress")
    assert answer.headers["retry-after"] and answer.headers["preference-applied"] == "wait=1"


def test_many_who_wait_for_one_job_cost_the_provider_nothing_more(gateway: Gateway) -> None:
    video_id = gateway.create("[sandbox:slow=2] " + FAST)["id"]
    before = gateway.stats()["runway"]["polls"]
    with ThreadPoolExecutor(40) as callers:
        ask = lambda _: gateway.ask("GET", f"/v1/videos/{video_id}", headers={"Prefer": "wait=20"}).json()  # noqa: E731
        assert {answer["status"] for answer in callers.map(ask, range(40))} == {"completed"}
    assert gateway.stats()["runway"]["polls"] - before < 100  # the pace of one follower, not of forty


def test_what_cannot_be_honoured_is_ignored(gateway: Gateway) -> None:
    video_id = gateway.create(FAST)["id"]
    answer = gateway.ask("GET", f"/v1/videos/{video_id}", headers={"Prefer": "handling=lenient"})
    assert answer.status_code == 200 and "preference-applied" not in answer.headers
