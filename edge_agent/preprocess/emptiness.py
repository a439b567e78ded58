"""Whether a picture shows a room at all: not a covered lens, a test pattern, a "no signal" screen or snow."""

import math
from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from edge_agent.preprocess.bars import BLACK, between_bars
from edge_agent.preprocess.pixels import Picture
from edge_agent.preprocess.plainness import plain
from edge_agent.preprocess.tracks import Area

LEAST_CONTRAST = 2.0
"""Standard deviation of brightness, of 255, under which there is nothing to see (source: guess, under the noise of any
sensor that sees a room)."""
DRAWN = ((30.0, 0.84), (8.0, 0.96))
"""Contrast, and the share of neighbouring pixels of exactly one brightness from which a picture with so much contrast
is drawn rather than taken. Source: measured before and after H.264; test patterns have contrasts from 73 and shares
from 0.87, a "no signal" screen 25 and 0.97; 32 clips have at most 0.71, and darkened to 70, 40 and 15 % of their light
at most 0.81, 0.87 (contrast 18) and 0.94 (contrast 7)."""
BLOCK = 8
"""Pixels of a JPEG's cell."""
GLARING = 80.0
FLAT, BLOCKY = 0.9, 1.6
"""Equal neighbours inside the cells of a JPEG may be all that its quality leaves of a room: they are no drawing unless
the contrast is `GLARING`, neighbours across cells are equal as well (`FLAT`), or differ hardly more often than those
inside (`BLOCKY` times). Source: measured; 32 clips as JPEGs of quality 50 to 1 have contrasts to 75, at most 0.88
across cells, and differ there more than 1.6 times as often; bars and test cards as JPEG, MJPEG and H.264 to CRF 51
have contrasts from 87, "no signal" 0.95 across cells. What is darkened to 40 or 15 % and then a JPEG of quality 2 may
still count as drawn."""
LEFT_ALIKE, LEFT_BLACK = 0.84, 0.3
LEFT_DARK, LEFT_BLOCKY, LEFT_INSIDE = 12.0, 2.0, 0.004
"""What black bars leave of a picture is a room, though their neighbours are all equal, where at most `LEFT_BLACK` of it
is black as well, its contrast is no `GLARING` one, it is not plain, and at most `LEFT_ALIKE` of its own neighbours are
equal; or where it has less contrast than `LEFT_DARK`, at least `LEFT_INSIDE` of its neighbours inside the cells of a
JPEG differ, and `LEFT_BLOCKY` times as often across them. Source: chosen on 16 of 32 clips, bars over 10 to 40 % of the
picture, 10 to 100 % of the light, raw, JPEG of quality 75 and 20, H.264 of CRF 23 and 36. The rooms of them that would
count as drawn have at most 0.80 equal, 0.16 black, a contrast of 61, 0.008 that differ inside, 2.7 times as often
across; those of the other 16 at most 0.74, 0.07 and 22, at least 0.009 and 3.7. Before, 187 of 76,832 such pictures
counted as drawn."""
LEAST_LIKENESS = 0.3
"""Correlation of pixels four apart under which a picture, or what black bars leave of it, is snow (measured: 0.00;
rooms 0.76 and more)."""
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
    if plain(image, masked) or (_drawn(image, contrast, masked) and not _room_between_bars(image)):
        return Empty.DRAWN
    return Empty.SNOW if _snowy(between_bars(image)) else None


def _snowy(image: Picture) -> bool:
    sparse = image[::4, ::4, 1].astype(np.float32)
    if (contrast := float(sparse.std())) < LEAST_CONTRAST:
        return False  # between bars is too little to tell
    varied = sparse - sparse.mean()
    return float((varied[:, 1:] * varied[:, :-1]).mean()) / contrast**2 < LEAST_LIKENESS


def _drawn(image: Picture, contrast: float, masked: float) -> bool:
    equal, across = (_seen(share, masked) for share in _equal(image))
    if not any(contrast >= least and equal > most for least, most in DRAWN):
        return False
    return contrast >= GLARING or across >= FLAT or not _blocky(equal, across, BLOCKY)


def _room_between_bars(image: Picture) -> bool:
    """Whether a picture that would count as drawn does so for its black bars alone, which may be masks as well."""
    left = between_bars(image)
    sparse = left[::4, ::4, 1]
    contrast = float(sparse.std())
    if left.size == image.size or contrast >= GLARING or float((sparse <= BLACK).mean()) > LEFT_BLACK:
        return False
    equal, across = _equal(left)
    squeezed = _inside(equal, across) <= 1.0 - LEFT_INSIDE and _blocky(equal, across, LEFT_BLOCKY)
    return (equal <= LEFT_ALIKE or (contrast < LEFT_DARK and squeezed)) and not plain(left)


def _equal(image: Picture) -> tuple[float, float]:
    """Share of the neighbours in a row that are equal: of all, and of those in two cells of a JPEG."""
    rows = image[::BLOCK, :, 1]
    same = rows[:, 1:] == rows[:, :-1]
    return float(same.mean()), float(same[:, BLOCK - 1 :: BLOCK].mean())


def _blocky(equal: float, across: float, times: float) -> bool:
    """Whether neighbours differ more than so many times as often across the cells of a JPEG as inside."""
    return 1.0 - across > times * (1.0 - _inside(equal, across))


def _inside(equal: float, across: float) -> float:
    """The share of neighbours in one cell that are equal."""
    return (BLOCK * equal - across) / (BLOCK - 1)


def _seen(share: float, masked: float) -> float:
    """A share of the whole picture as one of what is not masked, which counts as equal."""
    return (share - masked) / max(1.0 - masked, 1e-6)
