"""Which module may import which: ARCHITECTURE.md's "Who may know what", held against every import statement."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LAYERS = (
    {"generated"},
    {"errors", "settings", "context", "logs"},
    {"configuration"},
    {"upstream"},
    {"egress"},
    {"media"},
    {"providers"},
    {"jobs"},
    {"access"},
    {"dispatch"},
    {"worker"},
    {"api", "edge"},
    {"sandbox_mount"},
    {"app"},
    {"server"},
    {"doctor", "operating"},
    {"reelgate"},
)
"""Packages, and modules and folders of `handlers/`, lowest first. Each imports from itself and from those before it."""

APART = {"sandbox": {"sandbox_mount"}, "codegen": set[str]()}
"""Packages that import none of the others -> which of the others may import them."""

KNOWN_TO = {
    "connexion": ("handlers/app.py", "handlers/edge/", "generated/routes.py"),
    "aiohttp": ("handlers/upstream.py", "handlers/egress.py"),
    "obstore": ("handlers/media/storage.py",),
    "av": ("handlers/media/projector.py", "sandbox/"),
    "requests": ("generated/client.py",),
    "typer": ("reelgate/",),
    "rich": ("reelgate/",),
}
"""Library -> the only files and folders that import it."""

ADAPTERS_MAY_USE = {"adapter", "pricing", "refusals"}
PROVIDERS_OTHERS = {"__init__", "adapter", "catalog", "emulation", "line", "pricing", "quotes", "refusals", "registry"}
"""Within `providers/`: what an adapter may import, and what is no adapter."""
KINSHIP: dict[str, set[str]] = {
    "replicate": {"replicate_inputs"},
    "azure": {"openai"},
    "vllm": {"openai"},
    "sgl": {"openai"},
    "gemini": {"google"},
    "vertex": {"google", "google_tokens"},
}
"""Adapter -> other adapters whose dialect it shares, and which it may therefore import."""


def violations(path: str, source: str) -> list[str]:
    """The imports of a file that are not allowed, wherever in the file they stand."""
    ours = unit(path.removesuffix(".py").replace("/", "."))
    found = []
    for module in imports(path, source):
        package = module.partition(".")[0]
        theirs = unit(module)
        if package in KNOWN_TO and not path.startswith(KNOWN_TO[package]):
            found.append(f"{path} imports {package}")
        elif package in ("generated", "handlers", "reelgate", *APART) and not _may(ours, theirs):
            found.append(f"{path} ({ours}) imports {module} ({theirs})")
        elif ours == theirs == "providers" and not _kin(Path(path).stem, module.split(".")[2]):
            found.append(f"{path} imports {module}")
    return found


def _may(ours: str, theirs: str) -> bool:
    if ours == theirs:
        return True
    if theirs in APART:
        return ours in APART[theirs]
    return ours not in APART and _height(theirs) < _height(ours)


def _height(name: str) -> int:
    heights = [height for height, layer in enumerate(LAYERS) if name in layer]
    assert heights, f"{name} stands in no layer: add it to LAYERS, and to ARCHITECTURE.md"
    return heights[0]


def _kin(importer: str, imported: str) -> bool:
    """Whether a module of `providers/` may import another: an adapter only what is for all, its own parts and its kin."""
    if importer in PROVIDERS_OTHERS or imported.startswith(f"{importer}_"):
        return True
    return imported in ADAPTERS_MAY_USE | KINSHIP.get(importer, set())


def unit(module: str) -> str:
    """`handlers.jobs.ledger` -> `jobs`, `generated.models` -> `generated`."""
    package, *rest = module.split(".")
    return rest[0] if package == "handlers" and rest else package


def imports(path: str, source: str) -> Iterator[str]:
    """Everything a file imports, by its absolute name: `from . import states` in jobs -> `handlers.jobs.states`."""
    folders = path.split("/")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = folders[: len(folders) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def test_the_layers_are_those_of_the_architecture() -> None:
    section = (ROOT / "ARCHITECTURE.md").read_text().partition("## Who may know what")[2].partition("\n## ")[0]
    described = [set(re.findall(r"`(\w+)(?:/|\.py)`", row)) for row in re.findall(r"^\|.*\|$", section, re.MULTILINE)]
    assert [names for names in described if names] == list(LAYERS)


def files() -> list[str]:
    packages = ("codegen", "generated", "handlers", "reelgate", "sandbox")
    found = (path for package in packages for path in (ROOT / package).rglob("*.py"))
    return sorted(str(path.relative_to(ROOT)) for path in found if path.name != "__init__.py" or path.stat().st_size)


@pytest.mark.parametrize("path", files())
def test_a_module_imports_only_what_lies_below_it(path: str) -> None:
    assert violations(path, (ROOT / path).read_text()) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("handlers/providers/runway.py", "from ..jobs.ledger import Ledger"),
        ("handlers/providers/runway.py", "from .openai import OpenAI"),
        ("handlers/providers/runway.py", "def late():\n    from .. import dispatch"),
        ("handlers/access/callers.py", "from handlers.dispatch.policy import RULES"),
        ("handlers/jobs/ledger.py", "import handlers.app"),
        ("handlers/api/videos.py", "if TYPE_CHECKING:\n    from connexion import AsyncApp"),
        ("handlers/media/streaming.py", "import aiohttp"),
        ("handlers/server.py", "from sandbox.app import build"),
        ("generated/routes.py", "from handlers.errors import NotFound"),
        ("sandbox/app.py", "from generated import models"),
        ("codegen/routes.py", "from handlers.settings import Settings"),
        ("handlers/api/videos.py", "from reelgate.cli import app"),
    ],
)
def test_an_import_from_above_is_found(path: str, source: str) -> None:
    assert len(violations(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("handlers/app.py", "from connexion import AsyncApp\nfrom .api.videos import Videos"),
        ("handlers/sandbox_mount.py", "def late():\n    from sandbox.app import build"),
        ("handlers/jobs/tracking.py", "from . import states\nfrom ..providers.registry import Registry"),
        ("reelgate/cli.py", "from handlers import server"),
    ],
)
def test_an_import_from_below_is_allowed(path: str, source: str) -> None:
    assert violations(path, source) == []
