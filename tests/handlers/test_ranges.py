"""Ranges and preconditions as RFC 9110 has them, on every kind of place from which a file can come."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway import ALICE, BOB, Gateway, judge, running
from tests.handlers.buckets import bucket

PLACES = ("folder", "bucket", "cache", "provider", "inline", "inline provider")


@dataclass(frozen=True)
class Place:
    """A finished video, and its bytes."""

    gateway: Gateway
    path: str
    content: bytes

    def ask(self, method: str = "GET", **headers: str) -> requests.Response:
        return self.gateway.ask(method, self.path, headers=headers)

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()}"'


@pytest.fixture(scope="module", params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("ranges")
    model = "vertex/veo-3.1-generate-001" if "inline" in request.param else "runway/gen4.5"
    with bucket() as s3:
        storage = {"folder": f"file:{directory}/archive", "bucket": s3}.get(request.param)
        with running(directory / "data", storage=storage) as gateway:
            video = gateway.create(f"ranges of {request.param} [sandbox:no-render]", model=model)
            path = f"/v1/videos/{video['id']}/content"
            assert gateway.finished(video["id"])["status"] == "completed"
            content = gateway.ask("GET", path).content
            if "provider" in request.param:
                shutil.rmtree(directory / "data" / "cache" / "files")
            yield Place(gateway, path, content)
            judge(gateway, gateway.exchanges)


WHOLE = None
NOT_SATISFIABLE = "416"
N = 1_000_000_000_000  # more than any file here has

# A Range header -> the first byte and the one after the last, negative ones counted from the end; WHOLE; or NOT_SATISFIABLE.
RANGES: Mapping[str, tuple[int, int | None] | str | None] = {
    # one range (14.1.2)
    "bytes=0-0": (0, 1),
    "bytes=0-1": (0, 2),
    "bytes=1-1": (1, 2),
    "bytes=0-99": (0, 100),
    "bytes=100-199": (100, 200),
    "bytes=7-1007": (7, 1008),
    "bytes=0-": (0, None),
    "bytes=1-": (1, None),
    "bytes=500-": (500, None),
    f"bytes=0-{N}": (0, None),
    f"bytes=9-{N}": (9, None),
    "bytes=0-18446744073709551615": (0, None),
    "bytes=0-99999999999999999999999999999999": (0, None),
    "bytes=00000-00009": (0, 10),
    # from the end
    "bytes=-1": (-1, None),
    "bytes=-2": (-2, None),
    "bytes=-500": (-500, None),
    f"bytes=-{N}": (0, None),
    # units are not sensitive to case, and blanks may stand around the numbers
    "BYTES=0-9": (0, 10),
    "Bytes=0-9": (0, 10),
    "bytes= 0-9": (0, 10),
    "bytes=0-9 ": (0, 10),
    "bytes=\t0-9": (0, 10),
    # beyond the end (15.5.17)
    f"bytes={N}-": NOT_SATISFIABLE,
    f"bytes={N}-{N + 1}": NOT_SATISFIABLE,
    # several ranges: all of it, which section 14.2 allows
    "bytes=0-0,2-2": WHOLE,
    "bytes=0-9,20-29,40-49": WHOLE,
    "bytes=0-9, -9": WHOLE,
    "bytes=0-0,0-0": WHOLE,
    "bytes=0-,0-": WHOLE,
    f"bytes=0-9,{N}-": WHOLE,
    # what is no range is ignored (14.2)
    "bytes": WHOLE,
    "bytes=": WHOLE,
    "bytes=-": WHOLE,
    "bytes=--1": WHOLE,
    "bytes=-0": WHOLE,
    "bytes=a-b": WHOLE,
    "bytes=0-b": WHOLE,
    "bytes=a-9": WHOLE,
    "bytes=9-0": WHOLE,
    "bytes=0": WHOLE,
    "bytes=0-9-": WHOLE,
    "bytes=0-9;10-19": WHOLE,
    "bytes=+1-9": WHOLE,
    "bytes=1.5-9": WHOLE,
    "bytes=0x0-0x9": WHOLE,
    "bytes=1_0-9_9": WHOLE,
    "bytes=٠-٩": WHOLE,
    "bytes 0-9": WHOLE,
    "bytes:0-9": WHOLE,
    "bytes==0-9": WHOLE,
    "=0-9": WHOLE,
    "0-9": WHOLE,
    ",": WHOLE,
    # units that nobody knows (14.2)
    "seconds=0-9": WHOLE,
    "items=0-9": WHOLE,
    "none": WHOLE,
    "*": WHOLE,
}


@pytest.mark.parametrize("header", RANGES)
def test_a_range_is_what_rfc_9110_says(place: Place, header: str) -> None:
    expected = RANGES[header]
    answer = place.gateway.ask("GET", place.path, headers={"Range": header.encode()})
    size = len(place.content)
    if expected == NOT_SATISFIABLE:
        assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{size}")
        assert (answer.json()["error"]["code"], answer.json()["error"]["param"]) == ("range_not_satisfiable", "Range")
        return
    if expected is WHOLE:
        assert (answer.status_code, answer.content) == (200, place.content)
        assert "Content-Range" not in answer.headers
    else:
        first, end, _ = slice(*expected).indices(size)
        assert (answer.status_code, answer.content) == (206, place.content[first:end])
        assert answer.headers["Content-Range"] == f"bytes {first}-{end - 1}/{size}"
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.headers["ETag"] == place.etag


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.9, 0.999])
def test_two_parts_make_the_whole(place: Place, share: float) -> None:
    cut = int(len(place.content) * share)
    parts = [place.ask(Range=wanted).content for wanted in (f"bytes=0-{cut - 1}", f"bytes={cut}-")]
    assert b"".join(parts) == place.content


def test_the_last_byte_can_be_asked_for_and_none_behind_it(place: Place) -> None:
    size = len(place.content)
    assert place.ask(Range=f"bytes={size - 1}-").content == place.content[-1:]
    assert place.ask(Range=f"bytes={size - 1}-{size}").content == place.content[-1:]
    assert place.ask(Range=f"bytes={size}-").status_code == 416
    assert place.ask(Range=f"bytes={size - 1}-{size - 2}").status_code == 200  # malformed


def test_the_whole_says_what_it_is(place: Place) -> None:
    answer = place.ask()
    video_id = place.path.split("/")[3]
    assert (answer.status_code, answer.content) == (200, place.content)
    told = {name: answer.headers.get(name) for name in ("Content-Type", "Accept-Ranges", "Cache-Control", "ETag")}
    assert told == {
        "Content-Type": "video/mp4",
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "ETag": place.etag,
    }
    assert answer.headers["Content-Length"] == str(len(place.content))
    assert answer.headers["Content-Disposition"] == f'inline; filename="{video_id}.mp4"'
    completed = place.gateway.ask("GET", f"/v1/videos/{video_id}").json()["completed_at"]
    assert parsedate_to_datetime(answer.headers["Last-Modified"]).timestamp() == completed


def test_its_head_is_the_same_without_the_bytes(place: Place) -> None:
    whole, head = place.ask(), place.ask("HEAD")
    changing = {"date", "x-request-id"}
    assert (head.status_code, head.content) == (200, b"")
    assert {k.lower(): v for k, v in head.headers.items() if k.lower() not in changing} == {
        k.lower(): v for k, v in whole.headers.items() if k.lower() not in changing
    }


@pytest.mark.parametrize("header", ["bytes=0-9", f"bytes={N}-"])
def test_a_range_means_nothing_to_head(place: Place, header: str) -> None:
    head = place.ask("HEAD", Range=header)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(place.content)))


# Preconditions (13): headers, in which {etag}, {date}, {before} and {after} stand for the file's own -> the status.
PRECONDITIONS: list[tuple[dict[str, str], int]] = [
    ({"If-None-Match": "{etag}"}, 304),
    ({"If-None-Match": "W/{etag}"}, 304),
    ({"If-None-Match": '"another"'}, 200),
    ({"If-None-Match": '"another", {etag}'}, 304),
    ({"If-None-Match": "*"}, 304),
    ({"If-None-Match": ""}, 200),
    ({"If-None-Match": '"another"', "If-Modified-Since": "{date}"}, 200),
    ({"If-None-Match": "{etag}", "If-Modified-Since": "{before}"}, 304),
    ({"If-None-Match": "{etag}", "Range": "bytes=0-9"}, 304),
    ({"If-None-Match": '"another"', "Range": "bytes=0-9"}, 206),
    ({"If-Modified-Since": "{date}"}, 304),
    ({"If-Modified-Since": "{after}"}, 304),
    ({"If-Modified-Since": "{before}"}, 200),
    ({"If-Modified-Since": "yesterday"}, 200),
    ({"If-Match": "{etag}"}, 200),
    ({"If-Match": "*"}, 200),
    ({"If-Match": "W/{etag}"}, 412),
    ({"If-Match": '"another"'}, 412),
    ({"If-Match": '"another"', "Range": "bytes=0-9"}, 412),
    ({"If-Match": "{etag}", "If-Unmodified-Since": "{before}"}, 200),
    ({"If-Unmodified-Since": "{date}"}, 200),
    ({"If-Unmodified-Since": "{before}"}, 412),
    ({"If-Unmodified-Since": "some day"}, 200),
    ({"If-Range": "{etag}", "Range": "bytes=0-9"}, 206),
    ({"If-Range": "W/{etag}", "Range": "bytes=0-9"}, 200),
    ({"If-Range": '"another"', "Range": "bytes=0-9"}, 200),
    ({"If-Range": "{date}", "Range": "bytes=0-9"}, 206),
    ({"If-Range": "{before}", "Range": "bytes=0-9"}, 200),
    ({"If-Range": "{after}", "Range": "bytes=0-9"}, 200),
    ({"If-Range": '"another"', "Range": f"bytes={N}-"}, 200),
    ({"If-Range": "{etag}", "Range": f"bytes={N}-"}, 416),
    ({"If-Range": "{etag}"}, 200),
    ({"If-Modified-Since": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}, 200),
    ({"If-Unmodified-Since": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}, 200),
    ({"If-Range": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Range": "bytes=0-9"}, 200),
    ({"If-Modified-Since": "Mon, 01 Jan 2026 00:00:00 +99999999999999999999"}, 200),
]


@pytest.mark.parametrize(("headers", "status"), PRECONDITIONS)
def test_a_precondition_is_judged_as_rfc_9110_says(place: Place, headers: dict[str, str], status: int) -> None:
    date = place.ask("HEAD").headers["Last-Modified"]
    moment = parsedate_to_datetime(date).timestamp()
    words = {
        "etag": place.etag,
        "date": date,
        "before": formatdate(moment - 60, usegmt=True),
        "after": formatdate(moment + 60, usegmt=True),
    }
    answer = place.ask(**{name: value.format(**words) for name, value in headers.items()})
    assert answer.status_code == status
    if status == 304:
        assert answer.content == b""
        assert (answer.headers["ETag"], answer.headers["Last-Modified"]) == (place.etag, date)
    if status == 206:
        assert answer.content == place.content[:10]
    if status == 200:
        assert answer.content == place.content
    if status == 412:
        assert answer.json()["error"]["code"] == "precondition_failed"


ODD = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_categories=["Cc"]), max_size=60)
NUMBERS = st.integers(0, 10**30).map(str) | st.just("")
RANGED = st.lists(st.tuples(NUMBERS, NUMBERS).map("-".join), min_size=1, max_size=5).map(
    lambda all_: f"bytes={','.join(all_)}"
)
DATES = st.datetimes().map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S GMT"))
TAGS = ODD | st.just("*") | ODD.map(lambda text: f'"{text}"') | ODD.map(lambda text: f'W/"{text}", "x"')


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    asked=st.fixed_dictionaries(
        {},
        optional={
            "Range": ODD | RANGED,
            "If-Range": TAGS | DATES,
            "If-None-Match": TAGS,
            "If-Match": TAGS,
            "If-Modified-Since": DATES | ODD,
            "If-Unmodified-Since": DATES | ODD,
        },
    )
)
def test_no_header_breaks_a_download(place: Place, asked: dict[str, str]) -> None:
    raw = {name: value.strip().encode("latin-1") for name, value in asked.items()}
    answer = place.gateway.ask("GET", place.path, headers=raw)
    assert answer.status_code in (200, 206, 304, 412, 416)
    if answer.status_code in (200, 206):
        told = answer.headers.get("Content-Range", f"bytes 0-{len(place.content) - 1}/").removeprefix("bytes ")
        first, last = map(int, told.partition("/")[0].split("-"))
        assert answer.content == place.content[first : last + 1]


def test_nobody_else_learns_that_it_is_there(place: Place) -> None:
    for method in ("GET", "HEAD"):
        for headers in ({}, {"Range": "bytes=0-9"}, {"If-None-Match": place.etag}):
            assert place.gateway.ask(method, place.path, BOB, headers=headers).status_code == 404
    assert place.gateway.ask("HEAD", place.path, ALICE).status_code == 200
