"""An OpenAPI 3.1 document -> its operations, typed.

Only what the generated code can express is accepted: path, query and header parameters of a scalar type, and
lists of one in the query; JSON bodies of a named schema, alone or beside other media types that say the same;
answers of one named schema, or of bytes, of server-sent events, or of nothing; one credential at a time, and
the same roles with each.
Everything else is a `DocumentError` that names the place.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from codegen.document import Document, DocumentError, Node, resolve, schema_name
from codegen.parameters import Parameter, parameters, snake
from codegen.responses import JSON, Response, responses

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    operation_id: str
    name: str  # in Python
    tag: str
    method: str  # in capitals
    path: str
    description: str  # the summary, and below it the description
    parameters: tuple[Parameter, ...]  # path, query, header
    bodies: Mapping[str, str]  # media type -> schema name, in the document's order
    body_required: bool
    responses: tuple[Response, ...]
    secured: bool  # whether there is a caller
    roles: tuple[str, ...]  # that a caller must have

    @property
    def answer(self) -> str | None:
        """The name of the schema of its JSON answer, None for bytes, for events and for nothing."""
        return next((response.model for response in self.responses if response.succeeds and response.model), None)

    @property
    def binary(self) -> bool:
        """Whether its answer is bytes."""
        return any(response.binary for response in self.responses if response.succeeds)

    @property
    def events(self) -> bool:
        """Whether its answer is a stream of server-sent events."""
        return any(response.events for response in self.responses if response.succeeds)

    @property
    def refusals(self) -> tuple[Response, ...]:
        """The errors, each with the name of its component."""
        return tuple(each for each in self.responses if not each.succeeds and each.name)

    @property
    def unusual_answers(self) -> tuple[int, ...]:
        """The statuses outside 2xx that carry the answer all the same, as 503 does for a health check."""
        return tuple(each.status for each in self.responses if not each.succeeds and not each.name)


def operations(document: Document) -> tuple[Operation, ...]:
    """All operations, in the document's order. Errors: `DocumentError`."""
    found: list[Operation] = []
    for path, item in document["paths"].items():
        for key in item:
            if key in METHODS:
                found.append(_operation(document, path, key))
            elif key not in ("parameters", "summary", "description") and not key.startswith("x-"):
                raise DocumentError(f"paths.{path}.{key}", "is not supported by the generator")
    names = [operation.name for operation in found]
    for operation in found:
        if names.count(operation.name) > 1:
            raise DocumentError(f"paths.{operation.path}", f"two operations are called {operation.name}")
    return tuple(found)


def _operation(document: Document, path: str, method: str) -> Operation:
    item = document["paths"][path]
    node = item[method]
    place = f"paths.{path}.{method}"
    for key in ("servers", "callbacks"):
        if key in node:
            raise DocumentError(f"{place}.{key}", "is not supported by the generator")
    if "operationId" not in node or len(node.get("tags", [])) != 1:
        raise DocumentError(place, "needs an operationId and exactly one tag")
    bodies, body_required = _bodies(document, node, place)
    requirements = node.get("security", document.get("security", []))
    return Operation(
        operation_id=node["operationId"],
        name=snake(node["operationId"]),
        tag=node["tags"][0],
        method=method.upper(),
        path=path,
        description="\n\n".join(node[key].strip() for key in ("summary", "description") if node.get(key)),
        parameters=parameters(document, item, node, place),
        bodies=bodies,
        body_required=body_required,
        responses=responses(document, node.get("responses", {}), f"{place}.responses"),
        secured=_secured(requirements, place),
        roles=_roles(requirements, place),
    )


def _bodies(document: Document, node: Node, place: str) -> tuple[dict[str, str], bool]:
    """Media type -> schema name, and whether a body must be sent."""
    if "requestBody" not in node:
        return {}, False
    place = f"{place}.requestBody"
    body = resolve(document, node["requestBody"], place)
    bodies = {
        media_type: schema_name(content.get("schema", {}), f"{place}.content.{media_type}.schema")
        for media_type, content in body["content"].items()
    }
    if JSON not in bodies:
        raise DocumentError(place, f"must be offered as {JSON}, from which the handler's model is made")
    return bodies, body.get("required", False)


def _secured(requirements: list[Node], place: str) -> bool:
    """Whether a credential is needed. A client sends one: alternatives are fine, combinations are not."""
    if any(len(requirement) != 1 for requirement in requirements):
        raise DocumentError(f"{place}.security", "optional or combined credentials are not supported")
    return bool(requirements)


def _roles(requirements: list[Node], place: str) -> tuple[str, ...]:
    """What a caller must be, whichever credential it shows."""
    listed = {tuple(roles) for requirement in requirements for roles in requirement.values()}
    if len(listed) > 1:
        raise DocumentError(f"{place}.security", "roles that differ between credentials are not supported")
    return next(iter(listed), ())
