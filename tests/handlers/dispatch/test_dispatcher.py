"""The dispatch table through the API: what reached the provider, what was written down, what the caller hears."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from handlers import logs
from tests.gateway import Gateway, judge, new_database, running
from tests.handlers.wire import CUT, Cable, Received, Steps, configured, dsn, origin, reply, standalone_sandbox

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import openai


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    logs.configure("info", "json")
    with running(tmp_path_factory.mktemp("dispatch")) as gateway:
        yield gateway


@pytest.fixture
def gateway(shared: Gateway) -> Iterator[Gateway]:
    before = len(shared.exchanges)
    yield shared
    judge(shared, shared.exchanges[before:])


def taken(gateway: Gateway, prompt: str) -> int:
    """How many jobs the emulators have accepted with this prompt."""
    with sqlite3.connect(gateway.settings.data_dir / "sandbox/sandbox.sqlite3") as memory:
        rows = memory.execute("SELECT request FROM tasks").fetchall()
    return sum(json.loads(request)["prompt"] == prompt for (request,) in rows)


def row(gateway: Gateway, prompt: str) -> dict[str, Any]:
    """The ledger's row of the job with this prompt; there must be one."""
    with psycopg.connect(dsn(gateway), row_factory=psycopg.rows.dict_row) as connection:
        (found,) = connection.execute("SELECT * FROM jobs WHERE request->>'prompt' = %s", [prompt]).fetchall()
    return found


@dataclass(frozen=True)
class Case:
    """A directive, and what must come of it. `taken` counts the jobs accepted by the provider."""

    model: str
    directive: str
    fallbacks: tuple[str, ...]
    status: int
    code: str | None
    outcomes: tuple[str, ...]
    taken: int
    state: str

    def __str__(self) -> str:
        return f"{self.model} {self.directive} {'with' if self.fallbacks else 'without'} fallback"


SORA, PRO, GEN, VEO = "openai/sora-2", "openai/sora-2-pro", "runway/gen4.5", "runway/veo3.1"
OK = ("accepted",)
LIMITED, FAILED, KEY, REFUSED, UNKNOWN = ("rate_limited",), ("failed",), ("unauthorized",), ("refused",), ("unknown",)
SPENT = "upstream_credentials_exhausted"
LOST = "submission_unknown"
RATE, OVER = "provider_rate_limited", "provider_overloaded"
CASES = [
    # ---- may be tried again, then elsewhere
    Case(SORA, "429 times=1", (), 200, None, LIMITED + OK, 1, "queued"),
    Case(GEN, "429 times=1", (), 200, None, LIMITED + OK, 1, "queued"),
    Case(GEN, "503 times=2", (), 200, None, LIMITED * 2 + OK, 1, "queued"),
    Case(SORA, "429", (), 429, RATE, LIMITED * 3, 0, "failed"),
    Case(GEN, "503", (), 503, OVER, LIMITED * 3, 0, "failed"),
    Case(SORA, "429 times=3", (PRO,), 200, None, LIMITED * 3 + OK, 1, "queued"),
    Case(GEN, "503 times=3", (VEO,), 200, None, LIMITED * 3 + OK, 1, "queued"),
    Case(SORA, "503", (GEN,), 503, OVER, LIMITED * 6, 0, "failed"),
    # ---- not again, but elsewhere
    Case(SORA, "401", (), 502, SPENT, KEY, 0, "failed"),
    Case(GEN, "401 times=1", (VEO,), 200, None, KEY + OK, 1, "queued"),
    Case(SORA, "quota", (), 502, SPENT, KEY, 0, "failed"),
    Case(SORA, "quota times=1", (PRO,), 200, None, KEY + OK, 1, "queued"),
    Case(SORA, "500", (), 502, "provider_error", FAILED, 0, "failed"),
    Case(GEN, "500 times=1", (VEO,), 200, None, FAILED + OK, 1, "queued"),
    Case(GEN, "500", (SORA, VEO), 502, "provider_error", FAILED * 3, 0, "failed"),
    Case(SORA, "nonsense", (), 400, "invalid_value", REFUSED, 0, "failed"),
    Case(GEN, "nonsense", (SORA,), 400, "provider_refused", REFUSED * 2, 0, "failed"),
    # ---- content: neither
    Case(SORA, "refuse", (), 200, None, REFUSED, 0, "failed"),
    Case(SORA, "refuse times=1", (PRO, GEN), 200, None, REFUSED, 0, "failed"),
    Case(GEN, "refuse", (SORA,), 200, None, OK, 1, "queued"),  # Runway takes the job and fails it
    # ---- never again, nowhere
    *(
        Case(model, directive, fallbacks, 504, LOST, UNKNOWN, count, "unknown")
        for directive, count in (
            ("502 times=1", 1),
            ("504 times=1", 1),
            ("garbage times=1", 1),
            ("drop-after times=1", 1),
            ("drop-before times=1", 0),
        )
        for model, fallbacks in ((SORA, (PRO,)), (GEN, ()), (GEN, (VEO, SORA)))
    ),
]


