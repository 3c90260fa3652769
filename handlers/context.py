"""What is true of the request being served, for code too deep to be handed it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Exchange:
    """A call of a provider: the two bodies, without headers and without bulk."""

    request: dict[str, Any]
    response: dict[str, Any]


class Quota(Protocol):
    """A limit as it stands; see jobs/holds.py."""

    @property
    def kind(self) -> str: ...
    @property
    def metric(self) -> str: ...
    @property
    def scope(self) -> str: ...
    @property
    def limit(self) -> Decimal: ...
    @property
    def left(self) -> Decimal: ...
    @property
    def resets_in(self) -> float | None: ...
    @property
    def window(self) -> float | None: ...


@dataclass(slots=True)
class Trace:
    """What has become known of the request so far, for its answer and its entry in the log; the types lie in layers above."""

    caller: Any = None  # a Caller
    again: Callable[[], Awaitable[Any]] | None = None  # asks anew who the caller is; raises a ReelgateError
    error: Any = None  # the ReelgateError that was answered
    job: Any = None  # the Job it was about, or that it made
    model: str | None = None  # that was asked for, as `provider/model`
    prompt: str | None = None
    touched: list[Quota] = field(default_factory=list)  # the limits and budgets that it touched, as they stand after it


trace: ContextVar[Trace] = ContextVar("trace")


def seen(touched: Sequence[Quota]) -> None:
    """Note limits that the request touched, if there is a request."""
    found = trace.get(None)
    if found is not None:
        found.touched.extend(touched)


request_id: ContextVar[str] = ContextVar("request_id")
"""The caller's own `x-request-id`, or one of ours."""

forwarded_headers: ContextVar[Mapping[str, str]] = ContextVar("forwarded_headers")
"""The caller's `x-bf-eh-NAME` headers, as NAME, to be sent to the provider."""

exchanges: ContextVar[list[Exchange] | None] = ContextVar("exchanges", default=None)
"""What was said to and by the provider, for callers who want to see it; None where nobody does."""

base_url: ContextVar[str] = ContextVar("base_url")
"""Where the caller reaches the gateway, without a slash at the end: what links in an answer begin with."""
