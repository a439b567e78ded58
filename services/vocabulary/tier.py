"""How much a change matters, and what follows from it."""

from enum import IntEnum


class Tier(IntEnum):
    """A smaller number is more urgent; compare with `more_urgent_than`, not with `<`.

    >>> Tier.IMMEDIATE.more_urgent_than(Tier.MONITOR)
    True
    """

    IMMEDIATE = 1
    URGENT = 2
    MONITOR = 3

    def more_urgent_than(self, other: "Tier") -> bool:
        """Whether this tier asks for people sooner than `other`."""
        return self.value < other.value