@pytest.fixture(scope="module")
def answers(shared: Gateway) -> dict[Case, requests.Response]:
    """What every case was answered; they are asked together, for there is much waiting in them."""
    before = len(shared.exchanges)

    def ask(case: Case) -> requests.Response:
        body: dict[str, Any] = {"model": case.model, "prompt": prompt_of(case)}
        if case.fallbacks:
            body["fallbacks"] = list(case.fallbacks)
        return shared.ask("POST", "/v1/videos", json=body)

    with ThreadPoolExecutor(len(CASES)) as pool:
        answered = dict(zip(CASES, pool.map(ask, CASES), strict=True))
    judged = [each for each in shared.exchanges[before:] if b"[sandbox:garbage times=1]" not in each.request_body]
    judge(shared, judged)
    return answered


def prompt_of(case: Case) -> str:
    return f"{case} [sandbox:{case.directive}] [sandbox:no-render]"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_row_of_the_table_holds(shared: Gateway, answers: dict[Case, requests.Response], case: Case) -> None:
    answer = answers[case]
    body = answer.json()
    assert answer.status_code == case.status, answer.text
    if case.code is not None:
        assert body["error"]["code"] == case.code
        assert (body["status_code"], body["is_bifrost_error"]) == (case.status, False)
    about = body["extra_fields"]
    assert about["request_type"] == "video_generation"
    assert tuple(attempt["outcome"] for attempt in about["attempts"]) == case.outcomes
    assert all(attempt["latency"] >= 0 and attempt["key"] == "sandbox" for attempt in about["attempts"])
    assert taken(shared, prompt_of(case)) == case.taken

    written = row(shared, prompt_of(case))
    told = [attempt for attempt in written["attempts"] if attempt["outcome"] != "adopted"]
    adopted = len(told) < len(written["attempts"])  # at any time later, from the provider's list
    assert told == about["attempts"]
    if case.state == "queued":
        assert written["state"] in ("queued", "in_progress", "completed", "failed")
        assert written["native_id"] == about["provider_job_id"]
        assert f"{written['provider']}/{written['model']}" == body["model"]
        last = about["attempts"][-1]
        assert (written["provider"], written["model"]) == (last["provider"], last["model"])
    elif adopted:
        assert case.state == "unknown" and case.taken == 1
    else:
        assert written["state"] == case.state
        assert written["native_id"] is None


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_became_of_it_can_be_asked_later(
    shared: Gateway, answers: dict[Case, requests.Response], case: Case
) -> None:
    body = answers[case].json()
    video_id = body.get("id") or body["extra_fields"]["video_id"]
    later = shared.ask("GET", f"/v1/videos/{video_id}")
    assert later.status_code == 200
    video = later.json()
    if case.state == "unknown":
        if written_by(body) == "openai" and "drop-before" in case.directive:  # whose list will not have it
            assert video["status"] == "queued"
        elif written_by(body) == "openai":  # whose list has the job
            found = shared.finished(video_id)
            assert (found["status"], found["extra_fields"]["attempts"][-1]["outcome"]) == ("completed", "adopted")
        else:
            assert (video["status"], video["error"]["code"]) == ("failed", LOST)
            assert "retry-after" not in later.headers
    elif case.code is not None:
        assert (video["status"], video["error"]["code"]) == ("failed", case.code)
    elif "refuse" in case.directive:
        video = shared.finished(video_id)
        assert (video["status"], video["error"]["code"]) == ("failed", "content_filtered")
        assert video["content_filter"]["filtered_count"] == 1
    else:
        assert shared.finished(video_id)["status"] == "completed"


def written_by(body: dict[str, Any]) -> str:
    """The provider whose answer was lost."""
    return str(body["extra_fields"]["attempts"][-1]["provider"])


