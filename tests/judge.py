"""Judges recorded HTTP exchanges by an OpenAPI document, with openapi-core.

    judge = Judge(document, "http://127.0.0.1:8090/v1")   # where the document's paths begin
    app = Recorder(app, exchanges)                        # ASGI; or fill an Exchange by hand from any client
    judge.examine(exchange)                               # AssertionError with every violation
    judge.examine_webhook(headers, body)                  # of a request that a receiver of webhooks got

What it leaves out, on purpose:
- the content of binary bodies: only their media type is judged;
- requests that were refused: they may well violate the document, that is why they were refused;
- 404 and 405 for paths and methods that the document does not have.

Forms are judged like the JSON object that they stand for: text fields are read as their schema's type, files are
strings.
"""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message as Part
from email.parser import BytesParser
from email.policy import HTTP
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.paths.exceptions import OperationNotFound, PathNotFound
from openapi_core.testing import MockRequest, MockResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from werkzeug.datastructures import Headers, ImmutableMultiDict

FORM = "multipart/form-data"
FORM_AS_JSON = "application/vnd.form+json"  # stands in for FORM in the judged copy of a document
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass
class Exchange:
    """A request and its answer. Names of headers are in lower case, `url` is absolute."""

    method: str
    url: str
    request_headers: dict[str, str] = field(default_factory=dict)
    request_body: bytes = b""
    status: int = 0
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: bytes = b""

    def __str__(self) -> str:
        return f"{self.method} {self.url} -> {self.status}"


class Webhook(MockRequest):
    """A request that a receiver of webhooks got. `name` is what `webhooks` of the document calls it."""

    name: str


class Judge:
    """One OpenAPI 3.1 document, whose paths begin at `base_url`."""

    def __init__(self, document: dict[str, Any], base_url: str) -> None:
        judged = copy.deepcopy(document) | {"servers": [{"url": base_url}]}
        for item in judged["paths"].values():
            item.pop("servers", None)  # other hosts of the provider's lie below the same base here
        self._document = judged
        self._base_path = urlsplit(base_url).path
        for content in _contents(judged):
            if FORM in content:
                content[FORM_AS_JSON] = content.pop(FORM)
        readers: dict[str, Callable[[bytes], Any]] = {FORM_AS_JSON: lambda value, **_: json.loads(value)}
        binary = (name for content in _contents(judged) for name in content if _is_binary(name))
        readers |= dict.fromkeys(binary, _no_content)
        readers["text/event-stream"] = lambda value, **_: value.decode()
        self._openapi = OpenAPI.from_dict(judged, config=Config(extra_media_type_deserializers=readers))

    def examine(self, exchange: Exchange) -> None:
        """Raises AssertionError where the exchange violates the document."""
        request, response = self._request(exchange), _response(exchange)
        violations = []
        try:
            if exchange.status < 400:
                violations += _complaints(lambda: self._openapi.validate_request(request))
            violations += _complaints(lambda: self._openapi.validate_response(request, response))
        except (PathNotFound, OperationNotFound) as error:
            if exchange.status not in (404, 405):
                violations.append(str(error))
        assert not violations, f"{exchange} violates the document:\n" + "\n".join(violations)

    def examine_webhook(self, headers: dict[str, str], body: bytes) -> None:
        """Raises AssertionError where a webhook violates the document, in whose `webhooks` its type has to stand."""
        request = Webhook("", "post", "/", data=body, content_type=headers.get("content-type", ""))
        request.name = str(json.loads(body)["type"])
        request.parameters.header = Headers(headers)
        violations = _complaints(lambda: self._openapi.validate_webhook_request(request))
        assert not violations, f"{request.name} violates the document:\n" + "\n".join(violations)

    def _request(self, exchange: Exchange) -> MockRequest:
        parts = urlsplit(exchange.url)
        content_type = exchange.request_headers.get("content-type", "application/json")
        body = exchange.request_body
        if content_type.startswith(FORM) and exchange.status < 400:  # what was refused may be no form at all
            body, content_type = self._form_as_json(exchange), FORM_AS_JSON
        host = f"{parts.scheme}://{parts.netloc}"
        request = MockRequest(host, exchange.method, parts.path, data=body, content_type=content_type)
        request.parameters.query = ImmutableMultiDict(parse_qsl(parts.query, keep_blank_values=True))
        request.parameters.header = Headers(exchange.request_headers)
        cookies = SimpleCookie(exchange.request_headers.get("cookie", ""))
        request.parameters.cookie = ImmutableMultiDict((name, morsel.value) for name, morsel in cookies.items())
        return request

    def _form_as_json(self, exchange: Exchange) -> bytes:
        """The form as the JSON object that it stands for, typed by the schemas of the operation's form."""
        schemas = self._form_fields(exchange)
        values: dict[str, Any] = {}
        for name, is_file, text in form_fields(exchange):
            typed = text if is_file or self._is_text(schemas.get(name, {})) else _read(text)
            values[name] = typed
        return json.dumps(values).encode()

    def _form_fields(self, exchange: Exchange) -> dict[str, Any]:
        path = urlsplit(exchange.url).path.removeprefix(self._base_path)
        for template, item in self._document["paths"].items():
            operation = item.get(exchange.method.lower(), {})
            content = self._resolve(operation.get("requestBody", {})).get("content", {})
            if FORM_AS_JSON in content and _matches(template, path):
                schema = self._resolve(content[FORM_AS_JSON].get("schema", {}))
                return dict(schema.get("properties", {}))
        return {}

    def _is_text(self, schema: dict[str, Any]) -> bool:
        return self._resolve(schema).get("type", "string") in ("string", ["string", "null"])

    def _resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            target: Any = self._document
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[key.replace("~1", "/").replace("~0", "~")]
            node = target
        return node


