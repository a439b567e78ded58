"""The plain rules as detectors: fixed thresholds on standard scores, learned per person or for everybody."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.evaluation.nouns import Alarm
from services.evaluation.recording import DayBlock
from services.evaluation.traces import Trace, binned, events
from services.vocabulary import Cue

Floats = NDArray[np.float64]
FAR, FAR_SUSTAINED, SUSTAINED_S = 3.0, 2.0, 20
"""The rules in their own words: any channel beyond 3 sigma at once; beyond 2 sigma for T seconds."""
COMPOSITE = 2.0
"""Mean distance over channels at which the plain composite alarms (guess)."""
ALARM_CUES, CUE_PROBABILITY = ("scream", "cry", "fall_noise", "glass"), 0.5
LEVEL_S = 8.0
_HOUR_S = 3600
_FARTHEST = 4.0


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


class LiteralWatcher:
    """Alarms of the plain rules, with each resident's own mean and standard deviation."""

    def __init__(self, residents: int, channels: int) -> None:
        self._moments = Moments(residents, channels, personal=True)
        self._bins: list[list[tuple[Floats, Floats]]] = [[] for _ in range(residents)]

    def watch(self, block: DayBlock) -> None:
        """One day of every resident."""
        for resident in range(block.values.shape[1]):
            distances = _hourly(self._moments, resident, block.values[:, resident])
            cues = cue_seconds(block.cues, resident, len(distances))
            immediate, urgent = plain_rules(distances, cues)
            self._bins[resident].append((binned(immediate), binned(urgent)))

    def alarms(self) -> tuple[Alarm, ...]:
        """Everything told so far."""
        told: list[Alarm] = []
        for resident, parts in enumerate(self._bins):
            immediate, urgent = (np.concatenate(column) > 0.0 for column in zip(*parts, strict=True))
            told += events(urgent, immediate, resident)
        return tuple(told)


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


def plain_rules(distances: Floats, cues: Floats) -> tuple[Floats, Floats]:
    """1.0 in each second in which tier 1, and tier 2, speaks: `distances` (n, channels) in spreads, `cues` (n,) the
    probability of the loudest alarm cue.

    >>> immediate, urgent = plain_rules(np.r_[np.full(30, 2.5), 3.5][:, None], np.zeros(31))
    >>> int(immediate.sum()), int(urgent.sum())
    (1, 12)
    """
    far = np.abs(np.nan_to_num(distances))
    there = np.maximum(np.isfinite(distances).sum(axis=1), 1)
    immediate = (far > FAR).any(axis=1) | (far.sum(axis=1) / there > COMPOSITE) | (cues >= CUE_PROBABILITY)
    second = np.arange(len(far))[:, None]
    calm = np.maximum.accumulate(np.where(far > FAR_SUSTAINED, -1, second), axis=0)
    urgent = np.asarray((second - calm >= SUSTAINED_S).any(axis=1), np.float64)
    return np.asarray(immediate, np.float64), urgent


def level(distances: Floats) -> Floats:
    """(n,): root mean square over channels of smoothed distances; what is absent counts as usual."""
    from scipy.signal import lfilter

    gain = 1.0 / LEVEL_S
    clipped = np.clip(np.nan_to_num(distances), -_FARTHEST, _FARTHEST)
    smooth = lfilter([gain], [1.0, gain - 1.0], clipped, axis=0)
    height: Floats = np.sqrt((smooth * smooth).mean(axis=1))
    return height


def cue_seconds(cues: Sequence[tuple[int, int, Cue]], resident: int, n: int) -> Floats:
    """(n,): probability of the loudest alarm cue of a resident in each second."""
    loudest = np.zeros(n)
    for second, who, cue in cues:
        if who == resident and cue.name.value in ALARM_CUES:
            loudest[second] = max(loudest[second], cue.probability)
    return loudest


def _hourly(moments: Moments, resident: int, values: Floats) -> Floats:
    """Each hour is judged by what was usual before it."""
    parts = []
    for begin in range(0, len(values), _HOUR_S):
        hour = values[begin : begin + _HOUR_S]
        parts.append(moments.scores(resident, hour))
        moments.learn(resident, hour)
    return np.concatenate(parts)
