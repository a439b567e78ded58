"""Watches over weeks whether the usual itself drifted: ADWIN on hourly means, many series at once, in bounded memory.

The hours since the last drift are kept in buckets of 1, 2, 4, ... hours, and every border between two buckets is tried
as the moment of change (ADWIN2: Bifet and Gavalda 2007). In place of a yes at one confidence delta a step gives the
evidence -ln(delta) at which ADWIN would just say yes, so that its threshold comes from ordinary hours like every other.
"""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics.arrays import Bools, Floats, Ints

LEVELS = 7
"""Sizes of buckets: a window keeps the last 572 hours at least."""
BUCKETS = 5
"""Buckets of a size before the two oldest become one (ADWIN2)."""
SHORTEST, GRACE = 5, 10
"""Hours that each side of a border, and the whole window more than, must have (as in river)."""
_SIZES = 2.0 ** np.arange(LEVELS)
_OLDEST_FIRST = np.repeat(_SIZES[::-1], BUCKETS + 1)


class DriftWatch(NamedTuple):
    """Windows of any leading shape: hours in each, their `total` and squared `deviation` (...), and buckets.

    `held` (..., LEVELS) buckets of each size hold `sums` and `deviations` (..., LEVELS, BUCKETS + 1), the oldest first.
    """

    width: Floats
    total: Floats
    deviation: Floats
    held: Ints
    sums: Floats
    deviations: Floats


def fresh(shape: tuple[int, ...]) -> DriftWatch:
    """Nothing seen."""
    room = np.zeros((*shape, LEVELS, BUCKETS + 1))
    return DriftWatch(
        np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros((*shape, LEVELS), np.int64), room, room.copy()
    )  # fmt: skip


def watch(state: DriftWatch, hourly: Floats, threshold: float | Floats) -> tuple[DriftWatch, Bools]:
    """One more hour: whether the usual drifted (...); where it did, the window begins anew after this hour.

    `hourly` (...) are means in spreads from a fixed origin, not from a usual that has followed; NaN where the person
    was not seen, which changes nothing. It decides as ADWIN(delta=exp(-threshold), clock=1) of river does.

    >>> state, drifted = fresh((1,)), []
    >>> for hour in range(80):
    ...     state, now = watch(state, np.array([0.1 * (hour % 3) + 2.0 * (hour >= 40)]), -np.log(0.002))
    ...     drifted += [hour] * bool(now[0])
    >>> drifted
    [53]
    """
    after, found = step(state, hourly)
    drifted: Bools = found > threshold
    return restarted(after, drifted), drifted


def step(state: DriftWatch, hourly: Floats) -> tuple[DriftWatch, Floats]:
    """One more hour and the evidence (...) that there was a drift in the window: -inf where none can be told."""
    there = ~np.isnan(hourly)
    value = np.where(there, hourly, 0.0)
    mean = state.total / np.maximum(state.width, 1.0)
    gained = np.where(there, state.width * (value - mean) ** 2 / (state.width + 1.0), 0.0)
    at_end = (np.arange(BUCKETS + 1) == state.held[..., :1]) & there[..., None]
    held, sums = state.held.copy(), state.sums.copy()
    sums[..., 0, :] = np.where(at_end, value[..., None], sums[..., 0, :])
    held[..., 0] += there
    longer = DriftWatch(
        state.width + there, state.total + value, state.deviation + gained, held, sums, state.deviations.copy()
    )  # fmt: skip
    merged = _merged(longer)
    return merged, np.where(there, evidence(merged), -np.inf)


def restarted(state: DriftWatch, where: Bools) -> DriftWatch:
    """With an empty window where `where` (...) is true."""
    keep = (~where).astype(np.float64)
    kept_count: Ints = np.where(where[..., None], 0, state.held)
    wide = keep[..., None, None]
    return DriftWatch(
        state.width * keep, state.total * keep, state.deviation * keep,
        kept_count, state.sums * wide, state.deviations * wide,
    )  # fmt: skip


def evidence(state: DriftWatch) -> Floats:
    """-ln(delta) at which ADWIN just sees a drift, the largest over all borders; -inf where there is no border."""
    found: Floats = _borders(state)[0].max(axis=-1) - np.log(2.0 * np.log(np.maximum(state.width, 2.0)))
    return found


