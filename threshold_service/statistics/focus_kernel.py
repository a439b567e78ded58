"""The loops of FOCuS for numba: row after row, value after value, with the operations of focus.py in their order.

Arrays are flat and the rare parts stand apart, which was measured to save a third each.
"""

from threshold_service.statistics.arrays import Floats
from threshold_service.statistics.focus import Focus
from threshold_service.statistics.kernel.compiled import compiled, compiled_alone


@compiled_alone
def advance(values: Floats, ratios: Floats, state: Focus, most: int, least_slope: float) -> None:
    """`values` and `ratios` are (n, rows); the arrays of `state` are flat and changed in place."""
    at, sums, size, lost = state.at, state.sums, state.size, state.lost
    known = least_slope == 0.0
    for row in range(values.shape[1]):
        seen, total, ratio = state.seen[row], state.total[row], 0.0
        rises, falls = size[2 * row], size[2 * row + 1]
        for index in range(values.shape[0]):
            value = values[index, row]
            if value == value:
                seen += 1.0
                total += value
                rises = _append(at, sums, rises, 2 * row, most, (seen, total), least_slope)
                falls = _append(at, sums, falls, 2 * row + 1, most, (seen, -total), least_slope)
                if rises == 1 or rises == most:
                    rises = _trimmed(at, sums, lost, rises, 2 * row, most)
                if falls == 1 or falls == most:
                    falls = _trimmed(at, sums, lost, falls, 2 * row + 1, most)
                ratio = _ratio(at, sums, rises, falls, row, most, (seen, total), known)
            elif index == 0 and seen > 0.0:
                ratio = _ratio(at, sums, rises, falls, row, most, (seen, total), known)
            ratios[index, row] = ratio
        state.seen[row], state.total[row] = seen, total
        size[2 * row], size[2 * row + 1] = rises, falls


@compiled
def _append(at: Floats, sums: Floats, size: int, side: int, most: int, point: tuple[float, float], slope: float) -> int:
    """Put `point` on the hull that is number `side` and take off what it covers; gives the new size."""
    seen, height = point
    first = side * most
    last = first + size - 1
    last_at, last_sum = at[last], sums[last]
    while last > first:
        before_at, before_sum = at[last - 1], sums[last - 1]
        if (height - last_sum) * (last_at - before_at) > (last_sum - before_sum) * (seen - last_at):
            break
        last -= 1
        last_at, last_sum = before_at, before_sum
    if last == first and height - last_sum <= slope * (seen - last_at):
        last -= 1
    at[last + 1], sums[last + 1] = seen, height
    return last + 2 - first


@compiled
def _trimmed(at: Floats, sums: Floats, lost: Floats, size: int, side: int, most: int) -> int:
    """The size, after the inner vertex nearest to its neighbours' line was taken out of a full hull."""
    if size < most:
        lost[side] = 0.0
        return size
    first, last = side * most, side * most + size - 1
    gone, least = first + 1, 1e308
    for inner in range(first + 1, last):
        run, rise = at[inner + 1] - at[inner - 1], sums[inner + 1] - sums[inner - 1]
        gap = sums[inner - 1] + rise * ((at[inner] - at[inner - 1]) / run) - sums[inner]
        if gap < least:
            gone, least = inner, gap
    for later in range(gone, last):
        at[later], sums[later] = at[later + 1], sums[later + 1]
    lost[side] += max(least, 0.0)
    return size - 1


@compiled
def _ratio(
    at: Floats, sums: Floats, rises: int, falls: int, row: int, most: int, point: tuple[float, float], known: bool
) -> float:
    seen, total = point
    best = 0.0
    for side in range(2):
        first, height = (2 * row + side) * most, total if side == 0 else -total
        newest = first + (rises if side == 0 else falls) - 1
        if known:
            best = max(best, _known(at, sums, first, newest, seen, height))
        else:
            best = max(best, _unknown(at, sums, first, newest, seen, height))
    return best


@compiled
def _known(at: Floats, sums: Floats, first: int, newest: int, seen: float, height: float) -> float:
    """The newest vertex is left out: nothing came after it."""
    best = 0.0
    for vertex in range(first, newest):
        rise = max(height - sums[vertex], 0.0)
        best = max(best, rise * rise / (2.0 * (seen - at[vertex])))
    return best


@compiled
def _unknown(at: Floats, sums: Floats, first: int, newest: int, seen: float, height: float) -> float:
    """The oldest and the newest vertex are left out: nothing came before or after them."""
    best, per_seen = 0.0, 1.0 / seen
    for vertex in range(first + 1, newest):
        share = at[vertex] * per_seen
        rise = max(height * share - sums[vertex], 0.0)
        best = max(best, rise * rise / (2.0 * share * (seen - at[vertex])))
    return best
