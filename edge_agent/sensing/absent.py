"""Stands in for a sense whose model is not there: same channels, and the reason every second."""

from dataclasses import dataclass

from edge_agent.sensing.role import Moment, Reading
from services.vocabulary import Absence
from services.vocabulary import Sense as SenseName


@dataclass(frozen=True, slots=True)
class Absent:
    """A sense that is off; `why` tells a person what is missing and what to do."""

    title: str
    name: SenseName
    channels: tuple[str, ...]
    needs: tuple[str, ...]
    why: str
    reason: Absence = Absence.MODEL_MISSING

    def read(self, moment: Moment) -> Reading:
        """Nothing, and why."""
        return Reading.absent(self.reason)
