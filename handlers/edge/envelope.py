"""Every refusal, by whichever layer, as the contract's error: `BifrostError`, or RFC 9457 for those who ask for it."""

from __future__ import annotations

from typing import Any

import structlog
from connexion.exceptions import BadRequestProblem, ProblemException, UnsupportedMediaTypeProblem
from connexion.lifecycle import ConnexionRequest, ConnexionResponse
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from generated.models import BifrostError, BifrostErrorExtraFields, ErrorField, Problem
from generated.routes import ALLOW

from ..context import Trace, request_id, trace
from ..errors import (
    GOVERNANCE,
    Internal,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    ReelgateError,
    Unavailable,
    UnsupportedMediaType,
)

log = structlog.get_logger()

PROBLEM_TYPE = "application/problem+json"
ALLOWED = [(compile_path(template)[0], methods) for template, methods in ALLOW.items()]


def respond(request: ConnexionRequest, error: Exception) -> ConnexionResponse:
    """Any exception -> the answer."""
    ours = translate(request, error)
    trace.get(Trace()).error = ours
    if ours.fault_is_ours:
        log.error("failed", code=ours.code, exc_info=error)
    event = request_id.get("")
    as_problem = PROBLEM_TYPE in request.headers.get("accept", "")
    return ConnexionResponse(
        status_code=ours.status,
        mimetype=PROBLEM_TYPE if as_problem else "application/json",
        body=problem(ours, event) if as_problem else envelope(ours, event),
        headers=ours.headers,
    )


def envelope(error: ReelgateError, event: str) -> str:
    inner: dict[str, Any] = {
        "type": error.type,
        "code": error.code,
        "message": error.message,
        "event_id": event,
    }
    if error.param is not None:
        inner["param"] = error.param
    outer: dict[str, Any] = {"extra_fields": BifrostErrorExtraFields(**error.facts)} if error.facts else {}
    return BifrostError(
        event_id=event,
        type=error.code if error.code in GOVERNANCE else error.type,
        is_bifrost_error=error.fault_is_ours,
        status_code=error.status,
        error=ErrorField(**inner),
        **outer,
    ).model_dump_json()


def problem(error: ReelgateError, event: str) -> str:
    members: dict[str, Any] = {"param": error.param} if error.param is not None else {}
    return Problem(
        type=f"urn:reelgate:error:{error.code}",
        title=error.code.replace("_", " "),
        status=error.status,
        detail=error.message,
        instance=f"urn:reelgate:event:{event}",
        code=error.code,
        **members,
    ).model_dump_json()


def translate(request: ConnexionRequest, error: Exception) -> ReelgateError:
    """What another layer raised -> our error for it."""
    match error:
        case InvalidRequest() if _names_no_method(request):
            return _method_not_allowed(request)  # a path with a word where another has an id, and more methods
        case ReelgateError():
            return error
        case UnsupportedMediaTypeProblem():
            return UnsupportedMediaType(f"{error.detail}.")
        case BadRequestProblem():
            return InvalidRequest(str(error.detail).partition("\n")[0])
        case ProblemException() | HTTPException():
            return _by_status(request, error)
        case PoolTimeout():
            return Unavailable("The database is busy. Send the request again.")
        case DBAPIError() if error.connection_invalidated or error.orig is None or _is_connection_loss(error):
            return Unavailable("The database cannot be reached. Send the request again.")
        case SQLAlchemyError() | Exception():
            return Internal("The gateway failed. Quote the event_id when reporting this.")


def _by_status(request: ConnexionRequest, error: ProblemException | HTTPException) -> ReelgateError:
    status = error.status if isinstance(error, ProblemException) else error.status_code
    path = request.scope["path"]
    if status == 404:
        return NotFound(f"There is no {path}. The paths stand in openapi.yaml.", code="path_not_found")
    if status == 405:
        return _method_not_allowed(request)
    if 400 <= status < 500:
        return InvalidRequest(str(error.detail))
    return Internal("The gateway failed. Quote the event_id when reporting this.")


def _names_no_method(request: ConnexionRequest) -> bool:
    """Whether a path stands in the document word by word, without this method."""
    methods = ALLOW.get(request.scope["path"])
    return methods is not None and request.scope["method"] not in methods.split(", ")


def _method_not_allowed(request: ConnexionRequest) -> MethodNotAllowed:
    path = request.scope["path"]
    allow = next((methods for pattern, methods in ALLOWED if pattern.match(path)), "")
    refused = MethodNotAllowed(f"{path} has no {request.scope['method']}; it has {allow}.")
    refused.headers["Allow"] = allow
    return refused


def _is_connection_loss(error: DBAPIError) -> bool:
    # SQLSTATE classes 08 (connection), 57P (shutdown, crash, starting up) and 53 (out of resources); none at all when
    # the server was not reached. https://www.postgresql.org/docs/18/errcodes-appendix.html
    state = getattr(error.orig, "sqlstate", None)
    return (state is None and type(error.orig).__name__ == "OperationalError") or str(state)[:2] in (
        "08",
        "53",
        "57",
    )
