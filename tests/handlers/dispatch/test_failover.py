"""`failover: job`: a job that was accepted and fails is placed with the next target, under its own id, at most once each."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from ulid import ULID

from handlers.jobs import reconciling
from tests.gateway import ALICE, EMULATED, Gateway, judge, new_database, running
from tests.handlers.wire import CUT, SERVE, Received, Steps, configured, dsn, origin, process, reply

SORA, PRO, GEN, VEO = "openai/sora-2", "openai/sora-2-pro", "runway/gen4.5", "runway/veo3.1"
PLACED_AGAIN = ["accepted", "job_failed", "accepted"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("failover")) as gateway:
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


def attempts(gateway: Gateway, video_id: str) -> list[dict[str, Any]]:
    """The trail as it is written down."""
    with psycopg.connect(dsn(gateway)) as connection:
        (trail,) = connection.execute("SELECT attempts FROM jobs WHERE id = %s", [video_id]).fetchone() or ([],)
    found: list[dict[str, Any]] = trail
    return found


def outcomes(gateway: Gateway, video_id: str) -> list[str]:
    return [attempt["outcome"] for attempt in attempts(gateway, video_id)]


def plans(gateway: Gateway) -> set[str]:
    with psycopg.connect(dsn(gateway)) as connection:
        return {job_id for (job_id,) in connection.execute("SELECT job_id FROM job_plans").fetchall()}


# ---- with the emulators ---------------------------------------------------------------------------------------------


def test_an_accepted_job_that_fails_is_placed_with_the_next_target(gateway: Gateway) -> None:
    created = gateway.create(prompt_of("fail times=1"), model=SORA, fallbacks=[PRO], failover="job")
    told = gateway.ask("GET", f"/v1/videos/{created['id']}/events").text
    done = gateway.finished(created["id"])
    assert (done["status"], done["model"], done["id"]) == ("completed", PRO, created["id"])
    assert "error" not in done and done["created_at"] == created["created_at"]
    trail = done["extra_fields"]["attempts"]
    assert [attempt["outcome"] for attempt in trail] == PLACED_AGAIN
    assert [attempt["model"] for attempt in trail] == ["sora-2", "sora-2", "sora-2-pro"]
    first = created["extra_fields"]["provider_job_id"]
    assert trail[1]["provider_job_id"] == first != done["extra_fields"]["provider_job_id"]
    assert trail[1]["error"]
    assert gateway.ask("GET", f"/v1/videos/{done['id']}/content").status_code == 200
    assert "event: video.failed" not in told and told.count("event: video.completed") == 1


def test_another_provider_can_be_the_next_target(gateway: Gateway) -> None:
    prompt = prompt_of("fail times=1")
    gateway.create(prompt, model=GEN)  # the emulators count for themselves: Runway's second will not fail
    created = gateway.create(prompt, model=SORA, seconds="8", size="1280x720", fallbacks=[GEN], failover="job")
    done = gateway.finished(created["id"])
    assert (done["status"], done["model"]) == ("completed", GEN)
    assert (done["seconds"], done["size"]) == ("8", "1280x720")
    assert outcomes(gateway, done["id"]) == PLACED_AGAIN
    by_native_id = f"{done['extra_fields']['provider_job_id']}:runway"
    assert gateway.ask("GET", f"/v1/videos/{by_native_id}").json()["id"] == done["id"]


def test_an_image_is_sent_to_the_next_target_too(gateway: Gateway, png: bytes) -> None:
    before = len(gateway.exchanges)
    body = {
        "input_reference": f"data:image/png;base64,{base64.b64encode(png).decode()}",
        **{"size": "1280x720", "fallbacks": [PRO], "failover": "job"},
    }
    created = gateway.create(prompt_of("fail times=1"), model=SORA, **body)
    assert gateway.finished(created["id"])["status"] == "completed"
    path = f"{EMULATED['openai']}/videos"
    sent = [each for each in gateway.exchanges[before:] if each.method == "POST" and each.url.endswith(path)]
    assert len(sent) == 2 and all(png in each.request_body for each in sent)


def test_a_form_can_ask_for_it(shared: Gateway, png: bytes) -> None:
    fields: list[tuple[str, Any]] = [
        ("model", (None, SORA)),
        ("prompt", (None, prompt_of("fail times=1"))),
        ("size", (None, "1280x720")),
        ("fallbacks", (None, PRO)),
        ("failover", (None, "job")),
        ("input_reference", ("a.png", png, "image/png")),
    ]
    created = shared.ask("POST", "/v1/videos", files=fields)
    assert created.status_code == 200, created.text
    done = shared.finished(created.json()["id"])
    assert (done["status"], done["model"]) == ("completed", PRO)


def test_a_word_that_is_none_is_refused_by_its_name(shared: Gateway) -> None:
    body = {"model": SORA, "prompt": "x", "fallbacks": [PRO], "failover": "always"}
    refused = shared.ask("POST", "/v1/videos", json=body)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "failover")


@pytest.mark.parametrize("failover", [{}, {"failover": "create"}], ids=["unsaid", "create"])
def test_unless_asked_for_a_failed_job_has_failed(gateway: Gateway, failover: dict[str, str]) -> None:
    created = gateway.create(prompt_of("fail times=1"), model=SORA, fallbacks=[PRO], **failover)
    failed = gateway.finished(created["id"])
    assert (failed["status"], failed["model"]) == ("failed", SORA)
    assert outcomes(gateway, failed["id"]) == ["accepted"]
    assert created["id"] not in plans(gateway)


@pytest.mark.parametrize(("model", "directive"), [(SORA, "filtered"), (GEN, "filtered"), (GEN, "refuse")])
def test_content_that_was_refused_goes_nowhere_else(gateway: Gateway, model: str, directive: str) -> None:
    created = gateway.create(prompt_of(directive), model=model, fallbacks=[VEO, PRO], failover="job")
    failed = gateway.finished(created["id"])
    assert (failed["status"], failed["error"]["code"], failed["model"]) == ("failed", "content_filtered", model)
    assert outcomes(gateway, failed["id"]) == ["accepted"]


def test_what_was_cancelled_goes_nowhere_else(gateway: Gateway) -> None:
    model = "replicate/google/veo-3.1-fast"
    created = gateway.create(prompt_of("stuck"), model=model, fallbacks=[SORA], failover="job")
    native_id = created["extra_fields"]["provider_job_id"]
    url, key = (
        f"{gateway.sandbox}{EMULATED['replicate']}/predictions/{native_id}/cancel",
        gateway.emulated_key("replicate"),
    )
    assert requests.post(url, headers={"Authorization": f"Bearer {key}"}, timeout=20).ok
    failed = gateway.finished(created["id"])
    assert (failed["status"], failed["error"]["code"], failed["model"]) == ("failed", "cancelled", model)
    assert outcomes(gateway, failed["id"]) == ["accepted"]


def test_a_deleted_job_goes_nowhere_else(gateway: Gateway) -> None:
    created = gateway.create(prompt_of("stuck"), model=GEN, fallbacks=[PRO], failover="job")
    assert created["id"] in plans(gateway)
    assert gateway.ask("DELETE", f"/v1/videos/{created['id']}").status_code == 200
    until(lambda: created["id"] not in plans(gateway))
    assert outcomes(gateway, created["id"]) == ["accepted"]


def test_how_to_place_a_job_again_is_forgotten_when_it_has_ended(gateway: Gateway) -> None:
    asked = {"model": SORA, "fallbacks": [PRO], "failover": "job"}
    goes_on = gateway.create(prompt_of("stuck"), **asked)["id"]
    ended = [gateway.create(prompt_of(each), **asked)["id"] for each in ("fail times=1", "fail", "filtered")]
    for each in ended:
        gateway.finished(each)
    until(lambda: not plans(gateway) & set(ended))
    assert goes_on in plans(gateway)
    gateway.ask("DELETE", f"/v1/videos/{goes_on}")


def test_without_another_target_nothing_is_kept(gateway: Gateway) -> None:
    created = gateway.create(prompt_of("slow=2"), model=SORA, failover="job")
    assert created["id"] not in plans(gateway)


def test_a_create_that_is_refused_at_once_goes_on_as_ever(gateway: Gateway) -> None:
    prompt = prompt_of("500 times=1", "fail times=2")
    created = gateway.create(prompt, model=SORA, fallbacks=[PRO, "openai/sora-2-2025-12-08"], failover="job")
    done = gateway.finished(created["id"])
    assert (done["status"], done["model"]) == ("completed", "openai/sora-2-2025-12-08")
    assert outcomes(gateway, done["id"]) == ["failed", *PLACED_AGAIN]


# ---- with a provider of the test's own ------------------------------------------------------------------------------


def said(status: int, body: dict[str, Any]) -> bytes:
    return reply(status, json.dumps(body).encode(), content_type="application/json")


@dataclass
class Provider:
    """Speaks OpenAI's dialect. What it does with a job stands in the name of the model."""

    created: list[tuple[str, str]] = field(default_factory=list)  # model and key of each create
    deleted: list[str] = field(default_factory=list)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    hangs: float = 2.0

    def __call__(self, received: Received) -> Steps:
        name = received.target.partition("?")[0].rpartition("/")[2]
        if received.method == "POST":
            return self._create(received)
        if received.method == "DELETE":
            self.deleted.append(name)
            return [said(200, {"id": name, "object": "video.deleted", "deleted": True})]
        if name == "videos":
            return [said(200, {"object": "list", "data": list(self.jobs.values())[::-1], "has_more": False})]
        return [said(200, self.jobs[name])] if name in self.jobs else [said(404, {"error": {"message": "none"}})]

    def _create(self, received: Received) -> Steps:
        fields = dict(re.findall(rb'name="(\w+)"\r\n(?:[^\r]+\r\n)*\r\n([^\r]*)\r\n', received.body))
        model = fields[b"model"].decode()
        self.created.append((model, received.headers["authorization"]))
        if model.startswith("refuses"):
            return [said(400, {"error": {"message": "not here", "code": "nope", "type": "x", "param": None}})]
        native_id = f"{model}-{len(self.created)}"
        job = {
            **{"id": native_id, "object": "video", "created_at": int(time.time()), "model": model, "seconds": "4"},
            **{"status": "completed", "progress": 100, "size": "1280x720", "prompt": fields[b"prompt"].decode()},
        }
        self.jobs[native_id] = job
        if model.startswith("fails"):
            job |= {"status": "failed", "error": {"code": f"broke_{model}", "message": f"{model} broke"}}
        if model.startswith("loses"):
            return [CUT]
        accepted = said(200, {**job, "status": "queued", "progress": 0, "error": None})
        return [self.hangs, accepted] if model.startswith("hangs") else [accepted]

    @property
    def models(self) -> list[str]:
        return [model for model, _ in self.created]

    @contextmanager
    def there(self, directory: Path, database: str | None = None, **settings: Any) -> Iterator[Gateway]:
        """A gateway that has this provider."""
        with origin(self) as there:
            configuration = settings.pop("configuration")(there.url)
            with running(directory, database, configuration, poll_seconds=0.05, **settings) as gateway:
                yield gateway
                judge(gateway, gateway.exchanges)


