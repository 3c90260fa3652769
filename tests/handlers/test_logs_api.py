"""The logs: which requests and jobs have an entry, what is in it, who finds it and how, and for how long."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest

from generated.client import Client
from handlers.jobs import journal
from handlers.jobs.days import first_id
from tests.gateway import ALICE, BOB, Gateway, judge, new_database, running
from tests.handlers.wire import dsn

FAST = "a paper boat [sandbox:no-render]"
OPEN = "whatever"  # on an open gateway who shows a key that is none is an admin, as if they showed none


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("logs"), api_keys={}) as gateway:
        yield gateway


@pytest.fixture
def gateway(shared: Gateway) -> Iterator[Gateway]:
    before = len(shared.exchanges)
    yield shared
    judge(shared, shared.exchanges[before:])


def until(look: Callable[[], Any], patience: float = 10) -> Any:
    """What a look finds, once it finds something."""
    ends = time.monotonic() + patience
    while time.monotonic() < ends:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError("nothing was found")


def listed(gateway: Gateway, key: str | None = OPEN, **wanted: Any) -> list[dict[str, Any]]:
    answer = gateway.ask("GET", "/api/logs", key, params=wanted)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["logs"]
    return found


def one(gateway: Gateway, key: str | None = OPEN, **wanted: Any) -> dict[str, Any]:
    """The one entry that fits, once it is written."""
    (found,) = until(lambda: listed(gateway, key, **wanted))
    return dict(found)


def key_of(gateway: Gateway, name: str, *, disable: bool | None = None, team: str | None = None) -> tuple[str, str]:
    """A new virtual key that may do everything: its id and its value."""
    secret = f"sk-bf-{name}-0123456789"
    identity = f"vk_{hashlib.sha256(name.encode()).hexdigest()[:26]}"
    with psycopg.connect(dsn(gateway), autocommit=True) as connection:
        if team is not None:
            connection.execute("INSERT INTO teams (id, name) VALUES (%s, %s)", (team, team))
        connection.execute(
            "INSERT INTO virtual_keys (id, name, digest, hint, allow_all_providers, disable_content_logging, team_id)"
            " VALUES (%s, %s, %s, '6789', true, %s, %s)",
            (identity, name, hashlib.sha256(secret.encode()).digest(), disable, team),
        )
    return identity, secret


# ---- what has an entry ----------------------------------------------------------------------------------------------
def test_a_create_and_its_job_have_an_entry_each_and_the_video_joins_them(gateway: Gateway) -> None:
    video = gateway.create(FAST, key=OPEN, seconds=5)["id"]
    ended = gateway.finished(video, key=OPEN)
    request, job = (one(gateway, video_id=video, kind=kind) for kind in ("request", "job"))
    common = {
        "object": "video_generation",
        "owner": "local",
        "provider": "runway",
        "model": "gen4.5",
        "selected_key": "sandbox",
        "video_id": video,
        "seconds": 5.0,
    }
    assert common.items() <= request.items() and common.items() <= job.items()
    assert (request["status"], request["status_code"], request["content"]) == ("processing", 200, FAST)
    assert request["attempts"] == ended["extra_fields"].get("attempts", request["attempts"])
    assert [each["outcome"] for each in request["attempts"]] == ["accepted"]
    assert 0 < request["upstream_latency"] <= request["latency"] < job["latency"]
    assert (job["status"], job["cost"]) == ("success", ended["usage"]["cost"])
    assert "content" not in job and "cost" not in request and "status_code" not in job
    assert job["timestamp"] > request["timestamp"]


def test_a_job_that_fails_and_one_that_is_deleted_end_with_their_reasons(gateway: Gateway) -> None:
    failed = gateway.create(f"{FAST} [sandbox:fail]", key=OPEN)["id"]
    gateway.finished(failed, key=OPEN)
    entry = one(gateway, video_id=failed, kind="job")
    assert (entry["status"], entry["error_code"]) == ("error", "INTERNAL.BAD_OUTPUT.CODE01")
    running_on = gateway.create(f"{FAST} [sandbox:slow=30]", key=OPEN)["id"]
    assert gateway.ask("DELETE", f"/v1/videos/{running_on}", OPEN).status_code == 200
    assert one(gateway, video_id=running_on, kind="job")["error_code"] == "cancelled"
    assert one(gateway, video_id=running_on, objects="video_delete")["status"] == "success"


def test_a_job_that_is_deleted_after_its_end_has_ended_once(gateway: Gateway) -> None:
    video = gateway.create(FAST, key=OPEN)["id"]
    gateway.finished(video, key=OPEN)
    gateway.ask("DELETE", f"/v1/videos/{video}", OPEN)
    one(gateway, video_id=video, objects="video_delete")
    assert one(gateway, video_id=video, kind="job")["status"] == "success"


def test_a_create_that_nobody_takes_is_refused_with_its_attempts(gateway: Gateway) -> None:
    refused = gateway.ask(
        "POST", "/v1/videos", OPEN, json={"model": "runway/gen4.5", "prompt": f"{FAST} [sandbox:401]"}
    )
    video = refused.json()["extra_fields"]["video_id"]
    request, job = (one(gateway, video_id=video, kind=kind) for kind in ("request", "job"))
    assert (request["status"], request["status_code"]) == ("error", refused.status_code)
    assert request["error_code"] == job["error_code"] == refused.json()["error"]["code"]
    assert request["attempts"] == job["attempts"] == refused.json()["extra_fields"]["attempts"]


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "operation"),
    [
        ("POST", "/v1/videos", {"model": "runway/none", "prompt": "x"}, "model_not_found", "video_generation"),
        ("POST", "/v1/videos", {"prompt": "x"}, "invalid_request", "video_generation"),
        ("GET", f"/v1/videos/video_{'0' * 26}", None, "video_not_found", "video_retrieve"),
        ("GET", "/v1/nothing", None, "path_not_found", None),
        ("PATCH", "/v1/videos", None, "method_not_allowed", None),
        ("GET", "/health?probe=both", None, "invalid_request", "health"),
    ],
)
def test_every_refusal_has_an_entry_with_its_code(
    gateway: Gateway, method: str, path: str, body: Any, code: str, operation: str | None
) -> None:
    refused = gateway.ask(method, path, OPEN, json=body)
    entry = one(gateway, request_id=refused.headers["x-request-id"])
    assert (entry["error_code"], entry.get("object"), entry["status"]) == (code, operation, "error")
    assert (entry["status_code"], entry["error"]) == (refused.status_code, refused.json()["error"]["message"])


def test_a_credential_that_nobody_knows_is_refused_and_written_down_without_it(gateway: Gateway) -> None:
    refused = gateway.ask("GET", "/v1/videos", "sk-bf-an-unknown-one")
    entry = one(gateway, request_id=refused.headers["x-request-id"])
    assert (entry["status_code"], entry["object"]) == (401, "video_list") and "owner" not in entry


def test_what_is_read_a_thousand_times_has_no_entry(gateway: Gateway) -> None:
    video = gateway.create(FAST, key=OPEN)["id"]
    gateway.finished(video, key=OPEN)
    paths = (f"/v1/videos/{video}", "/v1/videos", "/v1/models", "/health", "/api/logs", f"/v1/videos/{video}/events")
    quiet = [gateway.ask("GET", path, OPEN).headers["x-request-id"] for path in paths]
    told = gateway.ask("GET", f"/v1/videos/{video}/content", OPEN).headers["x-request-id"]
    managed = gateway.ask("GET", "/api/webhooks", OPEN).headers["x-request-id"]
    assert one(gateway, request_id=told)["object"] == "video_download"
    assert one(gateway, request_id=managed)["object"] == "webhook_list"
    assert not any(listed(gateway, request_id=identity) for identity in quiet)


# ---- what is in it --------------------------------------------------------------------------------------------------
def test_the_key_of_a_tenant_is_written_down_with_what_is_above_it(gateway: Gateway) -> None:
    identity, secret = key_of(gateway, "farm", team="team_farm")
    video = gateway.create(FAST, key=secret)["id"]
    gateway.finished(video, key=secret)
    above = {"owner": identity, "virtual_key_id": identity, "virtual_key_name": "farm", "team_id": "team_farm"}
    for kind in ("request", "job"):
        assert above.items() <= one(gateway, video_id=video, kind=kind).items()


def test_dimensions_are_kept_up_to_sixteen(gateway: Gateway) -> None:
    headers = {f"x-bf-dim-{number:02}": f"value {number}" for number in range(20)}
    video = gateway.ask(
        "POST", "/v1/videos", OPEN, json={"model": "runway/gen4.5", "prompt": FAST}, headers=headers
    ).json()["id"]
    dimensions = one(gateway, video_id=video, kind="request")["dimensions"]
    assert dimensions == {f"{number:02}": f"value {number}" for number in range(16)}


@pytest.mark.parametrize(
    ("everybody", "of_the_key", "of_the_request", "kept"),
    [
        (True, None, False, True),
        (True, None, True, False),
        (True, True, False, False),
        (True, False, True, False),
        (False, None, False, False),
        (False, False, False, True),
        (False, False, True, False),
        (False, True, False, False),
    ],
)
def test_prompts_are_kept_out_for_everybody_for_a_key_and_for_a_request(
    private: Gateway, gateway: Gateway, everybody: bool, of_the_key: bool | None, of_the_request: bool, kept: bool
) -> None:
    asked = gateway if everybody else private
    name = f"privacy-{everybody}-{of_the_key}-{of_the_request}"
    _, secret = key_of(asked, name, disable=of_the_key)
    headers = {"x-bf-disable-content-logging": "true"} if of_the_request else {}
    body = {"model": "runway/gen4.5", "prompt": f"{FAST} {name}"}
    video = asked.ask("POST", "/v1/videos", secret, json=body, headers=headers).json()["id"]
    entry = one(asked, secret, video_id=video, kind="request")
    assert entry.get("content") == (body["prompt"] if kept else None)
    with psycopg.connect(dsn(asked)) as connection:
        told = f"%{body['prompt']}%"
        rows = connection.execute("SELECT count(*) FROM logs WHERE logs::text LIKE %s", (told,)).fetchone()
    assert rows == (int(kept),)


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("private"), api_keys={}) as gateway:
        gateway.ask("PUT", "/api/config", json={"client": {"disable_content_logging": True}}).raise_for_status()
        yield gateway


def test_no_credential_gets_into_the_logs(gateway: Gateway) -> None:
    _, secret = key_of(gateway, "careless")
    gateway.ask("GET", f"/v1/{secret}?key={secret}", secret)
    gateway.ask("DELETE", f"/v1/videos/{secret}", secret, headers={"x-request-id": "careless"})
    one(gateway, request_id="careless")
    with psycopg.connect(dsn(gateway)) as connection:
        found = connection.execute("SELECT count(*) FROM logs WHERE logs::text LIKE %s", (f"%{secret}%",)).fetchone()
    assert found == (0,)


def test_a_prompt_that_postgresql_cannot_hold_is_kept_without_what_it_cannot(gateway: Gateway) -> None:
    video = gateway.create(f"{FAST} a\0b", key=OPEN)["id"]
    assert one(gateway, video_id=video, kind="request")["content"] == f"{FAST} a\N{REPLACEMENT CHARACTER}b"


# ---- who finds it, and how ------------------------------------------------------------------------------------------
def test_tenants_see_their_own_and_gateway_keys_too(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        alices, bobs = (gateway.create(FAST, key=key)["id"] for key in (ALICE, BOB))
        hers = one(gateway, ALICE, video_id=alices, kind="request")
        assert one(gateway, BOB, video_id=bobs, kind="request")["owner"] == "bob"
        assert listed(gateway, BOB, video_id=alices) == []
        assert listed(gateway, BOB, request_id=hers["request_id"]) == []
        assert {entry["owner"] for entry in listed(gateway, ALICE)} == {"alice"}
        assert gateway.ask("GET", f"/api/logs/{hers['id']}", ALICE).json() == hers
        foreign = gateway.ask("GET", f"/api/logs/{hers['id']}", BOB)
        assert (foreign.status_code, foreign.json()["error"]["code"]) == (404, "log_not_found")
        for sort_by in ("latency", "cost"):
            behind = gateway.ask("GET", f"/api/logs?after={hers['id']}&sort_by={sort_by}", BOB)
            assert behind.status_code == 404
        made = {"objects": "video_generation"}
        assert gateway.ask("GET", "/api/logs/stats", BOB, params=made).json()["current"]["total_requests"] == 1
        gateway.finished(alices)
        until(lambda: listed(gateway, ALICE, video_id=alices, kind="job"))
        buckets = gateway.ask("GET", "/api/logs/histogram/cost", BOB).json()["buckets"]
        until(lambda: gateway.finished(bobs, key=BOB))
        assert sum(bucket["total_cost"] for bucket in buckets) <= 0.6
        assert gateway.ask("GET", "/api/logs/filterdata", ALICE).json()["objects"] == ["video_generation"]
        for method, path, body in (("DELETE", "/api/logs", {"ids": [hers["id"]]}), ("GET", "/api/logs/dropped", None)):
            refused = gateway.ask(method, path, ALICE, json=body)
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "admin_required")
        judge(gateway, gateway.exchanges)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway whose logs hold twelve rows of three days that differ in everything."""
    with running(tmp_path_factory.mktemp("archive"), api_keys={}) as gateway:
        with psycopg.connect(dsn(gateway), autocommit=True) as connection:
            for number in range(12):
                row = archived(number)
                names, marks = ", ".join(row), ", ".join(["%s"] * len(row))
                connection.execute(f"INSERT INTO logs ({names}) VALUES ({marks})".encode(), list(row.values()))
        yield gateway


