"""Everything that can go wrong, by whose fault it is, with the answer the caller gets.

    ReelgateError
    ├── CallerError
    │   ├── InvalidRequest          400
    │   │   └── UnsafeUrl           400
    │   ├── UnsupportedOperation    400
    │   ├── Unauthorized            401
    │   ├── PaymentRequired         402
    │   ├── Forbidden               403
    │   ├── NotFound                404
    │   ├── MethodNotAllowed        405
    │   ├── Conflict                409
    │   ├── PreconditionFailed      412
    │   ├── ContentTooLarge         413
    │   ├── UnsupportedMediaType    415
    │   ├── RangeNotSatisfiable     416
    │   ├── UnprocessableContent    422
    │   └── TooManyRequests         429
    │       └── TooManyAttempts     429
    ├── ProviderError
    │   ├── NotSent                 502
    │   │   └── CircuitOpen         503
    │   ├── RateLimited             429
    │   ├── Overloaded              503
    │   ├── KeyRefused              502
    │   ├── Refused                 400, 404, 409, 413, 415 or 422, as the provider said
    │   ├── ContentRefused          422
    │   ├── ProviderFailed          502
    │   ├── OutcomeUnknown          504
    │   └── ProviderTimeout         504
    ├── GatewayError
    │   ├── Internal                500
    │   ├── TooManyUploads          503
    │   └── Unavailable             503
    └── Repeated                    500, or what it was the first time

`status` is the HTTP status, `code` the stable word for programs (each stands in docs/errors.md), `type` the class of
error in OpenAI's words. A ProviderError also says what dispatch may do about it; see dispatch/policy.py for the table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

DO_NOT_REPEAT = {"x-should-retry": "false"}
"""Tells the OpenAI SDKs, which repeat a POST that ended in a 5xx, not to: https://github.com/openai/openai-python"""


GOVERNANCE = frozenset(
    {
        *("virtual_key_required", "virtual_key_not_found", "virtual_key_blocked", "access_blocked"),
        *("model_blocked", "provider_blocked", "budget_exceeded", "rate_limited"),
    }
)
"""Codes that also stand as the outer `type` of the answer, where Bifrost's clients look for them."""


class ReelgateError(Exception):
    """A refusal or failure with a status, a code, a message that says what to do, and the parameter at fault."""

    status: int = 500
    code: str = "internal_error"
    type: str = "server_error"
    fault_is_ours: bool = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.param = param
        self.headers = dict(headers or {})
        self.facts: dict[str, Any] = {}
        """What the answer says in `extra_fields`: provider, model_requested, request_type, video_id, attempts."""

    def as_record(self) -> dict[str, Any]:
        """The error as JSON can hold it, to be raised again as `Repeated`."""
        return {
            "status": self.status,
            "code": self.code,
            "type": self.type,
            "message": self.message,
            "param": self.param,
            "fault_is_ours": self.fault_is_ours,
            "headers": self.headers,
            "facts": self.facts,
        }

    def about(self, **facts: Any) -> ReelgateError:
        """Add facts to `extra_fields` of the answer; those already there and those that are None are left alone."""
        for name, value in facts.items():
            if value is not None:
                self.facts.setdefault(name, value)
        return self


class CallerError(ReelgateError):
    """The request is at fault: sending it again unchanged cannot help."""

    type = "invalid_request_error"


class InvalidRequest(CallerError):
    status = 400
    code = "invalid_request"


class UnsafeUrl(InvalidRequest):
    """A URL of the caller's at which no request may be sent: it is malformed, or leads into somebody's own network."""

    code = "unsafe_url"


class UnsupportedOperation(CallerError):
    """The provider has no such operation."""

    status = 400
    code = "unsupported_operation"

    def __init__(self, request_type: str, provider: str) -> None:
        super().__init__(f"{request_type} is not supported by {provider} provider")
        self.about(provider=provider, request_type=request_type)


class Unauthorized(CallerError):
    status = 401
    code = "unauthorized"
    type = "authentication_error"


class PaymentRequired(CallerError):
    """It would cost more than may be spent. Nothing was sent to a provider."""

    status = 402
    code = "budget_exceeded"
    type = "billing_error"


class Forbidden(CallerError):
    status = 403
    code = "forbidden"
    type = "permission_error"


class NotFound(CallerError):
    status = 404
    code = "not_found"
    type = "not_found_error"


class MethodNotAllowed(CallerError):
    status = 405
    code = "method_not_allowed"


class Conflict(CallerError):
    status = 409
    code = "conflict"


class PreconditionFailed(CallerError):
    status = 412
    code = "precondition_failed"


class ContentTooLarge(CallerError):
    status = 413
    code = "request_too_large"


class UnsupportedMediaType(CallerError):
    status = 415
    code = "unsupported_media_type"


