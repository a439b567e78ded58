"""Each resident's own history of block maxima, and the thresholds that keep the alarm budget on it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from threshold_service.statistics import peaks
from threshold_service.statistics.arrays import Bools, Floats, Ints, Singles

BLOCK_S = 300
"""Judged seconds per block: longer than most excursions, so that maxima are nearly independent (source: guess)."""
BLOCKS = 1152
"""Blocks remembered: four watched days."""
BURN_IN = 6
"""First blocks that teach no threshold: the baseline is still moving."""
USABLE = 48
"""Blocks after which thresholds are used: four watched hours (source: guess); they stay provisional for days."""
FEW = 12
"""The same where the facility's settled residents teach the tail: a watched hour (source: guess)."""
SETTLED = 288
"""Blocks, a watched day, after which one block counts at most as its threshold."""
BLOCKS_PER_WEEK = 7 * 86_400 / BLOCK_S
TERMS = ("deviation", "volatility", "transition", "audio", "motion", "escalation")
STATISTICS = ("composite", "channel", "sustained", "volatility", "drift", "escalation", "held")
LEAST = np.array([2.0, 0.2, 2.0, 2.0, 2.0, 1.0])
"""Usual peak of each term that is believed at least: a sense that never moved must not alarm at its first breath."""
ESCALATION, ABSOLUTE = STATISTICS.index("escalation"), TERMS.index("escalation")
"""Log-odds mean the same for everybody: they are measured against nobody's usual peak."""
RELEASE = 0.6
"""An event may end once its statistic is down to this share of the way from a block's typical peak to the threshold
(hysteresis; source: on tuning seeds 0.25 found 0.83 and 0.6 found 0.89 of the episodes)."""
NIGHTLY = 1.5
"""Most that a settled threshold's distance from the typical peak grows or shrinks in one night (source: guess)."""
CAPPED = 3.0
"""A settled history counts a peak at most this far, in distances of its threshold from the typical peak: an episode is
one exceedance and teaches no height of its own (source: guess)."""
CLEAR = 11.2
"""Log-odds of an episode that ordinary life seldom reaches (source: tuning seeds 40 and 41, one threshold for all gave
0.34 false alarms a resident-day): a block that does is an episode and teaches no threshold, for a budget is promised
for ordinary days."""
LEFT_OUT = 12.0
"""Log-odds that the threshold of `escalation` at least has where blocks were left out so: some of them were lively
ordinary life after all, and what is left of the history cannot say how often that comes (source: the same seeds, one
threshold for all gave 0.26 false alarms a resident-day at 11.5, 0.19 at 12 and 0.12 at 12.5, and found 0.93 of the
episodes at each)."""
MOST_CLEAR = 12
"""Blocks of a day, an hour in view, that may be left out so: whose ordinary life looks like an episode all day long is
calibrated by it after all."""
TIERS = 3
OVERSPENT, UNSPENT = 1.0, (1.25, 2.0, 2.0)
"""Bounds of the correction for alerts that several rules share, the upper one by tier (source: measured with
tests/bench/budget.py, where it settles at 1.3 to 1.8; tier 1 keeps its promise with 1.25). It never takes away: true
episodes are alerts too."""
_SCALE_BLOCKS = 288.0


class Running(NamedTuple):
    """Maxima of each resident's block so far: `top` (n, statistics), `top_terms` (n, terms), `top_far` (n, c), and the
    seconds in it, `filled` (n,)."""

    top: Floats
    top_terms: Floats
    top_far: Singles
    filled: Ints


