"""`python -m bench`: status polls and creates through reelgate, the LiteLLM proxy and the upstream alone, in one run."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from . import report
from .processes import Failed
from .rounds import Result, measure
from .systems import litellm_version

LATEST = Path(__file__).with_name("results") / "latest.json"


def main() -> int:
    options = parse()
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 140)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leaves through every `finally`, as Ctrl-C does
    rounds, seconds = (1, 1.0) if options.quick else (5, 3.0)

    def tell(when: str, sample: report.Sample) -> None:
        what = f"{when:8}  {sample.operation:6}  {sample.system:8}  {report.micros(sample):6.0f} CPU µs a request"
        console.print(f"{what}  {sample.requests} requests  {sample.first_error}")

    try:
        result = measure(rounds=rounds, seconds=seconds, concurrency=options.concurrency, tell=tell)
    except Failed as error:
        console.print(str(error), style="red")
        return 1
    except KeyboardInterrupt:
        return 130
    facts = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": options.machine,
        "python": platform.python_version(),
        "litellm": litellm_version(),
        "rounds": rounds,
        "seconds": seconds,
        "concurrency": options.concurrency,
        "creates_sent": result.creates_sent,
        "creates_seen": result.creates_seen,
    }
    found = report.rows(result.samples)
    console.print(report.table(found))
    console.print(report.memory_table(result.memory))
    LATEST.parent.mkdir(exist_ok=True)
    LATEST.write_text(json.dumps(report.document(result.samples, result.memory, facts), indent=1))
    if options.markdown:
        options.markdown.write_text(report.markdown(found, result.memory, facts))
    return verdict(result, console)


def verdict(result: Result, console: Console) -> int:
    """0 if the figures can be believed: nothing failed, and the upstream saw exactly the creates that were sent."""
    errors = sum(sample.errors for sample in result.samples)
    if errors == 0 and result.creates_seen == result.creates_sent:
        return 0
    counts = f"the upstream counted {result.creates_seen} creates for {result.creates_sent} sent"
    console.print(f"Do not believe these figures: {errors} requests failed; {counts}.", style="red")
    return 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, to see that it works")
    parser.add_argument("--concurrency", type=int, default=8, help="requests under way (default: 8)")
    parser.add_argument("--machine", default=f"{os.cpu_count()} cores", help="how the result describes the machine")
    parser.add_argument("--markdown", type=Path, help="write the result to this file too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
