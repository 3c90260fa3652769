"""Server-sent events: what happens to a job, as it happens, whoever makes it happen."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from sqlalchemy import make_url
from sqlalchemy.event import listen
from sqlalchemy.util import await_only

from generated.client import Client, Event
from generated.models import VideoGenerationResponse
from handlers.api import events
from handlers.app import build
from handlers.configuration import validated
from handlers.dispatch import placing
from handlers.jobs import changes
from handlers.jobs.database import engine_for, migrate
from handlers.jobs.ledger import Job, Ledger
from handlers.settings import load
from handlers.worker import Worker
from tests.gateway import ALICE, BOB, KEYS, Gateway, judge, new_database, running
from tests.handlers.wire import Cable, dsn, serving

ORDER = {"video.queued": 0, "video.in_progress": 1, "video.completed": 2, "video.failed": 2, "video.deleted": 3}
STUCK = "goes on [sandbox:stuck]"


class Listener:
    """A stream of events that is read in a thread."""

    def __init__(self, gateway: Gateway, video_id: str, last: str | None = None, key: str = ALICE) -> None:
        self.told: list[Event] = []
        self.broken: Exception | None = None
        self.client = Client(gateway.url, bearer=key, retries=0)
        self._arrived = threading.Condition()
        self._stream = self.client.video_events(video_id, last_event_id=last)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for event in self._stream:
                with self._arrived:
                    self.told.append(event)
                    self._arrived.notify_all()
        except Exception as error:
            self.broken = error

    def first(self, fits: Callable[[Event], bool] = lambda _: True, patience: float = 15) -> Event:
        """The first event that fits, once it has arrived."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: any(map(fits, self.told)), patience), [
                each.name for each in self.told
            ]
            return next(filter(fits, self.told))

    def end(self, patience: float = 15) -> list[Event]:
        """All that was told, once the server has ended the stream."""
        self._thread.join(patience)
        assert not self._thread.is_alive(), "the stream goes on"
        if self.broken is not None:
            raise self.broken
        return self.told


def read(gateway: Gateway, video_id: str, last: str | None = None, key: str | None = ALICE) -> requests.Response:
    """The whole stream of a job that ends."""
    headers = {} if last is None else {"Last-Event-ID": last}
    return gateway.ask("GET", f"/v1/videos/{video_id}/events", key, headers=headers)


def until(happened: Callable[[], Any], patience: float = 15) -> Any:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if said := happened():
            return said
        time.sleep(0.02)
    raise AssertionError(f"it has not happened after {patience} s")


def names(told: list[Event]) -> list[str]:
    return [event.name for event in told]


# ---- the story ------------------------------------------------------------------------------------------------------


def test_the_whole_story_of_a_job_is_told_in_order_and_everything_once(gateway: Gateway) -> None:
    video_id = gateway.create("told [sandbox:slow=1.5] [sandbox:no-render]")["id"]
    told = Listener(gateway, video_id).end()
    ranks = [ORDER[event.name] for event in told]
    assert ranks == sorted(ranks)
    assert {"video.in_progress", "video.completed"} <= set(names(told))
    assert names(told).count("video.completed") == 1
    assert len({event.id for event in told}) == len({event.data for event in told}) == len(told)
    for event in told:
        video = VideoGenerationResponse.model_validate_json(event.data)
        assert (video.id, event.name) == (video_id, f"video.{video.status}")
    assert json.loads(told[-1].data) == gateway.ask("GET", f"/v1/videos/{video_id}").json()


def test_a_job_that_fails_ends_with_its_reason(gateway: Gateway) -> None:
    video_id = gateway.create("fails [sandbox:fail]")["id"]
    last = Listener(gateway, video_id).end()[-1]
    assert last.name == "video.failed"
    assert json.loads(last.data)["error"] == gateway.finished(video_id)["error"]


def test_a_job_that_has_ended_is_told_as_one_event(gateway: Gateway) -> None:
    video_id = gateway.create()["id"]
    gateway.finished(video_id)
    answer = read(gateway, video_id)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    assert answer.headers["content-type"].partition(";")[0] == "text/event-stream"
    assert answer.headers["x-request-id"]
    assert answer.text.count("\nevent: ") == answer.text.count("event: video.completed\n") == 1
    assert answer.text.startswith("retry: ") and answer.text.endswith("\n\n")


def test_nothing_is_left_to_tell_to_who_knows_the_end(gateway: Gateway) -> None:
    video_id = gateway.create()["id"]
    told = Listener(gateway, video_id).end()
    again = read(gateway, video_id, told[-1].id)
    assert (again.status_code, again.content) == (204, b"")
    with Client(gateway.url, bearer=ALICE).video_events(video_id, last_event_id=told[-1].id) as stream:
        assert list(stream) == []


