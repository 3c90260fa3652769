"""The list: its filters, its pages, and the metadata that it is filtered by."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import make_url
from ulid import ULID

from generated.client import Client
from handlers.jobs.database import engine_for
from handlers.jobs.ledger import Job, Ledger
from tests.gateway import ALICE, BOB, EMULATED, KEYS, Gateway, judge, running
from tests.handlers.wire import dsn

CAROL, DAVE = "carol-secret-3", "dave-secret-4"
BEGIN = 1_795_132_800  # Unix seconds: when the first of the recorded jobs was made
PLAIN = "x [sandbox:no-render]"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    keys = f"{KEYS},carol:{CAROL},dave:{DAVE}"
    with running(tmp_path_factory.mktemp("list"), api_keys=keys) as gateway:
        yield gateway


@pytest.fixture
def gateway(shared: Gateway) -> Iterator[Gateway]:
    before = len(shared.exchanges)
    yield shared
    judge(shared, shared.exchanges[before:])


def listed(gateway: Gateway, key: str = ALICE, **query: Any) -> list[str]:
    """The ids on the first page."""
    answer = gateway.ask("GET", "/v1/videos", key, params={"limit": 100, **query})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    ids = [video["id"] for video in body["data"]]
    assert (body.get("first_id"), body.get("last_id")) == ((ids[0], ids[-1]) if ids else (None, None))
    return ids


def walked(gateway: Gateway, key: str = ALICE, limit: int = 3, **query: Any) -> list[str]:
    """The ids on all pages."""
    found: list[str] = []
    more = True
    while more:
        after = {"after": found[-1]} if found else {}
        page = gateway.ask("GET", "/v1/videos", key, params={"limit": limit, **query, **after}).json()
        assert len(page["data"]) == limit or not page["has_more"]
        found += [video["id"] for video in page["data"]]
        more = page["has_more"]
    return found


def tagged(gateway: Gateway, metadata: dict[str, str], key: str = ALICE, prompt: str = PLAIN) -> str:
    """A new job with that metadata."""
    body = {"model": "runway/gen4.5", "prompt": prompt, "metadata": metadata}
    answer = gateway.ask("POST", "/v1/videos", key, json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


# ---- filters, against a simple reading of what they mean ------------------------------------------------------------


def recorded(gateway: Gateway, jobs: Sequence[Job]) -> None:
    """Put jobs into the gateway's ledger."""

    async def record() -> None:
        engine = engine_for(make_url(dsn(gateway)).set(drivername="postgresql+psycopg"))
        ledger = Ledger(engine)
        for job in jobs:
            await ledger.record(job)
        await engine.dispose()

    asyncio.run(record())


def job(owner: str, milliseconds: int, **fields: Any) -> Job:
    """A job made that long after BEGIN."""
    moment = datetime.fromtimestamp(BEGIN, UTC) + timedelta(milliseconds=milliseconds)
    made: dict[str, Any] = {"state": "completed", "provider": "runway", "model": "gen4.5", "request": {}, **fields}
    identity = f"video_{ULID.from_datetime(moment)}".lower()
    return Job(identity, owner, "generation", created_at=moment, updated_at=moment, deadline_at=moment, **made)


