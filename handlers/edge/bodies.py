"""Reading and judging request bodies: JSON and forms, counted while they arrive, validated against openapi.yaml itself.

connexion asks these classes instead of its own (its `validator_map`). The accepted body travels on as `payload` in connexion's
context, so it is read and parsed once. A form becomes the JSON that it stands for before it is judged. An image goes another
way, and what stands in its place is short: see pictures.py.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, Mapping
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import jsonschema_rs
import orjson
from connexion.datastructures import MediaTypeDict
from connexion.validators import VALIDATOR_MAP, AbstractRequestBodyValidator
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import Receive, Scope

from generated.routes import OPERATIONS

from ..errors import ContentTooLarge, InvalidRequest, UnsupportedMediaType
from ..media.images import FIELD
from ..media.uploads import Upload, current
from . import mistakes, pictures
from .parameters import Parameters

DRAIN = 4  # times the largest limit: how much that is too much is read and dropped, so that the sender sees the answer
DEEPEST = 64  # levels of objects and lists
LOOKED_AT_TWICE = 1024 * 1024  # bytes: up to here a body is also searched for fields that stand in it twice
ROOMY = 8  # times its first piece: where a body of unknown length begins
WITHOUT_IMAGE = 1024 * 1024  # bytes that a body may have to which no image belongs
OF_STRANGERS = 16 * 1024  # bytes that a body may have where nobody has to say who they are
FORM_FIELDS = 100
FORM_FILES = 10
TEXT = 3  # times its length: what text takes at most, while it is parsed and while it is worked on
IDLE = 30.0  # seconds without a byte after which a body is not waited for any longer: it holds room that others need
SLOWEST, LEAST = 60.0, 64 * 1024  # seconds for the whole of it, and a second more for each so many bytes
NOTHING = ({"type": "http.request", "body": b"", "more_body": False},)


def validators(limit: int) -> dict[str, Any]:
    """connexion's `validator_map`, all of it ours. `limit` is the largest body, in bytes."""
    ours = {
        media_type: type(validator.__name__, (validator,), {"LIMIT": limit})
        for media_type, validator in (("*/*json", JsonBody), ("multipart/form-data", FormBody))
    }
    return {**VALIDATOR_MAP, "body": MediaTypeDict(ours), "parameter": Parameters}


class Body(AbstractRequestBodyValidator):  # type: ignore[misc]
    """What both kinds have in common: counting, judging and handing on."""

    LIMIT: int
    ARRIVING: int  # times its length: what a body takes in memory until it has arrived and its image is decoded

    async def wrap_receive(self, receive: Receive, *, scope: Scope) -> tuple[Receive, Scope]:
        headers = Headers(scope=scope)
        operation: str = scope["extensions"]["connexion_routing"]["operation_id"]
        upload = current.get()
        with_image = _has_image(operation)
        limit = self.LIMIT if with_image else min(self.LIMIT, _most(operation))
        stream = _counted(receive, headers, limit, self.LIMIT, upload, self.ARRIVING)
        payload, image = await self.parse(headers, stream, upload, with_image=with_image)
        judge(payload, operation)
        if with_image:
            await pictures.put(image, payload, upload)
        scope["extensions"].setdefault("connexion_context", {})["payload"] = payload
        # connexion would read the form a second time; it is told that there is none.
        without_type = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
        return self._insert_messages(receive, messages=NOTHING), {**scope, "headers": without_type}

    async def parse(
        self, headers: Headers, stream: AsyncGenerator[bytes, None], upload: Upload, *, with_image: bool
    ) -> tuple[Any, bytes | None]:
        """The body and, `with_image`, the one that was in it."""
        raise NotImplementedError


class JsonBody(Body):
    ARRIVING = 2

    async def parse(
        self, headers: Headers, stream: AsyncGenerator[bytes, None], upload: Upload, *, with_image: bool
    ) -> tuple[Any, bytes | None]:
        if self._encoding.lower().replace("_", "-") not in ("utf-8", "utf8", "us-ascii"):
            raise UnsupportedMediaType(f"JSON is UTF-8 (RFC 8259), not {self._encoding}.")
        text = await _whole(stream, min(_declared(headers), self.LIMIT))
        if not text.strip():
            if not self._required:
                return {}, None  # what may be left out says nothing when it is
            raise InvalidRequest("The request has no body; a JSON object is needed.", code="missing_body")
        cut = await pictures.cut(text) if with_image else None
        image = cut.content if cut is not None else b""
        upload.hold(len(image) + TEXT * len(text))
        payload = _loads(text)
        if cut is not None and not cut.fits(payload):
            text = cut.put_back(text)
            upload.hold(len(image) + TEXT * len(text))
            cut, payload = None, _loads(text)
        kept, content = len(text), cut.content if cut is not None else None
        del text
        if content is None and with_image and (content := await pictures.taken(payload)) is not None:
            kept -= len(content) * 4 // 3
        upload.hold(len(content or b"") + TEXT * kept)
        return payload, content