def test_a_stream_that_is_taken_up_repeats_nothing(gateway: Gateway) -> None:
    video_id = gateway.create("taken up [sandbox:slow=1.5] [sandbox:no-render]")["id"]
    first = Listener(gateway, video_id).first()
    rest = Listener(gateway, video_id, first.id).end()
    assert first.id not in {event.id for event in rest}
    assert rest[-1].name == "video.completed"


def test_who_brings_what_is_known_hears_nothing_until_something_changes(gateway: Gateway) -> None:
    video_id = gateway.create(STUCK)["id"]
    until(lambda: gateway.ask("GET", f"/v1/videos/{video_id}").json().get("progress") == 99)
    known = Listener(gateway, video_id).first()
    again = Listener(gateway, video_id, known.id)
    assert gateway.ask("DELETE", f"/v1/videos/{video_id}").status_code == 200
    assert names(again.end()) == ["video.deleted"]


@pytest.mark.parametrize("last", ["", "nonsense", "0" * 128])
def test_an_id_that_was_never_told_changes_nothing(gateway: Gateway, last: str) -> None:
    video_id = gateway.create()["id"]
    gateway.finished(video_id)
    answer = read(gateway, video_id, last)
    assert (answer.status_code, answer.text.count("event: ")) == (200, 1)


def test_an_id_that_is_too_long_is_refused_by_its_name(gateway: Gateway) -> None:
    refused = read(gateway, gateway.create()["id"], "0" * 129)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "Last-Event-ID")


def test_deletion_ends_a_stream(gateway: Gateway) -> None:
    video_id = gateway.create(STUCK)["id"]
    listener = Listener(gateway, video_id)
    listener.first()
    assert gateway.ask("DELETE", f"/v1/videos/{video_id}").status_code == 200
    told = listener.end()
    assert names(told).count("video.deleted") == 1
    assert json.loads(told[-1].data) == {"id": video_id, "object": "video.deleted", "deleted": True}
    assert not {"video.failed", "video.completed"} & set(names(told))


def test_a_job_is_followed_by_any_of_its_names(gateway: Gateway) -> None:
    created = gateway.create()
    gateway.finished(created["id"])
    by_native_id = f"{created['extra_fields']['provider_job_id']}:runway"
    texts = {read(gateway, name).text for name in (created["id"], f"{created['id']}:runway", by_native_id)}
    assert len(texts) == 1


def test_another_callers_job_is_not_there(gateway: Gateway) -> None:
    video_id = gateway.create()["id"]
    for key, wanted, status in ((BOB, video_id, 404), (ALICE, "video_none", 404), (None, video_id, 401)):
        refused = read(gateway, wanted, key=key)
        assert refused.status_code == status
        assert video_id not in refused.text or key == BOB
    assert read(gateway, video_id, key=BOB).json()["error"]["code"] == "video_not_found"


def test_a_deleted_job_is_not_there_either(gateway: Gateway) -> None:
    video_id = gateway.create()["id"]
    gateway.ask("DELETE", f"/v1/videos/{video_id}")
    assert read(gateway, video_id).status_code == 404


def test_many_listen_to_one_job(gateway: Gateway) -> None:
    video_id = gateway.create("many [sandbox:slow=1] [sandbox:no-render]")["id"]
    listeners = [Listener(gateway, video_id) for _ in range(20)]
    assert {listener.end()[-1].name for listener in listeners} == {"video.completed"}


def test_links_in_events_lead_to_where_the_caller_came_in(gateway: Gateway) -> None:
    video_id = gateway.create()["id"]
    last = json.loads(Listener(gateway, video_id).end()[-1].data)
    assert last["videos"][0]["url"] == f"{gateway.url}/v1/videos/{video_id}/content"


def test_a_provider_of_which_nothing_may_be_told_is_not_followed_either(tmp_path: Path) -> None:
    configuration = {
        "providers": {
            "films": {
                "keys": [{"name": "default", "value": "sk-own-secret"}],
                "network_config": {"base_url": "http://127.0.0.1:1"},
                "custom_provider_config": {
                    "base_provider_type": "openai",
                    "allowed_requests": {"video_generation": True},
                },
            }
        }
    }
    with running(tmp_path, configuration=configuration, worker=False) as gateway:
        body = {"model": "films/x", "prompt": "nobody is there"}
        video_id = gateway.ask("POST", "/v1/videos", json=body).json()["extra_fields"]["video_id"]
        for path in (f"/v1/videos/{video_id}", f"/v1/videos/{video_id}/events"):
            refused = gateway.ask("GET", path)
            assert (refused.status_code, refused.json()["error"]["code"]) == (400, "unsupported_operation")


