"""A journey through a gateway that serves, from the first login to the last error, and what of its secrets is seen on the way.

Every answer is kept, also those of errors; so are the log at its most talkative, the database, and the command lines of all
processes. A secret may be in the one answer that shows it, and nowhere else, however it is written.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.gateway import ROOT, new_database
from tests.handlers.access.cast import basic, bearer
from tests.handlers.access.forging import AUDIENCE, ISSUER, Issuer
from tests.handlers.test_tracking import until
from tests.handlers.wire import Origin, Received, Steps, emulated, origin, reply, standalone_sandbox
from tests.secrets_scan import Secrets, command_lines, dump

from .conftest import environment, started

USER = "the-admin"
NO_ONE = "0" * 26


def quoting(request: Received) -> Steps:
    """A provider of the OpenAI dialect that quotes our credential in whatever it says."""
    if request.method == "POST" and "hooks" in request.target:
        return [reply(204)]
    quoted = json.dumps(request.headers)
    if request.method == "POST" and b"accepted" in request.body:
        return [_said(200, {"id": "video_quoting", "object": "video", "status": "queued"})]
    if request.method == "GET":
        failed = {"id": "video_quoting", "object": "video", "status": "failed"}
        return [_said(200, failed | {"error": {"code": "invalid_api_key", "message": f"The key is in {quoted}."}})]
    status = next(
        (each for each in (400, 401, 403, 404, 422, 429, 500, 503) if str(each).encode() in request.body), 418
    )
    return [_said(status, {"error": {"message": f"What is this? {quoted}", "type": "x", "code": "invalid_api_key"}})]


def _said(status: int, body: Any) -> bytes:
    return reply(status, json.dumps(body).encode(), content_type="application/json")


@dataclass
class Journey:
    """A gateway as a process, and everything that it has said so far."""

    url: str
    folder: Path
    database: str
    known: Secrets
    quoting: Origin
    password: str
    issuer: Issuer
    headers: dict[str, str] = field(default_factory=dict)  # of who asks, unless others are given
    seen: list[tuple[str, str, frozenset[str]]] = field(default_factory=list)
    """A request, all of its answer, and the names of the secrets that it may show."""

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        shows: str = "",
        **also: Any,
    ) -> requests.Response:
        """`shows`: the name of what the answer shows this once; it is a secret from now on."""
        answer = requests.request(
            method,
            self.url + path,
            json=body,
            headers=self.headers if headers is None else headers,
            timeout=30,
            allow_redirects=False,
            **also,
        )
        if shows:
            assert answer.status_code == 200, answer.text
            self.known.add(shows, _shown(answer.json()))
        told = "\n".join([f"{answer.status_code}", *(f"{name}: {value}" for name, value in answer.headers.items())])
        self.seen.append(
            (f"{method} {path}", f"{told}\n\n{answer.content.decode('latin-1')}", frozenset({shows} - {""}))
        )
        return answer

    def secret(self, name: str, beginning: str = "") -> str:
        return self.known.add(name, beginning + secrets.token_hex(20))


def _shown(answer: Any) -> str:
    """The secret of an answer that shows one."""
    listed = [answer, answer.get("virtual_key") or {}, *answer.get("virtual_keys", [])]
    (found,) = (each[name] for each in listed for name in ("secret", "token", "value") if name in each)
    return str(found)


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    folder, known = tmp_path_factory.mktemp("secrets"), Secrets()

    def secret(name: str, beginning: str = "") -> str:
        return known.add(name, beginning + secrets.token_hex(20))

    password, signing = secret("the admin's password"), secret("the secret of tokens")
    with ExitStack() as stack:
        sandbox = stack.enter_context(standalone_sandbox(folder / "sandbox"))
        vendor = stack.enter_context(origin(quoting))
        configuration: dict[str, Any] = emulated(sandbox, ["runway", "openai"], {})
        for name, beginning in (("runway", "key_sandbox_"), ("openai", "sk-sandbox-")):
            configuration["providers"][name]["keys"][0]["value"] = secret(f"the key of {name}", beginning)
        configuration["providers"]["quoting"] = {
            "custom_provider_config": {"base_provider_type": "openai"},
            "network_config": {
                "base_url": vendor.url,
                "extra_headers": {"x-studio": secret("a header for a provider")},
                "max_retries": 0,
            },
            "keys": [{"name": "main", "value": "env.KEY_OF_QUOTING"}],
            "send_back_raw_request": True,
            "send_back_raw_response": True,
        }
        configuration["governance"] = {
            "virtual_keys": [{"id": "declared", "name": "declared", "value": "env.DECLARED_VALUE"}]
        }
        (folder / "config.yaml").write_text(yaml.safe_dump(configuration))
        database = new_database()
        settings = {
            "DATABASE_URL": database.replace("postgres:@", f"postgres:{secret('the password of the database')}@"),
            "REELGATE_CONFIG": str(folder / "config.yaml"),
            "REELGATE_DATA_DIR": str(folder),
            "REELGATE_LOG_LEVEL": "debug",
            "REELGATE_ADMIN_USERNAME": USER,
            "REELGATE_ADMIN_PASSWORD": password,
            "REELGATE_API_KEYS": f"alice:{secret('a gateway key')}",
            "REELGATE_JWT_SECRET": signing,
            "REELGATE_JWT_ISSUER": ISSUER,
            "REELGATE_JWT_AUDIENCE": AUDIENCE,
            "REELGATE_ENCRYPTION_KEY": secret("the encryption key"),
            "REELGATE_WEBHOOK_PRIVATE": "true",
            "KEY_OF_QUOTING": secret("a key from the environment", "sk-"),
            "DECLARED_VALUE": secret("a virtual key of the file", "sk-bf-"),
        }
        serve = started(["serve", "--port", "0"], folder, r"ready on (http://\S+)", **settings)
        (url,) = stack.enter_context(serve)
        journey = Journey(url.rstrip("/"), folder, database, known, vendor, password, Issuer("secret", signing))
        journey.headers = basic(USER, password)
        _travel(journey, settings)
        yield journey


def _travel(journey: Journey, settings: dict[str, str]) -> None:
    """Everything once."""
    ask, password = journey.ask, journey.password
    alice = bearer("", settings["REELGATE_API_KEYS"].partition(":")[2])
    # credentials, good and bad
    login = {"username": USER, "password": password}
    session = ask("POST", "/api/session/login", login, headers={}, shows="a session").json()["token"]
    ask("GET", "/api/governance/teams", headers={"Cookie": f"reelgate_session={session}"})
    for wrong in (
        {"username": password, "password": USER},
        {"username": USER, "password": [password]},
        {"password": password},
    ):
        ask("POST", "/api/session/login", wrong, headers={})
    ask("GET", "/v1/videos", headers=basic(password, USER))
    ask("GET", "/v1/videos", headers={"Authorization": f"Digest {password}"})
    ask("GET", "/v1/videos", headers=alice | {"x-bf-vk": session})
    ask("GET", f"/v1/videos?key={session}", headers={})
    for claims in (
        {},
        {"exp": 1},
        {"virtual_key": "nobody"},
        {"aud": "elsewhere"},
        {"role": "admin", "virtual_key": ...},
    ):
        token = journey.known.add(f"a token with {claims}", journey.issuer.token(**{"virtual_key": "studio", **claims}))
        ask("GET", "/v1/videos", headers=bearer("", token))
        ask("GET", "/api/providers", headers={"api-key": token})
    # virtual keys
    asked = {"name": "studio", "allow_all_providers": True}
    made = ask("POST", "/api/governance/virtual-keys", asked, shows="a virtual key, made").json()["virtual_key"]
    path = f"/api/governance/virtual-keys/{made['id']}"
    studio = bearer("", made["value"])
    ask("GET", "/api/governance/virtual-keys/quota", headers=studio)
    chosen = journey.secret("a virtual key, chosen", "sk-bf-")
    ask("POST", "/api/governance/virtual-keys", {"name": "chosen", "value": chosen}, shows="a virtual key, chosen")
    for body in (
        {"name": "again", "value": chosen},
        {"name": "wrong", "value": [chosen]},
        {"name": chosen * 9, "valu": [chosen]},
    ):
        ask("POST", "/api/governance/virtual-keys", body)
    other = ask("POST", "/api/governance/virtual-keys", {"name": "other"}, shows="a virtual key, rotated away").json()
    ask("POST", f"/api/governance/virtual-keys/{other['virtual_key']['id']}/rotate", {}, shows="a virtual key, rotated")
    many = {"ids": [other["virtual_key"]["id"]]}
    ask("POST", "/api/governance/virtual-keys/rotate", many, shows="a virtual key, one of many")
    # providers
    key = journey.secret("a key that was added", "sk-")
    added = {
        "name": "added",
        "custom_provider_config": {"base_provider_type": "openai"},
        "network_config": {
            "base_url": journey.quoting.url,
            "max_retries": 0,
            "extra_headers": {"x-more": journey.secret("a header that was added")},
        },
        "keys": [{"name": "main", "value": key}],
        "send_back_raw_response": True,
    }
    assert ask("POST", "/api/providers", added).status_code == 200
    ask("POST", "/api/providers", added)
    password_of_a_proxy = journey.secret("the password of a proxy")
    proxy = {"type": "http", "url": journey.quoting.url, "username": "u", "password": password_of_a_proxy}
    proxied = {
        **{"name": "proxied", "custom_provider_config": {"base_provider_type": "openai"}, "proxy_config": proxy},
        "network_config": {"base_url": "http://studio.test", "max_retries": 0},
        "keys": [{"name": "main", "value": journey.secret("a key behind a proxy", "sk-")}],
    }
    assert ask("POST", "/api/providers", proxied).status_code == 200
    for body in (
        {"name": "second", "value": journey.secret("a second key", "sk-")},
        {"name": "second", "value": [key]},
        {"name": "third", "value": key, "weight": key},
        {"name": "third", "vertex_key_config": {"auth_credentials": key}},
        {"name": "third", "vertex_key_config": {"project_id": "p", "region": "r", "auth_credentials": key}},
    ):
        ask("POST", "/api/providers/added/keys", body)
    ask("PUT", "/api/providers/added", {"network_config": {"extra_headers": {"x y": key}}})
    ask("PUT", "/api/providers/added", {"proxy_config": {"type": "http", "url": f"http://u:{key}@127.0.0.1:1"}})
    # jobs: completed, refused in every way, failed while they run
    for model in ("runway/gen4.5", "openai/sora-2"):
        video = ask(
            "POST", "/v1/videos", {"model": model, "prompt": "a boat [sandbox:no-render]"}, headers=studio
        ).json()
        assert "id" in video, video["error"]
        until(lambda: ask("GET", f"/v1/videos/{video['id']}", headers=studio).json()["status"] == "completed", 40)  # noqa: B023
        assert ask("GET", f"/v1/videos/{video['id']}/content", headers=studio).status_code == 200
        ask("GET", f"/v1/videos/{video['id']}/events", headers=studio)
    for provider in ("quoting", "added", "proxied"):
        for prompt in ("400", "401", "403", "404", "422", "429", "500", "503", "teapot", "accepted"):
            body = {"model": f"{provider}/x", "prompt": prompt}
            video = ask("POST", "/v1/videos", body, headers=alice).json()
            if prompt == "accepted":
                until(lambda: ask("GET", f"/v1/videos/{video['id']}", headers=alice).json()["status"] == "failed", 40)  # noqa: B023
                ask("GET", f"/v1/videos/{video['id']}/content", headers=alice)
                ask("DELETE", f"/v1/videos/{video['id']}", headers=alice)
    quoted = [each.headers for each in journey.quoting.received]
    assert any(key in each.get("authorization", "") for each in quoted) and any(
        "proxy-authorization" in each for each in quoted
    )
    # webhooks
    hook = {"url": f"{journey.quoting.url}/hooks"}
    webhook = ask("POST", "/api/webhooks", hook, headers=studio, shows="the secret of a webhook").json()["webhook"][
        "id"
    ]
    ask("POST", f"/api/webhooks/{webhook}/test", headers=studio)
    ask("POST", f"/api/webhooks/{webhook}/rotate-secret", {}, headers=studio, shows="the new secret of a webhook")
    # everything that can be read, by everybody
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text())
    values = {
        **{"{webhook_id}": webhook, "{vk_id}": made["id"], "{provider}": "added", "{video_id}": video["id"]},
        **{"{log_id}": f"log_{NO_ONE}", "{team_id}": f"team_{NO_ONE}", "{customer_id}": f"customer_{NO_ONE}"},
        **{"{key_id}": "main", "{pricing_override_id}": f"pricing_{NO_ONE}", "{delivery_id}": f"msg_{NO_ONE}"},
    }
    time.sleep(2)  # until the journal has been written
    for headers in (journey.headers, studio, alice):
        for template, item in document["paths"].items():
            path = template
            for name, value in values.items():
                path = path.replace(name, value)
            if "get" in item:
                assert ask("GET", path, headers=headers).status_code < 500
        for log in ask("GET", "/api/logs?limit=100", headers=headers).json()["logs"]:
            ask("GET", f"/api/logs/{log['id']}", headers=headers)
    ask("POST", "/api/session/logout", headers=bearer("", session))
    doctor = subprocess.run(
        [sys.executable, "-m", "reelgate", "doctor"],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "quoting" in doctor.stdout, doctor.stderr
    journey.seen.append(("reelgate doctor", doctor.stdout + doctor.stderr, frozenset()))


def test_errors_of_every_kind_were_met(journey: Journey) -> None:
    met = {said[:3] for _, said, _ in journey.seen}
    assert {"200", "400", "401", "403", "404", "409", "422", "429", "502", "503"} <= met


def test_an_answer_shows_no_secret_but_the_one_that_it_is_there_to_show(journey: Journey) -> None:
    assert len(journey.seen) > 200
    amiss = {
        (what, name): said[:1500] for what, said, shown in journey.seen for name in journey.known.found(said) - shown
    }
    assert not amiss, "\n\n".join(f"{name} in {what}: {said}" for (what, name), said in amiss.items())


def test_the_log_shows_no_secret(journey: Journey) -> None:
    log = (journey.folder / "serve.log").read_text()
    assert '"level":"debug"' in log
    assert not places(journey.known, log.encode())


def test_the_database_holds_no_secret(journey: Journey) -> None:
    held = dump(journey.database)
    assert b"enc:v1:" in held and b"quoting" in held
    assert not places(journey.known, held)


def places(known: Secrets, text: bytes) -> dict[str, list[bytes]]:
    """The name of a secret -> the beginnings of the lines in which it stands."""
    return {
        name: [line[:1000] for line in text.splitlines() if name in known.found(line)] for name in known.found(text)
    }


def test_no_command_line_shows_a_secret(journey: Journey) -> None:
    assert "reelgate serve" in (lines := command_lines())
    assert not journey.known.found(lines)


def test_the_scan_would_find_them(journey: Journey) -> None:
    assert journey.known.found(json.dumps(journey.headers)) == {"the admin's password"}
    shown = {name for _, said, may in journey.seen for name in journey.known.found(said) & may}
    assert len(shown) == 8