def one_key(url: str) -> dict[str, Any]:
    return configured(openai=url, network={"retry_backoff_initial": 1, "max_retries": 0})


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("FIRST", 0.3), ("CERTAIN", 1.5), ("SWEEP", 0.1), ("SLOWEST", 0.4)):
        monkeypatch.setattr(reconciling, name, seconds)


def create(gateway: Gateway, *models: str, **headers: str) -> str:
    """A job that is to be placed with these models, one after another; its id."""
    first, *rest = (f"openai/{model}" for model in models)
    body = {"model": first, "prompt": "failover", "fallbacks": rest, "failover": "job"}
    answer = gateway.ask("POST", "/v1/videos", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def test_one_target_after_another_is_asked_and_none_twice(provider: Provider, tmp_path: Path) -> None:
    with provider.there(tmp_path, configuration=one_key) as gateway:
        done = gateway.finished(create(gateway, "fails-1", "fails-2", "refuses", "fails-1", "works", "fails-3"))
        assert (done["status"], done["model"]) == ("completed", "openai/works")
        assert provider.models == ["fails-1", "fails-2", "refuses", "works"]
        trail = ["accepted", "job_failed", "accepted", "job_failed", "refused", "accepted"]
        assert outcomes(gateway, done["id"]) == trail


def test_targets_that_cannot_serve_it_are_passed_over(provider: Provider, tmp_path: Path) -> None:
    with provider.there(tmp_path, configuration=one_key) as gateway:
        body = {"prompt": "x", "fallbacks": ["nobody/x", GEN, "openai/works"], "failover": "job"}
        created = gateway.ask("POST", "/v1/videos", json={"model": "openai/fails", **body}).json()
        assert gateway.finished(created["id"])["model"] == "openai/works"


def test_when_no_other_target_takes_it_the_jobs_own_reason_is_told(provider: Provider, tmp_path: Path) -> None:
    with provider.there(tmp_path, configuration=one_key) as gateway:
        failed = gateway.finished(create(gateway, "fails-1", "refuses-1", "refuses-2"))
        assert failed["error"] == {"code": "broke_fails-1", "message": "fails-1 broke"}
        assert outcomes(gateway, failed["id"]) == ["accepted", "job_failed", "refused", "refused"]
        assert failed["completed_at"] >= failed["created_at"]


def test_when_every_target_fails_the_last_one_says_why(provider: Provider, tmp_path: Path) -> None:
    with provider.there(tmp_path, configuration=one_key) as gateway:
        failed = gateway.finished(create(gateway, "fails-1", "fails-2"))
        assert (failed["model"], failed["error"]["code"]) == ("openai/fails-2", "broke_fails-2")
        trail = failed["extra_fields"]["attempts"]
        assert [attempt["outcome"] for attempt in trail] == PLACED_AGAIN
        assert trail[1]["error"] == "fails-1 broke"


def test_after_an_unknown_outcome_nobody_else_is_asked(provider: Provider, tmp_path: Path) -> None:
    with provider.there(tmp_path, configuration=one_key) as gateway:
        done = gateway.finished(create(gateway, "fails", "loses", "works"))
        assert (done["status"], done["model"]) == ("completed", "openai/loses"), "its provider's list has it"
        assert provider.models == ["fails", "loses"]
        assert outcomes(gateway, done["id"]) == ["accepted", "job_failed", "unknown", "adopted"]


def test_a_job_deleted_while_it_is_placed_again_is_deleted_at_the_provider_too(
    provider: Provider, tmp_path: Path
) -> None:
    with provider.there(tmp_path, configuration=one_key) as gateway:
        job = create(gateway, "fails", "hangs", "works")
        until(lambda: provider.models == ["fails", "hangs"])
        assert gateway.ask("GET", f"/v1/videos/{job}").json()["status"] == "queued"
        deleted = gateway.ask("DELETE", f"/v1/videos/{job}")
        assert (deleted.status_code, deleted.json()["extra_fields"]["provider_outcome"]) == (200, "nothing")
        until(lambda: provider.deleted == ["hangs-2"])
        until(lambda: job not in plans(gateway))
        assert provider.models == ["fails", "hangs"]
        assert gateway.ask("GET", f"/v1/videos/{job}").status_code == 404


def test_a_server_that_stops_while_it_places_a_job_again_places_it_once(provider: Provider, tmp_path: Path) -> None:
    provider.hangs = 8.0
    database = new_database()
    with provider.there(tmp_path, database, configuration=one_key) as gateway:
        job = create(gateway, "fails", "hangs", "works")
        until(lambda: provider.models == ["fails", "hangs"])
    with provider.there(tmp_path, database, configuration=one_key) as gateway:
        assert outcomes(gateway, job) == ["accepted", "job_failed", "unknown"]
    assert provider.models == ["fails", "hangs"]


def test_a_process_that_is_killed_while_it_places_a_job_again_has_placed_it_once(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "PRESUMED_DEAD", 1.0)
    provider.hangs = 60.0
    database = new_database()
    with origin(provider) as there:
        settings = {
            "PORT": "0",
            "DATABASE_URL": database,
            "REELGATE_DATA_DIR": str(tmp_path / "killed"),
            "REELGATE_API_KEYS": f"alice:{ALICE}",
            "REELGATE_POLL_SECONDS": "0.1",
            "OPENAI_API_KEY": "sk-sandbox-own-secret",
            "OPENAI_BASE_URL": there.url,
        }
        with process(SERVE, "is ready on", tmp_path / "log", **settings) as (dying, line):
            url, headers = f"{line.split()[-1]}/v1/videos", {"x-api-key": ALICE}
            body = {"model": "openai/fails", "prompt": "x", "fallbacks": ["openai/hangs", "openai/works"]}
            job = requests.post(url, json={**body, "failover": "job"}, headers=headers, timeout=10).json()["id"]
            until(lambda: provider.models == ["fails", "hangs"])
            dying.kill()
            dying.wait()
        # The task that followed the job is taken over long before the job itself counts as lost; it must leave it alone.
        with running(tmp_path, database, configured(openai=there.url), poll_seconds=0.1) as gateway:
            done = gateway.finished(job, patience=40)
            assert (done["status"], done["extra_fields"]["provider_job_id"]) == ("completed", "hangs-2")
            assert outcomes(gateway, job) == ["accepted", "job_failed", "adopted"]
    assert provider.models == ["fails", "hangs"]


def two_keys(url: str) -> dict[str, Any]:
    keys = [{"name": name, "value": f"sk-own-{name}", "weight": 1} for name in ("first", "second")]
    return {"providers": {"openai": {"keys": keys, "network_config": {"base_url": url}}}}


@pytest.mark.parametrize("name", ["first", "second"])
def test_a_key_that_was_asked_for_is_used_again(provider: Provider, tmp_path: Path, name: str) -> None:
    with provider.there(tmp_path, configuration=two_keys) as gateway:
        jobs = [create(gateway, "fails-1", "fails-2", "works", **{"x-bf-api-key": name}) for _ in range(3)]
        assert {gateway.finished(each)["status"] for each in jobs} == {"completed"}
    assert len(provider.created) == 9
    assert {key for _, key in provider.created} == {f"Bearer sk-own-{name}"}
