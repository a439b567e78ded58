"""Tells that a resident's usual itself has moved: a tier-3 event at a block's end, with what moved and how far."""

from dataclasses import replace

import numpy as np

from services.vocabulary import Calibration, Deviation, Event, Reading, Seconds
from threshold_service.decision import follow
from threshold_service.engine_state import EngineState
from threshold_service.judgement.rules import MOVED
from threshold_service.statistics import moved
from threshold_service.wave import Setting, Shown, Wave

APART_S: Seconds = 86_400.0
"""Channels that move within a day are told together, in one note (source: guess)."""


def tell(state: EngineState, setting: Setting, wave: Wave, shown: Shown) -> tuple[Event, ...]:
    """The events that open for residents of `wave` whose usual moved; it waits while another event is open, or in the
    cooldown after one. Changes `state`'s watches, events and moves."""
    told = []
    for i, row in enumerate(wave.rows.tolist()):
        time = float(wave.times[i])
        if state.watches[row].tier is not None or not moved.waits(state.drift, row, time, APART_S):
            continue
        found = float(np.nanmax(state.drift.evidence[row]))
        limit = moved.threshold(int(np.isfinite(state.drift.origin[row]).sum()))
        event = follow(state, setting, wave, shown, i, (MOVED, found, limit), None)
        if event is not None:
            moves = _moves(state.drift, row, setting.identity.channels)
            told.append(replace(event, deviations=moves, calibration=_calibration(event, found, limit)))
            state.events[row] = told[-1]
            moved.told(state.drift, row, time)
    return tuple(told)


def _calibration(event: Event, found: float, limit: float) -> Calibration | None:
    """With what the watch read, first; its threshold is everybody's, not this person's own."""
    own = Reading(MOVED.reason, MOVED.tier, found, limit, np.nan, moved.WEEKLY, provisional=True)
    return event.calibration and replace(event.calibration, readings=(own, *event.calibration.readings))


def _moves(state: moved.Moved, row: int, channels: tuple[str, ...]) -> tuple[Deviation, ...]:
    """What is usual now beside what was, the clearest first; nothing of it is in the composite score."""
    order = np.argsort(-np.nan_to_num(state.evidence[row], nan=-np.inf), kind="stable")
    before, after, spread = state.before[row], state.after[row], state.spread[row]
    return tuple(
        Deviation(
            channels[c], float(after[c]), float(before[c]), float(spread[c]), float((after[c] - before[c]) / spread[c])
        )
        for c in order.tolist() if np.isfinite(before[c])
    )  # fmt: skip
