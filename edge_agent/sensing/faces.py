"""Finds faces with YuNet and says whether one person, nobody or several people show theirs."""

from typing import Any

import numpy as np

from edge_agent.capture.frame import Frame, Image
from edge_agent.models import Model
from edge_agent.preprocess.crops import Box, square_around
from edge_agent.preprocess.head import doubt
from edge_agent.preprocess.pixels import resized
from edge_agent.sensing.role import Face, Moment, Reading, thinned, unseen
from edge_agent.sensing.yunet import MODEL, SCORE, YuNet
from services.vocabulary import Absence
from services.vocabulary import Sense as SenseName

SMALLEST_LOOKED_AT = 160
"""Pixels to which the longer side of a smaller picture is enlarged before faces are looked for. Source: measured on 87
faces that fill grey pictures of 48 x 48: 80 are found as they are, all 87 when enlarged to 96 or more."""
NEARBY, NEARBY_SIDE = 3.0, 192
"""A face that was just seen is looked for within so many of its own sizes, in a picture of so many pixels."""
_SMALLEST_SIDE = 32


class Faces:
    """Hands faces on to the senses that read them; has no channel of its own."""

    title = "faces"
    name = SenseName.FACE
    channels: tuple[str, ...] = ()
    needs = (MODEL,)

    def __init__(self, model: Model, per_second: float = 2.0, longest_side: int = 416) -> None:
        self._net = YuNet(model)
        self.per_second = per_second
        self._longest_side = longest_side

    def read(self, moment: Moment) -> Reading:
        """Faces of the second: none where nobody or more than one person shows one."""
        frames = thinned(moment.frames, self.per_second)
        if not frames:
            return Reading.absent(unseen(moment.window))
        found: list[list[Face]] = []
        for frame in frames:
            found.append((found and self._again(frame, found[-1])) or self.find(frame))
        persons = max(len(faces) for faces in found)
        if persons == 0:
            return Reading.absent(Absence.NOT_IN_VIEW, persons=0, inferences=len(frames))
        faces = tuple(faces[0] for faces in found if faces) if persons == 1 else ()
        quality = sum(max((face.score for face in faces), default=0.0) for faces in found) / len(frames)
        absence = Absence.SEVERAL_PEOPLE if persons > 1 else None
        return Reading({}, quality, (), absence, persons, faces, len(frames))

    def find(self, frame: Frame) -> list[Face]:
        """All faces of one picture, in its own pixels."""
        return self._look(frame, (0, 0), frame.image, self._longest_side)

    def _again(self, frame: Frame, before: list[Face]) -> list[Face]:
        """The lone face of half a second ago, looked for where it was: a seventh of the work of the whole picture.

        Whoever else comes is seen with the next second's first picture.
        """
        if len(before) != 1 or before[0].frame.image.shape != frame.image.shape:
            return []
        around = square_around(before[0].box, NEARBY - 1.0)
        left, top = max(0, round(around.x)), max(0, round(around.y))
        right, bottom = round(around.x + around.width), round(around.y + around.height)
        near = frame.image[top : max(top, bottom), left : max(left, right)]
        return self._look(frame, (left, top), near, NEARBY_SIDE)

    def _look(self, frame: Frame, corner: tuple[int, int], image: Image, longest_side: int) -> list[Face]:
        height, width = image.shape[:2]
        if min(height, width) < _SMALLEST_SIDE:
            return []
        longest = max(height, width)
        scale = min(max(longest, SMALLEST_LOOKED_AT), longest_side) / longest
        if scale != 1.0:
            sides = [max(_SMALLEST_SIDE, round(side * scale)) for side in (width, height)]
            image = resized(image, sides[0], sides[1])
        factor = np.array([width / image.shape[1], height / image.shape[0]])
        return [_face(frame, row, factor, np.array(corner)) for row in self._net.find(image)]


def _face(frame: Frame, row: Any, factor: Any, corner: Any) -> Face:
    places = row[:SCORE].reshape(7, 2) * factor
    (x, y), (width, height) = places[0] + corner, places[1]
    points = places[2:] + corner
    right_eye, left_eye = ((float(px), float(py)) for px, py in points[:2])
    box = Box(float(x), float(y), float(width), float(height))
    return Face(frame, box, right_eye, left_eye, float(row[SCORE]), doubt(frame.image, points))
