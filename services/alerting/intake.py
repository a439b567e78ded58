"""What each message from the other rooms does to an alert, inside the consumer's transaction."""

from collections.abc import Sequence

from sqlalchemy import Connection

from services.alerting import metrics, standing
from services.alerting.dedup import RAISED
from services.alerting.opening import take_turn, tell_opening
from services.alerting.stage import Stage, Telling, through
from services.ledger import (
    Acknowledgement,
    AlertRepository,
    AssessmentRepository,
    DeliveryRepository,
    EventRepository,
    OutboxMessage,
    RosterRepository,
    StatusRepository,
)
from services.runtime.clock import Clock
from services.runtime.codec import from_json
from services.vocabulary import Alert, AlertStatus, Assessment, Event, Notice, Tier, Timing


class Intake:
    """Handlers of the three topics that alerting consumes; each runs in one transaction and never sends."""

    def __init__(self, clock: Clock, timing: Timing, stages: Sequence[Stage]) -> None:
        self._clock = clock
        self._timing = timing
        self._stages = stages

    def event_changed(self, connection: Connection, message: OutboxMessage) -> None:
        """A new or changed event: opens an alert, raises it, ends it, or (tier 3) does nothing."""
        take_turn(connection)
        event = from_json(Event, message.body)
        alert = AlertRepository(connection).of_event(event.id)
        if alert is None:
            if event.tier is Tier.MONITOR:
                return
            alert = self._open(connection, event)
        else:
            alert = self._raise(connection, alert, event)
        if event.ended_at is not None:
            alert = self._end(connection, alert, event)
        tell_opening(connection, alert, self._clock.now(), self._timing, self._stages)

    def assessment_made(self, connection: Connection, message: OutboxMessage) -> None:
        """A second opinion: amends what was told, or goes out with what was not told yet."""
        take_turn(connection)
        made = from_json(Assessment, message.body)
        alert = AlertRepository(connection).of_event(made.event)
        if alert is None:
            return  # the alert is made later, or never (tier 3); `_open` finds the assessment in the ledger
        now = self._clock.now()
        after = standing.assessed(alert, made.id, now)
        AlertRepository(connection).update(after)
        event = EventRepository(connection).get(made.event)
        if event is not None:
            self._go(connection, Telling(after, event, Notice.AMENDED, made.id, made))
        tell_opening(connection, after, now, self._timing, self._stages)

    def acknowledged(self, connection: Connection, message: OutboxMessage) -> None:
        """Somebody took the alert: nobody is told about it any more."""
        take_turn(connection)
        word = from_json(Acknowledgement, message.body)
        alert = AlertRepository(connection).get(word.alert)
        if alert is not None:
            AlertRepository(connection).update(standing.acknowledged(alert, word.by, word.at))

    def _open(self, connection: Connection, event: Event) -> Alert:
        now = self._clock.now()
        alert = standing.opened(event, _room(connection, event), now, self._timing)
        known = AssessmentRepository(connection).of_event(event.id)
        if known is not None:
            alert = standing.assessed(alert, known.id, now)
        AlertRepository(connection).create(alert)
        metrics.ALERTS.labels(str(event.tier.value)).inc()
        return alert

    def _raise(self, connection: Connection, alert: Alert, event: Event) -> Alert:
        after = standing.raised(alert, event)
        if after != alert:
            AlertRepository(connection).update(after)
            # An opening that is on its way says the lesser urgency, however long it takes to arrive.
            on_its_way = bool(DeliveryRepository(connection).dispatches_of(after.id))
            if on_its_way or after.status is not AlertStatus.PENDING:
                self._go(connection, Telling(after, event, Notice.AMENDED, RAISED))
        return after

    def _end(self, connection: Connection, alert: Alert, event: Event) -> Alert:
        after = standing.ended(alert, event.ended_at or event.updated_at)
        if after != alert:
            AlertRepository(connection).update(after)
            self._go(connection, Telling(after, event, Notice.RESOLVED))
        return after

    def _go(self, connection: Connection, telling: Telling) -> None:
        through(self._stages, connection, self._clock.now(), [telling])


def _room(connection: Connection, event: Event) -> str:
    now = StatusRepository(connection).get(event.resident)
    if now is not None:
        return now.resident.room
    seated = {resident.id: resident.room for resident, _ in RosterRepository(connection).residents()}
    return seated.get(event.resident) or event.evidence.place
