"""Operations -> the text of `generated/routes.py`: what connexion calls, and what a handler must offer."""

import keyword
from collections.abc import Sequence

from codegen import template
from codegen.document import Document, DocumentError
from codegen.operations import Operation, operations
from codegen.parameters import Parameter, snake
from codegen.responses import JSON

CONTEXT_NAMES = ("user", "payload")  # what connexion's context hands to a bound function


def render(document: Document, header: str) -> str:
    """A document -> the module's text. Errors: `DocumentError`."""
    found = operations(document)
    tags: dict[str, list[Operation]] = {}
    for operation in found:
        _check(operation)
        tags.setdefault(operation.tag, []).append(operation)
    return template.render(
        "routes",
        header=header,
        title=document["info"]["title"],
        operations=found,
        tags=tags,
        tag_descriptions={tag["name"]: tag.get("description", "") for tag in document.get("tags", [])},
        allow=_allow(found),
        handler_signature=handler_signature,
        bound_signature=bound_signature,
        bound_arguments=bound_arguments,
        keyword_of=snake,
    )


def handler_signature(operation: Operation) -> str:
    """`self, caller: Caller, video_id: str, body: schemas.Video, limit: int = 20`: what a handler offers."""
    declared = ["self", *(["caller: Caller"] if operation.secured else [])]
    for argument in _arguments(operation):
        if argument is None:
            model = f"body: schemas.{operation.bodies[JSON]}"
            declared.append(model if operation.body_required else f"{model} | None = None")
        else:
            declared.append(f"{argument.name}: {_annotation(argument)}")
    return ", ".join(declared)


def bound_signature(operation: Operation) -> str:
    """`user: Caller, video_id: str, payload: Payload, limit: int = 20`: what connexion calls."""
    declared = ["user: Caller"] if operation.secured else []
    for argument in _arguments(operation):
        if argument is None:
            declared.append("payload: Payload" if operation.body_required else "payload: Payload | None = None")
        elif argument.location != "header":
            declared.append(f"{argument.wire}: {_annotation(argument)}")
    return ", ".join(declared)


def bound_arguments(operation: Operation) -> str:
    """`user, video_id, schemas.Video.model_validate(payload), limit`: what the handler is called with."""
    passed = ["user"] if operation.secured else []
    for argument in _arguments(operation):
        if argument is None:
            model = f"schemas.{operation.bodies[JSON]}.model_validate(payload)"
            passed.append(model if operation.body_required else f"None if payload is None else {model}")
        elif argument.location == "header":
            passed.append(f"request.headers.get({argument.wire.lower()!r})")
        else:
            passed.append(argument.wire)
    return ", ".join(passed)


def _arguments(operation: Operation) -> list[Parameter | None]:
    """Path parameters, the body (as None), query and header parameters; what may be left out comes last."""
    path = [parameter for parameter in operation.parameters if parameter.location == "path"]
    other = [parameter for parameter in operation.parameters if parameter.location != "path"]
    needed = [parameter for parameter in other if parameter.required]
    optional = [parameter for parameter in other if not parameter.required]
    if not operation.bodies:
        return [*path, *needed, *optional]
    return [*path, None, *needed, *optional] if operation.body_required else [*path, *needed, None, *optional]


def _annotation(parameter: Parameter) -> str:
    """`int`, `int | None = None` or `int = 20`."""
    if parameter.required:
        return parameter.type
    if parameter.default is None:
        return f"{parameter.type} | None = None"
    return f"{parameter.type} = {parameter.default!r}"


def _allow(found: Sequence[Operation]) -> dict[str, str]:
    """Path template -> `Allow` header: `/v1/videos` -> `GET, POST`."""
    paths = dict.fromkeys(operation.path for operation in found)
    return {path: ", ".join(sorted(each.method for each in found if each.path == path)) for path in paths}


def _check(operation: Operation) -> None:
    """connexion passes parameters by the document's names, so these must be names in Python too."""
    for parameter in operation.parameters:
        place = f"{operation.operation_id}.{parameter.wire}"
        if parameter.location == "header":
            if parameter.type != "str" or parameter.required or parameter.default is not None:
                raise DocumentError(place, "a header must be an optional string")
        elif not parameter.wire.isidentifier() or keyword.iskeyword(parameter.wire):
            raise DocumentError(place, "is not a name in Python")
        elif parameter.wire in CONTEXT_NAMES or parameter.name in ("caller", "body", "self"):
            raise DocumentError(place, "is a name that the generated code needs itself")
    if operation.answer and 200 not in (response.status for response in operation.responses):
        raise DocumentError(operation.operation_id, "needs a 200, the status of an `Answer` that says no other")
    if not operation.tag.isidentifier():
        raise DocumentError(operation.operation_id, f"the tag {operation.tag!r} is not a name in Python")
