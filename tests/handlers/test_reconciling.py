"""What becomes of creates whose outcome is not known, and of jobs that were given up at their deadline."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from sqlalchemy import make_url, text
from ulid import ULID

from handlers.jobs import reconciling, states, tracking
from handlers.jobs.database import engine_for, migrate
from handlers.jobs.ledger import Adopted, Job, Ledger
from handlers.jobs.states import IN_PROGRESS, QUEUED, SUBMITTING, UNKNOWN
from handlers.providers.adapter import Listed
from tests.gateway import ALICE, BOB, Gateway, judge, new_database, running
from tests.handlers.wire import CUT, SERVE, Received, Steps, configured, dsn, origin, process, reply, standalone_sandbox

FIRST, CERTAIN = 0.3, 1.2  # seconds, in these tests
LISTING = ["openai/sora-2", "azure/sora-2", "vllm/Wan-AI/Wan2.2-TI2V-5B-Diffusers", "replicate/google/veo-3.1-fast"]
SORA, PRO, SGL = "openai/sora-2", "openai/sora-2-pro", "sgl/Wan-AI/Wan2.2-TI2V-5B-Diffusers"
LOST, NOT_KNOWN = "submission_lost", "submission_unknown"


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, seconds in (("FIRST", FIRST), ("CERTAIN", CERTAIN), ("SWEEP", 0.1), ("SLOWEST", 0.4)):
            patch.setattr(reconciling, name, seconds)
        yield


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("reconciling")) as gateway:
        yield gateway


@pytest.fixture
def gateway(shared: Gateway) -> Iterator[Gateway]:
    before = len(shared.exchanges)
    yield shared
    judge(shared, shared.exchanges[before:])


def until(happened: Callable[[], Any], patience: float = 15) -> Any:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if said := happened():
            return said
        time.sleep(0.03)
    raise AssertionError(f"it has not happened after {patience} s")


def prompt_of(*directives: str) -> str:
    """A prompt that no other test has."""
    return f"{ULID()} " + " ".join(f"[sandbox:{each}]" for each in (*directives, "no-render"))


def send(
    gateway: Gateway, prompt: str, model: str = SORA, key: str = ALICE, once: str | None = None, **body: Any
) -> requests.Response:
    headers = {} if once is None else {"Idempotency-Key": once}
    return gateway.ask("POST", "/v1/videos", key, json={"model": model, "prompt": prompt, **body}, headers=headers)


def lose(gateway: Gateway, prompt: str, model: str = SORA, key: str = ALICE, once: str | None = None) -> str:
    """Make a create whose answer is lost; its id."""
    answer = send(gateway, prompt, model, key, once)
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, NOT_KNOWN), answer.text
    return str(answer.json()["extra_fields"]["video_id"])


def video(gateway: Gateway, video_id: str, key: str = ALICE, **headers: str) -> dict[str, Any]:
    shown: dict[str, Any] = gateway.ask("GET", f"/v1/videos/{video_id}", key, headers=headers).json()
    return shown


def row(gateway: Gateway, video_id: str) -> dict[str, Any]:
    with psycopg.connect(dsn(gateway), row_factory=psycopg.rows.dict_row) as connection:
        (found,) = connection.execute("SELECT * FROM jobs WHERE id = %s", [video_id]).fetchall()
    return found


def made(gateway: Gateway, prompt: str) -> list[str]:
    """The jobs that the emulators have made with this prompt."""
    with sqlite3.connect(gateway.settings.data_dir / "sandbox/sandbox.sqlite3") as memory:
        rows = memory.execute("SELECT id, request FROM tasks").fetchall()
    return [task for task, request in rows if prompt in json.loads(request).get("prompt", request)]


def outcomes(shown: dict[str, Any]) -> list[str]:
    return [attempt["outcome"] for attempt in shown["extra_fields"]["attempts"]]


# ---- adopted --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", LISTING)
def test_a_lost_create_is_found_in_its_providers_list(gateway: Gateway, model: str) -> None:
    prompt = prompt_of("drop-after")
    found = gateway.finished(lose(gateway, prompt, model))
    assert (found["status"], outcomes(found)) == ("completed", ["unknown", "adopted"])
    assert made(gateway, prompt) == [found["extra_fields"]["provider_job_id"]]
    assert found["model"] == model
    assert gateway.ask("GET", f"/v1/videos/{found['id']}/content").status_code == 200


def test_a_lost_job_that_has_failed_is_found_as_such(gateway: Gateway) -> None:
    found = gateway.finished(lose(gateway, prompt_of("drop-after", "fail")))
    assert (found["status"], found["error"]["code"]) == ("failed", "video_generation_failed")


@pytest.mark.parametrize("directive", ["garbage", "502", "504"])
def test_however_the_answer_was_lost(shared: Gateway, directive: str) -> None:
    assert shared.finished(lose(shared, prompt_of(directive)))["status"] == "completed"


def test_an_adopted_job_answers_for_its_idempotency_key(gateway: Gateway) -> None:
    prompt, once = prompt_of("drop-after"), str(ULID())
    lost = lose(gateway, prompt, once=once)
    assert lose(gateway, prompt, once=once) == lost, "as long as nothing is known, what is known is repeated"
    gateway.finished(lost)
    again = send(gateway, prompt, once=once)
    assert (again.status_code, again.json()["id"], again.json()["status"]) == (200, lost, "completed")
    assert len(made(gateway, prompt)) == 1


def test_a_lost_job_can_be_waited_for_and_listened_to(gateway: Gateway) -> None:
    lost = lose(gateway, prompt_of("drop-after", "slow=1"))
    with ThreadPoolExecutor() as pool:
        told = pool.submit(gateway.ask, "GET", f"/v1/videos/{lost}/events")
        assert video(gateway, lost, Prefer="wait=20")["status"] == "completed"
    names = [line for line in told.result().text.splitlines() if line.startswith("event:")]
    assert (names[0], names[-1]) == ("event: video.queued", "event: video.completed")
    assert "event: video.failed" not in names


def test_until_it_is_known_a_lost_job_is_queued_and_after_that_no_more(tmp_path: Path) -> None:
    database = new_database()
    with running(tmp_path, database, worker=False) as gateway:
        lost = lose(gateway, prompt_of("drop-after"))
        shown = gateway.ask("GET", f"/v1/videos/{lost}")
        assert (shown.json()["status"], shown.headers["retry-after"]) == ("queued", "1")
        assert "error" not in shown.json() and "completed_at" not in shown.json()
        assert [each["id"] for each in listed(gateway, "queued")] == [lost] and not listed(gateway, "failed")
        with running(tmp_path, database):
            assert gateway.finished(lost)["status"] == "completed"
        assert [each["id"] for each in listed(gateway, "completed")] == [lost]


def listed(gateway: Gateway, status: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = gateway.ask("GET", f"/v1/videos?status={status}").json()["data"]
    return found


# ---- lost -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", LISTING)
def test_a_create_that_no_list_has_was_never_made_and_can_be_sent_again(gateway: Gateway, model: str) -> None:
    prompt, once = prompt_of("drop-before times=1"), str(ULID())
    lost = lose(gateway, prompt, model, once=once)
    shown = gateway.finished(lost)
    assert (shown["status"], shown["error"]["code"]) == ("failed", LOST)
    assert made(gateway, prompt) == []
    again = send(gateway, prompt, model, once=once)
    assert again.status_code == 200 and again.json()["id"] != lost
    assert "idempotency-replayed" not in again.headers
    assert gateway.finished(again.json()["id"])["status"] == "completed"
    assert gateway.finished(lost)["error"]["code"] == LOST


def test_what_was_never_made_is_closed_as_soon_as_that_is_certain(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "SLOWEST", 3600.0)
    monkeypatch.setattr(reconciling, "FIRST", 0.7 * CERTAIN)  # and then twice as late, if nothing ended the doubling
    job, began = lose(gateway, prompt_of("drop-before")), time.monotonic()
    assert gateway.finished(job)["error"]["code"] == LOST
    assert time.monotonic() - began < 1.3 * CERTAIN


def test_no_hasty_conclusion_is_drawn_from_a_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job may come into the list late; until CERTAIN its absence means nothing."""
    monkeypatch.setattr(reconciling, "CERTAIN", 3600.0)
    provider = Provider()
    with provider.there(tmp_path) as gateway:
        lost = lose(gateway, "late")
        asked = until(lambda: provider.lists)
        until(lambda: provider.lists > asked + 2)
        assert video(gateway, lost)["status"] == "queued"
        provider.has("late", "v1")
        assert gateway.finished(lost)["extra_fields"]["provider_job_id"] == "v1"


