"""The official OpenAI SDK and plain HTTP against the OpenAI emulator."""

import io
import warnings
from collections.abc import Callable
from typing import Any

import av
import pytest
import requests
from PIL import Image

from tests.sandbox.conftest import Running

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import openai

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

QUICK = "a paper boat [sandbox:no-render]"
Draw = Callable[[int, int], bytes]
Skip = Callable[[float], None]


def call(running: Running, method: str, path: str, account: str = "alice", **more: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer sk-sandbox-{account}"} | more.pop("headers", {})
    return requests.request(method, f"{running.url}/openai/v1{path}", headers=headers, timeout=10, **more)


def refused(answer: requests.Response) -> tuple[int, str | None, str | None]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["param"]


def test_a_create_is_polled_to_completion_and_downloaded(running: Running) -> None:
    client = running.openai()
    video = client.videos.create_and_poll(prompt="A paper boat on a pond", seconds="4", size="1280x720")
    assert (video.status, video.progress, video.seconds, video.size) == ("completed", 100, "4", "1280x720")
    assert video.completed_at and video.expires_at == video.completed_at + 3600
    content = client.videos.download_content(video.id).read()
    with av.open(io.BytesIO(content), "r") as film:
        (stream,) = film.streams.video
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 1280, 720)
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert film.duration == pytest.approx(4_000_000, abs=50_000)
        assert [sound.codec_context.name for sound in film.streams.audio] == ["aac"]
    assert content.index(b"moov") < content.index(b"mdat")

    thumbnail = Image.open(io.BytesIO(client.videos.download_content(video.id, variant="thumbnail").read()))
    assert (thumbnail.format, thumbnail.size) == ("WEBP", (1280, 720))
    sheet = Image.open(io.BytesIO(client.videos.download_content(video.id, variant="spritesheet").read()))
    assert (sheet.format, sheet.size) == ("JPEG", (5 * 256, 4 * 144))


def test_a_new_job_is_queued_and_then_in_progress(running: Running, skip: Skip) -> None:
    client = running.openai()
    video = client.videos.create(prompt=f"{QUICK} [sandbox:slow=100]")
    assert (video.status, video.progress, video.model) == ("queued", 0, "sora-2")
    assert (video.seconds, video.size, video.completed_at, video.error) == ("4", "720x1280", None, None)
    skip(40)
    answer = client.videos.with_raw_response.retrieve(video.id)
    assert int(answer.headers["openai-poll-after-ms"]) > 0
    assert answer.headers["x-request-id"].startswith("req_")
    assert (answer.parse().status, answer.parse().progress) == ("in_progress", 40)


