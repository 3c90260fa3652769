"""Which key makes a job, what happens when it cannot, and that a job stays with the key that made it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from handlers.access.callers import Caller
from handlers.configuration import validated
from handlers.dispatch.keys import Wishes, in_order
from handlers.errors import Forbidden, InvalidRequest
from handlers.providers.registry import Provider, build
from handlers.upstream import Upstream
from tests.gateway import Gateway, judge, new_database, running
from tests.handlers.wire import ROOT, Received, Steps, origin, reply, standalone_sandbox

A, B = "sk-sandbox-account-a", "sk-sandbox-account-b"
SORA, QUICK = "openai/sora-2", "[sandbox:no-render]"


def key(name: str, value: str = "sk-x", **also: Any) -> dict[str, Any]:
    return {"name": name, "value": value, **also}


def provider(*keys: Mapping[str, Any]) -> Provider:
    content = {"providers": {"openai": {"keys": list(keys)}}}
    return build(validated(content, {}, "A test"), Upstream()).provider("openai")


def order(of: Provider, model: str = "sora-2", owner: str = "alice", **wishes: Any) -> list[str]:
    return [each.settings.name for each in in_order(of, model, Caller(owner), Wishes(**wishes))]


# ---- the draw -------------------------------------------------------------------------------------------------------


def test_each_key_comes_first_as_often_as_its_weight_says() -> None:
    random.seed(2026)
    three = provider(key("a", weight=5), key("b", weight=3), key("c", weight=2))
    drawn = Counter(order(three)[0] for _ in range(5000))
    for name, share in {"a": 0.5, "b": 0.3, "c": 0.2}.items():
        assert abs(drawn[name] / 5000 - share) < 0.03, drawn  # more than four standard deviations


def test_the_second_key_is_drawn_from_the_rest_by_weight() -> None:
    random.seed(2026)
    three = provider(key("a", weight=5), key("b", weight=3), key("c", weight=2))
    seconds = Counter(names[1] for names in (order(three) for _ in range(8000)) if names[0] == "a")
    assert abs(seconds["b"] / seconds.total() - 0.6) < 0.04, seconds


def test_sessions_are_spread_as_the_weights_say() -> None:
    two = provider(key("a", weight=7), key("b", weight=3))
    drawn = Counter(order(two, session_id=str(number))[0] for number in range(5000))
    assert abs(drawn["a"] / 5000 - 0.7) < 0.03, drawn


@pytest.mark.parametrize("tiny", [1e-9, 1e-300])
def test_a_tiny_weight_is_a_weight(tiny: float) -> None:
    assert order(provider(key("never", weight=tiny), key("always"))) == ["always", "never"]


def test_a_weight_of_nothing_is_for_pins_only() -> None:
    two = provider(key("spare", weight=0, id="7"), key("main"))
    assert {tuple(order(two)) for _ in range(200)} == {("main",)}
    assert order(two, key_name="spare") == order(two, key_id="7") == ["spare"]


def test_a_disabled_key_is_never_used() -> None:
    two = provider(key("off", enabled=False, weight=1000), key("main"))
    assert {tuple(order(two)) for _ in range(200)} == {("main",)}
    with pytest.raises(InvalidRequest):
        order(two, key_name="off")


@pytest.mark.parametrize(
    ("lists", "model", "allowed"),
    [
        ({}, "any", True),
        ({"models": ["*"]}, "any", True),
        ({"models": ["sora-2"]}, "sora-2", True),
        ({"models": ["sora-2"]}, "sora-2-pro", False),
        ({"models": []}, "sora-2", False),
        ({"blacklisted_models": ["sora-2"]}, "sora-2", False),
        ({"blacklisted_models": ["sora-2"]}, "sora-2-pro", True),
        ({"models": ["sora-2"], "blacklisted_models": ["sora-2"]}, "sora-2", False),
        ({"models": ["*", "x"], "blacklisted_models": ["x"]}, "x", False),
        ({"models": ["SORA-2"]}, "sora-2", False),
    ],
)
@pytest.mark.parametrize("pinned", [None, "k"])
def test_the_lists_say_which_models_a_key_is_for(
    lists: dict[str, Any], model: str, allowed: bool, pinned: str | None
) -> None:
    one = provider(key("k", **lists))
    if allowed:
        assert order(one, model, key_name=pinned) == ["k"]
    else:
        with pytest.raises(Forbidden) as raised:
            order(one, model, key_name=pinned)
        assert (raised.value.code, raised.value.param) == ("no_key_for_model", "model")


def test_a_pinned_id_wins_over_a_pinned_name() -> None:
    two = provider(key("a", id="1"), key("b", id="2"))
    assert order(two, key_name="a", key_id="2") == ["b"]
    with pytest.raises(InvalidRequest, match='no key found with id "3"') as raised:
        order(two, key_name="a", key_id="3")
    assert raised.value.param == "x-bf-api-key-id"
    with pytest.raises(InvalidRequest, match='no key found with id ""'):
        order(two, key_name="a", key_id="")


# ---- sessions -------------------------------------------------------------------------------------------------------


def test_a_session_has_one_order_in_every_process() -> None:
    sessions = [f"session {number}" for number in range(30)]
    code = (
        "import json; from tests.handlers.dispatch.test_keys import key, order, provider;"
        "keys = provider(*(key(name) for name in 'abcde'));"
        f"print(json.dumps([order(keys, session_id=each) for each in {sessions!r}]))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True)
    five = provider(*(key(name) for name in "edcba"))  # the order in the file does not matter
    assert json.loads(done.stdout) == [order(five, session_id=each) for each in sessions]


def test_sessions_of_two_callers_are_two_sessions() -> None:
    five = provider(*(key(name) for name in "abcde"))
    assert len({tuple(order(five, owner=f"caller {number}", session_id="s")) for number in range(20)}) > 5


def test_when_a_key_goes_only_its_own_sessions_move() -> None:
    before = provider(*(key(name) for name in "abcde"))
    after = provider(*(key(name) for name in "abde"))
    moved = 0
    for number in range(500):
        old, new = (order(each, session_id=str(number)) for each in (before, after))
        assert new == [name for name in old if name != "c"]
        moved += old[0] != new[0]
    assert 60 < moved < 140  # a fifth


# ---- through the gateway: keys that fail ----------------------------------------------------------------------------

REFUSED, SPENT, LIMITED, GOOD = (f"sk-{word}-0123456789" for word in ("refused", "spent", "limited", "good"))
JOB = {
    "id": "video_1",
    "object": "video",
    "model": "sora-2",
    "status": "queued",
    "created_at": 1790000000,
    "seconds": "4",
    "size": "720x1280",
    "progress": 0,
}


def answer(request: Received) -> Steps:
    """An upstream that quotes the key it refuses."""
    secret = request.headers["authorization"].removeprefix("Bearer ")
    code = {SPENT: "insufficient_quota", REFUSED: "invalid_api_key", LIMITED: "rate_limit_exceeded"}.get(secret)
    body: object = {"error": {"message": f"Not with {secret}.", "type": "x", "param": None, "code": code}}
    status = {SPENT: 429, REFUSED: 401, LIMITED: 429, GOOD: 200}[secret]
    extra = {"retry_after": "20"} if secret == LIMITED else {}
    return [
        reply(status, json.dumps(JOB if status == 200 else body).encode(), content_type="application/json", **extra)
    ]


@pytest.fixture(scope="module")
def rotation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Providers whose first key, but for one chance in 10^12, is the first of the list."""
    orders = {
        "refused-good": (REFUSED, GOOD),
        "spent-good": (SPENT, GOOD),
        "limited-good": (LIMITED, GOOD),
        "dead": (REFUSED, SPENT),
        "refused-limited": (REFUSED, LIMITED),
        "limited-refused": (LIMITED, REFUSED),
        "lone-limited": (LIMITED,),
    }
    with origin(answer) as upstream:
        network = {"base_url": f"{upstream.url}/v1", "retry_backoff_initial": 1, "retry_backoff_max": 1}
        providers = {
            name: {
                "keys": [
                    key(secret.split("-")[1], secret, weight=weight)
                    for secret, weight in zip(secrets, (1e6, 1e-6), strict=False)
                ],
                "network_config": network,
                "custom_provider_config": {"base_provider_type": "openai"},
            }
            for name, secrets in orders.items()
        }
        with running(
            tmp_path_factory.mktemp("rotation"), configuration={"providers": providers}, worker=False
        ) as gateway:
            yield gateway
            judge(gateway, gateway.exchanges)


