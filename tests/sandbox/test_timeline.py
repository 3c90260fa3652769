"""The course of a job is a function of the clock."""

import pytest

from sandbox.timeline import Phase, standing


@pytest.mark.parametrize(
    ("elapsed", "plan", "phase", "progress"),
    [
        (-5.0, {}, Phase.QUEUED, 0.0),
        (0.0, {}, Phase.QUEUED, 0.0),
        (1.0, {}, Phase.RUNNING, 0.1),
        (9.99, {}, Phase.RUNNING, 0.99),
        (10.0, {}, Phase.SUCCEEDED, 1.0),
        (10.0, {"slow": 100.0}, Phase.RUNNING, 0.1),
        (9e9, {"stuck": 0.0}, Phase.RUNNING, 0.99),
        (4.9, {"fail": 0.0}, Phase.RUNNING, 0.49),
        (5.0, {"fail": 0.0}, Phase.FAILED, 0.5),
        (1.0, {"refuse": 0.0}, Phase.FAILED, 0.1),
        (4.9, {"throttled": 0.0}, Phase.THROTTLED, 0.0),
        (5.0, {"throttled": 0.0}, Phase.RUNNING, 0.5),
        (4.0, {"weird": 0.0}, Phase.WEIRD, 0.4),
        (6.0, {"weird": 0.0}, Phase.RUNNING, 0.6),
    ],
)
def test_a_job_of_ten_seconds(elapsed: float, plan: dict[str, float], phase: Phase, progress: float) -> None:
    now = standing(1000.0, 10.0, plan, 1000.0 + elapsed)
    assert now.phase is phase
    assert now.progress == pytest.approx(progress)
    assert (now.ended_at is not None) == (phase in (Phase.SUCCEEDED, Phase.FAILED))
    assert (now.completed_at is not None) == (phase is Phase.SUCCEEDED)


def test_the_end_is_when_it_ended_however_late_one_asks() -> None:
    assert standing(1000.0, 10.0, {}, 5000.0).ended_at == 1010.0
    assert standing(1000.0, 10.0, {"filtered": 0.0}, 5000.0).ended_at == 1005.0


def test_a_job_may_take_no_time() -> None:
    assert standing(1000.0, 0.0, {}, 1000.0).phase is Phase.SUCCEEDED
