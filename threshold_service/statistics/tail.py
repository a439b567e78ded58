"""From a person's own history to a threshold that is exceeded as rarely as the budget allows."""

import math

import numpy as np
from numpy.typing import NDArray

from threshold_service.statistics.arrays import Floats

TOP_SHARE, LEAST_TOP = 0.03, 10
"""Share and least number of the largest maxima that describe the tail (source: measured on 24 simulated residents over
60 hours, half calibrating for the other half: with a quarter of the maxima, brief ordinary excitements, which are
rarer than that, are extrapolated from calm, and tier 1 alarms 20 times as often as promised; with 3 % it keeps)."""


def threshold(maxima: "NDArray[np.float32] | Floats", exceedances_per_block: float) -> float:
    """The value that a new block's maximum exceeds with probability `exceedances_per_block`.

    Excesses of the largest `TOP_SHARE` of `maxima` (blocks,) over the next one are taken as exponential. The fitted
    scale is itself uncertain, so the predictive tail is used, (1 + x / (k b))^-k for k excesses of mean b, which is
    exact for exponential excesses (Bayesian, flat prior on log b): few blocks give a higher threshold, never a lower
    one. Returns inf for fewer than 8 blocks: nothing can be said.

    >>> rng = np.random.default_rng(1)
    >>> bool(abs(threshold(rng.exponential(size=100_000), 1e-3) - math.log(1e3)) < 0.1)
    True
    """
    blocks = len(maxima)
    if blocks < 8:
        return math.inf
    ordered = np.sort(np.asarray(maxima, dtype=np.float64))
    tail = min(max(LEAST_TOP, int(TOP_SHARE * blocks)), blocks // 2)
    rarer = float((tail / blocks) / exceedances_per_block)
    if rarer <= 1.0:
        return float(ordered[min(blocks - 1, int((1.0 - exceedances_per_block) * blocks))])
    start = float(ordered[-tail - 1])
    mean = math.fsum((ordered[-tail:] - start).tolist()) / tail
    mean = max(mean, 1e-3 * abs(start), 1e-9)
    return start + tail * mean * (math.pow(rarer, 1.0 / tail) - 1.0)
