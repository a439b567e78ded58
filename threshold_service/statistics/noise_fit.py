"""From a person's noise to the parameters of their fused detector, as `fused_fit` has them from a whole history."""

import numpy as np

from threshold_service.statistics import arma, excursions, fused, noise
from threshold_service.statistics.arrays import Bools, Floats, Ints, Reals, take
from threshold_service.statistics.fitted import provisional
from threshold_service.statistics.fused import KNOTS
from threshold_service.statistics.fused_fit import LEAST_TAUGHT, PROMISE
from threshold_service.statistics.noise import Noise
from threshold_service.statistics.normal_quantile import quantile
from threshold_service.statistics.normal_scores import QUARTILES_APART

LEAST_UNIT = 0.1
"""Smallest robust spread of innovations that is believed, in standard deviations: a channel that mostly stands still
has none (source: guess)."""
LEAST_SHIFT = 0.01
"""Smallest trace of a shift in a score that is looked for (source: guess)."""
OFF = 0.03
"""A unit that is off by less stays: the few values of rounded scores keep their places among the knots."""
_LEAST_VARIANCE = 1e-6
_EVERY = np.arange(float(KNOTS))
_BENT = _EVERY / (0.5 * (KNOTS - 1)) - 1.0
_KNOTS = fused.BEND * _BENT / np.maximum(1.0 - np.abs(_BENT), 1e-6)
"""As `fused.knots`, but finite."""


def parameters(state: Noise, rows: Ints, before: fused.Learned) -> fused.Learned:
    """The parameters (k, c) of residents `rows` (k,), given those in force `before`, when their innovations were
    counted.

    A channel with fewer than `LEAST_TAUGHT` values, or one that does not move, is taken for AR(1) with Gaussian
    innovations. `state` counts innovations in the new units from now on, in place.
    """
    covariance = noise.covariance(take(state, rows))
    counted = state.counts[rows].sum(axis=1)
    enough = (state.values[rows] >= LEAST_TAUGHT) & (counted >= LEAST_TAUGHT / 2)
    enough &= covariance[:, 0] > _LEAST_VARIANCE
    if not enough.any():
        return provisional(noise.correlation(covariance))
    own = _own(state, rows, covariance, before, enough)
    if enough.all():
        return own
    plain = provisional(noise.correlation(covariance))
    return fused.Learned(*(_chosen(enough, one, other) for one, other in zip(own, plain, strict=True)))


def _own(state: Noise, rows: Ints, covariance: Floats, before: fused.Learned, enough: Bools) -> fused.Learned:
    memory, echo = arma.dying(covariance, state.values[rows])
    counts = _by_channel(state.counts[rows])
    wider = np.where(enough, _wider(counts, covariance[:, 0], before), 1.0)
    if (wider != 1.0).any():
        _change_units(counts, wider)
        state.counts[rows] = counts.swapaxes(1, 2)
        counts = _by_channel(state.counts[rows])
    unit = wider / before.gain
    scores = _table(counts)
    moved = _moved(scores, counts, (1.0 - memory) / (1.0 + echo) / unit)
    shift = fused.SMALL * np.maximum(moved, LEAST_SHIFT)
    threshold = excursions.usual_level(shift, PROMISE)
    ceiling = fused.ceiling(threshold, shift)
    return fused.Learned(1.0 / unit, memory / unit, echo, shift, ceiling, threshold, scores)


def _by_channel(counts: Reals) -> Floats:
    """Counts (k, KNOTS, c) as (k, c, KNOTS)."""
    turned: Floats = counts.swapaxes(1, 2).astype(np.float64, order="C")
    return turned


def _wider(counts: Floats, variance: Floats, before: fused.Learned) -> Floats:
    """How many of the units in which innovations were counted their robust spread is, (k, c)."""
    shares = _shares(counts)
    robust = (_reached(shares, 0.75) - _reached(shares, 0.25)) / QUARTILES_APART
    most = np.sqrt(np.maximum(variance, 0.0)) * before.gain
    believed = np.where(robust > LEAST_UNIT * most, robust, most)
    kept: Floats = np.where(np.abs(believed - 1.0) < OFF, 1.0, believed)
    return kept


