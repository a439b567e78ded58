"""One sample's channels: distance from the usual, innovation, evidence, levels, and what the usual learns from it.

Channels go in blocks of `LANES`, each of which is finished before the next one: what was stored eight at a time is read
eight at a time, as a processor would otherwise wait until it is in the cache. The last block is filled up with channels
that nobody ever sees.
"""

from typing import Any, NamedTuple

import numpy as np

from threshold_service.statistics import arrays, baseline, episode_odds, fused, level_path, smoothing, volatility
from threshold_service.statistics.arrays import Bools, Floats, Indices, Shorts, Singles
from threshold_service.statistics.kernel.compiled import compiled
from threshold_service.statistics.kernel.lanes import pick_pairs, read, write
from threshold_service.statistics.packed import (
    BANK,
    BEFORE,
    CEILING,
    ECHO,
    FAR_SCALE,
    GAIN,
    LAG,
    LEVEL,
    OFFSET,
    SHIFT,
    SLOW,
    SPREAD,
    SURPRISE,
    TAUGHT,
    TOP_FAR,
    VARIANCE,
)

HIGHER, LOWER_TOO, FLOOR, OUTWARD, DEVIATES, SOUNDS, MOVES, MEANINGS = range(8)
"""Rows of what channels mean: directions that matter, floors, the outward one, and the three groups."""
LANES = arrays.LANES
THERE, PAIR, MOVED, DRIFTED, SIDE, DEVIATION, AUDIO, MOTION, SUMS = range(9)
"""Rows of running sums over the blocks: how many channels have a value, and one before it as well, change since the
second before, squared slow levels, distance outwards, and evidence of the three groups."""
RATIO, Z, PART, LAST, HERE, LOWER, UPPER = range(SUMS, SUMS + 7)
"""Rows of the block of now, but for the first, the largest ratio of a channel's distance to its usual peak."""
IMPOSSIBLE = np.float32(level_path.IMPOSSIBLE)


def _single(value: float) -> Any:
    """A constant of another precision would make its whole expression double."""
    return np.float32(value)


_NAN, _ZERO, _ONE, _NO_LIMIT = _single(np.nan), _single(0.0), _single(1.0), _single(np.inf)
_ABSURD, _FARTHEST, _MEMORY = _single(episode_odds.FARTHEST), _single(level_path.FARTHEST), _single(baseline.MEMORY_S)
_WINSOR, _CARE, _FREELY = _single(baseline.WINSOR), _single(baseline.WINSOR * 3600.0), _single(baseline.FREELY)
_KNOTS, _LAST_KNOT = fused.KNOTS, np.int32(fused.KNOTS - 2)
_FORGET, _FARTHER, _BEND = _single(fused.FORGET), _single(fused.FARTHER), _single(fused.BEND)
_HALF, _SCORE = _single(0.5 * (fused.KNOTS - 1)), _single(fused.STEP)
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


class Given(NamedTuple):
    """One sample's `values` (p,), which of them are `allowed` (p,), whether it `teaches` and whether it is `counted` in
    the bin of now (1.0 or 0.0 each)."""

    values: Singles
    allowed: Bools
    teaches: float
    counted: float


class Half(NamedTuple):
    """One resident's half of what is usual (USUALS, p) and of how it changes (FIELDS, p)."""

    usual: Floats
    change: Singles


class Kept(NamedTuple):
    """Where one sample goes: the last seconds' `window` (p,), its `usual` and `spread` (p,) of the history, the sums of
    the `bin` (2, p), and its `evidence` (p,)."""

    window: Singles
    usual: Singles
    spread: Singles
    bin: Singles
    evidence: Singles


class Scratch(NamedTuple):
    """Room for a block: `lanes` (SCRATCH, LANES), and the `entries` (LANES,) of the tables below each innovation."""

    lanes: Singles
    entries: Indices


@compiled
def follow(
    given: Given, of: Singles, fit: Singles, scores: Shorts, was: Half, will: Half, kept: Kept, room: Scratch
) -> None:
    """One second of all channels, whose meanings are `of` (MEANINGS, p), from half `was` into half `will`. `fit` (FITS,
    p) and the tables of `scores` (c, KNOTS) are what block ends set. The sums over channels are left in `room`, eight
    of each."""
    for row in range(RATIO + 1):
        for lane in range(LANES):
            room.lanes[row, lane] = _ZERO
    last_channel = np.int32(scores.shape[0] - 1)
    for start in range(0, given.values.shape[0], LANES):
        _learn(start, last_channel, given, of, fit, (was, will), kept, room)
        pick_pairs(scores, room.entries, room.lanes[LOWER], room.lanes[UPPER])
        _accumulate(start, of, fit, was.change, will.change, kept.evidence, room)


