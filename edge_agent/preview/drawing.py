"""Draws one picture with what was found in it, and beside it the scores of its second."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.capture.frame import Image
from edge_agent.preprocess.places import UNPLACED, Places
from edge_agent.preprocess.skeleton import SURE, Skeleton
from edge_agent.preprocess.tracks import WHOLE, Area
from edge_agent.sensing.role import Face
from services.vocabulary import Cue, describe

HEIGHT, PANEL, TOP = 720, 440, 30
BANNER = "COMMISSIONING ONLY - holds pictures of people - delete after use"
_LINE = 22
_WHITE, _GREY, _DARK = (240, 240, 240), (130, 130, 130), (32, 32, 32)
_FACE, _BODY, _CUE, _MARK, _BAR = (80, 220, 80), (255, 180, 60), (60, 80, 255), (0, 0, 160), (200, 150, 60)
_ZONE, _BED = (60, 220, 220), (220, 90, 220)
_BONES = (
    (5, 6), (5, 7), (7, 9), (6, 8), (8, 10), (5, 11), (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16),
)  # fmt: skip
_SPANS = {"pose.wrist_speed": 4.0, "pose.speed": 2.0, "audio.pitch": 600.0, "audio.brightness": 4000.0}
"""What fills the bar of a channel without an upper bound."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What goes onto one picture; `values` are the second's scores by channel, NaN where absent."""

    image: Image
    faces: Sequence[Face]
    bodies: Sequence[Skeleton]
    values: Mapping[str, float]
    cues: Sequence[Cue]
    line: str
    """Whose places, time, people, and what is silent and why."""
    places: Places = UNPLACED
    held: bool = False
    """Whether `bodies` are of a look at an earlier picture: drawn thin."""


def draw(one: Drawn) -> Image:
    """A picture of `HEIGHT` pixels, panel at its right, banner across the top."""
    height, width = one.image.shape[:2]
    scale = HEIGHT / height
    inner = _even(width * scale)
    canvas = np.full((HEIGHT, inner + PANEL, 3), _DARK, np.uint8)
    canvas[:, :inner] = cv2.resize(one.image, (inner, HEIGHT))
    _places(canvas[:, :inner], one.places)
    for body in one.bodies:
        _body(canvas[:, :inner], body, scale, one.held)
    for face in one.faces:
        _face(canvas[:, :inner], face, scale)
    _cues(canvas[:, :inner], one.cues)
    cv2.rectangle(canvas, (0, 0), (inner + PANEL, TOP), _MARK, -1)
    _text(canvas, BANNER, 10, 21, _WHITE)
    _panel(canvas[TOP:, inner:], one)
    return canvas