def test_without_a_list_it_is_not_known_at_once_and_for_good(gateway: Gateway) -> None:
    lost = lose(gateway, prompt_of("drop-after"), "runway/gen4.5")
    shown = video(gateway, lost)
    assert (shown["status"], shown["error"]["code"]) == ("failed", NOT_KNOWN)
    assert row(gateway, lost)["reconcile_at"] is None


def test_a_list_without_prompts_decides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(tmp_path) as gateway:
        nothing_made = lose(gateway, prompt_of("drop-before times=1"), SGL)
        assert gateway.finished(nothing_made)["error"]["code"] == LOST, "the list is empty"
        monkeypatch.setattr(reconciling, "GIVEN_UP", 2 * CERTAIN)
        prompt = prompt_of("drop-after")
        lost = lose(gateway, prompt, SGL)
        shown = gateway.finished(lost)
        assert (shown["status"], shown["error"]["code"]) == ("failed", NOT_KNOWN)
        assert row(gateway, lost)["state"] == UNKNOWN and "provider_job_id" not in shown["extra_fields"]
        judge(gateway, gateway.exchanges)


def test_who_deletes_a_lost_job_ends_the_questions(gateway: Gateway) -> None:
    prompt = prompt_of("drop-after")
    lost = lose(gateway, prompt)
    deleted = gateway.ask("DELETE", f"/v1/videos/{lost}")
    assert (deleted.status_code, deleted.json()["extra_fields"]["provider_outcome"]) == (200, "nothing")
    time.sleep(3 * FIRST)
    assert (row(gateway, lost)["native_id"], row(gateway, lost)["state"]) == (None, "failed")


