"""The largest block maxima of each of the last watched days: a long memory of what is rare, in few bytes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from threshold_service.statistics.arrays import Floats, Ints

DAYS = 28
"""Watched days remembered: what happens once a week has then been seen four times."""
TOP = 8
"""Peaks kept of each day: more than any tier's budget asks of one statistic in a day."""
LEAST_BLOCKS = 24
"""A day with fewer blocks (two watched hours) goes on in the next: few blocks are no day."""


class Peaks(NamedTuple):
    """Of n residents: `highest` (n, DAYS, statistics, TOP), largest first, 0 where there is none; `blocks` (n, DAYS)
    that taught and those left out as `clear` episodes, `watched` (n, DAYS) in which thresholds were in force, the
    alerts `told` (n, DAYS, tiers) in them by tier, and, where the history showed every rate of the tier,
    the exceedances that were `asked` for and the alerts that `answered`; `days` (n,) closed so far, so that today's
    place is `days % DAYS`; `night` (n,) is the number of the local day of the block before, -1 before the first."""

    highest: NDArray[np.float32]
    blocks: Ints
    clear: Ints
    watched: Ints
    told: Ints
    asked: Floats
    answered: Ints
    days: Ints
    night: Ints


def fresh(residents: int, statistics: int) -> Peaks:
    """No day yet."""
    return Peaks(
        np.zeros((residents, DAYS, statistics, TOP), np.float32), np.zeros((residents, DAYS), np.int64),
        np.zeros((residents, DAYS), np.int64), np.zeros((residents, DAYS), np.int64),
        np.zeros((residents, DAYS, 3), np.int64), np.zeros((residents, DAYS, 3)),
        np.zeros((residents, DAYS, 3), np.int64), np.zeros(residents, np.int64), np.full(residents, -1, np.int64),
    )  # fmt: skip


def today(state: Peaks, row: int) -> int:
    """The place of resident `row`'s day of now."""
    return int(state.days[row]) % DAYS


def todays(state: Peaks, rows: Ints) -> Ints:
    """The same of residents `rows` (k,)."""
    places: Ints = state.days[rows] % DAYS
    return places


def apart(maxima: Floats) -> Floats:
    """`maxima` (blocks, ...) of consecutive blocks without those next to a larger one (0 instead): an excursion over
    the end of a block is one excursion, and its alert is one alert.

    >>> apart(np.array([1.0, 5.0, 4.0, 2.0, 3.0])).tolist()
    [0.0, 5.0, 0.0, 0.0, 3.0]
    """
    before, after = np.zeros_like(maxima), np.zeros_like(maxima)
    before[1:], after[:-1] = maxima[:-1], maxima[1:]
    alone: Floats = np.where((maxima >= before) & (maxima > after), maxima, 0.0)
    return alone


def close_day(state: Peaks, row: int, maxima: Floats) -> None:
    """Resident `row`'s day is over, in place: keep the highest of its `maxima` (blocks, statistics), oldest first."""
    place = today(state, row)
    highest = -np.sort(-apart(maxima), axis=0)[:TOP].T
    state.highest[row, place] = 0.0
    state.highest[row, place, :, : highest.shape[1]] = highest
    state.days[row] += 1
    place = today(state, row)
    state.highest[row, place], state.blocks[row, place] = 0.0, 0
    state.clear[row, place], state.watched[row, place] = 0, 0
    state.asked[row, place], state.told[row, place], state.answered[row, place] = 0.0, 0, 0


def closed(state: Peaks, row: int) -> tuple[NDArray[np.intp], int]:
    """The places of resident `row`'s closed days, and how many blocks taught them."""
    places = np.flatnonzero(np.arange(DAYS) != today(state, row))
    places = places[state.blocks[row, places] > 0]
    return places, int(state.blocks[row, places].sum())
