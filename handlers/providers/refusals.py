"""What a provider's HTTP status means for a job, where the provider has no words of its own for it.

| status | meaning |
|---|---|
| 429 | rate limited, unless the provider says that the quota is spent |
| 503 | overloaded |
| 401, 402, 403 | our key is refused |
| 400, 404, 409, 413, 415, 422 | the request is refused |
| 502, 504, and 2xx that cannot be read | for a create: unknown, a proxy answered in the provider's place |
| other 5xx | failed |
"""

from __future__ import annotations

from ..errors import (
    ContentRefused,
    KeyRefused,
    OutcomeUnknown,
    Overloaded,
    ProviderError,
    ProviderFailed,
    RateLimited,
    Refused,
)
from ..upstream import Reply


def refusal(
    reply: Reply,
    message: str | None,
    *,
    creates: bool,
    code: str | None = None,
    param: str | None = None,
    quota_spent: bool = False,
    content: bool = False,
) -> ProviderError:
    """The error for an answer that is not 2xx. `message`, `code` and `param` are the provider's own, read by its adapter."""
    status = reply.status
    text = message or f"The provider answered {status} without saying why."
    if content:
        return ContentRefused(text, upstream_status=status)
    if quota_spent or status in (401, 402, 403):
        return KeyRefused(f"The provider refused the gateway's key ({status}): {text}", upstream_status=status)
    if status == 429:
        return RateLimited(
            f"The provider is rate limiting the gateway: {text}",
            upstream_status=status,
            retry_after=reply.retry_after or 1,
        )
    if status == 503:
        return Overloaded(
            f"The provider is overloaded: {text}", upstream_status=status, retry_after=reply.retry_after or 1
        )
    if 400 <= status < 500:
        return Refused(text, upstream_status=status, code=code, param=param)
    if creates and status != 500:
        return OutcomeUnknown(
            f"The provider's side answered {status} to the create, so the job may exist there. "
            "Do not send the request again: it could be paid twice.",
            upstream_status=status,
        )
    return ProviderFailed(f"The provider failed ({status}): {text}", upstream_status=status)
