"""`python -m bench`: what reelgate costs beside the LiteLLM proxy, and what it bears: many jobs, clients, rows and bytes."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from . import access, budgets, comparison, downloads, logs, pages, scale, waiting
from .processes import Failed
from .sections import Section, document

LATEST = Path(__file__).with_name("results") / "latest.json"

PARTS: dict[str, Callable[..., Section]] = {
    "litellm": comparison.run,
    "access": access.run,
    "budgets": budgets.run,
    "scale": scale.run,
    "waiting": waiting.run,
    "pages": pages.run,
    "logs": logs.run,
    "downloads": downloads.run,
}


def main() -> int:
    options = parse()
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 140)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leaves through every `finally`, as Ctrl-C does
    raise_file_limit()
    sections: list[Section] = []
    began = time.monotonic()

    def tell(what: str) -> None:
        console.print(f"{time.monotonic() - began:4.0f} s  {what}")

    try:
        for name in options.only or PARTS:
            tell(f"==== {name}")
            sections.append(PARTS[name](tell, quick=options.quick))
            console.print(Markdown(sections[-1].text.partition("How to read it")[0]))
    except Failed as error:
        console.print(str(error), style="red")
        return 1
    except KeyboardInterrupt:
        return 130
    about = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": options.machine,
        "python": platform.python_version(),
    }
    LATEST.parent.mkdir(exist_ok=True)
    LATEST.write_text(json.dumps({**about, "sections": [asdict(section) for section in sections]}, indent=1))
    if options.markdown:
        options.markdown.write_text(document(sections, **about))
    doubts = [f"{section.title}: {doubt}" for section in sections for doubt in section.doubts]
    for doubt in doubts:
        console.print(f"Do not believe these figures. {doubt}", style="red")
    return 1 if doubts else 0


def raise_file_limit() -> None:
    """As many open files as are allowed, for the servers too, which inherit it: each client is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a little of everything, to see that it works")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part; can be given more than once")
    parser.add_argument("--machine", default=f"{os.cpu_count()} cores", help="how the result describes the machine")
    parser.add_argument("--markdown", type=Path, help="write the result to this file too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
