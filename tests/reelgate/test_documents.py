"""What the documents say is so: tables are compared with the code, examples are run."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
import standardwebhooks
from pydantic_core import PydanticUndefined

from handlers import errors
from handlers.providers.catalog import catalog
from handlers.providers.registry import PROVIDERS
from handlers.settings import Settings
from reelgate.cli import app
from sandbox import trouble
from sandbox.app import EMULATORS

from .conftest import variables

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
README = DOCUMENTS[0].read_text()
SETTINGS, ERRORS = ((ROOT / "docs" / f"{name}.md").read_text() for name in ("settings", "errors"))
HERE = "http://127.0.0.1:8080"  # the gateway of the examples


# ---- tables ---------------------------------------------------------------------------------------------------------


def rows(text: str) -> list[str]:
    """The rows of the first table."""
    table = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert table is not None
    return table.group().splitlines()[2:]


def settings_rows() -> list[str]:
    """The table of settings as it should be."""
    return [
        f"| {' or '.join(f'`{variable}`' for variable in variables(name))} | {_default(name)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]


def _default(name: str) -> str:
    default = Settings.model_fields[name].default
    if default is None or default is PydanticUndefined:
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_every_setting_is_documented() -> None:
    assert rows(SETTINGS) == settings_rows()


def test_every_command_stands_in_the_readme() -> None:
    documented = dict(re.findall(r"^\| `reelgate ([\w-]+)` \| (.+) \|$", README, re.MULTILINE))
    commands: dict[str, str] = {}
    for command in app.registered_commands:
        assert command.callback is not None
        commands[command.name or command.callback.__name__.replace("_", "-")] = (
            command.callback.__doc__ or ""
        ).partition("\n")[0]
    assert documented == commands


def test_every_error_code_of_an_answer_is_documented() -> None:
    documented = re.findall(r"^\| [^|]+ \| `(\w+)` \|", "\n".join(rows(ERRORS)), re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert set(documented) == _codes_of_classes() | set(_codes_where_raised())


def test_every_code_of_a_failed_job_is_documented() -> None:
    text = ERRORS.partition("why the job failed")[2]
    documented = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert documented >= set(_codes_of_jobs())
    assert documented <= set(_literals()), "a code is documented that no module has"


def test_the_status_of_an_error_is_that_of_its_class() -> None:
    documented = {code: status for status, code in re.findall(r"^\| (\d+)[^|]* \| `(\w+)` \|", ERRORS, re.MULTILINE)}
    for error in _classes(errors.ReelgateError):
        if error.code in documented and not error.__subclasses__():
            assert documented[error.code] == str(error.status), error.__name__


def test_the_measured_numbers_are_those_of_the_benchmark() -> None:
    results = (ROOT / "bench" / "RESULTS.md").read_text()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in results.splitlines()]
    found = {(row[0], row[1]): row for row in cells if len(row) == 10}
    cpu = {name: float(row[2].split()[0]) for name, row in found.items() if row[2][:1].isdigit()}
    poll, create = (float(found[name, "LiteLLM"][4].split()[0]) for name in ("poll", "create"))  # taken round by round
    said = " ".join(README.partition("\n## What it costs to run\n")[2].partition("\n## ")[0].split())
    assert f"about {poll:.0f} times less CPU" in said
    assert f"A create takes {1 / create:.1f} times as much as there" in said
    followed = cpu["… and followed", "reelgate"] / cpu["create", "reelgate"]
    assert f"{followed:.1f} times its own" in said
    scale = {row[0]: row[1].split()[0] for row in cells if len(row) == 3 and row[1][:1].isdigit()}
    assert f"10,000 jobs on {scale['CPU of the server']} cores" in said
    assert f"about all of them after {float(scale['… all of them are']):.0f} seconds" in said
    told = max(float(row[5]) for row in cells if len(row) == 6 and row[5].isdigit())
    assert f"the last one is told after {told / 1000:.1f} seconds" in said
    pages = max(float(cell) for row in cells if len(row) == 8 and row[1] in ("asc", "desc") for cell in row[4:] if cell)
    assert f"at most {pages:.1f} times" in said
    ours = {
        row[0]: float(row[1]) for row in cells if len(row) == 5 and row[1].replace(".", "").replace("-", "").isdigit()
    }
    (memory,) = {name: value for name, value in ours.items() if name.startswith("memory for one of 30")}.values()
    assert f"begins to arrive {ours['first byte, ms more than direct']:.0f} ms later than" in said
    assert f"at {ours['throughput, of direct']:.1f} of its speed, and takes {memory:.0f} MB of memory" in said
    (theirs,) = [row for row in cells if len(row) == 9 and row[0].startswith("30") and row[1:3] == ["1", "LiteLLM"]]
    assert f"begins after {float(theirs[3].split()[0]) / 1000:.0f} seconds" in said
    assert f"takes {float(theirs[8]) / 1000:.0f} GB" in said


def test_every_trouble_of_the_readme_can_be_ordered() -> None:
    ordered = [row.split("`")[1] for row in rows(README.partition("\n## Ask for trouble\n")[2])]
    assert all(trouble.parse(prompt) for prompt in ordered)


def _classes(root: type[errors.ReelgateError]) -> Iterator[type[errors.ReelgateError]]:
    for kind in root.__subclasses__():
        yield kind
        yield from _classes(kind)


def _codes_of_classes() -> set[str]:
    return {kind.code for kind in _classes(errors.ReelgateError)}


def _nodes() -> Iterator[ast.AST]:
    for path in sorted((ROOT / "handlers").rglob("*.py")):
        yield from ast.walk(ast.parse(path.read_text()))


def _texts(node: ast.AST) -> Iterator[str]:
    """The string literals within an expression that can be its value: not the "code" of `record["code"]`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif not isinstance(node, ast.Subscript):
        for inner in ast.iter_child_nodes(node):
            yield from _texts(inner)