def tried(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(each.get("key", ""), each["outcome"]) for each in answer["extra_fields"]["attempts"]]


@pytest.mark.parametrize(
    ("model", "attempts"),
    [
        ("refused-good", [("refused", "unauthorized"), ("good", "accepted")]),
        ("spent-good", [("spent", "unauthorized"), ("good", "accepted")]),
        ("limited-good", [("limited", "rate_limited"), ("good", "accepted")]),
    ],
)
def test_the_next_key_is_tried_at_once(rotation: Gateway, model: str, attempts: list[tuple[str, str]]) -> None:
    began = time.monotonic()
    created = rotation.create(model=f"{model}/sora-2")
    assert tried(created) == attempts
    assert time.monotonic() - began < 3  # the Retry-After of 20 s was for another key


def test_when_all_keys_are_refused_it_is_not_the_callers_key_that_is_wrong(rotation: Gateway) -> None:
    refused = rotation.ask("POST", "/v1/videos", json={"model": "dead/sora-2", "prompt": "x"})
    assert refused.status_code == 502
    assert refused.json()["error"]["code"] == "upstream_credentials_exhausted"
    assert tried(refused.json()) == [("refused", "unauthorized"), ("spent", "unauthorized")]


def test_one_key_refused_and_one_limited_is_told_as_a_limit(rotation: Gateway) -> None:
    refused = rotation.ask("POST", "/v1/videos", json={"model": "refused-limited/sora-2", "prompt": "x"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "provider_rate_limited")
    assert tried(refused.json())[0] == ("refused", "unauthorized")


def test_a_limited_key_is_not_asked_again_before_its_time_though_the_next_is_refused(rotation: Gateway) -> None:
    answer = rotation.ask("POST", "/v1/videos", json={"model": "limited-refused/m", "prompt": "x"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "20")
    attempts = answer.json()["extra_fields"]["attempts"]
    assert [attempt["outcome"] for attempt in attempts] == ["rate_limited", "unauthorized"]


def test_a_wait_beyond_our_patience_is_left_to_the_caller(rotation: Gateway) -> None:
    refused = rotation.ask("POST", "/v1/videos", json={"model": "lone-limited/sora-2", "prompt": "x"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "20")


def test_the_keys_of_a_fallback_are_tried_in_turn_as_well(rotation: Gateway) -> None:
    body = {"model": "dead/sora-2", "prompt": "x", "fallbacks": ["spent-good/sora-2"]}
    placed = rotation.ask("POST", "/v1/videos", json=body)
    assert placed.status_code == 200 and placed.json()["extra_fields"]["provider"] == "spent-good"
    assert [name for name, _ in tried(placed.json())] == ["refused", "spent", "spent", "good"]


def test_no_answer_names_the_value_of_a_key(rotation: Gateway) -> None:
    for model in ("dead", "refused-good"):
        said = rotation.ask("POST", "/v1/videos", json={"model": f"{model}/sora-2", "prompt": "x"})
        assert said.json()["extra_fields"]["attempts"][0]["error"].endswith("Not with [the key].")
        for secret in (REFUSED, SPENT, LIMITED, GOOD):
            assert secret not in said.text


# ---- through the gateway: two accounts ------------------------------------------------------------------------------


@dataclass
class House:
    """A sandbox, a database, and a gateway with the keys of two accounts."""

    sandbox: str
    database: str
    folder: Path
    gateway: Gateway

    def configuration(self, *keys: Mapping[str, Any]) -> dict[str, Any]:
        network = {"base_url": f"{self.sandbox}/openai/v1", "retry_backoff_initial": 1, "retry_backoff_max": 1}
        return {"providers": {"openai": {"keys": list(keys), "network_config": network}}}

    @contextlib.contextmanager
    def another(self, *keys: Mapping[str, Any]) -> Iterator[Gateway]:
        """A second gateway on the same database, which leaves the following of jobs to the first."""
        with running(self.folder, self.database, self.configuration(*keys), worker=False) as gateway:
            yield gateway

    def accounts(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = requests.get(f"{self.sandbox}/stats", timeout=5).json()["openai"]["accounts"]
        return found


KEYS = (key("a", A, id="id-a", weight=1), key("b", B, id="id-b", weight=1))
PINNED = key("c", B, weight=0)
NARROW = key("narrow", B, models=["sora-2-pro"])


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder, database = tmp_path_factory.mktemp("house"), new_database()
    with standalone_sandbox(tmp_path_factory.mktemp("accounts") / "sandbox") as sandbox:
        draft = House(sandbox, database, folder, None)  # type: ignore[arg-type]
        with running(folder, database, draft.configuration(*KEYS, PINNED)) as gateway:
            draft.gateway = gateway
            yield draft
            judge(gateway, gateway.exchanges)


def create(gateway: Gateway, headers: Mapping[str, str], **body: Any) -> requests.Response:
    json = {"model": SORA, "prompt": f"a boat {QUICK}", **body}
    return gateway.ask("POST", "/v1/videos", json=json, headers=dict(headers))


def used(answer: requests.Response) -> str:
    assert answer.status_code == 200, answer.text
    name: str = tried(answer.json())[-1][0]
    return name


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"x-bf-api-key": "a"}, "a"),
        ({"x-bf-api-key": "b"}, "b"),
        ({"x-bf-api-key": "c"}, "c"),
        ({"x-bf-api-key-id": "id-a"}, "a"),
        ({"x-bf-api-key": "a", "x-bf-api-key-id": "id-b"}, "b"),
    ],
)
def test_a_pin_chooses_the_key(house: House, headers: dict[str, str], name: str) -> None:
    assert {used(create(house.gateway, headers)) for _ in range(4)} == {name}