# ---- whose is it ----------------------------------------------------------------------------------------------------


def test_two_lost_creates_with_one_prompt_find_a_job_each(gateway: Gateway) -> None:
    prompt = prompt_of("drop-after")
    found = [gateway.finished(each) for each in [lose(gateway, prompt), lose(gateway, prompt)]]
    assert [each["status"] for each in found] == ["completed", "completed"]
    assert sorted(each["extra_fields"]["provider_job_id"] for each in found) == sorted(made(gateway, prompt))
    assert len(made(gateway, prompt)) == 2


def test_of_two_lost_creates_with_one_prompt_only_the_made_one_is_found(gateway: Gateway) -> None:
    prompt = prompt_of("drop-before times=1", "drop-after times=2")
    ended = [gateway.finished(each) for each in [lose(gateway, prompt), lose(gateway, prompt)]]
    assert sorted(each["status"] for each in ended) == ["completed", "failed"]
    (failed,) = [each for each in ended if each["status"] == "failed"]
    assert failed["error"]["code"] == LOST
    assert len(made(gateway, prompt)) == 1


def test_a_job_of_another_model_is_left_to_whom_it_belongs(gateway: Gateway) -> None:
    prompt = prompt_of("drop-before times=1", "drop-after times=2")
    never_made, lost = lose(gateway, prompt, PRO), lose(gateway, prompt, SORA)
    assert gateway.finished(lost)["status"] == "completed"
    assert gateway.finished(never_made)["error"]["code"] == LOST


def test_two_processes_never_give_one_job_to_two(tmp_path: Path) -> None:
    database, prompt = new_database(), prompt_of("drop-after")
    with running(tmp_path, database, worker=False) as taking:
        lost = [lose(taking, prompt) for _ in range(6)]
        with running(tmp_path, database), running(tmp_path, database):
            found = [taking.finished(each)["extra_fields"]["provider_job_id"] for each in lost]
        assert sorted(found) == sorted(made(taking, prompt))
        assert len(set(found)) == 6


