"""What a virtual key may do: its providers and models, until when, on whose account, and which meters its jobs touch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, core_schema

from ..configuration import Naming, listed
from ..errors import Forbidden, InvalidRequest

ALL = "*"
REGEX = "regex:"


@dataclass(frozen=True, slots=True)
class Meter:
    """A budget or a rate limit, without what it has counted; the meaning of each field stands in access_tables.py."""

    id: str
    kind: str
    metric: str
    scope: str
    scope_id: str
    maximum: Decimal
    reset_duration: str | None = None
    calendar_aligned: bool = False


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """What a virtual key may use of one provider."""

    provider: str
    allowed_models: Sequence[str] = (ALL,)  # names, `*`, or `regex:` and a pattern that the whole name fits
    blacklisted_models: Sequence[str] = ()  # wins over `allowed_models`
    key_ids: Sequence[str] = (ALL,)  # ids or names of the provider's keys

    def allows(self, model: str, naming: Naming) -> bool:
        """A model without a name is not known to be none of those that may not be used."""
        if self.blacklisted_models and not naming(model):
            return False
        return _fits(model, self.allowed_models, naming) and not _fits(model, self.blacklisted_models, naming)

    def allows_key(self, *names: str | None) -> bool:
        """Whether a key that goes by these names may be used."""
        return ALL in self.key_ids or any(name in self.key_ids for name in names)


@dataclass(frozen=True, slots=True)
class Grant:
    """A virtual key, and everything that applies to it."""

    id: str
    name: str
    is_active: bool = True
    expires_at: datetime | None = None
    team_id: str | None = None
    customer_id: str | None = None  # its own, or its team's
    allow_all_providers: bool = False
    providers: Mapping[str, ProviderConfig] = field(default_factory=dict)
    disable_content_logging: bool | None = None
    retention_days: float | None = None
    meters: Sequence[Meter] = ()  # its own, those of its provider configs, its team's and its customer's

    def demand_valid(self) -> None:
        """Raises Forbidden if the key is disabled, or has expired."""
        if not self.is_active:
            raise Forbidden("The virtual key is disabled.", code="virtual_key_blocked")
        if self.expires_at is not None and self.expires_at <= datetime.now(UTC):
            raise Forbidden("virtual key has expired", code="access_blocked")

    def demand(self, provider: str, model: str, naming: Naming) -> None:
        """Raises Forbidden if the key may not use the provider, or the model. `naming` is the provider's."""
        config = self.providers.get(provider)
        if config is None and not self.allow_all_providers:
            raise Forbidden(
                f"Provider '{provider}' is not allowed for this virtual key", code="provider_blocked", param="model"
            )
        if config is not None and not config.allows(model, naming):
            raise Forbidden(f"Model '{model}' is not allowed for this virtual key", code="model_blocked", param="model")

    def allows(self, provider: str, model: str, naming: Naming) -> bool:
        try:
            self.demand(provider, model, naming)
        except Forbidden:
            return False
        return True

    def demand_key(self, provider: str, *names: str | None) -> None:
        """Raises Forbidden if the key may not use the key of the provider that goes by these names."""
        if not self.allows_key(provider, *names):
            raise Forbidden(
                f"The key of {provider} that made it is not allowed for this virtual key", code="provider_blocked"
            )

    def allows_key(self, provider: str, *names: str | None) -> bool:
        config = self.providers.get(provider)
        return config is None or config.allows_key(*names)

    def meters_for(self, provider: str) -> Iterable[Meter]:
        """Those that a job at this provider touches."""
        there = f"{self.id}/{provider}"
        return (meter for meter in self.meters if meter.scope != "provider_config" or meter.scope_id == there)


def _fits(model: str, models: Sequence[str], naming: Naming) -> bool:
    return listed(model, models, naming) or any(_matches(each, name) for each in models for name in naming(model))


def _matches(expression: str, name: str) -> bool:
    return expression.startswith(REGEX) and bool(pattern(expression).isinstance_python(name))


def demand_pattern(name: str, provider: str) -> None:
    """Raises InvalidRequest for what would fit no model of the provider, and for `regex:` and what is no regular expression."""
    if name.startswith(f"{provider}/"):
        wrong = f"{name!r} would fit no model: leave the provider out, {name.removeprefix(f'{provider}/')!r}."
        raise InvalidRequest(wrong, code="invalid_pattern", param="provider_configs")
    if not name.startswith(REGEX):
        if ALL in name and name != ALL:
            wrong = f"{name!r} would fit no model: `*` stands alone. Write {REGEX + name.replace(ALL, '.*')!r}."
            raise InvalidRequest(wrong, code="invalid_pattern", param="provider_configs")
        return
    try:
        pattern(name)
    except SchemaError as error:
        reason = str(error).splitlines()[-1].strip().removeprefix("error: ").removeprefix("SchemaError: ")
        raise InvalidRequest(
            f"{name!r} is no regular expression of RE2's syntax: {reason}",
            code="invalid_pattern",
            param="provider_configs",
        ) from None


@lru_cache(maxsize=1000)
def pattern(name: str) -> SchemaValidator:
    """`regex:veo-.*` -> what accepts the names that fit as a whole. Raises SchemaError; those that are stored have been tried.

    The engine is Rust's `regex`, as pydantic has it: its syntax is that of RE2, and no expression takes it longer than the name
    is long, so none can be made that keeps the server busy.
    """
    expression = name.removeprefix(REGEX)
    SchemaValidator(
        core_schema.str_schema(pattern=expression)
    )  # by itself, so that it cannot close the group around it
    return SchemaValidator(core_schema.str_schema(pattern=f"(?i)\\A(?:{expression})\\z"))
