"""Measures how much moves in the picture and how erratically, by dense optical flow at low resolution."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.capture.frame import Frame
from edge_agent.preprocess.pixels import Picture, grey, resized
from edge_agent.sensing.camera_shake import steadied
from edge_agent.sensing.role import Moment, Reading, unseen
from services.vocabulary import Absence, Seconds
from services.vocabulary import Sense as SenseName

WIDTH, HEIGHT = 160, 120
_DIAGONAL = float(np.hypot(WIDTH, HEIGHT))
MOVING = 0.02
"""Picture diagonals per second above which a pixel counts as moving (0.5 pixel per picture at 8 pictures a second;
source: measured, above the flow of a still room on the demonstration clip)."""
CALM = 0.05
"""Mean speed in diagonals per second that halves the erratic measure (source: measured on the demonstration clip)."""
LONGEST_STEP_S: Seconds = 0.7
"""Pictures further apart are not compared: too much has happened between them (source: guess)."""
LEAST_FPS = 1.5
"""Analysed pictures a second below which no two lie near enough together, and motion is never told."""
STIRRED = 0.1
"""Mean pixels of flow below which nobody asks whether the camera moved: as in a still room, on half of the clips."""

Flow = NDArray[np.float32]


class Motion:
    """`motion.ratio`, the share of moving pixels, and `motion.erratic`, how much the movement changes.

    Erratic is sum|v(t) - v(t-1)| / (sum|v(t)| + sum|v(t-1)| + calm) over all pixels: 0 for stillness and for
    steady movement in one direction, towards 1 for strong movement that starts, stops and turns. Both are medians over
    the second, so that one jump (a light switched on, a lost picture) does not count. What the camera itself moved
    (a knock at the bed, a door, a fan) is taken off first, where it can be told. Flow: DIS, Kroeger et al. 2016, ECCV.
    """

    title = "motion"
    name = SenseName.MOTION
    channels = ("motion.ratio", "motion.erratic")
    needs: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._dis: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._before: tuple[Seconds, NDArray[np.uint8]] | None = None
        self._velocity: Flow | None = None

    def read(self, moment: Moment) -> Reading:
        """Abstains where there is no picture, all are blank, or too few to compare."""
        frames = moment.frames
        if not frames:
            self._before = self._velocity = None
            return Reading.absent(unseen(moment.window))
        steps = [step for frame in frames if (step := self._step(frame)) is not None]
        if not steps:
            return Reading.absent(Absence.TOO_UNCERTAIN)
        values = {"motion.ratio": float(np.median([ratio for ratio, _ in steps]))}
        if changes := [erratic for _, erratic in steps if erratic is not None]:
            values["motion.erratic"] = float(np.median(changes))
        return Reading(values, len(frames) / len(moment.window.frames), inferences=len(steps))

    def _step(self, frame: Frame) -> tuple[float, float | None] | None:
        picture = grey(resized(frame.image, WIDTH, HEIGHT))
        before, self._before = self._before, (frame.pts_s, picture)
        if before is None or not 0.0 < frame.pts_s - before[0] <= LONGEST_STEP_S:
            self._velocity = None
            return None
        velocity = self._flow(before[1], picture) / np.float32((frame.pts_s - before[0]) * _DIAGONAL)
        last, self._velocity = self._velocity, velocity
        return moving_share(velocity), None if last is None else erratic(velocity, last)

    def _flow(self, before: Picture, picture: Picture) -> Flow:
        """Pixels that everything moved, less what the camera did."""
        flow = np.asarray(self._dis.calc(before, picture, None), dtype=np.float32)
        if float(_speed(flow).mean()) < STIRRED:
            return flow
        steady = steadied(before, picture)
        return flow if steady is before else np.asarray(self._dis.calc(steady, picture, None), dtype=np.float32)


def too_slow(fps: float) -> str:
    """Why motion is never told at so many analysed pictures a second, and what to do; empty where it is.

    >>> too_slow(1.0)
    'motion is never told at 1 analysed picture(s) a second: set analysis_fps to 1.5 or more'
    >>> too_slow(1.5)
    ''
    """
    if fps >= LEAST_FPS:
        return ""
    return f"motion is never told at {fps:g} analysed picture(s) a second: set analysis_fps to {LEAST_FPS:g} or more"


def moving_share(velocity: Flow) -> float:
    """Share of pixels that move; `velocity` is height x width x 2 in picture diagonals per second."""
    return float((_speed(velocity) > MOVING).mean())


def erratic(velocity: Flow, before: Flow) -> float:
    """How much the movement changed from one flow field to the next, 0..1 (see `Motion`).

    >>> steady = np.full((4, 4, 2), 0.1, np.float32)
    >>> erratic(steady, steady), round(erratic(10 * steady, -10 * steady), 2)
    (0.0, 0.97)
    """
    change = float(_speed(velocity - before).mean())
    speed = float(_speed(velocity).mean() + _speed(before).mean())
    return change / (speed + 2 * CALM)


def _speed(velocity: Flow) -> Flow:
    """The length of every vector; ten times as fast as a norm over the last axis."""
    x, y = velocity[..., 0], velocity[..., 1]
    return np.sqrt(x * x + y * y)
