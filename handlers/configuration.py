"""Which providers there are, and with which keys: the configuration file, or the vendors' usual environment variables.

The file has the layout of Bifrost's `config.json` (JSON or YAML). A secret is written as `env.NAME` and read from that
environment variable. Every key of the file means something: what is not known here is an error that names its path, so a
misspelt word is never silently without effect.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import urlsplit

import yaml
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from generated.models import PricingPatch

from .settings import SettingsError

FILE_NAMES = ("config.yaml", "config.yml", "config.json")
ENVIRONMENT = "env."


class ConfigurationError(SettingsError):
    """The configuration cannot be used; the message names the path of every mistake. `mistakes` are those lines alone."""

    def __init__(self, message: str, mistakes: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.mistakes = mistakes


def _from_environment(value: object, info: ValidationInfo) -> object:
    """`env.NAME` -> what that variable holds. Around it there may be space, as at the end of a file that it was read from."""
    if not isinstance(value, str):
        return value
    if not value.startswith(ENVIRONMENT):
        return value.strip()
    name = value.removeprefix(ENVIRONMENT)
    found = (info.context or {}).get(name)
    if found is None or not found.strip():
        raise ValueError(f"the environment variable {name} is {'not set' if found is None else 'empty'}")
    return found.strip()


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        named = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is none, half a bracket
        named = False
    if not named or not re.fullmatch("[!-~]+", value):
        raise ValueError("must be a URL such as https://host/path")
    return value


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("must be a URL without user, query and fragment")
    return value


def _provider_name(name: str) -> str:
    if not re.fullmatch("[a-z0-9][a-z0-9_-]{0,63}", name):
        raise ValueError("a provider's name has up to 64 of a-z, 0-9, _ and -, a letter or digit first")
    return name


def _header_name(name: str) -> str:
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):  # RFC 9110 §5.6.2
        raise ValueError("is not the name of a header")
    return name


def _one_line(value: str) -> str:
    if not re.fullmatch("[ -~]*", value):
        raise ValueError("may hold printable ASCII only, because it is sent as a header")
    return value


def _secret_line(secret: SecretStr) -> SecretStr:
    _one_line(secret.get_secret_value())
    return secret


def _virtual_key(secret: SecretStr) -> SecretStr:
    if not re.fullmatch("sk-bf-[A-Za-z0-9_-]{24,200}", secret.get_secret_value()):
        raise ValueError("must be `sk-bf-` and at least 24 characters of A-Z, a-z, 0-9, _ and -")
    return secret


def _prices(patch: dict[str, float | str | bool]) -> dict[str, float | str | bool]:
    try:
        PricingPatch.model_validate(patch)
    except ValidationError as error:
        raise ValueError("; ".join(_complaints(error))) from None
    if not patch:
        raise ValueError("needs a price")
    return patch


def _json_object(secret: SecretStr) -> SecretStr:
    try:
        parsed = json.loads(secret.get_secret_value())
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise ValueError("must be the JSON of Google's credentials, as text")
    return secret


Text = Annotated[str, BeforeValidator(_from_environment)]
Secret = Annotated[SecretStr, BeforeValidator(_from_environment)]
Url = Annotated[Text, AfterValidator(_url)]
BaseUrl = Annotated[Url, AfterValidator(_base_url)]
ProviderName = Annotated[str, AfterValidator(_provider_name)]
HeaderName = Annotated[str, AfterValidator(_header_name)]

Reference = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,100}$")]
ModelPattern = Annotated[str, Field(pattern="^[!-~]{1,256}$")]
Duration = Annotated[str, Field(pattern="^[1-9][0-9]{0,3}[mhdwMQY]$")]
Amount = Annotated[Decimal, Field(ge=Decimal("0.0001"), le=1_000_000_000, decimal_places=6)]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
PricingScope = Literal["global", "provider", "provider_key", "virtual_key", "virtual_key_provider"]

RequestType = Literal[
    "video_generation", "video_retrieve", "video_download", "video_delete", "video_list", "video_remix"
]


Naming = Callable[[str], Sequence[str]]
"""A model as somebody writes it -> the names by which it is judged, the narrowest last; none where it may be any model.

