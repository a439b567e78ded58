"""Notices a change of level or of spread in one channel, whatever its noise: the one detector that runs live."""

import math
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from threshold_service.statistics.arrays import Bools, Floats, Ints, Reals, Shorts, bounded, incomplete, only

FORGET = 0.98
"""Share of the evidence that is left after a second without a value (source: guess)."""
KNOTS = 32
"""Entries of a channel's table of normal scores."""
BEND = 1.5
"""An innovation of this many spreads lies half way between the middle and an end of the table (source: guess)."""
FARTHEST = 4.5
"""Largest normal score: what is rarer than a day can show counts as once in 300,000 (source: guess)."""
STEP = FARTHEST / 32_767
"""Normal scores in force are whole multiples of this: a channel's table is then one line of a cache."""
SMALL, LARGE = 0.5, 1.3
"""Shifts that are looked for, in usual spreads of the channel (source: measured, `make bench-delays`: with these two a
bank of five meets every bar of delay; a third shift costs more at 0.5 spreads than it gains at 2)."""
LARGE_LATER, SPREAD_LATER = 0.8, 0.4
"""Log-likelihood by which the arms for large shifts and for spread must lead the one for small shifts: the small shift
needs eight times the samples per unit, so it may speak first (source: measured, `make bench-delays`)."""
WIDER = 2.0
"""How many times the usual spread is looked for."""
CEILING = 1.5
"""Evidence stops growing at this many thresholds, so that a return to the usual is seen in time (source: guess)."""
FARTHER = 2.0
"""The arms for large shifts and for spread grow so many times as far: they shrink as much faster, and what is far out
speaks the louder the longer it lasts (source: guess)."""

ARMS = 5
RATIOS = (1.0, LARGE / SMALL)
SQUARE = 0.5 * (1.0 - 1.0 / (WIDER * WIDER))
NEUTRAL = float(np.log(WIDER)) / SQUARE


class Learned(NamedTuple):
    """What the history taught of each channel, (..., c); `scores` (..., c, KNOTS).

    An innovation is `gain` z - `lag` z_before - `echo` innovation_before: ARMA(1,1), in units of its own spread.
    `scores` are the normal scores of innovations at the knots, `shift` is what a level higher by `SMALL` spreads adds
    to a score. Evidence above `threshold` is as rare as promised, and no arm of the bank grows beyond `ceiling`.
    """

    gain: Floats
    lag: Floats
    echo: Floats
    shift: Floats
    ceiling: Floats
    threshold: Floats
    scores: Floats


class Parameters(Protocol):
    """What a step asks of `Learned`."""

    @property
    def gain(self) -> Reals: ...
    @property
    def lag(self) -> Reals: ...
    @property
    def echo(self) -> Reals: ...
    @property
    def shift(self) -> Reals: ...
    @property
    def ceiling(self) -> Reals: ...
    @property
    def scores(self) -> Reals | Shorts: ...


class Fused(NamedTuple):
    """The value `before` (NaN where there was none) and its `surprise`, the innovation, (..., c); `bank` (..., ARMS, c)
    holds CUSUMs of scores: slightly higher, slightly lower, much higher, much lower, wider."""

    before: Reals
    surprise: Reals
    bank: Reals


class Evidence(NamedTuple):
    """Log-likelihood of a change to a higher level, a lower level and a larger spread, never negative, (..., c)."""

    higher: Reals
    lower: Reals
    wider: Reals


def knots() -> Floats:
    """Innovations at the entries of a table of scores, (KNOTS,); the outermost are infinite."""
    bent = np.linspace(-1.0, 1.0, KNOTS)
    room = 1.0 - np.abs(bent)
    with np.errstate(divide="ignore"):
        where: Floats = BEND * bent / room
    return where


_GAUSSIAN = np.minimum(np.maximum(knots(), -FARTHEST), FARTHEST)


def untaught(shape: tuple[int, ...]) -> Learned:
    """Channels of which nothing is known: white Gaussian noise of unit spread, and no threshold."""
    one, zero = np.ones(shape), np.zeros(shape)
    scores = np.broadcast_to(_GAUSSIAN, (*shape, KNOTS)).copy()
    return Learned(one, zero, zero.copy(), SMALL * one, np.inf * one, np.inf * one, scores)


