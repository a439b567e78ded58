"""What the last seconds of residents show at their blocks' ends: their course, and their noise."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics import level_path, noise, trace
from threshold_service.statistics.arrays import Bools, Floats, Ints, clipped, in_order
from threshold_service.statistics.baseline import Baseline
from threshold_service.statistics.fitted import Fitted
from threshold_service.statistics.people import Window


class LastSeconds(NamedTuple):
    """Of k residents: the `course` of their last s seconds, raw values less their mean, oldest first, (k, s, c), NaN
    where there was none; and what those of them from which the usual was learned have `shown` of their noise."""

    course: Floats
    shown: noise.Shown


def look_back(rows: Ints, window: Window, usual: Baseline, fitted: Fitted) -> LastSeconds:
    """Of residents `rows` (k,), whose `usual` is (k, c): how far each second was from it, in usual spreads, is what
    their noise is told by, with the parameters in force."""
    raw, taught = _sorted(rows, window)
    there = np.isfinite(raw)
    total, seen = in_order(np.where(there, raw, 0.0)), np.count_nonzero(there, axis=1)
    course = clipped(raw - (total / np.maximum(seen, 1))[:, None], trace.FARTHEST)
    level, spread = (fitted.offset[rows], usual.level), usual.spread[:, None]
    z = clipped((raw - level[0][:, None] - level[1][:, None]) / spread, level_path.FARTHEST)
    z = np.where(taught[:, :, None], z, np.nan)
    return LastSeconds(course, noise.show(z, fitted.gain[rows], fitted.lag[rows], fitted.echo[rows]))


def _sorted(rows: Ints, window: Window) -> tuple[Floats, Bools]:
    """The last seconds, oldest first, (k, s, c), NaN where there was none, and whether they taught, (k, s)."""
    cells, seconds = window.cells[rows], window.cells.shape[1]
    place = cells - (cells.max(axis=1, keepdims=True) - seconds + 1)
    which, at = np.nonzero(place >= 0)
    to = place[which, at]
    raw, taught = np.full((len(rows), seconds, window.values.shape[2]), np.nan), np.zeros(cells.shape, bool)
    raw[which, to], taught[which, to] = window.values[rows[which], at], window.taught[rows[which], at]
    return raw, taught
