"""A JSON Schema 2020-12 object -> the "Schema Object" of OpenAPI 3.0.3, keyword by keyword.

Each rule is a function from a schema to a schema that leaves the schemas below it alone; `codegen.lower`
walks the document. `$comment` and the examples after the first are dropped, because no one validates by them;
`propertyNames` and `dependentRequired` too, because they are about objects, only bodies are objects, and bodies are
judged by the 3.1 schemas themselves.
"""

from codegen.document import DocumentError, Node

DROPPED = frozenset({"$comment", "propertyNames", "dependentRequired"})


def lower_schema(node: Node | bool, place: str) -> Node:
    """One schema object of 3.1 -> one of 3.0, the schemas below it untouched. Errors: `DocumentError`."""
    if isinstance(node, bool):
        return {} if node else {"not": {}}
    schema: Node = {key: value for key, value in node.items() if key not in DROPPED}
    for rewrite in (_const, _limits, _examples, _content, _types, _reference):
        schema = rewrite(schema, place)
    return schema


def _const(schema: Node, place: str) -> Node:
    """`const: x` -> `enum: [x]`."""
    if "const" not in schema:
        return schema
    if "enum" in schema:
        raise DocumentError(place, "`const` beside `enum` cannot be lowered to OpenAPI 3.0")
    return {"enum" if key == "const" else key: [value] if key == "const" else value for key, value in schema.items()}


def _limits(schema: Node, place: str) -> Node:
    """`exclusiveMinimum: 5` -> `minimum: 5, exclusiveMinimum: true`, unless a `minimum` is tighter."""
    lowered = dict(schema)
    for inclusive, exclusive, tighter in (
        ("minimum", "exclusiveMinimum", max),
        ("maximum", "exclusiveMaximum", min),
    ):
        if exclusive in schema:
            limit = lowered.pop(exclusive)
            other = schema.get(inclusive, limit)
            lowered[inclusive] = tighter(limit, other)
            if other == limit or lowered[inclusive] == limit:
                lowered[exclusive] = True
    return lowered


def _examples(schema: Node, place: str) -> Node:
    """`examples: [a, b]` -> `example: a`, unless there is an `example`."""
    lowered = dict(schema)
    if examples := lowered.pop("examples", []):
        lowered.setdefault("example", examples[0])
    return lowered


def _content(schema: Node, place: str) -> Node:
    """Bytes: base64 -> `format: byte`, raw -> `format: binary`. What else they say validates nothing."""
    lowered = dict(schema)
    encoding = lowered.pop("contentEncoding", None)
    media_type = lowered.pop("contentMediaType", None)
    if encoding == "base64":
        lowered.setdefault("format", "byte")
    elif encoding is None and media_type == "application/octet-stream":
        lowered.setdefault("format", "binary")
    return lowered


def _types(schema: Node, place: str) -> Node:
    """`type: [X, 'null']` -> `type: X, nullable: true`; `[X, Y]` -> `anyOf`; `'null'` -> `enum: [null]`."""
    if "nullable" in schema:
        raise DocumentError(f"{place}.nullable", "is not a keyword of OpenAPI 3.1")
    if "type" not in schema:
        return schema
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    null = ["null"] if "null" in types else []
    named = [name for name in types if name != "null"]
    rest = {key: value for key, value in schema.items() if key != "type"}
    if not named:
        return {**rest, "nullable": True, "enum": [None]}
    if len(named) == 1:
        if named == ["array"]:
            rest.setdefault("items", {})  # which 3.0 wants in every array
        return {"type": named[0], **({"nullable": True} if null else {}), **rest}
    items = {"items": rest.pop("items")} if "items" in rest else {}
    each = [{"type": [name, *null], **(items if name == "array" else {})} for name in named]
    return _also(rest, {"anyOf": each})  # still of 3.1: the walk comes to these next


def _reference(schema: Node, place: str) -> Node:
    """A reference with keywords beside it, which 3.0 would ignore, -> `allOf` of it, and the keywords."""
    if "$ref" not in schema or len(schema) == 1:
        return schema
    rest = {key: value for key, value in schema.items() if key != "$ref"}
    return {**rest, "allOf": [{"$ref": schema["$ref"]}, *rest.get("allOf", [])]}


def _also(schema: Node, condition: Node) -> Node:
    """Both at once: side by side where the keyword is free, else below `allOf`."""
    if not set(schema) & set(condition):
        return {**condition, **schema}
    return {**schema, "allOf": [condition, *schema.get("allOf", [])]}
