"""The providers that are configured, each with its adapter, its keys and its models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeAlias

from pydantic import SecretStr

from generated.models import ModelProvider

from ..configuration import (
    Client,
    Configuration,
    Key,
    Naming,
    Network,
    RequestType,
    as_written,
    file_for,
    read,
    unusable,
    validated,
)
from ..configuration import Provider as Configured
from ..errors import InvalidRequest, NotFound, Unavailable, UnsupportedOperation
from ..settings import Settings
from ..upstream import Upstream
from .adapter import REQUEST_TYPES, Account, Adapter
from .azure import Azure
from .catalog import ANYTHING, Capabilities, catalog
from .emulation import OPEN, Emulation, emulation
from .gemini import Gemini
from .line import Line
from .openai import OpenAI
from .openrouter import OpenRouter
from .pricing import Bills, price_book
from .replicate import Replicate
from .runway import Runway
from .sgl import SGLang
from .vertex import Vertex
from .vllm import VLLM
from .xai import XAI

PROVIDERS: Mapping[str, Adapter] = {
    adapter.name: adapter
    for adapter in (OpenAI(), Azure(), VLLM(), SGLang(), OpenRouter(), Runway(), Replicate(), XAI(), Gemini(), Vertex())
}

NAMED_BY_THE_CONTRACT = frozenset(provider.value for provider in ModelProvider)


@dataclass(frozen=True, slots=True)
class ProviderKey:
    """A key of a provider: when it may be used, and what a call with it needs."""

    settings: Key
    account: Account


@dataclass(frozen=True, slots=True)
class Provider:
    """A configured provider. A custom one has a name of its own and the adapter of another."""

    name: str
    adapter: Adapter
    keys: tuple[ProviderKey, ...]
    models: Mapping[str, Capabilities]
    closed: bool  # whether `models` are all there are
    at_vendor: bool  # whether this is the vendor's own service, which may have been switched off
    poll_seconds: float
    sandbox: bool = False  # whether it is an emulator
    network: Network = field(default_factory=Network)
    refused: frozenset[str] = frozenset()  # request types that the configuration does not allow
    shows_raw_request: bool = False
    shows_raw_response: bool = False
    shows_provider_url: bool = False

    def capabilities(self, model: str) -> Capabilities:
        """What a model can do. Raises NotFound if the provider has no such model, or has it no longer."""
        known = self.models.get(model)
        if known is not None and known.retired is not None and self.at_vendor:
            raise NotFound(
                f"{self.name}/{model} was switched off on {known.retired.since}. {known.retired.notice}",
                code="model_retired",
                param="model",
            )
        if known is None and self.closed:
            raise NotFound(
                f"The model {self.name}/{model} does not exist. GET /v1/models lists those that do.",
                code="model_not_found",
                param="model",
            )
        return known or ANYTHING

    @property
    def priced_as(self) -> str | None:
        """The vendor whose list prices hold here; None for a server at another address, which sends bills of its own."""
        own_address = not self.adapter.base_url  # every user of Azure has one
        return self.adapter.name if self.at_vendor or own_address or self.sandbox else None

    def usable_models(self) -> Mapping[str, Capabilities]:
        """The models of the catalogue that can be used now."""
        return {name: can for name, can in self.models.items() if can.retired is None or not self.at_vendor}

    def supports(self, operation: str) -> bool:
        """Whether the operation, by its name at the adapter, can be asked for."""
        return self.adapter.supports(operation) and REQUEST_TYPES[operation] not in self.refused

    def allow(self, request_type: RequestType) -> None:
        """Raises UnsupportedOperation if the configuration does not allow such requests."""
        if request_type in self.refused:
            raise UnsupportedOperation(request_type, self.name)

    def demand(self, operation: str) -> None:
        """Raises UnsupportedOperation if the operation cannot be asked for."""
        if not self.supports(operation):
            raise UnsupportedOperation(REQUEST_TYPES[operation], self.name)


Lines: TypeAlias = Mapping[tuple[str, str, int], Line]
"""(provider, address, how much it is asked at once) -> its line."""


@dataclass(slots=True)
class Registry:
    """What can be called now. It changes while the gateway runs, between any two looks at it."""

    providers: dict[str, Provider] = field(default_factory=dict)
    sandbox: bool = False
    raw_on_request: bool = False  # whether callers may ask to see what was said to and by the provider
    lines: Lines = field(default_factory=dict, repr=False)

    def __iter__(self) -> Iterator[Provider]:
        return iter(self.providers.values())

    def follow(self, configuration: Configuration, http: Upstream) -> None:
        """Call what a configuration describes from now on; what did not change keeps its line. The sandbox stays as it is."""
        if not self.sandbox:
            new = build(configuration, http, self.lines)
            self.providers, self.lines = new.providers, new.lines

    def heed(self, client: Client) -> None:
        """Take over options that have changed."""
        self.raw_on_request = self.sandbox or client.allow_per_request_raw_override

    def provider(self, name: str) -> Provider:
        """The provider of this name. Raises a CallerError that says what is wrong with the name."""
        if name in self.providers:
            return self.providers[name]
        if name in PROVIDERS:
            raise InvalidRequest(
                f"The provider {name} has no key here. Configured: {', '.join(self.providers) or 'none'}.",
                code="provider_not_configured",
                param="model",
            )
        if name in NAMED_BY_THE_CONTRACT:
            raise UnsupportedOperation(REQUEST_TYPES["generate"], name)
        raise NotFound(
            f"There is no provider {name!r}. Configured: {', '.join(self.providers) or 'none'}.",
            code="provider_not_found",
            param="model",
        )

    def naming(self, provider: str) -> Naming:
        """By which names models of the provider are judged."""
        known = self.providers.get(provider)
        return known.adapter.names if known is not None else as_written

    def bills(self, provider: str) -> Bills:
        """How the provider bills jobs that make no video, as far as is known."""
        known = self.providers.get(provider)
        return price_book().bills(known.priced_as if known is not None else None)

    def maker(self, provider: str) -> Provider:
        """The provider that made a job. Raises Unavailable when it is no longer configured."""
        if provider not in self.providers:
            raise Unavailable(f"The provider {provider} that made this job is not configured any more.", retry_after=60)
        return self.providers[provider]

    def account(self, provider: str, key: str | None, base_url: str | None) -> Account:
        """The account that made a job. Raises Unavailable when it is no longer configured."""
        for known in self.maker(provider).keys:
            if known.settings.name == key:
                # The job lives where it was made, also when the key's base URL has been changed since; only the
                # sandbox moves, with the server's port.
                account = known.account
                return account if account.sandbox or base_url is None else replace(account, base_url=base_url)
        raise Unavailable(
            f"The key {key!r} of {provider} that made this job is not configured any more.", retry_after=60
        )


def configured(settings: Settings, environment: Mapping[str, str]) -> Configuration:
    """The configuration file, or without one the vendors' environment variables. Raises ConfigurationError."""
    path = file_for(settings.config, settings.data_dir)
    if path is not None:
        configuration, where = read(path, environment), str(path)
    else:
        there = {name: adapter.in_environment(environment) for name, adapter in PROVIDERS.items()}
        described = {name: provider for name, provider in there.items() if provider is not None}
        where = "The environment"
        configuration = validated({"providers": described}, environment, where)
    found_wrong = [wrong for name, found in configuration.providers.items() for wrong in mistakes(name, found)]
    if found_wrong:
        raise unusable(where, found_wrong)
    return configuration


