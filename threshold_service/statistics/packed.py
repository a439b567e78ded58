"""All that a second reads of one resident in one piece of memory, for the kernel; by name it stays as it is."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics import fused
from threshold_service.statistics.arrays import Floats, Singles
from threshold_service.statistics.level_path import LevelPath

LEVEL, VARIANCE, SPREAD, TAUGHT = range(4)
"""Rows of what is usual of a resident."""
BEFORE, SURPRISE, BANK = range(3)
SLOW = BANK + fused.ARMS
"""Rows of how a resident changes; the arms of the bank lie from `BANK` on."""
FIELDS = SLOW + 1


class Block(NamedTuple):
    """`usual` (2, n, 4, c) and `change` (2, n, FIELDS, c) in single precision."""

    usual: Floats
    change: Singles


NOTHING = Block(np.zeros((2, 0, 4, 0)), np.zeros((2, 0, FIELDS, 0), np.float32))


def packed(path: LevelPath) -> tuple[LevelPath, Block]:
    """`path`, arrays (2, n, ...), with those over channels as views of one block, and that block.

    Thirty arrays of their own are thirty streams from memory, more than a processor follows (source: measured, a step
    of 1,000 residents then takes 1.5 times as long).
    """
    usual, change = path.baseline, path.change
    halves, residents, channels = usual.level.shape
    block = Block(
        np.stack(usual, axis=2), np.zeros((halves, residents, FIELDS, channels), np.float32)
    )  # fmt: skip
    block.change[:, :, BEFORE], block.change[:, :, SURPRISE] = change.before, change.surprise
    block.change[:, :, BANK:SLOW], block.change[:, :, SLOW:] = change.bank, path.levels
    views = path._replace(
        baseline=type(usual)(*(block.usual[:, :, field] for field in range(4))),
        change=fused.Fused(block.change[:, :, BEFORE], block.change[:, :, SURPRISE], block.change[:, :, BANK:SLOW]),
        levels=block.change[:, :, SLOW:],
    )
    return views, block
