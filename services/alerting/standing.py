"""Where an alert stands: every change that can happen to one, as a pure function from an alert to the next."""

import uuid
from dataclasses import replace

from services.alerting.headline import headline
from services.alerting.lateness import too_late
from services.vocabulary import Alert, AlertStatus, Assessment, Event, Seconds, Tier, Timing, UnixSeconds

ALERT_NAMESPACE = uuid.UUID("b5b0c8f4-7a52-5c0a-8d6c-2f7a1c4e9d11")

_SHOWN_AS_TOLD = (AlertStatus.NOTIFIED, AlertStatus.ACKNOWLEDGED)
_NOT_TOLD = (AlertStatus.PENDING, AlertStatus.UNDELIVERED)


def alert_id(event: str) -> str:
    """UUIDv5 of the event's id: one event, one alert, on every replay."""
    return str(uuid.uuid5(ALERT_NAMESPACE, event))


def opened(event: Event, room: str, now: UnixSeconds, timing: Timing) -> Alert:
    """The alert of an event of tier 1 or 2, or the technical one of a blind camera. Its age
    counts from when the event reached a tier that alerts."""
    since = event.opened_at if event.revision <= 1 else min(event.updated_at, now)
    technical = event.tier is Tier.MONITOR
    tier = Tier.URGENT if technical else event.tier
    return Alert(
        id=alert_id(event.id), event=event.id, resident=event.resident, room=room, tier=tier, technical=technical,
        status=AlertStatus.PENDING, headline=headline(event), opened_at=since, created_at=now,
        notify_not_before=since if technical else since + _wait(tier, timing),
    )  # fmt: skip


def raised(alert: Alert, event: Event) -> Alert:
    """The alert after its event became more urgent; unchanged when it did not. A missed one is told after all."""
    if not event.tier.more_urgent_than(alert.tier):
        return alert
    more = replace(alert, tier=event.tier, headline=headline(event), technical=False)
    if alert.notified_at is not None or alert.acknowledged_at is not None:
        return replace(more, status=AlertStatus.ESCALATED) if alert.status is AlertStatus.EXPIRED else more
    since = event.updated_at  # nobody has heard of it: its age counts from now on
    status = AlertStatus.UNDELIVERED if alert.status is AlertStatus.UNDELIVERED else AlertStatus.PENDING
    return replace(more, status=status, opened_at=since, notify_not_before=since, late_s=0.0, held="")


def raised_by(alert: Alert, made: Assessment, now: UnixSeconds) -> Alert:
    """The alert after a second opinion made it more urgent; one that nobody has heard of is told now."""
    at_once = min(alert.notify_not_before, now)
    return replace(alert, tier=made.verdict.tier, raised_by=made.id, notify_not_before=at_once)


def assessed(alert: Alert, assessment: str, now: UnixSeconds) -> Alert:
    """The alert with its second opinion; one that waited for it need not wait any longer."""
    return replace(alert, assessment=assessment, notify_not_before=min(alert.notify_not_before, now))


def ended(alert: Alert, at: UnixSeconds) -> Alert:
    """The alert after its event ended. One that nobody was told about yet stays to be told."""
    if alert.resolved_at is not None:
        return alert
    told = alert.status in _SHOWN_AS_TOLD or (alert.status is AlertStatus.PENDING and alert.held)
    return replace(alert, resolved_at=at, status=AlertStatus.RESOLVED if told else alert.status)


def acknowledged(alert: Alert, by: str, at: UnixSeconds) -> Alert:
    """The alert after somebody took it; the first one to do so stands."""
    if alert.acknowledged_at is not None:
        return alert
    status = AlertStatus.RESOLVED if alert.resolved_at is not None else AlertStatus.ACKNOWLEDGED
    return replace(alert, acknowledged_at=at, acknowledged_by=by, status=status)


def delivered(alert: Alert, at: UnixSeconds) -> Alert:
    """The alert after a receiver took its opening; what happens later than the first changes nothing."""
    first = alert if alert.notified_at is not None else replace(alert, notified_at=at, late_s=age(alert, at))
    if first.status not in _NOT_TOLD:
        return first
    status = AlertStatus.RESOLVED if first.resolved_at is not None else AlertStatus.NOTIFIED
    return replace(first, status=status)


def told_by_edge(alert: Alert, agent: str, at: UnixSeconds) -> Alert:
    """The alert of which somebody was told by the edge agent itself, before anybody judged."""
    told = replace(alert, told_by=agent, notified_at=at, late_s=age(alert, at))
    return replace(told, status=AlertStatus.RESOLVED if alert.resolved_at is not None else AlertStatus.NOTIFIED)


def undelivered(alert: Alert) -> Alert:
    """The alert after an attempt to tell it failed and nobody has been told yet."""
    return replace(alert, status=AlertStatus.UNDELIVERED) if alert.status is AlertStatus.PENDING else alert


def escalated(alert: Alert) -> Alert:
    """The alert after somebody else was asked; that it is over does not settle it any more, only a person does. One
    that reached nobody yet stays undelivered."""
    told = alert.status in (AlertStatus.NOTIFIED, AlertStatus.RESOLVED)
    return replace(alert, status=AlertStatus.ESCALATED) if told and alert.acknowledged_at is None else alert


def over(alert: Alert) -> Alert:
    """The alert after the asking ended because what happened is over."""
    ended_so = alert.status is AlertStatus.ESCALATED and alert.resolved_at is not None
    return replace(alert, status=AlertStatus.RESOLVED) if ended_so else alert


def expired(alert: Alert) -> Alert:
    """The alert after nobody took it for as long as anybody was asked."""
    if alert.acknowledged_at is not None or alert.status is AlertStatus.MISSED:
        return alert
    return replace(alert, status=AlertStatus.EXPIRED)


def held(alert: Alert, why: str, until: UnixSeconds) -> Alert:
    """The alert that nobody is told of before `until`; over by then, nobody is."""
    return replace(alert, held=why, notify_not_before=until)


def judged_late(alert: Alert, now: UnixSeconds, timing: Timing) -> Alert:
    """The alert at its first delivery: `MISSED` when it is too old to be urgent, with how late it is."""
    kept_back = alert.status is not AlertStatus.PENDING or bool(alert.held)
    if kept_back or not too_late(alert.tier, age(alert, now), timing):
        return alert
    return replace(alert, status=AlertStatus.MISSED, late_s=age(alert, now))


def age(alert: Alert, now: UnixSeconds) -> Seconds:
    """How long ago it happened; never negative, whatever the clocks say."""
    return max(0.0, now - alert.opened_at)


def may_be_told(alert: Alert) -> bool:
    """Whether notices about it may still go out: not after somebody took it, nor when it was found too late."""
    return alert.acknowledged_at is None and alert.status is not AlertStatus.MISSED


def _wait(tier: Tier, timing: Timing) -> Seconds:
    return 0.0 if tier is Tier.IMMEDIATE else timing.tier2_wait_s
