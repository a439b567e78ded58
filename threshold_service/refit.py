"""What happens at the end of a resident's block of 300 seconds, and once in their night: by sample time alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from services.vocabulary import Tier, UnixSeconds
from threshold_service.engine_state import EngineState
from threshold_service.paths import LookBack
from threshold_service.statistics import (
    baseline,
    calibration,
    facility,
    fitted,
    grid,
    moved,
    noise,
    noise_fit,
    peaks,
    profile,
    standing,
    thresholds,
)
from threshold_service.statistics.arrays import Bools, Floats, Ints, take
from threshold_service.statistics.calibration import BLOCK_S, SETTLED
from threshold_service.wave import Setting

NIGHT_HOUR = 3
"""Local hour at which a day ends: fewest events are open then (source: guess)."""

EARLY, _AT_FIRST = 48, 4
"""Blocks until which the detector's parameters are learned by day too: at each of the first few ends and then at every
fourth (source: guess)."""
WELCOME_S = 20.0
"""Most seconds of a person's own that what others teach is worth: fewer than `baseline.FREELY` (source: guess)."""


class Local(NamedTuple):
    """A moment at the resident's place: the `hour` since the epoch, the `night` that it belongs to, and the share of
    the day that has passed in the middle of the block that begins."""

    hour: int
    night: int
    day_share: float


def close_blocks(state: EngineState, setting: Setting, rows: Ints, look_back: LookBack) -> None:
    """The blocks of residents `rows` (k,) are full: refit, keep their maxima, set thresholds and offsets.

    Changes `state.fitted`, `state.running`, `state.history`, `state.profile`, `state.noise` and
    `state.prior`, at `rows` only but for the prior, which is learned from how everybody stood at their own last block's
    end. `look_back` tells what the last seconds showed.
    """
    nights = state.history.peaks.night[rows]
    here = [local(time, setting.identity.time_zone) for time in state.person.seen_at[rows].tolist()]
    over = (nights >= 0) & (nights != np.array([one.night for one in here]))
    if not over.any():
        _close(state, setting, rows, here, look_back)
        return
    for place, one in enumerate(here):  # whose night is over teaches the prior that those after them lean on
        _close(state, setting, rows[place : place + 1], [one], look_back)


def _close(state: EngineState, setting: Setting, rows: Ints, here: Sequence[Local], look_back: LookBack) -> None:
    history = state.history
    of, now = state.level.baseline, state.half[rows]
    usual = baseline.Baseline(of.level[now, rows], of.variance[now, rows], of.spread[now, rows], of.taught[now, rows])
    _learn_noise(state, rows, look_back(rows, state.window, usual, state.fitted))
    _learn_hour(state, rows, usual, np.array([one.hour for one in here]))
    standing.came_back(history, rows, state.person.seen_at[rows])
    serious = np.array([state.watches[row].tier in (Tier.IMMEDIATE, Tier.URGENT) for row in rows.tolist()])
    clear = rows[calibration.close_block(state.running, history, rows, setting.rates, serious)]
    history.clear[clear] = state.person.seen_at[clear]
    for place, row in enumerate(rows.tolist()):
        _calibrate(state, setting, row, here[place], usual.spread[place])
    state.fitted.offset[rows] = profile.offset(state.profile, rows, np.array([one.day_share for one in here]))


def _calibrate(state: EngineState, setting: Setting, row: int, here: Local, spread: Floats) -> None:
    history, prior = state.history, state.prior
    rates = setting.own_rates[row]
    shown = calibration.count_asked(history, row, rates)
    if state.watches[row].ended:
        _count(state, row, shown)
    before, history.peaks.night[row] = int(history.peaks.night[row]), here.night
    over = before not in (-1, here.night)
    if over:
        _night(state, setting, row, spread, here)
    if over or history.blocks[row] <= SETTLED:
        thresholds.estimate(history, row, rates, prior)


def _learn_noise(state: EngineState, rows: Ints, shown: noise.Shown) -> None:
    """What the last seconds showed of each person's noise; by it the detector's parameters, at first."""
    noise.observe(state.noise, rows, shown)
    closed = state.history.closed[rows]
    early = (closed < EARLY) & ((closed < _AT_FIRST) | (closed % _AT_FIRST == 0))
    if early.any():
        _teach(state, rows[early])


def _teach(state: EngineState, rows: Ints) -> None:
    """The detector's parameters from what is known of the noise of residents `rows` (k,)."""
    learned = noise_fit.parameters(state.noise, rows, fitted.in_force(state.fitted, rows))
    fitted.adopt(state.fitted, rows, learned)


def _learn_hour(state: EngineState, rows: Ints, usual: baseline.Baseline, hours: Ints) -> None:
    """What the block taught the level is what it teaches of its hour."""
    known = state.profile
    for row in rows[(known.hour[rows] != -1) & (known.hour[rows] != hours)].tolist():
        moved.hour(state.drift, row, known)
    means = profile.block_mean(usual.level, known.level[rows], usual.taught, known.taught[rows], baseline.MEMORY_S)
    profile.observe(known, rows, means + state.fitted.offset[rows], usual.spread.astype(np.float64), hours)
    known.level[rows], known.taught[rows], known.spread[rows] = usual.level, usual.taught, usual.spread


