"""What is usual: a forgetting, winsorised level and spread per channel."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics.arrays import Floats, Singles, bounded, only

MEMORY_S = 10_800.0
"""Time constant of the settled baseline (source: guess; slower than an episode, faster than a shift of carers)."""
WINSOR = 3.0
"""Spreads beyond which a value teaches no more than one at that distance (Huber 1964; the width is a guess)."""
FREELY = 30
"""Values that are learned before any is winsorised."""


class Baseline(NamedTuple):
    """`level` and `taught` (values learned), `variance` and `spread`, each of shape (..., channels). A level far from
    zero moves by less than single precision holds; what is a spread, or a share of one, does not."""

    level: Floats
    variance: Singles
    spread: Singles
    taught: Floats


def fresh(shape: tuple[int, ...], floor: Floats) -> Baseline:
    """Nothing learned yet; `floor` (channels,) is the smallest spread that is believed."""
    spread = np.broadcast_to(floor, shape).astype(np.float32)
    return Baseline(np.zeros(shape), np.zeros(shape, np.float32), spread, np.zeros(shape))


def step(state: Baseline, distance: Singles, learn: Singles, floor: Singles, into: Baseline | None = None) -> Baseline:
    """Learn values at `distance` (..., channels) from the level where `learn` is 1.0; where it is 0.0 nothing changes.

    The gain is 1/n until `MEMORY_S` seconds are learned, so that early values count fully, and constant after that.
    Early on, while the spread itself is uncertain, the winsorising width is larger: 3 (1 + (60/n)^2). What comes out is
    written `into` other arrays where there are such.

    >>> state, floor = fresh((1,), np.array([1e-3])), np.float32([1e-3])
    >>> for value in (1.0, 3.0):
    ...     state = step(state, np.float32(value - state.level), np.float32([1.0]), floor)
    >>> state.level.item(), state.variance.item()
    (2.0, 1.0)
    """
    into = Baseline(*map(np.empty_like, state)) if into is None else into
    count = np.add(state.taught, learn, out=into.taught).astype(np.float32)
    late = count > FREELY
    share = np.divide(np.float32(1.0), bounded(count, 1.0, MEMORY_S, out=count), out=count)
    width = (WINSOR * 3600.0) * share
    width *= share
    width += WINSOR
    width *= state.spread
    if np.count_nonzero(late) < late.size:
        width = only(late, width, np.inf)
    near = np.minimum(np.maximum(distance, -width), width, out=width)
    gain = np.multiply(learn, share, out=share)
    moved = gain * near
    np.add(state.level, moved, out=into.level)
    near *= moved
    near += state.variance
    np.multiply(np.subtract(np.float32(1.0), gain, out=gain), near, out=into.variance)
    np.maximum(np.sqrt(into.variance, out=into.spread), floor, out=into.spread)
    return into