class History(NamedTuple):
    """What closed blocks have taught of n residents; changed in place, at block ends only.

    `ring` (n, BLOCKS, statistics) holds block maxima, `blocks` (n,) how many were ever put in; `spoiled` (n,) says an
    event was open when the block of now began. `scale` (n, terms) and `far_scale` (n, c) are the usual block maxima of
    each raw term and channel, learned from `closed` (n,) blocks. `thresholds` (n, rules) are infinite until usable, and
    `releases` (n, rules) are what a statistic must fall below before an event may end. `shown` (n, rules) says where
    the history itself shows the rate; elsewhere the threshold is provisional. `approved` (n, rules) is what the
    envelope of tier 1 is measured from, infinite until shown, and `wanted` (n, rules) a threshold beyond it that waits
    for a person, NaN where there is none. `spend` (n, tiers) multiplies the rates, `version` (n,) counts
    estimates.
    """

    ring: NDArray[np.float32]
    blocks: Ints
    spoiled: Bools
    closed: Ints
    scale: Floats
    far_scale: Singles
    usual: Floats
    """(n, statistics) Median block maxima at the last estimate: the typical peaks."""
    thresholds: Floats
    releases: Floats
    shown: Bools
    approved: Floats
    wanted: Floats
    spend: Floats
    version: Ints
    at: Floats
    """(n,) Sample time of the last block's end, NaN before the first."""
    stale: Ints
    """(n,) Blocks until thresholds from before a long absence are trusted again."""
    counted: Floats
    """(n,) Sample time at which the last event that was counted had opened."""
    clear: Floats
    """(n,) Sample time of the end of the last block that was left out because it was clearly an episode."""
    peaks: peaks.Peaks


class Rates(NamedTuple):
    """Exceedances per block that the budget allows, one per rule, the statistic each rule looks at, the tier (0: the
    most urgent) it spends the budget of, and how far tier 1 may be loosened without a person."""

    per_block: tuple[float, ...]
    statistic: tuple[int, ...]
    tier: tuple[int, ...]
    envelope: float

    def of_tiers(self) -> Floats:
        """Exceedances per block that all rules of a tier may spend together, (tiers,)."""
        summed: Floats = np.bincount(self.tier, weights=np.array(self.per_block), minlength=TIERS).astype(np.float64)
        return summed


def fresh(residents: int, channels: int, rules: int) -> tuple[Running, History]:
    """No history."""
    running = Running(
        np.zeros((residents, len(STATISTICS))), np.zeros((residents, len(TERMS))),
        np.zeros((residents, channels), np.float32), np.zeros(residents, np.int64),
    )  # fmt: skip
    infinite = np.full((residents, rules), np.inf)
    history = History(
        np.zeros((residents, BLOCKS, len(STATISTICS)), np.float32), np.zeros(residents, np.int64),
        np.zeros(residents, bool), np.zeros(residents, np.int64), np.ones((residents, len(TERMS))),
        np.ones((residents, channels), np.float32), np.zeros((residents, len(STATISTICS))),
        infinite, infinite.copy(), np.zeros((residents, rules), bool),
        infinite.copy(), np.full((residents, rules), np.nan), np.ones((residents, 3)), np.zeros(residents, np.int64),
        np.full(residents, np.nan), np.zeros(residents, np.int64), np.zeros(residents), np.full(residents, -np.inf),
        peaks.fresh(residents, len(STATISTICS)),
    )  # fmt: skip
    return running, history


def observe(state: Running, statistics: Floats, terms: Floats, far: Floats, seen: Bools) -> Running:
    """One second: `statistics` (n, 5), raw `terms` (n, 5), `far` (n, c); only seconds `seen` (n,) fill a block."""
    return Running(
        np.maximum(state.top, statistics), np.maximum(state.top_terms, terms), np.maximum(state.top_far, far),
        state.filled + seen,
    )  # fmt: skip