def _night(state: EngineState, setting: Setting, row: int, spread: Floats, here: Local) -> None:
    """Once per local day in view: the day's peaks become history, the curve of the day is fitted, the facility's prior
    is learned where it is older than this night."""
    history = state.history
    slot = peaks.today(history.peaks, row)
    if history.peaks.blocks[row, slot] >= peaks.LEAST_BLOCKS:
        peaks.close_day(history.peaks, row, calibration.recent(history, row, int(history.peaks.blocks[row, slot])))
    _teach(state, np.array([row]))
    profile.refit(state.profile, row, spread, here.day_share)
    if here.night != state.prior.night[0]:
        known, phi = state.profile, _correlation(state)
        state.prior = facility.learn(
            state.prior, history, setting.rates, known.level, known.spread, phi, known.taught, here.night
        )
    thresholds.rebalance(history, row, state.prior)


def _correlation(state: EngineState) -> Floats:
    return noise.correlation(noise.covariance(state.noise))


def _count(state: EngineState, row: int, shown: Bools) -> None:
    """Count the alerts that ended since the last block's end, by their highest tier, but for clear episodes: the budget
    is promised for ordinary days."""
    history, ended = state.history, state.watches[row].ended
    slot = peaks.today(history.peaks, row)
    for opened, tier in ended:
        if opened > history.counted[row]:
            history.counted[row] = opened
            if np.isfinite(history.thresholds[row, 0]) and history.clear[row] < opened:
                history.peaks.told[row, slot, tier.value - 1] += 1
                history.peaks.answered[row, slot, tier.value - 1] += shown[tier.value - 1]


def lesson(state: EngineState, setting: Setting) -> facility.Lesson:
    """What these residents can teach those of other agents: copies, as they stood at their last block's end."""
    known = state.profile
    everybody = np.arange(len(state.history.blocks))
    return facility.Lesson(
        setting.identity.channels, take(state.history, everybody), known.level.copy(), known.spread.copy(),
        _correlation(state), known.taught.copy(),
    )  # fmt: skip


def lean_on(state: EngineState, setting: Setting, lessons: Sequence[facility.Lesson]) -> None:
    """From now on the facility is everybody who gave a lesson, of whatever agent; thresholds follow at block ends."""
    of = facility.together(lessons, setting.identity.channels)
    night = int(max(state.prior.night[0], state.history.peaks.night.max(initial=-1)))
    state.prior = facility.learn(state.prior, of.history, setting.rates, of.level, of.spread, of.phi, of.taught, night)


def welcome(state: EngineState) -> None:
    """Whoever was never seen begins with what the facility's others teach, in place: level, spread and autocorrelation
    of each channel, as much as so few seconds as say where a person lies among others. Their own outweigh it soon."""
    new = np.flatnonzero(state.grid.cell == grid.NEVER)
    of = state.prior
    known = np.flatnonzero(np.isfinite(of.level) & np.isfinite(of.phi))
    spread, phi = np.exp(of.spread[known]), of.phi[known]
    weight = np.square(spread / np.maximum(of.apart[known], 1e-3 * spread)) * (1.0 + phi) / (1.0 - phi)
    place = np.ix_(new, known)
    usual = state.level.baseline
    for half in range(2):
        usual.level[half][place], usual.spread[half][place] = of.level[known], spread
        usual.variance[half][place] = np.square(spread)
        usual.taught[half][place] = np.minimum(np.maximum(weight, 1.0), WELCOME_S)
    noise.expect(state.noise, new, known, phi, WELCOME_S)
    if len(new):
        _teach(state, new)


def adopt_policy(state: EngineState, setting: Setting) -> None:
    """Another policy is in force from the next sample on: thresholds from its budget, at once and for everybody."""
    history = state.history
    history.thresholds[:], history.approved[:], history.spend[:] = np.inf, np.inf, 1.0
    history.peaks.told[:], history.peaks.watched[:], history.peaks.asked[:] = 0, 0, 0.0
    history.peaks.answered[:] = 0
    for row in range(len(history.blocks)):
        thresholds.estimate(history, row, setting.own_rates[row], state.prior)


def local(time: UnixSeconds, zone: str) -> Local:
    """Where a sample time falls in its place's day; of years that no calendar has, as if in UTC.

    >>> local(1_750_000_000.0, "Europe/Berlin")
    Local(hour=486113, night=20254, day_share=0.7146990740740741)
    """
    try:
        moment = datetime.fromtimestamp(time, ZoneInfo(zone))
        ahead = moment.utcoffset() or timedelta()
    except (OverflowError, ValueError, OSError):
        ahead = timedelta()
    there = time + ahead.total_seconds()
    hour = int(there // 3600.0)
    middle = (there + BLOCK_S / 2) % 86_400.0
    return Local(hour, (hour - NIGHT_HOUR) // 24, middle / 86_400.0)
