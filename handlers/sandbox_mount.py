"""The sandbox beside the gateway, in one server: requests under its prefix are the providers'."""

from __future__ import annotations

from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send


def beside(gateway: ASGIApp, prefix: str, directory: Path, job_seconds: float) -> ASGIApp:
    """An application that serves the sandbox under its prefix and the gateway everywhere else."""
    from sandbox.app import build  # only a gateway in sandbox mode needs the renderer

    directory.mkdir(parents=True, exist_ok=True)
    sandbox = build(directory, job_seconds=job_seconds)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(prefix + "/"):
            root_path = scope.get("root_path", "") + prefix
            await sandbox({**scope, "root_path": root_path}, receive, send)
        else:
            await gateway(scope, receive, send)

    return serve
