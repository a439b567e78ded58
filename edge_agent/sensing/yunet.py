"""What YuNet says of one picture, on ONNX Runtime: the rows that OpenCV's `FaceDetectorYN` gives, in half its time.

Source: OpenCV, `modules/objdetect/src/face_detect.cpp`; a test holds both beside each other.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edge_agent.models import Array, Model
from edge_agent.preprocess.boxes import surest
from edge_agent.preprocess.pixels import Picture

MODEL = "face_detection_yunet_2026may.onnx"
THRESHOLD = 0.7
"""Source: measured on the project's stills; 0.6 gives a false face where 0.7 does not."""
OVERLAP = 0.3
STRIDES = (8, 16, 32)
"""Pixels between the places that the net's three grids look at."""
SCORE = 14
_SIZES = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}

Rows = NDArray[np.float64]
"""Faces x 15: left, top, width, height, five points (right eye, left eye, nose, corners of the mouth), score 0..1."""


class YuNet:
    """Finds faces in pictures of any size; safe to call from several threads."""

    def __init__(self, model: Model) -> None:
        outputs = [(1, 0, size) for size in _SIZES.values() for _ in STRIDES]
        self.digest = model.digest
        self._model = model.fits({"input": (1, 3, 0, 0)}, outputs)

    def find(self, image: Picture) -> Rows:
        """Every face of at least `THRESHOLD`, the surest first, in pixels of `image` (BGR)."""
        height, width = image.shape[:2]
        high, wide = (-(-side // STRIDES[-1]) * STRIDES[-1] for side in (height, width))
        seen = np.zeros((1, 3, high, wide), np.float32)
        seen[0, :, :height, :width] = image.transpose(2, 0, 1)
        said = dict(zip(self._model.output_names, self._model.run({"input": seen}), strict=True))
        rows = np.concatenate([_rows(said, stride, wide // stride) for stride in STRIDES])
        low = np.trunc(rows[:, :2])  # OpenCV compares boxes of whole pixels
        return rows[surest(low, low + np.trunc(rows[:, 2:4]), rows[:, SCORE], OVERLAP)]


def _rows(said: Mapping[str, Array], stride: int, across: int) -> Rows:
    """The faces that one grid of `across` places a row saw."""
    sure = np.sqrt(np.clip(said[f"cls_{stride}"][0, :, 0], 0, 1) * np.clip(said[f"obj_{stride}"][0, :, 0], 0, 1))
    found = np.flatnonzero(sure >= THRESHOLD)
    place = np.stack([found % across, found // across], axis=1).astype(np.float64)
    box = said[f"bbox_{stride}"][0, found].astype(np.float64)
    size = np.exp(box[:, 2:]) * stride
    corner = (place + box[:, :2]) * stride - size / 2
    points = (said[f"kps_{stride}"][0, found].reshape(-1, 5, 2) + place[:, None]) * stride
    return np.hstack([corner, size, points.reshape(-1, 10), sure[found, None]])
