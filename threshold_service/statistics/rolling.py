"""The smallest value of the last seconds: what a level has stayed above all that time."""

from threshold_service.statistics.arrays import Floats, Ints, index, places


def step(ring: Floats, rows: Ints, values: Floats, cell: Ints) -> Floats:
    """Put `values` (k,) of residents `rows` at their place in `ring` (n, seconds), in place; the minimum of each, (k,).

    `cell` (k,) counts seconds; a row's place is cell modulo the ring's length.

    >>> import numpy as np
    >>> ring, first = np.full((1, 2), np.inf), np.array([0])
    >>> step(ring, first, np.array([3.0]), np.array([0])).tolist()
    [3.0]
    >>> step(ring, first, np.array([5.0]), np.array([1])).tolist()
    [3.0]
    """
    ring[places(rows, len(ring), cell % ring.shape[1])] = values
    lowest: Floats = ring[index(rows, len(ring))].min(axis=1)
    return lowest
