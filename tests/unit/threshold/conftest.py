"""A real ledger, a clock that stands still, and what an agent says, for the threshold service's tests."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.ledger.database import Database
from services.ledger.events import EventRepository
from services.runtime.batch import Batch
from services.runtime.clock import VirtualClock
from services.vocabulary import Cue, CueName, Event, Policy, Resident
from threshold_service.agent_run import AgentHello, AgentRun
from threshold_service.roster import Roster

CHANNELS = ("motion.erratic", "audio.loudness", "emotion.fear")
EPOCH, OTHER_EPOCH = "a1" * 16, "b2" * 16
START = 1_750_000_000.0
SECONDS = np.random.default_rng(1).normal((0.1, -50.0, 0.1), (0.02, 2.0, 0.01), (1000, 3))
"""What every sequence number's sample says."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    ledger = Database(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.migrate()
    yield ledger
    ledger.close()


class House:
    """One ledger with one agent, whose service can be left at once (as by a kill) and started again."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = VirtualClock(START)
        self.roster = Roster(database, self.clock, Policy(), "replica-1")

    def restart(self, policy: Policy | None = None) -> None:
        """The process is gone without a word; another one starts when the lease has run out."""
        self.clock.advance(60.0)
        self.roster = Roster(self.database, self.clock, policy or Policy(), "replica-1")

    def connect(self, hello: AgentHello | None = None) -> AgentRun:
        return self.roster.connect(hello or said())

    def events(self) -> list[Event]:
        """The latest revision of every event, the newest event first."""
        with self.database.read() as connection:
            return EventRepository(connection).page(None, 100)

    def conflicts(self) -> int:
        with self.database.read() as connection:
            return EventRepository(connection).conflict_count


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


def said(*seats: Resident, **facts: object) -> AgentHello:
    """A hello of edge-1; without seats, of one resident."""
    hello = AgentHello("edge-1", EPOCH, "test", CHANNELS, seats or (Resident("r-1", "Room 1"),), "UTC", 0.0)
    return replace(hello, **facts)  # type: ignore[arg-type]


def samples(first: int, n: int, *, cry: tuple[int, ...] = (), seat: int = 0) -> Batch:
    """n seconds of one resident from sequence `first` on; sequences in `cry` carry a cry."""
    sequences = np.arange(first, first + n, dtype=np.uint64)
    values = SECONDS[first : first + n]
    return Batch(
        sequences=sequences, seats=np.full(n, seat, np.uint32), times=START + sequences.astype(float),
        values=values.astype(np.float32), quality=np.ones(n, np.float32), persons=np.ones(n, np.int32),
        cues=tuple((i, Cue(CueName.CRY, 0.95, -0.5)) for i, s in enumerate(sequences) if int(s) in cry),
    )  # fmt: skip
