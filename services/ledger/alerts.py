"""Keeps alerts: one per event."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, exists, func, select, update

from services.ledger.paging import newest_first
from services.ledger.tables import acknowledgements, alerts, dispatches
from services.ledger.upsert import insert_new
from services.runtime.codec import from_json, to_json
from services.vocabulary import Alert, AlertStatus, Tier, UnixSeconds


class AlertUnknown(LookupError):
    """An alert that was never created."""


@dataclass(frozen=True, slots=True)
class Untaken:
    """An alert that nobody has taken, without its contents: thousands of them are counted, few are shown."""

    id: str
    resident: str
    status: AlertStatus
    opened_at: UnixSeconds


class AlertRepository:
    """Alerts; owner: alerting."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, alert: Alert) -> bool:
        """Keep a new alert; False when this alert, or another of the same event, exists."""
        return insert_new(self._connection, alerts, _row(alert))

    def get(self, alert_id: str) -> Alert | None:
        """One alert."""
        return self._one(alerts.c.id == alert_id)

    def of_event(self, event_id: str) -> Alert | None:
        """The alert of an event."""
        return self._one(alerts.c.event == event_id)

    def update(self, alert: Alert) -> None:
        """Replace an alert by its later state.

        Raises:
            AlertUnknown: it was never created.
        """
        change = update(alerts).where(alerts.c.id == alert.id).values(**_row(alert))
        if self._connection.execute(change).rowcount == 0:
            raise AlertUnknown(f"alert {alert.id} was never created: expected an id of the ledger")

    def page(
        self, before: UnixSeconds | None, limit: int, status: AlertStatus | None = None, resident: str | None = None
    ) -> list[Alert]:
        """Alerts whose event opened before a time, newest first (see `paging`)."""
        query = select(alerts.c.body, alerts.c.opened_at)
        if status is not None:
            query = query.where(alerts.c.status == status.value)
        if resident is not None:
            query = query.where(alerts.c.resident == resident)
        rows = newest_first(self._connection, query, alerts.c.opened_at, before, limit)
        return [from_json(Alert, row.body) for row in rows]

    def due(self, now: UnixSeconds) -> list[Alert]:
        """Pending alerts that may go out now, the most urgent first, then the oldest."""
        return self._all(alerts.c.status == AlertStatus.PENDING.value, alerts.c.notify_not_before <= now)

    def due_unsent(self, now: UnixSeconds) -> list[Alert]:
        """Pending alerts that may go out now and of which no notice was made yet."""
        made = exists().where(dispatches.c.alert == alerts.c.id)
        return self._all(alerts.c.status == AlertStatus.PENDING.value, alerts.c.notify_not_before <= now, ~made)

    def open(self) -> list[Alert]:
        """Alerts that are neither resolved, missed nor expired, the most urgent first, then the oldest."""
        settled = (AlertStatus.RESOLVED, AlertStatus.MISSED, AlertStatus.EXPIRED)
        return self._all(alerts.c.status.not_in([status.value for status in settled]))

    def untaken(self, statuses: Collection[AlertStatus]) -> list[Untaken]:
        """Alerts of these statuses that nobody has taken, the most urgent first, then the oldest."""
        named = exists().where(acknowledgements.c.alert == alerts.c.id)
        query = select(alerts.c.id, alerts.c.resident, alerts.c.status, alerts.c.opened_at).where(
            alerts.c.status.in_([status.value for status in statuses]), ~named
        )
        rows = self._connection.execute(query.order_by(alerts.c.tier, alerts.c.opened_at, alerts.c.id))
        return [Untaken(row.id, row.resident, AlertStatus(row.status), row.opened_at) for row in rows]

    def those(self, ids: Sequence[str]) -> list[Alert]:
        """These alerts, in this order."""
        found = {alert.id: alert for alert in self._all(alerts.c.id.in_(ids))}
        return [found[one] for one in ids if one in found]

    def between(self, since: UnixSeconds, until: UnixSeconds, resident: str | None = None) -> list[Alert]:
        """Alerts whose event opened in a span, of one resident where one is named, the oldest first."""
        inside = [alerts.c.opened_at >= since, alerts.c.opened_at < until]
        inside += [] if resident is None else [alerts.c.resident == resident]
        query = select(alerts.c.body).where(*inside).order_by(alerts.c.opened_at, alerts.c.id)
        return [from_json(Alert, body) for body in self._connection.scalars(query)]

    def open_near(self, resident: str, room: str) -> list[Alert]:
        """Open alerts of a resident or, where it has a name, of a room, the most urgent first."""
        return [a for a in self.open() if a.resident == resident or (room and a.room == room)]

    def tiers(self, ids: Collection[str]) -> dict[str, Tier]:
        """The tier of each of these alerts."""
        rows = self._connection.execute(select(alerts.c.id, alerts.c.tier).where(alerts.c.id.in_(ids)))
        return {row.id: Tier(row.tier) for row in rows}

    def count(self, status: AlertStatus) -> int:
        """How many alerts have this status."""
        query = select(func.count()).select_from(alerts).where(alerts.c.status == status.value)
        return int(self._connection.scalar(query) or 0)

    def raised_by_opinion(self, resident: str, since: UnixSeconds) -> int:
        """How many alerts of a resident that opened since then a second opinion made more urgent."""
        query = select(alerts.c.body).where(alerts.c.resident == resident, alerts.c.opened_at >= since)
        return sum(bool(from_json(Alert, body).raised_by) for body in self._connection.scalars(query))

    def _one(self, condition: ColumnElement[bool]) -> Alert | None:
        body = self._connection.scalar(select(alerts.c.body).where(condition))
        return None if body is None else from_json(Alert, body)

    def _all(self, *conditions: ColumnElement[bool]) -> list[Alert]:
        query = select(alerts.c.body).where(*conditions).order_by(alerts.c.tier, alerts.c.opened_at, alerts.c.id)
        return [from_json(Alert, body) for body in self._connection.scalars(query)]


def _row(alert: Alert) -> dict[str, object]:
    return {
        "id": alert.id, "event": alert.event, "resident": alert.resident, "status": alert.status.value,
        "tier": alert.tier.value, "opened_at": alert.opened_at, "created_at": alert.created_at,
        "notify_not_before": alert.notify_not_before, "body": to_json(alert),
    }  # fmt: skip