def test_the_stats_of_the_sandbox_agree(shared: Gateway, answers: dict[Case, requests.Response]) -> None:
    stats = shared.stats()
    assert sum(stats[provider]["creates_accepted"] for provider in ("openai", "runway")) == sum(
        taken(shared, prompt_of(case)) for case in CASES
    )


@pytest.mark.parametrize("directive", ["429", "503"])
def test_the_providers_wait_is_passed_on(answers: dict[Case, requests.Response], directive: str) -> None:
    (case,) = [each for each in CASES if each.directive == directive and not each.fallbacks]
    assert answers[case].headers["retry-after"] == "1"


def test_every_try_is_written_with_what_the_provider_said(answers: dict[Case, requests.Response]) -> None:
    (case,) = [each for each in CASES if each.directive == "429 times=3"]
    attempts = answers[case].json()["extra_fields"]["attempts"]
    assert [attempt.get("status_code") for attempt in attempts] == [429, 429, 429, None]
    assert [attempt["model"] for attempt in attempts] == ["sora-2"] * 3 + ["sora-2-pro"]
    assert "error" in attempts[0] and "error" not in attempts[-1]


def test_a_later_failure_does_not_hide_the_first_one(answers: dict[Case, requests.Response]) -> None:
    (case,) = [each for each in CASES if each.model == GEN and each.directive == "500" and each.fallbacks]
    body = answers[case].json()
    assert (body["extra_fields"]["provider"], body["extra_fields"]["model_requested"]) == ("runway", "gen4.5")


# ---- targets that do not fit ----------------------------------------------------------------------------------------


def test_fallbacks_that_do_not_fit_are_skipped_with_the_reason(gateway: Gateway) -> None:
    prompt = "skips [sandbox:500 times=1] [sandbox:no-render]"
    fallbacks = [
        "runway/gen4_turbo",
        "anthropic/x",
        "nobody/x",
        "openai/sora-9",
        {"provider": "openai", "model": "sora-2-pro"},
    ]
    created = gateway.create(prompt, model=SORA, fallbacks=fallbacks)
    attempts = created["extra_fields"]["attempts"]
    assert [attempt["outcome"] for attempt in attempts] == ["failed", *["refused"] * 4, "accepted"]
    for attempt, words in zip(
        attempts[1:5],
        ("takes input_reference", "not supported by anthropic", "no provider", "does not exist"),
        strict=True,
    ):
        assert words in attempt["error"] and "status_code" not in attempt
    assert created["model"] == PRO
    assert taken(gateway, prompt) == 1


def test_an_unfit_first_target_gives_way_to_a_fallback_that_fits(gateway: Gateway) -> None:
    created = gateway.create("x [sandbox:no-render]", model=SORA, seconds="5", fallbacks=[GEN])
    assert (created["model"], created["seconds"]) == (GEN, "5")
    assert [attempt["outcome"] for attempt in created["extra_fields"]["attempts"]] == ["refused", "accepted"]


def test_when_no_target_fits_the_first_ones_reason_is_told_and_nothing_is_written(gateway: Gateway) -> None:
    before = len(gateway.ask("GET", "/v1/videos?limit=100").json()["data"])
    answer = gateway.ask("POST", "/v1/videos", json={"model": SORA, "prompt": "x", "seconds": 5, "fallbacks": [VEO]})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "seconds")
    assert "openai/sora-2" in answer.json()["error"]["message"]
    assert len(gateway.ask("GET", "/v1/videos?limit=100").json()["data"]) == before


@pytest.mark.parametrize("name", ["OPENAI", "no_body!", "x" * 70])
def test_a_name_that_no_provider_can_have_is_refused_before_anything_is_written(shared: Gateway, name: str) -> None:
    answer = shared.ask("POST", "/v1/videos", json={"model": f"{name}/x", "prompt": name, "fallbacks": [GEN]})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "model")


def test_a_request_that_a_model_cannot_honour_is_refused_before_anything_is_written(shared: Gateway) -> None:
    before = len(shared.ask("GET", "/v1/videos?limit=100").json()["data"])
    answer = shared.ask("POST", "/v1/videos", json={"model": GEN, "prompt": "x", "seed": 5_000_000_000})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "seed")
    assert len(shared.ask("GET", "/v1/videos?limit=100").json()["data"]) == before


