"""What the command says: answers on standard output, progress, hints and errors on standard error.

With `--json` standard output carries JSON alone. Colours and bars are for terminals.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import typer
from pydantic import MISSING, BaseModel
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from generated.models import (
    BifrostError,
    Health,
    ModelListResponse,
    ModelPrice,
    VideoGenerationResponse,
    VideoObject,
)

UNBOUNDED = 1_000_000  # characters: a line that is not for a terminal is never wrapped or cut to fit one
LONGEST_PROMPT = 60  # characters of a prompt in a table
STYLES = {
    "completed": "green",
    "failed": "red",
    "in_progress": "yellow",
    "ok": "green",
    "degraded": "yellow",
    "unavailable": "red",
}


class Output:
    """What one command has to say about the gateway at `url`."""

    def __init__(self, url: str, *, as_json: bool) -> None:
        self.url = url
        self.as_json = as_json
        self._answers = _console(stderr=False)
        self._asides = _console(stderr=True)

    # ---- answers ----------------------------------------------------------------------------------------------

    def job(self, job: VideoGenerationResponse) -> None:
        if self.as_json:
            self._document(job)
            return
        self._answers.print(job.id, style="bold")
        facts: list[tuple[str, str | Text]] = [
            ("status", _state(job)),
            ("model", job.model),
            ("prompt", _text(job.prompt)),
            ("length", f"{job.seconds} s" if job.seconds is not MISSING else ""),
            ("size", _text(job.size)),
            ("remix of", _text(job.remixed_from_video_id)),
            ("created", _moment(job.created_at)),
            ("ended", _moment(job.completed_at) if job.completed_at is not MISSING else ""),
            ("cost", _cost(job)),
            ("error", f"{job.error.message} ({job.error.code})" if job.error is not MISSING else ""),
            ("file", _text(job.videos[0].url) if job.videos is not MISSING and job.videos else ""),
        ]
        table = Table.grid(padding=(0, 2))
        for name, value in facts:
            if value:
                table.add_row(name, _printable(value) if isinstance(value, str) else value)
        self._answers.print(table)

    def jobs(self, jobs: Iterable[VideoObject]) -> None:
        if self.as_json:
            for job in jobs:
                self._line(job)
            return
        table = _table("ID", "STATUS", "MODEL", "LENGTH", "SIZE", "CREATED", "PROMPT")
        for job in jobs:
            seconds = f"{job.seconds} s" if job.seconds is not MISSING else ""
            created = _moment(job.created_at)
            table.add_row(job.id, _state(job), job.model, seconds, _text(job.size), created, _short(_text(job.prompt)))
        if table.row_count:
            self._answers.print(table)
        else:
            self.hint('No videos yet. Make one: reelgate generate "A paper boat" --model runway/gen4.5')

    def models(self, answer: ModelListResponse) -> None:
        if self.as_json:
            self._document(answer)
            return
        table = _table("MODEL", "MADE FROM", "SECONDS", "SIZES", "TAKES", "USD/SECOND")
        for model in answer.data:
            can = model.capabilities
            takes = [name for name in ("audio", "seed", "negative_prompt") if getattr(can, name)]
            prices = sorted(set(_rates(model.pricing) if model.pricing is not MISSING else ()))
            table.add_row(
                model.id,
                ", ".join(can.inputs),
                " ".join(can.seconds) if can.seconds is not MISSING else "any",
                " ".join(can.sizes) if can.sizes is not MISSING else "any",
                ", ".join(takes),
                " to ".join(f"{price:g}" for price in (prices if len(prices) < 3 else (prices[0], prices[-1]))),
            )
        self._answers.print(table)

    def health(self, health: Health) -> None:
        if self.as_json:
            self._document(health)
            return
        mode = ", sandbox: emulators draw the videos, nothing is paid" if health.sandbox else ""
        self._answers.print(health.status, style=STYLES.get(health.status), end=" ")
        self._answers.print(f"reelgate {health.version}{mode}")
        for each in health.dependencies:
            took = f"{each.latency_ms:g} ms" if each.latency_ms is not MISSING else ""
            self._answers.print(f"  {each.name:<14} {each.status:<12} {took} {_text(each.detail)}".rstrip())

    def saved(self, job: VideoGenerationResponse, path: Path) -> None:
        """A video was made and downloaded."""
        if self.as_json:
            self._document(job)
        else:
            self._answers.print("  ".join(filter(None, (str(path), job.id, _text(job.size), _cost(job)))))

    def downloaded(self, video_id: str, path: Path) -> None:
        if self.as_json:
            self._document({"id": video_id, "path": str(path), "bytes": path.stat().st_size})
        else:
            self._answers.print(str(path))

    def deleted(self, answer: BaseModel, video_id: str) -> None:
        if self.as_json:
            self._line(answer)
        else:
            self._answers.print(f"deleted {video_id}")

    # ---- asides -----------------------------------------------------------------------------------------------

    def hint(self, text: str) -> None:
        """Something a person may want to know. Programs are not told."""
        if not self.as_json:
            self._asides.print(text, style="dim")

    def failure(self, message: str, *, code: str, about: str = "", video_id: str | None = None) -> None:
        """What went wrong, in the contract's form of an error. `about` is for people, and stands on a second line."""
        if self.as_json:
            facts = {"extra_fields": {"video_id": video_id}} if video_id is not None else {}
            typer.echo(_json({"error": {"code": code, "message": message}, **facts}), err=True)
            return
        self._asides.print("error:", style="bold red", end=" ")
        self._asides.print(_printable(message))
        if about:
            self._asides.print(f"       {about}", style="dim")

    def refusal(self, answer: BifrostError, about: str) -> None:
        """What the gateway says went wrong."""
        if self.as_json:
            typer.echo(_json(answer), err=True)
        else:
            self.failure(answer.error.message, code=answer.error.code, about=about)

    @contextmanager
    def following(self) -> Iterator[Callable[[VideoGenerationResponse], None]]:
        """A bar for a job; it is moved by calling what this gives with each state of the job."""
        with self._progress(TaskProgressColumn(), TimeElapsedColumn()) as progress:
            bar = progress.add_task("queued", total=None)

            def show(job: VideoGenerationResponse) -> None:
                percent = job.progress if job.progress is not MISSING else None
                total = None if percent is None else 100
                progress.update(bar, description=job.status.replace("_", " "), completed=percent, total=total)

            yield show

    @contextmanager
    def downloading(self) -> Iterator[Callable[[int, int | None], None]]:
        """A bar for a download; it is moved by calling what this gives with (bytes so far, bytes in all if known)."""
        with self._progress(DownloadColumn(), TransferSpeedColumn()) as progress:
            bar = progress.add_task("downloading", total=None)
            yield lambda arrived, total: progress.update(bar, completed=arrived, total=total)

    def _progress(self, *columns: ProgressColumn) -> Progress:
        return Progress(
            TextColumn("{task.description:<11}"),
            BarColumn(),
            *columns,
            console=self._asides,
            transient=True,
            disable=not self._asides.is_terminal,
        )

    # ---- forms ------------------------------------------------------------------------------------------------

    def _document(self, content: BaseModel | dict[str, object]) -> None:
        typer.echo(_json(content))

    def _line(self, content: BaseModel) -> None:
        typer.echo(content.model_dump_json(warnings=False))


