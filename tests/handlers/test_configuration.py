"""The configuration: what is refused and in which words, what every key of a good file does, and where it is looked for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from handlers.configuration import ConfigurationError, as_written, validated
from handlers.errors import UnsupportedOperation
from handlers.providers.registry import PROVIDERS, Registry, build, configured, in_sandbox
from handlers.settings import Settings, load
from handlers.upstream import Upstream
from reelgate.cli import app

ROOT = Path(__file__).parents[2]
SECRET = "sk-hunter2-very-secret"
CREDENTIALS = json.dumps({"type": "service_account", "private_key": SECRET})
ENVIRONMENT = {"GOOD": SECRET, "EMPTY": "", "BLANK": " \n", "CREDENTIALS": CREDENTIALS}
OWN = ("RUNWAYML_", "OPENAI_", "AZURE_", "VLLM_", "HOSTED_VLLM_", "SGL", "OPENROUTER_", "REPLICATE_", "XAI_", "GEMINI_")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without settings and without vendors' variables."""
    settings = {str(field.validation_alias) for field in Settings.model_fields.values()}
    for name in os.environ:
        if name in settings or name.startswith((*OWN, "GOOGLE_")):
            monkeypatch.delenv(name)


def key(**also: Any) -> dict[str, Any]:
    return {"name": "main", "value": SECRET, **also}


def openai(**also: Any) -> dict[str, Any]:
    """A file with one good provider, and something more in it."""
    return {"providers": {"openai": {"keys": [key()], **also}}}


def one(**also: Any) -> dict[str, Any]:
    """A file whose one key has something more."""
    return {"providers": {"openai": {"keys": [key(**also)]}}}


def named(name: str, **provider: Any) -> dict[str, Any]:
    return {"providers": {name: {"keys": [key()], **provider}}}


def custom(**config: Any) -> dict[str, Any]:
    network = {"base_url": "http://own.test/v1"}
    return named("mine", network_config=network, custom_provider_config={"base_provider_type": "openai", **config})


