"""Keeps alerts: one per event."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, exists, func, or_, select, update

from services.ledger.paging import newest_first
from services.ledger.tables import acknowledgements, alerts, dispatches
from services.ledger.upsert import insert_new
from services.runtime.codec import from_json, to_json
from services.vocabulary import Alert, AlertStatus, Tier, UnixSeconds


class AlertUnknown(LookupError):
    """An alert that was never created."""


WAITING = (AlertStatus.PENDING, AlertStatus.NOTIFIED, AlertStatus.UNDELIVERED, AlertStatus.ESCALATED)
"""Alerts that still need somebody, as long as nobody has taken them."""
FOUND_LATE = (AlertStatus.MISSED, AlertStatus.EXPIRED)
"""Alerts that are not urgent any more, and that somebody has to look into all the same."""


@dataclass(frozen=True, slots=True)
class Tallied:
    """How many alerts of one resident and tier a span has; `technical` ones are about a camera."""

    resident: str
    tier: Tier
    n: int
    technical: bool


class AlertRepository:
    """Alerts; owner: alerting."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, alert: Alert) -> bool:
        """Keep a new alert; False when this alert, or another of the same event, exists."""
        return insert_new(self._connection, alerts, _row(alert))

    def get(self, alert_id: str) -> Alert | None:
        """One alert."""
        return self._one(_OF_ID, alert_id)

    def of_event(self, event_id: str) -> Alert | None:
        """The alert of an event."""
        return self._one(_OF_EVENT, event_id)

    def update(self, alert: Alert) -> None:
        """Replace an alert by its later state.

        Raises:
            AlertUnknown: it was never created.
        """
        if self._connection.execute(_CHANGED, _row(alert) | {"which": alert.id}).rowcount == 0:
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
        return [from_json(Alert, body) for body in self._connection.scalars(_DUE_UNSENT, {"now": now})]

    def open(self) -> list[Alert]:
        """Alerts that are neither resolved, missed nor expired, the most urgent first, then the oldest."""
        return self._all(_OPEN)

    def waiting(self, limit: int) -> list[Alert]:
        """Alerts that need somebody and that nobody has taken, the most urgent first, then the oldest."""
        query = select(alerts.c.body).where(*_untaken(WAITING)).order_by(*_URGENT_FIRST).limit(limit)
        return [from_json(Alert, body) for body in self._connection.scalars(query)]

    def waiting_counts(self) -> dict[AlertStatus, int]:
        """How many alerts of each status need somebody."""
        query = select(alerts.c.status, func.count()).where(*_untaken(WAITING)).group_by(alerts.c.status)
        return {AlertStatus(status): int(n) for status, n in self._connection.execute(query)}

    def waiting_of_each(self) -> dict[str, str]:
        """By resident, the id of the alert about them that most needs somebody."""
        place = func.row_number().over(partition_by=alerts.c.resident, order_by=_URGENT_FIRST).label("place")
        ranked = select(alerts.c.resident, alerts.c.id, place).where(*_untaken(WAITING)).subquery()
        query = select(ranked.c.resident, ranked.c.id).where(ranked.c.place == 1)
        return {row.resident: row.id for row in self._connection.execute(query)}

    def found_late(self, limit: int) -> list[Alert]:
        """Alerts that were found too late, or that nobody took while anybody was asked, newest first."""
        query = select(alerts.c.body).where(*_untaken(FOUND_LATE)).order_by(alerts.c.opened_at.desc(), alerts.c.id)
        return [from_json(Alert, body) for body in self._connection.scalars(query.limit(limit))]

    def tally(self, since: UnixSeconds, until: UnixSeconds) -> list[Tallied]:
        """How many alerts a span has whose event opened in it."""
        # The body is compact JSON: within a string its quotes would be escaped.
        technical = alerts.c.body.contains('"technical":true')
        query = select(alerts.c.resident, alerts.c.tier, technical, func.count()).where(*_opened(since, until))
        rows = self._connection.execute(query.group_by(alerts.c.resident, alerts.c.tier, technical))
        return [Tallied(resident, Tier(tier), int(n), bool(camera)) for resident, tier, camera, n in rows]

    def newest(self, since: UnixSeconds, until: UnixSeconds, limit: int) -> list[Alert]:
        """The latest alerts whose event opened in a span, newest first."""
        query = select(alerts.c.body).where(*_opened(since, until)).order_by(alerts.c.opened_at.desc(), alerts.c.id)
        return [from_json(Alert, body) for body in self._connection.scalars(query.limit(limit))]

    def taken(self, since: UnixSeconds, until: UnixSeconds, limit: int) -> list[Alert]:
        """The latest alerts of a span that somebody has taken, newest first."""
        named = exists().where(acknowledgements.c.alert == alerts.c.id)
        query = select(alerts.c.body).where(*_opened(since, until), named).order_by(alerts.c.opened_at.desc())
        return [from_json(Alert, body) for body in self._connection.scalars(query.limit(limit))]

    def open_near(self, resident: str, room: str, most: int = 1000) -> list[Alert]:
        """Open alerts of a resident or, where it has a name, of a room, the most urgent first, then the oldest."""
        asked = {"resident": resident, "room": room, "most": most}
        return [from_json(Alert, body) for body in self._connection.scalars(_NEAR if room else _ABOUT, asked)]

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

    def _one(self, query: Select[Any], wanted: str) -> Alert | None:
        body = self._connection.scalar(query, {"wanted": wanted})
        return None if body is None else from_json(Alert, body)

    def _all(self, *conditions: ColumnElement[bool]) -> list[Alert]:
        query = select(alerts.c.body).where(*conditions).order_by(alerts.c.tier, alerts.c.opened_at, alerts.c.id)
        return [from_json(Alert, body) for body in self._connection.scalars(query)]


