"""Which channels' usual moved over days: each hour of a resident goes to the drift watch, and reports wait."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics import drift_watch, profile
from threshold_service.statistics.arrays import Bools, Floats, flat, take
from threshold_service.statistics.drift_watch import DriftWatch
from threshold_service.statistics.profile import BINS, LEAST_BLOCKS, Profile

WEEKLY = 0.1
"""False reports that all channels of a resident together may make in a week (source: guess)."""
LEVEL, EXCESS = 0.27, 3.34
"""The threshold where one report a channel's week is allowed, and what each e-fold fewer adds (source: measured on
ordinary days that hang together, `make bench-drift_shipped`)."""
SETTLED_DAYS = 7.0
"""Days after which a channel is watched: the curve of the day, which is taken away, has found its shape by then."""


class Moved(NamedTuple):
    """Of n residents over c channels: the `watch`, what it counts from, `origin` in `spread`s, both (n, c) and NaN
    until a channel settled. Moves that nobody was told yet went from `before` to `after` with an `evidence`, each
    (n, c), NaN where there is none; `told_at` (n,) is the sample time of the last report."""

    watch: DriftWatch
    origin: Floats
    spread: Floats
    before: Floats
    after: Floats
    evidence: Floats
    told_at: Floats


def fresh(residents: int, channels: int) -> Moved:
    """Nothing settled."""
    origin, spread, before, after, evidence = (np.full((residents, channels), np.nan) for _ in range(5))
    watch = drift_watch.fresh((residents, channels))
    return Moved(watch, origin, spread, before, after, evidence, np.full(residents, -np.inf))


def threshold(channels: int) -> float:
    """Of the evidence, where so many channels together report falsely `WEEKLY` times a week.

    >>> threshold(20) > threshold(2)
    True
    """
    return LEVEL + EXCESS * float(np.log(max(channels, 1) / WEEKLY))


def hourly(known: Profile, row: int) -> Floats:
    """The means (c,) of the hour that resident `row` lives, without what its time of day adds; NaN where fewer blocks
    than `profile.LEAST_BLOCKS` taught: the person was hardly seen, or a serious event was open."""
    share = (float(int(known.hour[row]) % BINS) + 0.5) / BINS
    blocks = known.blocks[row]
    mean = known.centre[row] + known.total[row] / np.maximum(blocks, 1.0) - profile.curve(known, row, share)
    means: Floats = np.where(blocks >= LEAST_BLOCKS, mean, np.nan)
    return means


def settled(known: Profile, row: int) -> Bools:
    """Which channels (c,) were seen at the same hour of `SETTLED_DAYS` days."""
    days: Bools = known.days[row].max(axis=-1) >= SETTLED_DAYS
    return days


def hour(state: Moved, row: int, known: Profile) -> None:
    """The hour of resident `row` is over: watch its means, remember what moved, and count anew from there, in place."""
    new = settled(known, row) & np.isnan(state.origin[row])
    state.origin[row] = np.where(new, known.level[row], state.origin[row])
    state.spread[row] = np.where(new, known.spread[row], state.spread[row])
    origin, spread = state.origin[row], state.spread[row]
    if np.isnan(origin).all():
        return
    here = np.array([row])
    after, found = drift_watch.step(take(state.watch, here), ((hourly(known, row) - origin) / spread)[None])
    over = found > threshold(int(np.isfinite(origin).sum()))
    if over.any():
        _remember(state, row, over[0], found[0], [origin + side[0] * spread for side in drift_watch.sides(after)])
        state.origin[row] = np.where(over[0], state.after[row], origin)
        state.spread[row] = np.where(over[0], known.spread[row], spread)
        after = drift_watch.restarted(after, over)
    for whole, part in zip(flat(state.watch), flat(after), strict=True):
        whole[row] = part[0]


def _remember(state: Moved, row: int, over: Bools, found: Floats, sides: list[Floats]) -> None:
    """A move that follows one of the same channel nobody was told of makes one longer move."""
    first = over & np.isnan(state.before[row])
    state.before[row] = np.where(first, sides[0], state.before[row])
    state.after[row] = np.where(over, sides[1], state.after[row])
    state.evidence[row] = np.where(over, np.fmax(found, state.evidence[row]), state.evidence[row])


def waits(state: Moved, row: int, time: float, apart_s: float) -> bool:
    """Whether resident `row` has a move to be told at `time`, and none was told in the `apart_s` seconds before."""
    return bool(np.isfinite(state.before[row]).any()) and not time - state.told_at[row] < apart_s


def told(state: Moved, row: int, time: float) -> None:
    """The moves of resident `row` were told at `time`, in place."""
    state.before[row], state.after[row], state.evidence[row] = np.nan, np.nan, np.nan
    state.told_at[row] = time