def close_block(running: Running, history: History, rows: Ints, rates: Rates, in_event: Bools) -> Bools:
    """End the blocks of residents `rows` (k,), in place: keep their maxima and learn scales; `in_event` (k,) says in
    whose a serious event is open.

    Says which were clearly an episode. Such a block, and one that began inside a serious event, teaches nothing.
    After `SETTLED` blocks others count at most `CAPPED` times as far as their threshold.
    """
    in_force = np.isfinite(history.thresholds[rows, 0])
    history.peaks.watched[rows, peaks.todays(history.peaks, rows)] += in_force
    clear = _clearly(running, history, rows)
    teaching = rows[~history.spoiled[rows] & ~clear]
    if len(teaching):
        _learn_scales(running, history, teaching)
        _keep(running, history, teaching[history.closed[teaching] > BURN_IN], rates)
    running.top[rows], running.top_terms[rows], running.top_far[rows] = 0.0, 0.0, 0.0
    running.filled[rows], history.spoiled[rows] = 0, in_event
    return clear


def _clearly(running: Running, history: History, rows: Ints) -> Bools:
    """Whether the blocks are clearly episodes, (k,); counts how often that is said on one day."""
    today = peaks.todays(history.peaks, rows)
    clear: Bools = (running.top[rows, ESCALATION] >= CLEAR) & (history.peaks.clear[rows, today] < MOST_CLEAR)
    history.peaks.clear[rows, today] += clear
    return clear


def count_asked(history: History, row: int, rates: Rates) -> Bools:
    """Count, in place, the exceedances that the block of now asked for; of which tiers (tiers,) the history shows the
    rate of every rule, so that they can be compared with the alerts that come."""
    shown: Bools = np.bincount(rates.tier, weights=~history.shown[row], minlength=TIERS) == 0
    history.peaks.asked[row, peaks.today(history.peaks, row)] += rates.of_tiers() * history.spend[row] * shown
    return shown


def _learn_scales(running: Running, history: History, rows: Ints) -> None:
    history.closed[rows] += 1
    closed = history.closed[rows][:, None]
    gain = np.maximum(1.0 / closed, 1.0 / _SCALE_BLOCKS)
    pairs = ((history.scale, running.top_terms, LEAST), (history.far_scale, running.top_far, np.array(1.0)))
    for scales, top, least in pairs:
        scale = scales[rows]
        limit = np.where(closed > BURN_IN, 4.0 * scale, np.inf)
        scales[rows] = scale + gain * (np.maximum(np.minimum(top[rows], limit), least) - scale)
    history.scale[rows, ABSOLUTE] = 1.0


def _keep(running: Running, history: History, rows: Ints, rates: Rates) -> None:
    settled = history.blocks[rows] >= SETTLED
    highest = np.full((len(rows), len(STATISTICS)), np.inf)
    highest[settled] = -np.inf
    if settled.any():
        for rule, statistic in enumerate(rates.statistic):
            typical = history.usual[rows, statistic]
            far = typical + CAPPED * (history.thresholds[rows, rule] - typical)
            highest[:, statistic] = np.where(settled, np.maximum(highest[:, statistic], far), np.inf)
    history.ring[rows, history.blocks[rows] % BLOCKS] = np.minimum(running.top[rows], highest)
    history.blocks[rows] += 1
    history.peaks.blocks[rows, peaks.todays(history.peaks, rows)] += 1


def recent(history: History, row: int, most: int = BLOCKS) -> Floats:
    """Block maxima of resident `row`'s last blocks, oldest first, (blocks, statistics)."""
    last = int(history.blocks[row])
    places = np.arange(max(0, last - min(most, BLOCKS)), last) % BLOCKS
    chosen: Floats = history.ring[row, places].astype(np.float64)
    return chosen


def in_force(history: History) -> Bools:
    """Whose thresholds are in force, (n,)."""
    finite: Bools = np.isfinite(history.thresholds[:, 0])
    return finite


def learned_share(running: Running, history: History) -> Floats:
    """How much of the learning phase is done, 0..1, (n,)."""
    whole = (USABLE + BURN_IN) * BLOCK_S
    done = np.minimum(history.closed * BLOCK_S + running.filled, whole)
    share: Floats = np.where(in_force(history), 1.0, np.minimum(done / whole, 0.99))
    return share
