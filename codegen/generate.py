"""Source documents -> every file of `generated/`, as text."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from codegen import client, models, routes
from codegen.document import Document, read
from codegen.lower import lower

SOURCE = "openapi.yaml"
UPSTREAMS = "upstreams"


def generate(root: Path) -> dict[str, str]:
    """The repository's folder -> path below `generated/` -> text. The same sources give the same bytes.

    Errors: `DocumentError` for what a document says and the generator cannot.
    """
    document = read(root / SOURCE)
    upstreams = {path.stem: read(path) for path in sorted((root / UPSTREAMS).glob("*.yaml"))}
    header = _header(SOURCE)
    return {
        "__init__.py": f"{header}\n",
        "SOURCES.json": _sources(root, [SOURCE, *(f"{UPSTREAMS}/{name}.yaml" for name in upstreams)]),
        "openapi.json": _json(document),
        "openapi30.json": _json(lower(document)),
        "routes.py": routes.render(document, header),
        "client.py": client.render(document, header),
        **_models(document, upstreams),
    }


def _models(document: Document, upstreams: dict[str, Document]) -> dict[str, str]:
    """The models of all documents; each is made by a process of its own, so they are made side by side."""
    made = {"models.py": (document, _header(SOURCE))}
    for name, upstream in upstreams.items():
        made[f"{UPSTREAMS}/{name}.py"] = (upstream, _header(f"{UPSTREAMS}/{name}.yaml"))
    with ThreadPoolExecutor() as pool:
        texts = dict(zip(made, pool.map(lambda job: models.render(*job), made.values()), strict=True))
    return {**texts, f"{UPSTREAMS}/__init__.py": f"{_header(f'{UPSTREAMS}/*.yaml')}\n"}


def _header(source: str) -> str:
    return f"# Generated from {source} by `make generate`. Do not edit."


def _sources(root: Path, names: list[str]) -> str:
    """The sha256 of each source, so that even an edited comment shows as a difference."""
    return _json({name: hashlib.sha256((root / name).read_bytes()).hexdigest() for name in names})


def _json(content: Document) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
