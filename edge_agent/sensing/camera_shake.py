"""Tells how the camera itself moved between two small grey pictures, and takes that off, so that only people move."""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.preprocess.pixels import Picture

Matrix = NDArray[np.float64]
"""2 x 3: where the camera's movement carries a point of the picture before."""

_TILE, _RIM = 10, 2
"""Pixels a tile is wide, and tiles that the rim is wide: 20 pixels of 160 x 120, where a room is seen rather than
people (source: guess)."""
_TEXTURE = 1e-4
"""Least corner strength (`cornerMinEigenVal`, 5 x 5) of a point to follow; noise of 1.5 grey levels has less than a
fifth of it (source: measured)."""
_LEAST_POINTS = 12
_STILL = 0.1
"""Pixels: where half of the rim moves less, the camera stands (source: guess)."""
_WITHIN = 0.5
"""Pixels between a point and where the camera's movement would carry it (source: measured on half of the clips)."""
_AGREE = 0.4
"""Least share of the rim's points that the camera's movement explains (source: measured, as above)."""
_STAND = 0.25
"""Share of the points that stand still against that movement, above which it is somebody's and not the camera's."""
_ZOOM = 0.05
"""Largest zoom of one step that is believed (source: guess)."""
_SIDE, _VOTERS = 0.19, 2
"""Share of the width that each side has, and points that speak for half of one (source: measured: with 0.25 a person
before a bare wall was taken for the camera)."""


def steadied(before: Picture, after: Picture) -> Picture:
    """`before` as the camera of `after` would have seen it; `before` itself where the camera stood or nobody can tell.

    Points on the rim of the picture are followed (Lucas and Kanade 1981, pyramids of Bouguet 2000) and a shift with
    turn and zoom is fitted to them by RANSAC. It is the camera's only if it holds in the upper half of both sides or
    in any three halves of them: so a person who moves in the middle is not taken for it, not even before a bare wall.
    One who fills the picture from side to side may be. Both pictures are grey, of one size, multiples of 10 wide and
    high.
    """
    moved = camera_movement(before, after)
    if moved is None:
        return before
    height, width = before.shape
    turned = cv2.warpAffine(before, moved, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, dtype=np.uint8)


def camera_movement(before: Picture, after: Picture) -> Matrix | None:
    """The camera's movement from `before` to `after`; None where it stood still or cannot be told."""
    points = _rim_points(before)
    if len(points) < _LEAST_POINTS:
        return None
    found, status, _ = cv2.calcOpticalFlowPyrLK(
        before,
        after,
        points,
        None,
        winSize=(11, 11),
        maxLevel=2,
        criteria=(3, 10, 0.03),  # type: ignore[call-overload]
    )
    seen = status.ravel() == 1
    points, found = points[seen], found[seen]
    if len(points) < _LEAST_POINTS:
        return None
    stands = np.hypot(*(found - points).T) < _STILL
    if 2 * int(stands.sum()) > len(points):
        return None
    matrix, inside = cv2.estimateAffinePartial2D(
        points, found, method=cv2.RANSAC, ransacReprojThreshold=_WITHIN, maxIters=100, confidence=0.99, refineIters=3
    )
    if matrix is None or abs(float(np.hypot(matrix[0, 0], matrix[1, 0])) - 1.0) > _ZOOM:
        return None
    agrees = inside.ravel() == 1
    if agrees.mean() < _AGREE or (stands & ~agrees).mean() > _STAND:
        return None
    return np.asarray(matrix, dtype=np.float64) if _all_around(points, agrees, before.shape) else None


def _all_around(points: NDArray[np.float32], agrees: NDArray[np.bool_], shape: tuple[int, ...]) -> bool:
    """Whether most points agree in the upper half of both sides, or in any three of the sides' four halves."""
    x, low = points[:, 0], points[:, 1] >= shape[0] / 2
    sides = (x < _SIDE * shape[1], x >= (1.0 - _SIDE) * shape[1])
    votes = [agrees[side & (low == down)] for down in (False, True) for side in sides]
    held = [len(vote) >= _VOTERS and float(vote.mean()) > 0.5 for vote in votes]
    return (held[0] and held[1]) or sum(held) >= 3


def _rim_points(picture: Picture) -> NDArray[np.float32]:
    """The strongest corner of every tile of the rim, n x 2 (x, y); tiles without texture have none.

    One per tile, so that a caption or a curtain does not speak for the whole room.
    """
    strength = cv2.cornerMinEigenVal(picture, 5)
    rows, columns = strength.shape[0] // _TILE, strength.shape[1] // _TILE
    tiles = strength.reshape(rows, _TILE, columns, _TILE).swapaxes(1, 2).reshape(rows, columns, _TILE * _TILE)
    best = tiles.argmax(axis=2)
    strong = np.take_along_axis(tiles, best[..., None], axis=2)[..., 0] > _TEXTURE
    strong[_RIM:-_RIM, _RIM:-_RIM] = False
    row, column = np.nonzero(strong)
    inside = best[row, column]
    return np.stack([column * _TILE + inside % _TILE, row * _TILE + inside // _TILE], axis=1).astype(np.float32)
