"""Who was asked about an alert, one after the other, until somebody took it."""

from dataclasses import dataclass
from enum import StrEnum

from services.vocabulary.time import UnixSeconds


class EscalationState(StrEnum):
    """How the asking stands: it runs until somebody takes the alert, what it is about is over, or time is up."""

    RUNNING = "running"
    ACKNOWLEDGED = "acknowledged"
    OVER = "over"
    EXPIRED = "expired"


class Turn(StrEnum):
    """Why the next one is asked."""

    OPENED = "opened"
    CHANNEL_FAILED = "channel_failed"
    NOBODY_REACHED = "nobody_reached"
    NOBODY_ON_SHIFT = "nobody_on_shift"
    NO_ANSWER = "no_answer"
    STILL_NO_ANSWER = "still_no_answer"


@dataclass(frozen=True, slots=True)
class Asked:
    """One asking: `role` is the human role, `channels` the receivers by which they are asked, all at once."""

    at: UnixSeconds
    role: str
    channels: tuple[str, ...]
    turn: Turn


@dataclass(frozen=True, slots=True)
class Escalation:
    """One alert's way through a chain. `step` and `channel` are the places of who is asked now, `asked_at` since when
    that person, `tried_at` since when that channel; at `due_at` the next move is decided."""

    alert: str
    chain: str
    step: int
    channel: int
    started_at: UnixSeconds
    asked_at: UnixSeconds
    tried_at: UnixSeconds
    due_at: UnixSeconds
    rounds: int = 0
    """How often the end of the chain was asked again."""
    asked: tuple[Asked, ...] = ()
    state: EscalationState = EscalationState.RUNNING
