"""Following jobs to their end, by processes that die and providers that lose things."""

from __future__ import annotations

import contextlib
import itertools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from handlers.errors import ProviderFailed, RateLimited, Unavailable
from handlers.jobs import tracking
from handlers.jobs.claims import Claims
from handlers.jobs.tracking import SLOWEST, values_of
from handlers.providers.adapter import Filtered, Snapshot
from tests.gateway import ALICE, Gateway, judge, new_database, running
from tests.handlers.wire import (
    SERVE,
    Cable,
    Received,
    Steps,
    configured,
    dsn,
    origin,
    process,
    reply,
    standalone_sandbox,
)

PACE = 0.25  # seconds between two questions, in these tests

QUICK = f"""
from handlers.jobs import claims, tracking
from handlers.providers.openai import OpenAI
claims.BEAT, claims.PATIENCE, claims.DEAD_AFTER, tracking.COMPARE = 0.3, 0.8, 1.5, 0.5
OpenAI.poll_seconds = {PACE}
"""
WORK = QUICK + "from handlers.server import work; from handlers.settings import load; work(load())"
KEY = {"Authorization": "Bearer sk-sandbox-own-secret"}


def until(happened: Callable[[], Any], patience: float = 15) -> Any:
    """What the function says once it says something true."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if said := happened():
            return said
        time.sleep(0.05)
    raise AssertionError(f"it has not happened after {patience} s")


# ---- pure -----------------------------------------------------------------------------------------------------------


def test_only_what_a_provider_says_is_changed() -> None:
    assert values_of(Snapshot("n", "in_progress")) == {"native_id": "n", "provider_status": None}
    assert values_of(Snapshot("n", "queued", provider_status="odd", progress=0.0)) == {
        "native_id": "n",
        "provider_status": "odd",
        "progress": 0.0,
    }


def test_an_end_has_a_time_and_a_reason() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    done = values_of(Snapshot("n", "completed", progress=97.0, completed_at=moment, cost_usd=Decimal(0)))
    assert (done["progress"], done["cost_usd"]) == (100.0, 0.0)
    assert "completed_at" not in done, "it is not, until its file is here"
    assert values_of(Snapshot("n", "failed", completed_at=moment))["completed_at"] == moment
    assert datetime.now(UTC) - values_of(Snapshot("n", "failed"))["completed_at"] < timedelta(seconds=5)
    assert "completed_at" not in values_of(Snapshot("n", "in_progress", completed_at=moment))
    failed = values_of(Snapshot("n", "failed"))
    assert failed["error"]["code"] == "provider_failed" and failed["error"]["message"]
    filtered = values_of(Snapshot("n", "failed", error_code="c", error_message="m", filtered=Filtered(2, ("a", "b"))))
    assert filtered["error"] == {"code": "c", "message": "m"}
    assert filtered["content_filter"] == {"filtered_count": 2, "reasons": ["a", "b"]}


def test_the_longer_a_provider_cannot_be_asked_the_longer_it_is_left_alone() -> None:
    waits = [tracking._patience(ProviderFailed("x"), 5.0, failures) for failures in range(1, 12)]
    assert 8 <= waits[0] <= 12
    assert all(wait <= SLOWEST * 1.2 for wait in waits)
    assert tracking._patience(RateLimited("x", retry_after=7), 5.0, 1) == 7
    assert tracking._patience(Unavailable("x"), 1.0, 1) <= 2.4


# ---- processes ------------------------------------------------------------------------------------------------------


class House:
    """A database, a provider and a gateway that takes jobs but does not follow them."""

    def __init__(self, gateway: Gateway, provider: str, database: str, directory: Path) -> None:
        self.gateway, self.provider, self.database, self.directory = gateway, provider, database, directory
        self._workers = 0

    def worker(self, database: str | None = None) -> contextlib.AbstractContextManager[Any]:
        """A process that follows jobs."""
        self._workers += 1
        settings = {
            "DATABASE_URL": database or self.database,
            "REELGATE_DATA_DIR": str(self.directory),
            "OPENAI_API_KEY": "sk-sandbox-own-secret",
            "OPENAI_BASE_URL": f"{self.provider}/openai/v1",
        }
        return process(WORK, "worker is ready", self.directory / f"worker-{self._workers}.log", **settings)

    def create(self, prompt: str) -> str:
        return str(self.gateway.create(prompt, model="openai/sora-2")["id"])

    def polls(self) -> int:
        return int(requests.get(f"{self.provider}/stats", timeout=5).json()["openai"]["polls"])

    def creates(self) -> int:
        return int(requests.get(f"{self.provider}/stats", timeout=5).json()["openai"]["creates_accepted"])


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("house")
    database = new_database()
    with (
        standalone_sandbox(directory / "provider", job_seconds=2) as provider,
        running(
            directory,
            database,
            configured(openai=f"{provider}/openai/v1"),
            worker=False,
        ) as gateway,
    ):
        yield House(gateway, provider, database, directory)
        judge(gateway, gateway.exchanges)


def test_another_process_takes_over_from_one_that_was_killed(house: House) -> None:
    before = house.creates()
    with house.worker() as (first, _):
        job = house.create("taken over [sandbox:slow=3] [sandbox:no-render]")
        asked = house.polls()
        until(lambda: house.polls() > asked)
        with house.worker():
            first.kill()
            first.wait()
            assert house.gateway.finished(job, patience=20)["status"] == "completed"
    assert house.creates() == before + 1


def test_a_job_that_was_accepted_while_nobody_followed_is_followed_later(house: House) -> None:
    job = house.create("waits [sandbox:no-render]")
    time.sleep(0.5)
    assert house.gateway.ask("GET", f"/v1/videos/{job}").json()["status"] == "queued"
    with house.worker():
        assert house.gateway.finished(job)["status"] == "completed"


def test_a_job_is_never_asked_about_by_two(house: House) -> None:
    with house.worker(), house.worker():
        job = house.create("asked by one [sandbox:stuck]")
        start = house.polls()
        until(lambda: house.polls() > start)
        began, before = time.monotonic(), house.polls()
        time.sleep(2)
        asked, passed = house.polls() - before, time.monotonic() - began
        assert asked >= 2
        assert asked <= passed / PACE + 2
        assert house.gateway.ask("DELETE", f"/v1/videos/{job}").status_code == 200


def test_a_worker_that_is_stopped_hands_its_jobs_on_at_once(house: House) -> None:
    with house.worker() as (first, _):
        job = house.create("handed on [sandbox:slow=2] [sandbox:no-render]")
        asked = house.polls()
        until(lambda: house.polls() > asked)
        first.terminate()
        assert first.wait(10) == 0
    with house.worker():
        assert house.gateway.finished(job, patience=10)["status"] == "completed"


def test_a_worker_that_hung_goes_on_with_its_jobs(house: House) -> None:
    with house.worker() as (worker, _):
        job = house.create("hung [sandbox:slow=3] [sandbox:no-render]")
        asked = house.polls()
        until(lambda: house.polls() > asked)
        worker.send_signal(signal.SIGSTOP)
        time.sleep(4)  # longer than it may be sure that its jobs are its own, and nobody is there to take over
        worker.send_signal(signal.SIGCONT)
        assert house.gateway.finished(job, patience=15)["status"] == "completed"


def test_a_job_is_followed_though_the_answer_to_its_claim_was_lost(house: House) -> None:
    with Cable(house.database).plugged_in() as cable, house.worker(cable.url):
        cable.deafen = lambda said: b"SET worker=" in said or (b"queued" in said and b"in_progress" in said)
        job = house.create("claimed [sandbox:no-render]")
        with psycopg.connect(house.database, autocommit=True) as connection:
            claimed = "SELECT worker FROM jobs WHERE id = %s AND worker IS NOT NULL"
            until(lambda: connection.execute(claimed, [job]).fetchone())
        cable.deafen = None
        assert house.gateway.finished(job, patience=15)["status"] == "completed"


def test_a_server_that_is_killed_loses_no_job(house: House, tmp_path: Path) -> None:
    settings = {
        "PORT": "0",
        "DATABASE_URL": house.database,
        "REELGATE_DATA_DIR": str(tmp_path),
        "REELGATE_API_KEYS": f"alice:{ALICE}",
        "OPENAI_API_KEY": "sk-sandbox-own-secret",
        "OPENAI_BASE_URL": f"{house.provider}/openai/v1",
    }
    with process(QUICK + SERVE, "is ready on", tmp_path / "log", **settings) as (_, line):
        created = requests.post(
            line.split()[-1] + "/v1/videos",
            json={"model": "openai/sora-2", "prompt": "survives [sandbox:no-render]"},
            headers={"x-api-key": ALICE},
            timeout=10,
        ).json()
    with process(QUICK + SERVE, "is ready on", tmp_path / "log2", **settings):
        assert house.gateway.finished(created["id"])["status"] == "completed"


# ---- providers ------------------------------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    from handlers.providers.openai import OpenAI

    monkeypatch.setattr(OpenAI, "poll_seconds", PACE)
    monkeypatch.setattr(tracking, "SLOWEST", 0.6)


@contextlib.contextmanager
def following(tmp_path: Path, provider: str, **settings: Any) -> Iterator[Gateway]:
    with running(tmp_path, configuration=configured(openai=provider), **settings) as it:
        yield it
        judge(it, it.exchanges)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("directive", ["stuck", "slow=60] [sandbox:weird"])
def test_a_job_that_does_not_end_is_given_up_at_its_deadline(tmp_path: Path, house: House, directive: str) -> None:
    provider = f"{house.provider}/openai/v1"
    with following(tmp_path, provider, job_deadline_minutes=0.8 / 60) as gateway:
        job = gateway.create(f"never ends [sandbox:{directive}]", model="openai/sora-2")["id"]
        failed = gateway.finished(job, patience=10)
        assert failed["error"]["code"] == "timeout"
        assert "completed_at" in failed
        asked = house.polls()
        time.sleep(3 * PACE)
        assert house.polls() == asked  # and nobody asks any more


@pytest.mark.usefixtures("quick")
def test_a_job_that_the_provider_has_lost_fails(tmp_path: Path, house: House) -> None:
    with following(tmp_path, f"{house.provider}/openai/v1") as gateway:
        created = gateway.create("lost [sandbox:stuck]", model="openai/sora-2")
        native_id = created["extra_fields"]["provider_job_id"]
        url = f"{house.provider}/openai/v1/videos/{native_id}"
        assert requests.delete(url, headers=KEY, timeout=5).ok
        assert gateway.finished(created["id"])["error"]["code"] == "provider_lost_job"


@pytest.mark.usefixtures("quick")
def test_a_deleted_job_is_not_asked_about_any_more(tmp_path: Path, house: House) -> None:
    with following(tmp_path, f"{house.provider}/openai/v1") as gateway:
        job = gateway.create("deleted [sandbox:stuck]", model="openai/sora-2")["id"]
        asked = house.polls()
        until(lambda: house.polls() > asked)
        assert gateway.ask("DELETE", f"/v1/videos/{job}").status_code == 200
        time.sleep(2 * PACE)
        asked = house.polls()
        time.sleep(4 * PACE)
        assert house.polls() == asked


@pytest.mark.usefixtures("quick")
def test_a_submission_whose_process_died_becomes_unknown(tmp_path: Path, house: House) -> None:
    with following(tmp_path, f"{house.provider}/openai/v1") as gateway:
        now = datetime.now(UTC)
        ages = {"video_lost": timedelta(minutes=10), "video_young": timedelta(seconds=10)}
        with psycopg.connect(dsn(gateway), autocommit=True) as connection:
            for job, age in ages.items():
                connection.execute(
                    """INSERT INTO jobs (id, owner, kind, state, provider, model, request, created_at, updated_at,
                    deadline_at) VALUES (%s, 'alice', 'generation', 'submitting', 'openai', 'sora-2', '{}', %s, %s, %s)""",
                    [job, now - age, now - age, now + timedelta(hours=1)],
                )
        gateway.finished("video_lost")
        lost = gateway.ask("GET", "/v1/videos/video_lost").json()
        assert (lost["status"], lost["error"]["code"]) == ("failed", "submission_unknown")
        assert gateway.ask("GET", "/v1/videos/video_young").json()["status"] == "queued"


@pytest.mark.usefixtures("quick")
def test_a_process_that_was_taken_for_dead_lets_go_and_begins_again(tmp_path: Path, house: House) -> None:
    with following(tmp_path, f"{house.provider}/openai/v1") as gateway:
        job = gateway.create("taken for dead [sandbox:slow=9] [sandbox:no-render]", model="openai/sora-2")["id"]
        with psycopg.connect(dsn(gateway), autocommit=True) as connection:
            until(
                lambda: connection.execute("SELECT 1 FROM jobs WHERE id = %s AND worker IS NOT NULL", [job]).fetchone()
            )
            first = connection.execute("DELETE FROM workers RETURNING id").fetchall()
            until(
                lambda: connection.execute("SELECT 1 FROM jobs WHERE id = %s AND worker IS NOT NULL", [job]).fetchone()
            )
            assert connection.execute("SELECT id FROM workers").fetchall() != first
        assert gateway.finished(job)["status"] == "completed"


@pytest.mark.usefixtures("quick")
def test_a_process_that_doubts_its_claims_for_a_while_goes_on_when_it_still_has_them(
    tmp_path: Path, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubts, hold = threading.Event(), Claims.hold.fget
    assert hold is not None
    monkeypatch.setattr(Claims, "hold", property(lambda claims: not doubts.is_set() and hold(claims)))
    with following(tmp_path, f"{house.provider}/openai/v1") as gateway:
        job = gateway.create("doubted [sandbox:slow=3] [sandbox:no-render]", model="openai/sora-2")["id"]
        asked = house.polls()
        until(lambda: house.polls() > asked)
        doubts.set()
        time.sleep(4 * PACE)
        asked = house.polls()
        time.sleep(4 * PACE)
        assert house.polls() == asked, "it may be another's by now"
        doubts.clear()
        assert gateway.finished(job)["status"] == "completed"


class Moody:
    """A provider whose answers to the questions about a job are listed, the last one for ever."""

    def __init__(self, *moods: bytes) -> None:
        self.moods = list(moods)
        self.asked: list[float] = []

    def __call__(self, received: Received) -> Steps:
        if received.method == "POST":
            return [reply(200, b'{"id": "v1", "status": "queued"}')]
        self.asked.append(time.monotonic())
        return [self.moods.pop(0) if len(self.moods) > 1 else self.moods[0]]


def status(word: str, **headers: str) -> bytes:
    return reply(200, f'{{"id": "v1", "status": "{word}"}}'.encode(), **headers)


@pytest.mark.usefixtures("quick")
def test_trouble_on_the_way_is_lived_through(tmp_path: Path) -> None:
    provider = Moody(
        reply(500, b"oops"),
        reply(429, b"{}", retry_after="1"),
        reply(404, b"{}"),
        reply(200, b"<html>"),
        b"nonsense\r\n\r\n",
        reply(404, b"{}"),
        status("in_progress"),
        reply(404, b"{}"),
        reply(404, b"{}"),
        status("completed"),
    )
    with origin(provider) as there, following(tmp_path, there.url) as gateway:
        job = gateway.create("moody", model="openai/x")["id"]
        # The sixth answer is a 404 after five failures in a row, so the job counts as lost: see GONE_AFTER.
        ended = gateway.finished(job)
        assert ended["status"] == "failed" and ended["error"]["code"] == "provider_lost_job"


@pytest.mark.usefixtures("quick")
def test_a_few_failures_are_forgotten_when_the_provider_answers_again(tmp_path: Path) -> None:
    gone = reply(404, b"{}")
    provider = Moody(
        gone, gone, status("in_progress"), gone, gone, status("queued"), reply(503, b""), status("completed")
    )
    with origin(provider) as there, following(tmp_path, there.url) as gateway:
        job = gateway.create("moody", model="openai/x")["id"]
        assert gateway.finished(job)["status"] == "completed"
        pauses = [later - earlier for earlier, later in zip(provider.asked, provider.asked[1:], strict=False)]
        assert all(pause >= PACE * 0.8 for pause in pauses)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "mood",
    [
        pytest.param(status("in_progress", openai_poll_after_ms="3600000"), id="a hint of an hour"),
        pytest.param(reply(429, b"{}", retry_after="3600"), id="Retry-After of an hour"),
    ],
)
def test_no_provider_can_make_us_sleep_through_the_deadline(tmp_path: Path, mood: bytes) -> None:
    with origin(Moody(mood)) as there, following(tmp_path, there.url, job_deadline_minutes=0.5 / 60) as gateway:
        job = gateway.create("sleepy", model="openai/x")["id"]
        assert gateway.finished(job, patience=4)["error"]["code"] == "timeout"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        pytest.param({"openai_poll_after_ms": "20"}, 0.3, id="a shorter hint of the provider"),
        pytest.param({"openai_poll_after_ms": "500"}, 0.5, id="a longer one"),
        pytest.param({}, 0.3, id="a model that is known to take long"),
    ],
)
def test_a_pace_that_is_set_is_kept_unless_the_provider_wants_to_be_left_alone_for_longer(
    tmp_path: Path, hint: dict[str, str], expected: float
) -> None:
    running_on, done = status("in_progress", **hint), status("completed")
    provider = Moody(done, done, done, running_on, running_on, running_on, done)
    with origin(provider) as there, following(tmp_path, there.url, poll_seconds=0.3) as gateway:
        for _ in range(3):
            job = gateway.create("took long", model="openai/x")["id"]
            with psycopg.connect(dsn(gateway), autocommit=True) as connection:
                connection.execute("UPDATE jobs SET created_at = now() - interval '10 minutes' WHERE id = %s", [job])
            assert gateway.finished(job)["status"] == "completed"
        assert gateway.finished(gateway.create("paced", model="openai/x")["id"])["status"] == "completed"
    pauses = [later - earlier for earlier, later in itertools.pairwise(provider.asked[3:])]
    assert all(expected * 0.95 <= pause <= expected + 0.15 for pause in pauses), pauses


def test_many_jobs_that_end_together_leave_connections_to_those_who_ask(tmp_path: Path) -> None:
    with origin(Moody(status("completed"))) as there, following(tmp_path, there.url, poll_seconds=2) as gateway:
        jobs = [gateway.create("together", model="openai/x")["id"] for _ in range(30)]
        with psycopg.connect(dsn(gateway)) as connection:  # whose locks keep every end from being written down
            connection.execute("SELECT FROM jobs WHERE id = ANY(%s) FOR UPDATE", [jobs])
            time.sleep(3)
            listed = gateway.ask("GET", "/v1/videos?limit=100")
            assert (listed.status_code, len(listed.json()["data"])) == (200, 30)
        assert {gateway.finished(job)["status"] for job in jobs} == {"completed"}


@pytest.mark.usefixtures("quick")
def test_an_answer_that_breaks_the_adapter_is_bounded_by_the_deadline_too(tmp_path: Path) -> None:
    broken = reply(200, b'{"id": "v1", "status": "in_progress", "expires_at": 1795132800000}')
    with origin(Moody(broken)) as there, following(tmp_path, there.url, job_deadline_minutes=0.5 / 60) as gateway:
        job = gateway.create("breaks", model="openai/x")["id"]
        assert gateway.finished(job, patience=5)["error"]["code"] == "timeout"