def provisional(correlation: Floats, threshold: Floats) -> Learned:
    """Channels of which only the lag-1 `correlation` (..., c) is known yet, between -1 and 1: AR(1) with Gaussian
    innovations, at a `threshold` (..., c) as `excursions.usual_level` gives it for the same shift."""
    gain = 1.0 / np.sqrt(1.0 - correlation * correlation)
    shift = SMALL * (1.0 - correlation) * gain
    plain = untaught(correlation.shape)
    return plain._replace(
        gain=gain, lag=correlation * gain, shift=shift, threshold=threshold, ceiling=ceiling(threshold, shift)
    )


def ceiling(threshold: Floats, shift: Floats) -> Floats:
    """Where the arms stop growing: each of them can say at least `CEILING` thresholds."""
    highest: Floats = CEILING * threshold / np.minimum(shift, SQUARE)
    return highest


def threshold(ceiling: Floats, shift: Floats) -> Floats:
    """The threshold that a `ceiling` was made from.

    >>> threshold(ceiling(np.array([8.0]), np.array([0.2])), np.array([0.2])).tolist()
    [8.0]
    """
    crossed: Floats = ceiling * np.minimum(shift, SQUARE) / CEILING
    return crossed


def fresh(shape: tuple[int, ...], of: type[np.floating[Any]] = np.float64) -> Fused:
    """Nothing seen; a step is computed in the precision `of` state, parameters and values."""
    return Fused(np.full(shape, np.nan, of), np.zeros(shape, of), np.zeros((*shape[:-1], ARMS, shape[-1]), of))


def step(state: Fused, learned: Parameters, z: Reals, present: Bools, into: Fused | None = None) -> Fused:
    """One second of `z` (..., c), distances from the usual in usual spreads, finite where `present` (..., c).

    The first value after an absence is its own innovation. Where none is present the evidence only fades. What comes
    out is written `into` other arrays where there are such.

    >>> state, learned = fresh((1,)), untaught((1,))
    >>> for _ in range(8):
    ...     state = step(state, learned, np.array([50.0]), np.array([True]))
    >>> [round(value, 2) for value in state.bank.ravel().tolist()]
    [34.0, 0.0, 30.8, 0.0, 147.21]
    """
    into = Fused(*map(np.empty_like, state)) if into is None else into
    follows = present & ~np.isnan(state.before)
    if np.count_nonzero(follows) == follows.size:
        _follow(state, learned, z, into)
        return into
    channels = incomplete(follows)
    if channels is None:
        _step(state, learned, z, present, into)
        return into
    _follow(state._replace(before=only(follows, state.before, 0.0)), learned, only(follows, z, 0.0), into)
    for channel in channels.tolist():
        one = slice(channel, channel + 1)
        if not np.count_nonzero(present[:, one]):
            _pass_over(_part(state, one), _part(into, one))
            continue
        _step(_part(state, one), _part_of(learned, one), z[:, one], present[:, one], _part(into, one))
    return into


def _follow(state: Fused, learned: Parameters, z: Reals, into: Fused) -> None:
    """The same where every channel has a value and had one before."""
    expected = learned.lag * state.before
    expected += learned.echo * state.surprise
    np.subtract(learned.gain * z, expected, out=into.surprise)
    into.before[...] = z
    _accumulate(state.bank, score(learned.scores, into.surprise), learned, into.bank)


def _step(state: Fused, learned: Parameters, z: Reals, present: Bools, into: Fused) -> None:
    first = np.isnan(state.before)
    value = np.where(present, z, 0.0)
    expected = learned.lag * np.where(first, 0.0, state.before) + learned.echo * state.surprise
    innovation = np.where(first, value, learned.gain * value - expected)
    surprise = np.where(first, value / learned.gain, innovation)
    _accumulate(state.bank, score(learned.scores, innovation), learned, into.bank)
    into.bank[...] = np.where(present[..., None, :], into.bank, state.bank * FORGET)
    into.before[...], into.surprise[...] = np.where(present, z, np.nan), np.where(present, surprise, 0.0)


def _pass_over(state: Fused, into: Fused) -> None:
    into.before[...], into.surprise[...] = np.nan, 0.0
    np.multiply(state.bank, FORGET, out=into.bank)


def _part(state: Fused, channels: slice) -> Fused:
    return Fused(*(part[..., channels] for part in state))


def _part_of(learned: Parameters, channels: slice) -> "_Some":
    of = (learned.gain, learned.lag, learned.echo, learned.shift, learned.ceiling)
    gain, lag, echo, shift, ceiling = (part[..., channels] for part in of)
    return _Some(gain, lag, echo, shift, ceiling, learned.scores[..., channels, :])


class _Some(NamedTuple):
    """`Parameters` of some channels."""

    gain: Reals
    lag: Reals
    echo: Reals
    shift: Reals
    ceiling: Reals
    scores: Reals | Shorts


