"""What the last seconds of residents show of their noise at their blocks' ends."""

import numpy as np

from threshold_service.statistics import level_path, noise
from threshold_service.statistics.arrays import Bools, Floats, Ints, clipped
from threshold_service.statistics.baseline import Baseline
from threshold_service.statistics.fitted import Fitted
from threshold_service.statistics.people import Window


def look_back(rows: Ints, window: Window, usual: Baseline, fitted: Fitted) -> noise.Shown:
    """Of residents `rows` (k,), whose `usual` is (k, c): how far each second was from it, in usual spreads, is what
    their noise is told by, with the parameters in force."""
    raw, taught = _sorted(rows, window)
    level, spread = (fitted.offset[rows], usual.level), usual.spread[:, None]
    z = clipped((raw - level[0][:, None] - level[1][:, None]) / spread, level_path.FARTHEST)
    z = np.where(taught[:, :, None], z, np.nan)
    return noise.show(z, fitted.gain[rows], fitted.lag[rows], fitted.echo[rows])


def _sorted(rows: Ints, window: Window) -> tuple[Floats, Bools]:
    """The last seconds, oldest first, (k, s, c), NaN where there was none, and whether they taught, (k, s)."""
    cells, seconds = window.cells[rows], window.cells.shape[1]
    place = cells - (cells.max(axis=1, keepdims=True) - seconds + 1)
    which, at = np.nonzero(place >= 0)
    to = place[which, at]
    raw, taught = np.full((len(rows), seconds, window.values.shape[2]), np.nan), np.zeros(cells.shape, bool)
    raw[which, to], taught[which, to] = window.values[rows[which], at], window.taught[rows[which], at]
    return raw, taught
