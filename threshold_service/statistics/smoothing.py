"""Exponentially weighted means that fade where nothing is seen."""

import numpy as np

from threshold_service.statistics.arrays import Reals

FADE = 0.98
"""Share that is left after a second without a value (source: guess)."""


def step(means: Reals, values: Reals, present: Reals, gains: Reals, into: Reals | None = None) -> Reals:
    """`means` (..., k, channels) after one more second of `values` (..., channels), which are 0 where absent.

    `gains` (k, 1) are one over the time constants in seconds; `present` is 1.0 where there is a value, else 0.0.
    What comes out is written `into` another array where there is one.

    >>> step(np.zeros((1, 1)), np.array([1.0]), np.array([1.0]), np.array([[0.1]])).item()
    0.1
    """
    grown = np.empty_like(means) if into is None else into
    for k, gain in enumerate(gains[:, 0]):
        mean = np.multiply(means[..., k, :], FADE + present * ((1.0 - FADE) - gain), out=grown[..., k, :])
        mean += values * gain
    return grown
