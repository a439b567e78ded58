"""A detector that knows how the facility was made: every mean, noise and size, but not what happens when."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.evaluation.oracle_knows import CUES, SCALES, Known, know, linear, private_day
from services.evaluation.recording import DAY_S, DayBlock
from services.evaluation.traces import BIN_S, Trace, binned
from services.simulator.facility import Facility
from services.simulator.observe import CHANNELS
from services.simulator.resident_day import sleep_depth
from services.vocabulary import Cue

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
_TAIL = 0.995
_ORDINARY_DAYS = 2


class Tails(NamedTuple):
    """Each statistic's level that ordinary life exceeds in half a percent of the time, and its mean excess, (k,)."""

    level: Floats
    excess: Floats


class OracleWatcher:
    """Per-second log-likelihood-ratio CUSUMs (Page 1954) over the true generative means, one for each kind and strength
    of episode against the best ordinary explanation of the moment, at two time scales; each is brought to the same tail
    on private days without episodes, and the highest counts. Of posture and habits it weighs only that a fall was seen.
    Keeps a trace: an upper mark for detectors."""

    def __init__(self, facility: Facility) -> None:
        self._facility = facility
        self._known = [know(facility, resident) for resident in range(facility.residents)]
        self._tails = [_tails(facility, resident, known) for resident, known in enumerate(self._known)]
        self._peaks: list[list[Floats]] = [[] for _ in range(facility.residents)]

    def watch(self, block: DayBlock) -> None:
        """One day of every resident."""
        for resident, (known, tails) in enumerate(zip(self._known, self._tails, strict=True)):
            heard = tuple((second, cue) for second, who, cue in block.cues if who == resident)
            values = block.values[:, resident, : len(CHANNELS)]
            sums = _sums(self._facility, resident, known, values, block.persons[:, resident], heard)
            standard = (sums - tails.level[:, None]) / tails.excess[:, None]
            self._peaks[resident].append(binned(np.repeat(standard.max(axis=0), min(SCALES))))

    def trace(self) -> Trace:
        """Peaks so far."""
        return Trace(tuple(np.concatenate(parts) for parts in self._peaks))


def accumulated(ratios: Floats) -> Floats:
    """CUSUM of log-likelihood ratios along the last axis, never below 0.

    >>> accumulated(np.array([[1.0, -3.0, 2.0, 1.0]])).tolist()
    [[1.0, 0.0, 2.0, 3.0]]
    """
    sums = np.cumsum(ratios, axis=-1)
    risen: Floats = sums - np.minimum(np.minimum.accumulate(sums, axis=-1), 0.0)
    return risen


def blocks(values: Floats, length: int) -> Floats:
    """Means of every `length` seconds along the last axis; NaN where nothing was there.

    >>> blocks(np.array([[1.0, np.nan, np.nan, np.nan, 2.0, 4.0]]), 2).tolist()
    [[1.0, nan, 3.0]]
    """
    cut = values.reshape(len(values), -1, length)
    there = np.isfinite(cut)
    count = there.sum(axis=2)
    means: Floats = np.where(count > 0, np.where(there, cut, 0.0).sum(axis=2) / np.maximum(count, 1), np.nan)
    return means


def _tails(facility: Facility, resident: int, known: Known) -> Tails:
    sums = []
    for day in range(_ORDINARY_DAYS):
        lived = private_day(facility, resident, day, ordinary=True)
        sums.append(_sums(facility, resident, known, lived.values, lived.persons, lived.cues))
    ordinary = np.concatenate(sums, axis=1)
    level = np.quantile(ordinary, _TAIL, axis=1)
    beyond = np.maximum(ordinary - level[:, None], 0.0)
    return Tails(level, np.maximum(beyond.sum(axis=1) / np.maximum((beyond > 0.0).sum(axis=1), 1), 0.5))


def _sums(
    facility: Facility, resident: int, known: Known, values: Floats, persons: NDArray[np.int32],
    heard: tuple[tuple[int, Cue], ...],
) -> Floats:  # fmt: skip
    """(scales x states, blocks of the shortest scale): every accumulated statistic of one day."""
    traits = facility.traits(resident)
    asleep = sleep_depth(traits) > 0.5
    empty = (persons == 0) & ~asleep
    off = linear(traits, values.T.copy()) - np.where(empty, known.usual[1], known.usual[0])
    cues = np.zeros((len(CUES), DAY_S))
    for second, cue in heard:
        cues[CUES.index(cue.name), second] = 1.0
    sums = []
    for scale, length in enumerate(SCALES):
        spoken = blocks(cues, length) * length
        ratios = _ratios(known, scale, blocks(off, length), asleep[::length])
        ratios += known.cue_log[0] @ spoken + known.cue_log[1] @ (length - spoken)
        sums.append(np.repeat(accumulated(ratios), length // min(SCALES), axis=1))
    return np.concatenate(sums)


def _ratios(known: Known, scale: int, means: Floats, asleep: Bools) -> Floats:
    """(states, blocks): log-likelihood of each episode state less that of the best ordinary explanation."""
    phi, noise = known.phi[scale], known.noise[scale]
    fresh = np.full_like(means, np.nan)
    fresh[:, 1:] = means[:, 1:] - phi[:, None] * means[:, :-1]
    ratios = np.zeros((known.episodes.shape[2], means.shape[1]))
    present = np.isfinite(fresh)
    codes = (1 << np.arange(len(fresh))) @ present
    for code in np.unique(codes):
        there = present[:, int(np.argmax(codes == code))]
        for hour in (0, 1):
            chosen = np.flatnonzero((codes == code) & (asleep == bool(hour)))
            if not (there.any() and len(chosen)):
                continue
            seen = fresh[np.ix_(there, chosen)]
            alike = [_gain(phi, noise, there, added, seen) for added in known.episodes[hour]]
            benign = _gain(phi, noise, there, known.ordinary[hour], seen).max(axis=0)
            ratios[:, chosen] = np.maximum(*alike) - np.maximum(benign, 0.0)
    return ratios


def _gain(phi: Floats, noise: Floats, there: Bools, added: Floats, fresh: Floats) -> Floats:
    """Log-likelihood ratio of each of the `added` (states, channels) against nothing, (states, blocks)."""
    shift = ((1.0 - phi) * added)[:, there]
    precise = np.linalg.solve(noise[np.ix_(there, there)], shift.T)
    gain: Floats = precise.T @ fresh - 0.5 * (shift * precise.T).sum(axis=1)[:, None]
    return gain


assert BIN_S % min(SCALES) == 0