def test_what_a_provider_cannot_be_told_is_refused_by_our_name_for_it(own: Gateway) -> None:
    """A model the catalogue does not know is checked by nobody before the adapter."""
    answer = own.ask(
        "POST", "/v1/videos", json={"model": "runway/new-model", "prompt": "untold", "seed": 5_000_000_000}
    )
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "seed")
    assert row(own, "untold")["state"] == "failed"


# ---- the promise that a create is paid at most once -----------------------------------------------------------------


@pytest.mark.parametrize("directive", ["drop-after", "502"])
@pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")
def test_the_official_client_does_not_repeat_a_create_of_unknown_outcome(shared: Gateway, directive: str) -> None:
    prompt = f"of unknown outcome [sandbox:{directive}]"
    client = openai.OpenAI(base_url=f"{shared.url}/v1", api_key="alice-secret-1")  # it retries twice by default
    with pytest.raises(openai.APIStatusError):
        client.videos.create(model=SORA, prompt=prompt)
    assert taken(shared, prompt) == 1


def in_thread(shared: Gateway, body: dict[str, Any]) -> tuple[threading.Thread, list[requests.Response]]:
    answered: list[requests.Response] = []
    thread = threading.Thread(target=lambda: answered.append(shared.ask("POST", "/v1/videos", json=body)))
    thread.start()
    return thread, answered


def test_a_job_deleted_while_it_is_placed_is_deleted_at_the_provider_too(shared: Gateway) -> None:
    prompt = "deleted too early [sandbox:hang=0.7] [sandbox:stuck]"
    thread, answered = in_thread(shared, {"model": GEN, "prompt": prompt})
    time.sleep(0.3)
    before = shared.stats()["runway"]["deletes"]
    assert shared.ask("DELETE", f"/v1/videos/{row(shared, prompt)['id']}").status_code == 200
    thread.join()
    assert answered[0].status_code != 500
    assert row(shared, prompt)["native_id"] is not None
    assert shared.stats()["runway"]["deletes"] == before + 1


def test_an_accepted_job_is_written_down_even_if_the_database_stumbles(tmp_path: Any) -> None:
    """The connection breaks once during the one write that must not be lost."""
    cable = Cable(new_database())
    with cable.plugged_in(), running(tmp_path, cable.url, worker=False) as gateway:
        gateway.create("before")  # the pool is warm
        broken: list[bytes] = []

        def breaks(said: bytes) -> bool:
            if b"UPDATE jobs" in said and not broken and taken(gateway, "stumbles [sandbox:stuck]"):
                broken.append(said)
                return True
            return False

        cable.deafen = breaks
        answer = gateway.ask("POST", "/v1/videos", json={"model": GEN, "prompt": "stumbles [sandbox:stuck]"})
        cable.deafen = None
        assert broken
        assert answer.status_code == 200, answer.text
        assert taken(gateway, "stumbles [sandbox:stuck]") == 1
        written = row(gateway, "stumbles [sandbox:stuck]")
        assert (written["state"], written["native_id"]) == ("queued", answer.json()["extra_fields"]["provider_job_id"])


def test_an_unknown_outcome_that_cannot_be_written_down_is_told_as_such(tmp_path: Path) -> None:
    cable = Cable(new_database())
    with cable.plugged_in(), running(tmp_path, cable.url, worker=False) as gateway:
        gateway.create("before")  # the pool is warm
        prompt = "of unknown outcome [sandbox:drop-after]"
        cable.deafen = lambda said: b"UPDATE jobs" in said and taken(gateway, prompt) > 0
        answer = gateway.ask("POST", "/v1/videos", json={"model": GEN, "prompt": prompt})
        cable.deafen = None
        assert taken(gateway, prompt) == 1
        assert (answer.status_code, answer.json()["error"]["code"]) == (504, LOST)
        assert answer.headers["x-should-retry"] == "false"


# ---- providers of the test's own ------------------------------------------------------------------------------------


def provider(received: Received) -> Steps:
    """An OpenAI-shaped provider that does what the prompt says."""
    if b"429 long" in received.body:
        return [reply(429, b'{"error": {"message": "Later."}}', retry_after="60")]
    if b"redirect" in received.body:
        return [reply(307, location="/elsewhere")]
    if b"cut headers" in received.body:
        return [b"HTTP/1.1 200 OK\r\n", CUT]
    if b"progress" in received.body or received.target.endswith("/far"):
        return [reply(200, b'{"id": "far", "status": "in_progress", "progress": 120}')]
    if b"milliseconds" in received.body:
        return [reply(200, b'{"id": "ms", "status": "completed", "completed_at": 1795132800000}')]
    return [reply(200, b'{"id": "v1", "status": "queued", "progress": 0}')]


