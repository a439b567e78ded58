"""From the largest maxima of a history to a threshold that is exceeded as rarely as the budget allows."""

import math

import numpy as np
from numpy.typing import NDArray

from threshold_service.statistics.arrays import Floats

TOP = 12
"""Largest maxima that describe the tail (source: measured on four families of maxima, exponential, bounded,
heavy and with rare bursts, 300 histories of four days each, for once in ten days: with 34, heavy tails are exceeded 2.1
and bursts 3.1 times as often as promised, with 12 they are 1.6 and 1.7, and exponential ones 1.1 instead of 1.05)."""
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
    return from_highest(highest, len(maxima), exceedances_per_block)


def from_highest(highest: Floats, blocks: int, exceedances_per_block: float) -> float:
    """The same of the `highest` maxima of `blocks`, largest first; lower ones need not be known."""
    if blocks < 8:
        return math.inf
    rank = exceedances_per_block * (blocks + 1)
    share = min(max((rank - SHOWN) / (ENOUGH - SHOWN), 0.0), 1.0)
    modelled = extrapolated(highest, blocks, exceedances_per_block) if share < 1.0 else 0.0
    return (1.0 - share) * modelled + (share * order_statistic(highest, rank) if share > 0.0 else 0.0)


def order_statistic(highest: Floats, rank: float) -> float:
    """The value at a `rank` (1.0: the largest) that need not be whole, between the two nearest: of n exchangeable
    maxima the k-th largest is exceeded by the next one with probability k / (n + 1), whatever their distribution.

    >>> order_statistic(np.array([5.0, 3.0, 2.0]), 1.5)
    4.0
    """
    low = min(max(int(rank), 1), len(highest))
    high = min(low + 1, len(highest))
    part = min(max(rank - low, 0.0), 1.0)
    return float((1.0 - part) * highest[low - 1] + part * highest[high - 1])


def extrapolated(highest: Floats, blocks: int, exceedances_per_block: float) -> float:
    """Excesses of the largest maxima over the next one are taken as exponential. The fitted scale is itself uncertain,
    so the predictive tail is used, (1 + x / (k b))^-k for k excesses of mean b, which is exact for exponential excesses
    (Bayesian, flat prior on log b): few blocks give a higher threshold, never a lower one.
    """
    tail = min(size(blocks), len(highest) - 1)
    rarer = (tail / blocks) / exceedances_per_block
    start = float(highest[tail])
    if rarer <= 1.0:
        return order_statistic(highest, exceedances_per_block * (blocks + 1))
    mean = math.fsum((highest[:tail] - start).tolist()) / tail
    mean = max(mean, 1e-3 * abs(start), 1e-9)
    return start + tail * mean * (math.pow(rarer, 1.0 / tail) - 1.0)


def size(blocks: int) -> int:
    """How many maxima of so many blocks describe the tail.

    >>> size(16), size(1000)
    (8, 12)
    """
    return min(TOP, blocks // 2)
