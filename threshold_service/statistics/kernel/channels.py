"""One sample's channels: distance from the usual, innovation, evidence, levels, and what the usual learns from it."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics import baseline, fused, level_path, smoothing, volatility
from threshold_service.statistics.arrays import Bools, Floats
from threshold_service.statistics.kernel.compiled import compiled
from threshold_service.statistics.kernel.lanes import read, write
from threshold_service.statistics.packed import (
    BANK,
    BEFORE,
    FAST,
    LEVEL,
    SLOW,
    SPREAD,
    SURPRISE,
    TAUGHT,
    VARIANCE,
)
from threshold_service.statistics.people import Fixed, People

Z, INNOVATION, THERE, MOVED, FAST2, SLOW2, EVIDENCE, RATIO, LAST = range(9)
"""Rows of the scratch array; an innovation becomes its score."""
ROWS = 9
LANES = 8
"""Channels done at once. The last ones are done twice where their number is no multiple: all of it may be repeated."""
IMPOSSIBLE = level_path.IMPOSSIBLE
_FARTHEST, _HUBER = level_path.FARTHEST, level_path.HUBER
_FAST, _SLOW = 1.0 / level_path.LEVEL_S, 1.0 / level_path.DRIFT_S
_MEMORY, _WINSOR, _FREELY = baseline.MEMORY_S, baseline.WINSOR, float(baseline.FREELY)
_CARE = baseline.WINSOR * 3600.0
_FORGET, _FARTHER, _BEND, _HALF, _LAST = (
    fused.FORGET,
    fused.FARTHER,
    fused.BEND,
    0.5 * (fused.KNOTS - 1),
    fused.KNOTS - 2,
)
_KNOTS = fused.KNOTS
_SMALL, _LARGE = (0.5 * ratio for ratio in fused.RATIOS)
_RATIO, _SQUARE, _NEUTRAL = fused.RATIOS[1], fused.SQUARE, fused.NEUTRAL
_LARGE_LATER, _SPREAD_LATER = fused.LARGE_LATER, fused.SPREAD_LATER
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


class Usual(NamedTuple):
    """One resident's half of what is usual, and the second before, each (c,)."""

    level: Floats
    variance: Floats
    spread: Floats
    taught: Floats
    before: Floats
    surprise: Floats


class Change(NamedTuple):
    """One resident's half of the bank's arms and of the levels, each (c,)."""

    higher: Floats
    lower: Floats
    far_higher: Floats
    far_lower: Floats
    wider: Floats
    fast: Floats
    slow: Floats


@compiled
def what_counts(values: Floats, allowed: Bools, shared: Bools, several: bool, present: Bools) -> int:
    """Fill `present` (c,) with which values count, and say how many do."""
    count = 0
    for k in range(values.shape[0]):
        here = (abs(values[k]) < IMPOSSIBLE) & allowed[k] & (not (several & shared[k]))
        present[k] = here
        count += here
    return count


@compiled
def usual_of(people: People, half: int, row: int) -> Usual:
    """The slices of one half."""
    piece = people.block[half, row]
    return Usual(piece[LEVEL], piece[VARIANCE], piece[SPREAD], piece[TAUGHT], piece[BEFORE], piece[SURPRISE])


@compiled
def change_of(people: People, half: int, row: int) -> Change:
    """The slices of one half."""
    piece = people.block[half, row]
    return Change(
        piece[BANK], piece[BANK + 1], piece[BANK + 2], piece[BANK + 3], piece[BANK + 4], piece[FAST], piece[SLOW]
    )


@compiled
def learn(
    people: People, floor: Floats, row: int, halves: tuple[int, int], values: Floats, present: Bools, teaches: float,
    scratch: Floats,
) -> int:  # fmt: skip
    """Distance from the usual, innovation and change since the second before, into `scratch` (ROWS, c); then the usual
    and the memory of this second, from half `halves[0]` into half `halves[1]`. How many channels had a value in
    both seconds."""
    was, will = usual_of(people, halves[0], row), usual_of(people, halves[1], row)
    of = people.fitted
    fit = (of.offset[row], of.gain[row], of.lag[row], of.echo[row], floor)
    given, c = (values, present), values.shape[0]
    if c >= LANES:
        for start in range(0, c, LANES):
            _learn(min(start, c - LANES), LANES, was, will, fit, given, teaches, scratch)
    else:
        _learn(0, c, was, will, fit, given, teaches, scratch)
    both = 0
    for k in range(c):
        both += present[k] & (was.before[k] == was.before[k])
    return both


@compiled
def _learn(
    start: int, lanes: int, was: Usual, will: Usual, fit: tuple[Floats, Floats, Floats, Floats, Floats],
    given: tuple[Floats, Bools], teaches: float, scratch: Floats,
) -> None:  # fmt: skip
    offset, gain, lag, echo, floor = fit
    values, present = given
    z_to, innovation_to, there_to, moved_to = scratch[Z], scratch[INNOVATION], scratch[THERE], scratch[MOVED]
    before_to = scratch[LAST]
    for lane in range(lanes):
        k = start + lane
        value, here, m, v, s, n = (
            read(values, k, 0), read(present, k, 0), read(was.level, k, 0), read(was.variance, k, 0),
            read(was.spread, k, 0), read(was.taught, k, 0),
        )  # fmt: skip
        b, e, o, g, f, q, least = (
            read(was.before, k, 0), read(was.surprise, k, 0), read(offset, k, 0), read(gain, k, 0), read(lag, k, 0),
            read(echo, k, 0), read(floor, k, 0),
        )  # fmt: skip
        there, had = 1.0 if here else 0.0, b == b
        distance = value - m - o if here else 0.0
        z = within(distance / s, _FARTHEST)
        last = b if had else 0.0
        pair = there if had else 0.0
        usual = g * z - (f * last + q * e)
        surprise = usual if had else z / g
        write(will.before, k, z if here else np.nan, 1), write(will.surprise, k, surprise if here else 0.0, 2)
        write(before_to, k, last, 3), write(z_to, k, z, 4), write(innovation_to, k, usual if had else z, 5)
        write(there_to, k, there, 6), write(moved_to, k, lower_of(abs(z - last), _STEP) * pair, 7)
        weight = there * teaches
        total = n + weight
        share = 1.0 / lower_of(higher_of(total, 1.0), _MEMORY)
        width = (_WINSOR + _CARE * share * share) * s
        width = np.inf if total <= _FREELY else width
        near = lower_of(higher_of(distance, -width), width)
        rate = weight * share
        moved = rate * near
        varied = (1.0 - rate) * (v + moved * near)
        write(will.level, k, m + moved, 8), write(will.variance, k, varied, 9)
        write(will.spread, k, higher_of(np.sqrt(varied), least), 10), write(will.taught, k, total, 11)