@pytest.mark.parametrize("deletes", [False, True], ids=["", "who has deleted it"])
def test_what_may_be_anothers_is_not_adopted(gateway: Gateway, monkeypatch: pytest.MonkeyPatch, deletes: bool) -> None:
    monkeypatch.setattr(reconciling, "GIVEN_UP", 2 * CERTAIN)
    prompt = prompt_of("drop-before times=1", "drop-after times=2")
    never_made, bobs = lose(gateway, prompt), lose(gateway, prompt, key=BOB)
    if deletes:
        assert gateway.ask("DELETE", f"/v1/videos/{bobs}", BOB).status_code == 200
    assert gateway.finished(never_made)["error"]["code"] == NOT_KNOWN
    assert row(gateway, never_made)["native_id"] is None
    assert row(gateway, bobs)["native_id"] is None
    assert len(made(gateway, prompt)) == 1


def test_what_another_has_already_is_not_adopted_but_hinders_nobody(gateway: Gateway) -> None:
    prompt = prompt_of("drop-before times=1")
    lost = lose(gateway, prompt)
    bobs = send(gateway, prompt, key=BOB)
    assert bobs.status_code == 200
    assert gateway.finished(lost)["error"]["code"] == LOST
    assert gateway.finished(bobs.json()["id"], key=BOB)["status"] == "completed"


def test_what_was_lost_long_before_hinders_nobody(gateway: Gateway) -> None:
    prompt = prompt_of("drop-after")
    long_ago = datetime.now(UTC) - timedelta(days=7)
    with psycopg.connect(dsn(gateway), autocommit=True) as connection:
        connection.execute(
            """INSERT INTO jobs (id, owner, kind, state, provider, model, request, created_at, updated_at, deadline_at)
            VALUES (%s, 'bob', 'generation', 'unknown', 'openai', 'sora-2', %s, %s, %s, %s)""",
            [
                f"video_{ULID.from_datetime(long_ago)}".lower(),
                json.dumps({"prompt": prompt}),
                long_ago,
                long_ago,
                long_ago,
            ],
        )
    assert gateway.finished(lose(gateway, prompt))["status"] == "completed"


def test_nothing_is_adopted_while_a_create_with_that_prompt_is_on_its_way(gateway: Gateway) -> None:
    prompt = prompt_of("drop-after times=1", "hang=2")
    lost = lose(gateway, prompt)
    with ThreadPoolExecutor() as pool:
        creating = pool.submit(send, gateway, prompt)
        until(lambda: len(made(gateway, prompt)) == 2)
        seen = []
        while not creating.done():
            seen.append(row(gateway, lost)["state"])
            time.sleep(0.05)
    assert set(seen[:-1]) == {UNKNOWN}
    created = creating.result().json()
    found = gateway.finished(lost)
    assert gateway.finished(created["id"])["status"] == found["status"] == "completed"
    assert {each["extra_fields"]["provider_job_id"] for each in (created, found)} == set(made(gateway, prompt))


