"""From a request to the targets that may serve it, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import MISSING

from generated.models import Fallback, VideoGenerationRequest

from ..access.callers import Caller
from ..errors import CallerError
from ..providers.adapter import Account
from ..providers.catalog import Capabilities
from ..providers.registry import Provider, ProviderKey, Registry
from .capabilities import check
from .keys import Wishes, in_order
from .terms import Terms


@dataclass(frozen=True, slots=True)
class Target:
    """A provider and a model of it that may serve a request."""

    provider: Provider
    model: str
    can: Capabilities
    keys: Sequence[ProviderKey]  # in the order in which they are tried
    terms: Mapping[str, Terms] = field(default_factory=dict)  # by the name of the key

    @property
    def id(self) -> str:
        return f"{self.provider.name}/{self.model}"

    @property
    def pin(self) -> dict[str, Any]:
        """What every later call about a job will use that its first key makes."""
        return pin_of(self.keys[0].account, self.model)

    @property
    def names(self) -> tuple[str, str]:
        return self.provider.name, self.model


@dataclass(frozen=True, slots=True)
class Unfit:
    """A target of the request that cannot serve it, and why."""

    provider: str
    model: str
    error: CallerError


def resolve(
    request: VideoGenerationRequest, registry: Registry, caller: Caller, wishes: Wishes
) -> list[Target | Unfit]:
    """The request's model, then its fallbacks. Raises the first one's error if none of them can serve the request."""
    return usable([_target(provider, model, request, registry, caller, wishes) for provider, model in _names(request)])


def usable(targets: list[Target | Unfit]) -> list[Target | Unfit]:
    """The same. Raises the first one's error if none of them can serve the request."""
    if all(isinstance(target, Unfit) for target in targets):
        assert isinstance(targets[0], Unfit)
        raise targets[0].error
    return targets


def _names(request: VideoGenerationRequest) -> list[tuple[str, str]]:
    fallbacks = request.fallbacks if request.fallbacks is not MISSING else []
    return [
        _split(request.model),
        *((each.provider, each.model) if isinstance(each, Fallback) else _split(each.root) for each in fallbacks),
    ]


def _split(model: str) -> tuple[str, str]:
    provider, _, name = model.partition("/")
    return provider, name


def _target(
    name: str, model: str, request: VideoGenerationRequest, registry: Registry, caller: Caller, wishes: Wishes
) -> Target | Unfit:
    try:
        if caller.grant is not None:
            caller.grant.demand(name, model, registry.naming(name))
        provider = registry.provider(name)
        provider.demand("generate")
        can = provider.capabilities(model)
        check(request, f"{name}/{model}", can)
        return Target(provider, model, can, in_order(provider, model, caller, wishes))
    except CallerError as error:
        return Unfit(name, model, error)


def pin_of(account: Account, model: str) -> dict[str, Any]:
    """What every later call about the job will use."""
    deployment = account.deployment(model)
    return {
        "provider": account.provider,
        "model": model,
        "deployment": deployment if deployment != model else None,
        "key": account.key,
        "base_url": account.base_url,
    }
