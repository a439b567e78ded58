"""Between a path and judgement: gives the path its arrays, and looks at the samples that it says to look at."""

from collections.abc import Callable

import numpy as np

from services.vocabulary import Cue, Event, Rules
from threshold_service import decision, drifted, paths, refit
from threshold_service.engine_state import EngineState, Heard, tiers
from threshold_service.judgement.rules import COLUMNS, HELD
from threshold_service.judgement.scene import WINDOW_S
from threshold_service.kept_state import complete
from threshold_service.statistics.arrays import LANES, Ints
from threshold_service.statistics.calibration import STATISTICS, TERMS
from threshold_service.statistics.composite import Composite
from threshold_service.statistics.packed import packed
from threshold_service.statistics.people import BLOCK, FADES, LOOK, NOTE, SCRATCH, Fixed, Limits, People, Told
from threshold_service.wave import Run, Setting, Shown, Wave

MOST_HEARD = 64


def people(state: EngineState) -> People:
    """The arrays that a path changes in place."""
    history = state.history
    return People(
        state.grid, state.half, state.level, state.block, state.sustained, state.fitted, state.running,
        Limits(history.scale, history.far_scale, history.thresholds), state.person, state.window, state.counts,
        state.tier, state.odds,
    )  # fmt: skip


def pack(state: EngineState) -> None:
    """Lay what a second reads of each resident in few pieces, as the kernel wants it."""
    of = packed(people(state))
    state.grid, state.half, state.level, state.block, state.sustained = (
        of.grid, of.half, of.level, of.block, of.sustained,
    )  # fmt: skip
    state.fitted, state.running, state.person, state.window, state.counts, state.odds = (
        of.fitted, of.running, of.person, of.window, of.counts, of.odds,
    )  # fmt: skip
    state.history = state.history._replace(
        scale=of.limits.scale, far_scale=of.limits.far_scale, thresholds=of.limits.thresholds
    )


def fixed(setting: Setting) -> Fixed:
    """The numbers that stay the same."""
    of, timing, single = setting.meaning, setting.policy.timing, np.float32
    return Fixed(
        of.higher.astype(single), of.lower.astype(single), of.floor.astype(single), of.groups.astype(single),
        of.outward.astype(single), of.emotions, of.shared, np.asfortranarray(of.allowed), setting.affect,
        setting.weights, COLUMNS, HELD, FADES, setting.taught, timing.restart_gap_s,
        float(setting.blind_after_s.min(initial=np.inf)), everything=setting.policy.rules is Rules.LITERAL,
    )  # fmt: skip


def blank(samples: int, state: EngineState, setting: Setting) -> Told:
    """Room for what is told of so many samples."""
    n, c, single, terms = len(state.half), len(setting.identity.channels), np.float32, len(TERMS)
    slots, wide = min(samples, n) + 1, -(-c // LANES) * LANES
    return Told(
        np.empty((samples, wide), single), np.empty((samples, wide), single), np.empty(samples),
        np.empty(samples, np.int8), np.zeros(1, np.int64), np.empty(slots, np.int64), np.empty(slots, np.int64),
        np.empty((slots, wide), bool), np.empty((slots, wide), single), np.empty((slots, terms)),
        np.empty((slots, terms)), np.empty((slots, len(STATISTICS))), np.zeros(n, bool),
        np.empty((SCRATCH, LANES), single), np.empty(LANES, np.int32), np.empty(terms),
        np.empty(len(setting.taught.bias)),
    )  # fmt: skip


def look(
    state: EngineState, setting: Setting, run: Run, told: Told, look_back: paths.LookBack
) -> tuple[Event, ...]:  # fmt: skip
    """Remember cues, decide, and end the blocks that are full; the events that are new or changed."""
    count = int(told.waiting[0])
    at, why = told.at[:count], told.why[:count]
    rows = run.samples.rows[at]
    if np.count_nonzero(why & NOTE):
        _note(state, run, set(at[why & NOTE > 0].tolist()))
    events = _told(state, setting, run, told, np.flatnonzero(why & LOOK), decision.decide)
    full = np.flatnonzero(why & BLOCK)
    if not len(full):
        return events
    complete(state)
    refit.close_blocks(state, setting, rows[full], look_back)
    state.stirred[rows[full]] = True
    return events + _told(state, setting, run, told, full, drifted.tell)


def _told(
    state: EngineState, setting: Setting, run: Run, told: Told, slots: Ints,
    decide: Callable[[EngineState, Setting, Wave, Shown], tuple[Event, ...]],
) -> tuple[Event, ...]:  # fmt: skip
    if not len(slots):
        return ()
    at = told.at[slots]
    samples = run.samples
    c = len(setting.identity.channels)
    wave = Wave(samples.rows[at], samples.times[at], samples.values[at, :c], samples.persons[at], run.sequences[at])
    score = told.statistics[slots, 0]
    made = Composite(told.terms[slots], told.contributions[slots], score)
    events = decide(
        state, setting, wave, Shown(told.present[slots, :c], told.evidence[slots, :c], made, told.statistics[slots])
    )
    tiers(state, wave.rows)
    told.tier[at] = state.tier[wave.rows]
    return events


def _note(state: EngineState, run: Run, places: set[int]) -> None:
    for place, cue in run.cues:
        if place in places:
            _hear(state, int(run.samples.rows[place]), float(run.samples.times[place]), cue)


def _hear(state: EngineState, row: int, time: float, cue: Cue) -> None:
    recent = [heard for heard in state.heard[row] if heard.time > time - WINDOW_S]
    sounded = cue.loudness_dbfs, cue.duration_s, cue.uncertainty, cue.conflict
    heard = Heard(time + cue.offset_s, cue.name.value, cue.probability, *sounded)
    state.heard[row] = tuple([*recent, heard][-MOST_HEARD:])