def test_a_job_that_failed_and_was_placed_elsewhere_belongs_to_somebody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `failover: job` the row names the later job only; the earlier one stands in its attempts."""
    with running(tmp_path) as gateway:
        prompt = prompt_of("drop-before times=1", "fail")
        monkeypatch.setattr(reconciling, "FIRST", 3.0)
        lost = lose(gateway, prompt)
        moved = send(gateway, prompt, failover="job", fallbacks=[PRO])
        assert outcomes(gateway.finished(moved.json()["id"])) == ["accepted", "job_failed", "accepted"]
        assert gateway.finished(lost)["error"]["code"] == LOST
        assert row(gateway, lost)["native_id"] is None


# ---- a provider of the test's own -----------------------------------------------------------------------------------


def said(status: int, body: dict[str, Any]) -> list[bytes]:
    return [reply(status, json.dumps(body).encode(), content_type="application/json")]


@dataclass
class Provider:
    """Speaks OpenAI's dialect; loses every answer to a create."""

    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    lists: int = 0  # questions for the list
    broken: list[list[bytes | object]] = field(default_factory=list)  # answers to these before the list is told
    asked: list[str] = field(default_factory=list)  # ids
    creates: Callable[[], Steps] = lambda: [CUT]

    def has(self, prompt: str, native_id: str, status: str = "completed") -> None:
        self.jobs[native_id] = {
            **{"id": native_id, "object": "video", "created_at": int(time.time()), "model": "x", "seconds": "4"},
            **{"status": status, "progress": 0, "prompt": prompt, "size": "1280x720"},
        }

    def __call__(self, received: Received) -> Steps:
        if received.method == "POST":
            return self.creates()
        path = received.target.partition("?")[0]
        if path.endswith("/videos"):
            self.lists += 1
            if self.broken:
                return self.broken.pop(0)
            return said(200, {"object": "list", "data": list(self.jobs.values()), "has_more": False})
        name = path.rpartition("/")[2]
        self.asked.append(name)
        return said(200, self.jobs[name]) if name in self.jobs else said(404, {"error": {"message": "none"}})

    @contextmanager
    def there(self, directory: Path, **settings: Any) -> Iterator[Gateway]:
        """A gateway that has this provider."""
        with (
            origin(self) as there,
            running(directory, configuration=configured(openai=there.url), **settings) as gateway,
        ):
            yield gateway


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param([CUT], id="no answer"),
        pytest.param(said(500, {}), id="500"),
        pytest.param(said(429, {}), id="429"),
        pytest.param(said(401, {}), id="401"),
        pytest.param(said(404, {}), id="404"),
        pytest.param([reply(200, b"<html>")], id="no JSON"),
        pytest.param(said(200, {"data": [{"id": "v9", "status": "queued"}], "has_more": False}), id="no times"),
    ],
)
def test_a_provider_that_cannot_tell_is_asked_again(
    tmp_path: Path, broken: list[bytes | object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "CERTAIN", 3600.0)  # until then a list that is not there may come
    provider = Provider(broken=[broken] * 3)
    provider.has("found later", "v1")
    with provider.there(tmp_path) as gateway:
        lost = lose(gateway, "found later")
        assert gateway.finished(lost)["extra_fields"]["provider_job_id"] == "v1"
        assert provider.lists == 4


def test_a_provider_that_never_tells_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciling, "GIVEN_UP", CERTAIN)
    provider = Provider(broken=[said(500, {})] * 1000)
    with provider.there(tmp_path) as gateway:
        lost = lose(gateway, "never found")
        assert gateway.finished(lost)["error"]["code"] == NOT_KNOWN
        asked = provider.lists
        assert asked >= 2
        time.sleep(1)
        assert provider.lists == asked


def test_a_job_that_cannot_be_asked_about_is_not_adopted_yet(tmp_path: Path) -> None:
    provider = Provider()
    provider.has("in the list only", "v1")
    told = provider.jobs["v1"]
    with provider.there(tmp_path) as gateway:
        provider.jobs = ListOnly(provider.jobs)
        lost = lose(gateway, "in the list only")
        until(lambda: provider.asked)
        assert video(gateway, lost)["status"] == "queued"
        provider.jobs = {"v1": told}
        assert gateway.finished(lost)["status"] == "completed"


class ListOnly(dict[str, Any]):
    def __contains__(self, _: object) -> bool:
        return False


# ---- after the deadline ---------------------------------------------------------------------------------------------


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    from handlers.providers.openai import OpenAI

    monkeypatch.setattr(OpenAI, "poll_seconds", 0.1)
    monkeypatch.setattr(tracking, "LATE", 0.3)


def accepted(provider: Provider) -> None:
    """The provider takes one job, v1, that does not end before its deadline."""
    provider.has("slow", "v1", "in_progress")
    provider.creates = lambda: said(200, provider.jobs["v1"])


DEADLINE = 0.5 / 60  # minutes


