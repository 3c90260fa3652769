"""The OpenAI adapter: what it sends and how it reads what comes back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from multidict import CIMultiDict
from pydantic import SecretStr

from generated.models import VideoGenerationRequest, VideoRemixRequest
from generated.upstreams.openai import Video
from handlers.errors import (
    ContentRefused,
    KeyRefused,
    OutcomeUnknown,
    Overloaded,
    ProviderError,
    ProviderFailed,
    RateLimited,
    Refused,
)
from handlers.media.images import Image
from handlers.providers import openai
from handlers.providers.adapter import Account, Filtered, Listed, Snapshot
from handlers.upstream import File, Reply, Upstream
from tests.handlers.wire import Received, Steps, origin, reply

DOCUMENT = Path(__file__).parents[3] / "upstreams/openai.yaml"
LEAST = {"model": "openai/sora-2", "prompt": "a boat"}
PNG = Image(b"\x89PNG\r\n\x1a\nxx", "image/png")
JPEG = Image(b"\xff\xd8\xffxx", "image/jpeg")


def request(**fields: Any) -> VideoGenerationRequest:
    return VideoGenerationRequest.model_validate({**LEAST, **fields})


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({}, {}),
        ({"seconds": "4"}, {"seconds": "4"}),
        ({"seconds": 12}, {"seconds": "12"}),
        ({"size": "1280x720"}, {"size": "1280x720"}),
        ({"seed": 7}, {"seed": "7"}),
        ({"negative_prompt": "rain"}, {"negative_prompt": "rain"}),
        ({"audio": True}, {"audio": "true"}),
        ({"audio": False}, {"audio": "false"}),
        ({"video_uri": "https://x.test/v.mp4"}, {"video_uri": "https://x.test/v.mp4"}),
        ({"quality": "high"}, {"quality": "high"}),
        ({"steps": 30}, {"steps": "30"}),
        ({"flag": False}, {"flag": "false"}),
        ({"nothing": None}, {"nothing": "null"}),
        ({"lora": {"name": "x", "w": [1, 0.5]}}, {"lora": '{"name":"x","w":[1,0.5]}'}),
        ({"fallbacks": ["runway/gen4.5"]}, {}),
    ],
)
def test_each_field_is_sent_as_the_official_client_writes_it(fields: dict[str, Any], sent: dict[str, str]) -> None:
    assert openai.encode("sora-2", request(**fields), None) == {"model": "sora-2", "prompt": "a boat", **sent}


def test_an_extra_field_cannot_replace_one_of_ours() -> None:
    extra = request(**{"seconds": "4"})
    assert openai.encode("sora-2", extra, None)["model"] == "sora-2"


@pytest.mark.parametrize(("image", "name"), [(PNG, "input_reference.png"), (JPEG, "input_reference.jpeg")])
def test_an_image_is_sent_as_a_file_of_its_own_type(image: Image, name: str) -> None:
    form = openai.encode("sora-2", request(input_reference="data:image/png;base64,AAAA"), image)
    assert form["input_reference"] == File(name, image.content, image.media_type)


def words_of(schema: str) -> set[str]:
    """The status words that the provider's document names for a schema: in its examples and in backticks."""
    status = yaml.safe_load(DOCUMENT.read_text())["components"]["schemas"][schema]["properties"]["status"]
    return {*status["examples"], *re.findall(r"`(\w+)`", status["description"])}


def test_every_status_word_of_the_document_is_known() -> None:
    assert words_of("Video") == openai.STATUS.keys()


@pytest.mark.parametrize(("word", "status"), sorted(openai.STATUS.items()))
def test_a_known_status_word_is_translated(word: str, status: str) -> None:
    snapshot = openai.decode(Video(id="v", status=word), Reply(200, {}, b""))
    assert (snapshot.status, snapshot.provider_status) == (status, None)


def test_an_unknown_status_word_is_kept() -> None:
    snapshot = openai.decode(Video(id="v", status="preparing"), Reply(200, {}, b""))
    assert (snapshot.status, snapshot.provider_status) == ("in_progress", "preparing")


