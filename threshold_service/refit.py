"""What happens at the end of a resident's block of 300 seconds: everything that is constant within a block is set."""

from services.vocabulary import Tier
from threshold_service.engine_state import EngineState, level_of
from threshold_service.statistics import calibration
from threshold_service.statistics.arrays import Ints
from threshold_service.statistics.fitted import refit_whitening
from threshold_service.wave import Setting


def close_blocks(state: EngineState, setting: Setting, rows: Ints) -> None:
    """The blocks of residents `rows` (k,) are full: refit, keep their maxima, set thresholds.

    Changes `state.fitted`, `state.running` and `state.history` in place, at `rows` only; `level_of(state, rows)` is how
    their statistics stand now, a copy.
    """
    refit_whitening(state.fitted, rows, level_of(state, rows).whitening.lag1)
    for row in rows.tolist():
        serious = state.watches[row].tier in (Tier.IMMEDIATE, Tier.URGENT)
        calibration.close_block(state.running, state.history, row, setting.rates, serious)
