"""Files as they should be, and files as they are: the difference, and the repair."""

from collections.abc import Iterator, Mapping
from difflib import unified_diff
from pathlib import Path


def differences(wanted: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Lines: `MISSING: name`, `EXTRA: name`, and a unified diff of each file that has another text."""
    present = existing(folder)
    for name in sorted({*wanted, *present}):
        if name not in present:
            yield f"MISSING: {name}\n"
        elif name not in wanted:
            yield f"EXTRA: {name}\n"
        else:
            text = present[name].read_bytes().decode("utf-8", errors="replace")
            yield from unified_diff(
                text.splitlines(keepends=True),
                wanted[name].splitlines(keepends=True),
                name,
                f"{name} (regenerated)",
            )


def write(wanted: Mapping[str, str], folder: Path) -> None:
    """Makes the folder hold these files and no others. Files that are right already are not touched."""
    present = existing(folder)
    for name in present.keys() - wanted.keys():
        present[name].unlink()
    for name, text in wanted.items():
        content = text.encode("utf-8")
        if name not in present or present[name].read_bytes() != content:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)


def existing(folder: Path) -> dict[str, Path]:
    """Name with `/` below the folder -> file, without Python's caches."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.relative_to(folder).parts
    }
