"""What providers call when a job is done: it is asked about at once. Whatever they send is not believed."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from handlers.jobs.tables import WOKEN
from tests.gateway import Gateway, new_database, running
from tests.handlers.wire import configured, dsn, standalone_sandbox

MODEL = "replicate/bytedance/seedance-2.0"
NEVER = 600.0  # seconds between two questions: nobody asks of their own accord while a test runs


def asked_to_call(upstream: Path) -> list[str | None]:
    """The webhooks that the provider was given, in the order of its tasks."""
    with sqlite3.connect(upstream / "sandbox.sqlite3") as connection:
        rows = connection.execute("SELECT request FROM tasks ORDER BY number").fetchall()
    return [json.loads(request).get("webhook") for (request,) in rows]


def call(gateway: Gateway, webhook: str | None, **kwargs: Any) -> int:
    """As the provider does: without a credential."""
    assert webhook is not None
    return gateway.ask("POST", urlsplit(webhook).path, key=None, **kwargs).status_code


def test_a_job_is_asked_about_when_its_provider_calls(tmp_path: Path) -> None:
    database = new_database()
    with standalone_sandbox(tmp_path / "upstream", job_seconds=1) as upstream:
        settings = {"poll_seconds": NEVER, "public_url": "https://gateway.test/"}
        providers = configured(replicate=f"{upstream}/replicate/v1")
        with (
            running(tmp_path, database, providers, **settings) as follower,
            running(tmp_path, database, providers, worker=False, **settings) as other,
        ):
            job = follower.create(model=MODEL)
            (webhook,) = asked_to_call(tmp_path / "upstream")
            assert webhook == f"https://gateway.test/api/wake/{job['id']}"
            assert call(other, webhook, json={"status": "succeeded", "output": "http://lies.test"}) == 204
            assert other.ask("GET", f"/v1/videos/{job['id']}").json()["status"] != "completed", "it is not, yet"
            time.sleep(1.2)  # the provider's job takes a second
            assert call(other, webhook, data=b"\x00 nothing that anybody reads") == 204
            assert other.finished(job["id"])["status"] == "completed"
            assert call(other, webhook) == 204


def test_nobody_is_woken_by_what_is_no_id(session_gateway: Gateway) -> None:
    """Every process is told of a wake, so strangers may not choose the words."""
    ours = f"video_{1:026}"
    with psycopg.connect(dsn(session_gateway), autocommit=True) as connection:
        connection.execute(f"LISTEN {WOKEN}".encode())
        for said in (f"{ours}%0A", f"{ours}%00", f"{ours}x", "%00", "video_1", "x" * 9000, ours.upper(), ours):
            assert session_gateway.ask("POST", f"/api/wake/{said}", key=None).status_code < 500, said
        woken = [each.payload for each in connection.notifies(timeout=10, stop_after=1)]
    assert woken == [ours]


def test_without_a_public_address_nobody_is_told_to_call(tmp_path: Path) -> None:
    with (
        standalone_sandbox(tmp_path / "upstream") as upstream,
        running(tmp_path, configuration=configured(replicate=f"{upstream}/replicate/v1")) as gateway,
    ):
        gateway.create(model=MODEL)
        gateway.create(model=MODEL, webhook="https://mine.test/hook")
    assert asked_to_call(tmp_path / "upstream") == [None, "https://mine.test/hook"]


@pytest.mark.parametrize(("video_id", "status"), [(f"video_{0:026}", 204), ("video_1", 400), ("x:y", 400)])
def test_the_answer_tells_nothing(gateway: Gateway, video_id: str, status: int) -> None:
    assert gateway.ask("POST", f"/api/wake/{video_id}", key=None).status_code == status
