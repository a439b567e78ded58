"""A resident: known by room and bed, never by face."""

from dataclasses import dataclass
from enum import StrEnum

from services.vocabulary.approval import Proposal
from services.vocabulary.mode import Mode
from services.vocabulary.time import UnixSeconds


@dataclass(frozen=True, slots=True)
class Resident:
    """Who is watched, where, and how. `label` is what staff call the place or person on the page (personal data)."""

    id: str
    room: str
    bed: str = ""
    mode: Mode = Mode.OBSERVABLES
    label: str = ""
    consent: str = ""
    """Reference of the recorded consent; empty means none, and then `mode` must be observables."""

    def __post_init__(self) -> None:
        if self.mode is Mode.AFFECT and not self.consent:
            raise ValueError(f"resident {self.id!r} is in affect mode without a recorded consent: record one, or use "
                             "mode = 'observables'")  # fmt: skip


class Condition(StrEnum):
    """The status word of a resident on the page."""

    LEARNING = "learning"
    USUAL = "usual"
    CHANGED = "changed"
    ATTENTION = "needs attention"
    BLIND = "blind"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class ResidentNow:
    """One tile of the page: the latest thing the threshold service knows about a resident."""

    resident: Resident
    agent: str
    condition: Condition
    updated_at: UnixSeconds
    score: float
    """Composite score of the last judged second; 1.0 is this resident's own tier-1 threshold."""
    event: str = ""
    learned_share: float = 0.0
    """How much of the learning phase is done, 0..1."""
    proposals: tuple[Proposal, ...] = ()
    """Thresholds of tier 1 that wait for a person."""
