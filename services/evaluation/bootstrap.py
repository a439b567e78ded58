"""How sure a figure is: percentile intervals by drawing persons, not seconds, with replacement."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ROUNDS = 1000
LEVEL = 0.95


class Interval(NamedTuple):
    """A value and the bounds that hold it with 95 % (percentile bootstrap, Efron 1979); NaN where there is nothing."""

    value: float
    low: float
    high: float


def ratio(numerators: Floats, denominators: Floats, rng: np.random.Generator) -> Interval:
    """Sum over sum, each array with one entry per person.

    >>> ratio(np.array([1.0, 1.0]), np.array([2.0, 2.0]), np.random.default_rng(1))
    Interval(value=0.5, low=0.5, high=0.5)
    """
    n = len(numerators)
    drawn = rng.integers(0, n, (ROUNDS, n))
    above, below = numerators[drawn].sum(axis=1), denominators[drawn].sum(axis=1)
    whole = float(denominators.sum())
    if whole <= 0.0:
        return Interval(np.nan, np.nan, np.nan)
    kept = below > 0.0
    return _interval(float(numerators.sum()) / whole, above[kept] / below[kept])


def pooled(values: list[Floats], statistic: Callable[[Floats], float], rng: np.random.Generator) -> Interval:
    """`statistic` of all values together; `values` holds those of each person."""
    everything = np.concatenate([*values, np.zeros(0)])
    if not len(everything):
        return Interval(np.nan, np.nan, np.nan)
    drawn = []
    for _ in range(ROUNDS // 2):
        again = np.concatenate([values[i] for i in rng.integers(0, len(values), len(values))])
        if len(again):
            drawn.append(statistic(again))
    return _interval(statistic(everything), np.array(drawn))


def _interval(value: float, drawn: Floats) -> Interval:
    low, high = np.quantile(drawn, [(1.0 - LEVEL) / 2, (1.0 + LEVEL) / 2])
    return Interval(value, float(low), float(high))
