"""The life of a video, through the API."""

from __future__ import annotations

import io
import warnings
from typing import Any

import av
import pytest
import requests

from tests.gateway import ALICE, BOB, Gateway

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import openai

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")


def probe(content: bytes) -> tuple[str, int, int, float]:
    with av.open(io.BytesIO(content)) as container:
        codec = container.streams.video[0].codec_context
        assert container.duration is not None
        return codec.name, codec.width, codec.height, container.duration / av.time_base


def test_a_video_is_made_from_end_to_end(gateway: Gateway) -> None:
    created = gateway.create("a paper boat", seconds="4", size="1280x720")
    assert (created["object"], created["status"], created["model"]) == ("video", "queued", "runway/gen4.5")
    assert created["id"].startswith("video_") and len(created["id"]) == 32
    assert created["extra_fields"]["sandbox"] is True
    assert [attempt["outcome"] for attempt in created["extra_fields"]["attempts"]] == ["accepted"]

    done = gateway.finished(created["id"])
    assert (done["status"], done["progress"], done["seconds"], done["size"]) == ("completed", 100, "4", "1280x720")
    assert done["usage"] == {"cost": 0.48, "estimated_cost": 0.48, "currency": "USD"}
    assert done["created_at"] <= done["completed_at"]
    (output,) = done["videos"]
    assert output["url"] == f"{gateway.url}/v1/videos/{created['id']}/content"

    content = requests.get(output["url"], headers={"x-api-key": ALICE}, timeout=30)
    assert content.headers["content-type"] == "video/mp4"
    assert probe(content.content) == ("h264", 1280, 720, pytest.approx(4, abs=0.2))


def test_a_running_job_says_when_to_ask_again_and_a_finished_one_does_not(gateway: Gateway) -> None:
    created = gateway.ask(
        "POST", "/v1/videos", json={"model": "runway/gen4.5", "prompt": "slow [sandbox:slow=3] [sandbox:no-render]"}
    )
    assert created.headers["retry-after"] == "1"
    assert 0 < int(created.headers["openai-poll-after-ms"]) <= 1000
    running = gateway.ask("GET", f"/v1/videos/{created.json()['id']}")
    assert running.headers["retry-after"] == "1"
    gateway.finished(created.json()["id"])
    assert "retry-after" not in gateway.ask("GET", f"/v1/videos/{created.json()['id']}").headers


def test_polling_never_asks_the_provider(gateway: Gateway) -> None:
    video_id = gateway.create()["id"]
    gateway.finished(video_id)
    before = gateway.stats()["runway"]["polls"]
    for _ in range(20):
        assert gateway.ask("GET", f"/v1/videos/{video_id}").status_code == 200
    assert gateway.stats()["runway"]["polls"] == before


def test_the_official_openai_client_does_everything(gateway: Gateway, png: bytes) -> None:
    client = openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=ALICE, max_retries=0)
    video = client.videos.create_and_poll(
        model="openai/sora-2",  # type: ignore[arg-type]
        prompt="a paper boat",
        seconds="4",
        size="1280x720",
        input_reference=("first.png", png, "image/png"),
    )
    assert (video.status, video.progress, video.error) == ("completed", 100, None)
    assert client.videos.retrieve(video.id).id == video.id
    assert video.id in [listed.id for listed in client.videos.list(limit=5)]
    assert probe(client.videos.download_content(video.id).read())[:3] == ("h264", 1280, 720)
    assert client.videos.download_content(video.id, variant="thumbnail").read()[8:12] == b"WEBP"
    assert client.videos.download_content(video.id, variant="spritesheet").read()[:3] == b"\xff\xd8\xff"
    remix = client.videos.poll(client.videos.remix(video.id, prompt="in the snow").id)
    assert (remix.status, remix.remixed_from_video_id) == ("completed", video.id)
    assert client.videos.delete(video.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.videos.retrieve(video.id)


def test_text_fields_of_a_form_are_read_as_their_types(gateway: Gateway) -> None:
    client = openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=ALICE, max_retries=0)
    video = client.videos.create(
        model="runway/veo3.1",  # type: ignore[arg-type]
        prompt="a boat [sandbox:no-render]",
        extra_body={"seed": 7, "audio": True, "seconds": 4, "fallbacks": ["runway/gen4.5"]},
    )
    assert gateway.finished(video.id)["usage"]["cost"] == pytest.approx(1.6)  # 4 s with sound


