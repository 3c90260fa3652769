"""Source documents -> every file of `generated/`, as text."""

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codegen import client, models, routes
from codegen.document import DocumentError, read
from codegen.lower import lower

OURS = "openapi.yaml"
UPSTREAMS = "upstreams"


def generate(root: Path) -> dict[str, str]:
    """The repository's folder -> path below `generated/` -> text. The same sources give the same bytes.

    Errors: `DocumentError` for what a document says and the generator cannot.
    """
    upstreams = [f"{UPSTREAMS}/{path.name}" for path in sorted((root / UPSTREAMS).glob("*.yaml"))]
    with ThreadPoolExecutor() as pool:  # models are made by processes of their own
        theirs = pool.map(lambda source: _from_upstream(root, source), upstreams)
        files = {
            "__init__.py": f"{_header(OURS)}\n",
            f"{UPSTREAMS}/__init__.py": f"{_header(f'{UPSTREAMS}/*.yaml')}\n",
            "SOURCES.json": _json({source: _digest(root / source) for source in (OURS, *upstreams)}),
            **_from_ours(root),
        }
        return files | {source.replace(".yaml", ".py"): text for source, text in zip(upstreams, theirs, strict=True)}


def _from_ours(root: Path) -> dict[str, str]:
    header = _header(OURS)
    with _blaming(OURS):
        document = read(root / OURS)
        return {
            "openapi.json": _json(document),
            "openapi30.json": _json(lower(document)),
            "models.py": models.render(document, header),
            "routes.py": routes.render(document, header),
            "client.py": client.render(document, header),
        }


def _from_upstream(root: Path, source: str) -> str:
    with _blaming(source):
        document = read(root / source)
        lower(document)  # not for the result: it stops at keywords that the models would leave out in silence
        return models.render(document, _header(source))


@contextmanager
def _blaming(source: str) -> Iterator[None]:
    """Puts the name of the document before the place of its fault."""
    try:
        yield
    except DocumentError as error:
        raise DocumentError(source, str(error)) from error


def _header(source: str) -> str:
    return f"# Generated from {source} by `make generate`. Do not edit."


def _digest(path: Path) -> str:
    """sha256, in hexadecimal: with it even an edited comment shows as a difference."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