@pytest.mark.parametrize(
    ("header", "what"), [("x-bf-api-key", "name"), ("x-bf-api-key-id", "id"), ("X-BF-API-KEY", "name")]
)
def test_a_pin_on_no_key_is_refused_by_the_name_of_its_header(house: House, header: str, what: str) -> None:
    refused = create(house.gateway, {header: "nobody"})
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["param"]) == (400, "key_not_found", header.lower())
    assert error["message"] == f'no key found with {what} "nobody" for provider: openai'


@pytest.mark.parametrize("header", ["x-bf-api-key", "x-bf-api-key-id", "x-bf-session-id"])
def test_an_empty_wish_is_refused_by_the_document(house: House, header: str) -> None:
    refused = create(house.gateway, {header: ""})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, header)


def test_a_session_has_one_key_at_two_gateways(house: House) -> None:
    with house.another(*KEYS) as second, ThreadPoolExecutor(8) as pool:

        def keys_of(number: int) -> set[str]:
            headers = {"x-bf-session-id": f"session-{number}"}
            return {used(create(gateway, headers)) for gateway in (house.gateway, second, house.gateway, second)}

        chosen = list(pool.map(keys_of, range(16)))
    assert all(len(names) == 1 for names in chosen)
    assert set.union(*chosen) == {"a", "b"}


