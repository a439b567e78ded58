"""The smallest value of the last seconds: what a level has stayed above all that time."""

import numpy as np

from threshold_service.statistics.arrays import Floats, Ints


def step(ring: Floats, values: Floats, cell: Ints) -> tuple[Floats, Floats]:
    """Put `values` (n,) at their place in `ring` (n, seconds) and give the ring and the minimum of each row.

    `cell` (n,) counts seconds; a row's place is cell modulo the ring's length.

    >>> ring, low = step(np.full((1, 2), np.inf), np.array([3.0]), np.array([0]))
    >>> step(ring, np.array([5.0]), np.array([1]))[1].tolist()
    [3.0]
    """
    changed = ring.copy()
    changed[np.arange(len(values)), cell % ring.shape[1]] = values
    return changed, changed.min(axis=1)
