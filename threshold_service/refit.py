"""What happens at the end of a resident's block of 300 seconds, and once in their night: by sample time alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from services.vocabulary import Tier, UnixSeconds
from threshold_service.engine_state import EngineState, level_of
from threshold_service.statistics import (
    baseline,
    calibration,
    facility,
    fitted,
    grid,
    level_path,
    moved,
    noise,
    noise_fit,
    peaks,
    profile,
    standing,
    thresholds,
    trace,
)
from threshold_service.statistics.arrays import Floats, Ints, clipped, take
from threshold_service.statistics.calibration import BLOCK_S, SETTLED
from threshold_service.statistics.level_path import LevelPath
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


def close_blocks(state: EngineState, setting: Setting, rows: Ints) -> None:
    """The blocks of residents `rows` (k,) are full: refit, keep their maxima, set thresholds and offsets.

    Changes `state.fitted`, `state.running`, `state.history`, `state.profile` and `state.prior`, at `rows` only but for
    the prior, which is learned from how everybody stood at their own last block's end. `level_of(state, rows)` is how
    their statistics stand now, a copy.
    """
    now = level_of(state, rows)
    z = np.stack([_distances(state, row, now.baseline, place) for place, row in enumerate(rows.tolist())], axis=1)
    force = state.fitted
    surprises = noise.innovations(z, force.gain[rows], force.lag[rows], force.echo[rows])
    for place, row in enumerate(rows.tolist()):
        _learn_noise(state, row, z[:, place], surprises[:, place])
        _close(state, setting, row, now, place)


def _close(state: EngineState, setting: Setting, row: int, now: LevelPath, place: int) -> None:
    history, prior = state.history, state.prior
    time = float(state.person.seen_at[row])
    here = local(time, setting.identity.time_zone)
    watch = state.watches[row]
    _learn_hour(state, row, now.baseline, place, here)
    trace.remember(state.trace, row, here.hour, state.window.values[row], state.window.cells[row])
    standing.came_back(history, row, time)
    rates = setting.own_rates[row]
    if calibration.close_block(state.running, history, row, rates, watch.tier in (Tier.IMMEDIATE, Tier.URGENT)):
        history.clear[row] = time
    if watch.ended:
        _count(state, row)
    first = history.peaks.night[row] < 0
    over = here.night != history.peaks.night[row] and not first
    if first or over:
        history.peaks.night[row] = here.night
    if over:
        _night(state, setting, row, now, place, here)
    if over or history.blocks[row] <= SETTLED:
        thresholds.estimate(history, row, rates, prior)
    state.fitted.offset[row] = profile.offset(state.profile, row, here.day_share)


def _distances(state: EngineState, row: int, usual: baseline.Baseline, place: int) -> Floats:
    """Distances of the last seconds (s, c) from the usual, in spreads, where the usual was learned from them too."""
    raw = trace.in_order(state.window.values[row], state.window.cells[row], state.window.taught[row])
    return clipped((raw - state.fitted.offset[row] - usual.level[place]) / usual.spread[place], level_path.FARTHEST)


def _learn_noise(state: EngineState, row: int, z: Floats, surprises: Floats) -> None:
    """What the last seconds showed of the person's noise; by it the detector's parameters, at first."""
    noise.observe(state.noise, row, z, surprises)
    closed = int(state.history.closed[row])
    if closed < EARLY and (closed < _AT_FIRST or closed % _AT_FIRST == 0):
        _teach(state, row)


def _teach(state: EngineState, row: int) -> None:
    """The detector's parameters from what is known of the person's noise."""
    learned = noise_fit.parameters(noise.of(state.noise, row), fitted.in_force(state.fitted, row))
    fitted.adopt(state.fitted, row, learned)


def _learn_hour(state: EngineState, row: int, usual: baseline.Baseline, place: int, here: Local) -> None:
    """What the block taught the level is what it teaches of its hour."""
    known = state.profile
    if known.hour[row] not in (-1, here.hour):
        moved.hour(state.drift, row, known)
    level, taught = usual.level[place], usual.taught[place]
    means = profile.block_mean(level, known.level[row], taught, known.taught[row], baseline.MEMORY_S)
    profile.observe(known, row, means + state.fitted.offset[row], usual.spread[place], here.hour)
    known.level[row], known.taught[row], known.spread[row] = level, taught, usual.spread[place]


def _night(state: EngineState, setting: Setting, row: int, now: LevelPath, place: int, here: Local) -> None:
    """Once per local day in view: the day's peaks become history, the curve of the day is fitted, the facility's prior
    is learned where it is older than this night."""
    history = state.history
    slot = peaks.today(history.peaks, row)
    if history.peaks.blocks[row, slot] >= peaks.LEAST_BLOCKS:
        peaks.close_day(history.peaks, row, calibration.recent(history, row, int(history.peaks.blocks[row, slot])))
    _refit_orders(state, row)
    _teach(state, row)
    profile.refit(state.profile, row, now.baseline.spread[place], here.day_share)
    if here.night != state.prior.night[0]:
        known, phi = state.profile, _correlation(state)
        state.prior = facility.learn(
            state.prior, history, setting.rates, known.level, known.spread, phi, known.taught, here.night
        )
    thresholds.rebalance(history, row, setting.own_rates[row], state.prior)


def _correlation(state: EngineState) -> Floats:
    return noise.correlation(noise.covariance(state.noise))


def _refit_orders(state: EngineState, row: int) -> None:
    from threshold_service.statistics.orders import orders  # statsmodels takes a second to import: once, at night

    state.trace.coefficients[row], state.trace.steady[row] = orders(trace.apart(state.trace, row))


def _count(state: EngineState, row: int) -> None:
    """Count the alerts that ended since the last block's end, by their highest tier, but for clear episodes: the budget
    is promised for ordinary days."""
    history, ended = state.history, state.watches[row].ended
    slot = peaks.today(history.peaks, row)
    for opened, tier in ended:
        if opened > history.counted[row]:
            history.counted[row] = opened
            if np.isfinite(history.thresholds[row, 0]) and history.clear[row] < opened:
                history.peaks.told[row, slot, tier.value - 1] += 1


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
    for row in new.tolist():
        _teach(state, row)


def adopt_policy(state: EngineState, setting: Setting) -> None:
    """Another policy is in force from the next sample on: thresholds from its budget, at once and for everybody."""
    history = state.history
    history.thresholds[:], history.approved[:], history.spend[:] = np.inf, np.inf, 1.0
    history.peaks.told[:], history.peaks.watched[:] = 0, 0
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