Lists of models, and prices, have to hold for whatever makes a provider run the model; each adapter has a naming of its own.
"""


def as_written(model: str) -> Sequence[str]:
    """The naming where a model has one name only."""
    return (model,)


def own_name(model: str, naming: Naming) -> str:
    """What stands for a model in a list, and for no more than that."""
    return next(reversed(naming(model)), model)


def listed(model: str, models: Iterable[str], naming: Naming) -> bool:
    """Whether a model is one of these; `*` is any."""
    names = naming(model)
    return any(each in ("*", model) or own_name(each, naming) in names for each in models)


class Part(BaseModel):
    """A part of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class AzureKey(Part):
    endpoint: BaseUrl
    api_version: str | None = None
    deployments: dict[str, str] = {}


class VertexKey(Part):
    project_id: Text
    region: Text = "us-central1"
    auth_credentials: Annotated[Secret, AfterValidator(_json_object)]  # of a service account, mostly


class ReplicateKey(Part):
    deployments: dict[str, str] = {}


class ServerKey(Part):
    """A server of one's own: vLLM-Omni or SGLang."""

    url: BaseUrl
    model_name: str | None = None


class Key(Part):
    """One key of a provider."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    id: str | None = None
    value: Annotated[Secret, AfterValidator(_secret_line)] = SecretStr("")
    models: tuple[str, ...] = ("*",)  # what it may be used for; none at all when empty
    blacklisted_models: tuple[str, ...] = ()  # wins over `models`
    weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    enabled: bool = True
    azure_key_config: AzureKey | None = None
    vertex_key_config: VertexKey | None = None
    replicate_key_config: ReplicateKey | None = None
    vllm_key_config: ServerKey | None = None
    sgl_key_config: ServerKey | None = None

    def allows(self, model: str, naming: Naming) -> bool:
        """Whether the key may be used for the model; a server of one's own serves one model only."""
        server = self.vllm_key_config or self.sgl_key_config
        if server is not None and server.model_name not in (None, model):
            return False
        if self.blacklisted_models and not naming(model):
            return False
        return listed(model, self.models, naming) and not listed(model, self.blacklisted_models, naming)


class Network(Part):
    """How a provider is reached. Times in milliseconds unless the name says otherwise."""

    base_url: BaseUrl | None = None
    extra_headers: dict[HeaderName, Annotated[Text, AfterValidator(_one_line)]] = {}
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
        if self.url is None and (self.username is not None or self.password is not None):
            raise ValueError("`username` and `password` go with `url`")
        if self.password is not None and self.username is None:
            raise ValueError("`password` goes with `username`")
        return self


class Concurrency(Part):
    """How much a provider is asked at once. Creates do not count: each is an order of somebody's."""

    concurrency: Annotated[int, Field(ge=1, le=10_000)] = 100


class Custom(Part):
    """A provider of another name that speaks the API of one we know."""

    base_provider_type: str
    allowed_requests: dict[RequestType, bool] | None = None  # everything when left out, else only what is true

    @property
    def refused_requests(self) -> frozenset[RequestType]:
        allowed = self.allowed_requests
        return frozenset(kind for kind in get_args(RequestType) if allowed is not None and not allowed.get(kind))


