"""What a request may wish for in its headers, what the configuration lets it see, and providers of one's own name."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image
from pydantic import SecretStr

from handlers.providers.adapter import Account
from handlers.upstream import Upstream
from tests.gateway import Gateway, judge, running
from tests.handlers.wire import Origin, Received, Steps, clip, origin, reply, standalone_sandbox

SECRET = "sk-never-to-be-shown"
QUICK = "[sandbox:no-render]"
LONG = "A" * 5000
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
    """A job, in an answer that quotes the key and holds a picture."""
    if request.target.startswith("http://films.invalid/"):  # asked as a proxy is
        if "/content" in request.target:
            return [reply(200, b"a film", content_type="video/mp4")]
        body: dict[str, Any] = {**JOB, "status": "completed", "progress": 100}
    elif "text_to_video" in request.target or "image_to_video" in request.target:
        body = {"id": "0f7a6f9e-4a2b-4c3d-8e1f-2a3b4c5d6e7f"}
    else:
        body = {**JOB, "debug": f"made with {SECRET}", "preview": LONG, "thumb": "data:image/png;base64,AAAA"}
    return [reply(200, json.dumps(body).encode(), content_type="application/json")]


def provider(base_url: str, value: str = SECRET, custom: dict[str, Any] | None = None, **also: Any) -> dict[str, Any]:
    network = {"base_url": base_url, **also.pop("network", {})}
    based = {"custom_provider_config": {"base_provider_type": "openai", **custom}} if custom is not None else {}
    return {"keys": [{"name": "main", "value": value}], "network_config": network, **based, **also}


def configuration(upstream: str, *, override: bool) -> dict[str, Any]:
    deployments = {"endpoint": upstream, "deployments": {"sora-2": "our-films"}}
    return {
        "client": {"allow_per_request_raw_override": override},
        "providers": {
            "openai": provider("https://api.openai.com/v1"),
            "runway": provider(upstream, network={"extra_headers": {"X-Team": "films", "X-Runway-Version": "1999"}}),
            "azure": {"keys": [{"name": "west", "value": SECRET, "azure_key_config": deployments}]},
            "plain": provider(f"{upstream}/v1", custom={}, network={"extra_headers": {"X-Team": "films"}}),
            "proxied": provider("http://films.invalid/v1", custom={}, proxy_config={"type": "http", "url": upstream}),
            "open": provider(f"{upstream}/v1", custom={}, send_back_raw_request=True, send_back_raw_response=True),
            "asked": provider(f"{upstream}/v1", custom={}, send_back_raw_request=True),
        },
    }


@pytest.fixture(scope="module")
def upstream() -> Iterator[Origin]:
    with origin(answer) as listening:
        yield listening


@pytest.fixture(scope="module")
def gateway(upstream: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway whose callers may ask to see what was said."""
    settings = configuration(upstream.url, override=True)
    with running(tmp_path_factory.mktemp("wishes"), configuration=settings, worker=False) as it:
        yield it
        judge(it, it.exchanges)


