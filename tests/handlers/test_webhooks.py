"""Webhooks, from the end of a job to a receiver that verifies them, and the endpoints and log behind them."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
import standardwebhooks

from generated import models
from generated.client import Client
from handlers.jobs import sending
from tests.gateway import ALICE, BOB, Gateway, judge, judge_webhook, new_database, running
from tests.handlers.receivers import (
    ANSWERS_IN,
    FAST,
    OK,
    PAUSES,
    PRIVATE,
    Endpoint,
    event,
    gateway,
    messages,
    quick,
    receiver,
    refusal,
    register,
    shared,
    until,
)
from tests.handlers.wire import Received, Steps, configured, dsn, origin, reply

__all__ = ["gateway", "quick", "shared"]


# ---- events ---------------------------------------------------------------------------------------------------------
def test_a_finished_video_is_told_and_its_links_lead_to_it(gateway: Gateway) -> None:
    with receiver() as there:
        endpoint = register(gateway, f"{there.url}/hook?token=t")
        video = gateway.create(FAST)["id"]
        (told,) = messages(there, endpoint.secret, 1)
        assert there.received[0].target == "/hook?token=t"
        assert (told.type, told.data.id, told.data.status) == ("video.completed", video, "completed")
        for url in (told.data.url, told.data.content_url):
            assert requests.get(str(url), headers={"x-api-key": ALICE}, timeout=10).status_code == 200
        delivery = endpoint.ended("delivered")
        assert (delivery["id"], delivery["video_id"]) == (there.received[0].headers["webhook-id"], video)
        (attempt,) = delivery["attempts"]
        assert attempt["status_code"] == 204 and 0 <= attempt["milliseconds"] < 1000 * ANSWERS_IN


def test_a_failed_video_is_told_with_the_reason(gateway: Gateway) -> None:
    with receiver() as there:
        endpoint = register(gateway, there.url)
        gateway.create(f"{FAST} [sandbox:fail]")
        (told,) = messages(there, endpoint.secret, 1)
        assert (told.type, told.data.status, told.data.error.code) == (
            "video.failed",
            "failed",
            "INTERNAL.BAD_OUTPUT.CODE01",
        )


def test_a_create_that_nobody_takes_is_a_job_that_has_failed(gateway: Gateway) -> None:
    with receiver() as there:
        endpoint = register(gateway, there.url)
        body = {"model": "runway/gen4.5", "prompt": f"{FAST} [sandbox:401]"}
        refused = gateway.ask("POST", "/v1/videos", json=body)
        assert refused.status_code == 502
        (told,) = messages(there, endpoint.secret, 1)
        assert (told.type, told.data.id) == ("video.failed", refused.json()["extra_fields"]["video_id"])


def test_a_running_job_that_is_deleted_has_no_other_event(gateway: Gateway) -> None:
    with receiver() as there:
        endpoint = register(gateway, there.url)
        video = gateway.create(f"{FAST} [sandbox:stuck]")["id"]
        assert gateway.ask("DELETE", f"/v1/videos/{video}").status_code == 200
        (told,) = messages(there, endpoint.secret, 1)
        assert (told.type, told.data.id) == ("video.deleted", video)
        time.sleep(0.5)
        assert len(there.received) == 1


def test_a_finished_job_that_is_deleted_has_two(gateway: Gateway) -> None:
    with receiver() as there:
        endpoint = register(gateway, there.url)
        video = gateway.create(FAST)["id"]
        messages(there, endpoint.secret, 1)
        assert gateway.ask("DELETE", f"/v1/videos/{video}").status_code == 200
        told = messages(there, endpoint.secret, 2)
        assert [each.type.value for each in told] == ["video.completed", "video.deleted"]
        assert told[1].data.status == "completed" and told[1].data.content_url is models.MISSING


def test_an_endpoint_is_told_only_of_what_it_asked_for_and_only_of_jobs_of_its_owner(gateway: Gateway) -> None:
    with receiver() as failures, receiver() as everything, receiver() as bobs:
        register(gateway, failures.url, events=["video.failed"])
        all_of_it = register(gateway, everything.url)
        register(gateway, bobs.url, BOB)
        gateway.create(FAST)
        gateway.create(f"{FAST} [sandbox:fail]")
        assert len(messages(everything, all_of_it.secret, 2)) == 2
        until(lambda: failures.received)
        time.sleep(0.3)
        assert [json.loads(each.body)["type"] for each in failures.received] == ["video.failed"]
        assert bobs.received == []


def test_an_unknown_create_is_told_when_nobody_will_ask_any_more(gateway: Gateway) -> None:
    with receiver() as there:
        endpoint = register(gateway, there.url)
        body = {"model": "runway/gen4.5", "prompt": f"{FAST} [sandbox:drop-after]"}
        answer = gateway.ask("POST", "/v1/videos", json=body)
        assert refusal(answer) == (504, "submission_unknown")
        (told,) = messages(there, endpoint.secret, 1)
        assert (told.type, told.data.error.code) == ("video.failed", "submission_unknown")


def test_links_begin_with_the_public_address_where_one_is_set(tmp_path: Path) -> None:
    with running(tmp_path, public_url="https://video.example/", **PRIVATE) as gateway, receiver() as there:
        endpoint = register(gateway, there.url)
        video = gateway.create(FAST)["id"]
        (told,) = messages(there, endpoint.secret, 1)
        assert told.data.url == f"https://video.example/v1/videos/{video}"


# ---- the log --------------------------------------------------------------------------------------------------------
def test_a_message_can_be_delivered_again_whatever_became_of_it(gateway: Gateway) -> None:
    with receiver(*[[reply(500)]] * (len(PAUSES) + 1), OK) as there:
        endpoint = register(gateway, there.url)
        gateway.create(FAST)
        failed = endpoint.ended("failed")
        again = gateway.ask("POST", f"/api/webhooks/deliveries/{failed['id']}/redeliver")
        assert again.json()["delivery"]["status"] == "pending"
        delivered = endpoint.ended("delivered", patience=3)
        assert delivered["id"] == failed["id"] and len(delivered["attempts"]) == len(PAUSES) + 2
        assert gateway.ask("POST", f"/api/webhooks/deliveries/{failed['id']}/redeliver").status_code == 200
        until(lambda: len(endpoint.ended("delivered")["attempts"]) == len(PAUSES) + 3)
        assert len({each.headers["webhook-id"] for each in there.received}) == 1


def test_what_waits_for_a_disabled_endpoint_is_cancelled_and_can_be_delivered_later(tmp_path: Path) -> None:
    with (
        running(tmp_path, webhook_private=True, webhook_retries=(3600.0,)) as gateway,
        receiver([reply(500)], OK) as there,
    ):
        endpoint = register(gateway, there.url)
        gateway.create(FAST)
        waiting = until(lambda: [each for each in endpoint.deliveries("pending") if each["attempts"]])[0]
        assert waiting["next_attempt_at"] > time.time() + 3000
        redeliver = f"/api/webhooks/deliveries/{waiting['id']}/redeliver"
        assert refusal(gateway.ask("POST", redeliver)) == (409, "delivery_pending")
        assert endpoint.ask("PUT", enabled=False)["webhook"]["enabled"] is False
        assert endpoint.ended("cancelled")["id"] == waiting["id"]
        assert refusal(gateway.ask("POST", redeliver)) == (409, "webhook_disabled")
        gateway.finished(gateway.create(FAST)["id"])
        assert len(endpoint.deliveries()) == 1
        endpoint.ask("PUT", enabled=True)
        assert gateway.ask("POST", redeliver).status_code == 200
        assert endpoint.ended("delivered")["id"] == waiting["id"]


def test_a_deleted_endpoint_gets_nothing_more(gateway: Gateway) -> None:
    with receiver([reply(500)]) as there:
        endpoint = register(gateway, there.url)
        gateway.create(FAST)
        until(lambda: there.received)
        assert "message" in endpoint.ask("DELETE")
        seen = len(there.received)
        time.sleep(sum(PAUSES) + 0.5)
        assert len(there.received) <= seen + 1  # one may have been on its way
        assert refusal(gateway.ask("GET", endpoint.path)) == (404, "webhook_not_found")
        assert refusal(gateway.ask("GET", f"{endpoint.path}/deliveries")) == (404, "webhook_not_found")


def test_the_log_has_pages(gateway: Gateway) -> None:
    with receiver() as there:
        endpoint = register(gateway, there.url)
        sent = [endpoint.ask("POST", "/test")["delivery"]["id"] for _ in range(5)]
        seen: list[str] = []
        page: dict[str, Any] = {"has_more": True}
        while page["has_more"]:
            after = f"&after={seen[-1]}" if seen else ""
            page = endpoint.ask("GET", f"/deliveries?limit=2{after}")
            seen += [each["id"] for each in page["deliveries"]]
            assert (page["first_id"], page["last_id"]) == (page["deliveries"][0]["id"], seen[-1])
        assert seen == sent[::-1]
        assert endpoint.ask("GET", "/deliveries?status=failed") == {"deliveries": [], "has_more": False}


def test_what_ended_long_ago_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PURGE", 0.0)
    with running(tmp_path, **PRIVATE, webhook_log_days=7) as gateway, receiver() as there:
        endpoint = register(gateway, there.url)
        with psycopg.connect(dsn(gateway), autocommit=True) as connection:
            for name, status, due in (("1", "failed", None), ("2", "pending", "2100-01-01")):
                connection.execute(
                    """INSERT INTO webhook_deliveries
                    (id, webhook_id, event, payload, status, tries, next_at, created_at)
                    VALUES (%s, %s, 'video.failed', '{}', %s, 0, %s, now())""",
                    [f"msg_{name:0>26}", endpoint.id, status, due],
                )
        endpoint.ask("POST", "/test")
        until(lambda: {each["event"] for each in endpoint.deliveries("delivered")} == {"webhook.test"})
        until(lambda: endpoint.deliveries("failed") == [])
        assert len(endpoint.deliveries("pending")) == 1


# ---- endpoints ------------------------------------------------------------------------------------------------------
def test_an_endpoint_is_shown_without_its_secret(gateway: Gateway) -> None:
    with Client(gateway.url, bearer=ALICE) as client:
        asked = models.WebhookCreateRequest(
            url="https://studio.example/hook",
            events=[models.WebhookEventType.video_failed],
            description="The render farm",
            enabled=False,
        )
        made = client.webhook_create(asked)
        assert made.secret.startswith("whsec_")
        assert (made.webhook.url, made.webhook.events) == (asked.url, asked.events)
        assert (made.webhook.description, made.webhook.enabled) == ("The render farm", False)
        shown = client.webhook_retrieve(made.webhook.id)
        assert shown == made.webhook
        assert made.secret not in gateway.ask("GET", "/api/webhooks").text
        assert client.webhook_list().count == 1
        change = models.WebhookUpdateRequest(url="https://studio.example/other", description="")
        changed = client.webhook_update(shown.id, change).webhook
        assert (changed.url, changed.description) == ("https://studio.example/other", "")
        assert (changed.events, changed.enabled) == (shown.events, False)
        client.webhook_delete(shown.id)
        assert client.webhook_list() == models.WebhookListResponse(webhooks=[], count=0)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"url": "ftp://studio.example"}, "url"),
        ({"url": "https://studio.example/" + "x" * 2048}, "url"),
        ({"url": None}, "url"),
        ({"events": []}, "events"),
        ({"events": ["video.completed", "video.completed"]}, "events"),
        ({"events": ["video.started"]}, "events.0"),
        ({"description": "two\nlines"}, "description"),
        ({"description": "nul \0"}, "description"),
        ({"enabled": "yes"}, "enabled"),
    ],
)
def test_what_the_contract_forbids_is_refused_by_name(gateway: Gateway, body: dict[str, Any], param: str) -> None:
    endpoint = register(gateway, "https://studio.example/hook")
    for method, path in (("POST", "/api/webhooks"), ("PUT", endpoint.path)):
        answer = gateway.ask(method, path, json=body)
        assert refusal(answer) == (400, "invalid_request")
        assert answer.json()["error"]["param"] == param
    assert refusal(gateway.ask("POST", "/api/webhooks", json={"event": ["video.failed"]})) == (400, "invalid_request")


def test_a_caller_has_at_most_fifty_endpoints_also_when_they_are_made_at_once(gateway: Gateway) -> None:
    def create(number: int) -> int:
        return gateway.ask("POST", "/api/webhooks", json={"url": f"https://studio.example/{number}"}).status_code

    with ThreadPoolExecutor(10) as callers:
        assert sorted(callers.map(create, range(60))) == [200] * 50 + [409] * 10
    full = gateway.ask("POST", "/api/webhooks", json={"url": "https://studio.example/"})
    assert refusal(full) == (409, "webhook_limit")
    assert register(gateway).secret  # the one without a URL is beside them
    assert register(gateway, "https://studio.example/", BOB).secret


def test_a_secret_is_rotated_with_grace(gateway: Gateway) -> None:
    with receiver() as there:
        endpoint = register(gateway, there.url)
        rotated = gateway.ask("POST", f"{endpoint.path}/rotate-secret")
        assert rotated.status_code == 200 and rotated.json()["secret"] != endpoint.secret
        gateway.create(FAST)
        for secret in (endpoint.secret, rotated.json()["secret"]):
            messages(there, secret, 1)
        at_once = endpoint.ask("POST", "/rotate-secret", grace_seconds=0)["secret"]
        gateway.create(FAST)
        until(lambda: len(there.received) == 2)
        event(there.received[1], at_once)
        for old in (endpoint.secret, rotated.json()["secret"]):
            with pytest.raises(standardwebhooks.WebhookVerificationError):
                event(there.received[1], old)


def secrets_of(gateway: Gateway) -> list[tuple[str, str | None]]:
    """What the database has of the secrets of endpoints."""
    with psycopg.connect(dsn(gateway)) as connection:
        return connection.execute("SELECT secret, old_secret FROM webhooks ORDER BY id").fetchall()


def test_secrets_are_sealed_where_there_is_a_key_and_those_from_before_are_read(tmp_path: Path) -> None:
    key = {"encryption_key": "a key of the tests, long enough"}
    with receiver() as there:
        database = new_database()
        with running(tmp_path, database, **PRIVATE) as gateway:
            old = register(gateway, f"{there.url}/old")
            assert secrets_of(gateway) == [(old.secret, None)]
        with running(tmp_path, database, **PRIVATE, **key) as gateway:
            old = replace(old, gateway=gateway)
            new = register(gateway, f"{there.url}/new")
            assert secrets_of(gateway)[0] == (old.secret, None) and secrets_of(gateway)[1][0].startswith("enc:")
            gateway.create(FAST)
            until(lambda: len(there.received) == 2)
            for received in there.received:
                event(received, (old if received.target == "/old" else new).secret)
            rotated = old.ask("POST", "/rotate-secret")["secret"]
            assert all(str(secret).startswith("enc:") for secret in secrets_of(gateway)[0])
            there.received.clear()
            gateway.create(FAST)
            until(lambda: len(there.received) == 2)
            (told,) = [received for received in there.received if received.target == "/old"]
            event(told, rotated)
            event(told, old.secret)
            judge(gateway, gateway.exchanges)


@pytest.mark.parametrize(
    "body", [b"null", b"[]", b'{"grace_seconds": 604801}', b'{"grace_seconds": -1}', b'{"grace": 1}']
)
def test_how_to_rotate_is_judged_by_the_contract_when_it_is_said(gateway: Gateway, body: bytes) -> None:
    endpoint = register(gateway, "https://studio.example/hook")
    answer = gateway.ask(
        "POST", f"{endpoint.path}/rotate-secret", data=body, headers={"Content-Type": "application/json"}
    )
    assert refusal(answer) == (400, "invalid_request")


def test_an_endpoint_can_be_tested_also_while_it_is_disabled(gateway: Gateway) -> None:
    with receiver(OK, [reply(500)], [ANSWERS_IN * 3], [reply(410)]) as there:
        endpoint = register(gateway, there.url, enabled=False)
        outcomes = [endpoint.ask("POST", "/test")["delivery"] for _ in range(4)]
        assert [each["status"] for each in outcomes] == ["delivered", "failed", "failed", "failed"]
        assert [each["attempts"][0].get("status_code") for each in outcomes] == [204, 500, None, 410]
        assert {each["event"] for each in outcomes} == {"webhook.test"}
        assert [each["id"] for each in endpoint.deliveries()] == [each["id"] for each in outcomes][::-1]
        for received in there.received:
            standardwebhooks.Webhook(endpoint.secret).verify(received.body, received.headers)
            judge_webhook(received.headers, received.body)
            assert models.WebhookTestEvent.model_validate_json(received.body).data.webhook_id == endpoint.id


def test_what_is_of_others_is_not_there(gateway: Gateway) -> None:
    with receiver() as there:
        alices = register(gateway, there.url)
        delivery = alices.ask("POST", "/test")["delivery"]["id"]
        asked: list[tuple[str, str, Any]] = [
            ("GET", alices.path, None),
            ("PUT", alices.path, {"enabled": False}),
            ("PUT", alices.path, {"url": "https://studio.example/"}),
            ("DELETE", alices.path, None),
            ("POST", f"{alices.path}/rotate-secret", None),
            ("POST", f"{alices.path}/test", None),
            ("GET", f"{alices.path}/deliveries", None),
        ]
        for method, path, body in asked:
            assert refusal(gateway.ask(method, path, BOB, json=body)) == (404, "webhook_not_found"), (method, path)
        redeliver = f"/api/webhooks/deliveries/{delivery}/redeliver"
        assert refusal(gateway.ask("POST", redeliver, BOB)) == (404, "delivery_not_found")
        assert gateway.ask("GET", "/api/webhooks", BOB).json() == {"webhooks": [], "count": 0}
        assert alices.ask("GET")["enabled"] and len(there.received) == 1
        for method, path, body in [*asked, ("GET", "/api/webhooks", None), ("POST", redeliver, None)]:
            assert refusal(gateway.ask(method, path, None, json=body)) == (401, "virtual_key_required")


# ---- jobs that name their own URL -----------------------------------------------------------------------------------
@pytest.mark.parametrize("form", [False, True])
def test_a_job_can_name_its_own_url(gateway: Gateway, form: bool) -> None:
    with receiver() as there:
        own = register(gateway)
        body = {"model": "runway/gen4.5", "prompt": FAST, "webhook_url": f"{there.url}/mine"}
        sent: dict[str, Any] = (
            {"files": {name: (None, value) for name, value in body.items()}} if form else {"json": body}
        )
        created = gateway.ask("POST", "/v1/videos", **sent).json()
        (told,) = messages(there, own.secret, 1)
        assert (told.data.id, there.received[0].target) == (created["id"], "/mine")
        assert own.ended("delivered")["url"] == f"{there.url}/mine"
        gateway.finished(gateway.create(FAST)["id"])
        assert len(there.received) == 1  # a job that names none is none of its business


def test_the_endpoint_for_such_jobs_comes_with_the_first_and_its_secret_by_rotating(gateway: Gateway) -> None:
    with receiver([reply(500)], OK) as there:
        gateway.create(FAST, webhook_url=there.url)
        until(lambda: there.received)
        (listed,) = gateway.ask("GET", "/api/webhooks").json()["webhooks"]
        assert "url" not in listed
        secret = gateway.ask("POST", f"/api/webhooks/{listed['id']}/rotate-secret").json()["secret"]
        until(lambda: len(there.received) == 2)
        event(there.received[1], secret)
        gateway.create(FAST, webhook_url=there.url)
        until(lambda: len(there.received) == 3)
        assert gateway.ask("GET", "/api/webhooks").json()["count"] == 1
        assert refusal(gateway.ask("POST", "/api/webhooks", json={})) == (409, "webhook_exists")


def test_what_needs_a_url_is_refused_where_there_is_none(gateway: Gateway) -> None:
    own = register(gateway)
    change = gateway.ask("PUT", own.path, json={"url": "https://studio.example/"})
    assert refusal(change) == (409, "webhook_without_url")
    assert refusal(gateway.ask("POST", f"{own.path}/test")) == (409, "webhook_without_url")


def test_one_url_that_is_gone_does_not_speak_for_the_others(gateway: Gateway) -> None:
    with receiver([reply(410)]) as gone, receiver() as there:
        own = register(gateway)
        gateway.create(FAST, webhook_url=gone.url)
        assert [attempt["status_code"] for attempt in own.ended("failed")["attempts"]] == [410]
        gateway.create(FAST, webhook_url=there.url)
        messages(there, own.secret, 1)


def test_a_create_that_is_sent_again_is_told_once(gateway: Gateway) -> None:
    with receiver() as there:
        body = {"model": "runway/gen4.5", "prompt": FAST, "webhook_url": there.url}
        answers = [
            gateway.ask("POST", "/v1/videos", json=body, headers={"Idempotency-Key": "webhook-once"}) for _ in range(2)
        ]
        assert len({answer.json()["id"] for answer in answers}) == 1
        until(lambda: there.received)
        time.sleep(0.5)
        assert len(there.received) == 1


def test_no_provider_hears_of_the_url(tmp_path: Path) -> None:
    def provider(received: Received) -> Steps:
        return [reply(200, b'{"id": "v1", "status": "completed"}')]

    with origin(provider) as there, running(tmp_path, configuration=configured(openai=there.url), **PRIVATE) as gateway:
        url = "http://127.0.0.1:9/own"
        created = gateway.create(FAST, model="openai/x", webhook_url=url)
        gateway.finished(created["id"])
        remix = gateway.ask("POST", f"/v1/videos/{created['id']}/remix", json={"prompt": "in snow", "webhook_url": url})
        assert remix.status_code == 200
        form = {name: (None, value) for name, value in (("model", "openai/x"), ("prompt", "x"), ("webhook_url", url))}
        assert gateway.ask("POST", "/v1/videos", files=form).status_code == 200
        assert len([received for received in there.received if received.method == "POST"]) == 3
        assert not any(b"own" in received.body or b"webhook" in received.body for received in there.received)
        listed = gateway.ask("GET", "/api/webhooks").json()["webhooks"]
        own = Endpoint(gateway, listed[0]["id"], "")
        until(lambda: len(own.deliveries("failed")) == 3)
