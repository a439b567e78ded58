"""Stage 5: writes down how an attempt ended, and what follows for the dispatch and its alert."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from services.alerting import metrics, standing
from services.alerting.lateness import window_s
from services.alerting.message import says_ended
from services.alerting.retry import Schedule, next_attempt
from services.alerting.stage import Stage, Telling, through
from services.ledger import AlertRepository, DeliveryRepository, Dispatch, DispatchState, EventRepository
from services.runtime.webhook.courier import Attempt
from services.vocabulary import Alert, Delivery, Notice, Outcome, Timing, UnixSeconds


def record(
    connection: Connection,
    dispatch: Dispatch,
    attempt: Attempt,
    now: UnixSeconds,
    timing: Timing,
    schedule: Schedule,
    stages: Sequence[Stage],
) -> None:
    """Log the attempt, move the dispatch on, and let the alert know when it was its opening."""
    log(connection, dispatch, attempt, now)
    alerts = AlertRepository(connection)
    alert = alerts.get(dispatch.alert)
    if alert is None:
        DeliveryRepository(connection).update(replace(dispatch, state=DispatchState.FAILED))
        return
    DeliveryRepository(connection).update(_moved_on(dispatch, attempt, alert, now, timing, schedule))
    if dispatch.notice is Notice.OPENED:
        after = _after_opening(alert, attempt, now)
        if after != alert:
            alerts.update(after)
        if attempt.outcome is Outcome.DELIVERED:
            _tell_the_end(connection, after, dispatch, now, stages)


def log(connection: Connection, dispatch: Dispatch, attempt: Attempt, now: UnixSeconds) -> None:
    """Add the attempt to the delivery log."""
    metrics.DELIVERIES.labels(attempt.outcome.value).inc()
    entry = Delivery(
        dispatch.message, dispatch.alert, dispatch.notice, dispatch.receiver, dispatch.attempts + 1, now,
        attempt.outcome, attempt.http_status, attempt.detail, round(attempt.duration_s, 4),
    )  # fmt: skip
    DeliveryRepository(connection).record(entry)


def withdraw(connection: Connection, dispatch: Dispatch, why: str, now: UnixSeconds) -> None:
    """Give a dispatch up without an attempt, and say why in the log."""
    log(connection, dispatch, Attempt(Outcome.REFUSED, detail=f"not sent: {why}"), now)
    DeliveryRepository(connection).update(replace(dispatch, state=DispatchState.FAILED))


def _moved_on(
    dispatch: Dispatch, attempt: Attempt, alert: Alert, now: UnixSeconds, timing: Timing, schedule: Schedule
) -> Dispatch:
    tried = replace(dispatch, attempts=dispatch.attempts + 1)
    if attempt.outcome is Outcome.DELIVERED:
        return replace(tried, state=DispatchState.DELIVERED)
    urgent = window_s(alert.tier, timing)
    again = None if attempt.final else next_attempt(tried.attempts, dispatch.created_at, now, urgent, schedule)
    return replace(tried, state=DispatchState.FAILED) if again is None else replace(tried, next_attempt_at=again)


def _after_opening(alert: Alert, attempt: Attempt, now: UnixSeconds) -> Alert:
    if attempt.outcome is not Outcome.DELIVERED:
        return standing.undelivered(alert)
    if alert.notified_at is None:
        metrics.DELIVERY_SECONDS.observe(standing.age(alert, now))
    return standing.delivered(alert, now)


def _tell_the_end(
    connection: Connection, alert: Alert, opening: Dispatch, now: UnixSeconds, stages: Sequence[Stage]
) -> None:
    """A receiver that took an opening which is over by now, and did not say so, hears that too."""
    event = EventRepository(connection).get(alert.event)
    if event is not None and alert.resolved_at is not None and not says_ended(opening.body):
        through(stages, connection, now, [Telling(alert, event, Notice.RESOLVED, receiver=opening.receiver)])
