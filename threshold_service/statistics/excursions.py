"""From the excursions of a statistic on a person's own history to the level it exceeds as rarely as promised."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics.arrays import Floats

APART = 60
"""Samples below the level after which an excursion is over (source: guess; the promise is kept from 20 to 200)."""
EVERY = 430.0
"""Samples per excursion at the level where the tail begins: 200 excursions in a day at 1 Hz (source: measured,
`make bench-in_control`: with 100 single calibrations scatter more, with 400 excursions run into one another)."""
SHAPE, SHAPE_DOUBT = -0.03, 0.06
SCALE, SCALE_DOUBT = 1.16, 0.1
"""Centre and width of the Cauchy priors of the tail's shape and log scale (source: measured on 20 noises of the bench:
excursions of log-likelihood ratios after whitening and scoring all have shapes of -0.06 to 0 and scales of 1.0 to 1.3;
volatile noise has shapes to 0.3 and scales to 3, and the wide wings of the prior let it)."""
LEAST = 8
USUAL_EVERY = 395.0
USUAL_SHIFTS = np.array([0.06, 0.11, 0.25, 0.50, 0.76])
USUAL_STARTS = np.array([2.94, 3.24, 3.89, 4.52, 4.81])
"""Level that noise crosses once in `USUAL_EVERY` samples, by what a small shift adds to its scores (source: measured on
AR(1) from -0.4 to 0.97, 20 days each; lognormal, mixed, rounded and slow noises lie within 0.15 of it)."""
_SHAPES = np.linspace(-0.3, 0.7, 51)
_SCALES = np.exp(np.linspace(-1.0, 1.0, 81))


class Tail(NamedTuple):
    """Excursions above `start` come at `rate` per sample; `excess` (k,) is how far they reached beyond it."""

    start: float
    rate: float
    excess: Floats


def tail(statistic: Floats, every: float = EVERY) -> Tail:
    """The excursions of `statistic` (t,) above the highest level that is crossed once in `every` samples."""
    wanted = max(len(statistic) / every, LEAST)
    ordered = np.sort(statistic)
    share, best = 0.3 / every, Tail(float(ordered[-1]), 0.0, np.zeros(0))
    while share < 0.25 and len(best.excess) < wanted:
        start = float(ordered[int((1.0 - share) * len(ordered))])
        peaks = maxima(statistic, start)
        if len(peaks) > len(best.excess):
            best = Tail(start, len(peaks) / len(statistic), peaks - start)
        share *= 1.25
    return best


def maxima(statistic: Floats, level: float) -> Floats:
    """The largest value of each excursion above `level`; one ends after `APART` samples below it.

    >>> maxima(np.array([0.0, 2.0, 3.0] + [0.0] * 80 + [5.0]), 1.0).tolist()
    [3.0, 5.0]
    """
    above = np.flatnonzero(statistic > level)
    if len(above) == 0:
        return np.zeros(0)
    starts = np.flatnonzero(np.diff(above, prepend=-APART - 1) > APART)
    return np.maximum.reduceat(statistic[above], starts)


def level(tail: Tail, promise: float) -> float:
    """The level that is exceeded once in `promise` samples; infinite with fewer than `LEAST` excursions.

    Excesses are generalised Pareto (Pickands 1975); the level is its posterior mean over a grid of shapes and scales,
    because a single day holds only nine excursions that rare.

    >>> rng = np.random.default_rng(1)
    >>> found = level(Tail(3.0, 1e-2, rng.exponential(size=20_000)), 1e4)
    >>> bool(abs(found - (3.0 + np.log(100.0))) < 0.2)
    True
    """
    excess = tail.excess
    if len(excess) < LEAST:
        return float("inf")
    scales = _SCALES * max(float(excess.mean()), 1e-6)
    weight = _posterior(excess, scales)
    rarer = max(tail.rate * promise, 1.0)
    growth = np.array(
        [np.log(rarer) if abs(shape) < 1e-9 else np.expm1(shape * np.log(rarer)) / shape for shape in _SHAPES]
    )
    return tail.start + float((weight * growth[:, None] * scales).sum())


def usual_level(shift: Floats, promise: float) -> Floats:
    """The level that is exceeded once in `promise` samples by noise that was whitened and scored rightly, for channels
    whose own history is too short; volatile noise exceeds it more often.

    >>> usual_level(np.array([0.25, 0.5]), 1e4).round(1).tolist()
    [7.5, 8.1]
    """
    start = np.interp(np.log(shift), np.log(USUAL_SHIFTS), USUAL_STARTS)
    reached: Floats = start + SCALE * np.expm1(SHAPE * np.log(max(promise / USUAL_EVERY, 1.0))) / SHAPE
    return reached


def _posterior(excess: Floats, scales: Floats) -> Floats:
    """Weights (shapes, scales) that add up to 1."""
    shape = np.where(np.abs(_SHAPES) < 1e-9, 1e-9, _SHAPES)[:, None]
    reach = 1.0 + shape * excess.max() / scales
    inner = np.log1p(np.maximum(shape[..., None] * (excess / scales[:, None]), -1.0 + 1e-12)).sum(axis=-1)
    fits = -len(excess) * np.log(scales) - (1.0 + 1.0 / shape) * inner
    wings = np.log1p(((shape - SHAPE) / SHAPE_DOUBT) ** 2) + np.log1p((np.log(scales / SCALE) / SCALE_DOUBT) ** 2)
    log_weight = np.where(reach > 0.0, fits - wings, -np.inf)
    weight = np.exp(log_weight - log_weight.max())
    normalised: Floats = weight / weight.sum()
    return normalised
