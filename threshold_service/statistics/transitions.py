"""How often the picture turns: changes of the dominant emotion, or of the side of the usual a person is on."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics.arrays import Floats, Ints

WINDOW_S = 60.0
"""Time constant of the rate (source: guess)."""
DEAD_BAND = 0.25
"""Mean distance from the usual, in spreads, below which a person is on neither side (source: guess)."""
NOBODY = -1


class Transitions(NamedTuple):
    """The `last` face of things (a small integer or `NOBODY`) and the `rate` of changes per minute, each (...)."""

    last: Ints
    rate: Floats


def fresh(shape: tuple[int, ...]) -> Transitions:
    """Nothing seen."""
    return Transitions(np.full(shape, NOBODY, np.int64), np.zeros(shape))


def step(state: Transitions, now: Ints) -> Transitions:
    """One second; `now` is `NOBODY` where nothing can be said."""
    known = now >= 0
    changed = (now != state.last) & known & (state.last >= 0)
    rate = state.rate + (60.0 * changed - state.rate) * (known / WINDOW_S)
    return Transitions(np.where(known, now, state.last), rate)


def dominant(probabilities: Floats) -> Ints:
    """Index of the largest of (..., kinds), `NOBODY` where all are negative: -1 stands for an absent one.

    >>> dominant(np.array([[0.1, 0.7], [-1.0, -1.0]])).tolist()
    [1, -1]
    """
    best: Ints = np.where(probabilities.max(axis=-1) < 0.0, NOBODY, probabilities.argmax(axis=-1))
    return best


def side(mean_z: Floats) -> Ints:
    """0 below the usual, 1 above it, `NOBODY` within the dead band.

    >>> side(np.array([-1.0, 0.1, 2.0])).tolist()
    [0, -1, 1]
    """
    which: Ints = np.where(np.abs(mean_z) < DEAD_BAND, NOBODY, (mean_z > 0.0).astype(np.int64))
    return which
