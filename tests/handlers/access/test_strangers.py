"""A stranger walks ids: nothing in the answers, nor in the time they take, tells the ids of others from invented ones.

The stranger has a virtual key of the same team as the owner's. Both gateways have one database: the first makes what there is,
the second has it in memory only where its owner has asked for it since.

Times are compared by ranks, between answers that are mixed at random: how noisy the machine is makes no difference to what is
found where there is none. That the comparison finds a single query of the database is shown beside it.
"""

from __future__ import annotations

import http.client
import json
import math
import random
import re
import time
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

import pytest
import requests
import yaml
from ulid import ULID

from tests.gateway import ROOT, Gateway, judge, new_database, running
from tests.handlers.governance.admin import Admin

PASSWORD: Final = "a password for walks"
VIDEOS: Final = 8
TIMES: Final = 170
"""Answers in each group, of real ids and of invented ones each."""
BOUND: Final = 0.15
"""How far the area under the curve may lie from one half. Where nothing tells it lies further away once in a million times, and a
query more or less takes it to about 0.9."""


# ---- what there is --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Things:
    """What belongs to somebody."""

    videos: Sequence[Mapping[str, str]]  # {id, native, provider}
    webhooks: Sequence[str]
    deliveries: Sequence[str]
    logs: Sequence[str]


