"""The doctor: what it finds, in which words, with which exit code; and that looking changes and shows nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from handlers.doctor import Finding, examine
from handlers.providers.registry import PROVIDERS
from handlers.settings import Settings, load
from reelgate.cli import app
from tests.gateway import EMULATED, new_database
from tests.handlers.buckets import bucket
from tests.handlers.wire import ROOT, origin, reply, standalone_sandbox

WRONG = "sk-wrong-hunter2-secret"
NOWHERE = "http://127.0.0.1:1"
KEYS = {
    # provider -> what its emulator takes, and what it does not
    name: (adapter.sandbox_secret, WRONG)
    for name, adapter in PROVIDERS.items()
    if name not in ("vertex", "vllm", "sgl")
}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {variable for each in PROVIDERS.values() for variable in (*each.key_variables, *each.url_variables)}
    for name in variables | {str(field.validation_alias) for field in Settings.model_fields.values()}:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def database() -> str:
    return new_database()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with standalone_sandbox(tmp_path_factory.mktemp("doctor") / "sandbox") as url:
        yield url


def provider(base_url: str, *values: str, **also: Any) -> dict[str, Any]:
    keys = [{"name": f"key-{number}", "value": value, **also} for number, value in enumerate(values, 1)]
    return {"keys": keys, "network_config": {"base_url": base_url}}


def written(folder: Path, **providers: Mapping[str, Any]) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps({"providers": providers}))
    return path


async def found(path: Path, database: str) -> dict[str, Finding]:
    """What the doctor says of a file, by subject."""
    settings = load(config=path, database_url=database, data_dir=path.parent)
    return {each.subject: each for each in await examine(settings, os.environ)}


@pytest.mark.parametrize("name", KEYS)
async def test_a_key_that_is_taken_is_told_from_one_that_is_not(
    tmp_path: Path, database: str, sandbox: str, name: str
) -> None:
    url = sandbox + EMULATED[name]
    said = await found(written(tmp_path, **{name: provider(url, *KEYS[name])}), database)
    good, bad = said[f"{name}/key-1"], said[f"{name}/key-2"]
    assert good.verdict == "ok", good
    assert good.says == f"{url} answers and takes the key"
    assert bad.verdict == "wrong" and bad.says.startswith(f"{url} does not take the key: "), bad
    assert not any(WRONG in each.says or KEYS[name][0] in each.says for each in said.values())


async def test_nothing_is_created_by_looking(tmp_path: Path, database: str, sandbox: str) -> None:
    def counts() -> dict[str, list[int]]:
        stats = requests.get(f"{sandbox}/stats", timeout=5).json()
        return {name: [of["creates_accepted"], of["deletes"], of["foreign_access"]] for name, of in stats.items()}

    before = counts()
    urls = {name: sandbox + EMULATED[name] for name in KEYS}
    said = await found(written(tmp_path, **{name: provider(urls[name], *KEYS[name]) for name in KEYS}), database)
    assert len(said) == 4 + 2 * len(KEYS)
    assert counts() == before


async def test_a_provider_that_cannot_be_reached_is_wrong(tmp_path: Path, database: str) -> None:
    said = await found(written(tmp_path, openai=provider(NOWHERE, WRONG)), database)
    assert said["openai/key-1"].verdict == "wrong"
    assert said["openai/key-1"].says.startswith(f"{NOWHERE} cannot be reached: ")


@pytest.mark.parametrize(
    ("status", "verdict", "words"),
    [
        (500, "wrong", "answers, but: The provider failed (500)"),
        (503, "wrong", "answers, but: The provider is overloaded"),
        (429, "wrong", "answers, but: The provider is rate limiting"),
        (403, "wrong", "does not take the key"),
        (404, "ok", "answers and takes the key"),
    ],
)
async def test_what_a_provider_answers_is_told_without_the_key(
    tmp_path: Path, database: str, status: int, verdict: str, words: str
) -> None:
    body = json.dumps({"error": {"message": f"no, {WRONG}", "type": "x", "param": None, "code": None}}).encode()
    with origin(lambda _: [reply(status, body, content_type="application/json")]) as upstream:
        said = (await found(written(tmp_path, openai=provider(upstream.url, WRONG)), database))["openai/key-1"]
    assert (said.verdict, words in said.says) == (verdict, True), said
    assert WRONG not in said.says
    assert [each.method for each in upstream.received] == ["GET"]


async def test_keys_that_are_not_in_use_are_noted_and_not_asked(tmp_path: Path, database: str, sandbox: str) -> None:
    url = f"{sandbox}/openai/v1"
    keys = [
        {"name": "off", "value": WRONG, "enabled": False},
        {"name": "none", "value": KEYS["openai"][0], "models": []},
        {"name": "spare", "value": KEYS["openai"][0], "weight": 0},
    ]
    path = written(tmp_path, openai={"keys": keys, "network_config": {"base_url": url}})
    settings = load(config=path, database_url=database, data_dir=tmp_path)
    said = [(each.subject, each.verdict, each.says) for each in await examine(settings, {}) if "/" in each.subject]
    assert said == [
        ("openai/off", "note", "is not enabled"),
        ("openai/none", "note", "may be used for no model at all: `models` is empty"),
        ("openai/spare", "note", "is only used when a request pins it: its weight is 0"),
        ("openai/none", "ok", f"{url} answers and takes the key"),
        ("openai/spare", "ok", f"{url} answers and takes the key"),
    ]


async def test_where_the_configuration_comes_from_is_told(tmp_path: Path, database: str) -> None:
    settings = load(database_url=database, data_dir=tmp_path)
    bare = {each.subject: each for each in await examine(settings, {})}
    assert "the vendors' environment variables" in bare["configuration"].says
    assert bare["sandbox"].says.endswith("no provider is configured")
    environment = {"OPENAI_API_KEY": WRONG, "OPENAI_BASE_URL": NOWHERE}
    assert (await examine(settings, environment))[-1].subject == "openai/default"
    path = written(tmp_path)
    empty = (await found(path, database))["configuration"]
    assert (empty.verdict, empty.says) == ("wrong", f"0 providers, from {path}")


async def test_a_database_that_is_away_is_wrong_and_its_password_is_not_shown(tmp_path: Path) -> None:
    said = await found(written(tmp_path), "postgresql://u:hunter2-password@127.0.0.1:1/reelgate")
    assert said["database"].verdict == "wrong" and "127.0.0.1" in said["database"].says
    assert not any("hunter2" in each.says for each in said.values())


async def test_an_archive_is_tried(tmp_path: Path, database: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with bucket() as s3:
        for storage, verdict in (
            (f"file:{tmp_path}/archive", "ok"),
            (s3, "ok"),
            (f"file:{tmp_path}/file/below", "wrong"),
            ("s3://no-such-bucket/x", "wrong"),
            ("ftp://host/x", "wrong"),
        ):
            settings = load(database_url=database, data_dir=tmp_path, storage=storage)
            said = {each.subject: each for each in await examine(settings, {})}["storage"]
            assert (said.verdict, storage in said.says) == (verdict, True), said
    assert not [each for each in (tmp_path / "archive").rglob("*") if each.is_file()]


# ---- the command ----------------------------------------------------------------------------------------------------


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database: str) -> dict[str, str]:
    chosen = {"DATABASE_URL": database, "REELGATE_DATA_DIR": str(tmp_path), "REELGATE_API_KEYS": f"alice:{WRONG}-own"}
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    return chosen


def test_all_is_well_ends_with_0(settings: dict[str, str], tmp_path: Path, sandbox: str) -> None:
    written(tmp_path, openai=provider(f"{sandbox}/openai/v1", KEYS["openai"][0]))
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ok", "callers"],
        ["ok", "configuration"],
        ["ok", "database"],
        ["note", "storage"],
        ["ok", "openai/key-1"],
    ]
    assert "keys for alice" in lines[0] and WRONG not in done.output and KEYS["openai"][0] not in done.output


def test_something_wrong_ends_with_1_also_as_json(settings: dict[str, str], tmp_path: Path, sandbox: str) -> None:
    written(tmp_path, openai=provider(f"{sandbox}/openai/v1", WRONG), xai=provider(NOWHERE, WRONG))
    for arguments in (["doctor"], ["doctor", "--json"]):
        done = CliRunner().invoke(app, arguments)
        assert (done.exit_code, done.stderr) == (1, ""), done.output
        assert WRONG not in done.output
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(each.keys() == {"subject", "verdict", "says"} for each in findings)
    assert {each["subject"]: each["verdict"] for each in findings} == {
        "callers": "ok",
        "configuration": "ok",
        "database": "ok",
        "storage": "note",
        "openai/key-1": "wrong",
        "xai/key-1": "wrong",
    }


def test_a_process_of_it_says_nothing_but_its_findings(settings: dict[str, str], tmp_path: Path) -> None:
    written(tmp_path, openai=provider(NOWHERE, WRONG))
    environment = os.environ | settings | {"DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/x"}
    arguments = [sys.executable, "-m", "reelgate", "doctor", "--json"]
    done = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (1, "")
    verdicts = {each["subject"]: each["verdict"] for each in map(json.loads, done.stdout.splitlines())}
    assert (verdicts["database"], verdicts["openai/key-1"]) == ("wrong", "wrong")
    assert "hunter2" not in done.stdout