# ---- pure -----------------------------------------------------------------------------------------------------------


def test_an_id_stands_for_what_is_told_and_for_nothing_else() -> None:
    now = datetime.now(UTC)
    job = Job("video_1", "o", "generation", "queued", "p", "m", {}, now, now, now)

    def describe(seen: Job) -> VideoGenerationResponse:
        fields = {"id": seen.id, "object": "video", "model": "p/m", "status": seen.status, "created_at": 1}
        return VideoGenerationResponse.model_validate({**fields, "extra_fields": {}, "progress": seen.progress or 0})

    same = events.event(replace(job, updated_at=datetime.now(UTC)), describe)
    assert events.event(job, describe) == same
    others = [replace(job, progress=1.0), replace(job, state="in_progress"), replace(job, deleted_at=now)]
    assert len({events.event(each, describe)[0] for each in [job, *others]}) == 4
    assert all("\n" not in events.event(each, describe)[2] for each in [job, *others])


# ---- silence --------------------------------------------------------------------------------------------------------


def comments(gateway: Gateway, video_id: str, several: int = 3) -> list[str]:
    """The lines of a stream until so many of them are comments."""
    seen: list[str] = []
    with gateway.ask("GET", f"/v1/videos/{video_id}/events", stream=True) as answer:
        for line in answer.iter_lines(chunk_size=1):
            seen.append(line.decode())
            if sum(each.startswith(":") for each in seen) >= several:
                return seen
    raise AssertionError(seen)


def test_a_silent_stream_is_kept_open_by_comments(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "SILENCE", 0.2)
    video_id = gateway.create(STUCK)["id"]
    lines = comments(gateway, video_id)
    assert all(line.partition(":")[0] in ("", "retry", "id", "event", "data") for line in lines)


def test_a_stream_is_kept_open_while_its_job_is_only_marked(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The marks of a dispatcher (SIGN_OF_LIFE) change the row, but nothing that is told."""
    monkeypatch.setattr(events, "SILENCE", 0.4)
    monkeypatch.setattr(placing, "SIGN_OF_LIFE", 0.2)
    with ThreadPoolExecutor() as pool:
        body = {"model": "runway/gen4.5", "prompt": "[sandbox:hang=4] [sandbox:stuck]", "metadata": {"is": "marked"}}
        creating = pool.submit(gateway.ask, "POST", "/v1/videos", json=body)
        (video,) = until(lambda: gateway.ask("GET", "/v1/videos?metadata=is:marked").json()["data"])
        lines = comments(gateway, video["id"])
        assert not creating.done(), "the job was still being placed"
        assert sum(line.startswith("event:") for line in lines) == 1
        assert creating.result().status_code == 200


def test_a_stream_is_kept_open_while_changes_go_unheard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "SILENCE", 1.2)
    monkeypatch.setattr(changes, "RECONNECT", 3600)
    with running(tmp_path) as gateway:
        deafen(gateway)
        assert comments(gateway, gateway.create(STUCK)["id"], 2)


def test_nothing_is_kept_of_a_listener_who_has_gone(tmp_path: Path) -> None:
    database = new_database()
    settings = load(data_dir=tmp_path, database_url=database, api_keys=KEYS, sandbox=True)
    url = make_url(database).set(drivername="postgresql+psycopg")
    worker = Worker(settings, validated({}, {}, "A test"), url, "http://127.0.0.1:1")
    with serving(build(settings, worker)) as here:
        gateway, now = Gateway(here, settings), datetime.now(UTC)
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(
                """INSERT INTO jobs (id, owner, kind, state, provider, model, request, created_at, updated_at, deadline_at)
                VALUES ('video_1', 'alice', 'generation', 'submitting', 'runway', 'gen4.5', '{}', %s, %s, %s)""",
                [now, now, now],
            )
        with gateway.ask("GET", "/v1/videos/video_1/events", stream=True) as answer:
            told = answer.iter_content(1)  # the connection is closed with it
            next(told)
            until(lambda: worker.ledger.cache._waiting)
        until(lambda: not worker.ledger.cache._waiting)


# ---- processes, and what connects them ------------------------------------------------------------------------------


def deafen(gateway: Gateway) -> None:
    """Cut the connection on which a gateway hears of changes, as soon as there is one."""
    until(lambda: gateway.ask("GET", "/health").json()["status"] == "ok")
    with psycopg.connect(dsn(gateway), autocommit=True) as connection:
        cut = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%reelgate%'"
        ).fetchall()
    assert cut == [(True,)]
    until(lambda: gateway.ask("GET", "/health").json()["status"] != "ok")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Gateway]]:
    """Two servers on one database and one sandbox's memory; only the second follows jobs."""
    database, directory = new_database(), tmp_path_factory.mktemp("two")
    with running(directory, database, worker=False) as first, running(directory, database) as second:
        yield first, second
        judge(first, first.exchanges)


def test_what_another_process_does_is_told(two: tuple[Gateway, Gateway]) -> None:
    first, second = two
    video_id = first.create("elsewhere [sandbox:slow=1] [sandbox:no-render]")["id"]
    assert Listener(first, video_id).end()[-1].name == "video.completed"
    video_id = first.create(STUCK)["id"]
    listener = Listener(first, video_id)
    listener.first()
    assert second.ask("DELETE", f"/v1/videos/{video_id}").status_code == 200
    assert listener.end()[-1].name == "video.deleted"


def test_what_another_process_does_is_told_although_notifications_are_not_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "RECONNECT", 3600)
    database = new_database()
    with running(tmp_path, database, worker=False) as first:
        video_id = first.create("unheard [sandbox:slow=1] [sandbox:no-render]")["id"]
        listener = Listener(first, video_id)
        listener.first()
        deafen(first)
        waiting = ThreadPoolExecutor().submit(first.ask, "GET", f"/v1/videos/{video_id}", headers={"Prefer": "wait=20"})
        with running(tmp_path, database):
            assert listener.end()[-1].name == "video.completed"
            assert waiting.result().json()["status"] == "completed"


