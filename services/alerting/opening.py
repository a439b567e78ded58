"""Sends due alerts through the stages, or to the page only when they were found too late."""

from dataclasses import replace

from sqlalchemy import Connection, text

from services.alerting import standing
from services.alerting.acknowledging import as_known
from services.alerting.chains import missed_by
from services.alerting.dedup import opening_of
from services.alerting.escalate import begin, first_tellings
from services.alerting.plan import Plan
from services.alerting.stage import Telling, through
from services.ledger import (
    AlertRepository,
    AssessmentRepository,
    DeliveryRepository,
    EdgeAlarmRepository,
    EscalationRepository,
    EventRepository,
)
from services.vocabulary import (
    Alert,
    AlertStatus,
    Assessment,
    Delivery,
    EdgeAlarm,
    Escalation,
    Event,
    Notice,
    Outcome,
    UnixSeconds,
)

_TURN = 0x0A77_0E04
NOBODY = "no receiver takes this tier: name one in ATTUNE_ALERTS_RECEIVERS"


def take_turn(connection: Connection) -> None:
    """Let one transaction at a time change alerts, so that none overwrites another's word; SQLite does so anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _TURN})


def open_due(connection: Connection, now: UnixSeconds, plan: Plan) -> None:
    """Hand over every pending alert whose time has come and that nobody was handed yet."""
    for alert in AlertRepository(connection).due_unsent(now):
        tell_opening(connection, alert, now, plan)


def tell_opening(connection: Connection, alert: Alert, now: UnixSeconds, plan: Plan) -> None:
    """Hand one pending alert over; one that is too late becomes missed, one that nobody takes undelivered."""
    if alert.status is not AlertStatus.PENDING or alert.notify_not_before > now:
        return
    alert = as_known(connection, alert)
    event = EventRepository(connection).get(alert.event)
    if event is not None and alert.status is AlertStatus.PENDING:
        dispatched = bool(DeliveryRepository(connection).dispatches_of(alert.id))
        opinion = AssessmentRepository(connection).get(alert.assessment) if alert.assessment else None
        known = EscalationRepository(connection).of_alert(alert.id)
        _hand_over(connection, Telling(alert, event, Notice.OPENED, "", opinion), dispatched, known, now, plan)


def tell_new(
    connection: Connection, alert: Alert, event: Event, opinion: Assessment | None, now: UnixSeconds, plan: Plan
) -> None:
    """The same for an alert that was made this moment: nothing has to be looked up about it."""
    if alert.notify_not_before <= now:
        _hand_over(connection, Telling(alert, event, Notice.OPENED, "", opinion), False, None, now, plan)


def _hand_over(
    connection: Connection, telling: Telling, dispatched: bool, known: Escalation | None, now: UnixSeconds, plan: Plan
) -> None:
    alert, event = telling.alert, telling.event
    told_before = None if dispatched else EdgeAlarmRepository(connection).of_event(event)
    if told_before is not None:
        _told_by_edge(connection, alert, told_before)
        return
    if not dispatched and _held(connection, telling, now, plan):
        return
    judged = alert if dispatched else standing.judged_late(alert, now, plan.timing)
    if judged.status is AlertStatus.MISSED:
        tell_missed(connection, judged, event, now, plan)
    else:
        opening = replace(telling, alert=judged, occasion=opening_of(judged))
        asked = begin(connection, judged, known, now, plan)
        told = through(plan.stages, connection, now, first_tellings(opening, asked, plan.chains.of(judged.tier, now)))
        if not told and not dispatched:
            judged = standing.undelivered(judged)
            refusal = Delivery("", alert.id, Notice.OPENED, "", 0, now, Outcome.REFUSED, detail=NOBODY)
            DeliveryRepository(connection).record(refusal)
    if judged != alert:
        AlertRepository(connection).update(judged)


def _held(connection: Connection, telling: Telling, now: UnixSeconds, plan: Plan) -> bool:
    """Whether something keeps an opening back; the log says what, once."""
    alert = telling.alert
    hold = next((found for holder in plan.holders if (found := holder(connection, now, telling))), None)
    if hold is None:
        return False
    if hold.why != alert.held:
        said = Delivery("", alert.id, Notice.OPENED, "", 0, now, Outcome.REFUSED, detail=f"not sent: {hold.why}")
        DeliveryRepository(connection).record(said)
    AlertRepository(connection).update(standing.held(alert, hold.why, hold.until))
    return True


def tell_missed(connection: Connection, alert: Alert, event: Event, now: UnixSeconds, plan: Plan) -> None:
    """The last person of the chain hears of what was found too late to be urgent; without a chain, the page alone."""
    tellings = [
        Telling(alert, event, Notice.MISSED, opening_of(alert), receiver=receiver)
        for receiver in missed_by(plan.chains.of(alert.tier, now))
    ]
    through(plan.stages, connection, now, tellings)


def _told_by_edge(connection: Connection, alert: Alert, alarm: EdgeAlarm) -> None:
    """Nobody is told twice: the log says who was told by whom, and when."""
    at = alarm.told_at or alarm.raised_at
    agent = alarm.position.agent
    AlertRepository(connection).update(standing.told_by_edge(alert, agent, at))
    said = Delivery(alarm.id, alert.id, Notice.OPENED, alarm.receiver, alarm.attempts, at, Outcome.DELIVERED,
                    detail=f"told by the edge agent {agent} itself, while it was cut off")  # fmt: skip
    DeliveryRepository(connection).record(said)
