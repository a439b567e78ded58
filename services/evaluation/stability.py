"""Whether figures are as good for everybody: how far residents differ beyond what chance alone would make. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.evaluation.bootstrap import LEVEL, ROUNDS, Interval
from services.evaluation.opinions import Measure, Said

Floats = NDArray[np.float64]
LEAST = 3
"""Residents with at least one answer each, of whom one has two: fewer say nothing about a spread."""


@dataclass(frozen=True, slots=True)
class Stability:
    """Of one measure: the standard deviation between residents (0: no more than chance), over `residents` of them."""

    measure: Measure
    spread: Interval
    residents: int


def stability(answers: Sequence[Said], seed: int = 0) -> list[Stability]:
    """Every measure that was counted of enough residents, with intervals by drawing residents (Efron 1979)."""
    found = []
    for measure in Measure:
        by: dict[str, list[float]] = {}
        for one in answers:
            if one.person and measure in one.counted:
                by.setdefault(one.person, []).append(one.counted[measure])
        groups = [np.array(by[person], float) for person in sorted(by)]
        if len(groups) >= LEAST and max(len(group) for group in groups) > 1:
            found.append(Stability(measure, _interval(groups, np.random.default_rng(seed)), len(groups)))
    return found


def between(groups: Sequence[Floats]) -> float:
    """Standard deviation between groups of unequal size by the analysis of variance (Searle 1971): what the means
    differ more than their values within explain, 0 where they differ less. NaN where no group has two values.

    >>> between([np.array([0.0, 0.0]), np.array([1.0, 1.0])])
    0.7071067811865476
    >>> between([np.array([0.0, 1.0]), np.array([1.0, 0.0])])
    0.0
    """
    sizes = np.array([len(group) for group in groups], float)
    n, k = float(sizes.sum()), len(groups)
    if k < 2 or n <= k:
        return math.nan
    means = np.array([group.mean() for group in groups])
    whole = float((sizes * means).sum()) / n
    among = float((sizes * (means - whole) ** 2).sum()) / (k - 1)
    within = float(sum(((group - group.mean()) ** 2).sum() for group in groups)) / (n - k)
    size = (n - float((sizes**2).sum()) / n) / (k - 1)
    return math.sqrt(max(0.0, (among - within) / size))


def _interval(groups: Sequence[Floats], rng: np.random.Generator) -> Interval:
    drawn = []
    for _ in range(ROUNDS // 2):
        again = between([groups[i] for i in rng.integers(0, len(groups), len(groups))])
        if not math.isnan(again):
            drawn.append(again)
    low, high = np.quantile(drawn, [(1.0 - LEVEL) / 2, (1.0 + LEVEL) / 2])
    return Interval(between(groups), float(low), float(high))
