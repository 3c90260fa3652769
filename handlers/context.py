"""What is true of the request being served, for code too deep to be handed it."""

from __future__ import annotations

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id")
"""The caller's own `x-request-id`, or one of ours."""

base_url: ContextVar[str] = ContextVar("base_url")
"""Where the caller reaches the gateway, without a slash at the end: what links in an answer begin with."""
