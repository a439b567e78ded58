"""Plays a simulated facility into a spool: which sample comes when, and where an earlier telling stopped."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_agent.spool import Spool
from edge_agent.spool_rows import Row
from edge_agent.uplink import Uplink
from services.runtime.clock import Clock
from services.simulator.facility import Facility
from services.vocabulary import Cue, Resident
from services.vocabulary.time import Seconds, UnixSeconds

DAY_S = 86_400
AT_ONCE = 4000
"""Samples that one writing transaction takes."""
HELD = 40_000
"""Samples that may wait to become durable: the service's pace is the spool's."""
FACT = "facility"


class AnotherFacility(ValueError):
    """The spool belongs to a facility that was told otherwise; says what to do."""


@dataclass(frozen=True, slots=True)
class Truth:
    """A facility and the day on which its first begins: sample k (from 1) is second (k - 1) // residents of resident
    (k - 1) % residents, at `origin` plus so many seconds."""

    facility: Facility
    origin: UnixSeconds

    @classmethod
    def of(cls, facility: Facility, start: UnixSeconds | None, now: UnixSeconds, spool: Spool) -> "Truth":
        """What `spool` has begun to tell, or from now on tells. Without a `start` the last day is yesterday's (UTC).

        Raises:
            AnotherFacility: the spool has begun to tell another.
        """
        made = json.loads(json.dumps(asdict(facility)))
        known = json.loads(spool.fact(FACT) or "{}")
        default = known.get("origin", now // DAY_S * DAY_S - facility.days * DAY_S)
        truth = cls(facility, float(default if start is None else start))
        wanted = {"made": made, "origin": truth.origin}
        if known and known != wanted:
            raise AnotherFacility(
                f"{spool.file} has begun to tell seed {facility.seed} with other options (residents, days, start, "
                "episodes …): name another --seed, or give it those. To begin anew with an empty ledger, delete it"
            )
        spool.keep_fact(FACT, json.dumps(wanted))
        return truth

    @property
    def total(self) -> int:
        """How many samples there are."""
        return self.facility.residents * self.facility.days * DAY_S

    @property
    def first_day(self) -> str:
        """The date of the first day."""
        return datetime.fromtimestamp(self.origin, UTC).date().isoformat()

    def seats(self, agent: str) -> tuple[Resident, ...]:
        """The residents, named so that nobody takes them for real ones."""
        return tuple(
            replace(seat, id=f"{agent}-{seat.id}", label=f"{seat.room} (simulated)") for seat in self.facility.seats()
        )


class _Day(NamedTuple):
    """One day of everybody: `values` (86400, residents, channels), `persons` (86400, residents), cues by place."""

    number: int
    values: NDArray[np.float32]
    persons: NDArray[np.int32]
    cues: dict[tuple[int, int], tuple[Cue, ...]]


class Play:
    """Writes to the spool what is due: `speed` simulated seconds in a second (0: as fast as they become durable), and
    never what lies in the future. A spool that was begun goes on where it is."""

    def __init__(self, truth: Truth, spool: Spool, clock: Clock, speed: float) -> None:
        self.truth = truth
        self._spool = spool
        self._clock = clock
        self._speed = speed
        self._began, self._before = clock.monotonic(), spool.newest // truth.facility.residents
        self._day: _Day | None = None

    @property
    def newest(self) -> int:
        """The last sample that was written."""
        return self._spool.newest

    @property
    def waiting(self) -> int:
        """Samples that are written and not durable."""
        return len(self._spool)

    @property
    def file(self) -> Path:
        """Where the spool lies."""
        return self._spool.file

    def write(self) -> int:
        """Write what is due and fits, as one transaction; how many samples that were."""
        newest = self._spool.newest
        end = min(self._due(), newest + AT_ONCE, newest + HELD - len(self._spool))
        if end > newest:
            self._spool.append(list(self._rows(newest, end)))
        return max(0, end - newest)

    def _due(self) -> int:
        """The last sample that may be told now."""
        behind: Seconds = self._clock.now() - self.truth.origin
        if self._speed > 0.0:
            behind = min(behind, self._before + (self._clock.monotonic() - self._began) * self._speed)
        return min(self.truth.total, self.truth.facility.residents * max(0, int(behind)))

    def _rows(self, first: int, after: int) -> Iterator[Row]:
        """Samples `first` + 1 to `after`."""
        for k in range(first, after):
            second, seat = divmod(k, self.truth.facility.residents)
            number, at = divmod(second, DAY_S)
            if self._day is None or self._day.number != number:
                self._day = _lived(self.truth.facility, number)
            day = self._day
            yield Row(
                seat, self.truth.origin + second, day.values[at, seat], persons=int(day.persons[at, seat]),
                cues=day.cues.get((at, seat), ()),
            )  # fmt: skip


class Told(NamedTuple):
    """A play and the link that carries it."""

    play: Play
    uplink: Uplink
    server: str
    agent: str
    patience_s: Seconds
    """A service that takes nothing for so long is away."""

    @property
    def durable(self) -> int:
        """Samples that the service has made durable."""
        return self.play.newest - self.play.waiting

    @property
    def finished(self) -> bool:
        """Whether the service has made everything durable."""
        return self.durable >= self.play.truth.total


def _lived(facility: Facility, number: int) -> _Day:
    values = np.empty((DAY_S, facility.residents, len(facility.channels)), np.float32)
    persons = np.empty((DAY_S, facility.residents), np.int32)
    cues: dict[tuple[int, int], tuple[Cue, ...]] = {}
    for resident in range(facility.residents):
        lived = facility.day(resident, number)
        values[:, resident], persons[:, resident] = lived.values, lived.persons
        for at, cue in lived.cues:
            cues[at, resident] = (*cues.get((at, resident), ()), cue)
    return _Day(number, values, persons, cues)
