"""From block maxima to the thresholds that keep the alarm budget: estimated, shrunk, bounded, versioned."""

import math

import numpy as np

from threshold_service.statistics import calibration, facility, peaks, tail
from threshold_service.statistics.arrays import Floats
from threshold_service.statistics.calibration import (
    BLOCKS,
    ESCALATION,
    FEW,
    LEFT_OUT,
    RELEASE,
    SETTLED,
    STATISTICS,
    USABLE,
    History,
    Rates,
)
from threshold_service.statistics.prior import ALONE, APART, Prior, shrunk

UNKNOWN_DAY = 0.4
"""How much farther than the facility's a new resident's threshold lies at first: the curve of their day is not known,
so that the level runs behind it and ordinary hours look unusual."""
KNOWN = 1.5 * SETTLED
"""Blocks before which, where others teach, no history is believed alone."""
FAMILIAR = 1.75 * SETTLED
"""Blocks after which that is over (source of all three: `make bench-usable`, its own seed and two others; ordinary
hours of the first two days exceed settled thresholds three times as often as later ones, and with these 0.2 to 1.3
times)."""


def estimate(history: History, row: int, rates: Rates, prior: Prior) -> None:
    """Thresholds of resident `row` from their history, in place; infinite before `USABLE` blocks, or
    `FEW` where the facility teaches every rule.

    Called at every block's end until `SETTLED` blocks, nightly after that. A settled threshold moves at most by
    `calibration.NIGHTLY`, and one of tier 1 never rises beyond its envelope without a person.
    """
    if history.blocks[row] < (FEW if prior.residents.all() else USABLE):
        return
    own, stale = _Own(history, row), bool(history.stale[row] > 0)
    left_out = bool(history.peaks.clear[row].any())
    history.usual[row] = own.typical
    typical, spend = own.typical.tolist(), history.spend[row].tolist()
    for rule, statistic in enumerate(rates.statistic):
        usual, rate = typical[statistic], rates.per_block[rule] * spend[rates.tier[rule]]
        high, shown = own.estimated(statistic, rate)
        shown = shown and not stale and (history.blocks[row] >= KNOWN or not prior.residents[rule])
        if not shown:
            high = _provisional(history, row, rule, rates, prior, usual, high)
        if statistic == ESCALATION and left_out:
            high = max(high, LEFT_OUT)
        _set(history, row, rule, rates, usual, high, shown)
    history.version[row] += 1


class _Own:
    """What the history of resident `row` alone says."""

    def __init__(self, history: History, row: int) -> None:
        maxima = calibration.recent(history, row)
        n = len(maxima)
        ordered = np.sort(maxima, axis=0)
        self.typical: Floats = 0.5 * (ordered[(n - 1) // 2] + ordered[n // 2])
        self._places, self._closed = np.zeros(0, np.intp), 0
        if history.peaks.blocks[row].sum() > n:
            self._places, self._closed = peaks.closed(history.peaks, row)
        self._days, self._blocks = history.peaks.highest[row], n
        self._highest = (-np.sort(-peaks.apart(maxima), axis=0)).T.tolist()

    def estimated(self, statistic: int, rate: float) -> tuple[float, bool]:
        """The threshold of a statistic, and whether the history shows the `rate` itself."""
        highest, blocks = self._highest[statistic], self._blocks
        if self._closed > blocks and rate * self._closed < peaks.TOP * len(self._places) / 2:
            days = self._days[self._places, statistic].astype(np.float64)
            highest, blocks = (-np.sort(-days, axis=None)).tolist(), self._closed
        return tail.from_highest(highest, blocks, rate), rate * blocks >= tail.SHOWN


def _provisional(
    history: History, row: int, rule: int, rates: Rates, prior: Prior, usual: float, own: float
) -> float:  # fmt: skip
    """Shrunk to the facility's, where there is one, and never above it for tier 1; else to what is shipped, and up
    half as far again where people differ, for four days: rhythms and habits rarer than the history have not been seen
    yet (source: measured with the budget bench)."""
    known = int(min(history.blocks[row], BLOCKS))
    high = shrunk(prior, rule, usual, own, known, tail.size(known), rates.per_block[rule])
    if not prior.residents[rule]:
        farther = ALONE * min(float(prior.between[rule]) / APART, 1.0)
        return usual + (1.0 + farther * (1.0 - known / BLOCKS)) * (high - usual)
    high = usual + (1.0 + UNKNOWN_DAY * max(1.0 - known / FAMILIAR, 0.0)) * (high - usual)
    return min(high, float(prior.limit[rule])) if rates.tier[rule] == 0 else high


def _set(history: History, row: int, rule: int, rates: Rates, usual: float, high: float, shown: bool) -> None:
    before, approved = float(history.thresholds[row, rule]), float(history.approved[row, rule])
    wanted = math.nan
    if history.blocks[row] > SETTLED and math.isfinite(before):
        far = max(before - usual, 1e-9)
        high = usual + min(max(high - usual, far / calibration.NIGHTLY), far * calibration.NIGHTLY)
    if rates.tier[rule] == 0 and math.isfinite(approved):
        limit = usual + rates.envelope * max(approved - usual, 1e-9)
        if high > limit:
            wanted, high = high, limit
    if shown and not math.isfinite(approved):
        history.approved[row, rule] = high
    history.wanted[row, rule], history.shown[row, rule] = wanted, shown
    history.thresholds[row, rule] = high
    share = 1.0 if STATISTICS[rates.statistic[rule]] == "drift" else RELEASE  # drift is slow enough by itself
    history.releases[row, rule] = usual + share * (high - usual)


def approve(history: History, row: int) -> int:
    """A person approves what calibration wants for resident `row`, in place; how many thresholds rise at once."""
    waiting = np.isfinite(history.wanted[row])
    history.approved[row] = np.where(waiting, history.wanted[row], history.approved[row])
    history.thresholds[row] = np.where(waiting, history.wanted[row], history.thresholds[row])
    history.wanted[row] = np.nan
    return int(np.count_nonzero(waiting))


def rebalance(history: History, row: int, prior: Prior) -> None:
    """Set `spend` of resident `row`, in place, so that alerts, not exceedances, are as many as promised.

    Several rules speak of one event and one event may last for blocks, so alerts are rarer than exceedances: the rates
    are raised by the exceedances that were asked for, per alert told in the same days, with the facility's ratio as the
    prior (gamma-Poisson). What was asked for counts with the `spend` of its day: the correction holds where it arrives.
    Days with provisional thresholds, which are careful on purpose, do not count.
    """
    told, asked = history.peaks.answered[row].sum(axis=0), history.peaks.asked[row].sum(axis=0)
    spend = (asked + facility.EVIDENCE) / (told + facility.EVIDENCE / prior.spend)
    history.spend[row] = np.clip(spend, calibration.OVERSPENT, calibration.UNSPENT)


def achieved(history: History) -> Floats:
    """Alerts per watched week that each resident was told, (n, tiers); NaN before thresholds were in force."""
    watched = history.peaks.watched.sum(axis=1).astype(np.float64)
    weeks = np.where(watched > 0, watched, np.nan) / calibration.BLOCKS_PER_WEEK
    rates: Floats = history.peaks.told.sum(axis=1) / weeks[:, None]
    return rates
