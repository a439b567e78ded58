"""Writes down how an attempt ended, and what follows for the dispatch and its alert."""

from dataclasses import replace

from sqlalchemy import Connection

from services.alerting import metrics, standing
from services.alerting.canary import came_out
from services.alerting.disabling import disable
from services.alerting.escalate import OPENINGS, wake
from services.alerting.lateness import window_s
from services.alerting.message import says_ended
from services.alerting.plan import Plan
from services.alerting.retry import next_attempt
from services.alerting.stage import Telling, through
from services.ledger import (
    AlertRepository,
    DeliveryRepository,
    Dispatch,
    DispatchState,
    EndpointRepository,
    EventRepository,
)
from services.runtime.webhook.courier import Attempt
from services.vocabulary import Alert, Delivery, Notice, Outcome, Seconds, Tier, UnixSeconds

LONGEST_PAUSE_S: Seconds = 3600.0
"""However long a receiver asks to be left alone, it is tried again after this (source: guess)."""


def record(connection: Connection, dispatch: Dispatch, attempt: Attempt, now: UnixSeconds, plan: Plan) -> None:
    """Log the attempt, move the dispatch on, and let the alert and the asking know when it was an opening."""
    log(connection, dispatch, attempt, now)
    _learn(connection, dispatch.receiver, attempt, now, plan)
    alert = AlertRepository(connection).get(dispatch.alert)
    moved = _moved_on(dispatch, attempt, Tier.URGENT if alert is None else alert.tier, now, plan)
    DeliveryRepository(connection).update(moved)
    if dispatch.notice is Notice.TEST and moved.state is DispatchState.DELIVERED:
        came_out(connection, dispatch, now)
    if alert is not None and dispatch.notice in OPENINGS:
        if moved.state is DispatchState.FAILED:
            wake(connection, alert.id, now)
        after = _after_opening(alert, attempt, now)
        if after != alert:
            AlertRepository(connection).update(after)
        if attempt.outcome is Outcome.DELIVERED:
            _tell_the_end(connection, after, dispatch, now, plan)


def _learn(connection: Connection, receiver: str, attempt: Attempt, now: UnixSeconds, plan: Plan) -> None:
    """What an answer says of the receiver itself: that it is gone, or wants to be left alone for a while."""
    if attempt.final:
        disable(connection, receiver, attempt.detail, now, plan.chains)
    elif attempt.retry_after_s > 0.0:
        known = EndpointRepository(connection).get(receiver)
        until = now + min(attempt.retry_after_s, LONGEST_PAUSE_S)
        EndpointRepository(connection).save(replace(known, paused_until=max(known.paused_until, until)), now)


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


def _moved_on(dispatch: Dispatch, attempt: Attempt, tier: Tier, now: UnixSeconds, plan: Plan) -> Dispatch:
    tried = replace(dispatch, attempts=dispatch.attempts + 1)
    if attempt.outcome is Outcome.DELIVERED:
        return replace(tried, state=DispatchState.DELIVERED)
    urgent = window_s(tier, plan.timing)
    again = None if attempt.final else next_attempt(tried.attempts, dispatch.created_at, now, urgent, plan.schedule)
    if again is None:
        return replace(tried, state=DispatchState.FAILED)
    return replace(tried, next_attempt_at=max(again, now + min(attempt.retry_after_s, LONGEST_PAUSE_S)))


def _after_opening(alert: Alert, attempt: Attempt, now: UnixSeconds) -> Alert:
    if attempt.outcome is not Outcome.DELIVERED:
        return standing.undelivered(alert)
    if alert.notified_at is None:
        metrics.DELIVERY_SECONDS.observe(standing.age(alert, now))
    return standing.delivered(alert, now)


def _tell_the_end(connection: Connection, alert: Alert, opening: Dispatch, now: UnixSeconds, plan: Plan) -> None:
    """A receiver that took an opening which is over by now, and did not say so, hears that too."""
    if alert.resolved_at is None or says_ended(opening.body):
        return
    event = EventRepository(connection).get(alert.event)
    if event is not None:
        through(plan.stages, connection, now, [Telling(alert, event, Notice.RESOLVED, receiver=opening.receiver)])
