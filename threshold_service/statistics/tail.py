"""From the largest maxima of a history to a threshold that is exceeded as rarely as the budget allows."""

import math
from collections.abc import Sequence
from operator import mul

import numpy as np
from numpy.typing import NDArray

from threshold_service.statistics.arrays import Floats

TOP = 16
"""Largest maxima that give the scale of the tail."""
BEND_SHARE, BEND_TOP = 0.08, 100
"""Share and most of the largest maxima that give its bend."""
BEND, BEND_SPREAD = 0.1, 0.15
"""What bend is expected before any evidence, and how far people lie about it: tails of people are a little heavier than
exponential, because ordinary excitements are rarer than calm."""
CARE = 1.5
"""By so much fewer excesses than there are the scale is taken to rest on: they also chose the bend.
Source of all five: measured on exponential, bounded, heavy (bend 0.2) and bursting maxima, 200 histories of half a day
to 14 days, for once in one to ten days: the mean of told / promised over the four is 0.84 to 1.14 in every cell (an
exponential tail through 34 excesses: up to 3.1 in one family)."""
ENOUGH = 3.0
"""Exceedances that a history should hold for its own order statistics to be the threshold; below `SHOWN` the tail model
alone speaks, between them both (source: guess; an order statistic is exceeded as often as its rank says, whatever the
distribution, while the model is wrong where the tail is not exponential)."""
SHOWN = 1.0


def threshold(maxima: "NDArray[np.float32] | Floats", exceedances_per_block: float) -> float:
    """The value that a new block's maximum exceeds with probability `exceedances_per_block`; inf for fewer than 8
    blocks: nothing can be said.

    >>> rng = np.random.default_rng(1)
    >>> bool(abs(threshold(rng.exponential(size=100_000), 1e-3) - math.log(1e3)) < 0.3)
    True
    """
    highest = -np.sort(-np.asarray(maxima, dtype=np.float64))
    return from_highest(highest.tolist(), len(maxima), exceedances_per_block)


def from_highest(highest: Sequence[float], blocks: int, exceedances_per_block: float) -> float:
    """The same of the `highest` maxima of `blocks`, largest first; lower ones need not be known."""
    if blocks < 8:
        return math.inf
    rank = exceedances_per_block * (blocks + 1)
    share = min(max((rank - SHOWN) / (ENOUGH - SHOWN), 0.0), 1.0)
    modelled = extrapolated(highest, blocks, exceedances_per_block) if share < 1.0 else 0.0
    return (1.0 - share) * modelled + (share * order_statistic(highest, rank) if share > 0.0 else 0.0)


def order_statistic(highest: Sequence[float], rank: float) -> float:
    """The value at a `rank` (1.0: the largest) that need not be whole, between the two nearest: of n exchangeable
    maxima the k-th largest is exceeded by the next one with probability k / (n + 1), whatever their distribution.

    >>> order_statistic([5.0, 3.0, 2.0], 1.5)
    4.0
    """
    low = min(max(int(rank), 1), len(highest))
    high = min(low + 1, len(highest))
    part = min(max(rank - low, 0.0), 1.0)
    return (1.0 - part) * highest[low - 1] + part * highest[high - 1]


def extrapolated(highest: Sequence[float], blocks: int, exceedances_per_block: float) -> float:
    """The threshold from a generalised Pareto tail (Pickands 1975) through the largest maxima.

    Its bend comes from probability-weighted moments (Hosking & Wallis 1987), shrunk to `BEND`. The fitted scale is
    itself uncertain, so the predictive tail is used: for k exponential excesses of mean b it is (1 + x / (k b))^-k
    (Bayesian, flat prior on log b), which is then bent. Few blocks give a higher threshold, never a lower one.
    """
    top = min(size(blocks), len(highest) - 1)
    rarer = (top / blocks) / exceedances_per_block
    start = highest[top]
    if rarer <= 1.0:
        return order_statistic(highest, exceedances_per_block * (blocks + 1))
    curved = bend(highest, blocks)
    mean = math.fsum([one - start for one in highest[:top]]) / top * (1.0 - curved)
    mean = max(mean, 1e-3 * abs(start), 1e-9)
    rests_on = top / CARE
    far = rests_on * (math.pow(rarer, 1.0 / rests_on) - 1.0)
    return start + mean * (far if abs(curved) < 1e-6 else math.expm1(curved * min(far, 50.0)) / curved)


def bend(highest: Sequence[float], blocks: int) -> float:
    """How much heavier (above 0) or lighter than exponential the tail is, between -0.25 and 0.35."""
    top = min(max(10, int(BEND_SHARE * blocks)), BEND_TOP, blocks // 2, len(highest) - 1)
    start = highest[top]
    excess = [one - start for one in highest[top - 1 :: -1]]
    mean = math.fsum(excess) / top
    upper = math.fsum(map(mul, excess, range(top))) / (top * (top - 1))
    lower = mean - upper
    if mean - 2.0 * lower <= 1e-9 * max(mean, 1e-300):
        return BEND
    own, error = 2.0 - mean / (mean - 2.0 * lower), 1.5 / top
    weight = BEND_SPREAD**2 / (BEND_SPREAD**2 + error)
    return min(max(weight * own + (1.0 - weight) * BEND, -0.25), 0.35)


def size(blocks: int) -> int:
    """How many maxima of so many blocks describe the tail.

    >>> size(16), size(1000)
    (8, 16)
    """
    return min(TOP, blocks // 2)
