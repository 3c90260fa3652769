"""From a request to the targets that may serve it, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import MISSING

from generated.models import Fallback, VideoGenerationRequest

from ..errors import CallerError
from ..providers.catalog import Capabilities
from ..providers.registry import Provider, ProviderKey, Registry
from .capabilities import check
from .keys import Wishes, in_order


@dataclass(frozen=True, slots=True)
class Target:
    """A provider and a model of it that may serve a request."""

    provider: Provider
    model: str
    can: Capabilities
    keys: Sequence[ProviderKey]  # in the order in which they are tried

    @property
    def id(self) -> str:
        return f"{self.provider.name}/{self.model}"

    @property
    def names(self) -> tuple[str, str]:
        return self.provider.name, self.model


@dataclass(frozen=True, slots=True)
class Unfit:
    """A target of the request that cannot serve it, and why."""

    provider: str
    model: str
    error: CallerError


def resolve(request: VideoGenerationRequest, registry: Registry, owner: str, wishes: Wishes) -> list[Target | Unfit]:
    """The request's model, then its fallbacks. Raises the first one's error if none of them can serve the request."""
    targets = [_target(provider, model, request, registry, owner, wishes) for provider, model in _names(request)]
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
    name: str, model: str, request: VideoGenerationRequest, registry: Registry, owner: str, wishes: Wishes
) -> Target | Unfit:
    try:
        provider = registry.provider(name)
        provider.demand("generate")
        can = provider.capabilities(model)
        check(request, f"{name}/{model}", can)
        return Target(provider, model, can, in_order(provider, model, owner, wishes))
    except CallerError as error:
        return Unfit(name, model, error)
