"""What 17 keypoints of a body say: how upright, how high, how fast."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

SURE = 0.3
"""Score from which a keypoint is used (source: guess; MoveNet's own demonstrations use 0.2 to 0.3)."""
HEAD, KNEES, ANKLES = [0, 1, 2, 3, 4], [13, 14], [15, 16]
SHOULDERS, _ELBOWS, WRISTS, HIPS = [5, 6], [7, 8], [9, 10], [11, 12]
_TORSO_PER_SHOULDERS = 1.4
"""Length of the torso in shoulder widths (source: guess from adult proportions, used where hips are hidden)."""

Part = Literal["wrists", "trunk"]
_PARTS: dict[Part, list[int]] = {"wrists": WRISTS, "trunk": [*SHOULDERS, *HIPS]}


@dataclass(frozen=True, slots=True, eq=False)
class Skeleton:
    """17 COCO keypoints: `points` 17 x (x, y) in picture pixels, `scores` 0..1, `box` left, top, right, bottom."""

    points: NDArray[np.float64]
    scores: NDArray[np.float64]
    box: NDArray[np.float64]

    def middle(self, keypoints: list[int]) -> NDArray[np.float64] | None:
        """Mean place of `keypoints`, or None where one of them is not sure."""
        if (self.scores[keypoints] < SURE).any():
            return None
        return np.asarray(self.points[keypoints].mean(axis=0))

    def about(self, keypoints: list[int]) -> NDArray[np.float64] | None:
        """Mean place of those of `keypoints` that are sure, or None where none is."""
        sure = [k for k in keypoints if self.scores[k] >= SURE]
        return np.asarray(self.points[sure].mean(axis=0)) if sure else None

    def overlap(self, other: "Skeleton") -> float:
        """Intersection over union of the two boxes, 0..1."""
        low, high = np.maximum(self.box[:2], other.box[:2]), np.minimum(self.box[2:], other.box[2:])
        shared = float(np.prod(np.maximum(0.0, high - low)))
        areas = sum(float(np.prod(np.maximum(0.0, one.box[2:] - one.box[:2]))) for one in (self, other))
        return shared / (areas - shared) if areas > shared else 0.0


def trunk(body: Skeleton) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Shoulders and hips: the middle of both sides, or one side of the body where the other is hidden; else None."""
    for sides in ([0, 1], [0], [1]):
        shoulders = body.middle([SHOULDERS[side] for side in sides])
        hips = body.middle([HIPS[side] for side in sides])
        if shoulders is not None and hips is not None:
            return shoulders, hips
    return None


def wrists_and_elbows(body: Skeleton) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Of each arm whose wrist and elbow are sure, both places."""
    return [
        (body.points[wrist], body.points[elbow])
        for wrist, elbow in zip(WRISTS, _ELBOWS, strict=True)
        if min(body.scores[wrist], body.scores[elbow]) >= SURE
    ]


def tilt(shoulders: NDArray[np.float64], hips: NDArray[np.float64]) -> float:
    """Degrees between the line from `hips` to `shoulders` and upright: 0 upright, 90 level, 180 upside down."""
    along = hips - shoulders
    return float(np.degrees(np.arctan2(abs(along[0]), along[1])))


def torso_angle(body: Skeleton) -> float:
    """Degrees between the torso and upright: 0 standing, 90 lying; NaN where shoulders or hips are not sure."""
    shoulders, hips = body.middle(SHOULDERS), body.middle(HIPS)
    if shoulders is None or hips is None:
        return float("nan")
    return tilt(shoulders, hips)


def hip_height(body: Skeleton, height_px: int) -> float:
    """Height of the hips in the picture, 0 (bottom) to 1 (top); NaN where they are not sure."""
    hips = body.middle(HIPS)
    return float("nan") if hips is None else float(np.clip(1.0 - hips[1] / height_px, 0.0, 1.0))


def scale_px(body: Skeleton) -> float:
    """Length of the torso in pixels, by shoulders and hips or by the shoulders' width; NaN where neither is sure.

    The longer of both is used, so that a torso seen from the front, from the side or bent has about one length.
    """
    shoulders, hips = body.middle(SHOULDERS), body.middle(HIPS)
    lengths = []
    if shoulders is not None:
        lengths.append(float(np.linalg.norm(np.subtract(*body.points[SHOULDERS]))) * _TORSO_PER_SHOULDERS)
        if hips is not None:
            lengths.append(float(np.linalg.norm(shoulders - hips)))
    return max(lengths, default=float("nan"))


def travelled(body: Skeleton, before: Skeleton, part: Part, unit_px: float) -> float:
    """How far a part of the body moved, in `unit_px`; NaN where none of its keypoints is sure in both.

    The wrists' path is that of the faster wrist, relative to the shoulders (walking does not count); the trunk's is
    the mean of its keypoints.
    """
    keypoints = [k for k in _PARTS[part] if body.scores[k] >= SURE and before.scores[k] >= SURE]
    if not keypoints or not unit_px > 0.0:
        return float("nan")
    paths = body.points[keypoints] - before.points[keypoints]
    if part == "trunk":
        return float(np.linalg.norm(paths.mean(axis=0))) / unit_px
    now, then = body.middle(SHOULDERS), before.middle(SHOULDERS)
    carried = now - then if now is not None and then is not None else np.zeros(2)
    return float(np.linalg.norm(paths - carried, axis=1).max()) / unit_px
