"""Deleting: what is told of it is what happened at the provider."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.gateway import BOB, Gateway, judge, running
from tests.handlers.wire import Received, Steps, configured, dsn, origin, reply

OWN = "Wan-AI/Wan2.2-TI2V-5B-Diffusers"
MODELS = {
    "runway": "runway/gen4.5",
    "openai": "openai/sora-2",
    "azure": "azure/sora-2",
    "vllm": f"vllm/{OWN}",
    "sgl": f"sgl/{OWN}",
    "replicate": "replicate/google/veo-3.1-fast",
    "gemini": "gemini/gemini-omni-1.1-flash",
    "openrouter": "openrouter/google/veo-3.1",
    "xai": "xai/grok-imagine-video",
    "vertex": "vertex/veo-3.1-generate-001",
}
CANCELS = ["runway", "openai", "azure", "vllm", "replicate", "gemini"]
ERASES = ["runway", "openai", "azure", "vllm", "sgl", "gemini"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("deletes")) as gateway:
        yield gateway


@pytest.fixture
def gateway(shared: Gateway) -> Iterator[Gateway]:
    before = len(shared.exchanges)
    yield shared
    judge(shared, shared.exchanges[before:])


def delete(gateway: Gateway, video_id: str) -> dict[str, Any]:
    """The facts with which a deletion is answered."""
    answer = gateway.ask("DELETE", f"/v1/videos/{video_id}")
    assert answer.status_code == 200, answer.text
    deleted = answer.json()
    assert (deleted["id"], deleted["object"], deleted["deleted"]) == (video_id, "video.deleted", True)
    facts: dict[str, Any] = deleted["extra_fields"]
    return facts


@pytest.mark.parametrize("provider", MODELS)
def test_a_job_that_runs_is_cancelled_where_the_provider_can(gateway: Gateway, provider: str) -> None:
    created = gateway.create("[sandbox:slow=600]", model=MODELS[provider])
    before = gateway.stats()[provider]["deletes"]
    facts = delete(gateway, created["id"])
    assert facts["provider_outcome"] == ("cancelled" if provider in CANCELS else "runs_on")
    assert (facts["provider"], facts["request_type"]) == (provider, "video_delete")
    assert facts["provider_job_id"] == created["extra_fields"]["provider_job_id"]
    asked = gateway.stats()[provider]["deletes"] - before
    assert asked == (1 if provider in {*CANCELS, *ERASES} else 0)


@pytest.mark.parametrize("provider", MODELS)
def test_a_job_that_has_ended_is_erased_where_the_provider_can(gateway: Gateway, provider: str) -> None:
    video_id = gateway.create("[sandbox:no-render]", model=MODELS[provider])["id"]
    assert gateway.finished(video_id)["status"] == "completed"
    assert delete(gateway, video_id)["provider_outcome"] == ("erased" if provider in ERASES else "kept")


def test_a_job_that_has_failed_is_erased_too(gateway: Gateway) -> None:
    video_id = gateway.create("[sandbox:fail]", model=MODELS["openai"])["id"]
    gateway.finished(video_id)
    assert delete(gateway, video_id)["provider_outcome"] == "erased"


@pytest.mark.parametrize(("prompt", "outcome"), [("[sandbox:stuck]", "runs_on"), ("[sandbox:no-render]", "kept")])
def test_what_cannot_be_deleted_at_gemini_is_not_said_to_be(gateway: Gateway, prompt: str, outcome: str) -> None:
    created = gateway.create(prompt, model="gemini/veo-3.1-generate-preview")
    if outcome == "kept":
        gateway.finished(created["id"])
    assert delete(gateway, created["id"])["provider_outcome"] == outcome


@pytest.mark.parametrize("directive", ["500", "drop-after"])
def test_of_a_job_that_no_provider_is_known_to_have_nothing_is_said(gateway: Gateway, directive: str) -> None:
    body = {"model": MODELS["runway"], "prompt": f"[sandbox:{directive}]"}
    video_id = gateway.ask("POST", "/v1/videos", json=body).json()["extra_fields"]["video_id"]
    before = gateway.stats()["runway"]["deletes"]
    facts = delete(gateway, video_id)
    assert facts["provider_outcome"] == "nothing" and "provider_job_id" not in facts
    assert gateway.stats()["runway"]["deletes"] == before


def test_what_is_deleted_is_gone_and_its_record_stays(gateway: Gateway) -> None:
    video_id = gateway.create("[sandbox:stuck]")["id"]
    delete(gateway, video_id)
    for method, path in (("DELETE", ""), ("GET", ""), ("GET", "/events"), ("GET", "/content"), ("POST", "/remix")):
        body = {"json": {"prompt": "x"}} if method == "POST" else {}
        refused = gateway.ask(method, f"/v1/videos/{video_id}{path}", **body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "video_not_found")
    with psycopg.connect(dsn(gateway)) as connection:
        query = "SELECT state, error->>'code', deleted_at IS NOT NULL FROM jobs WHERE id = %s"
        assert connection.execute(query, [video_id]).fetchone() == ("failed", "cancelled", True)


def test_a_finished_job_stays_a_finished_one_in_the_record(gateway: Gateway) -> None:
    video_id = gateway.create()["id"]
    gateway.finished(video_id)
    delete(gateway, video_id)
    with psycopg.connect(dsn(gateway)) as connection:
        query = "SELECT state, error, deleted_at IS NOT NULL FROM jobs WHERE id = %s"
        assert connection.execute(query, [video_id]).fetchone() == ("completed", None, True)


def test_nobody_deletes_what_is_anothers(gateway: Gateway) -> None:
    video_id = gateway.create("[sandbox:stuck]")["id"]
    before = gateway.stats()["runway"]["deletes"]
    assert gateway.ask("DELETE", f"/v1/videos/{video_id}", BOB).status_code == 404
    assert gateway.stats()["runway"]["deletes"] == before
    delete(gateway, video_id)


@pytest.mark.parametrize("ended", [False, True], ids=["running", "ended"])
@pytest.mark.parametrize("provider", MODELS)
def test_of_many_who_delete_at_once_one_has_done_it(gateway: Gateway, provider: str, ended: bool) -> None:
    created = gateway.create(f"[sandbox:{'no-render' if ended else 'slow=600'}]", model=MODELS[provider])
    if ended:
        gateway.finished(created["id"])
    with ThreadPoolExecutor(6) as pool:
        path = f"/v1/videos/{created['id']}"
        answers = list(pool.map(lambda _: gateway.ask("DELETE", path).status_code, range(6)))
    assert Counter(answers) == {200: 1, 404: 5}


# ---- a provider of the test's own -----------------------------------------------------------------------------------


def said(status: int, body: dict[str, Any]) -> bytes:
    return reply(status, json.dumps(body).encode(), content_type="application/json")


@dataclass
class Provider:
    """An OpenAI that has one job and deletes as it is told."""

    status: str = "in_progress"
    answers: list[bytes] = field(default_factory=lambda: [said(200, {"id": "v1", "deleted": True})])
    deletes: int = 0

    def __call__(self, received: Received) -> Steps:
        if received.method == "DELETE":
            self.deletes += 1
            return [self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]]
        return [said(200, {"id": "v1", "status": self.status, "progress": 0})]


@pytest.mark.parametrize("status", [500, 401, 429, 409])
@pytest.mark.parametrize("state", ["in_progress", "completed"])
def test_while_the_provider_refuses_nothing_is_deleted_here(tmp_path: Path, status: int, state: str) -> None:
    provider = Provider(state)
    provider.answers.insert(0, said(status, {"error": {"message": "Not now.", "code": None}}))
    with origin(provider) as there, running(tmp_path, configuration=configured(openai=there.url)) as gateway:
        video_id = gateway.create("x", model="openai/x")["id"]
        before = gateway.ask("GET", f"/v1/videos/{video_id}").json()
        refused = gateway.ask("DELETE", f"/v1/videos/{video_id}")
        assert refused.status_code in (502, 429, 409)
        about = refused.json()["extra_fields"]
        assert (about["video_id"], about["request_type"], about["provider"]) == (video_id, "video_delete", "openai")
        now = gateway.ask("GET", f"/v1/videos/{video_id}").json()
        assert (now["id"], now["status"]) == (before["id"], before["status"])
        assert delete(gateway, video_id)["provider_outcome"] == ("cancelled" if state == "in_progress" else "erased")
        assert provider.deletes == 2
        judge(gateway, gateway.exchanges)


def test_what_is_gone_at_the_provider_is_deleted_here(tmp_path: Path) -> None:
    provider = Provider(answers=[said(404, {"error": {"message": "none"}})])
    with origin(provider) as there, running(tmp_path, configuration=configured(openai=there.url)) as gateway:
        video_id = gateway.create("x", model="openai/x")["id"]
        delete(gateway, video_id)
        assert gateway.ask("GET", f"/v1/videos/{video_id}").status_code == 404


def test_a_job_that_was_given_up_may_still_run_and_is_cancelled_then(tmp_path: Path) -> None:
    provider = Provider()
    settings = {"job_deadline_minutes": 0.3 / 60, "poll_seconds": 0.05}
    with (
        origin(provider) as there,
        running(tmp_path, configuration=configured(openai=there.url), **settings) as gateway,
    ):
        video_id = gateway.create("x", model="openai/x")["id"]
        assert gateway.finished(video_id)["error"]["code"] == "timeout"
        assert delete(gateway, video_id)["provider_outcome"] == "cancelled"
