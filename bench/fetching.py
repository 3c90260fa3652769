"""The client of the downloads: it reads what comes and drops it, with as little work of its own as can be."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import urlsplit

from .processes import Failed
from .systems import System

PIECE = 2**20  # bytes that are read at a time
PATIENCE = 300.0  # seconds without a byte


@dataclass(frozen=True)
class Fetched:
    """A download that has ended. Times are in seconds from the request."""

    first: float
    """Until the first byte of the file."""
    bytes: int
    error: str = ""


def fetch(system: System, job: str, at_once: int) -> tuple[float, list[Fetched]]:
    """So many downloads of one file at once, on open connections: seconds until all have ended. Raises Failed."""
    connections = [_connected(system) for _ in range(at_once)]
    gate = threading.Barrier(at_once + 1)

    def one(connection: HTTPConnection) -> Fetched:
        gate.wait()
        return _fetched(connection, system, job)

    with ThreadPoolExecutor(at_once) as pool:
        under_way = [pool.submit(one, connection) for connection in connections]
        gate.wait()
        began = time.perf_counter()
        fetched = [each.result() for each in under_way]
        return time.perf_counter() - began, fetched


def digest(system: System, job: str) -> str:
    """The SHA-256 of the file as it is downloaded, in hexadecimal digits. Raises Failed."""
    found = hashlib.sha256()
    with closing(_connected(system)) as connection:
        try:
            for piece in _pieces(_asked(connection, system, job)):
                found.update(piece)
        except (OSError, HTTPException) as error:
            raise Failed(f"{system.name}: the download failed: {type(error).__name__}: {error}") from None
    return found.hexdigest()


def _fetched(connection: HTTPConnection, system: System, job: str) -> Fetched:
    sent, first, count = time.perf_counter(), 0.0, 0
    with closing(connection):
        try:
            response = _asked(connection, system, job)
            count = len(response.read(1))
            first = time.perf_counter() - sent
            count += sum(map(len, _pieces(response)))
        except (OSError, HTTPException) as error:
            return Fetched(first, count, f"{type(error).__name__}: {error}")
    return Fetched(first, count)


def _connected(system: System) -> HTTPConnection:
    at = urlsplit(system.base_url)
    assert at.hostname is not None
    connection = HTTPConnection(at.hostname, at.port, timeout=PATIENCE)
    try:
        connection.connect()
    except OSError as error:
        raise Failed(f"{system.name} takes no connection: {error}") from None
    return connection


def _asked(connection: HTTPConnection, system: System, job: str) -> HTTPResponse:
    """The answer, of which the headers have come. Raises OSError or HTTPException, also if it is no 200."""
    path = f"{urlsplit(system.base_url).path}/videos/{job}/content"
    connection.request("GET", path, headers={"Authorization": f"Bearer {system.key}"})
    response = connection.getresponse()
    if response.status != 200:
        raise HTTPException(f"{response.status} {response.read(300)!r}")
    return response


def _pieces(response: HTTPResponse) -> Iterator[memoryview]:
    """What comes, each piece in the place of the one before."""
    place = memoryview(bytearray(PIECE))
    while count := response.readinto(place):
        yield place[:count]
