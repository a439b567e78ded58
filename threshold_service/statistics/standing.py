"""How far a resident's thresholds can be trusted: learning, usable, settled, stale."""

from enum import StrEnum

import numpy as np

from threshold_service.statistics.arrays import Floats, Ints
from threshold_service.statistics.calibration import SETTLED, USABLE, History

STALE_S = 7 * 86_400.0
"""Seconds of absence after which what is usual may have changed (source: guess)."""


class Standing(StrEnum):
    """Of one resident. Usable: thresholds are in force and provisional. Stale: they come from before a long absence,
    and are provisional again until as many blocks are closed as a new resident needs."""

    LEARNING = "learning"
    USABLE = "usable"
    SETTLED = "settled"
    STALE = "stale"


def standing(history: History, row: int) -> Standing:
    """Of resident `row` at their last block's end."""
    if not np.isfinite(history.thresholds[row, 0]):
        return Standing.LEARNING
    if history.stale[row] > 0:
        return Standing.STALE
    return Standing.SETTLED if history.blocks[row] >= SETTLED else Standing.USABLE


def came_back(history: History, rows: Ints, times: Floats) -> None:
    """Blocks of residents `rows` (k,) closed at sample `times` (k,), in place."""
    gone = times - history.at[rows] > STALE_S
    history.stale[rows] = np.where(gone, USABLE, np.maximum(history.stale[rows] - 1, 0))
    history.at[rows] = times
