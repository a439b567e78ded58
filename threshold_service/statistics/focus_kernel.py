"""The loops of FOCuS for numba: row after row, value after value, with the operations of focus.py in their order.

No slices: numba counts references to each, which costs more than the arithmetic.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

from threshold_service.statistics.arrays import Floats, Ints
from threshold_service.statistics.focus import Focus

Function = TypeVar("Function", bound=Callable[..., Any])


def _compiled(function: Function) -> Function:
    return cast(Function, njit(cache=True)(function))


def _maximum(function: Function) -> Function:
    """Compiled so that a maximum may be taken in any order, which changes no bit of it."""
    return cast(Function, njit(cache=True, fastmath={"nnan", "nsz"})(function))


@_compiled
def advance(values: Floats, ratios: Floats, state: Focus, least_slope: float) -> None:
    """`values` and `ratios` (n, rows); `state` is a `focus.Focus` and changed in place."""
    at, sums, size, lost = state.at, state.sums, state.size, state.lost
    for row in range(values.shape[1]):
        ratio = 0.0
        seen, total = state.seen[row], state.total[row]
        if seen > 0.0:
            ratio = _ratio(at, sums, size, row, seen, total, least_slope == 0.0)
        for index in range(values.shape[0]):
            value = values[index, row]
            if value == value:
                seen += 1.0
                total += value
                size[row, 0] = _append(at, sums, lost, size[row, 0], (row, 0), seen, total, least_slope)
                size[row, 1] = _append(at, sums, lost, size[row, 1], (row, 1), seen, -total, least_slope)
                ratio = _ratio(at, sums, size, row, seen, total, least_slope == 0.0)
            ratios[index, row] = ratio
        state.seen[row], state.total[row] = seen, total


@_compiled
def _append(
    at: Floats, sums: Floats, lost: Floats, size: int, place: tuple[int, int], seen: float, height: float, slope: float
) -> int:
    """The new size of the hull at `place`, its row and side; `at`, `sums` and `lost` are changed."""
    row, side = place
    last_at, last_sum = at[row, side, size - 1], sums[row, side, size - 1]
    while size > 1:
        before_at, before_sum = at[row, side, size - 2], sums[row, side, size - 2]
        if (height - last_sum) * (last_at - before_at) > (last_sum - before_sum) * (seen - last_at):
            break
        size -= 1
        last_at, last_sum = before_at, before_sum
    if size == 1 and height - last_sum <= slope * (seen - last_at):
        size = 0
        lost[row, side] = 0.0
    if size == at.shape[2]:
        lost[row, side] += _give_up(at, sums, row, side)
        size -= 1
    at[row, side, size] = seen
    sums[row, side, size] = height
    return size + 1


@_compiled
def _give_up(at: Floats, sums: Floats, row: int, side: int) -> float:
    """Take the inner vertex nearest to its neighbours' line out; gives its distance."""
    gone, least, most = 1, 1e308, at.shape[2]
    for inner in range(1, most - 1):
        run = at[row, side, inner + 1] - at[row, side, inner - 1]
        rise = sums[row, side, inner + 1] - sums[row, side, inner - 1]
        share = (at[row, side, inner] - at[row, side, inner - 1]) / run
        gap = sums[row, side, inner - 1] + rise * share - sums[row, side, inner]
        if gap < least:
            gone, least = inner, gap
    for later in range(gone, most - 1):
        at[row, side, later] = at[row, side, later + 1]
        sums[row, side, later] = sums[row, side, later + 1]
    return max(least, 0.0)


@_compiled
def _ratio(at: Floats, sums: Floats, size: Ints, row: int, seen: float, total: float, known: bool) -> float:
    if known:
        rises = _known(at, sums, size[row, 0], row, 0, seen, total)
        return max(rises, _known(at, sums, size[row, 1], row, 1, seen, -total))
    rises = _unknown(at, sums, size[row, 0], row, 0, seen, total)
    return max(rises, _unknown(at, sums, size[row, 1], row, 1, seen, -total))


@_maximum
def _known(at: Floats, sums: Floats, size: int, row: int, side: int, seen: float, height: float) -> float:
    """The newest vertex is left out: nothing came after it."""
    best = 0.0
    for vertex in range(size - 1):
        rise = max(height - sums[row, side, vertex], 0.0)
        best = max(best, rise * rise / (2.0 * (seen - at[row, side, vertex])))
    return best


@_maximum
def _unknown(at: Floats, sums: Floats, size: int, row: int, side: int, seen: float, height: float) -> float:
    """The oldest and the newest vertex are left out: nothing came before or after them."""
    best, per_seen = 0.0, 1.0 / seen
    for vertex in range(1, size - 1):
        share = at[row, side, vertex] * per_seen
        rise = max(height * share - sums[row, side, vertex], 0.0)
        best = max(best, rise * rise / (2.0 * share * (seen - at[row, side, vertex])))
    return best
