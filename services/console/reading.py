"""Reads from the ledger what the REST interface and the page show; nothing here writes."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from services.console.models import AgentOut, AlertOut, CameraOut
from services.ledger import (
    Acknowledgement,
    AcknowledgementRepository,
    AgentRepository,
    AlertRepository,
    AssessmentRepository,
    DeliveryRepository,
    EscalationRepository,
    EventRepository,
    FeedbackRepository,
    StatusRepository,
)
from services.vocabulary import Alert, AlertStatus, Condition, ResidentNow, Seconds, UnixSeconds

SILENT_AFTER_S: Seconds = 30.0
"""An agent or resident without news for so long is shown as such (source: guess; agents speak every 2 s)."""

LATE_SHOWN = 100

_CAMERAS = TypeAdapter(list[CameraOut])


@dataclass(frozen=True, slots=True)
class House:
    """The facility at one moment: who is how, what is open, what is broken."""

    residents: tuple[ResidentNow, ...]
    agents: tuple[AgentOut, ...]
    waiting: int
    """How many alerts nobody has taken that are not over."""
    undelivered: int
    """How many of them nobody outside the page was told of."""
    open_alerts: tuple[Alert, ...]
    """The most urgent of them, as many as were asked for."""
    alert_of: Mapping[str, str]
    """By resident, the id of the one that is most urgent."""
    missed: tuple[Alert, ...]
    """Alerts that were found too late to be urgent and that nobody has looked into, newest first."""


def house(connection: Connection, now: UnixSeconds, most: int) -> House:
    """Everything the first page needs about this moment, with at most so many open alerts in full."""
    heard, alerts = agents(connection, now), AlertRepository(connection)
    counts, alert_of = alerts.waiting_counts(), alerts.waiting_of_each()
    people = (_in_need(one) if one.resident.id in alert_of else one for one in residents(connection, now, heard))
    return House(
        tuple(people), tuple(heard), sum(counts.values()),
        counts.get(AlertStatus.UNDELIVERED, 0), tuple(alerts.waiting(most)), alert_of,
        tuple(alerts.found_late(LATE_SHOWN)),
    )  # fmt: skip


def _in_need(one: ResidentNow) -> ResidentNow:
    """Whoever has an alert that nobody has taken needs attention, also when what was seen is over."""
    calm = one.condition in (Condition.USUAL, Condition.CHANGED, Condition.LEARNING)
    return replace(one, condition=Condition.ATTENTION) if calm else one


def residents(connection: Connection, now: UnixSeconds, heard: Sequence[AgentOut]) -> list[ResidentNow]:
    """Every resident; one whose agent is silent is offline, whatever was last known."""
    speaking = {agent.agent: agent.seen_at for agent in heard}
    return [_current(status, now, speaking.get(status.agent, 0.0)) for status in StatusRepository(connection).all()]


def agents(connection: Connection, now: UnixSeconds) -> list[AgentOut]:
    """Every edge agent with its cameras."""
    return [
        AgentOut(
            agent=agent.agent,
            seen_at=agent.seen_at,
            silent=now - agent.seen_at > SILENT_AFTER_S,
            software=agent.software,
            epoch=agent.epoch,
            skew_s=agent.skew_s,
            dropped=agent.dropped,
            spooled=agent.spooled,
            cameras=_cameras(agent.cameras),
        )
        for agent in AgentRepository(connection).all()
    ]


def taken(connection: Connection, alerts: Sequence[Alert]) -> list[Alert]:
    """The alerts as they are the moment somebody took them on the page, also before alerting has heard."""
    words = AcknowledgementRepository(connection).first_of([a.id for a in alerts if a.acknowledged_at is None])
    return [_taken(alert, words[alert.id]) if alert.id in words else alert for alert in alerts]


def _taken(alert: Alert, word: Acknowledgement) -> Alert:
    status = AlertStatus.RESOLVED if alert.resolved_at is not None else AlertStatus.ACKNOWLEDGED
    return replace(alert, status=status, acknowledged_at=word.at, acknowledged_by=word.by)


def alert(connection: Connection, alert_id: str) -> AlertOut | None:
    """One alert with everything that belongs to it."""
    found = AlertRepository(connection).get(alert_id)
    if found is None:
        return None
    assessments = AssessmentRepository(connection)
    deliveries = DeliveryRepository(connection)
    return AlertOut(
        alert=taken(connection, [found])[0],
        event=EventRepository(connection).get(found.event),
        assessment=assessments.get(found.assessment) if found.assessment else assessments.of_event(found.event),
        deliveries=deliveries.of_alert(alert_id),
        dispatches=deliveries.dispatches_of(alert_id),
        acknowledgements=AcknowledgementRepository(connection).of_alert(alert_id),
        escalation=EscalationRepository(connection).of_alert(alert_id),
        feedback=FeedbackRepository(connection).of_alert(alert_id),
    )


def alert_page(
    connection: Connection, before: UnixSeconds | None, limit: int, status: AlertStatus | None, resident: str | None
) -> tuple[list[Alert], UnixSeconds | None]:
    """Alerts, newest first, and where the next page begins (None: nowhere)."""
    found = AlertRepository(connection).page(before, limit, status, resident)
    return taken(connection, found), found[-1].opened_at if len(found) >= limit else None


def _current(status: ResidentNow, now: UnixSeconds, agent_seen_at: UnixSeconds) -> ResidentNow:
    known_at = max(agent_seen_at, status.updated_at if math.isfinite(status.updated_at) else 0.0)
    return replace(status, condition=Condition.OFFLINE) if now - known_at > SILENT_AFTER_S else status


def _cameras(text: str) -> list[CameraOut]:
    try:
        return _CAMERAS.validate_python(json.loads(text))
    except (ValueError, ValidationError):
        return [CameraOut(camera="unknown", detail="the agent's report of its cameras is not understood")]