def decode(**fields: Any) -> Snapshot:
    body = {"id": "video_1", "status": "queued", **fields}
    return openai.decode(Video.model_validate(body), Reply(200, CIMultiDict(), b""))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {}),
        ({"progress": 40}, {"progress": 40.0}),
        ({"progress": None, "seconds": None, "size": None, "error": None}, {}),
        ({"seconds": "8", "size": "720x1280"}, {"seconds": "8", "size": "720x1280"}),
        ({"expires_at": 1795132800}, {"expires_at": datetime(2026, 11, 20, 0, 0, tzinfo=UTC)}),
        (
            {"status": "completed", "progress": 100, "completed_at": 1795132800},
            {
                "status": "completed",
                "progress": 100.0,
                "completed_at": datetime(2026, 11, 20, 0, 0, tzinfo=UTC),
            },
        ),
        (
            {"status": "failed", "error": {"code": "video_generation_failed", "message": "Broken."}},
            {"status": "failed", "error_code": "video_generation_failed", "error_message": "Broken."},
        ),
        (
            {"status": "failed", "error": {"code": "moderation_blocked", "message": "No."}},
            {
                "status": "failed",
                "error_code": "content_filtered",
                "error_message": "No.",
                "filtered": Filtered(1, ("No.",)),
            },
        ),
        (
            {"status": "failed", "error": {"code": "content_policy_violation"}},
            {
                "status": "failed",
                "error_code": "content_filtered",
                "filtered": Filtered(1, ("content_policy_violation",)),
            },
        ),
        ({"status": "failed"}, {"status": "failed"}),
        ({"status": "expired"}, {"status": "failed", "error_code": "expired"}),
    ],
)
def test_each_field_of_their_job_is_read(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    assert decode(**fields) == Snapshot(**{"native_id": "video_1", "status": "queued", **expected})


@pytest.mark.parametrize(("header", "seconds"), [("1500", 1.5), ("0", 0.0), ("soon", None), ("", None)])
def test_the_hint_when_to_ask_again_is_read(header: str, seconds: float | None) -> None:
    answered = Reply(200, CIMultiDict({"openai-poll-after-ms": header}), b"")
    assert openai.decode(Video(id="v", status="queued"), answered).poll_after == seconds


def error(message: str | None = "m", **fields: Any) -> bytes:
    return json.dumps({"error": {"message": message, **fields}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind", "text", "code", "param"),
    [
        (
            400,
            error(
                "Invalid type for 'input_reference': expected a file, but got a string instead.",
                type="invalid_request_error",
                param="input_reference",
                code="invalid_type",
            ),
            Refused,
            "expected a file",
            "invalid_type",
            "input_reference",
        ),
        (
            400,
            error("Inpaint image must match the requested width and height", type="x", param=None, code=None),
            Refused,
            "Inpaint image",
            "provider_refused",
            None,
        ),
        (400, error("No.", code="moderation_blocked"), ContentRefused, "No.", "content_filtered", None),
        (
            401,
            error("Bad key.", code="invalid_api_key"),
            KeyRefused,
            "Bad key.",
            "upstream_credentials_exhausted",
            None,
        ),
        (403, error("Not verified."), KeyRefused, "Not verified.", "upstream_credentials_exhausted", None),
        (404, error("Video not found."), Refused, "not found", "provider_refused", None),
        (429, error("Slow.", code="rate_limit_exceeded"), RateLimited, "Slow.", "provider_rate_limited", None),
        (429, error("Broke.", code="insufficient_quota"), KeyRefused, "Broke.", "upstream_credentials_exhausted", None),
        (
            429,
            error("Broke.", code="billing_hard_limit_reached"),
            KeyRefused,
            "Broke.",
            "upstream_credentials_exhausted",
            None,
        ),
        (500, error("Oops.", type="server_error"), ProviderFailed, "Oops.", "provider_error", None),
        (503, error("Busy."), Overloaded, "Busy.", "provider_overloaded", None),
        (502, b"<html>", OutcomeUnknown, "502", "submission_unknown", None),
        (504, b"", OutcomeUnknown, "504", "submission_unknown", None),
        (520, b"", OutcomeUnknown, "520", "submission_unknown", None),
        (302, b"", OutcomeUnknown, "302", "submission_unknown", None),
        (400, b"<html>no", Refused, "400", "provider_refused", None),
        (400, b'{"error": "text"}', Refused, "400", "provider_refused", None),
        (400, b'{"detail": [{"loc": ["body"], "msg": "no"}]}', Refused, "400", "provider_refused", None),
    ],
)
def test_each_refusal_of_a_create_means_what_its_fixture_says(
    status: int, body: bytes, kind: type[ProviderError], text: str, code: str, param: str | None
) -> None:
    # Source of the bodies: OpenAI's error envelope and what was seen on the wire, see upstreams/openai.yaml.
    refused = openai.refused(Reply(status, CIMultiDict(), body), creates=True)
    assert type(refused) is kind
    assert text in refused.message
    assert (refused.code, refused.param, refused.upstream_status) == (code, param, status)


@pytest.mark.parametrize("status", [302, 500, 502, 504, 520])
def test_what_changes_nothing_is_never_unknown(status: int) -> None:
    assert type(openai.refused(Reply(status, CIMultiDict(), b""), creates=False)) is ProviderFailed


def test_the_words_of_servers_with_integer_codes_are_kept() -> None:
    body = error("width must be a multiple of 16", type="Bad Request", param=None, code=400)
    assert "multiple of 16" in openai.refused(Reply(400, CIMultiDict(), body), creates=True).message


@pytest.mark.parametrize("seconds", [1795132800000, -(10**15)])
def test_a_time_that_cannot_be_is_not_known(seconds: int) -> None:
    assert decode(completed_at=seconds, status="completed").completed_at is None


def test_progress_may_have_a_fraction() -> None:
    assert decode(progress=12.5).progress == 12.5


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id": "v"}', b'{"id": "", "status": "queued"}', b'{"id": "'])
def test_an_answer_that_cannot_be_read_is_unknown_if_it_creates(body: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        openai.OpenAI().answer(Reply(200, CIMultiDict(), body), creates=True)
    with pytest.raises(ProviderFailed):
        openai.OpenAI().answer(Reply(200, CIMultiDict(), body))


@pytest.mark.parametrize("native_id", ["video_1", "a/b", "a?b#c", "ä", "..", "%2F"])
def test_an_id_is_one_segment_of_a_path(native_id: str) -> None:
    assert openai.path(native_id).count("/") == 2 and "?" not in openai.path(native_id)


def provider(received: Received) -> Steps:
    if received.method == "DELETE" and received.target.endswith("/gone"):
        return [reply(404, error("Video not found."))]
    if received.method == "DELETE" and received.target.endswith("/kept"):
        return [reply(409, error("It runs."))]
    return [reply(200, b'{"id": "video_9", "status": "queued", "object": "video"}')]


async def test_each_operation_calls_its_path_with_the_key() -> None:
    adapter = openai.OpenAI()
    with origin(provider) as there:
        async with Upstream() as http:
            account = Account("openai", "default", SecretStr("sk-1"), there.url + "/v1", http)
            created = await adapter.generate(account, "sora-2", request(seconds="4"), None)
            await adapter.retrieve(account, created.native_id)
            await adapter.remix(
                account, "video_9", VideoRemixRequest.model_validate({"prompt": "snow", "strength": 0.5})
            )
            await adapter.delete(account, "video_9")
            await adapter.delete(account, "gone")
            with pytest.raises(Refused) as raised:
                await adapter.delete(account, "kept")
            source = await adapter.source(account, "video_9", "thumbnail")
    assert raised.value.status == 409
    assert [(got.method, got.target) for got in there.received] == [
        ("POST", "/v1/videos"),
        ("GET", "/v1/videos/video_9"),
        ("POST", "/v1/videos/video_9/remix"),
        ("DELETE", "/v1/videos/video_9"),
        ("DELETE", "/v1/videos/gone"),
        ("DELETE", "/v1/videos/kept"),
    ]
    assert {got.headers["authorization"] for got in there.received} == {"Bearer sk-1"}
    assert there.received[0].headers["content-type"].startswith("multipart/form-data")
    assert json.loads(there.received[2].body) == {"prompt": "snow", "strength": 0.5}
    assert source.url == f"{there.url}/v1/videos/video_9/content?variant=thumbnail"
    assert "sk-1" not in repr(source) and "sk-1" not in repr(account)


NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def job(number: int, **fields: Any) -> dict[str, Any]:
    """A job that was made so many seconds before noon."""
    told = {"model": "sora-2", "prompt": f"boat {number}", "created_at": int(NOON.timestamp()) - number}
    return {"id": f"video&{number}", "status": "queued", **told, **fields}


def paging(jobs: list[dict[str, Any]], *, says_more: bool = True) -> Callable[[Received], Steps]:
    """A provider with these jobs in this order, which says whether there is more or does not."""

    def answer(received: Received) -> Steps:
        query = parse_qs(urlsplit(received.target).query)
        if not query:  # asked about one job
            return [reply(200, json.dumps(jobs[-1]).encode())]
        start = [each["id"] for each in jobs].index(query["after"][0]) + 1 if "after" in query else 0
        end = start + int(query["limit"][0])
        more = {"has_more": len(jobs) > end} if says_more else {}
        return [reply(200, json.dumps({"object": "list", "data": jobs[start:end]} | more).encode())]

    return answer


async def listed(answer: Callable[[Received], Steps], since: datetime) -> tuple[list[Listed], list[Received]]:
    """What the adapter finds in a list, and what it asked for that."""
    with origin(answer) as there:
        async with Upstream() as http:
            account = Account("openai", "default", SecretStr("sk-1"), there.url + "/v1", http)
            return await openai.OpenAI().listed(account, since), there.received


async def test_a_list_is_read_until_a_job_that_is_older() -> None:
    found, received = await listed(paging([job(number) for number in range(250)]), NOON - timedelta(seconds=149))
    assert [each.native_id for each in found] == [f"video&{number}" for number in range(150)]
    assert found[7] == Listed("video&7", NOON - timedelta(seconds=7), "boat 7", "sora-2")
    assert [got.target for got in received] == [
        "/v1/videos?limit=100&order=desc",
        "/v1/videos?limit=100&order=desc&after=video%2699",
    ]
    assert {(got.method, got.headers["authorization"]) for got in received} == {("GET", "Bearer sk-1")}


@pytest.mark.parametrize("count", [0, 1, 100])
async def test_a_list_that_has_no_more_is_asked_for_once(count: int) -> None:
    found, received = await listed(paging([job(number) for number in range(count)]), NOON - timedelta(days=1))
    assert (len(found), len(received)) == (count, 1)


async def test_a_job_of_the_second_in_which_to_begin_is_listed_for_its_time_is_cut_off() -> None:
    found, _ = await listed(paging([job(0), job(1), job(2)]), NOON - timedelta(seconds=0.1))
    assert [each.native_id for each in found] == ["video&0", "video&1"]


async def test_a_list_in_another_order_is_read_to_its_end() -> None:
    oldest_first = [job(number) for number in reversed(range(120))]
    found, received = await listed(paging(oldest_first), NOON - timedelta(seconds=9))
    assert (len(found), len(received)) == (10, 2)


@pytest.mark.parametrize(("count", "asked"), [(0, 1), (99, 2), (100, 2)])
async def test_a_list_that_does_not_say_whether_there_is_more_ends_where_nothing_comes(count: int, asked: int) -> None:
    answer = paging([job(number) for number in range(count)], says_more=False)
    found, received = await listed(answer, NOON - timedelta(1))
    assert len(found) == count
    assert len([got for got in received if "?" in got.target]) == asked


async def test_nothing_after_a_job_that_is_gone_is_not_the_end_of_a_list() -> None:
    def answer(received: Received) -> Steps:
        if "after" in received.target:
            return [reply(200, b'{"data": [], "has_more": false}')]
        if "?" in received.target:
            return [reply(200, json.dumps({"data": [job(0)], "has_more": True}).encode())]
        return [reply(404, error("Video not found."))]

    with pytest.raises(Refused):
        await listed(answer, NOON - timedelta(1))


@pytest.mark.parametrize("page", [[job(0)], []])
async def test_a_list_without_end_is_given_up(page: list[dict[str, Any]]) -> None:
    received: list[Received] = []

    def answer(got: Received) -> Steps:
        received.append(got)
        return [reply(200, json.dumps({"data": page, "has_more": True}).encode())]

    with pytest.raises(ProviderFailed, match="20 pages"):
        await listed(answer, NOON - timedelta(1))
    assert len(received) == openai.PAGES


def test_what_a_list_does_not_tell_is_not_known() -> None:
    told = Video.model_validate(job(0, prompt=None) | {"status": "pondering"})
    assert openai.entry(told) == Listed("video&0", NOON, None, "sora-2")
    bare = Video.model_validate({"id": "v", "status": "queued", "created_at": int(NOON.timestamp())})
    assert openai.entry(bare) == Listed("v", NOON)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"{}", b"<html>", b'{"data": null}', b'{"data": [{"id": "v"}]}', b'{"data": [], "has_more": 1}'),
        json.dumps({"data": [job(0, created_at=None)]}).encode(),
        json.dumps({"data": [job(0, created_at=1795132800000)]}).encode(),
    ],
)
async def test_a_list_that_cannot_be_read_is_no_list(body: bytes) -> None:
    with pytest.raises(ProviderFailed):
        await listed(lambda _: [reply(200, body)], NOON)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, error("Bad key."), KeyRefused),
        (404, error("No such path."), Refused),
        (429, error("Slow."), RateLimited),
        (500, error("Oops."), ProviderFailed),
        (502, b"<html>", ProviderFailed),
    ],
)
@pytest.mark.parametrize("at", ["limit", "after"])
async def test_a_refusal_of_any_page_refuses_the_list(
    at: str, status: int, body: bytes, kind: type[ProviderError]
) -> None:
    whole = paging([job(number) for number in range(150)])
    with pytest.raises(kind):
        await listed(lambda got: [reply(status, body)] if at in got.target else whole(got), NOON - timedelta(1))
