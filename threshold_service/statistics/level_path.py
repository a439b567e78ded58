"""One second of every statistic for many residents: baseline, whitening, change, level, volatility, transitions."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics import baseline, cusum, rolling, smoothing, transitions, volatility, whitening
from threshold_service.statistics.arrays import Bools, Floats, Ints, clipped, ordered_sum
from threshold_service.statistics.fitted import Fitted
from threshold_service.statistics.meaning import Meaning

FARTHEST = 50.0
"""Spreads beyond which a value is no farther."""
LEVEL_S, DRIFT_S = 8.0, 1800.0
"""Time constants of the level that must be sustained and of the slow level that is called drift (source: guess)."""
_GAINS = np.array([[1.0 / LEVEL_S], [1.0 / DRIFT_S]])
_HUBER = 3.5
SUSTAINED_CELLS = 20


class LevelPath(NamedTuple):
    """State of n residents over c channels: `evidence` (n, 2, c) upwards and downwards, `levels` (n, 2, c) fast and
    slow, `sustained` (n, SUSTAINED_CELLS) the fast distances of the last seconds."""

    baseline: baseline.Baseline
    whitening: whitening.Whitening
    evidence: Floats
    levels: Floats
    volatility: volatility.Volatility
    transitions: transitions.Transitions
    sustained: Floats


class Second(NamedTuple):
    """What one second says: `evidence` (directed CUSUM) and `far` (directed distance held two seconds) are (n, c);
    `groups` (n, 3) are sums of evidence over the channels of deviation, audio and motion; the rest is (n,)."""

    evidence: Floats
    far: Floats
    groups: Floats
    volatility: Floats
    transition: Floats
    sustained: Floats
    drift: Floats


def fresh(residents: int, meaning: Meaning) -> LevelPath:
    """Nothing seen."""
    shape = (residents, len(meaning.floor))
    pair = np.zeros((residents, 2, len(meaning.floor)))
    return LevelPath(
        baseline.fresh(shape, meaning.floor), whitening.fresh(shape), pair, pair, volatility.fresh((residents,)),
        transitions.fresh((residents,)), np.zeros((residents, SUSTAINED_CELLS)),
    )  # fmt: skip


def step(
    state: LevelPath, fitted: Fitted, values: Floats, present: Bools, learn: Floats, affect: Bools, cell: Ints,
    meaning: Meaning,
) -> tuple[LevelPath, Second]:  # fmt: skip
    """One second: `values` (n, c) with `present` where they count; `learn` (1.0 or 0.0), `affect`, `cell` are (n,).

    What is learned from this second is used from the next one on: a value is judged by the usual before it.
    """
    there = present.astype(np.float64)
    teaches = there * learn[:, None]
    distance = np.where(present, values - state.baseline.level - fitted.offset, 0.0)
    z = clipped(distance / state.baseline.spread, FARTHEST)
    before = state.whitening.before
    whiter, innovation, pair = whitening.step(state.whitening, z, present, teaches, fitted.phi, fitted.gain)
    change = cusum.step(state.evidence, innovation, there)
    levels = smoothing.step(state.levels, clipped(z, _HUBER), there, _GAINS)
    restless = volatility.step(state.volatility, z, before, pair, learn)
    turns = transitions.step(state.transitions, _face_of_things(values, z, present, affect, meaning))
    distances = _distances(levels, meaning)
    ring, sustained = rolling.step(state.sustained, distances[:, 0], cell)
    evidence = cusum.directed(change, meaning.higher, meaning.lower)
    learned = baseline.step(state.baseline, distance, teaches, meaning.floor)
    groups = ordered_sum(evidence[:, None, :] * meaning.groups)
    second = Second(
        evidence, _far(z, before, meaning), groups, restless.now, turns.rate, sustained, distances[:, 1]
    )  # fmt: skip
    return LevelPath(learned, whiter, change, levels, restless, turns, ring), second


def advance(state: LevelPath, gap: Ints) -> LevelPath:
    """What `gap` (n,) seconds without samples do, in closed form: evidence fades, the baseline stays."""
    fade = np.array([cusum.FORGET ** int(n) for n in gap])[:, None, None]
    quiet = np.where((gap >= SUSTAINED_CELLS // 4)[:, None], 0.0, state.sustained)
    return state._replace(
        evidence=state.evidence * fade, whitening=whitening.restart(state.whitening), levels=state.levels * fade,
        sustained=quiet,
    )  # fmt: skip


def restart(state: LevelPath) -> LevelPath:
    """After a long silence: whitening and change detection begin anew, what is usual stays."""
    return state._replace(
        evidence=np.zeros_like(state.evidence), whitening=whitening.restart(state.whitening),
        levels=np.zeros_like(state.levels), sustained=np.zeros_like(state.sustained),
        transitions=transitions.fresh(state.transitions.last.shape),
        volatility=state.volatility._replace(now=state.volatility.usual),
    )  # fmt: skip


def _distances(levels: Floats, meaning: Meaning) -> Floats:
    """Root mean square over channels of smoothed levels (n, k, c), counting only directions that matter."""
    matters = np.where(levels > 0.0, meaning.higher, meaning.lower)
    distances: Floats = np.sqrt(ordered_sum(levels * levels * matters) / levels.shape[-1])
    return distances


def _far(z: Floats, before: Floats, meaning: Meaning) -> Floats:
    """How far a channel stayed out for two seconds; one second alone is an outlier, not an alarm."""
    up, down = np.minimum(z, before) * meaning.higher, np.maximum(z, before) * meaning.lower
    far: Floats = np.maximum(np.maximum(up, -down), 0.0)
    return far


def _face_of_things(values: Floats, z: Floats, present: Bools, affect: Bools, meaning: Meaning) -> Ints:
    """The dominant emotion in affect mode; otherwise the side of the usual on which the person is."""
    emotional = np.count_nonzero(affect) if len(meaning.emotions) else 0
    if emotional == len(affect):
        return transitions.dominant(np.where(present, values, -1.0)[:, meaning.emotions])
    side = transitions.side(ordered_sum(z * meaning.outward) / np.maximum(ordered_sum(present.astype(np.float64)), 1.0))
    if not emotional:
        return side
    kind = transitions.dominant(np.where(present, values, -1.0)[:, meaning.emotions])
    mixed: Ints = np.where(affect, kind, side)
    return mixed
