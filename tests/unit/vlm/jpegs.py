"""Real JPEGs for the tests of pictures."""

import cv2
import numpy as np


def jpeg(width: int = 320, height: int = 240, progressive: bool = False, seed: int = 0) -> bytes:
    """A picture of soft noise."""
    image = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    flags = [cv2.IMWRITE_JPEG_QUALITY, 70, cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)]
    done, coded = cv2.imencode(".jpg", cv2.GaussianBlur(image, (9, 9), 0), flags)
    assert done
    return coded.tobytes()


def png() -> bytes:
    """A picture of another kind."""
    return cv2.imencode(".png", np.zeros((64, 64, 3), np.uint8))[1].tobytes()
