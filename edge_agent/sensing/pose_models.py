"""What a pose net says of one picture: everybody in it, each with 17 keypoints."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_agent.models import Model, ModelUnfit
from edge_agent.preprocess.boxes import surest
from edge_agent.preprocess.crops import letterbox, rgb, unit
from edge_agent.preprocess.pixels import Picture
from edge_agent.preprocess.skeleton import Skeleton

MOVENET = "movenet_multipose_lightning_v1.onnx"
PERSON_THRESHOLD = 0.2
"""Source: the card of MoveNet."""
SAME_PERSON_OVERLAP = 0.6
YOLO_THRESHOLD, YOLO_OVERLAP, YOLO_GREY = 0.25, 0.7, 114
"""What ultralytics predicts with."""
CLOCKWISE, COUNTER_CLOCKWISE = 1, -1


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One person in one picture, in its pixels; `score` 0..1, and whether they were found in the picture as it is (0),
    or turned by a quarter (`CLOCKWISE`, `COUNTER_CLOCKWISE`)."""

    skeleton: Skeleton
    score: float
    turn: int = 0


class PoseNet(Protocol):
    """Finds people."""

    def find(self, image: Picture) -> list[Person]:
        """Everybody in one picture, perhaps one person twice."""


class MoveNet:
    """MoveNet multipose: up to six people, each 17 keypoints and a box."""

    def __init__(self, model: Model, size: int = 256) -> None:
        self._model = model.fits({"image": (1, 0, 0, 3)}, [(1, 6, 56)])
        self._size = size

    def find(self, image: Picture) -> list[Person]:
        """Those of at least `PERSON_THRESHOLD`."""
        boxed = letterbox(image, self._size)
        poses = self._model.run({"image": rgb(boxed.image).astype(np.int32)[None]})[0][0]
        corner = (boxed.left, boxed.top)
        return [
            Person(_skeleton(row, self._size, boxed.scale, corner), float(row[55]))
            for row in poses
            if row[55] >= PERSON_THRESHOLD
        ]


class YoloPose:
    """A YOLO pose net as ultralytics exports it: [1, 56, places], of each place the middle and size of a box, how sure
    it is, and 17 keypoints with their visibility, in pixels of its square input."""

    def __init__(self, model: Model, least: float = YOLO_THRESHOLD) -> None:
        self._model = model.fits({"images": (1, 3, 0, 0)}, [(1, 56, 0)])
        sizes = set(model.takes["images"][2:])
        if len(sizes) != 1 or 0 in sizes:
            raise ModelUnfit(f"{model.name}: takes pictures of {model.takes['images']}, expected one fixed square: "
                             "export it with a single imgsz and without dynamic axes")  # fmt: skip
        self._size, self._least = sizes.pop(), least

    def find(self, image: Picture) -> list[Person]:
        """Those of at least `least`, each once by the overlap of boxes."""
        boxed = letterbox(image, self._size, YOLO_GREY)
        seen = unit(rgb(boxed.image)).transpose(2, 0, 1)[None]
        rows = self._model.run({"images": np.ascontiguousarray(seen)})[0][0].T
        kept = apart(rows[rows[:, 4] >= self._least].astype(np.float64))
        corner = np.array([boxed.left, boxed.top])
        return [Person(_from_yolo(row, boxed.scale, corner), float(row[4])) for row in kept]


def apart(rows: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The surest of the boxes that overlap by more than `YOLO_OVERLAP` (non-maximum suppression); `rows` (n, 56)."""
    half = rows[:, 2:4] / 2
    low, high = rows[:, :2] - half, rows[:, :2] + half
    return [rows[k] for k in surest(low, high, rows[:, 4], YOLO_OVERLAP)]


def net_of(model: Model) -> PoseNet:
    """MoveNet, or a YOLO pose net, by what `model` takes."""
    return YoloPose(model) if "images" in model.takes else MoveNet(model)


def once_each(people: Iterable[Person]) -> list[Person]:
    """Everybody once, the clearest first."""
    kept: list[Person] = []
    for person in sorted(people, key=lambda one: -one.score):
        if all(person.skeleton.overlap(other.skeleton) < SAME_PERSON_OVERLAP for other in kept):
            kept.append(person)
    return kept


def found_turned(net: PoseNet, image: Picture, turn: int) -> list[Person]:
    """Who is found in the picture turned by a quarter, in pixels of the picture as it is. Nets that learned from people
    who stand see a lying one so (source: measured, see docs/benchmarks.md)."""
    height, width = image.shape[:2]
    people = net.find(np.ascontiguousarray(np.rot90(image, -turn)))
    return [Person(_turned_back(one.skeleton, turn, (width, height)), one.score, turn) for one in people]


def _turned_back(body: Skeleton, turn: int, size: tuple[int, int]) -> Skeleton:
    def back(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = points[..., 0], points[..., 1]
        return np.stack([y, size[1] - 1 - x] if turn == CLOCKWISE else [size[0] - 1 - y, x], axis=-1)

    corners = back(body.box.reshape(2, 2))
    return Skeleton(back(body.points), body.scores, np.concatenate([corners.min(axis=0), corners.max(axis=0)]))


def _skeleton(row: NDArray[np.float32], size: int, scale: float, corner: tuple[float, float]) -> Skeleton:
    points = row[:51].reshape(17, 3).astype(np.float64)
    place = (points[:, 1::-1] * size - np.array(corner)) / scale
    top, left, bottom, right = (row[51:55].astype(np.float64) * size).tolist()
    box = (np.array([left, top, right, bottom]) - np.array([*corner, *corner])) / scale
    return Skeleton(place, points[:, 2], box)


def _from_yolo(row: NDArray[np.float64], scale: float, corner: NDArray[np.float64]) -> Skeleton:
    points, half = row[5:].reshape(17, 3), row[2:4] / 2
    box = (np.concatenate([row[:2] - half, row[:2] + half]) - np.tile(corner, 2)) / scale
    return Skeleton((points[:, :2] - corner) / scale, points[:, 2], box)