def in_sandbox(settings: Settings, configuration: Configuration) -> bool:
    """Whether emulators serve every provider: unless it is set, when there is none that could be called."""
    if settings.sandbox is not None:
        return settings.sandbox
    return not any(provider.keys for provider in configuration.providers.values())


def for_server(
    settings: Settings, configuration: Configuration, own_url: str, http: Upstream, *, sandbox: bool | None = None
) -> Registry:
    """The registry of a server that is reached at `own_url`, where the sandbox is mounted if it is on.

    `sandbox`: whether it is, where that was decided by more than the configuration.
    """
    if in_sandbox(settings, configuration) if sandbox is None else sandbox:
        return build_sandbox(own_url, settings.sandbox_job_seconds, http, emulation(settings))
    return build(configuration, http)


def build(configuration: Configuration, http: Upstream, known: Lines = MappingProxyType({})) -> Registry:
    """The registry that a configuration describes, which was found to be right. Providers without keys cannot be called.

    `known` are the lines that there are already.
    """
    lines: dict[tuple[str, str, int], Line] = {}

    def line(name: str, address: str, at_once: int) -> Line:
        which = (name, address, at_once)
        return lines.setdefault(which, known.get(which) or Line(name, at_once))

    return Registry(
        {name: _provider(name, found, http, line) for name, found in configuration.providers.items() if found.keys},
        raw_on_request=configuration.client.allow_per_request_raw_override,
        lines=lines,
    )


def build_sandbox(own_url: str, job_seconds: float, http: Upstream, there: Emulation = OPEN) -> Registry:
    """Every provider, served by its emulator in the server at `own_url`."""
    emulated = {}
    for name, adapter in PROVIDERS.items():
        account = Account(
            name,
            "sandbox",
            SecretStr(there.secret(adapter.sandbox_secret)),
            f"{own_url}{there.prefix}{adapter.sandbox_path}",
            http,
            options=adapter.sandbox_options,
            line=Line(name),
            sandbox=True,
        )
        emulated[name] = Provider(
            name,
            adapter,
            keys=(ProviderKey(Key(name="sandbox", id="sandbox"), account),),
            models=catalog().get(name, {}),
            closed=not adapter.open_models,
            at_vendor=False,
            poll_seconds=min(0.5, job_seconds / 8),
            sandbox=True,
        )
    return Registry(emulated, sandbox=True, raw_on_request=True)


