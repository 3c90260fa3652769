"""Where a job stands at a moment: a pure function of its creation, its plan and the clock.

Nothing works on a job in the background, so a restart, however hard, neither loses nor delays one.
"""

from dataclasses import dataclass
from enum import Enum

from sandbox.trouble import Plan

QUEUED_SHARE = 0.1  # of a job's duration that it waits before it runs
FAILS_AT = {"refuse": QUEUED_SHARE, "fail": 0.5, "filtered": 0.5}  # share of the duration, by directive


class Phase(Enum):
    """The phases that the providers' status words tell apart."""

    QUEUED = "queued"
    THROTTLED = "throttled"
    WEIRD = "weird"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class Standing:
    phase: Phase
    progress: float  # 0 to 1; 1 only when it has succeeded
    ended_at: float | None = None  # Unix seconds; set once it has succeeded or failed

    @property
    def completed_at(self) -> float | None:
        """When it succeeded, in Unix seconds; None if it has not."""
        return self.ended_at if self.phase is Phase.SUCCEEDED else None


def standing(created_at: float, duration: float, plan: Plan, now: float) -> Standing:
    """The state at `now` of a job that takes `duration` seconds; `slow` in the plan overrides that."""
    duration = plan.get("slow", duration)
    share = (now - created_at) / duration if duration > 0 else 1.0
    share = min(1.0, max(0.0, share))
    fails_at = min((FAILS_AT[name] for name in plan if name in FAILS_AT), default=None)
    if fails_at is not None and share >= fails_at:
        return Standing(Phase.FAILED, fails_at, created_at + fails_at * duration)
    if share < 0.5 and "weird" in plan:
        return Standing(Phase.WEIRD, share)
    if share < 0.5 and "throttled" in plan:
        return Standing(Phase.THROTTLED, 0.0)
    if share < QUEUED_SHARE:
        return Standing(Phase.QUEUED, 0.0)
    if share < 1.0 or "stuck" in plan:
        return Standing(Phase.RUNNING, min(share, 0.99))
    return Standing(Phase.SUCCEEDED, 1.0, created_at + duration)
