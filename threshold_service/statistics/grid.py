"""Puts samples on a grid of one second per resident: which are new, which come too late, which leave a gap."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics.arrays import Bools, Floats, Ints

NEVER = -1
READABLE = 1e15
"""Seconds; larger numbers are no times."""
JUMP_PATIENCE = 60
"""Samples in a row from far in the past after which the clock is believed to have been set back (source: guess)."""
AHEAD_PATIENCE = 2
"""Samples in a row from far ahead after which a silence, or a clock set forward, is believed; and as many from far in
the past where nothing but one sample stands against them. The fewest with which one wild time is told from either."""


class Grid(NamedTuple):
    """Per resident: `origin` (Unix seconds of cell 0), the `cell` judged last (`NEVER`), and in `behind` how many
    samples in a row came from before the restart gap, or, negative, from beyond it."""

    origin: Floats
    cell: Ints
    behind: Ints


class Placed(NamedTuple):
    """Where samples fall: `gap` is cells passed over; exactly one of the flags holds for each sample."""

    cell: Ints
    gap: Ints
    judged: Bools
    crowded: Bools
    late: Bools
    unreadable: Bools
    restarts: Bools
    """Also set for the first sample ever; these are judged too."""


def fresh(residents: int) -> Grid:
    """Nothing seen."""
    return Grid(np.zeros(residents), np.full(residents, NEVER, np.int64), np.zeros(residents, np.int64))


def place(state: Grid, times: Floats, restart_gap_s: float) -> tuple[Grid, Placed]:
    """Place one sample per resident, `times` (n,) in Unix seconds.

    A resident's cells count from their first sample after a restart, so that jitter of half a second is harmless.
    A sample in the cell judged last is `crowded` and replaces that one. Samples from before it are `late`; after
    `JUMP_PATIENCE` in a row from more than the restart gap before, the clock is taken to have been set back. A time
    from beyond the restart gap is believed where `AHEAD_PATIENCE` in a row say so; until then it is `unreadable`, so
    that one wild time costs itself alone.
    """
    usual = _next_second(state, times)
    if usual is not None:
        return usual
    readable = np.abs(times) < READABLE
    since = np.where(readable, times, state.origin) - state.origin
    cell = np.rint(since).astype(np.int64)
    step = cell - state.cell
    known = readable & (state.cell != NEVER)
    far_behind, far_ahead = known & (step < -restart_gap_s), known & (step > restart_gap_s)
    behind = np.where(far_behind, np.maximum(state.behind, 0) + 1, np.where(readable, 0, state.behind))
    behind = np.where(far_ahead, np.minimum(state.behind, 0) - 1, behind)
    patience = np.where(state.cell == 0, AHEAD_PATIENCE, JUMP_PATIENCE)
    restarts = readable & (~known | (behind <= -AHEAD_PATIENCE) | (behind >= patience))
    readable &= restarts | ~far_ahead
    crowded = readable & ~restarts & (step == 0)
    late = readable & ~restarts & (step < 0)
    judged = readable & ~late & ~crowded
    cell = np.where(restarts, 0, cell)
    gap = np.where(judged & ~restarts, step - 1, 0)
    kept = Grid(
        np.where(restarts, times, state.origin),
        np.where(judged, cell, state.cell),
        np.where(restarts, 0, behind),
    )
    return kept, Placed(cell, gap, judged, crowded, late, ~readable, restarts)


def _next_second(state: Grid, times: Floats) -> tuple[Grid, Placed] | None:
    """The same where every sample is of the second after the one before, as nearly always."""
    since = np.rint(times - state.origin)
    fits = (since == state.cell + 1) & (state.cell >= 0) & (since < READABLE)
    n = len(times)
    if np.count_nonzero(fits) != n:
        return None
    cell, no, zero = since.astype(np.int64), np.zeros(n, bool), np.zeros(n, np.int64)
    return Grid(state.origin, cell, zero), Placed(cell, zero, ~no, no, no, no, no)
