"""How Google's APIs refuse: google.rpc.Status with details, the shape of google.aip.dev/193. The wording is ours.

Pictures are measured as an aspect and a resolution; `FRAMES` has the pixels.
"""

from functools import partial
from typing import Any

from sandbox.wire import Refusal

NAMES = {  # HTTP status -> google.rpc.Code; others are UNKNOWN
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    416: "OUT_OF_RANGE",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
TYPE = "type.googleapis.com/google.rpc."
EDGES = {"360p": (640, 360), "720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160)}  # long, short; pixels
FRAMES = {("16:9", name): edges for name, edges in EDGES.items()} | {
    ("9:16", name): (short, long) for name, (long, short) in EDGES.items()
}
DAILY = "GenerateRequestsPerDayPerProjectPerModel"


def refusal(status: int, message: str, *details: dict[str, Any]) -> Refusal:
    error = {"code": status, "message": message, "status": NAMES.get(status, "UNKNOWN")}
    return Refusal(status, {"error": error | ({"details": list(details)} if details else {})})


def wrong_field(field: str, message: str) -> Refusal:
    """A 400 about one field, whose path has dots."""
    violation = {"field": field, "description": message}
    return refusal(400, message, {"@type": f"{TYPE}BadRequest", "fieldViolations": [violation]})


REFUSALS = {  # by directive: a create that is not accepted
    "429": partial(
        refusal,
        429,
        "Resource has been exhausted (e.g. check quota).",
        {"@type": f"{TYPE}RetryInfo", "retryDelay": "1s"},
    ),
    "quota": partial(
        refusal,
        429,
        "You exceeded your current quota, please check your plan and billing details.",
        {"@type": f"{TYPE}QuotaFailure", "violations": [{"quotaId": DAILY}]},
    ),
    "500": partial(refusal, 500, "An internal error has occurred."),
    "503": partial(refusal, 503, "The service is currently unavailable."),
}
