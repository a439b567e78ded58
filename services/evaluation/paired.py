"""Compares two answerers on the same cases: how much better one is, and how sure that is."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from services.evaluation.bootstrap import LEVEL, ROUNDS, Interval


def difference(first: Sequence[float], second: Sequence[float], rng: np.random.Generator) -> Interval:
    """Mean of `second` minus mean of `first`, each with one number per case, the same cases in the same order; a
    percentile interval by drawing cases with replacement (Efron 1979). NaN without cases.

    Raises:
        ValueError: not the same number of cases.

    >>> difference([1, 0, 1], [1, 0, 1], np.random.default_rng(0))
    Interval(value=0.0, low=0.0, high=0.0)
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} cases: expected the same ones")
    gained = np.asarray(second, float) - np.asarray(first, float)
    if not len(gained):
        return Interval(math.nan, math.nan, math.nan)
    drawn = gained[rng.integers(0, len(gained), (ROUNDS, len(gained)))].mean(axis=1)
    low, high = np.quantile(drawn, [(1.0 - LEVEL) / 2, (1.0 + LEVEL) / 2])
    return Interval(float(gained.mean()), float(low), float(high))


def sign_test(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Two-sided p of the exact test for paired right and wrong (McNemar 1947, exact binomial): 1 where they differ
    nowhere.

    >>> sign_test([True] * 6, [False] * 6)
    0.03125
    """
    better = sum(b and not a for a, b in zip(first, second, strict=True))
    worse = sum(a and not b for a, b in zip(first, second, strict=True))
    n, k = better + worse, min(better, worse)
    return min(1.0, 2.0 * sum(math.comb(n, i) for i in range(k + 1)) / 2.0**n)


def exact_bounds(hits: int, n: int) -> Interval:
    """A share with its exact 95 % interval (Clopper and Pearson 1934), by bisection; NaN of nothing.

    >>> [round(bound, 3) for bound in exact_bounds(10, 10)]
    [1.0, 0.692, 1.0]
    """
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} of {n}: expected 0 to {n}")
    if not n:
        return Interval(math.nan, math.nan, math.nan)
    tail = (1.0 - LEVEL) / 2
    low = 0.0 if hits == 0 else _where(lambda share: _at_least(hits, n, share) >= tail)
    high = 1.0 if hits == n else _where(lambda share: 1.0 - _at_least(hits + 1, n, share) <= tail)
    return Interval(hits / n, low, high)


def _at_least(hits: int, n: int, share: float) -> float:
    return sum(math.comb(n, i) * share**i * (1.0 - share) ** (n - i) for i in range(hits, n + 1))


def _where(reached: Callable[[float], bool]) -> float:
    """The smallest share from which on `reached` holds."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return (low + high) / 2