def _codes_where_raised() -> Iterator[str]:
    """`SomeError(..., code="…")`, except where a VideoError is written."""
    for node in _nodes():
        if isinstance(node, ast.Call) and not ast.unparse(node.func).endswith("VideoError"):
            for keyword in node.keywords:
                if keyword.arg == "code":
                    yield from _texts(keyword.value)


def _codes_of_jobs() -> Iterator[str]:
    """`{"code": "…", …}`, `error_code="…"` and `VideoError(code="…")`: what the ledger keeps of a failure."""
    for node in _nodes():
        match node:
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == "code":
                        yield from _texts(value)
            case ast.keyword(arg="error_code", value=value):
                yield from (text for text in _texts(value) if text.isidentifier())
            case ast.Call(func=func, keywords=keywords) if ast.unparse(func).endswith("VideoError"):
                for keyword in keywords:
                    if keyword.arg == "code":
                        yield from _texts(keyword.value)


def _literals() -> Iterator[str]:
    for node in _nodes():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


# ---- links and examples ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", document.read_text()):
        place = document.parent / target if target else document
        assert place.exists(), target
        assert not anchor or anchor in _anchors(place), f"{target}#{anchor}"


def _anchors(document: Path) -> set[str]:
    """The headings of a document as links name them: "Add a provider" -> "add-a-provider"."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_module_of_the_architecture_exists() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text().replace("<name>", "runway")
    for module in re.findall(r"(?:^|`)((?:\w+/)*\w+\.py)\b", text, re.MULTILINE):
        folders = (ROOT, ROOT / "handlers", ROOT / "handlers" / "providers")
        assert any((folder / module).exists() for folder in folders), module


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    asked = re.findall(r"(?:`|^)make ([a-z -]+)", document.read_text(), re.MULTILINE)
    assert {target for line in asked for target in line.split()} <= targets


PLACES = {
    "upstreams/<name>.yaml": "upstreams/{}.yaml",
    "handlers/providers/<name>.py": "handlers/providers/{}.py",
    "handlers/providers/models/<name>.yaml": "handlers/providers/models/{}.yaml",
    "sandbox/<name>.py": "sandbox/{}.py",
    "tests/sandbox/test_<name>.py": "tests/sandbox/test_{}.py",
    "tests/handlers/providers/test_<name>*.py": "tests/handlers/providers/test_{}*.py",
}
"""What CONTRIBUTING.md calls the files of a provider -> where they are."""


def test_the_files_of_a_provider_are_those_of_contributing() -> None:
    section = (ROOT / "CONTRIBUTING.md").read_text().partition("\n## Add a provider\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(\S*<name>\S*)`", section)) == set(PLACES)


@pytest.mark.parametrize("place", PLACES.values())
@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_has_the_files_that_contributing_names(name: str, place: str) -> None:
    assert list(ROOT.glob(place.format(name)))


def test_every_provider_has_an_emulator_and_the_catalogue_no_other() -> None:
    assert set(EMULATORS) == set(catalog()) == set(PROVIDERS)


def examples(language: str, word: str, text: str = README) -> list[str]:
    """The code blocks in a language that hold a word, the README's unless told otherwise."""
    return [block for block in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL) if word in block]


