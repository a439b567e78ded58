"""How a person's ordinary noise is: what the fused detector learns of it while it runs, at block ends alone."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from threshold_service.statistics import arma, fused
from threshold_service.statistics.arrays import Floats, Ints, Reals, in_order
from threshold_service.statistics.fused import KNOTS

LAGS = 24
"""Seconds apart, from 0 on, whose products are kept; beyond them autocovariances are taken to die away evenly."""
MEMORY = 26_000.0
"""Values over which all is averaged: two days in view (source: guess)."""
STRONGEST = 0.98
"""Largest lag-1 correlation that is believed before a channel has taught its own memory (source: guess)."""


class Noise(NamedTuple):
    """Of n residents over c channels: how many `values` (n, c) taught it, their `mean` (n, c), mean `products` of
    values 0 .. LAGS - 1 seconds apart, (n, LAGS, c), and how many innovations fell to each knot of the table of
    scores, `counts` (n, KNOTS, c): one between two knots falls to either as far as it is from the other."""

    values: Floats
    mean: Floats
    products: NDArray[np.float32]
    counts: NDArray[np.float32]


def fresh(residents: int, channels: int) -> Noise:
    """Nothing known."""
    return Noise(
        np.zeros((residents, channels)), np.zeros((residents, channels)),
        np.zeros((residents, LAGS, channels), np.float32), np.zeros((residents, KNOTS, channels), np.float32),
    )  # fmt: skip


def expect(state: Noise, rows: Ints, channels: Ints, correlation: Floats, worth: float) -> None:
    """`rows` (k,) are new, and of `channels` (d,) the lag-1 `correlation` (d,) is known from others, in place; it is
    `worth` so many values of their own."""
    place = np.ix_(rows, channels)
    state.values[place] = worth
    state.products[np.ix_(rows, np.arange(LAGS), channels)] = correlation ** np.arange(LAGS)[:, None]


class Shown(NamedTuple):
    """What the last seconds of a block showed of k residents' noise: how many values were `seen` (k, c), the sum of
    the `near` ones (k, c), each counted no farther than `arma.WINSOR`, how many `pairs` and the sums of the `products`
    of values 0 .. LAGS - 1 seconds apart, (k, LAGS, c), how many innovations `fell` to each knot, (k, KNOTS, c), and
    how many `seconds` these were."""

    seen: Floats
    near: Floats
    pairs: Floats
    products: Floats
    fell: Floats
    seconds: int


def show(z: Floats, gain: Reals, lag: Reals, echo: Reals) -> Shown:
    """From `z` (k, t, c) in usual spreads from the usual, NaN where nothing was seen or may be learned, by the
    parameters in force, (k, c).

    >>> shown = show(np.array([[[1.0], [-1.0], [np.nan]]]), *(np.full((1, 1), one) for one in (1.0, 0.0, 0.0)))
    >>> shown.seen.item(), shown.products[0, :2, 0].tolist(), shown.fell.sum()
    (2.0, [2.0, -1.0], np.float64(1.0))
    """
    there = ~np.isnan(z)
    near = np.where(there, np.minimum(np.maximum(z, -arma.WINSOR), arma.WINSOR), 0.0)
    seen = np.count_nonzero(there, axis=1).astype(np.float64)
    pairs, products = _products(there.astype(np.float64)), _products(near)
    told = innovations(z.swapaxes(0, 1), gain, lag, echo).swapaxes(0, 1)
    fell = np.stack([_fallen(one) for one in told])
    return Shown(seen, in_order(near), pairs, products, fell, z.shape[1])


def _products(series: Floats) -> Floats:
    """Sums of products of `series` (k, t, c) with itself so many seconds before, (k, LAGS, c)."""
    seconds = series.shape[1]
    lags = [in_order(series[:, : seconds - lag] * series[:, lag:]) for lag in range(min(LAGS, seconds))]
    lags += [np.zeros_like(series[:, 0])] * (LAGS - len(lags))
    return np.stack(lags, axis=1)


def observe(state: Noise, rows: Ints, shown: Shown) -> None:
    """What the last seconds of a block `shown` of residents `rows` (k,) teaches, in place."""
    known = np.minimum(state.values[rows] + shown.seen, MEMORY)
    state.values[rows] = known
    per_value = 1.0 / np.maximum(known, 1.0)
    mean, products = state.mean[rows], state.products[rows]
    state.mean[rows] = mean + per_value * (shown.near - shown.seen * mean)
    longer = shown.seconds / (shown.seconds - np.arange(LAGS))[:, None]
    weight = np.minimum(shown.pairs * longer * per_value[:, None], 1.0)
    state.products[rows] = products + weight * (shown.products / np.maximum(shown.pairs, 1.0) - products)
    counts = state.counts[rows] + shown.fell
    state.counts[rows] = counts * (MEMORY / np.maximum(in_order(counts), MEMORY))[:, None]


def innovations(z: Floats, gain: Reals, lag: Reals, echo: Reals) -> Floats:
    """Innovations of `z` (t, ...), NaN where there is no value or none before it."""
    told, before, surprise = np.empty_like(z), np.full(z.shape[1:], np.nan), np.zeros(z.shape[1:])
    for t, now in enumerate(z):
        told[t] = gain * now - (lag * before + echo * surprise)
        surprise = np.where(np.isnan(told[t]), now / gain, told[t])
        before = now
    return told


def _fallen(innovation: Floats) -> Floats:
    there = ~np.isnan(innovation)
    channel = np.broadcast_to(np.arange(innovation.shape[1]), innovation.shape)[there]
    return counted(fused.place(innovation[there]), channel, innovation.shape[1])


def counted(place: Reals, channel: Ints, channels: int, weight: Floats | float = 1.0) -> Floats:
    """What each knot gets, (KNOTS, channels), of innovations at a `place` (m,) among the knots with a `weight` (m,).

    >>> counted(np.array([0.0, 1.25]), np.array([0, 0]), 1)[:3, 0].tolist()
    [1.0, 0.75, 0.25]
    """
    below = np.minimum(place.astype(np.int64), KNOTS - 2)
    entry, higher = below * channels + channel, (place - below) * weight
    size = KNOTS * channels
    lower, upper = np.bincount(entry, weight - higher, size), np.bincount(entry + channels, higher, size)
    return lower.astype(np.float64).reshape(KNOTS, channels) + upper.reshape(KNOTS, channels)


def covariance(state: Noise) -> Floats:
    """Autocovariances, (n, LAGS, c)."""
    found: Floats = state.products.astype(np.float64) - np.square(state.mean)[..., None, :]
    return found


def correlation(covariance: Floats) -> Floats:
    """The lag-1 correlation (..., c) of autocovariances (..., LAGS, c), 0 where nothing moves."""
    moves = covariance[..., 0, :] > 0.0
    found = covariance[..., 1, :] / np.where(moves, covariance[..., 0, :], 1.0)
    kept: Floats = np.where(moves, np.minimum(np.maximum(found, -STRONGEST), STRONGEST), 0.0)
    return kept
