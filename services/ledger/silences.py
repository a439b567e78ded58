"""For how long, and why, somebody asked not to be told about a resident or a room."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, select

from services.ledger.tables import silences
from services.ledger.upsert import put
from services.runtime.codec import from_json, to_json
from services.vocabulary import Seconds, UnixSeconds

LONGEST_S: Seconds = 86_400.0
LONGEST_TIER1_S: Seconds = 3600.0
"""How long a silence may last (source: guess)."""


class SilenceRefused(ValueError):
    """A silence without an end, a reason or a subject."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Asks for quiet about one resident or one room (the other is empty) from `starts_at` until `ends_at`. Tier 1 is
    quiet too only where that is asked for (`tier1`) and a `second` person has agreed."""

    id: str
    starts_at: UnixSeconds
    ends_at: UnixSeconds
    by: str
    reason: str
    resident: str = ""
    room: str = ""
    tier1: bool = False
    second: str = ""

    def __post_init__(self) -> None:
        if not self.ends_at > self.starts_at:
            raise SilenceRefused(f"silence ends at {self.ends_at}: expected a time after its start {self.starts_at}")
        if not self.reason.strip():
            raise SilenceRefused("silence has no reason: expected a sentence that says why")
        longest = LONGEST_TIER1_S if self.tier1 else LONGEST_S
        if self.ends_at - self.starts_at > longest:
            raise SilenceRefused(f"silence of {self.ends_at - self.starts_at:.0f} s: expected {longest:.0f} s at most")
        if self.second and self.second.strip().casefold() == self.by.strip().casefold():
            raise SilenceRefused("silence of tier 1 was agreed to by who asked for it: expected a second person")
        if bool(self.resident) == bool(self.room):
            raise SilenceRefused("silence names both or neither of resident and room: expected exactly one")

    def covers(self, resident: str, room: str, tier1: bool) -> bool:
        """Whether an alert of this resident and room is to be quiet."""
        here = self.resident == resident if self.resident else self.room == room
        return here and (not tier1 or (self.tier1 and bool(self.second.strip())))


class SilenceRepository:
    """Silences; owner: console."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, silence: Silence) -> None:
        """Keep a silence, or its later state."""
        row = {"id": silence.id, "starts_at": silence.starts_at, "ends_at": silence.ends_at, "body": to_json(silence)}
        put(self._connection, silences, row)

    def end(self, silence_id: str, now: UnixSeconds) -> None:
        """End a running silence early; one that is over or has not begun stays as it is."""
        for silence in self.active(now):
            if silence.id == silence_id and now > silence.starts_at:
                self.record(replace(silence, ends_at=now))

    def active(self, now: UnixSeconds) -> list[Silence]:
        """The silences that run at a time, the one that ends first first."""
        return [from_json(Silence, body) for body in self._connection.scalars(_ACTIVE, {"now": now})]


_ACTIVE = (
    select(silences.c.body)
    .where(silences.c.starts_at <= bindparam("now"), silences.c.ends_at > bindparam("now"))
    .order_by(silences.c.ends_at, silences.c.id)
)
