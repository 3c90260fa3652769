"""Every directive, as a client of either provider meets it."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox import trouble
from tests.sandbox.conftest import JOB_SECONDS, Running

README = Path(trouble.__file__).with_name("README.md")
OPENAI, RUNWAY = "openai", "runway"
Skip = Callable[[float], None]
both = pytest.mark.parametrize("provider", [OPENAI, RUNWAY])


class Caller:
    """One account of one provider, seen from outside."""

    def __init__(self, running: Running, provider: str, account: str) -> None:
        self.running, self.provider, self.account = running, provider, account

    def create(self, directive: str, timeout: float = 5.0) -> requests.Response:
        prompt = f"a test {directive} [sandbox:no-render]"
        path, body = "openai/v1/videos", {"prompt": prompt}
        if self.provider == RUNWAY:
            path = "runway/v1/text_to_video"
            body = {"model": "veo3.1_fast", "promptText": prompt, "ratio": "1280:720"}
        return requests.post(f"{self.running.url}/{path}", json=body, headers=self.key(), timeout=timeout)

    def key(self) -> dict[str, str]:
        if self.provider == RUNWAY:
            return {"Authorization": f"Bearer key_sandbox_{self.account}", "X-Runway-Version": "2024-11-06"}
        return {"Authorization": f"Bearer sk-sandbox-{self.account}"}

    def job(self, directive: str) -> str:
        return str(self.create(directive).json()["id"])

    def read(self, job_id: str) -> dict[str, Any]:
        path = "runway/v1/tasks" if self.provider == RUNWAY else "openai/v1/videos"
        answer = requests.get(f"{self.running.url}/{path}/{job_id}", headers=self.key(), timeout=5)
        body: dict[str, Any] = answer.json()
        return body

    def counts(self) -> tuple[int, int]:
        """Creates accepted and refused."""
        mine = self.running.stats()[self.provider]["accounts"].get(self.account, {})
        return mine.get("creates_accepted", 0), mine.get("creates_refused", 0)


@pytest.fixture
def caller(running: Running, provider: str, request: pytest.FixtureRequest) -> Caller:
    """An account of this test alone, so that counts start at zero."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())
    return Caller(running, provider, name)


@both
@pytest.mark.parametrize(
    ("directive", "status"), [("401", 401), ("429", 429), ("quota", 429), ("500", 500), ("503", 503)]
)
def test_a_refusal_is_in_the_envelope_and_nothing_is_accepted(
    caller: Caller, provider: str, directive: str, status: int
) -> None:
    answer = caller.create(f"[sandbox:{directive}]")
    assert answer.status_code == status
    error = answer.json()["error"]
    assert isinstance(error, str if provider == RUNWAY else dict)
    assert ("retry-after" in answer.headers) == (status == 429)
    assert caller.counts() == (0, 1)


@pytest.mark.parametrize("provider", [OPENAI])
@pytest.mark.parametrize(
    ("directive", "code"), [("429", "rate_limit_exceeded"), ("quota", "insufficient_quota"), ("401", "invalid_api_key")]
)
def test_openai_tells_refusals_apart_by_code(caller: Caller, directive: str, code: str) -> None:
    assert caller.create(f"[sandbox:{directive}]").json()["error"]["code"] == code


@pytest.mark.parametrize("provider", [RUNWAY])
def test_runway_tells_a_spent_quota_apart_by_words_only(caller: Caller) -> None:
    assert "daily task limit" in caller.create("[sandbox:quota]").json()["error"]


@pytest.mark.parametrize("provider", [OPENAI])
def test_openai_refuses_a_prompt_at_once(caller: Caller) -> None:
    answer = caller.create("[sandbox:refuse]")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "moderation_blocked")
    assert caller.counts() == (0, 1)


@pytest.mark.parametrize("provider", [RUNWAY])
def test_runway_refuses_a_prompt_by_failing_its_task(caller: Caller, skip: Skip) -> None:
    task_id = caller.job("[sandbox:refuse]")
    skip(JOB_SECONDS)
    task = caller.read(task_id)
    assert (task["status"], task["failureCode"], task["cost"]) == ("FAILED", "SAFETY.INPUT.TEXT", {"credits": 0})


@both
@pytest.mark.parametrize(("directive", "accepted"), [("drop-before", 0), ("drop-after", 1)])
def test_a_dropped_connection_leaves_no_answer(caller: Caller, directive: str, accepted: int) -> None:
    with pytest.raises(requests.ConnectionError):
        caller.create(f"[sandbox:{directive}]")
    assert caller.counts() == (accepted, 1 - accepted)