@compiled
def score(people: People, row: int, scratch: Floats) -> None:
    """Innovations of `scratch` into normal scores, in place."""
    scores, innovation = people.fitted.scores[row], scratch[INNOVATION]
    for k in range(innovation.shape[0]):
        e = read(innovation, k, 1)
        place = (e / (_BEND + abs(e)) + 1.0) * _HALF
        below = min(int(place), _LAST)
        low, high = read(scores, k * _KNOTS + below, 0), read(scores, k * _KNOTS + below + 1, 0)
        write(innovation, k, low + (place - below) * (high - low), 1)


@compiled
def accumulate(people: People, fixed: Fixed, row: int, halves: tuple[int, int], scratch: Floats) -> None:
    """Evidence and levels after `score`, and how far each channel stayed out; the maxima of the block grow."""
    was, will = change_of(people, halves[0], row), change_of(people, halves[1], row)
    c = fixed.higher.shape[0]
    of = (
        people.running.top_far[row], people.limits.far_scale[row], people.fitted.shift[row], people.fitted.ceiling[row]
    )  # fmt: skip
    if c >= LANES:
        for start in range(0, c, LANES):
            _accumulate(min(start, c - LANES), LANES, was, will, of, fixed, scratch)
    else:
        _accumulate(0, c, was, will, of, fixed, scratch)


@compiled
def _accumulate(
    start: int, lanes: int, was: Change, will: Change, of: tuple[Floats, Floats, Floats, Floats], fixed: Fixed,
    scratch: Floats,
) -> None:  # fmt: skip
    top, scale, shift_of, ceiling = of
    z_at, score_at, there_at, last_at = scratch[Z], scratch[INNOVATION], scratch[THERE], scratch[LAST]
    fast2_to, slow2_to, evidence_to, ratio_to = scratch[FAST2], scratch[SLOW2], scratch[EVIDENCE], scratch[RATIO]
    rising, falling = fixed.higher, fixed.lower
    for lane in range(lanes):
        k = start + lane
        z, u, there, b = read(z_at, k, 0), read(score_at, k, 0), read(there_at, k, 0) > 0.0, read(last_at, k, 0)
        up, down, far_up, far_down, wide = (
            read(was.higher, k, 0), read(was.lower, k, 0), read(was.far_higher, k, 0), read(was.far_lower, k, 0),
            read(was.wider, k, 0),
        )  # fmt: skip
        shift, limit, f, s = read(shift_of, k, 0), read(ceiling, k, 0), read(was.fast, k, 0), read(was.slow, k, 0)
        rises, falls, most, usual_peak = read(rising, k, 0), read(falling, k, 0), read(top, k, 1), read(scale, k, 0)
        small, large, farther = _SMALL * shift, _LARGE * shift, _FARTHER * limit
        up = _grown(up, u - small, limit) if there else up * _FORGET
        down = _grown(down, -(u + small), limit) if there else down * _FORGET
        far_up = _grown(far_up, u - large, farther) if there else far_up * _FORGET
        far_down = _grown(far_down, -(u + large), farther) if there else far_down * _FORGET
        wide = _grown(wide, u * u - _NEUTRAL, farther) if there else wide * _FORGET
        far_shift = shift * _RATIO
        higher = higher_of(up * shift, far_up * far_shift - _LARGE_LATER)
        lower = higher_of(down * shift, far_down * far_shift - _LARGE_LATER)
        wider = higher_of(wide * _SQUARE - _SPREAD_LATER, 0.0)
        write(will.higher, k, up, 2), write(will.lower, k, down, 3), write(will.far_higher, k, far_up, 4)
        write(will.far_lower, k, far_down, 5), write(will.wider, k, wide, 6)
        write(evidence_to, k, higher_of(higher_of(higher * rises, lower * falls), wider), 7)
        near, seen = within(z, _HUBER), 1.0 if there else 0.0
        f = f * (_FADE + seen * ((1.0 - _FADE) - _FAST)) + near * _FAST
        s = s * (_FADE + seen * ((1.0 - _FADE) - _SLOW)) + near * _SLOW
        far = higher_of(higher_of(lower_of(z, b) * rises, -(higher_of(z, b) * falls)), 0.0)
        write(will.fast, k, f, 8), write(will.slow, k, s, 9)
        write(top, k, higher_of(most, far), 1), write(ratio_to, k, far / usual_peak, 10)
        f, s = f * (rises if f > 0.0 else falls), s * (rises if s > 0.0 else falls)
        write(fast2_to, k, f * f, 11), write(slow2_to, k, s * s, 12)


@compiled
def _grown(arm: float, gain: float, limit: float) -> float:
    """An arm of the bank after one second."""
    return lower_of(higher_of(arm + gain, 0.0), limit)