_URGENT_FIRST = (alerts.c.tier, alerts.c.opened_at, alerts.c.id)
_SETTLED = (AlertStatus.RESOLVED, AlertStatus.MISSED, AlertStatus.EXPIRED)
_OPEN = alerts.c.status.in_([status.value for status in AlertStatus if status not in _SETTLED])
# Statements of the way from an event to a notice are built once: building one takes three times as long as it does.
_OF_ID = select(alerts.c.body).where(alerts.c.id == bindparam("wanted"))
_OF_EVENT = select(alerts.c.body).where(alerts.c.event == bindparam("wanted"))
_CHANGED = update(alerts).where(alerts.c.id == bindparam("which"))
_DUE_UNSENT = (
    select(alerts.c.body)
    .where(alerts.c.status == AlertStatus.PENDING.value, alerts.c.notify_not_before <= bindparam("now"))
    .where(~exists().where(dispatches.c.alert == alerts.c.id))
    .order_by(*_URGENT_FIRST)
)
_ABOUT = (
    select(alerts.c.body)
    .where(alerts.c.resident == bindparam("resident"), _OPEN)
    .order_by(*_URGENT_FIRST)
    .limit(bindparam("most"))
)
_NEAR = (
    select(alerts.c.body)
    .where(or_(alerts.c.resident == bindparam("resident"), alerts.c.room == bindparam("room")), _OPEN)
    .order_by(*_URGENT_FIRST)
    .limit(bindparam("most"))
)


def _untaken(statuses: Collection[AlertStatus]) -> tuple[ColumnElement[bool], ...]:
    named = exists().where(acknowledgements.c.alert == alerts.c.id)
    return alerts.c.status.in_([status.value for status in statuses]), ~named


def _opened(since: UnixSeconds, until: UnixSeconds) -> tuple[ColumnElement[bool], ...]:
    return alerts.c.opened_at >= since, alerts.c.opened_at < until


def _row(alert: Alert) -> dict[str, object]:
    return {
        "id": alert.id, "event": alert.event, "resident": alert.resident, "room": alert.room,
        "status": alert.status.value, "tier": alert.tier.value, "opened_at": alert.opened_at,
        "created_at": alert.created_at, "notify_not_before": alert.notify_not_before, "body": to_json(alert),
    }  # fmt: skip
