"""A few minutes of each part of the day, kept for the nightly refit, and what it found in them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from threshold_service.statistics.arrays import Bools, Floats, Ints

PARTS = 4
"""Night, morning, afternoon and evening."""
ORDER = 3
FARTHEST = 6e4
"""Half precision holds no more: a minute's course needs three digits, and the state is small by it."""


class Trace(NamedTuple):
    """Of n residents over c channels: `seconds` (n, PARTS, s, c), the latest raw seconds of each part less their mean,
    NaN where absent; the autoregressive `coefficients` (n, c, ORDER) of the last night, NaN where nothing is known, and
    whether the channel was `steady` (n, c)."""

    seconds: NDArray[np.float16]
    coefficients: Floats
    steady: Bools


def fresh(residents: int, channels: int, seconds: int) -> Trace:
    """Nothing kept."""
    return Trace(
        np.full((residents, PARTS, seconds, channels), np.nan, np.float16),
        np.full((residents, channels, ORDER), np.nan), np.zeros((residents, channels), bool),
    )  # fmt: skip


def remember(state: Trace, rows: Ints, hours: Ints, course: Floats) -> None:
    """The last seconds of residents `rows` (k,) in `hours` (k,) of their days, in place: raw values less their mean,
    within `FARTHEST`, `course` (k, s, c)."""
    state.seconds[rows, hours % 24 * PARTS // 24] = course


def apart(state: Trace, row: int) -> Floats:
    """All that is kept of resident `row`, (PARTS s, c), each part about its own mean: what changes from morning to
    evening is the time of day and no autocorrelation."""
    kept = state.seconds[row].astype(np.float64)
    found: Floats = kept.reshape(-1, kept.shape[-1])
    return found
