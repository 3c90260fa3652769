"""Operations -> the text of `generated/client.py`: a typed, synchronous client."""

from textwrap import fill

from codegen import template
from codegen.document import Document, DocumentError, Node
from codegen.operations import Operation, operations
from codegen.parameters import Parameter, snake
from codegen.responses import JSON, Response

# With these three operations in the document, the client also waits for videos and downloads them to files.
VIDEO_OPERATIONS = ("videoGeneration", "videoRetrieve", "videoDownload")


def render(document: Document, header: str) -> str:
    """A document -> the module's text. Errors: `DocumentError`."""
    found = operations(document)
    by_id = {operation.operation_id: operation for operation in found}
    refusals = _refusals(found)
    return template.render(
        "client",
        header=header,
        info=document["info"],
        server=document["servers"][0]["url"],
        credentials=_credentials(document.get("components", {}).get("securitySchemes", {})),
        refusals=refusals,
        error_model=_error_model(refusals),
        operations=found,
        video=[by_id[name] for name in VIDEO_OPERATIONS] if by_id.keys() >= set(VIDEO_OPERATIONS) else [],
        json=JSON,
        events=any(operation.events for operation in found),
        signature=signature,
        named=named,
        documentation=documentation,
        request=request,
    )


def signature(operation: Operation) -> str:
    """`self, video_id: str, body: schemas.Remix, *, limit: int | None = None`. Defaults are the server's."""
    positional = ["self", *(f"{each.name}: {each.type}" for each in _at(operation, "path"))]
    if operation.bodies:
        model = f"body: schemas.{operation.bodies[JSON]}"
        positional.append(model if operation.body_required else f"{model} | None = None")
    keywords = named(operation)
    return ", ".join([*positional, *(["*", *keywords] if keywords else [])])


def named(operation: Operation) -> list[str]:
    """`limit: int | None = None` for each query and header parameter."""
    return [
        f"{each.name}: {each.type}" + ("" if each.required else " | None = None")
        for each in _at(operation, "query", "header")
    ]


def documentation(operation: Operation) -> str:
    """The operation's description, and a line per parameter that is described."""
    lines = [
        fill(f"{each.name}: {each.description}{_default(each)}", width=110, subsequent_indent="    ")
        for each in operation.parameters
        if each.description
    ]
    return "\n\n".join(text for text in (operation.description, "\n".join(lines)) if text)


def request(operation: Operation, *, bare: bool = False) -> str:
    """`_Request("GET", f"/v1/videos/{_segment(video_id)}", query={"limit": limit})`; `bare` is without what is optional."""
    path = operation.path
    for each in _at(operation, "path"):
        path = path.replace(f"{{{each.wire}}}", f"{{_segment({each.name})}}")
    arguments = [f'"{operation.method}"', f'{"f" if path != operation.path else ""}"{path}"']
    for keyword, location in (("query", "query"), ("headers", "header")):
        if parameters := [each for each in _at(operation, location) if each.required or not bare]:
            pairs = ", ".join(f'"{each.wire}": {each.name}' for each in parameters)
            arguments.append(f"{keyword}={{{pairs}}}")
    if operation.bodies:
        arguments.append("body=body")
    if operation.unusual_answers:
        arguments.append(f"answers={operation.unusual_answers}")
    if operation.binary or operation.events:
        arguments.append("stream=True")
    return f"_Request({', '.join(arguments)})"


def _default(parameter: Parameter) -> str:
    return "" if parameter.default is None else f" Default: {parameter.default!r}."


def _at(operation: Operation, *locations: str) -> list[Parameter]:
    return [parameter for parameter in operation.parameters if parameter.location in locations]


def _refusals(found: tuple[Operation, ...]) -> list[Response]:
    """Every documented error once, by status. A status stands for one component in the whole document."""
    by_status: dict[int, Response] = {}
    for operation in found:
        for refusal in operation.refusals:
            if by_status.setdefault(refusal.status, refusal) != refusal:
                raise DocumentError(
                    f"paths.{operation.path}.{operation.method.lower()}.responses.{refusal.status}",
                    f"is {refusal.name} here and {by_status[refusal.status].name} elsewhere",
                )
    return [by_status[status] for status in sorted(by_status)]


def _error_model(refusals: list[Response]) -> str:
    names = {refusal.model for refusal in refusals}
    if len(names) != 1:
        raise DocumentError("components.responses", "all errors need one and the same schema")
    return str(names.pop())


def _credentials(schemes: Node) -> list[tuple[str, str, str, str]]:
    """(argument, annotation, header, value) for each security scheme: `BasicAuth` -> `basic`."""
    credentials = []
    for name, scheme in schemes.items():
        argument = snake(name.removesuffix("Auth"))
        match scheme:
            case {"type": "http", "scheme": "bearer"}:
                credentials.append((argument, "str", "Authorization", f'f"Bearer {{{argument}}}"'))
            case {"type": "http", "scheme": "basic"}:
                credentials.append((argument, "tuple[str, str]", "Authorization", f"_basic(*{argument})"))
            case {"type": "apiKey", "in": "header", "name": header}:
                credentials.append((argument, "str", header, argument))
            case {"type": "apiKey", "in": "cookie"}:
                continue  # for browsers, which send it by themselves
            case _:
                place = f"components.securitySchemes.{name}"
                raise DocumentError(place, "is not supported by the generator")
    return credentials
