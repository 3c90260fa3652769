"""Webhooks, from the end of a job to a receiver that verifies them: real receivers, the official verifier, real processes."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
import standardwebhooks

from generated import models
from generated.client import Client
from handlers import logs
from handlers.jobs import sending
from tests.gateway import ALICE, BOB, Gateway, judge, judge_webhook, new_database, running
from tests.handlers.test_tracking import QUICK, until
from tests.handlers.wire import (
    CUT,
    SERVE,
    Origin,
    Received,
    Steps,
    configured,
    dsn,
    origin,
    process,
    reply,
    standalone_sandbox,
)

FAST = "a paper boat [sandbox:no-render]"
OK = [reply(204)]
ANSWERS_IN = 1.0  # seconds that a receiver has, in these tests
PAUSES = (0.3, 0.4)  # seconds between attempts
PRIVATE: dict[str, Any] = {"webhook_private": True, "webhook_retries": PAUSES}


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, seconds in (("TIMEOUT", ANSWERS_IN), ("SWEEP", 0.1), ("LOOK", 0.1)):
            patch.setattr(sending, name, seconds)
        yield


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("webhooks"), sandbox_job_seconds=0.2, **PRIVATE) as gateway:
        yield gateway


@pytest.fixture
def gateway(shared: Gateway) -> Iterator[Gateway]:
    before = len(shared.exchanges)
    yield shared
    forget_endpoints(shared)
    judge(shared, shared.exchanges[before:])


def forget_endpoints(gateway: Gateway) -> None:
    for key in (ALICE, BOB):
        for webhook in gateway.ask("GET", "/api/webhooks", key).json()["webhooks"]:
            assert gateway.ask("DELETE", f"/api/webhooks/{webhook['id']}", key).status_code == 200


@dataclass
class Receiver:
    """Answers as listed, the last for ever."""

    answers: list[Steps]
    under_way: int = 0
    most: int = field(default=0, init=False)

    def __call__(self, received: Received) -> Steps:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            yield from answer
        finally:
            self.under_way -= 1


@contextlib.contextmanager
def receiver(*answers: Steps) -> Iterator[Origin]:
    with origin(Receiver(list(answers or [OK]))) as there:
        yield there


@dataclass(frozen=True)
class Endpoint:
    """A registered endpoint."""

    gateway: Gateway
    id: str
    secret: str
    key: str = ALICE

    @property
    def path(self) -> str:
        return f"/api/webhooks/{self.id}"

    def ask(self, method: str, path: str = "", **body: Any) -> dict[str, Any]:
        answer = self.gateway.ask(method, self.path + path, self.key, **({"json": body} if body else {}))
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def deliveries(self, status: str | None = None) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.ask("GET", f"/deliveries?{f'status={status}' if status else ''}")[
            "deliveries"
        ]
        return listed

    def ended(self, status: str, patience: float = 10) -> dict[str, Any]:
        """Its one delivery, once it has ended so."""
        (delivery,) = until(lambda: self.deliveries(status), patience)
        return dict(delivery)


def register(gateway: Gateway, url: str | None = None, key: str = ALICE, **body: Any) -> Endpoint:
    answer = gateway.ask("POST", "/api/webhooks", key, json={**({"url": url} if url is not None else {}), **body})
    assert answer.status_code == 200, answer.text
    return Endpoint(gateway, answer.json()["webhook"]["id"], answer.json()["secret"], key)


def refusal(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def messages(there: Origin, secret: str, count: int, patience: float = 10) -> list[models.VideoEvent]:
    """The first `count` messages of a receiver, each of which the official verifier and the contract accept."""
    until(lambda: len(there.received) >= count, patience)
    return [event(received, secret) for received in there.received[:count]]


def event(received: Received, secret: str) -> models.VideoEvent:
    standardwebhooks.Webhook(secret).verify(received.body, received.headers)
    judge_webhook(received.headers, received.body)
    assert (received.method, received.headers["content-type"]) == ("POST", "application/json")
    assert received.headers["user-agent"] == "reelgate"
    return models.VideoEvent.model_validate_json(received.body)


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
            assert refusal(gateway.ask(method, path, None, json=body)) == (401, "unauthorized")


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
        remix = gateway.ask("POST", f"/v1/videos/{created['id']}/remix", json={"prompt": "in snow", "webhook_url": url})
        assert remix.status_code == 200
        form = {name: (None, value) for name, value in (("model", "openai/x"), ("prompt", "x"), ("webhook_url", url))}
        assert gateway.ask("POST", "/v1/videos", files=form).status_code == 200
        assert len([received for received in there.received if received.method == "POST"]) == 3
        assert not any(b"own" in received.body or b"webhook" in received.body for received in there.received)
        listed = gateway.ask("GET", "/api/webhooks").json()["webhooks"]
        own = Endpoint(gateway, listed[0]["id"], "")
        until(lambda: len(own.deliveries("failed")) == 3)


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
sending.TIMEOUT, sending.SWEEP, sending.LOOK = {ANSWERS_IN}, 0.1, 0.1
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
