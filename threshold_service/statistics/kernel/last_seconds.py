"""The last seconds of residents at their blocks' ends: all of them in one call, the same numbers as NumPy's."""

from typing import Any

import numpy as np

from threshold_service.statistics import arma, fused, level_path, noise, trace
from threshold_service.statistics.arrays import Floats, Ints
from threshold_service.statistics.baseline import Baseline
from threshold_service.statistics.fitted import Fitted
from threshold_service.statistics.kernel.channels import within
from threshold_service.statistics.kernel.compiled import compiled, compiled_alone
from threshold_service.statistics.last_seconds import LastSeconds
from threshold_service.statistics.noise import Shown
from threshold_service.statistics.people import Window

_LAGS, _WINSOR, _FARTHEST, _COURSE = noise.LAGS, arma.WINSOR, level_path.FARTHEST, trace.FARTHEST
_KNOTS, _BEND, _HALF = fused.KNOTS, fused.BEND, 0.5 * (fused.KNOTS - 1)


def look_back(rows: Ints, window: Window, usual: Baseline, fitted: Fitted) -> LastSeconds:
    """As `last_seconds.look_back`."""
    (_, seconds, c), k = window.values.shape, len(rows)
    shown = Shown(
        np.zeros((k, c)), np.zeros((k, c)), np.zeros((k, _LAGS, c)), np.zeros((k, _LAGS, c)), np.zeros((k, _KNOTS, c)),
        seconds,
    )  # fmt: skip
    course = np.full((k, seconds, c), np.nan)
    z, upper = np.empty((seconds, c)), np.empty((_KNOTS, c))
    _look_back(rows, window, (usual.level, usual.spread), fitted, course, shown, z, upper)
    return LastSeconds(course, shown)


@compiled_alone
def _look_back(
    rows: Ints, window: Window, usual: tuple[Floats, Floats], fitted: Fitted, course: Floats, shown: Shown, z: Floats,
    upper: Floats,
) -> None:  # fmt: skip
    for i in range(rows.shape[0]):
        _tell_course(i, rows[i], window, usual, fitted, course, z)
        _sum(z, shown.seen[i], shown.near[i], shown.pairs[i], shown.products[i])
        _count(rows[i], z, fitted, shown.fell[i], upper)


@compiled
def _tell_course(
    i: int, row: int, window: Window, usual: tuple[Floats, Floats], fitted: Fitted, course: Floats, z: Floats
) -> None:  # fmt: skip
    """Fill the course of resident `i`, and their distances `z` (s, c), NaN where nothing was learned."""
    seconds, c = z.shape
    latest = window.cells[row, 0]
    for place in range(1, seconds):
        latest = max(latest, window.cells[row, place])
    for at in range(seconds):
        for k in range(c):
            z[at, k] = np.nan
    for place in range(seconds):
        at = window.cells[row, place] - (latest - seconds + 1)
        if at >= 0:
            for k in range(c):
                course[i, at, k] = window.values[row, place, k]
            if window.taught[row, place]:
                for k in range(c):
                    far = (course[i, at, k] - fitted.offset[row, k] - usual[0][i, k]) / usual[1][i, k]
                    z[at, k] = within(far, _FARTHEST) if far == far else far
    for k in range(c):
        total, seen = 0.0, 0
        for at in range(seconds):
            if course[i, at, k] == course[i, at, k]:
                total, seen = total + course[i, at, k], seen + 1
        mean = total / max(seen, 1)
        for at in range(seconds):
            if course[i, at, k] == course[i, at, k]:
                course[i, at, k] = within(course[i, at, k] - mean, _COURSE)


@compiled
def _sum(z: Floats, seen: Floats, near: Floats, pairs: Floats, products: Floats) -> None:
    seconds, c = z.shape
    whole = True
    for at in range(seconds):
        for k in range(c):
            there = z[at, k] == z[at, k]
            whole = whole and there
            seen[k] += 1.0 if there else 0.0
            near[k] += _near(z[at, k])
    for lag in range(min(_LAGS, seconds)):
        for at in range(seconds - lag):
            for k in range(c):
                products[lag, k] += _near(z[at, k]) * _near(z[at + lag, k])
        if whole:
            for k in range(c):
                pairs[lag, k] = float(seconds - lag)
        else:
            for at in range(seconds - lag):
                for k in range(c):
                    both = z[at, k] == z[at, k] and z[at + lag, k] == z[at + lag, k]
                    pairs[lag, k] += 1.0 if both else 0.0


@compiled
def _near(value: float) -> Any:
    return within(value, _WINSOR) if value == value else 0.0


@compiled
def _count(row: int, z: Floats, fitted: Fitted, fell: Floats, upper: Floats) -> None:
    """What each knot gets; what falls to the higher of two is added up apart, as `noise.counted` does."""
    seconds, c = z.shape
    for knot in range(_KNOTS):
        for k in range(c):
            upper[knot, k] = 0.0
    for k in range(c):
        gain, lag, echo = fitted.gain[row, k], fitted.lag[row, k], fitted.echo[row, k]
        before, surprise = np.nan, 0.0
        for at in range(seconds):
            now = z[at, k]
            told = gain * now - (lag * before + echo * surprise)
            surprise, before = told if told == told else now / gain, now
            if told == told:
                place = (told / (_BEND + abs(told)) + 1.0) * _HALF
                below = min(int(place), _KNOTS - 2)
                higher = place - below
                fell[below, k] += 1.0 - higher
                upper[below + 1, k] += higher
    for knot in range(_KNOTS):
        for k in range(c):
            fell[knot, k] += upper[knot, k]
