"""A change that was found in one resident, with every reason for it."""

import uuid
from dataclasses import dataclass
from enum import StrEnum

from services.vocabulary.deviation import Deviation, Term
from services.vocabulary.evidence import Evidence
from services.vocabulary.sample import Position
from services.vocabulary.tier import Tier
from services.vocabulary.time import Seconds, UnixSeconds

EVENT_NAMESPACE = uuid.UUID("6f0b3c0e-6a52-5d0e-9f51-0d8f2f6f7a11")


class Reason(StrEnum):
    """Which rule spoke."""

    COMPOSITE = "composite"
    CHANNEL = "channel"
    CUE = "cue"
    SUSTAINED = "sustained"
    ESCALATION = "escalation"
    BUILD_UP = "build_up"
    VOLATILITY = "volatility"
    MILD = "mild"
    DRIFT = "drift"
    BLIND = "blind"


@dataclass(frozen=True, slots=True)
class Reading:
    """What one rule read in that second: its `score`, the `threshold` it speaks above and the `release` below which it
    rests (both NaN where the rule was not in force), and the alerts per resident-week that it may spend. A
    `provisional` threshold is rarer than this person's own history can show."""

    reason: Reason
    tier: Tier
    score: float
    threshold: float
    release: float
    weekly: float
    provisional: bool


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much the last minutes were like one `kind` of simulated episode, as log-odds against ordinary life: above 0
    in all but a hundredth of ordinary seconds, so that only the comparison between kinds and with the threshold of the
    rule tells anything. A pattern in scores, not a finding about a person."""

    kind: str
    log_odds: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Where the thresholds stood `at` the second that is told of: `version` counts this person's estimates, `standing`
    says how far they can be trusted (learning, usable, settled, stale), `watched_s` is the history in view that taught
    them. `resembles` is every kind of episode that was learned, the likeliest first, empty where the policy has
    switched the learned opinion off."""

    at: UnixSeconds
    version: int
    standing: str
    watched_s: Seconds
    readings: tuple[Reading, ...]
    resembles: tuple[Likeness, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One event as of its `revision`; a later revision replaces an earlier one of the same id.

    `tier` is the highest tier reached so far. `score` is the statistic that fired and `threshold` what it fired
    over; both belong to `reason`. `ended_at` is None while the event is open.
    """

    id: str
    revision: int
    resident: str
    position: Position
    opened_at: UnixSeconds
    updated_at: UnixSeconds
    ended_at: UnixSeconds | None
    tier: Tier
    reason: Reason
    detector: str
    score: float
    threshold: float
    terms: tuple[Term, ...]
    deviations: tuple[Deviation, ...]
    evidence: Evidence
    policy_version: str
    learning: bool = False
    calibration: Calibration | None = None
    """As of the revision that opened or raised it; None in events of before it was recorded."""

    @property
    def open(self) -> bool:
        """Whether the resident is still away from their usual."""
        return self.ended_at is None


def event_id(resident: str, position: Position) -> str:
    """UUIDv5 of (resident, agent, epoch, sequence of the sample at which the event opened): equal on every replay.

    >>> event_id("r1", Position("a", "00", 7)) == event_id("r1", Position("a", "00", 7))
    True
    """
    name = "\x1f".join((resident, position.agent, position.epoch, str(position.sequence)))
    return str(uuid.uuid5(EVENT_NAMESPACE, name))
