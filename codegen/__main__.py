"""`python -m codegen` rewrites `generated/`; `python -m codegen --check` says what is not as it should be.

Exit codes: 0 all is well, 1 `--check` found differences, 2 a document cannot be generated from.
"""

import argparse
import sys
from pathlib import Path

from codegen.compare import differences, write
from codegen.document import DocumentError
from codegen.generate import generate


def main(arguments: list[str]) -> int:
    """Command-line arguments -> exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m codegen", description="Rewrites generated/ from the API documents."
    )
    parser.add_argument("--check", action="store_true", help="change nothing; print the differences and exit 1")
    parser.add_argument("--root", type=Path, default=Path(__file__).parent.parent, help="the repository's folder")
    options = parser.parse_args(arguments)
    try:
        files = generate(options.root)
    except DocumentError as error:
        sys.stderr.write(f"codegen: {error}\n")
        return 2
    folder = options.root / "generated"
    if not options.check:
        write(files, folder)
        return 0
    lines = list(differences(files, folder))
    sys.stdout.writelines(lines)
    if lines:
        sys.stderr.write("codegen: generated/ is not what the documents say; run `make generate`\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
