"""What is compared when a detector is judged: alarms, labelled episodes, and what became of each."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Alarm:
    """One event somebody was told of, at its highest `tier` (1 or 2).

    `resident` is the place of the resident, times are seconds of the recording: `opened_s` when the event first
    reached tier 2 or higher (before that nobody is told), `ended_s` when it ended. `reason` is the rule that spoke.
    """

    resident: int
    opened_s: float
    tier: int
    ended_s: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """One true episode, in seconds of the recording. `observable` says whether senses could have noticed it."""

    resident: int
    kind: str
    prodrome_s: float
    onset_s: float
    peak_s: float
    end_s: float
    observable: bool = True

    def __post_init__(self) -> None:
        if not self.prodrome_s <= self.onset_s <= self.peak_s <= self.end_s:
            raise ValueError(f"a label's prodrome, onset, peak and end are {self.prodrome_s}, {self.onset_s}, "
                             f"{self.peak_s}, {self.end_s}: expected them in order")  # fmt: skip


class Verdict(StrEnum):
    """What an alarm was."""

    TRUE = "true"
    DUPLICATE = "duplicate"
    FALSE = "false"
