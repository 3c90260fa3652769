"""Providers and keys that are added, changed and deleted while the gateway runs."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import psycopg
import pytest
import requests
from pydantic import BaseModel

from handlers.access import secret_parts
from handlers.configuration import Key, Part, Provider
from handlers.doctor import examine
from handlers.settings import Settings, load
from tests.gateway import ALICE, Gateway, judge, new_database, running
from tests.handlers.test_tracking import until
from tests.handlers.wire import ROOT, SERVE, Origin, Received, Steps, dsn, origin, process, reply

OPEN: dict[str, Any] = {"api_keys": {}, "encryption_key": "a key of the tests, long enough"}
FILE = {"providers": {"runway": {"keys": [{"name": "old", "value": "key_of_the_file_1234"}]}}}
FIRST, SECOND, HEADER = "sk-the-first-value-aaaa", "sk-the-second-value-bbbb", "header-value-of-ours-cccc"
CREDENTIALS = json.dumps({"type": "service_account", "private_key": "-----BEGIN hunter2-----"})


def studio(request: Received) -> Steps:
    """The OpenAI dialect; a job is done when its prompt says so."""
    if request.method == "POST":
        name = f"{'slow' if b'slow' in request.body else 'fast'}-{uuid.uuid4().hex}"
        return [reply(200, json.dumps({"id": name, "object": "video", "status": "queued"}).encode())]
    name = request.target.rpartition("/")[2]
    status = "in_progress" if name.startswith("slow") else "completed"
    return [reply(200, json.dumps({"id": name, "object": "video", "status": status, "progress": 50}).encode())]


@pytest.fixture(scope="module")
def vendor() -> Iterator[Origin]:
    with origin(studio) as there:
        yield there


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("admin"), configuration=FILE, **OPEN) as gateway:
        yield gateway


@pytest.fixture
def gateway(shared: Gateway) -> Iterator[Gateway]:
    before = len(shared.exchanges)
    yield shared
    for there in shared.ask("GET", "/api/providers").json()["providers"]:
        if there["source"] == "api":
            shared.ask("DELETE", f"/api/providers/{there['name']}?force=true")
        for key in there["keys"]:
            if there["source"] == "file" and key["source"] == "api":
                shared.ask("DELETE", f"/api/providers/{there['name']}/keys/{key['id']}?force=true")
    judge(shared, shared.exchanges[before:])


def add(gateway: Gateway, vendor: Origin, name: str = "backlot", **also: Any) -> dict[str, Any]:
    """A provider of the OpenAI dialect with one key, `main`."""
    body = {
        "name": name,
        "custom_provider_config": {"base_provider_type": "openai"},
        "network_config": {"base_url": vendor.url, "extra_headers": {"x-studio": HEADER}},
        "keys": [{"name": "main", "value": FIRST}],
        **also,
    }
    return done(gateway.ask("POST", "/api/providers", json=body))["provider"]


def done(answer: requests.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(answer: requests.Response, status: int, code: str, words: str = "") -> None:
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code) and words in error["message"], answer.text


def put(gateway: Gateway, path: str, **body: Any) -> requests.Response:
    return gateway.ask("PUT", f"/api/providers/{path}", json=body)


def bearers(vendor: Origin) -> list[str]:
    return [each.headers["authorization"].removeprefix("Bearer ") for each in vendor.received]


# ---- serving --------------------------------------------------------------------------------------------------------


def test_a_provider_that_was_added_serves_at_once(gateway: Gateway, vendor: Origin) -> None:
    refused(gateway.ask("POST", "/v1/videos", json={"model": "backlot/x", "prompt": "p"}), 404, "provider_not_found")
    add(gateway, vendor)
    video = gateway.create(model="backlot/x")
    assert gateway.finished(video["id"])["status"] == "completed"
    assert bearers(vendor)[-1] == FIRST and vendor.received[-1].headers["x-studio"] == HEADER


def test_it_serves_in_other_processes_within_a_moment_and_then_no_longer(
    gateway: Gateway, vendor: Origin, tmp_path: Path
) -> None:
    with running(tmp_path, database=dsn(gateway), configuration=FILE, **OPEN) as other:
        add(gateway, vendor)
        until(lambda: "backlot" in _callable(other))
        video = other.create(model="backlot/x")
        assert other.finished(video["id"])["status"] == "completed"
        done(gateway.ask("DELETE", "/api/providers/backlot"))
        assert "backlot" not in _callable(gateway)
        until(lambda: "backlot" not in _callable(other))


def test_what_is_deleted_is_not_used_where_something_else_cannot_be_loaded(
    gateway: Gateway, vendor: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def health() -> tuple[str, str | None]:
        found = next(
            each for each in requests.get(f"{other.url}/health").json()["dependencies"] if each["name"] == "providers"
        )
        return found["status"], found.get("detail")

    monkeypatch.setenv("LEAKY_KEY", FIRST)
    also = OPEN | {"encryption_key": "another key, which opens nothing of the first one's"}
    with running(tmp_path, database=dsn(gateway), configuration=FILE, **also) as other:
        add(
            gateway, vendor, keys=[{"name": "leaky", "value": "env.LEAKY_KEY"}], network_config={"base_url": vendor.url}
        )
        until(lambda: "backlot" in _callable(other))
        assert health() == ("ok", None)
        done(gateway.ask("POST", "/api/providers/runway/keys", json={"name": "sealed", "value": SECOND}))
        until(lambda: health()[0] == "degraded")
        assert "sealed" not in str(health()[1])
        done(gateway.ask("DELETE", "/api/providers/backlot/keys/leaky"))
        until(lambda: "backlot" not in _callable(other))
        answer = other.ask("POST", "/v1/videos", json={"model": "backlot/x", "prompt": "p"})
        refused(answer, 404, "provider_not_found")
        assert "runway" in _callable(other)
        done(gateway.ask("DELETE", "/api/providers/runway/keys/sealed"))
        until(lambda: health() == ("ok", None))


def _callable(gateway: Gateway) -> str:
    """What the gateway says there is, to a caller who names nothing of it."""
    answer = gateway.ask("POST", "/v1/videos", json={"model": "nobody/x", "prompt": "p"})
    return str(answer.json()["error"]["message"])


def test_it_is_there_after_a_restart(vendor: Origin, tmp_path: Path) -> None:
    database = new_database()
    with running(tmp_path, database=database, configuration={}, **OPEN) as gateway:
        add(gateway, vendor)
    with running(tmp_path, database=database, configuration={}, **OPEN) as gateway:
        video = gateway.create(model="backlot/x")
        assert gateway.finished(video["id"])["status"] == "completed"


def test_a_new_value_is_used_by_the_next_call_also_for_jobs_that_run(gateway: Gateway, vendor: Origin) -> None:
    add(gateway, vendor)
    running_job = gateway.create("slow", model="backlot/x")
    done(put(gateway, "backlot/keys/main", value=SECOND))
    after = len(vendor.received)
    until(lambda: len(vendor.received) > after + 1)
    assert set(bearers(vendor)[after + 1 :]) == {SECOND}
    gateway.create(model="backlot/x")
    assert FIRST not in bearers(vendor)[after + 1 :]
    assert gateway.ask("GET", f"/v1/videos/{running_job['id']}").json()["status"] != "failed"


def test_a_value_is_read_from_the_environment_and_told_by_its_name(
    gateway: Gateway, vendor: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKLOT_KEY", SECOND)
    there = add(gateway, vendor, keys=[{"name": "main", "value": "env.BACKLOT_KEY"}])
    assert there["keys"][0]["value"] == "env.BACKLOT_KEY"
    gateway.create(model="backlot/x")
    assert bearers(vendor)[-1] == SECOND
    refused(put(gateway, "backlot/keys/main", value="env.NOBODY"), 400, "invalid_request", "NOBODY is not set")


def test_a_key_that_is_added_to_a_provider_of_the_file_is_one_of_its_keys(gateway: Gateway) -> None:
    added = done(gateway.ask("POST", "/api/providers/runway/keys", json={"name": "new", "value": FIRST}))["key"]
    assert added["id"].startswith("key_") and added["value"] == "****aaaa"
    listed = done(gateway.ask("GET", "/api/providers/runway/keys"))
    assert [(key["name"], key["source"]) for key in listed["keys"]] == [("old", "file"), ("new", "api")]
    served = done(gateway.ask("GET", "/api/models?provider=runway&keys=new"))["models"]
    assert served and all(model["keys"] == [added["id"]] for model in served)
    done(put(gateway, "runway/keys/new", models=["gen4.5"], enabled=True))
    served = done(gateway.ask("GET", f"/api/models?keys={added['id']}"))
    assert [(each["provider"], each["name"]) for each in served["models"]] == [("runway", "gen4.5")]
    keys = {(key["provider"], key["name"]) for key in done(gateway.ask("GET", "/api/keys"))["keys"]}
    assert keys == {("runway", "old"), ("runway", "new")}


def test_a_provider_without_keys_can_be_used_when_it_has_one(gateway: Gateway, vendor: Origin) -> None:
    add(gateway, vendor, keys=[])
    assert "backlot" not in _callable(gateway)
    done(gateway.ask("POST", "/api/providers/backlot/keys", json={"name": "main", "value": FIRST}))
    assert gateway.finished(gateway.create(model="backlot/x")["id"])["status"] == "completed"


def test_what_did_not_change_keeps_its_line(vendor: Origin, tmp_path: Path) -> None:
    """A provider that is down is left alone, whatever is changed elsewhere."""
    with origin(lambda request: [reply(503)]) as down, running(tmp_path, configuration={}, **OPEN) as gateway:
        network = {"base_url": down.url, "max_retries": 0}
        add(gateway, vendor, "broken", network_config=network)
        create = {"model": "broken/x", "prompt": "p"}
        for _ in range(10):
            gateway.ask("POST", "/v1/videos", json=create)
        add(gateway, vendor)
        asked = len(down.received)
        refused(gateway.ask("POST", "/v1/videos", json=create), 503, "provider_down")
        assert len(down.received) == asked


def test_while_the_sandbox_serves_it_takes_effect_at_the_next_start(vendor: Origin, tmp_path: Path) -> None:
    with running(tmp_path, **OPEN) as gateway:
        body = {"name": "runway", "keys": [{"name": "main", "value": FIRST}]}
        created = done(gateway.ask("POST", "/api/providers", json=body))
        assert "sandbox" in created["message"] and "started again" in created["message"]
        assert gateway.finished(gateway.create()["id"])["status"] == "completed"


def test_the_next_start_is_without_the_sandbox(tmp_path: Path) -> None:
    database, config = new_database(), tmp_path / "config.yaml"
    config.write_text("{}")
    own = {"DATABASE_URL": database, "REELGATE_CONFIG": str(config), "REELGATE_DATA_DIR": str(tmp_path), "PORT": "0"}
    with process(SERVE, "ready on", tmp_path / "first.log", **own) as (_, line):
        url = line.split()[-1]
        assert requests.get(f"{url}/health", timeout=5).json()["sandbox"] is True
        key = {"name": "main", "value": "env.PATH"}
        body = {"name": "runway", "keys": [key], "network_config": {"base_url": "http://127.0.0.1:9"}}
        done(requests.post(f"{url}/api/providers", json=body, timeout=5))
    with process(SERVE, "ready on", tmp_path / "second.log", **own) as (_, line):
        assert requests.get(f"{line.split()[-1]}/health", timeout=5).json()["sandbox"] is False
    settings = load(config=config, data_dir=tmp_path, database_url=database)
    said = [finding.says for finding in asyncio.run(examine(settings, {"PATH": "nobody's key"}))]
    assert any("0 providers" in each and "and 1 added by the API" in each for each in said), said


# ---- changing -------------------------------------------------------------------------------------------------------


def test_a_change_leaves_what_it_does_not_name(gateway: Gateway, vendor: Origin) -> None:
    before = add(gateway, vendor, send_back_provider_url=True)
    changed = done(put(gateway, "backlot", concurrency_and_buffer_size={"concurrency": 7}))["provider"]
    assert changed | {"updated_at": 0} == before | {"concurrency_and_buffer_size": {"concurrency": 7}, "updated_at": 0}
    key = done(put(gateway, "backlot/keys/main", weight=0.5))["key"]
    assert (key["weight"], key["value"]) == (0.5, "****aaaa")
    done(put(gateway, "backlot"))


def test_what_is_told_can_be_sent_back(gateway: Gateway, vendor: Origin) -> None:
    told = add(gateway, vendor)
    assert told["network_config"]["extra_headers"] == {"x-studio": "****cccc"}
    network = {**told["network_config"], "max_retries": 0}
    assert done(put(gateway, "backlot", network_config=network))["provider"]["network_config"] == network
    key = told["keys"][0]
    done(put(gateway, "backlot/keys/main", value=key["value"], models=["x"]))
    gateway.create(model="backlot/x")
    assert bearers(vendor)[-1] == FIRST and vendor.received[-1].headers["x-studio"] == HEADER
    refused(put(gateway, "backlot/keys/main", value="****zzzz"), 400, "invalid_request", "how another secret is shown")
    gone = done(put(gateway, "backlot", network_config={"base_url": vendor.url}))["provider"]
    assert gone["network_config"]["extra_headers"] == {}


def test_googles_credentials_stay_where_they_are_left_out(gateway: Gateway) -> None:
    vertex = {"project_id": "p", "auth_credentials": CREDENTIALS}
    body = {"name": "vertex", "keys": [{"name": "main", "vertex_key_config": vertex}]}
    told = done(gateway.ask("POST", "/api/providers", json=body))["provider"]["keys"][0]
    assert told["vertex_key_config"]["auth_credentials"] == "****"
    changed = done(put(gateway, "vertex/keys/main", vertex_key_config={"project_id": "q"}))["key"]
    assert changed["vertex_key_config"] == {"project_id": "q", "auth_credentials": "****"}


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no vendor": ({"name": "nobody"}, "is not known"),
    "no base": ({"name": "mine", "custom_provider_config": {"base_provider_type": "x"}}, "'x' is none of"),
    "no address": (
        {"name": "mine", "custom_provider_config": {"base_provider_type": "vllm"}, "keys": [{"name": "a"}]},
        "there is no address",
    ),
    "no value": ({"name": "openai", "keys": [{"name": "a"}]}, "keys[0].value: is missing"),
    "two of a name": (
        {"name": "openai", "keys": [{"name": "a", "value": FIRST}, {"name": "a", "value": SECOND}]},
        "two keys have the name",
    ),
    "no key of the file's words": ({"name": "openai", "key": []}, "key"),
    "a variable of ours": (
        {"name": "openai", "network_config": {"extra_headers": {"x": "env.REELGATE_ENCRYPTION_KEY"}}},
        "sent to nobody",
    ),
    "the database": ({"name": "openai", "network_config": {"base_url": "env.DATABASE_URL"}}, "sent to nobody"),
    "a proxy without address": ({"name": "openai", "proxy_config": {"type": "http"}}, "goes with"),
}


@pytest.mark.parametrize(("body", "words"), BAD.values(), ids=BAD)
def test_what_the_file_could_not_say_is_refused(gateway: Gateway, body: dict[str, Any], words: str) -> None:
    refused(gateway.ask("POST", "/api/providers", json=body), 400, "invalid_request", words)
    assert [each["name"] for each in done(gateway.ask("GET", "/api/providers"))["providers"]] == ["runway"]


def test_who_is_there_already_cannot_be_added(gateway: Gateway, vendor: Origin) -> None:
    add(gateway, vendor)
    for name in ("runway", "backlot"):
        refused(gateway.ask("POST", "/api/providers", json={"name": name}), 409, "provider_exists")
    for provider, name in (("runway", "old"), ("backlot", "main")):
        answer = gateway.ask("POST", f"/api/providers/{provider}/keys", json={"name": name, "value": SECOND})
        refused(answer, 409, "provider_key_exists")


def test_what_the_file_declares_is_shown_and_not_changed(gateway: Gateway) -> None:
    there = done(gateway.ask("GET", "/api/providers/runway"))
    assert there["source"] == there["keys"][0]["source"] == "file" and there["keys"][0]["value"] == "****1234"
    for answer in (
        put(gateway, "runway", send_back_raw_request=True),
        gateway.ask("DELETE", "/api/providers/runway?force=true"),
        put(gateway, "runway/keys/old", enabled=False),
        gateway.ask("DELETE", "/api/providers/runway/keys/old?force=true"),
    ):
        refused(answer, 409, "declared_in_file")


def test_whose_api_it_speaks_stays(gateway: Gateway, vendor: Origin) -> None:
    add(gateway, vendor)
    refused(put(gateway, "backlot", custom_provider_config={"base_provider_type": "sgl"}), 409, "provider_type_fixed")
    done(put(gateway, "backlot", custom_provider_config={"base_provider_type": "openai", "allowed_requests": {}}))
    answer = gateway.ask("POST", "/v1/videos", json={"model": "backlot/x", "prompt": "p"})
    refused(answer, 400, "unsupported_operation")


def test_a_name_cannot_be_changed(gateway: Gateway, vendor: Origin) -> None:
    add(gateway, vendor)
    refused(put(gateway, "backlot/keys/main", name="other"), 400, "invalid_request")


def test_unknown_names_are_404(gateway: Gateway) -> None:
    for method in ("GET", "PUT", "DELETE"):
        body = {"json": {}} if method == "PUT" else {}
        refused(gateway.ask(method, "/api/providers/nobody", **body), 404, "provider_not_found")
        refused(gateway.ask(method, "/api/providers/nobody/keys/a", **body), 404, "provider_not_found")
        refused(gateway.ask(method, "/api/providers/runway/keys/a", **body), 404, "provider_key_not_found")


# ---- deleting -------------------------------------------------------------------------------------------------------


def test_what_unfinished_jobs_need_is_deleted_by_force_only(gateway: Gateway, vendor: Origin) -> None:
    add(gateway, vendor, "closing")
    gateway.create("slow", model="closing/x")
    gateway.create("slow", model="closing/x")
    lost = gateway.create("slow", model="closing/x")["id"]
    with psycopg.connect(dsn(gateway)) as connection:  # an answer that was lost, and is looked for
        query = (
            "UPDATE jobs SET state = 'unknown', native_id = NULL, reconcile_at = now() + interval '1 day' WHERE id = %s"
        )
        connection.execute(query, [lost])
    for path in ("closing", "closing/keys/main"):
        refused(gateway.ask("DELETE", f"/api/providers/{path}"), 409, "in_use", "3 unfinished jobs need it")
    done(gateway.ask("DELETE", "/api/providers/closing/keys/main?force=true"))
    done(gateway.ask("DELETE", "/api/providers/closing?force=true"))
    refused(gateway.ask("GET", "/api/providers/closing"), 404, "provider_not_found")


# ---- secrets --------------------------------------------------------------------------------------------------------


def test_nothing_secret_is_in_an_answer_a_log_or_the_database(
    gateway: Gateway, vendor: Origin, capfd: pytest.CaptureFixture[str]
) -> None:
    before = len(gateway.exchanges)
    proxy = {"type": "http", "url": "http://127.0.0.1:9", "username": "u", "password": SECOND}
    add(gateway, vendor)
    add(gateway, vendor, "other", proxy_config=proxy)
    put(gateway, "backlot/keys/main", value=FIRST + "\x00")
    put(gateway, "backlot/keys/main", value=FIRST, azure_key_config={"endpoint": "http://x"})
    for path in ("providers", "providers/backlot", "providers/other", "keys", "models", "providers/backlot/keys/main"):
        done(gateway.ask("GET", f"/api/{path}"))
    said = [*(each.response_body for each in gateway.exchanges[before:] if each.url.startswith(gateway.url))]
    with psycopg.connect(dsn(gateway)) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            found = connection.execute(f'SELECT row_to_json("{table}")::text FROM "{table}"').fetchall()  # type: ignore[arg-type]
            said += [row.encode() for (row,) in found]
    said += [text.encode() for text in capfd.readouterr()]
    for secret in (FIRST, SECOND, HEADER):
        assert not [each for each in said if secret.encode() in each]


def test_without_an_encryption_key_a_secret_is_refused_and_a_name_is_taken(
    vendor: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKLOT_KEY", FIRST)
    with running(tmp_path, configuration=FILE, api_keys={}) as gateway:
        body = {"name": "openai", "keys": [{"name": "main", "value": FIRST}]}
        answer = gateway.ask("POST", "/api/providers", json=body)
        refused(answer, 409, "encryption_key_missing", "REELGATE_ENCRYPTION_KEY")
        add(
            gateway,
            vendor,
            keys=[{"name": "main", "value": "env.BACKLOT_KEY"}],
            network_config={"base_url": vendor.url},
        )
        gateway.create(model="backlot/x")
        judge(gateway, gateway.exchanges)


@pytest.mark.parametrize(
    ("secret", "told"),
    [("short", "****"), ("eleven-char", "****"), ("twelve-chars", "****hars"), ('{"private": 1}', "****")],
)
def test_little_is_told_of_a_secret(secret: str, told: str) -> None:
    assert secret_parts.told(secret) == told


def test_what_is_a_setting_of_ours_begins_as_they_do() -> None:
    names = {str(field.validation_alias) for field in Settings.model_fields.values()}
    assert {name for name in names if not name.startswith(secret_parts.OURS)} == {"HOST", "PORT"}


def test_every_secret_of_a_provider_is_known_as_one() -> None:
    """What the configuration keeps secret is sealed, too."""

    def secrets(part: type[BaseModel], place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        for name, field in part.model_fields.items():
            choices = [field.annotation, *get_args(field.annotation)]
            inner = next((each for each in choices if isinstance(each, type) and issubclass(each, Part)), None)
            if name == "keys":
                continue
            if inner is not None:
                yield from secrets(inner, (*place, name))
            elif "SecretStr" in str(field.annotation):
                yield (*place, name)

    assert {*secrets(Key), *secrets(Provider)} == {*secret_parts.SECRETS}


# ---- starting -------------------------------------------------------------------------------------------------------


def serve(database: str, config: Path, **also: str) -> str:
    """What `reelgate serve` says, which cannot start."""
    settings = {str(field.validation_alias) for field in Settings.model_fields.values()}
    environment = {name: value for name, value in os.environ.items() if name not in settings}
    environment |= {"REELGATE_CONFIG": str(config), "DATABASE_URL": database, "PORT": "0", **also}
    command = [sys.executable, "-c", SERVE]
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2, ended.stderr
    return ended.stderr


def test_a_server_does_not_start_with_what_cannot_be_loaded(vendor: Origin, tmp_path: Path) -> None:
    database, config = new_database(), tmp_path / "config.json"
    with running(tmp_path, database=database, configuration=FILE, **OPEN) as gateway:
        add(gateway, vendor)
        done(gateway.ask("POST", "/api/providers/runway/keys", json={"name": "new", "value": FIRST}))
    key = {"REELGATE_ENCRYPTION_KEY": OPEN["encryption_key"]}
    config.write_text(json.dumps({"providers": {"runway": {"keys": [{"name": "new", "value": FIRST}]}}}))
    assert "the key 'new' is declared by the configuration file as well" in serve(database, config, **key)
    backlot = {"custom_provider_config": {"base_provider_type": "openai"}, "keys": [{"name": "main", "value": FIRST}]}
    config.write_text(json.dumps({"providers": {"backlot": backlot}}))
    assert "providers.backlot: is declared by the configuration file as well" in serve(database, config, **key)
    config.write_text(json.dumps(FILE))
    assert "set REELGATE_ENCRYPTION_KEY" in serve(database, config)


# ---- admins ---------------------------------------------------------------------------------------------------------


def test_it_is_for_admins_only(session_gateway: Gateway) -> None:
    for path in ("providers", "providers/runway", "providers/runway/keys", "keys", "models", "config", "version"):
        refused(session_gateway.ask("GET", f"/api/{path}", ALICE), 403, "admin_required")
    refused(session_gateway.ask("POST", "/api/providers", ALICE, json={"name": "x"}), 403, "admin_required")
    refused(session_gateway.ask("GET", "/api/providers", None), 401, "virtual_key_required")