@compiled
def _learn(
    start: int, last_channel: Any, given: Given, of: Singles, fit: Singles, halves: tuple[Half, Half], kept: Kept,
    room: Scratch,
) -> None:  # fmt: skip
    """Distance from the usual, change since the second before and the innovation's place among the knots; then the
    usual and the memory of this second."""
    was, will, scratch, entry_to = halves[0], halves[1], room.lanes, room.entries
    values, allowed, floor, outward = given.values, given.allowed, of[FLOOR], of[OUTWARD]
    level_at, taught_at = was.usual[LEVEL], was.usual[TAUGHT]
    variance_at, spread_at, before_at, surprise_at = (
        was.change[VARIANCE], was.change[SPREAD], was.change[BEFORE], was.change[SURPRISE]
    )  # fmt: skip
    offset_at, gain_at, lag_at, echo_at = fit[OFFSET], fit[GAIN], fit[LAG], fit[ECHO]
    level_to, taught_to, variance_to, spread_to, before_to, surprise_to = (
        will.usual[LEVEL], will.usual[TAUGHT], will.change[VARIANCE], will.change[SPREAD], will.change[BEFORE],
        will.change[SURPRISE],
    )  # fmt: skip
    z_to, part_to, last_to, here_to = scratch[Z], scratch[PART], scratch[LAST], scratch[HERE]
    there_to, pair_to, moved_to, side_to = scratch[THERE], scratch[PAIR], scratch[MOVED], scratch[SIDE]
    far_sum, seen_sum, counted = kept.bin[0], kept.bin[1], np.float32(given.counted)
    teaches, teaching = given.teaches, np.float32(given.teaches)
    for lane in range(LANES):
        k = start + lane
        value, may, m, n = read(values, k, 0), read(allowed, k, 0), read(level_at, k, 0), read(taught_at, k, 0)
        v, s, b, e, o, g, f, q = (
            read(variance_at, k, 0), read(spread_at, k, 0), read(before_at, k, 0), read(surprise_at, k, 0),
            read(offset_at, k, 0), read(gain_at, k, 0), read(lag_at, k, 0), read(echo_at, k, 0),
        )  # fmt: skip
        least, out, far, seen = read(floor, k, 0), read(outward, k, 0), read(far_sum, k, 1), read(seen_sum, k, 2)
        theres, pairs, moves, sides = (
            read(there_to, lane, 3), read(pair_to, lane, 4), read(moved_to, lane, 5), read(side_to, lane, 6),
        )  # fmt: skip
        here, had = (abs(value) < IMPOSSIBLE) & may, b == b
        distance = np.float32(value - m - o) if here else _ZERO
        z = within(distance / s, _FARTHEST)
        last, there = b if had else _ZERO, _ONE if here else _ZERO
        pair = there if had else _ZERO
        usual = g * z - (f * last + q * e)
        surprise, told = usual if had else z / g, usual if had else z
        place = (told / (_BEND + abs(told)) + _ONE) * _HALF
        below = min(np.int32(place), _LAST_KNOT)
        write(before_to, k, z if here else _NAN, 7), write(surprise_to, k, surprise if here else _ZERO, 8)
        write(entry_to, lane, min(np.int32(k), last_channel) * _KNOTS + below, 9)
        write(part_to, lane, place - np.float32(below), 10), write(last_to, lane, last, 11), write(z_to, lane, z, 12)
        write(here_to, lane, there, 13), write(there_to, lane, theres + there, 3)
        write(pair_to, lane, pairs + pair, 4), write(side_to, lane, sides + z * out, 6)
        write(moved_to, lane, moves + lower_of(abs(z - last), _STEP) * pair, 5)
        write(far_sum, k, far + within(z, _ABSURD) * counted, 1), write(seen_sum, k, seen + there * counted, 2)
        write(kept.window, k, value if here else _NAN, 14)
        total = n + (teaches if here else 0.0)
        count, weight = np.float32(total), teaching if here else _ZERO
        share = _ONE / lower_of(higher_of(count, _ONE), _MEMORY)
        width = (_WINSOR + _CARE * share * share) * s
        width = _NO_LIMIT if count <= _FREELY else width
        near = lower_of(higher_of(distance, -width), width)
        rate = weight * share
        moved = rate * near
        varied = (_ONE - rate) * (v + moved * near)
        level, spread, known = m + moved, higher_of(np.sqrt(varied), least), total > 0.0
        write(level_to, k, level, 15), write(variance_to, k, varied, 16), write(spread_to, k, spread, 17)
        write(taught_to, k, total, 18)
        write(kept.usual, k, np.float32(level + o) if known else _NAN, 19)
        write(kept.spread, k, spread if known else _NAN, 20)


