"""Keeps each telling in the ledger as a dispatch; from here on a crash loses nothing."""

from collections.abc import Sequence

from sqlalchemy import Connection

from services.alerting.message import compose, message_id
from services.alerting.stage import Stage, Telling
from services.ledger import DeliveryRepository, Dispatch
from services.vocabulary import UnixSeconds


def handover(page_url: str) -> Stage:
    """Queue every telling for delivery at once; passes on those that were not queued before."""

    def stage(connection: Connection, now: UnixSeconds, tellings: Sequence[Telling]) -> list[Telling]:
        keep = DeliveryRepository(connection).queue
        return [telling for telling in tellings if keep(_dispatch(telling, now, page_url))]

    return stage


def _dispatch(telling: Telling, now: UnixSeconds, page_url: str) -> Dispatch:
    return Dispatch(
        message=message_id(telling.alert.id, telling.notice, telling.occasion), alert=telling.alert.id,
        notice=telling.notice, receiver=telling.receiver, body=compose(telling, now, page_url), created_at=now,
        next_attempt_at=now,
    )  # fmt: skip
