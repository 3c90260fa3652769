"""The inside of a process that reads a file from outside; apart.py starts it. It loads little, because it is started often."""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

MEMORY = 2 << 30  # bytes of address space: several copies of the largest picture, or sixteen frames of the largest film


def run(answer: Callable[..., dict[str, Any]]) -> None:
    """Print what a function answers to the arguments of the command, as the last line. Any other end is a crash."""
    _confine()
    sys.stdout.write(f"\n{json.dumps(answer(*sys.argv[1:]))}\n")


def _confine() -> None:
    """Give way to the gateway, take no more memory than the largest file needs, and end when it ends."""
    os.nice(10)
    with suppress(ValueError, OSError):  # macOS knows no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with suppress(OSError):  # Linux: where memory runs out nevertheless, this is the process to end
        Path("/proc/self/oom_score_adj").write_text("1000")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Nothing is ever sent through stdin. It closes when the gateway ends, however it does."""
    os.read(0, 1)
    os._exit(1)