def test_an_input_image_becomes_the_first_frame(running: Running, picture: Draw) -> None:
    client = running.openai()
    upload = ("frame.png", picture(720, 1280), "image/png")
    video = client.videos.create_and_poll(prompt="A sunset", input_reference=upload, size="720x1280")
    content = client.videos.download_content(video.id).read()
    with av.open(io.BytesIO(content), "r") as film:
        first = next(film.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    assert first.size == (720, 1280)
    assert first.getpixel((360, 300)) == pytest.approx((200, 30, 30), abs=12)
    assert first.getpixel((360, 1000)) == pytest.approx((30, 30, 200), abs=12)


def test_an_image_of_another_size_is_refused(running: Running, picture: Draw) -> None:
    with pytest.raises(openai.BadRequestError, match="Inpaint image must match the requested width and height"):
        running.openai().videos.create(
            prompt="A sunset", input_reference=("f.png", picture(640, 360), "image/png"), size="1280x720"
        )


@pytest.mark.parametrize(
    ("upload", "code"),
    [
        (("f.bin", b"\x89PNG", "application/octet-stream"), "unsupported_file_mimetype"),
        (("f.png", b"\x89PNG\r\n\x1a\nbroken", "image/png"), "invalid_image_file"),
    ],
)
def test_what_is_no_image_is_refused(running: Running, upload: tuple[str, bytes, str], code: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        running.openai().videos.create(prompt="A sunset", input_reference=upload)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, "missing_required_parameter", "prompt")),
        ({"prompt": ""}, (400, "empty_string", "prompt")),
        ({"prompt": 7}, (400, "invalid_type", "prompt")),
        ({"prompt": "x" * 32_001}, (400, "string_above_max_length", "prompt")),
        ({"prompt": "x", "seconds": 4}, (400, "invalid_type", "seconds")),
        ({"prompt": "x", "seconds": "10"}, (400, "invalid_value", "seconds")),
        ({"prompt": "x", "size": "1920x1080"}, (400, "invalid_value", "size")),
        ({"prompt": "x", "model": "sora-3"}, (400, "invalid_value", "model")),
        ({"prompt": "x", "seed": 7}, (400, "unknown_parameter", "seed")),
        ({"prompt": "x", "input_reference": "data:"}, (400, "invalid_type", "input_reference")),
        ({"prompt": "x", "input_reference": {}}, (400, "invalid_value", "input_reference")),
        ({"prompt": "x", "input_reference": {"file_id": "file-1"}}, (404, None, "input_reference.file_id")),
        (
            {"prompt": "x", "input_reference": {"image_url": "data:image/png;base64,@"}},
            (400, "invalid_value", "input_reference.image_url"),
        ),
        (
            {"prompt": "x", "input_reference": {"image_url": "data:image/gif;base64,R0lGODlh"}},
            (400, "unsupported_file_mimetype", "input_reference"),
        ),
        ({"prompt": "[sandbox:nonsense]"}, (400, "invalid_value", "prompt")),
    ],
)
def test_a_wrong_field_is_named(running: Running, body: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert refused(call(running, "POST", "/videos", json=body)) == expected


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"\xff", b'{"prompt": "\\ud800"}', b"[" * 100_000, b"9" * 5_000], ids=len
)
def test_a_body_that_is_no_json_object_is_refused(running: Running, body: bytes) -> None:
    answer = call(running, "POST", "/videos", data=body, headers={"Content-Type": "application/json"})
    assert refused(answer) == (400, None, None)


def test_a_form_that_cannot_be_parsed_is_refused_and_counted(running: Running) -> None:
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=b"):
        headers = {"Content-Type": content_type}
        answer = call(running, "POST", "/videos", account="formless", data=b"no form", headers=headers)
        assert answer.status_code == 400
    assert running.stats()["openai"]["accounts"]["formless"]["creates_refused"] == 2


def test_a_file_in_place_of_a_text_is_refused(running: Running) -> None:
    answer = call(running, "POST", "/videos", files={"prompt": ("p.txt", b"a cat", "text/plain")})
    assert refused(answer) == (400, "invalid_type", "prompt")


def test_a_body_of_another_type_is_refused(running: Running) -> None:
    answer = call(running, "POST", "/videos", data={"prompt": "x"})
    assert refused(answer) == (415, "unsupported_content_type", None)


def test_the_pro_model_takes_the_larger_sizes(running: Running) -> None:
    body = {"prompt": QUICK, "model": "sora-2-pro", "size": "1792x1024", "seconds": "20"}
    answer = call(running, "POST", "/videos", json=body).json()
    assert (answer["model"], answer["size"], answer["seconds"]) == ("sora-2-pro", "1792x1024", "20")


def test_an_image_may_come_as_data_url_or_as_a_link_that_is_not_fetched(running: Running) -> None:
    for url in ("https://example.invalid/cat.png", "data:image/png;base64,iVBORw0KGgo="):
        body = {"prompt": QUICK, "input_reference": {"image_url": url}}
        assert call(running, "POST", "/videos", json=body).status_code == (200 if url[0] == "h" else 400)


