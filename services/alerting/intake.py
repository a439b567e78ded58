"""What each message from the other rooms does to an alert, inside the consumer's transaction."""

import json

from sqlalchemy import Connection

from services.alerting import metrics, standing, urgency
from services.alerting.dead_letters import NotReplayed, replay
from services.alerting.dedup import RAISED
from services.alerting.disabling import enable
from services.alerting.escalate import begin, first_tellings, settle, wake
from services.alerting.opening import take_turn, tell_new, tell_opening
from services.alerting.plan import Plan
from services.alerting.stage import Telling, through
from services.ledger import (
    Acknowledgement,
    AlertRepository,
    AssessmentRepository,
    AuditRepository,
    DeliveryRepository,
    Enabling,
    EscalationRepository,
    EventRepository,
    OutboxMessage,
    Replay,
    RosterRepository,
    StatusRepository,
)
from services.runtime import logs
from services.runtime.clock import Clock
from services.runtime.codec import from_json
from services.vocabulary import Alert, AlertStatus, Asked, Assessment, Event, Notice, Opinion, Reason, Tier

ALERT_RAISED = "alert.raised_by_opinion"
"""In the audit chain: a second opinion made an alert more urgent."""


class Intake:
    """Handlers of the three topics that alerting consumes; each runs in one transaction and never sends."""

    def __init__(self, clock: Clock, plan: Plan, raises: int = 1) -> None:
        self._clock = clock
        self._plan = plan
        self._raises = raises

    def event_changed(self, connection: Connection, message: OutboxMessage) -> None:
        """A new or changed event: opens an alert, raises it, ends it, or (tier 3) does nothing."""
        take_turn(connection)
        event = from_json(Event, message.body)
        alert = AlertRepository(connection).of_event(event.id)
        if alert is None:
            blind = event.reason is Reason.BLIND and event.ended_at is None and bool(self._plan.chains.technical)
            if event.tier is Tier.MONITOR and not blind:
                return
            self._open(connection, event)
            return
        alert = self._raise(connection, alert, event)
        if event.ended_at is not None:
            alert = self._end(connection, alert, event)
        tell_opening(connection, alert, self._clock.now(), self._plan)

    def assessment_made(self, connection: Connection, message: OutboxMessage) -> None:
        """A second opinion: amends what was told, or goes out with what was not told yet."""
        take_turn(connection)
        made = from_json(Assessment, message.body)
        alert = AlertRepository(connection).of_event(made.event)
        if alert is None:
            return  # the alert is made later, or never (tier 3); `_open` finds the assessment in the ledger
        now = self._clock.now()
        after = self._weighed(connection, standing.assessed(alert, made.id, now), made)
        AlertRepository(connection).update(after)
        event = EventRepository(connection).get(made.event)
        if event is not None and alert.raised_by != made.id:  # whoever was told that it raised has heard it
            occasion = RAISED if after.raised_by == made.id else made.id
            go = self._go_raised if occasion == RAISED else self._go
            go(connection, Telling(after, event, Notice.AMENDED, occasion, made))
        tell_opening(connection, after, now, self._plan)

    def acknowledged(self, connection: Connection, message: OutboxMessage) -> None:
        """Somebody took the alert: nobody is told about it any more."""
        take_turn(connection)
        word = from_json(Acknowledgement, message.body)
        alert = AlertRepository(connection).get(word.alert)
        if alert is not None:
            AlertRepository(connection).update(standing.acknowledged(alert, word.by, word.at))
            settle(connection, alert.id)

    def replayed(self, connection: Connection, message: OutboxMessage) -> None:
        """A person wants a dispatch that was given up to be tried again; one that may not be stays as it is."""
        take_turn(connection)
        word = from_json(Replay, message.body)
        try:
            replay(connection, word.message, word.receiver, word.by, self._clock.now())
        except NotReplayed as error:
            logs.logger().warning("not replayed", detail=str(error))

    def enabled(self, connection: Connection, message: OutboxMessage) -> None:
        """A person says that a disabled receiver is there again."""
        take_turn(connection)
        word = from_json(Enabling, message.body)
        enable(connection, word.receiver, word.by, self._clock.now())

    def _open(self, connection: Connection, event: Event) -> None:
        now = self._clock.now()
        alert = standing.opened(event, _room(connection, event), now, self._plan.timing)
        known = AssessmentRepository(connection).of_event(event.id)
        if known is not None:
            alert = self._weighed(connection, standing.assessed(alert, known.id, now), known)
        if event.ended_at is not None:
            alert = standing.ended(alert, event.ended_at)
        AlertRepository(connection).create(alert)
        metrics.ALERTS.labels(str(event.tier.value)).inc()
        tell_new(connection, alert, event, known, now, self._plan)

    def _weighed(self, connection: Connection, alert: Alert, made: Assessment) -> Alert:
        """The alert, more urgent where the opinion says so and nothing is in its way."""
        if made.verdict.opinion is not Opinion.RAISED:
            return alert
        now = self._clock.now()
        spent = AlertRepository(connection).raised_by_opinion(alert.resident, now - urgency.BUDGET_S)
        why_not = urgency.in_the_way(made, alert, spent, self._raises)
        metrics.OPINIONS_RAISED.labels("no" if why_not else "yes").inc()
        logs.logger().info("an opinion would raise an alert", alert=alert.id, raised=not why_not, why_not=why_not)
        if why_not:
            return alert
        facts = {"alert": alert.id, "assessment": made.id, "from": alert.tier.value, "to": made.verdict.tier.value}
        AuditRepository(connection).append(ALERT_RAISED, json.dumps(facts), now)
        return standing.raised_by(alert, made, now)

    def _raise(self, connection: Connection, alert: Alert, event: Event) -> Alert:
        after = standing.raised(alert, event)
        if after != alert:
            AlertRepository(connection).update(after)
            # An opening that is on its way says the lesser urgency, however long it takes to arrive.
            on_its_way = bool(DeliveryRepository(connection).dispatches_of(after.id))
            if on_its_way or after.status is not AlertStatus.PENDING:
                self._go_raised(connection, Telling(after, event, Notice.AMENDED, RAISED))
        return after

    def _end(self, connection: Connection, alert: Alert, event: Event) -> Alert:
        after = standing.ended(alert, event.ended_at or event.updated_at)
        if after != alert:
            AlertRepository(connection).update(after)
            self._go(connection, Telling(after, event, Notice.RESOLVED))
        return after

    def _go_raised(self, connection: Connection, telling: Telling) -> None:
        """Those of the more urgent tier's chain are asked from its beginning, unless they are being asked already."""
        now, alert = self._clock.now(), telling.alert
        asked = None if alert.acknowledged_at or alert.told_by else self._begin(connection, alert)
        wake(connection, alert.id, now)
        tellings = first_tellings(telling, asked, self._plan.chains.of(alert.tier, now))
        through(self._plan.stages, connection, now, tellings)

    def _begin(self, connection: Connection, alert: Alert) -> Asked | None:
        known = EscalationRepository(connection).of_alert(alert.id)
        return begin(connection, alert, known, self._clock.now(), self._plan)

    def _go(self, connection: Connection, telling: Telling) -> None:
        through(self._plan.stages, connection, self._clock.now(), [telling])


def _room(connection: Connection, event: Event) -> str:
    now = StatusRepository(connection).get(event.resident)
    if now is not None:
        return now.resident.room
    seated = RosterRepository(connection).of([event.resident])
    return (seated[0].room if seated else "") or event.evidence.place
