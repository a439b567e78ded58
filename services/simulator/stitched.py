"""Autoregressive noise, one day at a time, that goes on from day to day without a seam."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_NEGLIGIBLE = 37.0
"""exp(-37) is below the resolution of a double."""


def stitched(phi: Floats, n: int, first: Floats, last: Floats, rng: np.random.Generator) -> Floats:
    """n + 1 values of independent AR(1) processes of unit variance that begin at `first` and end at `last`, without
    the last one: (len(phi), n).

    A free path is drawn and bent to its end by conditioning (Matheron's rule), so that each day can be drawn alone and
    still meets the next. `first`, `last` are (len(phi),), standard normal.

    >>> path = stitched(np.array([0.5]), 3, np.array([1.0]), np.array([0.0]), np.random.default_rng(1))
    >>> path.shape, float(path[0, 0])
    ((1, 3), 1.0)
    """
    from scipy.signal import lfilter

    noise = rng.standard_normal((len(phi), n))
    path = np.empty((len(phi), n + 1))
    path[:, 0] = first
    for p, coefficient in enumerate(phi.tolist()):
        gain = np.sqrt(1.0 - coefficient * coefficient)
        path[p, 1:], _ = lfilter([gain], [1.0, -coefficient], noise[p], zi=[coefficient * first[p]])
        bend = _towards_end(coefficient, n)
        path[p, n + 1 - len(bend) :] += bend * (last[p] - path[p, -1])
    return path[:, :-1]


def _towards_end(phi: float, n: int) -> Floats:
    """Regression of the last values on the very last one, given the first; where it matters at all, (up to n + 1,)."""
    long = n + 1 if phi >= 1.0 else min(n + 1, 2 + int(_NEGLIGIBLE / -np.log(max(phi, 1e-9))))
    step = np.arange(n + 1 - long, n + 1, dtype=np.float64)
    share: Floats = np.power(phi, n - step) * (1.0 - np.power(phi, 2 * step)) / (1.0 - phi ** (2 * n))
    return share
