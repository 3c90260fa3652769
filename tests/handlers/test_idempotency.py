"""A create that is sent again is made once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
import requests
from ulid import ULID

from tests.gateway import ALICE, BOB, Gateway, new_database, running

BODY: dict[str, Any] = {"model": "runway/gen4.5", "prompt": "once [sandbox:no-render]", "seconds": "4"}


def key() -> str:
    return str(ULID())


def send(gateway: Gateway, once: str, who: str = ALICE, **changes: Any) -> requests.Response:
    return gateway.ask("POST", "/v1/videos", who, json={**BODY, **changes}, headers={"Idempotency-Key": once})


def accepted(gateway: Gateway) -> int:
    return sum(provider["creates_accepted"] for provider in gateway.stats().values())


def test_the_same_request_again_brings_the_first_answer(gateway: Gateway) -> None:
    once, before = key(), accepted(gateway)
    first = send(gateway, once)
    gateway.finished(first.json()["id"])
    again = send(gateway, once)
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["idempotency-replayed"] == "true" and "idempotency-replayed" not in first.headers
    assert again.headers["retry-after"] == first.headers["retry-after"]
    assert accepted(gateway) == before + 1


def test_quoted_and_bare_are_the_same_key(gateway: Gateway) -> None:
    once = key()
    assert send(gateway, once).json()["id"] == send(gateway, f'"{once}"').json()["id"]


def test_another_request_with_the_same_key_is_refused(gateway: Gateway) -> None:
    once = key()
    send(gateway, once)
    for changes in ({"seconds": "5"}, {"prompt": "else"}, {"extra": 1}):
        other = send(gateway, once, **changes)
        assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")
        assert other.json()["error"]["param"] == "Idempotency-Key"


def test_the_order_of_fields_makes_no_other_request(gateway: Gateway) -> None:
    once = key()
    first = send(gateway, once)
    turned = gateway.ask("POST", "/v1/videos", json=dict(reversed(BODY.items())), headers={"Idempotency-Key": once})
    assert turned.json()["id"] == first.json()["id"]


def test_a_key_is_its_callers_own(gateway: Gateway) -> None:
    once = key()
    assert send(gateway, once).json()["id"] != send(gateway, once, BOB).json()["id"]


@pytest.mark.parametrize(
    ("directive", "status", "code"),
    [("500", 502, "provider_error"), ("502", 504, "submission_unknown"), ("drop-after", 504, "submission_unknown")],
)
def test_a_failure_is_repeated_and_not_the_create(gateway: Gateway, directive: str, status: int, code: str) -> None:
    once, prompt = key(), f"once {key()} [sandbox:{directive} times=1]"
    first = send(gateway, once, prompt=prompt)
    between = accepted(gateway)
    again = send(gateway, once, prompt=prompt)
    for answer in (first, again):
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert again.json()["extra_fields"] == first.json()["extra_fields"]
    assert again.headers.get("x-should-retry") == first.headers.get("x-should-retry")
    assert accepted(gateway) == between


def test_a_refusal_before_anything_was_recorded_leaves_the_key_free(gateway: Gateway) -> None:
    once = key()
    assert send(gateway, once, seconds="99").status_code == 400
    assert send(gateway, once, model="runway/none").status_code == 404
    assert send(gateway, once).status_code == 200


@pytest.mark.parametrize(
    ("directive", "status"),
    [("429 times=3", 429), ("503 times=3", 503), ("401 times=1", 502)],
)
def test_a_create_that_could_not_be_taken_just_then_can_be_sent_again(
    gateway: Gateway, directive: str, status: int
) -> None:
    once, prompt = key(), f"once {key()} [sandbox:no-render] [sandbox:{directive}]"
    assert send(gateway, once, prompt=prompt).status_code == status
    made = send(gateway, once, prompt=prompt)
    assert made.status_code == 200 and "idempotency-replayed" not in made.headers
    assert send(gateway, once, prompt=prompt).json()["id"] == made.json()["id"]


@pytest.mark.parametrize("bad", ['""', "with blank", '"open', "a" * 256, "ä".encode().decode("latin-1")])
def test_what_is_no_key_is_refused_by_its_name(gateway: Gateway, bad: str) -> None:
    refused = gateway.ask("POST", "/v1/videos", json=BODY, headers={"Idempotency-Key": bad.encode("latin-1")})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "Idempotency-Key")


def test_a_remix_is_made_once_too(gateway: Gateway) -> None:
    source = gateway.create(model="openai/sora-2")["id"]
    gateway.finished(source)
    headers, path = {"Idempotency-Key": key()}, f"/v1/videos/{source}/remix"
    first = gateway.ask("POST", path, json={"prompt": "x [sandbox:no-render]"}, headers=headers)
    again = gateway.ask("POST", path, json={"prompt": "x [sandbox:no-render]"}, headers=headers)
    assert again.json() == first.json()
    as_create = gateway.ask("POST", "/v1/videos", json=BODY, headers=headers)
    assert as_create.status_code == 422


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Gateway]]:
    """Two servers on one database and one sandbox's memory."""
    database, directory = new_database(), tmp_path_factory.mktemp("two")
    with running(directory, database) as first, running(directory, database) as second:
        yield first, second


def test_fifty_at_once_over_two_servers_make_one(two: tuple[Gateway, Gateway]) -> None:
    once, before = key(), accepted(two[0])
    prompt = "at once [sandbox:hang=0.3] [sandbox:no-render]"
    with ThreadPoolExecutor(50) as callers:
        answers = list(callers.map(lambda number: send(two[number % 2], once, prompt=prompt), range(50)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    ids = {answer.json()["id"] for answer in answers if answer.status_code == 200}
    assert len(ids) == 1
    codes = Counter(answer.json()["error"]["code"] for answer in answers if answer.status_code == 409)
    assert set(codes) <= {"idempotency_in_progress"}
    assert accepted(two[0]) == before + 1
    for server in two:
        assert send(server, once, prompt=prompt).json()["id"] in ids


def test_an_answer_that_was_never_written_down_is_made_from_the_job(two: tuple[Gateway, Gateway]) -> None:
    """The process died between the acceptance and the answer."""
    once = key()
    first = send(two[0], once).json()
    database = two[0].settings.database_url
    assert database is not None
    with psycopg.connect(database.get_secret_value(), autocommit=True) as connection:
        connection.execute("UPDATE jobs SET answer = NULL WHERE id = %s", [first["id"]])
    again = send(two[1], once)
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
