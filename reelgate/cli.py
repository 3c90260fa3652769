"""The `reelgate` command: the processes of the gateway, and a client for all it can do."""

from __future__ import annotations

import json
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import typer

from generated.client import ApiError, Client
from generated.models import VideoListResponse, VideoObject

from . import failures
from .delivery import Variant, deliver, fetch, follow, resumable, writable
from .output import Output
from .request import first_frame, pairs, remix_request, video_request

PAGE = 100  # jobs: the most that the contract lets one page have
PATIENCE = 3900  # seconds: a little longer than the gateway itself waits for a job by default

Status = Literal["queued", "in_progress", "completed", "failed"]
VideoId = Annotated[str, typer.Argument(metavar="ID", help="The video's id.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")]
File = Annotated[Path | None, typer.Option("--output", "-o", help="Where to save it. Default: the id, here.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait and download, or print the job at once.")]
Timeout = Annotated[int, typer.Option(min=0, help="Seconds to wait; the job goes on afterwards.")]

# connexion warns at import of a test client that it does not use here; nobody who runs a gateway can do anything about it.
warnings.filterwarnings("ignore", module=r"connexion\.")

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@dataclass(frozen=True, slots=True)
class Gateway:
    """Which gateway a command speaks to."""

    url: str
    key: str | None


def _local_url() -> str:
    return f"http://127.0.0.1:{os.environ.get('PORT', '8080')}"


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"reelgate {version('reelgate')}")
        raise typer.Exit


