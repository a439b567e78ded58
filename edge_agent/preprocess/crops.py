"""Cuts what a model looks at out of a picture, exactly as each model was trained to see it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.preprocess.pixels import Picture, resized, warped


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in picture pixels; it may reach beyond the picture."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle, (x, y)."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True, slots=True, eq=False)
class Letterboxed:
    """A picture fitted into a square and how to get back: square = picture * `scale` + (`left`, `top`)."""

    image: Picture
    scale: float
    left: float
    top: float


def square_around(box: Box, margin: float = 0.0) -> Box:
    """The square with the same middle whose side is the longer side of `box` plus `margin` (0.1: a tenth more).

    >>> square_around(Box(10, 10, 20, 40), 0.1)
    Box(x=-2.0, y=8.0, width=44.0, height=44.0)
    """
    side = max(box.width, box.height) * (1.0 + margin)
    x, y = box.centre
    return Box(x - side / 2, y - side / 2, side, side)


def widened(box: Box, margin: float) -> Box:
    """`box` with `margin` of its size added, half on each side; 0 leaves it tight.

    >>> widened(Box(10, 10, 20, 40), 0.5)
    Box(x=5.0, y=0.0, width=30.0, height=60.0)
    """
    x, y = box.centre
    width, height = box.width * (1.0 + margin), box.height * (1.0 + margin)
    return Box(x - width / 2, y - height / 2, width, height)


def crop(image: Picture, box: Box, size: int) -> Picture | None:
    """`box` cut out of `image` and resized to `size` x `size`; what lies beyond the picture is left out.

    None where less than two pixels are left.
    """
    height, width = image.shape[:2]
    left, top = max(0, round(box.x)), max(0, round(box.y))
    right, bottom = min(width, round(box.x + box.width)), min(height, round(box.y + box.height))
    if right - left < 2 or bottom - top < 2:
        return None
    return resized(image[top:bottom, left:right], size, size)


def letterbox(image: Picture, size: int, fill: int = 0) -> Letterboxed:
    """`image` shrunk or grown to fit a square of `size`, in the middle, the rest filled with `fill`."""
    height, width = image.shape[:2]
    scale = size / max(height, width)
    inner_width, inner_height = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (size - inner_width) // 2, (size - inner_height) // 2
    square = np.full((size, size, 3), fill, dtype=np.uint8)
    square[top : top + inner_height, left : left + inner_width] = resized(image, inner_width, inner_height)
    return Letterboxed(square, scale, float(left), float(top))


def upright_face(
    image: Picture, box: Box, right_eye: tuple[float, float], left_eye: tuple[float, float], size: int
) -> tuple[Picture, NDArray[np.float64]]:
    """The square of 1.25 x the longer side of `box`, turned so that the eyes are level, and the way back.

    Eyes are in picture pixels, `right_eye` being the person's own (left in the picture). The second value is a 2x3
    matrix from the square's pixels to the picture's. Source: the face landmark model's contract (MediaPipe).
    """
    side = 1.25 * max(box.width, box.height)
    angle = np.arctan2(left_eye[1] - right_eye[1], left_eye[0] - right_eye[0])
    cos, sin = np.cos(angle) * side / size, np.sin(angle) * side / size
    x, y = box.centre
    back = np.array([[cos, -sin, x - (cos - sin) * size / 2], [sin, cos, y - (sin + cos) * size / 2]])
    return warped(image, inverse(back), size), back


def inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 2x3 matrix that undoes `matrix`."""
    turn = np.linalg.inv(matrix[:, :2])
    return np.hstack([turn, -turn @ matrix[:, 2:]])


def mapped(points: NDArray[np.floating], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """`points` (count x 2) through a 2x3 `matrix`."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], dtype=np.float64)


def rgb(image: Picture) -> Picture:
    """Blue and red changed places."""
    return np.ascontiguousarray(image[..., ::-1])


def unit(image: Picture) -> NDArray[np.float32]:
    """0..255 as 0..1."""
    return image.astype(np.float32) / np.float32(255.0)
