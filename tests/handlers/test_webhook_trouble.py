"""Webhooks when things go wrong: receivers that misbehave, URLs that lead inside, processes that are killed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import requests

from handlers import logs
from handlers.jobs import sending
from tests.gateway import ALICE, Gateway, judge, new_database, running
from tests.handlers.receivers import (
    ANSWERS_IN,
    FAST,
    OK,
    PAUSES,
    PRIVATE,
    Endpoint,
    Receiver,
    event,
    forget_endpoints,
    gateway,
    messages,
    quick,
    receiver,
    refusal,
    register,
    shared,
    until,
)
from tests.handlers.test_tracking import QUICK
from tests.handlers.wire import CUT, SERVE, Cable, Steps, configured, dsn, origin, process, reply, standalone_sandbox

__all__ = ["gateway", "quick", "shared"]


# ---- receivers that misbehave ---------------------------------------------------------------------------------------
def dripping(pause: float = 0.2) -> Steps:
    """An answer that never comes to its end, though something always comes."""
    yield b"HTTP/1.1 200 OK\r\n"
    for number in range(100):
        yield f"x-{number}: y\r\n".encode()
        yield pause


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param([reply(500)], id="500"),
        pytest.param([reply(404)], id="404"),
        pytest.param([ANSWERS_IN * 3, reply(200)], id="too late"),
        pytest.param([CUT], id="connection lost"),
        pytest.param([b"nonsense\r\n\r\n"], id="no HTTP"),
    ],
)
def test_what_was_not_received_is_sent_again_as_the_same_message(gateway: Gateway, answer: Steps) -> None:
    with receiver(answer, OK) as there:
        endpoint = register(gateway, there.url)
        gateway.create(FAST)
        messages(there, endpoint.secret, 2)
        assert len({each.headers["webhook-id"] for each in there.received}) == 1
        assert len({each.body for each in there.received}) == 1
        first, second = endpoint.ended("delivered")["attempts"]
        assert second["status_code"] == 204 and ("error" in first) != ("status_code" in first)


def test_a_receiver_that_drips_is_too_late(gateway: Gateway) -> None:
    with origin(lambda _: dripping()) as there:
        endpoint = register(gateway, there.url)
        gateway.create(FAST)
        failed = endpoint.ended("failed")
        assert len(failed["attempts"]) == len(PAUSES) + 1
        for attempt in failed["attempts"]:
            assert attempt["error"] and attempt["milliseconds"] <= 1000 * ANSWERS_IN + 300


def test_a_redirect_is_a_failure_and_is_not_followed(gateway: Gateway) -> None:
    with receiver() as target, receiver([reply(301, location=f"{target.url}/")]) as there:
        endpoint = register(gateway, there.url)
        gateway.create(FAST)
        failed = endpoint.ended("failed")
        assert [attempt["status_code"] for attempt in failed["attempts"]] == [301] * (len(PAUSES) + 1)
        assert target.received == []


def test_a_port_where_nobody_listens_is_a_failure(gateway: Gateway) -> None:
    with receiver() as there:
        pass
    endpoint = register(gateway, there.url)
    gateway.create(FAST)
    assert all("error" in attempt for attempt in endpoint.ended("failed")["attempts"])


def test_a_receiver_that_is_gone_is_disabled(gateway: Gateway) -> None:
    with receiver([reply(410)]) as there, receiver() as other:
        gone, well = register(gateway, there.url), register(gateway, other.url)
        gateway.create(FAST)
        until(lambda: not gone.ask("GET")["enabled"])
        assert "410" in gone.ask("GET")["disabled_reason"]
        assert [attempt["status_code"] for attempt in gone.ended("failed")["attempts"]] == [410]
        gateway.create(FAST)
        messages(other, well.secret, 2)
        assert len(there.received) == 1
        assert gone.ask("PUT", enabled=True)["webhook"] | {"updated_at": 0} == {
            "id": gone.id,
            "url": there.url,
            "events": ["video.completed", "video.failed", "video.deleted"],
            "enabled": True,
            "created_at": gone.ask("GET")["created_at"],
            "updated_at": 0,
        }


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_that_asks_for_time_gets_it(gateway: Gateway, status: int) -> None:
    with receiver([reply(status, retry_after="2")], OK) as there:
        endpoint = register(gateway, there.url)
        gateway.create(FAST)
        until(lambda: there.received)
        began = time.monotonic()
        messages(there, endpoint.secret, 2)
        assert 1.5 <= time.monotonic() - began <= 4


def test_an_error_that_lasts_is_given_up_and_stays_in_the_log(gateway: Gateway) -> None:
    with receiver([reply(500)]) as there:
        endpoint = register(gateway, there.url)
        gateway.create(FAST)
        failed = endpoint.ended("failed")
        assert [attempt["status_code"] for attempt in failed["attempts"]] == [500] * (len(PAUSES) + 1)
        assert "next_attempt_at" not in failed
        time.sleep(1)
        assert len(there.received) == len(PAUSES) + 1


def test_a_dead_receiver_with_much_to_come_keeps_no_other_waiting_and_gets_ten_at_a_time(gateway: Gateway) -> None:
    slow = Receiver([[ANSWERS_IN * 0.8, reply(500)]])
    with origin(slow) as there, receiver() as other:
        dead, well = register(gateway, there.url), register(gateway, other.url)
        with psycopg.connect(dsn(gateway), autocommit=True) as connection:
            connection.execute(
                """INSERT INTO webhook_deliveries (id, webhook_id, event, payload, status, tries, next_at, created_at)
                SELECT 'msg_' || lpad(n::text, 26, '0'), %s, 'video.failed', '{}', 'pending', 0, now(), now()
                FROM generate_series(1, 300) n""",
                [dead.id],
            )
        until(lambda: len(there.received) >= 10)
        gateway.create(FAST)
        messages(other, well.secret, 1, patience=3)
        time.sleep(ANSWERS_IN)
        assert slow.most == sending.IN_FLIGHT
        dead.ask("DELETE")


# ---- where nothing is sent ------------------------------------------------------------------------------------------
UNSAFE = [
    "http://studio.example/hook",
    "https://127.0.0.1/hook",
    "https://2130706433/hook",
    "https://[::1]/hook",
    "https://169.254.169.254/latest/meta-data",
    "https://localhost/hook",
    "https://metadata.google.internal/",
    "https://user:password@studio.example/hook",
    "https://studio.example:0/hook",
]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway as it is unless told otherwise."""
    with running(tmp_path_factory.mktemp("strict")) as gateway:
        yield gateway
        judge(gateway, gateway.exchanges)