class Provider(Part):
    keys: tuple[Key, ...] = ()
    network_config: Network = Network()
    proxy_config: Proxy = Proxy()
    concurrency_and_buffer_size: Concurrency = Concurrency()
    send_back_raw_request: bool = False
    send_back_raw_response: bool = False
    send_back_provider_url: bool = False
    custom_provider_config: Custom | None = None

    @model_validator(mode="after")
    def _keys_are_told_apart(self) -> Provider:
        for what, names in (
            ("name", [key.name for key in self.keys]),
            ("id", [key.id for key in self.keys if key.id is not None]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"two keys have the {what} {twice[0]!r}")
        return self


class Client(Part):
    """Options that can also be set while the gateway runs; see access/options.py."""

    allow_per_request_raw_override: bool = False
    """Whether `x-bf-send-back-raw-request` and `-response` are honoured."""
    disable_content_logging: bool = False
    """Whether prompts and the like are kept out of the log of requests."""
    unpriced_models: Literal["admit", "refuse"] = "refuse"
    """Whether who has a budget may use a model without a price."""


class DeclaredBudget(Part):
    """How much may be spent, in US dollars."""

    id: Reference | None = None  # for people
    max_limit: Amount
    reset_duration: Duration | None = None
    calendar_aligned: bool | None = None  # None: as its owner says


class DeclaredLimits(Part):
    """How much may be done: each limit with its duration."""

    id: Reference | None = None  # for people
    request_max_limit: Count | None = None
    request_reset_duration: Duration | None = None
    concurrent_max_limit: Count | None = None
    seconds_max_limit: Amount | None = None
    seconds_reset_duration: Duration | None = None
    cost_max_limit: Amount | None = None
    cost_reset_duration: Duration | None = None
    poll_max_limit: Count | None = None
    poll_reset_duration: Duration | None = None

    @model_validator(mode="after")
    def _each_has_a_duration(self) -> DeclaredLimits:
        for name in ("request", "seconds", "cost", "poll"):
            if (getattr(self, f"{name}_max_limit") is None) != (getattr(self, f"{name}_reset_duration") is None):
                raise ValueError(f"`{name}_max_limit` and `{name}_reset_duration` go together")
        return self


class Owned(Part):
    """What stands in a list of its own and names whom it is for."""

    virtual_key_id: Reference | None = None
    team_id: Reference | None = None
    customer_id: Reference | None = None

    @model_validator(mode="after")
    def _is_for_one(self) -> Self:
        if [self.virtual_key_id, self.team_id, self.customer_id].count(None) != 2:
            raise ValueError("needs one of `virtual_key_id`, `team_id` and `customer_id`")
        return self


class OwnedBudget(DeclaredBudget, Owned):
    pass


class OwnedLimits(DeclaredLimits, Owned):
    pass


class Limited(Part):
    """What has budgets and limits."""

    budgets: tuple[DeclaredBudget, ...] = ()
    rate_limit: DeclaredLimits | None = None


class Declared(Limited):
    """A virtual key, a team or a customer. What refers to it says its name, or its id, which means nothing outside the file."""

    id: Reference | None = None
    name: Reference
    calendar_aligned: bool = False


class DeclaredCustomer(Declared):
    pass


class DeclaredTeam(Declared):
    customer_id: Reference | None = None


class DeclaredProviderConfig(Limited):
    provider: ProviderName
    allowed_models: tuple[ModelPattern, ...] = ("*",)
    blacklisted_models: tuple[ModelPattern, ...] = ()
    key_ids: tuple[Reference, ...] = ("*",)


class DeclaredVirtualKey(Declared):
    value: Annotated[Secret, AfterValidator(_virtual_key)]
    description: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{0,500}$")] | None = None
    is_active: bool = True
    expires_at: AwareDatetime | None = None
    team_id: Reference | None = None
    customer_id: Reference | None = None
    allow_all_providers: bool = False
    provider_configs: tuple[DeclaredProviderConfig, ...] = ()
    disable_content_logging: bool | None = None
    retention_days: Annotated[float, Field(ge=0, le=36500)] | None = None


class DeclaredPricingOverride(Part):
    name: Reference
    scope_kind: PricingScope
    provider: ProviderName | None = None
    provider_key: Reference | None = None
    virtual_key_id: Reference | None = None
    match_type: Literal["exact", "wildcard"]
    pattern: ModelPattern
    request_types: tuple[Literal["video_generation", "video_remix"], ...] = ()
    patch: Annotated[dict[str, float | str | bool], AfterValidator(_prices)]


class Governance(Part):
    """Who may do what, and what it may cost: what the file declares beside what is made with the API."""

    virtual_keys: tuple[DeclaredVirtualKey, ...] = ()
    teams: tuple[DeclaredTeam, ...] = ()
    customers: tuple[DeclaredCustomer, ...] = ()
    budgets: tuple[OwnedBudget, ...] = ()
    rate_limits: tuple[OwnedLimits, ...] = ()
    pricing_overrides: tuple[DeclaredPricingOverride, ...] = ()

    @model_validator(mode="after")
    def _names_are_told_apart(self) -> Governance:
        for what in ("virtual_keys", "teams", "customers", "pricing_overrides"):
            each_ones = [{each.name, getattr(each, "id", None)} - {None} for each in getattr(self, what)]
            names = [name for its in each_ones for name in its]
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise ValueError(f"two of `{what}` are called {twice!r}")
        return self


class Configuration(Part):
    schema_: str | None = Field(None, alias="$schema")
    providers: dict[ProviderName, Provider] = {}
    client: Client = Client()
    governance: Governance = Governance()


def file_for(chosen: Path | None, data_dir: Path) -> Path | None:
    """The configuration file to read: the chosen one, else the first of FILE_NAMES in the data directory, if any is there."""
    if chosen is not None:
        return chosen
    return next((data_dir / name for name in FILE_NAMES if (data_dir / name).exists()), None)


def read(path: Path, environment: Mapping[str, str]) -> Configuration:
    """The configuration in a file. Raises ConfigurationError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigurationError(f"There is no configuration file {path}. REELGATE_CONFIG names it.") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} cannot be read: it is not UTF-8, at byte {error.start}.") from None
    return validated(_parsed(path, text), environment, str(path))


def validated(content: object, environment: Mapping[str, str], where: str) -> Configuration:
    """What a file holds -> the configuration. `where` begins the message of a ConfigurationError."""
    if not isinstance(content, dict):
        raise ConfigurationError(f"{where} cannot be used: it does not hold an object, such as one with `providers`.")
    try:
        return Configuration.model_validate(content, context=environment)
    except ValidationError as error:
        raise unusable(where, _complaints(error)) from None


def unusable(where: str, mistakes: Iterable[str]) -> ConfigurationError:
    """The error for mistakes, each of which begins with its path."""
    found = tuple(mistakes)
    return ConfigurationError("\n  ".join([f"{where} cannot be used:", *found]), found)


def _parsed(path: Path, text: str) -> object:
    try:
        if path.suffix == ".json":
            return json.loads(text, object_pairs_hook=_no_key_twice)
        return yaml.load(text, Loader=UniqueKeys)  # noqa: S506  a SafeLoader
    except yaml.MarkedYAMLError as error:  # its own words quote the line, which may hold a secret
        mark = error.problem_mark
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        telling = isinstance(error, yaml.scanner.ScannerError | yaml.parser.ParserError | KeyTwice)
        what = f"{error.problem if telling else 'it uses an alias or a tag that is not there'}{place}"
    except yaml.YAMLError:
        what = "it holds a character that YAML does not allow"
    except RecursionError:
        what = "it is nested too deeply"
    except ValueError as error:
        what = str(error) if text.strip() else "it is empty"
    raise ConfigurationError(f"{path} cannot be read: {what}.")


class KeyTwice(yaml.MarkedYAMLError):
    """A key stands twice in one mapping."""


class UniqueKeys(yaml.SafeLoader):
    """YAML in which a key that stands twice in one mapping is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if key.tag != MERGE and isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise KeyTwice(problem=f"the key {key.value!r} stands there twice,", problem_mark=key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


MERGE = "tag:yaml.org,2002:merge"
"""The tag of `<<`, which may stand there more than once."""


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the key {name!r} stands there twice")
    return dict(pairs)


WORDS = {
    "extra_forbidden": "there is no such key",
    "missing": "is missing",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "tuple_type": "must be a list",
    "finite_number": "must be a finite number",
}
"""pydantic's type of a mistake -> what we say of it, where its own words are not for the author of a file."""


def _complaints(error: ValidationError) -> Iterator[str]:
    """One line for each mistake: where it is, what is wrong. Never what was written there, which may be a secret."""
    for mistake in error.errors(include_input=False, include_url=False):
        place = ""
        for step in mistake["loc"]:
            if step != "[key]":  # pydantic's word for: the key itself is wrong
                place += f"[{step}]" if isinstance(step, int) else f".{step}" if place else str(step)
        what = WORDS.get(mistake["type"], mistake["msg"])
        yield f"{place}: {what.removeprefix('Value error, ')}"
