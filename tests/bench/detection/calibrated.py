"""The fused detector taught by a history, and how long it stays silent or how late it speaks."""

from typing import NamedTuple

import numba
import numpy as np

from tests.bench.detection.noises import Noise
from threshold_service.statistics import fused, fused_fit, fused_kernel
from threshold_service.statistics.arrays import Floats, Ints

HISTORY = 86_400
PAUSE = 500
"""Samples left out after an alarm, so that the next run starts in other weather."""
_FARTHEST = 50.0


class Calibrated(NamedTuple):
    """k detectors, each with its own history: the baseline (k,) and the parameters (1, k)."""

    level: Floats
    spread: Floats
    learned: fused.Learned


def calibrate(noise: Noise, count: int, rng: np.random.Generator) -> Calibrated:
    """Teach `count` detectors, each by `HISTORY` samples of `noise` and by nothing else."""
    history = np.stack([noise.draw(rng, HISTORY) for _ in range(count)], axis=1)
    level, spread = history.mean(axis=0), history.std(axis=0)
    taught = Calibrated(level, spread, fused.untaught((1, count)))
    learned = fused_fit.learn(usual(taught, history)).learned
    return taught._replace(learned=fused.Learned(*(np.ascontiguousarray(part[None]) for part in learned)))


def usual(detectors: Calibrated, values: Floats) -> Floats:
    """Values (t, k) as distances from what is usual, in usual spreads."""
    return np.clip((values - detectors.level) / detectors.spread, -_FARTHEST, _FARTHEST)


def one(detectors: Calibrated, index: int) -> Calibrated:
    """One of them."""
    which = slice(index, index + 1)
    learned = fused.Learned(*(np.ascontiguousarray(part[:, which]) for part in detectors.learned))
    return Calibrated(detectors.level[which], detectors.spread[which], learned)


@numba.njit()
def alarms(z: Floats, learned: fused.Learned) -> tuple[Ints, Ints]:
    """Alarms and samples watched (k,) in streams `z` (t, k); after an alarm a pause, then everything begins anew."""
    count = z.shape[1]
    before, surprise = np.full((1, count), np.nan), np.zeros((1, count))
    bank, present = np.zeros((1, fused.ARMS, count)), np.ones((1, count), np.bool_)
    pause, spoke, watched = np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int64)
    for t in range(len(z)):
        fused_kernel.step(before, surprise, bank, learned, z[t : t + 1], present)
        for c in range(count):
            if present[0, c]:
                watched[c] += 1
                if fused_kernel.loudest(bank[0], c, learned.shift[0, c]) > learned.threshold[0, c]:
                    spoke[c] += 1
                    bank[0, :, c] = 0.0
                    present[0, c], pause[c] = False, PAUSE
            else:
                pause[c] -= 1
                present[0, c] = pause[c] <= 0
    return spoke, watched


@numba.njit()
def first_alarms(z: Floats, learned: fused.Learned) -> Ints:
    """The sample of the first alarm of each stream of `z` (t, k), -1 where there is none."""
    count = z.shape[1]
    before, surprise = np.full((1, count), np.nan), np.zeros((1, count))
    bank, present = np.zeros((1, fused.ARMS, count)), np.ones((1, count), np.bool_)
    first = np.full(count, -1)
    for t in range(len(z)):
        fused_kernel.step(before, surprise, bank, learned, z[t : t + 1], present)
        for c in range(count):
            loud = fused_kernel.loudest(bank[0], c, learned.shift[0, c]) > learned.threshold[0, c]
            if loud and first[c] < 0:
                first[c] = t
        if np.all(first >= 0):
            break
    return first
