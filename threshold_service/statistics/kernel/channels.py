"""One sample's channels: distance from the usual, innovation, evidence, levels, and what the usual learns from it."""

import numpy as np

from threshold_service.statistics import baseline, cusum, level_path, smoothing, volatility, whitening
from threshold_service.statistics.arrays import Bools, Floats
from threshold_service.statistics.kernel.compiled import compiled
from threshold_service.statistics.kernel.lanes import read, write
from threshold_service.statistics.people import Fixed, People

Z, INNOVATION, THERE, FAR, MOVED, FAST, SLOW, EVIDENCE, RATIO = range(9)
"""Rows of the scratch array."""
ROWS = 9
IMPOSSIBLE = level_path.IMPOSSIBLE
_FARTHEST, _HUBER = level_path.FARTHEST, level_path.HUBER
_FAST, _SLOW = 1.0 / level_path.LEVEL_S, 1.0 / level_path.DRIFT_S
_MEMORY, _WINSOR, _FREELY = baseline.MEMORY_S, baseline.WINSOR, float(baseline.FREELY)
_CARE = baseline.WINSOR * 3600.0
_PAIRS, _PRODUCT = whitening.MEMORY, whitening.HUBER
_FORGET, _SLACK, _LIMIT, _INNOVATION = cusum.FORGET, cusum.SLACK, cusum.LIMIT, cusum.HUBER
_FADE, _STEP = smoothing.FADE, volatility.HUBER


@compiled
def higher_of(a: float, b: float) -> float:
    """The larger of two numbers that are not NaN."""
    return a if a > b else b


@compiled
def lower_of(a: float, b: float) -> float:
    """The smaller of two numbers that are not NaN."""
    return a if a < b else b


@compiled
def within(value: float, limit: float) -> float:
    """`value` kept within -limit..limit."""
    return lower_of(higher_of(value, -limit), limit)


@compiled
def what_counts(values: Floats, allowed: Bools, shared: Bools, several: bool, present: Bools) -> int:
    """Fill `present` (c,) with which values count, and say how many do."""
    count = 0
    for k in range(values.shape[0]):
        value, may, hidden = read(values, k, 0), read(allowed, k, 0), read(shared, k, 0)
        here = (abs(value) < IMPOSSIBLE) & may & ((not several) | (not hidden))
        write(present, k, here, 1)
        count += here
    return count


@compiled
def learn(
    people: People, floor: Floats, row: int, halves: tuple[int, int], values: Floats, present: Bools, teaches: float,
    scratch: Floats,
) -> int:  # fmt: skip
    """Distance from the usual, innovation and change since the second before, into `scratch` (ROWS, c); then the usual
    and its memory of the second before, from half `halves[0]` into half `halves[1]`. How many channels had a value in
    both seconds."""
    now, then = halves
    usual, memory, fitted = people.level.baseline, people.level.whitening, people.fitted
    level, variance, spread, taught = (
        usual.level[now, row], usual.variance[now, row], usual.spread[now, row], usual.taught[now, row]
    )  # fmt: skip
    level_to, variance_to, spread_to, taught_to = (
        usual.level[then, row], usual.variance[then, row], usual.spread[then, row], usual.taught[then, row]
    )  # fmt: skip
    before, had, lag1, pairs = (
        memory.before[now, row], memory.had[now, row], memory.lag1[now, row], memory.pairs[now, row]
    )  # fmt: skip
    before_to, had_to, lag1_to, pairs_to = (
        memory.before[then, row], memory.had[then, row], memory.lag1[then, row], memory.pairs[then, row]
    )  # fmt: skip
    offset, phi, gain = fitted.offset[row], fitted.phi[row], fitted.gain[row]
    z_to, innovation_to, there_to, moved_to = scratch[Z], scratch[INNOVATION], scratch[THERE], scratch[MOVED]
    both = 0
    for k in range(values.shape[0]):
        value, here, m, v, s, n = (
            read(values, k, 0), read(present, k, 0), read(level, k, 0), read(variance, k, 0), read(spread, k, 0),
            read(taught, k, 0),
        )  # fmt: skip
        b, h, lag, p, o, f, g, least = (
            read(before, k, 0), read(had, k, 0), read(lag1, k, 0), read(pairs, k, 0), read(offset, k, 0),
            read(phi, k, 0), read(gain, k, 0), read(floor, k, 0),
        )  # fmt: skip
        there = 1.0 if here else 0.0
        distance = value - m - o if here else 0.0
        z = within(distance / s, _FARTHEST)
        pair = there if h else 0.0
        both += h & here
        innovation = (z - f * b) * g if pair > 0.0 else z
        taught_pair = pair * (there * teaches)
        count = p + taught_pair
        product = within(z, _PRODUCT) * within(b, _PRODUCT)
        learned = lag + taught_pair / lower_of(higher_of(count, 1.0), _PAIRS) * (product - lag)
        write(lag1_to, k, learned, 1), write(pairs_to, k, count, 2)
        write(before_to, k, z, 3), write(had_to, k, here, 4)
        write(z_to, k, z, 5), write(innovation_to, k, innovation, 6), write(there_to, k, there, 7)
        write(moved_to, k, lower_of(abs(z - b), _STEP) * pair, 8)
        weight = there * teaches
        total = n + weight
        share = 1.0 / lower_of(higher_of(total, 1.0), _MEMORY)
        width = (_WINSOR + _CARE * share * share) * s
        width = np.inf if total <= _FREELY else width
        near = lower_of(higher_of(distance, -width), width)
        rate = weight * share
        moved = rate * near
        varied = (1.0 - rate) * (v + moved * near)
        write(level_to, k, m + moved, 9), write(variance_to, k, varied, 10)
        write(spread_to, k, higher_of(np.sqrt(varied), least), 11), write(taught_to, k, total, 12)
    return both


