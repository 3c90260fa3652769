"""The upstream that takes notes, and the clients that wait."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import requests

from bench import clients
from bench.clients import STREAM, WAIT
from bench.processes import Failed
from bench.scale import Notebook
from bench.systems import REELGATE_KEY, System, running_upstream
from tests.gateway import running

KEY = {"Authorization": "Bearer sk-sandbox-direct"}


def test_it_notes_when_it_is_asked_about_which_job_and_its_clock_can_leap(tmp_path: Path) -> None:
    with running_upstream(tmp_path, "bench.upstream") as upstream:
        notebook, began = Notebook(upstream), time.time()
        body = {"model": "sora-2", "prompt": "x [sandbox:no-render] [sandbox:slow=3600]"}
        jobs = [
            requests.post(f"{upstream.base_url}/videos", json=body, headers=KEY, timeout=5).json()["id"]
            for _ in range(2)
        ]
        assert notebook.counts(began) == (0, 0)
        for job in (jobs[0], jobs[0], jobs[1]):
            seen = requests.get(f"{upstream.base_url}/videos/{job}", headers=KEY, timeout=5).json()
            assert seen["status"] == "queued"
        assert notebook.counts(began) == (2, 3)
        assert {job: len(times) for job, times in notebook.times(began).items()} == {jobs[0]: 2, jobs[1]: 1}
        assert notebook.counts(time.time()) == (0, 0)
        notebook.leap(7200)
        seen = requests.get(f"{upstream.base_url}/videos/{jobs[0]}", headers=KEY, timeout=5).json()
        assert seen["status"] == "completed"


def test_clients_of_both_kinds_are_told_when_their_job_is_completed(tmp_path: Path) -> None:
    with running(tmp_path, api_keys=f"bench:{REELGATE_KEY}") as gateway:
        system = System("reelgate", f"{gateway.url}/v1", REELGATE_KEY, "runway/gen4.5", "", {})
        create = {"json": {"model": system.model, "prompt": "x [sandbox:no-render] [sandbox:slow=3]"}}
        job = gateway.ask("POST", "/v1/videos", REELGATE_KEY, **create).json()["id"]
        with clients.waiting(system, STREAM, [job] * 3) as streams, clients.waiting(system, WAIT, [job] * 3) as waits:
            told = [streams.told(), waits.told()]
        assert all(not each.errors and len(each.at) == 3 for each in told)
        assert all(0 <= time.time() - at < 5 for each in told for at in each.at)


def test_clients_that_cannot_wait_say_why(tmp_path: Path) -> None:
    with running(tmp_path, api_keys=f"bench:{REELGATE_KEY}") as gateway:
        system = System("reelgate", f"{gateway.url}/v1", REELGATE_KEY, "runway/gen4.5", "", {})
        with pytest.raises(Failed, match="404"), clients.waiting(system, STREAM, ["video_nobody"]):
            pass
