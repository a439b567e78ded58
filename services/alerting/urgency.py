"""Whether a second opinion makes an alert more urgent: once, within a budget, and only by what was measured."""

from services.vocabulary import RULES, Alert, Assessment, Opinion, Seconds

BUDGET_S: Seconds = 7 * 86_400.0
"""The time that a budget is for."""
LEAST_SHARE = 0.8
"""Share of an opinion's claims that the measurements have to bear out (source: guess)."""


def in_the_way(made: Assessment, alert: Alert, spent: int, budget: int) -> str:
    """Why `made` does not make `alert` more urgent; empty: nothing is in the way.

    It never makes one less urgent. `spent` alerts of this resident were raised by an opinion in the last `BUDGET_S`,
    of `budget` that may be.
    """
    grounding = made.grounding
    if made.verdict.opinion is not Opinion.RAISED or not made.verdict.tier.more_urgent_than(alert.tier):
        return "it is not more urgent"
    if made.reasoner == RULES:
        return "rules have no second eye"
    if alert.raised_by or alert.acknowledged_at is not None or alert.resolved_at is not None:
        return "an opinion has raised it before, or somebody is there, or it is over"
    if grounding.contradictions:
        return f"the measurements contradict it: {grounding.contradictions[0].why}"
    if not grounding.share >= LEAST_SHARE:
        return "too little of what it says can be checked against the measurements"
    if spent >= budget:
        return f"opinions have raised {spent} alerts of this resident in seven days, and {budget} may be"
    return ""