NOON = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)


def archived(number: int) -> dict[str, Any]:
    at, job = NOON - timedelta(hours=6 * number), number % 3 == 0
    return {
        "id": identity(number),
        "at": at,
        "kind": "job" if job else "request",
        "object": "video_generation" if number % 2 else "video_remix",
        "status": ("success", "error", "processing")[number % 3],
        "error_code": "budget_exceeded" if number % 3 == 1 else None,
        "owner": "vk_one" if number < 6 else "vk_two",
        "provider": "runway" if number < 9 else "xai",
        "model": f"model-{number % 4}",
        "key": f"key-{number % 2}",
        "video_id": f"video_{number:026}",
        "request_id": f"request-{number}",
        "latency_ms": 100.0 * ((5 * number) % 12),
        "cost_usd": 0.1 * number if job and number != 6 else None,
        "content": f"The fox's number {number} don't" if number % 2 else None,
    }


def identity(number: int) -> str:
    return first_id(NOON - timedelta(hours=6 * number))[:-1] + "7"


def numbers(gateway: Gateway, **wanted: Any) -> list[int]:
    known = {identity(number): number for number in range(12)}
    return [known[entry["id"]] for entry in listed(gateway, **wanted) if entry["id"] in known]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, list(range(12))),
        ({"kind": "job"}, [0, 3, 6, 9]),
        ({"objects": "video_remix"}, [0, 2, 4, 6, 8, 10]),
        ({"status": "error"}, [1, 4, 7, 10]),
        ({"status": ["error", "success"]}, [0, 1, 3, 4, 6, 7, 9, 10]),
        ({"error_codes": "budget_exceeded"}, [1, 4, 7, 10]),
        ({"providers": "xai"}, [9, 10, 11]),
        ({"models": ["model-0", "model-1"]}, [0, 1, 4, 5, 8, 9]),
        ({"selected_key_ids": "key-1"}, [1, 3, 5, 7, 9, 11]),
        ({"virtual_key_ids": "vk_two"}, [6, 7, 8, 9, 10, 11]),
        ({"video_id": f"video_{7:026}"}, [7]),
        ({"request_id": "request-7"}, [7]),
        ({"request_id": "request-7", "period": "1h"}, [7]),
        ({"content_search": "FOX num"}, [1, 3, 5, 7, 9, 11]),
        ({"content_search": "fox 7"}, [7]),
        ({"content_search": "don't & | ! : * \\ ' ("}, [1, 3, 5, 7, 9, 11]),
        ({"content_search": "umber"}, []),
        ({"min_latency": 900}, [2, 7, 9]),
        ({"max_latency": 0}, [0]),
        ({"min_cost": 0.3, "max_cost": 0.3}, [3]),
        ({"missing_cost_only": True}, [6]),
        ({"period": "24h"}, [0, 1, 2, 3]),
        ({"start_time": (NOON - timedelta(hours=12)).isoformat()}, [0, 1, 2]),
        ({"end_time": (NOON - timedelta(hours=54)).isoformat()}, [10, 11]),
        ({"status": "error", "providers": "xai"}, [10]),
        ({"sort_by": "cost"}, [9, 3, 0]),
        ({"sort_by": "cost", "order": "asc"}, [0, 3, 9]),
        ({"order": "asc", "limit": 3}, [11, 10, 9]),
        ({"offset": 10}, [10, 11]),
    ],
)
def test_a_filter_shows_what_fits_in_its_order(archive: Gateway, wanted: dict[str, Any], found: list[int]) -> None:
    assert numbers(archive, **wanted) == found


