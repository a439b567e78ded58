"""What the REST interface takes and gives; unknown fields are refused."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.ledger import Acknowledgement, Dispatch
from services.vocabulary import (
    Alert,
    Approval,
    Assessment,
    Condition,
    Delivery,
    Escalation,
    Event,
    Explanation,
    Feedback,
    FeedbackVerdict,
    Mode,
    Proposal,
    Resident,
    UnixSeconds,
)

PLAIN = r"^[^\x00-\x1f]*$"
Name = Annotated[str, Field(max_length=80, pattern=PLAIN)]
Identity = Annotated[str, Field(min_length=1, max_length=255, pattern=PLAIN)]
Note = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")]
Moment = Annotated[float, Field(ge=0, le=4_000_000_000, allow_inf_nan=False)]


class Strict(BaseModel):
    """The base of everything that crosses the REST interface. NaN is written as null."""

    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="null")


class Problem(Strict):
    """RFC 9457: what went wrong, for people and programs. `type` is a short stable name."""

    type: str
    title: str
    status: int
    detail: str
    field: str = ""


class AcknowledgeIn(Strict):
    """`by` is who takes the alert; of who is signed in it is known, here and everywhere."""

    by: Name = ""


class ModeIn(Strict):
    """How a resident is to be watched. Affect needs `consent`, the reference of the recorded one (`consent_until`, Unix
    seconds: when it ends), and `by`, who answers for it."""

    mode: Mode
    consent: Name = ""
    consent_until: Moment | None = None
    by: Name = ""


class FeedbackIn(Strict):
    """A word about one alert, or (`missed`) about one resident and a time without an alert."""

    verdict: FeedbackVerdict
    alert: Identity | None = None
    resident: Identity | None = None
    about_time: Moment | None = None
    note: Note = ""
    by: Name = ""

    @model_validator(mode="after")
    def _about_one_thing(self) -> "FeedbackIn":
        if self.verdict is FeedbackVerdict.MISSED:
            if self.resident is None or self.alert is not None:
                raise ValueError("missed is about a resident and a time: expected resident (and about_time), no alert")
        elif self.alert is None or self.resident is not None or self.about_time is not None:
            raise ValueError(f"{self.verdict.value} is about an alert: expected alert, no resident and no about_time")
        return self


class ConfirmIn(Strict):
    """`by` stands for it; of who is signed in it is known."""

    by: Name = ""


class ApproveIn(Strict):
    """`by` answers for it; `wanted` is what was shown to them: every rule that waits, and its threshold."""

    by: Name = ""
    wanted: dict[Identity, Annotated[float, Field(allow_inf_nan=False)]]


class ProposalsOut(Strict):
    """One resident's thresholds of tier 1 that calibration wants beyond their envelope, as of `updated_at`."""

    resident: Resident
    agent: str
    updated_at: UnixSeconds
    proposals: list[Proposal]


class ProposalList(Strict):
    items: list[ProposalsOut]


class ApprovalOut(Strict):
    """What was approved. The threshold service acts on it within seconds of the resident's agent being connected."""

    approval: Approval


class ResidentOut(Strict):
    """One resident now; `condition` is what the page shows, `offline` when their agent is silent."""

    resident: Resident
    agent: str
    condition: Condition
    updated_at: UnixSeconds
    score: float
    event: str
    learned_share: float


class Residents(Strict):
    items: list[ResidentOut]


class AlertPage(Strict):
    """Newest first; ask for the next page with `before` = `next` (null: this was the last)."""

    items: list[Alert]
    next: UnixSeconds | None


class EventPage(Strict):
    """Newest first; ask for the next page with `before` = `next` (null: this was the last)."""

    items: list[Event]
    next: UnixSeconds | None


class AlertOut(Strict):
    """One alert with everything that belongs to it."""

    alert: Alert
    event: Event | None
    assessment: Assessment | None
    deliveries: list[Delivery]
    dispatches: list[Dispatch]
    acknowledgements: list[Acknowledgement]
    escalation: Escalation | None
    feedback: list[Feedback]


class ExplanationOut(Strict):
    """One event taken apart; null is what is not known."""

    explanation: Explanation


class Deliveries(Strict):
    items: list[Delivery]


class FeedbackList(Strict):
    items: list[Feedback]


class HistoryOut(Strict):
    """Score history: `values`, `usual` and `spread` are one list per channel, null where nothing was measured."""

    resident: str
    channels: list[str]
    time: list[UnixSeconds]
    values: list[list[float]]
    usual: list[list[float]]
    spread: list[list[float]]
    score: list[float]
    tier: list[int]


class CameraOut(BaseModel):
    """One camera as its agent's heartbeat told; what a newer agent adds is passed over."""

    model_config = ConfigDict(extra="ignore")

    camera: str = ""
    residents: list[str] = []
    blind: bool = False
    since: float = 0.0
    detail: str = ""
    falls_missed: bool = False
    given_per_s: float = 0.0
    looked_at_per_s: float = 0.0
    skipped_per_s: float = 0.0


class AgentOut(Strict):
    """One edge agent; `cameras` as it last told of them."""

    agent: str
    seen_at: UnixSeconds
    silent: bool
    software: str
    epoch: str
    skew_s: float
    dropped: int
    spooled: int
    cameras: list[CameraOut]


class Agents(Strict):
    items: list[AgentOut]


class HealthOut(Strict):
    """`ready` is false when something is missing; `problems` says what, one line each."""

    ready: bool
    software: str
    problems: list[str]
    undelivered: int
    blind_cameras: list[str]
    silent_agents: list[str]