@compiled
def _accumulate(
    start: int, of: Singles, fit: Singles, was: Singles, will: Singles, evidence_to: Singles, room: Scratch,
) -> None:  # fmt: skip
    """Evidence and levels by the scores that were picked, and how far each channel stayed out; the maxima of the block
    grow."""
    scratch, low_at, high_at = room.lanes, room.lanes[LOWER], room.lanes[UPPER]
    top, scale, shift_of, ceiling = fit[TOP_FAR], fit[FAR_SCALE], fit[SHIFT], fit[CEILING]
    z_at, here_at, last_at, part_at = scratch[Z], scratch[HERE], scratch[LAST], scratch[PART]
    ratio_to, drifted_to = scratch[RATIO], scratch[DRIFTED]
    deviation_to, audio_to, motion_to = scratch[DEVIATION], scratch[AUDIO], scratch[MOTION]
    rising, falling = of[HIGHER], of[LOWER_TOO]
    up_at, down_at, far_up_at, far_down_at, wide_at, slow_at = (
        was[BANK], was[BANK + 1], was[BANK + 2], was[BANK + 3], was[BANK + 4], was[SLOW]
    )  # fmt: skip
    up_to, down_to, far_up_to, far_down_to, wide_to, slow_to = (
        will[BANK], will[BANK + 1], will[BANK + 2], will[BANK + 3], will[BANK + 4], will[SLOW]
    )  # fmt: skip
    is_deviation, is_audio, is_motion = of[DEVIATES], of[SOUNDS], of[MOVES]
    for lane in range(LANES):
        k = start + lane
        z, there, b, part, low, high = (
            read(z_at, lane, 100), read(here_at, lane, 100), read(last_at, lane, 100), read(part_at, lane, 100),
            read(low_at, lane, 100), read(high_at, lane, 100),
        )  # fmt: skip
        up, down, far_up, far_down, wide = (
            read(up_at, k, 100), read(down_at, k, 100), read(far_up_at, k, 100), read(far_down_at, k, 100),
            read(wide_at, k, 100),
        )  # fmt: skip
        shift, limit, s, usual_peak = (
            read(shift_of, k, 100), read(ceiling, k, 100), read(slow_at, k, 100), read(scale, k, 100)
        )  # fmt: skip
        rises, falls, most = read(rising, k, 100), read(falling, k, 100), read(top, k, 101)
        deviates, sounds, moves = read(is_deviation, k, 100), read(is_audio, k, 100), read(is_motion, k, 100)
        drifted, ratio, deviation, audio, motion = (
            read(drifted_to, lane, 102), read(ratio_to, lane, 103), read(deviation_to, lane, 104),
            read(audio_to, lane, 105), read(motion_to, lane, 106),
        )  # fmt: skip
        here, u = there > _ZERO, (low + part * (high - low)) * _SCORE
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
        evidence = higher_of(higher_of(higher * rises, lower * falls), wider)
        write(up_to, k, up, 107), write(down_to, k, down, 108), write(far_up_to, k, far_up, 109)
        write(far_down_to, k, far_down, 110), write(wide_to, k, wide, 111), write(evidence_to, k, evidence, 112)
        write(deviation_to, lane, deviation + evidence * deviates, 104)
        write(audio_to, lane, audio + evidence * sounds, 105), write(motion_to, lane, motion + evidence * moves, 106)
        near = within(z, _HUBER)
        s = s * (_FADE + there * _SLOWER) + near * _SLOW
        far = higher_of(higher_of(lower_of(z, b) * rises, -(higher_of(z, b) * falls)), _ZERO)
        write(slow_to, k, s, 113)
        write(top, k, higher_of(most, far), 101), write(ratio_to, lane, higher_of(ratio, far / usual_peak), 103)
        s = s * (rises if s > _ZERO else falls)
        write(drifted_to, lane, drifted + s * s, 102)


@compiled
def _grown(arm: Any, gain: Any, limit: Any) -> Any:
    """An arm of the bank after one second."""
    return lower_of(higher_of(arm + gain, _ZERO), limit)
