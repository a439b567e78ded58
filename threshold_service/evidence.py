"""Asks an agent for evidence of a fresh event: pictures, which are never written down, and poses, which are kept."""

import json
from dataclasses import dataclass

from services.ledger.audit import AuditRepository
from services.ledger.database import Database
from services.ledger.events import EventRepository
from services.ledger.movements import MovementRepository
from services.runtime import logs
from services.runtime.clock import Clock
from services.vocabulary import Event, Movement, PictureReply, PictureRequest, Policy, Seconds, Tier
from services.vocabulary.hours import within
from threshold_service import metrics
from threshold_service.pictures import Pictures
from threshold_service.senses import minute_of_day

FRESH_S: Seconds = 45.0
"""Later nobody asks: an agent keeps pictures for about a minute."""
BEFORE_S: Seconds = 10.0
AFTER_S: Seconds = 5.0
MOST, MOST_POSES = 5, 60


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: `pictures` for the second opinion, which are handed on, and `movement` for the page, which is
    kept in the ledger as poses."""

    pictures: bool
    movement: bool


class Asking:
    """What one stream has asked its agent for: evidence of every event of tier 1 and 2, once, while it is fresh and
    outside the resident's private hours."""

    def __init__(
        self, database: Database, clock: Clock, agent: str, time_zone: str, pictures: Pictures, wanted: Wanted
    ) -> None:
        self._database, self._clock, self._pictures = database, clock, pictures
        self._agent, self._zone, self._wanted = agent, time_zone, wanted
        self._asked: dict[str, PictureRequest | None] = {}
        self._stirred_s = clock.monotonic()

    def stir(self) -> None:
        """An event has opened or changed: for a while there may be something to ask. Otherwise nobody looks."""
        self._stirred_s = self._clock.monotonic()

    def questions(self, policy: Policy) -> list[PictureRequest]:
        """
        Raises:
            DBAPIError: the ledger does not answer.
        """
        quiet = self._clock.monotonic() - self._stirred_s > FRESH_S
        if quiet or not (self._wanted.pictures or self._wanted.movement):
            return []
        now = self._clock.now()
        with self._database.read() as connection:
            opened = EventRepository(connection).opened_since(self._agent, now - FRESH_S)
        new = [event for event in opened if event.id not in self._asked]
        hidden = [event for event in new if self._hidden(event, policy)]
        for event in hidden:
            self._asked[event.id] = None
            self._pictures.put(event.id, ())
        fresh = [event for event in new if event not in hidden and _worth(event, now)]
        questions = [self._question(event) for event in fresh]
        self._asked.update((one.event, one) for one in questions)
        return questions

    def arrived(self, reply: PictureReply) -> None:
        """Write down how a body moved; of pictures that they came, and how many, never what they show. What nobody
        asked for is passed over.

        Raises:
            DBAPIError: the ledger does not answer.
        """
        silhouettes = sum(one.silhouette for one in reply.pictures)
        asked = self._asked.get(reply.event)
        fate = "unasked" if asked is None else "arrived" if reply.pictures or reply.poses else "refused"
        metrics.EVIDENCE.labels(fate).inc()
        said: dict[str, object] = {
            "pictures": len(reply.pictures), "silhouettes": silhouettes, "refusal": reply.refusal[:255],
            "poses": len(reply.poses), "poses_refusal": reply.poses_refusal[:255],
        }  # fmt: skip
        logs.logger(agent=self._agent).info("evidence", fate=fate, **said)
        if asked is None:
            return
        if asked.purpose:
            self._pictures.put(reply.event, reply.pictures)
        now, told = self._clock.now(), json.dumps({"agent": self._agent, "event": reply.event} | said)
        moved = _movement(asked, reply)
        with self._database.write() as connection:
            if moved.poses or moved.shared:
                MovementRepository(connection).record(moved, now)
            AuditRepository(connection).append(f"evidence.{fate}", told, now)

    def _question(self, event: Event) -> PictureRequest:
        opinion = f"second opinion on an event of tier {event.tier.value}" if self._wanted.pictures else ""
        page = f"movement on the page of an alert of tier {event.tier.value}" if self._wanted.movement else ""
        return PictureRequest(
            event.id, event.resident, event.opened_at - BEFORE_S, event.opened_at + AFTER_S,
            MOST if opinion else 0, opinion, MOST_POSES if page else 0, page,
        )  # fmt: skip

    def _hidden(self, event: Event, policy: Policy) -> bool:
        private = policy.of(event.resident).private
        asked_about = (event.opened_at - BEFORE_S, event.opened_at, event.opened_at + AFTER_S)
        return bool(private) and any(within(minute_of_day(at, self._zone), private) for at in asked_about)


def _movement(asked: PictureRequest, reply: PictureReply) -> Movement:
    """What was asked for: nothing of another time, and nothing where no poses were wanted. Where several people were in
    view all the time, that."""
    inside = [one for one in reply.poses if asked.from_time <= one.time <= asked.to_time]
    shared = reply.shared if asked.pose_purpose else 0
    return Movement(asked.event, asked.resident, tuple(inside[: asked.most_poses]), shared)


def _worth(event: Event, now: float) -> bool:
    return event.tier is not Tier.MONITOR and AFTER_S <= now - event.opened_at <= FRESH_S
