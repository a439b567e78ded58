"""How far out each statistic of a recorded series usually is, from block maxima of the rows before."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from threshold_service.statistics import tail as tails
from threshold_service.statistics.arrays import Floats, Ints

BLOCK = 8
"""Rows per block maximum: neighbours that say the same count once (source: guess)."""
APART = 8
"""Blocks that are taken together for the thresholds, once there are many: what lasts over several opens one event."""
REMEMBERED = 4096
"""Blocks that a calibration looks back on."""
PRIOR_BLOCKS = 10.0
"""Blocks that the expectation of independent Gaussian rows counts as (source: guess)."""
LEAST_EXCESS = 0.5
"""Share of a Gaussian's excess that is believed at least (source: guess): a statistic at its limit has none."""
MOST_EXCESS = 4.0
"""An excess counts at most as so many times the distance from the upper quartile to the 95th percentile: an anomaly in
the history may not hide the next one (source: guess)."""
MOST_KEPT = 1.5
"""Thresholds that an anomaly counts as at most in the history: it raises the next threshold little more than an
ordinary exceedance would, and a threshold that was too low can still grow (source: guess)."""
RELEASE = 0.25
"""An event may end once the evidence is down to this share of its way to the threshold (as in the live engine)."""
GAUSSIAN = np.array([
    [1.7, 0.39], [3.3, 2.0], [1.8, 1.0], [0.8, 0.53], [0.06, 0.17], [0.34, 0.12], [0.06, 0.15], [3.3, 2.0], [1.8, 1.0],
])  # fmt: skip
"""Median, and mean excess over the upper quartile, of the block maxima of each statistic of the kernel on independent
Gaussian rows (measured on 200,000 of them, one a second)."""


class Tail(NamedTuple):
    """What was usual at a calibration: `typical` block maximum and `excess` of each statistic (c, k), the `scale` of
    the evidence, and in that scale the thresholds of tiers 1 and 2 and where an event is released."""

    typical: Floats
    excess: Floats
    scale: float
    immediate: float
    urgent: float
    release: float

    def evidence(self, said: Floats) -> tuple[Floats, Ints]:
        """What rows (n, c, k) say over the tail scale, (n,), and the channel that says it, -1 where none does."""
        by_channel = np.maximum((said - self.typical) / self.excess, 0.0).max(axis=2)
        top = by_channel.argmax(axis=1)
        most = by_channel[np.arange(len(top)), top]
        return most / self.scale, np.where(most > 0.0, top, -1)

    def kept(self, said: Floats) -> Floats:
        """What the next calibration may learn of rows (n, c, k): nothing beyond `MOST_KEPT` thresholds."""
        most = self.typical + self.excess * (self.scale * MOST_KEPT * self.urgent)
        return said if math.isinf(self.urgent) else np.minimum(said, most)


def block_maxima(values: Floats, rows: int = BLOCK) -> Floats:
    """Maxima of whole blocks of so many of (n, ...).

    >>> block_maxima(np.arange(20.0)).tolist()
    [7.0, 15.0]
    """
    whole = len(values) // rows
    maxima: Floats = values[: whole * rows].reshape(whole, rows, *values.shape[1:]).max(axis=1)
    return maxima


def calibrated(maxima: Sequence[Floats], per_row: tuple[float, float]) -> Tail:
    """The tail of block maxima (blocks, c, k), latest last; `per_row`: events of tier 1, and of tiers 1 and 2, that a
    row may open."""
    history = np.concatenate(maxima)[-REMEMBERED:]
    typical, excess = _tails(history)
    plain = Tail(typical, excess, 1.0, math.inf, math.inf, math.inf)
    spoken = plain.evidence(history)[0]
    scale = _scale(spoken)
    spoken = spoken / scale
    together = APART if len(spoken) >= 50 * APART else 1
    apart = block_maxima(spoken, together)
    immediate, urgent = (tails.threshold(apart, rate * BLOCK * together) for rate in per_row)
    middle = float(np.median(spoken))
    return Tail(typical, excess, scale, max(immediate, urgent), urgent, middle + RELEASE * (urgent - middle))


def _tails(history: Floats) -> tuple[Floats, Floats]:
    """Median, and mean excess over the upper quartile, of (blocks, c, k), drawn to those of a Gaussian."""
    typical, upper, high = np.quantile(history, [0.5, 0.75, 0.95], axis=0)
    over = np.minimum(np.maximum(history - upper, 0.0), MOST_EXCESS * (high - upper))
    prior = GAUSSIAN[:, 1]
    excess = (over.sum(axis=0) + PRIOR_BLOCKS * prior) / ((history > upper).sum(axis=0) + PRIOR_BLOCKS)
    excess = np.maximum(excess, LEAST_EXCESS * prior)
    excess = np.maximum(excess, (upper - typical) / math.log(2.0))  # of an exponential tail both are the same
    weight = PRIOR_BLOCKS / (PRIOR_BLOCKS + len(history))
    return (1.0 - weight) * typical + weight * GAUSSIAN[:, 0], excess


def _scale(spoken: Floats) -> float:
    """Mean excess of the evidence's block maxima (blocks,) over their upper quartile, drawn to 1."""
    upper, high = np.quantile(spoken, [0.75, 0.95])
    over = np.minimum(np.maximum(spoken - upper, 0.0), MOST_EXCESS * (high - upper))
    return float((over.sum() + PRIOR_BLOCKS) / ((spoken > upper).sum() + PRIOR_BLOCKS))