def provider_at(url: str, key: str) -> dict[str, Any]:
    network = {"base_url": url, "retry_backoff_initial": 10}
    return {"keys": [{"name": "default", "value": key}], "network_config": network}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    quick = {"retry_backoff_initial": 10}
    with (
        origin(provider) as there,
        running(
            tmp_path_factory.mktemp("own"),
            configuration=configured(openai=there.url, runway="http://127.0.0.1:1", network=quick),
        ) as gateway,
    ):
        yield gateway


@pytest.mark.parametrize("fallbacks", [[], ["openai/y", GEN]])
def test_a_create_that_hangs_is_unknown_and_never_repeated(tmp_path: Path, fallbacks: list[str]) -> None:
    network = {"default_request_timeout_in_seconds": 0.5}
    with standalone_sandbox(tmp_path / "provider") as emulator:
        urls = {"openai": f"{emulator}/openai/v1", "runway": f"{emulator}/runway"}
        with running(tmp_path, configuration=configured(**urls, network=network)) as gateway:
            body = {"model": SORA, "prompt": "hangs [sandbox:hang=2]", "fallbacks": fallbacks}
            answer = gateway.ask("POST", "/v1/videos", json=body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (504, LOST)
            assert [each["outcome"] for each in answer.json()["extra_fields"]["attempts"]] == ["unknown"]
            assert row(gateway, "hangs [sandbox:hang=2]")["state"] == "unknown"
            stats = requests.get(f"{emulator}/stats", timeout=5).json()
            assert [stats[name]["creates_accepted"] for name in ("openai", "runway")] == [1, 0]
            judge(gateway, gateway.exchanges)


def test_what_was_not_sent_is_tried_again_and_then_elsewhere(own: Gateway) -> None:
    created = own.create("x", model=GEN, fallbacks=["openai/any-model"])
    outcomes = [(attempt["provider"], attempt["outcome"]) for attempt in created["extra_fields"]["attempts"]]
    assert outcomes == [("runway", "not_sent")] * 3 + [("openai", "accepted")]
    assert "sandbox" not in created["extra_fields"]


def test_a_provider_that_cannot_be_reached_is_a_bad_gateway(own: Gateway) -> None:
    answer = own.ask("POST", "/v1/videos", json={"model": GEN, "prompt": "unreachable"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "provider_unreachable")
    assert row(own, "unreachable")["state"] == "failed"


def test_a_long_wait_is_the_callers_and_not_ours(own: Gateway) -> None:
    began = time.monotonic()
    answer = own.ask("POST", "/v1/videos", json={"model": "openai/x", "prompt": "429 long"})
    assert time.monotonic() - began < 5
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert len(answer.json()["extra_fields"]["attempts"]) == 1


@pytest.mark.parametrize("prompt", ["redirect", "cut headers"])
def test_an_answer_that_is_none_is_unknown(own: Gateway, prompt: str) -> None:
    answer = own.ask("POST", "/v1/videos", json={"model": "openai/x", "prompt": prompt, "fallbacks": ["openai/y"]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, LOST)
    assert row(own, prompt)["state"] == "unknown"


def test_no_answer_of_a_provider_shows_a_key_or_more_of_its_address_than_the_host(own: Gateway) -> None:
    for prompt in ("429 long", "redirect", "cut headers", "unreachable 2"):
        model = GEN if "unreachable" in prompt else "openai/x"
        text = own.ask("POST", "/v1/videos", json={"model": model, "prompt": prompt}).text
        assert "own-secret" not in text and "/videos" not in text


def test_a_provider_that_counts_beyond_a_hundred_breaks_nothing(own: Gateway) -> None:
    answer = own.ask("POST", "/v1/videos", json={"model": "openai/x", "prompt": "progress"})
    try:
        assert answer.status_code == 200
        assert own.ask("GET", "/v1/videos").status_code == 200
    finally:
        with psycopg.connect(dsn(own), autocommit=True) as connection:
            connection.execute("UPDATE jobs SET progress = 100 WHERE progress > 100")


def test_a_job_is_not_lost_to_a_time_in_milliseconds(own: Gateway) -> None:
    answer = own.ask("POST", "/v1/videos", json={"model": "openai/x", "prompt": "milliseconds"})
    assert answer.status_code == 200
    assert row(own, "milliseconds")["native_id"] == "ms"
