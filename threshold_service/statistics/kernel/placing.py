"""Puts one sample on its resident's grid, and does what the seconds passed over do; see `grid` and `level_path`."""

import numpy as np

from threshold_service.statistics import grid, level_path
from threshold_service.statistics.arrays import Ints
from threshold_service.statistics.grid import Grid
from threshold_service.statistics.kernel.compiled import compiled
from threshold_service.statistics.packed import BANK, BEFORE, FIELDS, SURPRISE
from threshold_service.statistics.people import CROWDED, JUDGED, LATE, LONG_AGO, RESTARTED, UNREADABLE, Fixed, People

_NEVER, _READABLE = grid.NEVER, grid.READABLE
_PATIENCE, _AHEAD = grid.JUMP_PATIENCE, grid.AHEAD_PATIENCE
_NOBODY = -1
_QUIET = level_path.QUIET_CELLS


@compiled
def place(state: Grid, counts: Ints, row: int, time: float, restart_gap_s: float) -> tuple[int, bool, int]:
    """What becomes of a sample (a column of the counts), whether its resident starts anew, and the cells passed over;
    changes the grid and the counts."""
    if not abs(time) < _READABLE:
        counts[row, UNREADABLE] += 1
        return UNREADABLE, False, 0
    cell, last = int(np.rint(time - state.origin[row])), state.cell[row]
    step = cell - last
    behind, far_ahead = 0, step > restart_gap_s
    if last != _NEVER and (far_ahead or step < -restart_gap_s):
        behind = min(state.behind[row], 0) - 1 if far_ahead else max(state.behind[row], 0) + 1
    if last == _NEVER or behind <= -_AHEAD or behind >= (_AHEAD if last == 0 else _PATIENCE):
        state.origin[row], state.cell[row], state.behind[row] = time, 0, 0
        counts[row, JUDGED] += 1
        counts[row, RESTARTED] += 1
        return JUDGED, True, 0
    state.behind[row] = behind
    if far_ahead:
        counts[row, UNREADABLE] += 1
        return UNREADABLE, False, 0
    if step > 0:
        state.cell[row] = cell
    which = JUDGED if step > 0 else (CROWDED if step == 0 else LATE)
    counts[row, which] += 1
    return which, False, step - 1 if step > 0 else 0


@compiled
def pass_over(people: People, fixed: Fixed, row: int, gap: int) -> None:
    """Seconds without samples: evidence and levels fade, what is usual stays; in place."""
    fade = fixed.fades[min(gap, fixed.fades.shape[0] - 1)]
    _fade(people, row, fade)
    if gap >= _QUIET:
        _nothing_sustained(people, row)


@compiled
def start_anew(people: People, row: int) -> None:
    """After a long silence: change detection begins anew, what is usual stays; in place."""
    level, half = people.level, people.half[row]
    _fade(people, row, 0.0)
    level.transitions.last[half, row] = _NOBODY
    level.transitions.rate[half, row] = 0.0
    level.volatility.now[half, row] = level.volatility.usual[half, row]
    _nothing_sustained(people, row)
    for place in range(people.window.cells.shape[1]):
        people.window.cells[row, place] = LONG_AGO


@compiled
def _fade(people: People, row: int, share: float) -> None:
    """Evidence and levels lose all but a share, and the second before is forgotten."""
    half = people.half[row]
    piece = people.block.change[half, row]
    for k in range(piece.shape[1]):
        piece[BEFORE, k], piece[SURPRISE, k] = np.nan, 0.0
        for field in range(BANK, FIELDS):
            piece[field, k] *= share


@compiled
def _nothing_sustained(people: People, row: int) -> None:
    for place in range(people.sustained.shape[1]):
        people.sustained[row, place] = 0.0