@pytest.mark.parametrize("url", UNSAFE)
def test_an_unsafe_url_is_refused_wherever_it_is_named_and_leaves_no_trace(strict: Gateway, url: str) -> None:
    endpoint = register(strict, "https://studio.example/hook")
    before = strict.ask("GET", "/v1/videos").json()["data"], strict.stats()
    create = {"model": "runway/gen4.5", "prompt": FAST, "webhook_url": url}
    for method, path, sent, param in (
        ("POST", "/api/webhooks", {"json": {"url": url}}, "url"),
        ("PUT", endpoint.path, {"json": {"url": url}}, "url"),
        ("POST", "/v1/videos", {"json": create}, "webhook_url"),
        ("POST", "/v1/videos", {"files": {name: (None, value) for name, value in create.items()}}, "webhook_url"),
    ):
        answer = strict.ask(method, path, **sent)
        assert refusal(answer) == (400, "unsafe_url")
        assert answer.json()["error"]["param"] == param
    assert (strict.ask("GET", "/v1/videos").json()["data"], strict.stats()) == before
    (listed,) = strict.ask("GET", "/api/webhooks").json()["webhooks"]
    assert listed["url"] == "https://studio.example/hook"
    forget_endpoints(strict)


def test_a_url_is_judged_again_when_something_is_sent(tmp_path: Path, quick: None) -> None:
    database = new_database()
    with receiver() as there:
        with running(tmp_path, database, worker=False, **PRIVATE) as lenient:
            endpoint = register(lenient, there.url)
        with running(tmp_path, database, webhook_retries=(0.1,)) as gateway:
            endpoint = Endpoint(gateway, endpoint.id, endpoint.secret)
            gateway.create(FAST)
            failed = endpoint.ended("failed")
            assert len(failed["attempts"]) == 2 and all("https" in each["error"] for each in failed["attempts"])
            assert endpoint.ask("POST", "/test")["delivery"]["status"] == "failed"
            assert there.received == []
            judge(gateway, gateway.exchanges)


