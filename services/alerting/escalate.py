"""Asks the next one while nobody has taken an alert, and writes down who was asked, when and why."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from services.alerting import metrics, standing
from services.alerting.acknowledging import as_known
from services.alerting.chains import EVERYBODY
from services.alerting.escalation import Chain, Move, Reach, begun, next_move
from services.alerting.in_order import disabled
from services.alerting.lateness import too_late
from services.alerting.plan import Plan
from services.alerting.stage import Telling, through
from services.ledger import (
    AlertRepository,
    AssessmentRepository,
    DeliveryRepository,
    Dispatch,
    DispatchState,
    EscalationRepository,
    EventRepository,
)
from services.vocabulary import Alert, AlertStatus, Asked, Escalation, EscalationState, Notice, UnixSeconds

OPENINGS = (Notice.OPENED, Notice.ESCALATED)
"""Notices by which a receiver hears of an alert for the first time."""


def begin(connection: Connection, alert: Alert, known: Escalation | None, now: UnixSeconds, plan: Plan) -> Asked | None:
    """The first asking of the alert's chain, or of the chain of the tier it was raised to; `known` is the asking so
    far. None: nobody takes it, or the asking runs already."""
    chain = None if alert.technical else plan.chains.of(alert.tier, now)
    if chain is None or (known is not None and known.chain == chain.name and known.state is EscalationState.RUNNING):
        return None
    move = begun(chain, alert.id, now, plan.chains.usable(now, disabled(connection)))
    kept = move.after if known is None else replace(move.after, asked=(*known.asked, *move.after.asked))
    EscalationRepository(connection).save(kept)
    return move.asked


def escalate_due(connection: Connection, now: UnixSeconds, plan: Plan) -> None:
    """Move every asking on that is due."""
    for running in EscalationRepository(connection).due(now):
        _move_on(connection, running, now, plan)


def wake(connection: Connection, alert: str, now: UnixSeconds) -> None:
    """Let the next move be decided now: a channel has failed for good, or has delivered."""
    running = EscalationRepository(connection).of_alert(alert)
    if running is not None and running.state is EscalationState.RUNNING:
        EscalationRepository(connection).save(replace(running, due_at=min(running.due_at, now)))


def settle(connection: Connection, alert: str) -> None:
    """Somebody took it: nobody else is asked."""
    running = EscalationRepository(connection).of_alert(alert)
    if running is not None and running.state is EscalationState.RUNNING:
        EscalationRepository(connection).save(replace(running, state=EscalationState.ACKNOWLEDGED))


def reach(channels: Sequence[str], kept: Iterable[Dispatch]) -> Reach:
    """How far an asking by `channels` has come, by the dispatches of its alert."""
    states = {d.state for d in kept if d.receiver in channels and d.notice in OPENINGS}
    if DispatchState.DELIVERED in states:
        return Reach.REACHED
    return Reach.WAITING if DispatchState.PENDING in states else Reach.LOST


def _move_on(connection: Connection, running: Escalation, now: UnixSeconds, plan: Plan) -> None:
    alert = AlertRepository(connection).get(running.alert)
    alert = None if alert is None else as_known(connection, alert)
    chain = None if alert is None else plan.chains.of(alert.tier, now)
    if alert is None or chain is None or chain.name != running.chain or running.step >= len(chain.steps):
        _without_a_chain(connection, alert, running, now, plan)
        return
    if alert.status is AlertStatus.MISSED:
        EscalationRepository(connection).save(replace(running, state=EscalationState.OVER))
        return
    if alert.status is AlertStatus.PENDING and too_late(alert.tier, standing.age(alert, now), plan.timing):
        EscalationRepository(connection).save(replace(running, due_at=now + 1.0))  # its dispatch finds it missed
        return
    how = reach(running.asked[-1].channels, DeliveryRepository(connection).dispatches_of(alert.id))
    move = next_move(chain, running, alert, how, now, plan.chains.usable(now, disabled(connection)))
    EscalationRepository(connection).save(move.after)
    after = _standing(alert, running, move)
    if after != alert:
        AlertRepository(connection).update(after)
    if move.asked is not None:
        metrics.ESCALATIONS.labels(move.asked.turn.value).inc()
        _tell(connection, after, move.asked, str(len(move.after.asked)), now, plan)


def _without_a_chain(
    connection: Connection, alert: Alert | None, running: Escalation, now: UnixSeconds, plan: Plan
) -> None:
    """The settings have changed under a running asking: it starts again on the chain that is configured now."""
    EscalationRepository(connection).save(replace(running, state=EscalationState.OVER))
    if alert is not None and standing.may_be_told(alert) and (asked := begin(connection, alert, None, now, plan)):
        _tell(connection, alert, asked, f"{asked.at!r}", now, plan)


def _standing(alert: Alert, before: Escalation, move: Move) -> Alert:
    match move.after.state:
        case EscalationState.EXPIRED:
            return standing.expired(alert)
        case EscalationState.OVER:
            return standing.over(alert)
    farther = (move.after.step, move.after.rounds) != (before.step, before.rounds)
    return standing.escalated(alert) if farther else alert


def _tell(connection: Connection, alert: Alert, asked: Asked, occasion: str, now: UnixSeconds, plan: Plan) -> None:
    event = EventRepository(connection).get(alert.event)
    if event is None:
        return
    opinion = AssessmentRepository(connection).get(alert.assessment) if alert.assessment else None
    tellings = [
        Telling(alert, event, Notice.ESCALATED, occasion, opinion, receiver, asked) for receiver in asked.channels
    ]
    through(plan.stages, connection, now, tellings)


def first_tellings(telling: Telling, asked: Asked | None, chain: Chain | None) -> list[Telling]:
    """An opening for the first ones of the chain, beside the one that `route` gives to receivers outside of it."""
    if asked is None or chain is None:
        return [telling]
    first = [replace(telling, receiver=receiver, asked=asked) for receiver in asked.channels]
    return first if chain.name == EVERYBODY else [telling, *first]
