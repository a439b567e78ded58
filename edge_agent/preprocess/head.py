"""Which way a head is turned, and whether its face can be read, from a face's five points."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from edge_agent.preprocess.pixels import Picture, grey, stretched

Points = NDArray[np.float64]
"""5 x (x, y) in picture pixels: right eye, left eye, nose, right and left corner of the mouth, right being the person's
own (left in the picture)."""

MOST_YAW, MOST_PITCH, MOST_ROLL = 50.0, 30.0, 45.0
"""Degrees beyond which expression models were hardly trained (source: guess; the demonstration clip's woman is turned
by 45 degrees and still read as its reference scores say)."""
DARKEST, BRIGHTEST = 16.0, 245.0
"""Mean brightness of a face, of 255. Source: measured on the demonstration clip, where expression at a fifth of its
light (17 to 33) is as by day, and no face is found at a sixteenth."""
LEAST_RELIEF = 0.15
"""Brightness steps down an eye or the mouth, as a share of the whole face's, under which something covers it. Source:
measured on 59 faces of the clips with a plain patch and a sensor's noise: noticed over the mouth 59 times, over a half
54, dark ones over the eyes 49, light ones over the eyes 33; never on the faces as they are. A cover with a pattern of
its own, such as a hand, is not noticed."""
_PROTRUSION = 0.6
_LEVEL, _PER_DEGREE = 0.57, 1.0 / 140.0


class Doubt(StrEnum):
    """Why a face is not read."""

    TURNED_AWAY = "turned_away"
    BADLY_LIT = "badly_lit"
    COVERED = "covered"


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Degrees: `yaw` positive to the right of the picture, `pitch` positive upwards, `roll` positive clockwise."""

    yaw: float
    pitch: float
    roll: float


def head_pose(points: Points) -> HeadPose:
    """How the head is turned, from where its nose lies between eyes and mouth.

    Yaw follows the nose's offset from between the eyes, which stands out by 0.6 of their distance: 6 degrees of error
    (root mean square) against MediaPipe's 478 landmarks on 268 faces of the clips between -57 and 55 degrees. Pitch
    follows the nose's height between eyes and mouth, with 140 degrees per unit fitted to the same landmarks (r = 0.65:
    rough).

    >>> frontal = np.array([[0.0, 0.0], [10.0, 0.0], [5.0, 5.7], [1.0, 10.0], [9.0, 10.0]])
    >>> head_pose(frontal)
    HeadPose(yaw=0.0, pitch=0.0, roll=0.0)
    """
    right_eye, left_eye, nose = points[:3]
    across = left_eye - right_eye
    distance = float(np.hypot(*across))
    if distance <= 0.0:
        return HeadPose(90.0, 0.0, 0.0)
    roll = float(np.degrees(np.arctan2(across[1], across[0])))
    along, down = across / distance, np.array([-across[1], across[0]]) / distance
    between = (right_eye + left_eye) / 2
    offset = float((nose - between) @ along) / distance
    mouth = float((points[3:].mean(axis=0) - between) @ down)
    height = float((nose - between) @ down) / mouth if mouth > 0.0 else 1.0
    yaw = float(np.degrees(np.arctan2(offset, _PROTRUSION)))
    return HeadPose(round(yaw, 6), round((_LEVEL - height) / _PER_DEGREE, 6) + 0.0, roll)


def doubt(image: Picture, points: Points) -> Doubt | None:
    """Why the face at `points` in `image` (BGR) cannot be read, or None where it can.

    >>> doubt(np.full((40, 40, 3), 3, np.uint8), 10.0 + np.array([[0, 0], [10, 0], [5, 5.7], [1, 10], [9, 10.0]])).value
    'badly_lit'
    """
    pose = head_pose(points)
    if abs(pose.yaw) > MOST_YAW or abs(pose.pitch) > MOST_PITCH or abs(pose.roll) > MOST_ROLL:
        return Doubt.TURNED_AWAY
    right_eye, left_eye, _, right_mouth, left_mouth = points
    across = left_eye - right_eye
    distance, down = float(np.hypot(*across)), np.array([-across[1], across[0]])
    whole = _patch(image, (right_eye + left_eye) / 2 + 0.5 * down, across, (2.0 * distance, 2.2 * distance))
    if not DARKEST <= float(whole.mean()) <= BRIGHTEST:
        return Doubt.BADLY_LIT
    mouth = (right_mouth + left_mouth) / 2
    parts = [(right_eye, 0.5, 0.4), (left_eye, 0.5, 0.4), (mouth, 0.9, 0.5)]
    reliefs = [_relief(_patch(image, place, across, (w * distance, h * distance))) for place, w, h in parts]
    return Doubt.COVERED if min(reliefs) < LEAST_RELIEF * _relief(whole) else None


def _patch(image: Picture, middle: Points, across: Points, size: tuple[float, float]) -> NDArray[np.float32]:
    """16 x 16 grey pixels of a rectangle of `size` around `middle`, turned as the eyes are."""
    return grey(stretched(image, middle, float(np.arctan2(across[1], across[0])), size, 16)).astype(np.float32)


def _relief(patch: NDArray[np.float32]) -> float:
    """Mean step from a quarter of the patch to the next below; quarters, so that a sensor's noise is averaged away."""
    quarters = patch.reshape(4, 4, 4, 4).mean(axis=(1, 3))
    return float(np.abs(np.diff(quarters, axis=0)).mean())