def sides(state: DriftWatch) -> tuple[Floats, Floats]:
    """Means before and after the border (...) that shows the drift most clearly; meaningless where there is none."""
    clear, old, new = _borders(state)
    best = clear.argmax(axis=-1)[..., None]
    return np.take_along_axis(old, best, axis=-1)[..., 0], np.take_along_axis(new, best, axis=-1)[..., 0]


def _borders(state: DriftWatch) -> tuple[Floats, Floats, Floats]:
    """How clear a drift at each border is (..., borders), -inf where none can be, and the means on both sides of it."""
    width, total = state.width[..., None], state.total[..., None]
    there = np.arange(BUCKETS + 1) < state.held[..., ::-1, None]
    flat = (*state.width.shape, LEVELS * (BUCKETS + 1))
    before = np.cumsum(np.where(there.reshape(flat), _OLDEST_FIRST, 0.0), axis=-1)
    sum_before = np.cumsum(state.sums[..., ::-1, :].reshape(flat), axis=-1)
    after = width - before
    cuts = there.reshape(flat) & (before >= SHORTEST) & (after >= SHORTEST) & (width > GRACE)
    old, new = np.where(cuts, before, SHORTEST), np.where(cuts, after, SHORTEST)
    mean_old, mean_new = sum_before / old, (total - sum_before) / new
    apart = np.abs(mean_old - mean_new)
    spread = 1.0 / (old - SHORTEST + 1.0) + 1.0 / (new - SHORTEST + 1.0)
    linear, square = np.sqrt(2.0 * spread * (state.deviation / np.maximum(state.width, 1.0))[..., None]), spread / 1.5
    root = (np.sqrt(linear * linear + 4.0 * square * apart) - linear) / (2.0 * square)
    return np.where(cuts, root * root, -np.inf), mean_old, mean_new


def _merged(state: DriftWatch) -> DriftWatch:
    """No size has more than `BUCKETS`: the two oldest became one of the next size, the very oldest is forgotten."""
    held, sums, deviations = state.held, state.sums, state.deviations
    for level in range(LEVELS - 1):
        full = held[..., level] > BUCKETS
        if not full.any():
            return state
        size = _SIZES[level]
        pair, apart = sums[..., level, :2], sums[..., level, 0] - sums[..., level, 1]
        deviation = deviations[..., level, :2].sum(axis=-1) + apart * apart / (2.0 * size)
        at_end = (np.arange(BUCKETS + 1) == held[..., level + 1, None]) & full[..., None]
        sums[..., level + 1, :] = np.where(at_end, pair.sum(axis=-1)[..., None], sums[..., level + 1, :])
        deviations[..., level + 1, :] = np.where(at_end, deviation[..., None], deviations[..., level + 1, :])
        held[..., level + 1] += full
        for values in (sums, deviations):
            values[..., level, :] = _without(values[..., level, :], 2, full)
        held[..., level] -= 2 * full
    return _forgotten(state)


def _forgotten(state: DriftWatch) -> DriftWatch:
    """Where the largest size is full, the window without its oldest bucket."""
    full = state.held[..., -1] > BUCKETS
    size, rest = _SIZES[-1], np.maximum(state.width - _SIZES[-1], 1.0)
    gone, total = state.sums[..., -1, 0], state.total - state.sums[..., -1, 0]
    apart = gone / size - total / rest
    deviation = state.deviation - state.deviations[..., -1, 0] - size * rest / (size + rest) * apart * apart
    held = state.held.copy()
    held[..., -1] -= full
    for values in (state.sums, state.deviations):
        values[..., -1, :] = _without(values[..., -1, :], 1, full)
    return state._replace(
        width=np.where(full, rest, state.width), total=np.where(full, total, state.total),
        deviation=np.where(full, np.maximum(deviation, 0.0), state.deviation), held=held,
    )  # fmt: skip


def _without(values: Floats, oldest: int, where: Bools) -> Floats:
    moved = np.zeros_like(values)
    moved[..., :-oldest] = values[..., oldest:]
    return np.where(where[..., None], moved, values)
