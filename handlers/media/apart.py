"""Reading files from outside in a process of its own for each, by a module of ours that runs confined (confined.py).

They come from strangers, and decoders have bugs: a file that crashes one, hangs it or fills its memory takes that process
down and nothing else. The process has none of our secrets in its environment and ends when we do, however we do.

It costs 0.1 s to start, each time. `anyio.to_process` keeps some, but runs our main module again in them (which
`python -m reelgate` does not survive), hands them our environment and unpickles what they send. A thread waits for the
process, and not the event loop: uvloop refuses to start one while another loop does.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

import structlog
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

log = structlog.get_logger()

AT_ONCE = 2  # processes of a module
LONGEST = 65_536  # bytes that a process may say

_places: RunVar[dict[str, CapacityLimiter]] = RunVar("places")  # for each event loop, to which they are bound


class Broken(Exception):
    """The process took too long, or crashed."""


async def answer(module: str, *arguments: str, patience: float) -> dict[str, Any]:
    """What `python -m MODULE ARGUMENTS` answers. It is killed after `patience` seconds, or when nobody waits any longer.

    Raises Broken.
    """
    async with _limiter(module):
        process = _start(module, *arguments)
        ended = asyncio.get_running_loop().run_in_executor(None, _said, process)
        try:
            async with asyncio.timeout(patience):
                said = await asyncio.shield(ended)
        except TimeoutError:
            raise Broken("it takes too long to read") from None
        finally:
            process.kill()
            await asyncio.wait([ended])
    if process.returncode != 0:
        log.error("reading a file crashed", module=module, ended=process.returncode, said=said.decode(errors="replace"))
        raise Broken("reading it fails")
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


def _start(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Takes less than a millisecond, however much memory is ours: none of it is copied (vfork)."""
    return subprocess.Popen(  # noqa: S603  our own module, and no shell
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.PIPE,  # stays open for as long as we are there
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_environment(),
        start_new_session=True,  # Ctrl-C is for us
    )


def _said(process: subprocess.Popen[bytes]) -> bytes:
    """What a process has printed, once it has ended."""
    with process:
        assert process.stdout is not None
        return process.stdout.read(LONGEST)


def _limiter(module: str) -> CapacityLimiter:
    try:
        places = _places.get()
    except LookupError:
        _places.set(places := {})
    return places.setdefault(module, CapacityLimiter(AT_ONCE))


def _environment() -> dict[str, str]:
    """What a process needs to find our modules, and nothing that it might give away."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(sys.path)}
