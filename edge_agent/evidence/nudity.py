"""Whether a picture shows what nobody should see: an operator's own detector, and a hit is enough."""

import cv2
import numpy as np

from edge_agent.capture.frame import Image
from edge_agent.evidence.settings import NuditySettings
from edge_agent.models import Model


class Nudity:
    """One detector of the YOLOv8 kind (boxes and one score per label, not yet thinned out).

    Raises:
        ModelUnfit: the model gives another number of rows than 4 and its labels.
    """

    def __init__(self, model: Model, settings: NuditySettings) -> None:
        self.model = model.fits({"images": (0, 3, 0, 0)}, [(0, 4 + len(settings.labels), 0)])
        self._settings = settings
        self._rows = [4 + settings.labels.index(name) for name in settings.hits]

    def hit(self, image: Image) -> bool:
        """Whether any of the labels that count reaches the threshold anywhere."""
        size, longest = self._settings.size_px, max(image.shape[:2])
        square = np.zeros((longest, longest, 3), np.uint8)
        square[: image.shape[0], : image.shape[1]] = image
        small = cv2.resize(square, (size, size), interpolation=cv2.INTER_LINEAR)
        tensor = np.ascontiguousarray(small[:, :, ::-1].transpose(2, 0, 1)[None], np.float32) / np.float32(255.0)
        found = self.model.run({"images": tensor})[0][0]
        scores = found[self._rows]
        return not bool((scores < self._settings.threshold).all())  # what is no number counts as a hit
