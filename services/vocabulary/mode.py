"""The two ways of watching: observables need no consent, affect needs it on record."""

from dataclasses import dataclass
from enum import StrEnum

from services.vocabulary.time import UnixSeconds


class Mode(StrEnum):
    """What may be computed about a resident."""

    OBSERVABLES = "observables"
    AFFECT = "affect"


@dataclass(frozen=True, slots=True)
class ModeDecision:
    """How a resident is to be watched from `decided_at` on. Affect needs a `consent`, the reference of the recorded
    one, and ends with it (`consent_until`, None: until it is withdrawn)."""

    resident: str
    mode: Mode
    decided_at: UnixSeconds
    decided_by: str
    consent: str = ""
    consent_until: UnixSeconds | None = None
    reason: str = ""

    def at(self, now: UnixSeconds) -> Mode:
        """What it means now: without a consent that holds, observables.

        >>> given = ModeDecision("r", Mode.AFFECT, 0.0, "Ana", "c-1", consent_until=60.0)
        >>> given.at(59.0).value, given.at(60.0).value
        ('affect', 'observables')
        """
        held = bool(self.consent) and (self.consent_until is None or now < self.consent_until)
        return Mode.AFFECT if self.mode is Mode.AFFECT and held else Mode.OBSERVABLES
