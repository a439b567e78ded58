"""Looks at one value alone: the three-sigma rule, which remembers nothing."""

import math

import numpy as np

from threshold_service.statistics.arrays import Bools, Floats

WIDTH = 3.0
"""Spreads (Shewhart 1931)."""


def beyond(values: Floats, width: float = WIDTH) -> Bools:
    """Whether each of `values`, in spreads, is further out than `width`; NaN is not.

    >>> beyond(np.array([2.9, -3.1, np.nan])).tolist()
    [False, True, False]
    """
    return np.abs(values) > width


def run_length(width: float = WIDTH) -> float:
    """Mean number of independent Gaussian values until one is beyond.

    >>> round(run_length(), 1)
    370.4
    """
    return 1.0 / math.erfc(width / math.sqrt(2.0))
