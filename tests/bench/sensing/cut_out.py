"""Falls made of real pixels: somebody cut out of a clip whose background is known without them, and dropped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.frame import Frame
from edge_agent.capture.source import Source

Image = NDArray[np.uint8]

CLIP = "clips/intel/one-by-one-person-detection.mp4"
EMPTY_S = 2.0
STANDING_S = (37.0, 64.0, 79.0, 103.0, 128.0)
"""Five people who stand before a wall, one after the other, seen from behind and above."""
_DIFFERENT = 38
"""Difference from the empty picture from which a pixel is somebody's (source: looked at)."""


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """Somebody's `pixels` and which of them are theirs (`mask`, 0..255), both as large as the picture, and the place
    `feet` (x, y) they stand on."""

    pixels: Image
    mask: Image
    feet: tuple[float, float]


def picture(file: Path, at_s: float) -> Image:
    """The picture of a clip at a time."""
    for item in decode(Source(str(file), at_s, at_s + 1.0), Counts()):
        if isinstance(item, Frame):
            return item.image
    raise ValueError(f"{file} has no picture at {at_s} s")


def cut_out(image: Image, empty: Image) -> Person:
    """Who is in `image` and not in `empty`: the largest shape that differs."""
    apart = np.abs(image.astype(np.int16) - empty).max(axis=2)
    shape = cv2.morphologyEx((apart > _DIFFERENT).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    shape = cv2.morphologyEx(shape, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(shape)
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    mask = (labels == largest).astype(np.uint8) * 255
    rows, columns = np.nonzero(mask)
    low = rows > rows.max() - 12
    return Person(image, cv2.GaussianBlur(mask, (5, 5), 0), (float(columns[low].mean()), float(rows.max())))  # type: ignore[arg-type]


def placed(person: Person, empty: Image, degrees: float, sunk: float = 0.0, shift: tuple[float, float] = (0, 0),
           scale: float = 1.0) -> Image:  # fmt: skip
    """The empty room with the person turned about their feet by `degrees` (clockwise), pressed down by the share `sunk`
    of their height, moved by `shift` and scaled about the feet."""
    x, y = person.feet
    turn = np.vstack([cv2.getRotationMatrix2D((x, y), -degrees, scale), [0.0, 0.0, 1.0]])
    press = np.array([[1.0, 0.0, 0.0], [0.0, 1.0 - sunk, y * sunk], [0.0, 0.0, 1.0]])
    move = np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]], [0.0, 0.0, 1.0]])
    whole = (move @ turn @ press)[:2]
    size = (empty.shape[1], empty.shape[0])
    pixels, mask = (cv2.warpAffine(one, whole, size, flags=cv2.INTER_AREA) for one in (person.pixels, person.mask))
    weight = mask[..., None].astype(np.float32) / 255.0
    return np.asarray(empty * (1.0 - weight) + pixels * weight).round().astype(np.uint8)


def falling(
    person: Person, empty: Image, times_s: Sequence[float], at_s: float, takes_s: float, to_degrees: float
) -> Iterator[Image]:
    """Stands until `at_s`, then turns to `to_degrees` about the feet within `takes_s`, slow at first, and stays."""
    for time_s in times_s:
        share = min(1.0, max(0.0, (time_s - at_s) / takes_s))
        yield placed(person, empty, to_degrees * share * share)
