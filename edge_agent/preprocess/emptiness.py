"""Whether a picture shows a room at all: not a covered lens, a test pattern, a "no signal" screen or snow."""

import math
from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from edge_agent.preprocess.pixels import Picture
from edge_agent.preprocess.tracks import Area

LEAST_CONTRAST = 2.0
"""Standard deviation of brightness, of 255, under which there is nothing to see (source: guess, under the noise of any
sensor that sees a room)."""
DRAWN = ((30.0, 0.84), (8.0, 0.96))
"""Contrast, and the share of neighbouring pixels of exactly one brightness from which a picture with so much contrast
is drawn rather than taken. Source: measured before and after H.264; test patterns have contrasts from 73 and shares
from 0.87, a "no signal" screen 25 and 0.97; 32 clips have at most 0.71, and darkened to 70, 40 and 15 % of their light
at most 0.81, 0.87 (contrast 18) and 0.94 (contrast 7)."""
LEAST_LIKENESS = 0.3
"""Correlation of pixels four apart under which a picture is snow (measured: 0.00; rooms 0.76 and more)."""
SMALLEST_SIDE = 64
"""Pictures with a shorter side have too few pixels to tell drawings and snow from rooms."""


class Empty(StrEnum):
    """Why a picture shows no room."""

    BLANK = "blank"
    DRAWN = "drawn"
    SNOW = "snow"


def blackened(image: Picture, masks: Sequence[Area]) -> float:
    """Make the areas of `image` black, in place; the share of the picture that is.

    >>> blackened(np.ones((4, 4, 3), np.uint8), [Area(0.0, 0.0, 0.5, 1.0), Area(0.0, 0.0, 1.0, 0.5)])
    0.75
    """
    if not masks:
        return 0.0
    height, width = image.shape[:2]
    hidden = np.zeros((height, width), bool)
    for mask in masks:
        top, bottom = math.floor(mask.top * height), math.ceil(mask.bottom * height)
        hidden[top:bottom, math.floor(mask.left * width) : math.ceil(mask.right * width)] = True
    image[hidden] = 0
    return float(hidden.mean())


def emptiness(image: Picture, masked: float = 0.0) -> Empty | None:
    """Why `image` (BGR), of which a share is masked, shows nothing, or None where it shows something.

    >>> emptiness(np.full((480, 640, 3), 128, np.uint8)).value
    'blank'
    """
    sparse = image[::4, ::4, 1].astype(np.float32)
    contrast = float(sparse.std()) if sparse.size else 0.0
    if contrast < LEAST_CONTRAST:
        return Empty.BLANK
    if min(image.shape[:2]) < SMALLEST_SIDE:
        return None
    rows = image[::8, :, 1]
    equal = (float((rows[:, 1:] == rows[:, :-1]).mean()) - masked) / max(1.0 - masked, 1e-6)
    if any(contrast >= least and equal > most for least, most in DRAWN):
        return Empty.DRAWN
    varied = sparse - sparse.mean()
    alike = float((varied[:, 1:] * varied[:, :-1]).mean()) / contrast**2
    return Empty.SNOW if alike < LEAST_LIKENESS else None
