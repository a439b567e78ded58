"""Resizes and turns pictures; the only file of this room that uses OpenCV."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def resized(image: Picture, width: int, height: int) -> Picture:
    """`image` at another size: averaged over areas when it shrinks, linear when it grows."""
    shrinks = width * height < image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return _uint8(cv2.resize(image, (width, height), interpolation=method))


def warped(image: Picture, matrix: NDArray[np.float64], size: int) -> Picture:
    """The square of `size` pixels that `matrix` (2x3, from picture to square) cuts out; black beyond the edge."""
    return _uint8(cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR))


def grey(image: Picture) -> Picture:
    """Brightness of a BGR picture, height x width."""
    return _uint8(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))


def _uint8(array: Any) -> Picture:
    return np.asarray(array, dtype=np.uint8)
