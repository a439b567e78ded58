"""Brings together what several experts say of one quantity, smooths it, and says how far they disagree."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.vocabulary.time import Seconds

LOW, HIGH = -1.0, 1.0
MEMORY = 0.7
"""Weight of the value before in the exponential smoothing (source: the product's design)."""
MOST_UNSURE = 0.4
"""Standard deviation above which a second does not move the smoothed value (source: the product's design)."""
FORGET_S: Seconds = 10.0
"""After so long without a word smoothing begins anew; also how far back stability looks (source: guess)."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """A value in -1..1 and its variance."""

    value: float
    variance: float


@dataclass(frozen=True, slots=True)
class Smoothed:
    """What is told: the smoothed `opinion`, and of the unsmoothed values of the last ten seconds `stability`, their
    variance, and `jitter`, the mean step from one to the next."""

    opinion: Opinion
    stability: float
    jitter: float


def fused(opinions: Sequence[Opinion]) -> Opinion | None:
    """The mean weighted by inverse variances, held within -1..1, with the variance that independent experts would have;
    None where nobody speaks.

    >>> fused([Opinion(0.0, 0.1), Opinion(1.0, 0.1)])
    Opinion(value=0.5, variance=0.05)
    """
    sure = [(one.value, 1.0 / max(one.variance, 1e-6)) for one in opinions if math.isfinite(one.value + one.variance)]
    weight = sum(w for _, w in sure)
    if weight <= 0.0:
        return None
    mean = sum(value * w for value, w in sure) / weight
    return Opinion(min(HIGH, max(LOW, mean)), 1.0 / weight)


def conflict(one: Opinion, other: Opinion) -> float:
    """How strongly two experts contradict one another, 0..1: 1 - exp(-d^2 / 2), d their distance in standard deviations
    of their difference. 0.5 is reached at 1.2 of them.

    >>> round(conflict(Opinion(0.0, 0.1), Opinion(1.0, 0.1)), 2), conflict(Opinion(0.3, 0.1), Opinion(0.3, 0.1))
    (0.92, 0.0)
    """
    spread = max(one.variance + other.variance, 1e-6)
    return 1.0 - math.exp(-((one.value - other.value) ** 2) / spread / 2.0)


class Smoothing:
    """Remembers one quantity of one person."""

    def __init__(self) -> None:
        self._value: float | None = None
        self._said: deque[tuple[Seconds, float]] = deque()

    def add(self, time_s: Seconds, opinion: Opinion) -> Smoothed:
        """What to tell of the second that ends at `time_s`; an opinion that is too unsure moves nothing once there is
        a value."""
        while self._said and not 0.0 <= time_s - self._said[0][0] <= FORGET_S:
            self._said.popleft()
        if not self._said:
            self._value = None
        sure = math.sqrt(opinion.variance) <= MOST_UNSURE
        if self._value is None:
            self._value = opinion.value
        elif sure:
            self._value = MEMORY * self._value + (1.0 - MEMORY) * opinion.value
        self._said.append((time_s, opinion.value))
        values = [value for _, value in self._said]
        mean = sum(values) / len(values)
        steps = [abs(b - a) for a, b in pairwise(values)]
        stability = sum((value - mean) ** 2 for value in values) / len(values)
        return Smoothed(Opinion(self._value, opinion.variance), stability, sum(steps) / len(steps) if steps else 0.0)
