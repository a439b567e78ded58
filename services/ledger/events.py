"""Keeps events, revision by revision, and notices when one of them is told in two ways."""

import hashlib
from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import Connection, func, select

from services.ledger.paging import newest_first
from services.ledger.tables import event_conflicts, event_revisions, events
from services.ledger.upsert import insert_new, put
from services.runtime.codec import from_json, to_json
from services.vocabulary import Event, PriorEpisodes, Tier, UnixSeconds


class Recorded(StrEnum):
    """What recording an event did."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


class EventConflict(ValueError):
    """An event that contradicts what is recorded under its id; hand it to `keep_conflict` and alert it."""

    def __init__(self, event: Event, difference: str) -> None:
        super().__init__(
            f"event {event.id} revision {event.revision} contradicts the ledger in {difference}: expected equal "
            "contents on every replay"
        )
        self.event = event
        self.event_id = event.id
        self.difference = difference


class EventRepository:
    """Events of one ledger; owner: threshold_service."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, event: Event) -> Recorded:
        """Keep an event or its later revision; a replayed one is `SAME`, also when a later one is already kept.

        Raises:
            EventConflict: the same id and revision, or other opening facts, with other contents.
        """
        body = to_json(event)
        known = self._known(event.id)
        if known is not None:
            _compare_opening(known, event)
        if not self._first_of_revision(event, body, known):
            return Recorded.SAME
        put(self._connection, events, _row(event, body))
        put(self._connection, event_revisions, _revision(event, body))
        return Recorded.NEW if known is None else Recorded.CHANGED

    def keep_conflict(self, event: Event, now: UnixSeconds) -> bool:
        """Keep an event that was refused, for people to look at; whether it is the first of its revision."""
        row = {"event": event.id, "revision": event.revision, "at": now, "body": to_json(event)}
        return insert_new(self._connection, event_conflicts, row)

    @property
    def conflict_count(self) -> int:
        """How many refused events are kept."""
        return int(self._connection.scalar(select(func.count()).select_from(event_conflicts)) or 0)

    def get(self, event_id: str) -> Event | None:
        """The latest revision of an event."""
        return self._known(event_id)

    def revisions(self, ids: Sequence[str]) -> dict[str, tuple[int, bool]]:
        """The latest revision of each of these that is known, and whether it has ended."""
        query = select(events.c.id, events.c.revision, events.c.ended_at).where(events.c.id.in_(ids))
        return {row.id: (row.revision, row.ended_at is not None) for row in self._connection.execute(query)}

    def open_events(self, agent: str) -> list[Event]:
        """The events of an agent's residents that have not ended, oldest first."""
        query = select(events.c.body).where(events.c.agent == agent, events.c.ended_at.is_(None))
        return [from_json(Event, body) for body in self._connection.scalars(query.order_by(events.c.opened_at))]

    def opened_since(self, agent: str, since: UnixSeconds) -> list[Event]:
        """Those of `open_events` that opened at a time or later."""
        still_open = (events.c.agent == agent, events.c.ended_at.is_(None), events.c.opened_at >= since)
        query = select(events.c.body).where(*still_open).order_by(events.c.opened_at)
        return [from_json(Event, body) for body in self._connection.scalars(query)]

    def prior(self, resident: str, before: UnixSeconds, hours: float = 24) -> PriorEpisodes:
        """How many events of each tier opened in the `hours` before a time."""
        recent = (events.c.resident == resident, events.c.opened_at >= before - hours * 3600)
        query = select(events.c.tier, func.count()).where(*recent, events.c.opened_at < before)
        counts = {row.tier: row[1] for row in self._connection.execute(query.group_by(events.c.tier))}
        return PriorEpisodes(*(counts.get(tier.value, 0) for tier in Tier))

    def page(
        self, before: UnixSeconds | None, limit: int, resident: str | None = None, max_tier: Tier | int | None = None
    ) -> list[Event]:
        """Events that opened before a time, newest first; `max_tier` 2 leaves out tier 3 (see `paging`)."""
        query = select(events.c.body, events.c.opened_at)
        if resident is not None:
            query = query.where(events.c.resident == resident)
        if max_tier is not None:
            query = query.where(events.c.tier <= int(max_tier))
        rows = newest_first(self._connection, query, events.c.opened_at, before, limit)
        return [from_json(Event, row.body) for row in rows]

    def _known(self, event_id: str) -> Event | None:
        body = self._connection.scalar(select(events.c.body).where(events.c.id == event_id))
        return None if body is None else from_json(Event, body)

    def _first_of_revision(self, event: Event, body: str, known: Event | None) -> bool:
        table = event_revisions.c
        query = select(table.digest).where(table.event == event.id, table.revision == event.revision)
        digest = self._connection.scalar(query)
        if digest is not None and digest != _digest(body):
            raise EventConflict(event, "contents of this revision")
        return digest is None and (known is None or event.revision > known.revision)


def _compare_opening(known: Event, event: Event) -> None:
    for fact in ("resident", "position", "opened_at"):
        if getattr(known, fact) != getattr(event, fact):
            raise EventConflict(event, fact)


def _row(event: Event, body: str) -> dict[str, object]:
    return {
        "id": event.id, "revision": event.revision, "resident": event.resident, "agent": event.position.agent,
        "opened_at": event.opened_at, "updated_at": event.updated_at, "ended_at": event.ended_at,
        "tier": event.tier.value, "body": body,
    }  # fmt: skip


def _revision(event: Event, body: str) -> dict[str, object]:
    return {"event": event.id, "revision": event.revision, "digest": _digest(body), "at": event.updated_at}


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
