"""What has to be told to whom, and every attempt to tell it."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, bindparam, select

from services.ledger.tables import deliveries, dispatches
from services.ledger.upsert import insert_many, insert_new, put
from services.runtime.codec import from_json, to_json
from services.vocabulary import Delivery, Notice, UnixSeconds


class DispatchState(StrEnum):
    """How far one notice to one receiver has come."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One notice to one receiver; `message` is the idempotency key that all attempts share, `body` what is sent."""

    message: str
    alert: str
    notice: Notice
    receiver: str
    body: str
    created_at: UnixSeconds
    next_attempt_at: UnixSeconds
    attempts: int = 0
    state: DispatchState = DispatchState.PENDING


@dataclass(frozen=True, slots=True)
class Replay:
    """A person's word that a dispatch that was given up is to be tried again."""

    message: str
    receiver: str
    by: str
    at: UnixSeconds


class DeliveryRepository:
    """Dispatches and the log of delivery attempts; owner: alerting."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, delivery: Delivery) -> None:
        """Add one attempt to the log."""
        row = {"message": delivery.message, "alert": delivery.alert, "at": delivery.at, "body": to_json(delivery)}
        insert_many(self._connection, deliveries, [row])

    def of_alert(self, alert_id: str) -> list[Delivery]:
        """Every attempt to tell about an alert, oldest first."""
        query = select(deliveries.c.body).where(deliveries.c.alert == alert_id).order_by(deliveries.c.number)
        return [from_json(Delivery, body) for body in self._connection.scalars(query)]

    def between(self, since: UnixSeconds, until: UnixSeconds) -> list[Delivery]:
        """Every attempt of a span, oldest first."""
        inside = (deliveries.c.at >= since, deliveries.c.at < until)
        query = select(deliveries.c.body).where(*inside).order_by(deliveries.c.number)
        return [from_json(Delivery, body) for body in self._connection.scalars(query)]

    def queue(self, dispatch: Dispatch) -> bool:
        """Keep a dispatch for delivery; False when this message to this receiver is already kept."""
        return insert_new(self._connection, dispatches, _row(dispatch))

    def pending(self, now: UnixSeconds, limit: int = 100, besides: Collection[str] = ()) -> list[Dispatch]:
        """Dispatches whose next attempt is due, the longest due first; none to the receivers in `besides`."""
        query = _PENDING.where(dispatches.c.receiver.not_in(besides)) if besides else _PENDING
        return [_dispatch(row) for row in self._connection.execute(query, {"now": now, "most": limit})]

    def get(self, message: str, receiver: str) -> Dispatch | None:
        """One dispatch."""
        wanted = (dispatches.c.message == message, dispatches.c.receiver == receiver)
        row = self._connection.execute(select(dispatches).where(*wanted)).one_or_none()
        return None if row is None else _dispatch(row)

    def failed(self, limit: int) -> list[Dispatch]:
        """Dispatches that were given up, the newest first; no tests, of which the next one is on its way."""
        test = dispatches.c.notice == Notice.TEST.value
        query = select(dispatches).where(dispatches.c.state == DispatchState.FAILED.value, ~test)
        rows = self._connection.execute(
            query.order_by(dispatches.c.created_at.desc(), dispatches.c.message).limit(limit)
        )
        return [_dispatch(row) for row in rows]

    def update(self, dispatch: Dispatch) -> None:
        """Replace a dispatch by its later state."""
        put(self._connection, dispatches, _row(dispatch))

    def dispatches_of(self, alert_id: str) -> list[Dispatch]:
        """Every dispatch of an alert, oldest first."""
        return [_dispatch(row) for row in self._connection.execute(_OF_ALERT, {"wanted": alert_id})]


_PENDING = (
    select(dispatches)
    .where(dispatches.c.state == DispatchState.PENDING.value, dispatches.c.next_attempt_at <= bindparam("now"))
    .order_by(dispatches.c.next_attempt_at, dispatches.c.message)
    .limit(bindparam("most"))
)
_OF_ALERT = select(dispatches).where(dispatches.c.alert == bindparam("wanted")).order_by(dispatches.c.created_at)


def _row(dispatch: Dispatch) -> dict[str, object]:
    return {
        "message": dispatch.message, "receiver": dispatch.receiver, "alert": dispatch.alert,
        "notice": dispatch.notice.value, "body": dispatch.body, "next_attempt_at": dispatch.next_attempt_at,
        "attempts": dispatch.attempts, "state": dispatch.state.value, "created_at": dispatch.created_at,
    }  # fmt: skip


def _dispatch(row: object) -> Dispatch:
    facts = {name: getattr(row, name) for name in Dispatch.__slots__}
    return Dispatch(**facts | {"notice": Notice(facts["notice"]), "state": DispatchState(facts["state"])})