@app.callback()
def choose_gateway(
    context: typer.Context,
    url: Annotated[
        str,
        typer.Option(
            envvar="REELGATE_URL",
            default_factory=_local_url,
            show_default=False,
            help="The gateway to speak to. Default: port `PORT`, or 8080, of this machine.",
        ),
    ],
    key: Annotated[str | None, typer.Option(envvar="REELGATE_API_KEY", help="Your key of that gateway.")] = None,
    show_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """One API for video generation, many providers behind it."""
    context.obj = Gateway(url, key or None)


@contextmanager
def session(context: typer.Context, as_json: bool) -> Iterator[tuple[Client, Output]]:
    """The client and the output of one command; what goes wrong with them ends the command with a message."""
    gateway = context.find_object(Gateway)
    assert gateway is not None, "choose_gateway runs first"
    parts = urlsplit(gateway.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise typer.BadParameter("It looks like http://127.0.0.1:8080.", param_hint="--url")
    output = Output(gateway.url, as_json=as_json)
    with failures.told(output), Client(gateway.url, bearer=gateway.key) as client:
        yield client, output


# ---- the gateway's processes ----------------------------------------------------------------------------------------


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on, before `HOST`.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, before `PORT`.")] = None,
) -> None:
    """Run the gateway."""
    from handlers import server, settings  # slow to import, and not needed by a client

    # uvicorn, once it has stopped, raises the signal again: that must not keep the exit from stopping the database.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with _settings_told():
        server.serve(settings.load(host=host, port=port))


@app.command()
def worker() -> None:
    """Follow jobs only, beside gateways on the same database."""
    from handlers import server, settings  # slow to import, and not needed by a client

    with _settings_told():
        server.work(settings.load())


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what is configured here, what can be reached and what is wrong; exit code 1 if something is."""
    import asyncio

    from handlers import logs, settings  # slow to import, and not needed by a client
    from handlers.doctor import examine

    with _settings_told():
        logs.configure("error", "auto")
        findings = asyncio.run(examine(settings.load(), os.environ))
    for finding in findings:
        if as_json:
            typer.echo(json.dumps(asdict(finding)))
        else:
            typer.echo(f"{finding.verdict:<6}{finding.subject:<24}{finding.says}")
    if any(finding.verdict == "wrong" for finding in findings):
        raise typer.Exit(failures.FAILED)


@app.command()
def hash_password() -> None:
    """Print the hash of a password, for `REELGATE_ADMIN_PASSWORD`."""
    from handlers.access.passwords import hashed  # slow to import, and not needed by a client

    with _settings_told():
        if sys.stdin.isatty():
            typer.echo(hashed(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)))
        else:
            typer.echo(hashed(sys.stdin.readline().rstrip("\r\n")))


@app.command()
def unknown(as_json: Json = False) -> None:
    """List the creates whose outcome is not known, for an operator who can look at the provider."""
    import asyncio

    from handlers import logs, settings  # slow to import, and not needed by a client
    from handlers.operating import unknown

    with _settings_told():
        logs.configure("error", "auto")
        for job in asyncio.run(unknown(settings.load())):
            facts = {
                "id": job.id,
                "provider": job.provider,
                "model": job.model,
                "key": job.key,
                "created_at": int(job.created_at.timestamp()),
                "still_asked": job.reconcile_at is not None,
                "prompt": job.request.get("prompt"),
            }
            typer.echo(json.dumps(facts) if as_json else "  ".join(str(value) for value in facts.values()))


@app.command()
def resolve(
    video_id: VideoId,
    found: Annotated[
        str | None, typer.Option("--found", metavar="NATIVE_ID", help="The provider's id of the job that was made.")
    ] = None,
    nothing_made: Annotated[bool, typer.Option("--nothing-made", help="The provider has made no job for it.")] = False,
) -> None:
    """Say what became of a create whose outcome is not known."""
    import asyncio

    from handlers import logs, settings  # slow to import, and not needed by a client
    from handlers.operating import adopt, close

    if (found is None) is not nothing_made:
        raise typer.BadParameter("Give one of --found NATIVE_ID and --nothing-made.")
    with _settings_told():
        logs.configure("error", "auto")
        chosen = settings.load()
        job = asyncio.run(adopt(chosen, video_id, found) if found is not None else close(chosen, video_id))
    typer.echo(f"{job.id} is {job.state}")


@app.command()
def verify() -> None:
    """Read everything in the archive and compare it with the checksums of what was kept."""
    import asyncio

    from handlers import logs, settings  # slow to import, and not needed by a client
    from handlers.operating import verified

    async def tell() -> tuple[int, int]:
        count = damaged = 0
        async for file, fault in verified(settings.load()):
            count += 1
            if fault is not None:
                damaged += 1
                typer.echo(f"{file.key}: {fault}")
        return count, damaged

    with _settings_told():
        logs.configure("error", "auto")
        count, damaged = asyncio.run(tell())
    typer.echo(f"{count} files, {damaged} of them damaged")
    if damaged:
        raise typer.Exit(failures.FAILED)


@contextmanager
def _settings_told() -> Iterator[None]:
    from handlers.errors import ReelgateError
    from handlers.jobs.database import DatabaseError
    from handlers.operating import CannotResolve
    from handlers.settings import SettingsError

    try:
        yield
    except (CannotResolve, ReelgateError) as error:
        typer.echo(f"reelgate: {error}", err=True)
        raise typer.Exit(failures.FAILED) from None
    except (SettingsError, DatabaseError) as error:
        typer.echo(f"reelgate: {error}", err=True)
        raise typer.Exit(failures.MISUSED) from None


# ---- videos ---------------------------------------------------------------------------------------------------------


@app.command()
def generate(
    context: typer.Context,
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="What the video should show.")],
    model: Annotated[str, typer.Option("--model", "-m", help="`provider/model`; see `reelgate models`.")],
    output_file: File = None,
    seconds: Annotated[int | None, typer.Option(help="Length in whole seconds.")] = None,
    size: Annotated[str | None, typer.Option(help="Width x height, for example 1280x720.")] = None,
    image: Annotated[str | None, typer.Option(help="The first frame, a file or a URL.")] = None,
    video: Annotated[str | None, typer.Option(help="URI of the source of video-to-video.")] = None,
    negative_prompt: Annotated[str | None, typer.Option(help="What it should not show.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of reproducible generation.")] = None,
    audio: Annotated[bool | None, typer.Option("--audio/--no-audio", help="Whether to make sound too.")] = None,
    fallback: Annotated[list[str] | None, typer.Option(help="`provider/model` to try next. Can be repeated.")] = None,
    failover: Annotated[
        Literal["create", "job"] | None,
        typer.Option(help="With job, a fallback is also tried when an accepted job fails."),
    ] = None,
    metadata: Annotated[
        list[str] | None, typer.Option(metavar="NAME=TEXT", help="A word of your own about it. Can be repeated.")
    ] = None,
    extra: Annotated[
        list[str] | None, typer.Option(metavar="KEY=JSON", help="A field of the provider's own. Can be repeated.")
    ] = None,
    wait: Wait = True,
    timeout: Timeout = PATIENCE,
    as_json: Json = False,
) -> None:
    """Make a video and download it."""
    options = {
        "model": model,
        "seconds": seconds,
        "size": size,
        "input_reference": first_frame(image) if image is not None else None,
        "video_uri": video,
        "negative_prompt": negative_prompt,
        "seed": seed,
        "audio": audio,
        "fallbacks": fallback,
        "failover": failover,
        "metadata": pairs(metadata or []),
    }
    body = video_request(prompt, options, extra or [])
    if wait:
        writable(output_file)
    with session(context, as_json) as (client, output):
        job = client.video_generation(body)
        deliver(client, output, job, output_file, timeout if wait else None)


@app.command("list")
def list_videos(
    context: typer.Context,
    provider: Annotated[str | None, typer.Option(help="Only videos of this provider.")] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="Only videos of this `provider/model`.")] = None,
    status: Annotated[Status | None, typer.Option(help="Only videos that have this status.", show_choices=True)] = None,
    metadata: Annotated[
        list[str] | None, typer.Option(metavar="NAME=TEXT", help="Only videos with this. Can be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The most to list.")] = 20,
    everything: Annotated[bool, typer.Option("--all", help="List all of them.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document a line.")] = False,
) -> None:
    """List your videos, newest first."""
    with session(context, as_json) as (client, output):
        tags = [f"{name}:{value}" for name, value in pairs(metadata or []).items()]
        page = partial(client.video_list, provider=provider, model=model, status=status, metadata=tags or None)
        output.jobs(_jobs(page, None if everything else limit))


def _jobs(read: Callable[..., VideoListResponse], limit: int | None) -> Iterator[VideoObject]:
    """The newest `limit` jobs, or all, page by page."""
    after: str | None = None
    listed = 0
    while limit is None or listed < limit:
        page = read(after=after, limit=PAGE if limit is None else min(PAGE, limit - listed))
        yield from page.data
        if not page.has_more:
            return
        listed += len(page.data)
        after = page.data[-1].id


@app.command()
def get(context: typer.Context, video_id: VideoId, as_json: Json = False) -> None:
    """Show how far a video is, or why it failed."""
    with session(context, as_json) as (client, output):
        output.job(client.video_retrieve(video_id))


@app.command()
def download(
    context: typer.Context,
    video_id: VideoId,
    output_file: File = None,
    variant: Annotated[Variant, typer.Option(help="Which file.")] = "video",
    timeout: Timeout = PATIENCE,
    as_json: Json = False,
) -> None:
    """Download a video, as soon as it is finished."""
    writable(output_file)
    with session(context, as_json) as (client, output), resumable(output, video_id):
        job = follow(client, output, video_id, timeout)
        output.downloaded(job.id, fetch(client, output, job.id, output_file, variant))


@app.command()
def remix(
    context: typer.Context,
    video_id: VideoId,
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="What should be different.")],
    output_file: File = None,
    wait: Wait = True,
    timeout: Timeout = PATIENCE,
    as_json: Json = False,
) -> None:
    """Make a finished video anew, changed by a prompt."""
    body = remix_request(prompt)
    if wait:
        writable(output_file)
    with session(context, as_json) as (client, output):
        job = client.video_remix(video_id, body)
        deliver(client, output, job, output_file, timeout if wait else None)


@app.command()
def delete(
    context: typer.Context,
    video_ids: Annotated[list[str], typer.Argument(metavar="ID...", help="The videos' ids.")],
    as_json: Json = False,
) -> None:
    """Delete videos and their files, here and at the provider."""
    failed = False
    with session(context, as_json) as (client, output):
        for video_id in video_ids:
            try:
                output.deleted(client.video_delete(video_id), video_id)
            except ApiError as error:
                failures.tell(error, output)
                failed = True
    if failed:
        raise typer.Exit(failures.FAILED)


# ---- the gateway itself ---------------------------------------------------------------------------------------------


@app.command()
def models(context: typer.Context, as_json: Json = False) -> None:
    """List the models, what they can do and what they cost."""
    with session(context, as_json) as (client, output):
        output.models(client.model_list())


@app.command()
def health(context: typer.Context, as_json: Json = False) -> None:
    """Ask the gateway whether it can work; exit code 1 if not."""
    with session(context, as_json) as (client, output):
        state = client.health()
        output.health(state)
    if state.status == "unavailable":
        raise typer.Exit(failures.FAILED)