@both
@pytest.mark.parametrize("status", [502, 504])
def test_a_proxy_answers_in_html_for_an_accepted_create(caller: Caller, status: int) -> None:
    answer = caller.create(f"[sandbox:{status}]")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert caller.counts() == (1, 0)


@both
def test_garbage_is_a_success_that_cannot_be_read(caller: Caller) -> None:
    answer = caller.create("[sandbox:garbage]")
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Unterminated"):
        answer.json()
    assert caller.counts() == (1, 0)


@both
def test_a_hanging_create_is_accepted_before_anyone_hears_of_it(caller: Caller) -> None:
    with pytest.raises(requests.ReadTimeout):
        caller.create("[sandbox:hang=1]", timeout=0.2)
    assert caller.counts() == (1, 0)
    started = time.monotonic()
    assert caller.create("[sandbox:hang=0.3]").status_code == 200
    assert time.monotonic() - started > 0.3


@both
@pytest.mark.parametrize(
    ("directive", "code"),
    [
        ("fail", {OPENAI: "video_generation_failed", RUNWAY: "INTERNAL.BAD_OUTPUT.CODE01"}),
        ("filtered", {OPENAI: "moderation_blocked", RUNWAY: "SAFETY.OUTPUT.VIDEO"}),
    ],
)
def test_a_job_fails_half_way(caller: Caller, skip: Skip, provider: str, directive: str, code: dict[str, str]) -> None:
    job = caller.job(f"[sandbox:{directive}][sandbox:slow=100]")
    skip(49)
    assert caller.read(job)["status"] in ("in_progress", "RUNNING")
    skip(2)
    body = caller.read(job)
    assert body["status"] in ("failed", "FAILED")
    assert (body["failureCode"] if provider == RUNWAY else body["error"]["code"]) == code[provider]


@pytest.mark.parametrize("provider", [OPENAI])
def test_a_stuck_job_stays_at_99_percent(caller: Caller, skip: Skip) -> None:
    job = caller.job("[sandbox:stuck]")
    skip(86_400)
    body = caller.read(job)
    assert (body["status"], body["progress"]) == ("in_progress", 99)


@pytest.mark.parametrize("provider", [RUNWAY])
def test_runway_holds_a_throttled_task_back(caller: Caller, skip: Skip) -> None:
    job = caller.job("[sandbox:throttled][sandbox:slow=100]")
    assert caller.read(job)["status"] == "THROTTLED"
    skip(60)
    assert caller.read(job)["status"] == "RUNNING"


@pytest.mark.parametrize(("provider", "word"), [(OPENAI, "preparing"), (RUNWAY, "HIBERNATING")])
def test_a_weird_job_says_an_unknown_word_and_completes(caller: Caller, skip: Skip, word: str) -> None:
    job = caller.job("[sandbox:weird][sandbox:slow=100]")
    assert caller.read(job)["status"] == word
    skip(100)
    assert caller.read(job)["status"].lower() in ("completed", "succeeded")


@both
def test_trouble_may_end_after_a_number_of_times(caller: Caller) -> None:
    directive = "[sandbox:429 times=2]"
    assert [caller.create(directive).status_code for _ in range(3)] == [429, 429, 200]
    assert caller.create("another prompt [sandbox:429 times=2]").status_code == 429


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a cat", []),
        ("[sandbox:fail]", [trouble.Directive("fail")]),
        ("[sandbox:slow=2.5 times=3] x", [trouble.Directive("slow", 2.5, 3)]),
        ("[sandbox:429][sandbox:stuck]", [trouble.Directive("429"), trouble.Directive("stuck")]),
    ],
)
def test_directives_are_found_in_a_prompt(prompt: str, expected: list[trouble.Directive]) -> None:
    assert trouble.parse(prompt) == expected


@pytest.mark.parametrize("inner", ["", "fial", "slow", "fail=3", "429 time=1", "slow=x", "Fail"])
def test_a_misspelt_directive_is_an_error(inner: str) -> None:
    with pytest.raises(trouble.UnknownDirective):
        trouble.parse(f"a cat [sandbox:{inner}]")


@pytest.mark.parametrize("text", [trouble.__doc__, README.read_text()])
def test_every_directive_is_documented(text: str) -> None:
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    documented = {name.partition("=")[0] for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert documented == trouble.PLAIN | trouble.TIMED
