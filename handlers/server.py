"""Running the gateway: the socket first, then the database, then uvicorn. And the worker that only follows jobs."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import resource
import signal
import socket
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from . import logs
from .app import build
from .edge.heads import BoundedHeads
from .jobs.database import database_url, reach
from .providers import registry
from .settings import Settings, SettingsError
from .worker import Worker, in_sandbox

M_MMAP_THRESHOLD = -3  # glibc's malloc.h
OWN_PAGES = 512 * 1024  # bytes
DRAIN = 20  # seconds that requests under way get to finish when the server stops


class Server(uvicorn.Server):
    """uvicorn, which says when it is ready, or why it will never be, and lets nobody wait for a job when it stops."""

    def __init__(self, config: uvicorn.Config, ready_line: str, worker: Worker) -> None:
        super().__init__(config)
        self._ready_line = ready_line
        self._worker = worker

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:
            if self._worker.refused is not None:
                raise self._worker.refused from None
            raise
        if self.started:
            print(self._ready_line, flush=True)  # noqa: T201  a person, or a script, waits for this line

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._worker.ledger.cache.close()
        await super().shutdown(sockets)


def serve(settings: Settings) -> None:
    """Serve until stopped by a signal. Raises SettingsError or DatabaseError before anything is served."""
    logs.configure(settings.log_level, settings.log_format)
    listening = listen(settings.host, settings.port)
    host, port = listening.getsockname()[:2]
    own_url = f"http://{reachable(host)}:{port}"
    configuration = registry.configured(settings, os.environ)
    database = database_url(settings.database_url, settings.data_dir)
    asyncio.run(reach(database))
    sandbox = asyncio.run(in_sandbox(settings, configuration, database))
    worker = Worker(settings, configuration, database, own_url, sandbox=sandbox)
    config = http(build(settings, worker))
    spare_the_collector()
    return_large_buffers()
    allow_many_connections()
    Server(config, ready_line(settings, own_url, sandbox=worker.providers.sandbox), worker).run(sockets=[listening])


def http(app: ASGIApp, drain: int = DRAIN) -> uvicorn.Config:
    """How uvicorn is to serve."""
    return uvicorn.Config(
        app,
        http=BoundedHeads,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # edge/proxies.py reads them, from proxies that are trusted
        lifespan="on",
        timeout_graceful_shutdown=drain,
    )


def work(settings: Settings) -> None:
    """Follow jobs until stopped by a signal, without serving requests."""
    logs.configure(settings.log_level, settings.log_format)
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    configuration = registry.configured(settings, os.environ)
    database = database_url(settings.database_url, settings.data_dir)
    await reach(database)
    own_url = f"http://{reachable(settings.host)}:{settings.port}"
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    sandbox = await in_sandbox(settings, configuration, database)
    async with Worker(settings, configuration, database, own_url, sandbox=sandbox).running(works=True):
        print("reelgate worker is ready", flush=True)  # noqa: T201  a person, or a script, waits for this line
        await stopped.wait()


def spare_the_collector() -> None:
    """What is loaded by now stays for good: the garbage collector need not look at it, nor look so often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def return_large_buffers() -> None:
    """Buffers of images get pages of their own, which go back to the system when they are freed, and grow without a copy.

    Left alone, glibc keeps what is smaller than the largest that was freed before (`mallopt(3)`, M_MMAP_THRESHOLD). Elsewhere
    there is no such function, or it does as it likes.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, OWN_PAGES)


def allow_many_connections() -> None:
    """As many open files as this process may have: each client is one, and shells begin with 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # where the most is more than the system lets anybody have
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, so that a port that is taken is found out before a database is started."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError as error:
        raise SettingsError(f"Cannot listen on {host}:{port}: {error.strerror}. Set HOST or PORT.") from None
    return listening


def reachable(host: str) -> str:
    """The address under which this machine reaches a server that listens on `host`."""
    unspecified = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  compared with, not listened on
    return unspecified.get(host, f"[{host}]" if ":" in host else host)


def ready_line(settings: Settings, url: str, *, sandbox: bool) -> str:
    """What a person sees when the server is ready: where it is, what serves it, and a request to copy."""
    key = '-H "Authorization: Bearer $REELGATE_API_KEY" ' if not settings.open else ""
    create = f"""{key}-H 'Content-Type: application/json' \\
    -d '{{"model": "runway/gen4.5", "prompt": "A paper boat drifts down a gutter at dusk", "seconds": "4"}}'"""
    request = f"{url}/v1/videos {create}" if sandbox else f"{key}{url}/v1/models"  # nothing that would be paid
    why = "REELGATE_SANDBOX is set" if settings.sandbox else "no provider is configured"
    warning = f"\nSANDBOX: emulators serve every request, because {why}. They draw the videos; nothing is paid.\n"
    return f"""
reelgate is ready on {url}
{warning if sandbox else ""}
Try:
  curl {request}
"""
