"""`reelgate unknown` and `reelgate resolve`: what an operator does about creates that no list can decide."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from reelgate.cli import app
from tests.gateway import Gateway, new_database, running
from tests.handlers.wire import standalone_sandbox


@dataclass
class House:
    """A gateway whose one provider has no list, and the command on the same machine."""

    gateway: Gateway
    upstream: Path
    environment: dict[str, str]

    def lose(self, prompt: str) -> str:
        """A create whose answer is lost -> its id."""
        lost = self.gateway.ask("POST", "/v1/videos", json={"model": "runway/gen4.5", "prompt": prompt})
        assert lost.json()["error"]["code"] == "submission_unknown", lost.text
        return str(lost.json()["extra_fields"]["video_id"])

    def native_id(self, prompt: str) -> str:
        with sqlite3.connect(self.upstream) as connection:
            rows = connection.execute("SELECT id, request FROM tasks").fetchall()
        return next(str(task) for task, request in rows if json.loads(request).get("prompt") == prompt)

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, env=self.environment)

    def unknown(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run("unknown", "--json").stdout.splitlines()]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory, database = tmp_path_factory.mktemp("unknown"), new_database()
    with standalone_sandbox(directory / "upstream", job_seconds=0.5) as upstream:
        provider = {
            "keys": [{"name": "own", "value": "key_sandbox_reelgate"}],
            "network_config": {"base_url": f"{upstream}/runway"},
        }
        configuration = {"providers": {"runway": provider}}
        file = directory / "config.json"
        file.write_text(json.dumps(configuration))
        environment = {
            "DATABASE_URL": database,
            "REELGATE_CONFIG": str(file),
            "REELGATE_DATA_DIR": str(directory),
            "REELGATE_SANDBOX": "false",
        }
        with running(directory, database, configuration, poll_seconds=0.2) as gateway:
            yield House(gateway, directory / "upstream" / "sandbox.sqlite3", environment)


def test_a_job_that_was_made_is_adopted_and_followed(house: House) -> None:
    prompt = "made [sandbox:drop-after] [sandbox:no-render]"
    video_id = house.lose(prompt)
    (found,) = [each for each in house.unknown() if each["id"] == video_id]
    assert (found["provider"], found["model"], found["key"], found["still_asked"], found["prompt"]) == (
        *("runway", "gen4.5", "own", False),
        prompt,
    )
    done = house.run("resolve", video_id, "--found", house.native_id(prompt))
    assert done.exit_code == 0 and video_id in done.stdout, done.output
    video = house.gateway.finished(video_id)
    assert video["status"] == "completed"
    assert [attempt["outcome"] for attempt in video["extra_fields"]["attempts"]] == ["unknown", "adopted"]
    assert video_id not in [each["id"] for each in house.unknown()]


def test_one_of_which_nothing_was_made_is_closed(house: House) -> None:
    video_id = house.lose("never made [sandbox:drop-before]")
    assert house.run("resolve", video_id, "--nothing-made").exit_code == 0
    video = house.gateway.ask("GET", f"/v1/videos/{video_id}").json()
    assert (video["status"], video["error"]["code"]) == ("failed", "submission_lost")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["video_nowhere", "--nothing-made"], 1, "There is no job video_nowhere"),
        (["video_nowhere"], 2, "Give one of --found NATIVE_ID and --nothing-made"),
        (["video_nowhere", "--nothing-made", "--found", "x"], 2, "Give one of"),
    ],
)
def test_what_cannot_be_resolved_is_told(house: House, arguments: list[str], code: int, says: str) -> None:
    done = house.run("resolve", *arguments)
    assert (done.exit_code, says in done.output) == (code, True), done.output


def test_what_is_known_is_not_resolved_again(house: House) -> None:
    job = house.gateway.create(model="runway/gen4.5")
    house.gateway.finished(job["id"])
    done = house.run("resolve", job["id"], "--nothing-made")
    assert (done.exit_code, "is known: it is completed" in done.output) == (1, True), done.output


def test_one_job_of_the_provider_is_not_adopted_twice(house: House) -> None:
    owned = house.gateway.create("owned [sandbox:no-render]", model="runway/gen4.5")
    video_id = house.lose("twice [sandbox:drop-after]")
    done = house.run("resolve", video_id, "--found", owned["extra_fields"]["provider_job_id"])
    assert (done.exit_code, "belongs to another job" in done.output) == (1, True), done.output
    unheard = house.run("resolve", video_id, "--found", "7d1cb2a5-4c3e-4d5c-8c0e-2f8a5a3f4b11")
    assert unheard.exit_code == 1, unheard.output
    assert video_id in [each["id"] for each in house.unknown()]
