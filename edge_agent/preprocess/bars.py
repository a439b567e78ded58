"""Black bars beside a picture: what a recorder or a tilted telephone adds, and nothing of a room."""

import numpy as np
from numpy.typing import NDArray

from edge_agent.preprocess.pixels import Picture

CELL = 8
"""Pixels of a JPEG's cell: what is left begins and ends with a whole one."""
BLACK, HARDLY_ANY = 4, 0.03
"""A row or column of which no more than this share is brighter than `BLACK` is of a bar."""
LEAST_LEFT = 0.5
"""Share of the picture that has to be left: black around less of it may be the ground of a "no signal" screen."""


def between_bars(image: Picture) -> Picture:
    """The part of `image` (BGR) between its black bars, a view; all of it where too little would be left.

    >>> room = np.full((480, 640, 3), 90, np.uint8)
    >>> room[:80] = room[400:] = 0
    >>> between_bars(room).shape
    (320, 640, 3)
    """
    if _framed(image[::CELL, [0, -1], 1]) and _framed(image[[0, -1], ::CELL, 1].T):
        return image  # as most are: each edge is seen
    top, bottom = _lit((image[:, ::CELL, 1] > BLACK).mean(axis=1))
    left, right = _lit((image[::CELL, :, 1] > BLACK).mean(axis=0))
    enough = (bottom - top) * (right - left) >= LEAST_LEFT * image.shape[0] * image.shape[1]
    return image[top:bottom, left:right] if enough else image


def _framed(edges: NDArray[np.uint8]) -> bool:
    """Whether both edges, one a column, are of what is seen."""
    return bool(((edges > BLACK).mean(axis=0) > HARDLY_ANY).all())


def _lit(shares: NDArray[np.float64]) -> tuple[int, int]:
    """First and end of what is no bar, of rows or columns that have these shares of bright pixels; in whole cells."""
    lit = np.flatnonzero(shares > HARDLY_ANY)
    if not lit.size or lit.size == shares.size:
        return 0, shares.size
    first, end = -(-int(lit[0]) // CELL) * CELL, int(lit[-1]) + 1
    return first, end if end == shares.size else end // CELL * CELL