@pytest.mark.usefixtures("soon")
def test_a_job_that_is_finished_after_its_deadline_is_completed_after_all(tmp_path: Path) -> None:
    accepted(provider := Provider())
    with provider.there(tmp_path, job_deadline_minutes=DEADLINE) as gateway:
        job = gateway.create("slow", model="openai/x")["id"]
        assert gateway.finished(job)["error"]["code"] == "timeout"
        asked = len(provider.asked)
        until(lambda: len(provider.asked) > asked + 1)
        assert video(gateway, job)["status"] == "failed"
        provider.has("slow", "v1", "completed")
        shown = until(lambda: (seen := video(gateway, job))["status"] == "completed" and seen)
        assert "error" not in shown and shown["progress"] == 100 and shown["videos"]
        assert row(gateway, job)["reconcile_at"] is None
        asked = len(provider.asked)
        time.sleep(1)
        assert len(provider.asked) == asked


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("end", ["failed", "gone"])
def test_a_job_that_fails_after_its_deadline_stays_as_it_is_and_is_left_alone(tmp_path: Path, end: str) -> None:
    accepted(provider := Provider())
    with provider.there(tmp_path, job_deadline_minutes=DEADLINE) as gateway:
        job = gateway.create("slow", model="openai/x")["id"]
        before = gateway.finished(job)
        if end == "gone":
            provider.jobs.clear()
        else:
            provider.has("slow", "v1", "failed")
        until(lambda: row(gateway, job)["reconcile_at"] is None)
        assert video(gateway, job) == before and before["error"]["code"] == "timeout"
        asked = len(provider.asked)
        time.sleep(1)
        assert len(provider.asked) == asked


@pytest.mark.usefixtures("soon")
def test_a_job_that_was_deleted_after_its_deadline_is_not_asked_about(tmp_path: Path) -> None:
    accepted(provider := Provider())
    with provider.there(tmp_path, job_deadline_minutes=DEADLINE) as gateway:
        job = gateway.create("slow", model="openai/x")["id"]
        gateway.finished(job)
        assert gateway.ask("DELETE", f"/v1/videos/{job}").status_code == 200
        time.sleep(0.3)  # for a question that was on its way
        provider.has("slow", "v1", "completed")
        asked = len(provider.asked)
        time.sleep(1.5)
        assert len(provider.asked) == asked
        assert (row(gateway, job)["state"], row(gateway, job)["reconcile_at"]) == ("failed", None)


@pytest.mark.usefixtures("soon")
def test_a_provider_that_cannot_be_asked_after_the_deadline_is_asked_again(tmp_path: Path) -> None:
    accepted(provider := Provider())
    with provider.there(tmp_path, job_deadline_minutes=DEADLINE) as gateway:
        job = gateway.create("slow", model="openai/x")["id"]
        gateway.finished(job)
        provider.jobs["v1"] = {"id": 1}
        asked = len(provider.asked)
        until(lambda: len(provider.asked) > asked + 1)
        provider.has("slow", "v1", "completed")
        until(lambda: video(gateway, job)["status"] == "completed")


def test_a_job_that_failed_otherwise_is_not_asked_about(gateway: Gateway) -> None:
    created = send(gateway, prompt_of("fail"))
    gateway.finished(created.json()["id"])
    assert row(gateway, created.json()["id"])["reconcile_at"] is None


# ---- processes ------------------------------------------------------------------------------------------------------