@compiled
def accumulate(people: People, fixed: Fixed, row: int, halves: tuple[int, int], scratch: Floats) -> None:
    """Evidence and levels after `learn`, and how far each channel stayed out; the maxima of the block grow."""
    now, then = halves
    evidence, levels = people.level.evidence, people.level.levels
    up, down, fast, slow = evidence[now, row, 0], evidence[now, row, 1], levels[now, row, 0], levels[now, row, 1]
    up_to, down_to, fast_to, slow_to = (
        evidence[then, row, 0], evidence[then, row, 1], levels[then, row, 0], levels[then, row, 1]
    )  # fmt: skip
    before, top, scale = (
        people.level.whitening.before[now, row],
        people.running.top_far[row],
        people.limits.far_scale[row],
    )
    z_at, innovation_at, there_at = scratch[Z], scratch[INNOVATION], scratch[THERE]
    far_to, fast2_to, slow2_to, evidence_to, ratio_to = (
        scratch[FAR], scratch[FAST], scratch[SLOW], scratch[EVIDENCE], scratch[RATIO]
    )  # fmt: skip
    higher, lower = fixed.higher, fixed.lower
    for k in range(higher.shape[0]):
        z, e, there, b = read(z_at, k, 0), read(innovation_at, k, 0), read(there_at, k, 0), read(before, k, 0)
        u, d, f, s = read(up, k, 0), read(down, k, 0), read(fast, k, 0), read(slow, k, 0)
        rises, falls, most, usual_peak = read(higher, k, 0), read(lower, k, 0), read(top, k, 1), read(scale, k, 0)
        kept, e = _FORGET + (1.0 - _FORGET) * there, within(e, _INNOVATION)
        u = lower_of(higher_of(u * kept + (e - _SLACK) * there, 0.0), _LIMIT)
        d = lower_of(higher_of(d * kept + (-e - _SLACK) * there, 0.0), _LIMIT)
        near = within(z, _HUBER)
        f = f * (_FADE + there * ((1.0 - _FADE) - _FAST)) + near * _FAST
        s = s * (_FADE + there * ((1.0 - _FADE) - _SLOW)) + near * _SLOW
        far = higher_of(higher_of(lower_of(z, b) * rises, -(higher_of(z, b) * falls)), 0.0)
        write(up_to, k, u, 2), write(down_to, k, d, 3), write(fast_to, k, f, 4), write(slow_to, k, s, 5)
        write(top, k, higher_of(most, far), 1), write(far_to, k, far, 6), write(ratio_to, k, far / usual_peak, 7)
        write(evidence_to, k, higher_of(u * rises, d * falls), 8)
        write(fast2_to, k, f * f * (rises if f > 0.0 else falls), 9)
        write(slow2_to, k, s * s * (rises if s > 0.0 else falls), 10)
