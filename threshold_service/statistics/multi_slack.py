"""Adds up small evidence for a change of level with several slacks at once: the textbook two-sided CUSUM."""

import math

import numpy as np

from threshold_service.statistics.arrays import Floats

_SIGNS = np.array([[1.0], [-1.0]])
_OVERSHOOT = 1.166
"""Twice the mean overshoot 0.583 of a Gaussian walk (Siegmund 1985)."""


def fresh(shape: tuple[int, ...], slacks: int, head_start: float = 0.0) -> Floats:
    """Evidence (..., slacks, 2, channels) for `shape` (..., channels): upwards, then downwards.

    `head_start` is where the evidence begins; half the threshold finds a change that is there from the beginning
    sooner (Lucas and Crosier 1982).
    """
    return np.full((*shape[:-1], slacks, 2, shape[-1]), head_start)


def step(evidence: Floats, values: Floats, slacks: Floats) -> Floats:
    """One more value a channel (Page 1954): nothing is clipped, capped or forgotten, so that published tables hold.

    `values` (..., channels) have mean 0 and unit spread on ordinary days; NaN leaves its evidence as it is. `slacks`
    (slacks,) are half the shifts, in spreads, that are looked for.

    >>> evidence = fresh((1,), 2)
    >>> for value in (1.5, 1.5, np.nan, 1.5):
    ...     evidence = step(evidence, np.array([value]), np.array([0.25, 0.5]))
    >>> evidence[..., 0].tolist()
    [[3.75, 0.0], [3.0, 0.0]]
    """
    gained = values[..., None, None, :] * _SIGNS - slacks[:, None, None]
    grown: Floats = np.maximum(evidence + np.where(np.isnan(gained), 0.0, gained), 0.0)
    return grown


def run_length(threshold: float, slack: float, shift: float) -> float:
    """Mean number of values until the upward evidence passes `threshold`, about (Siegmund 1985; 1 % at usual ones).

    `shift` is the mean of the values in spreads: 0 gives the time to a false alarm of one side; two equal sides
    together come twice as often.

    >>> [round(run_length(threshold, 0.5, 0.0) / 2.0, 1) for threshold in (4.0, 5.0)]
    [169.0, 469.1]
    >>> round(run_length(4.0, 0.5, 0.5), 1)
    26.7
    """
    drift, height = shift - slack, threshold + _OVERSHOOT
    if abs(drift) < 1e-9:
        return height * height
    return (math.expm1(-2.0 * drift * height) + 2.0 * drift * height) / (2.0 * drift * drift)


def threshold(run_length_promised: float, slack: float) -> float:
    """Where one side of independent Gaussian values alarms once in `run_length_promised`, about (the inverse of it).

    >>> round(threshold(2.0 * 469.1, 0.5), 3)
    5.0
    """
    low, high = 0.0, 1.0
    while run_length(high, slack, 0.0) < run_length_promised:
        high *= 2.0
    for _ in range(80):
        middle = (low + high) / 2.0
        low, high = (low, middle) if run_length(middle, slack, 0.0) > run_length_promised else (middle, high)
    return high