def test_a_create_whose_process_was_killed_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciling, "PRESUMED_DEAD", 1.0)
    database, prompt = new_database(), prompt_of("hang=60")
    with standalone_sandbox(tmp_path / "provider") as provider:
        url = f"{provider}/openai/v1"
        settings = {
            "PORT": "0",
            "DATABASE_URL": database,
            "REELGATE_DATA_DIR": str(tmp_path / "killed"),
            "REELGATE_API_KEYS": f"alice:{ALICE}",
            "OPENAI_API_KEY": "sk-sandbox-own-secret",
            "OPENAI_BASE_URL": url,
        }
        with ThreadPoolExecutor() as pool:
            with process(SERVE, "is ready on", tmp_path / "log", **settings) as (dying, line):
                body = {"model": SORA, "prompt": prompt}
                ask = {"json": body, "headers": {"x-api-key": ALICE, "Idempotency-Key": "killed"}, "timeout": 30}
                creating = pool.submit(requests.post, line.split()[-1] + "/v1/videos", **ask)
                until(lambda: requests.get(f"{provider}/stats", timeout=5).json()["openai"]["creates_accepted"])
                dying.kill()
                dying.wait()
            with pytest.raises(requests.ConnectionError):
                creating.result()
        with running(tmp_path, database, configured(openai=url)) as gateway:
            (waiting,) = listed(gateway, "queued")
            found = gateway.finished(waiting["id"])
            assert found["status"] == "completed"
            assert [attempt["outcome"] for attempt in row(gateway, found["id"])["attempts"]] == ["adopted"]
            again = send(gateway, prompt, once="killed")
            assert (again.status_code, again.json()["id"]) == (200, found["id"])
        stats = requests.get(f"{provider}/stats", timeout=5).json()
        assert stats["openai"]["creates_accepted"] == 1


# ---- pure ------------------------------------------------------------------------------------------------------------


def test_the_model_decides_between_jobs_with_one_prompt() -> None:
    def listed(native_id: str, prompt: str | None, model: str | None) -> Listed:
        return Listed(native_id, datetime.now(UTC), prompt, model)

    lost = job(request={"prompt": "p"}, model="m", deployment="d")
    other = job(request={"prompt": "p"}, model="n")

    def found(*free: Listed, alike: tuple[Job, ...] = ()) -> list[str]:
        return [each.native_id for each in reconciling.candidates(lost, free, alike)]

    same, deployed, silent = listed("same", "p", "m"), listed("deployed", "p", "d"), listed("silent", "p", None)
    alias, others = listed("alias", "p", "alias"), listed("others", "p", "n")
    assert found(same, deployed, silent, alias) == ["same", "deployed", "silent"]
    assert found(listed("x", "q", "m"), listed("y", None, "m")) == []
    assert found(alias, others) == ["alias", "others"]
    assert found(alias, others, alike=(other,)) == ["alias"]
    assert found(same, others, alike=(other,)) == ["same"]


# ---- the ledger's part ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def database() -> str:
    return new_database()


@asynccontextmanager
async def ledgers(database: str) -> AsyncIterator[tuple[Ledger, Ledger]]:
    """Two ledgers on one database, as two processes have them."""
    engines = [engine_for(make_url(database).set(drivername="postgresql+psycopg")) for _ in range(2)]
    await migrate(engines[0])
    yield Ledger(engines[0]), Ledger(engines[1])
    for engine in engines:
        await engine.dispose()


def job(**fields: Any) -> Job:
    now = datetime.now(UTC)
    made: dict[str, Any] = {"state": UNKNOWN, "provider": "openai", "model": "m", "request": {}, **fields}
    moments = {name: made.pop(name, now) for name in ("created_at", "updated_at", "deadline_at")}
    identity = f"video_{ULID.from_datetime(moments['created_at'])}".lower()
    return Job(identity, "o", "generation", **made, **moments)


async def test_sql_and_python_agree_on_what_callers_see(database: str) -> None:
    async with ledgers(database) as (ledger, _):
        for state in states.NEXT:
            for moment in (None, datetime.now(UTC) + timedelta(hours=1)):
                recorded = job(state=state, reconcile_at=moment)
                await ledger.record(recorded)
                async with ledger.engine.connect() as connection:
                    query = text("SELECT status FROM jobs WHERE id = :id")
                    (status,) = (await connection.execute(query, {"id": recorded.id})).one()
                assert status == recorded.status, (state, moment)


async def test_of_many_who_adopt_one_job_at_once_one_has_it(database: str) -> None:
    async with ledgers(database) as both:
        for native_id in ("n1", "n2", "n3"):
            rows = [job() for _ in range(8)]
            for each in rows:
                await both[0].record(each)
            adopting = [
                both[number % 2].move(
                    each.id, QUEUED, also=both[number % 2].only_one("openai", native_id), native_id=native_id
                )
                for number, each in enumerate(rows)
            ]
            results = await asyncio.gather(*adopting, return_exceptions=True)
            assert sum(isinstance(each, Job) for each in results) == 1
            assert sum(isinstance(each, Adopted) for each in results) == 7
            after = [await both[0].get(each.id) for each in rows]
            assert sorted(each.state for each in after if each is not None) == [QUEUED] + [UNKNOWN] * 7


