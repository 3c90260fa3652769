# Generated from openapi.yaml by `make generate`. Do not edit.
"""A typed, synchronous client for reelgate 0.1.0. This module and `models` beside it are all of it.

    with Client(bearer="…") as client:
        job = client.create_and_wait(models.VideoGenerationRequest(model="…", prompt="…"), timeout=600)
        client.download_to(job.id, "video.mp4")

Answers may come from a newer server: properties it added are ignored, and a word it added to a closed list (a status, say)
arrives as a plain `str` where the annotation says an enum.

Everything raised on purpose:

    ClientError
    ├── ApiError                 the server answered, but not with success
    │   ├── BadRequest           400
    │   ├── Unauthorized         401
    │   ├── PaymentRequired      402
    │   ├── Forbidden            403
    │   ├── NotFound             404
    │   ├── MethodNotAllowed     405
    │   ├── Conflict             409
    │   ├── PreconditionFailed   412
    │   ├── ContentTooLarge      413
    │   ├── UnsupportedMediaType 415
    │   ├── RangeNotSatisfiable  416
    │   ├── UnprocessableContent 422
    │   ├── TooManyRequests      429
    │   ├── InternalError        500
    │   ├── BadGateway           502
    │   ├── ServiceUnavailable   503
    │   ├── GatewayTimeout       504
    │   └── UnreadableAnswer     a success whose body is not what the document says
    ├── ConnectionFailed         no answer, or only a part of one; `unsent` tells whether the server can know of the request
    ├── VideoFailed              the job ended without a video; `job.error` says why
    └── VideoTimeout             the job did not end in time (a `TimeoutError` too); it goes on, `job.id` names it
"""

from __future__ import annotations

import json
import os
import time
from base64 import b64encode
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import reduce
from io import IncrementalNewlineDecoder
from operator import getitem
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, TypeVar
from urllib.parse import quote
from uuid import uuid4

import requests
from pydantic import MISSING, BaseModel, ValidationError
from urllib3.exceptions import MaxRetryError, NewConnectionError

from . import models as schemas

Model = TypeVar("Model", bound=BaseModel)

TRANSIENT = (429, 502, 503, 504)  # HTTP statuses after which a GET is tried again
POLL_INTERVAL = 2.0  # seconds between two looks at a job, where the server advises nothing
LONGEST_PAUSE = 60.0  # seconds; a longer `Retry-After` is cut to this
CHUNK = 64 * 1024  # bytes


class ClientError(Exception):
    """Everything this module raises on purpose, except `ValueError` for arguments that cannot be sent."""

    may_pass = False  # whether the same request may succeed later
    retry_after: float | None = None  # seconds to wait before that, if the server says so


class ApiError(ClientError):
    """The server answered, but not with success. `error` is its explanation, where it sent one."""

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.may_pass = self.status in TRANSIENT
        self.retry_after = _retry_after(response)
        self.error: schemas.BifrostError | None = None
        try:
            self.error = _parse(schemas.BifrostError, response.content)
        except (ValidationError, requests.RequestException):  # a proxy's own page, or half an answer
            pass
        super().__init__(f"{self.status} {self.error.error.message if self.error else response.reason}")

    @property
    def code(self) -> str | None:
        """What went wrong, for programs."""
        return self.error.error.code if self.error else None

    @property
    def param(self) -> str | None:
        """The parameter at fault, where there is one."""
        return self.error.error.param if self.error and self.error.error.param is not MISSING else None

    @property
    def event_id(self) -> str | None:
        """The request's id, which also stands in the server's log."""
        return self.error.event_id if self.error else self.headers.get("x-request-id")


class BadRequest(ApiError):
    """400. The request is not valid. `error.param` names what is at fault. Nothing was created and nothing paid."""


class Unauthorized(ApiError):
    """401. There is no credential, or none that is known."""


class PaymentRequired(ApiError):
    """402. It may cost more than is left of a budget, or than `max_cost`. Nothing was recorded or sent. (Credit that is used up at the
    provider is a 502.)
    """


class Forbidden(ApiError):
    """403. The credential is known but may not do this."""


class NotFound(ApiError):
    """404. There is no such thing, or not for this caller."""


class MethodNotAllowed(ApiError):
    """405. The path exists but not with this method."""


class Conflict(ApiError):
    """409. The present state of what is asked for does not allow this."""


class PreconditionFailed(ApiError):
    """412. The file is not the one that `If-Match` names, or has changed since `If-Unmodified-Since`."""


class ContentTooLarge(ApiError):
    """413. The body is larger than the gateway accepts."""


class UnsupportedMediaType(ApiError):
    """415. The body is of a type this operation does not take."""


class RangeNotSatisfiable(ApiError):
    """416. The range lies outside the file."""


class UnprocessableContent(ApiError):
    """422. The `Idempotency-Key` was used for another request, or the provider cannot process this one. A create that moderation
    refuses is a failed job, answered with 200.
    """


class TooManyRequests(ApiError):
    """429. A limit of the gateway's own is used up (`rate_limited`), the provider asks to slow down (`provider_rate_limited`), or
    there were too many wrong passwords and none is looked at (`too_many_attempts`); see `Retry-After`.
    """


class InternalError(ApiError):
    """500. The gateway failed. Quote `event_id` when reporting it."""


class BadGateway(ApiError):
    """502. The provider failed or answered something that cannot be understood."""


class ServiceUnavailable(ApiError):
    """503. The gateway, or the provider, cannot serve this now."""


class GatewayTimeout(ApiError):
    """504. The provider did not answer in time. With `error.code` `submission_unknown` the job may exist there: sending the
    request again could pay twice.
    """


class UnreadableAnswer(ApiError):
    """A success whose body is not what the document says. What was asked for may well have been done."""


class ConnectionFailed(ClientError):
    """No answer, or only a part of one. Unless `unsent`, the server may have done what was asked."""

    may_pass = True

    def __init__(self, message: str, *, unsent: bool = False) -> None:
        super().__init__(message)
        self.unsent = unsent


class VideoFailed(ClientError):
    """The job ended without a video; `job.error` says why."""

    def __init__(self, job: schemas.VideoGenerationResponse) -> None:
        super().__init__(f"{job.id}: {job.error.message if job.error is not MISSING else 'no reason given'}")
        self.job = job


class VideoTimeout(ClientError, TimeoutError):
    """The job did not end in time. It goes on: `wait` for `job.id` again, or delete it."""

    def __init__(self, job: schemas.VideoGenerationResponse) -> None:
        super().__init__(f"{job.id} is still {job.status}")
        self.job = job


ERRORS: Mapping[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    409: Conflict,
    412: PreconditionFailed,
    413: ContentTooLarge,
    415: UnsupportedMediaType,
    416: RangeNotSatisfiable,
    422: UnprocessableContent,
    429: TooManyRequests,
    500: InternalError,
    502: BadGateway,
    503: ServiceUnavailable,
    504: GatewayTimeout,
}


@dataclass(frozen=True, slots=True)
class Event:
    """A server-sent event. `id` goes into `Last-Event-ID` when the stream is taken up after it broke."""

    id: str
    name: str
    data: str