@pytest.fixture(scope="module")
def reserved(upstream: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway whose callers may not."""
    settings = configuration(upstream.url, override=False)
    with running(tmp_path_factory.mktemp("reserved"), configuration=settings, worker=False) as it:
        yield it


@pytest.fixture(scope="module")
def picture() -> str:
    """A small picture as a data URL, shorter than many a text."""
    Image.new("RGB", (64, 64), (200, 30, 30)).save(buffer := io.BytesIO(), "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def create(gateway: Gateway, model: str, headers: dict[str, str] | None = None, **body: Any) -> requests.Response:
    made = gateway.ask("POST", "/v1/videos", json={"model": model, "prompt": "x", **body}, headers=headers or {})
    assert SECRET not in made.text
    return made


def test_all_that_is_sent_and_fetched_goes_through_the_proxy(upstream: Origin, tmp_path: Path) -> None:
    with running(tmp_path, configuration=configuration(upstream.url, override=False)) as gateway:
        made = gateway.finished(create(gateway, "proxied/m").json()["id"])
        assert made["status"] == "completed"
        film = gateway.ask("GET", f"/v1/videos/{made['id']}/content")
        assert (film.status_code, film.content) == (200, clip())


# ---- headers for the provider ---------------------------------------------------------------------------------------


def test_a_forwarded_header_reaches_the_provider(gateway: Gateway, upstream: Origin) -> None:
    headers = {"x-bf-eh-x-trace": "t-1", "X-BF-EH-Idempotency-Key": "once", "x-other": "no"}
    assert create(gateway, "plain/m", headers).status_code == 200
    sent = upstream.received[-1].headers
    assert (sent["x-trace"], sent["idempotency-key"], sent["x-team"]) == ("t-1", "once", "films")
    assert "x-other" not in sent and not any(name.startswith("x-bf-") for name in sent)


def test_a_forwarded_header_wins_over_that_of_the_file_and_is_sent_once(gateway: Gateway, upstream: Origin) -> None:
    created = create(gateway, "plain/m", {"x-bf-eh-X-TEAM": "mine"})
    assert created.status_code == 200
    assert upstream.received[-1].headers["x-team"] == "mine"


@pytest.mark.parametrize(
    "name",
    [
        *("authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-goog-api-key", "x-bf-vk"),
        *("content-encoding", "te", "upgrade", "trailer", "expect", "range", "keep-alive"),
    ],
)
def test_who_we_are_and_how_a_message_is_framed_is_not_the_callers(
    gateway: Gateway, upstream: Origin, name: str
) -> None:
    assert create(gateway, "plain/m", {f"x-bf-eh-{name}": "mine"}).status_code == 200
    sent = upstream.received[-1].headers
    assert sent.get(name) == (f"Bearer {SECRET}" if name == "authorization" else None)


@pytest.mark.parametrize("name", ["host", "content-length", "content-type", "transfer-encoding", "connection"])
def test_the_frame_of_the_message_stays_ours(gateway: Gateway, upstream: Origin, name: str) -> None:
    assert create(gateway, "plain/m", {f"x-bf-eh-{name}": "7"}).status_code == 200
    assert upstream.received[-1].headers.get(name) != "7"


def test_a_header_of_the_providers_own_protocol_is_the_adapters(gateway: Gateway, upstream: Origin) -> None:
    made = create(gateway, "runway/gen4.5", {"x-bf-eh-x-runway-version": "2001", "x-bf-eh-x-ok": "y"}, seconds="5")
    assert made.status_code == 200, made.text
    sent = upstream.received[-1].headers
    assert sent["x-runway-version"].startswith("202") and sent["x-ok"] == "y" and sent["x-team"] == "films"


def test_a_header_is_sent_once_however_it_is_written_and_only_where_the_account_is() -> None:
    headers = {"X-Team": "file", "x-team": "caller", "x-runway-version": "1"}
    account = Account("runway", "main", SecretStr(SECRET), "https://api.test", Upstream(), headers=headers)
    ours = {"X-Runway-Version": "2"}
    assert account.sent_along("https://api.test/v1/x", ours) == {"x-team": "caller", "x-runway-version": "2"}
    for elsewhere in ("https://api.test.evil.test/x", "https://cdn.test/x"):
        assert account.sent_along(elsewhere, ours) == {"x-runway-version": "2"}


def test_a_header_without_a_name_is_dropped(gateway: Gateway, upstream: Origin) -> None:
    assert create(gateway, "plain/m", {"x-bf-eh-": "x"}).status_code == 200
    assert "" not in upstream.received[-1].headers


# ---- what was said --------------------------------------------------------------------------------------------------

ASKED = {"x-bf-send-back-raw-request": "true", "x-bf-send-back-raw-response": "true"}
REFUSED = {"x-bf-send-back-raw-request": "false", "x-bf-send-back-raw-response": "false"}


@pytest.mark.parametrize(
    ("model", "headers", "override", "shown"),
    [
        ("plain/m", {}, True, set()),
        ("plain/m", ASKED, True, {"raw_request", "raw_response"}),
        ("plain/m", {"x-bf-send-back-raw-response": "true"}, True, {"raw_response"}),
        ("plain/m", REFUSED, True, set()),
        ("plain/m", ASKED, False, set()),
        ("open/m", {}, False, {"raw_request", "raw_response"}),
        ("asked/m", {}, False, {"raw_request"}),
        ("asked/m", ASKED, False, {"raw_request"}),
        ("asked/m", {"x-bf-send-back-raw-response": "true"}, True, {"raw_request", "raw_response"}),
    ],
)
def test_what_was_said_is_shown_where_it_may_be(
    gateway: Gateway, reserved: Gateway, model: str, headers: dict[str, str], override: bool, shown: set[str]
) -> None:
    made = create(gateway if override else reserved, model, headers)
    assert made.status_code == 200, made.text
    assert {name for name in made.json()["extra_fields"] if name.startswith("raw_")} == shown


def test_what_was_said_is_shown_without_bulk_and_without_the_key(gateway: Gateway, picture: str) -> None:
    extra = create(gateway, "open/m", input_reference=picture, prompt="a boat", mood="calm").json()["extra_fields"]
    raw, said = extra["raw_request"], extra["raw_response"]
    assert (raw["prompt"], raw["model"], raw["mood"]) == ("a boat", "m", "calm")
    assert raw["input_reference"].startswith("image/png, ") and raw["input_reference"].endswith(" bytes")
    assert said["id"] == "video_1" and said["debug"] == "made with [the key]"
    assert said["preview"] == f"{LONG[:64]}… (5000 characters)"
    assert said["thumb"] == "data:image/png;base64,… (26 characters)"


def test_a_picture_inside_json_is_not_shown(gateway: Gateway, picture: str) -> None:
    assert len(picture) < 1000
    made = create(gateway, "runway/gen4.5", ASKED, seconds="5", input_reference=picture)
    assert made.status_code == 200, made.text
    assert picture[40:80] not in made.text and "data:image/png;base64,…" in made.text


@pytest.mark.parametrize("header", ASKED)
def test_a_wish_that_is_no_word_is_refused(gateway: Gateway, header: str) -> None:
    refused = create(gateway, "plain/m", {header: "yes"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, header)


def test_after_a_fallback_it_is_the_last_word_that_is_shown(gateway: Gateway) -> None:
    made = create(gateway, "openai/sora-2", ASKED, fallbacks=["plain/other"])
    assert made.json()["extra_fields"]["raw_request"]["model"] == "other"


def test_the_name_of_the_deployment_is_told(gateway: Gateway, upstream: Origin) -> None:
    made = create(gateway, "azure/sora-2").json()
    assert (made["model"], made["extra_fields"]["model_deployment"]) == ("azure/sora-2", "our-films")
    assert upstream.received[-1].target == "/openai/v1/videos" and b"our-films" in upstream.received[-1].body
    assert "model_deployment" not in create(gateway, "azure/other").json()["extra_fields"]


# ---- switched off by the vendor -------------------------------------------------------------------------------------


def test_what_its_vendor_switched_off_says_so(gateway: Gateway, upstream: Origin) -> None:
    before = len(upstream.received)
    refused = create(gateway, "openai/sora-2")
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["param"]) == (404, "model_retired", "model")
    assert "was switched off on 2026-09-24" in error["message"]
    assert len(upstream.received) == before


def test_what_its_vendor_switched_off_falls_back(gateway: Gateway) -> None:
    made = create(gateway, "openai/sora-2", fallbacks=["plain/sora-2"])
    assert made.status_code == 200
    assert made.json()["extra_fields"]["provider"] == "plain"
    first = made.json()["extra_fields"]["attempts"][0]
    assert (first["provider"], first["outcome"]) == ("openai", "refused") and "switched off" in first["error"]


def test_no_model_of_it_is_listed(gateway: Gateway) -> None:
    listed = {each["id"] for each in gateway.ask("GET", "/v1/models").json()["data"]}
    assert not any(name.startswith("openai/") for name in listed)
    assert "plain/sora-2" in listed  # the same API at another address


# ---- providers of one's own name ------------------------------------------------------------------------------------

READS = {"video_generation": True, "video_retrieve": True, "video_list": True}
ALLOWED: dict[str, dict[str, bool]] = {
    "reads": READS,
    "writes": {"video_generation": True, "video_delete": True},
    "no-create": {**READS, "video_generation": False, "video_download": True},
}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with standalone_sandbox(tmp_path_factory.mktemp("own") / "sandbox") as sandbox:
        url = f"{sandbox}/openai/v1"
        providers = {"films": provider(url, "sk-sandbox-films", custom={})}
        providers |= {
            name: provider(url, "sk-sandbox-films", custom={"allowed_requests": each}) for name, each in ALLOWED.items()
        }
        with running(tmp_path_factory.mktemp("custom"), configuration={"providers": providers}) as gateway:
            yield gateway
            judge(gateway, gateway.exchanges)


@pytest.fixture(scope="module")
def finished(own: Gateway) -> dict[str, str]:
    """Provider -> the id of a job of it, which is finished at films and reads."""
    made = {name: own.create(f"x {QUICK}", model=f"{name}/sora-2")["id"] for name in ("films", "reads", "writes")}
    assert own.finished(made["films"])["status"] == own.finished(made["reads"])["status"] == "completed"
    return made


def test_a_provider_of_ones_own_name_does_all_that_its_base_can(own: Gateway, finished: dict[str, str]) -> None:
    video = own.ask("GET", f"/v1/videos/{finished['films']}").json()
    assert (video["model"], video["extra_fields"]["provider"]) == ("films/sora-2", "films")
    path = f"/v1/videos/{finished['films']}:films"
    assert own.ask("GET", path).json()["id"] == finished["films"]
    assert own.ask("GET", f"/v1/videos/{finished['films']}:openai").status_code == 404
    listed = own.ask("GET", "/v1/videos?provider=films").json()["data"]
    assert finished["films"] in [each["id"] for each in listed]
    assert {each["model"] for each in listed} == {"films/sora-2"}
    content = own.ask("GET", f"{path}/content", headers={"Range": "bytes=0-99"})
    assert (content.status_code, len(content.content)) == (206, 100)
    remixed = own.ask("POST", f"{path}/remix", json={"prompt": f"snow {QUICK}"})
    assert remixed.status_code == 200 and remixed.json()["model"] == "films/sora-2"
    assert own.ask("DELETE", f"/v1/videos/{remixed.json()['id']}").json()["deleted"] is True


@pytest.mark.parametrize(
    ("name", "method", "path", "request_type"),
    [
        ("reads", "GET", "/{id}/content", "video_download"),
        ("reads", "DELETE", "/{id}", "video_delete"),
        ("reads", "POST", "/{id}/remix", "video_remix"),
        ("writes", "GET", "/{id}", "video_retrieve"),
        ("writes", "GET", "?provider=writes", "video_list"),
        ("no-create", "POST", "", "video_generation"),
    ],
)
def test_what_is_not_allowed_is_refused_by_its_name(
    own: Gateway, finished: dict[str, str], name: str, method: str, path: str, request_type: str
) -> None:
    body = {"prompt": "x", **({} if "remix" in path else {"model": f"{name}/sora-2"})} if method == "POST" else None
    refused = own.ask(method, f"/v1/videos{path.format(id=finished.get(name))}", json=body)
    error = refused.json()
    assert (refused.status_code, error["error"]["code"]) == (400, "unsupported_operation"), refused.text
    assert error["error"]["message"] == f"{request_type} is not supported by {name} provider"
    assert (error["extra_fields"]["provider"], error["extra_fields"]["request_type"]) == (name, request_type)


def test_what_is_allowed_is_done(own: Gateway, finished: dict[str, str]) -> None:
    assert own.ask("GET", "/v1/videos?provider=reads").status_code == 200
    assert own.ask("DELETE", f"/v1/videos/{finished['writes']}").status_code == 200


def test_a_list_of_a_provider_that_is_not_there_is_empty(own: Gateway) -> None:
    nowhere = own.ask("GET", "/v1/videos?provider=nobody")
    assert (nowhere.status_code, nowhere.json()["data"]) == (200, [])
