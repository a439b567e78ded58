"""The rules that may speak, the share of the alarm budget each may spend, and who speaks first."""

from dataclasses import dataclass

import numpy as np

from services.vocabulary import Budget, Reason, Tier
from threshold_service.statistics.arrays import Bools, Floats, Ints
from threshold_service.statistics.calibration import BLOCKS_PER_WEEK, STATISTICS, Rates

HELD = np.array([bits.bit_count() >= 2 for bits in range(8)])
"""Whether an alarm cue was there in two of the last three samples, by their three bits."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: it speaks when `statistic` exceeds the threshold that `share` of the tier's budget pays for."""

    reason: Reason
    tier: Tier
    statistic: str
    share: float
    detector: str


RULES = (
    Rule(Reason.COMPOSITE, Tier.IMMEDIATE, "composite", 0.2, "composite of fused detectors"),
    Rule(Reason.ESCALATION, Tier.IMMEDIATE, "escalation", 0.3, "log-odds of an episode"),
    Rule(Reason.CHANNEL, Tier.IMMEDIATE, "channel", 0.3, "distance held two seconds"),
    Rule(Reason.BUILD_UP, Tier.URGENT, "held", 0.7, "rolling minimum of the log-odds of an episode"),
    Rule(Reason.SUSTAINED, Tier.URGENT, "sustained", 0.2, "rolling minimum of the composite"),
    Rule(Reason.VOLATILITY, Tier.URGENT, "volatility", 0.1, "mean step"),
    Rule(Reason.MILD, Tier.MONITOR, "composite", 0.7, "composite of fused detectors"),
    Rule(Reason.DRIFT, Tier.MONITOR, "drift", 0.3, "slow level"),
)
"""Calibrated rules, most urgent first. The alarm cue has the remaining 20 % of tier 1 and a fixed rule of its own."""
COLUMNS = np.array([STATISTICS.index(rule.statistic) for rule in RULES])
CUE = Rule(Reason.CUE, Tier.IMMEDIATE, "", 0.2, "alarm cue in two of three samples")
MOVED = Rule(Reason.DRIFT, Tier.MONITOR, "", 0.0, "ADWIN over hourly means")
"""Promises `moved.WEEKLY` reports a week of its own, beside the budget of tier 3."""
BLIND = Rule(Reason.BLIND, Tier.MONITOR, "", 0.0, "nothing seen or heard")


def rates(budget: Budget, envelope: float = 1.5) -> Rates:
    """Exceedances per block that `budget` (alerts per resident-week) allows each rule, and the `envelope` of tier 1.

    >>> round(rates(Budget()).per_block[0] * BLOCKS_PER_WEEK, 6)
    0.28
    """
    weekly = {Tier.IMMEDIATE: budget.tier1, Tier.URGENT: budget.tier2, Tier.MONITOR: budget.tier3}
    return Rates(
        tuple(rule.share * weekly[rule.tier] / BLOCKS_PER_WEEK for rule in RULES),
        tuple(STATISTICS.index(rule.statistic) for rule in RULES),
        tuple(rule.tier.value - 1 for rule in RULES),
        envelope,
    )


def looked_at(statistics: Floats) -> Floats:
    """The statistic of every rule: (n, statistics) to (n, rules)."""
    picked: Floats = statistics[:, COLUMNS]
    return picked


def cue_bits(bits: Ints, heard: Bools, passed: Ints) -> Ints:
    """The last three samples' alarm cues as bits, (n,), after one more; `passed` cells were missed in between.

    >>> cue_bits(np.array([1, 1]), np.array([True, True]), np.array([0, 3])).tolist()
    [3, 1]
    """
    shifted: Ints = ((bits << (1 + np.minimum(passed, 2))) | heard) & 7
    return shifted


def verdict(over: Bools, held: bool, blind: bool) -> Rule | None:
    """The most urgent rule that speaks for one resident: `over` (rules,), a cue `held`, or `blind`."""
    spoken = [rule for rule, speaks in zip(RULES, over.tolist(), strict=True) if speaks]
    if held:
        spoken.append(CUE)
    if blind:
        spoken.append(BLIND)
    return min(spoken, key=lambda rule: rule.tier.value, default=None)


def lasting(seen: Floats, releases: Floats, held: bool, blind: bool) -> Tier | None:
    """The most urgent tier that still holds by hysteresis: `seen` and `releases` are (rules,)."""
    tiers = [rule.tier for rule, still in zip(RULES, (seen > releases).tolist(), strict=True) if still]
    tiers += [Tier.IMMEDIATE] * held + [Tier.MONITOR] * blind
    return min(tiers, key=lambda tier: tier.value, default=None)
