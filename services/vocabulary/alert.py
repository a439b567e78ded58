"""What a caregiver is told, and how far the telling has come."""

from dataclasses import dataclass
from enum import StrEnum

from services.vocabulary.tier import Tier
from services.vocabulary.time import Seconds, UnixSeconds


class AlertStatus(StrEnum):
    """Where the alert stands. `MISSED` alerts were found too late to be urgent; `ESCALATED` ones were not taken by
    whoever was told first, and somebody else is asked; `EXPIRED` ones nobody took for as long as anybody was asked."""

    PENDING = "pending"
    NOTIFIED = "notified"
    UNDELIVERED = "undelivered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    MISSED = "missed"
    ESCALATED = "escalated"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert per event; amendments update it, never make a second one.

    `headline` is one sentence for a person in a hurry. `late_s` is how old the event was at first delivery.
    """

    id: str
    event: str
    resident: str
    room: str
    tier: Tier
    status: AlertStatus
    headline: str
    opened_at: UnixSeconds
    created_at: UnixSeconds
    notify_not_before: UnixSeconds
    notified_at: UnixSeconds | None = None
    late_s: Seconds = 0.0
    acknowledged_at: UnixSeconds | None = None
    acknowledged_by: str = ""
    resolved_at: UnixSeconds | None = None
    assessment: str = ""
    raised_by: str = ""
    """The assessment that made it more urgent than its event; empty where none did."""
    held: str = ""
    """Why nobody was told yet, or was not told before it was over: silenced, inhibited, told with another one."""
    technical: bool = False
    """About a camera, not about the person: told to those who repair it."""
    told_by: str = ""
    """The edge agent that told of it by itself while it was cut off; nobody was, or will be, told by alerting."""


class Outcome(StrEnum):
    """How one attempt to deliver ended."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"


class Notice(StrEnum):
    """What a delivery tells."""

    OPENED = "alert.opened"
    AMENDED = "alert.amended"
    RESOLVED = "alert.resolved"
    ESCALATED = "alert.escalated"
    MISSED = "alert.missed"
    TEST = "alert.test"
    RECEIVER_DISABLED = "receiver.disabled"
    CANARY_LOST = "canary.lost"
    CANARY_RETURNED = "canary.returned"

    @property
    def about_an_alert(self) -> bool:
        """Whether it tells of an alert; the others tell of alerting itself."""
        return self.value.startswith("alert.") and self is not Notice.TEST


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to tell one receiver; `message` is the idempotency key that all its attempts share."""

    message: str
    alert: str
    notice: Notice
    receiver: str
    attempt: int
    at: UnixSeconds
    outcome: Outcome
    http_status: int = 0
    detail: str = ""
    duration_s: Seconds = 0.0
