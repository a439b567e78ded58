"""One second of every statistic for many residents: baseline, change, level, volatility, transitions."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from threshold_service.statistics import baseline, fused, smoothing, transitions, volatility
from threshold_service.statistics.arrays import (
    Bools,
    Floats,
    Ints,
    Reals,
    Singles,
    State,
    bounded,
    clipped,
    counts,
    lane_sum,
    only,
)
from threshold_service.statistics.fitted import Fitted
from threshold_service.statistics.meaning import Directions, Meaning

FARTHEST = 50.0
"""Spreads beyond which a value is no farther."""
DRIFT_S = 1800.0
"""Time constant of the slow level that is called drift (source: guess)."""
IMPOSSIBLE = 1e12
"""Values this large are taken as absent: no sense gives them."""
_GAINS = np.array([[1.0 / DRIFT_S]], np.float32)
HUBER = 3.5
"""A value counts at most this many spreads in a level (source: guess)."""
SUSTAINED_CELLS = 20
QUIET_CELLS = SUSTAINED_CELLS // 4
"""Seconds without samples after which nothing was sustained."""


class LevelPath(NamedTuple):
    """State of n residents over c channels; `change` and slow `levels` (n, 1, c),
    are of single precision: evidence needs no more, and half as much has to be moved."""

    baseline: baseline.Baseline
    change: fused.Fused
    levels: Singles
    volatility: volatility.Volatility
    transitions: transitions.Transitions


class Second(NamedTuple):
    """What one second says: `evidence` (of changes that matter) and `far` (directed distance held two seconds) are
    (n, c); `groups` (n, 3) are sums of evidence over the channels of deviation, audio and motion; the `drift`
    distance and the rest are (n,); `z` (n, c) is how far each channel is from its usual."""

    evidence: Reals
    far: Reals
    groups: Floats
    volatility: Floats
    transition: Floats
    drift: Floats
    z: Reals


def fresh(residents: int, meaning: Meaning) -> LevelPath:
    """Nothing seen."""
    shape = (residents, len(meaning.floor))
    return LevelPath(
        baseline.fresh(shape, meaning.floor), fused.fresh(shape, np.float32),
        np.zeros((residents, 1, len(meaning.floor)), np.float32), volatility.fresh((residents,)),
        transitions.fresh((residents,)),
    )  # fmt: skip


def step(
    state: LevelPath, fitted: Fitted, values: Singles, present: Bools, learn: Floats, affect: Bools,
    meaning: Directions, into: LevelPath | None = None,
) -> tuple[LevelPath, Second]:  # fmt: skip
    """One second: `values` (n, c) with `present` where they count; `learn` (1.0 or 0.0) and `affect` are (n,).

    What is learned from this second is used from the next one on: a value is judged by the usual before it. What comes
    out is written `into` other arrays where there are such.
    """
    into = _each(state, np.empty_like) if into is None else into
    there = present.astype(np.float32)
    distance = _distance(state, fitted, values, present)
    z = clipped(distance / state.baseline.spread, FARTHEST)
    before, pair = state.change.before, present
    if np.count_nonzero(first := np.isnan(before)):
        before, pair = only(~first, before, 0.0), present & ~first
    change = fused.step(state.change, fitted, z, present, into.change)
    levels = smoothing.step(state.levels, clipped(z, HUBER), there, _GAINS, into.levels)
    restless = volatility.step(state.volatility, z, before, pair, learn)
    turns = transitions.step(state.transitions, _face_of_things(values, z, present, affect, meaning))
    for new, old in zip((*into.volatility, *into.transitions), (*restless, *turns), strict=True):
        new[...] = old
    higher, lower = meaning.higher, meaning.lower
    evidence = fused.directed(fused.evidence(change, fitted), higher, lower)
    there *= learn.astype(np.float32)[:, None]
    baseline.step(state.baseline, distance, there, meaning.floor, into.baseline)
    groups = lane_sum(np.multiply(evidence, meaning.groups[:, None])).T.astype(np.float64)
    second = Second(
        evidence, _far(z, before, higher, lower), groups, restless.now, turns.rate, _drift(levels, higher, lower), z
    )  # fmt: skip
    return into, second


def _distance(state: LevelPath, fitted: Fitted, values: Singles, present: Bools) -> Singles:
    """From the usual, (n, c), 0 where no value counts."""
    distance = values - state.baseline.level
    distance -= fitted.offset
    if np.count_nonzero(present) < present.size:
        distance = only(present, distance, 0.0)
    return distance.astype(np.float32)


def twice(path: LevelPath) -> LevelPath:
    """Two equal halves, (2, n, ...): one to read, the other to write."""
    return _each(path, lambda array: np.stack([array, array]))


def half(path: LevelPath, which: Ints, rows: Ints) -> LevelPath:
    """The arrays (k, ...) of `rows` (k,) from the halves `which` (k,): a copy."""
    return _each(path, lambda array: array[which, rows])


def at(path: LevelPath, which: int) -> LevelPath:
    """One half as it lies there, uncopied."""
    return _each(path, lambda array: array[which])


def _each(path: State, change: Callable[[Any], Any]) -> State:
    return type(path)(*(_each(part, change) if isinstance(part, tuple) else change(part) for part in path))


def _drift(levels: Singles, higher: Singles, lower: Singles) -> Floats:
    """Root mean square over channels of slow levels (n, 1, c), counting only directions that matter."""
    counted = levels[:, 0] * (0.5 * (higher + lower))
    counted += np.abs(levels[:, 0]) * (0.5 * (higher - lower))
    distance: Floats = np.sqrt(lane_sum(counted * counted).astype(np.float64) / levels.shape[-1])
    return distance


def _far(z: Singles, before: Singles, higher: Singles, lower: Singles) -> Singles:
    """How far a channel stayed out for two seconds; one second alone is an outlier, not an alarm."""
    up, down = np.minimum(z, before), np.maximum(z, before)
    up *= higher
    down *= -lower
    return bounded(np.maximum(up, down, out=up), 0.0, np.inf, out=up)


def _face_of_things(values: Singles, z: Singles, present: Bools, affect: Bools, meaning: Directions) -> Ints:
    """The dominant emotion in affect mode; otherwise the side of the usual on which the person is."""
    emotional = np.count_nonzero(affect) if len(meaning.emotions) else 0
    if emotional == len(affect):
        return transitions.dominant(np.where(present, values, -1.0)[:, meaning.emotions])
    side = transitions.side(lane_sum(z * meaning.outward) / np.maximum(counts(present), 1.0))
    if not emotional:
        return side
    kind = transitions.dominant(np.where(present, values, -1.0)[:, meaning.emotions])
    mixed: Ints = np.where(affect, kind, side)
    return mixed
