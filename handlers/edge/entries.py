"""What a request was -> its entry in the log. Which requests have one, and what of them is nobody's business."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.types import Scope

from ..access.callers import Caller
from ..context import Trace, request_id
from ..errors import ReelgateError
from ..jobs.journal import Entry, asked_for, facts, new_id, told
from ..jobs.ledger import Job

UNTOLD: Final = frozenset(
    {
        *(
            "videoRetrieve",
            "videoList",
            "videoEvents",
            "videoContentHead",
            "modelList",
            "health",
            "providerWake",
            "virtualKeyQuota",
        ),
        *("logList", "logRetrieve", "logStats", "logFilterdata", "logHistogram", "logCostHistogram", "logDropped"),
    }
)
"""Operations that change nothing and of which there are thousands: they have an entry only when they are refused."""

MAKES_JOBS: Final = frozenset({"videoGeneration", "videoRemix"})

ABOUT: Final = frozenset({"provider", "model", "key", "video_id"})
"""What is said of a job by requests that did not make it."""

DIMENSION: Final = "x-bf-dim-"
MOST_DIMENSIONS: Final = 16
LONGEST_NAME, LONGEST_VALUE = 64, 256  # characters
PRIVATE: Final = "x-bf-disable-content-logging"


def wanted(scope: Scope, status: int) -> bool:
    """Whether a request has an entry."""
    return status >= 400 or _operation(scope) not in UNTOLD


def entry(scope: Scope, headers: Headers, seen: Trace, status: int, milliseconds: float, content: bool) -> Entry:
    """The entry of a request that is over. `status` is 0 if there was no answer; `content`: whether prompts are kept."""
    at = datetime.now(UTC) - timedelta(milliseconds=milliseconds)
    operation = _operation(scope)
    return Entry(
        id=new_id(at),
        at=at,
        kind="request",
        object=_snake(operation) if operation is not None else None,
        status=_outcome(operation, status),
        status_code=status or None,
        latency_ms=milliseconds,
        request_id=request_id.get(),
        content=seen.prompt if _may_keep_content(seen.caller, headers, content) else None,
        dims=_dimensions(headers) or None if seen.caller is not None else None,  # strangers' words are not kept
        **_caller(seen.caller),
        **_target(seen, made=operation in MAKES_JOBS),
    )


def _operation(scope: Scope) -> str | None:
    """The operationId; None where the contract has no such operation."""
    found: str | None = scope["extensions"].get("connexion_routing", {}).get("operation_id")
    return found


@cache
def _snake(name: str) -> str:
    """`videoGeneration` -> `video_generation`"""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _outcome(operation: str | None, status: int) -> str:
    if not 0 < status < 400:
        return "error"
    return "processing" if operation in MAKES_JOBS else "success"


def _may_keep_content(caller: Caller | None, headers: Headers, content: bool) -> bool:
    """The request may say no; then its virtual key decides, and where that says nothing, the settings."""
    if headers.get(PRIVATE, "").strip().lower() == "true":
        return False
    grant = caller.grant if caller is not None else None
    disabled = grant.disable_content_logging if grant is not None else None
    return content if disabled is None else not disabled


def _dimensions(headers: Headers) -> Mapping[str, str]:
    named = (item for item in headers.items() if item[0].startswith(DIMENSION) and len(item[0]) > len(DIMENSION))
    found: dict[str, str] = {}
    for name, value in named:
        if len(found) < MOST_DIMENSIONS:
            found[name.removeprefix(DIMENSION)[:LONGEST_NAME]] = value[:LONGEST_VALUE]
    return found


def _caller(caller: Caller | None) -> dict[str, Any]:
    if caller is None:
        return {}
    grant = caller.grant
    above = (
        {"virtual_key_name": grant.name, "team_id": grant.team_id, "customer_id": grant.customer_id} if grant else {}
    )
    return {"owner": caller.name, **above}


def _target(seen: Trace, *, made: bool) -> dict[str, Any]:
    """Which job it `made` or was about, where that is or was to be made, and why it was refused."""
    job: Job | None = seen.job
    error: ReelgateError | None = seen.error
    provider, _, model = (seen.model or "").partition("/")
    known: dict[str, Any] = {"provider": provider or None, "model": model or None}
    if job is not None:
        known |= {name: value for name, value in facts(job).items() if made or name in ABOUT}
    if error is not None:
        known |= {"error_code": error.code, "error": told(error.message)} | _facts(error.facts)
    return known


def _facts(told_of: Mapping[str, Any]) -> dict[str, Any]:
    """What an error says of the job that it ended: see `Placing._told` in the dispatcher."""
    names = {"provider": "provider", "model_requested": "model", "video_id": "video_id", "attempts": "attempts"}
    found = {ours: told_of[theirs] for theirs, ours in names.items() if told_of.get(theirs)}
    if attempts := found.get("attempts"):
        found |= {"upstream_latency_ms": asked_for(attempts), "key": attempts[-1].get("key")}
    return found
