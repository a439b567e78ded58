"""How late a first notification is, what that changes, and how an age is said."""

from services.vocabulary import Seconds, Tier, Timing

WORTH_SAYING_S: Seconds = 60.0
"""Up to this age nobody needs to hear that it happened a moment ago (source: guess)."""


def window_s(tier: Tier, timing: Timing) -> Seconds:
    """How old an event of this tier may be and still go out with full urgency."""
    return timing.tier1_late_s if tier is Tier.IMMEDIATE else timing.tier2_late_s


def too_late(tier: Tier, age_s: Seconds, timing: Timing) -> bool:
    """Whether an event of this age is for the page only.

    >>> too_late(Tier.IMMEDIATE, 901, Timing()), too_late(Tier.URGENT, 901, Timing())
    (True, False)
    """
    return age_s > window_s(tier, timing)


def happened(age_s: Seconds) -> str:
    """When it happened, in words; empty while it is recent.

    >>> happened(30), happened(125), happened(7300)
    ('', 'happened 2 minutes ago', 'happened 2 hours ago')
    """
    if age_s <= WORTH_SAYING_S:
        return ""
    number, unit = (int(age_s // 60), "minute") if age_s < 5400 else (round(age_s / 3600), "hour")
    return f"happened {number} {unit}{'s' if number != 1 else ''} ago"
