"""How restless a window is: the Emotional Volatility Index, and the dispersions it is made of.

Research on emotion dynamics tells apart how far emotions spread (variability), how much they jump from moment to moment
(instability) and how long they linger (inertia): Houben, Van Den Noortgate and Kuppens 2015, Psychological Bulletin
141. The index takes the two that make restlessness, each relative to what is usual for the person.
"""

import numpy as np

from threshold_service.statistics.arrays import Floats


def variability(windows: Floats) -> Floats:
    """Standard deviation (..., channels) along the seconds of `windows` (..., seconds, channels), of what is there.

    NaN where fewer than two values are.

    >>> variability(np.array([[1.0], [np.nan], [3.0]])).tolist()
    [1.4142135623730951]
    """
    there = ~np.isnan(windows)
    count = there.sum(axis=-2)
    values = np.where(there, windows, 0.0)
    mean = values.sum(axis=-2) / np.maximum(count, 1)
    squares = np.where(there, (windows - mean[..., None, :]) ** 2, 0.0).sum(axis=-2)
    spread: Floats = np.where(count > 1, np.sqrt(squares / np.maximum(count - 1, 1)), np.nan)
    return spread


def relative_variability(windows: Floats, low: float, high: float) -> Floats:
    """`variability` as a share of the largest that a score bounded by `low` and `high` can have at its mean, 0 to 1.

    A score near a bound has no room to vary, and would look calm without it (Mestdagh et al. 2018, Psychological
    Methods 23). NaN where fewer than two values are there, or the mean is on a bound.

    >>> relative_variability(np.array([[0.0], [1.0], [0.0], [1.0]]), 0.0, 1.0).tolist()
    [1.0]
    """
    count = (~np.isnan(windows)).sum(axis=-2)
    mean = np.where(np.isnan(windows), 0.0, windows).sum(axis=-2) / np.maximum(count, 1)
    room = (mean - low) * (high - mean) * count / np.maximum(count - 1, 1)
    share: Floats = variability(windows) / np.sqrt(np.where(room > 0.0, room, np.nan))
    return share


def instability(windows: Floats, apart: int = 1) -> Floats:
    """Root mean square (..., channels) of the steps between values `apart` seconds apart, where both are there.

    RMSSD (von Neumann 1941; for emotions Jahng, Wood and Trull 2008). NaN where no pair is.

    >>> instability(np.array([[0.0], [2.0], [np.nan], [0.0], [2.0]])).tolist()
    [2.0]
    """
    steps = windows[..., apart:, :] - windows[..., :-apart, :]
    there = ~np.isnan(steps)
    count = there.sum(axis=-2)
    squares = np.where(there, steps**2, 0.0).sum(axis=-2)
    jumps: Floats = np.where(count > 0, np.sqrt(squares / np.maximum(count, 1)), np.nan)
    return jumps


def index(windows: Floats, usual_variability: Floats, usual_instability: Floats, apart: int = 1) -> Floats:
    """The Emotional Volatility Index (...): 1 is as restless as usual, 2 twice so.

    The geometric mean of variability and instability over what is usual, root mean square over channels; `usual_...`
    (..., channels) are those of ordinary windows. NaN where no channel is known.

    >>> calm = np.array([[0.0], [1.0], [0.0], [1.0]])
    >>> usual = variability(calm), instability(calm)
    >>> index(np.stack((calm, 3.0 * calm)), *usual).tolist()
    [1.0, 3.0]
    """
    squared = (variability(windows) / usual_variability) * (instability(windows, apart) / usual_instability)
    known = np.isfinite(squared)
    count = known.sum(axis=-1)
    mean = np.where(known, squared, 0.0).sum(axis=-1) / np.maximum(count, 1)
    restless: Floats = np.where(count > 0, np.sqrt(mean), np.nan)
    return restless


def rolling(values: Floats, width: int) -> Floats:
    """Windows (seconds - width + 1, width, channels) over `values` (seconds, channels), uncopied, for the above.

    >>> variability(rolling(np.array([[0.0], [2.0], [2.0]]), 2)).round(3).ravel().tolist()
    [1.414, 0.0]
    """
    return np.swapaxes(np.lib.stride_tricks.sliding_window_view(values, width, axis=0), -1, -2)
