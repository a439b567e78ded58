"""One sample's channels: distance from the usual, innovation, evidence, levels, and what the usual learns from it."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics import baseline, cusum, level_path, smoothing, volatility, whitening
from threshold_service.statistics.arrays import Bools, Floats
from threshold_service.statistics.kernel.compiled import compiled
from threshold_service.statistics.kernel.lanes import read, write
from threshold_service.statistics.packed import (
    BEFORE,
    DOWN,
    FAST,
    LAG1,
    LEVEL,
    PAIRS,
    SLOW,
    SPREAD,
    TAUGHT,
    UP,
    VARIANCE,
)
from threshold_service.statistics.people import Fixed, People

Z, INNOVATION, THERE, MOVED, FAST2, SLOW2, EVIDENCE, RATIO = range(8)
"""Rows of the scratch array."""
ROWS = 8
LANES = 8
"""Channels done at once. The last ones are done twice where their number is no multiple: all of it may be repeated."""
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


class Usual(NamedTuple):
    """One resident's half of what is usual, and the second before, each (c,)."""

    level: Floats
    variance: Floats
    spread: Floats
    taught: Floats
    before: Floats
    had: Bools
    lag1: Floats
    pairs: Floats


class Change(NamedTuple):
    """One resident's half of evidence and levels, each (c,)."""

    up: Floats
    down: Floats
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
    piece, had = people.block[half, row], people.level.whitening.had[half, row]
    return Usual(
        piece[LEVEL], piece[VARIANCE], piece[SPREAD], piece[TAUGHT], piece[BEFORE], had, piece[LAG1], piece[PAIRS]
    )


@compiled
def change_of(people: People, half: int, row: int) -> Change:
    """The slices of one half."""
    piece = people.block[half, row]
    return Change(piece[UP], piece[DOWN], piece[FAST], piece[SLOW])


@compiled
def learn(
    people: People, floor: Floats, row: int, halves: tuple[int, int], values: Floats, present: Bools, teaches: float,
    scratch: Floats,
) -> int:  # fmt: skip
    """Distance from the usual, innovation and change since the second before, into `scratch` (ROWS, c); then the usual
    and its memory of the second before, from half `halves[0]` into half `halves[1]`. How many channels had a value in
    both seconds."""
    was, will = usual_of(people, halves[0], row), usual_of(people, halves[1], row)
    fit = (people.fitted.offset[row], people.fitted.phi[row], people.fitted.gain[row], floor)
    given, c = (values, present), values.shape[0]
    if c >= LANES:
        for start in range(0, c, LANES):
            _learn(min(start, c - LANES), LANES, was, will, fit, given, teaches, scratch)
    else:
        _learn(0, c, was, will, fit, given, teaches, scratch)
    both = 0
    for k in range(c):
        both += present[k] & was.had[k]
    return both


@compiled
def _learn(
    start: int, lanes: int, was: Usual, will: Usual, fit: tuple[Floats, Floats, Floats, Floats],
    given: tuple[Floats, Bools], teaches: float, scratch: Floats,
) -> None:  # fmt: skip
    offset, phi, gain, floor = fit
    values, present = given
    z_to, innovation_to, there_to, moved_to = scratch[Z], scratch[INNOVATION], scratch[THERE], scratch[MOVED]
    for lane in range(lanes):
        k = start + lane
        value, here, m, v, s, n = (
            read(values, k, 0), read(present, k, 0), read(was.level, k, 0), read(was.variance, k, 0),
            read(was.spread, k, 0), read(was.taught, k, 0),
        )  # fmt: skip
        b, h, lag, p, o, f, g, least = (
            read(was.before, k, 0), read(was.had, k, 0), read(was.lag1, k, 0), read(was.pairs, k, 0),
            read(offset, k, 0), read(phi, k, 0), read(gain, k, 0), read(floor, k, 0),
        )  # fmt: skip
        there = 1.0 if here else 0.0
        distance = value - m - o if here else 0.0
        z = within(distance / s, _FARTHEST)
        pair = there if h else 0.0
        innovation = (z - f * b) * g if pair > 0.0 else z
        weight = there * teaches
        taught_pair = pair * weight
        count = p + taught_pair
        product = within(z, _PRODUCT) * within(b, _PRODUCT)
        write(will.lag1, k, lag + taught_pair / lower_of(higher_of(count, 1.0), _PAIRS) * (product - lag), 1)
        write(will.pairs, k, count, 2), write(will.before, k, z, 3), write(will.had, k, here, 4)
        write(z_to, k, z, 5), write(innovation_to, k, innovation, 6), write(there_to, k, there, 7)
        write(moved_to, k, lower_of(abs(z - b), _STEP) * pair, 8)
        total = n + weight
        share = 1.0 / lower_of(higher_of(total, 1.0), _MEMORY)
        width = (_WINSOR + _CARE * share * share) * s
        width = np.inf if total <= _FREELY else width
        near = lower_of(higher_of(distance, -width), width)
        rate = weight * share
        moved = rate * near
        varied = (1.0 - rate) * (v + moved * near)
        write(will.level, k, m + moved, 9), write(will.variance, k, varied, 10)
        write(will.spread, k, higher_of(np.sqrt(varied), least), 11), write(will.taught, k, total, 12)


