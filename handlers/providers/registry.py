"""The providers that are configured, each with its adapter, its keys and its models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from pydantic import SecretStr

from generated.models import ModelProvider

from ..errors import InvalidRequest, NotFound, Unavailable, UnsupportedOperation
from ..settings import Settings
from ..upstream import Upstream
from .adapter import Account, Adapter
from .catalog import ANYTHING, Capabilities, catalog
from .openai import OpenAI
from .runway import Runway

PROVIDERS: Mapping[str, Adapter] = {adapter.name: adapter for adapter in (OpenAI(), Runway())}

NAMED_BY_THE_CONTRACT = frozenset(provider.value for provider in ModelProvider)

SANDBOX = "/sandbox"


@dataclass(frozen=True, slots=True)
class Provider:
    """A configured provider."""

    name: str
    adapter: Adapter
    accounts: tuple[Account, ...]
    models: Mapping[str, Capabilities]
    closed: bool  # whether `models` are all there are
    at_vendor: bool  # whether this is the vendor's own service, which may have been switched off
    poll_seconds: float

    def capabilities(self, model: str) -> Capabilities:
        """What a model can do. Raises NotFound if the provider has no such model."""
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


@dataclass(slots=True)
class Registry:
    """What can be called now."""

    providers: dict[str, Provider] = field(default_factory=dict)
    sandbox: bool = False

    def __iter__(self) -> Iterator[Provider]:
        return iter(self.providers.values())

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
            raise UnsupportedOperation("video_generation", name)
        raise NotFound(
            f"There is no provider {name!r}. Configured: {', '.join(self.providers) or 'none'}.",
            code="provider_not_found",
            param="model",
        )

    def account(self, provider: str, key: str | None, base_url: str | None) -> Account:
        """The account that made a job. Raises Unavailable when it is no longer configured."""
        for account in self.providers[provider].accounts if provider in self.providers else ():
            if account.key == key:
                # The job lives where it was made, also when the key's base URL has been changed since; only the
                # sandbox moves, with the server's port.
                return account if account.sandbox or base_url is None else replace(account, base_url=base_url)
        raise Unavailable(
            f"The key {key!r} of {provider} that made this job is not configured any more.", retry_after=60
        )


def build(settings: Settings, http: Upstream, own_url: str) -> Registry:
    """The registry that the settings describe. `own_url` is where the sandbox, if it is on, reaches this server."""
    if settings.sandbox_on:
        return Registry(
            {
                name: _provider(
                    Account(
                        name,
                        "sandbox",
                        SecretStr(adapter.sandbox_secret),
                        own_url + SANDBOX + adapter.sandbox_path,
                        http,
                        options=adapter.sandbox_options,
                        sandbox=True,
                    ),
                    poll_seconds=min(0.5, settings.sandbox_job_seconds / 8),
                )
                for name, adapter in PROVIDERS.items()
            },
            sandbox=True,
        )
    configured = {
        "openai": (settings.openai_api_key, settings.openai_base_url),
        "runway": (settings.runway_api_secret, settings.runway_base_url),
    }
    return Registry(
        {
            name: _provider(Account(name, "default", secret, base_url.rstrip("/"), http))
            for name, (secret, base_url) in configured.items()
            if secret is not None
        }
    )


def _provider(account: Account, *, poll_seconds: float | None = None) -> Provider:
    adapter = PROVIDERS[account.provider]
    return Provider(
        name=account.provider,
        adapter=adapter,
        accounts=(account,),
        models=catalog().get(account.provider, {}),
        closed=account.sandbox or account.base_url == adapter.base_url,
        at_vendor=account.base_url == adapter.base_url,
        poll_seconds=poll_seconds or adapter.poll_seconds,
    )