class FormBody(Body):
    ARRIVING = 1  # parts above 1 MiB wait on disk; then they are in memory once

    async def parse(
        self, headers: Headers, stream: AsyncGenerator[bytes, None], upload: Upload, *, with_image: bool
    ) -> tuple[Any, bytes | None]:
        parser = Utf8Parser(
            headers,
            stream,
            max_files=FORM_FILES,
            max_fields=FORM_FIELDS,
            max_part_size=self.LIMIT,
        )
        parser.upload = upload
        try:
            form = await parser.parse()
        except (MultiPartException, KeyError, UnicodeDecodeError, ValueError) as error:
            what = getattr(error, "message", None) or "it has no boundary or broken parts"
            raise InvalidRequest(f"The form cannot be read: {what}", code="invalid_form") from None
        kept = parser.text
        del parser
        try:
            payload = payload_of(form)
            files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
            content = None
            if len(files) == 1 and payload.get(FIELD) == pictures.ABSENT:
                content = await files[0].read()
        finally:
            await form.close()
        del form
        _refuse_depth(payload)
        if content is None and with_image and (content := await pictures.taken(payload)) is not None:
            kept -= len(content) * 4 // 3
        upload.hold(len(content or b"") + TEXT * kept)
        return payload, content


class Utf8Parser(MultiPartParser):
    """starlette's parser, which takes text that is not UTF-8 for Latin-1 and so garbles it; here it is refused."""

    upload: Upload
    text = 0  # bytes in fields that are no files

    def on_part_end(self) -> None:
        part = self._current_part
        if part.file is None:
            self.text += len(part.data)
            self.upload.hold(max(self.upload.held, TEXT * self.text))
            try:
                part.data.decode("utf-8")
            except UnicodeDecodeError:
                raise MultiPartException(f"the field {part.field_name} is not UTF-8") from None
        super().on_part_end()


async def _counted(
    receive: Receive, headers: Headers, limit: int, largest: int, upload: Upload, times: int
) -> AsyncGenerator[bytes, None]:
    """The body in pieces. Raises ContentTooLarge as soon as the limit is passed, having read on so the answer gets through.

    `largest` is what any body may have. The `upload` holds so many `times` its length; TooManyUploads is raised before
    anything is read, if the length is declared.
    """
    received = 0
    too_large = _declared(headers) > limit
    if not too_large:
        upload.hold(times * _declared(headers))
    more, began = True, time.monotonic()
    while more:
        left = began + SLOWEST + max(received, _declared(headers)) / LEAST - time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, min(IDLE, left))):
                message = await receive()
        except TimeoutError:
            raise InvalidRequest("The body did not arrive in time. Send it again.", code="body_too_slow") from None
        if message["type"] == "http.disconnect":
            raise InvalidRequest("The connection was closed before the whole body had arrived.")
        chunk: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        received += len(chunk)
        too_large = too_large or received > limit
        if too_large and received > DRAIN * largest:
            break
        if not too_large:
            upload.hold(max(upload.held, times * received))
            yield chunk
    if too_large:
        advice = "Send a smaller image, or a URL in its place; REELGATE_MAX_BODY_MB is the limit of this gateway."
        raise ContentTooLarge(
            f"The body is larger than {limit} bytes. {advice if limit == largest else 'It has no image.'}"
        )


def _declared(headers: Headers) -> int:
    """The length of the body in bytes as the sender says; 0 if it does not."""
    length = headers.get("content-length", "")
    return int(length) if length.isdigit() and len(length) < 20 else 0


async def _whole(stream: AsyncGenerator[bytes, None], length: int) -> bytearray:
    """The pieces in one. What is allocated at once goes back to the system when it is freed; what has grown may not."""
    text, end = bytearray(), 0
    try:
        async for chunk in stream:
            text = text or bytearray(length or ROOMY * len(chunk))  # now that there is room for it
            text[end : end + len(chunk)] = chunk
            end += len(chunk)
    except BaseException:
        text.clear()  # or it would stay until the refusal is sent
        raise
    del text[end:]
    return text


def _loads(text: bytearray) -> Any:
    try:
        payload = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        _refuse_other_encodings(text)
        raise InvalidRequest(f"The body is not JSON: {error}", code="invalid_json") from None
    _refuse_depth(payload)  # json is recursive, orjson is not
    if len(text) <= LOOKED_AT_TWICE:
        json.loads(text, object_pairs_hook=_no_field_twice)
    return payload