def coded(scores: Reals) -> Shorts:
    """Tables of scores (...) as multiples of `STEP`."""
    return np.rint(np.minimum(np.maximum(scores, -FARTHEST), FARTHEST) / STEP).astype(np.int16)


def score(scores: Reals | Shorts, innovation: Reals) -> Reals:
    """Normal scores of innovations (..., c), between the entries of `scores` (..., c, KNOTS), which may be `coded`.

    >>> score(untaught((3,)).scores, np.array([-1e9, 0.0, 1e9])).tolist()
    [-4.5, 0.0, 4.5]
    """
    where = place(innovation)
    below: Ints = where.astype(np.int64)
    if where.max(initial=0.0) >= KNOTS - 1:
        below = np.minimum(below, KNOTS - 2)
    part = where - below.astype(where.dtype)
    flat, entry = scores.reshape(-1), below + _tables(below.shape)
    low, high = _taken(flat, entry).astype(where.dtype), _taken(flat[1:], entry).astype(where.dtype)
    high -= low
    high *= part
    high += low
    return high * STEP if scores.dtype == np.int16 else high


@lru_cache(maxsize=8)
def _tables(shape: tuple[int, ...]) -> Ints:
    """Where each table begins in all of them, laid channel by channel."""
    starts = np.asfortranarray(np.arange(0, KNOTS * math.prod(shape), KNOTS).reshape(shape))
    starts.setflags(write=False)
    return starts


def _taken(flat: Reals | Shorts, entry: Ints) -> Reals | Shorts:
    """What is at an `entry` (...), in the order in which they lie."""
    return flat.take(entry.T).T if entry.flags.f_contiguous else flat.take(entry)


def place(innovation: Reals) -> Reals:
    """Where innovations (...) fall among the knots, from 0 to KNOTS - 1."""
    where: Reals = (innovation / (BEND + np.abs(innovation)) + 1.0) * (0.5 * (KNOTS - 1))
    return where


def _accumulate(bank: Reals, scored: Reals, learned: Parameters, grown: Reals) -> None:
    small, large = (0.5 * ratio * learned.shift for ratio in RATIOS)
    np.add(bank[..., 0, :], scored - small, out=grown[..., 0, :])
    np.subtract(bank[..., 1, :], scored + small, out=grown[..., 1, :])
    np.add(bank[..., 2, :], scored - large, out=grown[..., 2, :])
    np.subtract(bank[..., 3, :], scored + large, out=grown[..., 3, :])
    np.add(bank[..., 4, :], scored * scored - NEUTRAL, out=grown[..., 4, :])
    bounded(grown, 0.0, np.inf, out=grown)
    np.minimum(grown[..., :2, :], learned.ceiling[..., None, :], out=grown[..., :2, :])
    np.minimum(grown[..., 2:, :], FARTHER * learned.ceiling[..., None, :], out=grown[..., 2:, :])


def evidence(state: Fused, learned: Parameters) -> Evidence:
    """What the bank says now.

    >>> bank = np.array([[4.0], [0.0], [4.0], [0.0], [4.0]])
    >>> evidence(Fused(np.zeros(1), np.zeros(1), bank), untaught((1,)))
    Evidence(higher=array([4.4]), lower=array([0.]), wider=array([1.1]))
    """
    bank, small = state.bank, learned.shift
    large = small * RATIOS[1]
    return Evidence(
        np.maximum(bank[..., 0, :] * small, bank[..., 2, :] * large - LARGE_LATER),
        np.maximum(bank[..., 1, :] * small, bank[..., 3, :] * large - LARGE_LATER),
        bounded(bank[..., 4, :] * SQUARE - SPREAD_LATER, 0.0, np.inf),
    )


def directed(said: Evidence, higher: Reals, lower: Reals) -> Reals:
    """The largest evidence of a change that matters, (..., c): `higher` and `lower` (c,) are 1 where that direction
    does, else 0; a larger spread always does."""
    level = np.maximum(said.higher * higher, said.lower * lower)
    largest: Reals = np.maximum(level, said.wider)
    return largest


def advance(state: Fused, gap: Ints) -> Fused:
    """What `gap` (...) seconds without values do, in closed form."""
    fade = np.power(FORGET, gap.astype(np.float64))[..., None, None]
    forgotten = gap[..., None] > 0
    return Fused(np.where(forgotten, np.nan, state.before), np.where(forgotten, 0.0, state.surprise), state.bank * fade)


def restart(state: Fused) -> Fused:
    """After a long silence: nothing seen yet."""
    return fresh(state.before.shape)
