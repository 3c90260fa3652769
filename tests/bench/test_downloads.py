"""Large films, the upstream that hands them out, and the client that fetches them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
import requests

from bench import films
from bench.fetching import digest, fetch
from bench.processes import Failed
from bench.systems import System, running_upstream

SIZE = 5_000_000  # bytes


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, Path, str]]:
    """An upstream, a film that it has, and a completed job whose film it is."""
    directory = tmp_path_factory.mktemp("films")
    (directory / "sandbox").mkdir()
    film = directory / "sandbox" / "large.mp4"
    films.make(film, SIZE)
    with running_upstream(directory, "bench.films", job_seconds=0.1) as system:
        body = {"model": system.model, "prompt": "large.mp4 [sandbox:no-render]"}
        job = requests.post(f"{system.base_url}/videos", json=body, headers=_key(system), timeout=5).json()["id"]
        time.sleep(0.2)
        yield system, film, job


def _key(system: System) -> dict[str, str]:
    return {"Authorization": f"Bearer {system.key}"}


def test_a_film_is_as_large_as_wanted_and_can_be_played_to_its_end(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    films.make(film, 2 * SIZE)
    assert 2 * SIZE <= film.stat().st_size < 3 * SIZE
    assert film.read_bytes().find(b"moov") < 100, "its index is in front"
    with av.open(film) as opened:
        stream = opened.streams.video[0]
        pictures = [frame.pts for frame in opened.decode(stream)]
        assert pictures[0] == 0 and len(pictures) == len(set(pictures)) == stream.frames


def test_a_film_longer_than_what_was_encoded_is_repeated_where_one_can_jump_to(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    films.make(film, 25_000_000)
    with av.open(film) as opened:
        packets = [packet for packet in opened.demux(opened.streams.video[0]) if packet.size]
    assert len(packets) > films.GROUP
    assert [n for n, packet in enumerate(packets) if packet.is_keyframe] == [*range(0, len(packets), films.GROUP)]
    assert bytes(packets[0]) == bytes(packets[films.GROUP])


def test_the_upstream_serves_the_film_that_the_prompt_names_also_in_ranges(upstream: tuple[System, Path, str]) -> None:
    system, film, job = upstream
    content = f"{system.base_url}/videos/{job}/content"
    whole = requests.get(content, headers=_key(system), timeout=10)
    assert whole.headers["Content-Type"] == "video/mp4"
    assert whole.content == film.read_bytes()
    part = requests.get(content, headers={**_key(system), "Range": "bytes=1000-1999"}, timeout=10)
    assert (part.status_code, part.content) == (206, whole.content[1000:2000])
    assert part.headers["Content-Range"] == f"bytes 1000-1999/{len(whole.content)}"


def test_the_upstream_remembers_when_it_first_said_that_a_job_is_completed(upstream: tuple[System, Path, str]) -> None:
    system, _, job = upstream
    began, seen = time.time(), []
    told = system.base_url.replace("/openai/v1", "/told")
    for _ in range(2):
        answer = requests.get(f"{system.base_url}/videos/{job}", headers=_key(system), timeout=5)
        assert answer.json()["status"] == "completed"
        seen.append(requests.get(told, params={"job": job}, timeout=5).json()["at"])
    assert seen[0] == seen[1]
    assert began <= seen[0] <= time.time()


def test_every_download_is_counted_and_one_is_hashed(upstream: tuple[System, Path, str]) -> None:
    system, film, job = upstream
    seconds, fetched = fetch(system, job, 3)
    assert [(each.bytes, each.error) for each in fetched] == [(film.stat().st_size, "")] * 3
    assert all(0 < each.first <= seconds for each in fetched)
    assert digest(system, job) == hashlib.sha256(film.read_bytes()).hexdigest()


def test_a_download_that_is_refused_says_why(upstream: tuple[System, Path, str]) -> None:
    system, _, _ = upstream
    _, (refused,) = fetch(system, "video_nobody", 1)
    assert refused.bytes == 0
    assert "404" in refused.error and "video_nobody" in refused.error
    with pytest.raises(Failed, match="404"):
        digest(system, "video_nobody")


def test_a_system_that_is_not_there_ends_the_run() -> None:
    gone = System("gone", "http://127.0.0.1:9/v1", "", "", "", {})
    with pytest.raises(Failed, match="gone takes no connection"):
        fetch(gone, "video", 2)
