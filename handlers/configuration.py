"""Which providers there are, and with which keys: the configuration file, or the vendors' usual environment variables.

The file has the layout of Bifrost's `config.json` (JSON or YAML). A secret is written as `env.NAME` and read from that
environment variable. Every key of the file means something: what is not known here is an error that names its path, so a
misspelt word is never silently without effect.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from .settings import SettingsError

FILE_NAMES = ("config.yaml", "config.yml", "config.json")
ENVIRONMENT = "env."


class ConfigurationError(SettingsError):
    """The configuration cannot be used; the message names the path of every mistake."""


def _from_environment(value: object, info: ValidationInfo) -> object:
    """`env.NAME` -> what that variable holds."""
    if not (isinstance(value, str) and value.startswith(ENVIRONMENT)):
        return value
    name = value.removeprefix(ENVIRONMENT)
    found = (info.context or {}).get(name)
    if not found:
        raise ValueError(f"the environment variable {name} is not set")
    return found


Secret = Annotated[SecretStr, BeforeValidator(_from_environment)]
Text = Annotated[str, BeforeValidator(_from_environment)]
ProviderName = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]{0,63}$")]
Url = Annotated[str, BeforeValidator(_from_environment), Field(pattern="^https?://[!-~]+$")]


class Part(BaseModel):
    """A part of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class AzureKey(Part):
    endpoint: Url
    api_version: str | None = None
    deployments: dict[str, str] = {}


class VertexKey(Part):
    project_id: Text
    region: Text = "us-central1"
    auth_credentials: Secret  # the JSON of a service account


class ReplicateKey(Part):
    deployments: dict[str, str] = {}


class ServerKey(Part):
    """A server of one's own: vLLM-Omni or SGLang."""

    url: Url
    model_name: str | None = None


class Key(Part):
    """One key of a provider."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    id: str | None = None
    value: Secret = SecretStr("")
    models: tuple[str, ...] = ("*",)  # what it may be used for; none at all when empty
    blacklisted_models: tuple[str, ...] = ()  # wins over `models`
    weight: Annotated[float, Field(ge=0)] = 1.0
    enabled: bool = True
    azure_key_config: AzureKey | None = None
    vertex_key_config: VertexKey | None = None
    replicate_key_config: ReplicateKey | None = None
    vllm_key_config: ServerKey | None = None
    sgl_key_config: ServerKey | None = None

    def allows(self, model: str) -> bool:
        """Whether the key may be used for the model; a server of one's own serves one model only."""
        server = self.vllm_key_config or self.sgl_key_config
        if server is not None and server.model_name not in (None, model):
            return False
        return model not in self.blacklisted_models and ("*" in self.models or model in self.models)


class Network(Part):
    """How a provider is reached. Times in milliseconds unless the name says otherwise."""

    base_url: Url | None = None
    extra_headers: dict[str, Text] = {}
    default_request_timeout_in_seconds: Annotated[float, Field(gt=0, le=3600)] = 120
    max_retries: Annotated[int, Field(ge=0, le=10)] = 2
    retry_backoff_initial: Annotated[int, Field(ge=1)] = 500
    retry_backoff_max: Annotated[int, Field(ge=1)] = 5000

    @model_validator(mode="after")
    def _in_order(self) -> Network:
        if self.retry_backoff_initial > self.retry_backoff_max:
            raise ValueError("retry_backoff_initial is larger than retry_backoff_max")
        return self


class Proxy(Part):
    type: Literal["none", "http", "environment"] = "environment"
    url: Url | None = None
    username: Text | None = None
    password: Secret | None = None

    @model_validator(mode="after")
    def _has_url(self) -> Proxy:
        if (self.type == "http") != (self.url is not None):
            raise ValueError("`url` goes with `type: http`, and only with it")
        return self


class Custom(Part):
    """A provider of another name that speaks the API of one we know."""

    base_provider_type: str
    allowed_requests: dict[
        Literal["video_generation", "video_retrieve", "video_download", "video_delete", "video_list", "video_remix"],
        bool,
    ] = {}


class Provider(Part):
    keys: tuple[Key, ...] = ()
    network_config: Network = Network()
    proxy_config: Proxy = Proxy()
    send_back_raw_request: bool = False
    send_back_raw_response: bool = False
    custom_provider_config: Custom | None = None

    @model_validator(mode="after")
    def _keys_are_told_apart(self) -> Provider:
        names = [key.name for key in self.keys]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"two keys are called {sorted(twice)[0]!r}")
        return self


class Client(Part):
    allow_per_request_raw_override: bool = False
    """Whether `x-bf-send-back-raw-request` and `-response` are honoured."""


class Configuration(Part):
    schema_: str | None = Field(None, alias="$schema")
    providers: dict[ProviderName, Provider] = {}
    client: Client = Client()


def file_for(chosen: Path | None, data_dir: Path) -> Path | None:
    """The configuration file to read: the chosen one, else the first of FILE_NAMES in the data directory, if any is there."""
    if chosen is not None:
        return chosen
    return next((data_dir / name for name in FILE_NAMES if (data_dir / name).exists()), None)


def read(path: Path, environment: Mapping[str, str]) -> Configuration:
    """The configuration in a file. Raises ConfigurationError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(f"There is no configuration file {path}. REELGATE_CONFIG names it.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.") from None
    return validated(_parsed(path, text), environment, str(path))


def validated(content: object, environment: Mapping[str, str], where: str) -> Configuration:
    """What a file holds -> the configuration. `where` begins the message of a ConfigurationError."""
    if not isinstance(content, dict):
        raise ConfigurationError(f"{where} must hold an object with `providers`, not {type(content).__name__}.")
    try:
        return Configuration.model_validate(content, context=environment)
    except ValidationError as error:
        raise ConfigurationError(f"{where} cannot be used:\n" + "\n".join(_complaints(error))) from None


def _parsed(path: Path, text: str) -> object:
    try:
        if path.suffix == ".json":
            return json.loads(text, object_pairs_hook=_no_key_twice)
        return yaml.load(text, Loader=UniqueKeys)  # noqa: S506  a SafeLoader
    except (json.JSONDecodeError, yaml.YAMLError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read: {' '.join(str(error).split())}.") from None


class UniqueKeys(yaml.SafeLoader):
    """YAML in which a key that stands twice in one mapping is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        _no_key_twice([(key, None) for key in keys])
        return super().construct_mapping(node, deep)


def _no_key_twice(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the key {name!r} stands there twice")
    return dict(pairs)


def _complaints(error: ValidationError) -> list[str]:
    """One line for each mistake: where it is, what is wrong. Never what was written there, which may be a secret."""
    lines = []
    for mistake in error.errors(include_input=False, include_url=False):
        place = ""
        for step in mistake["loc"]:
            place += f"[{step}]" if isinstance(step, int) else f".{step}" if place else str(step)
        what = {"extra_forbidden": "there is no such key", "missing": "is missing"}.get(mistake["type"], mistake["msg"])
        lines.append(f"  {place or 'the file'}: {what.removeprefix('Value error, ')}")
    return lines