@dataclass(frozen=True)
class Place:
    """A gateway where the owner has things and the stranger walks. The owner has asked for the first half of the videos."""

    gateway: Gateway
    owner: str
    stranger: str
    theirs: Things
    invented: Things
    ruled: Mapping[str, str]  # what admins rule over: the name of a path parameter -> an id


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    database, directory = new_database(), tmp_path_factory.mktemp("strangers")
    settings: dict[str, Any] = {
        "database": database,
        "api_keys": "admin-of-walks:admin-secret-1",
        "webhook_private": True,
    }
    with running(directory, admin_password=PASSWORD, **settings) as first:
        admin = Basic(first)
        team = admin.team()
        customer = admin.customer()
        theirs_too = {"team_id": team["id"], "allow_all_providers": True, "budgets": [{"max_limit": 100}]}
        keys = [admin.key(**theirs_too) for _ in ("the owner", "the stranger")]
        owner, stranger = (key["value"] for key in keys)
        theirs = made(first, owner)
        ruled = {
            **{"vk_id": keys[0]["id"], "budget_id": keys[0]["budgets"][0]["id"], "team_id": team["id"]},
            **{"customer_id": customer["id"], "provider": "runway", "key_id": "sandbox"},
        }
    with running(directory, admin_password=PASSWORD, worker=False, **settings) as second:
        for video in theirs.videos[: VIDEOS // 2]:
            assert second.ask("GET", f"/v1/videos/{video['id']}", owner).status_code == 200
        yield Place(second, owner, stranger, theirs, imagined(), ruled)


class Basic(Admin):
    """The admin with the password."""

    def ask(self, method: str, path: str, body: Any = None, *, key: str = "", **query: Any) -> requests.Response:
        url = f"{self.gateway.url}/api/governance{path}"
        return requests.request(method, url, json=body, params=query, auth=("admin", PASSWORD), timeout=30)


def made(gateway: Gateway, key: str) -> Things:
    """Things of every kind, made with this key."""
    created = [gateway.create(key=key)["id"] for _ in range(VIDEOS)]
    videos = [gateway.finished(video_id, key=key) for video_id in created]
    webhooks = [
        gateway.ask("POST", "/api/webhooks", key, json={"url": "http://127.0.0.1:9/"}).json()["webhook"]["id"]
        for _ in range(4)
    ]
    deliveries = [
        gateway.ask("POST", f"/api/webhooks/{webhook}/test", key).json()["delivery"]["id"] for webhook in webhooks
    ]
    return Things(
        [
            {
                "id": each["id"],
                "native": each["extra_fields"]["provider_job_id"],
                "provider": each["extra_fields"]["provider"],
            }
            for each in videos
        ],
        webhooks,
        deliveries,
        logged(gateway, key),
    )


def logged(gateway: Gateway, key: str) -> list[str]:
    """The entries of the log about what was made with this key; they are written a little later."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        entries = gateway.ask("GET", "/api/logs", key).json()["logs"]
        if len(entries) >= VIDEOS:
            return [entry["id"] for entry in entries]
        time.sleep(0.1)
    raise AssertionError("nothing was logged")


def imagined() -> Things:
    """As many that nobody has."""

    def ids(prefix: str, count: int) -> list[str]:
        return [f"{prefix}_{ULID()}".lower() for _ in range(count)]

    return Things(
        [
            {"id": video_id, "native": f"{random.getrandbits(128):032x}", "provider": "runway"}
            for video_id in ids("video", VIDEOS)
        ],
        ids("webhook", 4),
        ids("msg", 4),
        ids("log", 10),
    )


# ---- how they are asked for -----------------------------------------------------------------------------------------

Spell = Callable[[str], str]


def encoded(reference: str) -> str:
    """Every character as its bytes in percent."""
    return "".join(f"%{byte:02X}" for byte in reference.encode())


def plain(reference: str) -> str:
    return quote(reference, safe=":")


SPELLED: Final[Mapping[str, Spell]] = {
    "as it is": plain,
    "percent-encoded": encoded,
}
MALFORMED: Final[Mapping[str, Spell]] = {
    "in upper case": lambda reference: plain(reference.upper()),
    "with spaces": lambda reference: f"%20{plain(reference)}%20",
}
"""What is no id of a webhook, say, as the document has it."""
LINE: Final[Mapping[str, Spell]] = {"with a line end": lambda reference: f"{plain(reference)}%0A"}
"""What is no path of the document, but a parameter of the query that is malformed."""
NAMED: Final[Mapping[str, Callable[[Mapping[str, str]], str]]] = {
    **{name: (lambda video, spell=spell: spell(video["id"])) for name, spell in (SPELLED | MALFORMED | LINE).items()},
    "{id}:{provider}": lambda video: plain(f"{video['id']}:{video['provider']}"),
    "{id}:{provider}, percent-encoded": lambda video: encoded(f"{video['id']}:{video['provider']}"),
    "{id}:{another provider}": lambda video: plain(f"{video['id']}:openai"),
    "{native_id}:{provider}": lambda video: plain(f"{video['native']}:{video['provider']}"),
    "{native_id}:{another provider}": lambda video: plain(f"{video['native']}:openai"),
    "{native_id}": lambda video: plain(video["native"]),
}
"""How the path of a video may name it."""

OF_VIDEOS: Final = (
    ("GET", "/v1/videos/{}", None),
    ("DELETE", "/v1/videos/{}", None),
    ("GET", "/v1/videos/{}/events", None),
    ("GET", "/v1/videos/{}/content", None),
    ("HEAD", "/v1/videos/{}/content", None),
    ("POST", "/v1/videos/{}/remix", {"prompt": "a stranger's"}),
    ("GET", "/v1/videos?after={}", None),
)
OF_WEBHOOKS: Final = (
    ("GET", "/api/webhooks/{}", None),
    ("PUT", "/api/webhooks/{}", {"description": "a stranger's"}),
    ("DELETE", "/api/webhooks/{}", None),
    ("POST", "/api/webhooks/{}/rotate-secret", None),
    ("POST", "/api/webhooks/{}/test", None),
    ("GET", "/api/webhooks/{}/deliveries", None),
)
OF_DELIVERIES: Final = (("POST", "/api/webhooks/deliveries/{}/redeliver", None),)
OF_LOGS: Final = (("GET", "/api/logs/{}", None), ("GET", "/api/logs?sort_by=latency&after={}", None))
OTHERS: Final = {"webhooks": OF_WEBHOOKS, "deliveries": OF_DELIVERIES, "logs": OF_LOGS}
WAKE: Final = ("POST", "/api/wake/{}", None)


@dataclass(frozen=True)
class Attempt:
    """A request about something, real or invented. What is compared has the same `group`; times also the same `stratum`."""

    group: str
    stratum: str
    real: bool
    method: str
    path: str
    body: Any
    named: str  # as the path names it
    expected: int


@dataclass(frozen=True)
class Seen:
    status: int
    text: str  # without what says which request it was
    seconds: float


def attempts(place: Place) -> list[Attempt]:
    """All of them, about as many of each group."""
    found: list[Attempt] = []

    def about(
        group: str, operation: tuple[str, str, Any], names: Callable[[Things], Sequence[str]], expected: int, times: int
    ) -> None:
        method, path, body = operation
        for real, things in ((True, place.theirs), (False, place.invented)):
            named = names(things)
            found.extend(
                Attempt(group, f"{method} {path}", real, method, path.format(name), body, name, expected)
                for name in (named[turn % len(named)] for turn in range(times))
            )

    half = VIDEOS // 2
    for spelling, spell in NAMED.items():
        for heat, part in (("in memory", slice(None, half)), ("not in memory", slice(half, None))):
            for operation in OF_VIDEOS:

                def names(things: Things, part: slice = part, spell: Any = spell) -> list[str]:
                    return [spell(video) for video in things.videos[part]]

                about(f"videos {spelling}, {heat}", operation, names, 404, math.ceil(TIMES / len(OF_VIDEOS)))
    for kind, operations in OTHERS.items():
        ways = [
            (operation, spell, 400 if spelling in MALFORMED or (spelling in LINE and "?" in operation[1]) else 404)
            for operation in operations
            for spelling, spell in (SPELLED | MALFORMED | LINE).items()
        ]
        for operation, spell, expected in ways:

            def those(things: Things, kind: str = kind, spell: Spell = spell) -> list[str]:
                return [spell(each) for each in getattr(things, kind)]

            alike = sum(each == expected for _, _, each in ways)
            about(f"{kind}, {expected}", operation, those, expected, math.ceil(TIMES / alike))
    about("wakes", WAKE, lambda things: [video["id"] for video in things.videos], 204, TIMES)
    return found


class Walk:
    """A connection of the stranger's."""

    def __init__(self, place: Place) -> None:
        parts = urlsplit(place.gateway.url)
        assert parts.hostname is not None
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        self._headers = {"Authorization": f"Bearer {place.stranger}", "x-request-id": "a-walk"}

    def ask(self, attempt: Attempt) -> Seen:
        body = None if attempt.body is None else json.dumps(attempt.body)
        headers = self._headers | ({} if body is None else {"Content-Type": "application/json"})
        began = time.perf_counter()
        self._connection.request(attempt.method, attempt.path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        seconds = time.perf_counter() - began
        names = " ".join(sorted(name.lower() for name in answer.headers))
        return Seen(answer.status, f"{names}\n{_without_name(text, attempt)}", seconds)


def _without_name(text: str, attempt: Attempt) -> str:
    """An answer without what it repeats of the request: the id, as it was understood, and as Python shows it."""
    if not text:
        return text
    answer = json.loads(text)
    name = unquote(attempt.named)
    for said in (repr(name)[1:-1], name):
        answer["error"]["message"] = answer["error"]["message"].replace(said, "…")
    return json.dumps(answer, sort_keys=True)


def walked(place: Place, wanted: Sequence[Attempt]) -> list[tuple[Attempt, Seen]]:
    """What came of the attempts, which are made in a random order."""
    walk = Walk(place)
    mixed = random.sample(wanted, len(wanted))
    for attempt in mixed[:100]:  # the server warms up
        walk.ask(attempt)
    return [(attempt, walk.ask(attempt)) for attempt in mixed]


# ---- telling times apart --------------------------------------------------------------------------------------------


def area(some: Sequence[float], others: Sequence[float]) -> float:
    """How often one of `some` is larger than one of the others: the statistic of Mann and Whitney, from 0 to 1."""
    ranked = sorted(others)
    above = sum(bisect_left(ranked, each) + bisect_right(ranked, each) for each in some)
    return above / 2 / len(some) / len(others)


def areas(seen: Sequence[tuple[Attempt, Seen]]) -> dict[str, float]:
    """Group -> how well times tell real from invented: the mean over its operations, each compared with itself."""
    times: dict[str, dict[str, tuple[list[float], list[float]]]] = defaultdict(lambda: defaultdict(lambda: ([], [])))
    for attempt, answer in seen:
        times[attempt.group][attempt.stratum][attempt.real].append(answer.seconds)
    return {
        group: sum(area(real, invented) for invented, real in strata.values()) / len(strata)
        for group, strata in times.items()
    }


def telling(found: Mapping[str, float]) -> dict[str, float]:
    """The groups in which times tell."""
    return {group: each for group, each in found.items() if abs(each - 0.5) > BOUND}


# ---- the walk -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def seen(place: Place) -> list[tuple[Attempt, Seen]]:
    return walked(place, attempts(place))


def test_a_stranger_finds_nothing_in_ten_thousand_attempts(place: Place, seen: list[tuple[Attempt, Seen]]) -> None:
    wrong = [(attempt, answer) for attempt, answer in seen if answer.status != attempt.expected]
    assert not wrong
    told: dict[bool, set[tuple[str, str, str]]] = {True: set(), False: set()}
    for attempt, answer in seen:
        told[attempt.real].add((attempt.group, attempt.stratum, answer.text))
    assert told[True] == told[False]
    assert len(seen) >= 10_000


def test_what_a_stranger_asked_for_is_as_it_was(place: Place, seen: list[tuple[Attempt, Seen]]) -> None:
    gateway, key = place.gateway, place.owner
    for video in place.theirs.videos:
        assert gateway.ask("GET", f"/v1/videos/{video['id']}", key).json()["status"] == "completed"
    hooks = gateway.ask("GET", "/api/webhooks", key).json()["webhooks"]
    assert {hook["id"] for hook in hooks} == set(place.theirs.webhooks)
    assert not any("description" in hook for hook in hooks)
    for webhook in place.theirs.webhooks:
        sent = gateway.ask("GET", f"/api/webhooks/{webhook}/deliveries", key).json()["deliveries"]
        assert [len(each["attempts"]) for each in sent] == [1]


def test_times_tell_nothing(place: Place, seen: list[tuple[Attempt, Seen]]) -> None:
    suspicious = telling(areas(seen))
    if suspicious:  # once more: chance does not strike the same group twice
        again = walked(place, [attempt for attempt, _ in seen if attempt.group in suspicious])
        suspicious = telling(areas(again))
    assert not suspicious


def test_the_time_of_one_query_would_tell(place: Place) -> None:
    """An id with U+0000 cannot be in the database, so it is not looked for there: the same answer, a query sooner."""
    leaky = [
        Attempt("leaky", "retrieve", real, "GET", f"/v1/videos/{name}", None, name, 404)
        for real, end in ((True, ""), (False, "%00"))
        for name in (f"{video['id']}{end}" for video in place.invented.videos)
        for _ in range(TIMES // VIDEOS)
    ]
    answers = walked(place, leaky)
    assert {answer.text for _, answer in answers} == {answers[0][1].text}
    assert telling(areas(answers)), areas(answers)


def test_what_the_walk_exchanged_obeys_the_document(place: Place, seen: list[tuple[Attempt, Seen]]) -> None:
    judge(place.gateway, random.sample(place.gateway.exchanges, 300))


# ---- what is for admins ---------------------------------------------------------------------------------------------


NAMES: Final = re.compile(r"{(\w+)}")


def for_admins(operation: Mapping[str, Any]) -> bool:
    return any("admin" in roles for scheme in operation.get("security", []) for roles in scheme.values())


def with_ids() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Every operation of the document whose path takes an id: (method, path, operation)."""
    document = yaml.load((ROOT / "openapi.yaml").read_bytes(), yaml.CSafeLoader)
    for path, item in document["paths"].items():
        for method in {"get", "put", "post", "delete", "head", "patch"} & item.keys() if "{" in path else ():
            yield method.upper(), path, item[method]


def test_every_operation_that_takes_an_id_is_walked() -> None:
    walked_over = {
        (method, path.partition("?")[0])
        for method, path, _ in (*OF_VIDEOS, *OF_WEBHOOKS, *OF_DELIVERIES, *OF_LOGS, WAKE)
        if not path.endswith("={}")
    }
    theirs = {
        (method, re.sub(r"{\w+}", "{}", path)) for method, path, operation in with_ids() if not for_admins(operation)
    }
    assert theirs == walked_over


def test_what_is_for_admins_is_refused_whether_it_is_there_or_not(place: Place) -> None:
    ruled = [
        (method, path, operation["operationId"]) for method, path, operation in with_ids() if for_admins(operation)
    ]
    assert len(ruled) > 20
    invented = defaultdict(lambda: f"vk_{ULID()}".lower())
    times = math.ceil(TIMES / len(ruled))
    tried = [
        Attempt("ruled", operation, real, method, path.format_map(ids), None if method == "GET" else {}, "", 403)
        for method, path, operation in ruled
        for real, ids in ((True, {**dict.fromkeys(NAMES.findall(path), "price_0"), **place.ruled}), (False, invented))
        for _ in range(times)
    ]
    answers = walked(place, tried)
    assert {(answer.status, answer.text) for _, answer in answers} == {(403, answers[0][1].text)}
    assert not telling(areas(answers)) or not telling(areas(walked(place, tried)))
