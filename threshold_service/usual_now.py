"""How the residents of one agent stand after a wave: what is usual, the score, the open events."""

import numpy as np

from services.vocabulary import Condition, Policy, Proposal, Tier
from threshold_service.engine_state import EngineState, level_of
from threshold_service.judgement.rules import COLUMNS, RULES
from threshold_service.kept_state import complete
from threshold_service.statistics import calibration, thresholds
from threshold_service.statistics.arrays import Floats
from threshold_service.statistics.standing import Standing, standing


class UsualNow:
    """How an engine's state is now.

    `level` and `spread` are (residents, channels), NaN where nothing is learned yet; `score` and `tier` (residents,),
    1.0 being the resident's own tier-1 threshold and tier 0 no open event; `seen_at` (residents,) is the time of the
    last sample, NaN before the first. `blind_after_s` (residents,) is after how long without a value each is blind. The
    rest is computed when it is asked for.
    """

    def __init__(self, state: EngineState, policy: Policy, blind_after_s: Floats) -> None:
        baseline = level_of(state, np.arange(len(state.half))).baseline
        known = baseline.taught > 0
        self.level: Floats = np.where(known, baseline.level + state.fitted.offset, np.nan)
        self.spread: Floats = np.where(known, baseline.spread, np.nan)
        self.score: Floats = state.person.score.copy()
        self.seen_at: Floats = state.person.seen_at.copy()
        self.tier = state.tier.copy()
        self._state = state
        self._budget = policy.budget
        self._blind_after_s = blind_after_s

    @property
    def learned_share(self) -> Floats:
        """How much of the learning phase is done, 0..1, (residents,)."""
        return calibration.learned_share(self._state.running, self._state.history)

    @property
    def event(self) -> list[str]:
        """Id of each resident's open event, or empty."""
        return ["" if event is None else event.id for event in self._state.events]

    @property
    def condition(self) -> list[Condition]:
        """The status word of each resident."""
        blind = self._state.person.unseen >= self._blind_after_s
        learning = ~calibration.in_force(self._state.history)
        tiers = [self._present(row, tier) for row, tier in enumerate(self.tier.tolist())]
        return [_condition(*facts) for facts in zip(tiers, blind, learning, strict=True)]

    def _present(self, row: int, tier: int) -> int:
        """The tier of an open event as it is at present; one that only waits for its end counts as mild."""
        watch = self._state.watches[row]
        if not tier or not watch.eased:
            return tier
        return Tier.MONITOR.value if watch.now is None else watch.now.value

    @property
    def standing(self) -> list[Standing]:
        """How far each resident's thresholds can be trusted."""
        complete(self._state)
        return [standing(self._state.history, row) for row in range(len(self._state.half))]

    @property
    def achieved(self) -> Floats:
        """Alerts per watched week that each resident was told in the last four weeks, (residents, tiers), beside the
        `promised`; NaN before thresholds are in force."""
        complete(self._state)
        return thresholds.achieved(self._state.history)

    @property
    def promised(self) -> Floats:
        """Alerts per week that the budget allows each tier, (tiers,)."""
        return np.array([self._budget.tier1, self._budget.tier2, self._budget.tier3])

    @property
    def proposals(self) -> int:
        """Thresholds of tier 1 that wait for a person: calibration wants them beyond their envelope."""
        return int(np.count_nonzero(np.isfinite(self._state.history.wanted)))

    @property
    def proposed(self) -> dict[int, tuple[Proposal, ...]]:
        """The same, each whole, by resident; who has none is left out."""
        history = self._state.history
        found: dict[int, tuple[Proposal, ...]] = {}
        for row, rule in np.argwhere(np.isfinite(history.wanted)).tolist():
            one = Proposal(
                RULES[rule].reason.value, float(history.thresholds[row, rule]), float(history.wanted[row, rule]),
                float(history.approved[row, rule]), float(history.usual[row, COLUMNS[rule]]),
            )  # fmt: skip
            found[row] = (*found.get(row, ()), one)
        return found


def _condition(tier: int, blind: bool, learning: bool) -> Condition:
    if tier in (Tier.IMMEDIATE, Tier.URGENT):
        return Condition.ATTENTION
    if blind:
        return Condition.BLIND
    if learning:
        return Condition.LEARNING
    return Condition.CHANGED if tier else Condition.USUAL
