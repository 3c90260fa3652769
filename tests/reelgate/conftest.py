"""Gateways as people start them, `python -m reelgate serve`, in the sandbox; and the command to ask them with."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from handlers.settings import Settings
from reelgate.cli import app

SECRET = "a-secret-of-alice"
QUICK = "[sandbox:no-render]"  # a film that takes no time to render

Reelgate = Callable[..., Result]


def variables(name: str) -> list[str]:
    """The environment variables of a setting."""
    alias = Settings.model_fields[name].validation_alias
    return [alias] if isinstance(alias, str) else [str(choice) for choice in getattr(alias, "choices", ())]


def environment(**changes: str) -> dict[str, str]:
    """This environment without settings of a gateway, so that it starts in the sandbox."""
    ours = {variable for name in Settings.model_fields for variable in variables(name)}
    return {name: value for name, value in os.environ.items() if name not in ours} | changes


@contextlib.contextmanager
def started(arguments: list[str], folder: Path, ready: str, **settings: str) -> Iterator[tuple[str, ...]]:
    """A process of the gateway, from its ready line to SIGTERM. Gives what the groups of `ready` caught."""
    command = [sys.executable, "-m", "reelgate", *arguments]
    with (folder / f"{arguments[0]}.log").open("a+") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment(**settings))
        impatience = threading.Timer(60, process.kill)
        impatience.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if found := re.search(ready, line):
                    break
            else:
                log.seek(0)
                pytest.fail(f"`reelgate {arguments[0]}` did not start:\n{log.read()}")
            impatience.cancel()
            yield found.groups()
        finally:
            impatience.cancel()
            process.terminate()
            process.communicate(timeout=30)


@contextlib.contextmanager
def gateway_on(folder: Path, **settings: str) -> Iterator[str]:
    """The URL of a gateway whose data is in `folder`."""
    settings = {"REELGATE_DATA_DIR": str(folder), "REELGATE_SANDBOX_JOB_SECONDS": "0.3", **settings}
    with started(["serve", "--port", "0"], folder, r"ready on (http://\S+)", **settings) as (url,):
        yield url


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reelgate")


@pytest.fixture(scope="session")
def url(data: Path) -> Iterator[str]:
    with gateway_on(data) as url:
        yield url


@pytest.fixture
def reelgate(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reelgate:
    """Runs the command in an empty folder, as `reelgate("get", id)`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REELGATE_URL", url)
    monkeypatch.delenv("REELGATE_API_KEY", raising=False)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="session")
def finished(url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The id of a video that is completed, at a provider that can remix."""
    path = tmp_path_factory.mktemp("finished") / "boat.mp4"
    prompt = f"A paper boat [red] {QUICK}"
    made = CliRunner().invoke(app, ["--url", url, "generate", prompt, "-m", "openai/sora-2", "-o", str(path)])
    assert made.exit_code == 0, made.output
    return str(re.findall(r"video_\w{26}", made.stdout)[0])
