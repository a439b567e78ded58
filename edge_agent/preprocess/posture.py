"""Whether a body lies, sits or stands, as far as one picture of 17 keypoints can tell."""

from dataclasses import dataclass

import numpy as np

from edge_agent.preprocess.skeleton import ANKLES, KNEES, Skeleton, scale_px, tilt, trunk

NAN = float("nan")
_LEVEL_DEG = (45.0, 70.0)
"""Tilt of the trunk from which it begins to lie, and surely lies (Chen and others 2020, Symmetry 12(5):744, take 45
degrees)."""
_SEATED_THIGH = (0.75, 0.5)
"""Drop from hips to knees over that from knees to ankles: from where a thigh begins to be a seated one, and surely is.
Source: geometry and clips; whoever stands has 1 however the camera is inclined (measured 0.83 to 1.45), whoever sits 0
before a level camera, and facing one that looks down by 30 degrees 0.6; measured in a classroom 0.4."""
_SEATED_TRUNK = (0.5, 0.3)
"""The same over the rise of the trunk, where ankles are hidden: standing measured 0.48 to 0.9 under cameras near and
far, sitting 0.2."""
_LEGS_DOWN = (1.3, 0.9)
"""Drop from hips to ankles in torso lengths: a level trunk on legs that stand is bent, not lying. Standing has 1.6,
lying 0, and 0.9 with the feet towards a camera that looks down by 30 degrees (source: geometry)."""
_FORESHORTENED = 0.5
"""A trunk shorter than this share of what the shoulders' width promises points along the line of sight: bent towards
the camera, or lying along it. One picture cannot tell which (source: geometry)."""


@dataclass(frozen=True, slots=True)
class Posture:
    """Evidence 0..1 for each posture; NaN where the keypoints that would tell it are hidden or not sure."""

    lying: float = NAN
    sitting: float = NAN
    standing: float = NAN


def posture(body: Skeleton) -> Posture:
    """What the trunk's tilt and the thighs' drop say. Nothing is said of a body whose hips are hidden, and of one whose
    legs are hidden only whether it lies."""
    ends, unit_px = trunk(body), scale_px(body)
    if ends is None or not unit_px > 0.0:
        return Posture()
    shoulders, hips = ends
    lying = ramp(tilt(shoulders, hips), *_LEVEL_DEG)
    if lying < 1.0 and float(np.linalg.norm(shoulders - hips)) < _FORESHORTENED * unit_px:
        return Posture()
    knees, ankles = body.about(KNEES), body.about(ANKLES)
    if ankles is not None:
        lying *= ramp(float(ankles[1] - hips[1]) / unit_px, *_LEGS_DOWN)
    if lying == 1.0:
        return Posture(1.0, 0.0, 0.0)
    if knees is None:
        return Posture(lying)
    thigh = float(knees[1] - hips[1])
    if ankles is None:
        seated = ramp(thigh / max(float(hips[1] - shoulders[1]), 1e-6), *_SEATED_TRUNK)
    elif ankles[1] > knees[1]:
        seated = ramp(thigh / float(ankles[1] - knees[1]), *_SEATED_THIGH)
    else:
        return Posture(lying)  # shins that rise are neither stood nor sat on
    return Posture(lying, (1.0 - lying) * seated, (1.0 - lying) * (1.0 - seated))


def ramp(value: float, none: float, full: float) -> float:
    """0 at `none` and before, 1 at `full` and beyond, straight between; either may be the larger.

    >>> ramp(50.0, 45.0, 55.0), ramp(0.2, 0.7, 0.4), ramp(9.0, 45.0, 55.0)
    (0.5, 1.0, 0.0)
    """
    return float(np.clip((value - none) / (full - none), 0.0, 1.0))
