"""OpenAI's client and plain HTTP against the vLLM-Omni emulator."""

import io
import warnings
from collections.abc import Callable
from typing import Any

import av
import pytest
import requests

from sandbox.own_server import MODEL
from tests.sandbox.conftest import Running

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import openai

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

QUICK = "a paper boat [sandbox:no-render]"
Draw = Callable[[int, int], bytes]
Skip = Callable[[float], None]


def client(running: Running, account: str = "alice") -> "openai.OpenAI":
    return openai.OpenAI(base_url=f"{running.url}/vllm/v1", api_key=f"vllm-sandbox-{account}", max_retries=0)


def call(running: Running, method: str, path: str, account: str = "alice", **more: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer vllm-sandbox-{account}"} | more.pop("headers", {})
    return requests.request(method, f"{running.url}/vllm/v1{path}", headers=headers, timeout=10, **more)


def form(**fields: str) -> dict[str, tuple[None, str]]:
    """Text fields as multipart, which is all that the server reads."""
    return {name: (None, value) for name, value in fields.items()}


def test_the_official_client_makes_reads_and_deletes(running: Running, picture: Draw) -> None:
    vllm = client(running)
    video = vllm.videos.create_and_poll(
        prompt="A sunset",
        seconds="2",  # type: ignore[arg-type]
        size="832x480",  # type: ignore[arg-type]
        input_reference=("frame.png", picture(640, 360), "image/png"),
        extra_body={"generate_sound": True, "seed": 7, "num_inference_steps": 30},
        poll_interval_ms=50,
    )
    assert video.id.startswith("video_gen_") and len(video.id) == len("video_gen_") + 32
    assert (video.status, video.progress, video.model, video.expires_at) == ("completed", 100, MODEL, None)
    with av.open(io.BytesIO(vllm.videos.download_content(video.id).read()), "r") as film:
        (stream,) = film.streams.video
        assert (stream.width, stream.height, len(film.streams.audio)) == (832, 480, 1)
        assert film.duration == pytest.approx(2_000_000, abs=50_000)
    assert vllm.videos.delete(video.id).deleted
    with pytest.raises(openai.NotFoundError):
        vllm.videos.retrieve(video.id)


def test_progress_jumps_and_what_was_not_asked_for_is_not_told(running: Running, skip: Skip) -> None:
    job = call(running, "POST", "/videos", files=form(prompt=f"{QUICK} [sandbox:slow=100]")).json()
    assert (job["status"], job["progress"], job["seconds"], job["size"]) == ("queued", 0, "4", None)
    skip(60)
    job = call(running, "GET", f"/videos/{job['id']}").json()
    assert (job["status"], job["progress"]) == ("in_progress", 0)
    assert "in-progress" in call(running, "GET", f"/videos/{job['id']}/content").json()["error"]["message"]
    skip(60)
    job = call(running, "GET", f"/videos/{job['id']}").json()
    assert (job["status"], job["progress"]) == ("completed", 100)
    assert call(running, "GET", f"/videos/{job['id']}/content?variant=thumbnail").headers["content-type"] == "video/mp4"


def test_a_failed_job_is_answered_with_the_status_of_its_error(running: Running, skip: Skip) -> None:
    job = call(running, "POST", "/videos", files=form(prompt="[sandbox:fail]")).json()
    skip(10)
    answer = call(running, "GET", f"/videos/{job['id']}")
    assert (answer.status_code, answer.json()["object"], answer.json()["status"]) == (500, "video", "failed")
    assert answer.json()["error"]["code"] == 500 and answer.json()["completed_at"]
    assert call(running, "GET", f"/videos/{job['id']}/content").status_code == 422
    assert call(running, "DELETE", f"/videos/{job['id']}").json()["deleted"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "prompt"),
        ({"prompt": "x", "model": "Wan-AI/other"}, "Model mismatch"),
        ({"prompt": "x", "seconds": "0"}, "seconds"),
        ({"prompt": "x", "size": "wide"}, "size"),
        ({"prompt": "x", "size": "1281x720"}, "multiples of 8"),
        ({"prompt": "x", "seed": "seven"}, "seed"),
        ({"prompt": "x", "generate_sound": "loud"}, "generate_sound"),
        ({"prompt": "x", "image_reference": "{"}, "Invalid JSON"),
        ({"prompt": "x", "image_reference": '{"file_id": "f"}'}, "image_url"),
        ({"prompt": "x", "image_reference": '{"image_url": "data:image/png;base64,AAAA"}'}, "image"),
        ({"prompt": "[sandbox:nonsense]"}, "nonsense"),
    ],
)
def test_a_refusal_has_the_status_as_its_code(running: Running, fields: dict[str, str], words: str) -> None:
    answer = call(running, "POST", "/videos", files=form(**fields) or form(other="x"))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (400, 400, "Bad Request")
    assert words in error["message"]


