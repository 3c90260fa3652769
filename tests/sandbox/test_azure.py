"""OpenAI's client, as Microsoft shows it, and plain HTTP against the Azure emulator."""

import io
import warnings
from collections.abc import Callable
from typing import Any

import av
import pytest
import requests

from tests.sandbox.conftest import Running

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import openai

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

QUICK = "a paper boat [sandbox:no-render]"
Draw = Callable[[int, int], bytes]
Skip = Callable[[float], None]


def client(running: Running, account: str = "alice") -> "openai.OpenAI":
    key = f"azure-sandbox-{account}"
    return openai.OpenAI(
        base_url=f"{running.url}/azure/openai/v1",
        api_key=key,
        default_headers={"api-key": key},
        max_retries=0,
    )


def call(running: Running, method: str, path: str, account: str = "alice", **more: Any) -> requests.Response:
    headers = {"api-key": f"azure-sandbox-{account}"} | more.pop("headers", {})
    return requests.request(method, f"{running.url}/azure/openai/v1{path}", headers=headers, timeout=10, **more)


def test_the_official_client_makes_reads_lists_remixes_and_deletes(running: Running, picture: Draw) -> None:
    azure = client(running, "official")
    upload = ("frame.png", picture(1280, 720), "image/png")
    video = azure.videos.create_and_poll(
        model="sora-2",
        prompt="A paper boat",
        seconds="4",
        size="1280x720",
        input_reference=upload,
        poll_interval_ms=50,
    )
    assert (video.status, video.progress, video.model) == ("completed", 100, "sora-2")
    assert video.expires_at == pytest.approx(video.created_at + 86_400, abs=1)
    with av.open(io.BytesIO(azure.videos.download_content(video.id).read()), "r") as film:
        (stream,) = film.streams.video
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 1280, 720)
        first = next(film.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    assert first.getpixel((640, 100)) == pytest.approx((200, 30, 30), abs=12)
    assert azure.videos.download_content(video.id, variant="thumbnail").read()[8:12] == b"WEBP"
    remix = azure.videos.remix(video.id, prompt=QUICK)
    assert (remix.remixed_from_video_id, remix.size) == (video.id, "1280x720")
    assert {listed.id for listed in azure.videos.list()} == {video.id, remix.id}
    assert azure.videos.delete(video.id).deleted
    with pytest.raises(openai.NotFoundError):
        azure.videos.retrieve(video.id)


def test_the_key_may_be_a_bearer_too(running: Running) -> None:
    headers = {"api-key": "", "Authorization": "Bearer azure-sandbox-alice"}
    assert call(running, "GET", "/videos", headers=headers).status_code == 200


@pytest.mark.parametrize("key", ["", "sk-sandbox-alice", "azure-sandbox-Alice"])
def test_a_wrong_key_is_refused_with_the_status_as_the_code(running: Running, key: str) -> None:
    answer = call(running, "GET", "/videos", headers={"api-key": key})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], "type" in error) == (401, "401", False)


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        ({"prompt": "x"}, 404, "DeploymentNotFound", None),
        ({"prompt": "x", "model": "my-sora"}, 404, "DeploymentNotFound", None),
        ({"model": "sora-2"}, 400, "missing_required_parameter", "prompt"),
        ({"prompt": "x", "model": "sora-2", "seconds": "16"}, 400, "invalid_value", "seconds"),
        ({"prompt": "x", "model": "sora-2-pro", "size": "1792x1024"}, 400, "invalid_value", "size"),
        ({"prompt": "x", "model": "sora-2", "seed": 7}, 400, "unknown_parameter", "seed"),
        ({"prompt": "[sandbox:429]", "model": "sora-2"}, 429, "429", None),
        ({"prompt": "[sandbox:quota]", "model": "sora-2"}, 429, "insufficient_quota", None),
        ({"prompt": "[sandbox:500]", "model": "sora-2"}, 500, "500", None),
        ({"prompt": "[sandbox:503]", "model": "sora-2"}, 503, "503", None),
        ({"prompt": "[sandbox:refuse]", "model": "sora-2"}, 400, "content_filter", "prompt"),
    ],
)
def test_every_refusal_has_azures_envelope(
    running: Running, body: dict[str, Any], status: int, code: str, param: str | None
) -> None:
    answer = call(running, "POST", "/videos", account="refused", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param)
    assert ("innererror" in error) == (code == "content_filter")
    assert ("retry-after" in answer.headers) == (status == 429)


def test_files_are_gone_a_day_after_the_creation(running: Running, skip: Skip) -> None:
    job = call(running, "POST", "/videos", json={"prompt": QUICK, "model": "sora-2"}).json()
    skip(86_000)
    assert call(running, "GET", f"/videos/{job['id']}/content").status_code == 200
    skip(400)
    assert "expired" in call(running, "GET", f"/videos/{job['id']}/content").json()["error"]["message"]


def test_filtered_output_fails_the_job_with_openais_code(running: Running, skip: Skip) -> None:
    job = call(running, "POST", "/videos", json={"prompt": "[sandbox:filtered]", "model": "sora-2"}).json()
    skip(10)
    assert call(running, "GET", f"/videos/{job['id']}").json()["error"]["code"] == "moderation_blocked"


def test_another_accounts_video_is_not_found_and_that_is_counted(running: Running) -> None:
    job = call(running, "POST", "/videos", "owner", json={"prompt": QUICK, "model": "sora-2"}).json()
    assert call(running, "GET", f"/videos/{job['id']}", "stranger").status_code == 404
    assert running.stats()["azure"]["accounts"]["stranger"]["foreign_access"] == 1
