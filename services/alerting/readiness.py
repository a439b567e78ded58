"""Whether a dispatch may go now, by what the ledger holds this moment: whether it goes, waits or is given up."""

from dataclasses import dataclass

from sqlalchemy import Connection

from services.alerting import standing
from services.alerting.acknowledging import as_known
from services.alerting.dedup import first_words
from services.alerting.escalate import OPENINGS
from services.alerting.lateness import too_late
from services.ledger import AlertRepository, DeliveryRepository, Dispatch, DispatchState, EndpointNow
from services.vocabulary import Alert, Notice, Seconds, Timing, UnixSeconds
from services.vocabulary.canary import LATE_S

BEHIND_S: Seconds = 0.2
"""How long after the next attempt at an opening what follows it is looked at again (source: guess)."""


@dataclass(frozen=True, slots=True)
class Go:
    """It may be sent now; what it tells of is this old."""

    dispatch: Dispatch
    age_s: Seconds


@dataclass(frozen=True, slots=True)
class Later:
    """It has to wait until `at`."""

    dispatch: Dispatch
    at: UnixSeconds


@dataclass(frozen=True, slots=True)
class Never:
    """It is given up, and why."""

    dispatch: Dispatch
    why: str


def readiness(
    connection: Connection, dispatch: Dispatch, endpoint: EndpointNow, now: UnixSeconds, timing: Timing
) -> Go | Later | Never:
    """What becomes of a pending dispatch to this endpoint now."""
    if endpoint.disabled_at is not None:
        return Never(dispatch, f"the receiver is disabled: {endpoint.why}")
    if endpoint.paused_until > now:
        return Later(dispatch, endpoint.paused_until)
    if dispatch.notice is Notice.TEST and now - dispatch.created_at > LATE_S:
        return Never(dispatch, "a test that is late proves nothing")
    if not dispatch.notice.about_an_alert:
        return Go(dispatch, max(0.0, now - dispatch.created_at))
    alert = AlertRepository(connection).get(dispatch.alert)
    if alert is None:
        return Never(dispatch, "the ledger holds no such alert")
    opening = None if dispatch.notice in OPENINGS else _opening(connection, dispatch)
    return _of_alert(dispatch, as_known(connection, alert), opening, now, timing)


def _opening(connection: Connection, dispatch: Dispatch) -> Dispatch | None:
    """What this receiver has to hear before this notice."""
    kept = DeliveryRepository(connection).dispatches_of(dispatch.alert)
    return first_words(kept).get(dispatch.receiver)


def _of_alert(
    dispatch: Dispatch, alert: Alert, opening: Dispatch | None, now: UnixSeconds, timing: Timing
) -> Go | Later | Never:
    age = standing.age(alert, now)
    if alert.acknowledged_at is not None:
        return Never(dispatch, "the alert was acknowledged")
    if dispatch.notice is Notice.MISSED:
        return Go(dispatch, age)
    if not standing.may_be_told(alert):
        return Never(dispatch, "it was found too late")
    if opening is not None and opening.state is DispatchState.FAILED:
        return Never(dispatch, "this receiver was never told of the alert")
    first = dispatch.notice is Notice.OPENED and dispatch.attempts == 0 and alert.notified_at is None
    if first and not alert.held and too_late(alert.tier, age, timing):
        return Never(dispatch, "it was found too late")
    if opening is not None and opening.state is DispatchState.PENDING:
        return Later(dispatch, max(opening.next_attempt_at, now) + BEHIND_S)
    return Go(dispatch, age)
