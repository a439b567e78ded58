"""What receivers are sent, for the OpenAPI description: our own schema, with type, timestamp and data."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.vocabulary import Mode, Notice, Opinion, Reason, Turn

SIGNED = """Signed as Standard Webhooks 1.0 asks: `webhook-id` is the idempotency key, `webhook-timestamp` seconds,
`webhook-signature` one or more of `v1,` (HMAC-SHA256) and `v1a,` (ed25519) over `id.timestamp.body`. Answer 2xx once it
is kept; 410 ends all messages until a person enables the receiver again, 429 with Retry-After asks for a pause, a
redirect is a failure. Thin receivers get no resident, opinion or headline, and these fields are absent."""


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AskedOut(_Told):
    """Who is asked by this message, and why they are."""

    role: str
    by: list[str]
    because: Turn
    at: str


class OtherOut(_Told):
    """Another alert that is open in the same room."""

    alert: str
    resident: str
    headline: str


class OpinionOut(_Told):
    """The second opinion: decision support. `borne_out` is the share of its claims that the measurements agree with."""

    reasoner: str
    opinion: Opinion
    tier: int
    urgency: str
    situation: str
    action: str
    confidence: float | None
    unknowns: list[str]
    indicators: list[str]
    checked: int
    borne_out: float | None
    contradictions: list[str]


class LinksOut(_Told):
    """Opening it changes nothing; it shows buttons that count once, within a day."""

    was_it_right: str


class AlertData(_Told):
    """One alert. `change` says of an amendment what it is about; `happened` is empty while it is recent."""

    alert: str
    event: str
    resident: str
    room: str
    tier: Annotated[int, Field(ge=1, le=3)]
    urgency: Literal["immediate", "urgent", "monitor"]
    headline: str
    opened_at: str
    ended_at: str | None
    mode: Mode
    learning: bool
    reason: Reason
    change: str
    assessment: OpinionOut | None
    asked: AskedOut | None
    others: list[OtherOut]
    page: str
    note: str
    late_s: float
    happened: str
    links: LinksOut | None = None


class AlertMessage(_Told):
    """A message about an alert."""

    type: Notice
    timestamp: str
    data: AlertData


class TroubleData(_Told):
    """A receiver that takes nothing any more, and what to do."""

    receiver: str
    why: str
    headline: str
    remedy: str
    note: str
    late_s: float
    happened: str


class TroubleMessage(_Told):
    """A message about alerting itself."""

    type: Literal[Notice.RECEIVER_DISABLED]
    timestamp: str
    data: TroubleData


class CanaryData(_Told):
    """A test that went the way of an alert, from an edge agent to here. Nothing has happened."""

    test: Literal[True]
    canary: str
    agent: str
    sent_at: str
    headline: str
    note: str
    late_s: float
    happened: str


class CanaryMessage(_Told):
    """A test notification: never an alarm for a person."""

    type: Literal[Notice.TEST]
    timestamp: str
    data: CanaryData


class SilenceData(_Told):
    """The tests of an agent that do not come out, or do so again."""

    agent: str
    headline: str
    remedy: str
    opened_at: str
    ended_at: str | None
    note: str
    late_s: float
    happened: str


class SilenceMessage(_Told):
    """A message about the way of alerts itself."""

    type: Literal[Notice.CANARY_LOST, Notice.CANARY_RETURNED]
    timestamp: str
    data: SilenceData


_MEANING = {
    Notice.OPENED: "Somebody should look in.",
    Notice.AMENDED: "The second opinion has come, or the alert has become more urgent.",
    Notice.RESOLVED: "What happened is over. A tier 1 that nobody took is still asked about.",
    Notice.ESCALATED: "Nobody took it so far, or a channel failed: you are asked now.",
    Notice.MISSED: "Found too late to be urgent: for whoever is responsible for the shift.",
}


def describe(webhooks: APIRouter) -> None:
    """Add every message to the description."""
    for notice, meaning in _MEANING.items():
        _add(webhooks, notice.value, meaning, AlertMessage)
    _add(webhooks, Notice.RECEIVER_DISABLED.value, "Another receiver said that it is gone for good.", TroubleMessage)
    _add(webhooks, Notice.TEST.value, "A canary: the way from an edge agent to here works.", CanaryMessage)
    _add(webhooks, Notice.CANARY_LOST.value, "Canaries of an agent stay away: alerts may, too.", SilenceMessage)
    _add(webhooks, Notice.CANARY_RETURNED.value, "Canaries of an agent come out again.", SilenceMessage)


def _add(webhooks: APIRouter, name: str, meaning: str, model: type[BaseModel]) -> None:
    def told(message) -> None:  # type: ignore[no-untyped-def]  # its type is a value here
        """Only described, never called."""

    told.__annotations__["message"] = model
    webhooks.post(name, summary=meaning, description=SIGNED, name=name, status_code=204)(told)
