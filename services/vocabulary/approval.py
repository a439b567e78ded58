"""What calibration may not do by itself: a tier-1 threshold beyond its envelope, and the person who lets it."""

from dataclasses import dataclass

from services.vocabulary.time import UnixSeconds


@dataclass(frozen=True, slots=True)
class Proposal:
    """One threshold of tier 1 that calibration wants higher than the envelope allows, in the unit of its statistic.

    `rule` is the reason that an event of it gives. `threshold` is in force, `wanted` would be, `approved` is what a
    person or the resident's own first full history settled on, and `usual` this resident's typical peak: all lie above
    it, and the farther, the less often the rule speaks.
    """

    rule: str
    threshold: float
    wanted: float
    approved: float
    usual: float


@dataclass(frozen=True, slots=True)
class Approval:
    """A named person lets these thresholds of one resident rise, as they were shown to them and no farther."""

    id: str
    resident: str
    by: str
    at: UnixSeconds
    proposals: tuple[Proposal, ...]
