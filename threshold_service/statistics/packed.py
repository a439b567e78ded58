"""All that a second reads of one resident in one piece of memory, for the kernel; by name it stays as it is."""

import numpy as np

from threshold_service.statistics.arrays import Floats
from threshold_service.statistics.level_path import LevelPath

LEVEL, VARIANCE, SPREAD, TAUGHT, BEFORE, LAG1, PAIRS, UP, DOWN, FAST, SLOW = range(11)
"""Rows of a resident's piece."""
FIELDS = 11
NOTHING: Floats = np.zeros((2, 0, FIELDS, 0))


def packed(path: LevelPath) -> tuple[LevelPath, Floats]:
    """`path`, arrays (2, n, ...), with those over channels as views of one block (2, n, FIELDS, c), and that block.

    Thirty arrays of their own are thirty streams from memory, more than a processor follows (source: measured, a step
    of 1,000 residents then takes 1.5 times as long).
    """
    usual, memory = path.baseline, path.whitening
    block = np.zeros((*usual.level.shape[:2], FIELDS, usual.level.shape[2]))
    for field, array in enumerate((*usual, memory.before, memory.lag1, memory.pairs)):
        block[:, :, field] = array
    block[:, :, UP:FAST], block[:, :, FAST:] = path.evidence, path.levels
    views = path._replace(
        baseline=type(usual)(*(block[:, :, field] for field in range(4))),
        whitening=memory._replace(before=block[:, :, BEFORE], lag1=block[:, :, LAG1], pairs=block[:, :, PAIRS]),
        evidence=block[:, :, UP:FAST],
        levels=block[:, :, FAST:],
    )
    return views, block
