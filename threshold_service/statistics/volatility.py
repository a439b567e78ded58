"""How restless the scores are: the mean step from second to second, in spreads."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics.arrays import Bools, Floats, Reals, bounded, counts, lane_sum

WINDOW_S = 15.0
"""Time constant of the index (source: guess)."""
USUAL_S = 10_800.0
HUBER = 6.0
"""Steps beyond this many spreads count as this (source: guess)."""


class Volatility(NamedTuple):
    """The index `now`, the `usual` one and how many seconds taught it, each (...)."""

    now: Floats
    usual: Floats
    taught: Floats


def fresh(shape: tuple[int, ...]) -> Volatility:
    """Nothing seen."""
    return Volatility(np.zeros(shape), np.zeros(shape), np.zeros(shape))


def step(state: Volatility, z: Reals, before: Reals, pair: Bools, learn: Floats) -> Volatility:
    """One second: `z` and the one `before` (..., channels), `pair` where there are two; `learn` (...) is
    1.0 where the usual may learn. The fewer channels are seen, the slower the index moves: few are no steady witness.
    """
    pairs = counts(pair)
    steps = np.abs(z - before)
    moved = lane_sum(bounded(steps, 0.0, HUBER, out=steps) * pair) / np.maximum(pairs, 1.0)
    seen = np.minimum(pairs, 1.0)
    index = state.now + (moved - state.now) * (pairs / (pair.shape[-1] * WINDOW_S))
    teaches = learn * seen
    taught = state.taught + teaches
    gain = teaches / np.minimum(np.maximum(taught, 1.0), USUAL_S)
    return Volatility(index, state.usual + gain * (index - state.usual), taught)
