"""What every part of the benchmark gives: a section of the result, and what speaks against believing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Tell = Callable[[str], None]
"""Says how far a measurement is."""


@dataclass(frozen=True)
class Section:
    title: str
    text: str
    """Markdown."""
    facts: Any
    """The same for programs."""
    doubts: Sequence[str] = field(default_factory=tuple)
    """Why the figures are not to be believed, if they are not."""


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """A table in Markdown, its first `left` columns to the left."""
    rule = ["---"] * left + ["---:"] * (len(headings) - left)
    return "\n".join(f"| {' | '.join(row)} |" for row in (headings, rule, *rows))


def document(sections: Sequence[Section], *, date: str, machine: str, python: str) -> str:
    """The committed result."""
    return HEAD.format(date=date, machine=machine, python=python) + "".join(
        f"\n## {section.title}\n\n{section.text.strip()}\n" for section in sections
    )


HEAD = """# What the benchmark found

Written by `python -m bench --markdown bench/RESULTS.md`; `make bench` repeats it. {date}, {machine}, Python {python}.
The machine is not quiet: trust the ratios, which are taken within this run, and not the absolute figures.
"""
