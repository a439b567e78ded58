"""How many alerts each receiver was told of in a shift, beside what the budget promises."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.vocabulary import Delivery, Notice, Outcome, Seconds, Tier

WEEK_S: Seconds = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Load:
    """One receiver in one span: the alerts it was told of by tier, each counted once, and how often it was asked again.
    `over`: more than its share of the budget."""

    receiver: str
    tier1: int
    tier2: int
    asked_again: int
    over: bool


def allowance(residents: int, span_s: Seconds, weekly: float) -> float:
    """Alerts that a budget of `weekly` per resident allows so many residents in a span.

    >>> allowance(30, 8 * 3600.0, 1.4)
    2.0
    """
    return residents * weekly * span_s / WEEK_S


def loads(deliveries: Sequence[Delivery], tiers: Mapping[str, Tier], allowed: float) -> list[Load]:
    """The load of each receiver, the heaviest first, from the delivery log of a span and the tier of each alert;
    `allowed` is what the budget of both tiers makes for that span."""
    told: dict[str, dict[str, int]] = {}
    for one in deliveries:
        heard = one.notice in (Notice.OPENED, Notice.ESCALATED) and one.outcome is Outcome.DELIVERED
        if heard and one.alert in tiers:
            times = told.setdefault(one.receiver, {})
            times[one.alert] = times.get(one.alert, 0) + 1
    found = []
    for receiver, times in told.items():
        first = sum(tiers[alert] is Tier.IMMEDIATE for alert in times)
        again = sum(times.values()) - len(times)
        found.append(Load(receiver, first, len(times) - first, again, len(times) > allowed))
    return sorted(found, key=lambda load: (-load.tier1 - load.tier2, load.receiver))