async def test_who_asks_after_a_change_never_sees_what_was_before(tmp_path: Path) -> None:
    """Reads of one job are shared; one that began before a change is none for those who come after it."""
    engine = engine_for(make_url(new_database()).set(drivername="postgresql+psycopg"))
    await migrate(engine)
    ledger, read, change = Ledger(engine), asyncio.Event(), asyncio.Event()

    def hold(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT") and not read.is_set():
            read.set()
            await_only(change.wait())

    now = datetime.now(UTC)
    await ledger.record(Job("video_1", "o", "generation", "queued", "p", "m", {}, now, now, now))
    listen(engine.sync_engine, "after_cursor_execute", hold)
    early = asyncio.create_task(ledger.get("video_1"))
    await read.wait()
    assert not ledger.cache.trusted, "nobody listens to changes here"
    await ledger.delete("video_1")
    late = asyncio.create_task(ledger.get("video_1"))
    await asyncio.sleep(0)
    change.set()
    seen = [await late, await early]
    assert [each is not None and each.deleted_at is not None for each in seen] == [True, False]
    await engine.dispose()


def test_a_stream_that_loses_the_database_ends_and_is_taken_up_again(tmp_path: Path) -> None:
    database = new_database()
    cable = Cable(database)
    with cable.plugged_in(), running(tmp_path, cable.url) as gateway:
        video_id = gateway.create("interrupted [sandbox:slow=4] [sandbox:no-render]")["id"]
        listener = Listener(gateway, video_id)
        listener.first()
        cable.deafen = lambda _: True
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        told = listener.end()
        assert not {"video.completed", "video.failed"} & set(names(told))
        cable.deafen = None
        until(lambda: gateway.ask("GET", "/health").json()["status"] == "ok")
        rest = Listener(gateway, video_id, told[-1].id).end()
        assert told[-1].id not in {event.id for event in rest}
        assert rest[-1].name == "video.completed"


# ---- a server that stops --------------------------------------------------------------------------------------------


def test_a_server_that_stops_ends_its_streams_and_answers_who_waits(tmp_path: Path) -> None:
    database = new_database()
    body = {"model": "runway/gen4.5", "prompt": "waits [sandbox:stuck]", "metadata": {"is": "waited-for"}}
    with ThreadPoolExecutor() as pool:
        with running(tmp_path, database) as gateway:
            creating = pool.submit(gateway.ask, "POST", "/v1/videos", json=body, headers={"Prefer": "wait=60"})
            path = "/v1/videos?metadata=is:waited-for"
            video = until(lambda: [v for v in gateway.ask("GET", path).json()["data"] if v.get("progress")])[0]
            asking = pool.submit(gateway.ask, "GET", f"/v1/videos/{video['id']}", headers={"Prefer": "wait=60"})
            listener = Listener(gateway, video["id"])
            listener.first()
        created, asked = creating.result(), asking.result()
    for answer in (created, asked):
        assert answer.status_code == 200, answer.text
        assert (answer.json()["id"], answer.json()["status"]) == (video["id"], "in_progress")
        assert answer.headers["retry-after"]
    told = listener.end()
    assert set(names(told)) <= {"video.queued", "video.in_progress"}
    judge(gateway, gateway.exchanges)