def mistakes(name: str, found: Configured, *, keyless: bool = False) -> Iterator[str]:
    """What is wrong with a provider, where only its adapter shows that: the path, and what to do.

    `keyless`: whether it may be without keys for now.
    """
    where, custom = f"providers.{name}", found.custom_provider_config
    base = custom.base_provider_type if custom is not None else name
    if custom is not None and name in NAMED_BY_THE_CONTRACT:
        yield f"{where}.custom_provider_config: a custom provider needs a name of its own"
    if base not in PROVIDERS:
        yield _unknown(name, base, custom is not None)
        return
    if not (found.keys or keyless):
        yield f"{where}.keys: is missing; at least one is needed, also where it needs no value"
    for index, key in enumerate(found.keys):
        for mistake in _mistakes_of_key(PROVIDERS[base], key, found.network_config):
            yield f"{where}.keys[{index}]{mistake}"


def _mistakes_of_key(adapter: Adapter, key: Key, network: Network) -> Iterator[str]:
    """What is wrong with a key; each begins with the rest of its path."""
    for part, base in KEY_CONFIGS.items():
        if base != adapter.name and getattr(key, part) is not None:
            yield f".{part}: is for {base}, not for {adapter.name}"
    if adapter.name == "vertex":
        if key.vertex_key_config is None:
            yield ".vertex_key_config: is missing; it holds project_id and auth_credentials"
    elif adapter.needs_key and not key.value.get_secret_value():
        yield ".value: is missing"
    if not (_address(key) or network.base_url or adapter.base_url):
        part = next((f"{part} or " for part, base in KEY_CONFIGS.items() if base == adapter.name), "")
        yield f": there is no address; set {part}network_config.base_url"


KEY_CONFIGS = {
    "azure_key_config": "azure",
    "vertex_key_config": "vertex",
    "replicate_key_config": "replicate",
    "vllm_key_config": "vllm",
    "sgl_key_config": "sgl",
}
"""The part of a key -> the adapter that it is for."""


def _address(key: Key) -> str | None:
    """The address that a key has of its own."""
    server = key.vllm_key_config or key.sgl_key_config
    if server is not None:
        return server.url
    return key.azure_key_config.endpoint if key.azure_key_config is not None else None


def _provider(name: str, found: Configured, http: Upstream, line: Callable[[str, str, int], Line]) -> Provider:
    custom = found.custom_provider_config
    base = custom.base_provider_type if custom is not None else name
    adapter = PROVIDERS[base]
    keys = tuple(ProviderKey(key, _account(name, adapter, key, found, http, line)) for key in found.keys)
    at_vendor = any(key.account.base_url == adapter.base_url for key in keys)
    return Provider(
        name,
        adapter,
        keys,
        models=catalog().get(base, {}),
        closed=at_vendor and not adapter.open_models,
        at_vendor=at_vendor,
        poll_seconds=adapter.poll_seconds,
        network=found.network_config,
        refused=custom.refused_requests if custom is not None else frozenset(),
        shows_raw_request=found.send_back_raw_request,
        shows_raw_response=found.send_back_raw_response,
        shows_provider_url=found.send_back_provider_url,
    )


def _account(
    name: str,
    adapter: Adapter,
    key: Key,
    found: Configured,
    http: Upstream,
    line: Callable[[str, str, int], Line],
) -> Account:
    network = found.network_config
    secret, options, deployments = key.value, {}, {}
    base_url = (_address(key) or network.base_url or adapter.base_url).rstrip("/")
    if key.azure_key_config is not None:
        deployments = key.azure_key_config.deployments
        if key.azure_key_config.api_version is not None:
            options["api_version"] = key.azure_key_config.api_version
    if key.vertex_key_config is not None:
        secret = key.vertex_key_config.auth_credentials
        options |= {"project": key.vertex_key_config.project_id, "region": key.vertex_key_config.region}
    if key.replicate_key_config is not None:
        deployments = key.replicate_key_config.deployments
    server = key.vllm_key_config or key.sgl_key_config
    if server is not None and server.model_name is not None:
        options["model"] = server.model_name
    return Account(
        name,
        key.name,
        secret,
        base_url if base_url.endswith(adapter.base_path) else base_url + adapter.base_path,
        http,
        options=options,
        deployments=deployments,
        headers=network.extra_headers,
        timeout=network.default_request_timeout_in_seconds,
        proxy=found.proxy_config,
        line=line(name, base_url, found.concurrency_and_buffer_size.concurrency),
    )


def _unknown(name: str, base: str, custom: bool) -> str:
    known = ", ".join(PROVIDERS)
    if custom:
        return f"providers.{name}.custom_provider_config.base_provider_type: {base!r} is none of {known}"
    if name in NAMED_BY_THE_CONTRACT:
        return (
            f"providers.{name}: has no video API that reelgate knows; take it out, or, for a server that speaks the dialect of "
            f"one of {known}, give it a name of its own and set custom_provider_config.base_provider_type"
        )
    return f"providers.{name}: is not known; set custom_provider_config.base_provider_type to one of {known}"
