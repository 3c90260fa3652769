"""A key that is revoked while an answer waits: nothing of what comes later is told."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.gateway import Gateway, judge, running
from tests.handlers.governance.admin import Admin
from tests.handlers.test_tracking import until

SLOW = "a paper boat [sandbox:no-render] [sandbox:slow=8]"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("revoking"), api_keys="") as gateway:
        yield gateway
        judge(gateway, gateway.exchanges)


@pytest.mark.parametrize("revoked", [True, False])
def test_a_stream_ends_with_its_key(gateway: Gateway, revoked: bool) -> None:
    admin = Admin(gateway)
    key = admin.key(allow_all_providers=True)
    video_id = gateway.create(SLOW, key=key["value"])["id"]
    with gateway.ask("GET", f"/v1/videos/{video_id}/events", key["value"], stream=True) as answer:
        lines = answer.iter_lines(chunk_size=1)
        until(lambda: next(lines).startswith(b"event: video."))
        if revoked:
            admin.does("DELETE", f"/virtual-keys/{key['id']}")
        rest = b"\n".join(lines)
    assert (b"event: video.completed" in rest) is not revoked


@pytest.mark.parametrize("revoked", [True, False])
def test_a_poll_that_waits_is_told_no_more_than_it_was_to_know(gateway: Gateway, revoked: bool) -> None:
    admin = Admin(gateway)
    key = admin.key(allow_all_providers=True)
    video_id = gateway.create(SLOW, key=key["value"])["id"]
    with ThreadPoolExecutor(1) as pool:
        wait = {"Prefer": "wait=30"}
        before = gateway.ask("GET", f"/v1/videos/{video_id}", key["value"]).json()["status"]
        polled = pool.submit(gateway.ask, "GET", f"/v1/videos/{video_id}", key["value"], headers=wait)
        until(lambda: polled.running())
        until(lambda: gateway.ask("GET", f"/v1/videos/{video_id}", key["value"]).json()["status"] == "in_progress", 20)
        if revoked:
            admin.does("DELETE", f"/virtual-keys/{key['id']}")
        answer = polled.result(40)
    assert answer.status_code == 200 and before != "completed"
    assert (answer.json()["status"] == "completed") is not revoked


def test_one_who_waits_is_asked_again_who_they_are(tmp_path: Path) -> None:
    """A key that is disabled is as good as one that is gone."""
    with running(tmp_path, api_keys="") as gateway:
        admin = Admin(gateway)
        key = admin.key(allow_all_providers=True)
        video_id = gateway.create(SLOW, key=key["value"])["id"]
        with gateway.ask("GET", f"/v1/videos/{video_id}/events", key["value"], stream=True) as answer:
            lines = answer.iter_lines(chunk_size=1)
            until(lambda: next(lines).startswith(b"event: video."))
            admin.does("PUT", f"/virtual-keys/{key['id']}", {"is_active": False})
            assert b"event: video.completed" not in b"\n".join(lines)