# ---- nothing is lost ------------------------------------------------------------------------------------------------
def test_a_job_does_not_end_without_its_event_being_written_down(gateway: Gateway) -> None:
    with receiver() as there, psycopg.connect(dsn(gateway), autocommit=True) as connection:
        endpoint = register(gateway, there.url)
        connection.execute("ALTER TABLE webhook_deliveries RENAME TO away")
        try:
            video = gateway.create(FAST)["id"]
            time.sleep(2)
            assert gateway.ask("GET", f"/v1/videos/{video}").json()["status"] in ("queued", "in_progress")
        finally:
            connection.execute("ALTER TABLE away RENAME TO webhook_deliveries")
        assert gateway.finished(video)["status"] == "completed"
        (told,) = messages(there, endpoint.secret, 1)
        assert told.data.id == video


WORK = (
    QUICK
    + f"""
from handlers.jobs import sending
sending.TIMEOUT, sending.LOOK = {ANSWERS_IN}, 0.1
"""
)


def test_a_process_that_is_killed_loses_no_message(tmp_path: Path) -> None:
    database = new_database()
    answers: list[Steps] = [*[[reply(500)]] * 3, *[[30.0]] * 5, OK]
    with (
        standalone_sandbox(tmp_path / "provider", job_seconds=0.2) as provider,
        running(tmp_path, database, configured(openai=f"{provider}/openai/v1"), worker=False, **PRIVATE) as gateway,
        receiver(*answers) as there,
    ):
        settings = {
            "DATABASE_URL": database,
            "REELGATE_DATA_DIR": str(tmp_path),
            "OPENAI_API_KEY": "sk-sandbox-own-secret",
            "OPENAI_BASE_URL": f"{provider}/openai/v1",
            "REELGATE_WEBHOOK_PRIVATE": "true",
            "REELGATE_WEBHOOK_RETRIES": "1,1,1,1",
        }
        work = WORK + "from handlers.server import work; from handlers.settings import load; work(load())"
        endpoint = register(gateway, there.url)
        with process(work, "worker is ready", tmp_path / "first.log", **settings) as (first, _):
            videos = {gateway.create(FAST, model="openai/sora-2")["id"] for _ in range(6)}
            until(lambda: len(there.received) >= 8)  # some have failed and wait, some are being sent
            first.kill()
            first.wait()
        assert len(endpoint.deliveries("delivered")) < 6
        with process(work, "worker is ready", tmp_path / "second.log", **settings):
            until(lambda: len(endpoint.deliveries("delivered")) == 6, 30)
        assert {each["video_id"] for each in endpoint.deliveries()} == videos
        assert all(each["attempts"][-1]["status_code"] == 204 for each in endpoint.deliveries())
        for received in there.received:
            event(received, endpoint.secret)
        judge(gateway, gateway.exchanges)