@pytest.mark.parametrize("sort_by", ["timestamp", "latency", "cost"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_by_cursor_are_the_whole(archive: Gateway, sort_by: str, order: str) -> None:
    whole = numbers(archive, sort_by=sort_by, order=order)
    pages: list[int] = []
    after: dict[str, str] = {}
    while True:
        wanted = {"sort_by": sort_by, "order": order, "limit": 5, **after}
        page = archive.ask("GET", "/api/logs", OPEN, params=wanted).json()
        pages += numbers(archive, **wanted)
        if not page["pagination"]["has_more"]:
            break
        after = {"after": page["pagination"]["last_id"]}
    assert pages == whole and len(whole) == (3 if sort_by == "cost" else 12)


def test_sums_and_histograms_are_those_of_the_rows(archive: Gateway) -> None:
    wanted = {"period": "7d"}
    sums = archive.ask("GET", "/api/logs/stats", OPEN, params=wanted | {"compare_to_previous": True}).json()
    current = sums["current"]
    assert current["total_requests"] == 8 and current["success_rate"] == 0.5
    assert current["total_cost"] == pytest.approx(1.2)
    assert current["jobs"] | {"average_latency": 0} == {
        **{"completed": 4, "failed": 0, "cancelled": 0, "without_cost": 1, "average_latency": 0}
    }
    latencies = sorted(archived(number)["latency_ms"] for number in range(12) if number % 3)
    assert current["average_latency"] == pytest.approx(sum(latencies) / 8)
    assert current["latency_p50"] == pytest.approx((latencies[3] + latencies[4]) / 2)
    assert sums["previous"]["total_requests"] == 0
    counted = archive.ask("GET", "/api/logs/histogram", OPEN, params=wanted | {"group_by": "provider"}).json()
    assert sum(bucket["count"] for bucket in counted["buckets"]) == 12
    assert sum(bucket["by"].get("xai", 0) for bucket in counted["buckets"]) == 3
    begins = [datetime.fromisoformat(bucket["timestamp"]).timestamp() for bucket in counted["buckets"]]
    assert {later - earlier for earlier, later in pairwise(begins)} == {counted["bucket_seconds"]}
    priced = archive.ask("GET", "/api/logs/histogram/cost", OPEN, params=wanted | {"group_by": "model"}).json()
    assert sum(bucket["total_cost"] for bucket in priced["buckets"]) == pytest.approx(1.2)
    assert sum(bucket["by"].get("model-1", 0) for bucket in priced["buckets"]) == pytest.approx(0.9)


def test_sums_of_a_request_are_those_of_the_time(archive: Gateway) -> None:
    def asked(path: str, period: str) -> dict[str, Any]:
        answer = archive.ask("GET", path, OPEN, params={"request_id": "request-11", "period": period})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    assert numbers(archive, request_id="request-11", period="1h") == [11]
    for period, there in (("24h", 0), ("7d", 1)):
        assert sum(each["count"] for each in asked("/api/logs/histogram", period)["buckets"]) == there
        asked("/api/logs/histogram/cost", period)
    assert asked("/api/logs/stats", "24h")["current"]["total_requests"] == 0
    assert asked("/api/logs/stats", "7d")["current"]["total_requests"] == 1


def test_what_there_is_to_filter_by_is_that_of_the_time(archive: Gateway) -> None:
    found = archive.ask("GET", "/api/logs/filterdata?period=7d", OPEN).json()
    assert found["providers"] == ["runway", "xai"] and found["error_codes"] == ["budget_exceeded"]
    assert found["models"] == [f"model-{number}" for number in range(4)]
    assert found["virtual_keys"] == [{"id": "vk_one"}, {"id": "vk_two"}]
    assert archive.ask("GET", "/api/logs/filterdata?period=24h", OPEN).json()["providers"] == ["runway"]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("start_time=yesterday", "start_time"),
        ("end_time=2026-02-30T00:00:00Z", "end_time"),
        ("period=1h&start_time=2026-01-01T00:00:00Z", "period"),
        ("period=2h", "period"),
        ("min_latency=nan", "min_latency"),
        ("limit=1001", "limit"),
        ("offset=10001", "offset"),
        ("after=log_x", "after"),
        (f"after=log_{'0' * 26}&sort_by=latency", "after"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(archive: Gateway, query: str, param: str) -> None:
    refused = archive.ask("GET", f"/api/logs?{query}", OPEN)
    assert refused.status_code in (400, 404) and refused.json()["error"]["param"] == param


def test_an_admin_deletes_entries(gateway: Gateway) -> None:
    refused = gateway.ask("GET", "/v1/nothing", OPEN)
    entry = one(gateway, request_id=refused.headers["x-request-id"])
    ids = [entry["id"], f"log_{'0' * 26}"]
    assert gateway.ask("DELETE", "/api/logs", OPEN, json={"ids": ids}).json()["deleted"] == 1
    assert gateway.ask("GET", f"/api/logs/{entry['id']}", OPEN).status_code == 404
    assert gateway.ask("DELETE", "/api/logs", OPEN, json={"ids": ids}).json()["deleted"] == 0


def test_the_generated_client_reads_them(gateway: Gateway) -> None:
    gateway.create(FAST, key=OPEN)
    client = Client(gateway.url, bearer=OPEN)
    (entry,) = until(lambda: client.log_list(objects=["video_generation"], status=["processing"], limit=1).logs)
    assert client.log_retrieve(entry.id) == entry
    assert client.log_stats(models=["gen4.5"]).current.total_requests > 0


# ---- for how long ---------------------------------------------------------------------------------------------------
def partitions(database: str) -> dict[str, int]:
    """The name of each partition -> its rows."""
    with psycopg.connect(database) as connection:
        names = connection.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'logs'::regclass"
        )
        empty = dict.fromkeys((name for (name,) in names), 0)
        return empty | dict(
            connection.execute("SELECT tableoid::regclass::text, count(*) FROM logs GROUP BY 1").fetchall()
        )


@contextlib.contextmanager
def unreadable(gateway: Gateway) -> Iterator[None]:
    """Whoever reads the logs waits until this is over."""
    with psycopg.connect(dsn(gateway)) as connection:
        connection.execute("LOCK TABLE logs IN ACCESS EXCLUSIVE MODE")
        yield


def test_whoever_reads_leaves_room_for_the_others(tmp_path: Path) -> None:
    keys = {name: f"{name}-has-a-secret" for name in ("ann", "ben", "cid", "dot", "eve")}

    def read(name: str) -> tuple[int, str | None, str | None]:
        answer = gateway.ask("GET", "/api/logs/stats", keys[name])
        code = answer.json()["error"]["code"] if answer.status_code != 200 else None
        return answer.status_code, code, answer.headers.get("Retry-After")

    def read_at_once(names: list[str]) -> list[tuple[int, str | None, str | None]]:
        """The answers, the refusals first; the others come when the logs can be read again."""
        with ThreadPoolExecutor(len(names)) as threads:
            with unreadable(gateway):
                reading = [threads.submit(read, name) for name in names]
                refused = next(as_completed(reading))
                assert gateway.ask("GET", "/v1/videos", keys["ann"]).status_code == 200
            return [refused.result(), *(each.result() for each in reading if each is not refused)]

    with running(tmp_path, api_keys=",".join(f"{name}:{key}" for name, key in keys.items())) as gateway:
        assert read_at_once(["ann", "ann"]) == [(429, "rate_limited", "2"), (200, None, None)]
        assert read_at_once([*keys]) == [(503, "unavailable", "2"), *[(200, None, None)] * 4]
        assert read("ann") == (200, None, None)
        judge(gateway, gateway.exchanges)


def test_days_are_made_ahead_dropped_when_they_are_old_and_given_what_had_no_day(tmp_path: Path) -> None:
    database = new_database()
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with running(tmp_path, database, api_keys={}):
        made = until(lambda: len(found := partitions(database)) > 1 and found)
        days = {f"logs_{today + timedelta(days=ahead):%Y%m%d}" for ahead in range(4)}
        assert days <= made.keys()
    with psycopg.connect(database, autocommit=True) as connection:
        for days_ago in (1, 5, 9, 40):
            at = today - timedelta(days=days_ago)
            values = (first_id(at), at)
            connection.execute(
                "INSERT INTO logs (id, at, kind, status, latency_ms) VALUES (%s, %s, 'request', 'success', 1)", values
            )
    assert partitions(database)["logs_default"] == 4
    with running(tmp_path, database, api_keys={}) as gateway:
        kept = until(lambda: (found := partitions(database))["logs_default"] == 0 and found)
        old = {days_ago: f"logs_{today - timedelta(days=days_ago):%Y%m%d}" for days_ago in (1, 5, 9, 40)}
        assert {kept[old[days_ago]] for days_ago in (1, 5, 9)} == {1} and old[40] not in kept
        assert len(listed(gateway)) == 3
    with running(tmp_path, database, api_keys={}, log_days=6) as gateway:
        left = until(lambda: old[9] not in (found := partitions(database)) and found)
        assert old[5] in left and len(listed(gateway)) == 2


# ---- when it cannot be written --------------------------------------------------------------------------------------
@contextlib.contextmanager
def away(gateway: Gateway) -> Iterator[None]:
    """Nobody can write to the logs, as while the database is away."""
    with psycopg.connect(dsn(gateway)) as connection:
        connection.execute("LOCK TABLE logs IN ACCESS EXCLUSIVE MODE")
        yield


def test_while_nothing_can_be_written_requests_go_on_and_nothing_below_the_bound_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "ROOM", 30)
    monkeypatch.setattr(journal, "STRANGERS", 1000)
    with running(tmp_path, api_keys={}) as gateway:
        gateway.create(FAST, key=OPEN)
        until(lambda: listed(gateway, objects="video_generation", kind="request"))
        with away(gateway), ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: gateway.ask("GET", "/api/webhooks", OPEN).status_code, range(50)))
            assert answers == [200] * 50
            counts = gateway.ask("GET", "/api/logs/dropped", OPEN).json()
            assert counts == {"dropped": 20, "waiting": 30}
        until(lambda: len(listed(gateway, objects="webhook_list")) == 30)
        assert gateway.ask("GET", "/api/logs/dropped", OPEN).json() == {"dropped": 20, "waiting": 0}