def _shares(counts: Floats) -> Floats:
    """Shares of innovations below each knot, (k, c, KNOTS): half of what fell to it is."""
    total = np.maximum(counts.sum(axis=-1, keepdims=True), 1e-9)
    shares: Floats = (np.cumsum(counts, axis=-1) - 0.5 * counts) / total
    return shares


def _reached(shares: Floats, share: float) -> Floats:
    """Where `shares` (k, c, KNOTS), which grow, reach a `share`: between two knots on a straight line, (k, c)."""
    passed = np.count_nonzero(shares <= share, axis=-1)
    low = np.minimum(np.maximum(passed - 1, 0), KNOTS - 2)
    left, right = (np.take_along_axis(shares, low[..., None] + later, axis=-1)[..., 0] for later in (0, 1))
    step = (_KNOTS[low + 1] - _KNOTS[low]) / np.where(right > left, right - left, 1.0)
    between = step * (share - left) + _KNOTS[low]
    reached: Floats = np.where(passed == 0, _KNOTS[0], np.where(passed == KNOTS, _KNOTS[-1], between))
    return reached


def _change_units(counts: Floats, wider: Floats) -> None:
    """Count the same innovations, (k, c, KNOTS), in units that are `wider` (k, c) times as large, in place."""
    which = np.nonzero(wider != 1.0)
    places = fused.place(_KNOTS[:, None] / wider[which])
    columns = np.broadcast_to(np.arange(places.shape[1]), places.shape)
    again = noise.counted(places.ravel(), columns.ravel(), places.shape[1], counts[which].T.ravel())
    counts[which] = again.T


def _table(counts: Floats) -> Floats:
    """Normal scores (k, c, KNOTS), as `normal_scores.table` has them."""
    total = counts.sum(axis=-1, keepdims=True)
    scores = quantile((_shares(counts) * total + 0.5) / (total + 1.0))
    weight = counts / np.maximum(total, 1e-9)
    mean = (scores * weight).sum(axis=-1, keepdims=True)
    between = np.square(np.diff(scores)) * (weight[..., 1:] + weight[..., :-1]) / 12.0
    variance = (np.square(scores - mean) * weight).sum(axis=-1) - between.sum(axis=-1)
    even = (scores - mean) / np.sqrt(np.where(variance > 0.0, variance, 1.0))[..., None]
    bounded: Floats = np.minimum(np.maximum(even, -fused.FARTHEST), fused.FARTHEST)
    return bounded


def _moved(scores: Floats, counts: Floats, shift: Floats) -> Floats:
    """How much scores move when innovations move by `shift` (k, c), as `normal_scores.moved` has it."""
    weight, by = counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1e-9), shift[..., None]
    up, down = ((_scored(scores, fused.place(to)) * weight).sum(axis=-1) for to in (_KNOTS + by, _KNOTS - by))
    middle = (scores * weight).sum(axis=-1)
    less: Floats = np.minimum(np.abs(up - middle), np.abs(middle - down))
    return less


def _scored(scores: Floats, places: Reals) -> Floats:
    """Scores (k, c, KNOTS) at `places` (k, c, KNOTS) among the knots, by tables (k, c, KNOTS)."""
    below = np.minimum(places.astype(np.int64), KNOTS - 2)
    entry = below + np.arange(0, scores.size, KNOTS).reshape(*below.shape[:-1], 1)
    low, high = scores.reshape(-1).take(entry), scores.reshape(-1).take(entry + 1)
    between: Floats = low + (places - below) * (high - low)
    return between


def _chosen(own: Bools, one: Floats, other: Floats) -> Floats:
    chosen: Floats = np.where(own.reshape(own.shape + (1,) * (one.ndim - own.ndim)), one, other)
    return chosen
