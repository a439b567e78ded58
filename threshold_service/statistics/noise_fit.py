"""From a person's noise to the parameters of their fused detector, as `fused_fit` has them from a whole history."""

from statistics import NormalDist

import numpy as np

from threshold_service.statistics import arma, excursions, fused, noise
from threshold_service.statistics.arrays import Bools, Floats, Reals
from threshold_service.statistics.fitted import provisional
from threshold_service.statistics.fused import KNOTS
from threshold_service.statistics.fused_fit import LEAST_TAUGHT, PROMISE
from threshold_service.statistics.noise import LAGS, Noise
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
_NORMAL = NormalDist()


def parameters(state: Noise, before: fused.Learned) -> fused.Learned:
    """The parameters (c,) of one resident, fields of whose `state` are (c,), (LAGS, c) and (KNOTS, c), given those in
    force `before`, when their innovations were counted.

    A channel with fewer than `LEAST_TAUGHT` values, or one that does not move, is taken for AR(1) with Gaussian
    innovations. `state` counts innovations in the new units from now on, in place.
    """
    covariance = noise.covariance(state)
    plain = provisional(noise.correlation(covariance))
    counted = state.counts.sum(axis=0)
    enough = (state.values >= LEAST_TAUGHT) & (counted >= LEAST_TAUGHT / 2) & (covariance[0] > _LEAST_VARIANCE)
    if not enough.any():
        return plain
    own = _own(state, covariance, before, enough)
    return fused.Learned(*(_chosen(enough, one, other) for one, other in zip(own, plain, strict=True)))


def _own(state: Noise, covariance: Floats, before: fused.Learned, enough: Bools) -> fused.Learned:
    memory, echo = arma.of(_continued(covariance), state.values)
    wider = np.where(enough, _wider(state.counts.astype(np.float64), covariance[0], before), 1.0)
    _change_units(state, wider)
    unit = wider / before.gain
    counts = state.counts.astype(np.float64)
    scores = _table(counts)
    moved = _moved(scores, counts, (1.0 - memory) / (1.0 + echo) / unit)
    shift = fused.SMALL * np.maximum(moved, LEAST_SHIFT)
    threshold = excursions.usual_level(shift, PROMISE)
    ceiling = fused.ceiling(threshold, shift)
    return fused.Learned(1.0 / unit, memory / unit, echo, shift, ceiling, threshold, scores)


def _continued(covariance: Floats) -> Floats:
    """Autocovariances (arma.LAGS + 2, c): beyond those that are known they die away as they did so far."""
    late = covariance[LAGS // 3 :]
    ratio = (late[1:] * late[:-1]).sum(axis=0) / np.maximum(np.square(late[:-1]).sum(axis=0), 1e-12)
    ratio = np.minimum(np.maximum(ratio, -arma.STRONGEST), arma.STRONGEST)
    beyond = np.arange(1, arma.LAGS + 3 - LAGS)[:, None]
    continued: Floats = np.concatenate([covariance, covariance[-1] * ratio**beyond])
    return continued


def _wider(counts: Floats, variance: Floats, before: fused.Learned) -> Floats:
    """How many of the units in which innovations were counted their robust spread is, (c,)."""
    apart = [float(np.diff(np.interp((0.25, 0.75), column, _KNOTS))[0]) for column in _shares(counts).T]
    robust, most = np.array(apart) / QUARTILES_APART, np.sqrt(variance) * before.gain
    believed = np.where(robust > LEAST_UNIT * most, robust, most)
    kept: Floats = np.where(np.abs(believed - 1.0) < OFF, 1.0, believed)
    return kept


def _shares(counts: Floats) -> Floats:
    """Shares of innovations below each knot, (KNOTS, c): half of what fell to it is."""
    shares: Floats = (np.cumsum(counts, axis=0) - 0.5 * counts) / np.maximum(counts.sum(axis=0), 1e-9)
    return shares


def _change_units(state: Noise, wider: Floats) -> None:
    """Count the same innovations in units that are `wider` (c,) times as large, in place."""
    for c in np.flatnonzero(wider != 1.0).tolist():
        place = fused.place(_KNOTS / wider[c])
        state.counts[:, c : c + 1] = noise.counted(
            place, np.zeros(KNOTS, np.int64), 1, state.counts[:, c].astype(np.float64)
        )


def _table(counts: Floats) -> Floats:
    """Normal scores (c, KNOTS), as `normal_scores.table` has them."""
    total = counts.sum(axis=0)
    shares = (_shares(counts) * total + 0.5) / (total + 1.0)
    scores = np.array([[_NORMAL.inv_cdf(share) for share in column] for column in shares.T.tolist()])
    weight = (counts / np.maximum(total, 1e-9)).T
    mean = (scores * weight).sum(axis=1, keepdims=True)
    between = np.square(np.diff(scores)) * (weight[:, 1:] + weight[:, :-1]) / 12.0
    variance = (np.square(scores - mean) * weight).sum(axis=1) - between.sum(axis=1)
    even = (scores - mean) / np.sqrt(np.where(variance > 0.0, variance, 1.0))[:, None]
    bounded: Floats = np.minimum(np.maximum(even, -fused.FARTHEST), fused.FARTHEST)
    return bounded


def _moved(scores: Floats, counts: Floats, shift: Floats) -> Floats:
    """How much scores move when innovations move by `shift` (c,), as `normal_scores.moved` has it."""
    weight, by = (counts / np.maximum(counts.sum(axis=0), 1e-9)).T, shift[:, None]
    up, down = ((_scored(scores, fused.place(to)) * weight).sum(axis=1) for to in (_KNOTS + by, _KNOTS - by))
    middle = (scores * weight).sum(axis=1)
    less: Floats = np.minimum(np.abs(up - middle), np.abs(middle - down))
    return less


def _scored(scores: Floats, places: Reals) -> Floats:
    """Scores (c, m) at `places` (c, m) among the knots, by tables (c, KNOTS)."""
    below = np.minimum(places.astype(np.int64), KNOTS - 2)
    low, high = (np.take_along_axis(scores, below + later, axis=1) for later in (0, 1))
    between: Floats = low + (places - below) * (high - low)
    return between


def _chosen(own: Bools, one: Floats, other: Floats) -> Floats:
    chosen: Floats = np.where(own.reshape(own.shape + (1,) * (one.ndim - 1)), one, other)
    return chosen