async def test_a_deleted_job_keeps_what_it_had(database: str) -> None:
    async with ledgers(database) as (ledger, _):
        gone = job(state=IN_PROGRESS, native_id="kept")
        await ledger.record(gone)
        await ledger.delete(gone.id)
        assert await ledger.adopted("openai", ["kept", "free"]) == {"kept"}
        await ledger.record(late := job())
        with pytest.raises(Adopted):
            await ledger.move(late.id, QUEUED, also=ledger.only_one("openai", "kept"), native_id="kept")


async def test_what_is_due_goes_to_one_process_only(database: str) -> None:
    async with ledgers(database) as both:
        rows = [job(reconcile_at=datetime.now(UTC)) for _ in range(20)]
        later = job(reconcile_at=datetime.now(UTC) + timedelta(hours=1))
        gone = replace(job(reconcile_at=datetime.now(UTC)), deleted_at=datetime.now(UTC))
        for each in [*rows, later, gone]:
            await both[0].record(each)
        taken = await asyncio.gather(*(each.due_for_reconciling(10) for each in both * 2))
        ids = [each.id for part in taken for each in part]
        assert sorted(ids) == sorted(each.id for each in rows)
        assert all(len(part) <= 10 for part in taken)


async def test_a_job_that_is_settled_is_not_put_off(database: str) -> None:
    """The process that asked may be slower than the one that settled it."""
    async with ledgers(database) as (ledger, other):
        for settle in (lambda each: other.move(each, QUEUED, native_id="x"), other.delete):
            asked = job(reconcile_at=datetime.now(UTC))
            await ledger.record(asked)
            await settle(asked.id)
            await ledger.put_off(asked.id, datetime.now(UTC))
            seen = await other.get(asked.id)
            assert seen is not None and seen.reconcile_at is None


async def test_only_a_job_that_was_given_up_is_finished_late(database: str) -> None:
    async with ledgers(database) as (ledger, _):
        timeout, other = {"code": states.TIMED_OUT, "message": "m"}, {"code": "provider_failed", "message": "m"}
        given_up = job(state="failed", error=timeout, native_id="n")
        never = [
            job(state="failed", error=other),
            job(state=IN_PROGRESS),
            replace(job(state="failed", error=timeout), deleted_at=datetime.now(UTC)),
        ]
        for each in [given_up, *never]:
            await ledger.record(each)
        finished = await ledger.finish_late(given_up.id, progress=100.0)
        assert finished is not None
        assert (finished.state, finished.error, finished.reconcile_at) == ("completed", None, None)
        for each in never:
            assert await ledger.finish_late(each.id) is None
            kept = await ledger.get(each.id)
            assert kept is not None and (kept.state, kept.error) == (each.state, each.error)


async def test_alike_are_those_that_may_have_made_the_same(database: str) -> None:
    async with ledgers(database) as (ledger, _):
        prompt = {"request": {"prompt": str(ULID())}}
        lost = job(**prompt)
        others = {
            "lost": job(**prompt),
            "on its way": job(**prompt, state=SUBMITTING),
            "deleted on its way": job(**prompt, state=SUBMITTING),
        }
        apart = [
            job(**prompt, state=IN_PROGRESS),
            job(**prompt, provider="azure"),
            job(request={"prompt": "another"}),
            job(**prompt, created_at=lost.created_at - timedelta(days=2)),
            accepted_and_deleted := job(**prompt, state=IN_PROGRESS, native_id="n"),
        ]
        for each in [lost, *others.values(), *apart]:
            await ledger.record(each)
        for each in (others["deleted on its way"], accepted_and_deleted):
            await ledger.delete(each.id)
        found = await ledger.alike(lost, since=lost.created_at - timedelta(minutes=1))
        assert {each.id for each in found} == {each.id for each in others.values()}
