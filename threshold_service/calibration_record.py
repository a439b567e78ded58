"""What an event keeps of the calibration it was judged by: every rule's score and threshold in that second."""

import numpy as np

from services.vocabulary import Calibration, Likeness, Reading, UnixSeconds
from threshold_service import learned
from threshold_service.engine_state import EngineState
from threshold_service.judgement import rules
from threshold_service.statistics import episode_odds
from threshold_service.statistics.calibration import ABSOLUTE, BLOCK_S, BLOCKS_PER_WEEK
from threshold_service.statistics.standing import standing
from threshold_service.wave import Setting, Shown


def calibration_record(
    state: EngineState, setting: Setting, shown: Shown, i: int, row: int, at: UnixSeconds
) -> Calibration:
    """Of resident `row`, who is `i` in the wave that showed this."""
    history, seen = state.history, rules.looked_at(shown.statistics)[i]
    in_force = np.isfinite(history.thresholds[row])
    thresholds, releases = (
        np.where(in_force, of[row], np.nan).tolist() for of in (history.thresholds, history.releases)
    )
    readings = [
        Reading(
            rule.reason, rule.tier, float(seen[i]), thresholds[i], releases[i],
            setting.own_rates[row].per_block[i] * BLOCKS_PER_WEEK, bool(in_force[i] and not history.shown[row, i]),
        )
        for i, rule in enumerate(rules.RULES)
    ]  # fmt: skip
    weekly = rules.CUE.share * setting.policies[row].budget.tier1
    cue = Reading(
        rules.CUE.reason, rules.CUE.tier, float(state.person.cue[row]), setting.policies[row].cue_threshold, np.nan,
        weekly,
        provisional=False,
    )  # fmt: skip
    return Calibration(
        at=at,
        version=int(history.version[row]),
        standing=standing(history, row).value,
        watched_s=float(history.blocks[row]) * BLOCK_S,
        readings=(*readings, cue),
        resembles=_resembles(state, setting.taught, row) if setting.weights[ABSOLUTE] > 0.0 else (),
    )


def _resembles(state: EngineState, of: episode_odds.Taught, row: int) -> tuple[Likeness, ...]:
    """Every kind of episode that was learned, the likeliest first, as of the last full bin."""
    odds = state.odds
    said = episode_odds.said(of, odds.levels[[row]], odds.company[[row]], odds.cue[[row]])[0]
    kinds = (Likeness(kind, one) for kind, one in zip(learned.kinds(), said.tolist(), strict=True))
    return tuple(sorted(kinds, key=lambda one: -one.log_odds))
