"""What a process of the server sets up for itself."""

from __future__ import annotations

import subprocess
import sys


def test_a_server_may_have_as_many_connections_as_the_system_allows() -> None:
    code = """
import resource
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (256, most))
from handlers.server import allow_many_connections
allow_many_connections()
print(resource.getrlimit(resource.RLIMIT_NOFILE) == (most, most))
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True\n"
