"""A plain level detector: smoothed standard scores, with what is usual learned per person or for everybody."""

import numpy as np
from numpy.typing import NDArray

from services.evaluation.recording import DayBlock
from services.evaluation.traces import Trace, binned

Floats = NDArray[np.float64]
LEVEL_S = 8.0
_HOUR_S = 3600
_FARTHEST = 4.0
"""Spreads beyond which a distance is no farther (guess)."""


class Moments:
    """Mean and standard deviation of everything before the hour that is judged, (rows, channels): one row for each
    resident, or a single one for everybody."""

    def __init__(self, residents: int, channels: int, personal: bool) -> None:
        self._row = np.arange(residents) if personal else np.zeros(residents, int)
        shape = (residents if personal else 1, channels)
        self._count, self._sum, self._squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)

    def scores(self, resident: int, values: Floats) -> Floats:
        """Distances of `values` (n, channels) from the usual so far, in spreads; NaN before an hour was seen."""
        row = self._row[resident]
        count = np.where(self._count[row] >= _HOUR_S / 2, self._count[row], np.nan)
        mean = self._sum[row] / count
        spread = np.sqrt(np.maximum(self._squares[row] / count - mean * mean, 1e-12))
        distances: Floats = (values - mean) / spread
        return distances

    def learn(self, resident: int, values: Floats) -> None:
        """Take `values` in."""
        row, there = self._row[resident], np.isfinite(values)
        kept = np.where(there, values, 0.0)
        self._count[row] += there.sum(axis=0)
        self._sum[row] += kept.sum(axis=0)
        self._squares[row] += (kept * kept).sum(axis=0)


class LevelWatcher:
    """A plain personal or population detector: root mean square of smoothed standard scores, kept as a trace."""

    def __init__(self, residents: int, channels: int, personal: bool) -> None:
        self._moments = Moments(residents, channels, personal)
        self._peaks: list[list[Floats]] = [[] for _ in range(residents)]

    def watch(self, block: DayBlock) -> None:
        """One day of every resident."""
        for resident in range(block.values.shape[1]):
            distances = _hourly(self._moments, resident, block.values[:, resident])
            self._peaks[resident].append(binned(level(distances)))

    def trace(self) -> Trace:
        """Peaks so far."""
        return Trace(tuple(np.concatenate(parts) for parts in self._peaks))


def level(distances: Floats) -> Floats:
    """(n,): root mean square over channels of smoothed distances; what is absent counts as usual."""
    from scipy.signal import lfilter

    gain = 1.0 / LEVEL_S
    clipped = np.clip(np.nan_to_num(distances), -_FARTHEST, _FARTHEST)
    smooth = lfilter([gain], [1.0, gain - 1.0], clipped, axis=0)
    height: Floats = np.sqrt((smooth * smooth).mean(axis=1))
    return height


def _hourly(moments: Moments, resident: int, values: Floats) -> Floats:
    """Each hour is judged by what was usual before it."""
    parts = []
    for begin in range(0, len(values), _HOUR_S):
        hour = values[begin : begin + _HOUR_S]
        parts.append(moments.scores(resident, hour))
        moments.learn(resident, hour)
    return np.concatenate(parts)
