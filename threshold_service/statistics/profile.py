"""What the time of day adds to a person's level: a smooth curve per channel, learned from block means."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from threshold_service.statistics.arrays import Floats, Ints

BINS = 24
"""Hours of the local day."""
HARMONICS = 2
"""A day's and half a day's wave: meals and rest, not single routines (source: guess; a third one is mostly noise)."""
LEAST_DAYS = 3
"""Days before there is a curve: one day cannot tell a rhythm from a day that was different."""
MEMORY_DAYS = 14.0
"""Days over which an hour is averaged (source: guess)."""
WINSOR = 3.0
"""Deviations between days beyond which an hour teaches no more than one at that distance."""
PRIOR_SPREADS = 0.5
"""Amplitude of a person's waves that is expected before any evidence, in spreads (source: guess)."""
DAY_SPREADS, LEAST_NOISE = 0.5, 0.15
"""How far the same hour of two days may differ before it is winsorised, and how far it differs at least for no reason
of the clock, in spreads (source: guess)."""
LEAST_BLOCKS = 3
"""Blocks that give an hour its vote: a quarter of an hour in view."""
FADE = math.exp(-300.0 / 10_800.0)
"""Share that a jump of the curve keeps per block: the level, with its memory of three hours, takes it over."""


class Profile(NamedTuple):
    """Of n residents over c channels: the `mean` of each hour's means and the `square` of what they lie apart, (n, c,
    BINS), about `centre` (n, c), from `days` (n, c, BINS); the hour of now, `hour` (n,) counted from the epoch, with
    `total` and `blocks` (n, c) of its block means. `waves` (n, c, 2 HARMONICS) are the curve, which sums to zero over
    the day; `shift` (n, c) hides the jump of a refit and fades. `level`, `taught` and `spread` (n, c) are
    the baseline's at the last block's end."""

    mean: NDArray[np.float32]
    square: NDArray[np.float32]
    days: NDArray[np.float32]
    centre: Floats
    hour: Ints
    total: Floats
    blocks: Floats
    waves: Floats
    shift: Floats
    level: Floats
    taught: Floats
    spread: Floats


def fresh(residents: int, channels: int) -> Profile:
    """Every hour alike."""
    shape, by_hour = (residents, channels), (residents, channels, BINS)
    return Profile(
        np.zeros(by_hour, np.float32), np.zeros(by_hour, np.float32), np.zeros(by_hour, np.float32),
        np.full(shape, np.nan),
        np.full(residents, -1, np.int64), np.zeros(shape), np.zeros(shape), np.zeros((*shape, 2 * HARMONICS)),
        np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape),
    )  # fmt: skip


def basis(day_share: Floats) -> Floats:
    """The waves at shares of a day (...), (..., 2 HARMONICS); each sums to zero over the hours.

    >>> bool(abs(basis(np.arange(BINS) / BINS).sum()) < 1e-9)
    True
    """
    angle = 2.0 * np.pi * np.asarray(day_share)[..., None] * np.arange(1, HARMONICS + 1)
    waves: Floats = np.concatenate([np.cos(angle), np.sin(angle)], axis=-1)
    return waves


_AT_HOURS = basis((np.arange(BINS) + 0.5) / BINS)


def block_mean(level: Floats, before: Floats, taught: Floats, taught_before: Floats, memory: float) -> Floats:
    """The winsorised mean of the values that moved a forgetting `level` from `before`, each (..., c); NaN where fewer
    than 60 values were learned. It counts what the baseline learned and no more: nothing during and shortly after an
    event."""
    learned = taught - taught_before
    gain = np.where(taught < memory, learned / np.maximum(taught, 1.0), 1.0 - (1.0 - 1.0 / memory) ** learned)
    mean: Floats = np.where(learned >= 60.0, before + (level - before) / np.maximum(gain, 1e-9), np.nan)
    return mean


