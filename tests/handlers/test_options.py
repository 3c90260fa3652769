"""The options that can be set while the gateway runs, and what is running."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
import pytest

from handlers.access import following
from handlers.configuration import Client
from tests.gateway import Gateway, judge, new_database, running
from tests.handlers.test_tracking import until
from tests.handlers.wire import Cable, configured, dsn, origin, reply

FILE = {"client": {"allow_per_request_raw_override": True}}
DEFAULTS = {name: field.default for name, field in Client.model_fields.items()}


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with running(tmp_path, configuration=FILE, api_keys={}) as gateway:
        yield gateway
        judge(gateway, gateway.exchanges)


def config(gateway: Gateway) -> Any:
    return gateway.ask("GET", "/api/config").json()


def set_(gateway: Gateway, **options: Any) -> Any:
    answer = gateway.ask("PUT", "/api/config", json={"client": options})
    assert answer.status_code == 200, answer.text
    return answer.json()["config"]


def test_what_is_set_wins_over_the_file_until_it_is_given_back(gateway: Gateway) -> None:
    file = DEFAULTS | {"allow_per_request_raw_override": True}
    assert config(gateway) == {"client": file, "declared": {"file": file, "api": {}}}
    ours = {"allow_per_request_raw_override": False, "unpriced_models": "admit"}
    assert set_(gateway, **ours) == {"client": file | ours, "declared": {"file": file, "api": ours}}
    set_(gateway, allow_per_request_raw_override=None)
    assert config(gateway)["declared"]["api"] == {"unpriced_models": "admit"}
    assert config(gateway)["client"] == file | {"unpriced_models": "admit"}


@pytest.mark.parametrize("options", [{"unpriced_models": "maybe"}, {"nobody": True}, {"disable_content_logging": 1}])
def test_what_is_no_option_is_refused(gateway: Gateway, options: dict[str, Any]) -> None:
    answer = gateway.ask("PUT", "/api/config", json={"client": options})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


def test_a_value_that_only_another_version_knows_is_passed_over(gateway: Gateway) -> None:
    with psycopg.connect(dsn(gateway), autocommit=True) as connection:
        connection.execute("""INSERT INTO options (name, value) VALUES ('unpriced_models', '"ask"'), ('later', '1')""")
    assert config(gateway)["client"]["unpriced_models"] == "refuse"


def test_an_option_holds_at_once_and_in_other_processes_within_a_moment(tmp_path: Path) -> None:
    made = reply(200, b'{"id": "v1", "object": "video", "status": "queued"}')
    with origin(lambda request: [made]) as there:
        file = configured(openai=there.url)
        database = new_database()
        with (
            running(tmp_path / "a", database, configuration=file, api_keys={}) as one,
            running(tmp_path / "b", database, configuration=file, api_keys={}) as other,
        ):
            assert not raw(one) and not raw(other)
            set_(one, allow_per_request_raw_override=True)
            assert raw(one)
            until(lambda: raw(other))
            set_(other, allow_per_request_raw_override=None)
            assert not raw(other)
            until(lambda: not raw(one))


def raw(gateway: Gateway) -> bool:
    """Whether a request is shown what was said to the provider."""
    body = {"model": "openai/sora-2", "prompt": "p"}
    answer = gateway.ask("POST", "/v1/videos", json=body, headers={"x-bf-send-back-raw-request": "true"})
    return "raw_request" in answer.json()["extra_fields"]


def test_while_changes_are_not_heard_they_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "LOOK", 0.2)
    database = new_database()
    with Cable(database).plugged_in() as cable, running(tmp_path / "a", database, {}, api_keys={}) as one:
        cable.deafen = lambda said: b"LISTEN" in said
        with running(tmp_path / "b", cable.url, {}, api_keys={}) as deaf:
            assert deaf.ask("GET", "/health").json()["status"] == "degraded"
            assert deaf.ask("GET", "/api/models").json()["total"] == 0
            body = {"name": "runway", "keys": [{"name": "a", "value": "env.PATH"}]}
            assert one.ask("POST", "/api/providers", json=body).status_code == 200
            until(lambda: deaf.ask("GET", "/api/models").json()["total"] > 0)


def test_the_version_is_that_of_the_package_and_of_the_document(gateway: Gateway) -> None:
    said = gateway.ask("GET", "/api/version").json()
    assert said["version"] == said["document"] == version("reelgate")
    assert said["python"] == platform.python_version()
