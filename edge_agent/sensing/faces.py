"""Finds faces with YuNet and says whether one person, nobody or several people show theirs."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge_agent.capture.frame import Frame
from edge_agent.models import ModelUnreadable, verify
from edge_agent.preprocess.crops import Box
from edge_agent.preprocess.pixels import resized
from edge_agent.sensing.role import Face, Moment, Reading, thinned, unseen, visible
from services.vocabulary import Absence
from services.vocabulary import Sense as SenseName

MODEL = "face_detection_yunet_2026may.onnx"
THRESHOLD = 0.7
"""Source: measured on the project's stills; 0.6 gives a false face where 0.7 does not."""
_OVERLAP = 0.3
_MOST = 5000
_SMALLEST_SIDE = 32


class Faces:
    """Hands faces on to the senses that read them; has no channel of its own."""

    title = "faces"
    name = SenseName.FACE
    channels: tuple[str, ...] = ()
    needs = (MODEL,)

    def __init__(self, model: Path, per_second: float = 2.0, longest_side: int = 480) -> None:
        verify(model)
        try:
            self._detector = cv2.FaceDetectorYN.create(str(model), "", (320, 320), THRESHOLD, _OVERLAP, _MOST)
        except cv2.error as error:
            raise ModelUnreadable(f"{model}: no face model; fetch it again with `attune assets pull`") from error
        self._per_second = per_second
        self._longest_side = longest_side

    def read(self, moment: Moment) -> Reading:
        """Faces of the second: none where nobody or more than one person shows one."""
        frames = thinned(visible(moment.window), self._per_second)
        if not frames:
            return Reading.absent(unseen(moment.window))
        found = [self.find(frame) for frame in frames]
        persons = max(len(faces) for faces in found)
        if persons == 0:
            return Reading.absent(Absence.NOT_IN_VIEW, persons=0, inferences=len(frames))
        faces = tuple(faces[0] for faces in found if faces) if persons == 1 else ()
        quality = sum(max((face.score for face in faces), default=0.0) for faces in found) / len(frames)
        absence = Absence.SEVERAL_PEOPLE if persons > 1 else None
        return Reading({}, quality, (), absence, persons, faces, len(frames))

    def find(self, frame: Frame) -> list[Face]:
        """All faces of one picture, in its own pixels."""
        height, width = frame.image.shape[:2]
        if min(height, width) < _SMALLEST_SIDE:
            return []
        scale = min(1.0, self._longest_side / max(height, width))
        image = frame.image
        if scale < 1.0:
            small = [max(_SMALLEST_SIDE, round(side * scale)) for side in (width, height)]
            image = resized(image, small[0], small[1])
        self._detector.setInputSize((image.shape[1], image.shape[0]))
        _, rows = self._detector.detect(image)
        factor = np.array([width / image.shape[1], height / image.shape[0]])
        return [_face(frame, row, factor) for row in (rows if rows is not None else ())]


def _face(frame: Frame, row: Any, factor: Any) -> Face:
    points = row[:14].reshape(7, 2) * factor
    (x, y), (width, height), right_eye, left_eye = points[:4].tolist()
    return Face(frame, Box(x, y, width, height), tuple(right_eye), tuple(left_eye), float(row[14]))