def test_an_endpoint_is_served_though_the_answer_to_its_claim_was_lost(tmp_path: Path) -> None:
    database = new_database()
    with (
        Cable(database).plugged_in() as cable,
        running(tmp_path, database, sandbox=True, worker=False, **PRIVATE) as gateway,
        running(tmp_path, cable.url, sandbox=True, **PRIVATE),
        receiver() as there,
        pytest.MonkeyPatch.context() as patch,
        psycopg.connect(database, autocommit=True) as connection,
    ):
        patch.setattr(sending, "COMPARE", 0.5)
        endpoint = register(gateway, there.url)
        cable.pull()  # a connection on which it was said before does not say it again in full
        cable.deafen = lambda said: b"UPDATE webhooks SET worker" in said
        cable.plug()
        gateway.ask("POST", f"{endpoint.path}/test")
        connection.execute("UPDATE webhook_deliveries SET status = 'pending', next_at = now()")
        until(lambda: connection.execute("SELECT id FROM webhooks WHERE worker IS NOT NULL").fetchone())
        cable.deafen = None
        until(lambda: len(there.received) == 2)


def test_a_server_that_is_killed_while_it_sends_goes_on_when_it_is_back(tmp_path: Path) -> None:
    settings = {
        "PORT": "0",
        "DATABASE_URL": new_database(),
        "REELGATE_DATA_DIR": str(tmp_path),
        "REELGATE_API_KEYS": f"alice:{ALICE}",
        "REELGATE_SANDBOX": "true",
        "REELGATE_SANDBOX_JOB_SECONDS": "0.2",
        "REELGATE_WEBHOOK_PRIVATE": "true",
        "REELGATE_WEBHOOK_RETRIES": "0.5",
    }
    headers = {"x-api-key": ALICE}
    with receiver([30.0], OK) as there:
        with process(WORK + SERVE, "is ready on", tmp_path / "log", **settings) as (server, line):
            url = line.split()[-1]
            made = requests.post(f"{url}/api/webhooks", json={"url": there.url}, headers=headers, timeout=10).json()
            body = {"model": "runway/gen4.5", "prompt": FAST}
            requests.post(f"{url}/v1/videos", json=body, headers=headers, timeout=10)
            until(lambda: there.received)
            server.kill()
        with process(WORK + SERVE, "is ready on", tmp_path / "log2", **settings):
            messages(there, made["secret"], 2, patience=20)
        assert len({each.headers["webhook-id"] for each in there.received}) == 1


# ---- what the log of the server says --------------------------------------------------------------------------------
def test_the_log_has_neither_secrets_nor_what_stands_in_urls(tmp_path: Path) -> None:
    logs.configure("info", "json")
    settings = {
        "PORT": "0",
        "DATABASE_URL": new_database(),
        "REELGATE_DATA_DIR": str(tmp_path),
        "REELGATE_SANDBOX": "true",
        "REELGATE_LOG_LEVEL": "debug",
        "REELGATE_LOG_FORMAT": "json",
        "REELGATE_WEBHOOK_PRIVATE": "true",
        "REELGATE_WEBHOOK_RETRIES": "0.1",
    }
    with receiver([reply(500, b"body-of-the-receiver")], OK) as there:
        with process(WORK + SERVE, "is ready on", tmp_path / "log", **settings) as (_, line):
            url = line.split()[-1]
            hook = {"url": f"{there.url}/path-sekret?token=query-sekret"}
            made = requests.post(f"{url}/api/webhooks", json=hook, timeout=10).json()
            body = {"model": "runway/gen4.5", "prompt": FAST, "webhook_url": f"{there.url}/own?token=query-sekret"}
            requests.post(f"{url}/v1/videos", json=body, timeout=10)
            until(lambda: len(there.received) >= 3)
        logged = (tmp_path / "log").read_text()
        assert made["webhook"]["id"] in logged and '"host": "127.0.0.1"' in logged.replace('"host":"', '"host": "')
        for secret in ("sekret", made["secret"], made["secret"].removeprefix("whsec_"), "body-of-the-receiver", "v1,"):
            assert secret not in logged
