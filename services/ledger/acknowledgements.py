"""Who said "I am on it", when and from where; alerting reads it and applies it to the alert."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from services.ledger.outbox import MESSAGE_NAMESPACE
from services.ledger.tables import acknowledgements
from services.ledger.upsert import insert_new
from services.vocabulary import UnixSeconds


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """One person's word on one alert; `by` is personal data, `source` the means (`page`, `webhook`, `api`)."""

    id: str
    alert: str
    by: str
    at: UnixSeconds
    source: str


class AcknowledgementRepository:
    """Acknowledgements; owner: console."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, alert_id: str, by: str, at: UnixSeconds, source: str) -> Acknowledgement:
        """Keep an acknowledgement; the same one again adds nothing."""
        name = "\x1f".join((alert_id, by, repr(at), source))
        word = Acknowledgement(str(uuid.uuid5(MESSAGE_NAMESPACE, name)), alert_id, by, at, source)
        row = {"id": word.id, "alert": word.alert, "by": word.by, "at": word.at, "source": word.source}
        insert_new(self._connection, acknowledgements, row)
        return word

    def of_alert(self, alert_id: str) -> list[Acknowledgement]:
        """Who acknowledged an alert, the first one first."""
        query = select(acknowledgements).where(acknowledgements.c.alert == alert_id)
        rows = self._connection.execute(query.order_by(acknowledgements.c.at, acknowledgements.c.id))
        return [Acknowledgement(row.id, row.alert, row.by, row.at, row.source) for row in rows]

    def first_of(self, ids: Collection[str]) -> dict[str, Acknowledgement]:
        """The first acknowledgement of each of these alerts that has one."""
        rows = self._connection.execute(_OF_ALERTS, {"ids": list(ids)})
        return {row.alert: Acknowledgement(row.id, row.alert, row.by, row.at, row.source) for row in rows}


_OF_ALERTS = (
    select(acknowledgements)
    .where(acknowledgements.c.alert.in_(bindparam("ids", expanding=True)))
    .order_by(acknowledgements.c.at.desc(), acknowledgements.c.id.desc())
)
