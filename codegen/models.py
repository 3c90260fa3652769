"""Schemas -> pydantic models, by datamodel-code-generator with the options measured to be the exact ones.

Integers are not strict because JSON Schema counts `1.0` as one; whoever validates requests does so against
the schema. URIs stay strings because pydantic's `AnyUrl` rewrites what it reads, which breaks signed URLs.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from codegen.document import Document, DocumentError

OPTIONS = (
    *("--input-file-type", "openapi", "--schema-version", "3.1", "--strict-refs", "--ignore-pyproject"),
    *("--preset", "standard-py311-20261027", "--target-pydantic-version", "2.14"),
    *("--strict-types", "str", "bytes", "float", "bool", "--use-missing-sentinel"),
    *("--type-mappings", "string+uri=string"),
)


def render(document: Document, header: str) -> str:
    """A document -> the text of a module with one class per schema, below the comment `header`.

    Errors: `DocumentError` with the words of datamodel-code-generator, its warnings too.
    """
    with TemporaryDirectory() as folder:
        source = Path(folder, "document.json")
        source.write_text(json.dumps(document), encoding="utf-8")
        command = [sys.executable, "-m", "datamodel_code_generator", "--input", str(source), *OPTIONS]
        command += ["--custom-file-header", header]
        run = subprocess.run(  # noqa: S603, our own command
            command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False
        )
    if run.returncode or run.stderr:
        raise DocumentError("components.schemas", run.stderr.strip())
    return run.stdout
