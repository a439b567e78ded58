"""Drops what a receiver knows already, need not know, or must not be told any more."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from services.alerting.stage import Telling
from services.alerting.standing import may_be_told
from services.ledger import DeliveryRepository, Dispatch, DispatchState
from services.vocabulary import Alert, Notice, UnixSeconds

RAISED = "raised"
"""Occasion of an amendment that says the alert became more urgent."""


def opening_of(alert: Alert) -> str:
    """The occasion of an opening: an alert that is raised after its opening was given up is opened anew."""
    return repr(alert.opened_at)


def dedup(connection: Connection, _: UnixSeconds, tellings: Sequence[Telling]) -> list[Telling]:
    """What each receiver still has to be told."""
    going = []
    for telling in tellings:
        kept = DeliveryRepository(connection).dispatches_of(telling.alert.id)
        openings = first_words(kept)
        going.extend(_still(telling, openings))
    return going


def first_words(kept: Iterable[Dispatch]) -> dict[str, Dispatch]:
    """By receiver: the notice by which it heard of the alert, or is about to, or at last was given up."""
    order = (DispatchState.FAILED, DispatchState.PENDING, DispatchState.DELIVERED)
    openings: dict[str, Dispatch] = {}
    for dispatch in kept:
        best = openings.get(dispatch.receiver)
        first = dispatch.notice in (Notice.OPENED, Notice.ESCALATED)
        if first and (best is None or order.index(dispatch.state) >= order.index(best.state)):
            openings[dispatch.receiver] = dispatch
    return openings


def _still(telling: Telling, openings: Mapping[str, Dispatch]) -> list[Telling]:
    opening = openings.get(telling.receiver)
    if telling.notice is Notice.MISSED:
        return [telling] if telling.alert.acknowledged_at is None else []
    if not may_be_told(telling.alert):
        return []
    match telling.notice:
        case Notice.ESCALATED:  # what is on its way is tried again and again anyway
            return [telling] if opening is None or opening.state is not DispatchState.PENDING else []
        case Notice.OPENED:
            given_up = opening is not None and opening.state is DispatchState.FAILED
            return [telling] if opening is None or given_up else []
        case Notice.AMENDED if telling.occasion == RAISED and opening is None and not telling.alert.told_by:
            return [replace(telling, notice=Notice.OPENED, occasion=opening_of(telling.alert))]
        case Notice.RESOLVED:
            return [telling] if opening and opening.state is DispatchState.DELIVERED else []
        case _:
            return [telling] if opening and opening.state is not DispatchState.FAILED else []
