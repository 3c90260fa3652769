"""Which part of a file an answer has: ranges and preconditions as RFC 9110 has them (sections 13 and 14)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from werkzeug.datastructures import ETags
from werkzeug.http import parse_date, parse_etags, parse_if_range_header, parse_range_header

from ..errors import PreconditionFailed, RangeNotSatisfiable


@dataclass(frozen=True, slots=True)
class Conditions:
    """The headers of a request that say what is wanted, as they came."""

    range: str | None = None
    if_range: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_match: str | None = None
    if_unmodified_since: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What is sent: bytes from `first` up to, but not including, `end`; none with status 304."""

    status: Literal[200, 206, 304]
    first: int
    end: int


def part(size: int, etag: str, modified: datetime, asked: Conditions) -> Part:
    """What to answer about a file of `size` bytes. `etag` is without its quotes, and strong.

    Raises PreconditionFailed or RangeNotSatisfiable. What is malformed is ignored, and so are several ranges at once (14.2).
    """
    modified = modified.replace(microsecond=0)  # as far as an HTTP date tells it
    _meet_preconditions(etag, modified, asked)
    if _unchanged(etag, modified, asked):
        return Part(304, 0, 0)
    span = _span(size, asked.range) if _range_counts(etag, modified, asked) else None
    return Part(200, 0, size) if span is None else Part(206, *span)


def _meet_preconditions(etag: str, modified: datetime, asked: Conditions) -> None:
    if asked.if_match is not None:
        if not _matches(parse_etags(asked.if_match), etag, strong=True):
            raise PreconditionFailed("The file is not one that If-Match names.", param="If-Match")
    elif (since := _date(asked.if_unmodified_since)) is not None and modified > since:
        raise PreconditionFailed("The file has changed since then.", param="If-Unmodified-Since")


def _unchanged(etag: str, modified: datetime, asked: Conditions) -> bool:
    if asked.if_none_match is not None:
        return _matches(parse_etags(asked.if_none_match), etag, strong=False)
    since = _date(asked.if_modified_since)
    return since is not None and modified <= since


def _matches(named: ETags, etag: str, *, strong: bool) -> bool:
    return named.contains(etag) if strong else named.contains_weak(etag)


def _range_counts(etag: str, modified: datetime, asked: Conditions) -> bool:
    """Whether If-Range, if it is there, still names this file: by its strong ETag, or by its exact date (13.1.5)."""
    if asked.if_range is None:
        return True
    if asked.if_range.lstrip().startswith("W/"):
        return False
    try:
        named = parse_if_range_header(asked.if_range)
    except OverflowError:
        return False
    return named.etag == etag if named.etag is not None else named.date == modified


def _date(header: str | None) -> datetime | None:
    try:
        return parse_date(header)
    except OverflowError:  # a year that no calendar has
        return None


def _span(size: int, header: str | None) -> tuple[int, int] | None:
    """`bytes=0-99` -> (0, 100); None: all of it. Raises RangeNotSatisfiable."""
    asked = parse_range_header(header)
    if asked is None or asked.units.lower() != "bytes" or len(asked.ranges) != 1:
        return None
    first, end = asked.ranges[0]
    if first < 0:  # the last so many
        first, end = max(0, size + first), size
    end = size if end is None else min(end, size)
    if first >= end:
        raise RangeNotSatisfiable(
            f"The range lies outside the file, which has {size} bytes.",
            param="Range",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return first, end
