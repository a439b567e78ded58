"""One sample's channels: distance from the usual, innovation, evidence, levels, and what the usual learns from it."""

from typing import Any, NamedTuple

import numpy as np

from threshold_service.statistics import baseline, fused, level_path, smoothing, volatility
from threshold_service.statistics.arrays import Bools, Floats, Indices, Singles
from threshold_service.statistics.kernel.compiled import compiled
from threshold_service.statistics.kernel.lanes import pick, read, write
from threshold_service.statistics.packed import (
    BANK,
    BEFORE,
    LEVEL,
    SLOW,
    SPREAD,
    SURPRISE,
    TAUGHT,
    VARIANCE,
)
from threshold_service.statistics.people import Fixed, People

Z, PART, LOWER, UPPER, THERE, PAIR, MOVED, SLOW2, EVIDENCE, RATIO, LAST = range(11)
"""Rows of the scratch array."""
LANES = 8
"""Channels done at once. The last ones are done twice where their number is no multiple: all of it may be repeated."""
IMPOSSIBLE = level_path.IMPOSSIBLE
_FARTHEST = level_path.FARTHEST
_MEMORY, _WINSOR, _FREELY = baseline.MEMORY_S, baseline.WINSOR, float(baseline.FREELY)
_CARE = baseline.WINSOR * 3600.0


def _single(value: float) -> Any:
    """A constant of another precision would make its whole expression double."""
    return np.float32(value)


_NAN, _ZERO, _ONE = _single(np.nan), _single(0.0), _single(1.0)
_KNOTS, _LAST = fused.KNOTS, np.int32(fused.KNOTS - 2)
_FORGET, _FARTHER, _BEND = _single(fused.FORGET), _single(fused.FARTHER), _single(fused.BEND)
_HALF = _single(0.5 * (fused.KNOTS - 1))
_SMALL, _LARGE = (_single(0.5 * ratio) for ratio in fused.RATIOS)
_RATIO, _SQUARE, _NEUTRAL = _single(fused.RATIOS[1]), _single(fused.SQUARE), _single(fused.NEUTRAL)
_LARGE_LATER, _SPREAD_LATER = _single(fused.LARGE_LATER), _single(fused.SPREAD_LATER)
_HUBER, _STEP, _FADE = _single(level_path.HUBER), _single(volatility.HUBER), _single(smoothing.FADE)
_SLOW = _single(1.0 / level_path.DRIFT_S)
_SLOWER = _single(1.0 - smoothing.FADE) - _SLOW


@compiled
def higher_of(a: Any, b: Any) -> Any:
    """The larger of two numbers that are not NaN."""
    return a if a > b else b


@compiled
def lower_of(a: Any, b: Any) -> Any:
    """The smaller of two numbers that are not NaN."""
    return a if a < b else b


@compiled
def within(value: Any, limit: Any) -> Any:
    """`value` kept within -limit..limit."""
    return lower_of(higher_of(value, -limit), limit)


class Usual(NamedTuple):
    """One resident's half of what is usual, and the second before, each (c,)."""

    level: Floats
    variance: Floats
    spread: Floats
    taught: Floats
    before: Singles
    surprise: Singles


class Change(NamedTuple):
    """One resident's half of the bank's arms and of the levels, each (c,)."""

    higher: Singles
    lower: Singles
    far_higher: Singles
    far_lower: Singles
    wider: Singles
    slow: Singles


@compiled
def what_counts(values: Floats, allowed: Bools, shared: Bools, several: bool, present: Bools) -> None:
    """Fill `present` (c,) with which values count."""
    for k in range(values.shape[0]):
        present[k] = (abs(values[k]) < IMPOSSIBLE) & allowed[k] & (not (several & shared[k]))


@compiled
def usual_of(people: People, half: int, row: int) -> Usual:
    """The slices of one half."""
    piece, change = people.block.usual[half, row], people.block.change[half, row]
    return Usual(piece[LEVEL], piece[VARIANCE], piece[SPREAD], piece[TAUGHT], change[BEFORE], change[SURPRISE])


@compiled
def change_of(people: People, half: int, row: int) -> Change:
    """The slices of one half."""
    piece = people.block.change[half, row]
    return Change(piece[BANK], piece[BANK + 1], piece[BANK + 2], piece[BANK + 3], piece[BANK + 4], piece[SLOW])


@compiled
def learn(
    people: People, floor: Floats, row: int, halves: tuple[int, int], values: Floats, present: Bools, teaches: float,
    scratch: Singles, knots: Indices,
) -> None:  # fmt: skip
    """Distance from the usual, change since the second before and the innovation's place among the knots, into
    `scratch` (rows, c) and `knots` (c,); then the usual and the memory of this second, from half `halves[0]` into half
    `halves[1]`."""
    was, will = usual_of(people, halves[0], row), usual_of(people, halves[1], row)
    of = people.fitted
    fit = (of.offset[row], of.gain[row], of.lag[row], of.echo[row], floor)
    given, c = (values, present), values.shape[0]
    if c >= LANES:
        for start in range(0, c, LANES):
            _learn(min(start, c - LANES), LANES, was, will, fit, given, teaches, scratch, knots)
    else:
        _learn(0, c, was, will, fit, given, teaches, scratch, knots)


