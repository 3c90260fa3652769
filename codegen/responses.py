"""The responses of an operation: which are its answer, and which refuse."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codegen.document import Document, DocumentError, Node, resolve, schema_name

JSON = "application/json"
EVENTS = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Response:
    """One status. `name` is that of the response component, `model` that of the schema of its JSON."""

    status: int
    name: str | None
    description: str
    model: str | None
    binary: bool
    events: bool  # a stream of server-sent events

    @property
    def succeeds(self) -> bool:
        """Whether this is a 2xx."""
        return 200 <= self.status < 300


def responses(document: Document, node: Node, place: str) -> tuple[Response, ...]:
    """The responses in the document's order; at least one is a success, and all that have a body are of one kind.

    Errors: `DocumentError`.
    """
    read = tuple(_response(document, status, each, f"{place}.{status}") for status, each in node.items())
    successes = [response for response in read if response.succeeds]
    kinds = {(response.model, response.binary, response.events) for response in successes if response.status != 204}
    if not successes or len(kinds) > 1:
        raise DocumentError(place, "all 2xx but 204 must have one schema, or be bytes, or events, or be empty")
    answer = next((response.model for response in successes if response.model), None)
    for response in read:
        an_answer = response.succeeds or (response.name is None and response.model == answer)
        if not an_answer and not (response.name and response.model):
            at = f"{place}.{response.status}"
            raise DocumentError(at, f"an error must be a response component, as {JSON} with a schema")
    return read


def _response(document: Document, status: str, reference: Node, place: str) -> Response:
    if not re.fullmatch(r"[1-5][0-9][0-9]", status):
        raise DocumentError(place, "only single statuses are supported")
    node = resolve(document, reference, place)
    content: Mapping[str, Any] = node.get("content", {})
    schemas = {media_type: media.get("schema", {}) for media_type, media in content.items()}
    binary = bool(schemas) and all(_is_bytes(schema) for schema in schemas.values())
    events = schemas.keys() == {EVENTS}
    if schemas and not binary and not events and JSON not in schemas:
        raise DocumentError(f"{place}.content", f"must be {JSON}, {EVENTS}, or bytes (`type: string, format: binary`)")
    return Response(
        status=int(status),
        name=reference["$ref"].rsplit("/", 1)[-1] if "$ref" in reference else None,
        description=node["description"].strip(),
        model=schema_name(schemas[JSON], f"{place}.content.{JSON}.schema") if JSON in schemas else None,
        binary=binary,
        events=events,
    )


def _is_bytes(schema: Node) -> bool:
    return schema.get("type") == "string" and schema.get("format") == "binary"