SPREAD = [
    (provider, model, state, tags)
    for provider, model in (("runway", "gen4.5"), ("runway", "veo3.1"), ("openai", "gen4.5"))
    for state in ("submitting", "queued", "in_progress", "storing", "completed", "failed", "unknown")
    for tags in ({}, {"campaign": "spring"}, {"campaign": "spring", "team": "a"}, {"campaign": "autumn", "team": "a"})
]


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway where nothing happens to jobs."""
    keys = f"carol:{CAROL},dave:{DAVE}"
    with running(tmp_path_factory.mktemp("still"), api_keys=keys, worker=False) as gateway:
        yield gateway
        judge(gateway, gateway.exchanges)


@pytest.fixture(scope="module")
def spread(still: Gateway) -> list[Job]:
    """Jobs of every kind, one every 700 ms; another caller has the same."""

    def jobs(owner: str) -> list[Job]:
        return [
            job(owner, 700 * number, provider=provider, model=model, state=state, request={"metadata": tags})
            for number, (provider, model, state, tags) in enumerate(SPREAD)
        ]

    ours = jobs("carol")
    recorded(still, [*ours, *jobs("dave"), replace(job("carol", 1), id="video_deleted", deleted_at=datetime.now(UTC))])
    return ours


@dataclass(frozen=True)
class Wanted:
    provider: str | None
    model: str | None
    status: str | None
    created_after: int | None
    created_before: int | None
    metadata: tuple[str, ...]

    def fits(self, job: Job) -> bool:
        moment = int(job.created_at.timestamp())
        return (
            self.provider in (None, job.provider)
            and self.model in (None, f"{job.provider}/{job.model}")
            and self.status in (None, job.status)
            and (self.created_after is None or moment >= self.created_after)
            and (self.created_before is None or moment < self.created_before)
            and set(self.metadata) <= {f"{name}:{value}" for name, value in job.metadata.items()}
        )

    @property
    def query(self) -> dict[str, Any]:
        fields = ("provider", "model", "status", "created_after", "created_before", "metadata")
        return {name: value for name in fields if (value := getattr(self, name)) not in (None, ())}


COMBINATIONS = [
    Wanted(*each)
    for each in itertools.product(
        (None, "runway", "openai"),
        (None, "runway/gen4.5", "openai/none"),
        (None, "queued", "failed"),
        (None, BEGIN + 9),
        (None, BEGIN + 30),
        ((), ("campaign:spring",), ("campaign:spring", "team:a"), ("team:a", "campaign:autumn")),
    )
]


def test_every_filter_and_every_combination_of_them_shows_what_fits(still: Gateway, spread: list[Job]) -> None:
    for wanted in COMBINATIONS:
        fitting = [job.id for job in spread if wanted.fits(job)]
        assert listed(still, CAROL, order="asc", **wanted.query) == fitting, wanted
    assert any(len(list(filter(wanted.fits, spread))) not in (0, len(spread)) for wanted in COMBINATIONS)


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("wanted", [each for each in COMBINATIONS if len(each.query) in (0, 3)][::7], ids=str)
def test_a_filtered_list_has_pages_like_any_other(
    still: Gateway, spread: list[Job], wanted: Wanted, order: str
) -> None:
    fitting = sorted((job.id for job in spread if wanted.fits(job)), reverse=order == "desc")
    assert walked(still, CAROL, limit=2, order=order, **wanted.query) == fitting


@pytest.mark.parametrize("status", ["queued", "in_progress", "completed", "failed"])
def test_every_status_that_is_shown_is_the_one_that_was_asked_for(
    still: Gateway, spread: list[Job], status: str
) -> None:
    page = still.ask("GET", "/v1/videos", CAROL, params={"status": status, "limit": 100}).json()
    assert {video["status"] for video in page["data"]} == {status}
    states = {job.state for job in spread if job.id in {video["id"] for video in page["data"]}}
    assert states == {
        "queued": {"submitting", "queued"},
        "in_progress": {"in_progress", "storing"},
        "failed": {"failed", "unknown"},
    }.get(status, {status})


def test_windows_that_abut_share_nothing_and_leave_nothing_out(gateway: Gateway) -> None:
    moments = [0, 1, 999, 1000, 1001, 1999, 2000, 2001]
    jobs = [job("dave", 500_000 + each, request={"metadata": {"in": "windows"}}) for each in moments]
    recorded(gateway, jobs)
    windows = [
        listed(gateway, DAVE, order="asc", created_after=second, created_before=second + 1)
        for second in range(BEGIN + 499, BEGIN + 504)
    ]
    ids = [each.id for each in jobs]
    assert windows == [[], ids[:3], ids[3:6], ids[6:], []]
    with_metadata = listed(gateway, DAVE, metadata="in:windows", created_after=BEGIN + 501, created_before=BEGIN + 502)
    assert sorted(with_metadata) == ids[3:6]


@pytest.mark.parametrize(
    "query",
    [
        {"provider": "runway", "model": "openai/gen4.5"},
        {"created_after": BEGIN + 10, "created_before": BEGIN + 10},
        {"created_after": 4_102_444_800},
        {"created_before": 0},
        {"metadata": ["campaign:spring", "campaign:autumn"]},
        {"metadata": ["campaign:"]},
        {"provider": "nobody"},
        {"model": "runway/nothing"},
    ],
    ids=str,
)
@pytest.mark.usefixtures("spread")
def test_what_cannot_be_is_an_empty_page(still: Gateway, query: dict[str, Any]) -> None:
    page = still.ask("GET", "/v1/videos", CAROL, params=query).json()
    assert page == {"object": "list", "data": [], "has_more": False}


def test_the_same_pair_twice_is_that_pair(still: Gateway, spread: list[Job]) -> None:
    once = listed(still, CAROL, metadata="team:a")
    assert once and listed(still, CAROL, metadata=["team:a", "team:a"]) == once


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"status": "unknown"}, "status"),
        ({"status": ""}, "status"),
        ({"model": "gen4.5"}, "model"),
        ({"created_after": "yesterday"}, "created_after"),
        ({"created_before": -1}, "created_before"),
        ({"created_after": 4_102_444_801}, "created_after"),
        ({"metadata": "campaign"}, "metadata"),
        ({"metadata": ":spring"}, "metadata"),
        ({"metadata": "two words:x"}, "metadata"),
        ({"metadata": f"x:{'y' * 513}"}, "metadata"),
        ({"metadata": "x:\t"}, "metadata"),
        ({"metadata": [f"n{number}:x" for number in range(17)]}, "metadata"),
    ],
    ids=lambda each: str(each)[:40],
)
def test_a_filter_that_is_none_is_refused_by_its_name(shared: Gateway, query: dict[str, Any], param: str) -> None:
    refused = shared.ask("GET", "/v1/videos", params=query)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)


# ---- pages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("query", [{}, {"metadata": "of:pages"}, {"provider": "runway", "status": "completed"}])
def test_pages_stay_exact_while_jobs_come_and_go(
    gateway: Gateway, request: pytest.FixtureRequest, order: str, query: dict[str, str]
) -> None:
    owner = {"asc": ("carol", CAROL), "desc": ("dave", DAVE)}[order]
    window = {"created_after": BEGIN + 1000, "created_before": BEGIN + 1100}
    fields = {"request": {"metadata": {"of": "pages"}}}
    jobs = [job(owner[0], 1_000_000 + 2000 * number, **fields) for number in range(12)]
    recorded(gateway, jobs)
    ids = sorted((each.id for each in jobs), reverse=order == "desc")

    def page(after: str | None) -> tuple[list[str], bool]:
        params = {**query, **window, "limit": 3, "order": order, **({"after": after} if after else {})}
        body = gateway.ask("GET", "/v1/videos", owner[1], params=params).json()
        return [video["id"] for video in body["data"]], body["has_more"]

    first, _ = page(None)
    assert first == ids[:3]
    for gone in (ids[0], ids[2], ids[4]):  # one that was shown, the cursor, one that was not
        assert gateway.ask("DELETE", f"/v1/videos/{gone}", owner[1]).status_code == 200
    between = job(owner[0], 1_001_000, **fields)  # by its time next to the first, whose page was read
    among_the_rest = job(owner[0], 1_013_000, **fields)
    recorded(gateway, [between, among_the_rest])
    rest = []
    more, cursor = True, first[-1]
    while more:
        found, more = page(cursor)
        rest += found
        cursor = found[-1]
    expected = [*ids[3:4], *ids[5:], among_the_rest.id, *([between.id] if order == "desc" else [])]
    assert rest == sorted(expected, reverse=order == "desc")
    for each in [*ids, between.id, among_the_rest.id]:
        gateway.ask("DELETE", f"/v1/videos/{each}", owner[1])
    assert page(None) == ([], False)


def test_a_cursor_of_somebody_else_is_none(gateway: Gateway) -> None:
    theirs = tagged(gateway, {"of": "bob"}, BOB)
    for after in (theirs, "video_none"):
        refused = gateway.ask("GET", "/v1/videos", params={"after": after})
        assert (refused.status_code, refused.json()["error"]["param"]) == (404, "after")


def test_a_cursor_that_does_not_fit_the_filter_still_marks_its_place(gateway: Gateway) -> None:
    first, other, last = (tagged(gateway, {"cursor": value}) for value in ("yes", "no", "yes"))
    assert listed(gateway, metadata="cursor:yes", after=other) == [first]
    assert listed(gateway, metadata="cursor:yes", after=other, order="asc") == [last]


# ---- metadata -------------------------------------------------------------------------------------------------------


def test_metadata_is_shown_wherever_a_job_is(gateway: Gateway) -> None:
    pairs = {"campaign": "spring", "customer.id": "4711", "empty": "", "A-b_c": "ü"}
    body = {"model": "runway/gen4.5", "prompt": PLAIN, "metadata": pairs}
    created = gateway.ask("POST", "/v1/videos", json=body).json()
    assert created["metadata"] == pairs
    assert gateway.ask("GET", f"/v1/videos/{created['id']}").json()["metadata"] == pairs
    (video,) = gateway.ask("GET", "/v1/videos", params={"metadata": "customer.id:4711"}).json()["data"]
    assert (video["id"], video["metadata"]) == (created["id"], pairs)
    without = gateway.create()
    assert "metadata" not in without
    assert "metadata" not in gateway.ask("GET", f"/v1/videos/{without['id']}").json()


def test_metadata_of_a_form_is_that_of_json(gateway: Gateway) -> None:
    fields = [
        ("model", "runway/gen4.5"),
        ("prompt", PLAIN),
        ("metadata[campaign]", "form: spring"),
        ("metadata[n.1]", "2"),
    ]
    created = gateway.ask("POST", "/v1/videos", files=[(name, (None, value)) for name, value in fields])
    assert (created.status_code, created.json()["metadata"]) == (200, {"campaign": "form: spring", "n.1": "2"})
    assert listed(gateway, metadata="campaign:form: spring") == [created.json()["id"]]


def test_empty_metadata_is_none(gateway: Gateway) -> None:
    created = gateway.ask("POST", "/v1/videos", json={"model": "runway/gen4.5", "prompt": PLAIN, "metadata": {}})
    assert created.status_code == 200 and "metadata" not in created.json()


def test_a_remix_has_metadata_of_its_own(gateway: Gateway) -> None:
    source = tagged(gateway, {"is": "source"})
    gateway.finished(source)
    body = {"prompt": PLAIN, "metadata": {"is": "remix"}}
    remix = gateway.ask("POST", f"/v1/videos/{source}/remix", json=body).json()
    assert remix["metadata"] == {"is": "remix"}
    assert listed(gateway, metadata="is:remix") == [remix["id"]]
    assert listed(gateway, metadata="is:source") == [source]


ODD = [
    "a:b",
    ":",
    " ",
    "  x  ",
    "a+b",
    "100%",
    "%2C",
    "a&b=c",
    "#?/",
    "'; DROP TABLE jobs; --",
    '"',
    "\\",
    "%_",
    "a|b",
    "[a]",
    "{}",
    "null",
    "🚀",
    "e\u0301",
    "\u00e9",
    "\u2028",
    "a" * 512,
    "🚀" * 512,
]


@pytest.fixture(scope="module")
def odd(shared: Gateway) -> dict[str, str]:
    """Value -> the job that has it."""
    return {value: tagged(shared, {"odd": value}) for value in ODD}


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value[:12]))
def test_a_value_is_found_by_exactly_its_characters(shared: Gateway, odd: dict[str, str], value: str) -> None:
    assert listed(shared, metadata=f"odd:{value}") == [odd[value]]
    assert shared.ask("GET", f"/v1/videos/{odd[value]}").json()["metadata"] == {"odd": value}


@pytest.mark.parametrize("value", ["spring,summer", ",", "a,odd:b"])
def test_a_value_may_have_a_comma(shared: Gateway, value: str) -> None:
    video_id = tagged(shared, {"commas": value})
    assert listed(shared, metadata=f"commas:{value}") == [video_id]


def test_the_client_repeats_what_is_a_list(gateway: Gateway) -> None:
    wanted = tagged(gateway, {"client": "a b&c", "and": "x"})
    tagged(gateway, {"client": "a b&c"})
    with Client(gateway.url, bearer=ALICE) as client:
        page = client.video_list(metadata=["client:a b&c", "and:x"])
        assert [video.id for video in page.data] == [wanted]
        assert page.data[0].metadata.root == {"client": "a b&c", "and": "x"}


def test_metadata_is_its_callers_own(gateway: Gateway) -> None:
    ours, theirs = tagged(gateway, {"whose": "same"}), tagged(gateway, {"whose": "same"}, BOB)
    assert listed(gateway, metadata="whose:same") == [ours]
    assert listed(gateway, BOB, metadata="whose:same") == [theirs]


def test_a_deleted_job_is_found_by_nothing(gateway: Gateway) -> None:
    gone = tagged(gateway, {"is": "gone"})
    gateway.ask("DELETE", f"/v1/videos/{gone}")
    for query in (
        {"metadata": "is:gone"},
        {"provider": "runway"},
        {"model": "runway/gen4.5"},
        {"status": "failed"},
        {},
    ):
        assert gone not in listed(gateway, **query)


SIXTEEN = {f"n{number}": "x" for number in range(16)}


@pytest.mark.parametrize(
    ("metadata", "param"),
    [
        ({**SIXTEEN, "n16": "x"}, "metadata"),
        ({"": "x"}, "metadata"),
        ({"two words": "x"}, "metadata"),
        ({"a:b": "x"}, "metadata"),
        ({"n" * 65: "x"}, "metadata"),
        ({"name": "x" * 513}, "metadata.name"),
        ({"name": "two\nlines"}, "metadata.name"),
        ({"name": "x\n"}, "metadata.name"),
        ({"name": "\u0000"}, "metadata.name"),
        ({"name": 1}, "metadata.name"),
        ({"name": None}, "metadata.name"),
        ({"name": {"a": "b"}}, "metadata.name"),
        (["name"], "metadata"),
        ("name", "metadata"),
        (None, "metadata"),
    ],
    ids=lambda each: str(each)[:30],
)
def test_metadata_that_is_none_is_refused_by_its_name(shared: Gateway, metadata: Any, param: str) -> None:
    before = listed(shared)
    body = {"model": "runway/gen4.5", "prompt": PLAIN, "metadata": metadata}
    refused = shared.ask("POST", "/v1/videos", json=body)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)
    assert listed(shared) == before


@pytest.mark.parametrize(
    "metadata", [SIXTEEN, {"n" * 64: "x" * 512}, {"name": "€" * 512}], ids=["sixteen", "long", "wide"]
)
def test_metadata_may_be_as_much_as_the_document_says(gateway: Gateway, metadata: dict[str, str]) -> None:
    video_id = tagged(gateway, metadata)
    assert video_id in listed(gateway, metadata=[f"{name}:{value}" for name, value in metadata.items()])


MODELS = [
    "runway/gen4.5",
    "openai/sora-2",
    "azure/sora-2",
    "vllm/Wan-AI/Wan2.2-TI2V-5B-Diffusers",
    "sgl/Wan-AI/Wan2.2-TI2V-5B-Diffusers",
    "openrouter/google/veo-3.1",
    "replicate/google/veo-3.1-fast",
    "xai/grok-imagine-video",
    "gemini/gemini-omni-1.1-flash",
    "vertex/veo-3.1-generate-001",
]


def test_there_is_a_model_of_every_provider_here() -> None:
    assert {model.partition("/")[0] for model in MODELS} == set(EMULATED)


@pytest.mark.parametrize("model", MODELS)
def test_no_provider_sees_metadata_or_how_its_job_is_to_be_served(gateway: Gateway, model: str) -> None:
    before = len(gateway.exchanges)
    body = {
        "model": model,
        "prompt": f"{PLAIN} {model}",
        "metadata": {"sekrit-name": "sekrit-value"},
        "failover": "job",
        "fallbacks": ["xai/grok-imagine-video"],
    }
    created = gateway.ask("POST", "/v1/videos", json=body)
    assert created.status_code == 200, created.text
    assert created.json()["model"] == model
    sent = [each for each in gateway.exchanges[before:] if urlsplit(each.url).path.startswith("/sandbox/")]
    assert any(each.method == "POST" for each in sent)
    for exchange in sent:
        said = exchange.request_body + exchange.url.encode() + json.dumps(exchange.request_headers).encode()
        assert b"sekrit" not in said and b"metadata" not in said and b"failover" not in said
