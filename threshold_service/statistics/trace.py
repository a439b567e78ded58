"""A few minutes of each part of the day, kept for the nightly refit, and what it found in them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from threshold_service.statistics.arrays import Bools, Floats, Ints

PARTS = 4
"""Night, morning, afternoon and evening."""
ORDER = 3
_FARTHEST = 6e4
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


def remember(state: Trace, row: int, hour: int, values: NDArray[np.float32], cells: Ints) -> None:
    """The last seconds of resident `row` in an `hour` of the day, in place: raw `values` (s, c) and the second each
    belongs to, `cells` (s,), in any order."""
    kept = in_order(values, cells, np.ones(len(cells), bool))
    there = np.isfinite(kept)
    mean = np.where(there, kept, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    state.seconds[row, hour % 24 * PARTS // 24] = np.clip(kept - mean, -_FARTHEST, _FARTHEST)


def in_order(values: NDArray[np.float32], cells: Ints, counts: Bools) -> Floats:
    """The last seconds, oldest first, (s, c), NaN where there was none or where it does not count, `counts` (s,)."""
    place = cells - (cells.max() - len(cells) + 1)
    recent = (place >= 0) & counts
    kept = np.full(values.shape, np.nan)
    kept[place[recent]] = values[recent]
    return kept


def apart(state: Trace, row: int) -> Floats:
    """All that is kept of resident `row`, (PARTS s, c), each part about its own mean: what changes from morning to
    evening is the time of day and no autocorrelation."""
    kept = state.seconds[row].astype(np.float64)
    found: Floats = kept.reshape(-1, kept.shape[-1])
    return found
