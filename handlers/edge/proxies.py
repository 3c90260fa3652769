"""Where the caller reaches the gateway: what links in an answer begin with, also behind a reverse proxy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.datastructures import Headers
from starlette.types import Scope

Networks = Sequence[IPv4Network | IPv6Network]

HOST = re.compile(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")


def reached_at(scope: Scope, headers: Headers, trusted: Networks) -> str:
    """`https://videos.example/api`: scheme, host and path prefix, without a slash at the end.

    `X-Forwarded-Proto`, `-Host` and `-Prefix` count only when the connection comes from a trusted proxy, and of several values
    only the last, which is that proxy's own. What cannot be a part of a URL is ignored.
    """
    scheme, host, prefix = scope["scheme"], headers.get("host", ""), ""
    if trusted and _is_trusted(scope.get("client"), trusted):
        told = _last(headers, "proto").lower()
        scheme = told if told in ("http", "https") else scheme
        told = _last(headers, "host")
        host = told if HOST.fullmatch(told) else host
        told = _last(headers, "prefix").rstrip("/")
        prefix = told if PREFIX.fullmatch(told) else prefix
    return f"{scheme}://{host}{prefix}"


def _is_trusted(client: tuple[str, int] | None, trusted: Networks) -> bool:
    try:
        address = ip_address(client[0] if client is not None else "")
    except ValueError:  # a Unix socket
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in trusted)


def _last(headers: Headers, name: str) -> str:
    values = headers.getlist(f"x-forwarded-{name}")
    return values[-1].rpartition(",")[2].strip() if values else ""