@pytest.mark.parametrize("word", ["until curl", "reelgate generate"])
def test_the_shell_examples_of_the_readme_work(word: str, url: str, tmp_path: Path) -> None:
    (example,) = examples("sh", word)
    folder = Path(sys.executable).parent
    environment = os.environ | {"REELGATE_URL": url, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    _run(["bash", "-euo", "pipefail", "-c", example.replace(HERE, url)], tmp_path, environment)
    assert (tmp_path / "boat.mp4").read_bytes()[4:8] == b"ftyp"


def test_the_example_of_a_virtual_key_makes_one_that_has_what_it_says(url: str, tmp_path: Path) -> None:
    (example,) = examples("sh", "virtual-keys")
    command = example.replace(HERE, url).replace("-u admin ", "-s ")  # who asks for it here is an admin anyway
    made = json.loads(_run(["bash", "-euo", "pipefail", "-c", command], tmp_path, dict(os.environ)))["virtual_key"]
    assert made["value"].startswith("sk-bf-")
    assert made["budgets"][0]["max_limit"] == 50 and made["rate_limit"]["concurrent_max_limit"] == 4


def test_the_example_of_the_configuration_page_shows_what_was_sent(url: str, tmp_path: Path) -> None:
    (example,) = examples("sh", "curl", (ROOT / "docs" / "configuration.md").read_text())
    assert '"raw_request":{' in _run(["bash", "-euc", example.replace(HERE, url)], tmp_path, dict(os.environ))


@pytest.mark.parametrize("word", ["openai", "generated.client"])
def test_the_python_examples_of_the_readme_work(word: str, url: str, tmp_path: Path) -> None:
    (example,) = examples("python", word)
    _run([sys.executable, "-W", "ignore", "-c", example.replace(HERE, url)], tmp_path, dict(os.environ))
    assert (tmp_path / "boat.mp4").read_bytes()[4:8] == b"ftyp"


def test_the_receiver_of_the_readme_takes_what_is_signed_and_nothing_else(tmp_path: Path) -> None:
    (example,) = examples("python", "standardwebhooks")
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    program = example.replace("9000", str(port))
    environment = os.environ | {"WEBHOOK_SECRET": secret}
    receiver = subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        body, now = '{"type": "video.completed", "data": {"id": "video_1"}}', datetime.now(UTC)
        signature = standardwebhooks.Webhook(secret).sign("msg_1", now, body)
        headers = {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }
        assert _posted(port, body, headers) == 204
        assert _posted(port, body + " ", headers) == _posted(port, body, {}) == 401
    finally:
        receiver.terminate()
    assert receiver.communicate(timeout=10)[0] == "video.completed video_1\n"


def _posted(port: int, body: str, headers: dict[str, str]) -> int:
    """The status of the answer, as soon as somebody listens."""
    for _ in range(100):
        with contextlib.suppress(requests.ConnectionError):
            return requests.post(f"http://127.0.0.1:{port}/", data=body, headers=headers, timeout=10).status_code
        time.sleep(0.1)
    raise AssertionError("nobody listens")


def test_the_example_of_the_webhooks_page_registers_an_endpoint(url: str, tmp_path: Path) -> None:
    (example,) = examples("sh", "curl", (ROOT / "docs" / "webhooks.md").read_text())
    assert '"secret":"whsec_' in _run(["bash", "-euc", example.replace(HERE, url)], tmp_path, dict(os.environ))


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
