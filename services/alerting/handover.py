"""Keeps each telling in the ledger as a dispatch; from here on a crash loses nothing."""

from collections.abc import Sequence

from sqlalchemy import Connection

from services.alerting.message import compose, message_id
from services.alerting.stage import Stage, Telling
from services.ledger import DeliveryRepository, Dispatch
from services.runtime.links import GOOD_FOR_S, Link, token
from services.vocabulary import UnixSeconds


def handover(page_url: str, link_key: str = "") -> Stage:
    """Queue every telling for delivery at once; passes on those that were not queued before."""

    def stage(connection: Connection, now: UnixSeconds, tellings: Sequence[Telling]) -> list[Telling]:
        keep = DeliveryRepository(connection).queue
        return [telling for telling in tellings if keep(_dispatch(telling, now, page_url, link_key))]

    return stage


def _dispatch(telling: Telling, now: UnixSeconds, page_url: str, link_key: str) -> Dispatch:
    link = Link(telling.alert.id, telling.receiver, round(now + GOOD_FOR_S, 3))
    ask = f"{page_url.rstrip('/')}/said/{token(link, link_key)}" if link_key else ""
    return Dispatch(
        message=message_id(telling.alert.id, telling.notice, telling.occasion), alert=telling.alert.id,
        notice=telling.notice, receiver=telling.receiver, body=compose(telling, now, page_url, ask), created_at=now,
        next_attempt_at=now,
    )  # fmt: skip