def observe(state: Profile, rows: Ints, means: Floats, spread: Floats, hours: Ints) -> None:
    """One block of each of residents `rows` (k,), in place: `means` (k, c) of raw values, NaN where little was learned,
    in `hours` (k,) counted from the epoch in local time. All blocks of an hour share one vote."""
    over = hours != state.hour[rows]
    if over.any():
        ended = rows[over]
        _fold(state, ended, spread[over])
        state.hour[ended], state.total[ended], state.blocks[ended] = hours[over], 0.0, 0.0
    there, centre = np.isfinite(means), state.centre[rows]
    centre = np.where(there & ~np.isfinite(centre), means, centre)
    state.centre[rows] = centre
    state.total[rows] += np.where(there, means - centre, 0.0)
    state.blocks[rows] += there


def _fold(state: Profile, rows: Ints, spread: Floats) -> None:
    """The hour is over: its mean is one day's vote for that hour."""
    total, blocks, place = state.total[rows], state.blocks[rows], state.hour[rows] % BINS
    mean, square, days = state.mean[rows, :, place], state.square[rows, :, place], state.days[rows, :, place]
    votes = blocks >= LEAST_BLOCKS
    distance = np.where(votes, total / np.maximum(blocks, 1.0), 0.0) - mean
    width = np.where(days >= LEAST_DAYS, WINSOR * np.maximum(np.sqrt(square), DAY_SPREADS * spread), np.inf)
    distance = np.minimum(np.maximum(distance, -width), width)
    days += votes
    gain = votes / np.minimum(np.maximum(days, 1.0), MEMORY_DAYS)
    state.mean[rows, :, place] = mean + gain * distance
    state.square[rows, :, place] = square + gain * ((1.0 - gain) * distance * distance - square)
    state.days[rows, :, place] = days


def refit(state: Profile, row: int, spread: Floats, day_share: float) -> None:
    """The curve of resident `row` from its hours, in place; `day_share` is now, where the offset stays as it is.

    Waves and a constant are fitted to the hours' means, each weighted by its days over the variance between days, with
    a normal prior on the waves (ridge; Hoerl & Kennard 1970), so that few days, or days that differ among themselves,
    give a curve near zero. The constant is dropped: the level holds it.
    """
    days = np.minimum(state.days[row].astype(np.float64), MEMORY_DAYS)
    before = curve(state, row, day_share)
    noise = _between_days(state.square[row].astype(np.float64), days, spread)
    weight = np.where(days >= LEAST_DAYS, days, 0.0) / noise[:, None]
    design = np.concatenate([np.ones((BINS, 1)), _AT_HOURS], axis=1)
    normal = (weight[:, :, None, None] * (design[:, :, None] * design[:, None, :])).sum(axis=1)
    right = (weight[:, :, None] * state.mean[row][:, :, None] * design).sum(axis=1)
    ridge = np.full(design.shape[1], 1.0)
    ridge[0] = 1e-6
    normal += np.eye(len(ridge)) * ridge / np.square(PRIOR_SPREADS * spread)[:, None, None]
    state.waves[row] = np.linalg.solve(normal, right[:, :, None])[:, 1:, 0]
    state.shift[row] += before - curve(state, row, day_share)


def _between_days(square: Floats, days: Floats, spread: Floats) -> Floats:
    """The variance of one hour's mean from day to day, (c,), pooled over hours."""
    free = np.maximum(days - 1.0, 0.0)
    pooled = (square * days).sum(axis=-1) / np.maximum(free.sum(axis=-1), 1.0)
    noise: Floats = np.maximum(pooled, np.square(LEAST_NOISE * spread))
    return noise


def curve(state: Profile, rows: Ints | int, day_share: Floats | float) -> Floats:
    """What the time of day adds, (..., c), without the fading shift; `rows` and `day_share` are (...)."""
    added: Floats = (state.waves[rows] * basis(np.asarray(day_share))[..., None, :]).sum(axis=-1)
    return added


def offset(state: Profile, rows: Ints, day_share: Floats) -> Floats:
    """What is added to the level of residents `rows` (k,) until their next blocks' ends, (k, c), given the shares of
    the day that passed, (k,); the shift fades, in place."""
    state.shift[rows] *= FADE
    added: Floats = curve(state, rows, day_share) + state.shift[rows]
    return added
