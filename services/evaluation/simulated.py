"""A simulated facility as a recording with labels."""

import numpy as np

from services.evaluation.nouns import Label
from services.evaluation.recording import DAY_S, DayBlock
from services.simulator.facility import Facility
from services.vocabulary import Resident


class SimulatedRecording:
    """Days are drawn when they are asked for; only one is held at a time."""

    def __init__(self, facility: Facility) -> None:
        self.facility = facility

    @property
    def channels(self) -> tuple[str, ...]:
        """The schema."""
        return self.facility.channels

    @property
    def days(self) -> int:
        """How many days there are."""
        return self.facility.days

    def seats(self) -> tuple[Resident, ...]:
        """The residents."""
        return self.facility.seats()

    def labels(self) -> tuple[Label, ...]:
        """The true episodes; whether they could be observed is found out from the scores."""
        return tuple(
            Label(resident, one.kind.value, one.prodrome_s, one.onset_s, one.peak_s, one.end_s)
            for resident in range(self.facility.residents)
            for one in (happening.episode for happening in self.facility.happenings(resident))
        )

    def block(self, day: int) -> DayBlock:
        """One day of all residents."""
        residents = self.facility.residents
        values = np.empty((DAY_S, residents, len(self.channels)))
        persons = np.empty((DAY_S, residents), np.int32)
        cues = []
        for resident in range(residents):
            lived = self.facility.day(resident, day)
            values[:, resident], persons[:, resident] = lived.values, lived.persons
            cues += [(second, resident, cue) for second, cue in lived.cues]
        return DayBlock(float(day * DAY_S), values, persons, tuple(sorted(cues, key=lambda cue: cue[:2])))

    def going_on(self, resident: int, second: float) -> list[str]:
        """What ordinary things went on then, or ended within two minutes before."""
        day = min(int(second // DAY_S), self.days - 1)
        at = second - day * DAY_S
        lived = self.facility.ordinary(resident, day)
        return [one.kind.value for one in lived if one.start_s - 5 <= at <= one.end_s + 120]