def test_ids_are_taken_alone_with_their_provider_and_in_the_providers_own_spelling(gateway: Gateway) -> None:
    created = gateway.create()
    native_id = created["extra_fields"]["provider_job_id"]
    for spelling in (created["id"], f"{created['id']}:runway", f"{native_id}:runway"):
        assert gateway.ask("GET", f"/v1/videos/{spelling}").json()["id"] == created["id"]
    for wrong in (
        f"{created['id']}:openai",
        f"{native_id}:openai",
        native_id,
        f"{created['id']}:",
        f":{created['id']}",
    ):
        assert gateway.ask("GET", f"/v1/videos/{wrong}").status_code == 404


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("GET", "/content"), ("POST", "/remix")])
def test_a_strangers_video_is_not_there(gateway: Gateway, method: str, path: str) -> None:
    created = gateway.create()
    body: dict[str, Any] = {"json": {"prompt": "x"}} if method == "POST" else {}
    native_id = created["extra_fields"]["provider_job_id"]
    for spelling in (created["id"], f"{created['id']}:runway", f"{native_id}:runway"):
        theirs = gateway.ask(method, f"/v1/videos/{spelling}{path}", BOB, **body)
        assert (theirs.status_code, theirs.json()["error"]["code"]) == (404, "video_not_found")
    assert created["id"] not in [job["id"] for job in gateway.ask("GET", "/v1/videos", BOB).json()["data"]]
    assert gateway.ask("GET", f"/v1/videos/{created['id']}").status_code == 200


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_follow_each_other_without_gap_or_repeat_while_jobs_come_and_go(gateway: Gateway, order: str) -> None:
    jobs = [gateway.create()["id"] for _ in range(6)]
    expected = jobs if order == "asc" else jobs[::-1]
    before = gateway.create()["id"] if order == "desc" else None
    seen: list[str] = []
    after = before or _previous(gateway, jobs[0])
    while len(seen) < len(expected):
        page = gateway.ask("GET", "/v1/videos", params={"limit": 2, "order": order, "after": after}).json()
        ids = [job["id"] for job in page["data"]]
        assert (page["first_id"], page["last_id"]) == (ids[0], ids[-1])
        seen += ids
        after = page["last_id"]
        assert gateway.ask("DELETE", f"/v1/videos/{after}").status_code == 200  # the cursor itself goes away
        gateway.create()
    assert seen == expected


def _previous(gateway: Gateway, job: str) -> str:
    listed: list[dict[str, str]] = gateway.ask("GET", "/v1/videos", params={"after": job, "limit": 1}).json()["data"]
    return listed[0]["id"]


def test_a_list_can_be_of_one_provider(gateway: Gateway) -> None:
    ours = gateway.create()["id"]
    theirs = gateway.create(model="openai/sora-2")["id"]
    listed = [job["id"] for job in gateway.ask("GET", "/v1/videos?provider=openai").json()["data"]]
    assert theirs in listed and ours not in listed
    assert gateway.ask("GET", "/v1/videos?provider=nobody").json() == {"object": "list", "data": [], "has_more": False}


def test_a_deleted_video_is_gone_here_and_at_the_provider(gateway: Gateway) -> None:
    created = gateway.create()
    gateway.finished(created["id"])
    before = gateway.stats()["runway"]["deletes"]
    deleted = gateway.ask("DELETE", f"/v1/videos/{created['id']}").json()
    facts = deleted.pop("extra_fields")
    assert deleted == {"id": created["id"], "object": "video.deleted", "deleted": True}
    assert (facts["provider_outcome"], facts["provider"]) == ("erased", "runway")
    assert gateway.stats()["runway"]["deletes"] == before + 1
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/content")):
        assert gateway.ask(method, f"/v1/videos/{created['id']}{path}").status_code == 404


def test_deleting_a_running_job_cancels_it(gateway: Gateway) -> None:
    created = gateway.create("never ends [sandbox:stuck]")
    before = gateway.stats()["runway"]["deletes"]
    assert gateway.ask("DELETE", f"/v1/videos/{created['id']}").status_code == 200
    assert gateway.stats()["runway"]["deletes"] == before + 1
    assert gateway.ask("GET", f"/v1/videos/{created['id']}").status_code == 404


def test_an_unfinished_video_has_no_content_and_cannot_be_remixed(gateway: Gateway) -> None:
    created = gateway.create("never ends [sandbox:stuck]", model="openai/sora-2")
    content = gateway.ask("GET", f"/v1/videos/{created['id']}/content")
    assert (content.status_code, content.json()["error"]["code"]) == (404, "video_not_completed")
    remix = gateway.ask("POST", f"/v1/videos/{created['id']}/remix", json={"prompt": "x"})
    assert (remix.status_code, remix.json()["error"]["code"]) == (409, "video_not_completed")