def test_a_model_that_no_key_is_for_is_refused_and_falls_back(house: House) -> None:
    with house.another(NARROW) as narrow:
        refused = create(narrow, {})
        error = refused.json()["error"]
        assert (refused.status_code, error["code"], error["param"]) == (403, "no_key_for_model", "model")
        assert error["message"] == "no keys found that support model: sora-2"
        placed = create(narrow, {}, fallbacks=["openai/sora-2-pro"])
        assert used(placed) == "narrow" and placed.json()["model"] == "openai/sora-2-pro"
        assert placed.json()["extra_fields"]["attempts"][0]["outcome"] == "refused"


@pytest.fixture(scope="module")
def jobs(house: House) -> dict[str, list[str]]:
    """Key -> the ids of six finished jobs, made at the same time."""

    def make(name: str) -> str:
        answer = create(house.gateway, {"x-bf-api-key": name})
        assert used(answer) == name
        return str(answer.json()["id"])

    names = ["a", "b"] * 6
    with ThreadPoolExecutor(12) as pool:
        made = list(pool.map(make, names))
        ended = list(pool.map(house.gateway.finished, made))
    assert {job["status"] for job in ended} == {"completed"}
    return {name: [job for job, by in zip(made, names, strict=True) if by == name] for name in ("a", "b")}


