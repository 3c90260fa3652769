"""Creating once: the `Idempotency-Key` header of draft-ietf-httpapi-idempotency-key-header-07.

The key is committed with the job, before any provider is called, and unique for its caller. So of two requests with one key, in
one process or in many, at most one is placed, and the answer it got is what every other one gets: with the same request the same
answer, with another request a 422, and while the first is still under way a 409. A request that was refused before a job was
recorded leaves no trace, and one that no provider could take just then sets its key free: both can be sent again.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from pydantic import BaseModel

from generated.models import VideoGenerationResponse
from generated.routes import Answer

from ..errors import (
    Conflict,
    KeyRefused,
    NotSent,
    OutcomeUnknown,
    Overloaded,
    RateLimited,
    ReelgateError,
    Repeated,
    UnprocessableContent,
)
from ..jobs import states
from ..jobs.ledger import Job, Once

HEADER = "Idempotency-Key"
REPLAYED = {"Idempotency-Replayed": "true"}
PASSING = (RateLimited, Overloaded, NotSent, KeyRefused)
"""Certainly no job was made, and the same request may well succeed later."""


def once(header: str | None, body: BaseModel, operation: str) -> Once | None:
    """The header, quoted or bare, with a fingerprint of what is asked for. `operation` says of what."""
    if header is None:
        return None
    asked = orjson.dumps([operation, body.model_dump(mode="json")], option=orjson.OPT_SORT_KEYS)
    return Once(key=header.strip('"'), fingerprint=hashlib.sha256(asked).hexdigest())


def remembered(outcome: Answer[VideoGenerationResponse] | ReelgateError) -> dict[str, Any]:
    """The answer to a create, for the ledger."""
    if isinstance(outcome, Answer):
        return {"body": orjson.loads(outcome.body.model_dump_json()), "headers": dict(outcome.headers)}
    return {"error": outcome.as_record()}


def after(error: ReelgateError) -> dict[str, Any]:
    """What a create that was refused changes in its row: it keeps the answer, or loses the key if it can be sent again."""
    if isinstance(error, PASSING):
        return {"idempotency_key": None, "fingerprint": None}
    return {"answer": remembered(error)}


def repeated(job: Job, asked: Once) -> Answer[VideoGenerationResponse] | None:
    """What the first request with this key was answered; None if it was accepted but its answer was never written down.

    Raises UnprocessableContent for another request with the same key, Conflict while the first is under way, and what the
    first request was refused with.
    """
    if job.fingerprint != asked.fingerprint:
        raise UnprocessableContent(
            "The Idempotency-Key was used for another request. Use a new key for a new request.",
            code="idempotency_key_reused",
            param=HEADER,
        )
    if job.answer is not None and "error" in job.answer:
        raise Repeated(job.answer["error"], headers=REPLAYED)
    if job.answer is not None:
        body = VideoGenerationResponse.model_validate(job.answer["body"])
        return Answer(body, headers={**job.answer["headers"], **REPLAYED})
    if job.state == states.SUBMITTING:
        under_way = Conflict(
            "A request with this Idempotency-Key is under way. Ask again in a moment.", code="idempotency_in_progress"
        )
        under_way.headers["Retry-After"] = "1"
        raise under_way
    if job.state == states.UNKNOWN:
        raise OutcomeUnknown("The first request with this Idempotency-Key was lost on its way.").about(video_id=job.id)
    return None
