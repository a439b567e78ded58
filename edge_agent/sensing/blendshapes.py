"""Measures facial actions (brow, eyes, jaw, mouth) of the one person in view: observables, no emotion."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_agent.models import Model, as_float
from edge_agent.preprocess.crops import mapped, rgb, unit, upright_face
from edge_agent.preprocess.pain import pain, variance
from edge_agent.sensing.blendshape_names import NAMES, SUBSET
from edge_agent.sensing.readable import readable
from edge_agent.sensing.role import Face, Moment, Reading, mean_of, unseen
from edge_agent.sensing.yunet import MODEL as FACE_MODEL
from services.vocabulary import Absence
from services.vocabulary import Sense as SenseName

LANDMARKS = "mp_face_landmarks_478.onnx"
BLENDSHAPES = "mp_face_blendshapes_52.onnx"
LEAST_LOGIT = 5.0
"""The model's own say whether it sees a face. Source: measured; 134 faces of the clips have 6.8 to 24, 16 of 17 that
YuNet finds in pictures upside down have less than 3 (one has 6.9)."""
_SIZE = 256

JUDGED = {
    "face.browDown": ("browDownLeft", "browDownRight"),
    "face.eyeBlink": ("eyeBlinkLeft", "eyeBlinkRight"),
    "face.eyeSquint": ("eyeSquintLeft", "eyeSquintRight"),
    "face.jawOpen": ("jawOpen",),
    "face.mouthSmile": ("mouthSmileLeft", "mouthSmileRight"),
}
"""Each channel is the mean of these blendshapes. Chosen for pain (brow lowering, orbit tightening, eye closure:
Prkachin and Solomon 2008, Pain 139(2)), for speech and for smiling. Others stay near zero on a quiet face, where no
spread can be learned."""
PAIN = "face.pain"


class Blendshapes:
    """The second's mean of five facial actions, each 0..1, and the evidence of pain (see `preprocess.pain`) with its
    variance."""

    title = "blendshapes"
    name = SenseName.FACE
    channels = (*JUDGED, PAIN, f"uncertainty.{PAIN}")
    needs = (FACE_MODEL, LANDMARKS, BLENDSHAPES)

    def __init__(self, landmarks: Model, blendshapes: Model, per_second: float = 2.0) -> None:
        self._landmarks = landmarks.fits({"image": (0, _SIZE, _SIZE, 3)}, [(0, 0, 0, 1434), (0, 0, 0, 1)])
        self._blendshapes = blendshapes.fits({"points": (1, len(SUBSET), 2)}, [(len(NAMES),)])
        self.per_second = per_second

    def read(self, moment: Moment) -> Reading:
        """Abstains when several people are in view, nobody, who is not the resident, or no face that can be read."""
        if moment.persons > 1:
            return Reading.absent(Absence.SEVERAL_PEOPLE)
        if not moment.faces:
            return Reading.absent(Absence.NOT_IN_VIEW if moment.frames else unseen(moment.window))
        if moment.resident is False:
            return Reading.absent(Absence.NOT_CONFIRMED)
        faces = readable(moment.faces, self.per_second)
        read = [(face, self._one(face)) for face in faces]
        rows, none = [row for _, row in read if row], tuple(face for face, row in read if not row)
        if not rows:
            return replace(Reading.absent(Absence.TOO_UNCERTAIN, inferences=len(faces)), refuted=none)
        values = mean_of([_told(row) for row in rows]) | {f"uncertainty.{PAIN}": variance(rows)}
        return Reading(values, len(rows) / len(faces), inferences=2 * len(faces), refuted=none)

    def _one(self, face: Face) -> dict[str, float]:
        points = self.landmarks(face)
        if points is None:
            return {}
        shapes = self._blendshapes.run({"points": as_float(points[SUBSET][None])})[0].reshape(-1)
        return dict(zip(NAMES, np.clip(shapes, 0.0, 1.0).tolist(), strict=True))

    def landmarks(self, face: Face) -> NDArray[np.float64] | None:
        """478 points (x, y) in picture pixels, or None where the model sees no face."""
        square, back = upright_face(face.frame.image, face.box, face.right_eye, face.left_eye, _SIZE)
        raw, logit = self._landmarks.run({"image": unit(rgb(square))[None]})[:2]
        if float(logit.reshape(-1)[0]) < LEAST_LOGIT:
            return None
        return mapped(raw.reshape(-1, 3)[:, :2], back)


def _told(shapes: dict[str, float]) -> dict[str, float]:
    actions = {channel: sum(shapes[name] for name in names) / len(names) for channel, names in JUDGED.items()}
    return {**actions, PAIN: pain(shapes)}
