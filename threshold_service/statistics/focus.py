"""Finds a change of level of any size at any moment, exactly and in bounded memory: FOCuS in its hull form.

With both means fixed the likelihood of "the mean changed after value t" is linear in the point (t, sum of the first t
values): the best t is a vertex of the lower hull of these points (a rise) or of the upper one (a fall), of about log n
each (Romano, Eckley, Fearnhead and Rigaill 2023, JMLR 24(81)). Values have unit spread; ratios are natural logarithms.
"""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics.arrays import Bools, Floats, Ints

MOST = 32
"""Vertices kept a side (noise has about log n of them; a ramp makes every value a vertex)."""
KNOWN, UNKNOWN = 0.0, -np.inf
"""Least slope of the hull that can matter: against a known mean of 0 only what rises from 0 does."""


class Focus(NamedTuple):
    """The hulls of independent rows; sides are rises, then falls, which are rises with the sign turned.

    `seen` (rows,) counts values, `total` (rows,) is their sum; `size` (rows, 2) vertices stand in `at` and `sums`
    (rows, 2, most), the oldest first. `lost` (rows, 2) is 0 while a ratio is exact. A full hull gives up the vertex
    nearest to the line between its neighbours, and `lost` adds up these distances: a ratio is then too small by at most
    `lost` times the shift, and never too large.
    """

    seen: Floats
    total: Floats
    size: Ints
    at: Floats
    sums: Floats
    lost: Floats


def fresh(rows: int, most: int = MOST) -> Focus:
    """Nothing seen: the only vertex is the beginning. A row needs 32 bytes for each of `most` vertices, at least 3."""
    if most < 3:
        raise ValueError(f"a hull needs room for 3 vertices, not {most}")
    room = np.zeros((rows, 2, most))
    return Focus(
        np.zeros(rows), np.zeros(rows), np.ones((rows, 2), np.int64), room, room.copy(), np.zeros((rows, 2))
    )  # fmt: skip


def step(state: Focus, values: Floats, least_slope: float) -> Focus:
    """One more value a row (rows,); NaN changes nothing. `least_slope`: `KNOWN` or `UNKNOWN`, the same every time.

    >>> state = fresh(1)
    >>> for value in (0.0, 0.0, 2.0, 2.0):
    ...     state = step(state, np.array([value]), UNKNOWN)
    >>> against_known(state).tolist(), against_unknown(state).tolist()
    ([4.0], [2.0])
    """
    after = copied(state)
    rows = np.flatnonzero(~np.isnan(values))
    after.seen[rows] += 1.0
    after.total[rows] += values[rows]
    for side, sign in enumerate((1.0, -1.0)):
        height = sign * after.total[rows]
        _drop_covered(after, rows, side, height, least_slope)
        last = after.size[rows, side]
        after.at[rows, side, last] = after.seen[rows]
        after.sums[rows, side, last] = height
        after.size[rows, side] += 1
        after.lost[rows[last == 0], side] = 0.0
        _make_room(after, rows, side)
    return after


def restarted(state: Focus, where: Bools) -> Focus:
    """With nothing seen where `where` (rows,) is true: after a change was told, or a usual was learned anew."""
    begun, now = fresh(len(where), state.at.shape[2]), copied(state)
    for part, new in zip(now, begun, strict=True):
        part[where] = new[where]
    return now


def copied(state: Focus) -> Focus:
    """The same in arrays of its own."""
    return Focus(
        state.seen.copy(), state.total.copy(), state.size.copy(), state.at.copy(), state.sums.copy(), state.lost.copy()
    )  # fmt: skip


def against_known(state: Focus) -> Floats:
    """Largest log likelihood ratio (rows,) of any change against a mean that stays 0."""
    left, rise = state.seen[:, None, None] - state.at, _signed(state.total) - state.sums
    counts = _vertices(state) & (left > 0.0) & (rise > 0.0)
    return _largest(rise * rise, 2.0 * left, counts)


def against_unknown(state: Focus) -> Floats:
    """Largest log likelihood ratio (rows,) of any change against one mean, unknown, for all; steps were `UNKNOWN`."""
    seen = state.seen[:, None, None]
    left, share = seen - state.at, state.at * (1.0 / np.maximum(seen, 1.0))
    rise = _signed(state.total) * share - state.sums
    counts = _vertices(state) & (left > 0.0) & (state.at > 0.0) & (rise > 0.0)
    return _largest(rise * rise, 2.0 * share * left, counts)


def _drop_covered(state: Focus, rows: Ints, side: int, height: Floats, least_slope: float) -> None:
    """Take off the last vertices that the point to come leaves inside of the hull; in place."""
    place = np.arange(len(rows))
    while len(place):
        row = rows[place]
        last = state.size[row, side] - 1
        at, sums = state.at[row, side, last], state.sums[row, side, last]
        run, rise = state.seen[row] - at, height[place] - sums
        before = np.maximum(last - 1, 0)
        run_before, rise_before = at - state.at[row, side, before], sums - state.sums[row, side, before]
        inside = np.where(last == 0, rise <= least_slope * run, rise * run_before <= rise_before * run)
        state.size[row[inside], side] -= 1
        place = place[inside & (last > 0)]


def _make_room(state: Focus, rows: Ints, side: int) -> None:
    """Where a hull is full, give up the inner vertex nearest to the line between its neighbours; in place."""
    for row in rows[state.size[rows, side] == state.at.shape[2]]:
        at, sums = state.at[row, side], state.sums[row, side]
        run, rise = at[2:] - at[:-2], sums[2:] - sums[:-2]
        gaps = sums[:-2] + rise * ((at[1:-1] - at[:-2]) / run) - sums[1:-1]
        gone = int(gaps.argmin())
        state.lost[row, side] += max(gaps[gone], 0.0)
        at[gone + 1 : -1], sums[gone + 1 : -1] = at[gone + 2 :].copy(), sums[gone + 2 :].copy()
        state.size[row, side] -= 1


def _signed(total: Floats) -> Floats:
    return np.stack((total, -total), axis=-1)[..., None]


def _vertices(state: Focus) -> Bools:
    there: Bools = np.arange(state.at.shape[2]) < state.size[..., None]
    return there


def _largest(above: Floats, below: Floats, counts: Bools) -> Floats:
    ratios = np.divide(above, below, out=np.zeros_like(above), where=counts)
    largest: Floats = ratios.max(axis=(1, 2), initial=0.0)
    return largest
