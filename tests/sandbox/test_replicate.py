"""The official Replicate SDK and plain HTTP against the Replicate emulator."""

import base64
import io
import warnings
from collections.abc import Callable
from typing import Any

import av
import pytest
import requests

from sandbox.replicate_models import MODELS
from tests.sandbox.conftest import Running

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from replicate.client import Client
    from replicate.exceptions import ModelError, ReplicateError

SEEDANCE, KLING, VACE = "bytedance/seedance-2.0", "kwaivgi/kling-v2.5-turbo-pro", "prunaai/vace-14b"
VERSION = MODELS[VACE].version
QUICK = {"prompt": "a kite [sandbox:no-render]"}
Skip = Callable[[float], None]


def sdk(running: Running, account: str = "alice") -> Client:
    client = Client(api_token=f"r8_sandbox_{account}", base_url=f"{running.url}/replicate")
    client.poll_interval = 0.05
    return client


def ask(running: Running, method: str, path: str, account: str = "alice", **kwargs: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer r8_sandbox_{account}"}
    return requests.request(method, f"{running.url}/replicate/v1{path}", headers=headers, timeout=10, **kwargs)


def run(running: Running, model: str = SEEDANCE, **given: Any) -> dict[str, Any]:
    answer = ask(running, "POST", f"/models/{model}/predictions", json={"input": QUICK | given})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def reread(running: Running, prediction: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = ask(running, "GET", f"/predictions/{prediction['id']}").json()
    return body


def download(url: Any) -> io.BytesIO:
    answer = requests.get(url, timeout=10)
    answer.raise_for_status()
    return io.BytesIO(answer.content)


def test_text_becomes_a_video(running: Running) -> None:
    client = sdk(running)
    given = {"prompt": "A kite above the dunes", "duration": 2, "resolution": "480p", "generate_audio": False}
    prediction = client.models.predictions.create(SEEDANCE, input=given)
    assert (prediction.status, prediction.version, prediction.input) == ("starting", "hidden", given)
    prediction.wait()
    assert (prediction.status, prediction.error) == ("succeeded", None)
    assert prediction.metrics and prediction.metrics["video_output_duration_seconds"] == 2
    with av.open(download(prediction.output), "r") as film:
        (stream,) = film.streams.video
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 852, 480)
        assert film.duration == pytest.approx(2_000_000, abs=50_000)
        assert not film.streams.audio


@pytest.mark.parametrize("upload", [True, False])
def test_an_image_opens_the_video(running: Running, picture: Callable[[int, int], bytes], upload: bool) -> None:
    client = sdk(running)
    image = io.BytesIO(picture(1280, 720))
    strategy: Any = "url" if upload else "base64"
    prediction = client.models.predictions.create(
        SEEDANCE,
        input={"prompt": f"it moves {upload}", "image": image, "duration": 2},
        file_encoding_strategy=strategy,
    )
    assert prediction.input and ("/v1/files/" in prediction.input["image"]) == upload
    prediction.wait()
    with av.open(download(prediction.output), "r") as film:
        assert len(film.streams.audio) == 1
        first = next(film.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    assert first.getpixel((640, 100)) == pytest.approx((200, 30, 30), abs=12)


def test_a_model_tells_what_it_takes(running: Running) -> None:
    model = sdk(running).models.get(KLING)
    assert model.latest_version is not None
    schemas = model.latest_version.openapi_schema["components"]["schemas"]
    assert schemas["Input"]["properties"]["duration"]["allOf"] == [{"$ref": "#/components/schemas/duration"}]
    assert schemas["duration"]["enum"] == [5, 10]
    assert model.versions.get(model.latest_version.id).id == model.latest_version.id
    official = {name: ask(running, "GET", f"/models/{name}").json()["is_official"] for name in MODELS}
    assert official == {name: name != VACE for name in MODELS}


@pytest.mark.parametrize("reference", [VERSION, f"{VACE}:{VERSION}", SEEDANCE])
def test_a_version_runs_by_its_id_and_an_official_model_by_its_name(running: Running, reference: str) -> None:
    prediction = sdk(running).predictions.create(reference, input=QUICK)
    assert prediction.version == (VERSION if VERSION in reference else MODELS[SEEDANCE].version)


def test_a_deployment_runs_what_it_was_made_for(running: Running) -> None:
    deployment = sdk(running).deployments.get("alice/clips")
    release = deployment.current_release
    assert release is not None and (release.model, release.version) == (VACE, VERSION)
    prediction = deployment.predictions.create(input=QUICK)
    prediction.wait()
    assert isinstance(prediction.output, list)
    (url,) = prediction.output
    assert download(url).read()[4:8] == b"ftyp"
    with pytest.raises(ReplicateError):
        sdk(running, "stranger").deployments.get("alice/clips")


@pytest.mark.parametrize(
    "path", ["/models/nobody/nothing", f"/models/{VACE}/predictions", f"/models/{VACE}/versions/{'0' * 64}", "/nowhere"]
)
def test_what_is_not_there_is_not_found(running: Running, path: str) -> None:
    answer = ask(running, "POST" if path.endswith("predictions") else "GET", path, json={"input": QUICK})
    assert (answer.status_code, answer.json()["status"]) == (404, 404)


def test_a_canceled_prediction_stays_and_an_ended_one_is_left_alone(running: Running, skip: Skip) -> None:
    client = sdk(running)
    prediction = client.models.predictions.create(SEEDANCE, input={"prompt": f"{QUICK['prompt']} [sandbox:slow=60]"})
    prediction.cancel()
    prediction.reload()
    assert (prediction.status, prediction.output) == ("canceled", None)
    assert prediction.completed_at is not None
    ended = run(running)
    skip(1)
    assert ask(running, "POST", f"/predictions/{ended['id']}/cancel").json()["status"] == "succeeded"
    assert running.stats()["replicate"]["accounts"]["alice"]["deletes"] == 1


def test_a_prediction_starts_runs_and_is_emptied_after_an_hour(running: Running, skip: Skip) -> None:
    prediction = run(running, prompt=f"{QUICK['prompt']} [sandbox:slow=100]")
    assert (
        prediction["status"],
        prediction["started_at"],
        prediction.get("metrics", 0),
    ) == (
        "starting",
        None,
        0,
    )
    skip(42)
    assert reread(running, prediction)["status"] == "processing"
    skip(60)
    ended = reread(running, prediction)
    assert (ended["status"], ended["data_removed"]) == ("succeeded", False)
    assert requests.get(ended["output"], headers={"Range": "bytes=0-3"}, timeout=10).status_code == 206
    skip(3600)
    emptied = reread(running, prediction)
    assert (emptied["output"], emptied["input"], emptied["data_removed"]) == (None, {}, True)
    assert requests.get(ended["output"], timeout=10).status_code == 404


def test_a_list_is_paged_newest_first_and_keeps_canceled_predictions(running: Running) -> None:
    client = sdk(running, "pager")
    slow = {"prompt": f"{QUICK['prompt']} [sandbox:slow=60]"}
    made = [client.models.predictions.create(SEEDANCE, input=slow).id for _ in range(102)][::-1]
    client.predictions.cancel(made[0])
    first = client.predictions.list()
    assert ([each.id for each in first], first.previous) == (made[:100], None)
    assert (first[0].status, first[1].status) == ("canceled", "starting")
    assert (first[0].input, first[0].model, first[0].version) == (slow, SEEDANCE, "hidden")
    assert first.next is not None
    second = client.predictions.list(first.next)
    assert ([each.id for each in second], second.next) == (made[100:], None)
    assert second.previous is not None
    assert [each.id for each in client.predictions.list(second.previous)] == made[:100]
    assert ask(running, "GET", "/predictions", "nobody").json() == {"next": None, "previous": None, "results": []}
    stolen = ask(running, "GET", f"/predictions?{first.next.partition('?')[2]}", "thief")
    assert (stolen.status_code, stolen.json()["detail"]) == (404, "Invalid cursor")


@pytest.mark.parametrize("cursor", ["", "x", "%C3%A4", "cD14", "/w=="])
def test_a_cursor_that_was_not_given_out_is_not_found(running: Running, cursor: str) -> None:
    assert ask(running, "GET", f"/predictions?cursor={cursor}").status_code == 404


@pytest.mark.parametrize("directive", ["filtered", "refuse", "fail"])
def test_a_failed_prediction_says_why(running: Running, directive: str) -> None:
    client = sdk(running)
    with pytest.raises(ModelError) as raised:
        client.run(SEEDANCE, input={"prompt": f"nasty [sandbox:{directive}]"})
    code = "(code: PA)" if directive == "fail" else "(E005)"
    assert raised.value.prediction.status == "failed" and code in str(raised.value)


def test_an_undocumented_status_can_be_ordered(running: Running, skip: Skip) -> None:
    weird = run(running, prompt=f"{QUICK['prompt']} [sandbox:weird] [sandbox:slow=100]")
    held = run(running, prompt=f"{QUICK['prompt']} [sandbox:throttled] [sandbox:slow=100]")
    skip(30)
    assert (reread(running, weird)["status"], reread(running, held)["status"]) == ("hibernating", "starting")


@pytest.mark.parametrize(
    ("directive", "status"), [("401", 401), ("429", 429), ("quota", 402), ("500", 500), ("503", 503)]
)
def test_trouble_with_a_create_that_is_not_accepted(running: Running, directive: str, status: int) -> None:
    before = running.stats()["replicate"]
    with pytest.raises(ReplicateError) as raised:
        sdk(running).models.predictions.create(SEEDANCE, input={"prompt": f"[sandbox:{directive}]"})
    assert (raised.value.status, bool(raised.value.detail)) == (status, True)
    after = running.stats()["replicate"]
    assert after["creates_refused"] == before["creates_refused"] + 1
    assert after["creates_accepted"] == before["creates_accepted"]


def test_another_accounts_prediction_is_not_found_and_that_is_counted(running: Running) -> None:
    prediction = run(running)
    before = running.stats()["replicate"]
    for method, path in (("GET", ""), ("POST", "/cancel")):
        assert ask(running, method, f"/predictions/{prediction['id']}{path}", "thief").status_code == 404
    after = running.stats()["replicate"]
    assert after["accounts"]["thief"]["foreign_access"] == 2
    assert after["creates_refused"] == before["creates_refused"]  # to cancel is no create


@pytest.mark.parametrize(
    ("model", "given", "finding"),
    [
        (SEEDANCE, {"duration": 16}, "- input.duration: "),
        (SEEDANCE, {"duration": "5"}, "- input.duration: "),
        (SEEDANCE, {"resolution": "4k"}, "- input.resolution: "),
        (SEEDANCE, {"image": "data:image/png;base64,AAAA"}, "- input.image: "),
        (SEEDANCE, {"prompt": 7}, "- input.prompt: "),
        (SEEDANCE, {"prompt": "[sandbox:nonsense]"}, "- input.prompt: "),
        (KLING, {"duration": 7}, "- input.duration: "),
        ("runwayml/gen4-aleph", {}, "- input: video is required"),
    ],
)
def test_a_wrong_input_is_named(running: Running, model: str, given: dict[str, Any], finding: str) -> None:
    answer = ask(running, "POST", f"/models/{model}/predictions", json={"input": QUICK | given})
    assert (answer.status_code, answer.json()["title"]) == (422, "Input validation failed")
    assert answer.json()["detail"].startswith(finding)


@pytest.mark.parametrize("body", [{}, {"input": 7}, {"input": QUICK, "version": "0" * 64}, {"input": QUICK}])
def test_a_wrong_body_is_refused(running: Running, body: dict[str, Any]) -> None:
    assert ask(running, "POST", "/predictions", json=body).status_code == 422


def test_an_input_that_a_model_does_not_have_is_ignored(running: Running) -> None:
    assert run(running, KLING, seed=7)["status"] == "starting"


def test_an_upload_is_an_image_of_its_account(running: Running, picture: Callable[[int, int], bytes]) -> None:
    content = {"content": ("a.png", picture(64, 64), "image/png")}
    url = ask(running, "POST", "/files", files=content).json()["urls"]["get"]
    path = f"/models/{SEEDANCE}/predictions"
    assert ask(running, "POST", path, json={"input": QUICK | {"image": url}}).status_code == 201
    foreign = ask(running, "POST", path, "burglar", json={"input": QUICK | {"image": url}})
    assert (foreign.status_code, "another account" in foreign.text) == (422, True)
    assert running.stats()["replicate"]["accounts"]["burglar"]["foreign_access"] == 1
    assert ask(running, "POST", "/files", files={"content": ("a.png", b"no image")}).status_code == 400
    assert ask(running, "POST", "/files", data={"content": "text"}).status_code == 400


def test_a_data_url_opens_the_video_too(running: Running, picture: Callable[[int, int], bytes]) -> None:
    url = f"data:image/png;base64,{base64.b64encode(picture(64, 64)).decode()}"
    assert run(running, KLING, start_image=url)["input"]["start_image"] == url


@pytest.mark.parametrize("token", ["", "Bearer r8_live", "Token r8_sandbox_alice"])
def test_a_wrong_token_is_refused(running: Running, token: str) -> None:
    url = f"{running.url}/replicate/v1/models/{SEEDANCE}"
    answer = requests.get(url, headers={"Authorization": token}, timeout=5)
    assert (answer.status_code, answer.json()["title"]) == (401, "Unauthenticated")
