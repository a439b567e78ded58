"""What the console's routes stand on: the ledger, the clock, the settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from services.console.settings import ConsoleSettings
from services.ledger import Database
from services.runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class Room:
    """Composed once per process."""

    database: Database
    clock: Clock
    settings: ConsoleSettings

    @property
    def history(self) -> Path:
        """Where score history lies."""
        return self.settings.history_folder


def _room(request: Request) -> Room:
    room: Room = request.app.state.room
    return room


InRoom = Annotated[Room, Depends(_room)]
