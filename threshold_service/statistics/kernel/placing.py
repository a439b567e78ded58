"""Puts one sample on its resident's grid, and does what the seconds passed over do; see `grid` and `level_path`."""

import numpy as np

from threshold_service.statistics import grid, level_path
from threshold_service.statistics.arrays import Floats, Ints, Singles
from threshold_service.statistics.kernel.compiled import compiled
from threshold_service.statistics.level_path import SUSTAINED_CELLS
from threshold_service.statistics.packed import (
    BANK,
    BEFORE,
    BEHIND,
    CELL,
    COUNTS,
    FIELDS,
    HALF,
    INDEX,
    LAST,
    ORIGIN,
    RATE,
    SURPRISE,
    SUSTAINED,
)
from threshold_service.statistics.people import CROWDED, JUDGED, LATE, LONG_AGO, RESTARTED, UNREADABLE

_NEVER, _READABLE = grid.NEVER, grid.READABLE
_PATIENCE, _AHEAD = grid.JUMP_PATIENCE, grid.AHEAD_PATIENCE
_NOBODY = -1
_QUIET = level_path.QUIET_CELLS


@compiled
def place(number: Floats, whole: Ints, time: float, restart_gap_s: float) -> tuple[int, bool, int]:
    """What becomes of a sample (a column of the counts), whether its resident starts anew, and the cells passed over;
    changes the grid and the counts."""
    if not abs(time) < _READABLE:
        whole[COUNTS + UNREADABLE] += 1
        return UNREADABLE, False, 0
    cell, last = int(np.rint(time - number[ORIGIN])), whole[CELL]
    step = cell - last
    behind, far_ahead = 0, step > restart_gap_s
    if last != _NEVER and (far_ahead or step < -restart_gap_s):
        behind = min(whole[BEHIND], 0) - 1 if far_ahead else max(whole[BEHIND], 0) + 1
    if last == _NEVER or behind <= -_AHEAD or behind >= (_AHEAD if last == 0 else _PATIENCE):
        number[ORIGIN], whole[CELL], whole[BEHIND] = time, 0, 0
        whole[COUNTS + JUDGED] += 1
        whole[COUNTS + RESTARTED] += 1
        return JUDGED, True, 0
    whole[BEHIND] = behind
    if far_ahead:
        whole[COUNTS + UNREADABLE] += 1
        return UNREADABLE, False, 0
    if step > 0:
        whole[CELL] = cell
    which = JUDGED if step > 0 else (CROWDED if step == 0 else LATE)
    whole[COUNTS + which] += 1
    return which, False, step - 1 if step > 0 else 0


@compiled
def pass_over(number: Floats, change: Singles, fades: Floats, gap: int) -> None:
    """Seconds without samples: evidence and levels of `change` (FIELDS, c) fade, what is usual stays; in place."""
    _fade(change, fades[min(gap, fades.shape[0] - 1)])
    if gap >= _QUIET:
        _nothing_sustained(number)


@compiled
def start_anew(number: Floats, whole: Ints, change: Singles, cells: Ints) -> None:
    """After a long silence: change detection begins anew, what is usual stays; in place. `cells` are those of the last
    seconds."""
    half = whole[HALF]
    _fade(change, 0.0)
    whole[LAST + half], number[RATE + half] = _NOBODY, 0.0
    number[INDEX + 3 * half] = number[INDEX + 3 * half + 1]
    _nothing_sustained(number)
    for place in range(cells.shape[0]):
        cells[place] = LONG_AGO


@compiled
def _fade(change: Singles, share: float) -> None:
    """Evidence and levels lose all but a share, and the second before is forgotten."""
    for k in range(change.shape[1]):
        change[BEFORE, k], change[SURPRISE, k] = np.nan, 0.0
        for field in range(BANK, FIELDS):
            change[field, k] *= share


@compiled
def _nothing_sustained(number: Floats) -> None:
    for place in range(SUSTAINED, SUSTAINED + SUSTAINED_CELLS):
        number[place] = 0.0