KEY, NETWORK = "providers.openai.keys[0]", "providers.openai.network_config"
AT_REST = "retry_backoff_initial is larger"
BAD: dict[str, tuple[object, str, str]] = {
    # what is wrong: (the file, the path that is named, a word of the message)
    "an unknown key at the top": ({"provider": {}}, "provider", "there is no such key"),
    "an unknown key of the client": ({"client": {"allow": True}}, "client.allow", "there is no such key"),
    "an unknown key of a provider": (openai(network={}), "providers.openai.network", "there is no such key"),
    "a misspelt key": (openai(network_config={"base_ulr": "x"}), f"{NETWORK}.base_ulr", "there is no such key"),
    "a misspelt part of a key": (one(wieght=1), f"{KEY}.wieght", "there is no such key"),
    "providers that are a list": ({"providers": []}, "providers", "must be an object"),
    "providers that are nothing": ({"providers": None}, "providers", "must be an object"),
    "a provider that is a text": ({"providers": {"openai": SECRET}}, "providers.openai", "must be an object"),
    "keys that are an object": ({"providers": {"openai": {"keys": key()}}}, "providers.openai.keys", "must be a list"),
    "a key that is a text": ({"providers": {"openai": {"keys": [SECRET]}}}, KEY, "must be an object"),
    "a value that is a number": (one(value=12345), f"{KEY}.value", "valid string"),
    "models that are one text": (one(models="sora-2"), f"{KEY}.models", "must be a list"),
    "a weight that is a word": (one(weight=SECRET), f"{KEY}.weight", "valid number"),
    "a negative weight": (one(weight=-0.1), f"{KEY}.weight", "greater than or equal to 0"),
    "a weight without end": (one(weight=float("inf")), f"{KEY}.weight", "finite"),
    "a weight that is no number": (one(weight=float("nan")), f"{KEY}.weight", "finite"),
    "a switch that is a word": (one(enabled=SECRET), f"{KEY}.enabled", "valid boolean"),
    "a variable that is not set": (one(value="env.NOBODY"), f"{KEY}.value", "variable NOBODY is not set"),
    "a variable that is empty": (one(value="env.EMPTY"), f"{KEY}.value", "variable EMPTY is empty"),
    "a variable with a space only": (one(value="env.BLANK"), f"{KEY}.value", "variable BLANK is empty"),
    "an address from nowhere": (
        openai(network_config={"base_url": "env.NOBODY"}),
        f"{NETWORK}.base_url",
        "NOBODY is not set",
    ),
    "a key of two lines": (one(value=f"{SECRET}\n{SECRET}"), f"{KEY}.value", "sent as a header"),
    "a key that no header can hold": (one(value=f"{SECRET}é"), f"{KEY}.value", "sent as a header"),
    "a key without a name": ({"providers": {"openai": {"keys": [{"value": SECRET}]}}}, f"{KEY}.name", "is missing"),
    "a key with an empty name": (one(name=""), f"{KEY}.name", "at least 1"),
    "two keys of one name": ({"providers": {"openai": {"keys": [key(), key()]}}}, "providers.openai", "name 'main'"),
    "two keys of one id": (
        {"providers": {"openai": {"keys": [key(id="1"), key(name="other", id="1")]}}},
        "providers.openai",
        "two keys have the id '1'",
    ),
    "a key without a value": ({"providers": {"openai": {"keys": [{"name": "a"}]}}}, f"{KEY}.value", "is missing"),
    "a provider without keys": ({"providers": {"openai": {}}}, "providers.openai.keys", "is missing"),
    "an address that is none": (
        openai(network_config={"base_url": "own.test"}),
        f"{NETWORK}.base_url",
        "must be a URL",
    ),
    "an address of files": (openai(network_config={"base_url": "file:///x"}), f"{NETWORK}.base_url", "must be a URL"),
    "a port that is none": (
        openai(network_config={"base_url": "http://x:70000"}),
        f"{NETWORK}.base_url",
        "must be a URL",
    ),
    "a host that is none": (openai(network_config={"base_url": "http:///v1"}), f"{NETWORK}.base_url", "must be a URL"),
    "half a bracket": (openai(network_config={"base_url": "http://[::1/v1"}), f"{NETWORK}.base_url", "must be a URL"),
    "a secret in an address": (
        openai(network_config={"base_url": f"https://u:{SECRET}@x.test"}),
        f"{NETWORK}.base_url",
        "without user, query",
    ),
    "a query in an address": (
        openai(network_config={"base_url": f"https://x.test?key={SECRET}"}),
        f"{NETWORK}.base_url",
        "without user, query",
    ),
    "a pause that shrinks": (
        openai(network_config={"retry_backoff_initial": 9, "retry_backoff_max": 8}),
        NETWORK,
        AT_REST,
    ),
    "too many retries": (openai(network_config={"max_retries": 11}), f"{NETWORK}.max_retries", "less than or equal"),
    "no time to answer": (
        openai(network_config={"default_request_timeout_in_seconds": 0}),
        f"{NETWORK}.default_request_timeout_in_seconds",
        "greater than 0",
    ),
    "a header of two lines": (
        openai(network_config={"extra_headers": {"X-A": "a\r\nX-B: b"}}),
        f"{NETWORK}.extra_headers.X-A",
        "sent as a header",
    ),
    "a header without a name": (
        openai(network_config={"extra_headers": {"X A": "a"}}),
        f"{NETWORK}.extra_headers.X A",
        "not the name of a header",
    ),
    "a name in capitals": (named("OpenAI"), "providers.OpenAI", "a-z"),
    "a provider nobody knows": (named("mine"), "providers.mine", "set custom_provider_config.base_provider_type"),
    "a provider without videos": (named("anthropic"), "providers.anthropic", "has no video API"),
    "a base nobody knows": (
        custom(base_provider_type="nobody"),
        "providers.mine.custom_provider_config.base_provider_type",
        "is none of openai",
    ),
    "a custom provider without a base": (
        named("mine", custom_provider_config={}),
        "providers.mine.custom_provider_config.base_provider_type",
        "is missing",
    ),
    "a custom provider of the contract's name": (
        named("openai", custom_provider_config={"base_provider_type": "openai"}),
        "providers.openai.custom_provider_config",
        "a name of its own",
    ),
    "a request nobody knows": (
        custom(allowed_requests={"video_generations": True}),
        "providers.mine.custom_provider_config.allowed_requests.video_generations",
        "video_generation",
    ),
    "a proxy without its address": (
        openai(proxy_config={"type": "http"}),
        "providers.openai.proxy_config",
        "`url` goes with",
    ),
    "an address of no proxy": (
        openai(proxy_config={"url": "http://p.test"}),
        "providers.openai.proxy_config",
        "`url` goes with",
    ),
    "a password for no proxy": (
        openai(proxy_config={"password": SECRET}),
        "providers.openai.proxy_config",
        "go with `url`",
    ),
    "a proxy nobody knows": (
        openai(proxy_config={"type": "socks5"}),
        "providers.openai.proxy_config.type",
        "'none', 'http'",
    ),
    "vllm without an address": (named("vllm"), "providers.vllm.keys[0]", "vllm_key_config or network_config.base_url"),
    "sgl without an address": (named("sgl"), "providers.sgl.keys[0]", "sgl_key_config or network_config.base_url"),
    "azure without an address": (named("azure"), "providers.azure.keys[0]", "azure_key_config or network_config"),
    "azure without an endpoint": (
        {"providers": {"azure": {"keys": [key(azure_key_config={})]}}},
        "providers.azure.keys[0].azure_key_config.endpoint",
        "is missing",
    ),
    "vertex without its part": (named("vertex"), "providers.vertex.keys[0].vertex_key_config", "is missing"),
    "vertex without a project": (
        {
            "providers": {
                "vertex": {"keys": [{"name": "a", "vertex_key_config": {"auth_credentials": "env.CREDENTIALS"}}]}
            }
        },
        "providers.vertex.keys[0].vertex_key_config.project_id",
        "is missing",
    ),
    "credentials that are no JSON": (
        {
            "providers": {
                "vertex": {
                    "keys": [{"name": "a", "vertex_key_config": {"project_id": "p", "auth_credentials": SECRET}}]
                }
            }
        },
        "providers.vertex.keys[0].vertex_key_config.auth_credentials",
        "must be the JSON",
    ),
    "a part for another provider": (
        one(azure_key_config={"endpoint": "https://x.test"}),
        f"{KEY}.azure_key_config",
        "is for azure, not for openai",
    ),
}
UNREADABLE: dict[str, tuple[str, bytes, str]] = {
    # what is wrong: (the name of the file, what is in it, words of the message)
    "not YAML": ("c.yaml", f"providers:\n  openai: [{SECRET}\n".encode(), "at line 3, column 1"),
    "a tab in YAML": ("c.yaml", f"providers:\n\topenai: {SECRET}\n".encode(), "at line 2, column 1"),
    "an alias of nothing": ("c.yaml", f"providers: *{SECRET}\n".encode(), "an alias or a tag"),
    "a tag of nothing": ("c.yaml", f"providers: !{SECRET} x\n".encode(), "an alias or a tag"),
    "an odd character": ("c.yaml", b"providers: \x01\n", "a character that YAML does not allow"),
    "not JSON": ("c.json", b'{"providers": {"openai": "' + SECRET.encode() + b'",}}', "line 1 column"),
    "a key twice in YAML": (
        "c.yaml",
        f"providers:\n  openai: {{keys: [{{value: {SECRET}, name: a,\n   name: b}}]}}\n".encode(),
        "the key 'name' stands there twice, at line 3, column 4",
    ),
    "a key twice in JSON": ("c.json", b'{"providers": {}, "providers": {}}', "the key 'providers' stands there twice"),
    "a list in YAML": ("c.yaml", b"- a\n", "does not hold an object"),
    "a list in JSON": ("c.json", b"[]", "does not hold an object"),
    "a text": ("c.yaml", SECRET.encode(), "does not hold an object"),
    "an empty YAML file": ("c.yaml", b"", "does not hold an object"),
    "an empty JSON file": ("c.json", b"\n", "it is empty"),
    "JSON without end": ("c.json", b"[" * 100_000, "nested too deeply"),
    "not UTF-8": ("c.yaml", b"client: {} # caf\xe9\n", "not UTF-8, at byte 16"),
}


