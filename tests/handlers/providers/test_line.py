"""The circuit breaker and the limit of each provider, alone and in a gateway."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from handlers.errors import CircuitOpen, NotSent, OutcomeUnknown, ProviderTimeout
from handlers.providers import line
from handlers.providers.line import FAILURES, Line
from handlers.upstream import Reply
from tests.gateway import running
from tests.handlers.wire import CUT, Received, Steps, configured, origin, reply, standalone_sandbox

UP, DOWN, REFUSED = Reply(200, {}, b""), Reply(503, {}, b""), Reply(400, {}, b"")


def sends(*outcomes: Reply | Exception) -> Callable[[], Awaitable[Reply]]:
    """Something that is sent, and what comes of it time after time, the last for ever."""
    left = list(outcomes)

    async def send() -> Reply:
        outcome = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return send


async def fail(asked: Line, times: int, outcome: Reply | Exception = DOWN) -> None:
    for _ in range(times):
        try:
            await asked.call(sends(outcome), creates=False)
        except (NotSent, ProviderTimeout, OutcomeUnknown) as error:
            assert error is outcome


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """[now]: what the line takes for the time."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    "outcome", [DOWN, Reply(504, {}, b""), NotSent("x"), ProviderTimeout("x"), OutcomeUnknown("x")]
)
async def test_a_provider_that_keeps_failing_is_left_alone(outcome: Reply | Exception, clock: list[float]) -> None:
    asked = Line("runway")
    await fail(asked, FAILURES, outcome)
    with pytest.raises(CircuitOpen, match=r"runway has failed 10 times in a row\. It is asked again in 2 s") as refused:
        await asked.call(sends(UP), creates=True)
    assert (refused.value.status, refused.value.retry_after) == (503, 2.0)


async def test_what_a_provider_refuses_is_no_failure(clock: list[float]) -> None:
    asked = Line()
    for _ in range(3):
        await fail(asked, FAILURES - 1)
        assert await asked.call(sends(REFUSED), creates=False) is REFUSED


async def test_one_call_finds_out_whether_it_is_up_again(clock: list[float]) -> None:
    asked = Line()
    await fail(asked, FAILURES)
    clock[0] += 2.1
    hanging = asyncio.Event()

    async def slow() -> Reply:
        await hanging.wait()
        return UP

    trial = asyncio.create_task(asked.call(slow, creates=False))
    await asyncio.sleep(0)
    with pytest.raises(CircuitOpen):
        await asked.call(sends(UP), creates=False)
    hanging.set()
    assert await trial is UP
    assert await asked.call(sends(UP), creates=False) is UP


async def test_it_is_left_alone_longer_each_time(clock: list[float]) -> None:
    asked = Line()
    await fail(asked, FAILURES)
    pauses = []
    for _ in range(7):
        with pytest.raises(CircuitOpen) as refused:
            await asked.call(sends(UP), creates=False)
        pauses.append(refused.value.retry_after)
        clock[0] += pauses[-1] + 0.1
        await fail(asked, 1)
    assert pauses == pytest.approx([2, 4, 8, 16, 32, 60, 60])


async def test_calls_that_were_under_way_do_not_prolong_the_pause(clock: list[float]) -> None:
    asked, hanging = Line(), asyncio.Event()

    async def slow() -> Reply:
        await hanging.wait()
        return DOWN

    under_way = [asyncio.create_task(asked.call(slow, creates=True)) for _ in range(20)]
    await asyncio.sleep(0)
    await fail(asked, FAILURES)
    hanging.set()
    await asyncio.gather(*under_way)
    clock[0] += 2.1
    assert await asked.call(sends(UP), creates=False) is UP


async def test_a_trial_that_never_ends_is_followed_by_another(clock: list[float]) -> None:
    asked = Line()
    await fail(asked, FAILURES)
    clock[0] += 2.1
    lost = asyncio.create_task(asked.call(asyncio.Event().wait, creates=False))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    lost.cancel()
    clock[0] += line.TRIAL + 0.1
    assert await asked.call(sends(UP), creates=False) is UP


async def test_only_so_many_questions_at_once_and_any_number_of_creates() -> None:
    asked, under_way, most = Line(at_once=3), 0, 0

    async def send() -> Reply:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return UP

    await asyncio.gather(*(asked.call(send, creates=False) for _ in range(20)))
    assert most == 3
    await asyncio.gather(*(asked.call(send, creates=True) for _ in range(20)))
    assert most == 20


def test_a_provider_that_hangs_holds_up_no_other(tmp_path: Path) -> None:
    """Fifty jobs of a provider that answers nothing any more, and one of a provider that is well."""
    hangs = False
    queued = reply(200, b'{"id": "video_1", "object": "video", "status": "queued"}', content_type="application/json")

    def answer(request: Received) -> Steps:
        return [3600.0] if hangs and request.method == "GET" else [queued]

    with origin(answer) as bad, standalone_sandbox(tmp_path / "provider", job_seconds=1) as good:
        providers = configured(openai=bad.url, runway=f"{good}/runway")
        with running(tmp_path, configuration=providers, poll_seconds=0.2) as gateway:
            for number in range(50):
                gateway.create(f"{number}", model="openai/sora-2")
            hangs = True
            assert gateway.finished(gateway.create()["id"])["status"] == "completed"


def test_a_provider_that_is_down_gives_way_to_the_next_at_once(tmp_path: Path) -> None:
    with origin(lambda _: [CUT]) as bad, standalone_sandbox(tmp_path / "provider", job_seconds=1) as good:
        network = {"max_retries": 0}
        providers = configured(network=network, openai=f"{bad.url}/v1", runway=f"{good}/runway")
        with running(tmp_path, configuration=providers) as gateway:
            for number in range(FAILURES):
                body = {"model": "openai/sora-2", "prompt": f"{number}"}
                assert gateway.ask("POST", "/v1/videos", json=body).json()["error"]["code"] == "submission_unknown"
            refused = gateway.ask("POST", "/v1/videos", json={"model": "openai/sora-2", "prompt": "x"})
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "provider_down")
            assert int(refused.headers["retry-after"]) >= 1
            served = gateway.create(model="openai/sora-2", fallbacks=["runway/gen4.5"])
            first, second = served["extra_fields"]["attempts"]
            assert (first["outcome"], second["outcome"]) == ("not_sent", "accepted")