class RangeNotSatisfiable(CallerError):
    status = 416
    code = "range_not_satisfiable"


class UnprocessableContent(CallerError):
    status = 422
    code = "unprocessable_content"


class TooManyRequests(CallerError):
    """A limit of the gateway's own. Nothing was done; it can be sent again after Retry-After."""

    status = 429
    code = "rate_limited"
    type = "rate_limit_error"

    def __init__(self, message: str, *, retry_after: float, param: str | None = None) -> None:
        super().__init__(message, param=param, headers={"Retry-After": str(max(1, math.ceil(retry_after)))})


class TooManyAttempts(TooManyRequests):
    """Too many wrong passwords: none is looked at before Retry-After, in seconds."""

    code = "too_many_attempts"
    type = "authentication_error"


class ProviderError(ReelgateError):
    """The provider, or the way to it, is at fault.

    `upstream_status` is the HTTP status the provider answered, if it answered. `retry_after` is in seconds.
    """

    type = "provider_error"
    outcome: ClassVar[str] = "failed"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        upstream_status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, code=code, param=param)
        self.upstream_status = upstream_status
        self.retry_after = retry_after
        if retry_after is not None:
            self.headers["Retry-After"] = str(max(1, round(retry_after)))


class NotSent(ProviderError):
    """The request never left: name resolution, connecting or TLS failed. Nothing can have been created."""

    status = 502
    code = "provider_unreachable"
    outcome = "not_sent"


class CircuitOpen(NotSent):
    """The provider has been failing and is left alone for a while: nothing was sent."""

    status = 503
    code = "provider_down"


class RateLimited(ProviderError):
    """429 that is not a spent quota."""

    status = 429
    code = "provider_rate_limited"
    outcome = "rate_limited"


class Overloaded(ProviderError):
    """503: the provider takes no work now."""

    status = 503
    code = "provider_overloaded"
    outcome = "rate_limited"


class KeyRefused(ProviderError):
    """401, 402, 403 of our own key, or its quota is spent. Not the caller's fault, so never answered as a 401."""

    status = 502
    code = "upstream_credentials_exhausted"
    outcome = "unauthorized"


class Refused(ProviderError):
    """The provider read the request and refused it; it is answered with the provider's own status."""

    status = 400
    code = "provider_refused"
    type = "invalid_request_error"
    outcome = "refused"

    STATUSES: ClassVar[frozenset[int]] = frozenset({400, 404, 409, 413, 415, 422})

    def __init__(self, message: str, *, upstream_status: int, code: str | None = None, param: str | None = None):
        super().__init__(message, code=code, param=param, upstream_status=upstream_status)
        self.status = upstream_status if upstream_status in self.STATUSES else 400


class ContentRefused(ProviderError):
    """The provider's content policy refused the prompt or the image. Never tried elsewhere unasked.

    `cost_usd` is what the provider says that it charges for that, if it says it.
    """

    status = 422
    code = "content_filtered"
    type = "invalid_request_error"
    outcome = "refused"
    cost_usd: Decimal | None = None


class ProviderFailed(ProviderError):
    """500, or another answer that says no job was made."""

    status = 502
    code = "provider_error"


class OutcomeUnknown(ProviderError):
    """The request was sent and no readable answer came: a job may exist at the provider. Never repeated."""

    status = 504
    code = "submission_unknown"
    outcome = "unknown"

    def __init__(self, message: str, *, upstream_status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, upstream_status=upstream_status, retry_after=retry_after)
        self.headers |= DO_NOT_REPEAT


class ProviderTimeout(ProviderError):
    """The provider did not answer a request that changes nothing."""

    status = 504
    code = "provider_timeout"


class GatewayError(ReelgateError):
    fault_is_ours = True


class Internal(GatewayError):
    status = 500
    code = "internal_error"


class TooManyUploads(GatewayError):
    """There is no room for the body or the image just now. Nothing was done; it can be sent again after Retry-After."""

    status = 503
    code = "too_many_uploads"
    fault_is_ours = False  # a bound that was set does what it is there for

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})


class Unavailable(GatewayError):
    """Something the gateway needs is down; the request can be sent again after Retry-After."""

    status = 503
    code = "unavailable"

    def __init__(self, message: str, *, retry_after: int = 2) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})


class Repeated(ReelgateError):
    """The error that a request got when it was made for the first time, from what `as_record` kept of it."""

    def __init__(self, record: Mapping[str, Any], *, headers: Mapping[str, str]) -> None:
        super().__init__(
            record["message"], code=record["code"], param=record["param"], headers={**record["headers"], **headers}
        )
        self.status = record["status"]
        self.type = record["type"]
        self.fault_is_ours = record["fault_is_ours"]
        self.about(**record["facts"])