def refusal(path: Path) -> str:
    """What is said of a file that cannot be used."""
    with pytest.raises(ConfigurationError) as raised:
        configured(load(config=path), ENVIRONMENT)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    return str(raised.value)


@pytest.mark.parametrize(("content", "where", "what"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_a_mistake_is_named_by_its_path(tmp_path: Path, content: object, where: str, what: str, suffix: str) -> None:
    path = tmp_path / f"c.{suffix}"
    path.write_text(json.dumps(content) if suffix == "json" else yaml.safe_dump(content, allow_unicode=True))
    said = refusal(path)
    first, *lines = said.splitlines()
    assert first == f"{path} cannot be used:"
    (line,) = lines
    assert line.startswith(f"  {where}: ") and what in line
    for word in (SECRET, "pydantic", "Traceback", "Value error", "[key]"):
        assert word not in said


@pytest.mark.parametrize(("name", "content", "what"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_is_named_with_the_place(
    tmp_path: Path, name: str, content: bytes, what: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    said = refusal(path)
    assert said.startswith(f"{path} cannot be ") and what in said and "\n" not in said
    assert SECRET not in said and "NoneType" not in said


def test_a_file_that_is_not_there_is_said_not_to_be_there(tmp_path: Path) -> None:
    said = refusal(tmp_path / "nowhere.yaml")
    assert said == f"There is no configuration file {tmp_path / 'nowhere.yaml'}. REELGATE_CONFIG names it."


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path} cannot be read: Is a directory."


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"clients": {}, "providers": {"openai": {"keys": [key(weight=-1), key(value=1)]}}}))
    said = refusal(path)
    assert [line.strip().partition(": ")[0] for line in said.splitlines()[1:]] == [
        "providers.openai.keys[0].weight",
        "providers.openai.keys[1].value",
        "clients",
    ]


def test_every_mistake_that_an_adapter_finds_is_told_at_once(tmp_path: Path) -> None:
    nameless = {"keys": [{"name": "a"}, {"name": "b"}, key(name="c")]}
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"providers": {"openai": nameless, "azure": nameless, "mine": {}, "xai": {}}}))
    said = refusal(path)
    assert [re.split(r": | has ", line.strip())[0] for line in said.splitlines()[1:]] == [
        "providers.openai.keys[0].value",
        "providers.openai.keys[1].value",
        "providers.azure.keys[0].value",
        "providers.azure.keys[0]",
        "providers.azure.keys[1].value",
        "providers.azure.keys[1]",
        "providers.azure.keys[2]",
        "providers.mine",
        "providers.xai.keys",
    ]


