"""The fused detector compiled: a second of many channels, and a whole history; needs numba.

Nothing is kept between starts: numba watches this file alone and would keep constants of fused.py that have changed.
"""

import math

import numba
import numpy as np

from threshold_service.statistics import fused
from threshold_service.statistics.arrays import Bools, Floats

_HALF = 0.5 * (fused.KNOTS - 1)
_LAST = fused.KNOTS - 2
_BEND = fused.BEND
_FORGET, _FARTHER = fused.FORGET, fused.FARTHER
_SMALL, _LARGE = (0.5 * ratio for ratio in fused.RATIOS)
_RATIO = fused.RATIOS[1]
_SQUARE, _NEUTRAL = fused.SQUARE, fused.NEUTRAL
_LARGE_LATER, _SPREAD_LATER = fused.LARGE_LATER, fused.SPREAD_LATER


@numba.njit()
def step(before: Floats, surprise: Floats, bank: Floats, learned: fused.Learned, z: Floats, present: Bools) -> None:
    """`fused.step` in place, for states of n residents by c channels: equal to 1e-12.

    A row goes through in stages, each a plain loop over channels that the compiler turns into vector instructions.
    """
    scored = np.empty(z.shape[1])
    for n in range(z.shape[0]):
        surprise_stage(
            before[n], surprise[n], scored, learned.gain[n], learned.lag[n], learned.echo[n], z[n], present[n]
        )
        score_stage(scored, learned.scores[n])
        bank_stage(bank[n], scored, learned.shift[n], learned.ceiling[n], present[n])


@numba.njit(inline="always")
def surprise_stage(before, surprise, innovation, gain, lag, echo, z, present):  # type: ignore[no-untyped-def]
    """Innovations of one row (c,) into `innovation`; `before` and `surprise` are moved on."""
    for c in range(len(z)):
        first, there = math.isnan(before[c]), present[c]
        value = z[c] if there else 0.0
        last = 0.0 if first else before[c]
        usual = gain[c] * value - (lag[c] * last + echo[c] * surprise[c])
        innovation[c] = value if first else usual
        told = value / gain[c] if first else usual
        before[c] = value if there else math.nan
        surprise[c] = told if there else 0.0


@numba.njit(inline="always")
def score_stage(innovation, scores):  # type: ignore[no-untyped-def]
    """Innovations of one row (c,) into normal scores, in place; `scores` (c, KNOTS)."""
    for c in range(len(innovation)):
        place = (innovation[c] / (_BEND + abs(innovation[c])) + 1.0) * _HALF
        below = min(int(place), _LAST)
        low = scores[c, below]
        innovation[c] = low + (place - below) * (scores[c, below + 1] - low)


@numba.njit(inline="always")
def bank_stage(bank, scored, shift, ceiling, present):  # type: ignore[no-untyped-def]
    """Scores of one row (c,) into its `bank` (ARMS, c), in place."""
    for c in range(len(scored)):
        u, there, limit, farther = scored[c], present[c], ceiling[c], _FARTHER * ceiling[c]
        small, large = _SMALL * shift[c], _LARGE * shift[c]
        up = min(max(bank[0, c] + (u - small), 0.0), limit)
        down = min(max(bank[1, c] - (u + small), 0.0), limit)
        far_up = min(max(bank[2, c] + (u - large), 0.0), farther)
        far_down = min(max(bank[3, c] - (u + large), 0.0), farther)
        wide = min(max(bank[4, c] + (u * u - _NEUTRAL), 0.0), farther)
        bank[0, c] = up if there else bank[0, c] * _FORGET
        bank[1, c] = down if there else bank[1, c] * _FORGET
        bank[2, c] = far_up if there else bank[2, c] * _FORGET
        bank[3, c] = far_down if there else bank[3, c] * _FORGET
        bank[4, c] = wide if there else bank[4, c] * _FORGET


@numba.njit()
def innovations(z: Floats, gain: float, lag: float, echo: float) -> Floats:
    """Innovations of one channel's history (t,), NaN where there is no value or none before it."""
    told = np.full(len(z), np.nan)
    before, surprise = np.nan, 0.0
    for t in range(len(z)):
        if math.isnan(z[t]):
            before = np.nan
            continue
        if math.isnan(before):
            surprise = z[t] / gain
        else:
            surprise = gain * z[t] - (lag * before + echo * surprise)
            told[t] = surprise
        before = z[t]
    return told


@numba.njit()
def replay(z: Floats, learned: fused.Learned) -> Floats:
    """The larger evidence of any kind in every second of histories (t, c); `learned` has shape (1, c)."""
    channels = z.shape[1]
    before, surprise = np.full((1, channels), np.nan), np.zeros((1, channels))
    bank, largest = np.zeros((1, fused.ARMS, channels)), np.empty(z.shape)
    for t in range(len(z)):
        step(before, surprise, bank, learned, z[t : t + 1], ~np.isnan(z[t : t + 1]))
        for c in range(channels):
            largest[t, c] = loudest(bank[0], c, learned.shift[0, c])
    return largest


@numba.njit(inline="always")
def loudest(bank: Floats, c: int, shift: float) -> float:
    """The larger evidence of any kind of channel `c` of `bank` (ARMS, channels)."""
    near = max(bank[0, c], bank[1, c]) * shift
    far = max(bank[2, c], bank[3, c]) * (shift * _RATIO) - _LARGE_LATER
    wide: float = bank[4, c] * _SQUARE - _SPREAD_LATER
    largest: float = max(near, far, wide)
    return largest