@compiled
def _learn(
    start: int, lanes: int, was: Usual, will: Usual, fit: tuple[Floats, Singles, Singles, Singles, Floats],
    given: tuple[Floats, Bools], teaches: float, scratch: Singles, knot_to: Indices,
) -> None:  # fmt: skip
    offset, gain, lag, echo, floor = fit
    values, present = given
    z_to, part_to, there_to, pair_to = scratch[Z], scratch[PART], scratch[THERE], scratch[PAIR]
    moved_to, before_to = scratch[MOVED], scratch[LAST]
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
        weight, had = teaches if here else 0.0, b == b
        distance = value - m - o if here else 0.0
        z = np.float32(within(distance / s, _FARTHEST))
        last, there = b if had else _ZERO, _ONE if here else _ZERO
        pair = there if had else _ZERO
        usual = g * z - (f * last + q * e)
        surprise, told = usual if had else z / g, usual if had else z
        place = (told / (_BEND + abs(told)) + _ONE) * _HALF
        write(will.before, k, z if here else _NAN, 1), write(will.surprise, k, surprise if here else _ZERO, 2)
        write(before_to, k, last, 3), write(z_to, k, z, 4)
        below = min(np.int32(place), _LAST)
        write(knot_to, k, below, 5), write(part_to, k, place - np.float32(below), 13)
        write(there_to, k, there, 6), write(pair_to, k, pair, 7)
        write(moved_to, k, lower_of(abs(z - last), _STEP) * pair, 8)
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
def look_up(people: People, row: int, scratch: Singles, knots: Indices) -> None:
    """The entries of the tables of scores about each innovation, into `scratch`."""
    scores, lower, upper = people.fitted.scores[row], scratch[LOWER], scratch[UPPER]
    for k in range(knots.shape[0]):
        entry = k * _KNOTS + knots[k]
        lower[k], upper[k] = pick(scores, entry), pick(scores, entry + 1)


@compiled
def accumulate(people: People, fixed: Fixed, row: int, halves: tuple[int, int], scratch: Singles) -> None:
    """Evidence and levels after `look_up`, and how far each channel stayed out; the maxima of the block grow."""
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
    start: int, lanes: int, was: Change, will: Change, of: tuple[Singles, Singles, Singles, Singles], fixed: Fixed,
    scratch: Singles,
) -> None:  # fmt: skip
    top, scale, shift_of, ceiling = of
    z_at, there_at, last_at = scratch[Z], scratch[THERE], scratch[LAST]
    part_at, lower_at, upper_at = scratch[PART], scratch[LOWER], scratch[UPPER]
    slow2_to, evidence_to, ratio_to = scratch[SLOW2], scratch[EVIDENCE], scratch[RATIO]
    rising, falling = fixed.higher, fixed.lower
    for lane in range(lanes):
        k = start + lane
        z, there, b = read(z_at, k, 0), read(there_at, k, 0), read(last_at, k, 0)
        part, low, high = read(part_at, k, 0), read(lower_at, k, 0), read(upper_at, k, 0)
        up, down, far_up, far_down, wide = (
            read(was.higher, k, 0), read(was.lower, k, 0), read(was.far_higher, k, 0), read(was.far_lower, k, 0),
            read(was.wider, k, 0),
        )  # fmt: skip
        shift, limit, s = read(shift_of, k, 0), read(ceiling, k, 0), read(was.slow, k, 0)
        rises, falls, most, usual_peak = read(rising, k, 0), read(falling, k, 0), read(top, k, 1), read(scale, k, 0)
        here, u = there > _ZERO, low + part * (high - low)
        small, large, farther = _SMALL * shift, _LARGE * shift, _FARTHER * limit
        up = _grown(up, u - small, limit) if here else up * _FORGET
        down = _grown(down, -(u + small), limit) if here else down * _FORGET
        far_up = _grown(far_up, u - large, farther) if here else far_up * _FORGET
        far_down = _grown(far_down, -(u + large), farther) if here else far_down * _FORGET
        wide = _grown(wide, u * u - _NEUTRAL, farther) if here else wide * _FORGET
        far_shift = shift * _RATIO
        higher = higher_of(up * shift, far_up * far_shift - _LARGE_LATER)
        lower = higher_of(down * shift, far_down * far_shift - _LARGE_LATER)
        wider = higher_of(wide * _SQUARE - _SPREAD_LATER, _ZERO)
        write(will.higher, k, up, 2), write(will.lower, k, down, 3), write(will.far_higher, k, far_up, 4)
        write(will.far_lower, k, far_down, 5), write(will.wider, k, wide, 6)
        write(evidence_to, k, higher_of(higher_of(higher * rises, lower * falls), wider), 7)
        near = within(z, _HUBER)
        s = s * (_FADE + there * _SLOWER) + near * _SLOW
        far = higher_of(higher_of(lower_of(z, b) * rises, -(higher_of(z, b) * falls)), _ZERO)
        write(will.slow, k, s, 9)
        write(top, k, higher_of(most, far), 1), write(ratio_to, k, far / usual_peak, 10)
        s = s * (rises if s > _ZERO else falls)
        write(slow2_to, k, s * s, 12)


@compiled
def _grown(arm: Any, gain: Any, limit: Any) -> Any:
    """An arm of the bank after one second."""
    return lower_of(higher_of(arm + gain, _ZERO), limit)
