"""Logs: where they go, whoever has replaced or closed `sys.stderr`."""

from __future__ import annotations

import gc
import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from handlers import logs


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_logger_goes_on_when_logs_are_configured_again(log_format: str, capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", log_format)
    log = structlog.get_logger()
    log.info("first")
    for _ in range(3):
        logs.configure("INFO", log_format)
        gc.collect()
    log.info("second")
    logging.getLogger("a.library").warning("third")
    told = capfd.readouterr().err
    assert all(word in told for word in ("first", "second", "third"))


def test_nobody_can_close_them(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", closed := io.StringIO())
    logs.configure("INFO", "auto")
    closed.close()
    structlog.get_logger().info("told", size=4)
    line = json.loads(capfd.readouterr().err)
    assert (line["event"], line["level"], line["size"]) == ("told", "info", 4)
