"""A picture without a picture: the filled outline of every body on black."""

from collections.abc import Sequence

import cv2
import numpy as np

from edge_agent.capture.frame import Image
from edge_agent.preprocess.skeleton import SURE, Skeleton

_BONES = ((5, 7), (7, 9), (6, 8), (8, 10), (11, 13), (13, 15), (12, 14), (14, 16))
_TRUNK = [5, 6, 12, 11]
_HEAD = [0, 1, 2, 3, 4]
_LIMB_PER_BODY, _HEAD_PER_BODY = 0.05, 0.09
"""Half the thickness of limbs and the size of a head, in lengths of the body's box (source: guess)."""


def silhouette(height: int, width: int, bodies: Sequence[Skeleton]) -> Image:
    """(height, width, 3): white bodies on black; of one whose keypoints are not sure, the ellipse in its box.

    >>> silhouette(4, 6, ()).max()
    0
    """
    canvas = np.zeros((height, width, 3), np.uint8)
    for body in bodies:
        _fill(canvas, body)
    return canvas


def _fill(canvas: Image, body: Skeleton) -> None:
    left, top, right, bottom = body.box.tolist()
    length = max(right - left, bottom - top, 1.0)
    limb, white = max(1, round(2 * _LIMB_PER_BODY * length)), (255, 255, 255)
    sure = body.scores >= SURE
    places = body.points.round().astype(np.int32)
    if not sure[_TRUNK].all():
        middle, half = ((left + right) / 2, (top + bottom) / 2), ((right - left) / 2, (bottom - top) / 2)
        cv2.ellipse(canvas, _whole(middle), _whole(half), 0, 0, 360, white, -1)
        return
    cv2.fillConvexPoly(canvas, cv2.convexHull(places[_TRUNK]), white)
    for a, b in _BONES:
        if sure[a] and sure[b]:
            cv2.line(canvas, places[a].tolist(), places[b].tolist(), white, limb)
    if sure[_HEAD].any():
        head = body.points[_HEAD][sure[_HEAD]].mean(axis=0)
        cv2.circle(canvas, _whole(head), max(1, round(_HEAD_PER_BODY * length)), white, -1)


def _whole(pair: Sequence[float] | np.ndarray) -> tuple[int, int]:
    return max(0, round(float(pair[0]))), max(0, round(float(pair[1])))
