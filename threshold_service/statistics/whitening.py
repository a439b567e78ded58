"""Takes out of each value what the one before already told, so that evidence is not counted twice across time."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics.arrays import Bools, Floats, clipped

MEMORY = 10_800.0
"""Values over which the autocorrelation is averaged (source: guess, equal to the baseline's memory)."""
STRONGEST = 0.98
"""Largest lag-1 autocorrelation that is believed; beyond it a shift would leave almost no trace (source: guess)."""
HUBER = 3.0
"""Values beyond this many spreads count as this in the autocorrelation (source: guess)."""


class Whitening(NamedTuple):
    """AR(1) per channel, all (..., channels): the value before (0 where there was none) and whether there was one, the
    lag-1 moment of clipped values and the pairs it rests on."""

    before: Floats
    had: Bools
    lag1: Floats
    pairs: Floats


def fresh(shape: tuple[int, ...]) -> Whitening:
    """Nothing known."""
    zero = np.zeros(shape)
    return Whitening(zero, zero.astype(bool), zero, zero)


def step(
    state: Whitening, z: Floats, present: Bools, learn: Floats, phi: Floats, gain: Floats
) -> tuple[Whitening, Floats, Floats]:
    """Innovations of unit variance of `z` (..., channels), 0 where absent: (z - phi z_before) / sqrt(1 - phi^2), or z
    itself after an absence (its variance is 1 as well). Also 1.0 where there were two values in a row, else 0.0."""
    both = present & state.had
    innovation = np.where(both, (z - phi * state.before) * gain, z)
    pair = both.astype(np.float64)
    taught = pair * learn
    pairs = state.pairs + taught
    product = clipped(z, HUBER) * clipped(state.before, HUBER)
    lag1 = state.lag1 + taught / np.minimum(np.maximum(pairs, 1.0), MEMORY) * (product - state.lag1)
    return Whitening(z, present, lag1, pairs), innovation, pair


def coefficients(lag1: Floats) -> tuple[Floats, Floats]:
    """`phi` from the moment seen so far (values are standardised, so it is the correlation; negative autocorrelation
    is taken as none), and `gain` = 1 / sqrt(1 - phi^2).

    >>> phi, gain = coefficients(np.array([0.6, -0.3]))
    >>> phi.tolist(), gain.tolist()
    ([0.6, 0.0], [1.25, 1.0])
    """
    phi = np.minimum(np.maximum(lag1, 0.0), STRONGEST)
    return phi, 1.0 / np.sqrt(1.0 - phi * phi)


def restart(state: Whitening) -> Whitening:
    """Forget the value before, keep what was learned."""
    return state._replace(before=np.zeros_like(state.before), had=np.zeros_like(state.had))
