"""Boxes that a detector found several times, each kept once."""

import numpy as np
from numpy.typing import NDArray


def surest(
    low: NDArray[np.floating], high: NDArray[np.floating], scores: NDArray[np.floating], overlap: float
) -> list[int]:
    """Which boxes stay, the surest first: none that shares more than `overlap` (0..1, shared area over joint area) with
    a surer one that stays (non-maximum suppression). Corners `low` and `high` are count x 2.

    >>> low = np.array([[0.0, 0.0], [1.0, 0.0], [20.0, 0.0]])
    >>> surest(low, low + 10.0, np.array([0.8, 0.9, 0.7]), 0.5)
    [1, 2]
    """
    area = np.prod(high - low, axis=1)
    left, kept = np.argsort(-scores, kind="stable"), []
    while len(left):
        best, rest = left[0], left[1:]
        kept.append(int(best))
        wide = np.minimum(high[best], high[rest]) - np.maximum(low[best], low[rest])
        shared = np.prod(np.maximum(wide, 0.0), axis=1)
        left = rest[shared <= overlap * (area[best] + area[rest] - shared)]
    return kept
