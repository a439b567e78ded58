"""Sees that the spread changes while the level does not: the CUSUM of squares and their smoothed mean."""

import math

import numpy as np

from threshold_service.statistics.arrays import Floats

_SIGNS = np.array([[1.0], [-1.0]])


def reference(ratio: float) -> float:
    """The slack that finds a spread of `ratio` times the usual soonest (likelihood ratio; Hawkins and Olwell 1998).

    Raises ValueError where `ratio` is not positive or is 1.

    >>> round(reference(1.5), 2), round(reference(0.5), 2)
    (1.46, 0.46)
    """
    if ratio <= 0.0 or ratio == 1.0:
        raise ValueError(f"a ratio of spreads must be positive and not 1, not {ratio}")
    square = ratio * ratio
    return math.log(square) * square / (square - 1.0)


def fresh(shape: tuple[int, ...]) -> Floats:
    """Evidence (..., 2, channels) for `shape` (..., channels): for a larger spread, then for a smaller one."""
    return np.zeros((*shape[:-1], 2, shape[-1]))


def step(evidence: Floats, values: Floats, slacks: Floats) -> Floats:
    """One more value a channel; `slacks` (2,): `reference` of a ratio above 1 and of one below (CUSUM-S2, Knoth 2006).

    `values` (..., channels) have mean 0 and unit spread on ordinary days; NaN leaves its evidence as it is.

    >>> step(fresh((1,)), np.array([3.0]), np.array([1.5, 0.5])).ravel().tolist()
    [7.5, 0.0]
    """
    gained = (values[..., None, :] ** 2 - slacks[:, None]) * _SIGNS
    grown: Floats = np.maximum(evidence + np.where(np.isnan(gained), 0.0, gained), 0.0)
    return grown


def smoothed(energy: Floats, values: Floats, share: float | Floats) -> Floats:
    """The exponentially smoothed mean of squares after one more value; begin at 1, which is what is usual.

    `energy` and `values` (...); NaN changes nothing.

    >>> smoothed(np.ones(2), np.array([3.0, np.nan]), 0.5).tolist()
    [5.0, 1.0]
    """
    moved = energy + share * (values**2 - energy)
    kept: Floats = np.where(np.isnan(values), energy, moved)
    return kept


def energy_distance(energy: Floats, share: float | Floats) -> Floats:
    """The smoothed mean of squares, from 1, in the spreads that it has for independent Gaussian values after long.

    >>> round(float(energy_distance(np.array(1.5), 0.4)), 3)
    0.707
    """
    away: Floats = (energy - 1.0) / np.sqrt(2.0 * share / (2.0 - share))
    return away