@compiled
def accumulate(people: People, fixed: Fixed, row: int, halves: tuple[int, int], scratch: Floats) -> None:
    """Evidence and levels after `learn`, and how far each channel stayed out; the maxima of the block grow."""
    was, will = change_of(people, halves[0], row), change_of(people, halves[1], row)
    before, c = people.block[halves[0], row, BEFORE], fixed.higher.shape[0]
    peaks = (people.running.top_far[row], people.limits.far_scale[row])
    if c >= LANES:
        for start in range(0, c, LANES):
            _accumulate(min(start, c - LANES), LANES, was, will, before, peaks, fixed, scratch)
    else:
        _accumulate(0, c, was, will, before, peaks, fixed, scratch)


@compiled
def _accumulate(
    start: int, lanes: int, was: Change, will: Change, before: Floats, peaks: tuple[Floats, Floats], fixed: Fixed,
    scratch: Floats,
) -> None:  # fmt: skip
    top, scale = peaks
    z_at, innovation_at, there_at = scratch[Z], scratch[INNOVATION], scratch[THERE]
    fast2_to, slow2_to, evidence_to, ratio_to = scratch[FAST2], scratch[SLOW2], scratch[EVIDENCE], scratch[RATIO]
    higher, lower = fixed.higher, fixed.lower
    for lane in range(lanes):
        k = start + lane
        z, e, there, b = read(z_at, k, 0), read(innovation_at, k, 0), read(there_at, k, 0), read(before, k, 0)
        u, d, f, s = read(was.up, k, 0), read(was.down, k, 0), read(was.fast, k, 0), read(was.slow, k, 0)
        rises, falls, most, usual_peak = read(higher, k, 0), read(lower, k, 0), read(top, k, 1), read(scale, k, 0)
        kept, e = _FORGET + (1.0 - _FORGET) * there, within(e, _INNOVATION)
        u = lower_of(higher_of(u * kept + (e - _SLACK) * there, 0.0), _LIMIT)
        d = lower_of(higher_of(d * kept + (-e - _SLACK) * there, 0.0), _LIMIT)
        near = within(z, _HUBER)
        f = f * (_FADE + there * ((1.0 - _FADE) - _FAST)) + near * _FAST
        s = s * (_FADE + there * ((1.0 - _FADE) - _SLOW)) + near * _SLOW
        far = higher_of(higher_of(lower_of(z, b) * rises, -(higher_of(z, b) * falls)), 0.0)
        write(will.up, k, u, 2), write(will.down, k, d, 3), write(will.fast, k, f, 4), write(will.slow, k, s, 5)
        write(top, k, higher_of(most, far), 1), write(ratio_to, k, far / usual_peak, 6)
        write(evidence_to, k, higher_of(u * rises, d * falls), 7)
        f, s = f * (rises if f > 0.0 else falls), s * (rises if s > 0.0 else falls)
        write(fast2_to, k, f * f, 8), write(slow2_to, k, s * s, 9)
