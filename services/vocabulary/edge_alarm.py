"""An alarm that an edge agent raised by itself, because nobody who judges answered."""

import uuid
from dataclasses import dataclass

from services.vocabulary.cue import CueName
from services.vocabulary.event import Event
from services.vocabulary.sample import Position
from services.vocabulary.tier import Tier
from services.vocabulary.time import Seconds, UnixSeconds

ALARM_NAMESPACE = uuid.UUID("2c1f1b52-8b0f-5b3e-9a54-5d0f6d6f2b7a")
BEFORE_S: Seconds = 60.0
"""An event that opens up to this long after the alarm is what the alarm told of (source: guess, as long as an event
takes to end when it is quiet again)."""
AFTER_S: Seconds = 300.0
"""And so is one that had been open for up to this long (source: guess, the cooldown after an event)."""


@dataclass(frozen=True, slots=True)
class EdgeAlarm:
    """A cue that held at `position`, told by the agent itself. `at` is the time of that sample, `raised_at` when the
    agent gave up waiting for its server. `told_at` is None while, or because, no `receiver` has taken it; `detail`
    then says why."""

    id: str
    resident: str
    room: str
    position: Position
    at: UnixSeconds
    cue: CueName
    probability: float
    raised_at: UnixSeconds
    receiver: str = ""
    told_at: UnixSeconds | None = None
    attempts: int = 0
    detail: str = ""
    unattributed: bool = False
    """A fall of which nobody can tell whose it is, see `Cue`. Not reported: the server's own event tells it."""

    def tells_of(self, event: Event) -> bool:
        """Whether somebody who got this alarm has heard of `event`, so that it need not be told again."""
        if event.resident != self.resident or event.tier is Tier.MONITOR:
            return False
        end = event.opened_at + AFTER_S if event.ended_at is None else max(event.ended_at, event.opened_at + AFTER_S)
        return event.opened_at - BEFORE_S <= self.at <= end


def alarm_id(resident: str, position: Position) -> str:
    """UUIDv5 of resident and position: equal however often it is told.

    >>> alarm_id("r1", Position("a", "00", 7)) == alarm_id("r1", Position("a", "00", 7))
    True
    """
    name = "\x1f".join((resident, position.agent, position.epoch, str(position.sequence)))
    return str(uuid.uuid5(ALARM_NAMESPACE, name))