def _console(*, stderr: bool) -> Console:
    # What people type into prompts is neither markup nor an emoji code.
    console = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = UNBOUNDED
    return console


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        table.add_column(name, no_wrap=name == "ID")
    return table


def _json(content: BaseModel | dict[str, object]) -> str:
    if isinstance(content, BaseModel):
        return content.model_dump_json(indent=2, warnings=False)
    return json.dumps(content, indent=2)


def _state(job: VideoObject | VideoGenerationResponse) -> Text:
    running = job.status == "in_progress" and job.progress is not MISSING
    return Text(f"{job.status} {job.progress:.0f} %" if running else job.status, STYLES.get(job.status, ""))


def _moment(unix: int) -> str:
    return f"{datetime.fromtimestamp(unix).astimezone():%Y-%m-%d %H:%M:%S}"


def _rates(prices: Iterable[ModelPrice]) -> Iterator[float]:
    """US dollars per second, of those prices that can be said so."""
    for price in prices:
        if price.usd_per_second is not MISSING:
            yield price.usd_per_second
        elif price.usd_per_million_tokens is not MISSING and price.tokens_per_second is not MISSING:
            yield price.usd_per_million_tokens.video * price.tokens_per_second / 1_000_000


def _cost(job: VideoGenerationResponse) -> str:
    if job.usage is MISSING or job.usage.cost is MISSING:
        return ""
    return f"{job.usage.cost:.2f} USD"


def _text(value: object) -> str:
    """A value that may be missing -> text."""
    return "" if value is MISSING else str(value)


def _short(text: str) -> str:
    line = " ".join(_printable(text).split())
    return line if len(line) <= LONGEST_PROMPT else f"{line[: LONGEST_PROMPT - 1]}…"


def _printable(text: str) -> str:
    """Text without the control characters that would steer a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