def test_what_is_noted_last_is_written_before_the_process_ends(tmp_path: Path) -> None:
    database = new_database()
    with running(tmp_path, database, api_keys={}) as gateway:
        refused = gateway.ask("GET", "/v1/nothing", OPEN).headers["x-request-id"]
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM logs WHERE request_id = %s", (refused,)).fetchone() == (1,)


def test_words_of_strangers_are_not_kept(gateway: Gateway) -> None:
    words = {"x-bf-dim-campaign": "spring"}
    refused = gateway.ask("GET", "/v1/videos", "sk-bf-unknown-0123", headers=words).headers["x-request-id"]
    known = gateway.ask("DELETE", "/v1/videos/x", ALICE, headers=words).headers["x-request-id"]
    one(gateway, ALICE, request_id=known)
    with psycopg.connect(dsn(gateway)) as connection:
        query = "SELECT dims FROM logs WHERE request_id = %s"
        found = [until(lambda of=of: connection.execute(query, [of]).fetchone()) for of in (refused, known)]
    assert found == [(None,), ({"campaign": "spring"},)]


def test_strangers_cannot_fill_the_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "STRANGERS", 0)
    with running(tmp_path) as gateway:
        assert gateway.ask("GET", "/v1/videos", "sk-bf-unknown-0123").status_code == 401
        known = gateway.ask("DELETE", "/v1/videos/x", ALICE).headers["x-request-id"]
        one(gateway, ALICE, request_id=known)
        with psycopg.connect(dsn(gateway)) as connection:
            assert connection.execute("SELECT count(*) FROM logs WHERE owner IS NULL").fetchone() == (0,)
