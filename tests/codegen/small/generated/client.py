# Generated from openapi.yaml by `make generate`. Do not edit.
"""A typed, synchronous client for Things 1.2.3. This module and `models` beside it are all of it.

    with Client(bearer="…") as client:
        answer = client.thing_list(…)

Answers may come from a newer server: properties it added are ignored, and a word it added to a closed list (a status, say)
arrives as a plain `str` where the annotation says an enum.

Everything raised on purpose:

    ClientError
    ├── ApiError                 the server answered, but not with success
    │   ├── NotFound             404
    │   ├── Conflict             409
    │   └── UnreadableAnswer     a success whose body is not what the document says
    └── ConnectionFailed         no answer, or only a part of one; `unsent` tells whether the server can know of the request
"""

from __future__ import annotations

import json
import time
from base64 import b64encode
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from io import IncrementalNewlineDecoder
from operator import getitem
from types import TracebackType
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import requests
from pydantic import MISSING, BaseModel, ValidationError
from urllib3.exceptions import MaxRetryError, NewConnectionError

from . import models as schemas

Model = TypeVar("Model", bound=BaseModel)

TRANSIENT = (429, 502, 503, 504)  # HTTP statuses after which a GET is tried again
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
        self.error: schemas.Fault | None = None
        try:
            self.error = _parse(schemas.Fault, response.content)
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


class NotFound(ApiError):
    """404. There is no such thing."""


class Conflict(ApiError):
    """409. Not now."""


class UnreadableAnswer(ApiError):
    """A success whose body is not what the document says. What was asked for may well have been done."""


class ConnectionFailed(ClientError):
    """No answer, or only a part of one. Unless `unsent`, the server may have done what was asked."""

    may_pass = True

    def __init__(self, message: str, *, unsent: bool = False) -> None:
        super().__init__(message)
        self.unsent = unsent


ERRORS: Mapping[int, type[ApiError]] = {
    404: NotFound,
    409: Conflict,
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
    """Things"""

    def __init__(
        self,
        base_url: str = "https://things.example/api",
        *,
        bearer: str | None = None,
        key: str | None = None,
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
        if key is not None:
            offered.append(("x-key", key))
        if len(offered) > 1:
            raise ValueError("pass one credential, not several")
        self._credential = dict(offered)
        self._base_url = base_url.rstrip("/")
        self._timeout = timeout
        self._retries = retries
        self._on_response = on_response
        self._session = session or requests.Session()

    def thing_list(
        self, *, order: Literal["asc", "desc"] | None = None, limit: int | None = None, owner: str
    ) -> schemas.Thing:
        """List things

        order: Which end first. Default: 'asc'.
        """
        return _read(
            schemas.Thing,
            self._send(_Request("GET", "/things", query={"order": order, "limit": limit, "owner": owner})),
        )

    def thing_make(self, body: schemas.Thing) -> schemas.Thing:
        """Make a "thing"

        From a form or from JSON.
        Say \\\"\"\"so\\\"\"\".
        """
        return _read(schemas.Thing, self._send(_Request("POST", "/things", body=body)))

    def thing_file(self, thing_id: str, *, range_: str | None = None) -> Download:
        """The bytes of a thing

        thing_id: Its id.
        """
        return Download(
            self._send(
                _Request(
                    "GET",
                    f"/things/{_segment(thing_id)}",
                    headers={"Range": range_},
                    answers=(304,),
                    stream=True,
                )
            )
        )

    def thing_look(self, thing_id: str) -> Mapping[str, str]:
        """The headers of the bytes

        thing_id: Its id.
        """
        return self._send(_Request("HEAD", f"/things/{_segment(thing_id)}")).headers

    def thing_drop(self, thing_id: str, body: schemas.Thing | None = None) -> None:
        """Drop a thing

        thing_id: Its id.
        """
        self._send(_Request("DELETE", f"/things/{_segment(thing_id)}", body=body))

    def thing_events(
        self, thing_id: str, *, kind: list[str] | None = None, last_event_id: str | None = None
    ) -> Events:
        """What happens to a thing

        thing_id: Its id.
        """
        return Events(
            self._send(
                _Request(
                    "GET",
                    f"/things/{_segment(thing_id)}/events",
                    query={"kind": kind},
                    headers={"Last-Event-ID": last_event_id},
                    stream=True,
                )
            )
        )

    def ping(self) -> schemas.Thing:
        """Is it there"""
        return _read(schemas.Thing, self._send(_Request("GET", "/ping", answers=(503,))))

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