def test_references_by_url_are_taken_and_not_fetched(running: Running) -> None:
    for kind in ("image", "video"):
        reference = {f"{kind}_reference": f'{{"{kind}_url": "https://example.invalid/x"}}'}
        assert call(running, "POST", "/videos", files=form(prompt=QUICK, **reference)).status_code == 200


def test_a_file_and_a_reference_do_not_go_together(running: Running, picture: Draw) -> None:
    fields = form(prompt=QUICK, video_reference='{"video_url": "https://example.invalid/x"}')
    files = fields | {"input_reference": ("a.png", picture(64, 64), "image/png")}
    answer = call(running, "POST", "/videos", files=files)
    assert (answer.status_code, "only one of" in answer.json()["error"]["message"]) == (400, True)


def test_json_is_not_read(running: Running) -> None:
    answer = call(running, "POST", "/videos", json={"prompt": "x"})
    assert (answer.status_code, "Field required" in answer.json()["error"]["message"]) == (400, True)


def test_a_wrong_key_is_answered_with_text_and_no_key_is_nobody(running: Running) -> None:
    answer = call(running, "GET", "/videos/x", headers={"Authorization": "Bearer wrong"})
    assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})
    requests.post(f"{running.url}/vllm/v1/videos", files=form(prompt=QUICK), timeout=5).raise_for_status()
    assert running.stats()["vllm"]["accounts"]["nobody"]["creates_accepted"] == 1


def test_a_job_that_does_not_let_go_cannot_be_deleted_yet(running: Running) -> None:
    job = call(running, "POST", "/videos", files=form(prompt="[sandbox:stuck]")).json()
    answer = call(running, "DELETE", f"/videos/{job['id']}")
    assert (answer.status_code, answer.json()["error"]["type"]) == (409, "Conflict")


def test_there_is_no_remix(running: Running) -> None:
    assert call(running, "POST", "/videos/x/remix").status_code in (404, 405)


def test_a_list_is_paged_newest_first_and_has_failed_jobs_too(running: Running, skip: Skip) -> None:
    vllm = client(running, "pager")
    made = [vllm.videos.create(prompt=prompt).id for prompt in ("[sandbox:fail]", QUICK, QUICK, QUICK)]
    skip(10)
    assert [video.id for video in vllm.videos.list(limit=2)] == made[::-1]
    assert [video.id for video in vllm.videos.list(order="asc", after=made[0])] == made[1:]
    everything = call(running, "GET", "/videos", "pager").json()
    assert [(job["status"], job["prompt"]) for job in everything["data"]][-1] == ("failed", "[sandbox:fail]")
    assert (everything["first_id"], everything["last_id"], everything["has_more"]) == (made[3], made[0], False)


def test_nothing_comes_after_a_job_that_is_gone(running: Running, skip: Skip) -> None:
    vllm = client(running, "gone")
    made = [vllm.videos.create(prompt=QUICK).id for _ in range(2)]
    skip(10)
    vllm.videos.delete(made[1])
    page = call(running, "GET", f"/videos?after={made[1]}", "gone").json()
    assert (page["data"], page["first_id"], page["has_more"]) == ([], None, False)


@pytest.mark.parametrize("query", ["limit=101", "limit=-1", "limit=x", "order=up"])
def test_a_list_refuses_what_it_does_not_know(running: Running, query: str) -> None:
    answer = call(running, "GET", f"/videos?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 400)


def test_another_accounts_video_is_not_found_and_that_is_counted(running: Running) -> None:
    job = call(running, "POST", "/videos", "owner", files=form(prompt=QUICK)).json()
    assert call(running, "GET", f"/videos/{job['id']}", "stranger").status_code == 404
    assert running.stats()["vllm"]["accounts"]["stranger"]["foreign_access"] == 1
