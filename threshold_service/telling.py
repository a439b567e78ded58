"""Tells the ledger what was decided: each event once, and the end of events that nobody follows any more."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from services.ledger.database import Database
from services.ledger.events import EventConflict, EventRepository, Recorded
from services.ledger.leases import LeaseRepository
from services.ledger.outbox import OutboxRepository
from services.ledger.topics import EVENT_CHANGED
from services.runtime import codec, logs
from services.runtime.clock import Clock
from services.vocabulary import Event
from threshold_service import metrics
from threshold_service.engine import Engine
from threshold_service.judgement.scene import ended


class Telling:
    """What one engine has to say of one agent.

    After a restart samples are judged again, and the same engine tells the same events again, word for word: anything
    else is a conflict, and alarms. An engine that is `apart` (it goes on under another policy, time zone, epoch or
    with other residents than when the ledger heard of it) may tell a known event otherwise: then the ledger hears of
    it what is new, as a later revision, and the engine goes on from there.
    """

    def __init__(
        self, database: Database, clock: Clock, agent: str, fence: int, engine: Engine, *, apart: bool
    ) -> None:
        self._database = database
        self._clock = clock
        self._agent, self._fence = agent, fence
        self._engine = engine
        self._apart = apart
        self._expected: tuple[Event, ...] = ()
        self._log = logs.logger(agent=agent)

    def begin(self, epoch: str, sequence: int) -> None:
        """The engine is about to be given the samples of `epoch` after `sequence`: end the open events that it neither
        holds nor can come to hold; those that opened at such a sample are waited for.

        Raises:
            LeaseLost: another replica serves this agent now.
        """
        held = [event for event in self._engine.usual().event if event]
        with self._database.read() as connection:
            repository = EventRepository(connection)
            strays = [event for event in repository.open_events(self._agent) if event.id not in held]
            latest = [repository.get(event) for event in held] if self._apart else []
        for event in latest:
            if event is not None:
                self._engine.adopt(event)
        self._expected = tuple(
            event for event in strays if event.position.epoch == epoch and event.position.sequence > sequence
        )
        self._write((), [event for event in strays if event not in self._expected])

    def tell(self, events: Sequence[Event], upto: int) -> None:
        """Record the events that were judged from samples up to `upto`.

        Raises:
            LeaseLost: another replica serves this agent now.
        """
        passed = [event for event in self._expected if event.position.sequence <= upto]
        self._write(events, passed)
        self._expected = tuple(event for event in self._expected if event not in passed)

    def _write(self, events: Sequence[Event], passed: Sequence[Event]) -> None:
        if not events and not passed:
            return
        with self._database.write() as connection:
            LeaseRepository(connection).check(self._agent, self._fence)
            for event in events:
                self._record(connection, event)
            self._end(connection, passed)

    def _record(self, connection: Connection, event: Event) -> None:
        known = EventRepository(connection).get(event.id)
        if known is None or not (self._apart or known.policy_version != event.policy_version):
            self._keep(connection, event)
            return
        later = news(known, event)
        if later is not None:
            self._keep(connection, later)
        self._engine.adopt(later or known)

    def _keep(self, connection: Connection, event: Event) -> None:
        repository, now = EventRepository(connection), self._clock.now()
        try:
            outcome = repository.record(event)
        except EventConflict as error:
            metrics.CONFLICTS.inc()
            repository.keep_conflict(event, now)
            self._log.error("event conflict", event_id=event.id, revision=event.revision, difference=error.difference)
            return
        if outcome is not Recorded.SAME:
            OutboxRepository(connection).add(EVENT_CHANGED, event.id, codec.to_json(event), now)
            metrics.EVENTS.labels(str(event.tier.value), event.reason.value).inc()

    def _end(self, connection: Connection, strays: Iterable[Event]) -> None:
        """End events that are still open in the ledger and not held by the engine."""
        held = self._engine.usual().event
        for stray in strays:
            known = EventRepository(connection).get(stray.id)
            if known is not None and known.open and known.id not in held:
                self._log.warning("event ended: its state is gone and nobody follows it", event_id=known.id)
                self._keep(connection, ended(known, max(known.updated_at, self._clock.now())))


def news(known: Event, event: Event) -> Event | None:
    """What `event` adds to what is known under its id, as the revision after that; None when it adds nothing.

    More urgent than known is news, and so is the end of what is known as open.
    """
    if event.ended_at is None:
        return replace(event, revision=known.revision + 1) if event.tier.more_urgent_than(known.tier) else None
    return ended(known, max(known.updated_at, event.ended_at)) if known.open else None