def test_a_bad_address_in_the_environment_is_refused_as_well() -> None:
    with pytest.raises(ConfigurationError) as raised:
        configured(load(), {"OPENAI_API_KEY": SECRET, "OPENAI_BASE_URL": "own.test"})
    assert str(raised.value).startswith("The environment cannot be used:\n  providers.openai.network_config.base_url: ")


# ---- through the command line ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["doctor", "serve"])
@pytest.mark.parametrize("what", ["a negative weight", "azure without an address", "a variable that is not set"])
def test_the_command_ends_with_2_and_the_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, what: str
) -> None:
    content, where, _ = BAD[what]
    path = tmp_path / "c.json"
    path.write_text(json.dumps(content))
    monkeypatch.setenv("REELGATE_CONFIG", str(path))
    monkeypatch.setenv("REELGATE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PORT", "0")
    done = CliRunner().invoke(app, [command])
    assert done.exit_code == 2, done.output
    assert done.stderr.startswith(f"reelgate: {path} cannot be used:\n  {where}: ")
    assert SECRET not in done.output and not done.stdout
    assert not (tmp_path / "data").exists()  # nothing was started for it


@pytest.mark.parametrize("command", ["serve", "doctor"])
def test_a_process_ends_with_2_and_no_traceback(tmp_path: Path, command: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump({"providers": {"vllm": {"keys": [key()]}, "mine": {"keys": [key(value="env.NO")]}}}))
    settings = {"REELGATE_CONFIG": str(path), "REELGATE_DATA_DIR": str(tmp_path / "data"), "PORT": "0"}
    arguments = [sys.executable, "-m", "reelgate", command]
    done = subprocess.run(arguments, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip() == (
        f"reelgate: {path} cannot be used:\n  providers.mine.keys[0].value: the environment variable NO is not set"
    )


# ---- a good file ----------------------------------------------------------------------------------------------------

GOOD: dict[str, Any] = {
    "$schema": "https://www.getbifrost.ai/schema",
    "client": {"allow_per_request_raw_override": True},
    "providers": {
        "openai": {
            "keys": [
                {"name": "first", "id": "11", "value": "env.FIRST", "weight": 0.7, "models": ["sora-2"]},
                {
                    "name": "second",
                    "id": "22",
                    "value": "sk-second",
                    "weight": 0.3,
                    "models": ["*"],
                    "blacklisted_models": ["sora-2-pro"],
                    "enabled": False,
                },
            ],
            "network_config": {"base_url": "https://videos.test/v1/"},
            "send_back_raw_request": True,
            "send_back_raw_response": True,
        },
        "azure": {
            "keys": [
                {
                    "name": "west",
                    "value": "env.AZURE",
                    "azure_key_config": {
                        "endpoint": "https://west.openai.azure.com",
                        "api_version": "preview",
                        "deployments": {"sora-2": "films"},
                    },
                }
            ]
        },
        "runway": {
            "keys": [{"name": "r", "value": "key_r"}],
            "network_config": {
                "extra_headers": {"X-Team": "env.TEAM"},
                "default_request_timeout_in_seconds": 30,
                "max_retries": 1,
                "retry_backoff_initial": 100,
                "retry_backoff_max": 200,
            },
            "concurrency_and_buffer_size": {"concurrency": 8},
            "proxy_config": {
                "type": "http",
                "url": "http://proxy.test:3128",
                "username": "u",
                "password": "env.PASSWORD",
            },
        },
        "replicate": {
            "keys": [
                {"name": "p", "value": "r8_1", "replicate_key_config": {"deployments": {"google/veo-3": "me/mine"}}}
            ]
        },
        "vertex": {
            "keys": [
                {
                    "name": "v",
                    "vertex_key_config": {
                        "project_id": "env.PROJECT",
                        "region": "europe-west4",
                        "auth_credentials": "env.CREDENTIALS",
                    },
                }
            ]
        },
        "vllm": {"keys": [{"name": "gpu", "vllm_key_config": {"url": "http://gpu:8000", "model_name": "Wan"}}]},
        "sgl": {"keys": [{"name": "gpu", "sgl_key_config": {"url": "http://gpu:30000"}}]},
        "films": {
            "keys": [{"name": "f", "value": "sk-f"}],
            "network_config": {"base_url": "http://films.test/v1"},
            "proxy_config": {"type": "none"},
            "custom_provider_config": {
                "base_provider_type": "openai",
                "allowed_requests": {"video_generation": True, "video_retrieve": True, "video_delete": False},
            },
        },
    },
}
FOUND = {
    "FIRST": "sk-first\n",
    "AZURE": "az",
    "TEAM": "films",
    "PASSWORD": "pw",
    "PROJECT": "p-1",
    "CREDENTIALS": CREDENTIALS,
}


@pytest.fixture(params=["yaml", "json", "json with a byte order mark"])
def good(request: pytest.FixtureRequest, tmp_path: Path) -> Registry:
    """What is made of the good file."""
    path = tmp_path / f"config.{request.param[:4]}"
    text = yaml.safe_dump(GOOD) if request.param == "yaml" else json.dumps(GOOD)
    path.write_text(text, encoding="utf-8-sig" if "mark" in request.param else "utf-8")
    return build(configured(load(config=path), FOUND), Upstream())


def test_a_good_file_configures_what_stands_in_it(good: Registry) -> None:
    assert sorted(good.providers) == sorted(GOOD["providers"]) and good.raw_on_request
    first, second = good.provider("openai").keys
    assert (first.settings.weight, first.settings.id, first.account.base_url) == (0.7, "11", "https://videos.test/v1")
    assert first.account.secret.get_secret_value() == "sk-first"
    assert first.settings.allows("sora-2", as_written) and not first.settings.allows("other", as_written)
    assert second.settings.allows("other", as_written) and not second.settings.allows("sora-2-pro", as_written)
    assert (first.settings.enabled, second.settings.enabled) == (True, False)
    assert good.provider("openai").shows_raw_request and good.provider("openai").shows_raw_response


def test_a_key_has_what_its_own_part_says(good: Registry) -> None:
    (west,), (p,), (v,) = (good.provider(name).keys for name in ("azure", "replicate", "vertex"))
    assert west.account.base_url == "https://west.openai.azure.com/openai/v1"
    assert west.account.deployment("sora-2") == "films" and west.account.options == {"api_version": "preview"}
    assert p.account.deployment("google/veo-3") == "me/mine"
    assert v.account.options == {"project": "p-1", "region": "europe-west4"}
    assert v.account.secret.get_secret_value() == CREDENTIALS
    (vllm,), (sgl,) = (good.provider(name).keys for name in ("vllm", "sgl"))
    assert (vllm.account.base_url, sgl.account.base_url) == ("http://gpu:8000/v1", "http://gpu:30000/v1")
    assert (
        vllm.settings.allows("Wan", as_written)
        and not vllm.settings.allows("other", as_written)
        and sgl.settings.allows("other", as_written)
    )


def test_the_network_is_as_the_file_says(good: Registry) -> None:
    runway = good.provider("runway")
    assert runway.keys[0].account.headers == {"X-Team": "films"} and runway.keys[0].account.timeout == 30
    assert (runway.network.max_retries, runway.network.retry_backoff_initial) == (1, 100)
    proxy = runway.keys[0].account.proxy
    assert (proxy.type, proxy.url, proxy.username) == ("http", "http://proxy.test:3128", "u")
    assert proxy.password is not None and proxy.password.get_secret_value() == "pw"
    assert good.provider("films").keys[0].account.proxy.type == "none"
    assert good.provider("azure").keys[0].account.proxy.type == "environment"


def test_of_the_requests_that_a_custom_provider_names_only_the_true_ones_are_allowed(good: Registry) -> None:
    films = good.provider("films")
    assert films.adapter is PROVIDERS["openai"] and films.name == "films"
    assert films.supports("generate") and films.supports("retrieve")
    for operation in ("source", "delete", "remix"):
        with pytest.raises(UnsupportedOperation, match="by films provider"):
            films.demand(operation)
    with pytest.raises(UnsupportedOperation):
        films.allow("video_list")


def test_without_allowed_requests_everything_is_allowed() -> None:
    everything = build(validated(custom(), {}, "A test"), Upstream()).provider("mine")
    nothing = build(validated(custom(allowed_requests={}), {}, "A test"), Upstream()).provider("mine")
    assert all(everything.supports(each) for each in ("generate", "retrieve", "source", "delete", "remix"))
    assert not any(nothing.supports(each) for each in ("generate", "retrieve", "source", "delete", "remix"))


def test_no_secret_of_a_good_file_is_in_a_repr(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps(GOOD))
    configuration = configured(load(config=path), FOUND)
    for text in (repr(configuration), configuration.model_dump_json(), repr(build(configuration, Upstream()))):
        for secret in ("sk-first", "sk-second", "'pw'", SECRET):
            assert secret not in text


def test_anchors_can_be_merged_in_yaml(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "providers:\n"
        "  openai: &own\n"
        "    keys: [{name: a, value: sk-a}]\n"
        "    network_config: {base_url: 'http://x.test/v1'}\n"
        "  mine:\n"
        "    <<: *own\n"
        "    custom_provider_config: {base_provider_type: openai}\n"
    )
    built = build(configured(load(config=path), {}), Upstream())
    assert built.provider("mine").keys[0].account.base_url == "http://x.test/v1"


# ---- where it is looked for -----------------------------------------------------------------------------------------

VARIABLES: dict[str, dict[str, str]] = {
    "openai": {"OPENAI_API_KEY": SECRET, "OPENAI_BASE_URL": "https://videos.test/v1"},
    "azure": {"AZURE_OPENAI_API_KEY": SECRET, "AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com"},
    "vllm": {"HOSTED_VLLM_API_BASE": "http://gpu:8000"},
    "sgl": {"SGLANG_API_BASE": "http://gpu:30000"},
    "openrouter": {"OPENROUTER_API_KEY": SECRET},
    "runway": {"RUNWAYML_API_SECRET": SECRET},
    "replicate": {"REPLICATE_API_TOKEN": SECRET},
    "xai": {"XAI_API_KEY": SECRET},
    "gemini": {"GEMINI_API_KEY": SECRET},
    "vertex": {"GOOGLE_APPLICATION_CREDENTIALS": "", "GOOGLE_CLOUD_PROJECT": "p"},
}


@pytest.mark.parametrize("name", PROVIDERS)
def test_without_a_file_a_provider_comes_from_its_vendors_variables(tmp_path: Path, name: str) -> None:
    credentials = tmp_path / "credentials.json"
    credentials.write_text(CREDENTIALS)
    variables = VARIABLES[name]
    if "GOOGLE_APPLICATION_CREDENTIALS" in variables:
        variables = variables | {"GOOGLE_APPLICATION_CREDENTIALS": str(credentials)}
    settings = load(data_dir=tmp_path)
    configuration = configured(settings, variables)
    built = build(configuration, Upstream())
    assert list(built.providers) == [name] and not in_sandbox(settings, configuration)
    assert [each.settings.name for each in built.provider(name).keys] == ["default"]


def test_a_variable_that_is_empty_is_none() -> None:
    assert not configured(load(), {"OPENAI_API_KEY": "", "RUNWAYML_API_SECRET": ""}).providers


@pytest.mark.parametrize("name", ["config.yaml", "config.yml", "config.json"])
def test_a_file_in_the_data_directory_wins_over_the_environment(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(json.dumps(named("runway")))
    found = configured(load(data_dir=tmp_path), {"OPENAI_API_KEY": SECRET})
    assert list(found.providers) == ["runway"]


def test_the_chosen_file_wins_over_that_in_the_data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.yaml").write_text(json.dumps(named("runway")))
    (tmp_path / "chosen.json").write_text(json.dumps(named("xai")))
    monkeypatch.setenv("REELGATE_CONFIG", str(tmp_path / "chosen.json"))
    assert list(configured(load(data_dir=tmp_path), {}).providers) == ["xai"]


def test_a_file_without_providers_is_a_sandbox(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("client: {}\n")
    settings = load(data_dir=tmp_path)
    assert in_sandbox(settings, configured(settings, {"OPENAI_API_KEY": SECRET}))
