"""All that a second reads of one resident in one piece of memory, for the kernel; by name it stays as it is."""

import numpy as np

from threshold_service.statistics import fused
from threshold_service.statistics.arrays import Floats
from threshold_service.statistics.level_path import LevelPath

LEVEL, VARIANCE, SPREAD, TAUGHT, BEFORE, SURPRISE, BANK = range(7)
FAST = BANK + fused.ARMS
SLOW = FAST + 1
"""Rows of a resident's piece; the arms of the bank lie from `BANK` on."""
FIELDS = SLOW + 1
NOTHING: Floats = np.zeros((2, 0, FIELDS, 0))


def packed(path: LevelPath) -> tuple[LevelPath, Floats]:
    """`path`, arrays (2, n, ...), with those over channels as views of one block (2, n, FIELDS, c), and that block.

    Thirty arrays of their own are thirty streams from memory, more than a processor follows (source: measured, a step
    of 1,000 residents then takes 1.5 times as long).
    """
    usual, change = path.baseline, path.change
    block = np.zeros((*usual.level.shape[:2], FIELDS, usual.level.shape[2]))
    for field, array in enumerate((*usual, change.before, change.surprise)):
        block[:, :, field] = array
    block[:, :, BANK:FAST], block[:, :, FAST:] = change.bank, path.levels
    views = path._replace(
        baseline=type(usual)(*(block[:, :, field] for field in range(4))),
        change=fused.Fused(block[:, :, BEFORE], block[:, :, SURPRISE], block[:, :, BANK:FAST]),
        levels=block[:, :, FAST:],
    )
    return views, block
