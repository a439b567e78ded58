"""Smooths a channel and says how far the smoothed value is from what chance would give: the EWMA chart."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics.arrays import Floats


class Ewma(NamedTuple):
    """The smoothed `mean` and the share of its variance that is still missing (`unborn`), each (...)."""

    mean: Floats
    unborn: Floats


def fresh(shape: tuple[int, ...], head_start: float = 0.0) -> Ewma:
    """Nothing seen: the mean is at the target 0, or at `head_start` (Lucas and Saccucci 1990)."""
    return Ewma(np.full(shape, head_start), np.ones(shape))


def step(state: Ewma, values: Floats, share: float | Floats, barrier: float = -np.inf) -> Ewma:
    """One more value, of mean 0 and unit spread on ordinary days, which counts by `share`; NaN changes nothing.

    `barrier` reflects the mean from below, for charts that look upwards only (Waldmann 1986). Roberts 1959.

    >>> state = step(step(fresh((2,)), np.array([1.0, np.nan]), 0.5), np.array([1.0, 1.0]), 0.5)
    >>> state.mean.tolist(), state.unborn.tolist()
    ([0.75, 0.5], [0.0625, 0.25])
    """
    there = ~np.isnan(values)
    moved = np.maximum((1.0 - share) * state.mean + share * np.where(there, values, 0.0), barrier)
    unborn = state.unborn * (1.0 - share) ** 2
    return Ewma(np.where(there, moved, state.mean), np.where(there, unborn, state.unborn))


def settled_distance(state: Ewma, share: float | Floats) -> Floats:
    """The mean in its own spreads as they are after a long time: the chart with asymptotic limits.

    >>> round(float(settled_distance(Ewma(np.array(1.0), np.array(0.0)), 0.4)), 3)
    2.0
    """
    distance: Floats = state.mean / np.sqrt(share / (2.0 - share))
    return distance


def distance(state: Ewma, share: float | Floats) -> Floats:
    """The mean in its own spreads now: the chart with limits that widen from the first value (Steiner 1999).

    0 before the first value.

    >>> round(float(distance(step(fresh(()), np.array(2.0), 0.1), 0.1)), 3)
    2.0
    """
    born = np.sqrt(share / (2.0 - share) * (1.0 - state.unborn))
    away: Floats = np.divide(state.mean, born, out=np.zeros_like(state.mean), where=born > 0.0)
    return away
