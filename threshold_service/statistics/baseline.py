"""What is usual: a forgetting, winsorised level and spread per channel."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics.arrays import Floats, Singles

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


def step(state: Baseline, distance: Singles, learn: Singles, floor: Singles) -> Baseline:
    """Learn values at `distance` (..., channels) from the level where `learn` is 1.0; where it is 0.0 nothing changes.

    The gain is 1/n until `MEMORY_S` seconds are learned, so that early values count fully, and constant after that.
    Early on, while the spread itself is uncertain, the winsorising width is larger: 3 (1 + (60/n)^2).

    >>> state, floor = fresh((1,), np.array([1e-3])), np.float32([1e-3])
    >>> for value in (1.0, 3.0):
    ...     state = step(state, np.float32(value - state.level), np.float32([1.0]), floor)
    >>> state.level.item(), state.variance.item()
    (2.0, 1.0)
    """
    taught = state.taught + learn
    count = taught.astype(np.float32)
    share = np.divide(np.float32(1.0), np.minimum(np.maximum(count, 1.0), MEMORY_S))
    width = (WINSOR + (WINSOR * 3600.0) * share * share) * state.spread
    early = count <= FREELY
    if np.count_nonzero(early):
        width = np.where(early, np.float32(np.inf), width)
    near = np.minimum(np.maximum(distance, -width), width)
    gain = learn * share
    moved = gain * near
    variance: Singles = (np.float32(1.0) - gain) * (state.variance + moved * near)
    return Baseline(state.level + moved, variance, np.maximum(np.sqrt(variance), floor), taught)
