"""Asks an agent for pictures of an event that has just opened and hands them on; nothing of them is written down."""

import json

from services.ledger.audit import AuditRepository
from services.ledger.database import Database
from services.ledger.events import EventRepository
from services.runtime import logs
from services.runtime.clock import Clock
from services.vocabulary import Event, PictureReply, PictureRequest, Policy, Seconds, Tier
from services.vocabulary.hours import within
from threshold_service import metrics
from threshold_service.pictures import Pictures
from threshold_service.senses import minute_of_day

FRESH_S: Seconds = 45.0
"""Later nobody asks: an agent keeps pictures for about a minute."""
BEFORE_S: Seconds = 10.0
AFTER_S: Seconds = 5.0
MOST = 5


class Asking:
    """What one stream has asked its agent for: pictures of every event of tier 1 and 2, once, while they are fresh and
    outside the resident's private hours."""

    def __init__(self, database: Database, clock: Clock, agent: str, time_zone: str, pictures: Pictures) -> None:
        self._database, self._clock, self._pictures = database, clock, pictures
        self._agent, self._zone = agent, time_zone
        self._asked: set[str] = set()

    def questions(self, policy: Policy) -> list[PictureRequest]:
        """
        Raises:
            DBAPIError: the ledger does not answer.
        """
        with self._database.read() as connection:
            opened = EventRepository(connection).open_events(self._agent)
        now = self._clock.now()
        new = [event for event in opened if event.id not in self._asked]
        hidden = [event for event in new if self._hidden(event, policy)]
        for event in hidden:
            self._asked.add(event.id)
            self._pictures.put(event.id, ())
        fresh = [event for event in new if event not in hidden and _worth(event, now)]
        self._asked.update(event.id for event in fresh)
        return [
            PictureRequest(event.id, event.resident, event.opened_at - BEFORE_S, event.opened_at + AFTER_S, MOST,
                           f"second opinion on an event of tier {event.tier.value}")
            for event in fresh
        ]  # fmt: skip

    def arrived(self, reply: PictureReply) -> None:
        """Write down that pictures came, and how many, never what they show. What nobody asked for counts as refused.

        Raises:
            DBAPIError: the ledger does not answer.
        """
        silhouettes = sum(one.silhouette for one in reply.pictures)
        known = reply.event in self._asked
        fate = "unasked" if not known else "refused" if reply.refusal else "arrived"
        metrics.EVIDENCE.labels(fate).inc()
        log = logs.logger(agent=self._agent)
        log.info("evidence", fate=fate, pictures=len(reply.pictures), silhouettes=silhouettes, refusal=reply.refusal)
        if known:
            self._pictures.put(reply.event, reply.pictures)
            said = {"agent": self._agent, "event": reply.event, "pictures": len(reply.pictures),
                    "silhouettes": silhouettes, "refusal": reply.refusal[:255]}  # fmt: skip
            with self._database.write() as connection:
                AuditRepository(connection).append(f"evidence.{fate}", json.dumps(said), self._clock.now())

    def _hidden(self, event: Event, policy: Policy) -> bool:
        private = policy.of(event.resident).private
        return bool(private) and within(minute_of_day(event.opened_at, self._zone), private)


def _worth(event: Event, now: float) -> bool:
    return event.tier is not Tier.MONITOR and AFTER_S <= now - event.opened_at <= FRESH_S
