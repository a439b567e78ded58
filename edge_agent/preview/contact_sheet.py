"""Draws faces as a model is shown them, each with what it said, on one sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from edge_agent.capture.frame import Image

BANNER = "COMMISSIONING ONLY - PICTURES OF PEOPLE - DELETE AFTER USE"
_TILE, _LINE, _GAP, _ACROSS = 200, 18, 12, 4
_WHITE, _DARK, _MARK, _BAR = (240, 240, 240), (30, 30, 30), (40, 40, 170), (200, 150, 60)


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One face: the crop, a title, and bars by name: value, lowest and highest possible."""

    image: Image
    title: str
    bars: Sequence[tuple[str, float, float, float]]


def sheet(tiles: Sequence[Tile], heading: str) -> Image:
    """All tiles, four in a row, under a banner and a heading."""
    lines = max(len(tile.bars) for tile in tiles)
    height = _TILE + _LINE * (lines + 1) + _GAP
    across = min(_ACROSS, len(tiles))
    rows = -(-len(tiles) // across)
    width = max(across * (_TILE + _GAP) + _GAP, 520)
    canvas = np.full((60 + rows * (height + _GAP), width, 3), _DARK, np.uint8)
    cv2.rectangle(canvas, (0, 0), (width, 26), _MARK, -1)
    _text(canvas, BANNER, _GAP, 18)
    _text(canvas, heading, _GAP, 46)
    for k, tile in enumerate(tiles):
        row, column = divmod(k, across)
        _tile(canvas, tile, _GAP + column * (_TILE + _GAP), 60 + row * (height + _GAP))
    return canvas


def _tile(canvas: Image, tile: Tile, left: int, top: int) -> None:
    canvas[top : top + _TILE, left : left + _TILE] = cv2.resize(tile.image, (_TILE, _TILE))
    _text(canvas, tile.title, left, top + _TILE + _LINE - 4)
    for k, (name, value, low, high) in enumerate(tile.bars):
        y = top + _TILE + _LINE * (k + 1)
        start, end = left + 92, left + _TILE - 44
        middle = start + round((max(low, 0.0) - low) / (high - low) * (end - start))
        reach = start + round((min(high, max(low, value)) - low) / (high - low) * (end - start))
        cv2.rectangle(canvas, (min(middle, reach), y + 4), (max(middle, reach) + 1, y + _LINE - 2), _BAR, -1)
        _text(canvas, name, left, y + _LINE - 4)
        _text(canvas, f"{value:.2f}", end + 6, y + _LINE - 4)


def _text(canvas: Any, words: str, x: int, y: int) -> None:
    cv2.putText(canvas, words, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.42, _WHITE, 1, cv2.LINE_AA)
