"""Between a path and judgement: gives the path its arrays, and looks at the samples that it says to look at."""

from collections.abc import Callable

import numpy as np

from services.vocabulary import Cue, Event, Rules
from threshold_service import decision, drifted, paths, refit
from threshold_service.engine_state import EngineState, Heard, tiers
from threshold_service.judgement.rules import COLUMNS, HELD
from threshold_service.judgement.scene import WINDOW_S
from threshold_service.kept_state import complete
from threshold_service.statistics.arrays import Ints
from threshold_service.statistics.calibration import STATISTICS, TERMS
from threshold_service.statistics.composite import Composite
from threshold_service.statistics.people import BLOCK, FADES, LOOK, NOTE, Fixed, Limits, People, Told
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


def fixed(setting: Setting) -> Fixed:
    """The numbers that stay the same."""
    of, timing = setting.meaning, setting.policy.timing
    return Fixed(
        of.higher.astype(np.float32), of.lower.astype(np.float32), of.floor, of.groups, of.outward, of.emotions,
        of.shared, of.allowed, setting.affect,
        setting.weights, COLUMNS, HELD, FADES, setting.taught, timing.restart_gap_s,
        float(setting.blind_after_s.min(initial=np.inf)), everything=setting.policy.rules is Rules.LITERAL,
    )  # fmt: skip


def blank(samples: int, state: EngineState, setting: Setting) -> Told:
    """Room for what is told of so many samples."""
    n, c = len(state.half), len(setting.identity.channels)
    slots = min(samples, n) + 1
    return Told(
        np.empty((samples, c), np.float32), np.empty((samples, c), np.float32), np.empty(samples),
        np.empty(samples, np.int8), np.zeros(1, np.int64), np.empty(slots, np.int64), np.empty(slots, np.int64),
        np.empty((slots, c), bool), np.empty((slots, c)), np.empty((slots, len(TERMS))), np.empty((slots, len(TERMS))),
        np.empty((slots, len(STATISTICS))), np.zeros(n, bool), np.empty((16, c), np.float32),
        np.empty(c, np.int32), np.empty(len(TERMS)),
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
    wave = Wave(samples.rows[at], samples.times[at], samples.values[at], samples.persons[at], run.sequences[at])
    score = told.statistics[slots, 0]
    made = Composite(told.terms[slots], told.contributions[slots], score)
    events = decide(
        state, setting, wave, Shown(told.present[slots], told.evidence[slots], made, told.statistics[slots])
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
    heard = Heard(time + cue.offset_s, cue.name.value, cue.probability)
    state.heard[row] = tuple([*recent, heard][-MOST_HEARD:])
