"""The scan finds secrets however they are written."""

from __future__ import annotations

import base64
import subprocess
import sys
from urllib.parse import quote

import psycopg
import pytest

from tests.gateway import new_database
from tests.secrets_scan import Secrets, command_lines, dump

SECRET = 'sk-a "secret"/that+is=quoted~'


@pytest.fixture
def secrets() -> Secrets:
    secrets = Secrets()
    secrets.add("ours", SECRET)
    return secrets


@pytest.mark.parametrize("before", range(7))
@pytest.mark.parametrize("after", range(4))
def test_it_is_found_within_base64(secrets: Secrets, before: int, after: int) -> None:
    content = b"u" * before + SECRET.encode() + b":" * after
    assert secrets.found(b"x" + base64.b64encode(content)) == {"ours"}
    assert secrets.found(base64.urlsafe_b64encode(content)) == {"ours"}


def test_it_is_found_in_text_urls_and_json(secrets: Secrets) -> None:
    assert secrets.found(f"…{SECRET}…") == {"ours"}
    assert secrets.found(f"/?key={quote(SECRET, safe='')}") == {"ours"}
    assert secrets.found(SECRET.encode().hex()) == {"ours"}
    assert secrets.found(SECRET[:-1]) == set()


def test_it_is_found_in_a_database(secrets: Secrets) -> None:
    database = new_database()
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE notes (text text, content bytea)")
    assert secrets.found(dump(database)) == set()
    for value in ((SECRET, None), (None, SECRET.encode())):
        with psycopg.connect(database) as connection:
            connection.execute("TRUNCATE notes")
            connection.execute("INSERT INTO notes VALUES (%s, %s)", value)
        assert secrets.found(dump(database)) == {"ours"}


def test_it_is_found_in_the_arguments_of_a_process(secrets: Secrets) -> None:
    assert secrets.found(command_lines()) == set()
    with subprocess.Popen([sys.executable, "-c", "input()", SECRET], stdin=subprocess.PIPE) as process:
        assert secrets.found(command_lines()) == {"ours"}
        process.communicate(b"\n")
