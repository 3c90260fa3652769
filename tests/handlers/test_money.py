"""What jobs cost, from the estimate to the last cent: held when a job is made, settled when it is over, however that happens."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import requests
from starlette.routing import Mount

from handlers import operating
from handlers.jobs import reconciling, settling, tracking
from handlers.providers.openai import OpenAI
from tests.books import money
from tests.gateway import Gateway, judge, new_database, running
from tests.handlers.governance.admin import Admin, unique
from tests.handlers.money import GEN, PRO, SORA, Purse, price, settled, spent
from tests.handlers.studio import Studio
from tests.handlers.test_reconciling import Provider, made, prompt_of, said
from tests.handlers.test_tracking import until
from tests.handlers.wire import Received, Steps, dsn, emulated, origin, serving

OWN, VEO = "vllm/Wan-AI/Wan2.2-TI2V-5B-Diffusers", "vertex/veo-3.1-generate-001"
SGL, KLING = "sgl/Wan-AI/Wan2.2-TI2V-5B-Diffusers", "replicate/google/veo-3.1-fast"
DEADLINE = 0.5 / 60  # minutes
LEVELS = ("provider_config", "virtual_key", "team", "customer")


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, seconds in (("FIRST", 0.3), ("CERTAIN", 1.2), ("SWEEP", 0.1), ("SLOWEST", 0.4)):
            patch.setattr(reconciling, name, seconds)
        patch.setattr(tracking, "LATE", 0.3)
        patch.setattr(OpenAI, "poll_seconds", 0.1)
        yield


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("money"), api_keys="") as gateway:
        price(gateway, "vllm", usd_per_second=0.01)
        price(gateway, "sgl", usd_per_second=0.01)
        yield gateway


@pytest.fixture
def gateway(shared: Gateway) -> Iterator[Gateway]:
    before = len(shared.exchanges)
    yield shared
    judge(shared, shared.exchanges[before:])


@contextmanager
def priced(directory: Path, url: str, provider: str = "openai", **settings: Any) -> Iterator[Gateway]:
    """A gateway with one provider, at this address, at ten cents a second."""
    configuration = emulated(url, [provider], {"max_retries": 0})
    with running(directory, configuration=configuration, api_keys="", **settings) as gateway:
        price(gateway, provider, usd_per_second=0.1)
        yield gateway


def sent(gateway: Gateway) -> dict[str, tuple[int, int]]:
    """What the emulators have counted of creates: accepted, refused."""
    return {name: (counts["creates_accepted"], counts["creates_refused"]) for name, counts in gateway.stats().items()}


# ---- from the estimate to the bill ----------------------------------------------------------------------------------


def test_the_estimate_is_held_while_the_job_runs_by_everything_above_it(gateway: Gateway) -> None:
    admin = Admin(gateway)
    customer = admin.customer(budgets=[{"max_limit": 5}])
    team = admin.team(customer_id=customer["id"], budgets=[{"max_limit": 5}])
    config = {"provider": "openai", "budgets": [{"max_limit": 5}]}
    purse = Purse.of(gateway, team_id=team["id"], provider_configs=[config])
    made = purse.create("[sandbox:slow=600]")
    assert made["usage"] == {"estimated_cost": 0.4, "currency": "USD"}
    quota = admin.ask("GET", "/virtual-keys/quota", key=purse.value).json()
    shown = {each["scope"]: (each["reserved"], each["current_usage"]) for each in quota["budgets"]}
    assert shown == dict.fromkeys(LEVELS, (0.4, 0))
    assert (purse.meter("seconds"), purse.meter("concurrent")) == (spent("0", "4"), spent("0", "1"))
    assert purse.delete(made["id"]) == "cancelled"
    quota = admin.ask("GET", "/virtual-keys/quota", key=purse.value).json()
    assert {(each["reserved"], each["current_usage"]) for each in quota["budgets"]} == {(0, 0.4)}
    assert (purse.meter("seconds"), purse.meter("concurrent")) == (spent("0"), spent("0"))


@pytest.mark.parametrize(
    ("model", "directives", "estimate", "came_to", "seconds"),
    [
        pytest.param(SORA, "no-render", "0.4", "0.4", "4", id="the price"),
        pytest.param(GEN, "no-render", "0.6", "0.6", "5", id="the provider's figure"),
        pytest.param(SORA, "fail", "0.4", "0", "0", id="failed, which costs nothing"),
        pytest.param(GEN, "fail", "0.6", "0", "0", id="failed, as the provider says"),
        pytest.param("azure/sora-2", "fail", "0.4", "0.4", "0", id="failed, which costs all"),
        pytest.param(SORA, "filtered", "0.4", "0", "0", id="moderated, which costs nothing"),
        pytest.param("azure/sora-2", "filtered", "0.4", "0.4", "0", id="moderated, which costs all"),
    ],
)
def test_a_job_is_settled_to_what_it_came_to(
    gateway: Gateway, model: str, directives: str, estimate: str, came_to: str, seconds: str
) -> None:
    purse = Purse.of(gateway)
    length = "5" if model == GEN else "4"
    made = purse.create(f"[sandbox:{directives}]", model, seconds=length)
    assert Decimal(str(made["usage"]["estimated_cost"])) == Decimal(estimate)
    done = purse.finished(made["id"])
    assert settled(gateway, made["id"]) == Decimal(came_to)
    assert purse.usd == spent(came_to) and purse.meter("concurrent") == spent("0")
    assert purse.meter("seconds") == spent(seconds)
    done = purse.finished(made["id"])
    assert Decimal(str(done["usage"]["cost"])) == Decimal(came_to)


@pytest.mark.parametrize(
    ("model", "directive", "status", "came_to"),
    [(SORA, "500", 502, "0"), (SORA, "refuse", 200, "0"), ("azure/sora-2", "refuse", 200, "0")],
)
def test_a_create_that_is_not_taken_gives_back_what_it_held(
    gateway: Gateway, model: str, directive: str, status: int, came_to: str
) -> None:
    purse = Purse.of(gateway)
    answer = purse.send(f"[sandbox:{directive}]", model)
    assert answer.status_code in (status, 400), answer.text
    assert settled(gateway, purse.jobs[0]) == Decimal(came_to)
    assert purse.usd == spent(came_to) and purse.meter("concurrent") == spent("0") == purse.meter("seconds")


@pytest.mark.parametrize(
    ("model", "outcome", "came_to", "seconds"),
    [
        (SORA, "cancelled", "0.4", "0"),
        (OWN, "cancelled", "0", "0"),
        (SGL, "runs_on", "0.04", "4"),
        (VEO, "runs_on", "1.6", "4"),
    ],
)
def test_a_job_that_is_deleted_while_it_runs_costs_what_the_provider_bills_then(
    gateway: Gateway, model: str, outcome: str, came_to: str, seconds: str
) -> None:
    purse = Purse.of(gateway)
    job = purse.create("[sandbox:slow=600]", model)["id"]
    assert purse.delete(job) == outcome
    assert settled(gateway, job) == Decimal(came_to)
    assert purse.usd == spent(came_to) and purse.meter("seconds") == spent(seconds)


def test_a_price_that_is_set_is_that_of_the_bill_too_where_tokens_are_counted(gateway: Gateway) -> None:
    purse = Purse.of(gateway)
    scope = {"scope_kind": "virtual_key", "virtual_key_id": purse.key["id"], "pattern": "gemini-omni-1.1-flash"}
    override = {"name": unique("price"), "match_type": "exact", **scope, "patch": {"usd_per_second": 0.01}}
    Admin(gateway).does("POST", "/pricing-overrides", override)
    made = purse.create("[sandbox:no-render]", "gemini/gemini-omni-1.1-flash", seconds="10")
    assert made["usage"]["estimated_cost"] == 0.1
    assert purse.finished(made["id"])["usage"]["cost"] == 0.1
    assert settled(gateway, made["id"]) == Decimal("0.1") and purse.usd == spent("0.1")


def test_a_deleted_job_that_has_ended_costs_what_it_did(gateway: Gateway) -> None:
    purse = Purse.of(gateway)
    job = purse.create("[sandbox:no-render]")["id"]
    purse.finished(job)
    purse.delete(job)
    assert settled(gateway, job) == Decimal("0.4") and purse.usd == spent("0.4")


def test_a_remix_costs_what_its_source_is_long(gateway: Gateway) -> None:
    purse = Purse.of(gateway)
    source = purse.create("[sandbox:no-render]", seconds="8")["id"]
    purse.finished(source)
    remix = gateway.ask("POST", f"/v1/videos/{source}/remix", purse.value, json={"prompt": "[sandbox:no-render]"})
    assert remix.json()["usage"]["estimated_cost"] == 0.8
    purse.finished(remix.json()["id"])
    assert settled(gateway, remix.json()["id"]) == Decimal("0.8") and purse.usd == spent("1.6")
    Admin(gateway).change(purse.key, budgets=[{"id": purse.budget, "max_limit": 2.3}])
    before = sent(gateway)
    answer = gateway.ask("POST", f"/v1/videos/{source}/remix", purse.value, json={"prompt": "x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (402, "budget_exceeded")
    assert sent(gateway) == before and purse.usd == spent("1.6")


# ---- deleted on the way ---------------------------------------------------------------------------------------------


@contextmanager
def on_its_way(purse: Purse, prompt: str = "x", **body: Any) -> Iterator[tuple[str, Future[requests.Response]]]:
    """A create whose answer the provider has yet to give; its id, and its answer."""
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(purse.send, prompt, **body)
        (job,) = until(lambda: purse.jobs)
        yield job, answer


def later(*answers: bytes) -> Any:
    """An upstream that takes a second for each answer to a create; whatever else it is asked has been cancelled."""
    waiting = list(answers)

    def answer(received: Received) -> Steps:
        if received.method == "DELETE":
            return said(200, {"id": "v1", "object": "video.deleted", "deleted": True})
        return [1.5, waiting.pop(0)]

    return answer


TAKEN = said(200, {"id": "v1", "object": "video", "status": "queued", "progress": 0})[0]
FAILED = said(500, {"error": {"message": "broken"}})[0]
MODERATED = said(400, {"error": {"message": "no", "code": "moderation_blocked"}})[0]


@pytest.mark.parametrize(
    ("answers", "fallbacks", "came_to"),
    [
        pytest.param([TAKEN], [], "0.4", id="taken, and cancelled then"),
        pytest.param([FAILED], [], "0", id="not taken"),
        pytest.param([FAILED], ["openai/other"], "0", id="not taken, and not offered to the next"),
        pytest.param([MODERATED], [], "0", id="moderated, before anything was made"),
    ],
)
def test_a_job_that_is_deleted_while_it_is_placed_is_settled_when_the_provider_has_answered(
    tmp_path: Path, answers: list[bytes], fallbacks: list[str], came_to: str
) -> None:
    with origin(later(*answers)) as there, priced(tmp_path, there.url) as gateway:
        purse = Purse.of(gateway)
        with on_its_way(purse, model="openai/x", fallbacks=fallbacks) as (job, answer):
            assert purse.delete(job) == "nothing"
            assert (purse.usd, purse.meter("concurrent")) == (spent("0", "0.4"), spent("0"))
        assert answer.result().status_code >= 400
        assert settled(gateway, job, patience=10) == Decimal(came_to)
        assert purse.usd == spent(came_to) and purse.meter("seconds") == purse.meter("concurrent") == spent("0")
        assert sum(received.method == "POST" for received in there.received) == 1


def test_a_job_that_is_deleted_and_never_heard_of_again_costs_the_price(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    purse = Purse.of(gateway)
    assert purse.send("[sandbox:drop-after]", GEN, seconds="5").status_code == 504
    (job,) = purse.jobs
    assert purse.delete(job) == "nothing"
    time.sleep(0.5)
    assert purse.usd == spent("0", "0.6")  # whoever placed it might have yet to say what became of it
    monkeypatch.setattr(settling, "PLACED_BY_THEN", 0 * settling.PLACED_BY_THEN)
    assert settled(gateway, job) == Decimal("0.6")
    assert purse.usd == spent("0.6")


# ---- unknown, late, and not a video ---------------------------------------------------------------------------------


def test_what_is_not_known_stays_held_until_a_list_decides(gateway: Gateway) -> None:
    purse, prompt = Purse.of(gateway), prompt_of("drop-after", "slow=600")
    assert purse.send(prompt).status_code == 504
    (job,) = purse.jobs
    assert purse.usd == spent("0", "0.4")
    until(
        lambda: (
            gateway.ask("GET", f"/v1/videos/{job}", purse.value).json().get("extra_fields", {}).get("provider_job_id")
        )
    )
    assert purse.usd == spent("0", "0.4")  # adopted, and it runs
    purse.delete(job)
    assert settled(gateway, job) == Decimal("0.4")
    lost = prompt_of("drop-before")
    assert purse.send(lost).status_code == 504
    assert settled(gateway, purse.jobs[1]) == 0
    assert purse.usd == spent("0.4") and purse.meter("concurrent") == spent("0")


def test_what_no_list_decides_stays_held_until_an_operator_does(tmp_path: Path, gateway: Gateway) -> None:
    purse = Purse.of(gateway, rate_limit={"concurrent_max_limit": 1})
    prompts = [prompt_of("drop-after", "slow=600"), prompt_of("drop-before")]
    for prompt in prompts:  # the second is not refused: for its caller the first has ended
        assert purse.send(prompt, GEN, seconds="5").status_code == 504
        assert purse.meter("concurrent") == spent("0")
    adopted, closed = purse.jobs
    time.sleep(1)
    assert purse.usd == spent("0", "1.2")
    (native_id,) = made(gateway, prompts[0])
    at_home = gateway.settings.model_copy(update={"port": urlsplit(gateway.url).port})
    for resolve in (operating.adopt(at_home, adopted, native_id), operating.close(at_home, closed)):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, resolve).result()
    assert settled(gateway, closed) == 0
    assert purse.usd == spent("0", "0.6")
    other = purse.create("[sandbox:slow=600]")["id"]  # beside the one that was adopted
    assert purse.meter("concurrent") == spent("0", "1")
    purse.delete(adopted)
    assert settled(gateway, adopted) == Decimal("0.6") and purse.usd == spent("0.6", "0.4")
    assert purse.meter("concurrent") == spent("0", "1")
    purse.delete(other)
    assert purse.meter("concurrent") == spent("0")


@pytest.mark.parametrize(
    ("end", "came_to", "seconds"),
    [("completed", "0.4", "4"), ("failed", "0", "0"), ("gone", "0", "0"), ("without its file", "0.4", "4")],
)
def test_a_job_that_was_given_up_at_its_deadline_is_settled_when_its_provider_has_decided(
    tmp_path: Path, end: str, came_to: str, seconds: str
) -> None:
    provider = Provider()
    provider.has("slow", "v1", "in_progress")
    provider.creates = lambda: said(200, provider.jobs["v1"])
    with origin(provider) as there, priced(tmp_path, there.url, "vllm", job_deadline_minutes=DEADLINE) as gateway:
        purse = Purse.of(gateway)
        job = purse.create("slow", "vllm/x")["id"]
        assert purse.finished(job)["error"]["code"] == "timeout"
        assert (purse.usd, purse.meter("concurrent")) == (spent("0", "0.4"), spent("0", "1"))
        if end == "gone":
            provider.jobs.clear()
        elif end == "without its file":
            provider.has("slow", "v1")
        else:
            provider.has("slow", "v1", end)
            provider.jobs["content"] = provider.jobs["v1"]  # which is no film
        assert settled(gateway, job) == Decimal(came_to)
        assert (purse.usd, purse.meter("seconds")) == (spent(came_to), spent(seconds))
        assert purse.meter("concurrent") == spent("0")


def test_what_is_no_video_is_paid_all_the_same(tmp_path: Path) -> None:
    studio = Studio(b"this is no film")
    with serving(Mount("/openai/v1", studio.app)) as url, priced(tmp_path, url) as gateway:
        purse = Purse.of(gateway)
        job = purse.create("x", "openai/x")["id"]
        assert purse.finished(job)["error"]["code"] == "invalid_output"
        assert settled(gateway, job) == Decimal("0.4") and purse.usd == spent("0.4")


def test_what_has_no_price_is_refused_or_admitted_and_never_counted_as_nothing(
    gateway: Gateway, tmp_path: Path
) -> None:
    before = sent(gateway)
    assert Purse.of(gateway).refused("x", KLING) == (402, "price_unknown")
    assert Purse.of(gateway, budgets=[]).refused("x", KLING, max_cost=5) == (402, "price_unknown")
    assert sent(gateway) == before
    with running(
        tmp_path, api_keys="", configuration={"client": {"unpriced_models": "admit"}}, sandbox=True
    ) as admitting:
        purse = Purse.of(admitting)
        made = purse.create("[sandbox:no-render]", KLING)
        assert "usage" not in made
        done = purse.finished(made["id"])
        assert settled(admitting, made["id"]) is None
        assert "usage" not in done and purse.usd == spent("0")
        assert purse.meter("concurrent") == spent("0")


def test_seconds_are_limited_where_no_price_is_known(gateway: Gateway) -> None:
    limit = {"seconds_max_limit": 10, "seconds_reset_duration": "1Y"}
    purse = Purse.of(gateway, budgets=[], rate_limit=limit)
    first = purse.create("[sandbox:slow=600]", KLING, seconds="8")
    assert "usage" not in first and purse.meter("seconds") == spent("0", "8")
    assert purse.refused("x", KLING, seconds="8") == (429, "rate_limited")
    body = {"model": "openrouter/unpriced/x", "prompt": "x"}
    answer = gateway.ask("POST", "/v1/videos", purse.value, json=body)
    refused = answer.json()["error"]
    assert (answer.status_code, refused["code"], refused["param"]) == (400, "length_unknown", "seconds")
    assert len(purse.jobs) == 1
    purse.delete(first["id"])
    done = purse.create("[sandbox:no-render]", KLING, seconds="8")["id"]
    purse.finished(done)
    settled(gateway, done)
    assert purse.meter("seconds") == spent("8")


# ---- from one target to the next ------------------------------------------------------------------------------------


def test_the_hold_is_that_of_the_target_that_takes_the_job(gateway: Gateway) -> None:
    for first, second, length, held in ((SORA, PRO, "4", "1.2"), (PRO, SORA, "4", "0.4")):
        purse = Purse.of(gateway)
        prompt = prompt_of("401 times=1", "slow=600")
        made = purse.create(prompt, first, fallbacks=[second], seconds=length)
        assert made["model"] == second and purse.usd == spent("0", held)
        assert Decimal(str(made["usage"]["estimated_cost"])) == Decimal(held)
        purse.delete(made["id"])
        assert purse.usd == spent(held)


def test_a_target_for_which_too_little_is_left_is_passed_over(gateway: Gateway) -> None:
    purse = Purse.of(gateway, 1)
    prompt = prompt_of("401 times=1", "slow=600")
    made = purse.create(prompt, SORA, fallbacks=[PRO, "openai/sora-2-2025-12-08"])
    assert made["model"] == "openai/sora-2-2025-12-08" and purse.usd == spent("0", "0.4")
    trail = [(each["model"], each["outcome"]) for each in made["extra_fields"]["attempts"]]
    assert [each for each in trail if each[0] == "sora-2-pro"] == [("sora-2-pro", "refused")]
    purse.delete(made["id"])


def test_when_no_target_takes_it_nothing_is_held(gateway: Gateway) -> None:
    purse = Purse.of(gateway, 1)
    answer = purse.send(prompt_of("401"), SORA, fallbacks=[PRO])
    assert answer.status_code == 502, answer.text
    assert purse.usd == spent("0") and settled(gateway, purse.jobs[0]) == 0


def test_what_a_failed_target_cost_is_in_the_sum(gateway: Gateway) -> None:
    purse = Purse.of(gateway)
    made = purse.create(prompt_of("fail times=1"), "azure/sora-2", fallbacks=["azure/sora-2-pro"], failover="job")
    done = purse.finished(made["id"])
    assert (done["status"], done["model"]) == ("completed", "azure/sora-2-pro")
    assert settled(gateway, made["id"]) == Decimal("1.6")  # 0.4 for what failed, 1.2 for what was made
    assert purse.usd == spent("1.6") and done["usage"]["cost"] == 1.6
    assert purse.meter("seconds") == spent("4")


def test_what_a_job_cost_counts_where_it_was(tmp_path: Path) -> None:
    providers = ("azure", "openai")
    ten = [{"max_limit": 10, "reset_duration": "1d"}]
    with running(tmp_path, api_keys="") as gateway:
        admin = Admin(gateway)
        for provider in providers:
            limits = {"rate_limit": {"seconds_max_limit": 99, "seconds_reset_duration": "1d"}}
            admin.does("PUT", f"/providers/{provider}", {"budgets": ten, **limits})
        configs = [{"provider": provider, "budgets": ten} for provider in providers]
        purse, other = Purse.of(gateway, provider_configs=configs), Purse.of(gateway)
        prompt = prompt_of("fail times=1")
        assert other.finished(other.create(prompt, "openai/sora-2")["id"])["status"] == "failed"  # not the next time
        job = purse.create(prompt, "azure/sora-2", fallbacks=["openai/sora-2"], failover="job")["id"]
        assert purse.finished(job)["model"] == "openai/sora-2"
        assert settled(gateway, job) == Decimal("0.8") and purse.finished(job)["usage"]["cost"] == 0.8
        assert purse.usd == spent("0.8") and purse.meter("seconds") == spent("4")
        assert purse.meter("concurrent") == spent("0")
        with psycopg.connect(dsn(gateway)) as connection:
            query = (
                "SELECT scope, metric, scope_id, used, held FROM meters WHERE scope LIKE 'provider%' ORDER BY 1, 2, 3"
            )
            shown = [
                (f"{scope} {metric}", str(used), held) for scope, metric, _, used, held in connection.execute(query)
            ]
        assert shown == [
            ("provider seconds", "0.000000", 0),
            ("provider seconds", "4.000000", 0),
            *[("provider usd", "0.400000", 0)] * 2,
            *[("provider_config usd", "0.400000", 0)] * 2,
        ]
        assert money(dsn(gateway)) == []


def test_what_a_job_cost_is_counted_when_it_leaves(tmp_path: Path) -> None:
    """While it is placed again, and though it is given up then: no crash can lose it."""
    failed = {"id": "v1", "object": "video", "status": "failed", "progress": 0, "error": {"code": "x", "message": "y"}}
    taken = said(200, {"id": "v1", "object": "video", "status": "queued", "seconds": "4", "size": "1280x720"})
    answers: list[Steps] = [taken, [1.5, FAILED]]

    def upstream(received: Received) -> Steps:
        return answers.pop(0) if received.method == "POST" else said(200, failed)

    with origin(upstream) as there, priced(tmp_path, there.url, "azure") as gateway:
        purse = Purse.of(gateway)
        job = purse.create("x", "azure/x", fallbacks=["azure/y"], failover="job")["id"]
        until(lambda: state(gateway, job) == "submitting" and not answers)
        assert (purse.usd, purse.meter("concurrent")) == (spent("0.4", "0.4"), spent("0", "1"))
        assert money(dsn(gateway)) == []
        assert settled(gateway, job) == Decimal("0.4") and purse.usd == spent("0.4")
        assert purse.meter("seconds") == purse.meter("concurrent") == spent("0")
        assert money(dsn(gateway)) == []


def test_a_job_is_not_placed_again_beyond_its_budget(gateway: Gateway) -> None:
    purse = Purse.of(gateway, 1.5)
    made = purse.create(prompt_of("fail times=1"), "azure/sora-2", fallbacks=["azure/sora-2-pro"], failover="job")
    done = purse.finished(made["id"])
    assert done["status"] == "failed"
    assert settled(gateway, made["id"]) == Decimal("0.4") and purse.usd == spent("0.4")


def test_a_job_that_is_deleted_while_it_is_placed_again_costs_what_failed_once(tmp_path: Path) -> None:
    failed = {"id": "v1", "object": "video", "status": "failed", "progress": 0, "error": {"code": "x", "message": "y"}}
    taken = said(200, {"id": "v1", "object": "video", "status": "queued", "seconds": "12", "size": "720x1280"})
    answers: list[Steps] = [taken, [1.5, FAILED]]

    def upstream(received: Received) -> Steps:
        return answers.pop(0) if received.method == "POST" else said(200, failed)

    with origin(upstream) as there, priced(tmp_path, there.url, "azure") as gateway:
        purse = Purse.of(gateway)
        job = purse.create("x", "azure/x", fallbacks=["azure/y"], failover="job")["id"]
        until(lambda: state(gateway, job) == "submitting" and not answers)
        with psycopg.connect(dsn(gateway)) as connection:  # which the first has said, and not the next
            (row,) = connection.execute("SELECT seconds, size FROM jobs WHERE id = %s", [job]).fetchall()
        assert row == (None, None)
        purse.delete(job)
        assert settled(gateway, job) == Decimal("0.4") and purse.usd == spent("0.4")


def state(gateway: Gateway, job: str) -> str:
    with psycopg.connect(dsn(gateway)) as connection:
        (found,) = connection.execute("SELECT state FROM jobs WHERE id = %s", [job]).fetchone() or ("none",)
    return str(found)


# ---- what may be spent ----------------------------------------------------------------------------------------------


def test_nothing_is_spent_beyond_max_cost(gateway: Gateway) -> None:
    purse, before = Purse.of(gateway), sent(gateway)
    assert purse.refused("x", PRO, max_cost=1.19) == (402, "max_cost_exceeded")
    assert sent(gateway) == before and purse.jobs == []
    assert purse.create("[sandbox:no-render]", PRO, max_cost=1.2)["model"] == PRO
    cheaper = purse.create("[sandbox:no-render]", PRO, fallbacks=[SORA], max_cost=1)
    assert cheaper["model"] == SORA and cheaper["usage"]["estimated_cost"] == 0.4


def test_a_target_for_which_too_little_is_left_gives_way_to_a_cheaper_one(gateway: Gateway) -> None:
    purse = Purse.of(gateway, 1)
    assert purse.refused("x", PRO) == (402, "budget_exceeded")
    cheaper = purse.create("[sandbox:no-render]", PRO, fallbacks=[SORA])
    assert cheaper["model"] == SORA and cheaper["extra_fields"]["attempts"][0]["outcome"] == "refused"


def test_what_failed_targets_cost_counts_towards_max_cost(gateway: Gateway) -> None:
    purse = Purse.of(gateway)
    made = purse.create(
        prompt_of("fail times=1"), "azure/sora-2", fallbacks=["azure/sora-2-pro"], failover="job", max_cost=1.5
    )
    assert purse.finished(made["id"])["status"] == "failed"
    assert settled(gateway, made["id"]) == Decimal("0.4")


def test_a_dry_run_tells_what_a_create_would_cost_and_makes_nothing(gateway: Gateway) -> None:
    purse, before = Purse.of(gateway, 1), sent(gateway)
    answer = purse.send("x", PRO, query="?dry_run=true", fallbacks=[SORA], max_cost=1)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["model"], told["status"], told["usage"]) == (
        SORA,
        "queued",
        {"estimated_cost": 0.4, "currency": "USD"},
    )
    assert told["extra_fields"]["dry_run"] is True
    assert sent(gateway) == before and purse.jobs == [] and purse.usd == spent("0")
    assert gateway.ask("GET", f"/v1/videos/{told['id']}", purse.value).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"model": PRO},
        {"model": PRO, "max_cost": 0.1},
        {"model": KLING},
        {"model": "nobody/x"},
        {"model": SORA, "size": "1x1"},
        {"model": SORA, "seconds": "5"},
        {"model": VEO},
    ],
)
def test_a_dry_run_is_refused_as_a_create_is(gateway: Gateway, body: dict[str, Any]) -> None:
    config = [{"provider": name} for name in ("openai", "replicate")]
    purse, before = Purse.of(gateway, 1, allow_all_providers=False, provider_configs=config), sent(gateway)
    rehearsed, refused = (purse.send("x", query=query, **body) for query in ("?dry_run=true", ""))
    assert rehearsed.status_code == refused.status_code >= 400
    assert said_of(rehearsed) == said_of(refused)
    assert sent(gateway) == before and purse.jobs == []


def said_of(refusal: requests.Response) -> dict[str, Any]:
    return {name: said for name, said in refusal.json()["error"].items() if name != "event_id"}


@pytest.mark.parametrize("level", LEVELS)
def test_every_budget_above_a_job_has_to_have_enough(gateway: Gateway, level: str) -> None:
    admin = Admin(gateway)

    def budgets(of: str) -> dict[str, Any]:
        return {"budgets": [{"max_limit": 0.39 if of == level else 5}]}

    customer = admin.customer(**budgets("customer"))
    team = admin.team(customer_id=customer["id"], **budgets("team"))
    config = {"provider": "openai", **budgets("provider_config")}
    purse = Purse.of(gateway, team_id=team["id"], provider_configs=[config], **budgets("virtual_key"))
    before = sent(gateway)
    answer = purse.send("x")
    assert (answer.status_code, answer.json()["error"]["code"]) == (402, "budget_exceeded")
    assert "$0.39 left of $0.39" in answer.json()["error"]["message"]
    assert sent(gateway) == before and purse.jobs == []
    with psycopg.connect(dsn(gateway)) as connection:
        ids = [purse.key["id"], f"{purse.key['id']}/openai", team["id"], customer["id"]]
        query = "SELECT count(*), sum(used), sum(held) FROM meters WHERE scope_id = ANY(%s) AND kind = 'budget'"
        assert connection.execute(query, [ids]).fetchone() == (4, 0, 0)
    allowed = purse.send("x", GEN, seconds="2")  # 0.24: only the config is for one provider
    assert allowed.status_code == 200, allowed.text


def test_a_meter_of_another_provider_is_none_of_a_jobs(gateway: Gateway) -> None:
    config = [{"provider": "runway", "budgets": [{"max_limit": 0.01}]}]
    purse = Purse.of(gateway, provider_configs=config)
    assert purse.create("[sandbox:no-render]")["model"] == SORA
    assert purse.create("[sandbox:no-render]", GEN, fallbacks=[SORA])["model"] == SORA  # passed over before it is asked


def test_a_key_whose_limit_is_used_up_is_passed_over(tmp_path: Path, gateway: Gateway) -> None:
    keys = [{"name": name, "value": f"sk-sandbox-{name}"} for name in ("first", "second")]
    network = {"base_url": f"{gateway.sandbox}/openai/v1"}
    configuration = {"providers": {"openai": {"keys": keys, "network_config": network}}}
    with running(tmp_path, configuration=configuration, api_keys="") as other:
        price(other, "openai", usd_per_second=0.1)
        limits = {
            "keys": {
                name: {"rate_limit": {"cost_max_limit": 0.5, "cost_reset_duration": "1Y"}}
                for name in ("first", "second")
            }
        }
        Admin(other).does("PUT", "/providers/openai", limits)
        purse = Purse.of(other)
        used = [purse.create("[sandbox:slow=600]")["extra_fields"]["attempts"][0]["key"] for _ in range(2)]
        assert sorted(used) == ["first", "second"]
        answer = purse.send("x")
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limited")
        assert purse.usd == spent("0", "0.8")


# ---- windows --------------------------------------------------------------------------------------------------------


def set_back(gateway: Gateway, meter_id: str, interval: str) -> None:
    with psycopg.connect(dsn(gateway)) as connection:
        query = "UPDATE meters SET window_began = window_began - %s::interval WHERE id = %s"
        connection.execute(query, [interval, meter_id])


def test_a_window_begins_anew_with_what_is_still_held(gateway: Gateway) -> None:
    purse = Purse.of(gateway, budgets=[{"max_limit": 1, "reset_duration": "1h"}])
    done = purse.create("[sandbox:no-render]")["id"]
    purse.finished(done)
    settled(gateway, done)
    running_on = purse.create("[sandbox:slow=600]")["id"]
    assert purse.usd == spent("0.4", "0.4")
    assert purse.refused("x") == (402, "budget_exceeded")
    set_back(gateway, purse.budget, "60 minutes")
    assert purse.create("[sandbox:slow=600]")["status"] == "queued"
    assert purse.usd == spent("0", "0.8")
    assert purse.refused("x") == (402, "budget_exceeded")
    set_back(gateway, purse.budget, "60 minutes")
    purse.delete(running_on)
    assert purse.usd == spent("0.4", "0.4")  # it counts in the window in which it is settled


def test_a_calendar_aligned_budget_begins_anew_with_the_calendar(gateway: Gateway) -> None:
    purse = Purse.of(gateway, budgets=[{"max_limit": 0.5, "reset_duration": "1M", "calendar_aligned": True}])
    done = purse.create("[sandbox:no-render]")["id"]
    purse.finished(done)
    settled(gateway, done)
    answer = purse.send("x")
    assert answer.status_code == 402 and re.search(
        r"anew at \d{4}-\d\d-01T00:00:00Z", answer.json()["error"]["message"]
    )
    set_back(gateway, purse.budget, "32 days")
    assert purse.send("[sandbox:no-render]").status_code == 200


def test_an_override_and_a_reset_make_room_at_once(gateway: Gateway) -> None:
    admin, purse = Admin(gateway), Purse.of(gateway, budgets=[{"max_limit": 0.5, "reset_duration": "1d"}])
    done = purse.create("[sandbox:no-render]")["id"]
    purse.finished(done)
    settled(gateway, done)
    assert purse.refused("x") == (402, "budget_exceeded")
    path = f"/virtual-keys/{purse.key['id']}/budgets/{purse.budget}/override"
    admin.does("PUT", path, {"amount": 0.4, "mode": "forever"})
    second = purse.create("[sandbox:no-render]")["id"]
    purse.finished(second)
    settled(gateway, second)
    assert purse.refused("x") == (402, "budget_exceeded")
    admin.change(purse.key, reset_budget_usage=True)
    assert purse.usd == spent("0")
    assert purse.send("[sandbox:no-render]").status_code == 200


# ---- rate limits ----------------------------------------------------------------------------------------------------

ITEM = re.compile(r'"(?P<name>[a-z_-]+)"(?P<params>(?:;[a-z]+=(?:\d{1,15}|"[a-z-]+"))+)')
"""An item of a list of draft-ietf-httpapi-ratelimit-headers-10: a string, and integers and strings as parameters (RFC 9651)."""


def limits_of(answer: requests.Response, header: str) -> dict[str, dict[str, str]]:
    found = {}
    for item in answer.headers.get(header, "").split(", "):
        fits = ITEM.fullmatch(item)
        assert fits is not None, (header, item)
        found[fits["name"]] = dict(each.split("=") for each in fits["params"][1:].split(";"))
    return found


@pytest.mark.parametrize(
    ("limit", "name", "policy", "left"),
    [
        (
            {"request_max_limit": 2, "request_reset_duration": "1h"},
            "virtual_key-requests",
            {"q": "2", "w": "3600"},
            "1",
        ),
        ({"concurrent_max_limit": 2}, "virtual_key-concurrent", {"q": "2", "qu": '"concurrent-requests"'}, "1"),
        (
            {"seconds_max_limit": 8, "seconds_reset_duration": "1d"},
            "virtual_key-seconds",
            {"q": "8", "qu": '"video-seconds"', "w": "86400"},
            "4",
        ),
        (
            {"cost_max_limit": 0.85, "cost_reset_duration": "1w"},
            "virtual_key-usd",
            {"q": "85", "qu": '"usd-cents"', "w": "604800"},
            "45",
        ),
    ],
)
def test_each_limit_is_told_and_kept(
    gateway: Gateway, limit: dict[str, Any], name: str, policy: dict[str, str], left: str
) -> None:
    purse = Purse.of(gateway, rate_limit=limit)
    first = purse.send("[sandbox:slow=600]")
    assert first.status_code == 200
    assert limits_of(first, "RateLimit-Policy") == {name: policy}
    standing = limits_of(first, "RateLimit")
    assert standing.keys() == {name} and standing[name]["r"] == left
    assert ("t" in standing[name]) == ("w" in policy)
    assert 0 < int(standing[name].get("t", "1")) <= int(policy.get("w", "1"))
    assert purse.send("[sandbox:slow=600]").status_code == 200
    before = sent(gateway)
    refused = purse.send("[sandbox:slow=600]")
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limited")
    assert 0 < int(refused.headers["Retry-After"]) <= int(policy.get("w", "5"))
    assert limits_of(refused, "RateLimit")[name]["r"] == ("0" if "usd" not in name else "5")
    assert sent(gateway) == before and len(purse.jobs) == 2
    for _ in range(3):  # polls take nothing of it
        poll = gateway.ask("GET", f"/v1/videos/{purse.jobs[0]}", purse.value)
        assert poll.status_code == 200 and "RateLimit" not in poll.headers


def test_what_is_refused_by_one_limit_is_counted_by_none(gateway: Gateway) -> None:
    limits = {"request_max_limit": 9, "request_reset_duration": "1h", "concurrent_max_limit": 1}
    purse = Purse.of(gateway, rate_limit=limits)
    job = purse.create("[sandbox:slow=600]")["id"]
    for _ in range(3):
        assert purse.refused("x") == (429, "rate_limited")
    assert (purse.meter("requests"), purse.meter("concurrent")) == (spent("1"), spent("0", "1"))
    purse.delete(job)
    assert purse.send("[sandbox:slow=600]").status_code == 200  # a job less at once, a request more
    assert (purse.meter("requests"), purse.meter("concurrent")) == (spent("2"), spent("0", "1"))


def test_a_create_counts_once_with_each_key_however_often_it_is_tried(tmp_path: Path) -> None:
    def upstream(received: Received) -> Steps:
        return said(429, {"error": {"message": "slowly"}}) if received.method == "POST" else said(404, {})

    with origin(upstream) as there:
        keys = [{"name": name, "value": f"sk-own-{name}"} for name in ("first", "second")]
        network = {"base_url": there.url, "max_retries": 4, "retry_backoff_initial": 1, "retry_backoff_max": 5}
        configuration = {"providers": {"openai": {"keys": keys, "network_config": network}}}
        with running(tmp_path, configuration=configuration, api_keys="") as gateway:
            price(gateway, "openai", usd_per_second=0.1)
            limit = {"rate_limit": {"request_max_limit": 9, "request_reset_duration": "1d"}}
            Admin(gateway).does("PUT", "/providers/openai", {"keys": {each["name"]: limit for each in keys}})
            assert Purse.of(gateway, rate_limit=limit["rate_limit"]).send("x").status_code == 429
            assert sum(each.method == "POST" for each in there.received) == 5
            with psycopg.connect(dsn(gateway)) as connection:
                query = "SELECT used FROM meters WHERE metric = 'requests'"
                assert connection.execute(query).fetchall() == [(1,)] * 3


def test_polls_have_a_limit_of_their_own_that_servers_share(tmp_path: Path) -> None:
    database = new_database()
    with running(tmp_path / "a", database, api_keys="") as one, running(tmp_path / "b", database, api_keys="") as other:
        limits = {
            "poll_max_limit": 20,
            "poll_reset_duration": "1h",
            "request_max_limit": 1,
            "request_reset_duration": "1h",
        }
        purse = Purse.of(one, rate_limit=limits)
        job = purse.create("[sandbox:slow=600]")["id"]

        def poll(gateway: Gateway) -> requests.Response:
            return gateway.ask("GET", f"/v1/videos/{job}", purse.value)

        until(lambda: poll(other).status_code == 200, 60)  # it has heard of the key
        began = purse.meter("polls").used
        for _ in range(15):
            answer = poll(one)
            assert answer.status_code == 200 and "virtual_key-polls" in limits_of(answer, "RateLimit")
        until(lambda: purse.meter("polls").used >= began + 15)
        answers = [poll(other) for _ in range(10)]
        until(lambda: poll(other).status_code == 429, 10)
        answer = poll(other)
        assert answer.json()["error"]["code"] == "rate_limited" and int(answer.headers["Retry-After"]) > 0
        assert limits_of(answer, "RateLimit")["virtual_key-polls"]["r"] == "0"
        until(lambda: poll(one).status_code == 429, 10)
        assert sum(each.status_code == 200 for each in answers) <= 20
        assert purse.refused("x") == (429, "rate_limited")  # the limit of creates is another
        assert purse.meter("requests") == spent("1")
        judge(one, one.exchanges)
        judge(other, other.exchanges)
