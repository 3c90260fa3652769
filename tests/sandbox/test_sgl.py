"""OpenAI's client and plain HTTP against the SGLang emulator."""

import base64
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
    return openai.OpenAI(base_url=f"{running.url}/sgl/v1", api_key=f"sgl-sandbox-{account}", max_retries=0)


def call(running: Running, method: str, path: str, account: str = "alice", **more: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer sgl-sandbox-{account}"} | more.pop("headers", {})
    return requests.request(method, f"{running.url}/sgl/v1{path}", headers=headers, timeout=10, **more)


def test_the_official_client_makes_reads_and_deletes(running: Running, picture: Draw) -> None:
    sgl = client(running)
    video = sgl.videos.create_and_poll(
        prompt="A sunset",
        seconds="2",  # type: ignore[arg-type]
        input_reference=("frame.png", picture(640, 360), "image/png"),
        extra_body={"seed": 7, "num_inference_steps": 30},
        poll_interval_ms=50,
    )
    assert (video.status, video.progress, video.model, video.size) == ("completed", 100, MODEL, "832x480")
    theirs = video.model_dump()
    assert (theirs["url"], theirs["num_outputs"]) == (None, 1)
    with av.open(io.BytesIO(sgl.videos.download_content(video.id).read()), "r") as film:
        (stream,) = film.streams.video
        assert (stream.width, stream.height, len(film.streams.audio)) == (832, 480, 0)
    assert sgl.videos.delete(video.id).model_dump()["status"] == "deleted"
    with pytest.raises(openai.NotFoundError):
        sgl.videos.retrieve(video.id)


@pytest.mark.parametrize(
    ("variant", "status"), [("", 200), ("?variant=0", 200), ("?variant=1", 404), ("?variant=video", 404)]
)
def test_a_variant_is_the_index_of_an_output(running: Running, skip: Skip, variant: str, status: int) -> None:
    job = call(running, "POST", "/videos", json={"prompt": QUICK}).json()
    skip(1)
    assert call(running, "GET", f"/videos/{job['id']}/content{variant}").status_code == status


def test_json_is_read_too(running: Running, picture: Draw) -> None:
    url = f"data:image/png;base64,{base64.b64encode(picture(64, 64)).decode()}"
    for body in ({"reference_url": url, "seconds": 2}, {"video_url": "https://example.invalid/x", "seconds": "2"}):
        answer = call(running, "POST", "/videos", json={"prompt": QUICK, **body})
        assert (answer.status_code, answer.json()["seconds"]) == (200, "2")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 400, "prompt"),
        ({"prompt": "x", "input_reference": "/etc/passwd"}, 400, "no such file"),
        ({"prompt": "x", "reference_url": "data:image/png;base64,AAAA"}, 400, "reference_url"),
        ({"prompt": "x", "size": "831x480"}, 400, "size"),
        ({"prompt": "x", "seconds": 61}, 400, "seconds"),
        ({"prompt": "[sandbox:401]"}, 401, "key"),
        ({"prompt": "[sandbox:429]"}, 429, "Rate limit"),
        ({"prompt": "[sandbox:503]"}, 503, "overloaded"),
    ],
)
def test_a_refusal_is_a_detail(running: Running, body: dict[str, Any], status: int, words: str) -> None:
    answer = call(running, "POST", "/videos", json=body)
    assert (answer.status_code, list(answer.json())) == (status, ["detail"])
    assert words in answer.json()["detail"]


def test_a_field_of_the_wrong_type_is_a_finding(running: Running) -> None:
    answer = call(running, "POST", "/videos", json={"prompt": "x", "seconds": "four"})
    (finding,) = answer.json()["detail"]
    assert (answer.status_code, finding["loc"]) == (422, ["body", "seconds"])


def test_a_failed_job_says_why_without_a_code(running: Running, skip: Skip) -> None:
    job = call(running, "POST", "/videos", json={"prompt": "[sandbox:fail]"}).json()
    assert "in-progress" in call(running, "GET", f"/videos/{job['id']}/content").json()["detail"]
    skip(10)
    job = call(running, "GET", f"/videos/{job['id']}").json()
    assert (job["status"], list(job["error"])) == ("failed", ["message"])
    assert call(running, "GET", f"/videos/{job['id']}/content").status_code == 404


def test_a_list_is_paged_newest_first_and_tells_neither_prompts_nor_whether_there_is_more(running: Running) -> None:
    sgl = client(running, "pager")
    made = [sgl.videos.create(prompt=QUICK).id for _ in range(4)]
    assert [video.id for video in sgl.videos.list()] == made[::-1]
    page = call(running, "GET", f"/videos?limit=2&after={made[3]}&order=sideways", "pager").json()
    assert ([job["id"] for job in page["data"]], list(page)) == ([made[2], made[1]], ["object", "data"])
    assert "prompt" not in page["data"][0] and page["data"][0]["model"] == MODEL
    assert call(running, "GET", "/videos?order=ASC&limit=1", "pager").json()["data"][0]["id"] == made[0]
    sgl.videos.delete(made[2])
    assert call(running, "GET", f"/videos?after={made[2]}", "pager").json()["data"] == []


@pytest.mark.parametrize("limit", ["0", "101", "x"])
def test_a_list_takes_no_other_limit(running: Running, limit: str) -> None:
    answer = call(running, "GET", f"/videos?limit={limit}")
    (finding,) = answer.json()["detail"]
    assert (answer.status_code, finding["loc"]) == (422, ["query", "limit"])


def test_any_key_is_taken_and_an_account_is_only_for_those_who_name_one(running: Running) -> None:
    for headers in ({"Authorization": "Bearer whatever"}, {"Authorization": ""}):
        assert call(running, "POST", "/videos", json={"prompt": QUICK}, headers=headers).status_code == 200
    assert running.stats()["sgl"]["accounts"]["nobody"]["creates_accepted"] == 2
    job = call(running, "POST", "/videos", "owner", json={"prompt": QUICK}).json()
    assert call(running, "GET", f"/videos/{job['id']}", "stranger").status_code == 404
    assert running.stats()["sgl"]["accounts"]["stranger"]["foreign_access"] == 1