class Recorder:
    """ASGI wrapper that appends every exchange to a list before the client sees the end of the answer."""

    def __init__(self, app: ASGIApp, exchanges: list[Exchange]) -> None:
        self.app, self.exchanges = app, exchanges

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = f"?{scope['query_string'].decode()}" if scope["query_string"] else ""
        path = scope.get("raw_path", scope["path"].encode()).decode()
        url = f"{scope['scheme']}://{headers.get('host', 'localhost')}{path}{query}"
        exchange = Exchange(scope["method"], url, headers)

        async def receive_noted() -> Message:
            message = await receive()
            exchange.request_body += message.get("body", b"")
            return message

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                exchange.response_headers = {k.decode().lower(): v.decode() for k, v in message["headers"]}
            elif message["type"] == "http.response.body":
                exchange.response_body += message.get("body", b"")
                if not message.get("more_body"):
                    self.exchanges.append(exchange)
            await send(message)

        await self.app(scope, receive_noted, send_noted)


def form_fields(exchange: Exchange) -> Iterator[tuple[str, bool, str]]:
    """(name, whether it is a file, text) of each part of a multipart request; a file's text is left empty."""
    head = b"Content-Type: " + exchange.request_headers["content-type"].encode() + b"\r\n\r\n"
    form = BytesParser(policy=HTTP).parsebytes(head + exchange.request_body)
    parts: list[Part] = form.get_payload()  # type: ignore[assignment]
    for part in parts:
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        is_file = part.get_filename() is not None
        yield str(name), is_file, "" if is_file or not isinstance(content, bytes) else content.decode()


def _response(exchange: Exchange) -> MockResponse:
    content_type = exchange.response_headers.get("content-type", "application/json")
    return MockResponse(exchange.response_body, exchange.status, dict(exchange.response_headers), content_type)


def _complaints(validate: Callable[[], None]) -> list[str]:
    try:
        validate()
    except (PathNotFound, OperationNotFound):
        raise
    except OpenAPIError as error:
        details = getattr(error.__cause__, "schema_errors", None) or [error.__cause__ or ""]
        return [f"{type(error).__name__}: {error} {getattr(each, 'message', each)}" for each in details]
    return []


def _contents(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every `content` map of media types in request bodies and responses."""
    operations = [item[m] for item in document.get("paths", {}).values() for m in METHODS if m in item]
    components = document.get("components", {})
    holders = [
        *(operation.get("requestBody", {}) for operation in operations),
        *(response for operation in operations for response in operation.get("responses", {}).values()),
        *components.get("requestBodies", {}).values(),
        *components.get("responses", {}).values(),
    ]
    yield from (holder["content"] for holder in holders if "content" in holder)


def _is_binary(media_type: str) -> bool:
    return media_type.startswith(("video/", "image/", "audio/")) or media_type == "application/octet-stream"


def _no_content(value: bytes, **_: str) -> str:
    return ""


def _matches(template: str, path: str) -> bool:
    ours, theirs = template.split("/"), path.split("/")
    same = (a == b or a.startswith("{") for a, b in zip(ours, theirs, strict=False))
    return len(ours) == len(theirs) and all(same)


def _read(text: str) -> Any:
    """'7' -> 7, 'true' -> True; what is no JSON stays text, and the schema will say so."""
    try:
        return json.loads(text)
    except ValueError:
        return text
