"""What the console's routes stand on: the ledger, the clock, the settings."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from services.console.settings import ConsoleSettings
from services.console.visitor import Visitor
from services.console.witness import Witness
from services.ledger import Database
from services.runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class Room:
    """Composed once per process."""

    database: Database
    clock: Clock
    settings: ConsoleSettings
    witness: Witness = field(default_factory=Witness)

    @property
    def history(self) -> Path:
        """Where score history lies."""
        return self.settings.history_folder

    def seen(self, who: Visitor, page: str, residents: Iterable[str]) -> None:
        """Write down that somebody is about to see these residents on a page."""
        self.witness.seen(self.database, who, page, residents, self.clock.now())


def _room(request: Request) -> Room:
    room: Room = request.app.state.room
    return room


InRoom = Annotated[Room, Depends(_room)]
