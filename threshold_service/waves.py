"""Cuts a batch into waves: the k-th pending sample of every resident, so that replay and live data step alike."""

import numpy as np
from numpy.typing import NDArray


def waves(seats: NDArray[np.uint32]) -> list[NDArray[np.intp]]:
    """Row numbers per wave; within a wave every seat is at most once and rows keep their order.

    `seats` (n,) says whose each row is.

    >>> [w.tolist() for w in waves(np.array([0, 0, 1, 0], np.uint32))]
    [[0, 2], [1], [3]]
    """
    n = len(seats)
    if n == 0:
        return []
    order = np.argsort(seats, kind="stable")
    ordered = seats[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    lengths = np.diff(np.r_[starts, n])
    rank = np.empty(n, np.intp)
    rank[order] = np.arange(n) - np.repeat(starts, lengths)
    return [np.flatnonzero(rank == k) for k in range(int(lengths.max()))]