def _refuse_depth(payload: Any) -> None:
    """Raises InvalidRequest for a body nested deeper than any request has reason to be, and than can be written again."""
    level = [payload]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise InvalidRequest(f"The body is nested deeper than {DEEPEST} levels.", code="invalid_json")


def _no_field_twice(pairs: list[tuple[str, Any]]) -> None:
    seen = set[str]()
    for name, _ in pairs:
        if name in seen:
            raise InvalidRequest(f"The field {name!r} stands in the body twice.", code="invalid_json", param=name)
        seen.add(name)


def _refuse_other_encodings(body: bytearray) -> None:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest(
            f"The body is not UTF-8: {error.reason} at byte {error.start}.", code="invalid_encoding"
        ) from None


# ---- judging ------------------------------------------------------------------------------------------------------


@cache
def document() -> Mapping[str, Any]:
    """openapi.yaml, as generated/openapi.json."""
    parsed: Mapping[str, Any] = orjson.loads(files("generated").joinpath("openapi.json").read_bytes())
    return parsed


@cache
def _judge_of(operation_id: str) -> jsonschema_rs.Draft202012Validator:
    # A form is judged as the JSON that it stands for.
    schema = OPERATIONS[operation_id].bodies["application/json"]
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{schema}", "components": document()["components"]},
        validate_formats=True,
        mask="the value",
    )


def _most(operation_id: str) -> int:
    """How many bytes a body may have to which no image belongs."""
    return WITHOUT_IMAGE if OPERATIONS[operation_id].secured else OF_STRANGERS


@cache
def _has_image(operation_id: str) -> bool:
    body = OPERATIONS[operation_id].bodies["application/json"]
    return FIELD in document()["components"]["schemas"][body].get("properties", {})


def judge(payload: Any, operation_id: str) -> None:
    """Raises InvalidRequest for the first thing in which the body differs from the document."""
    found = mistakes.first(_judge_of(operation_id).iter_errors(payload))
    if found is None:
        return
    param = ".".join(map(str, found.path)) or None
    schemas = document()["components"]["schemas"]
    described = mistakes.description(schemas[OPERATIONS[operation_id].bodies["application/json"]], schemas, found.path)
    message = f"{param}: {found.message}" if param else f"The body is not valid: {found.message}"
    raise InvalidRequest(f"{message}. {described}".rstrip(), param=param)


# ---- forms --------------------------------------------------------------------------------------------------------

LISTS = frozenset({"fallbacks"})
NESTED = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")  # name[], name[key], name[key][]; anything else is a plain name
STEP = re.compile(r"\[([^\[\]]*)\]")
INTEGER = re.compile(r"-?\d{1,18}")


def _as_json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


READ_AS: Mapping[str, Any] = {
    "metadata": _as_json,  # what OpenAPI says of an object in a form, where it is not made of `name[key]`
    "seed": lambda text: int(text) if INTEGER.fullmatch(text) else text,
    "max_cost": _as_json,
    "audio": lambda text: {"true": True, "false": False}.get(text.lower(), text),
}
"""Field -> how its text is read. What cannot be read stays text, for the document to refuse."""


def payload_of(form: FormData) -> dict[str, Any]:
    """A form -> the JSON it stands for: a repeated field or `name[]` is a list, `name[key]` an object."""
    payload: dict[str, Any] = {}
    for name, value in form.multi_items():
        read = _file(name) if isinstance(value, UploadFile) else value
        nested = NESTED.fullmatch(name)
        field, steps = (nested[1], STEP.findall(nested[2])) if nested else (name, [])
        if steps or field in LISTS:
            _put(payload, [field, *(steps or [""])], read)
        elif field in payload:
            earlier = payload[field]
            payload[field] = [*earlier, read] if isinstance(earlier, list) else [earlier, read]
        else:
            payload[field] = READ_AS.get(field, str)(read)
    return payload


def _file(name: str) -> str:
    if name != FIELD:
        raise InvalidRequest(f"{name} cannot be a file; only input_reference can.", code="invalid_form", param=name)
    return pictures.ABSENT


def _put(payload: dict[str, Any], path: list[str], value: str) -> None:
    """Put a value at `a[b][c]` or `a[]`."""
    here: Any = payload
    for step, following in pairwise(path):
        here = here.setdefault(step, [] if following == "" else {}) if isinstance(here, dict) else None
        if not isinstance(here, list if following == "" else dict):
            raise InvalidRequest(f"The form has {path[0]} in two shapes.", code="invalid_form", param=path[0])
    if isinstance(here, list):
        here.append(value)
    elif path[-1] in here:
        raise InvalidRequest(f"The form has {path[0]} twice at one place.", code="invalid_form", param=path[0])
    else:
        here[path[-1]] = value
