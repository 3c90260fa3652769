"""Every client command against a real gateway, for people and with --json, and all that can go wrong."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import argon2
import pytest
from PIL import Image
from typer.testing import CliRunner

from reelgate import cli
from reelgate.request import first_frame

from .conftest import QUICK, SECRET, Reelgate, gateway_on
from .fakes import serving

MP4 = b"ftyp"  # bytes 4 to 8 of an MP4 file


def document(text: str) -> dict[str, Any]:
    """The one JSON document that a text is."""
    content: dict[str, Any] = json.loads(text)
    return content


# ---- generate -------------------------------------------------------------------------------------------------------


def test_generate_saves_the_video_and_says_where(reelgate: Reelgate) -> None:
    made = reelgate("generate", f"A boat {QUICK}", "--model", "runway/gen4.5", "--seconds", 2, "-o", "boat.mp4")
    assert made.exit_code == 0, made.output
    assert re.fullmatch(r"boat\.mp4  video_\w{26}  1280x720  0\.24 USD\n", made.stdout)
    assert re.fullmatch(r"runway/gen4\.5 is making video_\w{26}\n", made.stderr)
    assert Path("boat.mp4").read_bytes()[4:8] == MP4


def test_generate_prints_the_job_alone_as_json(reelgate: Reelgate) -> None:
    made = reelgate("generate", f"A boat {QUICK}", "-m", "runway/gen4.5", "--json")
    job = document(made.stdout)
    assert (job["status"], made.stderr) == ("completed", "")
    assert Path(f"{job['id']}.mp4").is_file()


def test_generate_without_waiting_prints_the_job_at_once(reelgate: Reelgate) -> None:
    made = reelgate("generate", f"A boat {QUICK}", "-m", "runway/gen4.5", "--no-wait", "--json")
    assert document(made.stdout)["status"] == "queued"
    assert not list(Path().iterdir())


def test_generate_sends_every_option(reelgate: Reelgate) -> None:
    Image.new("RGB", (1280, 720), (200, 30, 30)).save("frame.png")
    options = ["--size", "1280x720", "--negative-prompt", "rain", "--seed", 7, "--no-audio", "--image", "frame.png"]
    made = reelgate(
        *("generate", f"A boat {QUICK}", "-m", "openai/sora-2", "--fallback", "runway/veo3.1", "--seconds", 8),
        *(*options, "--no-wait", "--json"),
    )
    job = document(made.stdout)
    assert job["model"] == "runway/veo3.1", "Sora takes no seed, so the fallback has it"
    assert (job["seconds"], job["size"]) == ("8", "1280x720")


def test_a_video_is_found_by_what_it_was_made_with(reelgate: Reelgate) -> None:
    words = ["--metadata", "campaign=spring", "--metadata", "note=a = b"]
    made = reelgate("generate", f"A boat {QUICK}", "-m", "runway/gen4.5", "--failover", "job", *words, "--json")
    job = document(made.stdout)
    assert job["metadata"] == {"campaign": "spring", "note": "a = b"}
    chosen = ["--metadata", "note=a = b", "--model", "runway/gen4.5", "--status", "completed"]
    listed = reelgate("list", *chosen, "--json").stdout.splitlines()
    assert [document(line)["id"] for line in listed] == [job["id"]]
    assert reelgate("list", "--metadata", "campaign=autumn", "--json").stdout == ""


def test_generate_sends_fields_of_the_providers_own(reelgate: Reelgate) -> None:
    made = reelgate("generate", "A boat", "-m", "runway/gen4.5", "--extra", 'mood={"rain": 1}')
    assert 'Unrecognized key: "mood"' in made.stderr


def test_generate_takes_the_url_of_an_image_as_it_is() -> None:
    assert first_frame("https://example.com/frame.png") == "https://example.com/frame.png"


def test_generate_sends_the_bytes_of_an_image_file(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "frame.webp")
    kind, _, content = first_frame(str(tmp_path / "frame.webp")).partition(",")
    assert kind == "data:image/webp;base64"
    assert base64.b64decode(content) == (tmp_path / "frame.webp").read_bytes()


def test_a_job_that_fails_is_told_with_its_code(reelgate: Reelgate) -> None:
    made = reelgate("generate", "A boat [sandbox:fail]", "-m", "openai/sora-2")
    assert (made.exit_code, made.stdout) == (1, "")
    assert re.search(r"error: .+\n +code video_generation_failed, job video_\w{26}", made.stderr)


def test_a_job_that_fails_is_the_answer_as_json(reelgate: Reelgate) -> None:
    made = reelgate("generate", "A boat [sandbox:refuse]", "-m", "openai/sora-2", "--json", "--no-wait")
    assert (made.exit_code, made.stderr) == (1, "")
    assert document(made.stdout)["error"]["code"] == "content_filtered"


def test_a_wait_ends_at_its_timeout_and_the_job_goes_on(reelgate: Reelgate) -> None:
    made = reelgate("generate", "A boat [sandbox:stuck]", "-m", "runway/gen4.5", "--timeout", 0)
    assert made.exit_code == 1
    assert re.search(r"it goes on\.\n +`reelgate get video_\w{26}`", made.stderr)


def test_a_timeout_names_the_job_as_json_too(reelgate: Reelgate) -> None:
    made = reelgate("generate", "A boat [sandbox:stuck]", "-m", "runway/gen4.5", "--timeout", 0, "--json")
    assert document(made.stderr)["error"]["code"] == "timeout"
    assert document(made.stderr)["extra_fields"]["video_id"].startswith("video_")


def test_a_refusal_names_every_target_that_was_tried(reelgate: Reelgate) -> None:
    made = reelgate("generate", "A boat [sandbox:401]", "-m", "openai/sora-2", "--fallback", "runway/gen4.5")
    assert made.exit_code == 1
    assert "code upstream_credentials_exhausted, event " in made.stderr
    assert "tried openai/sora-2 (unauthorized), runway/gen4.5 (unauthorized)" in made.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-m", "gen4.5"], "--model: A model as `provider/model`"),
        (["-m", "runway/gen4.5", "--size", "big"], "--size: Width x height in pixels"),
        (["-m", "runway/gen4.5", "--seconds", "0"], "--seconds: The length of the video in whole seconds"),
        (["-m", "runway/gen4.5", "--video", "nowhere"], "--video: The source of video-to-video"),
        (["-m", "runway/gen4.5", "--extra", "style=anime"], "--extra 'style=\"anime\"'"),
        (
            ["-m", "runway/gen4.5", "--failover", "never"],
            "'--failover': Value error, 'never' is not one of 'create', 'job'",
        ),
        (["-m", "runway/gen4.5", "--metadata", "campaign"], "--metadata: Each must be NAME=TEXT"),
        (["-m", "runway/gen4.5", "--image", "none.png"], "--image: none.png: No such file"),
        (["-m", "runway/gen4.5", "--image", __file__], "neither PNG, JPEG nor WebP"),
        (["-m", "runway/gen4.5", "-o", "none/boat.mp4"], "--output: There is no folder none"),
    ],
)
def test_what_cannot_be_sent_is_a_wrong_use(reelgate: Reelgate, options: list[str], said: str) -> None:
    made = reelgate("generate", "A boat", *options)
    assert (made.exit_code, made.stdout) == (2, "")
    assert said in " ".join(made.stderr.split())


# ---- what was made --------------------------------------------------------------------------------------------------


def test_get_shows_a_video(reelgate: Reelgate, finished: str, url: str) -> None:
    shown = reelgate("get", finished).stdout
    assert shown.startswith(f"{finished}\n")
    assert re.search(r"^status +completed *$", shown, re.MULTILINE)
    assert re.search(r"^prompt +A paper boat \[red\]", shown, re.MULTILINE), "a prompt is not markup"
    assert f"{url}/v1/videos/{finished}/content" in shown
    assert document(reelgate("get", finished, "--json").stdout)["id"] == finished


def test_list_shows_a_table_that_no_pipe_cuts(reelgate: Reelgate, finished: str) -> None:
    lines = reelgate("list", "--all").stdout.splitlines()
    assert lines[0].split() == ["ID", "STATUS", "MODEL", "LENGTH", "SIZE", "CREATED", "PROMPT"]
    (line,) = (line for line in lines if finished in line)
    assert re.search(r"completed +openai/sora-2 +4 s +720x1280 .+A paper boat \[red\]", line)


def test_list_reads_page_after_page(reelgate: Reelgate, finished: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        reelgate("generate", f"A boat {QUICK}", "-m", "runway/gen4.5", "--no-wait")
    monkeypatch.setattr(cli, "PAGE", 1)
    everything = [document(line)["id"] for line in reelgate("list", "--all", "--json").stdout.splitlines()]
    assert len(everything) == len(set(everything)) >= 3
    two = [document(line)["id"] for line in reelgate("list", "--limit", 2, "--json").stdout.splitlines()]
    assert two == everything[:2]


def test_list_can_be_of_one_provider(reelgate: Reelgate, finished: str) -> None:
    listed = [document(line) for line in reelgate("list", "--provider", "openai", "--json").stdout.splitlines()]
    assert {job["model"].partition("/")[0] for job in listed} == {"openai"}


def test_an_empty_list_says_how_to_begin(reelgate: Reelgate) -> None:
    listed = reelgate("list", "--provider", "nobody")
    assert (listed.exit_code, listed.stdout) == (0, "")
    assert "No videos yet." in listed.stderr


@pytest.mark.parametrize(("variant", "name"), [("video", "mp4"), ("thumbnail", "webp"), ("spritesheet", "jpg")])
def test_download_names_the_file_by_its_kind(reelgate: Reelgate, finished: str, variant: str, name: str) -> None:
    saved = reelgate("download", finished, "--variant", variant)
    assert saved.stdout == f"{finished}.{name}\n"
    assert Path(f"{finished}.{name}").stat().st_size > 0


def test_download_waits_for_the_video(reelgate: Reelgate) -> None:
    made = reelgate("generate", f"A boat {QUICK}", "-m", "runway/gen4.5", "--no-wait", "--json")
    saved = reelgate("download", document(made.stdout)["id"], "-o", "here.mp4", "--json")
    assert document(saved.stdout) == {
        "id": document(made.stdout)["id"],
        "path": "here.mp4",
        "bytes": Path("here.mp4").stat().st_size,
    }


def test_download_can_go_into_a_folder(reelgate: Reelgate, finished: str, tmp_path: Path) -> None:
    assert reelgate("download", finished, "-o", tmp_path).exit_code == 0
    assert (tmp_path / f"{finished}.mp4").is_file()


def test_remix_makes_a_new_video(reelgate: Reelgate, finished: str) -> None:
    remixed = reelgate("remix", finished, f"In snow {QUICK}", "-o", "snow.mp4", "--json")
    assert document(remixed.stdout)["remixed_from_video_id"] == finished
    assert Path("snow.mp4").read_bytes()[4:8] == MP4


def test_remix_needs_a_prompt(reelgate: Reelgate, finished: str) -> None:
    remixed = reelgate("remix", finished, "")
    assert remixed.exit_code == 2
    assert "PROMPT: What should be different." in remixed.stderr


def test_a_file_that_cannot_be_written_does_not_lose_the_video(reelgate: Reelgate, finished: str) -> None:
    saved = reelgate("download", finished, "-o", "x" * 240)
    assert saved.exit_code == 1
    assert "cannot be written: File name too long." in saved.stderr
    assert f"`reelgate download {finished}` fetches it." in saved.stderr


def test_delete_goes_on_after_a_failure(reelgate: Reelgate) -> None:
    made = reelgate("generate", f"A boat {QUICK}", "-m", "runway/gen4.5", "--no-wait", "--json")
    video_id = document(made.stdout)["id"]
    deleted = reelgate("delete", "video_of_nobody", video_id)
    assert (deleted.exit_code, deleted.stdout) == (1, f"deleted {video_id}\n")
    assert "There is no video 'video_of_nobody'." in deleted.stderr
    assert reelgate("get", video_id).exit_code == 1


def test_delete_prints_a_line_of_json_for_each(reelgate: Reelgate) -> None:
    made = reelgate("generate", f"A boat {QUICK}", "-m", "runway/gen4.5", "--no-wait", "--json")
    deleted = reelgate("delete", document(made.stdout)["id"], "--json")
    assert [document(line)["deleted"] for line in deleted.stdout.splitlines()] == [True]


# ---- the gateway ----------------------------------------------------------------------------------------------------


def test_models_shows_what_each_can_do(reelgate: Reelgate) -> None:
    (line,) = (line for line in reelgate("models").stdout.splitlines() if line.startswith("runway/veo3.1 "))
    assert re.search(r"text, image +4 6 8 .+1280x720.+audio, seed, negative_prompt +0.2 to 0.4", line)
    assert document(reelgate("models", "--json").stdout)["object"] == "list"


def test_health_says_that_the_gateway_can_work(reelgate: Reelgate) -> None:
    asked = reelgate("health")
    assert asked.exit_code == 0
    told = "sandbox: emulators draw the videos, nothing is paid"
    assert re.match(rf"ok reelgate \d+\.\d+\.\d+, {told}\n  database +ok", asked.stdout)
    assert document(reelgate("health", "--json").stdout)["status"] == "ok"


def test_health_fails_when_the_gateway_cannot_work(reelgate: Reelgate, monkeypatch: pytest.MonkeyPatch) -> None:
    down = {"status": "unavailable", "version": "0.1.0", "sandbox": False, "dependencies": []}
    with serving(503, "application/json", json.dumps(down)) as url:
        monkeypatch.setenv("REELGATE_URL", url)
        assert reelgate("health").exit_code == 1


def test_a_key_is_sent_from_the_option_or_the_environment(
    reelgate: Reelgate, data: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gateway_on(data, REELGATE_API_KEYS=f"alice:{SECRET}") as locked:
        monkeypatch.setenv("REELGATE_URL", locked)
        assert "code virtual_key_required" in reelgate("list").stderr
        assert reelgate("--key", SECRET, "list").exit_code == 0
        monkeypatch.setenv("REELGATE_API_KEY", SECRET)
        assert reelgate("list").exit_code == 0


# ---- trouble --------------------------------------------------------------------------------------------------------


def test_a_refusal_is_told_with_its_code_and_event(reelgate: Reelgate) -> None:
    asked = reelgate("get", "nothing")
    assert (asked.exit_code, asked.stdout) == (1, "")
    assert re.fullmatch(r"error: There is no video 'nothing'\.\n +code video_not_found, event \w+\n", asked.stderr)


def test_a_refusal_is_the_gateways_own_document_as_json(reelgate: Reelgate) -> None:
    asked = reelgate("get", "nothing", "--json")
    assert (asked.exit_code, asked.stdout) == (1, "")
    assert document(asked.stderr)["error"]["code"] == "video_not_found"


def test_no_gateway_says_how_to_start_one(reelgate: Reelgate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REELGATE_URL")
    monkeypatch.setenv("PORT", "1")
    asked = reelgate("generate", "A boat", "-m", "runway/gen4.5")
    assert asked.exit_code == 1
    assert asked.stderr == "error: There is no gateway at http://127.0.0.1:1. Start one with `make run`.\n"
    asked = reelgate("generate", "A boat", "-m", "runway/gen4.5", "--json")
    assert document(asked.stderr)["error"]["code"] == "no_gateway"


def test_another_server_is_not_taken_for_a_gateway(reelgate: Reelgate, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(404, "text/html", "<h1>Not here</h1>") as url:
        monkeypatch.setenv("REELGATE_URL", url)
        asked = reelgate("list")
    assert asked.exit_code == 1
    assert "answered 404 Not Found, not as a gateway does" in asked.stderr


def test_a_lost_answer_is_not_called_a_failure_to_send(reelgate: Reelgate, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(None, "", "") as url:
        monkeypatch.setenv("REELGATE_URL", url)
        asked = reelgate("generate", "A boat", "-m", "runway/gen4.5")
    assert asked.exit_code == 1
    assert "What was asked may have been done all the same" in asked.stderr


def test_a_url_or_id_that_cannot_be_asked_is_a_wrong_use(reelgate: Reelgate) -> None:
    assert reelgate("--url", "localhost:8080", "list").exit_code == 2
    asked = reelgate("get", "..")
    assert (asked.exit_code, asked.stderr) == (2, "error: '..' cannot be a part of a path.\n")


# ---- passwords ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\nand more\n"])
def test_hash_password_prints_the_hash_of_a_line_and_nothing_else(end: str) -> None:
    made = CliRunner().invoke(cli.app, ["hash-password"], input=f"correct horse {end}")
    assert (made.exit_code, made.stderr) == (0, "")
    assert argon2.PasswordHasher().verify(made.stdout.removesuffix("\n"), "correct horse ")


def test_hash_password_refuses_a_short_one() -> None:
    refused = CliRunner().invoke(cli.app, ["hash-password"], input="too short\n")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "12 characters or more" in refused.stderr