def test_a_list_is_paged_newest_first(running: Running) -> None:
    client = running.openai("pager")
    made = [client.videos.create(prompt=QUICK).id for _ in range(5)]
    client.videos.delete(made.pop())
    assert [video.id for video in client.videos.list(limit=2)] == made[::-1]
    assert {(video.prompt, video.model) for video in client.videos.list()} == {(QUICK, "sora-2")}
    assert [video.id for video in client.videos.list(order="asc", after=made[0])] == made[1:]
    page = call(running, "GET", "/videos?limit=3", account="pager").json()
    assert (page["first_id"], page["last_id"], page["has_more"]) == (made[3], made[1], True)
    empty = call(running, "GET", "/videos", account="nobody-yet").json()
    assert (empty["data"], empty["first_id"], empty["has_more"]) == ([], None, False)


@pytest.mark.parametrize(("query", "param"), [("limit=101", "limit"), ("limit=x", "limit"), ("order=up", "order")])
def test_a_list_refuses_what_it_does_not_know(running: Running, query: str, param: str) -> None:
    assert refused(call(running, "GET", f"/videos?{query}")) == (400, "invalid_value", param)


def test_only_a_completed_video_is_remixed(running: Running, skip: Skip) -> None:
    client = running.openai()
    source = client.videos.create(prompt=f"{QUICK} [sandbox:slow=60]", seconds="8", size="1280x720")
    with pytest.raises(openai.BadRequestError, match="has not completed"):
        client.videos.remix(source.id, prompt="now at night")
    skip(60)
    remix = client.videos.remix(source.id, prompt=f"now at night {QUICK}")
    assert (remix.remixed_from_video_id, remix.seconds, remix.size) == (source.id, "8", "1280x720")


def test_a_deleted_video_is_gone(running: Running) -> None:
    client = running.openai()
    video = client.videos.create(prompt=QUICK)
    assert client.videos.delete(video.id).deleted
    for attempt in (client.videos.retrieve, client.videos.delete, client.videos.download_content):
        with pytest.raises(openai.NotFoundError):
            attempt(video.id)


def test_another_accounts_video_is_not_found_and_that_is_counted(running: Running) -> None:
    video = running.openai("owner").videos.create(prompt=QUICK)
    with pytest.raises(openai.NotFoundError):
        running.openai("stranger").videos.retrieve(video.id)
    accounts = running.stats()["openai"]["accounts"]
    assert accounts["stranger"]["foreign_access"] == 1
    assert accounts["owner"]["foreign_access"] == 0


@pytest.mark.parametrize("key", ["sk-live-123", "sk-sandbox-", "sk-sandbox-Alice"])
def test_a_wrong_key_is_refused(running: Running, key: str) -> None:
    answer = call(running, "GET", "/videos", headers={"Authorization": f"Bearer {key}"})
    assert refused(answer) == (401, "invalid_api_key", None)


def test_content_is_not_there_before_completion_and_not_after_expiry(running: Running, skip: Skip) -> None:
    client = running.openai()
    video = client.videos.create(prompt=f"{QUICK} [sandbox:slow=5]")
    assert "not ready yet" in call(running, "GET", f"/videos/{video.id}/content").json()["error"]["message"]
    skip(6)
    assert call(running, "GET", f"/videos/{video.id}/content").status_code == 200
    skip(3600)
    assert "expired" in call(running, "GET", f"/videos/{video.id}/content").json()["error"]["message"]
    assert client.videos.retrieve(video.id).status == "completed"


def test_content_comes_in_ranges(running: Running) -> None:
    video = running.openai().videos.create_and_poll(prompt=QUICK)
    path = f"/videos/{video.id}/content"
    whole = call(running, "GET", path)
    assert whole.headers["accept-ranges"] == "bytes"
    part = call(running, "GET", path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole.content)}"
    beyond = call(running, "GET", path, headers={"Range": "bytes=99999999-"})
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{len(whole.content)}"
    assert refused(call(running, "GET", f"{path}?variant=gif")) == (400, "invalid_value", "variant")


def test_unknown_paths_and_methods_are_refused_in_the_envelope(running: Running) -> None:
    assert refused(call(running, "GET", "/images"))[0] == 404
    assert refused(call(running, "PATCH", "/videos"))[0] == 405
