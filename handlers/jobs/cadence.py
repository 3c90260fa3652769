"""How often to ask about a running job: seldom while it cannot be ready, often when it should be.

What a model usually takes is learned from the jobs that this process has seen end. Nothing is stored: a process that has just
started asks at the provider's own pace until it knows better.
"""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import Final

SEEN: Final = 20  # jobs of a model that are remembered
ENOUGH: Final = 3  # of them before anything is concluded
LONGEST: Final = 30.0  # seconds between two questions to a provider that answers


class Cadence:
    def __init__(self) -> None:
        self._took: dict[tuple[str, str], deque[float]] = {}

    def learn(self, provider: str, model: str, seconds: float) -> None:
        """A job of the model was completed after that long."""
        self._took.setdefault((provider, model), deque(maxlen=SEEN)).append(seconds)

    def pause(self, provider: str, model: str, age: float, pace: float) -> float:
        """Seconds until a job of that age, in seconds, is asked about again. `pace` is the provider's, the least there is.

        A quarter of the time that is left as a rule, so that the questions come closer as the end does; and a tenth of the
        time that a job is overdue, so that one that is stuck is left alone more and more.
        """
        took = self._took.get((provider, model), ())
        if len(took) < ENOUGH:
            return pace
        left = median(took) - age
        return min(max(left / 4, -left / 10, pace), max(LONGEST, pace))