class Events:
    """Server-sent events as they arrive, until the server ends the stream. Use it in a `with` block."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[Event]:
        """As WHATWG HTML section 9.2.6 reads them. Errors: `ConnectionFailed` when the stream breaks."""
        identity, kind, data = "", "", list[str]()
        for line in self._lines():
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                data.append(value)
            elif name == "event":
                kind = value
            elif name == "id" and "\0" not in value:
                identity = value
            elif not line:
                if data:
                    yield Event(identity, kind or "message", "\n".join(data))
                kind, data = "", []

    def _lines(self) -> Iterator[str]:
        """The lines that are whole, however they end and wherever they were cut on their way."""
        decoder = IncrementalNewlineDecoder(getincrementaldecoder("utf-8-sig")("replace"), translate=True)
        rest = ""
        try:
            for chunk in self._response.iter_content(None):
                *lines, rest = (rest + decoder.decode(chunk)).split("\n")
                yield from lines
        except requests.RequestException as error:
            raise ConnectionFailed(f"the stream of events broke: {error}") from error
        yield from (rest + decoder.decode(b"", final=True)).split("\n")[:-1]

    def close(self) -> None:
        """Gives the connection back."""
        self._response.close()

    def __enter__(self) -> Events:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Download:
    """The bytes of a file, in chunks as they arrive. Use it in a `with` block: that gives the connection back."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers

    @property
    def content_type(self) -> str:
        """The media type, for example `video/mp4`."""
        return self.headers.get("Content-Type", "application/octet-stream")

    @property
    def length(self) -> int | None:
        """How many bytes this answer carries, if the server says so."""
        length = self.headers.get("Content-Length", "")
        return int(length) if length.isdigit() else None

    @property
    def offset(self) -> int:
        """Where in the file these bytes begin: `Content-Range: bytes 100-199/200` -> 100."""
        first = self.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
        return int(first) if self.status == 206 and first.isdigit() else 0

    @property
    def resumable(self) -> bool:
        """Whether a part of the file can be asked for."""
        return self.status == 206 or self.headers.get("Accept-Ranges") == "bytes"

    def __iter__(self) -> Iterator[bytes]:
        """Errors: `ConnectionFailed` when fewer bytes arrive than the server said."""
        arrived = 0
        try:
            for chunk in self._response.iter_content(CHUNK):
                arrived += len(chunk)
                yield chunk
        except requests.RequestException as error:
            raise ConnectionFailed(f"the connection was lost after {arrived} bytes: {error}") from error
        if self.length is not None and arrived != self.length:
            raise ConnectionFailed(f"{arrived} of {self.length} bytes arrived")

    def close(self) -> None:
        """Gives the connection back."""
        self._response.close()

    def __enter__(self) -> Download:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Client:
    """reelgate: One API for video generation, many providers behind it."""

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8080",
        *,
        bearer: str | None = None,
        basic: tuple[str, str] | None = None,
        api_key: str | None = None,
        virtual_key: str | None = None,
        google_api_key: str | None = None,
        azure_api_key: str | None = None,
        timeout: float | tuple[float, float] = (10.0, 330.0),
        retries: int = 2,
        session: requests.Session | None = None,
        on_response: Callable[[requests.Response], None] | None = None,
    ) -> None:
        """One credential at most. `timeout` is in seconds, for connecting and for each wait for bytes.

        A GET or HEAD is tried `retries` times again after a failure that may pass; other requests are never repeated.
        `on_response` sees every answer, for the headers (`x-request-id`, `Retry-After`) that the models do not carry.

        Errors: `ValueError` for two credentials.
        """
        offered: list[tuple[str, str]] = []
        if bearer is not None:
            offered.append(("Authorization", f"Bearer {bearer}"))
        if basic is not None:
            offered.append(("Authorization", _basic(*basic)))
        if api_key is not None:
            offered.append(("x-api-key", api_key))
        if virtual_key is not None:
            offered.append(("x-bf-vk", virtual_key))
        if google_api_key is not None:
            offered.append(("x-goog-api-key", google_api_key))
        if azure_api_key is not None:
            offered.append(("api-key", azure_api_key))
        if len(offered) > 1:
            raise ValueError("pass one credential, not several")
        self._credential = dict(offered)
        self._base_url = base_url.rstrip("/")
        self._timeout = timeout
        self._retries = retries
        self._on_response = on_response
        self._session = session or requests.Session()

    def video_generation(
        self,
        body: schemas.VideoGenerationRequest,
        *,
        dry_run: bool | None = None,
        x_bf_api_key: str | None = None,
        x_bf_api_key_id: str | None = None,
        x_bf_session_id: str | None = None,
        x_bf_send_back_raw_request: str | None = None,
        x_bf_send_back_raw_response: str | None = None,
        idempotency_key: str | None = None,
        prefer: str | None = None,
    ) -> schemas.VideoGenerationResponse:
        """Generate a video

        Starts a video generation job and answers at once. The job is recorded before the provider is called and survives
        any restart. Fields this document does not name are passed to the provider as they are.

        The body is JSON, or `multipart/form-data` as the OpenAI SDKs send it: every field as text, `input_reference` as a
        file part (or as text).

        A last frame, reference images and the like are extra fields, under the provider's own names and in the form in which
        it takes them: `frame_images` for OpenRouter, say, or `lastFrame` for Veo.

        Every header `x-bf-eh-NAME` is sent to the provider as `NAME`, except headers that carry credentials or
        frame the message (`authorization`, `cookie`, `x-api-key`, `host`, `content-type`, `range` and the like) and those that
        the provider's own protocol uses.

        `x-bf-dim-NAME` headers, 16 at most, are kept with the request in the logs; `x-bf-disable-content-logging: true` keeps
        its prompt out of them.

        dry_run: Whether only to check everything, and to say what it would cost: credential, parameters, image,
            limits and budgets. Nothing is made, recorded or sent to a provider. The answer is the job as it would be
            accepted, with the target that would be asked first and `usage.estimated_cost`; its `id` is `dry_run`,
            which names no job. Default: False.
        x_bf_api_key: The name of the provider key to use, in place of a weighted choice.
        x_bf_api_key_id: The id of the provider key to use. It wins over `x-bf-api-key`.
        x_bf_session_id: Requests of one caller with the same session id are given the same provider key while it can
            be used.
        x_bf_send_back_raw_request: Put what was sent to the provider into `extra_fields.raw_request`, where the
            configuration allows that.
        x_bf_send_back_raw_response: Put what the provider answered into `extra_fields.raw_response`, where the
            configuration allows that.
        idempotency_key: The caller's own word for this request, quoted or bare, at most 255 characters. Sent again
            with the same request it brings the first answer (and `Idempotency-Replayed: true`) instead of a second
            job; with another request it is a 422 `idempotency_key_reused`, and while the first is under way a 409
            `idempotency_in_progress`. A request that was refused before it was recorded leaves its key free, and so
            does one that no provider could take just then (429 `provider_rate_limited`, 503 `provider_overloaded` and
            `provider_down`, 502 `provider_unreachable` and `upstream_credentials_exhausted`). Any other error is such
            a first answer. Keys are kept as long as their jobs; that of a request which turns out never to have
            reached its provider (`submission_lost`) is free again.
        prefer: `wait=N` (RFC 7240) holds the answer until the job has ended or N seconds have passed, at most 300.
            What cannot be honoured is ignored, as that RFC says; `Preference-Applied` tells what was.
        """
        return _read(
            schemas.VideoGenerationResponse,
            self._send(
                _Request(
                    "POST",
                    "/v1/videos",
                    query={"dry_run": dry_run},
                    headers={
                        "x-bf-api-key": x_bf_api_key,
                        "x-bf-api-key-id": x_bf_api_key_id,
                        "x-bf-session-id": x_bf_session_id,
                        "x-bf-send-back-raw-request": x_bf_send_back_raw_request,
                        "x-bf-send-back-raw-response": x_bf_send_back_raw_response,
                        "Idempotency-Key": idempotency_key,
                        "Prefer": prefer,
                    },
                    body=body,
                )
            ),
        )

    def video_list(
        self,
        *,
        provider: str | None = None,
        model: str | None = None,
        status: Literal["queued", "in_progress", "completed", "failed"] | None = None,
        created_after: int | None = None,
        created_before: int | None = None,
        metadata: list[str] | None = None,
        owner: str | None = None,
        after: str | None = None,
        limit: int | None = None,
        order: Literal["asc", "desc"] | None = None,
    ) -> schemas.VideoListResponse:
        """List video generation jobs

        Lists the caller's jobs over all providers, newest first unless `order` says otherwise. Read the next page with
        `after` set to the `last_id` of this one while `has_more` is true. Pages stay exact while jobs are created and deleted:
        none is shown twice, none is left out. Filters can be combined; a job must fit all of them.

        provider: Only the jobs of this provider. Without it, the jobs of all.
        model: Only the jobs of this model, as `provider/model`.
        status: Only the jobs that have this status now.
        created_after: Only jobs created in this second or later, in Unix seconds.
        created_before: Only jobs created before this second, in Unix seconds.
        metadata: Only jobs with this pair in their `metadata`, as `name:value`. Repeat it for jobs that have all of
            several pairs.
        owner: Only the jobs of this owner: the id of a virtual key, or the name of a gateway key. For admins, who see
            the jobs of all without it; everybody else sees their own only.
        after: The id of the last item of the previous page.
        limit: The most items to return. Default: 20.
        order: By creation time, oldest first (`asc`) or newest first (`desc`). Default: 'desc'.
        """
        return _read(
            schemas.VideoListResponse,
            self._send(
                _Request(
                    "GET",
                    "/v1/videos",
                    query={
                        "provider": provider,
                        "model": model,
                        "status": status,
                        "created_after": created_after,
                        "created_before": created_before,
                        "metadata": metadata,
                        "owner": owner,
                        "after": after,
                        "limit": limit,
                        "order": order,
                    },
                )
            ),
        )

    def video_retrieve(self, video_id: str, *, prefer: str | None = None) -> schemas.VideoGenerationResponse:
        """Retrieve a video generation job

        The job as the gateway knows it. This never calls the provider, so poll as often as `Retry-After` allows: asking
        more often brings no newer answer. With `Prefer: wait=N` one request is enough.

        video_id: The id of a video, alone or as `{id}:{provider}` (for example
            `video_01kafx3m9d7q2v8h5c4n6w0b1z:runway`). A job can also be named by the provider's own id, as
            `{native_id}:{provider}`.
        prefer: `wait=N` (RFC 7240) holds the answer until the job has ended or N seconds have passed, at most 300.
            What cannot be honoured is ignored, as that RFC says; `Preference-Applied` tells what was.
        """
        return _read(
            schemas.VideoGenerationResponse,
            self._send(_Request("GET", f"/v1/videos/{_segment(video_id)}", headers={"Prefer": prefer})),
        )

    def video_delete(self, video_id: str) -> schemas.VideoDeleteResponse:
        """Delete a video generation job

        Deletes the job and its files, here and at the provider where the provider can. A job that still runs is cancelled
        where the provider can. `extra_fields.provider_outcome` says what became of it there. This cannot be undone; the id
        answers 404 from then on, also when it is deleted again. The record for the accounts stays.

        Where the provider refuses or cannot be reached, nothing is deleted here either and the request can be sent again.

        video_id: The id of a video, alone or as `{id}:{provider}` (for example
            `video_01kafx3m9d7q2v8h5c4n6w0b1z:runway`). A job can also be named by the provider's own id, as
            `{native_id}:{provider}`.
        """
        return _read(
            schemas.VideoDeleteResponse, self._send(_Request("DELETE", f"/v1/videos/{_segment(video_id)}"))
        )

    def video_events(self, video_id: str, *, last_event_id: str | None = None) -> Events:
        """Follow a job by server-sent events

        A stream of `text/event-stream`: the job as it is, then as it is after every change, until it has ended. `event` is
        `video.queued`, `video.in_progress`, `video.completed`, `video.failed` or `video.deleted`; `data` is the job, as the
        retrieve operation answers it (a `VideoDeleteResponse` when it was deleted); `id` stands for what was told. After the
        end the stream is closed.

        A stream that broke is taken up with the last `id` in `Last-Event-ID`, as every `EventSource` does: what was told
        is not told again, and what happened meanwhile is told as the one event that it led to. When nothing is left to
        tell the answer is 204, on which an `EventSource` stops.

        video_id: The id of a video, alone or as `{id}:{provider}` (for example
            `video_01kafx3m9d7q2v8h5c4n6w0b1z:runway`). A job can also be named by the provider's own id, as
            `{native_id}:{provider}`.
        last_event_id: The `id` of the last event that arrived.
        """
        return Events(
            self._send(
                _Request(
                    "GET",
                    f"/v1/videos/{_segment(video_id)}/events",
                    headers={"Last-Event-ID": last_event_id},
                    stream=True,
                )
            )
        )

    def video_content_head(
        self,
        video_id: str,
        *,
        variant: Literal["video", "thumbnail", "spritesheet"] | None = None,
        redirect: bool | None = None,
        if_none_match: str | None = None,
        if_modified_since: str | None = None,
        if_match: str | None = None,
        if_unmodified_since: str | None = None,
    ) -> Mapping[str, str]:
        """Look at video content

        The headers of the download without its bytes: how large the file is, its media type and its `ETag`. A `Range` is
        ignored, as RFC 9110 demands.

        video_id: The id of a video, alone or as `{id}:{provider}` (for example
            `video_01kafx3m9d7q2v8h5c4n6w0b1z:runway`). A job can also be named by the provider's own id, as
            `{native_id}:{provider}`.
        variant: Which file: the video, one large picture from its middle, or one picture of many small ones. Pictures
            are the provider's own where it makes them; otherwise they are made here, when they are first asked for.
            Default: 'video'.
        redirect: Whether to answer with a redirect to the file in the gateway's storage, where that can sign URLs
            (S3, Google Cloud Storage, Azure). Where it cannot, the file is streamed as without it. Default: False.
        if_none_match: The `ETag`s that the caller has. The answer is 304 if the file has one of them.
        if_modified_since: The `Last-Modified` that the caller has, where it has no `ETag`. The answer is 304 if the
            file is no newer.
        if_match: The `ETag`s that the caller wants. The answer is 412 if the file has none of them.
        if_unmodified_since: The answer is 412 if the file is newer.
        """
        return self._send(
            _Request(
                "HEAD",
                f"/v1/videos/{_segment(video_id)}/content",
                query={"variant": variant, "redirect": redirect},
                headers={
                    "If-None-Match": if_none_match,
                    "If-Modified-Since": if_modified_since,
                    "If-Match": if_match,
                    "If-Unmodified-Since": if_unmodified_since,
                },
                answers=(302, 304),
            )
        ).headers

    def video_download(
        self,
        video_id: str,
        *,
        variant: Literal["video", "thumbnail", "spritesheet"] | None = None,
        redirect: bool | None = None,
        range_: str | None = None,
        if_range: str | None = None,
        if_none_match: str | None = None,
        if_modified_since: str | None = None,
        if_match: str | None = None,
        if_unmodified_since: str | None = None,
    ) -> Download:
        """Download video content

        Streams the finished video, or a still made from it. The job must be `completed`; before that, and when it failed, the
        answer is a 404 whose message names the job's status. The file of an id never changes: its `ETag` is that of its bytes.

        One range of bytes can be asked for. A `Range` header with several ranges, or one that is malformed, is answered with
        the whole file, as RFC 9110 allows. Preconditions are judged as RFC 9110 says.

        A file that was deleted, or that its provider has dropped and the gateway has not kept, is a 404 `content_expired`.

        video_id: The id of a video, alone or as `{id}:{provider}` (for example
            `video_01kafx3m9d7q2v8h5c4n6w0b1z:runway`). A job can also be named by the provider's own id, as
            `{native_id}:{provider}`.
        variant: Which file: the video, one large picture from its middle, or one picture of many small ones. Pictures
            are the provider's own where it makes them; otherwise they are made here, when they are first asked for.
            Default: 'video'.
        redirect: Whether to answer with a redirect to the file in the gateway's storage, where that can sign URLs
            (S3, Google Cloud Storage, Azure). Where it cannot, the file is streamed as without it. Default: False.
        range_: A byte range (RFC 9110), for example `bytes=0-1023`.
        if_range: An `ETag`, or a `Last-Modified`. `Range` counts only if the file is still that one; if not, all of
            it is sent.
        if_none_match: The `ETag`s that the caller has. The answer is 304 if the file has one of them.
        if_modified_since: The `Last-Modified` that the caller has, where it has no `ETag`. The answer is 304 if the
            file is no newer.
        if_match: The `ETag`s that the caller wants. The answer is 412 if the file has none of them.
        if_unmodified_since: The answer is 412 if the file is newer.
        """
        return Download(
            self._send(
                _Request(
                    "GET",
                    f"/v1/videos/{_segment(video_id)}/content",
                    query={"variant": variant, "redirect": redirect},
                    headers={
                        "Range": range_,
                        "If-Range": if_range,
                        "If-None-Match": if_none_match,
                        "If-Modified-Since": if_modified_since,
                        "If-Match": if_match,
                        "If-Unmodified-Since": if_unmodified_since,
                    },
                    answers=(302, 304),
                    stream=True,
                )
            )
        )

    def video_remix(
        self,
        video_id: str,
        body: schemas.VideoRemixRequest,
        *,
        idempotency_key: str | None = None,
        prefer: str | None = None,
    ) -> schemas.VideoGenerationResponse:
        """Remix a video

        Starts a new job that changes a finished video by a new prompt. The source must be `completed`; the new job runs at
        the provider, and with the key, that made the source.

        video_id: The id of a video, alone or as `{id}:{provider}` (for example
            `video_01kafx3m9d7q2v8h5c4n6w0b1z:runway`). A job can also be named by the provider's own id, as
            `{native_id}:{provider}`.
        idempotency_key: The caller's own word for this request, quoted or bare, at most 255 characters. Sent again
            with the same request it brings the first answer (and `Idempotency-Replayed: true`) instead of a second
            job; with another request it is a 422 `idempotency_key_reused`, and while the first is under way a 409
            `idempotency_in_progress`. A request that was refused before it was recorded leaves its key free, and so
            does one that no provider could take just then (429 `provider_rate_limited`, 503 `provider_overloaded` and
            `provider_down`, 502 `provider_unreachable` and `upstream_credentials_exhausted`). Any other error is such
            a first answer. Keys are kept as long as their jobs; that of a request which turns out never to have
            reached its provider (`submission_lost`) is free again.
        prefer: `wait=N` (RFC 7240) holds the answer until the job has ended or N seconds have passed, at most 300.
            What cannot be honoured is ignored, as that RFC says; `Preference-Applied` tells what was.
        """
        return _read(
            schemas.VideoGenerationResponse,
            self._send(
                _Request(
                    "POST",
                    f"/v1/videos/{_segment(video_id)}/remix",
                    headers={"Idempotency-Key": idempotency_key, "Prefer": prefer},
                    body=body,
                )
            ),
        )

    def model_list(self) -> schemas.ModelListResponse:
        """List the video models that can be used now

        The models that the catalogue knows of every configured provider, with what each can do. Providers that anyone can
        bring models to (vLLM, SGLang, OpenRouter, Replicate, custom ones) also take models that are not listed.
        """
        return _read(schemas.ModelListResponse, self._send(_Request("GET", "/v1/models")))

    def webhook_list(self) -> schemas.WebhookListResponse:
        """List webhook endpoints

        The caller's endpoints, oldest first.
        """
        return _read(schemas.WebhookListResponse, self._send(_Request("GET", "/api/webhooks")))

    def webhook_create(self, body: schemas.WebhookCreateRequest) -> schemas.WebhookSecretResponse:
        """Register a webhook endpoint

        From then on the endpoint is told of every job of the caller's that ends. The answer holds its signing secret, which is
        shown only here and by `rotate-secret`. A caller has at most 50 endpoints with a `url`.

        An endpoint without a `url`, of which there is at most one, stands for all jobs that name their own `webhook_url`: its
        secret signs what is sent there. The first such job makes it, if nobody has.
        """
        return _read(schemas.WebhookSecretResponse, self._send(_Request("POST", "/api/webhooks", body=body)))

    def webhook_retrieve(self, webhook_id: str) -> schemas.Webhook:
        """Retrieve a webhook endpoint

        webhook_id: The id of a webhook endpoint.
        """
        return _read(schemas.Webhook, self._send(_Request("GET", f"/api/webhooks/{_segment(webhook_id)}")))

    def webhook_update(self, webhook_id: str, body: schemas.WebhookUpdateRequest) -> schemas.WebhookResponse:
        """Change a webhook endpoint

        What is left out stays as it is. Disabling an endpoint cancels what waits to be delivered to it; what was cancelled can
        be delivered again one by one, once it is enabled. An endpoint without a `url` cannot be given one.

        webhook_id: The id of a webhook endpoint.
        """
        return _read(
            schemas.WebhookResponse,
            self._send(_Request("PUT", f"/api/webhooks/{_segment(webhook_id)}", body=body)),
        )

    def webhook_delete(self, webhook_id: str) -> schemas.WebhookDeleteResponse:
        """Delete a webhook endpoint

        Deletes the endpoint, with what waits to be delivered to it and the log of what was.

        webhook_id: The id of a webhook endpoint.
        """
        return _read(
            schemas.WebhookDeleteResponse,
            self._send(_Request("DELETE", f"/api/webhooks/{_segment(webhook_id)}")),
        )

    def webhook_rotate_secret(
        self, webhook_id: str, body: schemas.WebhookRotateSecretRequest | None = None
    ) -> schemas.WebhookSecretResponse:
        """Give a webhook endpoint a new secret

        Until the grace is over every delivery is signed with the old secret as well as with the new one, so that receivers can
        be changed in peace. Rotating again ends the grace of all secrets but the last.

        webhook_id: The id of a webhook endpoint.
        """
        return _read(
            schemas.WebhookSecretResponse,
            self._send(_Request("POST", f"/api/webhooks/{_segment(webhook_id)}/rotate-secret", body=body)),
        )

    def webhook_test(self, webhook_id: str) -> schemas.WebhookDeliveryResponse:
        """Send a test event to a webhook endpoint

        Sends a `webhook.test` event, once and at once, and answers with what came of it, after 20 seconds at most. It works
        for disabled endpoints too, but not for one without a `url`.

        webhook_id: The id of a webhook endpoint.
        """
        return _read(
            schemas.WebhookDeliveryResponse,
            self._send(_Request("POST", f"/api/webhooks/{_segment(webhook_id)}/test")),
        )

    def webhook_delivery_list(
        self,
        webhook_id: str,
        *,
        status: Literal["pending", "delivered", "failed", "cancelled"] | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> schemas.WebhookDeliveryListResponse:
        """List what was sent to a webhook endpoint

        Every event for this endpoint with all its attempts, newest first; they are kept for 30 days unless the gateway is set
        up otherwise. Read the next page with `after` set to the `last_id` of this one while `has_more` is true.

        webhook_id: The id of a webhook endpoint.
        status: Only deliveries in this status, `pending`, `delivered`, `failed` or `cancelled`.
        after: The id of the last item of the previous page.
        limit: The most items to return. Default: 20.
        """
        return _read(
            schemas.WebhookDeliveryListResponse,
            self._send(
                _Request(
                    "GET",
                    f"/api/webhooks/{_segment(webhook_id)}/deliveries",
                    query={"status": status, "after": after, "limit": limit},
                )
            ),
        )

    def webhook_redeliver(self, delivery_id: str) -> schemas.WebhookDeliveryResponse:
        """Deliver an event again

        Sends the same message once more, at once and with the retries of a new one. Its `webhook-id` stays the same, so that a
        receiver who has seen it knows. The endpoint must be enabled.

        delivery_id: The id of a delivery, which its receiver knows as `webhook-id`.
        """
        return _read(
            schemas.WebhookDeliveryResponse,
            self._send(_Request("POST", f"/api/webhooks/deliveries/{_segment(delivery_id)}/redeliver")),
        )

    def virtual_key_list(
        self,
        *,
        search: str | None = None,
        team_id: str | None = None,
        customer_id: str | None = None,
        is_active: bool | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> schemas.VirtualKeyListResponse:
        """List virtual keys

        Oldest first. Their values are not shown again.

        search: A part of the name, in either case.
        team_id: Those of this team.
        customer_id: Those of this customer itself, not of its teams.
        is_active: Those that are enabled, or those that are not.
        limit: The most items to return. Default: 100.
        offset: How many items to leave out before those. Default: 0.
        """
        return _read(
            schemas.VirtualKeyListResponse,
            self._send(
                _Request(
                    "GET",
                    "/api/governance/virtual-keys",
                    query={
                        "search": search,
                        "team_id": team_id,
                        "customer_id": customer_id,
                        "is_active": is_active,
                        "limit": limit,
                        "offset": offset,
                    },
                )
            ),
        )

    def virtual_key_create(self, body: schemas.VirtualKeyCreateRequest) -> schemas.VirtualKeyValueResponse:
        """Make a virtual key

        The answer holds its value, which is shown only here and by `rotate`. Without `provider_configs` the key may use no
        provider, unless `allow_all_providers` is set.
        """
        return _read(
            schemas.VirtualKeyValueResponse,
            self._send(_Request("POST", "/api/governance/virtual-keys", body=body)),
        )

    def virtual_key_quota(self) -> schemas.VirtualKeyQuotaResponse:
        """Look at one's own quota

        The virtual key that the request carries is the one that is looked at. All budgets and limits that its jobs touch are
        shown: its own, those of its providers, of its team and of its customer. For others there is `GET
        /api/governance/virtual-keys/{vk_id}`.
        """
        return _read(
            schemas.VirtualKeyQuotaResponse, self._send(_Request("GET", "/api/governance/virtual-keys/quota"))
        )

    def virtual_key_rotate_many(
        self, body: schemas.VirtualKeyRotateManyRequest
    ) -> schemas.VirtualKeyRotateManyResponse:
        """Give several virtual keys new values

        All of them or, where one does not exist or is declared in the configuration file, none.
        """
        return _read(
            schemas.VirtualKeyRotateManyResponse,
            self._send(_Request("POST", "/api/governance/virtual-keys/rotate", body=body)),
        )

    def virtual_key_retrieve(self, vk_id: str) -> schemas.VirtualKeyResponse:
        """Retrieve a virtual key

        vk_id: The id of a virtual key.
        """
        return _read(
            schemas.VirtualKeyResponse,
            self._send(_Request("GET", f"/api/governance/virtual-keys/{_segment(vk_id)}")),
        )

    def virtual_key_update(
        self, vk_id: str, body: schemas.VirtualKeyUpdateRequest
    ) -> schemas.VirtualKeyResponse:
        """Change a virtual key

        What is left out stays as it is; `null` takes away. A list takes the place of the one that was there: a budget that is
        not in it is deleted, and one that is keeps its usage. A budget is known by its `id`, or else by its `reset_duration`; a
        limit by its name.

        vk_id: The id of a virtual key.
        """
        return _read(
            schemas.VirtualKeyResponse,
            self._send(_Request("PUT", f"/api/governance/virtual-keys/{_segment(vk_id)}", body=body)),
        )

    def virtual_key_delete(self, vk_id: str) -> schemas.VirtualKeyDeleteResponse:
        """Delete a virtual key

        It is refused from then on. Its jobs go on; admins still see them.

        vk_id: The id of a virtual key.
        """
        return _read(
            schemas.VirtualKeyDeleteResponse,
            self._send(_Request("DELETE", f"/api/governance/virtual-keys/{_segment(vk_id)}")),
        )

    def virtual_key_rotate(
        self, vk_id: str, body: schemas.VirtualKeyRotateRequest | None = None
    ) -> schemas.VirtualKeyValueResponse:
        """Give a virtual key a new value

        The old value is refused from then on. Everything else stays, jobs and usage too.

        vk_id: The id of a virtual key.
        """
        return _read(
            schemas.VirtualKeyValueResponse,
            self._send(_Request("POST", f"/api/governance/virtual-keys/{_segment(vk_id)}/rotate", body=body)),
        )

    def budget_override_set(
        self, vk_id: str, budget_id: str, body: schemas.BudgetOverrideRequest
    ) -> schemas.VirtualKeyResponse:
        """Allow more than a budget's maximum

        For a budget of the key itself or of one of its providers. It takes the place of an earlier override.

        vk_id: The id of a virtual key.
        budget_id: The id of one of its budgets.
        """
        return _read(
            schemas.VirtualKeyResponse,
            self._send(
                _Request(
                    "PUT",
                    f"/api/governance/virtual-keys/{_segment(vk_id)}/budgets/{_segment(budget_id)}/override",
                    body=body,
                )
            ),
        )

    def budget_override_delete(self, vk_id: str, budget_id: str) -> schemas.VirtualKeyResponse:
        """End the override of a budget

        vk_id: The id of a virtual key.
        budget_id: The id of one of its budgets.
        """
        return _read(
            schemas.VirtualKeyResponse,
            self._send(
                _Request(
                    "DELETE",
                    f"/api/governance/virtual-keys/{_segment(vk_id)}/budgets/{_segment(budget_id)}/override",
                )
            ),
        )

    def team_list(
        self,
        *,
        search: str | None = None,
        customer_id: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> schemas.TeamListResponse:
        """List teams

        Oldest first.

        search: A part of the name, in either case.
        customer_id: Those of this customer.
        limit: The most items to return. Default: 100.
        offset: How many items to leave out before those. Default: 0.
        """
        return _read(
            schemas.TeamListResponse,
            self._send(
                _Request(
                    "GET",
                    "/api/governance/teams",
                    query={"search": search, "customer_id": customer_id, "limit": limit, "offset": offset},
                )
            ),
        )

    def team_create(self, body: schemas.TeamCreateRequest) -> schemas.TeamResponse:
        """Make a team

        Its virtual keys share its budgets and its limits.
        """
        return _read(schemas.TeamResponse, self._send(_Request("POST", "/api/governance/teams", body=body)))

    def team_retrieve(self, team_id: str) -> schemas.TeamResponse:
        """Retrieve a team

        team_id: The id of a team.
        """
        return _read(
            schemas.TeamResponse, self._send(_Request("GET", f"/api/governance/teams/{_segment(team_id)}"))
        )

    def team_update(self, team_id: str, body: schemas.TeamUpdateRequest) -> schemas.TeamResponse:
        """Change a team

        What is left out stays as it is; lists as with virtual keys.

        team_id: The id of a team.
        """
        return _read(
            schemas.TeamResponse,
            self._send(_Request("PUT", f"/api/governance/teams/{_segment(team_id)}", body=body)),
        )

    def team_delete(self, team_id: str) -> schemas.TeamDeleteResponse:
        """Delete a team

        Refused (409) while a virtual key is of this team.

        team_id: The id of a team.
        """
        return _read(
            schemas.TeamDeleteResponse,
            self._send(_Request("DELETE", f"/api/governance/teams/{_segment(team_id)}")),
        )

    def customer_list(
        self, *, search: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> schemas.CustomerListResponse:
        """List customers

        Oldest first.

        search: A part of the name, in either case.
        limit: The most items to return. Default: 100.
        offset: How many items to leave out before those. Default: 0.
        """
        return _read(
            schemas.CustomerListResponse,
            self._send(
                _Request(
                    "GET",
                    "/api/governance/customers",
                    query={"search": search, "limit": limit, "offset": offset},
                )
            ),
        )

    def customer_create(self, body: schemas.CustomerCreateRequest) -> schemas.CustomerResponse:
        """Make a customer

        Its teams and virtual keys share its budgets and its limits.
        """
        return _read(
            schemas.CustomerResponse, self._send(_Request("POST", "/api/governance/customers", body=body))
        )

    def customer_retrieve(self, customer_id: str) -> schemas.CustomerResponse:
        """Retrieve a customer

        customer_id: The id of a customer.
        """
        return _read(
            schemas.CustomerResponse,
            self._send(_Request("GET", f"/api/governance/customers/{_segment(customer_id)}")),
        )

    def customer_update(
        self, customer_id: str, body: schemas.CustomerUpdateRequest
    ) -> schemas.CustomerResponse:
        """Change a customer

        What is left out stays as it is; lists as with virtual keys.

        customer_id: The id of a customer.
        """
        return _read(
            schemas.CustomerResponse,
            self._send(_Request("PUT", f"/api/governance/customers/{_segment(customer_id)}", body=body)),
        )

    def customer_delete(self, customer_id: str) -> schemas.CustomerDeleteResponse:
        """Delete a customer

        Refused (409) while a team or a virtual key is of this customer.

        customer_id: The id of a customer.
        """
        return _read(
            schemas.CustomerDeleteResponse,
            self._send(_Request("DELETE", f"/api/governance/customers/{_segment(customer_id)}")),
        )

    def budget_list(
        self, *, limit: int | None = None, offset: int | None = None
    ) -> schemas.BudgetListResponse:
        """List all budgets

        Of virtual keys, teams, customers, providers and their keys; oldest first.

        limit: The most items to return. Default: 100.
        offset: How many items to leave out before those. Default: 0.
        """
        return _read(
            schemas.BudgetListResponse,
            self._send(_Request("GET", "/api/governance/budgets", query={"limit": limit, "offset": offset})),
        )

    def rate_limit_list(
        self, *, limit: int | None = None, offset: int | None = None
    ) -> schemas.RateLimitListResponse:
        """List all rate limits

        Of virtual keys, teams, customers, providers and their keys.

        limit: The most items to return. Default: 100.
        offset: How many items to leave out before those. Default: 0.
        """
        return _read(
            schemas.RateLimitListResponse,
            self._send(
                _Request("GET", "/api/governance/rate-limits", query={"limit": limit, "offset": offset})
            ),
        )

    def provider_limits_list(self) -> schemas.ProviderLimitsListResponse:
        """List the limits of providers

        Of every provider that is configured, whoever uses it, and of each of its keys.
        """
        return _read(
            schemas.ProviderLimitsListResponse, self._send(_Request("GET", "/api/governance/providers"))
        )

    def provider_limits_update(
        self, provider: str, body: schemas.ProviderLimitsUpdateRequest
    ) -> schemas.ProviderLimitsResponse:
        """Change the limits of a provider

        What is left out stays as it is, also keys that are not named; lists as with virtual keys.

        provider: The name of a provider that is configured.
        """
        return _read(
            schemas.ProviderLimitsResponse,
            self._send(_Request("PUT", f"/api/governance/providers/{_segment(provider)}", body=body)),
        )

    def pricing_override_list(
        self,
        *,
        search: str | None = None,
        scope_kind: Literal["global", "provider", "provider_key", "virtual_key", "virtual_key_provider"]
        | None = None,
        provider: str | None = None,
        virtual_key_id: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> schemas.PricingOverrideListResponse:
        """List pricing overrides

        Oldest first.

        search: A part of the name, in either case.
        scope_kind: Those of this kind.
        provider: Those for this provider.
        virtual_key_id: Those for this virtual key.
        limit: The most items to return. Default: 100.
        offset: How many items to leave out before those. Default: 0.
        """
        return _read(
            schemas.PricingOverrideListResponse,
            self._send(
                _Request(
                    "GET",
                    "/api/governance/pricing-overrides",
                    query={
                        "search": search,
                        "scope_kind": scope_kind,
                        "provider": provider,
                        "virtual_key_id": virtual_key_id,
                        "limit": limit,
                        "offset": offset,
                    },
                )
            ),
        )

    def pricing_override_create(
        self, body: schemas.PricingOverrideCreateRequest
    ) -> schemas.PricingOverrideResponse:
        """Make a pricing override

        Prices that take the place of those of the gateway's own table, for the jobs that it is for.
        """
        return _read(
            schemas.PricingOverrideResponse,
            self._send(_Request("POST", "/api/governance/pricing-overrides", body=body)),
        )

    def pricing_override_retrieve(self, pricing_override_id: str) -> schemas.PricingOverrideResponse:
        """Retrieve a pricing override

        pricing_override_id: The id of a pricing override.
        """
        return _read(
            schemas.PricingOverrideResponse,
            self._send(_Request("GET", f"/api/governance/pricing-overrides/{_segment(pricing_override_id)}")),
        )

    def pricing_override_update(
        self, pricing_override_id: str, body: schemas.PricingOverrideUpdateRequest
    ) -> schemas.PricingOverrideResponse:
        """Change a pricing override

        What is left out stays as it is; `patch` takes the place of the one that was there.

        pricing_override_id: The id of a pricing override.
        """
        return _read(
            schemas.PricingOverrideResponse,
            self._send(
                _Request(
                    "PUT", f"/api/governance/pricing-overrides/{_segment(pricing_override_id)}", body=body
                )
            ),
        )

    def pricing_override_delete(self, pricing_override_id: str) -> schemas.PricingOverrideDeleteResponse:
        """Delete a pricing override

        pricing_override_id: The id of a pricing override.
        """
        return _read(
            schemas.PricingOverrideDeleteResponse,
            self._send(
                _Request("DELETE", f"/api/governance/pricing-overrides/{_segment(pricing_override_id)}")
            ),
        )

    def session_login(self, body: schemas.SessionLoginRequest) -> schemas.SessionLoginResponse:
        """Log in as an admin

        Begins a session of 12 hours. Its token is set as a cookie that scripts cannot read, and can also be sent as any
        other credential.
        """
        return _read(
            schemas.SessionLoginResponse, self._send(_Request("POST", "/api/session/login", body=body))
        )

    def session_logout(self) -> schemas.SessionLogoutResponse:
        """End the session

        Ends the session with whose token the request is made, and deletes the cookie.
        """
        return _read(schemas.SessionLogoutResponse, self._send(_Request("POST", "/api/session/logout")))

    def session_is_auth_enabled(self) -> schemas.SessionIsAuthEnabledResponse:
        """Is there an admin's password"""
        return _read(
            schemas.SessionIsAuthEnabledResponse, self._send(_Request("GET", "/api/session/is-auth-enabled"))
        )

    def log_list(
        self,
        *,
        kind: Literal["request", "job"] | None = None,
        objects: list[str] | None = None,
        status: list[Literal["success", "error", "processing"]] | None = None,
        error_codes: list[str] | None = None,
        providers: list[str] | None = None,
        models: list[str] | None = None,
        selected_key_ids: list[str] | None = None,
        virtual_key_ids: list[str] | None = None,
        video_id: str | None = None,
        request_id: str | None = None,
        content_search: str | None = None,
        min_latency: float | None = None,
        max_latency: float | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        missing_cost_only: bool | None = None,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        after: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        sort_by: Literal["timestamp", "latency", "cost"] | None = None,
        order: Literal["asc", "desc"] | None = None,
    ) -> schemas.LogListResponse:
        """List the logs

        Requests and jobs, the newest first unless `sort_by` and `order` say otherwise. An admin sees those of everybody, others
        see their own. Filters can be combined; a row must fit all of them, and where several values are given one of them.
        An entry is there about a second after its request is over.

        Read the next page with `after` set to the `last_id` of this one while `has_more` is true; `offset` is for the first
        few pages only.

        kind: Only `request`s or only `job`s.
        objects: Only these operations, as `video_generation`. Repeat it for more than one.
        status: Only these outcomes, `success`, `error` or `processing`. Repeat it for more than one.
        error_codes: Only what was refused or failed with these codes. Repeat it for more than one.
        providers: Only these providers. Repeat it for more than one.
        models: Only these models, by the provider's own name, as `gen4.5`. Repeat it for more than one.
        selected_key_ids: Only what was done with these keys of providers, by name. Repeat it for more than one.
        virtual_key_ids: Only what was asked for with these virtual keys, by id. Repeat it for more than one.
        video_id: Only what is about this job, the requests and the job itself.
        request_id: Only the request with this id (`x-request-id`). A list shows it whenever it was; sums are of their
            time.
        content_search: Only prompts that have all of these words, or words that begin like them.
        min_latency: Only what took so many milliseconds, or more.
        max_latency: Only what took so many milliseconds, or less.
        min_cost: Only what cost so much, or more, in US dollars.
        max_cost: Only what cost so much, or less, in US dollars.
        missing_cost_only: Only jobs whose cost is not known. Default: False.
        period: Only the last hour, day, week or month, `1h`, `24h`, `7d` or `30d`; instead of `start_time` and
            `end_time`.
        start_time: Only what happened then or later (RFC 3339).
        end_time: Only what happened before (RFC 3339).
        after: The id of the last item of the previous page.
        offset: How many items to leave out, instead of `after`. Default: 0.
        limit: The most items to return. Default: 50.
        sort_by: What the list is sorted by, `timestamp`, `latency` or `cost`. Sorted by `cost` it shows only what has
            one. Default: 'timestamp'.
        order: The lowest first (`asc`) or the highest first (`desc`). Default: 'desc'.
        """
        return _read(
            schemas.LogListResponse,
            self._send(
                _Request(
                    "GET",
                    "/api/logs",
                    query={
                        "kind": kind,
                        "objects": objects,
                        "status": status,
                        "error_codes": error_codes,
                        "providers": providers,
                        "models": models,
                        "selected_key_ids": selected_key_ids,
                        "virtual_key_ids": virtual_key_ids,
                        "video_id": video_id,
                        "request_id": request_id,
                        "content_search": content_search,
                        "min_latency": min_latency,
                        "max_latency": max_latency,
                        "min_cost": min_cost,
                        "max_cost": max_cost,
                        "missing_cost_only": missing_cost_only,
                        "period": period,
                        "start_time": start_time,
                        "end_time": end_time,
                        "after": after,
                        "offset": offset,
                        "limit": limit,
                        "sort_by": sort_by,
                        "order": order,
                    },
                )
            ),
        )

    def log_delete(self, body: schemas.LogDeleteRequest) -> schemas.LogDeleteResponse:
        """Delete entries of the logs

        For admins. Deletes the entries with these ids; what is not there is deleted already. This cannot be undone.
        """
        return _read(schemas.LogDeleteResponse, self._send(_Request("DELETE", "/api/logs", body=body)))

    def log_stats(
        self,
        *,
        kind: Literal["request", "job"] | None = None,
        objects: list[str] | None = None,
        status: list[Literal["success", "error", "processing"]] | None = None,
        error_codes: list[str] | None = None,
        providers: list[str] | None = None,
        models: list[str] | None = None,
        selected_key_ids: list[str] | None = None,
        virtual_key_ids: list[str] | None = None,
        video_id: str | None = None,
        request_id: str | None = None,
        content_search: str | None = None,
        min_latency: float | None = None,
        max_latency: float | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        missing_cost_only: bool | None = None,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        compare_to_previous: bool | None = None,
    ) -> schemas.LogStatsResponse:
        """Sum up the logs

        How many requests there were, how many succeeded, how long they took, how their jobs ended and what they cost, of the
        last 24 hours unless another time is asked for. The filters are those of the list.

        kind: Only `request`s or only `job`s.
        objects: Only these operations, as `video_generation`. Repeat it for more than one.
        status: Only these outcomes, `success`, `error` or `processing`. Repeat it for more than one.
        error_codes: Only what was refused or failed with these codes. Repeat it for more than one.
        providers: Only these providers. Repeat it for more than one.
        models: Only these models, by the provider's own name, as `gen4.5`. Repeat it for more than one.
        selected_key_ids: Only what was done with these keys of providers, by name. Repeat it for more than one.
        virtual_key_ids: Only what was asked for with these virtual keys, by id. Repeat it for more than one.
        video_id: Only what is about this job, the requests and the job itself.
        request_id: Only the request with this id (`x-request-id`). A list shows it whenever it was; sums are of their
            time.
        content_search: Only prompts that have all of these words, or words that begin like them.
        min_latency: Only what took so many milliseconds, or more.
        max_latency: Only what took so many milliseconds, or less.
        min_cost: Only what cost so much, or more, in US dollars.
        max_cost: Only what cost so much, or less, in US dollars.
        missing_cost_only: Only jobs whose cost is not known. Default: False.
        period: Only the last hour, day, week or month, `1h`, `24h`, `7d` or `30d`; instead of `start_time` and
            `end_time`.
        start_time: Only what happened then or later (RFC 3339).
        end_time: Only what happened before (RFC 3339).
        compare_to_previous: Whether the same is said of the time before, which is as long. Default: False.
        """
        return _read(
            schemas.LogStatsResponse,
            self._send(
                _Request(
                    "GET",
                    "/api/logs/stats",
                    query={
                        "kind": kind,
                        "objects": objects,
                        "status": status,
                        "error_codes": error_codes,
                        "providers": providers,
                        "models": models,
                        "selected_key_ids": selected_key_ids,
                        "virtual_key_ids": virtual_key_ids,
                        "video_id": video_id,
                        "request_id": request_id,
                        "content_search": content_search,
                        "min_latency": min_latency,
                        "max_latency": max_latency,
                        "min_cost": min_cost,
                        "max_cost": max_cost,
                        "missing_cost_only": missing_cost_only,
                        "period": period,
                        "start_time": start_time,
                        "end_time": end_time,
                        "compare_to_previous": compare_to_previous,
                    },
                )
            ),
        )

    def log_filterdata(
        self,
        *,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
    ) -> schemas.LogFilterdataResponse:
        """What the logs can be filtered by

        The different providers, models, provider keys, virtual keys, operations and error codes in the logs that the caller
        sees, of the last 24 hours unless another time is asked for; at most 1,000 of each.

        period: Only the last hour, day, week or month, `1h`, `24h`, `7d` or `30d`; instead of `start_time` and
            `end_time`.
        start_time: Only what happened then or later (RFC 3339).
        end_time: Only what happened before (RFC 3339).
        """
        return _read(
            schemas.LogFilterdataResponse,
            self._send(
                _Request(
                    "GET",
                    "/api/logs/filterdata",
                    query={"period": period, "start_time": start_time, "end_time": end_time},
                )
            ),
        )

    def log_histogram(
        self,
        *,
        kind: Literal["request", "job"] | None = None,
        objects: list[str] | None = None,
        status: list[Literal["success", "error", "processing"]] | None = None,
        error_codes: list[str] | None = None,
        providers: list[str] | None = None,
        models: list[str] | None = None,
        selected_key_ids: list[str] | None = None,
        virtual_key_ids: list[str] | None = None,
        video_id: str | None = None,
        request_id: str | None = None,
        content_search: str | None = None,
        min_latency: float | None = None,
        max_latency: float | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        missing_cost_only: bool | None = None,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        group_by: Literal["provider", "model"] | None = None,
    ) -> schemas.LogHistogramResponse:
        """The number of entries over time

        How many entries there were in each stretch of the last 24 hours, or of another time that is asked for. The filters are
        those of the list. How long a stretch is follows from the time: there are at most 120 of them in a year.

        kind: Only `request`s or only `job`s.
        objects: Only these operations, as `video_generation`. Repeat it for more than one.
        status: Only these outcomes, `success`, `error` or `processing`. Repeat it for more than one.
        error_codes: Only what was refused or failed with these codes. Repeat it for more than one.
        providers: Only these providers. Repeat it for more than one.
        models: Only these models, by the provider's own name, as `gen4.5`. Repeat it for more than one.
        selected_key_ids: Only what was done with these keys of providers, by name. Repeat it for more than one.
        virtual_key_ids: Only what was asked for with these virtual keys, by id. Repeat it for more than one.
        video_id: Only what is about this job, the requests and the job itself.
        request_id: Only the request with this id (`x-request-id`). A list shows it whenever it was; sums are of their
            time.
        content_search: Only prompts that have all of these words, or words that begin like them.
        min_latency: Only what took so many milliseconds, or more.
        max_latency: Only what took so many milliseconds, or less.
        min_cost: Only what cost so much, or more, in US dollars.
        max_cost: Only what cost so much, or less, in US dollars.
        missing_cost_only: Only jobs whose cost is not known. Default: False.
        period: Only the last hour, day, week or month, `1h`, `24h`, `7d` or `30d`; instead of `start_time` and
            `end_time`.
        start_time: Only what happened then or later (RFC 3339).
        end_time: Only what happened before (RFC 3339).
        group_by: What `by` tells apart, `provider` or `model`.
        """
        return _read(
            schemas.LogHistogramResponse,
            self._send(
                _Request(
                    "GET",
                    "/api/logs/histogram",
                    query={
                        "kind": kind,
                        "objects": objects,
                        "status": status,
                        "error_codes": error_codes,
                        "providers": providers,
                        "models": models,
                        "selected_key_ids": selected_key_ids,
                        "virtual_key_ids": virtual_key_ids,
                        "video_id": video_id,
                        "request_id": request_id,
                        "content_search": content_search,
                        "min_latency": min_latency,
                        "max_latency": max_latency,
                        "min_cost": min_cost,
                        "max_cost": max_cost,
                        "missing_cost_only": missing_cost_only,
                        "period": period,
                        "start_time": start_time,
                        "end_time": end_time,
                        "group_by": group_by,
                    },
                )
            ),
        )

    def log_cost_histogram(
        self,
        *,
        kind: Literal["request", "job"] | None = None,
        objects: list[str] | None = None,
        status: list[Literal["success", "error", "processing"]] | None = None,
        error_codes: list[str] | None = None,
        providers: list[str] | None = None,
        models: list[str] | None = None,
        selected_key_ids: list[str] | None = None,
        virtual_key_ids: list[str] | None = None,
        video_id: str | None = None,
        request_id: str | None = None,
        content_search: str | None = None,
        min_latency: float | None = None,
        max_latency: float | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        missing_cost_only: bool | None = None,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        group_by: Literal["provider", "model"] | None = None,
    ) -> schemas.LogCostHistogramResponse:
        """The cost over time

        What the jobs cost that ended in each stretch of the last 24 hours, or of another time that is asked for, in US dollars.
        A job whose cost is not known is not in it. Otherwise it is as the other histogram.

        kind: Only `request`s or only `job`s.
        objects: Only these operations, as `video_generation`. Repeat it for more than one.
        status: Only these outcomes, `success`, `error` or `processing`. Repeat it for more than one.
        error_codes: Only what was refused or failed with these codes. Repeat it for more than one.
        providers: Only these providers. Repeat it for more than one.
        models: Only these models, by the provider's own name, as `gen4.5`. Repeat it for more than one.
        selected_key_ids: Only what was done with these keys of providers, by name. Repeat it for more than one.
        virtual_key_ids: Only what was asked for with these virtual keys, by id. Repeat it for more than one.
        video_id: Only what is about this job, the requests and the job itself.
        request_id: Only the request with this id (`x-request-id`). A list shows it whenever it was; sums are of their
            time.
        content_search: Only prompts that have all of these words, or words that begin like them.
        min_latency: Only what took so many milliseconds, or more.
        max_latency: Only what took so many milliseconds, or less.
        min_cost: Only what cost so much, or more, in US dollars.
        max_cost: Only what cost so much, or less, in US dollars.
        missing_cost_only: Only jobs whose cost is not known. Default: False.
        period: Only the last hour, day, week or month, `1h`, `24h`, `7d` or `30d`; instead of `start_time` and
            `end_time`.
        start_time: Only what happened then or later (RFC 3339).
        end_time: Only what happened before (RFC 3339).
        group_by: What `by` tells apart, `provider` or `model`.
        """
        return _read(
            schemas.LogCostHistogramResponse,
            self._send(
                _Request(
                    "GET",
                    "/api/logs/histogram/cost",
                    query={
                        "kind": kind,
                        "objects": objects,
                        "status": status,
                        "error_codes": error_codes,
                        "providers": providers,
                        "models": models,
                        "selected_key_ids": selected_key_ids,
                        "virtual_key_ids": virtual_key_ids,
                        "video_id": video_id,
                        "request_id": request_id,
                        "content_search": content_search,
                        "min_latency": min_latency,
                        "max_latency": max_latency,
                        "min_cost": min_cost,
                        "max_cost": max_cost,
                        "missing_cost_only": missing_cost_only,
                        "period": period,
                        "start_time": start_time,
                        "end_time": end_time,
                        "group_by": group_by,
                    },
                )
            ),
        )

    def log_dropped(self) -> schemas.LogDroppedResponse:
        """Entries that are missing

        For admins. How many entries the process that answers has left out since it started, because the database was away for
        long or more came than it can write, and how many wait to be written.
        """
        return _read(schemas.LogDroppedResponse, self._send(_Request("GET", "/api/logs/dropped")))

    def log_retrieve(self, log_id: str) -> schemas.Log:
        """Retrieve an entry of the logs

        One entry. That of somebody else is a 404, except for admins.

        log_id: The id of an entry.
        """
        return _read(schemas.Log, self._send(_Request("GET", f"/api/logs/{_segment(log_id)}")))

    def provider_list(self) -> schemas.ProviderListResponse:
        """List providers

        The providers that are configured, by name, each with its keys: those of the configuration file (or, without one, of
        the vendors' environment variables) and those that were added here. No secret is told: it is shown as `****` and its
        last four characters, or as the `env.NAME` that names its environment variable.
        """
        return _read(schemas.ProviderListResponse, self._send(_Request("GET", "/api/providers")))

    def provider_create(self, body: schemas.ProviderCreateRequest) -> schemas.ProviderResponse:
        """Add a provider

        It can be used at once here, and within a moment by every other process. A provider without keys can be used as soon as
        it has one. While the sandbox serves, it takes effect at the next start, and `message` says so.

        Secrets are encrypted with `REELGATE_ENCRYPTION_KEY`; without it they are refused, and `env.NAME` has to name the
        environment variable that holds them.
        """
        return _read(schemas.ProviderResponse, self._send(_Request("POST", "/api/providers", body=body)))

    def provider_retrieve(self, provider: str) -> schemas.Provider:
        """Retrieve a provider

        provider: The name of a provider.
        """
        return _read(schemas.Provider, self._send(_Request("GET", f"/api/providers/{_segment(provider)}")))

    def provider_update(self, provider: str, body: schemas.ProviderUpdateRequest) -> schemas.ProviderResponse:
        """Change a provider

        What is left out stays as it is; what is given replaces what was there, whole. A secret that is sent as it is shown
        (`****1234`) stays as it is. A provider of the configuration file cannot be changed here, and neither can whose API a
        custom one speaks: jobs were made with it.

        provider: The name of a provider.
        """
        return _read(
            schemas.ProviderResponse,
            self._send(_Request("PUT", f"/api/providers/{_segment(provider)}", body=body)),
        )

    def provider_delete(self, provider: str, *, force: bool | None = None) -> schemas.ProviderDeleteResponse:
        """Delete a provider

        Deletes the provider and its keys. While jobs that it made are not finished it is refused, unless `force` is true; then
        nobody can ask about them any more, and they end with their deadline. Files of finished jobs that only the provider has
        cannot be downloaded any more either. A provider of the configuration file cannot be deleted here.

        provider: The name of a provider.
        force: Whether to delete it although jobs need it. Default: False.
        """
        return _read(
            schemas.ProviderDeleteResponse,
            self._send(_Request("DELETE", f"/api/providers/{_segment(provider)}", query={"force": force})),
        )

    def provider_key_list(self, provider: str) -> schemas.ProviderKeyListResponse:
        """List the keys of a provider

        provider: The name of a provider.
        """
        return _read(
            schemas.ProviderKeyListResponse,
            self._send(_Request("GET", f"/api/providers/{_segment(provider)}/keys")),
        )

    def provider_key_create(
        self, provider: str, body: schemas.ProviderKeyCreateRequest
    ) -> schemas.ProviderKeyResponse:
        """Add a key to a provider

        To a provider of the configuration file as well. It is used at once here, and within a moment by every other process.

        provider: The name of a provider.
        """
        return _read(
            schemas.ProviderKeyResponse,
            self._send(_Request("POST", f"/api/providers/{_segment(provider)}/keys", body=body)),
        )

    def provider_key_retrieve(self, provider: str, key_id: str) -> schemas.ProviderKey:
        """Retrieve a key of a provider

        provider: The name of a provider.
        key_id: The id of a provider's key, or else its name.
        """
        return _read(
            schemas.ProviderKey,
            self._send(_Request("GET", f"/api/providers/{_segment(provider)}/keys/{_segment(key_id)}")),
        )

    def provider_key_update(
        self, provider: str, key_id: str, body: schemas.ProviderKeyUpdateRequest
    ) -> schemas.ProviderKeyResponse:
        """Change a key of a provider

        What is left out stays as it is; what is given replaces what was there, whole. A secret that is left out, or sent as it
        is shown (`****1234`), stays as it is. A new `value` is used for everything from then on, the key's running jobs
        included, so a key can be rotated while it works. Its name stays: jobs are known by it.

        provider: The name of a provider.
        key_id: The id of a provider's key, or else its name.
        """
        return _read(
            schemas.ProviderKeyResponse,
            self._send(
                _Request("PUT", f"/api/providers/{_segment(provider)}/keys/{_segment(key_id)}", body=body)
            ),
        )

    def provider_key_delete(
        self, provider: str, key_id: str, *, force: bool | None = None
    ) -> schemas.ProviderDeleteResponse:
        """Delete a key of a provider

        While jobs that were made with it are not finished it is refused, unless `force` is true; see the deletion of a
        provider. To retire a key in peace, change it to `enabled: false`.

        provider: The name of a provider.
        key_id: The id of a provider's key, or else its name.
        force: Whether to delete it although jobs need it. Default: False.
        """
        return _read(
            schemas.ProviderDeleteResponse,
            self._send(
                _Request(
                    "DELETE",
                    f"/api/providers/{_segment(provider)}/keys/{_segment(key_id)}",
                    query={"force": force},
                )
            ),
        )

    def key_list(self) -> schemas.KeyListResponse:
        """List the keys of all providers

        What each may be used for, without anything secret; for choosing the `key_ids` of a virtual key, say.
        """
        return _read(schemas.KeyListResponse, self._send(_Request("GET", "/api/keys")))

    def served_model_list(
        self, *, provider: str | None = None, keys: list[str] | None = None
    ) -> schemas.ServedModelListResponse:
        """List what each key can serve

        The models that the catalogue knows of the providers that can be called now (in the sandbox: of the emulators), each
        with the keys that are enabled and allowed to serve it. A model that no key can serve is not listed.

        provider: Of this provider only.
        keys: What these keys can serve, each by id or name; the parameter can be repeated.
        """
        return _read(
            schemas.ServedModelListResponse,
            self._send(_Request("GET", "/api/models", query={"provider": provider, "keys": keys})),
        )

    def config_retrieve(self) -> schemas.Config:
        """Retrieve the options

        The options that can be set while the gateway runs: what is in force, what the configuration file says, and what was set
        here, which wins.
        """
        return _read(schemas.Config, self._send(_Request("GET", "/api/config")))

    def config_update(self, body: schemas.ConfigUpdateRequest) -> schemas.ConfigResponse:
        """Change the options

        What is left out stays as it is, and `null` gives an option back to the configuration file. It holds at once here, and
        within a moment in every other process.
        """
        return _read(schemas.ConfigResponse, self._send(_Request("PUT", "/api/config", body=body)))

    def version_retrieve(self) -> schemas.Version:
        """Retrieve the version"""
        return _read(schemas.Version, self._send(_Request("GET", "/api/version")))

    def provider_wake(self, video_id: str) -> None:
        """Word of a provider that a job has changed

        Where a provider has webhooks and `REELGATE_PUBLIC_URL` is set, it is told to call this when a job is done. Whatever it
        sends is not believed and not even read: the job is asked about at once instead of at its next turn, with our
        key, as always. So nobody needs a credential, and the answer tells nothing, not even whether there is such a job.

        video_id: The id of the job that something has happened to.
        """
        self._send(_Request("POST", f"/api/wake/{_segment(video_id)}"))

    def health(self, *, probe: Literal["ready", "live"] | None = None) -> schemas.Health:
        """Liveness and readiness

        Readiness by default: 200 when the gateway can take and finish jobs, 503 when a dependency it needs is down. With
        `probe=live` the answer is 200 as long as the process answers at all, whatever its dependencies do.

        probe: What is asked, `ready` or `live`. Default: 'ready'.
        """
        return _read(
            schemas.Health, self._send(_Request("GET", "/health", query={"probe": probe}, answers=(503,)))
        )

    def create_and_wait(
        self,
        body: schemas.VideoGenerationRequest,
        *,
        timeout: float,
        on_progress: Callable[[schemas.VideoGenerationResponse], None] | None = None,
        poll_interval: float | None = None,
        dry_run: bool | None = None,
        x_bf_api_key: str | None = None,
        x_bf_api_key_id: str | None = None,
        x_bf_session_id: str | None = None,
        x_bf_send_back_raw_request: str | None = None,
        x_bf_send_back_raw_response: str | None = None,
        idempotency_key: str | None = None,
        prefer: str | None = None,
    ) -> schemas.VideoGenerationResponse:
        """Makes a video and waits until it is finished.

        See `video_generation` and `wait`; `timeout` includes making the request.
        """
        deadline = time.monotonic() + timeout
        return self._follow(
            self._send(
                _Request(
                    "POST",
                    "/v1/videos",
                    query={"dry_run": dry_run},
                    headers={
                        "x-bf-api-key": x_bf_api_key,
                        "x-bf-api-key-id": x_bf_api_key_id,
                        "x-bf-session-id": x_bf_session_id,
                        "x-bf-send-back-raw-request": x_bf_send_back_raw_request,
                        "x-bf-send-back-raw-response": x_bf_send_back_raw_response,
                        "Idempotency-Key": idempotency_key,
                        "Prefer": prefer,
                    },
                    body=body,
                )
            ),
            deadline,
            on_progress,
            poll_interval,
        )

    def wait(
        self,
        video_id: str,
        *,
        timeout: float,
        on_progress: Callable[[schemas.VideoGenerationResponse], None] | None = None,
        poll_interval: float | None = None,
    ) -> schemas.VideoGenerationResponse:
        """Waits until a job is completed and returns it.

        `timeout` and `poll_interval` are in seconds; without an interval, the server's `Retry-After` decides, or else two
        seconds. `on_progress` gets every state of the job that is seen, the first one too. A poll that fails in passing
        does not end the wait.

        Errors: `VideoFailed`, `VideoTimeout`, and what `video_retrieve` raises.
        """
        deadline = time.monotonic() + timeout
        return self._follow(
            self._send(_Request("GET", f"/v1/videos/{_segment(video_id)}")),
            deadline,
            on_progress,
            poll_interval,
        )

    def download_to(
        self,
        video_id: str,
        path: str | os.PathLike[str],
        *,
        variant: Literal["video", "thumbnail", "spritesheet"] | None = None,
        on_progress: Callable[[int, int | None], None] | None = None,
    ) -> Path:
        """Downloads a file to `path`, which appears, or is replaced, only when every byte has arrived.

        A lost connection is taken up where it broke, where the server can do that, and else from the start, as often as
        the client has `retries`. `on_progress` gets (bytes so far, bytes in all if known).

        Errors: `ConnectionFailed`, and what `video_download` raises.
        """
        target = Path(path)
        with _replacement(target) as file:
            start = 0
            for retries_left in range(self._retries, -1, -1):
                range_ = f"bytes={start}-" if start else None
                with self.video_download(video_id, variant=variant, range_=range_) as download:
                    if download.offset not in (0, start):
                        raise ConnectionFailed(
                            f"bytes from {start} were asked for, not from {download.offset}"
                        )
                    file.seek(download.offset)
                    file.truncate()
                    total = None if download.length is None else download.offset + download.length
                    try:
                        for chunk in download:
                            file.write(chunk)
                            if on_progress:
                                on_progress(file.tell(), total)
                        break
                    except ConnectionFailed:
                        if not retries_left:
                            raise
                        start = file.tell() if download.resumable else 0
        return target

    def _follow(
        self,
        response: requests.Response,
        deadline: float,
        on_progress: Callable[[schemas.VideoGenerationResponse], None] | None,
        poll_interval: float | None,
    ) -> schemas.VideoGenerationResponse:
        """Polls the job that `response` carries until it ends or `deadline`, by the clock `time.monotonic`."""
        job, advised = _read(schemas.VideoGenerationResponse, response), _retry_after(response)
        video_id = job.id
        while True:
            if on_progress:
                on_progress(job)
            if job.status == "completed":
                return job
            if job.status == "failed":
                raise VideoFailed(job)
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise VideoTimeout(job)
            pause = _pause(advised, POLL_INTERVAL) if poll_interval is None else poll_interval
            time.sleep(min(pause, remaining))
            try:
                response = self._exchange(_Request("GET", f"/v1/videos/{_segment(video_id)}"))
                job, advised = _read(schemas.VideoGenerationResponse, response), _retry_after(response)
            except ClientError as error:
                # The caller may not know the job's id yet: a failure that may pass must not lose a paid job.
                if not error.may_pass:
                    raise
                advised = error.retry_after

    def close(self) -> None:
        """Closes the connections that are kept open."""
        self._session.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._credential)
        return request

    def _send(self, request: _Request) -> requests.Response:
        """A request -> its answer, after another try or two if it is safe to repeat."""
        for attempt in range(self._retries if request.method in ("GET", "HEAD") else 0):
            try:
                return self._exchange(request)
            except ClientError as error:
                if not error.may_pass:
                    raise
                time.sleep(_pause(error.retry_after, 0.5 * 2**attempt))
        return self._exchange(request)

    def _exchange(self, request: _Request) -> requests.Response:
        """A request -> its answer, if that is 2xx or one of `answers`. Errors: `ApiError`, `ConnectionFailed`."""
        # Ranges and Content-Length count the bytes on the wire: a file must not be compressed on its way.
        headers = (
            {"Accept": "*/*", "Accept-Encoding": "identity"}
            if request.stream
            else {"Accept": "application/json"}
        )
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        headers.update({name: value for name, value in request.headers.items() if value is not None})
        try:
            response = self._session.request(
                request.method,
                self._base_url + request.path,
                params={name: _texts(value) for name, value in request.query.items() if value is not None},
                data=None if request.body is None else _json(request.body),
                headers=headers,
                auth=self._sign,  # set even without a credential, or requests would take one from ~/.netrc
                timeout=self._timeout,
                allow_redirects=False,  # the document knows none, and a key must not follow one to another host
                stream=request.stream,
            )
        except requests.RequestException as error:
            if isinstance(error, ValueError):  # a URL or header that cannot be sent
                raise
            raise ConnectionFailed(
                f"{request.method} {request.path}: {error}", unsent=_unsent(error)
            ) from error
        if self._on_response:
            self._on_response(response)
        if 200 <= response.status_code < 300 or response.status_code in request.answers:
            return response
        with response:
            raise ERRORS.get(response.status_code, ApiError)(response)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    query: Mapping[str, str | int | float | Sequence[str] | None] = field(default_factory=dict)
    headers: Mapping[str, str | None] = field(default_factory=dict)
    body: BaseModel | None = None
    answers: tuple[int, ...] = ()  # statuses besides 2xx that carry the answer
    stream: bool = False


def _read(model: type[Model], response: requests.Response) -> Model:
    try:
        return _parse(model, response.content)
    except ValidationError as error:
        raise UnreadableAnswer(response) from error


def _parse(model: type[Model], content: bytes) -> Model:
    """JSON -> its model. A word that a closed list does not have is let in as a plain string.

    pydantic judges everything else: for its eyes, each unknown word gives its place to a known one.
    """
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        unknown = error.errors(include_url=False)
        if any(each["type"] not in ("enum", "literal_error") for each in unknown):
            raise
    data = json.loads(content)
    for each in unknown:
        *path, last = each["loc"]
        reduce(getitem, path, data)[last] = each["ctx"]["expected"].split("'")[1]  # "'video' or 'image'"
    parsed = model.model_validate(data)
    for each in unknown:
        *path, last = each["loc"]
        holder = reduce(_child, path, parsed)
        if isinstance(holder, list):
            holder[int(last)] = each["input"]
        else:
            setattr(holder, str(last), each["input"])
    return parsed


def _child(holder: Any, key: str | int) -> Any:
    return holder[key] if isinstance(key, int) else getattr(holder, key)


def _json(body: BaseModel) -> bytes:
    return body.model_dump_json(by_alias=True, exclude_unset=True).encode()


def _retry_after(response: requests.Response) -> float | None:
    """Seconds to wait, or None. A date (RFC 9110 section 10.2.3) is not read: the server sends seconds."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None


def _pause(advised: float | None, otherwise: float) -> float:
    """Seconds to wait: what the server advises, within reason, or else the given time."""
    return otherwise if advised is None else min(advised, LONGEST_PAUSE)


def _unsent(error: requests.RequestException) -> bool:
    """Whether no connection was opened, so that the server cannot have seen the request."""
    cause = error.args[0] if error.args else None
    return isinstance(error, requests.ConnectTimeout) or (
        isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
    )


def _texts(value: str | int | float | Sequence[str]) -> str | list[str]:
    return _text(value) if isinstance(value, str | int | float) else [_text(item) for item in value]


def _text(value: str | int | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _segment(value: str | int | float) -> str:
    """A value -> one segment of a path, percent-encoded. Errors: `ValueError` for what would be another path."""
    text = _text(value)
    if text in ("", ".", ".."):
        raise ValueError(f"{text!r} cannot be a part of a path")
    return quote(text, safe=":")


def _basic(user: str, password: str) -> str:
    """RFC 7617, in UTF-8."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


@contextmanager
def _replacement(target: Path) -> Iterator[IO[bytes]]:
    """A new file beside `target` that takes its place at the end, or vanishes on an error."""
    part = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        with part.open("xb") as file:
            yield file
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
