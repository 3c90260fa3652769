"""From an accepted job to a file: waiting for it, then downloading it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import typer

from generated.client import Client, VideoFailed
from generated.models import VideoGenerationResponse

from . import failures
from .output import Output

Variant = Literal["video", "thumbnail", "spritesheet"]
EXTENSIONS = {"video": "mp4", "thumbnail": "webp", "spritesheet": "jpg"}


def deliver(
    client: Client, output: Output, job: VideoGenerationResponse, file: Path | None, timeout: float | None
) -> None:
    """What follows an accepted job: waiting and downloading, or, without a timeout, just telling."""
    if job.status == "failed":  # a content policy refused it
        raise VideoFailed(job)
    if timeout is None:
        return output.job(job)
    with resumable(output, job.id):
        output.hint(f"{job.model} is making {job.id}")
        job = follow(client, output, job.id, timeout)
        output.saved(job, fetch(client, output, job.id, file, "video"))
    return None


def follow(client: Client, output: Output, video_id: str, timeout: float) -> VideoGenerationResponse:
    """The job when it is completed; `timeout` is in seconds. Raises VideoFailed or VideoTimeout."""
    with output.following() as show:
        return client.wait(video_id, timeout=timeout, on_progress=show)


def fetch(client: Client, output: Output, video_id: str, file: Path | None, variant: Variant) -> Path:
    """Download to `file`, to a file in it if it is a folder, or to one here. Returns where it is."""
    name = f"{video_id}.{EXTENSIONS[variant]}"
    path = file / name if file is not None and file.is_dir() else file or Path(name)
    try:
        with output.downloading() as show:
            return client.download_to(video_id, path, variant=variant, on_progress=show)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}."
        output.failure(message, code="not_saved", about=failures.resume(video_id), video_id=video_id)
        raise typer.Exit(failures.FAILED) from None


@contextmanager
def resumable(output: Output, video_id: str) -> Iterator[None]:
    """A wait that a person may end; the job goes on without it."""
    try:
        yield
    except KeyboardInterrupt:
        about = failures.resume(video_id)
        output.failure("Interrupted. The job goes on.", code="interrupted", about=about, video_id=video_id)
        raise typer.Exit(failures.INTERRUPTED) from None


def writable(file: Path | None) -> None:
    """Find out, before anything is paid, that there is no place for the file."""
    folder = file.parent if file is not None else Path()
    if not os.access(folder, os.W_OK):
        raise typer.BadParameter(f"There is no folder {folder} that can be written to.", param_hint="--output")
