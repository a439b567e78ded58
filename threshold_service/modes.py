"""Tells agents how their residents are to be watched, and hears from them how they are."""

import asyncio
import json
import math
from collections.abc import Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from services.ledger.audit import AuditRepository
from services.ledger.database import Database
from services.ledger.inbox import InboxRepository
from services.ledger.modes import ModeRepository
from services.ledger.outbox import OutboxRepository
from services.ledger.roster import RosterRepository
from services.ledger.topics import MODE_DECIDED
from services.runtime import codec, logs
from services.runtime.clock import Clock
from services.runtime.lifecycle import until
from services.vocabulary import Mode, ModeDecision, Resident, Seconds, UnixSeconds

PERIOD_S: Seconds = 1.0
CONSUMER = "modes"
AT_ONCE = 1000


class Modes:
    """What people decided on the page becomes what is in force, once each, in the order of decision."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def look(self) -> int:
        """Take what was decided; how many decisions that were.

        Raises:
            DBAPIError: the ledger does not answer.
        """
        with self._database.read() as connection:
            waiting = OutboxRepository(connection).unconsumed(MODE_DECIDED, CONSUMER, AT_ONCE, math.inf)
        for message in waiting:
            with self._database.write() as connection:
                now = self._clock.now()
                if InboxRepository(connection).first_time(CONSUMER, message.id, now):
                    ModeRepository(connection).decide(codec.from_json(ModeDecision, message.body))
                    OutboxRepository(connection).mark_published([message.id], now)
        return len(waiting)

    async def run(self, stop: asyncio.Event, period_s: Seconds = PERIOD_S) -> None:
        """Look again and again until `stop` is set."""
        while not await until(stop, period_s):
            try:
                await asyncio.to_thread(self.look)
            except DBAPIError as error:
                logs.logger().warning("modes not read", detail=str(error.orig))


class Told:
    """What one stream has told its agent: each decision once, again on the next stream."""

    def __init__(self, database: Database, residents: Sequence[str]) -> None:
        self._database, self._residents = database, residents
        self._told: set[ModeDecision] = set()

    def news(self) -> list[ModeDecision]:
        """
        Raises:
            DBAPIError: the ledger does not answer.
        """
        with self._database.read() as connection:
            decided = ModeRepository(connection).of(self._residents)
        fresh = [one for one in decided if one not in self._told]
        self._told.update(fresh)
        return fresh


def reported(database: Database, agent: str, states: Sequence[ModeDecision], now: UnixSeconds) -> None:
    """What an agent says of its residents' modes: a consent that was withdrawn there is withdrawn here.

    Raises:
        DBAPIError: the ledger does not answer.
    """
    with database.write() as connection:
        for state in states:
            if state.mode is Mode.OBSERVABLES and state.reason and ModeRepository(connection).decide(state):
                _audit(connection, "mode.withdrawn", now, agent=agent, resident=state.resident, by=state.decided_by,
                       at=state.decided_at, reason=state.reason)  # fmt: skip


def audited(connection: Connection, agent: str, seats: Sequence[Resident], now: UnixSeconds) -> None:
    """Write down whose mode is another than when the agent said hello before."""
    known = RosterRepository(connection).of([seat.id for seat in seats])
    before = {resident.id: resident.mode for resident in known}
    for seat in seats:
        former = before.get(seat.id, Mode.OBSERVABLES)
        if former is not seat.mode:
            _audit(connection, "mode.in_force", now, agent=agent, resident=seat.id, before=former.value,
                   after=seat.mode.value, consent=seat.consent)  # fmt: skip


def _audit(connection: Connection, kind: str, now: UnixSeconds, **said: object) -> None:
    AuditRepository(connection).append(kind, json.dumps(said), now)