def test_a_job_is_never_asked_of_another_key(house: House, jobs: dict[str, list[str]]) -> None:
    gateway, before = house.gateway, house.accounts()

    def live(job: str) -> None:
        got = gateway.ask("GET", f"/v1/videos/{job}/content")
        assert got.status_code == 200 and len(got.content) > 100
        remixed = gateway.ask("POST", f"/v1/videos/{job}/remix", json={"prompt": f"snow {QUICK}"})
        assert remixed.status_code == 200, remixed.text
        for each in (remixed.json()["id"], job):
            assert gateway.ask("DELETE", f"/v1/videos/{each}").status_code == 200

    of_b = jobs["b"][:4]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(live, [*jobs["a"][:2], *of_b]))
    after = house.accounts()
    assert {name: after[name]["deletes"] - before[name]["deletes"] for name in after} == {
        "account-a": 4,
        "account-b": 8,
    }
    assert all(counts["polls"] > 0 and counts["foreign_access"] == 0 for counts in after.values())


def test_when_a_key_is_gone_its_jobs_say_so_and_others_work(house: House, jobs: dict[str, list[str]]) -> None:
    of_a, of_b = jobs["a"][-1], jobs["b"][-1]
    with house.another(KEYS[1]) as left:
        assert left.ask("GET", f"/v1/videos/{of_a}").json()["status"] == "completed"  # the ledger knows
        assert left.ask("GET", f"/v1/videos/{of_a}/content").status_code == 200  # and the file is here
        for method, path, body in (
            ("POST", "/remix", {"prompt": f"x {QUICK}"}),
            ("DELETE", "", None),
        ):
            refused = left.ask(method, f"/v1/videos/{of_a}{path}", json=body)
            assert refused.status_code == 503, refused.text
            assert refused.json()["error"]["message"] == (
                "The key 'a' of openai that made this job is not configured any more."
            )
            assert refused.headers["Retry-After"] == "60"
            assert left.ask(method, f"/v1/videos/{of_b}{path}", json=body).status_code == 200
    assert all(counts["foreign_access"] == 0 for counts in house.accounts().values())


def test_when_a_provider_is_gone_its_jobs_say_so(house: House, jobs: dict[str, list[str]]) -> None:
    runway = {"providers": {"runway": {"keys": [key("r", "key_r")]}}}
    job = jobs["a"][-2]
    with running(house.folder, house.database, runway, worker=False) as other:
        assert other.ask("GET", f"/v1/videos/{job}").status_code == 200
        assert other.ask("GET", f"/v1/videos/{job}/content").status_code == 200
        for method, path, body in (
            ("POST", "/remix", {"prompt": "x"}),
            ("DELETE", "", None),
        ):
            refused = other.ask(method, f"/v1/videos/{job}{path}", json=body)
            assert refused.status_code == 503, refused.text
            assert "openai that made this job is not configured any more" in refused.json()["error"]["message"]