def test_where_remix_is_not_native_the_finished_video_is_edited(gateway: Gateway) -> None:
    source = gateway.create()["id"]
    gateway.finished(source)
    remix = gateway.ask("POST", f"/v1/videos/{source}/remix", json={"prompt": "in the snow [sandbox:no-render]"}).json()
    assert (remix["model"], remix["remixed_from_video_id"]) == ("runway/aleph2", source)
    assert gateway.finished(remix["id"])["status"] == "completed"


def test_what_a_provider_cannot_do_is_said_so(gateway: Gateway) -> None:
    unsupported = gateway.ask("POST", "/v1/videos", json={"model": "anthropic/some-model", "prompt": "x"})
    assert (unsupported.status_code, unsupported.json()["error"]["code"]) == (400, "unsupported_operation")
    assert unsupported.json()["error"]["message"] == "video_generation is not supported by anthropic provider"


@pytest.mark.parametrize("model", ["runway/gen4.5", "openai/sora-2"])
def test_withheld_content_is_a_failed_job_with_the_reason(gateway: Gateway, model: str) -> None:
    failed = gateway.finished(gateway.create("nasty [sandbox:filtered]", model=model)["id"])
    assert (failed["status"], failed["error"]["code"]) == ("failed", "content_filtered")
    assert failed["content_filter"]["filtered_count"] == 1
    assert "videos" not in failed


def test_a_prompt_refused_at_once_is_a_failed_job_too(gateway: Gateway) -> None:
    created = gateway.create("nasty [sandbox:refuse]", model="openai/sora-2", fallbacks=["runway/gen4.5"])
    assert (created["status"], created["error"]["code"]) == ("failed", "content_filtered")
    assert [attempt["provider"] for attempt in created["extra_fields"]["attempts"]] == ["openai"]


@pytest.mark.parametrize("model", ["runway/gen4.5", "openai/sora-2"])
def test_a_failure_carries_the_providers_own_words(gateway: Gateway, model: str) -> None:
    failed = gateway.finished(gateway.create("broken [sandbox:fail]", model=model)["id"])
    assert failed["status"] == "failed"
    assert failed["error"]["code"] not in ("", "content_filtered") and failed["error"]["message"]
    assert "content_filter" not in failed


def test_an_unknown_status_word_is_kept_and_the_job_goes_on(gateway: Gateway) -> None:
    created = gateway.create("odd [sandbox:weird] [sandbox:slow=3] [sandbox:no-render]")
    seen: set[str] = set()
    import time

    until = time.monotonic() + 15
    while time.monotonic() < until:
        video = gateway.ask("GET", f"/v1/videos/{created['id']}").json()
        seen.add(video["extra_fields"].get("provider_status", ""))
        if video["status"] == "completed":
            break
        assert video["status"] in ("queued", "in_progress")
        time.sleep(0.1)
    assert video["status"] == "completed" and "provider_status" not in video["extra_fields"]
    assert len(seen) == 2


def test_ranges_of_the_content_are_passed_through(gateway: Gateway) -> None:
    video_id = gateway.create("a boat")["id"]
    gateway.finished(video_id)
    path = f"/v1/videos/{video_id}/content"
    whole = gateway.ask("GET", path).content
    part = gateway.ask("GET", path, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole)}"
    outside = gateway.ask("GET", path, headers={"Range": f"bytes={len(whole)}-"})
    assert (outside.status_code, outside.json()["error"]["code"]) == (416, "range_not_satisfiable")


def test_models_are_listed_with_what_they_can_do(gateway: Gateway) -> None:
    listed = {model["id"]: model for model in gateway.ask("GET", "/v1/models").json()["data"]}
    assert {"openai/sora-2", "openai/sora-2-pro", "runway/gen4.5", "runway/veo3.1"} <= set(listed)
    veo = listed["runway/veo3.1"]["capabilities"]
    assert (veo["seconds"], veo["audio"], veo["negative_prompt"]) == (["4", "6", "8"], True, True)
    assert "remix" in listed["openai/sora-2"]["capabilities"]["operations"]


def test_health_tells_of_every_dependency_without_a_key(gateway: Gateway) -> None:
    health = gateway.ask("GET", "/health", None)
    assert health.status_code == 200
    body = health.json()
    assert (body["status"], body["sandbox"]) == ("ok", True)
    assert {each["name"]: each["status"] for each in body["dependencies"]} == {
        "database": "ok",
        "notifications": "ok",
        "providers": "ok",
        "worker": "ok",
    }
    assert gateway.ask("GET", "/health?probe=live", None).status_code == 200
