"""The last seconds of residents at their blocks' ends: all of them in one call, the same numbers as NumPy's."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics import arma, fused, level_path, noise
from threshold_service.statistics.arrays import Floats, Ints, Singles
from threshold_service.statistics.baseline import Baseline
from threshold_service.statistics.fitted import Fitted
from threshold_service.statistics.kernel.channels import within
from threshold_service.statistics.kernel.compiled import compiled, compiled_alone
from threshold_service.statistics.noise import Shown
from threshold_service.statistics.people import Window

_LAGS, _WINSOR, _FARTHEST = noise.LAGS, arma.WINSOR, level_path.FARTHEST
_KNOTS, _BEND, _HALF = fused.KNOTS, fused.BEND, 0.5 * (fused.KNOTS - 1)


def look_back(rows: Ints, window: Window, usual: Baseline, fitted: Fitted) -> Shown:
    """As `last_seconds.look_back`."""
    (_, seconds, c), k = window.values.shape, len(rows)
    shown = Shown(
        np.zeros((k, c)), np.zeros((k, c)), np.zeros((k, _LAGS, c)), np.zeros((k, _LAGS, c)), np.zeros((k, _KNOTS, c)),
        seconds,
    )  # fmt: skip
    scratch = _Scratch(np.empty((seconds, c)), np.empty((seconds, c)), np.empty((2, c)), np.empty((_KNOTS, c)))
    theirs = Window(window.values[rows], window.cells[rows], window.taught[rows])  # the block's may lie otherwise
    of = _Parameters(fitted.offset[rows], fitted.gain[rows], fitted.lag[rows], fitted.echo[rows])
    _look_back(theirs, (usual.level, usual.spread), of, shown, scratch)
    return shown


class _Scratch(NamedTuple):
    """Distances `z` and those that count `near` of one resident (s, c), what goes from second to second `carried`
    (2, c), and what the higher of two knots gets, `upper` (KNOTS, c)."""

    z: Floats
    near: Floats
    carried: Floats
    upper: Floats


class _Parameters(NamedTuple):
    """Of `Fitted` what tells an innovation, (k, c)."""

    offset: Singles
    gain: Singles
    lag: Singles
    echo: Singles


@compiled_alone
def _look_back(window: Window, usual: tuple[Floats, Singles], of: _Parameters, shown: Shown, scratch: _Scratch) -> None:
    for i in range(shown.seen.shape[0]):
        _place(i, window, of.offset[i], (usual[0][i], usual[1][i]), scratch.z)
        _sum(scratch.z, scratch.near, shown.seen[i], shown.near[i], shown.pairs[i], shown.products[i])
        _count(i, of, shown.fell[i], scratch)


@compiled
def _place(row: int, window: Window, offset: Singles, usual: tuple[Floats, Singles], z: Floats) -> None:
    """Fill the distances `z` (s, c) of one resident in order, NaN where nothing was learned."""
    seconds, c = z.shape
    latest = window.cells[row, 0]
    for place in range(1, seconds):
        latest = max(latest, window.cells[row, place])
    for at in range(seconds):
        for k in range(c):
            z[at, k] = np.nan
    for place in range(seconds):
        at = window.cells[row, place] - (latest - seconds + 1)
        if at >= 0 and window.taught[row, place]:
            for k in range(c):
                far = (np.float64(window.values[row, place, k]) - offset[k] - usual[0][k]) / usual[1][k]
                z[at, k] = within(far, _FARTHEST) if far == far else far


@compiled
def _sum(z: Floats, near: Floats, seen: Floats, nearby: Floats, pairs: Floats, products: Floats) -> None:
    """What `noise.Shown` says of one resident's values, and of products `near` (s, c) by lag."""
    seconds, c = z.shape
    missing = 0
    for at in range(seconds):
        for k in range(c):
            there = z[at, k] == z[at, k]
            near[at, k] = within(z[at, k], _WINSOR) if there else 0.0
            missing += 0 if there else 1
            seen[k] += 1.0 if there else 0.0
            nearby[k] += near[at, k]
    for lag in range(min(_LAGS, seconds)):
        summed = products[lag]
        for at in range(seconds - lag):
            one, other = near[at], near[at + lag]
            for k in range(c):
                summed[k] += one[k] * other[k]
        for k in range(c):
            pairs[lag, k] = float(seconds - lag)
    if missing > 0:
        _pair(z, pairs)


@compiled
def _pair(z: Floats, pairs: Floats) -> None:
    """How many pairs there are where some values are missing."""
    seconds, c = z.shape
    for lag in range(min(_LAGS, seconds)):
        for k in range(c):
            pairs[lag, k] = 0.0
        for at in range(seconds - lag):
            for k in range(c):
                both = z[at, k] == z[at, k] and z[at + lag, k] == z[at + lag, k]
                pairs[lag, k] += 1.0 if both else 0.0


@compiled
def _count(row: int, of: _Parameters, fell: Floats, scratch: _Scratch) -> None:
    """What each knot gets; what falls to the higher of two is added up apart, as `noise.counted` does."""
    z, upper, before, surprise = scratch.z, scratch.upper, scratch.carried[0], scratch.carried[1]
    gain, lag, echo = of.gain[row], of.lag[row], of.echo[row]
    seconds, c = z.shape
    for k in range(c):
        before[k], surprise[k] = np.nan, 0.0
    for knot in range(_KNOTS):
        for k in range(c):
            upper[knot, k] = 0.0
    for at in range(seconds):
        for k in range(c):
            now = z[at, k]
            told = gain[k] * now - (lag[k] * before[k] + echo[k] * surprise[k])
            before[k] = now
            surprise[k] = told if told == told else now / gain[k]
            if told == told:
                place = (told / (_BEND + abs(told)) + 1.0) * _HALF
                below = min(int(place), _KNOTS - 2)
                fell[below, k] += 1.0 - (place - below)
                upper[below + 1, k] += place - below
    for knot in range(_KNOTS):
        for k in range(c):
            fell[knot, k] += upper[knot, k]