def _places(canvas: NDArray[np.uint8], places: Places) -> None:
    """Outlines under the banner: masks grey, each with its word inside; the bed within the zone's line where both are
    one."""
    for mask in places.masks:
        left, top, right, bottom = _outlined(canvas, mask, _GREY, 0)
        _text(canvas, "mask", (left + right) // 2 - 16, (top + bottom) // 2, _GREY)
    if places.zone != WHOLE:
        left, top, _, _ = _outlined(canvas, places.zone, _ZONE, 1)
        _label(canvas, "zone", left + 2, top + 18, _ZONE)
    if places.bed is not None:
        left, _, _, bottom = _outlined(canvas, places.bed, _BED, 4)
        _label(canvas, "bed_area", left + 2, bottom - 2, _BED)


def _outlined(
    canvas: NDArray[np.uint8], area: Area, colour: tuple[int, int, int], inset: int
) -> tuple[int, int, int, int]:
    """Where the line went: left, top, right, bottom in pixels."""
    height, width = canvas.shape[:2]
    left, right = round(area.left * width) + inset, round(area.right * width) - 1 - inset
    top, bottom = max(TOP + 1, round(area.top * height)) + inset, round(area.bottom * height) - 1 - inset
    cv2.rectangle(canvas, (left, top), (right, bottom), colour, 1 if inset == 0 else 2)
    return left, top, right, bottom


def _body(canvas: NDArray[np.uint8], body: Skeleton, scale: float, held: bool) -> None:
    places = (body.points * scale).round().astype(int)
    for a, b in _BONES:
        if min(body.scores[a], body.scores[b]) >= SURE:
            cv2.line(canvas, _at(places[a]), _at(places[b]), _BODY, 1 if held else 3, cv2.LINE_AA)
    for place, score in zip(places, body.scores, strict=True):
        if score >= SURE and not held:
            cv2.circle(canvas, _at(place), 4, _WHITE, -1, cv2.LINE_AA)
    left, top, right, bottom = (body.box * scale).round().astype(int).tolist()
    cv2.rectangle(canvas, (left, top), (right, bottom), _BODY, 1)


def _face(canvas: NDArray[np.uint8], face: Face, scale: float) -> None:
    left, top = round(face.box.x * scale), round(face.box.y * scale)
    right, bottom = round((face.box.x + face.box.width) * scale), round((face.box.y + face.box.height) * scale)
    cv2.rectangle(canvas, (left, top), (right, bottom), _FACE, 2)
    for x, y in (face.right_eye, face.left_eye):
        cv2.circle(canvas, (round(x * scale), round(y * scale)), 3, _FACE, -1, cv2.LINE_AA)
    _text(canvas, f"face {face.score:.2f}", left, top - 6, _FACE)


def _cues(canvas: NDArray[np.uint8], cues: Sequence[Cue]) -> None:
    said = sorted(cues, key=lambda cue: -cue.probability)[:3]
    for k, cue in enumerate(said):
        y = HEIGHT - 16 - 34 * k
        cv2.putText(canvas, f"{cue.name.value} {cue.probability:.2f}", (12, y), 0, 0.9, _DARK, 5, cv2.LINE_AA)
        cv2.putText(canvas, f"{cue.name.value} {cue.probability:.2f}", (12, y), 0, 0.9, _CUE, 2, cv2.LINE_AA)


def _panel(canvas: NDArray[np.uint8], one: Drawn) -> None:
    words = one.line.split("\n")
    for k, line in enumerate(words):
        _text(canvas, line, 10, 20 + _LINE * k, _WHITE)
    y = 20 + _LINE * (len(words) + 1)
    shown = [name for name in one.values if not name.startswith("quality.")]
    step = min(_LINE, (canvas.shape[0] - y - 8) // max(1, len(shown)))
    for name in shown:
        _bar(canvas, name, one.values[name], y, step)
        y += step


def _bar(canvas: NDArray[np.uint8], name: str, value: float, y: int, step: int) -> None:
    there = bool(np.isfinite(value))
    _text(canvas, name, 10, y, _WHITE if there else _GREY)
    left, right = 220, canvas.shape[1] - 70
    cv2.rectangle(canvas, (left, y - step + 9), (right, y), (60, 60, 60), -1)
    if not there:
        _text(canvas, "absent", right + 6, y, _GREY)
        return
    known = describe(name)
    low = 0.0 if known.low is None else known.low
    high = _SPANS.get(name, 1.0) if known.high is None else known.high
    share = float(np.clip((value - low) / (high - low), 0.0, 1.0))
    cv2.rectangle(canvas, (left, y - step + 9), (left + round(share * (right - left)), y), _BAR, -1)
    _text(canvas, f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}", right + 6, y, _WHITE)


def _text(canvas: Any, words: str, x: int, y: int, colour: tuple[int, int, int]) -> None:
    cv2.putText(canvas, words, (x, max(12, y)), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv2.LINE_AA)


def _label(canvas: Any, words: str, x: int, y: int, colour: tuple[int, int, int]) -> None:
    """Dark words on their colour; `y` is where the label ends."""
    width = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)[0][0]
    cv2.rectangle(canvas, (x, y - 18), (x + width + 8, y), colour, -1)
    _text(canvas, words, x + 4, y - 5, _DARK)


def _at(place: NDArray[np.int_]) -> tuple[int, int]:
    return int(place[0]), int(place[1])


def _even(width: float) -> int:
    return max(2, 2 * round(width / 2))
